"""What may be handed to `outliers` and to `Fence`, what may not, and fences found in two steps."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore._core.quantiles import value_of

NUMBERS = [4, 6, 5, None, 7, 5, 60, 0]
SECONDS = [60, 90, 75, None, 80, 66, 7_200, 0]
SPANS = [None if value is None else timedelta(seconds=value) for value in SECONDS]
FILLED = [np.nan if value is None else value for value in NUMBERS]
LABELS = list("abababab")


def contacts(**changes):
    start = datetime(2026, 3, 2, 9)
    return [
        cx.Contact(
            customer=i, at=start, ended_at=None if span is None else start + span, extra={"items": items, "w": span}
        )
        for i, (items, span) in enumerate(zip(NUMBERS, SPANS, strict=True))
    ]


NUMBER_DOORS = [
    ("tuple", tuple(NUMBERS)),
    ("NaN", FILLED),
    *((f"numpy {kind}", np.array(FILLED, kind)) for kind in ("float16", "float32", "float64", "longdouble", ">f8")),
    ("objects", np.array(NUMBERS, dtype=object)),
    ("decimals", [None if value is None else Decimal(value) for value in NUMBERS]),
    ("masked", np.ma.array([0 if v is None else v for v in NUMBERS], mask=[v is None for v in NUMBERS])),
    ("pandas", pd.Series(NUMBERS, index=range(8, 0, -1))),
    ("pandas Int64", pd.Series(NUMBERS, dtype="Int64")),
    ("pandas Arrow", pd.Series(NUMBERS, dtype="int16[pyarrow]")),
    ("polars", pl.Series(NUMBERS, dtype=pl.UInt8)),
    ("polars floats", pl.Series(NUMBERS, dtype=pl.Float32)),
    ("arrow", pa.array(NUMBERS)),
    ("arrow chunks", pa.chunked_array([NUMBERS[:3], NUMBERS[3:]])),
]
SPAN_DOORS = [
    ("tuple", tuple(SPANS)),
    *((f"m8[{unit}]", np.array(SPANS, f"m8[{unit}]")) for unit in ("s", "ms", "us", "ns")),
    ("timedelta64 scalars", [np.timedelta64("NaT") if v is None else np.timedelta64(v, "s") for v in SECONDS]),
    ("objects", np.array(SPANS, dtype=object)),
    ("pandas", pd.Series(SPANS, dtype="m8[ns]")),
    ("pandas index", pd.TimedeltaIndex(SPANS)),
    ("pandas Timedelta", [pd.NaT if v is None else pd.Timedelta(v) for v in SPANS]),
    ("pandas Arrow", pd.Series(SPANS, dtype="duration[ms][pyarrow]")),
    *((f"polars {unit}", pl.Series(SPANS, dtype=pl.Duration(unit))) for unit in ("ms", "us", "ns")),
    ("arrow", pa.array(SPANS, pa.duration("s"))),
    ("arrow chunks", pa.chunked_array([SPANS[:3], SPANS[3:]], pa.duration("us"))),
]


@pytest.mark.parametrize(("name", "door"), NUMBER_DOORS, ids=[name for name, _ in NUMBER_DOORS])
def test_every_door_for_numbers_gives_the_same(name, door):
    for options in ({}, {"rule": "tukey", "side": "both"}, {"limit": 5}):
        expected = cx.outliers(NUMBERS, **options)
        assert expected.count > 0
        assert expected == cx.outliers(door, **options)
        assert expected.mask.tolist() == expected.fence.flags(door).tolist()
    assert cx.outliers(NUMBERS, by=LABELS) == cx.outliers(door, by=LABELS)


@pytest.mark.parametrize(("name", "door"), SPAN_DOORS, ids=[name for name, _ in SPAN_DOORS])
def test_every_door_for_durations_gives_the_same(name, door):
    for options in ({}, {"rule": "sd", "side": "both", "cutoff": 1}, {"limit": timedelta(seconds=79)}):
        expected = cx.outliers(SPANS, **options)
        assert expected.count > 0
        assert expected == cx.outliers(door, **options)
        assert expected.mask.tolist() == expected.fence.flags(door).tolist()


def test_iterators_are_read_once():
    assert cx.outliers(NUMBERS) == cx.outliers(iter(NUMBERS))
    assert cx.outliers(NUMBERS, limit=9) == cx.outliers((n for n in NUMBERS), limit=9)
    assert cx.Fence(high=9).flags(iter([9, 10])).tolist() == [False, True]


def duration(contact):
    return None if contact.ended_at is None else contact.ended_at - contact.at


@pytest.mark.parametrize("shape", [list, tuple, iter, cx.Contacts.from_records], ids=lambda shape: shape.__name__)
def test_records_come_back_with_what_is_flagged(shape):
    records = contacts()
    result = cx.outliers(shape(records), of="items")
    assert cx.outliers(NUMBERS) == result
    assert [records[6]] == [item.record for item in result.flagged]
    waits = cx.outliers(shape(records), of=duration)
    assert cx.outliers(SPANS) == waits == cx.outliers(shape(records), of="w")
    assert records[6] == waits.flagged[0].record == pickle.loads(pickle.dumps(waits)).flagged[0].record
    grouped = cx.outliers(shape(records), of="items", by=lambda record: LABELS[record.customer], limit=9)
    assert cx.outliers(NUMBERS, by=LABELS, limit=9) == grouped


def test_columns_of_a_batch():
    batch = cx.Conversations(
        id=range(4), opened_at=datetime(2026, 3, 2), messages=[3, 4, 2, 40], agent=["ann", "bob", "ann", "bob"]
    )
    found = cx.outliers(batch, of="messages", by="agent", limit=9)
    assert {"ann": 0, "bob": 1} == {key: result.count for key, result in found.items()}
    assert (3, 40) == (found["bob"].flagged[0].record.id, found["bob"].flagged[0].value)
    assert cx.outliers([], of="messages").n == 0


def test_what_is_missing_or_invalid_is_counted_or_refused():
    result = cx.outliers([1, None, np.inf, -np.inf, np.nan, 3, 2, 50], invalid="drop")
    assert ({"missing": 2, "invalid": 2}, [7]) == (result.left_out, result.indices.tolist())
    with pytest.raises(cx.InvalidValueError, match=r"be finite.*2 of 4.*positions 1, 3") as caught:
        cx.outliers([1, np.inf, 2, -np.inf])
    assert (1, 3) == caught.value.positions
    with pytest.raises(cx.InvalidValueError, match=r"not be negative .*timedelta"):
        cx.outliers([timedelta(1), timedelta(-1)], log=False)
    with pytest.raises(cx.InvalidValueError, match="not be negative on the log scale"):
        cx.outliers([1, -1], log=True)
    both = cx.outliers([1, -1, np.inf, None, 2, 3, 4], log=True, invalid="drop", by=list("aabbbbb"))
    assert [{"invalid": 1}, {"missing": 1, "invalid": 1}] == [result.left_out for result in both.values()]
    with pytest.raises(cx.MissingValueError, match="2 of 3"):
        cx.outliers([1, None, np.nan], missing="raise")
    # Zero is a number like any other.
    assert cx.outliers([0, 1, 2, 3, 90], log=True).left_out == {}


def test_a_column_without_a_value_takes_a_limit_of_either_kind():
    for empty in ([], [None], [np.nan, None], np.array([]), pd.Series([], dtype=object)):
        for limit in (3, timedelta(days=3)):
            result = cx.outliers(empty, limit=limit)
            assert (0, limit) == (result.n, result.fence.high)


DAY = timedelta(days=1)
WAITS = [DAY, 2 * DAY]


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        ([1], {"rule": "iqr"}, cx.UnknownNameError, "'mad', 'double-mad', 'tukey', 'sd'.*'iqr'"),
        ([1], {"rule": 3}, cx.ArgumentTypeError, "rule must be one of"),
        ([1], {"rule": "sd", "limit": 3}, cx.ArgumentValueError, "limit and rule exclude each other"),
        ([1], {"cutoff": 2, "limit": 3}, cx.ArgumentValueError, "limit and cutoff exclude"),
        ([1], {"log": True, "limit": 3}, cx.ArgumentValueError, "limit and log exclude"),
        ([1], {"rule": len, "cutoff": 3}, cx.ArgumentValueError, "cutoff has no meaning for a rule of your own"),
        ([1], {"rule": len, "log": True}, cx.ArgumentValueError, "log has no meaning"),
        ([1], {"rule": len}, cx.ArgumentTypeError, "rule must return a Fence .got 1"),
        ([1], {"rule": lambda v: cx.Fence(high=DAY)}, cx.ArgumentTypeError, "Fence of numbers"),
        ([1], {"cutoff": 0}, cx.ArgumentValueError, "above 0"),
        ([1], {"cutoff": np.float64("nan")}, cx.ArgumentValueError, "finite number above 0"),
        ([1], {"cutoff": 10**400}, cx.ArgumentValueError, "finite number above 0"),
        ([1], {"cutoff": True}, cx.ArgumentTypeError, "cutoff must be a number"),
        ([1], {"cutoff": "3"}, cx.ArgumentTypeError, "cutoff must be a number"),
        ([1], {"side": "up"}, cx.UnknownNameError, "'high', 'low', 'both'"),
        ([1], {"log": "yes"}, cx.ArgumentTypeError, "log must be True, False or None"),
        ([1], {"missing": "skip"}, cx.UnknownNameError, "'drop', 'raise'"),
        ([1], {"invalid": "clip"}, cx.UnknownNameError, "'raise', 'drop'"),
        (WAITS, {"limit": 5}, cx.ArgumentTypeError, r"limit=timedelta\(days=5\)"),
        ([1], {"limit": DAY}, cx.ArgumentTypeError, "limit must be a number"),
        ([1], {"limit": "5"}, cx.ArgumentTypeError, "number or a timedelta"),
        ([1], {"limit": True}, cx.ArgumentTypeError, "number or a timedelta"),
        ([1], {"limit": np.nan}, cx.ArgumentValueError, "finite"),
        ([1], {"limit": (1, 2)}, cx.ArgumentTypeError, "side='both'"),
        ([1], {"limit": 1, "side": "both"}, cx.ArgumentTypeError, r"pair \(low, high\)"),
        ([1], {"limit": (1, None), "side": "both"}, cx.ArgumentTypeError, "pair"),
        ([1], {"limit": (1, 2, 3), "side": "both"}, cx.ArgumentTypeError, "pair"),
        ([1], {"limit": (2, 1), "side": "both"}, cx.ArgumentValueError, "low must not be above high"),
        (WAITS, {"limit": (1, DAY), "side": "both"}, cx.ArgumentTypeError, "timedelta"),
        ([1], {"of": "items"}, cx.ArgumentTypeError, "of= needs records or a batch"),
        ([1], {"of": len}, cx.ArgumentTypeError, "of= needs records"),
        (contacts(), {}, cx.ArgumentTypeError, "of must say which value of the Contact records"),
        (contacts(), {"of": 3}, cx.ArgumentTypeError, "of must say which value"),
        (contacts(), {"of": "wait"}, cx.UnknownNameError, "got 'wait'.*items"),
        (contacts(), {"of": "at"}, cx.ArgumentTypeError, "must be numbers"),
        ([*contacts(), 3], {"of": "items"}, cx.ArgumentTypeError, "got int at position 8"),
        ([1, 2], {"by": "agent"}, cx.ArgumentTypeError, r"by=df\['agent'\]"),
        ([1, 2], {"by": [1]}, cx.LengthError, "2 rows"),
        ([1], {"threshold": 3}, cx.ArgumentTypeError, "limit="),
        (cx.DurationTally.empty(), {}, cx.ArgumentTypeError, r"Fence\.from_tally"),
        ("waits", {}, cx.ArgumentTypeError, "1-D column"),
        (np.zeros((2, 2)), {}, cx.ArgumentTypeError, r"shape \(2, 2\)"),
        (np.array(3.0), {}, cx.ArgumentTypeError, "1-D"),
        (pd.DataFrame({"a": [1]}), {}, cx.ArgumentTypeError, r'values=df\["column"\]'),
        ({1: 2}, {}, cx.ArgumentTypeError, "dict"),
        ([True, False], {}, cx.ArgumentTypeError, "numbers"),
        (["ten"], {}, cx.ArgumentTypeError, "'ten'"),
        ([1j], {}, cx.ArgumentTypeError, "complex"),
        ([1, DAY], {}, cx.ArgumentTypeError, "no unit"),
        ([np.timedelta64(3, "ns"), 4], {}, cx.ArgumentTypeError, "no unit"),
        (np.array(["2026-03-02"], "M8[ns]"), {}, cx.ArgumentTypeError, "must be numbers"),
    ],
)  # fmt: skip
def test_what_is_refused(values, options, error, message):
    with pytest.raises(error, match=message):
        cx.outliers(values, **options)


def test_a_second_positional_argument_is_explained():
    with pytest.raises(cx.ArgumentTypeError, match="by="):
        cx.outliers([1, 2], "chat")


# -- fences ------------------------------------------------------------------------------------------


def test_fences_are_values():
    fence = cx.Fence(np.int64(1), np.float64(2.5))
    assert cx.Fence(1, 2.5) == fence == pickle.loads(pickle.dumps(fence))
    assert hash(cx.Fence(1, 2.5)) == hash(fence)
    assert (int, float) == (type(fence.low), type(fence.high))
    assert cx.Fence(high=np.timedelta64(90, "s")).high == timedelta(seconds=90)
    assert [str(cx.Fence()), str(cx.Fence(1, 1234.5))] == ["no limit (own)", "below 1 or above 1,234.5 (own)"]


def test_a_fence_flags_strictly_outside_and_nothing_that_is_missing():
    assert [True, False, False, True, False] == cx.Fence(1, 3).flags([0.5, 1, 3, np.inf, np.nan]).tolist()
    waits = [timedelta(0), DAY, 2 * DAY, None]
    assert [False, False, True, False] == cx.Fence(high=DAY).flags(waits).tolist()
    assert [True, False, False, False] == cx.Fence(low=DAY).flags(np.array(waits, "m8[h]")).tolist()
    assert [False, False] == cx.Fence().flags([1, 2]).tolist() == cx.Fence().flags(WAITS).tolist()
    assert [False] == cx.Fence(high=DAY).flags([None]).tolist()


def test_what_a_fence_refuses():
    for low, high, error in (
        ("1", None, TypeError),
        (1, DAY, TypeError),
        (3, 2, ValueError),
        (None, np.inf, ValueError),
    ):
        with pytest.raises(error):
            cx.Fence(low, high)
    with pytest.raises(cx.ArgumentTypeError, match="got numbers, a limit is a timedelta"):
        cx.Fence(high=DAY).flags([3.0])
    with pytest.raises(cx.ArgumentTypeError, match="got durations, a limit is a number"):
        cx.Fence(high=3).flags([DAY])


waits = st.lists(st.integers(0, 10**7), max_size=30)


@given(waits, st.sampled_from(["mad", "double-mad", "tukey", "sd"]), st.sampled_from([None, False]), st.integers(0, 30))
def test_a_fence_of_merged_tallies_is_that_of_the_values_the_bins_stand_for(values, rule, log, cut):
    micros = np.array(values, dtype=np.int64)
    shards = [cx.DurationTally.of(part.view("m8[us]")) for part in (micros[:cut], micros[cut:])]
    fence = cx.Fence.from_tally(shards[0] + shards[1], rule, side="both", log=log)
    assert (rule, log is None, 0.01) == (fence.rule, fence.log, fence.relative_error)
    bins, counts = np.array((shards[0] + shards[1]).bins, dtype=np.int64).reshape(-1, 2).T
    expected = cx.outliers(np.repeat(value_of(bins), counts), rule=rule, side="both", log=log is None).fence
    for name in ("low", "high", "centre"):
        ours, theirs = getattr(fence, name), getattr(expected, name)
        if theirs is not None and abs(theirs) > 2.0**63:
            theirs = None  # longer than any duration
        assert (ours is None) == (theirs is None)
        assert ours is None or pytest.approx(theirs, rel=1e-9, abs=1.01) == ours / timedelta(microseconds=1)


@pytest.mark.parametrize(("rule", "factor"), [("mad", 1 + 2 * 3.5 / 0.6745), ("tukey", 1 + 2 * 1.5), ("sd", 1 + 3)])
def test_two_steps_for_data_in_shards(rule, factor):
    rng = np.random.default_rng(3)
    data = [(rng.lognormal(8, 1.2, 2_000) * 1e6).astype("m8[us]") for _ in range(4)]
    tally = sum(map(cx.DurationTally.of, data), start=cx.DurationTally.empty())
    fence = cx.Fence.from_tally(tally, rule)
    exact = cx.outliers(np.concatenate(data), rule=rule).fence
    # Every value moves by one percent at most, the centre as well, the spread by twice that times the cutoff.
    assert abs(np.log(fence.high / exact.high)) <= factor * 0.0101
    assert (rule, True, None) == (fence.rule, fence.log, fence.low)
    flags = np.concatenate([fence.flags(shard) for shard in data])
    assert abs(int(flags.sum()) - int(exact.flags(np.concatenate(data)).sum())) <= 5


def test_what_a_tally_fence_refuses():
    tally = cx.DurationTally.of(WAITS)
    with pytest.raises(cx.ArgumentTypeError, match=r"DurationTally\.of"):
        cx.Fence.from_tally([DAY])
    with pytest.raises(cx.UnknownNameError, match="'mad'"):
        cx.Fence.from_tally(tally, "iqr")
    with pytest.raises(cx.ArgumentTypeError, match="rule must be one of"):
        cx.Fence.from_tally(tally, len)
    assert (None, None) == (
        cx.Fence.from_tally(cx.DurationTally.empty()).high,
        cx.Fence.from_tally(cx.DurationTally.empty()).low,
    )
