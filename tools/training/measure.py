"""How well a space ranks pictures: the query groups, their grammar, and the figures.

Groups that are judged by P@5 hold every query of their grammar with at least five right answers
among the pictures. Pictures that are neither right nor wrong for a query (a village has houses
that no one listed) leave its ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tools.paintings.scene import COLOURED_KINDS, COLOURS, KINDS, PLACES, UNDER, WHEN, Scene
from tools.paintings.scene import WHERE as PLACE_WORDS
from tools.paintings.scene import subject as subject_of
from tools.training.captions import ANY, FACT_IDS, STYLES, Phrase, Query, fact_table

FEWEST_RIGHT = 5

# How the benchmark says a place or an hour. The training texts have these forms among others.
WHERE = {name: words for name, words in {**PLACE_WORDS, **WHEN, **UNDER}.items() if words}
# Words that no training text has (they are resolved by the reading), for the last text group.
OTHER_NOUNS = {
    "house": "cottage",
    "castle": "fortress",
    "lighthouse": "beacon",
    "windmill": "mill",
    "bridge": "viaduct",
    "boat": "sailing ship",
    "car": "automobile",
    "bicycle": "bike",
    "train": "locomotive",
    "balloon": "hot-air balloon",
    "cat": "kitten",
    "dog": "hound",
    "horse": "pony",
    "bird": "seagull",
    "fish": "salmon",
    "tree": "oak",
    "flower": "tulip",
    "cup": "mug",
    "book": "novel",
    "vase": "jug",
    "circle": "disc",
    "square": "box",
    "stripe": "band",
    "wave": "ripple",
}
OTHER_COLOURS = {
    "red": "crimson",
    "orange": "tangerine",
    "yellow": "golden",
    "green": "emerald",
    "blue": "azure",
    "purple": "violet",
    "pink": "fuchsia",
    "brown": "chestnut",
    "black": "ebony",
    "white": "ivory",
    "gray": "silver",
}
OTHER_WHERE = {
    "mountains": "high up in the alps",
    "forest": "deep inside the woods",
    "field": "out on the meadow",
    "desert": "among the dunes of the Sahara",
    "snow": "on a wintry day",
    "coast": "on the beach",
    "river": "beside the stream",
    "lake": "next to the pond",
    "sea": "out on the ocean",
    "village": "in a little hamlet",
    "city": "somewhere downtown",
    "garden": "in the park",
    "table": "in a still life",
    "dawn": "early in the morning",
    "day": "around noon",
    "sunset": "at dusk",
    "night": "around midnight",
    "rain": "while it is raining",
    "snowfall": "while it is snowing",
    "storm": "under a thunderstorm",
    "fog": "in the mist",
}


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


@dataclass(frozen=True)
class Asked:
    """A query as a person would type it, and what it means."""

    text: str
    query: Query


EmbedTexts = Callable[[Sequence[Asked]], np.ndarray]


def one_word() -> list[Asked]:
    asked = [Asked(kind, Query((Phrase(kind),))) for kind in KINDS]
    asked += [Asked(colour, Query(colour=colour)) for colour in COLOURS]
    names = (*PLACES, "dawn", "sunset", "night", "rain", "snowfall", "storm", "fog", *STYLES)
    return asked + [Asked(name, Query(settings=(name,))) for name in names]


def colour_object() -> list[Asked]:
    return [
        Asked(_article(f"{colour} {kind}"), Query((Phrase(kind, colour),)))
        for kind in COLOURED_KINDS
        for colour in COLOURS
    ]


def object_scene() -> list[Asked]:
    return [
        Asked(f"{_article(kind)} {words}", Query((Phrase(kind),), (name,)))
        for kind in COLOURED_KINDS
        for name, words in WHERE.items()
    ]


def colour_object_scene() -> list[Asked]:
    return [
        Asked(f"{_article(f'{colour} {kind}')} {words}", Query((Phrase(kind, colour),), (name,)))
        for kind in COLOURED_KINDS
        for colour in COLOURS
        for name, words in WHERE.items()
    ]


def in_other_words() -> list[tuple[str, list[Asked], list[Asked]]]:
    """(group, plain queries, the same in synonyms and longer sentences), pairwise the same."""
    colour_plain, colour_long, scene_plain, scene_long, all_plain, all_long = [], [], [], [], [], []
    for kind in COLOURED_KINDS:
        noun = OTHER_NOUNS.get(kind, kind)
        for name, words in WHERE.items():
            query = Query((Phrase(kind),), (name,))
            scene_plain.append(Asked(f"{_article(kind)} {words}", query))
            long = f"I am looking for a picture of {_article(noun)} {OTHER_WHERE[name]}, please"
            scene_long.append(Asked(long, query))
        for colour in COLOURS:
            shade = OTHER_COLOURS[colour]
            query = Query((Phrase(kind, colour),))
            colour_plain.append(Asked(_article(f"{colour} {kind}"), query))
            colour_long.append(
                Asked(
                    f"Show me a painting in which there is {_article(noun)} that is {shade}.", query
                )
            )
            for name, words in WHERE.items():
                query = Query((Phrase(kind, colour),), (name,))
                all_plain.append(Asked(f"{_article(f'{colour} {kind}')} {words}", query))
                long = f"{OTHER_WHERE[name]} one can see {_article(f'{shade} {noun}')}"
                all_long.append(Asked(long.capitalize(), query))
    return [
        ("colour + object", colour_plain, colour_long),
        ("object + place or time", scene_plain, scene_long),
        ("colour object + scene", all_plain, all_long),
    ]


class Ranking:
    """Scenes with their picture vectors, ready to be asked."""

    def __init__(self, scenes: Sequence[Scene], pictures: np.ndarray) -> None:
        self.scenes = list(scenes)
        self.pictures = pictures
        self.sure, self.possible = fact_table(scenes)

    def p_at_5(self, asked: Sequence[Asked], embed: EmbedTexts) -> tuple[float, int, float]:
        """Mean P@5, the number of queries that count, and what chance would reach."""
        counting = []
        for ask in asked:
            right, unclear = ask.query.judge(self.sure, self.possible)
            if right.sum() >= FEWEST_RIGHT:
                counting.append((ask, right, unclear))
        if not counting:
            return float("nan"), 0, float("nan")
        scores = embed([ask for ask, _, _ in counting]) @ self.pictures.T
        total = chance = 0.0
        for row, (_, right, unclear) in zip(scores, counting, strict=True):
            order = np.argsort(-np.where(unclear, -np.inf, row), kind="stable")[:5]
            total += right[order].mean()
            chance += right.sum() / (~unclear).sum()
        return total / len(counting), len(counting), chance / len(counting)

    def bound(self, embed: EmbedTexts) -> tuple[float, int]:
        """Share of pictures of two things whose own words beat the colour-swapped ones."""
        own, swapped, rows = [], [], []
        for number, scene in enumerate(self.scenes):
            if len(scene.coloured) != 2 or scene.coloured[0].kind == scene.coloured[1].kind:
                continue
            first, second = scene.coloured
            query = Query(tuple(Phrase(thing.kind, thing.colour) for thing in (first, second)))
            own.append(_two(query))
            swapped.append(_two(query.swapped()))
            rows.append(number)
        pictures = self.pictures[rows]
        gain = ((embed(own) - embed(swapped)) * pictures).sum(1)
        # What cannot tell them apart guesses: half right.
        return float((np.sign(np.round(gain, 9)) / 2 + 0.5).mean()), len(rows)

    def picture_to_picture(self) -> tuple[float, float]:
        """Of the five nearest: mean share with the same subject; share of pictures with any."""
        return same_subject(self.scenes, self.pictures)


def _two(query: Query | None) -> Asked:
    assert query is not None
    said = [_article(f"{phrase.colour} {phrase.noun}") for phrase in query.phrases]
    return Asked(" and ".join(said), query)


def same_subject(scenes: Sequence[Scene], pictures: np.ndarray) -> tuple[float, float]:
    """A neighbour has the same subject if it shows the picture's main thing (or its bare place)."""
    sure, _ = fact_table(scenes)
    scores = pictures @ pictures.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1)[:, :5]
    bare = np.array([not scene.coloured for scene in scenes])
    shares = []
    for row, scene in enumerate(scenes):
        subject = subject_of(scene)
        if scene.coloured:
            same = sure[nearest[row], FACT_IDS[(subject, ANY, 0)]]
        else:
            same = sure[nearest[row], FACT_IDS[(subject, "", 0)]] & bare[nearest[row]]
        shares.append(same.mean())
    array = np.array(shares)
    return float(array.mean()), float((array > 0).mean())


GROUPS: dict[str, Callable[[], list[Asked]]] = {
    "one word": one_word,
    "colour + object": colour_object,
    "object + place or time": object_scene,
    "colour object + scene": colour_object_scene,
}


def table(ranking: Ranking, embed: EmbedTexts, *, words: bool = True) -> dict[str, float]:
    """Every figure by its group's name."""
    figures = {name: ranking.p_at_5(make(), embed)[0] for name, make in GROUPS.items()}
    figures["two objects, colours bound"] = ranking.bound(embed)[0]
    if words:
        for name, _, other in in_other_words():
            figures[f"{name}, in other words"] = ranking.p_at_5(other, embed)[0]
    mean, any_of_five = ranking.picture_to_picture()
    figures["picture to picture, mean"] = mean
    figures["picture to picture, any of five"] = any_of_five
    return figures
