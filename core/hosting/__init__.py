"""Hosting: what a public showcase has to count, and who may do what."""

from core.hosting.access import Access, access_for
from core.hosting.usage import CallCounter

__all__ = ["Access", "CallCounter", "access_for"]
