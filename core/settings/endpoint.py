"""The address of a service, as people paste it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_KEYS_PAGE = "the portal's own address; the endpoint is on the resource's page “Keys and Endpoint”"
_COHERES_PAGES = "a site for people; the address for programs is https://api.cohere.com"


@dataclass(frozen=True)
class Endpoint:
    """A setting that holds an address.

    example: what a right one looks like. not_these: hosts, or with a dot their endings, that people
    paste by mistake, each with what it is instead.
    """

    setting: str
    example: str
    not_these: Mapping[str, str]


VISION = Endpoint(
    "VISION_ENDPOINT",
    "https://<name>.cognitiveservices.azure.com",
    {
        ".openai.azure.com": "an Azure OpenAI address; picture embeddings need a Computer Vision "
        "or Azure AI Services resource",
        ".cohere.com": "Cohere's address; that belongs into COHERE_ENDPOINT",
        "portal.azure.com": _KEYS_PAGE,
        "ai.azure.com": _KEYS_PAGE,
    },
)
COHERE = Endpoint(
    "COHERE_ENDPOINT",
    "https://<name>.services.ai.azure.com",
    {
        ".cognitiveservices.azure.com": "an address of Azure AI Vision; Cohere Embed answers at "
        "that of an Azure AI Foundry resource",
        ".api.cognitive.microsoft.com": "a region's address; Cohere Embed answers at that of an "
        "Azure AI Foundry resource",
        ".openai.azure.com": "an Azure OpenAI address; Cohere Embed answers at that of an Azure AI "
        "Foundry resource",
        ".models.ai.azure.com": "the address of a serverless deployment, whose way of being called "
        "is being retired; deploy the model in an Azure AI Foundry resource",
        "portal.azure.com": _KEYS_PAGE,
        "ai.azure.com": _KEYS_PAGE,
        "cohere.com": _COHERES_PAGES,
        "www.cohere.com": _COHERES_PAGES,
        "dashboard.cohere.com": _COHERES_PAGES,
        "docs.cohere.com": _COHERES_PAGES,
    },
)

# Where the operation lies: in an Azure AI Foundry resource, and at Cohere itself. Sources: the
# notebooks of cohere-ai/cohere-azure-workshops, and cohere-openapi.yaml in
# cohere-ai/cohere-developer-experience.
ON_FOUNDRY = "/providers/cohere/v2/embed"
AT_COHERE = "/v2/embed"


def clean_endpoint(text: str, endpoint: Endpoint = VISION) -> str:
    """Cut an address as people paste it down to scheme and host.

    Accepts a bare host, a trailing slash, a whole operation or project address. Plain http only
    for loopback. Raises ValueError with a sentence for anything else.
    """
    return _parts(text, endpoint)[0]


def clean_cohere_endpoint(text: str) -> str:
    """The whole address of Cohere's operation, from an address as people paste it.

    A host that is not Cohere's own counts as an Azure AI Foundry resource, unless the path is that
    of Cohere's API. Raises ValueError like `clean_endpoint`.
    """
    base, path = _parts(text, COHERE)
    own = base.endswith((".cohere.com", ".cohere.ai")) or re.match(r"/v2(/|$)", path)
    return base + (AT_COHERE if own else ON_FOUNDRY)


def _parts(text: str, endpoint: Endpoint) -> tuple[str, str]:
    """Scheme and host, and the path."""
    address = text.strip().strip("\"'").strip()
    if "://" not in address:
        address = "https://" + address
    name, example = endpoint.setting, endpoint.example
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if _is_odd(address, host):
        raise ValueError(f"{name} is not an address; it looks like {example}.")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{name} must start with https://, like {example}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{name} must use https://: over plain http the key could be read.")
    if "." not in host and ":" not in host and not is_loopback(host):
        raise ValueError(f"{name} is not a full host name; it looks like {example}.")
    for ending, what in endpoint.not_these.items():
        if host == ending.lstrip(".") or (ending.startswith(".") and host.endswith(ending)):
            raise ValueError(f"{name} is {what}; it looks like {example}.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else ""), parts.path


def _is_odd(address: str, host: str) -> bool:
    """True for what no endpoint has: no host, a user name, spaces, letters beyond ASCII."""
    if not address.isascii() or not address.isprintable() or " " in address or "@" in address:
        return True
    return not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+", host)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
