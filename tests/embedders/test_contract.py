"""What every embedder promises, asked of each: the built-in model, the services, CLIP and the
tests' own.

Azure and Cohere answer from their emulators, over HTTP on loopback. CLIP has tiny towers that know
colours, and is skipped where fastembed is not installed (requirements-clip.txt).
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.deadline import Deadline
from core.embedders import Embedder
from core.embedders.azure import AzureEmbedder
from core.embedders.builtin import BuiltinEmbedder
from core.embedders.cohere import CohereEmbedder
from core.errors import Cancelled, DeadlinePassed, InputRefused
from core.pictures import FORMATS, check, payload
from core.settings import Settings, load_settings
from core.vectors import measured, unit
from tests import hostile_pictures as hostile
from tests import tiny_clip
from tests.azure_emulator import Emulator
from tests.cohere_emulator import CohereEmulator
from tests.conftest import ColourEmbedder, plain

RED, BLUE = plain("red"), plain("blue")

Call = Callable[[Embedder, Deadline], object]


KINDS = ("builtin", "azure", "cohere", "clip", "colours")


@contextlib.contextmanager
def opened(kind: str, folder: Path) -> Iterator[Embedder]:
    """An embedder of that kind, with what it needs. folder: an empty one that it may fill."""
    if kind == "azure":
        with Emulator() as service:
            settings = Settings(
                vision_endpoint=service.url, vision_key=service.key, vision_calls_per_second=500.0
            )
            yield AzureEmbedder(settings, backoff_seconds=0.01, grace_seconds=0.2)
    elif kind == "cohere":
        with CohereEmulator() as double:
            settings = load_settings(double.settings)
            yield CohereEmbedder(settings, backoff_seconds=0.01, grace_seconds=0.2)
    elif kind == "clip":
        if importlib.util.find_spec("fastembed") is None:
            pytest.skip("fastembed is not installed (requirements-clip.txt)")
        from core.embedders.clip.embedder import ClipEmbedder

        pair = tiny_clip.make_pair(folder / "pair")
        yield ClipEmbedder(Settings(embedder="clip", data_dir=folder, clip_model_dir=pair))
    else:
        yield BuiltinEmbedder() if kind == "builtin" else ColourEmbedder()


@pytest.fixture(scope="module", params=KINDS)
def embedder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Embedder]:
    with opened(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made
        made.close()


def cancelled() -> Deadline:
    deadline = Deadline()
    deadline.cancel.set()
    return deadline


def passed() -> Deadline:
    return Deadline(at=time.monotonic() - 1.0)


CALLS: tuple[Call, ...] = (
    lambda embedder, deadline: embedder.embed_images([RED], deadline),
    lambda embedder, deadline: embedder.embed_text("red", deadline),
)
calls = pytest.mark.parametrize("call", CALLS, ids=["pictures", "text"])


def test_the_id_names_a_kind_and_a_model(embedder: Embedder) -> None:
    kind, _, model = embedder.id.partition(":")
    assert kind.islower() and kind.isalnum()
    assert model
    assert embedder.id.isprintable()


def test_the_label_is_for_a_person(embedder: Embedder) -> None:
    assert embedder.label and embedder.label != embedder.id


def test_pictures_become_rows_of_the_promised_dimensions(embedder: Embedder) -> None:
    rows = embedder.embed_images([RED, BLUE, RED], Deadline())
    assert rows.shape == (3, embedder.dimensions)
    assert rows.dtype == np.float32
    assert all(measured(row).length for row in rows)


def test_a_text_becomes_one_vector_of_the_same_dimensions(embedder: Embedder) -> None:
    vector = embedder.embed_text("red", Deadline())
    assert vector.shape == (embedder.dimensions,)
    assert vector.dtype == np.float32
    assert measured(vector).length


def test_an_embedder_that_normalises_gives_unit_vectors_alone(embedder: Embedder) -> None:
    rows = embedder.embed_images([RED, BLUE], Deadline())
    lengths = np.linalg.norm([*rows, embedder.embed_text("red", Deadline())], axis=1)
    assert embedder.normalises == bool((np.abs(lengths - 1) < 1e-5).all())


def test_no_pictures_give_no_rows(embedder: Embedder) -> None:
    rows = embedder.embed_images([], Deadline())
    assert rows.shape == (0, embedder.dimensions)
    assert rows.dtype == np.float32


def test_the_rows_are_in_the_order_of_the_pictures(embedder: Embedder) -> None:
    pictures = [plain(name) for name in ("red", "green", "blue", "yellow")]
    together = embedder.embed_images(pictures, Deadline())
    for row, data in zip(together, pictures, strict=True):
        alone = embedder.embed_images([data], Deadline())[0]
        assert float(unit(row) @ unit(alone)) > 1 - 1e-5


def test_the_same_input_has_the_same_vector(embedder: Embedder) -> None:
    for call in CALLS:
        np.testing.assert_array_equal(call(embedder, Deadline()), call(embedder, Deadline()))


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", hostile.truncated("JPEG", 0.1), hostile.truncated("PNG", 0.4)],
    ids=["empty", "text", "jpeg", "png"],
)
def test_a_damaged_picture_is_refused_in_a_sentence(embedder: Embedder, data: bytes) -> None:
    with pytest.raises(InputRefused, match=r"\.$"):
        embedder.embed_images([data], Deadline())


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_text_without_a_word_is_refused_in_a_sentence(embedder: Embedder, text: str) -> None:
    with pytest.raises(InputRefused, match=r"\.$"):
        embedder.embed_text(text, Deadline())


@calls
def test_what_was_stopped_before_it_began_is_not_done(embedder: Embedder, call: Call) -> None:
    with pytest.raises(Cancelled):
        call(embedder, cancelled())


@calls
def test_what_is_out_of_time_before_it_began_is_not_done(embedder: Embedder, call: Call) -> None:
    with pytest.raises(DeadlinePassed):
        call(embedder, passed())


def test_two_threads_at_once_get_what_one_gets(embedder: Embedder) -> None:
    pictures = [RED, BLUE]
    wanted = [embedder.embed_images([data], Deadline()) for data in pictures]
    together = threading.Barrier(2)

    def embed(data: bytes) -> object:
        together.wait()
        return embedder.embed_images([data], Deadline())

    with ThreadPoolExecutor(2) as pool:
        for found, row in zip(pool.map(embed, pictures), wanted, strict=True):
            np.testing.assert_allclose(np.asarray(found), row, atol=1e-6)


def test_unknown_words_are_words_of_the_text(embedder: Embedder) -> None:
    text = "a red xylograph"
    unknown = embedder.unknown_words(text)
    assert isinstance(unknown, list)
    assert set(unknown) <= set(text.split())
    assert "red" not in unknown


def test_the_known_neighbours_of_a_word_are_at_most_three_known_words(embedder: Embedder) -> None:
    near = embedder.known_neighbours("xylograph")
    assert isinstance(near, list)
    assert len(near) <= 3
    assert all(not embedder.unknown_words(word) for word in near)


def test_a_link_is_refused_by_an_embedder_that_takes_none(embedder: Embedder) -> None:
    if embedder.takes_links:
        pytest.skip("this one takes links")
    with pytest.raises(InputRefused, match=r"\.$"):
        embedder.embed_link("https://example.com/a.jpg", Deadline())


def test_how_much_is_handed_over_at_once_is_a_positive_number(embedder: Embedder) -> None:
    assert embedder.batch_size >= 1
    assert embedder.concurrency >= 1


def test_the_limits_leave_room_for_a_picture(embedder: Embedder) -> None:
    limits = embedder.limits
    assert {"JPEG", "PNG"} <= set(limits.formats) <= set(FORMATS)
    assert limits.max_bytes > 1_000_000
    assert 0 <= limits.above_side < 100
    assert limits.below_side > 1_000
    assert limits.embedder


@pytest.mark.parametrize("form", FORMATS)
def test_what_fits_the_limits_is_taken(embedder: Embedder, form: str) -> None:
    data = hostile.picture(form)
    sent = payload(data, check(data), embedder.limits)
    assert len(embedder.embed_images([sent.data], Deadline())) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_closing_twice_does_no_harm(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as made:
        made.close()
        made.close()
