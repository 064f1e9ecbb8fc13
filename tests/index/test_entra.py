"""core.index.postgres.entra: a token is the password. azure-identity has a double on the disk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import IndexUnavailable
from core.index import open_index
from core.settings import Settings

# What it gives lies in a file, so that a test can count and change it.
DOUBLE = """
import json, pathlib, time
from collections import namedtuple
AccessToken = namedtuple("AccessToken", "token expires_on")
FILE = pathlib.Path(__file__).with_name("token.json")
class DefaultAzureCredential:
    def get_token(self, scope):
        given = json.loads(FILE.read_text())
        if not given["token"]:
            raise RuntimeError("nobody is signed in")
        given["scopes"].append(scope)
        FILE.write_text(json.dumps(given))
        return AccessToken(given["token"], time.time() + given["seconds"])
"""


class Identity:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "token.json"

    def gives(self, token: str, seconds: float = 3600.0) -> None:

        self._file.write_text(json.dumps({"token": token, "seconds": seconds, "scopes": []}))

    @property
    def scopes(self) -> list[str]:

        asked: list[str] = json.loads(self._file.read_text())["scopes"]
        return asked


@pytest.fixture
def at_azure(postgres: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The server of the tests, taken for one at Azure, and no password in the settings."""
    from core.index.postgres import entra

    monkeypatch.setattr(entra, "HOSTS", (postgres.postgres_host,))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    entra._tokens.cache_clear()
    yield replace(postgres, postgres_password="")
    entra._tokens.cache_clear()


@pytest.fixture
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Identity:
    package = tmp_path / "packages" / "azure" / "identity"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text(DOUBLE)
    for name in [name for name in sys.modules if name.split(".")[0] == "azure"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return Identity(package)


def test_a_token_is_the_password(
    at_azure: Settings, postgres: Settings, identity: Identity
) -> None:
    identity.gives(postgres.postgres_password)
    index = open_index(at_azure)
    index.set_meta("gallery", "1")
    index.close()
    assert identity.scopes == ["https://ossrdbms-aad.database.windows.net/.default"]


def test_a_token_that_ends_soon_is_renewed_for_the_next_connection(
    at_azure: Settings, postgres: Settings, identity: Identity
) -> None:
    identity.gives(postgres.postgres_password, seconds=10)
    open_index(at_azure).close()
    before = len(identity.scopes)
    open_index(at_azure).close()
    assert len(identity.scopes) > before


def test_where_nobody_is_signed_in_a_sentence_says_what_to_do(
    at_azure: Settings, identity: Identity
) -> None:
    identity.gives("")
    with pytest.raises(IndexUnavailable, match="az login"):
        open_index(at_azure)


def test_without_the_package_a_sentence_says_what_to_install(
    at_azure: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(IndexUnavailable, match=r"pip install -r requirements-azure\.txt"):
        open_index(at_azure)
