"""What identifies code and data, for keys of the store.

The code behind a result is the import closure of the function that makes it: its module, all that
this module imports of the project, all that those import, and the data files beside them. It is
found by reading the sources; nothing is listed by hand, so that changed code never serves an old
number. Comments, docstrings and layout do not count.
"""

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr

PROJECT = __name__.partition(".")[0]
PLAIN = (str, bytes, int, float, bool, type(None), tuple)


def of_code(*makers: Callable) -> str:
    """sha256 of all project code that can change what ``makers`` return.

    A maker is a function, a class, a ``functools.partial`` or a callable object. One that was
    defined outside of the project, as in a notebook, counts with its own compiled code besides.
    """
    total = hashlib.sha256()
    modules = set()
    for maker, given in map(_unwrapped, makers):
        total.update(given.encode())
        name = getattr(maker, "__module__", None) or "__main__"
        if _file(name, _root(name)) is None or name.partition(".")[0] != PROJECT:
            total.update(_own(maker).encode())
        if _file(name, _root(name)) is not None:
            modules.add(name)
    for name, digest in sorted(closure(modules).items()):
        total.update(f"{name} {digest}\n".encode())
    return total.hexdigest()


def closure(modules, root: Path | None = None) -> dict[str, str]:
    """Digest of each module that ``modules`` rest on, themselves among them, by dotted name.

    CSV files that lie in the folder of a module, or in a folder ``csv`` there, stand beside it
    under their paths. ``root`` holds another copy of the package; without it the installed one is
    read.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        place = root or _root(name)
        file = _file(name, place)
        if file is None:
            continue
        state = file.stat()
        found[name], imports = _read(file, state.st_mtime_ns, state.st_size, name)
        for wanted, attribute in imports:
            inner = f"{wanted}.{attribute}" if attribute else wanted
            waiting.append(inner if _file(inner, place) else wanted)
        # Importing a module runs the packages around it; what those import counts only where they
        # are imported for themselves.
        for package in _parents(name):
            around = _file(package, place)
            if around is not None:
                found.setdefault(f"{package} (around)", _digest(around))
        folder = file.parent
        for table in sorted([*folder.glob("*.csv"), *folder.glob("csv/*.csv")]):
            found[table.relative_to(place).as_posix()] = _digest(table)
    return found


def of_package(name: str = PROJECT) -> str:
    """sha256 of all sources of a package, wherever it lies."""
    root = _root(name)
    total = hashlib.sha256()
    for file in sorted((root / name).rglob("*.py")):
        total.update(f"{file.relative_to(root).as_posix()} {_digest(file)}\n".encode())
    return total.hexdigest()


def of_arrays(*arrays: np.ndarray) -> str:
    """sha256 of arrays: kinds, shapes and values."""
    total = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        content = array.tobytes() if array.dtype != object else repr(array.tolist()).encode()
        total.update(f"{array.dtype} {array.shape}".encode() + content)
    return total.hexdigest()


def of_dataset(dataset: xr.Dataset) -> str:
    """sha256 of the names, values and labels of a Dataset."""
    names = sorted(map(str, dataset.variables))
    total = hashlib.sha256(",".join(names).encode())
    total.update(of_arrays(*(dataset[name].values for name in names)).encode())
    return total.hexdigest()


def _unwrapped(maker) -> tuple[Callable, str]:
    """The function or class behind a maker, and the plain arguments of its partials as text."""
    given = ""
    while isinstance(maker, functools.partial):
        arguments = [*maker.args, *sorted(maker.keywords.items())]
        given += repr([one for one in arguments if isinstance(one, PLAIN)])
        maker = maker.func
    maker = inspect.unwrap(maker)
    return (maker if hasattr(maker, "__qualname__") else type(maker)), given


def _own(maker) -> str:
    """Compiled code of a function, or of the functions of a class, without names of files."""
    members = vars(maker).values() if isinstance(maker, type) else [maker]
    return repr([_compiled(one.__code__) for one in members if hasattr(one, "__code__")])


def _compiled(code) -> tuple:
    kept = [one for one in code.co_consts if isinstance(one, PLAIN)]
    inner = [_compiled(one) for one in code.co_consts if hasattr(one, "co_code")]
    return code.co_code, code.co_names, kept, inner


@functools.cache
def _root(name: str) -> Path | None:
    """Folder that holds the top package or module of a dotted name."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    origin = getattr(module, "__file__", None)
    if origin is None:
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            return None
        origin = spec and spec.origin
    if not origin or not Path(origin).is_file():
        return None
    file = Path(origin)
    return file.parents[1] if file.name == "__init__.py" else file.parent


def _file(name: str, root: Path | None) -> Path | None:
    """Source file of a module of the project, or of a module beside a reader's own."""
    if root is None or ("site-packages" in root.parts and name.partition(".")[0] != PROJECT):
        return None
    path = root.joinpath(*name.split("."))
    for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if file.is_file():
            return file
    return None


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for n in range(1, len(parts)):
        yield ".".join(parts[:n])


@functools.lru_cache(maxsize=2000)
def _read(file: Path, changed: int, size: int, name: str):
    """Digest of a source without comments and docstrings, and (module, name) of its imports."""
    tree = ast.parse(file.read_bytes())
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    own = {PROJECT, name.partition(".")[0]}  # a reader's modules may import one another
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            imports += [(base, alias.name) for alias in node.names]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value.value = ""
    imports = [one for one in imports if one[0].partition(".")[0] in own]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest(), tuple(imports)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
