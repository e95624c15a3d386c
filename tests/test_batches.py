"""Column batches: constants, own columns, slices, concat, tables, equality, pickling."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore import _inputs
from cxscore.batches import as_batch
from strategies import labels

AT = datetime(2026, 3, 2, 9)
RECORDS = [
    cx.SurveyResponse(score=9, at=AT, channel="chat", tags=("price", "speed"), extra={"country": "DE"}),
    cx.SurveyResponse(score=None, channel="mail", tags=("price", "staff"), weight=2.0, extra={"country": "FR"}),
    cx.SurveyResponse(score="3", at=datetime(2026, 3, 3), respondent="ada", extra={"plan": "pro"}),
]


# -- building ----------------------------------------------------------------------------------------


def test_a_scalar_is_a_constant_column() -> None:
    batch = cx.Responses(score=[9, 10], channel="chat", at=AT, weight=2.0, extra={"wave": 3})
    assert batch[1] == cx.SurveyResponse(score=10, channel="chat", at=AT, weight=2.0, extra={"wave": 3})
    assert len(cx.Responses(score=9)) == 1


def test_records_come_back() -> None:
    batch = cx.Responses.from_records(RECORDS)
    assert list(batch) == RECORDS
    assert batch[-1] is RECORDS[-1]
    with pytest.raises(IndexError):
        batch[3]
    assert (len(batch), batch.extra) == (3, ("country", "plan"))
    assert cx.Responses.from_records(iter(RECORDS)) == batch
    assert len(cx.Responses.from_records([])) == 0


def test_only_the_matching_records_are_taken() -> None:
    with pytest.raises(
        cx.ArgumentTypeError, match=r"Contacts takes Contact records only .got SurveyResponse at position 0"
    ):
        cx.Contacts.from_records(RECORDS)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: cx.Responses(score=None), cx.ArgumentTypeError, "Responses needs the column score .got None"),
        (
            lambda: cx.Responses(score=[9], channel=["a", "b"]),
            cx.LengthError,
            "channel must have one value .*1 rows of score",
        ),
        (lambda: cx.Responses(score=[9], extra={"x": [1, 2]}), cx.LengthError, "x must have one value for each"),
        (lambda: cx.Responses(score=np.array(9)), cx.ArgumentTypeError, r"score must be 1-D .*shape \(\)"),
        (lambda: cx.Responses(score=np.ones((2, 2))), cx.ArgumentTypeError, r"score must be 1-D .*shape \(2, 2\)"),
        (lambda: cx.Responses(score=[9], at=["2026-03-02"]), cx.ArgumentTypeError, "at must be datetimes"),
        (
            lambda: cx.Messages(conversation=1, at=AT, author="robot"),
            cx.UnknownNameError,
            "author must be one of .*'robot'",
        ),
        (
            lambda: cx.Messages(conversation=1, at=AT, author="bot", public=1),
            cx.ArgumentTypeError,
            "public must be True",
        ),
        (
            lambda: cx.Contacts(customer=["a"], at=[AT], resolvable=[None]),
            cx.ArgumentTypeError,
            "resolvable must be True",
        ),
        (
            lambda: cx.Responses(score=[9]).concat(cx.Contacts(customer=[1], at=AT)),
            cx.ArgumentTypeError,
            "Responses only",
        ),
    ],
)
def test_refusals(build: Callable[[], Any], error: type[cx.CxscoreError], message: str) -> None:
    with pytest.raises(error, match=message):
        build()


def test_authors_as_codes() -> None:
    texts = ["agent", "customer", "bot", "agent"]
    for author in (
        texts,
        pd.Series(texts, dtype=pd.CategoricalDtype(["agent", "bot", "customer", "robot"])),
        np.array(texts),
    ):
        assert cx.Messages(conversation=[1, 1, 2, 2], at=AT, author=author).authors().tolist() == [1, 0, 2, 1]
    assert cx.Messages(conversation=[], at=[], author=[]).authors().tolist() == []


# -- parts and wholes --------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from([None, 0, 9, 10]), labels), max_size=12), st.data())
def test_slices_masks_and_positions_keep_the_rows(table: list[tuple[Any, Any]], data: st.DataObject) -> None:
    whole = cx.Responses(score=[row[0] for row in table], channel=[row[1] for row in table])
    mask = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    rows = np.flatnonzero(mask)
    expected = [whole[int(i)] for i in rows]
    assert list(whole[np.array(mask, dtype=bool)]) == list(whole[rows]) == expected
    cut = data.draw(st.integers(0, len(table)))
    assert whole[:cut].concat(whole[cut:]) == whole
    part = table[:cut]
    assert dict(cx.nps(whole[:cut], by="channel")) == dict(
        cx.nps([row[0] for row in part], by=[row[1] for row in part])
    )


def test_slices_of_a_batch_of_records() -> None:
    batch = cx.Responses.from_records(RECORDS)
    assert list(batch[1:]) == RECORDS[1:]
    assert batch[[0, 1]][1].tags == ("price", "staff")
    assert batch[pd.Series([True, False, False])][0].extra["country"] == "DE"


def test_concat_fills_absent_columns_with_missing() -> None:
    both = cx.Responses(score=[9], channel="chat").concat(cx.Responses(score=["3"], at=AT, extra={"wave": 1}))
    assert both[0] == cx.SurveyResponse(score=9, channel="chat", extra={"wave": None})
    assert both[1] == cx.SurveyResponse(score="3", at=AT, extra={"wave": 1})
    assert cx.nps(both) == cx.nps([9, 3])


def test_concat_keeps_what_is_missing() -> None:
    masked = cx.Responses(score=np.ma.array([9, 0], mask=[False, True]))
    floats = cx.Responses(score=np.ma.array([9.0, 0.0], mask=[False, True]))
    series = cx.Responses(score=pd.Series([9, None], dtype="Int64"))
    joined = masked.concat(floats, series, cx.Responses(score=pl.Series([9, None])))
    assert cx.nps(joined).left_out == {"missing": 4}
    assert [record.score for record in joined] == [9, None] * 4


def test_masked_instants_are_missing() -> None:
    at = np.ma.array([AT, AT], mask=[False, True], dtype="M8[ns]")
    assert [record.at for record in cx.Responses(score=[1, 2], at=at)] == [AT, None]


# -- columns -----------------------------------------------------------------------------------------


def test_columns_are_found_by_name() -> None:
    batch = cx.Responses(score=[9, 10], channel=["chat", None], extra={"wave": [1, 2]})
    assert (batch.columns, batch.extra) == (("score", "channel"), ("wave",))
    assert batch.has("wave")
    assert not batch.has("at")
    assert batch.raw("wave") == [1, 2]
    with pytest.raises(
        cx.UnknownNameError, match=r"by must name a column .*'chanel'\); known columns: score, channel, wave"
    ):
        batch.raw("chanel")
    assert repr(batch) == "Responses(2 rows: score, channel, wave)"


@pytest.mark.parametrize(
    ("column", "known"),
    [
        ([None, None], False), ([], False), (["ada", None], True), ([1, 100], True),
        (pl.Series([None, None], dtype=pl.String), False), (pl.Series([None, "ada"], dtype=pl.Categorical), True),
        (pd.Categorical([None, None], categories=["ada"]), False), (pa.array([None, None], type=pa.string()), False),
    ],
)  # fmt: skip
def test_a_column_is_known_when_it_has_a_value(column: Any, known: bool) -> None:
    assert cx.Responses(score=[9] * len(column), respondent=column).known("respondent") is known


def test_instants_are_known_when_there_is_one() -> None:
    batch = cx.Responses(score=[9, 9], at=[None, AT], asked_at=[None, None])
    assert (batch.known("at"), batch.known("asked_at"), batch.known("comment")) == (True, False, False)
    assert batch.latest() == int(np.datetime64(AT, "us").astype(np.int64))
    assert cx.Responses(score=[9]).latest() is None
    assert (cx.Responses(score=[9]).times("at") == _inputs.NAT).all()


def test_flags_are_constant_where_there_are_none() -> None:
    contacts = cx.Contacts(customer=["ada", "bob"], at=AT)
    assert contacts.flag("resolvable", default=True).tolist() == [True, True]
    some = cx.Contacts(customer=["ada", "bob"], at=AT, resolvable=[True, False])
    assert some.flag("resolvable", default=True).tolist() == [True, False]


@pytest.mark.parametrize("again", [lambda batch: batch, lambda batch: pickle.loads(pickle.dumps(batch))])
def test_columns_cannot_be_written_through(again: Callable[[Any], Any]) -> None:
    at, score = np.array([AT, AT], dtype="M8[us]"), np.array([9, 10])
    batch = again(cx.Responses(score=score, at=at))
    for column in (batch.raw("score"), batch.raw("at"), batch.times("at")):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    score[0] = at.view(np.int64)[0] = 5  # the arrays that were given stay the caller's


def test_whole_numbers_with_gaps_come_as_floats() -> None:
    tickets = cx.Conversations(id=[1, 2], opened_at=AT, reopens=np.array([2.0, np.nan]), messages=[3.0, None])
    assert (tickets[0].reopens, tickets[0].messages) == (2, 3)
    assert (tickets[1].reopens, tickets[1].messages) == (0, None)
    with pytest.raises(cx.ArgumentTypeError, match="reopens must be a whole number"):
        cx.Conversations(id=[1], opened_at=AT, reopens=[1.5])[0]


# -- equality ----------------------------------------------------------------------------------------


def test_batches_are_equal_by_content() -> None:
    one = cx.Responses(score=[9.0, np.nan], at=AT)
    assert one == cx.Responses(score=pl.Series([9.0, None]), at=[AT, AT])
    assert one == cx.Responses(score=np.array([9.0, np.nan]), at=np.array([AT, AT], dtype="M8[ns]"))
    assert one != cx.Responses(score=[9.0, 8.0], at=AT)
    assert one != cx.Responses(score=[9.0], at=AT)
    assert one != cx.Contacts(customer=[9.0, None], at=AT)
    assert one != [9.0, np.nan]


def test_equal_batches_have_equal_hashes() -> None:
    nothing = [[None], np.array(["NaT"], dtype="M8[us]"), pd.Series([pd.NaT]), pl.Series([None], dtype=pl.Datetime)]
    assert len({cx.Responses(score=[9], at=at) for at in nothing}) == 1


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda batch: pickle.loads(pickle.dumps(batch))])
def test_batches_copy_and_pickle(again: Callable[[Any], Any]) -> None:
    aware = cx.Responses(score=["9"], at=datetime(2026, 3, 2, tzinfo=UTC), extra={"x": [1]}, tz="Europe/Berlin")
    for batch in (cx.Responses.from_records(RECORDS), aware, cx.Responses(score=[])):
        copied = again(batch)
        assert copied == batch
        assert (copied.aware, copied.tz, hash(copied)) == (batch.aware, batch.tz, hash(batch))
        assert cx.nps(copied) == cx.nps(batch)


# -- tables ------------------------------------------------------------------------------------------

TABLE = {"rating": [9, 3], "where": ["chat", "mail"], "when": [AT, datetime(2026, 3, 3)], "plan": ["pro", None]}


@pytest.mark.parametrize(
    "make", [dict, pd.DataFrame, pl.DataFrame, pa.table], ids=["dict", "pandas", "polars", "pyarrow"]
)
def test_from_frame(make: Callable[[Any], Any]) -> None:
    batch = cx.Responses.from_frame(make(TABLE), score="rating", channel="where", at="when", extra=["plan"])
    expected = [
        cx.SurveyResponse(score=9, channel="chat", at=AT, extra={"plan": "pro"}),
        cx.SurveyResponse(score=3, channel="mail", at=datetime(2026, 3, 3), extra={"plan": None}),
    ]
    assert list(batch) == expected
    for name in ("raiting", "plan2"):
        with pytest.raises(
            cx.UnknownNameError, match=rf"score must name a column of the table \(got '{name}'\); .*rating, where"
        ):
            cx.Responses.from_frame(make(TABLE), score=name)
    with pytest.raises(
        cx.UnknownNameError, match=r"Responses\.from_frame has no field 'rating'; known fields: account"
    ):
        cx.Responses.from_frame(make(TABLE), rating="rating")


def test_from_frame_wants_a_table_in_memory() -> None:
    with pytest.raises(cx.ArgumentTypeError, match=r"lazy LazyFrame\); pass frame\.collect\(\)"):
        cx.Responses.from_frame(pl.LazyFrame(TABLE), score="rating")


def test_every_batch_reads_tables() -> None:
    frame = pd.DataFrame({"id": [1, 1], "t": [AT, AT], "by": ["end-user", "staff"]})
    names = {"end-user": "customer", "staff": "agent"}
    log = cx.Messages.from_frame(frame, conversation="id", at="t", author="by", authors=names)
    assert [str(message.author) for message in log] == ["customer", "agent"]
    known = frame.replace(names)
    assert cx.Messages.from_frame(known, conversation="id", at="t", author="by") == log
    assert cx.Conversations.from_frame(frame, id="id", opened_at="t")[0].opened_at == AT
    assert cx.Contacts.from_frame(frame, customer="id", at="t")[1].customer == 1


def test_as_batch_takes_records_and_batches_of_the_kinds_asked_for() -> None:
    contact = cx.Contact(customer="ada", at=AT)
    empty = cx.Contacts(customer=[], at=[])
    batch = as_batch(iter([contact]), "contacts", (cx.Contacts,), lambda: empty)
    assert batch == as_batch(batch, "contacts", (cx.Contacts,), lambda: empty)
    assert as_batch([], "contacts", (cx.Contacts,), lambda: empty) is empty
    with pytest.raises(
        cx.ArgumentTypeError, match=r"contacts must be Contact records or a Contacts batch .*cx\.Contacts\(customer"
    ):
        as_batch(["ada"], "contacts", (cx.Contacts,), lambda: empty)


def test_records_of_wall_times_come_back_as_wall_times_of_their_zone() -> None:
    wall = datetime(2026, 7, 1, 0, 30)
    batch = cx.Contacts(customer=["ada"], at=[wall], tz="Europe/Berlin")
    assert wall == batch[0].at.replace(tzinfo=None)
    assert [date(2026, 7, 1)] == list(cx.repeat_contacts(batch, by=lambda contact: contact.at.date()))


# -- places, readings, notebooks ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ("score", cx.ArgumentTypeError, r"got the name 'score'\); say batch\.raw\('score'\)"),
        ([True, False], cx.LengthError, r"index must have one value for each of the 3 rows of the batch \(got 2\)"),
        (True, cx.ArgumentTypeError, "index must be a place, slice, mask or list of positions"),
        (None, cx.ArgumentTypeError, "index must be a place, slice, mask"),
        ([0.5], cx.ArgumentTypeError, "index must be a place, slice, mask"),
        (["score"], cx.ArgumentTypeError, "index must be a place, slice, mask"),
        ([[0], [1]], cx.ArgumentTypeError, "index must be a place, slice, mask"),
    ],
)
@pytest.mark.parametrize("batch", [cx.Responses(score=[9, 10, 3]), cx.Responses.from_records(RECORDS)])
def test_what_is_no_place(batch: Any, index: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        batch[index]


def test_places() -> None:
    batch = cx.Responses(score=[9, 10, 3])
    for index in (
        [True, False, True],
        np.array([0, 2]),
        pd.Series([True, False, True]),
        pl.Series([0, 2]),
        iter([0, -1]),
    ):
        assert [9, 3] == [row.score for row in batch[index]]
    assert [0, 0] == [len(batch[nothing]) for nothing in ([], slice(0))]


@pytest.mark.parametrize("fold", [2, -1, True, 0.0, "0", np.array([0, 1])])
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_a_fold_is_0_or_1(fold: Any, tz: str | None) -> None:
    with pytest.raises(cx.ArgumentValueError, match=r"fold must be 0 .*, 1 .* or None"):
        cx.Responses(score=[9], at=AT, fold=fold, tz=tz)
    assert 1 == len(cx.Responses(score=[9], at=AT, fold=np.int64(1), tz=tz))


def test_html_of_a_batch_is_short_and_escaped() -> None:
    batch = cx.Responses(
        score=[*range(7)], comment="<b>", at=[AT] * 6 + [None], extra={"<i>": 1, "score": ["x"] * 6 + ["y"]}
    )
    page = batch._repr_html_()
    assert page.startswith("<table><caption style='text-align:left;white-space:nowrap'><b>Responses, 7 rows</b>")
    assert page.endswith("</table>... and 2 more")
    assert "<th>score (extra)</th>" in page
    assert "<td>4</td><td>2026-03-02 09:00:00</td><td>&lt;b&gt;</td><td>1</td><td>x</td></tr></tbody>" in page
    assert 6 == page.count("<tr>")
    page = cx.Responses.from_records(RECORDS)._repr_html_()
    assert "<th>respondent</th>" in page
    assert "<th>account</th>" not in page
    assert "<td>FR</td>" in page
    assert "0 rows" in cx.Contacts.from_records([])._repr_html_()
