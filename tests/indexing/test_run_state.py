"""The states of the indexing job, as a table: every state meets every event."""

from __future__ import annotations

import pytest

from core.indexing.run_state import Event, Happened, Phase, RunState, StartAsked, Wish, transition
from core.model import EVERYTHING, OWN, Scope
from tests.conftest import ColourEmbedder

FIRST, SECOND = ColourEmbedder(), ColourEmbedder()


def everything() -> Scope:
    return EVERYTHING


def own() -> Scope:
    return OWN


STATES = {
    "idle": RunState(),
    "scanning only": RunState(Phase.SCANNING),
    "scanning for an embedder": RunState(Phase.SCANNING, next_embedder=FIRST),
    "scanning, and once more": RunState(Phase.SCANNING, next_embedder=FIRST, rescan_requested=True),
    "scanning for one, then for another": RunState(
        Phase.SCANNING, next_embedder=FIRST, later_embedder=SECOND, rescan_requested=True
    ),
    "indexing": RunState(Phase.INDEXING, embedder=FIRST),
    "indexing, a scan follows": RunState(Phase.INDEXING, embedder=FIRST, rescan_requested=True),
    "indexing, another embedder follows": RunState(
        Phase.INDEXING, embedder=FIRST, next_embedder=SECOND, rescan_requested=True
    ),
    "indexing by nobody": RunState(Phase.INDEXING),
    "stopping": RunState(Phase.STOPPING),
    "stopping, a scan follows": RunState(Phase.STOPPING, restart_after_stop=Wish(None, own)),
    "stopping, a run follows": RunState(Phase.STOPPING, restart_after_stop=Wish(FIRST, everything)),
    "closing": RunState(Phase.CLOSING),
    "closing, a run follows": RunState(Phase.CLOSING, restart_after_stop=Wish(FIRST, everything)),
}

EVENTS: dict[str, Event] = {
    "a scan is asked for": StartAsked(Wish(None, own)),
    "a run is asked for": StartAsked(Wish(SECOND, own)),
    **{event.value: event for event in Happened},
}

SAME = "the same state"
NEVER = "cannot happen"

# One row for each state, one column for each event in the order of EVENTS. A cell says which state
# follows: by its name in STATES, or written out where it has no name there.
TABLE: dict[str, tuple[str | RunState, ...]] = {
    "idle": (
        "scanning only",
        RunState(Phase.SCANNING, next_embedder=SECOND),
        SAME,
        NEVER,
        NEVER,
        NEVER,
        NEVER,
    ),
    "scanning only": (
        RunState(Phase.SCANNING, rescan_requested=True),
        RunState(Phase.SCANNING, next_embedder=SECOND, rescan_requested=True),
        "stopping",
        "indexing by nobody",
        NEVER,
        "closing",
        NEVER,
    ),
    "scanning for an embedder": (
        "scanning, and once more",
        "scanning for one, then for another",
        "stopping",
        "indexing",
        NEVER,
        "closing",
        NEVER,
    ),
    "scanning, and once more": (
        SAME,
        "scanning for one, then for another",
        "stopping",
        "indexing, a scan follows",
        NEVER,
        "closing",
        NEVER,
    ),
    "scanning for one, then for another": (
        SAME,
        SAME,
        "stopping",
        "indexing, another embedder follows",
        NEVER,
        "closing",
        NEVER,
    ),
    "indexing": (
        "indexing, a scan follows",
        "indexing, another embedder follows",
        "stopping",
        NEVER,
        "closing",
        "closing",
        NEVER,
    ),
    "indexing, a scan follows": (
        SAME,
        "indexing, another embedder follows",
        "stopping",
        NEVER,
        "scanning only",
        "closing",
        NEVER,
    ),
    "indexing, another embedder follows": (
        SAME,
        SAME,
        "stopping",
        NEVER,
        RunState(Phase.SCANNING, next_embedder=SECOND),
        "closing",
        NEVER,
    ),
    "indexing by nobody": (
        RunState(Phase.INDEXING, rescan_requested=True),
        RunState(Phase.INDEXING, next_embedder=SECOND, rescan_requested=True),
        "stopping",
        NEVER,
        "closing",
        "closing",
        NEVER,
    ),
    "stopping": (
        "stopping, a scan follows",
        RunState(Phase.STOPPING, restart_after_stop=Wish(SECOND, own)),
        SAME,
        SAME,
        "closing",
        "closing",
        NEVER,
    ),
    "stopping, a scan follows": (
        SAME,
        RunState(Phase.STOPPING, restart_after_stop=Wish(SECOND, own)),
        SAME,
        SAME,
        RunState(Phase.CLOSING, restart_after_stop=Wish(None, own)),
        RunState(Phase.CLOSING, restart_after_stop=Wish(None, own)),
        NEVER,
    ),
    "stopping, a run follows": (
        RunState(Phase.STOPPING, restart_after_stop=Wish(FIRST, own)),
        RunState(Phase.STOPPING, restart_after_stop=Wish(SECOND, own)),
        SAME,
        SAME,
        "closing, a run follows",
        "closing, a run follows",
        NEVER,
    ),
    "closing": (SAME, SAME, SAME, NEVER, NEVER, SAME, "idle"),
    "closing, a run follows": (SAME, SAME, SAME, NEVER, NEVER, SAME, "idle"),
}

CELLS = [
    pytest.param(STATES[state], event, follows, id=f"{state} + {name}")
    for state, row in TABLE.items()
    for (name, event), follows in zip(EVENTS.items(), row, strict=True)
]


@pytest.mark.parametrize(("state", "event", "follows"), CELLS)
def test_each_state_answers_each_event_as_the_table_says(
    state: RunState, event: Event, follows: str | RunState
) -> None:
    if follows == NEVER:
        with pytest.raises(ValueError, match="cannot happen"):
            transition(state, event)
        return
    if isinstance(follows, str):
        follows = state if follows == SAME else STATES[follows]
    assert transition(state, event) == follows


def test_the_table_has_a_row_for_every_phase_and_a_column_for_every_event() -> None:
    assert TABLE.keys() == STATES.keys()
    assert {state.phase for state in STATES.values()} == set(Phase)
    assert {event for event in EVENTS.values() if isinstance(event, Happened)} == set(Happened)


def test_a_run_that_nobody_disturbs_ends_where_it_began() -> None:
    state = RunState()
    for event in (
        StartAsked(Wish(FIRST, everything)),
        Happened.SCAN_OVER,
        Happened.PASS_OVER,
        Happened.WORK_OVER,
        Happened.LOCK_RELEASED,
    ):
        state = transition(state, event)
    assert state == RunState()


def test_a_stop_during_a_scan_takes_back_the_embedding_that_was_to_follow() -> None:
    state = transition(RunState(), StartAsked(Wish(FIRST, everything)))
    state = transition(state, Happened.STOP_ASKED)
    state = transition(state, StartAsked(Wish(None, own)))
    assert state.restart_after_stop == Wish(None, own)
