"""Tables of scores: columns of the contract, published values beside, verdicts."""

import numpy as np
import pytest

from soilbook import published, tables

NAMES = ["persistence", "climatology", "1D-CNN", "LSTM", "Transformer"]


@pytest.fixture
def scores(made):
    return made(dict(zip(NAMES, (0.9, -0.2, 0.93, 0.95, 0.92), strict=True)))


def test_tidy_has_the_columns_of_the_contract_and_the_printed_values(scores):
    table = tables.scores.tidy(scores, "3")
    columns = "model depth_m lead_d reading r2 r2_low r2_high rmse n_sites n_repetitions"
    assert table.columns.tolist() == [*columns.split(), "r2_published", "verdict"]
    assert len(table) == 5 * 5 * 3 * 2
    assert table["model"].drop_duplicates().tolist() == NAMES
    row = table[
        (table["model"] == "LSTM") & (table["depth_m"] == 0.5) & (table["lead_d"] == 7)
    ].set_index("reading")
    assert row.loc["pooled", "r2_published"] == published.r2("LSTM", 0.5, 7) == 0.749
    assert np.isnan(row.loc["at_lead", "r2_published"])
    assert row.loc["pooled", "verdict"] == "exceeded"


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"),
    [
        (0.91, 0.95, 0.90, "exceeded"),
        (0.91, 0.95, 0.93, "reproduced"),
        (0.91, 0.95, 0.96, "not"),
        (0.91, 0.95, np.nan, ""),
        (np.nan, np.nan, 0.9, "not testable"),
    ],
)
def test_verdicts(low, high, printed, expected):
    assert tables.scores.verdict(low, high, printed) == expected


def test_side_by_side_shows_run_reference_and_print(scores):
    table = tables.scores.tidy(scores, "3")
    reference = table.assign(r2=0.5)
    wide = tables.scores.side_by_side(table, reference)
    assert wide.shape == (15 * 5, 5)
    row = wide.loc[("0.50 m", "7 d", "LSTM")]
    assert (row["published"], row["verdict"]) == ("0.749", "exceeded")
    assert row["observed reference"] == "0.500"
    assert wide.xs("climatology", level="model")["this run"].eq("(-)").all()
    assert wide.xs("persistence", level="model")["published"].eq("").all()
    assert wide.index.get_level_values("model")[:5].tolist() == NAMES
    at_lead = tables.scores.side_by_side(table, reading="at_lead")
    assert at_lead.columns.tolist() == ["this run", "95 % interval"]


def test_variants_stand_side_by_side_below_each_model(scores):
    table = tables.scores.tidy(scores, "3")
    runs = {"text": table, "program": table.assign(r2=0.25), "absent": None}
    both = tables.scores.variants(runs)
    n_printed = 3 * 5 * 3
    assert both["variant"].value_counts().to_dict() == {"text": n_printed, "program": n_printed}
    assert set(both["reading"]) == {"pooled"}
    wide = tables.scores.variants_side_by_side(both)
    assert wide.shape == (15, 9) and not wide.isna().any(axis=None)
    row = wide.loc[("0.50 m", "7 d"), "LSTM"]
    assert row[["published", "program"]].tolist() == ["0.749", "0.250"]
    value = table.set_index(["model", "depth_m", "lead_d", "reading"])["r2"]
    assert row["text"] == f"{value['LSTM', 0.5, 7, 'pooled']:.3f}"
    assert tables.scores.variants_side_by_side(tables.scores.variants({"text": None})).empty


def test_ranking_counts_cells_above_persistence(scores):
    ranking = tables.scores.ranking(scores)
    assert ranking["model"].tolist()[0] == "LSTM"
    counts = ranking.set_index("model")["cells above persistence"]
    assert counts["LSTM"] == 15
    assert counts["persistence"] == counts["climatology"] == 0


def test_persistence_against_print_counts_printed_models(scores):
    table = tables.scores.persistence_against_print(scores)
    deep = table[(table["depth_m"] == 0.5) & (table["lead_d"] == 7)].iloc[0]
    assert deep["best printed model"] == "GAN-LSTM"
    assert deep["printed models below persistence"] == deep["printed models"] == 13
