"""AzureEmbedder against the emulator: real HTTP over loopback, every refusal and every fault."""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from core.deadline import Deadline
from core.embedders.azure import AzureEmbedder
from core.embedders.http import ATTEMPTS, UNUSABLE_ATTEMPTS
from core.errors import (
    Cancelled,
    CapReached,
    DeadlinePassed,
    EmbedderError,
    EmbedderRefused,
    EmbedderUnavailable,
    InputRefused,
)
from core.settings import Settings
from core.vectors import unit
from tests.azure_emulator import FAULTS, Emulator, Fault, recorded_vectors, recordings_folder
from tests.conftest import shown_by, wait_for
from tests.embedders.reservations import Reservations, Reserved

RETRIED = ("error", "unavailable", "timeout", "reset", "reset midway")
UNUSABLE = ("html", "truncated", "512 numbers", "nan", "zeros", "strings", "no vector")


@pytest.fixture
def embedder(emulator: Emulator) -> Iterator[AzureEmbedder]:
    embedder = connect(emulator)
    yield embedder
    embedder.close()


def settings_for(emulator: Emulator) -> Settings:
    return Settings(
        vision_endpoint=emulator.url, vision_key=emulator.key, vision_calls_per_second=500.0
    )


def connect(emulator: Emulator, **options: float) -> AzureEmbedder:
    """As impatient as a test: hundredths of a second instead of halves, one instead of thirty."""
    quick = {"backoff_seconds": 0.01, "read_seconds": 1.0, "grace_seconds": 0.2, **options}
    return AzureEmbedder(settings_for(emulator), **quick)


def picture(colour: str, size: tuple[int, int] = (32, 32), kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, kind)
    return data.getvalue()


RED = picture("red")


def refused_text(embedder: AzureEmbedder, deadline: Deadline | None = None) -> EmbedderError:
    with pytest.raises(EmbedderError) as caught:
        embedder.embed_text("a blue house", deadline or Deadline())
    return caught.value


# --- What is sent, and what comes back -----------------------------------------------------------


def test_a_picture_is_sent_as_its_own_bytes(emulator: Emulator, embedder: AzureEmbedder) -> None:
    embedder.embed_images([RED], Deadline())
    (seen,) = emulator.calls
    assert seen.body == RED
    assert seen.path == "/computervision/retrieval:vectorizeImage"
    assert seen.headers["content-type"] == "application/octet-stream"


def test_every_call_names_api_version_and_model_version(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    embedder.embed_images([RED], Deadline())
    embedder.embed_text("red", Deadline())
    embedder.embed_link("https://example.com/a.jpg", Deadline())
    assert [seen.query for seen in emulator.calls] == [
        {"api-version": "2024-02-01", "model-version": "2023-04-15"}
    ] * 3


def test_the_key_goes_in_its_header_and_not_in_the_address(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    embedder.embed_text("red", Deadline())
    (seen,) = emulator.calls
    assert seen.headers["ocp-apim-subscription-key"] == emulator.key
    assert emulator.key not in seen.path + str(seen.query)
    assert "authorization" not in seen.headers and "cookie" not in seen.headers


def test_vectors_are_rows_of_1024_float32(embedder: AzureEmbedder) -> None:
    rows = embedder.embed_images([RED, picture("blue")], Deadline())
    assert rows.shape == (2, 1024) and rows.dtype == np.float32
    text = embedder.embed_text("red", Deadline())
    assert text.shape == (1024,) and text.dtype == np.float32


def test_vectors_come_at_the_length_that_the_service_gives_them(embedder: AzureEmbedder) -> None:
    rows = embedder.embed_images([RED, picture("blue")], Deadline())
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths.min() > 59 and lengths.max() < 70
    assert math.isclose(np.linalg.norm(embedder.embed_text("red", Deadline())), 1, abs_tol=1e-6)


def test_no_pictures_are_no_calls(emulator: Emulator, embedder: AzureEmbedder) -> None:
    assert embedder.embed_images([], Deadline()).shape == (0, 1024)
    assert emulator.calls == []


def test_recorded_pictures_get_the_vectors_that_the_service_gave(embedder: AzureEmbedder) -> None:
    folder = recordings_folder()
    if folder is None:
        assert not os.environ.get("REQUIRE_RECORDINGS"), "the recordings are required, but absent"
        pytest.skip("the recordings are not here")
    expected = recorded_vectors()
    files = sorted((folder / "product_images").iterdir())
    rows = embedder.embed_images([file.read_bytes() for file in files], Deadline())
    with np.load(folder / "product_images.npz", allow_pickle=False) as recorded:
        by_name = dict(zip(map(str, recorded["names"]), recorded["vectors"], strict=True))
    assert len(files) == len(expected) == len(by_name) == 37
    for file, row in zip(files, rows, strict=True):
        np.testing.assert_array_equal(row, by_name[file.name].astype(np.float32))


def test_each_call_is_reserved_and_settled_only_by_an_answer_that_may_be_charged(
    emulator: Emulator,
) -> None:
    calls = Reservations()
    embedder = AzureEmbedder(settings_for(emulator), calls.reserve, backoff_seconds=0.01)
    emulator.plan("error", "reset", "html", None, "unauthorised")
    embedder.embed_text("red", Deadline())
    with pytest.raises(EmbedderRefused):
        embedder.embed_images([RED], Deadline())
    embedder.embed_images([RED], Deadline())
    embedder.embed_link("https://example.com/a.jpg", Deadline())
    assert calls.outcomes() == [
        ("text", "refused"),
        ("text", "released"),
        ("text", "settled"),
        ("text", "settled"),
        ("image", "refused"),
        ("image", "settled"),
        ("link", "settled"),
    ]


def test_an_answer_that_comes_after_a_stop_is_counted_all_the_same() -> None:
    calls = Reservations()
    with Emulator(latency=0.4) as emulator:
        settings = settings_for(emulator)
        embedder = AzureEmbedder(settings, calls.reserve, grace_seconds=0)
        deadline = Deadline()
        threading.Timer(0.1, deadline.cancel.set).start()
        assert isinstance(refused_text(embedder, deadline), Cancelled)
        wait_for(lambda: calls.outcomes() == [("text", "settled")])


def test_a_call_that_may_not_be_made_never_leaves(emulator: Emulator) -> None:
    def refuse(kind: str) -> Reserved:
        raise CapReached("Today is over.")

    error = refused_text(AzureEmbedder(settings_for(emulator), refuse))
    assert isinstance(error, CapReached)
    assert emulator.calls == []


def test_one_connection_serves_many_calls(emulator: Emulator, embedder: AzureEmbedder) -> None:
    for _ in range(20):
        embedder.embed_text("red", Deadline())
    assert emulator.connections == 1


def test_many_threads_may_share_it(emulator: Emulator, embedder: AzureEmbedder) -> None:
    colours = ["red", "green", "blue", "white", "black", "yellow", "purple", "orange"]
    alone = {c: embedder.embed_images([picture(c)], Deadline())[0] for c in colours}
    wrong: list[str] = []

    def work(colour: str) -> None:
        for _ in range(5):
            if not np.array_equal(
                embedder.embed_images([picture(colour)], Deadline())[0], alone[colour]
            ):
                wrong.append(colour)

    threads = [threading.Thread(target=work, args=(c,)) for c in colours]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- Texts and links -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_text_is_refused_without_a_call(
    emulator: Emulator, embedder: AzureEmbedder, text: str
) -> None:
    with pytest.raises(InputRefused, match="no text"):
        embedder.embed_text(text, Deadline())
    assert emulator.calls == []


def test_seventy_one_words_are_refused_by_number_and_without_a_call(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    with pytest.raises(InputRefused, match="71 words; Azure takes at most 70"):
        embedder.embed_text("word " * 71, Deadline())
    assert emulator.calls == []


@pytest.mark.parametrize(
    "text", ["word " * 70, "🦊🌊", "בית כחול", "a\u202eb", "half \ud83d", '"<b>\\']
)
def test_unusual_texts_arrive_as_they_are(
    emulator: Emulator, embedder: AzureEmbedder, text: str
) -> None:
    assert embedder.embed_text(text, Deadline()).shape == (1024,)
    assert emulator.calls[0].text == text.strip()


def test_a_link_is_fetched_by_the_service(emulator: Emulator, embedder: AzureEmbedder) -> None:
    emulator.links["https://example.com/red.png"] = RED
    vector = embedder.embed_link(" https://example.com/red.png ", Deadline())
    np.testing.assert_array_equal(vector, embedder.embed_images([RED], Deadline())[0])


@pytest.mark.parametrize(
    "link",
    ["", "red.png", "ftp://example.com/a", "javascript:alert(1)", "https://a b", "https://["],
)
def test_what_is_no_link_is_refused_without_a_call(
    emulator: Emulator, embedder: AzureEmbedder, link: str
) -> None:
    with pytest.raises(InputRefused, match="not a link to a picture"):
        embedder.embed_link(link, Deadline())
    assert emulator.calls == []


def test_a_link_that_the_service_cannot_reach_says_so(embedder: AzureEmbedder) -> None:
    with pytest.raises(InputRefused, match="cannot fetch this link"):
        embedder.embed_link("http://192.168.0.1/a.jpg", Deadline())


def test_a_link_to_no_picture_says_so(emulator: Emulator, embedder: AzureEmbedder) -> None:
    emulator.links["https://example.com/page"] = b"<html></html>"
    with pytest.raises(InputRefused, match="behind this link"):
        embedder.embed_link("https://example.com/page", Deadline())


# --- Pictures that the service does not take -----------------------------------------------------


def test_an_empty_picture_is_refused_without_a_call(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    with pytest.raises(InputRefused, match="empty file"):
        embedder.embed_images([b""], Deadline())
    assert emulator.calls == []


def test_a_picture_of_too_many_bytes_is_refused_without_a_call(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    with pytest.raises(InputRefused, match="20,971,521 bytes"):
        embedder.embed_images([bytes(20_971_521)], Deadline())
    assert emulator.calls == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello, I am a text file", "Save it again as JPEG or PNG"),
        (RED[: len(RED) // 2], "Save it again as JPEG or PNG"),
        (picture("red", (10, 200)), "sides of 11 to 15,999 pixels"),
    ],
    ids=["text", "truncated", "tiny"],
)
def test_a_picture_that_the_service_refuses_is_refused_for_itself(
    emulator: Emulator, embedder: AzureEmbedder, data: bytes, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        embedder.embed_images([data], Deadline())
    assert len(emulator.calls) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO"])
def test_every_documented_format_gets_a_vector(embedder: AzureEmbedder, kind: str) -> None:
    assert embedder.embed_images([picture("red", kind=kind)], Deadline()).shape == (1, 1024)


# --- Refusals that are final ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("unauthorised", "VISION_KEY and VISION_ENDPOINT must be of the same resource"),
        ("wrong kind of resource", r"another kind of resource \(OpenAI.S0\)"),
        ("no role", "Cognitive Services User"),
        ("firewall", "network rules"),
        ("no keys", "does not take keys"),
        ("quota", "used up. Azure takes calls again in 2 days"),
        ("not found", "VISION_API_VERSION is 2024-02-01"),
        ("gone", "has retired the API version"),
        ("region", "East US, West US"),
        ("subdomain", "https://<name>.cognitiveservices.azure.com"),
        ("redirect", "would go there"),
        ("another model", "model version 2022-04-11, but 2023-04-15"),
        ("teapot", "status 418"),
    ],
)
def test_a_refusal_that_concerns_every_call_says_what_to_change(
    emulator: Emulator, embedder: AzureEmbedder, fault: str, sentence: str
) -> None:
    emulator.plan(fault)
    began = time.monotonic()
    with pytest.raises(EmbedderRefused, match=sentence):
        embedder.embed_images([RED], Deadline())
    assert len(emulator.calls) == 1
    assert time.monotonic() - began < 2, "a refusal that is final must not be waited for"
    assert embedder.embed_images([RED], Deadline()).shape == (1, 1024), "it must still work later"


def test_a_wrong_key_says_so(emulator: Emulator) -> None:
    embedder = AzureEmbedder(replace(settings_for(emulator), vision_key="another-key"))
    assert "did not accept the key" in str(refused_text(embedder))


def test_a_retired_api_version_names_the_one_to_set(emulator: Emulator) -> None:
    settings = replace(settings_for(emulator), vision_api_version="2023-02-01-preview")
    error = refused_text(AzureEmbedder(settings))
    assert "API version 2023-02-01-preview. Set VISION_API_VERSION to 2024-02-01." in str(error)


def test_an_unknown_api_version_shows_the_address(emulator: Emulator) -> None:
    settings = replace(settings_for(emulator), vision_api_version="2024-02-01-preview")
    assert f"{emulator.url}/computervision/retrieval:vectorizeText" in str(
        refused_text(AzureEmbedder(settings))
    )


def test_an_unknown_model_version_says_which_to_set(emulator: Emulator) -> None:
    settings = replace(settings_for(emulator), vision_model_version="2031-01-01")
    error = refused_text(AzureEmbedder(settings))
    assert isinstance(error, EmbedderRefused)
    assert "Set VISION_MODEL_VERSION to 2023-04-15" in str(error)


@pytest.mark.parametrize("version", ["latest", "2023", "", "2023-04-15/../x"])
def test_a_model_version_that_names_no_single_model_is_refused_without_a_call(
    emulator: Emulator, version: str
) -> None:
    settings = replace(settings_for(emulator), vision_model_version=version)
    error = refused_text(AzureEmbedder(settings))
    assert isinstance(error, EmbedderRefused) and "date of one model" in str(error)
    assert emulator.calls == []


def test_the_older_model_is_another_embedder(emulator: Emulator, embedder: AzureEmbedder) -> None:
    settings = replace(settings_for(emulator), vision_model_version="2022-04-11")
    older = AzureEmbedder(settings)
    assert (embedder.id, older.id) == ("azure:2023-04-15", "azure:2022-04-11")
    one, other = (unit(model.embed_images([RED], Deadline())[0]) for model in (older, embedder))
    assert abs(one @ other) < 0.1


def test_a_host_that_nobody_knows_is_said() -> None:
    settings = Settings(vision_endpoint="https://vectorscope.invalid", vision_key="a" * 32)
    embedder = AzureEmbedder(settings, backoff_seconds=0.01)
    said = str(refused_text(embedder))
    assert "The host of VISION_ENDPOINT cannot be found" in said


def test_a_host_with_an_untrusted_certificate_never_gets_the_key() -> None:
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                got.append(self.rfile.read(1))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parents[1] / "data" / "pictures.example.pem")
    server.socket = context.wrap_socket(server.socket, True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        endpoint = f"https://127.0.0.1:{server.server_address[1]}"
        settings = Settings(vision_endpoint=endpoint, vision_key="a" * 32)
        error = refused_text(AzureEmbedder(settings))
    finally:
        server.shutdown()
        server.server_close()
    assert isinstance(error, EmbedderRefused)
    assert "certificate of VISION_ENDPOINT cannot be trusted" in str(error)
    assert "REQUESTS_CA_BUNDLE" in str(error)
    assert not any(got)


def test_an_unforeseen_refusal_is_said_in_the_services_words_on_one_line(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    emulator.plan("bad request")
    with pytest.raises(InputRefused) as caught:
        embedder.embed_images([RED], Deadline())
    assert "“Something <b>else</b> is wrong.”" in str(caught.value)


def test_a_redirect_is_not_followed(emulator: Emulator, embedder: AzureEmbedder) -> None:
    with Emulator() as elsewhere:
        emulator.plan(Fault("redirect", location=f"{elsewhere.url}/computervision/x"))
        with pytest.raises(EmbedderRefused):
            embedder.embed_text("red", Deadline())
        assert elsewhere.calls == []


# --- Trouble that passes -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*RETRIED, *UNUSABLE, "endless"])
def test_trouble_that_passes_is_tried_again(
    emulator: Emulator, embedder: AzureEmbedder, fault: str
) -> None:
    emulator.plan(fault)
    expected = embedder.embed_images([RED], Deadline())
    assert len(emulator.calls) == 2
    np.testing.assert_array_equal(expected, embedder.embed_images([RED], Deadline()))


@pytest.mark.parametrize("fault", RETRIED)
def test_trouble_that_stays_is_said_after_the_last_attempt(
    emulator: Emulator, embedder: AzureEmbedder, fault: str
) -> None:
    emulator.plan(fault, times=ATTEMPTS + 5)
    error = refused_text(embedder)
    assert type(error) is EmbedderUnavailable
    assert str(error).endswith(f", {ATTEMPTS} times in a row. Please try again later.")
    assert len(emulator.calls) == ATTEMPTS


@pytest.mark.parametrize("fault", UNUSABLE)
def test_an_unusable_answer_is_not_paid_for_many_times(
    emulator: Emulator, embedder: AzureEmbedder, fault: str
) -> None:
    emulator.plan(fault, times=ATTEMPTS)
    error = refused_text(embedder)
    assert type(error) is EmbedderUnavailable and "holds no embedding" in str(error)
    assert len(emulator.calls) == UNUSABLE_ATTEMPTS


def test_a_hang_is_given_up_and_tried_again(emulator: Emulator) -> None:
    embedder = connect(emulator, read_seconds=0.2)
    emulator.plan(Fault("hang", seconds=30))
    assert embedder.embed_text("red", Deadline()).shape == (1024,)
    assert len(emulator.calls) == 2


def test_nobody_at_the_address_is_a_sentence(emulator: Emulator) -> None:
    with Emulator() as gone:
        settings = settings_for(gone)
    error = refused_text(AzureEmbedder(settings, backoff_seconds=0.001))
    assert type(error) is EmbedderUnavailable and "connection to Azure broke" in str(error)


# --- The limit of calls --------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["too many", "too many, in words"])
def test_one_refusal_for_the_rate_makes_everybody_wait_as_long_as_asked(
    emulator: Emulator, embedder: AzureEmbedder, fault: str
) -> None:
    emulator.plan(Fault(fault, seconds=2))
    threads = [
        threading.Thread(target=embedder.embed_images, args=([RED], Deadline())) for _ in range(4)
    ]
    threads[0].start()
    wait_for(lambda: emulator.statuses()[429])
    pace = embedder._limiter._pace
    wait_for(lambda: pace.resume_at > time.monotonic())  # the answer has been read
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    first, *others = [seen.at for seen in emulator.calls]
    assert len(others) == 4
    assert min(others) - first >= 1.99


def test_a_storm_of_refusals_loses_no_picture(emulator: Emulator, embedder: AzureEmbedder) -> None:
    emulator.plan("too many", times=6)
    rows: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: rows.append(embedder.embed_images([RED] * 3, Deadline())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows) == 4
    assert emulator.statuses() == {429: 6, 200: 12}


def test_a_refusal_that_says_no_time_is_waited_out_too(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    emulator.plan("too many, silent")
    began = time.monotonic()
    embedder.embed_text("red", Deadline())
    assert 0.9 < time.monotonic() - began < 5


def test_an_overloaded_service_is_left_alone_as_long_as_it_asks(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    emulator.plan(Fault("unavailable, wait", seconds=1))
    embedder.embed_text("red", Deadline())
    first, second = (seen.at for seen in emulator.calls)
    assert second - first >= 0.99


def test_a_run_stays_within_a_limit_that_nobody_told() -> None:
    with Emulator(rate=20, latency=0.05) as emulator:
        settings = replace(settings_for(emulator), vision_calls_per_second=None)
        embedder = AzureEmbedder(settings)
        images = iter([picture(f"rgb({i},{i},{i})") for i in range(80)])
        rows: list[np.ndarray] = []
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    image = next(images, None)
                if image is None:
                    return
                rows.append(embedder.embed_images([image], Deadline()))

        threads = [threading.Thread(target=work) for _ in range(embedder.concurrency)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(rows) == 80
        assert emulator.statuses()[200] == 80
        assert emulator.statuses()[429] < 20
        assert embedder.calls_per_second < 24


def test_the_rate_that_was_told_is_kept(emulator: Emulator) -> None:
    settings = replace(settings_for(emulator), vision_calls_per_second=20.0)
    embedder = AzureEmbedder(settings)
    threads = [
        threading.Thread(target=embedder.embed_images, args=([RED] * 3, Deadline()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [seen.at for seen in emulator.calls]
    assert len(times) == 24
    assert max(times) - min(times) >= 23 / 20 - 0.05


def test_a_used_up_month_is_never_waited_for() -> None:
    with Emulator(quota=2) as emulator:
        embedder = connect(emulator)
        embedder.embed_images([RED, RED], Deadline())
        began = time.monotonic()
        error = refused_text(embedder)
        assert isinstance(error, EmbedderRefused) and "2 days" in str(error)
        assert time.monotonic() - began < 1


def test_a_refusal_for_days_is_a_quota_whatever_its_status(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    emulator.plan(Fault("too many", seconds=186_688))
    error = refused_text(embedder)
    assert isinstance(error, EmbedderRefused) and "2 days" in str(error)


# --- A key that is replaced ----------------------------------------------------------------------


def test_a_key_that_was_replaced_is_taken_with_the_call_that_needs_it(emulator: Emulator) -> None:
    embedder = AzureEmbedder(settings_for(emulator), fresh_key=lambda: "the-new-key")
    embedder.embed_text("red", Deadline())
    emulator.key = "the-new-key"
    assert embedder.embed_text("blue", Deadline()).shape == (1024,)
    embedder.embed_text("green", Deadline())
    assert emulator.statuses() == {200: 3, 401: 1}


def test_many_calls_with_a_key_that_was_replaced_all_go_through(emulator: Emulator) -> None:
    embedder = AzureEmbedder(settings_for(emulator), fresh_key=lambda: "the-new-key")
    emulator.key = "the-new-key"
    rows: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: rows.append(embedder.embed_images([RED], Deadline())))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows) == 6


@pytest.mark.parametrize("fresh", ["emulator-key-0123456789abcdef", "", "another-wrong", "a\nb"])
def test_a_key_that_is_still_refused_is_said(emulator: Emulator, fresh: str) -> None:
    embedder = AzureEmbedder(settings_for(emulator), fresh_key=lambda: fresh)
    emulator.key = "the-new-key"
    error = refused_text(embedder)
    assert isinstance(error, EmbedderRefused) and "did not accept the key" in str(error)
    assert len(emulator.calls) <= 2


# --- Persons, stops and deadlines ----------------------------------------------------------------


def test_a_persons_search_goes_ahead_of_the_job(emulator: Emulator) -> None:
    settings = replace(settings_for(emulator), vision_calls_per_second=5.0)
    embedder = AzureEmbedder(settings)
    job = Deadline()

    def work() -> None:
        with contextlib.suppress(Cancelled):
            embedder.embed_images([RED] * 100, job)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(emulator.calls) >= 2)
    before = len(emulator.calls)
    embedder.embed_text("red", Deadline.for_person())
    position = [seen.kind for seen in emulator.calls].index("text")
    job.cancel.set()
    for thread in threads:
        thread.join()
    assert position <= before + 1, "ten were waiting, and only one that was leaving may be first"


def test_a_person_is_told_at_once_when_the_limit_lasts_longer_than_they_will_wait(
    emulator: Emulator, embedder: AzureEmbedder
) -> None:
    emulator.plan(Fault("too many", seconds=40))
    began = time.monotonic()
    error = refused_text(embedder, Deadline.for_person())
    assert isinstance(error, DeadlinePassed) and "40 seconds" in str(error)
    error = refused_text(embedder, Deadline.for_person())
    assert isinstance(error, DeadlinePassed) and "seconds" in str(error)
    assert time.monotonic() - began < 2
    assert len(emulator.calls) == 1


@pytest.mark.parametrize("fault", ["hang", "dribble"])
def test_a_person_waits_no_longer_than_the_deadline(
    emulator: Emulator, embedder: AzureEmbedder, fault: str
) -> None:
    emulator.plan(Fault(fault, seconds=30), times=9)
    began = time.monotonic()
    error = refused_text(embedder, Deadline.for_person(0.5))
    assert isinstance(error, DeadlinePassed)
    assert 0.4 < time.monotonic() - began < 1.5


def test_a_stop_does_not_wait_for_a_call_that_hangs(emulator: Emulator) -> None:
    embedder = connect(emulator, read_seconds=30)
    emulator.plan(Fault("hang", seconds=30))
    deadline = Deadline()
    threading.Timer(0.2, deadline.cancel.set).start()
    began = time.monotonic()
    assert isinstance(refused_text(embedder, deadline), Cancelled)
    assert time.monotonic() - began < 1.5


def test_a_stop_ends_a_wait_for_the_next_attempt(emulator: Emulator) -> None:
    embedder = connect(emulator, backoff_seconds=30)
    emulator.plan("error")
    deadline = Deadline()
    threading.Timer(0.2, deadline.cancel.set).start()
    began = time.monotonic()
    assert isinstance(refused_text(embedder, deadline), Cancelled)
    assert time.monotonic() - began < 1.5


def test_an_answer_that_is_under_way_at_a_stop_is_kept() -> None:
    with Emulator(latency=0.5) as emulator:
        embedder = connect(emulator, grace_seconds=5)
        deadline = Deadline()
        threading.Timer(0.1, deadline.cancel.set).start()
        assert embedder.embed_images([RED], deadline).shape == (1, 1024)


def test_a_stopped_call_makes_no_call(emulator: Emulator, embedder: AzureEmbedder) -> None:
    deadline = Deadline()
    deadline.cancel.set()
    assert isinstance(refused_text(embedder, deadline), Cancelled)
    assert emulator.calls == []


# --- The key stays where it is -------------------------------------------------------------------


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"hang", "dribble", "too many, silent"}))
def test_no_failure_prints_the_key(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    embedder = connect(emulator)
    emulator.plan(fault, times=20)
    error = refused_text(embedder, Deadline.for_person(0.9))
    shown = [repr(embedder), caplog.text, *shown_by(error)]
    assert not [text for text in shown if emulator.key in text]


@pytest.mark.parametrize("key", ["a\nb", "clé", "a b", "\x00secret"])
def test_a_key_that_cannot_be_one_is_neither_sent_nor_shown(emulator: Emulator, key: str) -> None:
    settings = replace(settings_for(emulator), vision_key=key)
    error = refused_text(AzureEmbedder(settings))
    assert isinstance(error, EmbedderRefused) and key not in str(error)
    assert emulator.calls == []


def test_a_missing_endpoint_or_key_is_a_sentence() -> None:
    error = refused_text(AzureEmbedder(Settings(vision_key="k")))
    assert "VISION_ENDPOINT is missing" in str(error)
    error = refused_text(AzureEmbedder(Settings(vision_endpoint="https://a.example.com")))
    assert "VISION_KEY is missing" in str(error)


def test_a_proxy_of_the_environment_does_not_see_calls_to_this_machine(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert connect(emulator).embed_text("red", Deadline()).shape == (1024,)


def test_a_netrc_file_adds_nothing_to_a_call(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    embedder = connect(emulator)
    embedder._session.trust_env = True  # as for every address that is not this machine's
    embedder.embed_text("red", Deadline())
    assert "authorization" not in emulator.calls[0].headers


# --- The emulator keeps to the contract ----------------------------------------------------------


def post(emulator: Emulator, operation: str, **options: object) -> requests.Response:
    headers = {"Ocp-Apim-Subscription-Key": emulator.key, **options.pop("headers", {})}  # type: ignore[dict-item]
    version = options.pop("version", "2024-02-01")
    return requests.post(
        f"{emulator.url}/computervision/retrieval:{operation}?api-version={version}",
        headers={k: v for k, v in headers.items() if v is not None},
        timeout=10,
        **options,  # type: ignore[arg-type]
    )


def test_the_emulator_checks_what_the_service_checks(emulator: Emulator) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    tried = [
        post(emulator, "vectorizeText", json={"text": "a"}, version="2023-01-01"),
        post(emulator, "vectorizeText", json={"text": "a"}, version="2023-02-01-preview"),
        post(emulator, "vectorizeNothing", json={"text": "a"}),
        post(
            emulator,
            "vectorizeText",
            json={"text": "a"},
            headers={"Ocp-Apim-Subscription-Key": None},
        ),
        post(emulator, "vectorizeText", json={"text": ""}),
        post(emulator, "vectorizeText", json={"text": "a " * 71}),
        post(emulator, "vectorizeText", data=b'{"text": "a"}', headers=octets),
        post(emulator, "vectorizeImage", data=RED, headers={"Content-Type": "application/json"}),
        post(emulator, "vectorizeImage", files={"file": RED}),
        post(emulator, "vectorizeImage", data=b"", headers=octets),
        post(emulator, "vectorizeImage", data=RED, headers={"Content-Type": "image/png"}),
    ]
    assert [answer.status_code for answer in tried] == [
        *(404, 410, 404, 401, 400, 400, 400, 400, 400, 400, 200)
    ]
    for answer in tried[:-1]:
        assert answer.headers["x-ms-error-code"] == answer.json()["error"]["code"]


def test_the_emulators_vectors_are_shaped_like_the_services(emulator: Emulator) -> None:
    def vector(data: bytes) -> np.ndarray:
        octets = {"Content-Type": "application/octet-stream"}
        answer = post(emulator, "vectorizeImage", data=data, headers=octets)
        assert answer.json()["modelVersion"] == "2022-04-11"  # none was asked for
        return np.array(answer.json()["vector"])

    assert math.isclose(np.linalg.norm(vector(RED)), 92.12, abs_tol=0.1)
    rows = []
    for colour in ("red", "green", "blue", "white"):
        answer = post(
            emulator,
            "vectorizeImage",
            data=picture(colour),
            headers={"Content-Type": "application/octet-stream"},
            params={"model-version": "2023-04-15"},
        )
        rows.append(np.array(answer.json()["vector"]))
    images = np.array(rows)
    norms = np.linalg.norm(images, axis=1)
    assert norms.min() > 59 and norms.max() < 70
    assert np.array_equal(images.astype(np.float16), images.astype(np.float32))
    np.testing.assert_allclose(images[:, 26], -47, atol=3)
    units = images / norms[:, None]
    assert (units @ units.T).min() > 0.5
    text = np.array(
        post(
            emulator,
            "vectorizeText",
            json={"text": "a green door"},
            params={"model-version": "2023-04-15"},
        ).json()["vector"]
    )
    assert math.isclose(np.linalg.norm(text), 1, abs_tol=1e-4)
    cosines = units @ text
    assert cosines.argmax() == 1 and 0.3 < cosines.max() < 0.41
