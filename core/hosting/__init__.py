"""Hosting: what a public showcase has to count, and who may do what."""

from core.hosting.access import READ_ONLY, Access, access_for
from core.hosting.caps import Caps
from core.hosting.meter import CallMeter
from core.hosting.people import Person, Place, Places, SignOuts, person_of
from core.hosting.usage import DAYS_SHOWN, Usage, cost_in_words

__all__ = [
    "DAYS_SHOWN",
    "READ_ONLY",
    "Access",
    "CallMeter",
    "Caps",
    "Person",
    "Place",
    "Places",
    "SignOuts",
    "Usage",
    "access_for",
    "cost_in_words",
    "person_of",
]
