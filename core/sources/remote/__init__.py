"""Pictures where they already are: lists of addresses, Blob containers, places that fsspec knows.

A source is listed at each scan and read only where the listing tells of a change. Nothing is copied
but the thumbnails.
"""

from core.sources.remote.sources import Remote, RemoteFile, SourceAway, Sources
from core.sources.remote.spec import Kind, Spec

__all__ = ["Kind", "Remote", "RemoteFile", "SourceAway", "Sources", "Spec"]
