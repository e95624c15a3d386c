"""Calendar periods as groups of clocks: a wait belongs to its start, a resolution to its end."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .._grouping import read_key
from .._inputs import NAT, Coded
from ..batches import Conversations, Messages
from ..periods import Period, PeriodCodes
from ._base import unless_left

__all__ = ["Places", "by_end", "periods_of_messages", "resolved_at", "tickets_and_ends"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Places:
    """Where what is grouped stands: rows of the log, rows of tickets, -1 without."""

    conversation: Array
    """Of each message."""
    opened_by: Ints
    """Message that opened each wait."""
    message: Ints
    """Message that each conversation belongs to."""
    ticket: Ints
    """Ticket of each conversation."""
    shown: Ints
    """The conversations that are grouped."""


def by_end(spec: Any) -> bool:
    """Whether a key of groups is a period in which resolutions belong to their ends."""
    return isinstance(spec, Period) and spec.anchor is None


def resolved_at(ends: dict[str, Ints], kept: Bools) -> dict[str, Ints]:
    """The end of each ticket on the clocks of resolution; a first one that nobody knows is taken for the last."""
    left_at = ends["abandoned_at"]
    last, first = (unless_left(ends[name], left_at) for name in ("resolved_at", "first_resolved_at"))
    last = np.where(last == NAT, left_at, last)
    found = {"resolution": last, "first_resolution": np.where(first == NAT, last, first)}
    return {name: np.where(kept, at, NAT) for name, at in found.items()}


def tickets_and_ends(spec: Any, table: Conversations, ended: dict[str, Ints], kept: Bools) -> Coded:
    """Labels of tickets followed by those of their resolutions, one run a clock."""
    n = len(table)
    if ended and by_end(spec):
        both: PeriodCodes = spec.coded(n, table, tuple(ended.values()))
        codes = both.codes.reshape(-1, n)
        # What is left out has no resolution, and stays where its ticket is.
        return both.with_codes(np.where(kept, codes, codes[0]).reshape(-1))
    labels = read_key(spec, n, table)
    codes = np.tile(labels.codes, 1 + len(ended))
    return labels.with_codes(codes) if isinstance(labels, PeriodCodes) else Coded(codes, labels.labels, labels.name)


def periods_of_messages(
    spec: Period, log: Messages, table: Conversations | None, places: Places, ended: dict[str, Ints], kept: Bools
) -> PeriodCodes:
    """The periods of messages, waits and conversations, followed by those of resolutions, one run a clock.

    A wait belongs to the message that opened it, a conversation to its first customer message, or to its opening
    where it has none; by an instant of the conversations all of it belongs there.

    Args:
        spec: the periods.
        log: the messages.
        table: the conversations, if known.
        places: how messages, waits, conversations and tickets belong together.
        ended: end of each ticket on the clocks of resolution.
        kept: tickets that count.
    """
    n = len(log)
    opened, times = np.full(len(places.ticket), NAT), None
    whole = isinstance(spec.source, str) and table is not None and table.has(spec.source) and not log.has(spec.source)
    if whole and table is not None:
        at, aware = spec.times(len(table), table)
        opened = np.append(at, NAT)[places.ticket]
        times = opened[places.conversation], aware
    elif table is not None:
        opened = np.append(table.times("opened_at"), NAT)[places.ticket]
    resolved = [np.append(at, NAT)[places.ticket] for at in ended.values()] if by_end(spec) else []
    found = spec.coded(n, log, (opened, *resolved), times=times)
    of_row, *of_talks = np.split(found.codes, n + len(opened) * np.arange(1 + len(resolved)))
    of_talk = of_talks[0] if whole or not n else np.where(places.message >= 0, of_row[places.message], of_talks[0])
    # Where no ticket counts nothing was resolved, and the conversation itself says the period.
    solved = np.append(kept, False)[places.ticket]
    of_ends = [np.where(solved, codes, of_talk) for codes in of_talks[1:]] or [of_talk] * len(ended)
    parts = (of_row, of_row[places.opened_by], *(codes[places.shown] for codes in (of_talk, *of_ends)))
    return found.with_codes(np.concatenate(parts))
