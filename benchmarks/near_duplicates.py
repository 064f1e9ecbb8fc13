"""Which changed copies of pictures are found, and which pictures are taken for copies wrongly.

    python -m benchmarks.near_duplicates [--larger] [--speed 10000,100000]

The gallery and, where they are (RECORDINGS, else ../shared/recordings), 37 photographs, each with
changed copies of it, make one collection. Found is the share of the copies that are in one group
with what they were made from; wrongly joined the share of all pictures that are in a group with
another picture's. --larger adds changes beyond those that are asked for. --speed measures the time
of the comparison for so many pictures instead.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
from PIL import Image, ImageEnhance

from core.deadline import Deadline
from core.embedders import builtin_embedder
from core.index import Neighbours
from core.index.in_memory.current_matrix import CurrentMatrix
from core.index.in_memory.matrix import Matrix, digests
from core.index.in_memory.matrix_space import MatrixSpace
from core.index.sqlite.engine import SqliteIndex
from core.model import EVERYTHING
from core.pictures import check, signature
from core.search.near_duplicates import CANDIDATES, near_duplicates
from core.vectors import Vectors, unit

GALLERY = Path("images/gallery")
RECORDINGS = Path(os.environ.get("RECORDINGS", "../shared/recordings"))

# A rule that is compared takes the bound that finds most without joining more than this wrongly.
MOST_WRONG = 0.01


def saved(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()


def resized(image: Image.Image, share: float) -> Image.Image:
    return image.resize((round(image.width * share), round(image.height * share)))


def cropped(
    image: Image.Image, left: float, top: float, right: float, bottom: float
) -> Image.Image:
    """Without these shares of the width and the height."""
    width, height = image.size
    return image.crop(
        (
            round(width * left),
            round(height * top),
            round(width * (1 - right)),
            round(height * (1 - bottom)),
        )
    )


def warmer(image: Image.Image) -> Image.Image:
    rows = np.asarray(image) * np.array([1.05, 1, 0.92])
    return Image.fromarray(rows.clip(0, 255).astype(np.uint8))


CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "half size": lambda i: saved(resized(i, 1 / 2)),
    "JPEG at quality 50": lambda i: saved(i, quality=50),
    "3 % cropped from every side": lambda i: saved(cropped(i, 0.03, 0.03, 0.03, 0.03)),
    "3 % cropped from two sides": lambda i: saved(cropped(i, 0.03, 0.03, 0, 0)),
    "10 % more light": lambda i: saved(ImageEnhance.Brightness(i).enhance(1.1)),
    "10 % less light": lambda i: saved(ImageEnhance.Brightness(i).enhance(0.9)),
    "another format (WebP)": lambda i: saved(i, "WEBP", quality=80),
}

LARGER: dict[str, Callable[[Image.Image], bytes]] = {
    "a sixth of the size": lambda i: saved(resized(i, 1 / 6)),
    "JPEG at quality 20": lambda i: saved(i, quality=20),
    "5 % cropped from every side": lambda i: saved(cropped(i, 0.05, 0.05, 0.05, 0.05)),
    "6 % cropped from one side": lambda i: saved(cropped(i, 0.06, 0, 0, 0)),
    "20 % more light": lambda i: saved(ImageEnhance.Brightness(i).enhance(1.2)),
    "20 % more contrast": lambda i: saved(ImageEnhance.Contrast(i).enhance(1.2)),
    "warmer": lambda i: saved(warmer(i)),
}


@dataclass(frozen=True, eq=False)
class Crowd:
    """Pictures and their changed copies.

    source: number of the picture that each was made from. change: its name, "" for none.
    vectors: of the built-in model. hashes: bits, shape (n, 64).
    """

    source: np.ndarray
    change: np.ndarray
    vectors: Vectors
    signatures: list[bytes]
    hashes: np.ndarray


def difference_hash(thumbnail: bytes) -> np.ndarray:
    """dHash: whether each of 8 x 8 cells is darker than the next. Krawetz, "Kind of Like That"."""
    image = Image.open(io.BytesIO(thumbnail)).convert("L")
    cells = np.asarray(image.resize((9, 8), Image.Resampling.BOX), dtype=int)
    return (cells[:, :-1] < cells[:, 1:]).ravel()


def crowd(paths: Sequence[Path], changes: dict[str, Callable[[Image.Image], bytes]]) -> Crowd:
    embedder = builtin_embedder()
    source, change, vectors, signatures, hashes = [], [], [], [], []
    for number, path in enumerate(paths):
        data = path.read_bytes()
        image = Image.open(io.BytesIO(data)).convert("RGB")
        files = [data, *(make(image) for make in changes.values())]
        vectors.append(embedder.embed_images(files, Deadline()))
        for name, file in zip(["", *changes], files, strict=True):
            thumbnail = check(file).thumbnail
            source.append(number)
            change.append(name)
            signatures.append(signature(thumbnail))
            hashes.append(difference_hash(thumbnail))
    return Crowd(
        np.array(source), np.array(change), np.concatenate(vectors), signatures, np.stack(hashes)
    )


def space_of(vectors: Vectors) -> MatrixSpace:
    """The product's search over these vectors, picture n with the id n."""
    ids = digests([f"{number:064x}" for number in range(len(vectors))])
    matrix = Matrix(ids, np.ascontiguousarray(vectors), 1)
    # The index itself is asked only which pictures lie in a scope: here all do.
    index = cast(SqliteIndex, SimpleNamespace(holds_all=lambda scope: True))
    return MatrixSpace(index, cast(CurrentMatrix, SimpleNamespace(get=lambda: matrix)))


def groups_of(neighbours: Neighbours, signatures: Sequence[bytes]) -> np.ndarray:
    """The product's groups: the number of each picture's, shape (n,)."""
    found = near_duplicates(
        neighbours, dict(zip(neighbours.ids, signatures, strict=True)), Deadline()
    )
    numbers = np.arange(len(signatures))
    for group in found:
        rows = [int(picture_id, 16) for picture_id in group]
        numbers[rows] = rows[0]
    return numbers


def components(joined: np.ndarray) -> np.ndarray:
    """Groups by pairs, direct or through others: the lowest number of each, shape (n,)."""
    numbers = np.arange(len(joined))
    first, second = np.nonzero(joined)
    while True:
        lowest = numbers.copy()
        np.minimum.at(lowest, first, numbers[second])
        if (lowest == numbers).all():
            return numbers
        numbers = lowest


def judged(all_of: Crowd, groups: np.ndarray) -> tuple[dict[str, float], float]:
    """The share of copies found, by change and under "all", and the share wrongly joined."""
    original = {s: row for row, s in enumerate(all_of.source) if not all_of.change[row]}
    own = np.array([groups[original[s]] for s in all_of.source]) == groups
    copies = all_of.change != ""
    found = {
        str(name): float(own[all_of.change == name].mean())
        for name in dict.fromkeys(all_of.change[copies])
    }
    found["all"] = float(own[copies].mean())
    mixed, sources = np.unique(np.unique([groups, all_of.source], axis=1)[0], return_counts=True)
    return found, float(np.isin(groups, mixed[sources > 1]).mean())


def in_hindsight(
    all_of: Crowd, likeness: np.ndarray, bounds: Sequence[float]
) -> tuple[float, dict[str, float], float]:
    """The bound that finds most without joining more than MOST_WRONG, and what it does."""
    best: tuple[float, dict[str, float], float] | None = None
    for bound in bounds:
        found, wrong = judged(all_of, components(likeness >= bound))
        if wrong <= MOST_WRONG and (best is None or found["all"] > best[1]["all"]):
            best = float(bound), found, wrong
    assert best is not None
    return best


def print_quality(all_of: Crowd) -> None:
    neighbours = space_of(all_of.vectors).neighbours(CANDIDATES, Deadline())
    own_found, own_wrong = judged(all_of, groups_of(neighbours, all_of.signatures))
    cosines = all_of.vectors @ all_of.vectors.T
    cosine = in_hindsight(all_of, cosines, np.linspace(0.95, 1, 51)[:-1])
    differing = (all_of.hashes[:, None] != all_of.hashes).sum(axis=2)
    dhash = in_hindsight(all_of, -differing, range(-16, 1))
    print(f"{len(all_of.source):,} pictures, of {len(set(all_of.source))}\n")
    print(
        f"| found | the product | cosine alone, from {cosine[0]:.3f} | "
        f"dHash alone, up to {-dhash[0]:.0f} of 64 |\n| --- | ---: | ---: | ---: |"
    )
    for name in own_found:
        print(f"| {name} | {own_found[name]:.3f} | {cosine[1][name]:.3f} | {dhash[1][name]:.3f} |")
    print(f"| **wrongly joined** | {own_wrong:.4f} | {cosine[2]:.4f} | {dhash[2]:.4f} |")


def print_service() -> None:
    """What the service's own vectors propose among the photographs: no two are the same."""
    file = RECORDINGS / "product_images.npz"
    if not file.exists():
        return
    with np.load(file, allow_pickle=False) as recorded:
        names, vectors = recorded["names"].tolist(), unit(recorded["vectors"])
    folder = RECORDINGS / "product_images"
    signatures = [signature(check((folder / name).read_bytes()).thumbnail) for name in names]
    groups = groups_of(space_of(vectors).neighbours(CANDIDATES, Deadline()), signatures)
    highest = (vectors @ vectors.T)[~np.eye(len(names), dtype=bool)].max()
    print(
        f"\nWith the service's vectors of {len(names)} photographs: "
        f"{len(names) - len(set(groups.tolist()))} wrongly joined; the highest cosine of two "
        f"different ones is {highest:.3f}."
    )


def print_speed(paths: Sequence[Path], sizes: Sequence[int], dimensions: int = 1024) -> None:
    """Every fifth picture is a changed copy of the one before it."""
    some = crowd(paths[:100], {"crop": CHANGES["3 % cropped from every side"]})
    thumbnails = [check(path.read_bytes()).thumbnail for path in paths[:100]]
    began = time.process_time()
    for thumbnail in thumbnails:
        signature(thumbnail)
    each = 1000 * (time.process_time() - began) / len(thumbnails)
    print(f"A signature, once for each picture: {each:.2f} ms of processor time.\n")
    print(
        "| pictures | neighbours, s | confirming, s | processor, s | found | memory beside "
        "the matrix, MB | a search, ms: alone, meanwhile |\n"
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for size in sizes:
        print_speed_of(size, dimensions, some)


def print_speed_of(size: int, dimensions: int, some: Crowd) -> None:
    random = np.random.default_rng(1)
    rows = np.arange(size)
    copies = rows % 5 == 4
    vectors = random.standard_normal((size, dimensions), dtype=np.float32)
    noise = 0.1 * random.standard_normal((int(copies.sum()), dimensions), dtype=np.float32)
    vectors[copies] = vectors[np.flatnonzero(copies) - 1] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    shown = random.integers(0, len(some.signatures) // 2, size)
    shown[copies] = shown[np.flatnonzero(copies) - 1]
    signatures = [some.signatures[2 * s + c] for s, c in zip(shown, copies, strict=True)]
    space = space_of(vectors)
    alone = searches(space, vectors, threading.Event(), least=15)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(1) as executor:
        over = threading.Event()
        asking = executor.submit(searches, space, vectors, over)
        began, began_cpu = time.monotonic(), time.process_time()
        neighbours = space.neighbours(CANDIDATES, Deadline())
        found_at = time.monotonic()
        groups = groups_of(neighbours, signatures)
        ended, ended_cpu = time.monotonic(), time.process_time()
        over.set()
        meanwhile = asking.result()
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    print(
        f"| {size:,} | {found_at - began:.1f} | {ended - found_at:.1f} | "
        f"{ended_cpu - began_cpu:.1f} | {size - len(set(groups.tolist())):,} | {more:.0f} | "
        f"{statistics.median(alone):.1f}, {statistics.median(meanwhile):.1f} |",
        flush=True,
    )


def searches(
    space: MatrixSpace, vectors: Vectors, over: threading.Event, least: int = 0
) -> list[float]:
    """Milliseconds of each search, one every tenth of a second, until it is over or enough."""
    times: list[float] = []
    while len(times) < least if least else not over.is_set():
        began = time.monotonic()
        space.nearest(vectors[len(times)], 1000, EVERYTHING)
        times.append(1000 * (time.monotonic() - began))
        time.sleep(0.1)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--larger", action="store_true")
    parser.add_argument("--speed", default="")
    arguments = parser.parse_args()
    paths = sorted(GALLERY.glob("*.jpg"))
    if (RECORDINGS / "product_images").is_dir():
        paths += sorted((RECORDINGS / "product_images").iterdir())
    if arguments.speed:
        print_speed(paths, [int(size) for size in arguments.speed.split(",")])
        return
    print_quality(crowd(paths, CHANGES | (LARGER if arguments.larger else {})))
    print_service()


if __name__ == "__main__":
    main()
