"""The rules of the judge: each has a case that holds, one that fails and, if it can, a partly."""

import numpy as np
import pandas as pd
import pytest

from soilbook import claims, published
from soilbook.book import html
from soilbook.claims import RULES, Case, Claim, Measured, case
from soilbook.errors import ParameterError

NAN = np.nan
UP, OPEN, DOWN = Case(0.02, 0.01, 0.03), Case(0.02, -0.01, 0.05), Case(-0.02, -0.03, -0.01)
BETTER, WORSE = dict(better="higher"), dict(better="lower")
BOUND = dict(direction=">", margin=0.72)
NUMBER = dict(margin=0.005, better="lower")
ALIKE = dict(margin=0.05)
CORRELATION = dict(margin=0.05)
GRADED = dict(direction=">", margin=2, part=0.5)


def number(value, low=NAN, high=NAN, published=NAN) -> Measured:
    return Measured(value, low, high, published)


def of(*cases, n=None) -> Measured:
    return Measured(cases[0].value, cases=cases, n=n)


TABLE = [
    ("direction", {}, of(UP, UP), "reproduced"),
    ("direction", {}, of(UP, OPEN), "partly"),
    ("direction", {}, of(OPEN, DOWN), "partly"),
    ("direction", {}, of(DOWN, DOWN), "not"),
    ("direction", {}, of(Case(0.0, 0.0, 0.0)), "not"),
    ("direction", {}, number(0.02, 0.01, 0.03), "reproduced"),
    ("direction", {}, number(0.02, NAN, NAN), "partly"),
    ("direction", dict(direction=">"), number(-0.02, -0.03, 0.01), "not"),
    ("direction", dict(direction="<"), number(-0.02, -0.03, -0.01), "reproduced"),
    ("direction", dict(direction="<"), number(-0.02, -0.03, 0.01), "partly"),
    ("direction", dict(direction="<"), number(0.02, 0.01, 0.03), "not"),
    ("direction", dict(margin=0.5), of(UP, OPEN), "reproduced"),
    ("direction", dict(margin=0.6), of(UP, OPEN), "partly"),
    ("direction", dict(margin=0.5), of(UP, DOWN), "partly"),
    ("share", {}, of(case(True), case(True)), "reproduced"),
    ("share", {}, of(case(True), case(True), n=3), "partly"),
    ("share", {}, of(case(True), case(False)), "partly"),
    ("share", {}, of(case(False), case(False)), "not"),
    ("somewhere", {}, of(DOWN, UP), "reproduced"),
    ("somewhere", {}, of(DOWN, OPEN), "partly"),
    ("somewhere", {}, of(DOWN, Case(0.02, 0.01, 0.03, sure=False)), "partly"),
    ("somewhere", {}, of(DOWN, DOWN), "not"),
    ("no gain", {}, of(OPEN, DOWN), "reproduced"),
    ("no gain", {}, of(Case(0.01, 0.0, 0.02)), "reproduced"),
    ("no gain", {}, of(UP, DOWN), "partly"),
    ("no gain", {}, of(UP, UP), "not"),
    ("alike", ALIKE, number(0.01, -0.02, 0.03), "reproduced"),
    ("alike", ALIKE, number(0.01, -0.06, 0.03), "partly"),
    ("alike", ALIKE, number(0.01, -0.02, 0.06), "partly"),
    ("alike", ALIKE, number(0.10, 0.06, 0.14), "not"),
    ("alike", ALIKE | BETTER, number(0.10, 0.06, 0.14), "exceeded"),
    ("alike", ALIKE | BETTER, number(0.10, -0.01, 0.14), "not"),
    ("alike", ALIKE | WORSE, number(0.10, 0.06, 0.14), "not"),
    ("alike", ALIKE | WORSE, number(-0.06, -0.07, -0.05), "exceeded"),
    ("alike", ALIKE, number(-0.06, -0.07, -0.05), "not"),
    ("alike", ALIKE, of(Case(0.01, -0.02, 0.03), Case(0.01, -0.06, 0.03)), "partly"),
    ("alike", ALIKE, of(Case(0.10, 0.06, 0.14), Case(-0.1, -0.14, -0.06)), "not"),
    ("bound", BOUND | BETTER, number(0.75, 0.73, 0.77), "exceeded"),
    ("bound", BOUND, number(0.75, 0.73, 0.77), "reproduced"),
    ("bound", BOUND | BETTER, number(0.73, 0.70, 0.76), "reproduced"),
    ("bound", BOUND | BETTER, number(0.75), "reproduced"),
    ("bound", BOUND | BETTER, number(0.71, 0.68, 0.74), "partly"),
    ("bound", BOUND | BETTER, number(0.60, 0.55, 0.65), "not"),
    ("bound", BOUND, number(0.72), "not"),
    ("bound", BOUND | dict(direction=">="), number(0.72), "reproduced"),
    ("bound", BOUND | dict(direction="<") | WORSE, number(0.60, 0.55, 0.65), "exceeded"),
    ("bound", BOUND | dict(direction="<"), number(0.75, 0.71, 0.79), "partly"),
    ("bound", dict(direction=">"), number(0.60, 0.55, 0.65, 0.72), "not"),
    ("bound", dict(direction=">"), number(0.75, 0.73, 0.77, 0.72), "reproduced"),
    ("number", NUMBER, number(0.040, 0.038, 0.042, 0.05), "exceeded"),
    ("number", NUMBER | BETTER, number(0.060, 0.058, 0.062, 0.05), "exceeded"),
    ("number", NUMBER, number(0.047, 0.046, 0.048, 0.05), "reproduced"),
    ("number", NUMBER, number(0.062, 0.049, 0.065, 0.05), "reproduced"),
    ("number", NUMBER, number(0.058, 0.056, 0.060, 0.05), "partly"),
    ("number", NUMBER, number(0.070, 0.060, 0.080, 0.05), "not"),
    ("number", dict(margin=0), number(7, published=7), "reproduced"),
    ("number", dict(margin=0), number(6, published=7), "not"),
    ("count", BETTER, number(9, 8, 9, 6), "exceeded"),
    ("count", BETTER, number(6, 3, 9, 6), "reproduced"),
    ("count", BETTER, number(5, 2, 8, 6), "partly"),
    ("count", BETTER, number(2, 0, 4, 6), "not"),
    ("count", WORSE, number(0, 0, 0, 4), "exceeded"),
    ("count", WORSE, number(0, 0, 0, 0), "reproduced"),
    ("count", WORSE, number(1, 0, 3, 0), "partly"),
    ("count", WORSE, number(5, 3, 7, 0), "not"),
    ("count", {}, number(5, 3, 7, 4), "reproduced"),
    ("count", {}, number(6, 3, 9, 4), "partly"),
    ("count", {}, number(9, 9, 9, 4), "not"),
    ("correlation", CORRELATION, number(0.95, 0.9, 0.98, 0.82), "exceeded"),
    ("correlation", CORRELATION, number(0.80, 0.6, 0.9, 0.82), "reproduced"),
    ("correlation", CORRELATION, number(0.60, 0.2, 0.9, 0.82), "partly"),
    ("correlation", CORRELATION, number(0.80, -0.1, 0.81, 0.82), "partly"),
    ("correlation", CORRELATION, number(0.20, -0.1, 0.5, 0.82), "not"),
    ("graded", GRADED, number(2.1), "reproduced"),
    ("graded", GRADED, number(2.0), "partly"),
    ("graded", GRADED, number(0.5), "not"),
    ("graded", GRADED | dict(direction=">="), of(Case(2.0), Case(0.1)), "reproduced"),
    ("graded", GRADED, of(Case(1.0), Case(0.6)), "partly"),
    ("graded", GRADED, of(Case(1.0), Case(0.5)), "not"),
    ("shown", {}, number(0.5), "not testable"),
    ("by construction", {}, number(0.5), "not testable"),
    ("slip", {}, number(0.5), "not testable"),
    ("not testable", {}, Measured(), "not testable"),
]


@pytest.mark.parametrize(("rule", "row", "measured", "verdict"), TABLE)
def test_verdicts(rule, row, measured, verdict):
    assert claims.judge(Claim("1", rule, **row), measured)[0] == verdict


def test_every_rule_can_hold_and_can_fail():
    found = {rule: {row[3] for row in TABLE if row[0] == rule} for rule in RULES}
    judged = {rule: verdicts for rule, verdicts in found.items() if verdicts != {"not testable"}}
    assert all({"reproduced", "not"} <= verdicts for verdicts in judged.values())
    assert set(RULES) - set(judged) == {"shown", "by construction", "slip", "not testable"}


def test_an_unknown_rule_is_refused_in_one_line_that_names_the_claim():
    with pytest.raises(ParameterError, match=r"rule of claim 4\.2-1 'finer'; allowed: direction, "):
        claims.judge(Claim("4.2-1", "finer"), Measured(missing="not run"))


def test_what_was_not_measured_is_not_testable_and_says_why():
    assert claims.judge(Claim("1", "direction"), Measured(missing="not run: LSTM")) == (
        "not testable",
        "not run: LSTM",
    )
    stated = Claim("1", "not testable", note="a property of the instruments")
    assert claims.judge(stated, Measured()) == ("not testable", "a property of the instruments")
    assert "by construction: the sum" in claims.judge(
        Claim("1", "by construction", note="the sum is one"), Measured()
    )[1]  # fmt: skip


def test_words_tell_how_many_cases_hold():
    measured = Measured(0.02, cases=(UP, OPEN, DOWN), words={"what": "R2"}, why="{what}: {judged}")
    assert claims.judge(Claim("1", "direction"), measured)[1] == (
        "R2: 2 of 3 pairs in the claimed direction, 1 beyond their interval"
    )
    turned = claims.judge(Claim("1", "direction", "<"), measured)[1]
    assert turned == "R2: 1 of 3 pairs in the claimed direction, 1 beyond their interval"
    own = Claim("1", "no gain", why="{held} of {n} {what}")
    assert claims.judge(own, measured)[1] == "2 of 3 R2"
    alike = Claim("1", "alike", margin=np.log(1.25))
    assert claims.judge(alike, Measured(cases=(UP, DOWN)))[1] == (
        "2 of 2 intervals within 0.223 of zero"
    )
    share = Measured(cases=(case(True), case(False)), n=4)
    assert claims.judge(Claim("1", "share"), share)[1] == "1 of 4"


def test_a_row_has_the_columns_of_claims_in_their_order():
    row = claims.row(Claim("1", "direction"), "1: text", number(0.02, 0.01, 0.03, 0.04))
    table = claims.table([row])
    assert list(table.columns) == claims.COLUMNS
    assert table.iloc[0].tolist()[:6] == ["1: text", 0.04, 0.02, 0.01, 0.03, "reproduced"]
    assert list(claims.table([]).columns) == claims.COLUMNS
    assert set(claims.VERDICTS) == set(html.VERDICTS)


@pytest.mark.parametrize("study", ["wang2024", "fang2019"])
def test_rows_of_the_studies_are_judged_by_known_rules_that_have_what_they_need(study):
    kinds = ("result", "discussion", "conclusion")
    rows = published.claims() if study == "wang2024" else published.statements(*kinds)
    assert set(rows["rule"]) <= set(RULES)
    ids = {*rows["id"], *published.claims()["id"]}
    assert all(key in ids for needs in rows["needs"] for key in needs)
    for row in rows.itertuples():
        if row.rule in ("alike", "number", "graded", "correlation"):
            assert pd.notna(row.margin), row.id
        if row.rule == "graded":
            assert pd.notna(row.part) and row.direction, row.id
        if row.rule == "bound":
            assert row.direction, row.id
        if row.rule in ("shown", "not testable"):
            assert row.note, row.id
        assert row.measure or row.rule == "not testable", row.id
