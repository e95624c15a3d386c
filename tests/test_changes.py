"""Changes as records and in columns: what is accepted, translated, refused, and given back."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxscore as cx

NINE = datetime(2026, 3, 2, 9)


def test_a_change_knows_its_status():
    change = cx.Change(conversation=7, at=NINE, kind="status", to="solved", by="agent", agent="ann")
    assert (cx.ChangeKind.STATUS, cx.Status.SOLVED, "agent", "ann") == (change.kind, change.to, change.by, change.agent)
    assert change == pickle.loads(pickle.dumps(change))
    assert cx.Status.NEW is cx.Change(conversation=7, at=NINE, kind="created", to="new").to
    assert cx.Change(conversation=7, at=NINE, kind="created").to is None
    # Only a status is one: an agent or a schedule may be called like it.
    assert "open" == cx.Change(conversation=7, at=NINE, kind="assigned", to="open").to
    assert not isinstance(cx.Change(conversation=7, at=NINE, kind="schedule", to="open").to, cx.Status)


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"kind": "state"}, cx.UnknownNameError, r"kind must be one of 'created', .* kinds=\{'state': 'status'"),
        ({"kind": "status", "to": "done"}, cx.UnknownNameError, r"to must be one of 'new', .* statuses="),
        ({"kind": "status"}, cx.UnknownNameError, "to must be one of"),
        ({"kind": "created", "to": "done"}, cx.UnknownNameError, "to must be one of"),
        ({"kind": "schedule"}, cx.ArgumentTypeError, "to must name the business hours"),
        ({"kind": "handoff", "by": "robot"}, cx.UnknownNameError, "by must be one of 'customer', .* 'system' or None"),
        ({"kind": "handoff", "conversation": None}, cx.ArgumentTypeError, "conversation must be given"),
        ({"kind": "handoff", "at": "today"}, cx.ArgumentTypeError, "at must be a datetime"),
    ],
)
def test_what_no_change_may_be(fields, error, said):
    with pytest.raises(error, match=said):
        cx.Change(**{"conversation": 7, "at": NINE, **fields})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"kind": ["status", "state"], "to": "open"}, r"kind must be one of .*'state' at position 1.*kinds="),
        ({"kind": "status", "to": ["open", "done"]}, r"to must be one of .*'done' at position 1.*statuses=\{'done': "),
        ({"kind": "status", "to": ["open", None]}, "to must name the status or the schedule"),
        ({"kind": "status"}, "to must name the status or the schedule"),
        ({"kind": ["schedule", "assigned"], "to": [None, None]}, "to must name the status or the schedule"),
        ({"kind": "handoff", "by": ["bot", "robot"]}, r"by must be one of .*'robot' at position 1.*authors="),
    ],
)
def test_what_no_column_may_hold(columns, said):
    with pytest.raises(cx.UnknownNameError, match=said):
        cx.Changes(conversation=[1, 1], at=NINE, **columns)


def test_columns_and_records_say_the_same():
    columns = cx.Changes(
        conversation=[1, 1, 2, 2], at=[NINE] * 4, kind=["created", "status", "assigned", "handoff"],
        to=[None, "pending", "ann", None], by=["customer", "agent", None, "bot"], agent=[None, "ann", "bob", None],
        extra={"row": [1, 2, 3, 4]},
    )  # fmt: skip
    assert columns == cx.Changes.from_records(list(columns)) == pickle.loads(pickle.dumps(columns))
    assert ([0, 1, 3, 2], [-1, 2, -1, -1], [0, 1, -1, 2]) == (
        columns.kinds().tolist(), columns.statuses().tolist(), columns.makers().tolist()
    )  # fmt: skip
    assert [1, 3] == [change.extra["row"] for change in columns[[0, 2]]]
    assert 8 == len(columns.concat(columns))
    assert [-1] * 2 == cx.Changes(conversation=[1, 2], at=NINE, kind="handoff").makers().tolist()
    blank = cx.Changes(conversation=[1, 2], at=[NINE, NINE], kind=[None, "created"])
    assert [-1, 0] == blank.kinds().tolist()


TABLE = {
    "ticket": [1, 1, 1],
    "when": [NINE, NINE, NINE],
    "what": ["state", "owner", "state"],
    "value": ["waiting", "waiting", "open"],
    "who": ["user", "rule", "user"],
}


@pytest.mark.parametrize("frame", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_tables_are_translated(frame):
    changes = cx.Changes.from_frame(
        frame(TABLE), conversation="ticket", at="when", kind="what", to="value", by="who",
        kinds={"state": "status", "owner": "assigned"}, statuses={"waiting": "pending"},
        authors={"user": "agent", "rule": "system"},
    )  # fmt: skip
    # An agent who is called like a status keeps his name.
    assert [cx.Status.PENDING, "waiting", cx.Status.OPEN] == [change.to for change in changes]
    assert ["agent", "system", "agent"] == [change.by for change in changes]


def test_a_table_of_one_kind_names_it():
    table = {"ticket": [1, 1], "when": [NINE, NINE], "state": ["open", "solved"]}
    changes = cx.Changes.from_frame(table, conversation="ticket", at="when", kind="status", to="state")
    assert [cx.Status.OPEN, cx.Status.SOLVED] == [change.to for change in changes]
    with pytest.raises(cx.UnknownNameError, match="kind must name a column of the table"):
        cx.Changes.from_frame(table, conversation="ticket", at="when", kind="lunch", to="state")


def test_zones():
    changes = cx.Changes(conversation=1, at=[NINE], kind="created", tz="Europe/Berlin")
    assert changes[0].at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_visibility_of_messages():
    log = cx.Messages(
        conversation=1, at=[NINE] * 3, author="agent", visibility=["sent", None, "public_note"],
        public=[False, False, True],
    )  # fmt: skip
    assert [None, [False, True, False], [False, False, True]] == [
        None, log.seen_as("private_note").tolist(), log.seen_as("public_note").tolist()
    ]  # fmt: skip
    assert cx.Visibility.PUBLIC_NOTE is log[2].visibility
    assert cx.Messages(conversation=1, at=[NINE], author="agent").seen_as("private_note") is None
    with pytest.raises(cx.UnknownNameError, match=r"visibility must be one of .* visibilities="):
        cx.Messages(conversation=1, at=[NINE], author="agent", visibility="internal")
    with pytest.raises(cx.UnknownNameError, match=r"visibility must be one of .* public= decides"):
        cx.Message(conversation=1, at=NINE, author="agent", visibility="internal")
    frame = {"ticket": [1], "at": [NINE], "by": ["agent"], "type": ["note"]}
    translated = cx.Messages.from_frame(
        frame, conversation="ticket", at="at", author="by", visibility="type", visibilities={"note": "public_note"}
    )
    assert cx.Visibility.PUBLIC_NOTE is translated[0].visibility


def test_notes_are_no_contact():
    at = np.array([NINE, datetime(2026, 3, 9)], "M8[us]")
    log = cx.Messages(
        conversation=1, at=at, author=["customer", "agent"], customer="ada", visibility=[None, "public_note"]
    )
    (contact,) = cx.Contacts.from_messages(log)
    assert contact.ended_at == NINE


def test_all_unknown_words_are_told_at_once():
    kinds = ["status", "status", "status", "assigned", "created", "status"]
    words = ["Open", "Reopened", "Open", "Reopened", None, "solved"]
    with pytest.raises(cx.UnknownNameError) as caught:
        cx.Changes(conversation=7, at=[NINE] * 6, kind=kinds, to=words)
    error = caught.value
    # An assignee may be called like it, and a creation need not say its status: neither is one of the rows.
    assert "(got 3 of 4 that are not: 'Open' 2 times, first at position 0, 'Reopened' at position 1)" in str(error)
    assert "from_frame(..., statuses={'Open': ..., 'Reopened': ...})" in str(error)
    assert (("Open", "Reopened"), (0, 1), 3, "to") == (error.found, error.positions, error.count, error.argument)
    many = [f"state {i}" for i in range(25)]
    with pytest.raises(cx.UnknownNameError, match=r"'state 19' at position 19, and 5 other names\); say which they"):
        cx.Changes(conversation=7, at=[NINE] * 25, kind="status", to=many)
