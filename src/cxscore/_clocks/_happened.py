"""What happened, end to end: messages, changes and what tickets tell, of the conversations that count."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .._accounting import Account, LeftOut
from .._core import events
from .._inputs import NAT, Coded
from ..batches import Changes, Messages
from ..policies import ReplyPolicy
from ._base import ScheduleChanges
from ._labels import Join
from ._messages import unlike
from ._reading import ASSIGNED, CREATED, SCHEDULE, STATUS, Reading
from ._ties import in_label_order

__all__ = [
    "People",
    "Rows",
    "laid_out",
    "message_kinds",
    "rows_in_order",
    "schedule_changes",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]

# Kinds of changes in the order of `ChangeKind`, as the core calls them.
_KINDS = np.array(
    [events.Kind.CREATED, events.Kind.STATUS, events.Kind.HANDOFF, events.Kind.ASSIGNED, events.Kind.SCHEDULE,
     events.Kind.MERGED],
    dtype=np.int8,
)  # fmt: skip


@attrs.frozen(eq=False)
class Rows:
    """Messages, changes and what tickets tell, end to end."""

    conversation: Ints
    at: Ints
    kind: Small
    status: Small
    by: Small
    agent: Ints
    """Who answered or was assigned, as the core wants it; -1 without."""
    doer: Ints
    """Who did it."""
    message: Ints
    """Row of the message, -1 for all else."""


def message_kinds(log: Messages, author: Small, account: Account, policy: ReplyPolicy) -> Small:
    """What each message is to the walk; those that take no part are left out of the account."""
    agent, bot = author == 1, author == 2
    automatic = unlike(log, "automatic", default=False)
    kind = np.array([events.Kind.CUSTOMER, events.Kind.ANSWER, events.Kind.BOT], dtype=np.int8)[author]
    if policy.bot == "ignore":
        account.leave_out(LeftOut.BOT, bot)
    for reason, mask, name in (
        (LeftOut.PUBLIC_NOTE, log.seen_as("public_note"), "public_note"),
        (LeftOut.PRIVATE_NOTE, log.seen_as("private_note"), "private_note"),
    ):
        if mask is None:
            continue
        no_answer = mask & agent if name not in policy.answers else np.zeros_like(mask)
        kind[no_answer] = events.Kind.NOTE
        unheard = mask & ~agent if name == "private_note" else np.zeros_like(mask)
        kind[unheard] = events.Kind.IGNORED
        account.leave_out(reason, no_answer | unheard)
    if "sent" not in policy.answers:
        sent = agent & (kind == events.Kind.ANSWER)
        for name in ("public_note", "private_note"):
            mask = log.seen_as(name)
            sent = sent if mask is None else sent & ~mask
        kind[sent] = events.Kind.NOTE
    if automatic is not None:
        account.leave_out(LeftOut.AUTOMATIC, automatic)
        kind[automatic] = events.Kind.IGNORED
    return kind


class People:
    """Agents of messages, changes and tickets under one numbering; the last number is nobody."""

    def __init__(self, log: Messages, changes: Changes | None, join: Join) -> None:
        index: dict[Any, int] = {}

        def numbered(found: Coded | None, size: int, among: Bools | None = None) -> Ints:
            if found is None:
                return np.full(size, -1, dtype=np.int64)
            used = np.zeros(len(found.labels), dtype=np.bool_)
            used[found.codes if among is None else found.codes[among]] = True
            table = np.full(len(found.labels) + 1, -1, dtype=np.int64)
            for code, label in enumerate(found.labels):
                if used[code] and label is not None:
                    table[code] = index.setdefault(label, len(index))
            codes = table[found.codes]
            return codes if among is None else np.where(among, codes, -1)

        of_log = log.coded("agent") if log.known("agent") else None
        self.of_messages = numbered(of_log, len(log))
        self.of_changes = self.assigned_to = np.empty(0, dtype=np.int64)
        if changes is not None:
            doers = changes.coded("agent") if changes.known("agent") else None
            self.of_changes = numbered(doers, len(changes))
            targets = changes.coded("to") if changes.known("to") else None
            self.assigned_to = numbered(targets, len(changes), changes.kinds() == ASSIGNED)
        self.of_tickets = numbered(join.of_tickets("agent") if join.has("agent") else None, len(join.labels))
        self.known = of_log is not None or bool((self.assigned_to >= 0).any())
        self.labels: list[Any] = [*index, None]

    @property
    def nobody(self) -> int:
        return len(self.labels) - 1


def rows_in_order(reading: Reading, whole: Bools, kind: Small) -> tuple[Ints, Ints]:
    """Rows of messages and of changes that count, like ones of one instant in the order of their labels."""
    log, changes = reading.log, reading.changes
    written, said = np.flatnonzero(whole), np.flatnonzero(reading.told.kept)
    alike = reading.join.codes[written].astype(np.int64), log.times("at")[written], kind[written].astype(np.int64)
    written = in_label_order(log, written, alike)
    if changes is not None:
        what = changes.kinds() * np.int64(len(events.Status) + 1) + changes.statuses()
        said = in_label_order(changes, said, (reading.of_change[said], changes.times("at")[said], what[said]))
    return written, said


def laid_out(reading: Reading, kind: Small, written: Ints, said: Ints, people: People) -> Rows:
    """Messages, the hand-offs noted on them, changes, and what tickets tell where changes do not."""
    log, changes, table, join = reading.log, reading.changes, reading.table, reading.join
    codes, of_change, ends = join.codes, reading.of_change, reading.ends
    handoff = unlike(log, "handoff", default=False)
    at = log.times("at")
    handed = np.empty(0, dtype=np.int64) if handoff is None else written[handoff[written]]
    handed = handed[np.lexsort((kind[handed], at[handed], codes[handed]))]  # one kind once they are hand-offs
    by_agent = log.authors()[handed] == 1
    # The walk may take the last of several at one instant; the first by its labels stands for all of them.
    alike = np.logical_and.reduce([column[handed][1:] == column[handed][:-1] for column in (codes, at, kind)])
    first = handed[np.maximum.accumulate(np.where(np.append(False, alike)[: len(handed)], 0, np.arange(len(handed))))]
    parts: list[tuple[Any, ...]] = [
        (codes[written], at[written], kind[written], -1, -1, people.of_messages[written],
         people.of_messages[written], written),
        (codes[handed], at[handed], np.where(by_agent, events.Kind.HANDOFF, events.Kind.HANDED), -1, -1, -1,
         people.of_messages[first], first),
    ]  # fmt: skip
    size = len(join.labels)
    created, stated = np.zeros((2, size), dtype=np.bool_)
    if changes is not None:
        kinds, status = changes.kinds(), changes.statuses()
        rows = said[kinds[said] != SCHEDULE]
        created[of_change[rows[kinds[rows] == CREATED]]] = True
        stated[of_change[rows[kinds[rows] == STATUS]]] = True  # how it was created says nothing of how it ends
        left_at, told_at = reading.end_of("abandoned_at")[of_change[rows]], changes.times("at")[rows]
        rows = rows[(kinds[rows] != STATUS) | (left_at == NAT) | (told_at <= left_at)]
        parts.append(
            (of_change[rows], changes.times("at")[rows], _KINDS[kinds[rows]], status[rows], changes.makers()[rows],
             people.assigned_to[rows], people.of_changes[rows], np.full(len(rows), -1))
        )  # fmt: skip
    if table is not None:
        last = ends["resolved_at"]
        once = np.where(last == NAT, np.int8(events.Kind.RESOLVED_ONCE), np.int8(events.Kind.RESOLVED))
        for instants, event, there in (
            (table.times("opened_at"), events.Kind.CREATED, created),
            (ends["first_resolved_at"], once, stated),
            (last, events.Kind.RESOLVED, stated),
            (ends["abandoned_at"], events.Kind.ABANDONED, None),
        ):
            known = (instants != NAT) & reading.tickets.kept
            rows = np.flatnonzero(known if there is None else known & ~there[join.of_ticket])
            what = event[rows] if isinstance(event, np.ndarray) else event
            parts.append((join.of_ticket[rows], instants[rows], what, -1, -1, -1, -1, -1))
    columns = [
        np.concatenate(
            [np.broadcast_to(column, part[0].shape) for column, part in zip(column_parts, parts, strict=True)]
        )
        for column_parts in zip(*parts, strict=True)
    ]
    conversation, instant, what, status, by, agent, doer, message = columns
    return Rows(
        conversation.astype(np.int64), instant, what.astype(np.int8), status.astype(np.int8), by.astype(np.int8), agent,
        doer, message,
    )  # fmt: skip


def schedule_changes(changes: Changes | None, said: Ints, of_change: Ints) -> ScheduleChanges | None:
    """Stretches of business hours by name, each up to the next change."""
    if changes is None:
        return None
    rows = said[changes.kinds()[said] == SCHEDULE]
    if not len(rows):
        return None
    names = changes.coded("to")
    at = changes.times("at")
    rows = rows[np.lexsort((at[rows], of_change[rows]))]
    talk, start = of_change[rows], at[rows]
    same = np.append(talk[1:] == talk[:-1], False)
    end = np.where(same, np.append(start[1:], 0), np.iinfo(np.int64).max)
    kept = np.flatnonzero(end > start)  # of several at one instant the last one stands
    used, code = np.unique(names.codes[rows][kept], return_inverse=True)  # the column also names statuses and agents
    return ScheduleChanges(talk[kept], start[kept], end[kept], code, [names.labels[one] for one in used.tolist()])
