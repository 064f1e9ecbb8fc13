"""A second model in a real browser: paid for once, compared, voted for, switched to and back."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.app import browser as story
from tests.app.conftest import App, Open, paint
from tests.app.server import clone, serve
from tests.app.test_browser_axe import expect_no_findings
from tests.azure_emulator import Emulator


def test_a_collection_moves_over_to_a_second_model_and_back(
    tmp_path: Path, open_page: Open
) -> None:
    home = clone(tmp_path / "home")
    paint(home / "images")
    with Emulator() as emulator, serve(home, EMBEDDER="builtin", **emulator.settings) as server:
        page = open_page(App(server, emulator), "/indexing")
        expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()
        page.get_by_text("Second model", exact=True).click()
        page.get_by_role("button", name="Add a second model").click()
        expect(page.get_by_text("makes 14 calls to Azure AI Vision")).to_be_visible()
        assert emulator.calls == []
        page.get_by_role("button", name="Embed with it").click()
        expect(page.get_by_text("Azure AI Vision · Indexed 14 of 14")).to_be_visible()

        story.go(page, "Text search")
        story.look_for(page, "red")
        page.get_by_text("Side by side").click()
        expect(page.get_by_text("of the first 10 are the same")).to_be_visible()
        expect(page).to_have_url(f"{server.url}/?q=red&side=1")
        for name in ("Built-in model", "Azure AI Vision"):
            expect(page.get_by_role("heading", name=name)).to_be_visible()
        page.get_by_role("button", name="Better").last.click()
        expect(page.get_by_role("button", name="Better · 1")).to_be_visible()
        expect(page.get_by_role("button", name="Votes (CSV)")).to_be_visible()
        assert len(emulator.calls) == 15
        page.mouse.move(0, 0)  # a tooltip of Streamlit stands beside all landmarks
        expect_no_findings(page)
        page.set_viewport_size(story.WIDE)

        for answers in ("Azure AI Vision", "Built-in model"):
            story.go(page, "Indexing")
            page.get_by_role("button", name="Switch all pages to it").click()
            expect(page.get_by_text(f"{answers} answers")).to_be_visible()
            expect(page.get_by_text("Indexed 14 of 14").first).to_be_visible()
        assert len(emulator.calls) == 15
