"""core.index.copying: an index is taken from one engine to another, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.deadline import Deadline
from core.errors import Cancelled
from core.index import Index, copying, open_index
from core.index.copying import Copying, copy_index
from core.model import EVERYTHING, FileRow, SavedSearch, Vote
from core.settings import Settings
from tests.conftest import wait_for
from tests.index.samples import THUMBNAIL, a_picture, a_vector, an_id, fill, put

Both = tuple[Index, Index]


@pytest.fixture(params=["to PostgreSQL", "and back"])
def both(request: pytest.FixtureRequest, postgres: Settings, tmp_path: Path) -> Iterator[Both]:
    """(source, target), one of each engine."""
    file = open_index(Settings(data_dir=tmp_path / "file"))
    database = open_index(replace(postgres, data_dir=tmp_path / "database"))
    yield (file, database) if request.param == "to PostgreSQL" else (database, file)
    file.close()
    database.close()


def copy(source: Index, target: Index) -> list[tuple[int, int]]:
    return list(copy_index(source, target, Deadline()))


def test_what_was_copied_is_the_same(both: Both) -> None:
    source, target = both
    fill(source, 5)
    put(source, 1, "images/copy of 1.jpg", vector=False)
    source.add_vectors("e:1", [(an_id(2), a_vector(2) * np.float32(7), True)])
    source.add_query_vector("e:1", "text", "red", a_vector(9) * np.float32(3))
    source.save_search(SavedSearch("boats", "?q=boats", "e:1", (an_id(1),), 1.0))
    source.add_vote(Vote("boats", "e:1", "e:2", 1.0))
    assert copy(source, target)[-1] == (5, 5)
    assert target.votes() == source.votes()
    assert target.files() == source.files()
    ids = [an_id(number) for number in range(5)]
    assert target.pictures(ids) == source.pictures(ids)
    assert target.lengths("e:1", ids) == source.lengths("e:1", ids)
    assert target.was_altered("e:1", an_id(2))
    assert target.thumbnail(an_id(3)) == THUMBNAIL
    for picture_id in ids:
        np.testing.assert_array_equal(
            target.vector("e:1", picture_id), source.vector("e:1", picture_id)
        )
    kept, copied = (index.query_vector("e:1", "text", "red") for index in both)
    assert kept is not None and copied is not None
    np.testing.assert_allclose(copied.vector, kept.vector, atol=1e-7)
    assert copied.length == pytest.approx(kept.length)
    assert target.saved_searches() == source.saved_searches()
    assert target.missing("e:1", EVERYTHING) == []


def test_every_embedder_is_copied(both: Both) -> None:
    source, target = both
    put(source, 1)
    source.add_vectors("e:2", [(an_id(1), a_vector(1, 8), False)])
    copy(source, target)
    assert target.embedders() == ["e:1", "e:2"]
    assert target.dimensions("e:2") == 8


def test_nothing_that_the_target_has_is_changed(both: Both) -> None:
    source, target = both
    put(source, 1)
    put(target, 1, "images/here.jpg")
    target.add_vectors("e:1", [(an_id(1), a_vector(77), False)])
    copy(source, target)
    copy(source, target)
    np.testing.assert_array_equal(target.vector("e:1", an_id(1)), a_vector(77))
    assert "images/here.jpg" in target.files()


def test_a_copy_that_was_stopped_goes_on_where_it_was(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "AT_ONCE", 2)
    source, target = both
    fill(source, 6)
    deadline = Deadline()
    under_way = copy_index(source, target, deadline)
    assert [next(under_way), next(under_way)] == [(0, 6), (2, 6)]
    deadline.cancel.set()
    with pytest.raises(Cancelled):
        next(under_way)
    assert len(target.held("e:1", [an_id(n) for n in range(6)])) == 2
    copy(source, target)
    assert target.counts("e:1", EVERYTHING) == (6, 6)


def test_a_copy_runs_in_the_background_and_says_how_it_ended(
    postgres: Settings, tmp_path: Path
) -> None:
    file = Settings(data_dir=tmp_path / "file")
    source = open_index(file)
    fill(source, 3)
    source.close()
    job = Copying()
    assert job.start(lambda: (open_index(file), open_index(postgres)))
    wait_for(lambda: not job.state().running)
    assert (job.state().state, job.state().done, job.state().total) == ("done", 3, 3)
    assert job.start(lambda: (open_index(file), open_index(replace(postgres, postgres_port=1))))
    wait_for(lambda: not job.state().running)
    assert job.state().state == "failed"
    assert "Nothing answers" in job.state().sentence


def test_a_file_that_came_with_an_imported_index_stays_one(both: Both) -> None:
    source, target = both
    put(source, 1)
    source.add_files([FileRow("images/imported.jpg", an_id(1), None, None)], [])
    copy(source, target)
    assert target.files() == source.files()
    assert a_picture(1).id in target.held("e:1", [an_id(1)])
