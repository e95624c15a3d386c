"""How often 95 % intervals hold the truth when rows hang together: clustered and independent ones.

Answers: everybody has a leaning of their own, answers a random number of times (one more with a chance of two
thirds), and gives answers that agree with the leaning in part.

Repeats: every customer has a chance of their own to come back after a contact, and 1 to 12 contacts; or contacts come
at random, at a rate of each customer's own.

Reply waits: conversations have 1 to 12 of them, half a day apart, and a pace of their own; who still waits when the
data are cut is open.

Samples are drawn with a fixed seed, each is a group of one call, and the true figure is known exactly.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

import cxscore as cx

PEOPLE = (5, 10, 30, 100, 400)
AGREEMENT = 0.5  # correlation of two answers of one person before they are cut into points
STOPS = 1 / 3  # chance that an answer is the person's last
_SAMPLES_AT_A_TIME = 1_000

START = np.datetime64("2026-01-01T00:00", "us")
HOUR = np.timedelta64(3_600_000_000, "us")
MOST = 12  # contacts of a customer, waits of a conversation
RETURNS = (1.2, 2.8)  # of a beta distribution: mean 0.3, correlation of two contacts of one customer 0.2
CALLS = (1.0, 0.03)  # shape and scale of a gamma distribution: contacts a day
DAYS = 90
PACE = 0.4  # correlation of two waits of one conversation
SPREAD = 0.7  # of the logarithm of a wait in hours
TARGET = timedelta(hours=1.8)


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


class Found(NamedTuple):
    """Limits of one figure, an entry a sample, and the truth."""

    robust: Any
    independent: Any
    truth: float

    @property
    def held(self) -> Any:
        """Samples with a figure; of these how many clustered and how many independent intervals hold the truth."""
        known = ~np.isnan(self.robust[0])
        inside = [(low <= self.truth) & (self.truth <= high) for low, high in (self.robust, self.independent)]
        return np.array([np.count_nonzero(known), *(np.count_nonzero(one & known) for one in inside)])


def returning(customers: int, count: int, rng: np.random.Generator) -> dict[str, Found]:
    """Customers with a chance of their own to come back, 5 days later, and 30 days between issues."""
    chance = rng.beta(*RETURNS, count * customers)
    contacts = rng.integers(1, MOST + 1, count * customers) + 1  # the last one is too young to count
    who = np.repeat(np.arange(count * customers), contacts)
    days = np.where(rng.random(who.size) < chance[who], 5.0, 30.0)
    last = np.cumsum(contacts) - 1
    days[last] = 0.0
    until_last = np.cumsum(days[::-1])[::-1]
    at = 2_000.0 - 3.0 - (until_last - until_last[last][who])
    again, other = RETURNS
    settled = other / (again + other)
    squared = settled * (other + 1) / (again + other + 1)
    more = (MOST - 1) / 2
    return _repeats(
        at, who, customers, 2_000, again / (again + other), (settled + more * squared) / (1 + more * settled)
    )


def calling(customers: int, count: int, rng: np.random.Generator) -> dict[str, Found]:
    """Customers who call at random, each at a rate of their own; those who call most come back most."""
    shape, scale = CALLS
    contacts = rng.poisson(rng.gamma(shape, scale, count * customers) * DAYS)
    who = np.repeat(np.arange(count * customers), contacts)
    week, two = 1 + 7 * scale, 1 + 14 * scale
    return _repeats(
        rng.random(who.size) * DAYS, who, customers, DAYS, 1 - week ** -(shape + 1), (week / two) ** (shape + 1)
    )


def _repeats(at: Any, who: Any, customers: int, days: float, rate: float, once: float) -> dict[str, Found]:
    contacts = cx.Contacts(customer=who, at=START + (at * 24.0 * HOUR.astype(np.int64)).astype("m8[us]"))
    first = None if days == DAYS else datetime(2020, 1, 1)
    groups = cx.repeat_contacts(
        contacts, by=who // customers, as_of=(START + days * 24 * HOUR).item(), history_from=first
    )  # fmt: skip
    share, issues = groups.column("first_contact_resolution"), groups.column("mature_issues")
    kind = ", at random" if days == DAYS else ""
    return {
        f"repeat rate{kind}": Found(_limits(groups, "interval"), _limits(groups, "iid_interval"), rate),
        f"first-contact resolution{kind}": Found(
            _limits(groups, "first_contact_resolution_interval"),
            cx.intervals.proportion(np.nan_to_num(share) * issues, issues),
            once,
        ),
    }


def _limits(groups: Any, name: str) -> tuple[Any, Any]:
    return groups.column(f"{name}.low"), groups.column(f"{name}.high")


def replies(conversations: int, count: int, rng: np.random.Generator) -> dict[str, Found]:
    """Conversations with a pace of their own, in the six days before the data were cut."""
    size = count * conversations
    waits = rng.integers(1, MOST + 1, size)
    talk = np.repeat(np.arange(size), waits)
    number = np.arange(talk.size) - np.repeat(np.cumsum(waits) - waits, waits)
    asked = (rng.random(size) * MOST * 12.0)[talk] + number * 12.0
    pace = math.sqrt(PACE) * rng.standard_normal(size)[talk] + math.sqrt(1 - PACE) * rng.standard_normal(talk.size)
    answered = asked + np.minimum(np.exp(SPREAD * pace), 11.0)
    at, end = np.concatenate((asked, answered)), MOST * 12.0
    kept = at <= end
    log = cx.Messages(
        conversation=np.concatenate((talk, talk))[kept], at=START + (at[kept] * HOUR.astype(np.int64)).astype("m8[us]"),
        author=np.repeat(["customer", "agent"], talk.size)[kept],
    )  # fmt: skip
    groups = cx.response_times(
        log, by=np.concatenate((talk, talk))[kept] // conversations, as_of=(START + int(end) * HOUR).item(),
        targets=cx.ServiceTargets(reply=TARGET),
    )  # fmt: skip
    clocks = [result.reply for result in groups.values()]
    within = NormalDist().cdf(math.log(TARGET / timedelta(hours=1)) / SPREAD)
    return {
        "replies within target": Found(
            np.array([tuple(clock.within_interval) for clock in clocks]).T,
            np.array([tuple(clock.within_iid_interval) for clock in clocks]).T, within,
        ),
        "median reply": Found(_spans(clocks, "median_interval"), _spans(clocks, "median_iid_interval"), 1.0),
    }  # fmt: skip


def _spans(clocks: list[Any], name: str) -> Any:
    ends = (math.inf if limit is None else limit / timedelta(hours=1) for c in clocks for limit in getattr(c, name))
    return np.array(list(ends)).reshape(-1, 2).T


LOGS = {"returning": (returning, 1_000), "calling": (calling, 1_000), "replies": (replies, 100)}
"""What to draw, and how many samples at a time."""


def coverage_of_logs(kind: str, *, clusters: int, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """By figure the share of samples whose clustered interval holds the truth, and whose independent one does."""
    work, most = LOGS[kind]
    rng = np.random.default_rng(seed)
    held: dict[str, Any] = {}
    for start in range(0, samples, most):
        for name, found in work(clusters, min(most, samples - start), rng).items():
            held[name] = held.get(name, 0) + found.held
    return {name: tuple((counts[1:] / counts[0]).tolist()) for name, counts in held.items()}


def table_of_logs(count: int) -> Iterator[str]:
    """The second table of the documentation, line by line."""
    for clusters in PEOPLE:
        rows = [coverage_of_logs(kind, clusters=clusters, samples=count, seed=20_260_302) for kind in LOGS]
        if clusters == PEOPLE[0]:
            names = [name for row in rows for name in row]
            yield "| clusters | " + " | ".join(f"{name}: clustered | independent" for name in names) + " |"
            yield "| ---: |" + " ---: | ---: |" * len(names)
        cells = [f"{share:.3f}" for row in rows for pair in row.values() for share in pair]
        yield f"| {clusters} | " + " | ".join(cells) + " |"


def table(count: int) -> Iterator[str]:
    """The first table of the documentation, line by line."""
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
    """Print the tables."""
    parser = argparse.ArgumentParser(description="coverage of 95 % intervals where rows hang together")
    parser.add_argument(
        "--samples", type=int, default=40_000, help="samples a cell of surveys; a quarter of it of logs"
    )
    parser.add_argument("--only", choices=("surveys", "logs"), help="one of the two tables")
    given = parser.parse_args()
    for name, lines in (("surveys", table(given.samples)), ("logs", table_of_logs(given.samples // 4))):
        if given.only in (None, name):
            for line in lines:
                print(line, flush=True)


if __name__ == "__main__":
    main()
