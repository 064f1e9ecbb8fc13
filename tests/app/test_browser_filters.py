"""Filters, orders and colours by what is known of the pictures, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.model import Column
from core.settings import load_settings
from core.workspace import Workspace
from tests.app import browser as story
from tests.app.conftest import COLOURS, Open, paint
from tests.app.server import Server, clone, serve

# Names of strangers: nothing of them is markup.
AUTHOR = "*Ada* [x](https://example.com)"


def label(images: Path) -> None:
    lines = ["file_name,Author,Year"]
    for number, name in enumerate(COLOURS):
        author = AUTHOR if number % 2 else "Ben"
        lines.append(f'{name} house.png,"{author}",{1500 + 100 * number}')
    (images / "metadata.csv").write_text("\n".join(lines), "utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = clone(tmp_path_factory.mktemp("filters"))
    paint(home / "images")
    label(home / "images")
    with serve(home) as running:
        yield running


def test_columns_are_found_used_and_searches_filtered_and_sorted_by_them(
    server: Server, open_page: Open
) -> None:
    page = open_page(server, "/indexing")
    expect(page.get_by_text("0 of 3 columns used")).to_be_visible()
    page.get_by_role("button", name="Use these columns").click()
    expect(page.get_by_text("3 of 3 columns used")).to_be_visible()

    story.go(page, "Text search")
    story.unfold(page, "Filter and sort")
    page.get_by_role("spinbutton", name="Year from").fill("2000")
    page.get_by_role("spinbutton", name="Year from").press("Enter")
    expect(page.get_by_text("Year from 2000 · 7 of 14 pictures")).to_be_visible()
    story.expect_wall(page, 7)
    page.get_by_role("combobox", name="Author").click()
    page.get_by_role("option", name="Ben (3)").click()
    expect(page.get_by_text("Author Ben · Year from 2000 · 3 of 14 pictures")).to_be_visible()
    assert "where=Author%3ABen%3BYear%3A2000.." in page.url

    page.keyboard.press("Escape")
    story.look_for(page, "red")
    story.expect_wall(page, 3)
    page.get_by_role("combobox", name="Sort by").click()
    page.get_by_role("option", name="Year, highest first").click()
    expect(page.get_by_text("Sorted by Year, highest first.")).to_be_visible()
    expect(story.pictures(page).first).to_have_attribute("alt", "white house.png")

    page.go_back()
    expect(page.get_by_text("Sorted by Year")).to_have_count(0)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("of 14 pictures")).to_have_count(0)


@pytest.fixture
def in_use(server: Server) -> Server:
    """The same, with all columns in use."""
    workspace = Workspace(load_settings({}, root=server.home), server.home)
    workspace.indexer.join(60)
    found = workspace.found_facts().columns
    workspace.take_columns([Column(one.name, one.type, taken=True) for one in found])
    workspace.indexer.join(60)
    workspace.close()
    return server


def test_the_map_is_coloured_by_a_column_and_each_colour_can_be_searched_within(
    in_use: Server, open_page: Open
) -> None:
    page = open_page(in_use, "/explorer?colour=Author&where=Year:..2100")
    expect(page.get_by_text("Year up to 2100 · 7 of 14 pictures")).to_be_visible()
    legend = page.locator(".st-key-beside-map")
    expect(legend.get_by_role("link", name="Ben · 4")).to_be_visible()
    legend.get_by_role("link", name=f"{AUTHOR} · 3").click()
    expect(page.get_by_text("Describe a picture")).to_be_visible()
    story.expect_wall(page, 3)
