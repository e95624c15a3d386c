"""Answers as points of a scale, read through the scale where they are words."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentTypeError, ScaleError
from ..scales import Scale
from .columns import Column, column
from .labels import Coded, _holds_texts, coded


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
        way = "pass scores"
        if kind == "b":
            way = "pass numbers (numpy's array.astype(int) makes False 0 and True 1) and scale=cx.CSAT_THUMBS"
        msg = (
            f"{argument} must be numbers or labels of the scale {scale.name} (got {what}, dtype {found.data.dtype}); "
            f"{way}"
        )
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
