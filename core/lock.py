"""A lock that the operating system drops with its process, even on kill -9."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO


class FileLock:
    """Held by one holder at a time, in this process or any other on the machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; False if somebody holds it. Never waits."""
        if self._file is not None:
            return False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()  # closing drops the lock on every system
            self._file = None

    def is_held(self) -> bool:
        """True if anybody holds it, this object included."""
        if self._file is not None:
            return True
        probe = FileLock(self._path)
        if probe.acquire():
            probe.release()
            return False
        return True


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        # flock, not lockf: it also keeps apart two holders inside one process.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
