"""Who signed in, by what their identity provider says of them."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

# Streamlit's cookie lasts as long; a page that stays open must not last longer.
SIGNED_IN_SECONDS = 30 * 86_400

# Beyond this the oldest are forgotten, some 150 bytes each.
SIGN_OUTS_KEPT = 10_000
PLACES_KEPT = 10_000

# Signing in takes a minute, with a second factor and a new password some more.
PLACE_SECONDS = 900.0


@dataclass(frozen=True)
class Person:
    """One who signed in.

    id: means nothing to anybody else, the same at each sign-in. sign_in: names this sign-in among
    those of the same person. address: in small letters, "" if the provider tells none. confirmed:
    whether it is the person's, as far as the provider knows.
    """

    id: str
    sign_in: str
    address: str
    confirmed: bool

    @property
    def confirmed_address(self) -> str:
        return self.address if self.confirmed else ""

    @property
    def refusal(self) -> str:
        """Why nobody can be told by this sign-in, a sentence; "" if somebody can."""
        if not self.address:
            return "The sign-in service does not tell your e-mail address, so you are not known."
        if not self.confirmed:
            return (
                f"The sign-in service has not confirmed that {self.address} is yours, so it does "
                "not count. Confirm the address there, then sign out and in again."
            )
        return ""


def person_of(
    claims: Mapping[str, object], metadata_urls: Iterable[str], now: float | None = None
) -> Person | None:
    """Who these claims of a valid cookie are of; None for nobody, and for too old a sign-in.

    metadata_urls: where the providers were found. now: seconds since 1970.
    """
    if claims.get("is_logged_in") is not True:
        return None
    issuer, subject = (str(claims.get(name) or "") for name in ("iss", "sub"))
    issued = claims.get("iat")
    if not subject or not isinstance(issued, int | float):
        return None
    if (time.time() if now is None else now) - issued > SIGNED_IN_SECONDS:
        return None
    address = str(claims.get("email") or "").strip().lower()
    return Person(
        _digest(issuer, subject),
        _digest(issuer, subject, str(issued)),
        address if re.fullmatch(r"[^@\s]+@[^@\s]+", address) else "",
        _is_confirmed(claims, metadata_urls),
    )


def _is_confirmed(claims: Mapping[str, object], metadata_urls: Iterable[str]) -> bool:
    said = claims.get("email_verified")
    if said is not None:
        return said is True or said == "true"
    # Microsoft's tokens lack the claim. The addresses of one tenant are its administrator's to
    # give; where any tenant may sign in, anybody can take any address.
    tenant = claims.get("tid")
    return isinstance(tenant, str) and any(f"/{tenant}/" in url for url in metadata_urls if tenant)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class SignOuts:
    """The sign-ins that were ended. Safe to use from many threads.

    A page reads its cookie when it is opened: without this, a page that is open in another tab
    stays signed in when its person signs out, and so does whoever has a copy of the cookie.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def end(self, person: Person) -> None:
        with self._guard:
            self._ended[person.sign_in] = None
            if len(self._ended) > SIGN_OUTS_KEPT:
                self._ended.popitem(last=False)

    def is_over(self, person: Person) -> bool:
        with self._guard:
            return person.sign_in in self._ended


@dataclass(frozen=True)
class Place:
    """A page, as `st.switch_page` takes it, and its query as pairs."""

    page: str
    query: tuple[tuple[str, str], ...]


class Places:
    """Where each browser was when it left to sign in: the way back leads to the first page alone.

    browser: anything that the browser shows again when it comes back. Safe to use from many
    threads. clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._left: OrderedDict[str, tuple[float, Place]] = OrderedDict()

    def leave(self, browser: str, place: Place) -> None:
        with self._guard:
            self._left[_digest(browser)] = (self._clock(), place)
            self._left.move_to_end(_digest(browser))
            if len(self._left) > PLACES_KEPT:
                self._left.popitem(last=False)

    def is_away(self, browser: str) -> bool:
        """Whether this browser left to sign in, and has not come back so far."""
        with self._guard:
            since, _ = self._left.get(_digest(browser), (-PLACE_SECONDS, None))
            return self._clock() - since < PLACE_SECONDS

    def come_back(self, browser: str) -> Place | None:
        """Where it was, said once; None if it did not leave, or too long ago."""
        is_away = self.is_away(browser)
        with self._guard:
            _, place = self._left.pop(_digest(browser), (0.0, None))
            return place if is_away else None
