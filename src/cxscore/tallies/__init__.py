"""The mergeable middle: what must be kept of the data so that figures of parts add up to the whole.

Every tally is a frozen value with `of`, `from_counts` or `empty`, `+`, `==`, `to_dict` and `from_dict`.
The metrics accept tallies wherever they accept data. Sits above the door and the batches; knows no result.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._durations import DurationTally as DurationTally
    from ._repeats import RepeatTally as RepeatTally
    from ._scores import ScoreTally as ScoreTally

# Loaded on first use: counting answers needs nothing of waits.
_HOME = {"DurationTally": "_durations", "RepeatTally": "_repeats", "ScoreTally": "_scores"}

__all__ = ["DurationTally", "RepeatTally", "ScoreTally"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
