"""One page for a study: what became of every table, figure and claim, from what chapters left."""

import pandas as pd

from soilbook.book.page import CLAIMS, Page

COLUMNS = CLAIMS
# Items of Wang et al. (2024): what the paper calls it, its chapter, and the table of scores.
ITEMS = (
    ("Table 1, Fig 1", "s2_1_data", None),
    ("Figs 2, 3", "s2_1_data", None),
    ("Figs 4-7, Table A1", "s3_models", None),
    ("Table 2, Fig 8", "s4_1_machine_learning", "table_2.csv"),
    ("Table 3, Fig 9", "s4_2_basic_networks", "table_3.csv"),
    ("Table 4, Fig 10", "s4_3_cnn_lstm_hybrids", "table_4.csv"),
    ("Table 5, Fig 11", "s4_4_attention", "table_5.csv"),
    ("Fig 12", "s4_4_attention", None),
    ("Table 6, Fig 13", "s4_5_gan", "table_6.csv"),
    ("Figs 14, 15", "s4_6_visualization", None),
    ("section 5", "s5_conclusions", None),
    ("Fig D1, Table D2", "appendix_d_sites", None),
)
WHY = {
    None: "judged by its claims below",
    "scores": "other sites than the paper's unnamed ten; see Data and tracks",
}


def items(page: Page) -> pd.DataFrame:
    """One row a table or figure: verdict of this run and of the reference, difference, why."""
    rows = []
    for label, section, table in ITEMS:
        chapter = f"wang2024/{section}"
        row = {"item": label, "chapter": section}
        for name, read in (("this run", page.other), ("reference", page.reference_of)):
            scores = read(chapter, table) if table else None
            claims = read(chapter, "claims.csv")
            row[name] = _of_scores(scores) if table else _of_claims(claims)
            if table:
                row[f"{name}: difference"] = _difference(scores)
        rows.append(row | {"why it differs": WHY["scores" if table else None]})
    columns = ["item", "this run", "reference"]
    differences = [f"{name}: difference" for name in columns[1:]]
    return pd.DataFrame(rows)[[*columns, *differences, "why it differs", "chapter"]]


def claims(page: Page) -> pd.DataFrame:
    """Claims of all chapters of this run, with the reference run's verdict in ``reference``."""
    parts = []
    for section in dict.fromkeys(section for _, section, _ in ITEMS):
        chapter = f"wang2024/{section}"
        own, known = page.other(chapter, "claims.csv"), page.reference_of(chapter, "claims.csv")
        if own is None:
            continue
        reference = (
            {} if known is None else dict(zip(known["claim"], known["verdict"], strict=True))
        )
        own = own.assign(section=section, reference=[reference.get(c, "") for c in own["claim"]])
        words = [
            f"; observed reference run: {verdict}" if verdict else ""
            for verdict in own["reference"]
        ]
        own["why"] = [f"{why}{more}" for why, more in zip(own["why"], words, strict=True)]
        parts.append(own)
    empty = pd.DataFrame(columns=[*COLUMNS, "reference", "section"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def count(claims: pd.DataFrame) -> pd.DataFrame:
    """How many claims have which verdict, by chapter, in this run and the reference run."""
    long = claims.melt(["section"], ["verdict", "reference"], "run", "judged")
    long["run"] = long["run"].map({"verdict": "this run", "reference": "observed reference"})
    long = long[long["judged"] != ""]
    return pd.crosstab(long["section"], [long["run"], long["judged"]]).rename_axis("chapter")


def _of_scores(scores: pd.DataFrame | None) -> str:
    if scores is None:
        return "not run"
    judged = scores[scores["verdict"].isin(["exceeded", "reproduced", "not"])]
    if judged.empty:
        return "not testable"
    held = judged["verdict"].isin(["exceeded", "reproduced"])
    verdict = "reproduced" if held.all() else "partly" if held.any() else "not"
    return f"{verdict}: {held.sum()} of {len(held)} values reproduced or exceeded"


def _difference(scores: pd.DataFrame | None) -> float:
    """Median of this run minus print over the printed R2."""
    return float("nan") if scores is None else (scores["r2"] - scores["r2_published"]).median()


def _of_claims(claims: pd.DataFrame | None) -> str:
    if claims is None:
        return "not run"
    testable = claims[claims["verdict"] != "not testable"]
    if testable.empty:
        return "not testable"
    held = testable["verdict"].isin(["exceeded", "reproduced"])
    verdict = "reproduced" if held.all() else "partly" if held.any() else "not"
    return f"{verdict}: {held.sum()} of {len(held)} claims reproduced"
