"""The claims of Wang et al. (2024) on weights, Shapley values and t-SNE: Figs 12, 14 and 15.

Each is measured by a number of its own, at one site. Intervals: test samples drawn again for
Shapley values; a half of the samples left out for pictures, whose measures look at neighbours
(delete-half jackknife, Shao and Wu 1989, doi 10.1214/aos/1176347263); repetitions for weights.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata, t

from soilbook import claims as judge
from soilbook import metrics, published
from soilbook.claims import COLUMNS, Case, Measured
from soilbook.explain import embedding, importance

DRAWS = 100  # of the test samples
HALVES = 10  # choices of half the samples of a picture
ALIKE_VALUES = 0.9  # rank correlation of Shapley values of two networks that use data alike
SHARED = 0.5  # share of nearest neighbours that two pictures of one encoding have in common
MEASURES = {
    "order": embedding.by_moisture,
    "direction": embedding.along_direction,
    "silhouette": lambda position, moisture: embedding.silhouette(position),
}
NOT_RUN = Measured(missing="the networks were not run")
TURNED = {"lower": -1}  # relations of which a negative difference agrees with the claim


def means(values: xr.Dataset) -> pd.DataFrame:
    """Mean |Shapley value| (m3 m-3), width (m3 m-3) and effect of each input and network."""
    names = ("mean_absolute", "width", "effect")
    found = xr.Dataset({name: getattr(importance, name)(values) for name in names})
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
        found = importance.attention_agreement(*pair)
        row = {name: float(found[name]) for name in ("mean", "low", "high")}
        rows.append({"depth_m": depth, "rank_correlation": row.pop("mean"), **row})
    return pd.DataFrame(rows)


def of_attention(weights: xr.Dataset, data: str = "observed") -> pd.DataFrame:
    """The claims of section 4.4 on Fig 12, indexed by their id; ``data`` is the track."""
    rows = {
        claim.id: judge.labelled(claim, WEIGHTS[claim.measure](claim, weights), data)
        for claim in published.claims("4.4").itertuples()
        if claim.measure in WEIGHTS
    }
    return pd.DataFrame.from_dict(rows, orient="index")[COLUMNS]


def of_pictures(values: xr.Dataset, pictures: xr.Dataset, data: str = "observed") -> pd.DataFrame:
    """The claims of section 4.6 on Fig 14 and Fig 15, and the two of section 5 that rest on them.

    ``values`` of ``s4_6_visualization.attribution``, ``pictures`` (panel) with the measures order,
    direction and silhouette and, for intervals, ``position`` and ``moisture``; ``data`` is the
    track.
    """
    sections = pd.concat([published.claims("4.6"), published.claims("5")])
    own = (
        claim for claim in sections.itertuples() if claim.section == "4.6" or claim.measure in SUMS
    )
    return judge.table(
        judge.labelled(claim, _measured(claim, values, pictures), data) for claim in own
    )


def _measured(claim, values, pictures) -> Measured:
    if not claim.measure:
        return Measured()
    return (PICTURES | SUMS)[claim.measure](claim, values, pictures)


def _feature_weights(claim, weights: xr.Dataset) -> Measured:
    feature = weights["feature_weight"].mean("step")
    if feature.sizes["repetition"] < 2:
        return Measured(missing=f"{claim.claim}: needs repetitions")
    between = float(feature.mean("repetition").std("depth").mean())
    return Measured(between / float(feature.std("repetition", ddof=1).mean()))


def _time_weights(claim, weights: xr.Dataset) -> Measured:
    days = weights["time_weight"].transpose("repetition", "depth", "step").values
    latest = days[..., -1] - days[..., :-1].max(-1)
    found = metrics.mean_over_sites(latest)
    cases = [Case(*one) for one in zip(found.value, found.low, found.high, strict=True)]
    return _of_cases(cases)


WEIGHTS = {"feature weights": _feature_weights, "time weights": _time_weights}


def _of_cases(cases: list[Case], n: int | None = None, **words) -> Measured:
    """All cases, of which the least is shown."""
    least = min(cases, key=lambda one: one.value)
    return Measured(*least[:3], cases=tuple(cases), n=n, words=words)


def _over_samples(statistic: Callable[[xr.Dataset], np.ndarray], values: xr.Dataset) -> list[Case]:
    """Cases of a statistic (case,) of Shapley values, test samples drawn again."""
    n, found = values.sizes["sample"], np.asarray(statistic(values), float)
    if n < 2:
        return [Case(value) for value in found]
    drawn = np.random.default_rng(0).integers(n, size=(DRAWS, n))
    replicates = np.array([statistic(values.isel(sample=rows)) for rows in drawn])
    low, high = np.quantile(replicates, (0.025, 0.975), axis=0)  # NaN where a draw has none
    return [Case(*map(float, one)) for one in zip(found, low, high, strict=True)]


def _pairs(claim, there) -> list[tuple[str, str]]:
    """Every subject with every reference, of the networks that are there."""
    return [(a, b) for a in claim.subject for b in claim.reference if {a, b} <= set(there)]


def _asked(claim) -> int:
    return len(claim.subject) * len(claim.reference)


def _by_pair(claim, values: xr.Dataset, measure: Callable[[xr.Dataset], xr.DataArray]) -> Measured:
    """Differences of a number of each network over all pairs; those not run count as open."""
    pairs, sign = _pairs(claim, values["model"].values), TURNED.get(claim.relation, 1)
    if not pairs:
        return NOT_RUN

    def differences(part: xr.Dataset) -> np.ndarray:
        found = measure(part)
        return np.array([sign * float(found.sel(model=a) - found.sel(model=b)) for a, b in pairs])

    shown = measure(values)
    told = [f"{name} {float(shown.sel(model=name)):+.2f}" for name in shown["model"].values]
    asked = {*claim.subject, *claim.reference}
    words = ", ".join(one for one in told if one.rpartition(" ")[0] in asked)
    return _of_cases(_over_samples(differences, values), _asked(claim), values=words)


def _width(claim, values: xr.Dataset, pictures) -> Measured:
    def widest(part: xr.Dataset) -> xr.DataArray:
        phi = part["phi"].transpose("sample", "model", ...).values
        low, high = np.quantile(phi, (0.01, 0.99), axis=0)
        return part["model"].copy(data=(high - low).reshape(part.sizes["model"], -1).max(1))

    return _by_pair(claim, values, widest)


def _third_day(values: xr.Dataset) -> xr.DataArray:
    one = values.sel(step=[3], feature=["soil_temperature"])
    return importance.effect(one).isel(step=0, feature=0, drop=True)


def _effects(claim, values: xr.Dataset, pictures) -> Measured:
    if "soil_temperature" not in values["feature"].values:
        return NOT_RUN
    return _by_pair(claim, values, _third_day)


def _effect(claim, values: xr.Dataset, pictures) -> Measured:
    """Sign of the rank correlation of soil temperature of the third day with its values."""
    there = [name for name in claim.subject if name in values["model"].values]
    if not there:
        return NOT_RUN
    part = values.sel(model=there)
    cases = _over_samples(lambda one: _third_day(one).values, part)
    told = ", ".join(f"{name} {one.value:+.2f}" for name, one in zip(there, cases, strict=True))
    return _of_cases(cases, len(claim.subject), values=told)


def _latest_day(claim, values: xr.Dataset, pictures) -> Measured:
    if not set(claim.subject) <= set(values["model"].values):
        return Measured(missing="the network was not run")

    def rises(part: xr.Dataset) -> np.ndarray:
        return importance.mean_absolute(part).sum("feature").diff("step").values

    return _of_cases(_over_samples(rises, values.sel(model=claim.subject[0])))


def _correlations(values: xr.Dataset, names: list[str]) -> np.ndarray:
    """Spearman correlations of all Shapley values of every two of the networks ``names``."""
    phi = values["phi"].sel(model=names).transpose("model", ...).values.reshape(len(names), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.corrcoef(rankdata(phi, axis=1))


def _nearer(claim, values: xr.Dataset, pictures) -> Measured:
    """How much nearer a network is to the one it is likened to than to another."""
    names = [claim.subject[0], claim.reference[0], claim.against]
    if not set(names) <= set(values["model"].values):
        return NOT_RUN
    one = _correlations(values, names)[0]
    near, far = (f"{name} {r:.2f}" for name, r in zip(names[1:], one[1:], strict=True))

    def nearer(part: xr.Dataset) -> np.ndarray:
        found = _correlations(part, names)[0]
        return found[1:2] - found[2:]

    return _of_cases(_over_samples(nearer, values), near=near, far=far)


def _likeness(claim, values: xr.Dataset, pictures) -> Measured:
    names = [claim.reference[0], *claim.subject]
    if not set(names) <= set(values["model"].values):
        return NOT_RUN
    cases = _over_samples(lambda part: _correlations(part, names)[0, 1:], values)
    told = zip(claim.subject, cases, strict=True)
    least = min(cases, key=lambda one: one.value)
    return Measured(*least[:3], words={"values": ", ".join(f"{a} {c.value:.2f}" for a, c in told)})


def _unlike_values(claim, values: xr.Dataset, pictures) -> Measured:
    """Share of the pairs of networks whose Shapley values are not alike."""
    names = [name for name in claim.subject if name in values["model"].values]
    if len(names) < len(claim.subject):
        return NOT_RUN
    upper = np.triu_indices(len(names), 1)

    def share(part: xr.Dataset) -> np.ndarray:
        return np.array([(_correlations(part, names)[upper] < ALIKE_VALUES).mean()])

    (one,) = _over_samples(share, values)
    return _counted(one, len(upper[0]))


def _counted(share: Case, n: int) -> Measured:
    return Measured(*share[:3], words={"held_cells": round(share.value * n), "n_cells": n})


def _halves(statistic, pictures: xr.Dataset, value: np.ndarray) -> list[Case]:
    """Cases of a statistic (case,) of pictures, a half of the samples left out in turn."""
    if "position" not in pictures or pictures.sizes["sample"] < 4 * embedding.NEIGHBOURS:
        return [Case(float(one)) for one in value]
    random, n = np.random.default_rng(0), pictures.sizes["sample"]
    kept = [np.sort(random.permutation(n)[: n // 2]) for _ in range(HALVES)]
    found = np.array([statistic(pictures.isel(sample=rows)) for rows in kept])
    half = t.ppf(0.975, HALVES - 1) * found.std(axis=0, ddof=1)
    return [Case(float(v), float(v - h), float(v + h)) for v, h in zip(value, half, strict=True)]


def _picture(claim, values, pictures: xr.Dataset) -> Measured:
    name, sign = claim.measure, TURNED.get(claim.relation, 1)
    pairs = _pairs(claim, pictures["panel"].values)
    if not pairs:
        return NOT_RUN

    def differences(found: dict[str, float]) -> np.ndarray:
        return np.array([sign * (found[a] - found[b]) for a, b in pairs])

    def measured(part: xr.Dataset) -> np.ndarray:
        positions = part["position"].transpose("panel", "sample", "axis").values
        numbers = [MEASURES[name](one, part["moisture"].values) for one in positions]
        return differences(dict(zip(part["panel"].values, numbers, strict=True)))

    shown = dict(zip(pictures["panel"].values, pictures[name].values.tolist(), strict=True))
    return _of_cases(_halves(measured, pictures, differences(shown)), _asked(claim))


def _unlike_pictures(claim, values, pictures: xr.Dataset) -> Measured:
    """Share of the pairs of networks whose pictures have other neighbours."""
    names = [name for name in claim.subject if name in pictures["panel"].values]
    if len(names) < len(claim.subject) or "position" not in pictures:
        return NOT_RUN
    pairs = list(combinations(range(len(names)), 2))

    def share(part: xr.Dataset) -> np.ndarray:
        at = part["position"].sel(panel=names).transpose("panel", "sample", "axis").values
        unlike = [embedding.overlap(at[a], at[b]) < SHARED for a, b in pairs]
        return np.array([np.mean(unlike)])

    (one,) = _halves(share, pictures, share(pictures))
    return _counted(one, len(pairs))


PICTURES = {
    "width": _width,
    "effect of ST3": _effect,
    "effects of ST3": _effects,
    "latest day": _latest_day,
    "nearer": _nearer,
    "likeness": _likeness,
    "order": _picture,
    "direction": _picture,
    "silhouette": _picture,
}
# Claims of section 5 that rest on these figures alone.
SUMS = {"unlike values": _unlike_values, "unlike pictures": _unlike_pictures}
