"""A container of Azure Blob Storage: its listing, page by page, and its blobs.

The contract is that of the REST operations List Blobs and Get Blob
(https://learn.microsoft.com/rest/api/storageservices/list-blobs). A SAS needs the rights to read
and to list (`sp=rl`); without one, the sign-in of this machine is used where it may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPResponse
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit
from xml.etree import ElementTree

from core.deadline import Deadline
from core.entra import Tokens
from core.errors import LinkUnavailable, SourceError
from core.model import Unreadable
from core.sources.links import Network, body, check_status, is_loopback
from core.sources.remote.entry import Entry, mark_of, name_of, named_as_picture, path_of, size_of
from core.sources.remote.fetching import Hosts, patiently
from core.sources.remote.spec import Spec

VERSION = "2023-11-03"
SCOPE = "https://storage.azure.com/.default"

# The hosts that a token of Entra ID may be sent to: those of Microsoft's clouds.
AZURE_HOSTS = (
    ".blob.core.windows.net",
    ".blob.core.usgovcloudapi.net",
    ".blob.core.chinacloudapi.cn",
    ".blob.storage.azure.net",
)

PAGE = 5000  # blobs, the most that the service gives at once
# Of one page: 5,000 blobs with names of 1,024 characters, percent-encoded, come to some 50 MB.
MOST_OF_A_PAGE = 100_000_000
PAGE_SECONDS = 120.0

# What people paste along when they copy the address of a listing.
NOT_OF_A_SAS = {"restype", "comp", "prefix", "marker", "maxresults", "delimiter", "include"}


class Container:
    """The blobs of one container, or those below a folder in it."""

    def __init__(
        self, spec: Spec, network: Network, hosts: Hosts, tokens: Tokens | None = None
    ) -> None:
        """tokens: of whoever is signed in on this machine; None to do without."""
        parts = urlsplit(spec.address)
        self._host = parts.hostname or ""
        # The emulator Azurite names the account in the path, and the service in the host.
        depth = 2 if is_loopback(self._host) else 1
        names = parts.path.strip("/").split("/")
        if not all(names[:depth]) or len(names) < depth:
            raise SourceError(
                f"The address of the source {spec.name} names no container: it looks like "
                "https://<account>.blob.core.windows.net/<container>."
            )
        self._name = spec.name
        self._base = f"{parts.scheme}://{parts.netloc}/{'/'.join(names[:depth])}"
        rest = "/".join(names[depth:])
        self._prefix = unquote(rest) + "/" if rest else ""
        pairs = [pair for pair in parts.query.split("&") if pair]
        # As it was given: the signature is of these very characters.
        self._sas = "&".join(p for p in pairs if p.partition("=")[0].lower() not in NOT_OF_A_SAS)
        self._expires = dict(parse_qsl(parts.query)).get("se", "")
        self._network, self._hosts = network, hosts
        self._tokens = None if self._sas else tokens
        if self._tokens is not None and not self._may_sign_in():
            self._tokens = None

    def entries(self, deadline: Deadline) -> Iterator[Entry | Unreadable]:
        marker, seen = "", set[str]()
        while True:
            found = self._page(marker, deadline)
            for blob in found.iterfind("Blobs/Blob"):
                entry = _entry(blob, self._prefix)
                if entry is not None:
                    yield entry
            marker = found.findtext("NextMarker") or ""
            if not marker:
                return
            if marker in seen:
                raise SourceError(
                    f"The listing of the source {self._name} goes in a circle; it was not read on."
                )
            seen.add(marker)

    def read(self, inside: str, deadline: Deadline, most: int) -> bytes:
        name = quote(self._prefix + name_of(inside), safe="/~", errors="surrogateescape")
        url = f"{self._base}/{name}" + (f"?{self._sas}" if self._sas else "")

        def take(answer: HTTPResponse) -> bytes | None:
            if answer.status in (401, 403):
                # For all other files it is the same: the next scan tries again.
                raise LinkUnavailable(self._refused(answer.getheader("x-ms-error-code") or ""))
            return None if answer.status == 404 else body(answer, most)

        data = patiently(url, deadline, self._network, take, self._headers(), self._hosts)
        if data is None:
            raise FileNotFoundError
        return data

    def _page(self, marker: str, deadline: Deadline) -> ElementTree.Element:
        asked = {"restype": "container", "comp": "list", "maxresults": str(PAGE)}
        asked |= {"prefix": self._prefix} if self._prefix else {}
        asked |= {"marker": marker} if marker else {}
        url = f"{self._base}?{urlencode(asked, quote_via=quote)}"
        url += f"&{self._sas}" if self._sas else ""

        def take(answer: HTTPResponse) -> bytes:
            if answer.status in (400, 401, 403, 404, 409):
                code = answer.getheader("x-ms-error-code") or _code(answer)
                raise SourceError(self._refused(code, answer.status))
            check_status(answer)
            return body(answer, MOST_OF_A_PAGE)

        try:
            data = patiently(
                url, deadline, self._network, take, self._headers(), seconds=PAGE_SECONDS
            )
            return ElementTree.fromstring(data)
        except ElementTree.ParseError:
            raise SourceError(
                f"What the source {self._name} answers is no listing of a container. Check its "
                "address."
            ) from None

    def _headers(self) -> dict[str, str]:
        headers = {"x-ms-version": VERSION}
        if self._tokens is not None:
            headers["Authorization"] = f"Bearer {self._token()}"
        return headers

    def _may_sign_in(self) -> bool:
        return self._host.endswith(AZURE_HOSTS) or (
            self._network.loopback and is_loopback(self._host)
        )

    def _token(self) -> str:
        assert self._tokens is not None
        try:
            return self._tokens.get()
        except Exception:  # the package has many, whose texts may hold what was sent
            raise SourceError(
                f"The source {self._name} has no SAS, and nobody is signed in to Azure here. Run "
                "“az login”, use a managed identity, or add a SAS to its address."
            ) from None

    def _refused(self, code: str, status: int = 403) -> str:
        what = f"The source {self._name}"
        if code == "ContainerNotFound" or (status == 404 and not code):
            return f"{what} is not there: its container was deleted, or its address is wrong."
        if status == 404:
            return f"{what} is not there ({_word(code)}). Check its address."
        if self._is_expired():
            return (
                f"{what} refuses its SAS, which has expired. Add the source again with a new one."
            )
        if code == "AuthorizationPermissionMismatch":
            return (
                f"{what} does not let its files be listed and read: a SAS needs both rights "
                "(sp=rl), a sign-in the role Storage Blob Data Reader."
            )
        if code in ("AuthorizationFailure", "PublicAccessNotPermitted"):
            return f"{what} does not answer from here: its storage account admits other networks."
        if status in (401, 403):
            return (
                f"{what} refuses its SAS or sign-in ({_word(code)}). Add it again with a new SAS."
            )
        return f"{what} cannot be listed ({_word(code) or status})."

    def _is_expired(self) -> bool:
        try:
            at = datetime.fromisoformat(self._expires)
        except ValueError:
            return False
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) < datetime.now(UTC)


def _entry(blob: ElementTree.Element, prefix: str) -> Entry | None:
    """None for what only stands for a folder."""
    name = blob.find("Name")
    facts = blob.find("Properties")
    if name is None or not name.text:
        return None
    text = name.text
    if name.get("Encoded") == "true":
        text = unquote(text, errors="surrogateescape")
    text = text.removeprefix(prefix)

    def fact(key: str) -> str:
        return (facts.findtext(key) or "").strip() if facts is not None else ""

    size = size_of(fact("Content-Length"))
    is_folder = fact("ResourceType") == "directory" or blob.findtext("Metadata/hdi_isfolder")
    if not text or is_folder or (text.endswith("/") and not size):
        return None
    # The hash stays where only properties change. The service drops it with every new content.
    mark = fact("Content-MD5") or fact("Etag") or fact("Last-Modified")
    is_picture = named_as_picture(text) or fact("Content-Type").startswith("image/")
    return Entry(path_of(text), size, mark_of(mark), is_picture)


def _code(answer: HTTPResponse) -> str:
    found = re.search(rb"<Code>(\w+)</Code>", answer.read(65_536))
    return found[1].decode() if found else ""


def _word(code: str) -> str:
    """The service's code, if it is a word and not a text of who knows whom."""
    return code if re.fullmatch(r"[A-Za-z]{1,60}", code) else "no reason is given"
