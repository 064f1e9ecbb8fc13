"""The bundled gallery: `python -m tools.paintings.gallery` renders all of it from one seed.

The files are byte-identical each time on one machine with the packages of requirements.txt;
another processor or library version may round a pixel differently.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tools.paintings.scene import (
    COLOURED_KINDS,
    COLOURS,
    PLACES_OF,
    STYLES,
    TIMES,
    WEATHERS,
    Scene,
    Thing,
    can_share,
    caption,
    plural,
    subject,
)

GALLERY = Path("images/gallery")
SEED = 20
COUNT = 264
PAIRS = 62
LONG_SIDE = 960
# 264 pictures in 30 MB: detail-rich styles give a little of their quality.
LARGEST_FILE = 116_000
_SHAPES = ((960, 720), (960, 720), (960, 640), (720, 960), (960, 960))

# What `metadata.csv` says of each picture, and what of its `truth` the last four are.
LABELS = ("file_name", "Subject", "Colour", "Place", "Time of day", "Weather", "Style")
TOLD = ("place", "time", "weather", "style")

# Pictures that must be there, said in words: colour and kind, place, time, weather, light.
_WISHES = (
    ("1 blue house", "snow", "day", "clear", ""),
    ("1 blue house", "village", "sunset", "clear", "sun"),
    ("1 blue house", "lake", "dawn", "clear", ""),
    ("1 blue house", "coast", "night", "clear", "moon"),
    ("1 blue house", "field", "day", "rain", ""),
    ("1 blue house+1 yellow tree", "mountains", "day", "clear", ""),
    ("1 red boat+1 blue house", "river", "day", "clear", ""),
    ("1 blue boat+1 red house", "river", "sunset", "clear", ""),
    ("1 red house", "snow", "night", "snowfall", ""),
    ("2 red house", "forest", "sunset", "clear", ""),
    ("1 white house", "garden", "day", "clear", ""),
    ("1 pink house+1 green car", "village", "day", "clear", ""),
    ("1 white lighthouse", "coast", "sunset", "clear", "sun"),
    ("1 red lighthouse", "sea", "night", "storm", ""),
    ("1 red lighthouse", "coast", "dawn", "fog", ""),
    ("1 white boat", "sea", "day", "clear", "sun"),
    ("3 white boat", "sea", "dawn", "clear", ""),
    ("1 red boat", "lake", "dawn", "fog", ""),
    ("1 black boat", "sea", "sunset", "clear", "sun"),
    ("1 yellow boat", "sea", "day", "storm", ""),
    ("1 gray castle", "mountains", "sunset", "clear", ""),
    ("1 white castle", "lake", "night", "clear", "moon"),
    ("1 purple castle", "snow", "dawn", "snowfall", ""),
    ("1 white windmill", "field", "day", "clear", ""),
    ("1 red windmill", "river", "sunset", "clear", "sun"),
    ("1 red bridge", "river", "dawn", "fog", ""),
    ("1 gray bridge", "city", "night", "clear", "moon"),
    ("1 orange bridge", "city", "sunset", "clear", ""),
    ("1 black cat", "village", "night", "clear", "moon"),
    ("1 orange cat", "table", "day", "rain", ""),
    ("1 white cat+1 red flower", "garden", "day", "clear", ""),
    ("1 gray cat", "snow", "day", "snowfall", ""),
    ("1 brown dog", "coast", "sunset", "clear", ""),
    ("1 white dog", "forest", "day", "clear", ""),
    ("1 black dog", "snow", "day", "clear", ""),
    ("1 brown horse", "field", "sunset", "clear", ""),
    ("1 white horse", "desert", "night", "clear", "moon"),
    ("2 black horse", "snow", "dawn", "clear", ""),
    ("3 white bird", "sea", "day", "clear", ""),
    ("1 red bird", "snow", "day", "snowfall", ""),
    ("1 blue bird", "forest", "dawn", "clear", ""),
    ("3 orange fish", "lake", "day", "clear", ""),
    ("1 red fish+1 white boat", "sea", "sunset", "clear", ""),
    ("1 red car", "desert", "sunset", "clear", ""),
    ("1 yellow car", "city", "night", "rain", ""),
    ("1 blue car", "mountains", "day", "clear", ""),
    ("1 red bicycle", "city", "day", "rain", ""),
    ("1 yellow bicycle", "garden", "day", "clear", ""),
    ("1 black train", "snow", "night", "snowfall", ""),
    ("1 green train", "mountains", "day", "clear", ""),
    ("3 red balloon", "mountains", "dawn", "clear", ""),
    ("1 yellow balloon", "sea", "sunset", "clear", "sun"),
    ("1 purple balloon", "city", "night", "clear", ""),
    ("1 pink tree", "lake", "day", "clear", ""),
    ("1 red tree", "field", "sunset", "clear", ""),
    ("1 yellow flower", "field", "day", "clear", "sun"),
    ("3 red flower", "garden", "day", "rain", ""),
    ("1 white flower", "table", "dawn", "clear", ""),
    ("3 red apple", "table", "day", "clear", ""),
    ("1 green pear+1 red apple", "table", "sunset", "clear", ""),
    ("2 yellow lemon+1 blue vase", "table", "day", "clear", ""),
    ("1 white vase", "table", "night", "clear", "moon"),
    ("3 brown book", "table", "night", "rain", ""),
    ("1 red book+1 white cup", "table", "day", "snowfall", ""),
    ("1 blue cup", "table", "dawn", "fog", ""),
    ("", "mountains", "dawn", "clear", "sun"),
    ("", "mountains", "night", "clear", "moon"),
    ("", "forest", "day", "clear", ""),
    ("", "forest", "dawn", "fog", ""),
    ("", "forest", "day", "snowfall", ""),
    ("", "field", "day", "clear", ""),
    ("", "field", "sunset", "storm", ""),
    ("", "desert", "sunset", "clear", "sun"),
    ("", "desert", "night", "clear", "moon"),
    ("", "snow", "night", "clear", "moon"),
    ("", "snow", "day", "clear", "sun"),
    ("", "coast", "sunset", "clear", "sun"),
    ("", "coast", "day", "storm", ""),
    ("", "river", "dawn", "clear", "sun"),
    ("", "river", "day", "clear", ""),
    ("", "lake", "sunset", "clear", "sun"),
    ("", "lake", "night", "clear", "moon"),
    ("", "sea", "night", "clear", "moon"),
    ("", "sea", "day", "storm", ""),
    ("", "sea", "sunset", "clear", "sun"),
    ("", "village", "night", "clear", "moon"),
    ("", "village", "day", "snowfall", ""),
    ("", "city", "night", "clear", "moon"),
    ("", "city", "day", "rain", ""),
    ("", "city", "sunset", "clear", "sun"),
    ("", "garden", "day", "clear", "sun"),
    ("", "garden", "dawn", "rain", ""),
)
# Numbers of pictures that were looked at and found wanting, and which other draw replaced each.
_AGAIN: dict[int, int] = {10: 1, 12: 1, 54: 1, 158: 1, 188: 1, 196: 1, 213: 1, 215: 1}


def _wish(text: tuple[str, str, str, str, str], style: str, seed: int) -> Scene:
    what, place, time_, weather, sky = text
    things = []
    for part in what.split("+") if what else ():
        count, colour, kind = part.split()
        things.append(Thing(kind, colour, int(count)))
    if sky:
        things.append(Thing(sky, None))
    return Scene(tuple(things), place, time_, weather, style, seed)


# Where a colour drowns in its surroundings a painter would take another.
_DROWNS = {
    ("white", "snow"),
    ("gray", "city"),
    ("green", "forest"),
    ("green", "garden"),
    ("green", "field"),
    ("brown", "forest"),
    ("brown", "desert"),
    ("orange", "desert"),
    ("yellow", "desert"),
    ("blue", "sea"),
}


def _candidate(rng: np.random.Generator, style: str) -> Scene:
    """A scene to choose from: like the training's, but with a painter's likes and dislikes."""
    kind = COLOURED_KINDS[int(rng.integers(len(COLOURED_KINDS)))]
    place = PLACES_OF[kind][int(rng.integers(len(PLACES_OF[kind])))]
    while True:
        colour = COLOURS[int(rng.integers(len(COLOURS)))]
        if (colour, place) not in _DROWNS:
            break
    many = kind not in ("castle", "lighthouse", "windmill", "bridge", "train")
    count = int(rng.choice(3, p=(0.72, 0.16, 0.12))) + 1 if many else 1
    if kind in ("stripe", "wave"):
        count = int(rng.integers(2, 4))
    things = [Thing(kind, colour, count)]
    if rng.random() < 0.36:
        kinds = [k for k in COLOURED_KINDS if k != kind and can_share(kind, k, place)]
        second = kinds[int(rng.integers(len(kinds)))] if kinds else None
        if second is not None:
            others = [c for c in COLOURS if c != colour and (c, place) not in _DROWNS]
            n = 3 if second in ("stripe", "wave") else 1
            things.append(Thing(second, others[int(rng.integers(len(others)))], n))
    seed = int(rng.integers(2**31))
    if place == "abstract":
        return Scene(tuple(things), place, None, None, style, seed)
    time_ = TIMES[int(rng.integers(4))]
    weather = "clear"
    if rng.random() < 0.34:
        options = [w for w in WEATHERS[1:] if not (place == "desert" and w == "snowfall")]
        weather = options[int(rng.integers(len(options)))]
        if time_ == "night" and weather == "fog":
            time_ = "dawn"
    if weather == "clear" and rng.random() < 0.42:
        things.append(Thing("moon" if time_ == "night" else "sun", None))
    return Scene(tuple(things), place, time_, weather, style, seed)


def scenes() -> list[Scene]:
    """The gallery's scenes: first the wished-for ones, then whatever is rarest so far."""
    rng = np.random.default_rng(SEED)
    chosen: list[Scene] = []
    seen: Counter[Any] = Counter()
    order = [int(i) for i in rng.permutation(len(_WISHES))]
    for i in range(COUNT):
        style = STYLES[i % len(STYLES)]
        local = np.random.default_rng((SEED, i))
        if i < len(_WISHES):
            scene = _wish(_WISHES[order[i]], style, int(local.integers(2**31)))
        else:
            options = [_candidate(local, style) for _ in range(60)]
            # Two things are worth showing, but count twice in the sum: so many are asked for.
            double = seen["two"] < PAIRS and i % 3 == 0
            options = [s for s in options if (len(s.coloured) == 2) == double]
            scene = min(options, key=lambda s: sum(seen[f] * w for f, w in _features(s)))
        for feature, _ in _features(scene):
            seen[feature] += 1
        if i in _AGAIN:  # the same words, another picture
            scene = replace(scene, seed=(scene.seed + 7919 * _AGAIN[i]) % 2**31)
        chosen.append(scene)
    return chosen


def _features(scene: Scene) -> list[tuple[Any, float]]:
    """What should be balanced over the gallery, and how much each thing of it matters."""
    out: list[tuple[Any, float]] = [(("place", scene.place), 0.5)]
    out.append((("time", scene.time), 0.12))
    if scene.weather != "clear":
        out.append((("weather", scene.weather), 0.2))
    out.append((("style and place", scene.style, scene.place), 1.5))
    for n, thing in enumerate(scene.coloured):
        weight = 1.0 if n == 0 else 0.4
        out.append((("kind", thing.kind), weight * 1.4))
        out.append((("colour", thing.colour), weight * 0.5))
        out.append((("pair", thing.kind, thing.colour), weight * 9))
        out.append((("style and kind", scene.style, thing.kind), weight * 3))
    if len(scene.coloured) == 2:
        out.append(("two", 0.0))
    return out


def slug(text: str) -> str:
    """A text as a file name: lower case, with a hyphen for all that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


_WHERE = {
    "mountains": "in the mountains",
    "forest": "in the forest",
    "field": "in a field",
    "desert": "in the desert",
    "snow": "on a snowy hill",
    "coast": "by the sea",
    "river": "by the river",
    "lake": "by the lake",
    "sea": "at sea",
    "village": "in the village",
    "city": "in the city",
    "garden": "in the garden",
    "table": "on a table",
    "abstract": "",
}
_ALONE = {
    "mountains": "mountains",
    "forest": "forest",
    "field": "open field",
    "desert": "desert",
    "snow": "snowy hill",
    "coast": "rocky coast",
    "river": "winding river",
    "lake": "quiet lake",
    "sea": "open sea",
    "village": "village",
    "city": "city skyline",
    "garden": "garden",
}
_WHEN = {"dawn": "at dawn", "day": "", "sunset": "at sunset", "night": "at night"}
_UNDER = {"clear": "", "rain": "rain", "snowfall": "snowfall", "storm": "storm", "fog": "fog"}


def names(chosen: list[Scene]) -> list[str]:
    """File names as a person would give them, no two alike."""
    used: set[str] = set()
    out = []
    for scene in chosen:
        parts = []
        for thing in scene.coloured:
            number = {1: "", 2: "two ", 3: "three "}[thing.count]
            kind = thing.kind if thing.count == 1 else plural(thing.kind)
            parts.append(f"{number}{thing.colour} {kind}")
        base = " and ".join(parts)
        base = f"{base} {_WHERE[scene.place]}" if base else _ALONE[scene.place]
        when, under = _WHEN.get(scene.time or "day", ""), _UNDER[scene.weather or "clear"]
        options = [base, f"{base} {when}", f"{base} {when} {under}"]
        if when and not scene.coloured:
            options = options[1:]
        options += [f"{base} {when} {scene.style}", f"{base} {when} {under} {scene.style}"]
        options += [f"{base} {n}" for n in range(2, 99)]
        name = next(o for o in (slug(option) for option in options) if o not in used)
        used.add(name)
        out.append(name + ".jpg")
    return out


def shape(scene: Scene) -> tuple[int, int]:
    """Width and height: most lie, some stand, a few are square."""
    rng = np.random.default_rng((scene.seed, 5))
    wide = any(t.kind in ("train", "bridge", "car") for t in scene.coloured)
    if wide or (len(scene.coloured) == 2 and scene.place != "abstract"):
        return _SHAPES[int(rng.integers(3))]
    return _SHAPES[int(rng.integers(5))]


def encode(pixels: np.ndarray, largest: int = LARGEST_FILE) -> bytes:
    """JPEG of at most `largest` bytes, in the best quality from 88 down that fits."""
    image = Image.fromarray(pixels)
    for quality in (88, 85, 82, 79, 76, 73, 70, 66, 62, 58):
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= largest:
            break
    return buffer.getvalue()


def truth(scene: Scene) -> dict[str, Any]:
    """What the picture shows, as data for tests and measurements; no search reads it."""
    return {
        "subject": subject(scene),
        "objects": [{"kind": t.kind, "colour": t.colour, "count": t.count} for t in scene.things],
        "time": scene.time,
        "weather": scene.weather,
        "place": scene.place,
        "style": scene.style,
        "caption": caption(scene),
        "seed": scene.seed,
    }


def labels(name: str, said: dict[str, Any]) -> dict[str, str]:
    """A picture's line in `metadata.csv`, by which searches are filtered. said: its `truth`."""
    coloured = (thing["colour"] for thing in said["objects"] if thing["colour"])
    told = (said["subject"], next(coloured, ""), *(said[key] or "" for key in TOLD))
    return dict(zip(LABELS, (name, *told), strict=True))


def write_labels(folder: Path, facts: dict[str, dict[str, Any]]) -> None:
    """facts: the `truth` of each picture, by its file's name."""
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as target:
        table = csv.DictWriter(target, LABELS, lineterminator="\n")
        table.writeheader()
        table.writerows(labels(name, said) for name, said in facts.items())


def _render(job: tuple[Scene, Path]) -> tuple[str, int]:
    from tools.paintings.render import draw

    scene, path = job
    data = encode(draw(scene, shape(scene), painted=True))
    path.write_bytes(data)
    return path.name, len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GALLERY, help="folder to write to")
    parser.add_argument("--only", type=int, default=0, help="no more than this many")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    chosen = scenes()
    files = names(chosen)
    pairs = list(zip(files, chosen, strict=True))
    if options.only:
        pairs = pairs[: options.only]
    options.out.mkdir(parents=True, exist_ok=True)
    keep = {name for name, _ in pairs}
    for old in options.out.glob("*.jpg"):
        if old.name not in keep:
            old.unlink()
    started, total = time.monotonic(), 0
    jobs = [(scene, options.out / name) for name, scene in pairs]
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for done, (_, size) in enumerate(pool.imap(_render, jobs), 1):
            total += size
            if done % 12 == 0 or done == len(jobs):
                rate = (time.monotonic() - started) / done
                left = rate * (len(jobs) - done)
                sys.stdout.write(
                    f"{done} of {len(jobs)}, {total / 1e6:.1f} MB, {left:.0f} s left\n"
                )
                sys.stdout.flush()
    facts = {name: truth(scene) for name, scene in sorted(pairs)}
    text = json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=False)
    (options.out / "truth.json").write_text(text + "\n", encoding="utf-8")
    write_labels(options.out, facts)


__all__ = ["labels", "names", "scenes", "shape", "truth"]

if __name__ == "__main__":
    main()
