"""One function per published figure: a result in, a matplotlib Figure out."""

from soilbook.figures import (
    attention,
    attribution,
    embedding,
    maps,
    score_panels,
    series,
    site_statistics,
    style,
)

__all__ = [
    "attention",
    "attribution",
    "embedding",
    "maps",
    "score_panels",
    "series",
    "site_statistics",
    "style",
]
