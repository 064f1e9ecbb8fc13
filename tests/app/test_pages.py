"""Every page, run through the entry point without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.search import print_ids
from core.settings import NAMES, load_settings
from core.workspace import Workspace
from core.workspace import workspace as use_cases
from tests.app.conftest import COLOURS, paint
from tests.app.server import ROOT
from tests.azure_emulator import Emulator
from tests.conftest import fill, plain, wait_for
from ui import resources
from ui.wall import PER_PAGE

PAGES = ("text_search", "image_search", "explorer", "indexing")

# A first run imports what the pages need, on a machine that may be busy.
SECONDS = 60

# Scripts that nobody who writes from left to right has tried, and no letters at all.
UNUSUAL = ("בית כחול", "منزل أزرق", "🏠🏠🏠", "👩‍👩‍👧", "‮esuoh", "   ", "\u0000\u0007", "a" * 5000)


class Page:
    """One visitor's page, and the workspace behind it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=SECONDS)

    def open(self, page: str = "text_search", **address: str) -> AppTest:
        self.test.run()
        for name, value in address.items():
            self.test.query_params[name] = value
        if page != "text_search":
            self.test.switch_page(f"pages/{page}.py")
        return self.test.run()

    def search(self, text: str) -> AppTest:
        return self.test.text_input[0].set_value(text).run()

    @property
    def said(self) -> str:
        """Every word on the page."""
        kinds = ("title", "markdown", "caption", "text", "info", "warning", "error", "success")
        return "\n".join(str(e.value) for kind in kinds for e in self.test.get(kind))

    @property
    def captions(self) -> list[str]:
        """The names and cosines under the results."""
        scored = [one for one in self.hung if one["cosine"] is not None]
        return [f"{one['name']}\n{one['cosine']}" for one in scored]

    @property
    def hung(self) -> list[dict[str, str]]:
        """What the browser is told of every picture on the wall."""
        told = [json.loads(element.proto.bytes) for element in self.test.get("bidi_component")]
        return [picture for element in told for picture in element.get("pictures", ())]

    @property
    def chips(self) -> list[str]:
        """The labels of the chips that say how the query was read."""
        labels = [popover.proto.popover.label for popover in self.test.get("popover")]
        return [label for label in labels if label[0] in "+−"]


Visit = Callable[..., Page]


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """visit(VISION_KEY=..., ...) opens the app on folders of the test's own."""
    spaces: list[Workspace] = []

    def visit_(paint_pictures: bool = True, indexed: bool = True, **settings: str) -> Page:
        if paint_pictures:
            paint(tmp_path / "images")
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        # Where gallery, seed and thumbnails are looked for: none of the checkout's.
        monkeypatch.setattr(resources, "ROOT", tmp_path)
        st.cache_resource.clear()
        workspace = resources._workspace()
        spaces.append(workspace)
        workspace.indexer.join(SECONDS)
        if indexed and workspace.embedder.paid:
            workspace.start_indexing()
            workspace.indexer.join(SECONDS)
        return Page(workspace)

    yield visit_
    st.cache_resource.clear()
    for workspace in spaces:
        workspace.indexer.stop()
        workspace.indexer.join(SECONDS)
        workspace.close()


@pytest.fixture
def with_key(emulator: Emulator) -> dict[str, str]:
    return {"VISION_ENDPOINT": emulator.url, "VISION_KEY": emulator.key}


def calls_for(emulator: Emulator, kind: str) -> int:
    return sum(deadline.kind == kind for deadline in emulator.calls)


# --- Every page, in every state ------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_without_a_key(visit: Visit, page: str) -> None:
    visitor = visit()
    assert not visitor.open(page).exception
    assert "Built-in model answers" in visitor.said


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_with_a_key_and_nothing_indexed(
    visit: Visit, with_key: dict[str, str], emulator: Emulator, page: str
) -> None:
    visitor = visit(indexed=False, **with_key)
    test = visitor.open(page)
    assert not test.exception
    assert "Start indexing" in visitor.said + " ".join(button.label for button in test.button)
    assert not emulator.calls


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_without_any_picture(visit: Visit, page: str) -> None:
    visitor = visit(paint_pictures=False)
    assert not visitor.open(page).exception


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_read_only(visit: Visit, with_key: dict[str, str], page: str) -> None:
    visitor = visit(READ_ONLY="1", **with_key)
    test = visitor.open(page)
    assert not test.exception
    assert "Start indexing" not in [button.label for button in test.button]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_is_wrong_with_the_settings(visit: Visit, page: str) -> None:
    visitor = visit(
        VISION_ENDPOINT="http://pictures.example", VISION_KEY="0123456789", READ_ONLY=""
    )
    assert not visitor.open(page).exception
    assert "https://" in visitor.said
    assert "0123456789" not in visitor.said


@pytest.mark.parametrize("content", [b"VISION_KEY = 0123456789", b"VISION_KEY = '0123456789\xe9'"])
def test_a_page_says_why_secrets_cannot_be_read(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    visitor = visit()
    assert not visitor.open().exception
    assert "nothing in that file is used: VISION_KEY." in visitor.said
    assert "0123456789" not in visitor.said


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_that_the_data_folder_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(resources, "ROOT", tmp_path)
    st.cache_resource.clear()
    test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=SECONDS).run()
    test.switch_page(f"pages/{page}.py").run()
    assert not test.exception
    assert len(test.error) == 1


# --- Text search ---------------------------------------------------------------------------------


def test_a_text_ranks_the_pictures(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    visitor.open()
    assert not visitor.search("red").exception
    assert len(visitor.captions) == 14
    assert all("red" in caption for caption in visitor.captions[:2])


def test_a_ranking_ends_at_its_longest_and_says_so(
    visit: Visit, with_key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert use_cases.LONGEST == 1000
    monkeypatch.setattr(use_cases, "LONGEST", 5)
    visitor = visit(**with_key)
    visitor.open(q="red")
    assert len(visitor.captions) == 5
    assert "The first 5 pictures" in visitor.said


def test_a_picture_that_waits_for_its_vector_can_only_be_viewed(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(indexed=False, **with_key)
    visitor.open()
    assert {one["more"] for one in visitor.hung} == {None}
    visitor = visit(**with_key)
    visitor.open()
    assert all("image_search?id=" in one["more"] for one in visitor.hung)


def test_a_text_is_written_into_the_address(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    visitor.open()
    visitor.search("  a   red house ")
    assert visitor.test.query_params["q"] == "a red house"


def test_an_address_fills_the_search_box(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    test = visitor.open(q="blue")
    assert test.text_input[0].value == "blue"
    assert "blue" in visitor.captions[0]


def test_a_search_is_asked_for_once(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    visitor.open()
    visitor.search("red")
    visitor.search("blue")
    visitor.search("red")
    visitor.test.run()
    assert calls_for(emulator, "text") == 2


def test_an_empty_query_shows_the_collection(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    visitor.open()
    visitor.search("red")
    test = visitor.search("   ")
    assert not test.exception
    assert "q" not in test.query_params
    assert "14 pictures" in visitor.said
    assert calls_for(emulator, "text") == 1


def test_71_words_get_a_sentence_and_no_call(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    visitor.open()
    assert not visitor.search(" ".join(["red"] * 71)).exception
    assert "71 words; Azure takes at most 70" in visitor.said
    assert calls_for(emulator, "text") == 0


def test_unusual_queries_are_answered(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    visitor.open()
    for text in UNUSUAL:
        assert not visitor.search(text).exception, repr(text)


def test_unusual_queries_get_a_sentence_from_the_built_in_model(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    for text in UNUSUAL:
        test = visitor.search(text)
        assert not test.exception, repr(text)
        assert test.warning or not text.strip(), repr(text)


def test_a_word_that_the_built_in_model_does_not_know_is_named(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    assert not visitor.search("a red zeppelin").exception
    assert "zeppelin" in visitor.said
    assert len(visitor.captions) == 14


def test_a_negation_is_said_not_to_be_understood_by_the_built_in_model(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    assert not visitor.search('"a house without trees"').exception
    assert "does not understand “without”: “trees” is searched for too." in visitor.said
    assert len(visitor.captions) == 14
    visitor.search("a house")
    assert "does not understand" not in visitor.said


def test_what_a_text_negates_is_a_chip_that_counts_against_for_the_built_in_model(
    visit: Visit,
) -> None:
    visitor = visit()
    visitor.open(q="a red house without green")
    assert not visitor.test.exception
    assert visitor.chips == ["+ a red house", "− green"]
    assert "does not understand" not in visitor.said
    assert visitor.test.text_input[0].value == "a red house without green"
    assert visitor.captions[-1].startswith("green house")


def test_a_model_that_reads_sentences_is_asked_for_a_negation_as_it_is_written(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    visitor.open(q="a red house without green")
    assert not visitor.test.exception
    assert not visitor.chips
    assert calls_for(emulator, "text") == 1


def clip_is_offered(visitor: Page) -> bool:
    return any(button.label == "Dismiss" for button in visitor.test.button)


def test_a_local_clip_is_offered_on_results_of_own_pictures_until_dismissed(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    assert not clip_is_offered(visitor)
    visitor.search("a red house")
    assert clip_is_offered(visitor)
    next(b for b in visitor.test.button if b.label == "Dismiss").click().run()
    visitor.search("a blue house")
    assert len(visitor.captions) == 14
    assert not clip_is_offered(visitor)


def test_what_is_known_of_the_gallery_is_offered_for_the_gallery_alone(
    visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "seed").symlink_to(ROOT / "seed")
    visitor = visit()
    filters = {"": False, "gallery": True, "all": True}
    for scope, offered in filters.items():
        labels = [one.label for one in visitor.open(**{"in": scope}).expander]
        assert ("Filter and sort" in labels) == offered
    labels = [one.label for one in visitor.open("indexing").expander]
    # One's own pictures lie in one folder beside the first.
    assert "What is known of the pictures · 0 of 1 column used" in labels


def test_no_local_clip_is_offered_to_a_visitor_who_may_only_search(visit: Visit) -> None:
    visitor = visit(READ_ONLY="1")
    visitor.open(q="a red house")
    assert visitor.captions
    assert not clip_is_offered(visitor)


def test_no_local_clip_is_offered_beside_a_key(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    visitor.open(q="red")
    assert visitor.captions
    assert not clip_is_offered(visitor)


def test_the_line_under_the_search_box_leads_to_the_commands_for_a_local_clip(
    visit: Visit,
) -> None:
    visitor = visit()
    commands = [code.value for code in visitor.open().code]
    assert any("pip install -r requirements-clip.txt" in command for command in commands)
    assert "EMBEDDER=clip" in commands


def test_several_texts_make_one_query_and_each_is_a_chip(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(**with_key)
    visitor.open(q="red + blue - green")
    assert not visitor.test.exception
    assert visitor.chips == [
        "+ red",
        "+ blue",
        "− green",
    ]
    names = [caption.split("\n")[0] for caption in visitor.captions]
    assert {name.split()[0] for name in names[:4]} <= {"red", "blue", "purple"}
    assert names[-1] == "green house.png"


def test_one_plain_text_has_no_chip(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    visitor.open(q="black-and-white")
    assert not visitor.chips


def test_a_weight_a_sign_and_a_removal_change_the_address_and_cost_no_call(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    test = visitor.open(q="red + blue")
    calls = len(emulator.calls)
    test.number_input[1].set_value(2.0).run()
    assert test.query_params["q"] == "red + 2: blue"
    [_, sign] = [group for group in test.segmented_control if group.label == "Counts"]
    sign.set_value("against").run()
    assert test.query_params["q"] == "red - 2: blue"
    assert test.text_input[0].value == "red - 2: blue"
    next(b for b in test.button if b.label == "Remove").click().run()
    assert test.query_params["q"] == "- 2: blue"
    assert len(emulator.calls) == calls
    assert not test.exception


@pytest.mark.parametrize("query", ["red - red", " + ".join(["red"] * 13)])
def test_a_query_that_cannot_be_asked_is_a_sentence(
    visit: Visit, with_key: dict[str, str], query: str
) -> None:
    visitor = visit(**with_key)
    test = visitor.open(q=query)
    assert not test.exception
    assert len(test.warning) == 1


@pytest.mark.parametrize("number", [1, 2, 20])
def test_where_there_are_few_pictures_the_page_says_that_no_line_is_drawn(
    visit: Visit, tmp_path: Path, number: int
) -> None:
    fill(tmp_path / "images", number)
    visitor = visit(paint_pictures=False)
    for query in ("red", "red + blue - green", "red without green"):
        assert not visitor.open(q=query).exception
        assert len(visitor.captions) == number
        assert "most similar first" in visitor.said
        assert "Too few pictures to tell which stand out" in visitor.said
        assert "stand out**" not in visitor.said


def test_a_query_to_a_collection_without_pictures_is_no_error(visit: Visit) -> None:
    visitor = visit(paint_pictures=False)
    assert not visitor.open(q="red without green").exception
    assert not visitor.captions
    assert "Too few pictures" not in visitor.said


def test_a_picture_as_a_query_gets_no_line_and_no_excuse_for_it(
    visit: Visit, tmp_path: Path
) -> None:
    fill(tmp_path / "images", 40)
    visitor = visit(paint_pictures=False)
    test = visitor.open("image_search", id=visitor.workspace.some_pictures(1)[0])
    assert not test.exception
    assert "most similar first" in visitor.said
    assert "stand out" not in visitor.said


def test_a_paid_bank_of_words_is_learned_on_a_press_that_says_its_calls(
    visit: Visit, with_key: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    fill(tmp_path / "images", 40)
    visitor = visit(**with_key)
    test = visitor.open(q="red")
    assert calls_for(emulator, "text") == 1
    button = next(b for b in test.button if b.label == "Learn what stands out · 64 calls")
    button.click().run()
    wait_for(lambda: not visitor.workspace.words.bank_state().learning, SECONDS)
    assert calls_for(emulator, "text") == 65
    test.run()
    assert not [b.label for b in test.button if b.label.startswith("Learn")]
    assert not test.exception


def test_visitors_who_may_only_search_cannot_spend_calls_on_the_bank(
    visit: Visit, with_key: dict[str, str], tmp_path: Path
) -> None:
    fill(tmp_path / "images", 40)
    test = visit(READ_ONLY="1", **with_key).open(q="red")
    assert not [b.label for b in test.button if b.label.startswith("Learn")]


def test_an_example_becomes_the_query(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    test = visitor.open()
    example = test.button_group(key="example").options[0]
    test.button_group(key="example").select(example).run()
    assert not test.exception
    assert test.text_input[0].value == example
    assert test.query_params["q"] == example
    assert len(visitor.captions) == 14


def test_every_example_for_own_pictures_is_one_that_the_built_in_model_understands(
    visit: Visit,
) -> None:
    visitor = visit()
    examples = visitor.open().button_group(key="example").options
    assert len(examples) == 6
    assert [visitor.workspace.embedder.unknown_words(example) for example in examples] == [[]] * 6
    assert "photographs it compares by colour" in visitor.said


def test_azure_is_shown_off_with_examples_of_the_world(
    visit: Visit, with_key: dict[str, str]
) -> None:
    assert "people laughing" in visit(**with_key).open().button_group(key="example").options


# --- Image search and explorer -------------------------------------------------------------------


def test_an_upload_is_searched_for(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    test = visitor.open("image_search")
    picture = plain(COLOURS["green"], width=70)
    test.file_uploader(key="upload").upload("mine.png", picture, "image/png").run()
    assert not test.exception
    assert "green house.png" in visitor.captions[0]


def test_a_picture_of_the_collection_is_searched_for_without_a_call(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    calls = len(emulator.calls)
    some = visitor.workspace.some_pictures(1)[0]
    test = visitor.open("image_search", id=some)
    assert not test.exception
    assert len(visitor.captions) == 13  # the picture itself is left out
    assert len(emulator.calls) == calls


@pytest.mark.parametrize("some_id", ["0" * 64, "../../etc/passwd", "", "a" * 9000])
def test_an_id_that_nobody_has_is_no_error(
    visit: Visit, with_key: dict[str, str], some_id: str
) -> None:
    visitor = visit(**with_key)
    assert not visitor.open("image_search", id=some_id).exception
    assert not visitor.captions


def test_the_explorer_compares_an_example(visit: Visit) -> None:
    visitor = visit()
    test = visitor.open("explorer", view="compare")
    next(b for b in test.button if b.label == "Show an example").click().run()
    assert not test.exception
    chosen = test.multiselect(key="chosen-pictures").value
    assert len(chosen) > 2
    # The chart draws them by their static address, though no wall has shown them yet.
    files = [visitor.workspace.thumbs_dir / f"{picture_id}.jpg" for picture_id in chosen]
    assert all(file.exists() for file in files)


def map_told(test: AppTest) -> dict[str, Any]:
    """What the browser is told of the map."""
    told = [json.loads(element.proto.bytes) for element in test.get("bidi_component")]
    return next(one for one in told if "points" in one)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["likeness", "plane", "words", "kinds"])
def test_a_map_of_hardly_any_pictures_is_a_sentence_or_a_map(
    visit: Visit, tmp_path: Path, count: int, kind: str
) -> None:
    (tmp_path / "images").mkdir()
    for name in list(COLOURS)[:count]:
        (tmp_path / "images" / f"{name}.png").write_bytes(plain(COLOURS[name]))
    visitor = visit(paint_pictures=False)
    test = visitor.open("explorer", map=kind)
    assert not test.exception
    if count > 1:
        assert map_told(test)["points"]
    elif count == 1:
        assert "A map needs at least two pictures." in visitor.said
    else:
        assert "No pictures of yours yet." in visitor.said


@pytest.mark.parametrize(
    "address",
    [
        {"map": "<b>", "groups": "-3", "selected": "x" * 43, "closed": "?"},
        {"map": "words", "left": "id:../../etc/passwd"},
        {"map": "words", "left": "[a](javascript:b)", "right": "\u202e", "bottom": "!", "top": "?"},
        {"map": "words", "left": "night"},
        {"selected": "A" * 43 * 3, "groups": "16"},
        {"within": "g99.99"},
        {"q": " + ".join(["boat"] * 30)},
    ],
)
def test_no_address_of_the_explorer_is_an_error(visit: Visit, address: dict[str, str]) -> None:
    assert not visit().open("explorer", **address).exception


def test_a_selection_of_pictures_that_are_gone_says_so(visit: Visit) -> None:
    visitor = visit()
    (there,) = visitor.workspace.some_pictures(1)
    visitor.open("explorer", selected=print_ids([there, "0" * 64, "1" * 64]))
    assert "2 of them are not in the collection (any more)." in visitor.said
    assert [one["id"] for one in visitor.hung] == [there]


def test_a_map_of_very_many_pictures_holds_some_of_them_and_says_so(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("core.explore.arranger", "core.explore.maps", "ui.explorer_map.arrangements"):
        monkeypatch.setattr(f"{module}.MOST_POINTS", 10)
    visitor = visit()
    for kind in ("likeness", "plane", "words"):
        visitor.open("explorer", map=kind)
        assert "10 of 14 pictures, evenly chosen" in visitor.said


@pytest.mark.parametrize("within", ["g0.77", "g2.", "A" * 43, "selection", "?", "%", "g-1.0"])
@pytest.mark.parametrize("page", ["text_search", "image_search"])
def test_a_search_within_what_is_not_there_says_so_and_searches_everywhere(
    visit: Visit, page: str, within: str
) -> None:
    visitor = visit()
    test = visitor.open(page, within=within)
    assert not test.exception
    assert "are not known here" in visitor.said
    assert len(visitor.hung) == 14


def test_a_search_within_two_pictures_finds_no_other(visit: Visit) -> None:
    visitor = visit()
    chosen = visitor.workspace.some_pictures(2)
    visitor.open(within=print_ids(chosen), q="red")
    assert "Within **the chosen pictures** · 2 pictures" in visitor.said
    assert {one["id"] for one in visitor.hung} == set(chosen)


def test_a_number_of_groups_that_is_asked_for_is_found(visit: Visit) -> None:
    told = map_told(visit().open("explorer", groups="2"))
    assert len(told["regions"]) == 2


def test_axes_of_words_that_cost_a_call_are_priced_first(
    visit: Visit, with_key: dict[str, str], emulator: Emulator
) -> None:
    visitor = visit(**with_key)
    test = visitor.open("explorer", map="words", left="a", right="b", bottom="c", top="a")
    calls = len(emulator.calls)
    button = next(b for b in test.button if b.label == "Arrange · 3 calls")
    test = button.click().run()
    assert len(emulator.calls) == calls + 3
    assert map_told(test)["axes"] == ["a", "b", "c", "a"]
    visitor.test.run()
    assert len(emulator.calls) == calls + 3


def test_a_visitor_is_not_offered_to_name_the_groups_for_money(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(**with_key)
    labels = [b.label for b in visitor.open("explorer", groups="2").button]
    assert [label for label in labels if label.startswith("Name the groups · ")]
    visitor = visit(READ_ONLY="1", paint_pictures=False, **with_key)
    labels = [b.label for b in visitor.open("explorer", groups="2").button]
    assert not [label for label in labels if label.startswith("Name the groups")]


# --- Indexing ------------------------------------------------------------------------------------


def test_kinds_that_are_not_read_are_counted_in_a_sentence(visit: Visit, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        (images / f"{number}.jxl").write_bytes(b"\xff\x0a" + bytes(99))
    (images / "raw.CR2").write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(99))
    visitor = visit()
    visitor.open("indexing")
    assert "4 files are of kinds that are not read: CR2 1, JPEG XL 3." in visitor.said


def test_nothing_is_said_where_every_file_is_indexed(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / ".gitkeep").touch()
    (tmp_path / "images" / "notes.txt").write_text("no picture, and no news")
    visitor = visit()
    test = visitor.open("indexing")
    assert not [one.label for one in test.expander if "not indexed" in one.label]
    assert "not read" not in visitor.said


def test_the_list_of_what_is_not_indexed_holds_one_page_of_it(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(250):
        (tmp_path / "images" / f"{number:03}.jpg").write_bytes(b"no picture")
    visitor = visit()
    test = visitor.open("indexing")
    assert "250 files cannot be read." in visitor.said
    assert len(test.dataframe[0].value) == 100


def test_a_list_of_names_without_a_fault_stays_closed_and_unread(
    visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "notes.txt").write_text("no picture")
    (tmp_path / "images" / "__MACOSX").mkdir()
    visitor = visit()
    test = visitor.open("indexing")
    assert "is left out" in visitor.said
    assert [list(table.value.columns) for table in test.dataframe if "reason" in table.value] == []


def test_a_free_embedder_indexes_without_a_click(visit: Visit) -> None:
    visitor = visit()
    visitor.open()
    assert "Indexed 14 of 14" in visitor.said


def test_clear_caches_during_a_run_shows_that_run_and_starts_no_other(
    visit: Visit, with_key: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    fill(tmp_path / "images", 40)
    emulator.latency = 1.0
    visitor = visit(paint_pictures=False, indexed=False, **with_key)
    visitor.workspace.start_indexing()
    wait_for(lambda: visitor.workspace.indexer.progress().state == "indexing")
    st.cache_resource.clear()
    test = visitor.open("indexing")
    assert not test.exception
    start = next(button for button in test.button if button.label == "Start indexing")
    assert start.disabled
    emulator.latency = 0.0
    visitor.workspace.indexer.join(SECONDS)
    test.run()
    assert "Indexed 40 of 40" in visitor.said
    assert calls_for(emulator, "image") == 40
    resources._workspace().close()


# --- A second model ------------------------------------------------------------------------------


def with_second(visitor: Page) -> None:
    """Azure stands beside the built-in model, and knows every picture."""
    visitor.workspace.models.add_second("azure")
    second = visitor.workspace.models.second()
    assert second is not None and second.start_indexing()
    second.indexer.join(SECONDS)


@pytest.mark.parametrize("page", ["text_search", "image_search"])
def test_one_query_is_answered_by_both_models_side_by_side(
    visit: Visit, with_key: dict[str, str], page: str
) -> None:
    visitor = visit(EMBEDDER="builtin", **with_key)
    with_second(visitor)
    assert not visitor.open(page, q="red", side="1").exception
    assert "## Built-in model" in visitor.said
    assert "## Azure AI Vision" in visitor.said
    assert "of the first 10" in visitor.said
    assert len(visitor.captions) == 2 * 14


def test_side_by_side_goes_on_to_the_next_page_of_both_models(
    visit: Visit, with_key: dict[str, str], tmp_path: Path
) -> None:
    fill(tmp_path / "images", 16)
    visitor = visit(EMBEDDER="builtin", **with_key)
    with_second(visitor)
    test = visitor.open(q="red", side="1")
    first = visitor.captions
    assert len(first) == 2 * PER_PAGE
    (pages,) = test.pagination
    assert not pages.set_value(2).run().exception
    assert len(visitor.captions) == 2 * (30 - PER_PAGE)
    assert not set(visitor.captions) & set(first)


def test_a_switch_in_another_process_is_followed_by_the_next_page(
    visit: Visit, with_key: dict[str, str], tmp_path: Path
) -> None:
    visitor = visit(EMBEDDER="builtin", **with_key)
    with_second(visitor)
    settings = load_settings({"EMBEDDER": "builtin", **with_key}, root=tmp_path)
    other = Workspace(settings, tmp_path, scan_at_start=False)
    other.models.switch_over()
    other.close()
    assert not visitor.open(q="red").exception
    assert "Azure AI Vision answers · Indexed 14 of 14" in visitor.said
    resources._workspace().close()


def test_a_vote_is_kept_for_the_query_and_can_be_changed(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(EMBEDDER="builtin", **with_key)
    with_second(visitor)
    test = visitor.open(q="red", side="1")
    test.button(key="vote-True").click().run()
    assert test.button(key="vote-True").label == "Better · 1"
    test.button(key="vote-False").click().run()
    assert test.button(key="vote-True").label == "Better"
    (vote,) = visitor.workspace.models.votes()
    assert vote.query == "red" and vote.better == visitor.workspace.embedder.id


def test_a_visitor_of_a_read_only_showcase_sees_both_models_and_no_votes(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(EMBEDDER="builtin", READ_ONLY="1", **with_key)
    with_second(visitor)
    visitor.workspace.models.vote("what somebody else asked", for_second=True)
    test = visitor.open(q="red", side="1")
    assert "of the first 10" in visitor.said
    labels = [button.label for button in (*test.button, *test.get("download_button"))]
    assert not [label for label in labels if "Better" in label or "Votes" in label]


def test_an_address_that_asks_for_both_is_answered_by_the_one_that_is_there(visit: Visit) -> None:
    visitor = visit()
    assert not visitor.open(q="red", side="1").exception
    assert "of the first 10" not in visitor.said
    assert len(visitor.captions) == 14


def test_a_text_that_only_one_model_knows_is_answered_by_that_one(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(EMBEDDER="builtin", **with_key)
    with_second(visitor)
    assert not visitor.open(q="zxqv", side="1").exception
    assert "does not know “zxqv”" in visitor.said
    assert len(visitor.captions) == 14


@pytest.mark.skipif(find_spec("fastembed") is None, reason="needs requirements-clip.txt")
@pytest.mark.parametrize("page", PAGES)
def test_a_second_model_that_is_gone_costs_no_page_its_answer(
    visit: Visit, tmp_path: Path, page: str
) -> None:
    visitor = visit(CLIP_MODEL_DIR=str(tmp_path / "gone"))
    visitor.workspace.models.add_second("clip")
    assert not visitor.open(page, q="red", side="1").exception
    assert "Built-in model answers" in visitor.said
    if page in ("text_search", "image_search"):
        assert "The second model does not answer." in visitor.said
        assert len(visitor.captions) == 14
