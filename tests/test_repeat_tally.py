"""RepeatTally: shards by customer add up to the whole, and nothing else is let through."""

from __future__ import annotations

import enum
import json
import math
import pickle
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore._contacts import RepeatSettings
from cxscore.tallies._digests import digests
from strategies import contacts as contact_rows

START = datetime(2026, 3, 1)
LATER = START + timedelta(days=30)
DAY = timedelta(days=1)


def contact(customer: Any, day: float, ended: float | None = None, **fields: Any) -> cx.Contact:
    return cx.Contact(
        customer=customer, at=START + day * DAY, ended_at=None if ended is None else START + ended * DAY, **fields
    )


def counted(rows: Any, **options: Any) -> cx.RepeatTally:
    shared = {"as_of": START + timedelta(hours=100), "history_from": START, "ends": True, "invalid": "drop",
              "window": timedelta(hours=9)}  # fmt: skip
    return cx.RepeatTally.of(rows, **{**shared, **options})


EMPTY = cx.RepeatTally.empty(window=timedelta(hours=9))


# -- the merge laws ----------------------------------------------------------------------------------


def by_customer(rows: list[cx.Contact]) -> list[list[cx.Contact]]:
    return [[row for row in rows if row.customer == part] for part in (0, 1, 2, None)]


@given(rows=contact_rows(max_size=20), ends=st.booleans(), since=st.sampled_from(["end", "start"]))
def test_shards_by_customer_add_up_to_the_whole(rows: list[cx.Contact], ends: bool, since: str) -> None:
    options = {"ends": ends, "since": since}
    start = cx.RepeatTally.empty(window=timedelta(hours=9), since=since)
    whole = counted(rows, **options)
    merged = sum((counted(part, **options) for part in by_customer(rows)), start=start)
    assert whole == merged
    assert hash(whole) == hash(merged)
    assert cx.repeat_contacts(whole) == cx.repeat_contacts(merged)


@given(rows=contact_rows(max_size=20))
def test_the_order_of_a_sum_does_not_matter(rows: list[cx.Contact]) -> None:
    one, two, three, four = map(counted, by_customer(rows))
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + two + three + four == four + three + two + one


@given(rows=contact_rows())
def test_an_empty_tally_changes_nothing(rows: list[cx.Contact]) -> None:
    tally = counted(rows)
    for nothing in (EMPTY, tally.emptied(), cx.RepeatTally.empty()):
        assert tally == tally + nothing == nothing + tally
    assert tally == sum([tally], start=cx.RepeatTally.empty())


def test_an_empty_tally_with_settings_of_its_own_refuses_others() -> None:
    short = cx.RepeatTally.empty(window=timedelta(hours=8))
    assert short == short + cx.RepeatTally.empty() == cx.RepeatTally.empty() + short
    with pytest.raises(cx.MergeError, match="window: 28800s and 32400s"):
        short + counted([contact("ada", 0)])


@given(rows=contact_rows())
def test_a_tally_and_the_contacts_give_one_result(rows: list[cx.Contact]) -> None:
    options: dict[str, Any] = {
        "as_of": START + timedelta(hours=100), "history_from": START + timedelta(hours=5), "invalid": "drop",
        "window": timedelta(hours=30), "same_day": "collapse",
    }  # fmt: skip
    tally = cx.RepeatTally.of(rows, **options)
    direct = cx.repeat_contacts(rows, **options)
    assert direct == cx.repeat_contacts(tally, invalid="drop")
    assert (direct.given, direct.n) == (tally.given, tally.n)
    assert tally.given == tally.n + sum(tally.left_out.values())


@given(rows=contact_rows(), cut=st.integers(0, 14))
def test_shards_by_time_are_refused_where_a_customer_stands_in_both(rows: list[cx.Contact], cut: int) -> None:
    rows = sorted((row for row in rows if row.ended_at is None or row.ended_at >= row.at), key=lambda row: row.at)
    rows = [row for row in rows if row.customer is not None and row.at <= START + timedelta(hours=100)]
    early, late = rows[:cut], rows[cut:]
    shared = {row.customer for row in early} & {row.customer for row in late}
    if shared:
        with pytest.raises(cx.MergeError, match=f"got {len(shared)} who do.*split by customer, never by time"):
            counted(early) + counted(late)
    else:
        assert counted(rows) == counted(early) + counted(late)


def test_a_tally_is_never_added_to_itself() -> None:
    tally = counted([contact("ada", 0)])
    with pytest.raises(cx.MergeError, match="got 1 who do"):
        tally + tally


# -- what it holds -----------------------------------------------------------------------------------


def test_the_sums_by_hand() -> None:
    rows = [contact("ada", 10), contact("ada", 12), contact("bob", 11), contact("eve", 29), contact(None, 3)]
    tally = cx.RepeatTally.of(rows, as_of=LATER, history_from=START)
    assert (4, 3, 1, 0, 4) == (tally.contacts, tally.mature, tally.immature, tally.not_ended, tally.ends_missing)
    # clusters, with hits, trials, hits, sums of r r, r m, m m: ada 1 of 2, bob 0 of 1.
    assert (2, 1, 3, 1, 1, 2, 5) == tuple(tally.repeats)
    assert (2, 1, 2, 1, 1, 1, 2) == tuple(tally.first_contact)
    assert [2 * 86_400_000_000] == tally.events.tolist()
    assert [86_400_000_000] == tally.censored.tolist()
    assert (2, 3, 2, {1: 1, 2: 1}) == (tally.survived, tally.issues, tally.closed_issues, tally.issue_sizes)
    assert 3 == len(tally.seen)
    assert {"unknown_customer": 1} == tally.left_out


def test_arrays_cannot_be_written_and_do_not_change_with_their_source() -> None:
    tally = counted([contact("ada", 0), contact("ada", 0.1)])
    for values in (tally.events, tally.censored, tally.seen, pickle.loads(pickle.dumps(tally)).seen):
        with pytest.raises(ValueError, match="read-only"):
            values[:1] = 0


def test_tallies_compare_by_content() -> None:
    one, other = counted([contact("ada", 0)]), counted([contact("bob", 0)])
    assert one == counted([contact("ada", 0)])
    assert one != other  # the customers differ
    assert one != attrs.evolve(one, seen=None)
    assert attrs.evolve(one, seen=None) == attrs.evolve(other, seen=None)
    assert one != "ada"
    with pytest.raises(TypeError):
        one + "ada"
    assert "seen=<1>" in repr(one)
    assert "seen=unknown" in repr(attrs.evolve(one, seen=None))


# -- unlike tallies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"window": timedelta(hours=8)}, "window: 32400s and 28800s"),
        ({"since": "start"}, "since: 'end' and 'start'"),
        ({"same_day": "collapse"}, "same_day: 'count' and 'collapse'"),
        ({"as_of": LATER}, "as_of: "),
        ({"history_from": None}, "history_from: .*give as_of=, history_from= and ends= to each"),
        ({"ends": False}, "ends: True and False"),
    ],
)
def test_unlike_tallies_do_not_add_up(options: dict[str, Any], text: str) -> None:
    with pytest.raises(cx.MergeError, match=text):
        counted([contact("ada", 0)]) + counted([contact("bob", 0.5)], **options)


def test_naive_and_aware_tallies_do_not_add_up() -> None:
    zone = {"as_of": None, "history_from": None}
    aware = cx.Contact(customer="ada", at=START.replace(tzinfo=UTC))
    with pytest.raises(cx.MergeError, match="aware: False and True"):
        counted([contact("bob", 0)], **zone) + counted([aware], **zone)


def test_days_cut_in_two_zones_do_not_add_up() -> None:
    def shard(name: str, tz: str) -> cx.RepeatTally:
        rows = cx.Contacts(customer=name, at=[START.replace(tzinfo=UTC)], tz=tz)
        return cx.RepeatTally.of(rows, same_day="collapse")

    assert 2 == (shard("ada", "Europe/Berlin") + shard("bob", "Europe/Berlin")).n
    with pytest.raises(cx.MergeError, match="zone: 'Europe/Berlin' and 'Asia/Tokyo'"):
        shard("ada", "Europe/Berlin") + shard("bob", "Asia/Tokyo")


def test_defaults_are_taken_from_the_rows_and_the_error_says_so() -> None:
    one, other = cx.RepeatTally.of([contact("ada", 0)]), cx.RepeatTally.of([contact("bob", 1)])
    with pytest.raises(cx.MergeError, match="which a shard takes from its own rows otherwise"):
        one + other


def test_a_shard_without_rows_takes_over_what_it_does_not_know() -> None:
    some = cx.RepeatTally.of([contact("ada", 0, 1)], as_of=LATER)
    assert some == some + cx.RepeatTally.of([]) == cx.RepeatTally.of([], as_of=LATER) + some
    assert (None, None) == (cx.RepeatTally.of([]).settings.ends, cx.RepeatTally.of([]).settings.as_of)
    assert cx.RepeatTally.of([], ends=False).settings.ends is False


def test_a_tally_that_does_not_know_its_customers_stays_alone() -> None:
    alone = cx.RepeatTally(settings=RepeatSettings(window=604_800_000_000), contacts=3)
    with pytest.raises(cx.MergeError, match="got one that does not know its customers"):
        alone + cx.RepeatTally.of([contact("ada", 0)])
    assert 3 == cx.repeat_contacts(alone).contacts


@pytest.mark.parametrize("ends", [1, "yes"])
def test_ends_are_recorded_or_not(ends: Any) -> None:
    with pytest.raises(cx.ArgumentTypeError, match="ends must be True, False or None"):
        cx.RepeatTally.of([contact("ada", 0)], ends=ends)


def test_ends_can_be_set_aside_or_insisted_on() -> None:
    rows = [contact("ada", 0, 3), contact("ada", 9)]
    assert 1 == cx.RepeatTally.of(rows, as_of=LATER).repeats.hits
    aside = cx.RepeatTally.of(rows, as_of=LATER, ends=False)
    assert (0, 2) == (aside.repeats.hits, aside.mature)
    insisted = cx.RepeatTally.of([contact("ada", 0)], as_of=LATER, ends=True)
    assert (0, 1) == (insisted.mature, insisted.not_ended)


# -- the metric takes tallies ------------------------------------------------------------------------


def test_the_metric_takes_the_settings_of_a_tally() -> None:
    tally = cx.RepeatTally.of(
        [contact("ada", 0), contact("ada", 10)], window=14 * DAY, since="start", same_day="collapse", as_of=LATER
    )
    result = cx.repeat_contacts(tally)
    assert (14 * DAY, LATER, 1) == (result.window, result.as_of, result.repeats)
    assert "window:1209600s|since:start|same_day:collapse" in result.signature
    assert result == cx.repeat_contacts(tally, window=14 * DAY, since="start", same_day="collapse")


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"window": timedelta(days=7)}, cx.ArgumentValueError, "window must be what the tally was counted with"),
        ({"since": "start"}, cx.ArgumentValueError, "since must be what the tally"),
        ({"same_day": "collapse"}, cx.ArgumentValueError, "same_day must be what the tally"),
        ({"by": "channel"}, cx.ArgumentTypeError, "by must be left out beside a tally"),
        ({"as_of": LATER}, cx.ArgumentTypeError, "as_of must be left out beside a tally"),
        ({"history_from": LATER}, cx.ArgumentTypeError, "history_from must be left out beside a tally"),
    ],
)
def test_what_a_tally_has_settled_cannot_be_asked_for(options: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        cx.repeat_contacts(counted([contact("ada", 0)]), **options)


def test_a_tally_knows_no_busiest_customers() -> None:
    with pytest.raises(cx.ArgumentValueError, match="busiest needs the contacts themselves"):
        cx.repeat_contacts(counted([contact("ada", 0)])).busiest()


def test_groups_of_tallies() -> None:
    rows = {name: [contact(name, 0, channel="x"), contact(name, 2, channel="y")] for name in ("ada", "bob")}
    tallies = {name: cx.RepeatTally.of(some, as_of=LATER) for name, some in rows.items()}
    found = cx.Groups.from_tallies(tallies, cx.repeat_contacts, names=["region"])
    everyone = [row for some in rows.values() for row in some]
    whole = cx.repeat_contacts(everyone, as_of=LATER)
    assert whole == found.overall
    assert found["bob"] == found.rest("ada")
    alone = cx.Groups.from_tallies({"ada": tallies["ada"]}, cx.repeat_contacts)
    assert (0, LATER) == (alone.rest("ada").n, alone.rest("ada").as_of)
    by_region = cx.repeat_contacts(everyone, by="customer", as_of=LATER)
    assert tallies == by_region.tallies
    assert found.overall == cx.repeat_contacts(by_region.tally)
    # A customer with contacts in both groups would be counted twice.
    by_channel = cx.repeat_contacts(everyone, by="channel", as_of=LATER)
    assert 4 == by_channel.tally.n
    with pytest.raises(cx.MergeError, match="got 2 who do, of 2 and 2"):
        cx.Groups.from_tallies(by_channel.tallies, cx.repeat_contacts)


# -- writing and reading -----------------------------------------------------------------------------


@given(rows=contact_rows())
def test_a_tally_comes_back_from_json_bytes_and_pickle(rows: list[cx.Contact]) -> None:
    tally = counted(rows)
    assert tally == cx.RepeatTally.from_dict(json.loads(json.dumps(tally.to_dict())))
    assert tally == cx.RepeatTally.from_bytes(tally.to_bytes())
    assert tally == pickle.loads(pickle.dumps(tally))
    assert attrs.evolve(tally, seen=None) == cx.RepeatTally.from_dict(attrs.evolve(tally, seen=None).to_dict())


@given(
    rows=contact_rows(), since=st.sampled_from(["end", "start"]), same_day=st.sampled_from(["count", "collapse"]),
    ends=st.none() | st.booleans(),
)  # fmt: skip
def test_what_any_group_counts_agrees_and_is_read(
    rows: list[cx.Contact], since: str, same_day: str, ends: bool | None
) -> None:
    found = cx.repeat_contacts(
        rows, by="channel", as_of=START + timedelta(hours=50), since=since, same_day=same_day, invalid="drop",
        window=timedelta(hours=9),
    )  # fmt: skip
    for tally in (*found.tallies.values(), counted(rows, since=since, same_day=same_day, ends=ends)):
        assert tally == cx.RepeatTally.from_dict(tally.to_dict())


def test_a_tally_written_by_release_0_1_is_read() -> None:
    # Written by schema 1: ada on 1 and 3 March, bob on 2 March 2026, seven days, as of 31 March.
    written = {
        "schema": 1,
        "kind": "RepeatTally",
        "settings": {
            "window": 604800000000, "since": "end", "same_day": "count", "zone": None, "as_of": 1774915200000000,
            "history_from": 1772323200000000, "aware": False, "ends": False,
        },
        "contacts": 3, "mature": 3, "immature": 0, "not_ended": 0, "ends_missing": 3, "customers": 2, "issues": 0,
        "unknown_history": 2, "survived": 2,
        "repeats": [2, 1, 3, 1, 1, 2, 5], "first_contact": [0] * 7, "net_first_contact": [0] * 7,
        "issue_sizes": [], "events": "AMCuOygAAAA=", "censored": "", "seen": "BkNpACOoPgzYJMPkhAdVxQ==", "left_out": {},
    }  # fmt: skip
    rows = [contact("ada", 0), contact("ada", 2), contact("bob", 1)]
    assert cx.RepeatTally.of(rows, as_of=LATER) == cx.RepeatTally.from_dict(written)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"kind": "ScoreTally", "schema": 1}, "what RepeatTally.to_dict.. wrote"),
        ({"kind": "RepeatTally", "schema": 99}, "schema 99, this release reads up to 1"),
        ([], "what RepeatTally.to_dict.. wrote"),
    ],
)
def test_other_data_are_refused(data: Any, text: str) -> None:
    with pytest.raises(cx.ArgumentValueError, match=text):
        cx.RepeatTally.from_dict(data)


# -- who is who --------------------------------------------------------------------------------------


class Shop(enum.Enum):
    """A label that is an enum."""

    NORTH = 1
    SOUTH = 2


def digest(label: Any) -> int:
    (found,) = digests([label], np.array([0]), "customers").tolist()
    return int(found)


SAME = [
    (7, 7.0, np.int16(7), Decimal(7), Fraction(7), np.float32(7)),
    (1, True),
    (0.5, Decimal("0.5"), Fraction(1, 2)),
    (2**70, float(2**70), Decimal(2**70)),
    (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))),
    ((1, "a"), (1.0, "a")),
    (math.inf,),
    (1j,),
]


@pytest.mark.parametrize("labels", SAME, ids=str)
def test_equal_labels_have_one_digest(labels: tuple[Any, ...]) -> None:
    assert 1 == len(set(labels))
    assert 1 == len({digest(label) for label in labels})


def test_other_labels_have_others() -> None:
    labels = [
        0, 1, -1, 2**63 - 1, -(2**63), 2**63, 0.5, "1", "", b"1", "ada", "Ada", "\ud800", date(2026, 1, 1),
        datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), uuid.UUID(int=1), uuid.UUID(int=2), Shop.NORTH,
        Shop.SOUTH, (), ("a", "b"), ("ab",), (("a",), "b"), ("a", ("b",)), math.inf, -math.inf, Decimal("NaN"),
    ]  # fmt: skip
    assert len(labels) == len({digest(label) for label in labels})


def test_a_digest_is_the_same_everywhere_and_for_ever() -> None:
    # splitmix64 from the seeds 0 and 1, as published in Vigna's splitmix64.c; blake2b is in RFC 7693.
    assert 0xE220A8397B1DCDAF == digest(0)
    assert 0x910A2DEC89025CC1 == digest(1)
    assert digest(5) == int(digests(range(3, 9), np.array([2]), "customers")[0])


@pytest.mark.parametrize("label", [object(), frozenset("ab"), Shop])
def test_labels_without_a_stable_text_are_refused(label: Any) -> None:
    rows = [contact(label, 0)]
    assert 1 == cx.repeat_contacts(rows).n
    with pytest.raises(cx.ArgumentTypeError, match="customers must be texts, numbers"):
        cx.RepeatTally.of(rows)


@pytest.mark.parametrize("build", [list, np.array, pd.Series, pl.Series])
@pytest.mark.parametrize("labels", [[5, 900_000_000_000, 5, -3], ["ada", "bob", "ada", "eve"], [3, 4, 3, 9]])
def test_every_door_knows_the_same_customers(build: Callable[[Any], Any], labels: list[Any]) -> None:
    at = [START + hours * DAY / 24 for hours in range(4)]
    expected = cx.RepeatTally.of([cx.Contact(customer=who, at=when) for who, when in zip(labels, at, strict=True)])
    assert expected == cx.RepeatTally.of(cx.Contacts(customer=build(labels), at=at))
