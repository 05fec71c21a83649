"""The rules of the judge: each has a case that holds, one that fails and, if it can, a partly."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from soilbook import claims, published
from soilbook.book import tables
from soilbook.claims import RULES, Case, Claim, Measured, case
from soilbook.errors import ParameterError

NAN = np.nan
UP, OPEN, DOWN = Case(0.02, 0.01, 0.03), Case(0.02, -0.01, 0.05), Case(-0.02, -0.03, -0.01)
WITHIN, WIDE, FAR = Case(0.01, -0.02, 0.03), Case(0.02, -0.1, 0.1), Case(0.07, -0.02, 0.2)
FLAT = Case(0.001, -0.004, 0.006)
BETTER, WORSE = dict(better="higher"), dict(better="lower")
NOTED = dict(part=0.01)
BOUND = dict(direction=">", margin=0.72, width=0.1)
NUMBER = dict(margin=0.005, width=0.02, better="lower")
ALIKE = dict(margin=0.05)
NO_GAIN = dict(margin=0.01)
COUNT = dict(width=5.4)
CORRELATION = dict(margin=0.05, width=0.4)
GRADED = dict(direction=">", margin=2, part=0.5)
AGREEMENT = dict(margin=0.7, part=0.0)
MOST = dict(margin=0.5, width=0.5)


def number(value, low=NAN, high=NAN, published=NAN) -> Measured:
    return Measured(value, low, high, published)


def of(*cases, n=None) -> Measured:
    return Measured(cases[0].value, cases=cases, n=n)


def with_lowest(value, low, high, published, lowest) -> Measured:
    return Measured(value, low, high, published, cases=(Case(value), Case(lowest)))


TABLE = [
    ("direction", {}, of(UP, UP), "reproduced"),
    ("direction", {}, of(UP, OPEN), "partly"),
    ("direction", {}, of(OPEN, OPEN), "cannot tell"),
    ("direction", {}, of(UP, UP, DOWN), "not"),  # one of the others is ahead: not the best of all
    ("direction", {}, of(DOWN, DOWN), "not"),
    ("direction", {}, of(Case(0.0, 0.0, 0.0)), "cannot tell"),
    ("direction", NOTED, of(FLAT), "not"),
    ("direction", NOTED, of(OPEN), "cannot tell"),
    ("direction", NOTED, of(UP, FLAT), "not"),
    ("direction", {}, number(0.02, 0.01, 0.03), "reproduced"),
    ("direction", {}, number(0.02, NAN, NAN), "cannot tell"),
    ("direction", {}, of(UP, n=2), "partly"),  # what was not run is not proven
    ("direction", {}, of(case(True), case(True)), "reproduced"),
    ("direction", {}, of(case(True), case(False)), "not"),
    ("direction", dict(direction=">"), number(-0.02, -0.03, 0.01), "cannot tell"),
    ("direction", dict(direction="<"), number(-0.02, -0.03, -0.01), "reproduced"),
    ("direction", dict(direction="<"), number(-0.02, -0.03, 0.01), "cannot tell"),
    ("direction", dict(direction="<"), number(0.02, 0.01, 0.03), "not"),
    ("direction", dict(margin=0.5), of(UP, OPEN), "reproduced"),
    ("direction", dict(margin=0.6), of(UP, OPEN), "partly"),
    ("direction", dict(margin=0.5), of(UP, DOWN), "partly"),
    ("share", {}, of(case(True), case(True)), "reproduced"),
    ("share", {}, of(case(True), case(True), n=3), "partly"),
    ("share", {}, of(case(True), case(False)), "partly"),
    ("share", {}, of(case(False), case(False)), "not"),
    ("share", {}, of(OPEN, DOWN), "cannot tell"),
    ("most", MOST, number(0.8, 0.6, 0.9), "reproduced"),
    ("most", MOST, number(0.6, 0.4, 0.8), "partly"),
    ("most", MOST, number(0.5, 0.4, 0.8), "not"),
    ("most", MOST, number(0.4, 0.2, 0.5), "not"),
    ("most", MOST, number(0.8, 0.3, 0.9), "cannot tell"),
    ("most", MOST, number(0.8), "cannot tell"),
    ("somewhere", {}, of(DOWN, UP), "reproduced"),
    ("somewhere", {}, of(DOWN, OPEN), "cannot tell"),
    ("somewhere", {}, of(DOWN, Case(0.02, 0.01, 0.03, sure=False)), "cannot tell"),
    ("somewhere", {}, of(DOWN, DOWN), "not"),
    ("somewhere", NOTED, of(DOWN, FLAT), "not"),
    ("no gain", NO_GAIN, of(DOWN, DOWN), "reproduced"),
    ("no gain", NO_GAIN, of(Case(0.004, 0.001, 0.009)), "reproduced"),
    ("no gain", NO_GAIN, of(OPEN, DOWN), "partly"),
    ("no gain", NO_GAIN, of(OPEN, OPEN), "cannot tell"),  # a gain of 0.05 is not ruled out
    ("no gain", NO_GAIN, of(UP, DOWN), "not"),
    ("no gain", NO_GAIN, of(DOWN, n=2), "partly"),
    ("alike", ALIKE, number(0.01, -0.02, 0.03), "reproduced"),
    ("alike", ALIKE, number(0.01, -0.06, 0.03), "cannot tell"),
    ("alike", ALIKE, number(0.01, -0.02, 0.06), "cannot tell"),
    ("alike", ALIKE, number(0.10, 0.06, 0.14), "not"),
    ("alike", ALIKE | BETTER, number(0.10, 0.06, 0.14), "not"),  # ahead is not alike
    ("alike", ALIKE | WORSE, number(-0.06, -0.07, -0.051), "not"),
    ("alike", ALIKE, of(Case(0.01, -0.02, 0.03), Case(0.01, -0.06, 0.03)), "partly"),
    ("alike", ALIKE, of(Case(0.01, -0.02, 0.03), Case(0.10, 0.06, 0.14)), "not"),
    ("alike", ALIKE | dict(part=0.5), of(Case(0.0, -0.02, 0.03), DOWN, UP, OPEN), "reproduced"),
    ("alike", ALIKE, number(-1.2, -3.36, 0.91), "cannot tell"),
    ("alike", ALIKE | dict(part=0.8), of(*[WITHIN] * 4, WIDE), "reproduced"),
    ("alike", ALIKE | dict(part=0.8), of(*[WITHIN] * 3, WIDE, WIDE), "partly"),
    ("alike", ALIKE | dict(part=0.8), of(*[WITHIN] * 2, *[WIDE] * 3), "cannot tell"),  # under half
    ("alike", ALIKE | dict(part=0.8), of(*[WITHIN] * 3, FAR, FAR), "not"),  # 3 of 5 values are near
    ("alike", ALIKE | dict(part=0.8), of(*[WITHIN] * 4, FAR), "reproduced"),
    ("direction", {}, of(UP, OPEN, OPEN), "cannot tell"),  # under half of them are proven
    ("no gain", NO_GAIN, of(DOWN, OPEN, OPEN), "cannot tell"),
    ("agreement", AGREEMENT, number(0.8, 0.3, 0.9), "reproduced"),
    ("agreement", AGREEMENT, number(0.6, 0.3, 0.9), "partly"),
    ("agreement", AGREEMENT, number(0.6, 0.3, 0.65), "not"),
    ("agreement", AGREEMENT, number(0.8, -0.1, 0.9), "cannot tell"),
    ("agreement", AGREEMENT, number(-0.1, -0.5, 0.8), "not"),
    ("agreement", AGREEMENT, number(0.8), "cannot tell"),
    ("bound", BOUND, number(0.75, 0.73, 0.77), "reproduced"),
    ("bound", BOUND, number(0.73, 0.70, 0.76), "partly"),
    ("bound", BOUND, number(0.75), "cannot tell"),
    ("bound", BOUND, number(0.73, 0.60, 0.86), "cannot tell"),
    ("bound", BOUND, number(0.71, 0.68, 0.74), "cannot tell"),
    ("bound", BOUND, number(0.60, 0.55, 0.65), "not"),
    ("bound", BOUND, number(0.70, 0.68, 0.72), "not"),
    ("bound", BOUND | dict(direction=">="), number(0.75, 0.72, 0.8), "reproduced"),
    ("bound", BOUND | dict(direction="<"), number(0.60, 0.55, 0.65), "reproduced"),
    ("bound", BOUND | dict(direction="<"), number(0.75, 0.71, 0.79), "cannot tell"),
    ("bound", dict(direction=">"), number(0.60, 0.55, 0.65, 0.72), "not"),
    ("bound", dict(direction=">"), number(0.75, 0.73, 0.77, 0.72), "reproduced"),
    ("number", NUMBER, number(0.040, 0.038, 0.042, 0.05), "exceeded"),
    ("number", NUMBER | BETTER, number(0.060, 0.058, 0.062, 0.05), "exceeded"),
    ("number", NUMBER | dict(better=""), number(0.040, 0.038, 0.042, 0.05), "not"),
    ("number", NUMBER, number(0.047, 0.046, 0.048, 0.05), "reproduced"),
    ("number", NUMBER, number(0.062, 0.049, 0.065, 0.05), "partly"),
    ("number", NUMBER, number(0.050, 0.030, 0.070, 0.05), "cannot tell"),
    ("number", NUMBER, number(0.050, NAN, NAN, 0.05), "cannot tell"),
    ("number", NUMBER, number(0.070, 0.060, 0.080, 0.05), "not"),
    ("count", BETTER | COUNT, number(9, 8, 9, 6), "exceeded"),
    ("count", BETTER | COUNT, number(6, 3.6, 8, 6), "reproduced"),
    ("count", BETTER | COUNT, number(5, 3, 8, 6), "partly"),
    ("count", BETTER | COUNT, number(6, 2, 8, 6), "cannot tell"),
    ("count", BETTER | COUNT, number(2, 0, 4, 6), "not"),
    ("count", WORSE | COUNT, number(0, 0, 0, 4), "exceeded"),
    ("count", WORSE | COUNT, number(0, 0, 0, 0), "reproduced"),
    ("count", WORSE | COUNT, number(1, 0, 3, 0), "partly"),
    ("count", WORSE | COUNT, number(5, 3, 7, 0), "not"),
    ("count", COUNT, number(5, 3, 7, 4), "reproduced"),
    ("count", COUNT, number(6, 4, 9, 4), "partly"),
    ("count", COUNT, number(9, 9, 9, 4), "not"),
    ("count", COUNT, number(0, 0, 2.4, 1), "not"),  # none is not one
    ("count", COUNT, number(1, 0, 2.4, 0), "not"),
    ("correlation", CORRELATION, number(0.95, 0.9, 0.98, 0.82), "exceeded"),
    ("correlation", CORRELATION, with_lowest(0.80, 0.6, 0.9, 0.82, 0.78), "reproduced"),
    ("correlation", CORRELATION, with_lowest(0.80, 0.6, 0.9, 0.82, 0.50), "partly"),
    ("correlation", CORRELATION, number(0.70, 0.6, 0.9, 0.82), "partly"),
    ("correlation", CORRELATION, number(0.65, 0.29, 0.83, 0.82), "cannot tell"),
    ("correlation", CORRELATION, number(0.80, -0.1, 0.81, 0.82), "cannot tell"),
    ("correlation", CORRELATION, number(0.20, -0.1, 0.5, 0.82), "not"),
    ("graded", GRADED, number(2.1), "reproduced"),
    ("graded", GRADED, number(2.0), "partly"),
    ("graded", GRADED, number(0.5), "not"),
    ("graded", GRADED | dict(direction=">="), of(Case(2.0), Case(0.1)), "reproduced"),
    ("graded", GRADED, of(Case(1.0), Case(0.6)), "partly"),
    ("graded", GRADED, of(Case(1.0), Case(0.5)), "not"),
    ("shown", {}, number(0.5), "note"),
    ("by construction", {}, number(0.5), "by construction"),
    ("slip", {}, number(0.5), "note"),
    ("not testable", {}, Measured(), "not testable"),
]
STATED = {"shown", "by construction", "slip", "not testable"}
WORDS = {"held_cells": 1, "n_cells": 2}


@pytest.mark.parametrize(("rule", "row", "measured", "verdict"), TABLE)
def test_verdicts(rule, row, measured, verdict):
    measured = dataclasses.replace(measured, words=WORDS)
    assert claims.judge(Claim("1", rule, **row), measured)[0] == verdict


def test_every_rule_can_hold_can_fail_and_can_leave_open_and_says_beforehand_what_fails_it():
    found = {rule: {row[3] for row in TABLE if row[0] == rule} for rule in RULES}
    assert all(len(found[rule]) == 1 and not RULES[rule].not_if for rule in STATED)
    for rule in set(RULES) - STATED:
        assert {"reproduced", "not"} <= found[rule], rule
        assert found[rule] & {"cannot tell", "partly"}, rule
        told = claims.not_if(Claim("1", rule, ">", 0.5, 0.25, 0.125))
        assert told and "{" not in told and "|" not in told and "nan" not in told, rule


def test_what_counts_as_not_names_the_bounds_of_the_row():
    assert "shown to be below 0.01" in claims.not_if(Claim("1", "direction", part=0.01))
    assert "shown to be" not in claims.not_if(Claim("1", "direction"))
    assert "fewer than 100%" in claims.not_if(Claim("1", "direction"))
    assert "more than 0.05 from zero" in claims.not_if(Claim("1", "alike", margin=0.05))
    assert "not > the published number" in claims.not_if(Claim("1", "bound", ">"))
    with pytest.raises(ParameterError, match="rule of claim 7"):
        claims.not_if(Claim("7", "finer"))


@pytest.mark.parametrize(
    ("rule", "row", "measured", "verdict"),
    [
        ("direction", {}, of(UP, UP), "holds on the twin"),
        ("direction", {}, of(UP, OPEN), "cannot tell"),
        ("direction", {}, of(UP, DOWN), "does not hold on the twin"),
        ("share", {}, of(case(True), case(False)), "does not hold on the twin"),
        ("alike", ALIKE, number(0.10, 0.06, 0.14), "does not hold on the twin"),
        ("bound", BOUND, number(0.75, 0.73, 0.77), "holds on the twin"),
        ("bound", dict(direction=">"), number(0.75, 0.73, 0.77, 0.72), "not testable"),
        ("number", NUMBER, number(0.047, 0.046, 0.048, 0.05), "not testable"),
        ("count", COUNT, number(5, 3, 7, 4), "not testable"),
        ("correlation", CORRELATION, number(0.95, 0.9, 0.98, 0.82), "not testable"),
        ("shown", {}, number(0.5), "note"),
    ],
)
def test_the_twin_has_words_of_its_own_and_nothing_printed_beside(rule, row, measured, verdict):
    measured = dataclasses.replace(measured, words=WORDS, published=0.1)
    made = claims.row(Claim("1", rule, **row), "1: text", measured, "twin")
    assert made["verdict"] == verdict and np.isnan(made["published"])


def test_no_measurement_gets_a_word_of_the_other_track():
    for rule, row, measured, _ in TABLE:
        measured = dataclasses.replace(measured, words=WORDS)
        one = Claim("1", rule, **row)
        assert claims.judge(one, measured, "twin")[0] not in claims.OBSERVED_ONLY
        assert claims.judge(one, measured, "observed")[0] not in claims.TWIN_ONLY


def test_a_run_that_is_too_small_cannot_tell_and_says_why():
    measured = Measured(0.02, 0.01, 0.03, unclear="n too small: 2 sites")
    verdict, why = claims.judge(Claim("1", "direction"), measured)
    assert verdict == "cannot tell" and why.endswith("n too small: 2 sites")


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
        "R2: 2 of 3 pairs in the claimed direction, 1 beyond their interval, 1 beyond it on the "
        "other side"
    )
    turned = claims.judge(Claim("1", "direction", "<"), measured)[1]
    assert turned.startswith("R2: 1 of 3 pairs in the claimed direction, 1 beyond their interval")
    own = Claim("1", "no gain", margin=0.01, why="{held} of {n} {what}")
    assert claims.judge(own, measured)[1] == "1 of 3 R2"
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
    assert set(claims.VERDICTS) == set(tables.VERDICTS)


@pytest.mark.parametrize("study", ["wang2024", "fang2019"])
def test_rows_of_the_studies_are_judged_by_known_rules_that_have_what_they_need(study):
    kinds = ("result", "discussion", "conclusion")
    rows = published.claims() if study == "wang2024" else published.statements(*kinds)
    assert set(rows["rule"]) <= set(RULES)
    ids = {*rows["id"], *published.claims()["id"]}
    assert all(key in ids for needs in rows["needs"] for key in needs)
    for row in rows.itertuples():
        if row.rule in ("alike", "number", "graded", "correlation", "no gain", "most"):
            assert pd.notna(row.margin), row.id
        if row.rule in ("number", "count", "correlation", "most", "bound"):
            assert pd.notna(row.width), row.id
        assert claims.not_if(row) or row.rule in STATED, row.id
        if row.rule == "graded":
            assert pd.notna(row.part) and row.direction, row.id
        if row.rule == "bound":
            assert row.direction, row.id
        if row.rule in ("shown", "not testable"):
            assert row.note, row.id
        assert row.measure or row.rule in STATED, row.id
