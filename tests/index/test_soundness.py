"""core.index.sqlite.soundness: when a whole file is read through at the start, and when not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import IndexUnavailable
from core.index.sqlite.engine import SqliteIndex
from core.index.sqlite.soundness import is_as_marked, is_suspect, mark_sound
from tests.index.samples import fill, put

ROOT = Path(__file__).parents[2]


def a_closed_index(folder: Path) -> Path:
    index = SqliteIndex(folder)
    fill(index, 40)
    index.close()
    return folder / "index.sqlite"


def rot(path: Path) -> None:
    """Spoil the table of files as a bad sector does: without a new time of change."""
    before = path.stat()
    content = path.read_bytes()
    for at in range(4096, len(content), 4096):
        if b"images/1.jpg" in content[at : at + 4096]:
            content = content[:at] + b"\xff" * 64 + content[at + 64 :]
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_index_closed_in_good_order_is_as_marked(tmp_path: Path) -> None:
    path = a_closed_index(tmp_path)
    assert is_as_marked(path)
    SqliteIndex(tmp_path).close()
    assert is_as_marked(path)


def test_such_an_index_is_not_read_through(tmp_path: Path) -> None:
    rot(a_closed_index(tmp_path))
    index = SqliteIndex(tmp_path)
    assert index.notices == []
    index.close()


def test_damage_that_is_met_makes_the_next_start_read_all_and_mend(tmp_path: Path) -> None:
    path = a_closed_index(tmp_path)
    rot(path)
    index = SqliteIndex(tmp_path)
    with pytest.raises(IndexUnavailable, match="Start the app again"):
        index.files()
    index.close()
    assert is_suspect(path)
    again = SqliteIndex(tmp_path)
    assert "damaged" in again.notices[0]
    again.close()
    assert is_as_marked(path)
    assert SqliteIndex(tmp_path).notices == []


def test_a_change_of_the_same_length_is_seen_however_soon_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    for number in range(100):
        path.write_bytes(bytes([number]))
        mark_sound(path)
        path.write_bytes(bytes([number + 1]))
        assert not is_as_marked(path)


def test_a_file_brought_from_elsewhere_is_read_through(tmp_path: Path) -> None:
    path = a_closed_index(tmp_path)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    assert not is_as_marked(path)
    index = SqliteIndex(tmp_path)
    assert is_as_marked(path)
    index.close()


def test_only_the_last_to_leave_marks_the_file(tmp_path: Path) -> None:
    path = a_closed_index(tmp_path)
    one, two = SqliteIndex(tmp_path), SqliteIndex(tmp_path)
    put(one, 1000)
    with one.connection() as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    one.close()
    assert not is_as_marked(path)
    two.close()
    assert is_as_marked(path)


ENDED = """
import os, signal, sys
from pathlib import Path
from core.index.sqlite.engine import SqliteIndex
from tests.index.samples import put
index = SqliteIndex(Path(sys.argv[1]))
put(index, 1)
with index.connection() as db:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("how", "marked"), [("by itself", True), ("killed", False)])
def test_a_program_that_ends_marks_the_file_unless_it_is_killed(
    tmp_path: Path, how: str, marked: bool
) -> None:
    subprocess.run([sys.executable, "-c", ENDED, str(tmp_path), how], cwd=ROOT, check=False)
    assert is_as_marked(tmp_path / "index.sqlite") is marked
    index = SqliteIndex(tmp_path)
    assert index.notices == []
    index.close()
