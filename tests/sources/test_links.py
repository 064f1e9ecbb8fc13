"""core.sources.links: a visitor's address is hostile until it is proven public.

Fetches go to a real HTTPS server on loopback. Only three things stand in for the internet: which
addresses a name has, which of them count as public, and whose certificates are trusted.
"""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LinkError
from core.sources.links import Address, Network, check_public, fetch, is_public
from tests import hostile_pictures as hostile

CERTIFICATE = Path(__file__).parents[1] / "data" / "pictures.example.pem"
PICTURE = hostile.picture("JPEG")
PUBLIC = ipaddress.ip_address("127.0.0.1")
PRIVATE = ipaddress.ip_address("127.0.0.2")


@dataclass
class Seen:
    """What reached the server."""

    paths: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


class Handler(http.server.BaseHTTPRequestHandler):
    seen: Seen

    def do_GET(self) -> None:
        self.seen.paths.append(self.path)
        self.seen.hosts.append(self.headers["Host"])
        what, _, rest = self.path.strip("/").partition("/")
        with contextlib.suppress(OSError):
            getattr(self, f"answer_{what}", self.answer_picture)(rest)

    def answer_picture(self, rest: str) -> None:
        self.start(200, {"Content-Length": str(len(PICTURE)), "Content-Type": "image/jpeg"})
        self.wfile.write(PICTURE)

    def answer_to(self, rest: str) -> None:
        self.start(302, {"Location": rest, "Content-Length": "0"})

    def answer_up(self, rest: str) -> None:
        self.start(301, {"Location": "../picture.jpg?it=1", "Content-Length": "0"})

    def answer_nowhere(self, rest: str) -> None:
        self.start(302, {"Content-Length": "0"})

    def answer_status(self, rest: str) -> None:
        self.send_response(int(rest), "Please visit evil.example")
        self.end_headers()

    def answer_page(self, rest: str) -> None:
        self.start(200, {"Content-Type": "text/html; charset=utf-8"})
        self.wfile.write(b"<html>")

    def answer_packed(self, rest: str) -> None:
        self.start(200, {"Content-Encoding": "gzip"})

    def answer_large(self, rest: str) -> None:
        self.start(200, {"Content-Length": "99999999"})

    def answer_endless(self, rest: str) -> None:
        self.start(200, {})
        while not self.seen.stop.is_set():
            self.wfile.write(bytes(65_536))

    def answer_short(self, rest: str) -> None:
        self.start(200, {"Content-Length": str(len(PICTURE) + 1)})
        self.wfile.write(PICTURE)

    def answer_chunked(self, rest: str) -> None:
        self.start(200, {"Transfer-Encoding": "chunked"})
        for at in range(0, len(PICTURE), 500):
            part = PICTURE[at : at + 500]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if rest != "cut":
            self.wfile.write(b"0\r\n\r\n")

    def answer_drip(self, rest: str) -> None:
        self.start(200, {} if rest == "open" else {"Content-Length": "1000"})
        while not self.seen.stop.wait(0.02):
            self.wfile.write(b"x")

    def answer_slowheaders(self, rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.seen.stop.wait(0.02):
            self.wfile.write(b"X-More: x\r\n")

    def answer_hang(self, rest: str) -> None:
        self.seen.stop.wait(30)

    def answer_reset(self, rest: str) -> None:
        self.connection.close()

    def start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A refused certificate is what some tests are about."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, Seen]]:
    seen = Seen()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.sni_callback = lambda _, name, __: seen.names.append(name)
    running = Server(("127.0.0.1", 0), type("Seeing", (Handler,), {"seen": seen}))
    running.socket = context.wrap_socket(
        running.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running, seen
    seen.stop.set()
    running.shutdown()
    running.server_close()


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


@pytest.fixture
def internet(server: tuple[Server, Seen]) -> Network:
    """An internet of one host, 127.0.0.1, which goes by every name."""
    for record in (server[1].paths, server[1].hosts, server[1].names):
        record.clear()
    return Network(
        resolve=lambda host, port: [PUBLIC],
        is_public=lambda address: address == PUBLIC,
        port=server[0].server_address[1],
        trust=trusting,
    )


def refusal(url: str, network: Network, timeout: float = 5.0) -> str:
    with pytest.raises(LinkError) as error:
        fetch(url, network=network, timeout=timeout, max_bytes=1_000_000)
    return str(error.value)


SITE = "https://pictures.example"
LOCAL = "The link leads to a private or local address, which is never fetched."


# --- what is fetched


def test_a_picture_is_fetched(internet: Network, server: tuple[Server, Seen]) -> None:
    assert fetch(f"{SITE}/cat.jpg?size=large", network=internet) == PICTURE
    assert server[1].paths == ["/cat.jpg?size=large"]


def test_the_host_is_named_in_the_header_and_in_the_handshake(
    internet: Network, server: tuple[Server, Seen]
) -> None:
    fetch(SITE, network=internet)
    assert server[1].hosts == [f"pictures.example:{internet.port}"]
    assert server[1].names == ["pictures.example"]


def test_an_answer_in_chunks_is_fetched(internet: Network) -> None:
    assert fetch(f"{SITE}/chunked/", network=internet) == PICTURE


def test_letters_beyond_ascii_are_encoded_and_encoded_ones_left(
    internet: Network, server: tuple[Server, Seen]
) -> None:
    fetch(f"{SITE}/Größe%20x.jpg", network=internet)
    assert server[1].paths == ["/Gr%C3%B6%C3%9Fe%20x.jpg"]


def test_a_redirect_to_another_host_is_followed(internet: Network) -> None:
    assert fetch(f"{SITE}/to/https://mirror.example/cat.jpg", network=internet) == PICTURE


def test_a_relative_redirect_is_followed(internet: Network, server: tuple[Server, Seen]) -> None:
    assert fetch(f"{SITE}/up/b", network=internet) == PICTURE
    assert server[1].paths == ["/up/b", "/picture.jpg?it=1"]


def test_every_hop_is_looked_up_once_and_connected_where_it_was_looked_up(
    internet: Network,
) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [PUBLIC] if asked.count(host) == 1 else [PRIVATE]

    network = replace(internet, resolve=rebinding)
    assert fetch(f"{SITE}/to/https://mirror.example/cat.jpg", network=network) == PICTURE
    assert asked == ["pictures.example", "mirror.example"]


# --- where it does not go


@pytest.mark.parametrize(
    "target",
    [
        "http://pictures.example/cat.jpg",
        "file:///etc/passwd",
        "ftp://pictures.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "//169.254.169.254/latest/meta-data",
        "https://user:secret@pictures.example/",
        "https://pictures.example:22/",
    ],
)
def test_a_redirect_is_checked_like_the_first_address(
    internet: Network, server: tuple[Server, Seen], target: str
) -> None:
    refusal(f"{SITE}/to/{target}", internet)
    assert len(server[1].paths) == 1


def test_a_host_with_one_private_address_among_public_ones_is_refused(
    internet: Network, server: tuple[Server, Seen]
) -> None:
    network = replace(internet, resolve=lambda host, port: [PUBLIC, PRIVATE])
    assert refusal(SITE, network) == LOCAL
    assert not server[1].names


def test_a_redirect_to_a_name_with_a_private_address_is_refused(internet: Network) -> None:
    network = replace(
        internet, resolve=lambda host, port: [PRIVATE if host == "mirror.example" else PUBLIC]
    )
    assert refusal(f"{SITE}/to/https://mirror.example/", network) == LOCAL


def test_more_than_three_redirects_are_not_followed(
    internet: Network, server: tuple[Server, Seen]
) -> None:
    assert "on and on" in refusal(f"{SITE}/nowhere/", internet)
    assert len(server[1].paths) == 4


def test_a_host_that_nobody_knows_is_said(internet: Network) -> None:
    def unknown(host: str, port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    network = replace(internet, resolve=unknown)
    assert refusal(SITE, network) == "The link's host is not known."


def test_a_certificate_that_nobody_signed_is_refused(
    internet: Network, server: tuple[Server, Seen]
) -> None:
    network = replace(internet, trust=ssl.create_default_context)
    assert refusal(SITE, network) == "The link's host has no valid certificate."
    assert not server[1].paths


def test_a_certificate_of_another_host_is_refused(internet: Network) -> None:
    assert refusal("https://other.example/", internet) == (
        "The link's host has no valid certificate."
    )


def test_a_port_where_nobody_listens_is_said(internet: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert refusal(SITE, replace(internet, port=port)) == (
        "The link's host cannot be reached or broke off."
    )


# --- what is not taken from it


def test_the_words_of_a_refusal_are_the_standard_ones(internet: Network) -> None:
    assert refusal(f"{SITE}/status/404", internet) == "The link's host answers 404 Not Found."


@pytest.mark.parametrize("status", [204, 206, 304, 401, 500, 599])
def test_only_a_200_is_an_answer(internet: Network, status: int) -> None:
    assert str(status) in refusal(f"{SITE}/status/{status}", internet)


def test_a_web_page_is_said_to_be_one(internet: Network) -> None:
    assert "web page" in refusal(f"{SITE}/page/", internet)


def test_a_packed_answer_is_not_unpacked(internet: Network) -> None:
    assert "packed" in refusal(f"{SITE}/packed/", internet)


@pytest.mark.parametrize("what", ["large", "endless"])
def test_too_many_bytes_are_refused_whether_announced_or_not(internet: Network, what: str) -> None:
    assert refusal(f"{SITE}/{what}/", internet) == "The link leads to more than 1 MB."


@pytest.mark.parametrize("what", ["short/", "chunked/cut", "reset/"])
def test_an_answer_that_breaks_off_is_refused(internet: Network, what: str) -> None:
    assert refusal(f"{SITE}/{what}", internet) == "The link's host cannot be reached or broke off."


@pytest.mark.parametrize("what", ["hang/", "drip/", "drip/open", "slowheaders/"])
def test_the_time_is_limited_in_all_and_not_per_byte(internet: Network, what: str) -> None:
    start = time.monotonic()
    assert refusal(f"{SITE}/{what}", internet, 0.3) == "The link did not answer in time."
    assert time.monotonic() - start < 3


def test_a_host_that_accepts_and_says_nothing_is_given_up(internet: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        network = replace(internet, port=silent.getsockname()[1])
        assert refusal(SITE, network, 0.3) == "The link did not answer in time."


def test_a_name_server_that_does_not_answer_is_given_up(internet: Network) -> None:
    never = threading.Event()

    def silent(host: str, port: int) -> list[Address]:
        never.wait(30)
        return []

    assert refusal(SITE, replace(internet, resolve=silent), 0.2) == (
        "The link did not answer in time."
    )
    never.set()


# --- addresses


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.32.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::2003",
    ],
)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_inside_an_ipv6_one(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for written in (
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ):
        assert is_public(written) == is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://①②⑦.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://a.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://nas.home.arpa/",
        "https://intranet/",
        "https://database/",
    ],
)
def test_a_local_address_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(LinkError) as error:
        check_public(url)
    assert str(error.value) == LOCAL
    with pytest.raises(LinkError) as error:
        fetch(url)
    assert str(error.value) == LOCAL


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must start with"),
        ("cat.jpg", "must start with"),
        ("javascript:alert(1)", "must start with"),
        ("data:image/png;base64,AAAA", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("https://", "names no host"),
        ("https:///cat.jpg", "names no host"),
        ("https://./", "names no host"),
        ("https://a b.example/", "character"),
        ("https://a.example/\r\nHost: b", "character"),
        ("https://a.example\\@b.example/", "character"),
        ("https://a.example/\u202ecat", "character"),
        ("https://[::1/", "not an address"),
        ("https://a.example:99999/", "not an address"),
        ("https://a.example:x/", "not an address"),
        (f"https://{'a' * 64}.example/", "not an address"),
        ("https://a..example/", "not an address"),
        ("https://user@a.example/", "user name"),
        ("https://user:secret@a.example/", "user name"),
        ("https://a.example/" + "a" * 3000, "too long"),
    ],
)
def test_what_is_no_address_is_said_to_be_none(url: str, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        check_public(url)


def test_a_link_for_the_service_may_be_http_and_name_a_port() -> None:
    check_public("http://pictures.example:8080/cat.jpg")
    check_public("https://bücher.example/cat.jpg")
    check_public("https://8.8.8.8/cat.jpg")


@pytest.mark.parametrize("url", ["http://pictures.example/", "https://pictures.example:8443/"])
def test_a_link_for_the_server_is_https_on_its_own_port(url: str) -> None:
    with pytest.raises(LinkError):
        fetch(url)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    for url in (text, "https://" + text):
        try:
            check_public(url)
        except LinkError as error:
            assert str(error).endswith(".")
