"""What a user hands in, one at a time: frozen, keyword-only, checked by type.

Rules between values (an end before its start) belong to the functions, so that `invalid="drop"` can
count them. Knows `errors` only; never reads a column and never computes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import attrs

from ._frozen import FrozenMap
from .errors import ArgumentTypeError, ArgumentValueError, UnknownNameError

__all__ = [
    "Author",
    "Change",
    "ChangeKind",
    "Contact",
    "Conversation",
    "Message",
    "Status",
    "SurveyResponse",
    "Visibility",
]


class Author(enum.StrEnum):
    """Who wrote a message. Plain strings of the same text are accepted everywhere.

    >>> import cxscore as cx
    >>> cx.Author("agent") == "agent"
    True
    """

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"


class Visibility(enum.StrEnum):
    """Whom a message reaches. Plain strings of the same text are accepted everywhere.

    A public note stands in the ticket for the customer to see, but nothing was sent; a private note is seen by
    agents only.

    >>> import cxscore as cx
    >>> cx.Visibility("public_note") == "public_note"
    True
    """

    SENT = "sent"
    PUBLIC_NOTE = "public_note"
    PRIVATE_NOTE = "private_note"


class ChangeKind(enum.StrEnum):
    """What happened to a conversation, apart from messages. Plain strings of the same text are accepted everywhere.

    >>> import cxscore as cx
    >>> cx.ChangeKind("handoff") == "handoff"
    True
    """

    CREATED = "created"
    STATUS = "status"
    HANDOFF = "handoff"
    ASSIGNED = "assigned"
    SCHEDULE = "schedule"
    MERGED = "merged"


class Status(enum.StrEnum):
    """What a conversation can be in the words of this library; other words are translated on the way in.

    `new`: nobody has touched it. `open`: we are to act. `pending`: the customer is to act. `hold`: somebody else is.
    `snoozed`: put aside until later. `solved`: we think it is done. `closed`: done for good.

    >>> import cxscore as cx
    >>> cx.Status("pending") == "pending"
    True
    """

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    HOLD = "hold"
    SNOOZED = "snoozed"
    SOLVED = "solved"
    CLOSED = "closed"
    MERGED = "merged"
    REMOVED = "removed"
    SPAM = "spam"
    DELETED = "deleted"


# Who can change a conversation: those who can write, and the rules that nobody wrote.
MAKERS = (*map(str, Author), "system")
E = TypeVar("E", bound=enum.StrEnum)


def _member(kind: type[E], argument: str, value: object, way: str) -> E:
    """A member of an enumeration, or an error that lists the members and shows a way out."""
    try:
        return kind(value)  # type: ignore[arg-type]  # anything may come from outside; the enumeration decides
    except ValueError:
        known = ", ".join(repr(str(one)) for one in kind)
        msg = f"{argument} must be one of {known} (got {value!r}); {way}"
        raise UnknownNameError(msg, argument=argument, found=value) from None


def _author(value: object) -> Author:
    way = "from a table, translate with Messages.from_frame(..., authors={'end-user': 'customer', ...})"
    return _member(Author, "author", value, way)


def _visibility(value: object) -> Visibility | None:
    return None if value is None else _member(Visibility, "visibility", value, "or None, and public= decides")


def _kind(value: object) -> ChangeKind:
    way = "from a table, translate with Changes.from_frame(..., kinds={'state': 'status', ...})"
    return _member(ChangeKind, "kind", value, way)


def status_of(value: object) -> Status:
    """A status by its name.

    Raises:
        UnknownNameError: another name; the message shows how to translate.
    """
    way = "from a table, translate with Changes.from_frame(..., statuses={'waiting': 'pending', ...})"
    return _member(Status, "to", value, way)


def _maker(record: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and value not in MAKERS:
        known = ", ".join(map(repr, MAKERS))
        msg = f"{type(record).__name__}: {attribute.name} must be one of {known} or None (got {value!r})"
        raise UnknownNameError(msg, argument=attribute.name, found=value)


def _need(types: type | tuple[type, ...], wanted: str, *, optional: bool = False) -> Callable[..., None]:
    """A validator: the right type, or an error that names record, field, rule and what was found."""

    def check(record: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if optional and value is None:
            return
        if isinstance(value, bool) and types is not bool:
            wrong = True
        else:
            wrong = not isinstance(value, types)
        if wrong:
            also = " or None" if optional else ""
            msg = f"{type(record).__name__}: {attribute.name} must be {wanted}{also} (got {value!r})"
            raise ArgumentTypeError(msg, argument=attribute.name, found=value)

    return check


_INSTANT = _need(datetime, "a datetime")
_INSTANT_OR_NONE = _need(datetime, "a datetime", optional=True)
_FLAG = _need(bool, "True or False")
_LABEL = _need(Hashable, "hashable (a text, a number ...)", optional=True)
_TEXT_OR_NONE = _need(str, "a text", optional=True)


def _required(record: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        msg = f"{type(record).__name__}: {attribute.name} must be given (got None)"
        raise ArgumentTypeError(msg, argument=attribute.name, found=value)
    _LABEL(record, attribute, value)


def _not_negative(record: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not 0 <= value < float("inf"):
        msg = f"{type(record).__name__}: {attribute.name} must be 0 or more and finite (got {value!r})"
        raise ArgumentValueError(msg, argument=attribute.name, found=value)


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        msg = f"tags must be a sequence of texts, e.g. ('price', 'speed') (got the single text {value!r})"
        raise ArgumentTypeError(msg, argument="tags", found=value)
    try:
        return tuple(value)  # type: ignore[arg-type]  # a non-iterable is refused just below
    except TypeError:
        msg = f"tags must be a sequence of texts, e.g. ('price', 'speed') (got {value!r})"
        raise ArgumentTypeError(msg, argument="tags", found=value) from None


def _extra(value: object) -> FrozenMap[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"extra must be a mapping of column name to value (got {value!r})"
        raise ArgumentTypeError(msg, argument="extra", found=value)
    return FrozenMap(value)


@attrs.frozen(kw_only=True)
class SurveyResponse:
    """One answer to one survey; `score=None` is asked and not answered.

    Args:
        score: a number or a label of the scale; checked against the scale by the metric.
        at: when it was given.
        respondent: who answered.
        account: whom the respondent belongs to.
        channel: where it was asked.
        survey: which survey.
        conversation: which conversation it judges.
        agent: who gets the credit: the last human who wrote before the survey was sent.
        team: the team of that agent.
        asked_at: when the survey was sent.
        tags: what the respondent names as the reason.
        comment: free text.
        weight: sampling weight, 0 or more; used only with `weights="weight"`.
        extra: your own columns; `by=`, `of=` and `weights=` look there too.

    Raises:
        ArgumentTypeError: a field of the wrong type.
        ArgumentValueError: a negative or infinite weight.

    >>> import cxscore as cx
    >>> cx.SurveyResponse(score=9, channel="chat").score
    9
    """

    score: Any
    at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    respondent: Hashable = attrs.field(default=None, validator=_LABEL)
    account: Hashable = attrs.field(default=None, validator=_LABEL)
    channel: Hashable = attrs.field(default=None, validator=_LABEL)
    survey: Hashable = attrs.field(default=None, validator=_LABEL)
    conversation: Hashable = attrs.field(default=None, validator=_LABEL)
    agent: Hashable = attrs.field(default=None, validator=_LABEL)
    team: Hashable = attrs.field(default=None, validator=_LABEL)
    asked_at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    tags: tuple[str, ...] = attrs.field(default=(), converter=_tags)
    comment: str | None = attrs.field(default=None, validator=_TEXT_OR_NONE)
    weight: float = attrs.field(default=1.0, validator=[_need((int, float), "a number"), _not_negative])
    extra: FrozenMap[str, Any] = attrs.field(factory=FrozenMap, converter=_extra)


@attrs.frozen(kw_only=True)
class Message:
    """One message of a conversation.

    Args:
        conversation: which conversation it belongs to.
        at: when it was written.
        author: `Author.CUSTOMER`, `AGENT` or `BOT`, or their texts.
        public: False for a private note, which no customer sees.
        automatic: True for out-of-office replies, receipts and rules; nobody wrote it.
        handoff: True for the message by which a bot hands over to people.
        visibility: `Visibility.SENT`, `PUBLIC_NOTE` or `PRIVATE_NOTE`, or their texts, for systems that tell public
            notes from messages; None: sent where `public`, else a private note.
        agent: which agent wrote it.
        team: the team of that agent.
        customer: which customer.
        channel: where.
        extra: your own columns.

    Raises:
        ArgumentTypeError: a field of the wrong type.
        UnknownNameError: an author that is not known.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> cx.Message(conversation=1, at=datetime(2026, 3, 2, 9), author="agent").author
    <Author.AGENT: 'agent'>
    """

    conversation: Hashable = attrs.field(validator=_required)
    at: datetime = attrs.field(validator=_INSTANT)
    author: Author = attrs.field(converter=_author)
    public: bool = attrs.field(default=True, validator=_FLAG)
    automatic: bool = attrs.field(default=False, validator=_FLAG)
    handoff: bool = attrs.field(default=False, validator=_FLAG)
    visibility: Visibility | None = attrs.field(default=None, converter=_visibility)
    agent: Hashable = attrs.field(default=None, validator=_LABEL)
    team: Hashable = attrs.field(default=None, validator=_LABEL)
    customer: Hashable = attrs.field(default=None, validator=_LABEL)
    channel: Hashable = attrs.field(default=None, validator=_LABEL)
    extra: FrozenMap[str, Any] = attrs.field(factory=FrozenMap, converter=_extra)


@attrs.frozen(kw_only=True)
class Conversation:
    """One conversation or ticket as a row.

    Args:
        id: its name; messages point to it.
        opened_at: when it began.
        first_response_at: first public human answer, None if there was none.
        resolved_at: last resolution, None if it is not resolved.
        first_resolved_at: first resolution, where it is known; one after `resolved_at` counts as not known.
        abandoned_at: when the customer left without an answer; that ends it, and a resolution after it is none.
        customer: which customer.
        channel: where.
        topic: about what.
        agent: present assignee.
        team: the team of the assignee.
        reopens: how often it was opened again.
        messages: how many messages it has, where that is known.
        status: "merged", "spam", "test" and "deleted" are left out and counted.
        extra: your own columns.

    Raises:
        ArgumentTypeError: a field of the wrong type.
        ArgumentValueError: a negative number of reopens or messages.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> cx.Conversation(id=7, opened_at=datetime(2026, 3, 2, 9), channel="email").reopens
    0
    """

    id: Hashable = attrs.field(validator=_required)
    opened_at: datetime = attrs.field(validator=_INSTANT)
    first_response_at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    resolved_at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    first_resolved_at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    abandoned_at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    customer: Hashable = attrs.field(default=None, validator=_LABEL)
    channel: Hashable = attrs.field(default=None, validator=_LABEL)
    topic: Hashable = attrs.field(default=None, validator=_LABEL)
    agent: Hashable = attrs.field(default=None, validator=_LABEL)
    team: Hashable = attrs.field(default=None, validator=_LABEL)
    reopens: int = attrs.field(default=0, validator=[_need(int, "a whole number"), _not_negative])
    messages: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional((_need(int, "a whole number"), _not_negative)),
    )
    status: str | None = attrs.field(default=None, validator=_TEXT_OR_NONE)
    extra: FrozenMap[str, Any] = attrs.field(factory=FrozenMap, converter=_extra)


@attrs.frozen(kw_only=True)
class Change:
    """What happened to a conversation, apart from messages: it was created, changed its status or its hands.

    At one instant a creation stands before messages, and hand-offs, assignments and statuses after them: a reply
    that resolves answers before it resolves.

    Args:
        conversation: which conversation it belongs to.
        at: when it happened.
        kind: a `ChangeKind` or its text: "created", "status", "handoff" (a bot hands over to people), "assigned",
            "schedule" (other business hours apply from here on) or "merged" (into another conversation).
        to: what it was changed to: a `Status` for "status" (and for "created" where it does not begin as new), the
            agent for "assigned" (None: nobody any more), the name of the business hours for "schedule", the other
            conversation for "merged".
        by: who did it: "customer", "agent", "bot" or "system"; for "created" who opened the conversation.
        agent: which agent did it.
        extra: your own columns.

    Raises:
        ArgumentTypeError: a field of the wrong type.
        UnknownNameError: a kind, a status or a `by` that is not known.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> cx.Change(conversation=7, at=datetime(2026, 3, 2, 9), kind="status", to="solved").to
    <Status.SOLVED: 'solved'>
    """

    conversation: Hashable = attrs.field(validator=_required)
    at: datetime = attrs.field(validator=_INSTANT)
    kind: ChangeKind = attrs.field(converter=_kind)
    to: Hashable = attrs.field(default=None, validator=_LABEL)
    by: str | None = attrs.field(default=None, validator=_maker)
    agent: Hashable = attrs.field(default=None, validator=_LABEL)
    extra: FrozenMap[str, Any] = attrs.field(factory=FrozenMap, converter=_extra)

    def __attrs_post_init__(self) -> None:
        if self.kind is ChangeKind.STATUS or (self.kind is ChangeKind.CREATED and self.to is not None):
            # Frozen from here on; which field the name belongs to depends on the kind.
            object.__setattr__(self, "to", status_of(self.to))
        elif self.to is None and self.kind is ChangeKind.SCHEDULE:
            msg = "Change: to must name the business hours of a schedule change (got None)"
            raise ArgumentTypeError(msg, argument="to", found=None)


@attrs.frozen(kw_only=True)
class Contact:
    """One contact of a customer: a call, a conversation, a visit.

    Args:
        customer: who; None is counted as unknown and left out.
        at: when it started.
        ended_at: when it ended.
        topic: about what; contacts with different topics are no repeats of each other.
        channel: where.
        agent: who took it.
        resolvable: False where it could not be resolved at first contact; net FCR leaves it out.
        extra: your own columns.

    Raises:
        ArgumentTypeError: a field of the wrong type.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> cx.Contact(customer="ada", at=datetime(2026, 3, 2, 9)).resolvable
    True
    """

    customer: Hashable = attrs.field(validator=_LABEL)
    at: datetime = attrs.field(validator=_INSTANT)
    ended_at: datetime | None = attrs.field(default=None, validator=_INSTANT_OR_NONE)
    topic: Hashable = attrs.field(default=None, validator=_LABEL)
    channel: Hashable = attrs.field(default=None, validator=_LABEL)
    agent: Hashable = attrs.field(default=None, validator=_LABEL)
    resolvable: bool = attrs.field(default=True, validator=_FLAG)
    extra: FrozenMap[str, Any] = attrs.field(factory=FrozenMap, converter=_extra)
