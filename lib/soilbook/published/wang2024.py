"""Wang et al. (2024), doi 10.5194/hess-28-917-2024: the tables as printed, slips included."""

from functools import cache

import numpy as np
import pandas as pd

from soilbook.errors import unknown
from soilbook.published._read import table

STUDY = "wang2024"
SCORE_TABLES = (2, 3, 4, 5, 6)
UNPRINTED = "(-)"
PARTS = ("training", "validation", "test")


def scores(study: str = STUDY) -> pd.DataFrame:
    """R2 of Tables 2-6: columns table, model, depth_m (m), lead_d (d), r2, text.

    ``text`` is the cell as printed; where that is "(-)", an R2 too poor to print, ``r2`` is NaN.
    LSTM stands in Tables 3 and 6. Raises ParameterError for a study without such tables.
    """
    _check_study(study)
    return _scores().copy()


def r2(model: str, depth_m: float, lead_d: int, study: str = STUDY) -> float:
    """Printed R2 of one model, depth (m) and lead (d), NaN for "(-)"; Tables 2-6.

    Raises ParameterError naming what is allowed.
    """
    frame = scores(study)
    for column, value in (("model", model), ("depth_m", depth_m), ("lead_d", lead_d)):
        known = frame[column].unique().tolist()
        if value not in known:
            raise unknown(f"published {column}", value, known)
        frame = frame[frame[column] == value]
    return float(frame["r2"].iloc[0])


def sites() -> pd.DataFrame:
    """Table 1 as printed: site (unified name), printed name, sand, silt, clay (%), land_cover,
    first_year, last_year, latitude, longitude (degrees). Known slips are kept.
    """
    return table(
        "wang2024_table_1",
        numbers=("sand", "silt", "clay", "latitude", "longitude"),
        whole=("first_year", "last_year"),
    )


def layers() -> pd.DataFrame:
    """Table A1: model, part, order, layer, kernel_size, hidden_size (NaN if none), activation."""
    return table("wang2024_table_a1", numbers=("kernel_size", "hidden_size"), whole=("order",))


def hyperparameters() -> pd.DataFrame:
    """Settings below Table A1 and in the text: model, name, relation, value (text), section,
    printed. ``model`` is a name, "deep", "machine" or "all".
    """
    return table("wang2024_settings")


def weather() -> pd.DataFrame:
    """Table D2: site, variable (P in mm, TA in degC, daily), units, min, max, mean, std."""
    return table("wang2024_table_d2_weather", numbers=("min", "max", "mean", "std"))


def splits() -> pd.DataFrame:
    """Table D2: first and last day of the training, validation and test parts of each site.

    A part starts on the day on which the one before it ends.
    """
    names = [f"{part}_{edge}" for part in PARTS for edge in ("start", "end")]
    return table("wang2024_table_d2_splits", dates=names)


def claims(study: str = STUDY) -> pd.DataFrame:
    """What sections 2.1, 4.1-4.6 and 5 claim, in our words.

    Columns: id, section, claim, rests_on (tables and figures), quantity, subject, relation,
    reference (models or sites compared), depths_m, leads_d; the many-valued ones are tuples.
    "A better B" means that every A scores above every B. How a row is judged: measure (of
    ``wang2024.claims``), against (a further model), needs (ids of the claims it rests on) and the
    fields of ``claims.Claim``. Raises ParameterError for another study.
    """
    _check_study(study)
    lists = {"rests_on": str, "subject": str, "reference": str, "depths_m": float, "leads_d": int}
    return table("wang2024_claims", ("margin", "part"), lists=lists | {"needs": str})


def _check_study(study: str) -> None:
    if study != STUDY:
        raise unknown("study", study, [STUDY])


@cache
def _scores() -> pd.DataFrame:
    return pd.concat([_score_table(number) for number in SCORE_TABLES], ignore_index=True)


def _score_table(number: int) -> pd.DataFrame:
    printed = table(f"wang2024_table_{number}", numbers=("depth_m",))
    long = printed.melt(id_vars="depth_m", var_name="column", value_name="text")
    column = long["column"].str.rsplit(" ", n=1, expand=True)
    return pd.DataFrame(
        {
            "table": number,
            "model": column[0],
            "depth_m": long["depth_m"],
            "lead_d": column[1].str.removesuffix("d").astype(int),
            "r2": [np.nan if cell == UNPRINTED else float(cell) for cell in long["text"]],
            "text": long["text"],
        }
    )
