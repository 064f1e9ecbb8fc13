"""What a person downloads of a ranking and of a selection, in a real browser."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app import browser as story
from tests.app.conftest import App, Open
from tests.app.server import Server

COMPOSED = "/?q=a+red+boat+%2B+sunset+-+night"


def open_popover(page: Page, place: int = 0) -> None:
    page.get_by_role("button", name="Take along").nth(place).click()
    expect(page.get_by_role("button", name="Web page with pictures")).to_be_visible()


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def select(page: Page, *places: int) -> None:
    for place in places:
        page.locator(f"{story.WALL} .select").nth(place).click()
    expect(page.locator(".st-key-selection")).to_contain_text(f"{len(places)} picture")
    story.ready(page)


def test_the_table_of_a_composed_query_has_a_share_for_each_part(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, COMPOSED)
    story.expect_wall(page, 24)
    rows = table(story.download(page, "Download CSV"))
    head = ["rank", "name", "id", "similarity"]
    parts = ["share of a red boat", "share of sunset", "share of - night"]
    known = ["Subject", "Colour", "Place", "Time of day", "Weather", "Style"]
    assert list(rows[0]) == head + parts + known
    for row in rows:
        assert sum(float(row[part]) for part in parts) == pytest.approx(
            float(row["similarity"]), abs=1e-6
        )


def test_the_files_of_a_ranking_come_as_a_zip_with_the_table(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    open_popover(page)
    archive = zipfile.ZipFile(io.BytesIO(story.download(page, "Picture files (ZIP)")))
    rows = table(archive.read("ranking.csv"))
    assert [row["name"] for row in rows] == story.names(page)
    first = rows[0]
    original = next(indexed.server.images.rglob(first["name"]))
    assert archive.read(first["file"]) == original.read_bytes()
    assert len(archive.namelist()) == 15


def test_the_web_page_of_a_ranking_opens_from_a_file_and_asks_no_host(
    gallery: Server, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(gallery, "/?q=a+red+boat")
    story.expect_wall(page, 24)
    shown = story.names(page)
    open_popover(page)
    file = tmp_path / "ranking.html"
    file.write_bytes(story.download(page, "Web page with pictures"))
    opened = page.context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    expect(opened.get_by_role("heading", name="a red boat", exact=True)).to_be_visible()
    assert opened.locator("figcaption b").all_inner_texts()[:24] == shown
    expect(opened.get_by_text("Less alike from here on")).to_have_count(1)
    assert opened.evaluate("[...document.images].every(i => i.complete && i.naturalWidth)")
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    opened.close()


def test_a_selection_is_taken_along_with_the_ranks_of_the_query(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=blue")
    story.expect_wall(page, 14)
    names = story.names(page)
    select(page, 3, 1)
    open_popover(page, 1)
    rows = table(story.download(page, "Table (CSV)"))
    assert [(row["rank"], row["name"]) for row in rows] == [("4", names[3]), ("2", names[1])]
    archive = zipfile.ZipFile(io.BytesIO(story.download(page, "Picture files (ZIP)")))
    assert len(archive.namelist()) == 3


def test_pictures_that_were_selected_without_a_query_are_taken_along(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed)
    story.expect_wall(page, 14)
    select(page, 0)
    open_popover(page)
    (row,) = table(story.download(page, "Table (CSV)"))
    assert (row["rank"], row["similarity"]) == ("", "")
    assert re.search("<figure>", story.download(page, "Web page with pictures").decode())


def test_visitors_who_may_only_search_are_offered_no_original(
    read_only: Server, open_page: Open
) -> None:
    page = open_page(read_only, "/?q=red")
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    open_popover(page)
    expect(page.get_by_role("button", name="ZIP")).to_have_count(0)
    assert b"<figure>" in story.download(page, "Web page with pictures")
