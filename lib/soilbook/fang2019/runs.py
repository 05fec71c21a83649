"""What sections of study 2 share: networks that prolong SMAP, and intervals over places.

Prolonging by a year is the "AL 1 Yr Test" of Fig. 4 of Fang et al. (2019): networks learn from one
or more years (1 April to 31 March) of weather, attributes and SMAP, then run on with weather alone;
the year after is scored against SMAP, pixel by pixel.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field, model_validator

from soilbook import metrics, schema
from soilbook.data import conus412, easegrid
from soilbook.device import find as find_device
from soilbook.errors import DataError, ParameterError
from soilbook.fang2019 import places as rooms
from soilbook.fang2019 import stand_ins
from soilbook.models import climatology
from soilbook.settings import Checked, Count, satellite
from soilbook.store import Store
from soilbook.training import sequence_trainer as trainer
from soilbook.training import sequences as instances
from soilbook.training.sequence_trainer import SequenceSettings
from soilbook.training.sequences import MODELLED, STATISTICS, Inputs, Sequences

STEPS = 4  # of the land-surface models, a day
TARGET = "sm_smap"
METRICS = ("rmse", "bias", "ubrmse", "r")
BOUNDS = ("", "_low", "_high")  # ends of the names of a number and of its 95 % interval
WINDOW = 31  # days of a calendar day's mean: SMAP passes every second or third day
# "paper": AdaDelta and the inputs that section II-A names; the sizes are those of the authors'
# released program (hydroDL), since the paper states none. Its epoch draws until a day is seen with
# a probability of 99 %: ln(100) times as many days as the record has. The rate of dropout is not
# stated either; the program drops half of the recurrent weights, not units as eqs 2 to 6 do, where
# a rate of 0.5 keeps a network far from converging. It was chosen on held-out days (chapter II-B).
# "ours": chosen on held-out days of the training year alone. "guided": ours with the moisture of
# our Noah-type and VIC-type models as inputs too, optional in section I, left out in II-A.
OURS = SequenceSettings(dropout=0.15, averaging=0.99)
METHODS = {
    "paper": SequenceSettings(
        n_hidden=256,
        dropout=0.1,
        length=30,
        batch=100,
        epochs=round(500 * math.log(100)),
        optimiser="adadelta",
    ),
    "ours": OURS,
    "guided": OURS,
}
Method = Literal["paper", "ours", "guided"]
# Section II-A: soil and SMAP's masks; the data base has a map of plants and an albedo as well.
NAMED = tuple(name for name in schema.ATTRIBUTES if name not in ("ndvi", "flag_albedo"))
OUR_INPUTS = Inputs(attributes=(*schema.ATTRIBUTES, *STATISTICS), season=True)
METHOD_INPUTS = {
    "paper": Inputs(forcing=rooms.FORCING, attributes=NAMED, rain="none"),
    "ours": OUR_INPUTS,
    "guided": OUR_INPUTS.but(forcing=(*OUR_INPUTS.forcing, *MODELLED)),
}

# Pixels of the data base lie 4 apart; blocks of 3 by 3 of them share weather and are drawn as one.
BLOCK = 12  # pixels of the 36 km grid, 430 km
LEAST_GROUPS = 3  # fewer hold too few different draws for an interval
TAIL = (1 - 0.95) / 2  # outside either end of an interval

NotNegative = Annotated[int, Field(ge=0)]


class Scaled(Checked):
    """Base of study 2's settings: numbers left open (None) are those of the ``profile``.

    ``method`` is a name of METHODS; ``networks`` of it are trained for ``epochs`` of one year,
    which differ in their seed.
    """

    data: Literal["twin", "observed"] = "twin"
    profile: str = "quick"
    method: Method = "paper"
    networks: Count
    epochs: Count | None = None
    seed: NotNegative = 0
    device: str = "auto"

    @model_validator(mode="before")
    @classmethod
    def _numbers_of_profile(cls, given: dict) -> dict:
        scale = satellite(given.get("profile", cls.model_fields["profile"].default))
        required = [name for name, field in cls.model_fields.items() if field.is_required()]
        left_open = [name for name in required if given.get(name) is None]
        return {**given, **{name: getattr(scale, name) for name in left_open}}

    @property
    def sequence(self) -> SequenceSettings:
        """Settings of training, but for the seed."""
        scale, whole = satellite(self.profile), METHODS[self.method]
        epochs = self.epochs or (scale.epochs if self.method == "paper" else scale.own_epochs)
        return whole.but(epochs=epochs, n_hidden=min(whole.n_hidden, scale.most_hidden))

    def members(self) -> list[SequenceSettings]:
        """Settings of every network."""
        return [self.sequence.but(seed=self.seed + k) for k in range(self.networks)]


class YearAhead(Scaled):
    """Settings of the year-ahead test on a track, ``data``: twin or observed.

    ``train_years`` Y and ``test_year`` mean 1 April Y to 31 March Y + 1; the test year follows on
    the last training year. ``draws`` of Monte-Carlo dropout are taken from the first network (0:
    none), ``bootstrap`` replicates carry the intervals. ``seed`` is that of the networks and of
    the twin. ``device``: see ``soilbook.device.find``.
    """

    train_years: tuple[int, ...] = (2015,)
    test_year: int = 2016
    draws: NotNegative = 0
    bootstrap: Count

    @property
    def level(self) -> bool:
        """Whether the mean misfit that a network has at a pixel in the years it learned from is
        taken off: dropout keeps it from learning the level of every pixel. Not in the paper."""
        return self.method != "paper"

    @model_validator(mode="after")
    def _years_follow_one_another(self):
        years = sorted(self.train_years)
        if not years or years != list(range(years[0], self.test_year)):
            raise ParameterError(
                f"training years {', '.join(map(str, years)) or 'none'} and test year "
                f"{self.test_year}; allowed: years that follow one another, the test year last"
            )
        return self


def read(settings: YearAhead) -> xr.Dataset:
    """The pixels of the track with all years of the test. DataError names a file that is absent:
    SMAP of 2017 is not in the authors' example data base."""
    if settings.data == "twin":
        return rooms.grid("twin", settings.seed)
    inputs = METHOD_INPUTS[settings.method]
    wanted = [n for n in (*inputs.forcing, *inputs.attributes) if n not in (*STATISTICS, *MODELLED)]
    years = (*settings.train_years, settings.test_year)
    return stand_ins.at_pixels(conus412.read(None, [*wanted, TARGET], years))


class Prepared(NamedTuple):
    """The record, its two parts, and inputs ``x`` (pixel, day, feature) of all its days, scaled as
    the training part says."""

    record: xr.Dataset
    training: xr.Dataset
    test: xr.Dataset
    scaling: xr.Dataset
    x: np.ndarray


def prepare(settings: YearAhead, places: xr.Dataset) -> Prepared:
    """Split and scale; DataError if a day or an input is missing."""
    inputs = METHOD_INPUTS[settings.method]
    years = settings.train_years, [settings.test_year]
    learnt, tested = (_days(places, part) for part in years)
    record = places.sel(time=slice(learnt[0], tested[-1]))
    record = instances.with_statistics(record, record.sel(time=learnt))
    if settings.method == "guided":
        modelled = rooms.as_inputs(rooms.at_pixels(record, STEPS))
        record = instances.with_departures(record, modelled, learnt)
    training, test = record.sel(time=learnt), record.sel(time=tested)
    scaling = instances.fit_scaling(training, inputs, TARGET)
    return Prepared(record, training, test, scaling, instances.features(record, scaling))


def year_ahead(settings: YearAhead, places: xr.Dataset | None = None) -> xr.Dataset:
    """Train, predict the test year, and score it against SMAP.

    ``places`` (pixel, time), such as a twin's, replaces the data base. Memory starts empty on the
    first training day, so it is warm when the test begins.

    Returns what ``score`` does, of ``network 1`` ..., ``ensemble`` (their mean), ``persistence``
    and ``climatology``; ``training_loss`` and ``seconds`` (network, epoch); ``training_rmse``
    (pixel) of the ensemble in the years it learned from; with draws also ``dropout_moisture``
    (draw, pixel, time), and the predictor ``mean over masks``, the mean of these draws. Raises
    DataError and DeviceError before any work starts.
    """
    device = find_device(settings.device)
    ready = prepare(settings, read(settings) if places is None else places)
    training, test = ready.training[TARGET], ready.test[TARGET]
    n, x, members = training.sizes["time"], ready.x, settings.members()
    trained, scaling = learn(ready.training, METHOD_INPUTS[settings.method], members, device)
    moisture = trainer.predict(trained, settings.sequence, scaling, x, device)
    level = misfit(training.values, moisture[:, :, :n]).astype(np.float32)
    level *= settings.level
    moisture -= level[:, :, None]
    learned, moisture = moisture[:, :, :n].mean(0), moisture[:, :, n:]
    predicted = {f"network {k + 1}": one for k, one in enumerate(moisture)}
    predicted["ensemble"], drawn = moisture.mean(0), {}
    if settings.draws:
        first = trainer.network(trained["parameters"].values[0], x.shape[2], settings.sequence)
        draws = trainer.monte_carlo(first, scaling, x, settings.draws, settings.seed, device)
        draws = draws[:, :, n:] - level[0][:, None]
        predicted["mean over masks"] = draws.mean(0)
        drawn = {"dropout_moisture": (("draw", "pixel", "time"), draws)}
    predicted |= baselines(training, test)
    result = score(test, predicted, n_replicates=settings.bootstrap, seed=settings.seed)
    result = result.assign(drawn)
    result["training_rmse"] = "pixel", metrics.rmse(training.values, learned), {"units": "m3 m-3"}
    return result.assign({name: trained[name] for name in ("training_loss", "seconds")})


def _days(places: xr.Dataset, years: Iterable[int]) -> xr.DataArray:
    first, last = f"{min(years)}-04-01", f"{max(years) + 1}-03-31"
    days = places["time"].sel(time=slice(first, last))
    if days.size != (np.datetime64(last) - np.datetime64(first)).astype(int) + 1:
        source = places.attrs.get("source", "places")
        raise DataError(f"{source}: {days.size} days from {first} to {last}; every day is needed")
    return days


def learn(
    training: xr.Dataset, inputs: Inputs, members: list[SequenceSettings], device: str, name=TARGET
) -> tuple[xr.Dataset, xr.Dataset]:
    """Networks trained on the variable ``name`` of ``training``, and the scaling of its inputs."""
    scaling = instances.fit_scaling(training, inputs, name)
    x, y = instances.features(training, scaling), instances.target(training, scaling)
    return trainer.train_sequences(Sequences.of(x, y, device), members, Store()), scaling


def baselines(training: xr.DataArray, test: xr.DataArray) -> dict[str, np.ndarray]:
    """``persistence`` and ``climatology`` of SMAP (pixel, time) for the days of ``test``.

    Persistence repeats the last observation before the day, of the test year as well, which no
    prolongation knows. Climatology is the mean of the calendar day and its neighbours within a
    month, in the training part.
    """
    both = np.concatenate([training.values, test.values], axis=-1)
    means = climatology(training["time"].values, training.values, test["time"].values, WINDOW)
    return {"persistence": latest(both, 1)[:, training.sizes["time"] :], "climatology": means}


def latest(values: np.ndarray, lead: int) -> np.ndarray:
    """Last value (pixel, time) at least ``lead`` days before each day, NaN before the first."""
    return pd.DataFrame(values.T.astype(float)).ffill().shift(lead).to_numpy().T


def misfit(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean of predicted (..., pixel, time) minus observed (pixel, time); 0 if never observed."""
    return np.nan_to_num(metrics.bias(observed, predicted))


def score(observed: xr.DataArray, predicted: dict[str, np.ndarray], **draws) -> xr.Dataset:
    """``moisture`` (predictor, pixel, time) and ``observed`` (pixel, time) in m3 m-3, METRICS
    (predictor, pixel), and their medians over pixels, ``median_rmse`` and so on, with intervals,
    see ``with_interval``."""
    moisture = stacked(observed, predicted)
    result = xr.Dataset({"moisture": moisture, "observed": observed})
    result = result.assign(metrics.score(observed, moisture, metrics=METRICS))
    for name in METRICS:
        values = result[name].transpose("predictor", "pixel")
        result.update(with_interval(f"median_{name}", values, **draws))
    return result


def stacked(observed: xr.DataArray, predicted: dict[str, np.ndarray], **coords) -> xr.DataArray:
    """Predictions as one array (predictor, ..., pixel, time); ``coords`` are those in between."""
    return xr.DataArray(
        np.stack([one.astype(np.float32) for one in predicted.values()]),
        dims=("predictor", *coords, *observed.dims),
        coords={"predictor": list(predicted), **coords, **observed.coords},
        attrs={"units": "m3 m-3", "long_name": "soil moisture, surface"},
    )


@contextmanager
def nan_of_nothing():
    """Statistics of nothing but NaN are NaN, as they should be, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice|Mean of empty slice", RuntimeWarning)
        yield


def with_interval(name: str, values: xr.DataArray, **draws) -> xr.Dataset:
    """Median of ``values`` (..., pixel) over pixels as ``name``, its 95 % interval as ``name_low``
    and ``name_high``; neighbours are drawn together."""
    bounds = median_interval(values.values, neighbours(values), **draws)
    parts = zip(BOUNDS, bounds, strict=True)
    return xr.Dataset({name + part: (values.dims[:-1], one, values.attrs) for part, one in parts})


def neighbours(places: xr.Dataset | xr.DataArray) -> np.ndarray:
    """Number of the block of the 36 km grid (12 pixels, 430 km) in which each pixel or station
    lies; the core sites each have a number of their own."""
    if places.attrs.get("kind") == "core":
        return np.arange(places.sizes["place"])
    if "row" in places.coords:
        row, column = places["row"].values, places["column"].values
    else:
        row, column = easegrid.row_column(places["latitude"].values, places["longitude"].values)
    pairs = np.stack([row // BLOCK, column // BLOCK], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].ravel()


def interval(statistic: Callable, values: np.ndarray, groups: np.ndarray, **draws) -> tuple:
    """95 % percentile interval of ``statistic(values)`` with ``values`` (place, ...): whole
    ``groups`` (place,) are drawn, a draw that leaves the statistic undefined (NaN) does not count.
    NaN for fewer than three groups."""
    if len(np.unique(groups)) < LEAST_GROUPS:
        return np.nan, np.nan
    found = [statistic(values[drawn]) for drawn in _draws(groups, **draws)]
    low, high = _bounds(found)
    return float(low), float(high)


@nan_of_nothing()
def median_interval(values: np.ndarray, groups: np.ndarray, **draws) -> tuple:
    """Median over pixels (..., pixel) and its 95 % interval: median, low, high (...). Whole groups
    of pixels are drawn with replacement, since neighbours err alike; percentiles of the replicates.
    The same draws serve all leading axes. NaN pixels are left out."""
    found = [np.nanmedian(values[..., drawn], -1) for drawn in _draws(groups, **draws)]
    return np.nanmedian(values, -1), *_bounds(found)


def _draws(groups: np.ndarray, n_replicates: int = 1000, seed: int = 0) -> Iterator[np.ndarray]:
    """Positions of the members of as many groups as there are, drawn with replacement."""
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    random = np.random.default_rng(seed)
    for draw in random.integers(len(members), size=(n_replicates, len(members))):
        yield np.concatenate([members[k] for k in draw])


@nan_of_nothing()
def _bounds(replicates: list) -> np.ndarray:
    """Percentiles of replicates, NaN left out: low and high."""
    return np.nanquantile(replicates, (TAIL, 1 - TAIL), axis=0)


def in_words(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Scores (columns ``keys``, metric, value, low, high) as text with their intervals, if they
    have one: a row for each of ``keys``, as they first appear, a column for each of METRICS."""
    texts = []
    for row in table.itertuples():
        digits = {"bias": "+.4f", "r": ".3f"}.get(row.metric, ".4f")
        interval = "" if np.isnan(row.low) else f" [{row.low:{digits}}, {row.high:{digits}}]"
        texts.append(f"{row.value:{digits}}{interval}")
    wide = table.assign(text=texts).pivot(index=keys, columns="metric", values="text")
    return wide.loc[pd.MultiIndex.from_frame(table[keys].drop_duplicates()), list(METRICS)]
