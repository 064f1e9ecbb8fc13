"""Pictures -> vectors, many at a time: the part of a run that costs time and money."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TypeAlias

from core.deadline import Deadline
from core.embedders import Embedder
from core.errors import (
    Cancelled,
    CapReached,
    EmbedderError,
    EmbedderRefused,
    EmbedderUnavailable,
    IndexUnavailable,
    PictureError,
)
from core.index import Index
from core.indexing.workers import Workers
from core.model import Missing, Picture
from core.pictures import payload
from core.vectors import RawVector

log = logging.getLogger(__name__)

# Bytes of files that are held in memory for the calls in flight, and at most as many again that
# the scan carries over to them. A host may have 690 MB for everything; sixteen calls with the
# largest picture each would take half of it.
IN_FLIGHT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Embedded:
    id: str
    vector: RawVector
    altered: bool  # a smaller copy was sent instead of the file


@dataclass(frozen=True)
class Failed:
    """A picture that got no vector.

    again: it may go well the next time. unanswered: nobody was there to say anything about it.
    """

    id: str
    path: str
    reason: str
    again: bool
    unanswered: bool = False


Outcome: TypeAlias = Embedded | Failed


def embed_all(
    index: Index,
    read: Callable[[Picture], bytes | None],
    embedder: Embedder,
    todo: Sequence[Missing],
    deadline: Deadline,
    keep: Callable[[Sequence[Outcome]], None],
    stop: Callable[[], None],
) -> None:
    """Embed with several calls in flight, and hand every outcome to `keep` as it comes.

    read: gives a picture's bytes, None if they are gone; it is called on many threads at once.
    stop: called, perhaps several times, when something ends the run before its time; it has to
    cancel `deadline`. What ends the run (Cancelled, EmbedderRefused, or whatever `keep` raises) is
    raised only after every call in flight has come to its end and `keep` was given its outcome:
    it was paid for.
    """
    batches = deque(_batches(todo, embedder.batch_size))
    running: dict[Future[list[Outcome]], int] = {}
    ending: Exception | None = None
    with Workers(embedder.concurrency, "embed") as workers:
        while True:
            # One batch beyond the calls in flight, so that no worker waits for this thread.
            while batches and len(running) <= embedder.concurrency and not deadline.cancel.is_set():
                size = sum(item.bytes for item in batches[0])
                if running and sum(running.values()) + size > IN_FLIGHT_BYTES:
                    break
                future = workers.submit(_embed, index, read, embedder, batches.popleft(), deadline)
                running[future] = size
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            outcomes: list[Outcome] = []
            # In the order of their submission, because `keep` counts how many in a row went wrong;
            # `finished` is a set and has no order.
            for future in [future for future in running if future in finished]:
                del running[future]
                try:
                    outcomes += future.result()
                except (EmbedderError, IndexUnavailable) as error:
                    ending = _weightier(ending, error)
            try:
                keep(outcomes)
            except (EmbedderError, IndexUnavailable) as error:
                ending = _weightier(ending, error)
            if isinstance(ending, CapReached):
                # The calls in flight are within the cap: cancelled, they would leave it unused.
                batches.clear()
            elif ending is not None:
                stop()
    if ending is not None:
        raise ending
    deadline.check()


def _weightier(first: Exception | None, second: Exception) -> Exception:
    """Which of two reasons ends the run: the stop that follows a reason says nothing new."""
    return second if first is None or isinstance(first, Cancelled) else first


def _batches(todo: Sequence[Missing], size: int) -> Iterator[list[Missing]]:
    """Up to `size` pictures at a time, fewer where their files are large."""
    batch: list[Missing] = []
    held = 0
    for item in todo:
        # A quarter: others are in flight at the same time.
        if batch and (len(batch) == size or held + item.bytes > IN_FLIGHT_BYTES // 4):
            yield batch
            batch, held = [], 0
        batch.append(item)
        held += item.bytes
    if batch:
        yield batch


def _embed(
    index: Index,
    read: Callable[[Picture], bytes | None],
    embedder: Embedder,
    batch: Sequence[Missing],
    deadline: Deadline,
) -> list[Outcome]:
    """One batch, on a worker's thread. Raises what ends the run."""
    outcomes: list[Outcome] = []
    ready: list[tuple[Missing, bytes, bool]] = []
    known = index.pictures([item.picture_id for item in batch])
    for item in batch:
        deadline.check()
        picture = known.get(item.picture_id)
        data = read(picture) if picture else None
        if picture is None or data is None:
            reason = "The file was deleted or changed after the scan; start again."
            outcomes.append(Failed(item.picture_id, item.path, reason, again=True))
            continue
        try:
            sent = payload(data, picture, embedder.limits)
        except PictureError as error:
            outcomes.append(Failed(item.picture_id, item.path, str(error), again=False))
            continue
        ready.append((item, sent.data, sent.altered))
    return outcomes + _ask(embedder, ready, deadline)


def _ask(
    embedder: Embedder, ready: Sequence[tuple[Missing, bytes, bool]], deadline: Deadline
) -> list[Outcome]:
    if not ready:
        return []
    try:
        vectors = embedder.embed_images([data for _, data, _ in ready], deadline)
        return [
            Embedded(item.picture_id, vector, altered)
            for (item, _, altered), vector in zip(ready, vectors, strict=True)
        ]
    except (EmbedderRefused, Cancelled):
        raise
    except EmbedderError as error:
        reason, unanswered = str(error), isinstance(error, EmbedderUnavailable)
    except Exception:  # one picture must never end the run of all others
        log.exception("An embedder failed in a way that it does not say")
        reason, unanswered = "Something unexpected happened; the log has the details.", True
    if len(ready) == 1:
        item = ready[0][0]
        return [Failed(item.picture_id, item.path, reason, unanswered, unanswered)]
    # Find the one that spoils the batch.
    return [outcome for one in ready for outcome in _ask(embedder, [one], deadline)]
