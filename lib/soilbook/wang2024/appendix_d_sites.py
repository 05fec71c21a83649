"""Appendix D of Wang et al. (2024): moisture of all sites (Fig D1), statistics of their weather
and the parts of their records (Table D2)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import xarray as xr
from matplotlib.dates import DateFormatter, YearLocator

from soilbook import claims as judge
from soilbook import data as records
from soilbook import published, schema, settings
from soilbook.data.own import label
from soilbook.data.sites import SITES
from soilbook.plots.style import style
from soilbook.training import windows
from soilbook.wang2024 import experiment

# Table D2 calls air temperature TA where the rest of the paper says AT.
PRINTED = {"precipitation": "P", "air_temperature": "TA"}
TUNED = "the weather generator of the twin is tuned to these numbers"
STATISTICS = ["min", "max", "mean", "std"]


def named_sites(names, data: str) -> tuple[str, ...]:
    """The sites asked for under the names that load them, or every site of the track."""
    if not names:
        return tuple(records.available(data))
    return experiment.Experiment(data=data, sites=tuple(names)).sites


def series(names, data: str, seed: int = 0) -> xr.Dataset:
    """Weekly means of soil moisture, ``sm`` (site, depth, time) in m3 m-3, of all records."""
    records = [experiment.load_site(name, data, seed)["sm"] for name in names]
    parts = [
        record.resample(time="7D", origin="epoch")
        .mean()
        .drop_vars(["site", "latitude", "longitude"], errors="ignore")
        for record in records
    ]
    labels = list(map(label, names))
    joined = xr.concat(parts, xr.IndexVariable("site", labels), join="outer")
    return joined.to_dataset(name="sm")


def draw_series(series: xr.Dataset):
    """One panel a site; ``series["sm"]`` (site, depth, time) in m3 m-3, NaN outside the record."""
    sm = series["sm"]
    columns = min(3, sm.sizes["site"])
    rows = -(-sm.sizes["site"] // columns)
    with style():
        size = (10, 1.7 * rows + 0.6)
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharey=True)
        # From yellow to black: depths differ in lightness by as much as five lines can.
        palette = sns.color_palette("inferno_r", sm.sizes["depth"] + 1)[1:]
        for axis, name in zip(axes.flat, sm["site"].values, strict=False):
            axis.set_title(name, loc="left")
            part = sm.sel(site=name)
            there = np.flatnonzero(np.isfinite(part.values).any(0))
            part = part.isel(time=slice(there[0], there[-1] + 1)) if there.size else part
            for colour, depth in zip(palette, part["depth"].values, strict=True):
                name = f"{depth:.2f} m"
                axis.plot(part["time"], part.sel(depth=depth), color=colour, lw=1.1, label=name)
            years = max(1, int(np.ptp(part["time"].values) / np.timedelta64(365, "D")))
            axis.xaxis.set_major_locator(YearLocator(-(-years // 5)))
            axis.xaxis.set_major_formatter(DateFormatter("%Y"))
        for axis in axes.flat[sm.sizes["site"] :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel("m$^3$ m$^{-3}$")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=5, title="depth")
    return figure


def record_statistics(names, data: str, seed: int = 0) -> pd.DataFrame:
    """Minimum, maximum, mean and standard deviation of P and AT of each site (Table D2). One row a
    site and variable: ``site, variable, units, min, max, mean, std`` and the same four as published
    with the suffix ``_published``, for sites of the paper; ``days`` counts days with a value."""
    printed = published.weather().set_index(["site", "variable"])
    rows = []
    for name in names:
        record, site = experiment.load_site(name, data, seed), label(name)
        for variable, symbol in PRINTED.items():
            if variable not in record:
                continue
            values = record[variable].to_series().dropna()
            row = {"site": site, "variable": symbol, "units": schema.VARIABLES[variable].units}
            row |= values.agg(STATISTICS).to_dict() | {"days": len(values)}
            if site in SITES:
                row |= {f"{key}_published": printed.loc[(site, symbol), key] for key in STATISTICS}
            rows.append(row)
    return pd.DataFrame(rows)


def splits(names, data: str, seed: int = 0, split: float = settings.TRAINING_SHARE) -> pd.DataFrame:
    """First day of the validation and test parts and last day, of this track and of Table D2;
    ``split`` is the share of the days that trains."""
    printed = published.splits().set_index("site")
    rows = []
    for name in names:
        time, site = experiment.load_site(name, data, seed)["time"].values, label(name)
        parts = windows.split(len(time), split)
        own = {
            "start": time[0],
            "validation_start": time[parts["validation"].start],
            "test_start": time[parts["test"].start],
            "end": time[-1],
        }
        names_printed = ("training_start", "validation_start", "test_start", "test_end")
        row = {"site": site} | {key: pd.Timestamp(value) for key, value in own.items()}
        if site in SITES:
            for key, column in zip(own, names_printed, strict=True):
                row[f"{key}_published"] = printed.loc[site, column]
        rows.append(row)
    return pd.DataFrame(rows)


def weather_claims(statistics: pd.DataFrame, data: str = "observed") -> pd.DataFrame:
    """Whether Table D2 is met: one row a variable and statistic, over all sites.

    ``reproduced`` is the median ratio (P) or difference (TA, degC) of this run to the table;
    ``low`` and ``high`` are its extremes over sites. The twin's weather is tuned to the table, its
    762 mm in a day included: there the rows hold by construction.
    """
    rows = []
    if "mean_published" not in statistics:  # no site of the paper
        statistics = statistics.assign(mean_published=np.nan, std_published=np.nan)
    statistics = statistics.dropna(subset="mean_published")
    for variable, bound, unit in (("P", 0.1, "ratio"), ("TA", 0.5, "degC")):
        part = statistics[statistics["variable"] == variable]
        if part.empty:
            continue
        for name in ("mean", "std"):
            own, printed = part[name], part[f"{name}_published"]
            value = own / printed if unit == "ratio" else own - printed
            neutral = 1.0 if unit == "ratio" else 0.0
            within = abs(value - neutral) <= bound
            label = f"Table D2: {name} of {variable}"
            rule, note = ("share", "") if data == "observed" else ("by construction", TUNED)
            measured = judge.Measured(
                float(value.median()),
                float(value.min()),
                float(value.max()),
                neutral,
                cases=tuple(judge.case(one) for one in within),
                why=f"{unit} of this run to the table; {within.mean():.0%} of {len(part)} sites "
                f"within {bound:g}" + ("" if data == "observed" else "; {judged}"),
            )
            claim = judge.Claim(label, rule, note=note)
            rows.append(judge.row(claim, label, measured, data))
    return judge.table(rows)
