"""Layers of boxes and their order from left to right, with few crossings of arrows."""

from itertools import combinations, pairwise

import numpy as np

SWEEPS, STARTS = 8, 12
CONFLICT = 5  # crossings that a stranger changing sides of a frame counts as


class Nodes:
    """Boxes, and a passing node in every layer that an arrow of a box crosses."""

    def __init__(self, inputs: list[tuple[int, ...]], frames: list[list[int]] = ()):
        """``inputs[box]`` are the boxes that a box takes; ``frames`` groups that keep together."""
        self.layer = _layers(inputs)
        self.frames = frames
        self.rows = range(max(self.layer) + 1)
        self.chains: dict[int, dict[int, int]] = {}
        paths = [
            [i, *self.passing(i, self.layer[j]), j]
            for j, sources in enumerate(inputs)
            for i in sources
        ]
        self.links = list(dict.fromkeys(link for path in paths for link in pairwise(path)))
        self.near: dict[tuple[int, int], list[int]] = {}
        for above, below in self.links:
            self.near.setdefault((above, 1), []).append(below)
            self.near.setdefault((below, -1), []).append(above)

    def passing(self, source: int, layer: int) -> list[int]:
        """Nodes between a box and a layer below; all arrows of a box share them."""
        chain = self.chains.setdefault(source, {})
        between = range(self.layer[source] + 1, layer)
        for k in between:
            if k not in chain:
                chain[k] = len(self.layer)
                self.layer.append(k)
        return [chain[k] for k in between]

    def is_chain(self, above: int, below: int) -> bool:
        """Whether the link is the only one that leaves its upper and enters its lower node."""
        return self.near[above, 1] == [below] and self.near[below, -1] == [above]

    def ordered(self) -> list[list[int]]:
        """Nodes of each layer from left to right: the best of sweeps from several random starts."""
        random = np.random.default_rng(0)
        start = [[i for i, own in enumerate(self.layer) if own == k] for k in self.rows]
        best, least = start, self.cost(start)
        for _ in range(STARTS):
            order = start
            for sweep in range(SWEEPS):
                order = self._swept(order, -1 if sweep % 2 else 1)
                if (cost := self.cost(order)) < least:
                    best, least = order, cost
            start = [list(random.permutation(row)) for row in start]
        return best

    def _swept(self, order: list[list[int]], towards: int) -> list[list[int]]:
        """Each layer sorted by the mean place of the neighbours above (-1) or below (1)."""
        order = [list(row) for row in order]
        place = _places(order)
        for k in self.rows if towards < 0 else reversed(self.rows):
            means = {
                i: np.mean([place[j] for j in self.near.get((i, towards), [i])]) for i in order[k]
            }
            order[k].sort(key=means.get)
            place |= {i: n for n, i in enumerate(order[k])}
        return order

    def cost(self, order: list[list[int]]) -> int:
        """Pairs of links that cross, and strangers that change sides of a frame."""
        place = _places(order)
        crossed = sum(
            (place[a] - place[c]) * (place[b] - place[d]) < 0
            for (a, b), (c, d) in combinations(self.links, 2)
            if self.layer[a] == self.layer[c]
        )
        for members in self.frames:
            sides = dict(self.strangers(order, members))
            crossed += CONFLICT * sum(sides.get(a, 0) * sides.get(b, 0) < 0 for a, b in self.links)
        return crossed

    def strangers(self, order: list[list[int]], members: list[int]) -> list[tuple[int, int]]:
        """Nodes beside a frame, in the layers where it has members: left (-1) or right (1)."""
        found = []
        for row in order:
            places = [n for n, i in enumerate(row) if i in members]
            if places:
                found += [(i, -1) for i in row[: places[0]]]
                found += [(i, 1) for i in row[places[-1] + 1 :]]
        return found


def _layers(inputs: list[tuple[int, ...]]) -> list[int]:
    """Longest path from a source, then every box as low as the boxes that take it allow."""
    layer: list[int] = []
    for sources in inputs:
        layer.append(1 + max((layer[i] for i in sources), default=-1))
    for i in reversed(range(len(inputs))):
        uses = [layer[j] for j, taken in enumerate(inputs) if i in taken]
        layer[i] = min(uses, default=layer[i] + 1) - 1
    return layer


def _places(order: list[list[int]]) -> dict[int, int]:
    return {i: n for row in order for n, i in enumerate(row)}
