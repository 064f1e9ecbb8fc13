"""The gallery as it ships, and the renderer that made it (where its packages are installed)."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tools.paintings.scene import (
    COLOURED_KINDS,
    COLOURS,
    HELD_OUT_STYLE,
    KINDS,
    PLACES,
    STYLES,
    TIMES,
    TRAINING_STYLES,
    WEATHERS,
    Scene,
    Thing,
    caption,
    random_scene,
)

GALLERY = Path(__file__).parent.parent / "images" / "gallery"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, Any]]:
    return json.loads((GALLERY / "truth.json").read_text(encoding="utf-8"))


def renderer() -> Any:
    """The renderer's module; skips the test where the tools' own packages are missing."""
    for package in ("skia", "cv2", "scipy"):
        pytest.importorskip(package, reason=f"{package} is only in tools/requirements.txt")
    from tools.paintings import render

    return render


# -- the gallery as files -----------------------------------------------------------------------
def test_every_picture_has_its_truth_and_every_truth_its_picture(facts: dict[str, Any]) -> None:
    assert {path.name for path in GALLERY.glob("*.jpg")} == set(facts)


def test_the_gallery_has_at_least_240_pictures_in_at_most_30_megabytes(
    facts: dict[str, Any],
) -> None:
    assert len(facts) >= 240
    assert sum(path.stat().st_size for path in GALLERY.iterdir()) <= 30 * MEGABYTE


def test_every_picture_is_a_colour_jpeg_of_960_pixels_on_its_long_side(
    facts: dict[str, Any],
) -> None:
    for name in facts:
        with Image.open(GALLERY / name) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB"), name
            assert max(image.size) == 960, name
            assert min(image.size) >= 600, name


def test_file_names_are_words_in_lower_case(facts: dict[str, Any]) -> None:
    for name in facts:
        words = name.removesuffix(".jpg").split("-")
        assert all(word.isalnum() and word == word.lower() for word in words), name


def test_truth_is_said_in_known_words_and_its_caption_follows_from_it(
    facts: dict[str, Any],
) -> None:
    for name, fact in facts.items():
        things = tuple(Thing(o["kind"], o["colour"], o["count"]) for o in fact["objects"])
        scene = Scene(
            things, fact["place"], fact["time"], fact["weather"], fact["style"], fact["seed"]
        )
        assert fact["caption"] == caption(scene), name
        assert fact["subject"] in (*KINDS, *PLACES), name


def test_each_style_is_shown_at_least_25_times(facts: dict[str, Any]) -> None:
    styles = Counter(fact["style"] for fact in facts.values())
    assert set(styles) == set(STYLES)
    assert min(styles.values()) >= 25


def test_each_kind_colour_place_time_and_weather_is_shown_several_times(
    facts: dict[str, Any],
) -> None:
    kinds = Counter(o["kind"] for fact in facts.values() for o in fact["objects"])
    colours = Counter(o["colour"] for fact in facts.values() for o in fact["objects"])
    assert min(kinds[kind] for kind in KINDS) >= 4
    assert min(colours[colour] for colour in COLOURS) >= 10
    for field, words in (("place", PLACES), ("time", TIMES), ("weather", WEATHERS)):
        shown = Counter(fact[field] for fact in facts.values())
        assert min(shown[word] for word in words) >= 5, field


def test_there_are_blue_houses_and_pictures_of_two_things_in_two_colours(
    facts: dict[str, Any],
) -> None:
    blue = [
        name
        for name, fact in facts.items()
        if any((o["kind"], o["colour"]) == ("house", "blue") for o in fact["objects"])
    ]
    assert len(blue) >= 4
    pairs = [
        fact
        for fact in facts.values()
        if len({o["colour"] for o in fact["objects"] if o["colour"]}) == 2
    ]
    assert len(pairs) >= 30


# -- scenes ---------------------------------------------------------------------------------------
def test_random_scenes_never_use_the_held_out_style_unless_asked() -> None:
    rng = np.random.default_rng(1)
    assert HELD_OUT_STYLE not in {random_scene(rng).style for _ in range(400)}
    assert set(TRAINING_STYLES) | {HELD_OUT_STYLE} == set(STYLES)


def test_random_scenes_show_every_kind_in_every_colour_and_often_two_at_once() -> None:
    rng = np.random.default_rng(2)
    drawn = [random_scene(rng) for _ in range(9000)]
    pairs = {(t.kind, t.colour) for scene in drawn for t in scene.coloured}
    assert pairs == {(kind, colour) for kind in COLOURED_KINDS for colour in COLOURS}
    with_things = [scene for scene in drawn if scene.coloured]
    two = [scene for scene in with_things if len(scene.coloured) == 2]
    assert 0.33 <= len(two) / len(with_things) <= 0.43
    assert all(scene.coloured[0].colour != scene.coloured[1].colour for scene in two)


def test_a_scene_survives_json() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        scene = random_scene(rng, STYLES)
        assert Scene.from_dict(json.loads(json.dumps(scene.to_dict()))) == scene


def test_a_scene_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="no car in sea"):
        Scene((Thing("car", "red"),), "sea", "day", "clear", "oil", 1)
    with pytest.raises(ValueError, match="its own colour"):
        Thing("moon", "green")


# -- the renderer ---------------------------------------------------------------------------------
@pytest.mark.parametrize("style", STYLES)
def test_the_same_scene_gives_the_same_pixels_in_every_style(style: str) -> None:
    render = renderer()
    scene = Scene((Thing("house", "blue"),), "snow", "sunset", "snowfall", style, 5)
    first = render.draw(scene, 96, painted=False)
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, render.draw(scene, 96, painted=False))


@pytest.mark.parametrize("style", ["oil", "watercolour", HELD_OUT_STYLE])
def test_painting_is_repeatable_and_keeps_the_size_asked_for(style: str) -> None:
    render = renderer()
    scene = Scene((Thing("boat", "red"),), "sea", "day", "clear", style, 8)
    first = render.draw(scene, (180, 120), painted=True)
    assert first.shape == (120, 180, 3)
    assert np.array_equal(first, render.draw(scene, (180, 120), painted=True))


def test_every_place_hour_weather_and_kind_can_be_drawn() -> None:
    render = renderer()
    rng = np.random.default_rng(4)
    for _ in range(120):
        pixels = render.draw(random_scene(rng, STYLES), 48, painted=False)
        assert pixels.std() > 1


@pytest.mark.parametrize("colour", COLOURS)
def test_a_thing_keeps_its_colour_at_every_hour(colour: str) -> None:
    renderer()
    import random

    from tools.paintings.palette import PIGMENTS, light_for

    for time in TIMES:
        scene = Scene((Thing("house", colour),), "field", time, "clear", "oil", 1)
        seen = light_for(scene, random.Random(1)).thing(colour).mid
        nearest = min(
            COLOURS,
            key=lambda c: sum((a - b) ** 2 for a, b in zip(PIGMENTS[c].mid, seen, strict=True)),
        )
        assert nearest == colour, f"{colour} looks {nearest} at {time}"


def test_the_labels_of_the_gallery_are_true(facts: dict[str, Any]) -> None:
    from tools.paintings.gallery import labels

    with (GALLERY / "metadata.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [labels(name, said) for name, said in facts.items()]


def test_the_bundled_gallery_is_what_the_command_would_make(facts: dict[str, Any]) -> None:
    renderer()
    from tools.paintings.gallery import names, scenes, truth

    chosen = scenes()
    assert dict(zip(names(chosen), map(truth, chosen), strict=True)) == facts
