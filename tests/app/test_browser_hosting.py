"""A public showcase in the browser: who is held back, and what those who pay can see."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.app.browser import expect_wall, look_for, ready
from tests.app.conftest import COLOURS, App, Open
from tests.conftest import plain

PICTURES = {f"{name}.png": plain(COLOURS[name], width=200, height=150) for name in ("red", "blue")}


def test_a_visitor_without_cookies_has_a_cap_of_their_own_and_what_is_known_still_answers(
    start: Callable[..., App], open_page: Open
) -> None:
    settings = {"READ_ONLY": "1", "VISITOR_CALLS_PER_DAY": "1"}
    app = start(PICTURES, ready=True, settings=settings)
    before = len(app.emulator.calls)
    ada, bob = open_page(app), open_page(app)
    for page in (ada, bob):
        page.context.clear_cookies()
        ready(page)
    look_for(ada, "red")
    expect_wall(ada, 2)
    look_for(ada, "blue")
    held_back = ada.get_by_text(re.compile("Your 1 call to the model of today is used up"))
    expect(held_back).to_be_visible()
    look_for(bob, "red")
    expect_wall(bob, 2)
    look_for(bob, "blue")
    expect_wall(bob, 2)
    ada.get_by_role("button", name="Try again").click()
    expect_wall(ada, 2)
    expect(held_back).to_have_count(0)
    assert len(app.emulator.calls) - before == 2
    assert ada.get_by_text("this month").count() == 0


def test_an_owner_sees_what_was_used_and_prepares_the_showcase(
    start: Callable[..., App], open_page: Open
) -> None:
    app = start(PICTURES, ready=True, settings={"VISION_PRICE_PER_1000": "0.1"})
    page = open_page(app, "/indexing")
    expect(page.get_by_text("2 calls this month · less than 0.01 $")).to_be_visible()
    page.get_by_text("Calls", exact=True).click()
    expect(page.get_by_text("No cap is set.")).to_be_visible()
    button = page.get_by_role("button", name="Prepare the showcase")
    price = re.search(r"(\d+) calls, about 0.01 \$", button.inner_text())
    assert price
    button.click()
    expect(page.get_by_text("Prepared: the examples")).to_be_visible()
    assert sum(call.kind == "text" for call in app.emulator.calls) == int(price[1])
    expect(page.get_by_text(f"{int(price[1]) + 2} calls this month")).to_be_visible()
