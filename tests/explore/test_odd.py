"""core.explore.odd: what stands alone and what is typical, of a scope of an index."""

from __future__ import annotations

import numpy as np
import pytest

from core.deadline import Deadline
from core.errors import Cancelled
from core.explore import Extremes
from core.explore.odd import extremes, extremes_finder
from core.index.sqlite.engine import SqliteIndex
from core.model import BUNDLED, EVERYTHING, OWN
from core.vectors import Vectors, unit
from tests.explore.test_explore import bunches
from tests.index.samples import DIMENSIONS, an_id, fill, put, space_of

# What is waited for takes a tenth of a second; a machine may be busy.
SECONDS = 60.0


def put_vectors(index: SqliteIndex, vectors: Vectors) -> None:
    """The pictures 0, 1, ... with these vectors."""
    fill(index, len(vectors))
    index.add_vectors("e:1", [(an_id(n), row, False) for n, row in enumerate(vectors)])


def found(index: SqliteIndex) -> Extremes:
    return extremes(space_of(index), EVERYTHING, lambda share: None)


def one_apart() -> Vectors:
    """Forty pictures close together, and the last one far from all, nearest to the first."""
    rows = bunches([40], DIMENSIONS, spread=0.005)
    away = np.random.default_rng(9).standard_normal(DIMENSIONS) / DIMENSIONS**0.5
    return np.vstack([rows, unit(away + 0.2 * rows[0])[None]])


def test_a_picture_apart_from_all_is_the_most_alone_and_comes_with_its_nearest(
    index: SqliteIndex,
) -> None:
    rows = one_apart()
    put_vectors(index, rows)
    first = found(index).alone[0]
    cosines = rows[:40] @ rows[40]
    assert first.picture_id == an_id(40)
    assert first.nearest_id == an_id(int(cosines.argmax()))
    assert first.cosine == pytest.approx(float(cosines.max()), abs=1e-6)


def test_the_most_typical_picture_comes_with_its_mean_cosine(index: SqliteIndex) -> None:
    rows = one_apart()
    put_vectors(index, rows)
    means = (rows @ rows.T).mean(axis=1)
    typical = found(index).typical
    assert typical[0].picture_id == an_id(int(means.argmax()))
    assert typical[0].mean == pytest.approx(float(means.max()), abs=1e-5)
    assert an_id(40) not in [one.picture_id for one in typical]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_of_fewer_than_three_pictures_none_is_odd(index: SqliteIndex, count: int) -> None:
    fill(index, count)
    here = found(index)
    assert (here.alone, here.typical, here.compared) == ((), (), count)


def test_of_three_pictures_each_has_its_place(index: SqliteIndex) -> None:
    fill(index, 3)
    here = found(index)
    assert {one.picture_id for one in here.alone} == {an_id(n) for n in range(3)}
    assert len(here.typical) == 3


def test_among_equal_vectors_none_is_odd_and_none_typical(index: SqliteIndex) -> None:
    put_vectors(index, np.repeat(bunches([1], DIMENSIONS), 30, axis=0))
    here = found(index)
    assert (here.alone, here.typical, here.compared) == ((), (), 30)


def test_each_scope_is_judged_by_itself(index: SqliteIndex) -> None:
    fill(index, 6)
    put(index, 50, "gallery/one.jpg")
    assert extremes(space_of(index), OWN, lambda share: None).compared == 6
    assert extremes(space_of(index), BUNDLED, lambda share: None).compared == 1


def test_of_a_thinned_scope_the_most_alone_are_held_against_all(
    index: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second picture is compared; its equal, which is not, is its nearest all the same."""
    rows = np.repeat(bunches([30], DIMENSIONS, spread=1.0), 2, axis=0)
    put_vectors(index, rows)
    monkeypatch.setattr("core.explore.odd.MOST_COMPARED", 30)
    here = found(index)
    assert (here.compared, here.total) == (30, 60)
    assert all(one.cosine == pytest.approx(1, abs=1e-5) for one in here.alone)
    assert all(one.picture_id != one.nearest_id for one in here.alone)


def test_a_comparison_can_be_stopped(index: SqliteIndex) -> None:
    fill(index, 10)
    deadline = Deadline()
    deadline.cancel.set()
    with pytest.raises(Cancelled):
        extremes(space_of(index), EVERYTHING, lambda share: deadline.check())


def test_while_a_run_is_on_what_was_found_before_stays(index: SqliteIndex) -> None:
    fill(index, 10)
    running = False
    finder = extremes_finder(space_of(index), lambda: running)
    before = finder.get(EVERYTHING, SECONDS)
    assert before is not None
    running = True
    put(index, 100)
    assert finder.get(EVERYTHING, SECONDS) is before
    assert finder.progress(EVERYTHING) is None
    finder.close()
