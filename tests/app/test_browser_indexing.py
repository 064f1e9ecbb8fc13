"""The story in a real browser: indexing with a service that is paid per call."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.app import browser as story
from tests.app.conftest import COLOURS, App, Open
from tests.azure_emulator import Fault
from tests.conftest import plain, wait_for
from tests.hostile_pictures import text as not_a_picture

Start = Callable[..., App]

# What a page must say, by the fault that the service is ordered to have.
REFUSALS = {
    "unauthorised": "Azure did not accept the key",
    "echo": "Azure did not accept the key",
    "gone": "Azure has retired the API version",
    "quota": "used up",
    "region": "The region of this resource has no picture embeddings",
}


def reds(count: int) -> dict[str, bytes]:
    return {f"{n:02}.png": plain((200, n, n), width=24) for n in range(count)}


def start_button(page: Page):
    return page.get_by_role("button", name="Start indexing")


def answer_only_the_first(app: App, count: int) -> None:
    """The calls after these are left waiting, so that a run is on for as long as a test looks."""
    calls = app.emulator.calls
    app.emulator.when(lambda seen: len(calls) > count, Fault("hang", seconds=120))


def first_table(page: Page) -> str:
    """A table is drawn on a canvas; what it holds can be copied, unless it is drawn anew then."""
    copied = ""

    def copy() -> bool:
        nonlocal copied
        page.get_by_test_id("stDataFrame").first.click(position={"x": 60, "y": 52})
        page.keyboard.press("Control+a")
        page.keyboard.press("Control+c")
        copied = page.evaluate("navigator.clipboard.readText()")
        return "\t" in copied

    page.evaluate("navigator.clipboard.writeText('')")
    wait_for(copy, story.PATIENCE_MS / 1000)
    return copied


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option).click()


def expect_rows(page: Page, count: int) -> None:
    """Until the first table holds that many rows, besides its heading."""
    grid = page.get_by_test_id("stDataFrame").first.locator("table[role=grid]")
    expect(grid).to_have_attribute("aria-rowcount", str(count + 1))


# --- Before ---------------------------------------------------------------------------------------


def test_with_a_key_and_nothing_indexed_the_first_screen_says_what_to_press(
    waiting: App, open_page: Open
) -> None:
    page = open_page(waiting)
    expect(page.get_by_test_id("stAlert")).to_contain_text("Start indexing")
    page.get_by_role("button", name="Go to Indexing").click()
    expect(start_button(page)).to_be_enabled()


def test_nothing_is_called_before_start_is_pressed(waiting: App, open_page: Open) -> None:
    calls = len(waiting.emulator.calls)
    page = open_page(waiting)
    for title in ("Image search", "Explorer", "Indexing", "Text search"):
        story.go(page, title)
    open_page(waiting, "/indexing").reload()
    assert len(waiting.emulator.calls) == calls


def test_the_page_says_how_many_calls_a_run_will_make(waiting: App, open_page: Open) -> None:
    page = open_page(waiting, "/indexing")
    expect(page.get_by_text("Indexed 0 of 14")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\b14 calls\b"))).to_be_visible()


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_ends_the_run_with_a_sentence(waiting: App, open_page: Open, fault: str) -> None:
    waiting.emulator.when(lambda seen: True, fault)
    try:
        page = open_page(waiting, "/indexing")
        start_button(page).click()
        expect(page.get_by_test_id("stAlert")).to_contain_text(REFUSALS[fault])
        expect(start_button(page)).to_be_enabled()
        expect(page.get_by_text("Indexed 0 of 14")).to_be_visible()
    finally:
        waiting.emulator.clear()


# --- The run --------------------------------------------------------------------------------------


def test_a_stopped_run_resumes_and_pays_only_for_the_rest(start: Start, open_page: Open) -> None:
    app = start(reds(40))
    answer_only_the_first(app, 25)
    page = open_page(app, "/indexing")
    start_button(page).click()
    expect(page.get_by_text("Indexed 25 of 40")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(start_button(page)).to_be_enabled()
    expect(page.get_by_text("Indexed 25 of 40")).to_be_visible()
    app.emulator.clear()
    start_button(page).click()
    expect(page.get_by_text("Indexed 40 of 40")).to_be_visible()
    assert app.emulator.statuses()[200] == 40


def test_a_run_is_seen_after_a_reload_and_stopped_by_a_second_visitor(
    start: Start, open_page: Open
) -> None:
    app = start(reds(40))
    answer_only_the_first(app, 5)
    page = open_page(app, "/indexing")
    start_button(page).click()
    expect(page.get_by_text("5 of 40 in this run")).to_be_visible()
    page.reload()
    expect(page.get_by_text("5 of 40 in this run")).to_be_visible()
    second = open_page(app, "/", stranger=True)
    expect(second.get_by_text("Indexed 5 of 40")).to_be_visible()
    story.go(second, "Indexing")
    expect(second.get_by_text("5 of 40 in this run")).to_be_visible()
    expect(start_button(second)).to_be_disabled()
    second.get_by_role("button", name="Stop").click()
    expect(start_button(page)).to_be_enabled()
    expect(page.get_by_text("Indexed 5 of 40")).to_be_visible()


def test_what_failed_is_listed_with_its_reason_and_tried_again_when_told(
    start: Start, open_page: Open
) -> None:
    bad = plain("blue")
    pictures = {**reds(3), "odd.png": bad, "letter.jpg": not_a_picture()}
    app = start(pictures)
    app.emulator.when(lambda seen: seen.body == bad, "image format")
    page = open_page(app, "/indexing")
    start_button(page).click()
    expect(page.get_by_text("Indexed 3 of 4")).to_be_visible()
    expect(page.get_by_text("2 files not indexed")).to_be_visible()
    reasons = dict(line.split("\t") for line in first_table(page).splitlines())
    assert set(reasons) == {"images/odd.png", "images/letter.jpg"}
    assert "Azure cannot read this picture" in reasons["images/odd.png"]
    assert "not a picture" in reasons["images/letter.jpg"]
    app.emulator.clear()
    page.get_by_role("button", name="Retry failed").click()
    expect(page.get_by_text("Indexed 4 of 4")).to_be_visible()
    assert app.emulator.statuses()[200] == 4


def test_what_is_not_indexed_is_counted_filtered_and_downloaded(
    start: Start, open_page: Open
) -> None:
    jxl = b"\xff\x0a" + bytes(500)
    others = {"@eaDir/red.png": plain("red"), "notes.txt": b"x", "__MACOSX/red.png": plain("red")}
    app = start({**reds(2), "a.jxl": jxl, "b.jxl": jxl, "letter.jpg": not_a_picture(), **others})
    page = open_page(app, "/indexing")
    said = page.get_by_text("are of kinds that are not read")
    expect(said).to_contain_text("2 files are of kinds that are not read: JPEG XL 2.")
    expect(said).to_contain_text("left out: @eaDir 1, __MACOSX 1.")
    expect(page.get_by_text("3 files not indexed")).to_be_visible()
    choose(page, "Why", "Of a kind that is not read (2)")
    expect_rows(page, 2)
    assert [line.split("\t")[0] for line in first_table(page).splitlines()] == [
        "images/a.jxl",
        "images/b.jxl",
    ]
    box = page.get_by_label("Name or reason contains")
    box.fill("B.JXL")
    box.press("Enter")
    expect_rows(page, 1)
    story.ready(page)
    lines = story.download(page, "Download CSV").decode().splitlines()
    assert lines[0] == "file,reason,cause"
    assert [line.split(",")[0] for line in lines[1:]] == ["images/b.jxl"]


def test_what_is_away_is_found_still_and_forgotten_on_purpose(
    start: Start, open_page: Open
) -> None:
    app = start(reds(8), ready=True)
    images = app.server.images
    images.rename(images.with_name("elsewhere"))
    images.mkdir()
    page = open_page(app, "/indexing")
    expect(page.get_by_text("8 files stay in the index")).to_be_visible()
    expect(page.get_by_text("Indexed 8 of 8")).to_be_visible()
    page.get_by_role("button", name="Forget them").click()
    expect(page.get_by_text("Indexed 0 of 0")).to_be_visible()
    expect(page.get_by_text("stay in the index")).to_have_count(0)


def test_a_file_replaced_at_the_same_size_and_time_is_seen_on_demand(
    start: Start, open_page: Open
) -> None:
    app = start({"one.png": plain("red").ljust(500, b"\0"), "two.png": plain("green")}, ready=True)
    file = app.server.images / "one.png"
    status = file.stat()
    file.write_bytes(plain("blue").ljust(500, b"\0"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    page = open_page(app, "/indexing")
    expect(page.get_by_text("Indexed 2 of 2")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Read all files again").click()
    expect(page.get_by_text("Indexed 1 of 2")).to_be_visible()
    calls = len(app.emulator.calls)
    start_button(page).click()
    expect(page.get_by_text("Indexed 2 of 2")).to_be_visible()
    assert len(app.emulator.calls) == calls + 1


# --- The collection -------------------------------------------------------------------------------


def test_an_upload_joins_the_collection_and_can_be_deleted(start: Start, open_page: Open) -> None:
    app = start()
    page = open_page(app, "/indexing")
    expect(page.get_by_text("Indexed 0 of 0")).to_be_visible()
    story.unfold(page, "Add your own pictures")
    files = [
        FilePayload(name="my house.png", mimeType="image/png", buffer=plain(COLOURS["red"])),
        FilePayload(name="letter.jpg", mimeType="image/jpeg", buffer=not_a_picture()),
    ]
    story.bring(page, "Pictures", *files)
    expect(page.get_by_test_id("stFileChip")).to_have_count(2)
    page.get_by_role("button", name="Add to the collection").click()
    expect(page.get_by_text("Indexed 0 of 1")).to_be_visible()
    expect(page.get_by_text(re.compile("^letter.jpg: "))).to_be_visible()
    start_button(page).click()
    expect(page.get_by_text("Indexed 1 of 1")).to_be_visible()
    story.go(page, "Text search")
    story.look_for(page, "red")
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    expect(story.captions(page)).to_contain_text(["my house.png"])
    story.go(page, "Indexing")
    story.unfold(page, "Add your own pictures")
    choose(page, "Delete uploads", "my house.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete 1").click()
    expect(page.get_by_text("Indexed 0 of 0")).to_be_visible()
    assert list((app.server.home / "data" / "uploads").iterdir()) == []


def test_a_downloaded_index_can_be_imported_elsewhere(
    indexed: App, start: Start, open_page: Open
) -> None:
    page = open_page(indexed, "/indexing")
    story.unfold(page, "Take the index along")
    data = story.download(page, "Download index")
    app = start()
    page = open_page(app, "/indexing")
    story.unfold(page, "Take the index along")
    file = FilePayload(name="index.zip", mimeType="application/zip", buffer=data)
    story.bring(page, "Import index", file)
    expect(page.get_by_text("14 pictures imported")).to_be_visible()
    expect(page.get_by_text("Indexed 14 of 14")).to_be_visible()
    story.go(page, "Text search")
    story.look_for(page, "red")
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    story.expect_wall(page, 14)
    assert "red" in story.names(page)[0]
    assert [call.kind for call in app.emulator.calls] == ["text"]


def test_read_only_hides_uploads_and_indexing(start: Start, open_page: Open) -> None:
    app = start(reds(2), ready=True, settings={"READ_ONLY": "1"})
    (app.server.images / "new.png").write_bytes(plain("blue"))
    calls = len(app.emulator.calls)
    page = open_page(app, "/indexing")
    expect(page.get_by_test_id("stAlert")).to_contain_text("read-only")
    story.ready(page)
    assert start_button(page).count() == 0
    assert page.locator('input[type="file"]').count() == 0
    assert page.get_by_role("button", name="Download index").count() == 0
    story.go(page, "Text search")
    story.look_for(page, "red")
    expect(story.captions(page)).to_have_count(2)
    wait_for(lambda: len(app.emulator.calls) > calls)
    assert [call.kind for call in app.emulator.calls[calls:]] == ["text"]
