"""From executed chapters to the rendered book: pages, a first look at them, HTML, and one PDF.

``python -m soilbook.book.render`` prints what is executed already as a PDF, and counts: every
caption of the pages has to be in its text, and no fewer pictures than there are figures.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from soilbook.book import chapters, course, front, links, myst, products, runner
from soilbook.book.myst import REFERENCE
from soilbook.errors import DataError, SoilbookError
from soilbook.store import write

EXECUTED = Path("book/executed")
SETTINGS = ("_toc.yml", "_config.yml")
RECORD = Path("_build/soilbook.json")
PROGRAM = "from jupyter_book.cli.main import main; main()"
COMMAND = ("-c", PROGRAM, "build", ".", "--all", "-W", "-n", "--keep-going")
PDF = Path("_build/soilbook.pdf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRINT = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--no-first-run",
    "--disable-background-networking", "--virtual-time-budget=60000",
)  # fmt: skip


def in_contents(base: Path) -> list[str]:
    """Names of the chapters that _toc.yml shows, in its order; each must exist."""
    try:
        contents = yaml.safe_load((base / "_toc.yml").read_text())
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"{base / '_toc.yml'}: not readable ({error})") from error
    folder = f"{EXECUTED.as_posix()}/"
    files = [file for file in _files(contents) if file.startswith(folder)]
    return [chapters.find(file.removeprefix(folder), base).name for file in files]


def _files(node) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "file":
            yield str(value)
        elif isinstance(value, dict | list):
            yield from _files(value)


def page_file(base: Path, name: str) -> Path:
    """The notebook that is the page of a chapter."""
    return base / EXECUTED / f"{name}.ipynb"


def place(base: Path, name: str, folder: Path) -> bytes:
    """Make the notebook in a folder of results a page of the book, its pictures and data beside it;
    returns the page."""
    page, files = myst.page_of(json.loads((folder / runner.NOTEBOOK).read_text()))
    for file in files:
        write(page_file(base, name).with_suffix("") / file, (folder / file).read_bytes())
    return _write_page(base, name, page)


def _write_page(base: Path, name: str, page: dict) -> bytes:
    content = json.dumps(page, indent=1, ensure_ascii=False).encode()
    write(page_file(base, name), content)
    return content


class FirstLook:
    """Pages of the observed reference run in place of those that are still being computed.

    Where chapters have no page yet the book is rendered at once; later it is rendered again, in
    the background, as chapters finish.
    """

    def __init__(self, base: Path, due: list[str], how: str, say):
        self.base, self.how, self.running = base, how, None
        there = (base / REFERENCE).is_dir()
        self.waiting = [name for name in due if there and not page_file(base, name).is_file()]
        if self.waiting:
            self._write("")
            render(base, say)

    def replaced(self, left: str) -> None:
        """A chapter has its page now: say how long the others take, and render if idle."""
        made = [n for n in self.waiting if page_file(self.base, n).with_suffix(".json").is_file()]
        if made and not (self.running and self.running.poll() is None):
            self.waiting = [one for one in self.waiting if one not in made]
            self._write(left)
            prepare(self.base)
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            again = [sys.executable, *(one for one in COMMAND if one not in ("--all", "-W"))]
            self.running = subprocess.Popen(again, cwd=self.base, **quiet)

    def finished(self) -> None:
        """Wait for a rendering in the background; the whole book is rendered after it."""
        if self.running:
            self.running.wait()

    def _write(self, left: str) -> None:
        words = f"This run ({self.how}) of the chapter is still being computed"
        notice = f"{words}; {left} for all chapters." if left else f"{words}."
        for name in self.waiting:
            _write_page(self.base, name, front.first_look(self.base, name, notice))


def prepare(base: Path) -> None:
    """Leave what pages include: findings, verdicts, lists, how to cite, answers to the labs."""
    write(base / front.FOLDER / "answers.md", course.answers(base).encode())
    if (base / REFERENCE).is_dir():
        front.write_front(base)
        front.write_lists(base, EXECUTED, in_contents(base))


def render(base: Path, say=print) -> int:
    """Render with warnings as errors from a clean _build, unless the last pages still stand."""
    prepare(base)
    pages = base / "_build/html"
    index = pages / "index.html"
    own = [digest(base / name) for name in SETTINGS if (base / name).is_file()]
    own += [os.environ.get(name, "") for name in (links.REPOSITORY, links.BRANCH, *links.LAUNCH)]
    sources = content_fingerprint(base / "book", str(own), leave_out=base / EXECUTED)
    if record(base / RECORD) == {"sources": sources, "pages": products.listing(pages)}:
        say(f"nothing changed: {index}")
        return 0
    shutil.rmtree(base / "_build", ignore_errors=True)
    code = subprocess.run([sys.executable, *COMMAND], cwd=base).returncode
    if code == 0:
        standing = {"sources": sources, "pages": products.listing(pages)}
        write(base / RECORD, json.dumps(standing).encode())
        say(f"the book: {index}")
    return code


def content_fingerprint(folder: Path, start: str = "", leave_out: Path | None = None) -> str:
    """Fingerprint of all files below a folder; without the records of runs in ``leave_out``."""
    total = hashlib.sha256(start.encode())
    for file in sorted(folder.rglob("*")):
        left_out = file.suffix == ".json" and leave_out in file.parents
        if file.is_file() and not left_out:
            total.update(f"{file.relative_to(folder).as_posix()} {digest(file)}\n".encode())
    return total.hexdigest()


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def record(file: Path) -> dict:
    """What a JSON file holds, nothing if it is absent or damaged."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


def pdf(base: Path, say=print) -> Path:
    """Render one page, print it, count; returns the PDF. Raises DataError in one line."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise DataError(f"no browser to print with; looked for {', '.join(BROWSERS)}")
    prepare(base)
    command = [*COMMAND, "--builder", "singlehtml"]
    command[command.index("--all")] = "--quiet"
    done = subprocess.run([sys.executable, *command], cwd=base)
    if done.returncode:
        raise DataError("the single page was not rendered; see the warnings above")
    single = base / "_build/singlehtml"
    page = next(single.rglob("intro.html"), None) or next(single.glob("index.html"))
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"<details(?! open)", "<details open", text), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        target = [f"--user-data-dir={profile}", f"--print-to-pdf={base / PDF}", page.as_uri()]
        subprocess.run([browser, *PRINT, *target], check=True, capture_output=True)
    lacking, counted = compared(base / PDF, text)
    say(f"{base / PDF}: {counted}")
    if lacking:
        raise DataError(f"not in the PDF: {', '.join(lacking)}")
    return base / PDF


def captions(page: str) -> list[str]:
    """``Figure 9.`` and ``Table 3.``: headings of the products on a page, in both tabs."""
    return re.findall(r"<strong>((?:Figure|Table) [^<]+?\.)</strong>", page)


def compared(file: Path, page: str) -> tuple[list[str], str]:
    """Captions of the page that the PDF does not hold as often, and the counts in words."""
    from pypdf import PdfReader

    sheets = PdfReader(file).pages
    text = re.sub(r"\s+", " ", " ".join(sheet.extract_text() for sheet in sheets))
    wanted = captions(page)
    lacking = [one for one in dict.fromkeys(wanted) if text.count(one) < wanted.count(one)]
    n_figures = sum(one.startswith("Figure") for one in wanted)
    n_pictures = len(re.findall(r"<img [^>]*src=\"_images/", page))
    return lacking, (
        f"{len(sheets)} pages; {len(wanted)} captions ({n_figures} of figures), "
        f"{n_pictures} pictures"
    )


if __name__ == "__main__":
    try:
        pdf(chapters.root())
    except SoilbookError as problem:
        sys.exit(f"soilbook: {problem}")
