"""Freed memory stays with the process."""

import resource

import torch

from soilbook.training.memory import give_back_free_memory, keep_freed_memory

PAGE = resource.getpagesize()


def test_memory_taken_again_is_not_asked_of_the_system_again():
    keep_freed_memory()
    n_bytes = 16 * 2**20
    torch.ones(n_bytes // 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(n_bytes // 4)
    asked = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * PAGE
    assert asked < 10 * n_bytes  # without it, each of the twenty asks for all its pages


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def test_holes_between_blocks_in_use_go_back_to_the_system():
    keep_freed_memory()
    blocks = [torch.ones(2**18) for _ in range(200)]  # 1 MB each
    full = resident()
    kept = blocks[::2]
    del blocks
    give_back_free_memory()
    assert resident() < full - 60 * 2**20
    assert float(sum(block.sum() for block in kept)) == 100 * 2**18
