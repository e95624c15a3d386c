"""Why a figure changed: groups that did better or worse, and groups that became more or fewer.

Reads the evidence of two mappings of results; sees no answer. The formulas are in `_core.decomposition`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html
from .._core.decomposition import mix_and_rate, shares_of
from .._evidence import Evidence
from .._results import Finding, Result, Signature, comparable, plain, show
from ..errors import ArgumentTypeError, ArgumentValueError
from ..groups import Groups
from .keys import check_same_groups

__all__ = ["ChangeExplained", "GroupChange", "explain_change"]

Floats = npt.NDArray[np.float64]

_SHOWN_ROWS = 50


@attrs.frozen(kw_only=True)
class GroupChange:
    """What one group adds to a change; all figures but the shares in the unit of the score.

    Attributes:
        group: its key.
        mix: by its share of the whole: more of what lies above the level, or less of what lies below it, adds.
        rate: by its own score.
        share_before: its share of the weight before, 0 to 1.
        share_after: its share after.
        score_before: its score before, NaN where it was not there.
        score_after: its score after.

    >>> import cxscore as cx
    >>> before = cx.csat([5, 5, 1, 1], by=["chat", "chat", "mail", "mail"])
    >>> after = cx.csat([5, 5, 5, 1], by=["chat", "chat", "chat", "mail"])
    >>> chat, mail = cx.explain_change(before, after).rows
    >>> chat.share_before, chat.share_after, chat.mix, chat.rate
    (0.5, 0.75, 9.375, 0.0)
    """

    group: Hashable
    mix: float = attrs.field(eq=comparable)
    rate: float = attrs.field(eq=comparable)
    share_before: float = attrs.field(eq=comparable)
    share_after: float = attrs.field(eq=comparable)
    score_before: float = attrs.field(eq=comparable)
    score_after: float = attrs.field(eq=comparable)

    @property
    def contribution(self) -> float:
        """Mix and rate together."""
        return self.mix + self.rate


@attrs.frozen(kw_only=True, eq=False)
class ChangeExplained(Finding):
    """A change of a score as a sum over its groups.

    Attributes:
        name: what the figure is called.
        before: the score of all groups together, before.
        after: the same, after.
        total: after minus before; `mix` and `rate` add up to it.
        mix: what the shares of the groups add, all together.
        rate: what their own scores add.
        names: what the parts of a group key are called.
        rows: one `GroupChange` a group of either period, in key order.

    >>> import cxscore as cx
    >>> before = cx.csat([5, 5, 1, 1], by=["chat", "chat", "mail", "mail"])
    >>> after = cx.csat([5, 5, 5, 1], by=["chat", "chat", "chat", "mail"])
    >>> why = cx.explain_change(before, after)
    >>> why.total, why.mix, why.rate
    (25.0, 25.0, 0.0)
    >>> print(why)
    CSAT 50.0 to 75.0: +25.0 = mix +25.0, rate 0.0 (2 groups)
    """

    name: str
    before: float
    after: float
    total: float
    mix: float
    rate: float
    names: tuple[str, ...]
    rows: tuple[GroupChange, ...] = attrs.field(repr=False)
    _style: tuple[float, int] = attrs.field(repr=False)
    """What a figure is multiplied by and how many decimals it has, when it is shown."""

    _headline: ClassVar[str] = "total"

    def largest(self, k: int | None = None) -> tuple[GroupChange, ...]:
        """The rows that add most, to either side, the largest first.

        Args:
            k: how many; None for all.
        """
        # A row without figures counts as nothing; sorting is stable, so ties stay in key order.
        return tuple(sorted(self.rows, key=lambda row: -abs(np.nan_to_num(row.contribution))))[:k]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, undefined figures as None; `rows` is a list of dicts."""
        rows = [{name: plain(value) for name, value in attrs.asdict(row).items()} for row in self.rows]
        return {**super().to_dict(), "rows": rows}

    def _figure(self, value: float, *, signed: bool = False) -> str:
        factor, digits = self._style
        text = show(value * factor, digits=digits)
        return f"+{text}" if signed and value > 0.0 and text.strip("0.,") else text

    def _title(self) -> str:
        ends = f"{self._figure(self.before)} to {self._figure(self.after)}"
        unit = " in %" if self._style[0] == 100.0 else ""
        return f"{self.name}{unit} {ends}: {self._figure(self.total, signed=True)}"

    def __str__(self) -> str:
        mix, rate = (self._figure(part, signed=True) for part in (self.mix, self.rate))
        return f"{self._title()} = mix {mix}, rate {rate} ({len(self.rows):,} group{'s' * (len(self.rows) != 1)})"

    def _repr_html_(self) -> str:
        head = (*self.names, "share", "score", "mix", "rate", "together")
        cells = [
            (
                *map(_key, row.group if isinstance(row.group, tuple) else (row.group,)),
                f"{show(100.0 * row.share_before)}% to {show(100.0 * row.share_after)}%",
                f"{self._figure(row.score_before)} to {self._figure(row.score_after)}",
                *(self._figure(part, signed=True) for part in (row.mix, row.rate, row.contribution)),
            )
            for row in self.rows[:_SHOWN_ROWS]
        ]
        hidden = len(self.rows) - _SHOWN_ROWS
        return _html.table(head, cells, title=str(self), more=f"... and {hidden:,} more" if hidden > 0 else "")


def _key(part: Any) -> str:
    return "(none)" if part is None else str(part)


def explain_change(before: Groups[Any], after: Groups[Any]) -> ChangeExplained:
    """Why a score changed: what each group adds by its own score, and what by its share of the whole.

    With w the share of a group of all weight (of answers without weights), s its score, S the score of all and
    0 and 1 the two periods:

    - rate = ½ (w0 + w1) (s1 - s0),
    - mix = (w1 - w0) (½ (s0 + s1) - ½ (S0 + S1)).

    A group that is absent in one period takes the score it has in the other. Rate and mix of all groups add up
    to the change exactly; swapping the periods changes their signs only. It says where a change sits, not what
    caused it, and nothing of whether there was more than chance in it.

    Args:
        before: `Groups` of a metric whose headline is a net, a share or a mean: `nps`, `csat`, `ces`,
            `repeat_contacts`.
        after: the same metric with the same definition, by the same key; groups may appear and vanish, but one at
            least must be in both.

    Returns:
        ChangeExplained, its rows in key order. NaN throughout where one of the periods has no answers.

    Raises:
        ArgumentTypeError: something else than `Groups`, or groups whose headline is a median or a count.
        ArgumentValueError: unlike definitions, unlike keys, no group in both, or groups that do not add up to the whole
            (`one_vote_per` with accounts in several groups).

    References:
        Kitagawa (1955), Components of a difference between two rates. JASA 50:1168-1194, on each group.

    >>> import cxscore as cx
    >>> before = cx.nps([10, 10, 9, 3], by=["web", "web", "web", "shop"])
    >>> after = cx.nps([10, 9, 2, 3], by=["web", "web", "shop", "shop"])
    >>> print(cx.explain_change(before, after))
    NPS 50.0 to 0.0: −50.0 = mix −50.0, rate 0.0 (2 groups)
    """
    evidence0, evidence1 = _overall("before", before), _overall("after", after)
    signature = before.overall._signature
    other = after.overall._signature
    if signature.defined != other.defined:
        msg = (
            f"before and after must have one definition (got {signature.defined} and {other.defined}); measure both "
            f"with the same metric and settings"
        )
        raise ArgumentValueError(msg, argument="after", found=(signature.defined, other.defined))
    keys = _all_keys(before, after)
    share0, value0 = _aligned(before, keys)
    share1, value1 = _aligned(after, keys)
    _check_sum("before", share0, value0, evidence0)
    _check_sum("after", share1, value1, evidence1)
    mix, rate = mix_and_rate(share0, value0, share1, value1)
    start, end = float(evidence0.value), float(evidence1.value)
    columns = (column.tolist() for column in (mix, rate, share0, share1, value0, value1))
    # A rate of repeats is a fraction, and shown in percent.
    style = (100.0, 1) if evidence0.form == "share" and evidence0.unit == 1.0 else (1.0, 1 + (evidence0.form == "mean"))
    return ChangeExplained(
        name=evidence0.name,
        before=start,
        after=end,
        total=end - start,
        mix=float(mix.sum()) if len(keys) else float("nan"),
        rate=float(rate.sum()) if len(keys) else float("nan"),
        names=after.names,
        rows=tuple(
            GroupChange(group=key, mix=a, rate=b, share_before=c, share_after=d, score_before=e, score_after=f)
            for key, a, b, c, d, e, f in zip(keys, *columns, strict=True)
        ),
        signature=Signature(signature.metric, signature.definition, {"split": "midpoint", "by": ",".join(after.names)}),
        style=style,
    )


def _overall(argument: str, groups: Any) -> Evidence:
    """What the headline of all groups together rests on."""
    if not isinstance(groups, Groups):
        way = "measure it with by=, e.g. cx.nps(answers, by=channel)"
        found = type(groups).__name__
        if isinstance(groups, Result):
            found = f"a {found} of all rows together, which has no groups"
        msg = f"{argument} must be Groups (got {found}); {way}"
        raise ArgumentTypeError(msg, argument=argument, found=type(groups))
    evidence: Evidence = groups.overall._evidence
    if evidence.form == "median":
        msg = (
            f"{argument} must have a headline that is a mean over its groups (got {evidence.name}): a median of all is "
            f"no mean of the medians of the groups, so its change does not split; explain a share instead, e.g. of the "
            f"answers within target, counted as 1 and 0 on cx.CSAT_THUMBS for cx.csat"
        )
        raise ArgumentTypeError(msg, argument=argument, found=evidence.name)
    return evidence


def _all_keys(before: Groups[Any], after: Groups[Any]) -> list[Any]:
    """Keys of both, in key order: sorted where all compare, the missing label last."""
    check_same_groups(before, after, in_common=False)  # all groups may be new, and all is mix
    keys = list(dict.fromkeys((*after, *before)))
    parts = {key: key if isinstance(key, tuple) else (key,) for key in keys}
    try:
        return sorted(keys, key=lambda key: [(part is None, 0 if part is None else part) for part in parts[key]])
    except TypeError:  # labels of unlike types have no order: as they stand, after first
        return sorted(keys, key=lambda key: [part is None for part in parts[key]])


def _aligned(groups: Groups[Any], keys: list[Any]) -> tuple[Floats, Floats]:
    """Share of the weight and score of each key; 0 and NaN where it is not there."""
    place = {key: i for i, key in enumerate(keys)}
    rows = [place[key] for key in groups]
    evidence = groups._evidence
    weight, value = np.zeros(len(keys)), np.full(len(keys), np.nan)
    weight[rows], value[rows] = evidence.weight, evidence.value
    return shares_of(weight), value


def _check_sum(argument: str, share: Floats, value: Floats, overall: Evidence) -> None:
    """Raise where the whole is not the mean of its groups."""
    mean = float(np.nansum(share * value))
    if abs(mean - overall.value) > 1e-6 * overall.unit:  # far above rounding; False where undefined
        msg = (
            f"{argument} must have groups that add up to the whole (got {overall.value:g} for all and {mean:g} as the "
            f"mean of the groups): with one_vote_per= an account votes in each of its groups; group by what an account "
            f"has one of, or leave one_vote_per= out"
        )
        raise ArgumentValueError(msg, argument=argument, found=(float(overall.value), mean))
