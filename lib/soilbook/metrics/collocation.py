"""Errors of three products without a truth, and weights to merge them.

Each product i is taken as x_i = a_i + b_i truth + error_i with errors that are independent of each
other and of the truth. Stoffelen (1998), doi 10.1029/97JC03180; covariance form and correlation
with the truth: McColl et al. (2014), doi 10.1002/2014GL061322.
"""

from dataclasses import dataclass

import numpy as np

from soilbook.errors import ParameterError

LEAST_DAYS = 30


@dataclass(frozen=True)
class Collocation:
    """Triple collocation of three products; arrays are (..., product) unless said otherwise.

    ``error_variance`` in the product's own units squared, ``snr_db`` 10 log10(signal / error),
    ``r_truth`` the correlation with the truth, ``scale`` the factor to the units of the first
    product, ``n`` (...) the days shared, ``reason`` (...) why all is NaN, or "".
    """

    error_variance: np.ndarray
    snr_db: np.ndarray
    r_truth: np.ndarray
    scale: np.ndarray
    n: np.ndarray
    reason: np.ndarray

    @property
    def common_error_variance(self) -> np.ndarray:
        """Error variances in the units of the first product: what weights are made of."""
        return self.error_variance * self.scale**2


def triple_collocation(x, y, z, least_days: int = LEAST_DAYS) -> Collocation:
    """Triple collocation of three products, time on the last axis, over the days all three share.

    Error variance of x: var(x) - cov(x, y) cov(x, z) / cov(y, z), and so on round. NaN with a
    reason: fewer than ``least_days`` days; a constant product; covariances that are not all
    positive, so no common signal; a negative error variance, as small samples or dependent errors
    give. Raises ParameterError where the shapes do not fit.
    """
    products, valid = shared(x, y, z)
    n = valid.sum(-1)
    products = np.where(valid[..., None, :], products, 0.0)
    count = np.maximum(n, 1)[..., None]
    deviation = products - (products.sum(-1) / count)[..., None]
    deviation = np.where(valid[..., None, :], deviation, 0.0)
    covariance = deviation @ np.swapaxes(deviation, -1, -2) / count[..., None]
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    error, signal, scale = estimate(covariance)
    crossed = np.stack([covariance[..., i, j] for i, j in ((0, 1), (0, 2), (1, 2))])
    # A constant's mean need not be exact: deviations of rounding size are none.
    square = (products**2).sum(-1) / count
    reason = np.select(
        [
            n < least_days,
            (variance <= 1e-24 * square).any(-1),
            (crossed <= 0).any(0),
            (error < 0).any(-1),
        ],
        [
            f"fewer than {least_days} shared days",
            "constant product",
            "covariances are not all positive",
            "negative error variance",
        ],
        "",
    )
    good = (reason == "")[..., None]
    error, signal, scale, variance = (
        np.where(good, a, np.nan) for a in (error, signal, scale, variance)
    )
    with np.errstate(divide="ignore"):
        snr = 10 * np.log10(signal / error)
    return Collocation(error, snr, np.sqrt(signal / variance), scale, n, reason)


def shared(x, y, z) -> tuple[np.ndarray, np.ndarray]:
    """Three products as (..., product, time), and whether all three are there (..., time).

    Raises ParameterError where the shapes do not fit.
    """
    products = [np.asarray(a, dtype=np.float64) for a in (x, y, z)]
    try:
        products = np.stack(np.broadcast_arrays(*products), -2)
    except ValueError:
        shapes = ", ".join(str(p.shape) for p in products)
        raise ParameterError(f"products of shapes {shapes} do not broadcast") from None
    return products, np.isfinite(products).all(-2)


def estimate(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variances of errors and of the signal, and scales, of covariances (..., product, product).

    Each (..., product), whatever their signs; the covariance form of McColl et al. (2014).
    """
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    xy, xz, yz = covariance[..., 0, 1], covariance[..., 0, 2], covariance[..., 1, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = np.stack([xy * xz / yz, xy * yz / xz, xz * yz / xy], -1)
        scale = np.stack([np.ones_like(yz), xz / yz, xy / yz], -1)
    return variance - signal, signal, scale


def merge_weights(error_variance) -> np.ndarray:
    """Weights (..., product) of the mean with least error: inverse error variances, sum 1.

    A product without a variance (NaN) gets none. All NaN stays NaN. The variances must be in
    common units. Yilmaz et al. (2012), doi 10.1029/2011WR011682. Raises ParameterError for a
    variance that is not positive.
    """
    error_variance = np.asarray(error_variance, dtype=np.float64)
    if (error_variance <= 0).any():
        raise ParameterError(f"error variance {np.nanmin(error_variance):g}; needs to be positive")
    inverse = np.where(np.isfinite(error_variance), 1 / error_variance, 0.0)
    total = inverse.sum(-1, keepdims=True)
    return np.divide(inverse, total, out=np.full(inverse.shape, np.nan), where=total > 0)


def merge(products, weights) -> np.ndarray:
    """Weighted mean of products (..., product, time), weights (..., product), in common units.

    A day without a product is merged from the others, their weights rescaled; NaN without any.
    Raises ParameterError where the numbers of products differ.
    """
    products = np.asarray(products, dtype=np.float64)
    weights = np.asarray(weights, dtype=np.float64)
    if products.ndim < 2 or products.shape[-2] != weights.shape[-1]:
        raise ParameterError(
            f"products {products.shape} and weights {weights.shape}: "
            "the last axis of weights is the last but one of products"
        )
    w = np.where(np.isfinite(products), weights[..., None], 0.0)
    total = w.sum(-2)
    merged = (w * np.where(np.isfinite(products), products, 0.0)).sum(-2)
    return np.divide(merged, total, out=np.full(merged.shape, np.nan), where=total > 0)


def to_common_units(products, scale) -> np.ndarray:
    """Products (..., product, time) with the mean and signal of the first; scale (..., product).

    Means are taken over the days that all share; NaN where there are none.
    """
    products = np.asarray(products, dtype=np.float64)
    shared = np.isfinite(products).all(-2, keepdims=True)
    n = shared.sum(-1)
    total = np.where(shared, products, 0.0).sum(-1)
    mean = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    scale = np.asarray(scale, dtype=np.float64)
    return (products - mean[..., None]) * scale[..., None] + mean[..., :1, None]
