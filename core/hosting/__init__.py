"""Hosting: what a public showcase has to count, and who may do what."""

from core.hosting.usage import CallCounter

__all__ = ["CallCounter"]
