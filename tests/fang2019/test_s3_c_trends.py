"""Slopes of hindcast and in situ: known trends, rules of exclusion, agreement, and Fig 9."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from soilbook.data import network
from soilbook.errors import ParameterError
from soilbook.fang2019 import s3_c_trends as trends
from soilbook.fang2019.s3_c_trends import Rules
from soilbook.twin import continent as twin_smap

DAYS = pd.date_range("2004-01-01", "2013-12-31")
YEARS = np.arange(DAYS.size) / 365.25
PERCENT = {"LSTM": 1.0, "Noah": 0.0, "Comb": 0.5}


def moisture(result, rules=trends.PAPER, **options):
    """Series of a made hindcast, of its own in situ readings."""
    insitu = result["insitu"].sel(layer="rootzone", drop=True)
    return trends.series(result, insitu, rules, **options)


def hindcast(truth, share=PERCENT, kind="sparse", seed=0) -> xr.Dataset:
    """Places whose in situ root zone has the trends ``truth`` (% per year of 0.25 in the middle);
    a product has the part ``share`` of it."""
    random = np.random.default_rng(seed)
    middle = YEARS[DAYS >= "2005-01-01"].mean()
    line = 0.25 * (1 + np.outer(truth, YEARS - middle) / 100)
    rootzone = line + 0.002 * random.normal(size=line.shape)
    modelled = np.stack(
        [
            0.2 + part * (line - 0.25) + 0.002 * random.normal(size=line.shape)
            for part in share.values()
        ]
    )
    n = len(truth)
    nothing = np.full_like(rootzone, np.nan)
    return xr.Dataset(
        {
            "sm": (
                ("product", "layer", "place", "time"),
                np.stack([np.full_like(modelled, np.nan), modelled], axis=1).astype(np.float32),
            ),
            "insitu": (
                ("layer", "place", "time"),
                np.stack([nothing, rootzone]).astype(np.float32),
            ),
        },
        coords={
            "product": list(share),
            "layer": ["surface", "rootzone"],
            "place": [f"{kind} {k}" for k in range(n)],
            "time": DAYS,
            "latitude": ("place", 32 + 1.5 * np.arange(n)),
            "longitude": ("place", -120 + 6.0 * np.arange(n)),
        },
        attrs={"data": "twin", "kind": kind},
    )


@pytest.fixture(scope="module")
def found():
    core = hindcast([-2.0, 0.3, 1.0, 1.4], kind="core", seed=1)
    sparse = hindcast([-1.5, -0.2, 0.1, 0.3, 0.8, 2.0, 2.5], seed=2)
    parts = (trends.slopes(moisture(one)) for one in (core, sparse))
    return trends.together(*parts)


def test_slopes_are_percent_of_each_series_own_mean(found):
    insitu = found["percent"].sel(series="in situ", place="sparse 5")
    assert float(insitu) == pytest.approx(2.0, abs=0.05)
    lstm = found["percent"].sel(series="LSTM", place="sparse 5")
    assert float(lstm) == pytest.approx(2.0 * 0.25 / 0.2, abs=0.05)
    assert found["percent"].attrs["units"] == "% yr-1"
    low, high = (found[f"percent_{end}"].sel(series="in situ") for end in ("low", "high"))
    assert (low < found["percent"].sel(series="in situ")).all()
    assert (found["percent"].sel(series="in situ") < high).all()
    assert (found["p"].sel(series="in situ", place="sparse 6") < 1e-3).all()


def test_a_falling_series_keeps_the_order_of_its_bounds(found):
    falling = found.sel(series="in situ", place="core 0")
    assert falling["percent_low"] < falling["percent"] < falling["percent_high"] < 0


def test_years_before_2005_do_not_count(found):
    assert np.allclose(found["years"], 9, atol=0.01)


def test_agreement_by_group(found):
    table = trends.agreement(found, n_replicates=100).set_index(["group", "product"])
    lstm = table.xs("LSTM", level="product")
    assert lstm["n_places"].to_dict() == {
        "core sites": 4,
        "CRN sites": 7,
        "CRN sites with large trends": 4,
        "core and CRN sites with large trends": 7,
    }
    assert (lstm["r"] > 0.99).all()
    assert (lstm["r_low"] <= lstm["r"]).all() and (lstm["r"] <= lstm["r_high"]).all()
    assert lstm["r_published"].tolist() == [0.89, 0.53, 0.82, 0.88]
    assert table["r_published"].drop("LSTM", level="product").isna().all()
    assert abs(table.loc[("CRN sites", "Noah"), "r"]) < 0.9
    assert table.loc[("CRN sites", "Comb"), "same_sign"] == 1


def test_too_few_places_have_no_correlation_and_say_so():
    found = trends.slopes(moisture(hindcast([1.0, 2.0])), tests=["plain"])
    table = trends.agreement(found, n_replicates=10).set_index(["group", "product"])
    row = table.loc[("CRN sites", "LSTM")]
    assert np.isnan(row["r"]) and np.isnan(row["r_low"])
    assert row["why"] == "2 of 4 places needed"


def test_a_place_of_both_kinds_counts_once_where_kinds_are_joined():
    one = hindcast([1.0, 2.0, 3.0])
    core = one.assign_attrs(kind="core")
    parts = (trends.slopes(moisture(r), tests=["plain"]) for r in (core, one))
    found = trends.together(*parts)
    assert trends.members(found, ("core", "sparse")).sizes["place"] == 3
    assert trends.members(found, ("sparse",)).sizes["place"] == 3


@pytest.mark.parametrize(
    ("gap", "reason"),
    [
        (slice("2006-01-01", None), "2.0 years; needs 3"),
        (slice("2007-01-01", "2010-12-31"), "44% missing; allowed 10%"),
    ],
)
def test_short_and_patchy_records_have_no_trend(gap, reason):
    result = hindcast([1.0])
    if gap.stop is None:
        gap = slice("2007-01-01", None)
    result["insitu"].loc[{"time": gap}] = np.nan
    found = trends.slopes(moisture(result, Rules(record="whole")))
    assert found["reason"].sel(series="in situ").item() == reason
    assert np.isnan(found["percent"]).all()


def test_the_longest_record_jumps_over_what_lies_apart():
    result = hindcast([1.0])
    result["insitu"].loc[{"time": slice("2006-06-01", "2008-05-31")}] = np.nan
    kept = moisture(result)
    there = kept["time"].values[np.isfinite(kept.sel(series="in situ").values[0])]
    assert str(there[0])[:10] > "2007-10-01"
    assert str(there[-1])[:10] == "2013-12-31"
    found = trends.slopes(kept)
    assert (found["reason"] == "").all()
    assert float(found["missing"].max()) <= 0.10
    assert found["percent"].sel(series="in situ").item() == pytest.approx(1, abs=0.1)


def test_a_day_counts_only_where_all_series_have_it():
    result = hindcast([1.0])
    result["sm"].loc[{"product": "Noah", "time": slice("2013-01-01", None)}] = np.nan
    kept = moisture(result)
    assert kept.sel(time="2013").isnull().all()
    assert kept.sel(time="2012").notnull().all()


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_stretch_equals_a_search_of_all(seed):
    random = np.random.default_rng(seed)
    present = random.random(60) < random.choice([0.5, 0.8, 0.95])
    best = 0
    for i in range(60):
        for j in range(i + 1, 61):
            if present[i] and present[j - 1] and present[i:j].mean() >= 0.9:
                best = max(best, j - i)
    stretch = trends.longest(present)
    assert stretch.stop - stretch.start == best
    assert present[stretch].mean() >= 0.9 or best == 0


def test_no_day_present_is_an_empty_stretch():
    assert trends.longest(np.zeros(10, bool)) == slice(0, 0)


def test_significance_counts_places_by_test(found):
    table = trends.significance(found)
    strong = table[(table["series"] == "in situ") & (table["kind"] == "core")]
    assert strong["n_places"].tolist() == [4, 4, 4]
    assert (strong["n_significant"] >= 3).all()
    assert strong["n_by_chance"].tolist() == pytest.approx([0.2] * 3)
    assert (table["n_corrected"] <= table["n_significant"]).all()


def test_yearly_means_stand_beside_the_months():
    part = moisture(hindcast([1.0, 2.0]))
    found = trends.slopes(part)
    table = trends.by_step(found, [part])
    years = table[table["step"] == "year"]
    assert years["series"].unique().tolist() == ["in situ", "LSTM"]
    assert (years["n_places"] == 0).all()  # nine years, ten are needed
    assert (table.loc[table["step"] == "month", "n_places"] == 2).all()


def test_a_reference_run_stands_beside(found):
    table = trends.agreement(found, ["LSTM"], n_replicates=10)
    assert trends.beside(table, None) is table
    known = table.iloc[:2].assign(r=0.5)
    both = trends.beside(table, known)
    assert both["r"].tolist() == table["r"].tolist()
    assert both["r_reference"].tolist()[:2] == [0.5, 0.5]
    assert both["r_reference"].isna().tolist()[2:] == [True, True]


def test_the_summary_says_what_is_left_out_and_why():
    core, sparse = hindcast([1.0], kind="core"), hindcast([1.0, 2.0, 3.0])
    sparse["insitu"].loc[{"place": ["sparse 0", "sparse 1"], "time": slice("2006", None)}] = np.nan
    core.attrs |= {"root_zone": "exponential filter", "stand_in": "five stations"}
    parts = (trends.slopes(moisture(one), tests=["plain"]) for one in (core, sparse))
    assert trends.summary(trends.together(*parts), core) == (
        "Places with a slope: 1 of 1 stand-ins, 1 of 3 CRN sites (2 with too short a record). "
        "Root zone: exponential filter. Five stations."
    )


def test_constant_root_zone_is_no_crash():
    result = hindcast([1.0])
    result["insitu"].loc[{"layer": "rootzone"}] = 0.2
    found = trends.slopes(moisture(result))
    assert found["reason"].sel(series="in situ").item() == "constant series"
    assert trends.members(found, ("sparse",)).sizes["place"] == 0
    assert trends.selected(found) == []


def test_places_to_draw_are_the_extremes(found):
    assert trends.selected(found) == ["core 0", "core 3", "sparse 0", "sparse 6"]


def test_unknown_names_are_refused():
    with pytest.raises(ParameterError, match="unknown record 'best'"):
        Rules(record="best")
    with pytest.raises(ParameterError, match="unknown step 'week'; allowed: day, month, year"):
        Rules(step="week")


def test_other_readings_of_the_rules_stand_beside():
    result = hindcast([-2.0, -1.0, 0.5, 1.0, 2.0])
    result["insitu"].loc[{"place": "sparse 0", "time": slice("2008-01-01", "2009-12-31")}] = np.nan
    insitu = result["insitu"].sel(layer="rootzone", drop=True)
    table = trends.variants([(result, insitu)], n_replicates=30)
    crn = table[table["group"] == "CRN sites"].set_index("variant")
    assert crn.index.tolist() == list(trends.VARIANTS)
    # Nine years are too few for yearly means; with a gap the whole record of a place is out.
    assert crn["n_places"].tolist() == [5, 4, 0, 5, 0]
    assert crn.loc["yearly means", "why"] == "0 of 4 places needed"
    assert (crn["r"].drop(["yearly means", "records of ten years"]) > 0.99).all()


def test_monthly_means_of_places_of_either_kind():
    core, sparse = hindcast([1.0], kind="core"), hindcast([1.0, 2.0])
    parts = [moisture(core), moisture(sparse)]
    means = trends.monthly(parts, ["sparse 1", "core 0"])
    assert means["place"].values.tolist() == ["sparse 1", "core 0"]
    february = parts[0].sel(place="core 0", time="2010-02").mean("time")
    assert np.allclose(means.sel(place="core 0", time="2010-02-01"), february)


def test_the_twin_is_read_at_zero_degrees(monkeypatch):
    calls = []

    def insitu(kind, seed, threshold):
        calls.append((kind, seed, threshold))
        return (
            hindcast([1.0, 2.0, 3.0])[["insitu"]]
            .sel(layer="rootzone", drop=True)
            .rename(insitu="sm_rootzone")
        )

    monkeypatch.setattr(twin_smap, "insitu", insitu)
    result = hindcast([1.0, 2.0])
    read = trends.readings(result, seed=3)
    assert read["place"].values.tolist() == ["sparse 0", "sparse 1"]
    assert trends.readings(result, seed=3).equals(read)
    assert calls == [("sparse", 3, network.COLD_FOR_TRENDS)]


@pytest.mark.observed
def test_real_stations_are_read_by_the_rule_of_the_trends(observed_folder):
    names = ["IL_Champaign_9_SW", "ND_Medora_7_E"]
    result = xr.Dataset(coords={"place": names}, attrs={"data": "observed", "kind": "sparse"})
    read = trends.readings(result)
    assert read.dims == ("place", "time")
    assert read["place"].values.tolist() == names
    warm = network.read(observed_folder, names, threshold=network.COLD)["sm_rootzone"]
    both = np.isfinite(warm.values)
    assert np.isfinite(read.values).sum() > both.sum()
    assert np.array_equal(read.values[both], warm.values[both])
    assert trends.readings(result).equals(read)


def made(percent, kinds):
    places = [f"place {k}" for k in range(len(kinds))]
    values = np.array([percent, np.array(percent) / 2])
    dims = ("series", "place")
    found = xr.Dataset(
        {
            "percent": (dims, values),
            "percent_low": (dims, values - 0.3),
            "percent_high": (dims, values + 0.3),
        },
        coords={"series": ["in situ", "LSTM"], "place": places, "kind": ("place", kinds)},
    )
    months = pd.date_range("2010-01-01", "2015-12-01", freq="MS")
    monthly = xr.DataArray(
        np.full((2, len(places), months.size), 0.2),
        coords={"series": ["in situ", "LSTM"], "place": places, "time": months},
        dims=("series", "place", "time"),
    )
    return found, monthly


def test_points_and_annotations():
    found, monthly = made([-1.5, 0.2, 2.0, np.nan], ["core", "sparse", "sparse", "sparse"])
    figure = trends.slopes_and_series(found, monthly.isel(place=[0, 2]), core="stand-in")
    scatter, *series = figure.axes
    labels = scatter.get_legend_handles_labels()[1]
    assert labels == ["CRN sites (2)", "stand-ins (1)", "1:1"]
    assert scatter.get_xlim()[1] > 2.0
    assert [axis.get_title(loc="left") for axis in series] == [
        "place 0 (stand-in)",
        "place 2 (CRN site)",
    ]
    texts = [text.get_text() for text in series[0].get_legend().get_texts()]
    assert texts == ["in situ -1.5", "LSTM -0.8"]
    plt.close(figure)


def test_no_slope_at_all_is_an_empty_picture():
    found, monthly = made([np.nan], ["sparse"])
    figure = trends.slopes_and_series(found, monthly.isel(place=[]))
    assert len(figure.axes) == 1
    plt.close(figure)
