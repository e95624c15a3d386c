"""Whom waits belong to: who answered, or who was or is assigned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import events
from .._inputs import NAT
from ..batches import Changes
from ._happened import People, Rows
from ._reading import ASSIGNED
from ._spans import Span

__all__ = ["Credit"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]


def _latest(conversation: Ints, at: Ints, asked: Ints, when: Ints, *, before: bool) -> Ints:
    """Number of the latest event of a conversation up to an instant (or strictly before it), -1 without one.

    Events of one instant count in the order in which they stand.
    """
    n = len(conversation)
    both = np.concatenate((conversation, asked))
    instant = np.concatenate((at, when))
    kind = np.concatenate((np.full(n, 1, dtype=np.int8), np.full(len(asked), 0 if before else 2, dtype=np.int8)))
    order = np.lexsort((kind, instant, both))
    seen = np.where(order < n, np.arange(len(order)), -1)
    seen = np.maximum.accumulate(seen) if len(seen) else seen
    number = np.where(seen >= 0, order[seen], -1)
    known = (number >= 0) & (both[number] == both[order])
    found = np.full(len(order), -1, dtype=np.int64)
    found[order] = np.where(known, number, -1)
    return found[n:]


class Credit:
    """Whom waits belong to."""

    def __init__(
        self, rule: str, people: People, changes: Changes | None, said: Ints, of_change: Ints, rows: Rows
    ) -> None:
        self._rule, self._people, self._rows = rule, people, rows
        assigned = np.empty(0, dtype=np.int64)
        at = assigned
        if changes is not None:
            assigned = said[changes.kinds()[said] == ASSIGNED]
            at = changes.times("at")[assigned]
        self._of, self._at, self._to = of_change[assigned], at, people.assigned_to[assigned]
        # The assignee on the ticket is the present one; where assignments are told, they tell it.
        self.now = people.of_tickets.copy()
        order = np.argsort(self._at, kind="stable")
        self.now[self._of[order]] = self._to[order]
        self.now = np.where(self.now < 0, people.nobody, self.now)

    def of_waits(self, waits: events.Waits) -> Ints:
        present = self.now[waits.conversation]
        ended = waits.end != NAT
        if self._rule == "assignee_now":
            return present
        if self._rule == "assignee_then":
            return np.where(ended, self._then(waits.conversation, waits.end, before=True), present)
        answered = waits.answered_by >= 0
        doer = np.append(self._rows.doer, -1)[waits.answered_by]
        # Nobody is credited with an answer because the ticket is on his desk now.
        return np.where(answered, np.where(doer < 0, self._people.nobody, doer), present)

    def of_span(self, span: Span, first_by: Ints) -> Ints:
        """Whom a clock of conversations belongs to: the assignee, or by authors where nobody is one `first_by`."""
        present = self.now[span.conversation]
        if self._rule == "author":
            return np.where(present == self._people.nobody, first_by[span.conversation], present)
        if self._rule == "assignee_now":
            return present
        ended = span.end != NAT
        return np.where(ended, self._then(span.conversation, span.end, before=False), present)

    def _then(self, conversation: Ints, at: Ints, *, before: bool) -> Ints:
        number = _latest(self._of, self._at, conversation, at, before=before)
        found = np.append(self._to, -1)[number]
        return np.where(found < 0, self._people.nobody, found)
