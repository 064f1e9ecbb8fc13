"""What is wrong with the lines of one file, counted, so that it is said in few sentences."""

from __future__ import annotations

import csv
from enum import Enum


class Fault(Enum):
    """One line with the fault, several of them, and what comes of it."""

    UNKNOWN = ("line names no picture that is here", "lines name no picture that is here", "")
    OUTSIDE = (
        "line names a file outside this folder",
        "lines name files outside this folder",
        "Only pictures in it and below it are looked for.",
    )
    AGAIN = (
        "line names a picture that an earlier line names",
        "lines name a picture that an earlier line names",
        "The last line of a picture counts.",
    )
    NAMELESS = ("line names no file", "lines name no file", "")
    EXTRA = (
        "line has more cells than there are columns",
        "lines have more cells than there are columns",
        "What is beyond the last column is left out.",
    )
    NO_OBJECT = (
        "line is no JSON object",
        "lines are no JSON objects",
        'Each line has to be one, as in {"file_name": "a.jpg", "title": "Boat"}.',
    )
    LARGE = (
        f"line has a cell of more than {csv.field_size_limit():,} characters",
        f"lines have a cell of more than {csv.field_size_limit():,} characters",
        "Such lines are left out. Perhaps a quotation mark is missing.",
    )
    UNCLOSED = (
        "cell begins with a quotation mark and does not end",
        "",
        "Nothing is read from there on.",
    )


class Faults:
    """The faults of one file, in the order in which they were met first."""

    def __init__(self) -> None:
        self._found: dict[Fault, tuple[int, str]] = {}

    def add(self, fault: Fault, where: str | int) -> None:
        """where: the number of the line, or what it says, quoted."""
        place = f"line {where:,}" if isinstance(where, int) else where
        count, first = self._found.get(fault, (0, place))
        self._found[fault] = (count + 1, first)

    def sentences(self) -> list[str]:
        """One for each kind of fault.

        >>> faults = Faults()
        >>> faults.add(Fault.UNKNOWN, "“x.jpg”")
        >>> faults.sentences()
        ['1 line names no picture that is here: “x.jpg”.']
        """
        said = []
        for fault, (count, first) in self._found.items():
            one, many, outcome = fault.value
            start = (
                f"1 {one}: {first}." if count == 1 else f"{count:,} {many}, the first is {first}."
            )
            said.append(f"{start} {outcome}".rstrip())
        return said
