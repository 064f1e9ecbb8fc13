"""Entra ID: bearer tokens for Azure instead of a key.

Scope and role are those of https://learn.microsoft.com/azure/ai-services/authentication.
"""

from __future__ import annotations

import re

from core.embedders.credentials import Header, bearer
from core.embedders.http import Service
from core.embedders.service_words import ServiceWords
from core.entra import Tokens
from core.errors import EmbedderError, EmbedderRefused, EmbedderUnavailable

SCOPE = "https://cognitiveservices.azure.com/.default"
NOT_INSTALLED = (
    "To sign in to Azure without a key, the package azure-identity is needed: install "
    "requirements-azure.txt and start again."
)

# What Microsoft's sign-in answers (https://learn.microsoft.com/entra/identity-platform/
# reference-error-codes), and what to do about it.
CODES = {
    "AADSTS90002": "The tenant in AZURE_TENANT_ID is not there. Set it to the resource's tenant.",
    "AADSTS900023": "AZURE_TENANT_ID is no tenant. Set it to that of the resource.",
    "AADSTS700016": "The application in AZURE_CLIENT_ID is not in the tenant of AZURE_TENANT_ID. "
    "Check both.",
    "AADSTS7000215": "AZURE_CLIENT_SECRET is wrong: it must be the secret's value, not its id.",
    "AADSTS7000222": "AZURE_CLIENT_SECRET has expired. Make a new one.",
    "AADSTS700024": "The sign-in is refused because of the time. Set this computer's clock.",
}


class EntraSignIn:
    """Tokens of whoever is signed in on this machine, renewed before they end."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tokens = Tokens(SCOPE)

    def secret(self) -> str:
        """Raises EmbedderRefused if nobody is signed in, EmbedderUnavailable without a network."""
        try:
            from azure.core.exceptions import AzureError, ClientAuthenticationError
        except ImportError:
            raise EmbedderRefused(NOT_INSTALLED) from None
        failed: EmbedderError
        try:
            return self._tokens.get()
        except ImportError:
            failed = EmbedderRefused(NOT_INSTALLED)
        except ClientAuthenticationError as error:
            failed = self._not_signed_in(str(error))
        except (AzureError, OSError):
            failed = EmbedderUnavailable(
                "Azure's sign-in cannot be reached. Is this computer online?"
            )
        except ValueError:  # a setting of azure-identity's own is wrong
            failed = EmbedderRefused(
                "An environment variable of Azure's sign-in holds a value that it does not know. "
                "Check those whose names begin with AZURE_."
            )
        # Raised here, not above: the error of the package may hold a request and what it carries.
        raise failed

    def header(self, secret: str) -> Header:
        return bearer(secret)

    def renewed(self, refused: str) -> bool:
        """False: a token that ends soon is never sent, and another would be refused as well."""
        self._tokens.forget(refused)  # the role may come meanwhile
        return False

    def refusal(self, status: int, words: ServiceWords) -> EmbedderError | None:
        message = words.message
        if "tenant" in message and status in (400, 401, 403):
            return EmbedderRefused(
                "The sign-in is of another tenant than the resource. Sign in to that tenant, or "
                "set AZURE_TENANT_ID to it."
            )
        if status == 401 and re.search(r"not yet valid|expired|lifetime", message):
            return EmbedderRefused(
                "Azure does not take the sign-in because of the time. Set this computer's clock."
            )
        if status == 401 or (status == 403 and "permissiondenied" in words.codes):
            return EmbedderRefused(
                "Azure knows the sign-in, but does not let it make embeddings. Assign the role "
                "Cognitive Services User on the resource, wait 15 minutes, and try again. Check "
                f"also that {self._service.endpoint} is the resource's own address."
            )
        return None

    def _not_signed_in(self, said: str) -> EmbedderRefused:
        found = re.search(r"AADSTS\d+", said)
        if found and found[0] in CODES:
            return EmbedderRefused(CODES[found[0]])
        code = f" ({found[0]})" if found else ""
        return EmbedderRefused(
            f"Nobody is signed in to Azure here{code}. Run “az login”, or set AZURE_TENANT_ID, "
            "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use a managed identity; or set "
            f"{self._service.key}."
        )
