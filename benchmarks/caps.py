"""Caps on paid calls: whether they hold with many visitors at once, and what holding them costs.

    python -m benchmarks.caps

The service's double answers on loopback. Printed are the calls that it saw, how many more than the
cap these are, and what counting takes of a call, as a ratio within one run. The calls of a real
service take longer, so that counting takes less of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.deadline import Deadline
from core.embedders import make_embedder
from core.embedders.azure import AzureEmbedder
from core.errors import CapReached
from core.hosting import CallMeter, Caps
from core.index import open_index
from core.settings import Settings
from tests.azure_emulator import Emulator

VISITORS = 20
SEARCHES = 10  # of each visitor
CAP = 50
# Calls timed one after the other; the first ones find the service's pace.
TIMED = 300
WARM_UP = 50


def main() -> None:
    if len(sys.argv) > 1:
        search_all(*sys.argv[1:])
        return
    print(f"{VISITORS} visitors at once, {SEARCHES} new searches each, a cap of {CAP} calls\n")
    print(f"{'processes':>9} {'calls':>6} {'over the cap':>13}")
    for processes in (1, 2, 4):
        seen = crowd(processes)
        print(f"{processes:9} {seen:6} {max(0, seen - CAP):13}")
    print(f"\ncounting takes {cost_of_counting():.1%} of a call on loopback")


def crowd(processes: int) -> int:
    """The calls that reach the service when all visitors, spread over processes, search at once."""
    with tempfile.TemporaryDirectory(dir=".") as folder, Emulator(latency=0.05) as emulator:
        open_index(Path(folder)).close()
        command = [sys.executable, "-m", "benchmarks.caps", folder, emulator.url, emulator.key]
        command.append(str(VISITORS // processes))
        running = [subprocess.Popen([*command, str(n)]) for n in range(processes)]
        for process in running:
            if process.wait():
                raise SystemExit("a process of visitors failed")
        return len(emulator.calls)


def search_all(folder: str, url: str, key: str, visitors: str, number: str) -> None:
    """One process: its visitors search until they are held back."""
    settings = Settings(vision_endpoint=url, vision_key=key, vision_calls_per_second=1000.0)
    index = open_index(Path(folder))
    name = threading.local()
    meter = CallMeter(
        index,
        lambda: "azure:2023-04-15",
        Caps(per_day=CAP, visitor_per_day=SEARCHES),
        lambda: str(name.visitor),
    )
    embedder = make_embedder(settings, meter.reserve)
    all_there = threading.Barrier(int(visitors))

    def visit(visitor: int) -> None:
        name.visitor = f"{number}-{visitor}"
        all_there.wait()
        for search in range(SEARCHES):
            try:
                embedder.embed_text(f"red {number} {visitor} {search}", Deadline.for_person(60))
            except CapReached:
                return

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(int(visitors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    meter.flush()
    index.close()


def cost_of_counting() -> float:
    """The time of a reservation, as a share of that of a whole call without one."""
    # On the disk that the program is on, and not in memory: the index waits for it.
    with tempfile.TemporaryDirectory(dir=".") as folder, Emulator() as emulator:
        settings = Settings(
            vision_endpoint=emulator.url, vision_key=emulator.key, vision_calls_per_second=5000.0
        )
        index = open_index(Path(folder))
        caps = Caps(per_day=10 * TIMED, visitor_per_day=10 * TIMED)
        meter = CallMeter(index, lambda: "azure:2023-04-15", caps, lambda: "ada")
        plain = AzureEmbedder(settings)
        call = seconds(lambda: plain.embed_text("red", Deadline()))
        counting = seconds(lambda: meter.reserve("text").settle())
        index.close()
        return counting / call


def seconds(act: Callable[[], object]) -> float:
    """The mean time of an act."""
    for _ in range(WARM_UP):
        act()
    began = time.perf_counter()
    for _ in range(TIMED):
        act()
    return (time.perf_counter() - began) / TIMED


if __name__ == "__main__":
    main()
