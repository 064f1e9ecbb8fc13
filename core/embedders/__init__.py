"""The embedders, and which of them answers."""

from __future__ import annotations

from collections.abc import Callable

from core.embedders.port import Embedder
from core.settings import Settings


def make_embedder(settings: Settings, on_call: Callable[[str], None]) -> Embedder:
    """The embedder that the settings ask for.

    on_call is told the kind ("image", "text", "link") of every paid call that was answered. Each
    implementation is imported only when it is asked for. Raises EmbedderError.
    """
    kind = settings.embedder_kind
    if kind == "azure" and settings.has_azure:
        from core.embedders.azure.embedder import AzureEmbedder

        return AzureEmbedder(settings, on_call=on_call)
    if kind == "clip":
        from core.embedders.clip.embedder import ClipEmbedder

        return ClipEmbedder(settings)
    return builtin_embedder()


def builtin_embedder() -> Embedder:
    from core.embedders.builtin.embedder import BuiltinEmbedder

    return BuiltinEmbedder()
