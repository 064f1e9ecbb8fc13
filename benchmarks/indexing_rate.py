"""How close indexing with Azure comes to what the service allows, the limit not told.

    python -m benchmarks.indexing_rate

Against the emulator in a process of its own: 20 calls a second at 150 ms, in each kind of window
that gateways count by, and the free tier's 20 calls a minute. Beside it the tutorial's loop: one
`requests.post` after the other. Small pictures, so that the figures are those of the pacing and not
of an uplink.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from PIL import Image

from core.settings import Settings
from core.workspace import Workspace

KEY = "emulator-key-0123456789abcdef"
LATENCY = 0.15  # seconds
RATE = 20.0  # calls a second


@dataclass(frozen=True)
class Outcome:
    """times: seconds from the start to each vector, ascending."""

    times: list[float]
    calls: int
    refused: int


@contextmanager
def emulator(rate: float, per: float, window: str) -> Iterator[str]:
    """The address of an emulator in another process, so that it takes no turns with the client."""
    command = [sys.executable, "-m", "tests.azure_emulator", "--port", "0", "--key", KEY]
    command += ["--rate", str(rate), "--per", str(per), "--window", window]
    command += ["--latency", str(LATENCY)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("VISION_ENDPOINT=")
    finally:
        process.terminate()
        process.wait()


def pictures(count: int) -> list[bytes]:
    """Distinct valid PNG files, 16 x 16 pixels."""
    made = []
    for i in range(count):
        data = io.BytesIO()
        Image.new("RGB", (16, 16), (i % 256, i // 256 % 256, 128)).save(data, "PNG")
        made.append(data.getvalue())
    return made


def outcome(url: str, times: list[float]) -> Outcome:
    with urllib.request.urlopen(f"{url}/emulator") as answer:
        seen = json.load(answer)
    return Outcome(sorted(times), seen["calls"], seen["by_status"].get("429", 0))


def tutorial_loop(url: str, images: list[bytes]) -> list[float]:
    """One call after the other, a new connection each, as the tutorial has it."""
    began, times = time.monotonic(), []
    for image in images:
        answer = requests.post(
            f"{url}/computervision/retrieval:vectorizeImage",
            params={"api-version": "2024-02-01", "model-version": "2023-04-15"},
            headers={"Content-Type": "application/octet-stream", "Ocp-Apim-Subscription-Key": KEY},
            data=image,
            timeout=30,
        )
        answer.raise_for_status()
        assert len(answer.json()["vector"]) == 1024
        times.append(time.monotonic() - began)
    return times


def ours(url: str, images: list[bytes]) -> list[float]:
    """The whole job: files in a folder, until each vector is committed to the store."""
    with TemporaryDirectory() as name:
        root = Path(name)
        (root / "images").mkdir()
        for i, image in enumerate(images):
            (root / "images" / f"{i}.png").write_bytes(image)
        settings = Settings(
            vision_endpoint=url,
            vision_key=KEY,
            images_dir=root / "images",
            data_dir=root / "data",
        )
        workspace = Workspace(settings, root)
        workspace.indexer.join()  # the scan at start is not what is measured
        workspace.start_indexing()
        began, times = 0.0, list[float]()
        while (progress := workspace.indexer.progress()).running or len(times) < progress.done:
            now = time.monotonic()
            if progress.state == "indexing":
                began = began or now
                times += [now - began] * (progress.done - len(times))
            elif not progress.running:
                times += [now - began] * (progress.done - len(times))
            time.sleep(0.01)
        workspace.close()
        if progress.state != "done":
            raise RuntimeError(progress.sentence)
        return times


def share(result: Outcome, first: int, per_second: float) -> str:
    """Of the limit, over the first so many; a limit per window may let a few more through."""
    if len(result.times) < first:
        return "–"
    return f"{first / result.times[first - 1] / per_second:.1%}"


def row(name: str, result: Outcome, per_second: float) -> None:
    count = len(result.times)
    whole = result.times[-1]
    print(
        f"| {name} | {count} | {whole:.1f} s | {count / whole:.2f}/s "
        f"| {share(result, count, per_second)} | {share(result, 200, per_second)} "
        f"| {result.refused} ({result.refused / result.calls:.2%}) |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--windows", default="sliding,fixed,bucket")
    parser.add_argument("--loop", type=int, default=200, help="pictures for the tutorial's loop")
    parser.add_argument("--free", type=int, default=50, help="pictures at 20 a minute; 0 skips it")
    options = parser.parse_args()

    print(f"Limit {RATE:g} calls a second, {LATENCY * 1000:g} ms each; the limit is not told.\n")
    print("| driver, window | pictures | time | rate | of the limit | first 200 | refused (429) |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")

    def measure(
        name: str,
        drive: Callable[[str, list[bytes]], list[float]],
        count: int,
        rate: float = RATE,
        per: float = 1.0,
        window: str = "sliding",
    ) -> None:
        if not count:
            return
        with emulator(rate, per, window) as url:
            row(name, outcome(url, drive(url, pictures(count))), rate / per)

    measure("tutorial's loop", tutorial_loop, options.loop)
    for window in options.windows.split(","):
        measure(f"this project, {window}", ours, options.pictures, window=window)
    measure("this project, 20 a minute", ours, options.free, 20, 60.0)


if __name__ == "__main__":
    main()
