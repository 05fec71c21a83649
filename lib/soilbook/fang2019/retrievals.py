"""What SMAP's retrievals are worth, III-D: forecasts from recent ones, and months with few.

Besides weather and attributes a forecast network sees the last SMAP retrieval known at the issue
and its age: "the current and past soil moisture observations are included as inputs". One network
serves all leads: it is trained on every pixel once for each lead.
"""

from functools import partial

import numpy as np
import pandas as pd
import torch
import xarray as xr

from soilbook import costs, fingerprint, metrics
from soilbook.device import find as find_device
from soilbook.fang2019 import runs
from soilbook.fang2019.runs import METRICS, TARGET, WINDOW, Prepared, YearAhead
from soilbook.models import climatology
from soilbook.models.prolongation import Memory, follow
from soilbook.settings import Count
from soilbook.store import Store
from soilbook.training.sequence_trainer import SequenceSettings, network, train_sequences
from soilbook.training.sequences import Sequences, target

# What each predictor sees of SMAP and of the weather between the issue and the target day.
SEES = {
    "forecast": "the last retrieval at the issue and its age; the weather up to the target day, "
    "analysed, as if every weather forecast were perfect",
    "forecast, usual weather": "the same network and retrievals; the weather up to the issue, "
    "after it that usual for the calendar day, as if there were no weather forecast at all",
    "hindcast": "no retrieval of the test year; the analysed weather up to the target day",
    "persistence": "the last retrieval at the issue, nothing else",
    "climatology": "the calendar day; retrievals of the training years",
}
ROWS = 20_000  # target days branched off at once
OLDEST = 60  # days; older retrievals, and none at all, count as this old
N_INPUTS = 2
BOUNDED = ("rmse", "r")  # scores with intervals
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
# Share of the days of a calendar month with a retrieval at the place, after launch.
FEW = {"under 10 %": (0.0, 0.1), "10 to 30 %": (0.1, 0.3), "30 % and more": (0.3, 1.01)}
PRODUCTS = ("LSTM", "Noah", "VIC", "Comb")
LEAST_DAYS = 30  # fewer give no score
INTERVAL = ("value", "low", "high")


class SatelliteForecast(YearAhead):
    """Settings of the year-ahead test with the days ahead, ``leads``; a forecast network takes as
    many steps as a hindcast network."""

    leads: tuple[Count, ...] = (1, 2, 3, 4, 5, 6, 7)

    def forecasters(self) -> list[SequenceSettings]:
        """Settings of every forecast network: a pixel counts once for each lead in an epoch."""
        epochs = max(1, round(self.sequence.epochs / len(self.leads)))
        return [one.but(epochs=epochs) for one in self.members()]


def run(settings: SatelliteForecast, pixels: xr.Dataset | None = None) -> xr.Dataset:
    """Train, forecast the test year at every lead, and score next to what needs less.

    ``pixels`` (pixel, time) replaces those of the track. Returns what ``score`` does, for the
    predictors of SEES, and ``age`` (lead), the median age in days of the last retrieval. Kept in
    the store.
    """
    device = find_device(settings.device)
    pixels = runs.read(settings) if pixels is None else pixels
    ready = runs.prepare(settings, pixels)
    data = fingerprint.of_arrays(ready.x, ready.record[TARGET].values)
    key = {"kind": "satellite forecast", "settings": settings, "data": data}
    return Store().made(key, lambda: _made(settings, ready, pixels, device))


def _made(settings: SatelliteForecast, ready: Prepared, pixels: xr.Dataset, device: str):
    smap, leads = ready.test[TARGET], settings.leads
    both = partial(runs.year_ahead, settings, pixels), partial(forecasts, settings, ready, device)
    costs.foreseen(lambda trained: trained(), both)
    ahead = runs.year_ahead(settings, pixels)["moisture"]
    known = np.stack([latest(ready.record[TARGET].values, lead) for lead in leads], axis=1)
    value, age = known[..., -smap.sizes["time"] :]
    hindcast, season = (
        np.broadcast_to(ahead.sel(predictor=name), value.shape)
        for name in ("ensemble", "climatology")
    )
    of_smap = {"hindcast": hindcast, "persistence": value, "climatology": season}
    predicted = forecasts(settings, ready, device) | of_smap
    draws = {"n_replicates": settings.bootstrap, "seed": settings.seed}
    result = score(smap, predicted, leads, **draws)
    ages = [float(np.nanmedian(one[smap.notnull().values])) for one in age]
    result["age"] = "lead", ages, {"units": "d", "long_name": "age of the last retrieval, median"}
    return result


def forecasts(settings: SatelliteForecast, ready: Prepared, device: str) -> dict[str, np.ndarray]:
    """The two forecasts of SEES, (lead, pixel, day of the test), m3 m-3, means of the networks."""
    retrievals, n_training = ready.record[TARGET].values, ready.training.sizes["time"]
    by_lead = [inputs(retrievals, n, ready.scaling) for n in settings.leads]
    learnt = [np.concatenate([ready.x, more], -1)[:, :n_training] for more in by_lead]
    y = target(ready.training, ready.scaling)
    sequences = Sequences.of(np.concatenate(learnt), np.tile(y, (len(by_lead), 1)), device)
    members = settings.forecasters()
    trained = train_sequences(sequences, members, Store())
    missed = y if settings.level else np.full_like(y, np.nan)
    del learnt, sequences
    usual = usual_weather(ready.x, ready.record["time"].values, slice(0, n_training))
    there = np.isfinite(ready.test[TARGET].values)
    total = 0.0
    for flat in trained["parameters"].values:
        made = network(flat, ready.x.shape[2] + N_INPUTS, members[0]).to(device)
        both = with_and_without(made, ready.x, usual, by_lead, settings.leads, missed, there)
        total = total + both / len(members)
    mean, deviation = (ready.scaling[f"target_{name}"].item() for name in ("mean", "deviation"))
    names = ("forecast", "forecast, usual weather")
    return dict(zip(names, total * deviation + mean, strict=True))


def with_and_without(made, x, usual, by_lead, leads, y, there) -> np.ndarray:
    """Scaled forecasts (2, lead, pixel, day) of one network: with analysed weather, and with usual
    weather after the issue; the latter on the days ``there`` (pixel, day) alone, else NaN.

    The level of a pixel is corrected by what the network missed there in training, ``y`` (pixel,
    day), as that of the hindcast is; not where ``y`` is NaN on all days.
    """
    device, n_test = made.output.weight.device, there.shape[1]
    analysed, without = both = np.full((2, len(leads), *there.shape), np.nan, np.float32)
    pixel, day = np.nonzero(there)
    for k, (lead, more) in enumerate(zip(leads, by_lead, strict=True)):
        known, unknown = (
            torch.from_numpy(np.concatenate([part, more], -1)).to(device) for part in (x, usual)
        )
        with torch.no_grad():
            moisture, memories = follow(made, known)
            moisture = moisture.cpu().numpy()
            level = runs.misfit(y, moisture[:, :-n_test])
            analysed[k] = moisture[:, -n_test:] - level[:, None]
            # From the day of the first issue of a test day on.
            begun = memories[-n_test - lead :]
            hidden, cells = (torch.stack(part) for part in zip(*begun, strict=True))
            for at in range(0, len(pixel), ROWS):
                where = pixel[at : at + ROWS], day[at : at + ROWS]
                rows, issue = (torch.from_numpy(one).to(device) for one in where)
                steps = issue.unsqueeze(1) + torch.arange(1, lead + 1, device=device)
                steps = steps + known.shape[1] - n_test - lead
                start = Memory(hidden[issue, rows], cells[issue, rows])
                branched, _ = follow(made, unknown[rows.unsqueeze(1), steps], start)
                without[k][where] = branched[:, -1].cpu().numpy() - level[where[0]]
    return both


def latest(retrievals: np.ndarray, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Last retrieval at least ``lead`` days before each day, in its units, and its age in days,
    both (pixel, time); NaN before the first retrieval."""
    day = np.arange(retrievals.shape[1])
    made_on = np.where(np.isfinite(retrievals), day, np.nan)
    return runs.latest(retrievals, lead), day - runs.latest(made_on, lead)


def inputs(retrievals: np.ndarray, lead: int, scaling: xr.Dataset) -> np.ndarray:
    """The two inputs (pixel, time, 2), 32-bit: scaled value, and logarithm of age over that of 60
    days. A pixel without a retrieval so far gets the mean and the highest age."""
    value, age = latest(retrievals, lead)
    scaled = (value - scaling["target_mean"].item()) / scaling["target_deviation"].item()
    old = np.log(np.minimum(np.nan_to_num(age, nan=OLDEST), OLDEST)) / np.log(OLDEST)
    return np.stack([np.nan_to_num(scaled), old], -1).astype(np.float32)


def usual_weather(x: np.ndarray, time: np.ndarray, training: slice) -> np.ndarray:
    """Inputs ``x`` (pixel, time, feature) as usual for the calendar day in the ``training`` days,
    the mean of days within a month: what is known of the weather where none is forecast."""
    by_feature = np.moveaxis(x, -1, 1)
    means = climatology(time[training], by_feature[..., training], time, WINDOW)
    return np.moveaxis(means, 1, -1).astype(np.float32)


def score(observed: xr.DataArray, predicted: dict, leads: tuple[int, ...], **draws) -> xr.Dataset:
    """Scores against SMAP of ``predicted`` (lead, pixel, time), on the days that all share.

    Returns ``moisture`` (predictor, lead, pixel, time), ``observed`` (pixel, time), METRICS and
    ``n_pairs`` (predictor, lead, pixel); for rmse and r ``median_...`` over pixels, and
    ``difference_...``, the median over pixels of forecast minus predictor, each (predictor, lead)
    with its 95 % interval, see ``runs.with_interval``.
    """
    moisture = runs.stacked(observed, predicted, lead=list(leads))
    shared = observed.where(moisture.notnull().all("predictor"))
    result = xr.Dataset({"observed": observed, "moisture": moisture})
    result = result.assign(metrics.score(shared, moisture, metrics=METRICS))
    for name in BOUNDED:
        own = result[name].transpose("predictor", "lead", "pixel")
        apart = own.sel(predictor="forecast", drop=True) - own
        apart = apart.transpose(*own.dims).assign_attrs(own.attrs)
        for kind, values in (("median", own), ("difference", apart)):
            result.update(runs.with_interval(f"{kind}_{name}", values, **draws))
    return result


def frame(result: xr.Dataset) -> pd.DataFrame:
    """One row for each lead and predictor: medians over pixels and paired differences of ``score``,
    and ``age_d``, the median age of the last retrieval."""
    names = [name for name in result if str(name).startswith(("median_", "difference_"))]
    keys = {"lead": "lead_d"}
    rows = result[names].to_dataframe(["lead", "predictor"]).reset_index().rename(columns=keys)
    rows["age_d"] = result["age"].sel(lead=rows["lead_d"].values).values
    return rows[["predictor", "age_d", "lead_d", *names]]


def share_of_retrievals(result: xr.Dataset) -> xr.DataArray:
    """Share of days with a SMAP retrieval (month, place), over the days after launch."""
    after = result["sm"].sel(product="SMAP", layer="surface", drop=True)
    after = after.isel(time=result["period"].values == "AL")
    return after.notnull().groupby("time.month").mean("time")


def by_season(result: xr.Dataset, reference: xr.DataArray | None = None) -> xr.Dataset:
    """Scores of the surface in every season at every place, all days of PL and AL together.

    ``reference`` (place, time) is what products are held against, by default in situ. Returns
    ``ubrmse``, ``bias``, ``r``, ``n_days`` and ``oscillation`` (product, part, place), where part
    is the season, and ``share`` (part, place) of days with a retrieval after launch; NaN for fewer
    than 30 days. Oscillation is the mean change from day to day, on all days, observed or not.
    """
    shares = share_of_retrievals(result)
    masks = {n: shares["month"].isin(m).broadcast_like(shares) for n, m in SEASONS.items()}
    return _scored(result, reference, masks, shares)


def by_retrievals(result: xr.Dataset, reference: xr.DataArray | None = None) -> xr.Dataset:
    """The same by how often SMAP sees the place in the calendar month: parts are those of FEW."""
    shares = share_of_retrievals(result)
    masks = {name: (shares >= low) & (shares < high) for name, (low, high) in FEW.items()}
    return _scored(result, reference, masks, shares)


def _scored(result, reference, masks, shares) -> xr.Dataset:
    days = result.sel(layer="surface", product=list(PRODUCTS))
    days = days.isel(time=result["period"].values != "")
    against = days["insitu"] if reference is None else reference.sel(time=days["time"])
    against = against.where(days["sm"].notnull().all("product"))
    change = abs(days["sm"].diff("time"))
    parts = []
    for name, mask in masks.items():
        chosen = mask.sel(month=days["time.month"]).drop_vars("month")
        part = metrics.score(
            against.where(chosen).transpose("place", "time"),
            days["sm"].transpose("product", "place", "time"),
            metrics=("ubrmse", "bias", "r"),
        ).drop_vars("undefined")
        part = part.rename(n_pairs="n_days").where(part["n_pairs"] >= LEAST_DAYS)
        part["oscillation"] = change.where(chosen).mean("time")
        part["share"] = shares.where(mask).mean("month")
        parts.append(part.assign_coords(part=name))
    return xr.concat(parts, "part", coords="minimal", compat="override", join="override")


def means(scores: xr.Dataset, metric: str, n_replicates: int = 1000) -> pd.DataFrame:
    """Mean over places of a score with its interval (places drawn again): columns part, product,
    value, low, high, n_places."""
    cell = ["part", "product"]
    values = scores[metric].transpose(*cell, "place")
    found = metrics.mean_over_sites(np.moveaxis(values.values, -1, 0), n_replicates=n_replicates)
    numbers = {name: (cell, getattr(found, name)) for name in INTERVAL}
    numbers["n_places"] = cell, values.notnull().sum("place").values
    made = xr.Dataset(numbers, {name: values[name].values for name in cell})
    return made.to_dataframe(cell).reset_index()


def season_table(scores: xr.Dataset, n_replicates: int = 1000) -> pd.DataFrame:
    """``means`` of ubRMSE, bias and R side by side, with the mean ``share`` of days SMAP sees."""
    of = {metric: means(scores, metric, n_replicates) for metric in ("ubrmse", "bias", "r")}
    whole = of["r"][["part", "product"]]
    whole.insert(1, "share_seen", whole["part"].map(scores["share"].mean("place").to_series()))
    for metric, table in of.items():
        whole[[metric, f"{metric}_low", f"{metric}_high"]] = table[list(INTERVAL)]
    return whole.assign(n_places=of["r"]["n_places"])


def winter_panels(
    scores: xr.Dataset, result: xr.Dataset, truth: xr.DataArray | None, n_replicates=1000
) -> dict[str, pd.DataFrame]:
    """``means`` behind a figure, by title, of ``scores`` by retrievals: ubRMSE against in situ and,
    where it is known, against the ``truth`` (layer, place, time), and the oscillation."""
    found = {"ubRMSE against in situ": means(scores, "ubrmse", n_replicates)}
    if truth is not None:
        of_truth = by_retrievals(result, truth.sel(layer="surface"))
        found["ubRMSE against the truth, all days"] = means(of_truth, "ubrmse", n_replicates)
    return found | {"change from day to day": means(scores, "oscillation", n_replicates)}


def apart(scores: xr.Dataset, metric: str, product: str) -> xr.DataArray:
    """Score of a product in months with few retrievals minus that in months with many (place)."""
    few, _, many = (scores[metric].sel(product=product, part=part, drop=True) for part in FEW)
    return few - many
