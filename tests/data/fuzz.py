"""Damage small valid files at random: a reader refuses them in one line or reads the rest alike.

``python tests/data/fuzz.py 1000 [READER ...]`` damages the files of each reader 1,000 times, in
a process of its own, and prints how the readers answered. A mutation is known by reader and number.

A cell of which no line was touched must keep its values, unless the reader refuses the file; no
value may lie outside its variable's range; no answer may take longer than ``SLOWEST``.
"""

import contextlib
import difflib
import faulthandler
import multiprocessing
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import damage
import numpy as np
from valid import EVERYTHING, READERS

from soilbook.errors import SoilbookError

SLOWEST = 10  # s of the processor, which other work on the machine does not lengthen


def lines_of(content: bytes) -> list[str]:
    text = content.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class Valid:
    """The small valid files of a reader in a folder, and what they hold."""

    def __init__(self, name: str, folder: Path):
        self.name, self.reader, self.folder = name, READERS[name], folder
        self.paths = self.reader.write(folder)
        self.others = set(folder.rglob("*"))
        self.contents = [path.read_bytes() for path in self.paths]
        self.cells = self.reader.read(folder)

    def check(self, number: int) -> tuple[str, str]:
        """Damage one file and read; ("refused" | "read" | "wrong", what came out)."""
        chance = random.Random(f"{self.name} {number}")
        path = chance.choice(self.paths)
        content = self.contents[self.paths.index(path)]
        faulthandler.dump_traceback_later(30 * SLOWEST, exit=True, file=sys.__stderr__)
        try:
            if chance.random() < 0.03:
                protected = self._renamed(chance, path)
            else:
                protected = self._damage(chance, path, content)
            begin = time.process_time()
            answer = self._answer(protected)
            took = time.process_time() - begin
            return ("wrong", f"took {took:.0f} s") if took > SLOWEST else answer
        finally:
            faulthandler.cancel_dump_traceback_later()
            for other in set(path.parent.iterdir()) - set(self.paths) - self.others:
                other.unlink()
            path.write_bytes(content)

    def _answer(self, protected: set) -> tuple[str, str]:
        try:
            cells = self.reader.read(self.folder)
        except SoilbookError as error:
            return ("wrong" if len(str(error).splitlines()) > 1 else "refused"), str(error)
        except Exception as error:
            steps = traceback.extract_tb(error.__traceback__)[-4:]
            where = " ".join(f"{Path(one.filename).name}:{one.lineno}" for one in steps)
            return "wrong", f"{type(error).__name__}: {error} ({where})"
        for cell in protected:
            if cell not in cells and not self.reader.may_lose:
                return "wrong", f"{cell} is gone"
            if cell in cells and not np.array_equal(cells[cell], self.cells[cell], equal_nan=True):
                return "wrong", f"{cell}: {self.cells[cell]} became {cells[cell]}"
        return "read", ""

    def _renamed(self, chance: random.Random, path: Path) -> set:
        """Rename the file in one place; nothing of it need stay."""
        name = damage.text(chance, path.name.encode()).decode(errors="replace")
        name = "".join(one for one in name if one.isprintable() and one != "/")[:60] or "x"
        name = name.replace("..", "x")
        path.rename(path.with_name("x" if name == "." else name))
        return set()

    def _damage(self, chance: random.Random, path: Path, content: bytes) -> set:
        """Damage one file; the cells that must stay as they were."""
        if path.suffix == ".zip":
            return set(self.cells) if damage.archive(chance, path) else set()
        if path.suffix in (".h5", ".nc"):
            touched = damage.hdf5(chance, path)
            if touched is None:
                return set()
            return set(self.cells) - {self.reader.elements.get(one) for one in touched}
        is_tree = path.suffix == ".json" and chance.random() < 0.5
        changed = (damage.tree if is_tree else damage.text)(chance, content)
        path.write_bytes(changed)
        return self._untouched(path, lines_of(content), lines_of(changed))

    def _untouched(self, path: Path, old: list[str], new: list[str]) -> set:
        """Cells of which all lines in this file are as before."""
        if self.reader.by_place:
            kept = {k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a == b}
        else:
            blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
            kept = {k for block in blocks for k in range(block.a, block.a + block.size)}
        cells = self.reader.speaks(path, old)
        lost = {cell for k, cell in enumerate(cells) if k not in kept and cell is not None}
        if EVERYTHING in lost:
            return set()
        order = list(self.cells)
        for cell in list(lost):
            at = order.index(cell)
            lost.update(order[max(at - self.reader.reach, 0) : at + self.reader.reach + 1])
        return set(self.cells) - lost


def worker(made: Valid, first: int, last: int, sender) -> None:
    """Send (number, answer, words) of each mutation; a hang ends the process."""
    warnings.simplefilter("ignore")
    made.reader.read(made.folder)  # starts what a reader keeps, which is no part of a fault
    for number in range(first, last):
        sender.send((number, "begun", ""))
        try:
            sender.send((number, *made.check(number)))
        except Exception:
            sender.send((number, "broken", traceback.format_exc()))


def run(made: Valid, n: int) -> Iterator[tuple[int, str, str]]:
    """Answers of one reader to ``n`` mutations, also where one ends the process."""
    first = 0
    while first < n:
        receiver, sender = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=worker, args=(made, first, n, sender))
        process.start()
        sender.close()
        with contextlib.suppress(EOFError):
            while True:
                number, answer, words = receiver.recv()
                if answer == "broken":
                    raise RuntimeError(f"{made.name} {number} cannot be made: {words}")
                if answer != "begun":
                    yield number, answer, words
                first = number + (answer != "begun")
        process.join()
        if first < n:
            yield first, "wrong", f"ended the process with {process.exitcode}"
            first += 1


def main(n: int, names: list[str]) -> int:
    print(f"{'reader':14}{'refused':>9}{'read':>9}{'wrong':>9}{'seconds':>9}")
    total = 0
    for name in names or READERS:
        begin, counts, shown = time.monotonic(), Counter(), []
        with tempfile.TemporaryDirectory() as folder:
            for number, answer, words in run(Valid(name, Path(folder)), n):
                counts[answer] += 1
                if answer == "wrong":
                    shown.append(f"  {name} {number}: {words[:300]}")
        took = time.monotonic() - begin
        columns = "".join(f"{counts[one]:9}" for one in ("refused", "read", "wrong"))
        print(f"{name:14}{columns}{took:9.0f}", *shown, sep="\n", flush=True)
        total += counts["wrong"]
    return int(total > 0)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2:]))
