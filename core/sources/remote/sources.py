"""All sources of a data folder: which there are, what lies in them, one file of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from core.deadline import Deadline
from core.entra import Tokens
from core.errors import LinkError, SourceError
from core.model import REMOTE, Cause, Unreadable
from core.pictures import MAX_FILE_BYTES
from core.settings import Settings
from core.sources.folders import Place
from core.sources.left_out import HIDDEN, why_left_out
from core.sources.links import INTERNET, Network, about_its_file
from core.sources.remote.anywhere import Anywhere
from core.sources.remote.blobs import SCOPE, Container
from core.sources.remote.catalogue import Catalogue
from core.sources.remote.entry import Source
from core.sources.remote.fetching import Hosts
from core.sources.remote.kept import read_kept, write_kept
from core.sources.remote.listed import CONTENT, Listed
from core.sources.remote.lists import ADDRESSES
from core.sources.remote.spec import Kind, Spec, checked, from_setting

# With a SAS and the longest name of a blob, each letter percent-encoded.
LONGEST_ADDRESS = 16_384


# Columns of a list that say nothing of what a picture shows.
OF_THE_FILE = frozenset((*ADDRESSES, *CONTENT))


@dataclass(frozen=True, slots=True)  # a scan holds one for each file that it has to read
class RemoteFile:
    """A file that a source listed, as `folders.Found` is one on the disk.

    mtime_ns: not a time, but the number that `Entry.mark` is.
    """

    path: str
    size: int
    mtime_ns: int
    named_as_picture: bool
    source: Source

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def head(self, count: int) -> bytes:
        """Nothing: a file that is not named as a picture is not fetched to find out."""
        return b""

    def read(self, deadline: Deadline) -> bytes:
        """Raises OSError, LinkError, Cancelled."""
        inside = self.path.removeprefix(REMOTE).partition("/")[2]
        return self.source.read(inside, deadline, MAX_FILE_BYTES)


@dataclass(frozen=True)
class SourceAway:
    """A source that could not be listed to its end. path: ends in "/". reason: a sentence."""

    path: str
    reason: str


Remote: TypeAlias = RemoteFile | Unreadable | Place | SourceAway


class Sources:
    """The sources of the settings and those that were added on a page. Safe between threads."""

    def __init__(self, settings: Settings, network: Network | None = None) -> None:
        """network: of tests."""
        self.problems: list[str] = []
        self._configured = tuple(from_setting(settings.sources, self.problems))
        self._folder = settings.data_dir / "sources"
        self._kept = settings.data_dir / "sources.json"
        self._network = network or replace(
            INTERNET, loopback=settings.sources_loopback, longest=LONGEST_ADDRESS
        )
        self._tokens = Tokens(SCOPE) if settings.signs_in else None
        self._guard = threading.Lock()
        self._made: dict[Spec, Source] = {}
        self._hosts = Hosts()
        try:
            read_kept(self._kept)
        except SourceError as error:
            self.problems.append(str(error))

    def all(self) -> list[Spec]:
        """Every source, those of the settings first. Raises SourceError."""
        names = {spec.name.lower() for spec in self._configured}
        kept = [spec for spec in read_kept(self._kept) if spec.name.lower() not in names]
        return [*self._configured, *kept]

    def add(self, name: str, address: str) -> Spec:
        """Keep a source by the address that a person gave on a page. Raises SourceError.

        One of the same name gets the new address, for a signature that has expired.
        """
        spec = checked(name, address, configured=False)
        self._make(spec)
        with self._guard:
            if any(each.name.lower() == spec.name.lower() for each in self._configured):
                raise SourceError(
                    f"The settings have a source {spec.name} already; give this one another name."
                )
            others = [s for s in read_kept(self._kept) if s.name.lower() != spec.name.lower()]
            write_kept(self._kept, [*others, spec])
        return spec

    def remove(self, name: str) -> bool:
        """Forget a source that was added on a page; False if there is none such."""
        with self._guard:
            kept = read_kept(self._kept)
            gone = [spec for spec in kept if spec.name == name]
            if gone:
                write_kept(self._kept, [spec for spec in kept if spec.name != name])
        for spec in gone:
            if spec.kind is Kind.LIST:
                Listed(spec, self._folder, self._network, self._hosts).catalogue.remove()
        return bool(gone)

    def walk(self, deadline: Deadline) -> Iterator[Remote]:
        """Every file of every source, each source before what lies in it; nothing is fetched.

        A source that cannot be listed, or not to its end, comes as a SourceAway last. Raises
        Cancelled.
        """
        with self._guard:
            self._hosts, self._made = Hosts(), {}
        try:
            specs = self.all()
        except SourceError as error:
            yield SourceAway(REMOTE, str(error))
            return
        for spec in specs:
            place = f"{REMOTE}{spec.name}/"
            yield Place(place, there=True)
            try:
                source = self._make(spec)
                yield from _below(place, source, deadline)
            except LinkError as error:
                yield SourceAway(place, about_its_file(error))
            except SourceError as error:
                yield SourceAway(place, str(error))

    def read(self, path: str, deadline: Deadline) -> bytes | None:
        """The bytes of a file by its path in the index; None if they cannot be had now."""
        name, _, inside = path.removeprefix(REMOTE).partition("/")
        try:
            spec = next((spec for spec in self.all() if spec.name == name), None)
            if spec is None or not path.startswith(REMOTE):
                return None
            return self._make(spec).read(inside, deadline, MAX_FILE_BYTES)
        except (OSError, ValueError, SourceError, LinkError):
            return None

    def columns(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """(path in the index, its line's columns as texts) of every picture that a list names.

        Left out are those that say where the file is, and whether it has changed.
        """
        for name, catalogue in self._catalogues():
            for row in catalogue.rows():
                told = {key: text for key, text in row.columns.items() if key not in OF_THE_FILE}
                yield f"{REMOTE}{name}/{row.path}", told

    def columns_state(self) -> str:
        """Another text whenever `columns` says something else."""
        return repr([(name, catalogue.mark()) for name, catalogue in self._catalogues()])

    def _catalogues(self) -> Iterator[tuple[str, Catalogue]]:
        for spec in self.all():
            if spec.kind is Kind.LIST:
                listed = Listed(spec, self._folder, self._network, self._hosts)
                yield spec.name, listed.catalogue

    def _make(self, spec: Spec) -> Source:
        with self._guard:
            if spec not in self._made:
                self._made[spec] = self._new(spec)
            return self._made[spec]

    def _new(self, spec: Spec) -> Source:
        if spec.kind is Kind.LIST:
            return Listed(spec, self._folder, self._network, self._hosts)
        if spec.kind is Kind.CONTAINER:
            # What a visitor adds must not be opened with the account of this machine.
            tokens = self._tokens if spec.configured else None
            return Container(spec, self._network, self._hosts, tokens)
        return Anywhere(spec)


def _below(place: str, source: Source, deadline: Deadline) -> Iterator[RemoteFile | Unreadable]:
    said: set[str] = set()
    for number, entry in enumerate(source.entries(deadline)):
        if number % 1000 == 0:
            deadline.check()
        if isinstance(entry, Unreadable):
            yield replace(entry, path=place + entry.path)
            continue
        folder, _, name = entry.inside.rpartition("/")
        left_out = _folder_left_out(folder) or _left_out(entry.inside, name)
        if left_out is None:
            yield RemoteFile(place + entry.inside, entry.size, entry.mark, entry.is_picture, source)
            continue
        path, (kind, reason) = left_out
        nobodys = path == entry.inside and kind == HIDDEN and not entry.is_picture
        if path not in said and not nobodys:
            said.add(path)
            yield Unreadable(place + path, reason, cause=Cause.LEFT_OUT, kind=kind)


@lru_cache(maxsize=1024)  # the files of a folder come together
def _folder_left_out(folder: str) -> tuple[str, tuple[str, str]] | None:
    """The first folder on the way that is left out by its name, its kind and the reason."""
    parts = folder.split("/")
    for depth, part in enumerate(parts, 1):
        found = _left_out("/".join(parts[:depth]) + "/", part)
        if found is not None:
            return found
    return None


def _left_out(path: str, name: str) -> tuple[str, tuple[str, str]] | None:
    # "." and ".." mean nothing elsewhere; they are parts of names like others.
    found = why_left_out(name) if name.strip(".") else None
    return (path, found) if found is not None else None
