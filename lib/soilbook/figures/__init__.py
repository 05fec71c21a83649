"""One function per published figure: a result in, a matplotlib Figure out."""

from soilbook.figures import (
    additivity,
    architecture,
    attention,
    attribution,
    embedding,
    gains,
    maps,
    pooled,
    score_panels,
    series,
    site_statistics,
    style,
)

__all__ = [
    "additivity",
    "architecture",
    "attention",
    "attribution",
    "embedding",
    "gains",
    "maps",
    "pooled",
    "score_panels",
    "series",
    "site_statistics",
    "style",
]
