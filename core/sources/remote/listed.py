"""A list of addresses as a source: the list is read when it changed, its pictures when they did."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from core.deadline import Deadline
from core.errors import LinkError, SourceError
from core.model import Unreadable
from core.sources.links import CHUNK, Network, about_its_file, body, check_status
from core.sources.remote.catalogue import PROBLEMS_NAMED, Catalogue, Problem, Row
from core.sources.remote.entry import Entry, mark_of, path_of, size_of
from core.sources.remote.fetching import Hosts, patiently
from core.sources.remote.kept import make_private
from core.sources.remote.lists import address_in, read_list
from core.sources.remote.spec import Spec

log = logging.getLogger(__name__)

# A million lines with a signature each come to half of that.
MOST_OF_A_LIST = 2_000_000_000
LIST_SECONDS = 600.0

# Columns that tell whether the file behind a line is another one.
CONTENT = ("sha256", "md5", "etag", "size", "last_modified")

# Raise it when lines become other paths or marks: every list is then read again.
READING = "1"

# What only signs an address and changes when it is signed anew: of Azure's SAS, of Amazon's and
# Google's signed addresses. Sources: the vendors' pages on a "service SAS", "query string request
# authentication" and "V4 signing".
SAS = frozenset(
    "sv ss srt sr sp st se sip spr sig skoid sktid skt ske sks skv sdd saoid suoid scid".split()
)
SIGNED = frozenset("expires signature key-pair-id policy awsaccesskeyid googleaccessid".split())


class Listed:
    """The pictures of one list, on this machine or at an address."""

    def __init__(self, spec: Spec, folder: Path, network: Network, hosts: Hosts) -> None:
        """folder: where the catalogue is kept, which others cannot read."""
        self._spec, self._network, self._hosts = spec, network, hosts
        self._folder = folder
        self.catalogue = Catalogue(folder / f"{spec.name}.sqlite")
        path = urlsplit(spec.address).path if spec.is_web else spec.address
        self._ending = PurePosixPath(path).suffix.lower()

    def entries(self, deadline: Deadline) -> Iterator[Entry | Unreadable]:
        try:
            if self._spec.is_web:
                self._refresh_from_web(deadline)
            else:
                self._refresh_from_disk(deadline)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise SourceError(f"The list {self._spec.name} cannot be kept ({why}).") from None
        for path, address, size, mark in self.catalogue.places():
            if self._is_file(address):
                yield self._on_disk(path, address)
            else:
                yield Entry(path, size, mark, is_picture=True)
        named, total = self.catalogue.problems()
        for problem in named:
            yield Unreadable(f"line {problem.line} of the list", problem.reason)
        if total > PROBLEMS_NAMED:
            rest = total - PROBLEMS_NAMED
            yield Unreadable("further lines of the list", f"{rest:,} more lines name no picture.")

    def read(self, inside: str, deadline: Deadline, most: int) -> bytes:
        address = self.catalogue.address(inside)
        if address is None:
            raise FileNotFoundError
        if self._is_file(address):
            return (self._home / address).read_bytes()
        if "://" not in address:
            parts = urlsplit(self._spec.address)
            # The signature of a container opens the list and the pictures beside it.
            address = urljoin(self._spec.shown, quote(address))
            address += f"?{parts.query}" if parts.query else ""
        return patiently(
            address,
            deadline,
            self._network,
            lambda answer: body(answer, most),
            hosts=self._hosts,
        )

    @property
    def _home(self) -> Path:
        return Path(self._spec.address).parent

    def _is_file(self, address: str) -> bool:
        return "://" not in address and not self._spec.is_web

    def _on_disk(self, path: str, address: str) -> Entry | Unreadable:
        try:
            status = (self._home / address).stat()
        except (OSError, ValueError):
            return Unreadable(path, "The list names this file, which is not there.")
        mark = mark_of(status.st_mtime_ns, status.st_ino)
        return Entry(path, status.st_size, mark, is_picture=True)

    def _refresh_from_disk(self, deadline: Deadline) -> None:
        file = Path(self._spec.address)
        try:
            status = file.stat()
        except OSError:
            raise SourceError(
                f"The list {self._spec.name} is not there: it was moved, or its drive is away."
            ) from None
        mark = f"{READING}:{status.st_size}:{status.st_mtime_ns}:{file}"
        if mark != self.catalogue.mark():
            self.catalogue.replace(mark, self._lines(file, deadline))

    def _refresh_from_web(self, deadline: Deadline) -> None:
        """Download the list if its host says that it changed, or does not say."""
        self._folder.mkdir(parents=True, exist_ok=True)
        before = self.catalogue.mark()
        place = mark_of(self._spec.shown)
        prefix = f"{READING}:{place}:"
        known = before.removeprefix(prefix) if before.startswith(prefix) else ""
        headers = {"If-None-Match": known} if known.startswith(('"', 'W/"')) else {}
        for left in self._folder.glob(f".{self._spec.name}.download.*.part"):
            left.unlink(missing_ok=True)
        # The draft is read and thrown away: it never takes the place of a file.
        draft = self._folder / f".{self._spec.name}.download.0.part"
        try:
            make_private(draft)
            found = patiently(
                self._spec.address,
                deadline,
                self._network,
                lambda answer: self._download(answer, draft),
                headers,
                seconds=LIST_SECONDS,
            )
            if found and prefix + found != before:
                self.catalogue.replace(prefix + found, self._lines(draft, deadline))
        except LinkError as error:
            said = about_its_file(error)
            raise SourceError(f"The list {self._spec.name} cannot be read. {said}") from None
        finally:
            draft.unlink(missing_ok=True)

    def _download(self, answer: HTTPResponse, draft: Path) -> str:
        """Write the list to the draft; returns what names its content, "" if it is unchanged."""
        if answer.status == 304:
            return ""
        check_status(answer)
        if (answer.getheader("Content-Type") or "").lower().startswith("text/html"):
            raise LinkError("The link leads to a web page; please use the address of the list.")
        digest, size = hashlib.sha256(), 0
        with draft.open("wb") as file:
            while chunk := answer.read1(CHUNK):
                size += len(chunk)
                if size > MOST_OF_A_LIST:
                    raise LinkError("The link leads to a list of more than 2 GB.")
                digest.update(chunk)
                try:
                    file.write(chunk)
                except OSError as error:
                    raise SourceError(
                        f"The list {self._spec.name} cannot be kept ({error.strerror})."
                    ) from None
        if answer.length:
            raise IncompleteRead(b"", answer.length)
        return answer.getheader("ETag") or digest.hexdigest()

    def _lines(self, file: Path, deadline: Deadline) -> Iterator[Row | Problem]:
        any_address = False
        number = 0
        for number, columns in read_list(file, self._ending):
            if number % 1000 == 0:
                deadline.check()
            if columns is None:
                yield Problem(number, "This line is not a JSON object.")
                continue
            address = address_in(columns)
            any_address |= bool(address)
            yield self._line(number, address, columns)
        if number and not any_address:
            raise SourceError(
                f"No line of the list {self._spec.name} has a url or a file_name, which say where "
                "the pictures are."
            )

    def _line(self, number: int, address: str, columns: Mapping[str, str]) -> Row | Problem:
        if not address:
            return Problem(number, "This line says neither url nor file_name.")
        content = [columns.get(name, "") for name in CONTENT]
        size = size_of(columns.get("size", ""))
        if "://" in address:
            address = address.replace(" ", "%20")
            path = path_of_address(address)
            if path is None:
                return Problem(number, "What this line names is not an address of the web.")
        else:
            inside = self._inside(address)
            if inside is None:
                where = "beside the list" if self._spec.is_web else "in the folder of the list"
                return Problem(number, f"The file that this line names does not lie {where}.")
            address, path = inside, path_of(inside)
        return Row(path, address, size, mark_of(path, *content), columns)

    def _inside(self, name: str) -> str | None:
        """A file's name below the folder of the list; None for one that leads elsewhere."""
        path: PurePath = PurePosixPath(name) if self._spec.is_web else PurePath(name)
        if path.is_absolute() and not self._spec.is_web and path.is_relative_to(self._home):
            path = path.relative_to(self._home)
        if path.is_absolute() or path.drive or ".." in path.parts or "\0" in name:
            return None
        return path.as_posix() if path.parts else None


def path_of_address(address: str) -> str | None:
    """The path of a picture by its address: host and path, and of a query only a digest.

    What only signs the address is left out, so that a picture stays the same when it is signed
    anew. None for what is no address of the web.

    >>> path_of_address("https://pictures.example/a%20b.jpg?sv=1&sig=SECRET")
    'pictures.example/a b.jpg'
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host:
        return None
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name, _ in pairs}
    signing = (SAS if "sig" in names else frozenset()) | (SIGNED if "signature" in names else set())
    kept = [
        (name, value)
        for name, value in pairs
        if name.lower() not in signing and not name.lower().startswith(("x-amz-", "x-goog-"))
    ]
    path = unquote(parts.path) or "/"
    if kept:
        file = PurePosixPath(path)
        digest = hashlib.sha256(urlencode(kept).encode()).hexdigest()[:8]
        path = str(file.with_name(f"{file.stem} ({digest}){file.suffix}")) if file.name else digest
    port = f"-{parts.port}" if parts.port else ""
    return path_of(f"{host}{port}/{path.lstrip('/')}")
