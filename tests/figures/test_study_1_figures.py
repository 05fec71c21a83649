"""Figures of study 1: panels as the captions name them, drawn from what the studies return."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from soilbook import figures
from soilbook.studies import insitu, site_statistics
from soilbook.training.ensemble import CONVERGED

CHAPTERS = Path(__file__).parents[2] / "chapters"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def bars(scores):
    mean = scores["rmse"].sel(reading="pooled", drop=True)
    return xr.Dataset({"rmse": mean, "rmse_low": 0.9 * mean, "rmse_high": 1.1 * mean})


@pytest.fixture
def scores(made):
    return made({"persistence": 0.9, "climatology": 0.1, "LSTM": 0.95, "1D-CNN": 0.93})


def titles(figure):
    return [axis.get_title(loc="left") for axis in figure.axes if axis.get_title(loc="left")]


def test_score_figure_has_a_panel_a_depth_and_the_two_of_cost(scores):
    figure = figures.score_panels.rmse_panels(bars(scores), insitu.cost(scores))
    assert titles(figure) == [
        "(a) 0.05 m", "(b) 0.10 m", "(c) 0.20 m", "(d) 0.50 m", "(e) 1.00 m",
        "(g) epochs to convergence", "(h) training time",
    ]  # fmt: skip
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(heights, bars(scores)["rmse"].isel(depth=0).values.ravel())


def test_figure_and_captions_say_what_epochs_to_convergence_are(scores):
    share = f"within {100 * CONVERGED:g} %"
    figure = figures.score_panels.rmse_panels(bars(scores), insitu.cost(scores))
    (panel,) = (one for one in figure.axes if one.get_title(loc="left").startswith("(g)"))
    assert share in panel.get_ylabel()
    heights = {line.get_ydata()[0] for line in panel.lines if len(set(line.get_ydata())) == 1}
    assert heights == set(insitu.cost(scores)["epochs_to_convergence"])
    cells = [
        "".join(cell["source"])
        for file in CHAPTERS.glob("wang2024/*.ipynb")
        for cell in json.loads(file.read_text())["cells"]
    ]
    told = [cell for cell in cells if "epochs to convergence" in cell.lower()]
    assert len(told) == 5
    for cell in told:
        assert share in " ".join(cell.replace('"', " ").split())


def test_the_legend_says_whose_scores_these_are(scores):
    for shown, expected in (
        (bars(scores), "mean of sites"),
        (bars(scores).assign_attrs(site="Weslaco"), "Weslaco"),
    ):
        legend = figures.score_panels.rmse_panels(shown).axes[5].get_legend()
        assert legend.get_title().get_text() == expected


def test_a_runaway_model_does_not_flatten_the_others(scores):
    runaway = bars(scores)
    runaway["rmse"].loc[{"model": "1D-CNN", "lead": 7}] = 5.0
    axis = figures.score_panels.rmse_panels(runaway).axes[0]
    assert axis.get_ylim()[1] < 0.1
    assert "5" in [text.get_text() for text in axis.texts]


def test_a_model_of_ones_own_gets_black():
    assert figures.style.colour("my network") == "#000000"
    assert figures.style.colour("LSTM") != "#000000"


def test_coastlines_come_from_the_package_and_stay_on_the_globe():
    lines = figures.maps.lines("gshhs", "c", 2000.0)
    points = np.concatenate(lines)
    assert len(lines) > 100
    assert (np.abs(points[:, 0]) <= 180).all() and (np.abs(points[:, 1]) <= 90).all()
    assert max(np.abs(np.diff(line[:, 0])).max() for line in lines) <= 180
    # Ireland is an island that the crude set holds.
    near = (np.abs(points[:, 0] + 8) < 3) & (np.abs(points[:, 1] - 53) < 3)
    assert near.sum() > 10


def test_the_map_shows_every_site_in_both_panels():
    figure = figures.maps.sites(site_statistics.sites())
    dots = sum(len(c.get_offsets()) for c in figure.axes[0].collections if len(c.get_offsets()) > 1)
    assert dots >= 30
    names = [text.get_text() for text in figure.axes[1].texts]
    assert "Durham-11-W" in names and "Falkenberg" not in names


def test_correlation_and_memory_of_the_twin():
    matrices = site_statistics.correlations(("Weslaco",), (0.05, 1.0), "twin")
    r = matrices["r"]
    np.testing.assert_allclose(np.diagonal(r.values, axis1=2, axis2=3), 1)
    np.testing.assert_allclose(r.values, np.swapaxes(r.values, 2, 3))
    assert len(titles(figures.site_statistics.correlations(matrices))) == 2
    curves = site_statistics.autocorrelation("Weslaco", "twin", lags=5)
    np.testing.assert_allclose(curves["r"].sel(lag=0), 1)
    assert curves["r"].sel(lag=5, depth=0.05) < curves["r"].sel(lag=5, depth=1.0)
    assert len(figures.site_statistics.autocorrelation(curves).axes[0].lines) == 5


def test_gains_mark_what_is_beyond_chance(made):
    gains = insitu.gains(made({"persistence": 0.9, "LSTM": 0.95}, n_sites=16))
    figure = figures.gains.heatmap(gains)
    assert figure.axes[0].texts[0].get_text().startswith("+0.05")
    assert figure.axes[0].texts[0].get_text().endswith("\u2022")
