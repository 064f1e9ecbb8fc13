"""What a filter adds to a search, and how long it takes to know a column.

    python -m benchmarks.filters [--rows 100000]

Prints a table of milliseconds from a query's vector to 24 pictures, of a page's call. The search
without a filter and the one with it take turns, so that a busy machine is busy for both. "Anew" is
a filter that nobody has asked for before, so that its mask has to be made; "again" has one. With
the PostgreSQL extra installed, its engine is measured too, in memory and in the database.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.postgres import DIMENSIONS, EMBEDDER, SHARED_BUFFERS, Made, archived
from core.index import Index, VectorSpace, open_index
from core.model import EVERYTHING, Filter, Order, Value
from core.search import Part, search
from core.settings import Settings
from core.vectors import Vector
from tests.postgres_server import is_available, serve

K = 24
ROUNDS = 15
SCHOOLS = ("Italian", "French", "Dutch", "German", "Spanish", "Flemish", "English")


def facts(rows: int) -> dict[str, dict[str, Value]]:
    """A year, a school and a title of its own for each picture; a tenth has no year."""
    random = np.random.default_rng(0)
    years = random.integers(1300, 1950, rows).tolist()
    schools = random.integers(0, len(SCHOOLS), rows).tolist()
    ids = [f"{number:064x}" for number in range(rows)]
    return {
        "Year": {i: Value(str(y), float(y)) for i, y in zip(ids, years, strict=True) if y % 10},
        "School": {i: Value(SCHOOLS[s]) for i, s in zip(ids, schools, strict=True)},
        "Title": {i: Value(f"Portrait number {n} of a sitter") for n, i in enumerate(ids)},
    }


def new_filters() -> dict[str, Iterator[Filter]]:
    """Filters of each kind, none of them twice."""
    return {
        "a range of years": (
            Filter("Year", low=1300 + n, high=1500 + n) for n in itertools.count()
        ),
        "two schools": (
            Filter("School", any_of=(*pair, str(n)))
            for n, pair in enumerate(itertools.cycle(itertools.combinations(SCHOOLS, 2)))
        ),
        "a text in titles": (Filter("Title", contains=f"number {n}") for n in itertools.count(1)),
    }


def asked(index: Index, space: VectorSpace, query: Vector, *filters: Filter) -> float:
    """Milliseconds."""
    scope = replace(EVERYTHING, filters=filters)
    started = time.perf_counter()
    search(index, space, [Part(query, 1.0)], scope, longest=1000).page(0, K)
    return 1000 * (time.perf_counter() - started)


def milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)


def measure(name: str, index: Index, made: Made) -> None:
    space = index.vector_space(EMBEDDER, DIMENSIONS, lambda: False, lambda: None)
    query = made.rows(10**7, 10**7 + 1)[0]
    for _ in range(3):
        asked(index, space, query)
    for kind, filters in new_filters().items():
        first = asked(index, space, query, next(filters))
        without, anew, again = [], [], []
        for wanted in itertools.islice(filters, ROUNDS):
            without.append(asked(index, space, query))
            anew.append(asked(index, space, query, wanted))
            again.append(asked(index, space, query, wanted))
        added = [
            statistics.median(b - a for a, b in zip(without, times, strict=True))
            for times in (anew, again)
        ]
        print(
            f"| {name}, {kind} | {statistics.median(without):.1f} | {added[0]:+.1f} | "
            f"{added[1]:+.1f} | {first:.0f} |",
            flush=True,
        )
    spread = milliseconds(lambda: space.spread("School", EVERYTHING, 200))
    kept = milliseconds(lambda: space.spread("School", EVERYTHING, 200))
    page = milliseconds(lambda: index.page(EVERYTHING, 0, K, Order("Year")))
    print(f"| {name}: counts of a column {spread:.1f}, again {kept:.1f}; ", end="")
    print(f"a page of all, by year {page:.1f} | | | | |", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=100_000)
    rows = arguments.parse_args().rows
    made, known = Made(), facts(rows)
    print(f"{rows:,} x {DIMENSIONS}; load {os.getloadavg()[0]:.1f}\n")
    print("| | without a filter | anew | again | the first of its column |")
    print("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sqlite = open_index(Settings(data_dir=home / "sqlite"))
        sqlite.import_pictures(EMBEDDER, archived(made, rows), trusted=True)
        taken = milliseconds(lambda: sqlite.set_facts(known)) / 1000
        same = milliseconds(lambda: sqlite.set_facts(known)) / 1000
        measure("SQLite", sqlite, made)
        print(f"| SQLite takes the three columns in {taken:.1f} s, unchanged {same:.1f} | | | | |")
        sqlite.close()
        if not is_available():
            return
        with serve(SHARED_BUFFERS, on_disk=True) as server:
            settings = server.settings(home / "postgres", "benchmark")
            postgres = open_index(settings)
            postgres.import_pictures(EMBEDDER, archived(made, rows), trusted=True)
            postgres.set_facts(known)
            server.execute("VACUUM ANALYZE")
            measure("PostgreSQL, in memory", postgres, made)
            postgres.close()
            there = replace(settings, postgres_search="database", data_dir=home / "database")
            in_database = open_index(there)
            measure("PostgreSQL, in the database", in_database, made)
            in_database.close()


if __name__ == "__main__":
    main()
