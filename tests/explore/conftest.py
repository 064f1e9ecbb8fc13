"""An index that tests of exploring fill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.index.sqlite.engine import SqliteIndex


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    index = SqliteIndex(tmp_path / "index")
    yield index
    index.close()
