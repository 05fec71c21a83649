"""SMAP L3 and L4 granules over the conterminous USA from NSIDC, found by earthaccess."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from soilbook.data import smap
from soilbook.data.clients import earthdata
from soilbook.data.clients.download import File, Plan
from soilbook.errors import DataError, unknown

# Folder, version and pattern of names of each product; the largest first in a year of days.
PRODUCTS = {
    "SPL3SMP": ("smap_l3", "009", smap.L3_NAME),
    "SPL4SMGP": ("smap_l4", "008", smap.L4_NAME),
}
BOX = (-125.0, 24.5, -66.5, 50.0)  # degrees: west, south, east, north
START, END = pd.Timestamp("2015-04-01"), pd.Timestamp("2017-03-31")
PACE, MEGABYTE = 0.5, 2**20


def plan(root: Path, names: Iterable[str], start=None, end=None) -> Plan:
    """Granules of SPL3SMP (default) or SPL4SMGP, which ``names`` choose, of the two years of study
    2 or from ``start`` to ``end``. The search needs the account already.

    Raises ParameterError for another product, DataError without package, account or granules.
    """
    token = earthdata.login("smap")
    made = []
    for name in list(names) or ["SPL3SMP"]:
        if name not in PRODUCTS:
            raise unknown("product of SMAP", name, PRODUCTS)
        folder, version, pattern = PRODUCTS[name]
        found = earthdata.granules(
            "smap",
            short_name=name,
            version=version,
            temporal=(f"{start or START:%Y-%m-%d}", f"{end or END:%Y-%m-%d}"),
            bounding_box=BOX,
        )
        for granule in found:
            links = [link for link in granule.data_links() if link.startswith("https://")]
            file = links[0].rsplit("/", 1)[-1] if links else "no address"
            if not pattern.fullmatch(file):
                raise DataError(f"smap: {name} offers {file}; a name like {pattern.pattern} needed")
            size = int(granule.size() * MEGABYTE)
            made.append(File(f"{folder}/{file}", links[0], _check, size))
    secret = {"Authorization": f"Bearer {token}"}
    return Plan("smap", tuple(made), PACE, 1.0, lambda: secret, earthdata.ACCOUNT)


def _check(path: Path) -> None:
    """A whole HDF5 file with the variable that is read."""
    if smap.L3_NAME.fullmatch(path.name):
        group, ending = smap.GROUPS["AM"]
        smap.read(path, (f"soil_moisture{ending}",), group)
    else:
        smap.read(path, ("sm_rootzone",), smap.L4_GROUP)
