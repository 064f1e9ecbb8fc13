"""core.index.postgres: what is PostgreSQL's own, against a real server."""

from __future__ import annotations

import logging
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexUnavailable
from core.index import CallCount, Index, PaidCall, open_index
from core.model import EVERYTHING, FileRow, Scope, Unreadable
from core.settings import Settings
from core.vectors import unit
from tests.index.samples import DIMENSIONS, THUMBNAIL, a_picture, a_vector, an_id, fill, put
from tests.postgres_server import PASSWORD, PostgresServer

ROOT = Path(__file__).resolve().parents[2]

# Longer than this, nobody waits for a sentence.
MOST_SECONDS = 10.0


@pytest.fixture
def index(postgres: Settings) -> Iterator[Index]:
    opened = open_index(postgres)
    yield opened
    opened.close()


def refusal(settings: Settings) -> str:
    """The sentence with which the index is not opened."""
    started = time.monotonic()
    with pytest.raises(IndexUnavailable) as caught:
        open_index(settings)
    assert time.monotonic() - started < MOST_SECONDS
    return str(caught.value)


@pytest.fixture
def role(postgres: Settings, postgres_server: PostgresServer) -> Iterator[Settings]:
    """A user who may connect, and nothing more."""
    name = f"role_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret of the role'")
    yield replace(postgres, postgres_user=name, postgres_password="secret of the role")
    postgres_server.execute(f"DROP OWNED BY {name}")
    postgres_server.execute(f"DROP ROLE {name}")


@pytest.fixture
def database(postgres: Settings, postgres_server: PostgresServer) -> Iterator[Settings]:
    """A database of the test's own, without the extension."""
    name = f"db_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield replace(postgres, postgres_db=name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# -- connecting ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"postgres_host": "no-such-server.invalid"}, "no server 'no-such-server.invalid'"),
        ({"postgres_password": "wrong"}, "does not let in 'postgres'"),
        ({"postgres_password": ""}, "does not let in 'postgres'"),
        ({"postgres_user": "nobody_here"}, "does not let in 'nobody_here'"),
        ({"postgres_db": "none such"}, "no database 'none such'"),
        ({"postgres_sslmode": "require"}, "has no TLS"),
        ({"postgres_sslmode": "verify-full"}, "has no TLS"),
    ],
    ids=str,
)
def test_a_connection_that_fails_is_a_sentence_without_the_password(
    postgres: Settings,
    change: dict[str, str],
    said: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    caplog.set_level(logging.DEBUG)
    sentence = refusal(replace(postgres, **change))
    assert said in sentence
    assert PASSWORD not in sentence + caplog.text


def test_a_port_where_nobody_listens_is_a_sentence(postgres: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        sentence = refusal(replace(postgres, postgres_port=port))
    assert sentence.startswith(f"Nothing answers at 127.0.0.1, port {port}")


def test_a_server_that_never_answers_is_a_sentence(
    postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.index.postgres import connecting

    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 2)  # libpq takes no less
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        sentence = refusal(replace(postgres, postgres_port=silent.getsockname()[1]))
    assert "does not answer" in sentence
    assert "firewall" in sentence


def test_without_the_client_a_sentence_says_what_to_install(
    postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "core.index.postgres", None)
    assert "pip install -r requirements-postgres.txt" in refusal(postgres)


def test_the_client_is_not_imported_while_no_host_is_set() -> None:
    code = (
        "import sys; from pathlib import Path; from core.index import open_index; "
        "import core.workspace; print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "'numpy'" in run.stdout, run.stderr
    assert not {"psycopg", "psycopg_pool", "pgvector"} & set(run.stdout.split("'"))


# -- what the server must have ---------------------------------------------------------------


def test_a_database_without_the_extension_is_a_sentence(database: Settings) -> None:
    assert "runs CREATE EXTENSION vector in it once" in refusal(database)


def test_an_old_extension_is_a_sentence(
    database: Settings, postgres_server: PostgresServer
) -> None:
    with postgres_server.connect(database.postgres_db) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("UPDATE pg_extension SET extversion = '0.8.1' WHERE extname = 'vector'")
    sentence = refusal(database)
    assert "pgvector is version 0.8.1" in sentence
    assert "CVE-2026-3172" in sentence


def test_an_extension_outside_the_search_path_is_a_sentence(
    database: Settings, postgres_server: PostgresServer
) -> None:
    with postgres_server.connect(database.postgres_db) as connection:
        connection.execute("CREATE SCHEMA elsewhere")
        connection.execute("CREATE EXTENSION vector SCHEMA elsewhere")
    assert "search_path" in refusal(database)


def test_a_database_of_another_encoding_is_a_sentence(
    postgres: Settings, postgres_server: PostgresServer
) -> None:
    postgres_server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    try:
        assert "UTF-8" in refusal(replace(postgres, postgres_db="latin"))
    finally:
        postgres_server.execute("DROP DATABASE latin WITH (FORCE)")


def test_a_user_who_may_not_make_a_schema_is_a_sentence(role: Settings) -> None:
    sentence = refusal(role)
    assert sentence.startswith(f"{role.postgres_user!r} may not make a schema")
    assert f"CREATE SCHEMA {role.postgres_schema} AUTHORIZATION" in sentence


def test_a_schema_that_was_made_for_a_user_is_enough(
    role: Settings, postgres_server: PostgresServer
) -> None:
    postgres_server.execute(
        f"CREATE SCHEMA {role.postgres_schema} AUTHORIZATION {role.postgres_user}"
    )
    index = open_index(role)
    put(index, 1)
    assert index.count(EVERYTHING) == 1
    index.close()


def test_a_user_who_may_not_look_into_the_schema_is_a_sentence(
    index: Index, role: Settings
) -> None:
    assert "GRANT USAGE ON SCHEMA" in refusal(role)


def test_an_index_of_a_newer_version_is_a_sentence(
    index: Index, postgres: Settings, postgres_server: PostgresServer
) -> None:
    postgres_server.execute(
        f"INSERT INTO {postgres.postgres_schema}.migrations (number, name) VALUES (99, 'later')"
    )
    assert "newer version" in refusal(postgres)


def test_several_processes_may_make_the_tables_at_once(postgres: Settings) -> None:
    opened: list[Index] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_index(postgres))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    put(opened[0], 1)
    assert [index.count(EVERYTHING) for index in opened] == [1, 1, 1, 1]
    for index in opened:
        index.close()


# -- a user who may only read ----------------------------------------------------------------


@pytest.fixture
def reader(index: Index, role: Settings, postgres_server: PostgresServer) -> Iterator[Index]:
    """An index of three pictures, opened by a user who may only read."""
    fill(index, 3)
    schema, user = role.postgres_schema, role.postgres_user
    postgres_server.execute(f"GRANT USAGE ON SCHEMA {schema} TO {user}")
    postgres_server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {user}")
    opened = open_index(role)
    yield opened
    opened.close()


def space_of(index: Index):
    return index.vector_space("e:1", DIMENSIONS, is_running=lambda: False, dropped=lambda: None)


def test_a_user_who_may_only_read_searches(reader: Index) -> None:
    assert not reader.may_write
    assert space_of(reader).nearest(a_vector(1), 1, EVERYTHING).ids == (an_id(1),)
    with reader.export("e:1", EVERYTHING) as (altered, rows):
        assert len(dict(rows)) == len(altered) == 3


def test_a_user_who_may_only_read_is_told_so_on_writing(reader: Index) -> None:
    assert "may only read this index" in reader.notices[0]
    with pytest.raises(IndexUnavailable, match="may only read this index"):
        reader.set_meta("gallery", "1")


def test_caps_hold_within_the_process_of_a_user_who_may_only_read(
    reader: Index, index: Index
) -> None:
    call = PaidCall("text", "2026-11-23", "ada")
    reached = [reader.reserve_call("e:1", call, most=3, visitor_most=2) for _ in range(3)]
    assert reached == ["", "", "visitor"]
    others = [reader.reserve_call("e:2", PaidCall("image", call.day), most=3) for _ in range(2)]
    assert others == ["", "day"]
    reader.count_calls("e:1", {(call, "answered"): -1, (call, "cached"): 4})
    assert reader.reserve_call("e:1", call, visitor_most=2) == ""
    assert reader.calls("e:1", "2026-11-01", "2026-11-31") == [
        CallCount("2026-11-23", "text", answered=2, cached=4)
    ]
    assert index.calls("e:1", "2026-11-01", "2026-11-31") == []


def test_a_reader_who_may_write_the_counts_keeps_to_one_cap_with_all_others(
    index: Index, reader: Index, role: Settings, postgres_server: PostgresServer
) -> None:
    assert any("counts its calls alone" in notice for notice in reader.notices)
    schema = role.postgres_schema
    postgres_server.execute(
        f"GRANT INSERT, UPDATE, DELETE ON {schema}.calls, {schema}.visitor_calls "
        f"TO {role.postgres_user}"
    )
    call = PaidCall("text", "2026-11-23", "ada")
    index.reserve_call("e:1", call, most=2)
    showcase = open_index(role)
    assert [showcase.reserve_call("e:1", call, most=2) for _ in range(2)] == ["", "day"]
    assert index.reserve_call("e:1", call, most=2) == "day"
    showcase.close()


def test_a_read_only_showcase_needs_no_notice_of_a_user_who_may_only_read(
    reader: Index, role: Settings
) -> None:
    showcase = open_index(replace(role, read_only=True))
    assert showcase.notices == []
    showcase.close()


# -- a server that goes away -----------------------------------------------------------------


def put_out(server: PostgresServer) -> None:
    """End every connection of the program, as a restart or a firewall does."""
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'vectorscope'"
    )


def test_after_a_restart_of_the_server_the_next_call_is_answered(
    index: Index, postgres_server: PostgresServer
) -> None:
    put(index, 1)
    put_out(postgres_server)
    assert index.count(EVERYTHING) == 1


def test_a_connection_that_is_lost_while_writing_leaves_nothing_half_written(
    index: Index, postgres_server: PostgresServer
) -> None:
    def pictures():
        from tests.index.test_port_contract import archived

        for number in range(600):
            yield archived(number)
        put_out(postgres_server)
        for number in range(600, 1200):
            yield archived(number)

    with pytest.raises(IndexUnavailable, match="connection to the database was lost"):
        index.import_pictures("e:1", pictures(), trusted=True)
    assert index.count(EVERYTHING) == 0
    assert index.dimensions("e:1") is None


def test_only_the_first_call_waits_for_a_server_that_is_away(
    postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.index.postgres import connections

    index = open_index(postgres)
    index.close()
    with monkeypatch.context() as patch:
        patch.setattr(connections, "POOL_SECONDS", 0.2)
        patch.setattr(connections, "AWAY_SECONDS", 1000.0)
        patch.setattr(index, "settings", replace(postgres, postgres_port=1))
        with pytest.raises(IndexUnavailable, match="Nothing answers"):
            index.meta("uid")
        # Not asked again, or it would be found: it is back.
        patch.setattr(index, "settings", postgres)
        with pytest.raises(IndexUnavailable, match="Nothing answers"):
            index.meta("uid")
    index.close()
    monkeypatch.setattr(connections, "AWAY_SECONDS", 0.0)
    assert index.meta("uid")
    index.close()


def test_when_all_connections_are_taken_a_sentence_says_so(
    postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.index.postgres import connections

    monkeypatch.setattr(connections, "POOL_SECONDS", 0.2)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 1)
    index = open_index(postgres)
    with index.export("e:1", EVERYTHING), pytest.raises(IndexUnavailable, match="in use"):
        index.meta("uid")
    index.close()


def test_what_somebody_else_keeps_locked_is_not_waited_for_long(
    postgres: Settings, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.index.postgres import connecting

    monkeypatch.setattr(connecting, "LOCK_SECONDS", 1)
    index = open_index(postgres)
    with postgres_server.connect() as other, other.transaction():
        other.execute(f"LOCK TABLE {postgres.postgres_schema}.meta".encode())
        with pytest.raises(IndexUnavailable, match="busy"):
            index.set_meta("gallery", "1")
    index.set_meta("gallery", "1")
    index.close()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("53100", "disk of the database server is full"),
        ("53300", "cannot do that just now"),
        ("57014", "busy"),
        ("40P01", "busy"),
        ("42P01", "tables of the index are not there"),
    ],
)
def test_what_a_server_refuses_becomes_a_sentence(
    postgres: Settings, postgres_server: PostgresServer, code: str, said: str
) -> None:
    import psycopg

    from core.index.postgres.refusals import sentence

    with pytest.raises(psycopg.Error) as caught:
        postgres_server.execute(f"DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$")
    assert said in sentence(caught.value, postgres)


# -- texts and vectors -----------------------------------------------------------------------


def test_a_path_longer_than_an_index_takes_is_kept_and_found(index: Index) -> None:
    # Random, so that it cannot be compressed below that length.
    folder = f"images/{secrets.token_hex(1500)}/"
    paths = [f"{folder}{secrets.token_hex(300)}.jpg" for _ in range(3)]
    rows = [FileRow(path, an_id(number), 1, 1) for number, path in enumerate(paths)]
    index.add_files(rows, [(a_picture(number), THUMBNAIL) for number in range(3)])
    index.add_files(rows)
    index.add_unreadable([Unreadable(f"{paths[0]}x", "no")])
    assert index.files_below(folder) == sorted(paths)
    assert index.count(Scope(folder=folder)) == 3
    index.forget_files(paths)
    assert index.files() == {}


def test_a_long_query_is_kept(index: Index) -> None:
    words = secrets.token_hex(4000)
    index.add_query_vector("e:1", "text", words, a_vector(1))
    index.add_to_history(words, 1.0)
    kept = index.query_vector("e:1", "text", words)
    assert kept is not None
    np.testing.assert_array_equal(kept.vector, a_vector(1))
    assert index.history() == [words]


def test_folders_that_differ_in_accents_or_capitals_are_not_mixed(index: Index) -> None:
    for number, folder in enumerate(["a", "A", "ä", "a b", "a0", "B"]):
        put(index, number, f"images/{folder}/1.jpg")
    assert index.page(Scope(folder="images/a/"), 0, 10) == [an_id(0)]
    assert index.files_below("images/") == sorted(index.files())


def test_a_vector_of_another_length_is_refused_with_a_sentence(index: Index) -> None:
    put(index, 1)
    with pytest.raises(IndexUnavailable, match="another length"):
        index.add_vectors("e:1", [(an_id(2), unit(np.ones(3)), False)])
    assert len(space_of(index)) == 1


@pytest.mark.parametrize("dimensions", [1, 1900, 1901, 4096])
def test_vectors_of_every_length_come_back_to_the_bit(index: Index, dimensions: int) -> None:
    vector = a_vector(1, dimensions)
    index.add_vectors("e" * 200, [(an_id(1), vector, False)])
    found = index.vector("e" * 200, an_id(1))
    assert found is not None and found.tobytes() == vector.tobytes()


# -- where a search is answered --------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "most", "copied"),
    [("auto", 10**9, True), ("auto", 1, False), ("memory", 1, True), ("database", 10**9, False)],
)
def test_vectors_are_copied_up_to_a_size_or_as_it_is_set(
    postgres: Settings, monkeypatch: pytest.MonkeyPatch, where: str, most: int, copied: bool
) -> None:
    from core.index.postgres import vector_space

    monkeypatch.setattr(vector_space, "MOST_NUMBERS_IN_MEMORY", most)
    index = open_index(replace(postgres, postgres_search=where))
    fill(index, 3)
    assert space_of(index).nearest(a_vector(1), 1, EVERYTHING).ids == (an_id(1),)
    assert bool(list(postgres.data_dir.glob("matrix-*/*.npy"))) == copied
    index.close()


@pytest.mark.parametrize("count", [3, 300], ids=["one after the other", "all at once"])
def test_few_and_many_rows_are_kept_alike(index: Index, count: int) -> None:
    fill(index, count)
    fill(index, count)
    index.add_vectors("e:1", [(an_id(1), a_vector(n), n == 7) for n in (5, 6, 7)] * count)
    index.add_files([], [(replace(a_picture(2), note="a\0b\x1a"), THUMBNAIL)] * count)
    assert index.counts("e:1", EVERYTHING) == (count, count)
    np.testing.assert_array_equal(index.vector("e:1", an_id(1)), a_vector(7))
    assert index.was_altered("e:1", an_id(1))
    assert index.pictures([an_id(2)])[an_id(2)].width == a_picture(2).width


def test_the_same_many_rows_may_be_written_by_two_at_once(index: Index, postgres: Settings) -> None:
    other = open_index(postgres)
    with ThreadPoolExecutor() as threads:
        for written in [threads.submit(fill, each, 300) for each in (index, other)]:
            written.result()
    other.close()
    assert index.counts("e:1", EVERYTHING) == (300, 300)
