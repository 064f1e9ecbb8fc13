"""What the tests of sources share: a service on loopback, a data folder, scans of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import ScanResult, scan
from core.settings import Settings
from core.sources import Sources
from tests.blob_emulator import BlobEmulator


class Elsewhere:
    """A data folder with sources, as a workspace would hold them."""

    def __init__(self, store: SqliteIndex, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.set("")

    def set(self, sources: str, *, loopback: bool = True, signs_in: bool = False) -> None:
        """As with another SOURCES."""
        settings = Settings(
            data_dir=self.folder,
            sources=sources,
            sources_loopback=loopback,
            signs_in=signs_in,
        )
        self.sources = Sources(settings)

    def scan(self, progress: Callable[[int, int], None] = lambda done, total: None) -> ScanResult:
        return scan(self.store, {}, Deadline(), progress, sources=self.sources)

    def paths(self) -> list[str]:
        return sorted(self.store.files())

    def reasons(self) -> dict[str, str]:
        return {path: entry.reason for path, entry in self.store.unreadable().items()}


@pytest.fixture
def elsewhere(store: SqliteIndex, tmp_path: Path) -> Elsewhere:
    return Elsewhere(store, tmp_path / "data")


@pytest.fixture
def service() -> Iterator[BlobEmulator]:
    with BlobEmulator() as running:
        yield running
