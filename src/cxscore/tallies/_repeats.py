"""Repeat contacts as counts that merge.

A tally is exact for shards that were split by customer, because repeats, chains and the spread between
customers are all found inside one customer; it keeps a digest of its customers and refuses other shards.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._contacts import WEEK, ContactLog, RepeatSettings, read_contacts, repeat_settings, seconds
from .._core import repeats
from .._core.repeats import ClusterSums, JudgedContacts, RepeatSummary
from .._frozen import FrozenMap
from .._open_time import Schedules
from ..errors import MergeError
from . import _saved
from ._digests import BY_CONTENT, Digests, digests, packed, sealed_digests, size_only, unpacked
from ._sums import no_start

__all__ = ["BusyCustomer", "Customers", "RepeatTable", "RepeatTally"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SCHEMA = 1


def _sealed(values: Any) -> Ints:
    found: Ints = np.ascontiguousarray(values, dtype=np.int64)
    return _inputs.read_only(found)


_NOBODY = ClusterSums(0, 0, 0, 0, 0, 0, 0)


@attrs.frozen(kw_only=True)
class RepeatTally:
    """Contacts, repeats and issues as sums; exact for any split of the data by customer, and no other.

    Every customer's contacts must lie in one shard. The tally keeps a 64-bit digest of each of its customers
    and refuses to merge where a customer stands in both, or where it does not know its customers. Two
    different customers share a digest with a chance of n² / 2⁶⁵ among n, and are then refused as well.

    Args:
        settings: what a repeat is; `as_of` and `history_from` are those of the shard unless they were given.
        contacts: contacts of known customers.
        mature: those whose whole window has been seen.
        immature: those too young to tell.
        not_ended: those that started at least a window ago and have not ended.
        ends_missing: contacts whose start was used for want of an end.
        customers: distinct customers.
        repeats: sums over customers: trials are mature contacts, hits those followed by a repeat.
        first_contact: trials are mature issues, hits those whose first contact was not followed.
        net_first_contact: the same without issues that could not be resolved at first contact.
        issues: chains of contacts whose first contact has known history.
        unknown_history: the other chains.
        issue_sizes: contacts in an issue to number of issues, of those that no contact can join any more.
        events: delays to the repeat in microseconds, ascending, for the Kaplan-Meier curve.
        censored: ages of contacts not followed and younger than the window, ascending.
        survived: contacts not followed in the whole window.
        seen: digests of the customers, ascending; None where they are not known.
        left_out: rows left out by reason.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> day = [datetime(2026, 3, 1) + timedelta(days=i) for i in range(31)]
    >>> when = {"as_of": day[30], "history_from": day[0]}
    >>> ada = cx.RepeatTally.of(cx.Contacts(customer="ada", at=[day[8], day[10]]), **when)
    >>> bob = cx.RepeatTally.of(cx.Contacts(customer="bob", at=[day[9], day[29]]), **when)
    >>> both = ada + bob
    >>> both.contacts, both.mature, both.repeats.hits
    (4, 3, 1)
    """

    settings: RepeatSettings
    contacts: int = 0
    mature: int = 0
    immature: int = 0
    not_ended: int = 0
    ends_missing: int = 0
    customers: int = 0
    repeats: ClusterSums = _NOBODY
    first_contact: ClusterSums = _NOBODY
    net_first_contact: ClusterSums = _NOBODY
    issues: int = 0
    unknown_history: int = 0
    issue_sizes: FrozenMap[int, int] = attrs.field(factory=FrozenMap)
    events: Ints = attrs.field(factory=tuple, converter=_sealed, eq=BY_CONTENT, hash=False, repr=size_only)
    censored: Ints = attrs.field(factory=tuple, converter=_sealed, eq=BY_CONTENT, hash=False, repr=size_only)
    survived: int = 0
    seen: Digests | None = attrs.field(
        default=None, converter=sealed_digests, eq=BY_CONTENT, hash=False, repr=size_only
    )
    left_out: FrozenMap[LeftOut, int] = attrs.field(factory=FrozenMap)

    @property
    def n(self) -> int:
        """Contacts of known customers."""
        return self.contacts

    @property
    def given(self) -> int:
        """Rows of the input."""
        return self.contacts + sum(self.left_out.values())

    @property
    def closed_issues(self) -> int:
        """Issues that no contact can join any more."""
        return sum(self.issue_sizes.values())

    @classmethod
    def of(
        cls,
        contacts: Any,
        *,
        window: dt.timedelta = WEEK,
        as_of: Any = None,
        since: str = "end",
        history_from: Any = None,
        same_day: str = "count",
        hours: Schedules | None = None,
        ends: bool | None = None,
        missing: str = "drop",
        invalid: str = "raise",
    ) -> RepeatTally:
        """Count the contacts of one shard.

        Args:
            contacts: `Contact` records or a `Contacts` batch; all contacts of each of its customers.
            window: as in `repeat_contacts`.
            as_of: "now"; give the same to every shard, or the tallies will not merge.
            since: as in `repeat_contacts`.
            history_from: when the records begin; give the same to every shard.
            same_day: as in `repeat_contacts`.
            hours: as in `repeat_contacts`.
            ends: whether ends are recorded; None: where at least one row has one. Give it to shards.
            missing: "drop" or "raise".
            invalid: "raise" or "drop".

        Raises:
            ArgumentTypeError: no contacts, or customers whose labels have no stable text.
            InvalidValueError: an end before its start, under `invalid="raise"`.
        """
        log = read_contacts(
            contacts, window=window, as_of=as_of, since=since, history_from=history_from, same_day=same_day,
            hours=hours, ends=ends, missing=missing, invalid=invalid,
        )  # fmt: skip
        return RepeatTable(log).total(with_seen=True)

    @classmethod
    def empty(
        cls,
        *,
        window: dt.timedelta = WEEK,
        since: str = "end",
        same_day: str = "count",
        hours: Schedules | None = None,
    ) -> RepeatTally:
        """No contacts: the start of a sum, which takes over `as_of` and the rest from the first tally added to it.

        Without settings it adds to tallies of any; one with settings of its own refuses others, as `emptied()` of a
        tally does.

        >>> import cxscore as cx
        >>> sum([], start=cx.RepeatTally.empty()).contacts
        0
        """
        return cls(settings=repeat_settings(window, since, same_day, hours), seen=())

    def emptied(self) -> RepeatTally:
        """An empty tally of the same kind."""
        return RepeatTally(settings=self.settings, seen=())

    def _blank(self) -> bool:
        """A bare `empty()`, which adds to anything."""
        return self == RepeatTally.empty()

    def __radd__(self, other: object) -> NoReturn:
        raise no_start(type(self).__name__, other)

    def __add__(self, other: object) -> RepeatTally:
        if not isinstance(other, RepeatTally):
            return NotImplemented
        if self._blank() or other._blank():
            return other if self._blank() else self
        settings = _merged(self.settings, other.settings)
        sums: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        for name in _SHARES:
            mine, theirs = getattr(self, name), getattr(other, name)
            sums[name] = ClusterSums(*(a + b for a, b in zip(mine, theirs, strict=True)))
        return RepeatTally(
            settings=settings,
            **sums,
            issue_sizes=_added(self.issue_sizes, other.issue_sizes),
            events=np.sort(np.concatenate((self.events, other.events))),
            censored=np.sort(np.concatenate((self.censored, other.censored))),
            seen=_disjoint(self, other),
            left_out=left_out(_added(self.left_out, other.left_out)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values with a `schema` number; `from_dict` reads them back.

        Arrays are base64 texts of little-endian 64-bit integers.
        """
        return {
            "schema": SCHEMA,
            "kind": "RepeatTally",
            "settings": attrs.asdict(self.settings),
            **{name: getattr(self, name) for name in _COUNTS},
            **{name: list(getattr(self, name)) for name in _SHARES},
            "issue_sizes": [list(pair) for pair in self.issue_sizes.items()],
            "events": packed(self.events, "<i8"),
            "censored": packed(self.censored, "<i8"),
            "seen": None if self.seen is None else packed(self.seen, "<u8"),
            "left_out": {str(reason): count for reason, count in self.left_out.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RepeatTally:
        """The tally that `to_dict` wrote, in this or an older release.

        Raises:
            ArgumentValueError: something else, a field that is damaged or not there, a schema of a newer release.
        """
        _saved.check_schema(data, "RepeatTally", SCHEMA)
        fields = _saved.mapping(data, "RepeatTally.to_dict()", _FIELDS)
        _saved.agree(fields, "RepeatTally", _agreement(fields))
        return cls(**fields)

    def to_bytes(self) -> bytes:
        """`to_dict` as UTF-8 JSON."""
        return json.dumps(self.to_dict()).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> RepeatTally:
        """The tally that `to_bytes` wrote.

        Raises:
            ArgumentValueError: as `from_dict`.
        """
        return cls.from_dict(_saved.load(data, "RepeatTally"))

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that the arrays are read-only again.
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        return _restored, (fields,)


def _restored(fields: dict[str, Any]) -> RepeatTally:
    return RepeatTally(**fields)


_COUNTS = (
    "contacts", "mature", "immature", "not_ended", "ends_missing", "customers", "issues", "unknown_history", "survived",
)  # fmt: skip
_SHARES = ("repeats", "first_contact", "net_first_contact")


def _added(mine: Mapping[Any, int], theirs: Mapping[Any, int]) -> FrozenMap[Any, int]:
    return FrozenMap({key: mine.get(key, 0) + theirs.get(key, 0) for key in sorted({*mine, *theirs})})


def _read_settings(data: Any) -> RepeatSettings:
    if isinstance(data, Mapping):
        data = {"hours": None, **data}  # release 0.1 counted calendar time only
    return RepeatSettings(**_saved.mapping(data, "RepeatTally.to_dict()", _SETTINGS))


def _read_sums(data: Any) -> ClusterSums:
    return ClusterSums(*_saved.several(_saved.count, len(_NOBODY))(data))


_SETTINGS: dict[str, Callable[[Any], Any]] = {
    "window": _saved.count,
    "since": _saved.choice("end", "start"),
    "same_day": _saved.choice("count", "collapse"),
    "hours": _saved.optional(_saved.text),
    "zone": _saved.optional(_saved.text),
    "as_of": _saved.optional(_saved.instant),
    "history_from": _saved.optional(_saved.instant),
    "aware": _saved.optional(_saved.flag),
    "ends": _saved.optional(_saved.flag),
}
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "settings": _read_settings,
    **dict.fromkeys(_COUNTS, _saved.count),
    **dict.fromkeys(_SHARES, _read_sums),
    "issue_sizes": lambda data: FrozenMap(_saved.pairs(data)),
    "events": unpacked("<i8"),
    "censored": unpacked("<i8"),
    "seen": _saved.optional(unpacked("<u8")),
    "left_out": _saved.reasons,
}


def _agreement(fields: Mapping[str, Any]) -> _saved.Rules:
    """What is counted twice in a tally, and whether both say the same."""
    contacts, mature, customers, issues = (fields[name] for name in ("contacts", "mature", "customers", "issues"))
    every, first, net = (fields[name] for name in _SHARES)
    seen = customers if fields["seen"] is None else len(fields["seen"])
    parts = ("mature", "immature", "not_ended")
    timed = len(fields["events"]) + len(fields["censored"]) + fields["survived"]
    return [
        (("contacts", *parts), contacts == sum(fields[name] for name in parts)),
        (("contacts", "ends_missing"), fields["ends_missing"] <= contacts),
        (("contacts", "customers"), min(contacts, 1) <= customers <= contacts),
        (("customers", "seen"), seen <= customers),
        (("contacts", "issues", "unknown_history"), issues + fields["unknown_history"] <= contacts),
        (("issues", "issue_sizes"), sum(fields["issue_sizes"].values()) <= issues),
        (("mature", "repeats"), every.trials == mature),
        (("issues", "first_contact"), first.trials <= issues),
        (("first_contact", "net_first_contact"), net.trials <= first.trials),
        *(
            ((name, "customers"), sums.hits <= sums.trials and sums.clusters_with_hits <= sums.clusters <= customers)
            for name, sums in ((name, fields[name]) for name in _SHARES)
        ),
        (("mature", "repeats", "survived"), fields["survived"] == mature - every.hits),
        (("contacts", "events", "censored", "survived"), timed <= contacts),
    ]


def _merged(one: RepeatSettings, other: RepeatSettings) -> RepeatSettings:
    """The settings of both; what only one of them knows is taken over."""
    both: dict[str, Any] = {}
    unlike = []
    for name, mine in attrs.asdict(one).items():
        theirs = getattr(other, name)
        # No schedule is a choice; anything else that is None is not known yet.
        if mine != theirs and (name == "hours" or (mine is not None and theirs is not None)):
            unlike.append(f"{name}: {_told(one, name)} and {_told(other, name)}")
        both[name] = theirs if mine is None else mine
    if unlike:
        msg = (
            f"tallies of unlike repeats do not add up (got {'; '.join(unlike)}); count all shards with the same "
            f"window, since, same_day and hours, and give as_of=, history_from= and ends= to each, which a shard "
            f"takes from its own rows otherwise"
        )
        raise MergeError(msg, argument="other", found=tuple(unlike))
    return RepeatSettings(**both)


def _told(settings: RepeatSettings, name: str) -> str:
    value = getattr(settings, name)
    if name == "window":
        return seconds(value)
    return _saved.iso(value, settings.aware) if name in ("as_of", "history_from") else repr(value)


def _disjoint(one: RepeatTally, other: RepeatTally) -> Digests:
    """The customers of both tallies, of whom none may stand in both."""
    if one.seen is None or other.seen is None:
        msg = (
            "tallies of repeats add up only where no customer stands in both (got one that does not know its "
            "customers); build both with RepeatTally.of"
        )
        raise MergeError(msg, argument="other")
    shared = np.intersect1d(one.seen, other.seen, assume_unique=True).size
    if shared:
        msg = (
            f"tallies of repeats add up only where no customer stands in both (got {shared:,} who do, of "
            f"{one.customers:,} and {other.customers:,}); shards must be split by customer, never by time"
        )
        raise MergeError(msg, argument="other", found=shared)
    both: Digests = np.sort(np.concatenate((one.seen, other.seen)))
    return both


# -- the table of groups -----------------------------------------------------------------------------


class BusyCustomer(NamedTuple):
    """A customer, how many contacts they made, and how many mature ones were followed by a repeat."""

    customer: Any
    contacts: int
    repeats: int


class Customers:
    """The customers behind a result; counted when somebody asks."""

    __slots__ = ("_count",)

    def __init__(self, count: Callable[[], tuple[Sequence[Any], Ints, Ints]]) -> None:
        self._count = count

    def busiest(self, k: int) -> list[BusyCustomer]:
        """The k customers with most contacts, then most repeats, then in order of their labels."""
        labels, contacts, followed = self._count()
        rank = contacts * (int(contacts.max(initial=0)) + 1) + followed
        if len(rank) > k:
            at_least = np.partition(rank, -k)[-k]
            chosen = np.flatnonzero(rank >= at_least)
        else:
            chosen = np.arange(len(rank))
        return _ranked(labels, contacts, followed, chosen)[:k]

    def with_at_least(self, least: int) -> list[BusyCustomer]:
        """The customers with that many contacts or more, in the order of `busiest`."""
        labels, contacts, followed = self._count()
        return _ranked(labels, contacts, followed, np.flatnonzero(contacts >= least))

    def __reduce__(self) -> tuple[Any, ...]:
        return _counted, self._count()


def _ranked(labels: Sequence[Any], contacts: Ints, followed: Ints, chosen: Ints) -> list[BusyCustomer]:
    rows = [BusyCustomer(labels[i], int(contacts[i]), int(followed[i])) for i in chosen.tolist()]
    try:
        rows.sort(key=lambda row: (-row.contacts, -row.repeats, row.customer))
    except TypeError:  # labels of unlike types have no order of their own
        rows.sort(key=lambda row: (-row.contacts, -row.repeats, type(row.customer).__name__, str(row.customer)))
    return rows


def _counted(labels: Sequence[Any], contacts: Ints, followed: Ints) -> Customers:
    return Customers(functools.partial(_as_counted, labels, contacts, followed))


def _as_counted(labels: Sequence[Any], contacts: Ints, followed: Ints) -> tuple[Sequence[Any], Ints, Ints]:
    return labels, contacts, followed


def _count_customers(
    labels: Sequence[Any], customer: Ints, parts: Sequence[JudgedContacts], group: Ints | None, code: int
) -> tuple[Sequence[Any], Ints, Ints]:
    repeated = np.concatenate([part.mature & part.followed for part in parts])
    if group is not None:
        inside = group == code
        customer, repeated = customer[inside], repeated[inside]
    present, contacts, hits = repeats.per_customer(customer, repeated)
    return [labels[code] for code in present.tolist()], contacts, hits


class RepeatTable:
    """Judged contacts with their groups; makes the tally of any group, of all, and of all but one.

    Chains and repeats are found over all contacts, groups only divide them, so a customer with contacts in
    two groups counts in both and once in the whole.
    """

    def __init__(self, log: ContactLog) -> None:
        self.settings = log.settings
        self.keys = log.keys
        self.names = log.names
        self.many = log.many
        self._judged = log.judged()
        self._customer = log.arranged.customer
        self._endless = log.arranged.endless
        self._group: Any = log.group  # None where nobody asked for groups, and nobody looks
        self._resolvable = log.resolvable
        self._labels = log.labels
        self._left = log.left

    def __len__(self) -> int:
        return len(self.keys)

    @functools.cached_property
    def summary(self) -> RepeatSummary:
        """The counts of every group."""
        return repeats.summarise(self._judged, group=self._group, groups=len(self.keys), resolvable=self._resolvable)

    @functools.cached_property
    def _overall(self) -> RepeatSummary:
        return repeats.summarise(self._judged, resolvable=self._resolvable)

    @functools.cached_property
    def _rows_of_groups(self) -> list[Ints]:
        """The judged contacts of every group."""
        edges = np.cumsum(np.bincount(self._group, minlength=len(self.keys)))
        return np.split(np.argsort(self._group, kind="stable"), edges[:-1])

    @functools.cached_property
    def _ends_missing(self) -> Ints:
        return np.bincount(self._group[self._endless], minlength=len(self.keys))

    def row(self, i: int, *, with_seen: bool = False) -> RepeatTally:
        """The tally of one group; without its customers' digests, which only a merge needs, unless asked."""
        gone = {reason: counts[i] for reason, counts in self._left.items()}
        rows = self._rows_of_groups[i] if with_seen else None
        return self._tally(self.summary, i, gone, self._ends_missing[i], rows)

    def total(self, *, with_seen: bool = False) -> RepeatTally:
        """The tally of all contacts, in which a customer of several groups counts once."""
        gone = {reason: counts.sum() for reason, counts in self._left.items()}
        rows = slice(None) if with_seen else None
        return self._tally(self._overall, 0, gone, np.count_nonzero(self._endless), rows)

    def rest(self, i: int) -> RepeatTally:
        """The tally of all contacts outside one group."""
        gone = {reason: counts.sum() - counts[i] for reason, counts in self._left.items()}
        found = repeats.summarise(self._judged, group=self._apart(i), groups=2, resolvable=self._resolvable)
        return self._tally(found, 0, gone, self._ends_missing.sum() - self._ends_missing[i], None)

    def repeats_outside(self) -> ClusterSums:
        """Sums over customers of the repeats outside each group, an entry a group."""
        return repeats.repeats_outside(self._judged, self._group, len(self.keys))

    def union(self, places: Ints) -> RepeatTally:
        """The tally of all contacts of some groups."""
        gone = {reason: counts[places].sum() for reason, counts in self._left.items()}
        outside = (~np.isin(self._group, places)).astype(np.int64)
        found = repeats.summarise(self._judged, group=outside, groups=2, resolvable=self._resolvable)
        return self._tally(found, 0, gone, self._ends_missing[places].sum(), None)

    def _apart(self, i: int) -> Ints:
        """1 for the contacts of a group, 0 for the others."""
        return np.asarray(self._group == i, dtype=np.int64)

    def _tally(
        self, found: RepeatSummary, i: int, gone: Mapping[LeftOut, Any], ends_missing: Any, seen: Any
    ) -> RepeatTally:
        """One group of a summary; `seen` chooses the judged contacts whose customers a merge has to know."""
        sizes = slice(*found.size_offsets[i : i + 2])
        sums: dict[str, Any] = {name: int(getattr(found, name)[i]) for name in _COUNTS if name != "ends_missing"}
        sums |= {name: ClusterSums(*(int(part[i]) for part in getattr(found, name))) for name in _SHARES}
        return RepeatTally(
            settings=self.settings,
            **sums,
            ends_missing=int(ends_missing),
            issue_sizes=FrozenMap(zip(found.sizes[sizes].tolist(), found.size_counts[sizes].tolist(), strict=True)),
            events=found.events[slice(*found.event_offsets[i : i + 2])],
            censored=found.censored[slice(*found.censored_offsets[i : i + 2])],
            seen=None if seen is None else digests(self._labels, np.unique(self._customer[seen]), "customers"),
            left_out=left_out({str(reason): count for reason, count in gone.items()}),
        )

    def customers(self, i: int | None = None, *, rest: bool = False) -> Customers:
        """The customers of all contacts, of one group, or of the others."""
        group, code = None, 0
        if i is not None:
            group, code = (self._apart(i), 0) if rest else (self._group, i)
        return Customers(functools.partial(_count_customers, self._labels, self._customer, self._judged, group, code))
