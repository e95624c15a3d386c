"""The mergeable middle: what must be kept of the data so that figures of parts add up to the whole.

Every tally is a frozen value with `of`, `from_counts` or `empty`, `+`, `==`, `to_dict` and `from_dict`.
The metrics accept tallies wherever they accept data. Sits above the door and the batches; knows no result.
"""

from ._durations import DurationTally
from ._repeats import RepeatTally
from ._scores import ScoreTally

__all__ = ["DurationTally", "RepeatTally", "ScoreTally"]
