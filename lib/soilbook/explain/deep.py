"""How wrong a gradient-based explainer is on these networks: shown once, used nowhere."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from soilbook.explain.predict import checked

# What the explainer raises on operations that it does not support.
FAILURES = (RuntimeError, ValueError, TypeError, AttributeError, IndexError, AssertionError)


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
    import shap  # takes seconds to import, and only this function needs it

    x = torch.as_tensor(checked(x, "x"))
    background = torch.as_tensor(checked(background, "background"))
    column = _Column(module.cpu().eval())
    with torch.no_grad():
        f, base = column(x)[:, 0].double().numpy(), float(column(background).double().mean())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            explainer = shap.DeepExplainer(column, background)
            phi = np.asarray(explainer.shap_values(x, check_additivity=False))
        except FAILURES as error:
            phi, reason = np.full((len(x), 1), np.nan), f"{type(error).__name__}: {error}"
        else:
            reason = ""
    gap = np.abs(phi.reshape(len(x), -1).sum(1) + base - f) / f.std()
    said = dict.fromkeys(str(warning.message).splitlines()[0] for warning in caught)
    return DeepError(float(gap.max()), float(gap.mean()), reason, tuple(said))
