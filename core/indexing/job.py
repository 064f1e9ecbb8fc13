"""Scan -> plan -> run, and the one job that does it in the background.

A run holds an operating-system lock in the data folder and writes its progress beside it, so that
every session, every object and every process on that folder sees the same run, can stop it, and
never starts another.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.deadline import Deadline
from core.embedders import Embedder
from core.errors import Cancelled, EmbedderError, EmbedderUnavailable, IndexUnavailable
from core.file_lock import FileLock
from core.index import Index
from core.indexing.embed import Embedded, Failed, Outcome, embed_all
from core.indexing.progress import Notice, Progress, Speed
from core.indexing.scan import scan
from core.model import Failure, Scope

log = logging.getLogger(__name__)

# One picture may be unlucky; this many in a row without any answer means that nobody is there.
UNANSWERED_IN_A_ROW = 5

# How often the runner looks for a stop request and says how far it is.
BEAT_SECONDS = 0.3

# When the program ends, answers on their way are waited for this long: they are paid for.
EXIT_SECONDS = 5.0


class Indexer:
    """The background job of one data folder. Every method returns at once."""

    def __init__(
        self, store: Index, data_dir: Path, roots: Mapping[str, Path], thumbs_dir: Path
    ) -> None:
        self._store = store
        self._data_dir = data_dir
        self._thumbs_dir = thumbs_dir
        self._roots = dict(roots)
        self._lock = FileLock(data_dir / "run.lock")
        self._notice = Notice(data_dir / "progress.json")
        self._stop_file = data_dir / "stop"
        self._saying = threading.Lock()  # of the next: the job, its beat and stop() all say things
        self._progress = Progress()
        self._ended = 0.0  # when this object's last run did
        # Not the thread's own word on itself: an interrupted join makes that a lie (Python 3.11).
        self._over = threading.Event()
        self._over.set()
        self._call = Deadline()
        # Answers that could not be written: the disk was full. The next run begins with them.
        self._unsaved: list[tuple[str, Embedded]] = []
        self._guard = threading.Lock()  # of the four below
        self._next: Embedder | None = None  # who embeds after the scan that is due or on
        self._again = False  # something was asked for after the scan had begun
        self._after: tuple[Embedder | None, Callable[[], Scope]] | None = (
            None  # a stop came between
        )
        self._closing = True
        _living.add(self)

    def start(self, embedder: Embedder | None, scope: Callable[[], Scope]) -> bool:
        """Scan, then embed what lacks a vector (with no embedder: only scan).

        scope: which files to embed, asked for after the scan. While this object's own run is on,
        the wish is added to it. False if another process is at work on this data folder.
        """
        while True:
            with self._guard:
                wished = embedder if embedder is not None else self._next
                if not self.is_own():
                    return self._begin(wished, scope)
                if self._call.cancel.is_set() and not self._closing:
                    self._after = (wished, scope)
                    return True
                if not self._closing:
                    self._next, self._again = wished, True
                    return True
            self._over.wait()  # it only puts its things away

    def _begin(self, embedder: Embedder | None, scope: Callable[[], Scope]) -> bool:
        try:
            if not self._lock.acquire():
                return False
            self._stop_file.unlink(missing_ok=True)
        except OSError as error:
            self._lock.release()
            sentence = f"The data folder cannot be used ({error.strerror})."
            self._progress, self._ended = Progress("failed", sentence=sentence), time.time()
            return True
        self._next, self._again, self._closing = embedder, False, False
        self._call = Deadline()
        self._progress = Progress("scanning")
        self._over.clear()
        threading.Thread(
            target=self._work, args=(scope, self._call), name="indexing", daemon=True
        ).start()
        return True

    def stop(self) -> None:
        """Ask the run on this data folder to stop, whoever started it."""
        if self.is_own():
            self._call.cancel.set()
            self._say_stopping()
        elif self._lock.is_held():
            try:
                self._stop_file.touch()
            except OSError:
                log.warning("The other process cannot be told to stop", exc_info=True)

    def progress(self) -> Progress:
        """The run on this data folder, else how the last one ended. A snapshot."""
        if self.is_own():
            return self._progress
        held = self._lock.is_held()
        if held and self.is_own():  # it has begun in between
            return self._progress
        said, at = self._notice.read()
        if held:
            return said if said.running else Progress("scanning")  # it has said nothing yet
        # What still claims to run was killed.
        return said if at > self._ended and not said.running else self._progress

    def is_own(self) -> bool:
        """True while this object's own run is on."""
        return not self._over.is_set()

    def join(self, seconds: float | None = None) -> None:
        """Wait for this object's own run to end."""
        if seconds is not None:
            self._over.wait(seconds)
            return
        # In slices: a Ctrl-C that another thread was handed (or any, on Windows) ends no wait.
        while not self._over.wait(BEAT_SECONDS):
            pass

    # -- on the job's own thread -------------------------------------------------------------

    def _say(self, **changes: object) -> None:
        with self._saying:
            self._progress = dataclasses.replace(self._progress, **changes)  # type: ignore[arg-type]

    def _say_stopping(self) -> None:
        with self._saying:
            if self._progress.running:
                self._progress = dataclasses.replace(self._progress, state="stopping")

    def _work(self, scope: Callable[[], Scope], deadline: Deadline) -> None:
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(deadline, ended), daemon=True)
        beat.start()
        last: dict[str, object] = {}
        try:
            while self._pass(scope, deadline):
                pass
            last = {"state": "done"}
        except Cancelled:
            last = {"state": "stopped"}
        except (EmbedderError, IndexUnavailable) as error:
            last = {"state": "failed", "sentence": str(error)}
        except Exception:
            log.exception("The run ended unexpectedly")
            sentence = "Something unexpected stopped the run; the log has the details."
            last = {"state": "failed", "sentence": sentence}
        finally:
            with self._guard:
                self._closing, self._next = True, None
                after, self._after = self._after, None
            ended.set()
            beat.join()
            self._ended = time.time()
            self._say(**last, seconds_left=None)
            self._notice.write(self._progress, self._ended)
            with contextlib.suppress(OSError):
                self._stop_file.unlink(missing_ok=True)
            self._lock.release()
            self._over.set()
            if after is not None:
                self.start(*after)

    def _pass(self, scope: Callable[[], Scope], deadline: Deadline) -> bool:
        """One scan and what follows it; True if another was asked for meanwhile."""
        self._say(state="scanning", done=0, total=0)
        self._save_unsaved()
        skipped = (self._data_dir, self._thumbs_dir)
        scan(
            self._store,
            self._roots,
            deadline,
            lambda d, t: self._say(done=d, total=t),
            skipped=skipped,
        )
        self._drop_orphans()
        with self._guard:
            embedder, self._next = self._next, None
        if embedder is not None:
            self._run(embedder, scope(), deadline)
        with self._guard:
            again, self._again = self._again, False
            self._closing = not again
        return again

    def _drop_orphans(self) -> None:
        orphans = self._store.orphans()
        if not orphans:
            return
        # The files first: killed in between, the next scan finds the same orphans again.
        for orphan in orphans:
            with contextlib.suppress(OSError):  # open in another program, on Windows
                (self._thumbs_dir / f"{orphan}.jpg").unlink(missing_ok=True)
        self._store.forget_pictures(orphans)

    def _beat(self, deadline: Deadline, ended: threading.Event) -> None:
        """Until the run ends: pass on a stop request, and let other processes see the progress."""
        while not ended.wait(BEAT_SECONDS):
            if self._stop_file.exists():
                deadline.cancel.set()
            if deadline.cancel.is_set():
                self._say_stopping()
            self._notice.write(self._progress, time.time())

    def _run(self, embedder: Embedder, scope: Scope, deadline: Deadline) -> None:
        todo = self._store.missing(embedder.id, scope)
        self._say(
            state="indexing", embedder_id=embedder.id, done=0, total=len(todo), failed=0, rate=0.0
        )
        speed = Speed()
        unanswered = 0

        def keep(outcomes: Sequence[Outcome]) -> None:
            nonlocal unanswered
            self._keep(embedder.id, outcomes)
            embedded = sum(isinstance(outcome, Embedded) for outcome in outcomes)
            speed.add(embedded)
            done = self._progress.done + embedded
            failed = self._progress.failed + len(outcomes) - embedded
            rate = speed.per_second()
            left = (len(todo) - done - failed) / rate if rate > 0 else None
            self._say(done=done, failed=failed, rate=rate, seconds_left=left)
            for outcome in outcomes:
                if not isinstance(outcome, Failed) or not outcome.unanswered:
                    unanswered = 0
                    continue
                unanswered += 1
                if unanswered >= UNANSWERED_IN_A_ROW:
                    raise EmbedderUnavailable(
                        f"Stopped after {unanswered} pictures in a row without an answer. "
                        f"{outcome.reason}"
                    )

        embed_all(self._store, self._roots, embedder, todo, deadline, keep)

    def _keep(self, embedder_id: str, outcomes: Sequence[Outcome]) -> None:
        """Commit what came in. Answers that cannot be written now wait in memory."""
        vectors = [o for o in outcomes if isinstance(o, Embedded)]
        try:
            self._store.add_vectors(embedder_id, [(o.id, o.vector, o.altered) for o in vectors])
        except IndexUnavailable:
            self._unsaved += [(embedder_id, o) for o in vectors]
            raise
        failures = [o for o in outcomes if isinstance(o, Failed)]
        self._store.add_failures(
            embedder_id, [Failure(o.id, o.path, o.reason, o.again) for o in failures]
        )

    def _save_unsaved(self) -> None:
        while self._unsaved:
            embedder_id, answer = self._unsaved[0]
            row = (answer.id, answer.vector, answer.altered)
            self._store.add_vectors(embedder_id, [row])
            self._unsaved.pop(0)


_living: weakref.WeakSet[Indexer] = weakref.WeakSet()


@atexit.register
def _stop_at_exit() -> None:
    own = [indexer for indexer in _living if indexer.is_own()]
    for indexer in own:
        indexer.stop()
    for indexer in own:
        indexer.join(EXIT_SECONDS)
