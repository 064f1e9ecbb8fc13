"""The wall of pictures in a real browser: what can be done with each, and when it is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from core.settings import load_settings
from core.workspace import Workspace
from tests.app import browser as story
from tests.app.conftest import App, Open, paint
from tests.app.server import Server, clone, serve

ACTIONS = ("More like this", "View", "Compare")

# Three parts of words that the built-in model knows, one of them against.
COMPOSED = "/?q=a+red+boat+%2B+sunset+-+night"


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
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Select")).to_be_focused()
    expect(card.locator(".select")).to_have_css("opacity", "1")
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
    for name in (*ACTIONS, "Select"):
        box = card.get_by_label(name, exact=True).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert name == "Select" or box["y"] >= picture["y"] + picture["height"], (
            "it lies on the picture"
        )


# --- Selecting -----------------------------------------------------------------------------------


def select(page: Page, *places: int) -> None:
    for place in places:
        page.locator(f"{story.WALL} .select").nth(place).click()


def pressed(page: Page) -> list[bool]:
    buttons = page.locator(f"{story.WALL} .select")
    return buttons.evaluate_all("all => all.map(one => one.ariaPressed === 'true')")


def test_selected_pictures_are_counted_and_can_be_let_go(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    select(page, 0, 2)
    expect(page.get_by_text("2 pictures selected")).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("selected")).to_have_count(0)
    expect(page.locator(f"{story.WALL} .selected")).to_have_count(0)
    assert not any(pressed(page))


def test_each_of_several_quick_choices_counts(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    page.locator(f"{story.WALL} .select").evaluate_all("all => all.forEach(one => one.click())")
    expect(page.get_by_text("14 pictures selected")).to_be_visible()
    select(page, 3)
    expect(page.get_by_text("13 pictures selected")).to_be_visible()
    assert [place for place, on in enumerate(pressed(page)) if not on] == [3]


def test_selecting_neither_redraws_nor_moves_the_wall(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    card, _ = first_card(page)
    card.evaluate("one => { one.kept = true; }")
    before = card.bounding_box()
    select(page, 0)
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    story.ready(page)
    assert card.bounding_box() == before
    assert card.evaluate("one => one.kept === true")


def test_a_selection_is_kept_from_page_to_page_of_the_results(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    story.expect_wall(page, 24)
    select(page, 1)
    expect(page.get_by_text("1 picture selected")).to_be_visible()
    first = story.names(page)[0]
    page.get_by_role("button", name="Page 2", exact=True).click()
    expect(story.captions(page).first).not_to_contain_text(first)
    select(page, 0)
    expect(page.get_by_text("2 pictures selected")).to_be_visible()
    page.get_by_role("button", name="Page 1", exact=True).click()
    expect(story.captions(page).first).to_contain_text(first)
    assert [place for place, on in enumerate(pressed(page)) if on] == [1]


def test_a_picture_that_was_not_shown_cannot_be_selected(indexed: App, open_page: Open) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    ask = "(all, id) => all[0].send('select', {turn: 'one', ids: [id, 7, null]})"
    page.locator(".wall").evaluate_all(ask, "../../.env")
    story.ready(page)
    expect(page.get_by_text("selected")).to_have_count(0)
    select(page, 0)
    expect(page.get_by_text("1 picture selected")).to_be_visible()


# --- Why a picture is there ----------------------------------------------------------------------


def unfold_list(box: Locator) -> None:
    """As a person does: scrolled into view first, because scrolling closes it."""
    box.scroll_into_view_if_needed()
    box.click()


def numbers(table: Locator, column: int) -> list[float]:
    cells = table.locator(f"tr > td:nth-child({column}):not(:first-child)").all_inner_texts()
    return [float(cell.replace("−", "-")) for cell in cells]


def test_the_shares_of_the_parts_are_told_and_add_up_to_the_cosine(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, COMPOSED)
    story.expect_wall(page, 24)
    dialog = story.view(page, 0)
    table = dialog.get_by_role("table").first
    assert table.get_by_role("rowheader").all_inner_texts() == [
        "a red boat",
        "sunset",
        "− night",
        "Cosine similarity",
    ]
    *shares, cosine = numbers(table, 2)
    assert sum(shares) == pytest.approx(cosine, abs=2e-4)
    assert f"{cosine:.4f}" == story.cosines(page)[0]
    assert dialog.locator(".for .piece").count() + dialog.locator(".against .piece").count() == 3
    expect(dialog.get_by_text("Nearer than 99 % of 264 pictures")).to_be_visible()


def test_of_one_text_the_words_are_asked_singly(gallery: Server, open_page: Open) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    story.expect_wall(page, 24)
    dialog = story.view(page, 0)
    table = dialog.get_by_role("table").first
    assert table.get_by_role("rowheader").all_inner_texts() == ["blue", "house"]
    assert min(numbers(table, 2)) > 0.15
    expect(dialog.get_by_text("Nearer to these words than most pictures")).to_be_visible()
    near = dialog.locator("[class*=st-key-shares-words]").get_by_role("table")
    expect(near).to_be_visible()
    assert "blue" in near.get_by_role("rowheader").all_inner_texts()
    assert min(numbers(near, 2)) > 0


def test_two_results_are_held_against_each_other_part_by_part(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, COMPOSED)
    story.expect_wall(page, 24)
    shown = story.names(page)
    dialog = story.view(page, 4)
    unfold_list(dialog.get_by_role("combobox", name="Hold against"))
    page.get_by_role("option", name=shown[1]).click()
    said = dialog.get_by_text(re.compile(r"^A is above B mostly because .+ \(\+0\.\d{4}\)\.$"))
    expect(said).to_be_visible()
    expect(dialog.get_by_role("img", name=shown[1])).to_be_visible()
    table = dialog.locator(".st-key-shares-held").get_by_role("table")
    expect(table).to_be_visible()
    *differences, difference = numbers(table, 4)
    assert sum(differences) == pytest.approx(difference, abs=3e-4)
    a, b = (numbers(table, column)[-1] for column in (2, 3))
    assert [f"{a:.4f}", f"{b:.4f}"] == [story.cosines(page)[1], story.cosines(page)[4]]
    assert f"({max(differences):+.4f})" in said.inner_text()


def test_of_a_picture_and_no_words_all_of_the_difference_is_its_own(
    indexed: App, open_page: Open
) -> None:
    page = open_page(indexed, "/?q=red")
    story.expect_wall(page, 14)
    dialog = story.view(page, 0)
    unfold_list(dialog.get_by_role("combobox", name="Hold against"))
    page.get_by_role("option").last.click()
    expect(dialog.get_by_text("The query has one part")).to_be_visible()
    table = dialog.locator(".st-key-shares-held").get_by_role("table")
    expect(table.get_by_role("rowheader")).to_have_count(1)
    assert len(numbers(table, 4)) == 1


# --- A result as a part of the query -------------------------------------------------------------


def test_a_composed_search_takes_a_result_in_or_leads_away_from_it(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, COMPOSED)
    story.expect_wall(page, 24)
    card = page.locator(f"{story.WALL} figure").first
    name = card.get_attribute("data-picture")
    card.hover()
    card.get_by_role("button", name="Less like this").click()
    expect(page).to_have_url(re.compile(rf"\bpic=-1(:|%3A){name}$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"night$"))
    # A picture of the query is not found: it hangs there again once the way back is drawn.
    expect(card).to_have_attribute("data-picture", str(name))
    story.expect_wall(page, 24)
    card.hover()
    card.get_by_role("button", name="Add to the query").click()
    expect(page).to_have_url(re.compile(rf"\bpic=1(:|%3A){name}$"))


def test_a_plain_search_offers_that_in_the_larger_view_only(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery, "/?q=a+blue+house")
    story.expect_wall(page, 24)
    expect(page.get_by_role("button", name="Add to the query")).to_have_count(0)
    dialog = story.view(page, 0)
    expect(dialog.get_by_role("button", name="Less like this")).to_be_visible()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page).to_have_url(re.compile(r"q=a\+blue\+house&pic=1(:|%3A)[0-9a-f]{64}$"))
    expect(dialog).to_have_count(0)


def test_where_nothing_was_asked_there_is_no_query_to_add_to(
    gallery: Server, open_page: Open
) -> None:
    page = open_page(gallery)
    story.expect_wall(page, 24)
    page.get_by_role("button", name="View").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("More like this")).to_be_visible()
    expect(dialog.get_by_role("button", name="Add", exact=True)).to_have_count(0)


# --- Near-identical pictures ---------------------------------------------------------------------

# A page of its own, on which the first result stands for two others too.
ONE_STANDS_FOR_THREE = """
from dataclasses import replace

import streamlit as st

from core.model import EVERYTHING
from core.search import Answer, Term
from ui.resources import open_workspace
from ui.style import apply_style
from ui.wall import wall

workspace = open_workspace()
apply_style()
st.title("Reds")
terms = (Term(text="red"),)
ranking = workspace.search(workspace.asking.parts_of(terms), EVERYTHING)
first, *others = ranking.hits
ranking = replace(ranking, hits=(replace(first, alike=tuple(others[:2])), *others[2:]))
wall(workspace, ranking.page(0, 24), "results", answer=Answer(terms, ranking))
"""


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = clone(tmp_path_factory.mktemp("alike"))
    paint(home / "images")
    red = home / "images" / "red house.png"
    (home / "images" / "a copy of it.png").write_bytes(red.read_bytes())
    workspace = Workspace(load_settings({}, root=home), home)
    workspace.indexer.join(60)
    workspace.close()
    (home / "streamlit_app.py").write_text(ONE_STANDS_FOR_THREE, "utf-8")
    with serve(home) as server:
        yield server


def test_near_identical_pictures_are_one_card_and_opened_on_a_click(
    alike: Server, open_page: Open
) -> None:
    page = open_page(alike)
    story.expect_wall(page, 12)
    page.get_by_role("button", name="+2 near-identical", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_have_count(3)
    assert story.names(page)[0] in dialog.inner_text()


def test_files_with_the_same_bytes_are_told_from_pictures_that_look_alike(
    alike: Server, open_page: Open
) -> None:
    page = open_page(alike)
    story.expect_wall(page, 12)
    page.get_by_role("button", name="+2 near-identical", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2 files with the same bytes:")).to_have_count(1)
    expect(dialog.get_by_text("images/a copy of it.png")).to_be_visible()
    expect(dialog.get_by_text("images/red house.png")).to_be_visible()
