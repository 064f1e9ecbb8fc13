"""Connecting to PostgreSQL by TLS, against the server of the system's packages.

That one has no pgvector: a connection that was made ends with the sentence which says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import IndexUnavailable
from core.index import open_index
from core.settings import Settings
from tests.postgres_server import serve_with_tls, systems_programs

CONNECTED = "has no pgvector"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says that it is localhost, signed by nobody else. Its key lies beside it."""
    if systems_programs() is None or shutil.which("openssl") is None:
        reason = "no PostgreSQL among the system's packages (apt-get install postgresql openssl)"
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    pytest.importorskip("psycopg")
    folder = tmp_path_factory.mktemp("certificate")
    made = folder / "server.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", folder / "server.key", "-out", made),
        ],
        check=True,
        capture_output=True,
    )
    return made


@pytest.fixture(scope="module")
def server(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with serve_with_tls(certificate, certificate.with_suffix(".key")) as started:
        settings = started.settings(tmp_path_factory.mktemp("data"), "vectorscope")
        yield replace(settings, postgres_host="localhost", postgres_sslmode="verify-full")


def sentence(settings: Settings) -> str:
    with pytest.raises(IndexUnavailable) as caught:
        open_index(settings)
    return str(caught.value)


def test_a_server_whose_certificate_is_trusted_is_connected_to(
    server: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(certificate))
    assert CONNECTED in sentence(server)


def test_a_certificate_of_an_unknown_authority_is_refused_with_what_to_do(
    server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    said = sentence(server)
    assert "The certificate of localhost" in said
    assert "PGSSLROOTCERT" in said


def test_a_certificate_of_another_name_is_refused(
    server: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(certificate))
    assert "The certificate of 127.0.0.1" in sentence(replace(server, postgres_host="127.0.0.1"))


def test_on_this_machine_tls_is_used_where_the_server_asks_for_it(server: Settings) -> None:
    assert CONNECTED in sentence(replace(server, postgres_sslmode="auto"))


def test_a_server_that_lets_nobody_in_without_tls_says_so(server: Settings) -> None:
    assert "or not without TLS" in sentence(replace(server, postgres_sslmode="disable"))
