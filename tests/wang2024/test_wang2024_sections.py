"""Tables and figures that are one section's own, and what each part of GAN-LSTM does."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from soilbook.plots.scores import tidy
from soilbook.schema import FEATURES
from soilbook.training.windows import N_STEPS
from soilbook.wang2024 import (
    appendix_d_sites,
    runs,
    s4_1_machine_learning,
    s4_4_attention,
    s4_5_gan,
    s4_6_visualization,
    s5_conclusions,
)
from soilbook.wang2024 import s4_5_gan as section

GENERATOR = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def scores(made):
    names = ("persistence", "climatology", "1D-CNN", "LSTM", "Transformer")
    return made(dict(zip(names, (0.9, -0.2, 0.93, 0.95, 0.92), strict=True)))


def test_variants_stand_side_by_side_below_each_model(scores):
    table = tidy(scores, "3")
    runs = {"text": table, "program": table.assign(r2=0.25), "absent": None}
    both = s4_5_gan.variants(runs)
    n_printed = 3 * 5 * 3
    assert both["variant"].value_counts().to_dict() == {"text": n_printed, "program": n_printed}
    assert set(both["reading"]) == {"pooled"}
    wide = s4_5_gan.variants_side_by_side(both)
    assert wide.shape == (15, 9) and not wide.isna().any(axis=None)
    row = wide.loc[("0.50 m", "7 d"), "LSTM"]
    assert row[["published", "program"]].tolist() == ["0.749", "0.250"]
    value = table.set_index(["model", "depth_m", "lead_d", "reading"])["r2"]
    assert row["text"] == f"{value['LSTM', 0.5, 7, 'pooled']:.3f}"
    assert s4_5_gan.variants_side_by_side(s4_5_gan.variants({"text": None})).empty


def test_ranking_counts_cells_above_persistence(scores):
    ranking = s5_conclusions.ranking(scores)
    assert ranking["model"].tolist()[0] == "LSTM"
    counts = ranking.set_index("model")["cells above persistence"]
    assert counts["LSTM"] == 15
    assert counts["persistence"] == counts["climatology"] == 0
    scores["r2"][:] = scores["r2"] - 0.01 * scores["lead"]
    loss = s5_conclusions.ranking(scores)["loss from 1 to 7 d"]
    np.testing.assert_allclose(loss, 0.06, atol=0.003)


@pytest.fixture
def at_sites(scores):
    """Scores by site with an interval, at three sites that the paper names."""
    names = ["Weslaco", "Cape-Charles-5-ENE", "Kenai-29-ENE"]
    part = scores.isel(site=slice(3)).assign_coords(site=names)
    return part.assign(site_rmse_low=part["site_rmse"], site_rmse_high=part["site_rmse"])


def test_a_figure_of_one_site_shows_the_site_that_the_paper_names(at_sites):
    for product, site in (
        (s4_1_machine_learning.fig_8, "Cape-Charles-5-ENE"),
        (s4_5_gan.fig_13w, "Weslaco"),
    ):
        number, figure, data, caption = product(at_sites)
        assert number in ("8", "13w") and f"at {site} at five depths" in caption
        assert figure.axes[5].get_legend().get_title().get_text() == site
        row = data.query("model == 'LSTM' and depth_m == 0.5 and lead_d == 7").iloc[0]
        expected = at_sites["site_rmse"].sel(
            site=site, model="LSTM", depth=0.5, lead=7, reading="pooled"
        )
        assert row["rmse"] == expected
    caption = s4_1_machine_learning.fig_8(at_sites.sel(site=["Weslaco"]))[3]
    assert "at Weslaco (stands in for Cape-Charles-5-ENE" in caption


def test_both_variants_of_table_6_bear_their_names(scores):
    table = tidy(scores, "3")
    number, found, _, shown = s4_5_gan.table_6d(table, table.assign(r2=0.25))
    assert number == "6d" and (found.query("variant == 'released'")["r2"] == 0.25).all()
    assert shown["LSTM", "released"].eq("0.250").all()


def test_a_record_is_drawn_from_its_first_value_to_its_last():
    sm = np.full((1, 2, 9), np.nan)
    sm[0, 1, 2:7] = 0.3
    time = np.datetime64("2011-01-01", "ns") + np.arange(9) * np.timedelta64(7, "D")
    coords = {"site": ["Weslaco"], "depth": [0.05, 1.0], "time": time}
    series = xr.Dataset({"sm": (("site", "depth", "time"), sm)}, coords)
    figure = appendix_d_sites.draw_series(series)
    assert figure.axes[0].get_title(loc="left") == "Weslaco"
    assert [line.get_label() for line in figure.axes[0].lines] == ["0.05 m", "1.00 m"]
    drawn = figure.axes[0].lines[1]
    assert len(drawn.get_xdata()) == 5 and np.isfinite(drawn.get_ydata()).all()


def test_fig_15_has_a_panel_for_each_entry():
    n = 11
    pictures = xr.Dataset(
        {
            "position": (("panel", "sample", "axis"), GENERATOR.normal(size=(n, 40, 2))),
            "moisture": ("sample", GENERATOR.uniform(0.1, 0.4, 40)),
            "order": ("panel", np.linspace(0, 1, n)),
            "direction": ("panel", np.linspace(1, 0, n)),
        },
        coords={"panel": ["inputs", *(f"network {i}" for i in range(10))]},
    )
    figure = s4_6_visualization.draw_pictures(pictures)
    drawn = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(drawn) == n and drawn[0].get_title(loc="left") == "(a) inputs"
    assert drawn[10].get_xlabel() == "order 1.00, direction 0.00"
    assert len(drawn[0].collections[0].get_offsets()) == 40
    # The wettest are drawn last, so that the few of them are seen.
    assert (np.diff(drawn[0].collections[0].get_array()) >= 0).all()


def test_stability_shows_every_picture_and_both_comparisons():
    grid = ("perplexity", "seed")
    stable = xr.Dataset(
        {
            "position": ((*grid, "sample", "axis"), GENERATOR.normal(size=(3, 2, 40, 2))),
            "moisture": ("sample", GENERATOR.uniform(0.1, 0.4, 40)),
            "order": (grid, np.full((3, 2), 0.5)),
            "direction": (grid, np.full((3, 2), 0.5)),
            "overlap": (("picture", "other"), np.eye(6)),
            "disparity": (("picture", "other"), 1 - np.eye(6)),
        },
        coords={"perplexity": [5, 30, 60], "seed": [0, 1]},
    )
    figure = s4_6_visualization.draw_stability(stable, "LSTM")
    titles = [axis.get_title() for axis in figure.axes]
    assert sum(title.startswith("perplexity") for title in titles) == 6
    assert "(b) shared nearest neighbours" in titles and "(c) disparity" in titles


def test_fig_12_draws_depths_with_spread_and_without():
    depths = [0.05, 0.1, 0.2, 0.5, 1.0]
    summary = xr.Dataset(
        {
            "feature_weight": (("depth", "feature"), np.full((5, 8), 0.125)),
            "feature_weight_sd": (("depth", "feature"), np.full((5, 8), 0.01)),
            "time_weight": (("depth", "step"), np.full((5, 4), 0.25)),
            "time_weight_sd": (("depth", "step"), np.full((5, 4), np.nan)),
            "least": 0.05,
            "most": 0.28,
        },
        coords={"depth": depths, "feature": list(FEATURES), "step": [1, 2, 3, 4]},
    )
    figure = s4_4_attention.draw_weights(summary)
    assert len(figure.axes) == 10
    assert figure.axes[5].get_title(loc="left") == "(f) 0.05 m"
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()][:2] == ["P", "AT"]
    assert [t.get_text() for t in figure.axes[5].get_xticklabels()] == ["t-3", "t-2", "t-1", "t"]
    assert len(figure.axes[0].containers) == 2 and len(figure.axes[5].containers) == 1


def test_no_bar_of_fig_12_is_cut_whichever_depth_holds_the_highest():
    days = np.full((5, 4), 0.1)
    days[3, 3] = 0.9
    summary = xr.Dataset(
        {
            "feature_weight": (("depth", "feature"), np.full((5, 8), 0.125)),
            "feature_weight_sd": (("depth", "feature"), np.full((5, 8), 0.3)),
            "time_weight": (("depth", "step"), days),
            "time_weight_sd": (("depth", "step"), days / 20),
            "least": 0.05,
            "most": 0.28,
        },
        coords={
            "depth": [0.05, 0.1, 0.2, 0.5, 1.0],
            "feature": list(FEATURES),
            "step": [1, 2, 3, 4],
        },
    )
    axes = s4_4_attention.draw_weights(summary).axes
    assert axes[0].get_ylim()[1] > 0.425 and axes[5].get_ylim()[1] > 0.945


def test_fig_12_names_its_site_and_means_over_days_and_repetitions():
    depths = [0.05, 1.0]
    weight = GENERATOR.uniform(size=(2, 3, 4, 8))
    weights = xr.Dataset(
        {
            "feature_weight": (("depth", "repetition", "step", "feature"), weight),
            "time_weight": (("depth", "repetition", "step"), weight[..., 0]),
        },
        coords={"depth": depths, "feature": list(FEATURES), "step": [1, 2, 3, 4]},
    )
    number, _, data, caption = s4_4_attention.fig_12(weights, "Durham-11-W")
    assert number == "12" and "at Durham-11-W (stands in for AAMU-jtg" in caption
    np.testing.assert_allclose(data["feature_weight"], weight.mean((1, 2)))


def test_the_clock_times_every_machine_learning_method_and_one_lstm_alone(small, store):
    asked = small.but(models=("LSTM",))
    result = runs.run(asked, store)
    times = s4_1_machine_learning.clock(asked, result, store, repeats=2)
    assert s4_1_machine_learning.clock(asked, result, store, repeats=2).equals(times)  # kept
    counts = times["model"].value_counts().to_dict()
    assert counts == {"RF": 2, "ELM": 2, "SVR": 2, "LSTM": runs.TURNS}
    assert (times["seconds"] > 0).all() and "1500 epochs" in times["machine"][0]
    assert s4_1_machine_learning.clock(asked, result.drop_sel(model="LSTM"), store) is None


@pytest.fixture(scope="module")
def table(small, store):
    return section.ablation(small.but(models=("LSTM",), depths=(0.05,)), store)


def test_a_discriminator_without_weight_changes_nothing(table):
    r2 = table.pivot(index="network", columns="lead_d", values="r2")
    bare, weightless = r2.loc["LSTM with tanh, half the rate"], r2.loc["GAN-LSTM, lambda 0"]
    np.testing.assert_allclose(weightless, bare, atol=1e-4)
    assert (abs(r2.loc["GAN-LSTM, lambda 1"] - weightless) > 1e-3).any()
    assert (abs(r2.loc["GAN-LSTM, generator 3 : 1"] - r2.loc["GAN-LSTM"]) > 1e-3).any()
    assert (abs(r2.loc["LSTM with tanh"] - bare) > 1e-3).any()


def test_differences_are_those_to_the_lstm_with_intervals_around(table):
    base = table[table["network"] == "LSTM"].set_index("lead_d")["r2"]
    expected = table["r2"] - table["lead_d"].map(base)
    np.testing.assert_allclose(table["difference"], expected, atol=1e-12)
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()
    assert set(table["lead_d"]) == {1, 3, 7} and (table["n_sites"] == 2).all()


def test_the_table_has_a_row_a_step_in_the_order_of_building(table):
    number, kept, caption, shown = section.table_6e(table)
    assert (number, len(kept)) == ("6e", 30) and "LSTM" in caption
    assert list(shown.index)[:2] == ["LSTM", "LSTM with tanh"]
    assert shown.loc["LSTM", "1 d"] == "+0.000 [+0.000, +0.000]"


def test_without_a_run_the_table_is_empty():
    assert section.table_6e(None)[3].empty


def test_changes_reach_the_network_alone():
    changed = section.gan(5, N_STEPS, lambda_bce=0.5)
    assert changed.adversarial["paper"].lambda_bce == 0.5
    assert section.gan(5).adversarial["paper"].lambda_bce == 1e-7
