"""Judging: the limits of every group, what lies outside them, and the table of results for `Groups`.

Works on clean numbers, durations in microseconds. Knows the core, fences and settings; reads nothing that was passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ... import _inputs
from ..._accounting import LeftOut, left_out
from ..._core import fences as core
from ...errors import ArgumentTypeError, MergeError
from ._fence import Fence, bound_of, fence_of
from ._result import Flagged, OutliersResult
from ._settings import Settings
from ._values import Data

__all__ = ["OutlierGroups", "judge"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class _Limits:
    """Limits of every group, in the unit that values are judged in."""

    settings: Settings
    durations: bool
    low: Floats
    high: Floats
    undecidable: Bools
    found: core.Fences | None
    """What a named rule measured."""
    own: list[Fence]
    """What was stated or what a function returned, by group; empty for a named rule."""

    def fence(self, i: int) -> Fence:
        named = self.settings.named
        if named is None or self.found is None:
            return self.own[i]
        return fence_of(named, self.low[i], self.high[i], self.found.centre[i], durations=self.durations)

    def excess(self, values: Floats, group: Ints) -> Floats:
        """How far flagged values are beyond their limits: in spreads on the scale judged, else in their unit."""
        low, high = self.low[group], self.high[group]
        if self.found is None:
            return core.distance(values, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of zero, and of a limit that is open
            if self.settings.log:
                values, low, high = np.log(values), np.log(low), np.log(high)
            above = (values - high) / self.found.spread_high[group]
            below = (low - values) / self.found.spread_low[group]
        beyond = np.where(values > high, above, below)
        # Without a spread (an IQR of 0) every distance is infinitely many of them: the distance itself decides.
        return np.where(np.isfinite(beyond), beyond, core.distance(values, low, high))


def _limits(judged: Floats, codes: Ints | None, groups: int, settings: Settings, *, durations: bool) -> _Limits:
    """Find the limits of every group."""
    if settings.named is not None:
        low, high, found = settings.named.limits(judged, codes, groups, durations=durations)
        return _Limits(settings, durations, low, high, found.undecidable, found, [])
    undecidable = np.zeros(groups, dtype=np.bool_)
    if settings.stated is not None:
        own = [settings.stated] * groups
    else:
        parts = _parts(judged, codes, groups)
        own = [_own_fence(settings, part, durations=durations) for part in parts]
        undecidable = np.array([not len(part) for part in parts], dtype=np.bool_)
    low = np.array([bound_of(fence.low, -np.inf) for fence in own], dtype=np.float64)
    high = np.array([bound_of(fence.high, np.inf) for fence in own], dtype=np.float64)
    return _Limits(settings, durations, low, high, undecidable, None, own)


def _parts(judged: Floats, codes: Ints | None, groups: int) -> list[Floats]:
    """The values of each group, in input order."""
    if codes is None:
        return [judged]
    order = np.argsort(codes, kind="stable")
    return np.split(judged[order], np.cumsum(np.bincount(codes, minlength=groups))[:-1])


def _own_fence(settings: Settings, judged: Floats, *, durations: bool) -> Fence:
    """The fence that a function of the user's finds for one group."""
    if settings.function is None or not len(judged):
        return Fence(rule=settings.rule)
    values = judged / 1e6 if durations else judged
    fence = settings.function(_inputs.read_only(values))
    if not isinstance(fence, Fence):
        msg = f"rule must return a Fence (got {fence!r:.60}), e.g. cx.Fence(high=float(values.mean() * 3))"
        raise ArgumentTypeError(msg, argument="rule", found=type(fence))
    limits = {name: getattr(fence, name) for name in ("low", "high", "centre")}
    if durations:  # the function was given seconds
        limits = {
            name: timedelta(seconds=limit) if isinstance(limit, (int, float)) else limit
            for name, limit in limits.items()
        }
    elif any(isinstance(limit, timedelta) for limit in limits.values()):
        msg = f"rule must return a Fence of numbers, as the values are (got {fence!r})"
        raise ArgumentTypeError(msg, argument="rule", found=fence)
    return attrs.evolve(fence, **limits)


@attrs.frozen(eq=False)
class _Judgement:
    """What was flagged in every group; a result is made of it on look-up."""

    data: Data
    settings: Settings
    limits: _Limits
    n: Ints
    zeros: Ints
    left: dict[LeftOut, Ints]
    rows: Ints
    """Flagged rows, group by group, ascending within each."""
    excess: Floats
    edges: Ints
    """Where each group begins in `rows`, and the end."""

    def result(self, i: int) -> OutliersResult:
        part = slice(int(self.edges[i]), int(self.edges[i + 1]))
        rows, fence, data = self.rows[part], self.limits.fence(i), self.data
        left = left_out({reason: counts[i] for reason, counts in self.left.items()})
        n, undecidable = int(self.n[i]), bool(self.limits.undecidable[i])
        return OutliersResult(
            given=n + sum(left.values()),
            n=n,
            left_out=left,
            signature=self.settings.signature(),
            flagged=Flagged(
                rows, data.figures[rows], self.excess[part], fence, data.source, data.durations, data.business
            ),
            fence=fence,
            undecidable=undecidable,
            because=self._because(n, int(self.zeros[i])) if undecidable else "",
            rows=len(data.figures),
        )

    def _because(self, n: int, zeros: int) -> str:
        if n < 2:
            return "a single value" if n else "no values"
        if 0 < zeros <= n / 2:
            return "too many values are zero for the log scale"
        return "the values have no spread"


def judge(data: Data, codes: Ints | None, groups: int, settings: Settings) -> _Judgement:
    """Judge the values of every group by its own limits."""
    judged = (data.figures if data.rows is None else data.figures[data.rows]).astype(np.float64, copy=False)
    inner = codes if codes is None or data.rows is None else codes[data.rows]
    limits = _limits(judged, inner, groups, settings, durations=data.durations)
    low, high = (limits.low, limits.high) if inner is None else (limits.low[inner], limits.high[inner])
    flagged = np.flatnonzero(core.outside(judged, low, high))
    if inner is None:
        group = np.zeros(len(flagged), dtype=np.int64)
    else:
        flagged = flagged[np.argsort(inner[flagged], kind="stable")]
        group = inner[flagged]
    zeros = np.zeros(groups, dtype=np.int64)
    if settings.log and limits.undecidable.any():
        zeros = _count(judged == 0, inner, groups)
    return _Judgement(
        data=data,
        settings=settings,
        limits=limits,
        n=np.array([len(judged)]) if inner is None else np.bincount(inner, minlength=groups),
        zeros=zeros,
        left={reason: _count(mask, codes, groups) for reason, mask in data.left.items()},
        rows=flagged if data.rows is None else data.rows[flagged],
        excess=limits.excess(judged[flagged], group),
        edges=np.searchsorted(group, np.arange(groups + 1)),
    )


def _count(mask: Bools, codes: Ints | None, groups: int) -> Ints:
    """How many rows of each group the mask has."""
    if codes is None:
        return np.array([np.count_nonzero(mask)])
    return np.bincount(codes[mask], minlength=groups)


@attrs.frozen(eq=False)
class OutlierGroups:
    """Results of many groups, each judged by its own fence."""

    keys: Sequence[Any]
    names: tuple[str, ...]
    many: bool
    codes: Ints
    judgement: _Judgement

    def __len__(self) -> int:
        return len(self.keys)

    def result(self, i: int) -> OutliersResult:
        return self.judgement.result(i)

    def overall(self) -> OutliersResult:
        return judge(self.judgement.data, None, 1, self.judgement.settings).result(0)

    def rest(self, i: int) -> OutliersResult:
        others = (self.codes == i).astype(np.int64)  # group 0 is everybody else
        return judge(self.judgement.data, others, 2, self.judgement.settings).result(0)

    def column(self, name: str) -> Array | None:
        return {"count": np.diff(self.judgement.edges), "n": self.judgement.n}.get(name)

    def evidence(self) -> None:
        return None

    def tally(self) -> Any:
        msg = (
            "outliers have no tally: what is an outlier depends on all values; for data in shards find the limits with "
            "cx.Fence.from_tally(tally) and use fence.flags(values) on each shard"
        )
        raise MergeError(msg)

    def tallies(self) -> Sequence[Any]:
        return [self.tally()]
