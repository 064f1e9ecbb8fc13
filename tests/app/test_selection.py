"""What a browser may select, and how much."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def script(choices: list[object]) -> AppTest:
    """A page that takes these choices in, of pictures named "0" to "249"."""

    def page(choices: list[object]) -> None:
        import streamlit as st

        from ui.selection import choices_taken, selected, take_choice

        for choice in choices:
            take_choice(choice, {str(number) for number in range(250)})
        st.text(" ".join(selected()))
        st.text(str(choices_taken()))

    return AppTest.from_function(page, kwargs={"choices": choices}, default_timeout=60).run()


def taken(*choices: object) -> list[str]:
    test = script([*choices])
    assert not test.exception
    ids: list[str] = test.text[0].value.split()
    return ids


def test_pictures_stay_in_the_order_in_which_they_were_selected() -> None:
    assert taken({"turn": 1, "ids": ["7"]}, {"turn": 2, "ids": ["3", "7"]}) == ["7", "3"]


def test_what_is_not_sent_any_more_is_let_go() -> None:
    assert taken({"turn": 1, "ids": ["7", "3"]}, {"turn": 2, "ids": ["3"]}) == ["3"]


def test_more_than_two_hundred_are_not_kept() -> None:
    everything = [str(number) for number in range(250)]
    assert taken({"turn": 1, "ids": everything}) == everything[:200]


@pytest.mark.parametrize(
    "choice",
    [None, "7", 7, [], {}, {"ids": "7"}, {"ids": {"7": 1}}, {"ids": [7, None, ["7"], "250", "x"]}],
)
def test_a_choice_that_makes_no_sense_selects_nothing(choice: object) -> None:
    assert taken(choice) == []


def test_the_number_of_the_last_choice_is_kept_for_the_answer() -> None:
    assert script([{"turn": 5, "ids": []}, {"turn": "6", "ids": []}]).text[1].value == "5"
