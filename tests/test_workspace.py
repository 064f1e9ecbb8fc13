"""The workspace: what a page sees before, during and after a run."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexUnavailable
from core.index.archive import export_index
from core.model import Scope
from core.pictures import check
from core.search import Part, search
from core.settings import load_settings
from core.vectors import Vector
from core.workspace import Workspace
from tests.azure_emulator import Emulator
from tests.conftest import fill, plain, wait_for
from tests.small_disk import fill_up, needs_mount, small_disk

ROOT = Path(__file__).parent.parent


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images" / "gallery").mkdir(parents=True)
    return tmp_path


def opened(root: Path, emulator: Emulator | None = None, **environ: str) -> Workspace:
    """A workspace whose first scan is over."""
    if emulator is not None:
        environ |= {"VISION_ENDPOINT": emulator.url, "VISION_KEY": emulator.key}
    space = Workspace(load_settings(environ, root=root), root)
    space.indexer.join(60)
    return space


def indexed(root: Path, emulator: Emulator) -> Workspace:
    space = opened(root, emulator)
    assert space.start_indexing()
    space.indexer.join(60)
    return space


def names(space: Workspace, vector: Vector, scope: Scope | None = None) -> list[str]:
    matrix = space.matrix()
    hits = search(matrix, [Part(vector)], 10, space.allowed(matrix, scope or Scope()))
    known = space.store.pictures([hit.picture_id for hit in hits])
    return [known[hit.picture_id].name for hit in hits]


# -- what is there ---------------------------------------------------------------------------


def test_with_a_key_nothing_is_paid_for_until_the_button_is_pressed(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    space = opened(root, emulator)
    status = space.status()
    assert (status.indexed, status.total) == (0, 3)
    assert space.plan().calls == 3
    assert emulator.calls == []
    space.start_indexing()
    space.indexer.join(60)
    assert (space.status().indexed, space.status().total) == (3, 3)
    assert len(emulator.calls) == 3
    assert space.calls_this_month() == 3


def test_without_a_key_the_gallery_is_indexed_without_a_click(root: Path) -> None:
    (root / "images" / "gallery" / "red.png").write_bytes(plain("red", 64, 64))
    (root / "images" / "gallery" / "blue.png").write_bytes(plain("blue", 64, 64))
    space = opened(root)
    assert not space.embedder.paid
    assert (space.status().indexed, space.status().total) == (2, 2)
    assert names(space, space.queries.text("red"))[0] == "red.png"


def test_own_pictures_take_the_place_of_the_gallery_unless_it_is_ticked(root: Path) -> None:
    fill(root / "images" / "gallery", 2)
    (root / "images" / "mine.png").write_bytes(plain("blue", 64, 64))
    space = opened(root)
    assert space.wanted() == Scope("own")
    assert (space.status().total, space.status().gallery) == (1, 2)
    space.tick_gallery(True)
    assert space.status().total == 3
    space.tick_gallery(False)
    assert space.status().total == 1


def test_with_a_key_the_gallery_is_paid_for_only_if_ticked(root: Path, emulator: Emulator) -> None:
    fill(root / "images" / "gallery", 2)
    space = opened(root, emulator)
    assert (space.status().total, space.plan().calls) == (0, 0)
    space.tick_gallery(True)
    assert (space.status().total, space.plan().calls) == (2, 2)


def test_a_missing_folder_of_pictures_is_said(root: Path) -> None:
    space = opened(root, IMAGES_DIR="holiday")
    assert any("holiday" in problem for problem in space.problems)
    assert space.status().total == 0
    assert space.matrix().ids == ()


def test_a_data_folder_inside_the_pictures_does_not_feed_on_itself(
    root: Path, emulator: Emulator
) -> None:
    fill(root, 1)
    space = opened(root, emulator, IMAGES_DIR=".")
    space.start_indexing()
    space.indexer.join(60)
    for i in space.store.ids(Scope()):
        space.thumbnail_file(i)
    space.rescan()
    space.indexer.join(60)
    assert space.status().total == 1


# -- searching while it runs -----------------------------------------------------------------


def test_searches_during_a_run_are_answered_from_the_last_matrix_at_once(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    space = indexed(root, emulator)
    before = space.matrix()
    for number in range(40):
        (root / "images" / f"new{number}.png").write_bytes(plain((9, number, 9)))
    emulator.latency = 0.3
    space.start_indexing()
    wait_for(lambda: space.indexer.progress().state == "indexing")
    slowest = 0.0
    while space.indexer.progress().running and space.indexer.progress().done < 20:
        started = time.perf_counter()
        assert len(space.matrix()) >= len(before)
        space.status()
        slowest = max(slowest, time.perf_counter() - started)
        space.indexer.join(0.01)
    assert slowest < 0.5
    space.indexer.join(60)
    assert len(space.matrix()) == 43


def test_during_a_long_run_new_pictures_are_found_before_its_end(
    root: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.index.sqlite.current_matrix.REFRESH_SECONDS", 0.05)
    fill(root / "images", 150)
    space = opened(root, emulator)
    assert len(space.matrix()) == 0
    emulator.latency = 0.2
    space.start_indexing()
    wait_for(lambda: len(space.matrix()) > 0 and space.indexer.progress().running, 20)
    assert 0 < len(space.matrix()) < 150
    space.indexer.stop()
    space.indexer.join(20)


def test_a_scope_covers_the_rows_of_its_folder(root: Path, emulator: Emulator) -> None:
    (root / "images" / "warm").mkdir()
    (root / "images" / "warm" / "red.png").write_bytes(plain("red"))
    (root / "images" / "blue.png").write_bytes(plain("blue"))
    space = indexed(root, emulator)
    red = space.queries.text("red")
    assert names(space, red, Scope(folder="images/warm/")) == ["red.png"]
    assert names(space, red) == ["red.png", "blue.png"]
    (root / "images" / "warm" / "red.png").rename(root / "images" / "red.png")
    space.rescan()
    space.indexer.join(60)
    assert names(space, red, Scope(folder="images/warm/")) == []


def test_a_deleted_picture_leaves_the_next_search(root: Path, emulator: Emulator) -> None:
    files = fill(root / "images", 3)
    space = indexed(root, emulator)
    gone = check(files[0].read_bytes()).id
    thumbnail = space.thumbnail_file(gone)
    assert thumbnail is not None
    assert thumbnail.exists()
    files[0].unlink()
    space.rescan()
    space.indexer.join(60)
    assert len(space.matrix()) == 2
    assert not thumbnail.exists()
    assert space.thumbnail_file(gone) is None


def test_a_restart_maps_the_same_matrix_and_calls_nobody(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 5)
    space = indexed(root, emulator)
    before = space.matrix()
    space.queries.text("red")
    space.close()
    made = emulator.statuses()
    again = opened(root, emulator)
    assert again.matrix().ids == before.ids
    assert np.array_equal(again.matrix().vectors, before.vectors)
    again.queries.text("red")
    assert emulator.statuses() == made


def test_damaged_numbers_are_dropped_from_the_matrix_and_asked_for_again(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    space = indexed(root, emulator)
    i = space.store.ids(Scope())[0]
    with space.store.writing() as db:
        db.execute("UPDATE vectors SET vector = zeroblob(4096) WHERE picture_id = ?", (i,))
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation:live'")
    assert len(space.matrix()) == 2
    assert space.plan().calls == 1


def test_damaged_numbers_that_cost_nothing_are_made_again_by_themselves(root: Path) -> None:
    fill(root / "images", 3)
    space = opened(root)
    assert len(space.matrix()) == 3
    i = space.store.ids(Scope())[0]
    with space.store.writing() as db:
        db.execute(
            "UPDATE vectors SET vector = zeroblob(length(vector)) WHERE picture_id = ?", (i,)
        )
        db.execute("UPDATE meta SET value = value + 1 WHERE key LIKE 'generation:%'")
    space.matrix()
    wait_for(lambda: len(space.matrix()) == 3)
    space.close()


def test_the_matrix_of_a_mended_index_is_never_mistaken(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 3)
    space = indexed(root, emulator)
    space.matrix()
    (old,) = (root / "data").glob("matrix-*")
    space.close()
    del space
    with (root / "data" / "index.sqlite").open("r+b") as file:
        file.write(bytes(4096))
    again = opened(root, emulator)
    assert any("damaged" in problem for problem in again.problems)
    assert len(again.matrix()) == 3
    (new,) = (root / "data").glob("matrix-*")
    assert new != old
    assert len(emulator.calls) == 3


def test_no_vectors_are_asked_for_in_vain(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 2)
    space = indexed(root, emulator)
    ids = space.store.ids(Scope())
    found, vectors = space.vectors_of([ids[1], "f" * 64, ids[0]])
    assert found == [ids[1], ids[0]]
    assert vectors.shape == (2, 1024)
    assert space.vectors_of([])[1].shape == (0, 1024)


# -- clear caches, second processes ----------------------------------------------------------


def test_a_new_workspace_during_a_run_shows_it_and_starts_no_other(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 60)
    space = opened(root, emulator)
    emulator.latency = 0.2
    space.start_indexing()
    wait_for(lambda: emulator.statuses()[200] >= 3, 20)
    fresh = Workspace(space.settings, root)
    assert fresh.indexer.progress().running
    assert not fresh.start_indexing()
    wait_for(lambda: fresh.indexer.progress().total == 60)
    # What "Clear caches" lets go of may be closed: its run goes on.
    space.close()
    emulator.latency = 0.0
    wait_for(lambda: not fresh.indexer.progress().running, 60)
    assert fresh.status().indexed == 60
    assert len(emulator.calls) == 60
    assert fresh.status().progress.state == "done"


OTHER = """
import sys
from pathlib import Path
from core.settings import load_settings
from core.workspace import Workspace
root, url, key = sys.argv[1:]
settings = load_settings({"VISION_ENDPOINT": url, "VISION_KEY": key}, root=Path(root))
space = Workspace(settings, Path(root))
space.indexer.join()
print(space.status().progress.state, space.start_indexing(), flush=True)
space.indexer.stop()
"""


def test_a_second_process_sees_the_run_and_stops_it(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 100)
    space = opened(root, emulator)
    emulator.latency = 0.3
    space.start_indexing()
    wait_for(lambda: space.indexer.progress().state == "indexing")
    command = [sys.executable, "-c", OTHER, str(root), emulator.url, emulator.key]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["indexing", "False"], result.stderr
    space.indexer.join(10)
    assert space.status().progress.state == "stopped"


# -- embedders, seeds ------------------------------------------------------------------------


def test_when_the_asked_for_embedder_cannot_answer_the_built_in_does_and_it_is_said(
    root: Path,
) -> None:
    space = opened(root, EMBEDDER="clip", CLIP_MODEL_DIR="nowhere")
    assert space.embedder.id.startswith("builtin:")
    assert any("built-in model answers instead" in problem for problem in space.problems)
    assert space.clip_setup is not None
    assert space.clip_setup.state().phase in ("missing", "failed")
    space.close()


WITHOUT_CLIP = """
import sys, tempfile
from pathlib import Path
from core.settings import load_settings
from core.workspace import Workspace
root = Path(tempfile.mkdtemp())
space = Workspace(load_settings({}, root=root), root)
assert space.clip_setup is None
print([name for name in sys.modules if "clip" in name or name == "streamlit"])
"""


def test_nothing_of_clip_or_streamlit_is_imported_unasked() -> None:
    command = [sys.executable, "-c", WITHOUT_CLIP]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout == "[]\n", result.stderr


def seed_for(root: Path, space: Workspace) -> bytes:
    target = io.BytesIO()
    export_index(space.store, space.embedder.id, Scope(), target)
    return target.getvalue()


def test_a_committed_index_is_searchable_at_start_without_its_files(
    root: Path, tmp_path_factory: pytest.TempPathFactory, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    data = seed_for(root, indexed(root, emulator))
    host = tmp_path_factory.mktemp("host")
    (host / "images").mkdir()
    (host / "seed").mkdir()
    (host / "seed" / "index.zip").write_bytes(data)
    made = len(emulator.calls)
    space = opened(host, emulator)
    assert space.problems == []
    assert (space.status().indexed, space.status().total) == (3, 3)
    picture = next(iter(space.store.pictures(space.store.ids(Scope())).values()))
    assert space.original(picture) is None
    file = space.thumbnail_file(picture.id)
    assert file is not None
    assert file.read_bytes().startswith(b"\xff\xd8")
    space.close()
    again = opened(host, emulator)
    assert again.status().indexed == 3
    assert len(emulator.calls) == made


def test_a_damaged_seed_is_said_and_the_app_starts(root: Path) -> None:
    (root / "seed").mkdir()
    (root / "seed" / "index.zip").write_bytes(b"PK\x03\x04 cut short")
    space = opened(root)
    assert any(problem.startswith("seed/index.zip: ") for problem in space.problems)
    assert space.status().total == 0


def test_the_originals_bytes_come_from_any_of_its_files(root: Path, emulator: Emulator) -> None:
    data = plain("red")
    for name in ("a.png", "b.png"):
        (root / "images" / name).write_bytes(data)
    space = opened(root, emulator)
    (picture,) = space.store.pictures(space.store.ids(Scope())).values()
    (root / "images" / "a.png").write_bytes(plain("blue"))
    assert space.original(picture) == data
    (root / "images" / "b.png").unlink()
    assert space.original(picture) is None


def test_a_thumbnail_wanted_by_many_at_once_is_whole(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 1)
    space = opened(root, emulator)
    (i,) = space.store.ids(Scope())
    found: list[Path | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(space.thumbnail_file(i))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {file.read_bytes() for file in found if file} == {space.store.thumbnail(i)}
    assert [file.name for file in space.thumbs_dir.iterdir()] == [f"{i}.jpg"]


@pytest.mark.parametrize(
    "asked", ["", "..", "../../secret", "../images/secret", "\ud800", "A" * 64]
)
def test_what_a_visitor_calls_an_id_never_leads_anywhere(
    root: Path, emulator: Emulator, asked: str
) -> None:
    space = opened(root, emulator)
    (root / "secret.jpg").write_bytes(b"")
    (root / "images" / "secret.jpg").write_bytes(b"")
    assert space.thumbnail_file(asked) is None
    assert space.store.pictures([asked]) == {}


def test_counting_calls_from_many_threads_loses_none(root: Path, emulator: Emulator) -> None:
    space = opened(root, emulator)
    threads = [
        threading.Thread(target=lambda: [space._calls.count("image") for _ in range(200)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert space.calls_this_month() == 1600


@needs_mount
def test_with_a_full_disk_searching_goes_on(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 3)
    with small_disk(root / "disk", "4m") as disk:
        space = opened(root, emulator, DATA_DIR=str(disk))
        space.start_indexing()
        space.indexer.join(60)
        fill_up(disk)
        (root / "images" / "red.png").write_bytes(plain("red"))
        space.start_indexing()
        space.indexer.join(60)
        assert "disk is full" in space.status().progress.sentence
        assert len(names(space, space.queries.text("red"))) == 3
        assert space.calls_this_month() >= 0
        assert space.retry_failed()
        space.indexer.join(60)
        assert "disk is full" in space.status().progress.sentence
        with pytest.raises(IndexUnavailable, match="disk is full"):
            space.tick_gallery(True)
        (disk / "films").unlink()
        space.start_indexing()
        space.indexer.join(60)
        assert (space.status().indexed, space.status().total) == (4, 4)
        assert sum(deadline.kind == "image" for deadline in emulator.calls) == 4
        space.close()
