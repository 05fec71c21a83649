"""Train many small networks at once, sites x depths x repetitions, and forecast with them.

Networks train in shards of one size. A network's start, batches and choice of epoch come from its
own identity, so its result does not depend on which others train with it. In an iterated forecast,
section 4 of Wang et al. (2024), doi 10.5194/hess-28-917-2024, the predicted moisture is the next
day's input, the weather is the observed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from math import ceil

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from soilbook import costs, fingerprint, progress
from soilbook.device import find as find_device
from soilbook.errors import ParameterError
from soilbook.settings import CONVERGED, N_STEPS
from soilbook.training import fast
from soilbook.training.step import Stack, Update, judge, start
from soilbook.training.windows import N_LEADS, Series, Settings, ShardData, Sizes, Task

# Networks side by side. On a CPU 16 to 25 fit into the cache of a core and are the fastest.
LARGEST_SHARD = {"cpu": 25, "cuda": 4096}
# Steps of a network above which compiling, 10 to 20 s, and starting workers save more time than
# they take. What a step costs however few the networks is the work of about ten of them.
LEAST_COMPILED = 100_000
NETWORKS_OF_A_STEP = 10
DRAWN_AT_ONCE = 10_000  # batches; of 50 windows they take 4 MB


def train(
    make: Callable[[], nn.Module],
    tasks: Sequence[Task],
    settings: Settings,
    device: str = "cpu",
    store=None,
    workers: int | None = None,
    compile_: bool | None = None,
    shard_size: int | None = None,
    kind: str | None = None,
) -> xr.Dataset:
    """Train one network for each task, all of one architecture.

    ``make()`` gives an untrained module with a start drawn from torch's random state; a module
    with a ``discriminator`` trains as ``step.alternating`` says. ``store`` (a
    ``soilbook.store.Store``) keeps each finished shard under settings, identities, the windows
    themselves, and the code of the training and of ``make``. ``workers``, ``compile_`` and
    ``shard_size`` are chosen by the amount of work if None; ``kind`` is what ``costs`` calls the
    networks, by default their model.

    Returns ``parameters`` (network, parameter), those of lowest validation error;
    ``training_loss`` and ``validation_mse`` (network, epoch), of scaled moisture; ``best_epoch``
    (network), the one kept, from 1; ``convergence_epoch`` (network), see ``convergence_epoch``;
    ``seconds_per_100_epochs`` (network), the share of one network in the time of one core
    (processor seconds) or GPU. Raises DeviceError, and ParameterError for no tasks or unlike
    numbers of features or days of input.
    """
    chosen = torch.device(find_device(device))
    _check(tasks)
    days = tasks[0].series.n_steps
    longer = f", {days} days" if days != N_STEPS else ""
    large = settings.steps * (len(tasks) + NETWORKS_OF_A_STEP) >= LEAST_COMPILED
    if compile_ is None:
        compile_ = large and (chosen.type == "cuda" or fast.compiler_there())
    if workers is None:
        workers = fast.at_hand() if large else 1
    workers = 1 if chosen.type == "cuda" else workers
    size = shard_size or _shard_size(len(tasks), workers, LARGEST_SHARD[chosen.type])
    shards = [tasks[i : i + size] for i in range(0, len(tasks), size)]
    code = fingerprint.of_code(train, make)
    keys = [_key(code, settings, shard, chosen) for shard in shards]
    common = {
        "make": make, "settings": settings, "device": chosen, "compile_": compile_,
        "size": size, "sizes": Sizes.of(tasks),
    }  # fmt: skip
    whole = _key(code, settings, tasks, chosen)
    # Another process that wants the same networks waits for these.
    with store.alone(whole) if store else nullcontext():
        done = {i: one for i, k in enumerate(keys) if store and (one := store.get(k)) is not None}
        jobs = {i: {"tasks": shards[i], **common} for i in range(len(shards)) if i not in done}
        missing = sum(len(job["tasks"]) for job in jobs.values())
        n_steps = settings.steps * missing
        work = costs.Work(
            kind or tasks[0].model, len(tasks), missing, n_steps,
            f"{chosen.type}{', compiled' * compile_}{longer}", workers,
            _size(make, settings) * len(tasks),
        )  # fmt: skip
        watched = progress.bar(n_steps, work.kind, "step")
        with costs.training(work, whole, store) as timed, watched as bar:
            for i, result in fast.run_all(train_shard, jobs, workers, timed(bar.update)):
                if store:
                    store.put(keys[i], result)
                done[i] = result
    return xr.concat([done[i] for i in range(len(shards))], "network")


def _shard_size(n_tasks: int, workers: int, largest: int) -> int:
    """Shards as equal as can be, as many for each worker, none above the largest size. A network
    alone is off by 1e-7 from the same one in a stack: of several, none is alone."""
    n_shards = workers * ceil(n_tasks / (workers * largest))
    return max(ceil(n_tasks / n_shards), min(n_tasks, 2))


def _size(make: Callable[[], nn.Module], settings: Settings) -> int:
    """Bytes of what a network leaves: parameters and two numbers an epoch."""
    parameters = sum(p.numel() for p in Stack.of(make).template.parameters())
    return 4 * (parameters + 2 * settings.epochs)


def _check(tasks: Sequence[Task]) -> None:
    if not tasks:
        raise ParameterError("no network to train; allowed: at least one site and depth")
    for name, what in (("n_features", "features"), ("n_steps", "days of input")):
        kinds = {getattr(task.series, name): task for task in tasks}
        if len(kinds) > 1:
            raise ParameterError(
                f"sites of unlike numbers of {what} cannot train together: "
                + ", ".join(f"{task.series.site} has {n}" for n, task in sorted(kinds.items()))
            )


def _key(code: str, settings: Settings, shard: Sequence[Task], device: torch.device) -> dict:
    return {
        "kind": "trained networks",
        "code": code,
        "data": [task.series.fingerprint for task in shard],
        "settings": settings,
        "networks": [task.identity for task in shard],
        "device": device.type,
    }


def train_shard(
    make: Callable[[], nn.Module],
    tasks: Sequence[Task],
    settings: Settings,
    device: torch.device,
    compile_: bool = False,
    size: int | None = None,
    sizes: Sizes | None = None,
    tell: Callable[[int], None] = lambda n: None,
) -> xr.Dataset:
    """Train the networks of one shard, from start to the models kept; see ``train``. The shard is
    filled with copies of its first network up to ``size``. ``tell`` hears after every epoch how
    many steps of a network were made."""
    filled = [*tasks, *[tasks[0]] * ((size or len(tasks)) - len(tasks))]
    data = ShardData(filled, sizes or Sizes.of(tasks), device)
    stack = Stack.of(make, settings.target, data.n_steps).to(device)
    rule = Update.of(stack, settings.rate, settings.variant)
    flat = torch.stack([start(make, task.number) for task in filled]).to(device)
    state = (flat, torch.zeros_like(flat), torch.zeros_like(flat))
    series = (data.rows, data.target)
    with torch.no_grad():
        update, error = rule.function, judge(stack)
        if compile_ and not getattr(stack.template, "one_at_a_time", False):
            first = rule.scales(0, 1, device)[0], *series, data.training(range(1), settings)[0, 0]
            judged = flat, *series, *data.validation(0, settings)
            update, error = fast.compiled((update, (*state, *first)), (error, judged))
        keeper = _Keeper(flat, settings)
        # On a CPU the processor's seconds, which other work on the machine does not lengthen.
        clock = time.process_time if device.type == "cpu" else time.perf_counter
        began = clock()
        for epoch, batches in _epochs(data, settings, len(filled)):
            losses = []
            n = settings.batches_per_epoch
            for scale, starts in zip(rule.scales(epoch * n, n, device), batches, strict=True):
                *state, loss = update(*state, scale, *series, starts)
                losses.append(loss)
            mse = error(state[0], *series, *data.validation(epoch, settings))
            keeper.look(state[0], torch.stack(losses).mean(0), mse)
            tell(len(tasks) * n)
        result = keeper.result(len(tasks))
    seconds = clock() - began
    each = np.full(len(tasks), seconds * 100 / settings.epochs / len(filled))
    return result.assign(seconds_per_100_epochs=("network", each))


def _epochs(data: ShardData, settings: Settings, n_networks: int) -> Iterator[tuple[int, Tensor]]:
    """Yield (epoch from 0, its batches), drawn for as many epochs at once as take little memory."""
    block = max(1, DRAWN_AT_ONCE // (n_networks * settings.batches_per_epoch))
    for first in range(0, settings.epochs, block):
        epochs = range(first, min(first + block, settings.epochs))
        yield from zip(epochs, data.training(epochs, settings), strict=True)


class _Keeper:
    """Keeps the history of each network and its parameters of lowest validation error."""

    def __init__(self, flat: Tensor, settings: Settings):
        self.first_choice = settings.first_choice
        self.best = flat
        self.best_mse = torch.full((len(flat),), torch.inf, device=flat.device)
        self.best_epoch = torch.zeros(len(flat), dtype=torch.int64, device=flat.device)
        # Small tensors kept one by one would lie between large ones that are freed, and pin these.
        self.history = torch.empty((2, settings.epochs, len(flat)), device=flat.device)
        self.epoch = 0

    def look(self, flat: Tensor, loss: Tensor, mse: Tensor) -> None:
        """Take the next epoch's parameters, training loss and validation error."""
        self.history[:, self.epoch] = torch.stack((loss, mse))
        self.epoch += 1
        if self.epoch >= self.first_choice:
            better = mse < self.best_mse
            self.best = torch.where(better.unsqueeze(1), flat, self.best)
            self.best_mse = torch.where(better, mse, self.best_mse)
            self.best_epoch = torch.where(better, self.epoch, self.best_epoch)

    def result(self, n: int) -> xr.Dataset:
        """The first n networks."""
        losses, mses = self.history.mT[:, :n].cpu().numpy()
        return xr.Dataset(
            {
                "parameters": (("network", "parameter"), self.best[:n].cpu().numpy()),
                "training_loss": (("network", "epoch"), losses),
                "validation_mse": (("network", "epoch"), mses),
                "best_epoch": ("network", self.best_epoch[:n].cpu().numpy()),
                "convergence_epoch": ("network", convergence_epoch(mses)),
            },
            coords={"epoch": np.arange(1, mses.shape[1] + 1)},
        )


def convergence_epoch(mses: np.ndarray) -> np.ndarray:
    """The first epoch, from 1, at which the validation error is within CONVERGED of its minimum
    over the whole training: (network, epoch) -> (network,). The epoch kept is this or a later one.
    """
    reached = mses <= (1 + CONVERGED) * np.nanmin(mses, 1, keepdims=True)
    return reached.argmax(1) + 1


def load_module(make: Callable[[], nn.Module], row) -> nn.Module:
    """A module with the parameters of one trained network, a row of ``train``'s ``parameters``."""
    stack = Stack.of(make)
    named = stack.named(torch.as_tensor(np.array(row)))
    stack.template.load_state_dict(named, strict=False)  # buffers are not among the parameters
    return stack.template.eval()


def iterate(predict: Callable[[Tensor], Tensor], one: Series) -> np.ndarray:
    """Forecasts of one model from every test sample, (sample, lead 1..7), m3 m-3.

    ``predict`` maps (sample, step, feature) to scaled moisture (sample,).
    """
    starts = torch.from_numpy(one.starts["test"]).unsqueeze(0)
    rows = torch.from_numpy(np.nan_to_num(one.x)).unsqueeze(0)
    moisture = _iterate(lambda window: predict(window[0]).unsqueeze(0), rows, starts, one.n_steps)
    return one.unscale(moisture[0].double().numpy())


def iterate_ensemble(
    make: Callable[[], nn.Module],
    parameters: np.ndarray,
    series: Sequence[Series],
    target: str = "value",
    device: str = "cpu",
    chunk: int = 25,
) -> list[np.ndarray]:
    """Forecasts of trained networks, each on its own series: (sample, lead) in m3 m-3 for each.

    ``parameters`` (network, parameter) and ``series`` in the same order; ``chunk`` networks are
    worked out at once.
    """
    stack = Stack.of(make, target).to(device)
    predict = stack.each(lambda flat, x: stack.predict(stack.named(flat), x))
    forecasts = []
    for first in range(0, len(series), chunk):
        part = series[first : first + chunk]
        starts = _filled([torch.from_numpy(one.starts["test"]) for one in part]).to(device)
        rows = _filled([torch.from_numpy(np.nan_to_num(one.x)) for one in part]).to(device)
        flat = torch.as_tensor(np.array(parameters[first : first + chunk])).to(device)
        with torch.no_grad():
            moisture = _iterate(
                lambda window, flat=flat: predict(flat, window), rows, starts, part[0].n_steps
            )
        for one, values in zip(part, moisture.cpu().double().numpy(), strict=True):
            forecasts.append(one.unscale(values[: len(one.starts["test"])]))
    return forecasts


def _filled(tensors: list[Tensor]) -> Tensor:
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True)


def _iterate(
    predict: Callable[[Tensor], Tensor], rows: Tensor, starts: Tensor, n_steps: int
) -> Tensor:
    """(network, sample, lead) of scaled moisture; rows (network, row, feature), starts (network,
    sample) and ``n_steps`` as ``windows.Series`` has them."""
    network = torch.arange(len(rows), device=rows.device).unsqueeze(1)
    steps = torch.arange(1, n_steps + 1, device=rows.device)
    window = rows[network.unsqueeze(2), starts.unsqueeze(2) + steps]
    forecasts = [predict(window)]
    for lead in range(1, N_LEADS):
        tomorrow = rows[network, starts + n_steps + lead]
        tomorrow = torch.cat((tomorrow[..., :-1], forecasts[-1].unsqueeze(2)), dim=2)
        window = torch.cat((window[:, :, 1:], tomorrow.unsqueeze(2)), dim=2)
        forecasts.append(predict(window))
    return torch.stack(forecasts, dim=2)
