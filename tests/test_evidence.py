"""What a headline rests on: the same numbers for one result, for many groups and for stacked results."""

from __future__ import annotations

import math
import pickle
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

import cxscore as cx
from cxscore._evidence import Evidence

NINE = datetime(2026, 3, 2, 9)
ANSWERS = [10, 9, 3, 8, 7, 6, 10, 0, 9, 9]
GROUPS = list("aabbbaabba")
WEIGHTS = [1, 2, 1, 0.5, 1, 1, 3, 1, 1, 1]


def contacts() -> cx.Contacts:
    days = (1, 2, 3, 20, 5, 9)
    return cx.Contacts(
        customer=["ada", "bob", "ada", "ada", "cid", "bob"], at=[NINE + timedelta(days=day) for day in days],
        channel=["chat", "chat", "mail", "mail", "chat", "mail"],
    )  # fmt: skip


def messages() -> cx.Messages:
    at = [NINE, NINE + timedelta(minutes=5), NINE, NINE + timedelta(minutes=9)]
    return cx.Messages(
        conversation=[1, 1, 2, 2], at=at, author=["customer", "agent"] * 2, channel=["chat", "chat", "mail", "mail"]
    )


def test_a_net_has_shares_counts_and_variance() -> None:
    found = cx.nps(ANSWERS)._evidence
    assert (found.form, found.unit, found.n, found.weight) == ("net", 100.0, 10, 10.0)
    assert found.counts == pytest.approx((3.0, 2.0, 5.0))
    ones = [(answer >= 9) - (answer <= 6) for answer in ANSWERS]
    assert found.variance == pytest.approx(1e4 * np.var(ones))


def test_a_share_has_nobody_against_it() -> None:
    found = cx.csat([5, 4, 3, 1])._evidence
    assert found.counts == pytest.approx((0.0, 2.0, 2.0))
    assert found.variance == pytest.approx(2500.0)


def test_a_mean_knows_its_scale_and_its_good_end() -> None:
    found = cx.ces([1, 2, 5], scale=cx.CES_EFFORT_1_5)._evidence
    assert (found.low, found.high, found.upward) == (1.0, 5.0, False)
    assert found.variance == pytest.approx(np.var([1, 2, 5]))


def test_a_median_gives_limits_in_seconds() -> None:
    found = cx.response_times(messages())._evidence
    assert (found.value, found.n, found.upward) == (420.0, 2.0, False)
    assert found.limits is not None
    low, high = found.limits(0.95)
    assert low <= found.value <= high
    assert math.isnan(found.variance)


def test_nothing_answered_has_no_median() -> None:
    found = cx.response_times(cx.Messages(conversation=[1], at=[NINE], author=["customer"]))._evidence
    assert math.isnan(found.value)
    assert found.limits is not None
    assert found.limits(0.9) == (0.0, math.inf)
    tickets = cx.response_times(cx.Conversations(id=[1], opened_at=[NINE], resolved_at=[NINE]))
    assert tickets._evidence.n >= 0


@pytest.mark.parametrize(
    "groups",
    [
        cx.nps(ANSWERS, by=GROUPS), cx.nps(ANSWERS, by=GROUPS, weights=WEIGHTS),
        cx.csat([1, 5, 4, 4, 3], by=list("ababa")), cx.ces([1, 5, 4, 7, 3], by=list("ababa")),
        cx.repeat_contacts(contacts(), by="channel"), cx.response_times(messages(), by="channel"),
    ],
    ids=["nps", "weighted", "csat", "ces", "repeats", "waits"],
)  # fmt: skip
def test_groups_have_the_evidence_of_their_results(groups: Any) -> None:
    together = groups._evidence
    for i, result in enumerate(groups.values()):
        alone = result._evidence
        assert (alone.name, alone.form, alone.unit) == (together.name, together.form, together.unit)
        for name in ("value", "n", "weight", "up", "down", "spread"):
            column = np.broadcast_to(getattr(together, name), len(groups))
            assert column[i] == pytest.approx(getattr(alone, name), nan_ok=True), name


def test_groups_of_tallies_are_stacked() -> None:
    groups = cx.nps(ANSWERS, by=GROUPS)
    stacked = cx.Groups.from_tallies(groups.tallies, cx.nps)._evidence
    assert stacked.value == pytest.approx(groups.scores)
    assert stacked.rows(np.array([1])).value == pytest.approx(groups.scores[1:])


def test_no_groups_have_evidence_without_entries() -> None:
    none = cx.response_times(messages()[np.zeros(4, dtype=bool)], by="channel")
    assert len(none) == 0
    assert none._evidence.value.shape == (0,)


def test_a_count_of_outliers_has_none() -> None:
    with pytest.raises(cx.ArgumentTypeError, match="no interval"):
        _ = cx.outliers([1.0, 2.0, 50.0])._evidence
    with pytest.raises(cx.ArgumentTypeError, match="no interval"):
        _ = cx.outliers([1.0, 2.0, 50.0], by=["a", "b", "a"])._evidence


def test_evidence_is_no_figure_and_travels_with_its_result() -> None:
    result = cx.nps(ANSWERS)
    assert "evidence" not in str(result.to_dict())
    assert "Evidence" not in repr(result)
    assert isinstance(pickle.loads(pickle.dumps(result))._evidence, Evidence)
    with pytest.raises(cx.UnknownNameError):
        cx.nps(ANSWERS, by=GROUPS).column("evidence")


# -- other figures than the headline -----------------------------------------------------------------

TARGETS = cx.ServiceTargets(first_response=timedelta(minutes=6), reply=timedelta(minutes=10))


def test_waits_can_be_judged_by_shares_and_medians() -> None:
    result = cx.response_times(messages(), targets=TARGETS)
    share = result._evidence_of("first_response.within_target")
    assert (share.form, share.value, share.n, share.weight, share.upward) == ("share", 0.5, 2.0, 2.0, True)
    assert share.name == "first response within target"
    reply = result._evidence_of("reply.median")
    assert (reply.name, reply.value, reply.upward) == ("median reply", 420.0, False)
    assert result._evidence_of("first_response.median") == result._evidence_of(None)
    known = ("first_response.median", "reply.median", "first_response.within_target", "reply.within_target")
    assert result._judged_by == known


def test_repeats_can_be_judged_by_first_contact_resolution() -> None:
    result = cx.repeat_contacts(contacts(), as_of=NINE + timedelta(days=60), history_from=NINE - timedelta(days=60))
    once, net = (result._evidence_of(name) for name in result._judged_by[1:])
    assert (once.value, once.weight, once.upward) == (result.first_contact_resolution, result.mature_issues, True)
    assert net.value == result.net_first_contact_resolution
    assert result._evidence_of("rate") == result._evidence


@pytest.mark.parametrize(
    ("groups", "figures"),
    [
        (
            cx.repeat_contacts(contacts(), by="channel", as_of=NINE + timedelta(days=60)),
            ("rate", "first_contact_resolution", "net_first_contact_resolution"),
        ),
        (
            cx.response_times(messages(), by="channel", targets=TARGETS),
            ("first_response.median", "first_response.within_target", "reply.within_target", "reply.median"),
        ),
    ],
    ids=["repeats", "waits"],
)  # fmt: skip
def test_groups_and_their_rests_have_other_figures_too(groups: Any, figures: tuple[str, ...]) -> None:
    for figure in figures:
        for together, found in (
            (groups._evidence_of(figure), list(groups.values())),
            (groups._rest_evidence_of(figure), [groups.rest(key) for key in groups]),
        ):
            for i, result in enumerate(found):
                alone = result._evidence_of(figure)
                assert (alone.name, alone.form, alone.upward) == (together.name, together.form, together.upward)
                for name in ("value", "n", "weight", "up"):
                    column = np.broadcast_to(getattr(together, name), len(groups))
                    assert column[i] == pytest.approx(getattr(alone, name), nan_ok=True), name


@pytest.mark.parametrize(
    ("result", "figure", "message"),
    [
        (cx.nps(ANSWERS), "promoter_share", r"by: 'score' \(got 'promoter_share'\); .* scale=scale.with_bands"),
        (cx.response_times(messages()), "reply.within_target", "reply.within_target needs a target for that clock"),
        (cx.response_times(messages()), "resolution.median", "resolution needs status changes"),
        (cx.response_times(messages()), "reply.p90", r"can be judged by: 'first_response.median', 'reply.median' \("),
        (cx.response_times(messages(), targets=TARGETS), 5, r"\(got 5\)"),
        (cx.repeat_contacts(contacts()), "kaplan_meier_rate", "'rate', 'first_contact_resolution', 'net_"),
    ],
)
def test_figures_that_nobody_can_judge_are_refused(result: Any, figure: Any, message: str) -> None:
    with pytest.raises(cx.UnknownNameError, match=message) as caught:
        cx.compare(result, result, figure=figure)
    assert caught.value.argument == "figure"


def test_groups_refuse_a_figure_like_their_results() -> None:
    for groups in (cx.repeat_contacts(contacts(), by="channel"), cx.csat([5, 1, 4], by=list("aab"))):
        for judge in (cx.compare, cx.funnel, cx.trend, cx.control_limits):
            with pytest.raises(cx.UnknownNameError, match="figure must be one that"):
                judge(groups, figure="mood")
