"""Cohere Embed, on Azure AI Foundry or at Cohere itself: the other paid service."""

from core.embedders.cohere.embedder import CohereEmbedder

__all__ = ["CohereEmbedder"]
