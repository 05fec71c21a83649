"""Functions of windows with known Shapley values."""

import os

import numpy as np
import pytest

# shap would compile for longer than these tests compute.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")


class Quadratic:
    """f = w z + z Q z of the flattened window z; the Shapley values have a closed form."""

    def __init__(self, shape=(3, 4), seed: int = 0):
        generator = np.random.default_rng(seed)
        self.shape = shape
        n = shape[0] * shape[1]
        self.w, self.q = generator.normal(size=n), generator.normal(size=(n, n))

    def __call__(self, x) -> np.ndarray:
        z = np.asarray(x, float).reshape(len(x), -1)
        return z @ self.w + np.einsum("ni,ij,nj->n", z, self.q, z)

    def phi(self, x, rows) -> np.ndarray:
        """Each pair's product shares its gain in halves; squares and linear terms are their own."""
        x, b = (np.asarray(a, float).reshape(len(a), -1) for a in (x, rows))
        total = np.zeros_like(x)
        for row in b:
            linear = self.w * (x - row)
            total += linear
            for i in range(x.shape[1]):
                for j in range(x.shape[1]):
                    if i == j:
                        total[:, i] += self.q[i, i] * (x[:, i] ** 2 - row[i] ** 2)
                        continue
                    alone = (x[:, i] - row[i]) * row[j]
                    last = (x[:, i] - row[i]) * x[:, j]
                    total[:, i] += (self.q[i, j] + self.q[j, i]) * (alone + last) / 2
        return (total / len(b)).reshape(-1, *self.shape)


@pytest.fixture
def quadratic() -> Quadratic:
    """f = w z + z Q z with ``phi(x, rows)``, windows of 3 steps and 4 features."""
    return Quadratic()


@pytest.fixture
def windows():
    """``windows(n, shape, seed)``: uniform inputs in [-1, 1]."""

    def make(n: int, shape=(3, 4), seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-1, 1, (n, *shape)).astype(np.float32)

    return make
