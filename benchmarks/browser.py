"""What a person waits for, in a real browser on this machine, and the server's memory.

    python -m benchmarks.browser [--pictures 10000] [--runs 31]

Needs requirements-dev.txt and a Chromium. Pictures are made, scanned and given random vectors of
the built-in model's length in a folder that is removed at the end; the app is a fresh clone of the
working tree. Browser and server share the machine, and every page is loaded with an empty cache.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from core.deadline import Deadline
from core.index import open_index
from core.indexing.scan import scan
from core.model import EVERYTHING
from core.search import Part
from core.settings import load_settings
from core.vectors import unit
from core.workspace import Workspace
from tests.app.browser import WALL, WIDE, chromium, launch
from tests.app.server import Server, clone, serve

SHOWN = 24
SESSIONS = 5
STARTS = 5

# Words of the built-in model, so that every text is answered.
THINGS = "house castle lighthouse windmill bridge boat car bicycle train balloon".split()
COLOURS = "red orange yellow green blue purple".split()
QUERIES = [f"a {colour} {thing}" for thing in THINGS for colour in COLOURS]

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


def paint(folder: Path, count: int) -> None:
    """That many different JPEGs of 320 pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(count):
        picture = Image.new("RGB", (320, 240), tuple(random.integers(0, 256, 3).tolist()))
        draw = ImageDraw.Draw(picture)
        for _ in range(6):
            x, y, size = random.integers(0, 240, 3).tolist()
            draw.ellipse((x, y, x + size, y + size), tuple(random.integers(0, 256, 3).tolist()))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80)
        (folder / f"{number:05}.jpg").write_bytes(out.getvalue())


def index(home: Path) -> dict[str, list[str]]:
    """Scan the pictures and give them vectors; the pictures that each query must then show."""
    workspace = Workspace(load_settings({"EMBEDDER": "builtin"}, root=home), home)
    workspace.stop_indexing()
    workspace.indexer.join()
    embedder, opened = workspace.embedder, open_index(workspace.settings.data_dir)
    scan(opened, workspace.roots, Deadline())
    ids, random = opened.page(EVERYTHING, 0, 10_000_000), np.random.default_rng(1)
    vectors = unit(random.standard_normal((len(ids), embedder.dimensions)))
    for start in range(0, len(ids), 500):
        some = slice(start, start + 500)
        rows = zip(ids[some], vectors[some], strict=True)
        opened.add_vectors(embedder.id, [(i, vector, False) for i, vector in rows])
    opened.close()
    expected = {}
    for text in QUERIES:
        hits = workspace.search([Part(workspace.queries.text(text))], EVERYTHING).hits
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


def searched(page: Page, text: str, expected: list[str]) -> float:
    """Milliseconds from Enter to the results' last picture."""
    box = page.locator('input[aria-label="Search"]')
    page.evaluate(WATCH, [IMAGES, expected])
    # As one input event: what is measured begins with Enter, not with the typing before it.
    box.evaluate("(one) => { one.focus(); one.select(); }")
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")
    return float(page.evaluate("window.painted"))


def resident(server: Server) -> tuple[float, float]:
    """The server's resident memory in MB, and that of it which no file backs."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return tuple(int(values[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon"))


def row(what: str, values: list[float], target: float, form: str = "{:.0f}") -> None:
    median = statistics.median(values)
    low, high = np.percentile(values, (10, 90))
    spread = f"{form.format(low)} to {form.format(high)}"
    print(
        f"| {what} | {form.format(median)} | {spread} | {form.format(target)} "
        f"| {median / target:.2f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=31)
    options = parser.parse_args()
    path = chromium()
    if path is None:
        raise SystemExit("There is no Chromium on this machine.")
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        contextlib.closing(launch(playwright, path)) as browser,
    ):
        print(f"{options.pictures:,} pictures, built-in model. Medians, 10th to 90th percentile.\n")
        loads = [os.getloadavg()[0]]
        print("| | median | spread | target | ratio |\n| --- | --- | --- | --- | --- |")
        home = clone(Path(folder) / "large")
        paint(home / "images", options.pictures)
        expected = index(home)
        starts = []
        for _ in range(STARTS):
            began = time.perf_counter()
            with serve(home) as server, fresh_page(browser) as page:
                first_screen(page, server.url)
                starts.append(time.perf_counter() - began)
        with serve(home) as server, contextlib.ExitStack() as stack:
            pages = [stack.enter_context(fresh_page(browser)) for _ in range(SESSIONS)]
            for page in pages:
                first_screen(page, server.url)
                searched(page, QUERIES[-1], expected[QUERIES[-1]])
            texts = [QUERIES[number % (len(QUERIES) - 1)] for number in range(options.runs)]
            times = [searched(pages[0], text, expected[text]) for text in texts]
            row("Enter -> 24 results painted, ms", times, 250)
            memory, anonymous = resident(server)
            row(f"memory with {SESSIONS} sessions, MB", [memory], 300)
            row("of it not backed by files, MB", [anonymous], 300)
        row("start -> first screen, once indexed, s", starts, 4, "{:.1f}")
        for seeded, target in ((False, 8), (True, 3)):
            firsts = []
            for number in range(STARTS):
                home = clone(Path(folder) / f"fresh-{seeded}-{number}", gallery=True)
                if not seeded:
                    (home / "seed" / "gallery.zip").unlink(missing_ok=True)
                began = time.perf_counter()
                with serve(home) as server, fresh_page(browser) as page:
                    first_screen(page, f"{server.url}/?q={quote_plus('a blue house')}")
                    firsts.append(time.perf_counter() - began)
            what = "with the shipped vectors" if seeded else "with no index"
            row(f"fresh clone {what} -> results, s", firsts, target, "{:.1f}")
        loads.append(os.getloadavg()[0])
        # On an idle machine the first is near 0: what is above it was other work.
        print(f"\nLoad of {os.cpu_count()} cores: {loads[0]:.1f} before, {loads[1]:.1f} after.")


if __name__ == "__main__":
    main()
