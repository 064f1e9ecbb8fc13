"""What the map of pictures takes in a real browser on this machine.

    python -m benchmarks.map [--pictures 264 2000 10000]

The layout by likeness is timed without a browser, and while the server has nothing to do. Needs
requirements-dev.txt and a Chromium. The pictures are synthetic (see benchmarks/synthetic.py),
drawn by the page of tests/app/map_page.py. Browser and server share the machine; the browser draws
without a graphics card. Time to the first picture is from the address to the first frame with a
picture of a sheet: once with files that have to be made, and once as they lie there. A frame's time
is the work in it, and the distance to the next frame; both while a pointer drags the map around,
and while the wheel zooms in and out. Memory is what the page's process holds alone (private and
shared memory of its own, Pss), above that of a page of the same app that has no map.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import synthetic
from core.explore import Arranger
from core.index import open_index
from core.model import EVERYTHING
from tests.app.browser import WIDE, chromium, launch
from tests.app.server import ROOT, Server, clone, serve

SIZES = (264, 2_000, 10_000)
AIMS = {
    "laid out by likeness, s": 15.0,
    "the layout as it was kept, s": 2.0,
    "a page without a map, s": None,
    "first picture, files to be made, s": None,
    "first picture, files there, s": 2.0,
    "all painted, files there, s": None,
    "drag: work in a frame, median, ms": None,
    "drag: work in a frame, 95 %, ms": 16.0,
    "drag: from frame to frame, 95 %, ms": None,
    "drag: processor time of the browser for a frame, ms": None,
    "zoom: work in a frame, median, ms": None,
    "zoom: work in a frame, 95 %, ms": 16.0,
    "zoom: from frame to frame, 95 %, ms": None,
    "zoom: processor time of the browser for a frame, ms": None,
    "memory above an empty page, MB": 300.0,
    "memory above it, zoomed in, MB": 300.0,
}

FIRST = "() => Number(document.querySelector('.collection-map')?.dataset.sheets) > 0"
SETTLED = "() => document.querySelector('.collection-map')?.isSettled?.()"
READY = """
() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'
"""

# Moves a pointer in each frame, as a hand would, and notes what the map's own work took and when
# each frame came.
DRIVE = """
async ([kind, count]) => {
  const root = document.querySelector('.collection-map');
  const canvas = root.querySelector('canvas');
  const {map} = root;
  const edge = canvas.getBoundingClientRect();
  const [x, y] = [edge.left + edge.width / 2, edge.top + edge.height / 2];
  const send = (type, dx, dy) => canvas.dispatchEvent(new PointerEvent(type, {
    clientX: x + dx, clientY: y + dy, pointerId: 1, pointerType: 'mouse', bubbles: true}));
  canvas.setPointerCapture = () => {};
  const work = [], apart = [];
  const paint = map.paint;
  map.paint = function () {
    const began = performance.now();
    paint.call(this);
    work.push(performance.now() - began);
  };
  const frame = () => new Promise(requestAnimationFrame);
  if (kind === 'drag') send('pointerdown', 0, 0);
  let before = await frame();
  for (let step = 0; step < count; step++) {
    const turn = step / 40 * Math.PI;
    if (kind === 'drag') send('pointermove', 300 * Math.sin(turn), 150 * Math.sin(1.7 * turn));
    else canvas.dispatchEvent(new WheelEvent('wheel', {
      clientX: x, clientY: y, deltaY: Math.floor(step / 40) % 2 ? 40 : -40, cancelable: true}));
    const now = await frame();
    apart.push(now - before);
    before = now;
  }
  if (kind === 'drag') send('pointerup', 0, 0);
  delete map.paint;
  return [work, apart];
}
"""
FRAMES = 240


def home_of(folder: Path, count: int) -> Path:
    home = clone(folder / str(count))
    shutil.copy2(ROOT / "tests" / "app" / "map_page.py", home / "streamlit_app.py")
    synthetic.make(home, count, ())
    return home


@contextmanager
def fresh(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=WIDE)
    yield context
    context.close()


def seconds(page: Page, address: str, *until: str) -> list[float]:
    """From the address to the time at which each of these is true."""
    began, found = time.perf_counter(), []
    page.goto(address, wait_until="commit")
    for condition in until:
        page.wait_for_function(condition, timeout=120_000)
        found.append(time.perf_counter() - began)
    return found


def processes(page: Page) -> list[dict[str, Any]]:
    """The browser's processes: type, id and cpuTime (seconds)."""
    assert page.context.browser is not None
    session = page.context.browser.new_browser_cdp_session()
    found: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return found


def memory(page: Page) -> float:
    """MB of the process that holds this page, which is the largest of its kind."""
    page.request_gc()
    return max(_pss(one["id"]) for one in processes(page) if one["type"] == "renderer")


def drive(page: Page, kind: str) -> list[float]:
    """The figures of one kind of movement, in the order of AIMS."""
    before = sum(one["cpuTime"] for one in processes(page))
    work, apart = page.evaluate(DRIVE, [kind, FRAMES])
    spent = (sum(one["cpuTime"] for one in processes(page)) - before) * 1000 / FRAMES
    page.wait_for_function(SETTLED)
    return [statistics.median(work), percentile(work, 0.95), percentile(apart, 0.95), spent]


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError("The system does not say how much memory a process holds.")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def laid_out(home: Path) -> list[float]:
    """Seconds until the layout by likeness is there: made anew, and as it was kept."""
    index = open_index(home / "data")
    space = index.vector_space(
        synthetic.EMBEDDER_ID, synthetic.DIMENSIONS, lambda: False, dropped=lambda: None
    )
    found = []
    for _ in range(2):
        arranger = Arranger(space, home / "layouts", synthetic.EMBEDDER_ID, lambda: False)
        began = time.perf_counter()
        if arranger.arrangement(EVERYTHING, wait=3600) is None:
            raise RuntimeError("The map could not be laid out.")
        found.append(time.perf_counter() - began)
        arranger.close()
    index.close()
    return found


def measure(browser: Browser, server: Server) -> dict[str, float]:
    with fresh(browser) as context:
        page = context.new_page()
        seconds(page, f"{server.url}/?show=nothing", READY)  # the server opens the collection
    with fresh(browser) as context:
        page = context.new_page()
        bare = seconds(page, f"{server.url}/?show=nothing", READY)
        time.sleep(1)
        empty = memory(page)
    with fresh(browser) as context:
        made = seconds(context.new_page(), server.url, FIRST, SETTLED)
    with fresh(browser) as context:
        page = context.new_page()
        there = seconds(page, server.url, FIRST, SETTLED)
        time.sleep(1)
        held = memory(page) - empty
        moved = [figure for kind in ("drag", "zoom") for figure in drive(page, kind)]
        page.evaluate("() => document.querySelector('.collection-map').map.zoomAt(1000)")
        page.wait_for_function(SETTLED)
        time.sleep(2)
        zoomed = memory(page) - empty
    values = [*laid_out(server.home), *bare, made[0], *there, *moved, held, zoomed]
    return dict(zip(AIMS, values, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, nargs="+", default=list(SIZES))
    sizes = parser.parse_args().pictures
    path = chromium()
    if path is None:
        raise SystemExit("There is no Chromium on this machine.")
    loads = [os.getloadavg()[0]]
    figures = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for size in sizes:
            home = home_of(Path(folder), size)
            # A browser of its own, so that no process remembers another size.
            with (
                serve(home, **synthetic.SETTINGS) as server,
                closing(launch(playwright, path)) as browser,
            ):
                figures.append(measure(browser, server))
            shutil.rmtree(home)
    loads.append(os.getloadavg()[0])
    print(f"| pictures | {' | '.join(f'{size:,}' for size in sizes)} | at most |")
    print("| --- " * (len(sizes) + 2) + "|")
    for what, aim in AIMS.items():
        digits = 0 if what.endswith("MB") else 1 if what.endswith("ms") else 2
        cells = " | ".join(f"{found[what]:,.{digits}f}" for found in figures)
        print(f"| {what} | {cells} | {'' if aim is None else f'{aim:g}'} |")
    print(f"\nLoad of {os.cpu_count()} cores: {loads[0]:.1f} before, {loads[1]:.1f} after.")


if __name__ == "__main__":
    main()
