"""The embedders, and which of them answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.embedders.pacing import seconds_in_words
from core.embedders.port import Embedder, HasLimit, KnowsItsWords, ReserveCall
from core.settings import Settings

if TYPE_CHECKING:
    from core.embedders.clip.setup import ClipSetup as ClipSetup

__all__ = [
    "Embedder",
    "HasLimit",
    "KnowsItsWords",
    "ReserveCall",
    "builtin_embedder",
    "clip_setup",
    "make_embedder",
    "seconds_in_words",
]


def make_embedder(settings: Settings, reserve_call: ReserveCall) -> Embedder:
    """The embedder that the settings ask for.

    reserve_call is asked for every paid call before it is made. Each implementation is imported
    only when it is asked for. Raises EmbedderError.
    """
    kind = settings.embedder_kind
    if kind == "azure" and settings.has_azure:
        from core.embedders.azure import AzureEmbedder

        return AzureEmbedder(settings, reserve_call)
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
