"""II-B: the network that prolongs SMAP: Fig 2, the year-ahead test, and what it knows of its doubt.

Monte-Carlo dropout and a deep ensemble know of the network's own doubt alone. SMAP's noise, and
what weather cannot tell, come on top: their size at each pixel is taken from the misfit of the
training years, so that nothing here was fitted to the test year.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from soilbook import fingerprint, metrics, progress, published
from soilbook.device import find as find_device
from soilbook.fang2019 import runs
from soilbook.fang2019.hindcast import LABELS
from soilbook.fang2019.runs import BOUNDS, METRICS, TARGET, YearAhead
from soilbook.fang2019.s2_a_data import CONUS, drawing
from soilbook.models.prolongation import Prolongation
from soilbook.plots.diagrams import draw
from soilbook.plots.style import letters, map_dots, style
from soilbook.store import Store
from soilbook.training.sequence_trainer import moisture_of, predict, train_one
from soilbook.training.sequences import STATISTICS, Sequences, features, target

HERE, PRINTED = "this run", "released by the authors"
# Of the fast network: which equations a parameter belongs to.
EQUATIONS = {
    "input": "1",
    "weight_x": "2-5, from x",
    "weight_h": "2-5, from h",
    "bias": "2-5, b",
    "output": "8",
}
FOLDS = 3
HALF_MONTH, OUT_OF = 15, 4  # days held out of a learning curve, one such piece out of so many
LOOKS = 16  # at a learning curve
LINES = {"training": "o:", "held out": "o-"}  # of its parts
BASELINES = ("persistence", "climatology")
LEVELS = (0.5, 0.8, 0.95)
BINS = 10
NOISE = " and misfit"
COLOURS = ("#0072B2", "#D55E00", "#009E73")  # of methods
# A way to state uncertainty: colour by its source, full lines where the misfit is added.
WAYS = {"dropout": "#D55E00", "ensemble": "#0072B2"}
SHADES = {"ubrmse": "magma_r", "r": "viridis"}  # of maps
# Titles of Fig 2 and the width of each part; all are as high, without and with titles.
UNITS = {"simple RNN": ("simple RNN", 2.6), "LSTM": ("LSTM of eqs 1-8", 6.0)}  # inches
HIGH, WITH_TITLES = 4.4, 4.7


def untrained(settings: YearAhead) -> Prolongation:
    """A network of the method before training, with as many inputs as the track's data give."""
    sizes, ready = settings.sequence, runs.prepare(settings, runs.read(settings))
    return Prolongation(ready.scaling.sizes["feature"], sizes.n_hidden, sizes.dropout)


def with_extensions(settings: YearAhead) -> dict[str, xr.Dataset]:
    """``runs.year_ahead`` by method: that of the ``settings`` first, then our extensions, from
    which no Monte-Carlo dropout is drawn."""
    others = [name for name in runs.METHODS if name not in ("paper", settings.method)]
    asked = [settings, *(settings.but(method=name, draws=0) for name in others)]
    return {one.method: runs.year_ahead(one) for one in asked}


def tidy(results: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row a method, predictor and metric: value (median over pixels), low, high, units, source.

    ``results`` by method as ``with_extensions`` returns them. Predictors that are no networks have
    no method. The released predictions' scores, which have no intervals, stand below.
    """
    columns, first = ["value", "low", "high"], next(iter(results))
    parts = []
    for method, result in results.items():
        of_method = []
        for metric in METRICS:
            names = dict(zip((f"median_{metric}{part}" for part in BOUNDS), columns, strict=True))
            part = result[list(names)].to_dataframe().rename(columns=names).reset_index()
            units = result[f"median_{metric}"].attrs.get("units", "1")
            of_method.append(part.assign(metric=metric, units=units, source=HERE))
        made = pd.concat(of_method).sort_index(kind="stable")  # predictor by predictor
        made["method"] = np.where(made["predictor"].isin(BASELINES), "", method)
        parts.append(made if method == first else made[made["method"] != ""])
    printed = published.year_ahead()[["predictor", "metric", "value", "units"]]
    whole = pd.concat([*parts, printed.assign(source=PRINTED, method="")], ignore_index=True)
    return whole[["method", "predictor", "metric", *columns, "units", "source"]]


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """The same laid out for reading: one row a predictor, one column a metric with its interval."""
    parts = [table[table["source"] == HERE], table[table["source"] == PRINTED]]
    return runs.in_words(pd.concat(parts), ["source", "method", "predictor"]).reset_index()


def parameters(networks: dict[str, Prolongation]) -> pd.DataFrame:
    """Number of trained parameters of each part of eqs 1-8, one column a network, and their sum."""
    frame = pd.DataFrame({"equations": EQUATIONS | {"all": "1-8"}}).rename_axis("part")
    for name, one in networks.items():
        sizes = pd.Series({at: p.numel() for at, p in one.named_parameters()})
        sizes = sizes.groupby(sizes.index.str.split(".").str[0]).sum()
        frame[name] = sizes.reindex(EQUATIONS)
        frame.loc["all", name] = sizes.sum()
    return frame.reset_index().astype(dict.fromkeys(networks, int))


def trainings(results: dict[str, xr.Dataset]) -> pd.DataFrame:
    """First network of each method: epochs, scores of the test year, loss, seconds an epoch."""
    rows = []
    for name, result in results.items():
        first = result.sel(predictor="network 1")
        row = {"method": name, "epochs": result.sizes["epoch"]} | {
            m: float(first[f"median_{m}"]) for m in METRICS
        }
        row["last_loss"] = float(result["training_loss"].isel(network=0, epoch=-1))
        row["seconds_per_epoch"] = float(result["seconds"].isel(network=0).median())
        rows.append(row)
    return pd.DataFrame(rows)


def instance(ready: runs.Prepared, n_days: int = 10) -> pd.DataFrame:
    """The first days of training at the pixel with most retrievals among them: a row a day with
    the weather of the record, and what SMAP saw, NaN on days without an orbit."""
    one = ready.training.isel(time=slice(n_days))
    one = one.isel(pixel=int(one[TARGET].notnull().sum("time").argmax("pixel")))
    weather = [name for name in runs.METHOD_INPUTS["paper"].forcing if name in one]
    table = one[[*weather, TARGET]].reset_coords(drop=True).to_dataframe().reset_index()
    return table.assign(time=table["time"].dt.strftime("%Y-%m-%d"))


def losses(curves: dict[str, np.ndarray]):
    """Training loss (eq 9) by epoch, a line for each name."""
    with style():
        figure, axis = plt.subplots(figsize=(5.5, 2.8))
        for number, (name, values) in enumerate(curves.items()):
            look = {"lw": 4 - 2.5 * number, "color": COLOURS[number], "label": name}
            axis.plot(range(1, len(values) + 1), values, **look)
        axis.set(xlabel="epoch", ylabel="loss (squared deviations of SMAP)")
        axis.legend()
    return figure


def season(result: xr.Dataset, n_days: int = 92) -> pd.DataFrame:
    """SMAP, ensemble and baselines at the pixel of median R when the test year begins, m3 m-3."""
    r = result["r"].sel(predictor="ensemble")
    part = result.isel(pixel=int(abs(r - r.median()).argmin("pixel")), time=slice(n_days))
    table = part["moisture"].sel(predictor=["ensemble", *BASELINES]).T.to_pandas()
    return table.assign(SMAP=part["observed"].to_series()).rename_axis(columns=None).reset_index()


def draw_season(table: pd.DataFrame):
    """What ``season`` gives."""
    with style():
        figure, axis = plt.subplots(figsize=(7.5, 3))
        for name in ("ensemble", *BASELINES, "SMAP"):
            axis.plot(table["time"], table[name], "k." if name == "SMAP" else "-", label=name)
        axis.set(ylabel="soil moisture (m$^3$ m$^{-3}$)")
        axis.legend()
    return figure


def learning_curve(settings: YearAhead, places: xr.Dataset | None = None) -> xr.Dataset:
    """``rmse`` (part, epoch), m3 m-3, against SMAP in the training year while a network trains.

    Half of every second month is held out, a half that differs between blocks of pixels: the parts
    are the "training" days and those "held out". Medians over pixels after some of the epochs.
    Nothing is seen of the test year, so that a length of training may be chosen by it.
    """
    device = find_device(settings.device)
    places = runs.read(settings) if places is None else places
    half_month = np.arange(places.sizes["time"]) // HALF_MONTH
    held_out = (half_month + runs.neighbours(places)[:, None]) % OUT_OF == 0
    ready = runs.prepare(settings, places.assign({TARGET: places[TARGET].where(~held_out)}))
    n, member = ready.training.sizes["time"], settings.members()[0]
    x, y = ready.x[:, :n], target(ready.training, ready.scaling)
    observed = places[TARGET].sel(time=ready.training["time"]).values
    held_out = held_out[:, places["time"].isin(ready.training["time"]).values]
    parts = [np.where(one, observed, np.nan) for one in (~held_out, held_out)]
    epochs = np.unique(np.geomspace(1, member.epochs, LOOKS).round().astype(int))
    key = {"kind": "learning curve", "network": member, "parts": fingerprint.of_arrays(*parts, x)}

    def make() -> xr.Dataset:
        seen = []

        def look(epoch: int, network: Prolongation) -> None:
            if epoch in epochs:
                made = moisture_of(network, ready.scaling, x, device)
                seen.append([np.nanmedian(metrics.rmse(part, made)) for part in parts])

        with progress.bar(member.epochs, "learning curve", "epoch") as bar:
            train_one(Sequences.of(x, y, device), member, tell=bar.update, look=look)
        rmse = ("part", "epoch"), np.transpose(seen), {"units": "m3 m-3"}
        return xr.Dataset({"rmse": rmse}, {"part": list(LINES), "epoch": epochs})

    return Store().made(key, make)


def differences(one: xr.Dataset, other: xr.Dataset, **draws) -> pd.DataFrame:
    """Scores (pixel) of one predictor minus those of another, with ``row`` and ``column``. A row
    for RMSE, ubRMSE (m3 m-3) and R: the median over pixels of the paired differences with its
    interval, on how many of ``n`` pixels the first is better (smaller error, larger R)."""
    rows = []
    for name in ("rmse", "ubrmse", "r"):
        apart = one[name].values - other[name].values
        bounds = runs.median_interval(apart, runs.neighbours(one), **draws)
        better = apart > 0 if name == "r" else apart < 0
        rows.append([name, *map(float, bounds), int(better.sum()), int(np.isfinite(apart).sum())])
    return pd.DataFrame(rows, columns=["metric", "difference", "low", "high", "n_better", "n"])


def gains(results: dict[str, xr.Dataset], **draws) -> pd.DataFrame:
    """``differences`` of the ensembles of ``with_extensions``, each method minus the one before."""
    ensembles = {name: one.sel(predictor="ensemble") for name, one in results.items()}
    made = {
        f"{after} minus {before}": differences(ensembles[after], ensembles[before], **draws)
        for before, after in pairwise(ensembles)
    }
    return pd.concat(made, names=["methods"]).reset_index("methods").reset_index(drop=True)


def left_out_scores(settings: YearAhead, places: xr.Dataset | None = None) -> xr.Dataset:
    """``rmse``, ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (pixel) of the test year, place unseen.

    Blocks of 3 by 3 pixels are left out by thirds, so that each pixel is predicted by networks that
    learnt from the other two thirds; their mean counts. What SMAP said of a pixel in the training
    year is then not known: STATISTICS are those of the nearest pixel learnt from. ``fold`` (pixel)
    says with which third it was left out.
    """
    device = find_device(settings.device)
    places = runs.read(settings) if places is None else places
    ready = runs.prepare(settings, places)
    fold = runs.neighbours(places) % FOLDS
    observed = ready.test[TARGET]
    moisture = np.full(observed.shape, np.nan, np.float32)
    for k in range(FOLDS):
        out = fold == k
        learnt, left = ready.training.isel(pixel=~out), ready.record.isel(pixel=out)
        inputs = runs.METHOD_INPUTS[settings.method]
        trained, scaling = runs.learn(learnt, inputs, settings.members(), device)
        nearest = _nearest(left, learnt)
        left = left.assign({name: ("pixel", learnt[name].values[nearest]) for name in STATISTICS})
        made = predict(trained, settings.sequence, scaling, features(left, scaling), device)
        moisture[out] = made[:, :, -observed.sizes["time"] :].mean(0)
    made = metrics.score(observed, observed.copy(data=moisture), metrics=METRICS)
    return made.assign_coords(fold=("pixel", fold))


def _nearest(places: xr.Dataset, known: xr.Dataset) -> np.ndarray:
    """Position in ``known`` of the pixel nearest to each of ``places``, on the grid."""
    row, column = (np.subtract.outer(places[n].values, known[n].values) for n in ("row", "column"))
    return np.hypot(row, column).argmin(axis=1)


def spreads(result: xr.Dataset) -> xr.Dataset:
    """``mean`` and ``deviation`` (way, pixel, time), m3 m-3, of every way that ``result`` has.
    Ways: "dropout" (where draws were taken), "ensemble" (two networks or more), and each with the
    misfit of training added in square. ``result`` as ``runs.year_ahead`` returns it."""
    members = {}
    if "dropout_moisture" in result:
        members["dropout"] = result["dropout_moisture"].rename(draw="member")
    networks = [p for p in result["predictor"].values if p.startswith("network")]
    if len(networks) > 1:
        chosen = result["moisture"].sel(predictor=networks)
        members["ensemble"] = chosen.drop_vars("predictor").rename(predictor="member")
    # A pixel never observed in training has the misfit of the others.
    misfit = result["training_rmse"].fillna(result["training_rmse"].median())
    parts = {}
    for name, values in members.items():
        mean, deviation = values.mean("member"), values.std("member", ddof=1)
        parts[name] = xr.Dataset({"mean": mean, "deviation": deviation})
        parts[name + NOISE] = parts[name].assign(deviation=np.hypot(deviation, misfit))
    if not parts:
        return xr.Dataset(coords={"way": []})
    return xr.concat(parts.values(), xr.Variable("way", list(parts)))


def calibration(result: xr.Dataset, **draws) -> xr.Dataset:
    """How often normal intervals hold the observed value, and whether wide ones err more.

    ``coverage`` (way, level) of the central intervals of LEVELS, median over pixels with bounds,
    and their mean ``width``; ``inside`` (way, nominal) of many levels, mean over pixels; ``crps``
    (way), median over pixels, m3 m-3; ``spread`` and ``error`` (way, bin): root mean squares of
    deviation and error of days sorted by deviation into BINS of equal number.
    """
    stated = spreads(result)
    if not stated.sizes["way"]:
        return stated
    observed = result["observed"].transpose("pixel", "time").values.astype(float)
    stated = stated.transpose("way", "pixel", "time")
    mean, deviation = stated["mean"].values, stated["deviation"].values
    half = np.stack([norm.ppf((1 + level) / 2) * deviation for level in LEVELS], axis=1)
    held = metrics.coverage(observed, mean[:, None] - half, mean[:, None] + half)
    bounds = runs.median_interval(held, runs.neighbours(result), **draws)
    found = {f"coverage{p}": (("way", "level"), b) for p, b in zip(BOUNDS, bounds, strict=True)}
    found["width"] = ("way", "level"), 2 * np.nanmean(half, axis=(2, 3)), {"units": "m3 m-3"}
    nominal, inside = metrics.reliability(metrics.pit_gaussian(observed, mean, deviation))
    found["inside"] = ("way", "nominal"), np.nanmean(inside, axis=2).T
    crps = metrics.crps_gaussian(observed, mean, deviation)
    found["crps"] = "way", np.nanmedian(crps, axis=1), {"units": "m3 m-3"}
    skill = [_skill(observed - m, d) for m, d in zip(mean, deviation, strict=True)]
    found["spread"], found["error"] = ((("way", "bin"), one) for one in np.stack(skill, axis=1))
    coords = {"level": list(LEVELS), "nominal": nominal, "bin": np.arange(1, BINS + 1)}
    return xr.Dataset(found, {"way": stated["way"], **coords})


def _skill(error: np.ndarray, deviation: np.ndarray) -> list[list[float]]:
    """Root mean squares of deviation and of error in BINS."""
    there = np.isfinite(error) & np.isfinite(deviation)
    error, deviation = error[there], deviation[there]
    bins = np.array_split(np.argsort(deviation, kind="stable"), BINS)
    return [[np.sqrt(np.mean(one[part] ** 2)) for part in bins] for one in (deviation, error)]


def calibration_table(found: xr.Dataset) -> pd.DataFrame:
    """``calibration`` with a row a way and level: coverage with its interval, width, CRPS."""
    names = ["coverage", "coverage_low", "coverage_high", "width", "crps"]
    frame = found[names].to_dataframe().reset_index()
    return frame[["way", "level", *names]].sort_values(["way", "level"], ignore_index=True)


def lstm_unit():
    """Fig 2: a simple recurrent unit, and the LSTM unit of eqs 1-8; dashed blue arrows come from
    the day before."""
    widths = [wide for _, wide in UNITS.values()]
    with style():
        size = sum(widths), WITH_TITLES
        figure, axes = plt.subplots(1, 2, figsize=size, width_ratios=widths)
        for axis, (name, (title, wide)) in zip(axes, UNITS.items(), strict=True):
            draw(axis, *drawing(name), (wide, HIGH))
            axis.set_title(title)
        letters(axes)
    return figure


def parts() -> pd.DataFrame:
    """The boxes and signs of Fig 2: unit, part, and what stands in it."""
    rows = [
        (unit, name, getattr(thing, "lines", "") or getattr(thing, "text", ""))
        for unit in UNITS
        for name, thing in drawing(unit)[0].items()
    ]
    return pd.DataFrame(rows, columns=["unit", "part", "function"])


def learning_curves(curves: dict[str, xr.Dataset]):
    """RMSE by epoch, of ``learning_curve`` by method: on days learned from and held out."""
    with style():
        figure, axis = plt.subplots(figsize=(5.5, 3.4))
        for (name, curve), shade in zip(curves.items(), COLOURS, strict=False):
            for part, line in LINES.items():
                look = {"color": shade, "ms": 3, "label": f"{name}, {part}"}
                axis.plot(curve["epoch"], curve["rmse"].sel(part=part), line, **look)
        axis.set(xlabel="epoch", xscale="log", ylabel="RMSE against SMAP (m$^3$ m$^{-3}$)")
        axis.legend()
    return figure


def maps(scores: xr.Dataset):
    """ubRMSE and R (pixel) with latitude and longitude on maps."""
    with style():
        figure, axes = plt.subplots(2, 1, figsize=(7, 7.8))
        for axis, (name, shades) in zip(axes, SHADES.items(), strict=True):
            low, high = scores[name].quantile((0.02, 0.98)).values
            low = 0 if name == "ubrmse" else low
            dots = map_dots(axis, scores[name], CONUS, cmap=shades, vmin=low, vmax=high)
            figure.colorbar(dots, ax=axis, label=LABELS[name], shrink=0.8, extend="both")
            axis.set_title(LABELS[name].partition(" (")[0])
        letters(axes)
    return figure


def calibration_curves(found: xr.Dataset):
    """Share of days inside central intervals against the stated level, and error against spread, of
    ``calibration`` with one way at least."""
    with style():
        figure, (held, skill) = plt.subplots(1, 2, figsize=(8, 3.7))
        held.plot([0, 1], [0, 1], color="#999999", lw=0.8)
        largest = 0.0
        for way in found["way"].values:
            one, name = found.sel(way=way), str(way)
            source, _, added = name.partition(" ")
            look = {"color": WAYS[source], "ls": "-" if added else ":", "marker": "o", "ms": 3}
            held.plot(one["nominal"], one["inside"], label=name, **look)
            skill.plot(one["spread"], one["error"], label=name, **look)
            largest = max(largest, float(one["spread"].max()), float(one["error"].max()))
        skill.plot([0, largest], [0, largest], color="#999999", lw=0.8)
        held.set(xlabel="stated level", ylabel="share of days inside", title="coverage")
        skill.set(
            xlabel="stated deviation (m$^3$ m$^{-3}$)",
            ylabel="RMSE of those days (m$^3$ m$^{-3}$)", title="spread and skill",
        )  # fmt: skip
        letters((held, skill))
        figure.legend(*held.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
