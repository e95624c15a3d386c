"""Waits of one clock in logarithmic bins: percentiles, targets and open waits that merge."""

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
from .._checks import check_choice
from .._clocks import Clock, as_counted, chat_like, read_log, reply_policy, service_targets
from .._core import durations, quantiles
from .._frozen import FrozenMap
from .._inputs import NAT
from ..batches import Batch, first_record
from ..errors import ArgumentTypeError, ArgumentValueError, InvalidValueError, MergeError
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets
from . import _saved
from ._scores import _whole_count
from ._sums import no_start

__all__ = ["CLOCKS", "DurationTally", "bracket_edges", "shown_brackets", "tally_clock"]

SCHEMA = 1
CLOCKS = ("first_response", "reply", "resolution")

_MICROSECOND = dt.timedelta(microseconds=1)
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
    way = "e.g. brackets=[timedelta(hours=1), timedelta(hours=4)]"
    if isinstance(brackets, (str, bytes, dt.timedelta)) or not isinstance(brackets, Iterable):
        msg = f"brackets must be a list of upper edges (got {brackets!r}), {way}"
        raise ArgumentTypeError(msg, argument="brackets", found=brackets)
    chosen = tuple(brackets)
    edges = tuple(_inputs.duration(edge, "brackets", positive=True) for edge in chosen)
    if any(later <= earlier for earlier, later in itertools.pairwise(edges)):
        msg = f"brackets must be ascending upper edges (got {chosen!r}), {way}"
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
        clock: "first_response", "reply" or "resolution".
        policy: definition of the policy that found the waits.
        target: definition of the target that `eligible` and `within` were counted against.
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
    rows: int = 0
    left_out: FrozenMap[LeftOut, int] = attrs.field(factory=FrozenMap)

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
        hours: None = None,
        targets: Any = None,
        as_of: Any = None,
        policy: ReplyPolicy = DEFAULT_POLICY,
        brackets: Sequence[dt.timedelta] | None = None,
        missing: str = "drop",
        invalid: str = "raise",
    ) -> DurationTally:
        """Count waits: bare durations, or one clock of a log.

        Args:
            data: timedeltas or timedelta64 of answered waits, or messages or conversations.
            open: ages of open waits, with bare durations.
            clock: which clock the waits belong to.
            conversations: beside a message log, as in `response_times`.
            changes: likewise.
            hours: not in a tally, which counts calendar time only; anything but None is refused with the way out.
            targets: as in `response_times`; a bare duration counts as opened long ago.
            as_of: "now"; give the same to every shard, or the tallies will not merge.
            policy: as in `response_times`.
            brackets: upper edges.
            missing: "drop" or "raise".
            invalid: "raise" or "drop".

        Raises:
            InvalidValueError: negative durations.
            ArgumentTypeError: business hours, or targets in business time.
            ArgumentValueError: a clock that the log does not have.
        """
        check_choice("clock", clock, CLOCKS)
        check_choice("missing", missing, ("drop", "raise"))
        check_choice("invalid", invalid, ("raise", "drop"))
        policy, promised, edges = reply_policy(policy), service_targets(targets), bracket_edges(brackets)
        if hours is not None:
            msg = (
                "hours must be left out: a tally counts calendar time only (got business hours); count business time "
                "of all rows at once with response_times(..., hours=...), or tally durations of your own: "
                "DurationTally.of(hours.between(starts, ends))"
            )
            raise ArgumentTypeError(msg, argument="hours", found=type(hours))
        if promised.in_business_time:
            msg = (
                "targets must be about calendar time here (got in_business_time); a tally knows no hours, count with "
                "response_times(..., hours=...)"
            )
            raise ArgumentTypeError(msg, argument="targets", found=targets)
        data = _inputs.materialise(data)
        if not isinstance(data, Batch) and first_record(data) is None and conversations is None and changes is None:
            gone: dict[str, int] = {}
            ended, ages = (
                _bare(values, name, gone, missing, invalid)
                for name, values in (("data", data), ("open", [] if open is None else open))
            )
            return _counted((ended, ages), (None, None), clock, promised, as_of, policy, edges, gone)
        if open is not None:
            msg = "open must be left out with a log: the log tells which waits are open"
            raise ArgumentTypeError(msg, argument="open")
        timeline = as_counted(
            read_log(
                data, conversations=conversations, changes=changes, targets=promised, as_of=as_of, policy=policy,
                missing=missing, invalid=invalid,
            )
        )  # fmt: skip
        if clock not in timeline.clocks:
            known = ", ".join(name for name in CLOCKS if name in timeline.clocks)
            why = f"; {clock} {timeline.reasons[clock]}" if clock in timeline.reasons else ""
            msg = f"clock must be one that the log has (got {clock!r}; it has {known or 'none'}{why})"
            raise ArgumentValueError(msg, argument="clock", found=clock)
        return tally_clock(
            timeline.clocks[clock], now=timeline.as_of, aware=timeline.aware, policy=timeline.policy.definition,
            target=promised.definition(clock), edges=edges, chat=chat_like(timeline.channels.among([range(1)])),
            rows=int(timeline.used.sum()),
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
            ArgumentTypeError: no mapping of durations.
            InvalidValueError: negative durations, counts that are no whole numbers of 0 or more.

        >>> from datetime import timedelta
        >>> import cxscore as cx
        >>> cx.DurationTally.from_counts({timedelta(minutes=4): 7, timedelta(hours=2): 1}).n
        8
        """
        check_choice("clock", clock, CLOCKS)
        policy, promised, edges = reply_policy(policy), service_targets(targets), bracket_edges(brackets)
        columns, times = [], []
        for name, counts in (("ended", ended), ("open", {} if open is None else open)):
            if not isinstance(counts, Mapping):
                found = type(counts).__name__
                msg = f"{name} must map durations to counts (got {found}), e.g. {{timedelta(minutes=4): 7}}"
                raise ArgumentTypeError(msg, argument=name, found=type(counts))
            columns.append(_bare(list(counts), name, {}, "raise", "raise"))
            times.append(np.array([_whole_count(count, key) for key, count in counts.items()], dtype=np.int64))
        return _counted(columns, times, clock, promised, as_of, policy, edges, {})

    @classmethod
    def empty(cls, clock: str = "first_response", **like: Any) -> DurationTally:
        """No waits: the start of a sum. Give `policy`, `target`, `as_of`, `aware` and `edges` of the tallies to come.

        >>> import cxscore as cx
        >>> cx.DurationTally.empty().n
        0
        """
        tally = cls(clock=check_choice("clock", clock, CLOCKS), **like)
        return attrs.evolve(tally, brackets=(0,) * (len(tally.edges) + 1) if tally.edges else ())

    def emptied(self) -> DurationTally:
        """An empty tally of the same kind."""
        return DurationTally.empty(
            self.clock, policy=self.policy, target=self.target, as_of=self.as_of, aware=self.aware, edges=self.edges
        )

    def _kind(self) -> tuple[Any, ...]:
        return self.clock, self.policy, self.target, self.as_of, self.aware, self.edges

    def _told(self, name: str) -> str:
        if name == "as_of":
            return _saved.iso(self.as_of, self.aware)
        return str([str(_MICROSECOND * edge) for edge in self.edges]) if name == "edges" else repr(getattr(self, name))

    def _blank(self) -> bool:
        """A bare `empty()`, which adds to anything of its clock."""
        return self == DurationTally.empty(self.clock)

    def __radd__(self, other: object) -> NoReturn:
        raise no_start(type(self).__name__, other)

    def __add__(self, other: object) -> DurationTally:
        if not isinstance(other, DurationTally):
            return NotImplemented
        if self.clock == other.clock and (self._blank() or other._blank()):
            return other if self._blank() else self
        if self._kind() != other._kind():
            names = ("clock", "policy", "target", "as_of", "aware", "edges")
            unlike = ", ".join(
                f"{name}: {self._told(name)} and {other._told(name)}"
                for name in names
                if getattr(self, name) != getattr(other, name)
            )
            msg = f"tallies of unlike waits do not add up (got {unlike}); count all shards with the same settings"
            raise MergeError(msg, argument="other", found=unlike)
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
            left_out=left_out(
                {reason: self.left_out.get(reason, 0) + other.left_out.get(reason, 0) for reason in LeftOut}
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values with a `schema` number; `from_dict` reads them back."""
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        for name in ("bins", "open_bins"):
            fields[name] = [list(pair) for pair in fields[name]]
        fields |= {name: list(fields[name]) for name in ("edges", "brackets")}
        fields["left_out"] = {str(reason): count for reason, count in self.left_out.items()}
        return {"schema": SCHEMA, "kind": "DurationTally", **fields}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DurationTally:
        """The tally that `to_dict` wrote, in this or an older release.

        Raises:
            ArgumentValueError: something else, a field that is damaged or not there, a schema of a newer release.
        """
        _saved.check_schema(data, "DurationTally", SCHEMA)
        fields = _saved.mapping(data, "DurationTally.to_dict()", _FIELDS)
        edges = len(fields["edges"])
        if len(fields["brackets"]) != (edges + 1 if edges else 0):
            msg = f"data has a damaged field 'brackets': {edges} edges need one count more (got {fields['brackets']})"
            raise ArgumentValueError(msg, argument="data", found=fields["brackets"])
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


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "clock": _saved.choice(*CLOCKS),
    "policy": _saved.text,
    "target": _saved.text,
    "as_of": _saved.optional(_saved.instant),
    "aware": _saved.optional(_saved.flag),
    **dict.fromkeys(("n", "waiting", "closed", "lapsed", "abandoned", "total"), _saved.count),
    **dict.fromkeys(("shortest", "longest", "longest_waiting"), _saved.optional(_saved.count)),
    "bins": _saved.pairs,
    "open_bins": _saved.pairs,
    **dict.fromkeys(("eligible", "within", "immature", "waiting_over_target"), _saved.count),
    "edges": _saved.several(_saved.count),
    "brackets": _saved.several(_saved.count),
    "chat": _saved.flag,
    "rows": _saved.count,
    "left_out": _saved.reasons,
}


def tally_clock(
    clock: Clock,
    *,
    now: int | None,
    aware: bool | None,
    policy: str,
    target: str,
    edges: tuple[int, ...],
    chat: bool,
    rows: int,
    left: FrozenMap[LeftOut, int],
) -> DurationTally:
    """The tally of one clock's columns."""
    found = durations.totals(
        clock.counted_from, clock.end, clock.outcome, clock.target, now or 0, np.array(edges, dtype=np.int64),
        unanswered_misses=clock.name != "reply",
    )._asdict()  # fmt: skip
    del found["old"], found["met"]
    return DurationTally(
        clock=clock.name, policy=policy, target=target, as_of=now, aware=aware, bins=_binned(found.pop("ended")),
        open_bins=_binned(found.pop("ages")), edges=edges, chat=chat, rows=rows, left_out=left, **found,
    )  # fmt: skip


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
    target = getattr(promised, clock)
    if isinstance(target, Mapping) and len(ended) + len(ages):
        msg = "targets must be one timedelta with bare durations (got a target per channel); they have no channel"
        raise ArgumentTypeError(msg, argument="targets", found=target)
    n, waiting = _count(ended >= 0, often), _count(ages >= 0, age_often)
    reached = [_count(ended <= edge, often) for edge in edges]
    against = {}
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
        clock=clock, policy=policy.definition, target=promised.definition(clock), as_of=now,
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
