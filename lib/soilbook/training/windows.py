"""From a site's record to windows, and the networks that are to learn from them.

Sections 2.1 and 4 of Wang et al. (2024), doi 10.5194/hess-28-917-2024: x_t holds the weather and
soil temperature of day t and the soil moisture of day t-1; the rows x_{t-3}..x_t predict SM_t, or
as many of them as a window has. Then one task a network, the settings that all share, and the
batches they see: a pure function of a network's seed and the number of the step. A network sees the
same windows whatever it trains beside, in which shard, on which device and wherever a run was taken
up again: no generator has a state that could differ.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import torch
import xarray as xr
from pydantic import Field
from torch import Tensor

from soilbook import fingerprint, schema
from soilbook.errors import DataError, unknown
from soilbook.settings import N_STEPS, TRAINING_SHARE, Checked, Profile

N_LEADS = 7
PARTS = ("training", "validation", "test")
FURTHER = {"training": 0, "validation": 3, "test": 7}  # steps beyond the target that must be there
VARIANTS = ("paper", "released")
SCALINGS = ("training", "whole")  # part of the record whose range scales it


@dataclass(frozen=True)
class Series:
    """One site and depth, scaled and ready for windows.

    ``x`` (row, feature): x_t of the paper, scaled to [-1, 1], its last column the moisture of the
    day before; row 0 has no day before and NaN there. ``y`` (row): moisture of the day, on the same
    scale. ``starts`` gives for each part the rows s of samples; a sample from s reads the rows
    s+1..s+n of x, n being ``n_steps``, and predicts y of s+n, and at lead h y of s+n-1+h. The
    training part are the rows before ``validation_row``.
    """

    site: str
    depth: float
    x: np.ndarray
    y: np.ndarray
    starts: dict[str, np.ndarray]
    time: np.ndarray
    validation_row: int
    test_row: int
    minimum: np.ndarray
    maximum: np.ndarray
    n_steps: int = N_STEPS

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what networks learn from."""
        starts = (self.starts[part] for part in PARTS)
        return fingerprint.of_arrays(self.x, self.y, *starts, np.array(self.n_steps))

    @property
    def n_features(self) -> int:
        """Number of input features."""
        return self.x.shape[1]

    def unscale(self, y) -> np.ndarray:
        """Scaled soil moisture back to m3 m-3."""
        low, high = self.minimum[-1], self.maximum[-1]
        return (np.asarray(y) + 1) / 2 * (high - low) + low

    def windows(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """All samples of a part: x (sample, step, feature) and y (sample), float32."""
        starts = self.starts[part]
        rows = starts[:, None] + 1 + np.arange(self.n_steps)
        return self.x[rows], self.y[starts + self.n_steps]


def rows_needed(part: str, n_steps: int = N_STEPS) -> int:
    """Consecutive rows without a gap that a start needs: the days before the target, the target,
    and in validation and test the days of 3 and 7 further steps."""
    return n_steps + 1 + FURTHER[part]


def split(n_rows: int, training: float = TRAINING_SHARE) -> dict[str, slice]:
    """Rows of each part of a record in their order: the share that trains, 60 % in the paper, and
    half of the others for validation and for test each."""
    validation, test = int(training * n_rows), int((training + 1) / 2 * n_rows)
    edges = ((0, validation), (validation, test), (test, n_rows))
    return {part: slice(*rows) for part, rows in zip(PARTS, edges, strict=True)}


def series(
    site: xr.Dataset,
    depth: float,
    scaling: str = "training",
    least: int = 50,
    training: float = TRAINING_SHARE,
    n_steps: int = N_STEPS,
) -> Series:
    """Cut a site's record at one depth into scaled windows of ``n_steps`` days; ``training`` is the
    share of its days that trains.

    ``scaling`` by minimum and maximum of the ``training`` part, or of the ``whole`` record, test
    part included (the leak of the authors' programs). Raises ParameterError for another scaling,
    DataError naming site, depth and part where fewer than ``least`` training windows or no window
    of another part are free of gaps, or the depth is not there.
    """
    if scaling not in SCALINGS:
        raise unknown("scaling", scaling, SCALINGS)
    name = str(site["site"].item())
    if depth not in site["depth"].values:
        raise DataError(
            f"site {name!r} has no probe at {depth:g} m; "
            f"allowed: {', '.join(f'{d:g}' for d in site['depth'].values)}"
        )
    at_depth = site.sel(depth=depth)
    table = np.column_stack([at_depth[f].values for f in schema.features(site)]).astype(float)
    parts = split(len(table), training)
    complete = np.isfinite(table).all(1)
    starts = {part: _starts(complete, rows_needed(part, n_steps), parts[part]) for part in PARTS}
    for part, needed in zip(PARTS, (least, 1, 1), strict=True):
        if len(starts[part]) < needed:
            raise DataError(
                f"site {name!r}, depth {depth:g} m: {len(starts[part])} windows without a gap in "
                f"the {part} part, at least {needed} needed"
            )
    reference = table[parts["training"]] if scaling == "training" else table
    low, high = np.nanmin(reference, 0), np.nanmax(reference, 0)
    width = np.where(high > low, high - low, 1.0)
    scaled = (2 * (table - low) / width - 1).astype(np.float32)
    x = scaled.copy()
    x[1:, -1], x[0, -1] = scaled[:-1, -1], np.nan
    edges = (parts[part].start for part in PARTS[1:])
    time = site["time"].values
    return Series(name, float(depth), x, scaled[:, -1], starts, time, *edges, low, high, n_steps)


def _starts(complete: np.ndarray, needed: int, rows: slice) -> np.ndarray:
    """Rows s from which ``needed`` complete rows follow within ``rows``."""
    if rows.stop - rows.start < needed:
        return np.empty(0, dtype=np.int64)
    runs = np.lib.stride_tricks.sliding_window_view(complete[rows], needed).all(-1)
    return np.flatnonzero(runs).astype(np.int64) + rows.start


Count = Annotated[int, Field(ge=1)]
_VALIDATION = 1  # draws of validation batches come from another stream than those of training

# Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators,
# doi:10.1145/2660193.2660195: splitmix64. torch has no unsigned 64-bit product, so these are the
# constants as signed numbers; products wrap alike.
_GAMMA = 0x9E3779B97F4A7C15 - 2**64
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64


@dataclass(frozen=True)
class Task:
    """One network: its windows, and the identity from which its start and its batches follow.

    ``seed`` is the seed of the whole run.
    """

    series: Series
    model: str
    repetition: int = 0
    seed: int = 0

    @property
    def identity(self) -> tuple:
        """Seed, model, site, depth (m), repetition."""
        depth = round(self.series.depth, 4)
        return (self.seed, self.model, self.series.site, depth, self.repetition)

    @cached_property
    def number(self) -> int:
        """The integer from which this network draws."""
        return seed_of(*self.identity)


class Settings(Checked):
    """How every network is trained, section 4 of Wang et al. (2024).

    The model kept has the lowest validation error of the epochs ``first_choice`` .. ``epochs``,
    numbered from 1; ``variant`` paper looks at the whole validation part, released at one random
    batch of it. With the ``target`` change a network predicts the difference to the last observed
    day.
    """

    epochs: Count
    first_choice: Count
    batches_per_epoch: Count = 20
    batch: Count = 50
    variant: Literal["paper", "released"] = "paper"
    target: Literal["value", "change"] = "value"
    rate: float = 0.001

    @classmethod
    def of(cls, profile: Profile, epochs: int, variant: str, target: str = "value") -> "Settings":
        """Settings of a profile, with another number of epochs."""
        return cls(
            epochs=epochs, first_choice=min(profile.first_choice, epochs), batch=profile.batch,
            batches_per_epoch=profile.batches_per_epoch, variant=variant, target=target,
        )  # fmt: skip

    @property
    def steps(self) -> int:
        """Batches of the whole training."""
        return self.epochs * self.batches_per_epoch


@dataclass(frozen=True)
class Sizes:
    """Lengths to which the arrays of every shard are filled up, so that all compile to one."""

    n_rows: int
    n_training: int
    n_validation: int

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "Sizes":
        """The sizes that hold all tasks."""
        each = [(len(t.series.y), *(len(t.series.starts[p]) for p in PARTS[:2])) for t in tasks]
        return cls(*map(max, zip(*each, strict=True)))


class ShardData:
    """``rows`` (network, row, feature) and ``target`` (network, row), scaled, on the device;
    windows have ``n_steps`` rows."""

    def __init__(self, tasks: Sequence[Task], sizes: Sizes, device: torch.device):
        series = [task.series for task in tasks]
        self.n_steps = series[0].n_steps
        self.rows = _filled([one.x for one in series], sizes.n_rows).float().to(device)
        self.target = _filled([one.y for one in series], sizes.n_rows).float().to(device)
        self.seeds = torch.tensor([task.number for task in tasks], device=device)
        starts = {part: [one.starts[part] for one in series] for part in PARTS[:2]}
        self.n = {p: torch.tensor([len(s) for s in starts[p]], device=device) for p in PARTS[:2]}
        lengths = {"training": sizes.n_training, "validation": sizes.n_validation}
        # Filled up with row 0, whose windows may hold gaps: _filled has made these zeros, and
        # their weight is zero.
        self.starts = {p: _filled(starts[p], lengths[p]).to(device) for p in PARTS[:2]}

    def training(self, epochs: range, settings: Settings) -> Tensor:
        """Rows where the samples of the epochs' batches start, (epoch, step, network, sample)."""
        n = settings.batches_per_epoch
        first, n_steps = epochs[0] * n, len(epochs) * n
        drawn = batches(self.seeds, self.n["training"], first, n_steps, settings.batch)
        starts = self.starts["training"].expand(n_steps, -1, -1).gather(2, drawn)
        return starts.unflatten(0, (len(epochs), n))

    def validation(self, epoch: int, settings: Settings) -> tuple[Tensor, Tensor]:
        """Rows where the samples start on which the epoch is judged, and their weights, which add
        up to one; both (network, sample)."""
        starts, n = self.starts["validation"], self.n["validation"]
        if settings.variant == "paper":
            places = torch.arange(starts.shape[1], device=starts.device).expand_as(starts)
        else:
            # Of fewer windows than a batch all are drawn; places beyond them have no weight.
            places = batches(
                self.seeds + _VALIDATION, n.clamp(min=settings.batch), epoch, 1, settings.batch
            )[0]
            starts = starts.gather(1, places.clamp(max=starts.shape[1] - 1))
        weights = (places < n.unsqueeze(1)).float()
        return starts, weights / weights.sum(1, keepdim=True)


def _filled(arrays: list[np.ndarray], length: int) -> Tensor:
    """Arrays of unlike length as one, with zeros for what is missing at the end or NaN."""
    full = np.zeros((len(arrays), length, *arrays[0].shape[1:]), arrays[0].dtype)
    for row, array in zip(full, arrays, strict=True):
        row[: len(array)] = np.nan_to_num(array)
    return torch.from_numpy(full)


def seed_of(*identity) -> int:
    """A stable integer below 2^63 for an identity: texts and numbers, e.g. seed, model, site."""
    text = "\x1f".join(repr(part) for part in identity)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def batches(seeds: Tensor, n_windows: Tensor, first: int, n_steps: int, batch: int) -> Tensor:
    """Draws without replacement for the steps first .. first + n_steps - 1.

    ``seeds`` and ``n_windows`` (network,) int64, every n_windows at least ``batch``. Returns
    positions (step, network, batch), int64, between 0 and n_windows - 1; steps are independent.
    Many steps in one call are up to ten times faster than one by one.
    Robert Floyd's algorithm, Bentley and Floyd (1987), doi:10.1145/30401.315746.
    """
    device = seeds.device
    step = torch.arange(first, first + n_steps, device=device).unsqueeze(1)
    # Comparing short integers takes half the time.
    chosen = torch.empty((batch, n_steps, len(seeds)), dtype=torch.int32, device=device)
    for i in range(batch):
        last = n_windows - batch + i
        candidate = ((_random(seeds, step * batch + i) * (last + 1)) >> 32).int()
        taken = (chosen[:i] == candidate).any(0)
        chosen[i] = torch.where(taken, last.int(), candidate)
    return chosen.permute(1, 2, 0).long()


def _random(seeds: Tensor, counter: Tensor) -> Tensor:
    """32 random bits for every pair of seed and counter, in int64."""
    return _shift(_mix(_mix(seeds + _GAMMA) + (counter + 1) * _GAMMA), 32)


def _mix(z: Tensor) -> Tensor:
    z = (z ^ _shift(z, 30)) * _FIRST
    z = (z ^ _shift(z, 27)) * _SECOND
    return z ^ _shift(z, 31)


def _shift(z: Tensor, n: int) -> Tensor:
    """Shift to the right with zeros, which torch's own shift of negative numbers does not do."""
    return (z >> n) & ((1 << (64 - n)) - 1)
