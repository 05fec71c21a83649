"""The site table: corrections, names, records."""

import pandas as pd
import pytest

from soilbook import published
from soilbook.data import sites
from soilbook.data.sites import CORRECTIONS, OBSERVED, SITES, find
from soilbook.errors import ParameterError


def test_thirty_sites_in_the_order_of_table_1():
    assert list(SITES) == published.sites()["site"].tolist()
    assert list(SITES)[:2] == ["Kingston-1-W", "HubbardBrook"]
    assert list(SITES)[-1] == "ClotdelesPeresII"
    assert len(SITES) == 30


def test_sites_differ_from_table_1_only_where_noted():
    changed = {}
    for row in published.sites().itertuples():
        site = SITES[row.site]
        for field in ("sand", "silt", "clay", "land_cover", "latitude", "longitude"):
            if getattr(site, field) != getattr(row, field):
                changed.setdefault(site.name, []).append(field)
                assert "Table 1" in site.note
    assert changed == {
        "Monahans-6-ENE": ["longitude"],
        "Falkenberg": ["land_cover"],
        "Durham-11-W": ["latitude", "longitude"],
        "Weslaco": ["land_cover"],
    }
    assert set(CORRECTIONS) == set(changed)


def test_corrected_positions():
    assert (SITES["Durham-11-W"].latitude, SITES["Durham-11-W"].longitude) == (35.97, -79.09)
    assert SITES["Monahans-6-ENE"].longitude == -102.81
    positions = {(site.latitude, site.longitude) for site in SITES.values()}
    assert len(positions) == 30


def test_records_are_those_of_table_d2():
    for row in published.splits().itertuples():
        site = SITES[row.site]
        assert (site.start, site.end) == (row.training_start, row.test_end)
        assert (site.validation_start, site.test_start) == (row.validation_start, row.test_start)
        assert site.start < site.validation_start < site.test_start < site.end


def test_a_note_tells_where_the_years_disagree():
    disagree = {
        row.site
        for row in published.sites().itertuples()
        if (row.first_year, row.last_year) != (SITES[row.site].start.year, SITES[row.site].end.year)
    }
    assert disagree == {
        "Durham-11-W",
        "MahantangoCk",
        "Goodwell-2-SE",
        "FortAssiniboine#1",
        "Buffalo-13-ESE",
    }
    assert disagree == {name for name, site in SITES.items() if "Table D2" in site.note}
    assert "2009-2016" in SITES["Durham-11-W"].note
    assert "2011-01-01 to 2023-10-23" in SITES["Durham-11-W"].note


def test_a_note_tells_which_textures_repeat():
    assert "Darrington-21-NNE" in SITES["AAMU-jtg"].note
    assert "texture" not in SITES["Kingston-1-W"].note


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("Kingston-1-W", "Kingston-1-W"),
        ("kingston_1_w", "Kingston-1-W"),
        ("RI_Kingston_1_W", "Kingston-1-W"),
        ("Shadow Mtns", "ShadowMtns"),
        ("GROUSEGREEK", "GrouseCreek"),
        ("UpperBethlem", "UpperBethlehem"),
        ("Cape", "Cape-Charles-5-ENE"),
        ("Cape-Charles", "Cape-Charles-5-ENE"),
        ("Cullman", "Cullman-NAHRC"),
        ("aamu", "AAMU-jtg"),
        ("Monahans", "Monahans-6-ENE"),
        ("Fort Assiniboine #1", "FortAssiniboine#1"),
    ],
)
def test_find_takes_names_and_aliases(name, site):
    assert find(name) is SITES[site]


def test_every_name_and_alias_leads_to_its_own_site():
    for site in SITES.values():
        for name in (site.name, site.name.upper(), *site.aliases):
            assert find(name) is site


@pytest.mark.parametrize("name", ["Kingston_1_NW", "", "Durham", None])
def test_unknown_site_lists_the_allowed(name):
    with pytest.raises(ParameterError, match=r"unknown site .*Kingston-1-W.*ClotdelesPeresII"):
        find(name)


def test_sixteen_sites_have_a_station():
    assert len(OBSERVED) == 16
    assert [name for name, site in SITES.items() if site.uscrn] == OBSERVED
    assert SITES["Cape-Charles-5-ENE"].uscrn == "Cape_Charles_5_ENE"
    assert SITES["Weslaco"].uscrn is None
    assert set(sites.STATIONS) == set(OBSERVED)


@pytest.mark.observed
def test_stations_stand_where_the_table_says(observed_folder):
    for name in OBSERVED:
        site = SITES[name]
        station = site.aliases[-1]
        year = site.test_start.year
        file = observed_folder / f"uscrn/daily01/{year}/CRND0103-{year}-{station}.txt"
        fields = file.read_text().split("\n", 1)[0].split()
        assert float(fields[3]) == pytest.approx(site.longitude, abs=0.015)
        assert float(fields[4]) == pytest.approx(site.latitude, abs=0.015)


def test_dates_compare_with_calendar_days():
    days = pd.date_range(SITES["Weslaco"].start, SITES["Weslaco"].end)
    assert (days >= SITES["Weslaco"].test_start).sum() == 318
