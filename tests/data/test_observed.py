"""Observations by the paper's names, the two doors, and fingerprints."""

from datetime import date

import numpy as np
import pytest

from soilbook import data, schema
from soilbook.data import longwave, observed, sites
from soilbook.errors import DataError, ParameterError


@pytest.fixture
def joplin(station_writer, tmp_path):
    """A paper site with more than its record of Table D2 (2010-01-01 to 2020-12-30)."""
    station_writer("MO_Joplin_24_N", date(2009, 12, 1), date(2021, 1, 31))
    return tmp_path


def test_paper_site_is_limited_to_its_record(joplin):
    site = data.load("Joplin-24-N", "observed", joplin)
    days = site["time"].values.astype("datetime64[D]")
    assert (str(days[0]), str(days[-1])) == ("2010-01-01", "2020-12-30")
    assert site["site"].item() == "Joplin-24-N"
    assert site.attrs["track"] == "observed"
    assert schema.features(site) == tuple(n for n in schema.FEATURES if n != "wind_speed")
    assert data.available("observed", joplin) == ["Joplin-24-N"]


def test_other_station_is_whole_unless_limited(joplin):
    whole = observed.load("MO_Joplin_24_N", joplin, "2009-12-15", "2009-12-20")
    assert whole.sizes["time"] == 6


def test_record_must_be_covered(station_writer, tmp_path):
    station_writer("MO_Joplin_24_N", date(2010, 1, 2), date(2020, 12, 31))
    with pytest.raises(
        DataError, match=r"cover 2010-01-02 to 2020-12-30; site 'Joplin-24-N' needs"
    ):
        observed.load("Joplin-24-N", tmp_path)
    (tmp_path / "uscrn/daily01/2020/CRND0103-2020-MO_Joplin_24_N.txt").unlink()
    assert data.available("observed", tmp_path) == []
    with pytest.raises(DataError, match=r"needs 2010-01-01 to 2020-12-30"):
        observed.load("Joplin-24-N", tmp_path)


def test_sites_without_weather_or_without_observations(joplin):
    for name in ("AAMU-jtg", "Cullman-NAHRC"):
        with pytest.raises(DataError, match=f"{name}.*no weather for it; observed: Kingston-1-W"):
            observed.load(name, joplin)
    with pytest.raises(DataError, match=r"HubbardBrook.*no observations"):
        observed.load("HubbardBrook", joplin)


def test_site_not_in_the_folder_and_unknown_name(joplin):
    with pytest.raises(DataError, match=r"no station 'Kingston_1_W'"):
        observed.load("Kingston-1-W", joplin)
    with pytest.raises(DataError, match=r"no station 'Jopling_24'; closest: MO_Joplin_24_N"):
        observed.load("Jopling_24", joplin)


def test_folder_from_the_environment(joplin, monkeypatch):
    monkeypatch.setenv("SOILBOOK_DATA", str(joplin))
    assert data.folder() == joplin
    assert data.available("observed") == ["Joplin-24-N"]
    monkeypatch.delenv("SOILBOOK_DATA")
    assert data.folder().parts[-2:] == ("soilbook", "data")


def test_no_folder_and_folder_without_uscrn(tmp_path):
    with pytest.raises(DataError, match="no such data folder; set SOILBOOK_DATA"):
        data.available("observed", tmp_path / "none")
    assert data.available("observed", tmp_path) == []


def test_tracks():
    assert data.available("twin") == list(sites.SITES)
    for call in (data.load, data.fingerprint):
        with pytest.raises(ParameterError, match="unknown data 'real'; allowed: twin, observed"):
            call("Joplin-24-N", "real") if call is data.load else call("real", [])
    with pytest.raises(ParameterError, match="allowed: twin, observed"):
        data.available("real")


def test_twin_through_the_door():
    site = data.load("UpperBethlehem", seed=3)
    assert site.attrs["track"] == "twin"
    assert site["site"].item() == "UpperBethlehem"


def test_fingerprint_of_observations(joplin, station_writer, write_power):
    first = data.fingerprint("observed", ["Joplin-24-N"], joplin)
    station_writer("AK_Kenai_29_ENE", date(2012, 1, 1), date(2012, 1, 3))
    assert data.fingerprint("observed", ["Joplin-24-N"], joplin) == first  # not read
    write_power("Joplin-24-N", {"WS2M": {"20150101": 3.0}}, {"WS2M": "m/s"}, (-94.58, 37.43))
    with_power = data.fingerprint("observed", ["Joplin-24-N"], joplin)
    path = joplin / "uscrn/daily01/2015/CRND0103-2015-MO_Joplin_24_N.txt"
    path.write_text(path.read_text().replace("1.2", "1.3", 1))
    changed = data.fingerprint("observed", ["Joplin-24-N"], joplin)
    assert len({first, with_power, changed}) == 3
    # Contents matter, not where the folder lies.
    moved = joplin.rename(joplin.parent / "moved")
    assert data.fingerprint("observed", ["Joplin-24-N"], moved) == changed


def test_fingerprint_of_the_twin():
    assert data.fingerprint("twin", [], seed=1) == data.fingerprint("twin", ["Cper"], seed=1)
    assert data.fingerprint("twin", [], seed=1) != data.fingerprint("twin", [], seed=2)


@pytest.mark.observed
def test_real_sites_keep_the_schema_and_say_where_long_wave_comes_from(observed_folder):
    names = data.available("observed", observed_folder)
    assert names == sites.OBSERVED
    site = data.load("Monahans-6-ENE", "observed", observed_folder)
    schema.check(site, "test")
    assert site["longwave"].attrs["source"] == longwave.SOURCE
    assert 150 < float(site["longwave"].min()) < float(site["longwave"].max()) < 500
    assert np.isfinite(site["longwave"]).mean() > 0.98
