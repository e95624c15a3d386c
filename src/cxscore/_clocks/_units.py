"""Groups of everything that happened in a log: its messages, its waits, its conversations and their other clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .._grouping import combine, read_key, split_keys
from .._inputs import NAT, Coded
from ..batches import Messages
from ..periods import Period
from ._base import OF_THE_ANSWER
from ._labels import Join, labels_of_rows, one_numbering
from ._periods import by_end

__all__ = ["Spans", "UnitGroups", "Units", "group_units", "ungrouped"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Spans:
    """Spans of one clock that no message opens: of which conversation, from when to when."""

    conversation: Ints
    start: Ints
    end: Ints
    """`NAT` while open."""
    by_end: bool = False
    """Whether they belong to the period of their end, as resolutions do."""
    owner: Ints | None = None
    """Whom each belongs to, by the labels of the waits; None where no column names agents."""


@attrs.frozen(eq=False)
class Units:
    """What is grouped, beside the messages."""

    waits: Spans
    opened_by: Ints
    """Message that opened each wait, -1 where a change did."""
    is_first: Bools
    agent: Coded | None
    """Whom each wait belongs to, None last; None where no column names agents."""
    assignee: Ints | None
    """Code of the present assignee of each conversation, by the same labels."""
    answered_by: Ints
    """Message that answered each wait, -1 without."""
    talk_row: Ints
    """Message that each conversation belongs to, -1 without."""
    talk_at: Ints
    """When each conversation began."""
    shown: Ints
    """The conversations that are grouped."""
    spans: Sequence[Spans]
    by_start: bool
    """Whether a resolution belongs to the period of its start."""
    aware: bool | None
    """Whether instants are UTC, also where there is no message to tell."""


@attrs.frozen(eq=False)
class UnitGroups:
    """Groups of messages, waits, conversations and spans, numbered alike; None: all in one."""

    rows: Ints | None
    waits: Ints | None
    conversations: Ints
    spans: Sequence[Ints | None]
    size: int
    keys: list[Any] | None = None
    names: tuple[str, ...] = ()
    many: bool = False


def ungrouped(counted: Bools, spans: int) -> UnitGroups:
    """All in one group, with some number of other clocks."""
    return UnitGroups(None, None, np.where(counted, 0, -1), [None] * spans, 1)


def group_units(by: Any, log: Messages, join: Join, units: Units, counted: Bools, now: int | None) -> UnitGroups:
    """Read `by=` and say what belongs to which group; `now` is where the log was cut."""
    specs, titles, many = split_keys(by, named=True)
    parts = [
        _periods(spec, log, join, units) if isinstance(spec, Period) else _labels(spec, log, join, units)
        for spec in specs
    ]
    grouping = combine(parts, titles, many=many)
    group, keys = grouping.compact(now)
    sizes = (len(log), len(units.opened_by), len(units.shown), *(len(span.start) for span in units.spans))
    of_rows, of_waits, of_shown, *of_spans = np.split(group, np.cumsum(sizes)[:-1])
    of_talks = np.full(len(counted), -1, dtype=np.int64)
    of_talks[units.shown] = of_shown
    return UnitGroups(of_rows, of_waits, of_talks, of_spans, len(keys), keys, grouping.names, many)


def _labels(spec: Any, log: Messages, join: Join, units: Units) -> Coded:
    """The labels of one key that is no period: of messages, waits, conversations and spans."""
    name = spec if isinstance(spec, str) else None
    own = name in OF_THE_ANSWER
    assigned = join.of_tickets(name) if name is not None and join.has(name) else None
    found = None if own or name is None or assigned is None else labels_of_rows(name, log, join)
    if found is None:
        known = name is None or log.has(name) or not own
        found = read_key(spec, len(log), log) if known else Coded(np.zeros(len(log), dtype=np.int64), [None], name)
    of_spans = None
    if name == "agent" and units.agent is not None and units.assignee is not None:
        found, owners = one_numbering(found, units.agent)
        place = {label: code for code, label in enumerate(owners.labels)}
        code_of = np.array([place[label] for label in units.agent.labels], dtype=np.int64)
        of_row, of_wait, of_talk = found.codes.astype(np.int64), owners.codes, code_of[units.assignee]
        names = owners.labels
        of_spans = [code_of[span.owner] for span in units.spans]
    else:
        if assigned is not None:
            found, assigned = one_numbering(found, assigned)
        names = [*found.labels, *([] if found.labels and found.labels[-1] is None else [None])]
        padded = np.append(found.codes.astype(np.int64), len(names) - 1)  # row -1 stands for "no row"
        of_row, of_talk = padded[:-1], padded[units.talk_row]
        if assigned is not None:
            of_talk = np.where((units.talk_row >= 0) & (not own), of_talk, assigned.codes)
        elif own:
            of_talk = np.full(len(of_talk), len(names) - 1)
        talk = units.waits.conversation
        row = units.answered_by if own else units.opened_by
        of_wait = np.where(row >= 0, padded[row], of_talk[talk])
    owned = of_talk
    if own:
        first = np.flatnonzero(units.is_first)
        of_talk = of_talk.copy()
        of_talk[units.waits.conversation[first]] = of_wait[first]
        owned = np.where(owned == len(names) - 1, of_talk, owned)
    if of_spans is None:
        of_spans = [owned[span.conversation] for span in units.spans]
    return Coded(np.concatenate((of_row, of_wait, of_talk[units.shown], *of_spans)), names, found.name)


def _periods(spec: Period, log: Messages, join: Join, units: Units) -> Coded:
    """The periods of messages, waits (by their start), conversations and spans (by their end)."""
    n = len(log)
    of_tickets = isinstance(spec.source, str) and not log.has(spec.source) and join.has(spec.source)
    of_messages = not of_tickets and spec.source != "at"
    talk_at, wait_at, times = units.talk_at, units.waits.start, None
    if of_tickets and join.table is not None:  # an instant of the conversations, where all of them belongs
        at, aware = spec.times(len(join.table), join.table)
        talk_at = np.append(at, NAT)[join.ticket]
        wait_at, times = talk_at[units.waits.conversation], (talk_at[join.codes], aware)
    elif log.aware is None:
        times = log.times("at"), units.aware
    if of_messages:  # another instant of theirs, which their waits and conversations take over below
        talk_at = np.where(units.talk_row >= 0, NAT, talk_at)
        wait_at = np.where(units.opened_by >= 0, NAT, wait_at)

    def times_of(span: Spans) -> Ints:
        if _as_conversations(span, spec, units):
            return talk_at[span.conversation]
        return span.end if span.by_end else span.start

    found = spec.coded(n, log, (wait_at, talk_at, *map(times_of, units.spans)), times=times)
    sizes = (n, len(wait_at), len(talk_at), *(len(span.start) for span in units.spans))
    of_row, of_wait, of_talk, *of_spans = np.split(found.codes, np.cumsum(sizes)[:-1])
    if of_messages:
        of_talk = np.where(units.talk_row >= 0, np.append(of_row, -1)[units.talk_row], of_talk)
        of_wait = np.where(
            units.opened_by >= 0, np.append(of_row, -1)[units.opened_by], of_talk[units.waits.conversation]
        )
        of_spans = [
            of_talk[span.conversation] if _as_conversations(span, spec, units) else codes
            for span, codes in zip(units.spans, of_spans, strict=True)
        ]
    return found.with_codes(np.concatenate((of_row, of_wait, of_talk[units.shown], *of_spans)))


def _as_conversations(span: Spans, spec: Period, units: Units) -> bool:
    """Whether spans belong to the periods of their conversations."""
    return units.by_start or (span.by_end and not by_end(spec))
