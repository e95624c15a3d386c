"""The door for answers: whatever was passed becomes one column on its scale, with what stands beside each answer.

Reads answers, weights, clusters and respondents, and refuses what breaks their rules. Counts nothing and knows no
tally; that somebody answered twice is no concern of it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._checks import check_choice
from .._core import counting
from .._inputs import Coded, Column
from ..batches import Batch, Responses, first_record
from ..errors import ArgumentTypeError, ScaleError
from ..scales import Scale
from ._clusters import ClusteredRows

__all__ = ["GIVEN", "Answers", "Belonging", "check_settings"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GIVEN: Final = "given"  # what clusters and votes are called in a signature where they came as an array


def check_settings(scale: Any, superseded: str, missing: str, invalid: str) -> None:
    """How answers are to be counted, checked.

    Raises:
        ArgumentTypeError: no scale, or no string.
        UnknownNameError: none of the choices.
    """
    if not isinstance(scale, Scale):
        msg = f"scale must be a Scale, e.g. cx.CSAT_1_5 (got {scale!r})"
        raise ArgumentTypeError(msg, argument="scale", found=scale)
    check_choice("superseded", superseded, ("drop", "count"))
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))


class Answers:
    """The answers of one call, in a column on their scale, and the batch they stand in, if any."""

    def __init__(self, answers: Any, scale: Scale) -> None:
        self.scale = scale
        self.values, self.batch = _open(answers)
        found = _inputs.answers(self.values, scale)
        self.points = found.data
        """Numbers that lie on the scale or off it; anything where an answer is missing."""
        self.missing = _missing(found)
        """Where there is no answer, None where there is one in every row."""

    def __len__(self) -> int:
        return len(self.points)

    @property
    def people(self) -> Coded | None:
        """Who gave each answer, None where that is not known of any."""
        return None if self.batch is None or not self.batch.known("respondent") else self.batch.coded("respondent")

    def kept(self, old: Bools | None = None) -> Bools:
        """The answers on the scale, but for some."""
        good = counting.on_scale(self.points, self.scale.low, self.scale.high)
        for mask in (self.missing, old):
            if mask is not None:
                good &= ~mask
        return good

    def refuse(self, off: int, missing: str, invalid: str) -> None:
        """Refuse what is missing, and the so many that are off the scale, where they are not to be dropped.

        Raises:
            MissingValueError: missing answers under `missing="raise"`.
            ScaleError: answers off the scale under `invalid="raise"`.
        """
        if self.missing is not None and missing == "raise":
            _inputs.refuse_missing("answers", self.missing)
        if off and invalid == "raise":
            scale = self.scale
            bad = ~counting.on_scale(self.points, scale.low, scale.high)
            if self.missing is not None:
                bad &= ~self.missing
            _inputs.refuse_invalid(
                "answers",
                f"be whole points {scale.low} to {scale.high} of the scale {scale.name}, or its labels",
                bad,
                self.values,
                kind=ScaleError,
                way="name another scale with scale=, read words with scale.with_labels({...}), or use "
                "invalid='drop' to leave them out and count them",
            )

    def weights(self, weights: Any) -> Floats | None:
        """The weight of each answer, None where no weights were given.

        Raises:
            ArgumentTypeError: a name beside plain answers; no numbers.
            InvalidValueError: negative, NaN, infinite or absurdly large weights; they are never dropped.
            LengthError: not one weight an answer.
        """
        if weights is None:
            return None
        if isinstance(weights, str):
            if self.batch is None:
                msg = (
                    f"weights must be numbers beside plain answers (got the name {weights!r}); pass "
                    f"weights=df[{weights!r}]"
                )
                raise ArgumentTypeError(msg, argument="weights", found=weights)
            weights = self.batch.raw(weights, "weights")
        return _inputs.weights(_inputs.materialise(weights), len(self))

    def belonging(self, weights: Any, cluster: Any, one_vote_per: Any) -> Belonging | None:
        """What clusters the answers are in, None where each counts as independent.

        Raises:
            ArgumentTypeError: weights or clusters beside one vote an account; a name beside plain answers.
            LengthError: not one label an answer.
        """
        if one_vote_per is not None:
            for argument, value, why in (
                ("weights", weights, "an answer then weighs one over the answers of its account"),
                ("cluster", cluster, "the answers of an account are then a cluster already"),
            ):
                if value is not None:
                    msg = f"{argument} must be left out beside one_vote_per (got both): {why}"
                    raise ArgumentTypeError(msg, argument=argument, found=type(value))
            return Belonging(*self._labels("one_vote_per", one_vote_per), one_vote=True)
        if cluster is None:  # the unit that is known
            people = self.people
            return None if people is None else Belonging(people, "respondent", assumed=True)
        return None if cluster is False else Belonging(*self._labels("cluster", cluster))

    def _labels(self, argument: str, values: Any) -> tuple[Coded, str]:
        """A column of labels, and what a signature calls it."""
        if isinstance(values, str):
            if self.batch is None:
                msg = (
                    f"{argument} must be labels beside plain answers (got the name {values!r}); pass the column "
                    f"itself, {argument}=df[{values!r}]"
                )
                raise ArgumentTypeError(msg, argument=argument, found=values)
            # A signature is cut at these, and says "none" where nothing is clustered.
            return self.batch.coded(values, argument), GIVEN if {"|", ";"} & set(values) or values == "none" else values
        coded = _inputs.coded(_inputs.materialise(values), argument)
        _inputs.same_length(len(self), len(coded), argument, "the answers")
        return coded, GIVEN


def _open(answers: Any) -> tuple[Any, Batch[Any] | None]:
    """Answers as one column, with the batch they stand in, if any."""
    answers = _inputs.materialise(answers)
    if isinstance(answers, Responses):
        return answers.raw("score"), answers
    kind = first_record(answers)
    if kind is not None or isinstance(answers, Batch):
        if kind is not Responses.record:
            found = (kind or type(answers)).__name__
            msg = f"answers must be scores, SurveyResponse records or a Responses batch (got {found})"
            raise ArgumentTypeError(msg, argument="answers", found=found)
        batch = Responses.from_records(answers)
        return batch.raw("score"), batch
    if type(answers) is int and answers == 0:
        msg = (
            "answers must be data or a tally (got 0, what sum() gives for no tallies); "
            "start the sum with a tally: sum(tallies, start=cx.ScoreTally.empty(cx.NPS_0_10))"
        )
        raise ArgumentTypeError(msg, argument="answers", found=answers)
    return answers, None


def _missing(found: Column) -> Bools | None:
    if found.data.dtype.kind != "f":
        return found.missing
    nan = np.isnan(found.data)
    if found.missing is not None:
        nan |= found.missing
    return nan if nan.any() else None


class Belonging:
    """The cluster of each row, as `cluster=` or `one_vote_per=` names it."""

    def __init__(self, coded: Coded, name: str, *, one_vote: bool = False, assumed: bool = False) -> None:
        self._coded = coded
        self.name = name
        self._one_vote = one_vote
        self.assumed = assumed  # known from the data; nobody asked

    def single(self, kept: Bools) -> bool:
        """Whether nobody asked, and none of the answers to keep shares its cluster with another."""
        if not self.assumed:
            return False
        sizes = np.bincount(self._coded.codes[kept], minlength=len(self._coded.labels))
        if self._coded.labels and self._coded.labels[-1] is None:
            sizes = sizes[:-1]
        return bool(sizes.max(initial=0) <= 1)

    def label(self, row: int) -> Any:
        """What the cluster of a row is called."""
        return self._coded.labels[self._coded.codes[row]]

    def of(
        self, answers: Answers, kept: Bools, weight: Floats | None, group: Ints | None = None, groups: int = 1
    ) -> ClusteredRows:
        """The answers to keep with their clusters; one without a label is a cluster of its own."""
        labels = self._coded.labels
        code = self._coded.codes[kept].astype(np.int64, copy=False)
        if labels and labels[-1] is None:
            labels = labels[:-1]
            unknown = code == len(labels)
            code = np.where(unknown, len(labels) + np.cumsum(unknown), code)
        return ClusteredRows(
            point=answers.points[kept].astype(np.int64) - answers.scale.low,
            points=len(answers.scale.points),
            weight=None if weight is None else weight[kept],
            cluster=code,
            labels=labels,
            name=self.name,
            one_vote=self._one_vote,
            group=group,
            groups=groups,
        )
