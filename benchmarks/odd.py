"""What the explorer's view "Odd and double" takes: comparing, listing duplicates, and a search.

    python -m benchmarks.odd [--pictures 264 2000 20000 100000] [--independent]

Synthetic pictures of some of 200 subjects each (see benchmarks/synthetic.py), a thousandth of them
in groups that look alike and as many in two files. They are compared twice: alone, and while a
search is asked again and again, which is what other visitors feel. --independent: of no subjects,
which is the worst case, because then no picture can be dropped early.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import synthetic
from core.explore.odd import extremes
from core.index import Index, NearDuplicates, VectorSpace, open_index
from core.model import EVERYTHING, FileRow
from core.search import duplicates_csv, duplicates_within

SIZES = (264, 2_000, 20_000, 100_000)
# Searches that are timed alone.
ALONE = 31
SUBJECTS = 200


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_search(space: VectorSpace, until: Callable[[int], bool]) -> float:
    """Seconds of a search for 24 pictures, median, asked until that is true of their number."""
    random = np.random.default_rng(1)
    found: list[float] = []
    while not until(len(found)):
        vector = random.standard_normal(synthetic.DIMENSIONS).astype(np.float32)
        vector /= np.linalg.norm(vector)
        found.append(seconds(partial(space.nearest, vector, 24, EVERYTHING)))
        time.sleep(0.1)
    return statistics.median(found)


def put_duplicates(index: Index, ids: tuple[str, ...]) -> None:
    """A thousandth of the pictures, and at least one, in groups of three, and in two files."""
    some = max(1, len(ids) // 1000)
    groups = tuple(ids[start : start + 3] for start in range(0, 3 * some, 3))
    index.set_near_duplicates(synthetic.EMBEDDER_ID, NearDuplicates(1, groups))
    index.add_files([FileRow(f"images/again/{one}.jpg", one, 10, 1) for one in ids[-some:]])


def list_duplicates(index: Index) -> str:
    """As the workspace and the page do."""
    copies = index.copies()
    groups = index.near_duplicates(synthetic.EMBEDDER_ID).groups
    known = index.pictures([*copies, *(one for group in groups for one in group)])
    found = duplicates_within(
        EVERYTHING,
        ([known[one] for one in group] for group in groups),
        (known[one] for one in copies),
    )
    return duplicates_csv(found)


def row(home: Path, count: int, *, independent: bool) -> str:
    subjects = [f"subject {number}" for number in range(SUBJECTS)]
    synthetic.make(home, count, subjects, showing=not independent)
    index = open_index(home / "data")
    space = index.vector_space(
        synthetic.EMBEDDER_ID, synthetic.DIMENSIONS, lambda: False, lambda: None
    )
    put_duplicates(index, space.sample(EVERYTHING, count).ids)
    alone = median_search(space, lambda number: number == ALONE)
    reports: list[float] = []

    def compare() -> None:
        reports.append(time.perf_counter())
        extremes(space, EVERYTHING, lambda share: reports.append(time.perf_counter()))

    processor = time.process_time()
    took = seconds(compare)
    processor = time.process_time() - processor
    longest = max(np.diff(reports))
    work = threading.Thread(target=compare)
    work.start()
    meanwhile = median_search(space, lambda number: number > 0 and not work.is_alive())
    listed = seconds(lambda: list_duplicates(index))
    index.close()
    cells = [
        f"{count:,}",
        f"{took:.2f}",
        f"{processor:.2f}",
        f"{longest:.2f}",
        f"{1000 * listed:.0f}",
        f"{1000 * alone:.1f}",
        f"{meanwhile / alone:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, nargs="+", default=SIZES)
    parser.add_argument("--independent", action="store_true")
    given = parser.parse_args()
    print(
        "| pictures | compared, s | of the processor, s | longest step, s | duplicates listed, ms "
        "| a search alone, ms | a search meanwhile, times that |"
    )
    print(f"|{' ---: |' * 7}", flush=True)
    for count in given.pictures:
        with tempfile.TemporaryDirectory() as folder:
            print(row(Path(folder), count, independent=given.independent), flush=True)


if __name__ == "__main__":
    main()
