"""One table of all metrics, one list of laws: every metric keeps every law, or fails here.

A metric that is public and missing from the table fails the first test.
"""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxscore as cx
from doors import answer_doors, gappy_doors

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = START + timedelta(days=30)
SIZE = 60


@attrs.frozen
class Case:
    """How one metric is fed: rows as records, the same rows through every door, shards that may be merged."""

    metric: Callable[..., Any]
    records: list[Any]
    build: Callable[[list[Any]], Any]
    """Records to what the metric takes."""
    doors: Callable[[], Iterable[tuple[str, Any]]]
    """The same rows through every other door."""
    tally: Callable[[list[Any]], Any] | None
    """Records to a tally that the metric takes."""
    shards: Callable[[list[Any]], list[list[Any]]]
    options: dict[str, Any] = attrs.field(factory=dict)

    def measure(self, records: list[Any], **more: Any) -> Any:
        return self.metric(self.build(records), **{**self.options, **more})


def frames(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [
        ("pandas", pd.DataFrame(table)),
        ("polars", pl.DataFrame(table)),
        ("pyarrow", pa.table(table)),
        ("dict", table),
    ]


def survey_case(metric: Callable[..., Any], scale: cx.Scale) -> Case:
    rng = np.random.default_rng(11)
    scores = [None if rng.random() < 0.1 else int(rng.integers(scale.low, scale.high + 1)) for _ in range(SIZE)]
    records = [cx.SurveyResponse(score=score, channel="ab"[i % 2]) for i, score in enumerate(scores)]

    def doors() -> Iterable[tuple[str, Any]]:
        yield from gappy_doors(scores, scale)
        for name, frame in frames({"rating": scores}):
            yield f"{name} column", frame["rating"]
            yield f"batch from {name}", cx.Responses.from_frame(frame, score="rating")

    return Case(
        metric=metric,
        records=records,
        build=lambda rows: rows,
        doors=doors,
        tally=lambda rows: cx.ScoreTally.of(rows, scale),
        shards=lambda rows: [rows[:7], rows[7:8], [], rows[8:]],
    )


def message_rows() -> list[cx.Message]:
    rng = np.random.default_rng(12)
    rows = []
    for _ in range(SIZE):
        author = rng.choice(["customer", "customer", "agent", "bot"])
        rows.append(
            cx.Message(
                conversation=int(rng.integers(0, 9)), at=START + timedelta(minutes=int(rng.integers(0, 5_000))),
                author=author, public=bool(rng.random() < 0.9), automatic=bool(rng.random() < 0.1),
                agent="ann" if author == "agent" else None, channel="chat",
            )
        )  # fmt: skip
    return rows


def response_case() -> Case:
    records = message_rows()
    table = {
        field: [getattr(row, field) if field != "author" else str(row.author) for row in records]
        for field in ("conversation", "at", "author", "public", "automatic", "agent", "channel")
    }

    def doors() -> Iterable[tuple[str, Any]]:
        yield "tuple", tuple(records)
        yield "generator", (row for row in records)
        yield "batch of records", cx.Messages.from_records(records)
        yield "batch of lists", cx.Messages(**table)
        naive = [at.replace(tzinfo=None) for at in table["at"]]
        yield "batch of UTC wall times", cx.Messages(**{**table, "at": naive}, tz="UTC")
        yield (
            "batch of numpy",
            cx.Messages(
                **{**table, "at": np.array(naive, dtype="M8[s]"), "author": np.array(table["author"])}, tz="UTC"
            ),
        )
        names = {name: name for name in table}
        for name, frame in frames(table):
            yield f"batch from {name}", cx.Messages.from_frame(frame, **names)

    def by_conversation(rows: list[Any]) -> list[list[Any]]:
        return [[row for row in rows if row.conversation % 3 == part] for part in range(3)]

    return Case(
        metric=cx.response_times,
        records=records,
        build=lambda rows: rows,
        doors=doors,
        tally=lambda rows: cx.DurationTally.of(rows, clock="reply", as_of=NOW),
        shards=by_conversation,
        options={"as_of": NOW},
    )  # fmt: skip


def contact_rows() -> list[cx.Contact]:
    rng = np.random.default_rng(13)
    return [
        cx.Contact(
            customer=None if rng.random() < 0.05 else int(rng.integers(0, 12)),
            at=START + timedelta(hours=int(rng.integers(0, 700))),
            channel=str(rng.choice(["chat", "mail"])),
            topic=None if rng.random() < 0.3 else str(rng.choice(["bill", "login"])),
        )
        for _ in range(SIZE)
    ]


def repeat_case() -> Case:
    records = contact_rows()
    table = {field: [getattr(row, field) for row in records] for field in ("customer", "at", "channel", "topic")}

    def doors() -> Iterable[tuple[str, Any]]:
        yield "tuple", tuple(records)
        yield "generator", (row for row in records)
        yield "batch of records", cx.Contacts.from_records(records)
        yield "batch of lists", cx.Contacts(**table)
        names = {name: name for name in table}
        for name, frame in frames(table):
            if name != "pandas":  # pandas turns customer numbers with a gap into floats, whose labels differ
                yield f"batch from {name}", cx.Contacts.from_frame(frame, **names)
        frame = pd.DataFrame(table).astype({"customer": "Int64"})
        yield "batch from pandas Int64", cx.Contacts.from_frame(frame, **names)

    def by_customer(rows: list[Any]) -> list[list[Any]]:
        return [[row for row in rows if hash(row.customer) % 3 == part] for part in range(3)]

    return Case(
        metric=cx.repeat_contacts,
        records=records,
        build=lambda rows: rows,
        doors=doors,
        tally=lambda rows: cx.RepeatTally.of(rows, as_of=NOW, history_from=START),
        shards=by_customer,
        options={"as_of": NOW, "history_from": START},
    )


def outlier_case() -> Case:
    rng = np.random.default_rng(14)
    minutes = [int(value) for value in rng.lognormal(3, 1.5, SIZE)]
    waits = [timedelta(minutes=value) for value in minutes]
    records = [cx.SurveyResponse(score=None, extra={"wait": wait}) for wait in waits]

    def doors() -> Iterable[tuple[str, Any]]:
        array = np.array(minutes, dtype="m8[m]")
        yield "list", waits
        yield "tuple", tuple(waits)
        yield "generator", (wait for wait in waits)
        yield "numpy minutes", array
        yield "numpy seconds", array.astype("m8[s]")
        yield "pandas", pd.Series(waits)
        yield "polars", pl.Series(waits)
        yield "pyarrow", pa.array(waits)

    return Case(
        metric=cx.outliers,
        records=records,
        build=lambda rows: [row.extra["wait"] for row in rows],
        doors=doors,
        tally=None,  # medians do not merge: a Fence does, see test_outliers
        shards=lambda rows: [rows],
    )


CASES = {
    "nps": survey_case(cx.nps, cx.NPS_0_10),
    "csat": survey_case(cx.csat, cx.CSAT_1_5),
    "ces": survey_case(cx.ces, cx.CES_1_7),
    "response_times": response_case(),
    "repeat_contacts": repeat_case(),
    "outliers": outlier_case(),
}
# Judgements on results, not metrics of rows.
NO_METRICS = {
    "backlog", "compare", "control_limits", "drivers", "due_for_survey", "explain_change", "funnel", "latest",
    "low_scores", "movement", "period", "repeat_sensitivity", "response_rate", "rolling", "sample_size", "scorecard",
    "trend",
}  # fmt: skip

every_metric = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def test_every_public_metric_is_in_the_table() -> None:
    functions = {name for name in cx.__all__ if inspect.isfunction(getattr(cx, name))}
    assert functions - NO_METRICS == set(CASES)


@every_metric
def test_rows_are_accounted_for(case: Case) -> None:
    result = case.measure(case.records)
    assert SIZE == result.given == result.n + sum(result.left_out.values())


@every_metric
def test_groups_account_for_the_same_rows(case: Case) -> None:
    labels = [("ab" if i % 3 else None) for i in range(SIZE)]
    groups = case.measure(case.records, by=np.array(labels, dtype=object))
    assert SIZE == sum(group.given for group in groups.values())
    assert groups.overall == case.measure(case.records)
    for group in groups.values():
        assert group.given == group.n + sum(group.left_out.values())


@every_metric
def test_order_does_not_matter(case: Case) -> None:
    shuffled = [case.records[i] for i in np.random.default_rng(5).permutation(SIZE)]
    one, other = case.measure(case.records), case.measure(shuffled)
    if case.metric is cx.outliers:  # what is flagged moves with its row
        assert one.fence == other.fence
        assert sorted(item.value for item in one.flagged) == sorted(item.value for item in other.flagged)
    else:
        assert one == other


def way_back(result: Any) -> list[Any]:
    """What leads from a figure to its rows; no part of equality, and yet the same through every door."""
    if isinstance(result, cx.ResponseTimesResult):
        quantiles = [None if clock is None else clock.quantile(0.3) for clock in (result.first_response, result.reply)]
        rows = sorted(result.table(), key=lambda row: (row["start"], row["conversation"]))
        return [*rows, *quantiles]
    if isinstance(result, cx.RepeatContactsResult):
        return list(result.busiest(20))
    if isinstance(result, cx.OutliersResult):
        return [(item.index, item.value, item.limit, item.distance, item.reason) for item in result.flagged]
    return []


@every_metric
def test_every_door_gives_the_same(case: Case) -> None:
    expected = case.measure(case.records)
    doors = list(case.doors())
    assert len(doors) >= 8
    for name, value in doors:
        found = case.metric(value, **case.options)
        assert expected == found, name
        assert hash(expected) == hash(found), name
        assert way_back(expected) == way_back(found), name


@pytest.mark.parametrize("name", ["nps", "csat", "ces"])
def test_every_door_without_gaps_gives_the_same(name: str) -> None:
    case = CASES[name]
    scale = {"nps": cx.NPS_0_10, "csat": cx.CSAT_1_5, "ces": cx.CES_1_7}[name]
    points = [row.score for row in case.records if row.score is not None]
    expected = case.metric(points)
    for door, value in answer_doors(points, scale):
        assert expected == case.metric(value), door


def same_figures(one: Any, other: Any) -> bool:
    """Whether the plain values agree, but for what a tally cannot know (who, and how many were asked)."""
    unknown = {"signature", "asked", "response_rate", "respondents"}
    mine, theirs = one.to_dict(), other.to_dict()
    return {key: mine[key] for key in mine.keys() - unknown} == {key: theirs[key] for key in theirs.keys() - unknown}


@every_metric
def test_shards_merge_to_the_whole(case: Case) -> None:
    if case.tally is None:
        assert case.metric is cx.outliers
        return
    tallies = [case.tally(shard) for shard in case.shards(case.records)]
    whole = case.tally(case.records)
    merged = sum(tallies[1:], start=tallies[0])
    assert whole == merged == sum(reversed(tallies[:-1]), start=tallies[-1])
    if case.metric is not cx.response_times:  # whose tally holds one clock, in bins: see test_duration_tally
        assert same_figures(case.measure(case.records), case.metric(merged))
    assert whole == type(whole).from_dict(json.loads(json.dumps(whole.to_dict())))
    assert whole == type(whole).from_bytes(whole.to_bytes())


@every_metric
def test_nothing_in_gives_an_undefined_result_and_no_error(case: Case) -> None:
    for empty in ([], (), iter([])):
        result = case.metric(empty)
        assert (result.given, result.n, dict(result.left_out)) == (0, 0, {})
        json.dumps(result.to_dict(), allow_nan=False)
        assert str(result)


@every_metric
def test_one_row_is_enough(case: Case) -> None:
    result = case.measure(case.records[:1])
    assert 1 == result.given
    json.dumps(result.to_dict(), allow_nan=False)


@every_metric
def test_the_input_is_never_changed(case: Case) -> None:
    for name, value in case.doors():
        if isinstance(value, np.ndarray) and not np.ma.isMaskedArray(value):
            value.flags.writeable = False
        before = pickle.dumps(value) if isinstance(value, (list, tuple, np.ndarray)) else b""
        case.metric(value, **case.options)
        if before:
            assert before == pickle.dumps(value), name


@every_metric
def test_results_travel_and_compare(case: Case) -> None:
    result = case.measure(case.records)
    for twin in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        assert result == twin
        assert hash(result) == hash(twin)
        assert result.signature == twin.signature
    groups = case.measure(case.records, by=np.arange(SIZE) % 2)
    for same in (pickle.loads(pickle.dumps(groups)), copy.deepcopy(groups)):
        assert groups == same
        assert hash(groups) == hash(same)


@every_metric
def test_results_are_frozen_and_no_sequences(case: Case) -> None:
    result = case.measure(case.records)
    with pytest.raises(AttributeError):
        result.n = 3
    with pytest.raises(TypeError):
        iter(result)


@every_metric
def test_results_can_be_read_by_people_and_programs(case: Case) -> None:
    result = case.measure(case.records)
    assert "\n" not in str(result)
    assert result._repr_html_().startswith("<table>")
    plain = result.to_dict()
    assert plain == json.loads(json.dumps(plain, allow_nan=False))
    assert result.signature == plain["signature"] == str(cx.Signature.parse(result.signature))
    assert result.signature.startswith(f"cxscore|{plain['metric']}|")


@every_metric
def test_the_definition_does_not_depend_on_the_data(case: Case) -> None:
    assert case.measure(case.records).signature == case.measure(case.records[: SIZE // 2]).signature


@every_metric
def test_no_numpy_warning_in_any_corner(case: Case) -> None:
    with np.errstate(all="raise"):
        for rows in (case.records, case.records[:1], case.records[:2]):
            result = case.measure(rows, by=np.arange(len(rows)))
            assert len(rows) == len(result)


@every_metric
def test_bad_options_are_refused_by_name(case: Case) -> None:
    data = case.build(case.records)
    for option in ("missing", "invalid"):
        with pytest.raises(cx.UnknownNameError, match=option):
            case.metric(data, **{option: "ignore"})
    with pytest.raises(cx.ArgumentTypeError, match="has no argument colour"):
        case.metric(data, colour="red")
    with pytest.raises(cx.ArgumentTypeError, match="one positional argument"):
        case.metric(data, data)
    with pytest.raises(cx.CxscoreError):
        case.metric("a text")
    with pytest.raises(cx.CxscoreError, match="by"):
        case.measure(case.records, by=np.arange(3))
