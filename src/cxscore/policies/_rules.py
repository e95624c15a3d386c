"""How waits, resolutions and touches are found in a log: one frozen value with a field a decision.

Knows `errors`, `_frozen` and the names of statuses; applies nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, get_args

import attrs

from .._frozen import FrozenMap
from ..errors import ArgumentTypeError, UnknownNameError
from ..records import Status
from ._targets import positive, seconds

__all__ = ["DEFAULT_POLICY", "PRESETS", "ReplyPolicy"]

FirstFrom = Literal["first_customer", "created", "last_customer", "assigned"]
Restart = Literal["handoff", "opened", "bot_resolved", "assigned"]
OpenedByAgent = Literal["after_customer", "next_agent", "answer", "exclude"]
Answer = Literal["sent", "public_note", "private_note"]
Bot = Literal["ignore", "ends_wait", "answers"]
BotOnly = Literal["no_wait", "waits"]
WaitFrom = Literal["first_unanswered", "last_customer", "previous_answer"]
OnResolve = Literal["closes", "keeps_wait", "drops_wait", "answers"]
ResolutionFrom = Literal["created", "first_customer", "assigned"]
Resolution = Literal["last", "first", "each", "sum_of_replies"]
PausedClock = Literal["first", "reply", "resolution"]
OneTouch = Literal["exactly_one", "at_most_one", "never_waited", "one_closer"]
ScheduleChange = Literal["each_part", "at_end", "at_start"]
NoHours = Literal["nan", "zero", "calendar"]
Unit = Literal["second", "minute", "hour"]
PerConversation = Literal["all", "longest", "sum", "median"]
Aside = Literal["merged", "spam", "deleted", "bot_only"]
CountedAt = Literal["end", "start"]
Credit = Literal["author", "assignee_then", "assignee_now"]

_STATUSES = tuple(map(str, Status))


def _refuse(name: str, value: object, known: Iterable[str], wanted: str) -> None:
    msg = f"{name} must be {wanted} {', '.join(map(repr, known))} (got {value!r})"
    raise UnknownNameError(msg, argument=name, found=value)


def _one_of(literal: Any) -> Callable[[object, attrs.Attribute[Any], object], None]:
    known = get_args(literal)

    def check(policy: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value not in known:
            _refuse(attribute.name, value, known, "one of")

    return check


def _some(name: str, value: Any, known: tuple[str, ...]) -> frozenset[Any]:
    """A set of names from a list, out of any collection of them."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        msg = f"{name} must be a set of names (got {value!r}), e.g. {name}={{{known[0]!r}}}, or set() for none"
        raise ArgumentTypeError(msg, argument=name, found=value)
    found = list(value)
    for one in found:
        if one not in known:
            _refuse(name, one, known, "a set of names out of")
    return frozenset(map(str, found))


def _restarts(value: Iterable[Restart]) -> frozenset[Restart]:
    return _some("first_restarts", value, get_args(Restart))


def _answers(value: Iterable[Answer]) -> frozenset[Answer]:
    return _some("answers", value, get_args(Answer))


def _aside(value: Iterable[Aside]) -> frozenset[Aside]:
    return _some("leave_out", value, get_args(Aside))


def _status_answers(value: Iterable[str]) -> frozenset[str]:
    return _some("status_answers", value, _STATUSES)


def _resolved(value: Iterable[str]) -> frozenset[str]:
    return _some("resolved", value, _STATUSES)


def _reopened_from(value: Iterable[str]) -> frozenset[str]:
    return _some("reopened_from", value, _STATUSES)


def _pauses(value: Mapping[PausedClock, Iterable[str]]) -> FrozenMap[PausedClock, frozenset[str]]:
    clocks: tuple[PausedClock, ...] = get_args(PausedClock)
    if not isinstance(value, Mapping):
        msg = f"paused must map clocks to statuses (got {value!r}), e.g. paused={{'resolution': {{'pending'}}}}"
        raise ArgumentTypeError(msg, argument="paused", found=value)
    for clock in value:
        if clock not in clocks:
            _refuse("paused", clock, clocks, "a mapping whose keys are out of")
    named = {clock: _some(f"paused[{clock!r}]", value[clock], _STATUSES) for clock in clocks if clock in value}
    return FrozenMap({clock: statuses for clock, statuses in named.items() if statuses})


def _one_touch(policy: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, timedelta):
        positive("one_touch", value)
    elif value not in get_args(OneTouch):
        _refuse("one_touch", value, get_args(OneTouch), "a timedelta, or one of")


def _expires(policy: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None:
        positive("expires", value)


def _shown(value: frozenset[str] | Mapping[PausedClock, frozenset[str]]) -> str:
    """Sets in order for a person, so that one policy always reads the same."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_shown(one)}' for key, one in value.items())}}}"
    return f"{{{', '.join(map(repr, sorted(value)))}}}" if value else "set()"


@attrs.frozen(kw_only=True)
class ReplyPolicy:
    """How waits and resolutions are found in a log: one field a decision on which real systems differ.

    The defaults are the definitions of this library. Policies of known systems are in `cxscore.policies`; change one
    with `attrs.evolve(policy, unit="minute")`.

    Args:
        first_from: what starts the clock of the first response: the `"first_customer"` message, the moment the
            conversation was `"created"`, the `"last_customer"` message before the answer, or the moment it was first
            `"assigned"`.
        first_restarts: what starts it again before the first answer, the latest of them counting: a `"handoff"` from
            bot to people, a change of status to open (`"opened"`), an `"assigned"` change; a resolution by a bot
            (`"bot_resolved"`) where there is none of the others.
        opened_by_agent: the first response of a conversation that an agent opened: the first answer
            `"after_customer"` wrote, the `"next_agent"` message whoever wrote between, the opening message itself is
            the `"answer"`, or such conversations are left out (`"exclude"`).
        answers: what by an agent is an answer: messages that were `"sent"`, a `"public_note"`, a `"private_note"`.
        bot: what a bot's message does: `"ignore"` it, it `"ends_wait"` without an answer, or it `"answers"`.
            Automatic messages never do anything.
        bot_only: a conversation that nobody but bots answered, without a call for a human: nobody waits in it
            (`"no_wait"`), so that only its resolution is measured, or its customer still `"waits"` for a person.
        status_answers: statuses that count as an answer when the conversation changes to them.
        wait_from: where a wait for a reply starts: at the `"first_unanswered"` customer message, at the
            `"last_customer"` message before the answer, or at the `"previous_answer"`.
        first_is_reply: whether the first response is one of the waits for a reply.
        on_resolve: what a resolution does to an open wait: it `"closes"` it (counted as such), `"keeps_wait"`
            running, `"drops_wait"` without a trace, or `"answers"` it.
        resolution_from: what starts the clock of the resolution: the moment the conversation was `"created"`, the
            `"first_customer"` message, or the first time it was `"assigned"`.
        resolution: which resolution counts: the `"last"`, the `"first"`, `"each"` of them on its own, or the
            `"sum_of_replies"` of a resolved conversation.
        resolved: statuses that mean resolved.
        paused: clock (`"first"`, `"reply"`, `"resolution"`) to the statuses in which it stands still.
        reopened_from: statuses; a change from one of them to one that is none is a reopening.
        one_touch: what makes a resolved conversation one-touch: `"exactly_one"` answer, `"at_most_one"`,
            `"never_waited"` (at least one answer, never pending or on hold, never reopened), `"one_closer"` (closed
            once, with one agent taking part), or a timedelta: resolved sooner than that.
        schedule_change: business time across a change of schedule: `"each_part"` under its own, or the whole under
            the one that applies `"at_end"` or `"at_start"`.
        no_hours: business time of a wait without a schedule: undefined (`"nan"`), `"zero"`, or `"calendar"` time.
        unit: `"minute"` and `"hour"` cut every single wait down to whole ones before anything is computed;
            `"second"` cuts nothing off.
        per_conversation: waits for a reply: `"all"` of them, or for every conversation the `"longest"`, the `"sum"`
            or the `"median"` of the answered ones; waits that are open stand beside it.
        leave_out: conversations outside every clock: `"merged"`, `"spam"`, `"deleted"`, or `"bot_only"`, also that
            of resolution. Tests always are.
        counted_at: the period a resolution belongs to: that of its `"end"`, or of its `"start"`.
        credit: whom a wait belongs to: the `"author"` of the answer, or the assignee, `"assignee_then"` at the end of
            the wait or `"assignee_now"`. An open wait belongs to the assignee, and so does a resolution; where nobody
            is assigned, a resolution belongs by authors to whoever gave the first response.
        expires: a wait that nobody answered for this long lapses, for logs without resolution times: a
            closing "thanks!" is not an open question for ever. None: waits never lapse.

    Raises:
        ArgumentTypeError: a field of the wrong type.
        ArgumentValueError: a duration that is not longer than zero.
        UnknownNameError: a name that is not in the list of its field.

    >>> from datetime import timedelta
    >>> import cxscore as cx
    >>> cx.ReplyPolicy(expires=timedelta(days=3)).definition
    'cxscore,expires=259200s'
    >>> cx.ReplyPolicy(first_from="created", paused={"resolution": {"pending", "hold"}}).definition
    'cxscore,first_from=created,paused.resolution=hold+pending'
    >>> cx.policies.ZENDESK.definition
    'zendesk@2026'
    """

    first_from: FirstFrom = attrs.field(default="first_customer", validator=_one_of(FirstFrom))
    first_restarts: frozenset[Restart] = attrs.field(default=("handoff",), converter=_restarts, repr=_shown)
    opened_by_agent: OpenedByAgent = attrs.field(default="after_customer", validator=_one_of(OpenedByAgent))
    answers: frozenset[Answer] = attrs.field(default=("sent",), converter=_answers, repr=_shown)
    bot: Bot = attrs.field(default="ignore", validator=_one_of(Bot))
    bot_only: BotOnly = attrs.field(default="no_wait", validator=_one_of(BotOnly))
    status_answers: frozenset[str] = attrs.field(default=(), converter=_status_answers, repr=_shown)
    wait_from: WaitFrom = attrs.field(default="first_unanswered", validator=_one_of(WaitFrom))
    first_is_reply: bool = attrs.field(default=True)
    on_resolve: OnResolve = attrs.field(default="closes", validator=_one_of(OnResolve))
    resolution_from: ResolutionFrom = attrs.field(default="created", validator=_one_of(ResolutionFrom))
    resolution: Resolution = attrs.field(default="last", validator=_one_of(Resolution))
    resolved: frozenset[str] = attrs.field(default=("solved", "closed"), converter=_resolved, repr=_shown)
    paused: FrozenMap[PausedClock, frozenset[str]] = attrs.field(factory=dict, converter=_pauses, repr=_shown)
    reopened_from: frozenset[str] = attrs.field(default=("solved", "closed"), converter=_reopened_from, repr=_shown)
    one_touch: OneTouch | timedelta = attrs.field(default="exactly_one", validator=_one_touch)
    schedule_change: ScheduleChange = attrs.field(default="each_part", validator=_one_of(ScheduleChange))
    no_hours: NoHours = attrs.field(default="nan", validator=_one_of(NoHours))
    unit: Unit = attrs.field(default="second", validator=_one_of(Unit))
    per_conversation: PerConversation = attrs.field(default="all", validator=_one_of(PerConversation))
    leave_out: frozenset[Aside] = attrs.field(default=("merged", "spam", "deleted"), converter=_aside, repr=_shown)
    counted_at: CountedAt = attrs.field(default="end", validator=_one_of(CountedAt))
    credit: Credit = attrs.field(default="author", validator=_one_of(Credit))
    expires: timedelta | None = attrs.field(default=None, validator=_expires)

    @first_is_reply.validator
    def _flag(self, attribute: attrs.Attribute[bool], value: object) -> None:
        if not isinstance(value, bool):
            msg = f"first_is_reply must be True or False (got {value!r})"
            raise ArgumentTypeError(msg, argument="first_is_reply", found=value)

    @property
    def definition(self) -> str:
        """What the signature says of it: the dated name of a preset, or what differs from this library's default."""
        if self in PRESETS:
            return PRESETS[self]
        parts = ["cxscore"]
        for field in attrs.fields(ReplyPolicy):
            value, usual = getattr(self, field.name), getattr(DEFAULT_POLICY, field.name)
            if field.name == "paused":
                parts += [f"paused.{clock}={_written(statuses)}" for clock, statuses in value.items()]
            elif value != usual:
                parts.append(f"{field.name}={_written(value)}")
        return ",".join(parts)


def _written(value: Any) -> str:
    if isinstance(value, frozenset):
        return "+".join(sorted(value)) or "none"
    if isinstance(value, timedelta):
        return seconds(value)
    return str(value).lower()


DEFAULT_POLICY = ReplyPolicy()
"""The definitions of this library: waits end by an answer, a resolution or the customer leaving; none lapses."""

PRESETS: dict[ReplyPolicy, str] = {}
"""The dated name of each preset; `_presets` enters them."""
