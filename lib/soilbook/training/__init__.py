"""Windows and splits, the vectorised trainer, iterated forecasts."""

from soilbook.training.ensemble import train
from soilbook.training.forecast import iterate, iterate_ensemble, load_module
from soilbook.training.tasks import Settings, Task

__all__ = ["Settings", "Task", "iterate", "iterate_ensemble", "load_module", "train"]
