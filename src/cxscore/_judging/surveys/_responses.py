"""What every part of survey care reads: responses as a batch; and how a cell of its tables is written.

Knows batches; knows no part of survey care.
"""

from __future__ import annotations

from typing import Any, cast

from ...batches import Responses, as_batch

__all__ = ["SHOWN", "as_responses", "text"]

SHOWN = 10
"""Rows of an HTML table."""


def as_responses(values: Any, argument: str = "responses") -> Responses:
    """Responses, whichever way they come.

    Raises:
        ArgumentTypeError: something else.
    """
    return cast("Responses", as_batch(values, argument, (Responses,), lambda: Responses.from_records([])))


def text(value: Any) -> str:
    """A cell, empty for None."""
    return "" if value is None else str(value)
