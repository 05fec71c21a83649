"""Boxes of a trace as a picture: panels side by side, sized to what stands in them."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from soilbook.figures.architecture_layout import Layout, layout
from soilbook.figures.architecture_trace import AGAIN, Box
from soilbook.plots.style import style

FONT, LINE_HEIGHT, PADDING = 7.5, 0.135, 0.08  # points; inches
BETWEEN, HEADING, WIDEST = 0.4, 0.5, 8.0  # inches: between panels, above a panel, of a row
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
ROUND = ("input", "output")
TITLE_FONT = FontProperties(size=FONT + 1.5, weight="bold")
BOX_FONT = FontProperties(size=FONT)


def draw_panels(panels: dict[str, list[Box]]):
    """Panels in rows, each with its title, its number of parameters and, if several, its letter.

    ``panels`` are the boxes of `architecture_trace.trace` by title.
    """
    letters = [f"({letter}) " for letter in "abcdefgh"] if len(panels) > 1 else [""]
    drawings = [
        _Drawing(letter + title, boxes)
        for letter, (title, boxes) in zip(letters, panels.items(), strict=False)
    ]
    rows = _rows(drawings)
    width = max(sum(one.width + BETWEEN for one in row) for row in rows) - BETWEEN
    heights = [HEADING + max(one.height for one in row) for row in rows]
    height = sum(heights) + BETWEEN * (len(rows) - 1)
    with style():
        figure = plt.figure(figsize=(width, height), layout="none")
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set(xlim=(0, width), ylim=(height, 0))
        axis.axis("off")
        y = 0.0
        for row, tall in zip(rows, heights, strict=True):
            x = 0.0
            for one in row:
                one.draw(axis, x, y)
                x += one.width + BETWEEN
            y += tall + BETWEEN
    return figure


def _rows(drawings: list["_Drawing"]) -> list[list["_Drawing"]]:
    rows = [[drawings[0]]]
    for one in drawings[1:]:
        if sum(other.width + BETWEEN for other in rows[-1]) + one.width <= WIDEST:
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


class _Drawing:
    """One panel: its texts, its layout and its size in inches."""

    def __init__(self, title: str, boxes: list[Box]):
        self.title, self.boxes = title, boxes
        self.total = f"{sum(box.parameters for box in boxes):,} parameters"
        self.texts = [
            lines(box, boxes[box.inputs[0]].output if box.inputs else None) for box in boxes
        ]
        named = dict.fromkeys(box.frame for box in boxes if box.frame)
        self.frames = {
            name: [i for i, box in enumerate(boxes) if box.frame == name] for name in named
        }
        inputs = [box.inputs for box in boxes]
        self.plan = layout(self._sizes(), inputs, list(self.frames.values()))
        low, high = _extent(self.plan, self.frames)
        self.low = low
        self.width = max(high[0] - low[0], text_width(title, TITLE_FONT))
        self.height = high[1] - low[1]
        self.indent = (self.width - (high[0] - low[0])) / 2

    def _sizes(self) -> np.ndarray:
        sizes = []
        for text in self.texts:
            height = LINE_HEIGHT * len(text) + PADDING
            width = max(text_width(line, BOX_FONT) for line in text) + 2 * PADDING
            sizes.append((max(width, height), height))
        return np.array(sizes)

    def draw(self, axis, x: float, y: float) -> None:
        """Draw with the upper left corner of the panel at (x, y)."""
        axis.text(x, y, self.title, va="top", fontproperties=TITLE_FONT)
        axis.text(x, y + 0.16, self.total, va="top", fontproperties=BOX_FONT)
        shift = np.array([x + self.indent, y + HEADING]) - self.low
        for name, members in self.frames.items():
            low, high = self.plan.frame(members)
            _frame(axis, name.rpartition(" ")[0].replace("_", " "), low + shift, high + shift)
        for points in self.plan.routes.values():
            arrow = FancyArrowPatch(
                path=curve(points + shift), arrowstyle="-|>", mutation_scale=6, lw=0.8,
                color="#444444", shrinkA=0, shrinkB=0, zorder=2, clip_on=False,
            )  # fmt: skip
            axis.add_patch(arrow)
        centres = self.plan.centres + shift
        for box, text, centre, size in zip(
            self.boxes, self.texts, centres, self.plan.sizes, strict=True
        ):
            _box(axis, box, text, centre, size)


def _extent(plan: Layout, frames: dict[str, list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Upper left and lower right corner of everything in a panel."""
    half = plan.sizes / 2
    corners = [plan.centres - half, plan.centres + half, *plan.routes.values()]
    corners += [np.array(plan.frame(members)) for members in frames.values()]
    points = np.concatenate(corners)
    return points.min(axis=0), points.max(axis=0)


def lines(box: Box, before: tuple[int, ...] | None) -> list[str]:
    """Text of a box: title; shape, unless it is that ``before`` of its input; parameters.

    A loss is one number and says no shape.
    """
    facts = []
    if (box.output != before or box.parameters) and box.kind != "loss":
        facts.append(shape_text(box.output))
    if box.parameters:
        facts.append(f"{box.parameters:,} parameters")
    return [*box.title.split("\n"), *([", ".join(facts)] if facts else [])]


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as "4 × 16"; "one value" where it has no sides."""
    return " × ".join(map(str, shape)) or "one value"


def text_width(text: str, font: FontProperties) -> float:
    """Width of a text in inches."""
    return TextPath((0, 0), text, prop=font).get_extents().width / 72


def _box(axis, box: Box, text: list[str], centre: np.ndarray, size: np.ndarray) -> None:
    plain = box.kind == "layer" and not (box.parameters or AGAIN in box.title)
    face, line, dashes = LOOKS["function" if plain else box.kind]
    outline = "square,pad=0"
    if box.kind in ROUND:
        outline = "round,pad=0,rounding_size=0.1"
    elif len(box.title) == 1:  # a sign
        outline = "circle,pad=0"
    patch = FancyBboxPatch(
        centre - size / 2, *size, boxstyle=outline, fc=face, ec="#222222", lw=line, ls=dashes,
        zorder=3, clip_on=False,
    )  # fmt: skip
    axis.add_patch(patch)
    axis.text(*centre, "\n".join(text), ha="center", va="center", fontproperties=BOX_FONT, zorder=4)


def _frame(axis, name: str, low: np.ndarray, high: np.ndarray) -> None:
    patch = Rectangle(
        low, *(high - low), fc="#F4F4F4", ec="#888888", lw=0.8, ls=":", zorder=1, clip_on=False
    )
    axis.add_patch(patch)
    axis.text(
        low[0] + 0.1, (low[1] + high[1]) / 2, name, fontsize=FONT, style="italic", rotation=90,
        ha="center", va="center", color="#444444", zorder=4,
    )  # fmt: skip


def curve(points: np.ndarray) -> Path:
    """A route as a path: straight through a layer, an S between two layers."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for n, (start, end) in enumerate(pairwise(points)):
        if np.allclose(start, end):  # an arrow's head has no direction at a piece of no length
            continue
        if n % 2 == 0:
            vertices.append(end)
            codes.append(Path.LINETO)
        else:
            middle = (start[1] + end[1]) / 2
            vertices += [(start[0], middle), (end[0], middle), end]
            codes += [Path.CURVE4] * 3
    return Path(np.array(vertices), codes)
