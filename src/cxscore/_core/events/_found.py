"""What a walk gives: one table for each question, as plain columns.

Knows what the columns mean; not how any of them is found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..waits import AgentTurns
from ._words import Bools, Ints

__all__ = ["Conversations", "Found", "Pauses", "Reopens", "Resolutions", "Rests", "Stretches", "Waits"]


class Waits(NamedTuple):
    """One entry a wait, ordered by conversation and start; rows are -1 where there is none."""

    conversation: Ints
    opened_by: Ints  # row at which the clock starts; with CREATED it may be the first message
    start: Ints
    end: Ints  # NEVER while open
    outcome: NDArray[np.int8]  # one of waits.WAIT_... or WAIT_DROPPED
    answered_by: Ints  # row of the answer: a message, or the change of status that counts as one
    is_first: Bools  # whether it is (or for replies: belongs to) the wait for the first response
    start_reason: NDArray[np.int8]  # a Start


class Conversations(NamedTuple):
    """One entry a conversation code; the first six fields as in `waits.Conversations`."""

    first_customer: Ints  # row, -1 without a customer message
    customer_messages: NDArray[np.int32]
    answers: NDArray[np.int32]  # messages only
    outbound: Bools  # an agent wrote before any customer did
    bot_only: Bools  # never, where the rules let such customers wait
    resolved_at: Ints  # the last resolution that lasted, NEVER without
    created_at: Ints  # NEVER without a CREATED row and without a message
    created_known: Bools  # there is a CREATED row
    resolution_start: Ints  # where resolution times start, NEVER where that is not known
    handed_off_at: Ints  # the first hand-off to humans, NEVER without
    has_status: Bools  # at least one row said something about the status
    status_at_end: NDArray[np.int8]  # a Status
    resolved_at_end: Bools  # the status at the end is a resolved one
    resolutions: NDArray[np.int32]
    reopens: NDArray[np.int32]
    handovers: NDArray[np.int32]  # from one agent to another: as assigned, else as they answered
    one_touch: NDArray[np.int8]  # 1 yes, 0 no, -1 not resolved at the end, or nobody knows


class Resolutions(NamedTuple):
    """One entry a resolution at or after its start, ordered by conversation and end."""

    conversation: Ints
    start: Ints
    end: Ints
    row: Ints  # the change, e.g. to see who made it
    number: Ints  # 0, 1, ... within the conversation
    is_last: Bools


class Reopens(NamedTuple):
    """One entry a reopening, ordered by conversation and time."""

    conversation: Ints
    at: Ints
    row: Ints


class Rests(NamedTuple):
    """One entry a resolution: how long it lasted, ordered by conversation and start."""

    conversation: Ints
    start: Ints
    end: Ints  # NEVER while it lasts
    outcome: NDArray[np.int8]  # answered: opened again; closed: it ended otherwise; open: it lasts


class Stretches(NamedTuple):
    """Stretches of one status, ordered by conversation and start, disjoint; the last one reaches up to now."""

    conversation: Ints
    start: Ints
    end: Ints
    status: NDArray[np.int8]


class Pauses(NamedTuple):
    """The stretches in which each clock stands still."""

    first: Stretches
    reply: Stretches
    resolution: Stretches


class Found(NamedTuple):
    """What one pass over the log finds."""

    first: Waits  # at most one a conversation; all have is_first
    replies: Waits
    conversations: Conversations
    resolutions: Resolutions
    reopens: Reopens
    rests: Rests
    statuses: Stretches  # from creation on, UNKNOWN until something is said
    pauses: Pauses
    agent_turns: AgentTurns
