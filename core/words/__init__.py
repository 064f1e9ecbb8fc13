"""Word lists: the words that a model is asked for besides those that a person types."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

PHOTOGRAPHS = Path(__file__).with_name("photographs.txt")

# More words than this name nothing better, and with a paid model each of them is a call.
MOST_WORDS = 5000
# A longer line is no word or short phrase.
LONGEST_WORD = 60

# Words that name nothing by themselves: a query's other words are asked singly.
STOP_WORDS = frozenset(
    """a an the this that these those some any of in on at by to from with without and or but for
    is are was were be being been it its his her their our your my me i you he she we they one
    as into over under near beside behind between through very much many few there here
    photo picture image photograph showing shows""".split()
)


def read_words(file: Path) -> tuple[str, ...]:
    """The words of a list, in order, each once: one a line, lines that begin with # left out.

    Bytes that are no UTF-8 are replaced, and so is a mark at the beginning; lines that are too long
    are left out. The first MOST_WORDS count. Raises OSError.
    """
    lines = file.read_bytes().decode("utf-8-sig", "replace").splitlines()
    words = (" ".join(unicodedata.normalize("NFC", line).split()) for line in lines)
    kept = (word for word in words if word and not word.startswith("#"))
    return tuple(dict.fromkeys(word for word in kept if len(word) <= LONGEST_WORD))[:MOST_WORDS]


def content_words(text: str) -> list[str]:
    """The words of a text that may name something, each once, as they are written.

    For models that do not say themselves which words they know. A text in a script without spaces
    is one word.
    """
    bare = (word.strip(".,;:!?()[]“”\"'") for word in text.split())
    return list(dict.fromkeys(word for word in bare if word and word.lower() not in STOP_WORDS))


def spread_out(words: Iterable[str], count: int) -> tuple[str, ...]:
    """`count` of the words, evenly spread over the list, or all if there are fewer."""
    every = tuple(words)
    if len(every) <= count:
        return every
    return tuple(every[number * len(every) // count] for number in range(count))
