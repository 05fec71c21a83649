"""What section III-D of Fang et al. (2019) expects, in words, held against this run.

It prints no number: ``published`` is empty, and each row says by which rule it is judged.
"""

import numpy as np
import pandas as pd
import xarray as xr

from soilbook.metrics.comparison import LEAST_SITES
from soilbook.studies.claims import COLUMNS
from soilbook.studies.smap.seasons import Apart

HEAVY = 0.1  # of the forecast's RMSE: a loss above it counts as heavy dependence


def verdicts(forecast: xr.Dataset, fused: pd.DataFrame, winter: Apart) -> pd.DataFrame:
    """Four expectations of the section, columns of ``claims.COLUMNS``.

    ``forecast`` of ``satellite_forecast.run``; ``fused`` of ``fusion.paired`` (ubRMSE); ``winter``
    of ``seasons.apart``, LSTM's ubRMSE in months with few retrievals minus that in months with
    many.
    """
    rows = [_observations(forecast), _weather(forecast), _fusion(fused), _winter(winter)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _observations(forecast: xr.Dataset) -> dict:
    difference, low, high = _differences(forecast, "hindcast")
    weakest = int(np.argmax(difference))
    sure, right = int((high < 0).sum()), int((difference < 0).sum())
    verdict = "reproduced" if sure == len(high) else "partly" if right else "not"
    leads = forecast["lead"].values
    why = (
        f"median RMSE of the forecast minus that of the hindcast, m3 m-3: below zero at {right} of "
        f"{len(leads)} leads, at {sure} beyond the interval; shown: lead {leads[weakest]} d"
    )
    bounds = difference[weakest], low[weakest], high[weakest]
    return _claim("III-D a: recent observations improve forecasts", *bounds, verdict, why)


def _weather(forecast: xr.Dataset) -> dict:
    perfect, usual = "forecast", "forecast, usual weather"
    difference, low, high = (-a for a in _differences(forecast, usual))
    low, high = high, low
    rmse = forecast["median_rmse"].sel(predictor=perfect).values
    share = difference / rmse
    leads = forecast["lead"].values
    heavy, sure = int((share > HEAVY).sum()), int((low > 0).sum())
    verdict = "reproduced" if heavy and sure == len(low) else "partly" if sure else "not"
    why = (
        "median RMSE without a weather forecast minus that with a perfect one, m3 m-3: above zero "
        f"beyond the interval at {sure} of {len(leads)} leads, more than {HEAVY:.0%} of the RMSE "
        f"at {heavy}; shown: lead {leads[-1]} d, {share[-1]:.0%}"
    )
    shown = difference[-1], low[-1], high[-1]
    text = "III-D b: forecasts depend heavily on the weather forecast"
    return _claim(text, *shown, verdict, why)


def _fusion(fused: pd.DataFrame) -> dict:
    rows = fused[np.isfinite(fused["difference"])]
    text = "III-D c: the simple average is not the optimal way of combining"
    if rows.empty:
        return _claim(text, np.nan, np.nan, np.nan, "not testable", "no place in both periods")
    better = rows[rows["verdict"] == "better"]
    worse = rows[rows["verdict"] == "worse"]
    best = rows.loc[rows["difference"].idxmin()]
    verdict = "reproduced" if len(better) else "partly" if best["difference"] < 0 else "not"
    why = (
        f"ubRMSE of a scheme minus that of the plain mean, m3 m-3: better in {len(better)} and "
        f"worse in {len(worse)} of {len(rows)} schemes and layers (Holm); shown: {best['scheme']}, "
        f"{best['layer']}, {best['n_places']} places"
    )
    return _claim(text, best["difference"], best["low"], best["high"], verdict, why)


def _winter(winter: Apart) -> dict:
    text = "III-D d, IV: errors are larger where frozen ground leaves few retrievals"
    if winter.n_places < LEAST_SITES:
        why = f"{winter.n_places} places have in situ in both kinds of months; needs {LEAST_SITES}"
        return _claim(text, np.nan, np.nan, np.nan, "not testable", why)
    verdict = "reproduced" if winter.low > 0 else "partly" if winter.value > 0 else "not"
    why = (
        "ubRMSE of LSTM in months with retrievals on under 10 % of the days minus that with 30 % "
        f"and more, same places, m3 m-3; {winter.n_places} places"
    )
    return _claim(text, winter.value, winter.low, winter.high, verdict, why)


def _differences(forecast: xr.Dataset, other: str) -> tuple[np.ndarray, ...]:
    names = ("difference_rmse", "difference_rmse_low", "difference_rmse_high")
    return tuple(forecast[name].sel(predictor=other).values for name in names)


def _claim(text: str, value, low, high, verdict: str, why: str) -> dict:
    return dict(zip(COLUMNS, [text, np.nan, value, low, high, verdict, why], strict=True))
