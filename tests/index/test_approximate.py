"""core.index.postgres: the approximate indexes of pgvector, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from core.errors import IndexUnavailable
from core.index import Index, VectorSpace, open_index
from core.model import EVERYTHING, FileRow, Scope
from core.settings import Settings
from core.tuning import Tuning
from core.vectors import unit
from tests.conftest import wait_for
from tests.index.samples import THUMBNAIL, a_picture, an_id
from tests.postgres_server import PostgresServer

DIMENSIONS = 16
COUNT = 600


def vectors() -> np.ndarray:
    return unit(np.random.default_rng(1).standard_normal((COUNT, DIMENSIONS)))


@pytest.fixture
def index(postgres: Settings) -> Iterator[Index]:
    opened = open_index(replace(postgres, postgres_search="database"))
    opened.add_files(
        [FileRow(f"images/{n % 20}/{n}.jpg", an_id(n), 1, 1) for n in range(COUNT)],
        [(a_picture(n), THUMBNAIL[:9]) for n in range(COUNT)],
    )
    opened.add_vectors("e:1", [(an_id(n), row, False) for n, row in enumerate(vectors())])
    yield opened
    opened.close()


@pytest.fixture
def space(index: Index) -> VectorSpace:
    return index.vector_space("e:1", DIMENSIONS, is_running=lambda: False, dropped=lambda: None)


def tuning_of(space: VectorSpace) -> Tuning:
    assert space.tuning is not None
    return space.tuning


def build(space: VectorSpace, kind: str) -> None:
    tuning = tuning_of(space)
    assert tuning.build(kind, tuning.suggested(kind))
    wait_for(lambda: tuning.state().building is None)
    assert kind in [each.kind for each in tuning.state().indexes]
    assert tuning.state().problem == ""


def plan_of(server: PostgresServer, schema: str, ordering: str) -> str:
    """How the database answers a search, with the cheap ways for small tables left out."""
    with server.connect() as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_sort = off")
        rows = connection.execute(
            f"EXPLAIN SELECT picture_id FROM {schema}.vectors WHERE embedder_id = 'e:1' "
            f"ORDER BY {ordering} LIMIT 5".encode()
        )
        return "\n".join(str(row[0]) for row in rows)


@pytest.mark.parametrize("kind", ["hnsw", "ivfflat"])
def test_an_index_is_built_searched_and_measured(space: VectorSpace, kind: str) -> None:
    build(space, kind)
    state = tuning_of(space).state()
    assert (state.search, state.rows) == (kind, COUNT)
    (built,) = state.indexes
    assert built.kind == kind
    assert built.bytes > 0 and built.seconds is not None
    assert built.recall is not None and 0.5 < built.recall <= 1
    found = space.nearest(vectors()[7], 5, EVERYTHING)
    assert not found.exact
    assert found.recall == built.recall
    assert found.ids[0] == an_id(7)


@pytest.mark.parametrize("kind", ["hnsw", "ivfflat"])
def test_each_kind_of_index_is_the_one_that_its_search_uses(
    space: VectorSpace, postgres: Settings, postgres_server: PostgresServer, kind: str
) -> None:
    from core.index.postgres.approximate import HNSW, expression

    build(space, "hnsw")
    build(space, "ivfflat")
    query = str(vectors()[0].tolist())
    cast = "halfvec" if kind == HNSW else "vector"
    ordering = f"{expression(kind, DIMENSIONS)} <#> '{query}'::{cast}"
    assert f"_{kind}" in plan_of(postgres_server, postgres.postgres_schema, ordering)


def test_the_cosines_of_an_approximate_search_are_the_true_ones(space: VectorSpace) -> None:
    build(space, "hnsw")
    query = vectors()[3]
    found = space.nearest(query, 10, EVERYTHING)
    cosines = {an_id(n): float(row @ query) for n, row in enumerate(vectors())}
    assert found.cosines == pytest.approx([cosines[i] for i in found.ids], abs=1e-6)
    assert list(found.cosines) == sorted(found.cosines, reverse=True)


def test_an_index_is_searched_as_widely_as_it_takes_to_find_enough(
    space: VectorSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.index.postgres import approximate

    monkeypatch.setattr(approximate, "EF_SEARCH", 2)
    build(space, "hnsw")
    (built,) = tuning_of(space).state().indexes
    narrow = tuning_of(space).compare(20, {"hnsw": 2}).measured[-1]
    assert built.width in [2 * times for times in approximate.WIDER]
    assert built.recall is not None and built.recall > narrow.recall
    assert built.recall >= approximate.ENOUGH_RECALL or built.width == 2 * approximate.WIDER[-1]


def test_an_exact_search_is_there_beside_the_index(space: VectorSpace) -> None:
    build(space, "hnsw")
    query = vectors()[3]
    found = space.nearest(query, 10, EVERYTHING, exact=True)
    assert found.exact and found.recall is None
    assert found.ids == tuple(an_id(n) for n in np.argsort(-(vectors() @ query))[:10])


@pytest.mark.parametrize(
    "scope",
    [
        Scope(folder="images/7/"),
        Scope("own"),
        Scope("gallery"),
        Scope(only=frozenset(an_id(n) for n in range(0, COUNT, 50))),
    ],
    ids=["a folder", "a collection", "nothing", "some pictures"],
)
def test_a_filter_never_yields_fewer_results_than_there_are(
    space: VectorSpace, scope: Scope
) -> None:
    build(space, "hnsw")
    there = space.count(scope)
    for number in range(0, COUNT, 100):
        found = space.nearest(vectors()[number], 24, scope)
        assert len(found.ids) == len(set(found.ids)) == min(24, there)


def test_more_than_an_index_is_good_for_is_answered_in_part(
    space: VectorSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.index.postgres import database_space

    monkeypatch.setattr(database_space, "MOST_APPROXIMATE", 40)
    build(space, "hnsw")
    assert len(space.nearest(vectors()[0], COUNT, EVERYTHING).ids) == 40
    assert len(space.nearest(vectors()[0], COUNT, EVERYTHING, exact=True).ids) == COUNT


def test_vectors_that_come_and_go_after_the_build_are_found_and_not(
    index: Index, space: VectorSpace
) -> None:
    build(space, "hnsw")
    new = unit(np.ones(DIMENSIONS))
    index.add_files([FileRow("images/new.jpg", an_id(9999), 1, 1)], [(a_picture(9999), b"x")])
    index.add_vectors("e:1", [(an_id(9999), new, False)])
    assert space.nearest(new, 1, EVERYTHING).ids == (an_id(9999),)
    index.forget_files(["images/new.jpg"])
    assert an_id(9999) not in space.nearest(new, 10, EVERYTHING).ids


def test_a_dropped_index_leaves_the_exact_search(space: VectorSpace) -> None:
    build(space, "hnsw")
    tuning_of(space).drop("hnsw")
    assert tuning_of(space).state().search == "database"
    assert space.nearest(vectors()[0], 5, EVERYTHING).exact


def test_an_index_left_invalid_is_not_used_and_is_built_anew(
    space: VectorSpace, postgres: Settings, postgres_server: PostgresServer
) -> None:
    from core.index.postgres.approximate import name_of
    from core.index.postgres.vectors import table_of

    build(space, "hnsw")
    name = f"{postgres.postgres_schema}.{name_of(table_of('e:1'), 'hnsw')}"
    postgres_server.execute(
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass"
    )
    again = tuning_of(space)
    assert again.state().indexes == ()
    assert again.build("hnsw", {"m": 8, "ef_construction": 32})
    wait_for(lambda: again.state().building is None and again.state().indexes)
    assert again.state().indexes[0].parameters == {"m": 8, "ef_construction": 32}


def test_a_build_that_is_cancelled_leaves_nothing(
    space: VectorSpace, postgres: Settings, postgres_server: PostgresServer
) -> None:
    from core.index.postgres.vectors import table_of

    tuning = tuning_of(space)
    # It waits for whoever is writing.
    with postgres_server.connect() as other, other.transaction():
        table = f"{postgres.postgres_schema}.{table_of('e:1')}"
        other.execute(f"DELETE FROM {table} WHERE picture_id = '{an_id(0)}'".encode())
        assert tuning.build("hnsw", tuning.suggested("hnsw"))
        wait_for(lambda: tuning.state().building is not None)
        assert not tuning.build("hnsw", tuning.suggested("hnsw"))
        tuning.cancel()
        # What was begun of it is dropped once nobody writes; who searches does not wait.
        assert space.nearest(vectors()[1], 1, EVERYTHING).exact
    wait_for(lambda: tuning.build("ivfflat", {"lists": 4}))
    wait_for(lambda: tuning.state().building is None)
    state = tuning.state()
    assert [each.kind for each in state.indexes] == ["ivfflat"]
    assert state.problem == ""
    left = postgres_server.execute(
        "SELECT count(*) FROM pg_index WHERE NOT indisvalid "
        f"AND indrelid = '{postgres.postgres_schema}.{table_of('e:1')}'::regclass"
    )
    assert left == [(0,)]


def test_a_build_that_is_cancelled_before_the_server_has_begun_leaves_nothing(
    space: VectorSpace,
) -> None:
    tuning = tuning_of(space)
    assert tuning.build("hnsw", tuning.suggested("hnsw"))
    tuning.cancel()
    wait_for(lambda: tuning.state().building is None)
    state = tuning.state()
    assert list(state.indexes) == []
    assert state.problem == ""


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("hnsw", {}),
        ("hnsw", {"m": 1, "ef_construction": 64}),
        ("hnsw", {"m": "16); DROP", "ef_construction": 64}),
        ("ivfflat", {"lists": 0}),
        ("diskann", {}),
        ("btree", {"fillfactor": 50}),
    ],
)
def test_parameters_that_are_none_are_refused(
    space: VectorSpace, kind: str, parameters: dict[str, int]
) -> None:
    with pytest.raises(ValueError):
        tuning_of(space).build(kind, parameters)


def test_a_comparison_asks_every_way_the_same_queries(space: VectorSpace) -> None:
    build(space, "ivfflat")
    build(space, "hnsw")
    compared = tuning_of(space).compare(8, {"hnsw": 200, "ivfflat": 10_000})
    assert compared.queries == 8
    assert [each.search for each in compared.measured] == ["memory", "database", "hnsw", "ivfflat"]
    # With all lists, IVFFlat reads everything.
    assert [each.recall for each in compared.measured if each.search != "hnsw"] == [1, 1, 1]
    assert all(0 < each.median <= each.p95 for each in compared.measured)


def test_an_empty_collection_is_compared_too(postgres: Settings) -> None:
    index = open_index(postgres)
    space = index.vector_space("e:9", 4, is_running=lambda: False, dropped=lambda: None)
    assert tuning_of(space).state().rows == 0
    assert tuning_of(space).compare(5, {}).queries == 0
    index.close()


def test_an_exact_search_that_measures_may_take_longer_than_a_person_waits(
    index: Index,
    postgres: Settings,
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from core.index.postgres import connecting
    from core.index.postgres.vector_space import PostgresSpace

    monkeypatch.setattr(connecting, "STATEMENT_SECONDS", 0.5)
    other = open_index(replace(postgres, postgres_search="database"))
    space = other.vector_space("e:1", DIMENSIONS, is_running=lambda: False, dropped=lambda: None)
    assert isinstance(space, PostgresSpace)
    search = partial(space.database.exactly, vectors()[0].astype(np.float32), 3, EVERYTHING)
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND clock_timestamp() - query_start > interval '1 s'"
    )
    with ThreadPoolExecutor() as pool:
        with postgres_server.connect() as holder, holder.transaction():
            holder.execute(f"LOCK TABLE {postgres.postgres_schema}.files".encode())
            with pytest.raises(IndexUnavailable, match="busy"):
                search()
            patient = pool.submit(search, patient=True)
            wait_for(lambda: bool(postgres_server.execute(waiting)))
        assert patient.result().ids[0] == an_id(0)
    other.close()
