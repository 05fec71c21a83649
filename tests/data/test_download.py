"""Every client against a server that answers as its owner does: whole, and in eleven damages."""

import errno
import json
import os
import sys
from datetime import date
from types import SimpleNamespace

import pytest
from owners import HTML, JSON, LOGIN, TEXT, Reply, serve

from soilbook.data import archive, awdb, download, giovanni, observed, power, uscrn
from soilbook.errors import DataError, ParameterError, SoilbookError

TOKEN = "very-secret-token"
# Product: names, first and last day of a small choice.
CHOICES = {
    "uscrn": (["Kingston-1-W"], "2015-01-01", "2016-12-31"),
    "power": (["Kingston-1-W"], "2015-01-01", "2015-03-31"),
    "scan": (["AAMU-jtg"], "2015-01-01", "2015-12-31"),
    "wang2024": ([], None, None),
    "nldas": (["RI_Kingston_1_W"], "2015-01-01", "2015-01-02"),
    "smap": (["SPL3SMP"], "2015-04-01", "2015-04-02"),
}
assert set(CHOICES) == set(download.PLANS)
FILES = {"uscrn": 3, "power": 1, "scan": 3, "wang2024": 2, "nldas": 12, "smap": 2}


def granules(**asked):
    names = [f"SMAP_L3_SM_P_2015040{k}_R19240_001.h5" for k in (1, 2)]
    base = "https://data.nsidc.earthdatacloud.nasa.gov/SPL3SMP/009"
    return [
        SimpleNamespace(data_links=lambda name=name: [f"s3://b/{name}", f"{base}/{name}"],
                        size=lambda: 0.01)
        for name in names
    ]  # fmt: skip


@pytest.fixture
def owners(monkeypatch):
    """The server of all owners, its pauses that are not waited for, and an Earthdata account."""
    running, server = serve()
    running.pauses = []
    monkeypatch.setenv("SOILBOOK_MIRROR", running.address)
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    monkeypatch.setattr(download, "pause", running.pauses.append)
    monkeypatch.setattr(download, "clock", lambda: sum(running.pauses))
    auth = SimpleNamespace(authenticated=True, token={"access_token": TOKEN})
    package = SimpleNamespace(login=lambda strategy: auth, search_data=granules)
    monkeypatch.setitem(sys.modules, "earthaccess", package)
    yield running
    server.shutdown()
    server.server_close()


@pytest.fixture
def root(tmp_path, station_writer):
    """A data folder with the one station at whose place NLDAS is asked for."""
    station_writer("RI_Kingston_1_W", date(2014, 12, 20), date(2014, 12, 31))
    return tmp_path


@pytest.fixture(params=download.PLANS)
def product(request):
    return request.param


def plan(product, root):
    names, start, end = CHOICES[product]
    return download.plan(product, root, names, start, end)


def left(root) -> list[str]:
    """What an unfinished fetch left beside the files of the manifest."""
    return sorted(p.name for p in (root / ".incoming").rglob("*") if p.is_file())


def on_data(damage):
    """A damage of what is put into a file, not of the lists that a plan asks for."""

    def changed(path, reply):
        is_list = path.endswith(("records/10060492", "daily01/"))
        return reply if is_list else damage(path, reply)

    return changed


def refused(product, root, owners, damage, says):
    """One line, nothing in place, nothing half-written; and afterwards all is fetched."""
    owners.damage = on_data(damage)
    made = plan(product, root)
    with pytest.raises(DataError, match=says) as refusal:
        download.fetch(made, root)
    line = str(refusal.value)
    assert "\n" not in line and TOKEN not in line
    assert not any((root / file.path).is_file() for file in made.files[:1])
    owners.damage = lambda path, reply: reply
    whole(product, root)


def whole(product, root):
    made = plan(product, root)
    download.fetch(made, root)
    manifest = json.loads((root / f"manifests/{product}.json").read_text())
    assert set(manifest["files"]) == {file.path for file in made.files}
    for file in made.files:
        assert manifest["files"][file.path]["bytes"] == (root / file.path).stat().st_size
    assert left(root) == [] and TOKEN not in json.dumps(manifest)
    assert download.wanted(made, root) == []
    return manifest["files"]


def test_whole_and_not_asked_for_twice(owners, root, product):
    made = plan(product, root)
    assert f"{FILES[product]} files to fetch, 0 there" in download.outlook(made, root)
    whole(product, root)
    n = len(owners.asked)
    said = download.fetch(made, root)
    assert said == f"0 files fetched, {FILES[product]} were there" and len(owners.asked) == n
    # The pace is kept between the starts of requests.
    assert sum(map(made.pace.__eq__, owners.pauses)) >= FILES[product] - 1


def test_cut_short(owners, root, product):
    def damage(path, reply):
        return Reply(200, reply.kind, reply.content[:-40], length=len(reply.content))

    refused(product, root, owners, damage, "the answer was cut short; the same command again goes")


def test_wrong_length(owners, root, product):
    """The server itself believes in a shorter answer: only the content tells."""
    keep = {"power": 40, "scan": 40}.get(product, 30)

    def damage(path, reply):
        n = len(reply.content) - keep
        return Reply(200, reply.kind, reply.content[:n], length=n)

    says = "cut short|no JSON|EOF|owner says|fields; |hours; |HDF5|no stations"
    refused(product, root, owners, damage, says)


@pytest.mark.parametrize(("headers", "waits"), [({"Retry-After": "7"}, 7.0), ({}, None)])
def test_too_many_requests(owners, root, product, headers, waits):
    once = []

    def damage(path, reply):
        once.append(path)
        return Reply(429, TEXT, b"slow down", headers) if len(once) == 1 else reply

    owners.damage = on_data(damage)
    whole(product, root)
    assert once[0] == once[1]
    made = plan(product, root)
    assert (waits if waits is not None else max(2.0, made.pace)) in owners.pauses


def test_500_twice_then_good(owners, root, product):
    times = []

    def damage(path, reply):
        times.append(path)
        return Reply(500, TEXT, b"oops") if len(times) < 3 else reply

    owners.damage = on_data(damage)
    whole(product, root)
    assert times[0] == times[1] == times[2]


def test_500_for_ever_is_told(owners, root, product):
    refused(product, root, owners, lambda path, reply: Reply(503), "answers 503")


@pytest.mark.parametrize("kind", [HTML, TEXT])
def test_a_web_page_in_place_of_data(owners, root, product, kind):
    page = b"<!DOCTYPE html><html>maintenance</html>"
    refused(product, root, owners, lambda path, reply: Reply(200, kind, page), r"web page \(HTML\)")


def test_changed_content_at_refresh(owners, root, product):
    before = whole(product, root)
    made = plan(product, root)
    assert download.fetch(made, root, refresh=True).startswith(f"{len(made.files)} files fetched")
    if made.files[0].md5:
        return  # what has an owner's checksum cannot change under it
    target = made.files[-1]

    def damage(path, reply):
        changed = {
            "uscrn": (b"    14.0", b"    15.0"), "power": (b"2.01", b"2.02"),
            "scan": (b"59.0", b"60.0"), "nldas": (b",20.0", b",21.0"), "smap": (b"\x00", b"\x00"),
        }[product]  # fmt: skip
        content = reply.content.replace(*changed)
        return Reply(200, reply.kind, content + (b"\x00" if product == "smap" else b""))

    owners.damage = damage
    said = download.fetch(made, root, refresh=True)
    assert f"changed at their owner: {made.files[0].path}" in said or target.path in said
    after = whole(product, root)
    assert after[target.path]["sha256"] != before[target.path]["sha256"]


def test_wrong_checksum(owners, root, product):
    """The owner's where there is one; else a file that is not as the manifest says."""
    made = plan(product, root)
    if made.files[0].md5:

        def damage(path, reply):
            return Reply(200, reply.kind, reply.content[:-1] + b"?")

        refused(product, root, owners, damage, "its MD5 is not the one that its owner publishes")
    else:
        whole(product, root)
        file = root / made.files[-1].path
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        assert download.wanted(made, root) == [made.files[-1]]
        whole(product, root)


def test_redirect_to_a_login(owners, root, product):
    def damage(path, reply):
        return reply if path == LOGIN else Reply(302, TEXT, b"", {"Location": LOGIN})

    says = {"nldas": "NASA GESDISC DATA ARCHIVE", "smap": "Earthdata account"}
    refused(product, root, owners, damage, says.get(product, "a login is asked for, where none"))


@pytest.mark.parametrize("status", [401, 403])
def test_refused_without_an_account(owners, root, product, status):
    refused(product, root, owners, lambda path, reply: Reply(status), f"answers {status}: ")


@pytest.mark.parametrize("content", [b"[]", b"{}", b""])
def test_an_empty_list(owners, root, product, content):
    refused(
        product, root, owners, lambda path, reply: Reply(200, JSON, content),
        "did not come; .*(is its form another one now|owner says)",
    )  # fmt: skip


def test_disk_full(owners, root, product, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = plan(product, root)
    with monkeypatch.context() as patch:
        patch.setattr(download.os, "fsync", full)
        with pytest.raises(SoilbookError, match=r"cannot write .*: No space left on device"):
            download.fetch(made, root)
    assert not any((root / file.path).is_file() for file in made.files)
    whole(product, root)


def test_interrupted_and_resumed(owners, root, product):
    """Ctrl-C at the last file: what came stays, nothing is half-written, only the rest follows."""
    made = plan(product, root)
    client, seen = download.Client._save, []

    def interrupted(self, address, part, resume):
        seen.append(address)
        if len(seen) == len(made.files):
            part.write_bytes(b"half")
            raise KeyboardInterrupt
        client(self, address, part, resume)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download.Client, "_save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            download.fetch(made, root)
    there = [(root / file.path).is_file() for file in made.files]
    assert there == [True] * (len(made.files) - 1) + [False]
    assert bool(left(root)) == (made.files[-1].md5 is not None)
    assert download.wanted(made, root) == [made.files[-1]]
    if left(root):
        (root / ".incoming" / made.files[-1].path).unlink()
    whole(product, root)


def test_what_has_a_checksum_goes_on_where_it_stopped(owners, root):
    made = plan("wang2024", root)
    file = made.files[0]

    def damage(path, reply):
        half = reply.content[: len(reply.content) // 2]
        return Reply(200, reply.kind, half, length=len(reply.content))

    owners.damage = on_data(damage)
    with pytest.raises(DataError, match="cut short"):
        download.fetch(made, root)
    begun = (root / ".incoming" / file.path).stat().st_size
    assert 0 < begun < file.size
    owners.damage = lambda path, reply: reply
    whole("wang2024", root)
    asked = [headers.get("Range") for path, headers in owners.asked if "Kingston" in path]
    assert asked[-1] == f"bytes={begun}-"


def test_a_file_of_one_s_own_stays(owners, root):
    made = plan("power", root)
    file = root / made.files[0].path
    file.parent.mkdir()
    file.write_text("mine")
    assert download.fetch(made, root) == "0 files fetched, 1 were there"
    assert file.read_text() == "mine"
    download.fetch(made, root, refresh=True)
    assert power.read(file).sizes["time"] == 90


def test_three_failures_in_a_row_end_it_and_one_does_not(owners, root):
    made = plan("uscrn", root)
    first = made.files[0].address.partition("//")[2]
    owners.damage = lambda path, reply: Reply(404) if path.endswith(first) else reply
    with pytest.raises(DataError, match=r"1 of 3 files did not come; .*stations.tsv: 404"):
        download.fetch(made, root)
    assert (root / made.files[2].path).is_file()
    made = plan("nldas", root)
    owners.asked.clear()
    owners.damage = lambda path, reply: Reply(404)
    with pytest.raises(DataError, match="12 of 12 files did not come"):
        download.fetch(made, root)
    assert len(owners.asked) == download.FAILURES


def test_no_network(root, monkeypatch, product):
    monkeypatch.setenv("SOILBOOK_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setattr(download, "pause", lambda seconds: None)
    if product == "wang2024":
        with pytest.raises(DataError, match=r"zenodo.org cannot be reached; is there a network\?"):
            plan(product, root)
    elif product in ("uscrn", "power", "scan"):
        with pytest.raises(DataError, match="cannot be reached; is there a network"):
            download.fetch(plan(product, root), root)


def test_an_owner_who_asks_for_an_hour_is_not_waited_for(owners, root):
    owners.damage = lambda path, reply: Reply(429, TEXT, b"", {"Retry-After": "3600"})
    with pytest.raises(DataError, match="asks to wait 60 min"):
        download.fetch(plan("power", root), root)
    assert len(owners.asked) == 1


def test_what_an_owner_says_of_a_wrong_request_is_told(owners, root):
    said = json.dumps({"message": "The parameter\nis not known"}).encode()
    owners.damage = lambda path, reply: Reply(422, JSON, said)
    with pytest.raises(DataError, match=r"422 .*: The parameter is not known"):
        download.fetch(plan("power", root), root)


def test_credentials_go_to_the_owner_alone(owners, root, monkeypatch, tmp_path):
    """In a header, never to a mirror, and not from .netrc where none are needed."""
    (tmp_path / "netrc").write_text("default login me password hidden\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for product in ("nldas", "power"):
        download.fetch(plan(product, root), root)
    assert not any("Authorization" in headers for _, headers in owners.asked)
    host = "api.giovanni.earthdata.nasa.gov"
    monkeypatch.delenv("SOILBOOK_MIRROR")
    monkeypatch.setattr(giovanni, "BASE", f"{owners.address}/{host}/timeseries")
    owners.asked.clear()
    download.fetch(plan("nldas", root), root, refresh=True)
    assert {headers["Authorization"] for _, headers in owners.asked} == {f"Bearer {TOKEN}"}


def test_a_missing_account_is_told_before_anything_is_asked(owners, root, monkeypatch, tmp_path):
    monkeypatch.delenv("EARTHDATA_TOKEN")
    monkeypatch.setenv("HOME", str(tmp_path))
    made = plan("nldas", root)  # a plan needs no account
    with pytest.raises(DataError, match=r"a free NASA Earthdata account .* EARTHDATA_TOKEN"):
        download.fetch(made, root)
    monkeypatch.setitem(sys.modules, "earthaccess", None)
    with pytest.raises(DataError, match=r"pip install 'soilbook\[nasa\]'"):
        plan("smap", root)
    assert owners.asked == []


def test_a_site_without_a_position_is_told_before_anything_is_asked(owners, root):
    site = root / "mine.csv"
    site.write_text("date,sm_0.05\nyyyy-mm-dd,m3 m-3\n2015-01-01,0.2\n")
    with pytest.raises(ParameterError, match=r"mine\.csv: no position"):
        download.plan("nldas", root, [str(site)])
    with pytest.raises(DataError, match=r"mine\.csv: no position; write # latitude:"):
        download.plan("power", root, [str(site)])
    assert owners.asked == []


def test_what_earthaccess_raises_is_one_line_without_secrets(owners, root, monkeypatch):
    def fails(**asked):
        raise RuntimeError(f"token {TOKEN}\nrefused")

    monkeypatch.setattr(sys.modules["earthaccess"], "search_data", fails)
    with pytest.raises(DataError, match="smap: RuntimeError of earthaccess") as refusal:
        plan("smap", root)
    assert TOKEN not in str(refusal.value) and "\n" not in str(refusal.value)
    monkeypatch.setattr(sys.modules["earthaccess"], "search_data", lambda **asked: [])
    with pytest.raises(DataError, match="smap: no granules of short_name SPL3SMP"):
        plan("smap", root)


def test_what_was_fetched_is_read(owners, root):
    """The readers open what the clients put into the folder."""
    for product in download.PLANS:
        download.fetch(plan(product, root), root)
    assert uscrn.years(root)["RI_Kingston_1_W"] == [2014, 2015, 2016]
    assert awdb.stations(root) == ["2057:AL:SCAN"]
    assert archive.available(root) == ["Kingston-1-W"]
    assert archive.read(root, "Kingston-1-W").sizes["time"] == 4305
    station = observed.load("2057:AL:SCAN", root)
    assert station["sm"].sel(depth=0.05).values[0] == pytest.approx(0.3495, abs=0.01)
    place = {"RI_Kingston_1_W": (41.48, -71.54)}
    noah = giovanni.read(root, "noah", place)
    assert noah["sm_surface"].values.ravel().tolist() == [0.2, 0.2]
    weather = giovanni.read(root, "forcing", place)
    assert weather["air_temperature"].values[0, 0] == pytest.approx(16.85)
    assert weather["precipitation"].values[0, 0] == 480  # 20 mm an hour


def test_a_station_that_is_not_the_paper_s_is_found_in_the_listings(owners, root):
    made = download.plan("uscrn", root, ["Watkinsville_5_SSE"])
    assert [file.path for file in made.files[1:]] == [
        f"uscrn/daily01/{year}/CRND0103-{year}-GA_Watkinsville_5_SSE.txt" for year in (2015, 2016)
    ]
    assert len(download.plan("uscrn", root, ["all"], "2016-01-01", None).files) == 2
    with pytest.raises(DataError, match="no station 'Atlantis'"):
        download.plan("uscrn", root, ["Atlantis"])


def test_defaults_are_the_paper_s_sites_over_their_records(root):
    made = download.plan("uscrn", root, [])
    assert len({file.path.split("-", 2)[2] for file in made.files[1:]}) == 16
    assert len(download.plan("power", root, []).files) == 30
    scan = download.plan("scan", root, [])
    assert len({file.path.split("/")[1] for file in scan.files}) == 12
    assert "2057:AL:SCAN" in scan.files[6].address or any(
        "stationTriplets=2057:AL:SCAN" in file.address for file in scan.files
    )
    assert "SMS:-2:*" in scan.files[1].address and "time-standard=LST" in made_power(root)


def made_power(root) -> str:
    return download.plan("power", root, ["AAMU-jtg"]).files[0].address


@pytest.mark.parametrize(
    ("product", "names", "start", "end", "says"),
    [
        ("ismn", [], None, None, "unknown product that can be fetched 'ismn'"),
        ("uscrn", ["AAMU-jtg"], None, None, "'AAMU-jtg' is no USCRN station"),
        ("scan", ["Kingston-1-W"], None, None, "'Kingston-1-W' is no SCAN station"),
        ("scan", ["2057:AL:SCAN"], None, None, "--from and --to are needed"),
        ("scan", ["Atlantis"], None, None, "unknown site 'Atlantis'"),
        ("power", ["Kingston-1-W"], "1/2/2015", None, "--from is '1/2/2015'; a date"),
        ("power", ["Kingston-1-W"], "2016-01-01", "2015-01-01", "is after --to"),
        ("wang2024", ["Kingston-1-W"], None, None, "comes whole"),
        ("smap", ["SPL9"], None, None, "unknown product of SMAP 'SPL9'"),
    ],
)
def test_bad_wishes_are_one_line(owners, root, product, names, start, end, says):
    with pytest.raises(ParameterError, match=says) as refusal:
        download.plan(product, root, names, start, end)
    assert "\n" not in str(refusal.value)


def test_two_at_once_do_not_disturb_each_other(owners, root):
    made = plan("power", root)
    with download._alone(root, "power"), pytest.raises(DataError, match="by another process"):
        download.fetch(made, root)


def test_a_damaged_manifest_is_told(owners, root):
    (root / "manifests").mkdir()
    (root / "manifests/power.json").write_text("{")
    with pytest.raises(DataError, match=r"manifests/power.json: damaged"):
        download.fetch(plan("power", root), root)


def test_manifests_are_named_by_their_content(owners, root):
    assert download.manifests(root) == {}
    whole("power", root)
    before = download.manifests(root)
    whole("uscrn", root)
    after = download.manifests(root)
    assert set(after) == {"power", "uscrn"} and after["power"] == before["power"]
    assert len(after["power"]) == 64
