"""In a real browser: the index lies in PostgreSQL, with a service that is paid per call."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import fields

import pytest
from playwright.sync_api import Page, expect

from tests.app import browser as story
from tests.app.conftest import App, Open, azure, paint
from tests.app.server import Server, clone, serve
from tests.azure_emulator import Emulator
from tests.postgres_server import PASSWORD, PostgresServer


def settings_of(server: PostgresServer, folder, schema: str) -> dict[str, str]:
    settings = server.settings(folder, schema)
    names = [each.name for each in fields(settings) if each.name.startswith("postgres_")]
    return {name.upper(): str(getattr(settings, name)) for name in names}


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[App]:
    """Azure answers; fourteen pictures wait to be indexed in PostgreSQL, which searches them."""
    home = clone(tmp_path_factory.mktemp("stored"))
    paint(home / "images")
    schema = f"test_{secrets.token_hex(6)}"
    environ = settings_of(postgres_server, home / "data", schema)
    environ["POSTGRES_SEARCH"] = "database"
    with Emulator() as emulator, serve(home, **azure(emulator), **environ) as server:
        yield App(server, emulator)
    postgres_server.execute(f"DROP SCHEMA {schema} CASCADE")


def test_what_was_indexed_into_postgresql_is_found_and_can_be_searched_approximately(
    stored: App, open_page: Open, postgres_server: PostgresServer
) -> None:
    page = open_page(stored, "/indexing")
    page.get_by_role("button", name="Start indexing").click()
    expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()
    expect(page.get_by_text(re.compile("index in PostgreSQL at"))).to_be_visible()
    build_an_index(page)
    compare(page)

    story.go(page, "Text search")
    story.look_for(page, "red")
    # Beside the ranking; the answer is an exact one, as more was asked for than there is.
    expect(page.get_by_text("Exact", exact=True)).to_be_visible()
    story.expect_wall(page, 14)
    assert story.names(page)[0].startswith("red")
    assert PASSWORD not in stored.server.log + page.content()


def build_an_index(page: Page) -> None:
    page.get_by_text("Engine", exact=True).click()
    expect(page.get_by_text("exact, in the database").first).to_be_visible()
    page.get_by_role("button", name="Build an index").click()
    expect(page.get_by_text(re.compile(r"finds 100% of the 24 nearest"))).to_be_visible()
    expect(page.get_by_text("approximate, by HNSW")).to_be_visible()


def compare(page: Page) -> None:
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Asked with 14 pictures of the collection")).to_be_visible()


def test_a_server_that_is_not_there_is_a_sentence_on_the_page(
    tmp_path_factory: pytest.TempPathFactory, open_page: Open
) -> None:
    home = clone(tmp_path_factory.mktemp("away"))
    environ = {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": "1",
        "POSTGRES_DB": "pictures",
        "POSTGRES_USER": "app",
        "POSTGRES_PASSWORD": PASSWORD,
    }
    with serve(home, **environ) as server:
        page = open_page(server)
        expect(page.get_by_test_id("stAlert")).to_contain_text("Nothing answers at 127.0.0.1")
        assert PASSWORD not in server.log + page.content()


def test_visitors_of_a_showcase_search_with_a_user_who_may_only_read(
    stored: App,
    open_page: Open,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    name = f"showcase_{secrets.token_hex(4)}"
    schema = only_schema(postgres_server)
    for statement in (
        f"CREATE ROLE {name} LOGIN PASSWORD 'secret of the role'",
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}",
        # What a visitor asks is paid for, and so kept and counted.
        f"GRANT INSERT, UPDATE, DELETE ON {schema}.queries, {schema}.calls, "
        f"{schema}.visitor_calls TO {name}",
    ):
        postgres_server.execute(statement)
    home = clone(tmp_path_factory.mktemp("showcase"))
    environ = settings_of(postgres_server, home / "data", schema)
    environ |= {"POSTGRES_USER": name, "POSTGRES_PASSWORD": "secret of the role", "READ_ONLY": "1"}
    try:
        with serve(home, **azure(stored.emulator), **environ) as server:
            page = open_page(server)
            story.look_for(page, "blue")
            # Beside the ranking: all pictures hang there before the search is answered.
            expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
            kept = postgres_server.execute(f"SELECT key FROM {schema}.queries")
            assert ("blue",) in kept
            assert "127.0.0.1" not in shown(page, server)
    finally:
        postgres_server.execute(f"DROP OWNED BY {name}")
        postgres_server.execute(f"DROP ROLE {name}")


def only_schema(server: PostgresServer) -> str:
    rows = server.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test\\_%'")
    assert len(rows) == 1
    return str(rows[0][0])


def shown(page: Page, server: Server) -> str:
    """What stands on the page; the addresses of its own server left out."""
    return page.locator("body").inner_text().replace(server.url, "")
