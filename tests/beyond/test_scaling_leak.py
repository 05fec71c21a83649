"""The leak of scaling by the whole record."""

import numpy as np
import pytest
import xarray as xr

from soilbook import data
from soilbook.beyond import scaling_leak as leak
from soilbook.errors import ParameterError


def test_both_scalings_are_scored_and_the_variant_sets_the_default(small, store):
    one = small.but(models=("1D-CNN",))
    result = leak.scores(one, store)
    assert result["site_r2"].sel(model="1D-CNN").notnull().all()
    assert result["scaling"].values.tolist() == ["training", "whole"]
    same = result["site_r2"].sel(scaling="training") == result["site_r2"].sel(scaling="whole")
    assert not same.all()
    assert one.resolve().scaling == "training"
    assert one.but(variant="released").resolve().scaling == "whole"
    table = leak.gain(result)
    assert len(table) == 2 * 3
    row = table.iloc[0]
    assert row["r2_whole"] - row["r2_training"] == pytest.approx(row["difference"], abs=1e-6)


def test_a_leak_of_known_size_is_found():
    random = np.random.default_rng(0)
    base = random.uniform(0.8, 0.9, (1, 12, 1, 3))
    added = np.array([0.02, 0.0, -0.01]) + random.normal(0, 0.001, (1, 12, 1, 3))
    result = xr.Dataset(
        {
            "site_r2": (
                ("scaling", "model", "site", "depth", "lead"),
                np.stack([base, base + added]),
            )
        },
        {
            "scaling": ["training", "whole"],
            "model": ["LSTM"],
            "site": [f"s{i}" for i in range(12)],
            "depth": [0.05],
            "lead": [1, 3, 7],
        },
    )
    table = leak.gain(result).set_index("lead_d")
    assert table["difference"].values == pytest.approx([0.02, 0.0, -0.01], abs=0.001)
    assert table.loc[1, "verdict"] == "better"
    assert table.loc[3, "verdict"] == "no difference shown"
    assert table.loc[7, "verdict"] == "worse"


def test_days_outside_the_training_range_are_counted(small, store):
    table = leak.outside(small, store)
    assert table["depth_m"].tolist() == [0.05, 1.0]
    assert table["n_sites"].tolist() == [2, 2]
    shares, excesses = [], []
    for site in small.sites:
        sm = data.load(site, "twin")["sm"].sel(depth=0.05).values.astype(float)
        parts = sm[: int(0.6 * len(sm))], sm[int(0.8 * len(sm)) :]
        training, test = (part[np.isfinite(part)] for part in parts)
        beyond = np.maximum(training.min() - test, test - training.max())
        shares.append((beyond > 0).mean())
        excesses.append(max(0, beyond.max()) / np.ptp(training))
    row = table.iloc[0]
    assert row["share_outside_mean"] == pytest.approx(np.mean(shares), abs=2e-3)
    assert row["share_outside_largest"] == pytest.approx(max(shares), abs=2e-3)
    assert row["largest_excess_of_the_range"] == pytest.approx(max(excesses), abs=1e-4)
    assert max(excesses) > 0.001


def test_an_unknown_scaling_is_told(small):
    with pytest.raises(ParameterError, match="unknown scaling 'none'; allowed: "):
        small.but(scaling="none")
