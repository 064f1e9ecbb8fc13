"""What a call is allowed by: a key in a header of its own, or a bearer token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Header = tuple[str, str]
"""Name and value of the one header that carries the secret."""


class Credential(Protocol):
    """Gives the secret of each call. Safe to use from several threads."""

    def secret(self) -> str:
        """What to send now. It may take seconds, and may raise an EmbedderError."""

    def header(self, secret: str) -> Header: ...


class Key:
    """A key of the person's own."""

    def __init__(self, key: str, header: Callable[[str], Header]) -> None:
        self._key = key
        self._header = header

    def secret(self) -> str:
        return self._key

    def header(self, secret: str) -> Header:
        return self._header(secret)


def bearer(secret: str) -> Header:
    return "Authorization", f"Bearer {secret}"


def is_sendable(key: str) -> bool:
    """False for what no key is, and what http.client would print in its error."""
    return key.isascii() and key.isprintable() and " " not in key
