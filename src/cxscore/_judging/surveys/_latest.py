"""`latest`: of everybody who answered several times the latest answer.

Knows `Responses` and what tells rows of one instant apart; knows no scale and no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._grouping import group_rows
from ..._inputs import NAT
from ...batches import Responses
from ...errors import ArgumentTypeError
from ...tallies._superseded import contents
from ._responses import as_responses

__all__ = ["latest"]

Ints = npt.NDArray[np.int64]


def latest(responses: Any, key: str | Sequence[str] = "respondent") -> Responses:
    """The latest answer of every respondent, conversation or account; the rest of the rows unchanged.

    An invitation without an answer supersedes no answer: of a respondent who answered the latest answer stays, of
    one who never did the latest invitation. A row whose key is missing stays as it is, because nobody knows whose it
    is. With several columns a column that no row has tells none apart, and a row that lacks one of the others stays.

    Args:
        responses: `SurveyResponse` records or a `Responses` batch.
        key: column whose values count once: "respondent", "account" for one vote an account, "conversation", a
            column of your own; or several, `("survey", "conversation", "respondent")`.

    Returns:
        Responses: rows in the order given. Answers are ordered by `at`, where that is missing by `asked_at`. Of
        several at one instant the one with the lowest number stays, which is the poorest wherever low is not good (no
        scale is known here), and of equal numbers what else they hold decides, never the order of the rows.

    Raises:
        ArgumentTypeError: something else than responses; a key that is no name; rows to choose from and no instant
            in any row.
        UnknownNameError: a name that is no column.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> answers = cx.Responses(
    ...     score=[3, 9, 8],
    ...     respondent=["ada", "ada", None],
    ...     at=[datetime(2026, 3, 2), datetime(2026, 3, 9), datetime(2026, 3, 3)],
    ... )
    >>> [answer.score for answer in cx.latest(answers)]
    [9, 8]
    """
    batch = as_responses(responses)
    names = [key] if isinstance(key, str) else list(key) if isinstance(key, (list, tuple)) else []
    if not names or not all(isinstance(name, str) for name in names):
        msg = f"key must name a column, or several in a tuple (got {key!r}), e.g. key=('survey', 'respondent')"
        raise ArgumentTypeError(msg, argument="key", found=key)
    for name in names:
        batch.raw(name, "key")
    used = [name for name in names if batch.known(name)]
    if not used:
        return batch
    gone = np.logical_or.reduce([batch.coded(name).missing for name in used])
    rows = np.flatnonzero(~gone)
    grouping = group_rows(used, len(batch), batch)
    group = grouping.codes[rows]
    several = rows[np.bincount(group, minlength=grouping.size)[group] > 1]
    if not len(several):
        return batch
    if not (batch.known("at") or batch.known("asked_at")):
        msg = "latest needs to know when answers were given (got no instant in any row); give responses their at="
        raise ArgumentTypeError(msg, argument="responses")
    keys = [_dated(batch), ~batch.coded("score").missing, grouping.codes]
    order = several[np.lexsort([column[several] for column in keys])]
    same = np.logical_and.reduce([column[order[1:]] == column[order[:-1]] for column in keys])
    if same.any():
        tied = order[np.append(same, False) | np.append(False, same)]
        place = np.zeros(len(batch), dtype=np.int64)
        place[tied[np.lexsort(contents(batch, tied))]] = np.arange(len(tied))
        order = several[np.lexsort([column[several] for column in (place, *keys)])]
    last = np.append(grouping.codes[order[1:]] != grouping.codes[order[:-1]], True)
    kept = np.ones(len(batch), dtype=np.bool_)
    kept[order[~last]] = False
    return batch[kept]


def _dated(batch: Responses) -> Ints:
    """When each answer was given, or where it was not, when it was asked for."""
    at = batch.times("at")
    return np.where(at == NAT, batch.times("asked_at"), at)
