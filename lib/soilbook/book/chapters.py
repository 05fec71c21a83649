"""The chapters of the book, notebooks ``chapters/<study>/<section>.ipynb``, and their parameters.

The cell tagged ``parameters`` becomes a typed model that holds every value against what there is,
before anything large is loaded or any work starts.
"""

import ast
import io
import json
import os
import re
import tokenize
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from soilbook import data, published, schema, settings
from soilbook.data import TRACKS, own
from soilbook.device import find as find_device
from soilbook.errors import DataError, ParameterError, unknown
from soilbook.settings import Checked

OUT = "SOILBOOK_OUT"  # environment: folder into which a chapter's page writes; set by the runner
RUN = "SOILBOOK_RUN"  # environment: set where the executed notebook may become a page of the book
BASELINES = ("persistence", "climatology")


@dataclass(frozen=True)
class Chapter:
    """One notebook; ``name`` is ``<study>/<section>``."""

    name: str
    file: Path

    @cached_property
    def notebook(self) -> dict:
        """The notebook's JSON; DataError if the file holds none."""
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{self.file}: not a notebook ({error})") from error

    @cached_property
    def title(self) -> str:
        """First heading."""
        cells = (cell for cell in self.notebook["cells"] if cell["cell_type"] == "markdown")
        text = "\n".join("".join(cell["source"]) for cell in cells)
        found = re.search(r"^# (.+)", text, re.MULTILINE)
        return found[1].strip() if found else self.name

    @cached_property
    def parameters(self) -> dict[str, "Parameter"]:
        """What the cell tagged ``parameters`` declares, in its order."""
        for cell in self.notebook["cells"]:
            if "parameters" in cell["metadata"].get("tags", ()):
                return declared("".join(cell["source"]), str(self.file))
        return {}

    @property
    def _told(self) -> dict:
        """What its metadata tell under ``soilbook``: ``reads``, ``own_models``, ``networks``."""
        return self.notebook["metadata"].get("soilbook", {})

    @property
    def reads(self) -> tuple[str, ...]:
        """Beginnings of the names of chapters whose results this one shows, itself left out."""
        return tuple(self._told.get("reads", ()))

    @property
    def takes_own(self) -> bool:
        """Whether a reader's networks join its ``models`` when the book is built with them."""
        return bool(self._told.get("own_models"))

    @property
    def explains_networks(self) -> bool:
        """Whether it looks into trained networks, so that no other model can be asked for."""
        return bool(self._told.get("networks"))

    def values(self, given: dict) -> dict:
        """All parameter values, typed and checked: those given, text or not, else the defaults.

        Raises ParameterError for a name that the chapter does not have, and as ``typed``.
        """
        for name in given:
            if name not in self.parameters:
                allowed = ", ".join(self.parameters) or "none"
                raise ParameterError(f"{self.name} has no parameter {name!r}; allowed: {allowed}")
        if given.get("data") == "archive" and self.name.startswith("fang2019/"):
            raise ParameterError("data='archive' is study 1's; allowed here: twin, observed")
        values = typed(self.parameters.values(), given)
        if self.explains_networks:
            _only_networks(self.name, values["models"])
        return values


def root() -> Path:
    """Folder of the book: SOILBOOK_ROOT, else the nearest above with _toc.yml and chapters/."""
    named = os.environ.get("SOILBOOK_ROOT")
    for folder in [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]:
        if (folder / "_toc.yml").is_file() and (folder / "chapters").is_dir():
            return folder.resolve()
    raise ParameterError(
        f"no book here: {named or Path.cwd()} has no _toc.yml and chapters/; "
        "go to its folder or set SOILBOOK_ROOT"
    )


def all_chapters(base: Path | None = None) -> dict[str, Chapter]:
    """All chapters by name, sorted."""
    folder = (base or root()) / "chapters"
    files = sorted(folder.glob("*/*.ipynb"))
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    return {name: Chapter(name, file) for name, file in zip(names, files, strict=True)}


def find(name: str, base: Path | None = None) -> Chapter:
    """The chapter of that name or unique beginning of a name; ParameterError lists the others."""
    chapters = all_chapters(base)
    name = name.removeprefix("chapters/").removesuffix(".ipynb")
    matching = [name] if name in chapters else [full for full in chapters if full.startswith(name)]
    if not matching:
        raise unknown("chapter", name, chapters)
    if len(matching) > 1:
        raise ParameterError(f"chapter {name!r} may be any of: {', '.join(matching)}")
    return chapters[matching[0]]


def reading(names: list[str], base: Path | None = None) -> dict[str, list[str]]:
    """For each of these chapters the others of them that it reads, in the order of ``names``.

    DataError names chapters that read each other in a circle, of which none can be the first.
    """
    known = all_chapters(base)
    reads = {
        name: [one for one in names if one != name and one.startswith(known[name].reads)]
        for name in names
    }
    try:
        TopologicalSorter(reads).prepare()
    except CycleError as error:
        circle = " reads ".join(reversed(error.args[1]))
        raise DataError(f"chapters read each other in a circle: {circle}") from error
    return reads


class Parameter(NamedTuple):
    """One line of the parameters cell: ``name: kind = default  # help``.

    ``kind`` is str, int, float or bool, or list[...] of one of these; an ``optional`` one may be
    None, written ``| None`` in the cell.
    """

    name: str
    kind: str
    default: object
    help: str = ""
    optional: bool = False


def declared(source: str, where: str) -> dict[str, Parameter]:
    """Parse the cell tagged ``parameters``; ParameterError if a line is not a plain default.

    The parser of Python reads the cell: papermill's own inspection drops a line whose help holds
    an equals sign or whose type has a bar.
    """
    try:
        lines = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(
            f"{where}: parameters cell, line {error.lineno}: {error.msg}"
        ) from error
    helps = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = {}
    for line in lines:
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        if not isinstance(target, ast.Name) or target.id.startswith("_"):
            continue
        try:
            default = ast.literal_eval(line.value)
        except ValueError as error:
            raise ParameterError(
                f"{where}: the default of parameter {target.id!r} is not a plain value"
            ) from error
        kind = ast.unparse(line.annotation) if isinstance(line, ast.AnnAssign) else _kind(default)
        bare = kind.replace(" ", "").replace("|None", "")
        optional = default is None or bare != kind.replace(" ", "")
        text = helps.get(line.end_lineno, "")
        found[target.id] = Parameter(target.id, bare, default, text, optional)
    return found


def _kind(default) -> str:
    if isinstance(default, list | tuple):
        return f"list[{type(default[0]).__name__ if default else 'str'}]"
    return "str" if default is None else type(default).__name__


def _number(value):
    """``1e3`` is a whole number too; true and false, which Python counts as 1 and 0, are none."""
    if isinstance(value, str) and "e" in value.lower():
        with suppress(ValueError, OverflowError):
            if float(value) == int(float(value)):
                return int(float(value))
    return str(value) if isinstance(value, bool) else value


def _listed(value):
    """A list of ``a, b`` or, as a cell would have it, ``["a", "b"]``; of one value by itself."""
    if isinstance(value, str):
        parts = value.strip().strip("[]").split(",")
        return [part.strip().strip("'\"") for part in parts if part.strip()]
    return value if isinstance(value, list | tuple) else [value]


def _none(value):
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _held_to(test: Callable) -> AfterValidator:
    """A value that passes the test is kept as it was given."""
    return AfterValidator(lambda value: (test(value), value)[1])


def _of_the_paper(depth: float) -> None:
    if not any(abs(depth - one) < 1e-6 for one in schema.DEPTHS):
        raise unknown("depth", depth, (f"{one:.2f} m" for one in schema.DEPTHS))


def _absolute(site: str) -> str:
    """A site of one's own by its whole path: a chapter runs in another folder."""
    return str(Path(site).resolve()) if own.is_own(site) else site


def _every_model(default, value):
    """``all``: every model of the kinds, networks or machine learning, that the default has."""
    if value not in ("all", ["all"]):
        return value
    kinds = published.models("machine"), _networks()
    return [name for kind in kinds if not set(kind).isdisjoint(default) for name in kind]


def _model(value: str) -> None:
    allowed = (*_networks(), *published.models("machine"), *BASELINES)
    if value not in allowed:
        raise unknown("model", value, allowed)


def _only_networks(chapter: str, names: list[str]) -> None:
    if not names:
        raise ParameterError(f"{chapter} explains networks; name one: {', '.join(_networks())}")
    for name in names:
        if name not in _networks():
            raise unknown(f"network to explain in {chapter}", name, _networks())


def _networks() -> tuple[str, ...]:
    """Names that ``models.NETWORKS`` has, for which torch need not be loaded."""
    return (*published.models("deep"), *settings.OWN)


Whole = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
TYPES = {"str": str, "int": Whole, "float": Number, "bool": bool}
# Kind and values of parameters of these names in every chapter; ``sites`` is a list of ``site``.
COMMON = {
    "data": ("str", Literal[TRACKS]),
    "profile": ("str", Literal[tuple(settings.PROFILES)]),
    "device": ("str", Annotated[str, _held_to(find_device)]),
    "site": ("str", Annotated[str, AfterValidator(_absolute)]),
    "depth": ("float", Annotated[Number, Field(gt=0, le=own.DEEPEST)]),
    "model": ("str", Annotated[str, _held_to(_model)]),
    "variant": ("str", Literal["paper", "released"]),
    "target": ("str", Literal["value", "change"]),
    "method": ("str", Literal["paper", "ours", "guided"]),
    "root_zone": ("str", Literal["auto", "network", "filter"]),
    "split": ("float", Annotated[Number, settings.SHARES]),
    "window": ("int", Annotated[Whole, settings.WINDOWS]),
    "seed": ("int", Annotated[Whole, Field(ge=0)]),
    "folds": ("int", Annotated[Whole, Field(ge=2)]),
}
COUNTS = ("repetitions", "networks", "epochs", "samples", "background", "n_features")
COMMON |= dict.fromkeys(COUNTS, ("int", Annotated[Whole, Field(ge=1)]))


class Values(Checked):
    """Base of a chapter's parameters: fields are typed singly, sites together with data."""

    @model_validator(mode="after")
    def _together(self):
        _check_sites(dict(self))
        _check_window(dict(self))
        return self


def typed(parameters: Iterable[Parameter], given: dict) -> dict:
    """Values by name, typed as declared, the default where none is given; all are checked.

    Text is parsed: lists are separated by commas or in brackets, ``none`` is None where None is
    allowed. Raises ParameterError, DataError or DeviceError with one line that says what is
    allowed.
    """
    fields = {one.name: (_type(one), one.default) for one in parameters}
    return dict(create_model("Parameters", __base__=Values, **fields)(**given))


def _type(parameter: Parameter):
    kind = parameter.kind
    many = kind == "list" or kind.startswith("list[")
    inner = (kind[5:-1] or "str") if many else kind
    if inner not in TYPES:
        raise ParameterError(
            f"parameter {parameter.name!r} has type {kind!r}; allowed: {', '.join(TYPES)} "
            "and list[...] of these"
        )
    common, made = _common(parameter.name)
    if common != inner:
        made = TYPES[inner]
    if many:
        made = Annotated[list[made], BeforeValidator(_listed)]
        if parameter.name == "models":
            made = Annotated[made, BeforeValidator(partial(_every_model, parameter.default))]
    return Annotated[made | None, BeforeValidator(_none)] if parameter.optional else made


def _common(name: str) -> tuple:
    """Kind and type that a parameter of this name has in every chapter; None for others."""
    return COMMON.get(name) or COMMON.get(name.removesuffix("s"), (None, None))


def check(values: dict) -> None:
    """Check the common parameters among values that no cell declares; others are left alone.

    None and empty lists mean the chapter's own choice and pass. Raises as ``typed``.
    """
    known = []
    for name, value in values.items():
        kind, _ = _common(name)
        if kind:
            kind = f"list[{kind}]" if isinstance(value, list | tuple) else kind
            known.append(Parameter(name, kind, value, optional=True))
    typed(known, {})


def _check_sites(values: dict) -> None:
    """Each site asked for is known; with observations also there, at each depth asked for."""
    named, depths = (
        [*(values.get(f"{one}s") or ()), *([values[one]] if values.get(one) else ())]
        for one in ("site", "depth")
    )
    track = values.get("data", "twin")
    if track != "observed" or not named:
        for depth in depths:
            _of_the_paper(depth)
    if track == "twin":
        for name in named:
            data.find(name, track)
        return
    present = data.available(track)  # DataError where there is no data folder
    if "sites" in values and not named and not present:
        product = "uscrn" if track == "observed" else "wang2024"
        get = f"soilbook data get {product}"
        raise DataError(f"{data.folder()}: no station of the paper; see: {get}")
    for name in named:
        _check_record(name, track, depths)


def _check_window(values: dict) -> None:
    """Networks of the reader's own were tried out with the paper's window: here with another."""
    days = values.get("window", settings.N_STEPS)
    if days != settings.N_STEPS and values.get("models"):
        from soilbook.training import own as networks

        networks.check_window(values["models"], days)


def _check_record(name: str, track: str, depths: list[float]) -> None:
    """A paper site, a station of the data folder or a file is read and has the depths."""
    moisture = data.load(data.find(name, track), track)["sm"]
    offered = moisture["depth"].values[np.isfinite(moisture.values).any(axis=1)]
    for depth in depths:
        if not np.isclose(offered, depth).any():
            allowed = ", ".join(f"{one:g}" for one in offered)
            raise ParameterError(
                f"site {name!r} has no soil moisture at {depth:g} m; allowed: {allowed}"
            )
