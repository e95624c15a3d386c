"""A row of figures of one metric: how it is read, and what the judgements about it have in common.

Reads groups and results by what they rest on; sees no answer and knows no kind of result.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from .._evidence import Evidence
from .._inputs import read_only
from .._results import Finding, Result, Signature, put, show
from ..errors import ArgumentTypeError, ArgumentValueError
from ..groups import Groups
from .keys import evenly_spaced, in_time

__all__ = ["Judgement", "Series", "amount", "change", "column", "flat", "of_figure", "read_series", "title"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def column(values: Any) -> Array:
    """An array that nobody can write to."""
    return read_only(np.asarray(values))


@attrs.frozen(kw_only=True, eq=False)
class Judgement(Finding):
    """What judgements of a series share: a row for each of its groups.

    Attributes:
        figure: what is judged.
    """

    figure: str
    _about: Evidence = attrs.field(repr=False, eq=False)

    def _content(self) -> tuple[Any, ...]:
        return tuple(_plain_bytes(part) for part in super()._content())

    def __reduce__(self) -> tuple[Any, ...]:
        # Made anew, because arrays forget on their way that they are read-only.
        return _restored, (type(self), {field.alias: getattr(self, field.name) for field in attrs.fields(type(self))})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: durations as float seconds under `..._seconds`, undefined figures as None; `rows`."""
        return {**super().to_dict(), "rows": self.to_dicts()}

    if TYPE_CHECKING:  # every judgement brings its own

        def to_dicts(self) -> list[dict[str, Any]]:
            """One flat row a group, as plain JSON values."""


def _plain_bytes(value: Any) -> Any:
    """An array by its content; adding nothing makes one zero of both."""
    return (value.shape, (value + 0).tobytes()) if isinstance(value, np.ndarray) else value


def _restored(kind: type[Judgement], fields: dict[str, Any]) -> Judgement:
    return kind(**fields)


def title(key: Any) -> str:
    """A group key for a person."""
    if isinstance(key, tuple):
        return ", ".join(map(title, key))
    return "(none)" if key is None else str(key)


def amount(evidence: Evidence, value: Any, *, digits: int = 1) -> str:
    """A figure for a person."""
    text = change(evidence, value, digits=digits)
    return f"{text}%" if evidence.form == "share" and value == value else text


def change(evidence: Evidence, value: Any, *, digits: int = 1) -> str:
    """A change of a figure for a person: of shares in percentage points."""
    if evidence.form == "median":
        return show(value)
    if evidence.form == "share":
        value = value * 100.0 / evidence.unit
    return show(value, digits=digits + (evidence.form == "mean"))


@attrs.frozen(kw_only=True, eq=False)
class Series:
    """Figures of one metric in order.

    Attributes:
        keys: group keys; positions for a list of results.
        evidence: one entry a key.
        signature: of the figures.
        incomplete: keys of periods that are not over.
        labelled: whether keys are labels, of which None says that there is none.
        hidden: True for a group that is too small to be shown.
        names: what the parts of a key are called.
        periods: whether keys are calendar periods, which stand in order and leave none out.
    """

    keys: tuple[Any, ...]
    evidence: Evidence
    signature: Signature
    incomplete: frozenset[Hashable] = frozenset()
    labelled: bool = True
    hidden: Bools
    names: tuple[str, ...]
    periods: bool = False

    def __len__(self) -> int:
        return len(self.keys)

    def at(self, confidence: float) -> Series:
        """The same with what every figure is worth at a level of confidence."""
        return attrs.evolve(self, evidence=self.evidence.at(confidence))

    def entry(self, name: str) -> Floats:
        """One column of the evidence, as an array also where all entries are alike."""
        value = self.evidence.variance if name == "variance" else getattr(self.evidence, name)
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (len(self),))

    def skipped(self, *, incomplete: bool) -> dict[Any, str]:
        """Key to reason for all that cannot be judged in order of time."""
        values, n = self.entry("value"), self.entry("n")
        found: dict[Any, str] = {}
        for i, key in enumerate(self.keys):
            if self.labelled and _dateless(key):
                found[key] = "no period"
            elif incomplete and key in self.incomplete:
                found[key] = "incomplete"
            elif not n[i] > 0:
                found[key] = "empty"
            elif math.isnan(values[i]):
                found[key] = "undefined"
        return found

    def in_order(self, function: str, argument: str = "groups", *, spaced: bool = False) -> Series:
        """The same series in order of time; a list is in the order in which it was given.

        Args:
            function: who asks, as messages call it.
            argument: what it calls what was passed.
            spaced: whether the periods must follow each other without a gap.

        Raises:
            ArgumentValueError: groups by several keys; keys that do not say their order; a gap, if that matters.
        """
        if len(self.names) > 1:
            told = ", ".join(self.names)
            msg = (
                f"{argument} must be cut by one key, the period (got {len(self.names)}: {told}); judge one series at a "
                f"time: {function}({{key[-1]: groups[key] for key in groups if key[0] == ... and key not in "
                f"groups.incomplete}})"
            )
            raise ArgumentValueError(msg, argument=argument, found=self.names)
        if not self.labelled or self.periods:
            return self
        dated = [i for i, key in enumerate(self.keys) if not _dateless(key)]
        values = in_time(_parts([self.keys[i] for i in dated]))
        if values is None:
            told = ", ".join(repr(self.keys[i]) for i in dated[:3])
            msg = (
                f"{argument} must have keys that say their order in time: dates, numbers, or texts such as '2026-01' "
                f"(got {told}{', ...' if len(dated) > 3 else ''}); cut time with by=cx.period(...), or pass the "
                f"results as a list in order, {function}([groups[key] for key in (...)])"
            )
            raise ArgumentValueError(msg, argument=argument, found=tuple(self.keys[i] for i in dated[:3]))
        ranked = sorted(range(len(dated)), key=values.__getitem__)
        if spaced and not evenly_spaced([values[i] for i in ranked]):
            first, last = (self.keys[dated[ranked[end]]] for end in (0, -1))
            msg = (
                f"{argument} must be periods that follow each other without a gap (got {len(dated)} from {first} to "
                f"{last} at uneven distances); cut time with by=cx.period(...), or name the unit of tallies, "
                f"cx.Groups.from_tallies(tallies, cx.nps, unit='day'), and periods without rows keep their place; a "
                f"list of results is taken as it stands"
            )
            raise ArgumentValueError(msg, argument=argument, found=(first, last))
        order = [dated[i] for i in ranked] + [i for i, key in enumerate(self.keys) if _dateless(key)]
        places = np.array(order, dtype=np.int64)
        return attrs.evolve(
            self, keys=tuple(self.keys[i] for i in order), evidence=self.evidence.rows(places),
            hidden=self.hidden[places],
        )  # fmt: skip


def _dateless(key: Any) -> bool:
    """Whether a key is that of rows without a period."""
    return key is None or (isinstance(key, tuple) and None in key)


def _parts(keys: Sequence[Any]) -> list[Any]:
    """What tells keys apart: of tuples the one part in which they differ, the last where none does."""
    if not keys or not all(isinstance(key, tuple) and len(key) == len(keys[0]) for key in keys):
        return list(keys)
    columns = list(zip(*keys, strict=True))
    differing = [column for column in columns if len(set(column)) > 1] or columns[-1:]
    return list(differing[0]) if len(differing) == 1 else list(keys)


def of_figure(signature: Signature, figure: str | None, headline: str) -> Signature:
    """The signature of a judgement of that figure: another than the headline is named in its definition."""
    if figure is None or figure == headline:
        return signature
    definition = {**signature.definition, "figure": figure}
    definition["v"] = definition.pop("v")  # stays last
    return attrs.evolve(signature, definition=definition)


def read_series(given: Any, function: str, argument: str = "groups", figure: str | None = None) -> Series:
    """Groups, a mapping of key to result or a list of results, all of one definition.

    Args:
        given: what was passed.
        function: who asks, as messages call it.
        argument: what it calls what was passed.
        figure: which figure; the headline by default.

    Raises:
        ArgumentTypeError: something else, or figures without an interval.
        ArgumentValueError: nothing, or results of unlike definitions.
        UnknownNameError: results that cannot be judged by the figure.
    """
    if isinstance(given, Groups):
        keys = tuple(given)
        # The overall knows the definition also where there is no group.
        some = given[keys[0]] if keys else given.overall
        if not isinstance(some, Result):
            raise _refused(some, function, argument)
        evidence = given._evidence_of(figure)
        signature = of_figure(some._signature, figure, some._headline)
        hidden = np.zeros(len(keys), dtype=np.bool_)
        if given._min_n and signature is not some._signature:
            hidden = np.broadcast_to(~(evidence.weight >= given._min_n), hidden.shape)
        elif given._min_n:
            hidden = np.array([result._brief().n < given._min_n for result in given.values()], dtype=np.bool_)
        return Series(
            keys=keys, evidence=evidence, signature=signature, incomplete=frozenset(given.incomplete), hidden=hidden,
            names=given.names, periods=getattr(given._table.keys, "place", None) is not None,
        )  # fmt: skip
    labelled = isinstance(given, Mapping)
    if not labelled and (isinstance(given, (str, bytes, Finding)) or not isinstance(given, Iterable)):
        raise _refused(given, function, argument)
    results = list(given.values() if labelled else given)
    for found in results:
        if not isinstance(found, Result):
            raise _refused(found, function, argument)
    if not results:
        msg = (
            f"{argument} must hold at least one result (got none); pass the groups of a metric with by=, or a list of "
            f"its results"
        )
        raise ArgumentValueError(msg, argument=argument, found=given)
    _refuse_windows(results, argument)
    return Series(
        keys=tuple(given) if labelled else tuple(range(len(results))),
        evidence=Evidence.stacked([found._evidence_of(figure) for found in results]),
        signature=of_figure(_one_definition(results, argument), figure, results[0]._headline), labelled=labelled,
        hidden=np.zeros(len(results), dtype=np.bool_), names=("group",),
    )  # fmt: skip


def _refused(found: Any, function: str, argument: str) -> ArgumentTypeError:
    msg = (
        f"{argument} must be the groups of a metric or a list of its results (got {type(found).__name__}), e.g. "
        f"{function}(cx.nps(scores, by=month)) or {function}([cx.nps(january), cx.nps(february), ...])"
    )
    return ArgumentTypeError(msg, argument=argument, found=type(found))


def _refuse_windows(results: Sequence[Result], argument: str) -> None:
    windows = [found for found in results if found._signature.estimation.get("rolling", "1") != "1"]
    if len(results) > 1 and windows:
        size = windows[0]._signature.estimation["rolling"]
        msg = (
            f"{argument} must share no rows to be judged together (got rolling windows of {size} periods, which "
            f"overlap); pass the periods themselves, or compare two windows that share none"
        )
        raise ArgumentTypeError(msg, argument=argument, found=size)


def _one_definition(results: Sequence[Result], argument: str) -> Signature:
    first = results[0]._signature
    for i, result in enumerate(results):
        other = result._signature
        if other.definition != first.definition or other.metric != first.metric:
            msg = (
                f"{argument} must be figures of one definition (got {first.defined!r} first and "
                f"{other.defined!r} at position {i}); measure all of them alike"
            )
            raise ArgumentValueError(msg, argument=argument, found=other.defined, positions=(i,), count=1)
    return first


def flat(**fields: Any) -> dict[str, Any]:
    """One row of plain JSON values; a duration under `..._seconds`."""
    out: dict[str, Any] = {}
    for name, value in fields.items():
        put(out, name, value)
    return out
