"""What a trained network does with its inputs: Shapley values, t-SNE, attention weights."""

from soilbook.explain import attention, embedding, shapley
from soilbook.explain.shapley import encoded, predictor

__all__ = ["attention", "embedding", "encoded", "predictor", "shapley"]
