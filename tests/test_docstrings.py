"""What docstrings, comments and the guide for changes name is there."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "lib" / "soilbook"


def dotted(file: Path) -> str:
    """Name of a module of the library, without ``soilbook``."""
    parts = file.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {dotted(file): ast.parse(file.read_text()) for file in LIBRARY.rglob("*.py")}
ROOMS = {part for name in MODULES for part in name.split(".")}
FILES = (".py", ".csv", ".json", ".md", ".nc", ".toml", ".ipynb")  # endings that are no attribute
SOURCES = [file for room in ("lib", "tests", "benchmarks") for file in (ROOT / room).rglob("*.py")]


def bound(tree: ast.AST) -> dict[str, ast.AST | None]:
    """Names that a module or class binds at its top, with what they are where it is written there.

    Of a name that is imported nothing more is known.
    """
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [one for target in targets for one in ast.walk(target)]
            found |= {one.id: None for one in names if isinstance(one, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(one.asname or one.name).split(".")[0]: None for one in node.names}
    return found


def is_there(name: str) -> bool:
    """Whether a module ends with this name, or such a module, or a class of it, binds the rest."""
    parts = name.removeprefix("soilbook.").split(".")
    for n in range(len(parts), 0, -1):
        head, rest = ".".join(parts[:n]), parts[n:]
        if any(
            f".{module}".endswith(f".{head}") and holds(MODULES[module], rest) for module in MODULES
        ):
            return True
    return False


def holds(tree: ast.AST | None, names: list[str]) -> bool:
    for name in names:
        if not isinstance(tree, ast.Module | ast.ClassDef) or name not in bound(tree):
            return False
        tree = bound(tree)[name]
    return True


def words(file: Path) -> list[str]:
    """Docstrings and comments of a source."""
    text = file.read_text()
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return [*filter(None, map(ast.get_docstring, nodes)), *comments]


def named(text: str, marks: str) -> list[str]:
    """Dotted names between backticks whose first part is a room or a module of soilbook."""
    found = re.findall(rf"{marks}((?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*){marks}", text)
    found = [name for name in found if f".{name.rpartition('.')[2]}" not in FILES]
    return [name for name in found if name.removeprefix("soilbook.").split(".")[0] in ROOMS]


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("metrics.compare", True),
        ("soilbook.store.Store", True),
        ("windows.Series.unscale", True),
        ("fang2019.hindcast.run", True),
        ("fang2019.hindcast", True),
        ("fang2019.moved.run", False),
        ("windows.Series.moved", False),
        ("metrics.scores.moved", False),
        ("soilbook.moved", False),
    ],
)
def test_what_it_means_to_be_there(name, there):
    assert is_there(name) is there


def test_names_in_docstrings_and_comments_are_there():
    found = {
        f"{file.relative_to(ROOT)}: {name}": name
        for file in SOURCES
        for text in words(file)
        for name in named(text, "``")
    }
    assert len(found) > 50
    assert not [where for where, name in found.items() if not is_there(name)]


def test_names_in_the_guide_for_changes_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    names = named(text, "`")
    assert names and not [name for name in names if not is_there(name)]
    files = re.findall(r"`([\w/]+\.py)`", text)
    assert files
    for name in files:
        assert (LIBRARY / name).is_file() or (ROOT / name).is_file(), name
