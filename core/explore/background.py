"""What takes seconds to make of a scope's pictures: made in the background, and kept."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from core.deadline import Deadline
from core.errors import Cancelled, IndexUnavailable
from core.index import VectorSpace
from core.model import Scope

log = logging.getLogger(__name__)


class OfGeneration(Protocol):
    """Something that is true of one state of the index."""

    @property
    def generation(self) -> int: ...


T = TypeVar("T", bound=OfGeneration)

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1; what it raises ends the work."""


class PerScope(Generic[T]):
    """One thing for each scope that is asked for, and the thread that makes them one by one.

    Safe to use from many threads.
    """

    def __init__(
        self,
        space: VectorSpace,
        make: Callable[[Scope, Progress], T],
        is_running: Callable[[], bool],
        *,
        name: str,
        held: int,
    ) -> None:
        """make: called in the thread. is_running: whether a run is on that changes the collection
        from moment to moment. name: of what is made, for the log. held: how many are kept."""
        self._space = space
        self._make = make
        self._is_running = is_running
        self._name = name
        self._held = held
        self._deadline = Deadline()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._made: OrderedDict[Scope, T] = OrderedDict()
        # What is asked for, in that order, with the share that is done.
        self._wanted: dict[Scope, float] = {}
        self._failed: dict[Scope, int] = {}
        self._thread: threading.Thread | None = None

    def get(self, scope: Scope, wait: float = 0.0) -> T | None:
        """What was made of a scope, waited for so many seconds; None while there is none.

        While the collection changes, and until it was made anew, it is the one from before.
        """
        generation = self._space.generation()
        with self._lock:
            made = self._made.get(scope)
            if made is None or (made.generation != generation and not self._is_running()):
                self._begin(scope, generation)
            if made is None and wait:
                self._changed.wait_for(lambda: scope not in self._wanted, wait)
            elif made is not None:
                self._made.move_to_end(scope)
            return self._made.get(scope)

    def progress(self, scope: Scope) -> float | None:
        """The share of the work on a scope that is done, 0 to 1; None if nobody works on it."""
        with self._lock:
            return self._wanted.get(scope)

    def close(self) -> None:
        """Stop, for good; what was not finished is made another time."""
        self._deadline.cancel.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _begin(self, scope: Scope, generation: int) -> None:
        if scope in self._wanted or self._failed.get(scope) == generation:
            return
        self._wanted[scope] = 0.0
        if self._thread is None and not self._deadline.cancel.is_set():
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted or self._deadline.cancel.is_set():
                    self._thread = None
                    return
                scope = next(iter(self._wanted))
            made, generation = None, -1
            try:
                generation = self._space.generation()
                made = self._make(scope, partial(self._report, scope))
            except (Cancelled, IndexUnavailable) as error:
                log.info("Making the %s is put off: %s", self._name, error)
            except Exception:
                # Not again before something has changed.
                log.exception("The %s could not be made", self._name)
                self._failed[scope] = generation
            with self._lock:
                if made is not None:
                    self._made[scope] = made
                    self._made.move_to_end(scope)
                    if len(self._made) > self._held:
                        self._made.popitem(last=False)
                del self._wanted[scope]
                self._changed.notify_all()

    def _report(self, scope: Scope, share: float) -> None:
        self._deadline.check()
        # Only this thread takes a scope away.
        self._wanted[scope] = share
