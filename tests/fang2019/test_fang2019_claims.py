"""Claims of study 2 on made scores: counts, medians, named sites, slopes, leads; their evidence."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import published
from soilbook.claims import COLUMNS
from soilbook.errors import ParameterError
from soilbook.fang2019 import (
    claims,
    hindcast,
    places,
    runs,
    s3_a_core_sites,
    s3_c_trends,
    s4_conclusions,
    statements,
)
from soilbook.fang2019.statements import Evidence

CORE = [
    "Reynolds Creek", "Carman", "Walnut Gulch", "Little Washita", "Fort Cobb", "Little River",
    "St. Josephs", "South Fork", "TxSON",
]  # fmt: skip
DEEP = ["Little Washita", "Fort Cobb", "Little River", "South Fork", "TxSON"]
PRODUCTS = ["SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "climatology"]
DRAWS = {"n_replicates": 60}
HINDCAST = {"product": "LSTM", "period": "PL", "layer": "surface"}


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
        {name: (dims, np.full(shape, np.nan)) for name in ("ubrmse", "r", "bias")},
        coords=coords,
        attrs={"data": "observed", "kind": kind, "stand_in": "", **attrs},
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
    for name in ("ubrmse", "r", "bias"):
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
    table = published.statements("result", "worded")
    printed = table[table["kind"].isin(["result", "worded"])]["id"].tolist()
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
        assert set(table["verdict"]) <= {"not testable", "note"}
        assert (table["why"].str.len() > 10).all()
        assert section == "III-D" or (table["not_if"] != "").mean() > 0.5


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
    # None is not two, and none of five rules out three.
    assert found.loc["IIIA2-6", ["reproduced", "verdict"]].tolist() == [0, "not"]
    assert found.loc["IIIA2-11", ["reproduced", "verdict"]].tolist() == [0, "not"]
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
    core.attrs["data"] = "twin"
    carman = rows("III-A", core=core).loc["IIIA1-10"]
    assert "(Carman)" in carman["claim"] and "virtual site" in carman["why"]
    assert carman["verdict"] == "note" and np.isnan(carman["published"])
    assert carman["reproduced"] == pytest.approx(0.0712)


def test_stations_that_stand_in_for_core_sites_are_shown_and_not_judged(core):
    core.attrs["stand_in"] = "five stations stand in"
    found = rows("III-A", core=core)
    assert set(found["verdict"]) == {"not testable"}
    assert "no public series of Carman" in found.loc["IIIA1-10", "why"]
    shown = found.loc["IIIA2-4"]
    assert shown["reproduced"] == 9 and np.isnan(shown["published"])
    assert "single probes, not the mean of a pixel" in shown["why"]
    assert rows("III-C", core=core, trends=trends(0.8)).loc["F9-1", "verdict"] == "not testable"


def test_the_twin_is_held_against_no_number_of_the_paper(core, sparse):
    core.attrs["data"] = sparse.attrs["data"] = "twin"
    for section in set(claims.SECTIONS) - {"III-D"}:
        found = rows(section, core=core, sparse=sparse, trends=trends(0.8))
        assert found["published"].isnull().all()
        assert not set(found["verdict"]) & {"exceeded", "reproduced", "partly", "not"}
    found = rows("III-B", sparse=sparse)
    assert found.loc["IIIB-8", "verdict"] == "holds on the twin"
    assert found.loc["IIIB-10", "verdict"] == "does not hold on the twin"
    assert found.loc["IIIB-3", "verdict"] == "not testable"


def test_only_stations_near_their_pixel_are_held_against_smap(sparse):
    sparse["r"].loc[{"product": "SMAP", "place": sparse["place"][:10]}] = 0.5
    far = sparse.assign_coords(distance_km=("place", np.where(np.arange(30) < 10, 60.0, 5.0)))
    row = rows("III-B", sparse=far).loc["IIIB-4"]
    assert "20 places" in row["why"] and row["reproduced"] == pytest.approx(0.01)
    assert "30 places" in rows("III-B", sparse=sparse).loc["IIIB-4", "why"]
    assert "30 places" in rows("III-B", sparse=far).loc["IIIB-8", "why"]  # SMAP has no part in it


def test_stations_and_core_sites_are_drawn_apart(core, sparse, monkeypatch):
    drawn, interval = [], runs.interval

    def look(statistic, values, groups, **draws):
        if np.ndim(values) == 2 and values.shape[1] == 3:  # value, network, group
            drawn.append([set(groups[values[:, 1] == k]) for k in (0, 1)])
        return interval(statistic, values, groups, **draws)

    monkeypatch.setattr(runs, "interval", look)
    rows("III-B", sparse=sparse, core=core)
    assert drawn and not any(stations & sites for stations, sites in drawn)


def test_what_is_too_low_is_as_little_alike_as_what_is_too_high(core):
    core["r"].loc[{"product": "Comb", "period": "AL"}] = 0.75  # that of Noah
    core["r"].loc[{"product": "Comb", "period": "AL", "place": CORE[:3]}] = 0.6
    core["r"].loc[{"product": "Comb", "period": "AL", "place": CORE[3:5]}] = 0.9
    (near,) = (one for one in published.statements().itertuples() if one.id == "IIIA2-5")
    assert statements.holding(near, core, Evidence(DRAWS))[0].tolist() == [False] * 5 + [True] * 4


def test_a_statement_about_the_west_is_about_the_places_inside_its_bounds(sparse):
    (west,) = (one for one in published.statements("worded").itertuples() if one.among == "west")
    south, north, left, right = west.among_bounds
    at = {"latitude": [south - 1, south, north, north + 1], "longitude": [left, right] * 2}
    four = sparse.isel(place=slice(4)).assign_coords({k: ("place", v) for k, v in at.items()})
    assert statements.among(west, four, Evidence(DRAWS)).tolist() == [False, True, True, False]
    beyond = four.assign_coords(longitude=("place", [left, left - 1, right + 1, right]))
    assert not statements.among(west, beyond, Evidence(DRAWS)).any()


def test_a_likeness_is_not_exceeded(sparse):
    sparse["r"].loc[{"product": "SMAP"}] = 0.5
    assert rows("III-B", sparse=sparse).loc["IIIB-4", "verdict"] == "not"


def test_what_the_paper_says_without_a_number_has_a_row_and_a_measure(core, sparse):
    for made, bias in ((core, 0.03), (sparse, 0.02)):
        made["bias"][:] = bias
        made["bias"].loc[{"product": "Comb"}] = 0.01
    pattern = 0.6 + 0.01 * np.arange(30)
    sparse["r"].loc[HINDCAST] = pattern
    sparse["r"].loc[{"product": "SMAP", "period": "AL", "layer": "surface"}] = pattern + 0.1
    sparse["ubrmse"].loc[HINDCAST] = 0.05 + 0.0001 * np.arange(30)
    drying = pd.DataFrame({"LSTM": -0.3 + 0.001 * np.arange(9), "in situ": -0.1})
    tested = xr.DataArray(np.full(9, 0.95), {"place": CORE}, "place")
    found = rows("III-A", core=core, drying=drying, one_year=tested)
    expected = {"IIIA1-24": "reproduced", "IIIA2-16": "reproduced", "IIIA2-17": "reproduced"}
    expected |= {"IIIA3-6": "reproduced", "IIIA3-7": "not testable"}
    assert found["verdict"][list(expected)].to_dict() == expected
    found = rows("III-B", sparse=sparse, core=core)
    expected = {"IIIB-17": "reproduced", "IIIB-19": "reproduced"}
    assert found["verdict"][list(expected)].to_dict() == expected
    turned = sparse.copy(deep=True)
    turned["r"].loc[{"product": "SMAP", "period": "AL", "layer": "surface"}] = pattern[::-1]
    turned["ubrmse"].loc[HINDCAST] = 0.02 + 0.0001 * np.arange(30)
    found = rows("III-B", sparse=turned, core=core)
    assert found["verdict"][list(expected)].unique().tolist() == ["not"]
    slow = drying.assign(LSTM=-0.05)
    assert rows("III-A", core=core, drying=slow).loc["IIIA3-6", "verdict"] == "not"
    tested = tested * 0 + 0.1
    assert rows("III-A", core=core, one_year=tested).loc["IIIA2-17", "verdict"] == "not"


def test_small_trends_and_the_length_of_records():
    made = trends(0.8)
    p = np.where(np.abs(made["percent"].values) < 0.5, 0.4, 0.01)[None]
    years = np.tile(np.random.default_rng(3).permutation(25) / 5 + 4, (2, 1))
    made = made.assign(p=(("test", "series", "place"), p), years=(("series", "place"), years))
    found = rows("III-C", trends=made)
    assert found.loc["IIIC-4", ["reproduced", "verdict"]].tolist() == [1.0, "reproduced"]
    plain = xr.concat([made["p"] * 0 + 0.01, made["p"]], "test").drop_vars("test", errors="ignore")
    both = made.drop_vars("p").assign(p=plain.transpose("test", ...))  # the modified test is last
    assert rows("III-C", trends=both).loc["IIIC-4", "reproduced"] == 1.0
    sure = made.assign(p=made["p"] * 0 + 0.01)
    assert rows("III-C", trends=sure).loc["IIIC-4", "verdict"] == "not"
    error = np.abs(np.subtract(*made["percent"].values))
    grown = made.assign(years=(("series", "place"), np.tile(error, (2, 1))))
    assert rows("III-C", trends=grown).loc["IIIC-5", "verdict"] == "not"
    assert abs(found.loc["IIIC-5", "reproduced"]) < 0.5


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
    core.attrs["data"] = "twin"
    found = rows("III-A", core=core.sel(place=["Walnut Gulch"]), core_result=result)
    for key, value in (("IIIA1-7", 0.028), ("IIIA1-8", 0.035)):
        row = found.loc[key]
        assert row["low"] < value < row["high"] and row["high"] - row["low"] < 0.01
        assert "blocks of days" in row["why"]


def test_medians_over_the_network(sparse):
    found = rows("III-B", sparse=sparse)
    assert found.loc["IIIB-1", ["published", "verdict"]].tolist() == [0.05, "reproduced"]
    assert found.loc["IIIB-2", "reproduced"] == pytest.approx(0.049)
    assert found.loc["IIIB-3", ["published", "verdict"]].tolist() == [0.72, "reproduced"]
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
    assert row["verdict"] == "cannot tell" and "below 0.01" in row["not_if"]


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
    assert found["verdict"] == "reproduced" and "narrow" not in found["why"]
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
    assert small["verdict"] in ("cannot tell", "not")
    assert "at 8 of 8" in small["why"]
    assert found.loc["F9-4", "verdict"] == "note"
    assert (rows("III-C", trends=trends(-0.8)).loc[["F9-2", "F9-3"], "verdict"] == "not").all()
    wide = rows("III-C", trends=trends(0.0)).loc["F9-2"]
    assert wide["verdict"] in ("not", "cannot tell") and "without any one of them" in wide["why"]


def test_a_correlation_must_hold_without_any_one_place():
    made = trends(0.0)
    made["percent"].values[:, 4] = (18.0, 9.0)  # one station carries it all
    row = rows("III-C", trends=made).loc["F9-2"]
    assert row["reproduced"] > 0.9 and row["verdict"] in ("partly", "cannot tell")
    assert float(row["why"].split("at least ")[1][:4].rstrip(",")) < 0.5


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
    assert worse.loc[4, ["reproduced", "verdict"]].tolist() == [0.0, "not"]
    assert worse.loc[4, "why"].startswith("0 of 2 testable claims hold, 1 partly: IIIA2-5 not, ")
    failed = found_of("IIIA2-5: x", "not", "IIIA2-8: x", "not testable")
    assert failed.loc[4, "verdict"] == "not"
    undecided = found_of("IIIA2-5: x", "cannot tell", "IIIA2-8: x", "not testable")
    assert undecided.loc[4, "verdict"] == "cannot tell"
    half = found_of("IIIA2-5: x", "not", "IIIA2-8: x", "reproduced")
    assert half.loc[4, ["reproduced", "verdict"]].tolist() == [0.5, "partly"]
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


def test_of_several_references_the_nearest_is_shown_and_quartiles_are_upper(sparse):
    sparse["r"].loc[{"product": "LSTM", "period": "PL"}] = 0.8
    sparse["r"].loc[{"product": "LSTM", "period": "PL", "place": sparse["place"][:20]}] = 0.6
    found = rows("III-B", sparse=sparse)
    assert "differences from SMAP, 30 places" in found.loc["IIIB-7", "why"]
    assert found.loc["IIIB-5", ["reproduced", "verdict"]].tolist() == [
        pytest.approx(0.03),
        "cannot tell",
    ]


def test_the_better_of_two_products_counts_where_smap_leads(core):
    assert rows("III-A", core=core).loc["F3-3", "verdict"] == "not testable"
    core["r"].loc[{"product": "SMAP", "place": CORE[:4]}] = 0.9
    found = rows("III-A", core=core).loc["F3-3"]
    assert found["reproduced"] == pytest.approx(0.05) and "4 places" in found["why"]


def test_p_is_corrected_over_the_products_of_each_layer_and_period():
    """Eight places that agree have p = 2**-7: times four products it is 0.031, and four layers and
    periods besides would have made 0.125 of it."""
    made = scores([f"p{k}" for k in range(8)], "core", {})
    random = np.random.default_rng(0)
    names = ["Comb", "LSTM", "Noah+VIC", "VIC"]
    for layer in made["layer"].values:
        for period in made["period"].values:
            at = {"layer": layer, "period": period}
            for name in (*names, "Noah"):
                level = 0.7 if name == "Noah" else 0.8
                made["r"].loc[at | {"product": name}] = level + 0.01 * random.random(8)
    table = claims.paired(made, "r", names, "Noah", **DRAWS)
    assert len(table) == 16 and np.allclose(table["p"], 2**-7)
    assert np.allclose(table["p_corrected"], 4 * 2**-7)
    assert (table["verdict"] == "better").all()
    one = claims.paired(made, "r", "Comb", "Noah", **DRAWS)
    assert np.allclose(one["p_corrected"], 2**-7)  # a single product: nothing to correct for
    of_seven = claims.paired(made.isel(place=slice(7)), "r", names, "Noah", **DRAWS)
    assert (of_seven["verdict"] == "not testable").all()
    assert of_seven["reason"].str.startswith("n too small").all()


WAITING = r"not been run|not been computed|not computed in|in this run"


def test_with_all_evidence_no_claim_waits_for_another_chapter(core, sparse):
    """And each piece of it is one that some claim waits for."""
    p, years = np.full((1, 2, 25), 0.4), np.tile(np.arange(25.0), (2, 1))
    evidence = {
        "core": core,
        "sparse": sparse,
        "trends": trends(0.8).assign(p=(("test", "series", "place"), p)),
        "one_year": xr.DataArray(np.full(9, 0.95), {"place": CORE}, "place"),
        "drying": pd.DataFrame({"LSTM": -0.3 + 0.001 * np.arange(9), "in situ": -0.1}),
    }
    evidence["trends"]["years"] = ("series", "place"), years

    def waiting(**given) -> set[str]:
        table = pd.concat(claims.verdicts(name, **DRAWS, **given) for name in claims.SECTIONS)
        return set(table["claim"][table["why"].str.contains(WAITING)])

    assert waiting(**evidence) == set()
    for name in evidence:
        assert waiting(**{key: one for key, one in evidence.items() if key != name}), name


def test_both_networks_are_run_and_named(monkeypatch):
    asked = []

    def run(settings):
        asked.append(settings)
        return settings.kind

    monkeypatch.setattr(hindcast, "run", run)
    monkeypatch.setattr(hindcast, "scores", lambda result: f"scores of {result}")
    monkeypatch.setattr(
        s3_a_core_sites, "one_year", lambda result, settings: {"r": (result, settings.kind)}
    )
    monkeypatch.setattr(s3_c_trends, "readings", lambda result, seed: seed)
    monkeypatch.setattr(s3_c_trends, "series", lambda result, insitu: (result, insitu))
    monkeypatch.setattr(s3_c_trends, "slopes", lambda moisture: moisture)
    monkeypatch.setattr(s3_c_trends, "together", lambda *parts: parts)
    monkeypatch.setattr(places, "insitu", lambda *asked: {"precipitation": asked})
    monkeypatch.setattr(s3_a_core_sites, "drying", lambda *given: given)
    found = s4_conclusions.evidence(hindcast.Hindcast(profile="smoke", seed=3))
    assert [(one.kind, one.seed) for one in asked] == [("core", 3), ("sparse", 3)]
    assert found["sparse"] == "scores of sparse" and found["core_result"] == "core"
    assert found["one_year"] == ("core", "core")
    assert found["trends"] == (("core", 3), ("sparse", 3))
    assert found["drying"] == ("core", ("twin", "core", 3))
    assert (found["n_replicates"], found["seed"]) == (100, 3)
    wanted = {one.name for one in fields(Evidence)} - {"draws"} | {"n_replicates", "seed"}
    assert set(found) == wanted  # or a claim that rests on it is not judged in the last chapter
