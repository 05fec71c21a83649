"""Section 2.1 of Wang et al. (2024): the sites, correlations (Fig 2), autocorrelation (Fig 3)."""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook import data as records
from soilbook import published, schema
from soilbook.data import files, fluxnet, longwave
from soilbook.data import sites as site_table
from soilbook.studies import sources
from soilbook.studies.claims import COLUMNS
from soilbook.studies.experiment import Experiment
from soilbook.training import windows

# Table D2 calls air temperature TA where the rest of the paper says AT.
PRINTED = {"precipitation": "P", "air_temperature": "TA"}


def sites() -> xr.Dataset:
    """The 30 sites, positions corrected; ``observed`` says which have real observations here."""
    rows = [
        {
            "site": site.name,
            "latitude": site.latitude,
            "longitude": site.longitude,
            "sand": site.sand,
            "silt": site.silt,
            "clay": site.clay,
            "land_cover": site.land_cover,
            "start": np.datetime64(site.start, "ns"),
            "end": np.datetime64(site.end, "ns"),
            "observed": site.uscrn is not None,
            "note": site.note,
        }
        for site in site_table.SITES.values()
    ]
    return pd.DataFrame(rows).set_index("site").to_xarray().sel(site=list(site_table.SITES))


def record_statistics(names, data: str, seed: int = 0) -> pd.DataFrame:
    """Minimum, maximum, mean and standard deviation of P and AT of each site (Table D2).

    One row a site and variable: ``site, variable, units, min, max, mean, std`` and the same four
    as published with the suffix ``_published``; ``days`` counts days with a value.
    """
    printed = published.weather().set_index(["site", "variable"])
    rows = []
    for name in names:
        record = sources.load(name, data, seed)
        for variable in ("precipitation", "air_temperature"):
            values = record[variable].to_series().dropna()
            symbol = PRINTED[variable]
            row = {"site": name, "variable": symbol, "units": schema.VARIABLES[variable].units}
            row |= values.agg(["min", "max", "mean", "std"]).to_dict() | {"days": len(values)}
            row |= {
                f"{key}_published": printed.loc[(name, symbol), key]
                for key in ("min", "max", "mean", "std")
            }
            rows.append(row)
    return pd.DataFrame(rows)


def splits(names, data: str, seed: int = 0) -> pd.DataFrame:
    """First day of the validation and test parts and last day, of this track and of Table D2."""
    printed = published.splits().set_index("site")
    rows = []
    for name in names:
        time = sources.load(name, data, seed)["time"].values
        parts = windows.split(len(time))
        own = {
            "start": time[0],
            "validation_start": time[parts["validation"].start],
            "test_start": time[parts["test"].start],
            "end": time[-1],
        }
        names_printed = ("training_start", "validation_start", "test_start", "test_end")
        row = {"site": name} | {key: pd.Timestamp(value) for key, value in own.items()}
        for key, column in zip(own, names_printed, strict=True):
            row[f"{key}_published"] = printed.loc[name, column]
        rows.append(row)
    return pd.DataFrame(rows)


def series(names, data: str, seed: int = 0) -> xr.Dataset:
    """Weekly means of soil moisture, ``sm`` (site, depth, time) in m3 m-3, of all records."""
    parts = [
        sources.load(name, data, seed)["sm"]
        .resample(time="7D", origin="epoch")
        .mean()
        .drop_vars(["site", "latitude", "longitude"], errors="ignore")
        for name in names
    ]
    joined = xr.concat(parts, xr.IndexVariable("site", list(names)), join="outer")
    return joined.to_dataset(name="sm")


def correlations(names, depths, data: str, seed: int = 0) -> xr.Dataset:
    """Pearson correlation of all pairs of variables, ``r`` (site, depth, variable, other)."""
    blocks = []
    for name in names:
        record = sources.load(name, data, seed)
        symbols = schema.symbols(schema.features(record))
        for depth in depths:
            frame = record.sel(depth=depth).reset_coords(drop=True).to_dataframe()
            matrix = frame[list(schema.features(record))].corr().to_numpy()
            blocks.append(
                xr.DataArray(
                    matrix[None, None],
                    dims=("site", "depth", "variable", "other"),
                    coords={
                        "site": [name],
                        "depth": [depth],
                        "variable": symbols,
                        "other": symbols,
                    },
                    name="r",
                )
            )
    return xr.combine_by_coords(blocks)[["r"]].sel(site=list(names))


def autocorrelation(name: str, data: str, lags: int = 20, seed: int = 0) -> xr.Dataset:
    """Autocorrelation of soil moisture by lag, ``r`` (depth, lag), over pairs without a gap."""
    record = sources.load(name, data, seed)
    r = [
        [record["sm"].isel(depth=k).to_series().autocorr(lag) for lag in range(lags + 1)]
        for k in range(record.sizes["depth"])
    ]
    return xr.Dataset(
        {"r": (("depth", "lag"), r)},
        coords={"depth": record["depth"].values, "lag": np.arange(lags + 1)},
    )


def longwave_error(data: str) -> pd.DataFrame | None:
    """Error of the observed track's estimated long-wave, and of the formulas not chosen, against
    that measured at FLUXNET2015 sites: see ``data.longwave.verify``. None on the twin, which has
    a long-wave of its own, and where the FLUXNET2015 table is not at hand.
    """
    if data != "observed" or not (files.folder() / fluxnet.FILE).is_file():
        return None
    return longwave.verify()


def claims(matrices: xr.Dataset, curves: xr.Dataset) -> pd.DataFrame:
    """The claims of section 2.1, judged on Fig 2 and Fig 3 of this run.

    ``published`` is empty throughout: the paper prints no number for them.
    """
    texts = published.claims().set_index("id")["claim"]
    first, second = matrices["site"].values
    r = abs(matrices["r"].sel(variable="LR", other="SM").mean("depth"))
    difference = float(r.sel(site=first) - r.sel(site=second))
    steps = curves["r"].diff("lag")
    falling = float((steps < 0).mean())
    lag = curves["r"].sel(lag=4)
    gap = float((lag.isel(depth=slice(1, None)) - lag.isel(depth=0)).min())
    same = second == "UpperBethlehem"
    rows = [
        (
            "2.1-1",
            difference,
            "reproduced" if difference > 0.2 and same else "partly" if difference > 0 else "not",
            f"difference of |r| between {first} and {second}, mean of depths"
            + ("" if same else "; UpperBethlehem has no observations, another site stands in"),
        ),
        (
            "2.1-2",
            falling,
            "reproduced" if falling == 1 else "partly" if falling > 0.9 else "not",
            "share of steps in lag at which the autocorrelation falls, all depths",
        ),
        (
            "2.1-3",
            gap,
            "reproduced" if gap > 0 else "not",
            "least difference at a lag of 4 d between a deeper layer and 0.05 m",
        ),
    ]
    table = pd.DataFrame(rows, columns=["id", "reproduced", "verdict", "why"])
    table["claim"] = table["id"] + ": " + table["id"].map(texts)
    return table.assign(published=np.nan, low=np.nan, high=np.nan)[COLUMNS]


def named_sites(names, data: str) -> tuple[str, ...]:
    """The sites asked for under their paper names, or every site of the track."""
    if not names:
        return tuple(records.available(data))
    return Experiment(data=data, sites=tuple(names)).resolve().sites


def weather_claims(statistics: pd.DataFrame) -> pd.DataFrame:
    """Whether Table D2 is met: one row a variable and statistic, over all sites.

    ``reproduced`` is the median ratio (P) or difference (TA, degC) of this run to the table;
    ``low`` and ``high`` are its extremes over sites.
    """
    rows = []
    for variable, bound, unit in (("P", 0.1, "ratio"), ("TA", 0.5, "degC")):
        part = statistics[statistics["variable"] == variable]
        for name in ("mean", "std"):
            own, printed = part[name], part[f"{name}_published"]
            value = own / printed if unit == "ratio" else own - printed
            neutral = 1.0 if unit == "ratio" else 0.0
            within = float((abs(value - neutral) <= bound).mean())
            rows.append(
                {
                    "claim": f"Table D2: {name} of {variable}",
                    "published": neutral,
                    "reproduced": value.median(),
                    "low": value.min(),
                    "high": value.max(),
                    "verdict": "reproduced"
                    if within == 1
                    else "partly"
                    if within >= 0.5
                    else "not",
                    "why": f"{unit} of this run to the table; {within:.0%} of {len(part)} sites "
                    f"within {bound:g}",
                }
            )
    return pd.DataFrame(rows)[COLUMNS]
