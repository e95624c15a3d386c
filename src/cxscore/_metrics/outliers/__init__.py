"""Outliers: the extremes that are read one by one, each with its limit, its distance and the reason.

Door (`_values`, `_settings`) → core (`fences`) → frozen result. Numbers and durations are one path: durations are
judged in microseconds and come back as timedeltas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from ..._calls import guided
from ...groups import Groups
from ._fence import Fence
from ._judge import OutlierGroups, judge
from ._result import Flagged, Outlier, OutliersResult
from ._rules import OutlierRule, OutlierSide
from ._settings import read_settings
from ._values import grouped, in_business_time, judged_rows, read_values

__all__ = ["Fence", "Flagged", "Outlier", "OutlierRule", "OutlierSide", "OutliersResult", "outliers"]

Floats = npt.NDArray[np.float64]


@overload
def outliers(
    values: Any, *, of: str | Callable[[Any], Any] | None = None, by: None = None,
    rule: OutlierRule | Callable[[Floats], Fence] | None = None, cutoff: float | None = None, limit: Any = None,
    side: OutlierSide = "high", log: bool | None = None, missing: Literal["drop", "raise"] = "drop",
    invalid: Literal["raise", "drop"] = "raise",
) -> OutliersResult: ...  # fmt: skip
@overload
def outliers(
    values: Any, *, by: Any, of: str | Callable[[Any], Any] | None = None,
    rule: OutlierRule | Callable[[Floats], Fence] | None = None, cutoff: float | None = None, limit: Any = None,
    side: OutlierSide = "high", log: bool | None = None, missing: Literal["drop", "raise"] = "drop",
    invalid: Literal["raise", "drop"] = "raise",
) -> Groups[OutliersResult]: ...  # fmt: skip
@guided(second="write outliers(values, by=...) for groups, or outliers(records, of=...) for records")
def outliers(
    values: Any, *, of: str | Callable[[Any], Any] | None = None, by: Any = None,
    rule: OutlierRule | Callable[[Floats], Fence] | None = None, cutoff: float | None = None, limit: Any = None,
    side: OutlierSide = "high", log: bool | None = None, missing: Literal["drop", "raise"] = "drop",
    invalid: Literal["raise", "drop"] = "raise",
) -> OutliersResult | Groups[OutliersResult]:  # fmt: skip
    """The values that lie strictly outside a fence, worst first, each with its record and the reason.

    Args:
        values: 1-D ArrayLike of numbers, timedeltas or timedelta64; or records or a batch, with `of`; or the
            waits of `ResponseTimesResult.table()`: open ones count with their age so far, those that ended without
            an answer have no length and are missing.
        of: which value of the records: a column (your own in `extra` too), or a function of a record that
            returns a number, a timedelta or None. For a table of waits "wait" by default.
        by: labels of the rows (or column names for records, batches and tables); several as list, tuple or dict.
            Every group has its own fence; positions and masks stay those of the whole input.
        rule: "mad" (the default: modified z, 3.5 MAD over 0.6745 from the median), "double-mad" (one MAD for each
            side of the median), "tukey" (1.5 interquartile ranges beyond the quartiles of type 7), "sd" (3 standard
            deviations from the mean), or a function from the values (float64, seconds for durations) to a `Fence`,
            which is used as it is.
        cutoff: another multiple of the spread for a named rule.
        limit: a stated limit instead of a rule: a number, or a timedelta for durations; a pair with side="both".
        side: "high", "low" or "both"; which side of a named rule or a limit counts.
        log: judge logarithms; None means True for durations and False for numbers. Zeros rank below everything.
        missing: "drop" counts missing values in `left_out`, "raise" refuses them.
        invalid: "raise" refuses infinite values, negative durations and negative values on the log scale, "drop"
            counts them in `left_out`.

    Returns:
        OutliersResult, or Groups of them with `by`. Where a rule finds no spread nothing is flagged and the result is
        `undecidable`; a MAD of 0 gives way to the mean absolute deviation first.

    Raises:
        ArgumentTypeError: anything that is no 1-D column of numbers or durations; a limit of another kind.
        ArgumentValueError: `limit` beside `rule`, `cutoff` or `log`; a cutoff that is not above 0.
        InvalidValueError: values that break a rule above.
        UnknownNameError: an unknown rule, side or column.

    References:
        Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers. ASQC. Tukey (1977), Exploratory Data Analysis.

    >>> from datetime import timedelta
    >>> import cxscore as cx
    >>> waits = [timedelta(hours=hours) for hours in (2, 3, 1, 4, 2, 5, 3, 130)]
    >>> result = cx.outliers(waits, limit=timedelta(days=5))
    >>> result.flagged[0].reason
    'waited 5.4 d, 10.0 h over the limit of 5.0 d (stated limit)'
    >>> print(cx.outliers(waits))
    1 outlier above 1.0 d (MAD on the log scale, cutoff 3.5), n=8
    >>> cx.outliers([3, 4, 5, 4, 60], rule="tukey").indices.tolist()
    [4]
    """
    found, durations, source = read_values(values, of)
    settings = read_settings(rule, cutoff, limit, side, log, missing, invalid, durations=durations)
    data = judged_rows(
        found, settings, "values" if source is None else "of", source, durations=durations is True,
        business=in_business_time(source, of),
    )  # fmt: skip
    if by is None:
        return judge(data, None, 1, settings).result(0)
    grouping = grouped(by, len(found), source)
    codes, keys = grouping.compact()
    judgement = judge(data, codes, len(keys), settings)
    return Groups(OutlierGroups(keys, grouping.names, grouping.many, codes, judgement))
