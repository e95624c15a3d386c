"""What was passed to `outliers`: the values of all rows, what they stand in, their groups, and which are judged.

Knows the door, batches and tables of waits, and from the settings what is refused. Knows no limit and no result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from ... import _inputs
from ..._accounting import LeftOut
from ..._grouping import OWN_LABELS, Grouping, combine, group_rows, read_key, split_keys
from ..._results import Result
from ...batches import Batch, Contacts, Conversations, Messages, Responses, as_batch, first_record
from ...errors import ArgumentTypeError, UnknownNameError
from ...periods import Period
from ...tallies._durations import DurationTally
from ._settings import Settings

__all__ = ["Data", "Source", "grouped", "in_business_time", "judged_rows", "read_values"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

Source = Batch[Any] | Sequence[Any]  # what records come from: a batch, or the rows of a table


@attrs.frozen(eq=False)
class Data:
    """The values of all rows, and which of them are judged."""

    figures: Array
    """Numbers, or durations in microseconds; anything where not judged."""
    durations: bool
    rows: Ints | None
    """Rows that are judged, None for all."""
    left: dict[LeftOut, Bools]
    source: Source | None
    business: bool
    """Whether the values are known to be business time."""


def read_values(values: Any, of: Any) -> tuple[_inputs.Column, bool | None, Source | None]:
    """Values as one column, whether they are durations, and the batch or table they stand in, if any."""
    values = _inputs.materialise(values)
    if isinstance(values, DurationTally):
        msg = "values must be the durations themselves (got a DurationTally); cx.Fence.from_tally(tally) makes a fence"
        raise ArgumentTypeError(msg, argument="values", found=DurationTally)
    if isinstance(values, Result) or type(values).__name__ == "DurationSummary":  # which metrics do not share
        msg = (
            f"values must be the single ones, not their figures (got a {type(values).__name__}); pass what is behind "
            f'them: the waits of response_times are result.table(), those of one clock result.table("reply")'
        )
        raise ArgumentTypeError(msg, argument="values", found=type(values))
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


def _column_of(columns: Mapping[str, Array], name: Any, argument: str, way: str = "") -> Array:
    if name not in columns:
        msg = f"{argument} must name a column of the table (got {name!r}); known columns: {', '.join(columns)}{way}"
        raise UnknownNameError(msg, argument=argument, found=name)
    return columns[name]


def grouped(by: Any, n: int, source: Source | None) -> Grouping:
    """The groups that `by=` asks for; a table of waits has its columns at hand."""
    if source is None or isinstance(source, Batch):
        return group_rows(by, n, source)
    columns: Mapping[str, Array] = cast("Any", source).columns  # rows without them are no source

    specs, names, many = split_keys(by, named=True)
    for i, part in enumerate(specs):
        if isinstance(part, str):
            specs[i], names[i] = _column_of(columns, part, "by", OWN_LABELS), names[i] or part
        elif isinstance(part, Period):
            specs[i] = part.of(_column_of(columns, part.source, "by")) if isinstance(part.source, str) else part
        elif callable(part):
            specs[i] = [part(row) for row in source]
    return combine([read_key(part, n, None) for part in specs], names, many=many)


def in_business_time(source: Source | None, of: Any) -> bool:
    """Whether values of a table of waits are business time, as a column of it or as its clock counts."""
    if isinstance(source, Batch) or not source or callable(of):
        return False
    row = source[0]
    clock = row.get("clock") if isinstance(row, Mapping) else None
    return of == "business_wait" or (of in (None, "wait") and str(clock).startswith("business_"))


def judged_rows(
    found: _inputs.Column, settings: Settings, argument: str, source: Source | None, *, durations: bool,
    business: bool = False,
) -> Data:  # fmt: skip
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
    return Data(figures, durations, rows, left, source, business)


def _broken(figures: Array, settings: Settings, *, durations: bool) -> list[tuple[str, Bools]]:
    """Rules for values, and where they are broken."""
    rules: list[tuple[str, Bools]] = []
    if figures.dtype.kind == "f":
        rules.append(("be finite", np.isinf(figures)))
    if durations:
        rules.append(("not be negative", figures < 0))
    elif settings.log:
        rules.append(("not be negative on the log scale", figures < 0))
    return rules
