"""The migrations of the SQLite index: from every earlier version, through kills and damage.

data/index-schema-1.sqlite was made at commit ac8cfdb, the last one that knew only version 1, with
that version's own `SqliteIndex`: 40 pictures of this machine (the samples' ids and vectors, of 64
numbers for "e:1" and 32 for "e:2"; thumbnails of 1,504 bytes), one picture of an imported index,
two failures, one unreadable file, two queries, two calls and three free pages.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import IndexUnavailable
from core.file_lock import FileLock
from core.index.sqlite import migrations
from core.index.sqlite.engine import SqliteIndex
from core.index.sqlite.migrations import (
    MIGRATIONS,
    PAGE_BYTES,
    Migration,
    make_index,
    migrate,
    newest_version,
    parse_root_pages,
    recorded_version,
    tables,
    version,
)
from core.model import Failure, FileRow, Scope, Unreadable
from tests.index.samples import THUMBNAIL, a_picture, a_vector, an_id
from tests.index.test_sqlite_engine import AS_NOBODY, needs_root, run_python
from tests.small_disk import fill_up, needs_mount, small_disk

ROOT = Path(__file__).parents[2]
OLD_INDEX = ROOT / "tests" / "data" / "index-schema-1.sqlite"

Rows = dict[str, list[tuple[Any, ...]]]


def an_old_index(folder: Path) -> Path:
    """A copy of the index of version 1, where `SqliteIndex(folder)` looks for it."""
    folder.mkdir(exist_ok=True)
    return Path(shutil.copyfile(OLD_INDEX, folder / "index.sqlite"))


def a_migrated_index(folder: Path) -> Path:
    path = an_old_index(folder)
    SqliteIndex(folder).close()
    return path


def a_new_index(folder: Path) -> Path:
    """The rows of the old index in one that was of the newest version from the start."""
    folder.mkdir(exist_ok=True)
    path = folder / "index.sqlite"
    old = old_rows()
    with contextlib.closing(make_index(path)) as db:
        for table, columns in old_columns().items():
            marks = ",".join("?" * len(columns))
            db.executemany(
                f"INSERT OR IGNORE INTO {table} ({','.join(columns)}) VALUES ({marks})", old[table]
            )
        db.commit()
    return path


def old_columns() -> dict[str, list[str]]:
    with contextlib.closing(make_index(":memory:", 1)) as db:
        return tables(db)


def old_rows(path: Path | None = None) -> Rows:
    """Every row of the tables of version 1, without what an index says about its own file.

    path: None for the index of version 1 itself, which is read without any file beside it.
    """
    address = f"{path.as_uri()}?mode=ro" if path else f"{OLD_INDEX.as_uri()}?immutable=1"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
        rows = {
            table: sorted(db.execute(f"SELECT {','.join(columns)} FROM {table}"), key=str)
            for table, columns in old_columns().items()
        }
    rows["meta"] = [row for row in rows["meta"] if row[0] not in ("uid", "root_pages")]
    return rows


def read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def destroy_page(path: Path, number: int) -> None:
    with path.open("r+b") as file:
        file.seek((number - 1) * PAGE_BYTES)
        file.write(b"\xee" * PAGE_BYTES)


def page_with(path: Path, content: bytes) -> int:
    return path.read_bytes().index(content) // PAGE_BYTES + 1


def is_up_to_date(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return version(db) == recorded_version(db) == newest_version()


def add_migration(patch: pytest.MonkeyPatch, *statements: str) -> None:
    """Let the program know one version more."""
    following = Migration(newest_version() + 1, "another", statements)
    patch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, following))


# -- the list --------------------------------------------------------------------------------


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [m.number for m in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_no_two_migrations_have_one_name() -> None:
    assert len({m.name for m in MIGRATIONS}) == len(MIGRATIONS)


def test_the_description_of_all_tables_fits_on_the_first_page(tmp_path: Path) -> None:
    make_index(tmp_path / "index.sqlite").close()
    # A repair replaces that page only. The byte after the file's header is 13 for a page that has
    # no further pages below it. Source: sqlite.org/fileformat.html, 1.6.
    assert (tmp_path / "index.sqlite").read_bytes()[100] == 13


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"{}",
        "",
        "[" * 100_000,
        "[]",
        '{"version": 1}',
        '{"version": 0, "pages": {}}',
        '{"version": true, "pages": {}}',
        '{"version": 1000, "pages": {}}',
        '{"version": 1, "pages": {"meta": "2"}}',
        '{"version": 1, "pages": {"meta": -2}}',
        '{"version": 1, "pages": {"meta": 99999999999999999999}}',
    ],
)
def test_root_pages_that_make_no_sense_count_as_none(text: object) -> None:
    assert parse_root_pages(text) is None


# -- from version 1 --------------------------------------------------------------------------


def test_every_row_of_an_index_of_version_1_is_kept(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    store = SqliteIndex(tmp_path)
    assert store.notices == []
    assert old_rows(path) == old_rows()
    store.close()


def test_an_index_of_version_1_answers_as_before(tmp_path: Path) -> None:
    an_old_index(tmp_path)
    store = SqliteIndex(tmp_path)
    assert store.uid == "4fd3aae3fcfa"
    assert (store.generation("e:1"), store.generation("e:2")) == (3, 3)
    assert store.counts("e:1", Scope()) == (38, 40)
    assert store.counts("e:2", Scope()) == (5, 40)
    vector, query = store.vector("e:1", an_id(7)), store.query_vector("e:1", "text", "red")
    assert vector is not None and vector.tobytes() == a_vector(7, 64).tobytes()
    assert query is not None and query.vector.tobytes() == a_vector(200, 64).tobytes()
    assert query.length is None and store.lengths("e:1", [an_id(7)]) == {}
    assert store.was_altered("e:1", an_id(3)) and not store.was_altered("e:1", an_id(4))
    assert store.failures("e:1") == [
        Failure(an_id(38), "images/38.jpg", "The service refused this picture."),
        Failure(an_id(39), "images/39.jpg", "No answer.", again=True),
    ]
    assert store.unreadable() == {
        "images/broken.jpg": Unreadable("images/broken.jpg", "This is no picture.", 12, 34)
    }
    assert store.is_vetted(an_id(1)) and not store.is_vetted(an_id(50))
    assert [row[0] for row in read(store.path, "SELECT count FROM calls")] == [38, 1]
    store.close()


def test_each_migration_is_recorded_and_the_first_without_a_time(tmp_path: Path) -> None:
    path = a_migrated_index(tmp_path)
    rows = read(path, "SELECT number, name, applied IS NOT NULL FROM migrations ORDER BY number")
    assert rows == [(m.number, m.name, m.number > 1) for m in MIGRATIONS]
    assert is_up_to_date(path)


def test_new_columns_of_old_rows_say_that_nothing_is_known(tmp_path: Path) -> None:
    path = a_migrated_index(tmp_path)
    assert read(path, "SELECT DISTINCT reader FROM unreadable") == [(0,)]
    assert read(path, "SELECT DISTINCT length FROM vectors") == [(None,)]
    assert read(path, "SELECT DISTINCT cached, refused, capped FROM calls") == [(0, 0, 0)]


def test_a_second_opening_migrates_nothing(tmp_path: Path) -> None:
    path = a_migrated_index(tmp_path)
    before = path.read_bytes()
    SqliteIndex(tmp_path).close()
    assert path.read_bytes() == before


def test_a_migrated_index_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    structure = (
        "SELECT t.name, i.name, i.\"unique\", i.partial, c.cid, c.name, c.type, c.'notnull', "
        "c.dflt_value, c.pk FROM sqlite_master AS t "
        "LEFT JOIN pragma_index_list(t.name) AS i, pragma_table_info(t.name) AS c "
        "WHERE t.type = 'table' ORDER BY 1, 2, 5"
    )
    migrated = a_migrated_index(tmp_path / "migrated")
    new = a_new_index(tmp_path / "new")
    assert read(migrated, structure) == read(new, structure)


@pytest.mark.parametrize("start", range(1, newest_version()))
def test_an_index_of_any_earlier_version_is_brought_up_to_date(tmp_path: Path, start: int) -> None:
    make_index(tmp_path / "index.sqlite", start).close()
    store = SqliteIndex(tmp_path)
    assert store.notices == []
    assert is_up_to_date(store.path)
    store.close()


# -- other processes, kills ------------------------------------------------------------------

OPEN = """
import sys
from pathlib import Path
from core.index.sqlite.engine import SqliteIndex
store = SqliteIndex(Path(sys.argv[1]))
print(store.uid, store.notices)
"""

OPEN_AND_STOP_INSIDE = """
import dataclasses, sys
from pathlib import Path
from core.index.sqlite import migrations
from core.index.sqlite.engine import SqliteIndex

def statements_and_stop(migration):
    yield from migration.statements
    print("inside", flush=True)
    sys.stdin.read()

migrations.MIGRATIONS = tuple(
    dataclasses.replace(m, statements=statements_and_stop(m)) if m.number == int(sys.argv[2]) else m
    for m in migrations.MIGRATIONS
)
SqliteIndex(Path(sys.argv[1]))
"""


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_inside(folder: Path, number: int) -> None:
    """Open the index in a process that is killed after the statements of migration `number`."""
    with start_python(OPEN_AND_STOP_INSIDE, folder, number) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        process.kill()


@pytest.mark.parametrize("number", range(2, newest_version() + 1))
def test_kill_9_in_a_migration_leaves_the_version_before_it(tmp_path: Path, number: int) -> None:
    path = an_old_index(tmp_path)
    kill_inside(tmp_path, number)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert version(db) == recorded_version(db) == number - 1
    assert old_rows(path) == old_rows()


@pytest.mark.parametrize("number", range(2, newest_version() + 1))
def test_the_opening_after_a_kill_completes_the_migrations(tmp_path: Path, number: int) -> None:
    path = an_old_index(tmp_path)
    kill_inside(tmp_path, number)
    store = SqliteIndex(tmp_path)
    assert store.notices == []
    assert store.uid == "4fd3aae3fcfa"
    store.close()
    assert is_up_to_date(path)
    assert old_rows(path) == old_rows()


@pytest.mark.parametrize("number", range(1, newest_version() + 1))
def test_a_new_index_whose_making_was_killed_is_made_by_the_next_opening(
    tmp_path: Path, number: int
) -> None:
    kill_inside(tmp_path, number)
    store = SqliteIndex(tmp_path)
    assert store.notices == []
    store.close()
    assert is_up_to_date(store.path)


def test_two_processes_that_open_an_old_index_at_once_migrate_it_once(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    processes = [start_python(OPEN, tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert said == ["4fd3aae3fcfa []\n"] * 2
    assert is_up_to_date(path)
    assert old_rows(path) == old_rows()


def test_migrations_run_once_even_where_no_lock_keeps_others_out(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    together = threading.Barrier(4)
    failures: list[Exception] = []

    def work() -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
            together.wait()
            try:
                migrate(db)
            except sqlite3.Error as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert is_up_to_date(path)


def test_an_index_that_an_older_program_has_open_is_not_migrated(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    older = FileLock(tmp_path / "index.lock")
    older.acquire(shared=True)
    with pytest.raises(IndexUnavailable, match=r"older version .* Stop that one"):
        SqliteIndex(tmp_path)
    older.release()
    assert path.read_bytes() == OLD_INDEX.read_bytes()
    SqliteIndex(tmp_path).close()
    assert is_up_to_date(path)


def test_a_damaged_index_of_a_newer_program_is_left_to_that_program(tmp_path: Path) -> None:
    path = a_migrated_index(tmp_path)
    change(path, f"PRAGMA user_version = {newest_version() + 1}")
    destroy_page(path, page_with(path, a_vector(7, 64).tobytes()))
    before = path.read_bytes()
    with pytest.raises(IndexUnavailable, match="newer version"):
        SqliteIndex(tmp_path)
    assert path.read_bytes() == before


# -- no room, no permission ------------------------------------------------------------------


@needs_mount
@pytest.mark.parametrize("room", [0, 40 * 1024])
def test_on_a_full_disk_nothing_is_lost_and_the_next_start_migrates(
    tmp_path: Path, room: int
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        path = an_old_index(disk)
        fill_up(disk)
        films = disk / "films"
        # SQLite takes 32 KB beside the file before it writes anything.
        os.truncate(films, films.stat().st_size - room)
        with pytest.raises(IndexUnavailable, match="disk is full"):
            SqliteIndex(disk)
        films.unlink()
        SqliteIndex(disk).close()
        assert is_up_to_date(path)
        assert old_rows(path) == old_rows()


@needs_root
def test_an_old_index_that_may_only_be_read_is_left_as_it_is(public_folder: Path) -> None:
    path = an_old_index(public_folder)
    public_folder.chmod(0o777)
    path.chmod(0o444)
    assert "cannot be written" in run_python(AS_NOBODY, public_folder).stdout
    assert path.read_bytes() == OLD_INDEX.read_bytes()


# -- damage ----------------------------------------------------------------------------------


def test_an_old_index_without_its_first_page_keeps_every_row(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    destroy_page(path, 1)
    store = SqliteIndex(tmp_path)
    assert "43 vectors could be read" in store.notices[0]
    store.close()
    assert old_rows(path) == old_rows()
    assert is_up_to_date(path)


@pytest.mark.parametrize(
    ("table", "content", "most"),
    [
        ("vectors", a_vector(7, 64).tobytes(), 13),
        ("vectors", a_vector(30, 64).tobytes(), 13),
        ("unreadable", b"This is no picture.", 1),
        ("failures", b"No answer.", 2),
        ("queries", a_vector(200, 64).tobytes(), 2),
    ],
)
def test_a_damaged_page_of_an_old_index_costs_only_the_rows_on_it(
    tmp_path: Path, table: str, content: bytes, most: int
) -> None:
    path = an_old_index(tmp_path)
    destroy_page(path, page_with(path, content))
    store = SqliteIndex(tmp_path)
    assert "damaged" in store.notices[0]
    store.close()
    assert is_up_to_date(path)
    before, after = old_rows(), old_rows(path)
    kept, lost = set(after.pop(table)), set(before.pop(table))
    lost -= kept
    assert 0 < len(lost) <= most
    assert after == before


def test_a_picture_on_a_damaged_page_of_an_old_index_goes_with_its_file(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    # The page where most of the thumbnails of pictures 20 and 21 lie.
    destroy_page(path, page_with(path, an_id(20).encode() + b"JPEG"))
    store = SqliteIndex(tmp_path)
    ids = store.ids(Scope())
    assert 30 < len(ids) < 41
    assert an_id(20) not in ids
    assert set(ids) == set(store.pictures(ids))
    assert store.vector("e:1", an_id(20)) is not None
    store.close()
    assert is_up_to_date(path)


@pytest.mark.parametrize("make", [a_migrated_index, a_new_index])
def test_without_its_first_page_an_index_keeps_what_later_versions_added(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    change(path, "UPDATE unreadable SET reader = 4", "UPDATE vectors SET length = 2.5")
    destroy_page(path, 1)
    assert "43 vectors could be read" in SqliteIndex(tmp_path).notices[0]
    assert old_rows(path) == old_rows()
    assert read(path, "SELECT reader FROM unreadable") == [(4,)]
    assert read(path, "SELECT DISTINCT length FROM vectors") == [(2.5,)]


@pytest.mark.parametrize("make", [an_old_index, a_migrated_index, a_new_index])
def test_a_table_that_was_added_to_a_grown_index_outlives_the_first_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    add_migration(
        monkeypatch,
        "CREATE TABLE captions (picture_id TEXT PRIMARY KEY, caption TEXT NOT NULL)",
        f"INSERT INTO captions VALUES ('{an_id(1)}', 'a house')",
    )
    SqliteIndex(tmp_path).close()
    change(path, f"INSERT INTO captions VALUES ('{an_id(2)}', 'a boat')")
    destroy_page(path, 1)
    assert "damaged" in SqliteIndex(tmp_path).notices[0]
    captions = read(path, "SELECT caption FROM captions ORDER BY picture_id")
    assert captions == [("a house",), ("a boat",)]
    assert old_rows(path) == old_rows()


@pytest.mark.parametrize("make", [an_old_index, a_migrated_index, a_new_index])
def test_without_its_first_two_pages_an_index_keeps_pictures_and_vectors(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    destroy_page(path, 1)
    destroy_page(path, 2)  # the table meta
    assert "43 vectors could be read" in SqliteIndex(tmp_path).notices[0]
    before, after = old_rows(), old_rows(path)
    del before["meta"], after["meta"]
    assert after == before
    assert is_up_to_date(path)


def test_a_damaged_row_goes_through_the_migrations_that_a_sound_one_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_migrated_index(tmp_path)
    destroy_page(path, page_with(path, b"No answer."))
    add_migration(monkeypatch, "UPDATE unreadable SET reason = reason || ' Once.', reader = 9")
    assert "damaged" in SqliteIndex(tmp_path).notices[0]
    assert read(path, "SELECT reason, reader FROM unreadable") == [("This is no picture. Once.", 9)]


def test_a_damaged_index_with_columns_in_another_order_keeps_its_rows(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    change(
        path,
        "ALTER TABLE vectors RENAME TO before",
        "CREATE TABLE vectors (altered INTEGER NOT NULL, vector BLOB NOT NULL, extra TEXT, "
        "picture_id TEXT NOT NULL, embedder_id TEXT NOT NULL, UNIQUE (embedder_id, picture_id))",
        "INSERT INTO vectors (embedder_id, picture_id, vector, altered) "
        "SELECT embedder_id, picture_id, vector, altered FROM before",
        "DROP TABLE before",
    )
    destroy_page(path, page_with(path, b"No answer."))
    assert "43 vectors could be read" in SqliteIndex(tmp_path).notices[0]
    assert old_rows(path)["vectors"] == old_rows()["vectors"]
    assert is_up_to_date(path)


@pytest.mark.parametrize("stated", [0, 1, newest_version() - 1, 2**30])
def test_a_version_that_the_record_contradicts_is_damage_and_is_mended(
    tmp_path: Path, stated: int
) -> None:
    path = a_migrated_index(tmp_path)
    change(path, f"PRAGMA user_version = {stated}")
    assert "43 vectors could be read" in SqliteIndex(tmp_path).notices[0]
    assert old_rows(path) == old_rows()
    assert is_up_to_date(path)


def test_a_mended_index_of_version_1_is_sound_and_takes_new_rows(tmp_path: Path) -> None:
    path = an_old_index(tmp_path)
    destroy_page(path, 1)
    store = SqliteIndex(tmp_path)
    store.add_files([FileRow("images/90.jpg", an_id(90), 1, 1)], [(a_picture(90), THUMBNAIL)])
    store.add_vectors("e:1", [(an_id(90), a_vector(90, 64), False)])
    assert store.counts("e:1", Scope()) == (39, 41)
    store.close()
    assert read(path, "PRAGMA integrity_check") == [("ok",)]


def test_no_single_damaged_page_keeps_an_old_index_from_opening(tmp_path: Path) -> None:
    for number in range(1, OLD_INDEX.stat().st_size // PAGE_BYTES + 1):
        folder = tmp_path / str(number)
        path = an_old_index(folder)
        destroy_page(path, number)
        SqliteIndex(folder).close()
        assert is_up_to_date(path)
        # At worst a page takes the table of pictures, and the files go with them: 53 rows stay.
        assert sum(map(len, old_rows(path).values())) >= 53
