"""Examples of other systems, printed by themselves, through the public functions with their policies.

The sweep reads a file beside the project and is skipped where that is absent; a dozen of its examples are quoted
here with their source.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import attrs
import pytest

import cxscore as cx
from cxscore import policies

ORACLES = Path(__file__).resolve().parents[2] / "shared" / "oracles"
SECOND = timedelta(seconds=1)

# What the examples call a policy.
NAMED = {
    "cxscore default": cx.DEFAULT_POLICY,
    "ZAMMAD(last contact: on customer reaction)": attrs.evolve(policies.ZAMMAD, wait_from="last_customer"),
    "ZAMMAD(update time between agent replies)": attrs.evolve(policies.ZAMMAD, wait_from="previous_answer"),
    "ZAMMAD dashboard waiting time": attrs.evolve(cx.DEFAULT_POLICY, wait_from="last_customer"),
    "CHATWOOT (before 2026-01-07)": attrs.evolve(policies.CHATWOOT_2026_07, bot="ignore"),
    "ROCKET.CHAT": attrs.evolve(
        cx.DEFAULT_POLICY, first_from="last_customer", first_restarts=(), opened_by_agent="answer",
        wait_from="last_customer",
    ),
    "ZENDESK_SLA": attrs.evolve(
        policies.ZENDESK, opened_by_agent="exclude", status_answers={"solved"}, on_resolve="answers"
    ),
}  # fmt: skip
# Examples that are about something else than waits in a log, by the words of docs/reference/policies.md.
OUTSIDE = {
    "chatwoot-count-resolutions": "printed as counts, without the instants behind them",
    "chatwoot-frt-brackets": "half-open brackets",
    "zammad-dash-two-tickets": "printed as two reply times, without the instants behind them",
    "zammad-due-edge-closing": "a due time across pauses",
    "zammad-due-paused-twice": "a due time across pauses",
    "zendesk-one-touch": "printed as counts, without the instants behind them",
    "biz-dst-fold": "an instant of a wall time on its own",
    "biz-dst-midnight-gap": "an instant of a wall time on its own",
}


def policy_of(record):
    name = record["policy"]
    policy = NAMED.get(name) or getattr(policies, name)
    changes = record.get("policy_overrides", {})
    return attrs.evolve(policy, **changes) if changes else policy


def instant(text):
    return datetime.fromisoformat(text)


def schedule(given):
    weekly = {day: ["-".join(span) for span in spans] for day, spans in given["weekly"].items()}
    return cx.BusinessHours(weekly, tz=given["tz"], holidays=[date.fromisoformat(day) for day in given["holidays"]])


def log_of(events):
    """The messages and the changes of one conversation."""
    notes = {"sent": "sent", "public_note": "public_note", "private": "private_note"}
    messages = [
        cx.Message(
            conversation=1, at=instant(event["t"]), author=event["author"], automatic=event["automatic"],
            visibility=notes[event["visibility"]], agent=event.get("agent"),
        )
        for event in events
        if event["kind"] == "message"
    ]  # fmt: skip
    changes = [
        cx.Change(
            conversation=1, at=instant(event["t"]), kind=event["kind"], to=event.get("to") or event.get("status"),
            by=event.get("by") or event.get("author"), agent=event.get("agent"),
        )
        for event in events
        if event["kind"] != "message"
    ]  # fmt: skip
    return messages, changes


def seconds(waits):
    return [wait / SECOND for wait in waits]


def measured(record):
    """Every figure of `record["expected"]`, as the public functions give it."""
    messages, changes = log_of(record["events"])
    hours = None
    if "hours" in record:
        hours = schedule(record["hours"])
    elif "schedules" in record:
        hours = {name: schedule(one) for name, one in record["schedules"].items()}
    policy = policy_of(record)
    result = cx.response_times(messages, changes=changes, policy=policy, hours=hours)

    def figure(clock, business=False, result=result):
        """Waits of one clock in seconds; those that have ended."""
        summary = getattr(result, f"business_{clock}" if business else clock)
        if summary is None:
            return []
        name = "business_wait" if business else "wait"
        rows = [row[name] for row in result.table(clock) if row["ended"] == "answered"]
        if policy.per_conversation == "all" or clock != "reply":
            assert sum(rows, timedelta()) == summary.total
        else:  # one a conversation, and the table lists them all
            rows = [summary.total] if summary.n else []
        return seconds(rows)

    def one(values):
        assert len(values) < 2
        return values[0] if values else None

    def gaps(**changes):
        between = attrs.evolve(policy, wait_from="previous_answer", first_is_reply=False, **changes)
        return figure("reply", result=cx.response_times(messages, changes=changes_of, policy=between))

    changes_of = changes
    found = {}
    for name in record["expected"]:
        plain, business = name.removesuffix("_business"), name.endswith("_business")
        match plain:
            case "first_response":
                value = one(figure("first_response", business))
            case "reply_times" if policy.per_conversation != "all":
                every = attrs.evolve(policy, per_conversation="all")
                again = cx.response_times(messages, changes=changes, policy=every, hours=hours)
                value = seconds(row["wait"] for row in again.table("reply") if row["ended"] == "answered")
            case "reply_times":
                value = figure("reply", business)
            case "longest_reply" | "total_reply":
                value = one(figure("reply", business))
            case "resolution_first":
                value = one(figure("first_resolution", business))
            case "resolution_last":
                value = one(figure("resolution", business))
            case "resolution_each":
                value = figure("resolution", business)
            case "handoff_time":
                value = one(figure("handoff", business))
            case "reopened_after":
                value = figure("reopened_after")
            case "reopens":
                value = result.reopens
            case "agent_wait" | "requester_wait" | "on_hold":
                value = one(figure(plain, business))
            case "agent_work":
                value = one(figure("work_time", business))
            case "periodic_update":
                value = gaps()
            case "pausable_update":
                value = gaps(paused={"reply": {"pending"}})
            case _:
                raise AssertionError(f"nobody measures {name}")
        found[name] = value
    if "first_response_start" in record.get("expected_instants", {}):
        (row,) = result.table("first_response")
        assert instant(record["expected_instants"]["first_response_start"]) == row["start"]
    return found


def same(found, expected, tolerance):
    if isinstance(expected, list):
        return len(found) == len(expected) and all(
            same(one, other, tolerance) for one, other in zip(found, expected, strict=True)
        )
    if expected is None or found is None:
        return found is expected
    return abs(found - expected) <= tolerance


def records():
    path = ORACLES / "policies.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


ALL = records()
needs_the_file = pytest.mark.skipif(not ALL, reason="the file of worked examples is not beside the project")


@needs_the_file
@pytest.mark.parametrize("record", [record for record in ALL if "level" not in record], ids=lambda record: record["id"])
def test_a_conversation_of_another_system(record):
    found = measured(record)
    for name, expected in record["expected"].items():
        assert same(found[name], expected, record["tolerance"]), (name, found[name], expected)
    for name, wrong in record.get("counterexample", {}).items():
        assert not same(found[name], wrong, record["tolerance"]), name


@needs_the_file
@pytest.mark.parametrize(
    "record", [record for record in ALL if "level" in record and record["id"] not in OUTSIDE], ids=lambda one: one["id"]
)
def test_business_time_of_another_system(record):
    hours = schedule(record["hours"])
    start = instant(record["events"][0]["t"])
    if record["level"] == "business":
        assert hours.between(start, instant(record["events"][1]["t"])) / SECOND == record["expected"]["business"]
        return
    target = timedelta(seconds=record["target"])
    edge = "closing" if record["edge"] == "end" else "next_open"
    found = hours.next_open(start) if not target and edge == "next_open" else hours.add(start, target, edge=edge)
    due = instant(record["expected_instants"]["due"])
    assert abs(found - due) <= record["tolerance"] * SECOND
    if "counterexample" in record:
        assert found != instant(record["counterexample"]["due"])


@needs_the_file
def test_what_is_outside_is_named_in_the_documentation():
    page = (Path(__file__).resolve().parents[1] / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")
    ids = {record["id"] for record in ALL}
    assert set(OUTSIDE) <= ids
    for reason in set(OUTSIDE.values()):
        assert reason in page


@pytest.mark.skipif(not (ORACLES / "schedule_change.json").exists(), reason="the file is not beside the project")
def test_the_ticket_whose_schedule_changed():
    facts = json.loads((ORACLES / "schedule_change.json").read_text(encoding="utf-8"))
    given = facts["inputs"]
    days = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

    def hours(minutes):
        weekly = {day: [] for day in days}
        for start, end in minutes:
            day, first = divmod(start, 1_440)
            weekly[days[day]].append(f"{first // 60:02}:{first % 60:02}-{(end % 1440) // 60:02}:{end % 60:02}")
        return cx.BusinessHours(weekly, tz="UTC")

    named = {
        "one": hours(given["level_1_chicago_utc_minutes_from_sunday"]),
        "two": hours(given["level_2_san_francisco_utc_minutes_from_sunday"]),
    }
    created, changed, answered = (
        instant(given[name]) for name in ("created", "schedule_changed", "first_public_reply")
    )
    log = cx.Messages(conversation=941606, at=[created, answered], author=["customer", "agent"])
    changes = cx.Changes(conversation=941606, at=[created, changed], kind="schedule", to=["one", "two"])
    for rule, name in (("each_part", "each_period_its_schedule"), ("at_end", "last_schedule_only")):
        policy = cx.ReplyPolicy(schedule_change=rule)
        result = cx.response_times(log, changes=changes, policy=policy, hours=named)
        minutes = result.business_first_response.mean / timedelta(minutes=1)
        assert minutes == pytest.approx(facts["expected_minutes"][name], abs=1e-9)
        assert minutes != pytest.approx(facts["counterexample_minutes"][name], abs=1e-3)


# -- a dozen of them, quoted ---------------------------------------------------------------------------

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def told(*rows):
    """Messages and changes of one conversation, as minutes after noon, who or what, and a status."""
    messages, changes = [], []
    for minute, what, *to in rows:
        at = NOON + timedelta(minutes=minute)
        if what in ("customer", "agent", "bot", "rule", "note"):
            author = what if what in ("customer", "bot") else "agent"
            note = "private_note" if what == "note" else None
            row = cx.Message(conversation=1, at=at, author=author, automatic=what == "rule", visibility=note)
            messages.append(row)
        else:
            by = to.pop() if to and to[-1] in ("agent", "bot") else None
            changes.append(cx.Change(conversation=1, at=at, kind=what, to=to[0] if to else None, by=by))
    return messages, changes


QUOTED = [
    # chatwoot/chatwoot@a61a8bfbc63b spec/models/conversation_spec.rb: the first reply is no reply_time as well
    ("CHATWOOT", [(0, "created"), (0, "customer"), (60, "agent")], {"first_response": [60], "reply": []}),
    # the same: a bot's reply ends the wait without a figure
    (
        "CHATWOOT",
        [(0, "created"), (0, "customer"), (60, "agent"), (300, "customer"), (360, "bot"), (480, "customer"),
         (540, "agent")],
        {"reply": [60]},
    ),
    # spec/helpers/reporting_event_helper_spec.rb: the latest opening before the answer starts the clock
    (
        "CHATWOOT",
        [(0, "created"), (60, "status", "solved", "bot"), (120, "handoff"), (240, "status", "open"), (300, "agent")],
        {"first_response": [60]},
    ),
    # spec/models/message_spec.rb: a private note is none, an automation rule neither
    ("CHATWOOT", [(0, "created"), (1, "note"), (2, "agent")], {"first_response": [2]}),
    ("CHATWOOT", [(0, "created"), (1, "rule")], {"first_response": []}),
    # spec/listeners/reporting_event_listener_spec.rb: each resolution from creation, time since the one before
    (
        "CHATWOOT", [(0, "created"), (60, "status", "solved"), (120, "status", "open"), (180, "status", "solved")],
        {"resolution": [60, 180], "reopened_after": [60]},
    ),
    # zammad/zammad spec/lib/escalation/period_working_minutes_spec.rb: pending time is cut out
    (
        "ZAMMAD",
        [(0, "created", "new"), (60, "status", "open"), (90, "status", "pending"), (120, "status", "closed")],
        {"resolution": [90]},
    ),
    # Zendesk help 4408821871642: opened by an agent in public, the next agent message whoever wrote between
    (
        "ZENDESK", [(0, "created", "agent"), (0, "agent"), (10, "customer"), (25, "agent")], {"first_response": [25]},
    ),
    # Zendesk help 4408834848154: first and full resolution; closing after solving moves nothing
    (
        "ZENDESK",
        [(0, "created"), (0, "customer"), (60, "status", "solved"), (120, "customer"), (120, "status", "open"),
         (180, "status", "solved"), (5_000, "status", "closed")],
        {"first_resolution": [60], "resolution": [180], "reopened_after": [60]},
    ),
    # fivetran/dbt_zendesk@d4a8aa378862 models/reply_times: total of the replies to net-new comments
    (
        "DBT_ZENDESK",
        [(0, "created"), (0, "customer"), (5, "customer"), (15, "agent"), (30, "customer"), (40, "customer"),
         (50, "agent"), (55, "agent")],
        {"first_response": [15], "reply": [35]},
    ),
    # Intercom help 6762778: closings are measured from the contact's first message
    (
        "INTERCOM",
        [(0, "created", "agent"), (0, "agent"), (10, "customer"), (70, "status", "closed"), (83, "status", "open"),
         (130, "status", "closed")],
        {"first_resolution": [60], "resolution": [120]},
    ),
    # Gorgias docs "How Metrics are Calculated": rules are ignored, tickets that agents start are left out
    ("GORGIAS", [(0, "customer"), (1, "rule"), (30, "agent")], {"first_response": [30]}),
    ("GORGIAS", [(0, "agent"), (10, "customer"), (15, "agent")], {"first_response": []}),
    # Front help "Analytics resolution examples": a closing thanks that is archived adds nothing
    (
        "FRONT", [(0, "customer"), (10, "agent"), (15, "customer"), (120, "status", "closed")], {"resolution": [10]},
    ),
    # Bird docs "Inbox reports in action"
    (
        "BIRD",
        [(0, "created"), (0, "customer"), (11, "agent"), (15, "customer"), (20, "agent"), (30, "status", "solved")],
        {"first_response": [11], "resolution": [30]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "expected"), QUOTED)
def test_a_quoted_example(name, rows, expected):
    messages, changes = told(*rows)
    policy = getattr(policies, name)
    result = cx.response_times(messages, changes=changes, policy=policy)
    for clock, minutes in expected.items():
        summary = getattr(result, clock)
        assert (len(minutes), timedelta(minutes=sum(minutes))) == (summary.n, summary.total), clock


@needs_the_file
def test_presets_hold_the_values_that_were_read():
    read = json.loads((ORACLES / "policy_presets.json").read_text(encoding="utf-8"))["presets"]
    for name, fields in read.items():
        policy = NAMED.get(name) or getattr(policies, name)
        for field, value in fields.items():
            found = getattr(policy, field)
            if field == "paused":
                assert {clock: set(statuses) for clock, statuses in value.items()} == found, (name, field)
            elif (name, field) in DECIDED_OTHERWISE:
                assert found == DECIDED_OTHERWISE[name, field]
            elif name in ("ROCKET.CHAT", "ZAMMAD dashboard waiting time") and field in ("on_resolve", "first_restarts"):
                continue  # no presets; written for the examples alone
            else:
                assert found == (set(value) if isinstance(value, list) else value), (name, field)


# The definitions of this library let a resolution end a wait. Plain's page on resolutions starts at the first message.
DECIDED_OTHERWISE = {
    ("cxscore default", "on_resolve"): "closes",
    ("PLAIN", "resolution_from"): "first_customer",
    ("PLAIN", "reopened_from"): {"solved", "closed", "snoozed"},
}
