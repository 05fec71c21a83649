"""Do an explainer's values add up to what the network says? Two estimators on the same networks.

Additivity is what makes Shapley values shares of a prediction: values and mean prediction give
the prediction (eq B2 of Wang et al. 2024, doi 10.5194/hess-28-917-2024).
"""

import pandas as pd

from soilbook import models
from soilbook.explain import predictor, shapley
from soilbook.explain import shapley as deep
from soilbook.studies.interpretation import N_PAIRS, Laboratory, chosen, explained

KEYS = ["model", "estimator"]
DEEP, WALKS = "DeepExplainer", "walks of this book"
UNKNOWN = "unrecognized nn.Module: "  # how shap says that it has no rule for a layer


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
        own = shapley.inputs(predict, x, background, lab.features, n_background, N_PAIRS)
        gap = own["additivity_error"].values / own["prediction"].values.std()
        found = deep.deep_explainer_error(one.modules[0], x, background)
        unknown = sorted({w.split(UNKNOWN)[1] for w in found.warnings if UNKNOWN in w})
        rows += [
            (model, DEEP, found.largest, found.mean, ", ".join(unknown), found.reason),
            (model, WALKS, float(gap.max()), float(gap.mean()), "", ""),
        ]
    return pd.DataFrame(rows, columns=[*KEYS, "largest", "mean", "no_rule", "reason"])


def beside(found: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """``found`` with the largest error of a reference run, if there is one, after its own."""
    if reference is None:
        return found
    same = found[KEYS].merge(reference[[*KEYS, "largest"]], how="left", on=KEYS)["largest"]
    shown = found.copy()
    shown.insert(3, "largest, observed reference", same.values)
    return shown
