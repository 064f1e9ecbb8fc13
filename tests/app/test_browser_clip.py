"""The story in a real browser with a CLIP on this machine: its weights come, are cancelled, answer.

The towers are tiny and know colours; the hub they come from is on loopback.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import tiny_clip
from tests.app import browser as story
from tests.app.conftest import Open, paint
from tests.app.server import clone, serve
from tests.embedders.test_clip import TEXT, VISION, needs_clip
from tests.tiny_hub import TinyHub

OFFLINE = {"EMBEDDER": "clip", "HF_HUB_OFFLINE": "1"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = clone(tmp_path / "home")
    paint(made / "images")
    return made


@needs_clip
def test_every_page_works_with_a_local_clip_and_no_network(
    home: Path, tmp_path: Path, open_page: Open
) -> None:
    pair = tiny_clip.make_pair(tmp_path / "pair")
    with serve(home, **OFFLINE, CLIP_MODEL_DIR=str(pair)) as server:
        page = open_page(server)
        expect(page.get_by_text("CLIP from “pair” on this machine answers")).to_be_visible()
        expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()
        story.look_for(page, "red")
        expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
        story.expect_wall(page, 14)
        assert set(story.names(page)[:2]) == {"red house.png", "red boat.png"}

        story.go(page, "Image search")
        blue = (home / "images" / "blue house.png").read_bytes()
        story.search_with(page, "mine.png", blue)
        expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
        story.expect_wall(page, 14)
        assert set(story.names(page)[:2]) == {"blue house.png", "blue boat.png"}

        story.go(page, "Explorer")
        expect(page.get_by_text("CLIP from “pair” on this machine answers")).to_be_visible()
        story.go(page, "Indexing")
        expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()


@needs_clip
def test_the_weights_come_with_a_bar_and_can_be_cancelled_and_fetched_again(
    home: Path, tmp_path: Path, open_page: Open
) -> None:
    towers = {
        VISION: tiny_clip.make_vision(tmp_path / "vision", ballast=40_000_000),
        TEXT: tiny_clip.make_text(tmp_path / "text", ballast=20_000_000),
    }
    with TinyHub(towers) as hub:
        hub.pause_after = 25_000_000
        # Set, and blank: the environment of whoever runs the tests must not decide.
        network = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": ""}
        with serve(home, EMBEDDER="clip", **network) as server:
            page = open_page(server)
            expect(page.get_by_role("button", name="Cancel")).to_be_visible()
            expect(page.get_by_text(re.compile(r"\b2\d MB of 61 MB"))).to_be_visible()
            expect(
                page.get_by_text(re.compile("The built-in model answers instead"))
            ).to_be_visible()
            page.get_by_role("button", name="Cancel").click()
            expect(page.get_by_text("nothing of it was kept")).to_be_visible()
            clip = home / "data" / "clip"
            assert [path.name for path in clip.iterdir()] == ["download.lock"]

            hub.pause_after = None
            page.get_by_role("button", name="Download", exact=True).click()
            expect(page.get_by_text("CLIP ViT-B/32 on this machine answers")).to_be_visible()
            expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()
            story.look_for(page, "red")
            expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
            story.expect_wall(page, 14)
            assert set(story.names(page)[:2]) == {"red house.png", "red boat.png"}
    with serve(home, **OFFLINE) as server:
        page = open_page(server)
        expect(page.get_by_text("CLIP ViT-B/32 on this machine answers")).to_be_visible()
        expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()


@needs_clip
def test_without_network_the_page_says_so_and_the_built_in_model_answers(
    home: Path, open_page: Open
) -> None:
    with serve(home, **OFFLINE) as server:
        page = open_page(server)
        expect(page.get_by_text(re.compile("HF_HUB_OFFLINE forbids"))).to_be_visible()
        expect(page.get_by_text("Built-in model answers", exact=False).first).to_be_visible()
        expect(page.get_by_role("button", name="Download", exact=True)).to_be_visible()


@needs_clip
def test_a_directory_that_is_no_pair_is_a_sentence_and_the_built_in_model_answers(
    home: Path, tmp_path: Path, open_page: Open
) -> None:
    tiny_clip.make_vision(tmp_path / "pair" / "vision")
    with serve(home, **OFFLINE, CLIP_MODEL_DIR=str(tmp_path / "pair")) as server:
        page = open_page(server)
        expect(page.get_by_text(re.compile("holds no folder text"))).to_be_visible()
        expect(page.get_by_text("Built-in model answers", exact=False).first).to_be_visible()
