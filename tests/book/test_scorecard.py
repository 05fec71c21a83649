"""The scorecard reads what chapters left, and says what has not been run."""

from pathlib import Path

import pandas as pd

from soilbook.book import scorecard

CLAIMS = pd.DataFrame(
    {
        "claim": ["a", "b", "c"],
        "published": [0.1, None, None],
        "reproduced": [0.2, 0.3, None],
        "low": [0.1, 0.2, None],
        "high": [0.3, 0.4, None],
        "verdict": ["reproduced", "not", "not testable"],
        "why": ["x", "y", "z"],
    }
)
SCORES = pd.DataFrame(
    {
        "r2": [0.95, 0.9, 0.8],
        "r2_published": [0.9, 0.92, None],
        "verdict": ["exceeded", "not", None],
    }
)


class Shelf:
    """A page whose chapters are tables by (chapter, name)."""

    def __init__(self, own, reference):
        self.own, self.known = own, reference

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
    assert table.loc["Table 3, Fig 9", "this run"] == "partly: 1 of 2 values reproduced or exceeded"
    assert abs(table.loc["Table 3, Fig 9", "this run: difference"] - 0.015) < 1e-9
    assert table.loc["Table 4, Fig 10", "this run"] == "not run"
    assert (table["reference"] == "not run").all()


def test_claims_carry_the_verdict_of_the_reference_run():
    claims = scorecard.claims(Shelf(OWN, REFERENCE))
    assert claims["reference"].tolist() == ["reproduced", "reproduced", "partly"]
    assert claims["why"].iloc[1] == "y; observed reference run: reproduced"
    count = scorecard.count(claims)
    assert count.loc["s4_2_basic_networks", ("observed reference", "reproduced")] == 2
    assert count.loc["s4_2_basic_networks", ("this run", "not")] == 1


def test_without_a_reference_run_only_this_one_is_counted():
    claims = scorecard.claims(Shelf(OWN, {}))
    assert claims["why"].tolist() == ["x", "y", "z"]
    assert set(scorecard.count(claims).columns.get_level_values(0)) == {"this run"}


def test_figures_of_study_2_are_judged_by_their_own_claims():
    core = CLAIMS.assign(
        claim=["F3-1: a", "IIIA2-14: b", "IIIA3-2: c"],
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
        "Fig 3": "partly: 1 of 2 claims reproduced",
        "Fig 4": "not: 0 of 1 claims reproduced",
        "Figs 5, 6": "not testable",
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


def test_every_item_of_a_study_has_a_chapter():
    chapters = Path(__file__).parents[2] / "chapters"
    for study, items in scorecard.ITEMS.items():
        for item in items:
            assert (chapters / study / f"{item.section}.ipynb").is_file(), item
