"""The story of one conversation: who wrote when, what was waited for, and which hours counted.

Knows `_inputs`, `batches` and `hours`; finds nothing out, it lays side by side what is known.
"""

from __future__ import annotations

import datetime as dt
import html
from typing import Any, cast

import attrs
import numpy as np

from . import _inputs
from ._frozen import FrozenMap
from ._results import plain, put, show, show_open
from .batches import Messages, as_batch
from .errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError
from .hours import BusinessHours, _zone
from .records import Author

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
    """One message, or the end of a wait that no message ended.

    Attributes:
        at: when; in the zone of the business hours or of the log where one is known.
        author: who wrote it; None for an end without a message.
        agent: which agent, None where it was none or is not known.
        remark: "private note", "automatic" or "hand-off", else empty.
        event: what it meant for the wait, else empty.
        waited: how long the wait had lasted by then; None outside it.
        business_waited: the same in business time; None without hours.

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
    author: Author | None = None
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
        lines: its messages in order, with the beginning and the end of the wait marked.
        waited: the wait in question; None where there is none.
        business_waited: the same in business time; None without hours.
        open_days: date to business time counted on it, days without any left out.

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
            return f"conversation {self.conversation}: {len(self.lines):,} messages"
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
    ended: str = "answered",
    hours: Any = None,
) -> Story:
    """The story of a conversation, and of one wait in it where there was one.

    Args:
        log: `Message` records or a `Messages` batch.
        conversation: its label.
        start: when the wait began, None for no wait.
        wait: how long it was.
        ended: how it ended.
        hours: the schedule to count business time in.

    Raises:
        ArgumentTypeError: no messages, or hours that are no `BusinessHours`.
        ArgumentValueError: a log without that conversation.
        MixedTimeZonesError: hours beside instants without a zone.
    """
    messages = cast("Messages", as_batch(log, "log", (Messages,), lambda: Messages.from_records([])))
    if hours is not None and not isinstance(hours, BusinessHours):
        msg = f"hours must be a BusinessHours (got {hours!r:.60}), as response_times was given"
        raise ArgumentTypeError(msg, argument="hours", found=type(hours))
    rows = _rows_of(messages, conversation)
    if hours is not None and not messages.aware:
        msg = "hours needs a log with a zone (got naive instants); build it with cx.Messages(..., tz='Europe/Berlin')"
        raise MixedTimeZonesError(msg, argument="hours", found=None)
    end = None if start is None or wait is None else start + wait
    lines: list[StoryLine] = []
    waiting = finished = False
    for row in rows:
        record, at = messages[row], _moment(int(messages.times("at")[row]), messages.aware)
        heard = record.public and not record.automatic
        event = ""
        if not waiting and at == start and heard and (record.author is Author.CUSTOMER or record.handoff):
            waiting, event = True, "the wait begins"
        elif ended == "answered" and not finished and at == end and heard and record.author is Author.AGENT:
            finished, event = True, "the answer"
        remark = "hand-off" if record.handoff else "" if heard else "automatic" if record.public else "private note"
        lines.append(StoryLine(at=at, author=record.author, agent=record.agent, remark=remark, event=event))
    if end is not None and not finished:
        place = sum(line.at <= end for line in lines)
        lines.insert(place, StoryLine(at=end, event=_ENDINGS.get(ended, ended)))
    zone = _zone(hours.tz) if hours is not None else _inputs.zone_of(messages.tz) if messages.tz is not None else None
    return Story(
        conversation=conversation,
        lines=tuple(_placed(line, start, end, zone, hours) for line in lines),
        waited=wait,
        business_waited=None if hours is None or start is None else hours.between(start, end),
        open_days=FrozenMap() if hours is None or start is None or end is None else _open_days(start, end, hours),
    )


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


def _moment(micros: int, aware: bool | None) -> dt.datetime:
    """An instant by the rule of the log, which may have read a record's wall time in a zone."""
    plain_time = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)
    return plain_time.replace(tzinfo=dt.UTC) if aware else plain_time


def _placed(
    line: StoryLine,
    start: dt.datetime | None,
    end: dt.datetime | None,
    zone: dt.tzinfo | None,
    hours: BusinessHours | None,
) -> StoryLine:
    """A line with the time waited by then, on the clock of the desk."""
    inside = start is not None and end is not None and start <= line.at <= end
    return attrs.evolve(
        line,
        at=line.at if zone is None else line.at.astimezone(zone),
        waited=line.at - start if start is not None and inside else None,
        business_waited=hours.between(start, line.at) if hours is not None and inside else None,
    )


def _open_days(start: dt.datetime, end: dt.datetime, hours: BusinessHours) -> FrozenMap[dt.date, dt.timedelta]:
    """Business time of each day of the schedule's zone."""
    zone = _zone(hours.tz)
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    days = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
    midnights = [dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC) for day in days[1:]]
    counted = hours.between([start, *midnights], [*midnights, end]).tolist()
    return FrozenMap({day: time for day, time in zip(days, counted, strict=True) if time})
