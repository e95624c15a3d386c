"""The other columns: flags, real numbers, weights, and what may be either numbers or durations."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentTypeError, shown
from .columns import NAT, Column, _is_missing_type, column, same_length
from .refusals import refuse_invalid, value_at
from .times import _durations

Bools = npt.NDArray[np.bool_]

_DURATIONS = (dt.timedelta, np.timedelta64)


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
