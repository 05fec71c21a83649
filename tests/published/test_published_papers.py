"""Every value of ``published`` against the papers' own text."""

import re

import pandas as pd
import pytest

from soilbook import published

pytestmark = pytest.mark.papers


@pytest.fixture(scope="module")
def wang(papers_folder) -> list[str]:
    """Lines of study 1."""
    return (papers_folder / "wang2024_ten_models.txt").read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def fang(papers_folder) -> dict[str, str]:
    """Sections and captions of study 2, by the names that ``statements`` uses."""
    text = (papers_folder / "fang2019_smap_hindcast.txt").read_text("utf-8")
    return fang_sections(text.splitlines())


def cells(lines: list[str], first: str, stop: str) -> list[list[str]]:
    """Rows of a tab-separated table between two lines given by their beginnings."""
    start = next(k for k, line in enumerate(lines) if re.match(first, line))
    end = next(k for k in range(start + 1, len(lines)) if re.match(stop, lines[k]))
    return [line.split("\t") for line in lines[start:end] if "\t" in line]


WORDS = {"none": 0, "half": 0.5, "only": 1, "one": 1, "two": 2, "three": 3, "four": 4}
WORDS |= {"five": 5, "six": 6, "nine": 9, "thirty": 30, "ten": 10, "eight": 8, "fifth": 5}


def numbers(text: str) -> set[float]:
    """Numbers in digits and in words."""
    digits = re.findall(r"\d+(?:\.\d+)?", text)
    words = [WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in WORDS]
    return {float(x) for x in digits + words}


HEADINGS = {
    "I. INTRODUCTION": "I",
    "II. METHODS": "II",
    "A. Data Sets": "II-A",
    "B. Time-Series": "II-B",
    "C. Validation": "II-C",
    "III. RESULTS": "III",
    "1) Statistical": "III-A.1",
    "- 2) Statistical": "III-A.2",
    "3) Time Series": "III-A.3",
    "B. Evaluation": "III-B",
    "C. Evaluation": "III-C",
    "D. Further": "III-D",
    "IV. CONCLUSION": "IV",
    "ACKNOWLEDGMENT": "end",
}


def fang_sections(lines: list[str]) -> dict[str, str]:
    sections, current = {}, "front"
    for line in lines:
        caption = re.match(r"Fig\. \d+", line)
        if caption:
            sections[caption[0]] = line
            continue
        current = next((s for h, s in HEADINGS.items() if line.startswith(h)), current)
        sections[current] = sections.get(current, "") + line + "\n"
    return sections


def plain(text: str) -> str:
    """Text without markup, with one kind of dash and of space."""
    text = re.sub(r"[*$\\]", "", text).replace("–", "-").replace("{", "").replace("}", "")
    return re.sub(r"\s+", " ", text)


def test_table_1(wang):
    rows = [r for r in cells(wang, r"Table 1\.", "2.2 ") if r[0]]
    sites = published.sites()
    assert len(rows) == len(sites) == 30
    for row, site in zip(rows, sites.itertuples(), strict=True):
        years = f"{site.first_year}-{site.last_year}"
        assert row[0] == site.printed and row[4:6] == [site.land_cover, years]
        numbers = [site.sand, site.silt, site.clay, site.latitude, site.longitude]
        assert [float(x) for x in row[1:4] + row[6:8]] == numbers


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
def test_score_tables(wang, number):
    rows = cells(wang, rf".*Table {number}\.\**\s+The values", r"\d\.\d |Based on")
    models = [head.removesuffix(" R^2") for head in rows[0] if head.endswith("R^2")]
    models = ["1D-CNN" if name == "CNN" else name for name in models]
    leads = [int(head.removesuffix("d")) for head in rows[1][1:]]
    assert leads == [1, 3, 7] * len(models)
    printed = {
        (models[k // 3], float(row[0]), leads[k]): text
        for row in rows[2:]
        for k, text in enumerate(row[1:])
    }
    part = published.scores().query("table == @number")
    keys = zip(part["model"], part["depth_m"], part["lead_d"], strict=True)
    assert dict(zip(keys, part["text"], strict=True)) == printed
    assert len(part) == len(printed) == 15 * len(models)


def test_table_a1(wang):
    rows = [r for r in cells(wang, r"Table A1\.", "730 RF") if r[0] != "Network Type"]
    # A row that names only a part of a network has its name in the fourth column.
    found = [[x.replace(" -", "-") for x in r if x] for r in rows]
    layers = published.layers()
    expected, before = [], ("", "")
    for row in layers.itertuples():
        sizes = [f"{x:.0f}" for x in (row.kernel_size, row.hidden_size) if pd.notna(x)]
        line = [row.layer, *sizes, *([row.activation] if row.activation else [])]
        head = [row.model] if row.model != before[0] else []
        if row.part and row.part != before[1]:
            expected.append([*head, row.part])
            head = []
        expected.append([*head, *line])
        before = (row.model, row.part)
    assert found == expected
    assert len(layers) == 32


def test_table_d2(wang):
    rows = [r for r in cells(wang, r".*Table D2", "775 ") if len(r) == 9 and "Min" not in r]
    weather, splits = published.weather(), published.splits()
    assert len(rows) == len(weather) == 60
    for row, values in zip(rows, weather.itertuples(), strict=True):
        assert row[0] in ("", values.site)
        assert row[1].startswith(values.variable)
        assert [float(x) for x in row[2:6]] == [values.min, values.max, values.mean, values.std]
    for first, second, dates in zip(rows[::2], rows[1::2], splits.itertuples(), strict=True):
        assert first[0] == dates.site
        printed = [
            x.rstrip("-").replace(".", "-")
            for pair in zip(first, second, strict=True)
            for x in pair
        ]
        assert printed[-6:] == [f"{day:%Y-%m-%d}" for day in dates[2:]]


def test_hyperparameters_are_in_the_text(wang):
    text = plain(" ".join(wang))
    for row in published.hyperparameters().itertuples():
        assert plain(row.printed) in text, row
        if re.fullmatch(r"[\d.]+", row.value):
            assert float(row.value) in numbers(row.printed), row


def test_claims_rest_on_tables_and_figures_that_exist(wang):
    text = plain(" ".join(wang))
    for row in published.claims().itertuples():
        for item in row.rests_on:
            if item != "text":
                name = re.match(r"(Table|Fig\.) (\d+)", item)
                full = "Figure" if name[1] == "Fig." else "Table"
                assert re.search(rf"{full} {name[2]}\. [A-Z]", text), item


def test_statements_are_near_their_section(fang):
    missing = [
        (row.id, words)
        for row in published.statements().itertuples()
        for words in row.printed.split(" | ")
        if plain(words) not in plain(fang[row.section])
    ]
    assert not missing


def test_statements_hold_the_numbers_of_the_printed_words():
    for row in published.statements().itertuples():
        found = numbers(row.printed)
        if pd.notna(row.value) and not (row.value == 0 and row.relation == "<"):
            assert found & {row.value, row.upper}, row
        if pd.notna(row.count) and row.count_relation == "=":
            assert row.count in found, row
        if row.date:
            assert float(row.date[:4]) in found, row


def test_no_decimal_or_percentage_of_study_2_is_left_out(fang):
    for section, text in fang.items():
        if section in ("front", "end"):
            continue
        told = " ".join(published.statements().query("section == @section")["printed"])
        for number in set(re.findall(r"(?<!\d)0\.\d+|\d+\.\d+(?= cm)|\d+%", plain(text))):
            assert number in plain(told), (section, number)


@pytest.mark.parametrize("study", ["wang", "fang"])
def test_the_words_are_our_own(study, wang, fang):
    """No run of seven words of a paraphrase stands in the paper."""
    text = " ".join(wang) if study == "wang" else " ".join(fang.values())
    table = published.claims()["claim"] if study == "wang" else published.statements()["statement"]
    paper = " ".join(re.findall(r"\w+", text.lower()))
    for sentence in table:
        words = re.findall(r"\w+", sentence.lower())
        for k in range(len(words) - 6):
            assert " ".join(words[k : k + 7]) not in paper, sentence
