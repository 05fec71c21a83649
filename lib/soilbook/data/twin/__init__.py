"""Twin of study 1: a virtual observatory of all thirty sites with known truth."""

from soilbook.data.twin.datasets import NAMES, load, truth

__all__ = ["NAMES", "load", "truth"]
