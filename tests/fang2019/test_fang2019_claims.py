"""Claims of study 2 on made scores: counts, medians, named sites, slopes, leads."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import published
from soilbook.claims import COLUMNS
from soilbook.errors import ParameterError
from soilbook.fang2019 import claims
from soilbook.fang2019 import runs as place_draws

CORE = [
    "Reynolds Creek", "Carman", "Walnut Gulch", "Little Washita", "Fort Cobb", "Little River",
    "St. Josephs", "South Fork", "TxSON",
]  # fmt: skip
DEEP = ["Little Washita", "Fort Cobb", "Little River", "South Fork", "TxSON"]
PRODUCTS = ["SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "climatology"]
DRAWS = {"n_replicates": 60}


def scores(places, kind, levels, **attrs) -> xr.Dataset:
    """Scores that are the same at all places: ``levels`` {(metric, product, period): value}."""
    dims = ("product", "layer", "place", "period")
    shape = (len(PRODUCTS), 2, len(places), 2)
    coords = {
        "product": PRODUCTS,
        "layer": ["surface", "rootzone"],
        "place": list(places),
        "period": ["PL", "AL"],
        "latitude": ("place", np.linspace(30, 48, len(places))),
        "longitude": ("place", np.linspace(-120, -70, len(places))),
    }
    made = xr.Dataset(
        {name: (dims, np.full(shape, np.nan)) for name in ("ubrmse", "r")},
        coords=coords,
        attrs={"data": "twin", "kind": kind, "stand_in": "", **attrs},
    )
    for (metric, product, period), value in levels.items():
        made[metric].loc[{"product": product, "period": period}] = value
    return made


@pytest.fixture
def core():
    """Nine sites like the paper's: SMAP 0.035, LSTM 0.036 and then 0.039, Comb above Noah."""
    made = scores(
        CORE,
        "core",
        {
            ("ubrmse", "SMAP", "AL"): 0.035,
            ("ubrmse", "LSTM", "AL"): 0.036,
            ("ubrmse", "LSTM", "PL"): 0.039,
            ("r", "SMAP", "AL"): 0.7,
            ("r", "LSTM", "AL"): 0.72,
            ("r", "LSTM", "PL"): 0.7,
            ("r", "Noah", "AL"): 0.75,
            ("r", "Noah", "PL"): 0.75,
            ("r", "Comb", "AL"): 0.8,
            ("r", "Comb", "PL"): 0.8,
            ("r", "Noah+VIC", "AL"): 0.74,
            ("r", "Noah+VIC", "PL"): 0.74,
        },
    )
    shallow = [name for name in CORE if name not in DEEP]
    for name in ("ubrmse", "r"):
        made[name].loc[{"layer": "rootzone", "place": shallow}] = np.nan
    return made


@pytest.fixture
def sparse():
    levels = {("ubrmse", "SMAP", "AL"): 0.051, ("r", "SMAP", "AL"): 0.74}
    for period in ("PL", "AL"):
        levels |= {
            ("ubrmse", "LSTM", period): 0.049,
            ("r", "LSTM", period): 0.75 if period == "PL" else 0.77,
            ("r", "Noah", period): 0.78,
            ("r", "Comb", period): 0.80,
        }
    return scores([f"station {k}" for k in range(30)], "sparse", levels)


def rows(section, **evidence) -> pd.DataFrame:
    table = claims.verdicts(section, **DRAWS, **evidence)
    assert list(table.columns) == COLUMNS
    return table.set_index(table["claim"].str.partition(":")[0])


def test_every_printed_result_has_a_row_and_one_only():
    table = published.statements()
    printed = table[(table["kind"] == "result")]["id"].tolist()
    found = [
        claim.partition(":")[0]
        for section in claims.SECTIONS
        for claim in claims.verdicts(section)["claim"]
    ]
    assert sorted(found) == sorted(printed)


def test_numbers_are_numbers_also_where_there_is_no_claim():
    for section in claims.SECTIONS:
        table = claims.verdicts(section)
        numbers = table[["published", "reproduced", "low", "high"]]
        assert numbers.equals(numbers.select_dtypes(float))


def test_nothing_run_is_nothing_tested_and_says_so():
    for section in claims.SECTIONS:
        table = claims.verdicts(section)
        assert (table["verdict"] == "not testable").all()
        assert (table["why"].str.len() > 10).all()


def test_known_counts_at_the_core_sites(core):
    core["ubrmse"].loc[{"product": "SMAP", "place": CORE[:4]}] = 0.05  # five sites are left
    core["r"].loc[{"product": "Comb", "layer": "surface", "place": CORE[:3]}] = 0.73
    core["r"].loc[{"product": "Noah+VIC", "layer": "surface", "place": CORE[:3]}] = 0.9
    found = rows("III-A", core=core)
    smap = found.loc["IIIA1-1"]
    assert (smap["published"], smap["reproduced"], smap["verdict"]) == (5, 5, "reproduced")
    assert smap["low"] < 5 < smap["high"]
    assert found.loc["IIIA1-2", "reproduced"] == 5
    assert "5 of 5 sites where SMAP is that close" in found.loc["IIIA1-2", "why"]
    assert (found.loc["IIIA2-4", "reproduced"], found.loc["IIIA2-4", "verdict"]) == (
        6,
        "reproduced",
    )
    # The three others are near Noah: 0.73 against 0.75.
    assert found.loc["IIIA2-5", ["reproduced", "verdict"]].tolist() == [3, "reproduced"]
    assert "3 of 3 sites where Comb is not above Noah" in found.loc["IIIA2-5", "why"]
    assert found.loc["IIIA2-12", ["reproduced", "verdict"]].tolist() == [5, "reproduced"]
    assert found.loc["IIIA2-14", ["reproduced", "verdict"]].tolist() == [6, "reproduced"]
    assert found.loc["IIIA1-18", ["reproduced", "verdict"]].tolist() == [0, "reproduced"]


def test_more_sites_than_printed_exceed_and_fewer_fail(core):
    found = rows("III-A", core=core)
    assert found.loc["IIIA2-4", ["reproduced", "verdict"]].tolist() == [9, "exceeded"]
    assert found.loc["IIIA1-6", ["reproduced", "verdict"]].tolist() == [0, "exceeded"]
    # None of nine does not rule out two of nine; none of five rules out three.
    assert found.loc["IIIA2-6", ["reproduced", "verdict"]].tolist() == [0, "partly"]
    assert found.loc["IIIA2-13", ["reproduced", "verdict"]].tolist() == [0, "not"]
    assert found.loc["IIIA2-5", "verdict"] == "not testable"
    core["ubrmse"].loc[{"product": "LSTM", "period": "PL"}] = 0.05
    found = rows("III-A", core=core)
    assert found.loc["IIIA1-18", ["reproduced", "verdict"]].tolist() == [9, "not"]
    assert found.loc["IIIA1-3", "verdict"] == "not"


def test_a_count_is_scaled_to_the_printed_number_of_sites(core):
    core["r"].loc[{"place": CORE[:3]}] = np.nan
    found = rows("III-A", core=core)
    assert found.loc["IIIA2-4", "reproduced"] == 9
    assert found.loc["IIIA2-4", "why"].startswith("6 of 6 sites, published 6 of 9")


def test_named_sites_are_shown_on_the_twin_and_judged_on_no_track(core):
    core["ubrmse"].loc[{"product": "LSTM", "place": "Carman", "period": "PL"}] = 0.0712
    carman = rows("III-A", core=core).loc["IIIA1-10"]
    assert "(Carman)" in carman["claim"] and "virtual site" in carman["why"]
    assert (carman["published"], carman["verdict"]) == (0.069, "not testable")
    assert carman["reproduced"] == pytest.approx(0.0712)
    core.attrs |= {"data": "observed", "stand_in": "five stations stand in"}
    found = rows("III-A", core=core)
    assert found.loc["IIIA1-10", "verdict"] == "not testable"
    assert np.isnan(found.loc["IIIA1-10", "reproduced"])
    assert "no public series of Carman" in found.loc["IIIA1-10", "why"]
    assert found.loc["IIIA2-4", "why"].endswith("stand in for the core sites")


def test_a_named_site_has_an_interval_over_blocks_of_days(core):
    days = pd.date_range("2010-01-01", "2017-03-31")
    random = np.random.default_rng(0)
    truth = 0.2 + 0.05 * np.sin(np.arange(days.size) / 58) + 0.01 * random.normal(size=days.size)
    error = np.where(days < "2015-04-01", 0.035, 0.028) * random.normal(size=days.size)
    result = xr.Dataset(
        {
            "sm": (("product", "layer", "place", "time"), (truth + error)[None, None, None]),
            "insitu": (("layer", "place", "time"), truth[None, None]),
        },
        coords={
            "product": ["LSTM"], "layer": ["surface"], "place": ["Walnut Gulch"], "time": days,
            "period": ("time", np.where(days < "2015-04-01", "PL", "AL")),
        },
    )  # fmt: skip
    for period, value in (("PL", 0.035), ("AL", 0.028)):
        core["ubrmse"].loc[{"product": "LSTM", "place": "Walnut Gulch", "period": period}] = value
    found = rows("III-A", core=core.sel(place=["Walnut Gulch"]), core_result=result)
    for key, value in (("IIIA1-7", 0.028), ("IIIA1-8", 0.035)):
        row = found.loc[key]
        assert row["low"] < value < row["high"] and row["high"] - row["low"] < 0.01
        assert "blocks of days" in row["why"]


def test_medians_over_the_network(sparse):
    found = rows("III-B", sparse=sparse)
    assert found.loc["IIIB-1", ["published", "verdict"]].tolist() == [0.05, "reproduced"]
    assert found.loc["IIIB-2", "reproduced"] == pytest.approx(0.049)
    assert found.loc["IIIB-3", ["published", "verdict"]].tolist() == [0.72, "exceeded"]
    assert found.loc["IIIB-4", ["reproduced", "verdict"]].tolist() == [
        pytest.approx(0.01),
        "reproduced",
    ]
    assert found.loc["IIIB-5", ["reproduced", "verdict"]].tolist() == [
        pytest.approx(-0.02),
        "reproduced",
    ]
    # Noah beats LSTM by 0.03 after launch, 0.01 on the mean of both periods, and SMAP by 0.04.
    assert found.loc["IIIB-7", "reproduced"] == pytest.approx(0.02)
    assert found.loc["IIIB-8", "verdict"] == "reproduced"
    assert found.loc["IIIB-10", ["reproduced", "verdict"]].tolist() == [
        pytest.approx(-0.02),
        "not",
    ]
    assert found.loc["IIIB-16", "verdict"] == "not"
    sparse["r"].loc[{"product": "LSTM", "period": "PL", "place": "station 29"}] = 0.3
    found = rows("III-B", sparse=sparse)
    assert found.loc["IIIB-16", ["reproduced", "verdict"]].tolist() == [0.3, "reproduced"]


def test_a_difference_that_its_interval_does_not_part_from_zero_is_partly(sparse):
    noise = np.random.default_rng(1).normal(size=sparse.sizes["place"])
    sparse["r"].loc[{"product": "Comb", "layer": "surface", "period": "PL"}] = 0.781 + 0.05 * (
        noise - np.median(noise)
    )
    row = rows("III-B", sparse=sparse).loc["IIIB-9"]
    assert row["reproduced"] == pytest.approx(0.001)
    assert row["low"] < 0 < row["high"]
    assert row["verdict"] == "partly"


def test_the_one_year_test_is_counted_where_it_is_given(core):
    tested = xr.DataArray(np.full(9, 0.78), {"place": CORE}, "place")
    tested[:3] = 0.71
    found = rows("III-A", core=core, one_year=tested)
    assert found.loc["IIIA2-15", ["reproduced", "verdict"]].tolist() == [6, "reproduced"]


def test_growth_of_the_error_where_smap_is_far(core):
    assert rows("IV", core=core).loc["IV-3", "verdict"] == "not testable"
    core["ubrmse"].loc[{"product": "SMAP", "place": CORE[:4]}] = 0.06
    core["ubrmse"].loc[{"product": "LSTM", "period": "PL", "place": CORE[:4]}] = 0.046
    found = rows("IV", core=core).loc["IV-3"]
    assert found["reproduced"] == pytest.approx(0.01)
    assert found["verdict"] == "reproduced"
    assert "4 places with SMAP beyond 0.04" in found["why"]


def trends(share: float) -> xr.Dataset:
    """Slopes of 5 core and 20 sparse places, of which LSTM has the part ``share``."""
    truth = np.linspace(-1.6, 1.4, 25)
    noise = 0.05 * np.random.default_rng(0).normal(size=25)
    percent = np.stack([truth, share * truth + noise])
    return xr.Dataset(
        {"percent": (("series", "place"), percent)},
        coords={
            "series": ["in situ", "LSTM"],
            "place": [f"place {k}" for k in range(25)],
            "kind": ("place", ["core", *4 * ["sparse"]] * 5),
            "latitude": ("place", np.linspace(30, 48, 25)),
            "longitude": ("place", np.linspace(-120, -70, 25)),
        },
    )


def test_correlations_of_slopes():
    found = rows("III-C", trends=trends(0.8))
    for key, printed in (("F9-1", 0.89), ("F9-2", 0.53), ("F9-3", 0.82), ("IIIC-3", 0.88)):
        row = found.loc[key]
        assert row["published"] == printed
        assert row["reproduced"] > 0.95
        assert row["verdict"] == "exceeded"
    small = found.loc["IIIC-2"]
    assert small["reproduced"] == pytest.approx(8 / 25)
    assert small["verdict"] in ("partly", "not")
    assert "at 8 of 8" in small["why"]
    assert found.loc["F9-4", "verdict"] == "not testable"
    assert (rows("III-C", trends=trends(0.0)).loc[["F9-2", "F9-3"], "verdict"] == "not").all()


def test_conclusions_follow_from_their_claims(core, sparse):
    parts = [
        claims.verdicts(section, core=core, sparse=sparse, **DRAWS) for section in claims.SECTIONS
    ]
    found = claims.conclusions(pd.concat(parts))
    assert list(found.columns) == COLUMNS
    assert found["claim"].str.startswith("IV, conclusion").all()
    better = found.iloc[3]
    assert (better["reproduced"], better["verdict"]) == (1.0, "reproduced")
    assert found.iloc[1]["verdict"] == "not testable"  # no trends
    worse = found_of("IIIA2-5: x", "not", "IIIA2-8: x", "partly")
    assert worse.loc[4, ["reproduced", "verdict"]].tolist() == [0.0, "partly"]
    assert worse.loc[4, "why"].startswith("0 of 2 testable claims hold, 1 partly: IIIA2-5 not, ")
    failed = found_of("IIIA2-5: x", "not", "IIIA2-8: x", "not testable")
    assert failed.loc[4, "verdict"] == "not"
    held = found_of("IIIA2-5: x", "exceeded", "IIIA2-8: x", "reproduced")
    assert held.loc[4, ["reproduced", "verdict"]].tolist() == [1.0, "reproduced"]


def found_of(first, verdict, second, other) -> pd.DataFrame:
    judged = pd.DataFrame({"claim": [first, second], "verdict": [verdict, other]})
    return claims.conclusions(judged)


def test_verdicts_are_counted_by_section_and_run(core, sparse):
    sections = {
        "III-A": claims.verdicts("III-A", core=core, **DRAWS),
        "III-B": claims.verdicts("III-B", **DRAWS),
    }
    table = claims.count(sections)
    assert table.loc["III-B", ("this run", "not testable")] == len(sections["III-B"])
    assert table.loc["III-A"].sum() == len(sections["III-A"])
    table = claims.count(sections, sections["III-A"].iloc[:4])
    assert table["observed reference"].sum(axis=1).tolist() == [4, 0]


def test_unknown_section_is_refused():
    with pytest.raises(ParameterError, match="unknown section 'V'; allowed: III-A"):
        claims.verdicts("V")


def forecast(gain=-0.01, loss=-0.006):
    """Differences of RMSE at two leads, with intervals of 0.002 on either side."""
    made = xr.Dataset(
        coords={"predictor": ["forecast", "forecast, usual weather", "hindcast"], "lead": [1, 7]}
    )
    values = np.array([[0, 0], [loss / 4, loss], [gain, gain / 2]])
    for part, shift in (("", 0), ("_low", -0.002), ("_high", 0.002)):
        made[f"difference_rmse{part}"] = ("predictor", "lead"), values + shift
    made["median_rmse"] = ("predictor", "lead"), np.full((3, 2), 0.03)
    return made


def fused(*verdicts, difference=-0.001):
    n = len(verdicts)
    return pd.DataFrame(
        {
            "scheme": [f"scheme {k}" for k in range(n)],
            "layer": "surface",
            "difference": np.linspace(difference, difference + 0.002, n),
            "low": -0.002,
            "high": 0.003,
            "n_places": 20,
            "verdict": verdicts,
        }
    )


def winter(value, half=0.002):
    """Differences at nine places, whose mean has an interval of about ``half`` on either side."""
    return xr.DataArray(value + half * np.linspace(-2, 2, 9), dims="place")


def judged(**changes):
    given = {
        "forecast": forecast(),
        "fused": fused("better", "worse"),
        "winter": winter(0.01),
    }
    return claims.of_discussion(**(given | changes))


def test_all_four_expectations_have_a_row_with_the_columns_of_claims():
    frame = judged()
    assert list(frame.columns) == COLUMNS
    assert frame["claim"].str[:7].tolist() == ["III-D a", "III-D b", "III-D c", "III-D d"]
    assert frame["published"].isna().all()
    assert frame["verdict"].tolist() == ["reproduced", "partly", "reproduced", "reproduced"]
    assert ((frame["low"] <= frame["reproduced"]) & (frame["reproduced"] <= frame["high"])).all()


@pytest.mark.parametrize(
    ("changes", "row", "verdict"),
    [
        ({"forecast": forecast(gain=-0.003)}, 0, "partly"),
        ({"forecast": forecast(gain=0.003)}, 0, "not"),
        ({"forecast": forecast(loss=-0.02)}, 1, "reproduced"),
        ({"forecast": forecast(loss=-0.001)}, 1, "not"),
        ({"fused": fused("no difference shown", "worse")}, 2, "partly"),
        ({"fused": fused("no difference shown", difference=0.0001)}, 2, "not"),
        ({"fused": fused("not testable", difference=np.nan)}, 2, "not testable"),
        ({"winter": winter(0.001)}, 3, "partly"),
        ({"winter": winter(-0.001)}, 3, "not"),
        ({"winter": winter(np.nan)}, 3, "not testable"),
    ],
)
def test_each_verdict_has_its_case(changes, row, verdict):
    assert judged(**changes)["verdict"][row] == verdict


def test_the_weakest_lead_is_shown_for_the_worth_of_observations():
    row = judged().iloc[0]
    assert row["reproduced"] == pytest.approx(-0.005) and "lead 7 d" in row["why"]


def test_a_weather_forecast_of_heavy_weight_counts_only_where_the_loss_is_sure():
    row = judged(forecast=forecast(loss=-0.02)).iloc[1]
    assert row["reproduced"] == pytest.approx(0.02) and row["low"] == pytest.approx(0.018)
    assert (
        "above zero beyond the interval at 2 of 2 leads, more than 10% of the RMSE at 2"
        in (row["why"])
    )
    assert row["why"].endswith("shown: lead 7 d, 67%")
    open_at_first = forecast(loss=-0.02)
    open_at_first["difference_rmse_high"][1, 0] = 0.001
    assert judged(forecast=open_at_first)["verdict"][1] == "partly"


def test_an_interval_over_places_covers_the_median_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for k in range(120):
        low, high = place_draws.interval(
            np.median, random.normal(size=41), np.arange(41), n_replicates=120, seed=k
        )
        covered += low <= 0 <= high
    assert 0.88 <= covered / 120 <= 0.99


def test_neighbours_drawn_together_widen_the_interval():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 5)
    values = random.normal(size=20)[groups]
    alone = place_draws.interval(np.mean, values, np.arange(100), n_replicates=500)
    together = place_draws.interval(np.mean, values, groups, n_replicates=500)
    assert together[1] - together[0] > 1.7 * (alone[1] - alone[0])


def test_two_groups_have_no_interval_and_undefined_draws_do_not_count():
    assert np.isnan(place_draws.interval(np.mean, np.ones(6), np.array([0, 0, 0, 1, 1, 1]))).all()
    values = np.array([1.0, 1.0, np.nan, 1.0])
    found = place_draws.interval(np.nanmean, values, np.arange(4), n_replicates=50)
    assert found == (1.0, 1.0)


def test_stations_far_apart_are_no_neighbours():
    latitude = np.array([40.0, 40.01, 40.0, 30.0])
    longitude = np.array([-100.0, -100.01, -80.0, -100.0])
    coords = {"latitude": ("place", latitude), "longitude": ("place", longitude)}
    groups = place_draws.neighbours(xr.Dataset(coords=coords))
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 3
    core = xr.Dataset(coords=coords, attrs={"kind": "core"})
    assert len(set(place_draws.neighbours(core).tolist())) == 4
