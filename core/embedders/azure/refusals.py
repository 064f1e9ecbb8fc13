"""What Azure AI Vision answers instead of a vector -> a sentence that says what to do.

The messages matched here were seen in public code and issues, or are documented; where the
wording for embeddings is not known, that of the sibling operations is taken. Whatever matches
nothing is passed on in the service's own words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from core.embedders.pacing import seconds_in_words
from core.errors import EmbedderError, EmbedderRefused, InputRefused

Kind = Literal["image", "text", "link"]

# Documented in 2025-09 and again in a 2026 copy of the same page:
# https://learn.microsoft.com/azure/ai-services/computer-vision/overview-image-analysis
REGIONS = (
    "East US, West US, West US 2, France Central, North Europe, West Europe, Sweden Central, "
    "Switzerland North, Australia East, Southeast Asia, Korea Central, Japan East"
)
CURRENT_API_VERSION = "2024-02-01"
CURRENT_MODEL_VERSION = "2023-04-15"
# Long enough for every message seen, short enough for a status line.
LONGEST_QUOTE = 240


@dataclass(frozen=True)
class RequestFacts:
    """What the call was, as far as a sentence may name it; the key is here only to be left out."""

    kind: Kind
    address: str
    api_version: str
    model_version: str
    key: str

    def __repr__(self) -> str:
        return f"RequestFacts({self.kind}, {self.address})"


@dataclass(frozen=True)
class ServiceWords:
    """The service's own words: whole for matching, cleaned for quoting."""

    codes: str
    message: str
    quote: str


def read_error(body: bytes, header_code: str, key: str) -> ServiceWords:
    """Take code and message out of an error body, if it is one.

    A quote is one line of printable text without the key; empty where the answer was not JSON.
    """
    codes, messages = [header_code], []
    try:
        part = json.loads(body)
    except (ValueError, RecursionError):
        part = None
    if isinstance(part, dict) and isinstance(part.get("error"), dict):
        part = part["error"]
    for _ in range(4):  # innererror inside innererror; deeper says nothing new
        if not isinstance(part, dict):
            break
        codes.append(str(part.get("code") or ""))
        messages.append(str(part.get("message") or ""))
        part = part.get("innererror")
    message = next((text for text in messages if text), "")
    quote = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    if key and key.lower() in quote.lower():
        quote = ""
    if len(quote) > LONGEST_QUOTE:
        quote = quote[: LONGEST_QUOTE - 1].rstrip() + "…"
    return ServiceWords(" ".join(codes).lower(), " ".join(messages).lower(), quote)


def retry_after(header: str | None, message: str) -> float | None:
    """Seconds that the service asks to wait, from the header or the words; None if it does not."""
    if header and re.fullmatch(r"\d{1,9}(\.\d+)?", header.strip(), re.ASCII):
        return float(header)
    found = re.search(r"retry after (\d{1,9}) (second|minute|hour|day)", message, re.ASCII | re.I)
    if not found:
        return None
    sizes = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
    return float(int(found[1]) * sizes[found[2].lower()])


def refusal(
    status: int, service_words: ServiceWords, wait: float | None, request: RequestFacts
) -> EmbedderError:
    """The final answers, 3xx and 4xx -> the error to raise."""
    if 300 <= status < 400:
        return EmbedderRefused(
            f"{request.address} sends calls on to another address, which is not followed, because "
            "the key would go there. Set VISION_ENDPOINT to the resource's own endpoint."
        )
    if status == 410 or "gone" in service_words.codes.split():
        if request.api_version == CURRENT_API_VERSION:
            advice = "This program knows no newer one: look for a newer Vectorscope."
        else:
            advice = f"Set VISION_API_VERSION to {CURRENT_API_VERSION}."
        return EmbedderRefused(f"Azure has retired the API version {request.api_version}. {advice}")
    if status == 401:
        return _unauthorised(service_words)
    if status in (403, 429):  # 429 only with a wait of hours or days: a quota by another name
        return _forbidden(service_words, wait)
    if status == 404:
        return EmbedderRefused(
            f"Azure knows nothing at {request.address} with API version {request.api_version}. "
            "Check that VISION_ENDPOINT is that of a Computer Vision or Azure AI Services "
            f"resource, that VISION_API_VERSION is {CURRENT_API_VERSION}, and that the resource is "
            f"in one of the regions with picture embeddings: {REGIONS}."
        )
    if status in (400, 413, 415):
        return _bad_request(status, service_words, request)
    return EmbedderRefused(
        f"Azure answered with status {status}, which no call should get"
        + (f": “{service_words.quote}”" if service_words.quote else ".")
        + " Check VISION_ENDPOINT."
    )


def _unauthorised(service_words: ServiceWords) -> EmbedderRefused:
    if "subscription key and pricing tier" in service_words.message:
        tier = re.search(r"pricing tier ([\w.]{1,40})", service_words.quote)
        of = f" ({tier[1].rstrip('.')})" if tier else ""
        return EmbedderRefused(
            f"VISION_KEY belongs to another kind of resource{of}, which has no picture embeddings. "
            "Take key and endpoint from a Computer Vision or Azure AI Services resource."
        )
    if (
        "lacks the required" in service_words.message
        or "does not have access" in service_words.message
    ):
        return _no_role()
    return EmbedderRefused(
        "Azure did not accept the key. VISION_KEY and VISION_ENDPOINT must be of the same "
        "resource: copy both again from its page “Keys and Endpoint”."
    )


def _forbidden(service_words: ServiceWords, wait: float | None) -> EmbedderRefused:
    if "quota" in service_words.message or (wait is not None and wait > 3600):
        when = f" Azure takes calls again in {seconds_in_words(wait)}." if wait else ""
        return EmbedderRefused(
            f"The number of calls that this resource may make in a month is used up.{when} What is "
            "indexed stays; go on then, or switch the resource to a paid tier."
        )
    if "network" in service_words.message or "firewall" in service_words.message:
        return EmbedderRefused(
            "The resource's network rules do not let this computer in. Allow its address on the "
            "resource's page “Networking”."
        )
    if "authentication" in service_words.message and "disabled" in service_words.message:
        return EmbedderRefused(
            "This resource does not take keys (local authentication is disabled). Allow them in "
            "the resource's settings, or use another resource."
        )
    if "permissiondenied" in service_words.codes or "access" in service_words.message:
        return _no_role()
    return EmbedderRefused(
        "Azure refuses every call of this resource"
        + (f": “{service_words.quote}”" if service_words.quote else ".")
        + " Look at the resource in the Azure portal."
    )


def _no_role() -> EmbedderRefused:
    return EmbedderRefused(
        "The key is known, but may not make embeddings. Assign the role Cognitive Services User on "
        "the resource, wait 15 minutes, and try again."
    )


def _bad_request(status: int, service_words: ServiceWords, request: RequestFacts) -> EmbedderError:
    words = service_words.message
    if "custom subdomain" in words:
        return EmbedderRefused(
            "Azure wants the resource's own address. Set VISION_ENDPOINT to "
            "https://<name>.cognitiveservices.azure.com instead of the region's address."
        )
    if "region" in words:
        return EmbedderRefused(
            "The region of this resource has no picture embeddings. Create a resource in one of "
            f"these: {REGIONS}. A resource cannot be moved."
        )
    if "model" in words and "version" in words:
        return EmbedderRefused(
            f"Azure does not know the model version {request.model_version}. "
            f"Set VISION_MODEL_VERSION to {CURRENT_MODEL_VERSION}."
        )
    if "api" in words and "version" in words:
        return EmbedderRefused(
            f"Azure does not take the API version {request.api_version}. "
            f"Set VISION_API_VERSION to {CURRENT_API_VERSION}."
        )
    own_words = f" Azure says: “{service_words.quote}”" if service_words.quote else ""
    if request.kind == "link":
        if ("url" in words and "accessible" in words) or "invalidimageurl" in service_words.codes:
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
    if status == 413 or "size" in words or "dimension" in words:
        return InputRefused(
            "Azure does not take a picture of this size. It must have at most 20,971,520 bytes and "
            "sides of 11 to 15,999 pixels: save it smaller."
        )
    if "format" in words or "content type" in words or "invalidimageformat" in service_words.codes:
        return InputRefused("Azure cannot read this picture. Save it again as JPEG or PNG.")
    return InputRefused(f"Azure does not take this picture.{own_words} Try another copy of it.")
