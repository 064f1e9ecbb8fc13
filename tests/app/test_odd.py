"""The explorer's view "Odd and double", run without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.explore import extremes_finder
from core.index.sqlite import SqliteIndex
from core.workspace import Workspace
from tests.alike_pictures import COPIES, a_scene, file_of
from tests.app import test_pages
from tests.app.test_pages import SECONDS, Page, Visit
from tests.conftest import fill, wait_for

visit = test_pages.visit

TOO_FEW = "It takes at least 3 indexed pictures"


def odd(visitor: Page, part: str = "odd", **address: str) -> Page:
    visitor.open("explorer", view="odd", part=part, **address)
    assert not visitor.test.exception
    return visitor


def make_equal(workspace: Workspace) -> None:
    """Give every picture the same vector."""
    index = workspace._index
    assert isinstance(index, SqliteIndex)
    ids = workspace.some_pictures(100)
    vector = np.eye(1, workspace.embedder.dimensions, dtype=np.float32)[0]
    index.add_vectors(workspace.embedder.id, [(one, vector, False) for one in ids])


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_few_pictures_are_no_error(visit: Visit, tmp_path: Path, number: int) -> None:
    fill(tmp_path / "images", number)
    visitor = visit(paint_pictures=False)
    odd(visitor, "double")
    for part in ("odd", "typical"):
        odd(visitor, part)
        assert (TOO_FEW in visitor.said) == (0 < number < 3)


def test_of_three_pictures_each_stands_beside_its_nearest(visit: Visit, tmp_path: Path) -> None:
    fill(tmp_path / "images", 3)
    visitor = odd(visit(paint_pictures=False))
    assert len(visitor.hung) == 6
    assert "with the second nearest, by which they are ordered" in visitor.said


def test_among_equal_pictures_none_is_called_odd(visit: Visit) -> None:
    visitor = visit()
    make_equal(visitor.workspace)
    assert "To the model all pictures here are the same" in odd(visitor).said
    assert visitor.hung == []


def test_a_picture_that_was_deleted_since_is_left_out(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    workspace = visitor.workspace
    # As while another run is on: what was found before is shown.
    workspace.extremes = extremes_finder(workspace._space, lambda: True)
    assert len(odd(visitor, "typical").hung) == 14
    (tmp_path / "images" / "red house.png").unlink()
    workspace.rescan()
    workspace.indexer.join(SECONDS)
    assert len(odd(visitor, "typical").hung) == 13


def test_pictures_that_were_added_are_compared_too(visit: Visit, tmp_path: Path) -> None:
    visitor = odd(visit())
    assert "14 pictures compared." in visitor.said
    fill(tmp_path / "images" / "more", 3)
    visitor.workspace.rescan()
    visitor.workspace.indexer.join(SECONDS)

    def compared() -> bool:
        visitor.test.run()
        return "17 pictures compared." in visitor.said

    wait_for(compared, SECONDS)


def test_a_part_of_a_large_collection_is_said_to_be_one(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.explore.odd.MOST_COMPARED", 10)
    visitor = odd(visit())
    assert "10 of 14 pictures compared, evenly chosen." in visitor.said


def test_a_comparison_that_fails_is_a_sentence(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.explore.odd.most_alone", None)
    visitor = odd(visit())
    assert "The pictures could not be compared; the log says why." in visitor.said


def test_a_large_group_is_shown_in_part(visit: Visit, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for quality in range(70, 85):
        (images / f"{quality}.jpg").write_bytes(file_of(a_scene(1), quality=quality))
    (images / "small.jpg").write_bytes(COPIES["half size"](a_scene(1)))
    visitor = visit(paint_pictures=False)
    wait_for(visitor.workspace.alike_are_current, SECONDS)
    odd(visitor, "double")
    assert len(visitor.hung) == 12


def test_what_is_double_is_told_of_the_scope(visit: Visit, tmp_path: Path) -> None:
    folder = tmp_path / "images" / "boats"
    visitor = visit()
    (folder / "again.png").write_bytes((folder / "red boat.png").read_bytes())
    (folder.parent / "blue again.png").write_bytes((folder / "blue boat.png").read_bytes())
    visitor.workspace.rescan()
    visitor.workspace.indexer.join(SECONDS)
    odd(visitor, "double", kind="exact")
    assert len(visitor.hung) == 2
    again = odd(visit(paint_pictures=False), "double", kind="exact", **{"in": "images/boats/"})
    assert len(again.hung) == 1
