"""Scores of labelled arrays: the xarray side of the NumPy kernels."""

from collections.abc import Iterable

import xarray as xr

from soilbook.errors import DataError, ParameterError, unknown
from soilbook.metrics.moments import UNDEFINED, moments, undefined
from soilbook.metrics.scores import METRICS

DEFAULT = ("r2", "rmse", "ubrmse", "bias", "r")


def score(
    observed: xr.DataArray,
    predicted: xr.DataArray,
    dim: str = "time",
    metrics: Iterable[str] = DEFAULT,
    reference: xr.DataArray | None = None,
    climatology: xr.DataArray | None = None,
) -> xr.Dataset:
    """Scores along ``dim`` as a Dataset with one variable per metric over the other dimensions.

    Adds ``n_pairs`` and ``undefined`` (CF flags: why a score is NaN). ``reference`` is needed by
    "skill", ``climatology`` by "anomaly_r". Raises ParameterError for an unknown metric, dimension
    or missing argument, DataError where the labels of a shared dimension differ.
    """
    extra = {"reference": reference, "climatology": climatology}
    metrics = list(metrics)
    for name in metrics:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
        needed = METRICS[name].needs
        if needed and extra[needed] is None:
            raise ParameterError(f"metric {name!r} needs the argument {needed!r}")
    arrays = {"observed": observed, "predicted": predicted, **extra}
    for name, array in arrays.items():
        if array is not None and dim not in array.dims:
            raise unknown(f"dimension of {name}", dim, array.dims)

    def apply(function, *inputs):
        try:
            return xr.apply_ufunc(
                function, *inputs, input_core_dims=[[dim]] * len(inputs), join="exact"
            )
        except ValueError as error:
            line = str(error).splitlines()[0]
            raise DataError(f"observed and predicted do not fit: {line}") from None

    scores = xr.Dataset()
    for name in metrics:
        metric = METRICS[name]
        inputs = [observed, predicted] + ([extra[metric.needs]] if metric.needs else [])
        scores[name] = apply(metric.function, *inputs)
        units = metric.units if metric.units == "1" else observed.attrs.get("units", metric.units)
        scores[name].attrs = {"units": units, "long_name": metric.long_name}
    scores["n_pairs"] = apply(lambda o, p: moments(o, p).n.astype(int), observed, predicted)
    scores["n_pairs"].attrs = {"units": "1", "long_name": "number of days with both values"}
    scores["undefined"] = apply(undefined, observed, predicted)
    scores["undefined"].attrs = {
        "long_name": "why a score is NaN",
        "flag_values": list(range(len(UNDEFINED))),
        "flag_meanings": " ".join((t or "defined").replace(" ", "_") for t in UNDEFINED),
    }
    return scores
