"""Every example of README, docs pages and docstrings, run as it stands.

The blocks of a page run in order in one namespace, in a directory of their own: a page reads like one
session. Blocks with a prompt are doctests and must print what they show; the others must run.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import cxscore

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = ["cxscore", *(found.name for found in pkgutil.walk_packages(cxscore.__path__, "cxscore."))]

_BLOCK = re.compile(r"^(?P<indent> *)```(?:python|pycon)\b[^\n]*\n(?P<code>.*?)^(?P=indent)```", re.DOTALL | re.MULTILINE)


@attrs.frozen
class Block:
    """One fenced block of Python, and the line of the page it starts on (counted from 0)."""

    code: str
    line: int

    @property
    def prompted(self) -> bool:
        return ">>> " in self.code


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        yield Block(textwrap.dedent(found["code"]), text.count("\n", 0, found.start("code")))


def run_page(page: Path) -> int:
    """Run all blocks of a page; how many examples (statements with a prompt, or whole blocks) ran."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(verbose=False)
    ran = 0
    for block in blocks(page):
        if not block.prompted:
            exec(compile("\n" * block.line + block.code, str(page), "exec"), namespace)
            ran += 1
            continue
        test = doctest.DocTestParser().get_doctest(block.code, namespace, page.name, str(page), block.line)
        test.globs = namespace  # the parser gives every block a copy; a page has one namespace
        report: list[str] = []
        failed = runner.run(test, out=report.append, clear_globs=False).failed
        assert failed == 0, "".join(report)
        ran += len(test.examples)
    return ran


def examples_of(module: str) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(module)) if test.examples]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page(page) == sum(
        len(doctest.DocTestParser().get_examples(block.code)) if block.prompted else 1 for block in blocks(page)
    )


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for test in examples_of(module):
        report: list[str] = []
        failed = doctest.DocTestRunner(verbose=False).run(test, out=report.append).failed
        assert failed == 0, "".join(report)


def test_the_examples_were_found() -> None:
    """A pattern that stopped matching would let every page pass."""
    on_pages = {page.relative_to(ROOT).as_posix(): len(list(blocks(page))) for page in PAGES}
    assert on_pages["README.md"] >= 2
    assert on_pages["docs/tutorial.md"] >= 10
    assert sum(on_pages.values()) >= 60
    assert sum(len(test.examples) for module in MODULES for test in examples_of(module)) >= 80
