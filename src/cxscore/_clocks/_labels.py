"""What belongs together: messages and tickets of one conversation, and the labels and groups of waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from .._accounting import Account
from .._inputs import Coded
from ..batches import Conversations, Messages
from ..errors import ArgumentValueError
from ._base import leave_out_missing, missing_label, supersede
from ._ties import in_label_order

__all__ = [
    "Join",
    "bring_together",
    "channels_of_conversations",
    "first_known",
    "labels_of_rows",
    "one_numbering",
    "refuse_strangers",
    "rows_of_conversations",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Join:
    """Conversation codes that messages and tickets share."""

    codes: Array
    """Of each message."""
    labels: Sequence[Any]
    table: Conversations | None
    ticket: Ints
    """Row of the ticket of each conversation, -1 without."""
    of_ticket: Ints
    """Conversation of each ticket row."""

    def of_tickets(self, name: str) -> Coded:
        """A column of the tickets by conversation, None where there is no ticket."""
        found = cast("Conversations", self.table).coded(name)
        names = [*found.labels]
        if not names or names[-1] is not None:
            names.append(None)
        return Coded(np.append(found.codes.astype(np.int64), len(names) - 1)[self.ticket], names, name)

    def has(self, name: str) -> bool:
        return self.table is not None and self.table.has(name)

    def spread(self, mask: Bools) -> Bools:
        """A mask of ticket rows by conversation, False where there is no ticket."""
        return np.append(mask, False)[self.ticket]


def bring_together(of_log: Coded, table: Conversations | None, tickets: Account, missing: str) -> Join:
    """Bring messages and tickets together; of several rows of one ticket the one with the latest news counts.

    Raises:
        ArgumentValueError: messages and tickets that share no id.
    """
    nothing = np.empty(0, dtype=np.int64)
    if table is None:
        return Join(of_log.codes, of_log.labels, None, np.full(len(of_log.labels), -1), nothing)
    ids = table.coded("id")
    leave_out_missing(tickets, missing_label(ids), "id", missing)
    index = {label: code for code, label in enumerate(of_log.labels)}
    of_label = np.array([index.setdefault(label, len(index)) for label in ids.labels], dtype=np.int64)
    of_ticket = of_label[ids.codes]
    refuse_strangers(of_log, ids, of_ticket, len(index), "conversations", "id")
    ticket = supersede(table, of_ticket, len(index), tickets, None)
    return Join(of_log.codes, list(index), table, ticket, of_ticket)


def refuse_strangers(of_log: Coded, ids: Coded, of_others: Ints, size: int, argument: str, column: str) -> None:
    """Raise where ids of messages and others are of unlike types and not one is in both, as with 7 and "7"."""
    of_messages = np.bincount(of_log.codes, minlength=size) > 0
    of_tickets = np.bincount(of_others, minlength=size) > 0
    if (of_messages & of_tickets).any():
        return
    known = [_used(labels) for labels in (of_log, ids)]
    unlike = {type(label) for label in known[0]}.isdisjoint({type(label) for label in known[1]})
    if not (all(known) and unlike):
        return
    mine, theirs = (", ".join(f"{label!r} ({type(label).__name__})" for label in labels) for labels in known)
    way = f"give both the same type, e.g. conversation=[str(x) for x in ...] and {column}=[str(x) for x in ...]"
    msg = (
        f"{argument} must share ids with the messages (got none in common: the messages are of {mine} ..., the "
        f"{argument} are {theirs} ...); {way}"
    )
    raise ArgumentValueError(msg, argument=argument, found=tuple(known[1]))


def _used(labels: Coded) -> list[Any]:
    """The first few labels that rows have, without the missing one."""
    codes = np.unique(labels.codes)[:4].tolist()
    return [label for code in codes if (label := labels.labels[code]) is not None][:3]


def labels_of_rows(name: str, log: Messages, join: Join) -> Coded | None:
    """A label of each message: its own, or else that of its conversation."""
    own = log.coded(name) if log.has(name) else None
    if not join.has(name):
        return own
    found = join.of_tickets(name)
    return first_known(own, Coded(found.codes[join.codes], found.labels, name))


def first_known(one: Coded | None, other: Coded) -> Coded:
    """Labels of rows, from the other column where the one has none."""
    if one is None:
        return other
    one, other = one_numbering(one, other)
    return Coded(np.where(one.codes == len(one.labels) - 1, other.codes, one.codes), one.labels, one.name)


def channels_of_conversations(of_rows: Coded | None, join: Join, talk_row: Ints) -> Coded | None:
    """The channel of each conversation: its own, else that of the message it belongs to, -1 where it has none."""
    if of_rows is None:
        return None
    names = [*of_rows.labels, *([] if of_rows.labels and of_rows.labels[-1] is None else [None])]
    codes = np.append(of_rows.codes.astype(np.int64), len(names) - 1)[talk_row]
    if join.has("channel"):
        own, place = join.of_tickets("channel"), {label: code for code, label in enumerate(names)}
        told = np.array([place[label] for label in own.labels], dtype=np.int64)[own.codes]
        codes = np.where(told == len(names) - 1, codes, told)
    return Coded(codes, names, "channel")


def rows_of_conversations(log: Messages, codes: Array, whole: Bools, first_customer: Ints) -> Ints:
    """The row that a conversation belongs to: its first customer message, else its earliest row, -1 without rows."""
    out = first_customer.copy()
    rows = np.flatnonzero(first_customer[codes] < 0)
    at, rank = log.times("at")[rows], (~whole[rows]) * 2 + (log.authors()[rows] == 1)  # bots before agents
    rows = in_label_order(log, rows, (codes[rows].astype(np.int64), at, rank))
    rows = rows[np.lexsort((rank % 2, at, rank // 2))][::-1]
    out[codes[rows]] = rows  # the last one stays
    return out


def one_numbering(one: Coded, other: Coded) -> tuple[Coded, Coded]:
    """Two label columns under one numbering, None last."""
    names = [*dict.fromkeys(label for label in (*one.labels, *other.labels) if label is not None), None]
    index = {label: code for code, label in enumerate(names)}

    def renumbered(part: Coded) -> Coded:
        places = np.array([index[label] for label in part.labels], dtype=np.int64)
        return Coded(places[part.codes] if len(places) else part.codes, names, part.name)

    return renumbered(one), renumbered(other)
