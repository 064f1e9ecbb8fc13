"""A server on this machine that answers like Azure AI Vision's multimodal embeddings.

For tests (`with Emulator(rate=20) as emulator: ...`) and for trying the app by hand:

    python -m tests.azure_emulator --port 8099 --rate 20 --latency 0.15

It speaks HTTP/1.1 over a real socket, checks what the service checks, limits the rate, and breaks
on order (`emulator.plan(...)`, `emulator.when(...)`, or POST /emulator/fault).

Vectors. Recorded bytes (folder ../shared/recordings, or VECTORSCOPE_RECORDINGS) get exactly what
the service answered for them. Everything else gets this emulator's own invention: deterministic,
shaped like the real ones (1024 numbers on the float16 grid, norm 60 to 69, index 26 near -47,
picture-picture cosines high, texts of norm 1, text-picture cosines below 0.41), and derived from
colours, so that the text "red" is nearest to the reddest picture. They mean nothing beyond that.

Assumptions, where neither documentation nor a recording says what the service does:
- the wording of a 400 for an unsupported region, an unknown model version, or over 70 words;
  a truncated picture is "Image format is not valid"; 10 pixels a side is an invalid size;
- an omitted model-version means 2022-04-11, as it did in the previews;
- the rate is counted before body and content type are looked at; 401 and 404 are not counted;
- 429 and 403 carry Retry-After in whole seconds, rounded up;
- the kind of window that the rate is counted in: choose one (sliding, fixed, bucket);
- a refusal takes as long as an answer (`refusal_latency` sets it apart);
- links are not fetched: `links` holds the pictures behind them, any other public address is given
  a vector of its own, and a private one counts as not accessible.
"""

from __future__ import annotations

import argparse
import colorsys
import contextlib
import hashlib
import io
import ipaddress
import json
import math
import os
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

DIMENSIONS = 1024
LARGEST_IMAGE = 20_971_520
RETIRED = ("2022-10-12-preview", "2023-02-01-preview", "2023-04-01-preview", "2023-07-01-preview")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO")
CONTENT_TYPES = ("application/octet-stream", "application/json")
GATEWAY_401 = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)

# What can be ordered. Each name is also a word for the command line.
FAULTS = {
    "too many": "429, with Retry-After of `seconds`",
    "too many, in words": "429 that says how long to wait only in its message",
    "too many, silent": "429 that does not say how long",
    "quota": "403, the month's calls are used up, Retry-After: 186688",
    "unauthorised": "401, wrong key",
    "wrong kind of resource": "401, the key of an OpenAI resource",
    "no role": "401, PermissionDenied",
    "firewall": "403, network rules",
    "no keys": "403, local authentication is disabled",
    "not found": "404",
    "gone": "410, retired API version",
    "region": "400, not supported in this region",
    "subdomain": "400, custom subdomain wanted",
    "bad request": "400 with a message that nobody foresaw",
    "image format": "400, inner InvalidImageFormat",
    "teapot": "418",
    "error": "500",
    "unavailable": "503",
    "unavailable, wait": "503 with Retry-After of `seconds`",
    "timeout": "408",
    "reset": "the connection is reset before an answer",
    "reset midway": "the connection is reset in the middle of an answer",
    "hang": "no answer for `seconds`, then the connection closes",
    "html": "200 with a web page",
    "truncated": "200 with half of the JSON",
    "512 numbers": "200 with half of the numbers",
    "nan": "200 with NaN among the numbers",
    "zeros": "200 with nothing but zeros",
    "strings": "200 with numbers as strings",
    "no vector": "200 without a vector",
    "another model": "200 from model version 2022-04-11",
    "redirect": "307 to `location`",
    "dribble": "200, one byte every tenth of a second",
    "endless": "200 with more bytes than any answer has",
    "echo": "401 with the caller's key in its message",
}


@dataclass(frozen=True)
class Fault:
    name: str
    seconds: float = 1.0
    location: str = "http://127.0.0.1:9/elsewhere"

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"no such fault: {self.name!r}; there are {', '.join(FAULTS)}")


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


class _Refused(Exception):
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


class Emulator:
    """`with Emulator(...) as emulator:` serves at `emulator.url` until the block ends.

    rate, per, window: at most `rate` calls per `per` seconds; None is no limit.
    latency: seconds before any answer. quota: calls before every further one gets 403.
    links: the picture behind an address.
    calls: every request to an operation, in order of arrival. connections: how many were opened.
    """

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
        links: Mapping[str, bytes] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.key = key
        self.latency = latency
        self.refusal_latency = latency if refusal_latency is None else refusal_latency
        self.quota = quota
        self.limit = RateLimit(rate, per, window) if rate is not None else None
        self.links = dict(links or {})
        self.calls: list[Seen] = []
        self.connections = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._planned: deque[Fault | None] = deque()
        self._rules: list[tuple[Callable[[Seen], bool], Fault]] = []
        self._accepted = 0
        self._server = _Server((host, port), _Handler)
        self._server.emulator = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Emulator:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join()

    def plan(self, *faults: Fault | str | None, times: int = 1) -> None:
        """The next calls break like this, in this order, `times` over; None is a good one."""
        with self._lock:
            for fault in faults * times:
                self._planned.append(Fault(fault) if isinstance(fault, str) else fault)

    def when(self, matches: Callable[[Seen], bool], fault: Fault | str) -> None:
        """Every call that matches breaks like this, until `clear()`."""
        with self._lock:
            self._rules.append((matches, Fault(fault) if isinstance(fault, str) else fault))

    def clear(self) -> None:
        """Forget every fault that was ordered."""
        with self._lock:
            self._planned.clear()
            self._rules.clear()

    def statuses(self) -> Counter[int]:
        """How many calls were answered with which status; 0 is a connection that just ended."""
        return Counter(call.status for call in list(self.calls))

    def _fault_for(self, seen: Seen) -> Fault | None:
        with self._lock:
            self.calls.append(seen)
            if self._planned:
                return self._planned.popleft()
            return next((fault for matches, fault in self._rules if matches(seen)), None)

    def _count_against_quota(self) -> None:
        if self.quota is None:
            return
        with self._lock:
            if self._accepted >= self.quota:
                raise _quota_used_up()
            self._accepted += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    emulator: Emulator

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        self.emulator.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/emulator":
            emulator = self.server.emulator
            by_status = {str(status): n for status, n in sorted(emulator.statuses().items())}
            times = [call.at for call in list(emulator.calls)]
            self._send(200, {"calls": len(times), "by_status": by_status})
        else:
            self._send(404, _error_body("404", "Resource not found"))

    def do_POST(self) -> None:
        emulator = self.server.emulator
        arrived = time.monotonic()
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if address.path == "/emulator/fault":
            self._order_fault(body)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        seen = Seen(arrived, "", address.path, query, headers, body)
        _understand(seen)
        fault = emulator._fault_for(seen)
        if fault is not None:
            seen.fault = fault.name
            self._break(seen, fault)
            return
        try:
            answer = self._answer(seen)
        except _Refused as refused:
            emulator.closing.wait(emulator.refusal_latency)
            self._refuse(seen, refused)
            return
        spent = time.monotonic() - arrived
        emulator.closing.wait(max(0.0, emulator.latency - spent))
        seen.status = 200
        self._send_bytes(200, answer)

    def _answer(self, seen: Seen) -> bytes:
        emulator = self.server.emulator
        operation = seen.path.removeprefix("/computervision/")
        version = seen.query.get("api-version", "")
        if version in RETIRED:
            raise _gone(version)
        if version != "2024-02-01" or operation not in (
            "retrieval:vectorizeImage",
            "retrieval:vectorizeText",
        ):
            raise _Refused(404, "404", "Resource not found")
        if seen.headers.get("ocp-apim-subscription-key") != emulator.key:
            realm = f"{emulator.url}/computervision"
            challenge = (
                f'AzureApiManagementKey realm="{realm}",name="Ocp-Apim-Subscription-Key",'
                'type="header"'
            )
            raise _Refused(401, "401", GATEWAY_401, headers={"WWW-Authenticate": challenge})
        if emulator.limit is not None and (wait := emulator.limit.take(time.monotonic())) > 0:
            raise _too_many(wait, header=True, words=True)
        emulator._count_against_quota()
        model = seen.query.get("model-version", "2022-04-11")
        model = "2023-04-15" if model == "latest" else model
        if model not in ("2023-04-15", "2022-04-11"):
            raise _Refused(400, "InvalidRequest", f"The model version '{model}' is not supported.")
        content_type = seen.headers.get("content-type", "").split(";")[0].strip().lower()
        if operation.endswith("Text"):
            if content_type != "application/json":
                raise _bad_content_type(content_type)
            if seen.kind != "text" or not seen.text:
                raise _Refused(400, "InvalidRequest", "The request body is invalid.")
            if len(seen.text.split()) > 70:
                raise _Refused(
                    400, "InvalidRequest", "The input text must have between 1 and 70 words."
                )
            return text_answer(seen.text, model)
        if content_type == "application/json":
            if seen.kind != "link":
                raise _Refused(400, "InvalidRequest", "The request body is invalid.")
            return self._link_answer(seen.text, model)
        if content_type not in CONTENT_TYPES and not content_type.startswith("image/"):
            raise _bad_content_type(content_type)
        return image_answer(seen.body, model)

    def _link_answer(self, url: str, model: str) -> bytes:
        if url in self.server.emulator.links:
            return image_answer(self.server.emulator.links[url], model)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not _is_public(parts.hostname or ""):
            raise _Refused(400, "InvalidRequest", "Image URL is badly formatted or not accessible.")
        digest = hashlib.sha256(url.encode()).digest()
        return _json_answer(_pseudo_image(np.zeros(len(COLOURS)), digest, model), model)

    def _break(self, seen: Seen, fault: Fault) -> None:
        name, emulator = fault.name, self.server.emulator
        if name == "hang":
            emulator.closing.wait(fault.seconds)
            self.close_connection = True
            return
        if name == "reset":
            self._reset()
            return
        emulator.closing.wait(emulator.latency)
        refused = _refusal_for(fault, seen)
        if refused is not None:
            self._refuse(seen, refused)
            return
        if name == "redirect":
            seen.status = 307
            self._send_bytes(307, b"", {"Location": fault.location})
            return
        seen.status = 200
        good = json.loads(
            text_answer(seen.text or "a", "2023-04-15")
            if seen.kind != "image"
            else image_answer(seen.body, "2023-04-15")
        )
        if name == "html":
            page = b"<!doctype html><html><body><h1>Sign in to the network</h1></body></html>"
            self._send_bytes(200, page, {"Content-Type": "text/html"})
        elif name == "truncated":
            whole = json.dumps(good).encode()
            self._send_bytes(200, whole[: len(whole) // 2])
        elif name == "512 numbers":
            self._send(200, {**good, "vector": good["vector"][:512]})
        elif name == "nan":
            self._send(200, {**good, "vector": [math.nan, *good["vector"][1:]]})
        elif name == "zeros":
            self._send(200, {**good, "vector": [0.0] * DIMENSIONS})
        elif name == "strings":
            self._send(200, {**good, "vector": [str(number) for number in good["vector"]]})
        elif name == "no vector":
            self._send(200, {"modelVersion": good["modelVersion"]})
        elif name == "another model":
            self._send(200, {**good, "modelVersion": "2022-04-11"})
        elif name == "reset midway":
            self._head(200, 25_000, {})
            self.wfile.write(json.dumps(good).encode()[:5_000])
            self.wfile.flush()
            self._reset()
        elif name == "dribble":
            whole = json.dumps(good).encode()
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

    def _refuse(self, seen: Seen, refused: _Refused) -> None:
        seen.status = refused.status
        body = _error_body(refused.code, refused.message, refused.inner)
        self._send(refused.status, body, {"x-ms-error-code": refused.code, **refused.headers})

    def _order_fault(self, body: bytes) -> None:
        try:
            order = json.loads(body)
            fault = Fault(order["fault"], float(order.get("seconds", 1)))
            self.server.emulator.plan(fault, times=int(order.get("times", 1)))
        except (ValueError, KeyError, TypeError) as error:
            self._send(400, {"error": str(error), "faults": FAULTS})
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


def _understand(seen: Seen) -> None:
    """Fill in what kind of call this is, as far as its body says."""
    if seen.path.endswith("vectorizeImage") and not seen.headers.get("content-type", "").startswith(
        "application/json"
    ):
        seen.kind = "image"
        return
    try:
        value = json.loads(seen.body)
    except ValueError:
        return
    for name, kind in (("url", "link"), ("text", "text")):  # with both, the text is ignored
        if isinstance(value, dict) and isinstance(value.get(name), str):
            seen.kind, seen.text = kind, value[name]
            return


def _error_body(code: str, message: str, inner: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner, "message": message}
    return {"error": error}


def _refusal_for(fault: Fault, seen: Seen) -> _Refused | None:
    version = seen.query.get("api-version", "")
    principal = "The principal `0000` lacks the required data action to perform this operation."
    pricing = (
        f"The Vectorize Operation under Computer Vision APIs ({version}) is not supported with the "
        "current subscription key and pricing tier OpenAI.S0."
    )
    wait = {"Retry-After": str(math.ceil(fault.seconds))}
    made: dict[str, Callable[[], _Refused]] = {
        "too many": lambda: _too_many(fault.seconds, header=True, words=False),
        "too many, in words": lambda: _too_many(fault.seconds, header=False, words=True),
        "too many, silent": lambda: _too_many(fault.seconds, header=False, words=False),
        "quota": _quota_used_up,
        "unauthorised": lambda: _Refused(401, "401", GATEWAY_401),
        "wrong kind of resource": lambda: _Refused(401, "401", pricing),
        "no role": lambda: _Refused(401, "PermissionDenied", principal),
        "firewall": lambda: _Refused(
            403, "403", "Access denied due to Virtual Network/Firewall rules."
        ),
        "no keys": lambda: _Refused(
            403, "AuthenticationTypeDisabled", "Key based authentication is disabled."
        ),
        "not found": lambda: _Refused(404, "404", "Resource not found"),
        "gone": lambda: _gone(version),
        "region": lambda: _Refused(
            400, "InvalidRequest", "The feature 'Vectorize' is not supported in this region."
        ),
        "subdomain": lambda: _Refused(
            400,
            "BadRequest",
            "Please provide a custom subdomain for token authentication, otherwise API key is "
            "required.",
        ),
        "bad request": lambda: _Refused(
            400, "InvalidRequest", "Something <b>else</b>\nis\x07 wrong."
        ),
        "image format": lambda: _Refused(
            400, "InvalidRequest", "Image format is not valid", "InvalidImageFormat"
        ),
        "teapot": lambda: _Refused(418, "418", "I am a teapot."),
        "error": lambda: _Refused(500, "InternalServerError", "Internal server error."),
        "unavailable": lambda: _Refused(503, "503", "Service is unavailable."),
        "unavailable, wait": lambda: _Refused(503, "503", "Service is unavailable.", headers=wait),
        "timeout": lambda: _Refused(408, "Timeout", "The operation was timeout."),
        "echo": lambda: _Refused(
            401, "401", f"Key {seen.headers.get('ocp-apim-subscription-key')} is not known."
        ),
    }
    return made[fault.name]() if fault.name in made else None


def _too_many(wait: float, *, header: bool, words: bool) -> _Refused:
    seconds = max(1, math.ceil(wait))
    message = (
        "Requests to the Vectorize Operation under Computer Vision API (2024-02-01) have exceeded "
        "call rate limit of your current ComputerVision F0 pricing tier."
    )
    if words:
        message += f" Please retry after {seconds} seconds."
    message += " To increase your rate limit switch to a paid tier."
    return _Refused(429, "429", message, headers={"Retry-After": str(seconds)} if header else {})


def _quota_used_up() -> _Refused:
    return _Refused(
        403,
        "403",
        "Out of call volume quota for ComputerVision F0 pricing tier. Please retry after 1 day. To "
        "increase your call volume switch to a paid tier.",
        headers={"Retry-After": "186688"},
    )


def _gone(version: str) -> _Refused:
    return _Refused(
        410,
        "Gone",
        f"Computer Vision {version} has been deprecated. Please upgrade to the latest Computer "
        "Vision GA service - https://azure.microsoft.com/en-us/updates?id=475779 ",
    )


def _bad_content_type(content_type: str) -> _Refused:
    return _Refused(
        400,
        "InvalidRequest",
        f"The provided image content type '{content_type}' is not supported.",
    )


def _is_public(host: str) -> bool:
    if "." not in host or host == "localhost":
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


# --- Vectors -------------------------------------------------------------------------------------

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


def recordings_folder() -> Path | None:
    """Where the recorded answers are, or None: VECTORSCOPE_RECORDINGS, else ../shared."""
    named = os.environ.get("VECTORSCOPE_RECORDINGS")
    root = Path(__file__).resolve().parent.parent
    folder = Path(named) if named else root.parent / "shared" / "recordings"
    return folder if (folder / "product_images.npz").is_file() else None


def recorded_vectors() -> dict[str, np.ndarray]:
    """SHA-256 of the bytes -> what the service answered, float16 (1024,); empty if not here."""
    folder = recordings_folder()
    if folder is None:
        return {}
    with np.load(folder / "product_images.npz", allow_pickle=False) as recorded:
        return dict(zip(map(str, recorded["sha256"]), recorded["vectors"], strict=True))


def image_answer(data: bytes, model: str) -> bytes:
    """The JSON for these bytes; raises what the service would refuse."""
    if not 0 < len(data) <= LARGEST_IMAGE:
        raise _Refused(
            400,
            "InvalidRequest",
            "The image size is not allowed to be zero or larger than 20971520 bytes.",
            "InvalidImageSize",
        )
    digest = hashlib.sha256(data)
    with _cache_lock:
        if "recorded" not in _cache:
            _cache["recorded"] = recorded_vectors()
        recorded = _cache["recorded"]
        known: bytes | None = _cache.get((digest.hexdigest(), model))
    if known is not None:
        return known
    if model == "2023-04-15" and digest.hexdigest() in recorded:
        answer = _json_answer(recorded[digest.hexdigest()], model)
    else:
        answer = _json_answer(_pseudo_image(_colours_of(data), digest.digest(), model), model)
    with _cache_lock:
        _cache[(digest.hexdigest(), model)] = answer
    return answer


def text_answer(text: str, model: str) -> bytes:
    words = re.findall(r"\w+", text.lower())
    wanted = np.array([sum(w in names.split() for w in words) for names in COLOURS.values()], float)
    # 0.9 of a text lies where pictures have their colours, so that the best hits have the cosines
    # that real ones have, about 0.36; a text without a colour is near to nothing.
    direction = _noise(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    if wanted.any():
        colours = (wanted / np.linalg.norm(wanted)) @ _axes()[2:]
        direction = 0.9 * colours + math.sqrt(1 - 0.9**2) * direction
    return _json_answer((direction / np.linalg.norm(direction)).astype(np.float32), model)


_cache: dict[Any, Any] = {}
_cache_lock = threading.Lock()


def _colours_of(data: bytes) -> np.ndarray:
    """Share of each colour of COLOURS, shape (12,). Raises what the service would refuse."""
    invalid = _Refused(400, "InvalidRequest", "Image format is not valid", "InvalidImageFormat")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.format not in FORMATS:
                raise invalid
            if not all(10 < side < 16_000 for side in picture.size):
                raise _Refused(
                    400,
                    "InvalidRequest",
                    "The image dimension must be at least 11 and at most 15999 pixels.",
                    "InvalidImageDimension",
                )
            picture.draft("RGB", (64, 64))
            small = picture.convert("RGB").resize((16, 16), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise invalid from None
    shares = np.zeros(len(COLOURS))
    names = list(COLOURS)
    for red, green, blue in np.asarray(small).reshape(-1, 3) / 255:
        shares[names.index(_colour_name(red, green, blue))] += 1 / 256
    return shares


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


def _axes() -> np.ndarray:
    """Orthonormal rows, shape (14, 1024): what all pictures share (two), then one per colour."""
    with _cache_lock:
        if "axes" not in _cache:
            random = np.random.default_rng(20230415).normal(size=(DIMENSIONS, 2 + len(COLOURS)))
            random[:, 0] = 0
            random[26, 0] = 1  # the dominant component of every recorded picture
            axes, _ = np.linalg.qr(random)
            axes = axes.T * np.where(axes[26, :1] < 0, -1, 1)
            _cache["axes"] = axes
        axes = _cache["axes"]
    assert isinstance(axes, np.ndarray)
    return axes


def _noise(digest: bytes) -> np.ndarray:
    """A unit vector of these bytes' own, orthogonal to everything that means something."""
    direction = np.random.default_rng(list(digest)).normal(size=DIMENSIONS)
    axes = _axes()
    direction -= (direction @ axes.T) @ axes
    return direction / np.linalg.norm(direction)


def _pseudo_image(shares: np.ndarray, digest: bytes, model: str) -> np.ndarray:
    """float16 (1024,) of norm 60 to 69, or 92.1 for the older model, which has other axes."""
    norm = np.linalg.norm(shares)
    content = shares / norm if norm else shares
    # Squares add up to some 64 squared, as in the recordings: 47 on index 26, 33 shared by all,
    # 25 for what is in the picture, 14 for what is only in this one; some pictures are longer.
    length = 0.97 + 0.06 * digest[0] / 255
    vector: np.ndarray = np.concatenate([[-47.0, 33.0], 25.0 * content]) @ _axes()
    vector += 14.0 * _noise(digest)
    vector *= length
    if model == "2022-04-11":
        vector = np.roll(vector[::-1], 7)
        vector *= 92.12 / np.linalg.norm(vector)
    return vector.astype(np.float16)


def _json_answer(vector: np.ndarray, model: str) -> bytes:
    numbers = ",".join(vector.astype(np.float32).astype("U32"))  # shortest float32, as served
    return f'{{"modelVersion":"{model}","vector":[{numbers}]}}'.encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--key", default="emulator-key-0123456789abcdef")
    parser.add_argument("--rate", type=float, help="calls per --per seconds; default: no limit")
    parser.add_argument("--per", type=float, default=1.0, help="seconds; 60 for the free tier")
    parser.add_argument("--window", default="sliding", choices=["sliding", "fixed", "bucket"])
    parser.add_argument("--latency", type=float, default=0.15, help="seconds")
    parser.add_argument("--refusal-latency", type=float, help="seconds; default: as --latency")
    parser.add_argument("--quota", type=int, help="calls before the month is used up")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:TIMES]", help="; ".join(FAULTS)
    )
    options = parser.parse_args()
    try:
        server = Emulator(
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
        print(f"VISION_ENDPOINT={emulator.url}\nVISION_KEY={emulator.key}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
