"""A public showcase on the service's double: caps that hold, and what answers all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from core.errors import CapReached, EmbedderError
from core.settings import load_settings
from core.workspace import BANK_WORDS, Workspace
from tests.azure_emulator import Emulator
from tests.conftest import fill, wait_for

# Each part of a query is a text of its own, and the same one is asked for once. None of them is a
# word of the list that is asked for too.
QUERIES = ["red boat + blue door - white fence", "red all over", "red boat"]
TEXTS = ["red boat", "blue door", "white fence", "red all over"]

Opening = Callable[..., Workspace]


@pytest.fixture
def opening(tmp_path: Path, emulator: Emulator) -> Iterator[Opening]:
    """opening(CALLS_PER_DAY="3") is a workspace on the same two pictures, its first scan over."""
    fill(tmp_path / "images", 2)
    with ExitStack() as stack:

        def open_(visitor: Callable[[], str] = lambda: "", **settings: str) -> Workspace:
            environ = {"VISION_ENDPOINT": emulator.url, "VISION_KEY": emulator.key, **settings}
            workspace = Workspace(load_settings(environ, root=tmp_path), tmp_path, visitor=visitor)
            stack.callback(workspace.close)
            workspace.indexer.join(60)
            return workspace

        yield open_


def test_twenty_visitors_at_once_pay_for_no_more_than_the_cap(
    opening: Opening, emulator: Emulator
) -> None:
    name = threading.local()
    workspace = opening(lambda: str(name.visitor), CALLS_PER_DAY="7")
    emulator.latency = 0.05
    outcomes: list[str] = []
    all_there = threading.Barrier(20)

    def search(number: int) -> None:
        name.visitor = f"visitor {number}"
        all_there.wait()
        try:
            workspace.queries.text(f"red {number}")
            outcomes.append("answered")
        except EmbedderError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=search, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("answered"), outcomes.count("CapReached")) == (7, 13)
    assert len(emulator.calls) == workspace.usage().answered == 7


def test_what_was_asked_before_answers_where_a_cap_is_reached(
    opening: Opening, emulator: Emulator
) -> None:
    known = opening().queries.text("red")
    capped = opening(CALLS_PER_DAY="1")
    assert np.array_equal(capped.queries.text("red"), known)
    with pytest.raises(CapReached):
        capped.queries.text("blue")
    assert len(emulator.calls) == 1


def test_one_visitor_leaves_something_for_the_others(opening: Opening) -> None:
    visitors = ["ada"]
    workspace = opening(lambda: visitors[-1], VISITOR_CALLS_PER_DAY="1")
    workspace.queries.text("red")
    with pytest.raises(CapReached, match="Your 1 call"):
        workspace.queries.text("blue")
    visitors.append("bob")
    workspace.queries.text("blue")


def test_a_refusal_of_the_service_uses_up_no_cap(opening: Opening, emulator: Emulator) -> None:
    workspace = opening(CALLS_PER_DAY="1")
    emulator.plan("bad request")
    with pytest.raises(EmbedderError):
        workspace.queries.text("red")
    workspace.queries.text("blue")
    usage = workspace.usage()
    assert (usage.answered, usage.refused) == (1, 1)


def test_a_run_ends_at_the_cap_with_a_sentence_and_keeps_what_it_paid_for(
    opening: Opening, emulator: Emulator, tmp_path: Path
) -> None:
    fill(tmp_path / "images", 6)
    workspace = opening(CALLS_PER_DAY="4")
    workspace.start_indexing()
    workspace.indexer.join(60)
    progress = workspace.progress()
    assert progress.state == "failed"
    assert "Today’s 4 calls" in progress.sentence
    assert (workspace.status().indexed, len(emulator.calls)) == (4, 4)
    assert not workspace.not_indexed_counts()
    free = opening()
    free.start_indexing()
    free.indexer.join(60)
    assert (free.status().indexed, len(emulator.calls)) == (6, 6)


# -- preparing it ----------------------------------------------------------------------------


def prepared(workspace: Workspace) -> None:
    workspace.words.prepare_showcase(QUERIES)
    wait_for(lambda: not workspace.words.showcase_state(QUERIES).learning, 60)


def test_the_calls_of_preparing_are_known_beforehand(opening: Opening, emulator: Emulator) -> None:
    workspace = opening()
    workspace.queries.text("red all over")
    state = workspace.words.showcase_state(QUERIES)
    assert (state.known, state.total) == (1, BANK_WORDS + len(TEXTS))
    before = len(emulator.calls)
    prepared(workspace)
    assert len(emulator.calls) - before == state.left
    assert workspace.words.showcase_state(QUERIES).complete


def test_a_prepared_showcase_answers_where_no_call_may_be_made(opening: Opening) -> None:
    prepared(opening())
    capped = opening(CALLS_PER_DAY="0")
    for text in TEXTS:
        assert len(capped.queries.text(text)) == 1024
    assert capped.words.bank_state().complete


def test_preparing_that_was_stopped_goes_on_where_it_was(
    opening: Opening, emulator: Emulator
) -> None:
    workspace = opening()
    emulator.latency = 0.02
    workspace.words.prepare_showcase(QUERIES)
    wait_for(lambda: workspace.words.showcase_state(QUERIES).known >= 4, 60)
    workspace.words.stop_preparing()
    wait_for(lambda: not workspace.words.showcase_state(QUERIES).learning, 60)
    state = workspace.words.showcase_state(QUERIES)
    assert 4 <= state.known < state.total
    emulator.latency = 0.0
    prepared(workspace)
    assert workspace.words.showcase_state(QUERIES).complete
    # Of those in the air when it was stopped, one of each kind may not have been kept.
    assert len(emulator.calls) <= state.total + 2


def test_preparing_that_meets_a_cap_says_so(opening: Opening) -> None:
    workspace = opening(CALLS_PER_DAY="3")
    prepared(workspace)
    state = workspace.words.showcase_state(QUERIES)
    assert state.known == 3
    assert "Today’s 3 calls" in state.problem
