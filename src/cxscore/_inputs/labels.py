"""Labels of any library as small integers, read from one row a label and never from all rows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentTypeError, shown
from .columns import _Aware, _is_missing_type, _package, column
from .times import _microseconds

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]


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

    @property
    def missing(self) -> Bools:
        """Where the label is missing."""
        if self.labels and self.labels[-1] is None:
            return np.asarray(self.codes == len(self.labels) - 1)
        return np.zeros(len(self), dtype=np.bool_)


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
    if _begins_with_text(values):  # the types of a million objects need no look of their own
        return _coded_objects(values.tolist(), argument)
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


def _begins_with_text(values: Any) -> bool:
    if type(values) is not np.ndarray or values.dtype.kind != "O" or values.ndim != 1:
        return False
    return len(values) > 0 and isinstance(values[0], str)


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


def tuples(values: Any, argument: str) -> list[tuple[Any, ...]]:
    """A column with several labels a row, each row as a tuple; an empty one where the row is missing.

    Raises:
        ArgumentTypeError: a row that is a single text, or no sequence at all.
    """
    rows = _listed(values)
    if {tuple}.issuperset(map(type, rows)):
        return rows
    return [row if type(row) is tuple else _as_tuple(row, i, argument) for i, row in enumerate(rows)]


def _listed(values: Any) -> list[Any]:
    package = _package(values)
    if package == "polars":
        return list(values.to_list())
    if package == "pyarrow":
        return list(values.to_pylist())
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _as_tuple(row: Any, place: int, argument: str) -> tuple[Any, ...]:
    if _is_missing_type(type(row)) or _is_nan(row):
        return ()
    if isinstance(row, (str, bytes)) or not hasattr(row, "__iter__"):
        msg = (
            f"{argument} must hold a sequence of texts in every row, e.g. ('price', 'speed') (got {shown(row)} at "
            f"position {place}); pass [(tag,) for tag in column], or split the texts first"
        )
        raise ArgumentTypeError(msg, argument=argument, found=row, positions=(place,))
    return tuple(row.tolist() if isinstance(row, np.ndarray) else row)


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
