"""How often 95 % intervals hold the truth when people answer more than once: clustered and independent ones.

Everybody has a leaning of their own, answers a random number of times (one more with a chance of two thirds), and
gives answers that agree with the leaning in part. Samples are drawn with a fixed seed, each is a group of one call,
and the true figure is known from the shares of the points.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

import cxscore as cx

PEOPLE = (5, 10, 30, 100, 400)
AGREEMENT = 0.5  # correlation of two answers of one person before they are cut into points
STOPS = 1 / 3  # chance that an answer is the person's last
_SAMPLES_AT_A_TIME = 1_000


class Survey(NamedTuple):
    """A metric and the shares of its points among all answers."""

    metric: Callable[..., Any]
    scale: cx.Scale
    shares: tuple[int, ...]
    """Percent of each point, from the lowest."""

    @property
    def truth(self) -> float:
        """The figure of the population."""
        counts = dict(zip(self.scale.points, self.shares, strict=True))
        return float(self.metric(counts, scale=self.scale).score)


SURVEYS = {
    "nps": Survey(cx.nps, cx.NPS_0_10, (2, 1, 2, 3, 3, 5, 7, 12, 20, 20, 25)),
    "csat": Survey(cx.csat, cx.CSAT_1_5, (10, 10, 15, 30, 35)),
    "csat, 88 % good": Survey(cx.csat, cx.CSAT_1_5, (3, 3, 6, 30, 58)),
    "ces": Survey(cx.ces, cx.CES_1_7, (5, 5, 8, 12, 20, 25, 25)),
}


def draw(survey: Survey, people: int, count: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Answers of some samples, with the number of the sample and of the person."""
    edges = np.cumsum(survey.shares)[:-1] / 100
    cuts = [NormalDist().inv_cdf(edge) for edge in edges]
    answers = rng.geometric(STOPS, count * people)
    person = np.repeat(np.arange(count * people), answers)
    leaning = math.sqrt(AGREEMENT) * rng.standard_normal(count * people)[person]
    mood = math.sqrt(1 - AGREEMENT) * rng.standard_normal(person.size)
    return survey.scale.low + np.searchsorted(cuts, leaning + mood), person // people, person


def coverage(metric: str, *, people: int, samples: int, seed: int) -> tuple[float, float]:
    """Share of samples whose clustered interval holds the truth, and whose independent one does."""
    survey = SURVEYS[metric]
    rng = np.random.default_rng(seed)
    held = np.zeros(2)
    for start in range(0, samples, _SAMPLES_AT_A_TIME):
        count = min(_SAMPLES_AT_A_TIME, samples - start)
        points, sample, person = draw(survey, people, count, rng)
        groups = survey.metric(points, by=sample, cluster=person, scale=survey.scale)
        for i, name in enumerate(("interval", "iid_interval")):
            low, high = groups.column(f"{name}.low"), groups.column(f"{name}.high")
            held[i] += np.count_nonzero((low <= survey.truth) & (survey.truth <= high))
    robust, independent = (held / samples).tolist()
    return robust, independent


def table(count: int) -> Iterator[str]:
    """The table of the documentation, line by line."""
    yield "| people | " + " | ".join(f"{name}: clustered | independent" for name in SURVEYS) + " |"
    yield "| ---: |" + " ---: | ---: |" * len(SURVEYS)
    for people in PEOPLE:
        cells = [
            f"{share:.3f}"
            for name in SURVEYS
            for share in coverage(name, people=people, samples=count, seed=20_260_302)
        ]
        yield f"| {people} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="coverage of 95 % intervals where people answer more than once")
    parser.add_argument("--samples", type=int, default=40_000, help="samples a cell")
    for line in table(parser.parse_args().samples):
        print(line, flush=True)


if __name__ == "__main__":
    main()
