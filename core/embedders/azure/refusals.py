"""What Azure AI Vision answers instead of a vector -> a sentence that says what to do.

The messages matched here were seen in public code and issues, or are documented; where the
wording for embeddings is not known, that of the sibling operations is taken. Whatever matches
nothing is passed on in the service's own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.embedders.azure_gateway import access_refused, redirected, unforeseen
from core.embedders.http import Request, Service
from core.embedders.pacing import seconds_in_words
from core.embedders.service_words import ServiceWords
from core.errors import EmbedderError, EmbedderRefused, InputRefused

SERVICE = Service("Azure", endpoint="VISION_ENDPOINT", key="VISION_KEY")

# Documented in 2025-09 and again in a 2026 copy of the same page:
# https://learn.microsoft.com/azure/ai-services/computer-vision/overview-image-analysis
REGIONS = (
    "East US, West US, West US 2, France Central, North Europe, West Europe, Sweden Central, "
    "Switzerland North, Australia East, Southeast Asia, Korea Central, Japan East"
)
CURRENT_API_VERSION = "2024-02-01"
CURRENT_MODEL_VERSION = "2023-04-15"


@dataclass(frozen=True)
class Versions:
    """What every call names, and a sentence may."""

    api: str
    model: str


def refusal(
    status: int,
    words: ServiceWords,
    wait: float | None,
    request: Request,
    versions: Versions,
) -> EmbedderError:
    """The final answers, 3xx and 4xx -> the error to raise."""
    if 300 <= status < 400:
        return redirected(request.address, SERVICE)
    if status == 410 or "gone" in words.codes.split():
        if versions.api == CURRENT_API_VERSION:
            advice = "This program knows no newer one: look for a newer Vectorscope."
        else:
            advice = f"Set VISION_API_VERSION to {CURRENT_API_VERSION}."
        return EmbedderRefused(f"Azure has retired the API version {versions.api}. {advice}")
    if status == 401:
        return _unauthorised(words)
    if status in (403, 429):  # 429 only with a wait of hours or days: a quota by another name
        return _forbidden(words, wait)
    if status == 404:
        return EmbedderRefused(
            f"Azure knows nothing at {request.address} with API version {versions.api}. "
            "Check that VISION_ENDPOINT is that of a Computer Vision or Azure AI Services "
            f"resource, that VISION_API_VERSION is {CURRENT_API_VERSION}, and that the resource is "
            f"in one of the regions with picture embeddings: {REGIONS}."
        )
    if status in (400, 413, 415):
        return _bad_request(status, words, request, versions)
    return unforeseen(status, words, SERVICE)


def _unauthorised(words: ServiceWords) -> EmbedderRefused:
    if "subscription key and pricing tier" in words.message:
        tier = re.search(r"pricing tier ([\w.]{1,40})", words.quote)
        of = f" ({tier[1].rstrip('.')})" if tier else ""
        return EmbedderRefused(
            f"VISION_KEY belongs to another kind of resource{of}, which has no picture embeddings. "
            "Take key and endpoint from a Computer Vision or Azure AI Services resource."
        )
    return access_refused(401, words, SERVICE) or EmbedderRefused(
        "Azure did not accept the key. VISION_KEY and VISION_ENDPOINT must be of the same "
        "resource: copy both again from its page “Keys and Endpoint”."
    )


def _forbidden(words: ServiceWords, wait: float | None) -> EmbedderRefused:
    if "quota" in words.message or (wait is not None and wait > 3600):
        when = f" Azure takes calls again in {seconds_in_words(wait)}." if wait else ""
        return EmbedderRefused(
            f"The number of calls that this resource may make in a month is used up.{when} What is "
            "indexed stays; go on then, or switch the resource to a paid tier."
        )
    if refused := access_refused(403, words, SERVICE):
        return refused
    return EmbedderRefused(
        f"Azure refuses every call of this resource{words.quoted()} Look at the resource in the "
        "Azure portal."
    )


def _bad_request(
    status: int, words: ServiceWords, request: Request, versions: Versions
) -> EmbedderError:
    message = words.message
    if "custom subdomain" in message:
        return EmbedderRefused(
            "Azure wants the resource's own address. Set VISION_ENDPOINT to "
            "https://<name>.cognitiveservices.azure.com instead of the region's address."
        )
    if "region" in message:
        return EmbedderRefused(
            "The region of this resource has no picture embeddings. Create a resource in one of "
            f"these: {REGIONS}. A resource cannot be moved."
        )
    if "model" in message and "version" in message:
        return EmbedderRefused(
            f"Azure does not know the model version {versions.model}. "
            f"Set VISION_MODEL_VERSION to {CURRENT_MODEL_VERSION}."
        )
    if "api" in message and "version" in message:
        return EmbedderRefused(
            f"Azure does not take the API version {versions.api}. "
            f"Set VISION_API_VERSION to {CURRENT_API_VERSION}."
        )
    own_words = f" Azure says: “{words.quote}”" if words.quote else ""
    if request.kind == "link":
        if ("url" in message and "accessible" in message) or "invalidimageurl" in words.codes:
            return InputRefused(
                "Azure cannot fetch this link: it must lead to a picture that anybody may load. "
                "Download the picture and upload it instead."
            )
        return InputRefused(
            f"Azure cannot use the picture behind this link.{own_words} Download the picture and "
            "upload it instead."
        )
    if request.kind == "text":
        return InputRefused(
            f"Azure does not take this text.{own_words} Try fewer and plainer words."
        )
    if status == 413 or "size" in message or "dimension" in message:
        return InputRefused(
            "Azure does not take a picture of this size. It must have at most 20,971,520 bytes and "
            "sides of 11 to 15,999 pixels: save it smaller."
        )
    if "format" in message or "content type" in message or "invalidimageformat" in words.codes:
        return InputRefused("Azure cannot read this picture. Save it again as JPEG or PNG.")
    return InputRefused(f"Azure does not take this picture.{own_words} Try another copy of it.")
