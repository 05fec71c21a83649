"""The whole book as one PDF: Sphinx's single page, printed by headless Chromium.

``python -m soilbook.book.pdf`` prints what is executed already, and counts: every caption of the
pages has to be in the text of the PDF, and no fewer pictures than there are figures.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from soilbook.book import build, chapters
from soilbook.errors import DataError, SoilbookError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRINT = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--no-first-run",
    "--disable-background-networking", "--virtual-time-budget=60000",
)  # fmt: skip
FILE = Path("_build/soilbook.pdf")


def make(base: Path, say=print) -> Path:
    """Render one page, print it, count; returns the PDF. Raises DataError in one line."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise DataError(f"no browser to print with; looked for {', '.join(BROWSERS)}")
    build.prepare(base)
    command = [*build.COMMAND, "--builder", "singlehtml"]
    command[command.index("--all")] = "--quiet"
    done = subprocess.run([sys.executable, *command], cwd=base)
    if done.returncode:
        raise DataError("the single page was not rendered; see the warnings above")
    page = next((base / "_build/singlehtml").rglob("intro.html"), None) or next(
        (base / "_build/singlehtml").glob("index.html")
    )
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"<details(?! open)", "<details open", text), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        target = f"--print-to-pdf={base / FILE}"
        subprocess.run(
            [browser, *PRINT, f"--user-data-dir={profile}", target, page.as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip
    lacking, counted = compared(base / FILE, text)
    say(f"{base / FILE}: {counted}")
    if lacking:
        raise DataError(f"not in the PDF: {', '.join(lacking)}")
    return base / FILE


def captions(page: str) -> list[str]:
    """``Figure 9.`` and ``Table 3.``: headings of the products on a page, in both tabs."""
    return re.findall(r"<strong>((?:Figure|Table) [^<]+?\.)</strong>", page)


def compared(pdf: Path, page: str) -> tuple[list[str], str]:
    """Captions of the page that the PDF does not hold as often, and the counts in words."""
    from pypdf import PdfReader

    sheets = PdfReader(pdf).pages
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
        make(chapters.root())
    except SoilbookError as problem:
        sys.exit(f"soilbook: {problem}")
