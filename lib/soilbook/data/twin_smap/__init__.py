"""The twin of study 2: a continent under a satellite, with known truth."""

from soilbook.data.twin_smap.datasets import grid, insitu, truth

__all__ = ["grid", "insitu", "truth"]
