"""Texts about scenes, and exactly which scenes each text is true of.

A scene is a set of facts; a text demands some facts and forbids others. Both are numbers of the
same list, so that every text of a batch can be held against every picture of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.embedders.builtin.words import GROUPS, MAX_TOKENS, read
from tools.paintings.scene import COLOURED_KINDS, INCIDENTAL, KINDS, Scene, plural

COLOURS = GROUPS["colours"]
STYLES = GROUPS["styles"]
FAMILIES: dict[str, tuple[str, ...]] = {
    "animal": ("cat", "dog", "horse", "bird", "fish"),
    "building": ("house", "castle", "lighthouse", "windmill"),
    "vehicle": ("car", "bicycle", "train", "boat", "balloon"),
    "fruit": ("apple", "pear", "lemon"),
    "shape": ("circle", "square", "triangle", "stripe", "wave"),
}
FAMILY_OF = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}
NOUNS = (*KINDS, *FAMILIES)
# The colours that an unlisted thing of the place may have. They are neither right nor wrong.
INCIDENTAL_COLOURS: dict[str, tuple[str, ...]] = {
    "tree": ("green", "brown", "white"),
    "flower": COLOURS,
    "house": COLOURS,
    "wave": ("blue", "white", "gray"),
}
SETTINGS = (*GROUPS["places"], *GROUPS["times"], *GROUPS["weather"], *STYLES, *GROUPS["moods"])
WATERS = ("sea", "lake", "river", "coast")
OUTDOORS = ("mountains", "forest", "field", "desert", "snow", "coast", "river", "lake", "sea")
ANY = "any"

Fact = tuple[str, str, int]
"""(noun or "any", colour or "any", count or 0), or (setting, "", 0)."""


def _all_facts() -> list[Fact]:
    facts: list[Fact] = [("", "", 0)]  # number 0 is true everywhere: it pads
    facts += [(setting, "", 0) for setting in SETTINGS]
    facts += [(ANY, colour, 0) for colour in COLOURS]
    for noun in NOUNS:
        facts += [(noun, ANY, count) for count in range(4)]
        if noun not in ("sun", "moon"):
            facts += [(noun, colour, count) for colour in COLOURS for count in range(4)]
    return facts


FACTS = _all_facts()
FACT_IDS: dict[Fact, int] = {fact: number for number, fact in enumerate(FACTS)}


_WITH_WEATHER = {"snowfall": ("snow", "cold"), "storm": ("dramatic",)}


def _settings(scene: Scene) -> tuple[set[str], set[str]]:
    """Names of SETTINGS that hold for the scene, and those that a person could argue about."""
    true = {scene.place}
    perhaps: set[str] = set()
    time, weather = scene.time, scene.weather
    if scene.place == "table" and weather != "clear":
        # It rains outside the window: nobody is wrong who calls that a picture of rain, or not.
        perhaps |= {weather, "gloomy", *_WITH_WEATHER.get(weather, ())}
        weather = None
    true |= {name for name in (time, weather) if name is not None}
    if scene.style in STYLES:
        true.add(scene.style)
    if weather == "snowfall":
        true.add("snow")
    if scene.place == "mountains":
        perhaps |= {"snow", "cold"}
    if scene.place == "coast":
        perhaps.add("sea")
    if scene.place in WATERS:
        true.add("water")
    if scene.place in ("mountains", "snow"):
        true.add("hill")
    elif scene.place in ("field", "village", "desert", "coast", "lake", "forest", "river"):
        perhaps.add("hill")
    if scene.place in OUTDOORS:
        (perhaps if scene.coloured else true).add("landscape")
    elif scene.place in ("village", "garden"):
        perhaps.add("landscape")
    if weather in ("rain", "fog", "storm"):
        true.add("gloomy")
    elif time == "night" or weather == "snowfall":
        perhaps.add("gloomy")
    if weather == "clear" and time != "night" and scene.place in OUTDOORS:
        true.add("calm")
    elif weather != "storm":
        perhaps.add("calm")
    if weather == "clear" and (time == "sunset" or (scene.place == "desert" and time == "day")):
        true.add("warm")
    elif weather in ("clear", None):
        perhaps.add("warm")
    if scene.place == "snow" or weather == "snowfall":
        true.add("cold")
        perhaps.discard("warm")
        true.discard("warm")
    if weather == "storm":
        true.add("dramatic")
    elif time == "sunset" or scene.place == "abstract":
        perhaps.add("dramatic")
    return true, perhaps - true


def facts_of(scene: Scene) -> tuple[set[int], set[int]]:
    """Numbers of the facts that are true of the scene, and of those that may be (see INCIDENTAL).

    What is in neither set is false.
    """
    settings, perhaps_settings = _settings(scene)
    true: set[Fact] = {("", "", 0)} | {(name, "", 0) for name in settings}
    perhaps: set[Fact] = {(name, "", 0) for name in perhaps_settings}
    totals: dict[str, int] = {}
    for thing in scene.things:
        for noun in (thing.kind, FAMILY_OF.get(thing.kind)):
            if noun is None:
                continue
            totals[noun] = totals.get(noun, 0) + thing.count
            true.add((noun, ANY, 0))
            perhaps.add((noun, ANY, thing.count))
            if thing.colour is not None:
                true |= {(noun, thing.colour, 0), (noun, thing.colour, thing.count)}
                true.add((ANY, thing.colour, 0))
    for noun, total in totals.items():
        if total <= 3:
            true.add((noun, ANY, total))
    for kind in INCIDENTAL[scene.place]:
        for noun in (kind, FAMILY_OF.get(kind)):
            if noun is not None:
                for count in range(4):
                    perhaps.add((noun, ANY, count))
                    perhaps |= {(noun, colour, count) for colour in INCIDENTAL_COLOURS[kind]}
    numbers = {FACT_IDS[fact] for fact in true}
    return numbers, {FACT_IDS[fact] for fact in perhaps if fact in FACT_IDS} - numbers


def fact_table(scenes: Sequence[Scene]) -> tuple[np.ndarray, np.ndarray]:
    """Two bool arrays (scenes, facts): surely true, and true or perhaps true."""
    sure = np.zeros((len(scenes), len(FACTS)), dtype=bool)
    possible = np.zeros_like(sure)
    for row, scene in enumerate(scenes):
        true, perhaps = facts_of(scene)
        sure[row, list(true)] = True
        possible[row, list(true | perhaps)] = True
    return sure, possible


@dataclass(frozen=True)
class Phrase:
    """A thing as a text mentions it; None is what the text does not say."""

    noun: str
    colour: str | None = None
    count: int | None = None

    @property
    def fact(self) -> int:
        return FACT_IDS[(self.noun, self.colour or ANY, self.count or 0)]


@dataclass(frozen=True)
class Query:
    """What a text demands: things, settings, a lone colour; and what it rules out."""

    phrases: tuple[Phrase, ...] = ()
    settings: tuple[str, ...] = ()
    colour: str | None = None
    without: tuple[str, ...] = ()

    @property
    def required(self) -> list[int]:
        facts = [phrase.fact for phrase in self.phrases]
        facts += [FACT_IDS[(name, "", 0)] for name in self.settings]
        if self.colour is not None:
            facts.append(FACT_IDS[(ANY, self.colour, 0)])
        return facts

    @property
    def forbidden(self) -> list[int]:
        return [FACT_IDS[(n, ANY, 0) if n in NOUNS else (n, "", 0)] for n in self.without]

    def judge(self, sure: np.ndarray, possible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which scenes of a fact table are right, and which are neither right nor wrong."""
        right = sure[:, self.required].all(1) & ~possible[:, self.forbidden].any(1)
        may_be = possible[:, self.required].all(1) & ~sure[:, self.forbidden].any(1)
        return right, may_be & ~right

    def swapped(self, colours: bool = True) -> Query | None:
        """The same words about a different picture: two colours (or two nouns) change places."""
        if len(self.phrases) != 2:
            return None
        first, second = self.phrases
        if first.noun == second.noun or first.colour == second.colour:
            return None
        if colours:
            pair = (
                replace(first, colour=second.colour),
                replace(second, colour=first.colour),
            )
        else:
            pair = (replace(first, noun=second.noun), replace(second, noun=first.noun))
        if any((p.noun, p.colour or ANY, p.count or 0) not in FACT_IDS for p in pair):
            return None
        return replace(self, phrases=pair)


_COUNTS = {1: "one", 2: "two", 3: "three"}
_WHERE = {
    "mountains": ("in the mountains", "on a mountain"),
    "forest": ("in a forest", "in the woods", "forest"),
    "field": ("in a field", "on a meadow", "field"),
    "desert": ("in the desert", "desert"),
    "snow": ("in the snow", "snowy", "in winter"),
    "coast": ("on the coast", "at the beach", "by the sea", "coast"),
    "river": ("by a river", "on the river", "river"),
    "lake": ("by a lake", "on a lake", "lake"),
    "sea": ("at sea", "on the ocean", "sea"),
    "village": ("in a village", "village"),
    "city": ("in the city", "city"),
    "garden": ("in a garden", "garden"),
    "table": ("on a table", "still life"),
    "abstract": ("abstract", "abstract composition"),
    "hill": ("on a hill", "on the hills"),
    "water": ("on the water", "by the water"),
    "landscape": ("landscape", "in a landscape"),
    "dawn": ("at dawn", "at sunrise", "in the morning", "dawn"),
    "day": ("by day", "in daylight", "day"),
    "sunset": ("at sunset", "in the evening", "sunset"),
    "night": ("at night", "night", "by night"),
    "clear": ("under a clear sky", "in clear weather", "clear"),
    "rain": ("in the rain", "rainy", "on a rainy day"),
    "snowfall": ("in falling snow", "while it is snowing", "snowfall"),
    "storm": ("in a storm", "stormy", "under a stormy sky"),
    "fog": ("in fog", "foggy", "in the mist"),
}
_MANNER = ("as {}", "in {}", "{}", "{} painting", "{} style")


def _one_of(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _setting_words(name: str, rng: np.random.Generator) -> str:
    if name in _WHERE:
        # The plain forms are the ones that people type: keep them frequent.
        return _WHERE[name][0] if rng.random() < 0.4 else _one_of(rng, _WHERE[name])
    if name in STYLES:
        return _one_of(rng, _MANNER).format(name)
    return name


def _thing_words(phrase: Phrase, rng: np.random.Generator) -> str:
    noun = phrase.noun if phrase.count in (1, None) else plural(phrase.noun)
    if phrase.count is None and rng.random() < 0.25:
        noun = plural(phrase.noun)
    number = "" if phrase.count is None else _COUNTS[phrase.count]
    if phrase.colour is None:
        return f"{number} {noun}"
    way = rng.random()
    if way < 0.72:
        return f"{number} {phrase.colour} {noun}"
    if way < 0.9:
        return f"{number} {noun} {_one_of(rng, ('is', 'that is', 'painted'))} {phrase.colour}"
    return f"{number} {noun} in {phrase.colour}"


def say(query: Query, rng: np.random.Generator) -> str:
    """The query in words of varied order and grammar."""
    things = [_thing_words(phrase, rng) for phrase in query.phrases]
    if query.colour is not None:
        things.append(query.colour)
    joint = _one_of(rng, ("and", "and", "and a", "with", ",", "beside", "next to"))
    body = f" {joint} ".join(things)
    before: list[str] = []
    after: list[str] = []
    for name in query.settings:
        words = _setting_words(name, rng)
        (before if rng.random() < 0.25 else after).append(words)
    rng.shuffle(after)
    absent = " ".join(
        f"{_one_of(rng, ('without', 'with no', 'no', 'but no'))} "
        f"{plural(name) if name in NOUNS and rng.random() < 0.4 else name}"
        for name in query.without
    )
    opening = " , ".join(before) + _one_of(rng, (" ", " ", " , ")) if before else ""
    if absent and rng.random() < 0.3:
        return f"{opening} {body} {absent} {' '.join(after)}"
    return f"{opening} {body} {' '.join(after)} {absent}"


def _mention(
    thing_kind: str, colour: str | None, count: int, rng: np.random.Generator, colour_share: float
) -> Phrase:
    noun = thing_kind
    if thing_kind in FAMILY_OF and rng.random() < 0.08:
        noun = FAMILY_OF[thing_kind]
    said = colour if colour is not None and rng.random() < colour_share else None
    number = count if rng.random() < 0.12 and thing_kind not in ("sun", "moon") else None
    return Phrase(noun, said, number)


def query_about(scene: Scene, rng: np.random.Generator) -> Query:
    """A random query that the scene answers."""
    true, _ = _settings(scene)
    moods = [name for name in true if name in GROUPS["moods"] or name in ("hill", "water")]
    plain = [scene.place] + [n for n in (scene.time, scene.weather) if n is not None]
    if scene.weather == "clear" and rng.random() < 0.6:
        plain.remove("clear")  # half of all pictures: it says little
    if scene.style in STYLES and rng.random() < 0.5:
        plain.append(scene.style)
    if "snow" in true:
        plain.append("snow")
    if moods and rng.random() < 0.15:
        plain.append(moods[int(rng.integers(len(moods)))])
    plain = list(dict.fromkeys(plain))
    rng.shuffle(plain)
    things = list(scene.things)
    if not things or rng.random() < 0.12:
        if things and rng.random() < 0.3 and scene.coloured:
            return Query(colour=scene.coloured[int(rng.integers(len(scene.coloured)))].colour)
        settings = plain[: int(rng.choice((1, 2, 3), p=(0.6, 0.3, 0.1)))]
        return Query(settings=tuple(settings), without=_absent(scene, rng, 0.08))
    coloured = list(scene.coloured)
    way = rng.random()
    if len(coloured) == 2 and way < 0.55:
        chosen = coloured if rng.random() < 0.5 else coloured[::-1]
        share = 0.93
    else:
        pool = coloured if coloured and rng.random() < 0.93 else things
        chosen = [pool[int(rng.integers(len(pool)))]]
        share = 0.75
    phrases = [_mention(t.kind, t.colour, t.count, rng, share) for t in chosen]
    if len(phrases) == 2:
        if phrases[0].noun == phrases[1].noun and (
            phrases[0].colour is None or phrases[1].colour is None
        ):
            phrases = phrases[:1]
        elif (phrases[0].count is None) != (phrases[1].count is None) and rng.random() < 0.5:
            phrases = [replace(phrase, count=None) for phrase in phrases]
    sky = [t for t in things if t.colour is None]
    if sky and len(phrases) == 1 and phrases[0].noun not in ("sun", "moon") and rng.random() < 0.1:
        phrases.append(Phrase(sky[0].kind))
    extra = int(rng.choice((0, 1, 2, 3), p=(0.42, 0.38, 0.14, 0.06)))
    return Query(tuple(phrases), tuple(plain[:extra]), None, _absent(scene, rng, 0.08))


# What people leave out of a picture: things, weather and snow.
_LEFT_OUT = (*COLOURED_KINDS, "sun", "moon", "sun", "moon", "animal", "building", "vehicle")
_LEFT_OUT_SETTINGS = ("snow", "snow", "snow", "rain", "fog", "storm", "water", "hill", "night")


def _absent(scene: Scene, rng: np.random.Generator, share: float) -> tuple[str, ...]:
    """Something that the scene surely lacks, sometimes."""
    if rng.random() >= share:
        return ()
    options = _LEFT_OUT if rng.random() < 0.55 else _LEFT_OUT_SETTINGS
    name = _one_of(rng, options)
    fact = FACT_IDS[(name, ANY, 0) if name in NOUNS else (name, "", 0)]
    true, perhaps = facts_of(scene)
    return () if fact in true or fact in perhaps else (name,)


# The widest query: two things, three settings, one thing left out.
MOST_REQUIRED = 6


@dataclass
class QueryBank:
    """Queries about scenes as arrays; rows i*k..i*k+k-1 are answered by scene i.

    required (n, MOST_REQUIRED) int16, padded with 0, which is always true; forbidden (n,) int16,
    0 for none; swapped (n, MOST_REQUIRED): what the query with its colours or nouns exchanged
    demands, first number 0 where there is no such query.
    """

    required: np.ndarray
    forbidden: np.ndarray
    swapped: np.ndarray


def query_bank(scenes: Sequence[Scene], each: int, rng: np.random.Generator) -> QueryBank:
    """`each` random queries about every scene, with the swap beside it where there is one."""
    n = len(scenes) * each
    bank = QueryBank(
        np.zeros((n, MOST_REQUIRED), np.int16),
        np.zeros(n, np.int16),
        np.zeros((n, MOST_REQUIRED), np.int16),
    )
    row = 0
    for scene in scenes:
        for _ in range(each):
            query = query_about(scene, rng)
            required = query.required
            bank.required[row, : len(required)] = required
            if query.forbidden:
                bank.forbidden[row] = query.forbidden[0]
            other = query.swapped(bool(rng.random() < 0.6))
            if other is not None:
                bank.swapped[row, : len(required)] = other.required
            row += 1
    return bank


@dataclass
class TextBank:
    """Texts and what they demand: tokens (n, MAX_TOKENS) uint8, padded with 0; see QueryBank.

    other (n, MOST_REQUIRED): what the swapped text would demand; where there is none, the same.
    """

    tokens: np.ndarray
    required: np.ndarray
    other: np.ndarray
    forbidden: np.ndarray


def text_bank(scenes: Sequence[Scene], each: int, rng: np.random.Generator) -> TextBank:
    """`each` random texts about every scene; of those that can be swapped, the swap as well."""
    tokens, required, others, forbidden = [], [], [], []
    for scene in scenes:
        for _ in range(each):
            query = query_about(scene, rng)
            swap = query.swapped(bool(rng.random() < 0.6))
            for said, other in ((query, swap or query), (swap, query)):
                if said is not None:
                    ids = read(say(said, rng)).ids[:MAX_TOKENS]
                    tokens.append(ids + [0] * (MAX_TOKENS - len(ids)))
                    required.append(_padded(said.required))
                    others.append(_padded(other.required))
                    forbidden.append(said.forbidden[0] if said.forbidden else 0)
    return TextBank(
        np.array(tokens, np.uint8),
        np.array(required, np.int16),
        np.array(others, np.int16),
        np.array(forbidden, np.int16),
    )


def _padded(facts: list[int]) -> list[int]:
    return facts + [0] * (MOST_REQUIRED - len(facts))
