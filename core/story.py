"""The guided story: what can be shown of a collection, one step after the other.

Each step is an ordinary address of the product, so that a presenter can also link to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The page of a step, as its address begins.
TEXT_SEARCH, IMAGE_SEARCH, EXPLORER = "", "image_search", "explorer"

# The gallery's "blue-house-by-the-lake.jpg": the SHA-256 of its bytes.
GALLERY_PICTURE = "113018fd2ef8d085c584d10ddad245956636221f1c56fe53a35e944323849ca2"


@dataclass(frozen=True)
class Step:
    """One step. page, query: its address. words: one or two sentences of the presenter's."""

    title: str
    words: str
    page: str
    query: Mapping[str, str]


def story_of_the_gallery() -> tuple[Step, ...]:
    """On the bundled gallery, for every model: what it asks is in the pictures."""
    return _story(
        GALLERY_PICTURE,
        word="boat",
        mood=("a calm evening by the lake", ""),
        order=(
            "a red boat and a blue house",
            "Which thing has which colour matters: swap the two colours in the box, and other "
            "pictures come first.",
        ),
        beside="at night",
        minus=("house - snow", "houses, but not those in the snow"),
        nothing="a purple train in the desert",
    )


def story_of_photographs(picture_id: str, languages: bool) -> tuple[Step, ...]:
    """On anybody's photographs, for models that read sentences.

    picture_id: one of the collection. languages: the model reads more than English.
    """
    return _story(
        picture_id,
        word="a dog",
        mood=(
            "ein stiller Abend am Wasser" if languages else "a quiet evening by the water",
            " This one is German, and the model was told nothing about it." if languages else "",
        ),
        order=(
            "a child looking at a dog",
            "Write “a dog looking at a child”, and see whether the model tells them apart.",
        ),
        beside="at night",
        minus=("a street - people", "streets, away from those with people"),
        nothing="an astronaut riding a camel",
    )


def story_of_colours(picture_id: str) -> tuple[Step, ...]:
    """On anybody's pictures with the built-in model, which compares photographs by their looks."""
    return _story(
        picture_id,
        word="blue",
        mood=("a calm evening by the lake", ""),
        order=(
            "a red boat and a blue house",
            "On paintings like those that it was trained on, the model tells which thing has which "
            "colour. On photographs it hardly does: that takes a larger model.",
        ),
        beside="at night",
        minus=("green - red", "green, without red"),
        nothing="a purple train in the desert",
    )


def _story(
    picture_id: str,
    *,
    word: str,
    mood: tuple[str, str],
    order: tuple[str, str],
    beside: str,
    minus: tuple[str, str],
    nothing: str,
) -> tuple[Step, ...]:
    return (
        Step(
            "A word",
            "Nobody tagged these pictures. The word and every picture became vectors of one "
            "space, and the nearest pictures come first.",
            TEXT_SEARCH,
            {"q": word},
        ),
        Step(
            "A mood",
            "A description works as well as a thing. The bar under a picture says how far it "
            "stands out." + mood[1],
            TEXT_SEARCH,
            {"q": mood[0]},
        ),
        Step("Words in their order", order[1], TEXT_SEARCH, {"q": order[0]}),
        Step(
            "A picture",
            "A picture is a query too, and needs no words. Drag on it to search with a part.",
            IMAGE_SEARCH,
            {"id": picture_id},
        ),
        Step(
            "A picture and words",
            "Both count equally. “View” on a result shows the share of each.",
            IMAGE_SEARCH,
            {"q": beside, "pic": f"1:{picture_id}"},
        ),
        Step(
            "Away from something",
            f"What follows the minus leads away: {minus[1]}.",
            TEXT_SEARCH,
            {"q": minus[0]},
        ),
        Step(
            "Not there",
            "A ranking always has a first place, even if nothing matches. Here the page can say "
            "so.",
            TEXT_SEARCH,
            {"q": nothing},
        ),
        Step(
            "All at once",
            "Every picture on a map, near those it is most like. A group is named by the words "
            "that set it apart from the others.",
            EXPLORER,
            {"view": "map"},
        ),
        Step(
            "The word on the map",
            "The diamond is the word, joined to the pictures nearest to it. What stands out is "
            "lit.",
            EXPLORER,
            {"view": "map", "q": word},
        ),
        Step(
            "Between words",
            "Nobody said which picture shows what. Each stands where its cosines with four words "
            "put it.",
            EXPLORER,
            {"view": "map", "map": "words"},
        ),
        Step(
            "Two kinds",
            "In the space of the vectors, texts and pictures live apart. The switch brings both "
            "together.",
            EXPLORER,
            {"view": "map", "map": "kinds", "q": word},
        ),
    )
