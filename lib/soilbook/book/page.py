"""What a chapter shows and leaves behind, alike in JupyterLab, papermill and ``soilbook run``."""

import hashlib
import io
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr
from IPython.display import display

from soilbook.book import chapters, html, products, provenance
from soilbook.book.checks import check
from soilbook.book.parameters import choose
from soilbook.settings import Checked
from soilbook.store import write
from soilbook.tables import comparisons

DATA_PAGE = ("../../data_and_tracks.html", "More on the page Data and tracks")
CLAIMS = ["claim", "published", "reproduced", "low", "high", "verdict", "why"]
DISPLAY_DPI, PICTURE_DPI = 110, 150


class Page:
    """Numbered tables, figures, claims and the stamp of one chapter, and its folder of results."""

    def __init__(self, chapter: str, parameters: dict):
        """Check the parameters, choose the folder and show which kind of data the page rests on.

        ``parameters`` are values by name, or all names of a notebook (``globals()``), of which
        those count that the chapter's cell ``parameters`` declares. The folder is SOILBOOK_OUT,
        else results/<data>/<profile>/<chapter>/ under the book's root.
        Raises ParameterError, DataError or DeviceError before any work starts.
        """
        if "__name__" in parameters:
            declared = chapters.find(chapter).parameters
            given = {name: parameters[name] for name in declared if name in parameters}
            parameters = choose(declared, given, chapter)
        check(parameters)
        self.chapter = chapter
        self.parameters = dict(parameters)
        self.data = parameters.get("data", "twin")
        self.profile = parameters.get("profile", "quick")
        self.start = time.monotonic()
        self.files: dict[str, str] = {}
        out = os.environ.get(chapters.OUT)
        default = ("results", self.data, self.profile, *chapter.split("/"))
        self.folder = Path(out) if out else chapters.root().joinpath(*default)
        self._banner()

    def settings(self, kind: type[Checked], **more) -> Checked:
        """Settings of that kind from the parameters that it has fields for, and ``more``."""
        known = {n: v for n, v in self.parameters.items() if n in kind.model_fields}
        return kind(**(known | more))

    def note(self, text: str) -> None:
        """Show a line of plain text, such as how many sites and networks a result rests on."""
        _show(html.note(text), text)

    def reference(self, name: str) -> pd.DataFrame | None:
        """A table of the committed observed reference run of this chapter; None if it has none."""
        return self.reference_of(self.chapter, name)

    def reference_of(self, chapter: str, name: str) -> pd.DataFrame | None:
        """A table of the committed observed reference run of a chapter; None if it has none."""
        file = chapters.root() / "book/reference/observed" / chapter / name
        return pd.read_csv(file) if file.is_file() else None

    def other(self, chapter: str, name: str) -> pd.DataFrame | None:
        """A table that another chapter's run of this track and profile left; None if it has not."""
        file = self.folder.parent.parent / chapter / name
        return pd.read_csv(file) if file.is_file() else None

    def table(
        self, number: str, frame: pd.DataFrame, caption: str, shown: pd.DataFrame | None = None
    ) -> None:
        """Leave ``table_<number>.csv`` and show it, or ``shown``, the same laid out for reading."""
        name, content = f"table_{number}.csv", csv(frame)
        self._keep(name, content)
        body = html.table(frame if shown is None else shown)
        links = html.download(name, content, "text/csv")
        _show(html.titled("Table", number, caption, body, links), f"Table {number}. {caption}")

    def comparison(self, number: str, frame: pd.DataFrame, caption: str) -> None:
        """A table of paired differences, columns of ``metrics.compare``, in its short form."""
        self.table(number, frame, caption, shown=comparisons.for_reading(frame))

    def figure(self, number: str, figure, data, caption: str) -> None:
        """Leave ``fig_<number>.svg`` and the data behind it as CSV, and show the figure.

        ``data`` is a DataFrame, DataArray or Dataset, or a dict of these by panel.
        """
        pictures = {}
        for kind, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": PICTURE_DPI})):
            stream = io.BytesIO()
            with plt.rc_context({"svg.hashsalt": "soilbook", "savefig.bbox": "tight"}):
                figure.savefig(stream, format=kind, facecolor="white", **options)
            pictures[kind] = stream.getvalue()
        plt.close(figure)
        stem = f"fig_{number}"
        content = csv(tidy(data))
        self._keep(f"{stem}.svg", pictures["svg"])
        self._keep(f"{stem}.csv", content)
        links = [html.download(f"{stem}.csv", content, "text/csv")]
        if len(pictures["svg"]) < html.EMBEDDED:
            links.append(html.download(f"{stem}.svg", pictures["svg"], "image/svg+xml"))
        pixels = int.from_bytes(pictures["png"][16:20], "big") * DISPLAY_DPI // PICTURE_DPI
        _show(
            html.figure(number, caption, pictures["png"], pixels, " · ".join(links)),
            f"Figure {number}. {caption}",
        )

    def claims(self, frame: pd.DataFrame) -> None:
        """Leave ``claims.csv`` and show what became of each claim.

        Columns: claim, published, reproduced, low, high, verdict (exceeded, reproduced, partly,
        not, not testable), why. Raises ValueError for another column or verdict.
        """
        odd = set(frame["verdict"]) - set(html.VERDICTS) if "verdict" in frame else {"no verdict"}
        if list(frame.columns) != CLAIMS or odd:
            raise ValueError(f"claims need the columns {CLAIMS} and known verdicts, not {odd}")
        content = csv(frame)
        self._keep("claims.csv", content)
        links = html.download("claims.csv", content, "text/csv")
        _show(f"{html.verdicts(frame)}<p><small>{links}</small></p>", frame.to_string())

    def stamp(self) -> None:
        """Leave ``provenance.json`` and show it: what made this page, of which data, when."""
        made = {
            "chapter": self.chapter,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "duration_s": round(time.monotonic() - self.start, 1),
            "parameters": self.parameters,
            "data": {"track": self.data, "fingerprint": provenance.of_data(self.parameters)},
            "code": provenance.commit(Path(__file__).parent),
            "device": provenance.device(self.parameters.get("device")),
            "versions": provenance.versions(),
            "files": self.files,
        }
        write(self.folder / "provenance.json", json.dumps(made, indent=1).encode())
        frame = pd.DataFrame({"what": list(_spoken(made)), "value": list(_spoken(made).values())})
        _show(html.table(frame), frame.to_string())

    def _keep(self, name: str, content: bytes) -> None:
        write(self.folder / name, content)
        self.files[name] = hashlib.sha256(content).hexdigest()

    def _banner(self) -> None:
        if self.data == "twin":
            title = "Synthetic data (twin)."
            text = (
                "Everything measured on this page comes from a virtual observatory made by the "
                "library; no real soil was measured."
            )
            link = DATA_PAGE if os.environ.get(chapters.RUN) else None
            _show(html.banner(title, text, "#D55E00", link), f"{title} {text}")
        else:
            used = [p.credit for p in products.present() if self.chapter.startswith(p.chapters)]
            sources = "; ".join(used)
            title, text = "Observed data.", f"Real measurements: {sources or 'no product found'}."
            _show(html.banner(title, text, "#0072B2"), f"{title} {text}")


def csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV, seven digits; the index only where it says something."""
    if frame.columns.nlevels > 1:
        frame = frame.set_axis([" ".join(map(str, column)) for column in frame.columns], axis=1)
    text = frame.to_csv(index=html.has_names(frame), float_format="%.7g", lineterminator="\n")
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
    return frame.reset_index() if html.has_names(frame) else frame


def _spoken(made: dict) -> dict[str, str]:
    code = made["code"]
    changed = " with uncommitted changes" if code and code["dirty"] else ""
    parameters = ", ".join(f"{name}={value}" for name, value in made["parameters"].items())
    return {
        "chapter": made["chapter"],
        "parameters": parameters,
        "data": f"{made['data']['track']}, fingerprint {made['data']['fingerprint'][:16]}",
        "code": f"commit {code['commit'][:12]}{changed}" if code else "no version control",
        "versions": ", ".join(f"{name} {number}" for name, number in made["versions"].items()),
        "device": made["device"],
        "date": made["date"],
        "duration": f"{made['duration_s']} s",
    }


def _show(markup: str, text: str) -> None:
    display({"text/html": markup, "text/plain": text}, raw=True)
