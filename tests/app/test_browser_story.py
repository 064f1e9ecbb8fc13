"""The guided story in a real browser: from the first page to the last step, and back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.app import browser as story
from tests.app.conftest import App, Open
from tests.app.server import Server


def press_next(page: Page) -> None:
    """To the next step: a button on the same page, a link to another."""
    onward = page.locator(".st-key-story").get_by_text("Next", exact=True)
    expect(onward).to_have_count(1)  # that of the step before may still be there
    onward.click()


def test_one_click_begins_the_story_and_each_further_one_tells_a_step(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery)
    story.expect_wall(page, 24)
    page.get_by_role("button", name="Take the tour").click()
    for number in range(1, 12):
        expect(page.get_by_text(f"{number} of 11 · ")).to_be_visible()
        expect(page).to_have_url(re.compile(rf"[?&]story={number}$"))
        story.ready(page)
        if number < 11:
            press_next(page)
    expect(page.get_by_role("heading", name="Explore the vectors")).to_be_visible()
    for _ in range(4):
        page.go_back()
        story.ready(page)
    expect(page.get_by_text("7 of 11 · Not there")).to_be_visible()
    expect(page.get_by_text("Nothing here stands out for")).to_be_visible()
    page.get_by_role("button", name="Leave").click()
    expect(page).to_have_url(re.compile("desert$"))
    expect(page.get_by_text("7 of 11")).to_have_count(0)


def test_a_step_can_be_linked_to(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=house+-+snow&story=6", stranger=True)
    expect(page.get_by_text("6 of 11 · Away from something")).to_be_visible()
    story.expect_wall(page, 24)


def test_a_step_that_there_is_not_is_the_last_or_none(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=boat&story=99999999")
    expect(page.get_by_text("11 of 11 · Two kinds")).to_be_visible()
    page = open_page(gallery, "/?q=boat&story=no")
    story.expect_wall(page, 24)
    expect(page.get_by_text(" of 11 · ")).to_have_count(0)


def test_with_a_key_the_story_is_told_on_own_pictures(indexed: App, open_page: Open) -> None:
    page = open_page(indexed)
    story.expect_wall(page, 14)
    page.get_by_role("button", name="Take the tour").click()
    expect(page.get_by_text("1 of 11 · A word")).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=a\+dog&story=1$"))
    press_next(page)
    expect(page).to_have_url(re.compile(r"q=ein\+stiller"))
