"""Near-identical pictures in the results: one card, a window with all of them, a switch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.settings import load_settings
from core.workspace import Workspace
from tests.alike_pictures import COPIES, a_scene, file_of
from tests.app import browser as story
from tests.app.conftest import Open
from tests.app.server import Server, clone, serve
from tests.conftest import wait_for

SWITCH = "Collapse near-identical"
VARIANTS = ("half size", "poorer", "cropped all round", "brighter")


def put_pictures(images: Path) -> None:
    """Three scenes; of the first changed copies too, of the second the same bytes again."""
    for number, name in enumerate(("beach", "forest", "river"), 1):
        (images / f"{name}.jpg").write_bytes(file_of(a_scene(number)))
    for name in VARIANTS:
        (images / f"beach {name}.jpg").write_bytes(COPIES[name](a_scene(1)))
    (images / "forest again.jpg").write_bytes(file_of(a_scene(2)))


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = clone(tmp_path_factory.mktemp("variants"))
    put_pictures(home / "images")
    workspace = Workspace(load_settings({}, root=home), home)
    wait_for(lambda: workspace.duplicate_groups().alike, 60)
    workspace.close()
    with serve(home) as server:
        yield server


def switch(page: Page) -> None:
    page.get_by_text(SWITCH, exact=True).click()


def test_near_identical_results_are_one_card_and_counted_as_pictures(
    variants: Server, open_page: Open
) -> None:
    page = open_page(variants, "/?q=red")
    story.expect_wall(page, 3)
    expect(page.get_by_text("7 pictures")).to_be_visible()
    page.get_by_role("button", name="+4 near-identical", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_have_count(5)
    for name in VARIANTS:
        expect(dialog.get_by_text(f"images/beach {name}.jpg", exact=True)).to_be_visible()


def test_the_switch_shows_each_picture_and_the_address_keeps_it(
    variants: Server, open_page: Open
) -> None:
    page = open_page(variants, "/?q=red")
    story.expect_wall(page, 3)
    switch(page)
    story.expect_wall(page, 7)
    assert "alike=0" in page.url
    expect(page.get_by_role("button", name="near-identical")).to_have_count(0)
    page.reload()
    story.expect_wall(page, 7)
    page.go_back()
    story.expect_wall(page, 3)
    page.go_forward()
    story.expect_wall(page, 7)
    switch(page)
    story.expect_wall(page, 3)
    assert "alike" not in page.url


def test_a_choice_holds_for_the_next_search(variants: Server, open_page: Open) -> None:
    page = open_page(variants, "/?q=red")
    story.expect_wall(page, 3)
    switch(page)
    story.expect_wall(page, 7)
    story.look_for(page, "blue")
    expect(page.get_by_label(SWITCH)).not_to_be_checked()
    story.expect_wall(page, 7)


def test_a_picture_finds_its_copies_as_one_card(variants: Server, open_page: Open) -> None:
    page = open_page(variants, "/?q=red")
    story.expect_wall(page, 3)
    page.get_by_role("link", name="More like this").first.click()
    expect(page.get_by_role("heading", name="Search with a picture")).to_be_visible()
    expect(page.get_by_text("near-identical", exact=False).first).to_be_visible()


def test_the_table_lists_every_picture(variants: Server, open_page: Open) -> None:
    page = open_page(variants, "/?q=red")
    story.expect_wall(page, 3)
    table = story.download(page, "Download CSV").decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len(rows) == 7
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 8)]


def test_without_near_identical_pictures_there_is_no_switch(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=red")
    story.expect_wall(page, 24)
    expect(page.get_by_text(SWITCH, exact=True)).to_have_count(0)
