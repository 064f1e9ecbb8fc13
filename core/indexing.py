"""Scan -> plan -> run, and the one job that does it in the background.

A run holds an operating-system lock in the data folder and writes its progress beside it, so that
every session, every object and every process on that folder sees the same run, can stop it, and
never starts another.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from core.embedders.base import (
    Call,
    Cancelled,
    Embedder,
    EmbedderError,
    InputRefused,
    ServiceRefused,
    ServiceUnavailable,
    Vector,
)
from core.lock import FileLock
from core.pictures import payload, picture_id
from core.scanning import scan
from core.store import Failure, Picture, Scope, Store, StoreError

log = logging.getLogger(__name__)

# One picture may be unlucky; this many in a row without any answer means that nobody is there.
UNANSWERED_IN_A_ROW = 5

# How often the runner looks for a stop request and says how far it is.
BEAT_SECONDS = 0.3

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


@dataclass(frozen=True)
class Plan:
    """What a run would do. `calls` is what it costs with a paid embedder."""

    calls: int
    duplicates: int  # files whose bytes are another file's: embedded once
    skipped: int  # files that cannot be read
    failed: int  # pictures that were refused before; only "Retry failed" tries them again


def plan(store: Store, embedder_id: str, scope: Scope) -> Plan:
    """What is left to do for the files in `scope`, by the last scan."""
    condition, parameters = scope.where()
    with store.connection() as db:
        files, pictures = db.execute(
            f"SELECT count(*), count(DISTINCT picture_id) FROM files WHERE {condition}", parameters
        ).fetchone()
        skipped = db.execute(
            f"SELECT count(*) FROM unreadable WHERE {condition}", parameters
        ).fetchone()[0]
    return Plan(
        calls=len(store.missing(embedder_id, scope)),
        duplicates=files - pictures,
        skipped=skipped,
        failed=len(store.failures(embedder_id)),
    )


class Indexer:
    """The background job of one data folder. Every method returns at once."""

    def __init__(self, store: Store, roots: Mapping[str, Path], thumbs_dir: Path) -> None:
        self._store = store
        self._thumbs_dir = thumbs_dir
        self._roots = dict(roots)
        self._lock = FileLock(store.data_dir / "run.lock")
        self._progress_file = store.data_dir / "progress.json"
        self._stop_file = store.data_dir / "stop"
        self._progress = Progress()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()  # of the three below
        self._next: Embedder | None = None  # who embeds after the scan that is due or on
        self._again = False  # something was asked for after the scan had begun
        self._closing = True

    def start(self, embedder: Embedder | None, scope: Callable[[], Scope]) -> bool:
        """Scan, then embed what lacks a vector (with no embedder: only scan).

        scope: which files to embed, asked for after the scan. While this object's own run is on,
        the wish is added to it. False if another process is at work on this data folder.
        """
        with self._guard:
            self._next = embedder or self._next
            if self._thread is not None and self._thread.is_alive():
                if not self._closing:
                    self._again = True
                    return True
                self._thread.join()  # it only puts its things away
            if not self._lock.acquire():
                self._next = None
                return False
            self._stop_file.unlink(missing_ok=True)
            self._again = self._closing = False
            self._progress = Progress("scanning")
            self._thread = threading.Thread(
                target=self._work, args=(scope,), name="indexing", daemon=True
            )
            self._thread.start()
            return True

    def stop(self) -> None:
        """Ask the run on this data folder to stop, whoever started it."""
        if self._lock.is_held():
            self._stop_file.touch()

    def progress(self) -> Progress:
        """The run on this data folder, else how the last one ended. A snapshot."""
        if self._thread is not None and self._thread.is_alive():
            return self._progress
        if self._lock.is_held():
            return self._others_progress()
        return self._progress

    def join(self, seconds: float | None = None) -> None:
        """Wait for this object's own run to end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _others_progress(self) -> Progress:
        try:
            return Progress(**json.loads(self._progress_file.read_text()))
        except (OSError, ValueError, TypeError):
            return Progress("scanning")  # it has not said anything yet

    # -- on the job's own thread -------------------------------------------------------------

    def _say(self, **changes: object) -> None:
        self._progress = dataclasses.replace(self._progress, **changes)  # type: ignore[arg-type]

    def _work(self, scope: Callable[[], Scope]) -> None:
        call = Call()
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(call, ended), daemon=True)
        beat.start()
        try:
            while self._pass(scope, call):
                pass
            self._say(state="done", seconds_left=None)
        except Cancelled:
            self._say(state="stopped", seconds_left=None)
        except (EmbedderError, StoreError) as error:
            self._say(state="failed", sentence=str(error), seconds_left=None)
        except Exception:
            log.exception("The run ended unexpectedly")
            sentence = "Something unexpected stopped the run; the log has the details."
            self._say(state="failed", sentence=sentence, seconds_left=None)
        finally:
            with self._guard:
                self._closing, self._next = True, None
            ended.set()
            beat.join()
            self._stop_file.unlink(missing_ok=True)
            self._lock.release()

    def _pass(self, scope: Callable[[], Scope], call: Call) -> bool:
        """One scan and what follows it; True if another was asked for meanwhile."""
        self._say(state="scanning")
        seen = scan(self._store, self._roots, call, lambda d, t: self._say(done=d, total=t))
        for orphan in seen.orphans:
            (self._thumbs_dir / f"{orphan}.jpg").unlink(missing_ok=True)
        with self._guard:
            embedder, self._next = self._next, None
        if embedder is not None:
            self._run(embedder, scope(), call)
        with self._guard:
            again, self._again = self._again, False
            self._closing = not again
        return again

    def _beat(self, call: Call, ended: threading.Event) -> None:
        """Until the run ends: pass on a stop request, and let other processes see the progress."""
        while not ended.wait(BEAT_SECONDS):
            if self._stop_file.exists() and not call.cancel.is_set():
                call.cancel.set()
                self._say(state="stopping")
            try:
                draft = self._progress_file.with_suffix(".tmp")
                draft.write_text(json.dumps(dataclasses.asdict(self._progress)))
                draft.replace(self._progress_file)
            except OSError:
                log.warning("The progress cannot be written beside the index", exc_info=True)

    def _run(self, embedder: Embedder, scope: Scope, call: Call) -> None:
        todo = self._store.missing(embedder.id, scope)
        self._say(
            state="indexing", embedder_id=embedder.id, done=0, total=len(todo), failed=0, rate=0.0
        )
        speed = _Speed()
        unanswered = 0
        for outcomes in self._outcomes(embedder, todo, call):
            vectors = [o for o in outcomes if isinstance(o, _Embedded)]
            self._store.add_vectors(embedder.id, [(o.id, o.vector, o.altered) for o in vectors])
            for outcome in outcomes:
                if isinstance(outcome, _Failed):
                    failure = Failure(outcome.id, outcome.path, str(outcome.error))
                    self._store.add_failure(embedder.id, failure)
                    out = isinstance(outcome.error, ServiceUnavailable)
                    unanswered = unanswered + 1 if out else 0
                    if unanswered >= UNANSWERED_IN_A_ROW:
                        call.cancel.set()
                        raise ServiceUnavailable(
                            f"Stopped after {unanswered} pictures in a row without an answer. "
                            f"{outcome.error}"
                        )
                else:
                    unanswered = 0
            speed.add(len(vectors))
            done = self._progress.done + len(vectors)
            failed = self._progress.failed + len(outcomes) - len(vectors)
            left = len(todo) - done - failed
            rate = speed.per_second()
            self._say(
                done=done,
                failed=failed,
                rate=rate,
                seconds_left=left / rate if rate > 0 else None,
            )

    def _outcomes(
        self, embedder: Embedder, todo: Sequence[tuple[str, str]], call: Call
    ) -> Iterator[Sequence[_Embedded | _Failed]]:
        """Embed with several calls in flight and a bounded look-ahead.

        What ends the run is raised only after every answer already paid for was handed out.
        """
        size = embedder.batch_size
        batches = iter([todo[i : i + size] for i in range(0, len(todo), size)])
        ending: EmbedderError | None = None
        running: set[Future[list[_Embedded | _Failed]]] = set()
        with ThreadPoolExecutor(embedder.concurrency, "embed") as workers:
            try:
                while True:
                    # One batch beyond the calls in flight, so that no worker waits for this thread.
                    while ending is None and len(running) <= embedder.concurrency:
                        batch = next(batches, None)
                        if batch is None or call.cancel.is_set():
                            break
                        running.add(workers.submit(self._embed, embedder, batch, call))
                    if not running:
                        break
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    outcomes: list[_Embedded | _Failed] = []
                    for future in finished:
                        try:
                            outcomes += future.result()
                        except (ServiceRefused, Cancelled) as error:
                            # A refusal says more than the stop that follows it.
                            if ending is None or isinstance(ending, Cancelled):
                                ending = error
                            call.cancel.set()
                    yield outcomes
            finally:
                if running:  # the reader gave up: so do the calls in flight
                    call.cancel.set()
        if ending is not None:
            raise ending
        call.check()

    def _embed(
        self, embedder: Embedder, batch: Sequence[tuple[str, str]], call: Call
    ) -> list[_Embedded | _Failed]:
        outcomes: list[_Embedded | _Failed] = []
        ready: list[tuple[str, str, bytes, bool]] = []
        known = self._store.pictures([its_id for its_id, _ in batch])
        for its_id, path in batch:
            call.check()
            picture = known.get(its_id)
            data = self._bytes_of(picture) if picture else None
            if picture is None or data is None:
                error = InputRefused("The file was deleted or changed after the scan; scan again.")
                outcomes.append(_Failed(its_id, path, error))
                continue
            sent = payload(data, picture)
            ready.append((its_id, path, sent.data, sent.altered))
        if not ready:
            return outcomes
        try:
            vectors = embedder.embed_images([data for _, _, data, _ in ready], call)
        except (InputRefused, ServiceUnavailable) as error:
            if len(ready) > 1:  # find the one that spoils the batch
                for its_id, path, _, _ in ready:
                    outcomes += self._embed(embedder, [(its_id, path)], call)
            else:
                outcomes.append(_Failed(ready[0][0], ready[0][1], error))
            return outcomes
        for (its_id, _, _, altered), vector in zip(ready, vectors, strict=True):
            outcomes.append(_Embedded(its_id, vector, altered))
        return outcomes

    def _bytes_of(self, picture: Picture) -> bytes | None:
        return read_picture(picture, self._roots)


def read_picture(picture: Picture, roots: Mapping[str, Path]) -> bytes | None:
    """The picture's bytes from any of its files; None if none holds them any more."""
    for path in picture.paths:
        prefix, _, rest = path.partition("/")
        root = roots.get(prefix + "/")
        if root is None:
            continue
        try:
            data = (root / rest).read_bytes()
        except OSError:
            continue
        if picture_id(data) == picture.id:
            return data
    return None


@dataclass(frozen=True)
class _Embedded:
    id: str
    vector: Vector
    altered: bool


@dataclass(frozen=True)
class _Failed:
    id: str
    path: str
    error: EmbedderError


class _Speed:
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
