"""Runs side by side, score by score: two by their difference, several by mean and spread.

All rests on one long table with a row for each score and run.
"""

import html
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook.errors import DataError, ParameterError

KEYS = ("model", "depth_m", "lead_d", "reading", "site", "step")
BESIDES = ("low", "high", "published")  # columns of a score that have its name and this
PLACE = ["chapter", "table", "key", "score"]  # where a number stands
PAIR = ("old", "new")
COLUMNS = [*PLACE, *PAIR, "difference", "intervals"]
STAMP = "provenance.json"
SWEEP = "sweep.json"  # lies in the folder of a sweep, whose folders are its runs
REPEATED = "seed"  # the parameter over which several runs are averaged


def compare(old: Path, new: Path) -> tuple[dict, pd.DataFrame]:
    """Differing parameters and a row per score, of two folders of results or two trees of them.

    Returns ``{chapter: {parameter: (old, new)}}`` and a frame: chapter, table, key, score, old,
    new, difference, intervals (overlap, apart, or empty where a run has none). A score that only
    one run has stays, with the other NaN. Raises ParameterError if no chapter is in both.
    """
    changed, rows = long(list(zip(PAIR, (old, new), strict=True)))
    found = rows.drop_duplicates("row").set_index("row")[PLACE].copy()
    each = {run: rows[rows["run"] == run].set_index("row").reindex(found.index) for run in PAIR}
    for run in PAIR:
        found[run] = each[run]["value"]
    found["difference"] = found["new"] - found["old"]
    bounds = [each[run][end].astype(float) for run in PAIR for end in ("low", "high")]
    found["intervals"] = _intervals(*bounds)
    pairs = {
        chapter: {name: tuple(values) for name, values in of.items()}
        for chapter, of in changed.items()
    }
    return pairs, found.reset_index(drop=True)


def long(runs: Sequence[tuple[str, Path]]) -> tuple[dict, pd.DataFrame]:
    """All scores of several runs, named folders of results or trees of them.

    Returns ``{chapter: {parameter: values by run}}`` of the parameters that differ, and a frame
    with a row for each score and run: chapter, table, key, score, run, those parameters as text,
    value, low, high, published (NaN where a table has none), and ``row``, which is the same for the
    same score of all runs. Only chapters, tables and columns that all runs have. ParameterError if
    no chapter is in all of them.
    """
    folders = [chapters_in(folder) for _, folder in runs]
    common = [chapter for chapter in folders[0] if all(chapter in one for one in folders)]
    if not common:
        which = "both" if len(runs) == 2 else "all"
        has = (
            f"{folder} has {', '.join(one)}" for (_, folder), one in zip(runs, folders, strict=True)
        )
        raise ParameterError(f"no chapter is in {which} runs: {'; '.join(has)}")
    names, changed, parts = [name for name, _ in runs], {}, []
    for chapter in common:
        of = [one[chapter] for one in folders]
        changed[chapter] = _parameters(of)
        told = {name: list(map(_listed, values)) for name, values in changed[chapter].items()}
        columns = [*PLACE, "run", "n", "value", *BESIDES]
        rows = pd.DataFrame(_scores(chapter, of, names), columns=columns)
        parts.append(rows.join(pd.DataFrame(told, index=names), on="run"))
    rows = pd.concat(parts, ignore_index=True)
    rows.insert(0, "row", rows.groupby([*PLACE, "n"], sort=False).ngroup())
    return changed, rows.drop(columns="n")


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and sample standard deviation over the seeds of what ``long`` returns.

    One row for each score and setting, that is, for all differing parameters but the seed: chapter,
    table, key, score, the settings, n, mean, spread, least, greatest, published. Runs of equal
    settings and seed are told apart by their name.
    """
    fixed = {"row", *PLACE, "run", "value", *BESIDES}
    settings = [name for name in rows if name not in (*fixed, REPEATED)]
    each = ["row", *settings]
    if rows.duplicated([*each, *({REPEATED} & set(rows))]).any():
        settings.append("run")
    values = rows.groupby(["row", *settings], sort=False, dropna=False)["value"]
    found = values.agg(n="count", mean="mean", spread="std", least="min", greatest="max")
    place = rows.drop_duplicates("row").set_index("row")
    found = found.reset_index().join(place[PLACE], on="row")
    printed = rows.groupby("row")["published"].first()
    return found.assign(published=found["row"].map(printed))[
        [*PLACE, *settings, "n", "mean", "spread", "least", "greatest", "published"]
    ]


def expand(names: Sequence[str], base: Path | None) -> list[tuple[str, Path]]:
    """Named folders of runs, each a path or name as ``resolve`` takes it; a sweep gives all its
    finished runs. ParameterError for a single run, or a sweep without any."""
    runs = []
    for name in names:
        folder = resolve(name, base)
        if not (folder / SWEEP).is_file():
            runs.append((name, folder))
            continue
        cells = [(cell, folder / cell) for cell in _read(folder / SWEEP)["cells"]]
        runs += [(cell, place) for cell, place in cells if any(place.glob(f"**/{STAMP}"))]
    if len(runs) < 2:
        told = ", ".join(name for name, _ in runs) or "none"
        raise ParameterError(f"runs to compare: {told}; allowed: two or more, or a sweep of them")
    seen = [name for name, _ in runs]
    return [
        (name if seen.count(name) == 1 else f"{name} ({seen[: i + 1].count(name)})", folder)
        for i, (name, folder) in enumerate(runs)
    ]


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


def _parameters(folders: list[Path]) -> dict[str, list]:
    """Parameters that differ between runs of a chapter: their values, None where there is none."""
    told = [_read(folder / STAMP)["parameters"] for folder in folders]
    values = {name: [one.get(name) for one in told] for name in {n: 0 for one in told for n in one}}
    return {name: each for name, each in values.items() if any(v != each[0] for v in each)}


def _scores(chapter: str, folders: list[Path], names: list[str]) -> Iterator[tuple]:
    for file in sorted(folders[0].glob("table_*.csv")):
        if all((folder / file.name).is_file() for folder in folders):
            frames = [_frame(folder / file.name) for folder in folders]
            number = file.stem.removeprefix("table_")
            shared = [c for c in frames[0] if all(c in frame for frame in frames)]
            numeric = [c for c in shared if all(_numeric(frame[c]) for frame in frames)]
            for name, frame in zip(names, frames, strict=True):
                for key, score, *values in _table(frame, shared, numeric):
                    yield chapter, number, key, score, name, *values


def _frame(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: not a table ({error})") from error


def _table(frame: pd.DataFrame, shared: list[str], numeric: list[str]) -> Iterator[tuple]:
    """Rows (key, score, number among rows of equal keys, value, low, high, published)."""
    keys = [c for c in shared if c in KEYS] or [c for c in shared if c not in numeric]
    beside = tuple(f"_{one}" for one in BESIDES)
    scores = [c for c in numeric if c not in keys and not c.endswith(beside)]
    if not keys:
        keys, frame = ["row"], frame.assign(row=range(1, len(frame) + 1))
    count = frame.groupby(keys, dropna=False).cumcount()
    for n, (_, row) in zip(count, frame.iterrows(), strict=True):
        key = ", ".join(_spoken(name, row[name]) for name in keys)
        for score in scores:
            more = (_or_nan(row, f"{score}_{one}") for one in BESIDES)
            yield key, score, n, row[score], *more


def _or_nan(row: pd.Series, name: str) -> float:
    return pd.to_numeric(row.get(name, np.nan), errors="coerce")


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _spoken(name: str, value) -> str:
    unit = {"depth_m": " m", "lead_d": " d"}.get(name)
    return f"{value:g}{unit}" if unit and isinstance(value, int | float) else str(value)


def _intervals(old_low, old_high, new_low, new_high) -> np.ndarray:
    """overlap or apart, empty where one of the bounds is not known."""
    known = np.isfinite([old_low, old_high, new_low, new_high]).all(axis=0)
    overlap = (old_low <= new_high) & (new_low <= old_high)
    return np.select([~known, overlap], ["", "overlap"], "apart")


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
                index=False, na_rep="-", float_format=_short, justify="left"
            )
            lines.extend(f"  {line}" for line in shown.splitlines())
        lines.append(f"  {len(part)} scores compared, {int(equal.sum())} equal")
    return "\n".join(lines)


def spread_as_text(rows: pd.DataFrame) -> str:
    """What ``spread`` returns, for reading: a block for each chapter and table."""
    blocks = []
    for (chapter, table), part in rows.groupby(["chapter", "table"], sort=False):
        shown = part.drop(columns=["chapter", "table"]).dropna(axis=1, how="all")
        blocks.append(f"{chapter}, table {table}")
        blocks.append(shown.to_string(index=False, na_rep="-", float_format=_short))
    return "\n".join(blocks)


def as_html(rows: pd.DataFrame, title: str) -> str:
    """A page of its own with one table."""
    body = rows.to_html(index=False, na_rep="-", float_format=_short, border=0)
    style = "body{font-family:sans-serif}td,th{padding:.15em .6em;text-align:left}"
    title = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style><h1>{title}</h1>{body}</html>\n"
    )


def _short(value: float) -> str:
    return f"{value:.4g}"


def _listed(value) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
