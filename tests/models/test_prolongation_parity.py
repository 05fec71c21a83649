"""The three ways to compute eqs 1-8 agree, and the comparison would see it if they did not."""

import torch

from soilbook.models.prolongation import PlainProlongation
from soilbook.models.prolongation_fast import Prolongation
from soilbook.models.prolongation_parity import LibraryProlongation, _row, largest_differences


def test_all_ways_agree_to_rounding():
    table = largest_differences(5, 16, n_batch=4, n_steps=20)
    assert table["ways"].tolist() == ["fast - plain", "fast - plain", "nn.LSTM - plain"]
    assert table["dropout"].tolist() == [0.5, 0.0, 0.0]
    assert (table[["moisture", "gradient"]] < 1e-5).all(axis=None)


def test_another_network_differs():
    x = torch.randn(2, 9, 5)
    plain, other = PlainProlongation(5, 8, 0.0), Prolongation(5, 8, 0.0)
    with torch.no_grad():
        row = _row("other", 0.0, (plain(x), plain(x)), (other(x), LibraryProlongation(other)(x)))
    assert row["moisture"] > 1e-2
