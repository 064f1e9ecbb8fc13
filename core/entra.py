"""Tokens of whoever is signed in to Azure on this machine (Entra ID), through azure-identity.

The package is an extra (requirements-azure.txt), imported with the first token: that takes a sixth
of a second. Its DefaultAzureCredential tries the environment, a managed identity, the command line
tools and more; AZURE_TOKEN_CREDENTIALS narrows that down.
"""

from __future__ import annotations

import threading
import time
from typing import Any

# A token lives for an hour or more. One that ends while it is under way is refused.
RENEW_SECONDS = 300.0


class Tokens:
    """Tokens for one kind of service, renewed before they end. Safe between threads.

    scope: what they are good for, as Microsoft names it.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._guard = threading.Lock()
        self._credential: Any = None
        self._token = ""
        self._ends = 0.0  # seconds since the epoch

    def get(self) -> str:
        """Raises ImportError without the package, and its errors where nobody is signed in."""
        with self._guard:
            if time.time() > self._ends - RENEW_SECONDS:
                from azure.identity import DefaultAzureCredential

                if self._credential is None:
                    self._credential = DefaultAzureCredential()
                token = self._credential.get_token(self._scope)
                self._token, self._ends = str(token.token), float(token.expires_on)
            return self._token

    def forget(self, token: str) -> None:
        """Ask anew the next time, if this is the token that was given last."""
        with self._guard:
            if self._token == token:
                self._ends = 0.0
