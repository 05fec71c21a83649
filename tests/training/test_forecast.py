"""Iterated forecasts of models whose forecasts are known."""

import numpy as np
import pytest
import torch
from torch import nn

from soilbook.models import NETWORKS
from soilbook.training import iterate, iterate_ensemble, load_module
from soilbook.training.step import start
from soilbook.training.windows import series


class Linear(nn.Module):
    """y = w . x_t + b of the last step."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, x):
        return x[:, -1] @ self.weight + self.bias


def observed(one, sm):
    return np.stack([sm[one.starts["test"] + 3 + lead] for lead in range(1, 8)], axis=1)


def test_a_network_that_copies_the_last_moisture_is_persistence(site):
    one = series(site, 0.05)
    sm = site["sm"].values[0]
    forecast = iterate(lambda x: x[:, -1, -1], one)
    last = sm[one.starts["test"] + 3]
    assert forecast == pytest.approx(np.repeat(last[:, None], 7, 1), abs=1e-6)


def test_the_target_change_adds_to_the_last_moisture(site):
    one = series(site, 0.05)
    (forecast,) = iterate_ensemble(
        lambda: Linear([0.0] * 4, 0.0), np.zeros((1, 5), "f4"), [one], target="change"
    )
    last = site["sm"].values[0][one.starts["test"] + 3]
    assert forecast == pytest.approx(np.repeat(last[:, None], 7, 1), abs=1e-6)


def test_the_law_of_a_series_without_noise_forecasts_it_exactly(site):
    rain = site["precipitation"]
    rain[:] = np.minimum(rain, 20)
    one = series(site, 0.05)
    x, y = one.windows("training")
    # The law is linear in rain and the last moisture: least squares finds it.
    design = np.column_stack([x[:, -1], np.ones(len(x))]).astype(float)
    *weight, bias = np.linalg.lstsq(design, y, rcond=None)[0].astype("f4")
    parameters = np.array([[*weight, bias]])
    (forecast,) = iterate_ensemble(lambda: Linear([0.0] * 4, 0.0), parameters, [one])
    assert forecast == pytest.approx(observed(one, site["sm"].values[0]), abs=1e-6)
    module = load_module(lambda: Linear([0.0] * 4, 0.0), parameters[0])
    with torch.no_grad():
        assert iterate(module, one) == pytest.approx(forecast, abs=1e-6)


def test_a_forecast_sees_the_weather_to_come_but_no_moisture_to_come(site):
    one = series(site, 0.05)
    torch.manual_seed(0)
    module = NETWORKS["LSTM"](4)
    before = iterate(lambda x: module(x).detach(), one)
    s = one.starts["test"][10]
    changed = site.copy(deep=True)
    changed["sm"][0, s + 4 : s + 11] = 0.3
    assert iterate(lambda x: module(x).detach(), series(changed, 0.05))[10] == pytest.approx(
        before[10], abs=1e-6
    )
    changed = site.copy(deep=True)
    changed["precipitation"][s + 6] += 50
    after = iterate(lambda x: module(x).detach(), series(changed, 0.05))[10]
    assert after[:2] == pytest.approx(before[10, :2], abs=1e-7)
    assert np.abs(after[2:6] - before[10, 2:6]).min() > 1e-6


@pytest.mark.parametrize("n_steps", [3, 7])
def test_with_another_window_the_forecast_begins_on_the_day_after_it(site, n_steps):
    one = series(site, 0.05, n_steps=n_steps)
    seen = []

    def oldest(x):
        seen.append(tuple(x.shape))
        return x[:, 0, -1]

    sm, starts = site["sm"].values[0], one.starts["test"]
    forecast = iterate(oldest, one)
    assert seen == [(len(starts), n_steps, one.n_features)] * 7
    # The oldest moisture of a window moves on by a day a lead, and then to what was predicted.
    expected = np.array([sm[starts + min(lead, lead % n_steps)] for lead in range(7)]).T
    assert forecast == pytest.approx(expected, abs=1e-6)
    (together,) = iterate_ensemble(
        lambda: Linear([0.0] * 4, 0.0), np.zeros((1, 5), "f4"), [one], target="change"
    )
    last = sm[starts + n_steps - 1]
    assert together == pytest.approx(np.repeat(last[:, None], 7, 1), abs=1e-6)


def test_networks_together_forecast_as_each_alone(several):

    def make():
        return NETWORKS["Transformer"](4)

    parameters = torch.stack([start(make, seed) for seed in range(3)]).numpy()
    together = iterate_ensemble(make, parameters, several, chunk=2)
    for row, one, forecast in zip(parameters, several, together, strict=True):
        module = load_module(make, row)
        with torch.no_grad():
            assert forecast == pytest.approx(iterate(module, one), abs=1e-6)
        assert forecast.shape == (len(one.starts["test"]), 7)
