"""What a wrong input is told: which rule, what was found, and the call that works."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxscore as cx

NINE = datetime(2026, 3, 2, 9)
FRAME = pd.DataFrame({"ticket": [1], "sent": [NINE], "role": ["end-user"]})


class DuckDBPyRelation:
    """What is known of a DuckDB relation without DuckDB: where its type comes from, and that it has columns."""

    __module__ = "duckdb._relation"
    columns = ("ticket", "sent", "role")


RELATION = DuckDBPyRelation()
SCORES = cx.ScoreTally.of([9], scale=cx.NPS_0_10)
WAITS = cx.DurationTally.of([])
REPEATS = cx.RepeatTally.of(cx.Contacts(customer="ada", at=[NINE]))
LOG = cx.Messages(conversation=1, at=[NINE, NINE + timedelta(hours=1)], author=["customer", "agent"])
LOG_IN_BERLIN = cx.Messages(conversation=1, at=[NINE], author="customer", tz="Europe/Berlin")
ANSWERS = cx.response_times(LOG, targets=timedelta(hours=4))
OFFICE = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")
COLUMNS = {"conversation": "ticket", "at": "sent", "author": "role"}
BATCHES = pa.table({"score": [9]}).to_reader()


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
        (lambda: cx.nps(SCORES, by="team"), "cx.Groups.from_tallies({key: tally, ...}, metric=cx.nps), or the answers"),
        (lambda: cx.response_times(WAITS, by="team"), "cx.Groups.from_tallies({key: tally, ...}, cx.response_times)"),
        (lambda: cx.response_times(WAITS, as_of=NINE), "whose counts are made; give it to DurationTally.of"),
        (lambda: cx.repeat_contacts(REPEATS, by="team"), "Groups.from_tallies({key: tally, ...}, cx.repeat_contacts)"),
        (lambda: cx.repeat_contacts(REPEATS, as_of=NINE), "whose counts are made; give it to RepeatTally.of"),
        (lambda: cx.outliers(ANSWERS), '(got a ResponseTimesResult); pass what is behind them: the waits of'),
        (lambda: cx.outliers(ANSWERS.reply), '(got a DurationSummary); pass what is behind them: the waits of'),
        (lambda: cx.outliers(ANSWERS.reply), 'are result.table(), those of one clock result.table("reply")'),
        (lambda: cx.outliers(cx.nps([9])), "(got a NpsResult); pass what is behind"),
        (lambda: cx.outliers(pd.DataFrame(ANSWERS.table().columns)), 'pass one column, e.g. values=df["column"]'),
        (
            lambda: cx.response_times(LOG, brackets=[1, 2]),
            "(got 1); write brackets=[timedelta(hours=1), timedelta(hours=4)]",
        ),
        (
            lambda: cx.response_times(LOG, brackets=[timedelta(0)]),
            "longer than zero (got datetime.timedelta(0)), e.g. brackets=[timedelta(hours=1), timedelta(hours=4)]",
        ),
        (
            lambda: cx.response_times(LOG_IN_BERLIN, changes=cx.Changes(conversation=1, at=[NINE], kind="created")),
            "naive instants beside aware ones); name the zone of the naive ones when you build that batch, cx.Changes(",
        ),
        (
            lambda: cx.response_times(LOG, conversations=cx.Conversations(id=[1], opened_at=[NINE], tz="Asia/Tokyo")),
            "ones); name the zone of the naive ones when you build that batch, cx.Messages(..., tz='Europe/Berlin')",
        ),
        (
            lambda: cx.response_times(
                [], conversations=cx.Conversations(id=[1], opened_at=[NINE]),
                changes=cx.Changes(conversation=1, at=[NINE], kind="created", tz="UTC"),
            ),
            "changes must follow the same rule as conversations (got aware instants beside naive ones)",
        ),
        (
            lambda: ANSWERS.at_risk(clock="reply"),
            "for which nothing was promised); promise it with response_times(..., targets=cx.ServiceTargets(reply=",
        ),
        (lambda: ANSWERS.at_risk(clock="business_resolution"), "targets=cx.ServiceTargets(resolution=timedelta(hours="),
        (lambda: ANSWERS.at_risk(clock="first"), "clock must be one of 'first_response' (got 'first')"),
        (lambda: ANSWERS.at_risk(clock="business_first_response"), "clock must be one of 'first_response' (got 'busi"),
        (lambda: cx.response_times(LOG, by=["x", "y"]), 'labels of your own go as a dict, by={"group": labels}'),
        (lambda: cx.nps(cx.Responses(score=[9]), by=["x"]), 'labels of your own go as a dict, by={"group": labels}'),
        (lambda: cx.outliers(ANSWERS.table(), by=["x"]), 'labels of your own go as a dict, by={"group": labels}'),
        (lambda: OFFICE.then(OFFICE, date(2026, 7, 1)), "write hours.then(new, starting=date(2026, 7, 1))"),
        (
            lambda: cx.repeat_contacts(cx.Contacts(customer="ada", at=[NINE], tz="UTC"), hours={"chat": OFFICE}),
            "hours by channel need the column channel of the contacts (got customer, at); name it where you build",
        ),
        (
            lambda: cx.Messages.from_frame(RELATION, **COLUMNS),
            "(got a lazy DuckDBPyRelation); pass frame.df(), frame.pl() or frame.to_arrow_table()",
        ),
        (
            lambda: cx.Messages.from_frame(BATCHES, **COLUMNS),
            "(got a lazy RecordBatchReader); pass frame.read_all()",
        ),
        (lambda: cx.response_times(BATCHES), "name its columns: cx.Messages.from_frame("),
        (lambda: cx.nps(RELATION), "pass one column of frame.df(), frame.pl() or frame.to_arrow_table()"),
        (lambda: cx.nps(BATCHES), "pass one column of frame.read_all()"),
        (lambda: cx.nps(pl.from_pandas(FRAME).lazy()), "pass one column of frame.collect()"),
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


def test_the_ways_out_work():
    assert {("x",), ("y",)} == set(cx.response_times(LOG, by={"group": ["x", "y"]}))
    assert {("x",), ("y",)} == set(cx.nps(cx.Responses(score=[9, 3]), by={"group": ["x", "y"]}))
    table = ANSWERS.table("reply")
    assert 1 == cx.outliers(table).n
    assert [("x",)] == list(cx.outliers(table, by={"group": ["x"]}))
    arrow = pa.table(FRAME)
    for frame in (FRAME, pl.from_pandas(FRAME), arrow, arrow.to_reader().read_all()):
        assert 1 == len(cx.Messages.from_frame(frame, **COLUMNS, authors={"end-user": "customer"}))
    assert None is ANSWERS.reopen_rate(timedelta(days=1))
