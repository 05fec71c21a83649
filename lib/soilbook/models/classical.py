"""What stands beside the networks: persistence, climatology, exponential filter, machine learning.

Baselines take arrays with time on the last axis, NaN is missing, and predict in the units given.
The models of section 3.1 and Appendix A of Wang et al. (2024), doi:10.5194/hess-28-917-2024, take
the features of the target day alone, x (sample, feature) -> y (sample,), and have fit and predict.
"""

import numpy as np
from scipy.special import expit

from soilbook.errors import DataError, ParameterError
from soilbook.threads import one_thread

# Wagner et al. (1999), doi:10.1016/S0034-4257(99)00036-X, for the layer 0-100 cm.
CHARACTERISTIC_TIME = 20.0  # days
N_DAYS = 366  # of a leap year: every calendar day, 29 February included, has a place of its own


def persistence(sm: np.ndarray, lead: int = 1) -> np.ndarray:
    """Prediction of every day: the soil moisture `lead` days before, (..., time), in units of sm.
    The first `lead` days and days that follow on a gap are NaN. ParameterError for a lead under
    1."""
    if lead < 1:
        raise ParameterError(f"lead {lead} is not allowed; allowed: 1 or more days")
    prediction = np.full(np.shape(sm), np.nan)
    prediction[..., lead:] = sm[..., :-lead]
    return prediction


def calendar_day(time: np.ndarray) -> np.ndarray:
    """Place of each day in a leap year, 0 (1 January) to 365: 1 March is 60 in every year."""
    month = time.astype("datetime64[M]")
    leap_year = np.datetime64("2000-01", "M") + month.astype(int) % 12
    day_of_month = time.astype("datetime64[D]") - month.astype("datetime64[D]")
    return (leap_year.astype("datetime64[D]") + day_of_month).astype(int) - _JANUARY_2000


_JANUARY_2000 = np.datetime64("2000-01-01", "D").astype(int)


def day_of_year_means(time: np.ndarray, sm: np.ndarray, window: int = 1) -> np.ndarray:
    """Mean soil moisture of every calendar day, (..., 366), in units of sm.

    time (time,), sm (..., time). The mean is over all values within ``window`` days centred on the
    calendar day, December meeting January; 1 is the plain day-of-year mean. Calendar days without a
    value, as 29 February may be, are interpolated between the nearest that have one; a series
    without any value gives NaN. ParameterError unless the window is odd and from 1 to 365,
    DataError if time and sm differ in length.
    """
    if window < 1 or window % 2 == 0 or window > N_DAYS:
        raise ParameterError(f"window {window} is not allowed; allowed: 1, 3, 5 ... 365 days")
    sm = np.asarray(sm, dtype=float)
    if sm.shape[-1] != len(time):
        raise DataError(f"climatology: {len(time)} days but {sm.shape[-1]} values")
    place = calendar_day(time)
    total, count = np.zeros((2, *sm.shape[:-1], N_DAYS))
    np.add.at(total, (..., place), np.nan_to_num(sm))
    np.add.at(count, (..., place), np.isfinite(sm))
    offsets = range(-(window // 2), window // 2 + 1)
    total = sum(np.roll(total, k, axis=-1) for k in offsets)
    count = sum(np.roll(count, k, axis=-1) for k in offsets)
    with np.errstate(invalid="ignore"):
        means = total / count
    return np.apply_along_axis(_fill, -1, means)


def _fill(means: np.ndarray) -> np.ndarray:
    """Gaps of one year interpolated linearly, December meeting January."""
    known = np.flatnonzero(np.isfinite(means))
    if not known.size:
        return means
    return np.interp(np.arange(N_DAYS), known, means[known], period=N_DAYS)


def climatology(
    training_time: np.ndarray,
    training_sm: np.ndarray,
    time: np.ndarray,
    window: int = 1,
) -> np.ndarray:
    """Prediction of every day: the mean of its calendar day in the training part, (..., time).

    training_sm (..., training_time); see `day_of_year_means` for the window, gaps and errors.
    """
    return day_of_year_means(training_time, training_sm, window)[..., calendar_day(time)]


def exponential_filter(
    surface: np.ndarray, characteristic_time: float = CHARACTERISTIC_TIME
) -> np.ndarray:
    """Moisture of the root zone (..., time) from that of the surface each day (..., time).

    Wagner et al. (1999) in the recursive form of Albergel et al. (2008), eqs 4-6,
    doi:10.5194/hess-12-1323-2008:
    m_n = m_k + K_n (s_n - m_k) and K_n = K_k / (K_k + exp(-(t_n - t_k) / T)), k the observation
    before n and T the ``characteristic_time`` (d). NaN on days without surface moisture, which
    leave no trace. ParameterError for a time that is not above zero.
    """
    if not characteristic_time > 0:
        raise ParameterError(f"characteristic time is {characteristic_time}; allowed: above 0 days")
    surface = np.asarray(surface, dtype=float)
    out = np.full(surface.shape, np.nan)
    lead = surface.shape[:-1]
    moisture, gain, elapsed = np.zeros(lead), np.ones(lead), np.full(lead, np.inf)
    for day in range(surface.shape[-1]):
        now = surface[..., day]
        there = np.isfinite(now)
        elapsed = elapsed + 1
        gain = np.where(there, gain / (gain + np.exp(-elapsed / characteristic_time)), gain)
        moisture = np.where(there, moisture + gain * (now - moisture), moisture)
        elapsed = np.where(there, 0.0, elapsed)
        out[..., day] = np.where(there, moisture, np.nan)
    return out


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
