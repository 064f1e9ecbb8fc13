"""core.story: the steps that a presenter clicks through, held against what they promise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model import EVERYTHING
from core.search import Relevance, parse_pictures, parse_text
from core.settings import load_settings
from core.story import (
    EXPLORER,
    GALLERY_PICTURE,
    IMAGE_SEARCH,
    TEXT_SEARCH,
    Step,
    story_of_colours,
    story_of_photographs,
    story_of_the_gallery,
)
from core.workspace import Workspace

ROOT = Path(__file__).parents[1]
STORIES = {
    "gallery": story_of_the_gallery(),
    "colours": story_of_colours("a" * 64),
    "photographs": story_of_photographs("a" * 64, languages=False),
    "in several languages": story_of_photographs("a" * 64, languages=True),
}
GALLERY = {step.title: step for step in STORIES["gallery"]}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = tmp_path_factory.mktemp("story")
    (root / "images").mkdir()
    (root / "seed").symlink_to(ROOT / "seed")
    workspace = Workspace(load_settings({}, root=root), root)
    workspace.indexer.join(60)
    yield workspace
    workspace.close()


def answer(workspace: Workspace, query: dict[str, str]) -> tuple[list[str], Relevance]:
    """The names found, best first, and what stands out."""
    terms = [*parse_text(query.get("q", "")), *parse_pictures(query.get("pic", "")).terms]
    parts = workspace.asking.parts_of(terms)
    ranking = workspace.search(parts, EVERYTHING)
    found = workspace.words.standing_out(terms, parts, ranking, 0.0)
    assert found is not None
    shown = ranking.first(found.order.tolist()).page(0, 24)
    return [result.picture.name for result in shown], found


def step(title: str) -> tuple[Step, dict[str, str]]:
    return GALLERY[title], dict(GALLERY[title].query)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_has_eleven_steps_on_pages_that_there_are(name: str) -> None:
    told = STORIES[name]
    assert len(told) == 11
    assert {one.page for one in told} == {TEXT_SEARCH, IMAGE_SEARCH, EXPLORER}
    for one in told:
        assert parse_pictures(one.query.get("pic", "")).problems == ()
        parse_text(one.query.get("q", ""))
        assert 1 <= one.words.count(".") <= 3


@pytest.mark.parametrize("name", ["gallery", "colours"])
def test_every_text_is_known_to_the_built_in_model(gallery: Workspace, name: str) -> None:
    for one in STORIES[name]:
        for term in parse_text(one.query.get("q", "")):
            assert gallery.embedder.unknown_words(term.text) == []


def test_the_picture_of_the_story_is_in_the_gallery(gallery: Workspace) -> None:
    file = ROOT / "images" / "gallery" / "blue-house-by-the-lake.jpg"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == GALLERY_PICTURE
    assert gallery.queries.picture(GALLERY_PICTURE) is not None


@pytest.mark.parametrize(
    "title", ["A word", "A mood", "Words in their order", "Away from something"]
)
def test_a_step_that_finds_something_does(gallery: Workspace, title: str) -> None:
    _, found = answer(gallery, step(title)[1])
    assert found.count > 0


def test_other_pictures_come_first_once_the_colours_are_swapped(gallery: Workspace) -> None:
    names, _ = answer(gallery, step("Words in their order")[1])
    swapped, _ = answer(gallery, {"q": "a blue boat and a red house"})
    assert names[0] != swapped[0]


def test_a_picture_at_night_comes_first_for_the_picture_and_night(gallery: Workspace) -> None:
    names, _ = answer(gallery, step("A picture and words")[1])
    assert "house" in names[0] or "night" in names[0]


def test_what_the_minus_leads_away_from_is_not_found(gallery: Workspace) -> None:
    names, found = answer(gallery, step("Away from something")[1])
    assert not any("snow" in name for name in names[: found.count])


def test_what_is_not_there_does_not_stand_out(gallery: Workspace) -> None:
    _, found = answer(gallery, step("Not there")[1])
    assert found.line is not None
    assert found.count == 0
