"""One page for a study: what became of every table, figure and claim, from what chapters left, and
whether what has to fail does."""

from dataclasses import dataclass

import pandas as pd

from soilbook import claims as judge
from soilbook.book.page import CLAIMS as COLUMNS
from soilbook.book.page import Page
from soilbook.plots import scores
from soilbook.wang2024 import agreement


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


OF_FIG_3 = _numbers("IIIA2", *range(2, 14), 16)
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
        Item("Fig 3", "s3_a_core_sites", keys=("F3-", "IIIA1-", *OF_FIG_3)),
        Item("Fig 4", "s3_a_core_sites", keys=("F4-", *_numbers("IIIA2", 14, 15, 17))),
        Item("Figs 5, 6", "s3_a_core_sites", keys=_numbers("IIIA3", *range(5, 11))),
        Item("Figs 7, 8", "s3_b_sparse_network"),
        Item("Fig 9", "s3_c_trends"),
        Item("section III-D", "s3_d_discussion"),
        Item("section IV", "s4_conclusions", keys=("IV-", "IV,")),
    ),
}
WHY = {
    "claims": "judged by its claims below",
    "scores": "other sites than the paper's unnamed ten: the order is judged, the level apart",
    "shown": "a table or picture of the paper without a claim of its own",
}
NOT_RUN = "not run"
CONCLUSIONS = "wang2024/s5_conclusions"  # the chapter that runs all models
BASIC = "wang2024/s4_2_basic_networks"  # the one that has the network with shuffled target
CONTROLS = (agreement.FILE, "table_3.csv")  # its scores by site, or else their means


def items(page: Page, study: str = "wang2024") -> pd.DataFrame:
    """One row a table or figure: verdict of this run and of the reference, and why they differ."""
    rows = []
    for item in ITEMS[study]:
        chapter = f"{study}/{item.section}"
        row = {"item": item.label}
        why = "scores" if item.scores else "shown" if item.shown else "claims"
        for name, read in _runs(page).items():
            table = read(chapter, item.scores or item.shown or "claims.csv")
            if table is None:
                row[name] = NOT_RUN
            elif item.scores and name == "this run" and page.data == "twin":
                row[name] = "shown: synthetic data are not held against print"
            elif item.scores:
                row[name] = _scored(table, read(chapter, agreement.FILE))
            else:
                row[name] = "shown" if item.shown else _judged(item.own(table)["verdict"])
        rows.append(row | {"why it differs": WHY[why], "chapter": item.section})
    return pd.DataFrame(rows, columns=["item", *_runs(page), "why it differs", "chapter"])


def _runs(page: Page) -> dict:
    """How to read a table of each run: chapter and name of the file."""
    return {"this run": page.other, "reference": page.reference_of}


def _scored(table: pd.DataFrame, by_site: pd.DataFrame | None) -> str:
    """A table of scores: signs of its printed differences, judged; and the level, counted."""
    printed = table[table["r2_published"].notna()]
    names = tuple(printed["model"].unique())
    found = agreement.scores(table if by_site is None else by_site, names)
    bounds = printed[["r2_low", "r2_high", "r2_published"]].itertuples(index=False)
    alike = sum(scores.level(*row) == "alike" for row in bounds)
    level = f"level within {scores.MARGIN:g} in {alike} of {len(printed)} cells"
    (row,) = agreement.of_tables(found, ("T-3",)).itertuples()
    return f"{row.verdict}: {row.why.partition(';')[0]}; {level}"


def _judged(verdicts: pd.Series) -> str:
    """Verdict on an item from those of its claims, and how many there are of each."""
    decided = verdicts[verdicts.isin(judge.DECIDED)]
    counts = [(word, int((verdicts == word).sum())) for word in judge.VERDICTS]
    told = ", ".join(f"{n} {word}" for word, n in counts if n) or "no claim"
    if decided.empty:
        apart = verdicts.isin(judge.APART)
        rest = [w for w in (judge.CANNOT_TELL, judge.NOT_TESTABLE) if (verdicts == w).any()]
        word = rest[0] if rest else judge.NOTE if apart.any() else judge.NOT_TESTABLE
        return f"{word}: {told}"
    twin = decided.isin(judge.TWIN_ONLY).any()
    held = decided.isin(judge.HELD)
    if held.all():
        return f"{judge.HOLDS_ON_TWIN if twin else judge.REPRODUCED}: {told}"
    some = held.any() or (decided == judge.PARTLY).any()
    if twin:
        return f"{'holds in part' if some else judge.FAILS_ON_TWIN}: {told}"
    return f"{judge.PARTLY if some else judge.NOT}: {told}"


def claims(page: Page, study: str = "wang2024") -> pd.DataFrame:
    """Claims of all chapters of this run, with the reference run's verdict in ``reference``.

    A claim that two chapters judge stands once, with the first of them that can test it: what a
    section is told of one network of stations, section IV judges from both.
    """
    parts = []
    for section in dict.fromkeys(item.section for item in ITEMS[study]):
        chapter = f"{study}/{section}"
        own, known = page.other(chapter, "claims.csv"), page.reference_of(chapter, "claims.csv")
        if own is None:
            continue
        judged = {} if known is None else dict(zip(known["claim"], known["verdict"], strict=True))
        own = own.reindex(columns=COLUMNS)
        own = own.assign(section=section, reference=[judged.get(c, "") for c in own["claim"]])
        own["why"] = [
            f"{why}; observed reference run: {verdict}" if verdict else f"{why}"
            for why, verdict in zip(own["why"], own["reference"], strict=True)
        ]
        parts.append(own)
    if not parts:
        return pd.DataFrame(columns=[*COLUMNS, "reference", "section"])
    table = pd.concat(parts, ignore_index=True)
    tested = table.sort_values("verdict", key=lambda v: v == judge.NOT_TESTABLE, kind="stable")
    return table.loc[tested.drop_duplicates("claim").index.sort_values()].reset_index(drop=True)


def count(claims: pd.DataFrame) -> pd.DataFrame:
    """How many claims have which verdict, by chapter and in all, in this run and the reference.

    Last come what tests nothing: what holds by construction, and notes on the text.
    """
    long = claims.melt(["section"], ["verdict", "reference"], "run", "judged")
    long["run"] = long["run"].map({"verdict": "this run", "reference": "observed reference"})
    long = long[long["judged"] != ""]
    table = pd.crosstab(long["section"], [long["run"], long["judged"]]).rename_axis("chapter")
    order = [(run, word) for run in ("this run", "observed reference") for word in judge.VERDICTS]
    table = table.reindex(columns=[one for one in order if one in table.columns])
    return pd.concat([table, table.sum().to_frame("all chapters").T]).rename_axis("chapter")


def _scores_of(read) -> pd.DataFrame | None:
    """Scores of all networks by site, or else the mean values of Tables 3 to 6."""
    by_site = read(CONCLUSIONS, agreement.FILE)
    if by_site is not None:
        return by_site
    own = [item for item in ITEMS["wang2024"] if item.scores and item.scores != "table_2.csv"]
    tables = [read(f"wang2024/{item.section}", item.scores) for item in own]
    there = [table for table in tables if table is not None]
    return pd.concat(there, ignore_index=True) if there else None


def order(page: Page) -> pd.DataFrame:
    """What Tables 3 to 6 say by their numbers, of this run (unless a twin) and of the reference."""
    parts = {}
    for name, read in _runs(page).items():
        if name == "this run" and page.data == "twin":
            continue
        table = _scores_of(read)
        parts[name] = agreement.of_tables(None if table is None else agreement.scores(table))
    return pd.concat(parts, names=["run"]).reset_index("run").reset_index(drop=True)


def first_line(page: Page) -> str:
    """The finding on the order of the ten networks in one sentence a run."""
    table = order(page)
    table.index = pd.MultiIndex.from_arrays([table["run"], table["claim"].str.split(":").str[0]])
    said = []
    for run in table["run"].unique():
        name = "This run" if run == "this run" else "Observed reference"
        rank, signs = table.loc[(run, "T-1")], table.loc[(run, "T-3")]
        if rank["verdict"] == judge.NOT_TESTABLE:
            said.append(f"{name}: {rank['why']}")
            continue
        own = f"Spearman {rank['reproduced']:.2f}"
        if rank["low"] == rank["low"]:
            own += f" [{rank['low']:.2f}, {rank['high']:.2f}]"
        said.append(
            f"{name}: {_spoken(rank['verdict'])}, {own} over {rank['why']}. Signs of "
            f"the differences: {_spoken(signs['verdict'])}, {signs['why']}"
        )
    return "Order of the ten networks in Tables 3 to 6. " + " ".join(f"{one}." for one in said)


def _spoken(verdict: str) -> str:
    return f"{verdict} reproduced" if verdict in ("not", "partly") else verdict


def by_cell(page: Page) -> pd.DataFrame:
    """Agreement with the printed order by depth and lead, of the reference run."""
    table = _scores_of(page.reference_of)
    return pd.DataFrame() if table is None else agreement.by_cell(agreement.scores(table))


def controls(page: Page) -> pd.DataFrame:
    """What has to fail, by the same rules: see ``agreement.controls``.

    Persistence and the shuffled target come from the reference run where it has them, else from
    this run; the twin from this run if it is one.
    """
    files = (read(BASIC, name) for read in (page.reference_of, page.other) for name in CONTROLS)
    own = next((one for one in files if one is not None), None)
    twin = page.other(CONCLUSIONS, agreement.FILE) if page.data == "twin" else None
    table = agreement.controls(own, twin)
    fails = {judge.NOT: "yes", judge.NOT_TESTABLE: "not run"} | dict.fromkeys(judge.HELD, "no")
    return table.assign(fails=[fails.get(one, "does not pass") for one in table["verdict"]])
