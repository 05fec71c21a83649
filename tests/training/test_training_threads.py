"""Trainers and classical models are the same to the byte with any number of threads."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
# Of these sizes, four threads change the sequences' network unless the trainer holds torch to one,
# and the ELM unless it holds BLAS to one.
MAKE = """
import sys
from functools import partial
import numpy as np
import torch
sys.path.insert(0, sys.argv[2])
from samples import make_site
from soilbook.models import MACHINE_LEARNING, NETWORKS
from soilbook.training import Settings, Task, train
from soilbook.training.sequence_trainer import SequenceSettings, train_sequences
from soilbook.training.sequences import Sequences
from soilbook.training.windows import series

torch.set_num_threads(int(sys.argv[1]))

def show(name, *arrays):
    print(name, *(np.asarray(array).tobytes().hex() for array in arrays))

sites = [series(make_site(400, i, f"site {i}"), 0.05) for i in range(8)]
short = Settings(epochs=2, first_choice=1, batches_per_epoch=4)
for name in ("LSTM", "Transformer", "GAN-LSTM"):
    found = train(partial(NETWORKS[name], 4), [Task(one, name) for one in sites], short)
    show(name, found["parameters"], found["training_loss"], found["validation_mse"])
random = np.random.default_rng(0)
x, y = random.normal(size=(30, 240, 20)), random.normal(size=(30, 240))
sequences = Sequences.of(x.astype("f4"), y.astype("f4"))
settings = SequenceSettings(n_hidden=8, length=120, batch=100, epochs=2)
found = train_sequences(sequences, [settings], workers=1)
show("sequences", found["parameters"], found["training_loss"])
x, y = random.normal(size=(30_000, 12)), random.normal(size=30_000)
for name, n in (("RF", 300), ("SVR", 300), ("ELM", 30_000)):
    show(name, MACHINE_LEARNING[name](0).fit(x[:n], y[:n]).predict(x[:n]))
"""


def test_the_number_of_threads_changes_nothing():
    made = []
    for threads in ("1", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        found = subprocess.run(
            [sys.executable, "-c", MAKE, threads, HERE],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stderr
        made.append(dict(line.split(" ", 1) for line in found.stdout.splitlines()))
    assert len(made[0]) == 7
    assert [name for name in made[0] if len({one[name] for one in made}) > 1] == []
