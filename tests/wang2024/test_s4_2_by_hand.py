"""Section 4.2: what the notebook shows of one network trained by hand."""

import numpy as np
import pytest

from soilbook.models.networks import LSTM
from soilbook.training import Settings
from soilbook.wang2024 import s4_2_basic_networks as section
from soilbook.wang2024.experiment import Experiment, load


@pytest.fixture(scope="module")
def records():
    return load(Experiment(profile="smoke", depths=(0.05,)).resolve())


def test_a_window_is_shown_in_the_units_of_the_record(records):
    (key, one), *_ = records.series.items()
    sm = records.sm[key]
    table = section.window(one, records.features, sample=3)
    row = one.starts["training"][3] + 1
    assert len(table) == 4 and table["day"].iloc[0] == str(one.time[row])[:10]
    np.testing.assert_allclose(table["sm of the day before"], sm[row - 1 : row + 3], atol=1e-6)
    assert table["target"].isna().tolist() == [True, True, True, False]
    assert abs(table["target"].iloc[-1] - sm[row + 3]) < 1e-6


def test_the_week_shown_rises_most_and_persistence_stays(records):
    (key, one), *_ = records.series.items()
    sm = records.sm[key].copy()
    issue = one.starts["test"] + 3
    sm[issue[5] + 2] += 1  # a flood, two days after the sixth issue
    forecast = np.arange(len(issue))[:, None] + np.zeros(7)
    table = section.week(one, forecast, sm)
    sample = int(table["LSTM"].iloc[0])
    rises = [sm[day + 1 : day + 8].max() - sm[day] for day in issue]
    assert sample == int(np.argmax(rises))
    np.testing.assert_array_equal(table["observed"], sm[issue[sample] + 1 : issue[sample] + 8])
    assert (table["persistence"] == sm[issue[sample]]).all()
    axes = section.draw_week(table).axes[0]
    assert len(axes.lines) == 3


def test_learning_curves_keep_their_values():
    curves = {"by hand": [3.0, 2.0], "library": np.array([3.0, 2.5])}
    lines = section.learning_curves(curves).axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == [[3.0, 2.0], [3.0, 2.5]]
    assert lines[0].get_xdata().tolist() == [1, 2]


def test_what_is_retained_is_kept_aside_or_rolled_back_to(records):
    ((_, one), *_) = records.series.items()
    how = Settings(epochs=6, first_choice=4)
    aside, back = section.readings(one, lambda: LSTM(one.n_features), how, 3).to_dict("records")
    assert 1 <= back["retained"] <= back["best_epoch"] <= 6
    assert 1 <= aside["retained"] <= aside["best_epoch"] <= 6
    assert all(np.isfinite(row["r2"]) and row["r2"] < 1 for row in (aside, back))


def test_a_trial_is_short_however_long_the_training(records, monkeypatch):
    ((_, one), *_) = records.series.items()
    monkeypatch.setattr(section, "TRIAL", 2)
    how = Settings(epochs=500, first_choice=100)
    table = section.readings(one, lambda: LSTM(one.n_features), how, 3)
    assert table["best_epoch"].max() <= 2


def test_an_epoch_that_is_worse_leaves_no_trace_once_it_is_rolled_back(records, monkeypatch):
    """With batches that are the same in every epoch, an epoch that fails fails for ever."""
    ((_, one), *_) = records.series.items()
    how = Settings(epochs=5, first_choice=1, rate=30.0)
    drawn = section.windows.batches

    def same(seeds, sizes, first, n, batch):
        rows = drawn(seeds, sizes, first, how.batches_per_epoch, batch)
        return rows.repeat(n // how.batches_per_epoch, 1, 1)

    monkeypatch.setattr(section.windows, "batches", same)
    aside, back = section.readings(one, lambda: LSTM(one.n_features), how, 3).to_dict("records")
    assert back["retained"] <= aside["retained"]
    assert back["retained"] == back["best_epoch"]  # all later ones repeat the one that failed
