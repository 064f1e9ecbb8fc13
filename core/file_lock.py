"""A lock that the operating system releases when its holder ends, even by kill -9.

Why not the package filelock (1.6 MB, 40 ms to import): its shared lock can be released only by the
thread that took it, and it cannot tell whether somebody else holds a lock.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
import time
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

# `is_held` takes the lock for some microseconds to find out. Whoever wants the lock waits for that.
PROBE_SECONDS = 0.1
PAUSE_SECONDS = 0.01

# What a file system without locks answers, as some network folders do. Nobody can be kept out
# there, and the app runs all the same.
UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


class FileLock:
    """Held by one holder at a time, in this process or any other on the machine.

    The file is never removed: another process could then make a new one under the same name, and
    both would believe that they hold the lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, seconds: float = PROBE_SECONDS, *, shared: bool = False) -> bool:
        """Take the lock if it comes free within that time; False if somebody keeps it.

        shared: several may hold it at once if all of them share it. Windows has no shared lock:
        there this waits until no exclusive holder is left, and then holds nothing.
        Raises OSError if the lock's file cannot be opened.
        """
        if self._file is not None:
            return False
        give_up = time.monotonic() + seconds
        while not self._try(shared):
            if time.monotonic() > give_up:
                return False
            time.sleep(PAUSE_SECONDS)
        return True

    def release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            _unlock(file)
            file.close()

    def is_held(self) -> bool:
        """True if anybody holds it, in this process or another."""
        if self._file is not None:
            return True
        probe = FileLock(self._path)
        try:
            if not probe._try(shared=True):
                return True
        except OSError:
            return False  # the file cannot be opened, so nobody holds a lock on it
        probe.release()
        return False

    def _try(self, shared: bool) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            _lock(file, shared)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                file.close()
                return False
            log.warning("The file system of %s has no locks", self._path.parent.name)
        self._file = file
        return True


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], shared: bool) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        if shared:
            _unlock(file)

    def _unlock(file: IO[bytes]) -> None:
        # Closing the file would release it too, but on Windows at some later time.
        file.seek(0)
        with contextlib.suppress(OSError):  # not locked
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes], shared: bool) -> None:
        # flock also works between two holders in one process; lockf works only between processes.
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
