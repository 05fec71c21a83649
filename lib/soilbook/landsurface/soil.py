"""Hydraulic and thermal properties of a soil of given texture."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FIELD_SUCTION = 3_360.0  # mm of water, 33 kPa
WILTING_SUCTION = 153_000.0  # mm of water, 1500 kPa
NOAH_WILTING_SUCTION = 200_000.0  # mm of water
NOAH_REFERENCE_DRAINAGE = 0.5  # mm d-1
INCH_PER_HOUR = 25.4 * 24  # mm d-1


@dataclass(frozen=True)
class Soil:
    """Parameters of the Campbell functions, each (site,).

    Suction psi = entry (theta / porosity)^-slope (mm) and conductivity K = conductivity
    (theta / porosity)^(2 slope + 3) (mm d-1), Campbell (1974,
    doi:10.1097/00010694-197406000-00001). Water contents in m3 m-3; quartz is a share of solids.
    """

    porosity: np.ndarray
    entry: np.ndarray
    slope: np.ndarray
    conductivity: np.ndarray
    quartz: np.ndarray

    def water_content(self, suction: float) -> np.ndarray:
        """Water content (m3 m-3) at a suction (mm)."""
        return self.porosity * np.minimum((suction / self.entry) ** (-1 / self.slope), 1)

    @cached_property
    def power(self) -> np.ndarray:
        """Exponent of the conductivity function."""
        return 2 * self.slope + 3

    @cached_property
    def field_capacity(self) -> np.ndarray:
        """Water content at 33 kPa."""
        return self.water_content(FIELD_SUCTION)

    @cached_property
    def wilting(self) -> np.ndarray:
        """Water content at 1500 kPa."""
        return self.water_content(WILTING_SUCTION)

    @cached_property
    def noah_wilting(self) -> np.ndarray:
        """Noah's wilting point and driest soil: half of the water content at 200 m suction."""
        return 0.5 * self.water_content(NOAH_WILTING_SUCTION)

    @cached_property
    def noah_reference(self) -> np.ndarray:
        """Noah's reference water content, below which plants feel drought.

        A third of the way from the content that drains 0.5 mm d-1 to saturation; Chen and Dudhia
        (2001, doi:10.1175/1520-0493(2001)129<0569:CAALSH>2.0.CO;2), Table 2.
        """
        share = (NOAH_REFERENCE_DRAINAGE / self.conductivity) ** (1 / self.power)
        drained = self.porosity * np.minimum(share, 1)
        return drained + (self.porosity - drained) / 3


def pedotransfer(sand, clay) -> Soil:
    """Soil of sand and clay, each (site,), in percent of mass.

    Cosby, Hornberger, Clapp and Ginn (1984, doi:10.1029/WR020i006p00682), Table 5; quartz is the
    sand content, after Peters-Lidard et al. (1998,
    doi:10.1175/1520-0469(1998)055<1209:TEOSTC>2.0.CO;2).
    """
    sand, clay = np.asarray(sand, float), np.asarray(clay, float)
    return Soil(
        porosity=(48.9 - 0.126 * sand) / 100,
        entry=10 ** (1.88 - 0.0131 * sand) * 10,
        slope=2.91 + 0.159 * clay,
        conductivity=10 ** (-0.884 + 0.0153 * sand) * INCH_PER_HOUR,
        quartz=sand / 100,
    )
