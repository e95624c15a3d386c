"""The named meaning of a score: which whole points exist, which are good, which are poor.

A scale is stated, never inferred from the answers. It also reads what people write for a point:
"9 - very likely", stars, thumbs, faces, words of any language. Knows `errors` only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from numbers import Number
from typing import Any

import attrs

from ._frozen import FrozenMap
from .errors import ArgumentTypeError, ScaleError, shown

__all__ = [
    "CES_1_5",
    "CES_1_7",
    "CES_EFFORT_1_5",
    "CSAT_0_10",
    "CSAT_1_5",
    "CSAT_1_7",
    "CSAT_1_10",
    "CSAT_FACES",
    "CSAT_THUMBS",
    "NPS_0_10",
    "NPS_1_10",
    "NPS_FANS",
    "Scale",
]

# A number, then nothing, or a separator and words that hold no second number ("0 - 6" and "0 to 6" are
# bands, not the answer 0), or "/10" and "of 5", which must repeat the top of the scale.
_NUMBER = re.compile(
    r"(?P<point>[+-]?\d{1,9})(?:\.0+)?"
    r"(?:\s*(?:/|out of|of)\s*(?P<top>\d{1,9}))?"
    r"(?P<text>[-–—:=.,;)(\]\s]\D*)?"
)
# "0 - not applicable" is no answer of 0.
_NO_ANSWER = re.compile("n/a|n[.]a|na|not applicable|not available|no answer|no opinion|don['’]t know|unknown")
_STARS = re.compile(r"(?P<full>[★⭐]+)(?P<empty>☆*)")
# What a keyboard adds without changing the meaning: emoji style, skin tone, the frame of a keycap.
_DECORATION = re.compile("[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")
# Every number type, half floats and int16 included, holds such points exactly.
_FARTHEST = 1000


def _normal(text: str) -> str:
    """One spelling for texts that read the same."""
    plain = _DECORATION.sub("", unicodedata.normalize("NFKC", text)).replace("\U0001f51f", "10")
    return " ".join(plain.split()).casefold()


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # pandas' own, without importing it
        return True
    return isinstance(value, Number) and value != value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name} must be a whole number (got {value!r}); scales have whole points, e.g. low=0, high=10"
        raise ArgumentTypeError(msg, argument=name, found=value)
    return value


def _labels(labels: Mapping[str, int]) -> FrozenMap[str, int]:
    if not isinstance(labels, Mapping):
        msg = f"labels must be a mapping of text to point, e.g. {{'great': 3}} (got {labels!r})"
        raise ArgumentTypeError(msg, argument="labels", found=labels)
    for text, point in labels.items():
        if not isinstance(text, str):
            msg = f"labels must have texts as keys, e.g. {{'great': 3}} (got the key {text!r})"
            raise ArgumentTypeError(msg, argument="labels", found=text)
        _whole(f"labels[{text!r}]", point)
    return FrozenMap({_normal(text): point for text, point in labels.items()})


@attrs.frozen(kw_only=True)
class Scale:
    """The points of a score and what they mean.

    Args:
        name: what messages call it.
        low: lowest point.
        high: highest point; all whole numbers from `low` to `high` are points.
        poor_up_to: the poor band, counted from the poor end up to and including this point.
        good_from: the good band (the criterion), from this point to the good end.
        low_is_good: True where little is good (effort); bands then count from the other end, so that
            `good_from=2` is "2 and below" and `poor_up_to=4` is "4 and above".
        labels: text to point, for answers that are words or emoji. Case, spacing, skin tone and emoji
            style do not matter.

    Raises:
        ScaleError: bounds or bands that make no scale, a label for a point that is not there.

    Two scales are equal when points, bands and name are; labels are a way of reading, not a meaning.

    >>> import cxscore as cx
    >>> cx.NPS_0_10.parse("9 - very likely")
    9
    >>> moods = cx.CSAT_FACES.with_labels({"Здорово": 3, "Нормально": 2, "Плохо": 1})
    >>> moods.parse("здорово")
    3
    """

    name: str = attrs.field(validator=attrs.validators.instance_of(str))
    low: int
    high: int
    poor_up_to: int
    good_from: int
    low_is_good: bool = False
    labels: FrozenMap[str, int] = attrs.field(factory=FrozenMap, converter=_labels, eq=False)

    def __attrs_post_init__(self) -> None:
        for field in ("low", "high", "poor_up_to", "good_from"):
            _whole(field, getattr(self, field))
        if not self.low < self.high:
            self._refuse("low must lie below high", "low", self.low)
        for field in ("low", "high"):
            if abs(getattr(self, field)) > _FARTHEST:
                self._refuse(f"{field} must lie within -{_FARTHEST} to {_FARTHEST}", field, getattr(self, field))
        for field in ("poor_up_to", "good_from"):
            if not self.low <= getattr(self, field) <= self.high:
                self._refuse(f"{field} must be a point of the scale", field, getattr(self, field))
        if set(self.poor) & set(self.good):
            self._refuse("a point cannot be poor and good at once", "good_from", self.good_from)
        for text, point in self.labels.items():
            if not self.low <= point <= self.high:
                self._refuse(f"label {text!r} must name a point of the scale", "labels", point)

    def _refuse(self, rule: str, argument: str, found: object) -> None:
        msg = (
            f"scale {self.name!r}: {rule} (got {argument}={found!r} with low={self.low}, high={self.high}, "
            f"poor_up_to={self.poor_up_to}, good_from={self.good_from}, low_is_good={self.low_is_good})"
        )
        raise ScaleError(msg, argument=argument, found=found)

    @property
    def points(self) -> range:
        """All points, ascending."""
        return range(self.low, self.high + 1)

    @property
    def good(self) -> range:
        """The points of the good band, ascending."""
        return range(self.low, self.good_from + 1) if self.low_is_good else range(self.good_from, self.high + 1)

    @property
    def poor(self) -> range:
        """The points of the poor band, ascending."""
        return range(self.poor_up_to, self.high + 1) if self.low_is_good else range(self.low, self.poor_up_to + 1)

    @property
    def top_two(self) -> range:
        """The two best points, ascending."""
        return range(self.low, self.low + 2) if self.low_is_good else range(self.high - 1, self.high + 1)

    @property
    def definition(self) -> tuple[tuple[str, str], ...]:
        """Settings that go into a signature: two scores compare only where these agree."""
        return (
            ("scale", f"{self.low}-{self.high}"),
            ("poor", f"{self.poor.start}-{self.poor.stop - 1}"),
            ("good", f"{self.good.start}-{self.good.stop - 1}"),
        )

    def parse(self, value: Any) -> int | None:
        """The point that `value` stands for, or None for a missing value.

        Reads whole numbers, numbers as text with or without words behind ("9", "9.0", "9 - very likely",
        "4/5"), stars ("★★★★☆"), and `labels`.

        Raises:
            ScaleError: no point of this scale; nothing is rounded, clipped or guessed.

        >>> import cxscore as cx
        >>> cx.CSAT_1_5.parse("★★★★☆"), cx.CSAT_THUMBS.parse("👍🏽"), cx.CSAT_1_5.parse(None)
        (4, 1, None)
        """
        if _is_missing(value):
            return None
        point = self._read(value) if isinstance(value, str) else self._number(value)
        if point is None or not self.low <= point <= self.high:
            msg = (
                f"answer {shown(value)} is no point of the scale {self.name} (whole points {self.low} to {self.high}"
                f"{self._known_labels()}); give labels with scale.with_labels({{...}}), another scale with "
                f"scale=, or leave such answers out with invalid='drop'"
            )
            raise ScaleError(msg, argument="answers", found=value, count=1)
        return point

    def _known_labels(self) -> str:
        shown = list(self.labels)[:6]
        return f", labels {', '.join(map(repr, shown))}{' ...' if len(self.labels) > 6 else ''}" if shown else ""

    def _number(self, value: Any) -> int | None:
        if isinstance(value, bool) or type(value).__name__ == "bool":  # the second is numpy's
            return None
        try:
            point = int(value)
        except (TypeError, ValueError, OverflowError):
            return None
        return point if point == value else None

    def _read(self, text: str) -> int | None:
        plain = _normal(text)
        if plain in self.labels:
            return self.labels[plain]
        if number := _NUMBER.fullmatch(plain):
            top = number["top"]
            if _NO_ANSWER.fullmatch((number["text"] or "").strip(" -–—:=.,;()[]")):
                return None
            return int(number["point"]) if top is None or int(top) == self.high else None
        if stars := _STARS.fullmatch(plain):
            shown = len(stars["full"]) + len(stars["empty"])
            # Five full stars are five of five; on a longer scale they must show how many there could be.
            if self.low in (0, 1) and (shown == self.high or (not stars["empty"] and self.high <= 5)):
                return len(stars["full"])
        return None

    def with_labels(self, labels: Mapping[str, int]) -> Scale:
        """This scale, reading more labels; a label given again gets its new point.

        >>> import cxscore as cx
        >>> cx.CSAT_THUMBS.with_labels({"solved": 1, "not solved": 0}).parse("Solved")
        1
        """
        return attrs.evolve(self, labels={**self.labels, **_labels(labels)})

    def with_bands(self, *, poor_up_to: int | None = None, good_from: int | None = None) -> Scale:
        """This scale with another criterion for poor or good.

        >>> import cxscore as cx
        >>> list(cx.CSAT_1_5.with_bands(good_from=5).good)
        [5]
        """
        return attrs.evolve(
            self,
            poor_up_to=self.poor_up_to if poor_up_to is None else poor_up_to,
            good_from=self.good_from if good_from is None else good_from,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the labels: they are a way of reading."""
        return attrs.asdict(self, filter=attrs.filters.exclude("labels"))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scale:
        """The scale that `to_dict` described."""
        return cls(**data)


_THUMBS = {"👍": 1, "👎": 0, "thumbs up": 1, "thumbs down": 0, "good": 1, "bad": 0}
_FACES = {
    "😀": 3, "😃": 3, "😄": 3, "😁": 3, "😊": 3, "🙂": 3, "☺": 3,
    "😐": 2, "😑": 2, "😶": 2,
    "☹": 1, "🙁": 1, "😞": 1, "😟": 1, "😠": 1, "😡": 1,
    "great": 3, "ok": 2, "okay": 2, "not good": 1,
}  # fmt: skip

NPS_0_10 = Scale(name="NPS 0-10", low=0, high=10, poor_up_to=6, good_from=9)
NPS_1_10 = Scale(name="NPS 1-10", low=1, high=10, poor_up_to=6, good_from=9)
NPS_FANS = Scale(name="NPS fans 0-10", low=0, high=10, poor_up_to=5, good_from=9)

CSAT_1_5 = Scale(name="CSAT 1-5", low=1, high=5, poor_up_to=2, good_from=4)
CSAT_1_7 = Scale(name="CSAT 1-7", low=1, high=7, poor_up_to=2, good_from=6)
CSAT_1_10 = Scale(name="CSAT 1-10", low=1, high=10, poor_up_to=3, good_from=8)
CSAT_0_10 = Scale(name="CSAT 0-10", low=0, high=10, poor_up_to=2, good_from=8)
CSAT_FACES = Scale(name="CSAT faces", low=1, high=3, poor_up_to=1, good_from=3, labels=_FACES)
CSAT_THUMBS = Scale(name="CSAT thumbs", low=0, high=1, poor_up_to=0, good_from=1, labels=_THUMBS)

CES_1_7 = Scale(name="CES 1-7", low=1, high=7, poor_up_to=3, good_from=5)
CES_1_5 = Scale(name="CES 1-5", low=1, high=5, poor_up_to=2, good_from=4)
CES_EFFORT_1_5 = Scale(name="CES effort 1-5", low=1, high=5, poor_up_to=4, good_from=2, low_is_good=True)
