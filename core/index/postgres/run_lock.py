"""The lock of the one run that adds to an index, between processes and between hosts."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack, suppress

import psycopg

from core.errors import IndexUnavailable
from core.file_lock import PROBE_SECONDS, FileLock
from core.index.postgres.connecting import connect
from core.index.postgres.connections import Connections
from core.index.postgres.session import Row, Session

log = logging.getLogger(__name__)

# How often the holder looks whether it still has the lock. Its connection fails when nothing was
# answered for ten seconds (`connecting.parameters`), so that it knows within 15 seconds.
CHECK_SECONDS = 5.0

# How long an answer about others is good for: every page that is open asks.
ASKED_FOR_SECONDS = 1.0

# The server takes a holder that is not heard of for dead after 20 + 3 x 5 seconds: later than the
# holder itself stops, and within a minute.
SETTINGS = (
    "SET LOCAL tcp_keepalives_idle = 20; SET LOCAL tcp_keepalives_interval = 5; "
    "SET LOCAL tcp_keepalives_count = 3; SET LOCAL idle_in_transaction_session_timeout = 0"
)

# An advisory lock: its number is that of this text in the schema's name.
NUMBER = "hashtextextended('schema.run', 0)"


class PostgresRunLock:
    """Keeps the promises of `core.index.port.RunLock`.

    The database frees the lock when the connection of its holder ends, by kill -9 too. It lives in
    a transaction of its own, because PgBouncer gives a transaction, and no session, a connection.
    """

    def __init__(self, index: Connections) -> None:
        self._index = index
        # On one host, the processes of one data folder see each other without the network.
        self._file = FileLock(index.data_dir / "run.lock")
        self._guard = threading.Lock()
        self._connection: psycopg.Connection[Row] | None = None
        self._checked = 0.0
        self._asked: tuple[float, bool] | None = None

    def acquire(self, seconds: float = PROBE_SECONDS) -> bool:
        if not self._file.acquire(seconds):
            return False
        with ExitStack() as undo:
            undo.callback(self._file.release)
            connection = self._locked()
            if connection is None:
                return False
            undo.pop_all()
        with self._guard:
            self._connection, self._checked = connection, time.monotonic()
        return True

    def _locked(self) -> psycopg.Connection[Row] | None:
        """A connection that holds the lock; None if somebody else's does."""
        connection = connect(self._index.settings)
        try:
            connection.execute(f"BEGIN; {SETTINGS}".encode())
            session = Session(connection, self._index.settings.postgres_schema)
            got = session.execute(f"SELECT pg_try_advisory_xact_lock({NUMBER})").fetchone()
        except psycopg.Error as error:
            connection.close()
            raise IndexUnavailable(
                "The connection to the database was lost just now. Try again."
            ) from error
        if got == (True,):
            return connection
        connection.close()
        return None

    def release(self) -> None:
        with self._guard:
            connection, self._connection = self._connection, None
            self._asked = None
        if connection is not None:
            # Free when this returns: the end of the connection alone takes the server a moment.
            with suppress(psycopg.Error):
                connection.rollback()
            connection.close()
        self._file.release()

    def is_held(self) -> bool:
        with self._guard:
            if self._connection is not None:
                return self._is_alive(self._connection)
            now = time.monotonic()
            if self._asked is None or now - self._asked[0] > ASKED_FOR_SECONDS:
                held = self._file.is_held() or self._is_held_elsewhere()
                self._asked = (time.monotonic(), held)
            return self._asked[1]

    def _is_alive(self, connection: psycopg.Connection[Row]) -> bool:
        now = time.monotonic()
        if now - self._checked < CHECK_SECONDS and not connection.closed:
            return True
        try:
            connection.execute("SELECT 1")
        except psycopg.Error as error:
            log.warning("The lock of the run was lost with its connection: %s", error)
            return False
        self._checked = now
        return True

    def _is_held_elsewhere(self) -> bool:
        try:
            with self._index.reading() as db:
                found = db.execute(
                    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
                    "AND granted AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database()) "
                    f"AND (classid::bigint << 32) | objid::bigint = {NUMBER}"
                ).fetchone()
        except IndexUnavailable as error:
            log.warning("The database cannot be asked whether a run is on: %s", error)
            return False
        return found is not None
