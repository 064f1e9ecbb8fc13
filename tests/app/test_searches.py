"""Saved searches and the history on the search pages, run without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.model import SavedSearch
from core.workspace import Workspace
from tests.app import test_pages
from tests.app.test_pages import Page, Visit

visit, with_key = test_pages.visit, test_pages.with_key

MARKUP = "**<img src=x>** [a](https://example.com) :red[b] $x$"


def open_searches(visitor: Page) -> AppTest:
    """Streamlit's test draws the whole page at each turn, which closes the window again."""
    return press(visitor.test, "Searches")


def save(visitor: Page, name: str) -> AppTest:
    test = open_searches(visitor)
    next(box for box in test.text_input if box.label == "Name").set_value(name)
    assert not press(test, "Save this search").exception
    return open_searches(visitor)


def press(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def saved(workspace: Workspace) -> list[SavedSearch]:
    return workspace.kept_searches.saved_searches()


def test_what_is_typed_letter_by_letter_is_one_entry_of_the_history(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    for text in ("re", "red", "red boat"):
        visitor.search(text)
    assert visitor.workspace.kept_searches.history() == ["?q=red+boat"]


def test_queries_that_are_sent_off_with_enter_are_an_entry_each(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(**with_key)
    visitor.open()
    visitor.search("red")
    visitor.search("red boat")
    assert visitor.workspace.kept_searches.history() == ["?q=red+boat", "?q=red"]


def test_a_rerun_writes_nothing(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q="red")
    visitor.workspace.kept_searches.clear_history()
    visitor.test.run()
    open_searches(visitor)
    assert visitor.workspace.kept_searches.history() == []


def test_a_page_without_a_query_is_no_entry(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    visitor.open("image_search")
    assert visitor.workspace.kept_searches.history() == []
    open_searches(visitor)
    assert "What you search for is listed here." in visitor.said


def test_a_saved_search_keeps_its_address_its_model_and_its_first_pictures(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q="red")
    save(visitor, "  my   boats ")
    (search,) = saved(visitor.workspace)
    assert (search.name, search.address) == ("my boats", "?q=red")
    assert search.embedder_id == visitor.workspace.embedder.id
    assert list(search.face) == [one["id"] for one in visitor.hung[:3]]


def test_a_search_without_a_name_is_called_what_was_asked(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q="red + 2: boat")
    save(visitor, "")
    assert [search.name for search in saved(visitor.workspace)] == ["red + 2: boat"]


def test_a_name_that_is_taken_is_numbered_and_said(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q="red")
    save(visitor, "boats")
    test = save(visitor, "boats")
    assert [search.name for search in saved(visitor.workspace)] == ["boats (2)", "boats"]
    assert "That name is taken. This one is called “boats (2)”." in visitor.said
    assert {"boats", r"boats \(2\)"} <= set(labels(test))


def test_markup_in_a_name_and_in_a_query_is_shown_as_text(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q=MARKUP)
    test = save(visitor, MARKUP)
    assert not test.exception
    shown = [label for label in labels(test) if "img src" in label]
    assert shown
    assert all(label.startswith(r"\*\*\<img src=x\>\*\*") for label in shown)
    assert MARKUP not in [element.value for element in test.markdown]


@pytest.mark.parametrize("where", ["saved", "asked"])
def test_a_search_is_opened_again_on_the_page_where_it_was_asked(visit: Visit, where: str) -> None:
    visitor = visit()
    visitor.open(q="red")
    save(visitor, "my boats" if where == "saved" else "other")
    visitor.search("blue")
    press(open_searches(visitor), "my boats" if where == "saved" else "red")
    assert visitor.test.query_params["q"] == "red"
    assert visitor.test.text_input[0].value == "red"


def test_a_saved_search_is_renamed_and_deleted(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q="red")
    test = save(visitor, "boats")
    test.toggle(key="searches-edit").set_value(True)
    test = open_searches(visitor)
    next(box for box in test.text_input if box.label == "New name").set_value(MARKUP)
    test = open_searches(visitor)
    assert [search.name for search in saved(visitor.workspace)] == [MARKUP]
    assert not press(test, "Delete").exception
    assert saved(visitor.workspace) == []


def test_the_history_is_cleared(visit: Visit) -> None:
    visitor = visit()
    visitor.open(q="red")
    press(open_searches(visitor), "Clear")
    assert visitor.workspace.kept_searches.history() == []


def test_a_search_that_another_model_answered_says_so_and_opens(visit: Visit) -> None:
    visitor = visit()
    gone = "0" * 64
    search = SavedSearch("old", "?q=red", "azure:2023-04-15", (gone,), 1.0)
    visitor.workspace.kept_searches.save_search(search)
    visitor.open()
    test = open_searches(visitor)
    assert "Saved with another model" in visitor.said
    press(test, "old")
    assert visitor.captions


@pytest.mark.parametrize("address", ["", "?", "?q=", "other?q=red", "?pic=x:y&id=%00", "?q=%ff"])
def test_an_address_that_makes_no_sense_is_listed_and_opened_calmly(
    visit: Visit, address: str
) -> None:
    visitor = visit()
    visitor.workspace.kept_searches.save_search(SavedSearch("odd", address, "e", (), 1.0))
    visitor.workspace.kept_searches.add_to_history(address, 1.0)
    visitor.open()
    assert not press(open_searches(visitor), "odd").exception


def test_a_link_of_eight_kilobytes_is_listed_and_opened_again(visit: Visit) -> None:
    visitor = visit()
    long = "red " * 2000 + "boat"
    visitor.open(q=long)
    save(visitor, "long")
    visitor.search("blue")
    test = open_searches(visitor)
    assert max(len(label) for label in labels(test)) < 100
    press(test, "long")
    assert visitor.test.query_params["q"] == long


def test_visitors_who_may_only_search_keep_their_searches_to_themselves(visit: Visit) -> None:
    visitor = visit(READ_ONLY="1")
    owners = visitor.workspace.kept_searches
    owners.save_search(SavedSearch("private", "?q=secret", "e:1", (), 1.0))
    owners.add_to_history("?q=secret", 1.0)
    visitor.open(q="red")
    test = save(visitor, "boats")
    assert {"boats", "red"} <= set(labels(test))
    assert "secret" not in str(labels(test)) and "private" not in str(labels(test))
    assert "Kept until you close this page." in visitor.said
    assert [search.name for search in owners.saved_searches()] == ["private"]
    assert owners.history() == ["?q=secret"]
