"""What networks do with their inputs, on networks that do what their few parameters say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from soilbook import models
from soilbook.errors import DataError, ParameterError
from soilbook.store import Store
from soilbook.wang2024 import experiment as sources
from soilbook.wang2024 import runs as insitu
from soilbook.wang2024 import runs as interpretation
from soilbook.wang2024 import s4_4_attention, s4_6_visualization

CAPE, WESLACO, MONAHANS = "Cape-Charles-5-ENE", "Weslaco", "Monahans-6-ENE"
AAMU = "AAMU-jtg"
LENGTHS = {CAPE: 300, WESLACO: 260, MONAHANS: 90, AAMU: 60}  # days; 60 are too few
FEATURES = ("precipitation", "air_temperature", "soil_temperature", "sm")
N_TEST = {CAPE: 60 - 11, WESLACO: 52 - 11}  # windows of the last fifth of the records
DEPTHS = (0.05, 1.0)
SEED = 3


class Linear(nn.Module):
    """The last moisture and a third of the rain two days before, each times what a start draws."""

    def __init__(self, n_features, n_steps=4, variant="paper"):
        super().__init__()
        self.factor = nn.Parameter(1 + torch.rand(()))

    def forward(self, x):
        # Not learnt, so that each repetition keeps its own start.
        value = self.factor.detach() * (x[:, -1, -1] + x[:, 1, 0] / 3)
        return value + 0 * self.factor

    def encode(self, x):
        return torch.stack((x[:, -1, -1], x[:, -1, -1]), 1) * self.factor


class Noisy(Linear):
    """A network whose state holds soil temperature alone."""

    def encode(self, x):
        return torch.stack((x[:, -1, 2], x[:, 0, 2]), 1)


class Weighing(Linear):
    """Weights of features and days that follow from the window."""

    def attention(self, x):
        size = x.abs() + 0.1
        return {"feature": size / size.sum(2, keepdim=True)}


class Timing(Linear):
    """Weights of days alone, the same for two hidden channels."""

    def attention(self, x):
        size = (x[..., -1] + 2) * self.factor.detach() ** torch.arange(4)
        return {"time": (size / size.sum(1, keepdim=True)).unsqueeze(2).expand(-1, -1, 2)}


OWN = {"linear": Linear, "noisy": Noisy, "FA": Weighing, "TA": Timing}


@pytest.fixture(scope="module")
def lab(made_site, tmp_path_factory):
    """A laboratory of sites made by hand, two repetitions of each network of one's own."""

    def load(name, *more):
        return made_site(name, LENGTHS[name], list(LENGTHS).index(name))

    with pytest.MonkeyPatch.context() as patch:
        for name, network in OWN.items():
            patch.setitem(models.NETWORKS, name, network)
        patch.setattr(sources, "load_site", load)
        experiment = insitu.Experiment(
            models=("ELM", *OWN),
            profile="smoke",
            sites=tuple(LENGTHS),
            depths=DEPTHS,
            repetitions=2,
            epochs=1,
            seed=SEED,
            device="cpu",
        )
        yield interpretation.Laboratory(experiment, Store(tmp_path_factory.mktemp("store")))


def seen(lab, site: str, depth: float, part: str = "test") -> np.ndarray:
    """Windows of a part of a record, (sample, step, feature)."""
    return lab.records.series[site, depth].windows(part)[0]


def span(lab, site: str, depth: float) -> float:
    """Half the range of moisture in the training part: one unit of the network's output."""
    sm = lab.records.sm[site, depth]
    return float(np.ptp(sm[: int(0.6 * len(sm))]) / 2)


def factors(lab, model: str, site: str, depth: float) -> list[float]:
    return [float(m.factor.detach()) for m in lab.trained(model, site, depth).modules]


def test_a_laboratory_reads_what_the_site_measures(lab):
    assert lab.features == FEATURES
    assert lab.experiment.depths == DEPTHS and lab.profile.name == "smoke"
    assert set(lab.records.series) == {(s, d) for s in (CAPE, WESLACO, MONAHANS) for d in DEPTHS}


def test_the_nearest_site_with_windows_stands_in(lab):
    assert lab.site(WESLACO) == WESLACO
    assert lab.site(AAMU) == CAPE  # its own record is too short
    assert lab.site("Goodwell-2-SE", 1.0) == MONAHANS
    with pytest.raises(DataError, match=r"no site of this run has windows at 0.5 m"):
        lab.site(WESLACO, 0.5)


def test_a_site_without_windows_at_the_depth_is_passed_by(lab):
    kept = {key: one for key, one in lab.records.series.items() if key != (WESLACO, 1.0)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "records", replace(lab.records, series=kept))
        assert lab.site(WESLACO) == lab.site(WESLACO, 0.05) == WESLACO
        assert lab.site(WESLACO, 1.0) == MONAHANS
        found = s4_4_attention.attention_weights(lab, WESLACO, "FA", "TA")
        assert found["depth"].values.tolist() == [0.05]
        used = s4_4_attention.attention_and_shapley(lab, WESLACO, "FA")
        assert used["depth"].values.tolist() == [0.05]


def test_every_repetition_of_a_cell_is_there_and_no_other(lab):
    found = {}
    for site, depth in lab.records.series:
        one = lab.trained("linear", site, depth)
        assert one.series is lab.records.series[site, depth]
        found[site, depth] = factors(lab, "linear", site, depth)
    assert [len(some) for some in found.values()] == [2] * 6
    drawn = [value for some in found.values() for value in some]
    assert len(set(drawn)) == 12 and all(1 <= value <= 2 for value in drawn)


def test_the_scale_leads_from_the_output_of_a_network_to_moisture(lab):
    one = lab.trained("linear", WESLACO, 1.0)
    sm = lab.records.sm[WESLACO, 1.0][:156]
    assert one.scale.slope == pytest.approx((sm.max() - sm.min()) / 2)
    assert one.scale.offset == pytest.approx((sm.max() + sm.min()) / 2)


def test_attention_is_the_mean_over_test_windows_by_depth_and_repetition(lab):
    found = s4_4_attention.attention_weights(lab, WESLACO, "FA", "TA")
    assert set(found.data_vars) == {"feature_weight", "time_weight"}
    assert found["depth"].values.tolist() == [0.05, 1.0]
    for depth in DEPTHS:
        x = seen(lab, WESLACO, depth)
        size = np.abs(x) + 0.1
        expected = (size / size.sum(2, keepdims=True)).mean(0)
        weight = found["feature_weight"].sel(depth=depth).transpose("repetition", "step", ...)
        assert weight.shape == (2, 4, 4)
        for one in weight:
            np.testing.assert_allclose(one, expected, rtol=1e-5)
        time = found["time_weight"].sel(depth=depth)
        for k, factor in enumerate(factors(lab, "TA", WESLACO, depth)):
            size = (x[..., -1] + 2) * factor ** np.arange(4)
            days = (size / size.sum(1, keepdims=True)).mean(0)
            np.testing.assert_allclose(time.isel(repetition=k), days, rtol=1e-5)
    assert found["feature"].values.tolist() == list(FEATURES)


def phi_of(x: np.ndarray, background: np.ndarray, factor: float) -> np.ndarray:
    """Shapley values of ``Linear`` in units of its output: weight times distance to the mean."""
    phi = np.zeros(x.shape)
    phi[:, 3, 3] = factor * (x[:, 3, 3] - background[:, 3, 3].mean())
    phi[:, 1, 0] = factor / 3 * (x[:, 1, 0] - background[:, 1, 0].mean())
    return phi


def drawn_background(x: np.ndarray, n: int) -> np.ndarray:
    """Background rows as ``explain.importance`` documents: drawn without replacement."""
    return x[np.sort(np.random.default_rng(SEED).choice(len(x), n, replace=False))]


def test_use_of_features_is_the_mean_size_of_their_shapley_values(lab):
    found = s4_4_attention.attention_and_shapley(lab, MONAHANS, "FA")["importance"]
    assert found.sizes == {"depth": 2, "repetition": 2, "feature": 4}
    for depth in DEPTHS:
        x = interpretation.chosen(seen(lab, MONAHANS, depth), 5, SEED)
        background = seen(lab, MONAHANS, depth, "training")
        assert len(x) == 5 and len(background) == 50  # all of them are the background
        for k, factor in enumerate(factors(lab, "FA", MONAHANS, depth)):
            phi = phi_of(x, background, factor).sum(1)
            expected = np.abs(phi).mean(0) * span(lab, MONAHANS, depth)
            one = found.sel(depth=depth).isel(repetition=k)
            np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-8)


def test_shapley_values_are_those_of_the_mean_of_the_repetitions(lab):
    values, checks = s4_6_visualization.attribution(lab, WESLACO, 1.0, 12, 20)
    assert values["model"].values.tolist() == checks["model"].tolist() == list(OWN)
    x = interpretation.chosen(seen(lab, WESLACO, 1.0), 12, SEED)
    background = drawn_background(seen(lab, WESLACO, 1.0, "training"), 20)
    mean = np.mean(factors(lab, "linear", WESLACO, 1.0))
    one = values.sel(model="linear")
    np.testing.assert_array_equal(one["value"].transpose("sample", "step", "feature"), x)
    expected = phi_of(x, background, mean) * span(lab, WESLACO, 1.0)
    found = one["phi"].transpose("sample", "step", "feature")
    np.testing.assert_allclose(found, expected, atol=1e-6)
    made = checks.set_index("model").loc["linear"]
    assert made["rank_correlation"] > 0.99 and made["difference"] < 1e-4
    output = mean * (x[:, 3, 3] + x[:, 1, 0] / 3)
    moisture = lab.records.series[WESLACO, 1.0].unscale(output)
    np.testing.assert_allclose(one["prediction"], moisture, rtol=1e-4)


def test_the_profile_says_how_many_samples_unless_asked_and_two_are_the_least(lab):
    assert interpretation.explained(lab, None) == 5
    assert interpretation.explained(lab, 2) == 2
    for n in (1, 0, -3):
        with pytest.raises(ParameterError, match=f"samples is {n}; allowed: 2 or more"):
            interpretation.explained(lab, n)
        with pytest.raises(ParameterError, match="allowed: 2 or more"):
            s4_6_visualization.attribution(lab, WESLACO, 1.0, n)
    with pytest.raises(ParameterError, match="500 background rows asked for and 152 there"):
        s4_6_visualization.attribution(lab, WESLACO, 1.0, 2, 500)


def test_samples_are_chosen_once_each_and_in_order_of_time():
    x = np.arange(40.0).reshape(40, 1, 1)
    some = interpretation.chosen(x, 10, 0).ravel()
    assert len(set(some)) == 10 and (np.diff(some) > 0).all()
    np.testing.assert_array_equal(interpretation.chosen(x, 10, 0).ravel(), some)
    assert not np.array_equal(interpretation.chosen(x, 10, 1).ravel(), some)
    np.testing.assert_array_equal(interpretation.chosen(x, 41, 0), x)
    every = np.concatenate([interpretation.chosen(x, 10, seed).ravel() for seed in range(40)])
    assert set(every) == set(range(40))


@pytest.fixture(scope="module")
def pictures(lab):
    return s4_6_visualization.pictures(lab, WESLACO, 0.05)


def test_pictures_show_the_inputs_and_every_network_with_the_moisture_of_the_target_day(
    lab, pictures
):
    assert pictures["panel"].values.tolist() == ["inputs", *OWN]
    first = 208 + 4  # of a record of 260 days, the day that the first window of the test part has
    expected = lab.records.sm[WESLACO, 0.05][first : first + N_TEST[WESLACO]]
    np.testing.assert_allclose(pictures["moisture"], expected, rtol=1e-5)


def test_a_state_that_holds_moisture_lies_in_its_order_and_one_without_it_does_not(pictures):
    measure = pictures["direction"].to_series()
    assert measure["linear"] > 0.7 > 0.4 > measure["noisy"]
    assert pictures["order"].sel(panel="linear") > 0.4 > pictures["order"].sel(panel="noisy")


def test_a_picture_holds_no_more_samples_than_the_profile_says(lab):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "profile", lab.profile.but(pictured=32))
        patch.setattr(lab, "experiment", lab.experiment.but(models=("ELM",)))
        found = s4_6_visualization.pictures(lab, CAPE, 0.05)
    assert found["panel"].values.tolist() == ["inputs"] and found.sizes["sample"] == 32
    first = 240 + 4
    whole = lab.records.sm[CAPE, 0.05][first : first + N_TEST[CAPE]]
    expected = interpretation.chosen(whole, 32, SEED)
    np.testing.assert_allclose(found["moisture"], expected, rtol=1e-5)


def test_stability_asks_for_three_times_as_many_samples_as_the_perplexity(lab):
    found = s4_6_visualization.stability(lab, WESLACO, 0.05, "linear")
    assert found["perplexity"].values.tolist() == [5]
    assert found.sizes["sample"] == N_TEST[WESLACO] == 41
    assert (found["direction"] > 0.6).all()
