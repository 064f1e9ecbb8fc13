"""What an engine with approximate indexes says of them, and lets a person do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

# Recall is measured at one page of results.
RECALL_AT = 24

# What each kind of index is built with, and from where to where. Source: README of pgvector 0.8.
BOUNDS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "hnsw": {"m": (2, 100), "ef_construction": (4, 1_000)},
    "ivfflat": {"lists": (1, 32_768)},
}


@dataclass(frozen=True)
class ApproximateIndex:
    """An index that finds nearly all of the nearest.

    kind: "hnsw" or "ivfflat". parameters: what it was built with. bytes: on the server's disk.
    width: the ef_search or the probes that searches use. seconds: what building it took; None where
    another program built it. recall: the share of the RECALL_AT true nearest that it found at that
    width when it was measured; None where it was not.
    """

    kind: str
    parameters: Mapping[str, int]
    bytes: int
    width: int
    seconds: float | None = None
    recall: float | None = None


@dataclass(frozen=True)
class Building:
    """An index that is being built, by this process or another. share: done, from 0 to 1."""

    kind: str
    phase: str
    share: float | None


@dataclass(frozen=True)
class EngineState:
    """How the vectors of an embedder are searched now.

    search: "memory", "database", "hnsw" or "ivfflat". rows: vectors. bytes: of their table on the
    server. problem: why the last build did not come to an end, a whole sentence or "".
    """

    search: str
    rows: int
    bytes: int
    indexes: Sequence[ApproximateIndex] = ()
    building: Building | None = None
    problem: str = ""


@dataclass(frozen=True)
class Measurement:
    """How one way of searching answered the queries of a comparison.

    search: as in EngineState. width: ef_search of HNSW, probes of IVFFlat, else 0. median, p95:
    milliseconds. recall: the mean share of the RECALL_AT true nearest.
    """

    search: str
    width: int
    median: float
    p95: float
    recall: float


@dataclass(frozen=True)
class Comparison:
    """The same queries, answered by every way that there is."""

    queries: int
    measured: Sequence[Measurement] = field(default_factory=tuple)


class Tuning(Protocol):
    """The approximate indexes of one embedder. Every method raises IndexUnavailable."""

    def state(self) -> EngineState: ...

    def is_approximate(self) -> bool:
        """True if searches use an approximate index now."""

    def suggested(self, kind: str) -> Mapping[str, int]:
        """The parameters that suit the number of rows."""

    def build(self, kind: str, parameters: Mapping[str, int]) -> bool:
        """Begin to build an index in the background; False while one is being built.

        Searches go on meanwhile as before. Raises ValueError for parameters that are none.
        """

    def cancel(self) -> None:
        """End the build that is on, whoever began it; nothing of it stays."""

    def drop(self, kind: str) -> None: ...

    def compare(self, queries: int, widths: Mapping[str, int]) -> Comparison:
        """Ask some of the pictures for those nearest to them, in every way.

        widths: ef_search for "hnsw", probes for "ivfflat".
        """
