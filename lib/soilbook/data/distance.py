"""Great circles on the Earth, and the place nearest to each of some positions."""

import numpy as np

RADIUS = 6371.0088  # km, mean radius of WGS 84


def great_circle(latitude, longitude, latitude_to, longitude_to) -> np.ndarray:
    """Distance (km) between positions (degrees) that broadcast, by the haversine formula."""
    phi, phi_to = np.deg2rad(latitude), np.deg2rad(latitude_to)
    step = np.deg2rad(np.asarray(longitude_to) - np.asarray(longitude))
    half = np.sin((phi_to - phi) / 2) ** 2 + np.cos(phi) * np.cos(phi_to) * np.sin(step / 2) ** 2
    return 2 * RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1)))


def nearest(latitude, longitude, latitudes, longitudes) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest of some places for each position, and its distance (km)."""
    away = great_circle(
        np.asarray(latitude)[:, None], np.asarray(longitude)[:, None], latitudes, longitudes
    )
    at = away.argmin(axis=1)
    return at, away[np.arange(at.size), at]
