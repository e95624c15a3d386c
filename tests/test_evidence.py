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


def test_evidence_is_no_figure_and_travels_with_its_result() -> None:
    result = cx.nps(ANSWERS)
    assert "evidence" not in str(result.to_dict())
    assert "Evidence" not in repr(result)
    assert isinstance(pickle.loads(pickle.dumps(result))._evidence, Evidence)
    with pytest.raises(cx.UnknownNameError):
        cx.nps(ANSWERS, by=GROUPS).column("evidence")
