"""PostgreSQL beside the SQLite engine: searching, loading, building, several processes at once.

    python -m benchmarks.postgres --rows 100000

Starts a server of its own (tests/postgres_server.py), on the disk and with room in memory for the
graph of HNSW, as one that somebody looked after; POSTGRES_TEST_DSN names another. The vectors are
like those of CLIP: groups of like ones, all within a cone. Ratios of one run count.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from playwright.sync_api import expect, sync_playwright

from core.index import Index, VectorSpace, open_index
from core.index.port import ArchivedPicture
from core.index.postgres.approximate import Way
from core.index.postgres.vector_space import PostgresSpace
from core.model import EVERYTHING, FileRow, Picture, Scope
from core.search.query import Part
from core.search.ranking import search
from core.settings import Settings
from core.tuning import RECALL_AT, Tuning
from core.vectors import Vector, Vectors, unit
from tests.app import browser
from tests.app import server as app
from tests.azure_emulator import Emulator
from tests.postgres_server import serve

DIMENSIONS = 1024
EMBEDDER = "azure:2023-04-15"
GROUPS = 1_500
# Mean cosine of two pictures .41, of two of one group .8.
CONE, SPREAD = 0.85, 0.5
QUERIES = 60
AT_ONCE = 2_000
# A quarter of the memory of a machine with 16 GB, as PostgreSQL's documentation advises.
SHARED_BUFFERS = "shared_buffers=4GB"
WIDTHS = (40, 64, 100, 200, 400, 800)
THUMBNAIL = b"\xff\xd8" + bytes(500) + b"\xff\xd9"


class Made:
    """Vectors in groups; the same for the same numbers."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        middle = random.standard_normal(DIMENSIONS)
        middle /= np.linalg.norm(middle)
        away = random.standard_normal((GROUPS, DIMENSIONS)) / np.sqrt(DIMENSIONS)
        self._groups = (CONE * middle + away).astype(np.float32)

    def rows(self, start: int, stop: int) -> Vectors:
        random = np.random.default_rng(start + 1)
        groups = self._groups[random.integers(0, GROUPS, stop - start)]
        noise = random.standard_normal((stop - start, DIMENSIONS), dtype=np.float32)
        return unit(groups + SPREAD * noise / np.sqrt(DIMENSIONS))


def an_id(number: int) -> str:
    # Spread like hashes.
    return f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}" * 4


def archived(made: Made, rows: int) -> Iterator[ArchivedPicture]:
    for start in range(0, rows, AT_ONCE):
        stop = min(rows, start + AT_ONCE)
        for number, vector in zip(range(start, stop), made.rows(start, stop), strict=True):
            path = f"images/{number % 100:02}/{number}.jpg"
            picture = Picture(an_id(number), "JPEG", 4032, 3024, 3_000_000, "", (path,))
            yield ArchivedPicture(picture, THUMBNAIL, vector, False, 1.0)


class Counted:
    """Passes on what is made, and counts the seconds that making it took."""

    def __init__(self, made: Iterator[ArchivedPicture]) -> None:
        self.seconds = 0.0
        self._made = made

    def __iter__(self) -> Iterator[ArchivedPicture]:
        return self

    def __next__(self) -> ArchivedPicture:
        started = time.perf_counter()
        try:
            return next(self._made)
        finally:
            self.seconds += time.perf_counter() - started


def milliseconds(answer: Callable[[Vector], object], queries: Sequence[Vector]) -> list[float]:
    times = []
    for query in queries:
        started = time.perf_counter()
        answer(query)
        times.append(1000 * (time.perf_counter() - started))
    return times


def say(what: str, times: Sequence[float], more: str = "") -> None:
    low, high = np.percentile(times, [50, 95])
    print(f"| {what} | {low:.1f} | {high:.1f} | {more} |", flush=True)


def space_of(index: Index) -> VectorSpace:
    return index.vector_space(EMBEDDER, DIMENSIONS, lambda: False, lambda: None)


def asked_by_a_page(index: Index, space: VectorSpace, exact: bool) -> Callable[[Vector], object]:
    def ask(query: Vector) -> object:
        ranking = search(index, space, [Part(query, 1.0)], EVERYTHING, longest=1000, exact=exact)
        return ranking.page(0, RECALL_AT)

    return ask


def beside_each_other(sqlite: Index, postgres: Index, queries: Sequence[Vector]) -> None:
    """Both engines from memory, in turns: a busy machine is busy for both."""
    asks = [asked_by_a_page(index, space_of(index), False) for index in (sqlite, postgres)]
    times: list[list[float]] = [[], []]
    for ask in asks:
        milliseconds(ask, queries[:5])
    for query in queries:
        for ask, taken in zip(asks, times, strict=True):
            taken += milliseconds(ask, [query])
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    say("SQLite", times[0])
    say("exact, in memory", times[1], f"{ratio:.2f} x SQLite, the median of the rounds")


def recall(space: VectorSpace, queries: Sequence[Vector], truth: Sequence[set[str]]) -> float:
    found = [set(space.nearest(query, RECALL_AT, EVERYTHING).ids) for query in queries]
    return statistics.mean(len(a & b) / RECALL_AT for a, b in zip(found, truth, strict=True))


def true_nearest(made: Made, rows: int, queries: Sequence[Vector]) -> list[set[str]]:
    """By numpy, a part at a time: however many there are."""
    asked = np.array(queries)
    best = np.full((len(queries), RECALL_AT), -2.0, np.float32)
    numbers = np.zeros((len(queries), RECALL_AT), np.intp)
    for start in range(0, rows, AT_ONCE):
        stop = min(rows, start + AT_ONCE)
        cosines = np.hstack([best, asked @ made.rows(start, stop).T])
        there = np.hstack([numbers, np.tile(np.arange(start, stop), (len(queries), 1))])
        order = np.argpartition(cosines, -RECALL_AT)[:, -RECALL_AT:]
        best = np.take_along_axis(cosines, order, 1)
        numbers = np.take_along_axis(there, order, 1)
    return [{an_id(number) for number in row} for row in numbers.tolist()]


def memory_of_the_app(settings: Settings, folder: Path) -> str:
    """The most that a read-only app on this index took until somebody had searched."""
    values = {
        "POSTGRES_HOST": settings.postgres_host,
        "POSTGRES_PORT": str(settings.postgres_port),
        "POSTGRES_DB": settings.postgres_db,
        "POSTGRES_USER": settings.postgres_user,
        "POSTGRES_PASSWORD": settings.postgres_password,
        "POSTGRES_SCHEMA": settings.postgres_schema,
        "POSTGRES_SEARCH": "database",
        "READ_ONLY": "1",
    }
    program = browser.chromium()
    if program is None:
        return "not measured, there is no Chromium"
    with (
        Emulator() as emulator,
        app.serve(app.clone(folder), **emulator.settings, **values) as server,
        sync_playwright() as playwright,
    ):
        page = browser.launch(playwright, program).new_page()
        page.set_default_timeout(browser.PATIENCE_MS)
        page.goto(f"{server.url}/?q=red")
        expect(browser.captions(page)).to_have_count(RECALL_AT, timeout=browser.PATIENCE_MS)
        status = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
        (peak,) = [line.split()[1] for line in status if line.startswith("VmHWM")]
        return f"{int(peak) / 1000:.0f} MB"


def build(tuning: Tuning, kind: str) -> str:
    started = time.monotonic()
    tuning.build(kind, tuning.suggested(kind))
    while tuning.state().building is not None:
        time.sleep(0.5)
    state = tuning.state()
    assert not state.problem, state.problem
    (built,) = [each for each in state.indexes if each.kind == kind]
    whole = time.monotonic() - started
    return (
        f"{built.width} wide, built in {built.seconds:.0f} s ({whole:.0f} s measured), "
        f"{built.bytes / 1e6:.0f} MB"
    )


def searcher(settings: Settings, over: Event, failed: Event, rows: int) -> None:
    """Searches until the writer is done; says so if anything fails."""
    index = open_index(settings)
    space, made = space_of(index), Made()
    while not over.is_set():
        for query in made.rows(rows, rows + 20):
            try:
                assert space.nearest(query, RECALL_AT, EVERYTHING).ids
            except Exception as error:
                print(f"a search failed: {error}", flush=True)
                failed.set()
    index.close()


def together(settings: Settings, rows: int, added: int) -> str:
    """Two processes search while a third adds vectors."""
    over, failed = multiprocessing.Event(), multiprocessing.Event()
    others = [
        multiprocessing.Process(target=searcher, args=(settings, over, failed, rows))
        for _ in range(2)
    ]
    for other in others:
        other.start()
    index, made = open_index(settings), Made()
    before = index.count(EVERYTHING)
    for start in range(rows, rows + added, 50):
        vectors = made.rows(start, start + 50)
        numbers = range(start, start + 50)
        index.add_files(
            [FileRow(f"images/new/{n}.jpg", an_id(n), 1, 1) for n in numbers],
            [(Picture(an_id(n), "JPEG", 10, 10, 10, ""), THUMBNAIL) for n in numbers],
        )
        index.add_vectors(
            EMBEDDER, [(an_id(n), v, False) for n, v in zip(numbers, vectors, strict=True)]
        )
    over.set()
    for other in others:
        other.join()
    lost = before + added - len(space_of(index))
    index.close()
    return f"{'an error' if failed.is_set() else 'no error'}, {lost} of {added} vectors lost"


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--no-sqlite", action="store_true", help="leave the other engine out")
    arguments.add_argument("--only-hnsw", action="store_true", help="leave slow ways out")
    given = arguments.parse_args()
    made, rows = Made(), given.rows
    queries = list(made.rows(10**7, 10**7 + QUERIES))
    print(f"{rows:,} x {DIMENSIONS}; load {os.getloadavg()[0]:.1f}\n")
    print("| | median ms | 95% | |\n| --- | ---: | ---: | --- |")
    with tempfile.TemporaryDirectory() as folder, serve(SHARED_BUFFERS, on_disk=True) as server:
        home = Path(folder)
        settings = server.settings(home / "postgres", "benchmark")
        index = open_index(settings)
        coming = Counted(archived(made, rows))
        started = time.perf_counter()
        index.import_pictures(EMBEDDER, coming, trusted=True)
        loading = rows / (time.perf_counter() - started - coming.seconds)
        server.execute("VACUUM ANALYZE")
        in_database = open_index(
            replace(settings, postgres_search="database", data_dir=home / "database")
        )
        space = space_of(in_database)
        assert isinstance(space, PostgresSpace)
        truth = true_nearest(made, rows, queries)
        if not given.no_sqlite:
            sqlite = open_index(Settings(data_dir=home / "sqlite"))
            sqlite.import_pictures(EMBEDDER, archived(made, rows), trusted=True)
            beside_each_other(sqlite, index, queries)
            sqlite.close()
        if not given.only_hnsw:
            exact = milliseconds(asked_by_a_page(in_database, space, True), queries[:20])
            say("exact, in the database", exact)
        assert space.tuning is not None
        for kind in ("hnsw",) if given.only_hnsw else ("ivfflat", "hnsw"):
            built = build(space.tuning, kind)
            found = recall(space, queries, truth)
            say(
                kind,
                milliseconds(asked_by_a_page(in_database, space, False), queries),
                f"recall@{RECALL_AT} {found:.3f}, {built}",
            )
        for width in WIDTHS:
            way = Way("hnsw", width)
            top = partial(space.database.approximately, way, k=RECALL_AT, scope=EVERYTHING)
            found = statistics.mean(
                len(set(top(query).ids) & true) / RECALL_AT
                for query, true in zip(queries, truth, strict=True)
            )
            say(f"hnsw, ef {width}, 24 results", milliseconds(top, queries), f"{found:.3f}")
        for scope in (Scope(folder="images/07/"), Scope("own"), Scope(folder="images/new/")):
            counts = {len(space.nearest(q, RECALL_AT, scope).ids) for q in queries[:20]}
            within = partial(space.nearest, k=RECALL_AT, scope=scope)
            times = milliseconds(within, queries[:20])
            say(f"hnsw within {scope.folder or scope.collection}", times, f"{counts} results")
        print(f"\nThe app, one search after its start: {memory_of_the_app(settings, home / 'app')}")
        print(f"Loading with descriptions and thumbnails: {loading:,.0f} rows a second")
        searching = replace(settings, postgres_search="database")
        print(f"Two searching, one adding: {together(searching, rows, 1_000)}")
        index.close()
        in_database.close()


if __name__ == "__main__":
    main()
