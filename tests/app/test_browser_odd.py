"""The explorer's view "Odd and double" in a real browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app import browser as story
from tests.app.conftest import Open
from tests.app.server import Server, clone, serve
from tests.app.test_browser_alike import VARIANTS, put_pictures

HOSTILE = "beach *copy* [x](y).jpg"


@pytest.fixture(scope="module")
def doubles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Five that look alike, two pictures in several files; nobody has looked for them yet."""
    home = clone(tmp_path_factory.mktemp("doubles"))
    put_pictures(home / "images")
    (home / "images" / "more").mkdir()
    (home / "images" / "more" / HOSTILE).write_bytes((home / "images" / "beach.jpg").read_bytes())
    with serve(home) as server:
        yield server


def boxes(page: Page) -> Locator:
    return page.locator(".wall").get_by_role("group")


def test_doubles_are_shown_side_by_side_once_they_are_found_and_can_be_taken_along(
    doubles: Server, open_page: Open
) -> None:
    page = open_page(doubles, "/explorer?view=odd")
    expect(boxes(page).get_by_role("img")).to_have_count(len(VARIANTS) + 1)
    expect(boxes(page).get_by_text("240 × 180")).to_be_visible()

    page.get_by_text("Same bytes · 2").click()
    expect(boxes(page)).to_have_count(2)
    expect(boxes(page).get_by_text(f"images/more/{HOSTILE}", exact=True)).to_be_visible()
    assert "kind=exact" in page.url

    table = csv.DictReader(io.StringIO(story.download(page, "Download list").decode()))
    kinds = [(row["group"], row["kind"]) for row in table]
    # One of those that look alike lies in two files, and is one of the copies too.
    assert (
        kinds == [("1", "look alike")] * 6 + [("2", "same bytes")] * 2 + [("3", "same bytes")] * 2
    )


def test_each_odd_picture_stands_beside_its_nearest_and_can_be_searched_with(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/explorer?view=odd&part=odd")
    expect(page.get_by_text("264 pictures compared.")).to_be_visible()
    expect(boxes(page)).to_have_count(12)
    titles = boxes(page).locator(".title").all_inner_texts()
    fifth = [float(re.findall(r"fifth (\d\.\d{4})", title)[0]) for title in titles]
    assert fifth == sorted(fifth)

    page.get_by_text("Typical", exact=True).click()
    expect(page.get_by_text("mean cosine").first).to_be_visible()
    assert "part=typical" in page.url
    page.go_back()
    expect(boxes(page)).to_have_count(12)

    boxes(page).first.get_by_role("link", name="More like this").first.click()
    expect(page.get_by_role("heading", name="Search with a picture")).to_be_visible()


def test_a_picture_that_stands_in_two_pairs_is_selected_in_both(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/explorer?view=odd&part=odd")
    expect(boxes(page)).to_have_count(12)
    ids = page.locator(".wall figure").evaluate_all("all => all.map(one => one.dataset.picture)")
    twice = next(one for one in ids if ids.count(one) > 1)
    figures = page.locator(f'.wall figure[data-picture="{twice}"]')
    figures.first.get_by_role("button", name="Select").click()
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    expect(page.locator(".wall .selected")).to_have_count(ids.count(twice))
