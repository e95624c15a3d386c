"""What can go wrong, as types.

Every message names the argument, the rule, what was found and a way out; the same facts are
attributes, so a program need not read the sentence. Knows nothing else of this package.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ArgumentTypeError",
    "ArgumentValueError",
    "CxscoreError",
    "InvalidValueError",
    "LengthError",
    "MergeError",
    "MissingDependencyError",
    "MissingValueError",
    "MixedTimeZonesError",
    "NotYetError",
    "ScaleError",
    "UnknownNameError",
]

_LONGEST = 200


class CxscoreError(Exception):
    """Base of every error this library raises on purpose.

    Attributes:
        argument: name of the argument that broke a rule, or None.
        found: what was found there (a value, a tuple of values, a type), or None.
        positions: positions of the first offending rows, counted from 0; empty where that has no meaning.
        count: how many values broke the rule, 0 where that has no meaning.

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps([9, 11])
    ... except cx.CxscoreError as error:
    ...     print(error.found, error.positions, error.count)
    (11,) (1,) 1
    """

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        found: Any = None,
        positions: tuple[int, ...] = (),
        count: int = 0,
    ) -> None:
        super().__init__(message)
        self.argument = argument
        self.found = found
        self.positions = positions
        self.count = count

    def __reduce__(self) -> tuple[Any, ...]:
        # The default rebuilds from args alone and would lose the keyword-only facts.
        facts = (self.argument, self.found, self.positions, self.count)
        return _rebuild, (type(self), self.args[0], *facts)


def _rebuild(
    kind: type[CxscoreError], message: str, argument: str | None, found: Any, positions: tuple[int, ...], count: int
) -> CxscoreError:
    return kind(message, argument=argument, found=found, positions=positions, count=count)


def shown(value: Any) -> str:
    """A found value as messages quote it: its repr, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out an integer of thousands of digits
        return f"a huge {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class ArgumentTypeError(CxscoreError, TypeError):
    """An argument has a type that has no meaning there.

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps("9")
    ... except cx.ArgumentTypeError as error:
    ...     print(error.argument)
    answers
    """


class ArgumentValueError(CxscoreError, ValueError):
    """An argument has the right type and a value outside its rule.

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps([9], confidence=95)
    ... except cx.ArgumentValueError as error:
    ...     print(error.argument)
    confidence
    """


class UnknownNameError(ArgumentValueError):
    """A method, policy, column or reason that is not known; the message lists the known ones.

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps([9], method="bootstrap")
    ... except cx.UnknownNameError as error:
    ...     print(error.found)
    bootstrap
    """


class LengthError(ArgumentValueError):
    """Two columns that must run side by side differ in length.

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps([9, 10], by=["chat"])
    ... except cx.LengthError as error:
    ...     print(error.argument)
    by
    """


class InvalidValueError(ArgumentValueError):
    """Data values that break a rule of their column (negative duration, end before start ...).

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps([9, 10], weights=[1, -1])
    ... except cx.InvalidValueError as error:
    ...     print(error.found)
    (-1.0,)
    """


class ScaleError(InvalidValueError):
    """A score that is no point of its scale, or a scale that makes no sense.

    >>> import cxscore as cx
    >>> try:
    ...     cx.csat([5, 6])
    ... except cx.ScaleError as error:
    ...     print(error.found)
    (6,)
    """


class MissingValueError(ArgumentValueError):
    """A missing value where `missing="raise"` was asked for.

    >>> import cxscore as cx
    >>> try:
    ...     cx.nps([9, None], missing="raise")
    ... except cx.MissingValueError as error:
    ...     print(error.positions)
    (1,)
    """


class MixedTimeZonesError(ArgumentValueError):
    """Naive and aware instants in one call, or an instant that needs a zone and has none.

    >>> from datetime import datetime, timezone
    >>> import cxscore as cx
    >>> try:
    ...     cx.Contacts(customer="ada", at=[datetime(2026, 3, 2), datetime(2026, 3, 2, tzinfo=timezone.utc)])
    ... except cx.MixedTimeZonesError as error:
    ...     print(error.argument)
    at
    """


class MergeError(ArgumentValueError):
    """Two tallies that do not count the same thing, or whose sum would not be exact.

    >>> import cxscore as cx
    >>> try:
    ...     cx.ScoreTally.empty(cx.NPS_0_10) + cx.ScoreTally.empty(cx.CSAT_1_5)
    ... except cx.MergeError as error:
    ...     print(error.argument)
    other
    """


class MissingDependencyError(CxscoreError, ImportError):
    """An optional package that this call needs is not installed; the message names the extra.

    >>> import cxscore as cx
    >>> issubclass(cx.MissingDependencyError, ImportError)
    True
    """


class NotYetError(CxscoreError, NotImplementedError):
    """A documented argument whose implementation has not been released yet.

    >>> import cxscore as cx
    >>> issubclass(cx.NotYetError, NotImplementedError)
    True
    """
