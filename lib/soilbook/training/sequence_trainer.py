"""Training of the LSTM of study 2 on random instances, one network or an ensemble, and prediction.

Section II-B of Fang et al. (2019), doi:10.1109/TGRS.2018.2872131.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Annotated, Literal

import numpy as np
import torch
import xarray as xr
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, vector_to_parameters

from soilbook import costs, fingerprint, progress
from soilbook.errors import ParameterError
from soilbook.models.prolongation import Prolongation, draw_masks
from soilbook.settings import Checked
from soilbook.training.fast import at_hand, run_all
from soilbook.training.sequences import Sequences, batches, masked_loss
from soilbook.training.windows import Count, seed_of

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
KIND = "LSTM of SMAP"
PARTS = 4  # of a training, after each of which its state is kept
# Days of instances of all trainings above which starting workers, 10 s, takes less time than they
# save.
LEAST_SHARED = 3_000_000
# In the first steps the moving mean is the mean of all steps so far, or of the last tenth.
WARM_UP = 10
PLACES = 100  # predicted at once


class SequenceSettings(Checked):
    """Training by random instances of ``length`` days (the paper's rho), ``batch`` at a time.

    An epoch sees as many days as the record has. ``adadelta`` is the paper's optimiser (Zeiler
    2012, arXiv:1212.5701) with a learning rate of 1; with ``adam`` the ``rate`` falls along half a
    cosine to ``last_rate`` of itself. Gradients longer than ``clip`` are shortened to it. With
    ``averaging`` above 0 the network kept is the moving mean of those of all steps, each step
    having the weight 1 - averaging. The paper states neither n_hidden, length, batch nor epochs.
    """

    n_hidden: Count = 64
    dropout: Share = 0.1
    length: Count = 60
    batch: Count = 100
    epochs: Count = 60
    optimiser: Literal["adadelta", "adam"] = "adam"
    rate: Positive = 0.01
    last_rate: Positive = 0.05
    clip: Positive = 1.0
    averaging: Share = 0.0
    seed: int = 0

    def steps_per_epoch(self, n_places: int, n_days: int) -> int:
        """Batches that hold as many days as the record of ``n_places`` has."""
        return math.ceil(n_places * n_days / (self.batch * self.length))

    def days(self, n_places: int, n_days: int) -> int:
        """Days of instances that a whole training sees."""
        return self.epochs * self.steps_per_epoch(n_places, n_days) * self.batch * self.length

    def make_optimiser(self, network: nn.Module) -> torch.optim.Optimizer:
        """The optimiser of a network's parameters."""
        if self.optimiser == "adadelta":
            return torch.optim.Adadelta(network.parameters(), lr=1.0)
        return torch.optim.Adam(network.parameters(), lr=self.rate)

    def rate_at(self, progress: float) -> float:
        """Learning rate when this share, 0 to 1, of the training is done."""
        if self.optimiser == "adadelta":
            return 1.0
        fall = (1 + math.cos(math.pi * progress)) / 2
        return self.rate * (self.last_rate + (1 - self.last_rate) * fall)


def train_sequences(
    sequences: Sequences,
    settings: Sequence[SequenceSettings],
    store=None,
    workers: int | None = None,
) -> xr.Dataset:
    """Train one network for each of ``settings``, which differ in nothing but the seed.

    ``store`` keeps finished networks, and the state of an unfinished one after each quarter, by
    settings, device, the instances themselves and the code of the training. Where it pays,
    networks train side by side, one a core. Returns ``parameters`` (network, parameter),
    ``training_loss`` (network, epoch; eq 9, of scaled moisture) and ``seconds`` (network, epoch),
    with coordinate ``seed``. ParameterError for no settings, or such as differ in more.
    """
    if not settings:
        raise ParameterError("no network to train; allowed: at least one")
    if len({one.but(seed=0) for one in settings}) > 1:
        raise ParameterError("networks of one ensemble may differ in their seed alone")
    days = [one.days(len(sequences.observed), sequences.n_days) for one in settings]
    device = sequences.x.device.type
    if workers is None:
        workers = at_hand() if device == "cpu" and sum(days) >= LEAST_SHARED else 1
    keys = [_key(sequences, one, store) for one in settings]
    new = [i for i, key in enumerate(keys) if not (store and store.has(key))]
    n_days = sum(days[i] for i in new)
    work = costs.Work(KIND, len(settings), len(new), n_days, device, workers)
    common = {"sequences": sequences, "store": store}
    jobs = {i: {"settings": one, **common} for i, one in enumerate(settings)}
    watched = progress.bar(sum(one.epochs for one in settings), KIND, "epoch")
    with costs.training(work, {"networks": keys}, store) as timed, watched as bar:
        done = dict(run_all(train_one, jobs, workers, timed(bar.update)))
    for i in new:
        if store and not store.has(keys[i]):  # the worker that trained it has another store
            store.put(keys[i], done[i])
    result = xr.concat([done[i] for i in jobs], "network")
    return result.assign_coords(seed=("network", [one.seed for one in settings]))


def train_one(
    sequences: Sequences,
    settings: SequenceSettings,
    store=None,
    tell: Callable[[int], None] = lambda n: None,
    look: Callable[[int, nn.Module], None] | None = None,
) -> xr.Dataset:
    """One network of ``train_sequences``, on the threads that torch has.

    ``train_sequences`` holds torch to one thread. Called directly with four, parameters were off by
    up to 6e-6 from those of one.

    ``tell`` hears how many epochs were finished; ``look`` is called after each with its number,
    from 1, and the network that would be kept.
    """
    name = _key(sequences, settings, store)
    with store.alone(name) if store else nullcontext():
        found = store.get(name) if store else None
        if found is not None:
            tell(settings.epochs)
            return found
        run = Run(sequences, settings)
        stops = {settings.epochs * part // PARTS for part in range(1, PARTS)} - {0}
        for done in sorted(stops, reverse=True):
            state = store.get({**name, "epochs_done": done}) if store else None
            if state is not None:
                run.restore(state)
                tell(done)
                break
        while len(run.losses) < settings.epochs:
            run.epoch()
            done = len(run.losses)
            tell(1)
            if look is not None:
                look(done, run.kept())
            if store and done in stops:
                store.put({**name, "epochs_done": done}, run.state())
        result = run.result()
        if store:
            store.put(name, result)
        return result


def _key(sequences: Sequences, settings: SequenceSettings, store) -> dict:
    return {
        "kind": "trained sequence network",
        "settings": settings,
        "data": sequences.fingerprint if store else None,
        "device": sequences.x.device.type,
        "code": fingerprint.of_code(train_one),
    }


class Run:
    """Training that goes on epoch by epoch and can be taken up again at any of them. Start,
    instances and masks follow from the seed and the number of the epoch."""

    def __init__(self, sequences: Sequences, settings: SequenceSettings):
        self.sequences, self.settings = sequences, settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("start", settings.seed))
            made = Prolongation(sequences.x.shape[2], settings.n_hidden, settings.dropout)
        self.network = made.to(sequences.x.device)
        self.optimiser = settings.make_optimiser(self.network)
        self.mean = self._latest().clone()
        self.n_steps = settings.steps_per_epoch(len(sequences.observed), sequences.n_days)
        self.losses, self.seconds = [], []

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
            masks = draw_masks(len(x), settings.n_hidden, settings.dropout, generator, device)
            loss = masked_loss(network(x, masks), y)
            self.optimiser.zero_grad()
            loss.backward()
            clip_grad_norm_(network.parameters(), settings.clip)
            self.optimiser.step()
            weight = max(1 - settings.averaging, WARM_UP / (step + WARM_UP))
            self.mean.lerp_(self._latest(), weight)
            total += loss.detach()
        self.losses.append(float(total) / self.n_steps)
        self.seconds.append(time.perf_counter() - began)

    def _latest(self) -> Tensor:
        return parameters_to_vector(self.network.parameters()).detach()

    def kept(self) -> Prolongation:
        """The network that would be kept now, in evaluation mode."""
        return network(self.mean.cpu().numpy(), self.sequences.x.shape[2], self.settings)

    def result(self) -> xr.Dataset:
        """Parameters kept and history of the epochs, see ``train_sequences``."""
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
        states = [self.optimiser.state[p] for p in self.network.parameters()]
        flat = {
            f"optimiser_{name}": torch.cat([one[name].flatten() for one in states])
            for name in states[0]
            if name != "step"
        } | {"latest": self._latest()}
        now = self.result().assign({k: ("parameter", v.cpu().numpy()) for k, v in flat.items()})
        return now.assign(step=float(states[0]["step"]))

    def restore(self, state: xr.Dataset) -> None:
        """Go on from a state."""
        device, parameters = self.sequences.x.device, list(self.network.parameters())

        def tensor(name):
            return torch.from_numpy(state[name].values.copy()).to(device)

        self.mean = tensor("parameters")
        with torch.no_grad():
            vector_to_parameters(tensor("latest"), parameters)
        for parameter in parameters:
            step = torch.tensor(state["step"].item(), dtype=torch.float32)
            self.optimiser.state[parameter] = {"step": step}
        for name in map(str, state):
            if name.startswith("optimiser_"):
                parts = tensor(name).split([p.numel() for p in parameters])
                for parameter, part in zip(parameters, parts, strict=True):
                    own = part.view_as(parameter)
                    self.optimiser.state[parameter][name.removeprefix("optimiser_")] = own
        self.losses = list(state["training_loss"].values)
        self.seconds = list(state["seconds"].values)


def network(parameters: np.ndarray, n_features: int, settings: SequenceSettings) -> Prolongation:
    """The network of these parameters (parameter,), in evaluation mode."""
    made = Prolongation(n_features, settings.n_hidden, settings.dropout)
    flat = torch.from_numpy(np.array(parameters, np.float32))
    with torch.no_grad():
        vector_to_parameters(flat, made.parameters())
    return made.eval()


def predict(
    trained: xr.Dataset,
    settings: SequenceSettings,
    scaling: xr.Dataset,
    x: np.ndarray,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Moisture (network, place, day), m3 m-3, of inputs ``x`` (place, day, feature).

    ``trained`` as ``train_sequences`` returns it, ``scaling`` that of the inputs. The memory starts
    empty on the first day: let it run for some months before the days that count.
    """
    networks = [network(flat, x.shape[2], settings) for flat in trained["parameters"].values]
    return np.stack([moisture_of(one, scaling, x, device) for one in networks])


def moisture_of(
    made: Prolongation, scaling: xr.Dataset, x: np.ndarray, device: torch.device | str = "cpu"
) -> np.ndarray:
    """Moisture (place, day), m3 m-3, of one network in evaluation mode; see ``predict``."""
    made = made.to(device)
    with torch.no_grad():
        parts = [made(part).cpu() for part in _parts(x, device)]
    return _moisture(torch.cat(parts).numpy(), scaling)


def monte_carlo(
    made: Prolongation,
    scaling: xr.Dataset,
    x: np.ndarray,
    n_draws: int = 50,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> np.ndarray:
    """Moisture (draw, place, day), m3 m-3, with dropout left on: masks are drawn for every place
    and stay for all its days. Mean and spread over draws are Monte-Carlo dropout's prediction and
    its model uncertainty (Gal and Ghahramani 2016, arXiv:1506.02142).

    ParameterError for fewer than two draws, or for a network without dropout.
    """
    if n_draws < 2:
        raise ParameterError(f"n_draws is {n_draws}; allowed: 2 or more")
    if made.dropout_rate == 0:
        raise ParameterError("a network without dropout has nothing to draw; allowed: above 0")
    made = made.to(device)
    draws = []
    for draw in range(n_draws):
        generator = torch.Generator().manual_seed(seed_of("monte carlo", seed, draw))
        parts = []
        for part in _parts(x, device):
            masks = draw_masks(len(part), made.n_hidden, made.dropout_rate, generator, device)
            with torch.no_grad():
                parts.append(made(part, masks).cpu())
        draws.append(torch.cat(parts).numpy())
    return _moisture(np.stack(draws), scaling)


def _parts(x: np.ndarray, device: torch.device | str) -> Iterator[Tensor]:
    for first in range(0, len(x), PLACES):
        yield torch.from_numpy(x[first : first + PLACES]).to(device)


def _moisture(scaled: np.ndarray, scaling: xr.Dataset) -> np.ndarray:
    return scaled * scaling["target_deviation"].item() + scaling["target_mean"].item()
