"""The story of one conversation: who wrote and did what when, what was waited for, and which hours counted.

Knows `_inputs`, `batches` and `hours`; finds nothing out, it lays side by side what is known.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator, Mapping
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

__all__ = ["Story", "StoryLine", "tell"]

_ENDINGS = {
    "closed": "closed without an answer",
    "abandoned": "the customer left",
    "lapsed": "nobody answered in time",
    "open": "still no answer",
}
_DAYS_SHOWN = 10


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

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`."""
        out: dict[str, Any] = {}
        for name, value in attrs.asdict(self, recurse=False).items():
            put(out, name, value, duration="waited" in name)
        return out

    def __str__(self) -> str:
        who = "" if self.author is None else str(self.author)
        who += "" if self.agent is None else f" {self.agent}"
        waited = ""
        if self.waited:
            business = "" if self.business_waited is None else f", {show_open(self.business_waited)} of business time"
            waited = f"after {show(self.waited)}{business}"
        said = "; ".join(part for part in (self.remark, self.event, waited) if part)
        return f"{self.at:%Y-%m-%d %H:%M}  {who:<20}  {said}".rstrip()


@attrs.frozen(kw_only=True)
class Story:
    """What happened in one conversation.

    Attributes:
        conversation: which one.
        lines: its messages and changes in order, with the beginning and the end of the wait marked.
        waited: the wait in question; None where there is none.
        business_waited: the same in business time, as it was measured; None without hours.
        open_days: date to business time counted on it, days without any left out; empty where the hours do not tell
            the whole, as of a wait that stood still.

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

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`."""
        out: dict[str, Any] = {"conversation": plain(self.conversation)}
        put(out, "waited", self.waited, duration=True)
        put(out, "business_waited", self.business_waited, duration=True)
        put(out, "open_days", self.open_days, duration=True)
        return {**out, "lines": [line.to_dict() for line in self.lines]}

    def _title(self) -> str:
        if self.waited is None:
            return f"conversation {self.conversation}: {len(self.lines):,} message{'' if len(self.lines) == 1 else 's'}"
        business = "" if self.business_waited is None else f", {show_open(self.business_waited)} of business time"
        return f"conversation {self.conversation}: waited {show(self.waited)}{business}"

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


def tell(
    log: Any,
    conversation: Any,
    *,
    start: dt.datetime | None = None,
    wait: dt.timedelta | None = None,
    end: dt.datetime | None = None,
    ended: str = "answered",
    changes: Any = None,
    hours: Any = None,
    schedule_change: str = "each_part",
    slack: dt.timedelta = dt.timedelta(0),
    **known: Any,
) -> Story:
    """The story of a conversation, and of one wait in it where there was one.

    Args:
        log: `Message` records or a `Messages` batch.
        conversation: its label.
        start: when the wait began, None for no wait.
        wait: how long it was.
        end: when it ended; None: after `wait`.
        ended: how it ended.
        changes: `Change` records or a `Changes` batch.
        hours: the schedule to count business time in, or schedules by channel and by the names that changes use.
        schedule_change: which schedule counts across a change of it, as in `ReplyPolicy`.
        slack: a wait this much shorter than the time from its start to its end did not stand still: units cut it.
        known: what its row says of it, which no log has to tell again: `as_of`, the end of what is open; `channel`,
            whose hours count; and `business_wait`.

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
    if end is None:
        end = known.get("as_of") if ended == "open" else None
    if end is None:
        end = None if start is None or wait is None else start + wait
    lines, channel = _lines(messages, rows, told, conversation, start, end, ended)
    parts = [] if hours is None else _parts(hours, known.get("channel", channel), told, conversation)
    if schedule_change != "each_part" and start is not None and end is not None:
        parts = _applying(parts, end if schedule_change == "at_end" else start)
    clock = parts if end is None else _applying(parts, end) or parts  # that of the desk when it was over
    zone = _zone(clock[-1][1].tz) if clock else _inputs.zone_of(messages.tz) if messages.tz is not None else None
    passed = None if start is None or end is None else end - start
    business = _between(parts, start, end)
    counted = known.get("business_wait", business)
    # What stood still, or was counted in another way, is told as a whole: nobody knows here how it came about.
    ran = passed is None or wait is None or dt.timedelta(0) <= passed - wait <= slack
    if not ran or business is None or counted is None or not dt.timedelta(0) <= business - counted <= slack:
        parts = []
    return Story(
        conversation=conversation,
        lines=tuple(_placed(line, start, end, zone, parts, (wait, counted), ran) for line in lines),
        waited=wait,
        business_waited=counted,
        open_days=_open_days(start, end, parts) if start is not None and end is not None else FrozenMap(),
    )


def _are_hours(hours: Any) -> bool:
    if isinstance(hours, Mapping):
        return bool(hours) and all(isinstance(one, BusinessHours) for one in hours.values())
    return isinstance(hours, BusinessHours)


def _lines(
    messages: Messages,
    rows: list[int],
    changes: Changes,
    conversation: Any,
    start: dt.datetime | None,
    end: dt.datetime | None,
    ended: str,
) -> tuple[list[StoryLine], Any]:
    """What was written and changed, the wait marked in it; and the channel of the first message that has one."""
    lines: list[tuple[int, StoryLine]] = []
    channel = None
    finished = False
    for row in rows:
        record, at = messages[row], _inputs.moment(int(messages.times("at")[row]), messages.aware)
        remark = _remark(record)
        heard = remark in ("", "hand-off")
        channel = record.channel if channel is None else channel
        event = ""
        if ended == "answered" and not finished and at == end and heard and record.author is Author.AGENT:
            finished, event = True, "the answer"
        place = 1 if record.author is Author.CUSTOMER else 2
        lines.append((place, StoryLine(at=at, author=record.author, agent=record.agent, remark=remark, event=event)))
    for row in _changes_of(changes, conversation):
        change, at = changes[row], _inputs.moment(int(changes.times("at")[row]), changes.aware)
        place = 0 if change.kind in (ChangeKind.CREATED, ChangeKind.SCHEDULE) else 3
        line = StoryLine(at=at, author=change.by, agent=change.agent, remark=_changed(change))
        if ended == "answered" and not finished and at == end and change.kind is ChangeKind.STATUS:
            finished, line = True, attrs.evolve(line, event="which counts as the answer")
        lines.append((place, line))
    told = [line for _, line in sorted(lines, key=lambda pair: (pair[1].at, pair[0]))]  # stable within one instant
    begins = _beginning(told, start)
    if begins is not None:
        told[begins] = attrs.evolve(told[begins], event=_joined("the wait begins", told[begins].event))
    elif start is not None:
        told.insert(sum(line.at < start for line in told), StoryLine(at=start, event="the wait begins"))
    if end is not None and not finished:
        told.insert(sum(line.at <= end for line in told), StoryLine(at=end, event=_ENDINGS.get(ended, ended)))
    return told, channel


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


def _beginning(lines: list[StoryLine], start: dt.datetime | None) -> int | None:
    """The line at which the wait began: a customer's message or a hand-off before anything else at that instant."""
    there = [i for i, line in enumerate(lines) if line.at == start]
    heard = [i for i in there if lines[i].remark in ("", "hand-off")]
    asked = [i for i in heard if lines[i].author == Author.CUSTOMER or lines[i].remark == "hand-off"]
    changed = [i for i in there if lines[i].remark.startswith(("created", "status", "assigned"))]
    return next(iter((*asked, *changed, *heard)), None)


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
    rows = np.flatnonzero(np.isin(talks.codes, found) & (at != _inputs.NAT))
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


def _between(parts: Parts, start: dt.datetime | None, end: dt.datetime | None) -> dt.timedelta | None:
    """Business time of all parts."""
    if not parts or start is None or end is None:
        return None
    return sum((hours.between(first, last) for hours, first, last in _cut(parts, start, end)), dt.timedelta())


def _placed(
    line: StoryLine,
    start: dt.datetime | None,
    end: dt.datetime | None,
    zone: dt.tzinfo | None,
    parts: Parts,
    whole: tuple[dt.timedelta | None, dt.timedelta | None],
    ran: bool,
) -> StoryLine:
    """A line with the time waited by then, on the clock of the desk; at the end the `whole` wait."""
    waited = business = None
    if start is not None and end is not None and start <= line.at <= end:
        waited, business = line.at - start if ran else None, _between(parts, start, line.at)
        if line.at == end and whole[0] is not None:
            waited, business = whole
    return attrs.evolve(
        line, at=line.at if zone is None else line.at.astimezone(zone), waited=waited, business_waited=business
    )


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
