"""What the documentation promises about itself: complete pages, complete reference, nothing from elsewhere."""

from __future__ import annotations

import ast
import re
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest

import cxscore as cx
from cxscore.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
METRICS = ("nps", "csat", "ces", "response-times", "repeat-contacts", "outliers")


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_page_says_everything(metric: str) -> None:
    headings = re.findall(r"^## (.*)$", read("docs", "metrics", f"{metric}.md"), re.MULTILINE)
    wanted = ["Definition", "Interval", "Assumptions", "Where it misleads", "Source"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert {"Formula", "Rules"} & set(headings)


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_page_says_what_its_numbers_count(metric: str) -> None:
    (line,) = re.findall(r"^`given` .*$", read("docs", "metrics", f"{metric}.md"), re.MULTILINE)
    assert "`n`" in line


def test_receipts_are_automatic_on_every_page() -> None:
    """As a bot's answer a receipt takes people who still wait out of every clock."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert not re.findall(r"(?:auto-?reply|autoresponder|receipt)[^\s(]* ?[=:] ?\"?bot", pages)
    assert "--author auto-reply=automatic" in pages
    misleads = read("docs", "metrics", "response-times.md").partition("## Where it misleads")[2]
    assert "`bot_only`" in misleads


def test_the_table_of_errors_says_what_is_raised() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", read("docs", "how-to", "errors-and-missing.md"), re.MULTILINE))
    assert {name for name in cx.errors.__all__ if name != "CxscoreError"} == set(rows)
    twice = [datetime(2026, 10, 25, 2, 30)]
    with pytest.raises(cx.CxscoreError) as caught:
        cx.Contacts(customer="ada", at=twice, tz="Europe/Berlin")
    assert [name for name, when in rows.items() if "comes twice or never" in when] == [type(caught.value).__name__]


def test_every_option_is_in_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["report", "--help"])
    offered = set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
    assert offered == set(re.findall(r"^\| `(--[\w-]+)", read("docs", "reference", "command-line.md"), re.MULTILINE))


def test_every_public_name_is_in_the_reference() -> None:
    reference = "\n".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    shown = set(re.findall(r"^::: cxscore\.(\w+)", reference, re.MULTILINE))
    told = set(re.findall(r'[`"](\w+)[`"]', reference))  # presets and lists of choices stand in tables
    modules = {name for name in cx.__all__ if isinstance(getattr(cx, name), ModuleType)}
    assert set(cx.__all__) - shown - told - modules - {"__version__"} == set()
    assert shown <= set(cx.__all__)


def test_every_page_is_in_the_navigation() -> None:
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert set(re.findall(r": (\S+\.md)$", read("mkdocs.yml"), re.MULTILINE)) == pages


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read("README.md"))
    assert len(links) >= 10
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()] == []


def test_pages_load_nothing_from_elsewhere() -> None:
    settings = read("mkdocs.yml")
    assert "font: false" in settings
    assert "http" not in settings
    assert not [page for page in DOCS.rglob("*") if page.suffix in (".md", ".css") and "<script" in page.read_text()]


def test_versions_agree() -> None:
    released = cx.__version__.partition("+")[0]
    assert f"version: {released}\n" in read("CITATION.cff")
    assert f"## [{released}]" in read("CHANGELOG.md")


def test_every_entry_of_a_docstring_is_a_name_and_a_description() -> None:
    """Entries that are not so abort the building of the pages with newer releases of its tools."""
    wrong = []
    for path in sorted((ROOT / "src" / "cxscore").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or (text := ast.get_docstring(node)) is None:
                continue
            for section in re.findall(r"^(?:Args|Attributes|Raises):\n((?:(?: {4}.*)?\n?)*)", text, re.MULTILINE):
                entries = re.findall(r"^ {4}(?! )(.*)", section, re.MULTILINE)
                wrong += [f"{path.name}: {entry}" for entry in entries if not re.match(r"[\w*, ]+: \S", entry)]
    assert not wrong
