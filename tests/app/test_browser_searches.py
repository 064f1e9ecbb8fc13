"""Saved searches and the history in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.app import browser as story
from tests.app.conftest import COLOURS, App, Open
from tests.app.server import Server
from tests.conftest import plain

MARKUP = "**<img src=x onerror=alert(1)>** [a](https://example.com)"


def open_searches(page: Page) -> Locator:
    story.ready(page)
    page.get_by_role("button", name="Searches").click()
    body = page.get_by_role("dialog")
    expect(body).to_be_visible()
    story.ready(page)
    return body


def save(page: Page, name: str) -> Locator:
    body = open_searches(page)
    body.get_by_label("Name", exact=True).fill(name)
    body.get_by_role("button", name="Save this search").click()
    return body


def type_slowly(page: Page, text: str) -> None:
    box = page.locator('input[aria-label="Search"]')
    box.press_sequentially(text, delay=320)
    expect(page).to_have_url(re.compile(re.escape(text.replace(" ", "+")) + "$"))


def test_typing_is_one_entry_which_leads_back_to_its_query(
    own_pictures: Server, open_page: Open
) -> None:
    page = open_page(own_pictures)
    story.expect_wall(page, 14)
    type_slowly(page, "red boat")
    story.ready(page)
    story.look_for(page, "blue")
    expect(page).to_have_url(re.compile("q=blue$"))
    asked = open_searches(page).locator(".st-key-asked-searches").get_by_role("button")
    expect(asked).to_have_text(["blue", "red boat"])
    asked.nth(1).click()
    expect(page).to_have_url(re.compile(r"/\?q=red\+boat$"))
    expect(page.get_by_label("Search", exact=True)).to_have_value("red boat")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_back()
    expect(page).to_have_url(re.compile("q=blue$"))


def test_a_search_is_saved_with_its_first_pictures_and_opened_in_another_session(
    own_pictures: Server, open_page: Open
) -> None:
    page = open_page(own_pictures, "/?q=green")
    story.expect_wall(page, 14)
    first = story.names(page)
    body = save(page, MARKUP)
    button = body.locator(".st-key-saved-searches").get_by_role("button").filter(has_text="onerror")
    expect(button).to_contain_text("**<img src=x onerror=alert(1)>**")
    face = body.locator(".st-key-saved-searches img")
    expect(face).to_have_count(3)
    assert face.evaluate_all("all => all.every(one => one.src.includes('/thumbs/'))")
    assert page.locator("img[src='x']").count() == 0
    other = open_page(own_pictures, "/image_search", stranger=True)
    story.expect_wall(other, 14)
    saved = open_searches(other).locator(".st-key-saved-searches").get_by_role("link")
    saved.click()
    expect(other).to_have_url(re.compile(r"/\?q=green$"))
    story.expect_wall(other, 14)
    assert story.names(other) == first


def test_a_search_with_a_picture_leads_back_to_it(own_pictures: Server, open_page: Open) -> None:
    page = open_page(own_pictures, "/?q=yellow")
    story.expect_wall(page, 14)
    page.get_by_role("link", name="More like this").first.click()
    expect(page).to_have_url(re.compile(r"/image_search\?id="))
    story.expect_wall(page, 13)
    address = page.url
    save(page, "like it")
    page.keyboard.press("Escape")
    story.go(page, "Text search")
    page.locator('input[aria-label="Search"]').wait_for()
    open_searches(page).get_by_role("link", name="like it").click()
    expect(page).to_have_url(address)
    story.expect_wall(page, 13)


def test_a_saved_search_is_renamed_and_deleted(own_pictures: Server, open_page: Open) -> None:
    page = open_page(own_pictures, "/?q=purple")
    story.expect_wall(page, 14)
    body = save(page, "violet")
    expect(body.get_by_role("button", name="violet")).to_be_visible()
    body.get_by_text("Edit", exact=True).click()
    box = body.get_by_label("New name").first
    expect(box).to_have_value("violet")
    box.fill("lilac")
    box.press("Enter")
    story.ready(page)
    body.get_by_text("Edit", exact=True).click()
    expect(body.get_by_role("button", name="lilac")).to_be_visible()
    body.get_by_text("Edit", exact=True).click()
    box.fill("mauve")
    # The click that ends the typing: the search is renamed first, then deleted.
    body.get_by_role("button", name="Delete").first.click()
    expect(page.locator("[value='mauve']")).to_have_count(0)
    page.reload()
    body = open_searches(page)
    expect(body.get_by_role("button", name="purple")).to_be_visible()
    expect(body.get_by_role("button", name=re.compile("violet|lilac|mauve"))).to_have_count(0)


def test_a_picture_of_ones_own_is_not_listed_and_the_page_says_so(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/image_search")
    story.search_with(page, "mine.png", plain(COLOURS["green"], width=91))
    expect(story.captions(page).first).to_contain_text("green house.png")
    body = open_searches(page)
    expect(body.get_by_text("Your own picture is known to this session only")).to_be_visible()
    expect(body.get_by_role("button", name="mine.png")).to_have_count(0)


def test_opening_a_search_again_costs_no_call(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=orange")
    story.expect_wall(page, 14)
    story.look_for(page, "cyan")
    expect(page).to_have_url(re.compile("q=cyan$"))
    expect(story.captions(page).first).to_contain_text("cyan")
    calls = len(indexed.emulator.calls)
    open_searches(page).get_by_role("button", name="orange", exact=True).click()
    expect(page).to_have_url(re.compile("q=orange$"))
    expect(story.captions(page).first).to_contain_text("orange")
    assert len(indexed.emulator.calls) == calls
