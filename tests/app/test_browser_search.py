"""The story in a real browser: text search, results, image search."""

from __future__ import annotations

import csv
import io
import re

from playwright.sync_api import expect

from tests.app import browser as story
from tests.app.conftest import App, Open
from tests.app.server import Server


def test_without_a_key_the_first_screen_shows_pictures_with_their_names(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery)
    story.expect_wall(page, 24)
    alts = story.pictures(page).evaluate_all("all => all.map(one => one.alt)")
    assert alts == story.names(page)
    expect(page.get_by_text("Built-in model answers")).to_be_visible()


def test_without_a_key_a_blue_house_finds_blue_houses(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery)
    story.look_for(page, "a blue house")
    expect(page).to_have_url(re.compile(r"\?q=a\+blue\+house$"))
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    story.ready(page)
    first = story.names(page)[:3]
    assert all("house" in name for name in first), first


def test_the_page_says_how_many_stand_out_and_draws_the_line(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    expect(page.get_by_text(re.compile(r"^\d+ of 264 stand out$"))).to_be_visible()
    expect(page.get_by_text("Less alike from here on")).to_be_visible()
    story.ready(page)
    above = page.locator("figure:not(.calm)")
    assert above.count() == int(page.get_by_text(" of 264 stand out").inner_text().split()[0])
    assert all("blue-house" in name for name in story.names(page)[: above.count()])


def test_the_line_can_be_drawn_more_loosely(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=snow")
    told = page.get_by_text(re.compile(r"^\d+ of 264 stand out$"))
    expect(told).to_be_visible()
    before = told.inner_text()
    page.get_by_role("radio", name="Loose").click()
    expect(told).not_to_have_text(before)
    assert int(told.inner_text().split()[0]) > int(before.split()[0])


def test_the_page_says_when_nothing_stands_out(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=a+purple+train+in+the+desert")
    expect(page.get_by_text("Nothing here stands out for “a purple train")).to_be_visible()
    expect(page.locator("figure.calm")).to_have_count(0)


def test_typing_is_enough_where_a_search_is_free(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery)
    page.get_by_label("Search", exact=True).press_sequentially("a red boat")
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=a\+red\+boat$"))


def test_an_example_is_a_search_one_press_away(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery)
    page.get_by_role("radio", name="a blue house", exact=True).click()
    expect(page.get_by_label("Search", exact=True)).to_have_value("a blue house")
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()


def test_a_result_is_a_picture_its_name_and_its_cosine(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    assert {story.names(page)[0], story.names(page)[1]} == {"red house.png", "red boat.png"}
    assert all(re.fullmatch(r"-?\d\.\d{4}", shown) for shown in story.cosines(page))
    alts = story.pictures(page).evaluate_all("all => all.map(one => one.alt)")
    assert alts == story.names(page)


def test_thumbnails_come_with_the_results_and_not_as_requests_of_their_own(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    asked = "() => performance.getEntriesByType('resource').map(one => one.name)"
    assert not [name for name in page.evaluate(asked) if "/thumbs/" in name]


def test_a_click_on_a_picture_opens_its_larger_view(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    name = story.names(page)[0]
    story.pictures(page).first.click()
    expect(page.get_by_role("dialog").get_by_text(name, exact=True).first).to_be_visible()


def test_an_address_with_a_query_opens_its_search(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=a+blue+house")
    expect(page.get_by_label("Search", exact=True)).to_have_value("a blue house")
    expect(story.captions(page).first).to_contain_text("blue")


def test_typing_a_query_writes_it_into_the_address(indexed: App, open_page: Open) -> None:
    page = open_page(indexed)
    story.look_for(page, "green & white")
    expect(page).to_have_url(re.compile(r"\?q=green\+%26\+white$"))


def test_the_ranking_downloads_as_csv_in_its_order(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=yellow")
    story.expect_wall(page, 14)
    shown = story.names(page)
    rows = list(csv.DictReader(io.StringIO(story.download(page, "Download CSV").decode())))
    assert list(rows[0]) == ["rank", "name", "id", "similarity"]
    assert [row["name"] for row in rows] == shown
    assert [int(row["rank"]) for row in rows] == list(range(1, 15))
    assert all(re.fullmatch(r"-?\d\.\d{6,}", row["similarity"]) for row in rows)
    similarities = [float(row["similarity"]) for row in rows]
    assert similarities == sorted(similarities, reverse=True)
    assert all(re.fullmatch(r"[0-9a-f]{64}", row["id"]) for row in rows)


def test_back_restores_the_search_that_a_picture_came_from(indexed: App, open_page: Open) -> None:
    page = open_page(indexed)
    story.look_for(page, "red")
    expect(story.captions(page).first).to_contain_text("red")
    page.get_by_role("link", name="More like this").first.click()
    expect(page.get_by_role("heading", name="Search with a picture")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/image_search\?id=[0-9a-f]{64}$"))
    expect(story.captions(page).first).to_contain_text("red")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?q=red$"))
    expect(page.get_by_label("Search", exact=True)).to_have_value("red")
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()


def test_back_and_forward_lead_through_two_levels_of_more_like_this(
    indexed: App, open_page: Open
) -> None:
    def more_like(name: str) -> str:
        page.get_by_role("figure", name=name).get_by_role("link", name="More like this").click()
        return shows(name)

    def shows(name: str) -> str:
        # Streamlit forgets where Forward led if Back is pressed before the page is drawn.
        expect(page.locator(f'{story.QUERY} img[alt="{name}"]')).to_be_visible()
        story.ready(page)
        return page.url

    page = open_page(indexed, "/?q=blue")
    first = more_like("blue boat.png")
    second = more_like("red boat.png")
    page.go_back()
    assert shows("blue boat.png") == first
    page.go_back()
    expect(page.get_by_label("Search", exact=True)).to_have_value("blue")
    story.ready(page)
    page.go_forward()
    assert shows("blue boat.png") == first
    page.go_forward()
    assert shows("red boat.png") == second


def test_the_same_query_again_is_not_asked_for_again(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=a+purple+thing")
    expect(story.captions(page).first).to_contain_text("purple")
    calls = len(indexed.emulator.calls)
    again = open_page(indexed, "/?q=a+purple+thing")
    expect(story.captions(again).first).to_contain_text("purple")
    assert len(indexed.emulator.calls) == calls


def test_a_filter_keeps_to_one_folder(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    page.get_by_label("Search in").click()
    page.get_by_role("option", name=re.compile("boats")).click()
    story.expect_wall(page, 2)
    assert story.names(page)[0] == "red boat.png"


def test_view_shows_the_original(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=orange")
    expect(story.captions(page).first).to_contain_text("orange")
    page.get_by_role("button", name="View").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("200 × 150 pixels")).to_be_visible()
    expect(dialog.get_by_text("images/orange house.png")).to_be_visible()
    picture = dialog.get_by_role("img", name="orange house.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.naturalWidth") == 200
