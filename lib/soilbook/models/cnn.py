"""1D-CNN, section 3.2.2 and Fig. 4b of Wang et al. (2024), doi:10.5194/hess-28-917-2024."""

from torch import Tensor, nn

from soilbook.models.cells import check_variant, convolved_steps, two_convolutions


class CNN(nn.Module):
    """Two convolutions, flatten, linear, tanh: (batch, step, feature) -> (batch,).

    32 and 64 channels, kernel 2, stride 1, no pooling (Table A1), alike in both variants: of 4
    steps 2 are left.
    ParameterError for an unknown variant or fewer than three steps.
    """

    def __init__(self, n_features: int, n_steps: int = 4, variant: str = "paper"):
        super().__init__()
        self.variant = check_variant(variant)
        n_left = convolved_steps(n_steps, kernel=2)
        self.convolutions = two_convolutions(n_features, kernel=2)
        self.flatten = nn.Flatten()
        self.output = nn.Sequential(nn.Linear(64 * n_left, 1), nn.Tanh())

    def encode(self, x: Tensor) -> Tensor:
        """The flattened output of the second convolution, (batch, 128) for 4 steps."""
        return self.flatten(self.convolutions(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.encode(x)).squeeze(-1)
