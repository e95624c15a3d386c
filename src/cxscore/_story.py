"""The story of one conversation: who wrote and did what when, what was waited for, and which hours counted.

Knows `_inputs`, `batches` and `hours`; finds nothing out, it lays side by side what is known.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

import attrs
import numpy as np

from . import _inputs
from ._frozen import FrozenMap
from ._results import plain, put, show, show_open
from .batches import Changes, Messages, as_batch
from .errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError
from .hours import BusinessHours, _zone
from .records import Author, Change, ChangeKind, Message, Visibility

__all__ = ["Measured", "Story", "StoryLine", "tell"]

_DAYS_SHOWN = 10


@attrs.frozen
class _Words:
    """What a clock is about, in words."""

    measures: str
    answered: str
    open: str
    starts: str = "the clock starts"
    closed: str = "closed"


_WAIT = _Words("waited", "answered", "still no answer", "the wait begins", "closed without an answer")
_WORDS = {
    "first_response": _WAIT,
    "reply": _WAIT,
    "resolution": _Words("time to resolution", "resolved", "still not resolved"),
    "first_resolution": _Words("time to first resolution", "resolved for the first time", "still not resolved"),
    "our_resolution": _Words("our time to resolution", "resolved", "still not resolved"),
    "requester_wait": _Words("requester wait", "resolved", "still not resolved"),
    "agent_wait": _Words("agent wait", "resolved", "still not resolved"),
    "on_hold": _Words("on hold", "resolved", "still not resolved"),
    "work_time": _Words("work time", "resolved", "still not resolved"),
    "handoff": _Words("time to hand-off", "handed over", "still not handed over"),
    "reopened_after": _Words(
        "stayed resolved", "reopened", "still resolved", closed="no longer resolved, and not reopened"
    ),
}
# How the remarks begin of what a clock starts at, by `started_by`; of the others a message tells.
_REMARKS = {"created": "created", "opened": "status", "resolved": "status", "assigned": "assigned"}
_ENDINGS = {"abandoned": "the customer left", "lapsed": "nobody answered in time"}  # in the same words on every clock


@attrs.frozen(kw_only=True)
class StoryLine:
    """One message, one change, or the end of a wait that neither ended.

    Attributes:
        at: when; in the zone of the business hours or of the log where one is known.
        author: who wrote it, or who changed it ("system" for rules); None where that is not known.
        agent: which agent, None where it was none or is not known.
        remark: "private note", "public note", "automatic" or "hand-off"; what was changed; else empty.
        event: what it meant for the wait, else empty.
        waited: how long the wait had lasted by then; None outside it, and within one that stood still.
        business_waited: the same in business time; None without hours, and where the hours do not tell the whole.
        stood_still: whether the clock did for a time on the way here, which `waited` leaves out.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> waits = cx.outliers(cx.response_times(log).table(), limit=timedelta(minutes=1))
    >>> waits.flagged[0].explain(log).lines[1].author
    <Author.AGENT: 'agent'>
    """

    at: dt.datetime
    author: str | None = None
    agent: Any = None
    remark: str = ""
    event: str = ""
    waited: dt.timedelta | None = None
    business_waited: dt.timedelta | None = None
    stood_still: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`."""
        out: dict[str, Any] = {}
        for name, value in attrs.asdict(self, recurse=False).items():
            put(out, name, value, duration="waited" in name)
        return out

    def __str__(self) -> str:
        who = "" if self.author is None else str(self.author)
        who += "" if self.agent is None else f" {self.agent}"
        waited = f"after {_time(self.waited, self.business_waited)}" if self.waited or self.business_waited else ""
        still = "the clock stood still in between" if self.stood_still else ""
        said = _joined(self.remark, self.event, waited, still)
        return f"{self.at:%Y-%m-%d %H:%M}  {who:<20}  {said}".rstrip()


@attrs.frozen(kw_only=True)
class Story:
    """What happened in one conversation.

    Attributes:
        conversation: which one.
        lines: its messages and changes in order, with the beginning and the end of the wait marked.
        waited: the wait in question, without what its clock stood still; None where there is none, and where it was
            measured in business time on a clock that may stand still, whose rows do not tell it.
        business_waited: the same in business time, as it was measured; None without hours.
        open_days: date to business time counted on it, days without any left out; empty where the hours do not tell
            the whole, as of a wait that stood still.
        clock: the clock that measured it, e.g. "reply" or "business_resolution"; None where there is no wait, or its
            row does not say.
        ended: how it ended, in the words of its row: "answered" is resolved, reopened or handed over on the clocks of
            that, and "open" still runs; None without a wait.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> waits = cx.outliers(cx.response_times(log).table(), limit=timedelta(minutes=1))
    >>> len(waits.flagged[0].explain(log).lines)
    2
    """

    conversation: Any
    lines: tuple[StoryLine, ...]
    waited: dt.timedelta | None = None
    business_waited: dt.timedelta | None = None
    open_days: FrozenMap[dt.date, dt.timedelta] = attrs.field(factory=FrozenMap)
    clock: str | None = None
    ended: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`."""
        out: dict[str, Any] = {"conversation": plain(self.conversation), "clock": self.clock, "ended": self.ended}
        put(out, "waited", self.waited, duration=True)
        put(out, "business_waited", self.business_waited, duration=True)
        put(out, "open_days", self.open_days, duration=True)
        return {**out, "lines": [line.to_dict() for line in self.lines]}

    def _title(self) -> str:
        if self.waited is None and self.business_waited is None:
            return f"conversation {self.conversation}: {len(self.lines):,} message{'' if len(self.lines) == 1 else 's'}"
        so_far = " so far" if self.ended == "open" else ""
        time = _time(self.waited, self.business_waited)
        return f"conversation {self.conversation}: {_words(self.clock).measures} {time}{so_far}"

    def _counted(self) -> list[str]:
        if not self.open_days:
            return []
        days = [f"{day:%a} {day} {show_open(time)}" for day, time in self.open_days.items()]
        more = len(days) - _DAYS_SHOWN
        listed = ", ".join(days[:_DAYS_SHOWN]) + (f" and {more:,} more days" if more > 0 else "")
        return [f"business time counted: {listed}"]

    def __str__(self) -> str:
        return "\n".join((self._title(), *(f"  {line}" for line in self.lines), *self._counted()))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@attrs.frozen(kw_only=True)
class Measured:
    """What a row says of its wait, and what the policy says of how it was counted."""

    start: dt.datetime
    end: dt.datetime
    """When it ended; of what is open, what counted as now."""
    waited: dt.timedelta | None
    """None where it was counted in business time only."""
    business_waited: dt.timedelta | None = None
    ended: str = "answered"
    clock: str | None = None
    started_by: str | None = None
    channel: Any = None
    """Whose hours count."""
    by_hours: bool = False
    """Whether it was measured with hours, so that there is no business time but `business_waited`."""
    schedule_change: str = "each_part"
    slack: dt.timedelta = dt.timedelta(0)
    """A wait this much shorter than the time from its start to its end did not stand still: units cut it."""
    pauses: bool | None = None
    """Whether the clock may stand still; None where nobody knows, or one figure stands for several waits."""
    resolved: Collection[str] = ()
    """Statuses that mean resolved."""


def tell(
    log: Any, conversation: Any, *, measured: Measured | None = None, changes: Any = None, hours: Any = None
) -> Story:
    """The story of a conversation, and of one wait in it where there was one.

    Args:
        log: `Message` records or a `Messages` batch.
        conversation: its label.
        measured: the wait, None for none.
        changes: `Change` records or a `Changes` batch.
        hours: the schedule to count business time in, or schedules by channel and by the names that changes use.

    Raises:
        ArgumentTypeError: no messages, no changes, or hours that are none.
        ArgumentValueError: a log without that conversation.
        MixedTimeZonesError: hours beside instants without a zone; messages and changes of unlike rules.
    """
    messages = cast("Messages", as_batch(log, "log", (Messages,), lambda: Messages.from_records([])))
    told = Changes.from_records([]) if changes is None else cast(
        "Changes", as_batch(changes, "changes", (Changes,), lambda: Changes.from_records([]))
    )  # fmt: skip
    if hours is not None and not _are_hours(hours):
        msg = f"hours must be a BusinessHours, or a mapping to them (got {hours!r:.60}), as response_times was given"
        raise ArgumentTypeError(msg, argument="hours", found=type(hours))
    rows = _rows_of(messages, conversation)
    if hours is not None and not messages.aware:
        msg = "hours needs a log with a zone (got naive instants); build it with cx.Messages(..., tz='Europe/Berlin')"
        raise MixedTimeZonesError(msg, argument="hours", found=None)
    if {messages.aware, told.aware} == {True, False}:
        msg = "changes must follow the same rule as log (one has aware instants, the other naive ones)"
        raise MixedTimeZonesError(msg, argument="changes", found=None)
    lines, channel = _lines(messages, rows, told, conversation, measured)
    if measured is not None:
        channel = measured.channel
    parts = [] if hours is None else _parts(hours, channel, told, conversation)
    zone = _inputs.zone_of(messages.tz) if messages.tz is not None else None
    if measured is None:
        zone = _zone(parts[-1][1].tz) if parts else zone
        return Story(conversation=conversation, lines=tuple(_in_zone(line, zone) for line in lines))
    start, end = measured.start, measured.end
    if measured.schedule_change != "each_part":
        parts = _applying(parts, end if measured.schedule_change == "at_end" else start)
    clock = _applying(parts, end) or parts  # that of the desk when it was over
    zone = _zone(clock[-1][1].tz) if clock else zone
    wait = _wait(measured, parts)
    return Story(
        conversation=conversation,
        lines=tuple(_in_zone(_placed(line, measured, wait), zone) for line in lines),
        waited=wait.waited,
        business_waited=wait.business_waited,
        open_days=_open_days(start, end, wait.parts),
        clock=measured.clock,
        ended=measured.ended,
    )


def _are_hours(hours: Any) -> bool:
    if isinstance(hours, Mapping):
        return bool(hours) and all(isinstance(one, BusinessHours) for one in hours.values())
    return isinstance(hours, BusinessHours)


def _words(clock: str | None) -> _Words:
    """What a clock is about, in whatever time it runs."""
    return _WAIT if clock is None else _WORDS.get(clock.removeprefix("business_"), _WAIT)


def _time(waited: dt.timedelta | None, business: dt.timedelta | None) -> str:
    """Either or both, for a person."""
    parts = [] if waited is None else [show(waited)]
    return ", ".join(parts if business is None else [*parts, f"{show_open(business)} of business time"])


def _lines(
    messages: Messages, rows: list[int], changes: Changes, conversation: Any, wait: Measured | None
) -> tuple[list[StoryLine], Any]:
    """What was written and changed, the wait marked in it; and the channel of the first message that has one."""
    lines: list[tuple[int, StoryLine]] = []
    channel = None
    finished = False
    answered_at = None if wait is None or wait.ended != "answered" else wait.end
    words, resolved = (_WAIT, ()) if wait is None else (_words(wait.clock), wait.resolved)
    for row in rows:
        record, at = messages[row], _inputs.moment(int(messages.times("at")[row]), messages.aware)
        remark = _remark(record)
        channel = record.channel if channel is None else channel
        event = "" if finished or at != answered_at else _ended_by_message(record, remark, words)
        finished = finished or bool(event)
        place = 1 if record.author is Author.CUSTOMER else 2
        lines.append((place, StoryLine(at=at, author=record.author, agent=record.agent, remark=remark, event=event)))
    for row in _changes_of(changes, conversation):
        change, at = changes[row], _inputs.moment(int(changes.times("at")[row]), changes.aware)
        event = "" if finished or at != answered_at else _ended_by_change(change, words, resolved)
        finished = finished or bool(event)
        place = 0 if change.kind in (ChangeKind.CREATED, ChangeKind.SCHEDULE) else 3
        line = StoryLine(at=at, author=change.by, agent=change.agent, remark=_changed(change), event=event)
        lines.append((place, line))
    told = [line for _, line in sorted(lines, key=lambda pair: (pair[1].at, pair[0]))]  # stable within one instant
    if wait is None:
        return told, channel
    begins = _beginning(told, wait)
    if begins is not None:
        told[begins] = attrs.evolve(told[begins], event=_joined(words.starts, told[begins].event))
    else:
        told.insert(sum(line.at < wait.start for line in told), StoryLine(at=wait.start, event=words.starts))
    if not finished:
        ending = {"answered": words.answered, "open": words.open, "closed": words.closed, **_ENDINGS}
        event = ending.get(wait.ended, wait.ended)
        told.insert(sum(line.at <= wait.end for line in told), StoryLine(at=wait.end, event=event))
    return told, channel


def _ended_by_message(record: Message, remark: str, words: _Words) -> str:
    """How a message at the end of a wait ended it, empty where it did not."""
    if words is _WAIT:
        return "the answer" if record.author is Author.AGENT and remark in ("", "hand-off") else ""
    return words.answered if words is _WORDS["handoff"] and record.handoff else ""


def _ended_by_change(change: Change, words: _Words, resolved: Collection[str]) -> str:
    """How a change at the end of a wait ended it, empty where it did not."""
    if words is _WORDS["handoff"]:
        return words.answered if change.kind is ChangeKind.HANDOFF else ""
    if change.kind is not ChangeKind.STATUS:
        return ""
    if words is _WAIT:
        return "which counts as the answer"
    reopens = words is _WORDS["reopened_after"]
    return words.answered if reopens != (change.to in resolved) else ""


def _remark(record: Message) -> str:
    if record.handoff:
        return "hand-off"
    if record.automatic:
        return "automatic" if record.public else "private note"
    if record.visibility is Visibility.PRIVATE_NOTE or (record.visibility is None and not record.public):
        return "private note"
    return "public note" if record.visibility is Visibility.PUBLIC_NOTE else ""


def _changed(change: Change) -> str:
    """What a change was, for a person."""
    match change.kind:
        case ChangeKind.CREATED:
            return "created" if change.to is None else f"created as {change.to}"
        case ChangeKind.STATUS:
            return f"status {change.to}"
        case ChangeKind.HANDOFF:
            return "hand-off"
        case ChangeKind.ASSIGNED:
            return "assigned to nobody" if change.to is None else f"assigned to {change.to}"
        case ChangeKind.SCHEDULE:
            return f"business hours {change.to}"
    return "merged" if change.to is None else f"merged into {change.to}"


def _beginning(lines: list[StoryLine], wait: Measured) -> int | None:
    """The line at which the wait began: what its row names, else a customer's message or a hand-off before others."""
    there = [i for i, line in enumerate(lines) if line.at == wait.start]
    named = None if wait.started_by is None else _REMARKS.get(wait.started_by)
    told = [i for i in there if named is not None and lines[i].remark.startswith(named)]
    heard = [i for i in there if lines[i].remark in ("", "hand-off")]
    asked = [i for i in heard if lines[i].author == Author.CUSTOMER or lines[i].remark == "hand-off"]
    changed = [i for i in there if lines[i].remark.startswith(("created", "status", "assigned"))]
    return next(iter((*told, *asked, *changed, *heard)), None)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _changes_of(changes: Changes, conversation: Any) -> list[int]:
    talks = changes.coded("conversation")
    found = [code for code, label in enumerate(talks.labels) if label == conversation and label is not None]
    at = changes.times("at")
    rows = np.flatnonzero(np.isin(talks.codes, found) & (at != _inputs.NAT) & (changes.kinds() >= 0))
    order = rows[np.lexsort((changes.kinds()[rows], at[rows]))]
    return [int(row) for row in order]


def _rows_of(messages: Messages, conversation: Any) -> list[int]:
    """The messages of one conversation: at one instant customers come first."""
    talks = messages.coded("conversation")
    found = [code for code, label in enumerate(talks.labels) if label == conversation and label is not None]
    at = messages.times("at")
    rows = np.flatnonzero(np.isin(talks.codes, found) & (at != _inputs.NAT) & (messages.authors() >= 0))
    if not len(rows):
        msg = f"log has no message of the conversation {conversation!r}; pass the log that was measured"
        raise ArgumentValueError(msg, argument="log", found=conversation)
    written = rows[np.lexsort((messages.authors()[rows] > 0, at[rows]))]
    return [int(row) for row in written]


Parts = list[tuple[dt.datetime | None, BusinessHours]]
"""Schedules and since when each of them applies; None: from the beginning."""


def _parts(hours: Any, channel: Any, changes: Changes, conversation: Any) -> Parts:
    """Which schedules counted: that of the channel, and from each change on the one that it names."""
    if isinstance(hours, BusinessHours):
        return hours._parts()
    parts: Parts = [(None, hours[channel])] if channel in hours else []
    for row in _changes_of(changes, conversation):
        change = changes[row]
        if change.kind is ChangeKind.SCHEDULE and change.to in hours:
            parts.append((_inputs.moment(int(changes.times("at")[row]), True), hours[change.to]))
    ends = [*(since for since, _ in parts), None][1:]
    return [one for (since, named), until in zip(parts, ends, strict=True) for one in named._parts(since, until)]


def _applying(parts: Parts, at: dt.datetime) -> Parts:
    """The schedule of an instant alone, for all time; a change counts from its own instant on."""
    begun = [hours for since, hours in parts if since is None or since <= at]
    return [(None, begun[-1])] if begun else []


def _cut(
    parts: Parts, start: dt.datetime, end: dt.datetime
) -> Iterator[tuple[BusinessHours, dt.datetime, dt.datetime]]:
    for i, (since, hours) in enumerate(parts):
        until = parts[i + 1][0] if i + 1 < len(parts) else None
        first = start if since is None else max(start, since)
        last = end if until is None else min(end, until)
        if first < last:
            yield hours, first, last


def _between(parts: Parts, start: dt.datetime, end: dt.datetime) -> dt.timedelta | None:
    """Business time of all parts."""
    if not parts:
        return None
    return sum((hours.between(first, last) for hours, first, last in _cut(parts, start, end)), dt.timedelta())


@attrs.frozen
class _Wait:
    """A wait as it can be told."""

    waited: dt.timedelta | None
    business_waited: dt.timedelta | None
    ran: bool
    """Whether the clock is known to have run all the way, so that every line can say how long by then."""
    stood_still: bool
    """Whether it is known not to have."""
    parts: Parts
    """The hours that tell how its business time came about."""


def _wait(measured: Measured, parts: Parts) -> _Wait:
    """Hold what was counted against what passed.

    What stood still, or was counted in another way, is told as a whole: nobody knows here how it came about.
    """
    passed, open_time = measured.end - measured.start, _between(parts, measured.start, measured.end)
    waited, business = measured.waited, measured.business_waited

    def fits(lost: dt.timedelta | None) -> bool:
        return lost is not None and dt.timedelta(0) <= lost <= measured.slack

    lost = None if open_time is None or business is None else open_time - business
    told = fits(lost)
    if waited is None:  # its row gives business time only
        ran = measured.pauses is False and (told or lost is None)
        waited = passed if ran else None
    else:
        lost = passed - waited
        ran = fits(lost)
        if ran and not measured.by_hours:
            business, told = open_time, open_time is not None
        told = told and ran
    stood_still = measured.pauses is True and lost is not None and lost > measured.slack
    return _Wait(waited, business, ran, stood_still, parts if told else [])


def _placed(line: StoryLine, measured: Measured, wait: _Wait) -> StoryLine:
    """A line with the time waited by then; at the end the whole wait."""
    start, end = measured.start, measured.end
    if line.at == end:
        return attrs.evolve(
            line, waited=wait.waited, business_waited=wait.business_waited, stood_still=wait.stood_still
        )
    if not start <= line.at < end:
        return line
    return attrs.evolve(
        line, waited=line.at - start if wait.ran else None, business_waited=_between(wait.parts, start, line.at)
    )


def _in_zone(line: StoryLine, zone: dt.tzinfo | None) -> StoryLine:
    """A line on the clock of the desk."""
    return line if zone is None else attrs.evolve(line, at=line.at.astimezone(zone))


def _open_days(start: dt.datetime, end: dt.datetime, parts: Parts) -> FrozenMap[dt.date, dt.timedelta]:
    """Business time of each day, by the zone of the schedule that counted."""
    found: dict[dt.date, dt.timedelta] = {}
    for hours, begin, stop in _cut(parts, start, end):
        zone = _zone(hours.tz)
        first, last = begin.astimezone(zone).date(), stop.astimezone(zone).date()
        days = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
        midnights = [dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC) for day in days[1:]]
        counted = hours.between([begin, *midnights], [*midnights, stop]).tolist()
        for day, time in zip(days, counted, strict=True):
            found[day] = found.get(day, dt.timedelta()) + time
    return FrozenMap({day: time for day, time in found.items() if time})
