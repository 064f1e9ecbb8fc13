"""The durable index: what it keeps, and what it survives."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import IndexUnavailable
from core.file_lock import FileLock
from core.index.sqlite.engine import SqliteIndex
from core.index.sqlite.migrations import PAGE_BYTES
from core.index.sqlite.queries import QUERIES_DROPPED_AT_ONCE
from core.model import Scope
from tests.index.samples import THUMBNAIL, a_vector, an_id, fill, put
from tests.small_disk import fill_up, needs_mount, small_disk

ROOT = Path(__file__).parents[2]


# -- what it keeps ---------------------------------------------------------------------------


def test_the_queries_asked_longest_ago_go_first(
    store: SqliteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = QUERIES_DROPPED_AT_ONCE + 500
    monkeypatch.setattr("core.index.sqlite.queries.QUERIES_KEPT", kept)
    with store.writing() as db:
        db.executemany(
            "INSERT INTO queries VALUES ('e:1', 'text', ?, ?, ?, NULL)",
            [(str(n), a_vector(1).tobytes(), float(n)) for n in range(kept)],
        )
    store.add_query_vector("e:1", "text", "new", a_vector(2))
    assert store.query_vector("e:1", "text", "0") is None
    assert store.query_vector("e:1", "text", "new") is not None


# -- two processes ---------------------------------------------------------------------------


def run_python(
    code: str, *arguments: object, **options: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


WRITE = """
import sys
from pathlib import Path
from tests.index.samples import put
from core.index.sqlite.engine import SqliteIndex
store = SqliteIndex(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 30):
    put(store, number)
print(store.uid)
"""


def test_two_processes_may_make_and_fill_one_index_at_once(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(tmp_path / "data"), str(start)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for start in (0, 1000)
    ]
    uids = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(uids) == 1
    store = SqliteIndex(tmp_path / "data")
    assert store.notices == []
    assert store.counts("e:1", Scope()) == (60, 60)


UNTIL_KILLED = """
import sys
from pathlib import Path
from tests.index.samples import put
from core.index.sqlite.engine import SqliteIndex
store = SqliteIndex(Path(sys.argv[1]))
for number in range(10_000):
    put(store, number)
    print(number, flush=True)
"""


def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", UNTIL_KILLED, str(tmp_path / "data")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(25)]
    process.kill()
    process.wait()
    said += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    whole = [int(line) for line in said if line.endswith("\n")]
    store = SqliteIndex(tmp_path / "data")
    assert store.notices == []
    for number in whole:
        assert store.vector("e:1", an_id(number)) is not None
        assert store.thumbnail(an_id(number)) == THUMBNAIL


# -- damage ----------------------------------------------------------------------------------


def a_filled_index(folder: Path, count: int = 200) -> Path:
    store = SqliteIndex(folder)
    fill(store, count)
    store.set_meta("gallery", "1")
    store.add_query_vector("e:1", "text", "red", a_vector(1))
    store.close()
    assert not (folder / "index.sqlite-wal").exists()
    return folder / "index.sqlite"


def test_a_file_overwritten_in_the_middle_is_set_aside_and_mostly_read(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    uid = SqliteIndex(tmp_path).uid
    size = path.stat().st_size
    with path.open("r+b") as file:
        for share in (0.4, 0.8):
            file.seek(int(size * share) // 4096 * 4096)
            file.write(os.urandom(3 * 4096))
    store = SqliteIndex(tmp_path)
    (notice,) = store.notices
    (aside,) = tmp_path.glob("index.damaged-*.sqlite")
    assert aside.name in notice
    assert store.uid != uid
    indexed, _ = store.counts("e:1", Scope())
    assert 150 < indexed <= 200
    with store.searchable("e:1") as (_, _ids, rows):
        assert all(np.isclose(np.linalg.norm(vector), 1.0) for _, vector in rows())
    # A picture is wholly known, or read anew by the next scan.
    assert set(store.ids(Scope())) == set(store.pictures(store.ids(Scope())))
    store.close()
    assert SqliteIndex(tmp_path).notices == []


@pytest.mark.parametrize(("share", "least"), [(0.0001, 0), (0.02, 0), (0.6, 0), (0.95, 100)])
def test_a_file_cut_short_is_said_and_rebuilt(tmp_path: Path, share: float, least: int) -> None:
    path = a_filled_index(tmp_path)
    os.truncate(path, int(path.stat().st_size * share))
    store = SqliteIndex(tmp_path)
    assert "damaged" in store.notices[0]
    assert store.counts("e:1", Scope())[0] >= least
    put(store, 1000)
    assert store.vector("e:1", an_id(1000)) is not None


def test_without_its_first_page_an_index_keeps_nearly_all(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    with path.open("r+b") as file:
        file.write(bytes(4096))
    store = SqliteIndex(tmp_path)
    assert "200 vectors could be read" in store.notices[0]
    assert store.counts("e:1", Scope()) == (200, 200)
    assert store.query_vector("e:1", "text", "red") is not None


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"this is no database" * 1000])
def test_a_file_that_is_no_index_is_said_and_replaced(tmp_path: Path, content: bytes) -> None:
    path = a_filled_index(tmp_path)
    path.write_bytes(content)
    store = SqliteIndex(tmp_path)
    assert "0 vectors could be read" in store.notices[0]
    (aside,) = tmp_path.glob("index.damaged-*.sqlite")
    assert aside.read_bytes() == content
    put(store, 1)
    assert store.counts("e:1", Scope()) == (1, 1)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(data=st.data())
def test_no_damage_keeps_the_index_from_opening(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = a_filled_index(folder, 40)
    size = path.stat().st_size
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, size - 1))
        junk = data.draw(st.binary(min_size=1, max_size=64)) * data.draw(st.integers(1, 200))
        with path.open("r+b") as file:
            file.seek(at)
            file.write(junk[: size - at])
    store = SqliteIndex(folder)
    put(store, 1000)
    assert store.vector("e:1", an_id(1000)) is not None
    store.drop_unusable_vectors("e:1", 1024)
    with store.searchable("e:1") as (_, ids, rows):
        assert len(ids) == len(list(rows())) <= 41
    store.close()


def test_damage_in_the_keys_of_an_index_is_found_when_the_file_is_opened(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path, 40)
    with contextlib.closing(sqlite3.connect(path)) as db:
        (root,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'vectors'"
        ).fetchone()
    content = bytearray(path.read_bytes())
    key = content.index(an_id(7).encode(), (root - 1) * PAGE_BYTES, root * PAGE_BYTES)
    content[key + 8] ^= 1
    path.write_bytes(content)
    store = SqliteIndex(tmp_path)
    assert "40 vectors could be read" in store.notices[0]
    with store.searchable("e:1") as (_, ids, rows):
        assert len(ids) == len(list(rows())) == 40


def test_numbers_on_a_bad_sector_are_found_and_dropped(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    content = path.read_bytes()
    at = content.index(a_vector(7).tobytes()[:64])
    path.write_bytes(content[:at] + b"\xff" * 32 + content[at + 32 :])
    store = SqliteIndex(tmp_path)
    assert store.vector("e:1", an_id(7)) is None
    assert store.drop_unusable_vectors("e:1", 1024) == 1
    assert [m.picture_id for m in store.missing("e:1", Scope())] == [an_id(7)]


def test_a_damaged_index_that_another_process_has_open_is_not_set_aside(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    other = SqliteIndex(tmp_path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(40_000))
    with pytest.raises(IndexUnavailable, match="another process"):
        SqliteIndex(tmp_path)
    assert path.exists()
    other.close()
    assert "damaged" in SqliteIndex(tmp_path).notices[0]


def test_mending_that_was_killed_before_its_last_step_is_finished(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    path.rename(tmp_path / "index.draft.sqlite")
    store = SqliteIndex(tmp_path)
    assert store.counts("e:1", Scope()) == (200, 200)


def test_a_half_made_draft_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "index.draft.sqlite").write_bytes(b"SQLite format 3\0" + bytes(500))
    store = SqliteIndex(tmp_path)
    put(store, 1)
    assert store.counts("e:1", Scope()) == (1, 1)


def test_damage_met_later_is_a_sentence(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    store = SqliteIndex(tmp_path)
    store.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(path.stat().st_size - 100))
    with pytest.raises(IndexUnavailable, match="damaged"):
        store.files()


def test_an_index_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = a_filled_index(tmp_path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(IndexUnavailable, match="newer"):
        SqliteIndex(tmp_path)
    assert path.read_bytes() == before


def test_a_data_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(IndexUnavailable, match="DATA_DIR"):
        SqliteIndex(tmp_path / "data")


AS_NOBODY = """
import os, sys
from pathlib import Path
sys.path.insert(0, ".")
from core.errors import IndexUnavailable
from core.index.sqlite.engine import SqliteIndex
os.setgroups([])
os.setuid(65534)
try:
    SqliteIndex(Path(sys.argv[1]))
except IndexUnavailable as error:
    print(error)
"""

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user"
)


@needs_root
@pytest.mark.parametrize("there", [True, False])
def test_a_data_folder_that_may_not_be_written_is_a_sentence(
    public_folder: Path, there: bool
) -> None:
    public_folder.chmod(0o755)
    if there:
        a_filled_index(public_folder, 3)
    result = run_python(AS_NOBODY, public_folder)
    assert "DATA_DIR" in result.stdout, result.stderr


# -- a full disk -----------------------------------------------------------------------------


@needs_mount
def test_a_full_disk_is_a_sentence_and_nothing_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "3m") as disk:
        store = SqliteIndex(disk / "data")
        kept = 0
        with pytest.raises(IndexUnavailable, match="disk is full") as caught:
            for number in range(1000):
                put(store, number)
                kept += 1
        assert "nothing was lost" in str(caught.value)
        assert store.counts("e:1", Scope())[0] == kept > 10
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        put(store, 5000)
        assert store.counts("e:1", Scope())[0] == kept + 1
        store.close()
        assert SqliteIndex(disk / "data").notices == []


@needs_mount
def test_an_index_is_mended_only_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        path = a_filled_index(disk, 100)
        with path.open("r+b") as file:
            file.seek(20 * 4096)
            file.write(os.urandom(2 * 4096))
        fill_up(disk)
        damaged = path.read_bytes()
        with pytest.raises(IndexUnavailable, match="disk is full"):
            SqliteIndex(disk)
        assert path.read_bytes() == damaged
        assert list(disk.glob("index.[cd]*")) == []
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        store = SqliteIndex(disk)
        assert "damaged" in store.notices[0]
        assert store.counts("e:1", Scope())[0] > 80
        store.close()


# -- the lock --------------------------------------------------------------------------------


def test_a_lock_has_one_holder_even_inside_one_process(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    assert second.is_held()
    first.release()
    assert not second.is_held()
    assert second.acquire()
    second.release()


def test_a_shared_lock_lets_others_share_and_keeps_off_who_does_not(tmp_path: Path) -> None:
    one, two, three = (FileLock(tmp_path / "lock") for _ in range(3))
    assert one.acquire(shared=True)
    assert two.acquire(shared=True)
    assert not three.acquire()
    one.release()
    two.release()
    assert three.acquire()
    three.release()


def test_asking_whether_a_lock_is_held_never_keeps_anybody_from_taking_it(tmp_path: Path) -> None:
    asking = threading.Event()

    def ask() -> None:
        lock = FileLock(tmp_path / "lock")
        while not asking.is_set():
            lock.is_held()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    lock = FileLock(tmp_path / "lock")
    try:
        for _ in range(50):
            assert lock.acquire()
            lock.release()
    finally:
        asking.set()
        for thread in threads:
            thread.join()


HOLD = """
import sys
from pathlib import Path
from core.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_goes_with_its_process_even_on_kill_9(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "held\n"
    lock = FileLock(tmp_path / "lock")
    assert lock.is_held()
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert lock.acquire()
    lock.release()
