"""What study 2 rests on: counts and shares of small sets with known gaps, and their figures."""

import numpy as np
import pytest
import xarray as xr

from soilbook.fang2019 import s2_a_data


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
    share = s2_a_data.coverage(smap)["share"]
    assert share.values[0] == pytest.approx(31 / 61)
    assert share.values[5] == pytest.approx(15 / 61)


def test_months_without_smap_show_in_their_band(smap):
    monthly = s2_a_data.coverage(smap)["monthly"]
    assert monthly["band"].size == 3
    assert [str(month)[:7] for month in monthly["month"].values] == ["2015-04", "2015-05"]
    assert monthly.isel(band=2).values.tolist() == [0.5, 0.0]
    assert (monthly.isel(band=0) > 0.45).all()


def test_inventory_counts_places_and_days_with_a_value(smap):
    station = xr.DataArray([[np.nan, 0.1, np.nan, 0.3], [np.nan] * 4], dims=("place", "time"))
    station["time"] = smap["time"][:4]
    station = station.to_dataset(name="sm_surface")
    table = s2_a_data.inventory(smap.to_dataset(name="sm_smap"), {"core": station})
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
    table = s2_a_data.positions({"core": place, "sparse": place})
    assert table.values.tolist() == [["core", "a", 40.0, -100.0], ["sparse", "a", 40.0, -100.0]]


def test_the_papers_own_numbers_of_its_data_are_settings_of_section_ii():
    printed = s2_a_data.printed()
    assert set(printed["section"]) == {"II", "II-A", "II-B", "II-C"}
    assert {6321, 9, 104} <= set(printed["value"])


def test_every_track_says_where_each_box_of_fig_1_comes_from():
    for data in ("twin", "observed"):
        drawn = {text.get_text() for text in s2_a_data.information_flow(data).axes[0].texts}
        sources = s2_a_data.sources(data)
        assert len(sources) == 10 and set(sources["source"]) <= drawn
        assert {"target, surface", "compared", "Forcing"} <= drawn


def test_fig_1_shows_the_targets_that_the_track_has():
    targets = {}
    for data in ("twin", "observed"):
        things, arrows = s2_a_data.drawing("information flow", data)
        assert all(arrow.start in things and arrow.end in things for arrow in arrows)
        targets[data] = {arrow.start for arrow in arrows if arrow.kind == "target"}
        judged = {arrow.start for arrow in arrows if arrow.kind == "judged"}
        assert {"LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "SMAP L3"} < judged
        assert not [arrow for arrow in arrows if arrow.start == "in situ"]
        filtered = {arrow.start for arrow in arrows if arrow.end == "filter"}
        assert filtered == ({"LSTM", "SMAP L3"} if "filter" in things else set())
        assert ("filter" in things) == (data == "observed")
    assert targets == {"twin": {"SMAP L3", "SMAP L4"}, "observed": {"SMAP L3"}}


def test_kinds_of_places_are_counted_in_the_legend():
    share = xr.DataArray(
        np.linspace(0, 1, 5), dims="pixel",
        coords={"latitude": ("pixel", np.full(5, 40.0)), "longitude": ("pixel", np.full(5, -99.0))},
    )  # fmt: skip
    core = xr.Dataset(coords={"latitude": ("place", [40.0]), "longitude": ("place", [-100.0])})
    figure = s2_a_data.map_of_places(share, {"core": core})
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == ["pixels (5)", "core (1)"]


def test_each_band_of_latitude_is_a_line():
    months = np.array(["2015-04", "2015-05"], "datetime64[ns]")
    monthly = xr.DataArray(
        [[0.5, 0.4], [0.3, 0.0]],
        dims=("band", "month"),
        coords={"band": ["S", "N"], "month": months},
    )
    axis = s2_a_data.by_month(monthly).axes[0]
    assert [line.get_ydata().tolist() for line in axis.lines] == [[50, 40], [30, 0]]
