"""Messages of one kind at one instant: the order of their rows decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx

NINE = datetime(2026, 3, 2, 9)

rows = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 3), st.sampled_from(["customer", "agent", "bot"]),
        st.sampled_from(["ann", "bob", None]), st.sampled_from(["chat", "mail", None]), st.booleans(),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def measured(rows: list[tuple[Any, ...]], order: list[int], by: str | None) -> Any:
    # Every conversation has one first message, by which it belongs to a group.
    rows = [*rows, *((talk, -1, "customer", None, "mail", False) for talk in (0, 1))]
    order = [*order, len(rows) - 2, len(rows) - 1]
    talk, minute, author, agent, channel, handoff = zip(*(rows[i] for i in order), strict=True)
    log = cx.Messages(
        conversation=list(talk), at=[NINE + timedelta(minutes=after) for after in minute], author=list(author),
        agent=list(agent), channel=list(channel), handoff=list(handoff), extra={"size": [len(rows)] * len(rows)},
    )  # fmt: skip
    targets = cx.ServiceTargets(first_response={"chat": timedelta(minutes=1)}, reply={"mail": timedelta(minutes=1)})
    return cx.response_times(log, by=by, targets=targets, as_of=NINE + timedelta(hours=9))


@given(rows=rows, data=st.data(), by=st.sampled_from([None, "channel", "agent"]))
def test_the_order_of_like_rows_decides_nothing(
    rows: list[tuple[Any, ...]], data: st.DataObject, by: str | None
) -> None:
    other = data.draw(st.permutations(range(len(rows))))
    one, two = (measured(rows, order, by) for order in (list(range(len(rows))), other))
    assert one == two
    if by is None and one.first_response is not None:
        assert sorted(map(repr, one.table())) == sorted(map(repr, two.table()))


def test_of_two_answers_at_one_instant_the_first_by_name_is_credited() -> None:
    rows = [(0, 0, "customer", None, "chat", False), (0, 1, "agent", "bob", "chat", False)]
    rows.append((0, 1, "agent", "ann", "chat", False))
    for order in ([0, 1, 2], [2, 1, 0]):
        waits = measured(rows, order, None).table()
        assert ["ann"] == [row["agent"] for row in waits if row["ended"] == "answered"]


def test_a_log_without_labels_is_left_as_it_is() -> None:
    log = cx.Messages(conversation=np.zeros(4, int), at=[NINE] * 4, author=["customer", "agent"] * 2)
    assert 1 == cx.response_times(log).first_response.n


@pytest.mark.parametrize("name", ["agent", "channel"])
def test_two_questions_at_one_instant_belong_to_one_group(name: str) -> None:
    labels = {name: ["y", "x"]}
    log = cx.Messages(conversation=[1, 1], at=[NINE] * 2, author="customer", **labels)
    turned = cx.Messages(conversation=[1, 1], at=[NINE] * 2, author="customer", **{name: ["x", "y"]})
    assert cx.response_times(log, by=name) == cx.response_times(turned, by=name)
