"""Texts of strangers as one line that can be shown: nothing hidden in them, no blanks around."""

from __future__ import annotations

import unicodedata
from typing import TypeAlias

# Path in the index ("images/a/b.jpg") -> {column: text}, without empty texts.
Raw: TypeAlias = dict[str, dict[str, str]]

# A maker's name or a nested value that is longer is nothing that a person reads.
MOST_CHARACTERS = 500

# Joiners are invisible too, but Persian and Hindi are misspelt without them, and emoji fall apart.
_JOINERS = "\u200c\u200d"


def cleaned(text: str) -> str:
    """The text in one line: any white space as one blank, without characters that nobody sees.

    These are control characters, those that turn the direction of writing, halves of surrogate
    pairs, and what Unicode calls no character, which an index may not be able to keep.

    >>> cleaned(" a\\u202e\\x00\\n b ")
    'a b'
    """
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(c if c.isspace() else _seen(c) for c in text).split())


def _seen(character: str) -> str:
    if character in _JOINERS:
        return character
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs")
    return "" if hidden or ord(character) & 0xFFFE == 0xFFFE else character


def shortened(text: str, most: int) -> str:
    """The text, cut to `most` characters, the last of which then is "…"."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def quoted(text: str) -> str:
    """A stranger's text within a sentence."""
    return f"“{shortened(cleaned(text), 80)}”"


def key_of(name: str) -> str:
    """Names of columns with the same key are the same column."""
    return cleaned(name).casefold()


def unique(name: str, taken: dict[str, int], most: int) -> str:
    """The name, cut to `most` characters, with a number where its key is in `taken` already.

    taken: key -> the last number that was given with it. Adds the name's own.

    >>> taken = {}
    >>> unique("Note", taken, 60), unique("note", taken, 60), unique("Note", taken, 60)
    ('Note', 'note (2)', 'Note (3)')
    """
    found = name[:most].rstrip()
    key = key_of(found)
    while key_of(found) in taken:
        taken[key] += 1
        mark = f" ({taken[key]})"
        found = name[: most - len(mark)].rstrip() + mark
    taken[key_of(found)] = 1
    return found
