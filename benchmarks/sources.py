"""What sources cost: the listing of what did not change, and fetches a second.

    python -m benchmarks.sources

Against the double of Blob Storage in a process of its own, on loopback: scans of containers that
did not change, the reading of a long list, and the first scan of a container with one file on its
way at a time and with as many as the product allows, at 50 ms for each answer.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing import scan as scanning
from core.model import FileRow, Picture
from core.settings import Settings
from core.sources import RemoteFile, Sources
from tests.blob_emulator import BlobEmulator

LATENCY = 0.05  # seconds, of a service in another country


def picture(number: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (640, 480), (99, 99, 99)).save(data, "JPEG", comment=str(number).encode())
    return data.getvalue()


def _serve(pipe: Connection, count: int, latency: float, *, pictures: bool) -> None:
    with BlobEmulator() as service:
        for number in range(count):
            data = picture(number) if pictures else b"x"
            service.put(f"{number // 1000:03}/{number:07}.jpg", data, etag=f'"{number}"')
        service.latency = latency
        pipe.send(service.container)
        while pipe.recv() != "end":
            pipe.send(len(service.requests))
            service.requests.clear()


@contextmanager
def container(count: int, latency: float = 0.0, *, pictures: bool = False) -> Iterator[Connection]:
    """A pipe to the service: it gives the container's address, then answers with its requests."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(there, count, latency), kwargs={"pictures": pictures}
    )
    process.start()
    try:
        yield here
    finally:
        here.send("end")
        process.join()


def sources(folder: Path, setting: str) -> Sources:
    return Sources(Settings(data_dir=folder, sources=setting, sources_loopback=True))


def megabytes() -> float:
    """The most memory that this process has held so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def unchanged(count: int) -> None:
    """The scan of a container that did not change since the last one."""
    with container(count) as service, TemporaryDirectory() as folder:
        there = sources(Path(folder), f"photos={service.recv()}")
        index = SqliteIndex(Path(folder))
        began = time.perf_counter()
        listed = [each for each in there.walk(Deadline()) if isinstance(each, RemoteFile)]
        listing = time.perf_counter() - began
        one = Picture("0" * 64, "JPEG", 1, 1, 1, "")
        rows = [FileRow(each.path, one.id, each.size, each.mtime_ns) for each in listed]
        index.add_files(rows, [(one, b"")])
        del listed, rows
        service.send("count")
        service.recv()
        before, began, busy = megabytes(), time.perf_counter(), time.process_time()
        result = scanning.scan(index, {}, Deadline(), sources=there)
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        assert result.unchanged == count
        service.send("count")
        print(
            f"| {count:,} blobs | {listing:.1f} s | {seconds:.1f} s | {busy:.1f} s | "
            f"{service.recv()} | {megabytes() - before:.0f} MB |",
            flush=True,
        )
        index.close()


def long_list(count: int) -> None:
    """A list that is read for the first time, and the same list once more."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        with file.open("w") as out:
            out.write("url,caption\n")
            out.writelines(
                f"https://pictures.example/{n // 1000}/{n}.jpg,a caption\n" for n in range(count)
            )
        there = sources(Path(folder), f"web={file}")
        before = megabytes()
        times = []
        busy = 0.0
        for _ in range(2):
            began, busy = time.perf_counter(), time.process_time()
            found = sum(isinstance(each, RemoteFile) for each in there.walk(Deadline()))
            times.append(time.perf_counter() - began)
            busy = time.process_time() - busy
            assert found == count
        grown = megabytes() - before
        print(
            f"| {count:,} lines | {times[0]:.1f} s | {times[1]:.1f} s | {busy:.1f} s | 0 | "
            f"{grown:.0f} MB |",
            flush=True,
        )


def fetches(count: int, at_once: int) -> tuple[float, float]:
    """Files a second of the first scan of a container, and its processor time for each in ms."""
    with container(count, LATENCY, pictures=True) as service, TemporaryDirectory() as folder:
        there = sources(Path(folder), f"photos={service.recv()}")
        index = SqliteIndex(Path(folder))
        scanning.FETCHERS = at_once
        began, busy = time.perf_counter(), time.process_time()
        result = scanning.scan(index, {}, Deadline(), sources=there)
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        assert result.new == count
        index.close()
    return count / seconds, busy / count * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blobs", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--pictures", type=int, default=1000)
    options = parser.parse_args()
    allowed = scanning.FETCHERS
    print("| what | first look | unchanged | processor time of that | requests | memory on top |")
    print("| --- | --- | --- | --- | --- | --- |")
    long_list(options.lines)
    unchanged(options.blobs // 10)
    unchanged(options.blobs)
    print("\n| files on their way | files a second | ms of processor time for each |")
    print("| --- | --- | --- |")
    one, busy = fetches(options.pictures // 10, 1)
    print(f"| 1 | {one:.0f} | {busy:.1f} |", flush=True)
    many, busy = fetches(options.pictures, allowed)
    print(f"| {allowed} | {many:.0f} ({many / one:.1f} times) | {busy:.1f} |")


if __name__ == "__main__":
    main()
