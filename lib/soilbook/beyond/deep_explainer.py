"""Do an explainer's values add up to what the network says? Two estimators on the same networks.

Additivity is what makes Shapley values shares of a prediction: values and mean prediction give
the prediction (eq B2 of Wang et al. 2024, doi 10.5194/hess-28-917-2024).
"""

import warnings
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import nn

from soilbook import models
from soilbook.explain import importance, predictor
from soilbook.explain.importance import checked
from soilbook.plots.style import style
from soilbook.wang2024.runs import Laboratory, chosen, explained

KEYS = ["model", "estimator"]
DEEP, WALKS = "DeepExplainer", "walks of this book"
UNKNOWN = "unrecognized nn.Module: "  # how shap says that it has no rule for a layer
COLOURS = ("#D55E00", "#0072B2")  # of the first and the second estimator
LEAST = 1e-8  # smaller errors, and none at all, are drawn here
TRUSTED = 0.01  # of the prediction's spread: below, a plot of the values can be believed


def compare(
    lab: Laboratory, site: str, depth: float, n_samples: int | None = None, n_background: int = 50
) -> pd.DataFrame:
    """One row a network and estimator: model, estimator, largest and mean error, no_rule, reason.

    The error is |sum of values + mean prediction - prediction|, in standard deviations of the
    prediction over the samples. Both explain the first repetition on the same test samples against
    the same training samples. ``no_rule``: layers that DeepExplainer does not know; ``reason``: why
    it gave no values (NaN). Raises ParameterError for too few samples or background rows.
    """
    wanted = explained(lab, n_samples)
    rows = []
    for model in lab.experiment.models:
        if model not in models.NETWORKS:
            continue
        one = lab.trained(model, site, depth)
        x = chosen(one.series.windows("test")[0], wanted, lab.experiment.seed)
        background = chosen(one.series.windows("training")[0], n_background, lab.experiment.seed)
        predict = predictor(one.modules[0])
        own = importance.inputs(predict, x, background, lab.features, n_background)
        gap = own["additivity_error"].values / own["prediction"].values.std()
        found = deep_explainer_error(one.modules[0], x, background)
        unknown = sorted({w.split(UNKNOWN)[1] for w in found.warnings if UNKNOWN in w})
        rows += [
            (model, DEEP, found.largest, found.mean, ", ".join(unknown), found.reason),
            (model, WALKS, float(gap.max()), float(gap.mean()), "", ""),
        ]
    return pd.DataFrame(rows, columns=[*KEYS, "largest", "mean", "no_rule", "reason"])


@dataclass(frozen=True)
class DeepError:
    """Additivity error |sum of phi + E f - f| over samples, in standard deviations of f.

    ``reason`` is empty, or says why the explainer gave no values (then the numbers are NaN);
    ``warnings`` is what it said on the way.
    """

    largest: float
    mean: float
    reason: str
    warnings: tuple[str, ...]


class _Column(nn.Module):
    """The network with its output as a column, as shap wants it."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x).unsqueeze(-1)


def deep_explainer_error(module: nn.Module, x, background) -> DeepError:
    """Run shap.DeepExplainer (DeepLIFT, arXiv:1705.07874) on a network and add up its values.

    ``x`` and ``background`` (sample, step, feature). It follows the rules of known layers and takes
    plain gradients elsewhere, so its values need not add up; here they are not made to.
    """
    import shap  # takes seconds

    x = torch.as_tensor(checked(x, "x"))
    background = torch.as_tensor(checked(background, "background"))
    column = _Column(module.cpu().eval())
    with torch.no_grad():
        f, base = column(x)[:, 0].double().numpy(), float(column(background).double().mean())
    reason = ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            explainer = shap.DeepExplainer(column, background)
            phi = np.asarray(explainer.shap_values(x, check_additivity=False))
        except Exception as error:  # whatever it raises on operations that it does not support
            phi, reason = np.full((len(x), 1), np.nan), f"{type(error).__name__}: {error}"
    gap = np.abs(phi.reshape(len(x), -1).sum(1) + base - f) / f.std()
    said = dict.fromkeys(str(warning.message).splitlines()[0] for warning in caught)
    return DeepError(float(gap.max()), float(gap.mean()), reason, tuple(said))


def draw_errors(table: pd.DataFrame):
    """Largest (dot) and mean (tick) error of additivity, one row a network, logarithmic from LEAST.

    ``table`` has a row for each ``model`` and ``estimator`` with ``largest`` and ``mean``, in
    standard deviations of the prediction, and ``reason`` where there are no values.
    """
    models = list(dict.fromkeys(table["model"]))
    with style():
        figure, axis = plt.subplots(figsize=(7, 0.28 * len(models) + 1.4))
        place = {model: -i for i, model in enumerate(models)}
        groups = table.groupby("estimator", sort=False)
        for (name, rows), colour in zip(groups, COLOURS, strict=True):
            y = rows["model"].map(place)
            for kind, marker, size in (("largest", "o", 32), ("mean", "|", 70)):
                look = {"color": colour, "marker": marker, "s": size, "zorder": 3}
                axis.scatter(rows[kind].clip(LEAST), y, label=f"{name}, {kind}", **look)
            for row, where in zip(rows.itertuples(), y, strict=True):
                if row.reason:
                    axis.text(1, where, f"{name}: no values", color=colour, ha="right", va="center")
        axis.axvline(TRUSTED, color="#999999", ls=":", lw=1)
        axis.axvline(1, color="#222222", ls="--", lw=0.9)
        axis.set_xscale("log")
        axis.set_yticks(list(place.values()), models)
        axis.set_xlabel("|sum of values + mean prediction - prediction| / spread of the prediction")
        figure.legend(loc="outside upper center", ncols=2)
        axis.set_xlim(left=LEAST / 2)
    return figure
