"""What a person waits for, in a real browser on this machine, and the server's memory.

    python -m benchmarks.browser [--pictures 10000] [--runs 31]

Needs requirements-dev.txt and a Chromium. The app is a fresh clone of the working tree in a folder
that is removed at the end, with a synthetic index of 10,000 pictures and, if another size is asked
for, with one of that size too (see benchmarks/synthetic.py). A query's vector lies in the index:
what a service takes to answer is not measured. Browser and server share the machine, and every
session starts with an empty cache. Only root can empty the system's own cache: for others the row
with the cold disk drops the collection's files only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import synthetic
from core.deadline import Deadline
from core.index import open_index
from core.indexing.scan import scan
from core.model import OWN
from core.search import Part
from core.settings import Settings, load_settings
from core.sources import walk
from core.workspace import Workspace
from tests.app.browser import WALL, WIDE, chromium, go, launch, ready
from tests.app.server import Server, clone, serve

BASE = 10_000
SHOWN = 24
SESSIONS = 5
STARTS = 5
# Each makes the matrix anew or reads everything from the disk.
SLOW_STARTS = 2
VISITS = 3

# Words of the built-in model, so that a fresh clone without a key answers them too.
THINGS = "house castle lighthouse windmill bridge boat car bicycle train balloon".split()
COLOURS = "red orange yellow green blue purple".split()
QUERIES = [f"a {colour} {thing}" for thing in THINGS for colour in COLOURS]

# What is measured, in the order of the table: its unit, and what it may be with 100,000 pictures on
# two cores.
AT_MOST = {
    "start -> first screen, disk warm": ("s", 3.5),
    "start -> first screen, the matrix made": ("s", 8),
    "start -> first screen, disk cold": ("s", 12),
    "Enter -> 24 results painted, the first": ("s", 0.25),
    "Enter -> 24 results painted": ("s", 0.25),
    "Explorer opened, map: pictures drawn": ("s", 2),
    "Explorer, compare view": ("s", 0.8),
    "Indexing opened: counts": ("s", 0.5),
    "Indexing opened: table": ("s", 1),
    "five sessions open one search at once": ("s", 2.5),
    "memory, every page in five sessions": ("MB", 610),
    "of it not backed by files": ("MB", 200),
    "a scan of unchanged files, in walks": ("", 2),
}
FRESH = {"with no index": 8.0, "with the shipped vectors": 3.0}

# Resolves with the milliseconds from the key press to the frame in which every picture expected
# is there, in its place, loaded.
WATCH = """
([wall, expected]) => {
  window.painted = new Promise(done => {
    let pressed = 0;
    const press = () => { pressed = performance.now(); };
    addEventListener("keydown", press, {once: true, capture: true});
    const look = () => {
      const shown = [...document.querySelectorAll(wall)];
      const there = pressed && shown.length === expected.length && shown.every(
        (one, place) => one.closest("figure").dataset.picture === expected[place]
          && one.complete && one.naturalWidth);
      requestAnimationFrame(there ? () => done(performance.now() - pressed) : look);
    };
    look();
  });
}
"""
IMAGES = f"{WALL} img"
ALL_LOADED = f"""
() => {{
  const shown = [...document.querySelectorAll('{IMAGES}')];
  return shown.length === {SHOWN} && shown.every(one => one.complete && one.naturalWidth);
}}
"""
# All that is to be seen of the map is painted, with its sheets.
MAP_DRAWN = "() => document.querySelector('.collection-map')?.isSettled?.()"
TABLE_DRAWN = """() => document.querySelector('[data-testid="stDataFrame"] canvas')"""
COUNTED = """
() => [...document.querySelectorAll('h2')].some(one => one.textContent.startsWith('Indexed '))
"""
COMPARED = """
() => document.body.textContent.includes('Choose at least two')
  && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === 'notRunning'
"""

Figures = dict[str, list[float]]


def collection(home: Path, count: int) -> dict[str, list[str]]:
    """Make the app and its collection in `home`; the pictures that each query must then show."""
    synthetic.make(clone(home), count, QUERIES)
    workspace = Workspace(load_settings(synthetic.SETTINGS, root=home), home)
    workspace.indexer.join()
    expected = {}
    for text in QUERIES:
        hits = workspace.search([Part(workspace.queries.text(text))], OWN).hits
        expected[text] = [hit.picture_id for hit in hits[:SHOWN]]
    workspace.close()
    return expected


@contextlib.contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE)
    yield context.new_page()
    context.close()


def first_screen(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function(ALL_LOADED, timeout=120_000)


def starts(browser: Browser, home: Path, runs: int, before: Callable[[], None]) -> list[float]:
    """Seconds from the command to the first screen; each time after `before`."""
    found = []
    for _ in range(runs):
        before()
        began = time.perf_counter()
        with serve(home, **synthetic.SETTINGS) as server, fresh_page(browser) as page:
            first_screen(page, server.url)
            found.append(time.perf_counter() - began)
    return found


def forget_matrix(home: Path) -> None:
    for folder in (home / "data").glob("matrix-*"):
        shutil.rmtree(folder)


def empty_cache(home: Path) -> None:
    """Let the system forget what it read: everything, or where it may not, the collection."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        for file in (home / "data").rglob("*"):
            if file.is_file():
                with file.open("rb") as opened:
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def searched(page: Page, text: str, expected: list[str]) -> float:
    """Seconds from Enter to the results' last picture."""
    box = page.locator('input[aria-label="Search"]')
    page.evaluate(WATCH, [IMAGES, expected])
    # As one input event: what is measured begins with Enter, not with the typing before it.
    box.evaluate("(one) => { one.focus(); one.select(); }")
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")
    return float(page.evaluate("window.painted")) / 1000


def waited(page: Page, *until: str, press: Callable[[], None]) -> list[float]:
    """Seconds from a press until each of these is true in the page."""
    began, found = time.perf_counter(), []
    press()
    for condition in until:
        page.wait_for_function(condition, timeout=120_000)
        found.append(time.perf_counter() - began)
    return found


def visit_pages(page: Page, figures: Figures) -> None:
    """Open the Explorer with both of its views, then Indexing; ends on Text search."""

    def link(title: str) -> Callable[[], None]:
        return page.get_by_role("link", name=title, exact=True).click

    ready(page)
    figures["Explorer opened, map: pictures drawn"] += waited(
        page, MAP_DRAWN, press=link("Explorer")
    )
    ready(page)
    table = page.get_by_text("Compare", exact=True).click
    figures["Explorer, compare view"] += waited(page, COMPARED, press=table)
    ready(page)
    counts, table = waited(page, COUNTED, TABLE_DRAWN, press=link("Indexing"))
    figures["Indexing opened: counts"].append(counts)
    figures["Indexing opened: table"].append(table)
    go(page, "Text search")


def open_at_once(pages: list[Page], address: str) -> float:
    """Seconds until the last of these sessions shows the results at the address."""
    began = time.perf_counter()
    for page in pages:
        page.goto(address, wait_until="commit")
    for page in pages:
        page.wait_for_function(ALL_LOADED, timeout=120_000)
    return time.perf_counter() - began


def resident(server: Server) -> tuple[float, float]:
    """The server's resident memory in MB, and that of it which no file backs."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    whole, anonymous = (int(values[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon"))
    return whole, anonymous


def scan_in_walks(home: Path) -> float:
    """The processor time of a scan over unchanged files, in those of the walk through them."""
    index = open_index(Settings(data_dir=home / "data"))
    roots = {"images/": home / "images"}
    times = []
    for work in (lambda: deque(walk(roots, ()), maxlen=0), lambda: scan(index, roots, Deadline())):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    index.close()
    return times[1] / times[0]


def measure(browser: Browser, home: Path, count: int, runs: int) -> Figures:
    """Everything in AT_MOST, for a collection of this size."""
    figures: Figures = {what: [] for what in AT_MOST}
    expected = collection(home, count)
    first = "start -> first screen, "
    figures[first + "disk warm"] = starts(browser, home, STARTS, lambda: None)
    figures[first + "the matrix made"] = starts(
        browser, home, SLOW_STARTS, lambda: forget_matrix(home)
    )
    figures[first + "disk cold"] = starts(browser, home, SLOW_STARTS, lambda: empty_cache(home))
    figures["a scan of unchanged files, in walks"] = [scan_in_walks(home) for _ in range(VISITS)]
    texts = [QUERIES[number % len(QUERIES)] for number in range(runs + 1)]
    with serve(home, **synthetic.SETTINGS) as server, contextlib.ExitStack() as stack:
        pages = [stack.enter_context(fresh_page(browser)) for _ in range(SESSIONS)]
        first_screen(pages[0], server.url)
        times = [searched(pages[0], text, expected[text]) for text in texts]
        figures["Enter -> 24 results painted, the first"] = times[:1]
        figures["Enter -> 24 results painted"] = times[1:]
        for text in QUERIES[:VISITS]:
            address = f"{server.url}/?q={quote_plus(text)}"
            figures["five sessions open one search at once"].append(open_at_once(pages, address))
        for page in pages:
            visit_pages(page, figures)
        memory, anonymous = resident(server)
        figures["memory, every page in five sessions"] = [memory]
        figures["of it not backed by files"] = [anonymous]
    return figures


def fresh_clone(browser: Browser, folder: Path, *, seeded: bool) -> list[float]:
    """Seconds from the first command in a fresh clone, with its gallery, to the first results."""
    found = []
    for number in range(STARTS):
        home = clone(folder / f"fresh-{seeded}-{number}", gallery=True)
        if not seeded:
            (home / "seed" / "gallery.zip").unlink(missing_ok=True)
        began = time.perf_counter()
        with serve(home) as server, fresh_page(browser) as page:
            first_screen(page, f"{server.url}/?q={quote_plus('a blue house')}")
            found.append(time.perf_counter() - began)
    return found


def cell(values: list[float], unit: str) -> str:
    """The median and, of several, the range."""
    digits = 0 if unit == "MB" else 2
    numbers = [f"{value:,.{digits}f}" for value in (statistics.median(values), *_ends(values))]
    spread = f" ({numbers[1]} to {numbers[2]})" if len(values) > 1 else ""
    return f"{numbers[0]}{spread}"


def _ends(values: list[float]) -> tuple[float, float]:
    # Of many, the extremes are accidents.
    some = sorted(values)[len(values) // 10 : len(values) - len(values) // 10]
    return some[0], some[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, default=BASE)
    parser.add_argument("--runs", type=int, default=31)
    options = parser.parse_args()
    path = chromium()
    if path is None:
        raise SystemExit("There is no Chromium on this machine.")
    sizes = sorted({BASE, options.pictures})
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        contextlib.closing(launch(playwright, path)) as browser,
    ):
        loads = [os.getloadavg()[0]]
        figures = [measure(browser, Path(folder) / str(n), n, options.runs) for n in sizes]
        print("Medians; the middle 80 % of the values, or all of a few.\n")
        print(f"| pictures | {' | '.join(f'{n:,}' for n in sizes)} | at most |")
        print("| --- " * (len(sizes) + 2) + "|")
        for what, (unit, most) in AT_MOST.items():
            cells = " | ".join(cell(found[what], unit) for found in figures)
            print(f"| {what}{', ' * bool(unit)}{unit} | {cells} | {most:g} |", flush=True)
        print("\n| a fresh clone, the gallery | | at most |\n| --- | --- | --- |")
        for what, most in FRESH.items():
            found = fresh_clone(browser, Path(folder), seeded="vectors" in what)
            print(f"| {what} -> results, s | {cell(found, 's')} | {most:g} |", flush=True)
        loads.append(os.getloadavg()[0])
        # On an idle machine the first is near 0: what is above it was other work.
        print(f"\nLoad of {os.cpu_count()} cores: {loads[0]:.1f} before, {loads[1]:.1f} after.")


if __name__ == "__main__":
    main()
