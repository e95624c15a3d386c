"""Speed as ratios: cxscore against peers, in one run.

Every row times our full result and a peer's bare answer to the same question, alternating, and prints the
ratio of the two fastest runs beside its target.
"""

from __future__ import annotations

import argparse
import gc
import math
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

import cxscore as cx

Work = Callable[[], Any]


class Row(NamedTuple):
    """One line of the table."""

    work: str
    peer: str
    ratio: float
    target: float
    ours: float
    theirs: float


def fastest(ours: Work, theirs: Work, repeats: int = 3) -> tuple[float, float]:
    """Fastest of several runs of both, taken in turn so that a drifting machine drifts for both."""
    best = [math.inf, math.inf]
    for _ in range(repeats):
        for i, work in enumerate((ours, theirs)):
            gc.collect()
            start = time.perf_counter()
            work()
            best[i] = min(best[i], time.perf_counter() - start)
    return best[0], best[1]


def compare(work: str, target: float, ours: Work, peers: dict[str, Work], repeats: int = 3) -> Iterator[Row]:
    """Ours against the fastest of some peers."""
    timed = {name: fastest(ours, peer, repeats) for name, peer in peers.items()}
    name = min(timed, key=lambda name: timed[name][1])
    mine = min(pair[0] for pair in timed.values())
    yield Row(work, name, mine / timed[name][1], target, mine, timed[name][1])


def many(work: Work, times: int) -> Work:
    """The same thing so often that the clock can see it."""

    def run() -> None:
        for _ in range(times):
            work()

    return run


def sql(query: str, **tables: Any) -> Work:
    """A DuckDB query over Arrow tables, answered in Python."""
    import duckdb

    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    return lambda: connection.execute(query).fetchall()


# -- rows --------------------------------------------------------------------------------------------


def extra_memory(work: Work) -> float:
    """Megabytes that a piece of work needs at its worst beside what is there already."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def import_time(size: float) -> Iterator[Row]:
    def fresh(code: str) -> Work:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    yield from compare(
        "import cxscore", 1.2, fresh("import cxscore"), {"import numpy, attrs": fresh("import numpy, attrs")}, 7
    )
    first_use = fresh("import cxscore; cxscore.nps([9])")
    yield from compare(
        "import and first nps()", 1.6, first_use, {"import numpy, attrs": fresh("import numpy, attrs")}, 7
    )


def ten_answers(size: float) -> Iterator[Row]:
    from statsmodels.stats.proportion import proportion_confint

    answers = [10, 9, 8, 7, 3, 0, 10, 9, 6, 10]
    yield from compare(
        "nps of ten numbers", 0.75, many(lambda: cx.nps(answers), 2_000),
        {"statsmodels proportion_confint": many(lambda: proportion_confint(6, 10, method="wilson"), 2_000)},
    )  # fmt: skip


def long_columns(size: float) -> Iterator[Row]:
    import polars

    n = int(1e8 * size)
    answers = np.random.default_rng(1).integers(0, 11, n).astype(np.int8)
    series = polars.Series(answers)
    for name, metric, column in (
        ("nps", cx.nps, answers),
        ("csat", cx.csat, (answers % 5 + 1).astype(np.int8)),
        ("ces", cx.ces, (answers % 7 + 1).astype(np.int8)),
    ):
        work = f"{name}, {n:.0e} int8"
        yield from compare(work, 0.12, lambda m=metric, c=column: m(c), {"polars value_counts": series.value_counts})  # type: ignore[misc]  # default arguments bind the loop variables
        yield from compare(
            work, 0.25, lambda m=metric, c=column: m(c), {"numpy bincount": lambda: np.bincount(answers)}
        )  # type: ignore[misc]  # as above
    peak = extra_memory(lambda: cx.nps(answers))
    yield Row(f"nps, {n:.0e} int8: extra MB", "16 MB", peak / 16, 1.0, peak, 16.0)


def grouped(size: float) -> Iterator[Row]:
    import pandas
    import polars
    import pyarrow

    n = int(1e7 * size)
    rng = np.random.default_rng(2)
    answers, codes = rng.integers(0, 11, n).astype(np.int8), rng.integers(0, 1_000, n)
    names = np.array([f"team {i:04}" for i in range(1_000)], dtype=object)[codes]
    frame = polars.DataFrame({"g": codes, "s": answers})
    pandas_frame = pandas.DataFrame({"g": codes, "s": answers})
    score = (polars.col("s") >= 9).mean() - (polars.col("s") <= 6).mean()

    def of_pandas(frame: Any) -> Any:
        value = (frame.s >= 9).astype(np.int8) - (frame.s <= 6).astype(np.int8)
        return value.groupby(frame.g).mean()

    query = "select g, avg((s >= 9)::int - (s <= 6)::int) from answers group by g"
    peers = {
        "polars": lambda: frame.group_by("g").agg(score),
        "DuckDB": sql(query, answers=frame.to_arrow()),
        "pandas": lambda: of_pandas(pandas_frame),
    }
    ours = lambda: cx.nps(answers, by=codes).scores  # noqa: E731  # a row is a thunk
    yield from compare(f"nps by 1,000 codes, {n:.0e}", 0.70, ours, peers)
    yield from compare(f"nps by 1,000 codes, {n:.0e}", 0.15, ours, {"polars": peers["polars"]})

    text = polars.Series("g", names.tolist())
    text_frame = polars.DataFrame({"g": text, "s": answers})
    arrow = pyarrow.array(names.tolist())
    peers = {
        "polars": lambda: text_frame.group_by("g").agg(score),
        "DuckDB": sql(query, answers=text_frame.to_arrow()),
    }
    for kind, labels, target in (("polars", text, 1.0), ("Arrow", arrow, 1.0), ("object", names, 2.5)):
        yield from compare(
            f"nps by 1,000 {kind} texts, {n:.0e}", target, lambda by=labels: cx.nps(answers, by=by).scores, peers  # type: ignore[misc]  # binds the loop variable
        )  # fmt: skip


def records(size: float) -> Iterator[Row]:
    n = int(1e6 * size)
    rows = [cx.SurveyResponse(score=score) for score in np.random.default_rng(3).integers(0, 11, n).tolist()]
    read = attrgetter("score")
    yield from compare(
        f"nps, {n:.0e} records", 3.0, lambda: cx.nps(rows), {"attribute read": lambda: list(map(read, rows))}
    )


def messages(size: float) -> Iterator[Row]:
    import polars
    import pyarrow

    n, talks = int(1e7 * size), int(2e6 * size)
    rng = np.random.default_rng(4)
    conversation = rng.integers(0, talks, n).astype(np.int32)
    agent = rng.random(n) < 0.5
    author = pyarrow.DictionaryArray.from_arrays(agent.astype(np.int8), ["customer", "agent"])
    seconds = np.sort(rng.integers(0, 365 * 86_400, n))
    micros = rng.permutation(seconds * 1_000_000 + rng.integers(0, 1_000_000, n))
    for name, at, target in (("seconds in order", seconds * 1_000_000, 0.40), ("microseconds shuffled", micros, 0.80)):
        instants = at.view("M8[us]")
        frame = polars.DataFrame({"c": conversation, "t": at, "a": agent})
        batch = cx.Messages(conversation=conversation, at=instants, author=author)

        def ours(at: Any = instants, batch: Any = batch, build: bool = name.startswith("micro")) -> Any:
            log = cx.Messages(conversation=conversation, at=at, author=author) if build else batch
            return cx.response_times(log)

        with_duckdb = sql(
            """
            with turns as (
                select c, t, a, lag(a) over w as before from log window w as (partition by c order by t, a)
            ), runs as (
                select c, t, a from turns where before is null or before <> a
            ), waits as (
                select a, lead(t) over (partition by c order by t, a) - t as wait from runs
            )
            select median(wait) from waits where not a and wait is not null
            """,
            log=frame.to_arrow(),
        )

        def with_polars(frame: Any = frame) -> Any:
            ordered = frame.sort("c", "t", "a")
            runs = ordered.filter((polars.col("a") != polars.col("a").shift(1).over("c")).fill_null(True))
            waits = runs.with_columns((polars.col("t").shift(-1).over("c") - polars.col("t")).alias("wait"))
            return waits.filter(~polars.col("a"))["wait"].median()

        peers = {"DuckDB median": with_duckdb, "polars median": with_polars}
        yield from compare(f"response_times, {n:.0e}, {name}", target, ours, peers, 2)


def contacts(size: float) -> Iterator[Row]:
    import polars

    n, people = int(1e7 * size), int(3e6 * size)
    rng = np.random.default_rng(5)
    customer = rng.integers(0, people, n)
    at = rng.integers(0, 365 * 86_400, n) * 1_000_000
    ended = at + rng.integers(0, 7_200, n) * 1_000_000
    frame = polars.DataFrame({"c": customer, "t": at})
    week = 7 * 86_400 * 1_000_000
    peers = {
        "DuckDB": sql(
            f"select avg((n - t <= {week})::int) from (select t, lead(t) over (partition by c order by t) n from log)",
            log=frame.to_arrow(),
        ),
        "polars": lambda: (
            frame.sort("c", "t")
            .with_columns((polars.col("t").shift(-1).over("c") - polars.col("t")).alias("gap"))
            .select((polars.col("gap") <= week).mean())
        ),
    }
    instants, ends = at.view("M8[us]"), ended.view("M8[us]")
    plain = cx.Contacts(customer=customer, at=instants)
    with_ends = cx.Contacts(customer=customer, at=instants, ended_at=ends)
    window = timedelta(days=7)
    yield from compare(f"repeat_contacts, {n:.0e}", 0.50, lambda: cx.repeat_contacts(plain, window=window), peers, 2)
    yield from compare(
        f"repeat_contacts, {n:.0e}, with ends", 1.2, lambda: cx.repeat_contacts(with_ends, window=window), peers, 2
    )


def memory(size: float) -> Iterator[Row]:
    """What the time metrics need beside their input columns, as a multiple of these."""
    import pyarrow

    n = int(1e7 * size)
    rng = np.random.default_rng(9)
    at = rng.integers(0, 365 * 86_400, n) * 1_000_000
    talk, author = rng.integers(0, n // 5, n).astype(np.int32), rng.integers(0, 2, n).astype(np.int8)
    customer = rng.integers(0, 3 * n // 10, n)
    instants, ends = at.view("M8[us]"), (at + rng.integers(0, 7_200, n) * 1_000_000).view("M8[us]")
    names = pyarrow.DictionaryArray.from_arrays(author, ["customer", "agent"])
    log = cx.Messages(conversation=talk, at=instants, author=names)
    plain = cx.Contacts(customer=customer, at=instants)
    with_ends = cx.Contacts(customer=customer, at=instants, ended_at=ends)
    for name, work, columns, target in (
        ("response_times", lambda: cx.response_times(log), (talk, at, author), 2.0),
        ("repeat_contacts", lambda: cx.repeat_contacts(plain), (customer, at), 2.0),
        ("repeat_contacts with ends", lambda: cx.repeat_contacts(with_ends), (customer, at, ends), 3.0),
    ):
        peak, given = extra_memory(work), sum(column.nbytes for column in columns) / 2**20
        yield Row(f"{name}, {n:.0e}: extra MB", "size of the input columns", peak / given, target, peak, given)


def business_time(size: float) -> Iterator[Row]:
    """A million pairs against one pair of theirs, times a million: they have no columns."""
    from datetime import datetime, time

    import businesstimedelta
    import pyarrow
    import pytz
    from business_duration import businessDuration

    zone = pytz.timezone("Europe/Berlin")  # businesstimedelta knows no other kind
    spans = (("09:00", "13:00"), ("14:00", "18:00"))
    hours = cx.BusinessHours({"mon-fri": [f"{start}-{end}" for start, end in spans]}, tz="Europe/Berlin")
    rules = businesstimedelta.Rules(
        [
            businesstimedelta.WorkDayRule(
                start_time=time.fromisoformat(start), end_time=time.fromisoformat(end), working_days=[0, 1, 2, 3, 4],
                tz=zone,
            )
            for start, end in spans
        ]
    )  # fmt: skip
    n, some = int(1e6 * size), 300
    rng = np.random.default_rng(8)
    first = int(datetime(2025, 1, 1).timestamp()) * 1_000_000
    start = first + rng.integers(0, 365 * 86_400 * 1_000_000, n)
    end = start + rng.integers(0, 5 * 86_400 * 1_000_000, n)
    pairs = [
        tuple(datetime.fromtimestamp(micros / 1e6, zone) for micros in pair)
        for pair in zip(start[:some].tolist(), end[:some].tolist(), strict=True)
    ]

    def by_rules() -> None:
        for opened, closed in pairs:
            rules.difference(opened, closed)

    def by_duration() -> None:
        for opened, closed in pairs:  # one span a day is all that it knows
            businessDuration(opened.replace(tzinfo=None), closed.replace(tzinfo=None), time(9), time(18), unit="sec")

    one, other = (pyarrow.array(at, pyarrow.timestamp("us", "UTC")) for at in (start, end))
    for name, peer in (("businesstimedelta", by_rules), ("business-duration, one span", by_duration)):
        ours, theirs = fastest(lambda: hours.between(one, other), peer)
        ours, theirs = ours / n, theirs / some
        yield Row(f"hours.between, {n:.0e} pairs, a pair", name, ours / theirs, 0.01, ours, theirs)


def extremes(size: float) -> Iterator[Row]:
    from scipy.stats import median_abs_deviation

    n = int(1e7 * size)
    values = np.random.default_rng(6).lognormal(3, 1, n)

    def with_scipy() -> Any:
        centre, spread = np.median(values), median_abs_deviation(values)
        return 0.6745 * (values - centre) / spread > 3.5

    yield from compare(
        f"outliers (MAD), {n:.0e}",
        0.40,
        lambda: cx.outliers(values, log=False).mask,
        {"scipy MAD and mask": with_scipy},
    )


def growth(size: float) -> Iterator[Row]:
    """Exponent of time against rows; linear work has 1."""
    rng = np.random.default_rng(7)
    small, large = int(1e6 * size), int(1e8 * size)
    answers = rng.integers(0, 11, large).astype(np.int8)
    few, lots = fastest(lambda: cx.nps(answers[:small]), lambda: cx.nps(answers), 5)
    exponent = math.log(lots / few) / math.log(large / small)
    yield Row(f"nps, {small:.0e} to {large:.0e}: exponent", "linear", exponent, 1.1, exponent, 1.0)


ROWS = (
    import_time, ten_answers, long_columns, grouped, records, messages, contacts, memory, business_time, extremes,
    growth,
)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="cxscore against its peers, as ratios in one run")
    parser.add_argument("rows", nargs="*", help=f"which rows: {', '.join(row.__name__ for row in ROWS)}")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    print(f"{'work':<48} {'against':<32} {'ratio':>7} {'target':>7} {'ours':>10} {'theirs':>10}")
    for row in ROWS:
        if options.rows and row.__name__ not in options.rows:
            continue
        for line in row(0.1 if options.quick else 1.0):
            mark = "" if line.ratio <= line.target else "  over"
            print(
                f"{line.work:<48} {line.peer:<32} {line.ratio:>7.3g} {line.target:>7.2f} {line.ours:>10.4g} "
                f"{line.theirs:>10.4g}{mark}",
                flush=True,
            )


if __name__ == "__main__":
    main()
