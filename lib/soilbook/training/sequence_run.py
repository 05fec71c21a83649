"""One network of study 2 on its way: its parameters, its optimiser, and what was seen so far."""

import time

import numpy as np
import torch
import xarray as xr
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, vector_to_parameters

from soilbook.models import dropout
from soilbook.models.prolongation_fast import Prolongation
from soilbook.models.prolongation_steps import EAGER, Kernels, ahead, back, examples
from soilbook.training.compiled import compiled, compiler_there
from soilbook.training.draws import seed_of
from soilbook.training.sequence_settings import SequenceSettings
from soilbook.training.sequences import Sequences, batches, masked_loss

# Days of instances in a training above which compiling, 10 s, takes less time than it saves.
LEAST_COMPILED = 3_000_000
# In the first steps the moving mean is the mean of all steps so far, or of the last tenth.
WARM_UP = 10


class Run:
    """Training that goes on epoch by epoch and can be taken up again at any of them.

    Start, instances and masks follow from the seed and the number of the epoch.
    """

    def __init__(
        self, sequences: Sequences, settings: SequenceSettings, compile_: bool | None = None
    ):
        self.sequences, self.settings = sequences, settings
        device = sequences.x.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("start", settings.seed))
            made = Prolongation(sequences.x.shape[2], settings.n_hidden, settings.dropout)
        self.network = made.to(device)
        self.optimiser = settings.make_optimiser(self.network)
        self.mean = parameters_to_vector(self.network.parameters()).detach().clone()
        self.n_steps = settings.steps_per_epoch(len(sequences.observed), sequences.n_days)
        self.losses, self.seconds = [], []
        if compile_ is None:
            days = settings.days(len(sequences.observed), sequences.n_days)
            compile_ = device.type == "cpu" and days >= LEAST_COMPILED and compiler_there()
        self.kernels = compile_kernels(settings) if compile_ else EAGER

    def epoch(self) -> None:
        """Train for one more epoch."""
        epoch, settings, network = len(self.losses), self.settings, self.network
        device = self.sequences.x.device
        began, total = time.perf_counter(), 0.0
        generator = torch.Generator().manual_seed(seed_of("masks", settings.seed, epoch))
        drawn = batches(
            self.sequences, self.n_steps, settings.batch, settings.length, settings.seed, epoch
        )
        network.train()
        for k, (x, y) in enumerate(drawn):
            step = epoch * self.n_steps + k
            for group in self.optimiser.param_groups:
                group["lr"] = settings.rate_at(step / (settings.epochs * self.n_steps))
            masks = dropout.draw(len(x), settings.n_hidden, settings.dropout, generator, device)
            loss = masked_loss(network(x, masks, self.kernels), y)
            self.optimiser.zero_grad()
            loss.backward()
            clip_grad_norm_(network.parameters(), settings.clip)
            self.optimiser.step()
            self._average(step)
            total += loss.detach()
        self.losses.append(float(total) / self.n_steps)
        self.seconds.append(time.perf_counter() - began)

    def _average(self, step: int) -> None:
        latest = parameters_to_vector(self.network.parameters()).detach()
        weight = max(1 - self.settings.averaging, WARM_UP / (step + WARM_UP))
        self.mean.lerp_(latest, weight if self.settings.averaging else 1.0)

    def kept(self) -> Prolongation:
        """The network that would be kept now, in evaluation mode."""
        return network(self.mean.cpu().numpy(), self.sequences.x.shape[2], self.settings)

    def result(self) -> xr.Dataset:
        """Parameters kept and history of the epochs, see ``sequence_trainer.train_sequences``."""
        return xr.Dataset(
            {
                "parameters": ("parameter", self.mean.cpu().numpy()),
                "training_loss": ("epoch", np.array(self.losses)),
                "seconds": ("epoch", np.array(self.seconds), {"units": "s"}),
            },
            coords={"epoch": np.arange(1, len(self.losses) + 1)},
        )

    def state(self) -> xr.Dataset:
        """All that ``restore`` needs."""
        now = self.result()
        now["latest"] = "parameter", parameters_to_vector(self.network.parameters()).detach().cpu()
        states = [self.optimiser.state[p] for p in self.network.parameters()]
        for name, value in states[0].items():
            if name == "step":
                now["step"] = (), float(value)
            else:
                flat = torch.cat([one[name].flatten() for one in states])
                now[f"optimiser_{name}"] = "parameter", flat.cpu().numpy()
        return now

    def restore(self, state: xr.Dataset) -> None:
        """Go on from a state."""
        device = self.sequences.x.device

        def tensor(name):
            return torch.from_numpy(state[name].values.copy()).to(device)

        self.mean = tensor("parameters")
        with torch.no_grad():
            vector_to_parameters(tensor("latest"), self.network.parameters())
        names = [str(name) for name in state if str(name).startswith("optimiser_")]
        flat = {name.removeprefix("optimiser_"): tensor(name) for name in names}
        first = 0
        for parameter in self.network.parameters():
            part = slice(first, first + parameter.numel())
            own = {name: values[part].view_as(parameter) for name, values in flat.items()}
            step = torch.tensor(state["step"].item(), dtype=torch.float32)
            self.optimiser.state[parameter] = {"step": step, **own}
            first = part.stop
        self.losses = list(state["training_loss"].values)
        self.seconds = list(state["seconds"].values)


def network(parameters: np.ndarray, n_features: int, settings: SequenceSettings) -> Prolongation:
    """The network of these parameters (parameter,), in evaluation mode."""
    made = Prolongation(n_features, settings.n_hidden, settings.dropout)
    flat = torch.from_numpy(np.array(parameters, np.float32))
    with torch.no_grad():
        vector_to_parameters(flat, made.parameters())
    return made.eval()


def compile_kernels(settings: SequenceSettings) -> Kernels:
    """The two functions of a day compiled for the batches of these settings."""
    for_ahead, for_back = examples(settings.batch, settings.n_hidden)
    return Kernels(compiled(ahead, for_ahead), compiled(back, for_back))
