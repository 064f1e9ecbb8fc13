"""Refusals that come from Azure's gateway, whichever service stands behind it."""

from __future__ import annotations

from core.embedders.http import Service
from core.embedders.service_words import ServiceWords
from core.errors import EmbedderRefused


def redirected(address: str, service: Service) -> EmbedderRefused:
    return EmbedderRefused(
        f"{address} sends calls on to another address, which is not followed, because the key "
        f"would go there. Set {service.endpoint} to the resource's own endpoint."
    )


def access_refused(status: int, words: ServiceWords, service: Service) -> EmbedderRefused | None:
    """What a status of 401 or 403 says of the network, the sign-in or the role, if it does."""
    if "network" in words.message or "firewall" in words.message:
        return EmbedderRefused(
            "The resource's network rules do not let this computer in. Allow its address on the "
            "resource's page “Networking”."
        )
    if "authentication" in words.message and "disabled" in words.message:
        return EmbedderRefused(
            "This resource does not take keys (local authentication is disabled). Allow them in "
            "the resource's settings, or sign in with Entra ID: install requirements-azure.txt, "
            f"empty {service.key} and start again."
        )
    # With 401, "access denied" is what a wrong key gets.
    lacking = ("access",) if status == 403 else ("lacks the required", "does not have access")
    if "permissiondenied" in words.codes or any(text in words.message for text in lacking):
        return EmbedderRefused(
            "The key is known, but may not make embeddings. Assign the role Cognitive Services "
            "User on the resource, wait 15 minutes, and try again."
        )
    return None


def unforeseen(status: int, words: ServiceWords, service: Service) -> EmbedderRefused:
    return EmbedderRefused(
        f"{service.name} answered with status {status}, which no call should get"
        f"{words.quoted()} Check {service.endpoint}."
    )
