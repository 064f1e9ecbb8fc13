"""The explorer's view "Compare", run without a browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from core.explore import Metric, metric_matrix
from core.index.sqlite import SqliteIndex
from core.workspace import Workspace
from tests.app import test_pages
from tests.app.test_pages import Page, Visit
from ui.heat_map import UNKNOWN, matrix_csv, nearness
from ui.table_items import Item

visit, with_key = test_pages.visit, test_pages.with_key

NOT_THERE = "is not on the table (any more)"
MARKUP = "**<img src=x>** [a](https://example.com) :red[b] $x$"


def compare(visitor: Page, pictures: list[str], *texts: str, **address: str) -> AppTest:
    """Open the view with these picture ids and texts on the table."""
    visitor.test.session_state["table-pictures"] = pictures
    visitor.test.session_state["table-texts"] = list(texts)
    return visitor.open("explorer", **address)


def some(workspace: Workspace, count: int = 3) -> list[str]:
    return workspace.some_pictures(count)


def pair_of(one: str, other: str) -> str:
    return f"{one},{other}"


def forget_lengths(workspace: Workspace) -> None:
    """As an index of before lengths were kept."""
    assert isinstance(workspace._index, SqliteIndex)
    with workspace._index.writing() as db:
        db.execute("UPDATE vectors SET length = NULL")


def numbers(test: AppTest) -> dict[str, str]:
    """The arithmetic of the pair, by what each line is called."""
    return {str(name): str(value) for name, value in test.table[0].value.iloc[:, 0].items()}


def box(test: AppTest, name: str) -> Selectbox[int]:
    """The select box of vector a or b."""
    return next(one for one in test.selectbox if one.label == f"Vector {name}")


def test_a_pair_is_shown_with_the_lengths_that_the_service_gave(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(**with_key)
    ids = some(visitor.workspace)
    test = compare(visitor, ids, pair=pair_of(ids[0], ids[2]))
    known = visitor.workspace.lengths(ids)
    assert all(59 < length < 70 for length in known.values())
    assert numbers(test)["Lengths, ‖a‖ and ‖b‖"] == f"{known[ids[0]]:.4f} and {known[ids[2]]:.4f}"


@pytest.mark.parametrize("metric", Metric)
def test_the_number_of_a_pair_is_that_of_the_metric_in_the_address(
    visit: Visit, with_key: dict[str, str], metric: Metric
) -> None:
    visitor = visit(**with_key)
    ids = some(visitor.workspace, 2)
    test = compare(visitor, ids, metric=metric, pair=pair_of(*ids))
    vectors = np.stack([v for _, v in visitor.workspace.with_vectors(ids)])
    lengths = visitor.workspace.lengths(ids)
    wanted = metric_matrix(metric, vectors, [lengths[i] for i in ids])[0, 1]
    assert test.metric[0].value == f"{wanted:,.4f}"


def test_a_distance_says_that_smaller_is_nearer(visit: Visit) -> None:
    visitor = visit()
    compare(visitor, some(visitor.workspace), metric="euclidean")
    assert "smaller is nearer" in visitor.said


def test_a_model_that_scales_its_vectors_says_so(visit: Visit) -> None:
    visitor = visit()
    compare(visitor, some(visitor.workspace), metric="inner")
    assert "all of them the length 1" in visitor.said


@pytest.mark.parametrize("metric", ["inner", "euclidean"])
def test_vectors_without_a_length_are_named_in_a_sentence(
    visit: Visit, with_key: dict[str, str], metric: str
) -> None:
    visitor = visit(**with_key)
    ids = some(visitor.workspace)
    forget_lengths(visitor.workspace)
    test = compare(visitor, ids, "red", metric=metric, pair=pair_of(ids[0], ids[1]))
    assert not test.exception
    assert "3 vectors on the table were indexed or asked for before lengths" in visitor.said
    assert test.metric[0].value == "not known"


def test_the_cosine_does_not_miss_the_lengths(visit: Visit, with_key: dict[str, str]) -> None:
    visitor = visit(**with_key)
    ids = some(visitor.workspace)
    forget_lengths(visitor.workspace)
    test = compare(visitor, ids, pair=pair_of(ids[0], ids[1]))
    assert "before lengths were kept" not in visitor.said
    assert test.metric[0].value == numbers(test)["Cosine, a · b / (‖a‖ ‖b‖)"].split(" = ")[1]


def test_a_built_in_vector_from_before_lengths_were_kept_has_the_length_1(visit: Visit) -> None:
    visitor = visit()
    forget_lengths(visitor.workspace)
    ids = some(visitor.workspace)
    assert visitor.workspace.lengths(ids) == dict.fromkeys(ids, 1.0)


def test_two_files_that_look_the_same_to_the_model_are_nothing_apart(
    visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.bmp"):
        Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "images" / name)
    visitor = visit(paint_pictures=False)
    ids = some(visitor.workspace)
    test = compare(visitor, ids, metric="euclidean", pair=pair_of(*ids))
    assert test.metric[0].value == "0.0000"
    assert numbers(test)["Cosine, a · b / (‖a‖ ‖b‖)"].endswith(" = 1.0000")


def test_a_thing_and_itself_are_called_the_same_thing(visit: Visit) -> None:
    visitor = visit()
    ids = some(visitor.workspace)
    test = compare(visitor, ids, pair=pair_of(ids[1], ids[1]))
    assert test.metric[0].value == "1.0000"
    assert "The same thing twice" in visitor.said


def test_one_thing_alone_asks_for_a_second_one(visit: Visit) -> None:
    visitor = visit()
    ids = some(visitor.workspace, 1)
    test = compare(visitor, ids, metric="inner", order="likeness", pair=pair_of(*ids, *ids))
    assert not test.exception
    assert "Choose at least two" in visitor.said


@pytest.mark.parametrize("pair", ["0" * 64 + "," + "1" * 64, ",", "../x", MARKUP, "a" * 9000])
def test_a_pair_that_is_not_there_is_no_error(visit: Visit, pair: str) -> None:
    visitor = visit()
    test = compare(visitor, some(visitor.workspace), pair=pair)
    assert not test.exception
    assert NOT_THERE in visitor.said


def test_a_pair_is_found_by_its_address_in_a_session_that_has_no_table(
    visit: Visit, with_key: dict[str, str]
) -> None:
    visitor = visit(**with_key)
    (picture,) = some(visitor.workspace, 1)
    text = Item("red, and 50 % grey", np.zeros(1, np.float32))
    test = visitor.open("explorer", pair=f"{picture},{text.name}")
    assert numbers(test)["Lengths, ‖a‖ and ‖b‖"].endswith(" and 1.0000")
    assert test.multiselect(key="chosen-texts").value == [text.label]


@pytest.mark.parametrize(
    "pair", ["0" * 64 + "," + "1" * 64, ",", "text:", MARKUP, "text:%ff%00,text:" + "a" * 9000]
)
def test_in_a_session_without_a_table_a_pair_that_is_nowhere_is_no_error(
    visit: Visit, pair: str
) -> None:
    visitor = visit()
    assert not visitor.open("explorer", pair=pair).exception
    assert NOT_THERE in visitor.said and "Choose at least two" in visitor.said


def test_a_table_that_was_cleared_stays_empty(visit: Visit) -> None:
    visitor = visit()
    ids = some(visitor.workspace, 2)
    test = visitor.open("explorer", pair=pair_of(*ids))
    assert test.metric
    test.multiselect(key="chosen-pictures").set_value([]).run()
    test.run()
    assert test.multiselect(key="chosen-pictures").value == []


@pytest.mark.parametrize("address", [{"metric": MARKUP}, {"order": "a" * 9000}])
def test_a_metric_or_an_order_that_is_none_is_the_usual_one(
    visit: Visit, address: dict[str, str]
) -> None:
    visitor = visit()
    assert not compare(visitor, some(visitor.workspace), **address).exception
    assert "The cosine of the angle" in visitor.said


def test_by_likeness_what_is_alike_lies_side_by_side(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    chosen = ["red 1.png", "blue 1.png", "red 2.png", "blue 2.png"]
    for side, name in enumerate(chosen, 60):
        colour = (200, 30, 30) if "red" in name else (30, 30, 200)
        Image.new("RGB", (side, side), colour).save(tmp_path / "images" / name)
    visitor = visit(paint_pictures=False)
    ids = {path.split("/")[-1]: i for i, path in visitor.workspace.named_pictures(9)}
    test = compare(visitor, [ids[name] for name in chosen])
    assert box(test, "a").options == chosen
    test.query_params["order"] = "likeness"
    test.run()
    colours = [name.split()[0] for name in box(test, "a").options]
    assert colours in (["red", "red", "blue", "blue"], ["blue", "blue", "red", "red"])


def test_a_pair_is_gone_with_its_picture_and_back_with_it(visit: Visit) -> None:
    visitor = visit()
    ids = some(visitor.workspace)
    test = compare(visitor, ids, pair=pair_of(ids[0], ids[2]))
    assert NOT_THERE not in visitor.said
    test.multiselect(key="chosen-pictures").set_value(ids[:2]).run()
    assert not test.exception
    assert NOT_THERE in visitor.said and not test.metric
    test.multiselect(key="chosen-pictures").set_value(ids).run()
    assert NOT_THERE not in visitor.said and test.metric


def test_a_picture_that_was_deleted_leaves_the_table(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    ids = some(visitor.workspace)
    test = compare(visitor, ids, pair=pair_of(ids[0], ids[2]))
    gone = visitor.workspace.picture(ids[2])
    assert gone is not None
    (tmp_path / gone.paths[0]).unlink()
    visitor.workspace.rescan()
    visitor.workspace.indexer.join(test_pages.SECONDS)
    test.run()
    assert not test.exception
    assert NOT_THERE in visitor.said


def test_the_select_boxes_choose_a_pair(visit: Visit) -> None:
    visitor = visit()
    ids = some(visitor.workspace)
    test = compare(visitor, ids)
    box(test, "a").set_value(0).run()
    assert not test.metric
    box(test, "b").set_value(2).run()
    assert pair_of(ids[0], ids[2]) in test.query_params["pair"]
    assert test.metric


def test_the_select_boxes_follow_the_address(visit: Visit) -> None:
    visitor = visit()
    ids = some(visitor.workspace)
    test = compare(visitor, ids, pair=pair_of(ids[0], ids[2]))
    test.query_params["pair"] = pair_of(ids[1], ids[0])
    test.run()
    assert [box(test, name).value for name in "ab"] == [1, 0]


def test_texts_that_differ_in_spaces_alone_are_one(visit: Visit) -> None:
    visitor = visit()
    test = compare(visitor, some(visitor.workspace, 1), "red")
    test.multiselect(key="chosen-texts").set_value(["red", " red "]).run()
    assert test.session_state["table-texts"] == ["red"]


def test_a_name_is_text_and_never_markdown(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    name = "**bold** [a](b) $x$.png"
    Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "images" / name)
    visitor = visit()
    (marked,) = (i for i, path in visitor.workspace.named_pictures(99) if "bold" in path)
    others = [i for i in some(visitor.workspace) if i != marked]
    test = compare(visitor, [marked, others[0]], pair=pair_of(marked, others[0]))
    assert name in [one.value for one in test.text]
    assert not any("bold" in str(one.value) for one in [*test.markdown, *test.caption])


def test_the_farthest_and_the_nearest_pair_have_the_two_ends_of_the_colours() -> None:
    distances = np.array([[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]])
    found = nearness(distances, Metric.EUCLIDEAN)
    assert found.tolist() == [[1, 1, 0], [1, 1, 0.5], [0, 0.5, 1]]
    assert nearness(1 - distances, Metric.COSINE).tolist() == found.tolist()


@pytest.mark.parametrize("metric", [Metric.COSINE, Metric.EUCLIDEAN])
def test_of_two_things_each_is_nearer_to_itself(metric: Metric) -> None:
    values = np.array([[1.0, 0.4], [0.4, 1.0]])
    found = nearness(1 - values if metric is Metric.EUCLIDEAN else values, metric)
    assert found.tolist() == [[1, 0], [0, 1]]


def test_a_pair_that_is_not_known_has_no_nearness() -> None:
    values = np.array([[0.0, 1.0, np.nan], [1.0, 0.0, np.nan], [np.nan, np.nan, 0.0]])
    found = nearness(values, Metric.EUCLIDEAN)
    assert (found == UNKNOWN).tolist() == np.isnan(values).tolist()


def test_a_value_that_is_not_known_is_an_empty_field_of_the_csv() -> None:
    items = [Item(name, np.zeros(2, np.float32)) for name in ("one", "=two")]
    written = matrix_csv(items, np.array([[1.0, np.nan], [np.nan, 0.5]]))
    assert list(csv.reader(io.StringIO(written))) == [
        ["name", "one", "'=two"],
        ["one", "1.000000000", ""],
        ["'=two", "", "0.500000000"],
    ]
