"""The scorecard: five indicators of customer experience on one page, and the worst cases by name.

Runs the metrics on what is given; `indicators` makes the lines of what they found. Counts nothing itself: it only
cuts the answers of several surveys apart by their label.
"""

from __future__ import annotations

import datetime as dt
import html
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._checks import check_choice, check_confidence
from .._clocks import service_targets
from .._frozen import FrozenMap
from .._inputs import NAT, Coded
from .._metrics.outliers import OutliersResult, outliers
from .._metrics.repeat_contacts import RepeatContactsResult, repeat_contacts
from .._metrics.response_times import AtRisk, ResponseTimesResult, response_times
from .._metrics.scores import CsatResult, Invalid, NpsResult, csat, nps
from .._open_time import Schedules, hours_definition
from .._results import put, show, show_open
from ..batches import Batch, Changes, Contacts, Conversations, Messages, Responses, as_batch
from ..errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError, UnknownNameError
from ..groups import Groups
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets
from ..scales import CSAT_1_5, NPS_0_10, Scale
from .indicators import Indicator, exactly, of_recommendation, of_repeats, of_satisfaction, of_waits, since

__all__ = ["Indicator", "Scorecard", "scorecard"]

Bools = npt.NDArray[np.bool_]
B = TypeVar("B", bound=Batch[Any])

_WORST = 10
_AT_RISK = 5
_WIDTH = 100
_WORDS = (0, 4, 5)  # columns that begin at the left, in both tables; the others hold numbers


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
        at_risk: conversations that are open and past a target at `as_of`, worst first; None without targets for waits.
        as_of: the instant that counted as now, None without any instant.
        previous_as_of: that of the period before, None without `previous` or without any instant.
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
    at_risk: AtRisk | None
    as_of: dt.datetime | None
    previous_as_of: dt.datetime | None
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
        """Plain JSON values: every line, every result behind it, the worst cases."""
        out: dict[str, Any] = {"indicators": [line.to_dict() for line in self.indicators]}
        for name in ("satisfaction", "recommendation", "response_times", "repeat_contacts", "outliers", "as_of",
                     "previous_as_of"):  # fmt: skip
            put(out, name, getattr(self, name))
        out["worst"] = []
        for row in self.worst:
            flat: dict[str, Any] = {}
            for name, value in row.items():
                put(flat, name, value)
            out["worst"].append(flat)
        risk = self.at_risk
        out["at_risk"] = None if risk is None else {"conversations": len(risk), "worst": risk.to_dicts()[:_WORST]}
        out["notes"] = list(self.notes)
        return out

    def _title(self) -> str:
        return "Scorecard" if self.as_of is None else f"Scorecard as of {_when(self.as_of)}"

    def _head(self) -> tuple[str, ...]:
        return ("indicator", "figure", self._level(), "n", "verdict", "target")

    def _level(self) -> str:
        levels = {line.interval.confidence for line in self.indicators if line.interval is not None}
        return f"{levels.pop() * 100:.6g}% interval" if len(levels) == 1 else "interval"

    def _rows(self) -> list[_Row]:
        """What is measured as cells, what is not with the reason."""
        return [
            (line.name, f"not measured: {line.not_measured}") if line.not_measured is not None else line._cells()
            for line in self.indicators
        ]

    def _change_head(self) -> tuple[str, ...]:
        return ("indicator", "before", "change", self._level(), "verdict")

    def _change_rows(self) -> list[_Row]:
        """Empty without a period before."""
        return [
            (line._label(), f"not comparable: {line.not_comparable}")
            if line.change is None else line._change_cells(line.change)
            for line in self.indicators if line.change is not None or line.not_comparable is not None
        ]  # fmt: skip

    def _change_title(self) -> str:
        until = "" if self.previous_as_of is None else f", as of {_when(self.previous_as_of)}"
        return f"Since the period before{until}; each line judged by itself"

    def __str__(self) -> str:
        lines = [self._title(), "", *_laid_out(self._head(), self._rows())]
        if changes := self._change_rows():
            lines += ["", f"{self._change_title()}:", "", *_laid_out(self._change_head(), changes)]
        for note in self.notes:
            lines += ["", *textwrap.wrap(note, _WIDTH)]
        for title, cases in self._cases():
            lines += ["", title]
            for case in cases:
                lines += textwrap.wrap(case, _WIDTH, initial_indent="  ", subsequent_indent="    ")
        return "\n".join(lines)

    def _cases(self) -> list[tuple[str, list[str]]]:
        """The single cases to read, each list under its title."""
        found = []
        if self.at_risk is not None:
            found.append((self._risk_title(self.at_risk), [_at_risk(row) for row in self.at_risk[:_AT_RISK]]))
        if self.outliers is not None:
            limit = self.outliers.fence.high
            found.append((self._worst_title(self.outliers), [_too_long(row, limit) for row in self.worst]))
        return found

    def _risk_title(self, found: AtRisk) -> str:
        if not len(found):
            return "No open conversation is past a target."
        many = "1 open conversation is" if len(found) == 1 else f"{len(found):,} open conversations are"
        return f"{many} past a target; worst first{_shown(len(found), _AT_RISK)}:"

    def _worst_title(self, found: OutliersResult) -> str:
        flagged = len(found.flagged)
        what = f"of {found.n:,} first waits are over the limit of {exactly(found.fence.high)}"
        if not flagged:
            return f"None {what}."
        return f"{flagged:,} {what}; worst first{_shown(flagged, len(self.worst))}:"

    def _repr_html_(self) -> str:
        tables = _table(self._title(), self._head(), self._rows())
        if changes := self._change_rows():
            tables += _table(self._change_title(), self._change_head(), changes)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        cases = ""
        for title, some in self._cases():
            items = "".join(f"<li>{html.escape(case)}</li>" for case in some)
            cases += f"<p>{html.escape(title)}</p>{f'<ol>{items}</ol>' if items else ''}"
        return f"{tables}{notes}{cases}"


_Row = tuple[str, ...]
"""Cells of a line, or its name and why it has none."""


def _when(instant: dt.datetime) -> str:
    zone = instant.tzinfo
    named = "" if zone is None else f" {getattr(zone, 'key', None) or instant.tzname()}"
    return f"{instant:%Y-%m-%d %H:%M}{named}"


def _shown(count: int, most: int) -> str:
    return f", {most} shown" if count > most else ""


def _too_long(row: Mapping[str, Any], limit: dt.timedelta) -> str:
    over = show(row["wait"] - limit)
    return f"conversation {row['conversation']} ({row['ended']}): waited {show(row['wait'])}, {over} over"


def _at_risk(row: Mapping[str, Any]) -> str:
    clock = row["clock"].removeprefix("business_")
    business = clock != row["clock"]
    shown = show_open if business else show
    who = "" if row["agent"] is None else f"; {row['agent']}"
    return (
        f"conversation {row['conversation']} ({clock.replace('_', ' ')}): {shown(row['age'])}"
        f"{' of business time' if business else ''}, {shown(-row['left'])} over the target of "
        f"{exactly(row['target'], days=not business)}{who}"
    )


def _laid_out(head: _Row, rows: Sequence[_Row]) -> list[str]:
    """A table in a hundred columns; names give way, and reasons run over the columns."""
    whole = [head, *(row for row in rows if len(row) == len(head))]
    widths = [max(len(row[i]) for row in whole) for i in range(len(head))]
    widths[0] = max(len(row[0]) for row in (head, *rows))
    widths[0] = min(widths[0], _WIDTH - sum(widths[1:]) - 2 * (len(head) - 1))
    lines = []
    for row in (head, *rows):
        name = row[0] if len(row[0]) <= widths[0] else f"{row[0][: widths[0] - 1]}…"
        if len(row) == len(head):
            cells = [cell.ljust(width) if i in _WORDS else cell.rjust(width)
                     for i, (cell, width) in enumerate(zip((name, *row[1:]), widths, strict=True))]  # fmt: skip
            lines.append("  ".join(cells).rstrip())
        else:
            indent = " " * (widths[0] + 2)
            start = f"{name.ljust(widths[0])}  "
            lines += textwrap.wrap(row[1], _WIDTH, initial_indent=start, subsequent_indent=indent)
    return lines


def _table(title: str, head: _Row, rows: Sequence[_Row]) -> str:
    """The same as HTML; everything is escaped."""
    sides = ["left" if i in _WORDS else "right" for i in range(len(head))]
    names = "".join(
        f"<th style='text-align:{side}'>{html.escape(cell)}</th>" for cell, side in zip(head, sides, strict=True)
    )
    body = []
    for row in rows:
        name = row[0].lstrip(" ")
        inset = (len(row[0]) - len(name)) // 2
        cells = f"<td style='text-align:left;padding-left:{inset}em'>{html.escape(name)}</td>"
        if len(row) == len(head):
            for cell, side in zip(row[1:], sides[1:], strict=True):
                cells += f"<td style='text-align:{side}'>{html.escape(cell)}</td>"
        else:
            cells += f"<td colspan='{len(head) - 1}'>{html.escape(row[1])}</td>"
        body.append(f"<tr>{cells}</tr>")
    return (
        f"<table><caption style='text-align:left'><b>{html.escape(title)}</b></caption><thead><tr>{names}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def scorecard(
    *, responses: Any = None, messages: Any = None, conversations: Any = None, changes: Any = None,
    contacts: Any = None, targets: ServiceTargets | dt.timedelta | None = None, hours: Schedules | None = None,
    as_of: dt.datetime | None = None, previous: Scorecard | None = None, satisfaction: Hashable = "contact",
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
        changes: `Change` records or a `Changes` batch beside messages: statuses tell resolutions, too.
        contacts: `Contact` records or a `Contacts` batch.
        targets: what was promised (a timedelta is for the first response); `cx.TARGETS` are published ones.
            None: no verdicts. Promises about business time (`in_business_time`) need `hours`.
        hours: `BusinessHours`, or a mapping of channel to them: each wait stands in business time as well. Repeats,
            the worst waits and their limit stay in calendar time.
        as_of: the instant that counts as now; None: the latest instant of all that is given. Later rows are
            left out and counted.
        previous: the scorecard of the period before, of other rows: each line then says how it changed, or why the
            two cannot be compared.
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
        ArgumentTypeError: nothing to measure, something else than records and batches, changes without messages,
            targets about business time without hours.
        ArgumentValueError: a share out of range, one survey for two indicators, or a period before that is later.
        UnknownNameError: responses without survey labels, or none of the surveys that were named.
        MixedTimeZonesError: naive and aware instants in one call, or hours for naive ones.

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
    hours_definition(hours)  # refused here, also where there are no waits to measure
    if isinstance(on_time, bool) or not isinstance(on_time, (int, float)) or not 0 < on_time <= 1:
        msg = f"on_time must be a share above 0 and up to 1 (got {on_time!r}), e.g. on_time=0.9"
        raise ArgumentValueError(msg, argument="on_time", found=on_time)
    given = _Given(
        responses=_batch(responses, "responses", Responses), messages=_batch(messages, "messages", Messages),
        conversations=_batch(conversations, "conversations", Conversations),
        changes=_batch(changes, "changes", Changes), contacts=_batch(contacts, "contacts", Contacts),
    )  # fmt: skip
    now = given.now(as_of)
    before = _period_before(previous, now)
    promised = service_targets(targets)

    lines: list[Indicator] = []
    notes: list[str] = []
    wanted = {"satisfaction": satisfaction, "recommendation": recommendation}
    (contact, relationship), others = _split(given.responses, wanted, now)
    liking = contact.measure(csat, satisfaction_scale, confidence, invalid)
    lines.append(of_satisfaction(liking, contact.reason, promised.satisfaction))
    telling = relationship.measure(nps, recommendation_scale, confidence, invalid)
    lines.append(of_recommendation(telling, relationship.reason, promised.detractors, confidence))

    waits, by_channel = given.response_times(
        targets=promised, hours=hours, as_of=now, policy=policy, confidence=confidence, invalid=invalid
    )
    lines += of_waits(waits, by_channel, given.reasons(waits), promised, on_time)
    repeats = None
    if given.contacts is not None:
        repeats = repeat_contacts(given.contacts, window=window, as_of=now, confidence=confidence, invalid=invalid)
    lines.append(of_repeats(repeats, window))
    if before is not None:
        lines = list(since(before.indicators, lines, confidence))
    extremes, worst = _extremes(waits, limit)

    results = {"satisfaction": liking, "recommendation": telling, "waiting": waits, "repeat contacts": repeats}
    notes += _still_waiting(waits) + _bot_only(waits)
    accounts = {name: result.left_out for name, result in results.items() if result is not None}
    if waits is not None:
        accounts |= {"conversations": waits.conversations_left_out, "changes": waits.changes_left_out}
    notes += _left_out(accounts, others)
    risky = waits is not None and any((promised.first_response, promised.reply, promised.resolution))
    return Scorecard(
        indicators=tuple(lines), satisfaction=liking, recommendation=telling, response_times=waits,
        repeat_contacts=repeats, outliers=extremes, worst=worst,
        at_risk=waits.at_risk() if waits is not None and risky else None, as_of=now,
        previous_as_of=None if before is None else before.as_of, notes=tuple(notes),
    )  # fmt: skip


def _period_before(previous: Any, now: dt.datetime | None) -> Scorecard | None:
    if previous is None:
        return None
    if not isinstance(previous, Scorecard):
        msg = (
            f"previous must be the scorecard of the period before (got {type(previous).__name__}); make it of the rows "
            f"of that period: previous=cx.scorecard(...)"
        )
        raise ArgumentTypeError(msg, argument="previous", found=type(previous))
    then = previous.as_of
    alike = then is not None and now is not None and (then.tzinfo is None) is (now.tzinfo is None)
    if alike and then is not None and now is not None and then > now:
        msg = f"previous must be of an earlier period (got one as of {then}, later than {now}); swap the two"
        raise ArgumentValueError(msg, argument="previous", found=then)
    return previous


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
    changes: Changes | None
    contacts: Contacts | None

    def _all(self) -> dict[str, Batch[Any]]:
        names = ("responses", "messages", "conversations", "changes", "contacts")
        found = {name: getattr(self, name) for name in names}
        return {name: batch for name, batch in found.items() if batch is not None}

    def now(self, as_of: dt.datetime | None) -> dt.datetime | None:
        """The one instant that counts as now in every metric."""
        batches = self._all()
        if not batches:
            msg = "scorecard must be given responses, messages, conversations or contacts (got none of them)"
            raise ArgumentTypeError(msg, argument="responses")
        if self.changes is not None and self.messages is None:
            msg = "changes must come beside messages (got none); pass messages=[] where nobody wrote"
            raise ArgumentTypeError(msg, argument="changes")
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
        return _inputs.moment_or_none(micros, aware)

    def response_times(self, **settings: Any) -> tuple[ResponseTimesResult | None, Groups[ResponseTimesResult] | None]:
        """Waiting over all channels, and by channel where channels are known."""
        log = self.conversations if self.messages is None else self.messages
        if log is None:
            return None, None
        if self.messages is not None:
            settings |= {"conversations": self.conversations, "changes": self.changes}
        if not any(batch.known("channel") for batch in (self.messages, self.conversations) if batch is not None):
            return response_times(log, **settings), None
        by_channel = response_times(log, by="channel", **settings)
        return by_channel.overall, by_channel

    def reasons(self, waits: ResponseTimesResult | None) -> dict[str, str]:
        """Why a clock would not be measured."""
        found = {"first_response": "no messages given", "reply": "no messages given"}
        found["resolution"] = "no conversations given"
        if self.conversations is not None:
            found["first_response"] = "the conversations have no first_response_at"
            found["resolution"] = "the conversations have no resolved_at"
        elif waits is not None and self.changes is not None:
            found |= waits.reasons
        return found


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
    return [f"Answered only by a bot, not counted as waiting: {count:,} conversation{'s' if count > 1 else ''}."]


def _left_out(accounts: Mapping[str, Mapping[LeftOut, int]], others: Sequence[str]) -> list[str]:
    parts = []
    for name, account in accounts.items():
        if account:
            reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in account.items())
            parts.append(f"{name}: {reasons}")
    parts += others
    return [f"Left out: {'; '.join(parts)}."] if parts else []
