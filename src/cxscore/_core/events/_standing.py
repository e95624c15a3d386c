"""Where conversations stand: what was said about their statuses, and the stretches of each.

Knows which statuses count as resolved, as far as a bare resolution must be read as one of them. What a change
means under the rules is told in `_marks`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import runs
from ..waits import NEVER
from ._found import Stretches
from ._log import Log
from ._words import Bools, Ints, Kind, Rules, Status

__all__ = ["Standing", "members", "only", "standing_of", "status_at_end", "stretches_of"]


class Standing(NamedTuple):
    """The rows that say where a conversation stands."""

    position: Ints
    was: NDArray[np.int8]
    now: NDArray[np.int8]
    changes: Bools  # it stands elsewhere than before, or nobody knows where it stood


def members(statuses: tuple[Status, ...]) -> Bools:
    """Which statuses are meant, as a table to look a status up in; UNKNOWN reads its last entry."""
    table = np.zeros(len(Status), np.bool_)
    table[list(statuses)] = True
    return table


def standing_of(log: Log, rules: Rules) -> Standing:
    """The rows that say where conversations stand, with a bare resolution read as a resolved status."""
    at_rest = Status.SOLVED if Status.SOLVED in rules.resolved else min(rules.resolved, default=Status.SOLVED)
    says = (log.kind == Kind.STATUS) | (log.kind == Kind.CREATED)
    says &= log.status != Status.UNKNOWN
    says |= (log.kind == Kind.RESOLVED) | (log.kind == Kind.MERGED)
    position = np.flatnonzero(says)
    kind, now = log.kind[position], log.status[position]
    now[kind == Kind.RESOLVED] = at_rest
    now[kind == Kind.MERGED] = Status.MERGED
    was = np.append(np.int8(Status.UNKNOWN), now[:-1])[: len(now)]
    was[runs.changes(log.conversation[position])] = Status.UNKNOWN
    return Standing(position, was, now, was != now)


def status_at_end(log: Log, standing: Standing) -> NDArray[np.int8]:
    """What was said last about each conversation, UNKNOWN where nothing was."""
    code = log.conversation[standing.position]
    last = runs.ends(code)
    found = np.full(len(log.begin), Status.UNKNOWN, np.int8)
    found[code[last]] = standing.now[last]
    return found


def stretches_of(log: Log, standing: Standing, created_at: Ints, now: int) -> Stretches:
    """Where each conversation stood from when to when; nobody knows between creation and the first word on it."""
    position, status = standing.position[standing.changes], standing.now[standing.changes]
    code, start = log.conversation[position], log.at[position]
    # It was created as what it was created, also where its first message came a little earlier.
    as_created = np.flatnonzero(runs.changes(code) & (log.kind[position] == Kind.CREATED))
    start[as_created] = created_at[code[as_created]]
    end = np.append(start[1:], now)[: len(start)]
    end[runs.ends(code)] = now

    silent_until = np.full(len(log.begin), now)
    begins = np.flatnonzero(runs.changes(code))
    silent_until[code[begins]] = start[begins]
    silent = np.flatnonzero((created_at != NEVER) & (created_at < silent_until))
    code = np.concatenate((silent, code))
    start = np.concatenate((created_at[silent], start))
    end = np.concatenate((silent_until[silent], end))
    status = np.concatenate((np.full(len(silent), Status.UNKNOWN, np.int8), status))
    ordered = np.argsort(code, kind="stable")
    ordered = ordered[start[ordered] < end[ordered]]
    return Stretches(code[ordered], start[ordered], end[ordered], status[ordered])


def only(stretches: Stretches, statuses: tuple[Status, ...]) -> Stretches:
    """The stretches of some statuses."""
    kept = np.flatnonzero(members(statuses)[stretches.status])
    return Stretches._make(column[kept] for column in stretches)
