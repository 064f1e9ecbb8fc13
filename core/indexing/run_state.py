"""The states of the indexing job, and how each event changes them: data and one function.

Nothing here starts a thread or holds a lock; `Indexer` does that and applies `transition`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from core.embedders import Embedder
from core.model import Scope


class Phase(Enum):
    """What the job is doing.

    A run consists of passes. A pass is one scan of the folders and the embedding that follows it.
    """

    IDLE = "idle"  # no run is on
    SCANNING = "scanning"  # first half of a pass
    INDEXING = "indexing"  # second half of a pass: somebody embeds, or nobody was asked to
    STOPPING = "stopping"  # the run was told to stop, and still waits for answers on their way
    CLOSING = "closing"  # the work is over; the result is written down and the lock given back


@dataclass(frozen=True)
class Wish:
    """What somebody asked for with `Indexer.start`.

    embedder: who embeds after the scan; None to scan only. scope: gives the files to embed; it is
    called after the scan, because what is wanted may depend on what the scan finds.
    """

    embedder: Embedder | None
    scope: Callable[[], Scope]


@dataclass(frozen=True)
class RunState:
    """The whole state of the job.

    next_embedder: who embeds after the scan that is on, or after the next one while INDEXING.
    later_embedder: who embeds in the pass after that: another one, asked for meanwhile.
    embedder: who embeds in this pass; set when its scan is over.
    rescan_requested: something was asked for after the scan had begun, so another pass follows.
    restart_after_stop: what was asked for while the run was stopping; a new run begins with it.
    """

    phase: Phase = Phase.IDLE
    next_embedder: Embedder | None = None
    later_embedder: Embedder | None = None
    embedder: Embedder | None = None
    rescan_requested: bool = False
    restart_after_stop: Wish | None = None


@dataclass(frozen=True)
class StartAsked:
    """Somebody wants the folders scanned, and perhaps what is new embedded."""

    wish: Wish


class Happened(Enum):
    """The events that carry nothing but their name."""

    STOP_ASKED = "stop asked"  # by a person, another process, or a failure that ends the run
    SCAN_OVER = "scan over"
    PASS_OVER = "pass over"  # the scan and the embedding after it
    WORK_OVER = "work over"  # all passes were made, or an exception ended them
    LOCK_RELEASED = "lock released"  # the run has put everything away


Event: TypeAlias = StartAsked | Happened


def transition(state: RunState, event: Event) -> RunState:
    """The state after `event`.

    An event that comes too late to change anything returns the same state: a stop when nothing
    runs, or the end of a scan that was told to stop. A wish that comes while the run is CLOSING
    is not taken either: whoever has it waits until the run is over. Raises ValueError for an event
    that cannot happen in this state, such as the end of a scan that never began.
    """
    match state.phase, event:
        case Phase.IDLE, StartAsked(wish):
            return RunState(Phase.SCANNING, next_embedder=wish.embedder)
        case Phase.SCANNING | Phase.INDEXING, StartAsked(wish):
            # Where two models are in use, neither takes back what was asked of the other.
            if wish.embedder in (None, state.next_embedder) or state.next_embedder is None:
                embedder = _either(state.next_embedder, wish.embedder)
                return replace(state, next_embedder=embedder, rescan_requested=True)
            return replace(state, later_embedder=wish.embedder, rescan_requested=True)
        case Phase.STOPPING, StartAsked(wish):
            # A page that only wants a scan must not take back the "Start indexing" before it.
            waiting = state.restart_after_stop
            embedder = _either(wish.embedder, waiting.embedder if waiting else None)
            return replace(state, restart_after_stop=replace(wish, embedder=embedder))
        case Phase.CLOSING, StartAsked():
            return state

        # A stop takes back all that was wished for before it.
        case Phase.SCANNING | Phase.INDEXING, Happened.STOP_ASKED:
            return RunState(Phase.STOPPING)
        case Phase.IDLE | Phase.STOPPING | Phase.CLOSING, Happened.STOP_ASKED:
            return state

        case Phase.SCANNING, Happened.SCAN_OVER:
            return replace(
                state,
                phase=Phase.INDEXING,
                embedder=state.next_embedder,
                next_embedder=state.later_embedder,
                later_embedder=None,
            )
        case Phase.STOPPING, Happened.SCAN_OVER:
            return state

        case Phase.INDEXING, Happened.PASS_OVER if state.rescan_requested:
            return RunState(
                Phase.SCANNING,
                next_embedder=state.next_embedder,
                later_embedder=state.later_embedder,
            )
        case Phase.INDEXING, Happened.PASS_OVER:
            return RunState(Phase.CLOSING)
        # The last picture was embedded before the stop could reach it.
        case Phase.STOPPING, Happened.PASS_OVER:
            return replace(state, phase=Phase.CLOSING)

        case Phase.SCANNING | Phase.INDEXING | Phase.STOPPING, Happened.WORK_OVER:
            return RunState(Phase.CLOSING, restart_after_stop=state.restart_after_stop)
        case Phase.CLOSING, Happened.WORK_OVER:
            return state

        case Phase.CLOSING, Happened.LOCK_RELEASED:
            return RunState()
    raise ValueError(f"{event} cannot happen while the job is {state.phase.value}.")


def _either(first: Embedder | None, second: Embedder | None) -> Embedder | None:
    return second if first is None else first
