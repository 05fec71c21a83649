"""What a page of the book shows, in MyST: numbered products in tabs, a tab a run.

A chapter's own outputs are plain (PNG, HTML), so that its notebook reads well in JupyterLab. Beside
each stands what the book shows instead: both runs in tabs, pictures and data as files near the
page, captions that can be linked and listed.
"""

import copy
import json
import re
from dataclasses import dataclass

KEY = "soilbook"  # in an output's metadata: {"myst": text, "files": names in the folder of results}
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#$|~&^@])")
RAW = "`````"


@dataclass(frozen=True)
class Panel:
    """A product of one run: heading and colour of its tab (``observed`` or ``twin``), its text."""

    title: str
    track: str
    body: str


def escape(text: str) -> str:
    """Plain text that MyST shows as it is."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def name_of(kind: str, number: str) -> str:
    """The anchor of a product on its page: ``fig-9``, ``table-a1``."""
    return re.sub(r"[^a-z0-9]+", "-", f"{kind}-{number}".lower()).strip("-")


def label_of(chapter: str, name: str) -> str:
    """The name by which the whole book can refer to a product."""
    return re.sub(r"[^a-z0-9]+", "-", f"{chapter}-{name}".lower())


def raw(markup: str) -> str:
    """HTML as it is."""
    return f"{RAW}{{raw}} html\n{markup}\n{RAW}"


def download(words: str, path: str) -> str:
    """A link that saves a file of the book, named by its path from the page."""
    return f"{{download}}`{words} <{path}>`"


def titled(kind: str, number: str, caption: str) -> str:
    """Number and caption in one paragraph."""
    return f"**{kind} {escape(number)}.** {escape(caption)}"


def table(heading: str, markup: str, line: str) -> str:
    """A numbered table: caption above, a line of what it comes from beneath."""
    return "\n\n".join((heading, raw(markup), f":::{{div}} soilbook-line\n{line}\n:::"))


def figure(heading: str, picture: str | None, alt: str, label: str, line: str) -> str:
    """A numbered figure with its text alternative; without a picture the caption alone."""
    line = f":::{{div}} soilbook-line\n{line}\n:::"
    if picture is None:
        return f"{heading}\n\n{line}"
    options = f":name: {label}\n:alt: {json.dumps(' '.join(alt.split()), ensure_ascii=False)}"
    return f"::::{{figure}} {picture}\n{options}\n\n{heading}\n\n{line}\n::::"


def tabs(anchor: str, panels: list[Panel]) -> str:
    """The panels as tabs that all turn together; a single one by itself, with its label."""
    start = raw(f'<span id="{anchor}" class="soilbook-anchor"></span>')
    if len(panels) == 1:
        (only,) = panels
        return f"{start}\n\n::::::{{div}} soilbook-only soilbook-{only.track}\n{only.body}\n::::::"
    items = [
        f"::::::{{tab-item}} {one.title}\n:sync: {'reference' if i == 0 else 'other'}\n"
        f":class-label: soilbook-{one.track}\n\n{one.body}\n::::::"
        for i, one in enumerate(panels)
    ]
    body = "\n".join(items)
    return f"{start}\n\n:::::::{{tab-set}}\n:sync-group: run\n\n{body}\n:::::::"


def page_of(notebook: dict) -> tuple[dict, list[str]]:
    """The notebook as the book shows it, and the files that have to lie beside it.

    Outputs that carry MyST show that; all others stay.
    """
    page, files = copy.deepcopy(notebook), []
    for cell in page.get("cells", []):
        for output in cell.get("outputs", []):
            shown = output.get("metadata", {}).get(KEY)
            if shown:
                files += shown.get("files", [])
                output["data"] = {"text/markdown": shown["myst"]}
                output["metadata"] = {}
    return page, list(dict.fromkeys(files))
