"""What a picture shows, in words and numbers, before a single stroke is drawn.

A `Scene` is everything that a caption may truthfully say about a picture. The renderer draws
exactly that: a sun or a moon is in the sky only if it is among the things, and no thing of a
coloured kind appears that is not listed, but for those in `INCIDENTAL` (a village has houses).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "gray",
)
TIMES = ("dawn", "day", "sunset", "night")
WEATHERS = ("clear", "rain", "snowfall", "storm", "fog")
STYLES = (
    "oil",
    "watercolour",
    "woodcut",
    "pastel",
    "poster",
    "pointillism",
    "ink wash",
    "mosaic",
)
# Never trained on: it measures whether the meaning was learned, and not the manner.
HELD_OUT_STYLE = "mosaic"
TRAINING_STYLES = tuple(style for style in STYLES if style != HELD_OUT_STYLE)

PLACES = (
    "mountains",
    "forest",
    "field",
    "desert",
    "snow",
    "coast",
    "river",
    "lake",
    "sea",
    "village",
    "city",
    "garden",
    "table",
    "abstract",
)

# Where each coloured kind can stand, sail, fly or lie.
PLACES_OF: dict[str, tuple[str, ...]] = {
    "house": (
        "mountains",
        "forest",
        "field",
        "desert",
        "snow",
        "coast",
        "river",
        "lake",
        "village",
        "garden",
    ),
    "castle": ("mountains", "forest", "field", "desert", "snow", "coast", "river", "lake"),
    "lighthouse": ("coast", "sea", "snow", "lake"),
    "windmill": ("field", "mountains", "desert", "snow", "coast", "river", "village"),
    "bridge": ("river", "city"),
    "boat": ("sea", "lake", "river", "coast"),
    "car": ("city", "village", "desert", "mountains", "field", "snow", "forest", "coast"),
    "bicycle": ("city", "village", "field", "garden", "coast", "forest"),
    "train": ("mountains", "field", "desert", "snow", "forest", "city"),
    "balloon": (
        "mountains",
        "field",
        "desert",
        "snow",
        "coast",
        "river",
        "lake",
        "sea",
        "village",
        "city",
    ),
    "cat": ("garden", "village", "field", "snow", "city", "table"),
    "dog": ("garden", "village", "field", "snow", "city", "coast", "forest"),
    "horse": ("field", "mountains", "desert", "snow", "coast", "forest", "village"),
    "bird": ("garden", "forest", "field", "snow", "coast", "sea", "lake", "city"),
    "fish": ("sea", "lake", "river", "table"),
    "tree": ("field", "mountains", "desert", "snow", "river", "lake", "garden", "coast"),
    "flower": ("garden", "field", "mountains", "desert", "table"),
    "apple": ("table",),
    "pear": ("table",),
    "lemon": ("table",),
    "vase": ("table",),
    "book": ("table",),
    "cup": ("table",),
    "circle": ("abstract",),
    "square": ("abstract",),
    "triangle": ("abstract",),
    "stripe": ("abstract",),
    "wave": ("abstract",),
}
COLOURED_KINDS = tuple(PLACES_OF)
SKY_KINDS = ("sun", "moon")
KINDS = COLOURED_KINDS + SKY_KINDS
# One of these is a picture; three would be a model railway.
SINGLE_KINDS = frozenset({"castle", "lighthouse", "windmill", "bridge", "train"})
# A stripe alone is a bar: stripes and waves come in twos and threes.
PLURAL_KINDS = frozenset({"stripe", "wave"})
# Kinds that a place may show unasked. They are no part of the truth: neither count them as
# right answers nor as wrong ones.
INCIDENTAL: dict[str, frozenset[str]] = {
    "mountains": frozenset({"tree"}),
    "forest": frozenset({"tree"}),
    "field": frozenset({"tree", "flower"}),
    "desert": frozenset(),
    "snow": frozenset({"tree"}),
    "coast": frozenset({"wave"}),
    "river": frozenset({"tree"}),
    "lake": frozenset({"tree"}),
    "sea": frozenset({"wave"}),
    "village": frozenset({"house", "tree"}),
    "city": frozenset({"house"}),
    "garden": frozenset({"flower", "tree"}),
    "table": frozenset(),
    "abstract": frozenset(),
}


@dataclass(frozen=True)
class Thing:
    """One or a few of a kind in one colour; `colour` is None where it is natural (sun, moon)."""

    kind: str
    colour: str | None
    count: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}")
        if self.kind in SKY_KINDS:
            if self.colour is not None or self.count != 1:
                raise ValueError(f"a {self.kind} is one, and has its own colour")
        elif self.colour not in COLOURS:
            raise ValueError(f"unknown colour {self.colour!r}")
        if self.count not in (1, 2, 3):
            raise ValueError(f"count must be 1, 2 or 3, not {self.count!r}")


@dataclass(frozen=True)
class Scene:
    """A picture before it is drawn: at most two coloured things (main first), where, when, how."""

    things: tuple[Thing, ...]
    place: str
    time: str | None
    weather: str | None
    style: str
    seed: int

    def __post_init__(self) -> None:
        if self.place not in PLACES:
            raise ValueError(f"unknown place {self.place!r}")
        if self.style not in STYLES:
            raise ValueError(f"unknown style {self.style!r}")
        if self.time is not None and self.time not in TIMES:
            raise ValueError(f"unknown time {self.time!r}")
        if self.weather is not None and self.weather not in WEATHERS:
            raise ValueError(f"unknown weather {self.weather!r}")
        if (self.place == "abstract") != (self.time is None and self.weather is None):
            raise ValueError("abstract pictures, and only they, have no time and no weather")
        if len(self.coloured) > 2:
            raise ValueError("at most two coloured things")
        for thing in self.coloured:
            if self.place not in PLACES_OF[thing.kind]:
                raise ValueError(f"no {thing.kind} in {self.place}")

    @property
    def coloured(self) -> tuple[Thing, ...]:
        """The things that have a colour of their own: all but the sun and the moon."""
        return tuple(thing for thing in self.things if thing.kind not in SKY_KINDS)

    def has(self, kind: str) -> bool:
        return any(thing.kind == kind for thing in self.things)

    def to_dict(self) -> dict[str, Any]:
        return {
            "things": [
                {"kind": thing.kind, "colour": thing.colour, "count": thing.count}
                for thing in self.things
            ],
            "place": self.place,
            "time": self.time,
            "weather": self.weather,
            "style": self.style,
            "seed": self.seed,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Scene:
        return cls(
            things=tuple(Thing(t["kind"], t["colour"], t["count"]) for t in value["things"]),
            place=value["place"],
            time=value["time"],
            weather=value["weather"],
            style=value["style"],
            seed=value["seed"],
        )


def can_share(first: str, second: str, place: str) -> bool:
    """Whether one picture of `place` can hold both kinds without looking like a mistake."""
    if place not in PLACES_OF[first] or place not in PLACES_OF[second]:
        return False
    pair = {first, second}
    # Two buildings that each fill the middle, and two giants on rails or over the river.
    monuments = {"castle", "lighthouse", "windmill", "bridge", "train"}
    if pair <= monuments and len(pair) == 2:
        return False
    # A bird over a shoal is fine; a lighthouse or a balloon above an underwater view is not.
    if "fish" in pair and place != "table":
        return pair <= {"fish", "boat"}
    return not ("fish" in pair and "cat" in pair)


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _count(rng: np.random.Generator, kind: str, alone: bool) -> int:
    if kind in SINGLE_KINDS:
        return 1
    if kind in PLURAL_KINDS:
        return int(rng.integers(2, 4))
    return 1 + int(rng.choice(3, p=(0.6, 0.22, 0.18) if alone else (0.78, 0.14, 0.08)))


def random_scene(
    rng: np.random.Generator, styles: Sequence[str] = TRAINING_STYLES, *, two: float = 0.4
) -> Scene:
    """A scene drawn evenly over kinds, colours, places, times and styles.

    One in nine has no coloured thing (a landscape is enough); of the others a share of `two`
    holds two things of different colours, because binding a colour to its thing is what is hard
    to learn. Every kind meets every colour, fantasy included: purple cats are how one learns
    that "purple" and "cat" are two words.
    """
    style = _pick(rng, styles)
    coloured: list[Thing] = []
    if rng.random() < 1 / 9:
        place = _pick(rng, PLACES[:12])
    else:
        kind = _pick(rng, COLOURED_KINDS)
        place = _pick(rng, PLACES_OF[kind])
        colour = _pick(rng, COLOURS)
        second = None
        if rng.random() < two:
            kinds = [k for k in COLOURED_KINDS if k != kind and can_share(kind, k, place)]
            if kind not in SINGLE_KINDS and rng.random() < 0.06:
                kinds = [kind]
            if kinds:
                second = _pick(rng, kinds)
        coloured.append(Thing(kind, colour, _count(rng, kind, second is None)))
        if second is not None:
            others = [c for c in COLOURS if c != colour]
            coloured.append(Thing(second, _pick(rng, others), _count(rng, second, False)))
    seed = int(rng.integers(2**31))
    if place == "abstract":
        return Scene(tuple(coloured), place, None, None, style, seed)
    time = _pick(rng, TIMES)
    weathers = [w for w in WEATHERS if not (place == "desert" and w == "snowfall")]
    weather = "clear" if rng.random() < 0.5 else _pick(rng, weathers[1:])
    things = list(coloured)
    if weather in ("clear", "fog"):
        chance = {"dawn": 0.5, "day": 0.3, "sunset": 0.6, "night": 0.55}[time]
        if rng.random() < chance * (1.0 if weather == "clear" else 0.5):
            things.append(Thing("moon" if time == "night" else "sun", None))
    return Scene(tuple(things), place, time, weather, style, seed)


def subject(scene: Scene) -> str:
    """What the picture is a picture of: its main thing, or its place where it has none."""
    return scene.coloured[0].kind if scene.coloured else scene.place


_NUMBERS = {1: "a", 2: "two", 3: "three"}
_PLURALS = {"fish": "fish", "bicycle": "bicycles", "city": "cities"}
# How a place, an hour and a weather are said; "" is not said at all.
WHERE = {
    "mountains": "in the mountains",
    "forest": "in a forest",
    "field": "in a field",
    "desert": "in the desert",
    "snow": "in the snow",
    "coast": "on the coast",
    "river": "by a river",
    "lake": "by a lake",
    "sea": "at sea",
    "village": "in a village",
    "city": "in the city",
    "garden": "in a garden",
    "table": "on a table",
    "abstract": "",
}
_ALONE = {
    "mountains": "mountains",
    "forest": "a forest",
    "field": "a field",
    "desert": "a desert",
    "snow": "a snowy hill",
    "coast": "a rocky coast",
    "river": "a river",
    "lake": "a lake",
    "sea": "the sea",
    "village": "a village",
    "city": "a city",
    "garden": "a garden",
    "table": "a table",
    "abstract": "an abstract composition",
}
WHEN = {"dawn": "at dawn", "day": "by day", "sunset": "at sunset", "night": "at night"}
UNDER = {
    "clear": "",
    "rain": "in the rain",
    "snowfall": "in falling snow",
    "storm": "in a storm",
    "fog": "in fog",
}


def plural(kind: str) -> str:
    return _PLURALS.get(kind, kind + "s")


def phrase(thing: Thing) -> str:
    """A thing in words: "a red house", "two orange cats", "the moon"."""
    if thing.colour is None:
        return f"the {thing.kind}"
    if thing.count == 1:
        return f"{'an' if thing.colour[0] in 'aeiou' else 'a'} {thing.colour} {thing.kind}"
    return f"{_NUMBERS[thing.count]} {thing.colour} {plural(thing.kind)}"


def caption(scene: Scene) -> str:
    """One plain English sentence that is true of the picture."""
    what = " and ".join(phrase(thing) for thing in scene.coloured)
    parts = [what, WHERE[scene.place]] if what else [_ALONE[scene.place]]
    if scene.time is not None:
        parts.append(WHEN[scene.time])
    if scene.weather is not None:
        parts.append(UNDER[scene.weather])
    sky = [phrase(thing) for thing in scene.things if thing.kind in SKY_KINDS]
    if sky:
        parts.append(f"with {sky[0]} in the sky")
    return " ".join(part for part in parts if part)
