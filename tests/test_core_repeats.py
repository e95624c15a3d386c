"""Repeat contacts against a plain loop over all pairs, by hand, and against published counts."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxscore._core.repeats import MISSING, NEVER, arrange, judge, judge_parts, per_customer, summarise

CDNOW = Path(__file__).resolve().parents[2] / "shared" / "data" / "cdnow"
DAY = 86_400_000_000


class Row(NamedTuple):
    """One contact of the plain reference."""

    customer: int
    start: int
    end: int | None
    topic: int
    group: int
    resolvable: bool


def column(rows, name):
    return np.array([getattr(row, name) for row in rows], dtype=bool if name == "resolvable" else np.int64)


def ends(rows):
    return np.array([MISSING if row.end is None else row.end for row in rows], dtype=np.int64)


def slow(rows, *, as_of, window, use_ends, use_topics, day_length, since_start, history_from):
    """The definition, contact by contact. Returns plain dictionaries by row, and the chains."""

    def until(i):
        return rows[i].start if not use_ends or rows[i].end is None else rows[i].end

    def anchor(i):
        return rows[i].start if since_start else until(i)

    def match(i, j):
        topics = {rows[i].topic, rows[j].topic}
        return rows[i].customer == rows[j].customer and (not use_topics or -1 in topics or len(topics) == 1)

    order = sorted(
        range(len(rows)),
        key=lambda i: (rows[i].customer, rows[i].start, until(i), use_ends and rows[i].end is not None, i),
    )
    kept = []
    for j in order:
        same_day = [
            i for i in kept if day_length and match(i, j) and rows[i].start // day_length == rows[j].start // day_length
        ]
        if not same_day:
            kept.append(j)
    facts = {}
    root = {}
    for position, i in enumerate(kept):
        later = [j for j in kept[position + 1 :] if match(i, j)]
        delay = rows[later[0]].start - anchor(i) if later else NEVER
        ended = not use_ends or since_start or (rows[i].end is not None and rows[i].end <= as_of)
        reaching = [h for h in kept[:position] if match(h, i) and rows[i].start <= anchor(h) + window]
        root[i] = root[max(reaching, key=lambda h: (anchor(h), kept.index(h)))] if reaching else i
        facts[i] = {
            "delay": delay,
            "followed": delay <= window,
            "mature": ended and anchor(i) + window <= as_of,
            "not_ended": not ended and rows[i].start + window <= as_of,
            "ended": ended,
            "age": as_of - anchor(i),
        }
    chains = {}
    for i in kept:
        chains.setdefault(root[i], []).append(i)
    return kept, facts, chains


def reference_summary(rows, group, **settings):
    """Everything `summarise` reports of one group, from plain sums."""
    kept, facts, chains = slow(rows, **settings)
    window, start_of_history = settings["window"], settings["history_from"]
    if start_of_history is None:
        start_of_history = min((row.start for row in rows), default=0)
    mine = [i for i in kept if rows[i].group == group]
    roots = [i for i in chains if rows[i].group == group]
    known = [i for i in roots if rows[i].start >= start_of_history + window]
    closed = [i for i in known if all(facts[j]["mature"] for j in chains[i])]
    mature = [i for i in mine if facts[i]["mature"]]
    eligible = [i for i in known if facts[i]["mature"]]

    def clusters(trials, hit):
        per = {}
        for i in trials:
            m, r = per.get(rows[i].customer, (0, 0))
            per[rows[i].customer] = (m + 1, r + hit(i))
        return (
            len(per),
            sum(r > 0 for _, r in per.values()),
            sum(m for m, _ in per.values()),
            sum(r for _, r in per.values()),
            sum(r * r for _, r in per.values()),
            sum(r * m for m, r in per.values()),
            sum(m * m for m, _ in per.values()),
        )

    return {
        "contacts": len(mine),
        "mature": len(mature),
        "immature": sum(not facts[i]["mature"] and not facts[i]["not_ended"] for i in mine),
        "not_ended": sum(facts[i]["not_ended"] for i in mine),
        "customers": len({rows[i].customer for i in mine}),
        "repeats": clusters(mature, lambda i: facts[i]["followed"]),
        "first_contact": clusters(eligible, lambda i: not facts[i]["followed"]),
        "net_first_contact": clusters([i for i in eligible if rows[i].resolvable], lambda i: not facts[i]["followed"]),
        "issues": len(known),
        "unknown_history": len(roots) - len(known),
        "closed_issues": len(closed),
        "sizes": sorted(Counter(len(chains[i]) for i in closed).items()),
        "events": sorted(max(0, facts[i]["delay"]) for i in mine if facts[i]["ended"] and facts[i]["followed"]),
        "censored": sorted(
            facts[i]["age"] for i in mine if facts[i]["ended"] and not facts[i]["followed"] and facts[i]["age"] < window
        ),
        "survived": sum(facts[i]["ended"] and not facts[i]["followed"] and facts[i]["age"] >= window for i in mine),
    }


def one_group(summary, g):
    """The same from the arrays."""
    found = {}
    for name in ("contacts", "mature", "immature", "not_ended", "customers", "issues", "unknown_history"):
        found[name] = int(getattr(summary, name)[g])
    for name in ("repeats", "first_contact", "net_first_contact"):
        found[name] = tuple(int(array[g]) for array in getattr(summary, name))
    for name in ("closed_issues", "survived"):
        found[name] = int(getattr(summary, name)[g])
    at = slice(*summary.size_offsets[g : g + 2])
    found["sizes"] = list(zip(summary.sizes[at].tolist(), summary.size_counts[at].tolist(), strict=True))
    found["events"] = summary.events[slice(*summary.event_offsets[g : g + 2])].tolist()
    found["censored"] = summary.censored[slice(*summary.censored_offsets[g : g + 2])].tolist()
    return found


AS_OF = 40


def find_repeats(customer, start, *, as_of, window, **given):
    return judge(arrange(customer, start, as_of=as_of, **given), window=window)


@st.composite
def contacts(draw):
    row = st.builds(
        lambda customer, start, length, topic, group, resolvable: Row(
            customer, start, None if length is None else start + length, topic, group, resolvable
        ),
        st.integers(0, 2),
        st.integers(0, AS_OF),
        st.one_of(st.none(), st.integers(0, 4), st.integers(0, 25)),
        st.integers(-1, 1),
        st.integers(0, 1),
        st.booleans(),
    )
    return draw(st.lists(row, max_size=14))


@settings(max_examples=400, deadline=None)
@given(
    rows=contacts(),
    window=st.integers(1, 12),
    use_ends=st.booleans(),
    use_topics=st.booleans(),
    day_length=st.sampled_from([0, 0, 5]),
    since_start=st.booleans(),
    history_from=st.sampled_from([None, -20, 3]),
    stretch=st.sampled_from([1, 2**50]),
)
def test_equals_a_plain_loop_over_all_pairs(
    rows, window, use_ends, use_topics, day_length, since_start, history_from, stretch
):
    # A stretched clock leaves no room for whole instants in the packed sort key.
    rows = [row._replace(start=row.start * stretch, end=None if row.end is None else row.end * stretch) for row in rows]
    settings = {
        "as_of": AS_OF * stretch,
        "since_start": since_start,
        "history_from": None if history_from is None else history_from * stretch,
    }
    start = column(rows, "start")
    arranged = arrange(
        column(rows, "customer"),
        start,
        end=ends(rows) if use_ends else None,
        topic=column(rows, "topic") if use_topics else None,
        day=start // (day_length * stretch) if day_length else None,
        **settings,
    )
    settings["window"] = window * stretch
    judged = judge(arranged, window=window * stretch)
    settings |= {"use_ends": use_ends, "use_topics": use_topics, "day_length": day_length * stretch}
    kept, facts, chains = slow(rows, **settings)
    order = arranged.order
    found_chains = dict(zip(order[judged.begins].tolist(), judged.chain_size.tolist(), strict=True))
    # A customer at a time.
    parts = judge_parts(arranged, window=window * stretch, least=1)
    summary = summarise(
        parts,
        group=column(rows, "group")[order],
        groups=3,
        resolvable=column(rows, "resolvable")[order],
    )
    together = summarise(parts)
    all_in_one = [row._replace(group=0, resolvable=True) for row in rows]

    assert kept == order.tolist()
    assert [rows[i].customer for i in kept] == judged.customer.tolist()
    collapsed = [] if arranged.collapsed is None else np.flatnonzero(arranged.collapsed)
    assert set(collapsed) == set(range(len(rows))) - set(kept)
    for name in ("delay", "followed", "mature", "not_ended", "ended", "age"):
        assert [facts[i][name] for i in kept] == getattr(judged, name).tolist(), name
    assert {first: len(chain) for first, chain in chains.items()} == found_chains
    for g in range(3):
        assert reference_summary(rows, g, **settings) == one_group(summary, g)
    assert reference_summary(all_in_one, 0, **settings) == one_group(together, 0)


@settings(max_examples=200, deadline=None)
@given(
    rows=contacts(),
    use_ends=st.booleans(),
    since_start=st.booleans(),
    # Microseconds; whole seconds; seconds of which the row has no room for fractions; too long for any row.
    stretch=st.sampled_from([1, 10**6, 2**33 * 10**6, 2**33 * 10**6 + 1, 2**53 * 3]),
)
def test_contacts_that_are_sorted_whole_stand_as_those_that_are_fetched(rows, use_ends, since_start, stretch):
    start, end = column(rows, "start") * stretch, ends(rows)
    end[end != MISSING] *= stretch
    given = {"as_of": AS_OF * stretch, "end": end if use_ends else None, "since_start": since_start}
    expected = arrange(column(rows, "customer"), start, **given)
    actual = arrange(column(rows, "customer"), start, **given, with_order=False)
    for name in ("customer", "begin", "anchor", "ended", "endless"):
        assert getattr(expected, name).tolist() == getattr(actual, name).tolist(), name


def test_whole_contacts_need_no_rows_and_fractions_of_a_second_that_do_not_fit_do():
    customer, start = np.array([1, 0, 1]), np.array([2**43, 0, 2**42]) * 10**6
    assert arrange(customer, start, as_of=start[0], with_order=False).order is None
    assert [1, 2, 0] == arrange(customer, start + [1, 0, 0], as_of=start[0] + 1, with_order=False).order.tolist()
    # The starts are whole seconds, the ends are not.
    assert [1, 2, 0] == arrange(
        customer, start, end=start + [1, 2, 3], as_of=start[0] + 1, with_order=False
    ).order.tolist()


def days(*values):
    return np.array(values, dtype=np.int64) * DAY


def test_a_contact_at_the_same_instant_is_a_repeat_of_the_earlier_row():
    judged = find_repeats(np.array([0, 0]), days(1, 1), as_of=30 * DAY, window=7 * DAY)
    assert judged.followed.tolist() == [True, False]
    assert judged.delay.tolist() == [0, NEVER]


def test_the_last_instant_of_the_window_counts():
    window = 7 * DAY
    start = np.array([0, window, 2 * window + 1])
    judged = find_repeats(np.zeros(3, dtype=np.int64), start, as_of=3 * window, window=window)
    assert judged.followed.tolist() == [True, False, False]
    assert judged.mature.tolist() == [True, True, False]


def test_a_contact_before_the_end_has_a_negative_delay_and_counts_as_at_once():
    judged = find_repeats(np.zeros(2, dtype=np.int64), days(0, 2), end=days(3, 4), as_of=30 * DAY, window=DAY)
    assert judged.delay.tolist() == [-DAY, NEVER]
    assert summarise([judged]).events.tolist() == [0]


def test_a_contact_without_an_end_is_not_ended_only_where_ends_are_recorded():
    start = days(0, 20, 28)
    customer = np.array([0, 1, 2])
    recorded = find_repeats(customer, start, end=np.array([DAY, MISSING, MISSING]), as_of=30 * DAY, window=7 * DAY)
    unrecorded = find_repeats(customer, start, as_of=30 * DAY, window=7 * DAY)
    assert recorded.not_ended.tolist() == [False, True, False]
    assert recorded.mature.tolist() == [True, False, False]
    assert unrecorded.mature.tolist() == [True, True, False]
    assert not unrecorded.not_ended.any()


def test_a_long_contact_reaches_past_a_short_one():
    # The second contact is over on day 1; the third starts while the first still goes on.
    judged = find_repeats(
        np.zeros(3, dtype=np.int64), days(0, 1, 20), end=days(30, 1, 21), as_of=90 * DAY, window=7 * DAY
    )
    assert judged.followed.tolist() == [True, False, False]
    assert judged.chain_size.tolist() == [3]


def test_two_topics_are_two_issues_and_no_topic_joins_the_latest():
    judged = find_repeats(
        np.zeros(4, dtype=np.int64),
        days(0, 1, 2, 3),
        topic=np.array([0, 1, 0, -1]),
        as_of=90 * DAY,
        window=7 * DAY,
    )
    assert judged.delay.tolist() == [2 * DAY, 2 * DAY, DAY, NEVER]
    assert judged.begins.tolist() == [True, True, False, False]
    assert judged.chain_size.tolist() == [3, 1]


def test_inputs_may_be_read_only_and_stay_as_they_were():
    columns = [np.array([1, 0, 1]), days(3, 1, 2), days(4, 1, 9), np.array([0, -1, 0]), np.array([3, 1, 2])]
    before = [values.copy() for values in columns]
    for values in columns:
        values.flags.writeable = False
    customer, start, end, topic, day = columns
    judged = find_repeats(customer, start, end=end, topic=topic, day=day, as_of=9 * DAY, window=DAY)
    summarise([judged], group=(topic + 1)[[1, 2, 0]], groups=2)
    for expected, actual in zip(before, columns, strict=True):
        np.testing.assert_array_equal(expected, actual)


@settings(max_examples=50, deadline=None)
@given(rows=contacts(), seed=st.integers(0, 99))
def test_order_of_the_rows_does_not_matter(rows, seed):
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]

    def figures(rows):
        judged = find_repeats(column(rows, "customer"), column(rows, "start"), end=ends(rows), as_of=AS_OF, window=5)
        return one_group(summarise([judged]), 0)

    assert figures(rows) == figures(shuffled)


@settings(max_examples=50, deadline=None)
@given(rows=contacts())
def test_shards_split_by_customer_add_up(rows):
    def figures(rows):
        judged = find_repeats(
            column(rows, "customer"),
            column(rows, "start"),
            end=ends(rows),
            topic=column(rows, "topic"),
            as_of=AS_OF,
            window=5,
            history_from=0,
        )
        return one_group(summarise([judged]), 0)

    whole = figures(rows)
    left = figures([row for row in rows if row.customer == 0])
    right = figures([row for row in rows if row.customer != 0])
    for name, value in whole.items():
        if isinstance(value, int):
            assert value == left[name] + right[name], name
        elif isinstance(value, tuple):
            assert value == tuple(a + b for a, b in zip(left[name], right[name], strict=True)), name


def cdnow_sample():
    """Customer codes and days of the purchases until 1997-09-30, in the order of the file."""
    customer, day = [], []
    for line in (CDNOW / "CDNOW_sample.txt").read_text().splitlines():
        _, identity, bought, *_ = line.split()
        when = datetime.strptime(bought, "%Y%m%d").date()
        if when <= date(1997, 9, 30):
            customer.append(int(identity) - 1)
            day.append(when.toordinal())
    return np.array(customer), np.array(day)


@pytest.mark.skipif(not CDNOW.exists(), reason="the CDNOW data set is not part of the repository")
@pytest.mark.parametrize(("same_day", "repeats"), [("collapse", 2457), ("count", 2603)])
def test_cdnow_repeat_counts_per_customer(same_day, repeats):
    # Fader & Hardie's sample of 2,357 customers; `frequency` of the customer summary shipped with lifetimes
    # 0.11.3 counts repeat days, and was computed by its authors.
    customer, day = cdnow_sample()
    window = 1000 * DAY
    arranged = arrange(
        customer,
        day * DAY,
        day=day if same_day == "collapse" else None,
        as_of=(date(1997, 9, 30).toordinal() + 1000) * DAY,
    )
    judged = judge(arranged, window=window)
    present, contacts, repeated = per_customer(judged.customer, judged.mature & judged.followed)
    assert list(range(2357)) == present.tolist()
    assert repeats == repeated.sum()
    assert (contacts - 1).tolist() == repeated.tolist()
    assert 2603 - repeats == (0 if arranged.collapsed is None else np.count_nonzero(arranged.collapsed))
    if same_day == "collapse":
        with (CDNOW / "cdnow_customers_summary.csv").open(newline="") as lines:
            expected = [int(row["frequency"]) for row in csv.DictReader(lines)]
        assert expected == repeated.tolist()
