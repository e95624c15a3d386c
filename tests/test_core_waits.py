"""The walk over a message log against a slow, obvious one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxscore._core import waits as w

OPEN_END = w.NEVER


def slow_waits(rows, now, expires):
    """Waits of one conversation. Rows are (at, kind, handoff, row), in order; bots included."""
    customers = [i for i, r in enumerate(rows) if r[1] == w.CUSTOMER]
    if not customers:
        return []
    first = customers[0]
    answers = [i for i, r in enumerate(rows) if r[1] == w.ANSWER and i > first]
    bots = [i for i, r in enumerate(rows) if r[1] == w.BOT and i > first]
    if bots and not answers and not any(r[2] for r in rows):
        return []
    limit = answers[0] if answers else len(rows)
    handoffs = [i for i in range(first + 1, limit) if rows[i][2]]
    start_at = handoffs[-1] if handoffs else first

    found = []
    opened = None
    for i, (at, kind, _, row) in enumerate(rows):
        if i < start_at:
            continue
        if opened is not None and expires is not None and at > opened[0] + expires:
            found.append((opened[1], opened[0], opened[0] + expires, w.WAIT_LAPSED, -1))
            opened = None
        if i == start_at or (kind == w.CUSTOMER and opened is None):
            opened = (at, row)
        elif opened is not None and kind in (w.ANSWER, w.RESOLVED, w.ABANDONED):
            outcome = {w.ANSWER: w.WAIT_ANSWERED, w.RESOLVED: w.WAIT_CLOSED, w.ABANDONED: w.WAIT_ABANDONED}
            found.append((opened[1], opened[0], at, outcome[kind], row if kind == w.ANSWER else -1))
            opened = None
    if opened is not None:
        if expires is not None and opened[0] + expires < now:
            found.append((opened[1], opened[0], opened[0] + expires, w.WAIT_LAPSED, -1))
        else:
            found.append((opened[1], opened[0], OPEN_END, w.WAIT_OPEN, -1))
    return found


def slow_agent_time(rows, now, opened=w.NEVER):
    """Whose turn was it between the opening and the last resolution, or `now` where there is none?"""
    resolved = [r[0] for r in rows if r[1] == w.RESOLVED] or [now]
    rows = [(max(r[0], opened), *r[1:]) for r in rows]
    total, agents_turn_since = 0, None
    for at, kind, _, _ in rows:
        if kind == w.ANSWER and agents_turn_since is None:
            agents_turn_since = at
        elif kind == w.CUSTOMER and agents_turn_since is not None:
            total += max(0, min(at, resolved[-1]) - agents_turn_since)
            agents_turn_since = None
    if agents_turn_since is not None:
        total += max(0, resolved[-1] - agents_turn_since)
    return total


def slow_walk(conversation, at, kind, handoff, n_conversations, now, expires, opened=w.NEVER):
    waits, facts, agent_time = [], [], []
    for code in range(n_conversations):
        mine = [i for i, c in enumerate(conversation) if c == code]
        mine.sort(key=lambda i: (at[i], kind[i], handoff[i], i))
        rows = [(at[i], kind[i], handoff[i], i) for i in mine]
        found = slow_waits(rows, now, expires)
        waits += [(code, *wait, number == 0) for number, wait in enumerate(found)]
        customers = [r for r in rows if r[1] == w.CUSTOMER]
        people = [r for r in rows if r[1] in (w.CUSTOMER, w.ANSWER)]
        resolved = [r[0] for r in rows if r[1] == w.RESOLVED]
        after = rows[rows.index(customers[0]) :] if customers else []
        bot_only = (
            any(r[1] == w.BOT for r in after)
            and not any(r[1] == w.ANSWER for r in after)
            and not any(r[2] for r in rows)
        )
        facts.append(
            (
                customers[0][3] if customers else -1,
                len(customers),
                len(people) - len(customers),
                bool(people) and people[0][1] == w.ANSWER,
                bot_only,
                resolved[-1] if resolved else w.NEVER,
            )
        )
        agent_time.append(slow_agent_time(rows, now, opened))
    return waits, facts, agent_time


def walked(
    conversation, at, kind, handoff, n_conversations, now, expires=None, opened=w.NEVER, dtype=np.int32, threads=1
):  # fmt: skip
    columns = [
        np.array(conversation, dtype),
        np.array(at, np.int64),
        np.array(kind, np.int8),
        np.array(handoff, np.bool_),
    ]
    for column in columns:
        column.flags.writeable = False
    found = w.walk(*columns, n_conversations, now=now, expires=expires, open_turns=True, threads=threads)
    waits = list(zip(*(column.tolist() for column in found.waits), strict=True))
    facts = list(zip(*(column.tolist() for column in found.conversations), strict=True))
    return waits, facts, w.agent_time(found.agent_turns, np.full(n_conversations, opened)).tolist()


kinds = st.sampled_from([w.CUSTOMER] * 4 + [w.ANSWER] * 3 + [w.BOT, w.IGNORED, w.HANDED_OVER, w.RESOLVED, w.ABANDONED])


@st.composite
def logs(draw):
    n_conversations = draw(st.integers(1, 4))
    longest = draw(st.sampled_from([3, 12, 10**6, 2**57]))
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, n_conversations - 1),
                st.integers(0, longest) | st.integers(0, 5),
                kinds,
                st.sampled_from([False] * 7 + [True]),
            ),
            max_size=18,
        )
    )
    presorted = draw(st.sampled_from([None, 0, 1]))
    if presorted is not None:
        rows.sort(key=lambda row: row[presorted])
    origin = draw(st.sampled_from([0, -7, 1_700_000_000_000_000]))
    rows = [(c, t + origin, k, h) for c, t, k, h in rows]
    if draw(st.booleans()):
        rows = [(c, t, k, False) for c, t, k, _ in rows]
    now = max((t for _, t, _, _ in rows), default=origin) + draw(st.integers(0, 3))
    expires = draw(st.none() | st.integers(0, 6) | st.integers(0, longest))
    return [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []], n_conversations, now, expires


@given(
    log=logs(),
    opened=st.sampled_from([w.NEVER, 0, 4]),
    block=st.sampled_from([1, 2, 5, 1 << 18]),
    threads=st.sampled_from([1, 1, 1, 2]),
)
@settings(max_examples=500, deadline=None)
def test_equals_slow_walk(log, opened, block, threads):
    columns, n_conversations, now, expires = log
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(w, "_BLOCK", block)  # small blocks make a small log cross all seams
        found = walked(*columns, n_conversations, now, expires, opened, threads=threads)
    assert slow_walk(*columns, n_conversations, now, expires, opened) == found


@given(log=logs())
@settings(max_examples=60, deadline=None)
def test_no_handoff_column_is_none_handed_off(log):
    (conversation, at, kind, _), n, now, expires = log
    columns = (np.array(conversation, np.int64), np.array(at, np.int64), np.array(kind, np.int8))
    expected = w.walk(*columns, np.zeros(len(at), np.bool_), n, now=now, expires=expires)
    found = w.walk(*columns, None, n, now=now, expires=expires)
    for ours, theirs in zip(itertools.chain(*expected), itertools.chain(*found), strict=True):
        assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("shape", ["by conversation", "by time", "shuffled", "all at one instant", "far apart"])
def test_larger_log_in_many_blocks(shape, monkeypatch):
    monkeypatch.setattr(w, "_BLOCK", 100)
    rng = np.random.default_rng(11)
    n, n_conversations = 2_000, 150
    conversation = rng.integers(0, n_conversations, n)
    at = rng.integers(0, 3 if shape == "all at one instant" else 100_000, n)
    if shape == "far apart":  # few leading bits in the keys, and again few within a conversation
        at = rng.integers(0, 2, n) * (1 << 57) + rng.integers(0, 30, n)
    kind = rng.choice([w.CUSTOMER, w.ANSWER, w.BOT, w.IGNORED, w.RESOLVED], n, p=[0.5, 0.3, 0.1, 0.05, 0.05])
    handoff = rng.random(n) < 0.03
    if shape in ("by conversation", "by time"):
        rows = np.argsort(conversation if shape == "by conversation" else at, kind="stable")
        conversation, at, kind, handoff = conversation[rows], at[rows], kind[rows], handoff[rows]
    columns = [conversation.tolist(), at.tolist(), kind.tolist(), handoff.tolist()]
    now = max(columns[1])
    expected = slow_walk(*columns, n_conversations, now, 20_000)
    assert expected == walked(*columns, n_conversations, now, 20_000)


@pytest.mark.parametrize(("bits", "threads"), [(30, 1), (30, 2), (50, 1)])
def test_keys_that_hardly_fit(monkeypatch, bits, threads):
    # As with a billion conversations: few bits are left for the instant, and lexsort decides. With yet more there
    # is no room for the kind of the row, either.
    rng = np.random.default_rng(3)
    at = rng.permutation(1 << 12) << 44
    code = np.where(rng.random(len(at)) < 0.5, 0, (1 << bits) - 1)
    rank = rng.integers(0, 8, len(at))
    monkeypatch.setattr(w, "_BLOCK", 1 << 11)
    # Only the ends of the range of codes are in use, so order() meets two very large conversations.
    expected = np.lexsort((rank, at, code))
    assert expected.tolist() == w.order(code, at, rank, 1 << bits, threads=threads).tolist()


def test_instants_far_apart_in_tiny_conversations():
    # Their span leaves bits of the stamp out of the keys, and what is left still tells all rows apart.
    at = np.array([1 << 57, 0, 1 << 57, 0])
    assert w.order(np.array([0, 0, 1, 1]), at, np.zeros(4, np.int8), 2).tolist() == [1, 0, 3, 2]


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3), st.integers(0, 7)), max_size=40),
    block=st.sampled_from([1, 3, 1 << 18]),
)
@settings(max_examples=80, deadline=None)
def test_order_is_a_stable_sort(rows, block):
    expected = sorted(range(len(rows)), key=lambda i: (*rows[i], i))
    code, at, rank = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(w, "_BLOCK", block)
        assert expected == w.order(code, at, rank, 4).tolist()


def one(*rows, now=1_000, expires=None):
    """Waits of one conversation written as (at, kind) or (at, kind, handoff): (start, end, outcome)."""
    at, kind, handoff = zip(*((*row, False)[:3] for row in rows), strict=True)
    waits, _, _ = walked([0] * len(rows), at, kind, handoff, 1, now, expires)
    return [(start, end, outcome) for _, _, start, end, outcome, _, _ in waits]


C, A, B, R, X, N = w.CUSTOMER, w.ANSWER, w.BOT, w.RESOLVED, w.ABANDONED, w.IGNORED


@pytest.mark.parametrize(
    ("rows", "expires", "expected"),
    [
        pytest.param([(0, C), (5, C), (9, A)], None, [(0, 9, w.WAIT_ANSWERED)], id="a run opens one wait"),
        pytest.param([(0, C), (2, N), (3, A)], None, [(0, 3, w.WAIT_ANSWERED)], id="notes do not end it"),
        pytest.param([(0, C), (0, A)], None, [(0, 0, w.WAIT_ANSWERED)], id="customer first at one instant"),
        pytest.param([(0, C), (4, R)], None, [(0, 4, w.WAIT_CLOSED)], id="closed"),
        pytest.param([(0, C), (4, R), (4, A)], None, [(0, 4, w.WAIT_ANSWERED)], id="answer before closing"),
        pytest.param([(0, C), (4, X)], None, [(0, 4, w.WAIT_ABANDONED)], id="abandoned"),
        pytest.param([(0, A), (1, R), (2, X)], None, [], id="endings without a wait"),
        pytest.param([(0, C), (3, B)], None, [], id="bot only"),
        pytest.param([(0, B), (3, C)], None, [(3, OPEN_END, w.WAIT_OPEN)], id="bot before the customer"),
        pytest.param([(0, C), (2, B, True), (9, A)], None, [(2, 9, w.WAIT_ANSWERED)], id="handed off"),
        pytest.param(
            [(0, C), (2, B, True), (3, C), (4, N, True), (5, C), (9, A), (10, B, True)],
            None,
            [(4, 9, w.WAIT_ANSWERED)],
            id="the last hand-off before the answer",
        ),
        pytest.param([(0, B, True), (1, C), (9, A)], None, [(1, 9, w.WAIT_ANSWERED)], id="hand-off too early"),
        pytest.param([(0, C), (1, R), (2, C, True)], None, [(2, OPEN_END, w.WAIT_OPEN)], id="closed before it"),
        pytest.param([(0, C), (2, N, True), (5, R), (9, A)], None, [(2, 5, w.WAIT_CLOSED)], id="closed after it"),
        pytest.param([(0, C), (10, A)], 10, [(0, 10, w.WAIT_ANSWERED)], id="answered at the deadline"),
        pytest.param([(0, C), (11, A)], 10, [(0, 10, w.WAIT_LAPSED)], id="answered after the deadline"),
        pytest.param(
            [(0, C), (10, C), (11, C), (15, C), (30, A)],
            10,
            [(0, 10, w.WAIT_LAPSED), (11, 21, w.WAIT_LAPSED)],
            id="a message after the lapse opens anew",
        ),
        pytest.param([(990, C)], 10, [(990, OPEN_END, w.WAIT_OPEN)], id="not older than the limit"),
        pytest.param([(989, C)], 10, [(989, 999, w.WAIT_LAPSED)], id="older than the limit"),
    ],
)
def test_one_conversation(rows, expires, expected):
    assert expected == one(*rows, expires=expires)
    assert expected == one(*reversed(rows), expires=expires)


def test_lapses_without_number_in_one_run():
    # One stride a lapse would take a hundred thousand rounds.
    at = np.arange(100_000) * 10
    zeros = np.zeros(len(at), np.int8)
    waits = w.walk(zeros, at, zeros, None, 1, now=int(at[-1]), expires=5).waits
    assert at.tolist() == waits.start.tolist()
    assert np.count_nonzero(waits.outcome == w.WAIT_LAPSED) == len(at) - 1
    assert int(waits.is_first.sum()) == 1


def test_never_reads_as_not_a_time():
    assert np.isnat(np.array([w.NEVER]).view("datetime64[us]"))[0]


def test_agent_turns_by_hand():
    rows = [(0, C), (4, A), (6, A), (10, C), (11, B), (12, A), (20, R), (25, C), (26, A), (28, R), (40, C)]
    at, kind = zip(*rows, strict=True)
    found = w.walk(np.zeros(len(at), np.int32), np.array(at), np.array(kind, np.int8), None, 2, now=50, expires=None)
    assert found.agent_turns.start.tolist() == [4, 12, 26]
    assert found.agent_turns.end.tolist() == [10, 25, 28]
    assert w.agent_time(found.agent_turns, np.full(2, w.NEVER)).tolist() == [21, 0]
    assert w.agent_time(found.agent_turns, np.array([5, 5])).tolist() == [20, 0]  # before the opening nothing counts


def test_agent_turns_of_open_conversations():
    at, kind = np.array([0, 4, 10, 12]), np.array([C, A, C, A], np.int8)
    code = np.zeros(4, np.int32)
    found = w.walk(code, at, kind, None, 1, now=50, open_turns=True)
    assert w.agent_time(found.agent_turns, np.zeros(1, np.int64)).tolist() == [6 + 38]
    assert len(w.walk(code, at, kind, None, 1, now=50).agent_turns.start) == 0
