"""The rendered book is clean and needs no network."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

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
