"""The thirty sites of Wang et al. (2024), doi 10.5194/hess-28-917-2024, with its slips corrected.

Built from Table 1 and Table D2 as printed; what differs from them is in CORRECTIONS and in the
note of the site.
"""

import re
from dataclasses import dataclass

import pandas as pd

from soilbook import published
from soilbook.errors import unknown


@dataclass(frozen=True)
class Site:
    """A site: texture (percent by mass), position (degrees), record and split of Table D2.

    Training runs from ``start`` up to ``validation_start``, validation from there up to
    ``test_start``, the test from there to ``end``. ``uscrn`` is the station of the U.S. Climate
    Reference Network, or None.
    """

    name: str
    sand: float
    silt: float
    clay: float
    land_cover: str
    latitude: float
    longitude: float
    start: pd.Timestamp
    end: pd.Timestamp
    validation_start: pd.Timestamp
    test_start: pd.Timestamp
    uscrn: str | None
    aliases: tuple[str, ...]
    note: str


# Station of the U.S. Climate Reference Network and its state, as in NCEI's file names.
STATIONS = {
    "Kingston-1-W": "RI",
    "Monahans-6-ENE": "TX",
    "Necedah-5-WNW": "WI",
    "Kenai-29-ENE": "AK",
    "Darrington-21-NNE": "WA",
    "Palestine-6-WNW": "TX",
    "Durham-11-W": "NC",
    "Cape-Charles-5-ENE": "VA",
    "Montrose-11-ENE": "CO",
    "Coshocton-8-NNE": "OH",
    "Bodega-6-WSW": "CA",
    "Aberdeen-35-WNW": "SD",
    "Goodwell-2-SE": "OK",
    "Riley-10-WSW": "OR",
    "Joplin-24-N": "MO",
    "Buffalo-13-ESE": "SD",
}

# Names that the paper's text and figures use, beside those of Table 1.
SPELLINGS = {
    "Monahans-6-ENE": ("Monahans",),
    "AAMU-jtg": ("AAMU",),
    "Cape-Charles-5-ENE": ("Cape",),
    "UpperBethlehem": ("UpperBethlem",),
}

# What Table 1 prints wrongly: field, true value, why.
CORRECTIONS = {
    "Durham-11-W": (
        ("latitude", 35.97, "Table 1 repeats the position and years of Coshocton-8-NNE"),
        ("longitude", -79.09, "Table 1 repeats the position and years of Coshocton-8-NNE"),
    ),
    "Monahans-6-ENE": (("longitude", -102.81, "Table 1 lacks the minus sign of the longitude"),),
    "Falkenberg": (
        ("land_cover", "Cropland, rainfed", "Table 1 prints the land cover 'Cropland, rained'"),
    ),
    "Weslaco": (
        ("land_cover", "Cropland, rainfed", "Table 1 prints the land cover 'Cropland, rained'"),
    ),
}


def _note(row: pd.Series, split: pd.Series, twins: list[str]) -> str:
    """What a reader should know of this row of Table 1."""
    parts = list(dict.fromkeys(why for _, _, why in CORRECTIONS.get(row["site"], ())))
    if row["printed"] != row["site"]:
        parts.append(f"Table 1 prints the name {row['printed']!r}")
    start, end = split["training_start"], split["test_end"]
    if (row["first_year"], row["last_year"]) != (start.year, end.year):
        parts.append(
            f"Table 1 gives {row['first_year']}-{row['last_year']}, "
            f"Table D2 {start:%Y-%m-%d} to {end:%Y-%m-%d}, which is used"
        )
    if twins:
        parts.append(f"Table 1 prints the same texture for {', '.join(twins)}; kept as printed")
    return "; ".join(parts)


FIELDS = ("sand", "silt", "clay", "land_cover", "latitude", "longitude")


def _site(row: pd.Series, split: pd.Series, twins: list[str]) -> Site:
    name = row["site"]
    corrected = {field: value for field, value, _ in CORRECTIONS.get(name, ())}
    station = name.replace("-", "_") if name in STATIONS else None
    aliases = [*SPELLINGS.get(name, ()), row["printed"]]
    if station:
        aliases += [station, f"{STATIONS[name]}_{station}"]
    return Site(
        name=name,
        start=split["training_start"],
        end=split["test_end"],
        validation_start=split["validation_start"],
        test_start=split["test_start"],
        uscrn=station,
        aliases=tuple(one for one in aliases if one != name),
        note=_note(row, split, twins),
        **dict(row[list(FIELDS)]) | corrected,
    )


def _all_sites() -> dict[str, Site]:
    table = published.sites()
    splits = published.splits().set_index("site")
    texture = table.groupby(["sand", "silt", "clay"])["site"].agg(list)
    made = {}
    for _, row in table.iterrows():
        name = row["site"]
        alike = texture[row["sand"], row["silt"], row["clay"]]
        made[name] = _site(row, splits.loc[name], [one for one in alike if one != name])
    return made


SITES: dict[str, Site] = _all_sites()
OBSERVED: list[str] = [site.name for site in SITES.values() if site.uscrn]


def key(name: str) -> str:
    """A name without case, spaces and punctuation: 'Shadow Mtns' and 'ShadowMtns' are one."""
    return re.sub(r"[^0-9a-z]", "", name.casefold())


_BY_KEY = {key(name): site for site in SITES.values() for name in (site.name, *site.aliases)}


def find(name: str) -> Site:
    """The site of that name or alias, whatever its case and punctuation.

    Raises ParameterError listing the sites.
    """
    site = _BY_KEY.get(key(str(name)))
    if site is None:
        raise unknown("site", name, SITES)
    return site


def meant(name: str) -> Site | None:
    """The paper's site of that name; None for another, or a station named with its state."""
    return None if re.match(r"[A-Z]{2}_", name) else _BY_KEY.get(key(name))
