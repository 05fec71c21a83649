"""Scores, their intervals, and tests: NumPy kernels with time on the last axis, xarray above."""

from soilbook.metrics.anomalies import moving_mean
from soilbook.metrics.averaging import Averaging, mixture_probability, model_averaging
from soilbook.metrics.blocks import autocorrelation, block_length, day_weights
from soilbook.metrics.bootstrap import (
    Interval,
    Resampled,
    difference,
    interval,
    recentred,
    resample,
)
from soilbook.metrics.calibration import (
    coverage,
    crps_ensemble,
    crps_gaussian,
    interval_score,
    pit_ensemble,
    pit_gaussian,
    reliability,
)
from soilbook.metrics.clusters import Spread, mean_over_sites, spread
from soilbook.metrics.collocation import (
    Collocation,
    merge,
    merge_weights,
    to_common_units,
    triple_collocation,
)
from soilbook.metrics.collocation_intervals import CollocationIntervals, collocation_intervals
from soilbook.metrics.comparison import compare
from soilbook.metrics.dataset import score
from soilbook.metrics.intervals import average_sites, pooled, site_scores
from soilbook.metrics.lengths import RESAMPLED, choose_length, influence
from soilbook.metrics.scores import (
    METRICS,
    Metric,
    anomaly_r,
    bias,
    kge,
    kge_modified,
    r,
    r2,
    rmse,
    skill,
    ubrmse,
)
from soilbook.metrics.significance import (
    correct,
    diebold_mariano,
    pseudomedian,
    sign_test,
    signed_rank,
)
from soilbook.metrics.trends import trend, trends

__all__ = [
    "METRICS",
    "RESAMPLED",
    "Averaging",
    "Collocation",
    "CollocationIntervals",
    "Interval",
    "Metric",
    "Resampled",
    "Spread",
    "anomaly_r",
    "autocorrelation",
    "average_sites",
    "bias",
    "block_length",
    "choose_length",
    "collocation_intervals",
    "compare",
    "correct",
    "coverage",
    "crps_ensemble",
    "crps_gaussian",
    "day_weights",
    "diebold_mariano",
    "difference",
    "influence",
    "interval",
    "interval_score",
    "kge",
    "kge_modified",
    "mean_over_sites",
    "merge",
    "merge_weights",
    "mixture_probability",
    "model_averaging",
    "moving_mean",
    "pit_ensemble",
    "pit_gaussian",
    "pooled",
    "pseudomedian",
    "r",
    "r2",
    "recentred",
    "reliability",
    "resample",
    "rmse",
    "score",
    "sign_test",
    "signed_rank",
    "site_scores",
    "skill",
    "spread",
    "to_common_units",
    "trend",
    "trends",
    "triple_collocation",
    "ubrmse",
]
