"""Weights of the fusion schemes, and what they gain over the plain mean at every place."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

from soilbook.figures.style import colour, letters, style

PLAIN = "plain mean"


def weights_and_gains(fused: xr.Dataset, paired: pd.DataFrame, layer: str = "surface"):
    """``fused`` of ``studies.smap.fusion.fuse``, ``paired`` (ubRMSE) of ``fusion.paired``.

    Left: weights of the members, a dot a place. Right: ubRMSE of scheme minus plain mean, a dot a
    place, with the mean and its interval.
    """
    at = fused.sel(layer=layer)
    schemes = [str(name) for name in at["scheme"].values if name != PLAIN]
    scored = at["ubrmse"].sel(product=PLAIN).notnull()
    random = np.random.default_rng(0)
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=(1.5, 1))
        members = [str(name) for name in at["member"].values]
        for i, scheme in enumerate(schemes):
            for k, member in enumerate(members):
                values = at["weight"].sel(scheme=scheme, member=member).values[scored.values]
                where = i + (k - 1) * 0.26
                jitter = where + random.uniform(-0.08, 0.08, values.size)
                left.plot(jitter, values, "o", ms=2.5, alpha=0.5, color=colour(member))
                left.plot([where - 0.1, where + 0.1], [np.median(values)] * 2, "k-", lw=1.5)
        left.axhline(1 / len(members), color="black", lw=0.8, ls="--")
        left.set_title("weights, and their medians")
        left.set_ylabel("weight")
        for member in members:
            left.plot([], [], "o", color=colour(member), label=member)
        left.legend(ncols=len(members))
        rows = paired[paired["layer"] == layer].set_index("scheme")
        for i, scheme in enumerate(schemes):
            gain = (at["ubrmse"].sel(product=scheme) - at["ubrmse"].sel(product=PLAIN)).values
            right.plot(
                i + random.uniform(-0.15, 0.15, gain.size), gain, "o", ms=2.5, alpha=0.4,
                color="#555555",
            )  # fmt: skip
            mean, low, high = rows.loc[scheme, ["difference", "low", "high"]].astype(float)
            right.errorbar(
                i, mean, [[mean - low], [high - mean]], fmt="D", color="#D55E00", capsize=4, ms=5
            )
        right.axhline(0, color="black", lw=0.8)
        right.set_title("ubRMSE minus that of the plain mean (m$^3$ m$^{-3}$)")
        for axis in (left, right):
            axis.set_xticks(range(len(schemes)), [name.replace(" ", "\n", 1) for name in schemes])
        letters((left, right))
    return figure
