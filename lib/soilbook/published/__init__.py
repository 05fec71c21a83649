"""The papers' own numbers, as printed: tables, settings, claims and statements."""

from soilbook.published.fang2019 import statements, year_ahead
from soilbook.published.wang2024 import (
    claims,
    hyperparameters,
    layers,
    r2,
    scores,
    sites,
    splits,
    weather,
)

__all__ = [
    "claims",
    "hyperparameters",
    "layers",
    "r2",
    "scores",
    "sites",
    "splits",
    "statements",
    "weather",
    "year_ahead",
]
