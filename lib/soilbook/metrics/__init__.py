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
from soilbook.metrics.comparison import (
    compare,
    correct,
    pseudomedian,
    signed_rank,
    smallest_p,
    too_few,
)
from soilbook.metrics.scores import (
    METRICS,
    Metric,
    anomaly_r,
    bias,
    kge,
    mean_where,
    moving_mean,
    r,
    r2,
    rmse,
    score,
    skill,
    ubrmse,
)
from soilbook.metrics.trends import trend, trends
from soilbook.metrics.uncertainty import (
    collocation_intervals,
    coverage,
    crps_gaussian,
    merge_weights,
    mixture_probability,
    model_averaging,
    pit_gaussian,
    reliability,
    triple_collocation,
)
