"""What a call is allowed by: a key in a header of its own, or a sign-in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from core.embedders.service_words import ServiceWords
from core.errors import EmbedderError

Header = tuple[str, str]
"""Name and value of the one header that carries the secret."""

FreshKey = Callable[[], str]
"""The key as the person's settings have it now; "" if they have none for the same address."""


class Credential(Protocol):
    """Gives the secret of each call. Safe to use from several threads."""

    def secret(self) -> str:
        """What to send now. It may take seconds, and may raise an EmbedderError."""

    def header(self, secret: str) -> Header: ...

    def renewed(self, refused: str) -> bool:
        """Whether there is another secret to try, now that the service has refused this one."""

    def refusal(self, status: int, words: ServiceWords) -> EmbedderError | None:
        """What a refusal means for this way of being let in; None if nothing of its own."""


class Key:
    """A key of the person's own; one that is refused is looked up again, as it may be replaced."""

    def __init__(
        self, key: str, header: Callable[[str], Header], fresh: FreshKey | None = None
    ) -> None:
        self._key = key
        self._header = header
        self._fresh = fresh
        self._guard = threading.Lock()

    def secret(self) -> str:
        return self._key

    def header(self, secret: str) -> Header:
        return self._header(secret)

    def renewed(self, refused: str) -> bool:
        with self._guard:
            if self._key == refused and self._fresh is not None:
                fresh = self._fresh()
                if fresh and is_sendable(fresh):
                    self._key = fresh
            return self._key != refused

    def refusal(self, status: int, words: ServiceWords) -> EmbedderError | None:
        return None


def bearer(secret: str) -> Header:
    return "Authorization", f"Bearer {secret}"


def is_sendable(key: str) -> bool:
    """False for what no key is, and what http.client would print in its error."""
    return key.isascii() and key.isprintable() and " " not in key
