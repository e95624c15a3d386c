"""DurationTally with business hours: shards of a log give what the whole log gives, in both times."""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
T0 = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
NOW = T0 + 21 * DAY
BERLIN = cx.BusinessHours(
    {"mon-fri": ["09:00-13:00", "14:00-18:00"]}, tz="Europe/Berlin", holidays=[date(2026, 3, 4)]
)  # fmt: skip
NIGHT = cx.BusinessHours({"mon-sun": ["18:00-02:00"]}, tz="America/New_York")
ALWAYS = cx.BusinessHours.always("UTC")
# Every channel, one too few, and one schedule for all; the changes below name "night".
SCHEDULES: dict[str, Any] = {
    "every": {"mail": BERLIN, "chat": ALWAYS, None: BERLIN, "night": NIGHT},
    "some": {"mail": BERLIN, "night": NIGHT},
    "one": BERLIN,
}
TARGETS = [
    None,
    4 * HOUR,
    cx.ServiceTargets(
        first_response={"chat": HOUR, "mail": 8 * HOUR}, reply=2 * HOUR, resolution=DAY, in_business_time={"reply"}
    ),
    cx.ServiceTargets(first_response=HOUR, reply={"mail": HOUR}, resolution=9 * HOUR, in_business_time=True),
]
POLICIES = [
    cx.DEFAULT_POLICY,
    cx.ReplyPolicy(
        paused={"first": {"pending"}, "reply": {"pending", "hold"}, "resolution": {"pending"}}, no_hours="zero"
    ),
    cx.ReplyPolicy(unit="minute", per_conversation="sum", schedule_change="at_end", no_hours="calendar"),
    cx.ReplyPolicy(per_conversation="median", schedule_change="at_start", expires=3 * DAY),
    cx.ReplyPolicy(resolution="each", first_from="created", on_resolve="keeps_wait"),
    cx.policies.ZENDESK,
]
CLOCKS = (
    "first_response", "reply", "resolution", "first_resolution", "our_resolution", "requester_wait", "agent_wait",
    "on_hold", "work_time", "handoff", "reopened_after",
)  # fmt: skip


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


def random_log(seed: int, talks: int, *, schedules: bool) -> tuple[list[Any], list[Any], list[Any]]:
    """Messages, conversations and changes of some conversations, each with a status, a hand-off and a resolution."""
    rng = np.random.default_rng(seed)
    messages, tickets, changes = [], [], []
    for talk in range(talks):
        opened = float(rng.integers(0, 19 * 24 * 60))
        channel = [None, "mail", "chat"][rng.integers(3)]
        length = rng.exponential(2_000)
        times = opened + np.sort(rng.exponential(length, rng.integers(1, 7)))
        authors = ["customer", *rng.choice(["customer", "agent"], len(times) - 1).tolist()]
        messages += [
            cx.Message(conversation=talk, at=at(minute), author=author, channel=channel)
            for minute, author in zip(times, authors, strict=True)
        ]
        changes += [
            cx.Change(conversation=talk, at=at(opened), kind="created", to="new"),
            cx.Change(conversation=talk, at=at(opened + rng.integers(0, 500)), kind="handoff"),
        ]
        steps = opened + np.sort(rng.exponential(3 * length, rng.integers(1, 6)))
        changes += [
            cx.Change(
                conversation=talk, at=at(minute), kind="status",
                to=str(rng.choice(["open", "pending", "hold", "solved"])),
            )
            for minute in steps
        ]  # fmt: skip
        if schedules and rng.random() < 0.5:
            when = opened + rng.exponential(length)
            changes.append(cx.Change(conversation=talk, at=at(when), kind="schedule", to="night"))
        tickets.append(
            cx.Conversation(
                id=talk, opened_at=at(opened), channel=channel,
                resolved_at=at(opened + float(rng.exponential(length))) if rng.random() < 0.7 else None,
                abandoned_at=at(opened + length) if rng.random() < 0.1 else None,
            )
        )  # fmt: skip
    return messages, tickets, changes


# A tally knows no conversations, so its intervals are the independent ones; percentiles are sketched.
UNLIKE = {
    "median", "median_interval", "median_iid_interval", "p75", "p90", "p95", "waiting_median_age", "quantile_error",
    "within_interval", "_curve", "_talks", "_judged_worth", "_median_worth",
}  # fmt: skip
SAME = [field.name for field in attrs.fields(cx.DurationSummary) if field.name not in UNLIKE]


def assert_same_waits(exact: cx.DurationSummary, found: cx.DurationSummary) -> None:
    for name in SAME:
        mine, theirs = getattr(exact, name), getattr(found, name)
        assert mine == theirs or (mine != mine and theirs != theirs), name
    assert exact.within_iid_interval == found.within_interval
    for name in ("median", "p75", "p90", "p95"):
        if not math.isnan(found.quantile_error):
            assert_close(getattr(exact, name), getattr(found, name), found.quantile_error)
    assert_close(exact.waiting_median_age, found.waiting_median_age, 0.01)


def assert_close(exact: timedelta | None, found: timedelta | None, error: float) -> None:
    if exact is None or found is None:
        assert exact is found
    else:
        assert abs(exact - found) <= error * exact + timedelta(microseconds=1)


def definition(result: cx.ResponseTimesResult) -> Any:
    return cx.Signature.parse(result.signature).definition


@given(
    seed=st.integers(0, 10**6), parts=st.integers(1, 4), clock=st.sampled_from(CLOCKS),
    schedule=st.sampled_from(["every", "some", "one"]), targets=st.sampled_from(TARGETS),
    policy=st.sampled_from(POLICIES), told=st.sampled_from(["messages", "tickets", "changes", "all"]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_shards_merge_to_the_whole_in_both_times(
    seed: int, parts: int, clock: str, schedule: str, targets: Any, policy: cx.ReplyPolicy, told: str
) -> None:
    messages, tickets, changes = random_log(seed, 16, schedules=schedule != "one")
    hours = SCHEDULES[schedule]
    options = {"hours": hours, "targets": targets, "as_of": NOW, "policy": policy}

    def beside(part: int | None) -> dict[str, Any]:
        """Conversations and changes of one shard, as far as they are told."""

        def some(rows: list[Any], name: str) -> list[Any]:
            return [row for row in rows if part is None or getattr(row, name) % parts == part]

        kept = {"conversations": some(tickets, "id"), "changes": some(changes, "conversation")}
        names = {"messages": (), "tickets": ("conversations",), "changes": ("changes",)}
        return {name: kept[name] for name in names.get(told, tuple(kept))}

    whole = cx.response_times(messages, **beside(None), **options)
    if getattr(whole, clock) is None:
        with pytest.raises(cx.ArgumentValueError, match="clock must be one that the log has"):
            cx.DurationTally.of(messages, clock=clock, **beside(None), **options)
        return
    shards = [
        cx.DurationTally.of(
            [row for row in messages if row.conversation % parts == part], clock=clock, **beside(part), **options
        )
        for part in range(parts)
    ]
    nothing = cx.DurationTally.of([], clock=clock, **options)
    merged = sum([*shards, nothing], start=cx.DurationTally.empty(clock))
    assert merged == cx.DurationTally.of(messages, clock=clock, **beside(None), **options)
    assert merged == cx.DurationTally.from_bytes(merged.to_bytes())
    found = cx.response_times(merged)
    assert (whole.given, whole.n, whole.left_out, whole.as_of) == (found.given, found.n, found.left_out, found.as_of)
    assert_same_waits(getattr(whole, clock), getattr(found, clock))
    for name in ("policy", "hours", *({"first_response", "reply", "resolution"} & {clock})):
        if name != "hours" or clock != "reopened_after":
            assert definition(whole)[name] == definition(found)[name]
    if clock == "reopened_after":  # runs in calendar time only
        assert merged.business is None
        return
    assert_same_waits(getattr(whole, f"business_{clock}"), getattr(found, f"business_{clock}"))
    if clock == "our_resolution":
        assert definition(whole).get("ours") == definition(found).get("ours")


@given(
    seed=st.integers(0, 10**6), clock=st.sampled_from(CLOCKS), policy=st.sampled_from(POLICIES),
    tickets_told=st.booleans(),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_shards_that_tell_little_merge_to_the_whole_where_the_log_is_complete(
    seed: int, clock: str, policy: cx.ReplyPolicy, tickets_told: bool
) -> None:
    """One shard a conversation: most have no status change, no ticket or no hand-off, which the whole log has."""
    messages, tickets, changes = random_log(seed, 9, schedules=False)
    changes = [row for row in changes if row.conversation % 3 == 0]
    tickets = [row for row in tickets if row.id % 2 == 0]
    options: dict[str, Any] = {"hours": BERLIN, "as_of": NOW, "policy": policy}
    given = {"changes": changes, **({"conversations": tickets} if tickets_told else {})}
    whole = cx.response_times(messages, **given, **options)
    if getattr(whole, clock) is None:
        return
    shards = []
    for talk in range(9):
        told = {"changes": [row for row in changes if row.conversation == talk]}
        if tickets_told:
            told["conversations"] = [row for row in tickets if row.id == talk]
        rows = [row for row in messages if row.conversation == talk]
        shards.append(cx.DurationTally.of(rows, clock=clock, complete=True, **told, **options))
    merged = sum(shards, start=cx.DurationTally.empty(clock))
    assert_same_waits(getattr(whole, clock), getattr(cx.response_times(merged), clock))
    assert merged == cx.DurationTally.of(messages, clock=clock, complete=True, **given, **options)


def test_complete_is_a_flag() -> None:
    with pytest.raises(cx.ArgumentTypeError, match="complete must be True or False"):
        cx.DurationTally.of([], complete="yes")


def test_every_clock_was_compared() -> None:
    """The logs above tell all clocks, and waits in all of them."""
    messages, tickets, changes = random_log(7, 24, schedules=True)
    whole = cx.response_times(
        messages, conversations=tickets, changes=changes, hours=SCHEDULES["every"], as_of=NOW
    )  # fmt: skip
    for clock in CLOCKS:
        assert getattr(whole, clock).n > 3, clock
        if clock != "reopened_after":
            assert getattr(whole, f"business_{clock}").n > 3, clock
    assert {"first_response", "reply", "resolution"} < set(
        cx.response_times(messages, changes=changes, by="channel", as_of=NOW).tally
    )


# -- laws --------------------------------------------------------------------------------------------


def tally(seed: int, talks: int, clock: str = "reply", **options: Any) -> cx.DurationTally:
    messages, _, _ = random_log(seed, talks, schedules=False)
    return cx.DurationTally.of(
        messages, clock=clock, **{"hours": BERLIN, "targets": TARGETS[2], "as_of": NOW, **options}
    )  # fmt: skip


tallies = st.builds(tally, st.integers(0, 10**6), st.integers(0, 4))


@given(tallies, tallies, tallies)
@settings(max_examples=30, deadline=None)
def test_merging_is_commutative_and_associative_and_has_an_identity(
    a: cx.DurationTally, b: cx.DurationTally, c: cx.DurationTally
) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a == a + a.emptied() == a.emptied() + a == a + cx.DurationTally.empty("reply")
    assert hash(a + b) == hash(b + a)
    assert a.business is not None
    assert a == cx.DurationTally.from_dict(json.loads(json.dumps(a.to_dict()))) == pickle.loads(pickle.dumps(a))
    assert a.business == cx.DurationTally.from_bytes(a.business.to_bytes())
    assert a == copy.deepcopy(a)


def test_a_night_and_a_weekend_are_not_open() -> None:
    """By hand: 16:00 to 10:00 in Berlin is 2 + 1 hours of the desk; the other is asked on Friday at 17:30."""
    mail = cx.Messages(
        conversation=[1, 1, 2], at=[at(15 * 60), at(24 * 60 + 9 * 60), at(4 * 24 * 60 + 16 * 60 + 30)],
        author=["customer", "agent", "customer"],
    )  # fmt: skip
    promised = cx.ServiceTargets(first_response=2 * HOUR, in_business_time=True)
    options = {"hours": BERLIN, "targets": promised, "as_of": T0 + 7 * DAY + 9 * HOUR}
    one, two = (cx.DurationTally.of(mail[part], **options) for part in (slice(0, 2), slice(2, 3)))
    both = cx.response_times(one + two)
    assert (18 * HOUR, 2 * DAY + 16.5 * HOUR) == (both.first_response.total, both.first_response.longest_waiting)
    assert (3 * HOUR, 1.5 * HOUR) == (
        both.business_first_response.total, both.business_first_response.longest_waiting
    )  # fmt: skip
    assert (None, 2 * HOUR) == (both.first_response.target, both.business_first_response.target)
    assert (0.0, 1) == (both.business_first_response.within_target, both.business_first_response.immature)
    assert math.isnan(both.first_response.within_target)
    assert "|first_response:business 7200s|" in both.signature
    assert (1, 1, True) == (both.answered, both.waiting, one.in_business_time)
    assert f"hours:{BERLIN.digest}" in both.signature
    alone = cx.response_times((one + two).business)
    assert (None, both.business_first_response) == (alone.first_response, alone.business_first_response)
    assert (None, None) == (alone.answered, alone.waiting)


# -- where tallies go --------------------------------------------------------------------------------


def test_groups_windows_and_comparisons_have_business_figures() -> None:
    messages, _, _ = random_log(3, 80, schedules=False)
    options: dict[str, Any] = {"hours": SCHEDULES["every"], "targets": TARGETS[2], "as_of": NOW}
    whole = cx.response_times(messages, by="channel", **options)
    of_groups = {key: parts["reply"] for key, parts in whole.tallies.items()}
    found = cx.Groups.from_tallies(of_groups, cx.response_times, names=["channel"])
    for key in whole:
        assert_same_waits(whole[key].business_reply, found[key].business_reply)
    assert_same_waits(whole.overall.business_reply, found.overall.business_reply)
    assert whole.tally["reply"] == found.tally == cx.DurationTally.of(messages, clock="reply", **options)
    for figure in ("business_reply.median", "business_reply.within_target"):
        change = cx.compare(found["mail"], found["chat"], figure=figure)
        assert change.figure.endswith("business reply" if figure.endswith("median") else "within target")
        assert change.verdict is not None
        assert cx.Signature.parse(change.signature).definition["hours"] == definition(whole.overall)["hours"]
    fence = cx.Fence.from_tally(found.tally.business)
    assert fence.high != cx.Fence.from_tally(found.tally).high

    days = {
        (T0 + number * DAY).date(): [row for row in messages if row.conversation % 20 == number] for number in range(20)
    }
    daily = {day: cx.DurationTally.of(rows, clock="reply", **options) for day, rows in days.items()}
    windows = cx.rolling(cx.Groups.from_tallies(daily, cx.response_times, unit="day"), 20)
    assert_same_waits(whole.overall.business_reply, windows[max(days)].business_reply)


def test_a_window_of_groups_counted_here_has_the_same_tallies() -> None:
    messages, _, _ = random_log(4, 40, schedules=False)
    groups = cx.response_times(messages, by=cx.period("at", "week", tz="UTC"), hours=BERLIN, as_of=NOW)
    assert groups.tally["reply"] == sum(
        (parts["reply"] for parts in groups.tallies.values()), start=cx.DurationTally.empty("reply")
    )


# -- what does not add up ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"hours": None, "targets": TARGETS[1]}, f"hours: '{BERLIN.digest}' and 'none'"),
        ({"hours": NIGHT}, f"hours: '{BERLIN.digest}' and '{NIGHT.digest}'"),
        ({"hours": {"mail": BERLIN}}, f"hours: '{BERLIN.digest}' and 'mail={BERLIN.digest}'"),
        ({"as_of": NOW + DAY}, "as_of: 2026-03-23 00:00:00+00:00 and 2026-03-24 00:00:00+00:00"),
        (
            {"targets": attrs.evolve(TARGETS[2], in_business_time=False)},
            "target: 'business 7200s' and '7200s'",
        ),
        ({"policy": cx.ReplyPolicy(no_hours="zero")}, "policy: "),
    ],
)
def test_unlike_tallies_refuse_to_merge_and_name_both(other: dict[str, Any], named: str) -> None:
    with pytest.raises(cx.MergeError) as refused:
        tally(1, 3) + tally(2, 3, **other)
    assert named in str(refused.value)


def test_a_promise_that_only_reads_alike_is_another() -> None:
    """A channel may be called "business mail", and a signature writes a promise in business time as "business mail"."""
    of_name = cx.ServiceTargets(reply={"business mail": HOUR})
    of_time = cx.ServiceTargets(reply={"mail": HOUR}, in_business_time=True)
    named, timed = (tally(1, 3, targets=targets) for targets in (of_name, of_time))
    assert (named.target, False, True) == (timed.target, named.in_business_time, timed.in_business_time)
    assert {"business mail": HOUR} == cx.response_times(named).reply.target
    assert {"mail": HOUR} == cx.response_times(timed).business_reply.target
    with pytest.raises(cx.MergeError, match="target: 'business mail=3600s' and 'mail=3600s'"):
        named + timed


def test_what_is_ours_must_be_found_alike() -> None:
    """The customer's part of a resolution is read from statuses where there are any, else from turns of messages."""
    messages, tickets, changes = random_log(5, 8, schedules=False)
    options = {"conversations": tickets, "clock": "our_resolution", "hours": BERLIN, "as_of": NOW}
    by_turns, by_status = (
        cx.DurationTally.of(messages, **options, **more) for more in ({}, {"changes": changes})
    )  # fmt: skip
    assert ("turns", "statuses") == (by_turns.ours, by_status.ours)
    with pytest.raises(cx.MergeError, match="ours: 'turns' and 'statuses'"):
        by_turns + by_status
    nothing = cx.DurationTally.of([], clock="our_resolution", hours=BERLIN, as_of=NOW)
    assert (None, by_status) == (nothing.ours, nothing + by_status)
    assert "|ours:statuses|" in cx.response_times(by_status).signature
    assert "ours" not in definition(cx.response_times(by_turns))


# -- errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: cx.DurationTally.of([HOUR], hours=BERLIN), cx.ArgumentTypeError, r"bare durations.*hours\.between"),
        (lambda: cx.DurationTally.of([None], hours=BERLIN), cx.ArgumentTypeError, "hours must be left out"),
        (lambda: cx.DurationTally.of([], open=[HOUR], hours=BERLIN), cx.ArgumentTypeError, "hours must be left out"),
        (lambda: cx.DurationTally.of([], hours="9-5"), cx.ArgumentTypeError, "hours must be BusinessHours, or a map"),
        (lambda: cx.DurationTally.of([HOUR], hours={}), cx.ArgumentTypeError, "hours must be BusinessHours, or a map"),
        (lambda: tally(1, 2, hours=None), cx.ArgumentTypeError, "hours must be given where targets are about business"),
        (
            lambda: cx.DurationTally.of([HOUR], targets=TARGETS[3]),
            cx.ArgumentTypeError,
            "targets must not say in_business_time with bare durations",
        ),
        (
            lambda: cx.DurationTally.from_counts({HOUR: 3}, targets=TARGETS[3]),
            cx.ArgumentTypeError,
            "targets must not say in_business_time with bare durations",
        ),
        (
            lambda: cx.DurationTally.of([cx.Message(conversation=1, at=datetime(2026, 3, 2), author="customer")],
                                        hours=BERLIN),
            cx.MixedTimeZonesError,
            "hours need instants with a zone",
        ),
        (
            lambda: cx.DurationTally.of([], hours=BERLIN, as_of=datetime(2026, 3, 2)),
            cx.MixedTimeZonesError,
            "hours need instants with a zone",
        ),
        (lambda: tally(1, 2, "business_reply"), cx.UnknownNameError, "clock must be one of"),
        (lambda: tally(1, 2, "resolution"), cx.ArgumentValueError, "clock must be one that the log has"),
        (lambda: cx.DurationTally.empty(hours="abc"), cx.ArgumentValueError, "business must be there where"),
        (lambda: cx.response_times(tally(1, 2), hours=BERLIN), cx.ArgumentTypeError, "hours must be left out beside"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_a_change_to_hours_that_nobody_gave_is_named() -> None:
    messages, _, changes = random_log(1, 9, schedules=True)
    with pytest.raises(cx.UnknownNameError, match="a change is to 'night'"):
        cx.DurationTally.of(messages, changes=changes, hours={"mail": BERLIN}, as_of=NOW)


# -- saved tallies -----------------------------------------------------------------------------------

# What release 0.1 wrote before tallies knew of business time.
FIRST_SCHEMA = (
    '{"schema": 1, "kind": "DurationTally", "clock": "first_response", "policy": "cxscore", "target": "600s", '
    '"as_of": 1772442000000000, "aware": true, "n": 2, "waiting": 1, "closed": 0, "lapsed": 0, "abandoned": 0, '
    '"total": 1500000000, "shortest": 300000000, "longest": 1200000000, "longest_waiting": 60000000, '
    '"bins": [[987, 1], [1057, 1]], "open_bins": [[905, 1]], "eligible": 2, "within": 1, "immature": 1, '
    '"waiting_over_target": 0, "edges": [3600000000], "brackets": [2, 0], "chat": false, "rows": 5, '
    '"left_out": {"bot": 1}}'
)
# And with it: an answer after a night, which is 3 hours of the desk.
SECOND_SCHEMA = (
    '{"schema": 2, "kind": "DurationTally", "clock": "reply", "policy": "cxscore", "hours": "c0ffee123456", '
    '"as_of": 1772442000000000, "aware": true, "target": "business 7200s", "n": 1, "waiting": 0, "closed": 0, '
    '"lapsed": 0, "abandoned": 0, "total": 64800000000, "shortest": 64800000000, "longest": 64800000000, '
    '"longest_waiting": null, "bins": [[1258, 1]], "open_bins": [], "eligible": 0, "within": 0, "immature": 0, '
    '"waiting_over_target": 0, "brackets": [0, 1], "edges": [3600000000], "chat": true, "ours": null, "business": '
    '{"target": "7200s", "n": 1, "waiting": 0, "closed": 0, "lapsed": 0, "abandoned": 0, "total": 10800000000, '
    '"shortest": 10800000000, "longest": 10800000000, "longest_waiting": null, "bins": [[1167, 1]], "open_bins": [], '
    '"eligible": 1, "within": 0, "immature": 0, "waiting_over_target": 0, "brackets": [0, 1]}, "rows": 2, '
    '"left_out": {}}'
)


def test_what_was_written_before_there_was_business_time_is_read() -> None:
    old = cx.DurationTally.from_bytes(FIRST_SCHEMA.encode())
    assert ("none", None, 2, {"bot": 1}) == (old.hours, old.business, old.n, old.left_out)
    assert {**json.loads(FIRST_SCHEMA), "schema": 2, "hours": "none", "ours": None, "business": None} == old.to_dict()
    result = cx.response_times(old)
    assert (timedelta(seconds=750), 0.5, None) == (
        result.first_response.mean, result.first_response.within_target, result.business_first_response
    )  # fmt: skip


def test_the_written_form_stays() -> None:
    found = cx.DurationTally.from_bytes(SECOND_SCHEMA.encode())
    assert json.loads(SECOND_SCHEMA) == found.to_dict()
    result = cx.response_times(found)
    assert (18 * HOUR, 3 * HOUR, 0.0) == (
        result.reply.mean, result.business_reply.mean, result.business_reply.within_target
    )  # fmt: skip
    assert_close(3 * HOUR, result.business_reply.median, 0.01)


def test_damage_in_business_time_is_named() -> None:
    data = json.loads(SECOND_SCHEMA)
    for name, value, said in (
        ("target", "60s", "damaged field 'target': business time is held against the same one"),
        ("brackets", [1], "damaged field 'brackets': 1 edges need one count more"),
        ("n", -1, "damaged field 'business' .*damaged field 'n'"),
    ):
        with pytest.raises(cx.ArgumentValueError, match=said):
            cx.DurationTally.from_dict({**data, "business": {**data["business"], name: value}})
    for name, value in (("business", None), ("hours", "none"), ("clock", "business_reply")):
        with pytest.raises(cx.ArgumentValueError, match="business must be there where a clock has hours to run in"):
            cx.DurationTally.from_dict({**data, name: value})
