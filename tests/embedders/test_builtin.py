"""The built-in embedder: its reading, its two towers, and what it makes of odd inputs."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.deadline import Deadline
from core.embedders.builtin.embedder import WEIGHTS, BuiltinEmbedder
from core.embedders.builtin.synonyms import PHRASES, RELATED, STOP_WORDS, SYNONYMS
from core.embedders.builtin.words import GROUPS, JOINTS, MAX_TOKENS, TOKENS, read
from core.errors import Cancelled, InputRefused

SAMPLE = Path(__file__).parents[1] / "data" / "builtin_sample.npz"


@pytest.fixture(scope="module")
def model() -> BuiltinEmbedder:
    return BuiltinEmbedder()


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def painting(seed: int = 0, size: tuple[int, int] = (120, 80)) -> Image.Image:
    """Not a real painting: a sky, a ground and a block of colour."""
    rng = np.random.default_rng(seed)
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    pixels[: size[1] // 2] = rng.integers(120, 255, 3)
    pixels[size[1] // 2 :] = rng.integers(0, 140, 3)
    pixels[20:60, 30:70] = rng.integers(0, 255, 3)
    return Image.fromarray(pixels)


# -- reading


def test_synonyms_plurals_and_capitals_are_read_as_the_word_they_mean() -> None:
    assert read("Two CRIMSON cottages, beside a kitten!").tokens == (
        "two",
        "red",
        "house",
        "and",
        "cat",
    )
    assert read("an automobile at dusk").tokens == ("car", "in", "sunset")
    assert read("hot-air balloons").tokens == ("balloon",)
    assert read("3 puppies").tokens == ("three", "dog")


def test_unknown_words_are_named_once_in_order_and_stop_words_are_not(
    model: BuiltinEmbedder,
) -> None:
    text = "Please show me a picture of the red spaceship near a walrus and a spaceship"
    assert model.unknown_words(text) == ["spaceship", "walrus"]
    assert model.unknown_words("a painting of a boat") == []


def test_without_an_unknown_word_excludes_nothing_else() -> None:
    assert read("boats without people on a lake").tokens == ("boat", "in", "lake")
    assert read("a house without snow").tokens == ("house", "without", "snow")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not a boat", "does not understand “not”: “boat” is searched for too."),
        ("a house without trees", "does not understand “without”: “trees” is searched for too."),
        ("Houses, but NO red boats", "understand “but no”: “red boats” is searched for too."),
        ("it isn’t in the snow", "does not understand “is not”: “snow” is searched for too."),
        ("no sun, no sea, without snow", "“no”, “without”: “sun”, “sea”, “snow” are searched for"),
    ],
)
def test_what_a_negation_names_is_said_to_be_searched_for(
    model: BuiltinEmbedder, text: str, sentence: str
) -> None:
    assert sentence in model.misread(text)


@pytest.mark.parametrize("text", ["a red boat", "", "no", "without people", "boats without people"])
def test_nothing_is_said_of_a_text_that_excludes_nothing_known(
    model: BuiltinEmbedder, text: str
) -> None:
    assert model.misread(text) == ""


def test_the_word_tables_agree_with_each_other() -> None:
    known = set(TOKENS[1:])
    assert set(SYNONYMS.values()) <= known
    assert {token for tokens in PHRASES.values() for token in tokens} <= known
    assert {word for words in RELATED.values() for word in words} <= known
    assert not STOP_WORDS & (set(SYNONYMS) | known)
    assert not set(SYNONYMS) & known
    assert not set(RELATED) & (set(SYNONYMS) | known | STOP_WORDS)
    assert len(known) == len(TOKENS) - 1


def test_everything_that_the_renderer_draws_has_a_word() -> None:
    scene = pytest.importorskip("tools.paintings.scene")
    assert set(scene.KINDS) == set(GROUPS["things"])
    assert set(scene.COLOURS) == set(GROUPS["colours"])
    assert set(scene.PLACES) <= set(GROUPS["places"])
    assert set(scene.TRAINING_STYLES) == set(GROUPS["styles"])
    assert set(scene.WEATHERS) == set(GROUPS["weather"])


def test_an_unknown_word_gets_known_neighbours(model: BuiltinEmbedder) -> None:
    assert model.known_neighbours("bench")[:2] == ["table", "garden"]
    assert "house" in model.known_neighbours("hosue")
    assert model.known_neighbours("qqqqq") == []
    assert model.known_neighbours("") == []
    for near in model.known_neighbours("wolves"):
        assert not model.unknown_words(near)


def test_the_vocabulary_is_grouped_for_a_page(model: BuiltinEmbedder) -> None:
    groups = model.vocabulary()
    assert "boat" in groups["things"] and "purple" in groups["colours"]
    assert all(not model.unknown_words(word) for words in groups.values() for word in words)


# -- towers


def test_the_numpy_towers_agree_with_the_training_framework(model: BuiltinEmbedder) -> None:
    with np.load(SAMPLE, allow_pickle=False) as sample:
        learned = model.towers.pictures(sample["pixels"])
        np.testing.assert_allclose(learned, sample["pictures"], atol=1e-3)
        for said, wanted in zip(sample["said"], sample["texts"], strict=True):
            np.testing.assert_allclose(
                model.towers.text(read(str(said)).ids), wanted, atol=1e-3, err_msg=str(said)
            )


def test_vectors_are_float32_unit_rows_and_the_same_every_time(model: BuiltinEmbedder) -> None:
    files = [encoded(painting(seed)) for seed in range(5)]
    first = model.embed_images(files, Deadline())
    assert first.shape == (5, model.dimensions) and first.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-6)
    again = BuiltinEmbedder()
    assert again.id == model.id and model.id.startswith("builtin:")
    np.testing.assert_array_equal(first, again.embed_images(files, Deadline()))
    alone = np.concatenate([model.embed_images([data], Deadline()) for data in files])
    np.testing.assert_allclose(first, alone, atol=1e-5)
    text = model.embed_text("a red boat", Deadline())
    assert text.shape == (model.dimensions,) and text.dtype == np.float32
    assert abs(float(np.linalg.norm(text)) - 1) < 1e-6


def test_no_pictures_give_no_rows(model: BuiltinEmbedder) -> None:
    assert model.embed_images([], Deadline()).shape == (0, model.dimensions)


def test_word_order_binds_a_colour_to_its_thing(model: BuiltinEmbedder) -> None:
    one = model.embed_text("a red boat and a blue house", Deadline())
    other = model.embed_text("a blue boat and a red house", Deadline())
    same = model.embed_text("a blue house and a red boat", Deadline())
    assert float(one @ other) < float(one @ same)


def test_several_threads_get_the_same_vectors(model: BuiltinEmbedder) -> None:
    data = encoded(painting(3))
    wanted = model.embed_images([data], Deadline())
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.embed_images([data], Deadline())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_array_equal(vectors, wanted)


def test_the_weights_are_small_and_load_quickly() -> None:
    assert WEIGHTS.stat().st_size <= 4_000_000
    BuiltinEmbedder()
    began = time.process_time()
    BuiltinEmbedder()
    # Measured 0.03 s alone; the limit leaves room for a busy machine.
    assert time.process_time() - began < 0.5


# -- odd inputs


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_a_picture_of_any_mode_gets_a_vector(model: BuiltinEmbedder, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.linspace(0, 65535, 80 * 120, dtype=np.uint16).reshape(80, 120))
    else:
        image = painting().convert("L").convert(mode) if mode in "IF" else painting().convert(mode)
    data = encoded(image, "TIFF")
    vectors = model.embed_images([data], Deadline())
    assert np.isfinite(vectors).all()
    assert abs(float(np.linalg.norm(vectors[0])) - 1) < 1e-5


def test_transparency_lies_on_white(model: BuiltinEmbedder) -> None:
    clear = Image.new("RGBA", (60, 60), (255, 0, 0, 0))
    white = Image.new("RGB", (60, 60), "white")
    one, two = model.embed_images([encoded(clear), encoded(white)], Deadline())
    assert float(one @ two) > 0.999


def test_a_ribbon_of_a_picture_gets_a_vector(model: BuiltinEmbedder) -> None:
    ribbon = Image.new("RGB", (10_000, 11), "teal")
    assert np.isfinite(model.embed_images([encoded(ribbon)], Deadline())).all()


def test_the_orientation_of_a_photograph_is_applied(model: BuiltinEmbedder) -> None:
    upright = painting(1)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    turned = encoded(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    plain = encoded(upright, "JPEG", quality=95)
    one, two = model.embed_images([plain, turned], Deadline())
    assert float(one @ two) > 0.99


def test_what_is_no_picture_is_refused_with_a_sentence(model: BuiltinEmbedder) -> None:
    for data in (b"", b"not a picture", encoded(painting())[:200]):
        with pytest.raises(InputRefused, match=r"\.$"):
            model.embed_images([data], Deadline())


def test_a_text_that_says_nothing_is_refused_and_the_words_are_named(
    model: BuiltinEmbedder,
) -> None:
    with pytest.raises(InputRefused, match="nothing to look for"):
        model.embed_text("  the ... ", Deadline())
    with pytest.raises(InputRefused, match=r"does not know “xylograph”, “quux”\. .*such as “boat”"):
        model.embed_text("a xylograph and a quux", Deadline())
    for joint in JOINTS:
        with pytest.raises(InputRefused):
            model.embed_text(joint, Deadline())


def test_words_that_are_all_unknown_are_named_with_the_nearest_known(
    model: BuiltinEmbedder,
) -> None:
    with pytest.raises(InputRefused, match=r"does not know “zebra”\. .*knows: “horse”, “stripe”\."):
        model.embed_text("a zebra", Deadline())


def test_a_text_of_too_many_words_is_refused(model: BuiltinEmbedder) -> None:
    model.embed_text("red " * MAX_TOKENS, Deadline())
    with pytest.raises(InputRefused, match="too long"):
        model.embed_text("red " * (MAX_TOKENS + 1), Deadline())


def test_a_stopped_call_stops(model: BuiltinEmbedder) -> None:
    deadline = Deadline()
    deadline.cancel.set()
    with pytest.raises(Cancelled):
        model.embed_images([encoded(painting())], deadline)
    with pytest.raises(Cancelled):
        model.embed_text("boat", deadline)


def test_links_are_not_fetched(model: BuiltinEmbedder) -> None:
    assert not model.takes_links
    with pytest.raises(InputRefused):
        model.embed_link("https://example.com/a.jpg", Deadline())


def test_weights_of_another_vocabulary_are_not_loaded(tmp_path: Path) -> None:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed["tokens"] = changed["tokens"][::-1]
    np.savez(tmp_path / "other.npz", **changed)
    with pytest.raises(ValueError, match="vocabulary"):
        BuiltinEmbedder(tmp_path / "other.npz")
