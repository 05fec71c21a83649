"""Scores of forecasts at many sites, by lead and reading, with intervals of their means.

``pooled`` at lead h is the mean of the scores of the steps 1 to h, which the authors' programs
compute and the published tables print; ``at_lead`` is the score of step h alone.
"""

import numpy as np
import xarray as xr

from soilbook import metrics

LEADS = (1, 3, 7)
READINGS = ("pooled", "at_lead")
VALUES = ("r2", "rmse", "bias", "ubrmse", "r", "kge", "anomaly_r", "skill")
RESAMPLED = ("r2", "rmse")


def score(forecasts: dict[str, xr.Dataset], n_replicates: int, seed: int = 0) -> xr.Dataset:
    """Scores of each model; ``forecasts`` maps its name to what ``studies.forecasts`` returns.

    Returns, for the metrics of VALUES, the mean over sites ``<metric>`` (model, depth, lead,
    reading), for r2 and rmse with ``_low`` and ``_high`` (95 %, sites as clusters, blocks of days
    within each); ``site_<metric>`` (model, site, depth, lead, reading), with intervals over days
    for r2 and rmse; ``repetition_r2`` (model, repetition, site, depth, lead, reading);
    ``n_sites`` (model, depth) and ``n_repetitions`` (model). Soil moisture in m3 m-3.
    """
    persistence = forecasts["persistence"].isel(repetition=0)["forecast"].values
    climatology = forecasts["climatology"].isel(repetition=0)["forecast"].values
    lengths = _block_lengths(forecasts["persistence"]["observed"].values, persistence)
    parts = [
        _score_model(part, persistence, climatology, lengths, n_replicates, seed)
        for part in forecasts.values()
    ]
    scores = xr.concat(parts, xr.IndexVariable("model", list(forecasts)), join="outer")
    for name in ("rmse", "bias", "ubrmse"):
        scores[name].attrs["units"] = "m3 m-3"
    return scores


def _score_model(part, persistence, climatology, lengths, n_replicates, seed) -> xr.Dataset:
    """All scores of one model; arrays are (repetition, site, depth, step, day)."""
    observed, predicted = part["observed"].values, part["forecast"].values
    steps = {
        name: metrics.METRICS[name].function(observed, predicted)
        for name in VALUES
        if metrics.METRICS[name].needs is None
    }
    steps["anomaly_r"] = metrics.anomaly_r(observed, predicted, climatology)
    steps["skill"] = metrics.skill(observed, predicted, persistence)
    # (repetition, site, depth, lead, reading)
    values = {name: _by_lead(array, axis=3) for name, array in steps.items()}
    out = {"repetition_r2": (("repetition", "site", "depth", "lead", "reading"), values["r2"])}
    at_site, over_sites = ("site", "depth", "lead", "reading"), ("depth", "lead", "reading")
    for name in VALUES:
        site_values = _mean(values[name], 0)
        out[f"site_{name}"] = (at_site, site_values)
        replicates = None
        if name in RESAMPLED:
            replicates, low, high = _replicates(
                observed, predicted, name, lengths, n_replicates, seed
            )
            out[f"site_{name}_low"], out[f"site_{name}_high"] = (at_site, low), (at_site, high)
        mean = metrics.mean_over_sites(site_values, replicates, n_replicates=n_replicates)
        out[name] = (over_sites, mean.value)
        if name in RESAMPLED:
            out[f"{name}_low"], out[f"{name}_high"] = (
                (over_sites, mean.low),
                (over_sites, mean.high),
            )
    n_sites = np.isfinite(_mean(values["r2"], 0)[:, :, 0, 0]).sum(0)
    out["n_sites"] = (("depth",), n_sites)
    out["n_repetitions"] = ((), part.sizes["repetition"])
    coords = {name: part[name].values for name in ("repetition", "site", "depth")}
    return xr.Dataset(out, coords | {"lead": list(LEADS), "reading": list(READINGS)})


def _replicates(observed, predicted, metric, lengths, n_replicates, seed):
    """Replicates (replicate, site, depth, lead, reading), mean of repetitions, and site bounds.

    All models of a site share its block length and seed: their replicates are paired.
    """
    n_sites, n_depths = observed.shape[:2]
    shape = (n_sites, n_depths, len(LEADS), len(READINGS))
    replicates = np.full((n_replicates, *shape), np.nan)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    for j in range(n_sites):
        drawn = metrics.resample(
            observed[j], predicted[:, j], metric, lengths[j], n_replicates, seed + j
        )
        centred = _mean(_by_lead(metrics.recentred(drawn), axis=3), 1)
        value = _mean(_by_lead(drawn.value, axis=2), 0)
        replicates[:, j] = centred
        pooled = metrics.Resampled(value, centred, drawn.length, drawn.n_days, drawn.stable)
        bounds = metrics.interval(pooled)
        low[j], high[j] = bounds.low, bounds.high
    return replicates, low, high


def _block_lengths(observed: np.ndarray, persistence: np.ndarray) -> list[int]:
    """Block length (d) of each site from persistence, so that it is one for all models."""
    return [
        metrics.choose_length(one, other) for one, other in zip(observed, persistence, strict=True)
    ]


def _by_lead(steps: np.ndarray, axis: int) -> np.ndarray:
    """Scores of single steps along ``axis`` to two last axes, lead and reading."""
    steps = np.moveaxis(steps, axis, -1)
    pooled = [steps[..., :lead].mean(-1) for lead in LEADS]
    at_lead = [steps[..., lead - 1] for lead in LEADS]
    return np.stack([np.stack(pooled, -1), np.stack(at_lead, -1)], -1)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis, NaN left out, NaN without a warning where nothing is left."""
    valid = np.isfinite(values)
    n = valid.sum(axis)
    total = np.where(valid, values, 0).sum(axis)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)
