"""Outliers: the extremes that are read one by one, each with its limit, its distance and the reason.

Door (`_inputs`, batches) → core (`fences`) → frozen result. Numbers and durations are one path: durations are
judged in microseconds and come back as timedeltas. Everything about a flagged item is made when it is looked at.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._calls import guided
from .._checks import check_choice
from .._clocks import reply_policy
from .._core import fences as core
from .._core import quantiles
from .._grouping import Grouping, combine, group_rows, read_key, split_keys
from .._results import Brief, Result, Signature, put, show
from .._story import Story, tell
from ..batches import Batch, Contacts, Conversations, Messages, Responses, as_batch, first_record
from ..errors import ArgumentTypeError, ArgumentValueError, MergeError, UnknownNameError, shown
from ..groups import Groups
from ..hours import BusinessHours
from ..periods import Period
from ..policies import DEFAULT_POLICY, ReplyPolicy
from ..records import Conversation, Message, SurveyResponse
from ..tallies._durations import DurationTally

__all__ = ["Fence", "Flagged", "Outlier", "OutlierRule", "OutlierSide", "OutliersResult", "outliers"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OutlierRule = Literal["mad", "double-mad", "tukey", "sd"]
OutlierSide = Literal["high", "low", "both"]
Value = Any  # a timedelta, or a plain int or float
Source = Batch[Any] | Sequence[Any]  # what records come from: a batch, or the rows of a table

_SIDES = ("high", "low", "both")
_RULE_TITLES = {"mad": "MAD", "double-mad": "double MAD", "tukey": "Tukey", "sd": "SD", "limit": "stated limit"}
_MICROSECOND = timedelta(microseconds=1)
# The most that units of a policy cut off a wait.
_SLACK = {
    "second": timedelta(0), "minute": timedelta(minutes=1) - _MICROSECOND, "hour": timedelta(hours=1) - _MICROSECOND
}  # fmt: skip
_LONGEST = 2.0**63  # microseconds that numpy can hold: no duration is beyond
_SHOWN = 20


def _plain_limit(value: Any, argument: str) -> Value:
    """A limit as a timedelta or a plain finite number, None for no limit."""
    if value is None or isinstance(value, timedelta):
        return value
    if isinstance(value, np.timedelta64):
        return _inputs.duration(value, argument) * _MICROSECOND
    if isinstance(value, (np.integer, np.floating)):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        msg = f"{argument} must be a number or a timedelta (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if not abs(value) <= sys.float_info.max:
        msg = f"{argument} must be a finite number (got {shown(value)}); None stands for no limit"
        raise ArgumentValueError(msg, argument=argument, found=value)
    return value


def _low(value: Any) -> Value:
    return _plain_limit(value, "low")


def _high(value: Any) -> Value:
    return _plain_limit(value, "high")


def _centre(value: Any) -> Value:
    return _plain_limit(value, "centre")


@attrs.frozen
class Fence:
    """Limits beyond which a value is flagged, on their own: found on one part of the data, used on any other.

    Args:
        low: values strictly below it are flagged; a number or a timedelta, None for no lower limit.
        high: values strictly above it are flagged; of the same kind as `low`.
        rule: how the limits were found.
        cutoff: multiple of the spread that the rule used, None without one.
        log: whether the rule judged logarithms.
        centre: median or mean around which the limits lie, None where unknown or undefined.
        relative_error: largest relative error of the values that the limits were found from; 0.0 when exact.

    Raises:
        ArgumentTypeError: a limit that is no number and no timedelta, or one of each.
        ArgumentValueError: limits that are not finite, or a `low` above `high`.

    >>> import cxscore as cx
    >>> cx.Fence(high=9).flags([3, 9, 10, None]).tolist()
    [False, False, True, False]
    """

    low: Value = attrs.field(default=None, converter=_low)
    high: Value = attrs.field(default=None, converter=_high)
    rule: str = "own"
    cutoff: float | None = attrs.field(default=None, kw_only=True)
    log: bool = attrs.field(default=False, kw_only=True)
    centre: Value = attrs.field(default=None, kw_only=True, converter=_centre)
    relative_error: float = attrs.field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        if len({isinstance(limit, timedelta) for limit in limits}) > 1:
            msg = f"low and high must both be numbers or both timedeltas (got {self.low!r} and {self.high!r})"
            raise ArgumentTypeError(msg, argument="low", found=(self.low, self.high))
        if len(limits) == 2 and self.low > self.high:
            msg = f"low must not be above high (got {self.low!r} and {self.high!r}); swap them"
            raise ArgumentValueError(msg, argument="low", found=(self.low, self.high))

    @classmethod
    def from_tally(
        cls,
        tally: DurationTally,
        rule: OutlierRule = "mad",
        cutoff: float | None = None,
        side: OutlierSide = "high",
        log: bool | None = None,
    ) -> Fence:
        """The fence of the answered waits that a tally has counted, for data in shards.

        Every wait counts as the middle of its bin, so `relative_error` is that of the tally; the limits of a rule
        on the log scale may move by a few times as much, as the cutoff multiplies the error of the spread.

        Args:
            tally: answered waits of all shards together; open ones are not looked at.
            rule: "mad", "double-mad", "tukey" or "sd".
            cutoff: multiple of the spread; the rule's customary one by default.
            side: "high", "low" or "both".
            log: judge logarithms; None means True, as for all durations.

        Raises:
            ArgumentTypeError: no DurationTally.
            UnknownNameError: an unknown rule or side.

        >>> from datetime import timedelta
        >>> import cxscore as cx
        >>> waits = [timedelta(minutes=minutes) for minutes in (4, 5, 6, 7, 9)]
        >>> shards = [cx.DurationTally.of(waits), cx.DurationTally.of([timedelta(minutes=8)])]
        >>> fence = cx.Fence.from_tally(shards[0] + shards[1])
        >>> fence.flags([timedelta(minutes=10), timedelta(hours=4)]).tolist()
        [False, True]
        """
        if not isinstance(tally, DurationTally):
            msg = f"tally must be a DurationTally (got {type(tally).__name__}), as cx.DurationTally.of(waits) makes it"
            raise ArgumentTypeError(msg, argument="tally", found=type(tally))
        check_choice("rule", rule, core.RULES)
        settings = _settings(rule, cutoff, None, side, log, "drop", "raise", durations=True)
        bins, repeats = np.array(tally.bins, dtype=np.int64).reshape(-1, 2).T
        limits = _limits(quantiles.value_of(bins), None, 1, settings, durations=True, repeats=repeats)
        return attrs.evolve(limits.fence(0), relative_error=tally.relative_error)

    def flags(self, values: Any) -> Bools:
        """Which values lie strictly outside the limits; a missing one does not, an infinite one may.

        Args:
            values: 1-D ArrayLike of numbers or durations, as the limits are.

        Returns:
            bool array of the same length.

        Raises:
            ArgumentTypeError: numbers for limits that are durations, or the other way round.
        """
        found, durations = _inputs.measures(_inputs.materialise(values), "values")
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        wanted = isinstance(limits[0], timedelta) if limits else durations
        if durations is not None and durations is not wanted:
            is_a, got = ("timedelta", "numbers") if wanted else ("number", "durations")
            msg = f"values must be of the same kind as the limits of the fence (got {got}, a limit is a {is_a})"
            raise ArgumentTypeError(msg, argument="values", found=got)
        low, high = (_bound(limit, open_end) for limit, open_end in ((self.low, -np.inf), (self.high, np.inf)))
        flagged = core.outside(found.data.astype(np.float64, copy=False), low, high)
        if found.missing is not None:
            flagged &= ~found.missing
        return flagged

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`."""
        fields = attrs.asdict(self, recurse=False)
        durations = any(isinstance(value, timedelta) for value in fields.values())
        out: dict[str, Any] = {}
        for name, value in fields.items():
            put(out, name, value, duration=durations and name in ("low", "high", "centre"))
        return out

    def __str__(self) -> str:
        limits = [
            f"{word} {_figure(limit)}"
            for word, limit in (("below", self.low), ("above", self.high))
            if limit is not None
        ]
        return f"{' or '.join(limits) or 'no limit'} ({self._title})"

    @property
    def _title(self) -> str:
        parts = [_RULE_TITLES.get(self.rule, self.rule) + (" on the log scale" if self.log else "")]
        if self.cutoff is not None:
            parts.append(f"cutoff {self.cutoff:g}")
        return ", ".join(parts)

    def _passed(self, value: Value) -> tuple[Value, Value, str]:
        """The limit that a flagged value has passed, how far, and in which direction."""
        if self.low is None or (self.high is not None and value > self.high):
            return self.high, value - self.high, "over"
        return self.low, self.low - value, "under"


def _bound(limit: Value, open_end: float) -> float:
    """A limit in the unit that values are judged in."""
    if limit is None:
        return open_end
    return float(limit // _MICROSECOND if isinstance(limit, timedelta) else limit)


def _figure(value: Value) -> str:
    if isinstance(value, timedelta):
        return show(value)
    return (f"{value:,}" if isinstance(value, int) else f"{value:,.6g}").replace("-", "−")


@attrs.frozen
class Outlier:
    """One flagged value.

    Attributes:
        index: position in the input, from 0.
        value: the value: a timedelta, or a plain number.
        limit: the limit it passed.
        distance: how far beyond the limit, in the unit of the value.
        reason: one sentence that says all of this.
        record: the record that holds the value (a dict for a row of a table of waits), None for plain values.

    >>> import cxscore as cx
    >>> worst = cx.outliers([1, 2, 100], limit=50).flagged[0]
    >>> worst.index, worst.value, worst.distance
    (2, 100, 50)
    """

    index: int
    value: Value
    limit: Value
    distance: Value
    reason: str
    record: Any = None

    def explain(
        self,
        log: Any,
        *,
        changes: Any = None,
        hours: BusinessHours | Mapping[Any, BusinessHours] | None = None,
        policy: ReplyPolicy = DEFAULT_POLICY,
    ) -> Story:
        """The story of the conversation behind the value: who wrote and did what, and what was waited for.

        Args:
            log: `Message` records or a `Messages` batch, the log that was measured.
            changes: `Change` records or a `Changes` batch: then the story tells statuses and hand-overs, too.
            hours: the schedule that was measured with, or the mapping of channels and names to schedules: then the
                story says which hours counted, each from the change on that names it. The log needs a zone.
            policy: the policy that was measured with: its `schedule_change` says which hours count where they change,
                and its `unit` what was cut off.

        Returns:
            Story: messages and changes in order; for a row of `ResponseTimesResult.table()` with its wait marked.

        Raises:
            ArgumentTypeError: an outlier among plain values, or of records that belong to no conversation.
            ArgumentValueError: a log without that conversation.
            MixedTimeZonesError: hours beside instants without a zone.

        >>> from datetime import datetime, timedelta
        >>> import cxscore as cx
        >>> log = [
        ...     cx.Message(conversation=7, at=datetime(2026, 3, 2, 9), author="customer"),
        ...     cx.Message(conversation=7, at=datetime(2026, 3, 8, 9), author="agent", agent="ann"),
        ... ]
        >>> waits = cx.response_times(log).table()
        >>> print(cx.outliers(waits, limit=timedelta(days=5)).flagged[0].explain(log))
        conversation 7: waited 6.0 d
          2026-03-02 09:00  customer              the wait begins
          2026-03-08 09:00  agent ann             the answer; after 6.0 d
        """
        record = self.record
        if isinstance(record, Mapping) and {"conversation", "start", "wait", "ended"} <= record.keys():
            rule = reply_policy(policy)
            known = {name: record[name] for name in ("as_of", "channel", "business_wait") if name in record}
            return tell(
                log,
                record["conversation"],
                start=record["start"],
                wait=record["wait"],
                end=record.get("end"),
                ended=record["ended"],
                changes=changes,
                hours=hours,
                schedule_change=rule.schedule_change,
                slack=_SLACK[rule.unit],
                **known,
            )
        if isinstance(record, Conversation):
            return tell(log, record.id, changes=changes, hours=hours)
        if isinstance(record, (Message, SurveyResponse)) and record.conversation is not None:
            return tell(log, record.conversation, changes=changes, hours=hours)
        msg = (
            f"explain needs an outlier that belongs to a conversation (got the record {record!r:.60}); judge waits "
            f"with their rows, cx.outliers(cx.response_times(log).table()), or conversations with of="
        )
        raise ArgumentTypeError(msg, argument="self", found=type(record))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the record; durations as float seconds under `..._seconds`."""
        out: dict[str, Any] = {}
        for name in ("index", "value", "limit", "distance", "reason"):
            put(out, name, getattr(self, name))
        return out


class Flagged(Sequence[Outlier]):
    """Flagged values, worst first; each `Outlier` is made when it is looked up.

    Equal by content: the records behind the values take no part.
    """

    __slots__ = ("_durations", "_excess", "_fence", "_indices", "_order", "_source", "_values")

    def __init__(
        self, indices: Ints, values: Array, excess: Floats, fence: Fence, source: Source | None, durations: bool
    ) -> None:
        self._indices = _inputs.read_only(indices)
        self._values = _inputs.read_only(values)
        self._excess = _inputs.read_only(excess)
        self._fence = fence
        self._source = source
        self._durations = durations
        self._order: Ints | None = None

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, place: int) -> Outlier: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Outlier, ...]: ...
    def __getitem__(self, place: int | slice) -> Outlier | tuple[Outlier, ...]:
        if self._order is None:
            self._order = np.argsort(-self._excess, kind="stable")
        if isinstance(place, slice):
            return tuple(self._outlier(int(i)) for i in self._order[place])
        return self._outlier(int(self._order[range(len(self))[place]]))

    def _outlier(self, i: int) -> Outlier:
        index, value = int(self._indices[i]), self._values[i].item()
        if self._durations:
            value = value * _MICROSECOND
        fence = self._fence
        limit, distance, direction = fence._passed(value)
        verb = "waited " if self._durations else ""
        reason = (
            f"{verb}{_figure(value)}, {_figure(distance)} {direction} the limit of {_figure(limit)} ({fence._title})"
        )
        record = None if self._source is None else self._source[index]
        return Outlier(index, value, limit, distance, reason, record)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flagged):
            return NotImplemented
        return (
            (self._fence, self._durations) == (other._fence, other._durations)
            and np.array_equal(self._indices, other._indices)
            and np.array_equal(self._values, other._values)
        )

    def __hash__(self) -> int:
        return hash((type(self), self._fence, len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self._indices, self._values, self._excess, self._fence, self._source, self._durations)
        return Flagged, parts

    def __repr__(self) -> str:
        return f"Flagged({len(self):,} values, worst first)"


@attrs.frozen(kw_only=True, eq=False)
class OutliersResult(Result):
    """Values outside a fence, each with its way back.

    Attributes:
        flagged: sequence of `Outlier`, worst first: farthest beyond its limit, counted in spreads on the scale
            that was judged, or in the unit of the values for stated limits and own rules; ties by position.
        fence: the limits.
        undecidable: the values have no spread that a rule could measure; nothing is flagged.

    >>> import cxscore as cx
    >>> result = cx.outliers([1, 2, 100], limit=50)
    >>> result.count, result.indices.tolist(), result.mask.tolist()
    (1, [2], [False, False, True])
    """

    flagged: Flagged = attrs.field(repr=False)
    fence: Fence
    undecidable: bool
    _because: str = attrs.field(repr=False)
    _rows: int = attrs.field(repr=False)

    _headline: ClassVar[str] = "count"
    interval: ClassVar[None] = None

    @property
    def count(self) -> int:
        """How many values are flagged."""
        return len(self.flagged)

    @property
    def indices(self) -> Ints:
        """Positions of the flagged values in the whole input, ascending; int64, read-only."""
        return self.flagged._indices

    @property
    def mask(self) -> Bools:
        """True where a value is flagged, for every row of the whole input; read-only."""
        mask = np.zeros(self._rows, dtype=np.bool_)
        mask[self.indices] = True
        return _inputs.read_only(mask)

    def __hash__(self) -> int:
        return hash((type(self), self.signature, self.given))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: durations as float seconds under `..._seconds`; all flagged values, worst first."""
        return {**super().to_dict(), "count": self.count, "flagged": [item.to_dict() for item in self.flagged]}

    def __str__(self) -> str:
        if self.undecidable:
            return f"no outliers, undecidable: {self._because} (n={self.n:,})"
        return f"{self.count:,} {'outlier' if self.count == 1 else 'outliers'} {self.fence}, n={self.n:,}"

    def _brief(self) -> Brief:
        return Brief("outliers", "undecidable" if self.undecidable else f"{self.count:,}", "", self.n)

    def _lines(self) -> list[tuple[str, str]]:
        rows = [
            ("flagged", f"{self.count:,}"),
            ("fence", f"undecidable: {self._because}" if self.undecidable else str(self.fence)),
            ("values", f"{self.n:,}"),
            *((f"row {item.index:,}", item.reason) for item in self.flagged[:_SHOWN]),
        ]
        more = self.count - _SHOWN
        return [*rows, ("", f"... and {more:,} more")] if more > 0 else rows


# -- what was asked for ------------------------------------------------------------------------------


@attrs.frozen
class _Settings:
    """How to judge, and what writes the signature."""

    rule: str
    cutoff: float | None
    function: Callable[[Floats], Fence] | None
    stated: Fence | None
    side: str
    log: bool
    missing: str
    invalid: str

    def signature(self) -> Signature:
        definition: dict[str, str] = {"rule": self.rule}
        if self.stated is not None:
            limits = [limit for limit in (self.stated.low, self.stated.high) if limit is not None]
            definition |= {"limit": ",".join(map(_exactly, limits)), "side": self.side}
        elif self.function is None:
            definition |= {"cutoff": f"{self.cutoff:.12g}", "side": self.side, "log": "yes" if self.log else "no"}
        definition["v"] = "1"
        return Signature("outliers", definition, {"missing": self.missing, "invalid": self.invalid})


def _exactly(limit: Value) -> str:
    return f"{limit.total_seconds():.15g}s" if isinstance(limit, timedelta) else f"{limit:.15g}"


def _settings(
    rule: Any, cutoff: Any, limit: Any, side: Any, log: Any, missing: Any, invalid: Any, *, durations: bool | None
) -> _Settings:
    """The arguments, checked against each other and against the kind of the values (None: no value tells)."""
    check_choice("side", side, _SIDES)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    if log is not None and not isinstance(log, (bool, np.bool_)):
        msg = f"log must be True, False or None (got {log!r})"
        raise ArgumentTypeError(msg, argument="log", found=log)
    function, stated = None, None
    if limit is not None:
        for name, value in (("rule", rule), ("cutoff", cutoff), ("log", log or None)):
            if value is not None:
                msg = f"limit and {name} exclude each other (got limit={limit!r} and {name}={value!r}); leave one out"
                raise ArgumentValueError(msg, argument=name, found=value)
        rule, stated = "limit", _stated(limit, side, durations)
    elif callable(rule):
        for name, value in (("cutoff", cutoff), ("log", log or None)):
            if value is not None:
                msg = f"{name} has no meaning for a rule of your own (got {value!r}); apply it inside the function"
                raise ArgumentValueError(msg, argument=name, found=value)
        function, rule = rule, f"own {getattr(rule, '__name__', type(rule).__name__)}"
    else:
        rule = "mad" if rule is None else check_choice("rule", rule, core.RULES)
        cutoff = core.CUTOFFS[rule] if cutoff is None else _positive(cutoff)
        log = durations is True if log is None else bool(log)
    return _Settings(rule, cutoff, function, stated, side, bool(log), missing, invalid)


def _positive(cutoff: Any) -> float:
    plain = cutoff.item() if isinstance(cutoff, np.generic) else cutoff
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        msg = f"cutoff must be a number, a multiple of the spread such as 3.5 (got {cutoff!r})"
        raise ArgumentTypeError(msg, argument="cutoff", found=cutoff)
    if not 0 < plain <= sys.float_info.max:
        msg = f"cutoff must be a finite number above 0 (got {shown(cutoff)}), e.g. 3.5"
        raise ArgumentValueError(msg, argument="cutoff", found=cutoff)
    return float(plain)


def _stated(limit: Any, side: str, durations: bool | None) -> Fence:
    """The fence that `limit=` states."""
    pair = isinstance(limit, (tuple, list))
    if side == "both":
        if not pair or len(limit) != 2 or any(part is None for part in limit):
            msg = f"limit must be a pair (low, high) with side='both' (got {limit!r})"
            raise ArgumentTypeError(msg, argument="limit", found=limit)
        low, high = limit
    else:
        if pair:
            msg = f"limit must be one value with side={side!r} (got {limit!r}); pass side='both' for a pair"
            raise ArgumentTypeError(msg, argument="limit", found=limit)
        low, high = (limit, None) if side == "low" else (None, limit)
    low, high = _plain_limit(low, "limit"), _plain_limit(high, "limit")
    for part in (low, high):
        if part is None or durations is None:
            continue
        if durations:
            _inputs.duration(part, "limit")  # refuses a number and shows the timedelta
        elif isinstance(part, timedelta):
            msg = (
                f"limit must be a number, as the values are (got {part!r}); pass durations as timedeltas or timedelta64"
            )
            raise ArgumentTypeError(msg, argument="limit", found=part)
    return Fence(low, high, "limit")


# -- what was passed ---------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Data:
    """The values of all rows, and which of them are judged."""

    figures: Array
    """Numbers, or durations in microseconds; anything where not judged."""
    durations: bool
    rows: Ints | None
    """Rows that are judged, None for all."""
    left: dict[LeftOut, Bools]
    source: Source | None


def _open(values: Any, of: Any) -> tuple[_inputs.Column, bool | None, Source | None]:
    """Values as one column, whether they are durations, and the batch or table they stand in, if any."""
    values = _inputs.materialise(values)
    if isinstance(values, DurationTally):
        msg = "values must be the durations themselves (got a DurationTally); cx.Fence.from_tally(tally) makes a fence"
        raise ArgumentTypeError(msg, argument="values", found=DurationTally)
    if _is_table(values):
        return *_inputs.measures(_of_table(values, of), "values"), values
    if not isinstance(values, Batch) and first_record(values) is None:
        found, durations = _inputs.measures(values, "values")
        if of is not None and len(found):
            msg = f"of= needs records or a batch to look in (got of={of!r} beside plain values); leave it out"
            raise ArgumentTypeError(msg, argument="of", found=of)
        return found, durations, None
    batch = as_batch(values, "values", (Responses, Messages, Conversations, Contacts), lambda: Responses(score=[]))
    if isinstance(of, str):
        return *_inputs.measures(batch.raw(of, "of"), "of"), batch
    if callable(of):
        return *_inputs.measures([of(record) for record in batch], "of"), batch
    msg = (
        f"of must say which value of the {batch.record.__name__} records to judge (got {of!r}): the name of a "
        f"column of numbers or durations, or a function, e.g. of=lambda record: record.ended_at - record.at"
    )
    raise ArgumentTypeError(msg, argument="of", found=of)


def _is_table(values: Any) -> bool:
    """Whether these are rows that come with their columns, as `ResponseTimesResult.table()` gives them."""
    return isinstance(values, Sequence) and isinstance(getattr(values, "columns", None), Mapping)


def _of_table(table: Any, of: Any) -> Any:
    """The values of a table of waits; a wait that ended without an answer has no length."""
    if callable(of):
        return [of(row) for row in table]
    columns = table.columns
    values = _column_of(columns, "wait" if of is None else of, "of")
    if values.dtype.kind != "m":
        return values
    return np.where(np.isin(columns["ended"], ("answered", "open")), values, np.timedelta64("NaT"))


def _column_of(columns: Mapping[str, Array], name: Any, argument: str) -> Array:
    if name not in columns:
        msg = f"{argument} must name a column of the table (got {name!r}); known columns: {', '.join(columns)}"
        raise UnknownNameError(msg, argument=argument, found=name)
    return columns[name]


def _grouped(by: Any, n: int, source: Source | None) -> Grouping:
    """The groups that `by=` asks for; a table of waits has its columns at hand."""
    if source is None or isinstance(source, Batch):
        return group_rows(by, n, source)
    columns: Mapping[str, Array] = cast("Any", source).columns  # rows without them are no source

    specs, names, many = split_keys(by, named=True)
    for i, part in enumerate(specs):
        if isinstance(part, str):
            specs[i], names[i] = _column_of(columns, part, "by"), names[i] or part
        elif isinstance(part, Period):
            specs[i] = part.of(_column_of(columns, part.source, "by")) if isinstance(part.source, str) else part
        elif callable(part):
            specs[i] = [part(row) for row in source]
    return combine([read_key(part, n, None) for part in specs], names, many=many)


def _clean(
    found: _inputs.Column, settings: _Settings, argument: str, source: Source | None, *, durations: bool
) -> _Data:
    """The values that can be judged; the others are refused or counted."""
    figures = found.data
    if found.missing is not None and settings.missing == "raise":
        _inputs.refuse_missing(argument, found.missing)
    given = figures.view("m8[us]") if durations else figures
    left = {} if found.missing is None else {LeftOut.MISSING: found.missing}
    for rule, broken in _broken(figures, settings, durations=durations):
        wrong = broken if found.missing is None else broken & ~found.missing
        if not wrong.any():
            continue
        if settings.invalid == "raise":
            _inputs.refuse_invalid(argument, rule, wrong, given)
        left[LeftOut.INVALID] = left.get(LeftOut.INVALID, False) | wrong
    rows = np.flatnonzero(~np.logical_or.reduce(list(left.values()))) if left else None
    return _Data(figures, durations, rows, left, source)


def _broken(figures: Array, settings: _Settings, *, durations: bool) -> list[tuple[str, Bools]]:
    """Rules for values, and where they are broken."""
    rules: list[tuple[str, Bools]] = []
    if figures.dtype.kind == "f":
        rules.append(("be finite", np.isinf(figures)))
    if durations:
        rules.append(("not be negative", figures < 0))
    elif settings.log:
        rules.append(("not be negative on the log scale", figures < 0))
    return rules


# -- judging -----------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Limits:
    """Limits of every group, in the unit that values are judged in."""

    settings: _Settings
    durations: bool
    low: Floats
    high: Floats
    undecidable: Bools
    found: core.Fences | None
    """What a named rule measured."""
    own: list[Fence]
    """What was stated or what a function returned, by group; empty for a named rule."""

    def fence(self, i: int) -> Fence:
        settings = self.settings
        if self.found is None:
            return self.own[i]
        low, high, centre = (
            _value(figures[i], durations=self.durations) for figures in (self.low, self.high, self.found.centre)
        )
        return Fence(low, high, settings.rule, cutoff=settings.cutoff, log=settings.log, centre=centre)

    def excess(self, values: Floats, group: Ints) -> Floats:
        """How far flagged values are beyond their limits: in spreads on the scale judged, else in their unit."""
        low, high = self.low[group], self.high[group]
        if self.found is None:
            return core.distance(values, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of zero, and of a limit that is open
            if self.settings.log:
                values, low, high = np.log(values), np.log(low), np.log(high)
            above = (values - high) / self.found.spread_high[group]
            below = (low - values) / self.found.spread_low[group]
        beyond = np.where(values > high, above, below)
        # Without a spread (an IQR of 0) every distance is infinitely many of them: the distance itself decides.
        return np.where(np.isfinite(beyond), beyond, core.distance(values, low, high))


def _value(figure: float, *, durations: bool) -> Value:
    """A finite figure as it is shown, None for any other."""
    if not math.isfinite(figure):
        return None
    return timedelta(microseconds=float(figure)) if durations else float(figure)


def _limits(
    judged: Floats,
    codes: Ints | None,
    groups: int,
    settings: _Settings,
    *,
    durations: bool,
    repeats: Ints | None = None,
) -> _Limits:
    """Find the limits of every group."""
    found: core.Fences | None = None
    own: list[Fence] = []
    undecidable = np.zeros(groups, dtype=np.bool_)
    if settings.rule in core.RULES:
        found = core.fences(
            judged, codes, groups, rule=settings.rule, cutoff=settings.cutoff or 0.0, log=settings.log, repeats=repeats
        )
        low = found.low if settings.side != "high" else np.full(groups, -np.inf)
        high = found.high if settings.side != "low" else np.full(groups, np.inf)
        undecidable = found.undecidable
        if durations:
            # Durations are whole microseconds, so a limit between two of them is the nearer one inside.
            low, high = np.ceil(low), np.floor(high)
            # Limits less than a microsecond apart may change places on the way; then the wider pair holds.
            low, high = np.minimum(low, high), np.maximum(low, high)
            low, high = np.where(low < -_LONGEST, -np.inf, low), np.where(high > _LONGEST, np.inf, high)
    else:
        if settings.stated is not None:
            own = [settings.stated] * groups
        else:
            parts = _parts(judged, codes, groups)
            own = [_own_fence(settings, part, durations=durations) for part in parts]
            undecidable = np.array([not len(part) for part in parts], dtype=np.bool_)
        low = np.array([_bound(fence.low, -np.inf) for fence in own], dtype=np.float64)
        high = np.array([_bound(fence.high, np.inf) for fence in own], dtype=np.float64)
    return _Limits(settings, durations, low, high, undecidable, found, own)


def _parts(judged: Floats, codes: Ints | None, groups: int) -> list[Floats]:
    """The values of each group, in input order."""
    if codes is None:
        return [judged]
    order = np.argsort(codes, kind="stable")
    return np.split(judged[order], np.cumsum(np.bincount(codes, minlength=groups))[:-1])


def _own_fence(settings: _Settings, judged: Floats, *, durations: bool) -> Fence:
    """The fence that a function of the user's finds for one group."""
    if settings.function is None or not len(judged):
        return Fence(rule=settings.rule)
    values = judged / 1e6 if durations else judged
    fence = settings.function(_inputs.read_only(values))
    if not isinstance(fence, Fence):
        msg = f"rule must return a Fence (got {fence!r:.60}), e.g. cx.Fence(high=float(values.mean() * 3))"
        raise ArgumentTypeError(msg, argument="rule", found=type(fence))
    limits = {name: getattr(fence, name) for name in ("low", "high", "centre")}
    if durations:  # the function was given seconds
        limits = {
            name: timedelta(seconds=limit) if isinstance(limit, (int, float)) else limit
            for name, limit in limits.items()
        }
    elif any(isinstance(limit, timedelta) for limit in limits.values()):
        msg = f"rule must return a Fence of numbers, as the values are (got {fence!r})"
        raise ArgumentTypeError(msg, argument="rule", found=fence)
    return attrs.evolve(fence, **limits)


@attrs.frozen(eq=False)
class _Judgement:
    """What was flagged in every group; a result is made of it on look-up."""

    data: _Data
    settings: _Settings
    limits: _Limits
    n: Ints
    zeros: Ints
    left: dict[LeftOut, Ints]
    rows: Ints
    """Flagged rows, group by group, ascending within each."""
    excess: Floats
    edges: Ints
    """Where each group begins in `rows`, and the end."""

    def result(self, i: int) -> OutliersResult:
        part = slice(int(self.edges[i]), int(self.edges[i + 1]))
        rows, fence, data = self.rows[part], self.limits.fence(i), self.data
        left = left_out({reason: counts[i] for reason, counts in self.left.items()})
        n, undecidable = int(self.n[i]), bool(self.limits.undecidable[i])
        return OutliersResult(
            given=n + sum(left.values()),
            n=n,
            left_out=left,
            signature=self.settings.signature(),
            flagged=Flagged(rows, data.figures[rows], self.excess[part], fence, data.source, data.durations),
            fence=fence,
            undecidable=undecidable,
            because=self._because(n, int(self.zeros[i])) if undecidable else "",
            rows=len(data.figures),
        )

    def _because(self, n: int, zeros: int) -> str:
        if n < 2:
            return "a single value" if n else "no values"
        if 0 < zeros <= n / 2:
            return "too many values are zero for the log scale"
        return "the values have no spread"


def _judge(data: _Data, codes: Ints | None, groups: int, settings: _Settings) -> _Judgement:
    judged = (data.figures if data.rows is None else data.figures[data.rows]).astype(np.float64, copy=False)
    inner = codes if codes is None or data.rows is None else codes[data.rows]
    limits = _limits(judged, inner, groups, settings, durations=data.durations)
    low, high = (limits.low, limits.high) if inner is None else (limits.low[inner], limits.high[inner])
    flagged = np.flatnonzero(core.outside(judged, low, high))
    if inner is None:
        group = np.zeros(len(flagged), dtype=np.int64)
    else:
        flagged = flagged[np.argsort(inner[flagged], kind="stable")]
        group = inner[flagged]
    zeros = np.zeros(groups, dtype=np.int64)
    if settings.log and limits.undecidable.any():
        zeros = _count(judged == 0, inner, groups)
    return _Judgement(
        data=data,
        settings=settings,
        limits=limits,
        n=np.array([len(judged)]) if inner is None else np.bincount(inner, minlength=groups),
        zeros=zeros,
        left={reason: _count(mask, codes, groups) for reason, mask in data.left.items()},
        rows=flagged if data.rows is None else data.rows[flagged],
        excess=limits.excess(judged[flagged], group),
        edges=np.searchsorted(group, np.arange(groups + 1)),
    )


def _count(mask: Bools, codes: Ints | None, groups: int) -> Ints:
    """How many rows of each group the mask has."""
    if codes is None:
        return np.array([np.count_nonzero(mask)])
    return np.bincount(codes[mask], minlength=groups)


@attrs.frozen(eq=False)
class _OutlierGroups:
    """Results of many groups, each judged by its own fence."""

    keys: Sequence[Any]
    names: tuple[str, ...]
    many: bool
    codes: Ints
    judgement: _Judgement

    def __len__(self) -> int:
        return len(self.keys)

    def result(self, i: int) -> OutliersResult:
        return self.judgement.result(i)

    def overall(self) -> OutliersResult:
        return _judge(self.judgement.data, None, 1, self.judgement.settings).result(0)

    def rest(self, i: int) -> OutliersResult:
        others = (self.codes == i).astype(np.int64)  # group 0 is everybody else
        return _judge(self.judgement.data, others, 2, self.judgement.settings).result(0)

    def column(self, name: str) -> Array | None:
        return {"count": np.diff(self.judgement.edges), "n": self.judgement.n}.get(name)

    def evidence(self) -> None:
        return None

    def tally(self) -> Any:
        msg = (
            "outliers have no tally: what is an outlier depends on all values; for data in shards find the limits with "
            "cx.Fence.from_tally(tally) and use fence.flags(values) on each shard"
        )
        raise MergeError(msg)

    def tallies(self) -> Sequence[Any]:
        return [self.tally()]


# -- the function ------------------------------------------------------------------------------------


@overload
def outliers(
    values: Any, *, of: str | Callable[[Any], Any] | None = None, by: None = None,
    rule: OutlierRule | Callable[[Floats], Fence] | None = None, cutoff: float | None = None, limit: Any = None,
    side: OutlierSide = "high", log: bool | None = None, missing: Literal["drop", "raise"] = "drop",
    invalid: Literal["raise", "drop"] = "raise",
) -> OutliersResult: ...  # fmt: skip
@overload
def outliers(
    values: Any, *, by: Any, of: str | Callable[[Any], Any] | None = None,
    rule: OutlierRule | Callable[[Floats], Fence] | None = None, cutoff: float | None = None, limit: Any = None,
    side: OutlierSide = "high", log: bool | None = None, missing: Literal["drop", "raise"] = "drop",
    invalid: Literal["raise", "drop"] = "raise",
) -> Groups[OutliersResult]: ...  # fmt: skip
@guided(second="write outliers(values, by=...) for groups, or outliers(records, of=...) for records")
def outliers(
    values: Any, *, of: str | Callable[[Any], Any] | None = None, by: Any = None,
    rule: OutlierRule | Callable[[Floats], Fence] | None = None, cutoff: float | None = None, limit: Any = None,
    side: OutlierSide = "high", log: bool | None = None, missing: Literal["drop", "raise"] = "drop",
    invalid: Literal["raise", "drop"] = "raise",
) -> OutliersResult | Groups[OutliersResult]:  # fmt: skip
    """The values that lie strictly outside a fence, worst first, each with its record and the reason.

    Args:
        values: 1-D ArrayLike of numbers, timedeltas or timedelta64; or records or a batch, with `of`; or the
            waits of `ResponseTimesResult.table()`: open ones count with their age so far, those that ended without
            an answer have no length and are missing.
        of: which value of the records: a column (your own in `extra` too), or a function of a record that
            returns a number, a timedelta or None. For a table of waits "wait" by default.
        by: labels of the rows (or column names for records, batches and tables); several as list, tuple or dict.
            Every group has its own fence; positions and masks stay those of the whole input.
        rule: "mad" (the default: modified z, 3.5 MAD over 0.6745 from the median), "double-mad" (one MAD for each
            side of the median), "tukey" (1.5 interquartile ranges beyond the quartiles of type 7), "sd" (3 standard
            deviations from the mean), or a function from the values (float64, seconds for durations) to a `Fence`,
            which is used as it is.
        cutoff: another multiple of the spread for a named rule.
        limit: a stated limit instead of a rule: a number, or a timedelta for durations; a pair with side="both".
        side: "high", "low" or "both"; which side of a named rule or a limit counts.
        log: judge logarithms; None means True for durations and False for numbers. Zeros rank below everything.
        missing: "drop" counts missing values in `left_out`, "raise" refuses them.
        invalid: "raise" refuses infinite values, negative durations and negative values on the log scale, "drop"
            counts them in `left_out`.

    Returns:
        OutliersResult, or Groups of them with `by`. Where a rule finds no spread nothing is flagged and the result is
        `undecidable`; a MAD of 0 gives way to the mean absolute deviation first.

    Raises:
        ArgumentTypeError: anything that is no 1-D column of numbers or durations; a limit of another kind.
        ArgumentValueError: `limit` beside `rule`, `cutoff` or `log`; a cutoff that is not above 0.
        InvalidValueError: values that break a rule above.
        UnknownNameError: an unknown rule, side or column.

    References:
        Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers. ASQC. Tukey (1977), Exploratory Data Analysis.

    >>> from datetime import timedelta
    >>> import cxscore as cx
    >>> waits = [timedelta(hours=hours) for hours in (2, 3, 1, 4, 2, 5, 3, 130)]
    >>> result = cx.outliers(waits, limit=timedelta(days=5))
    >>> result.flagged[0].reason
    'waited 5.4 d, 10.0 h over the limit of 5.0 d (stated limit)'
    >>> print(cx.outliers(waits))
    1 outlier above 1.0 d (MAD on the log scale, cutoff 3.5), n=8
    >>> cx.outliers([3, 4, 5, 4, 60], rule="tukey").indices.tolist()
    [4]
    """
    found, durations, source = _open(values, of)
    settings = _settings(rule, cutoff, limit, side, log, missing, invalid, durations=durations)
    data = _clean(found, settings, "values" if source is None else "of", source, durations=durations is True)
    if by is None:
        return _judge(data, None, 1, settings).result(0)
    grouping = _grouped(by, len(found), source)
    codes, keys = grouping.compact()
    judgement = _judge(data, codes, len(keys), settings)
    return Groups(_OutlierGroups(keys, grouping.names, grouping.many, codes, judgement))
