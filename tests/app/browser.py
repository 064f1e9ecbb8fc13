"""A window of a real browser on one server, and what must hold whatever is done in it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    FilePayload,
    Locator,
    Page,
    Playwright,
    Response,
    ViewportSize,
    expect,
)

from tests.app.server import Server

# The shell first: it draws the same with two thirds of the processor's time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "msedge",
)

# A page is drawn in well under a second; the rest is for machines that do much else meanwhile.
PATIENCE_MS = 120_000

WIDE: ViewportSize = {"width": 1280, "height": 900}

# One session's visitors copy and paste; the camera is a moving test picture of the browser's own.
PERMISSIONS = ["clipboard-read", "clipboard-write", "camera"]
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def chromium() -> str | None:
    """The system's Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, path: str) -> Browser:
    expect.set_options(timeout=PATIENCE_MS)
    return playwright.chromium.launch(executable_path=path, args=OPTIONS)


@dataclass
class Watch:
    """Everything that went between a window and the world."""

    requests: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", lambda response: self.responses.append(response))
        page.on("websocket", lambda socket: socket.on("framereceived", self._keep))

    def _keep(self, frame: str | bytes) -> None:
        self.frames.append(frame.encode() if isinstance(frame, str) else frame)

    def texts(self) -> Iterator[bytes]:
        """What the server said: the pages' content, and every answer that is not Streamlit's own
        script, style, font or a picture."""
        yield from self.frames
        for response in self.responses:
            if not re.search(r"/static/(js|css|media)/|\.(jpg|png|svg|woff2?)\b", response.url):
                yield response.url.encode()
                if response.ok and response.request.method == "GET":
                    # Chromium forgets what was loaded before the last full navigation.
                    with contextlib.suppress(Error):
                        yield response.body()


def window(context: BrowserContext, watch: Watch) -> Page:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watch.attach(page)
    return page


def check(watch: Watch, server: Server, secrets: list[str]) -> None:
    """No other host is asked for anything, no key is told, and nothing ends in a traceback."""
    local = (server.url, server.url.replace("http:", "ws:"), "data:", "blob:", "about:")
    strangers = [url for url in watch.requests if not url.startswith(local)]
    assert not strangers, f"the page asked other hosts: {strangers}"
    for text in watch.texts():
        assert b"Traceback (most recent call last)" not in text
        for secret in secrets:
            assert secret.encode() not in text, "the key was told to the browser"
    assert "Traceback" not in server.log, server.log
    for secret in secrets:
        assert secret not in server.log, "the key is in the log"


# --- What a person does and sees -----------------------------------------------------------------

WALL = '[class*="st-key-wall-results"]'
QUERY = '[class*="st-key-query-picture"]'

# What stands at the top of the page that the navigation calls so.
HEADINGS = {
    "Text search": "Describe a picture",
    "Image search": "Search with a picture",
    "Explorer": "Explore the vectors",
    "Indexing": "Index pictures",
}


def ready(page: Page) -> None:
    """Until the script behind the page has run to its end."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def unfold(page: Page, title: str) -> None:
    """Open that expander, to the end of its movement: whatever moves closes its lists."""
    expander = page.get_by_test_id("stExpander").filter(has_text=title)
    expander.get_by_text(title).click()
    expect(expander.locator("details")).to_have_attribute("open", "")
    expect(expander.locator("details")).not_to_have_css("overflow", "hidden")


def bring(page: Page, label: str, *files: FilePayload) -> None:
    """Files for the uploader of that name, chosen as anybody would."""
    chooser = page.get_by_role("region", name=label, exact=True).locator("input")
    chooser.wait_for(state="attached")
    # Streamlit forgets a file that is chosen in the instant in which a script starts.
    ready(page)
    chooser.set_input_files(files)


def search_with(page: Page, name: str, data: bytes, mime: str = "image/png") -> None:
    """Upload that file on the image search."""
    file = FilePayload(name=name, mimeType=mime, buffer=data)
    bring(page, "A picture to search with", file)


def pictures(page: Page) -> Locator:
    """The wall's pictures, in order."""
    return page.locator(f"{WALL} img")


def captions(page: Page) -> Locator:
    """Under each picture: its name and, for a result, its cosine."""
    return page.locator(f"{WALL} figcaption")


def names(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in captions(page).all_inner_texts()]


def cosines(page: Page) -> list[str]:
    return [text.split("\n")[1] for text in captions(page).all_inner_texts()]


def expect_wall(page: Page, count: int) -> None:
    """Until that many pictures hang there, all of them loaded."""
    expect(captions(page)).to_have_count(count)
    expect(pictures(page)).to_have_count(count)
    ready(page)
    page.wait_for_function(
        "wall => [...document.querySelectorAll(wall)].every(i => i.complete && i.naturalWidth)",
        arg=f"{WALL} img",
    )


def view(page: Page, place: int) -> Locator:
    """The larger view of that picture of the wall, to its end: whatever moves closes its lists."""
    page.locator(f"{WALL} figure").nth(place).get_by_role("button", name="View").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img").first).to_be_visible()
    ready(page)
    return dialog


def look_for(page: Page, text: str) -> None:
    """Type into the search box and press Enter, until the answer stands there.

    The same pictures may have hung there before, and what is clicked on them is lost with them; a
    switch that is pressed before the query is in the address takes that away again.
    """
    # Not by its label alone: the table of another page, not yet gone, has a button of that name.
    box = page.locator('input[aria-label="Search"]')
    box.fill(text)
    box.press("Enter")
    expect(page).to_have_url(re.compile(rf"[?&]q={re.escape(quote_plus(text))}(&|$)"))
    ready(page)


def go(page: Page, title: str) -> None:
    """To another page, by the navigation, until nothing of the former one is left."""
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=HEADINGS[title], exact=True)).to_be_visible()
    ready(page)


def download(page: Page, label: str) -> bytes:
    ready(page)  # a page that is drawn anew meanwhile loses the file
    with page.expect_download() as coming:
        page.get_by_role("button", name=label).click()
    return Path(coming.value.path()).read_bytes()
