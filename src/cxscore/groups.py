"""The mapping of results: arrays inside, a result made when it is looked up.

Knows results by their shared behaviour only; a metric brings a `Table` that can make them. Never sees an
answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any, Generic, Protocol, TypeVar, cast

import attrs
import numpy as np
import numpy.typing as npt

from . import _html
from ._evidence import Evidence
from ._grouping import Keys
from ._results import Finding, Signature, plain
from .errors import ArgumentTypeError, ArgumentValueError, LengthError, UnknownNameError
from .periods import PeriodUnit, every_period

__all__ = ["Groups", "Table"]

R = TypeVar("R", bound=Finding)
R_co = TypeVar("R_co", bound=Finding, covariant=True)
Array = npt.NDArray[Any]

_SHOWN_ROWS = 50


class Table(Protocol[R_co]):
    """What a metric hands over: keys, and how to make a result for a group, for all, for all but one.

    A table whose counts tell it at once may also have `rest_evidence()`: what the headlines of all rests rest on; and
    `evidence_of(figure)`: what another figure rests on, None where it has to be read group by group.
    One whose groups can be put together has `union(places)`, the result of some of them, and, where their counts add
    up, `unions(windows)`, a table of many such unions.
    """

    @property
    def keys(self) -> Sequence[Any]:
        """Group keys in order."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the parts of a key are called."""

    @property
    def many(self) -> bool:
        """Whether keys are tuples."""

    def result(self, i: int) -> R_co:
        """The result of one group."""

    def overall(self) -> R_co:
        """The result of all groups together."""

    def rest(self, i: int) -> R_co:
        """The result of all groups but one."""

    def column(self, name: str) -> Array | None:
        """A figure of all groups at once, or None where it has to be read group by group."""

    def evidence(self) -> Evidence | None:
        """What the headlines of all groups rest on, or None where it has to be read group by group."""

    def tally(self) -> Any:
        """The tally of all groups together."""

    def tallies(self) -> Sequence[Any]:
        """One tally a group."""


class Groups(Mapping[Any, R], Generic[R]):
    """A read-only mapping from group key to result.

    Keys are in order, the missing label None last; they are tuples exactly when several keys were asked for.

    >>> import cxscore as cx
    >>> by_channel = cx.nps([10, 9, 3, 10], by=["chat", "chat", "mail", "mail"])
    >>> by_channel["chat"].score, by_channel.overall.score
    (100.0, 50.0)
    >>> by_channel.names, by_channel.scores.tolist()
    (('group',), [100.0, 0.0])
    """

    __slots__ = ("_min_n", "_places", "_table")

    def __init__(self, table: Table[R], *, min_n: int = 0) -> None:
        self._table = table
        self._min_n = min_n
        self._places: dict[Any, int] | None = None

    @classmethod
    def from_tallies(
        cls, tallies: Mapping[Any, Any], metric: Callable[..., R], *, names: Sequence[str] | None = None,
        unit: PeriodUnit | None = None, **options: Any,
    ) -> Groups[R]:  # fmt: skip
        """Groups from counts that were made elsewhere, e.g. by SQL.

        Args:
            tallies: group key to tally, at least one. Groups stand in key order, as with `by=`: sorted where all keys
                compare, else in the order given.
            metric: the function that makes results of them, e.g. `cx.nps`.
            names: what the keys are called, one name a part; `group`, `group_2` ... by default, and the unit.
            unit: where one part of the keys is a date, the first day of a day, a week ... : which. Periods without a
                tally between others are then there with n = 0, as with `cxscore.period`, so that rolling windows and
                trends know of them. None: the keys are any labels.
            **options: passed to the metric, e.g. `confidence=0.9`.

        Raises:
            ArgumentTypeError: no mapping, no tallies, no metric; a unit, and not one part of the keys that is a date.
            ArgumentValueError: a date that is not the first day of its unit.
            LengthError: not one name for each part of the keys.
            MergeError: tallies that do not count the same thing.

        >>> import cxscore as cx
        >>> rows = {"chat": {10: 7, 3: 1}, "mail": {9: 2, 6: 3}}
        >>> tallies = {key: cx.ScoreTally.from_counts(row, cx.NPS_0_10) for key, row in rows.items()}
        >>> cx.Groups.from_tallies(tallies, cx.nps)["chat"].score
        75.0
        >>> from datetime import date
        >>> daily = {date(2026, 3, day): cx.ScoreTally.from_counts({9: 2}, cx.NPS_0_10) for day in (1, 2, 5)}
        >>> [result.n for result in cx.Groups.from_tallies(daily, cx.nps, unit="day").values()]
        [2, 2, 0, 0, 2]
        """
        if not isinstance(tallies, Mapping) or not tallies:
            msg = f"tallies must be a mapping of group key to tally with at least one entry (got {tallies!r:.60})"
            raise ArgumentTypeError(msg, argument="tallies", found=type(tallies))
        if not callable(metric):
            msg = f"metric must be the function that judges the tallies, e.g. cx.nps (got {metric!r})"
            raise ArgumentTypeError(msg, argument="metric", found=metric)
        for key, tally in tallies.items():
            if not hasattr(tally, "emptied"):
                msg = (
                    f"tallies must hold one tally a group (got {type(tally).__name__} for {key!r}); "
                    f"make one of counts with ScoreTally.from_counts(counts, scale)"
                )
                raise ArgumentTypeError(msg, argument="tallies", found=type(tally))
        return cls(_TallyTable(tallies, metric, names, unit, options))

    def __getitem__(self, key: Any) -> R:
        return self._result(self._place(key))

    def _result(self, i: int) -> R:
        return self._of_period(self._table.result(i))

    def _of_period(self, result: R) -> R:
        """The result with the word of its signature that says how time was cut, where the keys are periods."""
        said, also = (getattr(self._table.keys, name, None) or {} for name in ("definition", "estimation"))
        if not said and not also:
            return result
        signature = result._signature
        definition = dict(signature.definition)
        last = {name: definition.pop(name) for name in ("v",) if name in definition}
        definition |= {**said, **last}
        estimation = {**signature.estimation, **also}
        return attrs.evolve(result, signature=Signature(signature.metric, definition, estimation))

    def __contains__(self, key: object) -> bool:
        return key in self._all_places()  # the default would make a result to see whether there is one

    def _place(self, key: Any) -> int:
        return self._all_places()[key]

    def _all_places(self) -> dict[Any, int]:
        if self._places is None:
            self._places = {key: i for i, key in enumerate(self._table.keys)}
        return self._places

    def __iter__(self) -> Iterator[Any]:
        return iter(self._table.keys)

    def __len__(self) -> int:
        return len(self._table.keys)

    @property
    def names(self) -> tuple[str, ...]:
        """What the keys are called, one name a part."""
        return self._table.names

    @property
    def overall(self) -> R:
        """The result of all rows together; never an average of the groups."""
        return self._table.overall()

    def rest(self, key: Any) -> R:
        """The result of all rows outside one group, for a fair comparison with it."""
        return self._of_period(self._table.rest(self._place(key)))

    @property
    def incomplete(self) -> tuple[Any, ...]:
        """Keys that stand for no whole period: it reaches past the cut of the data, or there is no instant (None).

        Empty where no key is a period, see `cxscore.period`.
        """
        return tuple(getattr(self._table.keys, "incomplete", ()))

    @property
    def scores(self) -> Array:
        """The headline figure of each group as an array, in key order."""
        return self.column(self._some._headline)

    @property
    def _some(self) -> R:
        """A result, to ask what all have in common."""
        return self._table.result(0) if len(self) else self.overall

    def column(self, name: str) -> Array:
        """One numeric field of each group as an array, in key order.

        Args:
            name: field of the result; parts of a field with dots ("interval.low", "first_response.p90").

        Returns:
            float64 or int64, or timedelta64[us] for durations; NaN and NaT where undefined.

        Raises:
            UnknownNameError: no such field, or one that is not a number.
        """
        found = self._table.column(name)
        if found is not None:
            return found.copy()  # the caller's to write to: a table may hand out what its results are made of
        results = [self._table.result(i) for i in range(len(self))]
        values = [_follow(result, name) for result in results]
        # The type of a column is that of its field, also where no group has a value.
        if any(_is_duration(result, name) for result in (results or [self.overall])):
            return np.array(values, dtype="m8[us]")
        return _as_array(values, name)

    @property
    def _evidence(self) -> Evidence:
        """What the headlines rest on, one entry a group in key order."""
        found = self._table.evidence()
        return self._stacked(self._table.result) if found is None else found

    @property
    def _rest_evidence(self) -> Evidence:
        """What the headlines of the rests rest on, one entry a group: all rows outside it."""
        known = getattr(self._table, "rest_evidence", None)
        found: Evidence | None = None if known is None else known()
        return self._stacked(self._table.rest) if found is None else found

    def _evidence_of(self, figure: str | None) -> Evidence:
        """The same for another figure.

        Raises:
            UnknownNameError: a figure that nobody can judge these results by.
        """
        if figure is None or figure == self._some._headline:
            return self._evidence
        known = getattr(self._table, "evidence_of", None)
        found: Evidence | None = None if known is None else known(figure)
        return self._stacked(self._table.result, figure) if found is None else found

    def _rest_evidence_of(self, figure: str | None) -> Evidence:
        if figure is None or figure == self._some._headline:
            return self._rest_evidence
        return self._stacked(self._table.rest, figure)

    def _stacked(self, result: Callable[[int], R], figure: str | None = None) -> Evidence:
        parts = [result(i)._evidence_of(figure) for i in range(len(self))]
        if parts:
            return Evidence.stacked(parts)
        # An empty selection has the form of its overall, and no entries.
        return Evidence.stacked([self.overall._evidence_of(figure)]).rows(slice(0, 0))

    @property
    def tally(self) -> Any:
        """The tally of all groups together."""
        return self._table.tally()

    @property
    def tallies(self) -> dict[Any, Any]:
        """Group key to tally, as `from_tallies` takes them."""
        return dict(zip(self._table.keys, self._table.tallies(), strict=True))

    def with_min_n(self, min_n: int) -> Groups[R]:
        """The same groups, hiding the figures of small ones in text, HTML and dicts.

        Args:
            min_n: least denominator of the headline that is shown: answers for the survey scores, first
                responses (those still waited for included) for response times, mature contacts for repeats,
                values judged for outliers; not the rows of the input.

        Raises:
            ArgumentValueError: no whole number of 0 or more.
        """
        return Groups(self._table, min_n=_least(min_n))

    def to_dicts(self, *, min_n: int | None = None) -> list[dict[str, Any]]:
        """One flat row a group: the key under its names, then every field, nested ones as `interval_low`.

        Plain JSON values: a key that is a date is its text, `2026-03-01`.
        A field that is called like a part of the key gets `result_` in front: with `by={"n": ...}` the key
        is `n` and the rows behind the figures are `result_n`.

        Args:
            min_n: groups whose headline divides by fewer (see `with_min_n`) keep their key and `n`, the rows
                behind them; their figures are None.

        Raises:
            ArgumentValueError: `min_n` is no whole number of 0 or more.
        """
        least = self._min_n if min_n is None else _least(min_n)
        rows = []
        for i, key in enumerate(self._table.keys):
            result = self._result(i)
            row = dict(zip(self.names, map(plain, key if self._table.many else (key,)), strict=True))
            flat = _flat(result.to_dict())
            if least and result._brief().n < least:
                flat = {name: value if name in ("metric", "n", "signature") else None for name, value in flat.items()}
            for name, value in flat.items():
                while name in row:
                    name = f"result_{name}"
                row[name] = value
            rows.append(row)
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: `names` of the key, the keys that are `incomplete`, and `groups`, one flat row each."""
        return {
            "names": list(self.names),
            "incomplete": [plain(key) for key in self.incomplete],
            "groups": self.to_dicts(),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Groups):
            return NotImplemented
        return (
            list(self) == list(other)
            and self.names == other.names
            and self.incomplete == other.incomplete
            and all(self._result(i) == other._result(i) for i in range(len(self)))
        )

    def __hash__(self) -> int:
        return hash((type(self), self.names, len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._table, self._min_n)

    def __repr__(self) -> str:
        return f"Groups({len(self):,} by {', '.join(self.names)})"

    def __str__(self) -> str:
        lines = [repr(self)]
        for i, key in enumerate(self._table.keys[:_SHOWN_ROWS]):
            brief = self._table.result(i)._brief()
            figure = f"hidden (n={brief.n:,} below {self._min_n:,})" if brief.n < self._min_n else str(brief)
            lines.append(f"  {_title(key)}: {figure}")
        return "\n".join(lines + self._more())

    def _more(self) -> list[str]:
        hidden = len(self) - _SHOWN_ROWS
        return [f"  ... and {hidden:,} more"] if hidden > 0 else []

    def _repr_html_(self) -> str:
        results = [self._table.result(i) for i in range(min(len(self), _SHOWN_ROWS))]
        some = results[0] if results else self.overall
        head = some._columns()
        rows = []
        for key, result in zip(self._table.keys, results, strict=False):
            cells = list(result._columns().values())
            if (brief := result._brief()).n < self._min_n:
                cells = ["hidden", *[""] * (len(cells) - 2), f"{brief.n:,}"]
            rows.append((*map(_title, key if self._table.many else (key,)), *cells))
        count = f"{len(self):,} {'group' if len(self) == 1 else 'groups'}"
        title = f"{some._brief().name} by {', '.join(self.names)}: {count}"
        return _html.table((*self.names, *head), rows, title=title, more="".join(self._more()))


def _least(min_n: Any) -> int:
    if isinstance(min_n, bool) or not isinstance(min_n, int) or min_n < 0:
        msg = f"min_n must be a whole number of 0 or more (got {min_n!r})"
        raise ArgumentValueError(msg, argument="min_n", found=min_n)
    return min_n


def _restored(table: Table[Any], min_n: int) -> Groups[Any]:
    return Groups(table, min_n=min_n)


def _title(key: Any) -> str:
    if isinstance(key, tuple):
        return ", ".join(map(_title, key))
    return "(none)" if key is None else str(key)


def _follow(result: Any, path: str) -> Any:
    value = result
    for name in path.split("."):
        if value is None:
            return None
        if name.startswith("_") or not hasattr(value, name):
            known = ", ".join(field for field in dir(value) if not field.startswith("_"))
            msg = f"column must name a field of {type(value).__name__} (got {name!r} in {path!r}); known: {known}"
            raise UnknownNameError(msg, argument="column", found=path)
        value = getattr(value, name)
    return value


def _is_duration(result: Any, path: str) -> bool:
    """Whether a path leads through a field of durations, by what its class says of it."""
    value = result
    for name in path.split("."):
        field = getattr(attrs.fields_dict(type(value)).get(name) if attrs.has(type(value)) else None, "metadata", {})
        if field.get("duration", False):
            return True
        value = getattr(value, name, None)
    return False


def _as_array(values: list[Any], name: str) -> Array:
    if any(isinstance(value, timedelta) for value in values):
        return np.array(values, dtype="m8[us]")
    if all(isinstance(value, int) for value in values):
        return np.array(values, dtype=np.int64)
    try:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        found = next(value for value in values if not isinstance(value, (int, float)))
        msg = (
            f"column must name a numeric field (got {name!r}, which holds {type(found).__name__}); "
            f"add a part, e.g. '{name}.low'"
        )
        raise UnknownNameError(msg, argument="column", found=name) from None


def _flat(nested: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{before}{name}_")
        else:
            out[before + name] = value
    return out


class _TallyTable(Generic[R]):
    """Groups whose tallies came from elsewhere."""

    def __init__(
        self, tallies: Mapping[Any, Any], metric: Callable[..., R], names: Sequence[str] | None,
        unit: PeriodUnit | None, options: dict[str, Any],
    ) -> None:  # fmt: skip
        first = next(iter(tallies))
        self.many = all(isinstance(key, tuple) for key in tallies)
        width = len(first) if self.many else 1
        if isinstance(names, str):
            names = (names,)
        self.names = ("group", *(f"group_{i}" for i in range(2, width + 1))) if names is None else tuple(names)
        if len(self.names) != width or any(self.many and len(key) != width for key in tallies):
            msg = f"names must hold one name for each part of the keys (got {self.names} for the key {first!r})"
            raise LengthError(msg, argument="names", found=self.names)
        self.keys = Keys(_sorted(tallies, self.many))
        if unit is not None:
            self.keys = _all_periods(self.keys, self.many, unit)
            if names is None and self.keys.place is not None:
                self.names = tuple(unit if i == self.keys.place else name for i, name in enumerate(self.names))
        nothing = tallies[first].emptied()
        self._tallies = [tallies.get(key, nothing) for key in self.keys]
        self._metric = metric
        self._options = options
        self.tally()  # refuses unlike tallies before anything is read

    def result(self, i: int) -> R:
        return self._metric(self._tallies[i], **self._options)

    def overall(self) -> R:
        return self._metric(self.tally(), **self._options)

    def rest(self, i: int) -> R:
        others = self._tallies[:i] + self._tallies[i + 1 :]
        # An empty tally of the same kind where there is no other group: the tally knows how.
        return self._metric(_total(others) if others else self._tallies[i].emptied(), **self._options)

    def union(self, places: npt.NDArray[np.int64]) -> R:
        some = [self._tallies[i] for i in places.tolist()]
        return self._metric(_total(some) if some else self._tallies[0].emptied(), **self._options)

    def column(self, name: str) -> Array | None:
        return None

    def evidence(self) -> Evidence | None:
        return None

    def rest_evidence(self) -> Evidence:
        """Each rest as the sum of what stands before and what stands behind, so that many groups stay cheap."""
        nothing = self._tallies[0].emptied()
        before = accumulate(self._tallies[:-1], initial=nothing)
        behind = list(accumulate(self._tallies[:0:-1], initial=nothing))[::-1]
        rests = (self._metric(one + two, **self._options) for one, two in zip(before, behind, strict=True))
        return Evidence.stacked([rest._evidence for rest in rests])

    def tally(self) -> Any:
        return _total(self._tallies)

    def tallies(self) -> Sequence[Any]:
        return self._tallies


def _sorted(keys: Iterable[Any], many: bool) -> list[Any]:
    """Keys as `by=` orders them: sorted where all compare, else as they stand, what is missing last."""
    found = list(keys)
    parts = {key: key if many else (key,) for key in found}
    try:
        return sorted(found, key=lambda key: [(part is None, 0 if part is None else part) for part in parts[key]])
    except TypeError:
        return sorted(found, key=lambda key: [part is None for part in parts[key]])


def _all_periods(keys: Sequence[Any], many: bool, unit: PeriodUnit) -> Keys:
    """The keys, and those of the periods between their dates, for every combination of the other parts."""
    rows = [key if many else (key,) for key in keys]
    columns = list(zip(*rows, strict=True))
    dated = [place for place, column in enumerate(columns) if all(type(part) in (dt.date, _NONE) for part in column)]
    dated = [place for place in dated if set(columns[place]) != {None}]
    if len(dated) != 1:
        msg = (
            f"tallies must have one part of their keys that is a date where unit= is given (got {keys[0]!r}); "
            f"write the first day of each {unit} as a datetime.date"
        )
        raise ArgumentTypeError(msg, argument="tallies", found=keys[0])
    (place,) = dated
    periods = every_period([day for day in columns[place] if day is not None], unit)
    others = dict.fromkeys((*row[:place], *row[place + 1 :]) for row in rows)
    filled = dict.fromkeys((*other[:place], day, *other[place:]) for other in others for day in periods)
    filled |= dict.fromkeys(rows)  # those without a date
    found = Keys(_sorted((row if many else row[0] for row in filled), many))
    found.place = place
    return found


_NONE = type(None)


def _total(tallies: Sequence[Any]) -> Any:
    total = tallies[0]
    for tally in tallies[1:]:
        total = total + tally
    return cast("Any", total)
