"""A visitor's address -> bytes, only from public https hosts."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import certifi

from core.deadline import Deadline
from core.errors import Cancelled, LinkError, LinkUnavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
T = TypeVar("T")

# More than any picture that a web page shows, and little enough to wait for.
MAX_BYTES = 20_971_520
MAX_REDIRECTS = 3
# Longer than this and it is not an address that anybody copied; servers refuse it at 8 kB.
MAX_LENGTH = 2048
CHUNK = 65_536
# How soon a stop is noticed while an answer is waited for.
WATCH_SECONDS = 0.2

# Names that never mean a host on the public internet (RFC 6761, RFC 6762, RFC 8375, ICANN).
LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home")

# Public by their number, yet not somewhere on the internet: Azure's host agent answers virtual
# machines at the first; the second once led to the nearest 6to4 relay (RFC 7526).
NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.88.99.0/24")))
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
# All IPv6 that the internet routes so far.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

# What a server answers when the same request may go well a little later.
PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))

NOT_ON_THE_INTERNET = "The link leads to a private or local address, which is never fetched."
TOO_SLOW = "The link did not answer in time."


def is_public(address: Address) -> bool:
    """True if the address is a host on the internet, whichever way it is written.

    IPv6 addresses that carry an IPv4 one (mapped, NAT64, 6to4) are as public as that one.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        elif address in SIX_TO_FOUR:
            inner = address.sixtofour
        if inner is not None:
            return is_public(inner)
        if address not in GLOBAL_UNICAST or address.teredo is not None:
            return False
    return (
        address.is_global
        and not address.is_private
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in NOT_PUBLIC)
    )


def resolve(host: str, port: int) -> list[Address]:
    """Every address of a host, as the system's resolver gives them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates and those of certifi: some Pythons come without the former."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@dataclass(frozen=True)
class Network:
    """Where links lead. Tests bring their own, so that a server on loopback can stand in for one
    on the internet; of a visitor's links the product only ever uses the default.

    loopback: this machine's own addresses (127.0.0.1, localhost) are fetched too, at any port and
    without TLS: for a service's emulator, where a setting asks for it.
    longest: characters of an address.
    """

    resolve: Callable[[str, int], list[Address]] = resolve
    is_public: Callable[[Address], bool] = is_public
    port: int = 443
    trust: Callable[[], ssl.SSLContext] = field(default=_trust)
    loopback: bool = False
    longest: int = MAX_LENGTH


INTERNET = Network()


def check_public(url: str) -> None:
    """Raise LinkError for an address that no service on the internet could fetch.

    Looks at the address alone and asks no name server: for links that the service fetches itself.
    """
    _split(url, ("http", "https"), INTERNET)


def fetch(
    url: str,
    *,
    max_bytes: int = MAX_BYTES,
    timeout: float = 10.0,
    network: Network = INTERNET,
) -> bytes:
    """The bytes at an https address of a public host.

    See `follow` for what is refused; at most `max_bytes`; at most `timeout` seconds in all. Raises
    LinkError, which is a LinkUnavailable if it may go well later.
    """
    deadline = Deadline.for_person(timeout)
    return follow(url, deadline, network, lambda answer: body(answer, max_bytes))


def follow(
    url: str,
    deadline: Deadline,
    network: Network,
    take: Callable[[http.client.HTTPResponse], T],
    headers: Mapping[str, str] | None = None,
) -> T:
    """What `take` makes of the answer at an address; it gets any answer but a redirect.

    The host's addresses are looked up once for each hop; if any is not public it is refused, and
    the connection goes to a looked-up address itself, so that a second answer of the name server
    changes nothing. At most MAX_REDIRECTS redirects, each checked the same way. headers: sent to
    the first host alone, as they may hold a token. The deadline ends an answer that drips, too.
    Raises LinkError, LinkUnavailable, Cancelled.
    """
    schemes = ("https", "http") if network.loopback else ("https",)
    first = ""
    for _ in range(MAX_REDIRECTS + 1):
        parts, host = _split(url, schemes, network)
        first = first or parts.netloc
        sent = (headers or {}) if parts.netloc == first else {}
        with _opened(parts, host, deadline, network, sent) as answer:
            if answer.status not in (301, 302, 303, 307, 308):
                return take(answer)
            url = urljoin(url, answer.getheader("Location") or "")
    raise LinkError("The link leads on and on; please use the address of the picture itself.")


def _split(url: str, schemes: tuple[str, ...], network: Network) -> tuple[SplitResult, str]:
    """The parts of an address that may be asked for, and its host in ASCII. Raises LinkError."""
    url = url.strip()
    if len(url) > network.longest:
        raise LinkError("The link is too long.")
    if not url.isprintable() or " " in url or "\\" in url:
        raise LinkError("The link contains a character that no address has.")
    try:
        parts = urlsplit(url)
        host, its_port = (parts.hostname or "").rstrip("."), parts.port
        if ":" not in host:
            host = host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        raise LinkError("The link is not an address.") from None
    if parts.scheme not in schemes:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise LinkError(f"The link must start with {wanted}.")
    if parts.username is not None or parts.password is not None:
        raise LinkError("The link carries a user name or password; please use one without.")
    if network.loopback and is_loopback(host):
        return parts, host
    if network.loopback and parts.scheme != "https":
        raise LinkError("The link must start with https://.")
    if ("http" not in schemes or network.loopback) and its_port not in (None, network.port):
        raise LinkError(f"The link names port {its_port}; only {network.port} is asked.")
    _check_host(host)
    return parts, host


def is_loopback(host: str) -> bool:
    """True for a name or an address that always means this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_host(host: str) -> None:
    name = host.lower()
    if not name:
        raise LinkError("The link names no host.")
    literal: Address | None = None
    try:
        literal = ipaddress.ip_address(name)
    except ValueError:
        try:
            # 2130706433, 0x7f.1 and 017700000001 are all 127.0.0.1 to a resolver.
            literal = ipaddress.IPv4Address(socket.inet_aton(name))
        except (OSError, ValueError):
            literal = None
    if literal is not None:
        if not is_public(literal):
            raise LinkError(NOT_ON_THE_INTERNET)
        return
    if "." not in name or any(name == local or name.endswith("." + local) for local in LOCAL_NAMES):
        raise LinkError(NOT_ON_THE_INTERNET)


@contextlib.contextmanager
def _opened(
    parts: SplitResult, host: str, deadline: Deadline, network: Network, headers: Mapping[str, str]
) -> Iterator[http.client.HTTPResponse]:
    """The answer to one request. What breaks while it is read is raised as a LinkError."""
    address = _public_address(host, deadline, network)
    connection = _Pinned(parts, host, str(address), network, _left(deadline))
    done = threading.Event()
    threading.Thread(target=_watch, args=(connection, deadline, done), daemon=True).start()
    try:
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
        connection.request(
            "GET",
            path + (f"?{query}" if query else ""),
            headers={
                "Accept": "image/*, */*;q=0.1" if headers else "image/*",
                "Accept-Encoding": "identity",
                "User-Agent": "Vectorscope",
                **headers,
            },
        )
        with connection.getresponse() as response:
            yield response
        if connection.was_cut:  # the end of the body may be where it was cut
            raise TimeoutError
    except ssl.SSLCertVerificationError:
        raise LinkError("The link's host has no valid certificate.") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if deadline.cancel.is_set():
            raise Cancelled("Stopped.") from None
        if connection.was_cut or isinstance(error, TimeoutError):
            raise LinkUnavailable(TOO_SLOW) from None
        raise LinkUnavailable("The link's host cannot be reached or broke off.") from None
    finally:
        done.set()
        connection.close()


def _watch(connection: _Pinned, deadline: Deadline, done: threading.Event) -> None:
    """Cut the connection when the time is up or the work is stopped.

    A socket's own timeout starts again with every byte. This one does not.
    """
    while not done.wait(min(WATCH_SECONDS, _left(deadline))):
        if deadline.cancel.is_set() or deadline.remaining() <= 0:
            connection.cut()
            return


def body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """The file that an answer holds. Raises LinkError for anything else than a file."""
    check_status(response)
    too_large = f"The link leads to more than {max_bytes / 1e6:.0f} MB."
    if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
        raise LinkError("The link's host sends a packed answer, which is not unpacked.")
    if (response.getheader("Content-Type") or "").lower().startswith("text/html"):
        raise LinkError("The link leads to a web page; please use the address of the picture.")
    if response.length is not None and response.length > max_bytes:
        raise LinkError(too_large)
    data = bytearray()
    while chunk := response.read1(CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise LinkError(too_large)
    if response.length:  # what is still to come
        raise http.client.IncompleteRead(bytes(data), response.length)
    return bytes(data)


def check_status(response: http.client.HTTPResponse) -> None:
    """Raise LinkError for an answer that is not the file, LinkUnavailable if it may be later."""
    if response.status == 200:
        return
    sentence = f"The link's host answers {response.status} {_words(response)}."
    if response.status in PASSING:
        raise LinkUnavailable(sentence, _seconds(response.getheader("Retry-After") or ""))
    raise LinkError(sentence)


def about_its_file(error: LinkError) -> str:
    """What is said of a link, as a sentence about the file that lies there."""
    return str(error).replace("The link's host", "Its host").replace("The link", "Its address")


def _seconds(retry_after: str) -> float:
    """A wait that a server asks for in seconds; 0 where it names none, or a date."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


class _Pinned(http.client.HTTPConnection):
    """A connection to one looked-up address, with the host's name in SNI, certificate and Host."""

    def __init__(
        self, parts: SplitResult, host: str, address: str, network: Network, timeout: float
    ) -> None:
        self._tls = network.trust() if parts.scheme == "https" else None
        self.default_port = 443 if self._tls else 80
        here = network.loopback and is_loopback(host)
        port = (parts.port or self.default_port) if here else network.port
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._cutting = threading.Lock()
        # `sock` is let go of once the headers are in, while the body is still to come.
        self._wire: socket.socket | None = None
        self.was_cut = False

    def connect(self) -> None:
        wire = socket.create_connection((self._address, self.port), self.timeout)
        if self._tls is not None:
            wire = self._tls.wrap_socket(
                wire, server_hostname=self.host, do_handshake_on_connect=False
            )
        with self._cutting:
            self.sock = self._wire = wire
            if self.was_cut:
                raise TimeoutError
        if isinstance(wire, ssl.SSLSocket):
            wire.do_handshake()

    def cut(self) -> None:
        """End whatever is being waited for. Called from the watchdog's thread."""
        with self._cutting:
            self.was_cut = True
            if self._wire is not None:
                # SSLSocket's own shutdown would take the TLS state from under the reading thread.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._wire, socket.SHUT_RDWR)


def _public_address(host: str, deadline: Deadline, network: Network) -> Address:
    """One address of the host; LinkError if it has none, or any that is not public."""
    if network.loopback and is_loopback(host):
        return ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    found: list[Address] = []
    failed: list[OSError | UnicodeError] = []

    def look_up() -> None:
        try:
            found.extend(network.resolve(host, network.port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    # The system's resolver takes no timeout.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if thread.is_alive():
        raise LinkUnavailable(TOO_SLOW)
    if failed or not found:
        raise LinkUnavailable("The link's host is not known.")
    if not all(network.is_public(address) for address in found):
        raise LinkError(NOT_ON_THE_INTERNET)
    # Many machines have no way out over IPv6, and look its addresses up all the same.
    return min(found, key=lambda address: address.version)


def _left(deadline: Deadline) -> float:
    return max(0.001, deadline.remaining())


def _words(response: http.client.HTTPResponse) -> str:
    """The standard's words for a status; the server's own could say anything."""
    return http.client.responses.get(response.status, "without a word")
