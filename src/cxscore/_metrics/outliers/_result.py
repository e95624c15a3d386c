"""What `outliers` gives: the flagged values, worst first, each with its reason and its way back.

Everything about a flagged value is made when it is looked at. Knows fences as values and the records that the values
came from; judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal, overload

import attrs
import numpy as np
import numpy.typing as npt

from ... import _inputs
from ..._clocks import reply_policy
from ..._results import Brief, Result, put
from ..._story import Measured, Story, tell
from ...errors import ArgumentTypeError
from ...hours import BusinessHours
from ...policies import DEFAULT_POLICY, ReplyPolicy
from ...records import Conversation, Message, SurveyResponse
from ._fence import MICROSECOND, Fence, Value, figure
from ._values import Source

__all__ = ["Flagged", "Outlier", "OutliersResult"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The most that units of a policy cut off a wait.
_SLACK = {
    "second": timedelta(0), "minute": timedelta(minutes=1) - MICROSECOND, "hour": timedelta(hours=1) - MICROSECOND
}  # fmt: skip
# Clocks that stand still only where the policy says so, and what it calls them there.
_PAUSED_AS: dict[str, Literal["first", "reply", "resolution"]] = {
    "first_response": "first", "reply": "reply", "resolution": "resolution", "first_resolution": "resolution",
}  # fmt: skip
_SHOWN = 20


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
                its `unit` what was cut off, its `paused` where a clock may stand still, and its `resolved` which
                statuses end one.

        Returns:
            Story: messages and changes in order; for a row of `ResponseTimesResult.table()`, of any of its clocks,
                with its wait marked.

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
            measured = _measured(record, reply_policy(policy))
            return tell(log, record["conversation"], measured=measured, changes=changes, hours=hours)
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


def _measured(row: Mapping[str, Any], policy: ReplyPolicy) -> Measured:
    """What a row of a table of waits says of its wait."""
    clock, start, wait, end = row.get("clock"), row["start"], row["wait"], row.get("end")
    if end is None and row["ended"] == "open":
        end = row.get("as_of")
    in_business_time = clock is not None and clock.startswith("business_")
    return Measured(
        start=start,
        end=start + wait if end is None else end,
        waited=None if in_business_time else wait,
        business_waited=wait if in_business_time else row.get("business_wait"),
        by_hours="business_wait" in row,
        ended=row["ended"],
        clock=clock,
        started_by=row.get("started_by"),
        channel=row.get("channel"),
        schedule_change=policy.schedule_change,
        slack=_SLACK[policy.unit],
        pauses=None if clock is None else _pauses(clock.removeprefix("business_"), policy),
        resolved=policy.resolved,
    )


def _pauses(clock: str, policy: ReplyPolicy) -> bool | None:
    """Whether a clock may stand still; None where one of its figures may be the median of several waits."""
    if clock in ("handoff", "reopened_after"):
        return False
    if clock not in _PAUSED_AS:
        return True
    if clock == "reply" and policy.per_conversation in ("sum", "median"):
        return True if policy.per_conversation == "sum" else None
    if clock == "resolution" and policy.resolution == "sum_of_replies":
        return True
    return bool(policy.paused.get(_PAUSED_AS[clock]))


class Flagged(Sequence[Outlier]):
    """Flagged values, worst first; each `Outlier` is made when it is looked up.

    Equal by content: the records behind the values take no part.
    """

    __slots__ = ("_business", "_durations", "_excess", "_fence", "_indices", "_order", "_source", "_values")

    def __init__(
        self, indices: Ints, values: Array, excess: Floats, fence: Fence, source: Source | None, durations: bool,
        business: bool = False,
    ) -> None:  # fmt: skip
        self._indices = _inputs.read_only(indices)
        self._values = _inputs.read_only(values)
        self._excess = _inputs.read_only(excess)
        self._fence = fence
        self._source = source
        self._durations = durations
        self._business = business
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
            value = value * MICROSECOND
        fence = self._fence
        limit, distance, direction = fence._passed(value)
        verb, unit = "waited " if self._durations else "", " of business time" if self._business else ""
        said, beyond, allowed = (figure(part, business=self._business) for part in (value, distance, limit))
        reason = f"{verb}{said}{unit}, {beyond} {direction} the limit of {allowed} ({fence._title})"
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
        parts = (
            self._indices, self._values, self._excess, self._fence, self._source, self._durations, self._business,
        )  # fmt: skip
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
        return f"{self.count:,} {'outlier' if self.count == 1 else 'outliers'} {self._limits}, n={self.n:,}"

    @property
    def _limits(self) -> str:
        return self.fence._told(business=self.flagged._business)

    def _brief(self) -> Brief:
        return Brief("outliers", "undecidable" if self.undecidable else f"{self.count:,}", "", self.n)

    def _lines(self) -> list[tuple[str, str]]:
        rows = [
            ("flagged", f"{self.count:,}"),
            ("fence", f"undecidable: {self._because}" if self.undecidable else self._limits),
            ("values", f"{self.n:,}"),
            *((f"row {item.index:,}", item.reason) for item in self.flagged[:_SHOWN]),
        ]
        more = self.count - _SHOWN
        return [*rows, ("", f"... and {more:,} more")] if more > 0 else rows
