"""All that acts on one site's soil, day by day, before the soil itself is computed."""

from dataclasses import dataclass

import numpy as np

from soilbook.data.sites import Site
from soilbook.data.twin import streams
from soilbook.data.twin.cover import COVERS, ground_share, leaf_area, root_share
from soilbook.data.twin.demand import potential_evapotranspiration
from soilbook.data.twin.schedule import Schedule, schedule
from soilbook.data.twin.snow import insulation, snowpack
from soilbook.data.twin.soil import EDGES, WATER_LAYERS
from soilbook.data.twin.weather import Weather, generate

SPIN_UP = 365  # days of weather before the record, for the soil to forget its start
COVERED = 1.0  # mm of snow that keep the ground from evaporating
HIDDEN = 5.0  # mm of snow under which the ground does not feel the sun


@dataclass(frozen=True)
class Drivers:
    """Daily arrays (day,) of a site from SPIN_UP days before its record to its end.

    pack, melt: water in the snow and from it (mm); surface: temperature above snow and litter
    (degC); resistance: of these to heat (m2 K W-1); potential, ground, plants: evaporative demand,
    and its parts on bare soil and leaves (mm). ``roots`` is the share of each layer, (layer,).
    """

    site: Site
    days: np.ndarray
    weather: Weather
    pack: np.ndarray
    melt: np.ndarray
    surface: np.ndarray
    resistance: np.ndarray
    potential: np.ndarray
    ground: np.ndarray
    plants: np.ndarray
    roots: np.ndarray
    steps: Schedule


def drivers(site: Site, seed: int, refine: int = 1) -> Drivers:
    """Drivers of a site; ``refine`` multiplies the number of steps of the soil water."""
    first, last = (np.datetime64(date, "D") for date in (site.start, site.end))
    days = np.arange(first - SPIN_UP, last + 1)
    weather = generate(site.name, site.latitude, days, SPIN_UP, seed)
    cover, air = COVERS[site.land_cover], weather.air_temperature
    pack, melt, rain = snowpack(weather.precipitation, air)
    potential = potential_evapotranspiration(
        air,
        weather.relative_humidity,
        weather.wind_speed,
        weather.shortwave,
        weather.longwave,
    )
    # Where the demand exceeds the rain, plants stand so much the thinner.
    thin = min(1.0, weather.precipitation.mean() / potential.mean())
    bare = ground_share(thin * leaf_area(cover, air))
    sunlit = air + cover.warming * weather.shortwave / 100
    return Drivers(
        site=site,
        days=days,
        weather=weather,
        pack=pack,
        melt=melt,
        surface=np.where(pack > HIDDEN, np.minimum(air, 0), sunlit),
        resistance=insulation(pack),
        potential=potential,
        ground=np.where(pack > COVERED, 0, potential * bare),
        plants=potential * (1 - bare),
        roots=root_share(cover.roots, EDGES[: WATER_LAYERS + 1]),
        steps=schedule(streams.stream(seed, site.name, "storms"), rain + melt, refine),
    )
