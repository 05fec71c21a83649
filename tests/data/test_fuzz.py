"""Forty faults in the files of every reader; ``make fuzz`` makes a thousand of each."""

from dataclasses import replace

import pytest
from fuzz import Valid
from valid import READERS

from soilbook.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore")
N = 40


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_refused_or_read_alike(name, tmp_path):
    made = Valid(name, tmp_path)
    answers = [made.check(number) for number in range(N)]
    wrong = [(k, words) for k, (answer, words) in enumerate(answers) if answer == "wrong"]
    assert not wrong
    assert {"refused", "read"} == {answer for answer, _ in answers}


def fails(_):
    raise KeyError("Date")


def speaks_at_length(_):
    raise DataError("file.csv:\nrow 2")


def shifts(cells):
    return dict(zip(cells, reversed(cells.values()), strict=True))


def forgets(cells):
    return dict(list(cells.items())[:3])


@pytest.mark.parametrize(
    ("fault", "says"),
    [(fails, "KeyError"), (speaks_at_length, "\nrow 2"), (shifts, "became"), (forgets, "is gone")],
)
def test_a_reader_with_a_fault_is_seen(tmp_path, fault, says):
    made = Valid("scan", tmp_path)
    made.reader = replace(made.reader, read=lambda folder: fault(READERS["scan"].read(folder)))
    wrong = [words for answer, words in map(made.check, range(N)) if answer == "wrong"]
    assert wrong and all(says in words for words in wrong)


def test_the_files_are_whole_again_after_each_fault(tmp_path):
    made = Valid("uscrn", tmp_path)
    for number in range(N):
        made.check(number)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == dict(
        zip(made.paths, made.contents, strict=True)
    )
