"""Diagrams, boxes joined by arrows: of a network from its trace, and placed by hand.

A network's boxes stand in rows from top to bottom, arrows run around boxes and not through them.
The method is that of Gansner et al. (1993), doi:10.1109/32.221135: rows by the longest path, the
order in a row by the mean place of the neighbours, then places that keep arrows short and straight
by linear programming. Lengths are in inches; in a network y grows downwards.

Placed by hand are Figs 1 and 2 of Fang et al. (2019).
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from scipy.optimize import linprog

from soilbook.plots import trace
from soilbook.plots.style import style

BOX_FONT, TITLE_FONT = FontProperties(size=8), FontProperties(size=9, weight="bold")
LINE_HEIGHT, PADDING = 0.142, 0.08  # of a line of a box's text, and around it
BETWEEN, HEADING, WIDEST = 0.3, 0.45, 8.0  # between panels, above a panel, of a row of panels
GAP_X, GAP_Y, PORT = 0.14, 0.22, 0.14  # between boxes, rows, arrows that enter the same box
SWEEPS = 9  # of the search for an order
# Weight of a link's slant by the number of its ends that are no box; of a link without others.
STRAIGHT, CHAIN = (1, 2, 8), 4
# Face, width and style of the edge by kind: told apart by lightness and outline, so in grey too.
LOOKS = {
    "input": ("#E4E4E4", 1.2, "-"),
    "values": ("#FCEBD2", 0.8, (0, (3, 2))),
    "layer": ("#C6E0F1", 0.8, "-"),
    "part": ("#93BFDD", 1.6, "-"),
    "function": ("#FFFFFF", 0.6, "-"),
    "loss": ("#F6D5C4", 1.6, "-"),
    "output": ("#E4E4E4", 1.2, "-"),
}
# The same of things placed by hand.
FACES = {
    "data": "#E8E8E8",
    "model": "#BFDDF0",
    "product": "#FBE3C0",
    "judge": "#FFFFFF",
    "gate": "#93BFDD",
    "state": "#FBE3C0",
}
ARROWS = {
    "input": {"color": "#333333", "linestyle": "-"},
    "target": {"color": "#D55E00", "linestyle": "-"},
    "judged": {"color": "#777777", "linestyle": (0, (4, 2))},
    "delayed": {"color": "#0072B2", "linestyle": (0, (4, 2))},
}


def draw_panels(panels: dict[str, list[trace.Box]]):
    """Panels in rows, each with its title, its number of parameters and, if several, its letter.

    ``panels`` are the boxes of ``trace.trace`` by title.
    """
    rows: list[list[_Panel]] = [[]]
    for letter, (title, boxes) in zip("abcdefgh", panels.items(), strict=False):
        panel = _Panel(f"({letter}) {title}" if len(panels) > 1 else title, boxes)
        if rows[-1] and _width([*rows[-1], panel]) > WIDEST:
            rows.append([])
        rows[-1].append(panel)
    width = max(map(_width, rows))
    heights = [HEADING + max(panel.height for panel in row) for row in rows]
    height = sum(heights) + BETWEEN * (len(rows) - 1)
    with style():
        figure = plt.figure(figsize=(width, height), layout="none")
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set(xlim=(0, width), ylim=(height, 0))
        axis.axis("off")
        y = 0.0
        for row, tall in zip(rows, heights, strict=True):
            x = 0.0
            for panel in row:
                panel.draw(axis, x, y)
                x += panel.width + BETWEEN
            y += tall + BETWEEN
    return figure


def data(panels: dict[str, list[trace.Box]]) -> pd.DataFrame:
    """What is drawn, one row a box: panel, box, kind, title, layer, output, parameters, inputs."""
    rows = [
        (panel, number, box.kind, box.title.replace("\n", ", "), box.layer, box.shape,
         box.parameters, " ".join(map(str, box.inputs)))
        for panel, boxes in panels.items()
        for number, box in enumerate(boxes)
    ]  # fmt: skip
    columns = ["panel", "box", "kind", "title", "layer", "output", "parameters", "inputs"]
    return pd.DataFrame(rows, columns=columns)


def _width(row: list["_Panel"]) -> float:
    return sum(panel.width + BETWEEN for panel in row) - BETWEEN


class _Panel:
    """One panel: its texts, its layout and its size in inches."""

    def __init__(self, title: str, boxes: list[trace.Box]):
        self.title, self.boxes = title, boxes
        self.texts = [_text(box, boxes) for box in boxes]
        self.sizes = np.array([_size(text) for text in self.texts])
        self.centres, self.routes = layout(self.sizes, [box.inputs for box in boxes])
        half = self.sizes / 2
        points = np.concatenate([self.centres - half, self.centres + half, *self.routes.values()])
        self.low = points.min(axis=0)
        self.width, self.height = points.max(axis=0) - self.low
        self.indent = max(0, _text_width(title, TITLE_FONT) - self.width) / 2
        self.width += 2 * self.indent

    def draw(self, axis, x: float, y: float) -> None:
        """Draw with the upper left corner of the panel at (x, y)."""
        total = f"{sum(box.parameters for box in self.boxes):,} parameters"
        axis.text(x, y, self.title, va="top", fontproperties=TITLE_FONT)
        axis.text(x, y + 0.17, total, va="top", fontproperties=BOX_FONT)
        shift = np.array([x + self.indent, y + HEADING]) - self.low
        for points in self.routes.values():
            arrow = FancyArrowPatch(
                path=curve(points + shift), arrowstyle="-|>", mutation_scale=6, lw=0.8,
                color="#444444", shrinkA=0, shrinkB=0, zorder=2, clip_on=False,
            )  # fmt: skip
            axis.add_patch(arrow)
        parts = (self.boxes, self.texts, self.centres + shift, self.sizes)
        for box, text, centre, size in zip(*parts, strict=True):
            plain = box.kind == "layer" and not (box.parameters or trace.AGAIN in box.title)
            face, line, dashes = LOOKS["function" if plain else box.kind]
            outline = "circle,pad=0" if len(box.title) == 1 else "square,pad=0"  # a sign is one
            if box.kind in ("input", "output"):
                outline = "round,pad=0,rounding_size=0.1"
            patch = FancyBboxPatch(
                centre - size / 2, *size, boxstyle=outline, fc=face, ec="#222222", lw=line,
                ls=dashes, zorder=3, clip_on=False,
            )  # fmt: skip
            axis.add_patch(patch)
            axis.text(*centre, text, ha="center", va="center", fontproperties=BOX_FONT, zorder=4)


def _text(box: trace.Box, boxes: list[trace.Box]) -> str:
    """Title of a box; where its parameters are in the module; its shape, unless its input has the
    same, and its parameters. A loss is one number and says no shape.
    """
    named = box.layer.replace("_", " ") in box.title
    place = "" if named or not (box.parameters or trace.AGAIN in box.title) else box.layer
    before = boxes[box.inputs[0]].output if box.inputs else None
    facts = []
    if (box.output != before or box.parameters) and box.kind != "loss":
        facts.append(box.shape)
    if box.parameters:
        facts.append(f"{box.parameters:,} parameters")
    return "\n".join(filter(None, (box.title, place, ", ".join(facts))))


def _size(text: str) -> tuple[float, float]:
    lines = text.split("\n")
    height = LINE_HEIGHT * len(lines) + PADDING
    return max(height, *(_text_width(line, BOX_FONT) + 2 * PADDING for line in lines)), height


def _text_width(text: str, font: FontProperties) -> float:
    return TextPath((0, 0), text, prop=font).get_extents().width / 72


def curve(points: np.ndarray) -> Path:
    """A route as a path: straight through a row, an S between two rows."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for n, (start, end) in enumerate(pairwise(points)):
        if np.allclose(start, end):  # an arrow's head has no direction at a piece of no length
            continue
        middle = (start[1] + end[1]) / 2
        piece = [end] if n % 2 == 0 else [(start[0], middle), (end[0], middle), end]
        vertices += piece
        codes += [Path.LINETO if n % 2 == 0 else Path.CURVE4] * len(piece)
    return Path(np.array(vertices), codes)


def layout(
    sizes: np.ndarray, inputs: list[tuple[int, ...]]
) -> tuple[np.ndarray, dict[tuple[int, int], np.ndarray]]:
    """Centres (box, 2) of boxes of ``sizes`` (box, 2) that take the boxes ``inputs[box]``.

    These stand earlier in the list. With them the routes of the arrows, (from, to) -> (point, 2),
    by turns straight and curved.
    """
    row, paths = _paths(inputs)
    links = list(dict.fromkeys(link for path in paths.values() for link in pairwise(path)))
    order = _order(row, links)
    x = _across(order, links, sizes[:, 0])
    own = np.array(row[: len(inputs)])
    heights = np.array([sizes[own == k, 1].max() for k in range(len(order))])
    bottom = np.cumsum(heights + GAP_Y) - GAP_Y
    top = bottom - heights
    y = ((top + bottom) / 2)[own]
    routes = {}
    for (i, j), path in paths.items():
        points = [(x[i], y[i] + sizes[i, 1] / 2), (x[i], bottom[row[i]])]
        for node in path[1:-1]:
            points += [(x[node], top[row[node]]), (x[node], bottom[row[node]])]
        # Arrows enter a box side by side, in the order in which they come.
        comers = sorted(inputs[j], key=lambda i, j=j: x[paths[i, j][-2]])
        step = min(PORT, sizes[j, 0] / (len(comers) + 1))
        port = x[j] + (comers.index(i) - (len(comers) - 1) / 2) * step
        routes[i, j] = np.array([*points, (port, top[row[j]]), (port, y[j] - sizes[j, 1] / 2)])
    return np.column_stack((x[: len(inputs)], y)), routes


def _paths(inputs: list[tuple[int, ...]]) -> tuple[list[int], dict[tuple[int, int], list[int]]]:
    """Row of every node, and the nodes along the arrow (from, to): boxes at its ends.

    A box is as low as those that take it allow. In every row that an arrow crosses it has a passing
    node, shared by all arrows of a box.
    """
    to_end = [0] * len(inputs)
    for j in reversed(range(len(inputs))):
        for i in inputs[j]:
            to_end[i] = max(to_end[i], to_end[j] + 1)
    row = [max(to_end) - steps for steps in to_end]
    passing: dict[tuple[int, int], int] = {}
    paths = {}
    for j, i in ((j, i) for j, sources in enumerate(inputs) for i in sources):
        crossed = [(i, k) for k in range(row[i] + 1, row[j])]
        for place in crossed:
            if place not in passing:
                passing[place] = len(row)
                row.append(place[1])
        paths[i, j] = [i, *(passing[place] for place in crossed), j]
    return row, paths


def _order(row: list[int], links: list[tuple[int, int]]) -> list[list[int]]:
    """Nodes of each row from left to right, after sweeps that leave few crossings of links.

    A sweep sorts row after row by the mean place of the neighbours above, or, upwards, below.
    """
    order = [[i for i, own in enumerate(row) if own == k] for k in range(max(row) + 1)]
    place = {i: n for nodes in order for n, i in enumerate(nodes)}
    above, below = {}, {}
    for a, b in links:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    for sweep in range(SWEEPS):
        near = below if sweep % 2 else above
        for nodes in reversed(order) if sweep % 2 else order:
            mean = {i: np.mean([place[j] for j in near.get(i, [i])]) for i in nodes}
            nodes.sort(key=mean.get)
            place |= {i: n for n, i in enumerate(nodes)}
    return order


def _across(order, links: list[tuple[int, int]], widths: np.ndarray) -> np.ndarray:
    """x of every node: the sum of the links' weighted slants is least, no two nodes are too close.

    Unknowns of the linear program are x of the nodes and slant of the links.
    """
    n_boxes, n_nodes = len(widths), sum(map(len, order))
    half = np.zeros(n_nodes)
    half[:n_boxes] = widths / 2
    unit = np.eye(n_nodes + len(links))  # a row for each unknown
    neighbours = [pair for nodes in order for pair in pairwise(nodes)]
    rows = [unit[a] - unit[b] for a, b in neighbours]
    for (a, b), slant in zip(links, unit[n_nodes:], strict=True):
        rows += [unit[a] - unit[b] - slant, unit[b] - unit[a] - slant]
    limits = [-half[a] - half[b] - GAP_X for a, b in neighbours] + [0] * 2 * len(links)
    leave, enter = Counter(a for a, _ in links), Counter(b for _, b in links)
    slants = [
        CHAIN if leave[a] == enter[b] == 1 else STRAIGHT[(a >= n_boxes) + (b >= n_boxes)]
        for a, b in links
    ]
    return linprog([0] * n_nodes + slants, rows or None, limits or None).x[:n_nodes]


@dataclass(frozen=True)
class Box:
    """A box of ``kind`` (FACES) centred at (x, y), all in inches, with a title and small lines."""

    x: float
    y: float
    title: str
    kind: str
    width: float
    height: float
    lines: str = ""


@dataclass(frozen=True)
class Sign:
    """A circle at (x, y) with a sign in it, such as a product or a function."""

    x: float
    y: float
    text: str
    radius: float


@dataclass(frozen=True)
class Arrow:
    """An arrow of ``kind`` (ARROWS) between two things by name or position, bent by ``bend``.

    ``sides`` says where it leaves and arrives: r(ight), l(eft), t(op) or b(ottom); ``text`` stands
    at its middle, moved by ``shift``.
    """

    start: str | tuple[float, float]
    end: str | tuple[float, float]
    kind: str
    sides: str
    bend: float
    text: str
    shift: tuple[float, float]


def draw(axis, things: dict[str, Box | Sign], arrows: list[Arrow], size: tuple[float, float]):
    """Draw on an axis whose units are inches, ``size`` wide and high."""
    axis.set(xlim=(0, size[0]), ylim=(0, size[1]), aspect="equal")
    axis.axis("off")
    middle = {"ha": "center", "va": "center"}
    for arrow in arrows:
        ends = [
            _edge(things[end], side) if isinstance(end, str) else end
            for end, side in zip((arrow.start, arrow.end), arrow.sides, strict=True)
        ]
        look = ARROWS[arrow.kind] | {"connectionstyle": f"arc3,rad={arrow.bend}", "zorder": 0.5}
        axis.add_patch(
            FancyArrowPatch(
                *ends, arrowstyle="-|>", mutation_scale=13, lw=1.2, shrinkA=0, shrinkB=1, **look
            )
        )
        if arrow.text:
            place = [(a + b) / 2 + c for a, b, c in zip(*ends, arrow.shift, strict=True)]
            axis.text(*place, arrow.text, fontsize=7, color=look["color"], **middle)
    for thing in things.values():
        x, y = thing.x, thing.y
        if isinstance(thing, Sign):
            axis.add_patch(Circle((x, y), thing.radius, fc="white", ec="black", lw=0.8))
            axis.text(x, y, thing.text, fontsize=8, **middle)
            continue
        corner = (x - thing.width / 2 + 0.04, y - thing.height / 2 + 0.04)
        patch = FancyBboxPatch(
            corner, thing.width - 0.08, thing.height - 0.08, fc=FACES[thing.kind], ec="black",
            boxstyle="round,pad=0.04,rounding_size=0.06", lw=0.8,
        )  # fmt: skip
        axis.add_patch(patch)
        above = 0.07 * (thing.lines.count("\n") + 1) if thing.lines else 0.0
        axis.text(x, y + above, thing.title, fontsize=8.5, weight="bold", **middle)
        if thing.lines:
            axis.text(x, y - 0.09, thing.lines, fontsize=7, **middle)


def _edge(thing: Box | Sign, side: str) -> tuple[float, float]:
    if isinstance(thing, Sign):
        across = up = thing.radius
    else:
        across, up = thing.width / 2, thing.height / 2
    x, y = {"r": (across, 0), "l": (-across, 0), "t": (0, up), "b": (0, -up)}[side]
    return thing.x + x, thing.y + y
