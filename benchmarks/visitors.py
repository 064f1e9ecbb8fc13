"""A public showcase with twenty visitors who search while a run indexes.

    python -m benchmarks.visitors

The visitors are sessions of the real server: each speaks Streamlit's protocol over a websocket, as
a browser does, reads a result for a moment and asks again. The service's double answers on
loopback. Printed are how long a search takes whose vector was kept, what went wrong, and how many
calls reached the service, beside the cap.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from tests.app.conftest import COLOURS, index, paint
from tests.app.server import clone, environment, serve
from tests.azure_emulator import Emulator
from tests.conftest import plain

VISITORS = 20
SEARCHES = 8  # of each visitor, whose vectors were kept
NEW_TEXTS = 5  # of each visitor, afterwards
READS = (3.0, 7.0)  # seconds between two searches of one visitor, who looks at 24 pictures
PICTURES = 400  # that the run embeds meanwhile
KEPT = tuple(COLOURS)[:6]
CALLS_LEFT = 40  # under the cap, for the new texts


@dataclass
class Seen:
    """What the visitors met."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Visitor:
    """One session."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def open(self, query: str) -> bytes:
        """Go to the first page with this query; all that the server sent until it was drawn."""
        message = BackMsg()
        message.rerun_script.query_string = urlencode({"q": query})
        await self._socket.send(message.SerializeToString())
        sent = b""
        while True:
            data = await self._socket.recv()
            assert isinstance(data, bytes)
            sent += data
            answer = ForwardMsg.FromString(data)
            kind = answer.WhichOneof("type")
            if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(answer.delta.new_element.exception.message)
            # A run that made room for another one is not the answer.
            if (
                kind == "script_finished"
                and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return sent


async def visit(url: str, number: int, seen: Seen) -> None:
    chosen = random.Random(number)
    address = url.replace("http:", "ws:") + "/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None, origin=url) as socket:  # type: ignore[list-item,arg-type]
        visitor = Visitor(socket)
        await visitor.open("")
        for _ in range(SEARCHES):
            await asyncio.sleep(chosen.uniform(*READS))
            query = chosen.choice(KEPT)
            started = time.perf_counter()
            try:
                sent = await visitor.open(query)
            except RuntimeError as error:
                seen.errors.append(str(error))
                continue
            seen.seconds.append(time.perf_counter() - started)
            if b".png" not in sent:
                seen.errors.append(f"no picture for {query!r}")
        for text in range(NEW_TEXTS):
            try:
                await visitor.open(f"{chosen.choice(KEPT)} {number} {text}")
            except RuntimeError as error:
                seen.errors.append(str(error))


async def crowd(url: str, seen: Seen) -> None:
    await asyncio.gather(*(visit(url, number, seen) for number in range(VISITORS)))


async def warm(url: str) -> None:
    """Have the vectors of the queries kept."""
    address = url.replace("http:", "ws:") + "/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None, origin=url) as socket:  # type: ignore[list-item,arg-type]
        visitor = Visitor(socket)
        for query in ("", *KEPT):
            await visitor.open(query)


def add_pictures(images: Path) -> None:
    shades = np.random.default_rng(0).integers(0, 256, (PICTURES, 3))
    for number, shade in enumerate(shades.tolist()):
        (images / f"new {number}.png").write_bytes(plain(tuple(shade), width=64, height=48))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Emulator(latency=0.1) as emulator:
        home = clone(Path(folder))
        paint(home / "images")
        index(home, emulator)
        cap = len(emulator.calls) + len(KEPT) + PICTURES + CALLS_LEFT
        settings = {**emulator.settings, "CALLS_PER_DAY": str(cap), "VISION_CALLS_PER_SECOND": "8"}
        with serve(home, **settings, READ_ONLY="1") as server:
            asyncio.run(warm(server.url))
            add_pictures(home / "images")
            run = subprocess.Popen(
                [sys.executable, "-m", "core", "index"],
                cwd=home,
                env=environment(**settings),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            seen = Seen()
            asyncio.run(crowd(server.url, seen))
            during = run.poll() is None
            run.wait()
        median, most = np.percentile(seen.seconds, [50, 95])
        print(f"{VISITORS} visitors, {len(seen.seconds)} searches with a vector that was kept")
        print(f"each looks for {READS[0]:.0f} to {READS[1]:.0f} s before the next")
        print(f"median {median * 1000:.0f} ms, 95 % below {most * 1000:.0f} ms")
        print(f"errors: {len(seen.errors)} {seen.errors[:3]}")
        state = "went on" if during else "had ended"
        print(f"the run {state} when the visitors left, and ended with {run.returncode}")
        print(f"calls that reached the service: {len(emulator.calls)}; the cap: {cap}")


if __name__ == "__main__":
    main()
