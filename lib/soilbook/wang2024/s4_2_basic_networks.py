"""Section 4.2 of Wang et al. (2024): 1D-CNN, LSTM and Transformer; Table 3 and Fig 9.

Before them one LSTM by hand: what a window holds, a learning curve, a week of forecasts.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from soilbook.plots.style import colour, style
from soilbook.training.windows import N_LEADS, Series
from soilbook.wang2024 import forecasts, runs

# As ``Page.table`` and ``Page.figure`` take them.
table_3 = partial(runs.table_of_r2, "3")
table_3b = partial(runs.table_at_lead, "3")
fig_9 = partial(runs.fig_of_rmse, "9")


def window(one: Series, features: tuple[str, ...], sample: int = 0) -> pd.DataFrame:
    """A training window in the units of the record: a row a day, and the moisture to predict.

    The feature ``sm`` is the moisture of the day before; columns ``day``, features, ``target``,
    which is empty but on the last day.
    """
    x, y = one.windows("training")
    values = (x[sample] + 1) / 2 * (one.maximum - one.minimum) + one.minimum
    rows = one.starts["training"][sample] + 1 + np.arange(one.n_steps)
    table = pd.DataFrame(values, columns=[*features[:-1], f"{features[-1]} of the day before"])
    table.insert(0, "day", one.time[rows].astype("datetime64[D]").astype(str))
    return table.assign(target=[np.nan] * (one.n_steps - 1) + [float(one.unscale(y[sample]))])


def learning_curves(curves: dict[str, np.ndarray]) -> Figure:
    """Mean square errors (scaled moisture) by epoch, one line for each name."""
    with style():
        figure, axes = plt.subplots(figsize=(6, 3))
        for number, (name, values) in enumerate(curves.items()):
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, lw=4 - 2.5 * number, c=("#E69F00", "#0072B2")[number % 2],
                      label=name)  # fmt: skip
        axes.set(xlabel="epoch", ylabel="mean square error (scaled)", yscale="log")
        axes.legend()
    return figure


def week(one: Series, forecast: np.ndarray, sm: np.ndarray) -> pd.DataFrame:
    """The week of the test part with the largest rise of moisture within it.

    ``forecast`` (sample, lead) and ``sm`` (row) in m3 m-3. One row a lead: ``lead``, ``observed``,
    ``LSTM``, ``persistence``.
    """
    issue = forecasts.issue_days(one)
    leads = np.arange(1, N_LEADS + 1)
    observed = sm[issue[:, None] + leads]
    sample = int(np.argmax(observed.max(1) - sm[issue]))
    columns = {
        "observed": observed[sample],
        "LSTM": forecast[sample],
        "persistence": np.full(N_LEADS, sm[issue[sample]]),
    }
    return pd.DataFrame({"lead": leads, **columns})


def draw_week(table: pd.DataFrame) -> Figure:
    """A week as ``week`` gives it."""
    with style():
        figure, axes = plt.subplots(figsize=(6, 3))
        for name, line in (("observed", "-o"), ("LSTM", "-s"), ("persistence", "--")):
            axes.plot(table["lead"], table[name], line, c=colour(name), label=name, markersize=4)
        axes.set(xlabel="lead (d)", ylabel="soil moisture (m$^3$ m$^{-3}$)")
        axes.legend()
    return figure
