"""Which embedders the settings allow, which of them answers, and which stands beside it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from core.settings import Settings

# What a page calls an embedder that has not been opened.
NAMES = {
    "azure": "Azure AI Vision",
    "builtin": "the built-in model",
    "clip": "CLIP on this machine",
    "cohere": "Cohere Embed",
}


@dataclass(frozen=True)
class Choice:
    """first: the kind that answers. second: the one beside it, "" for none.

    problem: a sentence where what was chosen on the page is not to be had any more, or "".
    """

    first: str
    second: str = ""
    problem: str = ""


def kinds_there(settings: Settings) -> list[str]:
    """The kinds of embedders whose settings, or whose package, are there; in a fixed order."""
    there = {
        "azure": settings.has_azure,
        "builtin": True,
        "clip": importlib.util.find_spec("fastembed") is not None,
        "cohere": settings.has_cohere,
    }
    return [kind for kind in NAMES if there[kind]]


def choose(settings: Settings, second: str, switched: str) -> Choice:
    """What was chosen on the page, as far as the settings still allow it.

    second: the kind that was added, or "". switched: "FROM TO" once the pages were switched from
    the kind of the settings to another; whoever changes the settings meanwhile takes that back.
    """
    first, problem = settings.embedder_kind, ""
    origin, _, target = switched.partition(" ")
    there = kinds_there(settings) if second or target else []
    if target in NAMES and origin == first:
        if target in there:
            first = target
        else:
            problem = _gone(target, first)
    if second == first or second not in NAMES:
        return Choice(first, "", problem)
    if second not in there:
        return Choice(first, "", problem or _gone(second, first))
    return Choice(first, second, problem)


def _gone(kind: str, first: str) -> str:
    name = NAMES[kind][0].upper() + NAMES[kind][1:]
    return (
        f"{name} was chosen on the page Indexing, and is not set up any more. Its vectors are "
        f"kept; until it is back, only {NAMES[first]} answers."
    )
