"""Response times: how long customers wait for the first and for every reply, and until it is resolved.

Door (`_clocks`) → core (`durations`, `survival`) → frozen result. A clock's percentiles are those of its
Kaplan-Meier curve, so that people who still wait count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal, overload

from ..._calls import guided
from ..._checks import check_choice, check_confidence
from ..._clocks import reply_policy, service_targets
from ..._open_time import Schedules, hours_definition, read_measured_log
from ...errors import ArgumentTypeError
from ...groups import Groups
from ...policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets
from ...tallies._durations import DurationTally, bracket_edges
from ._groups import WaitGroups, of_tally
from ._result import ReopenRate, ResponseTimesResult, Touches
from ._settings import Settings
from ._summary import DurationSummary
from ._tables import AtRisk, WaitTable

__all__ = [
    "AtRisk",
    "DurationSummary",
    "ReopenRate",
    "ResponseTimesResult",
    "Touches",
    "WaitTable",
    "response_times",
]


@overload
def response_times(
    log: Any, *, conversations: Any = None, changes: Any = None, by: None = None, hours: Schedules | None = None,
    targets: ServiceTargets | dt.timedelta | None = None, as_of: dt.datetime | None = None,
    policy: ReplyPolicy = DEFAULT_POLICY, brackets: Sequence[dt.timedelta] | None = None, confidence: float = 0.95,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> ResponseTimesResult: ...  # fmt: skip
@overload
def response_times(
    log: Any, *, by: Any, conversations: Any = None, changes: Any = None, hours: Schedules | None = None,
    targets: ServiceTargets | dt.timedelta | None = None, as_of: dt.datetime | None = None,
    policy: ReplyPolicy = DEFAULT_POLICY, brackets: Sequence[dt.timedelta] | None = None, confidence: float = 0.95,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> Groups[ResponseTimesResult]: ...  # fmt: skip
@guided(second="build a batch of the columns: cx.Messages(conversation=..., at=..., author=...)")
def response_times(
    log: Any, *, conversations: Any = None, changes: Any = None, by: Any = None, hours: Schedules | None = None,
    targets: ServiceTargets | dt.timedelta | None = None, as_of: dt.datetime | None = None,
    policy: ReplyPolicy = DEFAULT_POLICY, brackets: Sequence[dt.timedelta] | None = None, confidence: float = 0.95,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> ResponseTimesResult | Groups[ResponseTimesResult]:  # fmt: skip
    """How long customers wait: for the first response, for every reply, until it is resolved.

    Open waits count: percentiles are those of the Kaplan-Meier curve, and the share within a target is
    taken over waits whose outcome is known.

    Args:
        log: `Message` records or a `Messages` batch in any order, `Conversation` records or a
            `Conversations` batch alone, or a `DurationTally`. Of several rows of one ticket the one with the
            latest news counts, the others are `superseded`.
        conversations: the conversations of a message log, which tell resolutions, abandonments, channels
            and assignees.
        changes: `Change` records or a `Changes` batch: what happened to the conversations apart from messages, taken
            as complete. Without them figures that need them are None, with the reason in `result.reasons`. Of a
            conversation that is in both, changes win over `conversations`: a status in them over `resolved_at`,
            `first_resolved_at` and `reopens`, and a `created` change over `opened_at`.
        by: column names, functions of a record or labels; several as list, tuple or dict. A wait belongs
            to the message that opened it, by "agent" or "team" to who answered it (an open one to the
            assignee); a conversation to its first customer message.
        hours: `BusinessHours`, or a mapping of channel to them, for the same clocks in open time beside those in
            calendar time; needs instants with a zone. The mapping also holds the schedules that changes name. Waits
            on a channel without a schedule are in no clock of open time, unless `policy.no_hours` says otherwise.
        targets: a timedelta for the first response, or `ServiceTargets`.
        as_of: the instant that counts as now; None: the latest instant of all rows. Later rows are left out.
        policy: how waits are found: this library's way, or that of a known system (`cx.policies.ZENDESK` ...). Ticket
            rows alone say themselves when waits ended and follow `unit`, `no_hours`, `leave_out` and `counted_at`
            only; fields that decided nothing stand in `result.reasons["policy"]`.
        brackets: ascending upper edges; None: minutes where every channel of a figure is chat-like by name
            ("chat", "phone", "sms" ...), else hours.
        confidence: level of the intervals, between 0 and 1.
        missing: "drop" counts rows without an instant in `left_out`, "raise" refuses them.
        invalid: "raise" refuses conversations that end before they open, "drop" counts them in `left_out`.

    Returns:
        ResponseTimesResult, or Groups of them with `by`. Durations are timedeltas, None where undefined.

    Raises:
        ArgumentTypeError: something else than messages or conversations.
        ArgumentValueError: messages that share no id with conversations or changes.
        InvalidValueError: an end before its start.
        MixedTimeZonesError: naive and aware instants in one call.
        UnknownNameError: a change to business hours that `hours` does not have.

    References:
        Kaplan and Meier (1958), Journal of the American Statistical Association 53:457-481.
        Brookmeyer and Crowley (1982), Biometrics 38:29-41 (interval of a median).

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> log = cx.Messages(
    ...     conversation=["a", "a", "b"],
    ...     at=[nine, nine + timedelta(minutes=20), nine + timedelta(minutes=30)],
    ...     author=["customer", "agent", "customer"],
    ... )
    >>> result = cx.response_times(log, as_of=nine + timedelta(hours=1), targets=timedelta(minutes=15))
    >>> result.first_response.median, result.first_response.waiting, result.first_response.within_target
    (datetime.timedelta(seconds=1200), 1, 0.0)
    """
    confidence = check_confidence(confidence)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    schedule = hours_definition(hours)
    policy, promised, edges = reply_policy(policy), service_targets(targets), bracket_edges(brackets)
    if isinstance(log, DurationTally):
        for name, value in (
            ("conversations", conversations), ("changes", changes), ("by", by), ("targets", targets),
            ("as_of", as_of), ("hours", hours), ("brackets", brackets),
            ("policy", None if policy is DEFAULT_POLICY else policy),
        ):  # fmt: skip
            if value is not None:
                way = "give it to DurationTally.of"
                if name == "by":
                    way = (
                        "pass one tally a group, cx.Groups.from_tallies({key: tally, ...}, cx.response_times), or the "
                        "log itself with by="
                    )
                msg = f"{name} must be left out beside a tally, whose counts are made; {way}"
                raise ArgumentTypeError(msg, argument=name, found=value)
        settings = Settings(
            log.policy, promised, log.edges, confidence, missing, invalid, log.hours, log.ours or "turns"
        )  # fmt: skip
        return of_tally(log, settings)
    timeline = read_measured_log(
        log, conversations=conversations, changes=changes, by=by, hours=hours, targets=promised, as_of=as_of,
        policy=policy, missing=missing, invalid=invalid,
    )  # fmt: skip
    settings = Settings(
        timeline.policy.definition, promised, edges, confidence, missing, invalid, schedule, timeline.ours,
        "conversation" if timeline.of_messages else "none",
    )  # fmt: skip
    groups = WaitGroups(timeline, settings)
    return groups.overall() if by is None else Groups(groups)
