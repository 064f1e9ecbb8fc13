"""core.search.ranking: a query of weighted parts -> a ranking with exact shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import QueryError
from core.index import Index, VectorSpace, open_index
from core.model import EVERYTHING, FileRow, Hit, Scope
from core.search import Listing, Part, Ranking, combine, search
from core.settings import Settings
from core.vectors import Vector, Vectors, unit
from tests.conftest import ColourEmbedder
from tests.index.samples import THUMBNAIL, a_picture, an_id

EMBEDDER = "e:1"


class Collection:
    """An index that holds one picture for each row, in the order of the rows."""

    def __init__(self, folder: Path, rows: Vectors) -> None:
        self.rows = rows
        self.ids = [an_id(number) for number in range(len(rows))]
        self.index: Index = open_index(Settings(data_dir=folder))
        numbers = range(len(rows))
        self.index.add_files(
            [FileRow(f"images/{n % 2}/{n:03}.jpg", an_id(n), 1000, n) for n in numbers],
            [(a_picture(n), THUMBNAIL) for n in numbers],
        )
        self.index.add_vectors(EMBEDDER, [(an_id(n), rows[n], False) for n in numbers])
        self.space: VectorSpace = self.index.vector_space(
            EMBEDDER, rows.shape[1], is_running=lambda: False, dropped=lambda: None
        )

    def search(
        self,
        parts: list[Part],
        longest: int = 1000,
        scope: Scope = EVERYTHING,
        leave_out: Sequence[str] = (),
    ) -> Ranking:
        return search(self.index, self.space, parts, scope, longest=longest, leave_out=leave_out)

    def names(self, hits: tuple[Hit, ...]) -> list[int]:
        return [self.ids.index(hit.picture_id) for hit in hits]


def random_rows(count: int, dimensions: int = 8, seed: int = 0) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((count, dimensions)))


def direction(seed: int, dimensions: int = 8) -> Vector:
    return unit(np.random.default_rng(1000 + seed).standard_normal(dimensions))


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    collection = Collection(tmp_path_factory.mktemp("fifty"), random_rows(50))
    yield collection
    collection.index.close()


def test_the_nearest_comes_first_with_its_cosine(fifty: Collection) -> None:
    hits = fifty.search([Part(fifty.rows[7])], 5).hits
    assert fifty.names(hits)[0] == 7
    assert hits[0].cosine == pytest.approx(1.0, abs=1e-6)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit.cosine for hit in hits] == sorted((hit.cosine for hit in hits), reverse=True)


def test_equal_cosines_are_ordered_by_picture_id(tmp_path: Path) -> None:
    row = direction(1)
    collection = Collection(tmp_path, np.stack([row] * 4))
    found = [hit.picture_id for hit in collection.search([Part(row)], 3).hits]
    assert found == sorted(collection.ids)[:3]


def test_red_is_near_red_and_away_from_it_is_far(tmp_path: Path) -> None:
    place = ColourEmbedder._place
    red, blue, brick = range(3)
    rows = np.stack([place((230, 20, 20)), place((20, 40, 230)), place((200, 30, 40))])
    collection = Collection(tmp_path, rows)
    asked = place((240, 10, 10))
    assert collection.names(collection.search([Part(asked)]).hits) == [red, brick, blue]
    assert collection.names(collection.search([Part(asked, -1.0)], 1).hits) == [blue]


def test_only_pictures_of_the_scope_are_found(fifty: Collection) -> None:
    hits = fifty.search([Part(direction(1))], 10, Scope(folder="images/1/")).hits
    assert {number % 2 for number in fifty.names(hits)} == {1}
    assert [hit.rank for hit in hits] == list(range(1, 11))


def test_the_query_itself_is_left_out_and_nothing_is_missing_for_it(fifty: Collection) -> None:
    ranking = fifty.search([Part(fifty.rows[7])], 5, leave_out=[fifty.ids[7]])
    assert 7 not in fifty.names(ranking.hits)
    assert [hit.rank for hit in ranking.hits] == [1, 2, 3, 4, 5]
    everything = fifty.search([Part(fifty.rows[7])], leave_out=[fifty.ids[7]])
    assert len(everything) == 49


@pytest.mark.parametrize(("longest", "cut"), [(49, True), (50, False), (51, False)])
def test_a_ranking_says_whether_it_was_cut(fifty: Collection, longest: int, cut: bool) -> None:
    assert fifty.search([Part(direction(1))], longest).cut is cut


def test_an_empty_collection_has_no_hits(tmp_path: Path, fifty: Collection) -> None:
    collection = Collection(tmp_path, random_rows(0))
    assert len(collection.search([Part(direction(1))])) == 0
    assert len(fifty.search([Part(direction(1))], scope=Scope(folder="images/none/"))) == 0


def test_one_part_alone_is_the_query_whatever_its_weight(fifty: Collection) -> None:
    vector = direction(1)
    plain = fifty.search([Part(vector)], 5)
    heavy = fifty.search([Part(vector, 7.0)], 5)
    assert heavy.hits == plain.hits
    assert combine([Part(vector)]) is vector


@settings(deadline=None)
@given(weights=st.lists(st.floats(-2, 2).filter(lambda w: abs(w) > 0.01), min_size=1, max_size=5))
def test_shares_add_up_to_a_true_cosine(fifty: Collection, weights: list[float]) -> None:
    parts = [Part(direction(n), weight) for n, weight in enumerate(weights)]
    query = combine(parts)
    assert np.linalg.norm(query) == pytest.approx(1.0, abs=1e-6)
    for hit in fifty.search(parts, 30).hits:
        true = float(np.dot(fifty.rows[fifty.ids.index(hit.picture_id)], query))
        assert hit.cosine == pytest.approx(true, abs=1e-6)
        assert sum(hit.shares) == pytest.approx(hit.cosine, abs=2e-6)
        assert len(hit.shares) == len(parts)


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0], [0.0, 0.0]])
def test_parts_that_leave_no_direction_are_refused_with_a_sentence(
    fifty: Collection, weights: list[float]
) -> None:
    vector = direction(1)
    with pytest.raises(QueryError, match="search for"):
        fifty.search([Part(vector, weight) for weight in weights], 5)


def test_a_page_of_a_ranking_names_its_pictures(fifty: Collection) -> None:
    ranking = fifty.search([Part(direction(1))])
    page = ranking.page(24, 24)
    assert [result.hit for result in page] == list(ranking.hits[24:48])
    assert [result.picture.id for result in page] == [h.picture_id for h in ranking.hits[24:48]]
    assert all(result.searchable for result in page)


def test_a_listing_shows_every_picture_once_and_which_can_be_found(tmp_path: Path) -> None:
    collection = Collection(tmp_path, random_rows(5))
    collection.index.add_files(
        [FileRow("images/0/waits.jpg", an_id(9), 1000, 9)], [(a_picture(9), THUMBNAIL)]
    )
    listing = Listing(EVERYTHING, collection.index, collection.space)
    assert len(listing) == 6
    pages = [*listing.page(0, 4), *listing.page(4, 4)]
    assert [result.picture.id for result in pages] == sorted([*collection.ids, an_id(9)])
    assert {r.picture.id: r.searchable for r in pages}[an_id(9)] is False
    assert sum(result.searchable for result in pages) == 5


def test_the_first_of_a_group_carries_the_others_and_all_keep_their_ranks(tmp_path: Path) -> None:
    collection = Collection(tmp_path, random_rows(6))
    ranking = collection.search([Part(direction(1))])
    a, b, c, d, e, f = ranking.hits
    groups = {b.picture_id: 0, d.picture_id: 0, f.picture_id: 0, c.picture_id: 1}
    collapsed = ranking.collapsed(groups)
    assert collapsed.hits == (a, replace(b, alike=(d, f)), c, e)
    assert [hit.rank for hit in collapsed.hits] == [1, 2, 3, 5]


def test_a_ranking_without_groups_stays_as_it_is(tmp_path: Path) -> None:
    ranking = Collection(tmp_path, random_rows(3)).search([Part(direction(1))])
    assert ranking.collapsed({}).hits == ranking.hits
