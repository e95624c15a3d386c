"""The door: whatever 1-D thing was passed becomes clean numpy columns, once.

The only module that looks at the type of data handed in. It never computes a figure, never changes
what it was given, and imports no optional package: a pandas, polars or pyarrow object brings its own
methods along. Knows `errors` and `scales`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from numbers import Number
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from .errors import (
    ArgumentTypeError,
    CxscoreError,
    InvalidValueError,
    LengthError,
    MissingValueError,
    MixedTimeZonesError,
    ScaleError,
    UnknownNameError,
    shown,
)
from .scales import Scale

__all__ = [
    "NAT",
    "Coded",
    "Column",
    "answers",
    "coded",
    "column",
    "duration",
    "durations",
    "flags",
    "instant",
    "instants",
    "is_column",
    "materialise",
    "measures",
    "numbers",
    "read_only",
    "refuse_invalid",
    "refuse_missing",
    "same_length",
    "utc_to_wall",
    "value_at",
    "wall_to_utc",
    "weights",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

NAT = np.iinfo(np.int64).min
"""A missing instant or duration in microseconds: numpy's own NaT, seen as an integer."""

_EPOCH = dt.datetime(1970, 1, 1)
_EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_DAY = 86_400_000_000
# Years 1 to 9999, what datetime can hold: an instant outside is a reading error, not a time.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000
_SHOWN = 5
_DURATIONS = (dt.timedelta, np.timedelta64)


class Column:
    """One clean column: `data` (1-D numpy array), `missing` (mask, or None when nothing is) and `name`."""

    __slots__ = ("data", "missing", "name")

    def __init__(self, data: Array, missing: Bools | None, name: Any = None) -> None:
        self.data = data
        self.missing = missing if missing is not None and missing.any() else None
        self.name = name

    def __len__(self) -> int:
        return len(self.data)


class Coded:
    """Labels as small integers: row i has the label `labels[codes[i]]`.

    A missing label is None, the last of `labels`, present only where a row has it. Other labels may
    have no row at all (an unused category, a gap between integers).
    """

    __slots__ = ("codes", "labels", "name")

    def __init__(self, codes: Array, labels: Sequence[Any], name: Any = None) -> None:
        self.codes = codes
        self.labels = labels
        self.name = name

    def __len__(self) -> int:
        return len(self.codes)


# -- what was passed ---------------------------------------------------------------------------------


def _package(values: object) -> str:
    return type(values).__module__.partition(".")[0]


def is_column(values: object) -> bool:
    """Whether `values` is an array, Series or Arrow array: a column by its type, whatever it holds."""
    if isinstance(values, np.ndarray):
        return True
    return _package(values) in ("pandas", "polars", "pyarrow", "xarray") and not _is_frame(values)


def _is_frame(values: object) -> bool:
    # Every table type has a `columns`; no Series, array or sequence does.
    return hasattr(type(values), "columns")  # asked of the type: a lazy table would resolve its schema


def _refuse_shape(values: object, argument: str) -> None:
    """Raise for what looks like a column and is none; say what to pass instead."""
    kind = type(values).__name__
    if isinstance(values, (str, bytes, bytearray)):
        found, way = f"the single {kind} {values!r}", "a list of values, e.g. [9, 10, 7]"
    elif isinstance(values, (set, frozenset)):
        found, way = f"a {kind}, which has no order and drops equal values", "a list"
    elif isinstance(values, Mapping):
        found, way = f"a {kind}", "a list or array of values"
    elif _is_frame(values):
        found = f"a whole {kind}"
        way = (
            f'one column, e.g. {argument}=df["column"], or the table to the function of the same name in cxscore.frames'
        )
        if argument == "answers":
            way = 'one column, e.g. nps(df["score"]), or frames.nps(df, "score")'
    elif not hasattr(values, "__iter__") and not hasattr(values, "__array__"):
        found, way = f"{values!r}", "a list, array or Series, even for one value: [value]"
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


# -- missing and invalid -----------------------------------------------------------------------------


def _positions(mask: Bools) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(mask)[:_SHOWN])


def refuse_missing(argument: str, mask: Bools) -> None:
    """Raise for missing values under `missing="raise"`."""
    count, where = int(np.count_nonzero(mask)), _positions(mask)
    msg = (
        f"{argument} must have no missing values with missing='raise' (got {count} of {len(mask)}, first at "
        f"{_places(where)}); use missing='drop' to leave them out and count them"
    )
    raise MissingValueError(msg, argument=argument, positions=where, count=count)


def _places(where: tuple[int, ...]) -> str:
    return f"position {where[0]}" if len(where) == 1 else f"positions {', '.join(map(str, where))}"


def value_at(values: Any, i: int) -> Any:
    """One value as a plain Python object, None where it is missing."""
    value = values.iloc[i] if hasattr(values, "iloc") else values[i]
    if hasattr(value, "as_py"):  # an Arrow scalar
        value = value.as_py()
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or _is_missing_type(type(value)) or value != value else value


def refuse_invalid(
    argument: str,
    rule: str,
    mask: Bools,
    values: Sequence[Any] | Array,
    *,
    kind: type[CxscoreError] = InvalidValueError,
    way: str = "use invalid='drop' to leave them out and count them",
) -> None:
    """Raise for values that break `rule`, with how many did and the first few of them."""
    count, where = int(np.count_nonzero(mask)), _positions(mask)
    found = tuple(value_at(values, i) for i in where)
    more = " ..." if count > len(where) else ""
    msg = (
        f"{argument} must {rule} (got {count} of {len(mask)} that do not: {', '.join(map(shown, found))}{more} at "
        f"{_places(where)}{more}); {way}"
    )
    raise kind(msg, argument=argument, found=found, positions=where, count=count)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


# -- answers on a scale ------------------------------------------------------------------------------


def answers(values: Any, scale: Scale, argument: str = "answers") -> Column:
    """Answers as a numeric column whose points can be counted; labels are read through the scale.

    Off-scale values stay in the data (texts that are no label become a point just off the scale), for
    the caller to refuse or count; `original` texts are looked up in `values` again for the message.

    Raises:
        ArgumentTypeError: bool, datetime or duration columns, and all that `column` refuses.
    """
    if _holds_texts(values):
        return _parsed(coded(values, argument), scale)
    found = column(values, argument)
    kind = found.data.dtype.kind
    if kind == "O":
        return _parsed_objects(found, scale)
    if kind in "US":
        return _parsed(coded(values, argument), scale)
    if kind not in "iuf":
        what = {"b": "True/False", "M": "dates", "m": "durations"}.get(kind, str(found.data.dtype))
        way = "pass numbers: numpy's array.astype(int) makes False 0 and True 1" if kind == "b" else "pass scores"
        msg = f"{argument} must be numbers or labels of the scale {scale.name} (got {what}, dtype {found.data.dtype}); {way}"
        raise ArgumentTypeError(msg, argument=argument, found=found.data.dtype)
    return found


def _off(scale: Scale) -> int:
    return scale.high + 1


def _parse(value: Any, scale: Scale) -> int:
    try:
        point = scale.parse(value)
    except ScaleError:
        return _off(scale)
    return _off(scale) if point is None else point


def _parsed(found: Coded, scale: Scale) -> Column:
    points = np.array([_parse(label, scale) for label in found.labels] or [0], dtype=np.int16)
    missing = None
    if found.labels and found.labels[-1] is None:
        missing = found.codes == len(found.labels) - 1
    return Column(points[found.codes], missing, found.name)


def _parsed_objects(found: Column, scale: Scale) -> Column:
    read: dict[Any, int] = {}
    points = np.empty(len(found), dtype=np.int16)
    for i, value in enumerate(found.data.tolist()):
        try:
            key = (type(value), value)  # True, 1 and 1.0 are one key otherwise
            point = read.get(key)
        except TypeError:
            points[i] = _off(scale)
            continue
        if point is None:
            point = read[key] = _parse(value, scale)
        points[i] = point
    return Column(points, found.missing, found.name)


# -- labels ------------------------------------------------------------------------------------------


def _holds_texts(values: Any) -> bool:
    """Whether a Series or Arrow array holds texts or categories, by its type."""
    package = _package(values)
    if package == "pandas" and hasattr(values, "dtype"):
        return str(values.dtype) in (
            "category",
            "str",
            "string",
            "string[python]",
            "string[pyarrow]",
            "large_string[pyarrow]",
        )
    if package == "polars" and hasattr(values, "dtype"):
        return str(values.dtype).startswith(("String", "Categorical", "Enum"))
    if package == "pyarrow" and hasattr(values, "type"):
        return str(values.type).startswith(("string", "large_string", "string_view", "dictionary"))
    return False


def coded(values: Any, argument: str) -> Coded:
    """Any column of hashable labels as codes. Labels are read from one row a code, never from all rows."""
    if _holds_texts(values):
        package = _package(values)
        if package == "pandas":
            return _coded_pandas(values)
        if package == "polars":
            return _coded_polars(values)
        return _coded_arrow(values)
    if isinstance(values, (list, tuple)):
        return _coded_objects(values, argument)
    found = column(values, argument)
    data, kind = found.data, found.data.dtype.kind
    if kind in "iu" and found.missing is None and len(data):
        return _coded_integers(data, found.name)
    if kind in "OUS":
        return _coded_objects(data.tolist(), argument, found.missing, found.name)
    missing = found.missing
    if kind == "f":
        nan = np.isnan(data)
        missing = nan if missing is None else missing | nan
    aware = isinstance(data, _Aware)
    if kind in "mM":
        data = _microseconds(data).view(f"{kind}8[us]")
    labels, codes = np.unique(data if missing is None else data[~missing], return_inverse=True)
    plain = [label.replace(tzinfo=dt.UTC) for label in labels.tolist()] if aware else labels.tolist()
    return _with_missing(codes.reshape(-1), plain, missing, found.name)


def _with_missing(codes: Array, labels: list[Any], missing: Bools | None, name: Any) -> Coded:
    if missing is None or not missing.any():
        return Coded(codes, labels, name)
    full = np.full(len(missing), len(labels), dtype=np.int64)
    full[~missing] = codes
    return Coded(full, [*labels, None], name)


def _coded_integers(data: Array, name: Any) -> Coded:
    low, high = int(data.min()), int(data.max())
    if high - low < max(4 * len(data), 1 << 16):
        # Gaps cost a row of zeros each; looking up every value to close them would cost a pass.
        if data.dtype == np.uint64:  # bincount takes no such codes, and int64 holds no such labels
            codes = (data - data.min()).astype(np.int64)
        else:
            codes = data if low == 0 else np.subtract(data, low, dtype=np.int64)
        return Coded(codes, range(low, high + 1), name)
    labels, codes = np.unique(data, return_inverse=True)
    return Coded(codes.reshape(-1), labels.tolist(), name)


def _coded_objects(values: Sequence[Any], argument: str, missing: Bools | None = None, name: Any = None) -> Coded:
    table: defaultdict[Any, int] = defaultdict()
    table.default_factory = table.__len__
    try:
        codes = np.fromiter(map(table.__getitem__, values), np.int64, len(values))
    except TypeError:
        bad = next(value for value in values if not _hashable(value))
        msg = f"{argument} must be hashable labels: texts, numbers, dates (got {bad!r})"
        raise ArgumentTypeError(msg, argument=argument, found=bad) from None
    labels = list(table)
    gone = {code for code, label in enumerate(labels) if _is_missing_type(type(label)) or _is_nan(label)}
    if not gone and missing is None:
        return Coded(codes, labels, name)
    # Close the gaps that None and the various NaNs leave, and put all of them last.
    kept = [label for code, label in enumerate(labels) if code not in gone]
    target = np.full(len(labels), len(kept), dtype=np.int64)
    target[[code for code in range(len(labels)) if code not in gone]] = np.arange(len(kept))
    codes = target[codes]
    if missing is not None:
        codes[missing] = len(kept)
    return Coded(codes, [*kept, None] if (codes == len(kept)).any() else kept, name)


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _is_nan(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) and value != value


def _coded_pandas(values: Any) -> Coded:
    if str(values.dtype) == "category":
        categorical = values.cat if hasattr(values, "cat") else values
        codes, labels = np.asarray(categorical.codes), list(categorical.categories)
    else:
        codes, uniques = values.factorize()
        labels = list(uniques)
    missing = codes < 0
    found = np.where(missing, len(labels), codes).astype(np.int64) if missing.any() else np.asarray(codes)
    return Coded(found, [*labels, None] if missing.any() else labels, getattr(values, "name", None))


def _coded_polars(values: Any) -> Coded:
    if str(values.dtype).startswith("String"):
        import polars  # the Series came from it, so it is loaded

        ids = values.cast(polars.Categorical).to_physical()
    else:
        ids = values.to_physical()
    missing = values.is_null().to_numpy() if values.null_count() else None
    raw = (ids.fill_null(0) if missing is not None else ids).to_numpy()
    known = raw if missing is None else raw[~missing]
    first = _first_rows(raw, missing, len(raw))
    labels = [values[row] for row in first.values()]
    codes = raw
    if len(first) <= int(known.max(initial=0)) or (missing is not None and not first):
        # Physical ids may be sparse (columns share them), so each gets the number of its rank.
        rank = np.zeros(int(raw.max(initial=0)) + 1, dtype=np.int32)
        rank[list(first)] = np.arange(len(first))
        codes = rank[raw]
    if missing is None:
        return Coded(codes, labels, values.name)
    codes = np.where(missing, len(labels), codes)
    return Coded(codes, [*labels, None], values.name)


def _first_rows(ids: Array, missing: Bools | None, n: int) -> dict[int, int]:
    """One row of each id, in the order of ids; most columns show all of theirs early."""
    present = np.zeros(int(ids.max(initial=0)) + 1, dtype=np.bool_)
    present[ids if missing is None else ids[~missing]] = True
    wanted = np.flatnonzero(present)
    found: dict[int, int] = {}
    step = 1 << 16
    for start in range(0, n, step):
        if len(found) == len(wanted):
            break
        chunk = ids[start : start + step]
        rows = np.arange(len(chunk)) if missing is None else np.flatnonzero(~missing[start : start + step])
        some, places = np.unique(chunk[rows], return_index=True)
        for one, place in zip(some.tolist(), rows[places].tolist(), strict=True):
            found.setdefault(one, start + place)
    return {one: found[one] for one in wanted.tolist()}


def _coded_arrow(values: Any) -> Coded:
    if not str(values.type).startswith("dictionary"):
        values = values.dictionary_encode()
    if hasattr(values, "num_chunks"):
        values = values.unify_dictionaries().combine_chunks()
        if hasattr(values, "num_chunks"):
            return _coded_objects(values.to_pylist(), "labels")
    labels = values.dictionary.to_pylist()
    if None in labels or len(set(labels)) < len(labels):  # Arrow allows both; codes here do not
        return _coded_objects(values.to_pylist(), "labels")
    missing = values.indices.is_null().to_numpy(zero_copy_only=False) if values.indices.null_count else None
    indices = values.indices.fill_null(0) if missing is not None else values.indices
    codes = indices.to_numpy(zero_copy_only=False)
    if missing is None:
        return Coded(codes, labels)
    return Coded(np.where(missing, len(labels), codes.astype(np.int64)), [*labels, None])


# -- time --------------------------------------------------------------------------------------------


def _microseconds(data: Array) -> Ints:
    """datetime64 or timedelta64 of any unit as int64 microseconds, floored; NaT stays NaT."""
    kind, unit = data.dtype.kind, np.datetime_data(data.dtype)
    if unit == ("us", 1):
        return np.asarray(data).view(np.int64)
    if unit[0] == "ns" and unit[1] == 1:
        raw = np.asarray(data).view(np.int64)
        return np.where(raw == NAT, NAT, raw // 1000)
    return np.asarray(data).astype(f"{kind}8[us]").view(np.int64)


def instants(
    values: Any, argument: str, *, tz: str | dt.tzinfo | None = None, fold: int | None = None
) -> tuple[Ints, bool | None]:
    """Instants as int64 microseconds since 1970 (`NAT` where missing) and whether they are UTC.

    Aware instants become UTC. Naive ones are wall times of `tz` and become UTC too, or, without `tz`,
    stay an unbroken clock. The second value is None for a column without a single instant.

    Raises:
        MixedTimeZonesError: naive and aware instants in one column.
        ArgumentTypeError: texts or numbers instead of instants.
        InvalidValueError: wall times that are ambiguous or missing in `tz`, with `fold=None`.
    """
    found = column(values, argument)
    data = found.data
    if data.dtype.kind == "M":
        micros, aware = _microseconds(data), isinstance(data, _Aware)
    elif data.dtype.kind == "O" or not len(data) or (found.missing is not None and found.missing.all()):
        micros, kind = _object_instants(data, found.missing, argument)
        if kind is None:
            return micros, None
        aware = kind
    else:
        _refuse_not_instants(data[0], argument)
    if found.missing is not None and data.dtype.kind == "M":
        micros = np.where(found.missing, NAT, micros)
    if not (micros != NAT).any():
        return micros, None
    off = (micros != NAT) & ((micros < _FIRST) | (micros >= _LAST))
    if off.any():
        refuse_invalid(argument, "lie in the years 1 to 9999", off, data, way="check the unit of the timestamps")
    if aware or tz is None:
        return micros, aware
    return wall_to_utc(micros, tz, argument, fold=fold), True


def _refuse_not_instants(value: Any, argument: str) -> None:
    value = _plain(value)
    way = "datetime.fromisoformat(text)" if isinstance(value, str) else "datetime.fromtimestamp(number, timezone.utc)"
    msg = f"{argument} must be datetimes or datetime64 (got {value!r}); nothing is guessed from texts and numbers, convert with {way}"
    raise ArgumentTypeError(msg, argument=argument, found=value)


def _object_instants(data: Array, missing: Bools | None, argument: str) -> tuple[Ints, bool | None]:
    out = np.full(len(data), NAT, dtype=np.int64)
    aware = naive = False
    for i, value in enumerate(data.tolist()):
        if missing is not None and missing[i]:
            continue
        if isinstance(value, np.datetime64):
            micros = int(_microseconds(np.array([value]))[0])
            naive = naive or micros != NAT
        elif isinstance(value, dt.datetime):
            if value.utcoffset() is not None:
                micros, aware = (value - _EPOCH_UTC) // _MICROSECOND, True
            else:
                micros, naive = (value.replace(tzinfo=None) - _EPOCH) // _MICROSECOND, True
        elif isinstance(value, dt.date):
            micros, naive = (dt.datetime(value.year, value.month, value.day) - _EPOCH) // _MICROSECOND, True
        else:
            _refuse_not_instants(value, argument)
        out[i] = micros
    if aware and naive:
        msg = (
            f"{argument} must be all aware or all naive (got both); give the naive ones a zone with "
            f"value.replace(tzinfo=ZoneInfo('Europe/Berlin'))"
        )
        raise MixedTimeZonesError(msg, argument=argument)
    return out, (aware if aware or naive else None)


def instant(value: Any, argument: str, *, aware: bool | None, tz: str | dt.tzinfo | None = None) -> int:
    """One instant, following the rule of the columns it stands beside, in microseconds.

    Raises:
        ArgumentTypeError: not an instant.
        MixedTimeZonesError: naive where the columns are aware and name no zone, or the other way round.
    """
    micros, own = instants([value], argument)
    if own is None:
        msg = f"{argument} must be a datetime (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if own is False and aware and tz is not None:
        return int(wall_to_utc(micros, tz, argument, fold=None)[0])
    if aware is not None and own is not aware:
        mine, theirs = ("aware", "naive") if own else ("naive", "aware")
        way = (
            "name the zone of the data with tz= when you build the batch"
            if own
            else f"pass an aware one, e.g. {argument}=datetime(2026, 1, 31, tzinfo=timezone.utc)"
        )
        msg = f"{argument} must follow the same rule as the data (got {mine}, the data are {theirs}); {way}"
        raise MixedTimeZonesError(msg, argument=argument, found=value)
    return int(micros[0])


def wall_to_utc(wall: Ints, tz: str | dt.tzinfo, argument: str, *, fold: int | None) -> Ints:
    """Wall times of a zone in microseconds as UTC, vectorised over whole days without a clock change.

    A wall time that comes twice or never on its day follows `fold` (0 the earlier offset, 1 the later) or raises.
    """
    zone = _zone(tz)
    known = wall != NAT
    days = np.floor_divide(wall, _DAY)
    unique, inverse = np.unique(days[known], return_inverse=True)
    inverse = inverse.reshape(-1)
    start = [_offset(int(day) * _DAY, zone, 0) for day in unique]
    end = [_offset(int(day + 1) * _DAY, zone, 1) for day in unique]
    noon = [_offset(int(day) * _DAY + _DAY // 2, zone, 0) for day in unique]
    offset = np.array(start, dtype=np.int64)[inverse] if len(unique) else np.empty(0, np.int64)
    moved = np.array([not a == b == c for a, b, c in zip(start, noon, end, strict=True)], dtype=np.bool_)
    out = wall.copy()
    rows = np.flatnonzero(known)
    if moved.any():
        changing = np.flatnonzero(moved[inverse])
        never: list[int] = []
        twice: list[int] = []
        for i in changing:
            micros = int(wall[rows[i]])
            early, late = _offset(micros, zone, 0), _offset(micros, zone, 1)
            if early != late and fold is None:
                # In a gap the offset before the change is the smaller one; in an overlap it is the larger.
                (never if early < late else twice).append(int(rows[i]))
            offset[i] = late if fold == 1 else early
        for what, places in (("exist", never), ("be unambiguous", twice)):
            if places:
                mask = np.zeros(len(wall), dtype=np.bool_)
                mask[places] = True
                refuse_invalid(
                    argument,
                    f"{what} as wall times of {tz}",
                    mask,
                    wall.view("M8[us]"),
                    way="pass aware instants, or fold=0 (first reading) or fold=1 (second reading)",
                )
    out[rows] -= offset
    return out


def utc_to_wall(utc: Ints, tz: str | dt.tzinfo) -> Ints:
    """UTC instants in microseconds (none missing) as wall times of a zone, vectorised over whole days."""
    zone = _zone(tz)
    unique, inverse = np.unique(np.floor_divide(utc, _DAY), return_inverse=True)
    inverse = inverse.reshape(-1)
    start, noon, end = (
        np.array([_offset_of_utc(int(day) * _DAY + into, zone) for day in unique], dtype=np.int64)
        for into in (0, _DAY // 2, _DAY)
    )
    offset = start[inverse]
    for i in np.flatnonzero(((start != noon) | (noon != end))[inverse]):
        offset[i] = _offset_of_utc(int(utc[i]), zone)
    return utc + offset


def _offset_of_utc(utc: int, zone: dt.tzinfo) -> int:
    utc = min(max(utc, _FIRST + _DAY), _LAST - _DAY)  # at the ends of the calendar there is no other wall time
    value = (_EPOCH_UTC + dt.timedelta(microseconds=utc)).astimezone(zone)
    return (value.utcoffset() or dt.timedelta(0)) // _MICROSECOND


def _zone(tz: object) -> dt.tzinfo:
    if isinstance(tz, dt.tzinfo):
        return tz
    if not isinstance(tz, str):
        msg = f"tz must be a zone, e.g. tz='Europe/Berlin' (got {tz!r})"
        raise ArgumentTypeError(msg, argument="tz", found=tz)
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):  # unknown, no key at all, a folder of zones
        msg = f"tz must name a zone of the IANA database, e.g. tz='Europe/Berlin' (got {tz!r}); is tzdata installed?"
        raise UnknownNameError(msg, argument="tz", found=tz) from None


def _offset(wall: int, zone: dt.tzinfo, fold: int) -> int:
    wall = min(max(wall, _FIRST), _LAST - 1)  # the last day has no next midnight
    value = (_EPOCH + dt.timedelta(microseconds=wall)).replace(tzinfo=zone, fold=fold)
    return (value.utcoffset() or dt.timedelta(0)) // _MICROSECOND


def durations(values: Any, argument: str) -> Ints:
    """Durations as int64 microseconds, `NAT` where missing.

    Raises:
        ArgumentTypeError: numbers without a unit.
    """
    return _durations(column(values, argument), argument)


def _durations(found: Column, argument: str) -> Ints:
    data = found.data
    if data.dtype.kind == "m":
        micros = _microseconds(data)
        return micros if found.missing is None else np.where(found.missing, NAT, micros)
    out = np.full(len(data), NAT, dtype=np.int64)
    if found.missing is not None and found.missing.all():
        return out
    for i, value in enumerate(data.tolist()):
        if found.missing is not None and found.missing[i]:
            continue
        if isinstance(value, np.timedelta64):
            out[i] = _microseconds(np.array([value]))[0]
        elif isinstance(value, dt.timedelta):
            out[i] = value // _MICROSECOND
        else:
            msg = f"{argument} must be timedeltas or timedelta64 (got {value!r}); numbers have no unit, e.g. timedelta(minutes=5)"
            raise ArgumentTypeError(msg, argument=argument, found=value)
    return out


def duration(value: Any, argument: str, *, positive: bool = False) -> int:
    """One duration in microseconds.

    Raises:
        ArgumentTypeError: a bare number; the message shows timedelta.
        ArgumentValueError: missing, or not above zero where it must be.
    """
    if isinstance(value, np.timedelta64):
        value = value.astype("m8[us]").item()
    if not isinstance(value, dt.timedelta):
        shown = value if isinstance(value, (int, float)) and not isinstance(value, bool) else 7
        msg = f"{argument} must be a timedelta (got {value!r}); write {argument}=timedelta(days={shown})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if positive and value <= dt.timedelta(0):
        msg = f"{argument} must be longer than zero (got {value!r}), e.g. {argument}=timedelta(days=7)"
        raise InvalidValueError(msg, argument=argument, found=value)
    return value // _MICROSECOND


# -- other columns -----------------------------------------------------------------------------------


def flags(values: Any, argument: str) -> Bools:
    """True/False per row.

    Raises:
        ArgumentTypeError: anything but True and False; a missing flag has no meaning.
    """
    found = column(values, argument)
    data = found.data
    if data.dtype.kind != "b" and len(data):
        msg = f"{argument} must be True or False in every row (got dtype {data.dtype}); pass column.astype(bool)"
        raise ArgumentTypeError(msg, argument=argument, found=data.dtype)
    if found.missing is not None:
        refuse_invalid(
            argument, "be True or False in every row", found.missing, values, way="fill the missing ones first"
        )
    return np.asarray(data, dtype=np.bool_)


def numbers(values: Any, argument: str) -> Column:
    """Real numbers of any dtype as float64, NaN where missing.

    Raises:
        ArgumentTypeError: texts, bools, dates, durations.
    """
    return _numbers(column(values, argument), argument)


def _numbers(found: Column, argument: str) -> Column:
    data = found.data
    if not len(data) or (found.missing is not None and found.missing.all()):
        return Column(np.full(len(data), np.nan), found.missing, found.name)
    if data.dtype.kind == "O":
        data = np.array([_float(value, argument) for value in data.tolist()])
    if data.dtype.kind not in "iuf":
        msg = f"{argument} must be numbers (got {shown(value_at(data, 0))}, dtype {data.dtype})"
        raise ArgumentTypeError(msg, argument=argument, found=data.dtype)
    out = data.astype(np.float64, copy=False)
    if found.missing is not None:
        out = np.where(found.missing, np.nan, out)
    return Column(out, np.isnan(out), found.name)


def _float(value: Any, argument: str) -> float:
    if _is_missing_type(type(value)):
        return np.nan
    try:
        if not isinstance(value, (bool, str)):
            return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf
    except (TypeError, ValueError):
        pass
    msg = f"{argument} must be numbers (got {shown(value)})"
    raise ArgumentTypeError(msg, argument=argument, found=value)


def measures(values: Any, argument: str) -> tuple[Column, bool | None]:
    """Numbers or durations, and whether they are durations; None for a column without a single value.

    Whole numbers keep their dtype, other numbers are float64, durations are int64 microseconds. The mask
    alone tells what is missing.

    Raises:
        ArgumentTypeError: neither numbers nor durations, or both together.
    """
    found = column(values, argument)
    kind = found.data.dtype.kind
    if kind == "m" or (kind == "O" and any(isinstance(value, _DURATIONS) for value in found.data.tolist())):
        micros = _durations(found, argument)
        return Column(micros, micros == NAT, found.name), True
    numeric = _numbers(found, argument)
    if not len(numeric) or (numeric.missing is not None and numeric.missing.all()):
        return numeric, None
    return (found if kind in "iu" else numeric), False


def weights(values: Any, n: int, argument: str = "weights") -> npt.NDArray[np.float64]:
    """Sampling weights: one number of 0 or more a row, small enough for its square to be summed.

    Raises:
        InvalidValueError: negative, NaN, infinite or absurdly large weights; they are never dropped.
    """
    found = numbers(values, argument)
    same_length(n, len(found), argument, "the answers")
    bad = ~((found.data >= 0) & (found.data <= 1e100))
    if bad.any():
        refuse_invalid(
            argument,
            "be numbers from 0 to 1e100",
            bad,
            found.data,
            way="correct them or leave those rows out first",
        )
    return cast("npt.NDArray[np.float64]", found.data)


def materialise(values: Any) -> Any:
    """An iterator, or what can only be iterated (`counts.values()`), as a list; anything else unchanged."""
    kind = type(values)
    once = isinstance(values, Iterator) or (hasattr(kind, "__iter__") and not hasattr(kind, "__getitem__"))
    return list(values) if once and not isinstance(values, (set, frozenset)) else values
