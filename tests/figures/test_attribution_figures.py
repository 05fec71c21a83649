"""Figs 12, 14 and 15: as many panels as asked for, labelled as the paper does."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from soilbook.figures import attribution
from soilbook.schema import FEATURES

GENERATOR = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _values(n_models: int) -> xr.Dataset:
    shape = (n_models, 30, 4, 8)
    phi = GENERATOR.normal(size=shape) * 0.001
    phi[:, :, 3, 7] *= 20
    phi[:, :, 2, 6] *= 10
    dims = ("model", "sample", "step", "feature")
    return xr.Dataset(
        {"phi": (dims, phi), "value": (dims[1:], GENERATOR.normal(size=shape[1:]))},
        coords={
            "model": [f"network {i}" for i in range(n_models)],
            "step": np.arange(1, 5),
            "feature": list(FEATURES),
        },
    )


def test_a_beeswarm_ranks_inputs_and_names_them_by_symbol_and_day(tmp_path):
    figure = attribution.beeswarm(_values(10), n_inputs=6)
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert len(panels) == 10
    assert panels[9].get_title(loc="left") == "(j) network 9"
    names = [text.get_text() for text in panels[0].get_yticklabels()]
    assert names[:2] == ["SM4", "ST3"] and len(names) == 6
    top, bottom = panels[0].get_ylim()[::-1]
    assert top < 0 < 5 < bottom  # the most important input stands at the top
    figure.savefig(tmp_path / "fig.svg")
    assert (tmp_path / "fig.svg").stat().st_size < 1e6


def test_dots_stay_in_their_row_and_are_all_there():
    values = _values(1).isel(model=0)
    figure = attribution.beeswarm(values.drop_vars("model"), n_inputs=3)
    rows = figure.axes[0].collections
    assert len(rows) == 3
    for place, row in enumerate(rows):
        y = row.get_offsets()[:, 1]
        assert len(y) == 30 and np.abs(y - place).max() < 0.5
    np.testing.assert_allclose(
        np.sort(rows[0].get_offsets()[:, 0]), np.sort(values["phi"].values[:, 3, 7])
    )


def test_a_feature_unknown_to_the_schema_keeps_its_name():
    assert attribution.label("soil_temperature", 3) == "ST3"
    assert attribution.label("texture", 1) == "texture1"


def test_a_network_that_uses_nothing_can_be_drawn():
    values = _values(1)
    values["phi"][:] = 0
    values["value"][:] = 1
    assert attribution.beeswarm(values).axes
