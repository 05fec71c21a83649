"""The lines below Table A1 of Wang et al. (2024): settings as printed and as built."""

import pandas as pd
from sklearn.ensemble import RandomForestRegressor

from soilbook import published
from soilbook.models import MACHINE_LEARNING, NETWORKS


def below_the_table(n_features: int = 8, n_steps: int = 4, variant: str = "paper") -> pd.DataFrame:
    """One row a setting: model, setting, printed, built, difference ("" if none), all text.

    ParameterError for an unknown variant.
    """
    printed = published.hyperparameters()
    printed = printed[printed["section"] == "Table A1"]
    built = _built(n_features, n_steps, variant)
    rows = []
    for row in printed.itertuples():
        own = built[row.model, row.name]
        same = own == row.value or _number(own) == _number(row.value) is not None
        difference = "" if same else f"{row.value} printed, {own} built"
        rows.append((row.model, row.name, row.value, own, difference))
    return pd.DataFrame(rows, columns=["model", "setting", "printed", "built", "difference"])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _built(n_features: int, n_steps: int, variant: str) -> dict[tuple[str, str], str]:
    """Every printed setting, read off the models themselves."""
    forest, machine, support = (MACHINE_LEARNING[name](0) for name in ("RF", "ELM", "SVR"))
    changed = (
        forest.get_params().items() - RandomForestRegressor(random_state=0).get_params().items()
    )
    lstm = NETWORKS["LSTM"](n_features, n_steps, variant).lstm
    transformer = NETWORKS["Transformer"](n_features, n_steps, variant)
    attention = transformer.self_attention
    values = {
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
    return {key: str(value) for key, value in values.items()}
