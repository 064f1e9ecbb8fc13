"""The two written forms of a query: what a person types, and what an address carries.

Text form: parts joined by " + " and " - ", each with an optional weight before a colon:

    red boat + sunset - people
    2: harbour + 0.5: "black - white"

Plus and minus count only with a space on both sides, or at the very beginning or end, so that
"black-and-white" stays whole. Quotes around a part take everything in it literally; a quote inside
them is written twice. What cannot be read as an operator, a weight or a pair of quotes is text:
every input has a reading. For a model that does not understand "without", what a text negates is
read as a part of its own that counts against (`core.search.negation`), again not in quotes.

Address form: `q` holds the texts in their text form, `pic` the pictures, one after the other with
a comma between: weight, id and, for a region, its four numbers, joined by colons.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import QueryError
from core.model import Region
from core.search.negation import Reader, has_negation, split_negation
from core.search.query import query_key

# More parts than this are no query that anybody composed, and each may be a paid call.
MOST_PARTS = 12
# A weight beyond this makes all other parts invisible, and one below nothing of its own part.
LARGEST_WEIGHT = 100.0
SMALLEST_WEIGHT = 0.01


@dataclass(frozen=True)
class Term:
    """One part of a query as it is written: a text or a picture, how much it counts and in which
    direction. Exactly one of `text` and `picture_id` is not empty; a weight below 0 counts against.
    """

    text: str = ""
    picture_id: str = ""
    weight: float = 1.0
    region: Region | None = None


@dataclass(frozen=True)
class Readable:
    """The parts of a query that can be asked for, and a sentence for each that cannot."""

    terms: tuple[Term, ...]
    problems: tuple[str, ...]


_OPERATOR = re.compile(r"(^| )[+-]( |$)")
_WEIGHT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*:\s+")


def parse_text(written: str, reader: Reader | None = None) -> list[Term]:
    """The text parts of what a person typed, in order; parts without a text are left out.

    reader: takes what a text negates as a part that counts against; None leaves each text whole.
    Raises QueryError for more than MOST_PARTS parts.
    """
    terms = []
    for sign, piece in _pieces(query_key(written)):
        weight, text, quoted = _weight_and_text(piece)
        # Away from "a house without trees" is not towards trees: such a part stays whole.
        if reader is not None and sign > 0 and not quoted:
            split = split_negation(text, reader)
            terms += [Term(text=split.wanted, weight=weight)] if split.wanted else []
            terms += [Term(text=unwanted, weight=-weight) for unwanted in split.unwanted]
        elif text:
            terms.append(Term(text=text, weight=sign * weight))
    if len(terms) > MOST_PARTS:
        raise QueryError(
            f"A query has at most {MOST_PARTS} parts, and these are {len(terms)}. Remove some."
        )
    return terms


def print_text(terms: Sequence[Term], *, whole: bool = False) -> str:
    """The text form of the text parts; `parse_text` without a reader reads the same parts from it.

    whole: put texts with a negation in quotes too, so that with any reader it reads the same.
    """
    written = ""
    for number, term in enumerate(t for t in terms if t.text):
        if number:
            written += " - " if term.weight < 0 else " + "
        elif term.weight < 0:
            written += "- "
        size = abs(term.weight)
        written += "" if size == 1 else f"{_number(size)}: "
        written += _quoted_if_needed(term.text, whole)
    return written


def parse_pictures(written: str) -> Readable:
    """The picture parts of an address, and a sentence for what of it is none."""
    terms, problems = [], []
    for piece in filter(None, written.split(",")):
        try:
            terms.append(_picture(piece))
        except QueryError as error:
            problems.append(str(error))
    return Readable(tuple(terms), tuple(dict.fromkeys(problems)))


def print_pictures(terms: Sequence[Term]) -> str:
    """The address form of the picture parts; `parse_pictures` reads the same parts from it."""
    written = []
    for term in terms:
        if term.picture_id:
            fields = [_number(term.weight), term.picture_id]
            if term.region is not None:
                box = term.region
                fields += [_number(n) for n in (box.left, box.top, box.right, box.bottom)]
            written.append(":".join(fields))
    return ",".join(written)


def print_address(terms: Sequence[Term]) -> dict[str, str]:
    """`q` and `pic`, each only where there is something to say.

    With any reader `parse_text` reads the same parts from `q`.
    """
    written = {"q": print_text(terms, whole=True), "pic": print_pictures(terms)}
    return {name: value for name, value in written.items() if value}


def _pieces(written: str) -> Iterator[tuple[int, str]]:
    """(+1 or -1, piece) between the operators that stand outside quotes."""
    sign, start, quoted = 1, 0, False
    if written.startswith(("- ", "+ ")):
        sign, start = -1 if written[0] == "-" else 1, 2
    # Whoever is still typing has written an operator and not yet what follows it.
    written = written.removesuffix(" +").removesuffix(" -")
    at = start
    while at < len(written):
        if written[at] == '"' and (quoted or '"' in written[at + 1 :]):
            quoted = not quoted
        elif not quoted and written[at : at + 3] in (" + ", " - "):
            yield sign, written[start:at]
            sign = 1 if written[at + 1] == "+" else -1
            start = at = at + 3
            continue
        at += 1
    yield sign, written[start:]


def _weight_and_text(piece: str) -> tuple[float, str, bool]:
    """The weight, the text, and whether the text stood in quotes."""
    piece = piece.strip()
    weight = 1.0
    found = _WEIGHT.match(piece)
    if found and piece[found.end() :].strip():
        weight, piece = _clamped(float(found[1])), piece[found.end() :].strip()
    quoted = len(piece) > 1 and piece.startswith('"') and piece.endswith('"')
    if quoted:
        piece = piece[1:-1].replace('""', '"')
    return weight, query_key(piece), quoted


def _quoted_if_needed(text: str, whole: bool) -> str:
    """The text itself if it is read as itself, else in quotes."""
    alone = not _OPERATOR.search(text) and parse_text(text) == [Term(text=text)]
    # With an odd number of quotes, how the text is read would depend on the parts after it.
    if alone and text.count('"') % 2 == 0 and not (whole and has_negation(text)):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _picture(written: str) -> Term:
    """One picture part of an address. Raises QueryError."""
    fields = written.split(":")
    if len(fields) not in (2, 6) or not re.fullmatch(r"[0-9a-f]{64}", fields[1]):
        raise QueryError("This link names a picture in a way that cannot be read.")
    region = None
    if len(fields) == 6:
        left, top, right, bottom = (_finite(field) for field in fields[2:])
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise QueryError("This link names a region that lies outside its picture.")
        region = Region(left, top, right, bottom)
    return Term(picture_id=fields[1], weight=_weight(fields[0]), region=region)


def _weight(written: str) -> float:
    weight = _finite(written)
    if weight == 0:
        raise QueryError("This link gives a part the weight 0, so that it would not count at all.")
    return math.copysign(_clamped(abs(weight)), weight)


def _clamped(weight: float) -> float:
    return min(max(weight, SMALLEST_WEIGHT), LARGEST_WEIGHT)


def _finite(written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise QueryError("This link holds something that should be a number and is none.")
    return number


def _number(value: float) -> str:
    """The shortest writing without an exponent that is read as the same number: 2, 0.5."""
    return np.format_float_positional(value, trim="-")
