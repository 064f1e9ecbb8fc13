"""Pictures that a visitor adds to the collection, kept under the data folder."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from core.pictures import check

PREFIX = "uploads/"

# File systems take 255 bytes; room is left for a number.
MAX_NAME_BYTES = 200


def add_upload(folder: Path, name: str, data: bytes) -> str:
    """Keep a picture under a safe name; returns its path as the store knows it.

    The same bytes under the same name are kept once. Raises PictureError, OSError.
    """
    check(data, name)
    folder.mkdir(parents=True, exist_ok=True)
    safe = safe_name(name)
    target, number = folder / safe, 1
    while target.exists():
        if target.read_bytes() == data:
            return PREFIX + target.name
        number += 1
        target = folder / f"{Path(safe).stem} ({number}){Path(safe).suffix}"
    draft = folder / f".{target.name}.part"
    try:
        draft.write_bytes(data)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return PREFIX + target.name


def remove_upload(folder: Path, path: str) -> None:
    """Delete an upload by its path in the store; anything else than an upload is left alone."""
    name = path.removeprefix(PREFIX)
    # Looked up among what is there, never joined: the path comes from the visitor's browser.
    for file in folder.iterdir() if folder.is_dir() else ():
        if path.startswith(PREFIX) and file.name == name and file.is_file():
            file.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """The last part of a name without what file systems, shells or Windows would trip over."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    kept = "".join("_" if c in '<>:"|?*' or unicodedata.category(c)[0] == "C" else c for c in base)
    kept = kept.strip(" .") or "picture"
    stem, suffix = Path(kept).stem, Path(kept).suffix[:10]
    room = MAX_NAME_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore") + suffix
