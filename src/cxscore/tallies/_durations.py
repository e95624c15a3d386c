"""Waits of one clock in logarithmic bins: percentiles, targets and open waits that merge.

Business time stands beside calendar time as a tally of its own, made of the clock that `_open_time` measured.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._checks import check_choice, check_flag
from .._clocks import Clock, Timeline, chat_like, reply_policy, service_targets
from .._core import durations, quantiles
from .._frozen import FrozenMap
from .._inputs import NAT
from .._open_time import Schedules, hours_definition, promised_as, read_measured_log
from ..batches import Batch, first_record
from ..errors import ArgumentTypeError, ArgumentValueError, InvalidValueError, MergeError
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets
from . import _saved
from ._counts import whole_count
from ._sums import no_start

__all__ = ["CLOCKS", "TALLIED", "TIMED_TWICE", "DurationTally", "bracket_edges", "shown_brackets", "tally_clock"]

SCHEMA = 2  # 1 knew the clocks of promises only, and no business time
CLOCKS = ("first_response", "reply", "resolution")
"""Clocks that something can be promised for."""
TIMED_TWICE = (
    *CLOCKS, "first_resolution", "our_resolution", "requester_wait", "agent_wait", "on_hold", "work_time", "handoff",
)  # fmt: skip
"""Clocks that also run in business time, under `business_` and their name."""
TALLIED = (*TIMED_TWICE, "reopened_after")
"""All clocks that a tally may be of."""

_MICROSECOND = dt.timedelta(microseconds=1)
_LAST_BIN = int(quantiles.bin_of(np.array([np.iinfo(np.int64).max]))[0])
_MINUTE, _HOUR = 60_000_000, 3_600_000_000
_CHAT = tuple(minutes * _MINUTE for minutes in (1, 2, 5, 10, 30, 60))
_MAIL = tuple(hours * _HOUR for hours in (1, 4, 8, 24, 48))
# Waits are counted at the edges of both, as a shard cannot know what channels the others have.
_BOTH = tuple(sorted({*_CHAT, *_MAIL}))

Bins = tuple[tuple[int, int], ...]
Ints = npt.NDArray[np.int64]


def bracket_edges(brackets: Any) -> tuple[int, ...]:
    """Upper edges to count at in microseconds: as given, or those that any default may need.

    Raises:
        ArgumentTypeError: edges that are no timedeltas.
        InvalidValueError: edges that do not ascend from above zero.
    """
    if brackets is None:
        return _BOTH
    way = "brackets=[timedelta(hours=1), timedelta(hours=4)]"
    if isinstance(brackets, (str, bytes, dt.timedelta)) or not isinstance(brackets, Iterable):
        msg = f"brackets must be a list of upper edges (got {brackets!r}), e.g. {way}"
        raise ArgumentTypeError(msg, argument="brackets", found=brackets)
    chosen = tuple(brackets)
    edges = tuple(_inputs.duration(edge, "brackets", positive=True, way=way) for edge in chosen)
    if any(later <= earlier for earlier, later in itertools.pairwise(edges)):
        msg = f"brackets must be ascending upper edges (got {chosen!r}), e.g. {way}"
        raise InvalidValueError(msg, argument="brackets", found=chosen)
    return edges


def shown_brackets(
    edges: tuple[int, ...], counts: tuple[int, ...], *, chat: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Edges and counts to show: by default minutes for chat-like channels and hours for the rest."""
    if edges != _BOTH:
        return edges, counts
    chosen = _CHAT if chat else _MAIL
    starts = [0, *(edges.index(edge) + 1 for edge in chosen)]
    return chosen, tuple(sum(counts[start:stop]) for start, stop in itertools.pairwise((*starts, len(counts))))


@attrs.frozen(kw_only=True)
class DurationTally:
    """Waits of one clock: counts, sum and extremes exactly, percentiles within one percent.

    Every duration lies in a bin whose representative is within `relative_error` of it. Ages of open waits
    have bins of their own, so the Kaplan-Meier curve of merged tallies is that of the whole (durations and
    ages in one bin count as ended first).

    Args:
        clock: what `response_times` calls the clock, e.g. "first_response".
        policy: definition of the policy that found the waits.
        hours: digest of the business hours that `business` was measured by, "none" without.
        target: definition of the target that `eligible` and `within` were counted against; those of `business` where
            it begins with "business".
        as_of: "now" in microseconds since 1970; None for bare durations.
        aware: whether `as_of` is UTC.
        n: answered waits.
        waiting: open waits.
        closed: closed without an answer.
        lapsed: lapsed without an answer.
        abandoned: left by the customer without an answer.
        total: sum of answered waits in microseconds.
        shortest: shortest answered wait in microseconds, None without any.
        longest: longest answered wait.
        longest_waiting: age of the oldest open wait.
        bins: bin number and count of answered waits, ascending.
        open_bins: bin number and count of the ages of open waits.
        eligible: waits whose outcome against the target is known.
        within: of those, the ones answered within it.
        immature: waits too young for the target.
        waiting_over_target: open waits that have missed it already.
        edges: upper edges of the brackets in microseconds.
        brackets: answered waits by bracket.
        chat: whether every channel behind the waits is chat-like by name, which chooses the default brackets.
        ours: what "our_resolution" leaves out, "turns" of the customer or time in "statuses" that are theirs; None for
            all other clocks and without waits.
        business: the same waits in business time, a tally of its own of the same rows, without those on channels that
            have no schedule; None without hours.
        rows: rows of the input behind the waits.
        left_out: rows left out by reason.

    >>> from datetime import timedelta
    >>> import cxscore as cx
    >>> one = cx.DurationTally.of([timedelta(minutes=4), timedelta(minutes=9)])
    >>> two = cx.DurationTally.of([timedelta(hours=2)], open=[timedelta(days=1)])
    >>> both = one + two
    >>> both.n, both.waiting, both.longest
    (3, 1, 7200000000)
    """

    clock: str
    policy: str = DEFAULT_POLICY.definition
    hours: str = "none"
    target: str = "none"
    as_of: int | None = None
    aware: bool | None = None
    n: int = 0
    waiting: int = 0
    closed: int = 0
    lapsed: int = 0
    abandoned: int = 0
    total: int = 0
    shortest: int | None = None
    longest: int | None = None
    longest_waiting: int | None = None
    bins: Bins = ()
    open_bins: Bins = ()
    eligible: int = 0
    within: int = 0
    immature: int = 0
    waiting_over_target: int = 0
    edges: tuple[int, ...] = ()
    brackets: tuple[int, ...] = ()
    chat: bool = True
    ours: str | None = None
    business: DurationTally | None = None
    rows: int = 0
    left_out: FrozenMap[LeftOut, int] = attrs.field(factory=FrozenMap)

    def __attrs_post_init__(self) -> None:
        if (self.business is None) != (self.hours == "none" or self.clock not in TIMED_TWICE):
            there = "none" if self.business is None else "some"
            msg = (
                f"business must be there where a clock has hours to run in, and only there (got {there}, clock "
                f"{self.clock!r} and hours {self.hours!r}); DurationTally.of(log, hours=...) counts it, and emptied() "
                f"of a tally starts a sum"
            )
            raise ArgumentValueError(msg, argument="business", found=self.business)

    @property
    def in_business_time(self) -> bool:
        """Whether the target is about business time, so that calendar time is held against nothing."""
        return self.business is not None and self.business.target != self.target

    @property
    def relative_error(self) -> float:
        """Largest relative error of a percentile."""
        return quantiles.RELATIVE_ERROR

    @property
    def given(self) -> int:
        """Rows of the input."""
        return self.rows + sum(self.left_out.values())

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        open: Any = None,
        clock: str = "first_response",
        conversations: Any = None,
        changes: Any = None,
        hours: Schedules | None = None,
        targets: Any = None,
        as_of: Any = None,
        policy: ReplyPolicy = DEFAULT_POLICY,
        brackets: Sequence[dt.timedelta] | None = None,
        complete: bool = False,
        missing: str = "drop",
        invalid: str = "raise",
    ) -> DurationTally:
        """Count waits: bare durations, or one clock of a log.

        Args:
            data: timedeltas or timedelta64 of answered waits, or messages or conversations.
            open: ages of open waits, with bare durations.
            clock: which clock the waits belong to: any of `response_times` in calendar time. The one in business time
                comes along with `hours`.
            conversations: beside a message log, as in `response_times`.
            changes: likewise.
            hours: likewise, with a log; give the same to every shard. Bare durations are in the time that you measured
                them in, e.g. `DurationTally.of(hours.between(starts, ends))`.
            targets: as in `response_times`; a bare duration counts as opened long ago.
            as_of: "now"; give the same to every shard, or the tallies will not merge.
            policy: as in `response_times`.
            brackets: upper edges.
            complete: True for a shard of a log whose other shards tell the clock: what none of its conversations and
                changes tells (a status, an assignment, a first resolution, a hand-off) did not happen in it. Without
                it a shard in which no row tells the clock is refused, because nobody knows.
            missing: "drop" or "raise".
            invalid: "raise" or "drop".

        Raises:
            InvalidValueError: negative durations.
            ArgumentTypeError: business hours, or targets in business time, for bare durations; targets in business
                time without hours.
            ArgumentValueError: a clock that the log does not have.
            MixedTimeZonesError: hours, and instants without a zone.
        """
        check_choice("clock", clock, TALLIED)
        check_choice("missing", missing, ("drop", "raise"))
        check_choice("invalid", invalid, ("raise", "drop"))
        check_flag("complete", complete)
        schedule = hours_definition(hours)
        policy, promised, edges = reply_policy(policy), service_targets(targets), bracket_edges(brackets)
        data = _inputs.materialise(data)
        if not isinstance(data, Batch) and first_record(data) is None and conversations is None and changes is None:
            gone: dict[str, int] = {}
            ended, ages = (
                _bare(values, name, gone, missing, invalid)
                for name, values in (("data", data), ("open", [] if open is None else open))
            )
            if hours is None:
                return _counted((ended, ages), (None, None), clock, promised, as_of, policy, edges, gone)
            if len(ended) or len(ages) or any(gone.values()):
                msg = (
                    "hours must be left out with bare durations, which do not say when they were (got business "
                    "hours); measure them first, DurationTally.of(hours.between(starts, ends)), or pass a log"
                )
                raise ArgumentTypeError(msg, argument="hours", found=type(hours))
            data = []
        if open is not None:
            msg = "open must be left out with a log: the log tells which waits are open"
            raise ArgumentTypeError(msg, argument="open")
        timeline = read_measured_log(
            data, conversations=conversations, changes=changes, hours=hours, targets=promised, as_of=as_of,
            policy=policy, missing=missing, invalid=invalid, complete=complete,
        )  # fmt: skip
        clocks = timeline.clocks
        if not len(timeline.group) and not timeline.used.any() and not timeline.left:
            clocks = {**_nothing(clock, timed_twice=hours is not None), **clocks}
        if clock not in clocks:
            known = ", ".join(name for name in TALLIED if name in timeline.clocks)
            why = f"; {clock} {timeline.reasons[clock]}" if clock in timeline.reasons else ""
            msg = f"clock must be one that the log has (got {clock!r}; it has {known or 'none'}{why})"
            raise ArgumentValueError(msg, argument="clock", found=clock)
        return tally_clock(
            clock, clocks, timeline, targets=promised, hours=schedule, edges=edges,
            chat=chat_like(timeline.channels.among([range(1)])), rows=int(timeline.used.sum()),
            left=left_out({reason: counts.sum() for reason, counts in timeline.left.items()}),
        )  # fmt: skip

    @classmethod
    def from_counts(
        cls,
        ended: Mapping[dt.timedelta, int],
        *,
        open: Mapping[dt.timedelta, int] | None = None,
        clock: str = "first_response",
        targets: Any = None,
        as_of: Any = None,
        policy: ReplyPolicy = DEFAULT_POLICY,
        brackets: Sequence[dt.timedelta] | None = None,
    ) -> DurationTally:
        """Waits that were counted elsewhere, e.g. by SQL.

        Args:
            ended: answered waits: duration to how many.
            open: open waits: age to how many.
            clock: which clock the waits belong to.
            targets: as in `response_times`; answered waits count as opened long ago.
            as_of: "now" of the ages; tallies with another refuse to merge.
            policy: the policy that found the waits.
            brackets: upper edges.

        Raises:
            ArgumentTypeError: no mapping of durations; targets in business time.
            InvalidValueError: negative durations, counts that are no whole numbers of 0 or more.

        >>> from datetime import timedelta
        >>> import cxscore as cx
        >>> cx.DurationTally.from_counts({timedelta(minutes=4): 7, timedelta(hours=2): 1}).n
        8
        """
        check_choice("clock", clock, TALLIED)
        policy, promised, edges = reply_policy(policy), service_targets(targets), bracket_edges(brackets)
        columns, times = [], []
        for name, counts in (("ended", ended), ("open", {} if open is None else open)):
            if not isinstance(counts, Mapping):
                found = type(counts).__name__
                msg = f"{name} must map durations to counts (got {found}), e.g. {{timedelta(minutes=4): 7}}"
                raise ArgumentTypeError(msg, argument=name, found=type(counts))
            columns.append(_bare(list(counts), name, {}, "raise", "raise"))
            times.append(np.array([whole_count(count, key) for key, count in counts.items()], dtype=np.int64))
        return _counted(columns, times, clock, promised, as_of, policy, edges, {})

    @classmethod
    def empty(cls, clock: str = "first_response", **like: Any) -> DurationTally:
        """No waits: the start of a sum of any tallies of that clock.

        Give `policy`, `target`, `as_of`, `aware` and `edges` of the tallies to come for one that refuses others; or
        take `emptied()` of one of them, which also knows of hours.

        >>> import cxscore as cx
        >>> cx.DurationTally.empty().n
        0
        """
        return cls(clock=check_choice("clock", clock, TALLIED), **like).emptied()

    def emptied(self) -> DurationTally:
        """An empty tally of the same kind."""
        return DurationTally(
            **dict(zip(_KIND, self._kind(), strict=True)),
            brackets=(0,) * (len(self.edges) + 1) if self.edges else (),
            business=None if self.business is None else self.business.emptied(),
        )

    def _kind(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _KIND)

    def _told(self, name: str) -> str:
        if name == "as_of":
            return _saved.iso(self.as_of, self.aware)
        return str([str(_MICROSECOND * edge) for edge in self.edges]) if name == "edges" else repr(getattr(self, name))

    def _blank(self) -> bool:
        """A bare `empty()`, which adds to anything of its clock."""
        return self == DurationTally(clock=self.clock)

    def __radd__(self, other: object) -> NoReturn:
        raise no_start(type(self).__name__, other)

    def __add__(self, other: object) -> DurationTally:
        if not isinstance(other, DurationTally):
            return NotImplemented
        if self.clock == other.clock and (self._blank() or other._blank()):
            return other if self._blank() else self
        unlike = [name for name in _KIND if getattr(self, name) != getattr(other, name)]
        if None not in (self.ours, other.ours) and self.ours != other.ours:
            unlike.append("ours")
        if unlike:
            found = ", ".join(f"{name}: {self._told(name)} and {other._told(name)}" for name in unlike)
            msg = f"tallies of unlike waits do not add up (got {found}); count all shards with the same settings"
            raise MergeError(msg, argument="other", found=found)
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in (
                "n", "waiting", "closed", "lapsed", "abandoned", "total", "eligible", "within", "immature",
                "waiting_over_target", "rows",
            )
        }  # fmt: skip
        return attrs.evolve(
            self,
            **sums,
            shortest=_either(min, self.shortest, other.shortest),
            longest=_either(max, self.longest, other.longest),
            longest_waiting=_either(max, self.longest_waiting, other.longest_waiting),
            bins=_merged(self.bins, other.bins),
            open_bins=_merged(self.open_bins, other.open_bins),
            brackets=tuple(a + b for a, b in zip(self.brackets, other.brackets, strict=True)),
            chat=self.chat and other.chat,
            ours=self.ours or other.ours,
            business=None if self.business is None or other.business is None else self.business + other.business,
            left_out=left_out(
                {reason: self.left_out.get(reason, 0) + other.left_out.get(reason, 0) for reason in LeftOut}
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values with a `schema` number; `from_dict` reads them back."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        fields |= {name: list(fields[name]) for name in ("edges", "brackets")}
        fields |= {name: [list(pair) for pair in fields[name]] for name in ("bins", "open_bins")}
        fields["left_out"] = {str(reason): count for reason, count in self.left_out.items()}
        business = None if self.business is None else self.business.to_dict()
        fields["business"] = None if business is None else {name: business[name] for name in _COUNTED}
        return {"schema": SCHEMA, "kind": "DurationTally", **fields}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DurationTally:
        """The tally that `to_dict` wrote, in this or an older release.

        Raises:
            ArgumentValueError: something else, a field that is damaged or not there, a schema of a newer release.
        """
        _saved.check_schema(data, "DurationTally", SCHEMA)
        if data["schema"] == 1:
            data = {"hours": "none", "ours": None, "business": None, **data}
        fields = _saved.mapping(data, "DurationTally.to_dict()", _FIELDS)
        beside = fields["business"]
        if beside is not None:
            _refuse_other_target(fields["target"], beside["target"])
            clock = f"business_{fields['clock']}"
            fields["business"] = cls(**{**fields, "clock": clock, "business": None, **beside})
        for one in (fields, beside):
            edges = len(fields["edges"])
            if one is not None and len(one["brackets"]) != (edges + 1 if edges else 0):
                msg = f"data has a damaged field 'brackets': {edges} edges need one count more (got {one['brackets']})"
                raise ArgumentValueError(msg, argument="data", found=one["brackets"])
        for one, name in ((fields, "data"), (beside, "business time in data")):
            if one is not None:
                _saved.agree(one, "DurationTally", _agreement(one), name)
        return cls(**fields)

    def to_bytes(self) -> bytes:
        """`to_dict` as UTF-8 JSON."""
        return json.dumps(self.to_dict()).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> DurationTally:
        """The tally that `to_bytes` wrote.

        Raises:
            ArgumentValueError: as `from_dict`.
        """
        return cls.from_dict(_saved.load(data, "DurationTally"))


# What must be the same of two tallies that add up.
_KIND = ("clock", "policy", "hours", "target", "as_of", "aware", "edges")


def _read_bins(data: Any) -> Bins:
    found = _saved.pairs(data)
    places = [-1, *(place for place, _ in found), _LAST_BIN + 1]
    if any(later <= earlier for earlier, later in itertools.pairwise(places)):
        msg = f"bins must ascend from 0 to {_LAST_BIN}"
        raise ValueError(msg)
    return found


# What business time has of its own.
_COUNTED: dict[str, Callable[[Any], Any]] = {
    "target": _saved.text,
    **dict.fromkeys(("n", "waiting", "closed", "lapsed", "abandoned", "total"), _saved.count),
    **dict.fromkeys(("shortest", "longest", "longest_waiting"), _saved.optional(_saved.count)),
    "bins": _read_bins,
    "open_bins": _read_bins,
    **dict.fromkeys(("eligible", "within", "immature", "waiting_over_target"), _saved.count),
    "brackets": _saved.several(_saved.count),
}


def _read_counted(data: Any) -> dict[str, Any]:
    return _saved.mapping(data, "DurationTally.to_dict()", _COUNTED)


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "clock": _saved.choice(*TALLIED, *(f"business_{name}" for name in TIMED_TWICE)),
    "policy": _saved.text,
    "hours": _saved.text,
    "as_of": _saved.optional(_saved.instant),
    "aware": _saved.optional(_saved.flag),
    **_COUNTED,
    "edges": _saved.several(_saved.count),
    "chat": _saved.flag,
    "ours": _saved.optional(_saved.choice("turns", "statuses")),
    "business": _saved.optional(_read_counted),
    "rows": _saved.count,
    "left_out": _saved.reasons,
}


def _agreement(counted: Mapping[str, Any]) -> _saved.Rules:
    """What is counted twice in a tally, and whether both say the same."""
    n, waiting, least, most = (counted[name] for name in ("n", "waiting", "shortest", "longest"))
    bins, open_bins, brackets = (counted[name] for name in ("bins", "open_bins", "brackets"))
    every = n + waiting + counted["closed"] + counted["lapsed"] + counted["abandoned"]
    return [
        (("n", "bins"), n == sum(count for _, count in bins)),
        (("waiting", "open_bins"), waiting == sum(count for _, count in open_bins)),
        (("n", "brackets"), not brackets or n == sum(brackets)),
        (("n", "shortest"), (least is None) == (n == 0)),
        (("n", "longest"), (most is None) == (n == 0)),
        (("waiting", "longest_waiting"), (counted["longest_waiting"] is None) == (waiting == 0)),
        (("n", "total", "shortest", "longest"), n * (least or 0) <= counted["total"] <= n * (most or 0)),
        (("n", "eligible", "within"), counted["within"] <= min(n, counted["eligible"])),
        (
            ("n", "waiting", "closed", "lapsed", "abandoned", "eligible", "immature"),
            counted["eligible"] + counted["immature"] <= every,
        ),
        (("waiting", "waiting_over_target"), counted["waiting_over_target"] <= waiting),
    ]


def _refuse_other_target(whole: str, business: str) -> None:
    if whole not in (business, f"business {business}"):
        msg = (
            f"data has a damaged field 'target': business time is held against the same one (got {whole!r} and "
            f"{business!r})"
        )
        raise ArgumentValueError(msg, argument="data", found=whole)


def tally_clock(
    name: str,
    clocks: Mapping[str, Clock],
    timeline: Timeline,
    *,
    targets: ServiceTargets,
    hours: str,
    edges: tuple[int, ...],
    chat: bool,
    rows: int,
    left: FrozenMap[LeftOut, int],
) -> DurationTally:
    """The tally of one clock's columns, and of those of the same clock in business time."""
    clock, business = clocks[name], clocks.get(f"business_{name}") if name in TIMED_TWICE else None
    tally = DurationTally(
        clock=name, policy=timeline.policy.definition, target=_target(targets, name), as_of=timeline.as_of,
        aware=timeline.aware, edges=edges, chat=chat,
        ours=timeline.ours if name == "our_resolution" and len(clock.start) else None, rows=rows, left_out=left,
        **_found(clock, timeline.as_of or 0, edges),
    )  # fmt: skip
    if business is None:
        return tally
    plain = _target(attrs.evolve(targets, in_business_time=False), name)
    beside = attrs.evolve(tally, clock=business.name, hours=hours, target=plain, **_found(business, 0, edges))
    return attrs.evolve(tally, hours=hours, business=beside)


def _nothing(name: str, *, timed_twice: bool) -> dict[str, Clock]:
    """A clock without waits, as every clock of a log without rows is."""
    none = np.empty(0, dtype=np.int64)
    clock = Clock(name, none, none, np.empty(0, dtype=np.int8), target=None, group=None, conversation=none)
    business = {f"business_{name}": attrs.evolve(clock, name=f"business_{name}")} if timed_twice else {}
    return {name: clock, **business}


def _target(targets: ServiceTargets, clock: str) -> str:
    """What a signature says of the target of a clock."""
    name = promised_as(f"business_{clock}", targets)
    return "none" if name is None else targets.definition(name)


def _found(clock: Clock, now: int, edges: tuple[int, ...]) -> dict[str, Any]:
    """What is counted of a clock."""
    found = durations.totals(
        clock.counted_from, clock.end, clock.outcome, clock.target, now, np.array(edges, dtype=np.int64),
        unanswered_misses=not clock.name.endswith("reply"),
    )._asdict()  # fmt: skip
    del found["old"], found["met"]
    return {"bins": _binned(found.pop("ended")), "open_bins": _binned(found.pop("ages")), **found}


def _bare(values: Any, name: str, gone: dict[str, int], missing: str, invalid: str) -> Ints:
    """Durations that count; the others are counted in `gone`."""
    values = _inputs.materialise(values)
    micros = _inputs.durations(values, name)
    absent = micros == NAT
    if absent.any() and missing == "raise":
        _inputs.refuse_missing(name, absent)
    negative = ~absent & (micros < 0)
    if negative.any() and invalid == "raise":
        _inputs.refuse_invalid(name, "not be negative", negative, values)
    for reason, mask in ((LeftOut.MISSING, absent), (LeftOut.INVALID, negative)):
        gone[reason] = gone.get(reason, 0) + int(mask.sum())
    kept: Ints = micros[~absent & ~negative]
    return kept


def _counted(
    values: Sequence[Ints], times: Sequence[Ints | None], clock: str, promised: ServiceTargets, as_of: Any,
    policy: ReplyPolicy, edges: tuple[int, ...], gone: Mapping[str, int],
) -> DurationTally:  # fmt: skip
    """The tally of bare durations and of ages, each of which counts so many times (None: once)."""
    (ended, often), (ages, age_often) = (
        (column, weight) if weight is None else (column[weight > 0], weight[weight > 0])
        for column, weight in zip(values, times, strict=True)
    )
    if promised.in_business_time:
        msg = (
            "targets must not say in_business_time with bare durations, which are in whatever time they were measured "
            "in; hold those of business time against plain targets, or pass messages and hours"
        )
        raise ArgumentTypeError(msg, argument="targets", found=promised)
    name = promised_as(clock, promised)
    target = None if name is None else getattr(promised, name)
    if isinstance(target, Mapping) and len(ended) + len(ages):
        msg = "targets must be one timedelta with bare durations (got a target per channel); they have no channel"
        raise ArgumentTypeError(msg, argument="targets", found=target)
    n, waiting = _count(ended >= 0, often), _count(ages >= 0, age_often)
    reached = [_count(ended <= edge, often) for edge in edges]
    against: dict[str, Any] = {}
    if isinstance(target, dt.timedelta):
        limit = _inputs.duration(target, "targets")
        old = _count(ages >= limit, age_often)
        against = {
            "eligible": n + old,
            "within": _count(ended <= limit, often),
            "immature": waiting - old,
            "waiting_over_target": _count(ages > limit, age_often),
        }
    now = None if as_of is None else _inputs.instant(as_of, "as_of", aware=None)
    return DurationTally(
        clock=clock, policy=policy.definition, target=_target(promised, clock), as_of=now,
        aware=None if now is None else _inputs.instants([as_of], "as_of")[1], n=n, waiting=waiting,
        total=durations.exact_sum(ended) if often is None
        else sum(value * times for value, times in zip(ended.tolist(), often.tolist(), strict=True)),
        shortest=int(ended.min()) if n else None, longest=int(ended.max()) if n else None,
        longest_waiting=int(ages.max()) if waiting else None,
        bins=_binned(ended, often), open_bins=_binned(ages, age_often), edges=edges,
        brackets=tuple(b - a for a, b in itertools.pairwise((0, *reached, n))) if edges else (),
        chat=n + waiting == 0, rows=n + waiting, left_out=left_out(gone), **against,
    )  # fmt: skip


def _count(mask: npt.NDArray[np.bool_], often: Ints | None) -> int:
    return int(np.count_nonzero(mask) if often is None else often[mask].sum())


def _binned(values: Ints, times: Ints | None = None) -> Bins:
    if times is not None:
        found = zip(quantiles.bin_of(values).tolist(), times.tolist(), strict=True)
        return _merged((), found)
    bins, counts = quantiles.counts(values)
    return tuple(zip(bins.tolist(), counts.tolist(), strict=True))


def _merged(mine: Bins, theirs: Iterable[tuple[int, int]]) -> Bins:
    total = dict(mine)
    for place, count in theirs:
        total[place] = total.get(place, 0) + count
    return tuple(sorted(total.items()))


def _either(choose: Any, mine: int | None, theirs: int | None) -> int | None:
    if mine is None or theirs is None:
        return mine if theirs is None else theirs
    return int(choose(mine, theirs))
