"""Scores of a hindcast against the probes, on the same days for all models."""

import itertools
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics
from soilbook.errors import unknown
from soilbook.studies.smap import place_draws

METRICS = ("rmse", "bias", "ubrmse", "r")
# SMAP is scored on the days it has; all other products share theirs.
OWN_DAYS = ("SMAP",)
LEAST = 30  # days, fewer give no score
REASONS = ("", f"fewer than {LEAST} days", "in situ is constant", "product is constant")


def scores(result: xr.Dataset) -> xr.Dataset:
    """``rmse``, ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (product, layer, place, period).

    Days with in situ and every modelled product count, for SMAP those that it has among them;
    ``n_days`` says how many. ``undefined`` is the number of REASONS why a score is NaN, attribute
    ``undefined`` one line for each layer, period and reason. A product without any value at a place
    takes no part there.
    """
    periods = [name for name in dict.fromkeys(result["period"].values.tolist()) if name]
    made = [_period(result.isel(time=result["period"].values == name)) for name in periods]
    out = xr.concat(made, xr.DataArray(periods, dims="period", name="period"))
    out = out.transpose("product", "layer", "place", "period")
    keep = [name for name in result.coords if result[name].dims == ("place",)]
    out = out.assign_coords({name: result[name] for name in keep})
    out.attrs |= {**result.attrs, "undefined": _reasons(out)}
    return out


def _period(result: xr.Dataset) -> xr.Dataset:
    modelled = [name for name in result["product"].values if name not in OWN_DAYS]
    there = result["sm"].sel(product=modelled).notnull()
    days = (there | ~there.any("time")).all("product") & result["insitu"].notnull()
    observed = result["insitu"].where(days)
    made = metrics.score(observed, result["sm"], metrics=METRICS).drop_vars("undefined")
    made = made.rename(n_pairs="n_days").drop_vars("period", errors="ignore")
    both = days & result["sm"].notnull()
    few = made["n_days"] < LEAST
    why = xr.where(few, 1, xr.where(_constant(observed.where(both)), 2, 0))
    why = xr.where((why == 0) & _constant(result["sm"].where(both)), 3, why)
    for name in METRICS:
        made[name] = made[name].where(~few)
    made["undefined"] = why.astype(np.int8)
    return made


def _constant(values: xr.DataArray) -> xr.DataArray:
    return values.max("time") == values.min("time")


def _reasons(scored: xr.Dataset) -> str:
    """Lines such as "surface, PL, LSTM: fewer than 30 days at A, B"."""
    lines = []
    why = scored["undefined"].transpose("layer", "period", "product", "place")
    places = why["place"].values.astype(str)
    for *cell, number in itertools.product(*_labels(why), range(1, len(REASONS))):
        there = (why.loc[tuple(cell)] == number).values
        if there.any():
            at = "every place" if there.all() else ", ".join(places[there])
            lines.append(f"{', '.join(cell)}: {REASONS[number]} at {at}")
    return "\n".join(lines)


def _labels(array: xr.DataArray) -> list[list[str]]:
    """Labels of all dimensions but the last."""
    return [array[name].values.tolist() for name in array.dims[:-1]]


def summary(
    scored: xr.Dataset, n_replicates: int = 1000, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """Medians over places with intervals: one row for each metric, layer, period and product.

    Columns metric, layer, period, product, median, low, high, quartile_1, quartile_3, n_places.
    Neighbouring stations are drawn together, core sites singly.
    """
    groups = np.arange(scored.sizes["place"])
    if scored.attrs.get("kind") == "sparse":
        groups = place_draws.neighbours(scored["latitude"].values, scored["longitude"].values)
    rows = []
    for metric in METRICS:
        values = scored[metric].transpose("layer", "period", "product", "place")
        middle, low, high = place_draws.median_interval(
            values.values, groups, n_replicates, level, seed
        )
        with warnings.catch_warnings():
            # A product that is nowhere, as SMAP before its launch, gives NaN, as it should.
            warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
            quartiles = values.quantile((0.25, 0.75), "place").values
        shape = values.shape[:-1]
        for at, cell in zip(np.ndindex(*shape), itertools.product(*_labels(values)), strict=True):
            layer, period, product = cell
            rows.append(
                {
                    "metric": metric,
                    "layer": layer,
                    "period": period,
                    "product": product,
                    "median": middle[at],
                    "low": low[at],
                    "high": high[at],
                    "quartile_1": quartiles[0][at],
                    "quartile_3": quartiles[1][at],
                    "n_places": int(np.isfinite(values.values[at]).sum()),
                }
            )
    return pd.DataFrame(rows)


def paired(
    scored: xr.Dataset,
    metric: str,
    a: str | Sequence[str],
    b: str,
    n_replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired differences across places, product(s) ``a`` minus product ``b``, by layer and period.

    Columns of ``metrics.compare``, with ``n_places``: mean difference and its bootstrap interval
    over places, Wilcoxon's signed-rank test, Holm's correction over all rows. ParameterError for an
    unknown metric or product.
    """
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    names = [a] if isinstance(a, str) else list(a)
    for name in (*names, b):
        if name not in scored["product"].values:
            raise unknown("product", name, scored["product"].values)
    values = scored[metric].reset_coords(drop=True).rename(place="site")
    table = metrics.compare(
        values.sel(product=names),
        values.sel(product=b, drop=True),
        metric,
        n_replicates=n_replicates,
        seed=seed,
    )
    table.insert(1, "against", b)
    return table.rename(columns={"n_sites": "n_places"})


def in_words(result: xr.Dataset) -> str:
    """A line on what a hindcast rests on: places, networks, stand-ins, and who was left out."""
    of = result.attrs
    # Attributes that come from a file are numpy's, which repeat no text.
    networks, epochs = int(of["networks"]), int(of["epochs"])
    counts = {"place": result.sizes["place"], "network": networks, "epoch": epochs}
    places, networks, epochs = (f"{n} {name}{'s' * (n != 1)}" for name, n in counts.items())
    parts = [f"{places}; {networks} of {epochs}"]
    parts.append(f"root zone of LSTM: {of['root_zone']}")
    parts.append(of["land_surface"])
    parts += [text for text in (of["stand_in"],) if text]
    left_out = of["left_out"].replace("\n", "; ")
    return "; ".join(parts) + (f". Left out: {left_out}." if left_out else ".")
