"""Tables: numbers as a reader wants them, paired differences and claims short enough for a page, R2
in the papers' shape."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilbook import metrics
from soilbook.book import tables

MODELS = ["persistence", "climatology", "LSTM", "1D-CNN"]


@pytest.fixture
def frame() -> pd.DataFrame:
    """Four models, two depths, three leads, both readings; values of known order."""
    rows = []
    for i, model in enumerate(MODELS):
        for depth in (1.0, 0.05):
            for lead in (1, 3, 7):
                value = 0.8 + 0.02 * i - 0.01 * lead
                for reading in ("at_lead", "pooled"):
                    printed = 0.85 if i > 1 and reading == "pooled" else np.nan
                    row = (model, depth, lead, reading, value, value - 0.1, value + 0.1, printed)
                    rows.append(row)
    names = ["model", "depth_m", "lead_d", "reading", "r2", "r2_low", "r2_high", "r2_published"]
    return pd.DataFrame(rows, columns=names).assign(verdict="reproduced")


def shape(markup: str) -> tuple[int, int]:
    """Rows and columns of the body of the first table."""
    body = re.search(r"<tbody>(.*?)</tbody>", markup, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return len(rows), len(re.findall("<td", rows[0]))


def test_rows_are_depths_and_columns_models_by_leads_with_persistence_last(frame):
    markup = tables.scores(frame)
    assert shape(markup) == (2, 9)
    heads = re.findall(r'level0 col\d+"[^>]*>([^<]+)<', markup)
    assert heads == ["LSTM", "1D-CNN", "persistence"]
    depths = re.findall(r"\d\.\d\d m", markup)
    assert depths[:2] == ["0.05 m", "1.00 m"]


def test_a_cell_has_the_run_large_print_small_and_the_interval_on_hover(frame):
    markup = tables.scores(frame)
    cell = '<span title="95 % interval 0.730 to 0.930">0.830</span><small>0.850</small>'
    assert cell in markup
    assert markup.count("<small>") == 12, "persistence is not printed"


def tint(difference: float, frame) -> str:
    frame = frame.assign(r2_published=np.where(frame["model"] == "LSTM", 0.85, np.nan))
    frame["r2"] = np.where(frame["model"] == "LSTM", 0.85 + difference, frame["r2"])
    (found,) = set(re.findall(r"background-color: (rgba\([^)]*\))", tables.scores(frame)))
    return found


def test_the_tint_tells_sign_and_size_of_the_difference_to_print(frame):
    assert tint(0.05, frame).startswith("rgba(0,114,178")
    assert tint(-0.05, frame).startswith("rgba(213,94,0")
    assert tint(0.1, frame) == tint(0.3, frame) == f"rgba({tables.ABOVE},{tables.DEEPEST})"
    assert tint(0.01, frame) != tint(0.05, frame)


def test_the_best_of_each_depth_and_lead_is_bold_persistence_included(frame):
    def bold(frame):
        style = tables.scores(frame).split("</style>")[0]
        rules = [rule for rule in style.split("}") if "font-weight: bold" in rule]
        return {int(n) for rule in rules for n in re.findall(r"_row0_col(\d+)", rule)}

    assert bold(frame) == {3, 4, 5}
    frame.loc[frame["model"] == "persistence", "r2"] = 0.99
    assert bold(frame) == {6, 7, 8}


def test_two_tables_of_a_page_do_not_share_their_looks(frame):
    one, other = (tables.scores(part) for part in (frame, frame.assign(r2=frame["r2"] - 0.05)))
    name = re.compile(r"#T_(\w+?)_row0")
    assert not set(name.findall(one)) & set(name.findall(other))


def test_the_long_table_is_folded_and_holds_climatology(frame):
    short, long = tables.scores(frame).split("<details")
    assert "climatology" not in short and "climatology" in long
    assert long.count("<tr") == 1 + 4 * 2 * 3


def test_more_models_than_a_page_has_room_for_stand_below(frame):
    names = [f"network {i}" for i in range(6)]
    one = frame[frame["model"] == "LSTM"]
    many = pd.concat([frame, *(one.assign(model=name) for name in names)])
    tables_ = re.findall(r"<table [^>]*soilbook-scores.*?</table>", tables.scores(many), re.DOTALL)
    heads = [re.findall(r'level0 col\d+"[^>]*>([^<]+)<', one) for one in tables_]
    assert heads == [
        ["LSTM", "1D-CNN", *names[:2], "persistence"], [*names[2:], "persistence"],
    ]  # fmt: skip


def test_a_reading_alone_is_shown_without_print(frame):
    markup = tables.scores(frame[frame["reading"] == "at_lead"])
    assert "<small>" not in markup and "as printed" not in markup


def test_a_missing_cell_is_a_dash_and_a_name_is_not_markup(frame):
    part = frame.replace("LSTM", "<i>mine</i>")
    part = part[~((part["model"] == "1D-CNN") & (part["lead_d"] == 7))]
    markup = tables.scores(part)
    assert ">–</td>" in markup and "&lt;i&gt;mine" in markup and "<i>mine" not in markup


def kinds(frame) -> dict[str, pd.DataFrame]:
    """The same scores as of three kinds of data, each lower than the one before."""
    lower = {"archive": 0.0, "observed": 0.1, "twin": 0.2}
    return {
        kind: frame.assign(r2=frame["r2"] - less, n_sites=30 - int(100 * less))
        for kind, less in lower.items()
    }


def test_print_and_three_kinds_of_data_stand_in_four_columns(frame):
    found = tables.side_by_side(kinds(frame))
    values = [name for name in found if name.startswith("r2_")]
    assert values == ["r2_printed", "r2_archive", "r2_observed", "r2_twin"]
    assert len(found) == 4 * 2 * 3, "the pooled reading alone"
    row = found.set_index(["model", "depth_m", "lead_d"]).loc[("LSTM", 0.05, 3)]
    assert row[values].tolist() == pytest.approx([0.85, 0.81, 0.71, 0.61])
    shown = tables.beside(found)
    assert list(shown)[:3] == ["depth", "lead", "model"]
    assert list(shown)[3:] == [
        "print", "the authors' rows (30 sites)", "public observations (20 sites)",
        "twin (10 sites)",
    ]  # fmt: skip
    row = shown.set_index(["model", "depth", "lead"]).loc[("LSTM", "0.05 m", "3 d")]
    assert row.tolist() == ["0.850", "0.810", "0.710", "0.610"]
    assert shown["depth"].tolist() == ["0.05 m"] * 12 + ["1.00 m"] * 12


def test_a_column_that_is_not_there_is_absent_and_a_cell_that_is_not_a_dash(frame):
    parts = kinds(frame)
    del parts["observed"]
    parts["twin"] = parts["twin"][parts["twin"]["model"] != "LSTM"]
    parts["archive"] = parts["archive"].assign(r2_published=np.nan)
    found = tables.side_by_side(parts)
    shown = tables.beside(found)
    assert list(shown)[3:] == ["the authors' rows (30 sites)", "twin (10 sites)"]
    assert set(shown.loc[shown["model"] == "LSTM", "twin (10 sites)"]) == {"–"}
    assert list(tables.beside(tables.side_by_side({"archive": parts["archive"]})))[3:] == [
        "the authors' rows (30 sites)"
    ]


def test_rows_of_other_data_that_this_run_does_not_have_are_left_out(frame):
    parts = kinds(frame)
    parts["archive"] = parts["archive"][parts["archive"]["model"] == "LSTM"]
    found = tables.side_by_side(parts)
    assert set(found["model"]) == {"LSTM"} and found.notna().all().all()


def test_only_scores_of_one_run_and_variant_are_laid_out_so(frame):
    assert tables.is_scores(frame)
    assert not tables.is_scores(frame.assign(variant="paper"))
    assert not tables.is_scores(frame.drop(columns="r2_low")) and not tables.is_scores(frame[:0])
    assert "soilbook-scores" not in tables.laid_out(frame.drop(columns="r2_low"))


def test_a_long_table_is_folded_and_a_short_one_is_not():
    numbers = pd.DataFrame({"n": range(tables.LONG + 1)})
    assert tables.table(numbers).startswith(
        "<details"
    ) and f"{tables.LONG + 1} rows" in tables.table(numbers)
    assert "<details" not in tables.table(numbers[:-1])


def compared():
    """A model better at all of ten sites, one that is not there, and one with a single outlier."""
    base = xr.DataArray(np.linspace(0.5, 0.7, 10), dims="site")
    gain = np.full(10, 0.01)
    odd = np.where(np.arange(10) == 0, 1.0, -0.01)
    scores = xr.concat(
        [base + gain, base * np.nan, base + odd], pd.Index(["a", "b", "c"], name="model")
    )
    return metrics.compare(scores, base)


def test_a_row_reads_as_a_sentence():
    shown = tables.for_reading(compared()).set_index("model")
    assert list(shown.columns) == ["difference [95 %]", "p", "better at", "verdict"]
    first = shown.loc["a"]
    assert first["difference [95 %]"] == "+0.010 [+0.010, +0.010]"
    assert first["better at"] == "10 of 10" and first["verdict"] == "better"
    assert first["p"] == "0.004"  # 2 / 2 ** 10, twice


def test_a_reason_stands_with_its_verdict_and_what_is_missing_is_a_dash():
    shown = tables.for_reading(compared()).set_index("model")
    assert shown.loc["b", "difference [95 %]"] == shown.loc["b", "p"] == "–"
    assert shown.loc["b", "verdict"].startswith("not testable (")
    assert "a few sites dominate" in shown.loc["c", "verdict"]
    sure = tables.for_reading(compared().assign(p_corrected=1e-7))
    assert set(sure["p"]) == {"<0.001"}


def test_two_products_share_a_column():
    table = compared().rename(columns={"model": "product"})
    table.insert(1, "against", "Noah")
    shown = tables.for_reading(table)
    assert shown["product"][0] == "a − Noah" and "against" not in shown


def test_what_a_table_has_besides_stays_and_the_table_itself_is_not_touched():
    table = compared().rename(columns={"n_sites": "n_places"}).drop(columns="reason")
    table.insert(0, "layer", "surface")
    before = table.copy()
    shown = tables.for_reading(table)
    assert list(shown.columns[:2]) == ["layer", "model"] and "better at" in shown
    pd.testing.assert_frame_equal(table, before)


def test_small_differences_have_a_decimal_more():
    table = compared().iloc[[0, 0]].assign(difference=[0.0113, 0.2], low=-0.00021, high=0.1)
    texts = tables.for_reading(table)["difference [95 %]"]
    assert texts.iloc[0] == "+0.011 [-0.000, +0.100]"
    texts = tables.for_reading(table.assign(difference=[0.0113, 0.02]))
    assert texts["difference [95 %]"].iloc[0] == "+0.0113 [-0.0002, +0.1000]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (1234.56, "1234.6"), (2.5e6, "2.5e+06"), (0.0004, "0.0004"), (0.0, "0.000")],
)
def test_very_large_and_very_small_numbers_stay_legible(value, text):
    assert tables.number(value) == text


def test_decimals_go_by_size_whatever_the_sign():
    assert tables.decimals(pd.Series([-0.512, -0.633])) == 3
    assert tables.decimals(pd.Series([-0.0512, 0.0333])) == 4


def test_a_claim_that_counts_has_no_decimals():
    row = {"claim": "c", "published": 3.0, "reproduced": 0.25, "low": 0.1, "high": 0.3}
    markup = tables.verdicts(pd.DataFrame([{**row, "verdict": "not", "why": "w"}]))
    assert ">3</td>" in markup and ">0.250</td>" in markup and "0.100 to 0.300" in markup


def test_a_value_and_its_interval_share_a_column():
    table = pd.DataFrame(
        {"model": ["a", "b"],
         "r": [0.5, np.nan], "r_low": [0.41234, np.nan], "r_high": [0.6, np.nan],
         "difference": [0.0123, -0.01], "low": [0.001, -0.02], "high": [0.02, 0.0]}
    )  # fmt: skip
    shown = tables.with_intervals(table)
    assert list(shown.columns) == ["model", "r", "difference"]
    assert shown["r"].tolist() == ["0.500 [0.412, 0.600]", "–"]
    assert shown["difference"].tolist()[0] == "0.0123 [0.0010, 0.0200]"
    assert "r_low" in table, "the table itself is not touched"


@pytest.mark.parametrize(
    ("rows", "columns", "folded"), [(40, 14, False), (41, 2, True), (2, 15, True)]
)
def test_what_is_too_long_or_too_wide_is_folded(rows, columns, folded):
    markup = tables.table(pd.DataFrame(np.ones((rows, columns))))
    assert markup.startswith("<details") == folded
    assert ("soilbook-many" in markup) == (columns > tables.MANY)


def test_a_column_of_sentences_has_room_and_no_other():
    made = tables.table(pd.DataFrame({"claim": ["T-1"], "why": ["a " * 40], "n": [3]}))
    heads = dict(re.findall(r"<th([^>]*)>(\w+)</th>", made))
    widths = {name: "min-width" in look for look, name in heads.items()}
    assert widths.pop("why") and not any(widths.values())
    several = pd.DataFrame([["a " * 40]], columns=pd.MultiIndex.from_tuples([("x", "y")]))
    assert "min-width" not in tables.table(several)


def test_a_claim_tells_its_verdict_first_and_names_its_columns_for_cards():
    row = {"claim": "c", "published": 3.0, "reproduced": 0.25, "low": 0.1, "high": 0.3}
    markup = tables.verdicts(pd.DataFrame([{**row, "verdict": "not testable", "why": "w"}]))
    labels = re.findall(r'data-label="(\w+)"', markup)
    assert labels == ["verdict", "claim", "published", "reproduced", "interval", "why"]
    assert "soilbook-verdict-not-testable" in markup
    unknown = pd.DataFrame([{**row, "verdict": "of older code", "why": "w"}])
    assert "of older code</td>" in tables.verdicts(unknown)
