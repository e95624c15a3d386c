"""The command line: `python -m cxscore` for a look around, `python -m cxscore report` for your own files.

Reads arguments and prints; every figure comes from `cx.scorecard`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import attrs

import cxscore as cx
from cxscore import sample
from cxscore._report import AUTOMATIC, FIELDS, ColumnNames, ReportError, Words, read, read_hours
from cxscore.errors import CxscoreError

__all__ = ["main"]

_SCALES: Mapping[str, cx.Scale] = {
    "csat-1-5": cx.CSAT_1_5,
    "csat-1-7": cx.CSAT_1_7,
    "csat-1-10": cx.CSAT_1_10,
    "csat-0-10": cx.CSAT_0_10,
    "csat-thumbs": cx.CSAT_THUMBS,
    "csat-faces": cx.CSAT_FACES,
    "nps-0-10": cx.NPS_0_10,
    "nps-1-10": cx.NPS_1_10,
    "nps-fans": cx.NPS_FANS,
}

# What a terminal may be unable to show, in letters it can.
_PLAIN = str.maketrans({"−": "-", "–": "-", "∞": "inf", "…": "~", "≤": "<=", "≥": ">="})

_EPILOG = """\
Files are CSV in UTF-8, the first line naming the columns. Needed columns:
  --surveys        score (and survey, which tells satisfaction from recommendation)
  --messages       conversation, at, author (customer, agent or bot)
  --conversations  id, opened_at (and resolved_at, channel, status ...)
  --changes        conversation, at, to (and kind, by, agent); without kind every change is one of status
  --contacts       customer, at (and ended_at, topic ...)
Other columns are read where their name is that of a field:
{fields}

Times are ISO 8601, nothing else: 2026-03-31T09:00:00+02:00, 2026-03-31 07:00Z, or without an offset,
which is a wall time of --tz, or a clock without a zone if there is no --tz. A date alone is its first
instant. Flags are true/false, yes/no or 1/0. Empty cells are missing, and an empty flag is what it
usually is (public, not automatic, no hand-off, resolvable). Empty lines are skipped.

A file of one survey needs no column survey: say what it is with one --scale. The five indicators are
satisfaction, recommendation, waiting, resolution and repeats; effort (CES) is not one of them.

Changes stand beside messages: kind is created, status, handoff, assigned, schedule or merged; to is the
status (new, open, pending, hold, snoozed, solved, closed, merged, removed, spam or deleted), the agent or the
name of the business hours. Other words are translated with --kind and --status.

--hours is a JSON file, {{"weekly": {{"mon-fri": ["09:00-17:00"]}}, "tz": "Europe/Berlin"}}, also with
"holidays": ["2026-12-25"] and "overrides": {{"2026-12-24": ["09:00-12:00"]}}, or one that maps channels to such
hours. Waits then stand in business time, too.

Receipts and out-of-office replies are --author NAME=automatic, whoever sends them. A bot is somebody who
answers: a conversation that nobody else answered counts as answered by a bot, and is in no clock.

Example:
  python -m cxscore report --messages log.csv --column messages.at=sent --column author=role \\
      --author end-user=customer --tz Europe/Berlin --as-of 2026-03-31T00:00
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments without the program name; those of the process by default.

    Returns:
        The exit code: 0, or 2 where a file or argument cannot be used (the reason goes to stderr).

    Raises:
        SystemExit: `--help`, `--version`, or arguments that make no sense.
    """
    parser, report = _parsers()
    given = parser.parse_args(argv)
    try:
        text = _demo() if given.command is None else _report(given, report)
    except CxscoreError as error:
        _write(f"error: {error}\n", sys.stderr)
        return 2
    _write(text, sys.stdout)
    return 0


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    parser = argparse.ArgumentParser(
        prog="python -m cxscore",
        description="The scorecard of a synthetic help desk, or with 'report' that of your own CSV files.",
    )
    parser.add_argument("--version", action="version", version=f"cxscore {cx.__version__}")
    fields = "\n".join(f"  {kind}: {', '.join(known)}" for kind, known in FIELDS.items())
    report = parser.add_subparsers(dest="command", metavar="report").add_parser(
        "report",
        help="the scorecard of your own CSV files",
        description="The scorecard of your own CSV files: whatever files are given is measured.",
        epilog=_EPILOG.format(fields=fields),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for kind in FIELDS:
        report.add_argument(f"--{kind}", metavar="FILE", help=f"CSV file of {kind}")
    report.add_argument(
        "--column", metavar="FIELD=COLUMN", action="append", default=[],
        help="what your column is called, e.g. score=rating; for one file only: messages.at=sent",
    )  # fmt: skip
    report.add_argument(
        "--author", metavar="YOURS=OURS", action="append", default=[],
        help="what your log calls customer, agent, bot or automatic (receipts), e.g. end-user=customer",
    )  # fmt: skip
    report.add_argument(
        "--kind", metavar="YOURS=OURS", action="append", default=[],
        help="what your changes call created, status, handoff, assigned, schedule or merged, e.g. owner=assigned",
    )  # fmt: skip
    report.add_argument(
        "--status", metavar="YOURS=OURS", action="append", default=[],
        help="what your changes call a status, e.g. waiting=pending",
    )  # fmt: skip
    report.add_argument(
        "--satisfaction", metavar="LABEL", default="contact",
        help="which survey (in column survey) asks for satisfaction after contact (default: %(default)s)",
    )  # fmt: skip
    report.add_argument(
        "--recommendation", metavar="LABEL", default="relationship",
        help="which survey asks for recommendation (default: %(default)s)",
    )  # fmt: skip
    report.add_argument(
        "--scale", metavar="NAME", action="append", default=[], choices=list(_SCALES),
        help=f"scale of satisfaction (default csat-1-5) and of recommendation (default nps-0-10): {', '.join(_SCALES)}",
    )  # fmt: skip
    report.add_argument("--hours", metavar="FILE", help="JSON file of business hours, or of channels with theirs")
    report.add_argument("--tz", metavar="ZONE", help="zone of times without an offset, e.g. Europe/Berlin")
    report.add_argument(
        "--fold", type=int, choices=(0, 1), help="reading of a wall time that comes twice or never: 0 first, 1 second"
    )
    report.add_argument("--as-of", metavar="TIME", help="what counts as now (default: the latest time in the files)")
    report.add_argument("--delimiter", default=",", metavar="SIGN", help="between cells: a character, or tab")
    report.add_argument(
        "--invalid", choices=("raise", "drop"), default="raise",
        help="scores off the scale and ends before starts: stop (default), or leave them out and count them",
    )  # fmt: skip
    report.add_argument(
        "--limit", metavar="TIME", default="5d",
        help="name first waits over it one by one: hours, or such as 90min, 36h, 5d (default: %(default)s)",
    )  # fmt: skip
    report.add_argument(
        "--published-targets", action="store_true",
        help="judge by cx.TARGETS: e-mail within 24 h, social media within 1 h, solved within 48 h, CSAT 75%% or more, "
        "detractors 10%% or fewer",
    )  # fmt: skip
    report.add_argument("--html", metavar="OUT", help="write the scorecard to this file as well, as a web page")
    return parser, report


def _demo() -> str:
    desk = sample.helpdesk()
    card = cx.scorecard(
        responses=desk.responses, messages=desk.messages, conversations=desk.conversations, contacts=desk.contacts,
        targets=cx.TARGETS, as_of=desk.as_of,
    )  # fmt: skip
    return (
        f"SYNTHETIC DATA: a made-up help desk of {len(desk.conversations):,} conversations, drawn by formula "
        f"(seed {desk.seed}).\n\n{card}\n\nYour own files: python -m cxscore report --help\n"
    )


def _report(given: argparse.Namespace, parser: argparse.ArgumentParser) -> str:
    files = {kind: getattr(given, kind) for kind in FIELDS}
    if not any(files.values()):
        parser.error(f"give at least one of {', '.join(f'--{kind} FILE' for kind in FIELDS)}")
    _check_zone(given.tz)
    delimiter = "\t" if given.delimiter == "tab" else given.delimiter
    if len(delimiter) != 1:
        parser.error(f"argument --delimiter: must be one character, or tab (got {given.delimiter!r})")
    if given.satisfaction == given.recommendation:
        parser.error(f"--satisfaction and --recommendation must name two surveys (got {given.satisfaction!r} twice)")
    if given.changes is not None and given.messages is None:
        parser.error("--changes tells what happened beside messages; give --messages FILE as well")
    _keep_inputs(given.html, {**files, "hours": given.hours})
    hours = None if given.hours is None else read_hours(given.hours)
    words = Words(
        _pairs("author", given.author, (*cx.Author, AUTOMATIC)), _pairs("kind", given.kind, cx.ChangeKind),
        _pairs("status", given.status, cx.Status),
    )  # fmt: skip
    limit = _span(given.limit)
    surveys = {"csat": given.satisfaction, "nps": given.recommendation}
    scales = {"csat": cx.CSAT_1_5, "nps": cx.NPS_0_10}
    kinds = [name.partition("-")[0] for name in given.scale]
    if len(kinds) != len(set(kinds)):
        parser.error(f"argument --scale: give one csat and one nps scale at most (got {', '.join(given.scale)})")
    scales |= {kind: _SCALES[name] for kind, name in zip(kinds, given.scale, strict=True)}

    names = ColumnNames(given.column)
    batches = {
        kind: read(
            kind, path, names, tz=given.tz, fold=given.fold, delimiter=delimiter, words=words,
            scales={surveys[one]: scales[one] for one in scales}, survey=surveys[kinds[0]] if len(kinds) == 1 else None,
            strict=given.invalid == "raise",
        )
        for kind, path in files.items() if path is not None
    }  # fmt: skip
    names.refuse_unused()
    aware = _one_rule({files[kind]: batch.aware for kind, batch in batches.items()})
    if hours is not None and aware is False:
        msg = "--hours needs to know when times were (those of the files have no offset); name their zone with --tz"
        raise ReportError(msg, argument="hours")
    card = cx.scorecard(
        responses=batches.get("surveys"), messages=batches.get("messages"), conversations=batches.get("conversations"),
        changes=batches.get("changes"), contacts=batches.get("contacts"), hours=hours,
        targets=cx.TARGETS if given.published_targets else None,
        as_of=_now(given.as_of, given.tz, given.fold, aware), satisfaction=given.satisfaction,
        recommendation=given.recommendation, satisfaction_scale=scales["csat"], recommendation_scale=scales["nps"],
        invalid=given.invalid, limit=limit,
    )  # fmt: skip
    if given.tz is not None and card.as_of is not None:
        card = attrs.evolve(card, as_of=card.as_of.astimezone(ZoneInfo(given.tz)))
    card = card.naming({"responses": "--surveys FILE", **{kind: f"--{kind} FILE" for kind in FIELDS}})
    if given.html is not None:
        _write_page(given.html, card)
    return f"{card}\n"


def _check_zone(tz: str | None) -> None:
    if tz is None:
        return
    try:
        ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        msg = (
            f"--tz must be a zone of the IANA database, e.g. Europe/Berlin (got {tz!r}); "
            f"a system without that database gets it with pip install tzdata"
        )
        raise ReportError(msg, argument="tz", found=tz) from None


def _keep_inputs(page: str | None, files: Mapping[str, str | None]) -> None:
    """Refuse to write the page over a file that is read."""
    for kind, path in files.items():
        if page is None or path is None or not os.path.exists(page) or not os.path.exists(path):
            continue
        if os.path.samefile(page, path):
            msg = f"--html {page}: is the file of --{kind}, which would be lost; name another file for the page"
            raise ReportError(msg, argument="html", found=page)


_UNITS = {"min": dt.timedelta(minutes=1), "h": dt.timedelta(hours=1), "d": dt.timedelta(days=1)}


def _span(text: str) -> dt.timedelta:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?) ?(min|h|d|)", text, re.ASCII)
    span = dt.timedelta(0) if found is None else float(found[1]) * _UNITS[found[2] or "h"]
    if not span:
        msg = f"--limit must be a number of hours, or such as 90min, 36h or 5d, above zero (got {text!r})"
        raise ReportError(msg, argument="limit", found=text)
    return span


def _one_rule(rules: Mapping[str, bool | None]) -> bool | None:
    """Whether times have an offset, which must be so in all files or in none."""
    known = {path: aware for path, aware in rules.items() if aware is not None}
    if len(set(known.values())) > 1:
        offset, bare = ([path for path, aware in known.items() if aware is one] for one in (True, False))
        msg = (
            f"times must have an offset in all files or in none (with one: {', '.join(offset)}; without: "
            f"{', '.join(bare)}); name the zone of those without by --tz"
        )
        raise ReportError(msg, argument="tz")
    return next(iter(known.values()), None)


def _now(text: str | None, tz: str | None, fold: int | None, aware: bool | None) -> dt.datetime | None:
    """The time of --as-of, by the rule of the files: a wall time of --tz unless it has an offset."""
    if text is None:
        return None
    try:
        now = dt.datetime.fromisoformat(text)
    except ValueError:
        msg = f"--as-of must be an ISO 8601 time, e.g. 2026-03-31T00:00 (got {text!r})"
        raise ReportError(msg, argument="as_of", found=text) from None
    if now.tzinfo is None and tz is not None:
        now = now.replace(tzinfo=ZoneInfo(tz), fold=fold or 0)
        if fold is None and now.utcoffset() != now.replace(fold=1).utcoffset():
            msg = (
                f"--as-of must be one instant (got {text!r}, which comes twice or never as a wall time of {tz}); give "
                f"it an offset, or choose with --fold"
            )
            raise ReportError(msg, argument="as_of", found=text)
    if aware is not None and aware is (now.tzinfo is None):
        way = "give it one, e.g. 2026-03-31T00:00Z, or name its zone with --tz"
        if not aware:
            way = "leave it out, or name the zone of the files with --tz"
        rule = f"must have {'an' if aware else 'no'} offset, like the times of the files"
        raise ReportError(f"--as-of {rule} (got {text!r}); {way}", argument="as_of", found=text)
    return now


def _pairs(option: str, translations: Sequence[str], known: Iterable[str]) -> dict[str, str]:
    names = [str(name) for name in known]
    pairs = {}
    for text in translations:
        yours, sign, ours = text.rpartition("=")
        if not sign or not yours or ours not in names:
            msg = f"--{option} must be YOURS=OURS with one of {', '.join(names)} behind the sign (got {text!r})"
            raise ReportError(msg, argument=option, found=text)
        pairs[yours] = ours
    return pairs


_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
caption { font-size: 1.3rem; margin-bottom: .6rem }
th, td { padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
td { font-variant-numeric: tabular-nums }
td:not(:first-child, [colspan]) { white-space: nowrap }
code { overflow-wrap: anywhere; font-size: .85rem }
details { margin-top: 1.5rem }
"""


def _write_page(path: str, card: cx.Scorecard) -> None:
    page = (
        "<!doctype html>\n<html lang='en'>\n<head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>Scorecard</title>\n"
        f"<style>\n{_STYLE}</style></head>\n<body>\n{card._repr_html_()}\n{_how_made(card)}\n</body></html>\n"
    )
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        msg = f"--html {path}: cannot be written: {error.strerror or error}"
        raise ReportError(msg, argument="html", found=path) from None


def _how_made(card: cx.Scorecard) -> str:
    """The definitions behind the figures, folded away."""
    results: tuple[tuple[str, Any], ...] = (
        ("satisfaction", card.satisfaction), ("recommendation", card.recommendation),
        ("waiting", card.response_times), ("repeat contacts", card.repeat_contacts), ("worst waits", card.outliers),
    )  # fmt: skip
    lines = "".join(
        f"<dt>{name}</dt><dd><code>{html.escape(result.signature)}</code></dd>"
        for name, result in results
        if result is not None
    )
    now = "no instant" if card.as_of is None else card.as_of.isoformat()
    return (
        f"<details><summary>How these figures were made</summary><dl><dt>as of</dt><dd>{html.escape(now)}</dd>{lines}"
        f"<dt>made by</dt><dd>cxscore {html.escape(cx.__version__)}</dd></dl></details>"
    )


def _write(text: str, stream: object) -> None:
    """Print, also where the terminal knows fewer characters than the text."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    print(text, end="", file=stream)  # type: ignore[call-overload]  # any text stream will do


if __name__ == "__main__":
    sys.exit(main())
