"""One function per published table: a result in, a DataFrame out."""

from soilbook.tables import core_sites, scores, sites, sparse_network, year_ahead

__all__ = ["core_sites", "scores", "sites", "sparse_network", "year_ahead"]
