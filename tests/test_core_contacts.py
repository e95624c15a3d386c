"""Threads cut into contacts: equal to a walk over each conversation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxscore._core.contacts import split_threads

MESSAGES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.booleans()), max_size=30)


def walked(rows: list[tuple[int, int, bool]], gap: int) -> list[tuple[int, int, int]]:
    """The first, the last and the last answering row of each contact, message by message."""
    found = []
    for talk in range(4):
        lines = sorted((at, answer, row) for row, (one, at, answer) in enumerate(rows) if one == talk)
        contact: list[int] | None = None
        before = None
        for at, answer, row in lines:
            if not answer and (contact is None or at - before > gap):
                contact = [row, row, -1]
                found.append(contact)
            if contact is not None:
                contact[1] = row
                contact[2] = row if answer else contact[2]
            before = at
    return [tuple(contact) for contact in found]


@given(rows=MESSAGES, gap=st.integers(0, 12))
def test_equals_a_walk_over_each_conversation(rows: list[tuple[int, int, bool]], gap: int) -> None:
    talk, at, answer = (np.array([row[i] for row in rows], dtype=kind) for i, kind in enumerate((int, int, bool)))
    for column in (talk, at, answer):
        column.flags.writeable = False
    found = split_threads(talk, at, answer, gap)
    assert walked(rows, gap) == list(zip(*(part.tolist() for part in found), strict=True))


def test_the_first_customer_message_begins_and_late_answers_belong_to_what_runs() -> None:
    at = np.array([0, 1, 50, 99, 100])
    answer = np.array([True, False, True, True, False])
    found = split_threads(np.zeros(5, dtype=np.int64), at, answer, 10)
    # The opening by an agent belongs to no contact; what comes soon after a late answer begins none.
    assert ([1], [4], [3]) == tuple(part.tolist() for part in found)
