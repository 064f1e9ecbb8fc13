"""The wall of pictures in a real browser: what can be done with each, and when it is seen."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.app import browser as story
from tests.app.conftest import App, Open

ACTIONS = ("More like this", "View", "Compare")


def first_card(page: Page) -> tuple[Locator, Locator]:
    """The first result, and what can be done with it."""
    story.expect_wall(page, 14)
    card = page.locator(f"{story.WALL} figure").first
    return card, card.locator(".actions")


def test_what_can_be_done_with_a_picture_is_seen_while_the_pointer_is_on_it(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=red")
    card, actions = first_card(page)
    expect(actions).to_have_css("opacity", "0")
    before = card.bounding_box()
    card.hover()
    expect(actions).to_have_css("opacity", "1")
    assert card.bounding_box() == before


def test_what_can_be_done_with_a_picture_is_named_and_seen_at_the_keyboard(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=red")
    card, actions = first_card(page)
    page.get_by_role("button", name="Download CSV").focus()
    for role, name in zip(("link", "button", "button"), ACTIONS, strict=True):
        page.keyboard.press("Tab")
        expect(card.get_by_role(role, name=name, exact=True)).to_be_focused()
        expect(actions).to_have_css("opacity", "1")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_on_a_touch_screen_it_is_always_seen_and_large_enough_for_a_finger(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=red", size={"width": 390, "height": 844}, touch=True)
    card, actions = first_card(page)
    expect(actions).to_have_css("opacity", "1")
    picture = card.get_by_role("img").bounding_box()
    assert picture is not None
    for name in ACTIONS:
        box = card.get_by_label(name, exact=True).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert box["y"] >= picture["y"] + picture["height"], "it lies on the picture"
