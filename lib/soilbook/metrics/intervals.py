"""Scores of sites with intervals as Datasets: resampled site by site, then averaged."""

import zlib

import numpy as np
import xarray as xr

from soilbook.errors import DataError, ParameterError, unknown
from soilbook.metrics.bootstrap import Resampled, interval, recentred, resample
from soilbook.metrics.clusters import mean_over_sites, spread
from soilbook.metrics.lengths import named
from soilbook.metrics.scores import METRICS

BOUNDED = ("value", "low", "high")


def site_scores(
    observed: xr.DataArray,
    predicted: xr.DataArray,
    metric: str = "r2",
    dim: str = "time",
    length: int | None = None,
    n_replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Score of every site with the interval over its days, and the replicates behind it.

    ``observed`` and ``predicted`` have the dimensions ``site``, ``dim`` (calendar days, in order,
    missing ones NaN; records of other lengths padded with NaN) and any others; scores are averaged
    over ``repetition`` where there is one. Within a site all share the days drawn, so differences
    are paired. A site's replicates depend on ``seed`` and its name alone.
    Returns ``value``, ``low``, ``high``, ``repetition_spread`` (standard deviation), each
    (site, ...), ``replicate`` (site, draw, ...), ``block_length`` and ``n_days`` (site).
    Raises ParameterError for an unknown metric or dimension, DataError for labels that differ.
    """
    named(metric)
    for name, array in (("observed", observed), ("predicted", predicted)):
        for needed in ("site", dim):
            if needed not in array.dims:
                raise unknown(f"dimension of {name}", needed, array.dims)
    try:
        xr.align(observed, predicted, join="exact")
    except ValueError as error:
        line = str(error).splitlines()[0]
        raise DataError(f"observed and predicted do not fit: {line}") from None
    sites = []
    for k in range(observed.sizes["site"]):
        o, p = xr.broadcast(observed.isel(site=k, drop=True), predicted.isel(site=k, drop=True))
        if "repetition" not in p.dims:
            o, p = (a.expand_dims("repetition") for a in (o, p))
        o, p = (a.transpose(..., "repetition", dim) for a in (o, p))
        name = str(observed["site"].values[k]) if "site" in observed.coords else str(k)
        site_seed = zlib.crc32(f"{seed} {name}".encode())
        one = _one_site(o.values, p.values, metric, length, n_replicates, site_seed)
        kept = p.dims[:-2]
        dims = {"replicate": ("draw", *kept), "block_length": (), "n_days": ()}
        sites.append(
            xr.Dataset(
                {n: (dims.get(n, kept), v) for n, v in one.items()},
                coords={d: p[d] for d in kept if d in p.coords},
            )
        )
    scores = xr.concat(sites, "site")
    if "site" in observed.coords:
        scores = scores.assign_coords(site=observed["site"])
    scores.attrs = {"metric": metric, "level": level}
    return _bounded(scores)


def _one_site(o, p, metric, length, n_replicates, seed) -> dict:
    """Arrays of one site, whose last axes are repetition and time."""
    kept = o.shape[:-2]
    if not (np.isfinite(o) & np.isfinite(p)).any():
        nothing, draws = np.full(kept, np.nan), np.full((n_replicates, *kept), np.nan)
        names = dict.fromkeys(("value", "repetition_spread"), nothing)
        return names | {"replicate": draws, "block_length": 0, "n_days": 0}
    each = resample(o, p, metric, length, n_replicates, seed)
    return {
        "value": each.value.mean(-1),
        "repetition_spread": spread(each.value).standard_deviation,
        "replicate": each.replicates.mean(-1),
        "block_length": each.length,
        "n_days": each.n_days,
    }


def _resampled(scores: xr.Dataset) -> list[Resampled]:
    """The array side of scores, one for each site."""
    stable = METRICS[scores.attrs["metric"]].stable
    value = scores["value"].transpose("site", ...)
    replicate = scores["replicate"].transpose("site", "draw", *value.dims[1:]).values
    length = np.maximum(scores["block_length"].values, 1)
    n_days = scores["n_days"].values
    return [
        Resampled(value.values[k], replicate[k], int(length[k]), int(n_days[k]), stable)
        for k in range(len(replicate))
    ]


def _bounded(scores: xr.Dataset) -> xr.Dataset:
    """Scores with ``low`` and ``high`` from their replicates, and units."""
    bounds = [interval(one, scores.attrs["level"]) for one in _resampled(scores)]
    like = scores["value"].transpose("site", ...)
    for name in ("low", "high"):
        scores[name] = like.copy(data=np.stack([getattr(one, name) for one in bounds]))
    for name in (*BOUNDED, "replicate", "repetition_spread"):
        scores[name].attrs["units"] = METRICS[scores.attrs["metric"]].units
    scores["block_length"].attrs["units"] = scores["n_days"].attrs["units"] = "d"
    return scores


def pooled(scores: xr.Dataset) -> xr.Dataset:
    """The pooled reading of ``site_scores`` by ``lead``: at lead h the mean of leads 1 to h.

    The spread of repetitions is the mean of those pooled. Raises ParameterError unless the leads
    are 1, 2, 3 ... without a gap.
    """
    lead = scores["lead"].values if "lead" in scores.coords else None
    if lead is None or list(lead) != list(range(1, len(lead) + 1)):
        found = "no lead" if lead is None else f"leads {', '.join(map(str, lead))}"
        raise ParameterError(f"{found}; pooling needs every lead from 1 on")
    out = scores.copy()
    for name in ("value", "replicate", "repetition_spread"):
        out[name] = scores[name].cumsum("lead", skipna=False) / scores["lead"]
    return _bounded(out)


def site_replicates(scores: xr.Dataset) -> xr.DataArray:
    """Replicates centred on their scores (``bootstrap.recentred``): (draw, site, ...)."""
    value = scores["value"].transpose("site", ...)
    centred = np.stack([recentred(one) for one in _resampled(scores)], 1)
    return xr.DataArray(centred, dims=("draw", *value.dims), coords=value.coords)


def average_sites(scores: xr.Dataset, sites: str = "resampled", seed: int = 0) -> xr.Dataset:
    """Mean over sites of the result of ``site_scores`` or ``pooled``.

    Returns ``value``, ``low``, ``high``, ``n_sites`` and the mean ``repetition_spread``; ``sites``
    is the population the interval speaks of (``clusters.mean_over_sites``).
    """
    value = scores["value"].transpose("site", ...)
    replicates = site_replicates(scores)
    n, level = replicates.sizes["draw"], scores.attrs["level"]
    bounds = mean_over_sites(value.values, replicates.values, sites, n, level, seed)
    mean = value.isel(site=0, drop=True)
    out = xr.Dataset({name: mean.copy(data=getattr(bounds, name)) for name in BOUNDED})
    out["n_sites"] = value.notnull().sum("site")
    out["repetition_spread"] = scores["repetition_spread"].mean("site")
    out.attrs = {**scores.attrs, "sites": sites}
    return out
