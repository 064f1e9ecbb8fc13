"""What stands out on the bundled gallery, with the built-in model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model import EVERYTHING
from core.search import Relevance, Term, parse_text
from core.settings import load_settings
from core.workspace import Workspace
from tests.conftest import fill, plain

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace on the shipped vectors of the gallery; no file is embedded."""
    root = tmp_path_factory.mktemp("gallery")
    (root / "images").mkdir()
    (root / "seed").mkdir()
    shutil.copy2(ROOT / "seed" / "gallery.zip", root / "seed")
    workspace = Workspace(load_settings({}, root=root), root)
    workspace.indexer.join(60)
    yield workspace
    workspace.close()


def judged(
    workspace: Workspace, text: str, strictness: float = 0.0
) -> tuple[list[str], Relevance | None]:
    """The names of what stands out, and the whole judgement."""
    terms = parse_text(text)
    parts = workspace.asking.parts_of(terms)
    ranking = workspace.search(parts, EVERYTHING)
    found = workspace.words.standing_out(terms, parts, ranking, strictness)
    if found is None:
        return [], None
    first = ranking.first(found.order.tolist()).page(0, found.count)
    return [result.picture.name for result in first], found


def test_what_was_asked_for_stands_out(gallery: Workspace) -> None:
    names, found = judged(gallery, "a blue house")
    assert found is not None
    assert found.line is not None
    assert len(names) >= 5
    assert all("blue-house" in name for name in names)


def test_what_is_not_there_does_not_stand_out(gallery: Workspace) -> None:
    names, found = judged(gallery, "a purple train in the desert")
    assert names == []
    assert found is not None
    assert found.line is not None


def test_a_stricter_line_leaves_no_more_above_it(gallery: Workspace) -> None:
    asked = ("a red boat", "a blue house", "snow", "a calm evening by the lake")
    counts = [sum(len(judged(gallery, text, s)[0]) for text in asked) for s in (-0.5, 0.0, 0.5)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_what_stands_out_is_further_out_than_what_does_not(gallery: Workspace) -> None:
    _, found = judged(gallery, "a blue house")
    assert found is not None
    out = found.stands_out
    assert found.prominence[out].min() > found.prominence[~out].max()


def test_of_two_texts_what_stands_out_does_so_for_both(gallery: Workspace) -> None:
    names, _ = judged(gallery, "a red boat + a blue house")
    assert names
    assert all("red-boat" in name and "blue-house" in name for name in names)


def test_what_stands_out_for_an_unwanted_text_does_not_for_the_whole(gallery: Workspace) -> None:
    wanted, _ = judged(gallery, "boat")
    unwanted, _ = judged(gallery, "red boat")
    names, found = judged(gallery, "boat - red boat")
    assert found is not None
    assert set(wanted) & set(unwanted)
    assert names
    assert not set(names) & set(unwanted)


@pytest.mark.parametrize("text", ["- snow", "- red - snow"])
def test_a_query_that_only_leads_away_has_no_line(gallery: Workspace, text: str) -> None:
    names, found = judged(gallery, text)
    assert found is not None
    assert found.line is None
    assert names == []


def test_a_picture_as_a_query_has_no_line_and_tells_how_far_each_stands_out(
    gallery: Workspace,
) -> None:
    terms = [Term(picture_id=gallery.some_pictures(1)[0])]
    parts = gallery.asking.parts_of(terms)
    ranking = gallery.search(parts, EVERYTHING)
    found = gallery.words.standing_out(terms, parts, ranking, 0.0)
    assert found is not None
    assert found.line is None
    assert found.prominence[0] == found.prominence.max() > 0.9
    assert found.prominence[-1] == 0


def test_a_picture_beside_a_text_orders_what_stands_out_for_the_text(gallery: Workspace) -> None:
    alone, _ = judged(gallery, "boat")
    terms = [*parse_text("boat"), Term(picture_id=gallery.some_pictures(1)[0])]
    parts = gallery.asking.parts_of(terms)
    ranking = gallery.search(parts, EVERYTHING)
    found = gallery.words.standing_out(terms, parts, ranking, 0.0)
    assert found is not None
    first = ranking.first(found.order.tolist()).page(0, found.count)
    assert {result.picture.name for result in first} == set(alone)


@pytest.mark.parametrize("number", [1, 2, 20])
def test_no_line_is_drawn_through_a_few_pictures(tmp_path: Path, number: int) -> None:
    fill(tmp_path / "images", number)
    workspace = Workspace(load_settings({}, root=tmp_path), tmp_path)
    workspace.indexer.join(60)
    _, found = judged(workspace, "red")
    assert found is not None
    assert found.line is None
    workspace.close()


def test_no_line_is_drawn_through_pictures_that_are_all_alike(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(40):
        picture = plain("red", width=32 + number, height=32 + number)
        (tmp_path / "images" / f"{number}.png").write_bytes(picture)
    workspace = Workspace(load_settings({}, root=tmp_path), tmp_path)
    workspace.indexer.join(60)
    names, found = judged(workspace, "red")
    assert found is not None
    assert names == []
    assert found.line is None
    workspace.close()
