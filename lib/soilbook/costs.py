"""What trainings take: counted in a dry run without training, measured in every other run.

A dry run goes through a chapter as a run does, up to each training of which something is not in
the store; there it takes note and leaves the statement. The rate of the last training of a kind is
kept beside the results in the store, by kind, device and machine, so that a later dry run can say
how long its own will take here.
"""

import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from soilbook.store import RATES, Store, canonical, unlocked, write

# A rate is not replaced by that of a training of less than this share of its steps.
LEAST = 0.5
COPIES = 2  # of what trainings return: as it comes, and joined
_found: dict[str, "Work"] | None = None  # not None: this is a dry run


@dataclass(frozen=True)
class Work:
    """A training of ``total`` networks or other models of one kind, ``missing`` of them not in the
    store, which take ``steps`` together.

    ``how`` is what the rate depends on besides the kind, such as "cpu, compiled"; ``workers`` that
    many train at once; what comes out takes ``size`` bytes.
    """

    kind: str
    total: int
    missing: int
    steps: int
    how: str = "cpu"
    workers: int = 1
    size: int = 0


@dataclass(frozen=True)
class Rate:
    """What ``steps`` took: seconds, those of them before the first step, and the memory (bytes) of
    this process and its workers."""

    steps: int
    seconds: float
    fixed: float
    workers: int
    memory: int

    def seconds_of(self, work: Work) -> float:
        """Time of another work of this kind: what comes before the first step, such as compiling
        and starting workers, and the share of its steps."""
        each = (self.seconds - self.fixed) * self.workers / self.steps
        return self.fixed + each * work.steps / (min(work.workers, work.missing) or 1)


class NotMade(Exception):
    """Raised in a dry run where a training would begin."""


@contextmanager
def dry_run() -> Iterator[dict[str, Work]]:
    """Nothing is trained in here, nor waited for; yields what would be, by its key. No two at the
    same time."""
    global _found
    _found = {}
    try:
        with unlocked():
            yield _found
    finally:
        _found = None


def every(function: Callable, items: Iterable) -> dict:
    """``function(item)`` by item. In a dry run all are tried before the first of those that would
    train leaves the statement."""
    made, left = {}, None
    for item in items:
        try:
            made[item] = function(item)
        except NotMade as error:
            left = error
    if left is not None:
        raise left
    return made


def foreseen(function: Callable, items: Iterable) -> None:
    """In a dry run ``every``, otherwise nothing: what will be asked for later, one by one."""
    if _found is not None:
        every(function, items)


@contextmanager
def training(work: Work, key: dict, store: Store | None) -> Iterator[Callable]:
    """Around a training, whose ``key`` is the same for the same networks; its rate is kept.

    Yields a function that makes of ``tell(n)``, which hears of steps, one that is timed. Raises
    NotMade in a dry run if something is missing.
    """
    if _found is not None:
        _found[canonical(key)] = work
        if work.missing:
            raise NotMade(work.kind)
    began, heard = time.perf_counter(), []

    def timed(tell: Callable[[int], None]) -> Callable[[int], None]:
        def hear(n: int) -> None:
            heard.append((time.perf_counter() - began, n))
            tell(n)

        return hear

    yield timed
    if store and work.missing:
        seconds = time.perf_counter() - began
        workers = min(work.workers, work.missing)
        rate = Rate(work.steps, seconds, _fixed(heard, seconds), workers, _memory())
        before = measured(work, store)
        if before is None or rate.steps >= LEAST * before.steps:
            write(_file(work, store), json.dumps(asdict(rate), indent=1).encode())


def _fixed(heard: list[tuple[float, int]], seconds: float) -> float:
    """Seconds before the first step, of the times at which steps were heard of: the first report
    comes after the steps that it tells of, at the pace of all others."""
    (first, n), more = heard[0] if heard else (0.0, 0), sum(n for _, n in heard[1:])
    return max(0.0, first - n * (seconds - first) / more) if more else 0.0


def measured(work: Work, store: Store) -> Rate | None:
    """The rate of this kind of work on this machine, if it was ever done here."""
    with suppress(OSError, ValueError, TypeError):
        return Rate(**json.loads(_file(work, store).read_text()))
    return None


def _file(work: Work, store: Store) -> Path:
    words = re.sub(r"[^\w-]+", "_", f"{work.kind} {work.how} {platform.node()}")
    return store.folder / RATES / f"{words}.json"


def _memory() -> int:
    """Bytes of memory of this process and of those that it started."""
    total = 0
    this = psutil.Process()
    for process in [this, *this.children(recursive=True)]:
        with suppress(psutil.Error):  # one that has ended meanwhile
            total += process.memory_info().rss
    return total


@dataclass(frozen=True)
class Estimate:
    """What works take together: ``seconds`` and ``memory`` (bytes) of those with a rate, and the
    kinds without one."""

    works: tuple[Work, ...]
    seconds: float
    memory: int
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, works: Iterable[Work], store: Store) -> "Estimate":
        """From the rates that are kept in the store."""
        works = tuple(works)
        missing = [work for work in works if work.missing]
        rates = [(work, measured(work, store)) for work in missing]
        known = [(work, rate) for work, rate in rates if rate]
        results = COPIES * sum(work.size for work in works)
        return cls(
            works,
            sum(rate.seconds_of(work) for work, rate in known),
            max((rate.memory for _, rate in known), default=0) + results if known else 0,
            tuple(dict.fromkeys(work.kind for work, rate in rates if not rate)),
        )

    def lines(self) -> list[str]:
        """For reading: a line a work, then the sums."""
        said = [f"{work.kind:16} {work.total:6} {work.missing:6} to train" for work in self.works]
        return [*said, self.summary()]

    def summary(self) -> str:
        """In one line: networks, how many are in the store, time and memory."""
        total = sum(work.total for work in self.works)
        missing = sum(work.missing for work in self.works)
        if not missing:
            return f"{total} models, all in the store: nothing to train"
        cores = os.cpu_count()
        text = f"{missing} of {total} models to train, {total - missing} in the store"
        if len(self.unknown) < len({work.kind for work in self.works if work.missing}):
            text += f"; about {spoken(self.seconds)} here ({cores} cores)"
            text += f", {self.memory / 2**30:.1f} GiB of memory"
        if self.unknown:
            text += f"; without a rate yet on this machine: {', '.join(self.unknown)}"
        return text


def spoken(seconds: float) -> str:
    """A time in two units: 42 s, 3 min 20 s, 5 h 10 min, 3 d 4 h."""
    seconds = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (large, n), (small, m) in pairwise(units):
        if seconds >= n:
            rest = seconds % n // m
            return f"{seconds // n} {large}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"
