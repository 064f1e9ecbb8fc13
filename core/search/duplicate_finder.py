"""Finds the near-duplicates of one embedder in the background, whenever the collection changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from core.deadline import Deadline
from core.errors import Cancelled, IndexUnavailable, PictureError
from core.index import Index, NearDuplicates, VectorSpace
from core.pictures import SIGNATURE_BYTES, signature
from core.search.near_duplicates import CANDIDATES, near_duplicates

log = logging.getLogger(__name__)

# Signatures are kept in batches, so that a program that ends in between has lost little.
SIGNED_AT_ONCE = 500


class DuplicateFinder:
    """The groups of near-duplicates of one embedder, and the thread that looks for them.

    Safe to use from many threads. The groups are kept in the index with the state of it that they
    belong to: a program that was killed looks again when it is next started.
    """

    def __init__(self, index: Index, space: VectorSpace, embedder_id: str) -> None:
        self._index = index
        self._space = space
        self._embedder_id = embedder_id
        self._deadline = Deadline()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None  # None while nobody looks
        self._failed: int | None = None  # the state in which they could not be found
        self._again = False  # asked for while the thread was looking
        self._numbers: tuple[NearDuplicates, Mapping[str, int]] = (NearDuplicates(), {})

    def refresh(self) -> None:
        """Begin to look again if the collection has changed since; returns at once."""
        with self._lock:
            self._again = True
            if self._thread is None and not self._deadline.cancel.is_set():
                self._thread = threading.Thread(
                    target=self._work, name="near-duplicates", daemon=True
                )
                self._thread.start()

    def join(self, seconds: float | None = None) -> None:
        """Wait until nobody looks any more."""
        with self._lock:  # under which it is started too
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def is_current(self) -> bool:
        """False while the groups are those of an older state; true if they cannot be found anew.

        Raises IndexUnavailable.
        """
        generation = self._space.generation()
        found = self._index.near_duplicates(self._embedder_id).generation
        return generation in (found, self._failed)

    def close(self) -> None:
        """Stop looking, for good."""
        self._deadline.cancel.set()
        self.join()

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups that were found last; while the collection changes, those before.

        Raises IndexUnavailable.
        """
        return self._index.near_duplicates(self._embedder_id).groups

    def group_numbers(self) -> Mapping[str, int]:
        """The number of the group of each picture that is in one. Raises IndexUnavailable."""
        found = self._index.near_duplicates(self._embedder_id)
        if self._numbers[0] is not found:
            numbers = {i: number for number, group in enumerate(found.groups) for i in group}
            self._numbers = found, numbers
        return self._numbers[1]

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._again:
                    self._thread = None
                    return
                self._again = False
            try:
                self._look()
            except (Cancelled, IndexUnavailable) as error:
                log.info("Near-duplicates are looked for another time: %s", error)
            except Exception:
                log.exception("Near-duplicates could not be looked for")
                self._failed = self._space.generation()

    def _look(self) -> None:
        if self._index.near_duplicates(self._embedder_id).generation == self._space.generation():
            return
        neighbours = self._space.neighbours(CANDIDATES, self._deadline)
        signatures = self._signatures(neighbours.ids)
        groups = near_duplicates(neighbours, signatures, self._deadline)
        self._index.set_near_duplicates(
            self._embedder_id, NearDuplicates(neighbours.generation, groups)
        )

    def _signatures(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The signatures of these pictures; those that are missing are made from the thumbnails."""
        kept = self._index.signatures(ids)
        found = {i: kept[i] for i in ids if len(kept.get(i, b"")) == SIGNATURE_BYTES}
        missing = [i for i in ids if i not in found]
        for start in range(0, len(missing), SIGNED_AT_ONCE):
            made = {}
            for picture_id in missing[start : start + SIGNED_AT_ONCE]:
                self._deadline.check()
                try:
                    made[picture_id] = signature(self._index.thumbnail(picture_id) or b"")
                except PictureError:
                    continue  # its thumbnail went away, or is damaged
            self._index.add_signatures(made)
            found.update(made)
        return found
