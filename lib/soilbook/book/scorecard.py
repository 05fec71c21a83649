"""One page for a study: what became of every table, figure and claim, from what chapters left."""

from dataclasses import dataclass

import pandas as pd

from soilbook.book.page import CLAIMS, Page

COLUMNS = CLAIMS


@dataclass(frozen=True)
class Item:
    """What the paper calls it, its chapter, and by what it is judged, one of three.

    ``scores`` is a table with R2 beside print. ``shown`` is for an item on which the paper claims
    nothing: a table that the chapter leaves if it was run, also in the reference run. Else the
    chapter's claims decide that are on the item, of which ``keys`` are the beginnings (empty: all).
    """

    label: str
    section: str
    scores: str | None = None
    keys: tuple[str, ...] = ()
    shown: str | None = None

    def own(self, claims: pd.DataFrame) -> pd.DataFrame:
        """Of a chapter's claims those that decide on this item."""
        if self.scores or self.shown:
            return claims.iloc[:0]
        return claims[claims["claim"].str.startswith(self.keys)] if self.keys else claims


def _numbers(section: str, *numbers: int) -> tuple[str, ...]:
    """Whole ids of claims, so that 4.4-1 is not 4.4-10."""
    return tuple(f"{section}-{number}:" for number in numbers)


ITEMS = {
    "wang2024": (
        Item("Table 1, Fig 1", "s2_1_data", shown="table_1.csv"),
        Item("Figs 2, 3", "s2_1_data", keys=_numbers("2.1", 1, 2, 3)),
        # Of the claims of section 3 those on Table A1; the others are on its text.
        Item("Figs 4-7, Table A1", "s3_models", keys=_numbers("3", 3, 4, 6, 8, 9, 10)),
        Item("Table 2, Fig 8", "s4_1_machine_learning", scores="table_2.csv"),
        Item("Table 3, Fig 9", "s4_2_basic_networks", scores="table_3.csv"),
        Item("Table 4, Fig 10", "s4_3_cnn_lstm_hybrids", scores="table_4.csv"),
        Item("Table 5, Fig 11", "s4_4_attention", scores="table_5.csv"),
        Item("Fig 12", "s4_4_attention", keys=_numbers("4.4", 10, 11)),
        Item("Table 6, Fig 13", "s4_5_gan", scores="table_6.csv"),
        Item("Figs 14, 15", "s4_6_visualization"),
        Item("section 5", "s5_conclusions"),
        Item("Fig D1, Table D2", "appendix_d_sites"),
    ),
    "fang2019": (
        Item("Fig 1", "s2_a_data", shown="fig_1.csv"),
        Item("Fig 2, eqs 1-9", "s2_b_model", shown="fig_2.csv"),
        # IIIA2-1 and IIIA3-2 to -4 are on what instruments sense, not on a figure.
        Item("Fig 3", "s3_a_core_sites", keys=("F3-", "IIIA1-", *_numbers("IIIA2", *range(2, 14)))),
        Item("Fig 4", "s3_a_core_sites", keys=("F4-", *_numbers("IIIA2", 14, 15))),
        Item("Figs 5, 6", "s3_a_core_sites", shown="table_A4.csv"),
        Item("Figs 7, 8", "s3_b_sparse_network"),
        Item("Fig 9", "s3_c_trends"),
        Item("section III-D", "s3_d_discussion"),
        Item("section IV", "s4_conclusions", keys=("IV-", "IV,")),
    ),
}
WHY = {
    "claims": "judged by its claims below",
    "scores": "other sites than the paper's unnamed ten; see Data and tracks",
    "shown": "a table or picture of the paper without a claim of its own",
}
NOT_RUN = "not run"


def items(page: Page, study: str = "wang2024") -> pd.DataFrame:
    """One row a table or figure: verdict of this run and of the reference, difference, why.

    The median differences of R2 to print are there for a study that has tables of scores.
    """
    rows = []
    for item in ITEMS[study]:
        chapter = f"{study}/{item.section}"
        row = {"item": item.label, "chapter": item.section}
        why = "scores" if item.scores else "shown" if item.shown else "claims"
        for name, read in (("this run", page.other), ("reference", page.reference_of)):
            table = read(chapter, item.scores or item.shown or "claims.csv")
            if table is None:
                row[name] = NOT_RUN
            elif item.scores:
                row[name], row[f"{name}: difference"] = _of_scores(table), _difference(table)
            else:
                row[name] = "shown" if item.shown else _of_claims(item.own(table))
        rows.append(row | {"why it differs": WHY[why]})
    columns = ["item", "this run", "reference"]
    differences = [f"{name}: difference" for name in columns[1:]]
    if not any(item.scores for item in ITEMS[study]):
        differences = []
    columns = [*columns, *differences, "why it differs", "chapter"]
    return pd.DataFrame(rows).reindex(columns=columns)


def claims(page: Page, study: str = "wang2024") -> pd.DataFrame:
    """Claims of all chapters of this run, with the reference run's verdict in ``reference``.

    A claim that two chapters judge stands once, with the first of them.
    """
    parts = []
    for section in dict.fromkeys(item.section for item in ITEMS[study]):
        chapter = f"{study}/{section}"
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
    if not parts:
        return pd.DataFrame(columns=[*COLUMNS, "reference", "section"])
    return pd.concat(parts, ignore_index=True).drop_duplicates("claim", ignore_index=True)


def count(claims: pd.DataFrame) -> pd.DataFrame:
    """How many claims have which verdict, by chapter, in this run and the reference run."""
    long = claims.melt(["section"], ["verdict", "reference"], "run", "judged")
    long["run"] = long["run"].map({"verdict": "this run", "reference": "observed reference"})
    long = long[long["judged"] != ""]
    return pd.crosstab(long["section"], [long["run"], long["judged"]]).rename_axis("chapter")


def _of_scores(scores: pd.DataFrame) -> str:
    judged = scores[scores["verdict"].isin(["exceeded", "reproduced", "not"])]
    if judged.empty:
        return "not testable"
    held = judged["verdict"].isin(["exceeded", "reproduced"])
    verdict = "reproduced" if held.all() else "partly" if held.any() else "not"
    return f"{verdict}: {held.sum()} of {len(held)} values reproduced or exceeded"


def _difference(scores: pd.DataFrame) -> float:
    """Median of this run minus print over the printed R2."""
    return (scores["r2"] - scores["r2_published"]).median()


def _of_claims(claims: pd.DataFrame) -> str:
    testable = claims[claims["verdict"] != "not testable"]
    if testable.empty:
        return "not testable"
    held = testable["verdict"].isin(["exceeded", "reproduced"])
    verdict = "reproduced" if held.all() else "partly" if held.any() else "not"
    return f"{verdict}: {held.sum()} of {len(held)} claims reproduced"
