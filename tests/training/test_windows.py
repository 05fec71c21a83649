"""Windows and splits by hand; tasks, and the batches that they see."""

import numpy as np
import pytest
import torch
from scipy import stats

from soilbook.errors import DataError, ParameterError
from soilbook.settings import profile
from soilbook.training import Settings, Task
from soilbook.training.windows import (
    _GAMMA,
    PARTS,
    ShardData,
    Sizes,
    _mix,
    batches,
    rows_needed,
    seed_of,
    series,
    split,
)


def test_a_sample_holds_weather_of_its_days_and_moisture_of_the_days_before(site):
    one = series(site, 0.05)
    x, y = one.windows("training")
    s, sm = one.starts["training"][7], site["sm"].values[0]
    rain = site["precipitation"].values
    unscaled = (x[7] + 1) / 2 * (one.maximum - one.minimum) + one.minimum
    assert unscaled[:, 0] == pytest.approx(rain[s + 1 : s + 5], abs=1e-4)
    assert unscaled[:, -1] == pytest.approx(sm[s : s + 4], abs=1e-6)
    assert one.unscale(y[7]) == pytest.approx(sm[s + 4], abs=1e-6)


@pytest.mark.parametrize(
    ("n", "validation", "test"),
    [(0, 0, 0), (4, 2, 3), (5, 3, 4), (10, 6, 8), (400, 240, 320), (1826, 1095, 1460)],
)
def test_parts_are_60_20_and_20_percent_of_the_rows_in_order(n, validation, test):
    parts = split(n)
    assert tuple(parts) == PARTS
    rows = [(part.start, part.stop) for part in parts.values()]
    assert rows == [(0, validation), (validation, test), (test, n)]


def test_gap_free_parts_give_every_start_that_fits(site):
    one = series(site, 0.05)
    edges = [0, 240, 320, 400]  # int(0.6 N), int(0.8 N)
    assert one.test_row == 320
    for part, first, last in zip(PARTS, edges[:-1], edges[1:], strict=True):
        assert one.starts[part].tolist() == list(range(first, last - rows_needed(part) + 1))


@pytest.mark.parametrize("name", ["sm", "precipitation", "soil_temperature"])
def test_a_gap_takes_away_exactly_the_starts_that_would_read_it(site, name):
    gap = {"time": 100} if name == "precipitation" else {"time": 100, "depth": 0}
    whole = series(site, 0.05)
    site[name][gap] = np.nan
    holed = series(site, 0.05)
    lost = set(whole.starts["training"]) - set(holed.starts["training"])
    assert lost == {96, 97, 98, 99, 100}
    for part in PARTS:
        x, y = holed.windows(part)
        assert np.isfinite(x).all() and np.isfinite(y).all()


def test_a_gap_in_the_test_part_takes_all_leads_with_it(site):
    site["sm"][0, 350] = np.nan
    starts = series(site, 0.05).starts["test"]
    assert not set(range(339, 351)) & set(starts)
    assert {338, 351} <= set(starts)


def test_only_scaling_by_the_whole_record_sees_the_test_part(site):
    site["sm"][0, 390] = 0.9
    training, whole = series(site, 0.05, "training"), series(site, 0.05, "whole")
    seen = site["sm"].values[0, :240]
    assert training.maximum[-1] == seen.max()
    assert whole.maximum[-1] == 0.9
    assert training.x[1:240].max() <= 1 and training.x[1:240].min() >= -1
    assert training.y.max() > 1 >= whole.y.max()
    assert training.unscale(training.y[390]) == pytest.approx(0.9, abs=1e-6)


def test_a_constant_feature_does_not_divide_by_zero(site):
    site["air_temperature"][:] = 5.0
    x, _ = series(site, 0.05).windows("training")
    assert np.isfinite(x).all()


@pytest.mark.parametrize(
    ("part", "rows"),
    [("training", slice(0, 190)), ("validation", slice(240, 320)), ("test", slice(320, 400))],
)
def test_too_few_windows_are_named(site, part, rows):
    site["sm"][0, rows] = np.nan
    with pytest.raises(DataError, match=rf"'made', depth 0.05 m: \d+ windows .* {part} part") as e:
        series(site, 0.05)
    assert "\n" not in str(e.value)
    assert "needed" in str(e.value)


@pytest.mark.parametrize("n_steps", [3, 4, 9])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.75])
def test_another_split_and_window_cut_the_record_at_other_rows(site, share, n_steps):
    one = series(site, 0.05, training=share, n_steps=n_steps)
    validation, test = int(share * 400), int((1 + share) / 2 * 400)
    assert (one.validation_row, one.test_row) == (validation, test)
    edges = (0, validation, test, 400)
    for part, first, last, more in zip(PARTS, edges, edges[1:], (1, 4, 8), strict=False):
        assert one.starts[part].tolist() == list(range(first, last - n_steps - more + 1))
        x, y = one.windows(part)
        assert x.shape == (len(y), n_steps, one.n_features) and np.isfinite(x).all()
    s, sm = one.starts["test"][3], site["sm"].values[0]
    x, y = one.windows("test")
    known = (x[3, :, -1] + 1) / 2 * (one.maximum[-1] - one.minimum[-1]) + one.minimum[-1]
    assert known == pytest.approx(sm[s : s + n_steps], abs=1e-6)
    assert one.unscale(y[3]) == pytest.approx(sm[s + n_steps], abs=1e-6)
    assert one.maximum[-1] == sm[:validation].max()


def test_the_paper_s_split_is_the_one_of_its_numbers():
    for n in range(3000):
        assert [part.start for part in split(n).values()] == [0, int(0.6 * n), int(0.8 * n)]


def test_what_networks_learn_from_is_told_apart_by_split_and_window(site):
    cuts = [{}, {"n_steps": 5}, {"training": 0.5}, {"training": 0.7, "n_steps": 5}]
    prints = [series(site, 0.05, **cut).fingerprint for cut in cuts]
    assert len(set(prints)) == len(cuts)
    assert prints[0] == series(site, 0.05, training=0.6, n_steps=4).fingerprint


def test_a_window_too_long_for_a_part_is_named(site):
    with pytest.raises(DataError, match=r"depth 0.05 m: 0 windows .* test part, at least 1"):
        series(site, 0.05, training=0.9, n_steps=15)


def test_unknown_scaling_and_depth(site):
    with pytest.raises(ParameterError, match="'leaky'; allowed: training, whole"):
        series(site, 0.05, "leaky")
    with pytest.raises(DataError, match=r"no probe at 0\.3 m; allowed: 0\.05"):
        series(site, 0.3)


PAPER = Settings(epochs=3, first_choice=1)


def drawn(seeds, n_windows, first=0, n_steps=1, batch=50):
    return batches(torch.tensor(seeds), torch.tensor(n_windows), first, n_steps, batch)


def test_without_replacement_and_within_the_windows():
    chosen = drawn([seed_of("a"), seed_of("b"), seed_of("c")], [50, 60, 1075], 0, 200)
    assert chosen.shape == (200, 3, 50)
    assert all(len(row.unique()) == 50 for row in chosen.flatten(0, 1))
    assert chosen.min() == 0
    assert chosen.amax((0, 2)).tolist() == [49, 59, 1074]


def test_every_window_as_often_as_every_other():
    chosen = drawn([seed_of("uniform")], [80], 0, 4000)
    counts = np.bincount(chosen.flatten().numpy(), minlength=80)
    assert stats.chisquare(counts).pvalue > 0.001
    # Fifty of eighty without replacement spread less than fifty draws with it would.
    assert stats.chisquare(counts).pvalue < 1 - 1e-12


def test_pairs_of_windows_as_often_as_every_other_pair():
    chosen = drawn([seed_of("pairs")], [10], 0, 9000, batch=2)[:, 0].sort(-1).values
    counts = np.bincount((chosen[:, 0] * 10 + chosen[:, 1]).numpy(), minlength=100)
    pairs = counts.reshape(10, 10)[np.triu_indices(10, 1)]
    assert pairs.sum() == 9000
    assert stats.chisquare(pairs).pvalue > 0.001


def test_steps_and_networks_draw_independently():
    chosen = drawn([seed_of(i) for i in range(40)], [400] * 40, 0, 40, batch=20).flatten(0, 1)
    member = torch.zeros(len(chosen), 400).scatter_(1, chosen, 1.0)
    common = (member @ member.T)[~torch.eye(len(chosen), dtype=torch.bool)]
    assert common.mean().item() == pytest.approx(20 * 20 / 400, abs=0.01)


def test_the_same_beside_others_and_from_a_later_step():
    seeds = [seed_of("x", i) for i in range(5)]
    windows = [100, 200, 300, 400, 500]
    together = drawn(seeds, windows, 0, 30)
    alone = drawn(seeds[3:4], windows[3:4], 0, 30)
    later = drawn(seeds[::-1], windows[::-1], 17, 13)
    assert torch.equal(together[:, 3:4], alone)
    assert torch.equal(together[17:], later.flip(1))


def test_known_bits_so_that_a_change_of_the_law_is_noticed():
    # splitmix64 started at zero, first output, Vigna's reference program: 0xe220a8397b1dcdaf.
    assert _mix(torch.tensor(_GAMMA)).item() % 2**64 == 0xE220A8397B1DCDAF


def test_seed_of_tells_identities_apart():
    seeds = {seed_of(s, d, r) for s in ("A", "B") for d in (0.05, 0.1) for r in range(25)}
    assert len(seeds) == 100
    assert seed_of("ab", "c") != seed_of("a", "bc")
    assert seed_of(1, "A") == seed_of(1, "A")
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_released_judges_by_one_random_batch(several):
    data = ShardData(
        [Task(one, "LSTM") for one in several], Sizes.of([Task(several[2], "")]), "cpu"
    )
    n = len(several[2].starts["validation"])
    starts, weights = data.validation(0, PAPER.but(batch=20, variant="released"))
    assert starts.shape == (3, 20)
    assert torch.allclose(weights, torch.tensor(1 / 20))
    assert set(starts[2].tolist()) < set(several[2].starts["validation"].tolist())
    assert not torch.equal(starts, data.validation(1, PAPER.but(variant="released"))[0])
    # Not the draws of the training batches.
    places = batches(data.seeds, data.n["validation"], 0, 1, 20)[0]
    assert not torch.equal(starts, data.starts["validation"].gather(1, places))
    # Fewer windows than the batch: each counts once, the rest not at all.
    starts, weights = data.validation(0, PAPER.but(batch=n + 9, variant="released"))
    assert (weights[2] > 0).sum() == n
    assert len(set(starts[2][weights[2] > 0].tolist())) == n


def test_paper_judges_by_all_validation_windows(several):
    tasks = [Task(one, "LSTM") for one in several]
    starts, weights = ShardData(tasks, Sizes.of(tasks), "cpu").validation(0, PAPER)
    for k, one in enumerate(several):
        assert starts[k][weights[k] > 0].tolist() == one.starts["validation"].tolist()
    assert torch.allclose(weights.sum(1), torch.ones(3))


def test_settings_of_a_profile_cut_short_still_choose():
    settings = Settings.of(profile("quick"), 5, "paper")
    assert (settings.epochs, settings.first_choice, settings.steps) == (5, 5, 100)
