"""What the person configured: environment, .env and Streamlit secrets -> one frozen Settings.

Why not pydantic-settings or environs: both stop at a value that is wrong. Here the default takes
its place, the program starts, and the page says in a sentence what to mend, never with the value.
"""

from core.settings.endpoint import ON_FOUNDRY, clean_cohere_endpoint, clean_endpoint, is_loopback
from core.settings.loading import load_settings
from core.settings.model import NAMES, Settings
from core.settings.sign_in import Provider

__all__ = [
    "NAMES",
    "ON_FOUNDRY",
    "Provider",
    "Settings",
    "clean_cohere_endpoint",
    "clean_endpoint",
    "is_loopback",
    "load_settings",
]
