"""Tables 2 to 6 of Wang et al. (2024): do the networks come in the printed order?

The printed means rest on ten sites that are not named, so equal numbers would test nothing. What
the tables claim is an order and differences: rank agreement over the ten networks, the sign of
every difference of two printed values beyond their rounding, and the gain of the paper's two
winners over LSTM; apart from these, the level within a margin. The rules are rows "T-" of the
claims. Persistence, a network with shuffled target and the twin go through the same rules, which
have to fail them. All takes scores by site and draws sites again; from mean values alone there is
no interval, and no verdict.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

from soilbook import claims as judge
from soilbook import metrics, models, published, settings
from soilbook.claims import Case, Measured
from soilbook.store import Store
from soilbook.wang2024 import forecasts, runs
from soilbook.wang2024.experiment import BASELINES, Experiment, load

FILE = "sites.csv"
ROUNDING = 0.001  # two values printed with three decimals differ by more than that, or may not
DRAWS = 1000
WINNERS = ("FA-LSTM", "GAN-LSTM")  # of the paper
SHUFFLED = "LSTM, shuffled target"
CELL = ["depth_m", "lead_d"]
RERUN = "no scores by site are kept: an interval needs a rerun"


def site_scores(result: xr.Dataset) -> pd.DataFrame:
    """What a chapter keeps of its scores: a row a model, site, depth and lead.

    Columns model, site, repetition, depth_m, lead_d, r2 and r2_at_lead (pooled, at the lead),
    rmse and rmse_at_lead (m3 m-3), five digits. Rows of a site are means of the repetitions
    (repetition empty), rows of a repetition means of the sites (site empty, no RMSE).
    """
    by_site = result[["site_r2", "site_rmse"]].rename(site_r2="r2", site_rmse="rmse")
    parts = [by_site.assign_coords(repetition="").expand_dims("repetition")]
    if "repetition_r2" in result:
        each = result[["repetition_r2"]].mean("site").rename(repetition_r2="r2")
        parts.append(each.assign_coords(site="").expand_dims("site"))
    frames = []
    for part in parts:
        frame = part.to_dataframe().reset_index()
        keys = ["model", "site", "repetition", "depth", "lead"]
        wide = frame.pivot(index=keys, columns="reading").dropna(how="all")
        wide.columns = [name + ("" if r == "pooled" else f"_{r}") for name, r in wide.columns]
        frames.append(wide.reset_index())
    table = pd.concat(frames, ignore_index=True)
    table = table.rename(columns={"depth": "depth_m", "lead": "lead_d"})
    order = {name: k for k, name in enumerate(result["model"].values)}
    return table.sort_values("model", key=lambda c: c.map(order), kind="stable").round(5)


@dataclass(frozen=True)
class Scores:
    """R2 (model, site, cell), pooled, beside that printed (model, cell), NaN for "(-)".

    ``cells`` are depth and lead; ``by_site`` is False where there are means over sites alone, with
    their ``bounds`` (model, end, cell) if they have any.
    """

    names: tuple[str, ...]
    r2: np.ndarray
    printed: np.ndarray
    cells: tuple[tuple[float, int], ...]
    by_site: bool = True
    bounds: np.ndarray | None = None

    @property
    def unclear(self) -> str:
        """Why these scores decide nothing; empty where they may."""
        return metrics.too_few(self.r2.shape[1]) if self.by_site else RERUN

    @property
    def mean(self) -> np.ndarray:
        """Mean over sites (model, cell)."""
        return np.nanmean(self.r2, axis=1)

    def drawn(self) -> np.ndarray:
        """Means with sites drawn again (draw, model, cell)."""
        n = self.r2.shape[1]
        rows = np.random.default_rng(0).integers(n, size=(DRAWS, n))
        return np.stack([np.nanmean(self.r2[:, one], axis=1) for one in rows])

    def row(self, model: str) -> int:
        """Place of a model."""
        return self.names.index(model)

    def of(self, *names: str) -> "Scores":
        """The same of some models."""
        kept = [self.row(name) for name in names]
        bounds = None if self.bounds is None else self.bounds[kept]
        own = {"r2": self.r2[kept], "printed": self.printed[kept], "bounds": bounds}
        return replace(self, names=names, **own)


def scores(table: pd.DataFrame, names=tuple(models.NETWORKS)) -> Scores | None:
    """Scores of the networks ``names`` that a table holds; None where it has fewer than two. The
    table is one of ``site_scores`` or, without intervals, of ``plots.scores.tidy``."""
    by_site = "site" in table
    if by_site:
        table = table[table["site"].fillna("") != ""]
    else:
        table = table[table["reading"] == "pooled"].assign(site="mean")
    table = table.drop_duplicates(["model", "site", *CELL])
    there = tuple(name for name in names if name in set(table["model"]))
    if len(there) < 2:
        return None
    cells = [tuple(one) for one in table[CELL].drop_duplicates().sort_values(CELL).to_numpy()]
    wide = table.pivot(index=["model", "site"], columns=CELL, values="r2")
    r2 = np.stack([wide.loc[name].reindex(columns=cells).to_numpy() for name in there])
    printed = published.scores().drop_duplicates(["model", *CELL])
    printed = printed.pivot(index="model", columns=CELL, values="r2")
    printed = printed.reindex(index=there, columns=pd.MultiIndex.from_tuples(cells)).to_numpy()
    enough, bounds = by_site and r2.shape[1] > 1, None
    if not by_site and {"r2_low", "r2_high"} <= set(table):
        ends = [
            table.pivot(index="model", columns=CELL, values=name).reindex(there, columns=cells)
            for name in ("r2_low", "r2_high")
        ]
        bounds = np.stack([one.to_numpy() for one in ends], axis=1)
    known = tuple((d, int(lead)) for d, lead in cells)
    return Scores(there, r2, printed, known, enough, bounds)


def spearman(own: np.ndarray, printed: np.ndarray) -> np.ndarray:
    """Spearman's correlation over models, axis -1 of ``own`` (..., model)."""
    ranks = [rankdata(one, axis=-1) for one in (own, printed)]
    a, b = (one - one.mean(-1, keepdims=True) for one in ranks)
    return (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))


def kendall(own: np.ndarray, printed: np.ndarray) -> np.ndarray:
    """Kendall's tau-b over models, axis -1."""
    a, b = (np.sign(_differences(one)) for one in (own, printed))
    return (a * b).sum(-1) / np.sqrt((a != 0).sum(-1) * (b != 0).sum(-1))


def _differences(values: np.ndarray) -> np.ndarray:
    """Differences of every two models (..., pair)."""
    i, j = np.triu_indices(values.shape[-1], 1)
    return values[..., i] - values[..., j]


def signs(own: np.ndarray, printed: np.ndarray) -> tuple[np.ndarray, int]:
    """Of the printed differences beyond their rounding the share with the same sign, and how many
    there are; the last two axes of ``own`` are model and cell."""
    told = _differences(printed.T).ravel()
    found = _differences(np.moveaxis(own, -1, -2)).reshape(*own.shape[:-2], -1)
    clear = np.abs(told) > ROUNDING + 1e-9
    same = np.sign(found[..., clear]) == np.sign(told[clear])
    return same.mean(-1), int(clear.sum())


def by_cell(found: Scores) -> pd.DataFrame:
    """Agreement at each depth and lead: Spearman, Kendall and the share of signs, with 95 %."""
    rows = []
    drawn = found.drawn() if found.by_site else None
    for k, (depth, lead) in enumerate(found.cells):
        printed = found.printed[:, [k]]
        row = {"depth_m": depth, "lead_d": lead, "networks": len(found.names)}
        for name, statistic in (("spearman", spearman), ("kendall", kendall), ("signs", _share)):
            row[name] = float(statistic(found.mean[:, k], printed[:, 0]))
            row[f"{name}_low"], row[f"{name}_high"] = _bounds(
                None if drawn is None else statistic(drawn[..., k], printed[:, 0])
            )
        rows.append(row | {"differences": signs(found.mean[:, [k]], printed)[1]})
    return pd.DataFrame(rows)


def _share(own: np.ndarray, printed: np.ndarray) -> np.ndarray:
    return signs(own[..., None], printed[:, None])[0]


def _bounds(replicates) -> tuple[float, float]:
    if replicates is None:
        return np.nan, np.nan
    low, high = np.nanquantile(replicates, (0.025, 0.975))
    return float(low), float(high)


def _overall(claim, found: Scores) -> Measured:
    """Rank agreement of the means over all depths and leads."""
    statistic = {"spearman": spearman, "kendall": kendall}[claim.measure]
    printed = found.printed.mean(-1)
    value = float(statistic(found.mean.mean(-1), printed))
    bounds = _bounds(statistic(found.drawn().mean(-1), printed) if found.by_site else None)
    ranks = (rankdata(-one) for one in (found.mean.mean(-1), printed))
    own, told = (dict(zip(found.names, one, strict=True)) for one in ranks)
    winners = [name for name in WINNERS if name in own]
    places = ", ".join(f"{n} is no. {own[n]:.0f} (printed {told[n]:.0f})" for n in winners)
    why = f"{len(found.names)} networks; {{judged}}; {places}"
    return Measured(value, *bounds, 1.0, why=why, unclear=found.unclear)


def _signs(claim, found: Scores) -> Measured:
    value, n = signs(found.mean, found.printed)
    bounds = _bounds(signs(found.drawn(), found.printed)[0] if found.by_site else None)
    why = f"{round(float(value) * n)} of {n} printed differences have their sign; {{judged}}"
    return Measured(float(value), *bounds, 1.0, why=why, unclear=found.unclear)


def _gain(claim, found: Scores) -> Measured:
    """Mean gain over the reference, interval with sites as clusters."""
    model, other = claim.subject[0], claim.reference[0]
    if not {model, other} <= set(found.names):
        return Measured(missing=f"not run: {model} or {other}")
    a, b = found.row(model), found.row(other)
    gain = found.r2[a].mean(-1) - found.r2[b].mean(-1)
    printed = float((found.printed[a] - found.printed[b]).mean())
    if not found.by_site:
        return Measured(float(gain[0]), published=printed, unclear=RERUN)
    interval = metrics.mean_over_sites(gain)
    numbers = (float(one) for one in (interval.value, interval.low, interval.high))
    why = f"{len(gain)} sites, {{judged}}"
    return Measured(*numbers, printed, why=why, unclear=found.unclear)


def _level(claim, found: Scores) -> Measured:
    """R2 minus the printed one, each network, depth and lead."""
    away = found.r2 - found.printed[:, None]
    value, near = float(np.nanmean(away)), np.abs(np.nanmean(away, axis=1)) <= claim.margin
    why = f"R2 minus the printed one; {near.sum()} values and {{judged}}; shown: the mean of all"
    if found.by_site:
        interval = metrics.mean_over_sites(np.moveaxis(away, 1, 0).reshape(away.shape[1], -1))
        cells = interval.value, interval.low, interval.high
    elif found.bounds is None:
        return Measured(value, published=0.0, unclear=RERUN)
    else:
        ends = found.bounds - found.printed[:, None]
        cells = away[:, 0].ravel(), ends[:, 0].ravel(), ends[:, 1].ravel()
    kept = [one[np.isfinite(cells[0])] for one in cells]
    cases = tuple(Case(*map(float, one)) for one in zip(*kept, strict=True))
    if not found.by_site:
        return Measured(value, published=0.0, cases=cases, why=why)
    whole = metrics.mean_over_sites(np.nanmean(away, axis=(0, 2)))
    bounds = float(whole.low), float(whole.high)
    return Measured(value, *bounds, 0.0, cases=cases, why=why, unclear=found.unclear)


MEASURES = {
    "spearman": _overall,
    "kendall": _overall,
    "signs": _signs,
    "gain": _gain,
    "level": _level,
}


def of_tables(
    found: Scores | None, ids: tuple[str, ...] = (), data: str = "observed"
) -> pd.DataFrame:
    """The rows "T-" of the claims, or those of the ``ids``; the twin is held against none."""
    rows = []
    for claim in published.claims("T").itertuples():
        if not ids or claim.id in ids:
            measured = Measured(missing="the networks were not run")
            if data == "twin":
                measured = Measured(missing=judge.NO_PRINT)
            elif found is not None:
                measured = MEASURES[claim.measure](claim, found)
            rows.append(judge.labelled(claim, measured))
    return judge.table(rows)


def controls(own: pd.DataFrame | None, twin: pd.DataFrame | None = None) -> pd.DataFrame:
    """What has to fail, through the same rules: a column ``control`` before those of the claims.

    ``own``, a table as ``scores`` takes it, holds persistence and SHUFFLED, which take the place of
    LSTM and then of FA-LSTM beside it; ``twin`` is the same of a twin, held against print as if its
    sites were real.
    """
    parts = {}
    for name in ("persistence", SHUFFLED):
        for place, ids in (("LSTM", ("T-6",)), ("FA-LSTM", ("T-4",))):
            parts[f"{name} as {place}"] = of_tables(_in_place(own, name, place), ids)
    parts["the twin"] = of_tables(None if twin is None else scores(twin))
    table = pd.concat(parts, names=["control"]).reset_index("control")
    return table.reset_index(drop=True)


def _in_place(table: pd.DataFrame | None, name: str, place: str) -> Scores | None:
    """Scores of ``name`` under the name of ``place``, with LSTM beside where that is another."""
    if table is None or name not in set(table["model"]):
        return None
    renamed = table[table["model"] == name].assign(model=place)
    rest = table[table["model"] == ("LSTM" if place != "LSTM" else "1D-CNN")]
    found = scores(pd.concat([renamed, rest]), (place, *rest["model"].unique()))
    return None if found is None else found if place != "LSTM" else found.of(place)


def shuffled(experiment: Experiment, store: Store | None = None) -> xr.Dataset:
    """Scores of an LSTM whose targets were shuffled in training and validation, beside the
    baselines: a network that cannot know anything, ``runs.score``. One repetition."""
    experiment = experiment.but(models=("LSTM",), repetitions=1).resolve()
    store = store or Store()
    records = load(experiment, store)
    made = {name: forecasts.make(experiment, name, records, store) for name in BASELINES}
    random = np.random.default_rng(experiment.seed)
    for key, one in records.series.items():
        y = one.y.copy()
        for part in ("training", "validation"):
            rows = one.starts[part] + one.n_steps
            y[rows] = random.permutation(y[rows])
        records.series[key] = replace(one, y=y)
    records.fingerprint += " with shuffled targets"
    made[SHUFFLED] = forecasts.make(experiment, "LSTM", records, store)
    return runs.score(made, settings.profile(experiment.profile).bootstrap, experiment.seed)


def beside(result: xr.Dataset, control: xr.Dataset) -> pd.DataFrame:
    """``site_scores`` of a result with those of SHUFFLED."""
    other = site_scores(control.sel(model=[SHUFFLED]))
    return pd.concat([site_scores(result), other], ignore_index=True)
