"""Negation inside one text: "a house without trees" is a house, away from trees.

A small model reads "without trees" as one more word, and finds trees. As parts of a query, one for
and one against, the same text means what it says. Models that read sentences need none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

NEGATIONS = frozenset("without no not minus except excluding lacking".split())
# What "isn't" and its like end in, with either apostrophe.
NOT_ENDINGS = ("n't", "n’t")
# "not only", "no longer": these take nothing away.
NO_NEGATION_BEFORE = frozenset("only just longer less more matter doubt one very".split())
# A negation reaches up to one of these, once it has named something: "no boats on the lake" is
# about a lake. Before that they belong to it: "not in the snow".
ENDS = frozenset(
    """and but in on at with is are was were that which by under over near beside behind between
    among from to while""".split()
)
ARTICLES = frozenset("a an the any some one two three".split())
# Words that are left hanging where a negation was cut out: "a boat that is (not red)".
HANGING = frozenset("and but or with that which is are was were there it do does did has".split())
PUNCTUATION = ".,;:!?"


class Reader(Protocol):
    """Whoever can say which words of a text it knows: an embedder that knows its words."""

    def content_words(self, text: str) -> list[str]: ...

    def unknown_words(self, text: str) -> list[str]: ...


@dataclass(frozen=True)
class Split:
    """A text taken apart. wanted: what is left, "" for nothing; unwanted: what it negates."""

    wanted: str
    unwanted: tuple[str, ...]


def has_negation(text: str) -> bool:
    """True if a reader might take something out of the text."""
    return any(_negates(word) for word in text.split())


def split_negation(text: str, reader: Reader) -> Split:
    """What a text asks for, and what it asks to leave out.

    A negation of words that the reader does not know stays where it is, and so does everything
    where nothing would be left but unknown words: the page then names them. Quotes inside the text
    take what is in them literally.

    >>> from core.embedders import builtin_embedder
    >>> split_negation("a house without trees or snow", builtin_embedder())
    Split(wanted='a house', unwanted=('trees', 'snow'))
    """
    words = text.split()
    literal = _in_quotes(words)
    kept: list[str] = []
    unwanted: list[str] = []
    at = 0
    while at < len(words):
        end, named = at + 1, list[str]()
        if not literal[at] and _negates(words[at]):
            end, named = _reach(words, literal, at)
        known = [name for name in named if reader.content_words(name)]
        if known:
            unwanted += known
            for name in named:
                kept += [] if name in known else [words[at], name]
            # The comma after what was cut out still parts what stands around it.
            if words[end - 1][-1] in PUNCTUATION and kept and kept[-1][-1] not in PUNCTUATION:
                kept[-1] += words[end - 1][-1]
        else:
            kept += words[at:end]
        at = end
    if not unwanted:
        return Split(text, ())
    wanted = _tidy(kept)
    if not reader.content_words(wanted):
        if reader.unknown_words(wanted):
            return Split(text, ())
        wanted = ""
    return Split(wanted, tuple(dict.fromkeys(unwanted)))


def _negates(word: str) -> bool:
    plain = word.casefold().strip(PUNCTUATION)
    return plain in NEGATIONS or plain.endswith(NOT_ENDINGS)


def _in_quotes(words: Sequence[str]) -> list[bool]:
    """For each word, whether it stands in quotes inside the text."""
    quoted, found = False, []
    for word in words:
        marks = word.count('"')
        found.append(quoted or marks > 0)
        quoted ^= marks % 2 == 1
    return found


def _reach(words: Sequence[str], literal: Sequence[bool], at: int) -> tuple[int, list[str]]:
    """Where the negation at `at` ends, and the texts that it names; none if it negates nothing."""
    # "without trees and snow" is without both; "no trees and a boat" is with a boat.
    joins = {"or", "nor", "and"} if _plain(words[at]) == "without" else {"or", "nor"}
    named: list[list[str]] = [[]]
    end = at + 1
    if words[at][-1] in PUNCTUATION:
        return end, []
    while end < len(words):
        word = _plain(words[end])
        if not literal[end]:
            if end == at + 1 and word in NO_NEGATION_BEFORE:
                return end, []
            if _negates(words[end]):
                if end == at + 1:  # "not without trees" is with trees
                    return end + 1, []
                break
            if _names(named[-1]) and word in joins and not _is_article(words, end + 1):
                named.append([])
                end += 1
                continue
            if _names(named[-1]) and word in ENDS:
                break
        named[-1].append(words[end].rstrip(PUNCTUATION))
        end += 1
        if words[end - 1][-1] in PUNCTUATION:
            break
    return end, [" ".join(filter(None, one)) for one in named if _names(one)]


def _plain(word: str) -> str:
    return word.casefold().strip(PUNCTUATION)


def _is_article(words: Sequence[str], at: int) -> bool:
    return at < len(words) and _plain(words[at]) in ARTICLES and _plain(words[at - 1]) == "and"


def _names(words: Sequence[str]) -> bool:
    """True if something is named, and not only "in the"."""
    return any(_plain(word) not in ENDS | ARTICLES | {""} for word in words)


def _tidy(words: Sequence[str]) -> str:
    """What is left of a text, without words and signs that hang loose at its ends."""
    left = list(words)
    while left and _plain(left[-1]) in HANGING | {""}:
        left.pop()
    while left and _plain(left[0]) in {"and", "but", "or", ""}:
        left.pop(0)
    return " ".join(left).strip(PUNCTUATION + " ")
