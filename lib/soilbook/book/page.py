"""What a chapter shows and leaves behind, alike in JupyterLab, papermill and ``soilbook run``."""

import base64
import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr
from IPython import get_ipython
from IPython.display import display

from soilbook import claims as judge
from soilbook.book import chapters, myst, products, provenance, tables
from soilbook.book.myst import KEY, REFERENCE, Product, recorded
from soilbook.data import archive
from soilbook.plots import style
from soilbook.settings import MODEL_FILE, OWN, Checked
from soilbook.store import write

DATA_PAGE = ("../../data_and_tracks.html", "More on the page Data and tracks")
CLAIMS = judge.COLUMNS
SESSION = "JPY_SESSION_NAME"  # environment: path of the notebook, set by Jupyter's server
DISPLAY_DPI, PICTURE_DPI = 110, 150
LARGEST_PICTURE = 1_000_000  # bytes of an SVG that a page shows


class Page:
    """Numbered tables, figures, claims and the stamp of one chapter, and its folder of results."""

    def __init__(self, chapter: str, parameters: dict, folder: str | Path | None = None):
        """Check the parameters, choose the folder and show which kind of data the page rests on.

        ``parameters`` are all names of a notebook (``globals()``), or values by name. Of a
        notebook those count that the chapter's cell ``parameters`` declares; they are typed as it
        says, here and in the notebook, whatever papermill made of them. Results go to SOILBOOK_OUT,
        else to ``folder``, else to results/<data>/<profile>/<chapter>/ under the book's root. A
        copy of a chapter that JupyterLab runs under another name has a folder of that name.
        Raises ParameterError, DataError or DeviceError before any work starts.
        """
        if file := os.environ.get(MODEL_FILE):
            from soilbook.training import own  # torch: only where a network is asked for

            own.load(file)
        if "__name__" in parameters:
            cell = chapters.find(chapter)
            names, given = parameters, cell.parameters.keys() & parameters.keys()
            parameters = cell.values({name: names[name] for name in given})
            names.update(parameters)
        else:
            chapters.check(parameters)
        self.chapter = chapter
        self.parameters = dict(parameters)
        self.data = parameters.get("data", "twin")
        self.profile = parameters.get("profile", "quick")
        self.start = time.monotonic()
        self.files: dict[str, str] = {}
        self.products: dict[str, dict] = {}
        if not (place := os.environ.get(chapters.OUT) or folder):
            results = chapters.root() / "results" / self.data / self.profile
            place = results / named(chapter, os.environ.get(SESSION))
        self.folder = Path(place)
        self._banner()

    def settings(self, kind: type[Checked], /, **more) -> Checked:
        """Settings of that kind from the parameters that it has fields for, and ``more``."""
        known = {n: v for n, v in self.parameters.items() if n in kind.model_fields}
        made = kind(**(known | more))
        for number, *table in getattr(made, "shown_first", tuple)():
            if f"table_{number}.csv" not in self.files:
                self.table(number, *table)
        return made

    def note(self, text: str) -> None:
        """Show a line of plain text, such as how many sites and networks this run rests on."""
        lead = f"This run ({self._run()}): "
        _show(myst.note(text, lead if self._has_reference() else ""), text)

    def reference(self, name: str) -> pd.DataFrame | None:
        """A table of the committed observed reference run of this chapter; None if it has none."""
        return self.reference_of(self.chapter, name)

    def reference_of(self, chapter: str, name: str) -> pd.DataFrame | None:
        """The same of another chapter."""
        return _read(chapters.root() / REFERENCE / chapter / name)

    def other(self, chapter: str, name: str) -> pd.DataFrame | None:
        """A table that another chapter's run of this track and profile left; None if it has not."""
        return _read(self.folder.parent.parent / chapter / name)

    def table(
        self,
        number: str,
        frame: pd.DataFrame,
        caption: str,
        shown: pd.DataFrame | Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    ) -> None:
        """Leave ``table_<number>.csv`` and show it beside that of the observed reference run.

        ``shown`` is the same laid out for reading, or the function that lays out a table of either
        run. Tables of R2 are laid out as the papers print them.
        """
        name = f"table_{number}.csv"
        content = csv(frame)
        product = self._product("Table", number, caption, [name])
        self._keep(name, content)
        markup = tables.laid_out(frame, shown)
        layout = shown if callable(shown) else None
        known = None if self._is_kept(name, content) else self.reference(name)
        other = None if known is None else tables.laid_out(known, layout)
        self._show(product, markup, markup, other)
        if self.data == "archive" and tables.is_printed(frame):
            self._beside_other_data(number, name, frame)

    def _beside_other_data(self, number: str, name: str, frame: pd.DataFrame) -> None:
        """A table of scores of the authors' rows beside print and what other data gave: the
        observed reference run, and this book's results on the twin, each where it is there."""
        places = {
            "observed": chapters.root() / REFERENCE / self.chapter,
            "twin": chapters.root() / "results" / "twin" / self.profile / self.chapter,
        }
        found, words = {"archive": frame}, []
        for kind, folder in places.items():
            known = _read(folder / name)
            if known is None or not tables.is_scores(known):
                continue
            found[kind] = known
            other = recorded(folder).get("parameters", {})
            unlike = [
                f"{key} {other[key]}"
                for key, value in self.parameters.items()
                if key in other and key not in ("data", "device") and other[key] != value
            ]
            words += [f"{tables.COLUMNS[kind]}: {', '.join(unlike)}"] if unlike else []
        self.table(
            f"{number}s",
            tables.side_by_side(found),
            f"Table {number} by where the data come from: R² (pooled) as printed, of the same "
            "method on the authors' rows (this run), and on other data. What print and the "
            "authors' rows differ by is the method; what the columns of this book differ by is "
            f"the data.{' Set otherwise: ' + '; '.join(words) + '.' if words else ''}",
            shown=tables.beside,
        )

    def comparison(self, number: str, frame: pd.DataFrame, caption: str) -> None:
        """A table of paired differences, columns of ``metrics.compare``, in its short form."""
        self.table(number, frame, caption, shown=tables.for_reading)

    def figure(self, number: str, figure, data, caption: str, alt: str | None = None) -> None:
        """Leave ``fig_<number>.svg`` and the data behind it as CSV, and show both runs' figure.

        ``data`` is a DataFrame, DataArray or Dataset, or a dict of these by panel. ``alt`` says
        what is to be seen, for who cannot see it; without it the panels, axes and entries are told.
        A picture too large for a page is kept as ``fig_<number>.png`` besides.
        """
        style.legible(figure)
        alt = alt or f"{style.described(figure)} {caption}"
        pictures = {}
        for kind, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": PICTURE_DPI})):
            stream = io.BytesIO()
            with plt.rc_context({"svg.hashsalt": "soilbook", "savefig.bbox": "tight"}):
                figure.savefig(stream, format=kind, facecolor="white", **options)
            pictures[kind] = stream.getvalue()
        plt.close(figure)
        table, content = f"fig_{number}.csv", csv(tidy(data))
        self._keep(table, content)
        self._keep(f"fig_{number}.svg", pictures["svg"])
        large = len(pictures["svg"]) > LARGEST_PICTURE
        if large:
            self._keep(f"fig_{number}.png", pictures["png"])
        product = self._product(
            "Figure", number, caption, [table, f"fig_{number}.{'png' if large else 'svg'}"], alt
        )
        pixels = int.from_bytes(pictures["png"][16:20], "big") * DISPLAY_DPI // PICTURE_DPI
        picture = {"image/png": base64.b64encode(pictures["png"]).decode()}
        same = self._is_kept(table, content)
        self._show(product, picture, None, None if same else "", width=pixels)

    def claims(self, frame: pd.DataFrame) -> None:
        """Leave ``claims.csv`` and show what became of each claim in both runs, and what would
        count as "not".

        Columns: those of ``claims.COLUMNS``. Raises ValueError for another column, and for a
        verdict that is unknown or belongs to the other track.
        """
        allowed = set(judge.VERDICTS)
        allowed -= set(judge.OBSERVED_ONLY if self.data == "twin" else judge.TWIN_ONLY)
        odd = set(frame["verdict"]) - allowed if "verdict" in frame else {"no verdict"}
        if list(frame.columns) != CLAIMS or odd:
            raise ValueError(
                f"claims need the columns {CLAIMS} and verdicts of {self.data} data, not {odd}"
            )
        content = csv(frame)
        self._keep("claims.csv", content)
        product = self._product("Claims", "", "", ["claims.csv"])
        known = None if self._is_kept("claims.csv", content) else self.reference("claims.csv")
        markup = tables.verdicts(_told(frame))
        other = None if known is None else tables.verdicts(_told(known))
        self._show(product, markup, markup, other)

    def data_file(self, name: str, frame: pd.DataFrame, what: str) -> None:
        """Leave a table that a page is too narrow for, and a line on ``what`` it holds."""
        self._keep(f"{name}.csv", csv(frame))
        line = myst.download(f"{name}.csv", f"{self.chapter.split('/')[-1]}/{name}.csv")
        shown = {"myst": f"{myst.escape(what)} {line}", "files": [f"{name}.csv"]}
        display({"text/plain": what}, raw=True, metadata={KEY: shown})

    def stamp(self) -> None:
        """Leave ``provenance.json`` and show it: what made this page, of which data, when."""
        made = {
            "chapter": self.chapter,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "duration_s": round(time.monotonic() - self.start, 1),
            "parameters": self.parameters,
            "data": {
                "track": self.data,
                "fingerprint": provenance.of_data(self.parameters),
                **provenance.fetched(self.data),
            },
            "code": provenance.commit(Path(__file__).parent),
            "device": provenance.device(self.parameters.get("device")),
            "versions": provenance.versions(),
            "files": self.files,
            "products": self.products,
        }
        if OWN:
            made["own models"] = {name: asdict(one) for name, one in OWN.items()}
        write(self.folder / "provenance.json", json.dumps(made, indent=1).encode())
        frame = pd.DataFrame(list(provenance.in_words(made).items()), columns=["what", "value"])
        shown = myst.fold("settings, versions, machine and date", tables.table(frame))
        chapter = chapters.all_chapters().get(self.chapter)
        title = chapter.title if chapter else self.chapter
        entry = provenance.bibtex(made["code"], title, self.chapter)
        box = myst.fold("how to cite this page", f"<pre>{escape(entry)}</pre>")
        _show(f"{shown}{box}", f"{frame.to_string()}\n\n{entry}")

    def _keep(self, name: str, content: bytes) -> None:
        """Leave a file among the results."""
        write(self.folder / name, content)
        self.files[name] = hashlib.sha256(content).hexdigest()

    def _product(self, kind, number, caption, files, alt="") -> Product:
        made = Product(self.chapter, kind, number, caption, tuple(files), alt)
        self.products[made.name] = {"caption": caption} | ({"alt": alt} if alt else {})
        return made

    def _is_kept(self, name: str, content: bytes) -> bool:
        """Whether the reference run left the same file, so that one tab says all."""
        file = chapters.root() / REFERENCE / self.chapter / name
        return file.is_file() and file.read_bytes() == content

    def _has_reference(self) -> bool:
        return (chapters.root() / REFERENCE / self.chapter).is_dir()

    def _run(self) -> str:
        kind = "synthetic data (twin)" if self.data == "twin" else "observed data"
        return f"{kind}, profile {self.profile}"

    def _show(self, product: Product, native, markup: str | None, other: str | None, width=None):
        """Display a product: plain for JupyterLab, and for the book the tabs of both runs.

        ``native`` is HTML or data by MIME type, ``markup`` the HTML of a table, ``other`` that of
        the reference run: None where it has none or the same, empty for a picture.
        """
        own = product.panel(f"This run: {self._run()}", self.data, markup, line=_cell())
        panels = [own]
        if other is not None and (known := product.known(chapters.root(), other)):
            panels.insert(0 if self.data == "twin" else 1, known)
        shown = {"myst": myst.tabs(product.name, panels), "files": list(product.files)}
        metadata = {KEY: shown}
        if product.alt:
            metadata["image/png"] = {"alt": product.alt, "width": width}
        heading = f"{product.kind} {product.number}. {product.caption}".strip(" .")
        if isinstance(native, str):
            title = myst.note(heading) if product.number else ""
            native = {"text/html": f"{title}{native}"}
        text = f"{heading} ({product.alt})" if product.alt else heading
        display({**native, "text/plain": text}, raw=True, metadata=metadata)

    def _banner(self) -> None:
        link = DATA_PAGE if os.environ.get(chapters.RUN) else None
        if self.data == "twin":
            title = "Synthetic data (twin)."
            text = (
                "What this run measured comes from a virtual observatory made by the library; no "
                "real soil was measured."
            )
            if self._has_reference():
                title = "Real soil first."
                text = (
                    "Observed reference, the first tab, is the run on real measurements whose "
                    "results are kept with the book. This run, the second tab, used synthetic "
                    "data (twin): a virtual observatory made by the library."
                )
        elif self.data == "archive":
            title = "The authors' own data."
            text = f"The station files that the authors published: {archive.SOURCE}."
        else:
            used = [p.credit for p in products.present() if self.chapter.startswith(p.chapters)]
            title, link = "Observed data.", None
            text = f"Real measurements: {'; '.join(used) or 'no product found'}."
        _show(myst.banner(title, text, self.data, link), f"{title} {text}")


def _cell() -> str:
    """Which cell is running, where that is known."""
    shell = get_ipython()
    return f"made by cell {shell.execution_count} above" if shell else ""


def named(chapter: str, session: str | None) -> str:
    """A chapter's name; with the stem of the notebook that a session of JupyterLab runs if that is
    a copy under another name."""
    study, _, section = chapter.partition("/")
    notebook = Path(session or "")
    return f"{study}/{notebook.stem if notebook.suffix == '.ipynb' else section}"


def _told(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims whose reason also says what would count as "not"."""
    if "not_if" not in claims:
        return claims
    told = claims["not_if"].fillna("").map(lambda words: f" (not, if: {words})" if words else "")
    return claims.assign(why=claims["why"].fillna("").astype(str) + told)


def _read(file: Path) -> pd.DataFrame | None:
    return pd.read_csv(file) if file.is_file() else None


def csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV, seven digits; the index only where it says something."""
    if frame.columns.nlevels > 1:
        frame = frame.set_axis([" ".join(map(str, column)) for column in frame.columns], axis=1)
    text = frame.to_csv(index=tables.has_names(frame), float_format="%.7g", lineterminator="\n")
    return text.encode()


def tidy(data) -> pd.DataFrame:
    """The data behind a figure as one tidy frame; a dict gets a column ``panel``.

    Variables of unlike dimensions stand below each other in ``variable`` and ``value``.
    """
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, dict):
        frames = {name: _flat(tidy(part)) for name, part in data.items()}
        return pd.concat(frames, names=["panel"]).reset_index(0).reset_index(drop=True)
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "value")
    if len({array.dims for array in data.data_vars.values()}) == 1:
        return _flat(data.to_dataframe())
    parts = [
        (
            _flat(array.to_dataframe(name="value"))
            if array.dims
            else pd.DataFrame({"value": [array.item()]})
        ).assign(variable=name)
        for name, array in data.data_vars.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index() if tables.has_names(frame) else frame


def _show(markup: str, text: str) -> None:
    display({"text/html": markup, "text/plain": text}, raw=True)
