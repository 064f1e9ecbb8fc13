"""Word lists: the words that a model is asked for besides those that a person types."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PHOTOGRAPHS = Path(__file__).with_name("photographs.txt")

# More words than this name nothing better; with a paid model each of them is a call, and the
# vectors of a model on this machine have to lie in the cache of queries together.
MOST_WORDS = 500
# A longer line is no word or short phrase.
LONGEST_WORD = 60
# Far more than MOST_WORDS lines take. What lies behind is not read.
MOST_BYTES = 1_000_000
# What stands in the place of bytes that are no UTF-8; and what UTF-16 has between its letters.
UNREADABLE = ("\ufffd", "\0")

INSTEAD = "The words that come with the program are used instead."

# Words that name nothing by themselves: a query's other words are asked singly.
STOP_WORDS = frozenset(
    """a an the this that these those some any of in on at by to from with without and or but for
    is are was were be being been it its his her their our your my me i you he she we they one
    as into over under near beside behind between through very much many few there here
    photo picture image photograph showing shows""".split()
)


@dataclass(frozen=True)
class WordList:
    """The words of a file, in order, each once; problems: whole sentences for the person."""

    words: tuple[str, ...]
    problems: tuple[str, ...] = ()


def read_words(file: Path) -> WordList:
    """The words of a list: one a line, in UTF-8; lines that begin with # are left out.

    The first MOST_WORDS count; lines that are too long or not UTF-8 are left out, and this is said.
    Raises OSError.
    """
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES)
    lines = content.decode("utf-8-sig", "replace").splitlines()
    words = dict.fromkeys(" ".join(unicodedata.normalize("NFC", line).split()) for line in lines)
    words = {word: None for word in words if word and not word.startswith("#")}
    unreadable = {word for word in words if any(mark in word for mark in UNREADABLE)}
    long = {word for word in words if len(word) > LONGEST_WORD} - unreadable
    kept = [word for word in words if word not in unreadable | long]
    problems = []
    if unreadable:
        problems.append(
            f"Lines of {file.name} that are not text in UTF-8 are left out. Save the file as UTF-8."
        )
    if long:
        problems.append(
            f"Lines of {file.name} with more than {LONGEST_WORD} characters are left out: a line "
            "is one word or a short phrase."
        )
    if len(kept) > MOST_WORDS:
        problems.append(
            f"{file.name} holds {len(kept):,} words; the first {MOST_WORDS} of them are used."
        )
    return WordList(tuple(kept[:MOST_WORDS]), tuple(problems))


def own_words(file: Path) -> WordList:
    """A person's own list; without words where there is none, or none that can be used."""
    try:
        found = read_words(file)
    except FileNotFoundError:
        return WordList(())
    except OSError as error:
        return WordList((), (f"{file.name} cannot be read ({error.strerror}). {INSTEAD}",))
    if found.words:
        return found
    return WordList((), (*found.problems, f"{file.name} holds no words. {INSTEAD}"))


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
