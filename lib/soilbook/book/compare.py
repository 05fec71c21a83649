"""Two runs side by side: which parameters differ, and what that did to every score."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.errors import DataError, ParameterError

KEYS = ("model", "depth_m", "lead_d", "reading", "site", "step")
BESIDES = ("_low", "_high", "_published")
COLUMNS = ["chapter", "table", "key", "score", "old", "new", "difference", "intervals"]
STAMP = "provenance.json"


def compare(old: Path, new: Path) -> tuple[dict, pd.DataFrame]:
    """Differing parameters and a row per score, of two folders of results or two trees of them.

    Returns ``{chapter: {parameter: (old, new)}}`` and a frame: chapter, table, key, score, old,
    new, difference, intervals (overlap, apart, or empty where a run has none). A score that only
    one run has stays, with the other NaN. Raises ParameterError if no chapter is in both.
    """
    first, second = chapters_in(old), chapters_in(new)
    common = [chapter for chapter in first if chapter in second]
    if not common:
        raise ParameterError(
            f"no chapter is in both runs: {old} has {', '.join(first)}; {new} has "
            f"{', '.join(second)}"
        )
    changed = {c: _parameters(first[c], second[c]) for c in common}
    frames = [_scores(chapter, first[chapter], second[chapter]) for chapter in common]
    return changed, pd.concat(frames, ignore_index=True)


def chapters_in(folder: Path) -> dict[str, Path]:
    """Folders with a provenance stamp at or below ``folder``, by chapter; ParameterError if none.

    Of a chapter found more than once (twin and observed, say) there is no telling which is meant:
    ParameterError as well.
    """
    direct = folder / STAMP
    stamps = [direct] if direct.is_file() else sorted(folder.glob(f"**/{STAMP}"))
    found: dict[str, Path] = {}
    for stamp in stamps:
        if stamp != direct and any("." in part for part in stamp.relative_to(folder).parts[:-1]):
            continue  # .previous, .failed and partial folders
        chapter = _read(stamp)["chapter"]
        if chapter in found:
            raise ParameterError(
                f"{folder} has {chapter} more than once; name one track and profile"
            )
        found[chapter] = stamp.parent
    if not found:
        raise ParameterError(f"no results in {folder}: no {STAMP} there or below")
    return found


def resolve(run: str, base: Path | None) -> Path:
    """Folder of a run: a path, or below ``results`` of the root, the last part shortened if unique.

    Raises ParameterError naming where it was looked for.
    """
    places = [Path(run)] + ([base / "results" / run] if base else [])
    for place in places:
        if place.is_dir():
            return place
    for place in places:
        near = [d for d in place.parent.glob(f"{place.name}*") if d.is_dir() and not d.suffix]
        if len(near) == 1:
            return near[0]
        if near:
            names = ", ".join(sorted(d.name for d in near))
            raise ParameterError(f"run {run!r} may be any of: {names}")
    raise ParameterError(f"no run {run!r}; looked for {' and '.join(map(str, places))}")


def _read(stamp: Path) -> dict:
    try:
        return json.loads(stamp.read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{stamp}: not readable ({error})") from error


def _parameters(old: Path, new: Path) -> dict[str, tuple]:
    before, after = (_read(folder / STAMP)["parameters"] for folder in (old, new))
    pairs = {name: (before.get(name), after.get(name)) for name in [*before, *after]}
    return {name: (one, other) for name, (one, other) in pairs.items() if one != other}


def _scores(chapter: str, old: Path, new: Path) -> pd.DataFrame:
    rows = []
    for file in sorted(old.glob("table_*.csv")):
        if (new / file.name).is_file():
            number = file.stem.removeprefix("table_")
            for row in _table(_frame(file), _frame(new / file.name)):
                rows.append((chapter, number, *row))
    return pd.DataFrame(rows, columns=COLUMNS)


def _frame(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: not a table ({error})") from error


def _table(old: pd.DataFrame, new: pd.DataFrame) -> Iterator[tuple]:
    """Rows (key, score, old, new, difference, intervals) of one table."""
    shared = [column for column in old.columns if column in new.columns]
    numeric = [c for c in shared if _numeric(old[c]) and _numeric(new[c])]
    keys = [c for c in shared if c in KEYS] or [c for c in shared if c not in numeric]
    scores = [c for c in numeric if c not in keys and not c.endswith(BESIDES)]
    if not scores:
        return
    if not keys:
        keys = ["row"]
        old, new = (frame.assign(row=range(1, len(frame) + 1)) for frame in (old, new))
    count = "_n"  # tells rows of equal keys apart, in their order
    old, new = (frame.assign(**{count: frame.groupby(keys).cumcount()}) for frame in (old, new))
    old = old.assign(_place=range(len(old)))  # rows stay in the order of the first run
    both = old.merge(new, on=[*keys, count], how="outer", suffixes=("_old", "_new"))
    both = both.sort_values("_place", na_position="last", kind="stable")
    for _, row in both.iterrows():
        key = ", ".join(_spoken(name, row[name]) for name in keys)
        for score in scores:
            before, after = row[f"{score}_old"], row[f"{score}_new"]
            yield key, score, before, after, after - before, _intervals(row, score)


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _spoken(name: str, value) -> str:
    unit = {"depth_m": " m", "lead_d": " d"}.get(name)
    return f"{value:g}{unit}" if unit and isinstance(value, int | float) else str(value)


def _intervals(row: pd.Series, score: str) -> str:
    names = [f"{score}_{end}_{run}" for run in ("old", "new") for end in ("low", "high")]
    if not all(name in row and np.isfinite(row[name]) for name in names):
        return ""
    old_low, old_high, new_low, new_high = (row[name] for name in names)
    return "overlap" if old_low <= new_high and new_low <= old_high else "apart"


def as_text(changed: dict, scores: pd.DataFrame) -> str:
    """The comparison for reading: parameters first, then every score that is not equal."""
    lines = []
    for chapter, parameters in changed.items():
        lines.append(chapter)
        for name, (old, new) in parameters.items():
            lines.append(f"  {name}: {_listed(old)} -> {_listed(new)}")
        if not parameters:
            lines.append("  same parameters")
        part = scores[scores["chapter"] == chapter].drop(columns="chapter")
        equal = (part["difference"] == 0) | (part["old"].isna() & part["new"].isna())
        if not equal.all():
            part = part.assign(key=part["key"].str.ljust(part["key"].str.len().max()))
            shown = part[~equal].to_string(
                index=False, na_rep="-", float_format=lambda value: f"{value:.4g}", justify="left"
            )
            lines.extend(f"  {line}" for line in shown.splitlines())
        lines.append(f"  {len(part)} scores compared, {int(equal.sum())} equal")
    return "\n".join(lines)


def _listed(value) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
