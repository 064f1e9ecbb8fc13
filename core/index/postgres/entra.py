"""An Entra ID token as the password of Azure Database for PostgreSQL."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from typing import Protocol

from core.errors import IndexUnavailable

# The servers at Azure, in its public and its national clouds.
HOSTS = (
    ".postgres.database.azure.com",
    ".postgres.database.usgovcloudapi.net",
    ".postgres.database.chinacloudapi.cn",
)

# Source: learn.microsoft.com, "Microsoft Entra authentication", Azure Database for PostgreSQL.
SCOPE = "https://ossrdbms-aad.database.windows.net/.default"

# A token lasts an hour or more, and is looked at only when a connection is made.
RENEWED_BEFORE_SECONDS = 300.0

NO_PACKAGE = (
    "POSTGRES_PASSWORD is not set: set it or, to sign in with Entra ID, run pip install -r "
    "requirements-azure.txt."
)
NO_TOKEN = (
    "Entra ID gives no token for the database: sign in with az login, give this host a managed "
    "identity, or set POSTGRES_PASSWORD."
)


class Token(Protocol):
    """token: what is sent. expires_on: seconds since 1970."""

    token: str
    expires_on: int


class Credential(Protocol):
    """A way to sign in, as azure-identity has many."""

    def get_token(self, *scopes: str) -> Token: ...


class Tokens:
    """Asks for a token, and for another one when the last is about to end. Safe between threads."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._guard = threading.Lock()
        self._last: Token | None = None

    def get(self) -> str:
        """Raises IndexUnavailable."""
        with self._guard:
            if self._last is None or self._last.expires_on - time.time() < RENEWED_BEFORE_SECONDS:
                try:
                    self._last = self._credential.get_token(SCOPE)
                except Exception as error:  # each way to sign in has errors of its own
                    raise IndexUnavailable(NO_TOKEN) from error
            return self._last.token


def token() -> str:
    """A token that is good for a new connection. Raises IndexUnavailable."""
    return _tokens().get()


@lru_cache(maxsize=1)
def _tokens() -> Tokens:
    try:
        # Only here: it is an extra, and takes a sixth of a second to import.
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise IndexUnavailable(NO_PACKAGE) from error
    return Tokens(DefaultAzureCredential())
