"""What section 2.1 says of the sites' data."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from soilbook.data import fluxnet
from soilbook.physics import air
from soilbook.wang2024 import s2_1_data as section


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
