"""Small valid files of every product, and what its reader makes of them.

A reader's values are told apart by *cells*: a day, a pixel, a station. Values differ from line to
line, so that a shift shows.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from soilbook import schema
from soilbook.data import (
    archive,
    conus412,
    easegrid,
    fluxnet,
    ismn,
    network,
    nldas,
    observed,
    own,
    power,
    scan,
    smap,
    uscrn,
)

Cells = dict[object, np.ndarray]
EVERYTHING = object()  # a line that speaks of all cells, such as a header


@dataclass(frozen=True)
class Reader:
    """Writes small valid files into a folder and reads them back as cells.

    ``speaks`` gives the cell of each line of a text file, ``EVERYTHING`` or None (of none);
    ``by_place`` says that a line means what it means by its number; ``reach`` is the number of
    cells around a touched one that may change as well; ``may_lose`` is that of an archive whose
    members are no longer found; ``elements`` are cells by their place in
    the datasets of an HDF5 file.
    """

    write: Callable[[Path], list[Path]]
    read: Callable[[Path], Cells]
    speaks: Callable[[Path, list[str]], list] | None = None
    by_place: bool = False
    reach: int = 0
    may_lose: bool = False
    elements: dict[int, object] = field(default_factory=dict)


# What readers give, as cells.


def bounded(data: xr.Dataset) -> xr.Dataset:
    """The Dataset, whose values must lie inside the ranges of their variables."""
    known = schema.GRID_VARIABLES | schema.VARIABLES
    for name in data.data_vars:
        values = data[name].values
        outside = (values < known[name].low) | (values > known[name].high) | np.isinf(values)
        assert not outside.any(), f"{name} outside its range: {values[outside][0]}"
    return data


def by_day(data: xr.Dataset) -> Cells:
    """Cells of a site: its days."""
    parts = [np.atleast_2d(one.transpose(..., "time").values) for one in bounded(data).values()]
    days = data["time"].values.astype("datetime64[D]").tolist()
    return dict(zip(days, np.concatenate(parts).T, strict=True))


def by_pixel(data: xr.Dataset) -> Cells:
    """Cells of a grid: its pixels, with their positions."""
    parts = [bounded(data)[one].values for one in ("latitude", "longitude", *data.data_vars)]
    return {k: np.concatenate([np.ravel(one[k]) for one in parts]) for k in data["pixel"].values}


def by_probe_and_day(data: xr.Dataset) -> Cells:
    """Cells of a site of several files: (variable, day); a probe a file, one depth each."""
    days = bounded(data)["time"].values.astype("datetime64[D]").tolist()
    return {
        (name, day): column
        for name in data.data_vars
        for day, column in zip(days, np.atleast_2d(data[name].values).T, strict=True)
    }


# Valid files.

FIRST = date(2012, 12, 20)
DAYS = [FIRST + timedelta(days=k) for k in range(30)]


def save(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_uscrn(folder: Path) -> list[Path]:
    rows: dict[int, list[str]] = {}
    for k, day in enumerate(DAYS):
        soil = " ".join(f"{0.2 + 0.001 * k + 0.02 * d:7.3f}" for d in range(5))
        warm = " ".join(f"{5 + 0.1 * k + d:7.1f}" for d in range(5))
        rows.setdefault(day.year, []).append(
            f"53974 {day:%Y%m%d}  2.622 -100.96   38.87    14.0     2.0     8.0 {7 + k / 10:7.1f}"
            f" {k % 7:7.1f} {5 + k / 10:8.2f} C     9.9     9.9     9.9    90.0    40.0"
            f" {60 + k / 10:7.1f} {soil} {warm}\n"
        )
    name = "uscrn/daily01/{0}/CRND0103-{0}-KS_Here_1_N.txt"
    return [save(folder / name.format(year), "".join(lines)) for year, lines in rows.items()]


def write_stations(folder: Path) -> list[Path]:
    write_uscrn(folder)
    rows = ["WBAN\tSTATE\tLOCATION\tVECTOR\tELEVATION", "53974\tKS\tHere\t1 N\t2872"]
    rows += [f"1234{k}\tCO\tThere\t{k} SE\t{5000 + k}" for k in range(1, 9)]
    return [save(folder / "uscrn" / uscrn.LIST, "\n".join([*rows, ""]))]


def write_ismn(folder: Path) -> list[Path]:
    """Members of the archive as files of their own; ``read_members`` packs them."""
    start = pd.Timestamp("2012-12-30")
    written = []
    for variable, depth, value in (("sm", 0.05, 0.2), ("ts", 0.05, 8.0), ("p", 0.0, 0.1)):
        lines = [f"NET NET Here 40.5 -100.25 900.0 {depth} {depth} Probe-A"]
        for k in range(5 * 24):
            hour = start + pd.Timedelta(hours=k)
            lines.append(f"{hour:%Y/%m/%d %H:%M} {value * (1 + k / 1000):.4f} G M")
        name = f"NET_NET_Here_{variable}_{depth:f}_{depth:f}_Probe-A_20121230_20130103.stm"
        written.append(save(folder / "NET/Here" / name, "\n".join([*lines, ""])))
    return written


def write_zip(folder: Path) -> list[Path]:
    write_ismn(folder)
    path = pack(folder)
    shutil.rmtree(folder / "NET")
    return [path]


def pack(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "archive.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted((folder / "NET").rglob("*.*")):
            opened.write(path, path.relative_to(folder).as_posix())
    return folder / "archive.zip"


def write_scan(folder: Path) -> list[Path]:
    lines = ["Date,station," + ",".join(scan.COLUMNS)]
    for k, day in enumerate(DAYS):
        percent = ",".join(f"{20 + k / 10 + d:.1f}" for d in range(5))
        lines += [f"{day},{one}:AL:SCAN,{percent}" for one in (2057, 2113)]
    inventory = "network,station id, lat,lon\nscan,2057, 34.78,-86.55\nsntl,9,1,2\n"
    return [
        save(folder / scan.FILE, "\n".join([*lines, ""])),
        save(folder / scan.INVENTORY, inventory),
    ]


def write_power(folder: Path) -> list[Path]:
    units = {"T2M": "C", "RH2M": "%", "WS2M": "m/s", "ALLSKY_SFC_LW_DWN": "MJ/m^2/day"}
    series = {
        name: {f"{day:%Y%m%d}": base + k / 10 for k, day in enumerate(DAYS)}
        for name, base in zip(units, (4, 60, 2, 22), strict=True)
    }
    series["WS2M"][f"{DAYS[3]:%Y%m%d}"] = -999.0
    content = {
        "geometry": {"type": "Point", "coordinates": [-100.96, 38.87, 35.0]},
        "properties": {"parameter": series},
        "header": {"fill_value": -999.0, "time_standard": "LST"},
        "parameters": {name: {"units": unit, "longname": name} for name, unit in units.items()},
    }
    return [save(folder / "power/Here.json", json.dumps(content, indent=1))]


def write_fluxnet(folder: Path) -> list[Path]:
    lines = ["siteid,TIMESTAMP,P_F,TA_F,TA_F_QC,LW_IN_F,SW_IN_F,WS_F,VPD_F,SWC_F_MDS_1"]
    for k, day in enumerate(DAYS):
        for site in ("CH-Dav", "FI-Hyy"):
            lines.append(f"{site},{day},{k % 5},{2 + k / 10},1,{250 + k},{20 + k / 10},3,2,")
    return [save(folder / fluxnet.FILE, "\ufeff" + "\n".join([*lines, ""]))]


def write_own(folder: Path) -> list[Path]:
    lines = ["# latitude: 52.2", "date,precipitation,air_temperature,sm_0.05,st_0.05"]
    lines.append("yyyy-mm-dd,mm,degC,m3 m-3,degC")
    for k, day in enumerate(DAYS):
        lines.append(f"{day},{k % 5},{2 + k / 10},{0.2 + k / 1000},{3 + k / 10}")
    return [save(folder / "mine.csv", "\n".join([*lines, ""]))]


def write_archive(folder: Path) -> list[Path]:
    lines = ["date,p,ta,SW,LW,WS,RH,sm_0.050000_0.050000,ts_0.050000_0.050000"]
    for k, day in enumerate(DAYS):
        values = (k % 5, 2 + k / 10, 150 + k, 300 + k, 3, 60, 0.2 + k / 1000, 3 + k / 10)
        lines.append(",".join(map(str, (day, *values))))
    return [save(folder / "wang2024/Cper.csv", "\n".join([*lines, ""]))]


def write_conus(folder: Path) -> list[Path]:
    root = folder / "smap_conus412/CONUSv4f1"
    places = zip(*easegrid.position([60, 64, 60], [200, 200, 204]), strict=True)
    written = [save(root / "crd.csv", "".join(f"{a:.8g},{b:.8g}\n" for a, b in places))]
    for k, one in enumerate(conus412.CONSTANTS.values()):
        rows = "".join(f"{1 if k > 5 else (9 - p) / 10}\n" for p in range(3))
        written.append(save(root / f"const/{one.file}.csv", rows))
    days = pd.date_range("2015-04-01", "2016-03-31")
    written.append(save(root / "2015/timeStr.csv", "".join(f"{day:%Y-%m-%d}\n" for day in days)))
    bases = (0.5, 283, 300, 200, 0.006, 3, -4, 0.25)
    columns = conus412.FORCING | conus412.TARGET
    for base, one in zip(bases, columns.values(), strict=True):
        row = base * (1 + np.arange(days.size) / 4000)
        rows = [",".join(f"{v:.6g}" for v in row * (1 + p / 100)) + "\n" for p in range(3)]
        written.append(save(root / f"2015/{one.file}.csv", "".join(rows)))
    return written


def write_field(path: Path, variables: dict, group: str = "/", **axes) -> Path:
    """Datasets of an HDF5 file: name -> (values, attributes)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "a") as file:
        for name, (values, attributes) in {
            **{k: (v, {}) for k, v in axes.items()},
            **variables,
        }.items():
            file.require_group(group)[name] = values
            file[group][name].attrs.update(attributes)
    return path


def write_l3(folder: Path) -> list[Path]:
    rows, columns = np.meshgrid([60, 61], [200, 201, 202], indexing="ij")
    fill = {"_FillValue": np.uint16(65534)}
    written = []
    for day in (20150401, 20150402):
        moisture = (0.2 + np.arange(6).reshape(2, 3) / 50 + day % 10 / 100).astype(np.float32)
        moisture[1, 1] = -9999
        variables = {
            "soil_moisture": (
                moisture,
                {"_FillValue": np.float32(-9999), "units": "cm**3/cm**3"},
            ),
            "retrieval_qual_flag": (np.zeros((2, 3), np.uint16), fill),
            "EASE_row_index": (rows.astype(np.uint16), fill),
            "EASE_column_index": (columns.astype(np.uint16), fill),
        }
        path = folder / f"smap_l3/SMAP_L3_SM_P_{day}_R18290_001.h5"
        written.append(write_field(path, variables, smap.GROUPS["AM"][0]))
    return written


def write_l4(folder: Path) -> list[Path]:
    rows, columns = np.meshgrid([240, 241], [800, 801, 802], indexing="ij")
    path = folder / "smap_l4/SMAP_L4_SM_gph_20150401T013000_Vv7032_001.h5"
    moisture = (0.2 + np.arange(6).reshape(2, 3) / 50).astype(np.float32)
    variables = {"sm_rootzone": (moisture, {"_FillValue": np.float32(-9999), "units": "m3 m-3"})}
    write_field(path, variables, smap.L4_GROUP)
    index = {"cell_row": rows, "cell_column": columns}
    return [write_field(path, {k: (v.astype(np.uint32), {}) for k, v in index.items()})]


AXES = {"lat": 38.0625 + 0.125 * np.arange(12), "lon": -99.9375 + 0.125 * np.arange(12)}
PIXEL = [int(one) for one in easegrid.row_column(38.75, -99.25)]
ROWS = easegrid.row_column(AXES["lat"], 0 * AXES["lat"])[0] == PIXEL[0]
COLUMNS = easegrid.row_column(0 * AXES["lon"], AXES["lon"])[1] == PIXEL[1]
INSIDE = dict.fromkeys(np.flatnonzero(ROWS[:, None] & COLUMNS).tolist(), 0)


def write_nldas(folder: Path, product: str, units: dict[str, tuple[float, str]]) -> list[Path]:
    written = []
    for hour in (0, 1):
        ramp = 1 + (np.arange(144).reshape(1, 12, 12) + hour) / 10_000
        variables = {
            name: (
                (base * ramp).astype(np.float32),
                {
                    "units": unit,
                    "_FillValue": np.float32(-9999),
                    "missing_value": np.float32(-9999),
                },
            )
            for name, (base, unit) in units.items()
        }
        path = folder / f"nldas/{product}_H.A20150401.{hour:02d}00.020.nc"
        written.append(write_field(path, variables, **AXES))
    return written


def write_forcing(folder: Path) -> list[Path]:
    bases = (0.5, 283, 300, 200, 0.006, 9e4, 3, -4)
    fields = zip(nldas.FORCING.values(), bases, strict=True)
    units = {one.names[0]: (base, one.units[0]) for one, base in fields}
    return write_nldas(folder, "NLDAS_FORA0125", units)


def write_noah(folder: Path) -> list[Path]:
    units = {"SoilM_0_10cm": (25, "kg m-2"), "SoilM_0_100cm": (280, "kg m-2")}
    return write_nldas(folder, "NLDAS_NOAH0125", units)


# Which cells the lines speak of.


def dated(field: int, pattern: str, header: int = 0, only: str = "", sep: str | None = ","):
    """Lines of one day each; those without ``only`` speak of none."""

    def speaks(_: Path, lines: list[str]) -> list:
        found = [EVERYTHING] * min(header, len(lines))
        for line in lines[header:]:
            text = line.split(sep)[field] if only in line and line.strip() else None
            found.append(text and pd.to_datetime(text, format=pattern).date())
        return found

    return speaks


def speaks_ismn(path: Path, lines: list[str]) -> list:
    name = ismn.VARIABLES[path.name.split("_")[3]]
    days = dated(0, "%Y/%m/%d", 1, sep=None)(path, lines)
    return [one if one in (None, EVERYTHING) else (name, one) for one in days]


def speaks_scan(path: Path, lines: list[str]) -> list:
    if path.name != Path(scan.FILE).name:
        return [None] * len(lines)  # positions
    return dated(0, "%Y-%m-%d", 1, "2057")(path, lines)


def speaks_power(_: Path, lines: list[str]) -> list:
    days = [line.strip()[1:9] for line in lines]
    return [date.fromisoformat(one) if one.isdigit() else EVERYTHING for one in days]


def speaks_stations(_: Path, lines: list[str]) -> list:
    return [EVERYTHING, "KS_Here_1_N", *[None] * (len(lines) - 2)]


def speaks_conus(path: Path, lines: list[str]) -> list:
    if path.stem == "timeStr":
        return [None] * len(lines)  # the days are known: any other is refused
    return [k if line else None for k, line in enumerate(lines)]


def read_members(folder: Path) -> Cells:
    return read_zip(pack(folder).parent)


def read_zip(folder: Path) -> Cells:
    return by_probe_and_day(ismn.read(folder / "archive.zip", "Here"))


def read_stations(folder: Path) -> Cells:
    table = network.stations(folder)[["latitude", "longitude", "elevation"]]
    return {name: row.to_numpy() for name, row in table.iterrows()}


READERS = {
    "uscrn": Reader(
        write_uscrn,
        lambda folder: by_day(observed.load("KS_Here_1_N", folder)),
        dated(1, "%Y%m%d", sep=None),
    ),
    "stations": Reader(write_stations, read_stations, speaks_stations),
    "ismn": Reader(write_ismn, read_members, speaks_ismn),
    "ismn_zip": Reader(write_zip, read_zip, may_lose=True),
    "scan": Reader(
        write_scan, lambda folder: by_day(scan.read(folder, 2057)), speaks_scan, reach=1
    ),
    "power": Reader(
        write_power,
        lambda folder: by_day(power.read(folder / "power/Here.json")),
        speaks_power,
    ),
    "fluxnet": Reader(
        write_fluxnet,
        lambda folder: by_day(fluxnet.read(folder, "CH-Dav")),
        dated(1, "%Y-%m-%d", 1, "CH-Dav"),
    ),
    "own": Reader(
        write_own,
        lambda folder: by_day(own.read(folder / "mine.csv")),
        dated(0, "%Y-%m-%d", 3),
    ),
    "archive": Reader(
        write_archive,
        lambda folder: by_day(archive.read(folder, "Cper")),
        dated(0, "%Y-%m-%d", 1),
    ),
    "conus412": Reader(
        write_conus, lambda folder: by_pixel(conus412.read(folder)), speaks_conus, by_place=True
    ),
    "smap_l3": Reader(
        write_l3,
        lambda folder: by_pixel(smap.read_l3(folder, [60, 60, 61, 61], [200, 201, 200, 201])),
        elements={0: 0, 1: 1, 3: 2, 4: 3},
    ),
    "smap_l4": Reader(
        write_l4,
        lambda folder: by_pixel(smap.read_l4(folder, [240, 241], [800, 801], at_least=1)),
        elements={0: 0, 4: 1},
    ),
    "nldas_forcing": Reader(
        write_forcing,
        lambda folder: by_pixel(nldas.read(folder, "forcing", *PIXEL, at_least=2)),
        elements=INSIDE,
    ),
    "nldas_noah": Reader(
        write_noah,
        lambda folder: by_pixel(nldas.read(folder, "noah", *PIXEL, at_least=2)),
        elements=INSIDE,
    ),
}
