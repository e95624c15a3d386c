"""Scales: the bands of every preset, what parses as a point, what is refused."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from strategies import PRESETS, scales

# The table of the definitions: low, high, poor points, good points, the two best.
BANDS = {
    "NPS_0_10": (0, 10, range(7), range(9, 11), [9, 10]),
    "NPS_1_10": (1, 10, range(1, 7), range(9, 11), [9, 10]),
    "NPS_FANS": (0, 10, range(6), range(9, 11), [9, 10]),
    "CSAT_1_5": (1, 5, range(1, 3), range(4, 6), [4, 5]),
    "CSAT_1_7": (1, 7, range(1, 3), range(6, 8), [6, 7]),
    "CSAT_1_10": (1, 10, range(1, 4), range(8, 11), [9, 10]),
    "CSAT_0_10": (0, 10, range(3), range(8, 11), [9, 10]),
    "CSAT_THUMBS": (0, 1, range(1), range(1, 2), [0, 1]),
    "CSAT_FACES": (1, 3, range(1, 2), range(3, 4), [2, 3]),
    "CES_1_7": (1, 7, range(1, 4), range(5, 8), [6, 7]),
    "CES_1_5": (1, 5, range(1, 3), range(4, 6), [4, 5]),
    "CES_EFFORT_1_5": (1, 5, range(4, 6), range(1, 3), [1, 2]),
}


@pytest.mark.parametrize(("name", "bands"), BANDS.items(), ids=BANDS)
def test_presets_have_the_bands_of_the_definitions(name: str, bands: tuple[Any, ...]) -> None:
    scale = getattr(cx, name)
    assert (scale.low, scale.high, scale.poor, scale.good, list(scale.top_two)) == bands
    assert scale.points == range(scale.low, scale.high + 1)


def test_the_table_covers_every_preset() -> None:
    assert set(BANDS) == set(cx.scales.__all__) - {"Scale"}
    assert len({scale.name for scale in PRESETS}) == len(PRESETS)


@given(scales)
def test_no_point_is_good_and_poor(scale: cx.Scale) -> None:
    assert not set(scale.good) & set(scale.poor)
    assert set(scale.good) | set(scale.poor) <= set(scale.points)


# -- parsing -----------------------------------------------------------------------------------------

MOODS = cx.CSAT_FACES.with_labels({"Здорово": 3, "Нормально": 2, "Плохо": 1})
HEARTS = cx.Scale(name="hearts", low=1, high=3, poor_up_to=1, good_from=3, labels={"💔": 1, "❤️": 3, "so là là": 2})

READS = [
    (cx.NPS_0_10, 9, 9),
    (cx.NPS_0_10, 9.0, 9),
    (cx.NPS_0_10, np.int8(9), 9),
    (cx.NPS_0_10, np.float32(9), 9),
    (cx.NPS_0_10, Decimal("9.00"), 9),
    (cx.NPS_0_10, "9", 9),
    (cx.NPS_0_10, " 9 ", 9),
    (cx.NPS_0_10, "9.0", 9),
    (cx.NPS_0_10, "+9", 9),
    (cx.NPS_0_10, "09", 9),
    (cx.NPS_0_10, "9 - very likely", 9),
    (cx.NPS_0_10, "10 – extremely likely", 10),
    (cx.NPS_0_10, "0: not at all", 0),
    (cx.NPS_0_10, "9 (very likely)", 9),
    (cx.NPS_0_10, "9/10", 9),
    (cx.NPS_0_10, "9 out of 10", 9),
    (cx.NPS_0_10, "10 of 10 points", 10),
    (cx.NPS_0_10, "１０", 10),  # full-width digits of East Asian keyboards
    (cx.NPS_0_10, "٩", 9),  # Arabic-Indic
    (cx.NPS_0_10, "5️⃣", 5),
    (cx.NPS_0_10, "🔟", 10),
    (cx.CSAT_1_5, "4 stars", 4),
    (cx.CSAT_1_5, "★★★★☆", 4),
    (cx.CSAT_1_5, "⭐⭐⭐⭐⭐", 5),
    (cx.CSAT_1_5, "★", 1),
    (cx.CSAT_THUMBS, "👍", 1),
    (cx.CSAT_THUMBS, "👎🏿", 0),
    (cx.CSAT_THUMBS, "👍🏽", 1),
    (cx.CSAT_THUMBS, "Thumbs  UP", 1),
    (cx.CSAT_THUMBS, "bad", 0),
    (cx.CSAT_FACES, "🙂", 3),
    (cx.CSAT_FACES, "😐", 2),
    (cx.CSAT_FACES, "☹️", 1),
    (cx.CSAT_FACES, "Not  good", 1),
    (MOODS, "Здорово", 3),
    (MOODS, "НОРМАЛЬНО", 2),
    (MOODS, " плохо\n", 1),
    (MOODS, "great", 3),  # the labels it had before
    (HEARTS, "❤", 3),  # with and without the emoji style
    (HEARTS, "So là là", 2),  # composed and decomposed accents read the same
]


@pytest.mark.parametrize(("scale", "value", "point"), READS, ids=[f"{value!r}" for _, value, _ in READS])
def test_reads(scale: cx.Scale, value: Any, point: int) -> None:
    assert scale.parse(value) == point
    assert type(scale.parse(value)) is int


@pytest.mark.parametrize("value", [None, math.nan, np.float16("nan"), pd.NA, pd.NaT, Decimal("NaN")])
def test_missing_values_are_no_answers(value: Any) -> None:
    assert cx.NPS_0_10.parse(value) is None


REFUSES = [
    (cx.NPS_0_10, 11),
    (cx.NPS_0_10, -1),
    (cx.NPS_0_10, 8.5),
    (cx.NPS_0_10, "8.5"),
    (cx.NPS_0_10, "8,5"),
    (cx.NPS_0_10, "11"),
    (cx.NPS_0_10, "-1"),
    (cx.NPS_0_10, "ten"),
    (cx.NPS_0_10, ""),
    (cx.NPS_0_10, "0-6"),  # a band, not the answer 0
    (cx.NPS_0_10, "9 - 10"),
    (cx.NPS_0_10, "0 to 6"),
    (cx.NPS_0_10, "9th"),
    (cx.NPS_0_10, "9/5"),  # of another scale
    (cx.NPS_0_10, "9%"),
    (cx.NPS_0_10, "9" * 5000),
    (cx.NPS_0_10, math.inf),
    (cx.NPS_0_10, 10**5000),
    (cx.NPS_0_10, True),
    (cx.NPS_0_10, np.True_),
    (cx.NPS_0_10, [9]),
    (cx.NPS_0_10, np.array([9, 9])),
    (cx.NPS_0_10, 9 + 1j),
    (cx.NPS_0_10, b"9"),
    (cx.CSAT_1_5, "★★★★★★"),
    (cx.CSAT_1_5, "★★☆"),  # of three stars
    (cx.CSAT_THUMBS, "🤷"),
    (MOODS, "ужасно"),
]


@pytest.mark.parametrize(("scale", "value"), REFUSES, ids=[f"{type(value).__name__}" for _, value in REFUSES])
def test_refuses(scale: cx.Scale, value: Any) -> None:
    rule = rf"is no point of the scale {scale.name} \(whole points {scale.low} to {scale.high}"
    with pytest.raises(cx.ScaleError, match=rule) as caught:
        scale.parse(value)
    assert caught.value.argument == "answers"


def test_the_message_names_the_first_labels() -> None:
    with pytest.raises(cx.ScaleError, match=r"labels '👍', '👎', 'thumbs up', 'thumbs down', 'good', 'bad'\)"):
        cx.CSAT_THUMBS.parse("so-so")
    with pytest.raises(cx.ScaleError, match=r"labels '😀'.* \.\.\.\)"):
        cx.CSAT_FACES.parse("so-so")


@given(scales, st.data())
def test_every_point_reads_back_from_its_text(scale: cx.Scale, data: st.DataObject) -> None:
    point = data.draw(st.sampled_from(scale.points))
    assert scale.parse(str(point)) == scale.parse(f"{point} - as they say") == point


@given(scales, st.text(max_size=8))
def test_a_text_is_a_point_or_an_error(scale: cx.Scale, text: str) -> None:
    try:
        point = scale.parse(text)
    except cx.ScaleError:
        return
    assert point in scale.points


# -- making scales -----------------------------------------------------------------------------------


def test_with_bands_keeps_the_rest() -> None:
    strict = cx.CSAT_1_5.with_bands(good_from=5)
    assert (list(strict.good), strict.poor, strict.name) == ([5], cx.CSAT_1_5.poor, "CSAT 1-5")
    assert list(cx.CSAT_1_5.with_bands(poor_up_to=1).poor) == [1]
    assert list(cx.CES_EFFORT_1_5.with_bands(good_from=1).good) == [1]
    assert cx.CSAT_1_5.with_bands() == cx.CSAT_1_5


def test_labels_are_a_way_of_reading_not_a_meaning() -> None:
    assert MOODS == cx.CSAT_FACES
    assert hash(MOODS) == hash(cx.CSAT_FACES)
    assert cx.CSAT_FACES.with_labels({"great": 2}).parse("great") == 2
    assert cx.Scale.from_dict(MOODS.to_dict()) == MOODS
    assert "labels" not in MOODS.to_dict()


@given(scales)
def test_scales_copy_pickle_and_come_back_from_dicts(scale: cx.Scale) -> None:
    assert scale == copy.deepcopy(scale) == pickle.loads(pickle.dumps(scale)) == cx.Scale.from_dict(scale.to_dict())
    assert pickle.loads(pickle.dumps(scale)).labels == scale.labels


def test_unlike_bands_are_unlike_scales() -> None:
    assert cx.NPS_FANS != cx.NPS_0_10
    assert dict(cx.NPS_FANS.definition) == {"scale": "0-10", "poor": "0-5", "good": "9-10"}
    assert dict(cx.CES_EFFORT_1_5.definition) == {"scale": "1-5", "poor": "4-5", "good": "1-2"}


def test_scales_are_frozen() -> None:
    with pytest.raises(AttributeError):
        cx.NPS_0_10.low = 1  # type: ignore[misc]  # the point of the test


GOOD = {"name": "mine", "low": 1, "high": 5, "poor_up_to": 2, "good_from": 4}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"low": 5}, "low must lie below high"),
        ({"low": -1001}, "low must lie within -1000 to 1000"),
        ({"high": 1001}, "high must lie within -1000 to 1000"),
        ({"poor_up_to": 0}, "poor_up_to must be a point of the scale"),
        ({"good_from": 6}, "good_from must be a point of the scale"),
        ({"good_from": 2}, "a point cannot be poor and good at once"),
        ({"low_is_good": True}, "a point cannot be poor and good at once"),
        ({"labels": {"superb": 6}}, "label 'superb' must name a point of the scale"),
    ],
)
def test_what_makes_no_scale(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(cx.ScaleError, match=rf"scale 'mine': {rule} \(got "):
        cx.Scale(**(GOOD | change))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"low": 1.0}, r"low must be a whole number \(got 1\.0\)"),
        ({"high": "5"}, "high must be a whole number"),
        ({"good_from": True}, "good_from must be a whole number"),
        ({"labels": ["great"]}, "labels must be a mapping of text to point"),
        ({"labels": {3: "great"}}, "labels must have texts as keys"),
        ({"labels": {"great": "3"}}, r"labels\['great'\] must be a whole number"),
    ],
)
def test_wrong_types(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(cx.ArgumentTypeError, match=rule):
        cx.Scale(**(GOOD | change))
    with pytest.raises(TypeError):
        cx.Scale(**(GOOD | {"name": 5}))


@pytest.mark.parametrize("text", ["0 - not applicable", "0 N/A", "0 (n/a)", "9: don't know"])
def test_a_number_that_stands_for_no_answer_is_refused(text: str) -> None:
    with pytest.raises(cx.ScaleError, match="no point of the scale"):
        cx.NPS_0_10.parse(text)


def test_stars_say_how_many_there_could_be_or_belong_to_five() -> None:
    assert 3 == cx.CSAT_1_5.parse("⭐⭐⭐")
    assert 5 == cx.CSAT_1_7.parse("★★★★★☆☆")
    with pytest.raises(cx.ScaleError):
        cx.NPS_0_10.parse("★★★★★")
