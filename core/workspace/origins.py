"""Where pictures come from besides the person's folder: uploads, and places elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from core.index import Index
from core.indexing import forget_below
from core.model import REMOTE, UPLOADS
from core.sources import Sources, Spec, add_upload, remove_upload


class Origins:
    """Adds them and takes them away again.

    uploads: the folder of uploads. rescan: has the folders and the sources looked at again.
    """

    def __init__(
        self, index: Index, uploads: Path, sources: Sources, rescan: Callable[[], object]
    ) -> None:
        self._index = index
        self._uploads = uploads
        self._sources = sources
        self._rescan = rescan

    def uploads(self) -> list[str]:
        """The paths of the uploads that a scan has seen."""
        return self._index.files_below(UPLOADS)

    def add_upload(self, name: str, data: bytes) -> None:
        """Keep a picture in the uploads folder. Raises PictureError, UploadFailed."""
        add_upload(self._uploads, name, data)

    def remove_uploads(self, paths: Sequence[str]) -> None:
        """Delete uploads by their paths, and look at the folders again. Raises UploadFailed."""
        try:
            for path in paths:
                remove_upload(self._uploads, path)
                # At once: a folder whose files are all gone is taken for a drive that is away.
                self._index.forget_files([path])
        finally:
            self._rescan()

    def sources(self) -> list[Spec]:
        """The sources of pictures elsewhere. Raises SourceError."""
        return self._sources.all()

    def add_source(self, name: str, address: str) -> Spec:
        """Keep a source, or the new address of one, and look at it. Raises SourceError."""
        spec = self._sources.add(name, address)
        self._rescan()
        return spec

    def remove_source(self, name: str) -> None:
        """Forget a source that was added here, and its files. Raises SourceError."""
        if not self._sources.remove(name):
            return
        below = f"{REMOTE}{name}/"
        # At once, because what no source holds any more is kept until it is forgotten on purpose.
        forget_below(self._index, (below,))
        self._rescan()
