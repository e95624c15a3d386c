"""Reply policies and service targets: values that refuse nonsense and write themselves into signatures."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore.policies import read_target

HOUR = timedelta(hours=1)


def test_policies_are_values():
    assert cx.ReplyPolicy() == cx.DEFAULT_POLICY == pickle.loads(pickle.dumps(cx.DEFAULT_POLICY))
    assert cx.ReplyPolicy(expires=HOUR) != cx.DEFAULT_POLICY
    assert {cx.ReplyPolicy(expires=HOUR)} == {cx.ReplyPolicy(expires=HOUR)}
    assert ("cxscore", "cxscore,expires=3600s") == (
        cx.DEFAULT_POLICY.definition, cx.ReplyPolicy(expires=HOUR).definition
    )  # fmt: skip
    assert "cxscore,expires=0.000001s" == cx.ReplyPolicy(expires=timedelta(microseconds=1)).definition


@pytest.mark.parametrize(
    ("build", "error", "said"),
    [
        (
            lambda: cx.ReplyPolicy(expires=3),
            cx.ArgumentTypeError,
            r"expires must be a timedelta \(got 3\).*timedelta\(",
        ),
        (lambda: cx.ReplyPolicy(expires=timedelta(0)), cx.ArgumentValueError, "expires must be longer than zero"),
        (lambda: cx.ServiceTargets(first_response=24), cx.ArgumentTypeError, "first_response must be a timedelta"),
        (lambda: cx.ServiceTargets(reply=-HOUR), cx.ArgumentValueError, "reply must be longer than zero"),
        (
            lambda: cx.ServiceTargets(resolution={"mail": 2}),
            cx.ArgumentTypeError,
            r"resolution\['mail'\] must be a time",
        ),
        (lambda: cx.ServiceTargets(reply={"x": 0 * HOUR}), cx.ArgumentValueError, r"reply\['x'\] must be longer"),
        (
            lambda: cx.ServiceTargets(satisfaction="75"),
            cx.ArgumentTypeError,
            "satisfaction must be a number from 0 to 100",
        ),
        (lambda: cx.ServiceTargets(satisfaction=True), cx.ArgumentTypeError, "satisfaction must be a number"),
        (lambda: cx.ServiceTargets(satisfaction=101), cx.ArgumentValueError, "satisfaction must lie between 0 and 100"),
        (lambda: cx.ServiceTargets(detractors=10), cx.ArgumentValueError, "detractors must lie between 0 and 1"),
        (lambda: cx.ServiceTargets(detractors=float("nan")), cx.ArgumentValueError, "detractors must lie between"),
    ],
)
def test_what_makes_no_sense(build, error, said):
    with pytest.raises(error, match=said):
        build()


def test_published_targets():
    # The advice this library follows: e-mail in 24 h, social media in 1 h, resolution in 48 h, CSAT at least 75 %,
    # detractors at most 10 %.
    assert (24 * HOUR, HOUR) == (cx.TARGETS.first_response["email"], cx.TARGETS.first_response["social"])
    assert (48 * HOUR, None, 75.0, 0.10) == (
        cx.TARGETS.resolution, cx.TARGETS.reply, cx.TARGETS.satisfaction, cx.TARGETS.detractors
    )  # fmt: skip


def test_targets_are_values():
    given_by = {"mail": HOUR}
    targets = cx.ServiceTargets(first_response=given_by)
    given_by["mail"] = 2 * HOUR
    assert HOUR == targets.first_response["mail"]
    assert targets == copy.deepcopy(targets) == pickle.loads(pickle.dumps(targets))
    assert hash(targets) == hash(cx.ServiceTargets(first_response={"mail": HOUR}))
    assert cx.ServiceTargets(reply=pd.Timedelta("1h")).definition("reply") == "3600s"


def test_definitions():
    targets = cx.ServiceTargets(first_response={"b": HOUR, "a": timedelta(seconds=1.5)}, reply=HOUR, resolution={})
    assert ("a=1.5s,b=3600s", "3600s", "none") == tuple(
        targets.definition(clock) for clock in ("first_response", "reply", "resolution")
    )


spans = st.timedeltas(min_value=timedelta(microseconds=1))


@given(spans | st.dictionaries(st.text(max_size=6), spans, min_size=1, max_size=3) | st.none())
def test_a_definition_says_everything(target):
    definition = cx.ServiceTargets(reply=target).definition("reply")
    assert target == read_target(definition)
    assert not {"|", ";"} & set(definition)
