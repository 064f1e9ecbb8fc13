"""The folder of a picture as something that is known of it."""

from __future__ import annotations

from collections.abc import Collection

from core.metadata.text import Raw, cleaned

FOLDER = "Folder"

# Of more, a value for each picture is much memory for what can be chosen in "Search in" as well.
MOST_PICTURES = 300_000


def folder_facts(paths: Collection[str]) -> Raw:
    """The column "Folder" of every file that does not lie directly in its root.

    Nothing at all if the column would say the same of every file, and of more than MOST_PICTURES.

    >>> folder_facts(["images/boats/red/1.jpg", "images/2.jpg"])
    {'images/boats/red/1.jpg': {'Folder': 'boats/red'}}
    """
    if len(paths) > MOST_PICTURES:
        return {}
    folders = {path: _below_root(path) for path in paths}
    if len(set(folders.values())) < 2:
        return {}
    return {path: {FOLDER: folder} for path, folder in folders.items() if folder}


def _below_root(path: str) -> str:
    return cleaned(path.partition("/")[2].rpartition("/")[0])
