"""What section 2.1 and appendix D say of the sites' data."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import published
from soilbook.data import fluxnet
from soilbook.errors import ParameterError
from soilbook.physics import air
from soilbook.wang2024 import appendix_d_sites
from soilbook.wang2024 import experiment as sources
from soilbook.wang2024 import s2_1_data as section
from soilbook.wang2024 import s2_1_data as site_statistics


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_there_is_no_estimate_of_longwave_to_judge_on_the_twin_or_without_measurements(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    assert section.longwave_error("twin") is None
    assert section.longwave_error("observed") is None


@pytest.mark.observed
def test_the_longwave_estimate_in_use_is_judged_at_every_measured_site(observed_folder):
    table = section.longwave_error("observed")
    assert set(table["site"]) == set(fluxnet.SITES)
    used = table[(table["clear_sky"] == "prata1996") & (table["cloud"] == "crawford1999")]
    assert used["bias"].abs().mean() < 10
    assert len(table) == len(fluxnet.SITES) * len(air.CLEAR_SKY) * len(air.CLOUD)


def test_a_site_is_one_short_row_for_reading():
    shown = section.for_reading(section.characteristics(section.sites())).set_index("site")
    assert len(shown) == 30 and len(shown.columns) == 6
    row = shown.loc["Kingston-1-W"]
    assert row["sand/silt/clay (%)"] == "85/10/5" and row["position"] == "41.48° N, 71.54° W"
    assert row["period"] == "2012-01 to 2023-10"


def test_the_map_shows_every_site_in_both_panels():
    figure = section.draw_sites(section.sites())
    dots = sum(len(c.get_offsets()) for c in figure.axes[0].collections if len(c.get_offsets()) > 1)
    assert dots >= 30
    sites = section.sites()["site"].values.tolist()
    texts = [text.get_text() for text in figure.axes[1].texts]
    numbers = {int(text) for text in texts if text.isdigit()}
    assert sites.index("Durham-11-W") + 1 in numbers and len(numbers) > 20
    assert sites.index("Falkenberg") + 1 not in numbers, "it lies in Germany"
    key = "\n".join(texts).splitlines()
    assert all(f"{i} {name}" in key for i, name in enumerate(sites, 1))


def test_correlation_and_memory_of_the_twin():
    matrices = section.correlations(("Weslaco",), (0.05, 1.0), "twin")
    r = matrices["r"]
    np.testing.assert_allclose(np.diagonal(r.values, axis1=2, axis2=3), 1)
    np.testing.assert_allclose(r.values, np.swapaxes(r.values, 2, 3))
    drawn = section.draw_correlations(matrices).axes
    assert sum(axis.get_title(loc="left") != "" for axis in drawn) == 2
    curves = section.autocorrelation("Weslaco", "twin", lags=5)
    np.testing.assert_allclose(curves["r"].sel(lag=0), 1)
    assert curves["r"].sel(lag=5, depth=0.05) < curves["r"].sel(lag=5, depth=1.0)
    assert len(section.draw_autocorrelation(curves).axes[0].lines) == 5


CAPE, BETHLEHEM = "Cape-Charles-5-ENE", "UpperBethlehem"
DEPTHS = (0.05, 1.0)


def record(n_days: int = 10, start: str = "2011-01-01", **arrays) -> xr.Dataset:
    """A record of two depths in which everything that is not given is 0.2."""
    shapes = {"precipitation": 1, "air_temperature": 1, "soil_temperature": 2, "sm": 2}
    values = {
        name: arrays.get(name, np.full((n, n_days)[2 - n :], 0.2)) for name, n in shapes.items()
    }
    time = np.datetime64(start, "ns") + np.arange(n_days) * np.timedelta64(1, "D")
    return xr.Dataset(
        {name: (("depth", "time")[2 - n :], values[name]) for name, n in shapes.items()},
        {"depth": list(DEPTHS), "time": time, "site": "made", "latitude": 1.0},
    )


@pytest.fixture
def records(monkeypatch):
    """Records by name; what the functions then read."""
    found: dict[str, xr.Dataset] = {}
    monkeypatch.setattr(sources, "load_site", lambda name, *more: found[name])
    return found


def test_all_thirty_sites_are_there_with_positions_corrected():
    found = site_statistics.sites()
    assert found.sizes["site"] == 30
    assert found["site"].values.tolist() == published.sites()["site"].tolist()
    counts = {name: int((found["network"] == name).sum()) for name in ("USCRN", "SCAN", "ISMN")}
    assert counts == {"USCRN": 16, "SCAN": 12, "ISMN": 2}
    printed = published.sites().set_index("site").loc[CAPE]
    for name in ("latitude", "longitude", "sand", "silt", "clay", "land_cover"):
        assert found[name].sel(site=CAPE).item() == printed[name]
    assert found["network"].sel(site=CAPE) == "USCRN"
    assert found["network"].sel(site=BETHLEHEM) == "SCAN"
    monahans = found.sel(site="Monahans-6-ENE")
    assert monahans["longitude"] == -102.81 and "minus sign" in str(monahans["note"].item())
    split = published.splits().set_index("site").loc["Monahans-6-ENE"]
    assert (monahans["start"], monahans["end"]) == (split["training_start"], split["test_end"])
    texture = found[["sand", "silt", "clay"]].to_array().sum("variable")
    assert ((texture > 90) & (texture < 110)).all()


def test_statistics_of_the_weather_stand_beside_those_of_the_table(records):
    rain = np.array([0, 0, 0, 1, np.nan, 1, 2, 2, 4, 8.0])
    records[CAPE] = record(precipitation=rain, air_temperature=np.tile([-1.0, 1.0], 5))
    records["Weslaco"] = record()
    table = appendix_d_sites.record_statistics((CAPE, "Weslaco"), "twin")
    assert table["site"].tolist() == [CAPE, CAPE, "Weslaco", "Weslaco"]
    assert table["variable"].tolist() == ["P", "TA"] * 2
    assert table["units"].tolist() == ["mm d-1", "degC"] * 2
    own = table.loc[0, ["min", "max", "mean", "std", "days"]].tolist()
    assert own == pytest.approx([0, 8, 2, np.sqrt(54 / 8), 9])
    assert table.loc[1, ["min", "max", "mean", "days"]].tolist() == [-1, 1, 0, 10]
    printed = published.weather().set_index(["site", "variable"])
    for _, row in table.iterrows():
        for name in ("min", "max", "mean", "std"):
            assert row[f"{name}_published"] == printed.loc[(row["site"], row["variable"]), name]


def test_a_record_is_split_after_six_and_eight_tenths(records):
    records[CAPE] = record(11)
    (row,) = appendix_d_sites.splits((CAPE,), "twin").to_dict("records")
    days = [row[name].day for name in ("start", "validation_start", "test_start", "end")]
    assert days == [1, 7, 9, 11]
    printed = published.splits().set_index("site").loc[CAPE]
    assert row["start_published"] == printed["training_start"]
    assert row["validation_start_published"] == printed["validation_start"]
    assert row["test_start_published"] == printed["test_start"]
    assert row["end_published"] == printed["test_end"]


def test_series_are_means_of_the_same_weeks_at_every_site(records):
    """Weeks are counted from 1 January 1970, a Thursday; 2011-01-06 starts one."""
    week = np.repeat([0.1, 0.3], [3, 7])
    records[CAPE] = record(10, "2011-01-03", sm=np.stack([week, np.arange(10.0)]))
    records["Weslaco"] = record(7, "2011-01-08", sm=np.full((2, 7), 0.4))
    found = appendix_d_sites.series((CAPE, "Weslaco"), "twin")["sm"]
    starts = ["2010-12-30", "2011-01-06", "2011-01-13"]
    assert found["time"].dt.strftime("%Y-%m-%d").values.tolist() == starts
    early = found.sel(site=CAPE).transpose("depth", "time").values
    np.testing.assert_allclose(early, [[0.1, 0.3, np.nan], [1, 6, np.nan]])
    late = found.sel(site="Weslaco", depth=0.05).values
    np.testing.assert_allclose(late, [np.nan, 0.4, 0.4])


def test_correlations_are_those_of_each_site_and_depth(records):
    up, zigzag = np.arange(10.0), np.tile([-1.0, 1.0], 5)
    records[CAPE] = record(
        precipitation=up, air_temperature=-3 * up + 1, soil_temperature=np.stack([zigzag, up]),
        sm=np.stack([2 * up, -up]),
    )  # fmt: skip
    records["Weslaco"] = record(
        precipitation=up, air_temperature=up, soil_temperature=np.stack([up, up]),
        sm=np.stack([up, up]),
    )  # fmt: skip
    found = site_statistics.correlations(("Weslaco", CAPE), (1.0, 0.05), "twin")["r"]
    assert found["variable"].values.tolist() == found["other"].values.tolist()
    assert found["variable"].values.tolist() == ["P", "AT", "ST", "SM"]
    assert found["site"].values.tolist() == ["Weslaco", CAPE]
    top, deep = (found.sel(site=CAPE, depth=depth) for depth in DEPTHS)
    assert float(top.sel(variable="P", other="SM")) == pytest.approx(1)
    assert float(deep.sel(variable="P", other="SM")) == pytest.approx(-1)
    assert float(deep.sel(variable="AT", other="SM")) == pytest.approx(1)
    # Sum of products 5, sums of squares 82.5 and 10.
    zigzagged = float(top.sel(variable="ST", other="P"))
    assert zigzagged == pytest.approx(5 / np.sqrt(82.5 * 10))
    np.testing.assert_allclose(found.sel(site="Weslaco"), 1)


def test_autocorrelation_is_that_of_days_a_lag_apart_and_leaves_gaps_out(records):
    zigzag = np.tile([1.0, -1.0], 10)
    zigzag[[3, 8]] = np.nan
    records[CAPE] = record(20, sm=np.stack([zigzag, np.arange(20.0)]))
    found = site_statistics.autocorrelation(CAPE, "twin", lags=3)["r"]
    assert found["lag"].values.tolist() == [0, 1, 2, 3]
    assert found["depth"].values.tolist() == list(DEPTHS)
    np.testing.assert_allclose(found, [[1, -1, 1, -1], [1, 1, 1, 1]], atol=1e-9)
    assert site_statistics.autocorrelation(CAPE, "twin")["lag"].values[-1] == 20


def matrices(first: tuple, second: tuple, other: str = BETHLEHEM) -> xr.Dataset:
    """Correlation of LR with SM at two depths of two sites; all else correlates perfectly."""
    r = np.ones((2, 2, 3, 3))
    r[:, :, 0, 2] = [first, second]
    names = ["LR", "SR", "SM"]
    return xr.Dataset(
        {"r": (("site", "depth", "variable", "other"), r)},
        {"site": [CAPE, other], "depth": list(DEPTHS), "variable": names, "other": names},
    )


def curves(*rows, spread=0.001) -> xr.Dataset:
    """Autocorrelation by lag from 0, a row a depth; in eight years around it."""
    depths = [0.05, 0.1, 0.2, 0.5, 1.0][: len(rows)]
    rows, lags = np.array(rows), np.arange(len(rows[0]))
    years = rows + spread * np.random.default_rng(0).normal(size=(8, *rows.shape))
    return xr.Dataset(
        {"r": (("depth", "lag"), rows), "r_of_years": (("year", "depth", "lag"), years)},
        {"depth": depths, "lag": lags},
    )


FALLING = np.linspace(1, 0, 11)
DEEPER = np.linspace(1, 0.5, 11)


def judged(between=None, over_lags=None, data="twin") -> pd.DataFrame:
    """The claims; what is not given is as claimed."""
    between = matrices((0.5, 0.5), (0.1, 0.1)) if between is None else between
    over_lags = curves(FALLING, DEEPER) if over_lags is None else over_lags
    return site_statistics.claims(between, over_lags, data)


HOLDS, FAILS = "holds on the twin", "does not hold on the twin"


@pytest.mark.parametrize(
    ("first", "second", "difference", "verdict"),
    [
        ((0.5, 0.5), (0.1, 0.1), 0.4, HOLDS),
        ((-0.5, -0.5), (0.1, 0.1), 0.4, HOLDS),
        ((0.3, 0.7), (-0.2, 0.0), 0.4, HOLDS),
        ((0.5, -0.5), (0.1, 0.1), 0.4, HOLDS),  # the mean of |r|, not |mean r|
        ((0.5, 0.5), (0.2, 0.4), 0.2, "cannot tell"),
        ((0.1, 0.1), (0.2, 0.2), -0.1, FAILS),
        ((0.1, 0.1), (-0.5, -0.5), -0.4, FAILS),
    ],
)
def test_longwave_should_go_with_moisture_clearly_more_at_the_first_site(
    first, second, difference, verdict
):
    row = judged(matrices(first, second)).iloc[0]
    assert row["reproduced"] == pytest.approx(difference)
    assert row["verdict"] == verdict
    assert CAPE in row["why"] and BETHLEHEM in row["why"] and "stands in" not in row["why"]


def test_another_site_or_an_estimated_longwave_is_no_test():
    row = judged(matrices((0.5, 0.5), (0.1, 0.1), "Weslaco"), data="observed").iloc[0]
    assert row["verdict"] == "not testable" and "Weslaco stands in" in row["why"]
    assert "long-wave is estimated" in row["why"]
    assert judged(data="observed").iloc[0]["verdict"] == "not testable"


def test_autocorrelation_should_fall_at_every_lag_and_depth():
    whole = judged(data="observed").iloc[1]
    assert whole["verdict"] == "reproduced" and "20 of 20" in whole["why"]
    rising = DEEPER.copy()
    rising[5] = rising[4] + 0.05
    nearly = judged(over_lags=curves(FALLING, rising), data="observed").iloc[1]
    assert nearly["verdict"] == "not" and "19 of 20" in nearly["why"]
    unsure = judged(over_lags=curves(FALLING, DEEPER, spread=1.0), data="observed").iloc[1]
    assert unsure["verdict"] in ("cannot tell", "partly")
    assert judged(over_lags=curves(FALLING, DEEPER[::-1])).iloc[1]["verdict"] == FAILS


def test_autocorrelation_should_be_least_in_the_top_layer_at_four_days():
    row = judged(over_lags=curves(FALLING, DEEPER, (DEEPER + FALLING) / 2)).iloc[2]
    assert row["verdict"] == HOLDS and row["reproduced"] == pytest.approx(0.1)
    low = DEEPER.copy()
    low[4] = FALLING[4] - 0.01  # at this lag alone, at one depth alone
    row = judged(over_lags=curves(FALLING, DEEPER, low)).iloc[2]
    assert row["verdict"] == FAILS and row["reproduced"] == pytest.approx(-0.01)
    assert judged(over_lags=curves(FALLING, FALLING)).iloc[2]["verdict"] == "cannot tell"


def test_the_claims_of_the_section_stand_in_its_words_without_a_printed_number():
    table = judged()
    assert [text.split(":")[0] for text in table["claim"]] == ["2.1-1", "2.1-2", "2.1-3"]
    assert "falls fastest in the top layer" in table["claim"][2]
    assert table["published"].isnull().all() and (table["not_if"] != "").all()


def weather(ratios, differences) -> pd.DataFrame:
    """Means as many times (P) or as much above (TA) those of the table; deviations as printed."""
    rows = [
        {"variable": "P", "mean": 3 * ratio, "mean_published": 3.0, "std": 2, "std_published": 2}
        for ratio in ratios
    ]
    rows += [
        {"variable": "TA", "mean": 3 + more, "mean_published": 3.0, "std": 2, "std_published": 2}
        for more in differences
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((1.0, 1.09, 0.91), "reproduced"),
        ((1.0, 1.105, 0.92), "partly"),
        ((1.0, 0.88), "partly"),
        ((1.0, 1.12, 0.88), "partly"),
        ((1.4, 0.6), "not"),
    ],
)
def test_precipitation_is_met_within_a_tenth(ratios, verdict):
    table = appendix_d_sites.weather_claims(weather(ratios, (0.0,))).set_index("claim")
    row = table.loc["Table D2: mean of P"]
    assert row["verdict"] == verdict and row["published"] == 1
    assert row["reproduced"] == pytest.approx(np.median(ratios))
    assert (row["low"], row["high"]) == pytest.approx((min(ratios), max(ratios)))
    assert f"of {len(ratios)} sites within 0.1" in row["why"]
    assert table.loc["Table D2: std of P", "verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [((0.4, -0.4, 0.0), "reproduced"), ((0.4, 0.6), "partly"), ((0.6, -0.6), "not")],
)
def test_air_temperature_is_met_within_half_a_degree(differences, verdict):
    table = appendix_d_sites.weather_claims(weather((1.0,), differences)).set_index("claim")
    row = table.loc["Table D2: mean of TA"]
    assert row["verdict"] == verdict and row["published"] == 0
    assert row["reproduced"] == pytest.approx(np.median(differences))
    assert (row["low"], row["high"]) == pytest.approx((min(differences), max(differences)))
    within = np.mean([abs(one) <= 0.5 for one in differences])
    assert f"degC of this run to the table; {within:.0%} of" in row["why"]


def test_on_the_twin_the_table_is_met_by_construction():
    table = appendix_d_sites.weather_claims(weather((1.0,), (0.0,)), "twin")
    assert set(table["verdict"]) == {"by construction"} and table["why"].str.contains("tuned").all()


def test_spread_of_the_weather_is_judged_as_its_mean_is():
    found = weather((1.0, 1.0), (0.0, 0.0)).assign(std=[2.3, 2.3, 2.6, 2.6])
    table = appendix_d_sites.weather_claims(found).set_index("claim")
    verdicts = table["verdict"].to_dict()
    assert [verdicts[f"Table D2: {name}"] for name in ("mean of P", "std of P")] == [
        "reproduced",
        "not",
    ]
    assert table.loc["Table D2: std of P", "reproduced"] == pytest.approx(1.15)
    assert table.loc["Table D2: std of TA", "reproduced"] == pytest.approx(0.6)


def test_sites_are_named_as_the_paper_does_or_all_of_the_track_are_meant():
    assert appendix_d_sites.named_sites(("Cape", "AAMU"), "twin") == (CAPE, "AAMU-jtg")
    assert appendix_d_sites.named_sites((), "twin") == tuple(published.sites()["site"])
    with pytest.raises(ParameterError, match="Atlantis"):
        appendix_d_sites.named_sites(("Atlantis",), "twin")
