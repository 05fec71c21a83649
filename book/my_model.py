"""A network of one's own: the last moisture, and what each day's weather adds to it."""

import torch
from torch import nn


class Additive(nn.Module):
    """(batch, step, feature) -> (batch,): last moisture plus a sum of gains and a shared loss.

    Each day passes through the same small layer; a learned weight for each day says how much of its
    gain is left on the last one. The loss grows with the moisture, as drainage does.
    """

    def __init__(self, n_features: int, n_steps: int = 4):
        super().__init__()
        self.gain = nn.Sequential(nn.Linear(n_features, 8), nn.Tanh(), nn.Linear(8, 1))
        self.left = nn.Parameter(torch.zeros(n_steps))
        self.loss = nn.Linear(1, 1)

    def forward(self, x):
        moisture = x[:, -1, -1]
        gains = self.gain(x).squeeze(-1)
        loss = self.loss(moisture.unsqueeze(1)).squeeze(1)
        return moisture + (gains * torch.sigmoid(self.left)).sum(1) - loss
