"""What a trained network does with its inputs: Shapley values, t-SNE, attention weights."""

from soilbook.explain import attention, deep, embedding, importance, order, shapley
from soilbook.explain.predict import encoded, predictor

__all__ = [
    "attention",
    "deep",
    "embedding",
    "encoded",
    "importance",
    "order",
    "predictor",
    "shapley",
]
