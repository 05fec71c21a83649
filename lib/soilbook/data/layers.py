"""From probes to the surface and the root zone: the rules of Fang et al. (2019), section II-C."""

import numpy as np

from soilbook.errors import ParameterError

BOTTOM = 1.0  # m, the root zone of SMAP L4
# Soil temperatures (degC) below which a reading does not count.
COLD = 4.0
COLD_FOR_TRENDS = 0.0


def rootzone_weights(depths, bottom: float = BOTTOM) -> np.ndarray:
    """Share of 0..``bottom`` (m) that each probe stands for, in order of rising depths (m).

    A probe's layer reaches to the midpoints between it and its neighbours, the first one's to the
    surface, the last one's to the bottom. Raises ParameterError for depths that do not rise or lie
    outside.
    """
    depths = np.asarray(depths, dtype=float)
    if not depths.size or np.any(np.diff(depths) <= 0) or depths[0] <= 0 or depths[-1] > bottom:
        raise ParameterError(
            f"depths of probes are {depths.tolist()}; rising depths above 0 and to {bottom:g} m "
            "are needed"
        )
    edges = np.concatenate([[0.0], (depths[1:] + depths[:-1]) / 2, [bottom]])
    return np.diff(edges) / bottom


def warm(sm: np.ndarray, soil_temperature: np.ndarray, threshold: float = COLD) -> np.ndarray:
    """Soil moisture with NaN where the soil at the same probe is colder (degC) or not known."""
    return np.where(soil_temperature >= threshold, sm, np.nan)


def rootzone(sm: np.ndarray, depths, probes=None, bottom: float = BOTTOM) -> np.ndarray:
    """Mean soil moisture (time,) of 0..``bottom`` from probes (depth, time).

    ``probes`` (depth,) says which depths have one (default: those that ever report). A day on which
    one of them is missing is NaN, and so is a station with fewer than two or none below half of
    the layer.
    """
    depths = np.asarray(depths, dtype=float)
    there = np.isfinite(sm).any(axis=1) if probes is None else np.asarray(probes, dtype=bool)
    there = there & (depths <= bottom)
    if there.sum() < 2 or depths[there][-1] < bottom / 2:
        return np.full(sm.shape[1], np.nan)
    weights = rootzone_weights(depths[there], bottom)
    return weights @ sm[there]
