"""The scorecard: the metrics' own figures, verdicts that follow the intervals, and plain words for what is missing."""

from __future__ import annotations

import copy
import json
import pickle
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pytest

import cxscore as cx
from cxscore import sample
from cxscore._judging.indicators import Indicator, exactly, verdict_on

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
BY_HOURS = cx.ServiceTargets(first_response=4 * HOUR, resolution=3 * DAY, in_business_time={"first_response"})


@pytest.fixture(scope="module")
def desk():
    return sample.helpdesk(600, 3)


@pytest.fixture(scope="module")
def card(desk):
    return cx.scorecard(
        responses=desk.responses, messages=desk.messages, conversations=desk.conversations, contacts=desk.contacts,
        targets=cx.TARGETS, as_of=desk.as_of,
    )  # fmt: skip


def line(card, name, channel=None):
    return next(one for one in card.indicators if one.name == name and one.channel == channel)


def of_survey(desk, survey):
    return [response for response in desk.responses if response.survey == survey]


def waits(*hours, channel="email", as_of_hours=1_000):
    """A card of first responses that took so many hours."""
    n = len(hours)
    at = [NINE] * n + [NINE + HOUR * hour for hour in hours]
    log = cx.Messages(
        conversation=[*range(n), *range(n)], at=at, author=["customer"] * n + ["agent"] * n, channel=channel
    )
    return cx.scorecard(messages=log, targets=cx.TARGETS, as_of=NINE + HOUR * as_of_hours)


# -- the figures are the metrics' own ----------------------------------------------------------------


def test_every_figure_is_that_of_its_metric(desk, card):
    csat = cx.csat(of_survey(desk, "contact"))
    nps = cx.nps(of_survey(desk, "relationship"))
    times = cx.response_times(
        desk.messages, conversations=desk.conversations, targets=cx.TARGETS, as_of=desk.as_of
    )  # fmt: skip
    repeats = cx.repeat_contacts(desk.contacts, as_of=desk.as_of)
    assert card.satisfaction == csat
    assert card.recommendation == nps
    assert card.response_times == times
    assert card.repeat_contacts == repeats
    assert [(one.figure, one.interval, one.n) for one in card.indicators if one.channel is None] == [
        (csat.score, csat.interval, csat.n),
        (nps.score, nps.interval, nps.n),
        (times.first_response.median, times.first_response.median_interval, times.first_response.n),
        (times.reply.median, times.reply.median_interval, times.reply.n),
        (times.resolution.median, times.resolution.median_interval, times.resolution.n),
        (repeats.rate, repeats.interval, repeats.mature),
    ]


def test_first_response_by_channel(desk, card):
    channels = [one.channel for one in card.indicators if one.channel is not None]
    assert channels == ["chat", "email", "social"]
    email = cx.response_times(
        desk.messages, conversations=desk.conversations, by="channel", targets=cx.TARGETS, as_of=desk.as_of
    )["email"].first_response  # fmt: skip
    found = line(card, "first response", "email")
    assert (found.figure, found.n) == (email.median, email.n)
    assert found.target == "90% in 24 h"
    assert found.judged == email.within_target
    assert line(card, "first response").target == "90% on time"
    assert line(card, "first response", "chat").target is None  # no promise was published for chat
    assert line(card, "first response", "chat").verdict is None


def test_one_channel_needs_no_lines_of_its_own():
    assert [one.channel for one in waits(1, 2).indicators] == [None] * 6


def test_channels_without_a_name():
    card = waits(1, 2, channel=["email", None, "email", None])
    assert [one.channel for one in card.indicators if one.channel] == ["email", "(none)"]


def test_channels_on_which_nobody_waits_for_people_have_no_line():
    channels = ["email", "chat", "chat", "social"]
    authors = ["customer", "customer", "bot", "customer"]
    log = cx.Messages(conversation=[1, 2, 2, 3], at=NINE, author=authors, channel=channels)
    card = cx.scorecard(messages=log)
    assert [one.channel for one in card.indicators if one.channel] == ["email", "social"]
    assert card.response_times.bot_only == 1
    assert card.notes[1] == "Answered only by a bot, not counted as waiting: 1 conversation."
    assert "Answered only by a bot" not in str(waits(1, 2))


def test_as_of_is_the_latest_instant_of_everything(desk):
    card = cx.scorecard(
        responses=desk.responses, messages=desk.messages, conversations=desk.conversations, contacts=desk.contacts
    )
    latest = max(batch.latest() for batch in (desk.responses, desk.messages, desk.conversations, desk.contacts))
    assert card.as_of.timestamp() * 1e6 == latest
    assert card.response_times.as_of == card.repeat_contacts.as_of == card.as_of


def test_records_are_welcome():
    records = [cx.SurveyResponse(score=score, survey="contact") for score in (5, 4, 1)]
    card = cx.scorecard(responses=records)
    assert card.satisfaction.n == 3
    assert card.as_of is None
    assert str(card).startswith("Scorecard\n")


# -- surveys -----------------------------------------------------------------------------------------


def test_surveys_are_told_apart_by_their_label_only():
    responses = cx.Responses(score=[5, 10, 5, 0, 3], survey=["post-chat", "yearly", "post-call", "yearly", "beta"])
    card = cx.scorecard(responses=responses, satisfaction=["post-chat", "post-call"], recommendation="yearly")
    assert card.satisfaction.score == 100.0
    assert card.recommendation.score == 0.0
    assert "answers of other surveys: 'beta' 1" in card.notes[-1]


def test_scales_are_named_not_guessed():
    responses = cx.Responses(score=[7, 1, 10, 1], survey=["contact", "contact", "relationship", "relationship"])
    card = cx.scorecard(responses=responses, satisfaction_scale=cx.CSAT_1_7, recommendation_scale=cx.NPS_1_10)
    assert card.satisfaction.score == 50.0
    assert "scale:1-10" in card.recommendation.signature
    with pytest.raises(cx.errors.ScaleError):
        cx.scorecard(responses=responses)
    assert cx.scorecard(responses=responses, invalid="drop").satisfaction.left_out == {"invalid": 1}


def test_answers_after_as_of_are_left_out_and_counted():
    days = [NINE + timedelta(days=day) for day in range(4)]
    responses = cx.Responses(
        score=[5, 1, None, None],
        survey="contact",
        at=[days[0], days[2], None, None],
        asked_at=[days[0]] * 3 + [days[3]],
    )
    found = cx.scorecard(responses=responses, as_of=days[1]).satisfaction
    assert (found.score, found.n, found.given) == (100.0, 1, 4)
    assert found.left_out == {"missing": 1, "after_as_of": 2}


def test_a_survey_may_be_left_alone():
    responses = cx.Responses(score=[5, 9], survey=["contact", "relationship"])
    card = cx.scorecard(responses=responses, recommendation=None)
    assert card.recommendation is None
    assert line(card, "recommendation (NPS)").not_measured == "no survey named"


def test_no_responses_at_all():
    card = cx.scorecard(responses=[])
    assert line(card, "satisfaction (CSAT)").not_measured == "no answers of the survey 'contact'"


# -- verdicts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "more_is_good", "verdict"),
    [
        (75.0, 80.0, True, "met"),
        (74.9, 80.0, True, "cannot tell"),
        (60.0, 75.0, True, "cannot tell"),
        (60.0, 74.9, True, "missed"),
        (70.0, 75.0, False, "met"),
        (70.0, 75.1, False, "cannot tell"),
        (75.0, 80.0, False, "cannot tell"),
        (75.1, 80.0, False, "missed"),
        (float("nan"), float("nan"), True, "cannot tell"),
        (float("nan"), float("nan"), False, "cannot tell"),
    ],
)
def test_verdicts_follow_the_interval(low, high, more_is_good, verdict):
    assert verdict_on(cx.Interval(low, high, 0.95, "wilson"), 75.0, more_is_good=more_is_good) == verdict


def test_satisfaction_against_its_target():
    def verdict(good, bad):
        responses = cx.Responses(score=[5] * good + [1] * bad, survey="contact")
        return line(cx.scorecard(responses=responses, targets=cx.TARGETS), "satisfaction (CSAT)").verdict

    # Wilson limits of 95/100, 75/100 and 40/100: .888 to .978, .657 to .825, .309 to .498.
    assert [verdict(95, 5), verdict(75, 25), verdict(40, 60)] == ["met", "cannot tell", "missed"]


def test_detractors_against_their_target():
    def found(detractors, others):
        responses = cx.Responses(score=[0] * detractors + [9] * others, survey="relationship")
        return line(cx.scorecard(responses=responses, targets=cx.TARGETS), "recommendation (NPS)")

    assert [found(1, 199).verdict, found(10, 90).verdict, found(40, 60).verdict] == ["met", "cannot tell", "missed"]
    assert found(40, 60).judged == 0.4
    assert found(40, 60).figure == 20.0
    assert tuple(found(40, 60).judged_interval) == cx.intervals.proportion(40, 100)


def test_waits_against_their_target():
    late, fine = [30.0], [2.0]
    verdicts = [line(waits(*(fine * k), *(late * (100 - k))), "first response").verdict for k in (99, 92, 50)]
    assert verdicts == ["met", "cannot tell", "missed"]
    log = cx.Messages(conversation=[1, 1], at=[NINE, NINE + HOUR], author=["customer", "agent"])
    found = line(cx.scorecard(messages=log, targets=2 * HOUR, as_of=NINE + 9 * HOUR), "first response")
    assert (found.target, found.judged, found.verdict) == ("90% in 2 h", 1.0, "cannot tell")


def test_share_on_time_is_the_callers():
    log = cx.Messages(conversation=[1, 1], at=[NINE, NINE + HOUR], author=["customer", "agent"])
    card = cx.scorecard(messages=log, targets=2 * HOUR, as_of=NINE + 9 * HOUR, on_time=0.2)
    assert line(card, "first response").target == "20% in 2 h"
    assert line(card, "first response").verdict == "met"  # Wilson limits of 1/1: .207 to 1


def test_no_targets_no_verdicts(desk):
    card = cx.scorecard(responses=desk.responses, messages=desk.messages, contacts=desk.contacts)
    assert {one.verdict for one in card.indicators} == {None}
    assert "no target" in str(card)


def test_promises_read_as_people_say_them():
    spans = (timedelta(hours=1), timedelta(hours=48), timedelta(days=5), timedelta(minutes=90), timedelta(seconds=45))
    assert [exactly(span) for span in spans] == ["1 h", "48 h", "5 d", "90 min", "45 s"]
    assert exactly(timedelta(days=5), days=False) == "120 h"  # a day of business time is not a day


# -- what is not measured ----------------------------------------------------------------------------


def test_what_is_not_given_is_not_measured(desk):
    reasons = {one.name: one.not_measured for one in cx.scorecard(contacts=desk.contacts).indicators}
    assert reasons == {
        "satisfaction (CSAT)": "no responses given",
        "recommendation (NPS)": "no responses given",
        "first response": "no messages given",
        "every reply": "no messages given",
        "time to resolution": "no conversations given",
        "repeats within 7 d": None,
    }
    reasons = {one.name: one.not_measured for one in cx.scorecard(messages=desk.messages).indicators}
    assert reasons["repeat contacts"] == "no contacts given"


def test_conversations_alone_tell_what_they_can(desk):
    card = cx.scorecard(conversations=desk.conversations)
    assert line(card, "first response").n > 400
    assert line(card, "time to resolution").n > 400
    assert line(card, "every reply").not_measured == "no messages given"
    bare = cx.scorecard(conversations=cx.Conversations(id=[1], opened_at=[NINE]))
    assert line(bare, "first response").not_measured == "the conversations have no first_response_at"
    assert line(bare, "time to resolution").not_measured == "the conversations have no resolved_at"
    assert bare.outliers is None


def test_missing_inputs_by_other_names(desk):
    card = cx.scorecard(contacts=desk.contacts).naming({"messages": "log.csv"})
    assert line(card, "first response").not_measured == "no log.csv given"
    assert line(card, "satisfaction (CSAT)").not_measured == "no responses given"
    assert "first response" in str(card)
    assert "not measured: no log.csv given" in str(card)


def test_empty_batches_are_measured_and_undefined():
    card = cx.scorecard(
        responses=cx.Responses(score=[None], survey="contact"), messages=[], conversations=[], contacts=[],
        targets=cx.TARGETS,
    )  # fmt: skip
    found = line(card, "satisfaction (CSAT)")
    assert found.n == 0
    assert found.figure != found.figure
    assert found.verdict == "cannot tell"
    assert line(card, "first response").figure is None
    assert "undefined" in str(card)
    assert "not reached" not in str(card)  # nothing was measured that could be reached
    assert card == copy.deepcopy(card)


# -- changes ------------------------------------------------------------------------------------------


def test_changes_tell_resolutions(desk):
    card = cx.scorecard(messages=desk.messages, changes=desk.changes, targets=cx.TARGETS, as_of=desk.as_of)
    times = cx.response_times(desk.messages, changes=desk.changes, targets=cx.TARGETS, as_of=desk.as_of)
    assert card.response_times == times
    assert line(card, "time to resolution").figure == times.resolution.median
    assert any("changes: merged" in note for note in card.notes)


def test_changes_beside_everything_else_change_no_line_of_the_sample(desk, card):
    given = {"messages": desk.messages, "conversations": desk.conversations, "changes": desk.changes}
    told = cx.scorecard(responses=desk.responses, contacts=desk.contacts, targets=cx.TARGETS, as_of=desk.as_of, **given)
    assert told.indicators == card.indicators
    assert told.response_times.agent_wait is not None
    latest = cx.scorecard(**given)
    assert latest.as_of.timestamp() * 1e6 == max(batch.latest() for batch in given.values())


def test_changes_without_statuses_say_what_is_missing():
    log = cx.Messages(conversation=[1], at=[NINE], author="customer")
    handed = cx.Changes(conversation=[1], at=[NINE + HOUR], kind="handoff")
    reason = line(cx.scorecard(messages=log, changes=handed), "time to resolution").not_measured
    assert reason.startswith("needs status changes")
    at, to = [NINE, NINE + HOUR], [None, "solved"]
    only = cx.scorecard(
        messages=[], changes=cx.Changes(conversation=1, at=at, kind=["created", "status"], to=to)
    )  # fmt: skip
    assert line(only, "time to resolution").figure == HOUR


# -- business time -----------------------------------------------------------------------------------


def overnight(channel=("email", "chat"), **settings):
    """A Monday's questions at 16:00, answered at 10:00 of the next day."""
    asked, answered = NINE + 7 * HOUR, NINE + 25 * HOUR
    log = cx.Messages(
        conversation=[1, 2, 1, 2], at=[asked, asked, answered, answered], author=["customer"] * 2 + ["agent"] * 2,
        channel=[*channel, *channel],
    )  # fmt: skip
    return cx.scorecard(messages=log, as_of=NINE + 30 * DAY, **settings)


def keys(card):
    return [(one.key, one.channel) for one in card.indicators if one.unit == "duration"]


def test_business_time_stands_below_calendar_time():
    card = overnight(hours=OFFICE)
    assert keys(card) == [
        ("first_response", None), ("first_response", "chat"), ("first_response", "email"),
        ("business_first_response", None), ("business_first_response", "chat"), ("business_first_response", "email"),
        ("reply", None), ("business_reply", None), ("resolution", None),
    ]  # fmt: skip
    figures = {one.key: one.figure for one in card.indicators if one.channel is None and one.unit == "duration"}
    assert figures == {
        "first_response": 18 * HOUR, "business_first_response": 2 * HOUR,
        "reply": 18 * HOUR, "business_reply": 2 * HOUR, "resolution": None,
    }  # fmt: skip
    assert [one.in_business_time for one in card.indicators if one.key.endswith("reply")] == [False, True]
    rows = str(card).splitlines()
    assert sum(row.startswith("  in business time  ") for row in rows) == 2
    assert sum(row.startswith("    email  ") for row in rows) == 1
    assert "padding-left:2em'>email</td>" in card._repr_html_()


def test_promises_about_business_time_are_judged_there_and_the_others_are_not():
    card = overnight(hours=OFFICE, targets=BY_HOURS)
    verdicts = {(one.key, one.channel): (one.target, one.judged) for one in card.indicators if one.target}
    assert verdicts == {
        ("business_first_response", channel): ("90% in 4 h", 1.0) for channel in (None, "chat", "email")
    }
    calendar = overnight(hours=OFFICE, targets=4 * HOUR)
    assert {one.key: one.judged for one in calendar.indicators if one.target} == {"first_response": 0.0}


def test_channels_without_hours_have_no_line_in_business_time():
    card = overnight(hours={"email": OFFICE})
    assert ("business_first_response", "chat") not in keys(card)
    assert ("business_first_response", "email") in keys(card)


def test_business_time_is_told_in_hours():
    asked = cx.Messages(conversation=[1, 1], at=[NINE, NINE + 7 * DAY], author=["customer", "agent"])
    card = cx.scorecard(messages=asked, hours=OFFICE)
    assert [row.split()[2:4] for row in str(card).splitlines() if row.startswith("first response")] == [["7.0", "d"]]
    assert " 40.0 h " in str(card)  # five days of eight hours


def test_hours_need_a_zone():
    log = cx.Messages(conversation=[1], at=[datetime(2026, 3, 2)], author="customer")
    with pytest.raises(cx.errors.MixedTimeZonesError, match="hours need instants with a zone"):
        cx.scorecard(messages=log, hours=OFFICE)


# -- the period before -------------------------------------------------------------------------------


def parts(desk, start, end):
    """What belongs to one period, each by its own instant."""
    talks = {talk.id for talk in desk.conversations if start <= talk.opened_at < end}

    def rows(batch, wanted):
        return batch[np.array([wanted(row) for row in batch], dtype=np.bool_)]

    return {
        "responses": rows(desk.responses, lambda row: start <= row.asked_at < end),
        "messages": rows(desk.messages, lambda row: row.conversation in talks),
        "conversations": rows(desk.conversations, lambda row: row.id in talks),
        "contacts": rows(desk.contacts, lambda row: start <= row.at < end),
        "as_of": end,
    }


@pytest.fixture(scope="module")
def halves(desk):
    middle = desk.as_of - 42 * DAY
    settings = {"targets": cx.TARGETS, "hours": cx.BusinessHours({"mon-sat": ["08:00-19:00"]}, tz="UTC")}
    before = cx.scorecard(**parts(desk, desk.as_of - 84 * DAY, middle), **settings)
    after = parts(desk, middle, desk.as_of)
    return before, cx.scorecard(**after, **settings, previous=before), after


def test_every_change_is_that_of_compare(halves):
    before, card, _ = halves
    changes = {(one.key, one.channel): one.change for one in card.indicators}
    assert None not in changes.values()
    assert {one.not_comparable for one in card.indicators} == {None}
    assert changes["satisfaction", None] == cx.compare(before.satisfaction, card.satisfaction)
    assert changes["recommendation", None] == cx.compare(before.recommendation, card.recommendation)
    assert changes["repeat_contacts", None] == cx.compare(before.repeat_contacts, card.repeat_contacts)
    assert changes["first_response", None] == cx.compare(before.response_times, card.response_times)
    for key in ("reply", "resolution", "business_first_response", "business_reply", "business_resolution"):
        expected = cx.compare(before.response_times, card.response_times, figure=f"{key}.median")
        assert changes[key, None] == expected, key
        assert changes[key, None].after == line_of(card, key).figure
        assert changes[key, None].before == line_of(before, key).figure
    assert changes["first_response", "chat"].before == line_of(before, "first_response", "chat").figure
    assert card.previous_as_of == before.as_of


def line_of(card, key, channel=None):
    return next(one for one in card.indicators if (one.key, one.channel) == (key, channel))


def test_changes_have_a_table_of_their_own(halves):
    before, card, _ = halves
    text = str(card)
    assert max(map(len, text.splitlines())) <= 100
    assert "Since the period before, as of 2026-02-16 00:00 UTC; each line judged by itself:\n" in text
    rows = text.partition("Since")[2].splitlines()
    assert rows[2].split() == ["indicator", "before", "change", "95%", "interval", "verdict"]
    moved = line(card, "satisfaction (CSAT)").change
    found = next(row for row in rows if row.startswith("satisfaction"))
    assert f"{before.satisfaction.score:.1f}%" in found
    assert f"{moved.estimate:+.1f} points".replace("-", "−") in found
    assert found.endswith(moved.verdict)
    page = card._repr_html_()
    assert page.count("<table>") == 2
    assert page.count("<tr>") == 2 * (1 + len(card.indicators))
    assert "Since" not in str(before)
    assert before._repr_html_().count("<table>") == 1


def test_a_chain_of_periods_survives_pickling_and_json(halves):
    _, card, after = halves
    again = pickle.loads(pickle.dumps(card))
    assert again == card
    data = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert data["previous_as_of"] == "2026-02-16T00:00:00+00:00"
    assert data["indicators"][0]["change"]["verdict"] == card.indicators[0].change.verdict
    # The next period is held against this one.
    later = cx.scorecard(**after, targets=cx.TARGETS, previous=again)
    assert line(later, "satisfaction (CSAT)").change.estimate == 0.0


def test_what_is_defined_otherwise_is_not_compared(halves):
    before, _, after = halves
    card = cx.scorecard(
        **after, targets=cx.TARGETS, previous=before, window=3 * DAY, recommendation_scale=cx.NPS_FANS,
        policy=cx.ReplyPolicy(expires=3 * DAY),
    )  # fmt: skip
    assert line(card, "satisfaction (CSAT)").change is not None
    assert line(card, "recommendation (NPS)").not_comparable == "unlike in poor (0-6 and 0-5)"
    assert line(card, "repeats within 3 d").not_comparable == "unlike in window (604800s and 259200s)"
    assert line(card, "first response").change is None
    assert line(card, "first response").not_comparable == "unlike in policy, hours"
    other = cx.scorecard(**after, targets=HOUR, hours=OFFICE, previous=before)
    assert (
        line(other, "every reply").not_comparable == "unlike in hours, target of first response, target of resolution"
    )
    text = str(card)
    assert max(map(len, text.splitlines())) <= 100
    assert "not comparable: unlike in poor (0-6 and 0-5)" in text
    assert "not comparable: unlike in poor (0-6 and 0-5)" in card._repr_html_()


def test_what_was_not_measured_is_not_compared():
    def card(score, previous=None, **more):
        return cx.scorecard(responses=cx.Responses(score=score, survey="contact"), previous=previous, **more)

    nothing = cx.scorecard(contacts=cx.Contacts(customer=["ada"], at=[NINE]))
    assert line(card([5], nothing), "satisfaction (CSAT)").not_comparable == "not measured before"
    assert line(card([5], nothing), "repeat contacts").not_comparable is None  # nor is it now
    assert line(card([5], card([None])), "satisfaction (CSAT)").not_comparable == "no figure before"
    assert line(card([None], card([5])), "satisfaction (CSAT)").not_comparable == "no figure now"
    assert card([5], card([4])).previous_as_of is None
    assert "Since the period before; each line judged by itself:" in str(card([5], card([4])))
    new_channel = overnight(channel=("email", "sms"), previous=overnight())
    assert line(new_channel, "first response", "sms").not_comparable == "not measured before"


def test_the_period_before_lies_before():
    card = waits(1, 2)
    with pytest.raises(cx.errors.ArgumentValueError, match=r"previous must be of an earlier period .* swap the two"):
        cx.scorecard(contacts=cx.Contacts(customer=["ada"], at=[NINE]), previous=card)
    naive = cx.scorecard(contacts=cx.Contacts(customer=["ada"], at=[datetime(2027, 3, 2)]))
    assert line(overnight(previous=naive), "first response").not_comparable == "not measured before"


# -- at risk -----------------------------------------------------------------------------------------


def test_open_conversations_past_a_target_are_named(desk, card):
    assert card.at_risk == card.response_times.at_risk()
    assert len(card.at_risk) > 5
    worst = card.at_risk[0]
    text = str(card)
    assert f"{len(card.at_risk)} open conversations are past a target; worst first, 5 shown:\n" in text
    assert f"  conversation {worst['conversation']} ({worst['clock'].replace('_', ' ')}): " in text
    assert f"; {worst['agent']}\n" in text
    data = card.to_dict()["at_risk"]
    assert data["conversations"] == len(card.at_risk)
    assert len(data["worst"]) == 10
    assert data["worst"][0]["left_seconds"] == worst["left"].total_seconds()


def test_at_risk_needs_targets_for_waits(desk):
    none = cx.scorecard(messages=desk.messages, targets=cx.ServiceTargets(satisfaction=75.0))
    assert none.at_risk is None
    assert none.to_dict()["at_risk"] is None
    assert "past a target" not in str(none)
    assert cx.scorecard(contacts=desk.contacts, targets=cx.TARGETS).at_risk is None
    assert "No open conversation is past a target." in str(waits(1, 2))


def test_at_risk_in_business_time():
    log = cx.Messages(conversation=["<a>"], at=[NINE], author="customer")
    card = cx.scorecard(messages=log, targets=BY_HOURS, hours=OFFICE, as_of=NINE + 26 * HOUR)
    told = "conversation <a> (first response): 10.0 h of business time, 6.0 h over the target of 4 h"
    assert f"1 open conversation is past a target; worst first:\n  {told}\n" in str(card)
    assert "conversation &lt;a&gt; (first response)" in card._repr_html_()


# -- the worst waits ---------------------------------------------------------------------------------


def test_worst_waits_by_conversation(desk, card):
    table = cx.response_times(desk.messages, conversations=desk.conversations, as_of=desk.as_of).table()
    first = [row for row in table if row["first"]]
    over = sorted((row for row in first if row["wait"] > timedelta(days=5)), key=lambda row: row["wait"], reverse=True)
    assert [row["conversation"] for row in card.worst] == [row["conversation"] for row in over[:10]]
    assert [row["wait"] for row in card.worst] == [row["wait"] for row in over[:10]]
    assert len(card.outliers.flagged) == len(over)
    assert card.outliers.n == len(first)
    for row, expected in zip(card.worst, over, strict=False):
        assert row["ended"] == ("still open" if expected["ended"] == "open" else expected["ended"])
        assert row["reason"]


def test_limit_is_the_callers():
    card = cx.scorecard(
        messages=cx.Messages(
            conversation=["a", "a", "b"], at=[NINE, NINE + 3 * HOUR, NINE], author=["customer", "agent", "customer"]
        ),
        as_of=NINE + 30 * HOUR,
        limit=2 * HOUR,
    )
    assert [(row["conversation"], row["wait"], row["ended"]) for row in card.worst] == [
        ("b", 30 * HOUR, "still open"),
        ("a", 3 * HOUR, "answered"),
    ]
    assert "2 of 2 first waits are over the limit of 2 h; worst first:" in str(card)
    assert "Still waiting for a first response: 1 (longest 1.2 d)" in str(card)


def test_only_the_worst_are_shown_and_the_others_counted():
    assert "12 of 12 first waits are over the limit of 5 d; worst first, 10 shown:" in str(waits(*range(200, 212)))
    assert "None of 2 first waits are over the limit of 5 d." in str(waits(1, 2))


# -- how it reads ------------------------------------------------------------------------------------


def test_table_fits_a_hundred_columns(desk, card):
    text = str(card)
    assert max(map(len, text.splitlines())) <= 100
    head = next(row for row in text.splitlines() if row.startswith("indicator"))
    assert head.split() == ["indicator", "figure", "95%", "interval", "n", "verdict", "target"]
    long = cx.Messages(
        conversation=[1, 2], at=[NINE, NINE], author="customer", channel=["a channel of a very long name " * 4, "chat"]
    )
    text = str(cx.scorecard(messages=long))
    assert max(map(len, text.splitlines())) <= 100
    assert "…" in text


def test_units_follow_the_figure():
    spans = {timedelta(seconds=20): "20.0 s", 3 * HOUR: "3.0 h", timedelta(days=3): "3.0 d", timedelta(0): "0.0 s"}
    for span, text in spans.items():
        assert Indicator(key="x", name="x", unit="duration", figure=span)._cells()[1] == text
    never = Indicator(key="x", name="x", unit="duration", interval=cx.Interval(2 * HOUR, None, 0.95, "log-log"), n=1)
    assert never._cells()[1:3] == ("not reached", "2.0 to ∞")
    assert Indicator(key="x", name="x", unit="duration", waiting=3)._cells()[1] == "not reached"
    assert Indicator(key="x", name="x", unit="duration")._cells()[1] == "undefined"


def test_the_instant_reads_in_its_zone(card):
    zones = {ZoneInfo("Asia/Tokyo"): "2026-03-30 09:00 Asia/Tokyo", timezone(HOUR): "2026-03-30 01:00 UTC+01:00"}
    for zone, text in zones.items():
        assert str(attrs.evolve(card, as_of=card.as_of.astimezone(zone))).startswith(f"Scorecard as of {text}\n")


def test_left_out_rows_are_named(desk, card):
    note = next(note for note in card.notes if note.startswith("Left out"))
    for name, result in (
        ("satisfaction", card.satisfaction), ("waiting", card.response_times), ("repeat contacts", card.repeat_contacts)
    ):  # fmt: skip
        reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in result.left_out.items())
        assert f"{name}: {reasons}" in note


def test_html_is_escaped(card):
    page = cx.scorecard(
        messages=cx.Messages(
            conversation=["<b>", "c"], at=[NINE, NINE], author="customer", channel=["<i>", "chat"]
        ),
        as_of=NINE + timedelta(days=9),
    )._repr_html_()  # fmt: skip
    assert "<b>" not in page.replace("<b>Scorecard", "")
    assert "<i>" not in page
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt;" in page
    assert "not measured: no contacts given" in page
    whole = card._repr_html_()
    assert whole.count("<tr>") == 1 + len(card.indicators)
    assert whole.count("<li>") == 5 + len(card.worst)
    assert "<ol>" not in cx.scorecard(responses=cx.Responses(score=[5], survey="contact"))._repr_html_()


def test_to_dict_is_plain_json(card):
    data = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert [one["name"] for one in data["indicators"]] == [one.name for one in card.indicators]
    first = data["indicators"][2]
    assert first["figure_seconds"] == card.indicators[2].figure.total_seconds()
    assert data["satisfaction"]["score"] == card.satisfaction.score
    assert data["as_of"] == "2026-03-30T00:00:00+00:00"
    assert Counter(row["ended"] for row in data["worst"]) == Counter(row["ended"] for row in card.worst)
    assert all("wait_seconds" in row for row in data["worst"])


def test_frozen_equal_hashable_and_picklable(desk, card):
    with pytest.raises(AttributeError):
        card.as_of = None
    again = pickle.loads(pickle.dumps(card))
    assert again == card
    assert hash(again) == hash(card)
    assert cx.scorecard(contacts=desk.contacts) != card


# -- wrong arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({}, cx.errors.ArgumentTypeError, "must be given responses, messages, conversations or contacts"),
        ({"responses": [5, 4]}, cx.errors.ArgumentTypeError, "responses must be SurveyResponse records"),
        ({"responses": cx.Responses(score=[5])}, cx.errors.UnknownNameError, "which survey .* survey='contact'"),
        (
            {"responses": cx.Responses(score=[5], survey="x")},
            cx.errors.UnknownNameError,
            r"one of the surveys 'contact', 'relationship' \(found: 'x'\)",
        ),
        (
            {"responses": [], "recommendation": "contact"},
            cx.errors.ArgumentValueError,
            "must name two different surveys",
        ),
        ({"responses": [], "targets": 24}, cx.errors.ArgumentTypeError, "targets must be"),
        ({"responses": [], "on_time": 90}, cx.errors.ArgumentValueError, "on_time must be a share"),
        ({"responses": [], "on_time": True}, cx.errors.ArgumentValueError, "on_time must be a share"),
        ({"responses": [], "confidence": 95}, cx.errors.ArgumentValueError, "did you mean 0.95"),
        ({"responses": [], "invalid": "ignore"}, cx.errors.UnknownNameError, "invalid must be one of"),
        ({"changes": []}, cx.errors.ArgumentTypeError, "changes must come beside messages"),
        ({"changes": [], "conversations": []}, cx.errors.ArgumentTypeError, "pass messages=\\[\\] where nobody wrote"),
        ({"changes": [5], "messages": []}, cx.errors.ArgumentTypeError, "changes must be Change records"),
        ({"responses": [], "hours": "9-5"}, cx.errors.ArgumentTypeError, "hours must be BusinessHours"),
        ({"messages": [], "targets": BY_HOURS}, cx.errors.ArgumentTypeError, "hours must be given"),
        ({"responses": [], "previous": object()}, cx.errors.ArgumentTypeError, "previous must be the scorecard of"),
        ({"contacts": [], "window": 7}, cx.errors.ArgumentTypeError, "window"),
        ({"responses": [], "as_of": "today"}, cx.errors.ArgumentTypeError, "as_of"),
    ],
)
def test_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        cx.scorecard(**arguments)


def test_naive_and_aware_inputs_do_not_mix():
    naive = cx.Contacts(customer=["ada"], at=[datetime(2026, 3, 2)])
    aware = cx.Responses(score=[5], survey="contact", at=[NINE])
    with pytest.raises(cx.errors.MixedTimeZonesError, match="responses: aware, contacts: naive"):
        cx.scorecard(responses=aware, contacts=naive)
    with pytest.raises(cx.errors.MixedTimeZonesError):
        cx.scorecard(contacts=naive, as_of=NINE)


def test_as_of_without_any_instant():
    responses = cx.Responses(score=[5], survey="contact")
    assert cx.scorecard(responses=responses, as_of=NINE).as_of == NINE
    assert cx.scorecard(responses=responses, as_of=datetime(2026, 3, 2)).as_of == datetime(2026, 3, 2)


def test_inputs_stay_as_they_are():
    scores = np.array([5, 4, 1])
    scores.flags.writeable = False
    before = scores.copy()
    cx.scorecard(responses=cx.Responses(score=scores, survey="contact"))
    assert scores.tolist() == before.tolist()
