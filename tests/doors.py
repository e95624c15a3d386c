"""Every form in which the same answers may come in; a metric must give the same result for each.

`answer_doors` and `gappy_doors` are tables of name and value; iterators are fresh with each call.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import cxscore as cx

Door = tuple[str, Any]

NUMBERS = [
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "longdouble", ">i2", ">i8", ">u4", ">f4", ">f8"),
]


def answer_doors(points: Sequence[int], scale: cx.Scale = cx.NPS_0_10) -> list[Door]:
    """Answers without a gap, 0 or more, in every form that is accepted."""
    points = list(points)
    texts = [str(point) for point in points]
    return [
        *_python(points, texts),
        *_numpy(points, texts),
        *_pandas(points, texts),
        *_polars(points, texts),
        *_arrow(points, texts),
        *_ours(points, scale),
    ]


def gappy_doors(points: Sequence[int | None], scale: cx.Scale = cx.NPS_0_10) -> list[Door]:
    """Answers of which some are missing (None), each form with its own missing value."""
    points = list(points)
    gone = [point is None for point in points]
    filled = [0 if point is None else point for point in points]
    nans = [np.nan if point is None else float(point) for point in points]
    texts = [None if point is None else str(point) for point in points]
    objects = np.array([*points, None], dtype=object)[:-1]
    with_na = [pd.NA if point is None else point for point in points]
    return [
        ("list with None", points),
        ("list with NaN", nans),
        ("list with numpy NaN", [np.float32(value) for value in nans]),
        ("list with pandas.NA", with_na),
        ("list with pandas.NaT", [pd.NaT if point is None else point for point in points]),
        ("list of texts with None", texts),
        ("generator", (point for point in points)),
        ("Counter with None", Counter(points)),
        ("numpy float64", np.array(nans)),
        ("numpy float16", np.array(nans, dtype=np.float16)),
        ("numpy object", objects),
        ("numpy StringDType", np.array(texts, dtype=np.dtypes.StringDType(na_object=None))),
        ("numpy masked ints", np.ma.array(filled, mask=gone, dtype=np.int64)),
        ("numpy masked floats over NaN", np.ma.array(nans, mask=gone, dtype=np.float64)),
        ("numpy masked texts", np.ma.array([str(value) for value in filled], mask=gone, dtype="U3")),
        ("numpy masked objects", np.ma.array(np.array([*filled, None], dtype=object)[:-1], mask=gone)),
        ("pandas float64", pd.Series(nans, dtype="float64")),
        ("pandas Int64", pd.Series(points, dtype="Int64")),
        ("pandas Float32", pd.Series(points, dtype="Float32")),
        ("pandas object", pd.Series(with_na, dtype=object)),
        ("pandas object texts", pd.Series([pd.NA if text is None else text for text in texts], dtype=object)),
        ("pandas string", pd.Series(texts, dtype="string")),
        ("pandas str", pd.Series(texts, dtype="str")),
        ("pandas category of ints", pd.Series(pd.Categorical(points, categories=list(scale.points)))),
        ("pandas category of texts", pd.Series(texts, dtype="category")),
        ("pandas Arrow ints", pd.Series(points, dtype="int64[pyarrow]")),
        ("pandas Arrow texts", pd.Series(texts, dtype="string[pyarrow]")),
        ("polars ints", pl.Series("score", points, dtype=pl.Int16)),
        ("polars floats, null", pl.Series(points, dtype=pl.Float64)),
        ("polars floats, NaN", pl.Series(nans, dtype=pl.Float64)),
        ("polars String", pl.Series(texts, dtype=pl.String)),
        ("polars Categorical", pl.Series(texts, dtype=pl.Categorical)),
        ("polars Enum", pl.Series(texts, dtype=pl.Enum([str(point) for point in scale.points]))),
        ("pyarrow ints", pa.array(points, type=pa.int8())),
        ("pyarrow floats", pa.array(points, type=pa.float64())),
        ("pyarrow texts", pa.array(texts, type=pa.string())),
        ("pyarrow dictionary", pa.array(texts, type=pa.string()).dictionary_encode()),
        ("pyarrow dictionary that holds null", pa.array(texts, type=pa.string()).dictionary_encode("encode")),
        ("pyarrow chunks", pa.chunked_array([points[:2], points[2:]], type=pa.int32())),
        ("records", [cx.SurveyResponse(score=point) for point in points]),
        ("batch", cx.Responses(score=points)),
        ("batch of a masked array", cx.Responses(score=np.ma.array(filled, mask=gone, dtype=np.int64))),
        ("tally", cx.ScoreTally.of(points, scale)),
    ]


def _python(points: list[int], texts: list[str]) -> list[Door]:
    return [
        ("list", points),
        ("tuple", tuple(points)),
        ("deque", deque(points)),
        ("iterator", iter(points)),
        ("generator", (point for point in points)),
        ("map", map(int, points)),
        ("values of a dict", dict(enumerate(points)).values()),
        ("list of floats", [float(point) for point in points]),
        ("list of numpy scalars", [np.int16(point) for point in points]),
        ("list of texts", texts),
        ("list of labels", [f"{text} - so it is" for text in texts]),
        ("list of numbers and texts", [text if i % 2 else float(text) for i, text in enumerate(texts)]),
        ("Counter", Counter(points)),
        ("dict of text to count", dict(Counter(texts))),
    ]


def _numpy(points: list[int], texts: list[str]) -> list[Door]:
    array = np.array(points, dtype=np.int64)
    frozen = array.copy()
    frozen.flags.writeable = False
    return [
        *((f"numpy {dtype}", array.astype(dtype)) for dtype in NUMBERS),
        ("numpy every second", np.repeat(array, 2)[::2]),
        ("numpy backwards", array[::-1].copy()[::-1]),
        ("numpy column of a matrix", np.stack([array, array], axis=1)[:, 0]),
        ("numpy read-only", frozen),
        ("numpy masked, nothing hidden", np.ma.array(array)),
        ("numpy object", array.astype(object)),
        ("numpy U", np.array(texts, dtype="U4")),
        ("numpy StringDType", np.array(texts, dtype=np.dtypes.StringDType())),
    ]


def _pandas(points: list[int], texts: list[str]) -> list[Door]:
    series = pd.Series(points, dtype="int64")
    odd = pd.Series(points, dtype="int64", index=[7 * i + 100 for i in range(len(points))][::-1])
    return [
        ("pandas int64", series),
        ("pandas odd index", odd),
        ("pandas index of one label", pd.Series(points, dtype="int64", index=["same"] * len(points))),
        ("pandas float32", series.astype("float32")),
        ("pandas Int8", series.astype("Int8")),
        ("pandas Float64", series.astype("Float64")),
        ("pandas category of ints", series.astype("category")),
        ("pandas category, unused ones too", pd.Series(pd.Categorical(points, categories=[*range(11), -99]))),
        ("pandas category of texts", pd.Series(texts, dtype="str").astype("category")),
        ("pandas Categorical", pd.Categorical(texts, categories=[str(i) for i in range(11)])),
        ("pandas Index", pd.Index(points, dtype="int64")),
        ("pandas object", series.astype(object)),
        ("pandas str", pd.Series(texts, dtype="str")),
        ("pandas string", pd.Series(texts, dtype="string")),
        ("pandas Arrow ints", series.astype("int64[pyarrow]")),
        ("pandas Arrow texts", pd.Series(texts, dtype="string[pyarrow]")),
        ("pandas Arrow dictionary", pd.Series(texts, dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))),
        ("pandas sparse", series.astype("Sparse[int64]")),
    ]


def _polars(points: list[int], texts: list[str]) -> list[Door]:
    series = pl.Series("score", points, dtype=pl.Int64)
    return [
        *((f"polars {dtype}", series.cast(dtype)) for dtype in (pl.Int8, pl.UInt16, pl.Int64, pl.Float32, pl.Int128)),
        ("polars Decimal", series.cast(pl.Decimal(10, 2))),
        ("polars String", pl.Series(texts, dtype=pl.String)),
        ("polars Categorical", pl.Series(texts, dtype=pl.Categorical)),
        ("polars Enum", pl.Series(texts, dtype=pl.Enum([str(i) for i in range(11)]))),
        ("polars in chunks", pl.concat([series[:2], series[2:]], rechunk=False)),
    ]


def _arrow(points: list[int], texts: list[str]) -> list[Door]:
    array, words = pa.array(points, type=pa.int64()), pa.array(texts, type=pa.string())
    return [
        *((f"pyarrow {kind}", array.cast(kind)) for kind in (pa.int8(), pa.uint32(), pa.int64(), pa.float64())),
        ("pyarrow halffloat", pa.array(np.array(points, dtype=np.float16))),
        ("pyarrow decimal", pa.array(points, type=pa.decimal128(5, 0))),
        ("pyarrow string", words),
        ("pyarrow large string", words.cast(pa.large_string())),
        ("pyarrow dictionary", words.dictionary_encode()),
        ("pyarrow dictionary of ints", array.dictionary_encode()),
        ("pyarrow slice", pa.array([9, *points], type=pa.int64())[1:]),
        ("pyarrow chunks", pa.chunked_array([points[:1], points[1:]], type=pa.int16())),
        ("pyarrow one chunk", pa.chunked_array([array])),
        ("pyarrow chunks of texts", pa.chunked_array([words[:1], words[1:]])),
        ("pyarrow chunks of dictionaries", pa.chunked_array([words[:1], words[1:]]).dictionary_encode()),
    ]


def _ours(points: list[int], scale: cx.Scale) -> list[Door]:
    records = [cx.SurveyResponse(score=point) for point in points]
    parts = [cx.ScoreTally.of(part, scale) for part in (points[::2], points[1::2])]
    return [
        ("records", records),
        ("records in a tuple", tuple(records)),
        ("iterator of records", iter(records)),
        ("batch", cx.Responses(score=points)),
        ("batch of an array", cx.Responses(score=np.array(points, dtype=np.int8))),
        ("batch of a Series", cx.Responses(score=pl.Series(points, dtype=pl.Int8))),
        ("batch of records", cx.Responses.from_records(records)),
        ("tally", cx.ScoreTally.of(points, scale)),
        ("tally of counts", cx.ScoreTally.from_counts(Counter(points), scale)),
        ("sum of tallies", sum(parts, start=cx.ScoreTally.empty(scale))),
        ("tally from JSON", cx.ScoreTally.from_bytes(cx.ScoreTally.of(points, scale).to_bytes())),
    ]
