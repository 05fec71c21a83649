"""What section 2.1 says of the sites' data."""

import pytest

from soilbook.data import fluxnet, longwave
from soilbook.studies import site_statistics


def test_there_is_no_estimate_of_longwave_to_judge_on_the_twin_or_without_measurements(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    assert site_statistics.longwave_error("twin") is None
    assert site_statistics.longwave_error("observed") is None


@pytest.mark.observed
def test_the_longwave_estimate_in_use_is_judged_at_every_measured_site(observed_folder):
    table = site_statistics.longwave_error("observed")
    assert set(table["site"]) == set(fluxnet.SITES)
    used = table[(table["clear_sky"] == "prata1996") & (table["cloud"] == "crawford1999")]
    assert used["bias"].abs().mean() < 10
    assert len(table) == len(fluxnet.SITES) * len(longwave.CLEAR_SKY) * len(longwave.CLOUD)
