"""Run mypy over rejects.py and compare the errors it finds with the ones that are wanted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CLIENT = HERE / "rejects.py"


def wanted() -> set[tuple[int, str]]:
    lines = CLIENT.read_text(encoding="utf-8").splitlines()
    marks = ((number, re.search(r"# expect: ([\w-]+)", line)) for number, line in enumerate(lines, start=1))
    return {(number, mark[1]) for number, mark in marks if mark}


def found() -> set[tuple[int, str]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(CLIENT)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {(int(line), code) for line, code in re.findall(r"rejects\.py:(\d+): error: .*\[([\w-]+)\]", output)}


if __name__ == "__main__":
    missed, extra = wanted() - found(), found() - wanted()
    if missed or extra:
        sys.exit(f"type errors wanted but not found: {sorted(missed)}; found but not wanted: {sorted(extra)}")
    print(f"{len(wanted())} wrong calls refused by the type checker")
