"""Offline: teach the built-in embedder on pictures that the renderer makes."""
