"""Reader of archives of the International Soil Moisture Network ("header+values", as downloaded).

Only values whose flag is G (good) are kept; flags are those of Dorigo et al. (2013),
doi 10.2136/vzj2012.0097. Sensors of one depth follow one another: where two report at the same
hour the one installed later stands, so that a replaced sensor ends where its successor begins, and
is used again only where the successor is silent. Days are UTC days with at least ``minimum_hours``
good hours; soil and temperature are their means, precipitation their sum (not scaled up for absent
hours).
"""

from collections import Counter
from pathlib import Path

import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import quality, stm
from soilbook.errors import DataError

MINIMUM_HOURS = 18


def stations(archive: Path | str) -> list[str]:
    """Stations of an archive as ``NETWORK/STATION``; DataError if it is absent or damaged."""
    with stm.open_archive(archive) as opened:
        return sorted(stm.members(opened))


def read(archive: Path | str, station: str, minimum_hours: int = MINIMUM_HOURS) -> xr.Dataset:
    """Daily record of one station, with or without its network, at the depths of its probes.

    Dimensions (depth, time); weather only where the station has it. Attributes of a variable:
    ``n_flagged`` (hours not kept), ``flags`` (hours by flag), ``sensors``. Raises DataError naming
    the file inside the archive and the row.
    """
    with stm.open_archive(archive) as opened:
        members = stm.members(opened)
        full = _find(sorted(members), station, archive)
        sensors = [stm.read_sensor(opened, name) for name in members[full]]
    depths = sorted({one.depth for one in sensors if one.variable == "sm"})
    if not depths:
        raise DataError(f"{archive}: station {full} has no soil moisture")
    table = _table(sensors, minimum_hours)
    if table.empty:
        raise DataError(f"{archive}: station {full} has no day of {minimum_hours} good hours")
    origin = f"measured: ISMN {full}"
    measured = {one.variable for one in sensors}
    columns = {}
    for name in (name for name in schema.FEATURES if name in measured):
        if "depth" in schema.VARIABLES[name].dims:
            columns[name] = (table[name].reindex(columns=depths).to_numpy().T, origin)
        else:
            columns[name] = (table[name, 0.0].to_numpy(), origin)
    result = quality.dataset(
        columns,
        table.index.to_numpy(),
        depths,
        site=full.rsplit("/", 1)[1],
        latitude=sensors[0].latitude,
        longitude=sensors[0].longitude,
        source=f"ISMN {full}, {Path(archive).name}",
    )
    for name in columns:
        result[name].attrs |= _provenance([one for one in sensors if one.variable == name])
    return result


def _table(sensors: list[stm.Sensor], minimum_hours: int) -> pd.DataFrame:
    """Days by (variable, depth), every calendar day."""
    daily = {}
    for variable, depth in sorted({(one.variable, one.depth) for one in sensors}):
        hours = [one.good for one in sensors if (one.variable, one.depth) == (variable, depth)]
        daily[variable, depth] = _daily(_join(hours), variable, minimum_hours)
    return pd.DataFrame(daily).asfreq("D")


def _provenance(sensors: list[stm.Sensor]) -> dict:
    flags = sum((one.flags for one in sensors), Counter())
    counts = ", ".join(f"{flag} {count}" for flag, count in sorted(flags.items()))
    return {
        "n_flagged": sum(count for flag, count in flags.items() if flag != stm.GOOD),
        "flags": counts,
        "sensors": ", ".join(f"{one.label} at {one.exact_depth:g} m" for one in sensors),
    }


def _find(names: list[str], station: str, archive: Path | str) -> str:
    for name in names:
        if station in (name, name.rsplit("/", 1)[1]):
            return name
    raise DataError(f"{archive}: no station {station!r}; there are: {', '.join(names)}")


def _join(sensors: list[pd.Series]) -> pd.Series:
    """One series of hours; where sensors overlap, the one that began later."""
    present = sorted((one for one in sensors if one.size), key=lambda one: one.index[0])
    if not present:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    joined = pd.concat(present)
    return joined[~joined.index.duplicated(keep="last")].sort_index()


def _daily(hours: pd.Series, variable: str, minimum_hours: int) -> pd.Series:
    days = hours.groupby(hours.index.floor("D"))
    total = days.sum() if variable == "precipitation" else days.mean()
    return total[days.count() >= minimum_hours]
