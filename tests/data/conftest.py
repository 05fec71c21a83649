"""Small files in the layouts of the products, with values known to the tests."""

import json
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

ROW = (
    "{wban:5d} {day} {crx:>6} {longitude:7.2f} {latitude:7.2f} "
    "{maximum:7.1f} {minimum:7.1f} {middle:7.1f} {average:7.1f} {rain:7.1f} {solar:8.2f} C "
    "{surface} {surface} {surface} {humid:7.1f} {dry:7.1f} {humidity:7.1f} {moisture} {warmth}\n"
)


def uscrn_row(day: date, **values) -> str:
    """One row of the daily product; ``values`` replace the defaults."""
    chosen = {
        "wban": 12345, "day": f"{day:%Y%m%d}", "crx": "2.622", "longitude": -71.54,
        "latitude": 41.48, "maximum": 14.0, "minimum": 2.0, "middle": 8.0, "average": 7.5,
        "rain": 1.2, "solar": 8.64, "surface": f"{9.9:7.1f}", "humid": 90.0, "dry": 40.0,
        "humidity": 70.0,
        "moisture": " ".join(f"{0.1 * k:7.3f}" for k in range(1, 6)),
        "warmth": " ".join(f"{5.0 + k:7.1f}" for k in range(1, 6)),
    } | values  # fmt: skip
    return ROW.format(**chosen)


def write_station(folder: Path, station: str, first: date, last: date, **values) -> list[Path]:
    """Year files of a station with one row for every day from ``first`` to ``last``."""
    paths = []
    for year in range(first.year, last.year + 1):
        day, rows = max(first, date(year, 1, 1)), []
        while day <= min(last, date(year, 12, 31)):
            rows.append(uscrn_row(day, **values))
            day += timedelta(days=1)
        path = folder / f"uscrn/daily01/{year}/CRND0103-{year}-{station}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(rows))
        paths.append(path)
    return paths


@pytest.fixture
def station_files(tmp_path):
    """Data folder with the station RI_Kingston_1_W from 2011-06-01 to 2013-03-31."""
    write_station(tmp_path, "RI_Kingston_1_W", date(2011, 6, 1), date(2013, 3, 31))
    return tmp_path


@pytest.fixture
def write_power(tmp_path):
    """Function that writes ``power/NAME.json`` in NASA's layout."""

    def write(name, series, units, position=(-71.54, 41.48), fill=-999.0):
        content = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [*position, 35.0]},
            "properties": {"parameter": series},
            "header": {"title": "daily", "fill_value": fill, "time_standard": "LST"},
            "parameters": {one: {"units": unit, "longname": one} for one, unit in units.items()},
        }
        path = tmp_path / f"power/{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def write_archive(tmp_path):
    """Function that writes an ISMN archive out of {(variable, depth, sensor): lines}."""

    def write(files, station="Here"):
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for (variable, depth, sensor), lines in files.items():
                name = f"NET_NET_{station}_{variable}_{depth:f}_{depth:f}_{sensor}"
                header = f"NET NET {station} 40.5 -100.25 900.0 {depth} {depth} {sensor}"
                opened.writestr(
                    f"NET/{station}/{name}_19500101_20250617.stm", "\n".join([header, *lines, ""])
                )
        return path

    return write


@pytest.fixture
def edit(tmp_path):
    """Function that changes one line (from 1) of a file of the data folder."""

    def change(path, number, how):
        lines = (tmp_path / path).read_text().splitlines(keepends=True)
        lines[number - 1] = how(lines[number - 1])
        (tmp_path / path).write_text("".join(lines))

    return change


@pytest.fixture
def station_writer(tmp_path):
    """Function that adds a station to the data folder."""
    return lambda station, first, last, **values: write_station(
        tmp_path, station, first, last, **values
    )
