"""The door for rows: records or a batch of an accepted kind as a batch, anything else refused with a way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import _inputs
from ..errors import ArgumentTypeError
from ._base import BATCHES, Batch


def first_record(values: Any) -> type[Any] | None:
    """The record class of a sequence that begins with a record, None for anything else."""
    if isinstance(values, (list, tuple)) and values and type(values[0]) in BATCHES:
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
    if kind is not None and BATCHES[kind] in accepted:
        return BATCHES[kind].from_records(values)
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
