"""A model hub on loopback: what huggingface_hub asks of one, and some ways to fail.

Set HF_ENDPOINT to `hub.url`, and the library's own download code runs as it does against the
real one: one question for sizes, one for the tree, a HEAD and a GET for each file.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from tests.loopback_server import LoopbackServer

REVISION = "0123456789abcdef0123456789abcdef01234567"


class TinyHub(LoopbackServer):
    """Serves `repos`: name -> folder. Used as a context manager.

    cut_after: every answer to a GET of a file ends after so many bytes, the connection with it.
    pause_after: every such answer stops there until `go_on` is set.
    refuse: a status to answer everything with.
    """

    def __init__(self, repos: dict[str, Path]) -> None:
        self.repos = repos
        self.cut_after: int | None = None
        self.pause_after: int | None = None
        self.refuse: int | None = None
        self.paused = threading.Event()
        self.go_on = threading.Event()
        self.asked: list[str] = []
        super().__init__(_handler(self))

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        super().__exit__()

    def files(self, repo: str) -> dict[str, bytes]:
        root = self.repos[repo]
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


def _blob(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _handler(hub: TinyHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path = urlsplit(self.path).path.strip("/")
            hub.asked.append(path)
            if hub.refuse:
                self._send(hub.refuse, b"no")
                return
            parts = path.split("/")
            if parts[:2] == ["api", "models"]:
                repo, rest = "/".join(parts[2:4]), parts[4:]
                if repo not in hub.repos:
                    self._send(404, b"{}")
                elif rest[:1] == ["tree"]:
                    self._json(
                        [
                            {"type": "file", "path": name, "size": len(data), "oid": _blob(data)}
                            for name, data in hub.files(repo).items()
                        ]
                    )
                else:
                    self._json(
                        {
                            "id": repo,
                            "sha": REVISION,
                            "siblings": [
                                {"rfilename": name, "size": len(data), "blobId": _blob(data)}
                                for name, data in hub.files(repo).items()
                            ],
                        }
                    )
            elif "resolve" in parts:
                files = hub.files("/".join(parts[:2]))
                name = "/".join(parts[4:])
                if name in files:
                    self._file(files[name])
                else:
                    self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            else:
                self._send(404, b"")

        def _json(self, content: object) -> None:
            self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

        def _file(self, data: bytes) -> None:
            start = 0
            if (asked := self.headers.get("Range", "")).startswith("bytes="):
                start = int(asked[6:].split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("ETag", f'"{_blob(data)}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            if self.command == "HEAD":
                return
            rest = data[start:]
            if hub.cut_after is not None and len(rest) > hub.cut_after:
                self.wfile.write(rest[: hub.cut_after])
                self.close_connection = True
                return
            if hub.pause_after is not None and len(rest) > hub.pause_after:
                self.wfile.write(rest[: hub.pause_after])
                self.wfile.flush()
                hub.paused.set()
                hub.go_on.wait()
                rest = rest[hub.pause_after :]
            try:
                self.wfile.write(rest)
            except OSError:
                self.close_connection = True  # whoever asked is gone: cancelled

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, content in (headers or {}).items():
                self.send_header(name, content)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler
