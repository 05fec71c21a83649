"""Windows and splits, the vectorised trainer, iterated forecasts."""

from soilbook.training.ensemble import Settings, Task, train
from soilbook.training.forecast import iterate, iterate_ensemble, load_module

__all__ = ["Settings", "Task", "iterate", "iterate_ensemble", "load_module", "train"]
