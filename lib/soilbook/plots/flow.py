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
