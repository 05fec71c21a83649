"""What does not change with time in a set of soil columns, ready for the water model's steps."""

from dataclasses import dataclass, fields

import numpy as np

from soilbook.data.twin.soil import Hydraulics

STRESS = 0.2  # share of the available water whose loss roots do not feel, FAO-56 eq 84
GROUND = np.array([0.6, 0.4])  # shares of the top layers in the evaporation of bare soil
PATHS = 0.6  # m, depth over which water in large pores is taken up by the soil around them


@dataclass(frozen=True)
class Columns:
    """Soil columns, arrays (column, layer) unless stated otherwise.

    soil: hydraulic parameters; roots: share of the roots, 1 in all; thickness (m), (layer,);
    paths: share of the flow in large pores that ends in each layer, (layer,); conduct_power:
    exponent of conductivity; per_available: 1 / (water content over which root uptake falls from
    full to none); angle: pi / field capacity of the top layers, (column, 2). For the lower edge of
    each layer: weights of the conductivity ``above`` and ``below`` it, 1 / (distance of the
    centres); below the last layer the gradient is one, so that the column drains freely.
    """

    soil: Hydraulics
    roots: np.ndarray
    thickness: np.ndarray
    paths: np.ndarray
    wilting: np.ndarray
    residual: np.ndarray
    conduct_power: np.ndarray
    per_available: np.ndarray
    angle: np.ndarray
    above: np.ndarray
    below: np.ndarray
    per_distance: np.ndarray


def columns(hydraulics: Hydraulics, roots: np.ndarray, thickness: np.ndarray) -> Columns:
    """Columns of soils (arrays that broadcast to (column, layer)) with roots (column, layer)."""

    def full(values):
        return np.ascontiguousarray(np.broadcast_to(values, roots.shape), dtype=float)

    soil = Hydraulics(*(full(getattr(hydraulics, field.name)) for field in fields(Hydraulics)))
    reach = -np.diff(np.exp(-np.append(0, np.cumsum(thickness)) / PATHS))
    above = full(np.append(np.full(thickness.size - 1, 0.5), 1.0))
    distance = (thickness[:-1] + thickness[1:]) / 2
    return Columns(
        soil=soil,
        roots=roots,
        thickness=thickness,
        paths=reach / reach.sum(),
        wilting=soil.wilting,
        residual=soil.residual,
        conduct_power=2 * soil.slope + 3,
        per_available=1 / ((1 - STRESS) * (soil.field_capacity - soil.wilting)),
        angle=np.pi / soil.field_capacity[:, : GROUND.size],
        above=above,
        below=1 - above,
        per_distance=full(np.append(1 / distance, 0.0)),
    )
