"""Land-surface models of the project's own: a Noah-type and a VIC-type one."""

from soilbook.landsurface.noah_type import noah
from soilbook.landsurface.vic_type import Parameters, vic

__all__ = ["Parameters", "noah", "vic"]
