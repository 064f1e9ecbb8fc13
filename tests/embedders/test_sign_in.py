"""Signing in without a key: azure-identity itself, with a managed identity on loopback."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from core.deadline import Deadline
from core.embedders.azure import AzureEmbedder
from core.embedders.cohere import CohereEmbedder
from core.entra import RENEW_SECONDS
from core.errors import EmbedderError, EmbedderRefused
from core.settings import Settings, load_settings
from tests.azure_emulator import Emulator
from tests.cohere_emulator import CohereEmulator

SCOPE = "https://cognitiveservices.azure.com"


def is_installed() -> bool:
    try:
        return importlib.util.find_spec("azure.identity") is not None
    except ImportError:
        return False


if not is_installed():
    assert os.environ.get("REQUIRE_AZURE") != "1", "azure-identity is required, but absent"
    pytest.skip("azure-identity is not installed (requirements-azure.txt)", allow_module_level=True)


class Identity:
    """A managed identity as App Service has it: it gives "token-1", then "token-2" and so on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds = 3600.0
        self.refusal = ""
        identity = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                identity.asked.append(query["resource"][0])
                ends = str(int(time.time() + identity.seconds))
                token = {"access_token": f"token-{len(identity.asked)}", "expires_on": ends}
                answer = {"resource": SCOPE, "token_type": "Bearer", **token}
                if identity.refusal:
                    answer = {"statusCode": "400", "message": identity.refusal}
                body = json.dumps(answer).encode()
                self.send_response(400 if identity.refusal else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/msi/token"


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[Identity]:
    for name in list(os.environ):
        if name.startswith(("AZURE_", "MSI_", "IDENTITY_")):
            monkeypatch.delenv(name)
    made = Identity()
    Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", made.url)
    monkeypatch.setenv("IDENTITY_HEADER", "a-header-of-the-host")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(tokens=["token-1", "token-2"]) as running:
        yield running


def signed_in(emulator: Emulator) -> AzureEmbedder:
    settings = load_settings({"VISION_ENDPOINT": emulator.url})
    assert settings.has_azure and settings.problems == ()
    return AzureEmbedder(settings, backoff_seconds=0.01)


def refused(embedder: AzureEmbedder) -> EmbedderError:
    with pytest.raises(EmbedderError) as caught:
        embedder.embed_text("red", Deadline())
    return caught.value


def test_without_a_key_calls_carry_a_token_of_the_identity(
    identity: Identity, emulator: Emulator
) -> None:
    embedder = signed_in(emulator)
    embedder.embed_text("red", Deadline())
    embedder.embed_text("blue", Deadline())
    assert [seen.headers["authorization"] for seen in emulator.calls] == ["Bearer token-1"] * 2
    assert "ocp-apim-subscription-key" not in emulator.calls[0].headers
    assert identity.asked == [SCOPE]


def test_cohere_on_foundry_takes_the_same_token(identity: Identity) -> None:
    with CohereEmulator(tokens=["token-1"]) as service:
        settings = load_settings({**service.settings, "COHERE_KEY": ""})
        assert CohereEmbedder(settings).embed_text("red", Deadline()).shape == (256,)
        assert service.calls[0].headers["authorization"] == "Bearer token-1"


def test_a_key_that_is_set_goes_before_a_sign_in(identity: Identity, emulator: Emulator) -> None:
    AzureEmbedder(load_settings(emulator.settings)).embed_text("red", Deadline())
    assert identity.asked == []


def test_a_token_is_renewed_before_it_ends(identity: Identity, emulator: Emulator) -> None:
    identity.seconds = RENEW_SECONDS - 60
    embedder = signed_in(emulator)
    embedder.embed_text("red", Deadline())
    embedder.embed_text("blue", Deadline())
    sent = [seen.headers["authorization"] for seen in emulator.calls]
    assert sent == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("unauthorised", "Assign the role Cognitive Services User"),
        ("no role", "Assign the role Cognitive Services User"),
        ("other tenant", "another tenant than the resource"),
        ("clock", "Set this computer's clock"),
        ("subdomain", "https://<name>.cognitiveservices.azure.com"),
        ("firewall", "network rules"),
    ],
)
def test_a_sign_in_that_the_service_refuses_says_what_to_change(
    identity: Identity, emulator: Emulator, fault: str, sentence: str
) -> None:
    emulator.plan(fault)
    error = refused(signed_in(emulator))
    assert isinstance(error, EmbedderRefused) and sentence in str(error)
    assert "token-1" not in str(error)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("No identity is assigned", "Nobody is signed in to Azure here"),
        ("AADSTS700016: Application not found", "not in the tenant of AZURE_TENANT_ID"),
        ("AADSTS7000222: The keys are expired", "AZURE_CLIENT_SECRET has expired"),
        ("AADSTS700024: assertion is not within its valid time range", "clock"),
        ("AADSTS999999: something else", "(AADSTS999999)"),
    ],
)
def test_a_sign_in_that_fails_says_what_to_change(
    identity: Identity, emulator: Emulator, said: str, sentence: str
) -> None:
    identity.refusal = said
    error = refused(signed_in(emulator))
    assert isinstance(error, EmbedderRefused) and sentence in str(error)
    assert emulator.calls == []


def test_a_wrong_choice_of_credentials_is_a_sentence(
    identity: Identity, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "nonsense")
    assert "names begin with AZURE_" in str(refused(signed_in(emulator)))


def test_a_package_that_cannot_be_imported_is_a_sentence(
    identity: Identity, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "azure.identity", None)
    settings = Settings(vision_endpoint=emulator.url, signs_in=True)
    assert "install requirements-azure.txt" in str(refused(AzureEmbedder(settings)))
