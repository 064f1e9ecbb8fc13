"""The built-in model's reading: free text -> the few tokens that its text tower was trained on.

Synonyms are resolved here ("cottage" is a house, "crimson" is red); word order is left alone, it
is the tower's to read. What is neither known nor a stop word is reported, never guessed.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.embedders.builtin.synonyms import PHRASES, RELATED, STOP_WORDS, SYNONYMS

# The tower was trained on shorter texts than this; beyond it, position means nothing to it.
MAX_TOKENS = 24

# What the model knows, in the groups in which a page can show it. Each word is one token.
GROUPS: dict[str, tuple[str, ...]] = {
    "things": tuple(
        "house castle lighthouse windmill bridge boat car bicycle train balloon "
        "cat dog horse bird fish tree flower apple pear lemon vase book cup "
        "circle square triangle stripe wave sun moon".split()
    ),
    "kinds of things": ("animal", "building", "vehicle", "fruit", "shape"),
    "colours": tuple("red orange yellow green blue purple pink brown black white gray".split()),
    "places": tuple(
        "mountains forest field desert snow coast river lake sea village city garden table "
        "abstract hill water landscape".split()
    ),
    "times": ("dawn", "day", "sunset", "night"),
    "weather": ("clear", "rain", "snowfall", "storm", "fog"),
    "styles": ("oil", "watercolour", "woodcut", "pastel", "poster", "pointillism", "ink wash"),
    "moods": ("calm", "gloomy", "warm", "cold", "dramatic"),
    "numbers": ("one", "two", "three"),
}
# Words that join others. They have a token because order and binding hang on them; alone they
# say nothing.
JOINTS = ("and", "without", "in", "is", ",")
PAD = 0
TOKENS: tuple[str, ...] = (
    "<pad>",
    *JOINTS,
    *(word for words in GROUPS.values() for word in words),
)
TOKEN_IDS: dict[str, int] = {token: number for number, token in enumerate(TOKENS)}
_LONGEST_PHRASE = max(phrase.count(" ") + 1 for phrase in PHRASES)


@dataclass(frozen=True)
class Reading:
    """A text as the tower sees it: token names in order, and the words that it cannot place."""

    tokens: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def says_something(self) -> bool:
        """False if nothing but joints is left."""
        return any(token not in JOINTS for token in self.tokens)

    @property
    def ids(self) -> list[int]:
        return [TOKEN_IDS[token] for token in self.tokens]


def split(text: str) -> list[str]:
    """Lower-case words and commas of a text, in order; every other sign only separates.

    >>> split("Two RED boats, a cat's house!")
    ['two', 'red', 'boats', ',', 'a', 'cat', 'house']
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    plain = re.sub(r"n't\b", " not", plain)
    plain = re.sub(r"'s\b", "", plain)
    return re.findall(r"[^\W_]+|[,;:]", plain.replace(";", ",").replace(":", ","))


@lru_cache(maxsize=4096)
def _token(word: str) -> str | None:
    """The token of one word; "" for a stop word; None for a word that is not known."""
    for form in _forms(word):
        if form in TOKEN_IDS:
            return form
        if form in SYNONYMS:
            return SYNONYMS[form]
        if form in STOP_WORDS:
            return ""
    return None


def _forms(word: str) -> list[str]:
    """The word and what it may be a plural or a shade of, likeliest first."""
    forms = [word]
    if len(word) > 3:
        if word.endswith("ies"):
            forms.append(word[:-3] + "y")
        if word.endswith("es"):
            forms.append(word[:-2])
        if word.endswith("s") and not word.endswith("ss"):
            forms.append(word[:-1])
        if word.endswith("ish"):
            forms += [word[:-3], word[:-4], word[:-3] + "e"]  # greenish, reddish, bluish
    return forms


def _pieces(text: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """The words and phrases of a text in order, each with its tokens.

    No tokens for a stop word, None instead of tokens for a word that is not known.
    """
    words = split(text)
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - at), 1, -1):
            phrase = " ".join(words[at : at + length])
            if phrase in PHRASES:
                yield phrase, PHRASES[phrase]
                at += length
                break
        else:
            token = _token(words[at])
            if token is None:
                yield words[at], None
            else:
                yield words[at], (token,) if token else ()
            at += 1


def read(text: str) -> Reading:
    """Tokens and unknown words of a text.

    An unknown word is left out, together with a "without" right before it: what is not known
    cannot be excluded either, and the "without" must not fall on the next word.
    """
    tokens: list[str] = []
    unknown: list[str] = []
    for words, found in _pieces(text):
        if found is not None:
            tokens += found
            continue
        if words not in unknown:
            unknown.append(words)
        while tokens and tokens[-1] == "without":
            tokens.pop()
    return Reading(tuple(_tidy(tokens)), tuple(unknown))


def negations(text: str) -> list[tuple[str, str]]:
    """What a text asks to leave out: pairs of the negation and the known words after it.

    A negation before an unknown word is left out, as it is in `read`.

    >>> negations("not a red boat, and a house without trees")
    [('not', 'red boat'), ('without', 'trees')]
    """
    found: list[tuple[str, str]] = []
    negation = ""
    named: list[str] = []
    # A joint at the end closes what the last negation is about.
    for words, tokens in (*_pieces(text), (",", (",",))):
        if tokens is None or (tokens and tokens[0] in JOINTS):
            if negation and named:
                found.append((negation, " ".join(named)))
            if tokens == ("without",):
                negation, named = words, []
            elif named or tokens is None:  # "not in the snow" is still about the snow
                negation = ""
        elif negation and tokens:
            named.append(words)
    return found


def _tidy(tokens: list[str]) -> list[str]:
    """Without doubled joints, and without joints at the ends but for a leading "without"."""
    tidy: list[str] = []
    for token in tokens:
        if tidy and token in JOINTS and tidy[-1] in JOINTS:
            # "in and" is "and"; "and without" is "without": the later joint is the closer one.
            if token == "without" or tidy[-1] != "without":
                tidy[-1] = token
            continue
        tidy.append(token)
    while tidy and tidy[-1] in JOINTS:
        tidy.pop()
    while tidy and tidy[0] in JOINTS and tidy[0] != "without":
        tidy.pop(0)
    return tidy


def neighbours(word: str, limit: int = 3) -> list[str]:
    """Known words nearest to an unknown one: related ones first, then by spelling."""
    asked = split(word)
    if not asked:
        return []
    found: list[str] = []
    for form in _forms(asked[0]):
        found += RELATED.get(form, ())
    known = [token for token in (*TOKENS[1 + len(JOINTS) :], *SYNONYMS) if " " not in token]
    # .75 keeps "hosue" and "wtaercolour", and drops what merely shares letters.
    for near in difflib.get_close_matches(asked[0], known, n=limit, cutoff=0.75):
        found.append(near)
    return list(dict.fromkeys(found))[:limit]
