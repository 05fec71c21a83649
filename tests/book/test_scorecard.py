"""The scorecard reads what chapters left, and says what has not been run."""

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
    assert len(table) == len(scorecard.ITEMS)
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
