"""Where pictures come from: folders on this machine, uploads, and links."""

from core.sources.folders import Found, Place, read_picture, walk, why_unreadable
from core.sources.links import check_public, fetch
from core.sources.uploads import add_upload, remove_upload, safe_name

__all__ = [
    "Found",
    "Place",
    "add_upload",
    "check_public",
    "fetch",
    "read_picture",
    "remove_upload",
    "safe_name",
    "walk",
    "why_unreadable",
]
