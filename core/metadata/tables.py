"""A file with what is known of pictures, CSV or JSON lines: one row for each line, as texts."""

from __future__ import annotations

import csv
import json
import re
import stat
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

from core.errors import MetadataError
from core.metadata.faults import Fault, Faults
from core.metadata.text import MOST_CHARACTERS, cleaned, key_of, quoted, shortened, unique
from core.sources import why_unreadable

# The columns that say which picture a line is about, the first that is there counts. The name of
# Hugging Face's ImageFolder, and as people write it.
FILE_COLUMNS = ("file_name", "file name", "filename", "path")

# What is read becomes several times as much memory, on a host that may have 690 MB for everything.
# Half a million lines of a hundred characters are within it.
MOST_BYTES = 50_000_000

_DELIMITERS = (",", ";", "\t", "|")

# A line that no file has, after the last: where a cell holds it, its quotation mark was not closed.
_END = "\0end\0"


class Row(NamedTuple):
    """A line: its number from 1, the file that it names ("" for none), and its other cells."""

    line: int
    file: str
    facts: dict[str, str]


def rows(file: Path, faults: Faults) -> Iterator[Row]:
    """Every line that can be read; what is wrong with the others goes into `faults`.

    Texts are cleaned, and empty ones left out. Raises MetadataError, whose sentence begins behind
    the file's name, where the file as a whole is not taken, perhaps after some lines.
    """
    try:
        with _opened(file) as text:
            yield from (_json if file.suffix.lower() == ".jsonl" else _csv)(text, faults)
    except UnicodeError:
        raise MetadataError(
            "is not UTF-8 text, so nothing of it is taken. Save it as “CSV UTF-8” or as UTF-8."
        ) from None
    except FileNotFoundError:
        raise MetadataError("is a link to nothing that is there now.") from None
    except OSError as error:
        raise MetadataError(f"is not taken. {why_unreadable(error)}") from None


def _opened(file: Path) -> IO[str]:
    """Raises MetadataError, OSError."""
    status = file.stat()
    if stat.S_ISDIR(status.st_mode):
        raise MetadataError("is a folder. What is known of pictures has to be in a file.")
    if not stat.S_ISREG(status.st_mode):  # Opening a pipe or a device may wait for ever.
        raise MetadataError("is no ordinary file.")
    if not status.st_size:
        raise MetadataError("is empty.")
    if status.st_size > MOST_BYTES:
        raise MetadataError(
            f"is {status.st_size / 1e6:,.0f} MB, and at most {MOST_BYTES / 1e6:.0f} MB are read. "
            "Spread it over the folders, or leave columns out."
        )
    with file.open("rb") as raw:
        marked = raw.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE)
    return file.open(encoding="utf-16" if marked else "utf-8-sig", newline="")


class _Head:
    """The names of the columns: each once, and where among them the file is named."""

    def __init__(self, names: Sequence[str]) -> None:
        keys = [key_of(name) for name in names]
        self.file = next((keys.index(name) for name in FILE_COLUMNS if name in keys), None)
        taken: dict[str, int] = {}
        self.names = [
            unique(cleaned(name) or f"Column {number}", taken, MOST_CHARACTERS)
            for number, name in enumerate(names, 1)
        ]

    def row(self, line: int, cells: Sequence[str]) -> Row:
        named = self.file is not None and self.file < len(cells)
        facts = {
            name: text
            for at, (name, cell) in enumerate(zip(self.names, cells, strict=False))
            if at != self.file and (text := cleaned(cell))
        }
        return Row(line, cells[self.file].strip() if named and self.file is not None else "", facts)


def _csv(text: IO[str], faults: Faults) -> Iterator[Row]:
    lines = iter(text)
    before, first = 0, ""
    delimiters: Sequence[str] = _DELIMITERS
    for line in lines:
        first = line
        # Excel writes and reads such a line; it is none of the table.
        if told := re.fullmatch(r'"?sep=([,;|\t])"?', line.strip("\r\n")):
            delimiters = told[1]
        elif cleaned(line):
            break
        before += 1
    delimiter, head = _delimiter(first, delimiters)
    reader = csv.reader(chain([first], lines, [_END]), delimiter=delimiter, skipinitialspace=True)
    last = 0  # line, as the reader counts them, that the row before ended with
    while True:
        here = before + last + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            last = reader.line_num
            faults.add(Fault.LARGE, here)
            continue
        if cells == [_END]:
            break
        if cells and cells[-1].endswith(_END):
            faults.add(Fault.UNCLOSED, here)
        elif last == 0:
            head = _Head(cells)  # the whole of it, where a name goes on in the next line
        elif any(map(str.strip, cells)):
            if any(map(str.strip, cells[len(head.names) :])):
                faults.add(Fault.EXTRA, here)
            yield head.row(here, cells)
        last = reader.line_num


def _delimiter(first: str, delimiters: Sequence[str]) -> tuple[str, _Head]:
    """What stands between the cells, by the line with the columns' names."""
    heads = {}
    for delimiter in delimiters:
        try:
            found = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:
            continue
        heads[delimiter] = _Head(found)
        if heads[delimiter].file is not None:
            return delimiter, heads[delimiter]
    most = max((head.names for head in heads.values()), key=len, default=[])
    raise _without_file(most)


def _json(text: IO[str], faults: Faults) -> Iterator[Row]:
    heads: dict[tuple[str, ...], _Head] = {}
    for line, content in enumerate(text, 1):
        if not content.strip():
            continue
        try:
            found = json.loads(content)
            cells = [_text(value) for value in found.values()] if isinstance(found, dict) else None
        except (ValueError, RecursionError):
            cells = None
        if cells is None:
            faults.add(Fault.NO_OBJECT, line)
        elif max(map(len, cells), default=0) > csv.field_size_limit():
            faults.add(Fault.LARGE, line)
        else:
            names = tuple(found)
            head = heads[names] = heads.get(names) or _Head(names)
            yield head.row(line, cells)
    if heads and all(head.file is None for head in heads.values()):
        raise _without_file(next(iter(heads.values())).names)


def _text(value: object) -> str:
    """A value of JSON as a text; a nested one as short JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return shortened(json.dumps(value, ensure_ascii=False), MOST_CHARACTERS)


def _without_file(names: Sequence[str]) -> MetadataError:
    shown = ", ".join(quoted(name) for name in names[:8]) or "none"
    return MetadataError(
        "has no column file_name, which says which picture a line is about. "
        f"Its columns: {shown}{', …' if len(names) > 8 else ''}."
    )
