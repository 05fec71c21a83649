"""Random forest, support vector regression and extreme learning machine.

Section 3.1 and Appendix A of Wang et al. (2024), doi:10.5194/hess-28-917-2024. Each takes the
features of the target day alone, x (sample, feature) -> y (sample,), and has fit and predict.
"""

import numpy as np
from scipy.special import expit

from soilbook.errors import DataError
from soilbook.threads import one_thread


# scikit-learn takes half a second to load: only where one of its models is made.
def random_forest(seed: int):
    """Random forest with scikit-learn's defaults (Appendix A)."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=seed)


def support_vector(seed: int):
    """Support vector regression, poly kernel, C 1, epsilon 0.1 (Appendix A); draws nothing."""
    from sklearn.svm import SVR

    return SVR(kernel="poly", C=1.0, epsilon=0.1)


class ExtremeLearningMachine:
    """y = sigmoid(x W + b) beta with random W and b and least-squares beta.

    20 hidden units (Appendix A). Huang et al. (2006), doi:10.1016/j.neucom.2005.12.126: no bias at
    the output, beta by the pseudoinverse; W and b are uniform between -1 and 1.
    DataError if x or y is empty or not finite.
    """

    def __init__(self, seed: int, n_hidden: int = 20):
        self.seed, self.n_hidden = seed, n_hidden

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """Output of the hidden units, (sample, hidden)."""
        return expit(np.asarray(x, dtype=float) @ self.weight + self.bias)

    @one_thread
    def fit(self, x: np.ndarray, y: np.ndarray) -> "ExtremeLearningMachine":
        """Draw W and b from the seed and solve for beta."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if not (len(x) and np.isfinite(x).all() and np.isfinite(y).all()):
            raise DataError("ELM: x and y must be finite and hold at least one sample")
        random = np.random.default_rng(self.seed)
        self.weight = random.uniform(-1, 1, (x.shape[1], self.n_hidden))
        self.bias = random.uniform(-1, 1, self.n_hidden)
        self.beta = np.linalg.pinv(self.hidden(x)) @ y
        return self

    @one_thread
    def predict(self, x: np.ndarray) -> np.ndarray:
        """Prediction for every sample, (sample,), in the units of y."""
        return self.hidden(x) @ self.beta
