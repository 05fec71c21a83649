"""Data of the sites: readers of real observations and the twin."""

from soilbook.data.files import folder
from soilbook.data.tracks import available, fingerprint, load

__all__ = ["available", "fingerprint", "folder", "load"]
