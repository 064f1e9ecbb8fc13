"""What the doubles of paid services share: a server, a limit of its rate, faults to order, colours.

Each double says which calls it takes, what it answers, and how it refuses.
"""

from __future__ import annotations

import argparse
import colorsys
import contextlib
import json
import math
import re
import socket
import struct
import threading
import time
from abc import abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from tests.loopback_server import LoopbackServer, Server

# What can be ordered of every service. Each name is also a word for the command line.
FAULTS = {
    "reset": "the connection is reset before an answer",
    "reset midway": "the connection is reset in the middle of an answer",
    "hang": "no answer for `seconds`, then the connection closes",
    "html": "200 with a web page",
    "truncated": "200 with half of the JSON",
    "redirect": "307 to `location`",
    "dribble": "200, one byte every tenth of a second",
    "endless": "200 with more bytes than any answer has",
}


@dataclass(frozen=True)
class Fault:
    """What is to go wrong; `name` is one of the double's own FAULTS."""

    name: str
    seconds: float = 1.0
    location: str = "http://127.0.0.1:9/elsewhere"


@dataclass
class Seen:
    """One request as it arrived, and how it was answered (status 0: not at all)."""

    at: float  # time.monotonic()
    kind: str  # image, text, link, or nothing if the body could not be understood
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes = field(repr=False, default=b"")
    text: str = ""  # the text or the link
    status: int = 0
    fault: str = ""


class Refused(Exception):
    def __init__(
        self, status: int, code: str, message: str, inner: str = "", headers: Any = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.inner = status, code, message, inner
        self.headers: dict[str, str] = headers or {}


class RateLimit:
    """At most `calls` per `per` seconds, counted in one of the ways that gateways count."""

    def __init__(self, calls: float, per: float = 1.0, window: str = "sliding") -> None:
        if window not in ("sliding", "fixed", "bucket"):
            raise ValueError(f"no such window: {window!r}")
        self.calls, self.per, self.window = calls, per, window
        self._lock = threading.Lock()
        self._times: deque[float] = deque()
        self._start, self._count = -math.inf, 0
        self._tokens, self._filled = calls, time.monotonic()

    def take(self, now: float) -> float:
        """0 if the call is within the limit, else the seconds until one will be."""
        with self._lock:
            if self.window == "sliding":
                while self._times and self._times[0] <= now - self.per:
                    self._times.popleft()
                if len(self._times) < self.calls:
                    self._times.append(now)
                    return 0.0
                return self._times[0] + self.per - now
            if self.window == "fixed":  # aligned to the clock, as a gateway shared by many is
                start = math.floor(now / self.per) * self.per
                if start != self._start:
                    self._start, self._count = start, 0
                if self._count < self.calls:
                    self._count += 1
                    return 0.0
                return start + self.per - now
            speed = self.calls / self.per
            self._tokens = min(self.calls, self._tokens + (now - self._filled) * speed)
            self._filled = now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0.0
            return (1 - self._tokens) / speed


class Emulator(LoopbackServer):
    """`with Emulator(...) as emulator:` serves at `emulator.url` until the block ends.

    rate, per, window: at most `rate` calls per `per` seconds; None is no limit.
    latency: seconds before any answer. quota: calls before every further one is refused.
    tokens: the bearer tokens of those who are signed in, and may make calls.
    calls: every request to an operation, in order of arrival.
    """

    faults: ClassVar[Mapping[str, str]] = FAULTS
    handler: ClassVar[type[Handler]]

    def __init__(
        self,
        *,
        key: str = "emulator-key-0123456789abcdef",
        rate: float | None = None,
        per: float = 1.0,
        window: str = "sliding",
        latency: float = 0.0,
        refusal_latency: float | None = None,
        quota: int | None = None,
        tokens: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.key = key
        self.latency = latency
        self.refusal_latency = latency if refusal_latency is None else refusal_latency
        self.quota = quota
        self.tokens = tokens
        self.limit = RateLimit(rate, per, window) if rate is not None else None
        self.calls: list[Seen] = []
        self._lock = threading.Lock()
        self._planned: deque[Fault | None] = deque()
        self._rules: list[tuple[Callable[[Seen], bool], Fault]] = []
        self._accepted = 0
        super().__init__(self.handler, host, port)

    @property
    def settings(self) -> dict[str, str]:
        """What leads the app here."""
        raise NotImplementedError

    def plan(self, *faults: Fault | str | None, times: int = 1) -> None:
        """The next calls break like this, in this order, `times` over; None is a good one."""
        made = [None if fault is None else self._fault(fault) for fault in faults]
        with self._lock:
            self._planned.extend(made * times)

    def when(self, matches: Callable[[Seen], bool], fault: Fault | str) -> None:
        """Every call that matches breaks like this, until `clear()`."""
        with self._lock:
            self._rules.append((matches, self._fault(fault)))

    def clear(self) -> None:
        """Forget every fault that was ordered."""
        with self._lock:
            self._planned.clear()
            self._rules.clear()

    def statuses(self) -> Counter[int]:
        """How many calls were answered with which status; 0 is a connection that just ended."""
        return Counter(call.status for call in list(self.calls))

    def _fault(self, fault: Fault | str) -> Fault:
        fault = Fault(fault) if isinstance(fault, str) else fault
        if fault.name not in self.faults:
            raise ValueError(f"no such fault: {fault.name!r}; there are {', '.join(self.faults)}")
        return fault

    def fault_for(self, seen: Seen) -> Fault | None:
        with self._lock:
            self.calls.append(seen)
            if self._planned:
                return self._planned.popleft()
            return next((fault for matches, fault in self._rules if matches(seen)), None)

    def is_used_up(self) -> bool:
        """Counts one call against the quota; True if it was one too many."""
        if self.quota is None:
            return False
        with self._lock:
            if self._accepted >= self.quota:
                return True
            self._accepted += 1
        return False


class Handler(BaseHTTPRequestHandler):
    """One connection. A double says what a call is, its answer, and its refusals."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/emulator":
            emulator: Emulator = self.server.service
            by_status = {str(status): n for status, n in sorted(emulator.statuses().items())}
            times = [call.at for call in list(emulator.calls)]
            self._send(200, {"calls": len(times), "by_status": by_status})
        else:
            self._send(404, self.error_body(Refused(404, "404", "Resource not found")))

    def do_POST(self) -> None:
        emulator: Emulator = self.server.service
        arrived = time.monotonic()
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if address.path == "/emulator/fault":
            self._order_fault(body)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        seen = Seen(arrived, "", address.path, query, headers, body)
        self.understand(seen)
        fault = emulator.fault_for(seen)
        if fault is not None:
            seen.fault = fault.name
            self._break(seen, fault)
            return
        try:
            answer = self.answer(seen)
        except Refused as refused:
            emulator.closing.wait(emulator.refusal_latency)
            self._refuse(seen, refused)
            return
        spent = time.monotonic() - arrived
        emulator.closing.wait(max(0.0, emulator.latency - spent))
        seen.status = 200
        self._send_bytes(200, answer)

    def carries_key(self, seen: Seen, header: str) -> bool:
        """Whether a call has the key in that header, or is somebody's who is signed in."""
        bearer = seen.headers.get("authorization", "").removeprefix("Bearer ")
        emulator: Emulator = self.server.service
        return seen.headers.get(header) == emulator.key or bearer in emulator.tokens

    @abstractmethod
    def understand(self, seen: Seen) -> None:
        """Fill in what kind of call this is, as far as its body says."""

    @abstractmethod
    def answer(self, seen: Seen) -> bytes:
        """The body of a good answer. Raises Refused for what the service refuses."""

    @abstractmethod
    def refusal_for(self, fault: Fault, seen: Seen) -> Refused | None:
        """What was ordered, if it is a refusal."""

    @abstractmethod
    def spoilt(self, fault: Fault, seen: Seen) -> object | None:
        """The JSON of a useless answer of status 200, if that was ordered."""

    @abstractmethod
    def good(self, seen: Seen) -> bytes:
        """As `answer`, whatever key the call carries."""

    @abstractmethod
    def error_body(self, refused: Refused) -> dict[str, Any]: ...

    def _break(self, seen: Seen, fault: Fault) -> None:
        name, emulator = fault.name, self.server.service
        if name == "hang":
            emulator.closing.wait(fault.seconds)
            self.close_connection = True
            return
        if name == "reset":
            self._reset()
            return
        emulator.closing.wait(emulator.latency)
        refused = self.refusal_for(fault, seen)
        if refused is not None:
            self._refuse(seen, refused)
            return
        if name == "redirect":
            seen.status = 307
            self._send_bytes(307, b"", {"Location": fault.location})
            return
        seen.status = 200
        spoilt = self.spoilt(fault, seen)
        if spoilt is not None:
            self._send(200, spoilt)
            return
        whole = self.good(seen)
        if name == "html":
            page = b"<!doctype html><html><body><h1>Sign in to the network</h1></body></html>"
            self._send_bytes(200, page, {"Content-Type": "text/html"})
        elif name == "truncated":
            self._send_bytes(200, whole[: len(whole) // 2])
        elif name == "reset midway":
            self._head(200, 25_000, {})
            self.wfile.write(whole[:5_000])
            self.wfile.flush()
            self._reset()
        elif name == "dribble":
            self._head(200, len(whole), {})
            for i in range(len(whole)):
                self.wfile.write(whole[i : i + 1])
                self.wfile.flush()
                if emulator.closing.wait(0.1):
                    break
            self.close_connection = True
        else:
            assert name == "endless"
            self._head(200, 1_000_000_000, {})
            while not emulator.closing.is_set():
                self.wfile.write(b"[" * 65_536)
            self.close_connection = True

    def _refuse(self, seen: Seen, refused: Refused) -> None:
        seen.status = refused.status
        headers = {"x-ms-error-code": refused.code} if refused.code else {}
        self._send(refused.status, self.error_body(refused), {**headers, **refused.headers})

    def _order_fault(self, body: bytes) -> None:
        try:
            order = json.loads(body)
            fault = Fault(order["fault"], float(order.get("seconds", 1)))
            self.server.service.plan(fault, times=int(order.get("times", 1)))
        except (ValueError, KeyError, TypeError) as error:
            self._send(400, {"error": str(error), "faults": self.server.service.faults})
        else:
            self._send(200, {"planned": fault.name})

    def _send(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(value).encode(), headers)

    def _send_bytes(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self._head(status, len(body), headers or {})
        self.wfile.write(body)
        self.wfile.flush()

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        named = {"Content-Type": "application/json; charset=utf-8", **headers}
        for name, value in named.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.send_header("apim-request-id", f"{time.monotonic_ns():032x}")
        self.end_headers()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        # Both files hold the socket open; without them, close() sends the reset at once.
        self.rfile.close()
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a test's output is its own."""


# --- Colours -------------------------------------------------------------------------------------

# Hue ranges as most people name them; the words that a text may use for each.
COLOURS = {
    "red": "red scarlet crimson",
    "orange": "orange amber",
    "yellow": "yellow gold golden",
    "green": "green",
    "cyan": "cyan teal turquoise",
    "blue": "blue azure navy",
    "purple": "purple violet",
    "pink": "pink magenta rose",
    "brown": "brown beige",
    "black": "black dark night",
    "white": "white bright snow",
    "grey": "grey gray silver",
}


def colour_shares(picture: Image.Image) -> np.ndarray:
    """Share of each colour of COLOURS, shape (12,)."""
    picture.draft("RGB", (64, 64))
    small = picture.convert("RGB").resize((16, 16), Image.Resampling.BOX)
    shares = np.zeros(len(COLOURS))
    names = list(COLOURS)
    for red, green, blue in np.asarray(small).reshape(-1, 3) / 255:
        shares[names.index(_colour_name(red, green, blue))] += 1 / 256
    return shares


def colours_named(text: str) -> np.ndarray:
    """How often each colour of COLOURS is named in a text, shape (12,)."""
    words = re.findall(r"\w+", text.lower())
    return np.array([sum(w in names.split() for w in words) for names in COLOURS.values()], float)


def _colour_name(red: float, green: float, blue: float) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    if value < 0.18:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.85 else "grey"
    degrees = hue * 360
    if 10 <= degrees < 45 and value < 0.65:
        return "brown"
    if degrees >= 340 and saturation < 0.55:
        return "pink"
    for end, name in (
        (14, "red"),
        (42, "orange"),
        (68, "yellow"),
        (165, "green"),
        (195, "cyan"),
        (258, "blue"),
        (292, "purple"),
        (340, "pink"),
    ):
        if degrees < end:
            return name
    return "red"


def serve_from_the_command_line(made: type[Emulator], doc: str | None, port: int) -> None:
    """doc: of the double's module; its first line is shown."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--key", default="emulator-key-0123456789abcdef")
    parser.add_argument("--rate", type=float, help="calls per --per seconds; default: no limit")
    parser.add_argument("--per", type=float, default=1.0, help="seconds; 60 for the free tier")
    parser.add_argument("--window", default="sliding", choices=["sliding", "fixed", "bucket"])
    parser.add_argument("--latency", type=float, default=0.15, help="seconds")
    parser.add_argument("--refusal-latency", type=float, help="seconds; default: as --latency")
    parser.add_argument("--quota", type=int, help="calls before the month is used up")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:TIMES]", help="; ".join(made.faults)
    )
    options = parser.parse_args()
    try:
        server = made(
            key=options.key,
            rate=options.rate,
            per=options.per,
            window=options.window,
            latency=options.latency,
            refusal_latency=options.refusal_latency,
            quota=options.quota,
            host=options.host,
            port=options.port,
        )
    except OSError as error:
        parser.error(f"cannot serve at {options.host}:{options.port}: {error.strerror}")
    with server as emulator:
        for order in options.fault:
            name, _, times = order.partition(":")
            emulator.plan(name, times=int(times or 1))
        for name, value in emulator.settings.items():
            print(f"{name}={value}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
