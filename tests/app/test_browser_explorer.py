"""The story in a real browser: comparing pictures and texts, and the map."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.app import browser as story
from tests.app.conftest import App, Open

PAIR = ".st-key-pair"
PHONE: ViewportSize = {"width": 390, "height": 800}


CELLS = 'path[aria-label*="one: "]'


def put_on_table(page: Page, count: int) -> None:
    """Press Compare on the first results, one after the other."""
    for place in range(count):
        page.get_by_role("button", name="Compare").nth(place).click()
        expect(page.get_by_text(f"({place + 1} of 12)")).to_be_visible()


def cell(page: Page, one: str, other: str) -> Locator:
    return page.locator(f'[aria-label*="one: {one}; other: {other};"]').first


def matrix(page: Page) -> tuple[list[str], np.ndarray, list[list[str]]]:
    """The names, the numbers, and the rows as they were written."""
    text = story.download(page, "Download matrix CSV").decode()
    head, *rows = list(csv.reader(io.StringIO(text)))
    names = [row[0] for row in rows]
    assert head == ["name", *names]
    return names, np.array([row[1:] for row in rows], dtype=float), [row[1:] for row in rows]


def test_compare_puts_results_on_the_explorers_table(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    chosen = story.names(page)[:3]
    put_on_table(page, 3)
    story.go(page, "Explorer")
    for name in chosen:
        expect(cell(page, name, name)).to_be_visible()


def test_a_click_on_a_cell_shows_the_two_side_by_side(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    first, second = story.names(page)[:2]
    put_on_table(page, 2)
    story.go(page, "Explorer")
    cell(page, first, second).click()
    expect(page.locator(PAIR).get_by_role("img", name=first)).to_be_visible()
    expect(page.locator(PAIR).get_by_role("img", name=second)).to_be_visible()
    shown = page.get_by_test_id("stMetricValue")
    expect(shown).to_have_text(re.compile(r"^0\.\d{4}$"))
    names, numbers, _ = matrix(page)
    assert names == [first, second]
    assert abs(numbers[0, 1] - float(shown.inner_text())) < 5e-5


def test_back_and_forward_lead_through_metric_order_and_pair(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/explorer?view=compare")
    page.get_by_role("button", name="Show an example").click()
    shown = page.get_by_test_id("stMetric")

    def choose(name: str) -> None:
        page.get_by_role("radio", name=name).click()
        expect(page).to_have_url(re.compile(r"order=" if name == "By likeness" else "metric="))

    page.locator(CELLS).nth(1).click()
    expect(shown).to_contain_text("Cosine")
    choose("Euclidean distance")
    expect(shown).to_contain_text("Euclidean distance")
    choose("By likeness")
    story.ready(page)
    page.go_back()
    expect(page.get_by_role("radio", name="As chosen")).to_be_checked()
    page.go_back()
    expect(shown).to_contain_text("Cosine")
    page.go_back()
    expect(shown).to_have_count(0)
    page.go_forward()
    expect(shown).to_contain_text("Cosine")


def test_a_pair_that_comes_from_the_address_is_marked_on_the_map(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/explorer?view=compare")
    page.get_by_role("button", name="Show an example").click()
    first, second = page.locator(CELLS).nth(1), page.locator(CELLS).nth(2)
    first.click()
    expect(page).to_have_url(re.compile("pair="))
    of_first = page.url
    second.click()
    expect(second).to_have_attribute("stroke-width", "3")
    # The browser marks a cell at once, and the address follows.
    expect(page).not_to_have_url(of_first)
    story.ready(page)
    page.go_back()
    expect(first).to_have_attribute("stroke-width", "3")
    expect(second).to_have_attribute("stroke-width", "0")


def test_a_pair_stands_side_by_side_on_a_phone(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/explorer?view=compare", size=PHONE)
    page.get_by_role("button", name="Show an example").click()
    page.locator(CELLS).nth(1).click()
    pictures = page.locator(f"{PAIR} img")
    expect(pictures).to_have_count(2)
    one, other = (picture.bounding_box() for picture in pictures.all())
    assert one is not None and other is not None
    assert one["y"] == other["y"]
    assert one["x"] + one["width"] < other["x"] < other["x"] + other["width"] <= PHONE["width"]


def test_the_matrix_downloads_with_nine_decimals(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/explorer?view=compare")
    page.get_by_role("button", name="Show an example").click()
    expect(page.get_by_role("button", name="Download matrix CSV")).to_be_visible()
    names, numbers, written = matrix(page)
    assert len(names) == 6
    assert all(re.fullmatch(r"-?\d\.\d{9}", number) for row in written for number in row)
    np.testing.assert_allclose(np.diag(numbers), 1, atol=1e-6)
    np.testing.assert_allclose(numbers, numbers.T, atol=1e-9)


def test_a_text_goes_on_the_table_beside_pictures(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=blue")
    story.expect_wall(page, 14)
    put_on_table(page, 1)
    picture = story.names(page)[0]
    story.go(page, "Explorer")
    box = page.get_by_role("combobox", name=re.compile("Texts"))
    box.fill("blue")
    box.press("Enter")
    cell(page, picture, "blue").click()
    expect(page.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^0\.3\d{3}$"))


def test_a_click_on_the_map_shows_the_picture(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/explorer")
    page.wait_for_function("() => document.querySelector('.collection-map')?.isSettled?.()")
    # The one drawn last: no other lies on top of it.
    name, x, y = page.evaluate(
        """() => {
          const root = document.querySelector('.collection-map');
          const {names, id} = root.map.points;
          const {x, y} = root.placeOf(id(names.length - 1));
          return [names.at(-1), x, y];
        }"""
    )
    page.mouse.click(x, y)
    picked = page.locator('[class*="st-key-wall-picked"]')
    expect(picked.get_by_role("img", name=name)).to_be_visible()


def test_the_recorded_vectors_are_compared_as_the_service_gave_them(
    recordings: Path, start: Callable[..., App], open_page: Open
) -> None:
    """A replay: everything after the HTTP answers, against the recorded vectors."""
    with np.load(recordings / "product_images.npz") as recorded:
        names = [str(name) for name in recorded["names"]]
        vectors = recorded["vectors"].astype(np.float64)
    folder = recordings / "product_images"
    app = start({name: (folder / name).read_bytes() for name in names})
    page = open_page(app, "/indexing")
    page.get_by_role("button", name="Start indexing").click()
    expect(page.get_by_text("Indexed 37 of 37")).to_be_visible()
    assert len(app.emulator.calls) == 37
    story.go(page, "Text search")
    expect(story.captions(page)).to_have_count(24)
    put_on_table(page, 12)
    story.go(page, "Explorer")
    expect(page.get_by_role("button", name="Download matrix CSV")).to_be_visible()
    shown, numbers, _ = matrix(page)
    assert len(set(shown)) == 12
    rows = vectors[[names.index(name) for name in shown]]
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(numbers, units @ units.T, rtol=0, atol=1e-6)
    page.get_by_role("radio", name="Inner product").click()
    expect(page.get_by_text("The dot product of two vectors")).to_be_visible()
    np.testing.assert_allclose(matrix(page)[1], rows @ rows.T, rtol=1e-6)
    page.get_by_role("radio", name="Euclidean distance").click()
    expect(page.get_by_text("smaller is nearer")).to_be_visible()
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    np.testing.assert_allclose(matrix(page)[1], distances, rtol=1e-6, atol=1e-9)
