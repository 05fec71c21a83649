"""The project's own lists agree with each other: packages, chapters, workflow, floors."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from soilbook.book import provenance

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOW = ROOT / ".github" / "workflows" / "book.yml"
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
# conda-forge's name where it is not that of the Python package index.
CONDA_NAMES = {"torch": "pytorch"}
FLOORS = (
    {
        "errors", "device", "fingerprint", "schema", "settings", "store", "progress", "published",
        "cluster", "costs", "physics", "threads",
    },
    {"models", "metrics", "data", "twin", "landsurface"},
    {"training", "explain"},
    {"plots", "claims"},
    {"wang2024", "fang2019", "beyond"},
    {"book", "cli"},
)  # fmt: skip


def requirements(lines) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in found}


def dependencies() -> dict[str, Requirement]:
    return requirements(PROJECT["dependencies"])


def test_every_package_asked_for_is_a_dependency():
    asked = {"jupyter-book", "papermill", "torch", "scikit-learn", "shap", "seaborn", "xarray"}
    assert asked <= dependencies().keys()


def test_constraints_pin_exact_public_versions():
    for pin in PINS:
        (specifier,) = pin.specifier
        assert specifier.operator == "==", pin
        assert Version(specifier.version).local is None and pin.url is None, pin


def test_constraints_pin_what_the_project_needs_within_its_ranges():
    pins = {canonicalize_name(p.name): next(iter(p.specifier)).version for p in PINS}
    needed = dependencies() | requirements(PROJECT["optional-dependencies"]["test"])
    for name, requirement in needed.items():
        assert name in pins, f"{name} is not pinned"
        assert pins[name] in requirement.specifier, f"{name} {pins[name]} against {requirement}"


def test_environment_for_conda_is_in_step_with_the_project():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (from_pip,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    from_conda = [entry for entry in listed if isinstance(entry, str)]
    found = requirements(from_conda + [line for line in from_pip if not line.startswith("-")])
    expected = {
        CONDA_NAMES.get(name, name): requirement.specifier
        for name, requirement in (
            dependencies() | requirements(PROJECT["optional-dependencies"]["test"])
        ).items()
    }
    assert str(found.pop("python").specifier) == PROJECT["requires-python"]
    found.pop("pip")
    assert {name: r.specifier for name, r in found.items()} == expected
    assert "-e ." in from_pip


def test_lowest_versions_are_those_that_the_project_allows():
    program = [sys.executable, str(ROOT / ".github" / "lowest.py")]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    lowest = requirements(done.stdout.splitlines())
    needed = dependencies() | requirements(PROJECT["optional-dependencies"]["test"])
    assert lowest.keys() == needed.keys()
    for name, requirement in lowest.items():
        (pin,) = requirement.specifier
        bounds = {one.operator: one.version for one in needed[name].specifier}
        assert (pin.operator, pin.version) == ("==", bounds[">="]), name


def test_workflow_passes_its_linter():
    done = lint(WORKFLOW)
    assert done.returncode == 0, done.stdout


def test_workflow_linter_sees_a_mistake(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOW.read_text().replace("runs-on:", "runs_on:", 1))
    assert lint(broken).returncode != 0


def lint(file: Path) -> subprocess.CompletedProcess:
    linter = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    command = [*linter, "vendor.github-workflows", str(file)]
    return subprocess.run(command, capture_output=True, text=True)


def jobs() -> dict:
    return yaml.safe_load(WORKFLOW.read_text())["jobs"]


def chapters() -> list[str]:
    folder = ROOT / "chapters"
    files = folder.glob("*/*.ipynb")
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in files)


def test_workflow_runs_every_chapter_on_a_gpu():
    job = jobs()["chapters"]
    assert job["runs-on"] == ["self-hosted", "gpu"]
    runs = {one["chapter"]: one.get("device") for one in job["strategy"]["matrix"]["include"]}
    # What only reads the others' results runs where these have been gathered.
    gathered = " ".join(step.get("run", "") for step in jobs()["book"]["steps"])
    late = re.findall(r"soilbook run (\S+)", gathered)
    assert sorted([*runs, *late]) == chapters()
    for name, device in runs.items():
        notebook = json.loads((ROOT / "chapters" / f"{name}.ipynb").read_text())
        sources = ["".join(cell["source"]) for cell in notebook["cells"]]
        trains = any(re.search(r"^device\b.*=", source, re.MULTILINE) for source in sources)
        assert device == ("--device cuda" if trains else None), name


def test_workflow_jobs_follow_on_jobs_that_exist():
    names = jobs()
    for job in names.values():
        needs = job.get("needs", [])
        assert {needs} if isinstance(needs, str) else set(needs) <= names.keys()


def test_workflow_calls_only_make_targets_that_exist():
    rules = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    steps = [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]
    called = {word for step in steps for word in re.findall(r"^make ([a-z-]+)", step)}
    assert called and called <= set(rules)


def test_contents_list_every_chapter():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    shown = [file.removeprefix("book/executed/") for file in files if "executed" in file]
    assert sorted(shown) == chapters()
    front = (ROOT / "book" / "intro.md").read_text()
    assert all(f"executed/{name}.ipynb" in front for name in shown)
    prose = {file for file in files if "executed" not in file} | {toc["root"]}
    assert prose == {f"book/{file.stem}" for file in (ROOT / "book").glob("*.md")}


def test_how_to_cite_agrees_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    archive = json.loads((ROOT / ".zenodo.json").read_text())
    assert citation["version"] == archive["version"] == PROJECT["version"]
    assert citation["license"] == archive["license"] == PROJECT["license"]
    assert citation["title"] == archive["title"] == provenance.BOOK
    papers = (ROOT / "book" / "references.bib").read_text()
    for one in citation["references"]:
        assert one["doi"] in papers
        for author in one["authors"]:
            assert f"{author['family-names']}, {author['given-names']}" in papers
    dois = {one["identifier"] for one in archive["related_identifiers"]}
    assert dois == {one["doi"] for one in citation["references"]}


def test_every_chapter_states_its_learning_goals_and_folds_what_only_shows_products():
    for name in chapters():
        cells = json.loads((ROOT / "chapters" / f"{name}.ipynb").read_text())["cells"]
        (goals,) = (c for c in cells if "**Learning goals.**" in "".join(c["source"]))
        assert "".join(goals["source"]).count("\n- ") == 3 and cells.index(goals) == 1, name
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and source.startswith(("page.table", "page.figure")):
                assert "hide-input" in cell["metadata"].get("tags", []), (name, source[:60])


def equations(file: Path) -> list[str]:
    """Displayed equations of a page or chapter."""
    texts = [file.read_text()]
    if file.suffix == ".ipynb":
        cells = json.loads(texts[0])["cells"]
        texts = ["".join(one["source"]) for one in cells if one["cell_type"] == "markdown"]
    return [found for text in texts for found in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)]


def test_a_numbered_equation_has_one_line():
    """Sphinx puts one of several lines into a split, where MathJax refuses its number."""
    files = [*ROOT.glob("chapters/*/*.ipynb"), *ROOT.glob("book/*.md")]
    found = [one for file in files for one in equations(file)]
    assert len(found) > 20
    assert not [one for one in found if "\\tag" in one and r"\\" in one]


def test_an_old_python_is_refused_in_one_line(tmp_path):
    command = ["make", "-s", "environment", "PYTHON=false", f"VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr.splitlines()[0]
    assert not (tmp_path / "venv").exists()


def imported_rooms(file: Path) -> set[str]:
    """Rooms of soilbook that a file imports, also inside functions."""
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [f"soilbook.{alias.name}" for alias in node.names]
                if node.module == "soilbook"
                else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("soilbook.")}
    return rooms & set().union(*FLOORS)


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_a_floor_imports_only_from_floors_below(floor):
    package = ROOT / "lib" / "soilbook"
    above = set().union(*FLOORS[floor + 1 :])
    beside = FLOORS[floor]
    for room in sorted(beside):
        folder = package / room
        for file in [package / f"{room}.py"] if not folder.is_dir() else folder.rglob("*.py"):
            if file.is_file():
                wrong = imported_rooms(file) & above
                assert not wrong, f"{file.relative_to(ROOT)} imports from above: {wrong}"


def test_every_room_of_the_library_has_a_floor():
    package = ROOT / "lib" / "soilbook"
    rooms = {
        path.stem
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert rooms - {"__init__", "__pycache__"} <= set().union(*FLOORS)


def test_no_import_leads_back_to_where_it_started():
    package = ROOT / "lib" / "soilbook"
    files = {}
    for file in package.rglob("*.py"):
        parts = ("soilbook", *file.relative_to(package).with_suffix("").parts)
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    graph = {}
    for name, file in files.items():
        asked = [
            f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in files else node.module
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.ImportFrom) and node.module in files
            for alias in node.names
        ]
        # A package that gathers its modules may be named by them only from outside.
        graph[name] = {one for one in asked if one != name}
    assert list(TopologicalSorter(graph).static_order())


def test_the_container_gives_a_plain_user_the_books_environment():
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    words = [word for word, _ in steps]
    by_word = {word: text for word, text in steps}
    # What Binder asks of a Dockerfile: a tag, its user's name and number, that user at the end.
    assert ":" in by_word["FROM"] and "latest" not in by_word["FROM"]
    arguments = dict(text.split("=", 1) for word, text in steps if word == "ARG")
    assert {"NB_USER", "NB_UID"} <= arguments.keys() and int(arguments["NB_UID"]) >= 1000
    assert by_word["USER"] == "${NB_USER}" and "ENTRYPOINT" not in words
    install = next(text for word, text in steps if word == "RUN" and "pip install" in text)
    assert '-c constraints.txt -e ".[lab]"' in install
    assert words.index("USER") < steps.index(["RUN", install])
    assert by_word["CMD"].startswith('["jupyter", "lab"')
    devcontainer = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    folder = ROOT / ".devcontainer"
    assert (folder / devcontainer["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert devcontainer["remoteUser"] == arguments["NB_USER"]
    assert any(name.startswith("jupyterlab") for name in PROJECT["optional-dependencies"]["lab"])


def test_what_stays_out_of_the_container_is_what_git_ignores():
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {line.removeprefix("**/") for line in left_out} <= ignored


def test_files_are_small_enough_to_be_read_at_one_go():
    long = {
        f.relative_to(ROOT).as_posix(): len(f.read_text().splitlines())
        for f in (ROOT / "lib").rglob("*.py")
    }
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_tests_that_share_what_they_prepare_stay_with_one_process(request):
    """xdist marks the name of a test with its group, unless pytest is one that it does not know."""
    grouped = getattr(request.config.option, "loadgroup", False)
    assert not grouped or request.node.nodeid.endswith("@test_project.py")


@pytest.mark.parametrize("folder", ["chapters", "course"])
def test_what_notebooks_import_of_the_library_is_there(folder):
    """Solutions and labs are run by ``make slow`` alone; a name that moved shows here."""
    lacking = []
    for file in sorted((ROOT / folder).rglob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        for source in ("".join(c["source"]) for c in cells if c["cell_type"] == "code"):
            lacking += [f"{file.name}: {name}" for name in _imported(source) if not _there(name)]
    assert lacking == []


def _imported(source: str) -> list[str]:
    """Modules and names that a cell imports from the library; none of one that is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # a magic of the notebook
        return []
    found = [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}:{a.name}" for a in node.names]
    return [name for name in found if name.startswith("soilbook")]


def _there(name: str) -> bool:
    module, _, attribute = name.partition(":")
    try:
        found = import_module(module)
        return (
            not attribute or hasattr(found, attribute) or bool(find_spec(f"{module}.{attribute}"))
        )
    except ModuleNotFoundError:
        return False
