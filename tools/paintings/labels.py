"""A collection of paintings in words: who painted what, where, when and how. All of it is made up.

No author here ever lived: their names are put together by rule from syllables that no language
has (`_author_names`), and nothing is said about them but their school and the years they worked
in. Schools and techniques are real words; that a picture belongs to one is as invented as the
rest. The labels are what a collection's catalogue gives, gaps included, and the picture is drawn
to fit them: the same `Work` says what the title names and what the painter paints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tools.paintings.scene import (
    PLACES_OF,
    SINGLE_KINDS,
    TIMES,
    UNDER,
    WHEN,
    WHERE,
    Scene,
    Thing,
    can_share,
    phrase,
)

COLUMNS = ("file_name", "title", "author", "technique", "period", "year")
SORTS = ("portrait", "still life", "landscape", "sea", "animal", "building")
SITTERS = ("woman", "man", "child", "mother and child")
UNKNOWN_AUTHOR = "unknown"
SEED = 41
# Painters repeat themselves: so many works bear one name, on average.
WORKS_OF_AN_AUTHOR = 18
# The share of works that a catalogue says nothing on, for each column that may be empty.
GAPS = {"year": 0.06, "technique": 0.02, "period": 0.02}
UNKNOWN_AUTHORS = 0.05

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class School:
    """years: the first and the last of its works. share: of the collection. given, family: the
    endings of its authors' names. likes: how often it paints each of `SORTS`."""

    years: tuple[int, int]
    share: float
    given: tuple[str, ...]
    family: tuple[str, ...]
    likes: Mapping[str, float]


def _likes(*weights: float) -> dict[str, float]:
    return dict(zip(SORTS, weights, strict=True))


SCHOOLS: dict[str, School] = {
    "Italian": School(
        (1420, 1760),
        0.24,
        ("o", "ino", "a"),
        ("ondelli", "uzzano", "istrale"),
        _likes(4, 1, 2, 1, 1, 1.5),
    ),
    "Flemish": School(
        (1440, 1690), 0.13, ("en", "eke"), ("enbrouk", "aertsel"), _likes(3, 2.5, 2, 0.5, 1, 1)
    ),
    "Dutch": School(
        (1570, 1890), 0.16, ("us", "ine"), ("ersluik", "inkveld"), _likes(2, 2.5, 1.5, 2, 1, 2)
    ),
    "German": School(
        (1460, 1930), 0.12, ("ewin", "hild"), ("elstrutz", "enhorf"), _likes(2.5, 1, 2.5, 0.5, 1, 2)
    ),
    "Spanish": School(
        (1540, 1920), 0.1, ("ito", "ela"), ("arrundo", "ezquina"), _likes(3, 2, 1, 1, 1, 1)
    ),
    "French": School(
        (1500, 1930),
        0.15,
        ("ain", "ette"),
        ("oulignon", "ambrière"),
        _likes(2.5, 2, 2.5, 1, 1, 1.5),
    ),
    "English": School(
        (1680, 1930), 0.1, ("er", "ia"), ("lethwack", "erbottle"), _likes(2.5, 0.7, 2.5, 2, 2, 1)
    ),
}


@dataclass(frozen=True)
class Technique:
    """first, last: the years of its use. share: of the works of a year in which it is used.
    style: the hand that paints it, of `scene.STYLES`. coloured: whether a title may name colours.
    """

    first: int
    last: int
    share: float
    style: str
    coloured: bool = True


TECHNIQUES: dict[str, Technique] = {
    "tempera on panel": Technique(1400, 1530, 5, "poster"),
    "fresco": Technique(1400, 1760, 1.6, "watercolour"),
    "oil on panel": Technique(1440, 1700, 4, "oil"),
    "oil on canvas": Technique(1500, 1930, 7, "oil"),
    "charcoal on paper": Technique(1480, 1930, 1.3, "pastel", coloured=False),
    "ink on paper": Technique(1460, 1930, 0.8, "ink wash", coloured=False),
    "woodcut": Technique(1480, 1930, 0.8, "woodcut"),
    "pastel on paper": Technique(1680, 1930, 2, "pastel"),
    "watercolour on paper": Technique(1700, 1930, 3, "watercolour"),
}

# When a kind of thing, or a place, came into the world of painters; what is not here always was.
_SINCE = {
    "balloon": 1784,
    "train": 1840,
    "bicycle": 1885,
    "car": 1902,
    "lighthouse": 1560,
    "city": 1880,
}
# The colours in which a painter meets each kind; a purple cat would be found at once.
_COLOURS: dict[str, tuple[str, ...]] = {
    "house": ("red", "white", "yellow", "blue", "pink", "brown"),
    "castle": ("gray", "white", "brown"),
    "lighthouse": ("white", "red"),
    "windmill": ("white", "brown", "red"),
    "bridge": ("gray", "red", "brown"),
    "boat": ("red", "white", "blue", "green", "black", "brown"),
    "car": ("red", "black", "green", "blue"),
    "bicycle": ("red", "black", "green"),
    "train": ("black", "green", "red"),
    "balloon": ("red", "yellow", "blue", "orange"),
    "cat": ("black", "white", "orange", "gray"),
    "dog": ("brown", "black", "white"),
    "horse": ("brown", "white", "black", "gray"),
    "bird": ("red", "white", "blue", "black", "yellow"),
    "fish": ("orange", "gray", "red", "blue"),
    "tree": ("green", "orange", "pink", "red"),
    "flower": ("red", "yellow", "white", "pink", "purple"),
    "apple": ("red", "green", "yellow"),
    "pear": ("green", "yellow"),
    "lemon": ("yellow",),
    "vase": ("blue", "white", "green"),
    "book": ("red", "brown", "green", "blue"),
    "cup": ("white", "blue"),
}
# What each kind of picture is mainly of; a landscape has nothing in it but its place.
_MAIN: dict[str, tuple[str, ...]] = {
    "still life": ("apple", "pear", "lemon", "vase", "book", "cup", "flower", "fish"),
    "sea": ("boat", "boat", "boat", "lighthouse", "fish"),
    "animal": ("horse", "horse", "dog", "cat", "bird"),
    "building": ("house", "house", "castle", "windmill", "bridge", "train", "balloon", "car"),
}
_WILD = ("mountains", "forest", "field", "coast", "river", "lake", "sea", "village", "snow")
# Where the main thing of a sort stands; of the others, in any place that has a view.
_SEATS = {"still life": ("table",), "sea": ("sea", "lake", "coast")}
# How a picture that is no more than its place is called, and one in which something stands.
_VIEWS = {
    "mountains": ("Mountains", "Mountain Landscape with"),
    "forest": ("Forest", "Forest with"),
    "field": ("Open Fields", "Landscape with"),
    "snow": ("Snowy Hill", "Winter Landscape with"),
    "coast": ("Rocky Coast", "Coast with"),
    "river": ("River Landscape", "River Landscape with"),
    "lake": ("Lake", "Lake with"),
    "sea": ("The Sea", "Seascape with"),
    "village": ("View of a Village", "Village with"),
    "city": ("View of a City", "City with"),
    "garden": ("Garden", "Garden with"),
}
_SMALL = frozenset("a an the of in on by at with and".split())


@dataclass(frozen=True)
class Sitter:
    """Whom a portrait shows. `holds` is a thing or an animal in front of them."""

    who: str
    old: bool
    dress: str
    hair: str
    holds: Thing | None
    ground: str  # "plain", "curtain" or "landscape"


@dataclass(frozen=True)
class Work:
    """One painting before it is painted, with what its catalogue says and does not say.

    The scene of a portrait is the landscape behind its sitter. `year`, `school` and `technique` are
    what it is painted by; `silent` has the columns that the catalogue leaves empty.
    """

    scene: Scene
    sitter: Sitter | None
    school: str
    year: int
    technique: str
    author: str
    title: str
    silent: frozenset[str]

    @property
    def subject(self) -> str:
        """The word of the title that says what is painted: a sitter, a kind of thing, a place."""
        if self.sitter is not None:
            return self.sitter.who
        return self.scene.coloured[0].kind if self.scene.coloured else self.scene.place

    def row(self, file_name: str) -> dict[str, str]:
        """The work's line in `metadata.csv`: a text for each of `COLUMNS`."""
        known = {
            "title": self.title,
            "author": self.author,
            "technique": self.technique,
            "period": self.school,
            "year": str(self.year),
        }
        return {"file_name": file_name} | {
            column: "" if column in self.silent else value for column, value in known.items()
        }


def works(count: int, seed: int = SEED) -> list[Work]:
    """So many works, the same ones for the same seed; the first of them whatever the count."""
    authors = _authors(seed)
    return [_work(np.random.default_rng((seed, 1, i)), authors) for i in range(count)]


def _one(rng: np.random.Generator, options: Sequence[Choice]) -> Choice:
    return options[int(rng.integers(len(options)))]


def _weighted(rng: np.random.Generator, options: Mapping[str, float]) -> str:
    shares = np.array(list(options.values()), float)
    return list(options)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def _author_names(rng: np.random.Generator, school: School, count: int) -> list[str]:
    """Different names of syllables that are no language's, with an ending like the school's."""
    starts = ("Obbl", "Ulv", "Irp", "Quim", "Zand", "Eff", "Yop", "Wulb", "Nurb", "Tazz", "Gloff")
    stems = ("Vop", "Zul", "Quib", "Wex", "Plon", "Gnar", "Tulv", "Dribb", "Yss", "Kroff", "Mumb")
    pairs = [(start, stem) for start in starts for stem in stems]
    chosen = rng.choice(len(pairs), count, replace=False)
    return [
        f"{pairs[int(i)][0]}{_one(rng, school.given)} {pairs[int(i)][1]}{_one(rng, school.family)}"
        for i in chosen
    ]


def _authors(seed: int) -> dict[str, list[tuple[str, int, int]]]:
    """The authors of each school with the first and the last year of their work."""
    out = {}
    for number, (name, school) in enumerate(SCHOOLS.items()):
        rng = np.random.default_rng((seed, 0, number))
        names = _author_names(rng, school, round(1000 * school.share / WORKS_OF_AN_AUTHOR))
        first, last = school.years
        starts = np.linspace(first, last - 20, len(names)).astype(int)
        out[name] = [
            (author, int(start), min(int(start) + int(rng.integers(15, 40)), last))
            for author, start in zip(names, starts, strict=True)
        ]
    return out


def _work(rng: np.random.Generator, authors: Mapping[str, list[tuple[str, int, int]]]) -> Work:
    school = _weighted(rng, {name: school.share for name, school in SCHOOLS.items()})
    author, first, last = _one(rng, authors[school])
    year = int(rng.integers(first, last + 1))
    used = {n: t.share for n, t in TECHNIQUES.items() if t.first <= year <= t.last}
    technique = _weighted(rng, used)
    style, coloured = TECHNIQUES[technique].style, TECHNIQUES[technique].coloured
    sort = _weighted(rng, SCHOOLS[school].likes)
    sitter = _sitter(rng) if sort == "portrait" else None
    scene = _scene(rng, sort, year, style)
    title = _scene_title(rng, scene, coloured) if sitter is None else _name(rng, sitter, coloured)
    if rng.random() < UNKNOWN_AUTHORS:
        author = UNKNOWN_AUTHOR
    silent = frozenset(column for column, share in GAPS.items() if rng.random() < share)
    return Work(scene, sitter, school, year, technique, author, title, silent)


# -- what is painted ------------------------------------------------------------------------------
def _sitter(rng: np.random.Generator) -> Sitter:
    who = _weighted(rng, {"woman": 0.4, "man": 0.32, "child": 0.18, "mother and child": 0.1})
    old = who == "man" and rng.random() < 0.25
    holds = None
    if who != "mother and child" and rng.random() < 0.36:
        kinds = {
            "woman": ("flower", "cat", "bird", "book"),
            "man": ("book", "dog", "bird"),
            "child": ("cat", "dog", "apple", "bird"),
        }
        kind = _one(rng, kinds[who])
        holds = Thing(kind, _one(rng, _COLOURS[kind]))
    dresses = ("red", "blue", "green", "black", "brown", "white", "yellow", "purple")
    # What is held would not be seen before a dress of its own colour.
    dresses = tuple(colour for colour in dresses if holds is None or colour != holds.colour)
    return Sitter(
        who,
        old,
        _one(rng, dresses),
        "white" if old else _one(rng, ("brown", "black", "yellow", "orange", "brown")),
        holds,
        _weighted(rng, {"plain": 0.45, "curtain": 0.25, "landscape": 0.3}),
    )


def _scene(rng: np.random.Generator, sort: str, year: int, style: str) -> Scene:
    """A scene of its sort that a painter of the year could have seen."""
    coloured: list[Thing] = []
    if sort == "portrait":
        place = _one(rng, ("field", "lake", "mountains", "river"))
    elif sort == "landscape":
        place = _one(rng, _WILD)
    else:
        kind = _one(rng, [k for k in _MAIN[sort] if _SINCE.get(k, 0) <= year])
        wanted = _SEATS.get(sort, tuple(_VIEWS))
        place = _one(rng, [p for p in PLACES_OF[kind] if p in wanted and _SINCE.get(p, 0) <= year])
        coloured.append(_thing(rng, kind))
        if rng.random() < (0.6 if sort == "still life" else 0.25):
            others = [
                k
                for k in _COLOURS
                if k != kind and can_share(kind, k, place) and _SINCE.get(k, 0) <= year
            ]
            coloured.append(_thing(rng, _one(rng, others)))
    seed = int(rng.integers(2**31))
    if sort == "portrait":
        return Scene((), place, _one(rng, ("dawn", "day", "sunset")), "clear", style, seed)
    time = TIMES[int(rng.choice(len(TIMES), p=(0.15, 0.5, 0.2, 0.15)))]
    weather = "clear"
    if sort != "still life" and rng.random() < 0.25:
        weather = _one(rng, ("rain", "storm", "fog", "snowfall"))
    things = list(coloured)
    if weather == "clear" and sort != "still life" and rng.random() < 0.4:
        things.append(Thing("moon" if time == "night" else "sun", None))
    return Scene(tuple(things), place, time, weather, style, seed)


def _thing(rng: np.random.Generator, kind: str) -> Thing:
    count = 1 if kind in SINGLE_KINDS else 1 + int(rng.choice(3, p=(0.7, 0.16, 0.14)))
    return Thing(kind, _one(rng, _COLOURS[kind]), count)


# -- how it is called -----------------------------------------------------------------------------
def _in_words(thing: Thing, coloured: bool) -> str:
    text = phrase(thing)
    if not coloured and thing.colour is not None:
        text = text.replace(f"an {thing.colour} ", "a ").replace(f"{thing.colour} ", "")
        if text.startswith("a ") and text[2] in "aeiou":
            text = "an " + text[2:]
    return text


def _titled(text: str) -> str:
    words = text.split()
    return " ".join(
        word if i and word in _SMALL else word[0].upper() + word[1:] for i, word in enumerate(words)
    )


def _name(rng: np.random.Generator, sitter: Sitter, coloured: bool) -> str:
    if sitter.who == "mother and child":
        return "Mother and Child"
    who = "an old man" if sitter.old else f"a {sitter.who}"
    if sitter.who == "woman" and rng.random() < 0.3:
        who = "a young woman"
    text = f"portrait of {who}"
    if sitter.holds is not None:
        return _titled(f"{text} with {_in_words(sitter.holds, coloured)}")
    if coloured and rng.random() < 0.35:
        text += f" in {sitter.dress}"
    return _titled(text)


def _scene_title(rng: np.random.Generator, scene: Scene, coloured: bool) -> str:
    what = " and ".join(_in_words(thing, coloured) for thing in scene.coloured)
    if scene.place == "table":
        return _titled(f"still life with {what}")
    when = "" if scene.time in (None, "day") else WHEN[scene.time]
    under = UNDER[scene.weather or "clear"]
    alone, before = _VIEWS[scene.place]
    if not what:
        text = alone
    elif rng.random() < 0.5:
        text = f"{before} {what}"
    else:
        text = f"{what.removeprefix('a ').removeprefix('an ')} {WHERE[scene.place]}"
    return _titled(" ".join(part for part in (text, when, under) if part))
