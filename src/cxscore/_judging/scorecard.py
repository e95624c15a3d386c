"""The scorecard: five indicators of customer experience on one page, and the worst cases by name.

Runs the metrics on what is given, holds each figure against its target, and says so where it cannot
tell. Counts nothing itself: it only cuts the answers of several surveys apart by their label.
"""

from __future__ import annotations

import datetime as dt
import html
import textwrap
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs, intervals
from .._accounting import LeftOut, left_out
from .._checks import check_choice, check_confidence
from .._clocks import service_targets
from .._frozen import FrozenMap
from .._inputs import NAT, Coded
from .._metrics.outliers import OutliersResult, outliers
from .._metrics.repeat_contacts import RepeatContactsResult, repeat_contacts
from .._metrics.response_times import DurationSummary, ResponseTimesResult, response_times
from .._metrics.scores import CsatResult, Invalid, NpsResult, csat, nps
from .._results import Interval, put, show
from ..batches import Batch, Contacts, Conversations, Messages, Responses, as_batch
from ..errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError, NotYetError, UnknownNameError
from ..groups import Groups
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets
from ..scales import CSAT_1_5, NPS_0_10, Scale

__all__ = ["Indicator", "Scorecard", "scorecard"]

Bools = npt.NDArray[np.bool_]
Verdict = Literal["met", "missed", "cannot tell"]
B = TypeVar("B", bound=Batch[Any])

_WORST = 10
_WIDTH = 100


def _nan_safe(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


@attrs.frozen(kw_only=True)
class Indicator:
    """One line of the scorecard.

    Attributes:
        name: what it measures.
        unit: "percent", "points", "share" (0 to 1) or "duration".
        figure: the figure in that unit; NaN or None where undefined.
        interval: its confidence interval.
        n: answers, answered waits, resolved conversations or mature contacts behind it.
        waiting: waits that are still open at `as_of`; a median counts them too.
        target: what was promised, None without a target.
        judged: the figure that is held against the target: the figure itself, the share of detractors, or
            the share of waits within their target.
        judged_interval: its interval, which decides.
        verdict: "met" where the interval lies wholly on the good side, "missed" on the bad side, "cannot
            tell" otherwise; None without a target.
        channel: the channel of a line that details the one above it, else None.
        not_measured: why there is no figure, None where there is one.
    """

    name: str
    unit: Literal["percent", "points", "share", "duration"]
    figure: Any = attrs.field(default=None, eq=_nan_safe)
    interval: Interval | None = None
    n: int = 0
    waiting: int = 0
    target: str | None = None
    judged: float = attrs.field(default=float("nan"), eq=_nan_safe)
    judged_interval: Interval | None = None
    verdict: Verdict | None = None
    channel: str | None = None
    not_measured: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; a duration is `figure_seconds`."""
        out: dict[str, Any] = {}
        for field in attrs.fields(type(self)):
            put(out, field.name, getattr(self, field.name))
        return out

    def _cells(self) -> tuple[str, str, str, str, str, str]:
        """Name, figure, interval, n, verdict, target as they read."""
        size, unit = _unit(self)
        low, high = (None, None) if self.interval is None else self.interval
        undefined = all(_nan_safe(limit) is None for limit in (low, high))
        limits = "" if undefined else f"{_number(low, size, '0')} to {_number(high, size, '∞')}"
        waited = self.unit == "duration" and (self.n or self.waiting)
        figure = _number(self.figure, size, "not reached" if waited else "undefined")
        name = self.name if self.channel is None else f"  {self.channel}"
        if _nan_safe(self.figure) is not None:
            figure += unit
        target = self.target or ""
        if self.target is not None and self.unit != "percent" and self.judged == self.judged:
            target += f": {show(self.judged * 100)}%"
        return name, figure, limits, f"{self.n:,}", self.verdict or ("no target" if self.n else ""), target


def _unit(line: Indicator) -> tuple[float | dt.timedelta, str]:
    """What to divide by, and what to write behind."""
    if line.unit in ("percent", "points"):
        return 1.0, "%" if line.unit == "percent" else ""
    if line.unit == "share":
        return 0.01, "%"
    limits = () if line.interval is None else tuple(line.interval)
    known = next((value for value in (line.figure, *limits) if value is not None), dt.timedelta(0))
    for unit, size in (("d", dt.timedelta(days=1)), ("h", dt.timedelta(hours=1)), ("min", dt.timedelta(minutes=1))):
        if known >= size:
            return size, f" {unit}"
    return dt.timedelta(seconds=1), " s"


def _number(value: Any, size: Any, missing: str) -> str:
    return show(None if _nan_safe(value) is None else value / size, missing=missing)


@attrs.frozen(kw_only=True)
class Scorecard:
    """Five indicators against their targets, with the results behind them.

    Attributes:
        indicators: the lines, in order; first response also by channel.
        satisfaction: CSAT after contact, None where not measured.
        recommendation: NPS, None where not measured.
        response_times: waiting and resolution, None where not measured.
        repeat_contacts: repeats, None where not measured.
        outliers: first waits over the limit, worst first; None where there are no waits.
        worst: one mapping a wait, the worst of them only: `conversation`, `wait`, `ended`, `reason`.
        as_of: the instant that counted as now, None without any instant.
        notes: what else a reader should know: rows left out, people who still wait.

    >>> import cxscore as cx
    >>> card = cx.scorecard(responses=cx.Responses(score=[5, 4, 4, 2], survey="contact"))
    >>> card.indicators[0].name, card.indicators[0].figure
    ('satisfaction (CSAT)', 75.0)
    """

    indicators: tuple[Indicator, ...]
    satisfaction: CsatResult | None
    recommendation: NpsResult | None
    response_times: ResponseTimesResult | None
    repeat_contacts: RepeatContactsResult | None
    outliers: OutliersResult | None
    worst: tuple[FrozenMap[str, Any], ...]
    as_of: dt.datetime | None
    notes: tuple[str, ...]

    def naming(self, inputs: Mapping[str, str]) -> Scorecard:
        """The same scorecard, calling missing inputs what the reader calls them.

        Args:
            inputs: argument of `scorecard` to its other name, e.g. `{"messages": "--messages FILE"}`.
        """
        told = {f"no {name} given": f"no {other} given" for name, other in inputs.items()}
        lines = (
            attrs.evolve(line, not_measured=told.get(line.not_measured or "", line.not_measured))
            for line in self.indicators
        )
        return attrs.evolve(self, indicators=tuple(lines))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: every line, every result behind it, the worst waits."""
        out: dict[str, Any] = {"indicators": [line.to_dict() for line in self.indicators]}
        for name in ("satisfaction", "recommendation", "response_times", "repeat_contacts", "outliers", "as_of"):
            put(out, name, getattr(self, name))
        out["worst"] = []
        for row in self.worst:
            flat: dict[str, Any] = {}
            for name, value in row.items():
                put(flat, name, value)
            out["worst"].append(flat)
        out["notes"] = list(self.notes)
        return out

    def _title(self) -> str:
        if self.as_of is None:
            return "Scorecard"
        zone = self.as_of.tzinfo
        named = "" if zone is None else f" {getattr(zone, 'key', None) or self.as_of.tzname()}"
        return f"Scorecard as of {self.as_of:%Y-%m-%d %H:%M}{named}"

    def _head(self) -> tuple[str, ...]:
        levels = {line.interval.confidence for line in self.indicators if line.interval is not None}
        level = f"{levels.pop() * 100:.6g}% interval" if len(levels) == 1 else "interval"
        return ("indicator", "figure", level, "n", "verdict", "target")

    def __str__(self) -> str:
        head = self._head()
        rows = [head, *(line._cells() for line in self.indicators if line.not_measured is None)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        widths[0] = max(widths[0], *(len(line.name) for line in self.indicators))
        widths[0] = min(widths[0], _WIDTH - sum(widths[1:]) - 2 * (len(head) - 1))

        def laid_out(cells: Sequence[str]) -> str:
            name = cells[0] if len(cells[0]) <= widths[0] else f"{cells[0][: widths[0] - 1]}…"
            rest = (cell.ljust(width) if i > 2 else cell.rjust(width)
                    for i, (cell, width) in enumerate(zip(cells[1:], widths[1:], strict=True)))  # fmt: skip
            return "  ".join((name.ljust(widths[0]), *rest)).rstrip()

        lines = [self._title(), "", laid_out(head)]
        for line in self.indicators:
            if line.not_measured is None:
                lines.append(laid_out(line._cells()))
            else:
                lines.append(f"{line.name.ljust(widths[0])}  not measured: {line.not_measured}")
        for note in self.notes:
            lines += ["", *textwrap.wrap(note, _WIDTH)]
        if self.outliers is not None:
            lines += ["", self._worst_title(self.outliers)]
            for case in self._worst_cases():
                lines += textwrap.wrap(case, _WIDTH, initial_indent="  ", subsequent_indent="    ")
        return "\n".join(lines)

    def _worst_title(self, found: OutliersResult) -> str:
        flagged = len(found.flagged)
        what = f"of {found.n:,} first waits are over the limit of {_exactly(found.fence.high)}"
        if not flagged:
            return f"None {what}."
        shown = f", {len(self.worst)} shown" if flagged > len(self.worst) else ""
        return f"{flagged:,} {what}; worst first{shown}:"

    def _worst_cases(self) -> list[str]:
        return [f"conversation {row['conversation']} ({row['ended']}): {row['reason']}" for row in self.worst]

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{html.escape(cell)}</th>" for cell in self._head())
        body = []
        for line in self.indicators:
            if line.not_measured is None:
                cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in line._cells()).replace(
                    "<td>  ", "<td>&emsp;"
                )
            else:
                why = html.escape(f"not measured: {line.not_measured}")
                cells = f"<td>{html.escape(line.name)}</td><td colspan='5'>{why}</td>"
            body.append(f"<tr>{cells}</tr>")
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        worst = ""
        if self.outliers is not None:
            items = "".join(f"<li>{html.escape(case)}</li>" for case in self._worst_cases())
            worst = f"<p>{html.escape(self._worst_title(self.outliers))}</p><ol>{items}</ol>"
        title = html.escape(self._title())
        return (
            f"<table><caption style='text-align:left'><b>{title}</b></caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table>{notes}{worst}"
        )


def scorecard(
    *, responses: Any = None, messages: Any = None, conversations: Any = None, changes: Any = None,
    contacts: Any = None, targets: ServiceTargets | dt.timedelta | None = None, hours: Any = None,
    as_of: dt.datetime | None = None, previous: Any = None, satisfaction: Hashable = "contact",
    recommendation: Hashable = "relationship", satisfaction_scale: Scale = CSAT_1_5,
    recommendation_scale: Scale = NPS_0_10, on_time: float = 0.9, limit: dt.timedelta = dt.timedelta(days=5),
    window: dt.timedelta = dt.timedelta(days=7), policy: ReplyPolicy = DEFAULT_POLICY, confidence: float = 0.95,
    invalid: Invalid = "raise",
) -> Scorecard:  # fmt: skip
    """Five indicators of customer experience on one page, and the worst waits by conversation.

    Satisfaction after contact, recommendation, waiting for the first and for every reply, time to
    resolution, repeat contacts. What is not given is not measured, and the scorecard says so. Effort is not
    one of the five: `ces` measures it by itself.

    Args:
        responses: `SurveyResponse` records or a `Responses` batch of one or several surveys. Their column
            `survey` tells them apart, nothing else does: `cx.Responses(score=..., survey="contact")` labels
            all answers of one survey.
        messages: `Message` records or a `Messages` batch.
        conversations: `Conversation` records or a `Conversations` batch; beside messages or alone.
        changes: not available yet.
        contacts: `Contact` records or a `Contacts` batch.
        targets: what was promised (a timedelta is for the first response); `cx.TARGETS` are published ones.
            None: no verdicts.
        hours: not available yet.
        as_of: the instant that counts as now; None: the latest instant of all that is given. Later rows are
            left out and counted.
        previous: not available yet.
        satisfaction: label of the survey after contact, or a list of labels; None: not measured.
        recommendation: label of the survey that asks for recommendation, likewise.
        satisfaction_scale: the scale of the first.
        recommendation_scale: the scale of the second.
        on_time: a target for waits is met when at least this share of them lies within it.
        limit: first waits over it are listed one by one.
        window: a contact within it is a repeat.
        policy: how waits are found.
        confidence: level of all intervals, between 0 and 1.
        invalid: "raise" refuses impossible values, "drop" leaves them out and counts them.

    Returns:
        Scorecard.

    Raises:
        ArgumentTypeError: nothing to measure, or something else than records and batches.
        ArgumentValueError: a share out of range, or one survey for two indicators.
        UnknownNameError: responses without survey labels, or none of the surveys that were named.
        MixedTimeZonesError: naive and aware instants in one call.
        NotYetError: `changes`, `hours` and `previous`.

    >>> import cxscore as cx
    >>> answers = cx.Responses(score=[5, 4, 4, 2, 5, None], survey="contact")
    >>> card = cx.scorecard(responses=answers, targets=cx.TARGETS)
    >>> card.indicators[0].figure, card.indicators[0].verdict
    (80.0, 'cannot tell')
    >>> card.indicators[1].not_measured
    "no answers of the survey 'relationship'"
    """
    confidence = check_confidence(confidence)
    check_choice("invalid", invalid, ("raise", "drop"))
    for name, value in (("changes", changes), ("hours", hours), ("previous", previous)):
        if value is not None:
            msg = f"{name}= is not available yet (got {value!r:.40}); it comes with a later release, leave it out"
            raise NotYetError(msg, argument=name, found=value)
    if isinstance(on_time, bool) or not isinstance(on_time, (int, float)) or not 0 < on_time <= 1:
        msg = f"on_time must be a share above 0 and up to 1 (got {on_time!r}), e.g. on_time=0.9"
        raise ArgumentValueError(msg, argument="on_time", found=on_time)
    given = _Given(
        responses=_batch(responses, "responses", Responses), messages=_batch(messages, "messages", Messages),
        conversations=_batch(conversations, "conversations", Conversations),
        contacts=_batch(contacts, "contacts", Contacts),
    )  # fmt: skip
    now = given.now(as_of)
    promised = service_targets(targets)

    lines: list[Indicator] = []
    notes: list[str] = []
    wanted = {"satisfaction": satisfaction, "recommendation": recommendation}
    (contact, relationship), others = _split(given.responses, wanted, now)
    liking = contact.measure(csat, satisfaction_scale, confidence, invalid)
    lines.append(_satisfaction(liking, contact.reason, promised.satisfaction))
    telling = relationship.measure(nps, recommendation_scale, confidence, invalid)
    lines.append(_recommendation(telling, relationship.reason, promised.detractors, confidence))

    waits, by_channel = given.response_times(
        targets=promised, as_of=now, policy=policy, confidence=confidence, invalid=invalid
    )
    lines += _waiting(given, waits, by_channel, on_time)
    repeats = None
    if given.contacts is not None:
        repeats = repeat_contacts(given.contacts, window=window, as_of=now, confidence=confidence, invalid=invalid)
    lines.append(_repeats(repeats, window))
    extremes, worst = _extremes(waits, limit)

    results = {"satisfaction": liking, "recommendation": telling, "waiting": waits, "repeat contacts": repeats}
    notes += _still_waiting(waits) + _bot_only(waits)
    notes += _left_out(results, others)
    return Scorecard(
        indicators=tuple(lines), satisfaction=liking, recommendation=telling, response_times=waits,
        repeat_contacts=repeats, outliers=extremes, worst=worst, as_of=now, notes=tuple(notes),
    )  # fmt: skip


# -- what was given ----------------------------------------------------------------------------------


def _batch(values: Any, argument: str, kind: type[B]) -> B | None:
    if values is None:
        return None
    needed = kind._required
    return as_batch(values, argument, (kind,), lambda: kind(**{name: [] for name in needed}))  # type: ignore[return-value]  # as_batch returns what it accepts


@attrs.frozen(eq=False)
class _Given:
    responses: Responses | None
    messages: Messages | None
    conversations: Conversations | None
    contacts: Contacts | None

    def _all(self) -> dict[str, Batch[Any]]:
        found = {name: getattr(self, name) for name in ("responses", "messages", "conversations", "contacts")}
        return {name: batch for name, batch in found.items() if batch is not None}

    def now(self, as_of: dt.datetime | None) -> dt.datetime | None:
        """The one instant that counts as now in every metric."""
        batches = self._all()
        if not batches:
            msg = "scorecard must be given responses, messages, conversations or contacts (got none of them)"
            raise ArgumentTypeError(msg, argument="responses")
        rules = {name: batch.aware for name, batch in batches.items() if batch.aware is not None}
        if len(set(rules.values())) > 1:
            told = ", ".join(f"{name}: {'aware' if aware else 'naive'}" for name, aware in rules.items())
            msg = f"all instants of a scorecard must follow one rule (got {told}); give the naive ones a zone with tz="
            raise MixedTimeZonesError(msg, argument="as_of")
        aware = next(iter(rules.values()), None)
        if as_of is not None:
            zone = next((batch.tz for batch in batches.values() if batch.tz is not None), None)
            micros: int | None = _inputs.instant(as_of, "as_of", aware=aware, tz=zone)
            aware = _inputs.instants([as_of], "as_of")[1] if aware is None else aware
        else:
            micros = max((latest for batch in batches.values() if (latest := batch.latest()) is not None), default=None)
        if micros is None:
            return None
        plain = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)
        return plain.replace(tzinfo=dt.UTC) if aware else plain

    def response_times(self, **settings: Any) -> tuple[ResponseTimesResult | None, Groups[ResponseTimesResult] | None]:
        """Waiting over all channels, and by channel where channels are known."""
        log = self.conversations if self.messages is None else self.messages
        if log is None:
            return None, None
        if self.messages is not None:
            settings["conversations"] = self.conversations
        if not any(batch.known("channel") for batch in (self.messages, self.conversations) if batch is not None):
            return response_times(log, **settings), None
        by_channel = response_times(log, by="channel", **settings)
        return by_channel.overall, by_channel


@attrs.frozen(eq=False)
class _Survey:
    """The answers of one survey up to `as_of`, and how many came later; None where it is not measured."""

    answers: Responses | None
    late: int = 0
    reason: str = ""

    def measure(self, metric: Any, scale: Scale, confidence: float, invalid: str) -> Any:
        """NPS or CSAT, with the late answers in its account."""
        if self.answers is None:
            return None
        result = metric(self.answers, scale=scale, confidence=confidence, invalid=invalid)
        if not self.late:
            return result
        reasons = left_out({**result.left_out, LeftOut.AFTER_AS_OF: self.late})
        return attrs.evolve(result, given=result.given + self.late, left_out=reasons)


def _split(
    responses: Responses | None, wanted: Mapping[str, Any], now: dt.datetime | None
) -> tuple[list[_Survey], list[str]]:
    """The answers of each survey wanted, cut apart by their labels, and a note on the others."""
    labels = {name: _as_labels(label) for name, label in wanted.items()}
    everything = [label for some in labels.values() for label in some]
    if doubled := [label for label in everything if everything.count(label) > 1]:
        msg = f"{' and '.join(wanted)} must name two different surveys (got {doubled[0]!r} twice)"
        raise ArgumentValueError(msg, argument="recommendation", found=doubled[0])
    if responses is None:
        return [_Survey(None, reason="no responses given") for _ in labels], []
    if len(responses) and not responses.known("survey"):
        msg = (
            "responses must say which survey they answer in the column survey (got none); nothing is guessed from "
            "scores, label them with cx.Responses(score=..., survey='contact')"
        )
        raise UnknownNameError(msg, argument="responses")
    surveys = responses.coded("survey") if len(responses) else Coded(np.empty(0, np.int64), [])
    rows_of = {surveys.labels[int(code)]: surveys.codes == code for code in np.unique(surveys.codes)}
    if rows_of and not any(label in rows_of for label in everything):
        msg = (
            f"responses must hold one of the surveys {', '.join(map(repr, everything))} (found: "
            f"{', '.join(map(repr, rows_of))}); name yours with satisfaction= and recommendation="
        )
        raise UnknownNameError(msg, argument="responses", found=tuple(rows_of))
    late = _after(responses, now)
    parts = []
    for some in labels.values():
        masks = [rows_of.pop(label) for label in some if label in rows_of]
        if masks:
            mask = np.logical_or.reduce(masks)
            parts.append(_Survey(responses[mask & ~late], int(np.count_nonzero(mask & late))))
        else:
            reason = f"no answers of the survey {', '.join(map(repr, some))}" if some else "no survey named"
            parts.append(_Survey(None, reason=reason))
    counts = [f"{label!r} {int(np.count_nonzero(mask)):,}" for label, mask in rows_of.items()]
    return parts, [f"answers of other surveys: {', '.join(counts)}"] if counts else []


def _as_labels(label: Any) -> tuple[Hashable, ...]:
    if label is None:
        return ()
    return tuple(label) if isinstance(label, (list, tuple, set, frozenset)) else (label,)


def _after(responses: Responses, now: dt.datetime | None) -> Bools:
    """Answers given, or invitations sent and not answered, after `as_of`."""
    if now is None:
        return np.zeros(len(responses), dtype=np.bool_)
    limit = _inputs.instant(now, "as_of", aware=responses.aware)
    at, asked = responses.times("at"), responses.times("asked_at")
    late: Bools = (at > limit) | ((at == NAT) & (asked > limit))
    return late


# -- the lines ---------------------------------------------------------------------------------------


def _verdict(interval: Interval, bound: float, *, more_is_good: bool) -> Verdict:
    low, high = interval
    if not more_is_good:
        low, high, bound = -high, -low, -bound
    if low >= bound:
        return "met"
    return "missed" if high < bound else "cannot tell"


def _satisfaction(result: CsatResult | None, reason: str, target: float | None) -> Indicator:
    line = Indicator(name="satisfaction (CSAT)", unit="percent")
    if result is None:
        return attrs.evolve(line, not_measured=reason)
    line = attrs.evolve(line, figure=result.score, interval=result.interval, n=result.n)
    if target is None:
        return line
    return attrs.evolve(
        line, target=f"at least {target:g}%", judged=result.score, judged_interval=result.interval,
        verdict=_verdict(result.interval, target, more_is_good=True),
    )  # fmt: skip


def _recommendation(result: NpsResult | None, reason: str, target: float | None, confidence: float) -> Indicator:
    line = Indicator(name="recommendation (NPS)", unit="points")
    if result is None:
        return attrs.evolve(line, not_measured=reason)
    line = attrs.evolve(line, figure=result.score, interval=result.interval, n=result.n)
    if target is None:
        return line
    limits = intervals.proportion(result.detractors, result.n, method="wilson", confidence=confidence)
    interval = Interval(*limits, confidence, "wilson")
    return attrs.evolve(
        line, target=f"detractors ≤ {target * 100:g}%", judged=result.detractor_share, judged_interval=interval,
        verdict=_verdict(interval, target, more_is_good=False),
    )  # fmt: skip


def _waiting(
    given: _Given, waits: ResponseTimesResult | None, by_channel: Groups[ResponseTimesResult] | None, on_time: float
) -> Iterable[Indicator]:
    clocks = (
        ("first response", "first_response", "messages", "first_response_at"),
        ("every reply", "reply", "messages", None),
        ("time to resolution", "resolution", "conversations", "resolved_at"),
    )
    for name, clock, source, column in clocks:
        summary: DurationSummary | None = None if waits is None else getattr(waits, clock)
        if summary is None:
            reason = f"no {source} given"
            if column is not None and given.conversations is not None:
                reason = f"the conversations have no {column}"
            yield Indicator(name=name, unit="duration", not_measured=reason)
            continue
        yield _of_waits(name, summary, summary.target, on_time)
        if clock == "first_response" and by_channel is not None and len(by_channel) > 1:
            for channel, result in by_channel.items():
                target = summary.target.get(channel) if isinstance(summary.target, Mapping) else summary.target
                part: DurationSummary = getattr(result, clock)
                if part.n or part.waiting or part.closed or part.lapsed or part.abandoned:
                    title = "(none)" if channel is None else str(channel)
                    yield attrs.evolve(_of_waits(name, part, target, on_time), channel=title)


def _of_waits(name: str, summary: DurationSummary, target: Any, on_time: float) -> Indicator:
    line = Indicator(
        name=name, unit="duration", figure=summary.median, interval=summary.median_interval, n=summary.n,
        waiting=summary.waiting,
    )  # fmt: skip
    if target is None:
        return line
    within = "on time" if isinstance(target, Mapping) else f"in {_exactly(target)}"
    return attrs.evolve(
        line, target=f"{on_time * 100:g}% {within}", judged=summary.within_target,
        judged_interval=summary.within_interval,
        verdict=_verdict(summary.within_interval, on_time, more_is_good=True),
    )  # fmt: skip


def _exactly(span: dt.timedelta) -> str:
    """A promise as people say it: 24 h, 90 min, 5 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if span.total_seconds() % size == 0 and (unit != "d" or span > dt.timedelta(days=2)):
            return f"{span.total_seconds() / size:g} {unit}"
    return f"{span.total_seconds():g} s"


def _repeats(result: RepeatContactsResult | None, window: dt.timedelta) -> Indicator:
    if result is None:
        return Indicator(name="repeat contacts", unit="share", not_measured="no contacts given")
    return Indicator(
        name=f"repeats within {_exactly(window)}", unit="share", figure=result.rate, interval=result.interval,
        n=result.mature,
    )  # fmt: skip


# -- beside the lines --------------------------------------------------------------------------------


def _extremes(
    waits: ResponseTimesResult | None, limit: dt.timedelta
) -> tuple[OutliersResult | None, tuple[FrozenMap[str, Any], ...]]:
    """First waits over the limit, those that still run included."""
    if waits is None or waits.first_response is None:
        return None, ()
    columns = waits.table().columns
    first = columns["first"]
    found = outliers(columns["wait"][first], limit=limit)
    conversation, ended = columns["conversation"][first], columns["ended"][first]
    worst: list[FrozenMap[str, Any]] = [
        FrozenMap(
            {
                "conversation": conversation[item.index],
                "wait": item.value,
                "ended": "still open" if ended[item.index] == "open" else ended[item.index],
                "reason": item.reason,
            }
        )
        for item in found.flagged[:_WORST]
    ]
    return found, tuple(worst)


def _still_waiting(waits: ResponseTimesResult | None) -> list[str]:
    summary = None if waits is None else waits.first_response
    if summary is None or not summary.waiting:
        return []
    longest = show(summary.longest_waiting)
    return [f"Still waiting for a first response: {summary.waiting:,} (longest {longest}); the medians count them."]


def _bot_only(waits: ResponseTimesResult | None) -> list[str]:
    count = 0 if waits is None else waits.bot_only or 0
    if not count:
        return []
    return [f"Answered only by a bot, outside the clocks: {count:,} conversation{'s' if count > 1 else ''}."]


def _left_out(results: Mapping[str, Any], others: Sequence[str]) -> list[str]:
    parts = []
    for name, result in results.items():
        if result is not None and result.left_out:
            reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in result.left_out.items())
            parts.append(f"{name}: {reasons}")
    parts += others
    return [f"Left out: {'; '.join(parts)}."] if parts else []
