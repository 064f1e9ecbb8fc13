"""One query of several parts in a real browser: composed, changed, shared and walked back."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.app import browser as story
from tests.app.conftest import COLOURS, App, Open
from tests.app.server import Server
from tests.conftest import plain

ID = "[0-9a-f]{64}"
PART = rf"pic=1(:|%3A){ID}(:|%3A)"


def chips(page: Page) -> list[str]:
    """How the query was read, without the icons' names."""
    labels = page.locator(".st-key-parts").get_by_test_id("stPopover").all_inner_texts()
    return [label.split("\n")[0] for label in labels]


def stage(page: Page) -> Locator:
    """The query picture, on which a part can be chosen."""
    picture = page.locator(".region .stage")
    expect(picture.locator("img")).to_be_visible()
    story.ready(page)
    picture.scroll_into_view_if_needed()
    return picture


def drag(page: Page, over: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, from one place to another, in shares of the sides."""
    box = over.bounding_box()
    assert box is not None
    (x, y), (to_x, to_y) = (
        (box["x"] + across * box["width"], box["y"] + down * box["height"])
        for across, down in (start, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + to_x) / 2, (y + to_y) / 2)
    page.mouse.move(to_x, to_y)
    page.mouse.up()


def answered(page: Page) -> None:
    """Until one ranking is shown; that of the step before may still stand below it."""
    expect(page.get_by_role("button", name="Download CSV")).to_have_count(1)
    story.ready(page)


def test_a_text_and_a_result_make_one_query_that_back_undoes(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=a+red+boat")
    story.expect_wall(page, 24)
    before = story.names(page)
    story.view(page, 2).get_by_role("button", name="Add", exact=True).click()
    expect(page).to_have_url(re.compile(rf"q=a\+red\+boat&pic=1(:|%3A){ID}$"))
    expect(page.locator(".st-key-parts")).to_be_visible()
    story.expect_wall(page, 24)
    text, picture = chips(page)
    assert text == "+ a red boat"
    assert picture.removeprefix("+ ").rstrip("…") in before[2]
    assert before[2] not in story.names(page)
    page.go_back()
    expect(page.locator(".st-key-parts")).to_have_count(0)
    expect(story.captions(page).first).to_contain_text(before[0])
    story.expect_wall(page, 24)
    assert story.names(page) == before
    page.go_forward()
    expect(page.locator(".st-key-parts")).to_be_visible()


def test_a_shared_link_shows_the_same_to_a_stranger(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=a+red+boat+%2B+2:+sunset+-+night&line=strict")
    story.expect_wall(page, 24)
    stranger = open_page(gallery, page.url.removeprefix(gallery.url), stranger=True)
    story.expect_wall(stranger, 24)
    assert story.names(stranger) == story.names(page)
    assert story.cosines(stranger) == story.cosines(page)
    assert chips(stranger) == ["+ a red boat", "+ 2 × sunset", "− night"]
    strict = stranger.get_by_role("radio", name="Strict")
    if strict.count():
        expect(strict).to_be_checked()


def test_a_part_is_chosen_with_the_mouse_and_let_go_again(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    story.expect_wall(page, 24)
    page.get_by_role("link", name="More like this").first.click()
    expect(page.get_by_text("263 pictures")).to_be_visible()
    story.expect_wall(page, 24)
    whole = story.captions(page).first.inner_text()
    drag(page, stage(page), (0.1, 0.1), (0.6, 0.7))
    page.get_by_role("button", name="Search this part", exact=True).click()
    expect(page).to_have_url(re.compile(PART))
    expect(page.get_by_text("Read as")).to_be_visible()
    # The picture as a whole has another cosine with the nearest than its part has.
    expect(story.captions(page).first).not_to_have_text(whole, use_inner_text=True)
    page.get_by_role("button", name="Whole picture").click()
    expect(page).to_have_url(re.compile(rf"\?id={ID}$"))
    expect(story.captions(page).first).to_have_text(whole, use_inner_text=True)


def test_a_part_is_chosen_at_the_keyboard(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    story.expect_wall(page, 24)
    page.get_by_role("link", name="More like this").first.click()
    frame = stage(page).get_by_role("application")
    frame.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(frame).to_have_attribute("aria-label", re.compile("from 27 % to 77 % across"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(PART + r"0\.27(:|%3A)0\.25(:|%3A)0\.77(:|%3A)0\.77$"))
    story.expect_wall(page, 24)


def test_a_part_is_chosen_with_a_finger(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=a+blue+house", touch=True)
    story.expect_wall(page, 24)
    page.get_by_role("link", name="More like this").first.click()
    box = stage(page).bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    places = [(0.2, 0.2), (0.5, 0.5), (0.8, 0.8)]
    points = [
        {"x": box["x"] + across * box["width"], "y": box["y"] + down * box["height"]}
        for across, down in places
    ]
    for kind, touched in (("touchStart", points[:1]), *(("touchMove", [p]) for p in points[1:])):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.get_by_role("button", name="Search this part", exact=True).click()
    expect(page).to_have_url(re.compile(PART))


def test_a_part_costs_one_call_that_is_said_and_is_not_paid_twice(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    page.get_by_role("link", name="More like this").first.click()
    picture = stage(page)
    calls = len(indexed.emulator.calls)
    drag(page, picture, (0.1, 0.1), (0.7, 0.7))
    assert len(indexed.emulator.calls) == calls
    page.get_by_role("button", name="Search this part · 1 call").click()
    expect(page).to_have_url(re.compile(PART))
    answered(page)
    assert len(indexed.emulator.calls) == calls + 1
    page.reload()
    answered(page)
    stranger = open_page(indexed, page.url.removeprefix(indexed.url), stranger=True)
    answered(stranger)
    page.go_back()
    page.go_forward()
    answered(page)
    assert len(indexed.emulator.calls) == calls + 1


def test_a_link_to_a_part_that_nobody_paid_for_asks_first(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=blue")
    story.expect_wall(page, 14)
    some = page.locator(f"{story.WALL} figure").first.get_attribute("data-picture")
    calls = len(indexed.emulator.calls)
    page = open_page(indexed, f"/image_search?pic=1:{some}:0:0:0.5:1")
    pay = page.get_by_role("button", name="Search this part of the picture · 1 call")
    expect(pay).to_be_visible()
    story.ready(page)
    assert len(indexed.emulator.calls) == calls
    pay.click()
    answered(page)
    assert len(indexed.emulator.calls) == calls + 1


def test_a_picture_that_was_brought_is_a_part_beside_words(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    story.search_with(page, "mine.png", plain(COLOURS["green"], width=83))
    expect(story.captions(page).first).to_contain_text("green house.png")
    words = page.get_by_label("And in words")
    words.fill("blue")
    words.press("Enter")
    expect(page.locator(".st-key-parts")).to_be_visible()
    story.expect_wall(page, 14)
    assert chips(page) == ["+ blue", "+ mine.png"]
    calls = len(indexed.emulator.calls)
    # What was brought is known to its own session only: a stranger gets a sentence and the rest.
    stranger = open_page(indexed, page.url.removeprefix(indexed.url), stranger=True)
    expect(stranger.get_by_text("known to their own session only")).to_be_visible()
    story.expect_wall(stranger, 14)
    assert len(indexed.emulator.calls) == calls


def test_what_a_stranger_writes_into_a_link_is_shown_as_text(
    gallery: Server, open_page: Open
) -> None:
    markup = "**<img src=x onerror=alert(1)>** [a](https://example.com)"
    page = open_page(gallery, f"/?q=a+red+boat+%2B+{markup.replace(' ', '+')}")
    story.expect_wall(page, 24)
    assert chips(page)[0] == "+ a red boat"
    assert chips(page)[1].startswith("+ **<img src=x")
    assert page.locator("img[src='x']").count() == 0


def test_a_link_of_eight_kilobytes_is_answered_with_a_sentence(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=" + "+%2B+".join(["boat"] * 1100))
    expect(page.get_by_text("A query has at most 12 parts")).to_be_visible()
    story.expect_wall(page, 24)
