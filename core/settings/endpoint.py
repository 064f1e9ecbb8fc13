"""The address of an Azure resource, as people paste it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

# Addresses that people paste instead of the resource's endpoint.
NOT_VISION = {
    ".openai.azure.com": "an Azure OpenAI address; picture embeddings need a Computer Vision or "
    "Azure AI Services resource",
    "portal.azure.com": "the portal's own address; the endpoint is on the resource's page “Keys "
    "and Endpoint”",
    "ai.azure.com": "the portal's own address; the endpoint is on the resource's page “Keys and "
    "Endpoint”",
}


def clean_endpoint(text: str) -> str:
    """Cut an address as people paste it down to scheme and host.

    Accepts a bare host, a trailing slash, a whole operation or project address. Plain http only
    for loopback. Raises ValueError with a sentence for anything else.
    """
    address = text.strip().strip("\"'").strip()
    if "://" not in address:
        address = "https://" + address
    example = "https://<name>.cognitiveservices.azure.com"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if _is_odd(address, host):
        raise ValueError(f"VISION_ENDPOINT is not an address; it looks like {example}.")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"VISION_ENDPOINT must start with https://, like {example}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            "VISION_ENDPOINT must use https://: over plain http the key could be read."
        )
    if "." not in host and ":" not in host and not is_loopback(host):
        raise ValueError(f"VISION_ENDPOINT is not a full host name; it looks like {example}.")
    for ending, what in NOT_VISION.items():
        if host == ending.lstrip(".") or (ending.startswith(".") and host.endswith(ending)):
            raise ValueError(f"VISION_ENDPOINT is {what}; it looks like {example}.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


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
