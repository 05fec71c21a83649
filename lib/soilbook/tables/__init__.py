"""One function per published table: a result in, a DataFrame out."""

from soilbook.tables import comparisons, scores, sites

__all__ = ["comparisons", "scores", "sites"]
