"""Section 3 as built: what is drawn, Table A1 beside the printed one, and what follows from it."""

import matplotlib

matplotlib.use("agg")
import pandas as pd
import pytest
from torch import nn

from soilbook import published
from soilbook.book.page import CLAIMS
from soilbook.book.tables import VERDICTS
from soilbook.errors import ParameterError
from soilbook.models import NETWORKS, VARIANTS
from soilbook.wang2024 import s3_models as section
from soilbook.wang2024.s3_models import Models


def titles(boxes):
    return [box.title for box in boxes]


def taken(boxes, title):
    """Titles of the boxes that the first box of that title takes."""
    box = next(box for box in boxes if box.title == title)
    return [boxes[i].title for i in box.inputs]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_boxes_hold_every_parameter_once(name, variant):
    network = NETWORKS[name](7, variant=variant)
    boxes = section.boxes(name, Models(n_features=7, variant=variant))
    assert sum(box.parameters for box in boxes) == sum(p.numel() for p in network.parameters())
    assert boxes[0].output == (4, 7) and boxes[-1].output == ()
    assert all(i < n for n, box in enumerate(boxes) for i in box.inputs)


def test_lstm_is_drawn_as_it_runs():
    boxes = section.boxes("LSTM")
    assert [(box.title, box.output, box.parameters, box.inputs) for box in boxes] == [
        ("input", (4, 8), 0, ()),
        ("LSTM layer", (4, 16), 4 * 16 * (8 + 16 + 2), (0,)),
        ("LSTM layer", (4, 16), 4 * 16 * (16 + 16 + 2), (1,)),
        ("[:, -1]", (16,), 0, (2,)),
        ("Linear", (1,), 17, (3,)),
        ("prediction", (), 0, (4,)),
    ]
    assert [box.layer for box in boxes] == ["", "lstm.0", "lstm.1", "", "output.0", ""]


def test_a_kernel_is_said_since_no_shape_tells_it():
    assert "Convolution\nkernel 2" in titles(section.boxes("LSTM-CNN", Models(variant="released")))
    assert "Convolution\nkernel 3, padding 1" in titles(section.boxes("LSTM-CNN"))


def test_a_network_of_ones_own_is_drawn():
    own = nn.Sequential(nn.Flatten(), nn.Linear(4 * 3, 1), nn.Flatten(0))
    figure = section.draw(own, Models(n_features=3))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert (
        texts[:3] == ["Sequential", "13 parameters", "input\n4 × 3"] and texts[-1] == "prediction"
    )
    whole = section.draw("FA-LSTM", parts=("feature_attention",))
    texts = [text.get_text() for text in whole.axes[0].texts]
    assert texts[0] == "FA-LSTM" and "feature attention\n4 × 8, 72 parameters" in texts


def test_attention_weights_multiply_what_they_weigh():
    panels = section.panels("6")
    framework, feature, temporal = panels.values()
    assert taken(framework, "×") == ["feature attention", "input"]
    assert taken(feature, "×") == ["Softmax", "input"]
    assert taken(temporal, "sum dim=1") == ["×"]
    layers = [box.title for box in temporal if box.layer.startswith("temporal_attention")]
    assert layers == ["Linear", "ReLU", "Softmax"]
    assert [box.title for box in framework if box.kind == "part"] == [
        "feature attention", "lstm", "temporal attention",
    ]  # fmt: skip


def test_self_attention_is_the_one_inside_the_transformer():
    panels = section.panels("4", Models(n_features=7))
    (part,) = [box for box in panels["Transformer"] if box.kind == "part"]
    assert part.parameters == sum(box.parameters for box in panels["Self-attention"]) == 4 * 4 * 7
    assert [box.shape for box in panels["Self-attention"][:2]] == ["1 × 7", "5 × 7"]
    assert "÷ 2" in titles(panels["Self-attention"])  # the square root of d_k


@pytest.mark.parametrize(
    ("variant", "updates", "weight"), [("paper", (3, 1), "1e-07"), ("released", (1, 3), "1e-06")]
)
def test_gan_shows_both_losses_and_the_discriminator_twice(variant, updates, weight):
    (boxes,) = section.panels("7", Models(variant=variant)).values()
    loss_d, loss_g = (box for box in boxes if box.kind == "loss")
    assert f"updates a round: {updates[0]}" in loss_d.title and "eq 16" in loss_d.title
    assert f"updates a round: {updates[1]}" in loss_g.title and f"λ = {weight}" in loss_g.title
    layers = [box.layer for box in boxes if box.title.startswith("Linear")]
    assert layers == ["generator.output.0", "discriminator.output.0", "discriminator.output.0"]
    prediction = max(i for i, box in enumerate(boxes) if box.layer.startswith("generator"))
    says = [i for i, box in enumerate(boxes) if box.title == "Sigmoid"]
    truth = titles(boxes).index("truth")
    asked = [box.inputs for box in boxes if box.title.startswith("concatenate")]
    assert truth in asked[0] and prediction in asked[1]
    assert set(loss_d.inputs) == set(says)
    assert set(loss_g.inputs) == {truth, prediction, says[1]}
    total = sum(box.parameters for box in boxes)
    assert total == sum(p.numel() for p in NETWORKS["GAN-LSTM"](8).parameters())


def test_a_figure_comes_with_what_is_in_it():
    figure, frame = section.drawn("5", Models(variant="released"))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in texts if text.startswith("(")] == [
        "(a) CNN-LSTM", "(b) LSTM-CNN", "(c) CNN-with-LSTM",
    ]  # fmt: skip
    assert frame.groupby("panel")["parameters"].sum()["CNN-with-LSTM"] == 8731


def differing(variant="paper"):
    frame = section.beside_printed(Models(variant=variant))
    frame = frame[frame["difference"] != ""]
    return {(row.model, row.layer or row.kind): row.difference for row in frame.itertuples()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_hold_every_parameter(variant):
    counted = (
        section.as_built(Models(n_features=7, variant=variant)).groupby("model")["parameters"].sum()
    )
    totals = section.totals(Models(n_features=7)).set_index("model")[variant]
    for name, make in NETWORKS.items():
        expected = sum(p.numel() for p in make(7, variant=variant).parameters())
        assert counted[name] == totals[name] == expected


def test_totals_by_hand():
    lstm = 4 * 16 * (8 + 16 + 2) + 4 * 16 * (16 + 16 + 2)
    totals = section.totals().set_index("model")
    assert list(totals.index) == list(NETWORKS) and list(totals.columns) == list(VARIANTS)
    assert totals.loc["LSTM", "paper"] == lstm + 17
    assert totals.loc["FA-LSTM", "paper"] == lstm + 17 + 8 * 8 + 8
    assert totals.loc["TA-LSTM", "paper"] == lstm + 17 + 4 * 4 + 4
    assert totals.loc["GAN-LSTM", "paper"] == lstm + 17 + 6
    assert totals.loc["1D-CNN", "paper"] == 8 * 2 * 32 + 32 + 32 * 2 * 64 + 64 + 128 + 1
    assert totals.loc["Transformer", "paper"] - totals.loc["Transformer", "released"] == (
        10 * (8 + 1 + 1) - 5 * 8
    )


def test_a_layer_has_its_activation_and_an_lstm_one_row():
    frame = section.as_built().set_index(["model", "layer"])
    cnn = frame.loc["1D-CNN"]
    assert list(cnn["kind"]) == ["Convolution", "Convolution", "Flatten", "Fully-connected"]
    assert list(cnn["kernel"]) == ["2", "2", "", ""] and list(cnn["size"]) == ["32", "64", "", "1"]
    assert list(cnn["activation"]) == ["Tanh", "Tanh", "", "Tanh"]
    assert list(cnn["output"]) == ["3 × 32", "2 × 64", "128", "1"]
    lstm = frame.loc["CNN-with-LSTM", "lstm.lstm.0, lstm.lstm.1"]
    assert (lstm["size"], lstm["activation"], lstm["parameters"]) == ("16", "Sigmoid, Tanh", 3840)
    attention = frame.loc["TA-LSTM", "temporal_attention.weigh.0"]
    assert (attention["kind"], attention["size"]) == ("T-Attention", "4")
    assert attention["activation"] == "ReLU, Softmax"


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_printed_row_stands_beside_a_layer(variant):
    frame = section.beside_printed(Models(variant=variant))
    printed = published.layers()
    columns = ["size printed", "kernel printed", "activation printed"]
    assert frame[columns].map(lambda text: isinstance(text, str)).all(axis=None)
    for model, rows in printed.groupby("model"):
        ours = frame[(frame["model"] == model) & (frame["difference"] != "not printed")]
        sizes = ["" if pd.isna(size) else f"{size:g}" for size in rows["hidden_size"]]
        assert list(ours["size printed"]) == sizes
        assert list(ours["activation printed"]) == list(rows["activation"])
    built = frame[frame["layer"] != ""]
    expected = section.as_built(Models(variant=variant))
    assert list(built["layer"]) == list(expected["layer"])
    assert list(built["parameters"]) == list(expected["parameters"])


def test_differences_of_the_paper_s_variant():
    size, padding = "size 8 printed, 4 built; Softmax not printed", "padding 1 not printed"
    found = {key: text for key, text in differing().items() if text != "not in Table A1"}
    assert found == {
        ("LSTM-CNN", "convolutions.0"): padding,
        ("LSTM-CNN", "convolutions.2"): padding,
        ("CNN-LSTM", "output"): "not printed",
        ("CNN-with-LSTM", "cnn.0"): padding,
        ("CNN-with-LSTM", "cnn.2"): padding,
        ("CNN-with-LSTM", "CONCAT"): "a function, no layer of its own",
        ("FA-LSTM", "feature_attention.0"): "Softmax not printed",
        ("FA-LSTM", "output"): "not printed",
        ("TA-LSTM", "lstm.0, lstm.1"): "Tanh not printed",
        ("TA-LSTM", "temporal_attention.weigh.0"): size,
        ("TA-LSTM", "output"): "not printed",
        ("FTA-LSTM", "feature_attention.0"): "Softmax not printed",
        ("FTA-LSTM", "step_output"): "not printed",
        ("FTA-LSTM", "temporal_attention.weigh.0"): size,
    }
    outside = {model for (model, _), text in differing().items() if text == "not in Table A1"}
    assert outside == {"LSTM", "Transformer"}


def test_the_released_variant_differs_in_more():
    paper, released = differing(), differing("released")
    assert released["LSTM-CNN", "convolutions.0"] == "kernel 3 printed, 2 built"
    assert released["GAN-LSTM", "generator.output.0"] == "Tanh printed, not built"
    assert "Relu printed, not built" in released["TA-LSTM", "temporal_attention.weigh.0"]
    assert ("GAN-LSTM", "generator.output.0") not in paper


def test_fewer_features_are_named_as_a_difference():
    frame = section.beside_printed(Models(n_features=7)).set_index(["model", "layer"])
    attention = frame.loc["FA-LSTM", "feature_attention.0"]
    assert attention["difference"] == "size 8 printed, 7 built; Softmax not printed"


def test_layout_for_reading_names_a_model_once():
    table = section.beside_printed()
    shown = section.for_reading(table)
    assert [name for name in shown["model"] if name] == list(NETWORKS)
    row = shown[table["layer"] == "cnn.0"].iloc[0]
    assert row["printed"] == row["built"] == "kernel 3, size 32, Tanh"
    assert list(shown["difference"]) == list(table["difference"])


def test_settings_below_the_table_are_all_as_printed():
    frame = section.below_the_table()
    printed = published.hyperparameters()
    assert len(frame) == (printed["section"] == "Table A1").sum()
    assert (frame["difference"] == "").all()


def test_settings_that_differ_are_named():
    frame = section.below_the_table(Models(n_features=7, variant="released")).set_index(
        ["model", "setting"]
    )
    found = frame["difference"][frame["difference"] != ""]
    assert found.to_dict() == {
        ("Transformer", "d_model"): "8 printed, 7 built",
        ("Transformer", "d_ff"): "20 printed, 10 built",
    }


def test_claims_have_the_page_s_columns_and_verdicts():
    frame = section.claims()
    assert list(frame.columns) == CLAIMS
    assert set(frame["verdict"]) <= set(VERDICTS)
    assert frame["claim"].is_unique and frame["why"].str.len().min() > 0
    verdicts = dict(zip(frame["claim"].str.split(": ").str[1], frame["verdict"], strict=True))
    assert verdicts == {
        "3 machine-learning models take part": "by construction",
        "7 deep-learning models take part": "note",
        "LSTM-CNN and CNN-with-LSTM have convolutions of kernel 3 on 4 days": "note",
        "the hybrids keep the CNN and LSTM layers of 1D-CNN and LSTM": "note",
        "the class token is the fifth row of the Transformer's input": "by construction",
        "d_model is the number of features of a day": "by construction",
        "the LSTM's last hidden state is its prediction, one value": "note",
        "F-Attention has size 8": "by construction",
        "T-Attention has size 8": "note",
        "the layers of Table A1 end in one value, the prediction": "note",
        "the discriminator has a single layer": "by construction",
        "G and D are updated in the ratio 3:1": "note",
    }


def test_numbers_behind_the_claims():
    frame = section.claims().set_index("claim")["reproduced"]
    numbers = {claim.split(":")[0]: value for claim, value in frame.items()}
    assert (numbers["3-2"], numbers["3-3"], numbers["3-4"], numbers["3-7"]) == (10, 2, 5, 16)
    assert numbers["3-12"] == "1:3 (paper), 3:1 (released)"


def test_verdicts_follow_from_what_is_printed(monkeypatch):
    printed = published.layers()
    fitting = printed.assign(kernel_size=printed["kernel_size"].clip(upper=2))
    fitting.loc[fitting["layer"] == "T-Attention", "hidden_size"] = 4
    monkeypatch.setattr(published, "layers", fitting.copy)
    verdicts = section.claims().set_index("claim")["verdict"]
    kernel, consistent = verdicts.iloc[2], verdicts.iloc[3]
    assert kernel == consistent == "by construction"
    assert verdicts["3-9: T-Attention has size 4"] == "by construction"


def test_parameters_that_are_no_layer_have_rows_too():
    frame = section.as_built(Models(variant="released")).set_index(["model", "layer"])
    token = frame.loc["Transformer", "class_token"]
    assert (token["kind"], token["output"], token["parameters"]) == ("Parameter", "1 × 8", 8)
    assert frame.loc["Transformer", "positions"]["output"] == "5 × 8"
    assert frame.loc["GAN-LSTM", "discriminator.output.0"]["parameters"] == 6


def test_bad_names_and_numbers_are_one_line():
    with pytest.raises(ParameterError, match="unknown network 'RNN'; allowed: 1D-CNN, LSTM"):
        section.draw("RNN")
    with pytest.raises(ParameterError, match="unknown figure of architectures '8'; allowed: 4, 5"):
        section.panels("8")
    with pytest.raises(ParameterError, match="n_features is 0; allowed: 1 or more"):
        Models(n_features=0)
    with pytest.raises(ParameterError, match="unknown variant 'other'; allowed: paper, released"):
        Models(variant="other")
