"""The story in a real browser: searching with a picture."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.app import browser as story
from tests.app.conftest import COLOURS, App, Open
from tests.conftest import plain
from tests.hostile_pictures import text as not_a_picture
from tests.hostile_pictures import truncated

# Puts the picture in the clipboard that the page then gets with Ctrl+V.
COPY = """
async colour => {
  const canvas = document.createElement("canvas");
  canvas.width = 120; canvas.height = 90;
  const brush = canvas.getContext("2d");
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 120, 90);
  const blob = await new Promise(done => canvas.toBlob(done, "image/png"));
  await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
}
"""


def way(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def test_an_uploaded_picture_is_shown_and_searched_for(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    story.search_with(page, "mine.png", plain(COLOURS["green"], width=77))
    expect(page.locator(story.QUERY).get_by_role("img", name="mine.png")).to_be_visible()
    expect(story.captions(page).first).to_contain_text("green house.png")
    story.expect_wall(page, 14)
    assert float(story.cosines(page)[0]) > float(story.cosines(page)[1])


def test_a_picture_of_the_collection_finds_itself_for_nothing(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/image_search")
    calls = len(indexed.emulator.calls)
    story.search_with(page, "copy of it.png", plain(COLOURS["cyan"], width=200, height=150))
    expect(story.captions(page).first).to_contain_text("cyan house.png\n1.0000")
    assert len(indexed.emulator.calls) == calls


def test_a_pasted_picture_is_searched_for(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    way(page, "Paste")
    page.evaluate(COPY, "rgb(240, 220, 20)")
    box = page.get_by_placeholder(re.compile("paste"))
    box.click()
    story.ready(page)
    box.press("Control+V")
    expect(page.get_by_test_id("stChatInput").get_by_text(re.compile("png"))).to_be_visible()
    # Pressed before the picture is there, Enter does nothing.
    expect(page.get_by_role("button", name="Send message")).to_be_enabled()
    box.press("Enter")
    expect(story.captions(page).first).to_contain_text("yellow house.png")


def test_a_photograph_is_taken_only_when_asked_for(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    way(page, "Camera")
    expect(page.get_by_text("Use the camera")).to_be_visible()
    assert page.get_by_test_id("stCameraInput").count() == 0
    page.get_by_text("Use the camera").click()
    page.wait_for_function("() => document.querySelector('video')?.videoWidth > 0")
    story.ready(page)
    page.get_by_role("button", name="Take Photo").click()
    expect(page.locator(story.QUERY).get_by_role("img")).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()


def test_a_link_goes_to_azure_and_is_shown_as_text(indexed: App, open_page: Open) -> None:
    address = "https://pictures.example/a-red-thing.png"
    indexed.emulator.links[address] = plain(COLOURS["red"], width=99)
    page = open_page(indexed, "/image_search")
    way(page, "Link")
    page.get_by_label("Address of a picture").fill(address)
    page.get_by_label("Address of a picture").press("Enter")
    expect(story.captions(page).first).to_contain_text("red")
    expect(page.locator(story.QUERY).get_by_text(address, exact=True)).to_be_visible()
    assert page.locator(story.QUERY).get_by_role("img").count() == 0
    asked = [call for call in indexed.emulator.calls if call.text == address]
    assert [call.kind for call in asked] == ["link"]


def test_a_private_address_is_refused_with_a_sentence(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    calls = len(indexed.emulator.calls)
    way(page, "Link")
    address = f"{indexed.emulator.url}/emulator"
    page.get_by_label("Address of a picture").fill(address)
    page.get_by_label("Address of a picture").press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text(re.compile("public|link", re.IGNORECASE))
    assert len(indexed.emulator.calls) == calls


def test_the_source_used_last_counts(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=pink")
    page.get_by_role("link", name="More like this").first.click()
    shown = page.locator(story.QUERY).get_by_role("img")
    expect(shown).to_have_attribute("alt", "pink house.png")
    story.search_with(page, "first.png", plain(COLOURS["green"], width=78))
    expect(shown).to_have_attribute("alt", "first.png")
    uploaded = page.url
    page.get_by_role("link", name="More like this").nth(1).click()
    expect(shown).to_have_attribute("alt", re.compile("house|boat"))
    assert page.url != uploaded
    story.search_with(page, "second.png", plain(COLOURS["blue"], width=79))
    expect(shown).to_have_attribute("alt", "second.png")
    expect(story.captions(page).first).to_contain_text("blue")


def test_a_file_that_is_no_picture_gets_a_sentence(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    calls = len(indexed.emulator.calls)
    said = page.get_by_test_id("stAlert")
    story.search_with(page, "letter.jpg", not_a_picture(), "image/jpeg")
    expect(said).to_contain_text("It is not a picture that can be read")
    story.search_with(page, "half.png", truncated("PNG"))
    expect(said).to_contain_text("It is cut short")
    story.search_with(page, "whole.png", plain(COLOURS["brown"], width=81))
    expect(story.captions(page).first).to_contain_text("brown house.png")
    assert len(indexed.emulator.calls) == calls + 1


def test_an_id_that_nobody_has_gets_a_sentence(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search?id=../../etc/passwd")
    expect(page.get_by_text("There is no such picture in the collection")).to_be_visible()
