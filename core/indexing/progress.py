"""How far a run is: the snapshot that everybody reads, and its file for other processes."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from core.files import replacing

log = logging.getLogger(__name__)

# The rate that is shown is that of the last seconds, so that a slow start does not spoil it.
RATE_SECONDS = 10.0

RUNNING = ("scanning", "indexing", "stopping")


@dataclass(frozen=True)
class Progress:
    """How far the job is. `state`: idle, scanning, indexing, stopping, done, stopped or failed.

    done, total: files read while scanning, pictures embedded while indexing. rate: per second.
    """

    state: str = "idle"
    done: int = 0
    total: int = 0
    failed: int = 0
    rate: float = 0.0
    seconds_left: float | None = None
    sentence: str = ""
    embedder_id: str = ""

    @property
    def running(self) -> bool:
        return self.state in RUNNING


class Notice:
    """The run's progress as a file, for other processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._warned = False

    def write(self, progress: Progress, at: float) -> None:
        """Replace the notice. A folder that cannot be written is logged once and ends nothing."""
        record = json.dumps({**dataclasses.asdict(progress), "at": at})
        try:
            with replacing(self._path) as draft:
                draft.write_text(record)
        except OSError:
            if not self._warned:
                log.warning("The progress cannot be written beside the index", exc_info=True)
            self._warned = True

    def read(self) -> tuple[Progress, float]:
        """What was written last, and when (seconds since 1970)."""
        try:
            record = json.loads(self._path.read_text())
            return Progress(**{k: v for k, v in record.items() if k != "at"}), float(record["at"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Progress(), 0.0


class Speed:
    """Pictures a second over the last RATE_SECONDS."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def add(self, count: int) -> None:
        now = time.monotonic()
        self._marks.append((now, count))
        while len(self._marks) > 2 and now - self._marks[1][0] > RATE_SECONDS:
            self._marks.popleft()

    def per_second(self) -> float:
        # The first mark opens the window; its own pictures came before it.
        span = self._marks[-1][0] - self._marks[0][0]
        return sum(count for _, count in list(self._marks)[1:]) / span if span > 0 else 0.0
