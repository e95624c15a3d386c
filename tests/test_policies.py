"""Reply policies and service targets: values that refuse nonsense and write themselves into signatures."""

from __future__ import annotations

import ast
import copy
import pickle
from datetime import timedelta
from pathlib import Path

import attrs
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore import policies
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


# -- every field of a policy ---------------------------------------------------------------------------


def test_presets_have_dates_and_names_of_their_own():
    dated = [name for name in cx.policies.__all__ if "_202" in name]
    assert 10 == len(dated) == len({getattr(cx.policies, name) for name in dated})
    for name in dated:
        system, _, year = name.partition("_202")
        assert getattr(cx.policies, name) is getattr(cx.policies, system)
        assert f"{system}@202{year}".lower().replace("_07", "-07") == getattr(cx.policies, name).definition
    assert "cxscore" == cx.DEFAULT_POLICY.definition


def test_what_differs_from_the_default_is_the_definition():
    assert "cxscore,bot=answers,first_is_reply=false" == cx.ReplyPolicy(bot="answers", first_is_reply=False).definition
    assert (
        "cxscore,first_restarts=none,paused.first=hold+pending,paused.reply=snoozed,one_touch=900s"
        == cx.ReplyPolicy(
            first_restarts=set(), paused={"reply": ["snoozed"], "first": ("pending", "hold")},
            one_touch=timedelta(minutes=15),
        ).definition
    )  # fmt: skip
    assert cx.DEFAULT_POLICY == cx.ReplyPolicy(paused={"first": ()}) == cx.ReplyPolicy(resolved=["closed", "solved"])
    assert cx.policies.ZAMMAD == attrs.evolve(attrs.evolve(cx.policies.ZAMMAD, unit="hour"), unit="minute")
    assert "{'merged', 'spam'}" in repr(cx.ReplyPolicy(leave_out=["spam", "merged"]))
    assert "first_restarts=set()" in repr(cx.ReplyPolicy(first_restarts=()))
    assert "paused={'first': {'pending'}}" in repr(cx.ReplyPolicy(paused={"first": ["pending"]}))


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"first_from": "start"}, cx.UnknownNameError, "first_from must be one of 'first_customer', 'created'"),
        ({"first_restarts": "handoff"}, cx.ArgumentTypeError, r"first_restarts must be a set of names .*\{'handoff'\}"),
        ({"first_restarts": 3}, cx.ArgumentTypeError, "first_restarts must be a set of names"),
        ({"answers": ["note"]}, cx.UnknownNameError, "answers must be a set of names out of 'sent', 'public_note'"),
        ({"resolved": ["done"]}, cx.UnknownNameError, "resolved must be a set of names out of 'new'"),
        ({"status_answers": ["done"]}, cx.UnknownNameError, "status_answers must be"),
        ({"reopened_from": ["done"]}, cx.UnknownNameError, "reopened_from must be"),
        ({"leave_out": ["test"]}, cx.UnknownNameError, "leave_out must be a set of names out of 'merged'"),
        ({"paused": ["pending"]}, cx.ArgumentTypeError, r"paused must map clocks to statuses .* e\.g\. paused="),
        ({"paused": {"firsts": []}}, cx.UnknownNameError, "paused must be a mapping whose keys are out of 'first'"),
        ({"paused": {"first": ["asleep"]}}, cx.UnknownNameError, r"paused\['first'\] must be a set of names"),
        ({"one_touch": "once"}, cx.UnknownNameError, "one_touch must be a timedelta, or one of 'exactly_one'"),
        ({"one_touch": timedelta(0)}, cx.ArgumentValueError, "one_touch must be longer than zero"),
        ({"first_is_reply": 1}, cx.ArgumentTypeError, "first_is_reply must be True or False"),
        ({"unit": "day"}, cx.UnknownNameError, "unit must be one of 'second', 'minute', 'hour'"),
    ],
)
def test_fields_that_make_no_sense(fields, error, said):
    with pytest.raises(error, match=said):
        cx.ReplyPolicy(**fields)


@pytest.mark.parametrize(
    ("policy", "way"),
    [
        ("zendesk", "cx.policies.ZENDESK or"), ("Gorgias", "cx.policies.GORGIAS or"),
        ("chatwoot@2026-07", "cx.policies.CHATWOOT_2026_07 or"), (7, "cx.policies.ZENDESK or"),
        ("TARGETS", "cx.policies.ZENDESK or"),
    ],
)  # fmt: skip
def test_the_name_of_a_system_leads_to_its_policy(policy, way):
    with pytest.raises(cx.ArgumentTypeError, match=f"e.g. {way} cx.ReplyPolicy"):
        cx.response_times([], policy=policy)


PAGE = Path(__file__).parents[1] / "docs" / "reference" / "policies.md"
PRESETS = [name for name in policies.__all__ if isinstance(getattr(policies, name), cx.ReplyPolicy)]
ALIASES = [name for name in PRESETS if not name[-1].isdigit() and name != "DEFAULT_POLICY"]


def test_the_page_says_which_statuses_each_preset_takes_as_resolved():
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    head = next(row for row in rows if row[0] == "preset")
    told = {row[0].strip("`"): row[head.index("resolved is")] for row in rows if len(row) == len(head)}
    for name in ALIASES:
        assert getattr(policies, name).resolved == set(told[name].split(", ")), name


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_in_the_contents_of_its_page(name):
    owner = "cxscore" if name == "DEFAULT_POLICY" else "cxscore.policies"
    assert f"::: {owner}.{name}\n    options:\n" in PAGE.read_text(encoding="utf-8")


def test_the_lines_that_the_page_shows_have_no_private_names():
    source = Path(policies.__file__).with_name("_presets.py").read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = {node.id for call in calls for node in ast.walk(call) if isinstance(node, ast.Name)}
    assert not [name for name in names if name.startswith("_")]
