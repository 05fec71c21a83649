"""One function per published figure: a result in, a matplotlib Figure out."""

from soilbook.figures import (
    architecture,
    attention,
    attribution,
    embedding,
    gains,
    maps,
    score_panels,
    series,
    site_statistics,
    style,
)

__all__ = [
    "architecture",
    "attention",
    "attribution",
    "embedding",
    "gains",
    "maps",
    "score_panels",
    "series",
    "site_statistics",
    "style",
]
