"""The records of an experiment cut into windows, with what had to be left out."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from soilbook import data as source
from soilbook.errors import DataError
from soilbook.store import Store
from soilbook.studies import sources
from soilbook.studies.experiment import Experiment
from soilbook.training import windows


@dataclass
class Records:
    """Series by (site, depth), the axes of the result, and one line for each one left out."""

    sites: tuple[str, ...]
    depths: tuple[float, ...]
    series: dict[tuple[str, float], windows.Series] = field(default_factory=dict)
    sm: dict[tuple[str, float], np.ndarray] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    fingerprint: str = ""

    @property
    def n_days(self) -> int:
        """Days of the longest test part."""
        return max(len(one.time) - one.test_row for one in self.series.values())

    def empty(self, *lead_dims: int) -> np.ndarray:
        """NaN (..., site, depth, step, day), float32."""
        shape = (len(self.sites), len(self.depths), windows.N_LEADS, self.n_days)
        return np.full((*lead_dims, *shape), np.nan, dtype=np.float32)

    def place(self, key: tuple[str, float]) -> tuple[int, int]:
        """Position of a (site, depth) on the axes of the result."""
        return self.sites.index(key[0]), self.depths.index(key[1])


def load(experiment: Experiment, store: Store | None = None) -> Records:
    """Read the sites of a resolved experiment and cut them into windows.

    A site and depth with too few windows is left out and named. Raises DataError if none is left.
    """
    records = Records(experiment.sites, experiment.depths)
    for name in experiment.sites:
        site = sources.load(name, experiment.data, experiment.seed, store)
        for depth in experiment.depths:
            try:
                one = windows.series(site, depth, experiment.scaling)
            except DataError as error:
                records.left_out.append(str(error))
                continue
            records.series[name, depth] = one
            records.sm[name, depth] = site["sm"].sel(depth=depth).values.astype(float)
    if not records.series:
        raise DataError(f"nothing left to forecast: {'; '.join(records.left_out)}")
    records.fingerprint = source.fingerprint(
        experiment.data, experiment.sites, seed=experiment.seed
    )
    return records


def observed(records: Records) -> xr.Dataset:
    """What is to be forecast: ``observed`` (site, depth, step, day) in m3 m-3.

    ``day`` counts the days of the test part; its value is that of the last observed day, whose
    date is ``issue_time`` (site, day). Only days from which all leads can be scored hold values.
    """
    values = records.empty()
    times = np.full((len(records.sites), records.n_days), np.datetime64("NaT"), "datetime64[ns]")
    for key, one in records.series.items():
        i, k = records.place(key)
        issue = one.starts["test"] + windows.N_STEPS - 1
        for step in range(windows.N_LEADS):
            values[i, k, step, issue - one.test_row] = records.sm[key][issue + 1 + step]
        times[i, : len(one.time) - one.test_row] = one.time[one.test_row :]
    return xr.Dataset(
        {
            "observed": (("site", "depth", "step", "day"), values, {"units": "m3 m-3"}),
            "issue_time": (("site", "day"), times),
        },
        coords={
            "site": list(records.sites),
            "depth": list(records.depths),
            "step": np.arange(1, windows.N_LEADS + 1),
        },
    )
