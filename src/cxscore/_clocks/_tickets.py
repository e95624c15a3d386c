"""Ticket rows as clocks: first response and resolution of each row."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .._accounting import Account, LeftOut
from .._core import waits
from .._grouping import combine, split_keys
from .._inputs import NAT, Coded
from ..batches import Conversations
from ..policies import ReplyPolicy, ServiceTargets
from ._base import (
    WHOLE_CONVERSATIONS,
    Clock,
    ConversationLabels,
    Named,
    Timeline,
    channel_targets,
    channels_of,
    leave_out_missing,
    leave_out_statuses,
    left_out_whole,
    missing_label,
    now_of,
    supersede,
    taken,
    ticket_ends,
    was_reopened,
)
from ._periods import by_end, resolved_at, tickets_and_ends

__all__ = ["read_tickets", "resolution_clocks", "tickets_that_count"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def read_tickets(
    table: Conversations,
    by: Any,
    targets: ServiceTargets,
    as_of: Any,
    policy: ReplyPolicy,
    missing: str,
    invalid: str,
    *,
    complete: bool,
) -> Timeline:
    account, now, aware, ends = tickets_that_count(table, as_of, missing, invalid, left_out_whole(policy))
    ids, opened = table.coded("id"), table.times("opened_at")
    group: Ints | None = None
    keys: list[Any] | None = None
    names: tuple[str, ...] = ()
    many = False
    ended_in: dict[str, Ints] = {}
    if by is not None:
        specs, titles, many = split_keys(by, named=True)
        ended = resolved_at(ends, account.kept) if policy.counted_at == "end" and any(map(by_end, specs)) else {}
        parts = [tickets_and_ends(part, table, ended, account.kept) for part in specs]
        grouping = combine(parts, titles, many=many)
        every, keys = grouping.compact(now)
        group, *of_ends = np.split(every, 1 + len(ended))
        ended_in = dict(zip(ended, of_ends, strict=True))
        names = grouping.names
    used, left = account.by_group(group, 1 if keys is None else len(keys))
    rows = np.flatnonzero(account.kept)
    channel = table.coded("channel") if table.has("channel") else None
    owners = table.coded("agent") if table.has("agent") else None
    agent = None if owners is None else Named(owners.labels, owners.codes[rows])
    clocks = resolution_clocks(table, rows, rows, channel, targets, ends, agent, complete=complete)
    for name, clock in clocks.items():
        own = ended_in.get(name, group)
        clocks[name] = attrs.evolve(clock, group=None if own is None else own[clock.conversation])
    if table.has("first_response_at") or complete:
        end, outcome = _first_ending(
            ends["first_response_at"][rows], _closed(ends)[rows], ends["abandoned_at"][rows]
        )  # fmt: skip
        clocks["first_response"] = Clock(
            name="first_response", start=opened[rows], end=end, outcome=outcome, conversation=rows, agent=agent,
            target=channel_targets(targets.first_response, channel, rows),
            group=None if group is None else group[rows], channel=taken(channel, rows),
        )  # fmt: skip
    return Timeline(
        of_messages=False, as_of=now, aware=aware, clocks=clocks, keys=keys, names=names, many=many, used=used,
        left=left, tickets_left={}, group=np.where(account.kept, 0 if group is None else group, -1),
        label=ConversationLabels(ids.labels, ids.codes), channels=channels_of(channel, group, account.kept),
        reopened=was_reopened(table),
    )  # fmt: skip


def tickets_that_count(
    table: Conversations, as_of: Any, missing: str, invalid: str, aside: Collection[LeftOut] = WHOLE_CONVERSATIONS
) -> tuple[Account, int | None, bool | None, dict[str, Ints]]:
    """Which ticket rows count, what is now, whether instants are UTC, and when what ended.

    Raises:
        InvalidValueError: an end before its start, under `invalid="raise"`.
        MissingValueError: a row without an instant, under `missing="raise"`.
        MixedTimeZonesError: naive and aware instants in one call.
    """
    now, aware = now_of(as_of, table)
    account = Account(len(table))
    ids = table.coded("id")
    nameless = missing_label(ids)
    supersede(table, ids.codes, len(ids.labels), account, None if nameless is None else ~nameless)
    leave_out_statuses(table, account, aside)
    opened = table.times("opened_at")
    leave_out_missing(account, opened == NAT, "opened_at", missing)
    if as_of is not None and now is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, opened > now)
    return account, now, aware, ticket_ends(table, account, now, invalid)


def _closed(ends: dict[str, Ints]) -> Ints:
    """The first resolution that is known."""
    first, last = ends["first_resolved_at"], ends["resolved_at"]
    return np.where((first == NAT) | ((last != NAT) & (last < first)), last, first)


def _first_ending(response: Ints, closed: Ints, left_at: Ints) -> tuple[Ints, npt.NDArray[np.int8]]:
    """When and how a wait ended; at one instant an answer comes before a resolution, as in a message log."""
    end = np.full(len(response), NAT, dtype=np.int64)
    outcome = np.full(len(response), waits.WAIT_OPEN, dtype=np.int8)
    for at, how in (
        (left_at, waits.WAIT_ABANDONED),
        (closed, waits.WAIT_CLOSED),
        (response, waits.WAIT_ANSWERED),
    ):
        first = (at != NAT) & ((end == NAT) | (at <= end))
        end[first], outcome[first] = at[first], how
    return end, outcome


def resolution_clocks(
    table: Conversations,
    rows: Ints,
    conversations: Ints,
    channel: Coded | None,
    targets: ServiceTargets,
    ends: dict[str, Ints],
    agent: Named | None,
    agent_turns: waits.AgentTurns | None = None,
    agent_time: Ints | None = None,
    *,
    complete: bool,
) -> dict[str, Clock]:
    """The clocks from opening to resolution of some tickets; `agent_time` by conversation."""
    if not (table.has("resolved_at") or complete):
        return {}
    opened, left_at = table.times("opened_at")[rows], ends["abandoned_at"][rows]
    resolved, first_resolved = ends["resolved_at"][rows], ends["first_resolved_at"][rows]

    def clock(name: str, end: Ints, target: Any) -> Clock:
        outcome = np.full(len(rows), waits.WAIT_OPEN, dtype=np.int8)
        outcome[left_at != NAT] = waits.WAIT_ABANDONED
        outcome[end != NAT] = waits.WAIT_ANSWERED
        return Clock(
            name=name, start=opened, end=np.where(end == NAT, left_at, end), outcome=outcome,
            target=channel_targets(target, channel, rows), group=None,
            conversation=conversations, agent=agent, channel=taken(channel, rows),
        )  # fmt: skip

    clocks = {"resolution": clock("resolution", resolved, targets.resolution)}
    if table.known("first_resolved_at") or complete:
        first = clock("first_resolution", first_resolved, targets.resolution)
        # Resolved, but nobody knows when for the first time: not open, and no duration either.
        clocks["first_resolution"] = first.rows(np.flatnonzero((first_resolved != NAT) | (resolved == NAT)))
    if agent_time is not None:
        # Promises are about elapsed time.
        clocks["our_resolution"] = attrs.evolve(
            clock("our_resolution", resolved, None), paused=agent_turns, off=agent_time[conversations]
        )
    return clocks
