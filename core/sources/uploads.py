"""Pictures that a visitor adds to the collection, kept under the data folder."""

from __future__ import annotations

import errno
import re
import threading
import unicodedata
from pathlib import Path

from core.errors import UploadFailed
from core.files import write_whole
from core.model import UPLOADS
from core.pictures import EXTENSIONS, SUFFIXES_BY_FORMAT, check

# File systems take 255 bytes; room is left for a number.
MAX_NAME_BYTES = 200

# Names that Windows keeps for devices, with any suffix.
# Source: Microsoft Learn, "Naming Files, Paths, and Namespaces".
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)

# Two visitors may bring two pictures of one name at once.
_naming = threading.Lock()


def add_upload(folder: Path, name: str, data: bytes) -> str:
    """Keep a picture under a safe name; returns its path as the index knows it.

    The same bytes under the same name are kept once. Raises PictureError, UploadFailed.
    """
    checked = check(data, name)
    suffix = SUFFIXES_BY_FORMAT[checked.format][0]
    try:
        with _naming:
            return UPLOADS + _keep(folder, safe_name(name, suffix), data)
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise UploadFailed(f"It could not be kept: {why}.") from error


def _keep(folder: Path, name: str, data: bytes) -> str:
    target, number = folder / name, 1
    while target.exists():
        if target.is_file() and target.read_bytes() == data:
            return target.name
        number += 1
        target = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    write_whole(target, data)
    return target.name


def remove_upload(folder: Path, path: str) -> None:
    """Delete an upload by its path in the index; anything else than an upload is left alone.

    Raises UploadFailed.
    """
    name = path.removeprefix(UPLOADS)
    # Looked up among what is there, never joined: the path comes from the visitor's browser.
    for file in folder.iterdir() if folder.is_dir() else ():
        if path.startswith(UPLOADS) and file.name == name and file.is_file():
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise UploadFailed(f"It could not be deleted: {error.strerror}.") from error


def safe_name(name: str, suffix: str = ".jpg") -> str:
    """The last part of a name without what file systems, shells or Windows would trip over.

    suffix: what the name gets if its own is not a picture's, so that the scan finds it.

    >>> safe_name("../../etc/passwd")
    'passwd.jpg'
    """
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    kept = "".join("_" if c in '<>:"|?*' or unicodedata.category(c)[0] == "C" else c for c in base)
    kept = kept.strip(" .") or "picture"
    if DEVICES.match(kept):
        kept = "_" + kept
    stem = kept
    if Path(kept).suffix.lower() in EXTENSIONS:
        stem, suffix = Path(kept).stem, Path(kept).suffix
    room = MAX_NAME_BYTES - len(suffix.encode())
    short = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return (short or "picture") + suffix
