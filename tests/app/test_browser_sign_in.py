"""Signing in at a provider on loopback, in the browser: owners, visitors, and what goes wrong."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.hosting.people import SIGNED_IN_SECONDS
from tests.app.browser import PATIENCE_MS, WIDE, expect_wall, look_for, ready
from tests.app.conftest import COLOURS, App, azure, index
from tests.app.server import clone, serve
from tests.app.test_browser_axe import expect_no_findings
from tests.azure_emulator import Emulator
from tests.conftest import plain, wait_for

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("oidc_provider_mock", "authlib")),
        reason="needs requirements-signin.txt and oidc-provider-mock",
    ),
    # Of what the double itself uses.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

OWNER, VISITOR, STRANGER = "ada@example.com", "bob@example.org", "eve@example.net"
UNCONFIRMED = "mallory@example.org"

LISTS = {"OWNERS": f" {OWNER.title()} ,x@example.com", "VISITORS": "Example.org"}

COOKIE_SECRET = "0123456789abcdef0123456789abcdef"
COOKIE = "_streamlit_user"

# What Streamlit logs of a press in a part of a page that is gone.
IS_NO_MORE = "does not exist anymore"

NOTHING_OF_IT = re.compile("^(Indexed|Describe a picture)")

AppOf = Callable[..., App]
Visit = Callable[..., Page]


@contextlib.contextmanager
def provider() -> Iterator[str]:
    """The address of one that lets everybody sign in as whom they say they are."""
    import oidc_provider_mock

    people = [
        oidc_provider_mock.User(
            sub=address, claims={"email": address.title(), "email_verified": address != UNCONFIRMED}
        )
        for address in (OWNER, VISITOR, STRANGER, UNCONFIRMED)
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


def write_secrets(home: Path, url: str) -> None:
    (home / ".streamlit" / "secrets.toml").write_text(
        "[auth]\n"
        'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{COOKIE_SECRET}"\n'
        'client_id = "vectorscope"\n'
        'client_secret = "of the client"\n'
        f'server_metadata_url = "{url}/.well-known/openid-configuration"\n'
    )


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Two pictures behind a gate, and one call a day for each visitor. Shared."""
    home = clone(tmp_path_factory.mktemp("closed"))
    for name in ("red", "blue"):
        (home / "images" / f"{name}.png").write_bytes(plain(COLOURS[name], 200, 150))
    with Emulator() as emulator, provider() as url:
        index(home, emulator)
        write_secrets(home, url)
        settings = {**azure(emulator), **LISTS, "VISITOR_CALLS_PER_DAY": "1"}
        # What is no warning to Streamlit is a fact to wait for here.
        with serve(home, STREAMLIT_LOGGER_LEVEL="info", **settings) as server:
            yield App(server, emulator)


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Everybody searches, the provider is away, and each visitor has two calls a day. Shared."""
    home = clone(tmp_path_factory.mktemp("open"))
    (home / "images" / "red.png").write_bytes(plain("red", 200, 150))
    with provider() as url:
        write_secrets(home, url)
    with Emulator() as emulator:
        index(home, emulator)
        settings = {**azure(emulator), "OWNERS": OWNER, "VISITOR_CALLS_PER_DAY": "2"}
        with serve(home, **settings) as server:
            yield App(server, emulator)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """visit(app, "/explorer") is a window of a browser of its own; again=page: one more of it."""
    with contextlib.ExitStack() as stack:

        def visit_(
            app: App, path: str = "/", again: Page | None = None, cookies: bool = True
        ) -> Page:
            if again is None:
                context = chromium.new_context(viewport=WIDE)
                stack.callback(context.close)
                if not cookies:
                    # What brings Streamlit's cookie to those who have not signed in.
                    context.route("**/_stcore/health", lambda route: route.fulfill(body="ok"))
            else:
                context = again.context
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.goto(app.url + path)
            return page

        yield visit_


def sign_in(page: Page, address: str) -> None:
    ready(page)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=address).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    ready(page)


def test_an_owner_comes_back_to_the_address_that_they_left_and_manages(
    showcase: App, visit: Visit
) -> None:
    ada = visit(showcase, "/explorer?view=compare&q=red%20boat")
    expect(ada.get_by_text("for those who are invited")).to_be_visible()
    assert ada.get_by_text(NOTHING_OF_IT).count() == 0
    sign_in(ada, OWNER)
    assert ada.url == f"{showcase.url}/explorer?view=compare&q=red+boat"
    ada.get_by_role("link", name="Indexing").click()
    expect(ada.get_by_role("button", name="Start indexing")).to_be_attached()
    expect(ada.get_by_text("answers · 2 calls this month")).to_be_visible()


def test_a_visitor_searches_and_has_one_cap_however_often_the_page_is_opened(
    showcase: App, visit: Visit
) -> None:
    bob = visit(showcase)
    sign_in(bob, VISITOR)
    look_for(bob, "red")
    expect_wall(bob, 2)
    again = visit(showcase, "/?q=blue", again=bob)
    expect(again.get_by_text("Your 1 call to the model of today is used up")).to_be_visible()
    again.goto(f"{showcase.url}/indexing")
    expect(again.get_by_text("This showcase is read-only")).to_be_visible()
    assert again.get_by_text("this month").count() == 0
    assert again.locator('input[type="file"]').count() == 0


@pytest.mark.parametrize(
    ("address", "words"),
    [(STRANGER, "not among those who are invited"), (UNCONFIRMED, "has not confirmed that")],
)
def test_whoever_is_not_invited_is_told_why_and_sees_nothing(
    showcase: App, visit: Visit, address: str, words: str
) -> None:
    eve = visit(showcase, "/?q=red")
    sign_in(eve, address)
    expect(eve.get_by_text(words)).to_be_visible()
    expect(eve.get_by_text(address)).to_be_visible()
    assert eve.get_by_text(NOTHING_OF_IT).count() == 0


def test_who_signs_out_in_one_tab_is_out_in_the_others_at_their_next_step(
    showcase: App, visit: Visit
) -> None:
    ada = visit(showcase)
    sign_in(ada, OWNER)
    other = visit(showcase, "/indexing", again=ada)
    expect(other.get_by_role("button", name="Start indexing")).to_be_attached()
    ada.get_by_role("button", name="Sign out").click()
    ada.get_by_role("button", name="End session").click()
    expect(ada.get_by_role("button", name="Sign in")).to_be_visible()
    ready(other)
    other.get_by_role("link", name="Text search").click()
    expect(other.get_by_text("that sign-in is no longer valid")).to_be_visible()
    assert other.get_by_text(NOTHING_OF_IT).count() == 0


def test_what_was_pressed_before_a_page_ended_is_not_drawn_over_what_stands_there_now(
    showcase: App, visit: Visit
) -> None:
    ada = visit(showcase)
    sign_in(ada, OWNER)
    other = ada.context.new_page()
    held: list[tuple[WebSocketRoute, bytes]] = []

    def connect(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_the_server(message: str | bytes) -> None:
            # What draws a part of the page alone waits until the page is another.
            if isinstance(message, bytes) and BackMsg.FromString(message).rerun_script.fragment_id:
                held.append((server, message))
            else:
                server.send(message)

        socket.on_message(to_the_server)

    other.route_web_socket(re.compile("/_stcore/stream"), connect)
    other.goto(f"{showcase.url}/indexing")
    ready(other)
    expect(other.get_by_role("heading", name="Indexed")).to_be_visible()
    ada.get_by_role("button", name="Sign out").click()
    expect(ada.get_by_role("button", name="End session")).to_be_visible()
    other.get_by_role("button", name="Start indexing").click()
    other.get_by_role("link", name="Text search").click()
    expect(other.get_by_text("that sign-in is no longer valid")).to_be_visible()
    for server, message in held:
        server.send(message)
    other.title()  # an answer of the browser, before which the messages have left
    wait_for(lambda: IS_NO_MORE in showcase.server.log, PATIENCE_MS / 1000)
    assert other.get_by_text(NOTHING_OF_IT).count() == 0


def owners_cookie(app: App, secret: str, issued: float) -> str:
    """As Streamlit writes it for a sign-in at `issued`, in seconds since 1970."""
    claims = {"iss": "x", "sub": OWNER, "email": OWNER, "email_verified": True, "iat": issued}
    told = json.dumps({"is_logged_in": True, "origin": app.url, **claims})
    return create_signed_value(secret, COOKIE, told).decode()


def test_a_cookie_that_is_forged_or_of_an_expired_sign_in_is_nobodys(
    showcase: App, visit: Visit
) -> None:
    now = time.time()
    eve = visit(showcase)
    for value in (
        "eyJlbWFpbCI6ICJhZGEifQ",
        owners_cookie(showcase, "another secret, as long as the true one", now),
        owners_cookie(showcase, COOKIE_SECRET, now - SIGNED_IN_SECONDS - 60),
    ):
        eve.context.add_cookies([{"name": COOKIE, "value": value, "url": showcase.url}])
        eve.reload()
        expect(eve.get_by_text("that sign-in is no longer valid")).to_be_visible()
        assert eve.get_by_text(NOTHING_OF_IT).count() == 0
    own = owners_cookie(showcase, COOKIE_SECRET, now)
    eve.context.add_cookies([{"name": COOKIE, "value": own, "url": showcase.url}])
    eve.reload()
    expect(eve.get_by_role("button", name="Sign out")).to_be_visible()
    assert "Traceback" not in showcase.server.log


def test_a_forged_cookie_takes_nothing_from_what_everybody_may_see(
    open_to_all: App, visit: Visit
) -> None:
    eve = visit(open_to_all)
    forged = owners_cookie(open_to_all, "another secret, as long as the true one", time.time())
    eve.context.add_cookies([{"name": COOKIE, "value": forged, "url": open_to_all.url}])
    eve.goto(f"{open_to_all.url}/?q=red")
    expect_wall(eve, 1)
    expect(eve.get_by_role("button", name="Sign in")).to_be_visible()
    assert eve.get_by_text("this month").count() == 0
    assert "Traceback" not in open_to_all.server.log


def test_axe_finds_nothing_on_the_gate(showcase: App, visit: Visit) -> None:
    page = visit(showcase)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect_no_findings(page)


def test_a_sign_in_that_is_denied_is_said(showcase: App, visit: Visit) -> None:
    bob = visit(showcase, "/?q=red")
    ready(bob)
    bob.get_by_role("button", name="Sign in").click()
    bob.get_by_role("button", name="Deny").click()
    expect(bob.get_by_text("The sign-in was not finished")).to_be_visible()
    sign_in(bob, VISITOR)
    expect_wall(bob, 2)


def test_with_owners_alone_everybody_searches_and_a_provider_that_is_away_is_said(
    open_to_all: App, visit: Visit
) -> None:
    page = visit(open_to_all, "/?q=red")
    expect_wall(page, 1)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The sign-in service does not answer")).to_be_visible()
    page.goto(f"{open_to_all.url}/indexing")
    expect(page.get_by_text("This showcase is read-only")).to_be_visible()
    assert "Traceback" not in open_to_all.server.log


def test_a_browser_without_cookies_searches_as_a_visitor_and_is_told_what_signing_in_needs(
    open_to_all: App, visit: Visit
) -> None:
    bob = visit(open_to_all, cookies=False)
    for text in ("green", "yellow"):
        look_for(bob, text)
        expect(bob.get_by_text("1 picture, most similar first")).to_be_visible()
    look_for(bob, "purple")
    expect(bob.get_by_text("Your 2 calls to the model of today are used up")).to_be_visible()
    bob.get_by_role("button", name="Sign in").click()
    expect(bob.get_by_text("Signing in needs cookies")).to_be_visible()
    assert bob.context.cookies() == []
