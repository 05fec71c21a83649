"""Accessibility of every rendered page, by axe-core in headless Chromium: ``make axe``.

``python tests/book/axe.py AXE.MIN.JS [FOLDER]`` copies the pages of FOLDER (_build/html), lets each
judge itself, light and dark, prints what axe-core finds and exits with 1 at a serious violation.
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
# Runs once the page has settled; leaves what it found as text of an element of its own.
PROGRAM = """<script src="file://{axe}"></script><script>
addEventListener("load", () => setTimeout(async () => {{
  document.documentElement.dataset.theme = "{theme}";
  const found = await axe.run(document, {{runOnly: {rules}}});
  const told = found.violations.map(one => [one.id, one.impact, one.help,
    one.nodes.map(node => node.target.join(" ")).slice(0, 3), one.nodes.length]);
  const place = document.createElement("pre");
  place.id = "axe-result";
  place.textContent = JSON.stringify(told);
  document.body.append(place);
}}, 500));
</script>"""


def judged(page: Path, axe: Path, theme: str) -> list:
    """Violations of one page: id, impact, help, first places, how many."""
    text = page.read_text(encoding="utf-8")
    program = PROGRAM.format(axe=axe, theme=theme, rules=json.dumps(RULES))
    copy = page.with_name(f"axe-{page.name}")
    copy.write_text(text.replace("</body>", f"{program}</body>"), encoding="utf-8")
    for budget in BUDGETS:
        profile = tempfile.mkdtemp(dir=page.parent)
        command = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--allow-file-access-from-files", f"--user-data-dir={profile}",
            "--window-size=1400,1200", f"--virtual-time-budget={budget}", "--dump-dom",
            copy.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        found = re.search(r'<pre id="axe-result">(.*?)</pre>', done.stdout, re.DOTALL)
        if found:
            copy.unlink()
            return json.loads(unescape(found[1]))
    raise RuntimeError(f"{page}: axe-core left nothing; {done.stderr[-500:]}")


def main(axe: str, folder: str = "_build/html") -> int:
    """All pages of the book; exit status."""
    places = defaultdict(list)
    with tempfile.TemporaryDirectory() as work:
        site = Path(work) / "site"
        shutil.copytree(folder, site)
        pages = sorted((site / "book").rglob("*.html"))
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
    print(f"{len(pages)} pages, light and dark: {len(serious)} kinds of serious violation")
    return 1 if serious else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
