"""What all column batches share: columns, lengths, instants, labels, slices, records back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html, _inputs
from .._inputs import NAT, Coded
from ..errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError, UnknownNameError, shown

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
R = TypeVar("R")
Zone = str | dt.tzinfo | None
BATCHES: dict[type[Any], type[Batch[Any]]] = {}
"""The batch of each record class; every kind of batch enters itself."""
_SHOWN_ROWS = 5


class Batch(Generic[R]):
    """Shared behaviour of the column batches; use `Responses`, `Messages`, `Conversations`, `Changes`, `Contacts`."""

    __slots__ = ("_coded", "_columns", "_extra", "_length", "_records", "_rule", "_times", "_unread", "tz")

    record: ClassVar[type[Any]]
    _required: ClassVar[tuple[str, ...]]
    _instants: ClassVar[tuple[str, ...]]
    _flags: ClassVar[tuple[str, ...]] = ()
    _whole: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        BATCHES[cls.record] = cls

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
            at = _inputs.moment_or_none(int(micros[i]), self.aware)
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
            return _text(_inputs.moment_or_none(int(self._times[name][i]), self._rule))
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
    way = _inputs.to_memory(frame)
    if way is not None:
        msg = f"frame must be a table in memory (got a lazy {kind.__name__}); pass {way}"
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
