"""Query vectors: each text is paid for once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from core.deadline import Deadline
from core.errors import EmbedderUnavailable, InputRefused
from core.index.sqlite.engine import SqliteIndex
from core.model import FileRow
from core.search import query_vectors as module
from core.search.query_vectors import QueryVectors
from core.vectors import unit
from tests.conftest import ColourEmbedder, plain, wait_for
from tests.index.samples import a_picture
from tests.small_disk import fill_up, needs_mount, small_disk


def in_threads(count: int, work: object) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_a_text_is_asked_for_once(store: SqliteIndex) -> None:
    embedder = ColourEmbedder()
    queries = QueryVectors(store, embedder)
    first = queries.text("red")
    assert np.array_equal(queries.text("  red "), first)
    assert embedder.calls == ["text"]


def test_a_paid_text_is_remembered_after_a_restart(store: SqliteIndex) -> None:
    first = QueryVectors(store, ColourEmbedder()).text("red")
    embedder = ColourEmbedder()
    again = QueryVectors(store, embedder)
    assert again.is_free("red")
    assert np.array_equal(again.text("red"), first)
    assert embedder.calls == []


def test_a_free_text_costs_no_row_on_the_disk(store: SqliteIndex) -> None:
    queries = QueryVectors(store, ColourEmbedder(paid=False))
    queries.text("red")
    assert queries.is_free("blue")
    assert store.query_vector("colour:1", "text", "red") is None


def test_ten_visitors_with_one_text_cause_one_call(store: SqliteIndex) -> None:
    embedder = ColourEmbedder()
    queries = QueryVectors(store, embedder)
    together = threading.Barrier(10)
    found: list[bytes] = []

    def visit() -> None:
        together.wait(10)
        found.append(queries.text("a blue house").tobytes())

    in_threads(10, visit)
    assert embedder.calls == ["text"]
    assert len(found) == 10
    assert len(set(found)) == 1


def test_two_texts_do_not_wait_for_each_other(store: SqliteIndex) -> None:
    both = threading.Barrier(2)
    embedder = ColourEmbedder(before_answer=lambda deadline: both.wait(10) and None)
    queries = QueryVectors(store, embedder)
    other = threading.Thread(target=queries.text, args=("red",))
    other.start()
    queries.text("blue")
    other.join(10)
    assert len(embedder.calls) == 2


def test_a_refused_text_is_a_sentence_and_asked_again_the_next_time(store: SqliteIndex) -> None:
    embedder = ColourEmbedder()
    queries = QueryVectors(store, embedder)
    for _ in range(2):
        with pytest.raises(InputRefused, match="colour"):
            queries.text("justice")
    assert len(embedder.calls) == 2
    assert not queries.is_free("justice")


def test_who_waits_for_anothers_call_waits_no_longer_than_for_an_own_one(
    store: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()
    embedder = ColourEmbedder(before_answer=lambda deadline: going.wait(10) and None)
    queries = QueryVectors(store, embedder)
    first = threading.Thread(target=queries.text, args=("red",))
    first.start()
    wait_for(lambda: embedder.calls)
    monkeypatch.setattr(
        module.Deadline, "for_person", classmethod(lambda cls: Deadline(at=0.0, interactive=True))
    )
    with pytest.raises(EmbedderUnavailable, match="in time"):
        queries.text("red")
    going.set()
    first.join(10)
    assert len(embedder.calls) == 1


def test_a_visitors_picture_is_asked_for_once(store: SqliteIndex) -> None:
    embedder = ColourEmbedder()
    queries = QueryVectors(store, embedder)
    first = queries.image("a" * 64, plain("red"))
    assert np.array_equal(queries.image("a" * 64, plain("red")), first)
    assert QueryVectors(store, embedder).image("a" * 64, plain("red")).tobytes() == first.tobytes()
    assert embedder.calls == ["image"]


def test_a_picture_of_the_collection_is_never_asked_for(store: SqliteIndex) -> None:
    picture = a_picture(1)
    store.add_files([FileRow("images/a.jpg", picture.id, 1, 1)], [(picture, b"")])
    vector = unit(ColourEmbedder().embed_text("red", Deadline()))
    store.add_vectors("colour:1", [(picture.id, vector, False)])
    embedder = ColourEmbedder()
    queries = QueryVectors(store, embedder)
    assert queries.image(picture.id, plain("red")).tobytes() == vector.tobytes()
    assert queries.picture("f" * 64) is None
    assert embedder.calls == []


def test_a_damaged_vector_of_a_query_is_asked_for_again(store: SqliteIndex) -> None:
    for broken in (np.full(4, np.nan, np.float32), np.eye(1, 8, dtype=np.float32)[0]):
        store.add_query_vector("colour:1", "text", "red", np.eye(1, 4, dtype=np.float32)[0])
        with store.writing() as db:
            db.execute("UPDATE queries SET vector = ?", (broken.tobytes(),))
        embedder = ColourEmbedder()
        assert len(QueryVectors(store, embedder).text("red")) == 4
        assert embedder.calls == ["text"]


def test_a_text_is_a_unit_vector_that_knows_its_length(store: SqliteIndex) -> None:
    raw = ColourEmbedder().embed_text("red", Deadline())
    first = QueryVectors(store, ColourEmbedder())
    np.testing.assert_allclose(first.text("red"), unit(raw), atol=1e-6)
    length = first.text_length("red")
    assert length == pytest.approx(float(np.linalg.norm(raw)))
    assert QueryVectors(store, ColourEmbedder()).text_length("red") == length


def test_a_text_from_before_lengths_were_kept_has_none(store: SqliteIndex) -> None:
    QueryVectors(store, ColourEmbedder()).text("red")
    with store.writing() as db:
        db.execute("UPDATE queries SET length = NULL")
    embedder = ColourEmbedder()
    assert QueryVectors(store, embedder).text_length("red") is None
    assert embedder.calls == []


def test_a_brought_picture_is_searched_for_by_a_unit_vector(store: SqliteIndex) -> None:
    vector = QueryVectors(store, ColourEmbedder()).image("a" * 64, plain("red"))
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)


def test_half_of_a_surrogate_pair_is_no_trouble(store: SqliteIndex) -> None:
    queries = QueryVectors(store, ColourEmbedder())
    assert len(queries.text("red \ud83d")) == 4
    assert queries.is_free("red \ud83d")


def test_only_the_last_thousand_are_held_in_memory(
    store: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHED", 3)
    embedder = ColourEmbedder(paid=False)
    queries = QueryVectors(store, embedder)
    for text in ("red", "blue", "green", "red", "white", "red", "blue"):
        queries.text(text)
    # Blue was the one not looked at for longest when white came.
    assert len(embedder.calls) == 5


@needs_mount
def test_on_a_full_disk_the_answer_is_given_and_remembered(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        store = SqliteIndex(disk)
        fill_up(disk)
        embedder = ColourEmbedder()
        queries = QueryVectors(store, embedder)
        for colour in ("red", "red and blue", "red"):
            assert len(queries.text(colour)) == 4
        assert len(embedder.calls) == 2
        store.close()
