"""What the satellite study rests on: counts and shares of small sets with known gaps."""

import numpy as np
import pytest
import xarray as xr

from soilbook.errors import ParameterError
from soilbook.figures.information_flow import information_flow
from soilbook.studies.smap import satellite_data
from soilbook.studies.smap.places import TRACKS


@pytest.fixture
def smap():
    """Six pixels over two months after a month without SMAP; the north has none in the second."""
    time = np.arange("2015-03-01", "2015-06-01", dtype="datetime64[D]").astype("datetime64[ns]")
    values = np.full((6, time.size), np.nan)
    values[:, 31::2] = 0.2
    values[4:, 61:] = np.nan
    return xr.DataArray(
        values,
        dims=("pixel", "time"),
        coords={
            "pixel": np.arange(6),
            "time": time,
            "latitude": ("pixel", [26.0, 28, 35, 36, 47, 49]),
        },
    )


def test_share_of_days_counts_from_the_first_to_the_last_day_of_smap(smap):
    share = satellite_data.coverage(smap)["share"]
    assert share.values[0] == pytest.approx(31 / 61)
    assert share.values[5] == pytest.approx(15 / 61)


def test_months_without_smap_show_in_their_band(smap):
    monthly = satellite_data.coverage(smap)["monthly"]
    assert monthly["band"].size == 3
    assert [str(month)[:7] for month in monthly["month"].values] == ["2015-04", "2015-05"]
    assert monthly.isel(band=2).values.tolist() == [0.5, 0.0]
    assert (monthly.isel(band=0) > 0.45).all()


def test_inventory_counts_places_and_days_with_a_value(smap):
    station = xr.DataArray([[np.nan, 0.1, np.nan, 0.3], [np.nan] * 4], dims=("place", "time"))
    station["time"] = smap["time"][:4]
    station = station.to_dataset(name="sm_surface")
    table = satellite_data.inventory(smap.to_dataset(name="sm_smap"), {"core": station})
    table = table.set_index("data")
    assert table.loc["pixels", ["variable", "places"]].tolist() == ["sm_smap", 6]
    core = table.loc["in situ, core"]
    assert (core["places"], core["first"], core["last"]) == (1, "2015-03-02", "2015-03-04")
    assert core["share_of_days"] == pytest.approx(2 / 3)


def test_positions_of_all_kinds_stand_in_one_table():
    place = xr.Dataset(
        coords={
            "place": ["a"],
            "latitude": ("place", [40.0]),
            "longitude": ("place", [-100.0]),
        }
    )
    table = satellite_data.positions({"core": place, "sparse": place})
    assert table.values.tolist() == [["core", "a", 40.0, -100.0], ["sparse", "a", 40.0, -100.0]]


def test_every_track_says_where_each_box_of_fig_1_comes_from():
    for data in TRACKS:
        figure = information_flow(satellite_data.sources(data))
        drawn = {text.get_text() for text in figure.axes[0].texts}
        assert set(satellite_data.SOURCES[data].values()) <= drawn
    with pytest.raises(ParameterError, match="unknown data 'moon'; allowed: twin, observed"):
        satellite_data.sources("moon")


def test_the_papers_own_numbers_of_its_data_are_settings_of_section_ii():
    printed = satellite_data.printed()
    assert set(printed["section"]) == {"II", "II-A", "II-B", "II-C"}
    assert {6321, 9, 104} <= set(printed["value"])
