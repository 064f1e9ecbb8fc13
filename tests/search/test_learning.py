"""core.search.learning: texts that are asked for once, in the background."""

from __future__ import annotations

from pathlib import Path

from core.index.sqlite.engine import SqliteIndex
from core.search import Learning, LearningState, QueryVectors
from tests.conftest import ColourEmbedder, wait_for


def test_a_text_that_the_model_refuses_is_left_out_for_good(tmp_path: Path) -> None:
    embedder = ColourEmbedder()
    learning = Learning(QueryVectors(SqliteIndex(tmp_path), embedder), ["red", "a word", "blue"])
    learning.start()
    wait_for(lambda: not learning.is_on())
    calls = len(embedder.calls)
    learning.look_again()
    assert learning.state() == LearningState(2, 2, learning=False, problem="")
    learning.start()
    wait_for(lambda: not learning.is_on())
    assert len(embedder.calls) == calls
