"""Forecasts of study 1 before they are scored, on records whose forecast is known."""

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import xarray as xr

from soilbook import models
from soilbook.errors import SoilbookError
from soilbook.store import Store, canonical
from soilbook.wang2024 import forecasts
from soilbook.wang2024 import runs as insitu

DEPTH = 0.05
N_TEST = {"Cape-Charles-5-ENE": 60, "Weslaco": 52}  # a fifth of the records made by hand


@pytest.fixture
def experiment(made_records) -> insitu.Experiment:
    """Settings that fit the records made by hand."""
    return insitu.Experiment(
        sites=made_records.sites, depths=made_records.depths, repetitions=2, device="cpu"
    ).resolve()


@pytest.fixture
def own(monkeypatch, experiment, made_records, tmp_path):
    """Forecasts of a classical model of one's own: ``own(predict)``, a function of x and seed."""

    def made(predict, learnt=None, records=made_records, **settings):
        class Model:
            def __init__(self, seed):
                self.seed = seed

            def fit(self, x, y):
                if learnt is not None:
                    learnt.append((x, y))
                return self

            def predict(self, x):
                return predict(x, self.seed)

        monkeypatch.setitem(models.MACHINE_LEARNING, "mine", Model)
        store = Store(tmp_path / str(len(list(tmp_path.iterdir()))))
        with joblib.parallel_config(backend="threading", n_jobs=1):
            return forecasts.make(experiment.but(**settings), "mine", records, store)

    return made


def scale(values, n_days: int) -> tuple[float, float]:
    """Least value and half the range of the training part."""
    part = values[: int(0.6 * n_days)]
    return float(part.min()), float(np.ptp(part) / 2)


def issued(part: xr.Dataset) -> np.ndarray:
    """Days of the test part from which forecasts were made."""
    return np.flatnonzero(np.isfinite(part["observed"].sel(step=1).values))


def test_climatology_knows_the_training_part_alone_and_the_day_that_it_forecasts(
    made_site, cut, experiment, tmp_path
):
    """Three years of 0.1 in each first and 0.3 in each second half; 0.5 in the two years after."""
    site = made_site(n_days=1826)
    late = site["time"].dt.month.values > 6
    site["sm"][:] = np.where(np.arange(1826) < 1095, np.where(late, 0.3, 0.1), 0.5)
    records = cut({"Weslaco": site})
    made = forecasts.make(experiment, "climatology", records, Store(tmp_path)).isel(repetition=0)
    part = made.sel(site="Weslaco", depth=DEPTH)
    # Of the 31 days around 1 July 15 lie in June; around 8 July, 8.
    expected = {
        "04-01": 0.1,
        "07-01": (15 * 0.1 + 16 * 0.3) / 31,
        "07-08": (8 * 0.1 + 23 * 0.3) / 31,
    }
    for target, value in {**expected, "10-01": 0.3}.items():
        for step in (1, 7):
            issue = np.datetime64(f"2015-{target}", "ns") - np.timedelta64(step, "D")
            day = int(np.flatnonzero(part["issue_time"].values == issue)[0])
            found = float(part["forecast"].sel(step=step).isel(day=day))
            assert found == pytest.approx(value, abs=1e-6), (target, step)
    np.testing.assert_allclose(part["observed"].values[:, issued(part)], 0.5)


def test_persistence_is_the_moisture_of_the_last_observed_day_at_every_cell(
    experiment, made_records, tmp_path
):
    made = forecasts.make(experiment, "persistence", made_records, Store(tmp_path))
    for (site, depth), sm in made_records.sm.items():
        part = made.sel(site=site, depth=depth).isel(repetition=0)
        days = issued(part)
        first = len(sm) - N_TEST[site]
        # A window of four days ends with the target, so the first issue day is the fourth.
        np.testing.assert_array_equal(days, np.arange(3, N_TEST[site] - 8))
        for step in (1, 4, 7):
            np.testing.assert_allclose(
                part["forecast"].sel(step=step)[days], sm[first + days], 1e-6
            )
            np.testing.assert_allclose(
                part["observed"].sel(step=step)[days], sm[first + days + step], 1e-6
            )
    assert made["epochs_to_convergence"].isnull().all()
    assert made["seconds_per_100_epochs"].isnull().all()


def test_a_classical_model_takes_its_own_forecast_as_the_moisture_of_the_day_before(
    own, made_records
):
    made = own(lambda x, seed: x[:, -1] + 0.1)
    for (site, depth), sm in made_records.sm.items():
        part = made.sel(site=site, depth=depth).isel(repetition=1)
        days = issued(part)
        half = scale(sm, len(sm))[1]
        last = sm[len(sm) - N_TEST[site] + days]
        for step in (1, 2, 7):
            found = part["forecast"].sel(step=step)[days]
            np.testing.assert_allclose(found, last + step * 0.1 * half, rtol=1e-5)


def test_a_classical_model_sees_the_weather_of_the_day_that_it_forecasts(own, made_site):
    made = own(lambda x, seed: x[:, 0])
    site = made_site("Cape-Charles-5-ENE", 300, 0)
    rain, sm = site["precipitation"].values, site["sm"].sel(depth=1.0).values
    driest, half = scale(sm, 300)
    least, half_rain = scale(rain, 300)
    part = made.sel(site="Cape-Charles-5-ENE", depth=1.0).isel(repetition=0)
    days = issued(part)
    for step in (1, 2, 7):
        expected = driest + half * (rain[240 + days + step] - least) / half_rain
        np.testing.assert_allclose(part["forecast"].sel(step=step)[days], expected, rtol=1e-4)


def test_a_classical_model_learns_the_training_part_from_the_target_day_alone(own, made_site, cut):
    learnt = []
    site = made_site("Weslaco", 300, 0).sel(depth=[DEPTH])
    own(lambda x, seed: x[:, 0], learnt, records=cut({"Weslaco": site}), repetitions=1)
    ((x, y),) = learnt
    sm = site["sm"].values[0]
    driest, half = scale(sm, 300)
    scaled = (sm - driest) / half - 1
    # Windows of four days that lie in the first 180 days and have a day before.
    np.testing.assert_allclose(y, scaled[4:180], atol=1e-5)
    np.testing.assert_allclose(x[:, -1], scaled[3:179], atol=1e-5)
    assert x.shape == (176, 4)


@pytest.mark.parametrize(("sign", "bound"), [(1, 100), (-1, -100)])
def test_a_classical_model_that_runs_away_stops_a_hundred_times_outside(
    own, made_records, sign, bound
):
    made = own(lambda x, seed: np.full(len(x), sign * 1e9))
    for (site, depth), sm in made_records.sm.items():
        part = made.sel(site=site, depth=depth).isel(repetition=0)
        driest, half = scale(sm, len(sm))
        found = part["forecast"].values[:, issued(part)]
        np.testing.assert_allclose(found, driest + half * (1 + bound), rtol=1e-5)


def test_every_classical_model_has_a_seed_of_its_own_whatever_runs_beside_it(own, made_site, cut):
    def draw(x, seed):
        return np.full(len(x), seed / 2**32)

    def drawn(made, site):
        return made["forecast"].sel(site=site, step=1).max("day")

    sites = {name: made_site(name, 300, 0) for name in ("Cape-Charles-5-ENE", "Weslaco")}
    for site in sites.values():  # alike at both depths, so that seeds alone tell cells apart
        site["sm"][1] = site["sm"][0]
    made = own(draw, records=cut(sites))
    both = np.stack([drawn(made, site) for site in sites])
    assert len(np.unique(both)) == both.size == 8
    alone = own(draw, records=cut({"Weslaco": sites["Weslaco"]}))
    np.testing.assert_array_equal(drawn(alone, "Weslaco"), drawn(made, "Weslaco"))
    other = own(draw, records=cut(sites), seed=1)
    assert not np.isin(other["forecast"].max("day"), made["forecast"].max("day")).any()


def test_a_killed_worker_is_one_clear_line(experiment, made_records, monkeypatch, tmp_path):
    parent = os.getpid()

    def deadly(**job):
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(forecasts, "_fit_and_iterate", deadly)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    store = Store(tmp_path)
    with pytest.raises(SoilbookError, match=r"killed from outside .* run again") as caught:
        forecasts.make(experiment, "ELM", made_records, store)
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    made = forecasts.make(experiment, "ELM", made_records, store)
    assert made["forecast"].notnull().any()


def kept_under(experiment, model, records) -> str:
    """What a forecast is kept under, as text."""
    keys = []

    def made(key, function):
        keys.append(canonical(key))
        return xr.Dataset()

    forecasts.make(experiment, model, records, SimpleNamespace(made=made))
    return keys[0]


OF_ALL = {"repetitions": 7, "seed": 5, "variant": "released", "scaling": "whole"}
OF_NETWORKS = {"profile": "smoke", "epochs": 9, "target": "change", "device": "cuda"}


@pytest.mark.parametrize("model", ["LSTM", "ELM"])
def test_a_forecast_is_kept_under_all_that_it_depends_on_and_no_more(
    experiment, made_records, model
):
    one = kept_under(experiment, model, made_records)
    assert kept_under(experiment, model, made_records) == one
    for name, value in {**OF_ALL, **OF_NETWORKS}.items():
        other = kept_under(experiment.but(**{name: value}), model, made_records)
        assert (other != one) == (name in OF_ALL or model == "LSTM"), name
    for name, value in {
        "fingerprint": "newer",
        "sites": made_records.sites[::-1],
        "depths": made_records.depths[::-1],
    }.items():
        other = kept_under(experiment, model, replace(made_records, **{name: value}))
        assert other != one, name


def test_models_are_kept_apart(experiment, made_records):
    names = ("persistence", "climatology", "ELM", "RF", "LSTM", "1D-CNN")
    assert len({kept_under(experiment, name, made_records) for name in names}) == len(names)


@pytest.mark.parametrize("kind", ["MACHINE_LEARNING", "NETWORKS"])
def test_a_model_of_ones_own_is_kept_under_its_code(experiment, made_records, monkeypatch, kind):
    def first(*arguments):
        return sum(arguments) + 1

    def second(*arguments):
        return sum(arguments) + 2

    def third(*arguments):
        return max(arguments) + 1

    def fourth(*arguments):
        return sum(arguments) - 1

    found = []
    for function in (first, second, third, fourth, first):
        monkeypatch.setitem(getattr(models, kind), "mine", function)
        found.append(kept_under(experiment, "mine", made_records))
    assert found[0] == found[4] and len(set(found)) == 4


def test_forecasts_and_costs_are_laid_out_by_repetition_site_and_depth(made_records):
    values = made_records.empty(3)
    epochs, seconds = np.arange(12.0).reshape(3, 2, 2), np.ones((3, 2, 2))
    made = forecasts.dataset(made_records, values, epochs, seconds)
    assert made["forecast"].dims == ("repetition", "site", "depth", "step", "day")
    assert made["forecast"].shape == (3, 2, 2, 7, 60)
    one = made.sel(repetition=2, site="Weslaco", depth=DEPTH)
    assert one["epochs_to_convergence"] == 10 and one["seconds_per_100_epochs"] == 1
    assert made["step"].values.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert made["forecast"].attrs["units"] == "m3 m-3"
