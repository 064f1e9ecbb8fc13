"""Cohere in a real browser: what is paid is said first, then indexed and searched."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.app import browser as story
from tests.app.conftest import App, Open, paint
from tests.app.server import clone, serve
from tests.cohere_emulator import CohereEmulator


def test_pictures_are_indexed_on_a_press_and_found_by_a_text(
    tmp_path: Path, open_page: Open
) -> None:
    home = clone(tmp_path / "home")
    paint(home / "images")
    with CohereEmulator() as emulator, serve(home, **emulator.settings) as server:
        page = open_page(App(server, emulator), "/indexing")
        label = "Cohere Embed on Azure AI Foundry"
        expect(page.get_by_text(f"{label} answers")).to_be_visible()
        expect(page.get_by_text(f"makes 14 calls, to {label}")).to_be_visible()
        assert emulator.calls == []
        page.get_by_role("button", name="Start indexing").click()
        expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()
        expect(page.get_by_text("14 calls this month")).to_be_visible()
        story.go(page, "Text search")
        story.look_for(page, "red")
        story.expect_wall(page, 14)
        assert {name.split()[0] for name in story.names(page)[:2]} == {"red"}
        assert len(emulator.calls) == 15
