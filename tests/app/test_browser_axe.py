"""Every page and state, held against the accessibility rules of axe-core."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.app import browser as story
from tests.app.conftest import App, Open
from tests.app.server import Server

# The levels A and AA of WCAG 2.0 to 2.2, and what axe recommends beyond them.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# Streamlit scrolls inside a box, and axe judges the contrast only of what is in view: in a window
# of this height everything is.
HEIGHT = 5000
WIDE, PHONE = 1280, 390

# What the pages cannot change: (rule, a part of the element's markup) and why it stands.
STREAMLITS_OWN = {
    ("presentation-role-conflict", 'data-testid="stFileUploaderDropzone"'): (
        "the uploader's drop zone has a name and the role of decoration; its button and its input "
        "are named and work"
    ),
}


def findings(page: Page) -> list[str]:
    """What axe finds on the page as it is, without what is Streamlit's own."""
    # Streamlit loads what draws HTML, and so the page's own style, after the first words.
    expect(page.get_by_test_id("stHtml").locator("style").first).to_be_attached()
    # What a run has not drawn again yet is dimmed, and has no contrast.
    expect(page.locator('[data-stale="true"]')).to_have_count(0)
    # Colours on their way from one state to the next are neither the one nor the other.
    page.evaluate(
        """() => Promise.race([
             Promise.all(document.getAnimations()
               .filter(one => one.effect.getComputedTiming().iterations !== Infinity)
               .map(one => one.finished.catch(() => null))),
             // One that is paused or out of sight never ends.
             new Promise(done => setTimeout(done, 2000)),
           ])"""
    )
    rules = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = []
    for violation in Axe().run(page, options=rules).response["violations"]:
        for node in violation["nodes"]:
            own = any(
                violation["id"] == rule and markup in node["html"]
                for rule, markup in STREAMLITS_OWN
            )
            if not own:
                found.append(f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}")
    return found


def expect_no_findings(page: Page) -> None:
    """On a wide light page, and on a narrow dark one: colours do not depend on the width."""
    found = {}
    for width, scheme in ((WIDE, "light"), (PHONE, "dark")):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
        story.ready(page)
        found[f"{width} pixels, {scheme}"] = findings(page)
    assert not any(found.values()), found


def opened(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    story.ready(page)  # what a run has not drawn yet is dimmed, and has no contrast


def results(page: Page) -> None:
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()


def refused(page: Page) -> None:
    expect(page.get_by_test_id("stAlert")).to_be_visible()


def popover(name: str) -> Callable[[Page], None]:
    def open_(page: Page) -> None:
        page.get_by_role("button", name=name).click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()

    return open_


def larger_view(page: Page) -> None:
    page.get_by_role("button", name="View").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def searches_window(page: Page) -> None:
    page.get_by_role("button", name="Searches").click()
    page.get_by_role("button", name="Save this search").click()
    expect(page.get_by_role("dialog").get_by_text("Saved", exact=True).first).to_be_visible()


def comparison(page: Page) -> None:
    page.get_by_role("button", name="Show an example").click()
    page.locator('path[aria-label*="one: "]').nth(1).click()
    page.mouse.move(0, 0)  # the chart's library puts its tooltip beside all landmarks
    expect(page.get_by_test_id("stMetric")).to_be_visible()


def collection_map(page: Page) -> None:
    expect(page.get_by_text("each near those it is most like")).to_be_visible()


def odd_pictures(page: Page) -> None:
    expect(page.get_by_text("nearest to it").first).to_be_visible()


@pytest.mark.parametrize(
    ("path", "bring_about"),
    [
        pytest.param("/", opened, id="text search, nothing asked"),
        pytest.param("/?q=a+blue+house", results, id="results"),
        pytest.param("/?q=%22a+red+zeppelin+without+trees%22", results, id="words not understood"),
        pytest.param("/?q=zeppelin", refused, id="no word known"),
        pytest.param("/", popover("What it knows"), id="what the model knows"),
        pytest.param("/", popover("What knows more"), id="what knows more"),
        pytest.param("/?q=a+blue+house", larger_view, id="larger view"),
        pytest.param("/?q=a+blue+house", popover("Take along"), id="what can be taken along"),
        pytest.param("/?q=a+blue+house", searches_window, id="searches"),
        pytest.param("/?q=a+red+boat+%2B+sunset+-+night", results, id="several parts"),
        pytest.param("/?q=house+-+snow&story=6", results, id="a step of the story"),
        pytest.param("/explorer?map=kinds&q=boat&story=11", opened, id="last step of the story"),
        pytest.param("/explorer?view=compare", opened, id="nothing compared"),
        pytest.param("/explorer?view=compare", comparison, id="comparison"),
        pytest.param("/explorer?q=boat", collection_map, id="map"),
        pytest.param("/explorer?map=words", opened, id="map between words"),
        pytest.param("/explorer?view=odd&part=odd", odd_pictures, id="odd pictures"),
        pytest.param("/indexing", opened, id="indexing"),
    ],
)
def test_axe_finds_nothing_on_the_gallery(
    gallery: Server, open_page: Open, path: str, bring_about: Callable[[Page], None]
) -> None:
    page = open_page(gallery, path, size={"width": WIDE, "height": HEIGHT})
    bring_about(page)
    expect_no_findings(page)


def test_axe_finds_nothing_on_the_image_search(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/image_search", size={"width": WIDE, "height": HEIGHT})
    story.expect_wall(page, 14)
    expect_no_findings(page)
    page.get_by_role("link", name="More like this").first.click()
    results(page)
    expect_no_findings(page)


@pytest.mark.parametrize("path", ["/", "/indexing"])
def test_axe_finds_nothing_where_nothing_is_indexed(
    waiting: App, open_page: Open, path: str
) -> None:
    page = open_page(waiting, path, size={"width": WIDE, "height": HEIGHT})
    opened(page)
    expect_no_findings(page)


def test_axe_finds_nothing_beside_the_offer_of_a_local_clip(
    own_pictures: Server, open_page: Open
) -> None:
    page = open_page(own_pictures, "/?q=red", size={"width": WIDE, "height": HEIGHT})
    expect(page.get_by_role("button", name="Dismiss")).to_be_visible()
    expect_no_findings(page)


def test_axe_finds_nothing_on_a_read_only_indexing_page(read_only: Server, open_page: Open) -> None:
    page = open_page(read_only, "/indexing", size={"width": WIDE, "height": HEIGHT})
    expect(page.get_by_text("This showcase is read-only")).to_be_visible()
    expect_no_findings(page)
