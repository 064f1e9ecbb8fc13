"""The workspace: what a page sees before, during and after a run."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import EmbedderError, IndexUnavailable
from core.index import NearDuplicates, Sample
from core.index.sqlite import SqliteIndex
from core.model import EVERYTHING, Away, Region, Scope
from core.pictures import check
from core.search import Part, Readable, Term
from core.settings import Settings, load_settings
from core.vectors import Vector
from core.workspace import Workspace
from tests.alike_pictures import COPIES, a_scene, file_of
from tests.azure_emulator import Emulator
from tests.cohere_emulator import CohereEmulator
from tests.conftest import fill, plain, wait_for
from tests.emulated_service import Emulator as Service
from tests.small_disk import fill_up, needs_mount, small_disk

ROOT = Path(__file__).parent.parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images" / "gallery").mkdir(parents=True)
    return tmp_path


def opened(root: Path, service: Service | None = None, **environ: str) -> Workspace:
    """A workspace whose first scan is over."""
    if service is not None:
        environ |= service.settings
    workspace = Workspace(load_settings(environ, root=root), root)
    workspace.indexer.join(60)
    return workspace


def indexed(root: Path, service: Service) -> Workspace:
    workspace = opened(root, service)
    assert workspace.start_indexing()
    workspace.indexer.join(60)
    return workspace


def names(workspace: Workspace, vector: Vector, scope: Scope = EVERYTHING) -> list[str]:
    ranking = workspace.search([Part(vector)], scope)
    return [result.picture.name for result in ranking.page(0, 10)]


def ids(workspace: Workspace, scope: Scope = EVERYTHING) -> list[str]:
    listing = workspace.browse(scope)
    return [result.picture.id for result in listing.page(0, len(listing))]


def engine(workspace: Workspace) -> SqliteIndex:
    """The engine itself, for tests that damage what it keeps."""
    assert isinstance(workspace._index, SqliteIndex)
    return workspace._index


def searchable(workspace: Workspace) -> int:
    """How many pictures a search can find."""
    return len(workspace._space)


def sample(workspace: Workspace) -> Sample:
    return workspace._space.sample(EVERYTHING, 1_000_000)


# -- what is there ---------------------------------------------------------------------------


def test_with_a_key_nothing_is_paid_for_until_the_button_is_pressed(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    workspace = opened(root, emulator)
    status = workspace.status()
    assert (status.indexed, status.total) == (0, 3)
    assert workspace.plan().calls == 3
    assert emulator.calls == []
    workspace.start_indexing()
    workspace.indexer.join(60)
    assert (workspace.status().indexed, workspace.status().total) == (3, 3)
    assert len(emulator.calls) == 3
    assert workspace.usage().answered == 3


def test_without_a_key_the_gallery_is_indexed_without_a_click(root: Path) -> None:
    (root / "images" / "gallery" / "red.png").write_bytes(plain("red", 64, 64))
    (root / "images" / "gallery" / "blue.png").write_bytes(plain("blue", 64, 64))
    workspace = opened(root)
    assert not workspace.embedder.paid
    assert (workspace.status().indexed, workspace.status().total) == (2, 2)
    assert names(workspace, workspace.queries.text("red"))[0] == "red.png"


def test_own_pictures_take_the_place_of_the_gallery_unless_it_is_ticked(root: Path) -> None:
    fill(root / "images" / "gallery", 2)
    (root / "images" / "mine.png").write_bytes(plain("blue", 64, 64))
    workspace = opened(root)
    assert workspace.wanted() == Scope("own")
    assert (workspace.status().total, workspace.status().gallery) == (1, 2)
    workspace.tick_gallery(True)
    assert workspace.status().total == 3
    workspace.tick_gallery(False)
    assert workspace.status().total == 1


def test_with_a_key_the_gallery_is_paid_for_only_if_ticked(root: Path, emulator: Emulator) -> None:
    fill(root / "images" / "gallery", 2)
    workspace = opened(root, emulator)
    assert (workspace.status().total, workspace.plan().calls) == (0, 0)
    workspace.tick_gallery(True)
    assert (workspace.status().total, workspace.plan().calls) == (2, 2)


def test_cohere_pays_for_each_picture_once_beside_the_index_of_azure(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    indexed(root, emulator).close()
    with CohereEmulator() as service:
        moved = opened(root, service)
        assert (moved.status().indexed, moved.plan().calls) == (0, 3)
        assert service.calls == []
        moved.close()
        moved = indexed(root, service)
        assert (moved.status().indexed, moved.usage().answered) == (3, 3)
        assert moved.embedder.id == "cohere:embed-v-4-0:256"
        assert names(moved, moved.queries.text("red"))
        moved.close()
        assert opened(root, service).plan().calls == 0
    assert opened(root, emulator).status().indexed == 3


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("unauthorised", "did not accept the key"), ("other length", "128 numbers, but 256")],
)
def test_a_run_that_cohere_ends_loses_nothing_and_pays_for_nothing_twice(
    root: Path, fault: str, sentence: str
) -> None:
    fill(root / "images", 12)
    with CohereEmulator() as service:
        workspace = opened(root, service)
        service.plan(*[None] * 4, fault)
        workspace.start_indexing()
        workspace.indexer.join(60)
        assert sentence in workspace.progress().sentence
        good = [seen for seen in service.calls if seen.status == 200 and not seen.fault]
        assert workspace.status().indexed == len(good) < 12
        workspace.start_indexing()
        workspace.indexer.join(60)
        assert workspace.status().indexed == 12
        good = [seen.body for seen in service.calls if seen.status == 200 and not seen.fault]
        assert len(good) == len(set(good)) == 12


def test_a_key_that_ends_during_a_run_is_replaced_in_dotenv_without_a_restart(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 12)

    def settings(key: str = "") -> Settings:
        if key:
            (root / ".env").write_text(f"VISION_ENDPOINT={emulator.url}\nVISION_KEY={key}\n")
        return load_settings({}, root / ".env", root=root)

    workspace = Workspace(settings(emulator.key), root, settings)
    workspace.indexer.join(60)
    calls = emulator.calls
    emulator.when(lambda seen: len(calls) > 5, "unauthorised")
    workspace.start_indexing()
    workspace.indexer.join(60)
    assert "did not accept the key" in workspace.progress().sentence
    assert workspace.status().indexed == emulator.statuses()[200] == 5
    settings("the-new-key")
    emulator.key = "the-new-key"
    emulator.clear()
    workspace.start_indexing()
    workspace.indexer.join(60)
    assert workspace.status().indexed == emulator.statuses()[200] == 12


def test_a_new_key_is_not_sent_to_the_old_address(root: Path, emulator: Emulator) -> None:
    moved = load_settings({"VISION_ENDPOINT": "http://127.0.0.1:9", "VISION_KEY": "secret-new"})
    environ = {"VISION_ENDPOINT": emulator.url, "VISION_KEY": "old"}
    workspace = Workspace(load_settings(environ, root=root), root, lambda: moved)
    with pytest.raises(EmbedderError, match="did not accept the key"):
        workspace.queries.text("red")
    assert [seen.headers["ocp-apim-subscription-key"] for seen in emulator.calls] == ["old"]


def test_a_large_picture_is_noted_as_sent_smaller_to_cohere(root: Path) -> None:
    (root / "images" / "large.png").write_bytes(plain("red", 2000, 1500))
    (root / "images" / "small.png").write_bytes(plain("red", 200, 150))
    with CohereEmulator() as service:
        workspace = indexed(root, service)
        altered = {
            result.picture.name: workspace.was_altered(result.picture.id)
            for result in workspace.browse(EVERYTHING).page(0, 2)
        }
    assert altered == {"large.png": True, "small.png": False}


def test_cohere_learns_what_stands_out_from_the_words_of_photographs(root: Path) -> None:
    (root / "images" / "red.png").write_bytes(plain("red", 64, 64))
    with CohereEmulator() as service:
        workspace = indexed(root, service)
        state = workspace.words.bank_state()
        assert state.total > 0 and not state.complete
        workspace.words.learn_words()
        wait_for(lambda: workspace.words.bank_state().complete)
        assert sum(seen.kind == "text" for seen in service.calls) == state.total


def test_a_missing_folder_of_pictures_is_said(root: Path) -> None:
    workspace = opened(root, IMAGES_DIR="holiday")
    assert any("holiday" in problem for problem in workspace.problems)
    assert workspace.status().total == 0
    assert searchable(workspace) == 0


def test_a_data_folder_inside_the_pictures_does_not_feed_on_itself(
    root: Path, emulator: Emulator
) -> None:
    fill(root, 1)
    workspace = opened(root, emulator, IMAGES_DIR=".")
    workspace.start_indexing()
    workspace.indexer.join(60)
    for i in ids(workspace):
        workspace.thumbnail_files.file(i)
    workspace.rescan()
    workspace.indexer.join(60)
    assert workspace.status().total == 1


# -- searching while it runs -----------------------------------------------------------------


def test_searches_during_a_run_are_answered_from_the_last_matrix_at_once(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    workspace = indexed(root, emulator)
    before = searchable(workspace)
    for number in range(40):
        (root / "images" / f"new{number}.png").write_bytes(plain((9, number, 9)))
    emulator.latency = 0.3
    workspace.start_indexing()
    wait_for(lambda: workspace.indexer.progress().state == "indexing")
    slowest = 0.0
    while workspace.indexer.progress().running and workspace.indexer.progress().done < 20:
        started = time.perf_counter()
        assert searchable(workspace) >= before
        workspace.status()
        slowest = max(slowest, time.perf_counter() - started)
        workspace.indexer.join(0.01)
    assert slowest < 0.5
    workspace.indexer.join(60)
    assert searchable(workspace) == 43


def test_during_a_long_run_new_pictures_are_found_before_its_end(
    root: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.index.in_memory.current_matrix.REFRESH_SECONDS", 0.05)
    fill(root / "images", 150)
    workspace = opened(root, emulator)
    assert searchable(workspace) == 0
    emulator.latency = 0.2
    workspace.start_indexing()
    wait_for(lambda: searchable(workspace) > 0 and workspace.indexer.progress().running, 20)
    assert 0 < searchable(workspace) < 150
    workspace.indexer.stop()
    workspace.indexer.join(20)


def test_a_scope_covers_the_rows_of_its_folder(root: Path, emulator: Emulator) -> None:
    (root / "images" / "warm").mkdir()
    (root / "images" / "warm" / "red.png").write_bytes(plain("red"))
    (root / "images" / "blue.png").write_bytes(plain("blue"))
    workspace = indexed(root, emulator)
    red = workspace.queries.text("red")
    assert names(workspace, red, Scope(folder="images/warm/")) == ["red.png"]
    assert names(workspace, red) == ["red.png", "blue.png"]
    (root / "images" / "warm" / "red.png").rename(root / "images" / "red.png")
    workspace.rescan()
    workspace.indexer.join(60)
    assert names(workspace, red, Scope(folder="images/warm/")) == []


def test_a_deleted_picture_leaves_the_next_search(root: Path, emulator: Emulator) -> None:
    files = fill(root / "images", 3)
    workspace = indexed(root, emulator)
    gone = check(files[0].read_bytes()).id
    thumbnail = workspace.thumbnail_files.file(gone)
    assert thumbnail is not None
    assert thumbnail.exists()
    files[0].unlink()
    workspace.rescan()
    workspace.indexer.join(60)
    assert searchable(workspace) == 2
    assert not thumbnail.exists()
    assert workspace.thumbnail_files.file(gone) is None


def test_a_restart_maps_the_same_matrix_and_calls_nobody(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 5)
    workspace = indexed(root, emulator)
    before = sample(workspace)
    workspace.queries.text("red")
    workspace.close()
    made = emulator.statuses()
    again = opened(root, emulator)
    assert sample(again).ids == before.ids
    assert np.array_equal(sample(again).vectors, before.vectors)
    again.queries.text("red")
    assert emulator.statuses() == made


def test_damaged_numbers_are_dropped_from_the_matrix_and_asked_for_again(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 3)
    workspace = indexed(root, emulator)
    i = ids(workspace)[0]
    with engine(workspace).writing() as db:
        db.execute("UPDATE vectors SET vector = zeroblob(4096) WHERE picture_id = ?", (i,))
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation:live'")
    assert searchable(workspace) == 2
    assert workspace.plan().calls == 1


def test_damaged_numbers_that_cost_nothing_are_made_again_by_themselves(root: Path) -> None:
    fill(root / "images", 3)
    workspace = opened(root)
    assert searchable(workspace) == 3
    i = ids(workspace)[0]
    with engine(workspace).writing() as db:
        db.execute(
            "UPDATE vectors SET vector = zeroblob(length(vector)) WHERE picture_id = ?", (i,)
        )
        db.execute("UPDATE meta SET value = value + 1 WHERE key LIKE 'generation:%'")
    searchable(workspace)
    wait_for(lambda: searchable(workspace) == 3)
    workspace.close()


def test_the_matrix_of_a_mended_index_is_never_mistaken(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 3)
    workspace = indexed(root, emulator)
    searchable(workspace)
    (old,) = (root / "data").glob("matrix-*")
    workspace.close()
    del workspace
    with (root / "data" / "index.sqlite").open("r+b") as file:
        file.write(bytes(4096))
    again = opened(root, emulator)
    assert any("damaged" in problem for problem in again.problems)
    assert searchable(again) == 3
    (new,) = (root / "data").glob("matrix-*")
    assert new != old
    assert len(emulator.calls) == 3


def test_pictures_without_a_vector_are_left_out_of_a_comparison(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 2)
    workspace = indexed(root, emulator)
    one, other = ids(workspace)
    found = workspace.with_vectors([other, "f" * 64, one])
    assert [picture.id for picture, _ in found] == [other, one]
    assert {vector.shape for _, vector in found} == {(1024,)}
    assert workspace.with_vectors([]) == []


# -- clear caches, second processes ----------------------------------------------------------


def test_a_new_workspace_during_a_run_shows_it_and_starts_no_other(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 60)
    workspace = opened(root, emulator)
    emulator.latency = 0.2
    workspace.start_indexing()
    wait_for(lambda: emulator.statuses()[200] >= 3, 20)
    fresh = Workspace(workspace.settings, root)
    assert fresh.indexer.progress().running
    assert not fresh.start_indexing()
    wait_for(lambda: fresh.indexer.progress().total == 60)
    # What "Clear caches" lets go of may be closed: its run goes on.
    workspace.close()
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
    workspace = opened(root, emulator)
    emulator.latency = 0.3
    workspace.start_indexing()
    wait_for(lambda: workspace.indexer.progress().state == "indexing")
    command = [sys.executable, "-c", OTHER, str(root), emulator.url, emulator.key]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["indexing", "False"], result.stderr
    workspace.indexer.join(10)
    assert workspace.status().progress.state == "stopped"


# -- embedders, seeds ------------------------------------------------------------------------


def test_when_the_asked_for_embedder_cannot_answer_the_built_in_does_and_it_is_said(
    root: Path,
) -> None:
    workspace = opened(root, EMBEDDER="clip", CLIP_MODEL_DIR="nowhere")
    assert workspace.embedder.id.startswith("builtin:")
    assert any("built-in model answers instead" in problem for problem in workspace.problems)
    assert workspace.clip_setup is not None
    assert workspace.clip_setup.state().phase in ("missing", "failed")
    workspace.close()


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


def seed_for(root: Path, workspace: Workspace) -> bytes:
    target = io.BytesIO()
    workspace.export_index(target)
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
    workspace = opened(host, emulator)
    assert workspace.problems == []
    assert (workspace.status().indexed, workspace.status().total) == (3, 3)
    picture = workspace.browse(EVERYTHING).page(0, 1)[0].picture
    assert workspace.original(picture) is None
    file = workspace.thumbnail_files.file(picture.id)
    assert file is not None
    assert file.read_bytes().startswith(b"\xff\xd8")
    workspace.close()
    again = opened(host, emulator)
    assert again.status().indexed == 3
    assert len(emulator.calls) == made


def test_a_damaged_seed_is_said_and_the_app_starts(root: Path) -> None:
    (root / "seed").mkdir()
    (root / "seed" / "index.zip").write_bytes(b"PK\x03\x04 cut short")
    workspace = opened(root)
    assert any(problem.startswith("seed/index.zip: ") for problem in workspace.problems)
    assert workspace.status().total == 0


def test_the_originals_bytes_come_from_any_of_its_files(root: Path, emulator: Emulator) -> None:
    data = plain("red")
    for name in ("a.png", "b.png"):
        (root / "images" / name).write_bytes(data)
    workspace = opened(root, emulator)
    (picture,) = [result.picture for result in workspace.browse(EVERYTHING).page(0, 10)]
    (root / "images" / "a.png").write_bytes(plain("blue"))
    assert workspace.original(picture) == data
    (root / "images" / "b.png").unlink()
    assert workspace.original(picture) is None


def test_a_thumbnail_wanted_by_many_at_once_is_whole(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 1)
    workspace = opened(root, emulator)
    (i,) = ids(workspace)
    found: list[Path | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(workspace.thumbnail_files.file(i)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {file.read_bytes() for file in found if file} == {workspace.thumbnail(i)}
    assert [file.name for file in workspace.thumbs_dir.iterdir()] == [f"{i}.jpg"]


def test_the_files_of_a_map_and_its_thumbnails_are_written_meanwhile(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 5)
    workspace = indexed(root, emulator)
    known = ids(workspace)
    maps = workspace.maps.by_difference(EVERYTHING).files
    assert set(maps.ids) == set(known)
    assert (root / "static" / "maps" / maps.points).exists()
    wait_for(lambda: all((root / "static" / "maps" / name).exists() for name in maps.sheets))
    files = [workspace.thumbs_dir / f"{i}.jpg" for i in known]
    wait_for(lambda: all(file.exists() for file in files))
    assert [file.read_bytes() for file in files] == [workspace.thumbnail(i) for i in known]


@pytest.mark.parametrize(
    "asked", ["", "..", "../../secret", "../images/secret", "\ud800", "A" * 64]
)
def test_what_a_visitor_calls_an_id_never_leads_anywhere(
    root: Path, emulator: Emulator, asked: str
) -> None:
    workspace = opened(root, emulator)
    (root / "secret.jpg").write_bytes(b"")
    (root / "images" / "secret.jpg").write_bytes(b"")
    assert workspace.thumbnail_files.file(asked) is None
    assert workspace.picture(asked) is None


def test_counting_calls_from_many_threads_loses_none(root: Path, emulator: Emulator) -> None:
    workspace = opened(root, emulator)
    threads = [
        threading.Thread(target=lambda: [workspace._meter.reserve("image") for _ in range(200)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert workspace.usage().answered == 1600


@needs_mount
def test_with_a_full_disk_searching_goes_on(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 3)
    with small_disk(root / "disk", "4m") as disk:
        workspace = opened(root, emulator, DATA_DIR=str(disk))
        workspace.start_indexing()
        workspace.indexer.join(60)
        fill_up(disk)
        (root / "images" / "red.png").write_bytes(plain("red"))
        workspace.start_indexing()
        workspace.indexer.join(60)
        assert "disk is full" in workspace.status().progress.sentence
        assert len(names(workspace, workspace.queries.text("red"))) == 3
        assert workspace.usage().answered
        assert workspace.retry_failed()
        workspace.indexer.join(60)
        assert "disk is full" in workspace.status().progress.sentence
        with pytest.raises(IndexUnavailable, match="disk is full"):
            workspace.tick_gallery(True)
        (disk / "films").unlink()
        workspace.start_indexing()
        workspace.indexer.join(60)
        assert (workspace.status().indexed, workspace.status().total) == (4, 4)
        assert sum(deadline.kind == "image" for deadline in emulator.calls) == 4
        assert workspace.usage().answered == len(emulator.calls)
        workspace.close()


def test_uploads_that_are_all_deleted_are_gone_and_not_away(root: Path) -> None:
    workspace = opened(root)
    for number in range(8):
        workspace.origins.add_upload(f"{number}.png", plain((200, number, 0)))
    workspace.rescan()
    workspace.indexer.join(60)
    assert len(workspace.origins.uploads()) == 8
    workspace.origins.remove_uploads(workspace.origins.uploads())
    workspace.indexer.join(60)
    assert workspace.origins.uploads() == []
    assert workspace.away() == []
    workspace.close()


def test_what_is_away_is_found_until_it_is_forgotten(root: Path) -> None:
    fill(root / "images", 8)
    workspace = opened(root)
    (root / "images").rename(root / "elsewhere")
    workspace.rescan()
    workspace.indexer.join(60)
    assert workspace.away() == [Away("images/", 8)]
    assert searchable(workspace) == 8
    workspace.forget_away()
    workspace.indexer.join(60)
    assert workspace.away() == []
    assert ids(workspace) == []
    workspace.close()


def test_reading_all_files_again_asks_a_paid_embedder_for_nothing(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 4)
    workspace = indexed(root, emulator)
    calls = len(emulator.calls)
    workspace.read_all_again()
    workspace.indexer.join(60)
    assert (workspace.status().indexed, len(emulator.calls)) == (4, calls)
    workspace.close()


# -- composed queries ------------------------------------------------------------------------


def test_a_part_of_a_picture_is_asked_for_once_and_then_kept(
    root: Path, emulator: Emulator
) -> None:
    (root / "images" / "blue.png").write_bytes(plain((9, 9, 200), width=90))
    workspace = indexed(root, emulator)
    calls = len(emulator.calls)
    part = Term(picture_id=ids(workspace)[0], region=Region(0, 0, 0.5, 1))
    assert workspace.asking.region_calls([part, part]) == 1
    [first] = workspace.asking.parts_of([part])
    assert len(emulator.calls) == calls + 1
    assert workspace.asking.region_calls([part]) == 0
    workspace.close()
    again = opened(root, emulator)
    assert again.asking.region_calls([part]) == 0
    [second] = again.asking.parts_of([part])
    assert np.array_equal(first.vector, second.vector)
    assert len(emulator.calls) == calls + 1
    again.close()


def test_a_new_weight_or_sign_costs_no_call(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 3)
    workspace = indexed(root, emulator)
    workspace.asking.parts_of([Term("red"), Term("blue")])
    calls = len(emulator.calls)
    workspace.asking.parts_of([Term("red", weight=2), Term("blue", weight=-1)])
    assert len(emulator.calls) == calls
    workspace.close()


def test_a_picture_that_a_visitor_brings_is_asked_for_once(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 3)
    workspace = indexed(root, emulator)
    calls = len(emulator.calls)
    picture = workspace.asking.bring(plain((9, 9, 200), width=90), "mine.png")
    assert workspace.asking.bring(plain((9, 9, 200), width=90), "again.png").id == picture.id
    assert len(emulator.calls) == calls + 1
    [part] = workspace.asking.parts_of([Term(picture_id=picture.id)], {picture.id: picture})
    assert np.array_equal(part.vector, picture.vector)
    workspace.close()


def test_a_link_that_the_service_fetched_has_no_part_to_be_cut_out(
    root: Path, emulator: Emulator
) -> None:
    fill(root / "images", 2)
    workspace = indexed(root, emulator)
    url = "https://pictures.example/a.png"
    emulator.links[url] = plain((9, 9, 200), width=90)
    picture = workspace.asking.bring_link(url)
    part = Term(picture_id=picture.id, region=Region(0, 0, 0.5, 1))
    read = workspace.asking.readable([part, Term("red")], {picture.id: picture})
    assert read.terms == (Term("red"),)
    assert "no part can be cut out" in read.problems[0]
    workspace.close()


def test_a_picture_that_is_gone_is_said_and_the_other_parts_are_asked_for(root: Path) -> None:
    fill(root / "images", 2)
    workspace = opened(root)
    gone, there = Term(picture_id="0" * 64), Term(picture_id=ids(workspace)[0])
    read = workspace.asking.readable([gone, gone, there])
    assert read.terms == (there,)
    [problem] = read.problems
    assert problem.startswith("There is no such picture in the collection (any more).")
    workspace.close()


def test_a_picture_that_waits_for_its_vector_is_said(root: Path, emulator: Emulator) -> None:
    fill(root / "images", 1)
    workspace = opened(root, emulator)
    read = workspace.asking.readable([Term(picture_id=ids(workspace)[0])])
    assert read == Readable((), ("This picture has not been indexed yet.",))
    workspace.close()


# -- near-duplicates -------------------------------------------------------------------------


def put_copies(folder: Path) -> None:
    """Two scenes, two changed copies of the first, and the second in two files."""
    scene = a_scene(1)
    (folder / "beach.jpg").write_bytes(file_of(scene))
    (folder / "forest.jpg").write_bytes(file_of(a_scene(2)))
    (folder / "forest again.jpg").write_bytes(file_of(a_scene(2)))
    (folder / "beach small.jpg").write_bytes(COPIES["half size"](scene))
    (folder / "beach dark.jpg").write_bytes(COPIES["darker"](scene))


def looked(root: Path) -> Workspace:
    """A workspace that has looked for near-duplicates after its first run."""
    workspace = opened(root)
    workspace._duplicates.join(60)
    return workspace


def test_near_duplicates_are_found_after_a_run_and_told_from_exact_copies(root: Path) -> None:
    put_copies(root / "images")
    workspace = looked(root)
    found = workspace.duplicate_groups()
    assert [{picture.name for picture in group} for group in found.alike] == [
        {"beach.jpg", "beach small.jpg", "beach dark.jpg"}
    ]
    assert [picture.paths for picture in found.copies] == [
        ("images/forest again.jpg", "images/forest.jpg")
    ]
    workspace.close()


def test_a_collapsed_ranking_shows_near_duplicates_as_one(root: Path) -> None:
    put_copies(root / "images")
    workspace = looked(root)
    ranking = workspace.search([Part(workspace.queries.text("red"))], EVERYTHING)
    collapsed = workspace.collapse(ranking)
    assert (len(ranking), len(collapsed)) == (4, 2)
    assert sorted(len(hit.alike) for hit in collapsed.hits) == [0, 2]
    workspace.close()


def test_near_duplicates_are_kept_and_not_looked_for_again(root: Path) -> None:
    put_copies(root / "images")
    first = looked(root)
    kept = engine(first).near_duplicates(first.embedder.id)
    first.close()
    engine(first).set_near_duplicates(first.embedder.id, NearDuplicates(kept.generation))
    again = looked(root)
    assert again.duplicate_groups().alike == ()
    again.close()


def test_near_duplicates_of_an_older_state_are_looked_for_at_the_next_start(root: Path) -> None:
    put_copies(root / "images")
    first = looked(root)
    first.close()
    # As a program leaves it that is killed after its run and before it has looked.
    engine(first).set_near_duplicates(first.embedder.id, NearDuplicates(1))
    again = looked(root)
    assert len(again.duplicate_groups().alike) == 1
    again.close()


def test_a_signature_that_is_missing_or_damaged_is_made_from_the_thumbnail(root: Path) -> None:
    put_copies(root / "images")
    first = looked(root)
    wanted = ids(first)
    before = engine(first).signatures(wanted)
    assert len(before) == 4
    engine(first).add_signatures(dict.fromkeys(wanted, b"damaged"))
    engine(first).set_near_duplicates(first.embedder.id, NearDuplicates())
    first.rescan()
    first.indexer.join(60)
    first._duplicates.join(60)
    assert engine(first).signatures(wanted) == before
    assert len(first.duplicate_groups().alike) == 1
    first.close()


def test_a_near_duplicate_that_was_deleted_is_in_no_group(root: Path) -> None:
    put_copies(root / "images")
    workspace = looked(root)
    for name in ("beach small.jpg", "beach dark.jpg"):
        (root / "images" / name).unlink()
    workspace.rescan()
    workspace.indexer.join(60)
    assert workspace.duplicate_groups().alike == ()  # also before they are looked for again
    workspace._duplicates.join(60)
    assert workspace.duplicate_groups().alike == ()
    workspace.close()
