"""What is known of pictures besides their pixels: read from files, folders and EXIF, and typed."""

from core.metadata.beside import Beside, facts_beside
from core.metadata.exif import OWN_COLUMNS, PLACE, picture_facts
from core.metadata.folder import folder_facts
from core.metadata.text import MOST_CHARACTERS, Raw
from core.metadata.typed import MOST_COLUMNS, FoundColumn, Typed, typed

__all__ = [
    "MOST_CHARACTERS",
    "MOST_COLUMNS",
    "OWN_COLUMNS",
    "PLACE",
    "Beside",
    "FoundColumn",
    "Raw",
    "Typed",
    "facts_beside",
    "folder_facts",
    "picture_facts",
    "typed",
]
