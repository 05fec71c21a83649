"""Prolonging SMAP by a year: the "AL 1 Yr Test" of Fig. 4 of Fang et al. (2019).

Networks learn from one or more years (1 April to 31 March) of weather, attributes and SMAP, then
run on with weather alone; the year after is scored against SMAP, pixel by pixel.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import metrics, schema_grid
from soilbook.data import conus412
from soilbook.device import find as find_device
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.models.prolongation_fast import Prolongation
from soilbook.store import Store
from soilbook.studies.smap import land_surface, prolongation_scores
from soilbook.studies.smap import places as rooms
from soilbook.training.sequence_inputs import (
    MODELLED,
    STATISTICS,
    Inputs,
    features,
    fit_scaling,
    target,
    with_departures,
    with_statistics,
)
from soilbook.training.sequence_predict import monte_carlo, predict
from soilbook.training.sequence_run import network
from soilbook.training.sequence_settings import SequenceSettings
from soilbook.training.sequence_trainer import train_sequences
from soilbook.training.sequences import Sequences

TARGET = "sm_smap"
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
    "adadelta": replace(OURS, optimiser="adadelta"),
    "guided": OURS,
}
OUR_INPUTS = Inputs(attributes=(*schema_grid.ATTRIBUTES, *STATISTICS), season=True)
METHOD_INPUTS = {
    "paper": Inputs(schema_grid.FORCING, rain="none"),
    "adam": OUR_INPUTS,
    "adadelta": OUR_INPUTS,
    "guided": replace(OUR_INPUTS, forcing=(*OUR_INPUTS.forcing, *MODELLED)),
}
STEPS = 4  # of the land-surface models, a day
# Dropout keeps a network from learning the level of every pixel: ours take off the mean misfit that
# they have at a pixel in the years they learned from.
LEVELLED = ("adam", "adadelta", "guided")


@dataclass(frozen=True)
class YearAhead:
    """Settings of the year-ahead test on a track, ``data``: twin or observed.

    ``train_years`` Y and ``test_year`` mean 1 April Y to 31 March Y + 1; the test year follows on
    the last training year. ``method`` is a name of METHODS; ``networks`` of it are trained, which
    differ in their seed; ``epochs`` None means the method's number. ``draws`` of Monte-Carlo
    dropout are taken from the first network (0: none). ``seed`` is that of the networks and of
    the twin. ``device``: see ``soilbook.device.find``.
    """

    data: str = "observed"
    train_years: tuple[int, ...] = (2015,)
    test_year: int = 2016
    method: str = "adam"
    networks: int = 5
    epochs: int | None = None
    draws: int = 0
    seed: int = 0
    device: str = "auto"
    bootstrap: int = 1000
    sequence: SequenceSettings = field(init=False)

    def __post_init__(self):
        for name, allowed in (("data", rooms.TRACKS), ("method", METHODS)):
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), allowed)
        for name, least in (("networks", 1), ("draws", 0), ("bootstrap", 1)):
            if getattr(self, name) < least:
                raise ParameterError(f"{name} is {getattr(self, name)}; allowed: {least} or more")
        years = sorted(self.train_years)
        if years != list(range(self.test_year - len(years), self.test_year)) or not years:
            raise ParameterError(
                f"training years {', '.join(map(str, years)) or 'none'} and test year "
                f"{self.test_year}; allowed: years that follow one another, the test year last"
            )
        chosen = METHODS[self.method]
        epochs = chosen.epochs if self.epochs is None else self.epochs
        object.__setattr__(self, "sequence", replace(chosen, epochs=epochs))

    def members(self) -> list[SequenceSettings]:
        """Settings of every network."""
        return [replace(self.sequence, seed=self.seed + k) for k in range(self.networks)]


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
        modelled = land_surface.as_inputs(land_surface.at_pixels(record, STEPS, store))
        record = with_departures(record, modelled, learnt["time"])
    training, test = (_part(record, part) for part in years)
    scaling = fit_scaling(training, inputs, TARGET)
    return Prepared(record, training, test, scaling, features(record, scaling))


def untrained(
    settings: YearAhead, folder: Path | str | None = None, store: Store | None = None
) -> Prolongation:
    """A network of the method before training, with as many inputs as the track's data give."""
    store = store or Store()
    ready = prepare(settings, read(settings, folder, store), store)
    sizes = settings.sequence
    return Prolongation(ready.scaling.sizes["feature"], sizes.n_hidden, sizes.dropout)


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
    with intervals (``prolongation_scores.medians``); ``training_loss`` and ``seconds`` (network,
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
        level[:] = prolongation_scores.misfit(training.values, moisture[:, :, :n_training])
    moisture -= level[:, :, None]
    learned, moisture = moisture[:, :, :n_training].mean(0), moisture[:, :, n_training:]
    predicted = {f"network {k + 1}": one for k, one in enumerate(moisture)}
    predicted["ensemble"] = moisture.mean(0)
    predicted |= prolongation_scores.baselines(training, test)
    result = prolongation_scores.score(test, predicted, settings.bootstrap, settings.seed)
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
