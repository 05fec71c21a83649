"""Which site stands in where the one that the paper draws is not among those of a run."""

import numpy as np

from soilbook.data.easegrid import great_circle
from soilbook.data.sites import SITES


def nearest(site: str, there) -> str:
    """The site itself if it is ``there``, else the nearest of those by great circle."""
    names = [str(name) for name in there]
    if site in names:
        return site
    wanted = SITES[site]
    away = [
        great_circle(wanted.latitude, wanted.longitude, SITES[name].latitude, SITES[name].longitude)
        for name in names
    ]
    return names[int(np.argmin(away))]


def words(site: str, shown: str) -> str:
    """For a caption: empty if the site itself is shown, else what stands in for it."""
    if site == shown:
        return ""
    return f" (stands in for {site}, which this run does not have: the nearest site)"
