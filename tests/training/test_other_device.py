"""Training on a device other than the processor, with torch's "meta" in the place of a GPU: it has
no values, so whatever asks for one, or mixes tensors of both, fails."""

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from soilbook.models import NETWORKS
from soilbook.training import Settings, Task
from soilbook.training.ensemble import train_shard
from soilbook.training.sequence_trainer import Run, SequenceSettings
from soilbook.training.sequences import Sequences

META = torch.device("meta")


class Watch(TorchDispatchMode):
    """Notes the types of all that is made on the device, and the largest tensor sent to it."""

    def __init__(self):
        super().__init__()
        self.types, self.sent = set(), 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        if isinstance(result, torch.Tensor) and result.device == META:
            self.types.add(result.dtype)
            source = arguments[0] if arguments else None
            if isinstance(source, torch.Tensor) and source.device != META:
                self.sent = max(self.sent, source.numel())
        return result


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_step_of_a_network_waits_for_the_device_or_sends_it_its_batches(name, variant, several):
    settings = Settings(epochs=2, first_choice=2, batches_per_epoch=2, batch=10, variant=variant)
    tasks, told = [Task(one, name) for one in several], []
    make = partial(NETWORKS[name], 4, variant=variant)

    def tell(n: int) -> None:
        told.append(n)
        watch.sent = 0  # what is sent before the first epoch is the data

    with Watch() as watch, pytest.raises(NotImplementedError, match="no data"):
        train_shard(make, tasks, settings, META, tell=tell)
    assert told == [3 * 2] * 2  # it got to the end, where the result is fetched
    assert torch.float64 not in watch.types
    assert watch.sent <= 2 * 4 * 2  # an epoch's learning rates: steps x turns x 2


@pytest.mark.parametrize("optimiser", ["adam", "adadelta"])
def test_no_step_of_the_sequence_trainer_waits_for_the_device(sequences, optimiser, monkeypatch):
    # Looked up at the beginning of an epoch.
    monkeypatch.setattr(Sequences, "observed", torch.arange(6, device=META))
    there = Sequences(sequences.x.to(META), sequences.y.to(META))
    settings = SequenceSettings(n_hidden=8, length=20, batch=6, epochs=2, optimiser=optimiser)
    run = Run(there, settings)
    with Watch() as watch, pytest.raises(RuntimeError, match="meta tensors"):
        run.epoch()  # at its end the mean loss is fetched
    steps = {float(state["step"]) for state in run.optimiser.state.values()}
    assert steps == {run.n_steps}
    assert torch.float64 not in watch.types
