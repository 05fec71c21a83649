"""Whether parameter values exist: data, profile, device, sites, depths, models, repetitions.

Everything is imported where it is needed: a bad name is told before anything large is loaded.
"""

from soilbook import schema, settings
from soilbook.device import find as find_device
from soilbook.errors import DataError, ParameterError, unknown

VARIANTS = ("paper", "released")
BASELINES = ("persistence", "climatology")


def check(values: dict) -> None:
    """Check the common parameters among ``values``; names that no check knows are left alone.

    Raises ParameterError, DataError or DeviceError with one line that says what is allowed. None
    and empty lists mean the chapter's own choice and pass.
    """
    for names, function in CHECKS.items():
        for name in names:
            for one in _several(values.get(name)):
                function(one)
    _check_sites(values)


def _data(value: str) -> None:
    from soilbook.data.tracks import TRACKS

    if value not in TRACKS:
        raise unknown("data", value, TRACKS)


def on_gpu(device: str) -> bool:
    """Whether a run with this device takes place on a GPU; raises as ``device.find``."""
    return find_device(device) != "cpu"


def _depth(value: float) -> None:
    if not any(abs(value - depth) < 1e-6 for depth in schema.DEPTHS):
        raise unknown("depth", value, (f"{depth:.2f} m" for depth in schema.DEPTHS))


def _model(value: str) -> None:
    from soilbook import models

    allowed = (*models.NETWORKS, *models.MACHINE_LEARNING, *BASELINES)
    if value not in allowed:
        raise unknown("model", value, allowed)


def _repetitions(value: int) -> None:
    if value < 1:
        raise ParameterError(f"repetitions {value}: 1 or more are needed")


def _seed(value: int) -> None:
    if value < 0:
        raise ParameterError(f"seed {value}: a whole number from 0 on is needed")


def _variant(value: str) -> None:
    if value not in VARIANTS:
        raise unknown("variant", value, VARIANTS)


CHECKS = {
    ("data",): _data,
    ("profile",): settings.profile,
    ("device",): find_device,
    ("depth", "depths"): _depth,
    ("model", "models"): _model,
    ("repetitions",): _repetitions,
    ("seed",): _seed,
    ("variant",): _variant,
}


def _check_sites(values: dict) -> None:
    """Each site asked for is known; with observations also there, at each depth asked for."""
    from soilbook import data
    from soilbook.data import sites

    named = [*_several(values.get("sites")), *_several(values.get("site"))]
    if values.get("data") != "observed":
        for name in named:
            sites.find(name)
        return
    present = data.available("observed")  # DataError where there is no data folder
    if "sites" in values and not named and not present:
        raise DataError(f"{data.folder()}: no station of the paper; see: soilbook data get uscrn")
    for name in named:
        _check_observed(name, [*_several(values.get("depths")), *_several(values.get("depth"))])


def _check_observed(name: str, depths: list[float]) -> None:
    """A paper site, or any station of the data folder by its own name."""
    import numpy as np

    from soilbook import data
    from soilbook.data import sites, uscrn

    try:
        name = sites.find(name).name
    except ParameterError as refusal:
        try:
            uscrn.find(None, name)
        except DataError:
            raise refusal from None
    moisture = data.load(name, data="observed")["sm"]
    offered = moisture["depth"].values[np.isfinite(moisture.values).any(axis=1)]
    for depth in depths:
        if not np.isclose(offered, depth).any():
            raise ParameterError(
                f"site {name!r} has no soil moisture at {depth:g} m; "
                f"allowed: {', '.join(f'{one:g}' for one in offered)}"
            )


def _several(value) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
