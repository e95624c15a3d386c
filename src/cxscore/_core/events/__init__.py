"""The walk over a log of messages and changes under any rules: who waited, and what was done about it.

Plain columns in, plain columns out, like `waits`, which does the same for messages alone under the rules of
this library, faster. This module knows conversations as codes 0..n-1, instants as int64 microseconds, agents as
codes and everything else by small enums, whose names are those of the fields of a policy in capitals. It knows
nothing of policies, time zones, open hours, units or groups.

The rules, in the order in which they apply:

* At one instant the rows of a conversation stand in the order of `Kind`, and changes of status among
  themselves in the order of `Status`. A status that a conversation already has is no change.
* A conversation exists from its `CREATED` row on, or from its first message where that is earlier; what was before
  is no answer. Times of resolution start at the `CREATED` row where there is one.
* A resolution is a change from outside the `resolved` statuses into them, so solved and then closed is one. A
  reopening is a change out of the `reopened_from` statuses to one that is still worked on.
* An answer is a human agent's message that counts as one, and with the rules that say so a bot's message, a
  change to one of the `status_answers`, or a resolution.
* The wait for the first response starts where `first_from` says, or at the latest restart before the first
  answer. Reply waits are found apart from it: a run of customer messages opens one, and the next answer, the
  customer's leaving, or what else the rules name ends it. Only with the first customer message as its start
  the first response is the first reply wait, and a restart moves both.
* A hand-off opens a reply wait if none is open, under rules by which a bot's message or a dropping resolution
  ends one; under all others a customer whom nobody answered still has a wait of their own.
* A conversation with a bot message after the first customer message, no agent's answer after that message, and
  no call for a human (a hand-off, or another restart by which the rules start the clock) opens no wait, unless
  bots answer, or the rules say that such a customer waits all the same.
* Nobody waits for the first response where an agent or a bot opened the conversation and no customer wrote.

Each module here imports only from those before it: `_words`, `_found`, `_log`, `_standing`, `_marks`, `_people`,
`_first`, `_replies`, `_conversations`, `_pieces`.
"""

from __future__ import annotations

from ._conversations import agent_turns_of, handovers, one_touch, reopens_of, resolutions_of, rests_of
from ._first import first_waits, firsts_of
from ._found import Conversations, Found, Pauses, Reopens, Resolutions, Rests, Stretches, Waits
from ._log import counts, in_order
from ._marks import last_resolved, marks_of
from ._people import people_of
from ._pieces import pieces
from ._replies import replies
from ._standing import members, only, standing_of, status_at_end, stretches_of
from ._words import (
    WAIT_DROPPED,
    AnyInts,
    BotMessage,
    By,
    FirstFrom,
    Ints,
    Kind,
    OneTouch,
    OnResolve,
    OpenedByAgent,
    ResolutionFrom,
    Rules,
    Start,
    Status,
    WaitFrom,
)

__all__ = [
    "WAIT_DROPPED",
    "BotMessage",
    "By",
    "Conversations",
    "FirstFrom",
    "Found",
    "Kind",
    "OnResolve",
    "OneTouch",
    "OpenedByAgent",
    "Pauses",
    "Reopens",
    "ResolutionFrom",
    "Resolutions",
    "Rests",
    "Rules",
    "Start",
    "Status",
    "Stretches",
    "WaitFrom",
    "Waits",
    "pieces",
    "walk",
]


def walk(
    conversation: AnyInts,
    at: Ints,
    kind: AnyInts,
    status: AnyInts,
    by: AnyInts,
    agent: AnyInts,
    rules: Rules,
    n_conversations: int,
    *,
    now: int,
    threads: int = 1,
) -> Found:
    """Find all waits, resolutions, reopenings and stretches of a log in any row order.

    Rows after ``now`` must have been left out.

    Args:
        conversation: code of each row.
        at: its instant.
        kind: a `Kind`.
        status: a `Status`, for CREATED and STATUS rows.
        by: a `By`, for CREATED, STATUS and RESOLVED rows.
        agent: code of the agent who answered or was assigned, -1 for nobody known.
        rules: what counts.
        n_conversations: how many codes there are.
        now: where open stretches end.
        threads: for putting the rows in order.
    """
    log = in_order(conversation, at, kind, status, by, agent, n_conversations, threads)
    standing = standing_of(log, rules)
    marks = marks_of(log, standing, rules)
    people = people_of(log, marks, rules)
    at_end = status_at_end(log, standing)
    resolved_at_end = members(rules.resolved)[at_end]

    firsts = firsts_of(log, marks, people, resolved_at_end, rules, now)
    first = first_waits(log, firsts)
    created_at = log.instants(people.created)
    resolutions, resolution_start = resolutions_of(log, marks, people, rules)
    statuses = stretches_of(log, standing, created_at, now)
    return Found(
        first=first,
        replies=replies(log, marks, people, firsts, first, rules, now),
        conversations=Conversations(
            first_customer=log.rows(people.customer),
            customer_messages=log.tally(log.kind == Kind.CUSTOMER),
            answers=log.tally(log.kind == Kind.ANSWER),
            outbound=people.outbound,
            bot_only=people.bot_only,
            resolved_at=log.instants(last_resolved(log, marks)),
            created_at=created_at,
            created_known=people.created_known,
            resolution_start=resolution_start,
            handed_off_at=log.instants(log.first(marks.hands_over)),
            has_status=at_end != Status.UNKNOWN,
            status_at_end=at_end,
            resolved_at_end=resolved_at_end,
            resolutions=counts(resolutions.conversation, n_conversations),
            reopens=log.tally(marks.reopens),
            handovers=handovers(log),
            one_touch=one_touch(log, marks, standing, created_at, resolved_at_end, rules),
        ),
        resolutions=resolutions,
        reopens=reopens_of(log, marks),
        rests=rests_of(log, marks, standing, rules),
        statuses=statuses,
        pauses=Pauses(
            first=only(statuses, rules.paused_first),
            reply=only(statuses, rules.paused_reply),
            resolution=only(statuses, rules.paused_resolution),
        ),
        agent_turns=agent_turns_of(log, marks, now),
    )
