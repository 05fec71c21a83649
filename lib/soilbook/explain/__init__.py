"""What a trained network does with its inputs: Shapley values, attention weights, t-SNE."""

from soilbook.explain import importance
from soilbook.explain.importance import encoded, predictor
