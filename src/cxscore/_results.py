"""What every result is made of: intervals, signatures, and the shared behaviour of a frozen result.

Knows `_frozen`, `_accounting`, `_html` and `errors`; sees no input and computes no figure.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import attrs
import numpy as np

from . import _html
from ._accounting import LeftOut
from ._evidence import Evidence
from ._frozen import FrozenMap
from .errors import ArgumentTypeError, ArgumentValueError, UnknownNameError

__all__ = [
    "DURATION",
    "Brief",
    "Finding",
    "Interval",
    "Result",
    "Signature",
    "comparable",
    "level_text",
    "plain",
    "put",
    "show",
    "show_open",
]

DURATION = {"duration": True}
"""Metadata of a field that holds a duration or an interval of durations."""

_NAN = object()  # stands for every NaN, so that results with undefined figures compare equal


@attrs.frozen
class Interval:
    """A confidence interval that knows its level and method.

    Args:
        low: lower limit in the unit of its figure; NaN where undefined, None for "no finite limit".
        high: upper limit.
        confidence: level, 0 to 1.
        method: how it was computed.

    >>> low, high = Interval(0.25, 0.75, 0.95, "wilson")
    >>> low, high
    (0.25, 0.75)
    """

    low: Any
    high: Any
    confidence: float
    method: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.low, self.high))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Interval):
            return NotImplemented
        return bool(comparable(attrs.astuple(self)) == comparable(attrs.astuple(other)))

    def __hash__(self) -> int:
        return hash(comparable(attrs.astuple(self)))

    def __str__(self) -> str:
        if all(isinstance(limit, float) and math.isnan(limit) for limit in self):
            return "no interval"
        return f"{level_text(self.confidence)} CI {show(self.low, missing='–')} to {show(self.high, missing='∞')}"


def level_text(confidence: float) -> str:
    """A level for a person: that of one of three intervals at once is 98.33%."""
    text = f"{confidence * 100:.4g}"
    return f"{confidence * 100:.6g}%" if text == "100" else f"{text}%"


@attrs.frozen
class Signature:
    """How a figure was made: what may be compared (definition) and how it was estimated.

    Args:
        metric: nps, csat, ...
        definition: settings that decide what the figure means; unlike definitions neither compare nor merge.
        estimation: settings of interval, missing and invalid values.

    >>> text = "cxscore|nps|scale:0-10|poor:0-6|good:9-10|v:1 ; ci:score|conf:0.95|missing:drop"
    >>> Signature.parse(text).definition["scale"]
    '0-10'
    >>> str(Signature.parse(text)) == text
    True
    """

    metric: str
    definition: FrozenMap[str, str] = attrs.field(converter=FrozenMap)
    estimation: FrozenMap[str, str] = attrs.field(converter=FrozenMap)

    def __str__(self) -> str:
        return f"{self.defined} ; {_settings(self.estimation)}"

    @property
    def defined(self) -> str:
        """The first part: equal where two figures may be compared."""
        return "|".join(("cxscore", self.metric, _settings(self.definition)))

    @classmethod
    def parse(cls, text: str) -> Signature:
        """The settings back from a signature.

        Raises:
            ArgumentValueError: not a signature of this library.
        """
        definition, divider, estimation = text.partition(" ; ")
        library, _, rest = definition.partition("|")
        metric, _, settings = rest.partition("|")
        if library != "cxscore" or not divider or not metric:
            msg = f"text must be a signature 'cxscore|metric|... ; ...' (got {text!r}), as result.signature gives it"
            raise ArgumentValueError(msg, argument="text", found=text)
        return cls(metric, _pairs(settings), _pairs(estimation))


def _settings(settings: Mapping[str, str]) -> str:
    return "|".join(f"{name}:{value}" for name, value in settings.items())


def _pairs(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition(":") for part in text.split("|"))}


class Brief(NamedTuple):
    """A result where there is room for one figure."""

    name: str
    """What the figure is called."""
    figure: str
    """As the metric writes it."""
    interval: str
    """Empty where the metric has none."""
    n: int
    """What the figure divides by, which need not be the rows behind the result."""
    divisor: str = "n"
    """What that is called."""

    def __str__(self) -> str:
        return f"{self.name} {self.figure} ({f'{self.interval}, ' if self.interval else ''}{self.divisor}={self.n:,})"


@attrs.frozen(kw_only=True, eq=False)
class Finding:
    """What results and judgements share; frozen, not iterable, equal by content with NaN equal to NaN."""

    _signature: Signature = attrs.field(repr=False)

    _headline: ClassVar[str] = "estimate"

    @property
    def signature(self) -> str:
        """One string: `definition ; estimation`. Equal first parts mean comparable figures."""
        return str(self._signature)

    @property
    def headline(self) -> Any:
        """The figure to quote when there is room for one."""
        return getattr(self, self._headline)

    @property
    def _evidence(self) -> Evidence:
        """What the headline rests on, for whoever judges it."""
        msg = (
            f"the headline of {type(self).__name__} has no interval of its own to judge it by; pass the result of a "
            f"metric, e.g. cx.nps(...)"
        )
        raise ArgumentTypeError(msg, found=type(self))

    @property
    def _judged_by(self) -> tuple[str, ...]:
        """Figures that have an evidence, the headline first."""
        return (self._headline,)

    def _evidence_of(self, figure: str | None) -> Evidence:
        """What a figure rests on; the headline by default.

        Raises:
            UnknownNameError: a figure that nobody can judge this by.
        """
        if figure is None or figure == self._headline:
            return self._evidence
        found = self._other_evidence(figure) if isinstance(figure, str) else None
        if found is not None:
            return found
        why, known = self._why_not(str(figure)), ", ".join(map(repr, self._judged_by))
        msg = f"figure must be one that {type(self).__name__} can be judged by: {known} (got {figure!r})"
        raise UnknownNameError(f"{msg}{why and '; '}{why}", argument="figure", found=figure)

    def _other_evidence(self, figure: str) -> Evidence | None:
        """What another figure than the headline rests on, None where there is no such figure."""
        return None

    def _why_not(self, figure: str) -> str:
        """What to say of a figure that is not there, beside its name."""
        return ""

    def _content(self) -> tuple[Any, ...]:
        fields = attrs.fields(type(self))
        return tuple(comparable(getattr(self, field.name)) for field in fields if field.eq)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self), self._content()))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: durations as float seconds under `..._seconds`, undefined figures as None."""
        out: dict[str, Any] = {"metric": self._signature.metric, "signature": self.signature}
        for field in attrs.fields(type(self)):
            if field.repr:
                put(out, field.name, getattr(self, field.name), duration=field.metadata.get("duration", False))
        return out

    def _title(self) -> str:
        """Title of the HTML table, one short line."""
        return str(self)

    def _columns(self) -> dict[str, str]:
        """What a table of many shows of each: head to cell, the last one what the figure divides by."""
        brief = self._brief()
        return {brief.name: brief.figure, "interval": brief.interval, brief.divisor: f"{brief.n:,}"}

    if TYPE_CHECKING:  # every kind brings its own

        def _brief(self) -> Brief:
            """The headline with its denominator, for a line among many."""

        def _lines(self) -> list[tuple[str, str]]:
            """Rows of the HTML table: what, and how it reads."""

    def _repr_html_(self) -> str:
        return _html.facts(self._title(), self._lines()) + f"<small>{html.escape(self.signature)}</small>"


@attrs.frozen(kw_only=True, eq=False)
class Result(Finding):
    """What the results of all metrics share.

    Attributes:
        given: rows of the input.
        n: rows behind the figures; `given == n + sum(left_out.values())`.
        left_out: reason to number of rows left out.
    """

    given: int
    n: int
    left_out: FrozenMap[LeftOut, int]

    _headline: ClassVar[str] = "score"

    def _repr_html_(self) -> str:
        left = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in self.left_out.items())
        rows = [*self._lines(), ("left out", left or "nothing")]
        return _html.facts(self._title(), rows) + f"<small>{html.escape(self.signature)}</small>"


def comparable(value: Any) -> Any:
    """A value as it is compared: NaN equals NaN, also inside tuples and mappings."""
    if isinstance(value, float):
        return _NAN if value != value else value
    if isinstance(value, tuple):
        return tuple(map(comparable, value))
    if isinstance(value, Mapping):
        return frozenset((key, comparable(item)) for key, item in value.items())
    return value


def put(out: dict[str, Any], name: str, value: Any, *, duration: bool = False) -> None:
    """One field into a dict of plain JSON values; a `duration` keeps its `_seconds` where it is undefined."""
    if isinstance(value, Interval):
        inner: dict[str, Any] = {}
        put(inner, "low", value.low, duration=duration)
        put(inner, "high", value.high, duration=duration)
        out[name] = {**inner, "confidence": value.confidence, "method": value.method}
    elif isinstance(value, (timedelta, np.timedelta64)) or (duration and value is None):
        out[f"{name}_seconds"] = plain(value)
    elif isinstance(value, Mapping):
        out[f"{name}_seconds" if duration else name] = {str(key): plain(item) for key, item in value.items()}
    elif hasattr(value, "to_dict"):
        out[name] = value.to_dict()
    else:
        out[name] = plain(value)


def plain(value: Any) -> Any:
    """A JSON value: None for NaN, seconds for durations, ISO text for instants, text for the rest."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return str(value)


def show(value: Any, *, digits: int = 1, missing: str = "undefined") -> str:
    """A figure for a person: one decimal, durations in the unit that suits them."""
    if value is None or value != value:
        return missing
    if isinstance(value, timedelta):
        return _duration(value)
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def show_open(value: timedelta) -> str:
    """Business time for a person: in hours at most, because a day of it is not a day."""
    hour = timedelta(hours=1)
    return show(value) if value < hour else f"{value / hour:,.1f} h"


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    sign = "−" if seconds < 0 else ""
    seconds = abs(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{sign}{seconds / size:,.1f} {unit}"
    return f"{sign}{seconds:,.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{sign}{seconds:,.2f} s"
