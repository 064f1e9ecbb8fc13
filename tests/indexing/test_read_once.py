"""A picture on its way into the index is read once and hashed once, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from core.indexing import job as indexing_job
from core.indexing.carried import Carried
from tests.conftest import ColourEmbedder, fill, plain
from tests.indexing.conftest import Job

ROOT = Path(__file__).parents[2]

# A process of its own, because an audit hook cannot be removed. It prints, for each run, how often
# every file below the images was opened and how often its content was hashed. `runs` is a string
# with one letter for each run: "s" only scans, "e" scans and embeds.
COUNTING_RUNS = """
import hashlib, json, os, sys
from collections import Counter
from pathlib import Path
from core.indexing import job as indexing_job
from tests.conftest import ColourEmbedder
from tests.indexing.conftest import Job

folder, images, runs, carried_bytes = sys.argv[1:]
indexing_job.IN_FLIGHT_BYTES = int(carried_bytes)
sha256 = hashlib.sha256
names = {sha256(file.read_bytes()).hexdigest(): file.name for file in Path(images).iterdir()}
opened, hashed = Counter(), Counter()

def audit(event, args):
    if event == "open" and str(args[0]).startswith(images + os.sep):
        opened[Path(args[0]).name] += 1

def counting_sha256(data=b"", **options):
    digest = sha256(data).hexdigest()
    if digest in names:
        hashed[names[digest]] += 1
    return sha256(data, **options)

sys.addaudithook(audit)
hashlib.sha256 = counting_sha256
job = Job(Path(folder), Path(images))
for run in runs:
    opened.clear()
    hashed.clear()
    job.run(ColourEmbedder() if run == "e" else None)
    print(json.dumps([opened, hashed]))
job.close()
"""


def count_runs(
    folder: Path, images: Path, runs: str, carried_bytes: int = 2**20
) -> list[tuple[Counter[str], Counter[str]]]:
    """For each run: how often each file was opened, and how often its content was hashed."""
    arguments = [str(folder), str(images), runs, str(carried_bytes)]
    done = subprocess.run(
        [sys.executable, "-c", COUNTING_RUNS, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    pairs = [json.loads(line) for line in done.stdout.splitlines()]
    return [(Counter(opened), Counter(hashed)) for opened, hashed in pairs]


def times(files: list[Path], count: int) -> Counter[str]:
    return Counter({file.name: count for file in files})


def test_a_new_picture_is_read_once_and_hashed_once(tmp_path: Path, images: Path) -> None:
    files = fill(images, 6)
    assert count_runs(tmp_path, images, "e") == [(times(files, 1), times(files, 1))]


def test_a_picture_of_an_earlier_scan_is_read_and_hashed_once_when_it_is_embedded(
    tmp_path: Path, images: Path
) -> None:
    files = fill(images, 6)
    once = (times(files, 1), times(files, 1))
    assert count_runs(tmp_path, images, "se") == [once, once]


def test_a_picture_that_does_not_fit_into_memory_is_read_and_hashed_again(
    tmp_path: Path, images: Path
) -> None:
    files = fill(images, 2)
    large = images / "large.png"
    large.write_bytes(plain("blue") + bytes(5000))
    ((opened, hashed),) = count_runs(tmp_path, images, "e", carried_bytes=4000)
    assert opened == hashed == times(files, 1) + times([large], 2)


def test_an_indexed_picture_is_neither_read_nor_hashed(tmp_path: Path, images: Path) -> None:
    fill(images, 3)
    assert count_runs(tmp_path, images, "ee")[1] == (Counter(), Counter())


@pytest.mark.parametrize("embedder", [ColourEmbedder(), None], ids=["embedding", "only scanning"])
def test_what_a_run_holds_in_memory_does_not_grow_with_the_folder(
    job: Job,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    embedder: ColourEmbedder | None,
) -> None:
    if embedder is not None:
        monkeypatch.setattr(indexing_job, "IN_FLIGHT_BYTES", 1_000_000)

    def peak(count: int) -> int:
        # What follows the last pixel of a file is ignored by its reader, and weighs in memory.
        for number in range(count):
            data = plain((9, number % 256, count), width=16, height=16)
            (images / f"{count} {number}.png").write_bytes(data + bytes(200_000))
        tracemalloc.start()
        job.run(embedder)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    few, many = peak(20), peak(150)
    # All 150 at once would be 30 MB; those in flight on a busy machine are a few.
    assert many < few + 10_000_000


def test_what_is_carried_over_never_exceeds_its_limit() -> None:
    carried = Carried(10)
    carried.offer("first", b"12345678")
    carried.offer("too much", b"123")
    carried.offer("fits", b"12")
    assert carried.take("first") == b"12345678"
    assert carried.take("too much") is None
    assert carried.take("fits") == b"12"


def test_what_was_taken_makes_room_and_is_handed_out_once() -> None:
    carried = Carried(4)
    carried.offer("first", b"1234")
    assert carried.take("first") == b"1234"
    assert carried.take("first") is None
    carried.offer("second", b"5678")
    assert carried.take("second") == b"5678"


def test_two_files_with_the_same_content_take_room_once() -> None:
    carried = Carried(4)
    carried.offer("same", b"12")
    carried.offer("same", b"12")
    carried.offer("other", b"34")
    assert carried.take("other") == b"34"


def test_what_nobody_will_ask_for_makes_room() -> None:
    carried = Carried(4)
    carried.offer("unwanted", b"12")
    carried.offer("wanted", b"34")
    carried.keep_only({"wanted"})
    assert carried.take("unwanted") is None
    assert carried.take("wanted") == b"34"
