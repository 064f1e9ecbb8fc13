"""What the tests of the indexing job share: a data folder with its job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedders import Embedder
from core.index.sqlite.engine import SqliteIndex
from core.indexing.job import Indexer
from core.model import Scope
from tests.conftest import ColourEmbedder

E = ColourEmbedder.id


class Job:
    """A data folder with its job, as a workspace would hold them."""

    def __init__(self, folder: Path, images: Path) -> None:
        self.store = SqliteIndex(folder / "data")
        self.thumbs = folder / "thumbs"
        self.thumbs.mkdir(exist_ok=True)
        self.indexer = Indexer(self.store, self.store.data_dir, {"images/": images}, self.thumbs)

    def run(self, embedder: Embedder | None) -> None:
        """To the end."""
        assert self.indexer.start(embedder, Scope)
        self.indexer.join(30)
        assert not self.indexer.progress().running

    @property
    def embedded(self) -> int:
        """In the run that is on, whoever does it."""
        progress = self.indexer.progress()
        return progress.done if progress.state == "indexing" else 0

    @property
    def state(self) -> str:
        return self.indexer.progress().state

    def close(self) -> None:
        """Only once no run is on."""
        self.store.close()


@pytest.fixture
def job(tmp_path: Path, images: Path) -> Iterator[Job]:
    made = Job(tmp_path, images)
    yield made
    made.indexer.stop()
    made.indexer.join(30)
    made.close()
