"""Hosting: what a public showcase has to count, and who may do what."""

from core.hosting.access import Access, access_for
from core.hosting.caps import Caps
from core.hosting.meter import CallMeter
from core.hosting.usage import DAYS_SHOWN, Usage, cost_in_words

__all__ = ["DAYS_SHOWN", "Access", "CallMeter", "Caps", "Usage", "access_for", "cost_in_words"]
