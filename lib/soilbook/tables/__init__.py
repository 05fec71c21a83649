"""One function per published table: a result in, a DataFrame out."""

from soilbook.tables import scores, sites

__all__ = ["scores", "sites"]
