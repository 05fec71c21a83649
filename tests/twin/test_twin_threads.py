"""Twins and land-surface models are the same to the byte with any number of threads."""

import os
import subprocess
import sys

MAKE = """
import hashlib
import numpy as np
import xarray as xr
from soilbook import landsurface
from soilbook.data.sites import SITES
from soilbook.twin import land, sites
from soilbook.twin.streams import Space

digest = hashlib.sha256()
pixels = land.coordinates()
latitude, longitude = pixels["latitude"][1], pixels["longitude"][1]
space = Space(latitude, longitude, 0)
here = land.climate(latitude, longitude)
digest.update(space.field("any", 350.0, 400, 0.5).tobytes())
digest.update(here.precipitation.tobytes())
digest.update(land.soil_columns(space, land.nature(space, here)).soil.field_capacity.tobytes())
weather = sites.drivers(SITES["ClotdelesPeresII"], 0).weather
names = ("precipitation", "air_temperature", "shortwave", "relative_humidity")
forcing = xr.Dataset(
    {n: (("site", "time"), np.tile(getattr(weather, n)[:60], (40, 1))) for n in names},
    {"site": np.arange(40), "time": np.arange("2015-01-01", "2015-03-02", dtype="M8[D]")},
)
static = xr.Dataset({n: ("site", np.linspace(10, 40, 40)) for n in ("sand", "clay", "latitude")})
for model in (landsurface.noah, landsurface.vic):
    digest.update(model(forcing, static, 0, 4)["sm"].values.tobytes())
print(digest.hexdigest())
"""


def test_the_number_of_threads_changes_nothing():
    made = set()
    for threads in ("1", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        found = subprocess.run(
            [sys.executable, "-c", MAKE], env=environment, capture_output=True, text=True
        )
        assert found.returncode == 0, found.stderr
        made.add(found.stdout)
    assert len(made) == 1
