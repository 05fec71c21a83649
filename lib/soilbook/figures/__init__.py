"""One function per published figure: a result in, a matplotlib Figure out."""

from soilbook.figures import maps, score_panels, series, site_statistics, style

__all__ = ["maps", "score_panels", "series", "site_statistics", "style"]
