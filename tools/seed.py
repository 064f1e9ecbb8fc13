"""Make the bundled gallery's index: `python -m tools.seed` writes seed/gallery.zip.

Run it whenever the gallery or the built-in embedder's weights change; a test compares the file with
a fresh computation.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.deadline import Deadline
from core.embedders import builtin_embedder
from core.index.archive import export_index
from core.index.sqlite.engine import SqliteIndex
from core.indexing import Indexer
from core.indexing.scan import scan
from core.model import GALLERY, Scope

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "seed" / "gallery.zip"
ROOTS = {GALLERY: ROOT / "images" / "gallery"}


def main() -> None:
    embedder = builtin_embedder()
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteIndex(Path(folder))
        scan(store, ROOTS, Deadline())
        indexer = Indexer(store, Path(folder), ROOTS, Path(folder))
        indexer.start(embedder, Scope)
        indexer.join()
        with SEED.open("wb") as target:
            count = export_index(store, embedder.id, Scope(), target)
        store.close()
    print(f"{SEED.relative_to(ROOT)}: {count} pictures, {SEED.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
