"""Windows and splits, the vectorised trainer, iterated forecasts."""

from soilbook.training.ensemble import iterate, iterate_ensemble, load_module, train
from soilbook.training.windows import Settings, Task
