"""What a list says, in a file of the data folder: the path of each picture and its address.

A list may have a million lines, so that it is read once and looked up afterwards. Its addresses may
hold signatures: the file can be read by this user alone, and no address leaves it for a page.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.files import replacing
from core.sources.remote.kept import make_private

# Lines that say nothing of use are named up to here; the others are counted.
PROBLEMS_NAMED = 1000

# `json.dumps` would make such an encoder for each line.
_as_json = json.JSONEncoder(ensure_ascii=False).encode

TABLES = """
CREATE TABLE entries (path TEXT PRIMARY KEY, address TEXT, size INTEGER, mark INTEGER, columns TEXT)
    WITHOUT ROWID;
CREATE TABLE problems (line INTEGER PRIMARY KEY, reason TEXT);
CREATE TABLE facts (mark TEXT, problems INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list. address: as the list has it, with its query."""

    path: str
    address: str
    size: int
    mark: int
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    reason: str


class Catalogue:
    """The file of one list. Read while another thread replaces it, it is whole all the same."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def mark(self) -> str:
        """What `replace` was given last; "" if there is nothing yet."""
        with self._reading() as db:
            found = db.execute("SELECT mark FROM facts").fetchone() if db else None
        return str(found[0]) if found else ""

    def replace(self, mark: str, lines: Iterable[Row | Problem]) -> None:
        """Keep these lines instead of those before, all of them or, if it fails, none.

        Of lines with one path the first counts. Raises OSError, sqlite3.Error.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        for left in self._file.parent.glob(f".{self._file.name}.*.part"):
            left.unlink(missing_ok=True)  # of a program that was killed here
        with replacing(self._file) as draft:
            make_private(draft)
            db = sqlite3.connect(draft)
            try:
                db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + TABLES)
                problems = _fill(db, lines)
                db.execute("INSERT INTO facts VALUES (?, ?)", (mark, problems))
                db.commit()
            finally:
                db.close()

    def rows(self) -> Iterator[Row]:
        """Every line that names a picture, by path."""
        with self._reading() as db:
            if db:
                for path, address, size, mark, columns in db.execute(
                    "SELECT path, address, size, mark, columns FROM entries"
                ):
                    yield Row(path, address, size, mark, json.loads(columns))

    def places(self) -> Iterator[tuple[str, str, int, int]]:
        """(path, address, size, mark) of every line that names a picture, by path."""
        with self._reading() as db:
            if db:
                yield from db.execute("SELECT path, address, size, mark FROM entries")

    def problems(self) -> tuple[list[Problem], int]:
        """The first lines that name no picture, and how many there are in all."""
        with self._reading() as db:
            if not db:
                return [], 0
            named = [Problem(*row) for row in db.execute("SELECT line, reason FROM problems")]
            total = db.execute("SELECT problems FROM facts").fetchone()
        return named, int(total[0]) if total else 0

    def address(self, path: str) -> str | None:
        with self._reading() as db:
            row = (
                db and db.execute("SELECT address FROM entries WHERE path = ?", (path,)).fetchone()
            )
        return str(row[0]) if row else None

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection, or None where there is no such file or it is damaged: a scan makes it."""
        if not self._file.exists():
            yield None
            return
        db = sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            db.execute("SELECT mark FROM facts")
        except sqlite3.DatabaseError:
            db.close()
            yield None
            return
        try:
            yield db
        finally:
            db.close()


def _fill(db: sqlite3.Connection, lines: Iterable[Row | Problem]) -> int:
    problems = 0

    def rows() -> Iterator[tuple[object, ...]]:
        nonlocal problems
        for line in lines:
            if isinstance(line, Row):
                yield line.path, line.address, line.size, line.mark, _as_json(line.columns)
                continue
            problems += 1
            if problems <= PROBLEMS_NAMED:
                db.execute("INSERT INTO problems VALUES (?, ?)", (line.line, line.reason))

    db.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?)", rows())
    return problems
