"""Make the bundled gallery's index: `python -m tools.seed` writes seed/gallery.zip.

Run it whenever the gallery, its labels or the built-in embedder's weights change; a test compares
the file with a fresh computation.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from core.embedders import builtin_embedder
from core.index import columns_of
from core.index.archive import export_index
from core.index.sqlite.engine import SqliteIndex
from core.indexing import Indexer
from core.model import GALLERY, Scope

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "seed" / "gallery.zip"
ROOTS = {GALLERY: ROOT / "images" / "gallery"}


def main() -> None:
    embedder = builtin_embedder()
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteIndex(Path(folder))
        indexer = Indexer(store, Path(folder), ROOTS, Path(folder))
        indexer.start(embedder, Scope)
        indexer.join()
        # All of them are used: searches can be filtered without a press.
        columns = [replace(column, taken=True) for column in columns_of(store)]
        with SEED.open("wb") as target:
            count = export_index(store, embedder.id, Scope(), target, columns)
        store.close()
    print(f"{SEED.relative_to(ROOT)}: {count} pictures, {SEED.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
