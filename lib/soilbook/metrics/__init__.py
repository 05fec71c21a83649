"""Scores, their intervals, and tests: NumPy kernels with time on the last axis, xarray above."""

from soilbook.metrics.bootstrap import (
    RESAMPLED,
    Interval,
    Resampled,
    autocorrelation,
    block_length,
    choose_length,
    day_weights,
    influence,
    interval,
    mean_over_sites,
    recentred,
    resample,
)
from soilbook.metrics.calibration import (
    coverage,
    crps_gaussian,
    mixture_probability,
    model_averaging,
    pit_gaussian,
    reliability,
)
from soilbook.metrics.collocation import collocation_intervals, merge_weights, triple_collocation
from soilbook.metrics.comparison import compare, correct, pseudomedian, signed_rank, smallest_p
from soilbook.metrics.scores import (
    METRICS,
    Metric,
    anomaly_r,
    bias,
    kge,
    moving_mean,
    r,
    r2,
    rmse,
    score,
    skill,
    ubrmse,
)
from soilbook.metrics.trends import trend, trends

__all__ = [
    "METRICS", "RESAMPLED", "Interval", "Metric", "Resampled", "anomaly_r", "autocorrelation",
    "bias", "block_length", "choose_length", "collocation_intervals", "compare", "correct",
    "coverage", "crps_gaussian", "day_weights", "influence", "interval", "kge", "mean_over_sites",
    "merge_weights", "mixture_probability", "model_averaging", "moving_mean", "pit_gaussian",
    "pseudomedian", "r", "r2", "recentred", "reliability", "resample", "rmse", "score",
    "signed_rank", "skill", "smallest_p", "trend", "trends", "triple_collocation", "ubrmse",
]  # fmt: skip
