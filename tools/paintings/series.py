"""A labelled set of paintings: `python -m tools.paintings FOLDER` paints 1,000 of them there.

Beside the JPEG files it writes `metadata.csv`, a line for each with the columns of
`labels.COLUMNS`. Pictures, titles, authors and dates are all made up; the same seed gives the same
bytes on one machine with the packages of tools/requirements.txt.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import sys
import time
from pathlib import Path

from tools.paintings.gallery import encode, slug
from tools.paintings.labels import COLUMNS, SEED, Work, works

COUNT = 1000
METADATA = "metadata.csv"
# A thousand of them come to about 30 MB.
LARGEST_FILE = 30_000


def file_names(chosen: list[Work]) -> list[str]:
    """A number and the title, in lower case and with hyphens."""
    return [f"{i:04}-{slug(work.title)}.jpg" for i, work in enumerate(chosen, 1)]


def write_labels(folder: Path, chosen: list[Work]) -> None:
    """Write `metadata.csv`: UTF-8, a heading, a line for each work in the order of its number."""
    with (folder / METADATA).open("w", encoding="utf-8", newline="") as target:
        table = csv.DictWriter(target, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(
            work.row(name) for name, work in zip(file_names(chosen), chosen, strict=True)
        )


def _paint(job: tuple[Work, Path]) -> int:
    from tools.paintings.looks import paint_work

    work, path = job
    data = encode(paint_work(work), LARGEST_FILE)
    path.write_bytes(data)
    return len(data)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.paintings", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; made if it is missing")
    parser.add_argument("--count", type=int, default=COUNT, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, another collection")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        parser.error(f"{folder} is not an empty folder: name another, so that nothing is lost.")
    folder.mkdir(parents=True, exist_ok=True)
    chosen = works(options.count, options.seed)
    jobs = [(work, folder / name) for work, name in zip(chosen, file_names(chosen), strict=True)]
    started, size = time.monotonic(), 0
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for done, written in enumerate(pool.imap(_paint, jobs, chunksize=4), 1):
            size += written
            if done % 50 == 0 or done == len(jobs):
                left = (time.monotonic() - started) / done * (len(jobs) - done)
                sys.stdout.write(f"{done} of {len(jobs)}, {size / 1e6:.1f} MB, {left:.0f} s left\n")
                sys.stdout.flush()
    write_labels(folder, chosen)
    return 0
