"""What sections of study 2 share: networks that prolong SMAP, and intervals over places.

Prolonging by a year is the "AL 1 Yr Test" of Fig. 4 of Fang et al. (2019): networks learn from one
or more years (1 April to 31 March) of weather, attributes and SMAP, then run on with weather alone;
the year after is scored against SMAP, pixel by pixel.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field, model_validator

from soilbook import metrics, schema
from soilbook.data import conus412, easegrid
from soilbook.device import find as find_device
from soilbook.errors import DataError, ParameterError
from soilbook.fang2019 import places as rooms
from soilbook.models import climatology
from soilbook.settings import Checked, satellite
from soilbook.store import Store
from soilbook.training.sequence_trainer import (
    SequenceSettings,
    monte_carlo,
    network,
    predict,
    train_sequences,
)
from soilbook.training.sequences import (
    MODELLED,
    STATISTICS,
    Inputs,
    Sequences,
    features,
    fit_scaling,
    target,
    with_departures,
    with_statistics,
)

STEPS = 4  # of the land-surface models, a day
TARGET = "sm_smap"
METRICS = ("rmse", "bias", "ubrmse", "r")
WINDOW = 31  # days of a calendar day's mean: SMAP passes every second or third day
# "paper": AdaDelta and strong dropout, sizes as in the authors' released program (hydroDL), since
# the paper states none. "adam": ours, chosen on held-out days of the training year alone.
# "adadelta": ours but for the paper's optimiser. "guided": ours with the moisture of our Noah-type
# and VIC-type models as inputs too, which section I calls optional and section II-A leaves out.
OURS = SequenceSettings(dropout=0.15, averaging=0.99)
METHODS = {
    "paper": SequenceSettings(
        n_hidden=256, dropout=0.5, length=30, batch=100, epochs=500, optimiser="adadelta"
    ),
    "adam": OURS,
    "adadelta": SequenceSettings(dropout=0.15, averaging=0.99, optimiser="adadelta"),
    "guided": OURS,
}
OUR_INPUTS = Inputs(attributes=(*schema.ATTRIBUTES, *STATISTICS), season=True)
METHOD_INPUTS = {
    "paper": Inputs(forcing=schema.FORCING, rain="none"),
    "adam": OUR_INPUTS,
    "adadelta": OUR_INPUTS,
    "guided": Inputs(
        forcing=(*OUR_INPUTS.forcing, *MODELLED), attributes=OUR_INPUTS.attributes, season=True
    ),
}
# Dropout keeps a network from learning the level of every pixel: ours take off the mean misfit that
# they have at a pixel in the years they learned from.
LEVELLED = ("adam", "adadelta", "guided")

# Pixels of the data base lie 4 apart; blocks of 3 by 3 of them share weather and are drawn as one.
BLOCK = 12  # pixels of the 36 km grid, 430 km
LEAST_GROUPS = 3  # fewer hold too few different draws for an interval

Track = Literal["twin", "observed"]
Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]


class Scaled(Checked):
    """Base of study 2's settings: numbers left open (None) are those of the ``profile``."""

    of_profile: ClassVar[tuple[str, ...]] = ("networks", "epochs", "bootstrap")

    profile: str = "quick"
    networks: Positive
    seed: NotNegative = 0
    device: str = "auto"

    @model_validator(mode="before")
    @classmethod
    def _numbers_of_profile(cls, given: dict) -> dict:
        scale = satellite(given.get("profile", cls.model_fields["profile"].default))
        left_open = [name for name in cls.of_profile if given.get(name) is None]
        return {**given, **{name: getattr(scale, name) for name in left_open}}


class YearAhead(Scaled):
    """Settings of the year-ahead test on a track, ``data``: twin or observed.

    ``train_years`` Y and ``test_year`` mean 1 April Y to 31 March Y + 1; the test year follows on
    the last training year. ``method`` is a name of METHODS; ``networks`` of it are trained, which
    differ in their seed. ``draws`` of Monte-Carlo dropout are taken from the first network (0:
    none), ``bootstrap`` replicates carry the intervals. ``seed`` is that of the networks and of
    the twin. ``device``: see ``soilbook.device.find``.
    """

    data: Track = "observed"
    profile: str = "standard"
    train_years: tuple[int, ...] = (2015,)
    test_year: int = 2016
    method: Literal["paper", "adam", "adadelta", "guided"] = "adam"
    epochs: Positive
    draws: NotNegative = 0
    bootstrap: Positive

    @model_validator(mode="after")
    def _years_follow_one_another(self):
        years = sorted(self.train_years)
        if years != list(range(self.test_year - len(years), self.test_year)) or not years:
            raise ParameterError(
                f"training years {', '.join(map(str, years)) or 'none'} and test year "
                f"{self.test_year}; allowed: years that follow one another, the test year last"
            )
        return self

    @property
    def sequence(self) -> SequenceSettings:
        """Settings of training, but for the seed."""
        return varied(METHODS[self.method], epochs=self.epochs)

    def members(self) -> list[SequenceSettings]:
        """Settings of every network."""
        return [varied(self.sequence, seed=self.seed + k) for k in range(self.networks)]


def varied(settings: SequenceSettings, **changes) -> SequenceSettings:
    """The same settings of training with some changed."""
    return SequenceSettings(**vars(settings) | changes)


def read(
    settings: YearAhead, folder: Path | str | None = None, store: Store | None = None
) -> xr.Dataset:
    """The pixels of the track with all years of the test.

    DataError names a file that is absent: SMAP of 2017 is not in the authors' example data base.
    """
    if settings.data == "twin":
        made = rooms.grid("twin", settings.seed, store=store)
        made["wind_speed"] = np.hypot(made["eastward_wind"], made["northward_wind"])
        return made
    inputs = METHOD_INPUTS[settings.method]
    wanted = [n for n in (*inputs.forcing, *inputs.attributes) if n not in (*STATISTICS, *MODELLED)]
    return conus412.read(folder, [*wanted, TARGET], (*settings.train_years, settings.test_year))


@dataclass(frozen=True)
class Prepared:
    """The record, its two parts, and inputs ``x`` (pixel, day, feature) of all its days, scaled as
    the training part says."""

    record: xr.Dataset
    training: xr.Dataset
    test: xr.Dataset
    scaling: xr.Dataset
    x: np.ndarray

    def sequences(self, device: str = "cpu") -> Sequences:
        """What the networks learn from: the training part alone."""
        y = target(self.training, self.scaling)
        return Sequences.of(self.x[:, : y.shape[1]], y, device)


def prepare(settings: YearAhead, places: xr.Dataset, store: Store) -> Prepared:
    """Split and scale; DataError if a day or an input is missing."""
    inputs = METHOD_INPUTS[settings.method]
    years = settings.train_years, [settings.test_year]
    learnt, tested = (_part(places, part) for part in years)
    record = places.sel(time=slice(learnt["time"][0], tested["time"][-1]))
    record = with_statistics(record, learnt)
    if set(MODELLED) & set(inputs.forcing):
        modelled = rooms.as_inputs(rooms.at_pixels(record, STEPS, store))
        record = with_departures(record, modelled, learnt["time"])
    training, test = (_part(record, part) for part in years)
    scaling = fit_scaling(training, inputs, TARGET)
    return Prepared(record, training, test, scaling, features(record, scaling))


def year_ahead(
    settings: YearAhead,
    folder: Path | str | None = None,
    places: xr.Dataset | None = None,
    store: Store | None = None,
) -> xr.Dataset:
    """Train, predict the test year, and score it against SMAP.

    ``places`` (pixel, time), such as a twin's, replaces the data base. Memory starts empty on the
    first training day, so it is warm when the test begins.

    Returns ``moisture`` (predictor, pixel, time) and ``observed`` (pixel, time) in m3 m-3 of the
    test year; ``rmse``, ``bias``, ``ubrmse``, ``r`` (predictor, pixel); their medians over pixels
    with intervals (``with_interval``); ``training_loss`` and ``seconds`` (network,
    epoch); ``training_rmse`` (pixel) of the ensemble in the years it learned from; with draws also
    ``dropout_moisture`` (draw, pixel, time). Predictors: ``network 1`` ...,
    ``ensemble`` (their mean), ``persistence`` and ``climatology``. Attribute ``no_training_data``
    lists pixels without an observation in training. Raises DataError and DeviceError before any
    work starts.
    """
    device = find_device(settings.device)
    store = store or Store()
    places = read(settings, folder, store) if places is None else places
    ready = prepare(settings, places, store)
    sequences = ready.sequences(device)
    trained = train_sequences(sequences, settings.members(), store)
    n_training, x = ready.training.sizes["time"], ready.x
    training, test = ready.training[TARGET], ready.test[TARGET]
    moisture = predict(trained, settings.sequence, ready.scaling, x, device)
    level = np.zeros(moisture.shape[:2], np.float32)
    if settings.method in LEVELLED:
        level[:] = misfit(training.values, moisture[:, :, :n_training])
    moisture -= level[:, :, None]
    learned, moisture = moisture[:, :, :n_training].mean(0), moisture[:, :, n_training:]
    predicted = {f"network {k + 1}": one for k, one in enumerate(moisture)}
    predicted["ensemble"] = moisture.mean(0)
    predicted |= baselines(training, test)
    result = score(test, predicted, settings.bootstrap, settings.seed)
    if settings.draws:
        first = network(trained["parameters"].values[0], x.shape[2], settings.sequence)
        draws = monte_carlo(first, ready.scaling, x, settings.draws, settings.seed, device)
        draws = draws[:, :, n_training:] - level[0][:, None]
        result["dropout_moisture"] = ("draw", "pixel", "time"), draws
    result["training_rmse"] = "pixel", metrics.rmse(training.values, learned), {"units": "m3 m-3"}
    result["training_loss"] = trained["training_loss"]
    result["seconds"] = trained["seconds"]
    none = training.isnull().all("time").values
    result.attrs.update(
        method=settings.method,
        source=ready.test.attrs.get("source", ""),
        track=ready.test.attrs.get("track", ""),
        no_training_data=[int(pixel) for pixel in training["pixel"].values[none]],
    )
    return result


def _part(places: xr.Dataset, years: Iterable[int]) -> xr.Dataset:
    first, last = f"{min(years)}-04-01", f"{max(years) + 1}-03-31"
    part = places.sel(time=slice(first, last))
    wanted = np.datetime64(last) - np.datetime64(first) + 1
    if part.sizes["time"] != wanted.astype(int):
        raise DataError(
            f"{places.attrs.get('source', 'places')}: {part.sizes['time']} days from {first} to "
            f"{last}; every day is needed"
        )
    return part


def learn(
    training: xr.Dataset,
    inputs: Inputs,
    members: list[SequenceSettings],
    store: Store,
    device: str,
    name: str = TARGET,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Networks trained on the variable ``name`` of ``training``, and the scaling of its inputs."""
    scaling = fit_scaling(training, inputs, name)
    sequences = Sequences.of(features(training, scaling), target(training, scaling), device)
    return train_sequences(sequences, members, store), scaling


def baselines(training: xr.DataArray, test: xr.DataArray) -> dict[str, np.ndarray]:
    """``persistence`` and ``climatology`` of SMAP (pixel, time) for the days of ``test``.

    Persistence repeats the last observation before the day, of the test year as well, so it knows
    what no prolongation knows: a yardstick of a forecast from recent observations. Climatology is
    the mean of the calendar day and its neighbours within a month, in the training part.
    """
    both = np.concatenate([training.values, test.values], axis=-1).astype(float)
    latest = pd.DataFrame(both.T).ffill().shift(1).to_numpy().T
    means = climatology(training["time"].values, training.values, test["time"].values, WINDOW)
    return {"persistence": latest[:, training.sizes["time"] :], "climatology": means}


def misfit(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean of predicted (..., pixel, time) minus observed (pixel, time); 0 if never observed."""
    return np.nan_to_num(metrics.bias(observed, predicted))


def score(
    observed: xr.DataArray,
    predicted: dict[str, np.ndarray],
    n_replicates: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """``moisture``, ``observed``, scores (predictor, pixel) and their medians over pixels.

    ``median_rmse`` and so on (predictor) with ``_low`` and ``_high``, see ``with_interval``.
    """
    result = xr.Dataset({"moisture": stacked(observed, predicted), "observed": observed})
    result = result.merge(metrics.score(observed, result["moisture"], metrics=METRICS))
    groups = blocks(result["row"].values, result["column"].values)
    for name in METRICS:
        values = result[name].transpose("predictor", "pixel")
        result.update(with_interval(f"median_{name}", values, groups, n_replicates, seed))
    return result


def stacked(observed: xr.DataArray, predicted: dict[str, np.ndarray], **coords) -> xr.DataArray:
    """Predictions as one array (predictor, ..., pixel, time); ``coords`` are those in between."""
    return xr.DataArray(
        np.stack([one.astype(np.float32) for one in predicted.values()]),
        dims=("predictor", *coords, *observed.dims),
        coords={"predictor": list(predicted), **coords, **observed.coords},
        attrs={"units": "m3 m-3", "long_name": "soil moisture, surface"},
    )


def with_interval(
    name: str, values: xr.DataArray, groups: np.ndarray, n_replicates: int, seed: int
) -> xr.Dataset:
    """Median of ``values`` (..., pixel) over pixels as ``name``, its 95 % interval as ``name_low``
    and ``name_high``; ``groups`` of neighbouring pixels are drawn together."""
    bounds = median_interval(values.values, groups, n_replicates, seed=seed)
    dims, parts = values.dims[:-1], ("", "_low", "_high")
    return xr.Dataset(
        {
            f"{name}{part}": (dims, one, values.attrs)
            for part, one in zip(parts, bounds, strict=True)
        }
    )


def blocks(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Number of the block of the 36 km grid in which each pixel lies."""
    pairs = np.stack([row // BLOCK, column // BLOCK], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].ravel()


def neighbours(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Number of the block of the 36 km grid (12 pixels, 430 km) in which each place lies."""
    return blocks(*easegrid.row_column(latitude, longitude))


def interval(
    statistic: Callable[[np.ndarray], float],
    values: np.ndarray,
    groups: np.ndarray | None = None,
    n_replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of ``statistic(values)`` with ``values`` (place, ...).

    Whole ``groups`` (place,) are drawn, by default every place on its own. A draw that leaves the
    statistic undefined (NaN) does not count. NaN for fewer than three groups.
    """
    values = np.asarray(values)
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    if len(np.unique(groups)) < LEAST_GROUPS:
        return np.nan, np.nan
    found = [statistic(values[drawn]) for drawn in _draws(groups, n_replicates, seed)]
    low, high = _bounds(found, level)
    return float(low), float(high)


def median_interval(
    values: np.ndarray, groups: np.ndarray, n_replicates: int = 1000, level: float = 0.95, seed=0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Median over pixels (..., pixel) and its interval: median, low, high (...).

    Whole groups of pixels are drawn with replacement, since neighbours err alike; percentiles of
    the replicates. The same draws serve all leading axes. NaN pixels are left out.
    """
    with warnings.catch_warnings():
        # Nothing but NaN gives NaN, as it should.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        median = np.nanmedian(values, -1)
        found = [
            np.nanmedian(values[..., drawn], -1) for drawn in _draws(groups, n_replicates, seed)
        ]
    return median, *_bounds(found, level)


def _draws(groups: np.ndarray, n_replicates: int, seed: int) -> Iterator[np.ndarray]:
    """Positions of the members of as many groups as there are, drawn with replacement."""
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    random = np.random.default_rng(seed)
    for draw in random.integers(len(members), size=(n_replicates, len(members))):
        yield np.concatenate([members[k] for k in draw])


def _bounds(replicates: list, level: float) -> np.ndarray:
    """Percentiles of replicates, NaN left out: low and high."""
    tail = (1 - level) / 2
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.nanquantile(replicates, (tail, 1 - tail), axis=0)
