"""core.explore.map_files: what a browser loads to draw a map."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.explore import map_files
from core.explore.map_files import MapFiles, MapFolder, box_of
from tests.conftest import wait_for


def ids(count: int, first: int = 0) -> list[str]:
    return [f"{number:064x}" for number in range(first, first + count)]


def thumbnail(picture_id: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), (int(picture_id, 16) % 200, 40, 40)).save(out, "JPEG")
    return out.getvalue()


def spots(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 2))


def write(
    folder: Path,
    count: int,
    *,
    first: int = 0,
    seed: int = 0,
    names: list[str] | None = None,
    asked: Callable[[str], bytes] = thumbnail,
) -> MapFiles:
    """A map of so many pictures, with all its sheets made."""
    done: list[bool] = []
    files = MapFolder(folder).files(
        ids(count, first),
        names or [f"{number}.jpg" for number in range(count)],
        [4 / 3] * count,
        spots(count, seed),
        asked,
        lambda: done.append(True),
    )
    if not files.held:
        wait_for(lambda: bool(done), 20)
    return files


def content(folder: Path, files: MapFiles) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / files.points).read_bytes())
    return found


def test_the_points_say_where_each_picture_lies_and_how_it_is_called(tmp_path: Path) -> None:
    files = write(tmp_path, 3, names=["a.jpg", "<b>.jpg", "ж\ud800.jpg"])
    found = content(tmp_path, files)
    assert found["ids"] == "".join(ids(3))
    assert found["names"] == ["a.jpg", "<b>.jpg", "ж?.jpg"]
    assert found["ratios"] == [133, 133, 133]
    placed = np.stack([found["x"], found["y"]], axis=1) / found["steps"]
    np.testing.assert_allclose(placed, files.place(spots(3)), atol=1e-5)
    assert files.rows == {picture_id: row for row, picture_id in enumerate(ids(3))}


def test_the_top_of_the_layout_is_the_top_of_the_screen(tmp_path: Path) -> None:
    files = MapFolder(tmp_path).files(
        ids(2), ["low", "high"], [1, 1], [[-1, -5], [3, 5]], thumbnail
    )
    assert files.box == (-1, -5, 3, 5)
    assert files.place([[-1, 5], [3, -5], [1, 0], [7, 0]]).tolist() == [
        [0, 0],
        [1, 1],
        [0.5, 0.5],
        [2, 0.5],
    ]


@pytest.mark.parametrize(
    "points",
    [
        np.empty((0, 2)),
        [[3, 4]],
        [[3, 4], [3, 4]],
        [[0, 0], [5, 0]],
        [[1e-30, 0], [2e-30, 0]],
        [[0, 1e9], [0, -1e9]],
    ],
)
def test_points_without_extent_lie_inside_the_box(tmp_path: Path, points: Any) -> None:
    rows = np.asarray(points, dtype=np.float64)
    count = len(rows)
    files = MapFolder(tmp_path).files(ids(count), [""] * count, [1.0] * count, rows, thumbnail)
    placed = files.place(rows)
    assert np.isfinite(placed).all()
    assert ((placed >= 0) & (placed <= 1)).all()
    left, bottom, right, top = box_of(rows)
    assert left < right and bottom < top
    assert len(content(tmp_path, files)["x"]) == count


def test_every_sheet_is_made_with_its_pictures(tmp_path: Path) -> None:
    files = write(tmp_path, 150)
    assert len(files.sheets) == files.grid.sheets == 3
    for name in files.sheets:
        with Image.open(tmp_path / name) as sheet:
            assert sheet.width == 1024
    assert [file.name for file in tmp_path.glob(".*")] == []


def test_another_arrangement_of_the_same_pictures_shares_their_sheets(tmp_path: Path) -> None:
    first = write(tmp_path, 70, seed=0)
    asked: list[str] = []
    second = write(tmp_path, 70, seed=1, asked=lambda i: asked.append(i) or thumbnail(i))  # type: ignore[func-returns-value]
    assert first.sheets == second.sheets
    assert first.points != second.points
    assert asked == []


def test_the_same_map_has_the_same_names_and_another_one_others(tmp_path: Path) -> None:
    assert write(tmp_path, 5).points == write(tmp_path, 5).points
    assert write(tmp_path, 5).points != write(tmp_path, 5, names=list("abcde")).points
    assert write(tmp_path, 5).sheets != write(tmp_path, 5, first=1).sheets


def test_old_maps_are_removed_and_the_present_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, recent = write(tmp_path, 5), write(tmp_path, 5, first=100)
    for name in (old.points, *old.sheets):
        os.utime(tmp_path / name, (1, 1))
    size = sum((tmp_path / name).stat().st_size for name in (recent.points, *recent.sheets))
    monkeypatch.setattr(map_files, "KEPT_BYTES", size)
    present = write(tmp_path, 5, first=200)
    left = {file.name for file in tmp_path.iterdir()}
    expected = {f for m in (recent, present) for f in (m.points, *m.sheets)}
    assert left == expected
    assert not old.are_there() and recent.are_there() and present.are_there()


def test_where_nothing_can_be_written_the_bytes_are_held(tmp_path: Path) -> None:
    (tmp_path / "maps").write_bytes(b"a file, no folder")
    files = write(tmp_path / "maps", 3)
    assert set(files.held) == {files.points, *files.sheets}
    assert json.loads(files.held[files.points])["names"] == ["0.jpg", "1.jpg", "2.jpg"]
    assert files.are_there()
    assert files.held[files.sheets[0]].startswith(b"\xff\xd8")


def test_very_many_that_cannot_be_written_are_points_without_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_files, "MOST_HELD", 2)
    (tmp_path / "maps").write_bytes(b"a file, no folder")
    files = write(tmp_path / "maps", 3)
    assert set(files.held) == {files.points}


def test_a_thumbnail_that_is_missing_stops_no_sheet(tmp_path: Path) -> None:
    files = write(tmp_path, 3, asked=lambda _: b"")
    assert (tmp_path / files.sheets[0]).exists()
