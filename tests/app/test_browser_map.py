"""The map of pictures in a real browser: moved, zoomed, clicked, drawn around, and by keyboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.app.conftest import GALLERY, Open
from tests.app.map_page import HOSTILE
from tests.app.server import ROOT, Server, clone, serve

PHONE: ViewportSize = {"width": 390, "height": 780}
SETTLED = "() => document.querySelector('.collection-map')?.isSettled?.()"
# Every picture with its place in the window, the one drawn last at the end.
PLACES = """
() => {
  const root = document.querySelector('.collection-map');
  return [...root.map.points.rows.keys()].map(id => ({id, ...root.placeOf(id)}));
}
"""


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The gallery, and a page that shows its map alone."""
    if not any(GALLERY.glob("*.jpg")):
        pytest.skip("the gallery has not been painted yet")
    home = clone(tmp_path_factory.mktemp("map"), gallery=True)
    shutil.copy2(ROOT / "tests" / "app" / "map_page.py", home / "streamlit_app.py")
    with serve(home) as server:
        yield server


def settled(page: Page) -> None:
    page.wait_for_function(SETTLED)


def opened(open_page: Open, server: Server, show: str = "", **how: Any) -> Page:
    page = open_page(server, f"/?show={show}", **how)
    settled(page)
    return page


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(".collection-map canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def places(page: Page) -> dict[str, dict[str, float]]:
    return {one["id"]: one for one in page.evaluate(PLACES)}


def topmost(page: Page) -> dict[str, Any]:
    """The picture that is drawn last: no other lies on top of it."""
    found: dict[str, Any] = page.evaluate(PLACES)[-1]
    return found


def events(page: Page, count: int) -> list[dict[str, Any]]:
    """What the page heard from the map, once it is so many events."""
    text = page.get_by_test_id("stText").last
    page.wait_for_function(
        "([one, count]) => JSON.parse(one.textContent).length >= count",
        arg=[text.element_handle(), count],
    )
    found: list[dict[str, Any]] = json.loads(text.inner_text())
    assert len(found) == count, found
    return found


def acts(page: Page, count: int) -> list[dict[str, Any]]:
    """Like `events`, without those that only say where the map was moved to.

    How many of these there are depends on the pauses between two keys, and so on the machine.
    """
    text = page.get_by_test_id("stText").last
    page.wait_for_function(
        """([one, count]) => JSON.parse(one.textContent)
          .filter(event => Object.keys(event).join() !== 'view').length >= count""",
        arg=[text.element_handle(), count],
    )
    found = [one for one in json.loads(text.inner_text()) if list(one) != ["view"]]
    for one in found:
        one.pop("view", None)
    assert len(found) == count, found
    return found


def zoom(page: Page) -> float:
    return float(page.evaluate("() => document.querySelector('.collection-map').map.zoom"))


def test_the_pictures_themselves_are_on_the_map(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    colours = page.evaluate(
        """() => {
          const canvas = document.querySelector('.collection-map canvas');
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const found = new Set();
          for (let i = 0; i < data.length; i += 4) {
            const [red, green, blue, there] = data.slice(i, i + 4).map(part => part >> 5);
            if (there) found.add(`${red} ${green} ${blue}`);
          }
          return found.size;
        }"""
    )
    assert colours > 100


def test_the_pictures_arrive_on_few_sheets(maps: Server, open_page: Open) -> None:
    page = open_page(maps, stranger=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    settled(page)
    assert len({url for url in asked if "/static/maps/sheet-" in url}) == 5
    assert not [url for url in asked if "/static/thumbs/" in url]


def test_a_click_names_the_picture(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    last = topmost(page)
    page.mouse.click(last["x"], last["y"])
    assert events(page, 1) == [{"clicked": last["id"]}]


def test_the_picture_under_the_pointer_shows_its_name(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    last = topmost(page)
    page.mouse.move(last["x"], last["y"])
    name = page.evaluate(
        "() => document.querySelector('.collection-map').map.points.names.at(-1)",
    )
    expect(page.locator(".collection-map .tip span")).to_have_text(name)


def test_a_drag_moves_the_map_and_the_view_is_told(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    before = topmost(page)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 40, steps=8)
    page.mouse.up()
    settled(page)
    after = topmost(page)
    assert after["x"] - before["x"] == pytest.approx(80, abs=2)
    assert after["y"] - before["y"] == pytest.approx(40, abs=2)
    (event,) = events(page, 1)
    assert set(event) == {"view"}
    assert event["view"]["zoom"] == 1


def test_the_wheel_zooms_around_the_pointer(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    before = topmost(page)
    page.mouse.move(before["x"], before["y"])
    for _ in range(5):
        page.mouse.wheel(0, -120)
    settled(page)
    after = topmost(page)
    assert zoom(page) > 2
    assert after["side"] > before["side"] * 1.5
    assert after["x"] == pytest.approx(before["x"], abs=2)
    assert after["y"] == pytest.approx(before["y"], abs=2)


def test_near_pictures_load_their_own_thumbnails(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    with page.expect_response(lambda answer: "/static/thumbs/" in answer.url and answer.ok):
        page.mouse.move(*middle(page))
        for _ in range(20):
            page.mouse.wheel(0, -240)


def test_buttons_zoom_and_show_the_whole_map(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    before = places(page)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("() => document.querySelector('.collection-map').map.zoom > 1.59")
    page.get_by_role("button", name="Whole map").click()
    settled(page)
    assert places(page) == before


@pytest.mark.parametrize("mode", ["Select a rectangle", "Select by drawing around"])
def test_what_is_drawn_around_is_selected(maps: Server, open_page: Open, mode: str) -> None:
    page = opened(open_page, maps)
    x, y = middle(page)
    corners = [(x, y), (x + 150, y), (x + 150, y + 90), (x, y + 90)]
    page.get_by_role("button", name=mode).click()
    page.mouse.move(x, y)
    page.mouse.down()
    if mode == "Select a rectangle":
        page.mouse.move(x + 150, y + 90, steps=5)
    else:
        for corner in (*corners[1:], corners[0]):
            page.mouse.move(*corner, steps=8)
    page.mouse.up()
    expected = {
        one["id"]
        for one in places(page).values()
        if x < one["x"] < x + 150 and y < one["y"] < y + 90
    }
    assert len(expected) > 5
    (event,) = events(page, 1)
    assert set(event["selected"]) == expected
    assert event["found"] == len(expected)
    listed = page.get_by_role("list", name="Selected pictures").get_by_role("button")
    expect(listed).to_have_count(len(expected))


def test_no_more_are_selected_than_can_be_taken_along(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    x, y = middle(page)
    page.get_by_role("button", name="Select a rectangle").click()
    page.mouse.move(x - 550, y - 320)
    page.mouse.down()
    page.mouse.move(x + 505, y + 320, steps=4)
    page.mouse.up()
    (event,) = events(page, 1)
    assert len(event["selected"]) == 200
    assert event["found"] == 264


def test_a_drag_with_shift_selects_a_rectangle(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(x + 100, y + 100, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    (event,) = events(page, 1)
    assert event["selected"]


def test_the_keyboard_moves_zooms_selects_and_opens(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    before = topmost(page)
    canvas = page.locator(".collection-map canvas")
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    assert topmost(page)["x"] > before["x"] + 50
    page.keyboard.press("+")
    assert zoom(page) == pytest.approx(1.4)
    page.keyboard.press("0")
    assert zoom(page) == 1
    settled(page)
    name = page.locator(".collection-map [aria-live]").inner_text()
    assert name.endswith(".jpg")
    page.keyboard.press("Space")
    selected = acts(page, 1)[-1]["selected"]
    page.keyboard.press("Enter")
    assert acts(page, 2)[-1] == {"clicked": selected[0]}
    page.keyboard.press("Space")
    assert "clicked" not in acts(page, 3)[-1]


def test_a_view_that_waits_to_be_reported_goes_with_what_is_done(
    maps: Server, open_page: Open
) -> None:
    """One after the other, a busy server would take the later only."""
    page = opened(open_page, maps)
    page.locator(".collection-map canvas").focus()
    page.keyboard.press("+")
    page.keyboard.press("Enter")
    (event,) = events(page, 1)
    assert event["clicked"]
    assert event["view"]["zoom"] == pytest.approx(1.4)


def test_a_region_is_a_button_with_its_name(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps, "regions+query+lit+texts")
    regions = page.get_by_role("list", name="Regions").get_by_role("button")
    expect(regions).to_have_count(2)
    expect(regions.nth(1)).to_have_attribute("title", HOSTILE)
    page.get_by_role("button", name="blue night").click()
    text = page.get_by_test_id("stText").last
    expect(text).to_have_text("[{}]")  # number 0, which the page leaves out with all that is empty
    regions.nth(1).click()
    assert events(page, 2)[-1] == {"region": 1}


def test_no_name_becomes_markup(maps: Server, open_page: Open) -> None:
    page = open_page(maps, "/?show=regions+query")
    page.on("dialog", lambda dialog: pytest.fail("a script of a name ran"))
    settled(page)
    assert page.locator(".collection-map .regions :is(img, a)").count() == 0


def test_the_address_can_hold_a_view(maps: Server, open_page: Open) -> None:
    page = open_page(maps, "/?view=0.7,0.6,3")
    settled(page)
    assert zoom(page) == 3
    x, y = page.evaluate(
        "() => { const {x, y} = document.querySelector('.collection-map').map; return [x, y]; }"
    )
    assert (x, y) == (0.7, 0.6)


def test_a_run_of_the_page_leaves_the_view_as_it_was_moved(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("() => document.querySelector('.collection-map').map.zoom > 1.59")
    assert "view" in events(page, 1)[0]
    last = topmost(page)
    page.mouse.click(last["x"], last["y"])
    events(page, 2)
    settled(page)
    assert zoom(page) == pytest.approx(1.6)


def test_two_fingers_zoom_and_a_tap_names_a_picture(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps, touch=True, size=PHONE)
    last = topmost(page)
    page.touchscreen.tap(last["x"], last["y"])
    assert events(page, 1) == [{"clicked": last["id"]}]
    settled(page)
    x, y = middle(page)
    session = page.context.new_cdp_session(page)

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    fingers("touchStart", 30)
    for apart in range(35, 95, 10):
        fingers("touchMove", apart)
    fingers("touchEnd", 0)
    assert zoom(page) > 2


def test_without_a_canvas_the_pictures_are_a_list(maps: Server, open_page: Open) -> None:
    page = open_page(maps, stranger=True)
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.reload()
    names = page.locator(".collection-map .plain").get_by_role("button")
    expect(names).to_have_count(264)
    names.first.click()
    (event,) = events(page, 1)
    assert set(event) == {"clicked"}


def test_a_map_that_does_not_load_can_be_tried_again(maps: Server, open_page: Open) -> None:
    page = open_page(maps, stranger=True)
    page.route("**/points-*.json", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("The map could not be loaded.")).to_be_visible()
    page.unroute("**/points-*.json")
    page.get_by_role("button", name="Try again").click()
    settled(page)


def test_the_map_fits_a_phone(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps, "regions", size=PHONE)
    box = page.locator(".collection-map .stage").bounding_box()
    assert box is not None and box["width"] <= PHONE["width"] and box["height"] < 600
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    tools = page.locator(".collection-map .tools").bounding_box()
    assert tools is not None
    for one in places(page).values():
        assert one["y"] < tools["y"] and box["x"] < one["x"] < box["x"] + box["width"]


def test_the_map_follows_the_theme(maps: Server, open_page: Open) -> None:
    page = opened(open_page, maps, "axes", stranger=True)
    ground = "() => document.querySelector('.collection-map').map.colours.ground"
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => ({ground})() === '#faf8f4'")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => ({ground})() === '#161412'")
