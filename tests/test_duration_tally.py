"""DurationTally: merge laws, shards, doors, targets, and the results made of it."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections import Counter
from datetime import UTC, datetime, timedelta

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx

T0 = datetime(2026, 3, 2, 9)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TARGET = 10 * MINUTE

spans = st.lists(st.timedeltas(timedelta(0), 3 * DAY) | st.sampled_from([timedelta(0), TARGET, HOUR]), max_size=8)
tallies = st.builds(lambda ended, ages: cx.DurationTally.of(ended, open=ages, targets=TARGET, as_of=T0), spans, spans)
EMPTY = cx.DurationTally.of([], targets=TARGET, as_of=T0)


def message(conversation, minutes, author, **fields):
    return cx.Message(conversation=conversation, at=T0 + minutes * MINUTE, author=author, **fields)


# -- laws --------------------------------------------------------------------------------------------


@given(tallies, tallies, tallies)
def test_merging_is_commutative_and_associative_and_has_an_identity(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a == a + EMPTY == EMPTY + a == a + a.emptied() == a + cx.DurationTally.empty()
    assert a == sum([a], start=cx.DurationTally.empty())
    assert hash(a + b) == hash(b + a)


@given(spans, spans, spans, spans)
def test_a_sum_is_the_tally_of_all(ended, ages, more, older):
    def tally(values, running):
        return cx.DurationTally.of(values, open=running, targets=TARGET)

    assert tally(ended + more, ages + older) == tally(ended, ages) + tally(more, older)
    counted = cx.DurationTally.from_counts(Counter(ended), open=Counter(ages), targets=TARGET)
    assert tally(ended, ages) == counted


@given(tallies)
def test_round_trips(tally):
    assert tally == cx.DurationTally.from_dict(json.loads(json.dumps(tally.to_dict())))
    assert tally == cx.DurationTally.from_bytes(tally.to_bytes()) == pickle.loads(pickle.dumps(tally))
    assert tally == copy.deepcopy(tally)
    assert tally != 3


@given(ended=spans, ages=spans)
@settings(max_examples=60)
def test_counts_are_those_of_a_slow_count(ended, ages):
    tally = cx.DurationTally.of(ended, open=ages, targets=TARGET, brackets=[MINUTE, HOUR])
    assert (len(ended), len(ages), len(ended) + len(ages)) == (tally.n, tally.waiting, tally.given)
    assert sum(ended, timedelta(0)) == tally.total * timedelta(microseconds=1)
    assert (min(ended, default=None), max(ended, default=None), max(ages, default=None)) == tuple(
        None if micros is None else timedelta(microseconds=micros)
        for micros in (tally.shortest, tally.longest, tally.longest_waiting)
    )
    # A bare duration opened long ago; of the open ones only the young are immature.
    old = [age for age in ages if age >= TARGET]
    assert (len(ended) + len(old), len(ages) - len(old)) == (tally.eligible, tally.immature)
    assert (sum(wait <= TARGET for wait in ended), sum(age > TARGET for age in ages)) == (
        tally.within, tally.waiting_over_target
    )  # fmt: skip
    assert (
        sum(wait <= MINUTE for wait in ended),
        sum(MINUTE < wait <= HOUR for wait in ended),
        sum(wait > HOUR for wait in ended),
    ) == tally.brackets  # fmt: skip


# -- shards ------------------------------------------------------------------------------------------


def random_log(seed, size=400, talks=60):
    rng = np.random.default_rng(seed)
    return [
        cx.Message(
            conversation=int(rng.integers(talks)), at=T0 + float(rng.exponential(5_000)) * MINUTE,
            author=str(rng.choice(["customer", "agent", "bot"], p=[0.5, 0.45, 0.05])),
            channel="mail" if rng.random() < 0.1 else "chat", public=bool(rng.random() < 0.9),
        )
        for _ in range(size)
    ]  # fmt: skip


@given(seed=st.integers(0, 10**6), clock=st.sampled_from(["first_response", "reply"]), parts=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_shards_by_conversation_merge_to_the_whole(seed, clock, parts):
    log = random_log(seed)
    options = {
        "as_of": T0 + 20_000 * MINUTE, "targets": cx.ServiceTargets(first_response=HOUR, reply={"chat": HOUR})
    }  # fmt: skip
    shards = [[row for row in log if row.conversation % parts == part] for part in range(parts)] + [[]]
    merged = sum(
        (cx.DurationTally.of(shard, clock=clock, **options) for shard in shards), start=cx.DurationTally.empty(clock)
    )
    assert cx.DurationTally.of(log, clock=clock, **options) == merged
    exact, summary = (
        getattr(cx.response_times(door, **settings), clock) for door, settings in ((log, options), (merged, {}))
    )
    sketched = {
        "median", "median_interval", "median_iid_interval", "p75", "p90", "p95", "waiting_median_age",
        "quantile_error", "_curve",
    }  # fmt: skip
    # A tally knows no conversations, so its intervals are the independent ones.
    sketched |= {"within_interval", "_talks", "_judged_worth", "_median_worth"}
    assert exact.within_iid_interval == summary.within_interval
    same = [field.name for field in attrs.fields(cx.DurationSummary) if field.name not in sketched]
    for name in same:
        left, right = getattr(exact, name), getattr(summary, name)
        assert left == right or (left != left and right != right), name
    assert summary.quantile_error >= 0.01 or math.isnan(summary.quantile_error)
    assert_close(exact.waiting_median_age, summary.waiting_median_age)


def assert_close(exact, found):
    if exact is None:
        assert found is None
    else:
        assert abs(exact - found) <= 0.01 * exact + timedelta(microseconds=1)


@given(st.lists(st.timedeltas(timedelta(0), 900 * DAY), min_size=1, max_size=40), spans)
@settings(max_examples=80)
def test_quantiles_of_a_tally_are_within_one_percent(ended, ages):
    summary = cx.response_times(cx.DurationTally.of(ended)).first_response
    micros = np.array(ended, dtype="m8[us]").astype(np.int64)
    for q in (0.1, 0.5, 0.75, 0.9, 0.95):
        expected = timedelta(microseconds=float(np.quantile(micros, q, method="averaged_inverted_cdf")))
        assert_close(expected, summary.quantile(q))
    assert (max(ended), sum(ended, timedelta(0))) == (summary.longest, summary.total)
    with_open = cx.response_times(cx.DurationTally.of(ended, open=ages)).first_response
    if ages:
        middle = float(np.median(np.array(ages, dtype="m8[us]").astype(np.int64)))
        assert_close(timedelta(microseconds=middle), with_open.waiting_median_age)
        assert max(ages) == with_open.longest_waiting


def test_long_ages_beside_short_waits():
    # The ages of people who wait may lie far beyond every answered wait.
    tally = cx.DurationTally.of([MINUTE] * 5, open=[DAY, 3 * DAY, 5 * DAY])
    summary = cx.response_times(tally).first_response
    assert_close(3 * DAY, summary.waiting_median_age)
    assert_close(MINUTE, summary.median)
    only_open = cx.response_times(cx.DurationTally.of([], open=[DAY])).first_response
    assert (None, DAY, 0, 1) == (only_open.median, only_open.longest_waiting, only_open.n, only_open.waiting)
    assert_close(DAY, only_open.waiting_median_age)
    nothing = cx.response_times(cx.DurationTally.empty()).first_response
    assert {None} == {nothing.median, nothing.mean, nothing.waiting_median_age, nothing.longest}
    assert math.isnan(nothing.within_target)


def test_default_brackets_follow_the_channels_of_all_shards():
    def tally(*channels):
        log = [message(i, 0, "customer", channel=channel) for i, channel in enumerate(channels)]
        log += [message(i, 3 + i * 60, "agent", channel=channel) for i, channel in enumerate(channels)]
        return cx.DurationTally.of(log, as_of=T0 + DAY)

    chat, mail = tally("chat", "sms"), tally("mail", "chat")
    for one in (chat, mail, chat + mail):
        assert (12, 0) == (len(one.brackets) + 1, sum(one.brackets) - one.n)
    assert {"2 min to 5 min": 1, "over 1 h": 1} == nonzero(cx.response_times(chat))
    assert {"up to 1 h": 1, "1 h to 4 h": 1} == nonzero(cx.response_times(mail))
    assert {"up to 1 h": 2, "1 h to 4 h": 2} == nonzero(cx.response_times(chat + mail + EMPTY_LOG))
    assert {"up to 1 h": 1} == nonzero(cx.response_times(cx.DurationTally.of([MINUTE])))
    assert {"up to 1 h": 1} == nonzero(cx.response_times(cx.DurationTally.of([MINUTE], brackets=[HOUR])))
    assert {} == cx.response_times(cx.DurationTally.of([MINUTE], brackets=[])).first_response.brackets


EMPTY_LOG = cx.DurationTally.of([], as_of=T0 + DAY)


def nonzero(result):
    return {name: count for name, count in result.first_response.brackets.items() if count}


# -- of a log ----------------------------------------------------------------------------------------


def test_one_clock_of_a_log():
    log = [message(1, 0, "customer"), message(1, 5, "agent"), message(1, 9, "customer"), message(2, 1, "bot")]
    tickets = [cx.Conversation(id=1, opened_at=T0), cx.Conversation(id=3, opened_at=T0, resolved_at=T0 + HOUR)]
    first, reply, resolution = (
        cx.DurationTally.of(log, clock=clock, conversations=tickets, as_of=T0 + 2 * HOUR)
        for clock in ("first_response", "reply", "resolution")
    )
    assert ((1, 0), (1, 1), (1, 1)) == tuple((tally.n, tally.waiting) for tally in (first, reply, resolution))
    assert (3, 4, {"bot": 1}) == (first.rows, first.given, first.left_out)
    assert (False, int((T0 + 2 * HOUR).replace(tzinfo=UTC).timestamp() * 1e6)) == (first.aware, first.as_of)
    alone = cx.DurationTally.of([], clock="resolution", conversations=tickets, as_of=T0 + 2 * HOUR)
    assert (1, 1) == (alone.n, alone.waiting)
    result = cx.response_times(resolution)
    assert ((None, None, None), 1) == ((result.first_response, result.answered, result.waiting), result.resolution.n)
    with pytest.raises(
        cx.ArgumentValueError, match=r"clock must be one that the log has .*'resolution'; it has first_resp"
    ):
        cx.DurationTally.of(log, clock="resolution")
    with pytest.raises(cx.ArgumentValueError, match="it has none"):
        cx.DurationTally.of(cx.Conversations(id=[1], opened_at=[T0]))


def test_a_closed_and_a_lapsed_wait_are_counted():
    log = [message(1, 0, "customer"), message(2, 0, "customer"), message(3, 0, "customer")]
    tickets = [
        cx.Conversation(id=1, opened_at=T0, resolved_at=T0 + MINUTE),
        cx.Conversation(id=2, opened_at=T0, abandoned_at=T0 + MINUTE),
    ]
    options = {
        "conversations": tickets, "as_of": T0 + DAY, "policy": cx.ReplyPolicy(expires=HOUR), "targets": MINUTE
    }  # fmt: skip
    tally = cx.DurationTally.of(log, **options)
    assert (0, 0, 1, 1, 1, 3) == (
        tally.n, tally.waiting, tally.closed, tally.lapsed, tally.abandoned, tally.eligible
    )  # fmt: skip
    exact, found = cx.response_times(log, **options), cx.response_times(tally)
    assert attrs.evolve(exact.first_response, quantile_error=0.01) == found.first_response
    assert cx.Signature.parse(exact.signature).definition == cx.Signature.parse(found.signature).definition


def test_groups_from_tallies():
    log = random_log(3)
    as_of = T0 + 20_000 * MINUTE
    groups = cx.response_times(log, by="channel", as_of=as_of, targets=HOUR)
    tallies = {key: parts["reply"] for key, parts in groups.tallies.items()}
    merged = cx.Groups.from_tallies(tallies, cx.response_times, names=["channel"])
    assert (list(groups), groups.names) == (list(merged), merged.names)
    for mine, theirs in ((groups[key], merged[key]) for key in groups):
        assert (mine.given, mine.n, mine.left_out, mine.as_of) == (
            theirs.given,
            theirs.n,
            theirs.left_out,
            theirs.as_of,
        )
        assert (mine.reply.n, mine.reply.brackets, mine.reply.mean) == (
            theirs.reply.n, theirs.reply.brackets, theirs.reply.mean
        )  # fmt: skip
        assert_close(mine.reply.longest_waiting, theirs.reply.longest_waiting)
    assert groups.overall.reply.n == merged.overall.reply.n == cx.response_times(groups.tally["reply"]).reply.n
    assert groups["mail"].reply.n == merged.rest("chat").reply.n
    assert cx.DurationTally.of(log, clock="reply", as_of=as_of, targets=HOUR) == merged.tally == groups.tally["reply"]
    # Ticket rows have no reply waits, so no tally of them.
    tickets = cx.Conversations(id=[1], opened_at=[T0], first_response_at=[T0], channel=["mail"])
    assert ["first_response"] == list(cx.response_times(tickets, by="channel").tally)


def test_a_result_of_a_tally():
    tally = cx.DurationTally.of([MINUTE, HOUR], open=[DAY], targets=cx.ServiceTargets(first_response=TARGET))
    result = cx.response_times(tally, confidence=0.9)
    assert (3, 3, 2, 1, 1 / 3) == (
        result.given,
        result.n,
        result.answered,
        result.waiting,
        result.first_response.within_target,
    )
    assert (TARGET, 0.9, None) == (result.first_response.target, result.interval.confidence, result.as_of)
    assert (None, None, None) == (result.conversations, result.mixed, result.touches)
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert result == pickle.loads(pickle.dumps(result))
    assert "|first_response:600s|reply:none|" in result.signature
    with pytest.raises(cx.ArgumentValueError, match=r"table\(\) needs the waits themselves"):
        result.table()
    for name, value in (
        ("conversations", []), ("by", "channel"), ("targets", HOUR), ("as_of", T0), ("brackets", [HOUR]),
        ("policy", cx.ReplyPolicy(expires=DAY)),
    ):  # fmt: skip
        with pytest.raises(cx.ArgumentTypeError, match=f"{name} must be left out beside a tally"):
            cx.response_times(tally, **{name: value})


def test_targets_by_channel_come_back():
    targets = cx.ServiceTargets(first_response={"chat": TARGET})
    log = [message(1, 0, "customer", channel="chat"), message(1, 3, "agent", channel="chat")]
    tally = cx.DurationTally.of(log, targets=targets, as_of=T0 + DAY)
    assert targets.first_response == cx.response_times(tally).first_response.target
    with pytest.raises(cx.ArgumentTypeError, match="targets must be one timedelta with bare durations"):
        cx.DurationTally.of([MINUTE], targets=targets)
    assert tally == tally + cx.DurationTally.of([], targets=targets, as_of=T0 + DAY)


# -- unlike tallies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("clock", cx.DurationTally.of([MINUTE], clock="reply", as_of=T0)),
        ("policy", cx.DurationTally.of([MINUTE], policy=cx.ReplyPolicy(expires=DAY), as_of=T0)),
        ("target", cx.DurationTally.of([MINUTE], targets=MINUTE, as_of=T0)),
        ("as_of", cx.DurationTally.of([MINUTE], as_of=T0 + DAY)),
        ("aware", cx.DurationTally.of([MINUTE], as_of=T0.replace(tzinfo=UTC))),
        ("edges", cx.DurationTally.of([MINUTE], brackets=[HOUR], as_of=T0)),
    ],
)
def test_unlike_tallies_refuse_to_merge(name, other):
    one = cx.DurationTally.of([MINUTE], as_of=T0)
    with pytest.raises(cx.MergeError, match=rf"unlike waits do not add up \(got {name}: "):
        one + other
    with pytest.raises(TypeError):
        one + 1


def test_tallies_that_were_not_written_here():
    with pytest.raises(cx.ArgumentValueError, match=r"DurationTally.to_dict\(\)"):
        cx.DurationTally.from_dict({"kind": "ScoreTally"})
    newer = {**EMPTY.to_dict(), "schema": 99}
    with pytest.raises(cx.ArgumentValueError, match="schema 99"):
        cx.DurationTally.from_dict(newer)


# -- doors -------------------------------------------------------------------------------------------


def test_every_door_gives_the_same():
    values = [90 * SECOND, timedelta(microseconds=1), timedelta(0), 3 * DAY]
    expected = cx.DurationTally.of(values)
    frozen = np.array(values, dtype="m8[us]")
    frozen.flags.writeable = False
    doors = [
        tuple(values), iter(values), frozen, frozen.astype("m8[ns]"), [np.timedelta64(value) for value in values],
        pd.Series(values), pd.Series(values, index=[4, 4, 2, 0]), pl.Series(values), pa.array(values),
        pa.chunked_array([values[:1], values[1:]]),
    ]  # fmt: skip
    for door in doors:
        assert expected == cx.DurationTally.of(door)
    assert cx.DurationTally.of([SECOND]) == cx.DurationTally.of(np.array([1], dtype="m8[s]"))


def test_missing_and_negative_durations():
    for values in (
        [MINUTE, None, -MINUTE],
        np.array([60, "NaT", -60], dtype="m8[s]"),
        pd.Series([MINUTE, pd.NaT, -MINUTE]),
        pl.Series([MINUTE, None, -MINUTE]),
        pa.array([MINUTE, None, -MINUTE]),
    ):
        tally = cx.DurationTally.of(values, invalid="drop")
        assert (1, 1, 3, {"missing": 1, "invalid": 1}) == (tally.n, tally.rows, tally.given, tally.left_out)
        with pytest.raises(cx.InvalidValueError, match=r"data must not be negative .*position 2.*'drop'"):
            cx.DurationTally.of(values)
        with pytest.raises(cx.MissingValueError, match=r"data must have no missing values .*position 1"):
            cx.DurationTally.of(values, missing="raise")
    with pytest.raises(cx.InvalidValueError, match="open must not be negative"):
        cx.DurationTally.of([], open=[-MINUTE])


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: cx.DurationTally.of([5]), cx.ArgumentTypeError, "data must be timedeltas"),
        (lambda: cx.DurationTally.of("5 min"), cx.ArgumentTypeError, "data must be a 1-D column"),
        (lambda: cx.DurationTally.of([MINUTE], clock="second"), cx.UnknownNameError, "clock must be one of"),
        (lambda: cx.DurationTally.empty("second"), cx.UnknownNameError, "clock must be one of"),
        (lambda: cx.DurationTally.of([MINUTE], policy="x"), cx.ArgumentTypeError, "policy must be a ReplyPolicy"),
        (lambda: cx.DurationTally.of([MINUTE], targets=5), cx.ArgumentTypeError, "targets must be a timedelta"),
        (lambda: cx.DurationTally.of([MINUTE], missing="no"), cx.UnknownNameError, "missing must be one of"),
        (lambda: cx.DurationTally.of([MINUTE], invalid="no"), cx.UnknownNameError, "invalid must be one of"),
        (lambda: cx.DurationTally.of([MINUTE], as_of="now"), cx.ArgumentTypeError, "as_of must be"),
        (lambda: cx.DurationTally.of([MINUTE], brackets=[HOUR, SECOND]), cx.InvalidValueError, "ascending"),
        (lambda: cx.DurationTally.of([MINUTE], conversations=[]), cx.ArgumentTypeError, "log must be Message records"),
        (
            lambda: cx.DurationTally.of([message(1, 0, "agent")], open=[MINUTE]),
            cx.ArgumentTypeError,
            "open must be left out with a log",
        ),
        (lambda: cx.DurationTally.from_counts([MINUTE]), cx.ArgumentTypeError, "ended must map durations to counts"),
        (lambda: cx.DurationTally.from_counts({}, open=3), cx.ArgumentTypeError, "open must map durations to counts"),
        (lambda: cx.DurationTally.from_counts({MINUTE: -1}), cx.InvalidValueError, "counts must be whole numbers"),
        (lambda: cx.DurationTally.from_counts({MINUTE: 1.5}), cx.InvalidValueError, "counts must be whole numbers"),
        (lambda: cx.DurationTally.from_counts({-MINUTE: 1}), cx.InvalidValueError, "ended must not be negative"),
        (lambda: cx.DurationTally.from_counts({5: 1}), cx.ArgumentTypeError, "ended must be timedeltas"),
        (lambda: cx.DurationTally.from_counts({None: 1}), cx.MissingValueError, "ended must have no missing"),
    ],
)
def test_bad_input(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_counts_that_nobody_could_write_out():
    tally = cx.DurationTally.from_counts({HOUR: 10**12, MINUTE: 0}, open={DAY: 10**11}, targets=HOUR)
    assert (10**12, 10**11, 10**12 * 3_600_000_000) == (tally.n, tally.waiting, tally.total)
    assert (3_600_000_000, 3_600_000_000) == (tally.shortest, tally.longest)
    result = cx.response_times(tally).first_response
    assert (HOUR, HOUR, 10 / 11) == (result.median, result.mean, result.within_target)


def test_the_stated_error_of_a_tally_holds_with_open_waits_in_the_same_bin() -> None:
    # One bin holds 100 s (open) and 101 s (ended), and does not tell that the open one was last seen first.
    ended, running = [timedelta(seconds=101), timedelta(seconds=200)], [timedelta(seconds=100)]
    summary = cx.response_times(cx.DurationTally.of(ended, open=running)).first_response
    assert summary is not None
    exact = 150.5  # Kaplan-Meier of 101 and 200 with nothing at risk but them: the middle of the two
    found = summary.median
    assert found is not None
    assert abs(found.total_seconds() - exact) / exact <= summary.quantile_error


def test_the_stated_error_is_undefined_where_a_percentile_may_not_be_reached() -> None:
    summary = cx.response_times(
        cx.DurationTally.of([timedelta(seconds=100)], open=[timedelta(seconds=100)])
    ).first_response
    assert summary is not None
    assert math.isnan(summary.quantile_error)
    assert None is summary.to_dict()["quantile_error"]
    assert (
        summary
        == cx.response_times(
            cx.DurationTally.of([timedelta(seconds=100)], open=[timedelta(seconds=100)])
        ).first_response
    )


def test_without_open_waits_the_error_is_that_of_the_bins() -> None:
    summary = cx.response_times(cx.DurationTally.of([timedelta(seconds=100)])).first_response
    assert summary is not None
    assert 0.01 == summary.quantile_error


def test_a_tally_of_messages_with_their_changes():
    nine = T0
    log = cx.Messages(conversation=["a", "a"], at=[nine, nine + 20 * MINUTE], author=["customer", "agent"])
    changes = cx.Changes(
        conversation="a", at=[nine, nine + 5 * MINUTE, nine + HOUR], kind=["created", "handoff", "status"],
        to=[None, None, "solved"],
    )  # fmt: skip
    options = {"changes": changes, "policy": cx.policies.CHATWOOT}
    for clock in ("first_response", "resolution"):
        tally = cx.DurationTally.of(log, clock=clock, **options)
        whole = getattr(cx.response_times(log, **options), clock)
        assert (whole.n, whole.total) == (tally.n, timedelta(microseconds=tally.total))
    assert 1 == cx.DurationTally.of([], changes=changes, clock="resolution").n  # changes tell it alone
    with pytest.raises(cx.ArgumentValueError, match="it has none; first_response needs status changes"):
        cx.DurationTally.of(log, policy=cx.policies.CHATWOOT)
