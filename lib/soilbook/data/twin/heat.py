"""Soil temperature by conduction of heat, with freezing, for many columns at once."""

import numpy as np
from scipy.linalg.lapack import dgtsv

FUSION = 3.34e8  # J per m3 of water
WATER_CAPACITY = 4.18e6  # J m-3 K-1
SOLID_CAPACITY = 2.0e6  # J m-3 K-1
FREEZING = 1.0  # degC below zero over which soil water turns to ice
DAY = 86400.0
TOLERANCE = 1.0  # J m-3, less than a millionth of a degree
ITERATIONS = 40  # most steps need two, a freezing column more


def conductivity(saturation: np.ndarray, water: np.ndarray, sand: np.ndarray) -> np.ndarray:
    """Thermal conductivity (W m-1 K-1) of soil with porosity ``saturation`` and content ``water``.

    Johansen's interpolation between dry and saturated soil as in Peters-Lidard et al. (1998,
    doi:10.1175/1520-0469(1998)055<1209:TEOSTC>2.0.CO;2), the sand (%) being taken for quartz.
    """
    quartz = sand / 100
    other = np.where(quartz > 0.2, 2.0, 3.0)
    solid = 7.7**quartz * other ** (1 - quartz)
    wet = solid ** (1 - saturation) * 0.57**saturation
    density = 2700 * (1 - saturation)
    dry = (0.135 * density + 64.7) / (2700 - 0.947 * density)
    kersten = np.clip(1 + np.log10(np.maximum(water / saturation, 0.1)), 0, 1)
    return dry + kersten * (wet - dry)


def enthalpy(temperature: np.ndarray, capacity: np.ndarray, latent: np.ndarray) -> np.ndarray:
    """Heat content (J m-3, zero for thawed soil at 0 degC) at a temperature (degC).

    ``capacity`` in J m-3 K-1; ``latent`` (J m-3) is set free linearly over FREEZING below zero.
    """
    return capacity * temperature + latent * np.clip(temperature / FREEZING, -1, 0)


def temperature_of(
    heat: np.ndarray, capacity: np.ndarray, latent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature (degC) of a heat content, and its derivative; the inverse of ``enthalpy``."""
    mixed = capacity + latent / FREEZING
    frozen = heat < -mixed * FREEZING
    slope = np.where(heat >= 0, 1 / capacity, np.where(frozen, 1 / capacity, 1 / mixed))
    return np.where(frozen, heat + latent, heat) * slope, slope


def soil_temperature(
    surface: np.ndarray,
    resistance: np.ndarray,
    thickness: np.ndarray,
    conducts: np.ndarray,
    capacity: np.ndarray,
    latent: np.ndarray,
    start: np.ndarray,
) -> np.ndarray:
    """Daily temperature (degC) of every layer, (column, day, layer), no heat flow at the bottom.

    surface: temperature above the snow and litter (degC), (column, day); resistance: between there
    and the soil (m2 K W-1), (column, day); thickness of the layers (m), (layer,); conducts,
    capacity, latent: (column, layer); start: temperature before the first day, (column, layer).
    Implicit steps of a day in heat content, so that no heat of freezing is lost (Voller 1985,
    doi:10.1093/imanum/5.2.201), solved by Newton's method column by column.
    """
    columns, layers = conducts.shape
    half = thickness / 2 / conducts
    inner = np.zeros((columns, layers))
    inner[:, :-1] = 1 / (half[:, :-1] + half[:, 1:])  # W m-2 K-1 through the lower edge
    inner, ratio = inner.ravel(), np.tile(DAY / thickness, columns)
    capacity, latent, half = capacity.ravel(), latent.ravel(), half[:, 0]
    temperature = start.ravel().copy()
    heat = enthalpy(temperature, capacity, latent)
    out = np.empty((surface.shape[1], columns, layers))
    outer = 1 / (half[:, None] + resistance)
    edge = np.zeros(columns * layers)
    above = np.zeros(columns * layers)
    for day in range(surface.shape[1]):
        edge[::layers] = outer[:, day]
        above[::layers] = surface[:, day]
        trial = heat
        for _ in range(ITERATIONS):
            value, slope = temperature_of(trial, capacity, latent)
            # Residual of the implicit step at the trial heat, and its derivative.
            down = inner[:-1] * (value[:-1] - value[1:])
            gain = edge * (above - value)
            gain[:-1] -= down
            gain[1:] += down
            residual = heat + ratio * gain - trial
            open_columns = np.abs(residual).reshape(columns, layers).max(axis=1) > TOLERANCE
            if not open_columns.any():
                break
            diagonal = edge + inner
            diagonal[1:] += inner[:-1]
            diagonal = 1 + ratio * diagonal * slope
            upper = -ratio[:-1] * inner[:-1] * slope[1:]
            lower = -ratio[1:] * inner[:-1] * slope[:-1]
            change = dgtsv(lower, diagonal, upper, residual)[3]
            moved = _stop_at_kinks(trial, trial + change, capacity, latent)
            # A column that has converged stays, whatever the others need.
            trial = np.where(np.repeat(open_columns, layers), moved, trial)
        heat = trial
        temperature, _ = temperature_of(heat, capacity, latent)
        out[day] = temperature.reshape(columns, layers)
    return np.moveaxis(out, 0, 1)


def _stop_at_kinks(old, new, capacity, latent):
    """A Newton step in heat content that goes no further than where freezing starts or ends.

    Beyond such a point the step's derivative no longer holds; it ends 1 J m-3 on the other side.
    """
    solid = -(capacity * FREEZING + latent)
    new = np.where((old >= 0) & (new < 0), -1.0, new)
    new = np.where((old < 0) & (old >= solid) & (new >= 0), 0.0, new)
    new = np.where((old < 0) & (old >= solid) & (new < solid), solid - 1.0, new)
    return np.where((old < solid) & (new >= solid), solid, new)
