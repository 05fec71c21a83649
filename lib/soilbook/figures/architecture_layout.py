"""Boxes in layers from top to bottom, with arrows that run around boxes and not through them.

The method of Gansner et al. (1993), doi:10.1109/32.221135: layers by the longest path, places in a
layer by the mean place of the neighbours, then coordinates that keep arrows short and straight by
linear programming. Lengths are in inches, y grows downwards.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linprog

from soilbook.figures.architecture_order import Nodes

GAP_X, GAP_Y = 0.14, 0.22  # between boxes and between layers
FRAME, NAME = 0.1, 0.14  # around the boxes of a frame, and more at its left, where its name stands
PORT = 0.14  # between arrows that enter the same box
# Weight of a link's slant: between boxes, box and passing node, passing nodes; within a chain.
STRAIGHT, CHAIN = (1, 2, 8), 4
TIGHT, SLACK = 0.01, 1000.0  # cost of a wide frame, and of a stranger inside one


@dataclass(frozen=True)
class Layout:
    """Centres and sizes (box, 2); routes (from, to) -> (point, 2), by turns straight and curved."""

    centres: np.ndarray
    sizes: np.ndarray
    routes: dict[tuple[int, int], np.ndarray]

    def frame(self, members: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Upper left and lower right corner of the frame around some boxes."""
        half = self.sizes[members] / 2
        low = (self.centres[members] - half).min(axis=0) - FRAME
        low[0] -= NAME
        return low, (self.centres[members] + half).max(axis=0) + FRAME


def layout(
    sizes: np.ndarray, inputs: list[tuple[int, ...]], frames: list[list[int]] = ()
) -> Layout:
    """Place boxes of ``sizes`` (box, 2) that take the boxes ``inputs[box]``, earlier ones only.

    ``frames`` are groups of boxes around which a frame is drawn, and from which others keep away.
    """
    nodes = Nodes(inputs, frames)
    layer = np.array(nodes.layer[: len(inputs)])
    order = nodes.ordered()
    x = _across(nodes, order, sizes[:, 0], frames)
    heights = np.array([sizes[layer == k, 1].max() for k in range(layer.max() + 1)])
    top = np.concatenate(([0], np.cumsum(heights + GAP_Y)[:-1]))
    bottom = top + heights
    y = (top + bottom)[layer] / 2
    routes = {}
    for j, sources in enumerate(inputs):
        paths = {i: [i, *nodes.passing(i, layer[j]), j] for i in sources}
        ports = _ports(x[j], sizes[j, 0], {i: x[path[-2]] for i, path in paths.items()})
        for i, path in paths.items():
            points = [(x[i], y[i] + sizes[i, 1] / 2), (x[i], bottom[layer[i]])]
            for k, node in enumerate(path[1:-1], start=layer[i] + 1):
                points += [(x[node], top[k]), (x[node], bottom[k])]
            points += [(ports[i], top[layer[j]]), (ports[i], y[j] - sizes[j, 1] / 2)]
            routes[i, j] = np.array(points)
    return Layout(np.column_stack((x[: len(inputs)], y)), sizes, routes)


def _ports(centre: float, width: float, sources: dict[int, float]) -> dict[int, float]:
    """Where arrows enter a box: side by side, in the order in which they come."""
    comers = sorted(sources, key=lambda i: sources[i])
    step = min(PORT, width / (len(comers) + 1))
    middle = (len(comers) - 1) / 2
    return {i: centre + (k - middle) * step for k, i in enumerate(comers)}


def _across(nodes: Nodes, order: list[list[int]], widths: np.ndarray, frames) -> np.ndarray:
    """x of every node: the sum of the links' weighted slants is least, no two nodes are too close.

    Unknowns: x of the nodes, slant of the links, left and right side of the frames, and one slack.
    """
    n_boxes, n_nodes, n_links = len(widths), len(nodes.layer), len(nodes.links)
    left, slack = n_nodes + n_links, n_nodes + n_links + 2 * len(frames)
    half = np.zeros(n_nodes)
    half[:n_boxes] = widths / 2
    rows: list[dict[int, float]] = []
    bounds: list[float] = []

    def at_least(distance: float, low: int, high: int, *others: int) -> None:
        """Unknown ``high`` - unknown ``low`` >= distance, less what the others take up."""
        rows.append({low: 1.0, high: -1.0, **dict.fromkeys(others, -1.0)})
        bounds.append(-distance)

    for row in order:
        for a, b in pairwise(row):
            at_least(half[a] + half[b] + GAP_X, a, b)
    for n, (a, b) in enumerate(nodes.links, start=n_nodes):
        at_least(0, a, b, n)
        at_least(0, b, a, n)
    for n, members in enumerate(frames):
        start, end = left + 2 * n, left + 2 * n + 1
        for i in members:
            at_least(half[i] + FRAME + NAME, start, i)
            at_least(half[i] + FRAME, i, end)
        for i, side in nodes.strangers(order, members):
            own = half[i] + GAP_X / 2 + (FRAME + NAME if any(i in other for other in frames) else 0)
            if side < 0:
                at_least(own, i, start, slack)
            else:
                at_least(own, end, i, slack)
    cost = np.zeros(slack + 1)
    cost[n_nodes:left] = [
        CHAIN if nodes.is_chain(a, b) else STRAIGHT[(a >= n_boxes) + (b >= n_boxes)]
        for a, b in nodes.links
    ]
    cost[left:slack] = np.tile((-TIGHT, TIGHT), len(frames))
    cost[slack] = SLACK
    matrix = np.zeros((len(rows), slack + 1))
    for k, row in enumerate(rows):
        matrix[k, list(row)] = list(row.values())
    positive = [(0, None)] * n_links
    limits = [(0, None)] * n_nodes + positive + [(None, None)] * (2 * len(frames)) + [(0, None)]
    return linprog(cost, matrix, bounds, bounds=limits).x[:n_nodes]
