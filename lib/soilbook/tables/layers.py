"""Table A1 of Wang et al. (2024), doi:10.5194/hess-28-917-2024: layers as built and as printed."""

from difflib import SequenceMatcher

import pandas as pd
from torch import nn

from soilbook import published
from soilbook.models import NETWORKS, VARIANTS, describe

KINDS = {
    "LSTMLayer": "LSTM",
    "Convolution": "Convolution",
    "Convolutional": "Convolution",
    "Linear": "Fully-connected",
}
ATTENTION = {
    "feature_attention": "F-Attention",
    "temporal_attention": "T-Attention",
    "self_attention": "Self-attention",
}
GATES = "Sigmoid, Tanh"  # eqs 1-6: part of the LSTM layer itself
COMPARED = ("kernel", "size", "activation")
BUILT = ["model", "layer", "kind", "kernel", "padding", "size", "activation", "output"]


def as_built(n_features: int = 8, n_steps: int = 4, variant: str = "paper") -> pd.DataFrame:
    """One row a layer of each of the ten networks, in the order of computation.

    Columns: model, layer (place in the module), kind (as Table A1 calls it), kernel, padding, size
    (of the output's last side), activation, output (shape for one sample), parameters. Activations
    stand with the layer before them, and the layers of one LSTM in one row. Text, "" where there is
    nothing to say, but for parameters. ParameterError for an unknown variant.
    """
    rows: list[dict] = []
    for model, make in NETWORKS.items():
        network = make(n_features, n_steps, variant)
        own: list[dict] = []
        for row in describe(network, n_features, n_steps):
            _add(own, row, network)
        rows += [{"model": model, **row} for row in own]
    return pd.DataFrame(rows)[[*BUILT, "parameters"]]


def _add(rows: list[dict], row: dict, network: nn.Module) -> None:
    """Append a row of `describe`, or let the last row take it up."""
    parent = row["layer"].rpartition(".")[0]
    output = " × ".join(map(str, row["output"])) or "one value"
    if row["parameters"] == 0 and row["kind"] != "Flatten":
        before = rows[-1]["activation"]
        rows[-1]["activation"] = f"{before}, {row['kind']}" if before else row["kind"]
        return
    if row["kind"] == "LSTMLayer" and rows and rows[-1]["layer"].startswith(f"{parent}."):
        rows[-1] |= {"output": output, "parameters": rows[-1]["parameters"] + row["parameters"]}
        rows[-1]["layer"] += f", {row['layer']}"
        return
    layer = None if row["kind"] == "Parameter" else network.get_submodule(row["layer"])
    attention = [name for part, name in ATTENTION.items() if part in row["layer"].split(".")]
    flat = row["kind"] == "Flatten"
    rows.append(
        {
            "layer": row["layer"],
            "kind": attention[0] if attention else KINDS.get(row["kind"], row["kind"]),
            "kernel": str(getattr(layer, "kernel", "")),
            "padding": str(getattr(layer, "padding", "") or ""),
            "size": "" if flat else str(_size(row, layer)),
            "activation": GATES if row["kind"] == "LSTMLayer" else "",
            "output": output,
            "parameters": row["parameters"],
        }
    )


def _size(row: dict, layer: nn.Module | None) -> int:
    """Outputs of a linear layer, wherever a transpose leaves them; else the last side."""
    return layer.out_features if isinstance(layer, nn.Linear) else row["output"][-1]


def beside_printed(n_features: int = 8, n_steps: int = 4, variant: str = "paper") -> pd.DataFrame:
    """Layers as built beside the rows of Table A1, and in words where the two differ.

    Columns: model, layer, kind, kernel, size and activation as printed and as built, output,
    parameters ("" where nothing is built), difference. The printed table has no rows for LSTM and
    Transformer, whose settings stand below it.
    """
    built = as_built(n_features, n_steps, variant)
    printed = published.layers()
    printed["kind"] = [KINDS.get(layer, layer) for layer in printed["layer"]]
    for column in ("kernel_size", "hidden_size"):
        printed[column] = ["" if pd.isna(value) else f"{value:g}" for value in printed[column]]
    rows = []
    for model in NETWORKS:
        ours = built[built["model"] == model].to_dict("records")
        theirs = printed[printed["model"] == model].to_dict("records")
        for mine, other in _aligned(ours, theirs):
            difference = _difference(mine, other) if theirs else "not in Table A1"
            rows.append(_side_by_side(model, mine or {}, other or {}, difference))
    return pd.DataFrame(rows)


def _aligned(ours: list[dict], theirs: list[dict]):
    """Pairs of a built and a printed row of the same kind in the same order, None for neither."""
    kinds = ([row["kind"] for row in ours], [row["kind"] for row in theirs])
    for tag, a, b, c, d in SequenceMatcher(None, *kinds, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(ours[a:b], theirs[c:d], strict=True)
        else:
            yield from ((None, other) for other in theirs[c:d])
            yield from ((mine, None) for mine in ours[a:b])


def _difference(mine: dict | None, other: dict | None) -> str:
    if mine is None:
        return "a function, no layer of its own"
    if other is None:
        return "not printed"
    found = []
    for name, column in (("kernel", "kernel_size"), ("size", "hidden_size")):
        if mine[name] != other[column]:
            found.append(f"{name} {other[column]} printed, {mine[name]} built")
    if mine["padding"]:
        found.append(f"padding {mine['padding']} not printed")
    printed, built = (
        {name.lower(): name for name in row["activation"].split(", ") if name}
        for row in (other, mine)
    )
    found += [f"{name} printed, not built" for key, name in printed.items() if key not in built]
    found += [f"{name} not printed" for key, name in built.items() if key not in printed]
    return "; ".join(found)


def _side_by_side(model: str, mine: dict, other: dict, difference: str) -> dict:
    return {
        "model": model,
        "layer": mine.get("layer", ""),
        "kind": mine.get("kind") or other["kind"],
        "kernel printed": other.get("kernel_size", ""),
        "kernel built": mine.get("kernel", ""),
        "size printed": other.get("hidden_size", ""),
        "size built": mine.get("size", ""),
        "activation printed": other.get("activation", ""),
        "activation built": mine.get("activation", ""),
        "output": mine.get("output", ""),
        "parameters": mine.get("parameters", ""),
        "difference": difference,
    }


def for_reading(frame: pd.DataFrame) -> pd.DataFrame:
    """`beside_printed` in fewer columns: a model is named once, a layer's settings share a cell."""
    settings = {
        side: [
            ", ".join(filter(None, (kernel and f"kernel {kernel}", size and f"size {size}", other)))
            for kernel, size, other in frame[[f"{name} {side}" for name in COMPARED]].to_numpy()
        ]
        for side in ("printed", "built")
    }
    named = frame["model"].where(~frame["model"].duplicated(), "")
    return pd.DataFrame(
        {"model": named, "layer": frame["kind"], **settings}
        | {name: frame[name] for name in ("output", "parameters", "difference")}
    )


def totals(n_features: int = 8, n_steps: int = 4) -> pd.DataFrame:
    """Trained parameters of each network, one row a model, one column a variant."""
    counts = {
        variant: as_built(n_features, n_steps, variant).groupby("model")["parameters"].sum()
        for variant in VARIANTS
    }
    return pd.DataFrame(counts).loc[list(NETWORKS)].reset_index(names="model")
