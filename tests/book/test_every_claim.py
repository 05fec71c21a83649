"""Every claim of both papers is judged by a chapter, from the evidence that its row names."""

import ast
from pathlib import Path

import pandas as pd
import pytest

from soilbook import published
from soilbook.book import chapters
from soilbook.fang2019 import claims as of_study_2
from soilbook.fang2019 import measures
from soilbook.wang2024 import agreement, claims, pictures

ROOT = Path(__file__).parents[2]
# Sections whose claims one function judges whole; all others go through ``claims.verdicts``.
WHOLE = {
    "2.1": "section.claims(",
    "4.6": "of_pictures(",
    "T": "scorecard.order(",
}
# Measures that scores do not have: what their chapter must hand to ``claims.verdicts``.
HANDED = {
    "clock": "claims.of_clock(",
    "sweep": "claims.of_sweep(",
    "feature weights": "pictures.of_attention(",
    "time weights": "pictures.of_attention(",
    "unlike values": "section.of_section_46(",
    "unlike pictures": "section.of_section_46(",
}
KNOWN = {"", *claims.SCORED, *pictures.PICTURES, *agreement.MEASURES, *HANDED}
KNOWN |= {"long-wave", "falling", "gap at 4 d"}


def code_of(study: str) -> dict[str, str]:
    """The code of each chapter of a study, its calls spelt in one way."""
    found = {}
    for name, chapter in chapters.all_chapters(ROOT).items():
        if name.startswith(study):
            cells = [c for c in chapter.notebook["cells"] if c["cell_type"] == "code"]
            trees = [ast.parse("".join(cell["source"])) for cell in cells]
            found[name] = "\n".join(ast.unparse(tree) for tree in trees)
    return found


def judging(code: dict[str, str], section: str) -> list[str]:
    """Chapters that judge the claims of a section of study 1."""
    call = WHOLE.get(section, f"claims.verdicts(result, {section!r}")
    return [name for name, text in code.items() if call in text]


@pytest.mark.parametrize("claim", list(published.claims().itertuples()), ids=lambda claim: claim.id)
def test_a_claim_of_study_1_is_judged_where_its_evidence_is(claim):
    code = code_of("wang2024")
    found = judging(code, claim.section)
    assert found, f"no chapter judges section {claim.section}"
    assert claim.measure in KNOWN
    if claim.measure in HANDED:
        assert all(HANDED[claim.measure] in code[name] for name in found)


@pytest.mark.parametrize(
    "file", list(ROOT.glob("book/reference/**/claims.csv")), ids=lambda file: file.parent.name
)
def test_a_reason_has_no_empty_part(file):
    texts = pd.read_csv(file, dtype=str).filter(["why", "not_if"]).stack()
    assert texts[texts.str.contains(r"(?:^|[:;,])\s*(?:[:;,.]|$)")].tolist() == []


def test_a_section_that_no_chapter_judges_is_found():
    assert judging(code_of("wang2024"), "4.7") == []


def test_every_statement_of_study_2_is_judged_in_the_last_chapter():
    """It hands all fields of ``Evidence`` on, see the test of ``s4_conclusions``."""
    code = code_of("fang2019")["fang2019/s4_conclusions"]
    assert "claims.verdicts(name, **evidence) for name in claims.SECTIONS" in code
    assert "evidence = section.evidence(settings)" in code
    sections = {name for names in of_study_2.SECTIONS.values() for name in names}
    for row in published.statements("result", "worded").itertuples():
        assert row.section in sections, row.id
        assert row.measure in {"", *measures.OF_SCORES, *measures.OF_TRENDS}, row.id


def test_expectations_and_conclusions_of_study_2_are_judged_on_what_they_name():
    code = code_of("fang2019")
    expected = "claims.of_discussion(forecast, against_mean, winter, result, data)"
    assert expected in code["fang2019/s3_d_discussion"]
    assert "claims.conclusions(judged, data)" in code["fang2019/s4_conclusions"]
    for row in published.statements("discussion").itertuples():
        assert row.measure in {"", *measures.DISCUSSION}, row.id
    judged = set(published.statements("result", "worded")["id"])
    for row in published.statements("conclusion").itertuples():
        assert row.needs and set(row.needs) <= judged, row.id
