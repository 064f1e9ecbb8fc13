"""The sources that were added on a page, in a file of the data folder that others cannot read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from core.errors import SourceError
from core.files import replacing
from core.sources.remote.spec import Spec

# Read and written by this user alone: an address may hold a signature.
PRIVATE = 0o600


def read_kept(path: Path) -> list[Spec]:
    """The sources that were kept; none where nothing was. Raises SourceError."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        return [Spec(str(row["name"]), str(row["address"])) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError):
        raise SourceError(
            f"The file {path.name} in the data folder cannot be read, so its sources are not "
            "used. Delete it, and add them again."
        ) from None


def write_kept(path: Path, sources: Sequence[Spec]) -> None:
    """Raises SourceError if they cannot be kept; then those of before stay."""
    text = json.dumps([{"name": each.name, "address": each.address} for each in sources], indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:
            make_private(draft)
            draft.write_text(text, "utf-8")
    except OSError as error:
        raise SourceError(f"The source could not be kept ({error.strerror}).") from None


def make_private(file: Path) -> None:
    """An empty file that only this user can read. Raises OSError."""
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, PRIVATE))
