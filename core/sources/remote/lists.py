"""Lists of addresses as files: CSV, JSON lines and Parquet, read line by line in little memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TypeAlias

from core.errors import SourceError

# The columns that say where a picture is, the first that is filled in counts. The names are those
# of Hugging Face's ImageFolder (`file_name`) and of img2dataset (`url`).
ADDRESSES = ("url", "image_url", "file_name")

# Longer lines are no lines of a list, and would have to be held in memory.
LONGEST_LINE = 1_000_000
ROWS_AT_ONCE = 4096

Line: TypeAlias = tuple[int, Mapping[str, str] | None]


def read_list(file: Path, ending: str) -> Iterator[Line]:
    """(number of the line, its columns as texts); None for a line that cannot be understood.

    Names of columns are in small letters, and empty values are left out. Numbers count from 1,
    with the line of the columns' names among them. Raises SourceError for what is no such list.
    """
    try:
        if ending == ".parquet":
            yield from _parquet(file)
        else:
            with file.open(encoding="utf-8-sig", newline="") as text:
                yield from (_json if ending in (".jsonl", ".ndjson") else _csv)(text)
    except UnicodeDecodeError:
        raise SourceError(
            "The list is not UTF-8 text. Save it as “CSV UTF-8” or as UTF-8, and scan again."
        ) from None
    except csv.Error as error:
        raise SourceError(f"The list is no CSV that can be read ({error}).") from None
    except OSError as error:
        raise SourceError(f"The list cannot be read ({error.strerror}).") from None


def address_in(columns: Mapping[str, str]) -> str:
    """Where the picture of a line is; "" if the line does not say."""
    return next((columns[name].strip() for name in ADDRESSES if columns.get(name)), "")


def _lines(text: IO[str]) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise SourceError(f"Line {number:,} of the list is longer than any line of a list.")
        yield line


def _csv(text: IO[str]) -> Iterator[Line]:
    head = text.readline(LONGEST_LINE)
    text.seek(0)
    names: list[str] = []
    for delimiter in (",", ";", "\t"):
        found = next(csv.reader([head], delimiter=delimiter), [])
        names = [name.strip().lower() for name in found]
        if set(names) & set(ADDRESSES):
            break
    else:
        _without_address(next(csv.reader([head]), []))
    reader = csv.reader(_lines(text), delimiter=delimiter)
    next(reader)
    for row in reader:
        if row:
            yield reader.line_num, {k: v for k, v in zip(names, row, strict=False) if v}


def _json(text: IO[str]) -> Iterator[Line]:
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        yield number, _texts(found) if isinstance(found, dict) else None


def _parquet(file: Path) -> Iterator[Line]:
    from pyarrow import ArrowException, parquet, types

    try:
        opened = parquet.ParquetFile(file)
        # Pictures as bytes and nested columns say nothing that could be shown.
        names = [
            field.name
            for field in opened.schema_arrow
            if not types.is_nested(field.type)
            and not types.is_binary(field.type)
            and not types.is_large_binary(field.type)
        ]
        if not {name.strip().lower() for name in names} & set(ADDRESSES):
            _without_address(names)
        number = 0
        for batch in opened.iter_batches(ROWS_AT_ONCE, columns=names):
            for row in batch.to_pylist():
                number += 1
                yield number, _texts(row)
    except (ArrowException, ValueError):
        raise SourceError("The list is no Parquet file that can be read.") from None


def _texts(row: Mapping[str, object]) -> dict[str, str]:
    return {
        str(name).strip().lower(): str(value)
        for name, value in row.items()
        if value is not None and value != "" and not isinstance(value, dict | list)
    }


def _without_address(names: list[str]) -> None:
    shown = ", ".join(name.strip()[:30] for name in names[:8] if name.strip()) or "none"
    raise SourceError(
        f"The list has no column url or file_name, which say where the pictures are. "
        f"Its columns: {shown}."
    )
