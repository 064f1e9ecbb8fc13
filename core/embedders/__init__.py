"""The embedders, and which of them answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.embedders.choice import NAMES, Choice, choose, kinds_there
from core.embedders.pacing import seconds_in_words
from core.embedders.port import Embedder, HasLimit, KnowsItsWords, ReserveCall
from core.settings import Settings

if TYPE_CHECKING:
    from core.embedders.clip.setup import ClipSetup as ClipSetup

__all__ = [
    "NAMES",
    "Choice",
    "Embedder",
    "HasLimit",
    "KnowsItsWords",
    "ReserveCall",
    "builtin_embedder",
    "choose",
    "clip_setup",
    "kinds_there",
    "make_embedder",
    "seconds_in_words",
]


def make_embedder(
    settings: Settings,
    reserve_call: ReserveCall,
    read_settings: Callable[[], Settings] | None = None,
) -> Embedder:
    """The embedder that the settings ask for.

    reserve_call is asked for every paid call before it is made. Each implementation is imported
    only when it is asked for. read_settings gives the settings as they are now: a key that is
    refused may have been replaced. Raises EmbedderError.
    """

    def fresh_key(service: str) -> str:
        """The service's key; "" if its address is another now, which must not get it."""
        now = read_settings() if read_settings is not None else settings
        address, key = f"{service}_endpoint", f"{service}_key"
        same = getattr(now, address) == getattr(settings, address)
        return str(getattr(now, key)) if same else ""

    kind = settings.embedder_kind
    if kind == "azure" and settings.has_azure:
        from core.embedders.azure import AzureEmbedder

        return AzureEmbedder(settings, reserve_call, lambda: fresh_key("vision"))
    if kind == "cohere" and settings.has_cohere:
        from core.embedders.cohere import CohereEmbedder

        return CohereEmbedder(settings, reserve_call, lambda: fresh_key("cohere"))
    if kind == "clip":
        from core.embedders.clip.embedder import ClipEmbedder

        return ClipEmbedder(settings)
    return builtin_embedder()


def builtin_embedder() -> Embedder:
    """The small model that is always there."""
    from core.embedders.builtin import BuiltinEmbedder

    return BuiltinEmbedder()


def clip_setup(settings: Settings) -> ClipSetup | None:
    """The download of the CLIP weights; None unless CLIP is asked for.

    Without EMBEDDER=clip the project starts as if CLIP did not exist.
    """
    if settings.embedder_kind != "clip":
        return None
    from core.embedders.clip.setup import ClipSetup as ClipSetup

    return ClipSetup(settings)
