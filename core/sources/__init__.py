"""Where pictures come from: folders on this machine, uploads, links, and sources elsewhere."""

from core.sources.folders import Found, Place, on_disk, read_picture, walk, why_unreadable
from core.sources.links import about_its_file, check_public, fetch
from core.sources.remote import Kind, RemoteFile, SourceAway, Sources, Spec
from core.sources.uploads import add_upload, remove_upload, safe_name

__all__ = [
    "Found",
    "Kind",
    "Place",
    "RemoteFile",
    "SourceAway",
    "Sources",
    "Spec",
    "about_its_file",
    "add_upload",
    "check_public",
    "fetch",
    "on_disk",
    "read_picture",
    "remove_upload",
    "safe_name",
    "walk",
    "why_unreadable",
]
