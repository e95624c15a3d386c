"""Repeat contacts: every rule by hand, everything at once against a plain loop, and real data."""

from __future__ import annotations

import csv
import gzip
import json
import math
import pickle
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import cxscore as cx
from cxscore._core.distributions import z_value
from strategies import contacts as contact_rows

DAY = timedelta(days=1)
WEEK = 7 * DAY
START = datetime(2026, 3, 1)
LATER = START + 60 * DAY


def contact(customer: Any, day: float, ended: float | None = None, **fields: Any) -> cx.Contact:
    return cx.Contact(
        customer=customer, at=START + day * DAY, ended_at=None if ended is None else START + ended * DAY, **fields
    )


def measured(*rows: cx.Contact, **options: Any) -> cx.RepeatContactsResult:
    return cx.repeat_contacts(rows, **{"as_of": LATER, "history_from": START - WEEK, **options})


# -- the rules, one by one ---------------------------------------------------------------------------


def test_a_contact_at_the_same_instant_is_a_repeat_of_the_one_that_sorts_before_it() -> None:
    result = measured(contact("ada", 1), contact("ada", 1))
    assert (2, 1) == (result.mature, result.repeats)


def test_the_last_instant_of_the_window_belongs_to_it() -> None:
    just = timedelta(microseconds=1)
    ada, bob = contact("ada", 0), contact("bob", 0)
    result = measured(
        ada, cx.Contact(customer="ada", at=ada.at + WEEK), bob, cx.Contact(customer="bob", at=bob.at + WEEK + just)
    )
    assert 1 == result.repeats
    assert [("ada", 2, 1), ("bob", 2, 0)] == result.busiest(2)


@pytest.mark.parametrize(("since", "repeats"), [("end", 1), ("start", 0)])
def test_a_contact_before_the_end_is_a_repeat_and_the_start_measures_otherwise(since: Any, repeats: int) -> None:
    result = measured(contact("ada", 0, 9), contact("ada", 8, 8.5), window=3 * DAY, since=since)
    assert repeats == result.repeats
    assert 2 == result.mature
    assert f"since:{since}" in result.signature


def test_an_end_gives_the_window_more_room() -> None:
    assert 1 == measured(contact("ada", 0, 3), contact("ada", 9, 9)).repeats
    assert 0 == measured(contact("ada", 0), contact("ada", 9)).repeats


def test_topics_match_where_both_are_known() -> None:
    apart = measured(contact("ada", 0, topic="bill"), contact("ada", 1, topic="login"))
    assert (0, 2, 1) == (apart.repeats, apart.issues, apart.longest_issue)
    same = measured(contact("ada", 0, topic="bill"), contact("ada", 1, topic="bill"))
    assert (1, 1, 2) == (same.repeats, same.issues, same.longest_issue)
    one_unknown = measured(contact("ada", 0, topic="bill"), contact("ada", 1))
    assert (1, 1) == (one_unknown.repeats, one_unknown.issues)


def test_other_customers_are_no_repeat() -> None:
    assert 0 == measured(contact("ada", 0), contact("bob", 1)).repeats


def test_young_contacts_are_immature_even_when_they_were_followed() -> None:
    result = measured(contact("ada", 51), contact("ada", 54), contact("bob", 53), as_of=START + 60 * DAY)
    assert (3, 2, 1, 0) == (result.contacts, result.mature, result.immature, result.not_ended)
    assert (1, 0.5) == (result.repeats, result.rate)


def test_contacts_that_have_not_ended_stand_beside_the_rate() -> None:
    rows = [contact("ada", 0, 1), contact("bob", 10), contact("eve", 59), contact("ida", 20, 90)]
    result = measured(*rows)
    # bob has no end at all, ida's lies after as_of: neither had ended; eve may still end in time.
    assert (1, 1, 2) == (result.mature, result.immature, result.not_ended)
    assert 3 == result.ends_missing
    assert result.contacts == result.mature + result.immature + result.not_ended


def test_without_a_single_end_the_starts_are_used_and_counted() -> None:
    result = measured(contact("ada", 0), contact("ada", 1))
    assert (2, 0, 2) == (result.mature, result.not_ended, result.ends_missing)
    assert 0 == measured(contact("ada", 0), contact("ada", 1), since="start").ends_missing
    batch = cx.Contacts(customer=["ada", "ada"], at=[START, START + DAY], ended_at=[None, None])
    assert result == measured_batch(batch)


def measured_batch(batch: cx.Contacts, **options: Any) -> cx.RepeatContactsResult:
    return cx.repeat_contacts(batch, **{"as_of": LATER, "history_from": START - WEEK, **options})


def test_what_happens_after_as_of_has_not_happened() -> None:
    past = [contact("ada", 0, 2), contact("ada", 30), contact("bob", 3, 4)]
    future = [contact("ada", 0, 2), contact("ada", 30, 80), contact("bob", 3, 4), contact("bob", 61, 62)]
    then, now = measured(*past), measured(*future)
    assert {cx.LeftOut.AFTER_AS_OF: 1} == now.left_out
    assert then.to_dict() | {"given": 4, "left_out": {"after_as_of": 1}} == now.to_dict()


def test_first_contacts_of_unknown_history_begin_no_issue() -> None:
    rows = [contact("ada", 0), contact("bob", 6.9), contact("eve", 7), contact("ida", 30), contact("ida", 31)]
    result = cx.repeat_contacts(rows, as_of=LATER)
    assert (2, 2, 2) == (result.unknown_history, result.issues, result.mature_issues)
    assert 0.5 == result.first_contact_resolution
    assert {1: 1, 2: 1} == result.issue_sizes
    assert 0 == cx.repeat_contacts(rows, as_of=LATER, history_from=START - WEEK).unknown_history


def test_a_repeat_of_an_unknown_past_is_no_new_issue() -> None:
    # day 6 may continue what was before the records; day 12 continues day 6.
    result = cx.repeat_contacts([contact("eve", 0), contact("ada", 6), contact("ada", 12)], as_of=LATER)
    assert (0, 2) == (result.issues, result.unknown_history)
    assert math.isnan(result.first_contact_resolution)
    assert math.isnan(result.contacts_per_issue)
    assert result.longest_issue is None


def test_first_contact_resolution_gross_and_net() -> None:
    rows = [
        contact("ada", 0),
        contact("bob", 0),
        contact("eve", 0),
        contact("eve", 2),
        contact("ida", 0, resolvable=False),
        contact("ida", 3),
    ]
    result = measured(*rows)
    assert (4, 4) == (result.issues, result.mature_issues)
    assert 2 / 4 == result.first_contact_resolution
    assert 2 / 3 == pytest.approx(result.net_first_contact_resolution)
    # One issue a customer: clustering changes nothing, and the limits are Wilson's of 2 of 4.
    assert cx.intervals.proportion(2, 4) == pytest.approx(tuple(result.first_contact_resolution_interval))
    assert cx.intervals.proportion(2, 3) == pytest.approx(tuple(result.net_first_contact_resolution_interval))


def test_published_first_contact_resolution() -> None:
    # SQM Group, "FCR metric operating philosophy": 280 of 400 callers resolved in one call are 70 %.
    rows = [contact(caller, 0) for caller in range(400)] + [contact(caller, 2) for caller in range(280, 400)]
    result = measured(*rows)
    assert 0.7 == pytest.approx(result.first_contact_resolution, abs=1e-12)
    assert 400 == result.mature_issues
    assert 520 / 400 == result.contacts_per_issue


def test_a_chain_of_repeats_is_one_issue() -> None:
    rows = [contact("ada", day) for day in (0, 5, 10, 40)] + [contact("bob", 3), contact("eve", 50), contact("eve", 55)]
    result = measured(*rows)
    assert (4, 1) == (result.issues, result.open_issues)  # eve may come back until day 62
    assert {1: 2, 3: 1} == result.issue_sizes
    assert (5 / 3, 3) == (result.contacts_per_issue, result.longest_issue)
    assert (3, 2, 3) == (result.customers, result.repeat_customers, result.repeats)


@pytest.mark.parametrize(("same_day", "contacts"), [("count", 3), ("collapse", 2)])
def test_contacts_of_one_day(same_day: Any, contacts: int) -> None:
    result = measured(contact("ada", 0.1), contact("ada", 0.9), contact("ada", 1.1), same_day=same_day)
    assert (contacts, contacts - 1) == (result.n, result.repeats)
    assert 3 - contacts == result.left_out.get(cx.LeftOut.SAME_DAY, 0)
    assert f"same_day:{same_day}|v:1" in result.signature


def test_days_of_aware_instants_are_cut_in_a_named_zone() -> None:
    at = [datetime(2026, 3, 1, 23, 30, tzinfo=UTC), datetime(2026, 3, 2, 0, 30, tzinfo=UTC)]
    rows = [cx.Contact(customer="ada", at=when) for when in at]
    berlin = cx.Contacts.from_records(rows, tz="Europe/Berlin")  # half past midnight and half past one
    zulu = cx.Contacts.from_records(rows, tz=UTC)
    assert 1 == cx.repeat_contacts(berlin, same_day="collapse").n
    assert 2 == cx.repeat_contacts(zulu, same_day="collapse").n
    assert "|same_day:collapse|tz:Europe/Berlin|" in cx.repeat_contacts(berlin, same_day="collapse").signature
    with pytest.raises(cx.MixedTimeZonesError, match=r"same_day='collapse' needs the zone .* tz='Europe/Berlin'"):
        cx.repeat_contacts(rows, same_day="collapse")


def test_days_are_cut_right_where_the_clock_changes() -> None:
    # In Berlin 29 March 2026 begins at 23:00 UTC and ends at 22:00 UTC.
    zone = ZoneInfo("Europe/Berlin")
    edges = [datetime(2026, 3, 28, 22, 59), datetime(2026, 3, 28, 23), datetime(2026, 3, 29, 21, 59),
             datetime(2026, 3, 29, 22)]  # fmt: skip
    batch = cx.Contacts(customer="ada", at=[edge.replace(tzinfo=UTC) for edge in edges], tz=zone)
    assert 3 == cx.repeat_contacts(batch, same_day="collapse").n
    same = cx.Contacts(customer="ada", at=[edge.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
                                           for edge in edges], tz="Europe/Berlin")  # fmt: skip
    assert cx.repeat_contacts(batch, same_day="collapse") == cx.repeat_contacts(same, same_day="collapse")


def test_every_reason_is_counted_once() -> None:
    rows = [
        contact("ada", 0, 1),
        contact("ada", 0.2, 0.3),
        contact(None, 3, 4),
        contact("bob", 5, 4),
        contact("bob", 70, 71),
        contact(None, 80, 79),
    ]
    batch = cx.Contacts(
        customer=[row.customer for row in rows] + ["eve"], at=[row.at for row in rows] + [None],
        ended_at=[row.ended_at for row in rows] + [None],
    )  # fmt: skip
    result = cx.repeat_contacts(batch, as_of=LATER, same_day="collapse", invalid="drop")
    assert {"missing": 1, "after_as_of": 2, "invalid": 1, "unknown_customer": 1, "same_day": 1} == result.left_out
    assert (7, 1) == (result.given, result.n)


# -- how sure ----------------------------------------------------------------------------------------


def test_the_interval_is_clustered_by_customer() -> None:
    # ada 3 of 4, bob 0 of 4, p = 3/8: sum of (r - p m)^2 is (3/2)^2 + (3/2)^2 = 9/2 over two customers, so
    # n_eff = p (1 - p) 8^2 / (9/2) * (1/2) / (7/8) = 40/21, and Student's quantiles with 7 and 1 degrees of freedom
    # bring that below one contact.
    rows = [contact("ada", day) for day in (0, 1, 2, 3)] + [contact("bob", day) for day in (0, 10, 20, 30)]
    result = measured(*rows)
    assert (8, 3) == (result.mature, result.repeats)
    assert result.effective_n == 1.0
    assert cx.intervals.proportion(3 / 8, 1.0) == pytest.approx(tuple(result.interval))
    assert cx.intervals.proportion(3, 8) == pytest.approx(tuple(result.iid_interval))
    assert result.signature.endswith("cluster:customer")


def test_clusters_never_tell_more_than_as_many_independent_contacts() -> None:
    # Half of each of forty customers' two contacts came back, but for one: unlike by less than chance, which is no
    # reason for a narrower interval. Only what few customers leave unknown is taken off.
    rows = [contact(name, day) for name in range(40) for day in (0, 1)] + [contact("bob", 5)]
    result = measured(*rows)
    quantiles = stats.t.ppf(0.975, 80) / stats.t.ppf(0.975, 81**2 / (40 * 4 + 1) - 1)
    assert 81 * quantiles**2 == pytest.approx(result.effective_n)


def test_customers_who_differ_widen_the_interval() -> None:
    rows = [contact("ada", hour / 24) for hour in range(10)] + [contact(name, 20) for name in range(10)]
    result = measured(*rows)
    assert result.effective_n < result.mature
    assert result.interval.low < result.iid_interval.low
    assert result.iid_interval.high < result.interval.high


@pytest.mark.parametrize(
    ("rows", "rate", "kish"),
    [
        ([contact("ada", 0), contact("ada", 20), contact("bob", 5)], 0.0, 9 / 5),
        ([contact("ada", 0), contact("ada", 1), contact("bob", 5), contact("bob", 6)], 0.5, 16 / 8),
    ],
    ids=["nobody came back", "every customer alike"],
)
def test_where_nothing_varies_kish_counts_customers(rows: list[cx.Contact], rate: float, kish: float) -> None:
    result = measured(*rows)
    assert (rate, kish) == (result.rate, pytest.approx(result.effective_n))
    assert cx.intervals.proportion(rate * kish, kish) == pytest.approx(tuple(result.interval))


def test_confidence_widens_every_interval() -> None:
    rows = [contact("ada", 0), contact("ada", 1), contact("bob", 5), contact("eve", 57)]
    narrow, wide = measured(*rows, confidence=0.8), measured(*rows, confidence=0.99)
    for name in ("interval", "iid_interval", "kaplan_meier_interval", "first_contact_resolution_interval"):
        assert getattr(wide, name).low < getattr(narrow, name).low < getattr(narrow, name).high
        assert 0.99 == getattr(wide, name).confidence
    assert "conf:0.8" in narrow.signature


# 6-MP arm of the leukaemia trial of Freireich et al. (1963): weeks, and whether remission ended.
GEHAN = [(10, 1), (7, 1), (32, 0), (23, 1), (22, 1), (6, 1), (16, 1), (34, 0), (32, 0), (25, 0), (11, 0), (20, 0),
         (19, 0), (6, 1), (17, 0), (35, 0), (6, 1), (13, 1), (9, 0), (6, 0), (10, 0)]  # fmt: skip


@pytest.mark.parametrize(
    ("window", "survival", "error"),
    [  # R 4.2.2, survival::survfit on MASS::gehan: S and its standard error
        (6, 0.857142857142857, 0.0763603548321213),
        (7, 0.80672268907563, 0.0869352851800572),
        (10, 0.752941176470588, 0.0963496529943205),
        (13, 0.690196078431372, 0.10681470777501),
        (16, 0.627450980392157, 0.114053865256753),
        (22, 0.53781512605042, 0.128233751693034),
        (23, 0.448179271708683, 0.13459145675576),
    ],
)
def test_published_kaplan_meier_table(window: int, survival: float, error: float) -> None:
    # A remission that ended is a contact followed by one at as_of itself, which is too young to say anything.
    rows = []
    for patient, (weeks, ended) in enumerate(GEHAN):
        rows += [contact(patient, -weeks)] + [contact(patient, 0)] * ended
    result = cx.repeat_contacts(rows, as_of=START, window=window * DAY, confidence=0.95)
    assert 1 - survival == pytest.approx(result.kaplan_meier_rate, abs=1e-9)
    assert 21 + sum(ended for _, ended in GEHAN) == result.kaplan_meier_n
    shift = z_value(0.95) * error / survival / math.log(survival)
    limits = (1 - survival ** math.exp(shift), 1 - survival ** math.exp(-shift))
    assert limits == pytest.approx(tuple(result.kaplan_meier_interval), abs=1e-9)
    assert "log-log" == result.kaplan_meier_interval.method


@pytest.mark.parametrize("came_back", [True, False])
def test_kaplan_meier_at_its_ends_takes_wilson(came_back: bool) -> None:
    # The second contact of each is of unknown outcome and age 0: it is at risk of nothing.
    rows = [contact(name, 59) for name in range(4)]
    again = [contact(name, 60) for name in range(4)] if came_back else []
    result = measured(*rows, *again)
    assert ("wilson", 4 + len(again)) == (result.kaplan_meier_interval.method, result.kaplan_meier_n)
    n = result.kaplan_meier_n
    assert float(came_back) == result.kaplan_meier_rate
    assert cx.intervals.proportion(n * came_back, n) == pytest.approx(tuple(result.kaplan_meier_interval))


def test_kaplan_meier_counts_the_young_where_the_rate_does_not() -> None:
    # 30 days of contacts, every third customer back after 0.1 to 6.9 days: leaving out by age is fair,
    # counting young ones as not followed is not.
    rng = np.random.default_rng(5)
    rows = []
    for customer in range(4_000):
        first = float(rng.uniform(0, 30))
        rows.append(contact(customer, first))
        back = first + float(rng.uniform(0.1, 6.9))
        if customer % 3 == 0 and back < 30:
            rows.append(contact(customer, back, topic="again"))
    firsts = [row for row in rows if row.topic is None]
    result = cx.repeat_contacts(rows, as_of=START + 30 * DAY, window=WEEK)
    naive = (len(rows) - len(firsts)) / len(rows)
    # The second contacts are never followed, so the truth over both kinds is a third over one and a third.
    assert naive < 0.25 - 0.02
    assert 0.25 == pytest.approx(result.kaplan_meier_rate, abs=0.02)
    assert 0.25 == pytest.approx(result.rate, abs=0.02)


# -- everything at once, against a plain loop --------------------------------------------------------


def wilson(k: float, n: float, z: float) -> tuple[float, float]:
    middle, root = k + z * z / 2, z * math.sqrt(k * (n - k) / n + z * z / 4)
    return (middle - root) / (n + z * z), (middle + root) / (n + z * z)


def clustered(trials: Sequence[cx.Contact], hits: set[int], z: float) -> tuple[float, tuple[float, float]]:
    """A share and its limits from the residuals of the customers, in exact arithmetic but for Student's quantiles."""
    if not trials:
        return math.nan, (math.nan, math.nan)
    m, r = Counter(row.customer for row in trials), Counter(row.customer for row in trials if id(row) in hits)
    n, p = len(trials), Fraction(sum(r.values()), len(trials))
    spread = sum((r[customer] - p * m[customer]) ** 2 for customer in m)
    customers = Fraction(n**2, sum(size**2 for size in m.values()))
    effective = float(customers)
    if p * (1 - p) and spread:
        v_cluster = spread / n**2 * customers / (customers - 1)
        told = min(p * (1 - p) * Fraction(n, n - 1) / v_cluster, Fraction(n))
        level = stats.norm.cdf(z)
        many, few = (stats.t.ppf(level, max(float(k) - 1.0, 1.0)) for k in (n, customers))
        effective = max(1.0, float(told) * (many / few) ** 2)
    return float(p), wilson(float(p) * effective, effective, z)


def product_limit(events: list[timedelta], censored: list[timedelta], window: timedelta) -> tuple[float, float]:
    survival, greenwood = 1.0, 0.0
    for time in sorted(set(events)):
        at_risk = sum(e >= time for e in events) + sum(c >= time for c in censored)
        died = events.count(time)
        if time <= window:
            survival *= 1 - died / at_risk
            greenwood += math.inf if died == at_risk else died / at_risk / (at_risk - died)
    return survival, greenwood


def reference(
    rows: Sequence[cx.Contact],
    *,
    window: timedelta,
    since: str,
    as_of: datetime | None,
    history_from: datetime | None,
    same_day: str,
    hours: cx.BusinessHours | dict[str | None, cx.BusinessHours] | None = None,
) -> dict[str, Any]:
    """The definition, contact by contact."""
    one_for_all = not isinstance(hours, dict)

    def schedule(row: cx.Contact) -> cx.BusinessHours | None:
        return hours[row.channel] if isinstance(hours, dict) else hours

    instants = [when for row in rows for when in (row.at, row.ended_at) if when is not None]
    now = as_of or max(instants, default=None)
    first = history_from or min((row.at for row in rows), default=None)
    recorded = any(row.ended_at is not None for row in rows)
    left: Counter[str] = Counter()
    kept: list[cx.Contact] = []

    def end(row: cx.Contact) -> datetime | None:
        return row.ended_at if recorded and row.ended_at is not None and row.ended_at <= now else None

    def match(one: cx.Contact, other: cx.Contact) -> bool:
        topics = {one.topic, other.topic}
        return one.customer == other.customer and (None in topics or len(topics) == 1)

    def anchor(row: cx.Contact) -> datetime:
        return row.at if since == "start" else end(row) or row.at

    def until(row: cx.Contact, start: datetime) -> datetime:
        own = schedule(row)
        return start + window if own is None else own.add(start, window)

    def span(row: cx.Contact, start: datetime, stop: datetime) -> timedelta:
        own = schedule(row)
        return stop - start if own is None else own.between(start, stop)

    def done(row: cx.Contact) -> bool:
        return since == "start" or not recorded or end(row) is not None

    for row in rows:
        if row.at > now:
            left["after_as_of"] += 1
        elif row.ended_at is not None and row.ended_at < row.at:
            left["invalid"] += 1
        elif row.customer is None:
            left["unknown_customer"] += 1
        else:
            kept.append(row)
    line: list[cx.Contact] = []
    for row in sorted(kept, key=lambda row: (row.customer, row.at, end(row) or datetime.min)):
        if same_day == "collapse" and any(match(one, row) and one.at.date() == row.at.date() for one in line):
            left["same_day"] += 1
        else:
            line.append(row)
    followers = {id(row): next((one for one in line[i + 1 :] if match(row, one)), None) for i, row in enumerate(line)}
    place = {id(row): i for i, row in enumerate(line)}
    root: dict[int, cx.Contact] = {}
    for i, row in enumerate(line):
        reaching = [one for one in line[:i] if match(one, row) and row.at <= until(one, anchor(one))]
        reach = anchor if one_for_all else lambda one: until(one, anchor(one))
        best = max(reaching, key=lambda one: (reach(one), place[id(one)]), default=None)
        root[id(row)] = row if best is None else root[id(best)]

    came = {key: (anchor(line[place[key]]), row.at) for key, row in followers.items() if row is not None}
    by_id = {id(row): row for row in line}
    delay = {key: span(by_id[key], *pair) for key, pair in came.items()}
    followed = {key for key, (ended, again) in came.items() if again <= until(by_id[key], ended)}
    mature = [row for row in line if done(row) and until(row, anchor(row)) <= now]
    not_ended = [row for row in line if not done(row) and until(row, row.at) <= now]
    chains: dict[int, list[cx.Contact]] = {}
    for row in line:
        chains.setdefault(id(root[id(row)]), []).append(row)
    issues = [row for row in line if id(row) in chains and row.at >= until(row, first)]
    closed = [chains[id(row)] for row in issues if all(one in mature for one in chains[id(row)])]
    z = z_value(0.95)
    once = set(map(id, line)) - followed
    tried = [row for row in issues if row in mature]
    rate, interval = clustered(mature, followed, z)
    resolution, resolution_interval = clustered(tried, once, z)
    net, net_interval = clustered([row for row in tried if row.resolvable], once, z)
    events = [max(delay[id(row)], timedelta(0)) for row in line if done(row) and id(row) in followed]
    censored = [span(row, anchor(row), now) for row in line if done(row) and id(row) not in followed]
    survival, greenwood = product_limit(events, censored, window)
    known = len(events) + len(censored)
    if not known:
        survival, limits = math.nan, (math.nan, math.nan)
    elif 0 < survival < 1:
        shift = z * math.sqrt(greenwood) / math.log(survival)
        limits = (1 - survival ** math.exp(shift), 1 - survival ** math.exp(-shift))
    else:
        limits = wilson(known * (1.0 - survival), known, z)
    visits = Counter(row.customer for row in line)
    back = Counter(row.customer for row in mature if id(row) in followed)
    sizes = Counter(map(len, closed))
    return {
        "given": len(rows),
        "n": len(line),
        "left_out": dict(left),
        "rate": rate,
        "interval": interval,
        "iid_interval": wilson(sum(back.values()), len(mature), z) if mature else (math.nan, math.nan),
        "kaplan_meier_rate": 1 - survival,
        "kaplan_meier_interval": limits,
        "kaplan_meier_n": known,
        "contacts": len(line),
        "mature": len(mature),
        "immature": len(line) - len(mature) - len(not_ended),
        "not_ended": len(not_ended),
        "ends_missing": 0 if since == "start" else sum(end(row) is None for row in line),
        "repeats": sum(back.values()),
        "customers": len(visits),
        "repeat_customers": len(back),
        "issues": len(issues),
        "mature_issues": len(tried),
        "open_issues": len(issues) - len(closed),
        "unknown_history": len(chains) - len(issues),
        "first_contact_resolution": resolution,
        "first_contact_resolution_interval": resolution_interval,
        "net_first_contact_resolution": net,
        "net_first_contact_resolution_interval": net_interval,
        "contacts_per_issue": sum(map(len, closed)) / len(closed) if closed else math.nan,
        "issue_sizes": dict(sizes),
        "longest_issue": max(sizes, default=None),
        "as_of": now,
        "busiest": sorted(((name, visits[name], back[name]) for name in visits), key=lambda x: (-x[1], -x[2], x[0])),
    }


SETTINGS = st.fixed_dictionaries(
    {
        "window": st.sampled_from([1, 5, 24, 30, 72]).map(lambda hours: timedelta(hours=hours)),
        "since": st.sampled_from(["end", "start"]),
        "as_of": st.sampled_from([None, START + timedelta(hours=90), START + timedelta(hours=400)]),
        "history_from": st.sampled_from([None, START - 9 * DAY, START + timedelta(hours=30)]),
        "same_day": st.sampled_from(["count", "collapse"]),
    }
)


@hypothesis.settings(max_examples=150)
@given(rows=contact_rows(), settings=SETTINGS)
def test_the_whole_result_equals_a_plain_loop(rows: list[cx.Contact], settings: dict[str, Any]) -> None:
    check(cx.repeat_contacts(rows, invalid="drop", **settings), reference(rows, **settings))


SCHEDULES = (
    cx.BusinessHours("24/7", tz="UTC"),
    cx.BusinessHours({"mon-sun": ["09:00-17:00"]}, tz="UTC"),
    cx.BusinessHours({"mon-fri": ["08:00-12:00", "13:00-17:00"]}, tz="UTC", holidays=[datetime(2026, 3, 3)]),
)


@hypothesis.settings(max_examples=150)
@given(rows=contact_rows(), settings=SETTINGS, hours=st.sampled_from(SCHEDULES))
def test_windows_of_business_time_equal_a_plain_loop(
    rows: list[cx.Contact], settings: dict[str, Any], hours: cx.BusinessHours
) -> None:
    result = cx.repeat_contacts(cx.Contacts.from_records(rows, tz="UTC"), invalid="drop", hours=hours, **settings)
    expected = reference(rows, hours=hours, **settings)
    if rows:  # where there is no instant, nothing makes those of the call aware
        expected["as_of"] = expected["as_of"].replace(tzinfo=UTC)
    check(result, expected)


@hypothesis.settings(max_examples=150)
@given(rows=contact_rows(), settings=SETTINGS, schedules=st.permutations(SCHEDULES))
def test_one_schedule_a_channel_equals_a_plain_loop(
    rows: list[cx.Contact], settings: dict[str, Any], schedules: list[cx.BusinessHours]
) -> None:
    hours = dict(zip(("chat", "mail", None), schedules, strict=True))
    result = cx.repeat_contacts(cx.Contacts.from_records(rows, tz="UTC"), invalid="drop", hours=hours, **settings)
    expected = reference(rows, hours=hours, **settings)
    if rows:
        expected["as_of"] = expected["as_of"].replace(tzinfo=UTC)
    check(result, expected)


def test_one_schedule_for_all_channels_counts_like_that_schedule() -> None:
    rows = cx.Contacts(
        customer=["ada", "bob", "ada", "bob"], at=[datetime(2026, 3, day, 10) for day in (2, 2, 4, 20)],
        channel=["chat", "mail", "mail", "chat"], tz="UTC",
    )  # fmt: skip
    settings = {"as_of": datetime(2026, 6, 1, tzinfo=UTC), "window": timedelta(hours=20)}
    alike = cx.repeat_contacts(rows, hours=dict.fromkeys(("chat", "mail"), OFFICE), **settings)
    assert alike.rate == 0.25
    assert alike.interval == cx.repeat_contacts(rows, hours=OFFICE, **settings).interval
    assert f"|hours:chat={OFFICE.digest},mail={OFFICE.digest}|" in alike.signature


def check(result: cx.RepeatContactsResult, expected: dict[str, Any]) -> None:
    assert expected.pop("busiest")[:5] == [tuple(row) for row in result.busiest(5)]
    for name, value in expected.items():
        found = getattr(result, name)
        if isinstance(value, tuple):
            found = tuple(found)
        if isinstance(value, (float, tuple)):
            assert value == pytest.approx(found, rel=1e-9, abs=1e-9, nan_ok=True), name
        else:
            assert value == found, name
    assert result.given == result.n + sum(result.left_out.values())
    assert result.n == result.mature + result.immature + result.not_ended


@given(rows=contact_rows(), settings=SETTINGS, groups=st.lists(st.sampled_from(["a", "b", None]), min_size=14))
def test_groups_divide_the_whole_and_rest_is_the_others(
    rows: list[cx.Contact], settings: dict[str, Any], groups: list[Any]
) -> None:
    labels = np.array(groups[: len(rows)], dtype=object)
    found = cx.repeat_contacts(rows, by=labels, invalid="drop", **settings)
    overall, results, rest = found.overall, dict(found), {key: found.rest(key) for key in found}
    assert cx.repeat_contacts(rows, invalid="drop", **settings) == overall
    for name in ("given", "contacts", "mature", "immature", "not_ended", "ends_missing", "repeats", "issues",
                 "mature_issues", "open_issues", "unknown_history", "kaplan_meier_n"):  # fmt: skip
        whole = getattr(overall, name)
        assert whole == sum(getattr(result, name) for result in results.values()), name
        for key, result in results.items():
            assert whole == getattr(result, name) + getattr(rest[key], name), (name, key)
        assert [getattr(result, name) for result in results.values()] == found.column(name).tolist()
    for name in ("rate", "interval.low", "first_contact_resolution_interval.high", "kaplan_meier_rate"):
        column: list[Any] = list(results.values())
        for part in name.split("."):
            column = [getattr(value, part) for value in column]
        np.testing.assert_array_equal(np.array(column, dtype=float), found.column(name))


@given(rows=contact_rows(), settings=SETTINGS, seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(rows: list[cx.Contact], settings: dict[str, Any], seed: int) -> None:
    rows = list({(row.customer, row.at): row for row in rows}.values())  # what ties in all, its row decides
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    one, other = (cx.repeat_contacts(some, invalid="drop", **settings) for some in (rows, shuffled))
    assert one == other
    assert one.busiest(3) == other.busiest(3)


# -- groups ------------------------------------------------------------------------------------------

MIXED = [
    contact("ada", 0, channel="chat", agent="x"),
    contact("ada", 2, channel="mail", agent="y"),
    contact("bob", 10, channel="mail", agent="x"),
    contact("eve", 11, channel="chat", agent="x"),
    contact("eve", 12, channel="chat", agent="y"),
    contact("eve", 13, channel=None, agent="y"),
    contact(None, 13, channel="fax"),
]


def test_a_contact_belongs_to_the_group_of_its_own_row() -> None:
    found = cx.repeat_contacts(MIXED, by="channel", as_of=LATER, history_from=START - WEEK)
    assert ["chat", "fax", "mail", None] == list(found)
    assert ("channel",) == found.names
    assert (3, 3, 1.0) == (found["chat"].mature, found["chat"].repeats, found["chat"].rate)
    assert (2, 0) == (found["mail"].mature, found["mail"].repeats)
    assert (0, 1, {"unknown_customer": 1}) == (found["fax"].n, found["fax"].given, found["fax"].left_out)
    assert math.isnan(found["fax"].rate)
    np.testing.assert_array_equal([1.0, math.nan, 0.0, 0.0], found.scores)


def test_a_customer_of_two_groups_counts_once_in_the_whole() -> None:
    found = cx.repeat_contacts(MIXED, by="channel", as_of=LATER)
    assert [2, 0, 2, 1] == found.column("customers").tolist()
    assert 3 == found.overall.customers
    assert 2 == found.rest("mail").customers
    assert [("ada", 1, 1), ("eve", 2, 2)] == sorted(found["chat"].busiest())
    assert [("ada", 1, 0), ("bob", 1, 0), ("eve", 1, 0)] == sorted(found.rest("chat").busiest())


def test_groups_give_columns_dicts_and_survive_pickling() -> None:
    found = cx.repeat_contacts(MIXED, by=["channel", "agent"], as_of=LATER)
    assert [("chat", "x"), ("chat", "y"), ("fax", None), ("mail", "x"), ("mail", "y"), (None, "y")] == list(found)
    assert np.int64 == found.column("mature").dtype
    assert [WEEK] * 6 == found.column("window").tolist()
    rows = found.to_dicts()
    assert ("chat", "x", 1.0) == (rows[0]["channel"], rows[0]["agent"], rows[0]["rate"])
    again = pickle.loads(pickle.dumps(found))
    assert found == again
    assert found["chat", "x"].busiest() == again["chat", "x"].busiest()
    with pytest.raises(cx.UnknownNameError, match="column must name a field"):
        found.column("nothing")
    with pytest.raises(cx.UnknownNameError, match="numeric field"):
        found.column("interval")


def test_no_rows_make_no_groups_and_an_undefined_result() -> None:
    nothing = cx.repeat_contacts([])
    assert (0, 0, None, {}) == (nothing.given, nothing.n, nothing.as_of, nothing.issue_sizes)
    for name in ("rate", "effective_n", "kaplan_meier_rate", "first_contact_resolution", "contacts_per_issue"):
        assert math.isnan(getattr(nothing, name)), name
    assert [] == nothing.busiest()
    assert "repeat rate undefined (no interval, n=0 mature contacts)" == str(nothing)
    groups = cx.repeat_contacts([], by="channel")
    assert 0 == len(groups)
    assert nothing == groups.overall
    assert [] == groups.column("rate").tolist()
    assert [] == groups.scores.tolist()


# -- doors -------------------------------------------------------------------------------------------


def test_records_batches_and_frames_give_the_same() -> None:
    rows = [contact(f"c{i % 5}", i * 1.7 % 40, i * 1.7 % 40 + 0.5, topic="ab"[i % 2]) for i in range(40)]
    table = {name: [getattr(row, name) for row in rows] for name in ("customer", "at", "ended_at", "topic")}
    expected = cx.repeat_contacts(rows, as_of=LATER)
    names = {name: name for name in table}
    doors = [
        iter(rows),
        tuple(rows),
        cx.Contacts.from_records(rows),
        cx.Contacts(**table),
        cx.Contacts.from_frame(pd.DataFrame(table), **names),
        cx.Contacts.from_frame(pl.DataFrame(table), **names),
        cx.Contacts.from_frame(pl.DataFrame(table).to_arrow(), **names),
    ]
    for door in doors:
        found = cx.repeat_contacts(door, as_of=LATER)
        assert expected == found
        assert expected.busiest(3) == found.busiest(3)


def test_small_integer_codes_do_not_overflow() -> None:
    n = 300
    at = np.datetime64("2026-03-01", "s") + np.arange(n) * np.timedelta64(1, "h")
    customer = (np.arange(n) % 100).astype(np.int8)
    small = cx.repeat_contacts(cx.Contacts(customer=customer, at=at, topic=customer))
    large = cx.repeat_contacts(cx.Contacts(customer=customer.astype(np.int64), at=at, topic=customer.astype(object)))
    assert large == small
    assert 100 == small.customers


def test_nothing_is_changed_and_read_only_arrays_are_taken() -> None:
    columns = {
        "customer": np.array([2, 1, 2, 1]),
        "at": np.array(["2026-03-05", "2026-03-01", "2026-03-01", "2026-03-01"], dtype="M8[us]"),
        "ended_at": np.array(["2026-03-06", "NaT", "2026-03-02", "2026-03-09"], dtype="M8[us]"),
    }
    before = {name: values.copy() for name, values in columns.items()}
    for values in columns.values():
        values.flags.writeable = False
    result = cx.repeat_contacts(cx.Contacts(**columns), by=np.array([0, 1, 0, 1]), same_day="collapse")
    assert 2 == len(result)
    for name, values in columns.items():
        np.testing.assert_array_equal(before[name], values)


def test_aware_instants_count_in_utc() -> None:
    zone = timezone(timedelta(hours=5))
    at = [datetime(2026, 3, 1, tzinfo=zone), datetime(2026, 3, 8, tzinfo=UTC)]
    result = cx.repeat_contacts(
        [cx.Contact(customer=1, at=when) for when in at], as_of=datetime(2026, 4, 1, tzinfo=zone)
    )
    assert 0 == result.repeats  # seven days and five hours
    assert datetime(2026, 3, 31, 19, tzinfo=UTC) == result.as_of
    assert UTC == result.as_of.tzinfo
    naive = cx.Contacts(customer=1, at=[datetime(2026, 3, 1), datetime(2026, 3, 8)], tz="Asia/Karachi")
    assert 1 == cx.repeat_contacts(naive, as_of=datetime(2026, 4, 1)).repeats


@pytest.mark.parametrize("empty", [[], cx.Contacts(customer=[None], at=[None])])
@pytest.mark.parametrize("zone", [None, UTC])
def test_as_of_stands_where_no_row_has_an_instant(empty: Any, zone: Any) -> None:
    now = datetime(2026, 4, 1, tzinfo=zone)
    result = cx.repeat_contacts(empty, as_of=now, history_from=now)
    assert now == result.as_of
    assert zone == result.as_of.tzinfo


def test_a_window_longer_than_the_calendar_is_for_ever() -> None:
    result = measured(contact("ada", 0), contact("ada", 40), window=timedelta(days=999_999_999))
    assert (0, 2) == (result.mature, result.immature)
    assert timedelta(days=999_999_999) == result.window


def test_a_window_of_part_of_a_second_is_written_out() -> None:
    assert "window:0.25s" in measured(contact("ada", 0), window=timedelta(milliseconds=250)).signature


# -- the result --------------------------------------------------------------------------------------


def test_the_signature_says_how_the_figure_was_made() -> None:
    expected = (
        "cxscore|repeat_contacts|window:604800s|since:end|same_day:count|v:1 ; "
        "ci:wilson|conf:0.95|missing:drop|invalid:raise|cluster:customer"
    )
    result = measured(contact("ada", 0))
    assert expected == result.signature
    assert expected == cx.repeat_contacts([]).signature
    assert "604800s" == cx.Signature.parse(result.signature).definition["window"]


def test_the_result_reads_compares_and_survives() -> None:
    rows = [contact("ada", 0), contact("ada", 1), contact("bob", 5), contact("eve", 58)]
    result = measured(*rows)
    assert "repeat rate 33.3% (95% CI 2.5 to 90.6, n=3 mature contacts)" == str(result)
    assert result.headline == result.rate
    again = pickle.loads(pickle.dumps(result))
    assert result == again
    assert hash(result) == hash(again)
    assert result.busiest() == again.busiest() == pickle.loads(pickle.dumps(again)).busiest()
    assert result != measured(*rows[:3])
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (604_800.0, "2026-04-30T00:00:00") == (plain["window_seconds"], plain["as_of"])
    assert {"1": 1, "2": 1} == plain["issue_sizes"]
    assert "people" not in plain
    shown = result._repr_html_()
    for text in ("repeats within 7.0 d", "1 of 3 mature contacts", "longest 2", "2026-04-30 00:00:00"):
        assert text in shown
    assert "unknown" in cx.repeat_contacts([])._repr_html_()


def test_busiest_breaks_ties_by_repeats_and_then_by_label() -> None:
    rows = [contact("d", 0), contact("c", 0), contact("c", 20), contact("b", 0), contact("b", 1), contact("a", 5)]
    assert [("b", 2, 1), ("c", 2, 0), ("a", 1, 0)] == measured(*rows).busiest(3)
    unlike = [contact("7", 0), contact(7, 0), contact(("x",), 0)]
    assert [(7, 1, 0), ("7", 1, 0), (("x",), 1, 0)] == measured(*unlike).busiest()


@pytest.mark.parametrize("k", [0, -1, True, 2.0, "3"])
def test_busiest_wants_a_whole_number(k: Any) -> None:
    with pytest.raises(cx.ArgumentValueError, match="k must be a whole number of 1 or more"):
        measured(contact("ada", 0)).busiest(k)


# -- what is refused ---------------------------------------------------------------------------------

ONE = [contact("ada", 0)]
ZULU = LATER.replace(tzinfo=UTC)
AWARE = [cx.Contact(customer="ada", at=START.replace(tzinfo=UTC))]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cx.repeat_contacts(ONE, window=7), cx.ArgumentTypeError, r"window=timedelta\(days=7\)"),
        (lambda: cx.repeat_contacts(ONE, window=timedelta(0)), cx.InvalidValueError, "longer than zero"),
        (lambda: cx.repeat_contacts(ONE, window=-WEEK), cx.InvalidValueError, "longer than zero"),
        (lambda: cx.repeat_contacts(ONE, since="begin"), cx.UnknownNameError, "'end', 'start'"),
        (lambda: cx.repeat_contacts(ONE, same_day="drop"), cx.UnknownNameError, "'count', 'collapse'"),
        (lambda: cx.repeat_contacts(ONE, missing="keep"), cx.UnknownNameError, "'drop', 'raise'"),
        (lambda: cx.repeat_contacts(ONE, invalid="keep"), cx.UnknownNameError, "'raise', 'drop'"),
        (lambda: cx.repeat_contacts(ONE, confidence=95), cx.ArgumentValueError, "did you mean 0.95"),
        (lambda: cx.repeat_contacts(ONE, by="chanel"), cx.UnknownNameError, "known columns: customer, at"),
        (lambda: cx.repeat_contacts(ONE, by=["a", "b"]), cx.UnknownNameError, "known columns"),
        (lambda: cx.repeat_contacts(ONE, by=np.array([1, 2])), cx.LengthError, "by must have one value for each"),
        (lambda: cx.repeat_contacts(AWARE, as_of=LATER), cx.MixedTimeZonesError, "as_of must follow the same rule"),
        (lambda: cx.repeat_contacts(ONE, history_from=ZULU), cx.MixedTimeZonesError, "history_from"),
        (lambda: cx.repeat_contacts(ONE, as_of="2026-04-01"), cx.ArgumentTypeError, "as_of must be datetimes"),
        (lambda: cx.repeat_contacts([], as_of=1), cx.ArgumentTypeError, "as_of"),
        (lambda: cx.repeat_contacts(ONE + AWARE), cx.MixedTimeZonesError, "aware"),
        (lambda: cx.repeat_contacts(["ada", "bob"]), cx.ArgumentTypeError, r"cx\.Contacts\(customer=\.\.\., at="),
        (lambda: cx.repeat_contacts(pd.Series(["ada"])), cx.ArgumentTypeError, r"cx\.Contacts\(customer="),
        (lambda: cx.repeat_contacts([cx.SurveyResponse(score=9)]), cx.ArgumentTypeError, "Contact records"),
        (lambda: cx.repeat_contacts(cx.Responses(score=[9])), cx.ArgumentTypeError, "Contact records"),
        (lambda: cx.repeat_contacts(ONE, [START]), cx.ArgumentTypeError, r"cx\.Contacts\(customer="),
        (lambda: cx.repeat_contacts(ONE, days=7), cx.ArgumentTypeError, r"window=timedelta\(days=7\)"),
        (lambda: cx.repeat_contacts(customer=[1], at=[START]), cx.ArgumentTypeError, r"cx\.Contacts\(customer="),
        (lambda: cx.repeat_contacts(ONE, tz="UTC"), cx.ArgumentTypeError, r"cx\.Contacts\(\.\.\., tz='UTC'\)"),
    ],
)  # fmt: skip
def test_wrong_calls_name_a_way_out(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_an_end_before_its_start_is_refused_with_its_place() -> None:
    rows = [contact("ada", 0, 1), contact("ada", 3, 2), contact(None, 5, 4)]
    with pytest.raises(cx.InvalidValueError, match="ended_at must not lie before at") as caught:
        cx.repeat_contacts(rows)
    assert ((1, 2), 2, "ended_at") == (caught.value.positions, caught.value.count, caught.value.argument)
    assert {"invalid": 2} == cx.repeat_contacts(rows, invalid="drop").left_out


@pytest.mark.parametrize(("customer", "at", "name"), [("ada", None, "at"), (None, START, "customer")])
def test_missing_values_are_refused_on_request(customer: Any, at: Any, name: str) -> None:
    batch = cx.Contacts(customer=["bob", customer], at=[START, at])
    with pytest.raises(cx.MissingValueError, match=f"{name} must have no missing values") as caught:
        cx.repeat_contacts(batch, missing="raise")
    assert (1,) == caught.value.positions
    assert 1 == cx.repeat_contacts(batch).n
    whole = cx.Contacts(customer=["bob"], at=[START])
    assert 1 == cx.repeat_contacts(whole, missing="raise").n


# -- real data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("same_day", "repeats"), [("count", 2603), ("collapse", 2457)])
def test_cdnow_repeats_of_every_customer(shared: Callable[..., Path], same_day: Any, repeats: int) -> None:
    # Fader and Hardie's sample of 2,357 customers; `frequency` of the customer summary shipped with lifetimes
    # 0.11.3 counts days with a repeat until 30 September 1997, computed by its authors.
    customer, at = [], []
    for line in shared("data", "cdnow", "CDNOW_sample.txt").read_text().splitlines():
        _, identity, bought, *_ = line.split()
        if bought <= "19970930":
            customer.append(int(identity))
            at.append(datetime.strptime(bought, "%Y%m%d"))
    result = cx.repeat_contacts(
        cx.Contacts(customer=customer, at=at), window=1000 * DAY, as_of=datetime(1997, 9, 30) + 1000 * DAY,
        same_day=same_day,
    )  # fmt: skip
    assert (repeats, 2357) == (result.repeats, result.customers)
    assert 2603 - repeats == result.left_out.get(cx.LeftOut.SAME_DAY, 0)
    found = {row.customer: row.repeats for row in result.busiest(2357)}
    if same_day == "collapse":
        with shared("data", "cdnow", "cdnow_customers_summary.csv").open(newline="") as lines:
            expected = {int(row["ID"]): int(row["frequency"]) for row in csv.DictReader(lines)}
        assert expected == found


def test_complete_journey_equals_a_walk_over_each_household(shared: Callable[..., Path]) -> None:
    # 47,243 baskets of 2,377 households (SOURCE.md beside the file).
    baskets: dict[str, tuple[int, datetime]] = {}
    with gzip.open(shared("data", "completejourney", "transactions_sample_75000.csv.gz"), "rt") as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromisoformat(row["transaction_timestamp"])
            baskets.setdefault(row["basket_id"], (int(row["household_id"]), at))
    visits: dict[int, list[datetime]] = {}
    for household, at in baskets.values():
        visits.setdefault(household, []).append(at)
    now = max(at for _, at in baskets.values())
    mature = repeats = 0
    for times in visits.values():
        times.sort()
        for at, following in zip(times, [*times[1:], None], strict=True):
            if at + WEEK <= now:
                mature += 1
                repeats += following is not None and following - at <= WEEK
    household, at = zip(*baskets.values(), strict=True)
    result = cx.repeat_contacts(cx.Contacts(customer=household, at=at))
    assert (47_243, 2_377) == (result.n, result.customers)
    assert (mature, repeats) == (result.mature, result.repeats)
    assert result.interval.low < result.iid_interval.low  # some households shop daily, others monthly


# -- business time -----------------------------------------------------------------------------------

OFFICE = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")


def berlin(*, at: Sequence[datetime], ended_at: Sequence[datetime] | None = None) -> cx.Contacts:
    return cx.Contacts(customer="ada", at=at, ended_at=ended_at, tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("again", "repeats"),
    [
        (datetime(2026, 3, 9, 10), 1),  # Friday 16:00 and two hours: Monday 10:00 is the last instant
        (datetime(2026, 3, 9, 10, 0, 1), 0),
        (datetime(2026, 3, 7, 12), 1),  # a Saturday inside the window
    ],
)
def test_the_window_counts_open_time(again: datetime, repeats: int) -> None:
    rows = berlin(at=[datetime(2026, 3, 6, 16), again])
    result = cx.repeat_contacts(rows, window=timedelta(hours=2), hours=OFFICE, as_of=datetime(2026, 4, 1))
    assert repeats == result.repeats


def test_a_window_used_up_at_closing_time_ends_there() -> None:
    rows = berlin(at=[datetime(2026, 3, 6, 16), datetime(2026, 3, 6, 18)])
    result = cx.repeat_contacts(rows, window=timedelta(hours=1), hours=OFFICE, as_of=datetime(2026, 3, 6, 18))
    assert (0, 1, 1) == (result.repeats, result.mature, result.immature)


def test_a_schedule_that_is_never_open_ends_no_window() -> None:
    rows = berlin(at=[datetime(2026, 3, 6, 16), datetime(2036, 3, 6, 18)])
    result = cx.repeat_contacts(rows, hours=cx.BusinessHours({}, tz="UTC"))
    assert (0, 2, 1, 0) == (result.mature, result.immature, result.unknown_history, result.issues)
    assert 0.5 == result.kaplan_meier_rate  # no open time passes until the second, which is never followed


def test_round_the_clock_is_no_schedule_but_for_the_signature() -> None:
    rows = berlin(at=[datetime(2026, 3, 6, 16), datetime(2026, 3, 9, 18)])
    always = cx.BusinessHours.always("UTC")
    one, other = cx.repeat_contacts(rows), cx.repeat_contacts(rows, hours=always)
    assert one.signature.replace("|v:1", f"|hours:{always.digest}|v:1", 1) == other.signature
    plain, counted = one.to_dict(), other.to_dict()
    assert plain.pop("signature") != counted.pop("signature")
    assert plain == counted
    assert "repeats within 168.0 h of business time" in other._repr_html_()


def test_tallies_of_unlike_schedules_do_not_add_up() -> None:
    rows = berlin(at=[datetime(2026, 3, 6, 16)])
    one = cx.RepeatTally.of(rows, hours=OFFICE)
    assert one == one + cx.RepeatTally.empty(hours=OFFICE)
    assert one == cx.RepeatTally.from_bytes(one.to_bytes())
    assert one == one + cx.RepeatTally.empty()
    with pytest.raises(cx.MergeError, match=f"hours: '{OFFICE.digest}' and None"):
        one + cx.RepeatTally.of([], as_of=datetime(2026, 3, 6, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: measured(contact("ada", 1), hours=OFFICE), cx.MixedTimeZonesError, "hours needs to know the zone"),
        (lambda: measured(contact("ada", 1), hours="9-5"), cx.ArgumentTypeError, "must be BusinessHours"),
        (
            lambda: cx.repeat_contacts(
                cx.Contacts(customer="ada", at=[START], channel=["fax"], tz="UTC"), hours={"chat": OFFICE}
            ),
            cx.ArgumentValueError, "every channel that contacts came in on",
        ),
        (lambda: cx.repeat_contacts(cx.RepeatTally.empty(), hours=OFFICE), cx.ArgumentTypeError, "beside a tally"),
        (lambda: cx.repeat_sensitivity([contact("ada", 1)], WEEK), cx.ArgumentTypeError, "a list of timedeltas"),
        (lambda: cx.repeat_sensitivity([contact("ada", 1)], 7), cx.ArgumentTypeError, "a list of timedeltas"),
        (lambda: cx.repeat_sensitivity([contact("ada", 1)], []), cx.ArgumentValueError, "at least one window"),
        (lambda: cx.repeat_sensitivity([contact("ada", 1)], [WEEK, 7]), cx.ArgumentTypeError, "timedelta"),
        (lambda: measured(contact("ada", 1)).service_accounts(0), cx.ArgumentValueError, "service_accounts\\(100\\)"),
        (lambda: cx.repeat_contacts(cx.RepeatTally.empty()).service_accounts(9), cx.ArgumentValueError, "of counts"),
    ],
)  # fmt: skip
def test_wrong_calls_of_newer_parts_name_a_way_out(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


# -- several windows, service accounts -----------------------------------------------------------------


@given(rows=contact_rows(), settings=SETTINGS)
def test_each_row_of_a_sensitivity_table_is_the_result_of_its_window(
    rows: list[cx.Contact], settings: dict[str, Any]
) -> None:
    del settings["window"]
    windows = [timedelta(hours=hours) for hours in (30, 1, 5)]
    table = cx.repeat_sensitivity(rows, windows, invalid="drop", **settings)
    assert tuple(windows) == table.windows
    assert [cx.repeat_contacts(rows, window=one, invalid="drop", **settings) for one in windows] == list(table.results)


def test_the_sensitivity_table_reads() -> None:
    rows = [contact("<ada>", 0), contact("<ada>", 2), contact("bob", 1), contact("bob", 14)]
    table = cx.repeat_sensitivity(rows, [DAY, WEEK, 14 * DAY], as_of=LATER, history_from=START - 14 * DAY)
    assert [0.0, 0.25, 0.5] == [row["rate"] for row in table.to_dicts()]
    assert [1.0, 2 / 3, 0.0] == [row["first_contact_resolution"] for row in table.to_dicts()]
    json.dumps(table.to_dicts(), allow_nan=False)
    head, *lines = str(table).splitlines()
    assert head.split("  ")[0] == "window"
    assert ["1.0 d", "7.0 d", "14.0 d"] == [line.split("  ")[0] for line in lines]
    assert 4 == table._repr_html_().count("<tr>")
    assert table == pickle.loads(pickle.dumps(table))
    assert [None] * 3 == [row["rate"] for row in cx.repeat_sensitivity([], [DAY, WEEK, 14 * DAY]).to_dicts()]
    assert 5 == len(cx.repeat_sensitivity(rows).results)


def test_service_accounts_are_named() -> None:
    rows = [contact("<monitor>", day / 10) for day in range(300)] + [contact("ada", 1), contact("ada", 2)]
    result = measured(*rows)
    assert [("<monitor>", 300, 300 - 1)] == [tuple(row) for row in result.service_accounts(100)]
    assert ["<monitor>", "ada"] == [row.customer for row in result.service_accounts(2)]
    assert [] == result.service_accounts(301)
    assert "&lt;monitor&gt;: 300 (99.3% of all)" in result._repr_html_()
    assert "most contacts" not in cx.repeat_contacts(cx.RepeatTally.of(rows))._repr_html_()
    assert "most contacts" not in measured()._repr_html_()
