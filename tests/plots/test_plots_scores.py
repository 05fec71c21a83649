"""Scores as tables and figures: columns of the contract, published values beside, panels as the
captions name them."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import published
from soilbook.plots import scores as drawn
from soilbook.training.ensemble import CONVERGED
from soilbook.wang2024 import runs

CHAPTERS = Path(__file__).parents[2] / "chapters"
NAMES = ["persistence", "climatology", "1D-CNN", "LSTM", "Transformer"]


@pytest.fixture
def scores(made):
    return made(dict(zip(NAMES, (0.9, -0.2, 0.93, 0.95, 0.92), strict=True)))


@pytest.fixture
def bars(made):
    return _bars(made({"persistence": 0.9, "climatology": 0.1, "LSTM": 0.95, "1D-CNN": 0.93}))


@pytest.fixture
def costs(made):
    return runs.cost(made({"persistence": 0.9, "climatology": 0.1, "LSTM": 0.95, "1D-CNN": 0.93}))


def _bars(scores):
    mean = scores["rmse"].sel(reading="pooled", drop=True)
    return xr.Dataset({"rmse": mean, "rmse_low": 0.9 * mean, "rmse_high": 1.1 * mean})


def _bars_of_all(scores):
    """Scores with an interval of RMSE, as a run has it."""
    return scores.assign(rmse_low=0.9 * scores["rmse"], rmse_high=1.1 * scores["rmse"])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_tidy_has_the_columns_of_the_contract_and_the_printed_values(scores):
    table = drawn.tidy(scores, "3")
    columns = "model depth_m lead_d reading r2 r2_low r2_high rmse n_sites n_repetitions"
    assert table.columns.tolist() == [*columns.split(), "r2_published", "level"]
    assert len(table) == 5 * 5 * 3 * 2
    assert table["model"].drop_duplicates().tolist() == NAMES
    row = table[
        (table["model"] == "LSTM") & (table["depth_m"] == 0.5) & (table["lead_d"] == 7)
    ].set_index("reading")
    assert row.loc["pooled", "r2_published"] == published.r2("LSTM", 0.5, 7) == 0.749
    assert np.isnan(row.loc["at_lead", "r2_published"])
    assert row.loc["pooled", "level"] == "above"
    twin = drawn.tidy(scores.assign_attrs(data="twin"), "3")
    assert set(twin["level"]) == {""} and twin["r2_published"].isna().all()


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"),
    [
        (0.91, 0.95, 0.93, "alike"),
        (0.91, 0.95, 0.90, "alike"),
        (0.91, 0.95, 0.85, "above"),
        (0.91, 0.95, 0.88, "cannot tell"),
        (0.91, 0.95, 1.01, "below"),
        (-3.36, 0.91, 0.547, "cannot tell"),
        (0.91, 0.95, np.nan, ""),
        (np.nan, np.nan, 0.9, "cannot tell"),
    ],
)
def test_a_level_has_a_margin_on_both_sides(low, high, printed, expected):
    assert drawn.level(low, high, printed) == expected


def titles(figure):
    return [axis.get_title(loc="left") for axis in figure.axes if axis.get_title(loc="left")]


@pytest.fixture
def alone(costs):
    """Three turns of each network alone, twice as slow as its share."""
    share = costs.groupby("model", sort=False)["seconds_per_100_epochs"].median()
    turns = [(model, 2 * one + turn) for model, one in share.items() for turn in (-0.1, 0, 0.1)]
    return pd.DataFrame(turns, columns=["model", "seconds_alone"])


def test_score_figure_has_a_panel_a_depth_and_the_two_of_cost(bars, costs, alone):
    figure = drawn.rmse_panels(bars, costs, alone)
    assert titles(figure) == [
        "(a) 0.05 m", "(b) 0.10 m", "(c) 0.20 m", "(d) 0.50 m", "(e) 1.00 m",
        "(g) epochs to convergence", "(h) training time",
    ]  # fmt: skip
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(heights, bars["rmse"].isel(depth=0).values.ravel())


def test_time_is_that_of_one_network_alone_with_its_share_beside(bars, costs, alone):
    figure = drawn.rmse_panels(bars, costs, alone)
    (panel,) = (one for one in figure.axes if one.get_title(loc="left").startswith("(h)"))
    (diamonds,) = (line for line in panel.lines if line.get_marker() == "D")
    share = costs.groupby("model", sort=False)["seconds_per_100_epochs"].median()
    np.testing.assert_allclose(diamonds.get_ydata(), share)
    medians = [line.get_ydata()[0] for line in panel.lines if line.get_color() == "black"]
    assert set(np.round(2 * share, 6)) <= set(np.round(medians, 6))


def test_figure_and_captions_say_what_epochs_to_convergence_are(made, bars, costs, alone):
    share = f"within {100 * CONVERGED:g} %"
    figure = drawn.rmse_panels(bars, costs, alone)
    (panel,) = (one for one in figure.axes if one.get_title(loc="left").startswith("(g)"))
    assert share in panel.get_ylabel()
    heights = {line.get_ydata()[0] for line in panel.lines if len(set(line.get_ydata())) == 1}
    assert heights == set(costs["epochs_to_convergence"])
    scores = _bars_of_all(made({"persistence": 0.9, "climatology": 0.1, "LSTM": 0.95}))
    assert share in runs.fig_of_rmse("9", scores)[3]
    chapter = json.loads((CHAPTERS / "wang2024/s4_2_basic_networks.ipynb").read_text())
    told = ["".join(cell["source"]) for cell in chapter["cells"]]
    (told,) = (text for text in told if "epochs to convergence" in text.lower())
    assert share in " ".join(told.split())


def test_products_of_a_section_bear_their_number_and_hold_both_readings(scores):
    number, table, caption = runs.table_of_r2("3", scores)
    assert (number, len(table)) == ("3", 5 * 5 * 3 * 2) and caption.startswith("R² of forecasts")
    number, at_lead, _ = runs.table_at_lead("3", scores)
    assert number == "3b" and set(at_lead["reading"]) == {"at_lead"} and len(at_lead) == 5 * 5 * 3
    number, _, data, _ = runs.fig_of_rmse("9", _bars_of_all(scores))
    assert number == "9" and set(data) == {"rmse", "cost", "alone"}
    pooled = scores["rmse"].sel(reading="pooled", model="LSTM", depth=1.0, lead=7)
    row = data["rmse"].query("model == 'LSTM' and depth_m == 1.0 and lead_d == 7")
    np.testing.assert_allclose(row["rmse"], pooled)


def test_the_legend_says_whose_scores_these_are(bars):
    for shown, expected in (
        (bars, "mean of sites"),
        (bars.assign_attrs(site="Weslaco"), "Weslaco"),
    ):
        legend = drawn.rmse_panels(shown).axes[5].get_legend()
        assert legend.get_title().get_text() == expected


def test_a_runaway_model_does_not_flatten_the_others(bars):
    runaway = bars.copy(deep=True)
    runaway["rmse"].loc[{"model": "1D-CNN", "lead": 7}] = 5.0
    axis = drawn.rmse_panels(runaway).axes[0]
    assert axis.get_ylim()[1] < 0.1
    assert "5" in [text.get_text() for text in axis.texts]
    (own,) = (one for one in axis.containers if one.get_label() == "1D-CNN")
    shown = [len(ends) == 2 for ends in own.errorbar.lines[2][0].get_segments()]
    assert shown == [True, True, False]  # nothing crosses the digits on the bar that is cut


def test_a_bar_that_is_not_cut_shows_its_interval_whole(bars):
    """The third model is none of the usual ones, yet fits below their intervals."""
    wide = bars.copy(deep=True)
    wide["rmse"][:], wide["rmse_low"][:], wide["rmse_high"][:] = 0.02, 0.01, 0.06
    wide["rmse"].loc[{"model": "1D-CNN"}] = 0.05
    wide["rmse_high"].loc[{"model": "1D-CNN"}] = 0.09
    axis = drawn.rmse_panels(wide).axes[0]
    assert axis.get_ylim()[1] == pytest.approx(1.1 * 0.09) and not axis.texts


def test_bars_without_intervals_are_drawn_to_their_own_height(bars):
    short = bars.copy(deep=True)
    short["rmse_low"][:], short["rmse_high"][:] = np.nan, np.nan
    short["rmse"][:] = 0.02
    axis = drawn.rmse_panels(short).axes[0]
    assert axis.get_ylim()[1] == pytest.approx(1.1 * 0.02) and not axis.texts


def test_gains_mark_what_is_beyond_chance(made):
    gains = runs.gains(made({"persistence": 0.9, "LSTM": 0.95}, n_sites=16))
    figure = drawn.heatmap(gains)
    assert figure.axes[0].texts[0].get_text().startswith("+.05")
    assert figure.axes[0].texts[0].get_text().endswith("\u2022")


def test_gains_stand_by_depth_and_within_it_by_lead():
    gain = xr.DataArray(
        [[[0.01, 0.02, 0.03], [0.04, 0.05, 0.06]]],
        {"model": ["LSTM"], "depth": [0.05, 1.0], "lead": [1, 3, 7]},
        ("model", "depth", "lead"),
    )
    axis = drawn.heatmap(xr.Dataset({"gain": gain, "p": xr.ones_like(gain)})).axes[0]
    assert [text.get_text() for text in axis.texts][:6] == [f"+.0{i}" for i in range(1, 7)]


def test_a_bar_twice_as_high_as_is_usual_is_shown_and_a_higher_one_is_cut(bars):
    other = bars.copy(deep=True)
    other["rmse"][:], other["rmse_low"][:], other["rmse_high"][:] = 0.02, 0.019, 0.021
    for height, top, cut in ((0.04, 1.1 * 0.041, 0), (0.05, 1.1 * 0.021, 3)):
        other["rmse"].loc[{"model": "1D-CNN"}] = height
        other["rmse_high"].loc[{"model": "1D-CNN"}] = height + 0.001
        axis = drawn.rmse_panels(other).axes[0]
        assert axis.get_ylim()[1] == pytest.approx(top) and len(axis.texts) == cut


def test_a_depth_that_no_site_has_leaves_its_panel_empty(bars):
    missing = bars.where(bars["depth"] != 0.5)
    axes = drawn.rmse_panels(missing).axes
    heights = [[bar.get_height() for bar in axis.patches] for axis in axes[:5]]
    assert not np.isfinite(heights[3]).any() and np.isfinite(heights[4]).all()


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.000"), (-0.001, "(-)"), (0.7349, "0.735"), (np.nan, "–")]
)
def test_only_below_zero_is_not_printed(value, text):
    assert drawn.as_printed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.014, "+.01"), (-0.5, "-.50"), (12.0, "+12"), (-99.0, "-99"), (150.0, ">99"),
     (-150.0, "<\N{MINUS SIGN}99")],
)  # fmt: skip
def test_a_gain_has_room_in_its_cell(value, text):
    assert drawn._gain(value) == text


def test_a_bar_s_interval_reaches_from_low_to_high():
    values = {"rmse": 0.05, "rmse_low": 0.04, "rmse_high": 0.08}
    given = xr.Dataset(
        {name: (("model", "depth", "lead"), [[[value]]]) for name, value in values.items()},
        {"model": ["LSTM"], "depth": [0.05], "lead": [1]},
    )
    axis = drawn.rmse_panels(given).axes[0]
    (bars,) = axis.collections
    assert np.allclose(np.ravel([path.vertices[:, 1] for path in bars.get_paths()]), [0.04, 0.08])
