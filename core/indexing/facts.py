"""What is known of the pictures, brought in line with the files after a scan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.deadline import Deadline
from core.index import Index, columns_of, set_columns
from core.indexing.away import away
from core.metadata import FoundColumn, Raw, facts_beside, folder_facts, typed
from core.model import COLLECTIONS, Column, ColumnType, FileRow, Value, collection_of
from core.sources import Sources

# A small fact of the index: what was found, and in which state of all that it is made of.
KEY = "facts_found"

# Raise it when the same facts become other values: they are then made again.
VERSION = 2


@dataclass(frozen=True)
class FoundFacts:
    """What the last scan found: columns, the most filled first, and what could not be read."""

    columns: tuple[FoundColumn, ...] = ()
    problems: tuple[str, ...] = ()


def found_facts(index: Index) -> FoundFacts:
    """Raises IndexUnavailable."""
    kept = _kept(index)
    try:
        columns = tuple(
            FoundColumn(name, ColumnType(kind), filled, tuple(examples), note)
            for name, kind, filled, examples, note in kept.get("columns", [])
        )
        return FoundFacts(columns, tuple(kept.get("problems", [])))
    except (ValueError, TypeError):  # a damaged index
        return FoundFacts()


def learn_facts(
    index: Index, roots: Mapping[str, Path], sources: Sources | None, deadline: Deadline
) -> None:
    """Read again what is known of the pictures, if anything about it has changed.

    What is said of a picture comes from a file beside it, else from the list that names it, else
    from its folders, else from itself. Of files with the same bytes the first, by path, that says
    something counts. Pictures that are away keep what was known of them. Raises Cancelled,
    IndexUnavailable.
    """
    files, kept, known = index.files(), _kept(index), columns_of(index)
    wanted = {column.name: column.type for column in known if column.taken}
    gone = tuple(place.path for place in away(index))
    rest = _digest(
        VERSION,
        index.own_facts_state(),
        sources.columns_state() if sources is not None else "",
        sorted(wanted.items()),
        gone,
    )
    before = str(kept.get("beside", "")) if rest == kept.get("rest") else ""
    beside = facts_beside(roots, files, before)
    if beside is None:
        return
    deadline.check()
    listed = {path: dict(told) for path, told in sources.columns()} if sources is not None else {}
    raw, differing = _by_picture(
        files, [beside.raw, listed, folder_facts(files)], index.own_facts()
    )
    _keep_what_is_away(index, files, gone, [column.name for column in known], raw)
    deadline.check()
    found = typed(raw, wanted)
    facts: dict[str, dict[str, Value]] = {column.name: {} for column in found.columns}
    for picture_id, told in found.values.items():
        for name, value in told.items():
            facts[name][picture_id] = value
    index.set_facts(facts)
    set_columns(index, _columns(found.columns, known, _collections(files, facts)))
    content = {
        "beside": beside.state,
        "rest": rest,
        "columns": [
            [column.name, column.type, column.filled, column.examples, column.note]
            for column in found.columns
        ],
        "problems": [*beside.problems, *found.problems, *differing],
    }
    # Last: what was stopped before is made again.
    index.set_meta(KEY, json.dumps(content, ensure_ascii=False))


def _kept(index: Index) -> dict[str, Any]:
    try:
        kept = json.loads(index.meta(KEY, "{}"))
    except (ValueError, RecursionError):  # a damaged index
        return {}
    return kept if isinstance(kept, dict) else {}


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _by_picture(
    files: Mapping[str, FileRow], layers: Sequence[Raw], own: Raw
) -> tuple[Raw, list[str]]:
    """What is said of each picture, and a sentence where its files do not agree.

    layers: by path, the strongest first. own: by picture id, weaker than these.
    """
    raw: Raw = {}
    spelling: dict[str, str] = {}  # of a column's name, as it was met first
    differing: set[str] = set()
    for path in sorted(files):
        told: dict[str, str] = {}
        for layer in layers:
            for name, text in layer.get(path, {}).items():
                told.setdefault(spelling.setdefault(name.casefold(), name), text)
        if not told:
            continue
        picture_id = files[path].picture_id
        known = raw.setdefault(picture_id, {})
        if any(known.get(name, text) != text for name, text in told.items()):
            differing.add(picture_id)
        raw[picture_id] = {**told, **known}
    for picture_id, facts in own.items():
        known = raw.setdefault(picture_id, {})
        for name, text in facts.items():
            known.setdefault(spelling.setdefault(name.casefold(), name), text)
    said = (
        f"Of {len(differing):,} with several files, these say different things: the first counts."
    )
    return raw, [said] if differing else []


def _keep_what_is_away(
    index: Index,
    files: Mapping[str, FileRow],
    gone: tuple[str, ...],
    columns: Sequence[str],
    raw: Raw,
) -> None:
    """The files beside pictures that are away are away too."""
    if not gone:
        return
    ids = {row.picture_id for path, row in files.items() if path.startswith(gone)}
    for picture_id, told in index.facts(sorted(ids), columns).items():
        known = raw.setdefault(picture_id, {})
        for name, value in told.items():
            known.setdefault(name, value.text)


def _collections(
    files: Mapping[str, FileRow], facts: Mapping[str, Mapping[str, Value]]
) -> dict[str, frozenset[str]]:
    """For each column, the collections of whose pictures it says something."""
    pictures: dict[str, set[str]] = {name: set() for name in COLLECTIONS}
    for path, row in files.items():
        pictures[collection_of(path)].add(row.picture_id)
    return {
        column: frozenset(name for name, ids in pictures.items() if not ids.isdisjoint(values))
        for column, values in facts.items()
    }


def _columns(
    found: Sequence[FoundColumn],
    known: Sequence[Column],
    collections: Mapping[str, frozenset[str]],
) -> list[Column]:
    """Those that were found and, after them, those that are taken and may be found again."""
    taken = {column.name.casefold() for column in known if column.taken}
    there = {column.name.casefold() for column in found}
    return [
        *(
            Column(one.name, one.type, one.name.casefold() in taken, collections[one.name])
            for one in found
        ),
        *(one for one in known if one.taken and one.name.casefold() not in there),
    ]
