"""Accessibility and widths of every rendered page, in headless Chromium: ``make axe``.

``python tests/book/axe.py AXE.MIN.JS [FOLDER]`` copies the pages of FOLDER (_build/html) and lets
axe-core judge each of them, light and dark. It also measures, with all tabs and folds open, whether
a table is wider than its box at 1,280 pixels, and whether a page is wider than a phone of 390. It
prints what it finds and exits with 1 at a serious violation or a width too large.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from html import unescape
from pathlib import Path

SERIOUS = ("serious", "critical")
THEMES = ("light", "dark")
BUDGETS = (60_000, 300_000, 900_000)  # ms of the page's own time; a busy machine needs more
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# Runs once the page has settled; leaves what it found as text of an element of its own. Colours
# must not be on their way from one theme to the other when they are measured.
PROGRAM = """<style>*, ::before, ::after {{ transition: none !important; }}</style>
<script>document.documentElement.dataset.theme = "{theme}";</script>
<script src="file://{axe}"></script><script>
addEventListener("load", () => setTimeout(async () => {{
  document.documentElement.dataset.theme = "{theme}";
  await new Promise(done => setTimeout(done, 100));
  const found = await axe.run(document, {{runOnly: {rules}}});
  const told = found.violations.map(one => [one.id, one.impact, one.help,
    one.nodes.map(node => node.target.join(" ")).slice(0, 3), one.nodes.length]);
  const place = document.createElement("pre");
  place.id = "axe-result";
  place.textContent = JSON.stringify(told);
  document.body.append(place);
}}, 500));
</script>"""

DESK, PHONE = 1280, 390  # px
# All pages at one width, with what is folded or in another tab in sight.
WIDTHS = """<script>addEventListener("load", () => setTimeout(() => {{
  const told = [...document.querySelectorAll("iframe")].map(frame => {{
    const page = frame.contentDocument;
    page.querySelectorAll("details").forEach(one => one.open = true);
    page.querySelectorAll(".sd-tab-content").forEach(one =>
      one.style.setProperty("display", "block", "important"));
    const boxes = [...page.querySelectorAll(".soilbook-wide, .pst-scrollable-table-container")];
    const wide = boxes.filter(one => one.clientWidth && one.scrollWidth > one.clientWidth + 1);
    const cut = [...page.querySelectorAll("div.math")].filter(one => one.clientWidth &&
      one.scrollWidth > one.clientWidth + 1).length;
    return [page.documentElement.scrollWidth, wide.map(one =>
      `${{one.scrollWidth}} of ${{one.clientWidth}} px: ${{one.innerText.trim().slice(0, 40)}}`),
      cut];
  }});
  const place = document.createElement("pre");
  place.id = "axe-result";
  place.textContent = JSON.stringify(told);
  document.body.append(place);
}}, 5000));</script>"""


def dumped(page: Path) -> list | None:
    """What a page left of itself, as text of the element ``axe-result``; None if it left nothing
    in time."""
    for budget in BUDGETS:
        profile = tempfile.mkdtemp(dir=page.parent)
        command = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--allow-file-access-from-files", f"--user-data-dir={profile}",
            "--window-size=1400,1200", f"--virtual-time-budget={budget}", "--dump-dom",
            page.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        found = re.search(r'<pre id="axe-result">(.*?)</pre>', done.stdout, re.DOTALL)
        if found:
            return json.loads(unescape(found[1]))
    return None


def widths(site: Path, pages: list[Path]) -> list[str]:
    """Tables wider than their box on a desk; pages and equations wider than a phone."""
    found = []
    for width in (DESK, PHONE):
        frames = "".join(
            f'<iframe src="{page.as_uri()}" style="width:{width}px;height:900px"></iframe>'
            for page in pages
        )
        sheet = site / "axe-widths.html"
        sheet.write_text(f"<html><body>{frames}{WIDTHS.format()}</body></html>", encoding="utf-8")
        told = dumped(sheet)
        if told is None:
            raise RuntimeError(f"widths at {width} px could not be measured")
        for page, (whole, tables, cut) in zip(pages, told, strict=True):
            name = page.relative_to(site)
            if width == DESK:
                found += [f"{name} at {width} px: table of {table}" for table in tables]
            if whole > width:
                found.append(f"{name} at {width} px: the page is {whole} px wide")
            if cut:
                found.append(f"{name} at {width} px: {cut} equations are cut off")
    return found


def judged(page: Path, axe: Path, theme: str) -> list:
    """Violations of one page: id, impact, help, first places, how many."""
    text = page.read_text(encoding="utf-8")
    program = PROGRAM.format(axe=axe, theme=theme, rules=json.dumps(RULES))
    copy = page.with_name(f"axe-{page.name}")
    copy.write_text(text.replace("</body>", f"{program}</body>"), encoding="utf-8")
    found = dumped(copy)
    copy.unlink()
    if found is None:
        raise RuntimeError(f"{page}: axe-core left nothing")
    return found


def main(axe: str, folder: str = "_build/html") -> int:
    """All pages of the book; exit status."""
    places = defaultdict(list)
    with tempfile.TemporaryDirectory() as work:
        site = Path(work) / "site"
        shutil.copytree(folder, site)
        pages = sorted((site / "book").rglob("*.html"))
        wide = widths(site, pages)
        for page in pages:
            for theme in THEMES:
                found = judged(page, Path(axe).resolve(), theme)
                for name, impact, words, nodes, n in found:
                    where = f"{page.relative_to(site)} ({theme}, {n}): {'; '.join(nodes)}"
                    places[impact or "minor", name, words].append(where)
    for (impact, name, words), where in sorted(places.items()):
        print(f"{impact}: {name}: {words}: {len(where)} pages and themes")
        print("\n".join(f"    {one}" for one in where[:4]))
    serious = [key for key in places if key[0] in SERIOUS]
    print("\n".join(wide))
    print(f"{len(pages)} pages, light and dark: {len(serious)} kinds of serious violation")
    print(f"{len(pages)} pages at {DESK} and {PHONE} px: {len(wide)} too wide")
    return 1 if serious or wide else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
