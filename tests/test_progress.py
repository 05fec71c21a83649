"""The bar shows where somebody watches, and nowhere else."""

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from soilbook import progress

PROGRAM = (
    "import time\n"
    "from soilbook.progress import bar\n"
    "with bar(3, 'training', 'network') as shown:\n"
    "    for _ in range(3):\n"
    "        time.sleep(0.15)\n"
    "        shown.update(1)\n"
)


@pytest.fixture
def terminal():
    """Our end and the name of a terminal of 90 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def drawn(ours: int) -> str:
    os.set_blocking(ours, False)
    try:
        return os.read(ours, 100_000).decode()
    except BlockingIOError:
        return ""


def run(stderr, **environment) -> str:
    kept = {name: value for name, value in os.environ.items() if name != progress.VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stderr=stderr,
        stdout=subprocess.PIPE,
        env=kept | environment,
        check=True,
        start_new_session=True,
    )
    return done.stdout.decode() + (done.stderr or b"").decode()


def test_terminal_shows_rate_and_time_left(terminal):
    ours, theirs = terminal
    assert run(theirs) == ""
    text = drawn(ours)
    assert "training" in text and "3/3" in text and "network/s" in text and "<00:00" in text


@pytest.mark.parametrize("told", [True, False])
def test_a_terminal_that_tells_no_width_shows_it_too(terminal, told):
    ours, theirs = terminal
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    if told:
        run(subprocess.PIPE, SOILBOOK_PROGRESS=os.ttyname(theirs))
    else:
        run(theirs)
    assert "3/3" in drawn(ours)


def test_without_a_terminal_nothing_is_written():
    assert run(subprocess.PIPE) == ""


def test_off_wins_over_a_terminal(terminal):
    ours, theirs = terminal
    run(theirs, SOILBOOK_PROGRESS="off")
    assert drawn(ours) == ""


def test_kernel_draws_on_the_terminal_it_is_told(terminal):
    ours, theirs = terminal
    assert run(subprocess.PIPE, SOILBOOK_PROGRESS=os.ttyname(theirs)) == ""
    assert "3/3" in drawn(ours)


def test_terminal_that_is_gone_does_no_harm(tmp_path):
    assert run(subprocess.PIPE, SOILBOOK_PROGRESS=str(tmp_path / "gone")) == ""


def test_what_a_kernel_is_told(monkeypatch):
    monkeypatch.setenv(progress.VARIABLE, "off")
    assert progress.terminal_of_this_process() == "off"
    monkeypatch.delenv(progress.VARIABLE)
    monkeypatch.setattr(os, "ttyname", lambda handle: f"/dev/pts/{handle}")
    assert progress.terminal_of_this_process() == "/dev/pts/2"
    monkeypatch.undo()
    monkeypatch.delenv(progress.VARIABLE, raising=False)
    with open(os.devnull) as nowhere, monkeypatch.context() as patch:
        real = os.ttyname
        patch.setattr(os, "ttyname", lambda handle: real(nowhere.fileno()))
        assert progress.terminal_of_this_process() == "off"


@pytest.mark.parametrize(("answers", "shown"), [(True, True), (False, False)])
def test_notebook_shows_a_bar_only_if_somebody_looks(monkeypatch, capsys, answers, shown):
    """A front end that can answer questions is watched; papermill cannot answer."""

    class Kernel:
        _allow_stdin = answers

    class Shell:
        kernel = Kernel()

    import IPython

    monkeypatch.delenv(progress.VARIABLE, raising=False)
    monkeypatch.setattr(IPython, "get_ipython", lambda: Shell())
    with progress.bar(2, "training", "network") as drawn_bar:
        drawn_bar.update(2)
        assert drawn_bar.disable is not shown


@pytest.mark.parametrize("pauses", [(0,), (0, 200)])
def test_time_left_is_right_within_30_percent(monkeypatch, pauses):
    """Of a training whose workers compile for 20 s and then make a step in every tenth of a second,
    heard of twice a second; again before each further shard. Seen from 10 s after a pause on."""
    clock = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    monkeypatch.setattr(progress, "width", lambda stream: {})
    monkeypatch.delenv(progress.VARIABLE, raising=False)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    told, total = [], 400
    with progress.bar(total, "LSTM", "step") as bar:
        for done in range(0, total, 5):
            clock[0] += 20.5 if done in pauses else 0.5
            bar.update(5)
            state = bar.format_dict
            told.append((clock[0], done + 5, (total - state["n"]) / (state["rate"] or 1e-9)))
    end, counted = clock[0], 0
    for now, done, left in told:
        since = min(done - first for first in pauses if done > first)
        if since >= 100 and end - now > 5 and not any(first >= done for first in pauses):
            counted += 1
            assert left == pytest.approx(end - now, rel=0.3), (now, done)
    assert counted >= 5
