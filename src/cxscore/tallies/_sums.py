"""What `sum` needs to be told: Python starts from 0, which is no tally."""

from __future__ import annotations

from ..errors import ArgumentTypeError

__all__ = ["no_start"]


def no_start(kind: str, other: object) -> ArgumentTypeError:
    """What to raise where something that is no tally stands before a `+`."""
    msg = (
        f"tallies add up with tallies only (got {other!r:.40} + {kind}; sum() starts with 0); start the sum with a "
        f"tally: sum(tallies, start=cx.{kind}.empty(...))"
    )
    return ArgumentTypeError(msg, argument="start", found=other)
