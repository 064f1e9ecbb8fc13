"""Whether an index file is still as it was when it was last known to be sound.

Reading through the whole file takes half a minute from a cold disk for 100,000 pictures. It is
needed only where something else than SQLite may have written to the file, or SQLite was killed in
the middle. A mark beside the file says how the file looked when it was closed in good order.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path

from core.files import write_whole

log = logging.getLogger(__name__)

SUSPECT = "damage was met"

# The clock of a file system is as coarse as 2 seconds (FAT): a change that follows at once could
# leave the time as it was. Set back by more than that, no later change can give the same time.
SET_BACK_NS = 10 * 10**9


def is_as_marked(path: Path) -> bool:
    """True if nothing has written to the file since `mark_sound`."""
    try:
        return _mark(path).read_text("utf-8") == _looks(path)
    except (OSError, UnicodeDecodeError):
        return False


def mark_sound(path: Path) -> None:
    """Remember how the file looks, now that it is known to be sound and nobody writes to it."""
    try:
        now = time.time_ns()
        os.utime(path, ns=(now, now - SET_BACK_NS))
        write_whole(_mark(path), _looks(path).encode())
    except OSError:
        log.info("The index is read through at the next start", exc_info=True)


def mark_suspect(path: Path) -> None:
    """Damage was met: until the file was read through and mended, nobody takes it for sound."""
    with contextlib.suppress(OSError):
        _mark(path).unlink(missing_ok=True)
        write_whole(_mark(path), SUSPECT.encode())


def is_suspect(path: Path) -> bool:
    try:
        return _mark(path).read_text("utf-8") == SUSPECT
    except (OSError, UnicodeDecodeError):
        return False


def _looks(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} bytes, changed at {status.st_mtime_ns}"


def _mark(path: Path) -> Path:
    return path.with_suffix(".sound")
