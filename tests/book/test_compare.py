"""Two runs, score by score."""

import json

import pandas as pd
import pytest

from soilbook.book import compare
from soilbook.errors import DataError, ParameterError

COLUMNS = ["model", "depth_m", "lead_d", "reading", "r2", "r2_low", "r2_high", "n_sites"]
OLD = [
    ("LSTM", 0.05, 1, "pooled", 0.90, 0.88, 0.92, 2),
    ("LSTM", 0.05, 7, "pooled", 0.70, 0.60, 0.80, 2),
    ("RF", 0.05, 1, "pooled", 0.50, 0.40, 0.60, 2),
]
NEW = [
    ("LSTM", 0.05, 7, "pooled", 0.75, 0.65, 0.85, 2),
    ("LSTM", 0.05, 1, "pooled", 0.95, 0.94, 0.96, 2),
    ("ELM", 0.05, 1, "pooled", 0.55, 0.45, 0.65, 2),
]


def leave(folder, rows, chapter="wang2024/s4_2", **parameters):
    folder.mkdir(parents=True)
    pd.DataFrame(rows, columns=COLUMNS).to_csv(folder / "table_3.csv", index=False)
    stamp = {"chapter": chapter, "parameters": parameters}
    (folder / "provenance.json").write_text(json.dumps(stamp))
    return folder


@pytest.fixture
def runs(tmp_path):
    old = leave(tmp_path / "old", OLD, sites=["A"], seed=0)
    return old, leave(tmp_path / "new", NEW, sites=["A", "B"], seed=0)


def test_scores_are_joined_by_their_keys(runs):
    changed, scores = compare.compare(*runs)
    assert changed == {"wang2024/s4_2": {"sites": (["A"], ["A", "B"])}}
    r2 = scores[scores["score"] == "r2"].set_index("key")
    near = r2.loc["LSTM, 0.05 m, 1 d, pooled"]
    assert near["difference"] == pytest.approx(0.05) and near["intervals"] == "apart"
    assert r2.loc["LSTM, 0.05 m, 7 d, pooled", "intervals"] == "overlap"
    assert pd.isna(r2.loc["RF, 0.05 m, 1 d, pooled", "new"])
    assert pd.isna(r2.loc["ELM, 0.05 m, 1 d, pooled", "old"])
    assert set(scores["score"]) == {"r2", "n_sites"}


def test_text_shows_parameters_and_what_changed(runs):
    text = compare.as_text(*compare.compare(*runs))
    assert "sites: A -> A,B" in text and "LSTM, 0.05 m, 1 d, pooled" in text
    assert "8 scores compared, 2 equal" in text
    old = runs[0]
    same = compare.as_text(*compare.compare(old, old))
    assert "same parameters" in same and "6 scores compared, 6 equal" in same and "->" not in same


def test_scores_that_both_runs_lack_are_equal(tmp_path):
    lacking = [(*OLD[0][:4], None, None, None, 2), OLD[1]]
    runs = [leave(tmp_path / name, lacking) for name in ("a", "b")]
    assert "4 scores compared, 4 equal" in compare.as_text(*compare.compare(*runs))


def test_trees_of_results_are_matched_by_chapter(tmp_path):
    for tree in ("a", "b"):
        leave(tmp_path / tree / "twin/quick/wang2024/s4_2", OLD, seed=0)
        leave(tmp_path / tree / "twin/quick/wang2024/s4_1", OLD, "wang2024/s4_1", seed=0)
        leave(tmp_path / tree / "twin/quick/wang2024/s4_1.previous", NEW, "wang2024/s4_1")
    leave(tmp_path / "b/twin/quick/beyond/one", OLD, "beyond/one")
    changed, scores = compare.compare(tmp_path / "a", tmp_path / "b")
    assert list(changed) == ["wang2024/s4_1", "wang2024/s4_2"]
    assert (scores["difference"] == 0).all()


def test_tables_without_known_keys_are_joined_by_their_words(tmp_path):
    folders = []
    for name, value in (("a", 1.0), ("b", 3.0)):
        folder = leave(tmp_path / name, OLD)
        frame = pd.DataFrame({"variable": ["P", "AT"], "station": ["x", "x"], "mean": [value, 2.0]})
        frame.to_csv(folder / "table_D2.csv", index=False)
        pd.DataFrame({"text": ["only words"]}).to_csv(folder / "table_W.csv", index=False)
        folders.append(folder)
    _, scores = compare.compare(*folders)
    row = scores[(scores["table"] == "D2") & (scores["key"] == "P, x")].iloc[0]
    assert row["difference"] == 2.0 and row["intervals"] == ""
    assert "W" not in set(scores["table"])


def test_rows_with_equal_keys_are_taken_in_order(tmp_path):
    twice = [OLD[0], OLD[0]]
    old = leave(tmp_path / "old", twice)
    new = leave(tmp_path / "new", [OLD[0], (*OLD[0][:4], 0.8, 0.7, 0.9, 2)])
    _, scores = compare.compare(old, new)
    differences = scores[scores["score"] == "r2"]["difference"]
    assert differences.round(6).tolist() == [0.0, -0.1]


def test_runs_without_results_or_without_a_common_chapter(runs, tmp_path):
    with pytest.raises(ParameterError, match="no results in"):
        compare.compare(runs[0], tmp_path / "old" / "nothing")
    other = leave(tmp_path / "other", OLD, "beyond/one")
    with pytest.raises(ParameterError, match="no chapter is in both runs"):
        compare.compare(runs[0], other)
    leave(tmp_path / "many/twin", OLD)
    leave(tmp_path / "many/observed", OLD)
    with pytest.raises(ParameterError, match="more than once"):
        compare.compare(tmp_path / "many", runs[0])


def test_damaged_stamp_and_table_are_named(runs):
    (runs[1] / "table_3.csv").write_bytes(b"")
    with pytest.raises(DataError, match=r"table_3\.csv: not a table"):
        compare.compare(*runs)
    (runs[1] / "provenance.json").write_text("{")
    with pytest.raises(DataError, match=r"provenance\.json: not readable"):
        compare.compare(*runs)


def test_runs_are_found_by_path_and_by_name(tmp_path):
    folder = leave(tmp_path / "results/twin/quick/wang2024/s4_2_basic_networks", OLD)
    leave(tmp_path / "results/twin/quick/wang2024/s4_2_basic_networks.previous", OLD)
    assert compare.resolve(str(folder), None) == folder
    assert compare.resolve("twin/quick/wang2024/s4_2", tmp_path) == folder
    leave(tmp_path / "results/twin/quick/wang2024/s4_2_more", OLD)
    with pytest.raises(ParameterError, match="may be any of: s4_2_basic_networks, s4_2_more"):
        compare.resolve("twin/quick/wang2024/s4_2", tmp_path)
    with pytest.raises(ParameterError, match="no run 'twin/smoke'"):
        compare.resolve("twin/smoke", tmp_path)
