"""The records of `records.py` in columns: what large input should come as.

A batch keeps one column per field, checks lengths and instants at once, and reads scores and labels
when a metric asks for them. Records become a batch at the door; a batch gives records back. Knows
`_inputs`, `records`, `errors` and what the core says a contact is; computes no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from . import _html, _inputs
from ._checks import check_choice
from ._core.contacts import split_threads
from ._inputs import NAT, Coded
from .errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError, UnknownNameError, shown
from .records import Author, Contact, Conversation, Message, SurveyResponse

__all__ = ["Batch", "Contacts", "Conversations", "Messages", "Responses", "as_batch", "first_record"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
R = TypeVar("R")
Reopens = Literal["count", "ignore"]

_SHOWN_ROWS = 5
_AUTHORS: dict[str, np.int8] = {str(author): np.int8(code) for code, author in enumerate(Author)}
_NO_CUSTOMER = ("merged", "spam", "test", "deleted")
"""Statuses of conversations behind which no customer waits."""


class Batch(Generic[R]):
    """Shared behaviour of the column batches; use `Responses`, `Messages`, `Conversations`, `Contacts`."""

    __slots__ = ("_coded", "_columns", "_extra", "_length", "_records", "_rule", "_times", "_unread", "tz")

    record: ClassVar[type[Any]]
    _required: ClassVar[tuple[str, ...]]
    _instants: ClassVar[tuple[str, ...]]
    _flags: ClassVar[tuple[str, ...]] = ()
    _whole: ClassVar[tuple[str, ...]] = ()

    _columns: dict[str, Any]
    _extra: dict[str, Any]
    _coded: dict[str, Coded]
    _times: dict[str, Ints]
    _records: Sequence[R] | None
    _length: int
    _rule: bool | None
    _unread: bool
    tz: str | dt.tzinfo | None
    """The zone whose wall times the naive input was."""

    def _fill(
        self,
        columns: Mapping[str, Any],
        *,
        tz: str | dt.tzinfo | None,
        fold: int | None,
        extra: Mapping[str, Any] | None,
    ) -> None:
        """Take the columns of a constructor: None is absent, a scalar is constant, the rest is 1-D."""
        if not (fold is None or (type(fold) is not bool and isinstance(fold, (int, np.integer)) and fold in (0, 1))):
            msg = f"fold must be 0 (first reading of an ambiguous wall time), 1 (second) or None (got {shown(fold)})"
            raise ArgumentValueError(msg, argument="fold", found=fold)
        given = {name: _opened(values, name) for name, values in columns.items() if values is not None}
        own = {name: _opened(values, name) for name, values in (extra or {}).items()}
        for name in self._required:
            if name not in given:
                msg = f'{type(self).__name__} needs the column {name} (got None), e.g. {name}=df["{name}"]'
                raise ArgumentTypeError(msg, argument=name)
        self._records = None
        self._coded = {}
        self.tz = tz
        self._length = self._common_length({**given, **own})
        self._columns = {name: self._spread(values) for name, values in given.items()}
        self._extra = {name: self._spread(values) for name, values in own.items()}
        self._times = {}
        self._rule, self._unread = None, False
        self._read_instants(fold)
        for name in self._flags:
            if name in self._columns:
                self._columns[name] = _inputs.read_only(_inputs.flags(self._columns[name], name))

    def _common_length(self, columns: Mapping[str, Any]) -> int:
        lengths = {name: len(values) for name, values in columns.items() if not _is_scalar(values)}
        if not lengths:
            return 1
        first, n = next(iter(lengths.items()))
        for name, length in lengths.items():
            _inputs.same_length(n, length, name, first)
        return n

    def _spread(self, values: Any) -> Any:
        if _is_scalar(values):
            constant = np.empty(1, dtype=object)
            constant[0] = values
            return np.broadcast_to(constant, (self._length,))
        return _frozen(values)

    def _read_instants(self, fold: int | None) -> None:
        for name in self._instants:
            if name not in self._columns:
                continue
            micros, aware = _inputs.instants(self._columns[name], name, tz=self.tz, fold=fold)
            if aware is not None and self._rule is not None and aware is not self._rule:
                msg = (
                    f"{name} must follow the same rule as the other instants (got {'aware' if aware else 'naive'} ones "
                    f"beside {'naive' if aware else 'aware'} ones); pass all aware, or all naive with tz="
                )
                raise MixedTimeZonesError(msg, argument=name)
            self._rule = self._rule if aware is None else aware
            self._times[name] = _inputs.read_only(micros)
            self._columns[name] = self._times[name].view("M8[us]")

    @classmethod
    def from_records(cls, records: Iterable[R], *, tz: str | dt.tzinfo | None = None) -> Self:
        """The same rows as a batch; columns are read from the records when they are asked for.

        Args:
            records: records of the matching class.
            tz: zone of naive instants.

        Raises:
            ArgumentTypeError: something else among the records, with its position.
        """
        rows = records if isinstance(records, (list, tuple)) else list(records)
        if not {cls.record}.issuperset(map(type, rows)):
            place, wrong = next((i, row) for i, row in enumerate(rows) if type(row) is not cls.record)
            msg = (
                f"{cls.__name__} takes {cls.record.__name__} records only (got {type(wrong).__name__} at position "
                f"{place}: {wrong!r:.60})"
            )
            raise ArgumentTypeError(msg, argument="records", found=type(wrong), positions=(place,))
        batch = cls.__new__(cls)
        batch._records = rows if isinstance(rows, tuple) else rows.copy()
        batch._length = len(rows)
        batch._columns, batch._extra, batch._coded, batch._times = {}, {}, {}, {}
        batch.tz, batch._rule, batch._unread = tz, None, True
        return batch

    def _settle(self) -> None:
        """Read the instants of records, which most metrics of answers never ask for."""
        if self._unread and self._records is not None:
            self._unread = False
            for name in self._instants:
                self._columns[name] = list(map(attrgetter(name), self._records))
            self._read_instants(None)

    @property
    def aware(self) -> bool | None:
        """True: instants are UTC. False: naive, an unbroken clock. None: not a single instant."""
        self._settle()
        return self._rule

    @classmethod
    def _from_frame(cls, frame: Any, names: Mapping[str, Any], extra: Iterable[str], rest: Mapping[str, Any]) -> Self:
        found = _columns_of(frame)
        known = {field.name for field in attrs.fields(cls.record)} - {"extra"}
        for name in names:
            if name not in known:
                msg = f"{cls.__name__}.from_frame has no field {name!r}; known fields: {', '.join(sorted(known))}"
                raise UnknownNameError(msg, argument=name, found=name)
        for name in cls._required:
            if names.get(name) is None:
                msg = (
                    f'{cls.__name__}.from_frame needs {name} (got none); name its column with {name}="...", columns '
                    f"found: {', '.join(found)}"
                )
                raise ArgumentTypeError(msg, argument=name)
        columns = {name: _frame_column(frame, column, name) for name, column in names.items() if column is not None}
        own = {name: _frame_column(frame, name, "extra") for name in extra}
        build: Any = cls
        return build(**columns, **rest, extra=own)  # type: ignore[no-any-return]  # the subclass has the keywords

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice | Array | Sequence[int]) -> Self: ...
    def __getitem__(self, index: Any) -> Any:
        """A record for an integer, a smaller batch for a slice, a mask or positions."""
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            return self._record(range(self._length)[int(index)])
        rows = np.arange(self._length)[self._places(index)]
        if self._records is not None:
            return self.from_records([self._records[i] for i in rows.tolist()], tz=self.tz)
        return self._rebuild(
            {name: _take(self._raw(name), rows) for name in self.columns},
            {name: _take(values, rows) for name, values in self._all_extra().items()},
            aware=self.aware,
            tz=self.tz,
        )

    def _places(self, index: Any) -> Any:
        """A slice, mask or positions, checked."""
        if isinstance(index, slice):
            return index
        if isinstance(index, str):
            msg = f"index must be a place, slice, mask or positions (got the name {index!r}); say batch.raw({index!r})"
            raise ArgumentTypeError(msg, argument="index", found=index)
        found = np.asarray(_inputs.materialise(index))
        if found.size == 0:
            found = found.astype(np.int64)
        if found.ndim != 1 or found.dtype.kind not in "biu":
            msg = f"index must be a place, slice, mask or list of positions (got {shown(index)})"
            raise ArgumentTypeError(msg, argument="index", found=index)
        if found.dtype.kind == "b":
            _inputs.same_length(self._length, len(found), "index", "the batch")
        return found

    def __iter__(self) -> Iterator[R]:
        return (self._record(i) for i in range(self._length))

    def _rebuild(
        self, columns: Mapping[str, Any], extra: Mapping[str, Any], *, aware: bool | None, tz: str | dt.tzinfo | None
    ) -> Self:
        # The stored instants are UTC already when they are aware.
        build: Any = type(self)
        batch: Self = build(**columns, extra=extra, tz=dt.UTC if aware else None)
        batch.tz = tz
        return batch

    def _record(self, i: int) -> R:
        if self._records is not None:
            return self._records[i]
        fields = {name: _inputs.value_at(self._raw(name), i) for name in self.columns if name not in self._times}
        for name in self._whole:  # a column of whole numbers with gaps is floats
            if isinstance(fields.get(name), float) and fields[name].is_integer():
                fields[name] = int(fields[name])
        for name, micros in self._times.items():
            at = _instant(int(micros[i]), self.aware)
            # Wall times come back as wall times of the zone that the user named; instants are the same either way.
            fields[name] = at.astimezone(_inputs.zone_of(self.tz)) if at and self.tz is not None and self.aware else at
        own = {name: _inputs.value_at(values, i) for name, values in self._extra.items()}
        return self.record(**{name: value for name, value in fields.items() if self._keep(name, value)}, extra=own)  # type: ignore[no-any-return]  # `record` is a type by value

    def _keep(self, name: str, value: Any) -> bool:
        # Fields whose default is not None (reopens, weight, tags) take the default for a missing value.
        return value is not None or name in self._required or name == "score"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields that this batch has, without `extra`."""
        if self._records is not None:
            return tuple(field.name for field in attrs.fields(self.record) if field.name != "extra")
        return tuple(self._columns)

    @property
    def extra(self) -> tuple[str, ...]:
        """Names of the user's own columns."""
        return tuple(self._all_extra())

    def _all_extra(self) -> dict[str, Any]:
        if self._records is not None and not self._extra:
            names = dict.fromkeys(name for row in self._records for name in row.extra)  # type: ignore[attr-defined]  # every record has extra
            for name in names:
                self._extra[name] = [row.extra.get(name) for row in self._records]  # type: ignore[attr-defined]  # as above
        return self._extra

    def has(self, name: str) -> bool:
        """Whether there is such a field or own column."""
        return name in self.columns or name in self._all_extra()

    def _raw(self, name: str) -> Any:
        if name in self._columns:
            return self._columns[name]
        if self._records is not None and name in self.columns:
            self._columns[name] = list(map(attrgetter(name), self._records))
            return self._columns[name]
        return self._all_extra()[name]

    def raw(self, name: str, argument: str = "by") -> Any:
        """A column as it was given.

        Raises:
            UnknownNameError: no such column; the message lists the known ones.
        """
        if not self.has(name):
            known = ", ".join((*self.columns, *self._all_extra()))
            msg = f"{argument} must name a column of the {type(self).__name__} (got {name!r}); known columns: {known}"
            raise UnknownNameError(msg, argument=argument, found=name)
        return self._raw(name)

    def coded(self, name: str, argument: str = "by") -> Coded:
        """A column of labels as codes; read once and kept."""
        if name not in self._coded:
            found = _inputs.coded(self.raw(name, argument), name)
            self._coded[name] = Coded(found.codes, found.labels, name)
        return self._coded[name]

    def known(self, name: str) -> bool:
        """Whether the column is there and has at least one value."""
        if name in self._instants:
            self._settle()
        if name in self._times:
            return bool((self._times[name] != NAT).any())
        if not self.has(name):
            return False
        if self._records is not None and self._raw(name).count(None) == self._length:
            return False  # a field that no record uses: no need to number its labels
        found = self.coded(name)
        missing = bool(found.labels) and found.labels[-1] is None
        return bool((found.codes != len(found.labels) - 1).any()) if missing else len(found) > 0

    def times(self, name: str) -> Ints:
        """Instants in microseconds, all missing where the batch has no such column."""
        self._settle()
        if name in self._times:
            return self._times[name]
        return np.full(self._length, NAT, dtype=np.int64)

    def flag(self, name: str, *, default: bool) -> npt.NDArray[np.bool_]:
        """A True/False column, constant where the batch has none."""
        if not self.has(name):
            return np.full(self._length, default, dtype=np.bool_)
        return _inputs.flags(self._raw(name), name)

    def latest(self) -> int | None:
        """The latest instant of all columns in microseconds, None without any."""
        self._settle()
        found = [int(micros.max()) for micros in self._times.values() if len(micros) and micros.max() != NAT]
        return max(found, default=None)

    def concat(self, *others: Self) -> Self:
        """These rows and those of other batches of the same kind, in order.

        A column that only some of them have is missing (None) in the rows of the others.

        Raises:
            ArgumentTypeError: a batch of another kind.
            MixedTimeZonesError: naive and aware batches.
        """
        batches = (self, *others)
        for other in others:
            if type(other) is not type(self):
                msg = f"concat takes {type(self).__name__} only (got {type(other).__name__})"
                raise ArgumentTypeError(msg, argument="others", found=type(other))
        if len({batch.aware for batch in batches if batch.aware is not None}) > 1:
            msg = "concat needs batches that are all aware or all naive (got both); build the naive ones with tz="
            raise MixedTimeZonesError(msg, argument="others")
        names = dict.fromkeys(name for batch in batches for name in batch.columns)
        own = dict.fromkeys(name for batch in batches for name in batch.extra)
        return self._rebuild(
            {name: _joined(batches, name) for name in names},
            {name: _joined(batches, name) for name in own},
            aware=any(batch.aware for batch in batches),
            tz=next((batch.tz for batch in batches if batch.tz is not None), None),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Batch) or type(other) is not type(self):
            return NotImplemented
        return self._length == other._length and all(
            a == b or _both_nan(a, b) for a, b in zip(self, other, strict=True)
        )

    def __hash__(self) -> int:
        return hash((type(self), self._length, self.aware))

    def __repr__(self) -> str:
        names = ", ".join((*self.columns, *self._all_extra()))
        return f"{type(self).__name__}({self._length:,} rows: {names})"

    def _repr_html_(self) -> str:
        few = range(min(self._length, _SHOWN_ROWS))
        columns = {name: [self._cell(name, i) for i in few] for name in self.columns}
        if self._records is not None:  # records have every field; those that the shown ones do not use say nothing
            columns = {name: cells for name, cells in columns.items() if any(cells)}
        for name, values in self._all_extra().items():
            columns[f"{name} (extra)" if name in columns else str(name)] = [
                _text(_inputs.value_at(values, i)) for i in few
            ]
        more = self._length - _SHOWN_ROWS
        return _html.table(
            columns, zip(*columns.values(), strict=True), title=f"{type(self).__name__}, {self._length:,} rows",
            more=f"... and {more:,} more" if more > 0 else "",
        )  # fmt: skip

    def _cell(self, name: str, i: int) -> str:
        """A value as people read it; not of a record, as one may break the rules of its class."""
        if self._records is not None:
            return _text(getattr(self._records[i], name))
        if name in self._times:
            return _text(_instant(int(self._times[name][i]), self._rule))
        return _text(_inputs.value_at(self._columns[name], i))

    def __reduce__(self) -> tuple[Any, ...]:
        self._settle()
        state = (dict(self._columns), dict(self._all_extra()), self._records, self._length, self.aware, self.tz)
        return _restored, (type(self), state)


def _restored(cls: type[Batch[Any]], state: tuple[Any, ...]) -> Batch[Any]:
    batch = cls.__new__(cls)
    batch._columns, batch._extra, batch._records, batch._length, batch._rule, batch.tz = state
    batch._unread = False
    batch._coded = {}
    # Pickled arrays come back writable.
    batch._columns = {name: _frozen(values) for name, values in batch._columns.items()}
    batch._times = {name: batch._columns[name].view(np.int64) for name in cls._instants if name in batch._columns}
    return batch


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _frozen(values: Any) -> Any:
    return _inputs.read_only(values) if isinstance(values, np.ndarray) else values


def _opened(values: Any, name: str) -> Any:
    """A column as it can be kept: an iterator as a list, a masked array without its mask."""
    values = _inputs.materialise(values)
    if isinstance(values, np.ndarray) and values.ndim != 1:
        _inputs.column(values, name)  # refuses it, naming the shape
    if not isinstance(values, np.ma.MaskedArray):
        return values
    # Not every numpy function keeps a mask; these values say by themselves that they are missing.
    plain = np.array(values.data, dtype=values.dtype if values.dtype.kind in "mM" else object)
    plain[np.ma.getmaskarray(values)] = np.array("NaT", plain.dtype) if plain.dtype.kind in "mM" else None
    return plain


def _both_nan(a: Any, b: Any) -> bool:
    """Whether two records differ in nothing but NaN against NaN."""
    mine, theirs = attrs.astuple(a, recurse=False), attrs.astuple(b, recurse=False)
    return all(x == y or (x != x and y != y) for x, y in zip(mine, theirs, strict=True))


def _is_scalar(values: Any) -> bool:
    """A constant for the whole column: anything that is not itself a column of values."""
    if isinstance(values, (str, bytes, dt.date, dt.timedelta, np.generic)) or values is None:
        return True
    return not hasattr(values, "__len__") or isinstance(values, Mapping)


def _instant(micros: int, aware: bool | None) -> dt.datetime | None:
    if micros == NAT:
        return None
    plain = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)
    return plain.replace(tzinfo=dt.UTC) if aware else plain


def _take(values: Any, rows: Ints) -> Any:
    if isinstance(values, np.ndarray):
        return values[rows]
    return np.fromiter((_inputs.value_at(values, int(i)) for i in rows), object, len(rows))


def _labels(batch: Batch[Any], name: str, rows: Ints) -> Any:
    """Labels of some rows, None for row -1 and everywhere where the batch has no such column."""
    if not batch.has(name):
        return np.full(len(rows), None, dtype=object)
    found = batch.coded(name)
    labels = np.fromiter((*found.labels, None), object, len(found.labels) + 1)
    return labels[np.append(found.codes.astype(np.int64), len(found.labels))[rows]]


def _missing(found: Coded) -> npt.NDArray[np.bool_]:
    """Where a column of labels has none."""
    if found.labels and found.labels[-1] is None:
        return np.asarray(found.codes == len(found.labels) - 1)
    return np.zeros(len(found), dtype=np.bool_)


def _joined(batches: Sequence[Batch[Any]], name: str) -> Any:
    parts = []
    for batch in batches:
        values: Any = batch._raw(name) if batch.has(name) else [None] * len(batch)
        if isinstance(values, np.ndarray):
            parts.append(values)
        else:
            parts.append(_take(values, np.arange(len(batch))))
    if len({part.dtype for part in parts}) > 1:
        parts = [part.astype(object) for part in parts]
    return np.concatenate(parts)


def _columns_of(frame: Any) -> list[str]:
    """Names of the columns of a table.

    Raises:
        ArgumentTypeError: no table, or a lazy one.
    """
    kind = type(frame)
    if hasattr(kind, "collect"):
        msg = f"frame must be a table in memory (got a lazy {kind.__name__}); pass frame.collect()"
        raise ArgumentTypeError(msg, argument="frame", found=kind)
    names = frame if isinstance(frame, Mapping) else None
    for attribute in ("column_names", "columns"):
        names = getattr(frame, attribute, None) if names is None else names
    names = getattr(getattr(frame, "dtype", None), "names", None) if names is None else names
    if names is None:
        msg = (
            f"frame must be a table: a pandas, polars or pyarrow one, or a mapping of name to column (got "
            f"{kind.__name__}); records and columns go to the constructor"
        )
        raise ArgumentTypeError(msg, argument="frame", found=kind)
    return list(map(str, names))


def _frame_column(frame: Any, column: Any, field: str) -> Any:
    """One column of any table that gives its columns by name."""
    if not isinstance(column, str):
        return column  # a constant, or a column of its own
    try:
        return frame[column]
    except Exception as error:  # every table library has its own class for an unknown column
        known = ", ".join(_columns_of(frame))
        msg = f"{field} must name a column of the table (got {column!r}); columns found: {known}"
        raise UnknownNameError(msg, argument=field, found=column) from error


Zone = str | dt.tzinfo | None


class Responses(Batch[SurveyResponse]):
    """Survey answers in columns; see `SurveyResponse` for the fields.

    Args:
        score: 1-D ArrayLike of numbers or labels; read against the scale by the metric.
        tz: zone of naive instants, which are then wall times of it.
        fold: which reading of an ambiguous or missing wall time (0 first, 1 second); None raises.
        extra: your own columns by name.

    Every other argument is one 1-D ArrayLike per field of equal length, or a scalar for all rows.

    Raises:
        LengthError: columns of unequal length.
        MixedTimeZonesError: naive and aware instants together.

    >>> import cxscore as cx
    >>> len(cx.Responses(score=[9, 10, 3], channel=["chat", "mail", "chat"]))
    3
    """

    __slots__ = ()
    record = SurveyResponse
    _required = ("score",)
    _instants = ("at", "asked_at")

    def __init__(
        self, *, score: Any, at: Any = None, respondent: Any = None, account: Any = None, channel: Any = None,
        survey: Any = None, conversation: Any = None, agent: Any = None, team: Any = None, asked_at: Any = None,
        tags: Any = None, comment: Any = None, weight: Any = None, extra: Mapping[str, Any] | None = None,
        tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "score": score, "at": at, "respondent": respondent, "account": account, "channel": channel,
            "survey": survey, "conversation": conversation, "agent": agent, "team": team, "asked_at": asked_at,
            "tags": tags, "comment": comment, "weight": weight,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)

    @classmethod
    def from_frame(
        cls, frame: Any, *, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None, **fields: str
    ) -> Self:
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `SurveyResponse` = name of the column.

        >>> import cxscore as cx
        >>> table = {"rating": [5, 4], "where": ["chat", "mail"]}
        >>> cx.Responses.from_frame(table, score="rating", extra=["where"])
        Responses(2 rows: score, where)
        """
        return cls._from_frame(frame, fields, extra, {"tz": tz, "fold": fold})


class Messages(Batch[Message]):
    """A message log in columns, in any order; see `Message` for the fields.

    Args:
        conversation: 1-D ArrayLike of labels.
        at: 1-D ArrayLike of instants (datetime, datetime64, pandas, polars, pyarrow).
        author: "customer", "agent" or "bot" per row.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        UnknownNameError: an author that is not known.
        MixedTimeZonesError: naive and aware instants together.

    >>> import numpy as np
    >>> import cxscore as cx
    >>> at = np.array(["2026-03-02T09:00", "2026-03-02T09:04"], dtype="datetime64[m]")
    >>> cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])[1].author
    <Author.AGENT: 'agent'>
    """

    __slots__ = ()
    record = Message
    _required = ("conversation", "at", "author")
    _instants = ("at",)
    _flags = ("public", "automatic", "handoff")

    def __init__(
        self, *, conversation: Any, at: Any, author: Any, public: Any = None, automatic: Any = None,
        handoff: Any = None, agent: Any = None, team: Any = None, customer: Any = None, channel: Any = None,
        extra: Mapping[str, Any] | None = None, tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "conversation": conversation, "at": at, "author": author, "public": public, "automatic": automatic,
            "handoff": handoff, "agent": agent, "team": team, "customer": customer, "channel": channel,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)
        self.authors()  # an unknown author is refused here, where it can still be translated

    def authors(self) -> npt.NDArray[np.int8]:
        """Authors as codes in the order of `Author`: 0 customer, 1 agent, 2 bot."""
        found = self.coded("author")
        unknown = [label for label in found.labels if label not in _AUTHORS]
        used = set(np.unique(found.codes).tolist()) if unknown else set()
        for code, label in enumerate(found.labels):
            if label not in _AUTHORS and code in used:
                rows = found.codes == code
                _inputs.refuse_invalid(
                    "author", f"be one of {', '.join(map(repr, _AUTHORS))}", rows, self._raw("author"),
                    kind=UnknownNameError, way=f"say which it is with from_frame(..., authors={{{label!r}: ...}})",
                )  # fmt: skip
        table = np.array([_AUTHORS.get(label, 0) for label in found.labels] or [0], dtype=np.int8)
        return table[found.codes]

    @classmethod
    def from_frame(
        cls, frame: Any, *, authors: Mapping[Any, str] | None = None, extra: Iterable[str] = (), tz: Zone = None,
        fold: int | None = None, **fields: str,
    ) -> Self:  # fmt: skip
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            authors: what the table calls an author = "customer", "agent" or "bot".
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Message` = name of the column.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"ticket": [1], "sent": [datetime(2026, 3, 2, 9)], "by": ["end-user"]}
        >>> cx.Messages.from_frame(
        ...     table, conversation="ticket", at="sent", author="by", authors={"end-user": "customer"})[0].author
        <Author.CUSTOMER: 'customer'>
        """
        names: dict[str, Any] = dict(fields)
        if authors is not None and "author" in names:
            found = _inputs.coded(_frame_column(frame, names["author"], "author"), "author")
            labels = np.empty(len(found.labels), dtype=object)
            labels[:] = [authors.get(label, label) for label in found.labels]
            names["author"] = labels[found.codes]
        return cls._from_frame(frame, names, extra, {"tz": tz, "fold": fold})


class Conversations(Batch[Conversation]):
    """Conversations or tickets in columns; see `Conversation` for the fields.

    Args:
        id: 1-D ArrayLike of labels.
        opened_at: 1-D ArrayLike of instants.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        MixedTimeZonesError: naive and aware instants together.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> tickets = cx.Conversations(id=[1, 2], opened_at=datetime(2026, 3, 2, 9), channel=["mail", "chat"])
    >>> tickets[1].channel
    'chat'
    """

    __slots__ = ()
    record = Conversation
    _required = ("id", "opened_at")
    _instants = ("opened_at", "first_response_at", "resolved_at", "first_resolved_at", "abandoned_at")
    _whole = ("reopens", "messages")

    def __init__(
        self, *, id: Any, opened_at: Any, first_response_at: Any = None, resolved_at: Any = None,
        first_resolved_at: Any = None, abandoned_at: Any = None, customer: Any = None, channel: Any = None,
        topic: Any = None, agent: Any = None, team: Any = None, reopens: Any = None, messages: Any = None,
        status: Any = None, extra: Mapping[str, Any] | None = None, tz: Zone = None, fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "id": id, "opened_at": opened_at, "first_response_at": first_response_at, "resolved_at": resolved_at,
            "first_resolved_at": first_resolved_at, "abandoned_at": abandoned_at, "customer": customer,
            "channel": channel, "topic": topic, "agent": agent, "team": team, "reopens": reopens,
            "messages": messages, "status": status,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)

    @classmethod
    def from_frame(
        cls, frame: Any, *, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None, **fields: str
    ) -> Self:
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Conversation` = name of the column.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"ticket": [1, 2], "created": [datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 10)]}
        >>> len(cx.Conversations.from_frame(table, id="ticket", opened_at="created"))
        2
        """
        return cls._from_frame(frame, fields, extra, {"tz": tz, "fold": fold})


class Contacts(Batch[Contact]):
    """Contacts of customers in columns; see `Contact` for the fields.

    Args:
        customer: 1-D ArrayLike of labels; a missing one is an unknown customer.
        at: 1-D ArrayLike of instants.
        tz: zone of naive instants.
        fold: which reading of an ambiguous or missing wall time; None raises.
        extra: your own columns by name.

    Raises:
        LengthError: columns of unequal length.
        MixedTimeZonesError: naive and aware instants together.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> len(cx.Contacts(customer=["ada", "bob"], at=[datetime(2026, 3, 2), datetime(2026, 3, 3)]))
    2
    """

    __slots__ = ()
    record = Contact
    _required = ("customer", "at")
    _instants = ("at", "ended_at")
    _flags = ("resolvable",)

    def __init__(
        self, *, customer: Any, at: Any, ended_at: Any = None, topic: Any = None, channel: Any = None,
        agent: Any = None, resolvable: Any = None, extra: Mapping[str, Any] | None = None, tz: Zone = None,
        fold: int | None = None,
    ) -> None:  # fmt: skip
        columns = {
            "customer": customer, "at": at, "ended_at": ended_at, "topic": topic, "channel": channel,
            "agent": agent, "resolvable": resolvable,
        }  # fmt: skip
        self._fill(columns, tz=tz, fold=fold, extra=extra)

    @classmethod
    def from_frame(
        cls, frame: Any, *, extra: Iterable[str] = (), tz: Zone = None, fold: int | None = None, **fields: str
    ) -> Self:
        """Columns of a pandas, polars or pyarrow table.

        Args:
            frame: the table.
            extra: names of columns to keep as your own.
            tz: zone of naive instants.
            fold: as in the constructor.
            **fields: field of `Contact` = name of the column.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> table = {"who": ["ada"], "when": [datetime(2026, 3, 2)]}
        >>> cx.Contacts.from_frame(table, customer="who", at="when")[0].customer
        'ada'
        """
        return cls._from_frame(frame, fields, extra, {"tz": tz, "fold": fold})

    @classmethod
    def from_messages(cls, messages: Any, *, gap: dt.timedelta = dt.timedelta(hours=24)) -> Self:
        """Cut endless threads into contacts: a new one begins where a customer writes after a long silence.

        Looks at what people said in public: bots, private notes and automatic messages neither begin nor end
        anything, and rows without a conversation or an instant belong to no contact. The first message of a
        customer in a conversation begins a contact, and so does one that comes more than `gap` after the last
        message of customer or agent. An answer belongs to the running contact however late it comes.

        Args:
            messages: `Message` records or a `Messages` batch, in any order.
            gap: longest silence within a contact, above zero.

        Returns:
            Contacts with `at` (the customer's message), `ended_at` (the last message of customer or agent),
            `customer` and `channel` of the message that began it, `agent` (who answered last, None if nobody
            did). As own columns: `conversation`, `team` of that agent where teams are known, and your own columns
            of the first message.

        Raises:
            ArgumentTypeError: no messages, or a gap without a unit.
            InvalidValueError: a gap that is not above zero.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> at = [datetime(2026, 3, day, hour) for day, hour in ((2, 9), (2, 10), (5, 9))]
        >>> thread = cx.Messages(conversation=1, at=at, author=["customer", "agent", "customer"], customer="ada")
        >>> [(contact.at.day, contact.ended_at.day) for contact in cx.Contacts.from_messages(thread)]
        [(2, 2), (5, 5)]
        """
        log = cast("Messages", as_batch(messages, "messages", (Messages,), lambda: Messages.from_records([])))
        longest = _inputs.duration(gap, "gap", positive=True)
        talks, at, author = log.coded("conversation"), log.times("at"), log.authors()
        said = log.flag("public", default=True) & ~log.flag("automatic", default=False) & (author != 2)
        rows = np.flatnonzero(said & (at != NAT) & ~_missing(talks))
        found = split_threads(talks.codes[rows].astype(np.int64), at[rows], author[rows] == 1, longest)
        begins, ends = rows[found.begins], rows[found.ends]
        answers = np.append(rows, -1)[found.answered_by]
        return cls._made_of(
            log, begins, at[begins], at[ends], conversation=_labels(log, "conversation", begins),
            channel=_labels(log, "channel", begins), agent=_labels(log, "agent", answers),
            team=_labels(log, "team", answers),
        )  # fmt: skip

    @classmethod
    def from_conversations(cls, conversations: Any, *, reopens: Reopens = "count") -> Self:
        """Every conversation as a contact from its opening to its end, and what was opened again as another.

        Conversations with the status merged, spam, test or deleted are no contacts and are left out; of several
        rows of one conversation the one with the latest news counts.

        A row of a conversation that was opened again (`reopens` of 1 or more, or two resolutions) says that the
        customer came back between the first and the last resolution, but not when. With `reopens="count"` it
        becomes two contacts: one that ended with the first resolution, and one whose start is set to the last
        resolution, the latest instant that is possible. A repeat is then counted only where the customer came
        back in the window for certain. One that has not been resolved again has no known start: it is left out
        as missing by `repeat_contacts`. The middle ones of several reopenings leave no trace in a row.

        Args:
            conversations: `Conversation` records or a `Conversations` batch.
            reopens: "count" a reopening as a contact of its own, or "ignore" it: one contact, from the opening to
                the last resolution.

        Returns:
            Contacts with `at` (the opening), `ended_at` (the resolution, or when the customer left), `customer`,
            `topic`, `channel` and `agent` (the assignee). As own columns: `conversation`, `team` where teams are
            known, and your own columns.

        Raises:
            ArgumentTypeError: no conversations.
            InvalidValueError: conversations that were opened again without `first_resolved_at`, under
                `reopens="count"`.
            UnknownNameError: another choice.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> march = [datetime(2026, 3, day) for day in range(1, 32)]
        >>> ticket = cx.Conversation(
        ...     id=7, customer="ada", opened_at=march[1], first_resolved_at=march[2], resolved_at=march[5], reopens=1)
        >>> contacts = cx.Contacts.from_conversations([ticket])
        >>> len(contacts), cx.repeat_contacts(contacts, as_of=march[30]).repeats
        (2, 1)
        >>> len(cx.Contacts.from_conversations([ticket], reopens="ignore"))
        1
        """
        empty = Conversations.from_records
        table = cast("Conversations", as_batch(conversations, "conversations", (Conversations,), lambda: empty([])))
        check_choice("reopens", reopens, ("count", "ignore"))
        kept = _of_customers(table)
        opened, resolved = table.times("opened_at"), table.times("resolved_at")
        ended = np.where(resolved == NAT, table.times("abandoned_at"), resolved)
        again = np.empty(0, dtype=np.int64)
        if reopens == "count":
            first = table.times("first_resolved_at")
            counted = np.zeros(len(table), dtype=np.bool_)
            if table.has("reopens"):
                counted = _inputs.numbers(table.raw("reopens"), "reopens").data > 0
            untold = kept & counted & (first == NAT)
            if untold.any():
                _inputs.refuse_invalid(
                    "reopens", "come with first_resolved_at, which ends the first contact", untold,
                    table.raw("reopens"), way="give first_resolved_at=, or pass reopens='ignore' for one contact each",
                )  # fmt: skip
            twice = (first != NAT) & (resolved > first)
            reopened = kept & (counted | twice)
            ended = np.where(reopened, first, ended)
            again = np.flatnonzero(reopened)
        rows = np.concatenate((np.flatnonzero(kept), again))
        order = np.argsort(rows, kind="stable")
        starts, ends = opened[rows], ended[rows]
        if len(again):
            starts[-len(again) :] = ends[-len(again) :] = np.where(twice, resolved, NAT)[again]
        rows, starts, ends = rows[order], starts[order], ends[order]
        return cls._made_of(
            table, rows, starts, ends, conversation=_labels(table, "id", rows), topic=_labels(table, "topic", rows),
            channel=_labels(table, "channel", rows), agent=_labels(table, "agent", rows),
            team=_labels(table, "team", rows),
        )  # fmt: skip

    @classmethod
    def _made_of(
        cls, source: Batch[Any], rows: Ints, at: Ints, ended_at: Ints, *, conversation: Any, team: Any, **columns: Any
    ) -> Self:
        """Contacts of some rows of another batch, with its customers, its zone and its own columns."""
        own = {name: _take(values, rows) for name, values in source._all_extra().items()}
        own["conversation"] = conversation
        if source.known("team"):
            own["team"] = team
        batch = cls(
            customer=_labels(source, "customer", rows), at=at.view("M8[us]"), ended_at=ended_at.view("M8[us]"),
            extra=own, tz=dt.UTC if source.aware else None, **columns,
        )  # fmt: skip
        batch.tz = source.tz
        return batch


def _of_customers(table: Conversations) -> npt.NDArray[np.bool_]:
    """Rows behind which a customer stands; of several rows of one conversation the one with the latest news."""
    ids = table.coded("id")
    kept = np.ones(len(table), dtype=np.bool_)
    if table.known("status"):
        status = table.coded("status")
        aside = [code for code, label in enumerate(status.labels) if label in _NO_CUSTOMER]
        kept = ~np.isin(status.codes, aside)
    news = np.argsort(np.max([table.times(name) for name in table._instants], axis=0), kind="stable")
    latest = np.empty(len(ids.labels), dtype=np.int64)
    latest[ids.codes[news]] = news  # the last one stays
    kept &= _missing(ids) | (latest[ids.codes] == np.arange(len(table)))
    return kept


_BATCHES: dict[type[Any], type[Batch[Any]]] = {
    cls.record: cls for cls in (Responses, Messages, Conversations, Contacts)
}


def first_record(values: Any) -> type[Any] | None:
    """The record class of a sequence that begins with a record, None for anything else."""
    if isinstance(values, (list, tuple)) and values and type(values[0]) in _BATCHES:
        return type(values[0])
    return None


def as_batch(
    values: Any, argument: str, accepted: tuple[type[Batch[Any]], ...], empty: Callable[[], Batch[Any]]
) -> Batch[Any]:
    """Records or a batch of an accepted kind as a batch.

    Raises:
        ArgumentTypeError: anything else; the message shows the batch to build.
    """
    values = _inputs.materialise(values)
    if isinstance(values, accepted):
        return values
    kind = first_record(values)
    if kind is not None and _BATCHES[kind] in accepted:
        return _BATCHES[kind].from_records(values)
    if isinstance(values, (list, tuple)) and not values:
        return empty()
    names = " or ".join(f"{cls.record.__name__} records or a {cls.__name__} batch" for cls in accepted)
    first = accepted[0]
    needed = ", ".join(f"{name}=..." for name in first._required)
    found, way = type(values).__name__, f"build cx.{first.__name__}({needed}) from columns"
    if _inputs.is_frame(values):
        way = f"name its columns: cx.{first.__name__}.from_frame(df, {needed})"
    elif found in _inputs.COUNTED:
        found = f"a {found}, {_inputs.COUNTED[found]}"
    msg = f"{argument} must be {names} (got {found}); {way}"
    raise ArgumentTypeError(msg, argument=argument, found=type(values))
