from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from soilbook.data import twin, twin_smap
from soilbook.data.twin.soil import Hydraulics
from soilbook.data.twin_smap import physics
from soilbook.data.twin_smap.nature import Nature
from soilbook.data.twin_smap.soil import EDGES, WATER_LAYERS, shares, soil
from soilbook.data.twin_smap.weather import Weather


def part(thing, keep: slice, days: slice = slice(None)):
    """Some of the places (and days) of Weather, Nature or Hydraulics."""
    made = {}
    for field in fields(thing):
        values = getattr(thing, field.name)
        if field.name == "attributes":
            made[field.name] = {name: one[keep] for name, one in values.items()}
        elif isinstance(thing, Weather):
            made[field.name] = values[days, keep]
        else:
            made[field.name] = values[keep]
    return replace(thing, **made)


def test_water_is_conserved_day_by_day(made):
    t = made.truth
    stored = (t["storage"] + t["snow"]).diff("time")
    left = t["evapotranspiration"] + t["runoff"] + t["drainage"]
    gained = (t["precipitation"] - left).isel(time=slice(1, None))
    assert float(np.abs(stored - gained).max()) < 1e-6
    assert float(t["precipitation"].mean()) > 1


def test_moisture_stays_between_air_dry_soil_and_pores(world):
    pores = soil(world.space, world.nature)
    high, low = (np.asarray(one)[:, None] for one in (pores.saturation[:, 0], pores.residual[:, 0]))
    moisture = world.truth.moisture
    assert (moisture <= high + 1e-5).all() and (moisture >= low - 1e-5).all()
    assert np.isfinite(moisture).all() and np.isfinite(world.truth.morning).all()


def test_the_surface_moves_more_than_the_root_zone(made):
    t = made.truth
    surface, rootzone = t["sm_surface"].std("time"), t["sm_rootzone"].std("time")
    assert float((surface > rootzone).mean()) > 0.9
    memory = [
        float(np.median([np.corrcoef(v[1:], v[:-1])[0, 1] for v in t[name].values]))
        for name in ("sm_surface", "sm_rootzone")
    ]
    assert memory[0] < memory[1]


def test_places_do_not_feel_each_other(world):
    days = slice(0, 120)
    pores = soil(world.space, world.nature)
    runs = []
    for n in (2, 5):
        keep = slice(0, n)
        hydraulics: Hydraulics = part(pores, keep)
        nature: Nature = part(world.nature, keep)
        runs.append(physics.simulate(part(world.weather, keep, days), nature, hydraulics))
    np.testing.assert_allclose(runs[0].moisture, runs[1].moisture[:, :2], atol=1e-6)
    assert np.abs(runs[0].moisture[:, 0] - runs[0].moisture[:, 1]).max() > 0.01


def test_root_zone_stays_near_where_it_started(made):
    """The spin-up is over: no drift that all places share."""
    years = made.truth["sm_rootzone"].resample(time="YS").mean().isel(time=slice(0, 8))
    slope = np.polyfit(np.arange(8), years.values.T, 1)[0] / years.mean("time").values
    assert np.median(np.abs(slope)) < 0.03
    assert abs(np.median(slope)) < 0.015


def test_layers_make_up_the_depth_asked_for():
    assert shares(0.05).sum() == pytest.approx(1)
    thickness = np.diff(EDGES[: WATER_LAYERS + 1])
    np.testing.assert_allclose(shares(1.0)[:8], thickness[:8])
    assert shares(1.0)[8] == pytest.approx(1 - EDGES[8])
    assert (shares(1.0)[9:] == 0).all()


@pytest.mark.parametrize("package", [twin, twin_smap])
def test_the_truth_shares_no_code_with_the_models_that_are_judged_by_it(package):
    files = list(Path(package.__file__).parent.glob("*.py"))
    assert len(files) > 5
    for file in files:
        text = file.read_text()
        for room in ("landsurface", "models", "training"):
            assert f"soilbook.{room}" not in text and f"import {room}" not in text, file.name
