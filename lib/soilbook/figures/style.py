"""One look for all figures: colours that stay apart for colour-blind readers and in print."""

from contextlib import contextmanager

import matplotlib.pyplot as plt

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
    "guided LSTM": "#56B4E9",
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


def letters(axes) -> None:
    """Write (a), (b), ... before the titles of the panels."""
    for letter, axis in zip("abcdefghijklmnopqrstuvwxyz", axes, strict=False):
        title = axis.get_title()
        axis.set_title("")
        axis.set_title(f"({letter}) {title}", loc="left")
