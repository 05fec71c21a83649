"""Scores of the year-ahead test beside those of the authors' released predictions."""

import pandas as pd
import xarray as xr

from soilbook import published
from soilbook.models.prolongation_fast import Prolongation

METRICS = ("rmse", "bias", "ubrmse", "r")
HERE, PRINTED = "this run", "released by the authors"
# Of the fast network: which equations a parameter belongs to.
EQUATIONS = {
    "input": "1",
    "weight_x": "2-5, from x",
    "weight_h": "2-5, from h",
    "bias": "2-5, b",
    "output": "8",
}


def tidy(result: xr.Dataset) -> pd.DataFrame:
    """One row a predictor and metric: value (median over pixels), low, high, units, source.

    ``result`` as ``studies.smap.prolongation.year_ahead`` returns it; the released predictions'
    scores, which have no intervals, stand below.
    """
    rows = [
        {
            "predictor": str(predictor),
            "metric": metric,
            **{
                part or "value": float(result[f"median_{metric}{tail}"].sel(predictor=predictor))
                for part, tail in (("", ""), ("low", "_low"), ("high", "_high"))
            },
            "units": result[f"median_{metric}"].attrs.get("units", "1"),
            "source": HERE,
        }
        for predictor in result["predictor"].values
        for metric in METRICS
    ]
    printed = published.year_ahead()[["predictor", "metric", "value", "units"]]
    return pd.concat([pd.DataFrame(rows), printed.assign(source=PRINTED)], ignore_index=True)


def side_by_side(table: pd.DataFrame, reference: pd.DataFrame | None = None) -> pd.DataFrame:
    """The same laid out for reading: one row a predictor, one column a metric with its interval.

    ``reference`` is the same table of the observed reference run, whose rows are added.
    """
    parts = [table[table["source"] == HERE], table[table["source"] == PRINTED]]
    if reference is not None:
        named = reference[reference["source"] == HERE].assign(source="observed reference run")
        parts.insert(1, named)
    whole = pd.concat(parts, ignore_index=True)
    whole["text"] = [_text(*row) for row in whole[["metric", "value", "low", "high"]].values]
    wide = whole.pivot(index=["source", "predictor"], columns="metric", values="text")
    order = whole[["source", "predictor"]].drop_duplicates()
    return wide.loc[pd.MultiIndex.from_frame(order), list(METRICS)].reset_index()


def _text(metric: str, value: float, low: float, high: float) -> str:
    digits = "+.4f" if metric == "bias" else ".3f" if metric == "r" else ".4f"
    if low != low:  # no interval
        return f"{value:{digits}}"
    return f"{value:{digits}} [{low:{digits}}, {high:{digits}}]"


def parameters(networks: dict[str, Prolongation]) -> pd.DataFrame:
    """Number of trained parameters of each part of eqs 1-8, one column a network, and their sum."""
    counts = {
        name: pd.Series(
            [p.numel() for p in one.parameters()], [n for n, _ in one.named_parameters()]
        )
        for name, one in networks.items()
    }
    frame = pd.DataFrame(counts)
    frame = frame.groupby(frame.index.str.split(".").str[0], sort=False).sum().loc[list(EQUATIONS)]
    frame.insert(0, "equations", list(EQUATIONS.values()))
    frame = frame.rename_axis("part").reset_index()
    total = {"part": "all", "equations": "1-8"} | {n: frame[n].sum() for n in counts}
    return pd.concat([frame, pd.DataFrame([total])], ignore_index=True)


def optimisers(results: dict[str, xr.Dataset]) -> pd.DataFrame:
    """First network of each training: scores of the test year, last loss, seconds an epoch."""
    rows = []
    for name, result in results.items():
        first = result.sel(predictor="network 1")
        row = {"training": name} | {m: float(first[f"median_{m}"]) for m in METRICS}
        row["last_loss"] = float(result["training_loss"].isel(network=0, epoch=-1))
        row["seconds_per_epoch"] = float(result["seconds"].isel(network=0).median())
        rows.append(row)
    return pd.DataFrame(rows)


def calibration(found: xr.Dataset) -> pd.DataFrame:
    """One row a way and level: coverage with its interval, mean width, CRPS (m3 m-3).

    ``found`` as ``studies.smap.prolongation_spread.calibration`` returns it.
    """
    names = ["coverage", "coverage_low", "coverage_high", "width", "crps"]
    frame = found[names].to_dataframe().reset_index()
    return frame[["way", "level", *names]].sort_values(["way", "level"], ignore_index=True)
