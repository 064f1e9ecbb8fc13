"""The section [auth] of Streamlit's secrets: who can be asked to sign people in."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHARED = ("redirect_uri", "cookie_secret")
OWN = ("client_id", "client_secret", "server_metadata_url")

# Who can guess it can sign cookies in anybody's name; 32 characters of hex are 128 bits.
SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Provider:
    """One that signs people in. name: of its section, "" for [auth] itself."""

    name: str
    metadata_url: str


def read_providers(
    auth: object, asked_by: Sequence[str], problems: list[str], installed: bool | None = None
) -> tuple[Provider, ...]:
    """The providers of the section; none, and a sentence in `problems`, where it cannot be used.

    asked_by: the settings that need it. installed: whether the packages are there, if known.
    """
    names = " and ".join(asked_by)
    so = "Until then nobody can sign in."
    if not isinstance(auth, Mapping):
        problems.append(
            f"{names} can let nobody in: signing in needs a section [auth] in "
            f".streamlit/secrets.toml, see the README. {so}"
        )
        return ()
    if not (_installed() if installed is None else installed):
        problems.append(f"Signing in needs requirements-signin.txt to be installed. {so}")
        return ()
    sections = {str(name): own for name, own in auth.items() if isinstance(own, Mapping)}
    sections.pop("client_kwargs", None)
    if "client_id" in auth or not sections:
        sections = {"": auth, **sections}
    missing = [name for name in SHARED if not auth.get(name)]
    for section, own in sections.items():
        where = f" in [auth.{section}]" if section else ""
        missing += [name + where for name in OWN if not own.get(name)]
    if missing:
        problems.append(f"In the section [auth], {', '.join(missing)} must be set. {so}")
    elif not str(auth["redirect_uri"]).endswith("/oauth2callback"):
        problems.append(
            "redirect_uri in [auth] must be the app’s own address followed by /oauth2callback. "
            + so
        )
    elif len(str(auth["cookie_secret"])) < SHORTEST_SECRET:
        problems.append(
            f"cookie_secret in [auth] must be at least {SHORTEST_SECRET} random characters, as "
            f"from python -c 'import secrets; print(secrets.token_hex())'. {so}"
        )
    elif odd := [name for name in sections if "_" in name]:
        problems.append(f"[auth.{odd[0]}] must have a name without underscores. {so}")
    else:
        return tuple(
            Provider(name, str(own["server_metadata_url"])) for name, own in sections.items()
        )
    return ()


def _installed() -> bool:
    """Whether the packages are there; they are not imported for that."""
    return all(importlib.util.find_spec(name) is not None for name in ("authlib", "httpx"))
