"""Results as a table: CSV, with each part's share of the similarity."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.search.query_form import Term, print_text
from core.search.ranking import Result

# Of so many pictures, at most, the page and the ZIP hold more than a line: what a person still
# looks through, and a page of thumbnails that can still be sent by mail (some 5 MB).
MOST_TAKEN_ALONG = 200


@dataclass(frozen=True)
class Told:
    """What is known of pictures. columns: in their order. by_picture: a text by picture id and
    column."""

    columns: Sequence[str] = ()
    by_picture: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


NOTHING = Told()

# What a spreadsheet takes for the beginning of a formula.
# Source: OWASP, "CSV Injection".
FORMULA = ("=", "+", "-", "@", "\t", "\n")


def written_parts(terms: Sequence[Term], names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """A query in its text form, and each of its parts likewise.

    names: what each part is called, in the order of the terms; it stands for a picture.

    >>> written_parts([Term(text="boat"), Term(picture_id="1f", weight=-2)], ["boat", "sea.jpg"])
    ('boat - 2: sea.jpg', ('boat', '- 2: sea.jpg'))
    """
    named = [
        term if term.text else Term(text=name, weight=term.weight)
        for term, name in zip(terms, names, strict=True)
    ]
    return print_text(named), tuple(print_text([term]) for term in named)


def to_csv(
    results: Sequence[Result],
    parts: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    told: Told = NOTHING,
) -> str:
    """rank,name,id,similarity for every result, nine decimals, as CSV.

    parts: the parts of the query in their text form, in the order of the hits' shares; of several,
    each gets a column with its share of the similarity. files: what the file of each picture is
    called beside the table, by picture id; then it gets a column too. told: what is known of the
    pictures; a column that is named as another one here gets a mark. A result that this query did
    not find has neither rank nor numbers.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    parts = parts if len(parts) > 1 else ()
    head = ["rank", "name", "id", "similarity", *(f"share of {part}" for part in parts)]
    own = {*head, "file"}
    names = [harmless(f"{name} (column)" if name in own else name) for name in told.columns]
    rows.writerow([*head, *names, *(["file"] if files is not None else [])])
    for result in results:
        name, hit = harmless(result.picture.name), result.hit
        numbers = [f"{n:.9f}" for n in (hit.cosine, *hit.shares[: len(parts)])] if hit else []
        row = [hit.rank if hit else "", name, result.picture.id, *numbers]
        row += [""] * (len(head) - len(row))
        known = told.by_picture.get(result.picture.id, {})
        row += [harmless(known.get(column, "")) for column in told.columns]
        rows.writerow(row if files is None else [*row, files.get(result.picture.id, "")])
    return text.getvalue()


def harmless(name: str) -> str:
    """A name that a spreadsheet would run as a formula gets the apostrophe that stops it.

    A carriage return becomes a space: `csv` does not quote it, and spreadsheets begin a row there.
    """
    name = name.replace("\r", " ")
    return f"'{name}" if name.lstrip(" ").startswith(FORMULA) else name
