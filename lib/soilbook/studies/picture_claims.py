"""Claims of sections 4.4 and 4.6 that rest on pictures, each held against a measure of its own.

The paper judges by eye. Each claim here names the measure it is judged by; ``reproduced`` is that
measure (for a comparison of networks the least difference of all pairs), without an interval:
one site, one training of each network.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.explain import attention
from soilbook.explain import shapley as importance
from soilbook.studies.claims import COLUMNS

ALIKE = 0.9  # rank correlation of Shapley values from which claims call two networks alike


def means(values: xr.Dataset) -> pd.DataFrame:
    """Mean |Shapley value| (m3 m-3), width (m3 m-3) and effect of each input and network."""
    found = xr.Dataset(
        {
            "mean_absolute": importance.mean_absolute(values),
            "width": importance.width(values),
            "effect": importance.effect(values),
        }
    )
    return found.to_dataframe().reset_index()


def weights_against_use(weights: xr.Dataset, used: xr.Dataset) -> pd.DataFrame:
    """Rank correlation over features of attention weights and mean |Shapley value|, by depth."""
    weight = weights["feature_weight"].mean("step")
    rows = []
    for depth in used["depth"].values:
        pair = [
            array.sel(depth=depth).assign_coords(repetition=np.arange(array.sizes["repetition"]))
            for array in (weight, used["importance"])
        ]
        found = attention.agreement(*pair)
        row = {name: float(found[name]) for name in ("mean", "low", "high")}
        rows.append({"depth_m": depth, "rank_correlation": row.pop("mean"), **row})
    return pd.DataFrame(rows)


def of_attention(weights: xr.Dataset) -> pd.DataFrame:
    """Claims 4.4-10 and 4.4-11 on Fig 12, indexed by their id."""
    feature = weights["feature_weight"].mean("step")
    between = float(feature.mean("repetition").std("depth").mean())
    n_repetitions = feature.sizes["repetition"]
    within = float(feature.std("repetition", ddof=1).mean()) if n_repetitions > 1 else np.nan
    ratio = between / within if n_repetitions > 1 else np.nan
    days = weights["time_weight"].mean("repetition")
    rising = (days.diff("step") > 0).mean("step")
    last = float((days.argmax("step") == days.sizes["step"] - 1).mean())
    rows = {
        "4.4-10": (
            ratio,
            "not testable" if np.isnan(ratio) else "reproduced" if ratio > 2 else "partly",
            "spread of the weights over depths, divided by their spread over repetitions"
            + ("; needs repetitions" if np.isnan(ratio) else ""),
        ),
        "4.4-11": (
            float(rising.mean()),
            _verdict(last == 1.0, last > 0.5 or float(rising.mean()) > 0.5),
            f"share of steps towards the present with a rising weight; the latest day has the "
            f"largest weight at {last:.0%} of the depths",
        ),
    }
    return _table(rows)


def of_pictures(values: xr.Dataset, pictures: xr.Dataset) -> pd.DataFrame:
    """The claims of section 4.6, on Fig 14 and Fig 15, with the columns of ``Page.claims``."""
    width = _by_model(importance.width(values).max(("step", "feature")))
    effect = importance.effect(values)
    rows = {
        key: _compare(key, width, sign, "largest width of an input's values, m3 m-3")
        for key, sign in (("4.6-1", 1), ("4.6-2", -1), ("4.6-7", 1))
    }
    st3 = effect.sel(step=3, feature="soil_temperature")
    rows["4.6-3"] = _signs({m: float(st3.sel(model=m)) for m in ("1D-CNN", "LSTM") if m in width})
    rows["4.6-4"] = _recent(values)
    rows["4.6-5"] = _closer(values, "CNN-LSTM", "1D-CNN", "LSTM")
    rows["4.6-6"] = _closer(values, "LSTM-CNN", "LSTM", "1D-CNN")
    rows["4.6-8"] = _alike(values, ("FA-LSTM", "TA-LSTM", "FTA-LSTM"))
    rows["4.6-9"] = _alike(values, ("GAN-LSTM",))
    for key, name in (("4.6-10", "order"), ("4.6-11", "direction"), ("4.6-12", "silhouette")):
        measure = dict(zip(pictures["panel"].values, pictures[name].values.tolist(), strict=True))
        rows[key] = _compare(key, measure, 1, f"{name} in the t-SNE picture")
    table = _table(rows)
    return table.reindex([key for key in published.claims()["id"] if key in table.index]).set_axis(
        range(len(table))
    )


def _table(rows: dict[str, tuple]) -> pd.DataFrame:
    texts = published.claims().set_index("id")["claim"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["reproduced", "verdict", "why"])
    table["claim"] = [f"{key}: {texts[key]}" for key in table.index]
    return table.assign(published=np.nan, low=np.nan, high=np.nan)[COLUMNS]


def _verdict(whole: bool, part: bool) -> str:
    return "reproduced" if whole else "partly" if part else "not"


def _by_model(array: xr.DataArray) -> dict[str, float]:
    return dict(zip(array["model"].values, array.values.tolist(), strict=True))


def _compare(key: str, measure: dict[str, float], sign: int, what: str) -> tuple:
    claim = published.claims().set_index("id").loc[key]
    pairs = [(a, b) for a in claim["subject"] for b in claim["reference"]]
    there = [sign * (measure[a] - measure[b]) for a, b in pairs if {a, b} <= set(measure)]
    if not there:
        return np.nan, "not testable", "the networks were not run"
    right = sum(value > 0 for value in there)
    verdict = _verdict(right == len(pairs), right > 0)
    return min(there), verdict, f"{what}; {right} of {len(pairs)} pairs as claimed"


def _signs(effects: dict[str, float]) -> tuple:
    if not effects:
        return np.nan, "not testable", "the networks were not run"
    positive = sum(value > 0 for value in effects.values())
    words = ", ".join(f"{model} {value:+.2f}" for model, value in effects.items())
    verdict = _verdict(positive == 2, positive > 0)
    return min(effects.values()), verdict, f"rank correlation of ST3 with its values: {words}"


def _recent(values: xr.Dataset) -> tuple:
    if "Transformer" not in values["model"].values:
        return np.nan, "not testable", "the network was not run"
    by_day = importance.mean_absolute(values).sel(model="Transformer").sum("feature")
    rising = float((by_day.diff("step") > 0).mean())
    share = float(by_day.isel(step=-1) / by_day.sum())
    verdict = _verdict(rising == 1, share > 1 / by_day.size)
    return share, verdict, "share of the latest day in the mean |Shapley value| of all inputs"


def _similarity(values: xr.Dataset, a: str, b: str) -> float | None:
    if not {a, b} <= set(values["model"].values):
        return None
    return importance.similarity(values.sel(model=a), values.sel(model=b))


def _closer(values: xr.Dataset, model: str, claimed: str, other: str) -> tuple:
    near, far = _similarity(values, model, claimed), _similarity(values, model, other)
    if near is None or far is None:
        return np.nan, "not testable", "the networks were not run"
    why = f"rank correlation of all values with those of {claimed} {near:.2f}, of {other} {far:.2f}"
    return near - far, _verdict(near > far, abs(near - far) < 0.02), why


def _alike(values: xr.Dataset, models: tuple[str, ...]) -> tuple:
    found = {model: _similarity(values, model, "LSTM") for model in models}
    if None in found.values():
        return np.nan, "not testable", "the networks were not run"
    alike = [value >= ALIKE for value in found.values()]
    words = ", ".join(f"{model} {value:.2f}" for model, value in found.items())
    why = f"rank correlation of all values with those of LSTM, at least {ALIKE} wanted: {words}"
    return min(found.values()), _verdict(all(alike), any(alike)), why
