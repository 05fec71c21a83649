"""From an empty data folder to Table 3: the commands of the page on reruns, in one session."""

import csv
import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/data"))
SECTIONS = ("From nothing to Table 3 on real observations", "A site of your own")
TABLE_3 = "results/observed/smoke/wang2024/s4_2_basic_networks"


def commands(section: str) -> list[str]:
    """The lines of the first block of a section of the page."""
    page = (ROOT / "book/rerun.md").read_text()
    (part,) = re.findall(rf"^## {section}\n(.*?)(?=^## )", page, re.DOTALL | re.MULTILINE)
    (block,) = re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
    return block.strip().splitlines()


def own_rows(moisture, n: int = 500) -> str:
    """Days of a site of one's own, in the columns of ``soilbook site new``."""
    rows = []
    for k in range(n):
        day = date(2018, 1, 1) + timedelta(k)
        rows.append([day, 9 if k % 9 == 0 else 0, 10 + k % 7, 300, 150, 70, 2])
        for depth in (0.05, 0.1, 0.2, 0.5, 1.0):
            rows[-1] += [moisture(day, depth), 9 + k % 3]
    return "\n".join(",".join(map(str, row)) for row in rows) + "\n"


@pytest.fixture
def session(tmp_path):
    """Run lines of a shell in a folder of their own, against the owners' server."""
    from owners import moisture, serve

    for name in ("chapters", "book", "_toc.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "rows").write_text(own_rows(moisture))
    owners, server = serve()
    known = {"SOILBOOK_MIRROR": owners.address, "SOILBOOK_CACHE": str(tmp_path / "cache")}
    known |= {"SOILBOOK_ROOT": str(tmp_path), "PYTHONPATH": str(ROOT / "lib")}

    def run(lines: list[str]) -> subprocess.CompletedProcess:
        program = f'soilbook() {{ "{sys.executable}" -m soilbook.cli "$@"; }}'
        script = "\n".join(["set -e", program, *lines])
        command = ["bash", "-c", script]
        return subprocess.run(
            command, cwd=tmp_path, env=os.environ | known, capture_output=True, text=True
        )

    yield run
    server.shutdown()
    server.server_close()


def table(folder: Path) -> list[dict]:
    with (folder / TABLE_3 / "table_3.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_from_an_empty_folder_to_table_3(session, tmp_path):
    first, second = map(commands, SECTIONS)
    done = session(first)
    assert done.returncode == 0, done.stderr
    assert "licence: public domain" in done.stdout and "plan: " in done.stdout
    rows = table(tmp_path)
    assert {row["model"] for row in rows} >= {"persistence", "LSTM"}
    assert {row["n_sites"] for row in rows} == {"2"}
    made = json.loads((tmp_path / TABLE_3 / "provenance.json").read_text())
    assert set(made["data"]["manifests"]) == {"power", "scan", "uscrn"}
    with (tmp_path / TABLE_3 / "table_data.csv").open() as stream:
        assert {row["site"] for row in csv.DictReader(stream)} == {"Kingston-1-W", "AAMU-jtg"}

    fill = next(k for k, line in enumerate(second) if line.startswith("soilbook site check"))
    session_two = ["export SOILBOOK_DATA=$PWD/data", *second[:fill], "cat rows >> my_site.csv"]
    done = session([*session_two, *second[fill:-1]])
    assert done.returncode == 0, done.stderr
    assert "my_site.csv: 500 days" in done.stdout
    assert {row["n_sites"] for row in table(tmp_path)} == {"1"}
    assert all(row["r2"] for row in table(tmp_path) if row["model"] == "persistence")


def test_each_command_of_the_page_is_one_that_there_is():
    """So that a change of the command line is seen without running the session."""
    from soilbook import cli

    said = [line for section in SECTIONS for line in commands(section)]
    calls = [line.partition("#")[0].split()[1:] for line in said if line.startswith("soilbook")]
    assert len(calls) >= 8
    for call in calls:
        assert cli.parser().parse_args(call).command
