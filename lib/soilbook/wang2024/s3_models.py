"""Section 3 of Wang et al. (2024), doi:10.5194/hess-28-917-2024: the models, read off the modules.

Figs 4-7 are drawn by running a network, the rows of Table A1 and the settings below it stand beside
those printed, and what the section says of the models is held against them.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from string import digits
from typing import Literal

import numpy as np
import pandas as pd
import torch
from torch import nn

from soilbook import claims as judge
from soilbook import published
from soilbook.errors import unknown
from soilbook.models import MACHINE_LEARNING, NETWORKS, VARIANTS
from soilbook.models.networks import GANLSTM, discriminator_loss, generator_loss, past_sm
from soilbook.plots.diagrams import data, draw_panels
from soilbook.plots.trace import Box, Named, trace
from soilbook.settings import Checked, Count

# PANELS[figure of the paper][title of the panel] = parts that are one box; the title is or ends in
# the network's name.
PANELS = {
    "4": {"LSTM": (), "1D-CNN": (), "Transformer": ("self_attention",), "Self-attention": ()},
    "5": {"CNN-LSTM": (), "LSTM-CNN": (), "CNN-with-LSTM": ()},
    "6": {
        "FTA-LSTM": ("lstm", "feature_attention", "temporal_attention"),
        "Feature attention (FA-LSTM)": ("lstm",),
        "Temporal attention (TA-LSTM)": ("lstm",),
    },
    "7": {"GAN-LSTM": ()},
}
KINDS = {  # a layer's type, or its name in Table A1 -> how the tables here call it
    "LSTMLayer": "LSTM",
    "Convolutional": "Convolution",
    "Linear": "Fully-connected",
    "feature_attention": "F-Attention",
    "temporal_attention": "T-Attention",
    "self_attention": "Self-attention",
}


class Models(Checked):
    """Which models are shown: features a day, days (steps), and the variant."""

    n_features: Count = 8
    n_steps: Count = 4
    variant: Literal[VARIANTS] = "paper"

    def network(self, name: str) -> nn.Module:
        """The network of that name in NETWORKS, freshly made; ParameterError for another name."""
        if name not in NETWORKS:
            raise unknown("network", name, NETWORKS)
        return NETWORKS[name](self.n_features, self.n_steps, self.variant)


PAPER = Models()


class _Round(nn.Module):
    """What a round of GAN-LSTM's training computes: x and the truth y -> both losses."""

    def __init__(self, network: GANLSTM):
        super().__init__()
        way = network.adversarial[network.variant]
        self.generator, self.discriminator = network.generator, network.discriminator
        self.loss_d = Named(
            "discriminator's loss, eq 16\n"
            f"updates a round: {way.discriminator_updates}, rate {way.discriminator_rate:g}",
            discriminator_loss,
        )
        self.loss_g = Named(
            f"generator's loss, eq 18, λ = {way.lambda_bce:g}\n"
            f"updates a round: {way.generator_updates}, rate {way.generator_rate:g}",
            lambda y, guess, p: generator_loss(y, guess, p, way.lambda_bce),
        )

    def forward(self, x, y):
        guess, past = self.generator(x), past_sm(x)
        p_truth, p_guess = self.discriminator(past, y), self.discriminator(past, guess)
        return self.loss_d(p_truth, p_guess), self.loss_g(y, guess, p_guess)


def boxes(network, models: Models = PAPER, parts=()) -> list[Box]:
    """Boxes of a network by name or of a module (batch, step, feature) -> (batch,); see `trace`.
    GAN-LSTM is shown with a round of its training; "Self-attention" is that of the Transformer,
    asked by the class token alone. ParameterError for an unknown name."""
    days, features = models.n_steps, models.n_features
    if network == "Self-attention":
        rows = {"class token": (1, features), "days and token": (days + 1, features)}
        inside = models.network("Transformer").self_attention
        return trace(inside, rows, output="answer to the token")
    if isinstance(network, str):
        network = models.network(network)
    if isinstance(network, GANLSTM):
        return trace(_Round(network), {"input": (days, features), "truth": ()}, parts, output="")
    return trace(network, {"input": (days, features)}, parts)


def draw(network, models: Models = PAPER, parts=()):
    """Draw one network, see `boxes`; sub-modules named in ``parts`` are drawn as one box each."""
    title = network if isinstance(network, str) else type(network).__name__
    return draw_panels({title: boxes(network, models, parts)})


def panels(figure: str, models: Models = PAPER) -> dict[str, list[Box]]:
    """Boxes of each panel of a figure of the paper, "4", "5", "6" or "7", by the panel's title.
    ParameterError for another figure."""
    if figure not in PANELS:
        raise unknown("figure of architectures", figure, PANELS)
    return {
        title: boxes(title.rpartition("(")[2].rstrip(")"), models, parts)
        for title, parts in PANELS[figure].items()
    }


def drawn(figure: str, models: Models = PAPER):
    """A figure of the paper as in `panels`, and what is in it, one row a box."""
    shown = panels(figure, models)
    return draw_panels(shown), data(shown)


def as_built(models: Models = PAPER) -> pd.DataFrame:
    """One row a layer of each of the ten networks, in the order of computation.

    Columns: model, layer (place in the module), kind (as Table A1 calls it), kernel, padding, size
    (of the output's last side), activation, output (shape for one sample), parameters; but for
    these text. Activations stand with the layer before, the layers of one LSTM in one row.
    """
    rows = []
    for name in NETWORKS:
        network = models.network(name)
        first: dict[str, Box] = {}
        for box in boxes(network, models):
            if box.kind == "layer" or box.parameters:
                first.setdefault(box.layer, box)
        own: list[dict] = []
        for box in first.values():
            _add(own, box, network)
        rows += [{"model": name, **row} for row in own]
    return pd.DataFrame(rows)


def _add(rows: list[dict], box: Box, network: nn.Module) -> None:
    """Append a row for a layer or a parameter outside of layers, or let the last row take it up."""
    layer = None if box.kind == "values" else network.get_submodule(box.layer)
    kind = "Parameter" if layer is None else type(layer).__name__
    if box.parameters == 0 and kind != "Flatten":
        rows[-1]["activation"] = ", ".join(filter(None, (rows[-1]["activation"], kind)))
    elif kind == "LSTMLayer" and rows and rows[-1]["layer"].startswith(box.layer.rstrip(digits)):
        rows[-1]["layer"] += f", {box.layer}"
        rows[-1]["output"] = box.shape
        rows[-1]["parameters"] += box.parameters
    else:
        attention = [KINDS[part] for part in box.layer.split(".") if part.endswith("attention")]
        # A linear layer's outputs are its size wherever a transpose leaves them.
        size = getattr(layer, "out_features", box.output[-1])
        rows.append(
            {
                "layer": box.layer,
                "kind": attention[0] if attention else KINDS.get(kind, kind),
                "kernel": str(getattr(layer, "kernel", "")),
                "padding": str(getattr(layer, "padding", "") or ""),
                "size": "" if kind == "Flatten" else str(size),
                "activation": "Sigmoid, Tanh" if kind == "LSTMLayer" else "",  # of eqs 1-6
                "output": box.shape,
                "parameters": box.parameters,
            }
        )


def beside_printed(models: Models = PAPER) -> pd.DataFrame:
    """Layers as built beside the rows of Table A1, and in words where the two differ.

    Columns: model, layer, kind, kernel, size and activation as printed and as built, output,
    parameters ("" where nothing is built), difference. The printed table has no rows for LSTM and
    Transformer, whose settings stand below it.
    """
    built, printed = as_built(models), published.layers()
    printed = printed.rename(columns={"kernel_size": "kernel", "hidden_size": "size"})
    printed["kind"] = printed["layer"].replace(KINDS)
    for column in ("kernel", "size"):
        printed[column] = ["" if pd.isna(value) else f"{value:g}" for value in printed[column]]
    rows = []
    for model in NETWORKS:
        ours = built[built["model"] == model].to_dict("records")
        theirs = printed[printed["model"] == model].to_dict("records")
        for mine, other in _aligned(ours, theirs):
            row = {"model": model, "layer": mine.get("layer", ""), "kind": (mine or other)["kind"]}
            for column in ("kernel", "size", "activation"):
                row[f"{column} printed"] = other.get(column, "")
                row[f"{column} built"] = mine.get(column, "")
            row |= {column: mine.get(column, "") for column in ("output", "parameters")}
            row["difference"] = _difference(mine, other) if theirs else "not in Table A1"
            rows.append(row)
    return pd.DataFrame(rows)


def _aligned(ours: list[dict], theirs: list[dict]) -> Iterator[tuple[dict, dict]]:
    """Pairs of a built and a printed row of the same kind in the same order, {} for neither."""
    kinds = ([row["kind"] for row in ours], [row["kind"] for row in theirs])
    for tag, a, b, c, d in SequenceMatcher(None, *kinds, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(ours[a:b], theirs[c:d], strict=True)
        else:
            yield from (({}, other) for other in theirs[c:d])
            yield from ((mine, {}) for mine in ours[a:b])


def _difference(mine: dict, other: dict) -> str:
    if not (mine and other):
        return "not printed" if mine else "a function, no layer of its own"
    found = [
        f"{name} {other[name]} printed, {mine[name]} built"
        for name in ("kernel", "size")
        if mine[name] != other[name]
    ]
    if mine["padding"]:
        found.append(f"padding {mine['padding']} not printed")
    printed, built = (
        {name.lower(): name for name in row["activation"].split(", ") if name}
        for row in (other, mine)
    )
    found += [f"{name} printed, not built" for key, name in printed.items() if key not in built]
    found += [f"{name} not printed" for key, name in built.items() if key not in printed]
    return "; ".join(found)


def for_reading(frame: pd.DataFrame) -> pd.DataFrame:
    """`beside_printed` in fewer columns: a model is named once, a layer's settings share a cell."""
    named = frame["model"].where(~frame["model"].duplicated(), "")
    shown = pd.DataFrame({"model": named, "layer": frame["kind"]})
    for side in ("printed", "built"):
        columns = frame[[f"kernel {side}", f"size {side}", f"activation {side}"]].to_numpy()
        shown[side] = [
            ", ".join(filter(None, (kernel and f"kernel {kernel}", size and f"size {size}", other)))
            for kernel, size, other in columns
        ]
    return shown.join(frame[["output", "parameters", "difference"]])


def totals(models: Models = PAPER) -> pd.DataFrame:
    """Trained parameters of each network, one row a model, one column a variant."""
    built = {variant: as_built(models.but(variant=variant)) for variant in VARIANTS}
    counts = {v: one.groupby("model", sort=False)["parameters"].sum() for v, one in built.items()}
    return pd.DataFrame(counts).reset_index(names="model")


def below_the_table(models: Models = PAPER) -> pd.DataFrame:
    """The lines below Table A1: model, setting, printed, built, difference, all text."""
    printed = published.hyperparameters()
    printed = printed.loc[printed["section"] == "Table A1", ["model", "name", "value"]]
    frame = printed.set_axis(["model", "setting", "printed"], axis=1).reset_index(drop=True)
    built = _settings(models)
    frame["built"] = [str(built[one]) for one in zip(frame["model"], frame["setting"], strict=True)]
    words = frame["printed"] + " printed, " + frame["built"] + " built"
    frame["difference"] = words.where(frame["printed"] != frame["built"], "")
    return frame


def _settings(models: Models) -> dict[tuple[str, str], object]:
    """Every printed setting, read off the models themselves."""
    from sklearn.ensemble import RandomForestRegressor

    forest, machine, support = (MACHINE_LEARNING[name](0) for name in ("RF", "ELM", "SVR"))
    defaults = RandomForestRegressor(random_state=0).get_params().items()
    changed = forest.get_params().items() - defaults
    lstm, transformer = models.network("LSTM").lstm, models.network("Transformer")
    attention = transformer.self_attention
    return {
        ("RF", "RandomForestRegressor"): "defaults" if not changed else str(changed),
        ("SVR", "C"): support.C,
        ("SVR", "epsilon"): support.epsilon,
        ("SVR", "kernel"): support.kernel,
        ("ELM", "hidden_size"): machine.n_hidden,
        ("LSTM", "num_layers"): len(lstm),
        ("LSTM", "hidden_size"): lstm[-1].n_hidden,
        ("Transformer", "d_k"): attention.key.out_features,
        ("Transformer", "d_v"): attention.value.out_features,
        ("Transformer", "d_model"): transformer.norm.normalized_shape[0],
        ("Transformer", "d_ff"): transformer.output[0].out_features,
        # A head more would widen the values that the output layer takes.
        ("Transformer", "n_heads"): attention.output.in_features // attention.value.out_features,
    }


def claims() -> pd.DataFrame:
    """One row a statement, with the columns of ``claims.COLUMNS``.

    The models are built for the paper's features and days, in the variant ``paper``. Nothing here
    tests the paper: what agrees holds by construction, as the models were built from it; what does
    not is a note on the text. Facts of structure have no interval.
    """
    settings = published.hyperparameters().drop_duplicates(["model", "name"])
    value = settings.set_index(["model", "name"])["value"]
    models = Models(n_features=value["all", "features"], n_steps=value["deep", "input_days"])
    rows = [*_announced(), *_table_a1(value, models.n_steps), *_structure(value, models)]
    frame = pd.DataFrame(rows, columns=["claim", "published", "reproduced", "why"])
    frame["claim"] = [f"3-{n}: {claim}" for n, claim in enumerate(frame["claim"], start=1)]
    equal = frame["published"] == frame["reproduced"]
    frame["verdict"] = np.where(equal, judge.BY_CONSTRUCTION, judge.NOTE)
    return frame.assign(low=np.nan, high=np.nan, not_if="")[judge.COLUMNS]


def _announced() -> Iterator[tuple]:
    """The numbers of models in the first sentence of section 3."""
    scored = published.scores()["model"].unique()
    for number, kind, models in ((3, "machine", MACHINE_LEARNING), (7, "deep", NETWORKS)):
        names = [name for name in scored if name in models]
        why = f"described and scored in Tables 2-6: {', '.join(names)}"
        yield f"{number} {kind}-learning models take part", number, len(names), why


def _table_a1(value: pd.Series, n_steps: int) -> Iterator[tuple]:
    """The kernel of 3, layers of the hybrids that equal those of 1D-CNN and LSTM."""
    layers = published.layers()
    kernel = int(layers["kernel_size"].max())
    users = layers.loc[layers["kernel_size"] == kernel, "model"].unique()
    left = {k: n_steps - 2 * (k - 1) for k in range(1, kernel + 1)}  # after two convolutions
    fits = max(k for k in left if left[k] > 0)
    why = (
        f"two convolutions of kernel {kernel} leave {left[kernel]} of {n_steps} steps, two of "
        f"kernel {fits} leave {left[fits]}; the variant paper pads one row of zeros at either end, "
        "the released programs take kernel 2"
    )
    claim = f"{' and '.join(users)} have convolutions of kernel {kernel} on {n_steps} days"
    yield claim, kernel, fits, why

    shared = layers.assign(layer=layers["layer"].replace(KINDS)).fillna({"kernel_size": 0})
    shared = shared[shared["layer"].isin(["Convolution", "LSTM"])]
    size = shared[["layer", "kernel_size", "hidden_size"]].apply(tuple, axis=1)
    basic = {("LSTM", 0, float(value["LSTM", "hidden_size"])), *size[shared["model"] == "1D-CNN"]}
    own = list(size[shared["model"].isin(["CNN-LSTM", "LSTM-CNN", "CNN-with-LSTM"])])
    same = sum(row in basic for row in own)
    others = sorted(set(own) - basic)
    other = ", ".join(f"{kind} {size:g} of kernel {kernel:g}" for kind, kernel, size in others)
    why = f"{same} of {len(own)} printed layers agree in kernel and size; not: {other}"
    claim = "the hybrids keep the CNN and LSTM layers of 1D-CNN and LSTM"
    yield claim, len(own), same, why


def _structure(value: pd.Series, models: Models) -> Iterator[tuple]:
    """Statements of the text, held against the modules."""
    x = torch.zeros(1, models.n_steps, models.n_features)
    transformer, lstm, gan = map(models.network, ("Transformer", "LSTM", "GAN-LSTM"))
    token, width = (int(value["Transformer", name]) for name in ("class_token", "d_model"))
    rows, built = transformer.attention(x)["self"].shape[-1], transformer.norm.normalized_shape[0]
    claim = "the class token is the fifth row of the Transformer's input"
    yield claim, token, rows, "rows that the self-attention weighs"
    why = f"built for {models.n_features} features a day"
    yield "d_model is the number of features of a day", width, built, why

    size = lstm.encode(x).shape[-1]
    more = sum(parameter.numel() for parameter in lstm.output.parameters())
    why = f"the state has {size} numbers; a linear layer of {more} parameters makes one of them"
    claim = "the LSTM's last hidden state is its prediction, one value"
    yield claim, 1, size, why

    layers = published.layers()
    sizes = layers.drop_duplicates("layer").set_index("layer")["hidden_size"]
    printed, built = int(sizes["F-Attention"]), models.network("FA-LSTM").attention(x)["feature"]
    why = "a weight for each feature, eqs 12 and 13"
    yield f"F-Attention has size {printed}", printed, built.shape[-1], why
    printed, built = int(sizes["T-Attention"]), models.network("TA-LSTM").attention(x)["time"]
    why = "a weight for each step, as eq 15 sums over"
    yield f"T-Attention has size {printed}", printed, built.shape[1], why

    last = layers.groupby("model", sort=False)["hidden_size"].last()
    ends = int((last == 1).sum())
    other = ", ".join(f"{name} ({size:g})" for name, size in last[last != 1].items())
    why = f"no output layer is printed for {other}; a linear layer to one value is built"
    claim = "the layers of Table A1 end in one value, the prediction"
    yield claim, len(last), ends, why

    parts = [one for one in gan.discriminator.modules() if list(one.parameters(recurse=False))]
    yield "the discriminator has a single layer", 1, len(parts), "layers with parameters"
    ratio = value["GAN-LSTM", "generator_to_discriminator"]
    built = {
        variant: f"{way.generator_updates}:{way.discriminator_updates}"
        for variant, way in gan.adversarial.items()
    }
    agree = [variant for variant in VARIANTS if built[variant] == ratio]
    why = (
        f"the same sentence explains that D is updated {value['GAN-LSTM', 'discriminator_updates']}"
        f" times for every G, the reverse; as printed: {', '.join(agree) or 'no variant'}"
    )
    shown = ", ".join(f"{own} ({variant})" for variant, own in built.items())
    claim = f"G and D are updated in the ratio {ratio}"
    yield claim, ratio, shown, why
