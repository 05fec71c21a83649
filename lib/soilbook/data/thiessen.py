"""Thiessen weights of the sensors in a pixel: section II-C of Fang et al. (2019)."""

import numpy as np

from soilbook.errors import ParameterError

COVERAGE = 0.5  # share of the pixel that working sensors must stand for


def thiessen(points, polygon) -> np.ndarray:
    """Share of a polygon's area that is nearer to each point than to any other; sums to 1.

    ``points`` (n, 2) and the corners ``polygon`` (m, 2, in order around a convex shape) are plane
    coordinates in one unit; ``easegrid.project`` and ``easegrid.corners`` give some in which areas
    are true. Points may lie outside. Each share is the polygon cut along the perpendicular
    bisectors, so it is exact. Raises ParameterError for a shape, or two points at one place.
    """
    points, polygon = np.asarray(points, float), np.asarray(polygon, float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ParameterError(f"points have shape {points.shape}; (n, 2) with n > 0 is needed")
    if polygon.ndim != 2 or polygon.shape[1:] != (2,) or len(polygon) < 3:
        raise ParameterError(f"polygon has shape {polygon.shape}; 3 corners or more are needed")
    whole = _area(polygon)
    if whole == 0 or not _is_convex(polygon):
        raise ParameterError("polygon has no area or is not convex; a convex one is needed")
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    apart[np.diag_indices(len(points))] = np.inf
    if apart.min() == 0:
        first, second = np.argwhere(apart == 0)[0]
        raise ParameterError(f"points {first} and {second} are at one place; they must differ")
    shares = np.empty(len(points))
    for k, point in enumerate(points):
        cell = polygon
        for other in np.delete(points, k, axis=0):
            cell = _nearer_half(cell, point, other)
        shares[k] = _area(cell) / whole
    return shares


def average(values, weights, coverage: float = COVERAGE) -> np.ndarray:
    """Weighted mean (time,) of the sensors (sensor, time) that report, NaN left out.

    A day on which those stand for less than ``coverage`` of the pixel is NaN. Raises ParameterError
    if there is not one weight a sensor.
    """
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    if weights.shape != values.shape[:1]:
        raise ParameterError(
            f"{weights.size} weights for {len(values)} sensors; one each is needed"
        )
    reports = np.isfinite(values)
    covered = weights @ reports
    total = weights @ np.where(reports, values, 0)
    # The shares add up to 1 only to the last digits: half of a pixel is still half.
    enough = (covered >= coverage - 1e-9) & (covered > 0)
    return np.where(enough, total / np.where(enough, covered, 1), np.nan)


def _nearer_half(polygon: np.ndarray, point: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The part of a convex polygon nearer to ``point`` than to ``other`` (Sutherland-Hodgman)."""
    if not len(polygon):
        return polygon
    normal = other - point
    side = (polygon - (point + other) / 2) @ normal
    corners = []
    for k in range(len(polygon)):
        here, before = side[k], side[k - 1]
        if (here > 0) != (before > 0):
            at = before / (before - here)
            corners.append(polygon[k - 1] + at * (polygon[k] - polygon[k - 1]))
        if here <= 0:
            corners.append(polygon[k])
    return np.array(corners).reshape(-1, 2)


def _area(polygon: np.ndarray) -> float:
    if not len(polygon):
        return 0.0
    x, y = (polygon - polygon[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _is_convex(polygon: np.ndarray) -> bool:
    edges = np.roll(polygon, -1, axis=0) - polygon
    ahead = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * ahead[:, 1] - edges[:, 1] * ahead[:, 0]
    return bool(np.all(turns >= 0) or np.all(turns <= 0))
