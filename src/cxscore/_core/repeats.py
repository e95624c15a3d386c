"""Repeat contacts: who came back, how soon, and which contacts make up one issue.

Works on integer codes and int64 microseconds and knows nothing of records, zones or names.
`arrange` brings contacts in order, `judge` judges each of them for one window, `summarise` counts per group,
`per_customer` per customer; `survival_in_window` reads what `summarise` leaves. What one customer does says nothing
of another, so all but the order is found for some customers at a time, in the processor's cache and on two threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import business_time
from .business_time import Timetable, Timetables
from .threads import each, sort, worthwhile

__all__ = [
    "MISSING",
    "NEVER",
    "PART",
    "ArrangedContacts",
    "ClusterSums",
    "JudgedContacts",
    "RepeatSummary",
    "arrange",
    "judge",
    "judge_parts",
    "per_customer",
    "repeats_outside",
    "sort_rows",
    "summarise",
    "survival_in_window",
]

Number = Any  # an int or a float for one group, an array for many
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MISSING = int(np.iinfo(np.int64).min)  # what NaT is when read as an integer
NEVER = int(np.iinfo(np.int64).max)
_FAR = 1 << 62  # longer than any stretch between two instants, and an instant later it does not overflow

# Rows worked on at a time where a whole temporary column would cost more than the arithmetic on it.
_CHUNK = 1 << 16
_SECOND = 1_000_000
PART = 1 << 17
"""Contacts that are judged and counted at a time."""


class ArrangedContacts(NamedTuple):
    """Contacts ordered by customer, start, end and input row: what every window has in common.

    Attributes:
        order: input row of each contact, `flags[order]` brings an input column into this order; None where it
            was not asked for.
        customer: customer code.
        begin: start.
        anchor: instant that the window is measured from: the end, or the start.
        ended: has an end to measure a delay from, no later than `as_of`.
        endless: the start stands for a missing end.
        topic: topic code, -1 for none; None when there are no topics.
        as_of: "now".
        history_from: when the records begin.
        collapsed: in INPUT order: left out as a second contact of a customer (and topic) on one day; None where
            days do not matter.
    """

    order: Ints | None
    customer: Ints
    begin: Ints
    anchor: Ints
    ended: Bools
    endless: Bools
    topic: Ints | None
    as_of: int
    history_from: int
    collapsed: Bools | None

    def parts(self, least: int) -> list[slice]:
        """Stretches of whole customers, of `least` contacts or more each but the last; one where there are none."""
        total = self.customer.size
        cuts = np.searchsorted(self.customer, self.customer[least::least], side="left")
        edges = [0, *np.unique(cuts[cuts > 0]).tolist(), total]
        return [slice(*pair) for pair in pairwise(edges)]

    def stretch(self, rows: slice) -> ArrangedContacts:
        """The contacts of some whole customers."""
        begin = self.begin[rows]
        return self._replace(
            order=None,
            customer=self.customer[rows],
            begin=begin,
            anchor=begin if self.anchor is self.begin else self.anchor[rows],
            ended=self.ended[rows],
            endless=self.endless[rows],
            topic=None if self.topic is None else self.topic[rows],
            collapsed=None,
        )


class JudgedContacts(NamedTuple):
    """Every contact of some customers, judged, ordered by customer, start, end and input row.

    Attributes:
        customer: customer code.
        delay: microseconds (open ones, with a timetable) from the end (or start) to the next contact of this
            customer that matches in topic; negative when that one starts before the end, `NEVER` when there
            is none.
        age: microseconds (open ones, with a timetable) from the end (or start) to `as_of`; negative for an
            end after it.
        followed: the next matching contact starts inside the window.
        mature: the whole window has been seen.
        not_ended: started at least a window ago and has not ended; neither mature nor immature.
        ended: has an end to measure a delay from, no later than `as_of`.
        begins: is the first contact of a chain.
        known_history: starts at least a window after the records begin; a chain that begins before is no issue.
        chain_size: contacts of each chain, in the order of the first contacts.
        chain_closed: every contact of the chain is mature, so none can join it any more.
    """

    customer: Ints
    delay: Ints
    age: Ints
    followed: Bools
    mature: Bools
    not_ended: Bools
    ended: Bools
    begins: Bools
    known_history: Bools
    chain_size: Ints
    chain_closed: Bools


class ClusterSums(NamedTuple):
    """Sums over customers, an int for one group or an array for many: what a cluster-robust variance of a
    share needs.

    With r of m trials of a customer a hit and p = sum r / sum m, the linearised variance of p is
    sum (r - p m)^2 / (sum m)^2, and its numerator is `hits_hits - 2 p hits_trials + p^2 trials_trials`.
    All are plain sums, so they add up over shards that were split by customer.
    """

    clusters: Number
    clusters_with_hits: Number
    trials: Number
    hits: Number
    hits_hits: Number
    hits_trials: Number
    trials_trials: Number


class RepeatSummary(NamedTuple):
    """Counts per group; arrays have one entry a group unless said otherwise.

    Attributes:
        contacts, mature, immature, not_ended: contacts; the last three split the first.
        customers: customers with a contact in the group.
        repeats: `trials` are mature contacts, `hits` those followed by a repeat.
        first_contact: `trials` are mature issues (known history, first contact mature), `hits` those
            whose first contact was not followed.
        net_first_contact: the same without issues whose first contact could not be resolved at once.
        issues: chains whose first contact has known history.
        unknown_history: the other chains.
        closed_issues: issues that no contact can join any more.
        size_offsets: (groups + 1,) where each group begins in `sizes` and `size_counts`.
        sizes, size_counts: contacts per closed issue, ascending within a group, and how many have it.
        event_offsets: (groups + 1,) where each group begins in `events`.
        events: delays of followed contacts, none below 0, ascending within a group.
        censored_offsets: (groups + 1,) where each group begins in `censored`.
        censored: ages of contacts not followed and younger than the window, ascending within a group.
        survived: contacts not followed in a whole window (censored at the window).
    """

    contacts: Ints
    mature: Ints
    immature: Ints
    not_ended: Ints
    customers: Ints
    repeats: ClusterSums
    first_contact: ClusterSums
    net_first_contact: ClusterSums
    issues: Ints
    unknown_history: Ints
    closed_issues: Ints
    size_offsets: Ints
    sizes: Ints
    size_counts: Ints
    event_offsets: Ints
    events: Ints
    censored_offsets: Ints
    censored: Ints
    survived: Ints


def arrange(
    customer: Ints,
    start: Ints,
    *,
    as_of: int,
    end: Ints | None = None,
    topic: Ints | None = None,
    day: Ints | None = None,
    since_start: bool = False,
    history_from: int | None = None,
    with_order: bool = True,
) -> ArrangedContacts:
    """Bring contacts into the order in which one may follow another.

    Args:
        customer: codes 0 .. m-1.
        start: microseconds, none after `as_of`.
        as_of: "now" in microseconds.
        end: microseconds or `MISSING`; None when ends are not recorded at all, and the start is used.
            A contact without an end is still followed by what starts within a window of its start,
            but never mature. An end after `as_of` counts for what follows and is not an end yet.
        topic: codes, -1 for no topic.
        day: number of each contact's day; given, only the first contact of a customer on a day is kept,
            or the first of each topic when that first contact has one.
        since_start: measure from the start; ends then only order contacts of one instant.
        history_from: when the records begin; None for the earliest start.
        with_order: whether somebody has to know the rows; topics and days do.
    """
    if history_from is None:
        history_from = int(start.min(initial=NEVER))
    order, collapsed = None, None
    whole = None if with_order else _sorted_whole(customer, start, end)
    if whole is not None:
        customer, begin, last = whole
    else:
        order, customer = sort_rows(customer, start, end)
        if day is not None:
            keep = _first_of_day(customer, day[order], None if topic is None else topic[order])
            collapsed = np.zeros(order.size, dtype=np.bool_)
            collapsed[order[~keep]] = True
            order, customer = order[keep], customer[keep]
        begin, last = start[order], None if end is None else end[order]

    anchor, ended = begin, np.ones(begin.size, dtype=np.bool_)
    endless = np.full(begin.size, not since_start)
    if last is not None and not since_start:
        endless = last == MISSING
        anchor, ended = last, ~endless & (last <= as_of)
        np.copyto(anchor, begin, where=endless)
    return ArrangedContacts(
        order=order,
        customer=customer,
        begin=begin,
        anchor=anchor,
        ended=ended,
        endless=endless,
        topic=None if topic is None or order is None else topic[order],
        as_of=as_of,
        history_from=history_from,
        collapsed=collapsed,
    )


def judge_parts(
    contacts: ArrangedContacts, *, window: int, hours: Timetable | Timetables | None = None, least: int = PART
) -> list[JudgedContacts]:
    """`judge` for some customers at a time, of `least` contacts or more, in order."""

    def part(rows: slice) -> JudgedContacts:
        own = hours.rows(rows) if isinstance(hours, Timetables) else hours
        return judge(contacts.stretch(rows), window=window, hours=own)

    return each(part, contacts.parts(least), worthwhile(contacts.begin.size))


def judge(contacts: ArrangedContacts, *, window: int, hours: Timetable | Timetables | None = None) -> JudgedContacts:
    """Judge every contact: followed by a repeat or not, and which issue it belongs to.

    A contact is followed by a repeat when the same customer has a later contact (by start, end, row) that
    starts no later than a window after this one's end, and whose topic is the same or missing on either
    side. A contact that is nobody's repeat begins a chain; any other joins the chain of the earlier
    matching contact whose window reaches furthest. Without topics that is the chain before it.

    Args:
        contacts: from `arrange`.
        window: microseconds, above 0 and below 2**62.
        hours: the schedule whose open time the window is counted in, or one a contact in the order of
            `contacts`; None counts all time. A window that is used up exactly when the schedule closes ends there.
    """
    customer, begin, anchor, ended = contacts.customer, contacts.begin, contacts.anchor, contacts.ended
    as_of, history = contacts.as_of, contacts.history_from
    # How long the window is on the calendar: the same for all contacts, or by what is open after each.
    length: int | Ints = window
    known_from: int | Ints = history + window
    reach = anchor  # orders contacts by where their windows end
    if hours is not None:
        length = _calendar_length(hours, anchor, window)
        known_from = _history_known_from(hours, history, window, begin.size)
        if isinstance(hours, Timetables):  # one schedule never overtakes itself, but it may another
            reach = anchor + length
    known_history = begin >= known_from
    old_enough = as_of - length
    mature = ended & (anchor <= old_enough)

    if contacts.topic is None:
        delay, begins = _judge_in_line(customer, begin, anchor, reach, length)
        first = np.flatnonzero(begins)
        size = np.empty_like(first)
        np.subtract(first[1:], first[:-1], out=size[:-1])
        size[-1:] = begin.size - first[-1:]
        if reach is begin:
            # Within a chain maturity ends once, so the last contact speaks for all.
            closed = mature[first + size - 1]
        else:
            closed = np.logical_and.reduceat(mature, first) if first.size else np.zeros(0, dtype=np.bool_)
    else:
        delay, root = _judge_by_topic(customer, begin, anchor, reach, contacts.topic, length)
        size = np.bincount(root, minlength=begin.size)
        begins = size > 0
        size = size[begins]
        closed = np.bincount(root[~mature], minlength=begin.size)[begins] == 0
    followed = delay <= length
    age = as_of - anchor
    if hours is not None:
        some = delay != NEVER
        of_some = hours.rows(some) if isinstance(hours, Timetables) else hours
        delay[some] = of_some.between(anchor[some], anchor[some] + delay[some])
        age = hours.between(anchor, np.full(anchor.size, as_of))
    return JudgedContacts(
        customer=customer,
        delay=delay,
        age=age,
        followed=followed,
        mature=mature,
        not_ended=~ended & (begin <= old_enough),
        ended=ended,
        begins=begins,
        known_history=known_history,
        chain_size=size,
        chain_closed=closed,
    )


def _calendar_length(hours: Timetable | Timetables, since: Ints, window: int) -> Ints:
    """How long it takes until a window of open time has passed; very long where it never does."""
    last = hours.add(since, np.full(since.size, window), closing=True)
    return np.where(last == business_time.NEVER, _FAR, last - since)


def _history_known_from(hours: Timetable | Timetables, history: int, window: int, contacts: int) -> int | Ints:
    """When a window has passed since the records began, for each contact where schedules differ."""
    if not contacts:
        return history  # without a contact the records begin nowhere, and that is no instant
    since = np.full(contacts if isinstance(hours, Timetables) else 1, history)
    passed = history + _calendar_length(hours, since, window)
    return passed if isinstance(hours, Timetables) else int(passed[0])


class _Sums(NamedTuple):
    """What `summarise` counts of some customers; codes of groups are 0 where there is one group."""

    counts: Ints  # as `_COUNTS` names them, by group
    shares: Ints  # (shares, fields of `ClusterSums`, groups)
    sizes: tuple[Ints, Ints, Ints]  # group, size and number of closed issues
    events: tuple[Ints, Ints]  # group and delay
    censored: tuple[Ints, Ints]  # group and age


_COUNTS = ("contacts", "mature", "immature", "not_ended", "customers", "issues", "unknown_history", "survived")


def summarise(
    parts: Sequence[JudgedContacts],
    *,
    group: Ints | None = None,
    groups: int = 1,
    resolvable: Bools | None = None,
) -> RepeatSummary:
    """Count judged contacts per group; a chain is found over all data and belongs to its first contact's group.

    Args:
        parts: from `judge_parts`.
        group: codes 0 .. groups-1 of the contacts in order; None puts all in one group.
        groups: how many groups there are.
        resolvable: of the contacts in order; None when all can be resolved at first contact.
    """

    def of_part(piece: tuple[JudgedContacts, slice]) -> _Sums:
        part, rows = piece
        return _sums(
            part,
            None if group is None else group[rows],
            groups,
            None if resolvable is None else resolvable[rows],
        )

    found = each(of_part, _placed(parts), worthwhile(sum(part.customer.size for part in parts)))
    counts = dict(zip(_COUNTS, np.sum([part.counts for part in found], axis=0), strict=True))
    shares = [ClusterSums(*share) for share in np.sum([part.shares for part in found], axis=0)]
    heads, sizes, issues = _distribution(*_joined([part.sizes for part in found]))
    event_offsets, events = _by_group(groups, *_joined([part.events for part in found]))
    censored_offsets, censored = _by_group(groups, *_joined([part.censored for part in found]))
    return RepeatSummary(
        **counts,
        repeats=shares[0],
        first_contact=shares[1],
        net_first_contact=shares[2],
        closed_issues=np.bincount(heads, weights=issues, minlength=groups).astype(np.int64),
        size_offsets=_offsets(np.bincount(heads, minlength=groups)),
        sizes=sizes,
        size_counts=issues,
        event_offsets=event_offsets,
        events=events,
        censored_offsets=censored_offsets,
        censored=censored,
    )


def _placed(parts: Sequence[JudgedContacts]) -> Iterator[tuple[JudgedContacts, slice]]:
    """Each part, and where its contacts stand among all."""
    edges = _offsets(np.array([part.customer.size for part in parts], dtype=np.int64)).tolist()
    return zip(parts, (slice(*pair) for pair in pairwise(edges)), strict=True)


def _joined(parts: Sequence[tuple[Ints, ...]]) -> list[Ints]:
    """Columns of all parts, one under the other."""
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _by_group(groups: int, code: Ints, value: Ints) -> tuple[Ints, Ints]:
    """Where each group begins, and the values, ascending within each group."""
    if groups == 1:
        return np.array([0, value.size]), np.sort(value)
    order, _ = sort_rows(code, value)
    return _offsets(np.bincount(code, minlength=groups)), value[order]


def _sums(contacts: JudgedContacts, code: Ints | None, groups: int, resolvable: Bools | None) -> _Sums:
    """What `summarise` counts of some customers."""
    mature, followed, ended = contacts.mature, contacts.followed, contacts.ended
    issues = contacts.begins & contacts.known_history
    eligible = issues & mature
    waiting = ended & ~followed

    def count(flags: Bools) -> Ints:
        """How many are flagged in each group."""
        if code is None:
            return np.array([np.count_nonzero(flags)])
        return np.bincount(code[flags], minlength=groups)

    def collect(values: Ints, flags: Bools) -> tuple[Ints, Ints]:
        """Groups and values of what is flagged, no value below 0."""
        rows = np.flatnonzero(flags)  # faster to index with than the mask
        return np.zeros(rows.size, dtype=np.int64) if code is None else code[rows], np.maximum(values[rows], 0)

    # 0 not mature; 1 mature, 3 first of an issue, 5 of one that was resolvable; one more where followed.
    kind = 1 + followed.view(np.uint8) + 2 * eligible.view(np.uint8)
    if resolvable is not None:
        kind += 2 * (eligible & resolvable).view(np.uint8)
    kind *= mature.view(np.uint8)
    shares = [(slice(1, None), slice(2, None, 2)), (slice(3, None), slice(3, None, 2)), (slice(5, None), slice(5, 6))]
    customers, sums = _sums_over_customers(
        contacts.customer, code, groups, kind, shares if resolvable is not None else shares[:2]
    )
    if resolvable is None:
        sums.append(sums[1])

    # From here on, one entry a chain.
    first = np.flatnonzero(contacts.begins)
    closed = np.flatnonzero(contacts.chain_closed & contacts.known_history[first])
    heads = np.zeros(closed.size, dtype=np.int64) if code is None else code[first[closed]]
    counts = {
        "contacts": count(np.ones(mature.size, dtype=np.bool_)),
        "mature": count(mature),
        "immature": count(~(mature | contacts.not_ended)),
        "not_ended": count(contacts.not_ended),
        "customers": customers,
        "issues": count(issues),
        "unknown_history": count(contacts.begins & ~contacts.known_history),
        "survived": count(waiting & mature),
    }
    return _Sums(
        counts=np.array([counts[name] for name in _COUNTS]),
        shares=np.array(sums),
        sizes=_distribution(heads, contacts.chain_size[closed]),
        events=collect(contacts.delay, ended & followed),
        censored=collect(contacts.age, waiting & ~mature),
    )


def per_customer(customer: Ints, repeated: Bools) -> tuple[Ints, Ints, Ints]:
    """The customer codes that occur, and of each the contacts and those that are flagged."""
    contacts = np.bincount(customer)
    flagged = np.bincount(customer[repeated], minlength=contacts.size)
    present = np.flatnonzero(contacts)
    return present, contacts[present], flagged[present]


def repeats_outside(parts: Sequence[JudgedContacts], group: Ints, groups: int) -> ClusterSums:
    """For each group the sums of `repeats` over the contacts outside it, an entry a group.

    A customer with contacts in several groups is in the rest of each of them with the others. All customers,
    less those of the group, plus what these have elsewhere: one pass for all groups.

    Args:
        parts: from `judge_parts`.
        group: codes 0 .. groups-1 of the contacts in order.
        groups: how many groups there are.
    """
    sums = np.zeros((len(ClusterSums._fields), groups), dtype=np.int64)
    for part, rows in _placed(parts):
        sums += _sums_outside(part, group[rows], groups)
    return ClusterSums(*sums)


def _sums_outside(contacts: JudgedContacts, code: Ints, groups: int) -> Ints:
    """`repeats_outside` of some customers."""
    order, _ = sort_rows(contacts.customer, code)
    code, mature = code[order], contacts.mature[order].astype(np.int64)
    hit = mature * contacts.followed[order]
    heads = np.flatnonzero(_starts(contacts.customer, code))  # the order moves no contact to another customer
    first = np.flatnonzero(_starts(contacts.customer))

    def totals(values: Ints, begins: Ints) -> Ints:
        return np.add.reduceat(values, begins) if begins.size else np.zeros(0, dtype=np.int64)

    owner = np.searchsorted(first, heads, side="right") - 1
    trials, hits = totals(mature, first), totals(hit, first)
    inside_trials, inside_hits = totals(mature, heads), totals(hit, heads)
    everywhere = _figures(trials, hits)
    elsewhere = _figures(trials[owner] - inside_trials, hits[owner] - inside_hits)
    sums = []
    for whole, rest in zip(everywhere, elsewhere, strict=True):
        moved = np.bincount(code[heads], weights=rest - whole[owner], minlength=groups)
        sums.append(whole.sum() + moved.astype(np.int64))  # weights are exact up to 2**53
    return np.array(sums)


def _figures(trials: Ints, hits: Ints) -> tuple[Ints, ...]:
    """Of each customer what `ClusterSums` adds up."""
    with_trials, with_hits = (trials > 0).astype(np.int64), (hits > 0).astype(np.int64)
    return with_trials, with_hits, trials, hits, hits * hits, hits * trials, trials * trials


def survival_in_window(events: Ints, censored: Ints, survived: int) -> tuple[float, float]:
    """Kaplan-Meier share of contacts not followed in the window, and its Greenwood sum.

    Between two censorings the factors of the curve telescope, and so do the terms of Greenwood's sum, so only
    the censorings are gone through; a tie goes to the event. NaN without contacts.

    Args:
        events: delays inside the window, ascending.
        censored: ages of contacts not followed and younger than the window.
        survived: contacts not followed in the whole window.
    """
    total = events.size + censored.size + survived
    if total == 0:
        return math.nan, math.nan
    place, lost = np.unique(np.searchsorted(events, censored, side="right"), return_counts=True)
    first = np.concatenate(([0], place))
    last = np.append(place, events.size)
    gone = np.concatenate(([0], np.cumsum(lost)))
    at_risk, remaining = total - gone - first, total - gone - last
    happened = last > first
    at_risk, remaining = at_risk[happened], remaining[happened]
    with np.errstate(divide="ignore"):
        greenwood = ((at_risk - remaining) / (at_risk * remaining.astype(np.float64))).sum()
    return float((remaining / at_risk).prod()), float(greenwood)


def _sorted_whole(code: Ints, start: Ints, end: Ints | None) -> tuple[Ints, Ints, Ints | None] | None:
    """Codes, starts and ends in order by all three, where one integer holds a row of them; else None.

    It holds the end as a length, which is short, and both in seconds where all are whole, as most are. Nothing has
    to be fetched from the rows after the sort then, which would take longer than the sort.
    """
    rows = code.size
    if rows == 0:
        return None
    threads = worthwhile(rows)
    low, high = int(start.min()), int(start.max())
    unit = 1 if ((start[:_CHUNK] - low) % _SECOND).any() else _SECOND
    start_bits = ((high - low) // unit).bit_length()
    length, length_bits, shortest = None, 0, 0
    if end is not None:
        length, missing = end - start, end == MISSING
        length[missing] = 0
        shortest = int(length.min())
        length += unit - shortest  # so that 0 is left for those that are missing
        length[missing] = 0
        length_bits = (int(length.max()) // unit).bit_length()
    if int(code.max()).bit_length() + start_bits + length_bits > 63:
        return None
    key = np.empty(rows, dtype=np.int64)

    def pack(chunk: slice) -> bool:
        """False where something is no whole number of units."""
        since = start[chunk] - low
        part = since // unit
        whole = np.array_equal(part * unit, since)
        part |= code[chunk] << start_bits
        if length is not None:
            some = length[chunk] // unit
            whole = whole and np.array_equal(some * unit, length[chunk])
            part <<= length_bits
            part |= some
        key[chunk] = part
        return whole

    if not all(each(pack, _chunks(rows), threads)):
        return None
    sort(key, threads)
    start = np.empty(rows, dtype=np.int64)
    end = None if end is None else np.empty(rows, dtype=np.int64)

    def unpack(chunk: slice) -> None:
        part = key[chunk]
        some = part & ((1 << length_bits) - 1)
        part >>= length_bits
        since = (part & ((1 << start_bits) - 1)) * unit + low
        part >>= start_bits
        start[chunk] = since
        if end is not None:
            end[chunk] = np.where(some == 0, MISSING, since + (some - 1) * unit + shortest)

    each(unpack, _chunks(rows), threads)
    return key, start, end


def _chunks(rows: int) -> Iterator[slice]:
    """All rows, some at a time."""
    return (slice(begin, min(begin + _CHUNK, rows)) for begin in range(0, rows, _CHUNK))


def sort_rows(code: Ints, value: Ints, tie: Ints | None = None) -> tuple[Ints, Ints]:
    """Rows by (code, value, tie, row), and the codes in that order.

    Code, row and as many leading bits of the value as there is room for are packed into one integer, because
    sorting integers is ten times as fast as `lexsort`. Only rows that this leaves level are sorted again.
    """
    rows = code.size
    if rows == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    low = int(value.min())
    value_bits = (int(value.max()) - low).bit_length()
    row_bits = (rows - 1).bit_length()
    room = 63 - int(code.max()).bit_length() - row_bits
    dropped = max(0, value_bits - room)
    kept = value_bits - dropped

    key = np.empty(rows, dtype=np.int64)
    for chunk in _chunks(rows):
        part = key[chunk]
        np.subtract(value[chunk], low, out=part)
        part >>= dropped
        part |= code[chunk] << kept
        part <<= row_bits
        part |= np.arange(chunk.start, chunk.stop)
    sort(key, worthwhile(rows))
    order = key & ((1 << row_bits) - 1)
    key >>= row_bits
    if dropped or tie is not None:
        level = key[1:] == key[:-1]
        if level.any():
            unsure = np.zeros(rows, dtype=np.bool_)
            unsure[1:] = level
            unsure[:-1] |= level
            at = np.flatnonzero(unsure)
            row = order[at]
            columns = (row, value[row], key[at]) if tie is None else (row, tie[row], value[row], key[at])
            order[at] = row[np.lexsort(columns)]
    key >>= kept
    return order, key


def _starts(*columns: Ints) -> Bools:
    """Where a run of equal rows begins."""
    begins = np.ones(columns[0].size, dtype=np.bool_)
    begins[1:] = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        begins[1:] |= column[1:] != column[:-1]
    return begins


def _first_of_day(customer: Ints, day: Ints, topic: Ints | None) -> Bools:
    """Which contacts stay when a customer's contacts of one day are one contact (one a topic)."""
    first = _starts(customer, day)
    if topic is None:
        return first
    head = np.maximum.accumulate(np.where(first, np.arange(first.size), 0))
    order, _ = sort_rows(customer, topic)
    first_of_topic = np.empty_like(first)
    first_of_topic[order] = _starts(customer[order], topic[order], day[order])
    # A contact without a topic matches every other: at the head of a day it stands for all of them,
    # later it belongs to one that is already there.
    return first | (first_of_topic & (topic >= 0) & (topic[head] >= 0))


def _furthest(segment: Ints, reach: Ints) -> Ints:
    """For each row the row, up to itself in its segment, that reaches furthest; the later of equal ones.

    Segments are ascending codes. Ends mostly ascend with the starts, so only segments where one falls back
    are ranked; there a running maximum of (segment, rank of the reach) finds the row.
    """
    best = np.arange(reach.size)
    falls = (reach[1:] < reach[:-1]) & (segment[1:] == segment[:-1])
    if falls.any():
        affected = np.zeros(int(segment[-1]) + 1, dtype=np.bool_)
        affected[segment[1:][falls]] = True
        at = np.flatnonzero(affected[segment])
        by_reach = np.argsort(reach[at], kind="stable")
        rank = np.empty_like(at)
        rank[by_reach] = np.arange(at.size)
        top = np.maximum.accumulate(segment[at] * at.size + rank) % at.size
        best[at] = at[by_reach[top]]
    return best


def _judge_in_line(customer: Ints, begin: Ints, anchor: Ints, reach: Ints, length: int | Ints) -> tuple[Ints, Bools]:
    """Delays, and which contacts begin a chain, when every contact of a customer matches every other."""
    delay = np.empty_like(begin)
    delay[-1:] = NEVER
    np.subtract(begin[1:], anchor[:-1], out=delay[:-1])
    new_customer = _starts(customer)
    np.copyto(delay[:-1], NEVER, where=new_customer[1:])
    begins = np.ones(begin.size, dtype=np.bool_)
    if reach is begin:
        np.greater(delay[:-1], _of(length, slice(-1)), out=begins[1:])
    else:
        # A long contact may reach past shorter ones after it.
        furthest = _furthest(customer, reach)[:-1]
        begins[1:] = new_customer[1:] | (begin[1:] - anchor[furthest] > _of(length, furthest))
    return delay, begins


def _of(length: int | Ints, contacts: Any) -> int | Ints:
    """The window's length after some contacts."""
    return length if isinstance(length, int) else length[contacts]


def _judge_by_topic(
    customer: Ints, begin: Ints, anchor: Ints, reach: Ints, topic: Ints, length: int | Ints
) -> tuple[Ints, Ints]:
    """Delays, and the position of the first contact of each contact's chain, when topics must match."""
    size = begin.size
    at = np.arange(size)
    untold = topic < 0
    order, _ = sort_rows(customer, topic)
    begins = _starts(customer[order], topic[order])
    same = ~begins[1:]

    # Next match: the next of this topic or the next without one, whichever comes first.
    following = np.full(size + 1, size)
    following[order[:-1][same]] = order[1:][same]
    next_untold = np.full(size + 1, size)
    next_untold[:-1] = np.minimum.accumulate(np.where(untold, at, size)[::-1])[::-1]
    following[:-1] = np.where(untold, at + 1, np.minimum(following[:-1], next_untold[1:]))
    delay = np.full(size, NEVER)
    has = following[:-1] < size
    has[has] = customer[following[:-1][has]] == customer[has]
    delay[has] = begin[following[:-1][has]] - anchor[has]

    # Furthest-reaching earlier match, among this topic, among those without one, or among all.
    parent = np.full(size, -1)
    furthest = order[_furthest(np.cumsum(begins) - 1, reach[order])]
    parent[order[1:][same]] = furthest[:-1][same]
    if untold.any():
        bare = np.flatnonzero(untold)
        furthest_bare = bare[_furthest(customer[bare], reach[bare])]
        before: Ints = np.cumsum(untold) - untold
        candidate = np.where(before > 0, furthest_bare[before - 1], -1)
        candidate[(candidate >= 0) & (customer[candidate] != customer)] = -1
        better = (candidate >= 0) & ((parent < 0) | (reach[candidate] >= reach[parent]))
        parent = np.where(better, candidate, parent)
        follows = untold[1:] & (customer[1:] == customer[:-1])
        parent[1:][follows] = _furthest(customer, reach)[:-1][follows]
    joins = (parent >= 0) & (begin - anchor[parent] <= _of(length, parent))
    root = np.where(joins, parent, at)
    while not np.array_equal(further := root[root], root):
        root = further
    return delay, root


def _sums_over_customers(
    customer: Ints, group: Ints | None, groups: int, kind: NDArray[np.uint8], shares: list[tuple[slice, slice]]
) -> tuple[Ints, list[Ints]]:
    """Customers in each group, and for each share the sums over them: the fields of `ClusterSums` by group.

    A share is the kinds of contact that are its trials, and those that are its hits.
    """
    if group is not None:
        # Only the contacts of one customer change places, so the customers stay as they are.
        order, _ = sort_rows(customer, group)
        group, kind = group[order], kind[order]
    begins = _starts(customer) if group is None else _starts(customer, group)
    heads = np.flatnonzero(begins)
    owner = np.zeros(heads.size, dtype=np.int64) if group is None else group[heads]
    kinds = 1 + int(kind.max(initial=0))
    cell = kind * np.int64(heads.size)
    cell += np.cumsum(begins)
    cell -= 1
    counts = np.bincount(cell, minlength=kinds * heads.size).reshape(kinds, heads.size)
    sums = []
    for trial_kinds, hit_kinds in shares:
        figures = _figures(counts[trial_kinds].sum(axis=0), counts[hit_kinds].sum(axis=0))
        if group is None:
            sums.append(np.array([[figure.sum()] for figure in figures]))
        else:
            # Float weights are exact up to 2**53, more than a sum of squared counts reaches.
            totals = [np.bincount(owner, weights=figure, minlength=groups) for figure in figures]
            sums.append(np.array(totals).astype(np.int64))
    return np.bincount(owner, minlength=groups), sums


def _offsets(counts: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(counts)))


def _distribution(group: Ints, size: Ints, times: Ints | None = None) -> tuple[Ints, Ints, Ints]:
    """The pairs of a group and a size that occur, ascending, and how often, a row counting so many times."""
    width = int(size.max(initial=0)) + 1
    pair = group * width + size
    if int(pair.max(initial=0)) <= 4 * pair.size:
        counts = np.bincount(pair, weights=times)
        seen = np.flatnonzero(counts)
        counts = counts[seen]
    else:
        seen, place = np.unique(pair, return_inverse=True)
        counts = np.bincount(place, weights=times)
    return seen // width, seen % width, counts.astype(np.int64)
