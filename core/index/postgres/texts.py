"""Any text in PostgreSQL, which takes all characters but one.

A note or a query may hold the character NUL. It is kept as two others, and read back as itself.
"""

from __future__ import annotations

import re

import psycopg
from psycopg.abc import Buffer
from psycopg.types.string import StrBinaryDumper, StrDumperUnknown, TextBinaryLoader, TextLoader

# A control character ("substitute") that no name and no sentence has; if one has it, it is doubled.
SUBSTITUTE = "\x1a"


def escaped(text: str) -> str:
    if "\0" not in text and SUBSTITUTE not in text:
        return text
    return text.replace(SUBSTITUTE, 2 * SUBSTITUTE).replace("\0", f"{SUBSTITUTE}0")


def unescaped(text: str) -> str:
    if SUBSTITUTE not in text:
        return text
    return re.sub(f"{SUBSTITUTE}(.)", lambda pair: pair[1].replace("0", "\0"), text)


class _Dumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj))


class _BinaryDumper(StrBinaryDumper):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj))


class _Loader(TextLoader):
    def load(self, data: Buffer) -> bytes | str:
        return _read(super().load(data))


class _BinaryLoader(TextBinaryLoader):
    def load(self, data: Buffer) -> bytes | str:
        return _read(super().load(data))


def _read(text: bytes | str) -> bytes | str:
    return unescaped(text) if isinstance(text, str) else text


def register_texts(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Every parameter and every column of this connection that is text goes through here."""
    # The last one is taken where the form is not said.
    connection.adapters.register_dumper(str, _BinaryDumper)
    connection.adapters.register_dumper(str, _Dumper)
    connection.adapters.register_loader("text", _Loader)
    connection.adapters.register_loader("text", _BinaryLoader)
