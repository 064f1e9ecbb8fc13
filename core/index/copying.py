"""Copying an index from one engine to another, in the background."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.deadline import Deadline
from core.errors import Cancelled, IndexUnavailable
from core.index.columns import add_columns, columns_of
from core.index.port import ArchivedPicture, Index
from core.model import EVERYTHING

log = logging.getLogger(__name__)

# Pictures in one transaction: what a copy that breaks off has to do again, and some megabytes.
AT_ONCE = 500

UNEXPECTED = "Something unexpected stopped the copy; the log has the details."


@dataclass(frozen=True)
class CopyState:
    """How far a copy is. state: idle, running, done, stopped or failed. done, total: vectors."""

    state: str = "idle"
    done: int = 0
    total: int = 0
    sentence: str = ""

    @property
    def running(self) -> bool:
        return self.state == "running"


class Copying:
    """One copy at a time. What is there already is not sent again, so that it can be resumed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._deadline = Deadline()
        self._state = CopyState()

    def state(self) -> CopyState:
        return self._state

    def start(self, open_both: Callable[[], tuple[Index, Index]]) -> bool:
        """Copy from the first to the second; False while a copy is on.

        open_both: called on the copy's own thread; both are closed at its end.
        """
        with self._guard:
            if self._state.running:
                return False
            self._deadline = Deadline()
            self._state = CopyState("running")
        threading.Thread(target=self._work, args=(open_both,), name="copy", daemon=True).start()
        return True

    def cancel(self) -> None:
        """What was copied stays; the next copy goes on from there."""
        self._deadline.cancel.set()

    def _work(self, open_both: Callable[[], tuple[Index, Index]]) -> None:
        state, sentence = "failed", UNEXPECTED
        try:
            source, target = open_both()
            try:
                for done, total in copy_index(source, target, self._deadline):
                    self._state = replace(self._state, done=done, total=total)
                state, sentence = "done", ""
            finally:
                source.close()
                target.close()
        except Cancelled:
            state, sentence = "stopped", ""
        except IndexUnavailable as error:
            sentence = str(error)
        except Exception:
            log.exception("The copy ended unexpectedly")
        self._state = replace(self._state, state=state, sentence=sentence)


def copy_index(source: Index, target: Index, deadline: Deadline) -> Iterator[tuple[int, int]]:
    """Add what `source` knows to `target`; yields (vectors done, vectors to do) as it goes on.

    Files, pictures and what they say of themselves, vectors, the queries that were paid for, the
    saved searches and the votes.
    Nothing that the target has is changed, and nothing is embedded. Raises Cancelled,
    IndexUnavailable.
    """
    embedders = source.embedders()
    total = sum(source.counts(embedder, EVERYTHING)[0] for embedder in embedders)
    files, own_facts = source.files(), source.own_facts()
    done = 0
    yield done, total
    for embedder in embedders:
        with source.export(embedder, EVERYTHING) as (altered, rows):
            while some := dict(itertools.islice(rows, AT_ONCE)):
                deadline.check()
                new = set(some) - target.held(embedder, list(some))
                known = source.pictures(sorted(new))
                target.import_pictures(
                    embedder,
                    [
                        ArchivedPicture(
                            picture,
                            source.thumbnail(picture_id) or b"",
                            some[picture_id].vector,
                            altered[picture_id],
                            some[picture_id].length,
                            own_facts.get(picture_id, {}),
                        )
                        for picture_id, picture in known.items()
                    ],
                    trusted=True,
                )
                # With size and time, so that the next scan finds these files as they were.
                paths = [path for picture in known.values() for path in picture.paths]
                seen = [files[path] for path in paths if path in files]
                target.add_files([row for row in seen if row.size is not None])
                done += len(some)
                yield done, total
        for kind, key in source.query_keys(embedder):
            deadline.check()
            kept = source.query_vector(embedder, kind, key)
            if kept is not None and target.query_vector(embedder, kind, key) is None:
                raw = kept.vector * np.float32(kept.length or 1.0)
                target.add_query_vector(embedder, kind, key, raw)
    add_columns(target, columns_of(source))
    there = {(search.name, search.address) for search in target.saved_searches()}
    for search in reversed(source.saved_searches()):
        if (search.name, search.address) not in there:
            target.save_search(search)
    voted = {(vote.query, frozenset((vote.better, vote.other))) for vote in target.votes()}
    for vote in source.votes():
        if (vote.query, frozenset((vote.better, vote.other))) not in voted:
            target.add_vote(vote)
