"""The story in a real browser: hostile names and queries, first requests, narrow screens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.app import browser as story
from tests.app.conftest import App, Open, azure, index
from tests.app.server import Server, clone, serve
from tests.azure_emulator import Emulator
from tests.conftest import plain

NAMES = (
    "<img src=x onerror=alert(1)>.png",
    "[a](http:evil.example).png",
    "![x](http:evil.example).png",
    "www.evil.example.png",
    ":red[x] :material~home: **bold** $x^2$.png",
    'it\'s "quoted" & <b>bold<b>.png',
    "a house 🏠 ‮gnp.png",
    "two\nlines.png",
    "ä" * 125 + ".png",
)
HOSTILE_FOLDER = "[click](https:"

PAGES = {
    "/": "Text search",
    "/image_search": "Image search",
    "/explorer": "Explorer",
    "/indexing": "Indexing",
}

# Parts of a page that would be wider than the screen, if any were.
TOO_WIDE = """
() => [document.documentElement, document.body,
       ...document.querySelectorAll('[data-testid=stMain], [data-testid=stMainBlockContainer]')]
  .filter(part => part.scrollWidth > part.clientWidth + 1)
  .map(part => `${part.tagName} ${part.dataset.testid}: ${part.scrollWidth}`)
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Azure answers, and every file and folder has a name that means harm."""
    home = clone(tmp_path_factory.mktemp("hostile"))
    for number, name in enumerate(NAMES):
        (home / "images" / name).write_bytes(plain((200, 10 * number, 10), width=40))
    deep = home / "images" / HOSTILE_FOLDER / "evil.example)"
    deep.mkdir(parents=True)
    (deep / "inside.png").write_bytes(plain("blue", width=40))
    with Emulator() as emulator:
        index(home, emulator)
        with serve(home, **azure(emulator)) as server:
            yield App(server, emulator)


def no_link_leads_away(page: Page, server: Server) -> None:
    away = page.locator("a[href]").evaluate_all(
        "(all, home) => all.map(a => a.href).filter(href => !href.startsWith(home))", server.url
    )
    assert away == []


def test_hostile_file_names_are_shown_as_they_are(hostile: App, open_page: Open) -> None:
    page = open_page(hostile, "/?q=red")
    story.expect_wall(page, len(NAMES) + 1)
    alts = story.pictures(page).evaluate_all("all => all.map(one => one.alt)")
    assert set(alts) == {*NAMES, "inside.png"}
    one_line = {" ".join(name.split()) for name in NAMES}
    # textContent: what is drawn from right to left is reported in another order otherwise.
    shown = {text.rsplit("\n", 1)[0] for text in story.captions(page).all_text_contents()}
    assert shown == {*one_line, "inside.png"}
    no_link_leads_away(page, hostile.server)


def test_hostile_names_stay_text_in_the_larger_view(hostile: App, open_page: Open) -> None:
    page = open_page(hostile, "/?q=red")
    story.expect_wall(page, len(NAMES) + 1)
    for place, name in enumerate(story.names(page)[:3]):
        page.get_by_role("button", name="View").nth(place).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text(name, exact=True).first).to_be_visible()
        no_link_leads_away(page, hostile.server)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_a_picture_that_was_not_shown_cannot_be_asked_for(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    ask = "(all, id) => all[0].send('view', id)"
    page.locator(".wall").evaluate_all(ask, "../../.env")
    story.ready(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="View").first.click()
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_hostile_names_stay_text_in_explorer_filter_and_table(
    hostile: App, open_page: Open
) -> None:
    page = open_page(hostile, "/explorer?view=compare")
    page.get_by_role("button", name="Show an example").click()
    expect(page.locator("image").first).to_be_visible()
    page.get_by_role("combobox", name=re.compile("Pictures")).click()
    expect(page.get_by_role("option").first).to_be_visible()
    no_link_leads_away(page, hostile.server)
    page.keyboard.press("Escape")
    page.get_by_text("Map", exact=True).click()
    expect(page.get_by_text("each near those it is most like")).to_be_visible()
    page.get_by_label("Search in").click()
    expect(page.get_by_role("option").nth(1)).to_be_visible()
    no_link_leads_away(page, hostile.server)
    page.keyboard.press("Escape")
    story.go(page, "Indexing")
    expect(page.get_by_test_id("stDataFrame").last).to_be_visible()
    no_link_leads_away(page, hostile.server)


@pytest.mark.parametrize(
    "words",
    ["![x](http://evil.example/x.png) [a](http://evil.example)", "<img src=http://evil.example/x>"],
)
def test_a_hostile_query_in_the_address_stays_text(
    indexed: App, gallery: Server, open_page: Open, words: str
) -> None:
    for where in (indexed, gallery):
        page = open_page(where)
        page.goto(f"{where.url}/?q={words}")
        expect(page.get_by_label("Search", exact=True)).to_have_value(words)
        story.ready(page)
        no_link_leads_away(page, where.server if isinstance(where, App) else where)


def test_a_refusal_that_quotes_the_service_stays_text(indexed: App, open_page: Open) -> None:
    indexed.emulator.when(lambda seen: seen.text == "breaks", "bad request")
    page = open_page(indexed, "/?q=breaks")
    said = page.get_by_test_id("stAlert")
    expect(said).to_contain_text("Something <b>else</b> is wrong.")
    assert said.locator("b").count() == 0


def test_a_hostile_upload_name_stays_text(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search")
    name = "![x](http://evil.example/x.png) <b>b<b>.png"
    story.search_with(page, name, plain("green", width=90))
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    no_link_leads_away(page, indexed.server)
    story.search_with(page, name, b"not a picture")
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    no_link_leads_away(page, indexed.server)


def test_a_deep_link_as_the_very_first_request_shows_its_page(
    start: Callable[..., App], open_page: Open
) -> None:
    app = start({"red.png": plain("red")}, ready=True)
    page = open_page(app, "/explorer")
    expect(page.get_by_role("heading", name=story.HEADINGS["Explorer"])).to_be_visible()
    for title in PAGES.values():
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_every_page_without_scrolling_sideways(
    indexed: App, open_page: Open, path: str
) -> None:
    page = open_page(indexed, path, size={"width": 390, "height": 844})
    expect(page.get_by_role("heading", name=story.HEADINGS[PAGES[path]])).to_be_visible()
    if path == "/explorer":
        page.get_by_text("Compare", exact=True).click()
        page.get_by_role("button", name="Show an example").click()
        expect(page.locator("image").first).to_be_visible()
    if path == "/":
        story.look_for(page, "red")
        story.expect_wall(page, 14)
    story.ready(page)
    assert page.evaluate(TOO_WIDE) == []
