"""What `by=` means: labels of rows become group codes and keys.

Knows `_inputs` and `batches`; sees labels only, never an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _inputs
from ._inputs import Coded
from .batches import Batch
from .errors import ArgumentTypeError

__all__ = ["Grouping", "combine", "group_rows", "read_key", "split_keys"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class Grouping:
    """Group codes of rows, and what the codes are called.

    Codes run from 0 to `size - 1`; some may have no row. `order` tells which codes to show, in key order.
    """

    __slots__ = ("_label", "codes", "many", "names", "size")

    def __init__(
        self, codes: Array, size: int, label: Callable[[int], Any], names: tuple[str, ...], *, many: bool
    ) -> None:
        self.codes = codes
        self.size = size
        self.names = names
        self.many = many
        self._label = label

    def key(self, code: int) -> Any:
        """What a code is called: a label, or a tuple of labels where several keys were asked for."""
        return self._label(code)

    def order(self, present: npt.NDArray[np.bool_]) -> tuple[Ints, list[Any]]:
        """Codes that have rows with their keys: sorted where all keys compare, else in the order of codes.

        A missing label (None) comes last.
        """
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
        return codes[ranked], [keys[i] for i in ranked]

    def compact(self) -> tuple[Ints, list[Any]]:
        """Codes renumbered in key order without gaps, and the keys."""
        codes, keys = self.order(np.bincount(self.codes, minlength=self.size) > 0)
        rank = np.zeros(max(self.size, 1), dtype=np.int64)
        rank[codes] = np.arange(len(codes))
        return rank[self.codes], keys


def group_rows(by: Any, n: int, batch: Batch[Any] | None) -> Grouping:
    """Read `by=` in any of its forms.

    Args:
        by: column name or callable (records and batches), array of labels, or a list, tuple or dict of these.
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


def combine(parts: Sequence[Coded], names: Sequence[str | None], *, many: bool) -> Grouping:
    """Group codes of rows from the codes of each key."""
    titles = tuple(
        _name(part, i) if name is None else name for i, (part, name) in enumerate(zip(parts, names, strict=True))
    )
    if many:
        return _combined(parts, titles)
    labels = parts[0].labels
    return Grouping(parts[0].codes, len(labels), lambda code: labels[code], titles, many=False)


def _holds_columns(by: Sequence[Any]) -> bool:
    return bool(by) and all(_inputs.is_column(part) or isinstance(part, (list, tuple)) for part in by)


def _name(part: Coded, position: int) -> str:
    if part.name not in (None, ""):
        return str(part.name)
    return "group" if position == 0 else f"group_{position + 1}"


def read_key(by: Any, n: int, batch: Batch[Any] | None) -> Coded:
    """One key: a column name or a function (with a batch), or labels."""
    if isinstance(by, str):
        if batch is None:
            msg = f"by must be labels beside plain values (got the name {by!r}); pass the column itself, by=df[{by!r}]"
            raise ArgumentTypeError(msg, argument="by", found=by)
        return batch.coded(by)
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
    codes: Array = parts[0].codes.astype(np.int64, copy=False)
    size = len(parts[0].labels)
    steps: list[tuple[Sequence[Any], Ints | None]] = [(parts[0].labels, None)]
    for part in parts[1:]:
        codes = codes * len(part.labels) + part.codes
        size *= len(part.labels)
        used: Ints | None = None
        if size > max(4 * len(codes), 1 << 16):  # most combinations have no row: number those that do
            used, codes = np.unique(codes, return_inverse=True)
            codes, size = codes.reshape(-1), len(used)
        steps.append((part.labels, used))

    def label(code: int) -> tuple[Any, ...]:
        key = []
        for labels, used in reversed(steps):
            code, position = divmod(code if used is None else int(used[code]), len(labels))
            key.append(labels[position])
        return tuple(reversed(key))

    return Grouping(codes, size, label, names, many=True)
