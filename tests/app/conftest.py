"""Servers, emulators and browser windows for the tests of the app."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from streamlit.components.v2 import manifest_scanner

from core.settings import load_settings
from core.workspace import Workspace
from tests.app import browser as story
from tests.app.server import ROOT, Server, clone, serve
from tests.azure_emulator import Emulator, recordings_folder
from tests.conftest import plain, wait_for
from tests.emulated_service import Emulator as Service

GALLERY = ROOT / "images" / "gallery"

# Every colour that the emulator knows by name, so that a text finds its picture.
COLOURS = {
    "red": (230, 20, 20),
    "orange": (250, 140, 10),
    "yellow": (240, 220, 20),
    "green": (20, 200, 40),
    "cyan": (20, 210, 210),
    "blue": (20, 40, 230),
    "purple": (130, 30, 220),
    "pink": (250, 60, 190),
    "brown": (120, 70, 20),
    "black": (8, 8, 8),
    "white": (250, 250, 250),
    "grey": (128, 128, 128),
}


@dataclass
class App:
    """A running app that a service answers for, and the emulator that stands for the service."""

    server: Server
    emulator: Service

    @property
    def url(self) -> str:
        return self.server.url


def paint(images: Path) -> None:
    """One picture of each colour, and two more in a folder."""
    (images / "boats").mkdir(parents=True, exist_ok=True)
    for name, colour in COLOURS.items():
        (images / f"{name} house.png").write_bytes(plain(colour, width=200, height=150))
    for name in ("red", "blue"):
        (images / "boats" / f"{name} boat.png").write_bytes(plain(COLOURS[name], width=160))


def index(home: Path, emulator: Emulator) -> None:
    """Index the clone's pictures before its server starts."""
    workspace = Workspace(load_settings(emulator.settings, root=home), home)
    workspace.start_indexing()
    wait_for(lambda: not workspace.indexer.progress().running, 60)
    workspace.close()


def azure(emulator: Emulator) -> dict[str, str]:
    return emulator.settings


@pytest.fixture(scope="session", autouse=True)
def packages_are_looked_through_once() -> Iterator[None]:
    """For components of Streamlit's: each AppTest would do it anew, for most of its time."""
    once = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(scope="module")
def own_pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """No key, and pictures of the person's own: the built-in model answers."""
    home = clone(tmp_path_factory.mktemp("own"))
    paint(home / "images")
    with serve(home) as server:
        yield server


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same for visitors who may only search."""
    home = clone(tmp_path_factory.mktemp("read-only"))
    paint(home / "images")
    with serve(home, READ_ONLY="1") as server:
        yield server


# --- Browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = story.chromium()
    if path is None:
        reason = "no Chromium on this machine (apt-get install chromium)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        launched = story.launch(playwright, path)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def contexts(chromium: Browser) -> Iterator[dict[str, BrowserContext]]:
    """One per server, so that each loads Streamlit's scripts once."""
    opened: dict[str, BrowserContext] = {}
    yield opened
    for context in opened.values():
        context.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, contexts: dict[str, BrowserContext]) -> Iterator[Open]:
    """open_page(app or server, "/explorer") is a new window, that is a new session.

    stranger: in a browser of its own, that shares no cookie and no cache with the others.
    touch: on a device with a touch screen and without a mouse.

    At the end of the test: no other host was asked, no key told, nothing ended in a traceback.
    """
    watched: list[tuple[story.Watch, Server, list[str]]] = []
    pages: list[Page] = []

    def open_(
        where: App | Server,
        path: str = "/",
        size: ViewportSize | None = None,
        stranger: bool = False,
        touch: bool = False,
    ) -> Page:
        server = where.server if isinstance(where, App) else where
        keys = [where.emulator.key] if isinstance(where, App) else []
        name = server.url + (" of a stranger" if stranger else "") + (" by touch" if touch else "")
        if name not in contexts:
            contexts[name] = chromium.new_context(
                viewport=story.WIDE,
                permissions=story.PERMISSIONS,
                accept_downloads=True,
                has_touch=touch,
                is_mobile=touch,
            )
        watch = story.Watch()
        page = story.window(contexts[name], watch)
        watched.append((watch, server, keys))
        pages.append(page)
        if size is not None:
            page.set_viewport_size(size)
        page.goto(server.url + path)
        return page

    yield open_
    for page in pages:
        assert page.get_by_test_id("stException").count() == 0, "the page shows an exception"
    for watch, server, keys in watched:
        story.check(watch, server, keys)
    for page in pages:
        page.close()


# --- Servers -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """No key: the bundled gallery and the built-in model."""
    if not any(GALLERY.glob("*.jpg")):
        pytest.skip("the gallery has not been painted yet")
    home = clone(tmp_path_factory.mktemp("gallery"), gallery=True)
    with serve(home) as server:
        yield server


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Azure answers, and fourteen pictures are indexed. Shared: leave the collection as it is."""
    home = clone(tmp_path_factory.mktemp("indexed"))
    paint(home / "images")
    with Emulator() as emulator:
        index(home, emulator)
        with serve(home, **azure(emulator)) as server:
            yield App(server, emulator)


@pytest.fixture(scope="session")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A key, and fourteen pictures that nobody has indexed. Shared: leave it so."""
    home = clone(tmp_path_factory.mktemp("waiting"))
    paint(home / "images")
    with Emulator() as emulator, serve(home, **azure(emulator)) as server:
        yield App(server, emulator)


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = recordings_folder()
    if folder is None:
        reason = "no recorded answers of the service here (../shared/recordings)"
        if os.environ.get("REQUIRE_RECORDINGS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """start(pictures={"name.png": bytes}, latency=...) is an app of the test's own."""
    with contextlib.ExitStack() as stack:

        def start_(
            pictures: dict[str, bytes] | None = None,
            *,
            rate: float | None = None,
            latency: float = 0.0,
            ready: bool = False,
            settings: dict[str, str] | None = None,
        ) -> App:
            home = clone(tmp_path / "home")
            for name, data in (pictures or {}).items():
                (home / "images" / name).parent.mkdir(parents=True, exist_ok=True)
                (home / "images" / name).write_bytes(data)
            emulator = stack.enter_context(Emulator(rate=rate, latency=latency))
            if ready:
                index(home, emulator)
            values = {**azure(emulator), **(settings or {})}
            return App(stack.enter_context(serve(home, **values)), emulator)

        yield start_
