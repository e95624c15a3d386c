"""What people type first gets the best message: wrong calls of a public function, explained.

Knows `errors` only; looks at how a function was called, never at the data.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .errors import ArgumentTypeError

__all__ = ["complete", "guided"]

F = TypeVar("F", bound=Callable[..., Any])
Needed = list[tuple[str, float]]
"""Arguments without a default, and the number of positional ones from which on each is among them."""

# Names that other libraries use for what is an argument here under another name.
_ELSEWHERE = {
    "alpha": "confidence=0.95 is the level itself, not its complement",
    "conf": "write confidence=0.95",
    "conf_level": "write confidence=0.95",
    "level": "write confidence=0.95",
    "group": "write by=...",
    "groupby": "write by=...",
    "group_by": "write by=...",
    "weight": "write weights=...",
    "now": "write as_of=...",
    "days": "write window=timedelta(days=7)",
    "threshold": "write limit=... for a stated limit or cutoff=... for a rule",
    "dropna": "write missing='drop' or missing='raise'",
    "nan_policy": "write missing='drop' or missing='raise'",
}


def guided(*, second: str, keywords: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Explain a second positional argument and unknown keywords instead of Python's bare TypeError.

    Args:
        second: what to write instead of further positional arguments.
        keywords: unknown keyword to what to write instead; `{value}` stands for what was passed.
    """
    hints = {**_ELSEWHERE, **(keywords or {})}

    def decorate(function: F) -> F:
        first, *others = inspect.signature(function).parameters
        known = frozenset((first, *others))
        needed = _needed(function)

        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            if len(args) > 1:
                msg = f"{function.__name__} takes one positional argument, {first} (got {len(args)}); {second}"
                raise ArgumentTypeError(msg, argument=first, found=len(args))
            if not known.issuperset(options):
                name = next(name for name in options if name not in known)
                way = hints.get(name, f"known arguments: {', '.join(others)}").format(value=repr(options[name]))
                msg = f"{function.__name__} has no argument {name} (got {name}={options[name]!r:.40}); {way}"
                raise ArgumentTypeError(msg, argument=name, found=options[name])
            _refuse_gaps(function, needed, args, options, second)
            return function(*args, **options)

        return call  # type: ignore[return-value]  # same signature: wraps says so to people, F to type checkers

    return decorate


def complete(way: str) -> Callable[[F], F]:
    """Explain a call that lacks an argument instead of Python's bare TypeError.

    Args:
        way: what to write.
    """

    def decorate(target: F) -> F:
        function = vars(target)["__init__"] if isinstance(target, type) else target
        needed = _needed(function)

        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            _refuse_gaps(target, needed, args, options, way)
            return function(*args, **options)

        if isinstance(target, type):
            setattr(target, "__init__", call)  # noqa: B010  # type checkers refuse the plain assignment
            return target
        return call  # type: ignore[return-value]  # same signature: wraps says so to people, F to type checkers

    return decorate


def _needed(function: Callable[..., Any]) -> Needed:
    return [
        (name, float("inf") if parameter.kind is parameter.KEYWORD_ONLY else place + 1)
        for place, (name, parameter) in enumerate(inspect.signature(function).parameters.items())
        if parameter.default is parameter.empty
    ]


def _refuse_gaps(
    function: Callable[..., Any], needed: Needed, args: tuple[Any, ...], options: Mapping[str, Any], way: str
) -> None:
    for name, place in needed:
        if len(args) < place and name not in options:
            msg = f"{function.__qualname__} needs the argument {name} (got none); {way}"
            raise ArgumentTypeError(msg, argument=name)
