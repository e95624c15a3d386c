"""The command line: the demo, the report on a user's files, and what it says when a file cannot be used."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import runpy
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import cxscore as cx
from cxscore import __main__ as command
from cxscore import sample
from cxscore._report import FIELDS, ColumnNames, ReportError, Words, read, read_hours

SURVEYS = (
    "survey,score,at\ncontact,5,2026-03-02T10:00Z\ncontact,2,2026-03-03T10:00Z\nrelationship,9,2026-03-03T11:00Z\n"
)
MESSAGES = """\
conversation,at,author,public,channel
1,2026-03-02T09:00Z,customer,,email
1,2026-03-02T09:30Z,agent,no,email
1,2026-03-02T11:00Z,agent,yes,email
2,2026-03-02T12:00Z,customer,true,social
"""
CONVERSATIONS = """\
id,opened_at,resolved_at,channel
1,2026-03-02T09:00Z,2026-03-02T12:00Z,email
2,2026-03-02T12:00Z,,social
"""
CONTACTS = "customer,at,ended_at\nada,2026-03-02,\nada,2026-03-05,2026-03-05T01:00\n,2026-03-06,\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Call main with files of given texts: `run(["--tz", "UTC"], surveys="...")` gives code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(arguments=(), **files):
        argv = ["report"]
        for kind, text in files.items():
            raw = text if isinstance(text, bytes) else text.encode()
            Path(f"{kind}.csv").write_bytes(raw)
            argv += [f"--{kind}", f"{kind}.csv"]
        try:
            code = command.main([*argv, *arguments])
        except SystemExit as exit_:
            code = exit_.code
        out, err = capsys.readouterr()
        return code, out, err

    return call


def table(tmp_path, kind, text, *mappings, **options):
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(kind, str(path), ColumnNames(mappings), **options)


# -- the demo ----------------------------------------------------------------------------------------


def test_demo(capsys):
    assert command.main([]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].startswith("SYNTHETIC DATA")
    for name in (
        "satisfaction (CSAT)", "recommendation (NPS)", "first response", "every reply", "time to resolution",
        "repeats within 7 d",
    ):  # fmt: skip
        assert any(line.startswith(name) for line in lines), name
    assert "not measured" not in out
    assert {"met", "missed"} <= set(out.replace("cannot tell", "cannot-tell").split())
    assert any(line.startswith("  conversation ") and "over" in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_demo_as_a_program():
    source = Path(cx.__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "cxscore"], capture_output=True, env=environment, check=False, timeout=120
    )
    assert done.stderr == b""
    assert done.returncode == 0
    assert b"SYNTHETIC DATA" in done.stdout
    assert b"detractors <= 10%" in done.stdout  # in the letters the terminal has


def test_runs_as_a_script(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cxscore", "--version"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(command.__file__, run_name="__main__")
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("cxscore ")


def test_help_and_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(["report", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{kind}" in text for kind in FIELDS)
    assert "first_response_at" in text
    with pytest.raises(SystemExit) as stopped:
        command.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"cxscore {cx.__version__}\n"


# -- the report --------------------------------------------------------------------------------------


def test_report_of_four_files(run):
    code, out, err = run(
        ["--tz", "UTC", "--published-targets", "--as-of", "2026-03-31T00:00"],
        surveys=SURVEYS, messages=MESSAGES, conversations=CONVERSATIONS, contacts=CONTACTS,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "Scorecard as of 2026-03-31 00:00 UTC" in out
    assert "not measured" not in out
    assert "satisfaction (CSAT)" in out
    assert " 50.0%" in out  # one of two satisfied, one of two waits in 24 h
    assert "  email " in out
    assert "unknown customer 1" in out
    assert "conversation 2 (still open)" in out  # 28 days without an answer


def test_report_equals_the_library(run):
    code, out, _ = run(surveys=SURVEYS, messages=MESSAGES, conversations=CONVERSATIONS)
    at = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((2, 10), (3, 10), (3, 11))]
    talks = [datetime(2026, 3, 2, hour, minute, tzinfo=UTC) for hour, minute in ((9, 0), (9, 30), (11, 0), (12, 0))]
    card = cx.scorecard(
        responses=cx.Responses(survey=["contact", "contact", "relationship"], score=[5, 2, 9], at=at),
        messages=cx.Messages(
            conversation=["1", "1", "1", "2"], at=talks, author=["customer", "agent", "agent", "customer"],
            public=[True, False, True, True], channel=["email", "email", "email", "social"],
        ),
        conversations=cx.Conversations(
            id=["1", "2"], opened_at=[talks[0], talks[3]], resolved_at=[talks[3], None], channel=["email", "social"]
        ),
    )  # fmt: skip
    assert code == 0
    assert out == f"{card.naming({'contacts': '--contacts FILE'})}\n"


def test_a_whole_help_desk_through_files(run, tmp_path):
    desk = sample.helpdesk(300, 5)
    batches = {
        "surveys": desk.responses, "messages": desk.messages, "conversations": desk.conversations,
        "changes": desk.changes, "contacts": desk.contacts,
    }  # fmt: skip
    texts = {}
    for kind, batch in batches.items():
        file = io.StringIO(newline="")
        rows = csv.writer(file)
        names = [name for name in batch.columns if name in FIELDS[kind]]
        rows.writerow(names)
        rows.writerows([getattr(record, name) for name in names] for record in batch)
        texts[kind] = file.getvalue()
    hours = cx.BusinessHours({"mon-sat": ["08:00-19:00"]}, tz="Europe/Berlin", holidays=[date(2026, 1, 6)])
    (tmp_path / "hours.json").write_text(json.dumps(hours.to_dict()))
    code, out, err = run(
        ["--published-targets", "--as-of", desk.as_of.isoformat(), "--hours", "hours.json"], **texts
    )  # fmt: skip
    assert (code, err) == (0, "")
    card = cx.scorecard(
        responses=desk.responses, messages=desk.messages, conversations=desk.conversations, contacts=desk.contacts,
        changes=desk.changes, hours=hours, targets=cx.TARGETS, as_of=desk.as_of,
    )  # fmt: skip
    assert out == f"{card}\n"


def test_what_is_not_given_is_not_measured(run):
    code, out, _ = run(contacts=CONTACTS)
    assert code == 0
    assert "not measured: no --surveys FILE given" in out
    assert out.count("not measured: no --messages FILE given") == 2
    assert "not measured: no --conversations FILE given" in out
    assert "repeats within 7 d" in out
    code, out, _ = run(surveys=SURVEYS)
    assert "not measured: no --contacts FILE given" in out


def test_no_file(run):
    code, _, err = run()
    assert code == 2
    assert "usage:" in err
    assert "give at least one of --surveys FILE, --messages FILE" in err


def test_page(run, tmp_path):
    code, out, _ = run(["--html", "card.html"], surveys=SURVEYS.replace("contact", "<b>").replace("relationship", "x"))
    assert code == 2  # neither survey is named
    code, out, _ = run(["--html", "card.html", "--satisfaction", "<b>"], surveys=SURVEYS.replace("contact", "<b>"))
    assert code == 0
    assert "satisfaction (CSAT)" in out
    page = (tmp_path / "card.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "charset='utf-8'" in page
    assert "satisfaction (CSAT)" in page
    code, _, err = run(["--html", "no/such/place.html"], surveys=SURVEYS)
    assert code == 2
    assert "--html no/such/place.html: cannot be written: No such file" in err


def test_the_page_shows_how_it_was_made_and_loads_nothing(run, tmp_path):
    code, _, _ = run(["--html", "card.html", "--tz", "Europe/Berlin"], surveys=SURVEYS, messages=MESSAGES)
    assert code == 0
    page = (tmp_path / "card.html").read_text(encoding="utf-8")
    assert "<style>" in page
    assert not {"http", "src=", "@import", "url("} & {
        part for part in ("http", "src=", "@import", "url(") if part in page
    }
    details = page.partition("<details>")[2]
    for text in ("as of", "2026-03-03T12:00:00+01:00", "cxscore|csat|", "cxscore|nps|", "cxscore|response_times|"):
        assert text in details
    assert "cxscore|repeat_contacts|" not in page
    code, _, _ = run(["--html", "card.html", "--scale", "csat-1-5"], surveys="score\n5\n")
    assert "<dd>no instant</dd>" in (tmp_path / "card.html").read_text(encoding="utf-8")


def test_the_page_never_overwrites_what_is_read(run, tmp_path):
    for name in ("surveys.csv", "./surveys.csv"):
        code, out, err = run(["--html", name], surveys=SURVEYS)
        assert (code, out) == (2, "")
        assert (
            err
            == f"error: --html {name}: is the file of --surveys, which would be lost; name another file for the page\n"
        )
        assert (tmp_path / "surveys.csv").read_text() == SURVEYS
    (tmp_path / "other.html").hardlink_to(tmp_path / "surveys.csv")
    assert run(["--html", "other.html", "--surveys", "surveys.csv"])[0] == 2
    assert run(["--html", "new.html", "--surveys", "surveys.csv"])[0] == 0


RECEIPTS = """\
conversation,at,author
1,2026-03-02T09:00Z,customer
1,2026-03-02T09:00Z,auto-reply
2,2026-03-02T09:00Z,customer
2,2026-03-02T10:00Z,agent
"""


def test_receipts_leave_people_waiting_and_bots_do_not(run):
    code, out, _ = run(["--author", "auto-reply=automatic"], messages=RECEIPTS)
    assert code == 0
    assert "Still waiting for a first response: 1" in out
    assert "waiting: automatic 1" in out
    assert "bot" not in out
    code, out, _ = run(["--author", "auto-reply=bot"], messages=RECEIPTS)
    assert code == 0
    assert "Still waiting" not in out
    assert "Answered only by a bot, not counted as waiting: 1 conversation.\n" in out


def test_automatic_authors_beside_a_column_of_that_name(tmp_path):
    rows = RECEIPTS.splitlines()
    text = "\n".join(f"{row},{flag}" for row, flag in zip(rows, ("automatic", "no", "", "yes", ""), strict=True))
    log = table(tmp_path, "messages", text, words=Words(authors={"auto-reply": "automatic"}))
    assert [row.automatic for row in log] == [False, True, True, False]
    assert [row.author for row in log] == ["customer", "agent", "customer", "agent"]


# -- changes and hours -------------------------------------------------------------------------------

HISTORY = """\
ticket,when,what,value,who
1,2026-03-02T09:00Z,created,,end-user
1,2026-03-02T10:00Z,owner,Kim,rule
1,2026-03-02T11:30Z,state,waiting,agent
1,2026-03-02T12:00Z,state,solved,agent
"""
NAMES = [f"--column=changes.{pair}" for pair in ("conversation=ticket", "at=when", "kind=what", "to=value", "by=who")]
WORDS = [
    "--kind", "owner=assigned", "--kind", "state=status", "--status", "waiting=pending",
    "--author", "end-user=customer", "--author", "rule=automatic",
]  # fmt: skip


def test_changes_in_words_of_their_own(tmp_path):
    words = Words(
        {"end-user": "customer", "rule": "automatic"}, {"owner": "assigned", "state": "status"}, {"waiting": "pending"}
    )
    mappings = [pair.removeprefix("--column=") for pair in NAMES]
    found = table(tmp_path, "changes", HISTORY, *mappings, words=words)
    assert [str(row.kind) for row in found] == ["created", "assigned", "status", "status"]
    assert [row.to for row in found] == [None, "Kim", "pending", "solved"]
    assert [row.by for row in found] == ["customer", "system", "agent", "agent"]


def test_changes_tell_resolutions(run):
    code, out, err = run([*NAMES, *WORDS], messages=MESSAGES, changes=HISTORY)
    assert (code, err) == (0, "")
    assert re.search(r"^time to resolution +3\.0 h", out, re.MULTILINE)
    bare = "conversation,at,to\n1,2026-03-02T12:00Z,solved\n"  # without kinds every change is one of status
    code, out, err = run(messages=MESSAGES, changes=bare)
    assert (code, err) == (0, "")
    assert re.search(r"^time to resolution +3\.0 h", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conversation,at\n1,2026-03-02\n", ": has no column 'to' for to"),
        ("conversation,at,kind\n1,2026-03-02,status\n", ": to must name the status"),
        ("conversation,at,kind,to\n1,2026-03-02,,open\n", "line 2: column 'kind' must be filled in every row"),
        (
            "conversation,at,to\n1,2026-03-02,open\n1,2026-03-02,\n",
            "line 3: column 'to' must be filled in every row of ",
        ),
        (
            "conversation,at,kind,to\n1,2026-03-02,owner,Kim\n",
            "say what they are with --kind owner=KIND, each KIND one of",
        ),
        (
            "conversation,at,to\n1,2026-03-02,on ice\n",
            "--status 'on ice'=STATUS, each STATUS one of new, open, pending",
        ),
        ("conversation,at,to,by\n1,2026-03-02,open,boss\n", "must be one of customer, agent, bot, system (got 'boss')"),
    ],
)
def test_unreadable_changes(run, text, message):
    code, out, err = run(messages=MESSAGES.replace("Z", ""), changes=text)
    assert (code, out) == (2, "")
    assert err.startswith("error: changes.csv")
    assert message in err


def test_changes_need_messages(run):
    code, _, err = run(changes=HISTORY)
    assert code == 2
    assert "give --messages FILE as well" in err


def test_hours(run, tmp_path):
    (tmp_path / "hours.json").write_text('{"weekly": {"mon": ["10:00-12:00"]}, "tz": "UTC"}')
    code, out, err = run(["--hours", "hours.json"], messages=MESSAGES)
    assert (code, err) == (0, "")
    assert re.search(r"^  in business time +1\.0 h", out, re.MULTILINE)
    code, _, err = run(["--hours", "hours.json"], messages=MESSAGES.replace("Z", ""))
    assert code == 2
    assert err == (
        "error: --hours needs to know when times were (those of the files have no offset); name their zone with --tz\n"
    )
    code, _, err = run(["--hours", "hours.json", "--html", "hours.json"], messages=MESSAGES)
    assert (code, "is the file of --hours" in err) == (2, True)


def test_hours_by_channel(tmp_path):
    office = cx.BusinessHours(
        {"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin", holidays=[date(2026, 12, 25)],
        overrides={date(2026, 12, 24): ["09:00-12:00"]},
    )  # fmt: skip
    file = tmp_path / "hours.json"
    file.write_text(json.dumps({"email": office.to_dict(), "": {"weekly": "24/7", "tz": "UTC"}}), encoding="utf-8-sig")
    assert read_hours(str(file)) == {"email": office, None: cx.BusinessHours.always("UTC")}
    file.write_text(json.dumps(office.to_dict()))
    assert read_hours(str(file)) == office
    changed = office.then(cx.BusinessHours.always("Europe/Berlin"), starting=date(2026, 7, 1))
    by_hand = {**office.to_dict(), "changes": {"2026-07-01": {"weekly": "24/7", "tz": "Europe/Berlin"}}}
    for data in (changed.to_dict(), by_hand):
        file.write_text(json.dumps(data))
        assert read_hours(str(file)) == changed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", ", line 1: is not JSON: "),
        (b"\xff", ": is not UTF-8: "),
        ("[]", ": must hold business hours such as {"),
        ("{}", "or channels with such hours (got the keys )"),
        ('{"email": "9-5"}', "(got the keys 'email')"),
        ('{"weekly": {"mon": ["09:00-17:00"]}}', "(got the keys 'weekly')"),
        ('{"email": {"weekly": "24/7", "zone": "UTC"}}', ", 'email': must hold business hours"),
        ('{"weekly": "24/7", "tz": "Berlin"}', ": tz must"),
        ('{"weekly": {"mon": ["9-5"]}, "tz": "UTC"}', ": weekly['mon'] must have times"),
        ('{"weekly": "24/7", "tz": "UTC", "holidays": "2026-12-25"}', ": holidays must be a list of dates"),
        ('{"weekly": "24/7", "tz": "UTC", "holidays": ["25.12.2026"]}', ": dates must be such as 2026-12-25 (got '25"),
        ('{"weekly": "24/7", "tz": "UTC", "holidays": [20261225]}', ": dates must be such as 2026-12-25 (got 2026"),
        ('{"weekly": "24/7", "tz": "UTC", "overrides": []}', ": overrides must be dates with their spans"),
        (
            '{"weekly": "24/7", "tz": "UTC", "overrides": {"2026-12-24": ["9"]}}',
            ": overrides[2026-12-24] must have spans",
        ),
        ('{"weekly": "24/7", "tz": "UTC", "changes": []}', ": changes must be dates or instants with the business"),
        ('{"weekly": "24/7", "tz": "UTC", "changes": {"July": {}}}', ": changes must start at such as 2026-07-01"),
        ('{"weekly": "24/7", "tz": "UTC", "changes": {"2026-07-01": {}}}', ", '2026-07-01': must hold business hours"),
        (
            '{"weekly": "24/7", "tz": "UTC", "changes": {"2026-07-01": {"weekly": {}, "tz": "Asia/Tokyo"}}}',
            ": changes must be aware where business hours have several zones",
        ),
    ],
)
def test_unreadable_hours(run, tmp_path, text, message):
    (tmp_path / "hours.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    code, out, err = run(["--hours", "hours.json"], messages=MESSAGES)
    assert (code, out) == (2, "")
    assert err.startswith("error: hours.json")
    assert message in err
    assert run(["--hours", "nowhere.json"], messages=MESSAGES)[2] == (
        "error: nowhere.json: cannot be read: No such file or directory\n"
    )


def test_limit(run):
    for limit, shown, over in (("1", "1 h", "None of 2"), ("30min", "30 min", "1 of 2"), ("0.5 h", "30 min", "1 of 2"),
                               ("1d", "24 h", "None of 2"), ("3d", "3 d", "None of 2")):  # fmt: skip
        code, out, _ = run(["--limit", limit, "--author", "auto-reply=bot", "--as-of", "2026-03-02T11:00Z"],
                           messages=RECEIPTS.replace("1,2026-03-02T09:00Z,auto", "2,2026-03-02T10:00Z,auto")
                           .replace("1,2026-03-02T09:00Z,cust", "1,2026-03-02T10:30Z,cust"))  # fmt: skip
        assert code == 0
        assert f"{over} first waits are over the limit of {shown}" in out


def test_clock_changes_of_many_rows(run):
    twice = "customer,at\n" + "ada,2026-10-25T02:30\n" * 8
    code, _, err = run(["--tz", "Europe/Berlin"], contacts=twice)
    assert code == 2
    assert "line 2: column 'at': 2026-10-25 02:30 comes twice" in err
    assert "clocks change (also lines 3, 4, 5, 6) and 3 more; give" in err
    assert "datetime" not in err
    code, _, err = run(["--tz", "Europe/Berlin"], contacts="customer,at\nada,2026-03-29T02:30\nbob,2026-03-29T02:10\n")
    assert "2026-03-29 02:30 never comes as a wall time of Europe/Berlin, where clocks change (also line 3); " in err
    code, _, err = run(["--tz", "Europe/Berlin"], contacts="customer,at\nada,0001-01-01T00:00+14:00\n")
    assert code == 2
    assert "contacts.csv, line 2: at must lie in the years 1 to 9999" in err
    code, out, _ = run(
        ["--tz", "Europe/Berlin", "--fold", "1", "--as-of", "2026-10-25T02:30"],
        contacts="customer,at\nada,2026-10-01\n",
    )
    assert "Scorecard as of 2026-10-25 02:30 Europe/Berlin" in out


def test_offsets_in_some_files_only(run):
    code, _, err = run(surveys=SURVEYS, contacts="customer,at\nada,2026-03-02\n")
    assert code == 2
    assert err == (
        "error: times must have an offset in all files or in none (with one: surveys.csv; without: contacts.csv); name "
        "the zone of those without by --tz\n"
    )
    code, _, err = run(["--as-of", "2026-03-31T00:00Z"], contacts="customer,at\nada,2026-03-02\n")
    assert code == 2
    assert "--as-of must have no offset, like the times of the files" in err


# -- how files are written ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rewritten",
    [
        SURVEYS.encode("utf-8-sig"),
        SURVEYS.replace("\n", "\r\n").encode(),
        SURVEYS.replace("\n", "\n\n").encode(),
        SURVEYS.replace("contact,5", '"contact"," 5 "').encode(),
    ],
    ids=["byte order mark", "windows line ends", "empty lines", "quotes and spaces"],
)
def test_files_as_they_come(tmp_path, rewritten):
    assert table(tmp_path, "surveys", rewritten) == table(tmp_path, "surveys", SURVEYS)


def test_delimiters(run):
    for sign, name in ((";", ";"), ("\t", "tab")):
        code, out, _ = run(["--delimiter", name], surveys=SURVEYS.replace(",", sign))
        assert code == 0
        assert "50.0%" in out
    code, _, err = run(["--delimiter", "::"], surveys=SURVEYS)
    assert code == 2
    assert "argument --delimiter" in err
    code, _, err = run(surveys=SURVEYS.replace(",", ";"))
    assert code == 2
    assert "say so with --delimiter" in err


def test_quoted_line_breaks_do_not_shift_the_line_numbers(tmp_path):
    text = 'score,survey,comment\n5,contact,"two\nlines"\nno,contact,\n'
    with pytest.raises(ReportError, match=r"surveys\.csv, line 4: column 'score' .*got 'no'"):
        table(tmp_path, "surveys", text, scales={"contact": cx.CSAT_1_5})


def test_flags(tmp_path):
    text = "conversation,at,author,public,automatic\n"
    text += "".join(f"1,2026-03-02,agent,{flag},\n" for flag in ("true", "Yes", "1", "FALSE", "no", "0", ""))
    found = table(tmp_path, "messages", text)
    assert found.flag("public", default=False).tolist() == [True, True, True, False, False, False, True]
    assert found.flag("automatic", default=True).tolist() == [False] * 7


def test_counts_and_empty_cells(tmp_path):
    text = "id,opened_at,reopens,messages,topic\n1,2026-03-02,2,7,\n2,2026-03-02,,,login\n"
    first, second = table(tmp_path, "conversations", text)
    assert (first.reopens, first.messages, first.topic) == (2, 7, None)
    assert (second.reopens, second.messages, second.topic) == (0, None, "login")


def test_times_follow_their_offset_their_zone_or_nothing(tmp_path):
    text = "customer,at\nada,{}\n"
    assert table(tmp_path, "contacts", text.format("2026-03-02T09:00+02:00"))[0].at == datetime(
        2026, 3, 2, 7, tzinfo=UTC
    )
    assert table(tmp_path, "contacts", text.format("2026-03-02 09:00"))[0].at == datetime(2026, 3, 2, 9)
    berlin = table(tmp_path, "contacts", text.format("2026-03-02 09:00"), tz="Europe/Berlin")
    assert berlin[0].at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_wall_times_that_come_twice_need_a_reading(run):
    contacts = "customer,at\nada,2026-10-24T12:00\nada,2026-10-25T02:30\n"
    code, _, err = run(["--tz", "Europe/Berlin"], contacts=contacts)
    assert code == 2
    assert err == (
        "error: contacts.csv, line 3: column 'at': 2026-10-25 02:30 comes twice as a wall time of Europe/Berlin, where "
        "clocks change; give such times an offset, or choose with --fold 0 (first reading) or --fold 1 (second "
        "reading)\n"
    )
    code, out, _ = run(["--tz", "Europe/Berlin", "--fold", "1"], contacts=contacts)
    assert code == 0
    assert "Scorecard as of 2026-10-25 02:30 Europe/Berlin" in out


def test_as_of_is_a_wall_time_of_the_zone(run):
    code, out, _ = run(
        ["--tz", "Europe/Berlin", "--as-of", "2026-03-31T00:00"], contacts=CONTACTS.replace("T01:00", "")
    )
    assert code == 0
    assert "as of 2026-03-31 00:00 Europe/Berlin\n" in out
    code, out, _ = run(["--as-of", "2026-03-31"], contacts=CONTACTS)
    assert "as of 2026-03-31 00:00\n" in out  # a clock without a zone


def test_columns_by_other_names(run):
    code, out, err = run(
        ["--column", "messages.at=sent", "--column", "author=role", "--column", "conversation=ticket",
         "--author", "end-user=customer", "--author", "staff=agent"],
        messages=MESSAGES.replace("conversation,at,author", "ticket,sent,role").replace("customer", "end-user"),
        surveys=SURVEYS,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "first response" in out


def test_one_survey_needs_no_label(run):
    answers = "score\n5\n4\n1\n\n"
    code, out, _ = run(["--scale", "csat-1-5"], surveys=answers)
    assert code == 0
    assert " 66.7%" in out
    assert "not measured: no answers of the survey 'relationship'" in out
    code, out, _ = run(["--scale", "nps-0-10"], surveys="score\n10\n9\n0\n")
    assert " 33.3 " in out
    code, _, err = run(surveys=answers)
    assert code == 2
    assert "no column 'survey' to tell the surveys apart" in err
    code, _, err = run(["--scale", "csat-1-5", "--scale", "nps-0-10"], surveys=answers)
    assert code == 2
    assert "say with one --scale (not two) what all of it is" in err


def test_an_empty_survey_column_is_as_good_as_none(run):
    answers = "score,survey\n5,\n4,\n1,\n"
    code, out, _ = run(["--scale", "csat-1-5"], surveys=answers)
    assert code == 0
    assert " 66.7%" in out
    code, _, err = run(surveys=answers)
    assert code == 2
    assert err.startswith("error: surveys.csv: column 'survey' is empty in every row")
    assert "--scale csat-1-5" in err
    code, out, _ = run(surveys="score,survey\n")
    assert code == 0
    assert "not measured: no answers of the survey 'contact'" in out


def test_scales(run):
    text = "survey,score\ncontact,7\ncontact,1\nrelationship,9 - very likely\n"
    code, out, _ = run(["--scale", "csat-1-7", "--scale", "nps-1-10"], surveys=text)
    assert code == 0
    assert " 50.0%" in out
    assert "100.0" in out
    code, _, err = run(["--scale", "csat-1-7", "--scale", "csat-1-5"], surveys=text)
    assert code == 2
    assert "one csat and one nps scale at most" in err


def test_labels_of_surveys(run):
    text = SURVEYS.replace("contact", "after chat").replace("relationship", "quarterly")
    code, _, err = run(surveys=text)
    assert code == 2
    assert "surveys.csv: column 'survey' must hold the survey 'contact' or 'relationship'" in err
    assert "(found: 'after chat', 'quarterly'); name yours with --satisfaction LABEL and --recommend" in err
    code, out, _ = run(["--satisfaction", "after chat", "--recommendation", "quarterly"], surveys=text)
    assert code == 0
    assert out.startswith("Scorecard as of 2026-03-03 11:00 UTC")


# -- what cannot be read -----------------------------------------------------------------------------


LOG = "conversation,at,author,public\n"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("surveys", "survey,rating\ncontact,5\n", ": has no column 'score' for score"),
        ("surveys", "survey,rating\ncontact,5\n", "(columns found: 'survey', 'rating')"),
        ("surveys", "survey,rating\ncontact,5\n", "name yours with --column surveys.score=YOUR_COLUMN"),
        ("surveys", "", ": is empty; its first line must name the columns"),
        ("surveys", "survey,score\ncontact,6\n", ", line 2: column 'score' must be a point of the scale CSAT 1-5"),
        ("surveys", "survey,score\ncontact,6\n", "(1 to 5) (got '6'); name another scale with --scale; --invalid drop"),
        ("surveys", "survey,score\ncontact,5,2\n", ", line 2: has 3 cells where the header has 2"),
        ("surveys", 'survey,score\ncontact,"5\n', ", line 2: is not CSV"),
        ("surveys", b"survey,score\ncontact,\xff\n", ": is not UTF-8"),
        ("surveys", "survey,score,score\ncontact,5,4\n", ": has 2 columns 'score'"),
        (
            "messages",
            LOG + "1,02.03.2026,agent,\n",
            ", line 2: column 'at' must be an ISO 8601 time such as 2026-03-31",
        ),
        ("messages", LOG + "1,02.03.2026,agent,\n", "(got '02.03.2026')"),
        ("messages", LOG + "1,,agent,\n", ", line 2: column 'at' must be filled in every row (got '')"),
        (
            "messages",
            LOG + "1,2026-03-02,end-user,\n",
            "column 'author' must be one of customer, agent, bot (got 'end-user'); ",
        ),
        (
            "messages",
            LOG + "1,2026-03-02,end-user,\n",
            "--author end-user=ROLE, each ROLE one of customer, agent, bot, automatic",
        ),
        ("messages", LOG + "1,2026-03-02,O'Neill x,\n", """--author 'O'"'"'Neill x'=ROLE, each"""),
        ("messages", LOG + "".join(f"1,2026-03-02,{who},\n" for who in "abcdef"), "--author e=ROLE ..., each"),
        ("messages", LOG + "1,2026-03-02,agent,maybe\n", "one of true, yes, 1, false, no, 0 (got 'maybe')"),
        ("conversations", "id,opened_at,reopens\n1,2026-03-02,-1\n", "a whole number of 0 or more (got '-1')"),
        (
            "conversations",
            "id,opened_at,resolved_at\n1,2026-03-02,\n2,2026-03-02,2026-03-01\n",
            ", line 3: column 'resolved_at' must be no earlier than 'opened_at' (got '2026-03-01'); --invalid drop",
        ),
        (
            "contacts",
            "customer,at\nada,2026-03-02T09:00\nada,2026-03-02T09:00Z\n",
            "a time without an offset in every row, as in line 2 (got '2026-03-02T09:00Z')",
        ),
        (
            "contacts",
            "customer,at\nada,2026-03-02T09:00Z\nada,2026-03-02T09:00\n",
            "a time with an offset in every row, as in line 2 (got '2026-03-02T09:00')",
        ),
        (
            "contacts",
            "customer,at,ended_at\nada,2026-03-02T09:00,2026-03-02T09:00Z\n",
            ": ended_at must follow the same rule as the other instants",
        ),
    ],
)
def test_unreadable_files(run, kind, text, message):
    code, out, err = run(**{kind: text})
    assert code == 2
    assert out == ""
    assert err.startswith(f"error: {kind}.csv")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "score"], "--column must be FIELD=YOUR_COLUMN"),
        (["--column", "score="], "--column must be FIELD=YOUR_COLUMN"),
        (["--column", "points=rating"], "no such field 'points'; known fields are surveys: score,"),
        (["--column", "surveys.author=who"], "no such field 'surveys.author'; known fields are surveys: score,"),
        (["--column", "polls.score=rating"], "no such field 'polls.score'; known fields are surveys: score,"),
        (["--column", "score=rating"], "--column score=rating: no file given has a column 'rating' for it"),
        (["--column", "messages.at=sent"], "--column messages.at=sent: no file given has a column 'sent' for it"),
        (["--column", "surveys.channel=where"], "surveys.csv: has no column 'where' for channel"),
        (["--author", "customer"], "--author must be YOURS=OURS with one of customer, agent, bot"),
        (["--author", "end-user=client"], "--author must be YOURS=OURS with one of customer, agent, bot"),
        (["--status", "waiting"], "--status must be YOURS=OURS with one of new, open, pending"),
        (["--kind", "owner=Kim"], "--kind must be YOURS=OURS with one of created, status"),
        (["--tz", "Berlin"], "--tz must be a zone of the IANA database, e.g. Europe/Berlin (got 'Berlin')"),
        (["--as-of", "31.3.2026"], "--as-of must be an ISO 8601 time, e.g. 2026-03-31T00:00 (got '31.3.2026')"),
        (
            ["--as-of", "2026-03-31T00:00"],
            "--as-of must have an offset, like the times of the files (got '2026-03-31T00",
        ),
        (["--as-of", "2026-10-25T02:30", "--tz", "Europe/Berlin"], "which comes twice or never as a wall time of Eur"),
        (
            ["--limit", "soon"],
            "--limit must be a number of hours, or such as 90min, 36h or 5d, above zero (got 'soon')",
        ),
        (["--limit", "0"], "--limit must be a number of hours"),
        (["--satisfaction", "x", "--recommendation", "x"], "must name two surveys (got 'x' twice)"),
    ],
)
def test_wrong_arguments(run, arguments, message):
    code, out, err = run(arguments, surveys=SURVEYS)
    assert code == 2
    assert out == ""
    assert message in err


def test_a_file_that_is_not_there(run):
    code, _, err = run(["--surveys", "nowhere.csv"])
    assert code == 2
    assert err == "error: nowhere.csv: cannot be read: No such file or directory\n"


def test_impossible_values_can_be_left_out_and_are_counted(run):
    surveys = "survey,score\ncontact,6\ncontact,5\n"
    conversations = "id,opened_at,resolved_at\n1,2026-03-02,2026-03-01\n2,2026-03-02,2026-03-03\n"
    code, out, _ = run(["--invalid", "drop"], surveys=surveys, conversations=conversations)
    assert code == 0
    assert "satisfaction: invalid 1" in out
    assert "waiting: invalid 1" in out


# -- terminals ---------------------------------------------------------------------------------------


def test_terminals_with_few_letters():
    old = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    command._write("NPS −12.0, “ж”", old)
    old.flush()
    assert old.buffer.getvalue().decode("cp1252") == "NPS -12.0, “?”"
    unnamed = io.StringIO()
    command._write("−1", unnamed)
    assert unnamed.getvalue() == "−1"
