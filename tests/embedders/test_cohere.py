"""CohereEmbedder against its emulator: real HTTP over loopback, every refusal and every fault."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.deadline import Deadline
from core.embedders.cohere import CohereEmbedder
from core.embedders.http import ATTEMPTS, UNUSABLE_ATTEMPTS
from core.errors import (
    DeadlinePassed,
    EmbedderError,
    EmbedderRefused,
    EmbedderUnavailable,
    InputRefused,
)
from core.pictures import check, payload
from core.settings import Settings, load_settings
from tests import hostile_pictures as hostile
from tests.azure_emulator import Emulator
from tests.cohere_emulator import FAULTS, CohereEmulator
from tests.conftest import plain, shown_by
from tests.embedders.reservations import Reservations
from tests.emulated_service import Fault

RED, BLUE = plain("red"), plain("blue")

RETRIED = ("error", "unavailable", "timeout", "reset", "reset midway")
UNUSABLE = (
    *("html", "truncated", "no vectors", "two vectors", "no embeddings", "older answer"),
    *("nan", "zeros", "strings"),
)
# Each says what would have to change before any other call is worth making.
FINAL = {
    "unauthorised": "must be of the same Azure AI Foundry resource",
    "invalid token": "did not accept the key",
    "expired": "has expired",
    "withdrawn": "did not accept the key",
    "no role": "Cognitive Services User",
    "firewall": "network rules",
    "no keys": "does not take keys",
    "forbidden": "“This organisation is suspended.”",
    "billing": "may spend no more: “Maximum billing reached",
    "no deployment": "no Cohere Embed deployment of the name embed-v-4-0",
    "no model": "no Cohere Embed deployment of the name embed-v-4-0",
    "not found": "There is nothing at",
    "subdomain": "https://<name>.services.ai.azure.com",
    "dimension": "no vectors of 256 numbers. Set COHERE_DIMENSIONS",
    "input type": "does not take pictures as Embed 4",
    "chat model": "no Cohere Embed deployment",
    "trial month": "is used up",
    "redirect": "would go there",
    "teapot": "status 418",
    "other length": "answered with 128 numbers, but 256 were asked for",
    "int8": "numbers of another kind",
    "base64": "numbers of another kind",
    "base64 as float": "numbers of another kind",
}


@pytest.fixture
def emulator() -> Iterator[CohereEmulator]:
    with CohereEmulator() as emulator:
        yield emulator


@pytest.fixture
def embedder(emulator: CohereEmulator) -> Iterator[CohereEmbedder]:
    embedder = connect(emulator)
    yield embedder
    embedder.close()


def settings_for(emulator: CohereEmulator, **changes: object) -> Settings:
    return replace(load_settings(emulator.settings), **changes)


def connect(emulator: CohereEmulator, **changes: object) -> CohereEmbedder:
    """As impatient as a test: hundredths of a second instead of halves, one instead of thirty."""
    settings = settings_for(emulator, **changes)
    return CohereEmbedder(settings, backoff_seconds=0.01, read_seconds=1.0, grace_seconds=0.2)


def refused_text(embedder: CohereEmbedder, deadline: Deadline | None = None) -> EmbedderError:
    with pytest.raises(EmbedderError) as caught:
        embedder.embed_text("a blue house", deadline or Deadline())
    return caught.value


# --- What is sent, and what comes back -----------------------------------------------------------


def test_a_picture_is_sent_as_a_document_in_base64(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    embedder.embed_images([RED], Deadline())
    [seen] = emulator.calls
    asked = json.loads(seen.body)
    [uri] = asked.pop("images")
    assert uri.startswith("data:image/png;base64,")
    assert asked == {
        "model": "embed-v-4-0",
        "input_type": "search_document",
        "embedding_types": ["float"],
        "output_dimension": 256,
    }


def test_a_text_is_sent_as_a_query_and_is_never_cut(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    embedder.embed_text(" a blue house ", Deadline())
    asked = json.loads(emulator.calls[0].body)
    assert asked["texts"] == ["a blue house"]
    assert asked["input_type"] == "search_query"
    assert asked["truncate"] == "NONE"


def test_each_picture_is_one_call(emulator: CohereEmulator, embedder: CohereEmbedder) -> None:
    assert embedder.batch_size == 1
    assert len(embedder.embed_images([RED, BLUE], Deadline())) == 2
    assert [seen.kind for seen in emulator.calls] == ["image", "image"]


def test_on_foundry_the_key_goes_in_the_header_of_azure(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    embedder.embed_text("red", Deadline())
    [seen] = emulator.calls
    assert seen.path == "/providers/cohere/v2/embed"
    assert seen.headers["api-key"] == emulator.key
    assert "authorization" not in seen.headers
    assert embedder.label == "Cohere Embed on Azure AI Foundry"


def test_at_cohere_itself_the_key_is_a_bearer_token(emulator: CohereEmulator) -> None:
    embedder = connect(emulator, cohere_endpoint=f"{emulator.url}/v2/embed")
    embedder.embed_text("red", Deadline())
    [seen] = emulator.calls
    assert seen.path == "/v2/embed"
    assert seen.headers["authorization"] == f"Bearer {emulator.key}"
    assert "api-key" not in seen.headers
    assert embedder.label == "Cohere Embed"


@pytest.mark.parametrize("dimensions", [256, 1024, 1536])
def test_vectors_have_as_many_numbers_as_were_set_and_come_as_they_were_given(
    emulator: CohereEmulator, dimensions: int
) -> None:
    embedder = connect(emulator, cohere_dimensions=dimensions)
    rows = embedder.embed_images([RED, BLUE], Deadline())
    assert rows.shape == (2, dimensions) and rows.dtype == np.float32
    assert (np.abs(np.linalg.norm(rows, axis=1) - 1) > 1e-3).all()  # the double's are not unit rows


def test_another_model_or_length_is_another_embedder(emulator: CohereEmulator) -> None:
    ids = {
        connect(emulator).id,
        connect(emulator, cohere_dimensions=512).id,
        connect(emulator, cohere_model="embed-v5.0-pro").id,
    }
    assert ids == {
        "cohere:embed-v-4-0:256",
        "cohere:embed-v-4-0:512",
        "cohere:embed-v5.0-pro:256",
    }


def test_a_deployment_of_a_name_of_its_own_is_filed_under_its_model() -> None:
    with CohereEmulator(model="pictures-of-ours") as emulator:
        embedder = connect(emulator, cohere_model_name="embed-v-4-0")
        embedder.embed_text("red", Deadline())
        assert json.loads(emulator.calls[0].body)["model"] == "pictures-of-ours"
    assert embedder.id == "cohere:embed-v-4-0:256"


def test_each_call_is_reserved_and_settled_only_by_an_answer_that_may_be_charged(
    emulator: CohereEmulator,
) -> None:
    calls = Reservations()
    embedder = CohereEmbedder(settings_for(emulator), calls.reserve, backoff_seconds=0.01)
    emulator.plan("error", "html", None, "unauthorised")
    embedder.embed_text("red", Deadline())
    with pytest.raises(EmbedderRefused):
        embedder.embed_images([RED], Deadline())
    embedder.embed_images([RED], Deadline())
    assert calls.outcomes() == [
        ("text", "refused"),
        ("text", "settled"),
        ("text", "settled"),
        ("image", "refused"),
        ("image", "settled"),
    ]


# --- Pictures and texts that are not taken -------------------------------------------------------


def test_a_picture_of_too_many_pixels_is_sent_smaller_and_noted(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    data = plain("red", width=3000, height=1999)
    sent = payload(data, check(data), embedder.limits)
    with Image.open(io.BytesIO(sent.data)) as small:
        assert 1_900_000 < small.width * small.height <= embedder.limits.max_pixels
    assert sent.altered
    assert embedder.embed_images([sent.data], Deadline()).shape == (1, 256)


@pytest.mark.parametrize("size", [(2001, 1000), (9_000, 301), (1, 2_100_000), (1_415, 1_415)])
def test_a_smaller_copy_of_any_shape_has_no_pixel_too_many(
    embedder: CohereEmbedder, size: tuple[int, int]
) -> None:
    data = plain("red", *size)
    sent = payload(data, check(data), embedder.limits)
    with Image.open(io.BytesIO(sent.data)) as small:
        assert small.width * small.height <= embedder.limits.max_pixels


def test_a_picture_within_the_limits_is_sent_as_its_own_bytes(embedder: CohereEmbedder) -> None:
    data = plain("red", width=2000, height=1000)
    assert payload(data, check(data), embedder.limits).data is data


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty file"),
        (b"GIF87a" + bytes(5_000_000), "5,000,006 bytes"),
        (b"hello", "no JPEG, PNG, WEBP or GIF"),
        (hostile.picture("TIFF"), "no JPEG, PNG, WEBP or GIF"),
    ],
    ids=["empty", "large", "text", "tiff"],
)
def test_what_cannot_be_a_picture_for_the_service_is_refused_without_a_call(
    emulator: CohereEmulator, embedder: CohereEmbedder, data: bytes, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        embedder.embed_images([data], Deadline())
    assert emulator.calls == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("image format", "Save it again as JPEG or PNG"),
        ("image size", "of this size"),
        ("bad request", "“Something <b>else</b> is wrong.”"),
        ("unprocessable", "“Something else is wrong.”"),
    ],
)
def test_a_picture_that_the_service_refuses_is_refused_for_itself(
    emulator: CohereEmulator, embedder: CohereEmbedder, fault: str, sentence: str
) -> None:
    emulator.plan(fault)
    with pytest.raises(InputRefused, match=sentence):
        embedder.embed_images([RED], Deadline())
    assert len(emulator.calls) == 1


def test_a_text_that_is_too_long_is_refused_in_a_sentence(embedder: CohereEmbedder) -> None:
    with pytest.raises(InputRefused, match="longer than the model reads"):
        embedder.embed_text("word " * 600, Deadline())


@pytest.mark.parametrize("text", ["🦊🌊", "בית כחול", "a\u202eb", "half \ud83d", '"<b>\\'])
def test_unusual_texts_arrive_as_they_are(
    emulator: CohereEmulator, embedder: CohereEmbedder, text: str
) -> None:
    assert embedder.embed_text(text, Deadline()).shape == (256,)
    assert emulator.calls[0].text == text


# --- Refusals that are final ---------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "sentence"), FINAL.items())
def test_a_refusal_that_concerns_every_call_is_said_at_once_and_never_repeated(
    emulator: CohereEmulator, embedder: CohereEmbedder, fault: str, sentence: str
) -> None:
    emulator.plan(fault)
    with pytest.raises(EmbedderRefused, match=sentence):
        embedder.embed_images([RED], Deadline())
    assert len(emulator.calls) == 1
    assert embedder.embed_images([RED], Deadline()).shape == (1, 256), "it must still work later"


def test_at_cohere_itself_a_wrong_key_leads_to_coheres_own_page(emulator: CohereEmulator) -> None:
    endpoint = f"{emulator.url}/v2/embed"
    said = str(refused_text(connect(emulator, cohere_endpoint=endpoint, cohere_key="another")))
    assert "dashboard.cohere.com" in said


def test_a_model_that_cohere_does_not_have_is_named(emulator: CohereEmulator) -> None:
    endpoint = f"{emulator.url}/v2/embed"
    said = str(refused_text(connect(emulator, cohere_endpoint=endpoint, cohere_model="embed-v9")))
    assert "no embedding model of the name embed-v9" in said


def test_the_address_of_azure_vision_behind_another_name_is_said_to_hold_nothing() -> None:
    with Emulator() as vision, CohereEmulator() as emulator:
        endpoint = f"{vision.url}/providers/cohere/v2/embed"
        error = refused_text(connect(emulator, cohere_endpoint=endpoint, cohere_key=vision.key))
    assert isinstance(error, EmbedderRefused) and "There is nothing at" in str(error)


def test_a_redirect_is_not_followed(emulator: CohereEmulator, embedder: CohereEmbedder) -> None:
    with CohereEmulator() as elsewhere:
        emulator.plan(Fault("redirect", location=f"{elsewhere.url}/v2/embed"))
        assert isinstance(refused_text(embedder), EmbedderRefused)
        assert elsewhere.calls == []


# --- Trouble that passes -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*RETRIED, *UNUSABLE, "endless"])
def test_trouble_that_passes_is_tried_again(
    emulator: CohereEmulator, embedder: CohereEmbedder, fault: str
) -> None:
    emulator.plan(fault)
    found = embedder.embed_images([RED], Deadline())
    assert len(emulator.calls) == 2
    np.testing.assert_array_equal(found, embedder.embed_images([RED], Deadline()))


def test_trouble_that_stays_is_said_after_the_last_attempt(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    emulator.plan("error", times=ATTEMPTS + 5)
    error = refused_text(embedder)
    assert type(error) is EmbedderUnavailable
    assert f"{ATTEMPTS} times in a row" in str(error)
    assert len(emulator.calls) == ATTEMPTS


@pytest.mark.parametrize("fault", UNUSABLE)
def test_an_unusable_answer_is_not_paid_for_many_times(
    emulator: CohereEmulator, embedder: CohereEmbedder, fault: str
) -> None:
    emulator.plan(fault, times=ATTEMPTS)
    error = refused_text(embedder)
    assert type(error) is EmbedderUnavailable and "holds no embedding" in str(error)
    assert len(emulator.calls) == UNUSABLE_ATTEMPTS


def test_an_answer_that_drips_ends_at_the_deadline(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    emulator.plan("dribble", times=9)
    began = time.monotonic()
    assert isinstance(refused_text(embedder, Deadline.for_person(0.5)), DeadlinePassed)
    assert time.monotonic() - began < 2


def test_a_wait_in_milliseconds_is_kept_to_the_millisecond(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    emulator.plan(Fault("too many", seconds=0.3))  # Retry-After says 1
    embedder.embed_text("red", Deadline())
    first, second = (seen.at for seen in emulator.calls)
    assert 0.29 < second - first < 0.95


def test_a_person_is_told_at_once_how_long_the_service_wants_to_rest(
    emulator: CohereEmulator, embedder: CohereEmbedder
) -> None:
    emulator.plan(Fault("too many", seconds=40))
    error = refused_text(embedder, Deadline.for_person())
    assert isinstance(error, DeadlinePassed) and "40 seconds" in str(error)


@pytest.mark.parametrize("fault", ["trial minute", "too many, silent"])
def test_a_refusal_that_says_no_time_is_waited_out(
    emulator: CohereEmulator, embedder: CohereEmbedder, fault: str
) -> None:
    emulator.plan(fault)
    assert embedder.embed_text("red", Deadline()).shape == (256,)
    assert emulator.statuses() == {429: 1, 200: 1}


# --- The key stays where it is -------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", sorted(set(FAULTS) - {"hang", "dribble", "too many, silent", "trial minute"})
)
def test_no_failure_prints_the_key(
    emulator: CohereEmulator, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    # As a bearer token, which other programs are prone to print.
    embedder = connect(emulator, cohere_endpoint=f"{emulator.url}/v2/embed")
    emulator.plan(fault, times=20)
    error = refused_text(embedder, Deadline.for_person(0.9))
    shown = [repr(embedder), caplog.text, *shown_by(error)]
    assert not [text for text in shown if emulator.key in text]


@pytest.mark.parametrize("key", ["a\nb", "clé", "a b", "\x00secret"])
def test_a_key_that_cannot_be_one_is_neither_sent_nor_shown(
    emulator: CohereEmulator, key: str
) -> None:
    error = refused_text(connect(emulator, cohere_key=key))
    assert isinstance(error, EmbedderRefused) and key not in str(error)
    assert emulator.calls == []


@pytest.mark.parametrize("name", ["cohere_endpoint", "cohere_key", "cohere_model"])
def test_a_setting_that_is_missing_is_named(
    emulator: CohereEmulator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)  # with it, no key is missed
    error = refused_text(connect(emulator, **{name: ""}))
    assert str(error).startswith(f"{name.upper()} is missing")
