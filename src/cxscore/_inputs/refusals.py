"""How bad values are refused: the argument, the rule, how many broke it, the first of them, a way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import CxscoreError, InvalidValueError, MissingValueError, shown
from .columns import _is_missing_type

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

_SHOWN = 5


def refuse_missing(argument: str, mask: Bools) -> None:
    """Raise for missing values under `missing="raise"`."""
    count, where = int(np.count_nonzero(mask)), _positions(mask)
    msg = (
        f"{argument} must have no missing values with missing='raise' (got {count} of {len(mask)}, first at "
        f"{_places(where)}); use missing='drop' to leave them out and count them"
    )
    raise MissingValueError(msg, argument=argument, positions=where, count=count)


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
    if any(isinstance(value, str) and not value.strip() for value in found):
        way = f'an empty text is not read as missing, pass None (in pandas column.replace("", None)); {way}'
    msg = (
        f"{argument} must {rule} (got {count} of {len(mask)} that do not: {', '.join(map(shown, found))}{more} at "
        f"{_places(where)}{more}); {way}"
    )
    raise kind(msg, argument=argument, found=found, positions=where, count=count)


def _positions(mask: Bools) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(mask)[:_SHOWN])


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


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
