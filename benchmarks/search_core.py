"""Exact top-k: this project's search core beside the bare product, faiss and the tutorial's loop.

    python -m benchmarks.search_core [rows ...]        (10000 and 100000)

Prints a table of milliseconds for one query and the 24 best rows. All ways take turns within each
round, so that a busy machine is busy for all of them; the ratios are medians of the ratios within
a round, and the spread (90th over 10th percentile of the bare product) says how noisy it was.
faiss is optional: `pip install faiss-cpu`. The matrix of this project is memory-mapped from a file,
as in the product.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.index.in_memory.matrix import digests, scores, top_k
from core.index.in_memory.matrix_file import MatrixFile

DIMENSIONS = 1024
K = 24
QUERIES = 31
LOOP_ROWS = 10_000
LOOP_QUERIES = 3

Rows = npt.NDArray[np.float32]


def clustered(n: int) -> Rows:
    """Unit rows around some hundred centres, as picture embeddings lie."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((128, DIMENSIONS), dtype=np.float32)
    rows = 0.7 * random.standard_normal((n, DIMENSIONS), dtype=np.float32)
    rows += centres[random.integers(len(centres), size=n)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def bare(rows: Rows) -> Callable[[Rows], npt.NDArray[np.intp]]:
    def search(query: Rows) -> npt.NDArray[np.intp]:
        found = rows @ query
        best = np.argpartition(found, -K)[-K:]
        return best[np.argsort(-found[best])]

    return search


def ours(rows: Rows, folder: Path) -> Callable[[Rows], npt.NDArray[np.intp]]:
    ids = digests([f"{row:064x}" for row in range(len(rows))])
    matrix = MatrixFile(folder).save("benchmark", 1, ids, lambda: enumerate(rows), DIMENSIONS)
    return lambda query: top_k(scores(matrix, query), K)


def faiss_flat(rows: Rows) -> Callable[[Rows], npt.NDArray[np.intp]] | None:
    try:
        faiss = importlib.import_module("faiss")
    except ImportError:
        return None
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(rows)
    return lambda query: index.search(query[None], K)[1][0]


def tutorial_loop(rows: Rows) -> Callable[[Rows], npt.NDArray[np.intp]]:
    vectors = [row.tolist() for row in rows]

    def search(query: Rows) -> npt.NDArray[np.intp]:
        wanted = query.tolist()
        found = [
            np.dot(vector, wanted) / (np.linalg.norm(vector) * np.linalg.norm(wanted))
            for vector in vectors
        ]
        return np.argsort(found)[::-1][:K]

    return search


def measure(n: int) -> None:
    rows = clustered(n)
    random = np.random.default_rng(1)
    noise = 0.02 * random.standard_normal((QUERIES, DIMENSIONS), dtype=np.float32)
    queries = rows[random.integers(n, size=QUERIES)] + noise
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory() as folder:
        ways = {"bare M @ q + argpartition": bare(rows), "this project": ours(rows, Path(folder))}
        flat = faiss_flat(rows)
        if flat:
            ways["faiss IndexFlatIP"] = flat
        times: dict[str, list[float]] = {name: [] for name in ways}
        agree = 0
        for turn, query in enumerate(queries):
            names = list(ways)
            names = names[turn % len(names) :] + names[: turn % len(names)]
            found = {}
            for name in names:
                start = time.perf_counter()
                found[name] = ways[name](query)
                times[name].append(1000 * (time.perf_counter() - start))
            agree += all(set(map(int, f)) == set(map(int, found[names[0]])) for f in found.values())
        if n <= LOOP_ROWS:
            loop = tutorial_loop(rows)
            name = "the tutorial's loop"
            times[name] = []
            for query in queries[:LOOP_QUERIES]:
                start = time.perf_counter()
                loop(query)
                times[name].append(1000 * (time.perf_counter() - start))
        # Windows removes no file that is still mapped.
        ways.clear()
    base = times["bare M @ q + argpartition"]
    low, high = np.percentile(base, [10, 90])
    print(f"\n{n:,} x {DIMENSIONS}; spread of the bare product {high / low:.1f}")
    print(f"{'':<28} {'median ms':>10} {'best ms':>9} {'ratio':>8}")
    for name, taken in times.items():
        ratio = statistics.median(a / b for a, b in zip(taken, base, strict=False))
        print(f"{name:<28} {statistics.median(taken):>10.2f} {min(taken):>9.2f} {ratio:>8.2f}")
    if not flat:
        print("faiss IndexFlatIP            not installed: pip install faiss-cpu")
    print(f"the same {K} rows in {agree} of {QUERIES} queries")


def main() -> None:
    parser = argparse.ArgumentParser(description="Exact top-k beside other ways.")
    parser.add_argument("rows", nargs="*", type=int, default=[10_000, 100_000])
    load = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} cores, {load}numpy {np.__version__}")
    for n in parser.parse_args().rows:
        measure(n)


if __name__ == "__main__":
    main()
