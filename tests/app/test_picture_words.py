"""The words nearest to a picture, run without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import NotAllowed
from core.workspace import Workspace
from tests.app import test_pages
from tests.app.conftest import paint
from tests.app.test_pages import SECONDS, Visit, calls_for
from tests.azure_emulator import Emulator
from tests.conftest import fill, wait_for
from ui.visitor import manage

visit, with_key = test_pages.visit, test_pages.with_key


def draw(picture_id: str) -> None:
    """A page that shows them; Streamlit runs its text alone."""
    from ui.picture_words import picture_words
    from ui.resources import _workspace

    picture_words(_workspace(), picture_id)


def words_of(workspace: Workspace) -> AppTest:
    """The words of some picture."""
    (one,) = workspace.some_pictures(1)
    test = AppTest.from_function(draw, default_timeout=SECONDS, args=(one,)).run()
    assert not test.exception
    return test


def told(test: AppTest) -> list[str]:
    """The words in the table."""
    tables = [json.loads(element.proto.bytes) for element in test.get("bidi_component")]
    return [row["name"] for table in tables for row in table["rows"]]


def said(test: AppTest) -> str:
    return "\n".join(str(one.value) for kind in ("caption", "text") for one in test.get(kind))


def put_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "words.txt").write_text(text, "utf-8")


def test_any_picture_has_words_with_their_cosines(visit: Visit, tmp_path: Path) -> None:
    paint(tmp_path / "images")
    fill(tmp_path / "images" / "more", 20)
    workspace = visit().workspace
    test = words_of(workspace)
    near = workspace.words.nearest_words(workspace.some_pictures(1)[0], 5)
    assert told(test) == [one.word for one in near]
    assert "Nearer to these words than most pictures" in said(test)


def test_of_few_pictures_nothing_is_said_of_most(visit: Visit) -> None:
    assert "The nearest words:" in said(words_of(visit().workspace))


def test_a_list_of_ones_own_names_pictures_and_what_the_model_does_not_know_is_said(
    visit: Visit, tmp_path: Path
) -> None:
    put_list(tmp_path, "a red house\nzeppelin\nboat\n<b>walrus</b>\nбаржа\nthe\n")
    workspace = visit().workspace
    test = words_of(workspace)
    assert sorted(told(test)) == ["a red house", "boat"]
    left_out = "does not know “zeppelin”, “<b>walrus</b>”, “баржа”, “the” of words.txt."
    assert left_out in said(test)
    # What stands out is told as before.
    assert workspace.words.bank_state().total > 50


def test_a_list_of_which_the_model_knows_nothing_leaves_its_own_words(
    visit: Visit, tmp_path: Path
) -> None:
    put_list(tmp_path, "\n".join(f"zeppelin{number}" for number in range(9)))
    test = words_of(visit().workspace)
    assert len(told(test)) == 5
    assert "“zeppelin4” and 4 more of words.txt." in said(test)


def test_visitors_are_not_told_of_the_list(visit: Visit, tmp_path: Path) -> None:
    put_list(tmp_path, "boat\nzeppelin\n")
    assert "words.txt" not in said(words_of(visit(READ_ONLY="1").workspace))


def test_a_list_that_cannot_be_used_is_said_on_the_page(visit: Visit, tmp_path: Path) -> None:
    put_list(tmp_path, "# nothing yet\n")
    visitor = visit()
    visitor.open()
    assert "words.txt holds no words." in visitor.said


def test_paid_words_are_asked_for_once_after_a_press_that_says_their_calls(
    visit: Visit, with_key: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    put_list(tmp_path, "red\nblue\n**a** [b](c)\n")
    workspace = visit(**with_key).workspace
    test = words_of(workspace)
    (button,) = test.button
    assert button.label == "Find words for pictures · 3 calls"
    assert calls_for(emulator, "text") == 0
    button.click().run()
    assert not test.exception
    wait_for(lambda: not workspace.words.bank_state().learning, SECONDS)
    test.run()
    assert sorted(told(test)) == ["**a** [b](c)", "blue", "red"]
    assert not test.button
    assert len(told(words_of(workspace))) == 3
    assert calls_for(emulator, "text") == 3


def test_visitors_who_may_only_search_cannot_pay_for_words(
    visit: Visit, with_key: dict[str, str]
) -> None:
    workspace = visit(READ_ONLY="1", **with_key).workspace
    test = words_of(workspace)
    assert not test.button
    assert said(test) == ""
    with pytest.raises(NotAllowed):
        manage(workspace)
