"""Training of the LSTM of study 2 on random instances: one network, or an ensemble of them."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import joblib
import xarray as xr
from torch import nn

from soilbook import fingerprint, progress
from soilbook.errors import ParameterError
from soilbook.training.sequence_run import Run
from soilbook.training.sequence_settings import SequenceSettings
from soilbook.training.sequences import Sequences
from soilbook.training.workers import one_thread, side_by_side

PARTS = 4  # of a training, after each of which its state is kept
# Days of instances of all trainings above which starting workers, 10 s, takes less time than they
# save.
LEAST_SHARED = 3_000_000


def train_sequences(
    sequences: Sequences,
    settings: Sequence[SequenceSettings],
    store=None,
    workers: int | None = None,
    compile_: bool | None = None,
) -> xr.Dataset:
    """Train one network for each of ``settings``, which differ in nothing but the seed.

    ``store`` keeps finished networks, and the state of an unfinished one after each quarter, by
    settings, device, the instances themselves and the code of the training. Where it pays,
    networks train side by side, one a core, with compiled functions. Returns ``parameters``
    (network, parameter), ``training_loss`` (network, epoch; eq 9, of scaled moisture) and
    ``seconds`` (network, epoch), with coordinate ``seed``. ParameterError for no settings, or such
    as differ in more.
    """
    if not settings:
        raise ParameterError("no network to train; allowed: at least one")
    if len({replace(one, seed=0) for one in settings}) > 1:
        raise ParameterError("networks of one ensemble may differ in their seed alone")
    if workers is None:
        days = sum(one.days(len(sequences.observed), sequences.n_days) for one in settings)
        on_cpu = sequences.x.device.type == "cpu"
        workers = joblib.cpu_count() if on_cpu and days >= LEAST_SHARED else 1
    common = {"sequences": sequences, "store": store, "compile_": compile_}
    jobs = {i: {"settings": one, **common} for i, one in enumerate(settings)}
    done = {}
    with progress.bar(sum(one.epochs for one in settings), "LSTM", "epoch") as bar:
        if min(workers, len(jobs)) > 1:
            done.update(side_by_side(train_one, jobs, workers, bar.update))
        else:
            for i, job in jobs.items():
                with one_thread():
                    done[i] = train_one(**job, tell=bar.update)
    result = xr.concat([done[i] for i in jobs], "network")
    return result.assign_coords(seed=("network", [one.seed for one in settings]))


def train_one(
    sequences: Sequences,
    settings: SequenceSettings,
    store=None,
    compile_: bool | None = None,
    tell: Callable[[int], None] = lambda n: None,
    look: Callable[[int, nn.Module], None] | None = None,
) -> xr.Dataset:
    """One network of ``train_sequences``, on the threads that torch has.

    ``tell`` hears how many epochs were finished; ``look`` is called after each with its number,
    from 1, and the network that would be kept.
    """
    name = {
        "kind": "trained sequence network",
        "settings": settings,
        "data": sequences.fingerprint if store else None,
        "device": sequences.x.device.type,
        "code": fingerprint.of_code(train_one),
    }
    with store.alone(name) if store else nullcontext():
        found = store.get(name) if store else None
        if found is not None:
            tell(settings.epochs)
            return found
        run = Run(sequences, settings, compile_)
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
