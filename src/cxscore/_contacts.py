"""The door for contacts: records or a batch become ordered columns, ready to be judged for any window.

Knows `_inputs`, `batches`, `hours` and the core of repeats; counts nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from . import _inputs
from ._accounting import Account, LeftOut
from ._checks import check_choice
from ._core import repeats
from ._core.business_time import Timetable, Timetables
from ._core.repeats import ArrangedContacts, JudgedContacts
from ._grouping import group_rows
from ._inputs import NAT
from ._open_time import Schedules, hours_definition
from .batches import Batch, Contacts, as_batch
from .errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError
from .hours import BusinessHours

__all__ = ["WEEK", "ContactLog", "RepeatSettings", "read_contacts", "repeat_settings", "seconds"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

WEEK = dt.timedelta(days=7)

_DAY = 86_400_000_000
# The calendar of datetime is shorter, so a longer window finds nothing more; instants stay far from overflow.
_FOREVER = 1 << 60


@attrs.frozen(kw_only=True)
class RepeatSettings:
    """What a repeat is and when the data ends; two tallies merge only where all of it agrees.

    Attributes:
        window: longest time to a repeat, in microseconds.
        since: "end" or "start" of a contact.
        same_day: "count" or "collapse".
        hours: digest of the schedule whose open time the window is counted in, or of one a channel; None: all
            time counts.
        zone: where days are cut, None for the clock of the data itself.
        as_of: "now" in microseconds since 1970; None where there is not a single instant.
        history_from: when the records begin.
        aware: whether the instants are UTC.
        ends: whether ends are recorded at all; None where there is no row.
    """

    window: int
    since: str = "end"
    same_day: str = "count"
    hours: str | None = None
    zone: str | None = None
    as_of: int | None = None
    history_from: int | None = None
    aware: bool | None = None
    ends: bool | None = None

    @property
    def definition(self) -> dict[str, str]:
        """The part that decides what may be compared."""
        named = {"hours": self.hours, "tz": self.zone}
        return {
            "window": seconds(self.window),
            "since": self.since,
            "same_day": self.same_day,
            **{name: value for name, value in named.items() if value is not None},
        }


def seconds(micros: int) -> str:
    """Microseconds as they stand in a signature."""
    whole, rest = divmod(micros, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") + "s"


@attrs.frozen(kw_only=True, eq=False)
class ContactLog:
    """Contacts in order, with their groups and the rows that were left out.

    Attributes:
        settings: what a repeat is and when the data ends.
        hours: the schedule that the window is counted in, or one a contact in the order of `arranged`.
        arranged: the contacts.
        keys: keys of the groups, none without `by`.
        names: names of the keys.
        many: whether a key is a tuple.
        group: in the order of `arranged`; None without `by`.
        resolvable: in the order of `arranged`; None where all can be resolved at first contact.
        labels: what customer codes are called.
        left: reason to rows left out, one entry a group.
    """

    settings: RepeatSettings
    hours: Timetable | Timetables | None
    arranged: ArrangedContacts
    keys: Sequence[Any]
    names: tuple[str, ...]
    many: bool
    group: Ints | None
    resolvable: Bools | None
    labels: Sequence[Any]
    left: dict[LeftOut, Ints]

    def with_window(self, window: Any) -> ContactLog:
        """The same contacts, to be judged for another window.

        Raises:
            ArgumentTypeError: a window without a unit.
            InvalidValueError: a window that is not above zero.
        """
        micros = _inputs.duration(window, "window", positive=True)
        return attrs.evolve(self, settings=attrs.evolve(self.settings, window=micros))

    def judged(self) -> list[JudgedContacts]:
        """Every contact, judged for the window of the settings, some customers at a time."""
        least = max(repeats.PART, 8 * len(self.keys))  # so that adding up the groups of all parts costs little
        window = min(self.settings.window, _FOREVER)
        return repeats.judge_parts(self.arranged, window=window, hours=self.hours, least=least)


def read_contacts(
    contacts: Any,
    *,
    by: Any = None,
    window: Any = WEEK,
    as_of: Any = None,
    since: str = "end",
    history_from: Any = None,
    same_day: str = "count",
    hours: Any = None,
    ends: bool | None = None,
    missing: str = "drop",
    invalid: str = "raise",
) -> ContactLog:
    """Read contacts and bring them in order.

    Raises:
        ArgumentTypeError: something else than contacts, or a window without a unit.
        InvalidValueError: an end before its start, under `invalid="raise"`.
        MissingValueError: a contact without instant or customer, under `missing="raise"`.
        MixedTimeZonesError: naive and aware instants in one call, or days to cut or hours to count and no zone.
    """
    settings = repeat_settings(window, since, same_day, hours)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    if ends is not None and not isinstance(ends, bool):
        msg = f"ends must be True, False or None (got {ends!r}); None looks whether any row has an end"
        raise ArgumentTypeError(msg, argument="ends", found=ends)
    batch = as_batch(contacts, "contacts", (Contacts,), _no_contacts)
    n = len(batch)
    at = batch.times("at")
    settings = _placed(settings, batch, at, as_of, history_from)
    recorded = batch.known("ended_at") if ends is None else ends
    settings = attrs.evolve(settings, ends=recorded if n or ends is not None else None)
    customer = batch.coded("customer")
    account = _account(batch, at, settings, recorded, missing, invalid)

    rows = None if account.kept.all() else np.flatnonzero(account.kept)

    def used(values: Array) -> Array:
        return values if rows is None else values[rows]

    start, now = used(at), 0 if settings.as_of is None else settings.as_of
    end = None
    if recorded:
        end = used(batch.times("ended_at"))
        if as_of is not None:
            # An end after `as_of` has not happened yet: the figures are those of that moment.
            end = np.where(end > now, NAT, end)
    topic = None
    if batch.known("topic"):
        coded = batch.coded("topic")
        topic = used(coded.codes).astype(np.int64, copy=False)
        if coded.labels[-1] is None:
            topic = np.where(topic == len(coded.labels) - 1, -1, topic)
    resolvable = _unless_all(batch.flag("resolvable", default=True)) if batch.has("resolvable") else None
    day = _days(start, batch) if same_day == "collapse" else None
    arranged = repeats.arrange(
        used(customer.codes).astype(np.int64, copy=False),
        start,
        as_of=now,
        end=end,
        topic=topic,
        day=day,
        since_start=since == "start",
        history_from=settings.history_from,
        with_order=not (by is None and topic is None and day is None and resolvable is None and hours is None),
    )
    if arranged.collapsed is not None:
        collapsed = np.zeros(n, dtype=np.bool_)
        collapsed[account.kept] = arranged.collapsed
        account.leave_out(LeftOut.SAME_DAY, collapsed)

    def ordered(values: Array) -> Array:
        return used(values)[arranged.order]

    group: Ints | None = None
    keys: list[Any] = []
    names: tuple[str, ...] = ()
    many = False
    if by is not None:
        grouping = group_rows(by, n, batch)
        group, keys = grouping.compact(settings.as_of)
        names, many = grouping.names, grouping.many
    return ContactLog(
        settings=settings,
        hours=None if hours is None else _timetables(hours, batch, ordered(np.arange(n))),
        arranged=arranged,
        keys=keys,
        names=names,
        many=many,
        group=None if group is None else ordered(group),
        resolvable=None if resolvable is None else ordered(resolvable),
        labels=customer.labels,
        left=account.by_group(group, max(len(keys), 1))[1],
    )


def _unless_all(flags: Bools) -> Bools | None:
    return None if flags.all() else flags


def _no_contacts() -> Contacts:
    return Contacts.from_records([])  # which has every column, so that `by=` finds its own


def _timetables(hours: Schedules, batch: Batch[Any], order: Ints) -> Timetable | Timetables:
    """The schedule of all contacts, or of each in order, by its channel."""
    if isinstance(hours, BusinessHours):
        return hours._timetable
    if not batch.has("channel"):
        msg = (
            f"hours by channel need the column channel of the contacts (got {', '.join(batch.columns)}); name it where "
            f"you build the batch, cx.Contacts(..., channel=...), or pass one schedule for all of them"
        )
        raise ArgumentValueError(msg, argument="hours", found=batch.columns)
    channel = batch.coded("channel")
    present = [channel.labels[code] for code in np.unique(channel.codes[order]).tolist()]
    without = [label for label in present if label not in hours]
    if without:
        told = ", ".join(map(repr, without[:5]))
        msg = (
            f"hours must have a schedule for every channel that contacts came in on (got none for {told}); add it, "
            f"e.g. {{{without[0]!r}: cx.BusinessHours(...)}}, or leave those contacts out"
        )
        raise ArgumentValueError(msg, argument="hours", found=without)
    number = {label: i for i, label in enumerate(present)}
    to_table = np.array([number.get(label, -1) for label in channel.labels], dtype=np.int64)
    return Timetables([hours[label]._timetable for label in present], to_table[channel.codes[order]])


def repeat_settings(window: Any, since: str, same_day: str, hours: Any) -> RepeatSettings:
    """The arguments that say what a repeat is, checked.

    Raises:
        ArgumentTypeError: a window without a unit, hours that are no `BusinessHours` and no mapping to them.
        InvalidValueError: a window that is not above zero.
        UnknownNameError: another choice.
    """
    check_choice("since", since, ("end", "start"))
    check_choice("same_day", same_day, ("count", "collapse"))
    micros = _inputs.duration(window, "window", positive=True)
    digest = None if hours is None else hours_definition(hours)
    return RepeatSettings(window=micros, since=since, same_day=same_day, hours=digest)


def _placed(settings: RepeatSettings, batch: Batch[Any], at: Ints, as_of: Any, history_from: Any) -> RepeatSettings:
    """The settings with the instants that bound the data and the zone that cuts its days."""
    aware, now, first = batch.aware, batch.latest(), None
    for name, value in (("as_of", as_of), ("history_from", history_from)):
        if value is not None and aware is None:
            aware = _inputs.instants([value], name)[1]
    if as_of is not None:
        now = _inputs.instant(as_of, "as_of", aware=aware, tz=batch.tz)
    if history_from is not None:
        first = _inputs.instant(history_from, "history_from", aware=aware, tz=batch.tz)
    else:
        first = _earliest(at)
    if settings.hours is not None and batch.aware is False:
        msg = (
            "hours needs to know the zone of the contacts (got naive instants and no zone); name it where you build "
            "the batch, cx.Contacts(..., tz='Europe/Berlin') or cx.Contacts.from_records(records, tz='Europe/Berlin')"
        )
        raise MixedTimeZonesError(msg, argument="hours", found=None)
    zone = None
    if settings.same_day == "collapse" and batch.aware:
        if batch.tz is None:
            msg = (
                "same_day='collapse' needs the zone in which days are cut (got aware instants and no zone); name it "
                "where you build the batch, cx.Contacts(..., tz='Europe/Berlin') or "
                "cx.Contacts.from_records(records, tz='Europe/Berlin')"
            )
            raise MixedTimeZonesError(msg, argument="same_day", found=None)
        zone = _zone_name(batch.tz)
    return attrs.evolve(settings, as_of=now, history_from=first, aware=aware, zone=zone)


def _earliest(at: Ints) -> int | None:
    """The first instant, None without any."""
    if len(at) and at.min() == NAT:  # which is less than any instant
        at = at[at != NAT]
    return int(at.min()) if len(at) else None


def _zone_name(tz: str | dt.tzinfo) -> str:
    return tz if isinstance(tz, str) else str(tz)  # the zones of zoneinfo print their key


def _days(start: Ints, batch: Batch[Any]) -> Ints:
    """The calendar day of each start, on the clock of the data or in the zone of the batch."""
    wall = _inputs.utc_to_wall(start, batch.tz) if batch.aware and batch.tz is not None else start
    return np.floor_divide(wall, _DAY)


def _account(
    batch: Batch[Any], at: Ints, settings: RepeatSettings, recorded: bool, missing: str, invalid: str
) -> Account:
    """Which rows are contacts of a known customer, and why the others are not."""
    customer = batch.coded("customer")
    undated = at == NAT
    unknown = customer.missing
    if missing == "raise":
        for name, mask in (("at", undated), ("customer", unknown)):
            if mask.any():
                _inputs.refuse_missing(name, mask)
    account = Account(len(batch))
    account.leave_out(LeftOut.MISSING, undated)
    if settings.as_of is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, at > settings.as_of)
    if recorded:
        ended = batch.times("ended_at")
        wrong = (ended != NAT) & (ended < at) & account.kept
        if wrong.any() and invalid == "raise":
            _inputs.refuse_invalid("ended_at", "not lie before at", wrong, ended.view("M8[us]"))
        account.leave_out(LeftOut.INVALID, wrong)
    account.leave_out(LeftOut.UNKNOWN_CUSTOMER, unknown)
    return account
