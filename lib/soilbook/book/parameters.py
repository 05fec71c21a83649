"""Parameters of a chapter: what its cell declares, and values typed as the cell says."""

import ast
import io
import math
import tokenize
from dataclasses import dataclass

from soilbook.errors import ParameterError

TYPES = {"str": str, "int": int, "float": float, "bool": bool}
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: ``name: kind = default  # help``.

    ``kind`` is str, int, float or bool, or list[...] of one of these.
    """

    name: str
    kind: str
    default: object
    help: str


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
        if not isinstance(target, ast.Name):
            continue
        try:
            default = ast.literal_eval(line.value)
        except ValueError as error:
            raise ParameterError(
                f"{where}: the default of parameter {target.id!r} is not a plain value"
            ) from error
        annotation = ast.unparse(line.annotation) if isinstance(line, ast.AnnAssign) else None
        kind = _kind(annotation, default)
        text = helps.get(line.end_lineno, "")
        found[target.id] = Parameter(target.id, kind, default, text)
    return found


def _kind(annotation: str | None, default) -> str:
    if annotation:
        return annotation.replace(" ", "").replace("|None", "")
    if isinstance(default, list | tuple):
        return f"list[{type(default[0]).__name__ if default else 'str'}]"
    return "str" if default is None else type(default).__name__


def typed(parameter: Parameter, value):
    """The value as the cell's type; text is parsed, lists are separated by commas or in brackets.

    Raises ParameterError saying the type that is allowed.
    """
    kind = parameter.kind
    if kind == "list" or kind.startswith("list["):
        inner = kind[5:-1] or "str"
        if isinstance(value, str):
            value = _listed(value)
        if not isinstance(value, list | tuple):
            value = [value]
        return [_scalar(parameter, inner, one) for one in value]
    if value is None and parameter.default is None:
        return None
    return _scalar(parameter, kind, value)


def _listed(text: str) -> list:
    """``a, b`` or, as a cell would have it, ``["a", "b"]``."""
    parts = text.strip().strip("[]").split(",")
    return [part.strip().strip("'\"") for part in parts if part.strip()]


def _scalar(parameter: Parameter, kind: str, value):
    refusal = ParameterError(
        f"parameter {parameter.name!r}: {value!r} is not {_article(kind)}"
        f"{'' if kind == parameter.kind else f' (a {parameter.kind}, separated by commas)'}"
    )
    if kind not in TYPES:
        raise ParameterError(
            f"parameter {parameter.name!r} has type {kind!r}; allowed: {', '.join(TYPES)} "
            "and list[...] of these"
        )
    if kind == "str":
        if not isinstance(value, str):
            raise refusal
        return value
    if kind == "bool":
        if isinstance(value, bool):
            return value
        if str(value).lower() not in TRUTH:
            raise refusal
        return TRUTH[str(value).lower()]
    if isinstance(value, bool):
        raise refusal
    try:
        number = float(value)
        if not math.isfinite(number) or (kind == "int" and number != int(number)):
            raise refusal
        if kind == "float":
            return number
        # int() of the text itself keeps all digits of a long seed; 1e3 and 5.0 it does not read.
        return int(value) if str(value).strip().lstrip("+-").isdigit() else int(number)
    except (TypeError, ValueError):
        raise refusal from None


def _article(kind: str) -> str:
    return {
        "str": "a text",
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
    }.get(kind, kind)


def choose(parameters: dict[str, Parameter], given: dict, chapter: str) -> dict:
    """All values of a chapter: those given, typed, else the defaults.

    Raises ParameterError for a name that the chapter does not have.
    """
    for name in given:
        if name not in parameters:
            raise ParameterError(
                f"{chapter} has no parameter {name!r}; allowed: {', '.join(parameters) or 'none'}"
            )
    return {
        name: typed(parameter, given[name]) if name in given else parameter.default
        for name, parameter in parameters.items()
    }


def split_options(options: list[str]) -> dict[str, str]:
    """``["sites=A,B"]`` of the command line as a dict; ParameterError for one without ``=``."""
    given = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise ParameterError(f"-p {option!r}: write it as name=value")
        if name.strip() in given:
            raise ParameterError(f"-p {name.strip()!r} is given twice")
        given[name.strip()] = value.strip()
    return given
