"""Signing in and out with Streamlit's own `st.login`, and the gate of a closed showcase."""

from __future__ import annotations

import itertools

import requests
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.hosting import Place, Places
from core.settings import Provider, Settings
from ui.literal import literal
from ui.page_over import end_page
from ui.style import apply_style
from ui.visitor import access_of, end_sign_in, signed_in

# Two cookies of Streamlit's: one that every browser has, and the one of those who signed in.
BROWSER_COOKIE = "_streamlit_xsrf"
PERSON_COOKIE = "_streamlit_user"

# The provider is asked before a browser is sent to it: where it is away, Streamlit's answer is a
# bare page without a way back.
PROVIDER_SECONDS = 5.0

NO_COOKIES = "Signing in needs cookies, and this browser sends none. Allow them for this page."
AWAY = "The sign-in service does not answer. Please try again later."
NOT_DONE = "The sign-in was not finished. Please try again."
EXPIRED = "You were signed in once; that sign-in is no longer valid. Please sign in again."

PROBLEM = "sign-in-problem"

_places = Places()


def gate(settings: Settings, page: StreamlitPage) -> None:
    """Before any page: back to where a browser left to sign in, or no further than here."""
    st.session_state["page-now"] = page.url_path
    if settings.owners is None and settings.visitors is None:
        return
    person, browser = signed_in(settings), _browser()
    if person is not None and (place := _places.come_back(browser)):
        _go(place, page)
    if PROBLEM not in st.session_state and person is None and "arrived" not in st.session_state:
        # The session after a sign-in that went wrong is a new one, on the first page.
        at_start = not page.url_path and not st.query_params
        if at_start and browser and _places.is_away(browser):
            st.session_state[PROBLEM] = NOT_DONE
    st.session_state["arrived"] = True
    access = access_of(settings)
    if access.may_enter:
        return
    apply_style()
    st.title("Vectorscope", anchor=False)
    for problem in settings.problems:
        st.warning(problem, icon=":material/error:")
    words = access.refusal
    if person is None and st.context.cookies.get(PERSON_COOKIE):
        words = EXPIRED
    st.info(literal(words, 400), icon=":material/lock:")
    account(settings)
    end_page()


def account(settings: Settings) -> None:
    """The buttons to sign in or out, and what went wrong; nothing where nobody can sign in."""
    person = signed_in(settings)
    if person is not None:
        refusal = f" {person.refusal}" if person.refusal else ""
        st.button(
            "Sign out",
            key="sign-out",
            type="tertiary",
            icon=":material/logout:",
            help=literal(f"Signed in as {person.address or 'somebody'}.{refusal}", 400),
            on_click=_sign_out,
            args=(settings,),
        )
        return
    if problem := st.session_state.get(PROBLEM):
        st.warning(problem, icon=":material/no_accounts:")
    for provider in settings.providers:
        several = len(settings.providers) > 1 and provider.name
        st.button(
            f"Sign in with {literal(provider.name, 40)}" if several else "Sign in",
            key=f"sign-in-{provider.name}",
            type="tertiary",
            icon=":material/login:",
            on_click=_sign_in,
            args=(provider,),
        )


def _sign_in(provider: Provider) -> None:
    st.session_state.pop(PROBLEM, None)
    browser = _browser()
    if not browser:
        st.session_state[PROBLEM] = NO_COOKIES
    elif not _answers(provider):
        st.session_state[PROBLEM] = AWAY
    else:
        query = tuple((key, one) for key in st.query_params for one in st.query_params.get_all(key))
        _places.leave(browser, Place(st.session_state.get("page-now", ""), query))
        st.login(provider.name or None)


def _sign_out(settings: Settings) -> None:
    if person := signed_in(settings):
        end_sign_in(person)
    st.logout()


def _answers(provider: Provider) -> bool:
    try:
        with requests.get(provider.metadata_url, timeout=PROVIDER_SECONDS, stream=True) as answer:
            return answer.ok
    except requests.RequestException:
        return False


def _browser() -> str:
    """What this browser shows whenever it comes; "" for one without cookies.

    The token of Streamlit's cookie against forged requests: "2|mask|masked token|time", the mask
    another one at each visit.
    """
    cookie = str(st.context.cookies.get(BROWSER_COOKIE) or "").strip("\"'")
    try:
        _, mask, masked, _ = cookie.split("|")
        pairs = zip(bytes.fromhex(masked), itertools.cycle(bytes.fromhex(mask)), strict=False)
        return bytes(one ^ other for one, other in pairs).hex()
    except ValueError:
        return ""


def _go(place: Place, page: StreamlitPage) -> None:
    if place.page != page.url_path:
        st.switch_page(f"pages/{place.page}.py", query_params=place.query)
    if place.query:
        st.query_params.from_dict(_lists(place.query))


def _lists(query: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in query:
        found.setdefault(key, []).append(value)
    return found
