"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """`with replacing(path) as draft:` write the draft; it takes the place of `path` at the end.

    Nobody ever sees half a file, and two writers do not disturb each other: each draft has a name
    of its own, hidden from a scan of the folder. If the block fails, `path` stays as it was and
    the draft is removed. Raises OSError.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step, making its folder first. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        draft.write_bytes(data)
