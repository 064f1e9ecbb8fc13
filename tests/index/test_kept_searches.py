"""core.index.port.KeptSearches: what every engine, and the memory of a session, must do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.index import HISTORY_KEPT, KeptSearches
from core.model import SavedSearch
from core.search import SessionSearches
from tests.index.samples import an_id
from tests.index.test_port_contract import ENGINES as ALL_ENGINES

# Where it searches makes no difference to what PostgreSQL keeps.
ENGINES = {name: ALL_ENGINES[name] for name in ("sqlite", "postgres")}

KEEPERS: dict[str, Callable[[pytest.FixtureRequest, Path], KeptSearches]] = {
    **ENGINES,
    "session": lambda request, folder: SessionSearches(),
}

HOSTILE = "**<img src=x onerror=alert(1)>** [a](https://example.com) '; DROP TABLE history; --\0"


@pytest.fixture(params=list(KEEPERS))
def searches(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeptSearches]:
    opened = KEEPERS[request.param](request, tmp_path / "data")
    yield opened
    if not isinstance(opened, SessionSearches):
        opened.close()


def a_search(name: str, saved: float = 1.0) -> SavedSearch:
    return SavedSearch(name, f"?q={name}", "e:1", (an_id(1), an_id(2)), saved)


def names(searches: KeptSearches) -> list[str]:
    return [search.name for search in searches.saved_searches()]


def test_a_saved_search_comes_back_as_it_was(searches: KeptSearches) -> None:
    search = SavedSearch(HOSTILE, "image_search?q=" + "ä" * 8_000, "e:1", (an_id(3),), 1.25)
    assert searches.save_search(search) == HOSTILE
    faceless = SavedSearch("no face", "?q=a", "e:2", (), 1.0)
    searches.save_search(faceless)
    assert searches.saved_searches() == [search, faceless]


def test_the_search_that_was_saved_last_comes_first(searches: KeptSearches) -> None:
    for name, saved in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
        searches.save_search(a_search(name, saved))
    assert names(searches) == ["c", "b", "a"]


def test_a_second_search_of_one_name_gets_a_number_and_replaces_nothing(
    searches: KeptSearches,
) -> None:
    given = [searches.save_search(a_search("boats", n)) for n in (3.0, 2.0, 1.0)]
    assert given == names(searches) == ["boats", "boats (2)", "boats (3)"]


def test_a_renamed_search_keeps_all_but_its_name(searches: KeptSearches) -> None:
    searches.save_search(a_search("boats"))
    assert searches.rename_search("boats", "ships") == "ships"
    (search,) = searches.saved_searches()
    assert search == SavedSearch("ships", "?q=boats", "e:1", (an_id(1), an_id(2)), 1.0)


def test_a_name_that_is_taken_is_numbered_when_a_search_is_renamed(searches: KeptSearches) -> None:
    searches.save_search(a_search("boats", 2.0))
    searches.save_search(a_search("ships", 1.0))
    assert searches.rename_search("ships", "boats") == "boats (2)"
    assert searches.rename_search("boats", "boats") == "boats"
    assert names(searches) == ["boats", "boats (2)"]


def test_renaming_and_deleting_what_is_gone_changes_nothing(searches: KeptSearches) -> None:
    searches.save_search(a_search("boats"))
    assert searches.rename_search("ships", "boats") == ""
    searches.delete_search("ships")
    assert names(searches) == ["boats"]


def test_a_deleted_search_is_gone(searches: KeptSearches) -> None:
    searches.save_search(a_search("boats", 2.0))
    searches.save_search(a_search("ships", 1.0))
    searches.delete_search("boats")
    assert names(searches) == ["ships"]


def test_the_history_holds_each_address_once_the_last_first(searches: KeptSearches) -> None:
    added = [searches.add_to_history(address, n) for n, address in enumerate("abca")]
    assert added == [True, True, True, False]
    assert searches.history() == ["a", "c", "b"]


def test_an_entry_of_the_history_can_take_the_place_of_another(searches: KeptSearches) -> None:
    searches.add_to_history("a", 1)
    searches.add_to_history("re", 2)
    assert searches.add_to_history("red", 3, "re")
    assert searches.history() == ["red", "a"]


def test_the_history_forgets_what_was_asked_longest_ago(searches: KeptSearches) -> None:
    for number in range(HISTORY_KEPT + 3):
        searches.add_to_history(f"?q={number}", number)
    history = searches.history()
    assert len(history) == HISTORY_KEPT == 100
    assert (history[0], history[-1]) == ("?q=102", "?q=3")


def test_the_history_can_be_cleared_and_saved_searches_stay(searches: KeptSearches) -> None:
    searches.save_search(a_search("boats"))
    searches.add_to_history("?q=boats", 1)
    searches.clear_history()
    assert searches.history() == []
    assert names(searches) == ["boats"]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_an_engine_has_them_still_when_it_is_opened_again(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    index = ENGINES[engine](request, tmp_path / "data")
    index.save_search(a_search("boats"))
    index.add_to_history("?q=boats", 1)
    index.close()
    index = ENGINES[engine](request, tmp_path / "data")
    assert (names(index), index.history()) == (["boats"], ["?q=boats"])
    index.close()


@pytest.mark.parametrize("engine", list(ENGINES))
def test_two_visitors_who_save_one_name_at_once_lose_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    index = ENGINES[engine](request, tmp_path / "data")
    together = threading.Barrier(4)

    def save() -> None:
        together.wait()
        index.save_search(a_search("boats"))

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(index) == ["boats", "boats (2)", "boats (3)", "boats (4)"]
    index.close()
