"""What a source lists: one file somewhere else, and how its name becomes a path of the index."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from core.deadline import Deadline
from core.model import Unreadable
from core.pictures import EXTENSIONS


@dataclass(frozen=True, slots=True)  # there is one for each file of a source
class Entry:
    """One file of a source, as it is listed; nothing of it was fetched.

    inside: its path below the source. size: bytes, 0 where the listing does not say. mark: changes
    when the file does, as far as the listing tells, and is only good for a comparison.
    is_picture: by its name or its kind.
    """

    inside: str
    size: int
    mark: int
    is_picture: bool


class Source(Protocol):
    """Files in one place. `entries` asks for a listing, `read` for one file of it."""

    def entries(self, deadline: Deadline) -> Iterator[Entry | Unreadable]:
        """Every file; of an Unreadable, the path is that below the source.

        Raises SourceError, LinkError, Cancelled; what was given before stays true.
        """

    def read(self, inside: str, deadline: Deadline, most: int) -> bytes:
        """The file's bytes, at most that many. Raises OSError, LinkError, Cancelled."""


def mark_of(*facts: object) -> int:
    """What a listing says of a file's content, as the number that the index keeps as its time."""
    digest = hashlib.blake2b("\0".join(map(str, facts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def size_of(text: str) -> int:
    """A size as a listing writes it; 0 for what is none, or none that an index can keep."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def named_as_picture(name: str) -> bool:
    """True if the name ends like that of a format that is read."""
    dot = name.rfind(".")
    return dot > 0 and name[dot:].lower() in EXTENSIONS


# What an index cannot keep as text, or a page would not show: control characters, halves of
# surrogate pairs, and the two that are no characters. A "%" that looks like an escape is escaped
# itself, so that the name can be read back.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|%(?=[0-9A-Fa-f]{2})|/$")


def path_of(name: str) -> str:
    """A name as a path that every index keeps and `name_of` reads back.

    >>> path_of("a\\nb"), path_of("50%25.jpg"), path_of("boats/")
    ('a%0Ab', '50%2525.jpg', 'boats%2F')
    """
    return _ODD.sub(
        lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode("utf-8", "surrogatepass")), name
    )


def name_of(path: str) -> str:
    """The name that `path_of` made this path from.

    >>> name_of(path_of("50%25\\n.jpg"))
    '50%25\\n.jpg'
    """
    return re.sub(
        "(?:%[0-9A-F]{2})+",
        lambda m: bytes.fromhex(m[0].replace("%", "")).decode("utf-8", "surrogatepass"),
        path,
    )
