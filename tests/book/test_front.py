"""The front page's prose follows the numbers of the reference run."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from soilbook.book import findings, front
from soilbook.book.myst import REFERENCE

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"[−+]?\d+\.\d{2,3}")


@pytest.fixture
def base(tmp_path) -> Path:
    """A copy of the reference run that a test may change."""
    shutil.copytree(ROOT / REFERENCE, tmp_path / REFERENCE)
    return tmp_path


def answers(base: Path, study: str) -> dict[str, str]:
    return {one.question: one.answer for one in findings.findings(base, study)}


def change(base: Path, file: str, edit) -> None:
    path = base / REFERENCE / file
    edit(pd.read_csv(path)).to_csv(path, index=False)


def values(base: Path, study: str) -> set[str]:
    """Every number of the study's reference run at three and two digits, either sign."""
    found = set()
    for file in (base / REFERENCE / study).glob("*/*.csv"):
        if file.stat().st_size < 100_000:
            table = pd.read_csv(file).select_dtypes("number").to_numpy(float).ravel()
            found |= {round(abs(x), 3) for x in table[np.isfinite(table)]}
            found |= {round(abs(x), 2) for x in table[np.isfinite(table)]}
    return found


@pytest.mark.parametrize("study", findings.FINDINGS)
def test_each_finding_has_numbers_of_the_files_and_leads_to_a_chapter(base, study):
    known = values(base, study)
    for one in findings.findings(base, study):
        assert (ROOT / "chapters" / study / f"{one.chapter}.ipynb").is_file()
        told = NUMBER.findall(one.answer)
        assert told or "how much data" in one.question
        for number in told:
            if "lower on average" not in one.answer:
                assert abs(float(number.replace("−", "-"))) in known, (one.question, number)


def test_the_best_network_is_the_one_with_the_highest_scores(base):
    def edit(table):
        rows = (table["model"] == "GAN-LSTM") & np.isclose(table["depth_m"], 1.0)
        table.loc[rows, "r2"] = 0.9991
        return table

    question = "Which network is best?"
    assert "At 1.00 m **GAN-LSTM**" not in answers(base, "wang2024")[question]
    change(base, "wang2024/s4_5_gan/table_6.csv", edit)
    assert "At 1.00 m **GAN-LSTM**, with R² = 0.999" in answers(base, "wang2024")[question]


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.01, 0.02, "A gain"), (-0.02, -0.01, "A loss"), (-0.01, 0.01, "No change beyond chance")],
)
def test_what_gan_brought_follows_the_interval(base, low, high, word):
    def edit(claims):
        claims.loc[claims["claim"].str.startswith("5-10:"), ["low", "high"]] = low, high
        return claims

    change(base, "wang2024/s5_conclusions/claims.csv", edit)
    answer = answers(base, "wang2024")["What did adversarial training (GAN) bring?"]
    assert answer.startswith(f"**{word}**")


def test_networks_count_against_persistence_only_beyond_chance(base):
    question = "Does any network beat persistence?"
    change(base, "wang2024/s5_conclusions/fig_5all.csv", lambda t: t.assign(gain=0.1, p=0.01))
    assert answers(base, "wang2024")[question].count("10 of 10 networks") == 4
    change(base, "wang2024/s5_conclusions/fig_5all.csv", lambda t: t.assign(gain=0.1, p=0.2))
    assert answers(base, "wang2024")[question].count("0 of 10 networks") == 4
    change(base, "wang2024/s5_conclusions/fig_5all.csv", lambda t: t.assign(gain=-0.1, p=0.01))
    assert answers(base, "wang2024")[question].count("0 of 10 networks") == 4


@pytest.mark.parametrize(
    ("verdict", "word"),
    [("better", "**Yes**"), ("worse", "**No"), ("no difference shown", "**No difference")],
)
def test_comb_against_noah_follows_the_test(base, verdict, word):
    change(base, "fang2019/s3_b_sparse_network/table_7b.csv", lambda t: t.assign(verdict=verdict))
    question = "Does Comb (mean of LSTM and Noah) beat Noah?"
    assert answers(base, "fang2019")[question].startswith(word)


def test_a_hindcast_that_falls_off_before_launch_is_said_to(base):
    def edit(table):
        rows = (table["period"] == "PL") & (table["metric"] == "r")
        table.loc[rows, ["median", "low", "high"]] = 0.3, 0.2, 0.4
        return table

    question = "Does the prolongation of SMAP hold before launch?"
    assert answers(base, "fang2019")[question].startswith("**Yes**")
    change(base, "fang2019/s3_b_sparse_network/table_7.csv", edit)
    assert answers(base, "fang2019")[question].startswith("**Not everywhere**")


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.80, 0.85, "As well as"), (0.85, 0.90, "Better than"), (0.70, 0.80, "Less well than")],
)
def test_the_year_ahead_speaks_of_the_papers_method_and_follows_its_interval(base, low, high, word):
    def edit(table):
        rows = (table["predictor"] == "ensemble") & (table["metric"] == "r")
        table.loc[rows & (table["method"] == "paper"), ["low", "high"]] = low, high
        table.loc[rows & (table["method"] == "ours"), "value"] = 0.777
        return table

    change(base, "fang2019/s2_b_model/table_M3.csv", edit)
    answer = answers(base, "fang2019")["How well does the network predict SMAP a year ahead?"]
    assert answer.startswith(f"**{word} the authors' network**")
    assert "(LSTM (ours)) R 0.777" in answer


def test_a_training_that_was_too_short_is_said_to_be(base):
    def flat(table):
        table["rmse"] = 0.03
        return table

    question = "How well does the network predict SMAP a year ahead?"
    said = "At the end of its 100 epochs the paper's method still improves"
    assert said in answers(base, "fang2019")[question]
    change(base, "fang2019/s2_b_model/fig_M2.csv", flat)
    assert answers(base, "fang2019")[question].endswith("].")


def test_a_note_of_the_reference_run_is_told(base):
    question = "On how much data does this rest?"
    file = base / REFERENCE / "fang2019/s2_b_model/provenance.json"
    file.write_text(json.dumps({"note": "Made in haste."}))
    assert answers(base, "fang2019")[question].endswith(" Made in haste.")
    file.write_text("{}")
    assert answers(base, "fang2019")[question].endswith("inside a pixel.")


def test_pictures_hold_print_beside_what_was_reproduced(base):
    figure = front.draw_networks(findings.Reference(base, "wang2024"))
    printed, reproduced = (axis.images[0].get_array() for axis in figure.axes[:2])
    assert printed.shape == reproduced.shape == (11, 15)
    assert np.ma.count(printed) >= 140 and np.ma.count(reproduced) == 165
    figure = front.draw_hindcast(findings.Reference(base, "fang2019"))
    assert [axis.get_title() for axis in figure.axes] == ["surface", "root zone"]


def test_what_is_left_is_what_the_intro_includes(base):
    front.write_front(base)
    intro = (ROOT / "book/intro.md").read_text()
    included = re.findall(r"{include} (\S+)", intro)
    assert len(included) == 3
    for name in included:
        assert (base / "book" / name).is_file(), name
    text = (base / front.FOLDER / "findings.md").read_text()
    for picture in re.findall(r"{figure} (\S+)", text):
        assert (base / "book" / picture).read_text().count("<svg") == 1
    assert len(re.findall(r':alt: "[^"]{60,}"', text)) == 2


def test_numbers_are_written_with_a_minus_sign_and_no_negative_zero():
    assert findings._span(-0.0001, 0.5) == "[0.000, 0.500]"
    assert findings._number(-0.0149, sign="+") == "−0.015"
