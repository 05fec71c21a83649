"""What both models share: short steps of the weather, what the air takes, the loop over time.

What a daily mean does not say is put in by simple rules. Short-wave follows the height of the sun;
air temperature is a cosine that peaks at 15 h local solar time, with the daily range that fits the
day's short-wave (Hargreaves and Samani 1982, doi:10.1061/JRCEA4.0001390, turned round); vapour
pressure (up to saturation), wind and long-wave stay at the daily mean; rain falls evenly through
the day, as in the disaggregation that VIC uses (Bohn et al. 2013,
doi:10.1016/j.agrformet.2013.03.003).
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from soilbook import progress
from soilbook.errors import ParameterError
from soilbook.landsurface.inputs import Cover, Inputs, Weather
from soilbook.physics import air
from soilbook.physics.soil import leaf_season, possible_melt, snow_covered, snowfall

WARMEST = 15.0  # h
HARGREAVES = 0.17  # K-0.5
WIDEST = 22.0  # K, largest daily range
AIR_HEAT = 1005.0  # J kg-1 K-1
GAS = 287.05  # J kg-1 K-1, dry air
KARMAN = 0.41
WIND_HEIGHT, AIR_HEIGHT = 10.0, 2.0  # m
HEAT_ROUGHNESS = 0.1  # roughness for heat over that for wind
LEAST_WIND = 0.5  # m s-1
CLOSED = 5000.0  # s m-1, stomata shut
BEST_TEMPERATURE = 298.0  # K
LEAST_OPENING = 1e-3
STEPS = (4, 6, 8, 12, 24)
LONGEST_SPIN_UP = 100
BLOCK = 64  # days whose weather is prepared at a time
ROOT_ZONE = 1.0  # m
YEAR = 365.25
LAYERS = {
    "theta": ("sm", "m3 m-3", "volumetric soil moisture, mean of the day"),
    "temperature": ("soil_temperature", "degC", "soil temperature, mean of the day"),
}
DAILY = {
    "evapotranspiration": ("mm d-1", "evapotranspiration and sublimation"),
    "runoff": ("mm d-1", "surface runoff"),
    "drainage": ("mm d-1", "drainage or base flow"),
    "snow_water": ("mm", "water in the snow, end of the day"),
    "storage": ("mm", "water in soil, snow and on leaves, end of the day"),
}


class Drive(NamedTuple):
    """What drives a step of either model, each (step, site), or (site,) for one step.

    rain, snowfall (mm per step); temperature (degC); radiation: net, of snow-free ground at air
    temperature (W m-2); shortwave (W m-2); potential: evaporation of a wet surface with
    neither snow nor ground heat (mm d-1); by_heat: its growth with absorbed heat (mm d-1 per
    W m-2); exchange: sensible and long-wave heat lost per degree of surface warming (W m-2 K-1);
    open, closed: transpiration is open / (open + closed / wetness) of the potential; shade: green
    part of the ground; leaves: leaf area index.
    """

    rain: np.ndarray
    snowfall: np.ndarray
    temperature: np.ndarray
    radiation: np.ndarray
    shortwave: np.ndarray
    potential: np.ndarray
    by_heat: np.ndarray
    exchange: np.ndarray
    open: np.ndarray
    closed: np.ndarray
    shade: np.ndarray
    leaves: np.ndarray


class Snow(NamedTuple):
    """Snow in a step, (site,): water that lies at its end, melted and sublimed (mm), short-wave
    that it kept from the ground (W m-2), and what else could evaporate (mm)."""

    pack: np.ndarray
    melted: np.ndarray
    dark: np.ndarray
    sublimed: np.ndarray
    potential: np.ndarray


class Uptake(NamedTuple):
    """Water (mm) of a step: that leaves hold, that drips, and that the air takes from leaves and
    roots, (site,), the last by layer as well, (layer, site)."""

    held: np.ndarray
    drip: np.ndarray
    from_leaves: np.ndarray
    from_roots: np.ndarray
    taken: np.ndarray


class Fluxes(NamedTuple):
    """Water (mm) that left the sites in a step, each (site,)."""

    evapotranspiration: np.ndarray
    runoff: np.ndarray
    drainage: np.ndarray


def check(spin_up_years: float, steps_per_day: int) -> None:
    """Raises ParameterError for a number of years or steps that is not allowed."""
    if not 0 <= spin_up_years <= LONGEST_SPIN_UP:
        raise ParameterError(f"spin_up_years is {spin_up_years!r}; 0 to {LONGEST_SPIN_UP} allowed")
    if steps_per_day not in STEPS:
        allowed = ", ".join(map(str, STEPS))
        raise ParameterError(f"steps_per_day is {steps_per_day!r}; allowed: {allowed}")


def disaggregate(inputs: Inputs, days: np.ndarray, steps: int) -> Weather:
    """Weather in ``steps`` parts of each of the ``days`` (row numbers); daily means are kept."""

    def even(values: np.ndarray) -> np.ndarray:
        return np.repeat(values[days], steps, axis=0)

    shape = (days.size * steps, inputs.latitude.size)
    above = air.sunlight(inputs.latitude, air.day_of_year(inputs.time[days]), steps)
    top = above.mean(axis=1)
    dark = top <= 0
    share = np.where(dark[:, None], 1, above / np.where(dark, 1, top)[:, None])
    shortwave = share * inputs.shortwave[days][:, None]
    clearness = np.where(dark, 0, inputs.shortwave[days] / np.where(dark, 1, top))
    spread = np.minimum((clearness / HARGREAVES) ** 2, WIDEST)
    # Mean of the cosine over each step.
    edges = 2 * np.pi * (np.linspace(0, 24, steps + 1) - WARMEST) / 24
    wave = np.diff(np.sin(edges)) * steps / (2 * np.pi)
    temperature = inputs.air_temperature[days][:, None] + spread[:, None] / 2 * wave[:, None]
    temperature = temperature.reshape(shape)
    return Weather(
        precipitation=even(inputs.precipitation) / steps,
        air_temperature=temperature,
        shortwave=shortwave.reshape(shape),
        longwave=even(inputs.longwave),
        vapour_pressure=np.minimum(
            even(inputs.vapour_pressure), air.saturation_pressure(temperature)
        ),
        wind_speed=even(inputs.wind_speed),
    )


def drive(weather: Weather, cover: Cover, pressure: np.ndarray, leaf_out: np.ndarray) -> Drive:
    """Drive of both models; ``leaf_out`` (step, site) is how far leaves are out, 0 to 1.

    Penman's equation with long-wave cooling linearised, as in Noah (Mahrt and Ek 1984,
    doi:10.1175/1520-0450(1984)023<0222:TIOASO>2.0.CO;2), neutral exchange above a rough surface,
    and the canopy resistance of Jarvis as in Chen and Dudhia (2001).
    """
    temperature = weather.air_temperature
    kelvin = temperature + air.KELVIN
    saturated = air.saturation_pressure(temperature)
    slope = air.saturation_slope(saturated, temperature)  # hPa K-1
    deficit = np.maximum(saturated - weather.vapour_pressure, 0)
    psychrometric = AIR_HEAT * pressure / (air.EPSILON * air.LATENT)  # hPa K-1
    density = pressure * 100 / (GAS * kelvin)
    roughness = cover.roughness
    mixing = KARMAN**2 / (
        np.log(WIND_HEIGHT / roughness) * np.log(AIR_HEIGHT / (HEAT_ROUGHNESS * roughness))
    )
    per_second = mixing * np.maximum(weather.wind_speed, LEAST_WIND)  # m s-1, 1 / resistance
    sensible = density * AIR_HEAT * per_second
    cooling = 1 + 4 * air.EMISSIVITY * air.STEFAN_BOLTZMANN * kelvin**3 / sensible
    net = (1 - cover.albedo) * weather.shortwave
    net += air.EMISSIVITY * (weather.longwave - air.STEFAN_BOLTZMANN * kelvin**4)
    by_heat = air.EVAPORATED * slope / (slope + psychrometric * cooling)
    drying = cooling * sensible * deficit / slope

    leaves = cover.leaves_winter + (cover.leaves_summer - cover.leaves_winter) * leaf_out
    shade = cover.shade * leaves / cover.leaves_summer
    light = 0.55 * 2 * weather.shortwave / (cover.light * leaves)
    by_light = (light + cover.least_resistance / CLOSED) / (1 + light)
    by_warmth = 1 - 0.0016 * (BEST_TEMPERATURE - kelvin) ** 2
    by_dryness = 1 / (1 + cover.dryness * air.EPSILON * deficit / pressure)
    opening = by_light * np.maximum(by_warmth, LEAST_OPENING) * by_dryness
    resistance = cover.least_resistance / (leaves * opening)
    snow = snowfall(weather.precipitation, temperature)
    return Drive(
        rain=weather.precipitation - snow,
        snowfall=snow,
        temperature=temperature,
        radiation=net,
        shortwave=weather.shortwave,
        potential=by_heat * (net + drying),
        by_heat=by_heat,
        exchange=sensible * cooling,
        open=cooling + slope / psychrometric,
        closed=cooling * resistance * per_second,
        shade=shade,
        leaves=leaves,
    )


def snow(pack: np.ndarray, cover: Cover, d: Drive, day_part: float, ground_heat=0.0) -> Snow:
    """Snow of a step that begins with ``pack`` (mm); ``ground_heat`` (W m-2) flows into the soil.

    ``potential`` is what is left for leaves and soil once the snow has taken its share.
    """
    pack = pack + d.snowfall
    melted = np.minimum(pack, possible_melt(d.temperature, day_part))
    pack = pack - melted
    hidden = snow_covered(pack, cover.hiding_snow)
    dark = hidden * (cover.snow_albedo - cover.albedo) * d.shortwave
    potential = d.potential - d.by_heat * (dark + ground_heat)
    potential = np.maximum(potential, 0) * day_part
    sublimed = np.minimum(potential * hidden, pack)
    return Snow(pack - sublimed, melted, dark, sublimed, potential * (1 - hidden))


def uptake(canopy, most, power: float, potential, supply: np.ndarray, d: Drive) -> Uptake:
    """What the air takes from leaves and roots out of ``potential`` (mm), (site,).

    canopy, most: water that leaves hold and can hold (mm), (site,); their wet part is the share to
    a ``power``; supply: roots of each layer that feel no drought, (layer, site).
    """
    held = canopy + d.shade * d.rain
    drip = np.maximum(held - most, 0)
    held = held - drip
    wet = np.minimum(held / np.maximum(most, 1e-9), 1) ** power
    from_leaves = np.minimum(potential * d.shade * wet, held)
    wetness = supply.sum(axis=0)
    opening = d.open * wetness / (d.open * wetness + d.closed)
    from_roots = potential * d.shade * (1 - wet) * opening
    taken = supply * (from_roots / np.maximum(wetness, 1e-12))
    return Uptake(held - from_leaves, drip, from_leaves, from_roots, taken)


def simulate(
    model, inputs: Inputs, spin_up_years: float, steps_per_day: int, title: str
) -> xr.Dataset:
    """Daily results of a model, after a spin-up with the first years of the weather.

    ``model``: its ``thickness`` (mm, (layer, 1)), ``start()`` -> state and ``step(state, drive)``
    -> state, Fluxes. A state has ``theta`` (layer, site), ``pack`` and ``canopy`` (mm, (site,)).
    """
    n_days, n_sites = inputs.precipitation.shape
    spin_up = np.arange(round(spin_up_years * YEAR)) % n_days
    state = model.start()
    layers = [name for name in LAYERS if name in state._fields]
    shape = n_days, len(model.thickness), n_sites
    means = {name: np.zeros(shape) for name in layers}
    daily = {name: np.zeros((n_days, n_sites)) for name in DAILY}
    with progress.bar(spin_up.size + n_days, title.split(" ")[0], "day") as bar:
        for _, drives in _days(inputs, spin_up, steps_per_day, bar):
            for now in drives:
                state, _ = model.step(state, now)
        before = _storage(model, state)
        for day, drives in _days(inputs, np.arange(n_days), steps_per_day, bar):
            for now in drives:
                state, left = model.step(state, now)
                for name, values in left._asdict().items():
                    daily[name][day] += values
                for name in layers:
                    means[name][day] += getattr(state, name)
            daily["snow_water"][day] = state.pack
            daily["storage"][day] = _storage(model, state)
    for values in means.values():
        values /= steps_per_day
    result = _dataset(inputs, model.thickness[:, 0] / 1000, means, daily, before)
    settings = {"spin_up_years": spin_up_years, "steps_per_day": steps_per_day}
    return result.assign_attrs(title=title, source=title, **settings)


def _days(inputs: Inputs, days: np.ndarray, steps: int, bar):
    """Every day's number and its steps' Drives."""
    leaf_out = leaf_season(inputs.air_temperature)
    for block in np.split(days, range(BLOCK, days.size, BLOCK)):
        weather = disaggregate(inputs, block, steps)
        leaves = np.repeat(leaf_out[block], steps, axis=0)
        block_drive = drive(weather, inputs.cover, inputs.pressure, leaves)
        rows = [Drive(*row) for row in zip(*block_drive, strict=True)]
        for k, day in enumerate(block):
            yield day, rows[k * steps : (k + 1) * steps]
        bar.update(block.size)


def _storage(model, state) -> np.ndarray:
    return (model.thickness * state.theta).sum(axis=0) + state.pack + state.canopy


def _dataset(inputs: Inputs, thickness, means, daily, before) -> xr.Dataset:
    """Results with names and units; ``thickness`` (m) of the layers."""
    place, bottom = inputs.place, np.cumsum(thickness)
    top = bottom - thickness
    result = xr.Dataset(
        coords={
            place: inputs.labels,
            "time": inputs.time,
            "layer": np.arange(thickness.size),
            "layer_top": ("layer", top, {"units": "m"}),
            "layer_thickness": ("layer", thickness, {"units": "m"}),
        }
    )

    def add(name, dims, values, units, long_name):
        result[name] = dims, values, {"units": units, "long_name": long_name}

    for key, values in means.items():
        add(LAYERS[key][0], (place, "layer", "time"), values.transpose(2, 1, 0), *LAYERS[key][1:])
    share = np.clip(np.minimum(bottom, ROOT_ZONE) - top, 0, None)
    root_zone = (means["theta"] * share[:, None]).sum(axis=1) / share.sum()
    series = place, "time"
    above = f"soil moisture, 0-{100 * bottom[0]:.0f} cm"
    add("sm_surface", series, means["theta"][:, 0].T, "m3 m-3", above)
    add("sm_rootzone", series, root_zone.T, "m3 m-3", "soil moisture, 0-100 cm")
    for name, labels in DAILY.items():
        add(name, series, daily[name].T, *labels)
    add("storage_before", (place,), before, "mm", "storage before the first day")
    return result
