"""Every example of README, docs pages and docstrings, run as it stands.

The blocks of a page run in order in one namespace and a directory of their own, as if typed one after the
other. Python with a prompt is a doctest and must print what it shows; Python without must run. A console
block with `$ python -m cxscore ...` must print what follows. A block with a title is that file.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import cxscore
from cxscore.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = ["cxscore", *(found.name for found in pkgutil.walk_packages(cxscore.__path__, "cxscore."))]

_BLOCK = re.compile(
    r"""^(?P<indent>\ *)```(?P<language>\w+)(?:\ title="(?P<title>[^"]+)")?\n(?P<text>.*?)^(?P=indent)```$""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_COMMAND = re.compile(r"^\$ python -m cxscore(?P<arguments>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@attrs.frozen
class Block:
    """One fenced block that is run, and the line of the page before it (counted from 1)."""

    language: str
    title: str | None
    text: str
    line: int

    @property
    def examples(self) -> int:
        """How many there are to run: commands, statements with a prompt, or the block as a whole."""
        if self.language == "console":
            return len(_COMMAND.findall(self.text))
        return len(doctest.DocTestParser().get_examples(self.text)) or 1


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if found["language"] in ("python", "pycon", "console") or found["title"]:
            line = text.count("\n", 0, found.start("text"))
            yield Block(found["language"], found["title"], textwrap.dedent(found["text"]), line)


def run(block: Block, page: Path, namespace: dict[str, object]) -> None:
    if block.title:
        Path(block.title).write_text(block.text, encoding="utf-8")
    elif block.language == "console":
        for command in _COMMAND.finditer(block.text):
            arguments = shlex.split(command["arguments"].replace("\\\n", " "))
            assert command["output"] == output_of(arguments)
    elif ">>> " in block.text:
        test = doctest.DocTestParser().get_doctest(block.text, namespace, page.name, str(page), block.line)
        test.globs = namespace  # the parser gives every block a copy; a page has one namespace
        report: list[str] = []
        doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)
    else:
        exec(compile("\n" * block.line + block.text, str(page), "exec"), namespace)


def output_of(arguments: list[str]) -> str:
    """What the command line prints, errors included."""
    with contextlib.redirect_stdout(io.StringIO()) as stream, contextlib.redirect_stderr(stream):
        main(arguments)
    return stream.getvalue()


def examples_of(module: str) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(module)) if test.examples]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        run(block, page, namespace)


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for test in examples_of(module):
        report: list[str] = []
        failed = doctest.DocTestRunner(verbose=False).run(test, out=report.append).failed
        assert failed == 0, "".join(report)


def test_the_examples_were_found() -> None:
    """A pattern that stopped matching would let every page pass."""
    on_pages = {page.relative_to(ROOT).as_posix(): sum(block.examples for block in blocks(page)) for page in PAGES}
    assert on_pages["README.md"] >= 15
    assert on_pages["docs/tutorial.md"] >= 40
    assert on_pages["docs/how-to/command-line.md"] >= 4
    assert sum(on_pages.values()) >= 250
    assert sum(len(test.examples) for module in MODULES for test in examples_of(module)) >= 120


def test_every_block_is_closed_and_known() -> None:
    """A language that nobody runs is a figure that nobody checks."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        languages = re.findall(r"^ *```(.*)$", text, re.MULTILINE)
        assert len(languages) % 2 == 0, page
        opened = {words.split(" ")[0] for words in languages[::2]}
        assert opened <= {"", "text", "csv", "json", "python", "pycon", "console"}, page
