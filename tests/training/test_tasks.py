"""Batches: without replacement, uniform, and a network's own whatever is beside it; settings."""

import numpy as np
import pytest
import torch
from scipy import stats

from soilbook.settings import profile
from soilbook.training import Settings, Task
from soilbook.training.tasks import _GAMMA, ShardData, Sizes, _mix, batches, seed_of

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
