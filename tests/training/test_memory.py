"""Freed memory stays with the process."""

import resource

import torch

from soilbook.training.memory import keep_freed_memory

PAGE = resource.getpagesize()


def test_memory_taken_again_is_not_asked_of_the_system_again():
    keep_freed_memory()
    n_bytes = 16 * 2**20
    torch.ones(n_bytes // 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(n_bytes // 4)
    asked = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * PAGE
    assert asked < 3 * n_bytes  # without it, each of the twenty asks for all its pages
