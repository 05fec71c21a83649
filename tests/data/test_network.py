"""The sparse network: stations from files, probes to layers, rules, pixels, and the real one."""

from datetime import date

import numpy as np
import pytest
import xarray as xr

from soilbook.data import conus412, easegrid, network
from soilbook.errors import DataError, ParameterError
from soilbook.physics import air as humidity


def probes(*values, form="7.3f"):
    return " ".join(format(value, form) for value in values)


def test_weights_are_those_of_the_paper():
    # Section II-C: (d1 + d2) / 2, then midpoint minus midpoint, then 100 minus the last midpoint.
    weights = network.rootzone_weights([0.05, 0.10, 0.20, 0.50, 1.00])
    assert weights == pytest.approx([0.075, 0.075, 0.20, 0.40, 0.25])
    assert network.rootzone_weights([0.3]) == pytest.approx([1])


@pytest.mark.parametrize("depths", [[], [0.1, 0.1], [0.2, 0.1], [0, 0.1], [0.1, 1.2]])
def test_depths_must_rise_within_the_layer(depths):
    with pytest.raises(ParameterError, match=r"rising depths above 0 and to 1 m"):
        network.rootzone_weights(depths)


def test_root_zone_needs_every_probe_that_ever_reports():
    sm = np.full((5, 3), np.nan)
    sm[[0, 1, 3]] = [[0.1, 0.1, 0.1], [0.2, np.nan, 0.2], [0.4, 0.4, 0.4]]
    depths = [0.05, 0.10, 0.20, 0.50, 1.00]
    expected = 0.075 * 0.1 + 0.225 * 0.2 + 0.7 * 0.4
    assert network.rootzone(sm, depths) == pytest.approx([expected, np.nan, expected], nan_ok=True)
    # Two shallow probes say nothing about a metre of soil.
    assert np.isnan(network.rootzone(sm[:2], depths[:2])).all()
    assert np.isnan(network.rootzone(sm[[0, 3]], [0.05, 0.49])).all()
    # A probe that is there but never counts is not replaced by its neighbours.
    assert np.isnan(network.rootzone(sm, depths, probes=[1, 1, 1, 1, 0])).all()


def test_cold_soil_and_soil_of_unknown_temperature_do_not_count():
    kept = network.warm(np.array([0.1, 0.2, 0.3]), np.array([3.9, 4.0, np.nan]))
    assert kept == pytest.approx([np.nan, 0.2, np.nan], nan_ok=True)


def test_pressure_and_humidity_known_answers():
    # FAO-56, example 2 and Table 2.1: 81.8 kPa at 1800 m, 101.3 at the sea.
    assert humidity.standard_pressure([0, 1800]) == pytest.approx([101.3e3, 81.8e3], rel=1e-3)
    # Saturated air of 20 degC at sea level holds 14.5 g per kg; half of it at half humidity.
    saturated, half = humidity.specific_humidity(20.0, [100, 50], 0)
    assert saturated == pytest.approx(0.01448, rel=2e-3)
    assert half == pytest.approx(saturated / 2, rel=0.01)
    assert np.isnan(humidity.specific_humidity(20.0, np.nan, 0))


def test_great_circles():
    quarter = np.pi / 2 * easegrid.RADIUS
    assert easegrid.great_circle(0, 0, 0, 90) == pytest.approx(quarter)
    assert easegrid.great_circle(0, 179, 0, -179) == pytest.approx(quarter / 45)
    at, away = easegrid.nearest([10.0], [20.0], [0.0, 10.0], [20.0, 20.5])
    assert at == 1 and away == pytest.approx(easegrid.great_circle(10, 20, 10, 20.5))


@pytest.fixture
def two_stations(tmp_path, station_writer):
    """Kansas in 2012 and 2013, Alaska in 2013."""
    station_writer(
        "KS_Here_1_N", date(2012, 6, 1), date(2013, 3, 31), latitude=38.9, longitude=-101
    )
    station_writer("AK_There_2_S", date(2013, 1, 1), date(2013, 12, 31), latitude=60.7)
    return tmp_path


def test_stations_are_known_by_their_files(two_stations):
    table = network.stations(two_stations)
    assert table.index.tolist() == ["AK_There_2_S", "KS_Here_1_N"]
    assert table["conus"].tolist() == [False, True]
    here = table.loc["KS_Here_1_N"]
    assert (here["latitude"], here["longitude"], here["state"]) == (38.9, -101, "KS")
    assert (here["first"], here["last"]) == (2012, 2013)
    assert np.isnan(here["elevation"])


def test_elevations_come_from_the_list_where_it_is_there(two_stations):
    path = two_stations / "uscrn/stations.tsv"
    path.write_text("STATE\tLOCATION\tVECTOR\tELEVATION\nKS\tHere\t1 N\t2872\n")
    assert network.stations(two_stations).loc["KS_Here_1_N", "elevation"] == pytest.approx(
        875.4, abs=0.1
    )
    high = network.read(two_stations)["specific_humidity"].values
    path.write_text("STATE\tLOCATION\tVECTOR\tELEVATION\nKS\tHere\t1 N\t0\n")
    low = network.read(two_stations)["specific_humidity"].values
    assert np.all(high > 1.05 * low)
    path.write_text("STATE\tLOCATION\tVECTOR\tELEVATION\nKS\tHere\t1 N\thigh\n")
    with pytest.raises(DataError, match=r"stations.tsv, row 2: ELEVATION is 'high'; a number"):
        network.stations(two_stations)
    for unknown in ("UN", "un", "", "-9999"):
        path.write_text(f"STATE\tLOCATION\tVECTOR\tELEVATION\nKS\tHere\t1 N\t{unknown}\n")
        assert np.isnan(network.stations(two_stations).loc["KS_Here_1_N", "elevation"])
    path.write_text("STATE\tLOCATION\tVECTOR\nKS\tHere\t1 N\n")
    with pytest.raises(DataError, match=r"stations.tsv: no column 'ELEVATION'"):
        network.stations(two_stations)


def test_records_join_on_all_days(two_stations):
    data = network.read(two_stations, ["There 2 S", "KS_Here_1_N"])
    assert data["station"].values.tolist() == ["AK_There_2_S", "KS_Here_1_N"]
    assert data.sizes["time"] == 579 and data["sm_surface"].dtype == np.float32
    there, here = data["air_temperature"].notnull().values
    assert (there.sum(), here.sum()) == (365, 304)
    assert data["time"].values[there][0] == np.datetime64("2013-01-01")
    # The default is the conterminous USA.
    alone = network.read(two_stations)
    assert alone["station"].values.tolist() == ["KS_Here_1_N"]
    assert alone.sizes["time"] == 304
    assert [path.name[9:13] for path in network.files_of(two_stations)] == ["2012", "2013"]


def test_probes_become_surface_and_root_zone(tmp_path, station_writer):
    warmth = probes(3.0, 5.0, 5.0, 5.0, 5.0, form="7.1f")
    station_writer("KS_Cold_1_N", date(2012, 6, 1), date(2012, 6, 9), warmth=warmth)
    station_writer("KS_Warm_1_N", date(2012, 6, 1), date(2012, 6, 9))
    moisture = probes(0.1, 0.2, -99, -99, -99)
    station_writer("KS_Flat_1_N", date(2012, 6, 1), date(2012, 6, 9), moisture=moisture)
    data = network.read(tmp_path)
    # Stations stand in the order of their names; the others' files hold 0.1 to 0.5 by depth.
    assert [name[3:7] for name in data["station"].values] == ["Cold", "Flat", "Warm"]
    zone = 0.1 * 0.075 + 0.2 * 0.075 + 0.3 * 0.2 + 0.4 * 0.4 + 0.5 * 0.25
    assert data["sm_surface"].values[:, 0] == pytest.approx([np.nan, 0.1, 0.1], nan_ok=True)
    assert data["sm_rootzone"].values[:, 0] == pytest.approx([np.nan, np.nan, zone], nan_ok=True)
    assert data["soil_temperature"].values[0, 0] == 3
    trends = network.read(tmp_path, threshold=network.COLD_FOR_TRENDS)
    assert trends["sm_rootzone"].values[:, 0] == pytest.approx([zone, np.nan, zone], nan_ok=True)


def test_every_station_finds_its_pixel():
    pixels = xr.Dataset(coords=easegrid.coordinates([60, 60], [200, 204]))
    latitude, longitude = easegrid.position([60.4, 60.0, 60.0], [200.4, 201.0, 210.0])
    places = xr.Dataset(
        coords={
            "station": ["in", "near", "far"],
            "latitude": ("station", latitude),
            "longitude": ("station", longitude),
        }
    )
    table, left_out = network.match(places, pixels)
    assert table["pixel"].tolist() == [0, 0, 1] and not left_out
    assert table["inside"].tolist() == [True, False, False]
    # A column is 36.03 km wide at 30 degrees and narrower to the north.
    width = easegrid.GRIDS["36km"].cell / 1000 * np.cos(np.deg2rad(latitude[1])) / np.cos(np.pi / 6)
    assert table.loc["near", "distance"] == pytest.approx(width, rel=0.005)
    table, left_out = network.match(places, pixels, farthest=100)
    assert table.index.tolist() == ["in", "near"]
    assert list(left_out) == ["far"] and "at most 100 km are allowed" in left_out["far"]


@pytest.mark.observed
def test_the_real_network_and_its_pixels(observed_folder):
    table = network.stations(observed_folder)
    assert (len(table), table["conus"].sum()) == (103, 102)
    pixels = conus412.read(observed_folder, variables=[])
    places = table[table["conus"]].to_xarray()
    matches, _ = network.match(places, pixels)
    assert sorted(matches.index[matches["inside"]]) == [
        "CO_Cortez_8_SE", "KS_Oakley_19_SSW", "MI_Gaylord_9_SSW", "OH_Coshocton_8_NNE",
        "TX_Austin_33_NW",
    ]  # fmt: skip
    assert (matches["distance"] <= 40).sum() == 19


@pytest.mark.observed
def test_a_real_station_against_the_forcing_of_its_pixel(observed_folder):
    data = network.read(observed_folder, ["KS_Oakley_19_SSW"])
    data = data.sel(time=slice("2015-04-01", "2018-03-31"))
    pixels = conus412.read(
        observed_folder, ["specific_humidity", "air_temperature", "shortwave", "precipitation"]
    )
    matches, _ = network.match(data, pixels)
    pixel = pixels.sel(pixel=matches["pixel"].item())
    # Local days against UTC days, a point against 36 km: alike, not equal.
    for name, least, apart in (
        ("air_temperature", 0.97, 3),
        ("shortwave", 0.85, 25),
        ("specific_humidity", 0.96, 3e-4),
        ("precipitation", 0.6, 0.7),
    ):
        mine, theirs = data[name].values[0], pixel[name].values
        both = np.isfinite(mine)
        assert np.corrcoef(mine[both], theirs[both])[0, 1] > least, name
        assert abs(mine[both].mean() - theirs[both].mean()) < apart, name
    assert float(data["sm_rootzone"].mean()) == pytest.approx(0.22, abs=0.08)


def test_positions_are_those_of_the_newest_file(tmp_path, station_writer):
    station_writer("KS_Here_1_N", date(2012, 6, 1), date(2012, 12, 31), latitude=30.0)
    station_writer("KS_Here_1_N", date(2013, 1, 1), date(2013, 1, 9), latitude=38.9)
    assert network.stations(tmp_path).loc["KS_Here_1_N", "latitude"] == 38.9


def test_an_elevation_off_the_earth_is_refused(two_stations):
    path = two_stations / "uscrn/stations.tsv"
    path.write_text("STATE\tLOCATION\tVECTOR\tELEVATION\nKS\tHere\t1 N\t128720\n")
    with pytest.raises(DataError, match=r"row 2: ELEVATION is 128720 feet; -1476 to 29528 are all"):
        network.stations(two_stations)
