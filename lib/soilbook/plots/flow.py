"""Boxes joined by arrows, placed by hand: the drawings of Figs 1 and 2 of Fang et al. (2019)."""

from dataclasses import dataclass

from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

# Face colours by kind: told apart by lightness too, so that a grey print says the same.
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


@dataclass(frozen=True)
class Box:
    """A box of ``kind`` (FACES) centred at (x, y), all in inches, with a title and small lines."""

    x: float
    y: float
    title: str
    kind: str
    width: float = 1.5
    height: float = 0.6
    lines: str = ""

    @property
    def reach(self) -> tuple[float, float]:
        """Half of width and height."""
        return self.width / 2, self.height / 2


@dataclass(frozen=True)
class Sign:
    """A circle at (x, y) with a sign in it, such as a product or a function."""

    x: float
    y: float
    text: str
    radius: float = 0.15

    @property
    def reach(self) -> tuple[float, float]:
        return self.radius, self.radius


@dataclass(frozen=True)
class Arrow:
    """An arrow of ``kind`` (ARROWS) between two things by name or position, bent by ``bend``.

    ``sides`` says where it leaves and arrives: r(ight), l(eft), t(op) or b(ottom); ``text`` stands
    at its middle, moved by ``shift``.
    """

    start: str | tuple[float, float]
    end: str | tuple[float, float]
    kind: str = "input"
    sides: str = "rl"
    bend: float = 0.0
    text: str = ""
    shift: tuple[float, float] = (0.0, 0.08)


def draw(axis, things: dict[str, Box | Sign], arrows: list[Arrow], size: tuple[float, float]):
    """Draw on an axis whose units are inches, ``size`` wide and high."""
    axis.set(xlim=(0, size[0]), ylim=(0, size[1]), aspect="equal")
    axis.axis("off")
    for arrow in arrows:
        _arrow(axis, things, arrow)
    for thing in things.values():
        if isinstance(thing, Sign):
            axis.add_patch(Circle((thing.x, thing.y), thing.radius, fc="white", ec="black", lw=0.8))
            axis.text(thing.x, thing.y, thing.text, ha="center", va="center", fontsize=8)
        else:
            _box(axis, thing)


def _box(axis, box: Box) -> None:
    across, up = box.reach
    axis.add_patch(
        FancyBboxPatch(
            (box.x - across + 0.04, box.y - up + 0.04), box.width - 0.08, box.height - 0.08,
            boxstyle="round,pad=0.04,rounding_size=0.06", fc=FACES[box.kind], ec="black", lw=0.8,
        )
    )  # fmt: skip
    below = 0.07 * (box.lines.count("\n") + 1) if box.lines else 0.0
    axis.text(
        box.x, box.y + below, box.title, ha="center", va="center", fontsize=8.5, weight="bold"
    )
    if box.lines:
        axis.text(box.x, box.y - 0.09, box.lines, ha="center", va="center", fontsize=7)


def _arrow(axis, things: dict, arrow: Arrow) -> None:
    ends = [
        _edge(things[end], side) if isinstance(end, str) else end
        for end, side in zip((arrow.start, arrow.end), arrow.sides, strict=True)
    ]
    axis.add_patch(
        FancyArrowPatch(
            *ends, arrowstyle="-|>", mutation_scale=13, lw=1.2, shrinkA=0, shrinkB=1, zorder=0.5,
            connectionstyle=f"arc3,rad={arrow.bend}", **ARROWS[arrow.kind],
        )
    )  # fmt: skip
    if arrow.text:
        x, y = ((a + b) / 2 + c for a, b, c in zip(*ends, arrow.shift, strict=True))
        axis.text(
            x,
            y,
            arrow.text,
            ha="center",
            va="center",
            fontsize=7,
            color=ARROWS[arrow.kind]["color"],
        )


def _edge(thing, side: str) -> tuple[float, float]:
    across, up = thing.reach
    x, y = {"r": (across, 0), "l": (-across, 0), "t": (0, up), "b": (0, -up)}[side]
    return thing.x + x, thing.y + y
