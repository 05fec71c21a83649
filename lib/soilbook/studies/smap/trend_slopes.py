"""Trends of root-zone moisture, hindcast against in situ: section III-C of Fang et al. (2019).

Rules of section II-C: since 2005, the longest record of a place, at least three years, at most
10 % of its days missing, readings in soil below 0 degC among them. In situ and products are
compared on the same days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import metrics
from soilbook.data import files, layers, network
from soilbook.errors import unknown
from soilbook.metrics.trends import METHODS, STEPS
from soilbook.store import Store
from soilbook.studies.smap import places

SINCE = np.datetime64("2005-01-01")
MOST_MISSING = 0.10
IN_SITU = "in situ"
PRODUCTS = ("LSTM", "Noah", "Comb")
RECORDS = ("longest", "whole")


@dataclass(frozen=True)
class Rules:
    """What a slope rests on.

    ``step``: means over a month or year, or the days; ``record``: "longest" takes the longest
    stretch of a place that keeps the rule of missing days, "whole" all from its first to its last
    day; ``without_cycle`` takes off the mean of each calendar month or day; ``least_years`` is the
    shortest record. ParameterError for unknown names.
    """

    step: str = "month"
    record: str = "longest"
    without_cycle: bool = False
    least_years: float = 3

    def __post_init__(self):
        for name, allowed in (("step", STEPS), ("record", RECORDS)):
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), allowed)


PAPER = Rules()


def readings(
    result: xr.Dataset,
    seed: int = 0,
    folder: Path | str | None = None,
    store: Store | None = None,
) -> xr.DataArray:
    """Root-zone moisture in situ (place, time), m3 m-3, with readings in soil down to 0 degC.

    The places are those of ``result`` (``hindcast.run``), which itself asks for 4 degC. Raises
    DataError naming file and row.
    """
    kind, names = result.attrs["kind"], [str(name) for name in result["place"].values]
    store, threshold = store or Store(), layers.COLD_FOR_TRENDS
    if result.attrs["data"] == "twin":
        made = places.twin("insitu", seed, store, ["sm_rootzone"], kind=kind, threshold=threshold)
        return made["sm_rootzone"].sel(place=names)
    read = (path.resolve() for path in network.files_of(folder, names))
    key = {
        "kind": "in-situ root zone of the trends",
        "places": names,
        "data": files.digest(read, files.product(folder, "").resolve()),
    }

    def make() -> xr.Dataset:
        read = network.read(folder, names, threshold=threshold).rename(station="place")
        return read[["sm_rootzone"]]

    return store.made(key, make)["sm_rootzone"]


def series(
    result: xr.Dataset,
    insitu: xr.DataArray,
    rules: Rules = PAPER,
    products: Sequence[str] = PRODUCTS,
) -> xr.DataArray:
    """Root-zone moisture (series, place, time), m3 m-3: ``in situ`` and the products.

    ``result`` is that of ``hindcast.run``, ``insitu`` (place, time) that of ``readings``. Only days
    of the record on which all series have a value. Raises ParameterError for an unknown product.
    """
    for name in products:
        if name not in result["product"].values:
            raise unknown("product", name, result["product"].values)
    modelled = result["sm"].sel(layer="rootzone", product=list(products), drop=True)
    modelled = modelled.reset_coords(drop=True)
    own = insitu.sel(place=result["place"].values).reset_coords(drop=True)
    own, modelled = xr.align(own, modelled, join="inner")
    parts = [own, *(modelled.sel(product=name, drop=True) for name in products)]
    both = xr.concat(parts, "series", coords="minimal", compat="override")
    both = both.assign_coords(series=[IN_SITU, *products])
    both = both.transpose("series", "place", "time").astype(float)
    kept = np.isfinite(both.values).all(axis=0) & (both["time"].values >= SINCE)
    if rules.record == "longest":
        for row in kept:
            stretch = longest(row)
            row[: stretch.start] = row[stretch.stop :] = False
    kinds = [result.attrs["kind"]] * both.sizes["place"]
    places = {
        "kind": ("place", kinds),
        "latitude": ("place", result["latitude"].values),
        "longitude": ("place", result["longitude"].values),
    }
    both = both.where(xr.DataArray(kept, dims=("place", "time"))).assign_coords(places)
    both.attrs = {"units": "m3 m-3"}
    return both.rename("sm_rootzone")


def longest(present: np.ndarray, most_missing: float = MOST_MISSING) -> slice:
    """The longest stretch of days of which at most the share ``most_missing`` is not ``present``.

    The first of several; empty where no day is present. It begins and ends on a day present.
    """
    total = np.concatenate([[0.0], np.cumsum(present - (1 - most_missing))])
    lowest = np.minimum.accumulate(total)
    # For every end the earliest start from which the surplus of days present is not negative.
    start = np.searchsorted(-lowest, -(total + 1e-9))
    end = int((np.arange(total.size) - start).argmax())
    inside = np.flatnonzero(present[start[end] : end]) + start[end]
    return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)


def slopes(
    moisture: xr.DataArray, rules: Rules = PAPER, tests: Sequence[str] = METHODS
) -> xr.Dataset:
    """Sen's slope and Mann-Kendall's tests of ``series``: variables over (series, place).

    ``percent`` per year of the mean of the series with its interval ``percent_low`` to
    ``percent_high`` (variance of Hamed and Rao unless only "plain" is among the ``tests``), ``p``
    (test, series, place), ``lag1``, ``n_steps``, ``years``, ``missing`` and ``reason`` as in
    ``metrics.trend``.
    """
    settings = {
        "step": rules.step,
        "without_cycle": rules.without_cycle,
        "least_years": rules.least_years,
        "most_missing": MOST_MISSING,
    }
    found = {test: metrics.trends(moisture, method=test, **settings) for test in tests}
    one = found[tests[-1]]
    out = one[["percent", "lag1", "n_steps", "years", "missing", "reason"]].copy()
    for end in ("low", "high"):
        # From moisture per year to percent of the mean.
        share = one["percent"] / one["slope"].where(one["slope"] != 0)
        out[f"percent_{end}"] = (one[end] * share).assign_attrs(one["percent"].attrs)
    out["p"] = xr.concat([found[test]["p"] for test in tests], "test")
    out = out.assign_coords(test=list(tests))
    out.attrs = {"step": rules.step, "record": rules.record}
    return out


def together(*parts: xr.Dataset) -> xr.Dataset:
    """Slopes of several kinds of places in one Dataset; a place may be in more than one kind."""
    return xr.concat(parts, "place", combine_attrs="drop_conflicts", join="exact")


def monthly(parts: Sequence[xr.DataArray], places: Sequence[str]) -> xr.DataArray:
    """Monthly means (series, place, time) of ``places``, each from the first part that has it."""
    found = []
    for place in places:
        part = next(part for part in parts if place in part["place"].values)
        one = part.sel(place=[place]).resample(time="MS").mean()
        found.append(one.reset_coords(["kind", "latitude", "longitude"], drop=True))
    return xr.concat(found, "place", join="outer")


def left_out(found: xr.Dataset) -> dict[str, str]:
    """Places without a slope and why."""
    own = found.sel(series=IN_SITU)
    none = own.isel(place=np.flatnonzero(own["percent"].isnull()))
    return dict(zip(none["place"].values.tolist(), none["reason"].values.tolist(), strict=True))
