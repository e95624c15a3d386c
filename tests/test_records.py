"""Records: frozen, checked by type, each error naming record, field, rule and what was found."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

import cxscore as cx

AT = datetime(2026, 3, 2, 9)
SMALLEST: dict[type[Any], dict[str, Any]] = {
    cx.SurveyResponse: {"score": 9},
    cx.Message: {"conversation": 1, "at": AT, "author": "customer"},
    cx.Conversation: {"id": 1, "opened_at": AT},
    cx.Contact: {"customer": "ada", "at": AT},
}
RECORDS = pytest.mark.parametrize("record", SMALLEST, ids=[record.__name__ for record in SMALLEST])


@RECORDS
def test_records_are_values(record: type[Any]) -> None:
    one, same = record(**SMALLEST[record]), record(**SMALLEST[record])
    assert one == same
    assert hash(one) == hash(same)
    assert one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)
    with pytest.raises(AttributeError):
        one.channel = "chat"
    assert not hasattr(one, "__dict__")


@RECORDS
def test_records_are_keyword_only(record: type[Any]) -> None:
    with pytest.raises(TypeError):
        record(*SMALLEST[record].values())


@RECORDS
def test_own_columns_are_kept_and_cannot_be_changed(record: type[Any]) -> None:
    mine = {"country": "DE"}
    one = record(**SMALLEST[record], extra=mine)
    mine["country"] = "FR"
    assert one.extra == {"country": "DE"}
    with pytest.raises(TypeError):
        one.extra["country"] = "FR"
    with pytest.raises(cx.ArgumentTypeError, match="extra must be a mapping of column name to value"):
        record(**SMALLEST[record], extra=["country"])


@RECORDS
def test_instants_and_labels_are_checked_in_every_field(record: type[Any]) -> None:
    for field in attrs.fields(record):
        if field.name == "at" or field.name.endswith("_at"):
            for wrong in ("2026-03-02", 1_772_442_000, date(2026, 3, 2)):
                with pytest.raises(cx.ArgumentTypeError, match=rf"{record.__name__}: {field.name} must be a datetime"):
                    record(**{**SMALLEST[record], field.name: wrong})
            aware = record(**{**SMALLEST[record], field.name: AT.replace(tzinfo=UTC)})
            assert getattr(aware, field.name).tzinfo is UTC
        if field.name in ("channel", "agent", "customer", "respondent", "conversation", "topic"):
            with pytest.raises(cx.ArgumentTypeError, match=rf"{field.name} must be hashable .* \(got \['a'\]\)"):
                record(**{**SMALLEST[record], field.name: ["a"]})


@pytest.mark.parametrize(
    ("record", "change", "error", "rule"),
    [
        (cx.SurveyResponse, {"weight": -1}, cx.ArgumentValueError, "weight must be 0 or more and finite"),
        (cx.SurveyResponse, {"weight": float("nan")}, cx.ArgumentValueError, "weight must be 0 or more and finite"),
        (cx.SurveyResponse, {"weight": "1"}, cx.ArgumentTypeError, "weight must be a number"),
        (cx.SurveyResponse, {"weight": True}, cx.ArgumentTypeError, "weight must be a number"),
        (cx.SurveyResponse, {"comment": 5}, cx.ArgumentTypeError, "comment must be a text or None"),
        (cx.SurveyResponse, {"tags": "price"}, cx.ArgumentTypeError, "tags must be a sequence .*single text 'price'"),
        (cx.SurveyResponse, {"tags": 5}, cx.ArgumentTypeError, "tags must be a sequence of texts"),
        (cx.Message, {"author": "robot"}, cx.UnknownNameError, "'customer', 'agent', 'bot' .*got 'robot'"),
        (cx.Message, {"author": ["agent"]}, cx.UnknownNameError, "author must be one of"),
        (cx.Message, {"conversation": None}, cx.ArgumentTypeError, "conversation must be given"),
        (cx.Message, {"at": None}, cx.ArgumentTypeError, r"at must be a datetime \(got None\)"),
        (cx.Message, {"public": 1}, cx.ArgumentTypeError, "public must be True or False"),
        (cx.Conversation, {"id": None}, cx.ArgumentTypeError, "id must be given"),
        (cx.Conversation, {"reopens": 1.0}, cx.ArgumentTypeError, "reopens must be a whole number"),
        (cx.Conversation, {"reopens": -1}, cx.ArgumentValueError, "reopens must be 0 or more"),
        (cx.Conversation, {"messages": -1}, cx.ArgumentValueError, "messages must be 0 or more"),
        (cx.Conversation, {"messages": True}, cx.ArgumentTypeError, "messages must be a whole number"),
        (cx.Conversation, {"status": 5}, cx.ArgumentTypeError, "status must be a text or None"),
        (cx.Contact, {"resolvable": None}, cx.ArgumentTypeError, "resolvable must be True or False"),
    ],
)
def test_refusals(record: type[Any], change: dict[str, Any], error: type[cx.CxscoreError], rule: str) -> None:
    with pytest.raises(error, match=rule) as caught:
        record(**{**SMALLEST[record], **change})
    assert caught.value.argument == next(iter(change))


def test_authors_are_read_from_texts() -> None:
    message = cx.Message(conversation=1, at=AT, author="bot")
    assert message.author is cx.Author.BOT
    assert message.author == "bot"


def test_what_records_leave_to_the_metrics() -> None:
    # An end before its start, a score off every scale: counted by `invalid="drop"`, so not refused here.
    assert cx.Contact(customer=None, at=AT, ended_at=datetime(2020, 1, 1)).ended_at < AT
    assert cx.SurveyResponse(score=[99]).score == [99]


def test_tags_become_a_tuple() -> None:
    assert cx.SurveyResponse(score=9, tags=["price", "speed"]).tags == ("price", "speed")
