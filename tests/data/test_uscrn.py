"""Real USCRN files against Table D2, against their own fixed columns, and synthetic ones."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from soilbook import published, schema
from soilbook.data import observed, uscrn

# Largest differences that were measured at the 16 stations, rounded up. The paper takes UTC days
# of hourly values and the files have local days, so a day's extreme differs more than a mean.
TOLERANCE = {
    "P": {"mean": 0.12, "std": 0.45},
    "TA": {"mean": 0.24, "std": 0.10, "min": 1.4, "max": 0.8},
}
HIGHEST_RAIN = (0.75, 1.55)  # ours over Table D2's


@pytest.fixture(scope="module")
def records(observed_folder):
    """All 16 paper sites with a station."""
    return {
        name: observed.load(name, observed_folder) for name in observed.available(observed_folder)
    }


@pytest.mark.observed
def test_table_d2_is_reproduced(records):
    printed = published.weather().set_index(["site", "variable"])
    assert len(records) == 16
    for name, record in records.items():
        for symbol, variable in (("P", "precipitation"), ("TA", "air_temperature")):
            ours = record[variable].to_series().agg(["min", "max", "mean", "std"])
            theirs = printed.loc[(name, symbol)]
            for key, allowed in TOLERANCE[symbol].items():
                assert abs(ours[key] - theirs[key]) < allowed, (name, symbol, key)
        low, high = HIGHEST_RAIN
        ratio = float(record["precipitation"].max()) / printed.loc[(name, "P"), "max"]
        assert low < ratio < high, name


@pytest.mark.observed
def test_split_falls_on_the_days_of_table_d2(records):
    splits = published.splits().set_index("site")
    for name, record in records.items():
        days = pd.DatetimeIndex(record["time"].values)
        assert days[0] == splits.loc[name, "training_start"]
        assert days[-1] == splits.loc[name, "test_end"]
        for share, column in ((0.6, "validation_start"), (0.8, "test_start")):
            assert abs((days[int(share * len(days))] - splits.loc[name, column]).days) <= 1, name


@pytest.mark.observed
def test_average_of_the_day_is_nearer_to_table_d2_than_middle_of_extremes(records, observed_folder):
    printed = published.weather().set_index(["site", "variable"])["mean"]
    average, middle = [], []
    for name, record in records.items():
        rows = [
            line.split()
            for path in observed.files_of(name, observed_folder)
            for line in path.read_text().splitlines()
            if line
        ]
        other = pd.Series(
            [float(row[7]) for row in rows], pd.to_datetime([row[1] for row in rows])
        ).reindex(record["time"].values)
        average.append(abs(float(record["air_temperature"].mean()) - printed[name, "TA"]))
        middle.append(abs(other[other > -99].mean() - printed[name, "TA"]))
    assert max(average) < 0.24 < max(middle)
    assert np.mean(average) < 0.5 * np.mean(middle)


@pytest.mark.observed
def test_values_are_those_of_the_fixed_columns(observed_folder):
    record = uscrn.read(observed_folder, "Kingston_1_W", "2019-01-01", "2019-12-31")
    path = observed_folder / "uscrn/daily01/2019/CRND0103-2019-RI_Kingston_1_W.txt"
    lines = path.read_text().splitlines()[:365]
    # Columns (from 1) of the README: field 9, 10, 11, 18, 19-23, 24-28.
    cut = lambda first, last: np.array([float(line[first - 1 : last]) for line in lines])  # noqa: E731
    expected = {
        "air_temperature": cut(63, 69),
        "precipitation": cut(71, 77),
        "shortwave": cut(79, 86) * 1e6 / 86400,
        "relative_humidity": cut(130, 136),
        "sm": np.array([cut(138 + 8 * k, 144 + 8 * k) for k in range(5)]),
        "soil_temperature": np.array([cut(178 + 8 * k, 184 + 8 * k) for k in range(5)]),
    }
    for name, values in expected.items():
        present = values > -99
        np.testing.assert_allclose(record[name].values[present], values[present], rtol=1e-12)
        assert np.isnan(record[name].values[~present]).all()


@pytest.mark.observed
def test_stations_without_deep_probes_keep_their_depths(observed_folder):
    assert "AZ_Tucson_11_W" in uscrn.stations(observed_folder)
    record = uscrn.read(observed_folder, "AZ_Tucson_11_W", "2020-01-01", "2020-12-31")
    assert record["depth"].values.tolist() == list(schema.DEPTHS)
    has = np.isfinite(record["sm"].values).any(axis=1)
    assert has.tolist() == [True, True, False, False, False]


@pytest.mark.observed
def test_short_wave_above_the_sun_is_removed_and_counted(observed_folder):
    record = uscrn.read(observed_folder, "MT_St._Mary_1_SSW")
    assert record["shortwave"].attrs["n_above_extraterrestrial"] > 100
    assert float(record["shortwave"].max()) < 520


def test_fields_and_units(station_files):
    record = schema.check(uscrn.read(station_files, "Kingston_1_W"), "test")
    first = record.isel(time=0)
    assert first["air_temperature"] == 7.5  # T_DAILY_AVG, not T_DAILY_MEAN
    assert first["precipitation"] == 1.2
    assert first["shortwave"] == pytest.approx(100.0)  # 8.64 MJ m-2 in a day
    assert first["relative_humidity"] == 70
    np.testing.assert_allclose(first["sm"], [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(first["soil_temperature"], [6, 7, 8, 9, 10])
    assert (record["latitude"], record["longitude"]) == (41.48, -71.54)
    assert record["air_temperature"].attrs["source"] == "measured: USCRN daily, T_DAILY_AVG"
    assert "wind_speed" not in record


def test_record_is_limited_to_the_period(station_files):
    whole = uscrn.read(station_files, "RI_Kingston_1_W")
    assert whole.sizes["time"] == (date(2013, 3, 31) - date(2011, 6, 1)).days + 1
    part = uscrn.read(station_files, "kingston-1-w", "2012-02-28", np.datetime64("2012-03-01"))
    assert part["time"].dt.day.values.tolist() == [28, 29, 1]


def test_missing_codes_and_impossible_values(station_files, edit):
    path = "uscrn/daily01/2011/CRND0103-2011-RI_Kingston_1_W.txt"
    edit(path, 1, lambda row: row.replace("    7.5", "-9999.0").replace("  0.100", "-99.000"))
    edit(path, 2, lambda row: row.replace("    8.64", "   86.40").replace("  0.200", "  0.000"))
    edit(path, 3, lambda row: row.replace("   70.0", "  170.0"))
    record = uscrn.read(station_files, "Kingston_1_W")
    assert np.isnan(record["air_temperature"].values).nonzero()[0].tolist() == [0]
    assert np.argwhere(np.isnan(record["sm"].values)).tolist() == [[0, 0], [1, 1]]
    assert np.isnan(record["shortwave"].values).nonzero()[0].tolist() == [1]
    assert np.isnan(record["relative_humidity"].values).nonzero()[0].tolist() == [2]
    assert record["air_temperature"].attrs["n_outside_range"] == 0
    assert record["sm"].attrs["n_outside_range"] == 1
    assert record["relative_humidity"].attrs["n_outside_range"] == 1


def test_absent_days_inside_a_file_become_missing(station_files, edit):
    path = "uscrn/daily01/2012/CRND0103-2012-RI_Kingston_1_W.txt"
    edit(path, 100, lambda row: "")
    record = schema.check(uscrn.read(station_files, "Kingston_1_W"), "test")
    gone = np.isnan(record["precipitation"].values).nonzero()[0]
    assert [str(day)[:10] for day in record["time"].values[gone]] == ["2012-04-09"]
