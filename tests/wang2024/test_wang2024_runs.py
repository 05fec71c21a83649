"""Study 1 end to end on a small experiment, and its parts on known answers."""

import warnings

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from soilbook import data, metrics, models
from soilbook.errors import DataError, DeviceError, ParameterError
from soilbook.store import Store
from soilbook.training import ensemble as shard
from soilbook.training import windows
from soilbook.wang2024 import experiment as asked
from soilbook.wang2024 import forecasts, runs
from soilbook.wang2024.experiment import FIGURE_SITES, Experiment, load, load_site

# Pooled R2 of persistence on all gap-free pairs of the test part, mean of the 16 observed sites.
PERSISTENCE = {
    0.05: (0.918, 0.826, 0.691),
    0.10: (0.948, 0.883, 0.777),
    0.20: (0.955, 0.901, 0.811),
    0.50: (0.953, 0.901, 0.825),
    1.00: (0.977, 0.942, 0.877),
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": "real"}, "unknown data 'real'; allowed: twin, observed"),
        ({"profile": "huge"}, "unknown profile 'huge'"),
        ({"sites": ("Atlantis",)}, "Atlantis"),
        ({"depths": (0.07,)}, "unknown depth (m) 0.07; allowed: 0.05"),
        ({"models": ("GRU",)}, "unknown model 'GRU'; allowed: persistence"),
        ({"variant": "mine"}, "unknown variant 'mine'; allowed: paper, released"),
        ({"repetitions": 0}, "repetitions is 0; allowed: 1 or more"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(change, words):
    with pytest.raises(ParameterError) as caught:
        Experiment(**change).resolve()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_gpu_is_told(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DeviceError, match="device 'cuda' is not there; allowed here: auto, cpu"):
        Experiment(device="cuda").resolve()


def test_a_reduced_choice_of_sites_keeps_those_that_figures_show():
    chosen = Experiment(profile="quick").resolve().sites
    assert len(chosen) == 10
    assert set(FIGURE_SITES) <= set(chosen)
    assert len(Experiment(profile="standard").resolve().sites) == 30


def test_choices_are_spelt_out_once_and_in_order():
    found = Experiment(
        models=("LSTM", "persistence", "LSTM"),
        sites=("weslaco", "AAMU", "Weslaco"),
        depths=(1, 0.05),
    )
    assert found.models == ("persistence", "climatology", "LSTM")
    assert found.sites == ("Weslaco", "AAMU-jtg") and found.depths == (0.05, 1.0)
    assert found.resolve().but(profile="smoke").depths == found.depths


def test_result_holds_every_model_at_every_cell(result):
    assert list(result["model"].values) == ["persistence", "climatology", "ELM", "1D-CNN"]
    assert np.isfinite(result["site_r2"].values).all()
    assert (result["n_sites"] == 2).all()
    assert (result["seconds_per_100_epochs"].sel(model="1D-CNN") > 0).all()
    assert (result["seconds_alone"].sel(model="1D-CNN") > 0).all()
    assert result["seconds_alone"].sel(model="ELM").isnull().all()
    assert result["epochs_to_convergence"].sel(model="ELM").isnull().all()
    assert result.attrs["left_out"] == ""


def test_epochs_to_convergence_are_the_first_near_the_lowest_error(small, tmp_path, monkeypatch):
    """Not those of the weights that are kept: here the second against the third."""
    errors = iter([9.0, 1.04, 1.0, 1.2])
    monkeypatch.setattr(
        shard, "judge", lambda stack: lambda flat, *_: flat[:, 0] * 0 + next(errors)
    )
    one = small.but(models=("1D-CNN",), sites=("Weslaco",), depths=(0.05,)).resolve()
    store = Store(tmp_path)
    found = runs.run(one, store)
    assert found["epochs_to_convergence"].sel(model="1D-CNN").values.ravel().tolist() == [2]
    assert runs.cost(found)["epochs_to_convergence"].tolist() == [2]
    _, kept = forecasts.trained(one, "1D-CNN", load(one, store), store)
    assert kept["best_epoch"].values.tolist() == [3]


def test_pooled_and_at_lead_agree_for_one_day_alone(result):
    r2 = result["site_r2"]
    one = r2.sel(lead=1)
    np.testing.assert_allclose(one.sel(reading="pooled"), one.sel(reading="at_lead"))
    seven = r2.sel(lead=7, model="persistence")
    assert (seven.sel(reading="pooled") > seven.sel(reading="at_lead")).all()


def test_scores_are_those_of_the_forecasts_kept(result):
    one = result.isel(site=1, depth=0).sel(model="ELM", step=1)
    own = metrics.r2(one["observed"].values, one["forecast"].values)
    kept = one["site_r2"].sel(lead=1, reading="pooled")
    np.testing.assert_allclose(own, kept, atol=1e-6)


def test_scores_have_units_and_persistence_no_skill_over_itself(result):
    assert {result[name].attrs["units"] for name in ("rmse", "bias", "ubrmse")} == {"m3 m-3"}
    np.testing.assert_allclose(result["site_skill"].sel(model="persistence"), 0, atol=1e-12)
    assert (abs(result["site_skill"].sel(model="climatology")) > 0.1).any()


def test_persistence_repeats_the_last_observed_day(result):
    record = data.load("Weslaco", "twin")["sm"].sel(depth=0.05)
    part = result.sel(site="Weslaco", depth=0.05, model="persistence")
    day = int(np.flatnonzero(np.isfinite(part["forecast"].sel(step=7).values))[5])
    issue = part["issue_time"].values[day]
    np.testing.assert_allclose(part["forecast"].isel(day=day), record.sel(time=issue), rtol=1e-6)
    later = record.sel(time=issue + np.timedelta64(7, "D"))
    np.testing.assert_allclose(part["observed"].sel(step=7).isel(day=day), later, rtol=1e-6)


def test_the_twin_comes_from_the_store_unchanged(store):
    made = data.load("Weslaco", "twin", seed=3)
    for _ in range(2):
        xr.testing.assert_identical(load_site("Weslaco", "twin", 3, store), made)


def test_a_second_run_comes_from_the_store_and_is_the_same(small, store, result, monkeypatch):
    def fail(*arguments, **named):
        raise AssertionError("trained again")

    monkeypatch.setattr("soilbook.wang2024.forecasts.train", fail)
    monkeypatch.setattr(forecasts, "_machine_learning", fail)
    again = runs.run(small, store)
    assert again.identical(result)


class Copy(nn.Module):
    """A reader's own network: tomorrow is like the last observed day."""

    def __init__(self, n_features, n_steps=4, variant="paper"):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x[:, -1, -1] + 0 * self.shift


class Half(Copy):
    """The same under the same name, changed."""

    def forward(self, x):
        return 0.5 * x[:, -1, -1] + 0 * self.shift


def test_a_network_of_ones_own_runs_and_a_changed_one_is_trained_again(store, monkeypatch):
    found = []
    for own in (Copy, Half):
        monkeypatch.setitem(models.NETWORKS, "mine", own)
        experiment = Experiment(
            models=("mine",), profile="smoke", sites=("Weslaco",), depths=(0.05,)
        )
        found.append(runs.run(experiment, store)["forecast"])
    own, changed = (one.sel(model="mine") for one in found)
    np.testing.assert_allclose(own, found[0].sel(model="persistence"), atol=1e-5)
    assert float(abs(own - changed).max()) > 0.01


def test_a_network_does_not_depend_on_which_sites_run_with_it(small, store, result, tmp_path):
    alone = Experiment(models=("1D-CNN",), profile="smoke", sites=("Weslaco",), depths=(0.05,))
    own = runs.run(alone, type(store)(tmp_path))["forecast"].sel(model="1D-CNN")
    other = result["forecast"].sel(model="1D-CNN", site=["Weslaco"], depth=[0.05])
    days = own.sizes["day"]
    np.testing.assert_allclose(own, other.isel(day=slice(days)), atol=1e-5)


def test_a_site_with_too_few_windows_is_named_and_the_rest_goes_on(small, store, monkeypatch):
    whole = asked.load_site

    def with_gaps(name, *arguments):
        record = whole(name, *arguments)
        if name == "Weslaco":
            record = record.copy(deep=True)
            record["sm"].values[0, ::3] = np.nan
        return record

    monkeypatch.setattr(asked, "load_site", with_gaps)
    monkeypatch.setattr(asked.source, "fingerprint", lambda *a, **k: "with gaps")
    experiment = Experiment(profile="smoke", models=(), sites=small.sites, depths=small.depths)
    found = runs.run(experiment, store)
    line = found.attrs["left_out"]
    assert "site 'Weslaco', depth 0.05 m: 0 windows without a gap in the training part" in line
    assert found["n_sites"].sel(model="persistence").values.tolist() == [1, 2]
    assert np.isfinite(found["r2"].values).all()
    assert "Left out: site 'Weslaco'" in runs.summary(found)


def test_nothing_left_is_an_error(small, monkeypatch):
    def empty(site, depth, *_, **__):
        raise DataError(f"{depth} m has no window")

    monkeypatch.setattr(windows, "series", empty)
    with pytest.raises(DataError, match="nothing left to forecast"):
        load(small.resolve())


def test_a_perfect_forecast_scores_one_and_leads_pool_as_defined(result):
    part = result.sel(model="persistence")
    observed = part["observed"]
    wrong_at_seven = observed.copy(deep=True)
    wrong_at_seven.loc[{"step": 7}] = float(observed.mean())
    names = {"persistence": wrong_at_seven, "climatology": observed * 0 + 0.2}
    made = {
        name: part[["observed"]].assign(forecast=array.expand_dims(repetition=[0]))
        for name, array in names.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = runs.score(made, n_replicates=50)
    r2 = scores["site_r2"].sel(model="persistence")
    np.testing.assert_allclose(r2.sel(lead=[1, 3]), 1)
    at_seven = r2.sel(lead=7, reading="at_lead")
    np.testing.assert_allclose(r2.sel(lead=7, reading="pooled"), (6 + at_seven) / 7)


def test_intervals_take_all_repetitions_and_every_site_draws_its_own_days():
    random = np.random.default_rng(0)
    dims = ("repetition", "site", "depth", "step", "day")
    one_site = 0.2 + 0.02 * random.normal(size=(1, 1, 7, 150)).cumsum(-1) / 5
    observed = (dims[1:], np.concatenate([one_site, one_site]))  # two sites that are the same
    coords = {"site": ["a", "b"], "depth": [0.05]}

    def forecast(*errors):
        noise = random.normal(size=(len(errors), 1, 1, 7, 150)) * np.reshape(
            errors, (-1, 1, 1, 1, 1)
        )
        values = (dims, np.concatenate([one_site[None] + noise] * 2, axis=1))
        at = coords | {"repetition": np.arange(len(errors))}
        return xr.Dataset({"forecast": values, "observed": observed}, at)

    made = {
        "persistence": forecast(0.01),
        "climatology": forecast(0.02),
        "m": forecast(0.003, 0.02),
    }
    found = runs.score(made, 60, seed=3).sel(model="m")
    turned = runs.score(made | {"m": made["m"].isel(repetition=[1, 0])}, 60, seed=3).sel(model="m")
    for name in ("r2", "r2_low", "r2_high", "site_rmse_low", "site_rmse_high"):
        np.testing.assert_allclose(found[name], turned[name], rtol=1e-6)
    assert (found["site_r2"].sel(site="a") == found["site_r2"].sel(site="b")).all()
    assert (found["site_r2_low"].sel(site="a") != found["site_r2_low"].sel(site="b")).all()


@pytest.mark.observed
def test_persistence_on_the_observed_sites_is_what_was_found_independently(observed_folder):
    found = {depth: [] for depth in PERSISTENCE}
    for name in data.available("observed", observed_folder):
        record = data.load(name, "observed", observed_folder)
        first = int(0.8 * record.sizes["time"])
        for depth in PERSISTENCE:
            sm = record["sm"].sel(depth=depth).values[first:]
            steps = [metrics.r2(sm[h:], sm[:-h]) for h in range(1, 8)]
            found[depth].append([np.mean(steps[:h]) for h in (1, 3, 7)])
    for depth, values in PERSISTENCE.items():
        assert len(found[depth]) == 16
        np.testing.assert_allclose(np.mean(found[depth], axis=0), values, atol=0.005)


def test_a_depth_at_which_no_network_reaches_persistence_is_named(made):
    found = made({"persistence": 0.9, "LSTM": 0.95, "1D-CNN": 0.93, "RF": 0.99})
    assert runs.below_persistence(found) == []
    found["r2"].loc[{"depth": [0.5, 1.0], "model": ["LSTM", "1D-CNN"]}] = 0.8
    found["r2"].loc[{"depth": 0.5, "model": "LSTM", "lead": 7}] = 0.95
    assert runs.below_persistence(found) == [1.0]
    told = runs.summary(found.assign(n_repetitions=("model", [1] * 4)).assign_attrs(left_out=""))
    assert "At 1.00 m no network reaches persistence at any lead" in told


@pytest.mark.parametrize(("n_sites", "said"), [(5, "No cell has a dot: with 5"), (12, "Dot: ")])
def test_a_caption_speaks_of_dots_only_where_one_can_appear(made, n_sites, said):
    found = made({"persistence": 0.9, "LSTM": 0.95, "1D-CNN": 0.93}, n_sites=n_sites)
    gains = runs.gains(found)
    assert (gains.attrs["smallest_p"] < 0.05) == said.startswith("Dot")
    assert runs.dots(gains).startswith(said)
