"""A double of Azure Blob Storage and of a host of plain files: a real server on loopback.

    with BlobEmulator() as service:
        service.put("boats/red.png", data)
        service.container   # http://127.0.0.1:<port>/devstoreaccount1/pictures?<SAS>

It speaks what the operations List Blobs and Get Blob promise (a page holds at most 5,000 blobs,
markers, ETags, `Encoded="true"`), with the address of the emulator Azurite: the account is the
first part of the path. Whatever is in `files` is served below /files/, with an ETag.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.loopback_server import LoopbackServer, Server

ACCOUNT, CONTAINER = "devstoreaccount1", "pictures"
SIGNATURE = "c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"
SAS = f"sv=2023-11-03&sr=c&sp=rl&se=2099-01-01T00%3A00%3A00Z&sig={SIGNATURE}"

# What XML cannot hold, so that a name comes percent-encoded.
NOT_IN_XML = re.compile("[\x00-\x1f\ufffe\uffff]")


@dataclass
class Blob:
    data: bytes
    kind: str = "application/octet-stream"
    etag: str = ""
    with_hash: bool = True

    def __post_init__(self) -> None:
        self.etag = self.etag or f'"0x{hashlib.sha256(self.data).hexdigest()[:16].upper()}"'


class BlobEmulator(LoopbackServer):
    """Serves until the block ends.

    requests: the path and query of every request, in order. token: a bearer token that opens the
    container, too. page: blobs in a page of the listing at most. instead: what happens to a
    request whose path holds this text, instead of its answer; it gets the handler.
    latency: seconds before an answer. most_at_once: how many requests were answered at once.
    """

    def __init__(self, *, sas: str = SAS, token: str = "", page: int = 5000) -> None:
        self.sas, self.token, self.page = sas, token, page
        self.blobs: dict[str, Blob] = {}
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.instead: dict[str, Callable[[Handler], None]] = {}
        self.latency = 0.0
        self.most_at_once = 0
        self.at_once = 0
        self.lock = threading.Lock()
        super().__init__(Handler)

    @property
    def bare(self) -> str:
        """The container's address without any key."""
        return f"{self.url}/{ACCOUNT}/{CONTAINER}"

    @property
    def container(self) -> str:
        return f"{self.bare}?{self.sas}"

    def put(self, name: str, data: bytes, **facts: Any) -> None:
        self.blobs[name] = Blob(data, **facts)

    def listings(self) -> int:
        """How many pages of a listing were asked for."""
        return sum("comp=list" in request for request in self.requests)

    def fetched(self) -> list[str]:
        """The names of the blobs and the paths of the files that were asked for, in order."""
        start = f"/{ACCOUNT}/{CONTAINER}/"
        paths = [request.partition("?")[0] for request in self.requests]
        return [
            unquote(path.removeprefix(start))
            for path in paths
            if path.startswith((start, "/files/")) and path != start
        ]


class Handler(BaseHTTPRequestHandler):
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        emulator: BlobEmulator = self.server.service
        with emulator.lock:
            emulator.requests.append(self.path)
            emulator.at_once += 1
            emulator.most_at_once = max(emulator.most_at_once, emulator.at_once)
        try:
            emulator.closing.wait(emulator.latency)
            with contextlib.suppress(OSError):
                self._answer(emulator)
        finally:
            with emulator.lock:
                emulator.at_once -= 1

    def _answer(self, emulator: BlobEmulator) -> None:
        for part, act in list(emulator.instead.items()):
            if part in self.path:
                act(self)
                return
        address = urlsplit(self.path)
        if address.path.startswith("/files/"):
            self._file(emulator, address.path.removeprefix("/files/"))
            return
        place = f"/{ACCOUNT}/{CONTAINER}"
        signed = emulator.sas and address.query.endswith(emulator.sas)
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not signed and not (emulator.token and bearer == emulator.token):
            self.refuse(403, "AuthenticationFailed")
        elif address.path == place and "comp=list" in address.query:
            self._list(emulator, parse_qs(address.query))
        elif address.path.startswith(place + "/"):
            blob = emulator.blobs.get(unquote(address.path.removeprefix(place + "/")))
            if blob is None:
                self.refuse(404, "BlobNotFound")
            else:
                self.send(200, blob.data, {"Content-Type": blob.kind, "ETag": blob.etag})
        else:
            self.refuse(404, "ContainerNotFound")

    def _file(self, emulator: BlobEmulator, name: str) -> None:
        data = emulator.files.get(unquote(name))
        if data is None:
            self.send(404, b"")
            return
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self.send(304, b"", {"ETag": etag})
        else:
            self.send(200, data, {"ETag": etag})

    def _list(self, emulator: BlobEmulator, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        after = query.get("marker", [""])[0]
        asked = int(query.get("maxresults", ["5000"])[0])
        if not 0 < asked <= 5000:
            self.refuse(400, "OutOfRangeQueryParameterValue")
            return
        # A marker is opaque to a client: here it is the last name, in another form.
        last = base64.b64decode(after).decode() if after else ""
        names = [n for n in sorted(emulator.blobs) if n.startswith(prefix) and n > last]
        shown = names[: min(asked, emulator.page)]
        rest = len(names) > len(shown)
        marker = base64.b64encode(shown[-1].encode()).decode() if rest else ""
        blobs = "".join(_entry(name, emulator.blobs[name]) for name in shown)
        text = (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="pictures">'
            f"<Blobs>{blobs}</Blobs><NextMarker>{escape(marker)}</NextMarker></EnumerationResults>"
        )
        self.send(200, b"\xef\xbb\xbf" + text.encode(), {"Content-Type": "application/xml"})

    def refuse(self, status: int, code: str) -> None:
        body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
        self.send(status, body.encode(), {"x-ms-error-code": code})

    def send(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing while they pass."""


def _entry(name: str, blob: Blob) -> str:
    if NOT_IN_XML.search(name):
        named = f'<Name Encoded="true">{quote(name)}</Name>'
    else:
        named = f"<Name>{escape(name)}</Name>"
    digest = base64.b64encode(hashlib.md5(blob.data).digest()).decode() if blob.with_hash else ""
    return (
        f"<Blob>{named}<Properties><Etag>{escape(blob.etag)}</Etag>"
        f"<Content-Length>{len(blob.data)}</Content-Length>"
        f"<Content-Type>{escape(blob.kind)}</Content-Type>"
        f"<Content-MD5>{digest}</Content-MD5></Properties></Blob>"
    )
