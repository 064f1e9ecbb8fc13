"""Connecting to the server: how, and whether its index can be used."""

from __future__ import annotations

import os
from typing import Any

import certifi
import psycopg
from pgvector.psycopg import register_vector
from psycopg import errors

from core.errors import IndexUnavailable
from core.index.postgres import entra
from core.index.postgres.migrations import migrate, newest_version, version
from core.index.postgres.refusals import may_only_read, sentence, sentence_on_connecting
from core.index.postgres.session import Row, Session
from core.index.postgres.texts import register_texts
from core.settings import Settings, is_loopback

# For each address of the host; a name often has two.
CONNECT_SECONDS = 4

# A person waits for an answer; what loads or copies takes its own time (`Connections.writing`).
STATEMENT_SECONDS = 8
LOCK_SECONDS = 5

# A transaction that its process left in the middle must not hold its locks for good.
IDLE_IN_TRANSACTION_SECONDS = 300

OLDEST_SERVER = 15
# 0.6.0 to 0.8.1 can write beyond a buffer in parallel builds of HNSW (CVE-2026-3172).
OLDEST_EXTENSION = (0, 8, 2)


def parameters(settings: Settings) -> dict[str, Any]:
    """What psycopg.connect is given, each value on its own: no address is put together.

    Raises IndexUnavailable where there is neither a password nor a token.
    """
    given: dict[str, Any] = {
        "host": settings.postgres_host,
        "port": settings.postgres_port,
        "dbname": settings.postgres_db,
        "user": settings.postgres_user,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "vectorscope",
        "client_encoding": "UTF8",
        # A firewall drops a connection that is silent for some minutes, and tells nobody.
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        # PgBouncer may give each statement another connection, and plans made for any value are
        # slower here than those made for this one.
        "prepare_threshold": None,
        "autocommit": True,
        **_tls(settings),
    }
    if settings.postgres_password:
        given["password"] = settings.postgres_password
    elif settings.postgres_host.lower().endswith(entra.HOSTS):
        given["password"] = entra.token()
    return given


def _tls(settings: Settings) -> dict[str, str]:
    host, mode = settings.postgres_host, settings.postgres_sslmode
    if mode == "auto":
        mode = "prefer" if host.startswith("/") or is_loopback(host) else "verify-full"
    if not mode.startswith("verify"):
        return {"sslmode": mode}
    # The client's own OpenSSL looks for the system's authorities where none are.
    return {"sslmode": mode, "sslrootcert": os.environ.get("PGSSLROOTCERT") or certifi.where()}


def connect(settings: Settings) -> psycopg.Connection[Row]:
    """A connection of its own, outside the pool. Raises IndexUnavailable with the cause."""
    try:
        return psycopg.connect(**parameters(settings))
    except psycopg.Error as error:
        raise IndexUnavailable(sentence_on_connecting(error, settings)) from error


def configure(connection: psycopg.Connection[Row]) -> None:
    """Prepare a new connection of the pool."""
    register_texts(connection)
    register_vector(connection)
    connection.execute(
        "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false), "
        "set_config('idle_in_transaction_session_timeout', %s, false)",
        [
            f"{seconds}s"
            for seconds in (STATEMENT_SECONDS, LOCK_SECONDS, IDLE_IN_TRANSACTION_SECONDS)
        ],
    )


def prepare(connection: psycopg.Connection[Row], settings: Settings) -> bool:
    """Check the server, and make the tables or bring them up to date.

    Returns whether this user may write. Raises IndexUnavailable.
    """
    session = Session(connection, settings.postgres_schema)
    try:
        _check_server(session)
        _check_extension(session, settings)
        return _check_tables(session, settings)
    except psycopg.Error as error:
        raise IndexUnavailable(sentence(error, settings) or _unknown(error)) from error


def _unknown(error: psycopg.Error) -> str:
    return f"The database cannot be used ({type(error).__name__}); the log has the details."


def _check_server(session: Session) -> None:
    info = session.connection.info
    if info.server_version < OLDEST_SERVER * 10_000:
        raise IndexUnavailable(
            f"The database server is PostgreSQL {info.server_version // 10_000}; "
            f"{OLDEST_SERVER} or newer is needed."
        )
    if info.parameter_status("server_encoding") != "UTF8":
        raise IndexUnavailable(
            "The database does not keep its texts as UTF-8: make one with ENCODING 'UTF8', and "
            "name it in POSTGRES_DB."
        )


def _check_extension(session: Session, settings: Settings) -> None:
    row = session.execute(
        "SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'), "
        "EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector'), "
        "to_regtype('vector') IS NOT NULL"
    ).fetchone()
    assert row is not None
    found, is_available, is_in_path = row
    if found is None and not is_available:
        raise IndexUnavailable(
            "The database server has no pgvector: an administrator installs it (its package is "
            "often called postgresql-…-pgvector; at Azure it is allowed in the server parameter "
            "azure.extensions) and runs CREATE EXTENSION vector once."
        )
    if found is None:
        raise IndexUnavailable(
            f"pgvector is not enabled in the database {settings.postgres_db!r}: an administrator "
            "runs CREATE EXTENSION vector in it once."
        )
    if tuple(int(part) for part in found.split(".")[:3]) < OLDEST_EXTENSION:
        oldest = ".".join(map(str, OLDEST_EXTENSION))
        raise IndexUnavailable(
            f"pgvector is version {found} in this database; {oldest} or newer is needed "
            "(before it, building an index could damage memory, CVE-2026-3172). An administrator "
            "installs it and runs ALTER EXTENSION vector UPDATE."
        )
    if not is_in_path:
        raise IndexUnavailable(
            "pgvector is enabled in a schema that this user does not look into: an administrator "
            f"adds it to the search_path of {settings.postgres_user!r}."
        )


def _check_tables(session: Session, settings: Settings) -> bool:
    schema, user = settings.postgres_schema, settings.postgres_user
    row = session.execute(
        "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s", (schema,)
    ).fetchone()
    if row is not None and not row[0]:
        raise IndexUnavailable(
            f"{user!r} may not look into the schema {schema!r}: its owner runs GRANT USAGE ON "
            f"SCHEMA {schema} and GRANT SELECT ON ALL TABLES IN SCHEMA {schema} for this user."
        )
    done = version(session)
    if done > newest_version():
        raise IndexUnavailable(
            "This index was used by a newer version of this product, which changed its tables. "
            "Update this one, or set another POSTGRES_SCHEMA."
        )
    if done < newest_version():
        try:
            migrate(session)
        except errors.InsufficientPrivilege as error:
            raise IndexUnavailable(_may_not_make(settings, row is not None)) from error
        except errors.ReadOnlySqlTransaction as error:
            raise IndexUnavailable(may_only_read(settings)) from error
    may_write = session.execute(
        "SELECT has_table_privilege('schema.files', 'INSERT') AND NOT pg_is_in_recovery() "
        "AND NOT current_setting('default_transaction_read_only')::boolean"
    ).fetchone()
    return may_write is not None and bool(may_write[0])


def _may_not_make(settings: Settings, schema_exists: bool) -> str:
    schema, user, database = (
        settings.postgres_schema,
        settings.postgres_user,
        settings.postgres_db,
    )
    if schema_exists:
        return (
            f"{user!r} may not change the tables in the schema {schema!r}, which a new version has "
            "to do: start it once as the user that made them."
        )
    return (
        f"{user!r} may not make a schema in the database {database!r}: an administrator runs "
        f"CREATE SCHEMA {schema} AUTHORIZATION, followed by the user's name, once."
    )
