"""What a service says besides a vector: its codes, its message, and how long to wait."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

# Long enough for every message seen, short enough for a status line.
LONGEST_QUOTE = 240


@dataclass(frozen=True)
class ServiceWords:
    """The service's own words: whole and in lower case for matching, cleaned for quoting."""

    codes: str
    message: str
    quote: str

    def quoted(self) -> str:
        """The quote as the end of a sentence, with its full stop."""
        return f": “{self.quote}”" if self.quote else "."


def read_error(
    body: bytes, headers: Mapping[str, str], secrets: Collection[str] = ()
) -> ServiceWords:
    """Take code and message out of an error body, if it is one.

    Azure's bodies are {"error": {"code", "message", "innererror"}}, Cohere's {"message", "id"}. A
    quote is one line of printable text without any of the secrets; empty where the answer was not
    JSON.
    """
    codes, messages = [headers.get("x-ms-error-code", "")], []
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
    if any(secret and secret.lower() in quote.lower() for secret in secrets):
        quote = ""
    if len(quote) > LONGEST_QUOTE:
        quote = quote[: LONGEST_QUOTE - 1].rstrip() + "…"
    return ServiceWords(" ".join(codes).lower(), " ".join(messages).lower(), quote)


def retry_after(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds that the service asks to wait, from headers or words; None if it does not.

    headers: of the answer, whatever the case of their names. The one in milliseconds is finer, so
    it comes first; Azure AI Foundry sends it.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d+)?", value, re.ASCII):
            return float(value) * unit
    found = re.search(r"retry after (\d{1,9}) (second|minute|hour|day)", message, re.ASCII | re.I)
    if not found:
        return None
    sizes = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
    return float(int(found[1]) * sizes[found[2].lower()])
