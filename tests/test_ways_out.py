"""What a wrong input is told: which rule, what was found, and the call that works."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxscore as cx

NINE = datetime(2026, 3, 2, 9)
FRAME = pd.DataFrame({"ticket": [1], "sent": [NINE], "role": ["end-user"]})
SCORES = cx.ScoreTally.of([9], scale=cx.NPS_0_10)
WAITS = cx.DurationTally.of([])
REPEATS = cx.RepeatTally.of(cx.Contacts(customer="ada", at=[NINE]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cx.nps([10, ""]), 'an empty text is not read as missing, pass None (in pandas column.replace'),
        (lambda: cx.csat(pd.Series(["5", " "])), "an empty text is not read as missing, pass None"),
        (
            lambda: cx.Contacts(customer="ada", at=["2026-03-02"]),
            "datetime.fromisoformat(text), or a whole column with pd.to_datetime or polars' str.to_datetime",
        ),
        (
            lambda: cx.response_times(FRAME),
            "(got DataFrame); name its columns: cx.Messages.from_frame(df, conversation=..., at=..., author=...)",
        ),
        (
            lambda: cx.repeat_contacts(pl.from_pandas(FRAME)),
            "(got DataFrame); name its columns: cx.Contacts.from_frame(df, customer=..., at=...)",
        ),
        (lambda: cx.repeat_contacts(["ada"]), "(got list); build cx.Contacts(customer=..., at=...) from columns"),
        (
            lambda: cx.Messages.from_frame(FRAME, conversation="ticket", author="role"),
            'Messages.from_frame needs at (got none); name its column with at="...", columns found: ticket, sent, role',
        ),
        (lambda: cx.Contacts.from_frame(FRAME, at="sent", customer=None), "from_frame needs customer (got none)"),
        (lambda: cx.Messages.from_frame([FRAME], conversation="ticket"), "frame must be a table: a pandas, polars or"),
        (lambda: cx.Responses.from_frame(None, score="x"), "mapping of name to column (got NoneType); records and"),
        (
            lambda: cx.Messages.from_frame([1], conversation="a", at="b", author="c", authors={"x": "bot"}),
            "mapping of name to column (got list)",
        ),
        (
            lambda: cx.Messages.from_frame(FRAME, conversation="ticket", at="sent", author="role"),
            "say which they are with from_frame(..., authors={'end-user': ...})",
        ),
        (lambda: cx.response_times(SCORES), "(got a ScoreTally, which counts survey answers and goes to nps, csat or"),
        (lambda: cx.repeat_contacts(WAITS), "(got a DurationTally, which counts the waits of one clock and goes to"),
        (lambda: cx.outliers(SCORES), "(got a ScoreTally, which counts survey answers"),
    ],
)  # fmt: skip
def test_messages_name_a_way_out(call, message):
    with pytest.raises(cx.CxscoreError) as caught:
        call()
    assert message in str(caught.value)


@pytest.mark.parametrize("tally", [WAITS, REPEATS])
@pytest.mark.parametrize("metric", [cx.nps, cx.csat, cx.ces])
def test_another_metrics_tally_is_named_and_not_written_out(metric, tally):
    with pytest.raises(cx.ArgumentTypeError) as caught:
        metric(tally)
    assert f"(got a {type(tally).__name__}, which counts " in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_author_that_was_found_is_the_one_named():
    with pytest.raises(cx.UnknownNameError, match=r"authors=\{'staff': \.\.\.\}"):
        cx.Messages(conversation=[1, 1], at=NINE, author=["customer", "staff"])


def test_every_kind_of_table_is_one():
    columns = {"score": [5, 4], "where": ["chat", "mail"]}
    tables = (
        columns, pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns), pa.RecordBatch.from_pydict(columns),
        np.array([(5, "chat"), (4, "mail")], dtype=[("score", "i8"), ("where", "U4")]),
    )  # fmt: skip
    for table in tables:
        assert cx.Responses.from_frame(table, score="score", channel="where")[1].channel == "mail"
        with pytest.raises(cx.UnknownNameError, match="columns found: score, where"):
            cx.Responses.from_frame(table, score="points")
