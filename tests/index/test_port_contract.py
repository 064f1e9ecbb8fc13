"""core.index.port: what every engine must do. An engine is added by its name in ENGINES."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.deadline import Deadline
from core.errors import Cancelled
from core.index import CallCount, Index, NearDuplicates, PaidCall, VectorSpace, open_index
from core.index.port import ArchivedPicture
from core.index.sqlite import SqliteIndex
from core.model import (
    EVERYTHING,
    Cause,
    Failure,
    FileRow,
    NotIndexed,
    Picture,
    Scope,
    Unreadable,
    Vote,
)
from core.settings import Settings
from core.vectors import unit
from tests.index.samples import DIMENSIONS, THUMBNAIL, a_picture, a_vector, an_id, fill, put


def sqlite(request: pytest.FixtureRequest, data_dir: Path) -> Index:
    return SqliteIndex(data_dir)


def postgres(request: pytest.FixtureRequest, data_dir: Path) -> Index:
    settings: Settings = request.getfixturevalue("postgres")
    return open_index(replace(settings, data_dir=data_dir))


def in_the_database(request: pytest.FixtureRequest, data_dir: Path) -> Index:
    settings: Settings = request.getfixturevalue("postgres")
    return open_index(replace(settings, data_dir=data_dir, postgres_search="database"))


ENGINES = {"sqlite": sqlite, "postgres": postgres, "in the database": in_the_database}


@pytest.fixture(params=list(ENGINES))
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    opened = ENGINES[request.param](request, tmp_path / "data")
    yield opened
    opened.close()


def space_of(index: Index, embedder_id: str = "e:1") -> VectorSpace:
    return index.vector_space(
        embedder_id, DIMENSIONS, is_running=lambda: False, dropped=lambda: None
    )


# -- files, pictures, vectors ----------------------------------------------------------------


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=names, note=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_and_note_come_back_as_they_were(index: Index, name: str, note: str) -> None:
    path = f"images/{name}"
    picture = Picture(an_id(1), "PNG", 20, 30, 40, "")
    index.add_files([FileRow(path, an_id(1), 40, 5)], [(picture, THUMBNAIL)])
    index.add_unreadable([Unreadable(path + "x", note)])
    assert index.files()[path] == FileRow(path, an_id(1), 40, 5)
    assert path in index.pictures([an_id(1)])[an_id(1)].paths
    assert index.unreadable()[path + "x"].reason == note
    index.forget_files([path, path + "x"])
    assert path not in index.files()


def test_a_vector_comes_back_to_the_bit(index: Index) -> None:
    put(index, 1)
    found = index.vector("e:1", an_id(1))
    assert found is not None
    assert found.tobytes() == a_vector(1).tobytes()


def test_vectors_of_two_embedders_never_meet(index: Index) -> None:
    put(index, 1)
    assert index.vector("e:2", an_id(1)) is None
    assert len(space_of(index, "e:2")) == 0
    assert [m.picture_id for m in index.missing("e:2", EVERYTHING)] == [an_id(1)]


def test_two_files_of_the_same_bytes_are_one_picture(index: Index) -> None:
    put(index, 1, "images/b.jpg")
    put(index, 1, "images/a.jpg")
    assert index.pictures([an_id(1)])[an_id(1)].paths == ("images/a.jpg", "images/b.jpg")
    assert index.counts("e:1", Scope()) == (1, 1)


def test_a_picture_without_files_leaves_the_results_but_keeps_its_vector(index: Index) -> None:
    put(index, 1)
    index.forget_files(["images/1.jpg"])
    assert index.orphans() == [an_id(1)]
    index.forget_pictures(index.orphans())
    assert len(space_of(index)) == 0
    assert index.thumbnail(an_id(1)) is None
    assert index.vector("e:1", an_id(1)) is not None


def test_a_picture_that_got_a_file_again_is_not_forgotten(index: Index) -> None:
    put(index, 1)
    index.forget_files(["images/1.jpg"])
    orphans = index.orphans()
    put(index, 1, "images/again.jpg", vector=False)
    index.forget_pictures(orphans)
    assert index.thumbnail(an_id(1)) == THUMBNAIL


def test_the_generation_grows_only_when_what_is_searchable_changes(index: Index) -> None:
    put(index, 1)
    before = index.generation("e:1")
    index.add_failures("e:1", [Failure(an_id(1), "images/1.jpg", "no")])
    index.add_unreadable([Unreadable("images/broken.jpg", "broken")])
    index.forget_files(["images/broken.jpg"])
    index.add_query_vector("e:1", "text", "red", a_vector(2))
    index.add_vectors("e:2", [(an_id(1), a_vector(3), False)])
    assert index.generation("e:1") == before
    index.forget_files(["images/1.jpg"])
    assert index.generation("e:1") > before


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope(), [1, 2, 3, 4, 5]),
        (Scope("own"), [2, 3, 4, 5]),
        (Scope("gallery"), [1]),
        (Scope(folder="images/a_%/"), [2]),
        (Scope(folder="images/"), [2, 3, 4]),
        (Scope(folder="uploads/"), [5]),
        (Scope(only=frozenset({an_id(1), an_id(4), an_id(77), "no id", "'"})), [1, 4]),
        (Scope("own", only=frozenset({an_id(1), an_id(4)})), [4]),
        (Scope(folder="images/abc/", only=frozenset({an_id(3), an_id(2)})), [3]),
        (Scope(only=frozenset()), []),
    ],
)
def test_a_scope_holds_what_it_names_of_its_collection_and_folder(
    index: Index, scope: Scope, found: list[int]
) -> None:
    put(index, 1, "gallery/one.jpg")
    put(index, 2, "images/a_%/two.jpg")
    put(index, 3, "images/abc/three.jpg")
    put(index, 4, "images/a_%0.jpg")
    put(index, 5, "uploads/five.jpg")
    assert index.page(scope, 0, 10) == sorted(an_id(n) for n in found)
    assert index.count(scope) == len(found)
    space = space_of(index)
    assert space.count(scope) == len(found)
    assert set(space.nearest(a_vector(9), 10, scope).ids) == {an_id(n) for n in found}
    assert set(space.sample(scope, 10).ids) == {an_id(n) for n in found}


def test_folders_count_what_lies_below_them(index: Index) -> None:
    put(index, 1, "images/a/b/one.jpg")
    put(index, 2, "images/a/two.jpg")
    expected = [("images/", 2), ("images/a/", 2), ("images/a/b/", 1)]
    assert index.folders() == expected
    put(index, 3, "uploads/three.jpg")
    assert index.folders() == [*expected, ("uploads/", 1)]


def test_a_refused_picture_is_not_asked_again_and_an_unanswered_one_is(index: Index) -> None:
    put(index, 1, vector=False)
    put(index, 2, vector=False)
    index.add_failures("e:1", [Failure(an_id(1), "images/1.jpg", "refused")])
    index.add_failures("e:1", [Failure(an_id(2), "images/2.jpg", "nobody there", again=True)])
    assert [m.picture_id for m in index.missing("e:1", Scope())] == [an_id(2)]
    assert [f.reason for f in index.failures("e:1")] == ["refused", "nobody there"]
    index.add_vectors("e:1", [(an_id(2), a_vector(2), False)])
    assert [f.reason for f in index.failures("e:1")] == ["refused"]
    index.clear_failures("e:1")
    assert [m.picture_id for m in index.missing("e:1", Scope())] == [an_id(1)]


def test_a_strangers_word_on_a_picture_is_replaced_by_what_was_seen_here(index: Index) -> None:
    lie = Picture(an_id(1), "GIF", 9, 9, 9, "a lie", ("images/lie.gif",))
    index.import_pictures("e:1", [ArchivedPicture(lie, b"x", a_vector(9), False)], trusted=False)
    assert not index.is_vetted(an_id(1))
    put(index, 1, vector=False)
    assert index.pictures([an_id(1)])[an_id(1)].format == "JPEG"
    index.import_pictures("e:1", [ArchivedPicture(lie, b"x", a_vector(9), False)], trusted=False)
    assert index.thumbnail(an_id(1)) == THUMBNAIL


# -- calls -----------------------------------------------------------------------------------

MONDAY, TUESDAY = "2026-11-23", "2026-11-24"


def answered(index: Index, day: str = MONDAY, embedder_id: str = "e:1") -> int:
    return sum(count.answered for count in index.calls(embedder_id, day, day))


def test_calls_are_counted_by_day_kind_and_outcome(index: Index) -> None:
    for _ in range(3):
        assert index.reserve_call("e:1", PaidCall("image", MONDAY)) == ""
    index.reserve_call("e:1", PaidCall("text", TUESDAY))
    text = PaidCall("text", MONDAY)
    index.count_calls(
        "e:1", {(text, "cached"): 5, (text, "capped"): 2, (PaidCall("image", MONDAY), "refused"): 1}
    )
    assert index.calls("e:1", MONDAY, TUESDAY) == [
        CallCount(MONDAY, "image", answered=3, refused=1),
        CallCount(MONDAY, "text", cached=5, capped=2),
        CallCount(TUESDAY, "text", answered=1),
    ]
    assert index.calls("e:1", TUESDAY, TUESDAY) == [CallCount(TUESDAY, "text", answered=1)]
    assert index.calls("e:2", MONDAY, TUESDAY) == []


def test_a_day_takes_as_many_calls_as_its_cap_whichever_embedder_makes_them(index: Index) -> None:
    calls = [("e:1", "image"), ("e:2", "text"), ("e:1", "text"), ("e:2", "link")]
    reached = [index.reserve_call(e, PaidCall(kind, MONDAY), most=3) for e, kind in calls]
    assert reached == ["", "", "", "day"]
    assert index.reserve_call("e:1", PaidCall("text", TUESDAY), most=3) == ""
    assert answered(index) + answered(index, embedder_id="e:2") == 3


def test_a_call_that_is_taken_back_makes_room_for_another(index: Index) -> None:
    call = PaidCall("text", MONDAY, "ada")
    assert index.reserve_call("e:1", call, most=1, visitor_most=1) == ""
    assert index.reserve_call("e:1", call, most=1) == "day"
    assert index.reserve_call("e:1", call, visitor_most=1) == "visitor"
    index.count_calls("e:1", {(call, "answered"): -1})
    assert index.reserve_call("e:1", call, most=1, visitor_most=1) == ""


def test_a_count_never_falls_below_zero(index: Index) -> None:
    index.count_calls("e:1", {(PaidCall("text", MONDAY, "ada"), "answered"): -2})
    assert answered(index) == 0


def test_the_cap_of_a_visitor_holds_for_that_one_and_that_day(index: Index) -> None:
    def reserve(visitor: str, day: str = MONDAY) -> str:
        return index.reserve_call("e:1", PaidCall("text", day, visitor), visitor_most=1)

    assert [reserve("ada"), reserve("ada"), reserve("bob")] == ["", "visitor", ""]
    assert reserve("ada", TUESDAY) == ""
    assert [reserve(""), reserve("")] == ["", ""]


def test_a_clock_that_goes_back_opens_no_day_a_second_time(index: Index) -> None:
    def reserve(day: str) -> str:
        return index.reserve_call("e:1", PaidCall("text", day, "ada"), most=2, visitor_most=2)

    assert [reserve(MONDAY), reserve(TUESDAY), reserve(TUESDAY)] == ["", "", ""]
    assert [reserve(MONDAY), reserve(MONDAY), reserve(TUESDAY)] == ["", "day", "day"]
    assert (answered(index), answered(index, TUESDAY)) == (2, 2)


def test_many_threads_never_exceed_a_cap_together(index: Index) -> None:
    reached: list[str] = []

    def work() -> None:
        for _ in range(10):
            reached.append(index.reserve_call("e:1", PaidCall("text", MONDAY), most=25))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (reached.count(""), reached.count("day")) == (25, 55)
    assert answered(index) == 25


def test_many_threads_may_write_at_once(index: Index) -> None:
    def work(start: int) -> None:
        for number in range(start, start + 20):
            put(index, number)

    threads = [threading.Thread(target=work, args=(n * 100,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert index.counts("e:1", Scope()) == (160, 160)


def test_a_small_fact_is_kept_and_replaced(index: Index) -> None:
    assert index.meta("gallery", "unset") == "unset"
    index.set_meta("gallery", "1")
    index.set_meta("gallery", "0")
    assert index.meta("gallery") == "0"


def test_files_below_a_prefix_are_sorted_and_none_of_its_neighbours(index: Index) -> None:
    for number, path in enumerate(["uploads/b.jpg", "uploads/a/c.jpg", "uploads0.jpg"]):
        put(index, number, path)
    assert index.files_below("uploads/") == ["uploads/a/c.jpg", "uploads/b.jpg"]


def test_pages_hold_every_picture_once_in_one_order(index: Index) -> None:
    fill(index, 25)
    pages = [index.page(EVERYTHING, first, 10) for first in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [i for page in pages for i in page] == sorted(an_id(n) for n in range(25))


def test_a_picture_with_two_files_is_counted_and_listed_once(index: Index) -> None:
    put(index, 1, "images/a.jpg")
    put(index, 1, "images/b.jpg")
    assert index.count(EVERYTHING) == 1
    assert index.page(EVERYTHING, 0, 10) == [an_id(1)]
    assert index.named("e:1", 10) == [(an_id(1), "images/a.jpg")]


def test_a_count_follows_what_is_added_and_forgotten(index: Index) -> None:
    put(index, 1)
    assert index.count(EVERYTHING) == 1
    put(index, 2)
    assert index.count(EVERYTHING) == 2
    index.forget_files(["images/1.jpg"])
    assert index.count(EVERYTHING) == 1


def test_named_pictures_have_a_vector_and_come_by_path(index: Index) -> None:
    put(index, 1, "images/c.jpg")
    put(index, 2, "images/a.jpg")
    put(index, 3, "images/b.jpg", vector=False)
    assert index.named("e:1", 10) == [(an_id(2), "images/a.jpg"), (an_id(1), "images/c.jpg")]
    assert index.named("e:1", 1) == [(an_id(2), "images/a.jpg")]


def test_a_plan_counts_calls_copies_refusals_and_unreadable_files(index: Index) -> None:
    put(index, 1, vector=False)
    put(index, 2, vector=False)
    put(index, 2, "images/copy.jpg", vector=False)
    put(index, 3, vector=False)
    index.add_failures("e:1", [Failure(an_id(3), "images/3.jpg", "refused")])
    index.add_unreadable([Unreadable("images/broken.jpg", "broken")])
    plan = index.plan("e:1", EVERYTHING)
    assert (plan.calls, plan.duplicates, plan.skipped, plan.failed) == (2, 1, 1, 1)


def test_a_vector_is_kept_at_unit_length_with_the_length_that_it_had(index: Index) -> None:
    index.add_vectors("e:1", [(an_id(n), a_vector(n) * np.float32(60 + n), False) for n in (1, 2)])
    lengths = index.lengths("e:1", [an_id(2), an_id(3), an_id(1)])
    assert lengths == {an_id(1): pytest.approx(61), an_id(2): pytest.approx(62)}
    np.testing.assert_allclose(index.vector("e:1", an_id(1)), a_vector(1), atol=1e-6)


def test_the_lengths_of_two_embedders_are_two(index: Index) -> None:
    index.add_vectors("e:1", [(an_id(1), a_vector(1) * np.float32(60), False)])
    assert index.lengths("e:2", [an_id(1)]) == {}


def test_a_unit_vector_is_kept_number_by_number(index: Index) -> None:
    put(index, 1)
    np.testing.assert_array_equal(index.vector("e:1", an_id(1)), a_vector(1))
    assert index.lengths("e:1", [an_id(1)]) == {an_id(1): 1.0}


def test_an_answer_to_a_query_is_kept_with_its_length(index: Index) -> None:
    index.add_query_vector("e:1", "text", "red", a_vector(2) * np.float32(7))
    kept = index.query_vector("e:1", "text", "red")
    assert kept is not None and kept.length == pytest.approx(7)
    np.testing.assert_allclose(kept.vector, a_vector(2), atol=1e-6)
    assert index.query_vector("e:1", "text", "blue") is None


def test_a_vector_without_a_direction_is_not_taken(index: Index) -> None:
    for numbers in (np.zeros(4, np.float32), np.full(4, np.nan, np.float32)):
        with pytest.raises(ValueError, match="without a direction"):
            index.add_vectors("e:1", [(an_id(1), numbers, False)])
    assert index.dimensions("e:1") is None


def test_a_plan_follows_what_is_refused_and_what_becomes_readable(index: Index) -> None:
    put(index, 1, vector=False)
    assert index.plan("e:1", EVERYTHING).calls == 1
    index.add_failures("e:1", [Failure(an_id(1), "images/1.jpg", "refused")])
    index.add_unreadable([Unreadable("images/broken.jpg", "broken")])
    plan = index.plan("e:1", EVERYTHING)
    assert (plan.calls, plan.skipped, plan.failed) == (0, 1, 1)
    index.clear_failures("e:1")
    index.forget_files(["images/broken.jpg"])
    plan = index.plan("e:1", EVERYTHING)
    assert (plan.calls, plan.skipped, plan.failed) == (1, 0, 0)
    index.add_vectors("e:1", [(an_id(1), a_vector(1), False)])
    assert index.plan("e:1", EVERYTHING).calls == 0


def test_a_scope_that_held_everything_follows_a_file_outside_it(index: Index) -> None:
    put(index, 1)
    own, space = Scope("own"), space_of(index)
    assert (index.count(own), space.count(own), index.counts("e:1", own)) == (1, 1, (1, 1))
    put(index, 2, "gallery/2.jpg")
    assert (index.count(own), space.count(own), index.counts("e:1", own)) == (1, 1, (1, 1))
    assert index.page(own, 0, 10) == [an_id(1)]
    assert space.nearest(a_vector(2), 10, own).ids == (an_id(1),)


def many_causes(index: Index) -> None:
    put(index, 3, vector=False)
    index.add_failures("e:1", [Failure(an_id(3), "images/refused.jpg", "Too bright.")])
    index.add_failures("e:2", [Failure(an_id(3), "images/refused.jpg", "Too dark.")])
    index.add_unreadable(
        [
            Unreadable("images/a.jxl", "Not read.", 1, 2, Cause.KIND, "JPEG XL", 1),
            Unreadable("images/z.jxl", "Not read.", 1, 2, Cause.KIND, "JPEG XL", 1),
            Unreadable("images/100%_[x].jpg", "Damaged.", 1, 2, reader=1),
            Unreadable("images/notes.txt", "No picture.", 1, 2, Cause.OTHER),
        ]
    )


def test_what_is_not_indexed_comes_back_with_all_that_was_said_of_it(index: Index) -> None:
    entry = Unreadable("images/a.jxl", "Not read.", 1, 2, Cause.KIND, "JPEG XL", 7)
    index.add_unreadable([entry])
    assert index.unreadable() == {"images/a.jxl": entry}


def test_what_is_not_indexed_is_counted_by_cause_and_kind(index: Index) -> None:
    many_causes(index)
    counts = {(Cause.KIND, "JPEG XL"): 2, (Cause.OTHER, ""): 1, (Cause.REFUSED, ""): 1}
    assert index.not_indexed_counts("e:1") == {**counts, (Cause.EMBEDDER, ""): 1}
    assert index.not_indexed_counts("e:3") == counts


CHANGES: dict[str, tuple[Callable[[Index], None], Cause]] = {
    "another unreadable file": (
        lambda index: index.add_unreadable([Unreadable("images/b.jpg", "")]),
        Cause.REFUSED,
    ),
    "a deleted file": (lambda index: index.forget_files(["images/a.jxl"]), Cause.KIND),
    "a mended file": (lambda index: put(index, 9, "images/a.jxl"), Cause.KIND),
    "a failure": (
        lambda index: index.add_failures("e:1", [Failure(an_id(8), "images/8.jpg", "")]),
        Cause.EMBEDDER,
    ),
    "a vector after a failure": (
        lambda index: index.add_vectors("e:1", [(an_id(3), a_vector(3), False)]),
        Cause.EMBEDDER,
    ),
    "cleared failures": (lambda index: index.clear_failures("e:1"), Cause.EMBEDDER),
}


@pytest.mark.parametrize(("change", "cause"), CHANGES.values(), ids=CHANGES.keys())
def test_the_count_of_what_is_not_indexed_follows_every_change(
    index: Index, change: Callable[[Index], None], cause: Cause
) -> None:
    many_causes(index)

    def number() -> int:
        counts = index.not_indexed_counts("e:1")
        return sum(counts[key] for key in counts if key[0] is cause)

    before = number()
    change(index)
    assert number() != before
    assert number() == index.not_indexed("e:1", [cause])[0]


def test_what_is_not_indexed_is_listed_by_path_and_page(index: Index) -> None:
    many_causes(index)
    total, rows = index.not_indexed("e:1", list(Cause), first=1, count=3)
    assert total == 5
    assert [row.path for row in rows] == ["images/a.jxl", "images/notes.txt", "images/refused.jpg"]
    assert rows[2] == NotIndexed("images/refused.jpg", "Too bright.", Cause.EMBEDDER)


@pytest.mark.parametrize(
    ("text", "found"),
    [("%_[", 1), ("JXL", 2), ("too BRIGHT", 1), ("too dark", 0), ("", 5), ("images/", 5)],
)
def test_the_list_of_what_is_not_indexed_is_searched(index: Index, text: str, found: int) -> None:
    many_causes(index)
    total, rows = index.not_indexed("e:1", list(Cause), text)
    assert total == len(rows) == found


def test_only_the_chosen_causes_are_listed(index: Index) -> None:
    many_causes(index)
    assert index.not_indexed("e:1", [Cause.OTHER, Cause.EMBEDDER])[0] == 2
    assert index.not_indexed("e:1", []) == (0, [])


def test_files_to_be_read_again_are_kept_without_their_time(index: Index) -> None:
    put(index, 1, "images/1.jpg")
    many_causes(index)
    index.read_again(only_refused=True)
    assert index.unreadable()["images/a.jxl"].mtime_ns is None
    assert index.files()["images/1.jpg"].mtime_ns is not None
    index.read_again(only_refused=False)
    assert index.files()["images/1.jpg"].mtime_ns is None
    assert index.files()["images/1.jpg"].size is not None


def test_an_imported_file_is_not_to_be_read_again(index: Index) -> None:
    picture = Picture(an_id(1), "PNG", 20, 30, 40, "", ("images/1.jpg",))
    index.import_pictures(
        "e:1", [ArchivedPicture(picture, THUMBNAIL, a_vector(1), False)], trusted=True
    )
    before = index.files()
    index.read_again(only_refused=False)
    assert index.files() == before


def test_a_file_that_was_only_read_again_changes_nothing_for_a_search(index: Index) -> None:
    put(index, 1, "images/1.jpg")
    before = index.generation("e:1")
    row = index.files()["images/1.jpg"]
    index.add_files([FileRow(row.path, row.picture_id, row.size, 99)])
    assert index.generation("e:1") == before
    index.add_files([FileRow(row.path, an_id(2), row.size, 99)])
    assert index.generation("e:1") > before


# -- the vectors of one embedder -------------------------------------------------------------


def test_the_nearest_are_those_of_a_plain_product(index: Index) -> None:
    fill(index, 60)
    rows = np.stack([a_vector(n) for n in range(60)])
    query = a_vector(1000)
    found = space_of(index).nearest(query, 10, EVERYTHING)
    best = np.argsort(-(rows @ query))[:10]
    assert found.ids == tuple(an_id(n) for n in best)
    assert found.cosines == pytest.approx((rows @ query)[best].tolist(), abs=1e-6)
    assert found.exact


def test_more_than_there_are_gives_all_there_are(index: Index) -> None:
    fill(index, 3)
    assert len(space_of(index).nearest(a_vector(9), 10, EVERYTHING).ids) == 3
    assert space_of(index).nearest(a_vector(9), 0, EVERYTHING).ids == ()


def test_equal_cosines_come_in_the_order_of_their_ids(index: Index) -> None:
    for number in range(5):
        put(index, number, vector=False)
    index.add_vectors("e:1", [(an_id(n), a_vector(0), False) for n in range(5)])
    found = space_of(index).nearest(a_vector(0), 3, EVERYTHING)
    assert found.ids == tuple(sorted(an_id(n) for n in range(5))[:3])


def test_a_query_of_another_length_is_refused(index: Index) -> None:
    fill(index, 3)
    with pytest.raises(ValueError, match="dimensions"):
        space_of(index).nearest(unit(np.ones(3)), 1, EVERYTHING)


def test_vectors_come_in_the_order_asked_for_without_those_that_are_not_there(
    index: Index,
) -> None:
    fill(index, 3)
    ids, vectors = space_of(index).vectors([an_id(2), "f" * 64, an_id(0)])
    assert ids == [an_id(2), an_id(0)]
    np.testing.assert_array_equal(vectors, np.stack([a_vector(2), a_vector(0)]))
    assert space_of(index).vectors([])[1].shape == (0, DIMENSIONS)


@pytest.mark.parametrize("stranger", ["", "x", "../secret", "A" * 64, "\udc80", "é" * 64])
def test_what_is_no_picture_id_has_no_vector(index: Index, stranger: str) -> None:
    fill(index, 2)
    assert space_of(index).vectors([stranger, an_id(1)])[0] == [an_id(1)]
    assert space_of(index).having([stranger]) == set()


def test_a_sample_is_the_same_each_time_and_as_large_as_asked_for(index: Index) -> None:
    fill(index, 60)
    space = space_of(index)
    one, two = space.sample(EVERYTHING, 25), space.sample(EVERYTHING, 25)
    assert one.ids == two.ids == tuple(sorted(one.ids))
    assert len(set(one.ids)) == 25
    assert len(space.sample(EVERYTHING, 100).ids) == 60
    assert space.sample(EVERYTHING, 0).ids == ()
    np.testing.assert_array_equal(one.vectors, space.vectors(one.ids)[1])


def test_a_space_follows_what_is_added_and_forgotten(index: Index) -> None:
    put(index, 1)
    space = space_of(index)
    before = space.generation()
    assert len(space) == 1
    put(index, 2)
    assert (len(space), space.generation() > before) == (2, True)
    assert space.having([an_id(1), an_id(2), an_id(3)]) == {an_id(1), an_id(2)}
    index.forget_files(["images/1.jpg"])
    assert space.having([an_id(1), an_id(2)]) == {an_id(2)}


def test_a_scope_follows_a_file_that_is_moved(index: Index) -> None:
    put(index, 1, "images/a/1.jpg")
    space = space_of(index)
    assert space.nearest(a_vector(1), 1, Scope(folder="images/a/")).ids == (an_id(1),)
    put(index, 1, "images/b/1.jpg", vector=False)
    index.forget_files(["images/a/1.jpg"])
    assert space.nearest(a_vector(1), 1, Scope(folder="images/a/")).ids == ()
    assert space.nearest(a_vector(1), 1, Scope(folder="images/b/")).ids == (an_id(1),)


# -- taking an index along -------------------------------------------------------------------


def archived(number: int) -> ArchivedPicture:
    picture = a_picture(number)
    named = Picture(
        picture.id,
        picture.format,
        picture.width,
        picture.height,
        picture.bytes,
        picture.note,
        (f"images/{number}.jpg",),
    )
    return ArchivedPicture(named, THUMBNAIL, a_vector(number), number % 2 == 0, 60.5 + number)


def test_what_is_exported_is_in_scope_has_a_vector_and_says_what_was_altered(
    index: Index,
) -> None:
    index.import_pictures("e:1", [archived(n) for n in range(4)], trusted=True)
    put(index, 8, "gallery/8.jpg")
    put(index, 9, vector=False)
    with index.export("e:1", Scope("own")) as (altered, rows):
        vectors = dict(rows)
    assert altered == {an_id(n): n % 2 == 0 for n in range(4)}
    assert list(vectors) == sorted(an_id(n) for n in range(4))
    np.testing.assert_array_equal(vectors[an_id(2)].vector, a_vector(2))


def test_the_length_of_each_vector_travels_with_it(index: Index) -> None:
    put(index, 8)
    index.import_pictures("e:1", [archived(1)], trusted=True)
    index.import_pictures("e:1", [replace(archived(2), length=None)], trusted=True)
    with index.export("e:1", EVERYTHING) as (_, rows):
        lengths = {picture_id: vector.length for picture_id, vector in rows}
    assert lengths == {an_id(1): 61.5, an_id(2): None, an_id(8): 1.0}


def test_an_import_that_breaks_off_leaves_nothing(index: Index) -> None:
    def breaking() -> Iterator[ArchivedPicture]:
        yield archived(1)
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        index.import_pictures("e:1", breaking(), trusted=True)
    assert index.count(EVERYTHING) == 0
    assert index.vector("e:1", an_id(1)) is None


def test_an_import_never_replaces_a_vector_or_a_file_of_this_machine(index: Index) -> None:
    put(index, 1)
    index.add_vectors("e:1", [(an_id(1), a_vector(77), False)])
    index.import_pictures("e:1", [archived(1)], trusted=True)
    assert index.files()["images/1.jpg"].size == 1000
    np.testing.assert_array_equal(index.vector("e:1", an_id(1)), a_vector(77))


# -- near-duplicates -------------------------------------------------------------------------


def test_the_neighbours_of_each_picture_are_the_nearest_others(index: Index) -> None:
    fill(index, 30)
    space = space_of(index)
    found = space.neighbours(3, Deadline())
    assert found.ids == tuple(an_id(number) for number in range(30))
    assert found.generation == space.generation()
    for number, nearest in enumerate(found.nearest):
        itself, *others = space.nearest(a_vector(number), 4, EVERYTHING).ids
        assert itself == an_id(number)
        assert [found.ids[other] for other in nearest] == others


@pytest.mark.parametrize("count", [0, 1, 3])
def test_of_few_pictures_all_others_are_neighbours(index: Index, count: int) -> None:
    fill(index, count)
    found = space_of(index).neighbours(4, Deadline())
    assert found.nearest.shape == (count, max(0, count - 1))
    others = [sorted({*range(count)} - {number}) for number in range(count)]
    assert [sorted(row) for row in found.nearest.tolist()] == others


def test_the_comparison_of_all_pictures_can_be_cancelled(index: Index) -> None:
    fill(index, 3)
    deadline = Deadline()
    deadline.cancel.set()
    with pytest.raises(Cancelled):
        space_of(index).neighbours(4, deadline)


def test_a_picture_that_several_files_hold_is_named_once(index: Index) -> None:
    put(index, 2, "images/a.jpg")
    put(index, 2, "images/b.jpg")
    put(index, 2, "images/c.jpg")
    put(index, 1, "images/d.jpg")
    assert index.copies() == [an_id(2)]


def test_signatures_come_back_by_picture_and_the_last_one_counts(index: Index) -> None:
    index.add_signatures({an_id(1): b"one", an_id(2): b"two"})
    index.add_signatures({an_id(2): b"other"})
    found = index.signatures([an_id(2), an_id(3), an_id(1)])
    assert found == {an_id(1): b"one", an_id(2): b"other"}


def test_a_forgotten_picture_has_no_signature(index: Index) -> None:
    put(index, 1)
    index.add_signatures({an_id(1): b"one"})
    index.forget_files(["images/1.jpg"])
    index.forget_pictures(index.orphans())
    assert index.signatures([an_id(1)]) == {}


def test_near_duplicates_are_kept_for_each_embedder_with_their_generation(index: Index) -> None:
    assert index.near_duplicates("e:1") == NearDuplicates(-1, ())
    first = NearDuplicates(3, ((an_id(2), an_id(1)), (an_id(5), an_id(9), an_id(4))))
    index.set_near_duplicates("e:1", first)
    index.set_near_duplicates("e:2", NearDuplicates(7))
    assert index.near_duplicates("e:1") == first
    assert index.near_duplicates("e:2") == NearDuplicates(7)


def test_new_near_duplicates_take_the_place_of_those_before(index: Index) -> None:
    index.set_near_duplicates("e:1", NearDuplicates(3, ((an_id(1), an_id(2)),)))
    index.set_near_duplicates("e:1", NearDuplicates(4, ((an_id(2), an_id(3)),)))
    assert index.near_duplicates("e:1") == NearDuplicates(4, ((an_id(2), an_id(3)),))


def test_near_duplicates_change_nothing_that_is_searched(index: Index) -> None:
    fill(index, 2)
    before = index.generation("e:1")
    index.add_signatures({an_id(1): b"one"})
    index.set_near_duplicates("e:1", NearDuplicates(before, ((an_id(0), an_id(1)),)))
    assert index.generation("e:1") == before


# -- votes -----------------------------------------------------------------------------------


def test_the_votes_come_back_the_last_first(index: Index) -> None:
    early = Vote("a *red* boat; --'", "e:1", "e:2", 1.5)
    late = Vote("ä" * 5_000, "e:2", "e:1", 2.5)
    for vote in (early, late):
        index.add_vote(vote)
    assert index.votes() == [late, early]


def test_who_votes_again_on_a_query_and_two_models_changes_the_vote(index: Index) -> None:
    index.add_vote(Vote("red", "e:1", "e:2", 1.0))
    index.add_vote(Vote("red", "e:1", "e:3", 2.0))
    index.add_vote(Vote("red", "e:2", "e:1", 3.0))
    assert index.votes() == [Vote("red", "e:2", "e:1", 3.0), Vote("red", "e:1", "e:3", 2.0)]
