"""Who may import whom, written in one place and read from the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cxscore

ROOT = Path(cxscore.__file__).parent

# Room → rooms of ours it may import. A folder stands for everything in it.
ALLOWED: dict[str, set[str]] = {
    "_version": set(),
    "_frozen": set(),
    "_html": set(),
    "errors": set(),
    "_core": {"_core"},
    "_accounting": {"_frozen"},
    "_calls": {"errors"},
    "_checks": {"errors"},
    "scales": {"_frozen", "errors"},
    "records": {"_frozen", "errors"},
    "policies": {"_frozen", "errors", "policies", "records"},
    "_inputs": {"_inputs", "errors", "scales"},
    "hours": {"_calls", "_core", "_frozen", "_inputs", "errors"},
    "batches": {"_accounting", "_checks", "_core", "_html", "_inputs", "batches", "errors", "records"},
    "periods": {"_checks", "_core", "_inputs", "batches", "errors"},
    "_grouping": {"_frozen", "_inputs", "batches", "errors", "periods"},
    "_evidence": {"_core"},
    "_results": {"_accounting", "_evidence", "_frozen", "_html", "errors"},
    "_story": {"_frozen", "_inputs", "_results", "batches", "errors", "hours", "records"},
    "groups": {"_evidence", "_grouping", "_html", "_results", "errors", "periods"},
    "intervals": {"_checks", "_core", "_inputs", "errors"},
    "_open_time": {"_clocks", "_core", "_inputs", "errors", "hours", "policies"},
    "_clocks": {"_accounting", "_clocks", "_core", "_grouping", "_inputs", "batches", "errors", "periods", "policies"},
    "_contacts": {
        "_accounting", "_checks", "_core", "_grouping", "_inputs", "_open_time", "batches", "errors", "hours",
    },
    "tallies": {
        "_accounting", "_calls", "_checks", "_clocks", "_contacts", "_core", "_frozen", "_grouping", "_inputs",
        "_open_time", "batches", "errors", "hours", "policies", "scales", "tallies",
    },
    "_metrics": {
        "_accounting", "_calls", "_checks", "_clocks", "_contacts", "_core", "_evidence", "_frozen", "_grouping",
        "_html", "_inputs", "_metrics", "_open_time", "_results", "_story", "batches", "errors", "groups", "hours",
        "periods", "policies", "records", "scales", "tallies",
    },
    "_judging": {  # those that need rows (scorecard, drivers, surveys, backlog) run metrics; the others see results
        "_accounting", "_calls", "_checks", "_clocks", "_core", "_evidence", "_frozen", "_grouping", "_html",
        "_inputs", "_judging", "_metrics", "_open_time", "_results", "batches", "errors", "groups", "intervals",
        "periods", "policies", "records", "scales", "tallies",
    },
    "sample": {"batches", "errors", "records"},
    "_report": {"_inputs", "batches", "errors", "hours", "records", "scales"},
    "__main__": {"_judging", "_metrics", "_report", "_version", "batches", "errors", "policies", "sample", "scales"},
}  # fmt: skip
RUN_TIME = {"numpy", "attrs"}
# Third-party imports inside a function, each behind an extra or brought along by the object passed in.
LATE = {("intervals.py", "scipy"), ("_inputs", "polars")}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    relative = path.relative_to(ROOT)
    return relative.parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Names of modules imported (ours as '.room'), and whether at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    here = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((node.module or "", id(node) in top))
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - (node.level - 1)] + (node.module.split(".") if node.module else [])
            names = [base] if base else [[alias.name] for alias in node.names]
            found += [("." + name[0], id(node) in top) for name in names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return  # re-exports; imports nothing optional, see below
    ours = {name[1:] for name, _ in imports(path) if name.startswith(".")}
    assert ours <= ALLOWED[room], f"{room} may not import {sorted(ours - ALLOWED[room])}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_third_party_imports_are_numpy_and_attrs_or_late(path: Path) -> None:
    for name, at_top in imports(path):
        package = name.split(".")[0]
        if name.startswith(".") or package in sys.stdlib_module_names or package in RUN_TIME or package == "cxscore":
            continue
        assert not at_top, f"{path.name} imports {package} at the top"
        assert (path.name, package) in LATE or (room_of(path), package) in LATE, f"{path.name} imports {package}"


def test_metrics_never_import_each_other() -> None:
    room = ROOT / "_metrics"
    for path in room.rglob("*.py"):
        own = path.relative_to(room).parts[0]  # a metric that is a folder may import what is in it
        tree = ast.parse(path.read_text(encoding="utf-8"))
        up = 2 if path.parent != room else 1
        siblings = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == up]
        assert not siblings, f"{own} imports a sibling"


def test_every_room_is_listed() -> None:
    assert {room_of(path) for path in modules()} - {"__init__"} == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_ambient_state(path: Path) -> None:
    """No clock, no environment, no global randomness, no printing outside the command line."""
    source = path.read_text(encoding="utf-8")
    for forbidden in ("datetime.now", "time.time(", "os.environ", "getenv", "np.random.seed", "date.today", "utcnow"):
        assert forbidden not in source, f"{path.name} uses {forbidden}"
    if path.name not in ("__main__.py",):
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        names = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
        assert "print" not in names
        assert "assert " not in source.replace("assert_never", "") or not any(
            isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source))
        )


def test_every_module_opens_with_a_docstring() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_importing_the_package_loads_neither_numpy_nor_anything_optional() -> None:
    code = (
        "import sys, cxscore; "
        "print([m for m in ('numpy', 'pandas', 'polars', 'pyarrow', 'scipy', 'cxscore.sample') if m in sys.modules])"
    )
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_measuring_needs_nothing_but_numpy_and_attrs() -> None:
    code = (
        "import sys, cxscore as cx; cx.nps([9, 10, 3], by=['a', 'b', 'a']).scores; "
        "print([m for m in ('pandas', 'polars', 'pyarrow', 'scipy', 'statistics') if m in sys.modules])"
    )
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
