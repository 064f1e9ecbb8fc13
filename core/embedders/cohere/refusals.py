"""What Cohere Embed answers instead of a vector -> a sentence that says what to do.

Cohere's own messages are those of its page "Errors (status codes and description)"; Azure's gateway
in front of it speaks as it does before Azure's other services. Whatever matches nothing is passed
on in the service's own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.embedders.azure_gateway import access_refused, redirected, unforeseen
from core.embedders.http import LONGEST_WINDOW_SECONDS, Request, Service
from core.embedders.pacing import seconds_in_words
from core.embedders.service_words import ServiceWords
from core.errors import EmbedderError, EmbedderRefused, InputRefused

SERVICE = Service("Cohere", endpoint="COHERE_ENDPOINT", key="COHERE_KEY")

KEYS_PAGE = "https://dashboard.cohere.com/api-keys"
BILLING_PAGE = "https://dashboard.cohere.com/billing"


@dataclass(frozen=True)
class Facts:
    """What every call names, and a sentence may. on_foundry: the resource is one of Azure's."""

    model: str
    dimensions: int
    on_foundry: bool


def is_quota(words: ServiceWords, wait: float | None) -> bool:
    """Whether a refusal of status 429 is for a month, as that of a trial key is."""
    monthly = re.search(r"(/|per|a|this) ?month", words.message) is not None
    return monthly or (wait or 0) > LONGEST_WINDOW_SECONDS


def other_dimensions(found: int, facts: Facts) -> EmbedderRefused:
    return EmbedderRefused(
        f"Cohere answered with {found:,} numbers, but {facts.dimensions:,} were asked for, so "
        f"nothing was kept. Set COHERE_DIMENSIONS to what the model {facts.model} gives."
    )


def other_numbers() -> EmbedderRefused:
    return EmbedderRefused(
        "Cohere answered with numbers of another kind than the floats that were asked for, so "
        "nothing was kept. Check that COHERE_ENDPOINT leads to the service itself."
    )


def refusal(
    status: int, words: ServiceWords, wait: float | None, request: Request, facts: Facts
) -> EmbedderError:
    """The final answers, 3xx and 4xx -> the error to raise."""
    if 300 <= status < 400:
        return redirected(request.address, SERVICE)
    if status in (401, 498):  # 498: a key that Cohere has withdrawn
        return access_refused(401, words, SERVICE) or _wrong_key(words, facts)
    if status == 402:
        return EmbedderRefused(
            f"The account may spend no more{words.quoted()} See {BILLING_PAGE}. What is indexed "
            "stays."
        )
    if status == 403:
        return access_refused(403, words, SERVICE) or EmbedderRefused(
            f"Cohere refuses every call with this key{words.quoted()} Look at the key and what it "
            "may be used for."
        )
    if status == 404:
        return _not_found(words, request, facts)
    if status == 429:  # only a quota: what passes within minutes is waited for
        when = f" Cohere takes calls again in {seconds_in_words(wait)}." if wait else ""
        return EmbedderRefused(
            f"The number of calls that this key may make is used up.{when} What is indexed stays; "
            "go on later, or with a key that may make more."
        )
    if status in (400, 413, 415, 422):
        return _bad_request(status, words, request, facts)
    return unforeseen(status, words, SERVICE)


def _wrong_key(words: ServiceWords, facts: Facts) -> EmbedderRefused:
    if "expired" in words.message:
        return EmbedderRefused(f"The key in COHERE_KEY has expired. Make a new one at {KEYS_PAGE}.")
    if facts.on_foundry:
        return EmbedderRefused(
            "Cohere did not accept the key. COHERE_KEY and COHERE_ENDPOINT must be of the same "
            "Azure AI Foundry resource: copy both again from its page “Keys and Endpoint”."
        )
    return EmbedderRefused(
        f"Cohere did not accept the key. Copy COHERE_KEY again from {KEYS_PAGE}, and check "
        "COHERE_ENDPOINT: a key of Azure is for the address of its own resource."
    )


def _not_found(words: ServiceWords, request: Request, facts: Facts) -> EmbedderRefused:
    if "deployment" in words.codes + words.message or "model" in words.message:
        return _wrong_model(facts)
    return EmbedderRefused(
        f"There is nothing at {request.address}. COHERE_ENDPOINT must be the address of an Azure "
        "AI Foundry resource, https://<name>.services.ai.azure.com, or https://api.cohere.com; "
        f"and COHERE_MODEL, {facts.model}, the name of a model there."
    )


def _wrong_model(facts: Facts) -> EmbedderRefused:
    if facts.on_foundry:
        return EmbedderRefused(
            f"This resource has no Cohere Embed deployment of the name {facts.model}. Set "
            "COHERE_MODEL to a name from the resource's page “Deployments”; a new deployment may "
            "take some minutes."
        )
    return EmbedderRefused(
        f"Cohere has no embedding model of the name {facts.model} for this key. Set COHERE_MODEL "
        "to one that it has, like embed-v4.0."
    )


def _bad_request(status: int, words: ServiceWords, request: Request, facts: Facts) -> EmbedderError:
    message = words.message
    if "custom subdomain" in message:
        return EmbedderRefused(
            "Azure wants the resource's own address. Set COHERE_ENDPOINT to "
            "https://<name>.services.ai.azure.com instead of the region's address."
        )
    if "dimension" in message and "image" not in message:
        return EmbedderRefused(
            f"The model {facts.model} gives no vectors of {facts.dimensions:,} numbers. Set "
            "COHERE_DIMENSIONS to a length that it has; Embed 4 has 256, 512, 1024 and 1536."
        )
    if "input_type" in message or re.search(r"images?\b.*\bnot supported", message):
        return EmbedderRefused(
            f"The model {facts.model} does not take pictures as Embed 4 and its successors do. Set "
            "COHERE_MODEL to one of those."
        )
    if re.search(r"\bmodel\b.*\b(not found|not supported|does not exist|unknown)", message):
        return _wrong_model(facts)
    own_words = f" Cohere says: “{words.quote}”" if words.quote else ""
    if request.kind == "text":
        if "too many tokens" in message or "too long" in message:
            return InputRefused("This text is longer than the model reads. Shorten it.")
        return InputRefused(
            f"Cohere does not take this text.{own_words} Try fewer and plainer words."
        )
    if status == 413 or re.search(r"too (large|big)|\b(size|bytes|pixels)\b", message):
        return InputRefused("Cohere does not take a picture of this size. Save it smaller.")
    if re.search(r"decod|format|media type|mime|corrupt|not a valid image", message):
        return InputRefused("Cohere cannot read this picture. Save it again as JPEG or PNG.")
    return InputRefused(f"Cohere does not take this picture.{own_words} Try another copy of it.")
