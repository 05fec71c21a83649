"""Networks, machine-learning models and baselines of study 1."""

from soilbook.models.baselines import climatology, day_of_year_means, persistence
from soilbook.models.cells import VARIANTS
from soilbook.models.describe import describe
from soilbook.models.names import MACHINE_LEARNING, NETWORKS

__all__ = [
    "MACHINE_LEARNING",
    "NETWORKS",
    "VARIANTS",
    "climatology",
    "day_of_year_means",
    "describe",
    "persistence",
]
