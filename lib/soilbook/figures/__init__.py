"""One function per published figure: a result in, a matplotlib Figure out."""

from soilbook.figures import (
    architecture,
    attribution,
    collocation,
    core_bars,
    core_series,
    forecast_leads,
    fusion_weights,
    information_flow,
    lstm_unit,
    satellite_data,
    sparse_network,
    trend_slopes,
    winter_gaps,
    year_ahead,
)

__all__ = [
    "architecture",
    "attribution",
    "collocation",
    "core_bars",
    "core_series",
    "forecast_leads",
    "fusion_weights",
    "information_flow",
    "lstm_unit",
    "satellite_data",
    "sparse_network",
    "trend_slopes",
    "winter_gaps",
    "year_ahead",
]
