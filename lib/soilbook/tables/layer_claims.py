"""What section 3 and Table A1 of Wang et al. (2024) say of the models, held against the models.

doi:10.5194/hess-28-917-2024. These are facts of structure, so no row has an interval.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from soilbook import published
from soilbook.errors import ParameterError
from soilbook.models import MACHINE_LEARNING, NETWORKS, VARIANTS
from soilbook.models.cells import convolved_steps

COLUMNS = ["claim", "published", "reproduced", "low", "high", "verdict", "why"]
ANNOUNCED = {"machine-learning": 3, "deep-learning": 7}  # the first sentence of section 3
HYBRIDS = ("CNN-LSTM", "LSTM-CNN", "CNN-with-LSTM")
SHARED = {"Convolution": "Convolution", "Convolutional": "Convolution", "LSTM": "LSTM"}


def claims() -> pd.DataFrame:
    """One row a statement: claim, published, reproduced, low, high (both NaN), verdict, why.

    The models are built for the paper's features and days, in the variant ``paper``.
    """
    settings = published.hyperparameters().set_index(["model", "name"])["value"]
    n_features, n_steps = int(settings["all", "features"]), int(settings["deep", "input_days"])
    rows = [
        *_announced(),
        _kernel(n_steps),
        _consistent(),
        *_transformer(n_features, n_steps),
        _last_state(n_features, n_steps),
        *_attention(n_features, n_steps),
        _one_value(),
        *_adversarial(n_features, n_steps),
    ]
    frame = pd.DataFrame(rows, columns=["claim", "published", "reproduced", "verdict", "why"])
    frame["claim"] = [f"3-{n}: {claim}" for n, claim in enumerate(frame["claim"], start=1)]
    frame["low"] = frame["high"] = np.nan
    return frame[COLUMNS]


def _equal(published, reproduced) -> str:
    return "reproduced" if published == reproduced else "not"


def _share(holds: int, of: int) -> str:
    return "reproduced" if holds == of else "partly" if holds else "not"


def _settings(model: str) -> pd.Series:
    """Printed settings of a model by name; the one printed first where there are several."""
    settings = published.hyperparameters()
    own = settings[settings["model"] == model].drop_duplicates("name")
    return own.set_index("name")["value"]


def _announced() -> Iterator[tuple]:
    scored = published.scores()["model"].unique()
    for kind, described in (("machine-learning", MACHINE_LEARNING), ("deep-learning", NETWORKS)):
        names = [name for name in scored if name in described]
        number, found = ANNOUNCED[kind], len(names)
        why = f"described and scored in Tables 2-6: {', '.join(names)}"
        yield f"{number} {kind} models take part", number, found, _equal(number, found), why


def _kernel(n_steps: int) -> tuple:
    layers = published.layers()
    printed = int(layers["kernel_size"].max())
    users = layers.loc[layers["kernel_size"] == printed, "model"].unique()
    largest = max(k for k in range(1, printed + 1) if _fits(n_steps, k))
    why = (
        f"two convolutions of kernel {printed} leave {n_steps + 2 * (1 - printed)} of {n_steps} "
        f"steps, two of kernel {largest} leave {convolved_steps(n_steps, largest)}; the variant "
        "paper pads one row of zeros at either end, the released programs take kernel 2"
    )
    claim = f"{' and '.join(users)} have convolutions of kernel {printed} on {n_steps} days"
    return claim, printed, largest, _equal(printed, largest), why


def _fits(n_steps: int, kernel: int) -> bool:
    try:
        return convolved_steps(n_steps, kernel) > 0
    except ParameterError:
        return False


def _consistent() -> tuple:
    """Printed convolutions and LSTMs of the hybrids that equal those of 1D-CNN and LSTM."""
    layers = published.layers()
    layers["layer"] = layers["layer"].map(SHARED)
    layers = layers.dropna(subset="layer").fillna({"kernel_size": 0})
    columns = ["layer", "kernel_size", "hidden_size"]
    basic = {("LSTM", 0, float(_settings("LSTM")["hidden_size"]))}
    basic |= set(layers.loc[layers["model"] == "1D-CNN", columns].itertuples(False, None))
    own = list(layers.loc[layers["model"].isin(HYBRIDS), columns].itertuples(False, None))
    same = [row for row in own if row in basic]
    others = sorted(set(own) - basic)
    other = ", ".join(f"{kind} {size:g} of kernel {kernel:g}" for kind, kernel, size in others)
    why = f"{len(same)} of {len(own)} printed layers agree in kernel and size; not: {other}"
    claim = "the hybrids keep the CNN and LSTM layers of 1D-CNN and LSTM"
    return claim, len(own), len(same), _share(len(same), len(own)), why


def _transformer(n_features: int, n_steps: int) -> Iterator[tuple]:
    network = NETWORKS["Transformer"](n_features, n_steps)
    settings = _settings("Transformer")
    rows = network.attention(torch.zeros(1, n_steps, n_features))["self"].shape[-1]
    token, width = int(settings["class_token"]), int(settings["d_model"])
    built = network.norm.normalized_shape[0]
    yield (
        "the class token is the fifth row of the Transformer's input", token, rows,
        _equal(token, rows), "rows that the self-attention weighs",
    )  # fmt: skip
    yield (
        "d_model is the number of features of a day", width, built, _equal(width, built),
        f"built for {n_features} features a day",
    )  # fmt: skip


def _last_state(n_features: int, n_steps: int) -> tuple:
    network = NETWORKS["LSTM"](n_features, n_steps)
    size = network.encode(torch.zeros(1, n_steps, n_features)).shape[-1]
    more = sum(parameter.numel() for parameter in network.output.parameters())
    why = f"the state has {size} numbers; a linear layer of {more} parameters makes one of them"
    verdict = "reproduced" if size == 1 else "partly"
    return "the LSTM's last hidden state is its prediction, one value", 1, size, verdict, why


def _attention(n_features: int, n_steps: int) -> Iterator[tuple]:
    sizes = published.layers().set_index("layer")["hidden_size"]
    x = torch.zeros(1, n_steps, n_features)
    features = NETWORKS["FA-LSTM"](n_features, n_steps).attention(x)["feature"].shape[-1]
    steps = NETWORKS["TA-LSTM"](n_features, n_steps).attention(x)["time"].shape[1]
    for name, built, why in (
        ("F-Attention", features, "a weight for each feature, eqs 12 and 13"),
        ("T-Attention", steps, "a weight for each step, as eq 15 sums over"),
    ):
        printed = int(sizes[name].iloc[0])
        yield f"{name} has size {printed}", printed, built, _equal(printed, built), why


def _one_value() -> tuple:
    last = published.layers().groupby("model", sort=False)["hidden_size"].last()
    ends = int((last == 1).sum())
    others = ", ".join(f"{name} ({size:g})" for name, size in last[last != 1].items())
    why = f"no output layer is printed for {others}; a linear layer to one value is built"
    claim = "the layers of Table A1 end in one value, the prediction"
    return claim, len(last), ends, _share(ends, len(last)), why


def _adversarial(n_features: int, n_steps: int) -> Iterator[tuple]:
    network = NETWORKS["GAN-LSTM"](n_features, n_steps)
    settings = _settings("GAN-LSTM")
    layers = [one for one in network.discriminator.modules() if list(one.parameters(recurse=False))]
    yield (
        "the discriminator has a single layer", 1, len(layers), _equal(1, len(layers)),
        "layers with parameters",
    )  # fmt: skip
    ratio = settings["generator_to_discriminator"]
    built = {
        variant: f"{way.generator_updates}:{way.discriminator_updates}"
        for variant, way in network.adversarial.items()
    }
    agree = [variant for variant in VARIANTS if built[variant] == ratio]
    why = (
        f"the same sentence explains that D is updated {settings['discriminator_updates']} times "
        f"for every G, the reverse; as printed: {', '.join(agree) or 'no variant'}"
    )
    shown = ", ".join(f"{value} ({variant})" for variant, value in built.items())
    yield (
        f"G and D are updated in the ratio {ratio}",
        ratio,
        shown,
        _share(len(agree), len(built)),
        why,
    )
