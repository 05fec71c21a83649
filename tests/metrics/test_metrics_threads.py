"""Statistics are the same to the byte with any number of threads."""

import os
import subprocess
import sys

MAKE = """
import numpy as np
from soilbook.metrics import bootstrap, collocation
from soilbook.metrics.trends import steps

def show(name, *arrays):
    print(name, *(array.tobytes().hex() for array in arrays))

random = np.random.default_rng(0)
o, p, q = random.normal(size=(7, 1001)) + 0.5 * random.normal(size=(3, 7, 1001))
show("resample", bootstrap.resample(o, p, length=20).replicates)
found = collocation.collocation_intervals(o, p, q, length=20)
show("intervals", found.error.low, found.error.high, found.r_truth.low, found.r_truth.high)
found = collocation.triple_collocation(o, p, q)
show("collocation", found.error_variance, found.r_truth)
time = np.arange("2000-01-01", "2010-01-01", dtype="M8[D]")
show("steps", steps(random.normal(size=(300, time.size)), time, "month"))
"""


def test_the_number_of_threads_changes_nothing():
    made = []
    for threads in ("1", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        found = subprocess.run(
            [sys.executable, "-c", MAKE], env=environment, capture_output=True, text=True
        )
        assert found.returncode == 0, found.stderr
        made.append(dict(line.split(" ", 1) for line in found.stdout.splitlines()))
    assert len(made[0]) == 4
    assert [name for name in made[0] if len({one[name] for one in made}) > 1] == []
