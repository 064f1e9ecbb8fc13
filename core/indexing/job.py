"""The one job that scans the folders and embeds what is missing, in the background.

A run holds the index's lock and writes its progress into the data folder, so that every session,
every object and every process on that folder sees the same run, can stop it, and never starts
another. On other hosts that share the index, the lock keeps a second run from starting.
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
from functools import partial
from pathlib import Path

from core.deadline import Deadline
from core.embedders import Embedder
from core.errors import Cancelled, EmbedderError, EmbedderUnavailable, IndexUnavailable
from core.index import Index
from core.indexing.away import away
from core.indexing.carried import Carried
from core.indexing.embed import IN_FLIGHT_BYTES, Embedded, Failed, Outcome, embed_all
from core.indexing.facts import learn_facts
from core.indexing.progress import Notice, Progress, Speed
from core.indexing.run_state import Happened, Phase, RunState, StartAsked, Wish, transition
from core.indexing.scan import scan
from core.metadata import picture_facts
from core.model import Failure, Missing, Picture, Scope
from core.sources import Sources, read_picture

log = logging.getLogger(__name__)

# One picture may be unlucky; this many in a row without any answer means that nobody is there.
UNANSWERED_IN_A_ROW = 5

# How often the runner looks for a stop request and says how far it is.
BEAT_SECONDS = 0.3

# When the program ends, answers on their way are waited for this long: they are paid for.
EXIT_SECONDS = 5.0

UNEXPECTED = "Something unexpected stopped the run; the log has the details."

# A small fact of the index: whether the place is read that a photograph was taken at.
PLACES = "places"

LOCK_LOST = (
    "The connection to the database was lost, so that another host may index now. Nothing is lost: "
    "start again to go on."
)


class Indexer:
    """The background job of one data folder. Every method returns at once."""

    def __init__(
        self,
        index: Index,
        data_dir: Path,
        roots: Mapping[str, Path],
        thumbs_dir: Path,
        ended: Callable[[], object] = lambda: None,
        sources: Sources | None = None,
    ) -> None:
        """ended: called after each run, however it ended, on the job's own thread."""
        self._sources = sources
        self._index = index
        self._ended_run = ended
        self._data_dir = data_dir
        self._thumbs_dir = thumbs_dir
        self._roots = dict(roots)
        self._run_lock = index.run_lock()
        self._lock_was_lost = False
        self._notice = Notice(data_dir / "progress.json")
        self._stop_file = data_dir / "stop"
        self._ended = 0.0  # when the last run of this object ended, in seconds since 1970
        # Answers that could not be written because the disk was full. The next run writes them
        # before it does anything else.
        self._unsaved: list[tuple[str, Embedded]] = []
        # The lock guards what follows. Whoever only reads takes one reference and needs no lock.
        self._lock = threading.Lock()
        self._state = RunState()
        self._progress = Progress()
        self._deadline = Deadline()  # of the run that is on; cancelled when the run is STOPPING
        # Set while the phase is IDLE, for those who wait. The thread cannot be joined instead: in
        # Python 3.11 a join that Ctrl-C interrupts makes a living thread look as if it had ended.
        self._idle = threading.Event()
        self._idle.set()
        _living.add(self)

    def start(self, embedder: Embedder | None, scope: Callable[[], Scope]) -> bool:
        """Scan, then embed what lacks a vector (with no embedder: only scan).

        scope: which files to embed, asked for after the scan. While this object's own run is on,
        the wish is added to it. False if another process is at work on this data folder.
        """
        wish = StartAsked(Wish(embedder, scope))
        while True:
            with self._lock:
                after = transition(self._state, wish)
                if self._state.phase is Phase.IDLE:
                    return self._begin(after, scope)
                if self._state.phase is not Phase.CLOSING:
                    self._state = after
                    return True
            self._idle.wait()  # A run that is CLOSING ends within a moment.

    def _begin(self, state: RunState, scope: Callable[[], Scope]) -> bool:
        """Enter `state` with a thread of its own. The caller holds the lock."""
        try:
            if not self._run_lock.acquire():
                return False
            self._stop_file.unlink(missing_ok=True)
        except (OSError, IndexUnavailable) as error:
            self._run_lock.release()
            sentence = str(error)
            if isinstance(error, OSError):
                sentence = f"The data folder cannot be used ({error.strerror})."
            self._progress, self._ended = Progress("failed", sentence=sentence), time.time()
            return True
        self._lock_was_lost = False
        self._deadline = Deadline()
        self._progress = Progress("scanning")
        # Last, because whoever sees the new state without the lock must find the new progress too.
        self._state = state
        self._idle.clear()
        threading.Thread(
            target=self._work, args=(scope, self._deadline), name="indexing", daemon=True
        ).start()
        return True

    def stop(self) -> None:
        """Ask the run on this data folder to stop, whoever started it."""
        if self.is_own():
            self._stop_own()
        elif self._run_lock.is_held():
            try:
                self._stop_file.touch()
            except OSError:
                log.warning("The other process cannot be told to stop", exc_info=True)

    def progress(self) -> Progress:
        """The run on this data folder, else how the last one ended. A snapshot."""
        if self.is_own():
            return self._progress
        held = self._run_lock.is_held()
        if held and self.is_own():  # It has begun since the first look.
            return self._progress
        written, at = self._notice.read()
        if held:
            # A run in another process that has written nothing yet has only just begun.
            return written if written.running else Progress("scanning")
        # A notice that still claims to be running was left by a process that was killed.
        return written if at > self._ended and not written.running else self._progress

    def is_own(self) -> bool:
        """True while this object's own run is on."""
        return self._state.phase is not Phase.IDLE

    def join(self, seconds: float | None = None) -> None:
        """Wait for this object's own run to end."""
        if seconds is not None:
            self._idle.wait(seconds)
            return
        # In slices, because a Ctrl-C that arrives at another thread (or any Ctrl-C on Windows)
        # does not interrupt a wait without a limit.
        while not self._idle.wait(BEAT_SECONDS):
            pass

    # -- the state and what follows from it --------------------------------------------------

    def _apply(self, event: Happened) -> RunState:
        with self._lock:
            self._state = transition(self._state, event)
            if self._state.phase is Phase.IDLE:
                self._idle.set()
            return self._state

    def _stop_own(self) -> None:
        with self._lock:
            self._state = transition(self._state, Happened.STOP_ASKED)
            if self._state.phase is Phase.STOPPING:
                self._deadline.cancel.set()
                self._progress = dataclasses.replace(self._progress, state="stopping")

    def _report(self, **changes: object) -> None:
        """Change some fields of the progress. A run that is stopping keeps saying so."""
        with self._lock:
            if self._state.phase is Phase.STOPPING:
                changes["state"] = "stopping"
            self._progress = dataclasses.replace(self._progress, **changes)  # type: ignore[arg-type]

    # -- on the job's own thread -------------------------------------------------------------

    def _work(self, scope: Callable[[], Scope], deadline: Deadline) -> None:
        """The whole run, from its first pass until everything is put away."""
        work_over = threading.Event()
        beat = threading.Thread(target=self._beat, args=(work_over,), daemon=True)
        beat.start()
        result, sentence = "failed", UNEXPECTED
        try:
            while self._pass(scope, deadline):
                pass
            result, sentence = "done", ""
        except Cancelled:
            result, sentence = ("failed", LOCK_LOST) if self._lock_was_lost else ("stopped", "")
        except (EmbedderError, IndexUnavailable) as error:
            sentence = str(error)
        except Exception:
            log.exception("The run ended unexpectedly")
        finally:
            restart = self._apply(Happened.WORK_OVER).restart_after_stop
            work_over.set()
            beat.join()
            self._ended = time.time()
            self._report(state=result, sentence=sentence, seconds_left=None)
            self._notice.write(self._progress, self._ended)
            with contextlib.suppress(OSError):
                self._stop_file.unlink(missing_ok=True)
            self._run_lock.release()
            self._tell_of_the_end()
            self._apply(Happened.LOCK_RELEASED)
            if restart is not None:
                self.start(restart.embedder, restart.scope)

    def _tell_of_the_end(self) -> None:
        try:
            self._ended_run()
        except Exception:  # whoever listens must not keep the job from ending
            log.exception("What follows a run went wrong")

    def _beat(self, work_over: threading.Event) -> None:
        """Until the work is over: pass on a stop request, and tell other processes the progress."""
        while not work_over.wait(BEAT_SECONDS):
            if not self._run_lock.is_held():
                self._lock_was_lost = True
                self._stop_own()
            if self._stop_file.exists():
                self._stop_own()
            self._notice.write(self._progress, time.time())

    def _pass(self, scope: Callable[[], Scope], deadline: Deadline) -> bool:
        """One scan and the embedding that follows it; True if another pass was asked for."""
        self._report(state="scanning", done=0, total=0)
        self._save_unsaved()
        carried = Carried(IN_FLIGHT_BYTES)
        scan(
            self._index,
            self._roots,
            deadline,
            lambda done, total: self._report(done=done, total=total),
            skipped=(self._data_dir, self._thumbs_dir, self._thumbs_dir.with_name("maps")),
            carry=self._carrier(carried),
            sources=self._sources,
            told=partial(picture_facts, places=self._index.meta(PLACES) == "1"),
        )
        self._drop_orphans()
        learn_facts(self._index, self._roots, self._sources, deadline)
        embedder = self._apply(Happened.SCAN_OVER).embedder
        deadline.check()
        if embedder is not None:
            self._embed(embedder, scope(), deadline, carried)
        return self._apply(Happened.PASS_OVER).phase is Phase.SCANNING

    def _carrier(self, carried: Carried) -> Callable[[str, bytes], None]:
        """What keeps the bytes of the pictures that the embedding of this pass will ask for."""
        embedder = self._state.next_embedder

        def carry(picture_id: str, data: bytes) -> None:
            # A picture that is new here may have its vector from an imported index.
            if embedder is not None and self._index.vector(embedder.id, picture_id) is None:
                carried.offer(picture_id, data)

        return carry

    def _drop_orphans(self) -> None:
        orphans = self._index.orphans()
        if not orphans:
            return
        # The thumbnails go first: killed in between, the next scan finds the same orphans again.
        for orphan in orphans:
            with contextlib.suppress(OSError):  # open in another program, on Windows
                (self._thumbs_dir / f"{orphan}.jpg").unlink(missing_ok=True)
        self._index.forget_pictures(orphans)

    def _embed(
        self, embedder: Embedder, scope: Scope, deadline: Deadline, carried: Carried
    ) -> None:
        todo = self._there(self._index.missing(embedder.id, scope))
        carried.keep_only({item.picture_id for item in todo})
        self._report(
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
            self._report(done=done, failed=failed, rate=rate, seconds_left=left)
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

        def read(picture: Picture) -> bytes | None:
            data = carried.take(picture.id)
            return read_picture(picture, self._roots, fetch) if data is None else data

        def fetch(path: str) -> bytes | None:
            return self._sources.read(path, deadline) if self._sources is not None else None

        embed_all(self._index, read, embedder, todo, deadline, keep, self._stop_own)

    def _there(self, todo: Sequence[Missing]) -> list[Missing]:
        """Those that have a file on this disk now: what is away waits, and is no failure."""
        gone = tuple(place.path for place in away(self._index))
        unseen = self._index.pictures([i.picture_id for i in todo if i.path.startswith(gone)])
        lost = {p.id for p in unseen.values() if all(path.startswith(gone) for path in p.paths)}
        return [item for item in todo if item.picture_id not in lost]

    def _keep(self, embedder_id: str, outcomes: Sequence[Outcome]) -> None:
        """Commit what came in. Answers that cannot be written now wait in memory."""
        vectors = [o for o in outcomes if isinstance(o, Embedded)]
        try:
            self._index.add_vectors(embedder_id, [(o.id, o.vector, o.altered) for o in vectors])
        except IndexUnavailable:
            self._unsaved += [(embedder_id, o) for o in vectors]
            raise
        failures = [o for o in outcomes if isinstance(o, Failed)]
        self._index.add_failures(
            embedder_id, [Failure(o.id, o.path, o.reason, o.again) for o in failures]
        )

    def _save_unsaved(self) -> None:
        while self._unsaved:
            embedder_id, answer = self._unsaved[0]
            row = (answer.id, answer.vector, answer.altered)
            self._index.add_vectors(embedder_id, [row])
            self._unsaved.pop(0)


_living: weakref.WeakSet[Indexer] = weakref.WeakSet()


@atexit.register
def _stop_at_exit() -> None:
    own = [indexer for indexer in _living if indexer.is_own()]
    for indexer in own:
        indexer.stop()
    for indexer in own:
        indexer.join(EXIT_SECONDS)
