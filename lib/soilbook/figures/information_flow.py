"""Fig 1 of Fang et al. (2019): what flows into the models, and what they are held against."""

import matplotlib.pyplot as plt

from soilbook.figures.flow import Arrow, Box, draw
from soilbook.figures.style import style

SIZE = (8.2, 4.6)
WIDE, HIGH = 1.75, 0.72
# Name: x, y, title, kind.
_PLACES = {
    "forcing": (0.95, 2.3, "Forcing", "data"),
    "attributes": (0.95, 3.5, "Attributes", "data"),
    "SMAP L3": (3.2, 4.2, "SMAP L3", "data"),
    "SMAP L4": (5.1, 4.2, "SMAP L4", "data"),
    "LSTM": (4.2, 3.0, "LSTM", "model"),
    "Noah": (4.2, 1.75, "Noah", "model"),
    "VIC": (4.2, 0.55, "VIC", "model"),
    "Comb": (7.2, 2.4, "Comb", "product"),
    "Noah+VIC": (7.2, 1.15, "Noah+VIC", "product"),
    "in situ": (7.2, 4.2, "In situ", "judge"),
}
_ARROWS = [
    Arrow("forcing", "LSTM"),
    Arrow("forcing", "Noah"),
    Arrow("forcing", "VIC"),
    Arrow("attributes", "LSTM"),
    Arrow("SMAP L3", "LSTM", "target", "bt", text="target, surface", shift=(-0.55, 0.0)),
    Arrow("SMAP L4", "LSTM", "target", "bt", text="target, root zone", shift=(0.6, 0.0)),
    Arrow("LSTM", "Comb", text="mean", shift=(0.0, 0.16)),
    Arrow("Noah", "Comb"),
    Arrow("Noah", "Noah+VIC", text="mean", shift=(0.0, 0.16)),
    Arrow("VIC", "Noah+VIC"),
    Arrow("LSTM", "in situ", "judged", "rb"),
    Arrow("SMAP L4", "in situ", "judged", "rl"),
    Arrow("Comb", "in situ", "judged", "tb", text="compared", shift=(0.38, 0.0)),
]


def information_flow(sources: dict[str, str]):
    """Boxes and arrows of Fig 1; ``sources`` says for each box where it comes from on a track.

    Keys: forcing, attributes, SMAP L3, SMAP L4, LSTM, Noah, VIC, Comb, Noah+VIC, in situ.
    """
    boxes = {
        name: Box(x, y, title, kind, WIDE, HIGH, sources[name])
        for name, (x, y, title, kind) in _PLACES.items()
    }
    with style():
        figure, axis = plt.subplots(figsize=SIZE)
        draw(axis, boxes, _ARROWS, SIZE)
    return figure
