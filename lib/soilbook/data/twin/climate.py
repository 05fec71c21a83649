"""What the weather generator knows of each site: Table D2 and its climate regime.

Table D2 gives mean, standard deviation and extremes of precipitation and air temperature. It says
nothing of season, humidity, wind or cloud; for those a site belongs to one of a few regimes after
the map of Köppen-Geiger climates (Beck et al. 2018, doi:10.1038/sdata.2018.214). A regime's
numbers are round ones, chosen to resemble the climate reference stations that lie in it.
"""

from dataclasses import dataclass

import numpy as np

from soilbook import published


@dataclass(frozen=True)
class Regime:
    """Season and level of what Table D2 does not give.

    wettest: month of most frequent rain (0 = January); rain_season: relative amplitude of the
    share of wet days; humidity, humidity_season: mean and winter-minus-mean of relative humidity
    (%); wind: mean wind speed (m s-1); cloud: mean cloud fraction of a dry day.
    """

    wettest: float
    rain_season: float
    humidity: float
    humidity_season: float
    wind: float
    cloud: float


REGIMES = {
    "humid": Regime(6.0, 0.10, 72, -4, 3.0, 0.40),
    "continental": Regime(5.5, 0.35, 69, 4, 4.0, 0.38),
    "plains": Regime(5.8, 0.60, 61, 5, 4.5, 0.33),
    "desert": Regime(7.3, 0.50, 46, 3, 3.5, 0.20),
    "mountain": Regime(1.0, 0.30, 53, 15, 2.5, 0.27),
    "oceanic west": Regime(0.2, 0.85, 83, 2, 2.8, 0.38),
    "subarctic": Regime(8.0, 0.40, 75, 5, 2.5, 0.45),
    "trade wind": Regime(9.0, 0.35, 77, 0, 5.5, 0.35),
    "subtropical coast": Regime(7.8, 0.40, 74, 2, 4.5, 0.38),
    "mid-Europe": Regime(6.0, 0.10, 77, 8, 3.2, 0.45),
    "mediterranean": Regime(3.5, 0.25, 68, 8, 2.5, 0.30),
}

REGIME_OF = {
    "Kingston-1-W": "humid",
    "HubbardBrook": "humid",
    "Monahans-6-ENE": "desert",
    "Necedah-5-WNW": "continental",
    "ShadowMtns": "desert",
    "Falkenberg": "mid-Europe",
    "Kenai-29-ENE": "subarctic",
    "AAMU-jtg": "humid",
    "Darrington-21-NNE": "oceanic west",
    "Palestine-6-WNW": "humid",
    "Durham-11-W": "humid",
    "Cullman-NAHRC": "humid",
    "Cape-Charles-5-ENE": "humid",
    "LittleRiver": "humid",
    "Montrose-11-ENE": "mountain",
    "Coshocton-8-NNE": "humid",
    "MahantangoCk": "humid",
    "Bodega-6-WSW": "oceanic west",
    "GrouseCreek": "mountain",
    "Aberdeen-35-WNW": "plains",
    "Goodwell-2-SE": "plains",
    "FortAssiniboine#1": "plains",
    "Cper": "plains",
    "Riley-10-WSW": "mountain",
    "Spickard": "continental",
    "Joplin-24-N": "continental",
    "Weslaco": "subtropical coast",
    "UpperBethlehem": "trade wind",
    "Buffalo-13-ESE": "plains",
    "ClotdelesPeresII": "mediterranean",
}


@dataclass(frozen=True)
class Moments:
    """Mean, standard deviation, least and largest of a daily variable over a site's record.

    gauge_error: the one reading (mm) left out of them as an error of the gauge, or None.
    """

    mean: float
    std: float
    least: float
    largest: float
    gauge_error: float | None = None


def moments(name: str, variable: str, days: int) -> Moments:
    """Table D2's statistics of ``P`` (mm) or ``TA`` (degC) at a site, over ``days`` days.

    At two sites the largest precipitation alone makes up over nine tenths of the printed variance
    (762 mm in a desert): an error of the gauge. It is taken out of the moments, and the twin's
    gauge shows it on one day without any rain having fallen.
    """
    table = published.weather()
    row = table[(table["site"] == name) & (table["variable"] == variable)].iloc[0]
    mean, std, least, largest = (float(row[c]) for c in ("mean", "std", "min", "max"))
    if variable == "P" and (largest - mean) ** 2 > 0.9 * days * std**2:
        square = (days * (std**2 + mean**2) - largest**2) / (days - 1)
        rest = (days * mean - largest) / (days - 1)
        spread = float(np.sqrt(square - rest**2))
        return Moments(rest, spread, least, 20 * spread, gauge_error=largest)
    return Moments(mean, std, least, largest)
