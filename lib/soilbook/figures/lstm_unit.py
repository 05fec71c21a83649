"""Fig 2 of Fang et al. (2019): a simple recurrent unit, and the LSTM unit of eqs 1-8."""

import matplotlib.pyplot as plt
import pandas as pd

from soilbook.figures.flow import Arrow, Box, Sign, draw
from soilbook.figures.style import letters, style

SIMPLE, UNIT = (2.6, 4.4), (6.0, 4.4)
_STATE = {"kind": "state", "width": 0.85, "height": 0.42}
_GATE = {"kind": "gate", "width": 0.95, "height": 0.42}


def lstm_unit():
    """Both units side by side; dashed blue arrows come from the day before."""
    with style():
        figure, axes = plt.subplots(
            1, 2, figsize=(SIMPLE[0] + UNIT[0], SIMPLE[1] + 0.3), width_ratios=(SIMPLE[0], UNIT[0])
        )
        draw(axes[0], *_simple(), SIMPLE)
        draw(axes[1], *_unit(), UNIT)
        axes[0].set_title("simple RNN")
        axes[1].set_title("LSTM of eqs 1-8")
        letters(axes)
    return figure


def parts() -> pd.DataFrame:
    """The boxes and signs drawn: unit, part, and what stands in it."""
    rows = [
        {
            "unit": unit,
            "part": name,
            "function": getattr(thing, "lines", "") or getattr(thing, "text", ""),
        }
        for unit, (things, _) in (("simple RNN", _simple()), ("LSTM", _unit()))
        for name, thing in things.items()
    ]
    return pd.DataFrame(rows)


def _simple() -> tuple[dict, list[Arrow]]:
    things = {
        "x0": Box(1.3, 0.4, "$x_0^{(t)}$", **_STATE),
        "h": Box(1.3, 2.2, "$h^{(t)}$", **_STATE, lines="tanh"),
        "y": Box(1.3, 4.0, "$y^{(t)}$", **_STATE),
    }
    arrows = [
        Arrow("x0", "h", sides="tb"),
        Arrow("h", "y", sides="tb"),
        Arrow("h", (2.15, 1.6), "delayed", "rr", -0.5),
        Arrow((2.15, 1.6), "h", "delayed", "rb", -0.5, "$h^{(t-1)}$", (0.55, -0.3)),
    ]
    return things, arrows


def _unit() -> tuple[dict, list[Arrow]]:
    things = {
        "x0": Box(0.55, 0.3, "$x_0^{(t)}$", **_STATE),
        "x": Box(1.95, 0.3, "$x$", **_STATE, lines="ReLU, eq 1"),
        "before": Box(5.4, 0.3, "$h^{(t-1)}$", **_STATE),
        "D of x": Sign(1.95, 0.83, "D", 0.13),
        "D of h": Sign(5.4, 0.83, "D", 0.13),
        "g": Box(0.7, 1.65, "$g$", **_GATE, lines="tanh, eq 2"),
        "i": Box(2.15, 1.65, "$i$", **_GATE, lines="$\\sigma$, eq 3"),
        "f": Box(3.6, 1.65, "$f$", **_GATE, lines="$\\sigma$, eq 4"),
        "o": Box(5.05, 1.65, "$o$", **_GATE, lines="$\\sigma$, eq 5"),
        "D of g": Sign(0.7, 2.35, "D", 0.13),
        "times g": Sign(2.15, 2.35, "$\\odot$"),
        "times f": Sign(3.6, 2.35, "$\\odot$"),
        "s": Box(2.87, 3.1, "$s^{(t)}$", **_STATE, lines="sum, eq 6"),
        "times o": Sign(5.05, 3.1, "$\\odot$"),
        "h": Box(5.05, 3.95, "$h^{(t)}$", **_STATE, lines="eq 7"),
        "y": Box(2.87, 3.95, "$y^{(t)}$", **_STATE, lines="eq 8"),
    }
    inputs = [Arrow("D of x", gate, sides="tb") for gate in "gifo"]
    recurrent = [Arrow("D of h", gate, "delayed", "tb") for gate in "gifo"]
    arrows = [
        Arrow("x0", "x"),
        Arrow("x", "D of x", sides="tb"),
        Arrow("before", "D of h", "delayed", "tb"),
        *inputs,
        *recurrent,
        Arrow("g", "D of g", sides="tb"),
        Arrow("D of g", "times g", sides="rl"),
        Arrow("i", "times g", sides="tb"),
        Arrow("times g", "s", sides="tb"),
        Arrow("f", "times f", sides="tb"),
        Arrow((4.55, 2.35), "times f", "delayed", "lr", text="$s^{(t-1)}$", shift=(0.3, 0.15)),
        Arrow("times f", "s", sides="tb"),
        Arrow("s", "times o", sides="rl", text="tanh"),
        Arrow("o", "times o", sides="tb"),
        Arrow("times o", "h", sides="tb"),
        Arrow("h", "y", sides="lr"),
    ]
    return things, arrows
