"""A server that answers as the owners of observed data do, whole or damaged.

It stands for all of them: SOILBOOK_MIRROR names it, and the path of a request begins with the
owner's host.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import h5py
import numpy as np

from soilbook.data import sites

JSON, TEXT, HTML, BINARY = "application/json", "text/plain", "text/html", "binary/octet-stream"
LOGIN = "/urs.earthdata.nasa.gov/oauth/authorize"
ROW = (
    "12345 {day} 2.622  -71.54   41.48    14.0     2.0     8.0     7.5     {rain:.1f}     8.64 C "
    "    9.9     9.9     9.9    90.0    40.0    70.0 {sm}     6.0     7.0     8.0     9.0    10.0\n"
)
STATIONS = (
    "WBAN\tCOUNTRY\tSTATE\tLOCATION\tVECTOR\tNAME\tLATITUDE\tLONGITUDE\tELEVATION\n"
    "54796\tUS\tRI\tKingston\t1 W\tPlains Road\t41.48\t-71.54\t115\n"
)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def moisture(day: date, depth: float = 0.05) -> float:
    """Soil moisture (m3 m-3) that a network can learn: a season and a drying after rain."""
    season = 0.1 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365)
    return round(0.25 + season - 0.002 * (day.toordinal() % 9) + 0.01 * depth, 4)


def uscrn_year(year: int, last: date | None = None) -> bytes:
    rows = []
    for day in days(date(year, 1, 1), last or date(year, 12, 31)):
        sm = " ".join(f"{moisture(day, d):7.3f}" for d in (0.05, 0.1, 0.2, 0.5, 1.0))
        rain = 9.0 if day.toordinal() % 9 == 0 else 0.0
        rows.append(ROW.format(day=f"{day:%Y%m%d}", rain=rain, sm=sm))
    return "".join(rows).encode()


def power_point(query: dict) -> bytes:
    one = {name: values[0] for name, values in query.items()}
    span = [date.fromisoformat(f"{t[:4]}-{t[4:6]}-{t[6:]}") for t in (one["start"], one["end"])]
    typical = {
        "PRECTOTCORR": (2.0, "mm/day"), "T2M": (12.0, "C"), "RH2M": (70.0, "%"),
        "ALLSKY_SFC_LW_DWN": (26.0, "MJ/m^2/day"), "ALLSKY_SFC_SW_DWN": (9.0, "MJ/m^2/day"),
        "WS2M": (3.0, "m/s"),
    }  # fmt: skip
    names = one["parameters"].split(",")
    series = {
        name: {f"{day:%Y%m%d}": typical[name][0] + 0.01 * day.day for day in days(*span)}
        for name in names
    }
    content = {
        "type": "Feature",
        "geometry": {
            "type": "Point",
            "coordinates": [float(one["longitude"]), float(one["latitude"]), 30.0],
        },
        "properties": {"parameter": series},
        "header": {"fill_value": -999.0, "time_standard": one["time-standard"]},
        "parameters": {name: {"units": typical[name][1], "longname": name} for name in names},
    }
    return json.dumps(content).encode()


def scan_stations(query: dict) -> bytes:
    triplet = query["stationTriplets"][0]
    return json.dumps(
        [{"stationTriplet": triplet, "name": "Here", "latitude": 34.78, "longitude": -86.55}]
    ).encode()


UNITS = {"SMS": "pct", "STO": "degF", "PRCP": "in", "TAVG": "degF"}


def scan_data(query: dict) -> bytes:
    asked = ("stationTriplets", "elements", "duration", "beginDate", "endDate")
    return _scan_data(*(query[name][0] for name in asked))


@cache  # a year of hours takes as long to write as to read
def _scan_data(triplet: str, elements: str, duration: str, begin: str, end: str) -> bytes:
    first, last = date.fromisoformat(begin), date.fromisoformat(end)
    hourly = duration == "HOURLY"
    series = []
    for element in elements.split(","):
        code, *more = element.split(":")
        depth = int(more[0]) if more else None
        values = []
        for day in days(first, last):
            value = {
                "SMS": 100 * moisture(day, -(depth or 0) * 0.0254),
                "STO": 50.0, "TAVG": 59.0, "PRCP": 0.1 if day.toordinal() % 9 == 0 else 0.0,
            }[code]  # fmt: skip
            hours = range(24 if day < last else 1) if hourly else [None]
            for hour in hours:
                stamp = f"{day} {hour:02d}:00" if hourly else f"{day}"
                values.append({"date": stamp, "value": round(value, 3), "qcFlag": "V"})
        series.append(
            {
                "stationElement": {
                    "elementCode": code,
                    "ordinal": 1,
                    "heightDepth": depth,
                    "durationName": duration,
                    "storedUnitCode": UNITS[code],
                },
                "values": values,
            }
        )
    return json.dumps([{"stationTriplet": triplet, "data": series}]).encode()


def archive_table(n_days: int) -> bytes:
    """The authors' table of a station as their programs read it, without dates."""
    depths = ("0.050000", "1.000000")
    names = ["p", "ta", "SW", "LW", "WS", "RH"]
    names += [f"{kind}_{d}_{d}" for d in depths for kind in ("sm", "ts")]
    start = date(2012, 1, 1)
    rows = [
        [1.0, 10.0 + k % 5, 180.0, 300.0, 3.0, 70.0, *(moisture(day), 9.0) * len(depths)]
        for k, day in enumerate(days(start, start + timedelta(n_days - 1)))
    ]
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def zenodo_files() -> dict[str, bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr(zipfile.ZipInfo("data/README.txt"), "programs")  # the same bytes each time
    site = sites.find("Kingston-1-W")
    n_days = (site.end - site.start).days + 1
    return {"Kingston-1-W.csv": archive_table(n_days), "programs.zip": packed.getvalue()}


def zenodo_record() -> bytes:
    listed = [
        {
            "key": name,
            "size": len(content),
            "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
            "links": {"self": f"https://zenodo.org/api/records/10060492/files/{name}/content"},
        }
        for name, content in zenodo_files().items()
    ]
    return json.dumps({"files": listed}).encode()


def giovanni(query: dict) -> bytes:
    one = {name: values[0] for name, values in query.items()}
    latitude, longitude = one["location"].strip("[]").split(",")
    first, last = (date.fromisoformat(text[:10]) for text in one["time"].split("/"))
    units = {"Tair": "K", "Qair": "kg kg-1", "PSurf": "Pa", "Wind_E": "m s-1", "Wind_N": "m s-1"}
    name = one["data"].partition("_2_0_")[2]
    watts = ("LWdown", "SWdown")
    unit = units.get(name, "W m-2" if name in watts else "kg m-2")
    value = {"K": 290.0, "kg kg-1": 0.008, "Pa": 9e4, "m s-1": 2.0, "W m-2": 200.0}.get(unit, 20.0)
    head = [
        f"prod_name,{one['data']}", f"unit,{unit}", "undef,-9999", f"lat,{latitude}",
        f"lon,{longitude}", "", "Timestamp (UTC),Data",
    ]  # fmt: skip
    rows = [f"{day}T{hour:02d}:00:00,{value}" for day in days(first, last) for hour in range(24)]
    return ("\n".join([*head, *rows]) + "\n").encode()


def granule() -> bytes:
    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        group = file.create_group("Soil_Moisture_Retrieval_Data_AM")
        group["soil_moisture"] = np.full((4, 4), 0.2, dtype=np.float32)
        group["soil_moisture"].attrs["_FillValue"] = np.float32(-9999)
    return made.getvalue()


def answer(path: str, query: dict) -> tuple[str, bytes] | None:
    """Kind and content of what an owner has at a path; None for a page that is not there."""
    host, _, rest = path.lstrip("/").partition("/")
    if host == "www.ncei.noaa.gov":
        if rest.endswith("stations.tsv"):
            return TEXT, STATIONS.encode()
        if match := re.search(r"daily01/(\d{4})/CRND0103-\1-(.+)\.txt$", rest):
            return TEXT, uscrn_year(int(match[1]))
        if rest.endswith("daily01/"):
            return HTML, b'<html><a href="2015/">2015/</a><a href="2016/">2016/</a></html>'
        if match := re.search(r"daily01/(\d{4})/$", rest):
            name = f"CRND0103-{match[1]}-GA_Watkinsville_5_SSE.txt"
            return HTML, f'<html><a href="{name}">{name}</a> 79K</html>'.encode()
    if host == "power.larc.nasa.gov":
        return JSON, power_point(query)
    if host == "wcc.sc.egov.usda.gov":
        return JSON, (scan_stations if rest.endswith("stations") else scan_data)(query)
    if host == "zenodo.org":
        if match := re.search(r"files/([^/]+)/content$", rest):
            return BINARY, zenodo_files()[match[1]]
        return JSON, zenodo_record()
    if host == "api.giovanni.earthdata.nasa.gov":
        return "text/csv", giovanni(query)
    if host == "data.nsidc.earthdatacloud.nasa.gov":
        return BINARY, granule()
    if path == LOGIN:
        return HTML, b"<!DOCTYPE html><html><body>Earthdata Login</body></html>"
    return None


@cache
def answered(path: str, query: str) -> tuple[str, bytes] | None:
    return answer(path, parse_qs(query))


@dataclass
class Reply:
    """What a server says: status, kind and content; ``length`` in place of the true one."""

    status: int = 200
    kind: str = TEXT
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass
class Owners:
    """The running server: ``asked`` lists requests, ``damage`` turns a reply into another one."""

    address: str = ""
    asked: list[tuple[str, dict]] = field(default_factory=list)
    damage: Callable[[str, Reply], Reply] = lambda path, reply: reply

    def reply(self, target: str, headers: dict) -> Reply:
        self.asked.append((target, headers))
        parts = urlsplit(target)
        found = answered(parts.path, parts.query)
        if found is None:
            return Reply(404, TEXT, b"not found")
        whole = Reply(200, *found)
        if match := re.fullmatch(r"bytes=(\d+)-", headers.get("Range", "")):
            rest = whole.content[int(match[1]) :]
            whole = Reply(206, whole.kind, rest)
        return self.damage(target, whole)


def serve() -> tuple[Owners, ThreadingHTTPServer]:
    owners = Owners()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            reply = owners.reply(self.path, dict(self.headers))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.content) if reply.length is None else reply.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    owners.address = f"http://127.0.0.1:{server.server_address[1]}"
    return owners, server
