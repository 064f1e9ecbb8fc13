"""What an error of PostgreSQL or of its client means to the person."""

from __future__ import annotations

import psycopg
from psycopg import errors

from core.settings import Settings

FULL = "The disk of the database server is full: nothing was lost. Make room on it, then go on."

LOST = "The connection to the database was lost just now; nothing was lost with it. Try again."

BUSY = "The database is busy with something else for too long. Try again in a moment."

ALL_TAKEN = (
    "All connections to the database are in use: many people search at once. Try again in a moment."
)

TABLES_GONE = (
    "The tables of the index are not there any more, or not those of this version. Start the app "
    "again."
)

# A connection that fails has no code, only the words of libpq and of the server, whose language is
# the server's own. In each line: what its words hold, and what to do.
CONNECTING = (
    # First, because it names the user and the database as well.
    (
        ("pg_hba.conf",),
        "The database server does not let {user!r} in from this machine, or not without TLS: its "
        "firewall or pg_hba.conf has to allow it.",
    ),
    (
        ("password authentication failed", "no password supplied", "authentication failed"),
        "The database server does not let in {user!r}: check POSTGRES_USER and POSTGRES_PASSWORD.",
    ),
    (
        ('role "',),
        "The database server knows no user {user!r}: check POSTGRES_USER.",
    ),
    (
        ('database "',),
        "There is no database {database!r} on {host}: check POSTGRES_DB, or have it made.",
    ),
    (
        ("resolve host", "translate host name", "name or service not known"),
        "There is no server {host!r}: check POSTGRES_HOST.",
    ),
    (
        ("connection refused", "no such file or directory"),
        "Nothing answers at {host}, port {port}: check POSTGRES_HOST and POSTGRES_PORT, and "
        "whether the database server runs.",
    ),
    (
        ("timeout expired", "timed out", "no route to host", "unreachable"),
        "{host}, port {port}, does not answer: check POSTGRES_HOST and POSTGRES_PORT. Often a "
        "firewall does not let this machine through; at Azure that is the server's page "
        "“Networking”.",
    ),
    (
        ("does not support ssl",),
        "The database server has no TLS, and POSTGRES_SSLMODE asks for it. In a network that you "
        "trust, set POSTGRES_SSLMODE=disable.",
    ),
    (
        ("certificate", "ssl error"),
        "The certificate of {host} is not one that proves who it is: check that POSTGRES_HOST is "
        "its full name. For an authority of your own, name its file in PGSSLROOTCERT.",
    ),
    (
        ("too many", "connection slots"),
        "The database server has no connection left. Try again in a moment.",
    ),
    (
        ("starting up", "shutting down", "recovery mode", "not yet accepting"),
        "The database server is just being started. Try again in a moment.",
    ),
)


def sentence_on_connecting(error: psycopg.Error, settings: Settings) -> str:
    """Why there is no connection; never with the password, which no error of libpq holds."""
    words = str(error).lower()
    known = {
        "host": settings.postgres_host,
        "port": settings.postgres_port,
        "database": settings.postgres_db,
        "user": settings.postgres_user,
    }
    for marks, sentence in CONNECTING:
        if any(mark in words for mark in marks):
            return sentence.format(**known)
    return f"The database server does not take the connection ({_first_line(error)})."


def sentence(error: psycopg.Error, settings: Settings) -> str:
    """Why a statement was not carried out; "" where the fault is the program's own."""
    if isinstance(error, errors.DiskFull):
        return FULL
    if isinstance(error, errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction):
        return may_only_read(settings)
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName | errors.UndefinedColumn):
        return TABLES_GONE
    if isinstance(error, errors.CheckViolation):
        return (
            "The database holds vectors of another length from this embedder. Set another "
            "POSTGRES_SCHEMA for these."
        )
    if isinstance(
        error,
        errors.QueryCanceled
        | errors.LockNotAvailable
        | errors.DeadlockDetected
        | errors.SerializationFailure,
    ):
        return BUSY
    if error.sqlstate is None or error.sqlstate[:2] in ("08", "57"):
        return LOST if isinstance(error, psycopg.OperationalError) else ""
    if isinstance(error, psycopg.OperationalError):
        return f"The database cannot do that just now ({_first_line(error)}). Try again later."
    return ""


def may_only_read(settings: Settings) -> str:
    return (
        f"{settings.postgres_user!r} may only read this index: nothing can be added or kept. Set "
        "POSTGRES_USER to a user that may write, or READ_ONLY=1."
    )


def counts_alone(settings: Settings) -> str:
    return (
        f"{settings.postgres_user!r} may not write to the tables of paid calls: this process "
        "counts its calls alone, and keeps to the caps alone, until it ends. Let it write to calls "
        "and visitor_calls."
    )


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().split("\n", 1)[0][:200]
