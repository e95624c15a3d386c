"""The door for logs: messages, changes and tickets become columns of waits, one set a clock.

Sits between the batches and everything that judges waits (`tallies`, the metric). Decides which rows
count, in which order reasons for leaving out apply, and which group a wait belongs to. Computes no figure.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import attrs

from ..batches import Batch, Changes, Conversations, Messages, as_batch
from ..errors import ArgumentTypeError, MixedTimeZonesError
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets
from ._base import Channels, Clock, Effort, ScheduleChanges, Timeline, chat_like, reply_policy, service_targets
from ._counted import as_counted, every_wait
from ._events import read_events
from ._messages import read_messages
from ._tickets import read_tickets, tickets_that_count

__all__ = [
    "Channels",
    "Clock",
    "Effort",
    "ScheduleChanges",
    "Timeline",
    "as_counted",
    "chat_like",
    "every_wait",
    "read_log",
    "reply_policy",
    "service_targets",
    "tickets_that_count",
]

B = TypeVar("B", bound=Batch[Any])


def read_log(
    log: Any,
    *,
    conversations: Any = None,
    changes: Any = None,
    by: Any = None,
    targets: ServiceTargets,
    as_of: Any = None,
    policy: ReplyPolicy,
    missing: str,
    invalid: str,
    complete: bool = False,
) -> Timeline:
    """Read a message log (with its conversations and changes, if given) or ticket rows into clocks.

    With `complete` what no row tells did not happen; else nobody knows of it.

    Raises:
        ArgumentTypeError: something else than messages or conversations.
        ArgumentValueError: messages and conversations, or messages and changes, that share no id.
        InvalidValueError: an end before its start, under `invalid="raise"`.
        MissingValueError: a row without an instant, under `missing="raise"`.
        MixedTimeZonesError: naive and aware instants in one call.
    """
    batch = as_batch(log, "log", (Messages, Conversations), lambda: Messages.from_records([]))
    if isinstance(batch, Conversations):
        if conversations is not None:
            msg = "conversations must be left out where log holds the conversations itself; pass messages as log"
            raise ArgumentTypeError(msg, argument="conversations")
        if changes is not None:
            msg = (
                "changes must come beside messages (got the conversations themselves as log); pass the messages as "
                "log, or [] where there are none, and the conversations as conversations="
            )
            raise ArgumentTypeError(msg, argument="changes")
        rows = read_tickets(batch, by, targets, as_of, policy, missing, invalid, complete=complete)
        return attrs.evolve(rows, policy=_of_rows(policy), reasons=_not_followed(policy))
    messages = cast("Messages", batch)
    table = _beside(conversations, "conversations", Conversations)
    told = _beside(changes, "changes", Changes)
    for one, other in ((messages, table), (messages, told), (table, told)):
        if one is not None and other is not None and {one.aware, other.aware} == {True, False}:
            name = "conversations" if other is table else "changes"
            beside = "log" if one is messages else "conversations"
            mine, theirs, naive = ("aware", "naive", one) if other.aware else ("naive", "aware", other)
            msg = (
                f"{name} must follow the same rule as {beside} (got {mine} instants beside {theirs} ones); name the "
                f"zone of the naive ones when you build that batch, cx.{type(naive).__name__}(..., tz='Europe/Berlin')"
            )
            raise MixedTimeZonesError(msg, argument=name)
    if told is None and attrs.evolve(policy, expires=None) == DEFAULT_POLICY:
        return read_messages(messages, table, by, targets, as_of, policy, missing, invalid, complete=complete)
    return read_events(messages, told, table, by, targets, as_of, policy, missing, invalid, complete=complete)


# All that a policy can do to ticket rows, which say themselves when waits ended.
_FOLLOWED = ("unit", "no_hours", "leave_out", "counted_at")


def _of_rows(policy: ReplyPolicy) -> ReplyPolicy:
    """What ticket rows can follow of a policy."""
    return attrs.evolve(DEFAULT_POLICY, **{name: getattr(policy, name) for name in _FOLLOWED})


def _not_followed(policy: ReplyPolicy) -> dict[str, str]:
    """What ticket rows cannot follow of a policy, if anything."""
    usual = _of_rows(policy)
    names = [field.name for field in attrs.fields(ReplyPolicy)]
    unlike = [name for name in names if getattr(policy, name) != getattr(usual, name)]
    if "bot_only" in policy.leave_out:
        unlike.append("leave_out of bot_only")
    if not unlike:
        return {}
    return {"policy": f"ticket rows say themselves when waits ended, so that {', '.join(unlike)} decided nothing"}


def _beside(values: Any, argument: str, kind: type[B]) -> B | None:
    """What was passed beside the log as a batch."""
    if values is None:
        return None
    return cast("B", as_batch(values, argument, (kind,), lambda: kind.from_records([])))
