"""The words of the walk: what a row can be, what the rules can say, and of what kind columns are.

Knows nothing but numbers that have names; no log, no result and nothing of how a rule is carried out.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "WAIT_DROPPED",
    "AnyInts",
    "Bools",
    "BotMessage",
    "By",
    "FirstFrom",
    "Ints",
    "Kind",
    "OnResolve",
    "OneTouch",
    "OpenedByAgent",
    "ResolutionFrom",
    "Rules",
    "Start",
    "Status",
    "WaitFrom",
]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
AnyInts: TypeAlias = NDArray[np.integer[Any]]

WAIT_DROPPED = 5
"""How a wait ended, beside those of `waits`: without an answer and without a figure."""


class Kind(IntEnum):
    """What a row is. The numeric order is the order at one instant."""

    CREATED = 0
    SCHEDULE = 1  # passed over here
    CUSTOMER = 2  # public, not automatic
    BOT = 3  # public, not automatic
    IGNORED = 4  # automatic messages
    NOTE = 5  # a message of a human agent that the rules do not take as an answer
    HANDED = 6  # a hand-off noted on a message of anybody but an agent
    ANSWER = 7  # a message of a human agent that counts
    HANDOFF = 8  # as a change, or noted on an agent's message
    ASSIGNED = 9
    STATUS = 10
    RESOLVED = 11  # a resolution that is known without the statuses around it
    MERGED = 12
    RESOLVED_ONCE = 13  # as RESOLVED, but it did not last: the conversation goes on, nobody knows since when
    ABANDONED = 14  # the customer left


class Status(IntEnum):
    """Where a conversation stands. The numeric order is the order at one instant."""

    UNKNOWN = -1
    NEW = 0
    OPEN = 1
    PENDING = 2
    HOLD = 3
    SNOOZED = 4
    SOLVED = 5
    CLOSED = 6
    MERGED = 7
    REMOVED = 8
    SPAM = 9
    DELETED = 10


class By(IntEnum):
    """Who made a change."""

    UNKNOWN = -1
    CUSTOMER = 0
    AGENT = 1
    BOT = 2
    SYSTEM = 3


class Start(IntEnum):
    """Why a wait starts where it does."""

    CREATED = 0
    FIRST_CUSTOMER = 1
    HANDOFF = 2
    OPENED = 3
    BOT_RESOLVED = 4
    LAST_CUSTOMER = 5
    PREVIOUS_ANSWER = 6
    ASSIGNED = 7
    RESOLVED = 8  # how long resolutions last; no wait starts there


class FirstFrom(IntEnum):
    """Where the wait for the first response starts when nothing restarts it."""

    FIRST_CUSTOMER = 0
    CREATED = 1
    LAST_CUSTOMER = 2
    ASSIGNED = 3


class OpenedByAgent(IntEnum):
    """What the first response is in a conversation that an agent opened."""

    AFTER_CUSTOMER = 0
    NEXT_AGENT = 1
    ANSWER = 2
    EXCLUDE = 3


class BotMessage(IntEnum):
    """What a bot's message does to an open wait."""

    IGNORE = 0
    ENDS_WAIT = 1
    ANSWERS = 2


class WaitFrom(IntEnum):
    """Where a reply wait starts."""

    FIRST_UNANSWERED = 0
    LAST_CUSTOMER = 1
    PREVIOUS_ANSWER = 2


class OnResolve(IntEnum):
    """What a resolution does to an open wait."""

    CLOSES = 0
    KEEPS_WAIT = 1
    DROPS_WAIT = 2
    ANSWERS = 3


class ResolutionFrom(IntEnum):
    """Where a resolution time starts."""

    CREATED = 0
    FIRST_CUSTOMER = 1
    ASSIGNED = 2


class OneTouch(IntEnum):
    """Which resolved conversations took one touch."""

    EXACTLY_ONE = 0  # one answer
    AT_MOST_ONE = 1
    NEVER_WAITED = 2  # answered, never pending or on hold, never reopened
    ONE_CLOSER = 3  # resolved once, with answers of one agent
    WITHIN = 4  # resolved for the first time sooner than `one_touch_within` after its creation


class Rules(NamedTuple):
    """The fields of a policy that decide seconds; the defaults are the definitions of this library."""

    first_from: FirstFrom = FirstFrom.FIRST_CUSTOMER
    first_restarts: tuple[Start, ...] = (Start.HANDOFF,)  # of HANDOFF, OPENED, BOT_RESOLVED, ASSIGNED
    opened_by_agent: OpenedByAgent = OpenedByAgent.AFTER_CUSTOMER
    bot: BotMessage = BotMessage.IGNORE
    status_answers: tuple[Status, ...] = ()
    wait_from: WaitFrom = WaitFrom.FIRST_UNANSWERED
    first_is_reply: bool = True
    on_resolve: OnResolve = OnResolve.CLOSES
    resolution_from: ResolutionFrom = ResolutionFrom.CREATED
    resolved: tuple[Status, ...] = (Status.SOLVED, Status.CLOSED)
    paused_first: tuple[Status, ...] = ()
    paused_reply: tuple[Status, ...] = ()
    paused_resolution: tuple[Status, ...] = ()
    reopened_from: tuple[Status, ...] = (Status.SOLVED, Status.CLOSED)
    one_touch: OneTouch = OneTouch.EXACTLY_ONE
    one_touch_within: int = 0  # microseconds, for OneTouch.WITHIN
    expires: int | None = None  # microseconds
    bot_only_waits: bool = False  # whether customers wait in conversations in which only bots answered
