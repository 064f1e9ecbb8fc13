"""The explorer's map in a real browser: groups, a query, axes, a selection, both kinds apart."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.app import browser as story
from tests.app.conftest import Open
from tests.app.server import Server

SETTLED = "() => document.querySelector('.collection-map')?.isSettled?.()"


def opened(open_page: Open, gallery: Server, path: str) -> Page:
    page = open_page(gallery, path)
    if "map=" not in path:
        # Until the layout is there, the page shows the other one.
        expect(page.get_by_text("each near those it is most like")).to_be_visible()
    page.wait_for_function(SETTLED)
    return page


def beside(page: Page) -> Locator:
    return page.locator(".st-key-beside-map")


def drag_over(page: Page, *share: float) -> None:
    """Draw the rectangle between two points of the map, given as shares of its width and height."""
    page.get_by_role("button", name="Select a rectangle").click()
    box = page.locator(".collection-map canvas").bounding_box()
    assert box is not None
    left, top, right, bottom = share
    page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + right * box["width"], box["y"] + bottom * box["height"], steps=4)
    page.mouse.up()


def drawn(page: Page, condition: str) -> None:
    """Wait until what the map was told is as a condition in JavaScript on `payload` says."""
    told = "document.querySelector('.collection-map')?.map?.payload"
    page.wait_for_function(f"() => (payload => payload && {condition})({told})")


def parameters(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_the_explorer_opens_on_a_map_of_named_groups_that_can_be_searched_within(
    gallery: Server, open_page: Open
) -> None:
    page = opened(open_page, gallery, "/explorer")
    expect(page.get_by_text("264 pictures, each near those it is most like")).to_be_visible()
    names = page.get_by_role("list", name="Regions").get_by_role("button")
    expect(names.nth(3)).to_be_attached()
    told = [str(names.nth(n).get_attribute("title")) for n in range(names.count())]
    assert len(set(told)) == len(told)
    assert not any(name.startswith("Group ") for name in told)

    names.filter(has_text="night").first.dispatch_event("click")
    expect(beside(page).get_by_text("night").first).to_be_visible()
    within = beside(page).get_by_text(re.compile(r"^\d+ pictures$"))
    number = int(within.inner_text().split()[0])
    beside(page).get_by_role("link", name="Search within").click()
    narrowed = page.locator(".st-key-within")
    expect(narrowed).to_contain_text(re.compile(rf"Within .*night.* · {number} pictures"))
    story.look_for(page, "boat")
    expect(page.get_by_text(re.compile(rf"of {number} stands? out$"))).to_be_visible()
    page.get_by_role("button", name="Search everywhere").click()
    expect(page.get_by_text(re.compile(r"of 264 stands? out$"))).to_be_visible()


def test_another_number_of_groups_is_drawn_and_stays_in_the_address(
    gallery: Server, open_page: Open
) -> None:
    page = opened(open_page, gallery, "/explorer")
    page.get_by_role("combobox", name="Groups").click()
    page.get_by_role("option", name="12", exact=True).click()
    expect(page.get_by_role("list", name="Regions").get_by_role("button")).to_have_count(12)
    expect(beside(page).get_by_role("link")).to_have_count(12)
    assert parameters(page)["groups"] == "12"
    page.get_by_role("combobox", name="Groups").click()
    page.get_by_role("option", name="None").click()
    expect(page.get_by_role("list", name="Regions").get_by_role("button")).to_have_count(0)


def test_a_search_is_shown_on_the_map_and_leads_back_to_its_results(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    number = page.get_by_text(re.compile(r"of 264 stand out$")).inner_text().split()[0]
    page.get_by_role("link", name="Show on the map").click()
    page.wait_for_function(SETTLED)
    expect(page.get_by_text(f"“a blue house”: {number} stand out and are lit.")).to_be_visible()
    drawn(page, f"payload.lit.length === {number} && payload.query.label === 'a blue house'")
    drawn(page, f"payload.query.nearest.length === {min(10, int(number))}")
    page.get_by_role("link", name="Results").click()
    expect(page.get_by_text(f"{number} of 264 stand out")).to_be_visible()
    page.go_back()
    page.wait_for_function(SETTLED)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("stand out and are lit")).to_have_count(0)
    assert "q" not in parameters(page)


def test_pictures_arrange_themselves_between_words_and_a_picture(
    gallery: Server, open_page: Open
) -> None:
    page = opened(open_page, gallery, "/explorer?map=words")
    page.get_by_text("cold – warm · gloomy – calm").click()
    expect(page.get_by_role("textbox", name="Left")).to_have_value("cold")
    page.wait_for_function(SETTLED)
    box = page.get_by_role("textbox", name="Top")
    box.fill("a red zeppelin")
    box.press("Enter")
    expect(page.get_by_text("does not know “zeppelin”")).to_be_visible()
    assert parameters(page)["top"] == "a red zeppelin"
    drawn(page, "String(payload.axes) === 'cold,warm,gloomy,a red zeppelin'")

    page.get_by_text("Likeness", exact=True).click()
    drawn(page, "!payload.axes")
    page.wait_for_function(SETTLED)
    x, y = page.evaluate(
        "() => { const root = document.querySelector('.collection-map');"
        " const {names, id} = root.map.points; const {x, y} = root.placeOf(id(names.length - 1));"
        " return [x, y]; }"
    )
    page.mouse.click(x, y)
    beside(page).get_by_text("Use at the end of an axis").click()
    page.get_by_role("button", name="Left", exact=True).click()
    expect(page.get_by_role("button", name="Left: remove the picture")).to_be_visible()
    assert parameters(page)["left"].startswith("id:")


def test_selected_pictures_stand_beside_the_map_and_in_the_address(
    gallery: Server, open_page: Open
) -> None:
    page = opened(open_page, gallery, "/explorer")
    drag_over(page, 0.02, 0.02, 0.45, 0.6)
    heading = beside(page).get_by_text(re.compile(r"^\d+ pictures selected$")).first
    number = heading.inner_text()
    expect(beside(page).get_by_role("img").nth(1)).to_be_visible()
    address = page.url
    again = opened(open_page, gallery, urlsplit(address).path + "?" + urlsplit(address).query)
    expect(beside(again).get_by_text(number).first).to_be_visible()
    beside(again).get_by_role("button", name="Compare").first.click()
    expect(again.get_by_text(re.compile(r"^12 of \d+ put on the explorer's table"))).to_be_visible()
    page.locator(".st-key-selection").get_by_role("button", name="Clear").click()
    expect(beside(page).get_by_text("What is in here")).to_be_visible()
    assert "selected" not in parameters(page)


def test_texts_and_pictures_live_apart_until_they_are_brought_together(
    gallery: Server, open_page: Open
) -> None:
    page = opened(open_page, gallery, "/explorer?map=kinds&q=boat")
    # The pictures lie between 0 and 1.
    drawn(page, "payload.texts.length > 10 && payload.texts.every(({x}) => x < 0 || x > 1)")
    expect(page.get_by_text(re.compile(r"lie 0\.\d\d from each other"))).to_be_visible()
    page.get_by_text("Bring both together").click()
    expect(page.get_by_text("moved to the same middle")).to_be_visible()
    drawn(page, "payload.texts.some(({x}) => x < 0.5) && payload.texts.some(({x}) => x > 0.5)")
    assert parameters(page)["closed"] == "1"


def test_the_map_says_by_which_rule_it_is_laid_out(gallery: Server, open_page: Open) -> None:
    page = opened(open_page, gallery, "/explorer?q=boat")
    page.get_by_text("Difference (PCA)").click()
    expect(page.get_by_text(re.compile(r"the plane shows \d+% of their"))).to_be_visible()
    expect(page.get_by_text("Its point lies where the plane has it.")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Its point stands among its nearest.")).to_be_visible()
