"""A progress bar with rate and time left, where somebody watches; nothing in a rendered book."""

import os
import sys
from contextlib import contextmanager

from tqdm import tqdm

SIZE = (80, 24)  # columns and rows of a terminal that does not say
VARIABLE = "SOILBOOK_PROGRESS"  # "off", or the terminal device to which a kernel writes its bar


@contextmanager
def bar(total: int, desc: str, unit: str = "it"):
    """Yield a bar with ``update(n)``: in the terminal, in a notebook one looks at, or nowhere.

    A notebook executed by ``soilbook run`` draws on the user's terminal, named by the environment.
    """
    options = {"total": total, "desc": desc, "unit": unit, "leave": False, "dynamic_ncols": True}
    target = os.environ.get(VARIABLE)
    terminal = None
    if target and target != "off":
        terminal = _open_terminal(target)
    if terminal is not None:
        with terminal, tqdm(file=terminal, **options | width(terminal)) as shown:
            yield shown
    elif target is None and _in_watched_notebook():
        from tqdm.auto import tqdm as notebook_tqdm

        options.pop("dynamic_ncols")
        with notebook_tqdm(**options) as shown:
            yield shown
    else:
        hidden = bool(target) or not sys.stderr.isatty()
        with tqdm(file=sys.stderr, disable=hidden, **options | width(sys.stderr)) as shown:
            yield shown


def width(stream) -> dict:
    """Size for a terminal that does not tell its own: tqdm would draw nothing there."""
    try:
        told = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return {}
    return {} if told else {"dynamic_ncols": False, "ncols": SIZE[0], "nrows": SIZE[1]}


def terminal_of_this_process() -> str:
    """What VARIABLE should tell a kernel: the terminal of standard error, or ``off``."""
    inherited = os.environ.get(VARIABLE)
    if inherited:
        return inherited
    try:
        return os.ttyname(2)
    except OSError:
        return "off"


def _open_terminal(device: str):
    try:
        # Without O_NOCTTY a kernel, which leads its own session, would take the terminal over.
        handle = os.open(device, os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        return None
    return os.fdopen(handle, "w")


def _in_watched_notebook() -> bool:
    """Whether this is a kernel whose front end can answer questions, so not papermill."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and getattr(kernel, "_allow_stdin", True)
