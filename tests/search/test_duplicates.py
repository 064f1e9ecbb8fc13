"""core.search.duplicates: what is there more than once in a scope, and the table of it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from core.index.sqlite.engine import SqliteIndex
from core.model import BUNDLED, EVERYTHING, OWN, Picture, Scope
from core.search import Duplicates, duplicates_csv, duplicates_within
from tests.index.samples import an_id, put

BOATS = Scope("own", "images/boats/")


def a_picture(number: int, *paths: str) -> Picture:
    return Picture(an_id(number), "JPEG", 640, 480, 1000 + number, "", paths)


def rows(found: Duplicates) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(duplicates_csv(found))))


def test_a_group_of_which_one_picture_lies_in_a_scope_is_none_there() -> None:
    group = [a_picture(1, "images/boats/a.jpg"), a_picture(2, "images/b.jpg")]
    assert duplicates_within(OWN, [group], []).alike == (tuple(group),)
    assert duplicates_within(BOATS, [group], []).alike == ()


def test_only_the_files_inside_the_scope_are_copies() -> None:
    copies = [
        a_picture(1, "images/boats/a.jpg", "images/a.jpg"),
        a_picture(2, "images/boats/b.jpg", "images/boats/c.jpg", "images/b.jpg"),
    ]
    (found,) = duplicates_within(BOATS, [], copies).copies
    assert found.paths == ("images/boats/b.jpg", "images/boats/c.jpg")


def test_the_largest_groups_come_first() -> None:
    pair = [a_picture(n, f"images/{n}.jpg") for n in (1, 2)]
    three = [a_picture(n, f"images/{n}.jpg") for n in (3, 4, 5)]
    found = duplicates_within(EVERYTHING, [pair, three], [])
    assert [len(group) for group in found.alike] == [3, 2]


def test_the_table_has_a_line_for_each_file_and_a_number_for_each_group() -> None:
    found = Duplicates(
        ((a_picture(1, "images/a.jpg"), a_picture(2, "images/boats/b.jpg")),),
        (a_picture(3, "images/c.jpg", "uploads/d.jpg"),),
    )
    assert [list(row.values()) for row in rows(found)] == [
        ["1", "look alike", "a.jpg", "images/", "640", "480", "1001", an_id(1)],
        ["1", "look alike", "b.jpg", "images/boats/", "640", "480", "1002", an_id(2)],
        ["2", "same bytes", "c.jpg", "images/", "640", "480", "1003", an_id(3)],
        ["2", "same bytes", "d.jpg", "uploads/", "640", "480", "1003", an_id(3)],
    ]
    assert duplicates_csv(found).startswith(
        "group,kind,name,folder,width,height,bytes,picture id\n"
    )


def test_a_name_that_begins_like_a_formula_is_written_as_text() -> None:
    found = Duplicates((), (a_picture(1, "images/=1+1.jpg", "images/b.jpg"),))
    assert rows(found)[0]["name"] == "'=1+1.jpg"


def test_without_duplicates_the_table_has_its_head_alone() -> None:
    assert rows(Duplicates((), ())) == []


@pytest.mark.parametrize("scope", [OWN, BUNDLED, EVERYTHING, BOATS, Scope("own", "uploads/")])
def test_a_scope_holds_the_files_that_the_index_finds_in_it(tmp_path: Path, scope: Scope) -> None:
    paths = ("gallery/a.jpg", "images/b.jpg", "images/boats/c.jpg", "images/boats0.jpg")
    paths += ("uploads/d.jpg", "gallery0.jpg")
    index = SqliteIndex(tmp_path / "index")
    ids = {put(index, number, path, vector=False): path for number, path in enumerate(paths)}
    found = {ids[one] for one in index.page(scope, 0, 10)}
    index.close()
    assert found == {path for path in paths if scope.holds(path)}
