"""The embedder that is always there: a small model of this project's own, in numpy."""

from core.embedders.builtin.embedder import BuiltinEmbedder

__all__ = ["BuiltinEmbedder"]
