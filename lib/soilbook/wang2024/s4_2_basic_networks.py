"""Section 4.2 of Wang et al. (2024): 1D-CNN, LSTM and Transformer; Table 3 and Fig 9.

Before them one LSTM by hand: what a window holds, a learning curve, a week of forecasts, and two
readings of what the paper retains.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import nn

from soilbook.plots.style import colour, style
from soilbook.training import Settings, windows
from soilbook.training.windows import N_LEADS, Series
from soilbook.wang2024 import forecasts, runs

# As ``Page.table`` and ``Page.figure`` take them.
table_3 = partial(runs.table_of_r2, "3")
table_3b = partial(runs.table_at_lead, "3")
fig_9 = partial(runs.fig_of_rmse, "9")
TRIAL = 30  # epochs of Table 3r


def window(one: Series, features: tuple[str, ...], sample: int = 0) -> pd.DataFrame:
    """A training window in the units of the record: a row a day, and the moisture to predict. The
    feature ``sm`` is the moisture of the day before; columns ``day``, features, ``target``, which
    is empty but on the last day."""
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


def readings(one: Series, make: Callable[[], nn.Module], how: Settings, number: int):
    """Two readings of "if the trained model performs worse on the validation set compared to the
    previous model, the previous model is retained" (section 4), on the same start and batches.

    Kept aside: training goes on from where it stands and the best weights are used in the end.
    Rolled back: after an epoch that is no better, training starts again from the retained weights,
    with the optimiser as it was there. The first TRIAL epochs show the difference. Columns reading,
    best_epoch, retained (epochs that were better than all before), validation_mse (scaled) and r2
    (test part, one day ahead, observed moisture as input).
    """
    short = how.but(epochs=min(how.epochs, TRIAL), first_choice=1)
    return pd.DataFrame([
        {"reading": name} | _train(one, make, short, number, name == "rolled back")
        for name in ("kept aside", "rolled back")
    ])  # fmt: skip


def _train(one: Series, make, how: Settings, number: int, roll_back: bool) -> dict:
    """One row of ``readings``, without its name."""
    x, y, held_x, held_y, test_x, test_y = (
        torch.from_numpy(part)
        for name in ("training", "validation", "test")
        for part in one.windows(name)
    )
    torch.manual_seed(number)
    network = make()
    optimiser = torch.optim.Adam(network.parameters(), how.rate)
    drawn = windows.batches(torch.tensor([number]), torch.tensor([len(x)]), 0, how.steps, how.batch)
    least, retained, kept, best = np.inf, 0, None, 0
    for step, rows in enumerate(drawn[:, 0], start=1):
        optimiser.zero_grad()
        (network(x[rows]) - y[rows]).square().mean().backward()
        optimiser.step()
        epoch, within = divmod(step, how.batches_per_epoch)
        if within:
            continue
        with torch.no_grad():
            error = (network(held_x) - held_y).square().mean().item()
        if error < least:
            least, best, retained = error, epoch, retained + 1
            kept = deepcopy((network.state_dict(), optimiser.state_dict()))
        elif roll_back:
            network.load_state_dict(kept[0])
            optimiser.load_state_dict(deepcopy(kept[1]))
    network.load_state_dict(kept[0])
    with torch.no_grad():
        unexplained = (network(test_x) - test_y).square().mean() / test_y.var(correction=0)
    found = {"best_epoch": best, "retained": retained, "validation_mse": least}
    return found | {"r2": 1 - unexplained.item()}


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
