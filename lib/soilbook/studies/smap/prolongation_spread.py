"""Is the uncertainty that networks state of themselves right? The year-ahead test of study 2.

Monte-Carlo dropout and a deep ensemble know of the network's own doubt alone. SMAP's noise, and
what weather cannot tell, come on top: their size at each pixel is taken from the misfit of the
training years, so that nothing here was fitted to the test year.
"""

import numpy as np
import xarray as xr
from scipy.stats import norm

from soilbook import metrics
from soilbook.studies.smap.place_draws import blocks, median_interval

LEVELS = (0.5, 0.8, 0.95)
BINS = 10
NOISE = " and misfit"


def spreads(result: xr.Dataset) -> xr.Dataset:
    """``mean`` and ``deviation`` (way, pixel, time), m3 m-3, of every way that ``result`` has.

    Ways: "dropout" (where draws were taken), "ensemble" (two networks or more), and each with the
    misfit of training added in square. ``result`` as ``prolongation.year_ahead`` returns it.
    """
    networks = [p for p in result["predictor"].values if str(p).startswith("network")]
    members = {}
    if "dropout_moisture" in result:
        members["dropout"] = result["dropout_moisture"].rename(draw="member")
    if len(networks) > 1:
        chosen = result["moisture"].sel(predictor=networks)
        members["ensemble"] = chosen.drop_vars("predictor").rename(predictor="member")
    # A pixel never observed in training has the misfit of the others.
    misfit = result["training_rmse"].fillna(result["training_rmse"].median())
    parts = {}
    for name, values in members.items():
        mean, deviation = values.mean("member"), values.std("member", ddof=1)
        total = np.hypot(deviation, misfit)
        for label, size in ((name, deviation), (name + NOISE, total)):
            parts[label] = xr.Dataset({"mean": mean, "deviation": size})
    return _joined(parts)


def calibration(result: xr.Dataset, n_replicates: int = 1000, seed: int = 0) -> xr.Dataset:
    """How often normal intervals hold the observed value, and whether wide ones err more.

    ``coverage`` (way, level) of the central intervals of LEVELS, median over pixels, with
    ``coverage_low`` and ``_high`` (blocks of pixels drawn again); ``inside`` (way, nominal) of
    many levels, mean over pixels; ``crps`` (way), median over pixels, m3 m-3; ``width`` (way,
    level), mean; ``spread`` and ``error`` (way, bin): root mean squares of deviation and error
    of days sorted by deviation into BINS of equal number.
    """
    stated = spreads(result)
    observed = result["observed"].transpose("pixel", "time").values.astype(float)
    groups = blocks(result["row"].values, result["column"].values)
    parts = {}
    for way in stated["way"].values:
        one = stated.sel(way=way).transpose("pixel", "time")
        of_way = one["mean"].values, one["deviation"].values
        parts[way] = _of(observed, *of_way, groups, n_replicates, seed)
    return _joined(parts)


def _joined(parts: dict[str, xr.Dataset]) -> xr.Dataset:
    if not parts:
        return xr.Dataset(coords={"way": []})
    return xr.concat(parts.values(), xr.Variable("way", list(parts)))


def _of(observed, mean, deviation, groups, n_replicates: int, seed: int) -> xr.Dataset:
    half = [norm.ppf((1 + level) / 2) * deviation for level in LEVELS]
    held = np.stack([metrics.coverage(observed, mean - one, mean + one) for one in half])
    share, low, high = median_interval(held, groups, n_replicates, seed=seed)
    nominal, inside = metrics.reliability(metrics.pit_gaussian(observed, mean, deviation))
    spread, error = _skill(observed - mean, deviation)
    return xr.Dataset(
        {
            "coverage": ("level", share),
            "coverage_low": ("level", low),
            "coverage_high": ("level", high),
            "width": ("level", [2 * float(np.nanmean(one)) for one in half], {"units": "m3 m-3"}),
            "inside": ("nominal", np.nanmean(inside, axis=1)),
            "crps": ((), float(np.nanmedian(metrics.crps_gaussian(observed, mean, deviation)))),
            "spread": ("bin", spread),
            "error": ("bin", error),
        },
        coords={"level": list(LEVELS), "nominal": nominal, "bin": np.arange(1, BINS + 1)},
    )


def _skill(error: np.ndarray, deviation: np.ndarray) -> tuple[list[float], list[float]]:
    there = np.isfinite(error) & np.isfinite(deviation)
    error, deviation = error[there], deviation[there]
    parts = np.array_split(np.argsort(deviation, kind="stable"), BINS)
    both = [[float(np.sqrt(np.mean(a[part] ** 2))) for part in parts] for a in (deviation, error)]
    return both[0], both[1]
