"""What section III-A shows of the core sites: series, tables and figures."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from soilbook.errors import ParameterError
from soilbook.fang2019 import hindcast, runs
from soilbook.fang2019 import s3_a_core_sites as core_sites
from soilbook.plots.style import colour


def made(names) -> xr.Dataset:
    """A hindcast in which every product is in situ plus a constant, SMAP each second day."""
    days = np.arange("2014-01-01", "2017-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
    random = np.random.default_rng(0)
    insitu = 0.2 + 0.05 * random.normal(size=(2, len(names), days.size))
    insitu[1, 0] = np.nan
    sm = np.stack([insitu + 0.01 * (k + 1) for k in range(len(hindcast.PRODUCTS))])
    sm[0, :, :, ::2] = np.nan
    sm[0, :, :, days < np.datetime64("2015-04-01")] = np.nan
    dims = "layer", "place", "time"
    return xr.Dataset(
        {"sm": (("product", *dims), sm), "insitu": (dims, insitu)},
        {
            "product": list(hindcast.PRODUCTS),
            "layer": list(hindcast.LAYERS),
            "place": names,
            "time": days,
            "period": ("time", hindcast.period(days)),
            "pixel": ("place", np.arange(len(names))),
        },
        {"data": "twin", "kind": "core"},
    )


def test_surface_series_are_anomalies_from_days_that_all_have_at_the_papers_sites():
    result = made(["Carman", "Elsewhere", "Fort Cobb"])
    found = core_sites.series(result, "surface", "2014-06-01", "2015-05-31")
    assert found["place"].values.tolist() == ["Carman", "Fort Cobb"]
    assert found["series"].values.tolist() == ["SMAP", "LSTM", "Noah", "in situ"]
    assert found.sizes["time"] == 365
    at = result.sel(layer="surface", place="Fort Cobb")
    own = at["insitu"]
    shared = at["sm"].sel(product="SMAP").notnull()
    expected = (own - own.where(shared).mean()).sel(time=found["time"])
    for name in ("LSTM", "in situ"):
        np.testing.assert_allclose(found["sm"].sel(series=name, place="Fort Cobb"), expected)


def test_a_winter_that_only_noah_has_does_not_displace_its_summers():
    result = made(["Fort Cobb"])
    winter = result["time"].dt.month.isin([12, 1, 2])
    result["insitu"] = result["insitu"].where(~winter)
    noah = result["sm"].sel(product="Noah")
    result["sm"].loc[{"product": "Noah"}] = noah.where(~winter, 0.9)
    found = core_sites.series(result, "surface", "2014-06-01", "2015-05-31")["sm"].isel(place=0)
    summer = found.sel(time=slice("2014-06-01", "2014-08-31"))
    np.testing.assert_allclose(summer.sel(series="Noah"), summer.sel(series="in situ"), atol=1e-9)


def test_long_gaps_of_models_are_told_and_those_of_in_situ_and_smap_are_not():
    result = made(["Fort Cobb", "Carman"])
    days = result["time"].values
    gap = days[(days >= np.datetime64("2014-06-01")) & (days < np.datetime64("2014-09-01"))]
    for name in ("LSTM", "Noah"):
        result["sm"].loc[{"product": name, "place": "Fort Cobb", "time": gap}] = np.nan
    result["sm"].loc[{"product": "LSTM", "place": "Carman", "time": gap[:30]}] = np.nan
    result["insitu"].loc[{"place": "Carman", "time": gap}] = np.nan
    found = core_sites.series(result, "surface", "2014-04-01", "2016-09-30")
    told = "LSTM and Noah at Fort Cobb from 2014-06-01 to 2014-08-31"
    assert core_sites.gaps(found) == told
    assert core_sites.gaps(found.sel(place=["Carman"])) == ""


def test_a_filtered_root_zone_is_not_called_smap(scores):
    filtered = {"root_zone": hindcast.ROOT_ZONES["observed"]}
    result = made(["Little Washita", "South Fork"]).assign_attrs(filtered)
    found = core_sites.series(result, "rootzone", "2014-06-01", "2015-06-30")
    names = ["SMAP, filtered", "LSTM, filtered", "Noah", "in situ"]
    assert found["series"].values.tolist() == names
    axis = core_sites.panels(found).axes[0]
    assert [line.get_label() for line in axis.lines[:4]] == names
    assert to_hex(axis.lines[1].get_color()).upper() == colour("LSTM")
    surface = core_sites.series(result, "surface", "2014-06-01", "2015-06-30")
    assert surface["series"].values.tolist() == ["SMAP", "LSTM", "Noah", "in situ"]

    def legend(of):
        texts = core_sites.bars(scores.assign_attrs(of)).legends[0].get_texts()
        return [text.get_text() for text in texts]

    assert {"SMAP AL", "SMAP, filtered AL", "LSTM, filtered PL"} < {*legend(filtered)}
    assert not [one for one in legend({}) if "filtered" in one]


def test_root_zone_series_keep_their_level_and_leave_out_sites_without():
    result = made(["Little Washita", "South Fork"])
    found = core_sites.series(result, "rootzone", "2014-06-01", "2014-06-30")
    assert found["place"].values.tolist() == ["South Fork"]
    gap = found["sm"].sel(series="Noah") - found["sm"].sel(series="in situ")
    np.testing.assert_allclose(gap, 0.03)


def test_stand_ins_are_shown_where_no_site_of_the_paper_is_there():
    found = core_sites.series(made(["A", "B", "C"]), "rootzone", "2016-01-01", "2016-12-31")
    assert found["place"].values.tolist() == ["B", "C"]


@pytest.mark.parametrize("days", [("spring", "2016-01-01"), ("2016-01-01", "2015-01-01")])
def test_days_that_are_none_are_refused_in_one_line(days):
    with pytest.raises(ParameterError, match="2014-01-01 to 2017-03-31"):
        core_sites.series(made(["A"]), "surface", *days)


def test_drying_counts_dry_spells_alone_and_in_deviations():
    result = made(["A", "B"])
    days = result.sizes["time"]
    # A saw-tooth that falls for nine days and is wetted on the tenth.
    tooth = np.tile(np.arange(10)[::-1] / 100, days // 10 + 1)[:days]
    rain = xr.DataArray(
        np.tile(np.where(np.arange(days) % 10 == 0, 20.0, 0.0), (2, 1)),
        {"place": ["A", "B"], "time": result["time"]},
        ("place", "time"),
    )
    for name, factor in (("SMAP", 2.0), ("LSTM", 1.0), ("Noah", 1.0), ("VIC", 1.0)):
        result["sm"].loc[{"product": name, "layer": "surface"}] = factor * tooth
    result["insitu"].loc[{"layer": "surface"}] = tooth
    frame = core_sites.drying(result, rain)
    spread = tooth[result["period"].values == "AL"].std()
    np.testing.assert_allclose(frame["in situ"], -0.03 / spread)
    np.testing.assert_allclose(frame["SMAP"], frame["in situ"])
    wet = rain.copy(data=np.full(rain.shape, 5.0))
    assert core_sites.drying(result, wet)["in situ"].isna().all()


TABLED = ["SMAP", "LSTM", "Comb"]


@pytest.fixture
def tabled() -> xr.Dataset:
    """Two sites, the first without a root zone; SMAP has no prelaunch days."""
    dims = "product", "layer", "place", "period"
    values = np.arange(24, dtype=float).reshape(3, 2, 2, 2) / 100
    values[0, :, :, 0] = np.nan
    values[:, 1, 0] = np.nan
    return xr.Dataset(
        {name: (dims, values) for name in ("bias", "ubrmse", "r", "n_days")},
        {
            "product": TABLED,
            "layer": ["surface", "rootzone"],
            "place": ["Walnut Gulch", "Carman"],
            "period": ["PL", "AL"],
        },
    )


def test_rows_go_site_by_site_and_have_scores(tabled):
    table = core_sites.tidy(tabled)
    assert table["site"].drop_duplicates().tolist() == ["Walnut Gulch", "Carman"]
    assert len(table) == 5 + 10 and table["ubrmse"].notna().all()


def test_the_printed_value_stands_where_the_paper_prints_one(tabled):
    table = core_sites.tidy(tabled).dropna(subset=["ubrmse_published"])
    found = table.set_index(["site", "layer", "period", "product"])["ubrmse_published"].to_dict()
    assert found == {
        ("Carman", "surface", "AL", "LSTM"): 0.059,
        ("Carman", "surface", "PL", "LSTM"): 0.069,
        ("Walnut Gulch", "surface", "AL", "LSTM"): 0.028,
        ("Walnut Gulch", "surface", "PL", "LSTM"): 0.035,
    }


def test_side_by_side_has_a_row_for_each_period_and_a_column_for_each_product(tabled):
    wide = core_sites.side_by_side(core_sites.tidy(tabled))
    assert wide["layer"].tolist() == ["surface"] * 12 + ["rootzone"] * 6
    assert wide["score"].str[-2:].tolist() == ["AL", "PL"] * 9
    row = wide[(wide["site"] == "Carman") & (wide["score"] == "ubRMSE, PL")].iloc[0]
    assert row["LSTM"] == float(tabled["ubrmse"].sel(
        product="LSTM", period="PL", place="Carman", layer="surface"
    ))  # fmt: skip
    assert row["LSTM, published"] == 0.069
    assert wide.loc[wide["score"].str.startswith("R,"), "LSTM, published"].isna().all()


def test_places_that_the_paper_does_not_name_have_no_printed_column(tabled):
    tabled = tabled.assign_coords(place=["A", "B"])
    wide = core_sites.side_by_side(core_sites.tidy(tabled))
    assert not [name for name in wide.columns if "published" in name]


PRODUCTS = ["SMAP", "LSTM", "Noah", "VIC", "Comb", "Noah+VIC", "climatology"]
SITES = ["Carman", "Fort Cobb", "TxSON"]


@pytest.fixture
def scores() -> xr.Dataset:
    """Scores that grow from product to product; the root zone has two sites."""
    dims = "product", "layer", "place", "period"
    shape = len(PRODUCTS), 2, len(SITES), 2
    values = np.arange(np.prod(shape), dtype=float).reshape(shape) / 1000
    values[0, :, :, 0] = np.nan
    values[:, 1, 0] = np.nan
    return xr.Dataset(
        {name: (dims, values + k / 10) for k, name in enumerate(("bias", "ubrmse", "r"))},
        {
            "product": PRODUCTS,
            "layer": ["surface", "rootzone"],
            "place": SITES,
            "period": ["PL", "AL"],
        },
    )


def heights(axis) -> np.ndarray:
    return np.array([[bar.get_height() for bar in group] for group in axis.containers])


def test_fig_3_has_a_bar_for_each_product_and_period(scores):
    figure = core_sites.bars(scores)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        f"{product} {period}" for product, period in core_sites.FIG_3
    ]
    surface, deep = figure.axes[2], figure.axes[3]
    expected = [
        scores["ubrmse"].sel(product=product, period=period, layer="surface").values
        for product, period in core_sites.FIG_3
    ]
    np.testing.assert_allclose(heights(surface), expected)
    assert heights(deep).shape == (len(core_sites.FIG_3), 2)
    names = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert names == ["Fort Cobb", "TxSON"]


def test_fig_4_adds_the_one_year_test_at_the_surface(scores):
    one_year = xr.Dataset(
        {name: ("place", [0.1, 0.2, 0.3]) for name in ("bias", "ubrmse", "r")}, {"place": SITES}
    )
    figure = core_sites.bars(scores, core_sites.FIG_4, one_year)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "LSTM+Noah AL" and labels[-1] == core_sites.ONE_YEAR
    np.testing.assert_allclose(heights(figure.axes[0])[-1], [0.1, 0.2, 0.3])
    assert len(heights(figure.axes[1])) == len(core_sites.FIG_4)


def test_a_layer_that_nobody_measured_has_no_panel(scores):
    scores = scores.where(scores["layer"] == "surface")
    assert len(core_sites.bars(scores).axes) == len(core_sites.SCORES)


def test_series_stand_below_each_other_with_the_launch_marked():
    days = np.arange("2014-04-01", "2016-04-01", dtype="datetime64[D]")
    names = ["SMAP", "LSTM", "Noah", "in situ"]
    values = np.random.default_rng(0).normal(size=(4, 2, days.size))
    found = xr.Dataset(
        {"sm": (("series", "place", "time"), values)},
        {"series": names, "place": ["A", "B"], "time": days.astype("datetime64[ns]")},
        {"layer": "surface"},
    )
    figure = core_sites.panels(found)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["(a) A", "(b) B"]
    for k, axis in enumerate(figure.axes):
        lines = {line.get_label(): line for line in axis.lines}
        assert set(names) <= set(lines)
        np.testing.assert_allclose(lines["LSTM"].get_ydata(), values[1, k])
        assert len(axis.lines) == len(names) + 1
        assert "anomaly" in axis.get_ylabel()
    late = found.sel(time=slice("2016-01-01", None))
    assert len(core_sites.panels(late).axes[0].lines) == len(names)


def test_the_one_year_test_has_the_settings_of_the_hindcast(monkeypatch):
    asked = []

    def year_ahead(test):
        asked.append(test)
        made = xr.Dataset(coords={"pixel": [3, 5, 8], "predictor": ["ensemble"]})
        for k, name in enumerate(runs.METRICS):
            made[name] = ("predictor", "pixel"), [[k + 0.3, k + 0.5, k + 0.8]]
        return made

    monkeypatch.setattr(runs, "year_ahead", year_ahead)
    result = xr.Dataset(coords={"place": ["A", "B"], "pixel": ("place", [8, 3])})
    settings = hindcast.Hindcast(profile="smoke", kind="core", seed=4, epochs=3)
    found = core_sites.one_year(result, settings)
    assert (asked[0].data, asked[0].networks, asked[0].epochs, asked[0].seed) == ("twin", 1, 3, 4)
    np.testing.assert_allclose(found["rmse"], [0.8, 0.3])
    assert found["place"].values.tolist() == ["A", "B"]


def test_bars_after_launch_are_full_and_those_before_are_hatched(scores):
    for axis in core_sites.bars(scores).axes:
        for (product, period), group in zip(core_sites.FIG_3, axis.containers, strict=True):
            for bar in group:
                own = to_hex(bar.get_edgecolor()).upper()
                assert own == colour(product).upper()
                inside = to_hex(bar.get_facecolor()).upper()
                assert inside == (own if period == "AL" else "#FFFFFF"), (product, period)
                assert bool(bar.get_hatch()) == (period == "PL"), (product, period)


def test_the_bars_of_a_site_stand_side_by_side_around_its_name(scores):
    one_year = xr.Dataset(
        {name: ("place", [0.1, 0.2, 0.3]) for name in ("bias", "ubrmse", "r")}, {"place": SITES}
    )
    for last, n_sites, axis in zip(
        (one_year, None), (3, 2), core_sites.bars(scores, one_year=one_year).axes[:2], strict=True
    ):
        n = len(core_sites.FIG_3) + (last is not None)
        left = np.array([[bar.get_x() for bar in group] for group in axis.containers])
        width = axis.containers[0][0].get_width()
        assert left.shape == (n, n_sites) and n * width == pytest.approx(core_sites.GROUP)
        np.testing.assert_allclose(np.diff(left, axis=0), width)
        middle = (left[0] + left[-1] + width) / 2
        np.testing.assert_allclose(middle, axis.get_xticks())
        np.testing.assert_allclose(middle, np.arange(n_sites), atol=1e-9)


def test_panels_of_a_score_share_their_axis_and_mark_zero(scores):
    axes = core_sites.bars(scores).axes
    for left, right in zip(axes[::2], axes[1::2], strict=True):
        assert left.get_ylim() == right.get_ylim()
    for axis in axes:
        assert [set(line.get_ydata()) for line in axis.lines] == [{0}]


def test_rows_are_scores_and_columns_layers(scores):
    axes = core_sites.bars(scores).axes
    labels = [axis.get_ylabel() for axis in axes]
    assert [label.split(" ")[0] for label in labels] == ["bias", "", "ubRMSE", "", "R", ""]
    assert [axis.get_title(loc="left") for axis in axes[:2]] == ["(a) surface", "(b) root zone"]
    for row, name in enumerate(("bias", "ubrmse", "r")):
        for column, layer in enumerate(("surface", "rootzone")):
            first = scores[name].sel(product="LSTM", period="AL", layer=layer).dropna("place")
            np.testing.assert_allclose(heights(axes[2 * row + column])[1], first)
