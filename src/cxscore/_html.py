"""Tables for notebooks, everything escaped. Knows nothing of this package."""

from __future__ import annotations

import html
from collections.abc import Iterable

__all__ = ["facts", "table"]


def facts(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """What, and how it reads; one line each."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table>{_caption(title)}{cells}</table>"


def table(names: Iterable[str], rows: Iterable[Iterable[str]], *, title: str = "", more: str = "") -> str:
    """Rows under a head; `more` says what is not shown."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    caption = _caption(title) if title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{html.escape(more)}"


def _caption(title: str) -> str:
    # A caption is no wider than its table, however narrow the columns.
    return f"<caption style='text-align:left;white-space:nowrap'><b>{html.escape(title)}</b></caption>"
