"""Print constraints that hold each package of pyproject.toml to the lowest version it allows."""

import re
import tomllib
from pathlib import Path


def lowest(pyproject: Path) -> list[str]:
    """``name==version`` for each ``name>=version`` of the dependencies and the extra ``test``."""
    project = tomllib.loads(pyproject.read_text())["project"]
    listed = project["dependencies"] + project["optional-dependencies"]["test"]
    return [re.sub(r"\s*>=\s*([^,;]+).*", r"==\1", line) for line in listed]


if __name__ == "__main__":
    print("\n".join(lowest(Path(__file__).parents[1] / "pyproject.toml")))
