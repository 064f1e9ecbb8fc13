"""Azure AI Vision's multimodal embeddings: the paid service."""

from core.embedders.azure.embedder import AzureEmbedder

__all__ = ["AzureEmbedder"]
