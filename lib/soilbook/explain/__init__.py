"""What a trained network does with its inputs: Shapley values, t-SNE, attention weights."""

from soilbook.explain import attention, shapley
from soilbook.explain.shapley import encoded, predictor

__all__ = ["attention", "encoded", "predictor", "shapley"]
