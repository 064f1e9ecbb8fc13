"""A lock that the operating system drops with its process, even on kill -9."""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
import time
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

# Whoever asks `is_held` holds the lock for some microseconds; to find it so is not a refusal.
PROBE_SECONDS = 0.1
PAUSE_SECONDS = 0.01


# Some network folders have no locks at all: there nobody can be kept out, and the app still runs.
UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


class FileLock:
    """Held by one holder at a time, in this process or any other on the machine.

    The file beside which everybody meets stays where it is: to remove it would let two processes
    lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, seconds: float = PROBE_SECONDS, *, shared: bool = False) -> bool:
        """Take the lock if it comes free within that time; False if somebody keeps it.

        shared: beside others who share it, never beside one who does not. Windows has no such
        lock: there it only waits for whoever does not share, and then keeps nothing.
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
        """True if anybody holds it, this object included."""
        if self._file is not None:
            return True
        probe = FileLock(self._path)
        try:
            if not probe._try(shared=True):
                return True
        except OSError:
            return False  # where no lock can be opened, none can be held
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
        # Closing would do, but Windows takes its time about it.
        file.seek(0)
        with contextlib.suppress(OSError):  # not locked
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes], shared: bool) -> None:
        # flock, not lockf: it also keeps apart two holders inside one process.
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
