"""One 1-D thing of any library as numpy data with a mask of missing values.

A pandas, polars or pyarrow object is known by where its type comes from and brings its own methods along; no
optional package is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentTypeError, LengthError, shown

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

NAT = np.iinfo(np.int64).min
"""A missing instant or duration in microseconds: numpy's own NaT, seen as an integer."""

COUNTED = {
    "ScoreTally": "which counts survey answers and goes to nps, csat or ces",
    "DurationTally": "which counts the waits of one clock and goes to response_times",
    "RepeatTally": "which counts repeats and goes to repeat_contacts",
}
"""What a tally counts and where it is welcome, for whoever passes it elsewhere; known by name, as tables are."""


class Column:
    """One clean column: `data` (1-D numpy array), `missing` (mask, or None when nothing is) and `name`."""

    __slots__ = ("data", "missing", "name")

    def __init__(self, data: Array, missing: Bools | None, name: Any = None) -> None:
        self.data = data
        self.missing = missing if missing is not None and missing.any() else None
        self.name = name

    def __len__(self) -> int:
        return len(self.data)


def _package(values: object) -> str:
    return type(values).__module__.partition(".")[0]


def is_column(values: object) -> bool:
    """Whether `values` is an array, Series or Arrow array: a column by its type, whatever it holds."""
    if isinstance(values, np.ndarray):
        return True
    return _package(values) in ("pandas", "polars", "pyarrow", "xarray") and not is_frame(values)


def is_frame(values: object) -> bool:
    """Whether `values` is a whole table, of whatever library."""
    # Every table type has a `columns`, or is a stream of Arrow batches; no Series, array or sequence is. Asked of the
    # type: a lazy table would resolve its schema.
    return hasattr(type(values), "columns") or hasattr(type(values), "read_all")


def to_memory(values: object) -> str | None:
    """What reads a table that is not in memory, by its library; None for anything else."""
    if hasattr(type(values), "collect"):
        return "frame.collect()"
    if hasattr(type(values), "read_all"):  # batches of Arrow, which come once
        return "frame.read_all()"
    if _package(values).lstrip("_") == "duckdb":
        return "frame.df(), frame.pl() or frame.to_arrow_table()"
    return None


def _refuse_shape(values: object, argument: str) -> None:
    """Raise for what looks like a column and is none; say what to pass instead."""
    kind = type(values).__name__
    if isinstance(values, (str, bytes, bytearray)):
        found, way = f"the single {kind} {values!r}", "a list of values, e.g. [9, 10, 7]"
    elif isinstance(values, (set, frozenset)):
        found, way = f"a {kind}, which has no order and drops equal values", "a list"
    elif isinstance(values, Mapping):
        found, way = f"a {kind}", "a list or array of values"
    elif is_frame(values):
        found = f"a whole {kind}"
        way = f'one column, e.g. {argument}=df["column"]'
        if argument == "answers":
            way = 'one column, e.g. nps(df["score"]); in a later release also frames.nps(df, "score")'
        read = to_memory(values)
        if read is not None:
            way = f"one column of {read}"
    elif kind in COUNTED:
        found, way = f"a {kind}, {COUNTED[kind]}", "a list, array or Series of values"
    elif not hasattr(values, "__iter__") and not hasattr(values, "__array__"):
        found, way = shown(values), "a list, array or Series, even for one value: [value]"
    else:
        return
    msg = f"{argument} must be a 1-D column of values (got {found}); pass {way}"
    raise ArgumentTypeError(msg, argument=argument, found=type(values))


def read_only(data: Array) -> Array:
    """A view that cannot be written through."""
    view = data.view()
    view.flags.writeable = False
    return view


def same_length(n: int, found: int, argument: str, other: str) -> None:
    """Raise unless two columns that run side by side are equally long."""
    if n != found:
        msg = f"{argument} must have one value for each of the {n} rows of {other} (got {found})"
        raise LengthError(msg, argument=argument, found=found)


def materialise(values: Any) -> Any:
    """An iterator, or what can only be iterated (`counts.values()`), as a list; anything else unchanged."""
    kind = type(values)
    once = isinstance(values, Iterator) or (hasattr(kind, "__iter__") and not hasattr(kind, "__getitem__"))
    return list(values) if once and not isinstance(values, (set, frozenset)) and not is_frame(values) else values


def column(values: Any, argument: str) -> Column:
    """Any 1-D ArrayLike as numpy data with a mask of missing values.

    Raises:
        ArgumentTypeError: a str, bytes, set, mapping, frame or scalar, 0-D or 2-D arrays, complex.
    """
    if isinstance(values, np.ndarray):
        return _from_numpy(values, argument)
    if type(values) is list or type(values) is tuple:
        return _from_objects(values, argument)
    _refuse_shape(values, argument)
    package = _package(values)
    if package == "pandas":
        return _from_pandas(values, argument)
    if package == "polars":
        return _from_polars(values, argument)
    if package == "pyarrow":
        return _from_arrow(values, argument)
    if hasattr(values, "__array__"):
        return _from_numpy(np.asarray(values), argument)
    return _from_objects(list(values), argument)


def _from_numpy(values: Array, argument: str) -> Column:
    if values.ndim != 1:
        way = f"{argument}.ravel() or one column of it" if values.ndim else "[value]"
        msg = f"{argument} must be 1-D (got an array of shape {values.shape}); pass {way}"
        raise ArgumentTypeError(msg, argument=argument, found=values.shape)
    if isinstance(values, np.ma.MaskedArray):
        return Column(np.asarray(values.data), np.ma.getmaskarray(values))
    kind = values.dtype.kind
    if kind == "c":
        msg = f"{argument} must be real numbers (got complex values, dtype {values.dtype}); pass {argument}.real"
        raise ArgumentTypeError(msg, argument=argument, found=values.dtype)
    if kind == "V" or values.dtype.names:
        msg = f"{argument} must be one column (got a structured array); pass one field of it"
        raise ArgumentTypeError(msg, argument=argument, found=values.dtype)
    if kind in "OT":
        return _from_objects(values.tolist(), argument)
    if kind == "f":
        return Column(values, None)  # NaN is looked for where the values are read anyway
    if kind in "mM":
        return Column(values, np.isnat(values))
    return Column(values, None)


def _is_missing_type(kind: type) -> bool:
    return kind is type(None) or kind.__name__ in ("NAType", "NaTType")


def _from_objects(values: Sequence[Any], argument: str) -> Column:
    """A sequence of Python objects; numbers become a numeric array, anything else stays as it is."""
    n = len(values)
    kinds = set(map(type, values))
    gone = {kind for kind in kinds if _is_missing_type(kind)}
    kinds -= gone
    missing: Bools | None = None
    if gone:
        missing = np.fromiter((type(value) in gone for value in values), np.bool_, n)
    if kinds and kinds <= {bool, np.bool_}:
        return Column(np.array([type(value) not in gone and bool(value) for value in values]), missing)
    # numpy counts timedelta64 among its integers.
    plain = kinds.isdisjoint((bool, np.timedelta64))
    if kinds and plain and all(issubclass(kind, (int, float, np.integer, np.floating)) for kind in kinds):
        if gone:
            values = [0 if type(value) in gone else value for value in values]
        whole = all(issubclass(kind, (int, np.integer)) for kind in kinds)
        try:
            return Column(np.array(values, dtype=np.int64 if whole else np.float64), missing)
        except OverflowError:
            pass  # too huge for a machine number; kept as objects, to be refused by value
    if any(issubclass(kind, (list, tuple, np.ndarray)) for kind in kinds):
        msg = f"{argument} must be 1-D (got a sequence that holds sequences); pass one flat list"
        raise ArgumentTypeError(msg, argument=argument, found=kinds)
    if any(issubclass(kind, complex) for kind in kinds):
        msg = f"{argument} must be real numbers (got complex values); pass their real parts"
        raise ArgumentTypeError(msg, argument=argument, found=complex)
    data = np.empty(n, dtype=object)
    data[:] = values
    numeric = {kind for kind in kinds if issubclass(kind, Number)}
    if numeric:
        nan = np.fromiter((type(value) in numeric and value != value for value in values), np.bool_, n)
        missing = nan if missing is None else missing | nan
    return Column(data, missing)


def _from_pandas(values: Any, argument: str) -> Column:
    """A pandas Series, Index or extension array of any dtype."""
    dtype, name = values.dtype, getattr(values, "name", None)
    zone = getattr(dtype, "tz", None)
    if zone is not None:
        return Column(_with_zone(values), np.asarray(values.isna()), name)
    if isinstance(dtype, np.dtype):
        found = _from_numpy(values.to_numpy(), argument)
    else:
        target = getattr(dtype, "numpy_dtype", np.dtype(object))  # masked and Arrow numbers name their own
        missing = np.asarray(values.isna())
        if target.kind in "iufb":
            filled = values.fillna(False if target.kind == "b" else 0) if missing.any() else values
            data = filled.to_numpy(dtype=target)
            if target.kind == "b":
                data = data.astype(np.bool_)
            found = Column(data, missing)
        else:
            found = _from_objects(list(values), argument)
    found.name = name
    return found


def _with_zone(values: Any) -> Array:
    """Aware pandas instants as an object array that keeps the fact that they are aware."""
    utc = values.dt if hasattr(values, "dt") else values
    plain = np.asarray(
        utc.tz_convert("UTC").dt.tz_localize(None) if hasattr(values, "dt") else utc.tz_convert("UTC").tz_localize(None)
    )
    return _Aware(plain)


class _Aware(np.ndarray[Any, Any]):
    """datetime64 values known to be UTC; the class is the mark."""

    def __new__(cls, values: Any) -> _Aware:
        return np.asarray(values).view(cls)


def _from_polars(values: Any, argument: str) -> Column:
    dtype, name = values.dtype, values.name
    missing = values.is_null().to_numpy() if values.null_count() else None
    zone = getattr(dtype, "time_zone", None)
    if dtype.is_temporal() and str(dtype).startswith(("Datetime", "Duration")):
        unit = dtype.time_unit
        kind = "M8" if str(dtype).startswith("Datetime") else "m8"
        data = values.to_physical().fill_null(NAT).to_numpy().astype(np.int64, copy=False).view(f"{kind}[{unit}]")
        return Column(_Aware(data) if zone is not None else data, missing, name)
    if dtype.is_numeric() and not dtype.is_decimal() and not str(dtype).endswith("128"):
        data = (values.fill_null(0) if missing is not None else values).to_numpy()
        return Column(data, missing, name)
    if str(dtype) == "Boolean":
        return Column((values.fill_null(False) if missing is not None else values).to_numpy(), missing, name)
    found = _from_objects(values.to_list(), argument)
    found.name = name
    return found


def _from_arrow(values: Any, argument: str) -> Column:
    if hasattr(values, "num_chunks"):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
        if hasattr(values, "num_chunks"):  # an empty ChunkedArray, or one that must stay in pieces
            return _from_objects(values.to_pylist(), argument)
    kind = str(values.type)
    missing = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    if kind.startswith(("timestamp", "duration")):
        integers = values.view("int64")
        data = (integers.fill_null(NAT) if missing is not None else integers).to_numpy(zero_copy_only=False)
        unit = kind.partition("[")[2].partition("]")[0].partition(",")[0]
        data = data.view(f"{'M8' if kind.startswith('timestamp') else 'm8'}[{unit}]")
        return Column(_Aware(data) if "tz=" in kind else data, missing)
    if kind.startswith(("int", "uint", "float", "double", "halffloat", "bool")):
        filled = values.fill_null(False if kind == "bool" else 0) if missing is not None else values
        return Column(filled.to_numpy(zero_copy_only=False), missing)
    return _from_objects(values.to_pylist(), argument)
