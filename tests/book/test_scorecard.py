"""The scorecard reads what chapters left, and says what has not been run."""

import re
from pathlib import Path

import pandas as pd
import pytest

from soilbook import published
from soilbook.book import scorecard
from soilbook.wang2024 import s3_models as layer_claims

CLAIMS = pd.DataFrame(
    {
        "claim": ["a", "b", "c"],
        "published": [0.1, None, None],
        "reproduced": [0.2, 0.3, None],
        "low": [0.1, 0.2, None],
        "high": [0.3, 0.4, None],
        "verdict": ["reproduced", "not", "not testable"],
        "why": ["x", "y", "z"],
        "not_if": ["", "", ""],
    }
)
SCORES = pd.DataFrame(
    {
        "model": ["LSTM", "1D-CNN", "persistence"],
        "depth_m": 0.05,
        "lead_d": 1,
        "reading": "pooled",
        "r2": [0.95, 0.9, 0.8],
        "r2_low": [0.93, 0.7, 0.7],
        "r2_high": [0.96, 0.99, 0.9],
        "r2_published": [0.943, 0.939, None],
    }
)


class Shelf:
    """A page whose chapters are tables by (chapter, name)."""

    def __init__(self, own, reference, data="observed"):
        self.own, self.known, self.data = own, reference, data

    def other(self, chapter, name):
        return self.own.get((chapter, name))

    def reference_of(self, chapter, name):
        return self.known.get((chapter, name))


OWN = {
    ("wang2024/s4_2_basic_networks", "claims.csv"): CLAIMS,
    ("wang2024/s4_2_basic_networks", "table_3.csv"): SCORES,
}
REFERENCE = {
    ("wang2024/s4_2_basic_networks", "claims.csv"): CLAIMS.assign(
        verdict=["reproduced", "reproduced", "partly"]
    )
}


def test_every_item_has_a_line_also_what_was_not_run():
    table = scorecard.items(Shelf(OWN, {})).set_index("item")
    assert len(table) == len(scorecard.ITEMS["wang2024"])
    assert table.loc["Table 3, Fig 9", "this run"] == (
        "cannot tell: 1 of 1 printed differences have their sign; level within 0.05 in 1 of 2 cells"
    )
    twin = scorecard.items(Shelf(OWN, {}, "twin")).set_index("item")
    assert twin.loc["Table 3, Fig 9", "this run"].startswith("shown: synthetic data")
    assert table.loc["Table 4, Fig 10", "this run"] == "not run"
    assert (table["reference"] == "not run").all()


def test_claims_carry_the_verdict_of_the_reference_run():
    claims = scorecard.claims(Shelf(OWN, REFERENCE))
    assert claims["reference"].tolist() == ["reproduced", "reproduced", "partly"]
    assert claims["why"].iloc[1] == "y; observed reference run: reproduced"
    count = scorecard.count(claims)
    assert count.loc["s4_2_basic_networks", ("observed reference", "reproduced")] == 2
    assert count.loc["s4_2_basic_networks", ("this run", "not")] == 1
    assert count.loc["all chapters"].sum() == 6 and list(count.index)[-1] == "all chapters"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["partly"] * 6 + ["not"], "partly: 6 partly, 1 not"),
        (["not", "not testable"], "not: 1 not, 1 not testable"),
        (["cannot tell", "not testable"], "cannot tell: 1 cannot tell, 1 not testable"),
        (["by construction", "note"], "note: 1 by construction, 1 note"),
        (["exceeded", "reproduced", "note"], "reproduced: 1 exceeded, 1 reproduced, 1 note"),
        (["holds on the twin"], "holds on the twin: 1 holds on the twin"),
        (["does not hold on the twin"], "does not hold on the twin: 1 does not hold on the twin"),
        ([], "not testable: no claim"),
    ],
)
def test_an_item_is_told_with_the_number_of_every_verdict(verdicts, expected):
    assert scorecard._judged(pd.Series(verdicts, dtype=str)) == expected


class Reference(Shelf):
    """A page on a twin beside the committed reference run."""

    root = Path(__file__).parents[2] / "book/reference/observed"

    def __init__(self):
        super().__init__({}, {}, "twin")

    def reference_of(self, chapter, name):
        file = self.root / chapter / name
        return pd.read_csv(file) if file.is_file() else None


def test_the_first_line_tells_the_order_of_the_committed_reference():
    line = scorecard.first_line(Reference())
    table = scorecard.order(Reference()).set_index("claim")
    value = table["reproduced"].filter(like="T-1").iloc[0]
    assert f"Observed reference: not reproduced, Spearman {value:.2f} [" in line
    assert "this run" not in line.lower()
    assert re.search(r"FA-LSTM is no\. \d+ \(printed 1\), GAN-LSTM is no\. \d+ \(printed 2\)", line)
    assert re.search(r"\d+ of \d+ printed differences have their sign", line)
    assert len(scorecard.by_cell(Reference())) == 15
    assert "the networks were not run" in scorecard.first_line(Shelf({}, {}, "twin"))


def test_controls_stand_beside_with_whether_they_fail():
    table = scorecard.controls(Shelf({}, {}))
    assert set(table["fails"]) == {"not run"}
    sites = pd.DataFrame(
        [
            (model, f"site {k}", depth, lead, r2 + 0.001 * k)
            for model, r2 in (("LSTM", 0.9), ("1D-CNN", 0.9), ("persistence", 0.6))
            for k in range(8)
            for depth in (0.05, 1.0)
            for lead in (1, 3, 7)
        ],
        columns=["model", "site", "depth_m", "lead_d", "r2"],
    )
    shelf = Shelf({}, {(scorecard.BASIC, "sites.csv"): sites})
    table = scorecard.controls(shelf).set_index("control")
    assert set(table.loc[["persistence as LSTM", "persistence as FA-LSTM"], "fails"]) == {"yes"}
    assert table.loc["the twin", "fails"].eq("not run").all()


def test_without_a_reference_run_only_this_one_is_counted():
    claims = scorecard.claims(Shelf(OWN, {}))
    assert claims["why"].tolist() == ["x", "y", "z"]
    assert set(scorecard.count(claims).columns.get_level_values(0)) == {"this run"}


def test_figures_of_study_2_are_judged_by_their_own_claims():
    core = CLAIMS.assign(
        claim=["F3-1: a", "IIIA2-14: b", "IIIA3-2: c"],  # the last is on no figure
        verdict=["reproduced", "not", "not testable"],
    )
    own = {
        ("fang2019/s3_a_core_sites", "claims.csv"): core,
        ("fang2019/s2_a_data", "fig_1.csv"): SCORES,
    }
    table = scorecard.items(Shelf(own, {}), "fang2019").set_index("item")
    assert len(table) == len(scorecard.ITEMS["fang2019"])
    assert table["this run"].to_dict() == {
        "Fig 1": "shown",
        "Fig 2, eqs 1-9": "not run",
        "Fig 3": "reproduced: 1 reproduced",
        "Fig 4": "not: 1 not",
        "Figs 5, 6": "not testable: no claim",
        "Figs 7, 8": "not run",
        "Fig 9": "not run",
        "section III-D": "not run",
        "section IV": "not run",
    }
    assert not any("difference" in name for name in table.columns)


def test_a_claim_of_two_chapters_is_counted_once():
    own = {
        ("fang2019/s3_c_trends", "claims.csv"): CLAIMS,
        ("fang2019/s4_conclusions", "claims.csv"): CLAIMS,
    }
    claims = scorecard.claims(Shelf(own, {}), "fang2019")
    assert claims["section"].tolist() == ["s3_c_trends"] * 3
    waiting = CLAIMS.assign(verdict=["not testable", *CLAIMS["verdict"][1:]])
    own["fang2019/s3_c_trends", "claims.csv"] = waiting
    claims = scorecard.claims(Shelf(own, {}), "fang2019")
    assert claims["section"].tolist() == ["s3_c_trends"] * 2 + ["s4_conclusions"]
    assert sorted(claims["verdict"]) == sorted(CLAIMS["verdict"])


def test_every_item_of_a_study_has_a_chapter():
    chapters = Path(__file__).parents[2] / "chapters"
    for study, items in scorecard.ITEMS.items():
        for item in items:
            assert (chapters / study / f"{item.section}.ipynb").is_file(), item


def test_figures_of_study_1_are_judged_by_their_own_claims():
    data = CLAIMS.assign(claim=["2.1-1: a", "2.1-2: b", "2.1-3: c"])
    attention = pd.concat([CLAIMS] * 2, ignore_index=True).assign(
        claim=["4.4-1: a", "4.4-2: b", "4.4-3: c", "4.4-8: d", "4.4-10: e", "4.4-11: f"],
        verdict=["reproduced", "not", "not", "not", "partly", "reproduced"],
    )
    own = {
        ("wang2024/s2_1_data", "claims.csv"): data,
        ("wang2024/s2_1_data", "table_1.csv"): SCORES,
        ("wang2024/s4_4_attention", "claims.csv"): attention,
    }
    table = scorecard.items(Shelf(own, {})).set_index("item")
    assert table.loc["Table 1, Fig 1", "this run"] == "shown"
    assert "without a claim" in table.loc["Table 1, Fig 1", "why it differs"]
    assert table.loc["Figs 2, 3", "this run"] == "partly: 1 reproduced, 1 not, 1 not testable"
    assert table.loc["Fig 12", "this run"] == "partly: 1 reproduced, 1 partly"
    assert table.loc["Table 5, Fig 11", "this run"] == "not run"


def named(text: str) -> set[str]:
    """Tables and figures in a text: "Table 5;Fig. 11a-e" or "Figs 2, 3" or "Figs 4-7"."""
    found = set()
    for kind, numbers in re.findall(r"(Table|Fig)s?\.? ((?:[A-Z]?\d+(?:, |-)?)+)", text):
        for part in numbers.rstrip(", -").split(", "):
            first, _, last = part.partition("-")
            many = range(int(first), int(last) + 1) if last else [first]
            found |= {f"{kind} {number}" for number in many}
    return found


def test_names_of_tables_and_figures_are_read():
    assert named("Table 5;Fig. 11a-e;Fig. 9g-h") == {"Table 5", "Fig 11", "Fig 9"}
    assert named("Figs 4-7, Table A1") == {"Fig 4", "Fig 5", "Fig 6", "Fig 7", "Table A1"}
    assert named("Figs 2, 3") == {"Fig 2", "Fig 3"} and named("text") == named("section 5") == set()


def judged(item: scorecard.Item, ids: list[str]) -> set[str]:
    """Of these ids of claims the ones by which an item is judged."""
    frame = pd.DataFrame({"claim": [f"{one}: text" for one in ids]})
    return {claim.partition(":")[0] for claim in item.own(frame)["claim"]}


@pytest.mark.parametrize(
    "item",
    [one for one in scorecard.ITEMS["wang2024"] if one.section != "s3_models"],
    ids=lambda item: item.label,
)
def test_items_of_study_1_have_exactly_the_claims_that_rest_on_them(item):
    """What the paper's sentence names decides; section 5 sums up all that it claims."""
    claims = published.claims()
    number = re.match(r"s(\d)_(?:(\d)_)?|", item.section).groups()
    claims = claims[claims["section"] == ".".join(one for one in number if one)]
    on_item = claims["rests_on"].map(lambda names: bool(named(";".join(names)) & named(item.label)))
    wanted = set(claims["id"][on_item | (item.label == "section 5")])
    assert judged(item, list(claims["id"])) == (set() if item.scores or item.shown else wanted)
    assert not (item.shown and wanted)


def test_table_a1_is_judged_by_what_it_prints():
    """Numbers of models, the prose of section 3.3 and the Transformer's rows stand elsewhere."""
    (item,) = (one for one in scorecard.ITEMS["wang2024"] if one.section == "s3_models")
    texts = item.own(layer_claims.claims())["claim"].str.partition(": ")[2]
    assert texts.tolist() == [
        "LSTM-CNN and CNN-with-LSTM have convolutions of kernel 3 on 4 days",
        "the hybrids keep the CNN and LSTM layers of 1D-CNN and LSTM",
        "d_model is the number of features of a day",
        "F-Attention has size 8",
        "T-Attention has size 8",
        "the layers of Table A1 end in one value, the prediction",
    ]


def test_claims_of_study_2_that_name_a_figure_are_judged_there():
    statements = published.statements()
    results = statements[statements["kind"] == "result"]
    for item in scorecard.ITEMS["fang2019"]:
        found = judged(item, list(results["id"]))
        if named(item.label) & {"Fig 1", "Fig 2", "Fig 5", "Fig 6"}:
            assert found == set()
        elif item.section == "s3_a_core_sites":
            own = results[results["section"].str.startswith(("III-A", "Fig. 3", "Fig. 4"))]
            assert found <= set(own["id"])
            instruments = own["quantity"].isin(["sensing depth", "probe depth"])
            assert not found & set(own["id"][instruments])
            for row in own.itertuples():
                if names := named(f"{row.section} {row.statement}"):
                    assert (row.id in found) == (names == named(item.label)), row


def test_a_claim_decides_on_one_item_of_its_chapter_at_most():
    """Looked at in the committed reference runs, which have all claims."""
    reference = Path(__file__).parents[2] / "book/reference/observed"
    for study, items in scorecard.ITEMS.items():
        for section in {item.section for item in items}:
            file = reference / study / section / "claims.csv"
            if not file.is_file():
                continue
            claims = pd.read_csv(file)
            parts = [item.own(claims)["claim"] for item in items if item.section == section]
            assert not pd.concat(parts).duplicated().any(), section


def test_what_tells_that_an_item_was_shown_is_in_the_reference_run():
    reference = Path(__file__).parents[2] / "book/reference/observed"
    for study, items in scorecard.ITEMS.items():
        for item in items:
            if item.shown:
                assert (reference / study / item.section / item.shown).is_file(), item
                assert not item.keys and not item.scores
