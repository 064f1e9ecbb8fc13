"""What a test reserves calls with, to see what became of each."""

from __future__ import annotations


class Reserved:
    """A reserved call that keeps what was said of it first."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.outcome = ""

    def settle(self) -> None:
        self.outcome = self.outcome or "settled"

    def release(self, *, refused: bool = False) -> None:
        self.outcome = self.outcome or ("refused" if refused else "released")


class Reservations:
    """Lets every call be made, and keeps what became of each."""

    def __init__(self) -> None:
        self.made: list[Reserved] = []

    def reserve(self, kind: str) -> Reserved:
        self.made.append(Reserved(kind))
        return self.made[-1]

    def outcomes(self) -> list[tuple[str, str]]:
        return [(call.kind, call.outcome) for call in self.made]
