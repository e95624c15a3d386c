"""What `by=` means: labels of rows become group codes and keys.

Knows `_inputs`, `batches` and `periods`; sees labels and instants only, never an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from . import _inputs
from ._frozen import FrozenMap
from ._inputs import Coded
from .batches import Batch
from .errors import ArgumentTypeError, UnknownNameError
from .periods import Period, PeriodCodes

__all__ = ["OWN_LABELS", "Grouping", "Keys", "combine", "cut_by", "group_rows", "read_key", "split_keys"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

OWN_LABELS = '; labels of your own go as a dict, by={"group": labels}'
"""What to say where a name is no column: it may be the first of a list of labels."""


class Keys(list[Any]):
    """Keys of groups in order, and what is known of them where one part is a calendar period.

    Every table of results has its keys, so what they know reaches `Groups` without a word from the metric.
    """

    incomplete: tuple[Any, ...] = ()
    """Keys whose period is not a whole one: it reaches past the cut of the data, or there is none (None)."""
    definition: Mapping[str, str] = FrozenMap()
    """What says in a signature how time was cut, and decides what may be compared."""
    estimation: Mapping[str, str] = FrozenMap()
    """What says so and decides nothing."""
    place: int | None = None
    """Which part of the keys is the period."""


class Grouping:
    """Group codes of rows, and what the codes are called.

    Codes run from 0 to `size - 1`; some may have no row. `order` tells which codes to show, in key order.
    """

    __slots__ = ("_label", "_period", "_place", "codes", "many", "names", "size")

    def __init__(
        self,
        codes: Array,
        size: int,
        label: Callable[[int], Any],
        names: tuple[str, ...],
        *,
        many: bool,
        period: PeriodCodes | None = None,
        place: int = 0,
    ) -> None:
        self.codes = codes
        self.size = size
        self.names = names
        self.many = many
        self._label = label
        self._period = period
        self._place = place

    def key(self, code: int) -> Any:
        """What a code is called: a label, or a tuple of labels where several keys were asked for."""
        return self._label(code)

    def order(self, present: Bools, now: int | None = None) -> tuple[Ints, Keys]:
        """Codes that have rows with their keys: sorted where all keys compare, else in the order of codes.

        A missing label (None) comes last. Periods without rows between others are there, too.

        Args:
            present: which codes have rows.
            now: the instant at which the rows were cut, for those who know; decides which periods are whole.
        """
        if self._period is not None:  # its codes are the innermost ones
            dated = np.array([label is not None for label in self._period.labels], dtype=np.bool_)
            present = present | np.tile(dated, self.size // max(len(dated), 1))
        codes = np.flatnonzero(present)
        keys = [self._label(int(code)) for code in codes]
        parts = [key if self.many else (key,) for key in keys]
        try:
            ranked = sorted(
                range(len(keys)), key=lambda i: [(part is None, 0 if part is None else part) for part in parts[i]]
            )
        except TypeError:  # labels of unlike types have no order: as they are first seen
            first = np.zeros(self.size, dtype=np.int64)
            first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
            ranked = sorted(range(len(keys)), key=lambda i: ([part is None for part in parts[i]], first[codes[i]]))
        return codes[ranked], self._told(Keys(keys[i] for i in ranked), now)

    def _told(self, keys: Keys, now: int | None) -> Keys:
        """The keys with what their periods say."""
        if self._period is not None:
            parts = set(self._period.incomplete(now))
            keys.place = self._place
            keys.definition = FrozenMap(self._period.definition)
            keys.incomplete = tuple(key for key in keys if (key[self._place] if self.many else key) in parts)
        return keys

    def compact(self, now: int | None = None) -> tuple[Ints, Keys]:
        """Codes renumbered in key order without gaps, and the keys; `now` as in `order`.

        What lies in a period that begins after `now` is of no period.
        """
        whole = self if now is None else self._until(now)
        codes, keys = whole.order(np.bincount(whole.codes, minlength=whole.size) > 0, now)
        rank = np.zeros(max(whole.size, 1), dtype=np.int64)
        rank[codes] = np.arange(len(codes))
        return rank[whole.codes], keys

    def _until(self, now: int) -> Grouping:
        """The same without the periods that had not begun: what lies in them is left out, of the period None."""
        if self._period is None:
            return self
        width, begun = len(self._period.labels), self._period.until(now)
        if begun >= sum(label is not None for label in self._period.labels):
            return self
        outer, period = np.divmod(self.codes, width)  # its codes are the innermost ones
        period = np.minimum(period, begun)

        def label(code: int) -> Any:
            group, place = divmod(code, begun + 1)
            if place < begun:
                return self._label(group * width + place)
            if not self.many:
                return None
            key = list(self._label(group * width))
            key[self._place] = None
            return tuple(key)

        return Grouping(
            outer * (begun + 1) + period, self.size // width * (begun + 1), label, self.names, many=self.many,
            period=self._period.first(begun, period), place=self._place,
        )  # fmt: skip


def group_rows(by: Any, n: int, batch: Batch[Any] | None) -> Grouping:
    """Read `by=` in any of its forms.

    Args:
        by: column name or callable (records and batches), array of labels, `Period`, or a list, tuple or dict of
            these.
        n: number of rows.
        batch: where names are looked up; None for plain arrays.

    Raises:
        ArgumentTypeError: a name where there is no table to look it up in.
        UnknownNameError: a name that is no column.
        LengthError: labels of another length.
    """
    several, names, many = split_keys(by, batch is not None)
    return combine([read_key(part, n, batch) for part in several], names, many=many)


def split_keys(by: Any, named: bool) -> tuple[list[Any], list[str | None], bool]:
    """The keys that `by=` asks for, the names it gives them, and whether keys are tuples.

    `named`: there are columns that names can stand for, so a list holds keys and never labels.
    """
    if isinstance(by, Mapping):
        return list(by.values()), [str(name) for name in by], True
    if isinstance(by, (list, tuple)) and (named or _holds_columns(by)):
        return list(by), [None] * len(by), True
    return [by], [None], False


def cut_by(by: Any, column: str) -> bool:
    """Whether a key is a calendar period of that column of the batch."""
    several, _, _ = split_keys(by, True)
    return any(isinstance(part, Period) and part.source == column for part in several)


def combine(parts: Sequence[Coded], names: Sequence[str | None], *, many: bool) -> Grouping:
    """Group codes of rows from the codes of each key."""
    titles = tuple(
        _name(part, i) if name is None else name for i, (part, name) in enumerate(zip(parts, names, strict=True))
    )
    if many:
        return _combined(parts, titles)
    labels, period = parts[0].labels, parts[0] if isinstance(parts[0], PeriodCodes) else None
    return Grouping(parts[0].codes, len(labels), lambda code: labels[code], titles, many=False, period=period)


def _holds_columns(by: Sequence[Any]) -> bool:
    return bool(by) and all(_inputs.is_column(part) or isinstance(part, (list, tuple, Period)) for part in by)


def _name(part: Coded, position: int) -> str:
    if part.name not in (None, ""):
        return str(part.name)
    return "group" if position == 0 else f"group_{position + 1}"


def read_key(by: Any, n: int, batch: Batch[Any] | None) -> Coded:
    """One key: a column name or a function (with a batch), calendar periods, or labels."""
    if isinstance(by, Period):
        return by.coded(n, batch)
    if isinstance(by, str):
        if batch is None:
            msg = f"by must be labels beside plain values (got the name {by!r}); pass the column itself, by=df[{by!r}]"
            raise ArgumentTypeError(msg, argument="by", found=by)
        try:
            return batch.coded(by)
        except UnknownNameError as error:
            raise UnknownNameError(f"{error}{OWN_LABELS}", argument="by", found=by) from None
    if callable(by) and not _inputs.is_column(by):
        if batch is None:
            msg = (
                f"by must be labels beside plain values (got {by!r}); a function needs records, "
                f"pass by=[f(x) for x in ...]"
            )
            raise ArgumentTypeError(msg, argument="by", found=by)
        return _inputs.coded([by(record) for record in batch], "by")
    found = _inputs.coded(_inputs.materialise(by), "by")
    _inputs.same_length(n, len(found), "by", "the data")
    return found


def _combined(parts: Sequence[Coded], names: tuple[str, ...]) -> Grouping:
    if not parts:
        msg = "by must name at least one key (got none); leave it out for no groups"
        raise ArgumentTypeError(msg, argument="by", found=parts)
    periods = [place for place, part in enumerate(parts) if isinstance(part, PeriodCodes)]
    # Every combination of the other keys has all periods, unless several keys are periods: most combinations of
    # two calendars do not exist.
    period = periods[0] if len(periods) == 1 else None
    sequence = sorted(range(len(parts)), key=lambda place: place == period)
    codes: Array = parts[sequence[0]].codes.astype(np.int64, copy=False)
    size = len(parts[sequence[0]].labels)
    steps: list[tuple[Sequence[Any], Ints | None]] = [(parts[sequence[0]].labels, None)]
    for place in sequence[1:]:
        part = parts[place]
        if place == period:
            occurs = np.bincount(codes, minlength=size) > 0
            labels, used = steps[-1]
            steps[-1] = labels, np.flatnonzero(occurs) if used is None else used[occurs]
            codes, size = (np.cumsum(occurs) - 1)[codes], int(np.count_nonzero(occurs))
        codes = codes * len(part.labels) + part.codes
        size *= len(part.labels)
        used = None
        if place != period and size > max(4 * len(codes), 1 << 16):  # number only the combinations that have rows
            used, codes = np.unique(codes, return_inverse=True)
            codes, size = codes.reshape(-1), len(used)
        steps.append((part.labels, used))

    def label(code: int) -> tuple[Any, ...]:
        key: list[Any] = [None] * len(parts)
        for place, (labels, used) in zip(reversed(sequence), reversed(steps), strict=True):
            code, position = divmod(code if used is None else int(used[code]), len(labels))
            key[place] = labels[position]
        return tuple(key)

    if period is None:
        return Grouping(codes, size, label, names, many=True)
    found = parts[period]
    return Grouping(codes, size, label, names, many=True, period=cast("PeriodCodes", found), place=period)
