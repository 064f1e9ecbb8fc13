"""A source in a real browser: added, searched, seen large, and away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.app import browser as story
from tests.app.conftest import COLOURS, App, Open
from tests.app.server import Server, clone, serve
from tests.blob_emulator import SIGNATURE, BlobEmulator
from tests.conftest import plain


@pytest.fixture(scope="module")
def service() -> Iterator[BlobEmulator]:
    with BlobEmulator() as running:
        for name, colour in COLOURS.items():
            running.put(f"houses/{name} *house*.png", plain(colour, width=200, height=150))
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = clone(tmp_path_factory.mktemp("sources"))
    with serve(home, SOURCES_LOOPBACK="1") as running:
        yield running


def test_a_container_is_added_searched_and_stays_while_it_is_away(
    server: Server, service: BlobEmulator, open_page: Open
) -> None:
    # So that the signature is looked for in all that the browser gets.
    app = App(server, SimpleNamespace(key=SIGNATURE))
    page = open_page(app, "/indexing")
    story.unfold(page, "Pictures elsewhere")
    page.get_by_role("textbox", name="Address").fill(service.container)
    page.get_by_role("textbox", name="Name").fill("*photos*")
    page.get_by_role("button", name="Add the source").click()
    expect(page.get_by_text("A source's name is made of letters")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("photos")
    page.get_by_role("button", name="Add the source").click()
    expect(page.get_by_text(f"photos · Azure Blob container {service.bare}")).to_be_visible()
    expect(page.get_by_role("heading", name="Indexed 12 of 12")).to_be_visible()
    expect(page.get_by_role("textbox", name="Address")).to_have_value("")

    story.go(page, "Text search")
    story.look_for(page, "red")
    story.expect_wall(page, 12)
    service.requests.clear()
    story.pictures(page).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("remote/photos/houses/", exact=False).first).to_be_visible()
    expect(dialog.get_by_role("img").first).to_be_visible()
    assert len(service.fetched()) == 1
    page.keyboard.press("Escape")

    service.instead["comp=list"] = lambda handler: handler.refuse(403, "AuthenticationFailed")
    story.go(page, "Indexing")
    expect(page.get_by_text("remote/photos/: The source photos refuses its SAS")).to_be_visible()
    expect(page.get_by_role("heading", name="Indexed 12 of 12")).to_be_visible()
    service.instead.clear()
    story.unfold(page, "Pictures elsewhere")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Indexed 0 of 0")).to_be_visible()


def test_a_visitor_of_a_read_only_showcase_sees_no_sources(
    tmp_path: Path, service: BlobEmulator, open_page: Open
) -> None:
    home = clone(tmp_path / "home")
    with serve(
        home, READ_ONLY="1", SOURCES=f"photos={service.container}", SOURCES_LOOPBACK="1"
    ) as running:
        page = open_page(App(running, SimpleNamespace(key=SIGNATURE)), "/indexing")
        expect(page.get_by_text("read-only")).to_be_visible()
        assert page.get_by_text("Pictures elsewhere").count() == 0
        story.go(page, "Text search")
        story.expect_wall(page, 12)
