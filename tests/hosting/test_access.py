"""core.hosting.access and core.hosting.people: who somebody is, and what they may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import NotAllowed
from core.hosting import Access, Person, Place, Places, SignOuts, access_for, person_of
from core.hosting.people import PLACE_SECONDS, SIGNED_IN_SECONDS
from core.settings import Settings, load_settings

NOW = 1_795_780_800

CLAIMS: dict[str, object] = {
    "is_logged_in": True,
    "iss": "https://id.example.com",
    "sub": "4711",
    "iat": NOW - 60,
    "email": "Ada@Example.com",
    "email_verified": True,
}

TENANT = "5f1c7e0a-0000-4000-8000-0123456789ab"
OF_ONE_TENANT = f"https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration"
OF_ANY_TENANT = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"


def who(url: str = "", **claims: object) -> Person | None:
    return person_of({**CLAIMS, **claims}, [url] if url else [], NOW)


def access(person: Person | None = None, **settings: str) -> Access:
    return access_for(load_settings(settings, root=Path()), person)


def test_whoever_opens_the_app_may_manage_it() -> None:
    access_for(Settings()).require_manage()


def test_a_visitor_of_a_read_only_showcase_is_refused_with_a_sentence() -> None:
    access = access_for(Settings(read_only=True))
    assert not access.may_manage
    with pytest.raises(NotAllowed, match=r"read-only.*\.$"):
        access.require_manage()


def test_owners_are_known_however_their_addresses_are_written() -> None:
    given = "  bob@example.com ,ADA@example.COM;"
    assert access(who(), OWNERS=given, READ_ONLY="1").may_manage
    assert not access(who(email="eve@example.com"), OWNERS=given).may_manage
    assert not access(None, OWNERS=given).may_manage
    assert access(None, OWNERS=given).may_enter


@pytest.mark.parametrize("visitors", ["ada@example.com", "example.com", "@Example.com, x@y.org"])
def test_a_closed_showcase_lets_in_whom_its_list_names_and_owners(visitors: str) -> None:
    ada = access(who(), VISITORS=visitors, OWNERS="owner@home.org")
    assert (ada.may_enter, ada.may_manage) == (True, False)
    assert access(who(email="owner@home.org"), VISITORS=visitors, OWNERS="owner@home.org").may_enter


@pytest.mark.parametrize(
    "address", ["eve@example.com.evil.org", "eve@sub.example.com", "example.com", "a@b@example.com"]
)
def test_an_address_that_only_looks_like_an_invited_one_stays_outside(address: str) -> None:
    eve = access(who(email=address), VISITORS="example.com")
    assert not eve.may_enter
    assert eve.refusal.endswith(".")


def test_without_a_sign_in_a_closed_showcase_says_what_to_do() -> None:
    assert access(None, VISITORS="example.com").refusal.endswith("sign in to see it.")


@pytest.mark.parametrize("said", [False, "false", "yes", 1, None])
def test_an_address_that_is_not_confirmed_does_not_count(said: object) -> None:
    eve = who(email_verified=said)
    assert eve is not None
    found = access(eve, OWNERS="ada@example.com", VISITORS="example.com")
    assert not (found.may_manage or found.may_enter)
    assert "has not confirmed that ada@example.com is yours" in found.refusal


def test_an_address_that_nothing_is_said_of_counts_for_a_pinned_tenant_alone() -> None:
    without = {name: value for name, value in CLAIMS.items() if name != "email_verified"}

    def counts(url: str, **claims: object) -> bool:
        person = person_of({**without, **claims}, [url], NOW)
        return person is not None and person.confirmed

    assert counts(OF_ONE_TENANT, tid=TENANT)
    assert not counts(OF_ANY_TENANT, tid=TENANT)
    assert not counts(OF_ONE_TENANT, tid="")
    assert not counts(OF_ONE_TENANT)
    assert not counts(OF_ONE_TENANT, tid=TENANT, email_verified=False)


def test_who_has_no_address_is_told_so() -> None:
    assert "does not tell your e-mail" in access(who(email=None), VISITORS="example.com").refusal


@pytest.mark.parametrize(
    "claims",
    [
        {"is_logged_in": False},
        {"is_logged_in": "true"},
        {"sub": ""},
        {"iat": None},
        {"iat": NOW - SIGNED_IN_SECONDS - 1},
    ],
)
def test_claims_of_nobody_and_of_long_ago_are_nobodys(claims: dict[str, object]) -> None:
    assert who(**claims) is None


def test_a_person_has_one_name_at_every_sign_in_that_tells_nothing_of_them() -> None:
    first, second, other = who(), who(iat=NOW), who(sub="4712")
    assert first and second and other
    assert first.id == second.id != other.id
    assert first.sign_in != second.sign_in
    assert "4711" not in first.id


def test_a_sign_in_that_was_ended_is_over_and_the_next_is_not() -> None:
    outs = SignOuts()
    first, second = who(), who(iat=NOW)
    assert first and second
    outs.end(first)
    assert (outs.is_over(first), outs.is_over(second)) == (True, False)


def test_a_browser_comes_back_once_to_where_it_was_and_not_too_late() -> None:
    now = [0.0]
    places, place = Places(lambda: now[0]), Place("explorer", (("view", "map"),))
    places.leave("one", place)
    assert (places.is_away("one"), places.is_away("two")) == (True, False)
    assert (places.come_back("two"), places.come_back("one")) == (None, place)
    assert places.come_back("one") is None
    places.leave("one", place)
    now[0] += PLACE_SECONDS
    assert not places.is_away("one")
    assert places.come_back("one") is None
