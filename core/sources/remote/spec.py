"""A source as it is configured: a name and an address, and what kind of place that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote, urlsplit, urlunsplit

from core.errors import SourceError

# How a list of addresses may end.
LISTS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"


class Kind(Enum):
    LIST = "list of addresses"
    CONTAINER = "Azure Blob container"
    FSSPEC = "fsspec"


@dataclass(frozen=True)
class Spec:
    """One source. address: with whatever key it carries, so it is never shown; see `shown`.

    configured: by the settings, and thereby by whoever runs the program: only such a source may
    use files and accounts of this machine.
    """

    name: str
    address: str = field(repr=False)
    configured: bool = False

    @property
    def kind(self) -> Kind:
        path = self.address.partition("?")[0].lower()
        if path.endswith(LISTS) and (self.is_web or "://" not in path):
            return Kind.LIST
        return Kind.CONTAINER if self.is_web else Kind.FSSPEC

    @property
    def is_web(self) -> bool:
        return self.address.lower().startswith(("https://", "http://"))

    @property
    def shown(self) -> str:
        """The address without its query, where a signature is, and without user and password."""
        if "://" not in self.address:
            return self.address
        parts = urlsplit(self.address)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


def checked(name: str, address: str, *, configured: bool) -> Spec:
    """A source, if its name and its address can be used. Raises SourceError.

    name: "" to have it named after the last part of its address.
    """
    address = address.strip()
    if not address:
        raise SourceError("A source needs an address.")
    if not address.isprintable():
        raise SourceError("The address of a source contains a character that no address has.")
    try:
        spec = Spec(name.strip(), address, configured)
        shown = spec.shown
    except ValueError:
        raise SourceError("The address of a source is not an address.") from None
    spec = Spec(spec.name or _name_from(shown), address, configured)
    if not re.fullmatch(NAME, spec.name):
        raise SourceError(
            "A source's name is made of letters, digits, dots, dashes and underscores, "
            "at most 40 of them."
        )
    if not configured and not spec.is_web:
        raise SourceError(
            "Here a source needs an address that begins with https://. Lists on this machine and "
            "addresses of fsspec are set with SOURCES."
        )
    if spec.kind is Kind.FSSPEC and "://" not in address:
        endings = ", ".join(LISTS)
        raise SourceError(
            f"The source {spec.name} is neither a list ({endings}) nor an address. Folders are "
            "read through IMAGES_DIR."
        )
    return spec


def _name_from(shown: str) -> str:
    path = unquote(shown.partition("://")[2] or shown.replace("\\", "/"))
    last = path.rstrip("/").rpartition("/")[2]
    for ending in LISTS:
        last = last.removesuffix(ending)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._")[:40] or "source"


def from_setting(text: str, problems: list[str]) -> Iterator[Spec]:
    """The sources of the setting SOURCES: `name=address` or an address, with spaces between.

    Quotes hold an address with spaces together. What is wrong is said in `problems`, never with
    an address, which may hold a key.
    """
    names: set[str] = set()
    for word in re.findall(r'(?:[^\s"]|"[^"]*")+', text):
        given = re.fullmatch(rf"({NAME})=(.+)", word.replace('"', ""))
        name, address = (given[1], given[2]) if given else ("", word.replace('"', ""))
        try:
            spec = checked(name, address, configured=True)
        except SourceError as error:
            problems.append(f"SOURCES: {error}")
            continue
        if spec.name.lower() in names:
            problems.append(f"SOURCES names two sources {spec.name}; the second is not used.")
            continue
        names.add(spec.name.lower())
        yield spec
