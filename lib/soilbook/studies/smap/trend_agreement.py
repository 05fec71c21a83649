"""How well slopes of products agree with those in situ: Fig 9 of Fang et al. (2019).

Groups of places, their correlations of slopes, and how many places have a trend beyond chance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import metrics, published
from soilbook.studies.smap import place_draws, trend_slopes
from soilbook.studies.smap.trend_slopes import IN_SITU, PRODUCTS, Rules

LARGE = 0.5  # % per year: what section III-C calls a large trend
# Groups of places: their kinds, the least in situ trend (% per year), the published correlation.
GROUPS = {
    "core sites": (("core",), 0.0, "F9-1"),
    "CRN sites": (("sparse",), 0.0, "F9-2"),
    "CRN sites with large trends": (("sparse",), LARGE, "F9-3"),
    "core and CRN sites with large trends": (("core", "sparse"), LARGE, "IIIC-3"),
}
LEAST_PLACES = 4  # three pairs leave a correlation one degree of freedom


def agreement(
    found: xr.Dataset,
    products: Sequence[str] = PRODUCTS,
    groups: Sequence[str] = tuple(GROUPS),
    n_replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Correlation of slopes of products with those in situ, a row for each group and product.

    Columns: group, product, n_places, r, r_low, r_high (95 %, neighbouring places drawn together),
    r_published (of the LSTM), same_sign (share of places), why (why r is NaN).
    """
    printed = published.statements().set_index("id")["value"]
    rows = []
    for group in groups:
        kinds, least, key = GROUPS[group]
        part = members(found, kinds, least)
        at = place_draws.neighbours(part["latitude"].values, part["longitude"].values)
        reference = part["percent"].sel(series=IN_SITU).values
        for product in products:
            pairs = np.stack([reference, part["percent"].sel(series=product).values], axis=1)
            r, low, high = np.nan, np.nan, np.nan
            n = len(pairs)
            if n >= LEAST_PLACES:
                r = correlation(pairs)
                low, high = place_draws.interval(
                    correlation, pairs, at, n_replicates=n_replicates, seed=seed
                )
            same = float((np.sign(pairs[:, 0]) == np.sign(pairs[:, 1])).mean()) if n else np.nan
            row = {"group": group, "product": product, "n_places": n}
            row |= {"r": r, "r_low": low, "r_high": high}
            row["r_published"] = printed[key] if product == "LSTM" else np.nan
            why = "" if n >= LEAST_PLACES else f"{n} of {LEAST_PLACES} places needed"
            rows.append(row | {"same_sign": same, "why": why})
    return pd.DataFrame(rows)


def members(found: xr.Dataset, kinds: Sequence[str], least: float = 0.0) -> xr.Dataset:
    """Places of these kinds with a slope of every series and a large enough trend in situ.

    A place of two kinds counts once.
    """
    of_kind = np.isin(found["kind"].values, kinds)
    tested = np.isfinite(found["percent"].transpose("series", "place").values).all(axis=0)
    large = np.abs(found["percent"].sel(series=IN_SITU).values) >= least
    rows = np.flatnonzero(of_kind & tested & large)
    _, first = np.unique(found["place"].values[rows], return_index=True)
    return found.isel(place=rows[np.sort(first)])


def correlation(pairs: np.ndarray) -> float:
    """Pearson's R of the two columns of ``pairs`` (place, 2); NaN where one is constant."""
    return float(metrics.r(pairs[:, 0], pairs[:, 1]))


def significance(found: xr.Dataset, level: float = 0.05) -> pd.DataFrame:
    """How many places have a trend, by kind, series and test.

    Columns: kind, series, step, test, n_places, n_significant (p under ``level``), n_by_chance
    (expected if no place had a trend), n_corrected (Benjamini and Hochberg), median_lag1.
    """
    rows = []
    for kind in dict.fromkeys(found["kind"].values.tolist()):
        part = found.isel(place=np.flatnonzero(found["kind"].values == kind))
        for name in part["series"].values.tolist():
            one = part.sel(series=name)
            for test in found["test"].values.tolist():
                p = one["p"].sel(test=test).values
                p = p[np.isfinite(p)]
                corrected = metrics.correct(p, "benjamini-hochberg")
                rows.append(
                    {
                        "kind": kind,
                        "series": name,
                        "step": found.attrs["step"],
                        "test": test,
                        "n_places": p.size,
                        "n_significant": int((p < level).sum()),
                        "n_by_chance": level * p.size,
                        "n_corrected": int((corrected < level).sum()),
                        "median_lag1": float(one["lag1"].median()),
                    }
                )
    return pd.DataFrame(rows)


# Reasons of ``metrics.trend`` in words that count: "31 with too short a record".
REASONS = {
    "no value": "without a root zone",
    " years; needs": "with too short a record",
    " missing; allowed": "with too many gaps",
    "s; needs": "with too few steps",
    "constant": "constant",
}


def summary(found: xr.Dataset, core: xr.Dataset) -> str:
    """How many places have slopes, why the others have none, and what stands in for what.

    ``core`` is the result of ``hindcast.run`` at the core sites.
    """
    lines = []
    for kind, name in (("core", f"{core_name(core)}s"), ("sparse", "CRN sites")):
        part = found.isel(place=np.flatnonzero(found["kind"].values == kind))
        why = Counter(_in_words(text) for text in trend_slopes.left_out(part).values())
        n, n_all = part.sizes["place"] - why.total(), part.sizes["place"]
        without = "; ".join(f"{count} {text}" for text, count in why.most_common())
        lines.append(f"{n} of {n_all} {name}{f' ({without})' if why else ''}")
    text = f"Places with a slope: {', '.join(lines)}. Root zone: {core.attrs['root_zone']}."
    stand_in = core.attrs["stand_in"]
    return f"{text} {stand_in[:1].upper()}{stand_in[1:]}." if stand_in else text


def core_name(core: xr.Dataset) -> str:
    """What a place of the core result is: a core site, or one that stands in for it."""
    return "stand-in" if core.attrs["stand_in"] else "core site"


def _in_words(reason: str) -> str:
    return next((words for part, words in REASONS.items() if part in reason), reason)


def selected(found: xr.Dataset, each: int = 2) -> list[str]:
    """Places to draw: of either kind those with the largest falling and rising trends in situ."""
    names: list[str] = []
    for kind in ("core", "sparse"):
        part = members(found, (kind,))
        order = np.argsort(part["percent"].sel(series=IN_SITU).values)
        ends = [*order[: (each + 1) // 2], *order[::-1][: each // 2]]
        names += [str(part["place"].values[k]) for k in dict.fromkeys(ends)]
    return list(dict.fromkeys(names))


# Other readings of the rules, each with one word changed.
VARIANTS = {
    "as in the chapter": {},
    "whole record": {"record": "whole"},
    "yearly means": {"step": "year"},
    "without the yearly cycle": {"without_cycle": True},
    "records of ten years": {"least_years": 10},
}


def variants(
    parts: Sequence[tuple[xr.Dataset, xr.DataArray]],
    rules: Rules = trend_slopes.PAPER,
    n_replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Correlations of LSTM's slopes with those in situ under other readings of the rules.

    ``parts``: (result of ``hindcast.run``, ``trend_slopes.readings``) of each kind. Columns:
    variant, group, n_places, r, r_low, r_high, why.
    """
    tables = []
    for name, change in VARIANTS.items():
        one = replace(rules, **change)
        found = []
        for result, insitu in parts:
            moisture = trend_slopes.series(result, insitu, one, ["LSTM"])
            found.append(trend_slopes.slopes(moisture, one, ["plain"]))
        table = agreement(
            trend_slopes.together(*found), ["LSTM"], n_replicates=n_replicates, seed=seed
        )
        tables.append(table.assign(variant=name))
    columns = ["variant", "group", "n_places", "r", "r_low", "r_high", "why"]
    return pd.concat(tables, ignore_index=True)[columns]


def by_step(found: xr.Dataset, parts: Sequence[xr.DataArray]) -> pd.DataFrame:
    """``significance`` of ``found`` and, of in situ and LSTM, of monthly and yearly means.

    ``parts`` are the ``trend_slopes.series`` of each kind: days depend on each other far more than
    months do, and months more than years.
    """
    tables = [significance(found)]
    for step in ("month", "year"):
        if step != found.attrs["step"]:
            rules = Rules(step=step)
            slopes = [trend_slopes.slopes(p.sel(series=[IN_SITU, "LSTM"]), rules) for p in parts]
            tables.append(significance(trend_slopes.together(*slopes)))
    return pd.concat(tables, ignore_index=True)


def beside(table: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """``agreement`` for reading, with the r and number of places of a reference run, if any."""
    if reference is None:
        return table
    keys = ["group", "product"]
    known = reference[[*keys, "r", "n_places"]]
    known = known.rename(columns={"r": "r_reference", "n_places": "n_places_reference"})
    return table.merge(known, how="left", on=keys)
