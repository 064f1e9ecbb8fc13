"""Environment, .env and Streamlit secrets -> one frozen Settings."""

from __future__ import annotations

import ipaddress
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")
EMBEDDERS = ("auto", "azure", "builtin", "clip")
NAMES = (
    "VISION_ENDPOINT",
    "VISION_KEY",
    "VISION_API_VERSION",
    "VISION_MODEL_VERSION",
    "VISION_CALLS_PER_SECOND",
    "EMBEDDER",
    "IMAGES_DIR",
    "DATA_DIR",
    "READ_ONLY",
    "CLIP_MODEL",
    "CLIP_MODEL_DIR",
    "CLIP_THREADS",
)


# Addresses that people paste instead of the resource's endpoint.
NOT_VISION = {
    ".openai.azure.com": "an Azure OpenAI address; picture embeddings need a Computer Vision or "
    "Azure AI Services resource",
    "portal.azure.com": "the portal's own address; the endpoint is on the resource's page “Keys "
    "and Endpoint”",
    "ai.azure.com": "the portal's own address; the endpoint is on the resource's page “Keys and "
    "Endpoint”",
}


@dataclass(frozen=True)
class Settings:
    """What the person configured. `problems` holds one sentence for each thing that is wrong."""

    vision_endpoint: str = ""
    vision_key: str = field(default="", repr=False)
    vision_api_version: str = "2024-02-01"
    vision_model_version: str = "2023-04-15"
    vision_calls_per_second: float | None = None
    embedder: str = "auto"
    images_dir: Path = Path("images")
    data_dir: Path = Path("data")
    read_only: bool = False
    clip_model: str = ""
    clip_model_dir: Path | None = None
    clip_threads: int | None = None
    problems: tuple[str, ...] = ()

    @property
    def has_azure(self) -> bool:
        return bool(self.vision_endpoint and self.vision_key)

    @property
    def embedder_kind(self) -> str:
        """azure, builtin or clip: what `auto` comes to."""
        if self.embedder != "auto":
            return self.embedder
        return "azure" if self.has_azure else "builtin"


def load_settings(
    environ: Mapping[str, str] | None = None,
    dotenv_path: Path | None = None,
    secrets: Mapping[str, object] | None = None,
    root: Path | None = None,
) -> Settings:
    """Read the settings; the environment wins over .env, .env over secrets, a blank is unset.

    Relative directories are taken from `root`. Never raises for what a person wrote: the default
    takes its place and `Settings.problems` says so.
    """
    sources: list[Mapping[str, object]] = [os.environ if environ is None else environ]
    problems: list[str] = []
    if dotenv_path is not None and dotenv_path.is_file():
        try:
            # Notepad puts a byte order mark first; a key may hold what looks like a ${VARIABLE}.
            read = dotenv_values(dotenv_path, interpolate=False, encoding="utf-8-sig")
            sources.append(dict(read))
        except (OSError, UnicodeDecodeError):
            problems.append("The file .env cannot be read as UTF-8 text, so it is not used.")
    sources.append(secrets or {})

    values: dict[str, str] = {}
    for name in NAMES:
        for source in sources:
            value = _said(source.get(name))
            if value:
                values[name] = value
                break

    def get(name: str, default: str = "") -> str:
        return values.get(name, default)

    def directory(name: str, default: str) -> Path:
        path = Path(get(name, default))
        try:
            path = path.expanduser()
        except RuntimeError:
            problems.append(f"{name} names a home directory that is not there; using {default}.")
            path = Path(default)
        return path if path.is_absolute() else (root or Path.cwd()) / path

    def dated(name: str, default: str) -> str:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", get(name, default), re.ASCII):
            return get(name, default)
        problems.append(f"{name} must be a date like {default}; using that.")
        return default

    endpoint = ""
    if get("VISION_ENDPOINT"):
        try:
            endpoint = clean_endpoint(get("VISION_ENDPOINT"))
        except ValueError as error:
            problems.append(str(error))
    key = get("VISION_KEY")
    if key and (not key.isascii() or not key.isprintable() or " " in key):
        problems.append(
            "VISION_KEY holds a character that no key has; copy KEY 1 again from the resource's "
            "page “Keys and Endpoint”."
        )
        key = ""

    embedder = get("EMBEDDER", "auto").lower()
    if embedder not in EMBEDDERS:
        problems.append(f"EMBEDDER must be one of {', '.join(EMBEDDERS)}; using auto.")
        embedder = "auto"
    if embedder in ("auto", "azure") and bool(key) != bool(endpoint) and not problems:
        missing = "VISION_KEY" if endpoint else "VISION_ENDPOINT"
        problems.append(f"{missing} is missing, so Azure AI Vision cannot be used yet.")
    elif embedder == "azure" and not key and not endpoint and not problems:
        problems.append("EMBEDDER is azure, but VISION_ENDPOINT and VISION_KEY are missing.")

    rate: float | None = None
    if get("VISION_CALLS_PER_SECOND"):
        rate = _positive_number(get("VISION_CALLS_PER_SECOND"))
        if rate is None:
            problems.append(
                "VISION_CALLS_PER_SECOND must be a number above zero; the limit is found by itself."
            )
    threads: int | None = None
    if get("CLIP_THREADS"):
        number = _positive_number(get("CLIP_THREADS"))
        if number is None or number != int(number):
            problems.append("CLIP_THREADS must be a whole number above zero; it is not used.")
        else:
            threads = int(number)

    read_only = get("READ_ONLY", "0").lower()
    if read_only not in YES + NO:
        # The safe side: on a public host a slip must not open the collection to everybody.
        problems.append("READ_ONLY must be 1 or 0; it is taken as 1.")

    return Settings(
        vision_endpoint=endpoint,
        vision_key=key,
        vision_api_version=dated("VISION_API_VERSION", "2024-02-01"),
        vision_model_version=dated("VISION_MODEL_VERSION", "2023-04-15"),
        vision_calls_per_second=rate,
        embedder=embedder,
        images_dir=directory("IMAGES_DIR", "images"),
        data_dir=directory("DATA_DIR", "data"),
        read_only=read_only not in NO,
        clip_model=get("CLIP_MODEL"),
        clip_model_dir=directory("CLIP_MODEL_DIR", "models") if get("CLIP_MODEL_DIR") else None,
        clip_threads=threads,
        problems=tuple(problems),
    )


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


def _said(value: object) -> str:
    """A setting as text: without the quotes that a container's --env-file leaves around it."""
    text = "" if value is None else str(value).strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _positive_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
