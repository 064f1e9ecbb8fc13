"""core.explore.arranger: layouts that are made in the background, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled
from core.explore.arrange import arrange as arrange_here
from core.explore.arrange import arrange_apart
from core.explore.arranger import Arrangement, Arranger
from core.index.sqlite.engine import SqliteIndex
from core.model import EVERYTHING, OWN
from tests.explore.test_explore import bunches
from tests.index.samples import an_id, fill, put, space_of

# A machine may be busy; what is waited for takes a tenth of a second.
SECONDS = 60.0

Arrange = Callable[..., Arranger]


@pytest.fixture
def arrange(index: SqliteIndex, tmp_path: Path) -> Iterator[Arrange]:
    """arrange() is an arranger on the index and on one folder, as after a new start."""
    made: list[Arranger] = []

    def arrange_(is_running: Callable[[], bool] = lambda: False) -> Arranger:
        made.append(Arranger(space_of(index), tmp_path / "layouts", "e:1", is_running))
        return made[-1]

    yield arrange_
    for one in made:
        one.close()


def arranged(arranger: Arranger) -> Arrangement:
    found = arranger.arrangement(EVERYTHING, SECONDS)
    assert found is not None
    return found


def test_a_layout_holds_every_picture_once_and_they_are_moved_apart(
    index: SqliteIndex, arrange: Arrange
) -> None:
    fill(index, 40)
    found = arranged(arrange())
    assert found.ids == tuple(sorted(an_id(n) for n in range(40)))
    assert found.points.shape == found.spread.shape == (40, 2)
    assert np.isfinite(found.spread).all()
    assert len(np.unique(found.spread.round(6), axis=0)) == 40
    assert found.labels.shape == (40,)


def test_a_new_start_takes_the_kept_layout(
    index: SqliteIndex, arrange: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(index, 40)
    first = arranged(arrange())
    monkeypatch.setattr("core.explore.arrange.layout", None)  # it would fail if it were called
    again = arranged(arrange())
    assert again.ids == first.ids
    assert np.array_equal(again.points, first.points)
    assert np.array_equal(again.spread, first.spread)
    assert np.array_equal(again.labels, first.labels)


def test_new_pictures_are_placed_and_the_others_stay_where_they_were(
    index: SqliteIndex, arrange: Arrange
) -> None:
    fill(index, 40)
    arranger = arrange()
    before = arranged(arranger)
    for number in range(100, 105):
        put(index, number)
    # The old one is shown until the new one is there.
    assert arranger.arrangement(EVERYTHING) in (before, arranger.arrangement(EVERYTHING))
    arranger.close()
    after = arranged(arrange())
    assert len(after.ids) == 45
    rows = [after.ids.index(one) for one in before.ids]
    assert np.array_equal(after.points[rows], before.points)


def test_with_many_new_pictures_the_map_is_laid_out_anew(
    index: SqliteIndex, arrange: Arrange
) -> None:
    fill(index, 30)
    before = arranged(arrange())
    fill(index, 60)
    after = arranged(arrange())
    rows = [after.ids.index(one) for one in before.ids]
    assert not np.allclose(after.points[rows], before.points)


def test_while_a_run_is_on_the_layout_from_before_is_kept(
    index: SqliteIndex, arrange: Arrange
) -> None:
    fill(index, 40)
    running = False
    arranger = arrange(lambda: running)
    before = arranged(arranger)
    running = True
    put(index, 100)
    assert arranger.arrangement(EVERYTHING, SECONDS) is before
    assert arranger.progress(EVERYTHING) is None


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"\x93NUMPY"])
def test_a_damaged_file_is_made_again(
    index: SqliteIndex, arrange: Arrange, tmp_path: Path, content: bytes
) -> None:
    fill(index, 20)
    first = arranged(arrange())
    (file,) = (tmp_path / "layouts").iterdir()
    file.write_bytes(content)
    assert np.array_equal(arranged(arrange()).points, first.points)
    assert len(file.read_bytes()) > 100


def test_a_file_cut_short_is_made_again(
    index: SqliteIndex, arrange: Arrange, tmp_path: Path
) -> None:
    fill(index, 20)
    first = arranged(arrange())
    (file,) = (tmp_path / "layouts").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert np.array_equal(arranged(arrange()).points, first.points)


def test_where_nothing_can_be_kept_the_layout_is_there_all_the_same(
    index: SqliteIndex, arrange: Arrange, tmp_path: Path
) -> None:
    fill(index, 20)
    (tmp_path / "layouts").write_bytes(b"a file in the folder's place")
    assert len(arranged(arrange()).ids) == 20


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_pictures_are_laid_out_too(index: SqliteIndex, arrange: Arrange, count: int) -> None:
    fill(index, count)
    assert len(arranged(arrange()).ids) == count


def test_identical_pictures_are_moved_apart(index: SqliteIndex, arrange: Arrange) -> None:
    fill(index, 30)
    vector = index.vector("e:1", an_id(0))
    assert vector is not None
    index.add_vectors("e:1", [(an_id(n), vector, False) for n in range(1, 30)])
    found = arranged(arrange())
    assert len(np.unique(found.spread.round(6), axis=0)) == 30


def test_what_fails_is_not_tried_again_before_something_has_changed(
    index: SqliteIndex, arrange: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(index, 20)
    tries = []

    def fail(*_: object, **__: object) -> None:
        tries.append(1)
        raise ValueError("no such thing")

    monkeypatch.setattr("core.explore.arrange.layout", fail)
    arranger = arrange()
    assert arranger.arrangement(EVERYTHING, SECONDS) is None
    assert arranger.arrangement(EVERYTHING, SECONDS) is None
    assert arranger.progress(EVERYTHING) is None
    assert len(tries) == 1


def test_each_scope_has_a_layout_of_its_own(index: SqliteIndex, arrange: Arrange) -> None:
    fill(index, 20)
    put(index, 50, "gallery/one.jpg")
    arranger = arrange()
    own = arranger.arrangement(OWN, SECONDS)
    assert own is not None
    assert (len(own.ids), len(arranged(arranger).ids)) == (20, 21)


def test_a_process_of_its_own_gives_the_same_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = bunches([20, 30])
    unknown = np.full((50, 2), np.nan)
    shares: list[float] = []
    monkeypatch.setattr("core.explore.arrange.SMALL", 0)
    apart = arrange_apart(rows, unknown, shares.append)
    here = arrange_here(rows, unknown, lambda share: None)
    assert all(np.array_equal(one, other) for one, other in zip(apart, here, strict=True))
    assert shares == sorted(shares)
    assert shares[-1] <= 1.0


def test_what_stops_the_work_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.explore.arrange.SMALL", 0)

    def stop(share: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        arrange_apart(bunches([300]), np.full((300, 2), np.nan), stop)


def test_a_process_that_fails_is_no_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.explore.arrange.SMALL", 0)
    with pytest.raises(RuntimeError, match="was not laid out"):
        arrange_apart(bunches([30]), np.zeros((29, 2)), lambda share: None)
