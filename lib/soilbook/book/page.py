"""What a chapter shows and leaves behind, alike in JupyterLab, papermill and ``soilbook run``."""

import hashlib
import io
import json
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr
from IPython.display import display

from soilbook import __version__
from soilbook import data as room
from soilbook.book import chapters, html, products
from soilbook.data import archive
from soilbook.data.clients import download
from soilbook.device import find as find_device
from soilbook.settings import Checked
from soilbook.store import write

DATA_PAGE = ("../../data_and_tracks.html", "More on the page Data and tracks")
CLAIMS = ["claim", "published", "reproduced", "low", "high", "verdict", "why"]
DISPLAY_DPI, PICTURE_DPI = 110, 150
PACKAGES = (
    "torch numpy pandas xarray scipy scikit-learn statsmodels shap matplotlib papermill".split()
)


class Page:
    """Numbered tables, figures, claims and the stamp of one chapter, and its folder of results."""

    def __init__(self, chapter: str, parameters: dict):
        """Check the parameters, choose the folder and show which kind of data the page rests on.

        ``parameters`` are all names of a notebook (``globals()``), or values by name. Of a
        notebook those count that the chapter's cell ``parameters`` declares; they are typed as it
        says, here and in the notebook, whatever papermill made of them. The folder is
        SOILBOOK_OUT, else results/<data>/<profile>/<chapter>/ under the book's root.
        Raises ParameterError, DataError or DeviceError before any work starts.
        """
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
        out = os.environ.get(chapters.OUT)
        default = ("results", self.data, self.profile, *chapter.split("/"))
        self.folder = Path(out) if out else chapters.root().joinpath(*default)
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
        """Show a line of plain text, such as how many sites and networks a result rests on."""
        _show(html.note(text), text)

    def reference(self, name: str) -> pd.DataFrame | None:
        """A table of the committed observed reference run of this chapter; None if it has none."""
        return self.reference_of(self.chapter, name)

    def reference_of(self, chapter: str, name: str) -> pd.DataFrame | None:
        """A table of the committed observed reference run of a chapter; None if it has none."""
        return _read(chapters.root() / "book/reference/observed" / chapter / name)

    def other(self, chapter: str, name: str) -> pd.DataFrame | None:
        """A table that another chapter's run of this track and profile left; None if it has not."""
        return _read(self.folder.parent.parent / chapter / name)

    def table(
        self, number: str, frame: pd.DataFrame, caption: str, shown: pd.DataFrame | None = None
    ) -> None:
        """Leave ``table_<number>.csv`` and show it, or ``shown``, the same laid out for reading."""
        links = self._keep(f"table_{number}.csv", csv(frame))
        body = html.table(frame if shown is None else shown)
        _show(html.titled("Table", number, caption, body, links), f"Table {number}. {caption}")

    def comparison(self, number: str, frame: pd.DataFrame, caption: str) -> None:
        """A table of paired differences, columns of ``metrics.compare``, in its short form."""
        self.table(number, frame, caption, shown=html.for_reading(frame))

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
        drawn = self._keep(f"fig_{number}.svg", pictures["svg"], "image/svg+xml")
        links = [self._keep(f"fig_{number}.csv", csv(tidy(data)))]
        if len(pictures["svg"]) < html.EMBEDDED:
            links.append(drawn)
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
        links = self._keep("claims.csv", csv(frame))
        _show(f"{html.verdicts(frame)}<p><small>{links}</small></p>", frame.to_string())

    def stamp(self) -> None:
        """Leave ``provenance.json`` and show it: what made this page, of which data, when."""
        made = {
            "chapter": self.chapter,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "duration_s": round(time.monotonic() - self.start, 1),
            "parameters": self.parameters,
            "data": {
                "track": self.data,
                "fingerprint": of_data(self.parameters),
                **_fetched(self.data),
            },
            "code": commit(Path(__file__).parent),
            "device": device(self.parameters.get("device")),
            "versions": versions(),
            "files": self.files,
        }
        write(self.folder / "provenance.json", json.dumps(made, indent=1).encode())
        frame = pd.DataFrame(list(_spoken(made).items()), columns=["what", "value"])
        _show(html.table(frame), frame.to_string())

    def _keep(self, name: str, content: bytes, mime: str = "text/csv") -> str:
        """Leave a file and return the link that downloads it from the page."""
        write(self.folder / name, content)
        self.files[name] = hashlib.sha256(content).hexdigest()
        return html.download(name, content, mime)

    def _banner(self) -> None:
        if self.data == "twin":
            title, colour = "Synthetic data (twin).", "#D55E00"
            text = (
                "Everything measured on this page comes from a virtual observatory made by the "
                "library; no real soil was measured."
            )
            link = DATA_PAGE if os.environ.get(chapters.RUN) else None
        elif self.data == "archive":
            title, colour, link = "The authors' own data.", "#0072B2", None
            text = f"The station files that the authors published: {archive.SOURCE}."
        else:
            used = [p.credit for p in products.present() if self.chapter.startswith(p.chapters)]
            title, colour, link = "Observed data.", "#0072B2", None
            text = f"Real measurements: {'; '.join(used) or 'no product found'}."
        _show(html.banner(title, text, colour, link), f"{title} {text}")


def _read(file: Path) -> pd.DataFrame | None:
    return pd.read_csv(file) if file.is_file() else None


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


def versions() -> dict[str, str]:
    """Versions of Python, soilbook and the packages that results rest on."""
    own = {"python": platform.python_version(), "soilbook": __version__}
    return own | {name: metadata.version(name) for name in PACKAGES}


def commit(folder: Path) -> dict | None:
    """Commit of the checkout that holds ``folder`` and whether files differ from it, or None."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def of_data(values: dict) -> str:
    """Fingerprint of the data behind a chapter's parameters ``data``, ``sites`` and ``seed``.

    Of the twin its code and seed; of observed stations the content of the files read; of a chapter
    that names no sites the ``listing`` of the data folder.
    """
    track = values.get("data", "twin")
    if track != "twin" and "sites" not in values:
        return products.listing(room.folder())
    names = values.get("sites") or room.available(track)
    return room.fingerprint(track, names, seed=values.get("seed", 0))


def _fetched(track: str) -> dict:
    """SHA-256 of the manifests of what was fetched from its owners; nothing on the twin."""
    made = {} if track == "twin" else download.manifests(room.folder())
    return {"manifests": made} if made else {}


def device(name: str | None) -> str:
    """The processor in words: the GPU where one is asked for or found, else the CPU's cores.

    Raises as ``device.find``.
    """
    import torch

    found = find_device(name or "auto")
    if found != "cpu":
        return torch.cuda.get_device_name(found)
    return f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def _spoken(made: dict) -> dict[str, str]:
    code = made["code"]
    changed = " with uncommitted changes" if code and code["dirty"] else ""
    manifests = made["data"].get("manifests", {})
    told = ", ".join(f"{name} {digest[:16]}" for name, digest in manifests.items())
    fetched = f"; manifests of what was fetched: {told}" if told else ""
    return {
        "chapter": made["chapter"],
        "parameters": ", ".join(f"{name}={value}" for name, value in made["parameters"].items()),
        "data": f"{made['data']['track']}, fingerprint {made['data']['fingerprint'][:16]}{fetched}",
        "code": f"commit {code['commit'][:12]}{changed}" if code else "no version control",
        "versions": ", ".join(f"{name} {number}" for name, number in made["versions"].items()),
        "device": made["device"],
        "date": made["date"],
        "duration": f"{made['duration_s']} s",
    }


def _show(markup: str, text: str) -> None:
    display({"text/html": markup, "text/plain": text}, raw=True)
