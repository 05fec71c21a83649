"""All that is said or made of a part of the record rests on one split."""

import numpy as np
import pandas as pd
import pytest

from soilbook import data, schema
from soilbook.beyond import one_model_for_all_sites
from soilbook.models.classical import calendar_day, day_of_year_means
from soilbook.store import Store
from soilbook.training import windows
from soilbook.wang2024 import appendix_d_sites, forecasts
from soilbook.wang2024.experiment import Experiment, load

SITE = "Weslaco"
ANOTHER = (400, 900)  # rows at which validation and test begin


@pytest.fixture
def another_split(monkeypatch):
    """A split that nobody would choose."""

    def split(n, training=None):
        edges = (0, *ANOTHER, n)
        return {part: slice(*edges[i : i + 2]) for i, part in enumerate(windows.PARTS)}

    monkeypatch.setattr(windows, "split", split)


def test_another_split_is_another_everywhere(another_split, tmp_path):
    site, store = data.load(SITE, "twin"), Store(tmp_path)
    features = schema.features(site)
    validation, test = ANOTHER

    one = windows.series(site, 0.05)
    assert one.test_row == one.starts["test"][0] == test
    assert one.starts["validation"][0] == validation

    rain = site["precipitation"].values[:validation].mean()
    found = one_model_for_all_sites.attributes(one, features, {}, ())
    assert found["mean_precipitation"] == pytest.approx(rain)

    told = appendix_d_sites.splits([SITE], "twin").iloc[0]
    assert told["validation_start"] == pd.Timestamp(site["time"].values[validation])
    assert told["test_start"] == pd.Timestamp(site["time"].values[test])

    asked = Experiment(models=(), profile="smoke", sites=(SITE,), depths=(0.05,)).resolve()
    made = forecasts.make(asked, "climatology", load(asked, store), store)
    learnt = site["sm"].sel(depth=0.05)[:validation]
    means = day_of_year_means(learnt["time"].values, learnt.values.astype(float), window=31)
    forecast = made["forecast"].sel(step=1).values.ravel()
    there = np.isfinite(forecast)
    days = made["issue_time"].values.ravel() + np.timedelta64(1, "D")
    assert there.sum() > 100
    np.testing.assert_allclose(forecast[there], means[calendar_day(days[there])], rtol=1e-6)
