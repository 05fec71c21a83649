"""III-C: trends of root-zone moisture, hindcast against in situ, and how they agree (Fig 9).

Rules of section II-C: since 2005, the longest record of a place, at least three years, at most 10 %
of its days missing, readings in soil below 0 degC among them. All are compared on the same days.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.gridspec import GridSpec

from soilbook import metrics, published
from soilbook.data import network
from soilbook.fang2019 import places, runs
from soilbook.metrics.trends import METHODS
from soilbook.plots.style import colour, style
from soilbook.settings import Checked
from soilbook.store import Store

SINCE = np.datetime64("2005-01-01")
MOST_MISSING = 0.10
IN_SITU = "in situ"
PRODUCTS = ("LSTM", "Noah", "Comb")
LARGE = 0.5  # % per year: what section III-C calls a large trend
# Groups of places: their kinds, the least in situ trend (% per year), the published correlation.
GROUPS = {
    "core sites": (("core",), 0.0, "F9-1"),
    "CRN sites": (("sparse",), 0.0, "F9-2"),
    "CRN sites with large trends": (("sparse",), LARGE, "F9-3"),
    "core and CRN sites with large trends": (("core", "sparse"), LARGE, "IIIC-3"),
}
LEVEL = 0.05  # of significance
LEAST_PLACES = 4  # three pairs leave a correlation one degree of freedom
# Reasons of ``metrics.trend`` in words that count: "31 with too short a record".
REASONS = {
    "no value": "without a root zone",
    " years; needs": "with too short a record",
    " missing; allowed": "with too many gaps",
    "s; needs": "with too few steps",
    "constant": "constant",
}
# Other readings of the rules, each with one word changed.
VARIANTS = {
    "as in the chapter": {},
    "whole record": {"record": "whole"},
    "yearly means": {"step": "year"},
    "without the yearly cycle": {"without_cycle": True},
    "records of ten years": {"least_years": 10},
}
# Colour and marker of the kinds of places; the few core sites are drawn last.
KINDS = {"sparse": ("#0072B2", "o"), "core": ("#D55E00", "s")}


class Rules(Checked):
    """What a slope rests on.

    ``step``: means over a month or year, or the days; ``record``: the longest stretch of a place
    that keeps the rule of missing days, or the whole from its first to its last day;
    ``without_cycle`` takes off the mean of each calendar month or day.
    """

    step: Literal["day", "month", "year"] = "month"
    record: Literal["longest", "whole"] = "longest"
    without_cycle: bool = False
    least_years: int | float = 3


PAPER = Rules()


def readings(result: xr.Dataset, seed: int = 0) -> xr.DataArray:
    """Root-zone moisture in situ (place, time), m3 m-3, with readings in soil down to 0 degC. The
    places are those of ``result`` (``hindcast.run``), which itself asks for 4 degC. Raises
    DataError naming file and row."""
    kind, names = result.attrs["kind"], [str(name) for name in result["place"].values]
    threshold = network.COLD_FOR_TRENDS
    if result.attrs["data"] == "twin":
        made = places.twin("insitu", seed, ["sm_rootzone"], kind=kind, threshold=threshold)
        return made["sm_rootzone"].sel(place=names)
    digest = places.digest(network.files_of(None, names))
    key = {"kind": "in-situ root zone of the trends", "places": names, "data": digest}

    def read() -> xr.Dataset:
        return network.read(None, names, threshold=threshold)[["sm_rootzone"]]

    return Store().made(key, read)["sm_rootzone"].rename(station="place")


def series(
    result: xr.Dataset, insitu: xr.DataArray, rules: Rules = PAPER, products=PRODUCTS
) -> xr.DataArray:
    """Root-zone moisture (series, place, time), m3 m-3: ``readings`` in situ and the products of
    ``hindcast.run``, on days of the record on which all series have a value."""
    modelled = result["sm"].sel(layer="rootzone", product=list(products)).drop_vars("product")
    own = insitu.sel(place=result["place"].values).expand_dims("product")
    parts = (one.reset_coords(drop=True) for one in (own, modelled))
    both = xr.concat(parts, "product", join="inner").rename(product="series")
    both = both.assign_coords(series=[IN_SITU, *products])
    both = both.transpose("series", "place", "time").astype(float)
    kept = np.isfinite(both.values).all(axis=0) & (both["time"].values >= SINCE)
    if rules.record == "longest":
        for row in kept:
            stretch = longest(row)
            row[: stretch.start] = row[stretch.stop :] = False
    both = both.where(xr.DataArray(kept, dims=("place", "time"))).assign_coords(
        kind=("place", [result.attrs["kind"]] * both.sizes["place"]),
        latitude=("place", result["latitude"].values),
        longitude=("place", result["longitude"].values),
    )
    return both.assign_attrs(units="m3 m-3").rename("sm_rootzone")


def longest(present: np.ndarray) -> slice:
    """The longest stretch of days of which at most the share MOST_MISSING is not ``present``. The
    first of several; empty where no day is present. It begins and ends on a day present."""
    total = np.concatenate([[0.0], np.cumsum(present - (1 - MOST_MISSING))])
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
    (test, series, place), ``lag1``, ``years``, ``missing`` and ``reason`` as in ``metrics.trend``.
    """
    asked = rules.model_dump(exclude={"record"}) | {"most_missing": MOST_MISSING}
    found = {test: metrics.trends(moisture, method=test, **asked) for test in tests}
    one = found[tests[-1]]
    out = one[["percent", "lag1", "years", "missing", "reason"]].copy()
    for end in ("low", "high"):
        # From moisture per year to percent of the mean.
        share = one["percent"] / one["slope"].where(one["slope"] != 0)
        out[f"percent_{end}"] = (one[end] * share).assign_attrs(one["percent"].attrs)
    out["p"] = xr.concat([found[test]["p"] for test in tests], xr.Variable("test", list(tests)))
    return out.assign_attrs(step=rules.step)


def together(*parts: xr.Dataset) -> xr.Dataset:
    """Slopes of several kinds of places as one; a place may be in more than one kind."""
    return xr.concat(parts, "place", combine_attrs="drop_conflicts", join="exact")


def monthly(parts: Sequence[xr.DataArray], places: Sequence[str]) -> xr.DataArray:
    """Monthly means (series, place, time) of ``places``, each from the first part that has it."""
    found = []
    for place in places:
        part = next(part for part in parts if place in part["place"].values)
        found.append(part.sel(place=[place]).resample(time="MS").mean().reset_coords(drop=True))
    return xr.concat(found, "place", join="outer")


def agreement(
    found: xr.Dataset, products: Sequence[str] | None = None, groups=tuple(GROUPS), **draws
) -> pd.DataFrame:
    """Correlation of slopes of products with those in situ, a row for each group and product;
    ``products`` None means all that have slopes.

    Columns: group, product, n_places, r, r_low, r_high (95 %, ``draws`` of neighbouring places
    together), r_published (of the LSTM), same_sign (share of places), why (why r is NaN).
    """
    printed = published.statements().set_index("id")["value"]
    if products is None:
        products = [name for name in found["series"].values if name != IN_SITU]
    rows = []
    for group in groups:
        kinds, least, key = GROUPS[group]
        part = members(found, kinds, least)
        n = part.sizes["place"]
        for product in products:
            pairs = part["percent"].sel(series=[IN_SITU, product]).transpose("place", ...).values
            r = low = high = np.nan
            why = "" if n >= LEAST_PLACES else f"{n} of {LEAST_PLACES} places needed"
            if not why:
                r, groups = correlation(pairs), runs.neighbours(part)
                low, high = runs.interval(correlation, pairs, groups, **draws)
            known = printed[key] if product == "LSTM" else np.nan
            same = (np.sign(pairs[:, 0]) == np.sign(pairs[:, 1])).mean() if n else np.nan
            rows.append((group, product, n, r, low, high, known, same, why))
    columns = ["group", "product", "n_places", "r", "r_low", "r_high", "r_published", "same_sign"]
    return pd.DataFrame(rows, columns=[*columns, "why"])


def members(found: xr.Dataset, kinds: Sequence[str], least: float = 0.0) -> xr.Dataset:
    """Places of these kinds with a slope of every series and a large enough trend in situ; a place
    of two kinds counts once."""
    percent = found["percent"]
    large = abs(percent.sel(series=IN_SITU)) >= least
    chosen = found["kind"].isin(kinds) & percent.notnull().all("series") & large
    return found.isel(place=chosen.values).drop_duplicates("place")


def correlation(pairs: np.ndarray) -> float:
    """Pearson's R of the two columns of ``pairs`` (place, 2); NaN where one is constant."""
    return float(metrics.r(pairs[:, 0], pairs[:, 1]))


def significance(found: xr.Dataset) -> pd.DataFrame:
    """How many places have a trend, by kind, series and test. Columns: kind, series, step, test,
    n_places, n_significant (p under LEVEL), n_by_chance (expected if no place had a trend),
    n_corrected (Benjamini and Hochberg), median_lag1."""
    rows = found[["p", "lag1"]].to_dataframe(["place", "series", "test"]).reset_index()
    cells = rows.groupby(["kind", "series", "test"], sort=False)
    p, correct = cells["p"], partial(metrics.correct, method="benjamini-hochberg")
    counts = {
        "n_places": p.count(),
        "n_significant": p.agg(lambda p: (p < LEVEL).sum()),
        "n_by_chance": LEVEL * p.count(),
        "n_corrected": p.agg(lambda p: (correct(p) < LEVEL).sum()),
        "median_lag1": cells["lag1"].median(),
    }
    table = pd.DataFrame(counts).reset_index()
    table.insert(2, "step", found.attrs["step"])
    return table


def summary(found: xr.Dataset, core: xr.Dataset) -> str:
    """How many places have slopes, why the others have none, and what stands in for what. ``core``
    is the result of ``hindcast.run`` at the core sites."""
    lines = []
    for kind, name in (("core", f"{core_name(core)}s"), ("sparse", "CRN sites")):
        part = found.sel(series=IN_SITU).isel(place=found["kind"].values == kind)
        reasons = part["reason"].values[part["percent"].isnull().values]
        why = Counter(next((w for text, w in REASONS.items() if text in r), r) for r in reasons)
        n, n_all = part.sizes["place"] - why.total(), part.sizes["place"]
        without = "; ".join(f"{count} {text}" for text, count in why.most_common())
        lines.append(f"{n} of {n_all} {name}{f' ({without})' if why else ''}")
    text = f"Places with a slope: {', '.join(lines)}. Root zone: {core.attrs['root_zone']}."
    stand_in = core.attrs["stand_in"]
    return f"{text} {stand_in[:1].upper()}{stand_in[1:]}." if stand_in else text


def core_name(core: xr.Dataset) -> str:
    """What a place of the core result is: a core site, or one that stands in for it."""
    return "stand-in" if core.attrs["stand_in"] else "core site"


def selected(found: xr.Dataset) -> list[str]:
    """Places to draw: of either kind those with the most falling and rising trend in situ."""
    names = []
    for kind in ("core", "sparse"):
        part = members(found, [kind])
        order = part["place"].values[np.argsort(part["percent"].sel(series=IN_SITU).values)]
        names += [*order[:1], *order[-1:]]
    return list(dict.fromkeys(map(str, names)))


def variants(
    parts: Sequence[tuple[xr.Dataset, xr.DataArray]], rules: Rules = PAPER, **draws
) -> pd.DataFrame:
    """Correlations of LSTM's slopes with those in situ, see ``agreement``, under other readings of
    the rules. ``parts``: (result of ``hindcast.run``, ``readings``) of each kind."""
    tables = {}
    for name, change in VARIANTS.items():
        one = rules.but(**change)
        found = [slopes(series(*part, one, ["LSTM"]), one, ["plain"]) for part in parts]
        tables[name] = agreement(together(*found), ["LSTM"], **draws)
    table = pd.concat(tables, names=["variant"]).reset_index("variant")
    return table.drop(columns=["product", "r_published", "same_sign"]).reset_index(drop=True)


def by_step(found: xr.Dataset, parts: Sequence[xr.DataArray]) -> pd.DataFrame:
    """``significance`` of ``found`` and, of in situ and LSTM, of monthly and yearly means of
    ``parts``, the ``series`` of each kind: days depend on each other more than months or years."""
    tables = [significance(found)]
    for step in ("month", "year"):
        if step != found.attrs["step"]:
            rules = Rules(step=step)
            made = [slopes(part.sel(series=[IN_SITU, "LSTM"]), rules) for part in parts]
            tables.append(significance(together(*made)))
    return pd.concat(tables, ignore_index=True)


def beside(table: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """``agreement`` for reading, with the r and number of places of a reference run, if any."""
    if reference is None:
        return table
    keys = ["group", "product"]
    known = reference[[*keys, "r", "n_places"]]
    return table.merge(known, how="left", on=keys, suffixes=("", "_reference"))


def slopes_and_series(found: xr.Dataset, monthly: xr.DataArray, core: str = "core site"):
    """Fig 9: scatter of slopes (left), and series of selected places with their slopes (right).

    ``found`` of ``slopes``, whose NaN are left out; ``monthly`` of places among these; ``core`` is
    what a place of kind core is called.
    """
    names = {"core": core, "sparse": "CRN site"}
    rows = max(monthly.sizes["place"], 1)
    with style():
        figure = plt.figure(figsize=(10.5, max(4.4, 1.35 * rows + 0.6)))
        grid = GridSpec(rows, 2, figure=figure, width_ratios=(1, 1.25))
        _scatter(figure.add_subplot(grid[:, 0]), found, names)
        first = None
        for k in range(monthly.sizes["place"]):
            first = axis = figure.add_subplot(grid[k, 1], sharex=first)
            _series(axis, found, monthly.isel(place=k), names)
            axis.tick_params(labelbottom=k == rows - 1)
    return figure


def _scatter(axis, found: xr.Dataset, names: dict) -> None:
    axis.axvspan(-LARGE, LARGE, color="#EEEEEE", zorder=0)
    found = found.sel(series=[IN_SITU, "LSTM"])
    found = found.isel(place=found["percent"].notnull().all("series").values)
    reach = 2 * LARGE
    for kind, (face, marker) in KINDS.items():
        part = found.isel(place=found["kind"].values == kind)
        x, y = part["percent"].values
        if not x.size:
            continue
        bounds = np.stack([part["percent_low"].values, part["percent_high"].values])
        right, up = np.nan_to_num(np.abs(bounds - part["percent"].values)).swapaxes(0, 1)
        axis.errorbar(x, y, up, right, fmt="none", ecolor=face, elinewidth=0.5, alpha=0.35)
        axis.scatter(
            x, y, c=face, marker=marker, s=30, edgecolor="white", linewidth=0.5, zorder=3,
            label=f"{names[kind]}s ({x.size})",
        )  # fmt: skip
        reach = max(reach, *np.abs([*x, *y]))
    reach *= 1.15 if found.sizes["place"] else 1
    axis.plot([-reach, reach], [-reach, reach], color="black", linewidth=0.8, label="1:1")
    axis.axhline(0, color="#888888", linewidth=0.6)
    axis.axvline(0, color="#888888", linewidth=0.6)
    axis.set(
        xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal",
        xlabel="Sen's slope in situ (% per year)", ylabel="Sen's slope of LSTM (% per year)",
    )  # fmt: skip
    axis.set_title("root zone; shaded: small trends in situ", loc="left")
    axis.legend(loc="upper left")


def _series(axis, found: xr.Dataset, monthly: xr.DataArray, names: dict) -> None:
    place = str(monthly["place"].values)
    at = found.isel(place=np.flatnonzero(found["place"].values == place)[0])
    for one, line in ((IN_SITU, "black"), ("LSTM", colour("LSTM"))):
        values = monthly.sel(series=one)
        percent = float(at["percent"].sel(series=one))
        axis.plot(values["time"], values, color=line, linewidth=0.9, label=f"{one} {percent:+.1f}")
    axis.set_title(f"{place} ({names[str(at['kind'].values)]})", loc="left")
    axis.set_ylabel("m$^3$ m$^{-3}$")
    axis.legend(loc="upper right", ncols=2, title="% per year", title_fontsize=7, fontsize=7)
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.45 * (high - low))
