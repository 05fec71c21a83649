"""The soil column: its layers and the properties that follow from Table 1's texture."""

from dataclasses import dataclass, replace

import numpy as np

from soilbook.schema import DEPTHS

# Edges of the layers (m). Five layers have a probe in their centre. Water moves in the first
# WATER_LAYERS of them, heat in all: the annual wave of temperature reaches deeper.
_FINE = (0, 0.025, 0.075, 0.125, 0.175, 0.225, 0.3, 0.375, 0.45, 0.55, 0.65, 0.8, 0.95, 1.05)
EDGES = np.array([*_FINE, 1.2, 1.5, 2, 3, 4.5, 7, 11])
THICKNESS = np.diff(EDGES)
CENTRES = EDGES[:-1] + THICKNESS / 2
WATER_LAYERS = 16
PROBES = np.array([int(np.argmin(np.abs(CENTRES - depth))) for depth in DEPTHS])

TIGHTENING = 0.5  # m, depth over which conductivity falls by e
WILTING_SUCTION = 153.0  # m of water, 1500 kPa
FIELD_SUCTION = 3.36  # m of water, 33 kPa


@dataclass(frozen=True)
class Hydraulics:
    """Parameters of the Campbell functions of a soil, scalars or arrays.

    Suction psi = entry (theta / saturation)^-slope, conductivity K = saturated_conductivity
    (theta / saturation)^(2 slope + 3), after Campbell (1974,
    doi:10.1097/00010694-197406000-00001). Water contents in m3 m-3, entry in m, conductivity in
    m d-1. ``residual`` is air-dry soil.
    """

    saturation: np.ndarray
    entry: np.ndarray
    slope: np.ndarray
    saturated_conductivity: np.ndarray

    def water_content(self, suction: float) -> np.ndarray:
        """Water content (m3 m-3) at a suction (m) above the entry suction."""
        return self.saturation * (suction / self.entry) ** (-1 / self.slope)

    @property
    def field_capacity(self) -> np.ndarray:
        """Water content at 33 kPa."""
        return self.water_content(FIELD_SUCTION)

    @property
    def wilting(self) -> np.ndarray:
        """Water content at 1500 kPa."""
        return self.water_content(WILTING_SUCTION)

    @property
    def residual(self) -> np.ndarray:
        """Air-dry soil, half the wilting point: as deep as evaporation dries it (FAO-56, eq 73)."""
        return self.wilting / 2


def pedotransfer(sand: np.ndarray, clay: np.ndarray) -> Hydraulics:
    """Hydraulic parameters of sand and clay, in percent of mass.

    Cosby, Hornberger, Clapp and Ginn (1984, doi:10.1029/WR020i006p00682), Table 5.
    """
    inch_per_hour = 0.0254 * 24  # m d-1
    return Hydraulics(
        saturation=(48.9 - 0.126 * sand) / 100,
        entry=10 ** (1.88 - 0.0131 * sand) / 100,
        slope=2.91 + 0.159 * clay,
        saturated_conductivity=10 ** (-0.884 + 0.0153 * sand) * inch_per_hour,
    )


def profile(sand: np.ndarray, clay: np.ndarray) -> Hydraulics:
    """Parameters in the water layers of soils, arrays (column, layer), from (column, 1) arrays.

    The soil grows tighter with depth: conductivity falls exponentially (Beven 1984,
    doi:10.1080/02626668409490960).
    """
    top = pedotransfer(sand, clay)
    depth = CENTRES[:WATER_LAYERS]
    tight = top.saturated_conductivity * np.exp(-depth / TIGHTENING)
    return replace(top, saturated_conductivity=tight)
