"""The table of section III-A."""

import numpy as np
import pytest
import xarray as xr

from soilbook.tables import core_sites

PRODUCTS = ["SMAP", "LSTM", "Comb"]


@pytest.fixture
def scores() -> xr.Dataset:
    """Two sites, the first without a root zone; SMAP has no prelaunch days."""
    dims = "product", "layer", "place", "period"
    values = np.arange(24, dtype=float).reshape(3, 2, 2, 2) / 100
    values[0, :, :, 0] = np.nan
    values[:, 1, 0] = np.nan
    return xr.Dataset(
        {name: (dims, values) for name in ("bias", "ubrmse", "r", "n_days")},
        {
            "product": PRODUCTS,
            "layer": ["surface", "rootzone"],
            "place": ["Walnut Gulch", "Carman"],
            "period": ["PL", "AL"],
        },
    )


def test_rows_go_site_by_site_and_have_scores(scores):
    table = core_sites.tidy(scores)
    assert table["site"].drop_duplicates().tolist() == ["Walnut Gulch", "Carman"]
    assert len(table) == 5 + 10 and table["ubrmse"].notna().all()


def test_the_printed_value_stands_where_the_paper_prints_one(scores):
    table = core_sites.tidy(scores).dropna(subset=["ubrmse_published"])
    found = table.set_index(["site", "layer", "period", "product"])["ubrmse_published"].to_dict()
    assert found == {
        ("Carman", "surface", "AL", "LSTM"): 0.059,
        ("Carman", "surface", "PL", "LSTM"): 0.069,
        ("Walnut Gulch", "surface", "AL", "LSTM"): 0.028,
        ("Walnut Gulch", "surface", "PL", "LSTM"): 0.035,
    }


def test_side_by_side_has_a_column_for_each_product_and_period(scores):
    wide = core_sites.side_by_side(core_sites.tidy(scores))
    assert wide["layer"].tolist() == ["surface"] * 6 + ["rootzone"] * 3
    row = wide[(wide["site"] == "Carman") & (wide["score"] == "ubRMSE")].iloc[0]
    assert row["LSTM PL"] == float(scores["ubrmse"].sel(
        product="LSTM", period="PL", place="Carman", layer="surface"
    ))  # fmt: skip
    assert row["LSTM PL, published"] == 0.069
    assert wide.loc[wide["score"] == "R", "LSTM PL, published"].isna().all()


def test_places_that_the_paper_does_not_name_have_no_printed_column(scores):
    scores = scores.assign_coords(place=["A", "B"])
    wide = core_sites.side_by_side(core_sites.tidy(scores))
    assert not [name for name in wide.columns if "published" in name]
