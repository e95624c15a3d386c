"""Reading a user's CSV files into batches and a JSON file into business hours, for `python -m cxscore report`.

Standard library only. Every rule is stated and none is guessed: which column is which field, how a time
is written, what an author or a status is called. What cannot be read is refused with file, line, column and
value. Knows batches, hours, scales and errors; computes no figure.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from ._inputs import NAT
from .batches import Batch, Changes, Contacts, Conversations, Messages, Responses
from .errors import ArgumentValueError, CxscoreError, ScaleError
from .hours import BusinessHours
from .records import MAKERS, Author, ChangeKind, Status
from .scales import Scale

__all__ = ["AUTOMATIC", "FIELDS", "ColumnNames", "ReportError", "Words", "read", "read_hours"]

AUTOMATIC = "automatic"
"""What an author may be translated to beside the authors: receipts and the like, which nobody wrote."""

_DROP = "--invalid drop leaves such rows out and counts them"
_SHOWN = 5


class ReportError(ArgumentValueError):
    """A file that cannot be read as it was said to be; the message names file, line, column and value."""


# -- what the fields of each file are ----------------------------------------------------------------

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def _text(text: str) -> str:
    return text


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _flag(text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE + _FALSE:
        raise ValueError
    return folded in _TRUE


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text)


_RULES: dict[Callable[[str], Any], str] = {
    _instant: "an ISO 8601 time such as 2026-03-31T09:00 or 2026-03-31T09:00:00+02:00",
    _flag: f"one of {', '.join(_TRUE + _FALSE)}",
    _count: "a whole number of 0 or more",
}


@attrs.frozen
class _Field:
    """How one column is read; `empty` stands for an empty cell, and a `needed` cell may not be empty."""

    read: Callable[[str], Any] = _text
    required: bool = False
    needed: bool = False
    empty: Any = None


_TEXT, _TIME = _Field(), _Field(_instant)

FIELDS: dict[str, dict[str, _Field]] = {
    "surveys": {
        "score": _Field(required=True),
        "survey": _TEXT,
        "at": _TIME,
        "asked_at": _TIME,
        **dict.fromkeys(("respondent", "account", "channel", "conversation", "agent", "team"), _TEXT),
    },
    "messages": {
        "conversation": _Field(required=True, needed=True),
        "at": _Field(_instant, required=True, needed=True),
        "author": _Field(required=True, needed=True),
        "public": _Field(_flag, empty=True),
        "automatic": _Field(_flag, empty=False),
        "handoff": _Field(_flag, empty=False),
        **dict.fromkeys(("agent", "team", "customer", "channel"), _TEXT),
    },
    "conversations": {
        "id": _Field(required=True, needed=True),
        "opened_at": _Field(_instant, required=True, needed=True),
        **dict.fromkeys(("first_response_at", "resolved_at", "first_resolved_at", "abandoned_at"), _TIME),
        **dict.fromkeys(("customer", "channel", "topic", "agent", "team", "status"), _TEXT),
        "reopens": _Field(_count, empty=0),
        "messages": _Field(_count),
    },
    "changes": {
        "conversation": _Field(required=True, needed=True),
        "at": _Field(_instant, required=True, needed=True),
        "kind": _Field(needed=True),
        **dict.fromkeys(("to", "by", "agent"), _TEXT),
    },
    "contacts": {
        "customer": _Field(required=True),
        "at": _Field(_instant, required=True, needed=True),
        "ended_at": _TIME,
        **dict.fromkeys(("topic", "channel", "agent"), _TEXT),
        "resolvable": _Field(_flag, empty=True),
    },
}
"""Kind of file to field to how it is read."""

_BATCHES: dict[str, type[Batch[Any]]] = {
    "surveys": Responses,
    "messages": Messages,
    "conversations": Conversations,
    "changes": Changes,
    "contacts": Contacts,
}

_ENDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "conversations": ("opened_at", ("first_response_at", "resolved_at", "first_resolved_at", "abandoned_at")),
    "contacts": ("at", ("ended_at",)),
}
"""Kind of file to the field of its start and those that cannot lie before it."""


# -- what the user calls them ------------------------------------------------------------------------


class ColumnNames:
    """What a user's columns are called, from `field=column` and `kind.field=column`.

    A mapping without a kind holds for every file that has the column; one with a kind for that file only.
    Every mapping must find its column in at least one of the files given.
    """

    def __init__(self, mappings: Iterable[str] = ()) -> None:
        self._of_kind: dict[tuple[str, str], str] = {}
        self._of_all: dict[str, str] = {}
        self._unused: dict[str, str] = {}
        for mapping in mappings:
            target, sign, column = mapping.partition("=")
            kind, dot, field = target.rpartition(".")
            if not sign or not column or not field:
                msg = f"--column must be FIELD=YOUR_COLUMN or KIND.FIELD=YOUR_COLUMN (got {mapping!r})"
                raise ReportError(msg, argument="column", found=mapping)
            kinds = [kind] if dot else list(FIELDS)
            if not any(field in FIELDS.get(one, ()) for one in kinds):
                known = "; ".join(f"{one}: {', '.join(FIELDS[one])}" for one in (kinds if kind in FIELDS else FIELDS))
                msg = f"--column {mapping}: no such field {target!r}; known fields are {known}"
                raise ReportError(msg, argument="column", found=mapping)
            self._unused[target] = column
            if dot:
                self._of_kind[kind, field] = column
            else:
                self._of_all[field] = column

    def find(self, kind: str, field: str, header: Sequence[str]) -> str:
        """What the field is called in a file with this header; the column need not be there."""
        if (kind, field) in self._of_kind:
            column = self._of_kind[kind, field]
            self._unused.pop(f"{kind}.{field}", None)
            return column
        if field in self._of_all and self._of_all[field] in header:
            self._unused.pop(field, None)
            return self._of_all[field]
        return field

    def renames(self, kind: str, field: str) -> bool:
        """Whether the user named a column of this very file for the field."""
        return (kind, field) in self._of_kind

    def refuse_unused(self) -> None:
        """Raise for a mapping whose column was in none of the files."""
        for target, column in self._unused.items():
            msg = f"--column {target}={column}: no file given has a column {column!r} for it"
            raise ReportError(msg, argument="column", found=column)


class Words(NamedTuple):
    """What the files call authors, kinds of changes and statuses, to what they are called here."""

    authors: Mapping[str, str] = {}
    kinds: Mapping[str, str] = {}
    statuses: Mapping[str, str] = {}


_AS_WRITTEN = Words()


# -- reading -----------------------------------------------------------------------------------------


class _Table:
    """The cells of one file, and the line that each record starts on."""

    def __init__(self, path: str, delimiter: str) -> None:
        self.path = path
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                self._read(csv.reader(file, delimiter=delimiter, strict=True))
        except OSError as error:
            self.refuse(f"cannot be read: {error.strerror or error}")
        except UnicodeDecodeError as error:
            self.refuse(f"is not UTF-8: {error.reason} at byte {error.start}; save it as UTF-8")

    def _read(self, reader: Any) -> None:
        self.header: list[str] = []
        line = 1
        try:
            for cells in reader:
                if not cells:
                    pass  # an empty line
                elif not self.header:
                    self.header = cells
                elif len(cells) != len(self.header):
                    self.refuse(f"has {len(cells)} cells where the header has {len(self.header)}", line)
                else:
                    self.rows.append(cells)
                    self.lines.append(line)
                line = reader.line_num + 1
        except csv.Error as error:
            self.refuse(f"is not CSV: {error}", line)
        if not self.header:
            self.refuse("is empty; its first line must name the columns")

    def refuse(self, what: str, line: int | None = None, *, found: Any = None) -> NoReturn:
        place = f"{self.path}, line {line}" if line is not None else self.path
        raise ReportError(f"{place}: {what}", argument=self.path, found=found)

    def refuse_cell(self, row: int, column: str, rule: str, way: str = "") -> NoReturn:
        value = self.rows[row][self.header.index(column)]
        out = f"; {way}" if way else ""
        self.refuse(f"column {column!r} must be {rule} (got {value!r}){out}", self.lines[row], found=value)

    def refuse_column(self, kind: str, field: str, column: str) -> NoReturn:
        found = ", ".join(map(repr, self.header))
        way = f"name yours with --column {kind}.{field}=YOUR_COLUMN"
        if len(self.header) == 1 and any(sign in self.header[0] for sign in ";\t|"):
            way = "if they are parted by another character, say so with --delimiter"
        self.refuse(f"has no column {column!r} for {field} (columns found: {found}); {way}", found=column)

    def place(self, column: str) -> int:
        if self.header.count(column) > 1:
            self.refuse(f"has {self.header.count(column)} columns {column!r}; rename all but one")
        return self.header.index(column)


def read(
    kind: str,
    path: str,
    names: ColumnNames,
    *,
    tz: str | None = None,
    fold: int | None = None,
    delimiter: str = ",",
    words: Words = _AS_WRITTEN,
    scales: Mapping[str | None, Scale] | None = None,
    survey: str | None = None,
    strict: bool = True,
) -> Any:
    """One CSV file as a batch.

    Args:
        kind: "surveys", "messages", "conversations", "changes" or "contacts".
        path: the file, UTF-8 with or without a byte order mark.
        names: what its columns are called.
        tz: zone of times without an offset; None: they are an unbroken clock.
        fold: how a wall time that comes twice or never is read.
        delimiter: between cells.
        words: what the file calls authors ("customer", "agent", "bot" or "automatic"), changes and statuses.
        scales: survey label to the scale its scores are checked against; other surveys are left as they are.
        survey: label for a file whose column `survey` is empty or not there.
        strict: refuse scores off their scale and ends before starts here, where the line is known.

    Raises:
        ReportError: what cannot be read, with file, line, column and value.
    """
    table = _Table(path, delimiter)
    columns: dict[str, list[Any]] = {}
    called: dict[str, str] = {}
    for field, rule in FIELDS[kind].items():
        column = names.find(kind, field, table.header)
        if column in table.header:
            columns[field] = _cells(table, column, rule)
            called[field] = column
        elif rule.required or names.renames(kind, field):
            table.refuse_column(kind, field, column)
    if kind == "messages":
        automatic = _authors(table, columns["author"], called["author"], words.authors)
        if any(automatic):
            columns["automatic"] = [a or b for a, b in zip(automatic, columns.get("automatic", automatic), strict=True)]
    if kind == "changes":
        _changes(table, columns, called, words)
    if kind == "surveys":
        _label(table, columns, called, survey, scales or {})
        if strict:
            _score(table, columns, called["score"], scales or {})
    build: Any = _BATCHES[kind]
    try:
        batch: Batch[Any] = build(**columns, tz=tz, fold=fold)
    except CxscoreError as error:  # a rule of whole columns: wall times that come twice, zones mixed
        if error.positions and tz is not None:
            _refuse_wall_times(table, error, called, tz)
        line = table.lines[error.positions[0]] if error.positions else None
        table.refuse(str(error).replace("tz=", "--tz ZONE"), line, found=error.found)
    if strict and kind in _ENDS:
        _check_ends(table, batch, called, *_ENDS[kind])
    return batch


def _cells(table: _Table, column: str, rule: _Field) -> list[Any]:
    place = table.place(column)
    out: list[Any] = []
    known: dict[str, Any] = {}  # most columns hold few different texts
    first: tuple[int, bool] | None = None
    for i, cells in enumerate(table.rows):
        text = cells[place].strip()
        if not text:
            if rule.needed:
                table.refuse_cell(i, column, "filled in every row")
            out.append(rule.empty)
            continue
        value = known.get(text)
        if value is None:
            try:
                value = known[text] = rule.read(text)
            except ValueError:
                table.refuse_cell(i, column, _RULES[rule.read])
        if rule.read is _instant:
            aware = value.utcoffset() is not None
            if first is None:
                first = table.lines[i], aware
            elif first[1] is not aware:
                how = "with" if first[1] else "without"
                table.refuse_cell(i, column, f"a time {how} an offset in every row, as in line {first[0]}")
        out.append(value)
    return out


def _authors(table: _Table, authors: list[Any], column: str, given: Mapping[str, str]) -> list[bool]:
    """Authors in our words, in place, and which rows nobody wrote."""
    automatic = [given.get(author) == AUTOMATIC for author in authors]
    ours = {yours: str(Author.AGENT) if role == AUTOMATIC else role for yours, role in given.items()}
    known = [str(author) for author in Author]
    way = _Way("who they are", "--author", "ROLE", (*known, AUTOMATIC))
    _translate(table, authors, column, ours, known, way)
    return automatic


def _changes(table: _Table, columns: dict[str, list[Any]], called: Mapping[str, str], words: Words) -> None:
    """Kinds, statuses and who did it in our words, in place; a file without kinds holds statuses."""
    kinds, statuses = [str(kind) for kind in ChangeKind], [str(status) for status in Status]
    status, created = str(ChangeKind.STATUS), str(ChangeKind.CREATED)
    if "kind" in columns:
        way = _Way("what they are", "--kind", "KIND", kinds)
        _translate(table, columns["kind"], called["kind"], words.kinds, kinds, way)
    elif "to" not in columns:
        table.refuse_column("changes", "to", "to")
    else:
        columns["kind"] = [status] * len(table.rows)
    if "to" in columns:
        told = [kind in (status, created) for kind in columns["kind"]]
        way = _Way("what they are", "--status", "STATUS", statuses)
        _translate(table, columns["to"], called["to"], words.statuses, statuses, way, told)
        for i, (kind, to) in enumerate(zip(columns["kind"], columns["to"], strict=True)):
            if to is None and kind in (status, str(ChangeKind.SCHEDULE)):
                table.refuse_cell(i, called["to"], f"filled in every row of the kind {kind}")
    if "by" in columns:
        ours = {yours: "system" if role == AUTOMATIC else role for yours, role in words.authors.items()}
        way = _Way("who they are", "--author", "ROLE", (*map(str, Author), AUTOMATIC))
        _translate(table, columns["by"], called["by"], ours, MAKERS, way)


class _Way(NamedTuple):
    """The option that translates words, and what they can be translated to."""

    question: str
    option: str
    word: str
    known: Sequence[str]


def _translate(
    table: _Table, values: list[Any], column: str, given: Mapping[str, str], known: Sequence[str], way: _Way,
    among: Sequence[bool] | None = None,
) -> None:  # fmt: skip
    """Cells in our words, in place; those that have none are refused with the option that gives them one."""
    rows = range(len(values)) if among is None else [i for i, asked in enumerate(among) if asked]
    unknown: dict[str, int] = {}
    for i in rows:
        value = values[i]
        if value is not None:
            values[i] = given.get(value, value)
            if values[i] not in known:
                unknown.setdefault(value, i)
    if unknown:
        options = " ".join(f"{way.option} {shlex.quote(value)}={way.word}" for value in list(unknown)[:_SHOWN])
        more = " ..." if len(unknown) > _SHOWN else ""
        table.refuse_cell(
            next(iter(unknown.values())), column, f"one of {', '.join(known)}",
            f"say {way.question} with {options}{more}, each {way.word} one of {', '.join(way.known)}",
        )  # fmt: skip


def _label(
    table: _Table, columns: dict[str, list[Any]], called: Mapping[str, str], survey: str | None,
    scales: Mapping[str | None, Scale],
) -> None:  # fmt: skip
    """See that every answer says which survey it belongs to, as far as the file and one `--scale` tell."""
    labels = dict.fromkeys(label for label in columns.get("survey", ()) if label is not None)
    if not labels and survey is not None:
        columns["survey"] = [survey] * len(table.rows)
    elif "survey" not in columns:
        table.refuse(
            "has no column 'survey' to tell the surveys apart; name yours with --column survey=YOUR_COLUMN, "
            "or say with one --scale (not two) what all of it is, e.g. --scale csat-1-5"
        )
    elif not labels and table.rows:
        table.refuse(
            f"column {called['survey']!r} is empty in every row, so nothing tells the surveys apart; fill it in, or "
            "say with one --scale (not two) what all of it is, e.g. --scale csat-1-5"
        )
    elif labels and scales and labels.keys().isdisjoint(scales):
        found = ", ".join(map(repr, list(labels)[:_SHOWN])) + (" ..." if len(labels) > _SHOWN else "")
        table.refuse(
            f"column {called['survey']!r} must hold the survey {' or '.join(map(repr, scales))} (found: {found}); "
            "name yours with --satisfaction LABEL and --recommendation LABEL", found=tuple(labels),
        )  # fmt: skip


def _refuse_wall_times(table: _Table, error: CxscoreError, called: Mapping[str, str], tz: str) -> None:
    """Refuse wall times that a change of clocks skips or repeats, as they stand in the file."""
    column = called[str(error.argument)]
    wall = _instant(table.rows[error.positions[0]][table.place(column)].strip()).replace(tzinfo=ZoneInfo(tz))
    first, second = wall.replace(fold=0).utcoffset(), wall.replace(fold=1).utcoffset()
    if first is None or second is None or first == second:
        return  # some other rule
    others = [str(table.lines[row]) for row in error.positions[1:]]
    lines = f" (also line{'s' if len(others) > 1 else ''} {', '.join(others)})" if others else ""
    more = f" and {error.count - 1 - len(others):,} more" if error.count > 1 + len(others) else ""
    table.refuse(
        f"column {column!r}: {wall:%Y-%m-%d %H:%M} {'comes twice' if first > second else 'never comes'} as a wall "
        f"time of {tz}, where clocks change{lines}{more}; give such times an offset, or choose with --fold 0 "
        "(first reading) or --fold 1 (second reading)", table.lines[error.positions[0]], found=error.found,
    )  # fmt: skip


def _score(table: _Table, columns: dict[str, list[Any]], column: str, scales: Mapping[str | None, Scale]) -> None:
    """Scores as points of the scale of their survey, so that a wrong one is refused with its line."""
    read: dict[tuple[Any, Any], int | None] = {}
    scores = columns["score"]
    for i, (survey, score) in enumerate(zip(columns["survey"], scores, strict=True)):
        scale = scales.get(survey)
        if scale is None or score is None:
            continue
        if (survey, score) not in read:
            try:
                read[survey, score] = scale.parse(score)
            except ScaleError:
                rule = f"a point of the scale {scale.name} ({scale.low} to {scale.high})"
                table.refuse_cell(i, column, rule, f"name another scale with --scale; {_DROP}")
        scores[i] = read[survey, score]


def _check_ends(table: _Table, batch: Batch[Any], called: Mapping[str, str], start: str, ends: Sequence[str]) -> None:
    for end in ends:
        if end in called:
            at = batch.times(end)
            wrong = np.flatnonzero((at != NAT) & (at < batch.times(start)))
            if len(wrong):
                table.refuse_cell(int(wrong[0]), called[end], f"no earlier than {called[start]!r}", _DROP)


# -- business hours ----------------------------------------------------------------------------------

_SCHEDULE = '{"weekly": {"mon-fri": ["09:00-17:00"]}, "tz": "Europe/Berlin", "holidays": ["2026-12-25"]}'


def read_hours(path: str) -> BusinessHours | dict[str | None, BusinessHours]:
    """Business hours from a JSON file: one schedule in the form of `BusinessHours.to_dict`, or channel to schedule.

    The channel "" stands for conversations without one.

    Raises:
        ReportError: what cannot be read, with the file and what is wrong in it.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            data = json.load(file)
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror or error}", argument="hours") from None
    except UnicodeDecodeError as error:
        msg = f"{path}: is not UTF-8: {error.reason} at byte {error.start}; save it as UTF-8"
        raise ReportError(msg, argument="hours") from None
    except json.JSONDecodeError as error:
        msg = f"{path}, line {error.lineno}: is not JSON: {error.msg}; business hours look like {_SCHEDULE}"
        raise ReportError(msg, argument="hours") from None
    if isinstance(data, dict) and data and "weekly" not in data and all(isinstance(one, dict) for one in data.values()):
        return {channel or None: _schedule(f"{path}, {channel!r}", one) for channel, one in data.items()}
    return _schedule(path, data)


def _schedule(place: str, data: Any) -> BusinessHours:
    fields = ("weekly", "tz", "holidays", "overrides", "changes")
    if not isinstance(data, dict) or not {"weekly", "tz"} <= data.keys() <= set(fields):
        found = f"the keys {', '.join(map(repr, data))}" if isinstance(data, dict) else f"{data!r:.60}"
        msg = f"{place}: must hold business hours such as {_SCHEDULE}, or channels with such hours (got {found})"
        raise ReportError(msg, argument="hours", found=data)
    holidays, overrides, changes = data.get("holidays", []), data.get("overrides", {}), data.get("changes", {})
    for name, value, kind, rule in (
        ("holidays", holidays, list, "a list of dates"), ("overrides", overrides, dict, "dates with their spans"),
        ("changes", changes, dict, "dates or instants with the business hours from then on"),
    ):  # fmt: skip
        if not isinstance(value, kind):
            msg = f"{place}: {name} must be {rule} (got {value!r:.60})"
            raise ReportError(msg, argument="hours", found=value)
    try:
        return BusinessHours(
            data["weekly"], tz=data["tz"], holidays=[_date(place, day) for day in holidays],
            overrides={_date(place, day): spans for day, spans in overrides.items()},
            changes={_starting(place, text): _schedule(f"{place}, {text!r}", one) for text, one in changes.items()},
        )  # fmt: skip
    except ReportError:
        raise
    except CxscoreError as error:  # a rule of business hours, which names the key
        raise ReportError(f"{place}: {error}", argument="hours", found=error.found) from None


def _starting(place: str, text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        msg = f"{place}: changes must start at such as 2026-07-01 or 2026-07-01T08:00+02:00 (got {text!r})"
        raise ReportError(msg, argument="hours", found=text) from None


def _date(place: str, text: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        msg = f"{place}: dates must be such as 2026-12-25 (got {text!r})"
        raise ReportError(msg, argument="hours", found=text) from None
