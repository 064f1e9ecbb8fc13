"""The map's layout beside PCA, umap-learn and openTSNE: neighbours kept, seconds and memory.

    python -m benchmarks.layout [--sizes 1000 10000 50000] [--vectors FILE.npy] [--only WAY ...]

Each way runs in a process of its own. The vectors are made: 1,024 dimensions, bunches within
bunches; or they are the rows of a file. umap-learn and openTSNE only where they are installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from core.explore import layout, project
from core.vectors import Vectors, unit

DIMENSIONS = 1024
# Pictures whose neighbours are compared: the share's error is then below a hundredth.
ASKED = 2000


def made(n: int, seed: int = 0) -> Vectors:
    """Unit rows as an embedder's: subjects in bunches, with 24 directions of variation each."""
    random = np.random.default_rng(seed)
    families = random.standard_normal((20, DIMENSIONS)) * 0.7
    subjects = families[random.integers(20, size=200)] + random.standard_normal((200, DIMENSIONS))
    directions = random.standard_normal((24, DIMENSIONS))
    rows = np.empty((n, DIMENSIONS), np.float32)
    for start in range(0, n, 5000):
        some = len(rows[start : start + 5000])
        within = random.standard_normal((some, 24)) * np.linspace(0.6, 0.1, 24)
        noise = 0.2 * random.standard_normal((some, DIMENSIONS))
        rows[start : start + some] = unit(
            subjects[random.integers(200, size=some)] + within @ directions + noise
        )
    return rows


def kept(
    vectors: Vectors, points: np.ndarray, k: int = 10, rows: np.ndarray | None = None
) -> float:
    """Share of the k nearest neighbours by cosine that are among the k nearest on the map."""
    if rows is None:
        rows = np.random.default_rng(0).permutation(len(vectors))[:ASKED]
    places = np.asarray(points, np.float64)
    shares = []
    for row in rows:
        cosines = vectors @ vectors[row]
        squares = ((places - places[row]) ** 2).sum(1)
        cosines[row], squares[row] = -np.inf, np.inf
        near = np.argpartition(-cosines, k)[:k]
        shares.append(len(np.intersect1d(near, np.argpartition(squares, k)[:k])) / k)
    return float(np.mean(shares))


def peers() -> dict[str, Callable[[Vectors], np.ndarray]]:
    """Other people's layouts, as they come; those that are installed."""
    found: dict[str, Callable[[Vectors], np.ndarray]] = {}
    if find_spec("umap"):
        found["umap-learn"] = _umap
    if find_spec("openTSNE"):
        found["openTSNE"] = _open_tsne
    return found


def _umap(vectors: Vectors) -> np.ndarray:
    from umap import UMAP

    points: np.ndarray = UMAP(metric="cosine").fit_transform(vectors)
    return points


def _open_tsne(vectors: Vectors) -> np.ndarray:
    from openTSNE import TSNE

    return np.array(TSNE(metric="cosine", n_jobs=2, random_state=0).fit(vectors))


def ways() -> dict[str, Callable[[Vectors], np.ndarray]]:
    return {"PCA": lambda rows: project(rows).points, "this layout": layout, **peers()}


def measured(way: str, path: Path) -> dict[str, float]:
    """In a process of its own: seconds, and MB beyond what the vectors and imports take."""
    command = [sys.executable, "-m", "benchmarks.layout", "--measure", way, "--vectors", str(path)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def _most_memory() -> float:
    """MB of this process, at most, since it was last asked to count anew."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def measure_here(way: str, path: Path) -> None:
    vectors = np.load(path, allow_pickle=False)
    # From here on, the most memory that is held counts anew (Linux).
    Path("/proc/self/clear_refs").write_text("5")
    before = _most_memory()
    began, cpu = time.perf_counter(), time.process_time()
    points = ways()[way](vectors)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    after = _most_memory()
    share = kept(vectors, points)
    print(json.dumps({"s": seconds, "cpu": cpu, "mb": after - before, "kept": share}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--vectors", type=Path, help="rows to lay out instead of made ones")
    parser.add_argument("--only", nargs="+", help="of the ways")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure_here(given.measure, given.vectors)
        return
    print("| pictures | way | neighbours kept | s | s of processor time | MB more |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors.npy"
            rows = np.load(given.vectors)[:size] if given.vectors else made(size)
            np.save(path, rows, allow_pickle=False)
            for way in given.only or ways():
                f = measured(way, path)
                print(
                    f"| {len(rows):,} | {way} | {f['kept']:.3f} | {f['s']:.1f} | "
                    f"{f['cpu']:.1f} | {f['mb']:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
