"""Which device a name means: the one rule, whoever asks."""

import re

from soilbook.errors import DeviceError, unknown

ALLOWED = ("auto", "cpu", "cuda", "cuda:N")
NAME = re.compile(r"auto|cpu|cuda(?::(0|[1-9][0-9]*))?")


def find(name: str) -> str:
    """``cpu``, ``cuda`` (the current GPU) or ``cuda:N`` (from 0); ``auto`` is cuda where there is a
    GPU, else cpu.

    Raises ParameterError for what is no name of a device, before PyTorch is loaded, and DeviceError
    for a GPU that is not there.
    """
    asked = NAME.fullmatch(str(name))
    if asked is None:
        raise unknown("device", name, ALLOWED)
    if name == "cpu":
        return name
    import torch

    there = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if there else "cpu"
    if not there or int(asked[1] or 0) >= max(1, torch.cuda.device_count()):
        numbered = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        allowed = ", ".join(["auto", "cpu", *(["cuda", *numbered] if there else [])])
        raise DeviceError(f"device {name!r} is not there; allowed here: {allowed}")
    return name
