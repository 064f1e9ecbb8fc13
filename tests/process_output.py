"""What another process prints, and the moment at which it says that it is ready."""

from __future__ import annotations

import threading
from typing import IO


class Output:
    """Reads a pipe to its end, on a thread of its own.

    mark: part of the line that says that the process is ready.
    """

    def __init__(self, pipe: IO[str], mark: str) -> None:
        self._pipe = pipe
        self._mark = mark
        self._lines: list[str] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """All that was printed so far."""
        return "".join(self._lines)

    def wait(self, seconds: float) -> bool:
        """Until it is ready, or has ended; False if neither came about in that time."""
        return self._ready.wait(seconds)

    def close(self) -> None:
        """Once the process has ended."""
        self._thread.join(10)
        self._pipe.close()

    def _read(self) -> None:
        for line in self._pipe:
            self._lines.append(line)
            if self._mark in line:
                self._ready.set()
        self._ready.set()
