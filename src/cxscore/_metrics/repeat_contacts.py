"""Repeat contacts: how often customers come back, and how often once is enough.

Door (`_contacts`) → core (`repeats`, `intervals`) → frozen result. The shares are the same text for
one group and for many; the Kaplan-Meier estimate is made a group at a time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Literal, overload

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html
from .._calls import guided
from .._checks import check_choice, check_confidence
from .._contacts import WEEK, read_contacts
from .._core import intervals, repeats
from .._core.clusters import effective_share, worth_of_share
from .._core.distributions import z_value
from .._core.repeats import ClusterSums, RepeatSummary
from .._core.survival import survival_interval
from .._evidence import Evidence
from .._frozen import FrozenMap
from .._inputs import moment_or_none
from .._open_time import Schedules
from .._results import DURATION, Brief, Interval, Result, Signature, plain, show, show_open
from ..errors import ArgumentTypeError, ArgumentValueError
from ..groups import Groups
from ..tallies._repeats import BusyCustomer, Customers, RepeatTable, RepeatTally

__all__ = ["RepeatContactsResult", "RepeatSensitivity", "SameDay", "Since", "repeat_contacts", "repeat_sensitivity"]

Since = Literal["end", "start"]
SameDay = Literal["count", "collapse"]
Missing = Literal["drop", "raise"]
Invalid = Literal["raise", "drop"]

Number = Any  # a number for one group, an array for many

_WINDOWS = tuple(dt.timedelta(days=days) for days in (1, 3, 7, 14, 30))


@attrs.frozen(kw_only=True, eq=False)
class RepeatContactsResult(Result):
    """How many contacts were followed by another of the same customer, and what became of issues.

    Shares are fractions 0 to 1, NaN where nothing is mature. Intervals that are clustered by customer are
    Wilson's on the effective number of contacts, because the contacts of one customer are alike.

    Attributes:
        rate: share of mature contacts that were followed by a repeat in the window.
        interval: its interval, clustered by customer.
        iid_interval: the interval that takes every contact as independent (Wilson).
        effective_n: how many independent contacts the mature ones are worth.
        kaplan_meier_rate: 1 - S(window) over all contacts that have ended, young ones included.
        kaplan_meier_interval: its log-log interval with Greenwood's variance, contacts taken as independent;
            Wilson's on `kaplan_meier_n` where the rate is 0 or 1 and the log-log interval has no width.
        kaplan_meier_n: contacts behind it.
        contacts: contacts of known customers; `mature`, `immature` and `not_ended` split them.
        mature: contacts whose whole window has been seen.
        immature: contacts too young to tell.
        not_ended: contacts that started at least a window ago and have not ended.
        ends_missing: contacts whose start was used because they have no end.
        repeats: mature contacts that were followed by a repeat.
        customers: customers with a contact.
        repeat_customers: customers with a mature contact that was followed by a repeat.
        issues: chains of contacts whose first contact has known history.
        mature_issues: those whose first contact is mature.
        open_issues: those that a contact may still join.
        unknown_history: chains that begin less than a window after the records do; they are no issues.
        first_contact_resolution: share of mature issues whose first contact was not followed.
        first_contact_resolution_interval: its interval, clustered by customer.
        net_first_contact_resolution: the same without issues that could not be resolved at first contact.
        net_first_contact_resolution_interval: its interval, clustered by customer.
        contacts_per_issue: mean contacts of the issues closed at `as_of`.
        issue_sizes: contacts to number of issues, of the closed ones.
        longest_issue: most contacts of a closed issue, None without any.
        window: longest time to a repeat.
        as_of: what counted as now, aware (UTC) where the data are; None without a single instant.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> contacts = cx.Contacts(customer=["ada", "ada"], at=[datetime(2026, 3, 2), datetime(2026, 3, 4)])
    >>> result = cx.repeat_contacts(contacts, as_of=datetime(2026, 4, 1))
    >>> result.rate, result.mature, result.repeats
    (0.5, 2, 1)
    """

    rate: float
    interval: Interval
    iid_interval: Interval
    effective_n: float
    kaplan_meier_rate: float
    kaplan_meier_interval: Interval
    kaplan_meier_n: int
    contacts: int
    mature: int
    immature: int
    not_ended: int
    ends_missing: int
    repeats: int
    customers: int
    repeat_customers: int
    issues: int
    mature_issues: int
    open_issues: int
    unknown_history: int
    first_contact_resolution: float
    first_contact_resolution_interval: Interval
    net_first_contact_resolution: float
    net_first_contact_resolution_interval: Interval
    contacts_per_issue: float
    issue_sizes: FrozenMap[int, int]
    longest_issue: int | None
    window: dt.timedelta = attrs.field(metadata=DURATION)
    as_of: dt.datetime | None
    # Not a figure, and not kept by tallies: the figures are the same without it.
    _people: Customers | None = attrs.field(default=None, repr=False, eq=False)

    _headline: ClassVar[str] = "rate"

    # Of all counts each share takes its own; they tell how many independent contacts it is worth.
    _sums: FrozenMap[str, ClusterSums] = attrs.field(repr=False, eq=False)

    @property
    def _evidence(self) -> Evidence:
        return _evidence("rate", self._sums["rate"])

    @property
    def _judged_by(self) -> tuple[str, ...]:
        return tuple(_SHARES)

    def _other_evidence(self, figure: str) -> Evidence | None:
        if figure not in _SHARES:
            return None
        return _evidence(figure, self._sums[figure])

    def busiest(self, k: int = 10) -> list[BusyCustomer]:
        """The customers with most contacts: the way back to the records.

        Args:
            k: how many, 1 or more.

        Returns:
            Up to k rows (customer, contacts, repeats), most contacts first, then most repeats.

        Raises:
            ArgumentValueError: a result of counts alone (a tally), which knows no customers; or a k below 1.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> who = cx.Contacts(customer=["ada", "bob", "ada"], at=[datetime(2026, 3, day) for day in (1, 2, 3)])
        >>> cx.repeat_contacts(who, as_of=datetime(2026, 4, 1)).busiest(1)
        [BusyCustomer(customer='ada', contacts=2, repeats=1)]
        """
        return self._behind("busiest").busiest(_at_least_one(k, "k", "busiest(10)"))

    def service_accounts(self, contacts: int) -> list[BusyCustomer]:
        """The "customers" with so many contacts that they are hardly one person: machines, "guest", a reseller.

        What is too many depends on the desk, so there is no default; look at `busiest` first.

        Args:
            contacts: the least number of contacts, 1 or more.

        Returns:
            Rows (customer, contacts, repeats) in the order of `busiest`.

        Raises:
            ArgumentValueError: a result of counts alone, which knows no customers; or `contacts` below 1.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> who = cx.Contacts(customer=["ada"] + ["monitor"] * 3, at=[datetime(2026, 3, day) for day in (1, 2, 3, 4)])
        >>> [account.customer for account in cx.repeat_contacts(who).service_accounts(3)]
        ['monitor']
        """
        return self._behind("service_accounts").with_at_least(
            _at_least_one(contacts, "contacts", "service_accounts(100)")
        )

    def _behind(self, method: str) -> Customers:
        if self._people is None:
            msg = f"{method} needs the contacts themselves (this result was made of counts); measure the contacts"
            raise ArgumentValueError(msg, argument="contacts", found=None)
        return self._people

    def __str__(self) -> str:
        return f"repeat rate {_percent(self.rate)} ({_limits(self.interval)}, n={self.mature:,} mature contacts)"

    def _brief(self) -> Brief:
        return Brief("repeat rate", _percent(self.rate), _limits(self.interval), self.mature)

    def _lines(self) -> list[tuple[str, str]]:
        whole = _shown(self.kaplan_meier_rate, self.kaplan_meier_interval)
        once = _shown(self.first_contact_resolution, self.first_contact_resolution_interval)
        net = _shown(self.net_first_contact_resolution, self.net_first_contact_resolution_interval)
        longest = "" if self.longest_issue is None else f", longest {self.longest_issue:,}"
        return [
            (f"repeats within {self._length}", _shown(self.rate, self.interval)),
            ("repeats", f"{self.repeats:,} of {self.mature:,} mature contacts"),
            ("too young to tell", f"{self.immature:,} contacts"),
            ("not ended", f"{self.not_ended:,} contacts"),
            ("Kaplan-Meier, all contacts", whole),
            ("first-contact resolution", once),
            ("net of what could not be resolved at once", net),
            ("contacts per issue", f"{show(self.contacts_per_issue, digits=2)}{longest}"),
            ("issues", f"{self.issues:,}, of which {self.open_issues:,} open"),
            ("customers", f"{self.customers:,}, of whom {self.repeat_customers:,} came back"),
            *self._busiest_line(),
            ("as of", "unknown" if self.as_of is None else self.as_of.isoformat(sep=" ")),
        ]

    @property
    def _length(self) -> str:
        if "hours" in self._signature.definition:
            return f"{show_open(self.window)} of business time"
        return show(self.window)

    def _busiest_line(self) -> list[tuple[str, str]]:
        """One caller with hundreds of contacts explains many a repeat rate; counts alone do not know them."""
        if self._people is None or not self.contacts:
            return []
        (busiest,) = self._people.busiest(1)
        share = _percent(busiest.contacts / self.contacts)
        return [("most contacts", f"{busiest.customer}: {busiest.contacts:,} ({share} of all)")]


def _at_least_one(value: Any, argument: str, example: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        msg = f"{argument} must be a whole number of 1 or more (got {value!r}), e.g. {example}"
        raise ArgumentValueError(msg, argument=argument, found=value)
    return value


def _percent(share: float) -> str:
    return show(share) if share != share else f"{show(share * 100)}%"


def _shown(share: float, interval: Interval) -> str:
    return f"{_percent(share)} ({_limits(interval)})"


def _limits(interval: Interval) -> str:
    return str(attrs.evolve(interval, low=interval.low * 100, high=interval.high * 100))


# -- figures: one text for one group and for many ----------------------------------------------------


@attrs.frozen
class _Settings:
    """What a look-up in Groups needs and what, beside the tally, writes the signature."""

    confidence: float
    missing: str
    invalid: str

    def signature(self, definition: dict[str, str]) -> Signature:
        estimation = {
            "ci": "wilson",
            "conf": f"{self.confidence:.12g}",
            "missing": self.missing,
            "invalid": self.invalid,
            "cluster": "customer",
        }
        return Signature("repeat_contacts", definition | {"v": "1"}, estimation)


# The shares by their figure: where their counts stand, what they are called, whether more is better.
_SHARES = {
    "rate": ("repeats", "repeat rate", False),
    "first_contact_resolution": ("first_contact", "first-contact resolution", True),
    "net_first_contact_resolution": ("net_first_contact", "net first-contact resolution", True),
}


def _share(sums: ClusterSums, confidence: float) -> tuple[Number, Number, tuple[Number, Number]]:
    """A share of contacts, how many independent ones it is worth, and its limits."""
    n = effective_share(sums, confidence)
    # Where nothing was tried n is NaN, and so is everything made of it.
    share = sums.hits / _or_one(sums.trials) + 0.0 * n
    return share, n, intervals.wilson(share * n, n, z_value(confidence))


def _or_one(n: Number) -> Number:
    return np.maximum(n, 1) if isinstance(n, np.ndarray) else n or 1


def _figures(counts: RepeatTally | RepeatSummary, confidence: float) -> dict[str, Any]:
    """Figures that need no more than counts; a tuple is the limits of an interval."""
    z = z_value(confidence)
    every, first, net = counts.repeats, counts.first_contact, counts.net_first_contact
    rate, effective, limits = _share(every, confidence)
    resolved, _, resolved_limits = _share(first, confidence)
    net_resolved, _, net_limits = _share(net, confidence)
    return {
        "n": counts.contacts,
        "rate": rate,
        "interval": limits,
        "iid_interval": intervals.wilson(every.hits * 1.0, every.trials * 1.0, z),
        "effective_n": effective,
        "contacts": counts.contacts,
        "mature": counts.mature,
        "immature": counts.immature,
        "not_ended": counts.not_ended,
        "repeats": every.hits,
        "customers": counts.customers,
        "repeat_customers": every.clusters_with_hits,
        "issues": counts.issues,
        "mature_issues": first.trials,
        "open_issues": counts.issues - counts.closed_issues,
        "unknown_history": counts.unknown_history,
        "first_contact_resolution": resolved,
        "first_contact_resolution_interval": resolved_limits,
        "net_first_contact_resolution": net_resolved,
        "net_first_contact_resolution_interval": net_limits,
    }


def _evidence(figure: str, sums: ClusterSums) -> Evidence:
    """What a share rests on, of one group or of many."""
    _, name, upward = _SHARES[figure]
    n, k = worth_of_share(sums)
    share = sums.hits / _or_one(sums.trials) + 0.0 * n
    return Evidence(
        name=name, form="share", unit=1.0, upward=upward, value=share, n=n, weight=sums.trials * 1.0, up=share,
        low=0.0, high=1.0, clusters=k, answers=sums.trials * 1.0,
    )  # fmt: skip


def _kaplan_meier(tally: RepeatTally, confidence: float) -> dict[str, Any]:
    """The estimate over all contacts that have ended, whether or not their window has been seen."""
    z = z_value(confidence)
    survival, greenwood = repeats.survival_in_window(tally.events, tally.censored, tally.survived)
    followed = tally.events.size
    n = followed + tally.censored.size + tally.survived
    if 0.0 < survival < 1.0:
        low, high = survival_interval(survival, greenwood, z)
        interval = Interval(1.0 - high, 1.0 - low, confidence, "log-log")
    else:
        # Greenwood's variance is 0 or infinite there: the log-log interval would be a point.
        low, high = intervals.wilson(n * 1.0 if survival == 0.0 else 0.0, n * 1.0, z)
        interval = Interval(low, high, confidence, "wilson")
    return {"kaplan_meier_rate": 1.0 - survival, "kaplan_meier_interval": interval, "kaplan_meier_n": n}


def _result(tally: RepeatTally, settings: _Settings, people: Customers | None) -> RepeatContactsResult:
    """One group's figures as a frozen result."""
    found: dict[str, Any] = {
        name: Interval(value[0], value[1], settings.confidence, "wilson") if type(value) is tuple else value
        for name, value in _figures(tally, settings.confidence).items()
    }
    sizes, closed = tally.issue_sizes, tally.closed_issues
    return RepeatContactsResult(
        given=tally.given,
        left_out=tally.left_out,
        signature=settings.signature(tally.settings.definition),
        ends_missing=tally.ends_missing,
        sums=FrozenMap({figure: getattr(tally, name) for figure, (name, *_) in _SHARES.items()}),
        contacts_per_issue=sum(size * count for size, count in sizes.items()) / closed if closed else float("nan"),
        issue_sizes=sizes,
        longest_issue=max(sizes, default=None),
        window=dt.timedelta(microseconds=tally.settings.window),
        as_of=moment_or_none(tally.settings.as_of, tally.settings.aware),
        people=people,
        **_kaplan_meier(tally, settings.confidence),
        **found,
    )


@attrs.frozen(eq=False)
class _RepeatGroups:
    """Results of many groups, made of judged contacts on look-up."""

    table: RepeatTable
    settings: _Settings

    @property
    def keys(self) -> Sequence[Any]:
        return self.table.keys

    @property
    def names(self) -> tuple[str, ...]:
        return self.table.names

    @property
    def many(self) -> bool:
        return self.table.many

    def __len__(self) -> int:
        return len(self.table)

    def result(self, i: int) -> RepeatContactsResult:
        return _result(self.table.row(i), self.settings, self.table.customers(i))

    def overall(self) -> RepeatContactsResult:
        return _result(self.table.total(), self.settings, self.table.customers())

    def rest(self, i: int) -> RepeatContactsResult:
        return _result(self.table.rest(i), self.settings, self.table.customers(i, rest=True))

    def union(self, places: npt.NDArray[np.int64]) -> RepeatContactsResult:
        return _result(self.table.union(places), self.settings, None)

    def column(self, name: str) -> npt.NDArray[Any] | None:
        field, _, part = name.partition(".")
        figure = _figures(self.table.summary, self.settings.confidence).get(field)
        if isinstance(figure, tuple) and part in ("low", "high"):
            figure = figure[("low", "high").index(part)]
        elif isinstance(figure, tuple) or part or figure is None:
            return None  # read group by group, or explained there
        return np.asarray(figure)

    def evidence(self) -> Evidence:
        return _evidence("rate", self.table.summary.repeats)

    def evidence_of(self, figure: str) -> Evidence | None:
        """The evidence of another share, None where there is no such figure."""
        if figure not in _SHARES:
            return None
        return _evidence(figure, getattr(self.table.summary, _SHARES[figure][0]))

    def rest_evidence(self) -> Evidence:
        """The evidence of the contacts outside each group, in one pass."""
        return _evidence("rate", self.table.repeats_outside())

    def tally(self) -> RepeatTally:
        return self.table.total(with_seen=True)

    def tallies(self) -> Sequence[RepeatTally]:
        return [self.table.row(i, with_seen=True) for i in range(len(self))]


# -- the function ------------------------------------------------------------------------------------


def _of_tally(
    tally: RepeatTally, settings: _Settings, window: Any, since: str, same_day: str, absent: dict[str, Any]
) -> RepeatContactsResult:
    """The result of counts that are made; what belongs to their making must agree or be left out."""
    for name, value in absent.items():
        if value is not None:
            way = "give it to RepeatTally.of"
            if name == "by":
                way = (
                    "pass one tally a group, cx.Groups.from_tallies({key: tally, ...}, cx.repeat_contacts), or the "
                    "contacts themselves with by="
                )
            msg = f"{name} must be left out beside a tally, whose counts are made; {way}"
            raise ArgumentTypeError(msg, argument=name, found=value)
    own = tally.settings
    length = dt.timedelta(microseconds=own.window)
    for name, value, default, counted in (
        ("window", window, WEEK, length), ("since", since, "end", own.since),
        ("same_day", same_day, "count", own.same_day),
    ):  # fmt: skip
        if value is not default and value != counted:
            msg = (
                f"{name} must be what the tally was counted with (got {value!r}, the tally has {counted!r}); leave it "
                f"out, or count again with RepeatTally.of(..., {name}=...)"
            )
            raise ArgumentValueError(msg, argument=name, found=value)
    return _result(tally, settings, None)


_guided: Callable[[Any], Any] = guided(
    second='build a batch, cx.repeat_contacts(cx.Contacts(customer=df["customer"], at=df["at"]))',
    keywords={
        "customer": 'build a batch, cx.repeat_contacts(cx.Contacts(customer=df["customer"], at=df["at"]))',
        "at": 'build a batch, cx.repeat_contacts(cx.Contacts(customer=df["customer"], at=df["at"]))',
        "tz": "name the zone where you build the batch, cx.Contacts(..., tz={value})",
    },
)


@overload
def repeat_contacts(
    contacts: Any, *, window: dt.timedelta = WEEK, by: None = None, as_of: Any = None, since: Since = "end",
    history_from: Any = None, same_day: SameDay = "count", hours: Schedules | None = None,
    confidence: float = 0.95, missing: Missing = "drop", invalid: Invalid = "raise",
) -> RepeatContactsResult: ...  # fmt: skip
@overload
def repeat_contacts(
    contacts: Any, *, by: Any, window: dt.timedelta = WEEK, as_of: Any = None, since: Since = "end",
    history_from: Any = None, same_day: SameDay = "count", hours: Schedules | None = None,
    confidence: float = 0.95, missing: Missing = "drop", invalid: Invalid = "raise",
) -> Groups[RepeatContactsResult]: ...  # fmt: skip
@_guided
def repeat_contacts(
    contacts: Any, *, window: dt.timedelta = WEEK, by: Any = None, as_of: Any = None, since: Since = "end",
    history_from: Any = None, same_day: SameDay = "count", hours: Schedules | None = None,
    confidence: float = 0.95, missing: Missing = "drop", invalid: Invalid = "raise",
) -> RepeatContactsResult | Groups[RepeatContactsResult]:  # fmt: skip
    """How often a contact is followed by another of the same customer within a window.

    A contact is followed by a repeat when the same customer (and the same topic, where both have one) starts
    another at or after this one's start and no later than a window after its end. The rate is over mature
    contacts, whose whole window lies before `as_of`; younger ones are counted beside it.

    Args:
        contacts: `Contact` records, a `Contacts` batch or a `RepeatTally`. A contact without `ended_at` has
            not ended where other contacts have an end; where none has, the start is used.
        window: longest time to a repeat, a timedelta above zero.
        by: attribute, column name, function of a record, or labels of the rows; several as list, tuple or
            dict. A contact belongs to the group of its own row, an issue to that of its first contact.
        as_of: "now", a datetime that is aware where the data are; None: the latest instant of all rows.
        since: measure the window from the "end" or the "start" of a contact.
        history_from: when the records begin; None: the first start of all rows. Contacts that start less
            than a window later may be repeats of something unseen, and begin no issue.
        same_day: "count" every contact, or "collapse" those of a customer (and topic) on one calendar day.
        hours: a schedule, or a mapping of channel to one: the window then counts open time alone, and ends where
            that is used up. The contacts need a zone.
        confidence: level of the intervals, between 0 and 1.
        missing: "drop" counts contacts without instant or customer in `left_out`, "raise" refuses them.
        invalid: "raise" refuses an end before its start, "drop" counts it in `left_out`.

    Returns:
        RepeatContactsResult, or Groups of them with `by`. Shares are fractions; undefined figures are NaN.

    Raises:
        ArgumentTypeError: no contacts, a window without a unit.
        InvalidValueError: an end before its start, a window not above zero.
        MixedTimeZonesError: naive and aware instants, or days to collapse or hours to count and no zone.

    References:
        Wilson (1927), Journal of the American Statistical Association 22:209-212. Kaplan and Meier (1958),
        ibid. 53:457-481. Linearised variance of a ratio over clusters: Cochran (1977), Sampling Techniques; few
        clusters: Korn and Graubard (1998), Survey Methodology 24:193-201.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> march = [datetime(2026, 3, 1) + timedelta(days=i) for i in range(31)]
    >>> contacts = [
    ...     cx.Contact(customer="ada", at=march[0]),
    ...     cx.Contact(customer="ada", at=march[2]),
    ...     cx.Contact(customer="bob", at=march[9]),
    ...     cx.Contact(customer="eve", at=march[28]),
    ... ]
    >>> result = cx.repeat_contacts(contacts, as_of=march[30])
    >>> result.repeats, result.mature, result.immature
    (1, 3, 1)
    >>> print(result)
    repeat rate 33.3% (95% CI 2.5 to 90.6, n=3 mature contacts)
    """
    settings = _Settings(
        check_confidence(confidence),
        check_choice("missing", missing, ("drop", "raise")),
        check_choice("invalid", invalid, ("raise", "drop")),
    )
    if isinstance(contacts, RepeatTally):
        absent = {"by": by, "as_of": as_of, "history_from": history_from, "hours": hours}
        return _of_tally(contacts, settings, window, since, same_day, absent)
    log = read_contacts(
        contacts, by=by, window=window, as_of=as_of, since=since, history_from=history_from, same_day=same_day,
        hours=hours, missing=missing, invalid=invalid,
    )  # fmt: skip
    groups = _RepeatGroups(RepeatTable(log), settings)
    return groups.overall() if by is None else Groups(groups)


# -- several windows ---------------------------------------------------------------------------------


@attrs.frozen
class RepeatSensitivity:
    """What the window does to the figures: one result a window, all of the same contacts and the same `as_of`.

    A longer window can only find more repeats, but fewer contacts are old enough for it: the rates of two
    windows are about different contacts where the last weeks differ from the rest. `kaplan_meier_rate` is
    about the same contacts in every row.

    Attributes:
        results: a `RepeatContactsResult` for each window, in the order that was asked for.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> contacts = cx.Contacts(customer=["ada", "ada"], at=[datetime(2026, 3, 2), datetime(2026, 3, 4)])
    >>> windows = [timedelta(days=1), timedelta(days=7)]
    >>> found = cx.repeat_sensitivity(contacts, windows=windows, as_of=datetime(2026, 4, 1))
    >>> [result.rate for result in found.results]
    [0.0, 0.5]
    """

    results: tuple[RepeatContactsResult, ...]

    @property
    def windows(self) -> tuple[dt.timedelta, ...]:
        """The windows, in the order of the results."""
        return tuple(result.window for result in self.results)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row a window: plain JSON values, None where undefined."""
        return [
            {
                "window_seconds": result.window.total_seconds(),
                "rate": plain(result.rate),
                "low": plain(result.interval.low),
                "high": plain(result.interval.high),
                "repeats": result.repeats,
                "mature": result.mature,
                "contacts": result.contacts,
                "kaplan_meier_rate": plain(result.kaplan_meier_rate),
                "first_contact_resolution": plain(result.first_contact_resolution),
                "first_contact_resolution_low": plain(result.first_contact_resolution_interval.low),
                "first_contact_resolution_high": plain(result.first_contact_resolution_interval.high),
                "mature_issues": result.mature_issues,
            }
            for result in self.results
        ]

    def _rows(self) -> list[tuple[str, ...]]:
        head = ("window", "repeat rate", "repeats", "mature contacts", "Kaplan-Meier", "first-contact resolution")
        return [
            head,
            *(
                (
                    result._length,
                    _shown(result.rate, result.interval),
                    f"{result.repeats:,}",
                    f"{result.mature:,}",
                    _percent(result.kaplan_meier_rate),
                    _shown(result.first_contact_resolution, result.first_contact_resolution_interval),
                )
                for result in self.results
            ),
        ]

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        return _html.table(head, rows)


def repeat_sensitivity(
    contacts: Any, windows: Iterable[dt.timedelta] = _WINDOWS, *,
    as_of: Any = None, since: Since = "end", history_from: Any = None, same_day: SameDay = "count",
    hours: Schedules | None = None, confidence: float = 0.95, missing: Missing = "drop",
    invalid: Invalid = "raise",
) -> RepeatSensitivity:  # fmt: skip
    """The repeat rate and first-contact resolution for several windows, from contacts read and sorted once.

    Args:
        contacts: `Contact` records or a `Contacts` batch.
        windows: longest times to a repeat, timedeltas above zero.
        as_of: as in `repeat_contacts`, the same for every window.
        since: as in `repeat_contacts`.
        history_from: as in `repeat_contacts`.
        same_day: as in `repeat_contacts`.
        hours: as in `repeat_contacts`.
        confidence: level of the intervals, between 0 and 1.
        missing: "drop" or "raise".
        invalid: "raise" or "drop".

    Returns:
        RepeatSensitivity: a table with one row a window.

    Raises:
        ArgumentTypeError: no contacts (a tally holds one window), or no list of windows.
        InvalidValueError: an end before its start, a window not above zero.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> days = [datetime(2026, 3, 1) + timedelta(days=i) for i in range(60)]
    >>> contacts = cx.Contacts(customer=["ada", "ada", "bob", "bob", "eve"], at=[days[i] for i in (8, 10, 9, 19, 12)])
    >>> table = cx.repeat_sensitivity(contacts, [timedelta(days=7), timedelta(days=14)], as_of=days[59])
    >>> [result.rate for result in table.results]
    [0.2, 0.4]
    """
    settings = _Settings(check_confidence(confidence), missing, invalid)
    lengths = _windows(windows)
    log = read_contacts(
        contacts, window=lengths[0], as_of=as_of, since=since, history_from=history_from, same_day=same_day,
        hours=hours, missing=missing, invalid=invalid,
    )  # fmt: skip
    tables = (RepeatTable(log.with_window(window)) for window in lengths)
    return RepeatSensitivity(tuple(_result(table.total(), settings, None) for table in tables))


def _windows(windows: Any) -> list[Any]:
    if isinstance(windows, (str, bytes, dt.timedelta)) or not isinstance(windows, Iterable):
        msg = f"windows must be a list of timedeltas (got {windows!r}), e.g. [timedelta(days=7), timedelta(days=30)]"
        raise ArgumentTypeError(msg, argument="windows", found=type(windows))
    lengths = list(windows)
    if not lengths:
        msg = "windows must name at least one window (got none), e.g. [timedelta(days=7), timedelta(days=30)]"
        raise ArgumentValueError(msg, argument="windows", found=windows)
    return lengths
