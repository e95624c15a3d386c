"""Reading back what a tally wrote: every field is checked, and what is damaged is named.

Knows `_accounting`, `_inputs` and `errors`; no tally.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from .._accounting import LeftOut, left_out
from .._frozen import FrozenMap
from .._inputs import moment
from ..errors import ArgumentValueError, shown

__all__ = [
    "Rules",
    "agree",
    "check_schema",
    "choice",
    "count",
    "flag",
    "fractional",
    "instant",
    "iso",
    "load",
    "mapping",
    "optional",
    "pairs",
    "reasons",
    "several",
    "text",
    "whole",
]

Reader = Callable[[Any], Any]
Rules = Iterable[tuple[tuple[str, ...], bool]]
"""Fields that count the same rows, and whether they agree."""

_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)
_FIRST, _LAST = ((limit - _EPOCH) // _MICROSECOND for limit in (dt.datetime.min, dt.datetime.max))


def load(data: Any, kind: str) -> Any:
    """JSON that `kind.to_bytes` wrote.

    Raises:
        ArgumentValueError: anything else.
    """
    try:
        return json.loads(data)
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"data must be what {kind}.to_bytes() wrote, whole and unchanged (got {shown(data)}: {error})"
        raise ArgumentValueError(msg, argument="data", found=data) from None


def check_schema(data: Any, kind: str, newest: int) -> None:
    """Raise unless `data` was written by `kind.to_dict` of this or an older release."""
    if not isinstance(data, Mapping) or data.get("kind") != kind:
        found = data.get("kind") if isinstance(data, Mapping) else type(data).__name__
        msg = f"data must be what {kind}.to_dict() wrote (got {found!r})"
        raise ArgumentValueError(msg, argument="data", found=found)
    if "schema" not in data:
        msg = f"data has no field 'schema', the number of the format that {kind}.to_dict() writes first; save it again"
        raise ArgumentValueError(msg, argument="data")
    schema = data["schema"]
    if isinstance(schema, bool) or not isinstance(schema, int):
        msg = f"data must be what {kind}.to_dict() wrote: schema must be a whole number (got {shown(schema)})"
        raise ArgumentValueError(msg, argument="data", found=schema)
    if not 1 <= schema <= newest:
        msg = f"data has schema {schema}, this release reads up to {newest}; upgrade cxscore to read it"
        raise ArgumentValueError(msg, argument="data", found=schema)


def mapping(data: Any, owner: str, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Every field of a mapping, read by its reader.

    Raises:
        ArgumentValueError: a field that is not there, or that its reader refuses; the message names it.
    """
    if not isinstance(data, Mapping):
        _refuse("the fields by name")
    fields = {}
    for name, reader in readers.items():
        if name not in data:
            msg = f"data has no field {name!r}, which {owner} writes; save it again"
            raise ArgumentValueError(msg, argument="data")
        try:
            fields[name] = reader(data[name])
        except (TypeError, ValueError) as error:
            msg = f"data has a damaged field {name!r} ({error}; got {shown(data[name])}); {owner} never writes that"
            raise ArgumentValueError(msg, argument="data", found=data[name]) from None
    return fields


def agree(fields: Mapping[str, Any], kind: str, rules: Rules, part: str = "data") -> None:
    """Raise where fields that count the same rows contradict each other."""
    for names, holds in rules:
        if not holds:
            told = ", ".join(f"{name!r}: {shown(fields[name])}" for name in names)
            msg = f"{part} has counts that contradict each other (got {told}); count the rows again with {kind}.of"
            raise ArgumentValueError(msg, argument="data", found={name: fields[name] for name in names})


def _refuse(rule: str) -> NoReturn:
    msg = f"it must be {rule}"
    raise ValueError(msg)


def whole(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse("a whole number")
    return value


def count(value: Any) -> int:
    """A whole number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _refuse("a whole number of 0 or more")
    return value


def fractional(value: Any) -> float:
    """A number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        _refuse("a number of 0 or more")
    return value


def instant(value: Any) -> int:
    """Microseconds since 1970 in the years 1 to 9999."""
    if isinstance(value, bool) or not isinstance(value, int) or not _FIRST <= value <= _LAST:
        _refuse("microseconds since 1970")
    return value


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        _refuse("a text")
    return value


def flag(value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        _refuse("true or false")
    return value


def choice(*known: str) -> Reader:
    """One of some texts."""

    def read(value: Any) -> Any:
        if value not in known:
            _refuse(f"one of {', '.join(map(repr, known))}")
        return value

    return read


def optional(reader: Reader) -> Reader:
    """The same, or None."""
    return lambda value: None if value is None else reader(value)


def several(reader: Reader, size: int | None = None) -> Reader:
    """A list of the same, of a given length where there is one."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or size not in (None, len(value)):
            _refuse("a list" if size is None else f"a list of {size}")
        return tuple(map(reader, value))

    return read


def pairs(value: Any) -> tuple[tuple[int, int], ...]:
    """A list of pairs of a whole number and a count."""
    found = several(several(whole, 2))(value)
    return tuple((place, count(times)) for place, times in found)


def reasons(value: Any) -> FrozenMap[LeftOut, int]:
    """Rows left out by reason."""
    if not isinstance(value, Mapping):
        _refuse("a mapping of reason to count")
    return left_out({LeftOut(reason): count(times) for reason, times in value.items()})


def iso(micros: int | None, aware: bool | None) -> str:
    """Microseconds since 1970 as people write an instant."""
    if micros is None:
        return "none"
    return moment(micros, aware).isoformat(sep=" ")
