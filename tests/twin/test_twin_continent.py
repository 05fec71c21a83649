"""The twin of study 2: its faces keep their contracts, its truth keeps its water."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from soilbook import schema
from soilbook.errors import ParameterError
from soilbook.physics.soil import Soil
from soilbook.twin import continent, land, soil
from soilbook.twin.ground import Ground, schedule
from soilbook.twin.streams import stream


def test_grid_keeps_the_contract(made):
    grid = made.grid
    assert grid.attrs["track"] == "twin" and "synthetic" in grid.attrs["source"]
    assert set(grid.data_vars) == {
        *schema.FORCING, *schema.ATTRIBUTES, "sm_smap", "sm_smap_rootzone",
    }  # fmt: skip
    assert set(grid.coords) == {"pixel", "time", "latitude", "longitude", "row", "column"}
    assert grid["time"].values[[0, -1]].astype("datetime64[D]").astype(str).tolist() == [
        "2010-01-01",
        "2018-03-31",
    ]
    schema.check_grid(grid, "twin")
    for name in (*schema.FORCING, *schema.ATTRIBUTES):
        assert bool(grid[name].notnull().all()), name
    before = grid.sel(time=slice(None, "2015-03-31"))
    assert bool(before["sm_smap"].isnull().all())
    assert bool(before["sm_smap_rootzone"].isnull().all())
    after = grid["sm_smap_rootzone"].sel(time=slice("2015-04-01", None))
    assert bool(after.notnull().all())


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParameterError, match="core, sparse"):
        continent.insitu("dense")


def test_water_is_conserved_day_by_day(made):
    t = made.truth
    stored = (t["storage"] + t["snow"]).diff("time")
    left = t["evapotranspiration"] + t["runoff"] + t["drainage"]
    gained = (t["precipitation"] - left).isel(time=slice(1, None))
    assert float(np.abs(stored - gained).max()) < 1e-6
    assert float(t["precipitation"].mean()) > 1


def test_moisture_stays_between_air_dry_soil_and_pores(world):
    pores = land.soil_columns(world.space, world.nature).soil
    high, low = pores.porosity[:, :1], pores.residual[:, :1]
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


def test_root_zone_stays_near_where_it_started(made):
    """The spin-up is over: no drift that all places share."""
    years = made.truth["sm_rootzone"].resample(time="YS").mean().isel(time=slice(0, 8))
    slope = np.polyfit(np.arange(8), years.values.T, 1)[0] / years.mean("time").values
    assert np.median(np.abs(slope)) < 0.03
    assert abs(np.median(slope)) < 0.015


def test_places_do_not_feel_each_other(world):
    columns = land.soil_columns(world.space, world.nature)
    start = columns.soil.field_capacity
    runs = []
    for n in (2, 5):
        top = Ground(*(getattr(world.ground, f.name)[:120, :n] for f in fields(Ground)))
        pores = Soil(*(getattr(columns.soil, f.name)[:n] for f in fields(Soil)[:4]))
        few = soil.columns(pores, columns.roots[:n], columns.thickness)
        steps = [schedule(stream(0, str(k)), top.supply[:, k]) for k in range(n)]
        warmth = world.climate.mean_temperature[:n]
        sand = world.nature.sand[:n]
        runs.append(soil.simulate(top, steps, few, land.THICKNESS, sand, warmth, start[:n]))
    np.testing.assert_array_equal(runs[0].moisture, runs[1].moisture[:, :2])
    assert np.abs(runs[0].moisture[:, 0] - runs[0].moisture[:, 1]).max() > 0.01


def test_the_truth_shares_no_code_with_the_models_that_are_judged_by_it():
    files = list(Path(continent.__file__).parent.glob("*.py"))
    assert len(files) > 5
    for file in files:
        text = file.read_text()
        for room in ("landsurface", "models", "training"):
            assert f"soilbook.{room}" not in text and f"import {room}" not in text, file.name
