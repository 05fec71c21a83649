"""The rendered book is clean and needs no network: its own pages, built once, with the observed
reference run's products in the chapters and, in one of them, outputs as papermill leaves them."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml

from soilbook.book import front, render

ROOT = Path(__file__).parents[2]
CHAPTER_TEXT = "# Stand-in\n\nSee {cite}`wang2024`.\n\n$$f_t = \\sigma(W x_t + b)$$"


@dataclass(frozen=True)
class Book:
    """A build: exit status, what it printed, its pages, and the names of its chapters."""

    status: int
    log: str
    html: Path
    chapters: list[str]


def output(kind: str, text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={kind: text, "text/plain": "plain"})


def executed_chapter() -> nbformat.NotebookNode:
    """A notebook as papermill leaves it: streams, a widget, HTML and Markdown with math."""
    code = nbformat.v4.new_code_cell("print('hello')", execution_count=1)
    widget = {"model_id": "x", "version_major": 2, "version_minor": 0}
    bar = nbformat.v4.new_output("stream", name="stderr", text="PROGRESS 3/3")
    code.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="hello"),
        bar,
        nbformat.v4.new_output(
            "display_data", data={"application/vnd.jupyter.widget-view+json": widget}
        ),
        output("text/html", '<div class="soilbook-banner">Synthetic</div>'),
        output("text/markdown", "A line with $R^2$."),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(CHAPTER_TEXT), code],
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}},
    )


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    """The project's configuration, contents and prose under ``-W -n --keep-going``."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "book", folder / "book", ignore=shutil.ignore_patterns("executed"))
    for name in ("chapters", "course"):
        shutil.copytree(ROOT / name, folder / name)
    # What a checkout also holds and the book must not pick up.
    for stray in (".venv/lib/readme.md", "chapters/source.md", "README.md", "results/note.md"):
        (folder / stray).parent.mkdir(parents=True, exist_ok=True)
        (folder / stray).write_text("# Stray\n\n{unknown-role}`x`\n")
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [
        entry["file"]
        for part in toc["parts"]
        for entry in part["chapters"]
        if entry["file"].startswith("book/executed/")
    ]
    for name in chapters:
        file = folder / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        short = name.removeprefix("book/executed/")
        page = front.first_look(folder, short, "Still being computed.")
        file.write_text(json.dumps(page, ensure_ascii=False))
    nbformat.write(executed_chapter(), folder / f"{chapters[0]}.ipynb")
    render.prepare(folder)
    program = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", program, "build", str(folder)]
    done = subprocess.run(
        [*command, "-W", "-n", "--keep-going"], capture_output=True, text=True, timeout=300
    )
    html = folder / "_build" / "html"
    return Book(done.returncode, done.stdout + done.stderr, html, chapters)


LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src"}
LOADED_LINKS = {"stylesheet", "preload", "modulepreload", "icon", "preconnect", "dns-prefetch"}


class Loads(HTMLParser):
    """Addresses that a browser fetches by itself when it opens a page."""

    def __init__(self, text: str):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in LOADING and attrs.get(LOADING[tag]):
            self.found.append(attrs[LOADING[tag]])
        if tag == "link" and LOADED_LINKS & set(attrs.get("rel", "").split()):
            self.found.append(attrs["href"])


def pages(book):
    """Pages of the book; the theme leaves templates of its own in _static."""
    static = book.html / "_static"
    return sorted(page for page in book.html.rglob("*.html") if static not in page.parents)


def test_build_is_clean_with_warnings_as_errors(book):
    assert book.status == 0, book.log[-4000:]
    assert "build succeeded" in book.log


def test_every_page_of_the_contents_is_there_and_no_other(book):
    for name in [*book.chapters, "book/intro", "book/bibliography"]:
        assert (book.html / f"{name}.html").is_file(), name
    assert "intro" in (book.html / "index.html").read_text()
    assert not list(book.html.rglob("*source.html")) and not list(book.html.rglob("README.html"))


def test_pages_load_only_files_of_the_book(book):
    n_local = 0
    for page in pages(book):
        for address in Loads(page.read_text(encoding="utf-8")).found:
            parts = urlsplit(address)
            if parts.scheme == "data":
                continue
            assert not parts.scheme and not parts.netloc, f"{page.name} loads {address}"
            assert (page.parent / unquote(parts.path)).resolve().is_file(), f"{page}: {address}"
            n_local += 1
    assert n_local > 100


def test_style_sheets_fetch_nothing(book):
    sheets = list(book.html.rglob("*.css"))
    assert "soilbook.css" in {sheet.name for sheet in sheets}
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"""url\(["']?(https?:)?//""", text), sheet
        assert not re.search(r"""@import\s+(url\()?["']?(https?:)?//""", text), sheet


def test_math_comes_with_the_book(book):
    text = (book.html / "book/statistics.html").read_text(encoding="utf-8")
    scripts = [address for address in Loads(text).found if "mathjax" in address]
    assert len(scripts) == 1
    fonts = book.html / "_static/mathjax/output/chtml/fonts/woff-v2"
    assert len(list(fonts.glob("*.woff"))) > 10


def test_chapters_show_outputs_but_no_progress_bar(book):
    text = (book.html / f"{book.chapters[0]}.html").read_text(encoding="utf-8")
    assert "soilbook-banner" in text and "hello" in text
    assert "PROGRESS" not in text and "require.js" not in text
    assert text.count('class="math') >= 2


def test_search_index_holds_the_prose(book):
    index = (book.html / "searchindex.js").read_text(encoding="utf-8")
    assert "climatolog" in index and "book/statistics" in index


def test_look_of_the_book_is_on_every_chapter(book):
    for name in book.chapters:
        loads = Loads((book.html / f"{name}.html").read_text(encoding="utf-8")).found
        assert any("soilbook.css" in address for address in loads)


PAGE_LIMIT = 1_500_000  # bytes


class Pictures(HTMLParser):
    """Text alternatives of the pictures of the book's own pages, and all anchors."""

    def __init__(self, text: str):
        super().__init__()
        self.alternatives, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors.add(attrs.get("id"))
        if tag == "img" and "_images/" in attrs.get("src", ""):
            self.alternatives.append(attrs.get("alt") or "")


def test_every_picture_of_the_book_says_what_is_to_be_seen(book):
    found = {
        page.name: Pictures(page.read_text(encoding="utf-8")).alternatives for page in pages(book)
    }
    assert sum(map(len, found.values())) > 25
    assert len(found["intro.html"]) == 2
    for name, alternatives in found.items():
        assert all(len(text) > 20 for text in alternatives), (name, alternatives)


def test_pages_are_light(book):
    assert max(page.stat().st_size for page in pages(book)) < PAGE_LIMIT


def test_every_entry_of_the_lists_leads_to_its_product(book):
    text = (book.html / "book/lists.html").read_text(encoding="utf-8")
    entries = re.findall(r'href="(executed/[^"#]+)#([^"]+)"', text)
    assert len(entries) > 80
    for address, anchor in entries:
        page = (book.html / "book" / address).read_text(encoding="utf-8")
        assert f'id="{anchor}"' in page, (address, anchor)


def test_every_product_of_the_reference_run_is_on_its_page(book):
    folder = book.html.parents[1]
    for name in book.chapters[1:]:
        short = name.removeprefix("book/executed/")
        text = (book.html / f"{name}.html").read_text(encoding="utf-8")
        for one in front.left_by(folder, short):
            if one.known(folder, "x"):
                assert f'id="{one.name}"' in text, (short, one.name)
    assert front.listed(json.loads((folder / f"{book.chapters[3]}.ipynb").read_text()))


def test_the_front_page_tells_the_findings_of_both_studies(book):
    text = (book.html / "book/intro.html").read_text(encoding="utf-8")
    for question in ("Which network is best?", "beat persistence?", "(GAN) bring?",
                     "hold before launch?", "beat Noah?", "how much data"):  # fmt: skip
        assert question in text
    assert "@misc{soilbook," in re.sub(r"<[^>]+>", "", text)


def test_no_button_asks_for_a_server_unless_the_environment_names_one(book):
    text = (book.html / f"{book.chapters[3]}.html").read_text(encoding="utf-8")
    assert not re.search("source-(repository|edit|issues)-button|launch-buttons", text)


def test_the_guide_shows_the_answers_folded(book):
    page = (book.html / "book/course.html").read_text()
    assert page.count("<summary>Lab") == 6 and "Question before the run" in page
