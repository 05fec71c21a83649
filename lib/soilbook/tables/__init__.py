"""One function per published table: a result in, a DataFrame out."""

from soilbook.tables import comparisons, core_sites, sparse_network, year_ahead

__all__ = ["comparisons", "core_sites", "sparse_network", "year_ahead"]
