"""What section III-A shows of the core sites."""

import numpy as np
import pytest
import xarray as xr

from soilbook.errors import ParameterError
from soilbook.studies.smap import core_sites, hindcast


def made(names) -> xr.Dataset:
    """A hindcast in which every product is in situ plus a constant, SMAP each second day."""
    days = np.arange("2014-01-01", "2017-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
    random = np.random.default_rng(0)
    insitu = 0.2 + 0.05 * random.normal(size=(2, len(names), days.size))
    insitu[1, 0] = np.nan
    sm = np.stack([insitu + 0.01 * (k + 1) for k in range(len(hindcast.PRODUCTS))])
    sm[0, :, :, ::2] = np.nan
    sm[0, :, :, days < np.datetime64("2015-04-01")] = np.nan
    dims = "layer", "place", "time"
    return xr.Dataset(
        {"sm": (("product", *dims), sm), "insitu": (dims, insitu)},
        {
            "product": list(hindcast.PRODUCTS),
            "layer": list(hindcast.LAYERS),
            "place": names,
            "time": days,
            "period": ("time", hindcast.period(days)),
            "pixel": ("place", np.arange(len(names))),
        },
        {"data": "twin", "kind": "core"},
    )


def test_surface_series_are_anomalies_of_the_whole_record_at_the_papers_sites():
    result = made(["Carman", "Elsewhere", "Fort Cobb"])
    found = core_sites.series(result, "surface", "2014-06-01", "2015-05-31")
    assert found["place"].values.tolist() == ["Carman", "Fort Cobb"]
    assert found["series"].values.tolist() == ["SMAP", "LSTM", "Noah", "in situ"]
    assert found.sizes["time"] == 365
    own = result["insitu"].sel(layer="surface", place="Carman")
    expected = (own - own.mean()).sel(time=found["time"])
    for name in ("LSTM", "in situ"):
        np.testing.assert_allclose(found["sm"].sel(series=name, place="Carman"), expected)


def test_root_zone_series_keep_their_level_and_leave_out_sites_without():
    result = made(["Little Washita", "South Fork"])
    found = core_sites.series(result, "rootzone", "2014-06-01", "2014-06-30")
    assert found["place"].values.tolist() == ["South Fork"]
    gap = found["sm"].sel(series="Noah") - found["sm"].sel(series="in situ")
    np.testing.assert_allclose(gap, 0.03)


def test_stand_ins_are_shown_where_no_site_of_the_paper_is_there():
    found = core_sites.series(made(["A", "B", "C"]), "rootzone", "2016-01-01", "2016-12-31")
    assert found["place"].values.tolist() == ["B", "C"]
    with pytest.raises(ParameterError, match="surface, rootzone"):
        core_sites.series(made(["A"]), "deep", "2016-01-01", "2016-12-31")


@pytest.mark.parametrize("days", [("spring", "2016-01-01"), ("2016-01-01", "2015-01-01")])
def test_days_that_are_none_are_refused_in_one_line(days):
    with pytest.raises(ParameterError, match="2014-01-01 to 2017-03-31"):
        core_sites.series(made(["A"]), "surface", *days)


def test_summary_says_what_stands_in():
    result = made(["A", "B"]).assign_attrs(
        networks=2, epochs=3, root_zone="a filter", land_surface="own models",
        stand_in="stations stand in", left_out="C: no weather",
    )  # fmt: skip
    text = core_sites.summary(result)
    assert text.startswith("2 core sites, 1 of them with a root zone. Networks in the ensemble: 2")
    assert "Stations stand in." in text and "Left out: C." in text


def test_drying_counts_dry_spells_alone_and_in_deviations():
    result = made(["A", "B"])
    days = result.sizes["time"]
    # A saw-tooth that falls for nine days and is wetted on the tenth.
    tooth = np.tile(np.arange(10)[::-1] / 100, days // 10 + 1)[:days]
    rain = xr.DataArray(
        np.tile(np.where(np.arange(days) % 10 == 0, 20.0, 0.0), (2, 1)),
        {"place": ["A", "B"], "time": result["time"]},
        ("place", "time"),
    )
    for name, factor in (("SMAP", 2.0), ("LSTM", 1.0), ("Noah", 1.0), ("VIC", 1.0)):
        result["sm"].loc[{"product": name, "layer": "surface"}] = factor * tooth
    result["insitu"].loc[{"layer": "surface"}] = tooth
    frame = core_sites.drying(result, rain)
    spread = tooth[result["period"].values == "AL"].std()
    np.testing.assert_allclose(frame["in situ"], -0.03 / spread)
    np.testing.assert_allclose(frame["SMAP"], frame["in situ"])
    wet = rain.copy(data=np.full(rain.shape, 5.0))
    assert core_sites.drying(result, wet)["in situ"].isna().all()
