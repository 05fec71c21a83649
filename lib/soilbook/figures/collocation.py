"""Errors found by triple collocation, place by place, with intervals and, if known, the truth."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.style import colour, letters, style

KNOWN = {"error": "error_known", "r_truth": "r_known"}
TITLES = {
    "error": "standard deviation of the error (m$^3$ m$^{-3}$)",
    "r_truth": "correlation with the unknown truth",
}


def places(found: xr.Dataset):
    """``found`` of ``studies.smap.collocations.collocate``; places stand by the error of SMAP.

    Bars are 95 % intervals; on the twin a cross marks the value that the known truth gives.
    """
    there = found.isel(place=np.flatnonzero(found["reason"].values == ""))
    there = there.isel(place=np.argsort(there["error"].isel(product=0).values))
    with style():
        figure, axes = plt.subplots(
            len(TITLES), found.sizes["product"], figsize=(10, 5), sharex=True, sharey="row",
            squeeze=False,
        )  # fmt: skip
        at = np.arange(there.sizes["place"])
        for row, (name, title) in enumerate(TITLES.items()):
            for axis, product in zip(axes[row], found["product"].values, strict=True):
                one = there.sel(product=product)
                shade = colour(str(product)) if product != "in situ" else "#009E73"
                axis.vlines(at, one[f"{name}_low"], one[f"{name}_high"], color=shade, lw=0.9)
                axis.plot(at, one[name], "o", ms=2.5, color=shade, label="triple collocation")
                if KNOWN[name] in one:
                    axis.plot(at, one[KNOWN[name]], "x", ms=3, color="#D55E00", label="from truth")
                axis.set_title(f"{product}: {title}", fontsize=8)
        for axis in axes[-1]:
            axis.set_xlabel("place, by the error of SMAP")
        axes[0, 0].legend()
        letters(axes.flat)
    return figure
