"""core.search.history: what of a session's searches becomes an entry."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from core.search import LONGEST_ADDRESS, Asked, SessionSearches, remember


class Session:
    """One visitor who asks a query a second."""

    def __init__(self, live: bool = True) -> None:
        self.searches = SessionSearches()
        self.live = live
        self.last = Asked()
        self.now = 0.0

    def asks(self, *texts: str, **more: str) -> None:
        for text in texts:
            self.now += 1
            address = "?" + urlencode({"q": text, **more})
            self.last = remember(self.searches, self.last, address, self.now, live=self.live)

    @property
    def history(self) -> list[str]:
        return [address.removeprefix("?q=") for address in self.searches.history()]


def test_what_is_typed_letter_by_letter_is_one_entry() -> None:
    session = Session()
    session.asks("re", "red", "red boat")
    assert session.history == ["red+boat"]


def test_another_query_is_another_entry() -> None:
    session = Session()
    session.asks("red", "red boat", "blue", "blue house")
    assert session.history == ["blue+house", "red+boat"]


def test_a_query_that_is_asked_again_by_a_rerun_is_written_once() -> None:
    session = Session()
    session.asks("red")
    before = session.last
    session.asks("red", "red")
    assert session.last is before


def test_an_older_entry_is_not_lost_because_a_longer_one_begins_like_it() -> None:
    session = Session()
    session.asks("red", "blue", "re", "red", "red boat")
    assert session.history == ["red+boat", "red", "blue"]


def test_a_query_that_was_looked_at_stays_when_it_is_made_longer() -> None:
    session = Session()
    session.asks("red")
    session.now += 60
    session.asks("red boat")
    assert session.history == ["red+boat", "red"]


def test_what_is_left_while_a_query_is_deleted_is_no_entry() -> None:
    session = Session()
    session.asks("red boat", "red bo", "red", "red h", "red house")
    assert session.history == ["red+house", "red+boat"]


def test_a_shortened_query_that_stands_still_is_an_entry() -> None:
    session = Session()
    session.asks("red boat", "red", "red")
    assert session.history == ["red", "red+boat"]


def test_each_query_is_an_entry_where_it_is_sent_off_on_purpose() -> None:
    session = Session(live=False)
    session.asks("red", "red boat", "red")
    assert session.history == ["red", "red+boat"]


def test_a_longer_text_beside_another_picture_or_scope_is_another_entry() -> None:
    session = Session()
    session.asks("red")
    session.asks("red boat", **{"in": "gallery"})
    assert len(session.history) == 2


def test_a_query_that_is_shown_in_another_way_is_the_same_entry() -> None:
    session = Session()
    session.asks("red")
    session.asks("red", line="strict")
    session.asks("red", line="loose")
    assert session.history == ["red&line=loose"]


@pytest.mark.parametrize(("length", "kept"), [(8_000, 1), (LONGEST_ADDRESS, 0)])
def test_an_address_is_kept_up_to_a_length(length: int, kept: int) -> None:
    session = Session()
    session.asks("a" * length)
    assert len(session.history) == kept
