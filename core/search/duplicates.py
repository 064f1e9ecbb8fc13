"""Pictures that are there more than once, and the table of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from core.model import Picture, Scope
from core.search.export import harmless

ALIKE, EXACT = "look alike", "same bytes"


@dataclass(frozen=True)
class Duplicates:
    """Pictures that are there more than once.

    alike: groups of different pictures that show nearly the same. copies: pictures whose same bytes
    lie in several files; one may be in a group as well.
    """

    alike: tuple[tuple[Picture, ...], ...]
    copies: tuple[Picture, ...]


def duplicates_within(
    scope: Scope, groups: Iterable[Iterable[Picture]], copies: Iterable[Picture]
) -> Duplicates:
    """What of the groups and of the copies lies twice or more in a scope, the most first.

    Every picture comes with its files inside the scope alone.
    """
    alike = [tuple(_inside(scope, group)) for group in groups]
    several = [picture for picture in _inside(scope, copies) if len(picture.paths) > 1]
    return Duplicates(
        alike=tuple(
            sorted(
                (group for group in alike if len(group) > 1),
                key=lambda group: (-len(group), group[0].paths),
            )
        ),
        copies=tuple(sorted(several, key=lambda one: (-len(one.paths), one.paths))),
    )


def _inside(scope: Scope, pictures: Iterable[Picture]) -> Iterator[Picture]:
    for picture in pictures:
        paths = tuple(path for path in picture.paths if scope.holds(path))
        if paths:
            yield replace(picture, paths=paths)


def duplicates_csv(duplicates: Duplicates) -> str:
    """A line for each file of each group, as CSV.

    group: a number. kind: ALIKE or EXACT. width, height: pixels. bytes: size of the file.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["group", "kind", "name", "folder", "width", "height", "bytes", "picture id"],
    )
    groups = [
        *((ALIKE, group) for group in duplicates.alike),
        *((EXACT, (picture,)) for picture in duplicates.copies),
    ]
    for number, (kind, pictures) in enumerate(groups, 1):
        for picture in pictures:
            size = (picture.width, picture.height, picture.bytes, picture.id)
            for path in picture.paths:
                folder, _, name = path.rpartition("/")
                rows.writerow([number, kind, harmless(name), harmless(f"{folder}/"), *size])
    return text.getvalue()
