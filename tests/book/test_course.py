"""The course: labels and solutions of exercises, labs, what is handed out, grades."""

import ast
import copy
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from wrong_answers import RIGHT, WRONG

from soilbook import __version__, cli
from soilbook.book import chapters, course
from soilbook.book.page import Page
from soilbook.errors import DataError, ParameterError

ROOT = Path(__file__).parents[2]
LABS = course.labs(ROOT)
CHAPTERS = chapters.all_chapters(ROOT)


def read(lab: str):
    return nbformat.read(LABS[lab], 4)


def answers(lab: str) -> list[str]:
    """What is between the markers of a lab: what students must not see."""
    cells = read(lab).cells
    parts = [match[2] for cell in cells for match in course.SOLUTION.finditer(cell.source)]
    return parts + [match[1] for cell in cells for match in course.HIDDEN.finditer(cell.source)]


# Exercises


def test_every_exercise_has_a_label_of_its_own_and_a_solution():
    labels = []
    for name, chapter in CHAPTERS.items():
        found = course.exercises(chapter.notebook)
        assert found.keys() == course.solutions(name, ROOT).keys(), name
        labels += found
    assert len(labels) == len(set(labels)) > 60


def test_every_exercise_says_how_long_and_what_for():
    for chapter in CHAPTERS.values():
        for one in course.exercises(chapter.notebook).values():
            assert 5 <= one.minutes <= 30 and one.learnt and one.text, one


def test_every_solution_has_words_and_a_program_that_checks_itself():
    for name in CHAPTERS:
        for label, cells in course.solutions(name, ROOT).items():
            assert len(cells[0].source.split()) > 5, label
            assert re.search(r"^ *assert ", course.code(cells), re.MULTILINE), label


def test_solutions_hold_no_outputs():
    for file in (ROOT / "course").rglob("*.ipynb"):
        cells = nbformat.read(file, 4).cells
        assert all(not cell.outputs for cell in cells if cell.cell_type == "code"), file


@pytest.mark.parametrize(
    "text",
    [
        "1. Without a label",
        "**Exercise 1-1** no time. Text",
        "words\n\n**Exercise 1-1** (5 min; x). T",
    ],
)
def test_a_text_without_a_label_is_no_exercise(text):
    notebook = {"cells": [{"cell_type": "markdown", "source": f"## Exercises\n\n{text}\n"}]}
    with pytest.raises(DataError, match="has no label"):
        course.exercises(notebook)


def test_a_chapter_without_the_heading_has_no_exercise():
    assert course.exercises({"cells": [{"cell_type": "markdown", "source": "# A\n"}]}) == {}


def test_solutions_are_folded_into_a_page_and_left_out_by_one_switch(monkeypatch):
    name = "wang2024/s4_2_basic_networks"
    (program,) = [course.code(course.solutions(name, ROOT)["4.2-3"])]
    page = course.folded(nbformat.read(CHAPTERS[name].file, 4), name, ROOT)
    (cell,) = [one for one in page.cells if course.HEADING in one.source]
    assert program in cell.source and cell.source.count("<summary>Solution</summary>") == 3
    assert cell.source.index("**Exercise 4.2-1**") < cell.source.index("<details>")
    assert "## How this page was made" in cell.source
    assert cell.source.index('id="exercise-4.2-3"') < cell.source.index("**Exercise 4.2-3**")
    monkeypatch.setenv(course.VARIABLE, "none")
    page = course.folded(nbformat.read(CHAPTERS[name].file, 4), name, ROOT)
    (cell,) = [one for one in page.cells if course.HEADING in one.source]
    assert "<details>" not in cell.source and program not in cell.source
    assert 'id="exercise-4.2-3"' in cell.source and "**Exercise 4.2-3**" in cell.source


def test_a_notebook_without_exercises_stays_as_it_is():
    plain = v4.new_notebook(cells=[v4.new_markdown_cell("# Title", id="a")])
    assert course.folded(copy.deepcopy(plain), "wang2024/s3_models", ROOT) == plain


# What is handed out


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    for form in course.FORMS:
        course.build(folder / form, form, ROOT)
    return folder


def test_nothing_of_a_solution_or_a_test_leaks(handed_out):
    texts = {file: file.read_text() for file in (handed_out / "student").rglob("*.ipynb")}
    everything = "\n".join(texts.values())
    cells = [cell for lab in LABS for cell in read(lab).cells]
    given = [cell.source for cell in cells if course.question(cell)[0] == "given"]
    cells = [cell for chapter in CHAPTERS.values() for cell in chapter.notebook["cells"]]
    given += ["".join(cell["source"]) for cell in cells]
    given = "\n".join(given)
    secrets = [part for lab in LABS for part in answers(lab)]
    for name in CHAPTERS:
        for cells in course.solutions(name, ROOT).values():
            secrets += [cells[0].source, course.code(cells)]
    lines = {line.strip() for part in secrets for line in part.splitlines()}
    # A line that students are given elsewhere, such as an import, is no secret.
    lines = {line for line in lines if len(line) > 25 and line not in given}
    assert len(lines) > 500
    leaked = [line for line in lines if json.dumps(line)[1:-1] in everything]
    assert not leaked
    assert "BEGIN SOLUTION" not in everything and "HIDDEN TESTS" not in everything
    for file, text in texts.items():
        assert "solution" not in file.name
        for cell in nbformat.reads(text, 4).cells:
            assert set(cell.metadata) <= {"tags"} and "solution" not in cell.id
            assert not cell.get("outputs") and not cell.get("execution_count")


def test_students_get_a_cell_to_write_in_for_every_question(handed_out):
    for lab in LABS:
        source, student = read(lab), nbformat.read(handed_out / f"student/labs/{lab}.ipynb", 4)
        for before, after in zip(source.cells, student.cells, strict=True):
            kind, _ = course.question(before)
            stub = {"code": course.STUB.splitlines()[-1], "markdown": course.WORDS}
            assert (kind == "answer") == (stub[before.cell_type] in after.source), before.id
            assert before.id == after.id
    for name, chapter in CHAPTERS.items():
        text = (handed_out / f"student/chapters/{name}.ipynb").read_text()
        for label in course.exercises(chapter.notebook):
            assert text.count(f'# your answer to {label}"') == 1, label


def test_chapters_hold_no_roles_which_jupyterlab_would_show_raw():
    for name, chapter in CHAPTERS.items():
        cells = [cell for cell in chapter.notebook["cells"] if cell["cell_type"] == "markdown"]
        assert not re.search(r"\{[\w:-]+\}`", "".join("".join(c["source"]) for c in cells)), name


def test_handouts_write_beside_themselves(handed_out):
    for form in ("student", "instructor"):
        for file in (handed_out / form / "chapters").rglob("*.ipynb"):
            text = file.read_text()
            name = f"{file.parent.name}/{file.stem}"
            assert f', \\"results/{name}\\")' in text


def test_instructors_get_every_solution(handed_out):
    for name in CHAPTERS:
        cells = nbformat.read(handed_out / f"instructor/chapters/{name}.ipynb", 4).cells
        programs = "\n".join(cell.source for cell in cells)
        for label, solved in course.solutions(name, ROOT).items():
            assert all(cell.source in programs for cell in solved), label


def test_nbgrader_gets_its_metadata(handed_out):
    for lab in LABS:
        file = handed_out / f"nbgrader/source/{lab}/{lab}.ipynb"
        cells = [cell.metadata.nbgrader for cell in nbformat.read(file, 4).cells]
        assert all(one.schema_version == 3 for one in cells)
        assert len({one.grade_id for one in cells}) == len(cells)
        tests = [one for one in cells if one.grade and not one.solution]
        assert all(one.locked and one.points > 0 for one in tests) and len(tests) >= 4
        assert not any(one.locked for one in cells if one.solution)
    assert not (handed_out / "nbgrader/chapters").exists()


def test_what_is_handed_out_goes_to_a_new_folder(tmp_path, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/notes.txt").write_text("mine")
    assert cli.main(["course", "build", "--out", str(tmp_path / "there")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (tmp_path / "there/notes.txt").read_text() == "mine"
    with pytest.raises(ParameterError, match="allowed: student, instructor, nbgrader"):
        course.build(tmp_path / "new", "pupil", ROOT)
    assert cli.main(["course", "build", "--instructor", "--out", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new/labs/1_persistence_first.ipynb").is_file()
    assert cli.main(["course", "list"]) == 0
    said = capsys.readouterr().out
    assert "lab 6_satellite_and_station" in said and "no solution" not in said


# Labs and grades


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_goals_a_prediction_a_take_home_and_points(lab):
    cells = read(lab).cells
    text = "\n".join(cell.source for cell in cells)
    assert "You will be able to" in text and "take home" in text.lower()
    assert re.search(r"predict|before you (run|compute)", text, re.IGNORECASE)
    points = sum(number for kind, number in map(course.question, cells) if kind == "test")
    assert points >= 8
    assert len({cell.id for cell in cells}) == len(cells)
    for cell in cells:
        if course.question(cell)[0] == "test":
            assert course.POINTS.search(cell.source) and not course.SOLUTION.search(cell.source)
            checks = [
                one for one in ast.walk(ast.parse(cell.source)) if isinstance(one, ast.Assert)
            ]
            assert len(checks) > 1 and all(one.msg for one in checks), "says what is wrong"


def executed(cells, namespace: dict) -> None:
    for cell in cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, cell.id, "exec"), namespace)


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_the_answers_pass_and_typical_wrong_ones_are_caught(lab, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    cells = read(lab).cells
    namespace = {"__name__": "__main__"}
    after = {}  # names as they are when a question's answer is written
    for cell in cells:
        executed([cell], namespace)
        if course.question(cell)[0] == "answer":
            after[cell.id] = dict(namespace)
    by_id = {cell.id: cell for cell in cells}
    for question, kind, right in RIGHT.get(lab, ()):
        names = dict(after[f"{question}-answer"])
        exec(compile(right, kind, "exec"), names)
        executed([by_id[f"{question}-test"]], names)
    tested = set()
    for question, kind, wrong in WRONG[lab]:  # may change arrays that all questions share
        names = dict(after[f"{question}-answer"])
        exec(compile(wrong, kind, "exec"), names)
        with pytest.raises(Exception) as caught:  # an assertion, or what the wrong code raises
            executed([by_id[f"{question}-test"]], names)
        assert not isinstance(caught.value, NameError) and str(caught.value), (kind, caught.value)
        tested.add(question)
    asked = {cell.id.removesuffix("-test") for cell in cells if cell.id.endswith("-test")}
    assert tested == asked, "every question has a wrong answer that is caught"


def test_an_empty_lab_gets_no_point_and_a_changed_test_does_not_count(tmp_path, handed_out, capsys):
    empty = handed_out / "student/labs/3_leaks.ipynb"
    cheated = nbformat.read(empty, 4)
    for cell in cheated.cells:
        if cell.id.endswith("-test"):
            cell.source = "pass"
    cheated.cells = [cell for cell in cheated.cells if cell.id != "q5-test"]  # one is deleted
    file = tmp_path / "3_leaks_ada.ipynb"
    nbformat.write(cheated, file)
    assert cli.main(["course", "grade", str(empty), str(file)]) == 0
    said = capsys.readouterr().out
    assert "3_leaks.ipynb: 0 of 10 points" in said and "3_leaks_ada.ipynb: 0 of 10 points" in said


def test_the_instructors_version_gets_all_points(handed_out):
    grades = course.grade(handed_out / "instructor/labs/3_leaks.ipynb", ROOT)
    assert [one.points for one in grades] == [one.of for one in grades] == [2] * 5
    assert not any(one.error for one in grades)


def test_cells_without_ids_are_known_by_their_order():
    source = read("3_leaks")
    handed_in = course.lab(source, "instructor")
    for number, cell in enumerate(handed_in.cells):
        cell.id = f"other-{number}"
    expected = course.with_tests(course.lab(source, "instructor"), source)
    assert course.with_tests(copy.deepcopy(handed_in), source) == expected
    with pytest.raises(DataError, match="lost their ids"):
        course.with_tests(v4.new_notebook(cells=handed_in.cells[1:]), source)


def test_cells_of_a_students_own_stay_and_deleted_tests_come_back():
    source = read("3_leaks")
    handed_in = course.lab(source, "student")
    mine = v4.new_code_cell("import math", id="mine")
    kept = [cell for cell in handed_in.cells if cell.id != "q2-test"]
    made = course.with_tests(v4.new_notebook(cells=[mine, *kept]), source)
    assert made.cells[0].source == "import math" and made.cells[-1].id == "q2-test"
    assert "HIDDEN TESTS" in made.cells[-1].source
    assert course.STUB in next(cell.source for cell in made.cells if cell.id == "q3-answer")


def test_what_cannot_be_graded_is_one_line_and_the_others_are_graded(tmp_path, capsys, monkeypatch):
    files = [tmp_path / f"{name}.ipynb" for name in ("holiday", "3_leaks_ada", "3_leaks")]
    for file, text in zip(files, ("{}", "{", "{}"), strict=True):
        file.write_text(text)
    real = course.grade
    of_good = [course.Grade("Q1", 1, 2, "half")]
    monkeypatch.setattr(course, "grade", lambda f: of_good if f == files[2] else real(f))
    assert cli.main(["course", "grade", *map(str, files)]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines() == ["3_leaks.ipynb: 1 of 2 points", "    Q1: 1 of 2  half"]
    lines = said.err.splitlines()[1:]
    assert len(lines) == 2 and "unknown lab" in lines[0] and "not a notebook" in lines[1]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("assert False, 'the lead is\\nnot used'", "the lead is not used"),
        ("assert False", "AssertionError"),
        ("{}['a']", "KeyError: 'a'"),
        ("while True: pass", "KeyboardInterrupt"),
        ("import os; os._exit(1)", "not executed: a cell before it ended the kernel"),
    ],
)
def test_a_grade_says_what_failed_whatever_a_cell_does(program, message, monkeypatch):
    monkeypatch.setattr(course, "CELL_SECONDS", 5)
    form = "{}\n# Q1: 2 points\n### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
    ends = "_exit" in program
    cells = [v4.new_code_cell(program if ends else "pass", outputs=[], execution_count=7)]
    cells.append(v4.new_code_cell(form.format("", "pass" if ends else program), execution_count=8))
    made = course.run(v4.new_notebook(cells=cells)).cells[1]
    assert course._graded(made) == course.Grade("Q1", 0, 2, message)


# Solutions of the chapters


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_solution_of_a_chapter_runs(name, monkeypatch):
    monkeypatch.setenv("SOILBOOK_ROOT", str(ROOT))
    notebook = course.handout(CHAPTERS[name], "instructor", ROOT)
    (cell,) = [one for one in notebook.cells if "parameters" in one.metadata.get("tags", ())]
    cell.source = cell.source.replace('profile: str = "quick"', 'profile: str = "smoke"')
    assert '"smoke"' in cell.source
    executed_ = course.run(notebook)
    errors = [
        f"{one.id}: {output.ename}: {output.evalue}"
        for one in executed_.cells
        for output in one.get("outputs", ())
        if output.output_type == "error"
    ]
    assert not errors


def test_the_guide_counts_right_and_installs_this_release():
    guide = (ROOT / "book/course.md").read_text()
    n = sum(len(course.exercises(chapter.notebook)) for chapter in CHAPTERS.values())
    assert f"{n} exercises with solutions" in guide and f'"soilbook=={__version__}"' in guide
    for lab in LABS:
        minutes = re.search(r"^(\d+) minutes", read(lab).cells[0].source, re.MULTILINE)[1]
        title = re.match(r"# Lab (\d: .+)", read(lab).cells[0].source)[1].replace(":", "")
        assert f"| {title} ({minutes}) |" in guide, title
        assert 60 <= int(minutes) <= 90
    labels = {label for one in CHAPTERS.values() for label in course.exercises(one.notebook)}
    named = re.findall(r"\| ((?:[\w.-]+-\d+(?:, | to )?)+) \|$", guide, re.MULTILINE)
    assert len(named) == len(LABS)
    assert set(re.findall(r"[\w.-]+-\d+", " ".join(named))) <= labels


def test_the_guide_folds_the_answers_to_every_lab_and_leaves_them_out(monkeypatch, tmp_path):
    assert "{include} executed/front/answers.md" in (ROOT / "book/course.md").read_text()
    for lab in LABS:
        title = read(lab).cells[0].source.splitlines()[0].removeprefix("# ")
        part = (
            course.answers(ROOT)
            .partition(f"<summary>{title}</summary>")[2]
            .partition("</details>")[0]
        )
        assert "**Question before the run.**" in part and "**Discussion.**" in part, lab
        written = (c.source for c in read(lab).cells if c.cell_type == "markdown")
        words = [one[2].strip() for one in map(course.SOLUTION.search, written) if one]
        assert part.count("**Model answer.**") == len(words) and all(one in part for one in words)
    monkeypatch.setenv(course.VARIABLE, "none")
    assert course.answers(ROOT) == course.answers(tmp_path)
    assert "<details>" not in course.answers(ROOT)


def test_a_copy_of_a_chapter_has_results_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILBOOK_ROOT", str(ROOT))
    monkeypatch.delenv("SOILBOOK_OUT", raising=False)
    values = {"data": "twin", "profile": "smoke"}
    own = ROOT / "results/twin/smoke/wang2024"
    assert Page("wang2024/s4_5_gan", values).folder == own / "s4_5_gan"
    for session, stem in (("x/chapters/wang2024/mine.ipynb", "mine"), ("x/console-1", "s4_5_gan")):
        monkeypatch.setenv("JPY_SESSION_NAME", session)
        assert Page("wang2024/s4_5_gan", values).folder == own / stem
    assert Page("wang2024/s4_5_gan", values, tmp_path).folder == tmp_path
    monkeypatch.setenv("SOILBOOK_OUT", str(tmp_path / "out"))
    assert Page("wang2024/s4_5_gan", values).folder == tmp_path / "out"
