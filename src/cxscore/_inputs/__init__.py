"""The door: whatever 1-D thing was passed becomes clean numpy columns, once.

The only room that looks at the type of data handed in. It never computes a figure, never changes what it was
given, and imports no optional package. Knows `errors` and `scales`.
"""

from .answers import answers
from .columns import COUNTED, NAT, Column, column, is_column, is_frame, materialise, read_only, same_length, to_memory
from .figures import flags, measures, numbers, weights
from .labels import Coded, coded, tuples
from .refusals import refuse_invalid, refuse_missing, value_at
from .times import (
    as_utc,
    duration,
    durations,
    instant,
    instants,
    moment,
    moment_or_none,
    utc_to_wall,
    wall_to_utc,
    zone_of,
)

__all__ = [
    "COUNTED",
    "NAT",
    "Coded",
    "Column",
    "answers",
    "as_utc",
    "coded",
    "column",
    "duration",
    "durations",
    "flags",
    "instant",
    "instants",
    "is_column",
    "is_frame",
    "materialise",
    "measures",
    "moment",
    "moment_or_none",
    "numbers",
    "read_only",
    "refuse_invalid",
    "refuse_missing",
    "same_length",
    "to_memory",
    "tuples",
    "utc_to_wall",
    "value_at",
    "wall_to_utc",
    "weights",
    "zone_of",
]
