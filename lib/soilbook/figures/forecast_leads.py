"""What recent retrievals are worth: scores by lead, and where the worth lies (section III-D)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures import maps
from soilbook.figures.style import COLOURS, letters, style

# Colour, line and marker of each predictor: those of one network share a colour.
LOOKS = {
    "forecast": (COLOURS["LSTM"], "-", "o"),
    "forecast, usual weather": (COLOURS["LSTM"], "--", "s"),
    "hindcast": (COLOURS["Transformer"], "-", "^"),
    "persistence": (COLOURS["persistence"], "-", "v"),
    "climatology": (COLOURS["climatology"], "-", "D"),
}
CONUS = (-126, -66, 24, 50)
NAMES = {"rmse": "RMSE (m$^3$ m$^{-3}$)", "r": "Pearson correlation"}


def by_lead(result: xr.Dataset):
    """Medians over pixels with their intervals by lead, and paired differences of RMSE.

    ``result`` of ``studies.smap.satellite_forecast.run``.
    """
    with style():
        figure, axes = plt.subplots(1, 3, figsize=(10, 3.5))
        for axis, name in zip(axes, NAMES, strict=False):
            _lines(axis, result, f"median_{name}")
            axis.set_title(f"median {NAMES[name]}")
        others = [p for p in result["predictor"].values if p != "forecast"]
        _lines(axes[2], result.sel(predictor=others), "difference_rmse")
        axes[2].axhline(0, color="black", lw=0.8)
        axes[2].set_title("RMSE of the forecast minus that of ...")
        for axis in axes:
            axis.set_xlabel("lead (days)")
            axis.set_xticks(result["lead"].values)
        letters(axes)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def gain_map(result: xr.Dataset, lead: int, against: str = "hindcast"):
    """RMSE of ``against`` minus that of the forecast at every pixel: blue where retrievals help."""
    at = result["rmse"].sel(lead=lead)
    gain = at.sel(predictor=against) - at.sel(predictor="forecast")
    largest = float(np.nanquantile(abs(gain), 0.98)) or 1.0
    with style():
        figure, axis = plt.subplots(figsize=(7.5, 4.2))
        axis.grid(False)
        maps.draw_base(axis, CONUS, states=True)
        dots = axis.scatter(
            gain["longitude"], gain["latitude"], c=gain, s=16, marker="s", zorder=3,
            cmap="RdBu", vmin=-largest, vmax=largest,
        )  # fmt: skip
        label = f"RMSE of {against} minus RMSE of forecast (m$^3$ m$^{{-3}}$)"
        figure.colorbar(dots, ax=axis, label=label, extend="both", shrink=0.8)
    return figure


def _lines(axis, result: xr.Dataset, name: str) -> None:
    for predictor in result["predictor"].values:
        colour, line, marker = LOOKS[str(predictor)]
        value, low, high = (
            result[f"{name}{part}"].sel(predictor=predictor) for part in ("", "_low", "_high")
        )
        lead = result["lead"].values
        axis.fill_between(lead, low, high, color=colour, alpha=0.15, lw=0)
        axis.plot(lead, value, line, color=colour, marker=marker, ms=4, label=predictor)
