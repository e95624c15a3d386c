"""Who stands in a shard, as one number each, so that two shards can tell whether they share anybody.

Knows `_inputs`, `_saved` and `errors`. What only saving or merging needs is imported then: a score of ten numbers
should not wait for it.
"""

from __future__ import annotations

import datetime as dt
import enum
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from ..errors import ArgumentTypeError
from . import _saved

__all__ = ["BY_CONTENT", "Digests", "digests", "packed", "sealed_digests", "size_only", "unpacked"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Digests = npt.NDArray[np.uint64]


def _same(mine: Array | None, theirs: Array | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return np.array_equal(mine, theirs)


BY_CONTENT = attrs.cmp_using(eq=_same)
"""How a field of attrs compares arrays."""


def size_only(values: Array | None) -> str:
    """An array of any length in a repr."""
    return "unknown" if values is None else f"<{len(values):,}>"


def sealed_digests(values: Any) -> Digests | None:
    """Digests that nobody can write to; None where they are not known."""
    if values is None:
        return None
    found: Digests = np.ascontiguousarray(values, dtype=np.uint64)
    return _inputs.read_only(found)


def packed(values: Array, dtype: str) -> str:
    """An array as base64 text."""
    import base64

    return base64.b64encode(values.astype(dtype).tobytes()).decode("ascii")


def unpacked(dtype: str) -> Callable[[Any], Array]:
    """What reads `packed`; a ValueError for anything else."""

    def read(text: Any) -> Array:
        import base64

        # Without validation characters that are no base64 would be skipped.
        return np.frombuffer(base64.b64decode(_saved.text(text), validate=True), dtype=dtype)

    return read


def digests(labels: Sequence[Any], codes: Ints, what: str) -> Digests:
    """One 64-bit number a label, ascending: the same in every process, machine and door.

    Args:
        labels: what the codes are called.
        codes: codes that occur, each once.
        what: the argument or column, for the message.

    Raises:
        ArgumentTypeError: a label that has no stable text.
    """
    import hashlib

    if isinstance(labels, range):
        return np.unique(_mixed(codes.astype(np.int64) + labels.start))
    whole: list[int] = []
    other: list[int] = []
    for code in codes.tolist():
        label = labels[code]
        number = _whole(label)
        if number is None:
            text = hashlib.blake2b(_canonical(label, what), digest_size=8).digest()
            other.append(int.from_bytes(text, "little"))
        else:
            whole.append(number)
    return np.unique(np.concatenate((_mixed(np.array(whole, dtype=np.int64)), np.array(other, dtype=np.uint64))))


def _mixed(values: Ints) -> Digests:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): one to one on 64-bit integers."""
    bits: Digests = values.view(np.uint64).copy()
    with np.errstate(over="ignore"):
        bits += np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            bits ^= bits >> np.uint64(shift)
            bits *= np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def _whole(label: Any) -> int | None:
    """A number that is a 64-bit integer, whatever its type: 7, 7.0 and Decimal(7) are one label."""
    if isinstance(label, str) or not isinstance(label, numbers.Number) or isinstance(label, complex):
        return None
    try:
        number = int(label)  # type: ignore[call-overload]  # every real number has it, an infinite one raises
    except (OverflowError, ValueError):  # infinite, or Decimal's own NaN
        return None
    return number if number == label and -(2**63) <= number < 2**63 else None


def _canonical(label: Any, what: str) -> bytes:
    """A label as bytes that are equal for equal labels and never depend on the process."""
    import uuid

    if isinstance(label, str):
        return b"text:" + label.encode("utf-8", "surrogatepass")
    if isinstance(label, numbers.Number):
        return b"number:%d" % hash(label)  # Python hashes equal numbers of all types alike, and always the same
    if isinstance(label, bytes):
        return b"bytes:" + label
    if isinstance(label, dt.datetime) and label.utcoffset() is not None:
        return b"instant:" + label.astimezone(dt.UTC).isoformat().encode()
    if isinstance(label, dt.date):
        return f"{'wall' if isinstance(label, dt.datetime) else 'date'}:{label.isoformat()}".encode()
    if isinstance(label, uuid.UUID):
        return b"uuid:" + label.bytes
    if isinstance(label, enum.Enum):
        return f"enum:{type(label).__qualname__}.{label.name}".encode()
    if isinstance(label, tuple):
        parts = [_canonical(part, what) for part in label]
        return b"tuple:" + b"".join(b"%d:%b" % (len(part), part) for part in parts)
    msg = (
        f"{what} must be texts, numbers, dates, UUIDs or tuples of these for a tally, so that shards can be told "
        f"apart anywhere (got {label!r:.60}); pass an identifier, e.g. customer.id"
    )
    raise ArgumentTypeError(msg, argument=what, found=type(label))
