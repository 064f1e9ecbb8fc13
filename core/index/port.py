"""What every index engine promises: the port that SQLite stands behind, and others may.

An engine keeps what is known of files, pictures, vectors, failures, queries and calls, and ranks
pictures by their vectors. No connection, no SQL and no array of the whole collection leaves it.
tests/index/test_port_contract.py holds an engine to all of this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from core.deadline import Deadline
from core.model import (
    Cause,
    Failure,
    FileRow,
    Missing,
    NotIndexed,
    Order,
    Picture,
    Plan,
    SavedSearch,
    Scope,
    Unreadable,
    Value,
    Vote,
)
from core.tuning import Tuning
from core.vectors import Measured, RawVector, Vector, Vectors

# As far back as somebody still looks through a list.
HISTORY_KEPT = 100


@dataclass(frozen=True)
class Nearest:
    """The pictures nearest to a vector.

    ids, cosines: best first, of equal length; equal cosines are ordered by picture id.
    exact: False if the engine may have missed one (an approximate index). recall: then the share of
    the nearest that such a search finds, if that was measured.
    """

    ids: tuple[str, ...]
    cosines: tuple[float, ...]
    exact: bool = True
    recall: float | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """Some of the pictures that have a vector, spread evenly over all of them.

    ids: picture ids in ascending order. vectors: shape (len(ids), dimensions), ids[row] belongs
    to vectors[row]. generation: the state of the index that it was taken from.
    """

    ids: tuple[str, ...]
    vectors: Vectors
    generation: int


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each picture that has a vector, the others whose vectors are nearest to its own.

    ids: picture ids in ascending order. nearest: shape (len(ids), k), numbers of pictures in ids,
    the nearest first. generation: the state of the index that this is true of.
    """

    ids: tuple[str, ...]
    nearest: npt.NDArray[np.intp]
    generation: int


@dataclass(frozen=True)
class NearDuplicates:
    """Groups of pictures that show nearly the same.

    generation: the state of the index that they were found in; -1 if nobody has looked yet.
    groups: picture ids; no picture is in two of them.
    """

    generation: int = -1
    groups: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class ArchivedPicture:
    """A picture as an exported index carries it.

    altered: a smaller copy was sent to the embedder instead of the file. length: of the vector as
    the embedder gave it; None where the index that was exported did not keep it. facts: what is
    known of the picture, by column.
    """

    picture: Picture
    thumbnail: bytes
    vector: Vector
    altered: bool
    length: float | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """What a column says of the pictures of a scope.

    pictures: how many it says something of. low, high: the least and the largest number; None where
    there is none. values: its texts with how many pictures each has, the most frequent first.
    """

    pictures: int
    low: float | None
    high: float | None
    values: tuple[tuple[str, int], ...]


Outcome: TypeAlias = Literal["answered", "cached", "refused", "capped"]
"""What became of a call: the service answered it; it was not needed, because the answer was kept;
the service refused it; or a cap kept it from being made. Only the first is charged."""

ReachedCap: TypeAlias = Literal["", "day", "visitor"]


@dataclass(frozen=True)
class PaidCall:
    """A call to a paid service. day: in UTC, "2026-11-27". visitor: who it is made for; "" if for
    nobody, as by a run."""

    kind: str  # "image", "text" or "link"
    day: str
    visitor: str = ""


@dataclass(frozen=True)
class CallCount:
    """The calls of one kind on one day, by what became of them."""

    day: str
    kind: str
    answered: int = 0
    cached: int = 0
    refused: int = 0
    capped: int = 0


class VectorSpace(Protocol):
    """The vectors of one embedder, ready to be searched. Safe to use from many threads.

    A search never waits for a run that adds vectors: it reads the last complete state. Every
    method raises IndexUnavailable where the index cannot be used.
    """

    def __len__(self) -> int:
        """How many pictures can be found now."""

    def generation(self) -> int:
        """Names the state that is searched now; grows whenever it changes."""

    @property
    def tuning(self) -> Tuning | None:
        """The approximate indexes; None for an engine that always searches exactly."""

    def nearest(self, vector: Vector, k: int, scope: Scope, *, exact: bool = False) -> Nearest:
        """The k pictures in `scope` with the highest cosine; fewer where there are fewer.

        vector: unit length, shape (dimensions,). exact: without an approximate index, which gives
        fewer than k where it is asked for very many. Raises ValueError for another shape.
        """

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        """Those of the pictures that have a vector, in the order asked for, and their vectors."""

    def having(self, ids: Iterable[str]) -> set[str]:
        """Those of the pictures that have a vector."""

    def count(self, scope: Scope) -> int:
        """How many pictures in `scope` can be found now."""

    def spread(self, column: str, scope: Scope, most: int) -> Spread:
        """What a column says of the pictures in `scope` that can be found now.

        most: how many of its values are listed.
        """

    def sample(self, scope: Scope, limit: int) -> Sample:
        """`limit` pictures in `scope`, or all if there are fewer; always the same for one state."""

    def neighbours(self, k: int, deadline: Deadline) -> Neighbours:
        """The k nearest of every picture; of fewer pictures all others.

        Takes seconds for 10,000 pictures, and leaves room for searches. Of a large collection an
        engine may give the nearest by an estimate. Raises Cancelled.
        """


class RunLock(Protocol):
    """Held by the one run that adds to an index, in this process or any other that shares it.

    It is free within a minute when its holder ends, even by kill -9.
    """

    def acquire(self) -> bool:
        """False if somebody else has it. Raises OSError, IndexUnavailable."""

    def release(self) -> None: ...

    def is_held(self) -> bool:
        """True if anybody holds it. A holder who is told False has lost it and must stop."""


class KeptSearches(Protocol):
    """The searches that somebody saved under a name, and those that were asked last."""

    def saved_searches(self) -> list[SavedSearch]:
        """All of them, the one saved last first."""

    def save_search(self, search: SavedSearch) -> str:
        """Keep a search; returns its name, which gets a number where it is taken."""

    def rename_search(self, name: str, wanted: str) -> str:
        """Returns the new name, which gets a number where it is taken; "" if there is none such."""

    def delete_search(self, name: str) -> None: ...

    def history(self) -> list[str]:
        """The last HISTORY_KEPT addresses that were asked, the last first, each once."""

    def add_to_history(self, address: str, asked: float, instead_of: str = "") -> bool:
        """Put an address to the top; True if it was not in the history before.

        asked: seconds since 1970. instead_of: an address that is forgotten for it.
        """

    def clear_history(self) -> None: ...


class KnownFacts(Protocol):
    """What is known of pictures beside what they show, by column; one value for each picture."""

    def add_own_facts(self, facts: Mapping[str, Mapping[str, str]]) -> None:
        """Keep what pictures themselves say, or what came with them: {picture id: {column: text}}.

        An empty text forgets what was kept of that column. It is forgotten with its picture.
        """

    def own_facts(self) -> dict[str, dict[str, str]]:
        """All that was kept with `add_own_facts`."""

    def own_facts_state(self) -> int:
        """Grows whenever own facts change."""

    def set_facts(self, facts: Mapping[str, Mapping[str, Value]]) -> None:
        """What is known from now on: {column: {picture id: value}}; all else is forgotten."""

    def facts(self, ids: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Value]]:
        """What these columns say of these pictures, by picture id and column."""


class Index(KeptSearches, KnownFacts, Protocol):
    """The durable index. Safe to use from many threads and processes.

    Identity is content: a picture is the SHA-256 of its bytes, a file is a path that holds one.
    Vectors outlive their files: a picture that comes back costs no call. Every method raises
    IndexUnavailable where the index cannot be used.
    """

    @property
    def notices(self) -> Sequence[str]:
        """What the person should know of how the index was opened, whole sentences."""

    @property
    def may_write(self) -> bool:
        """False for a user of a database who may only read: then nothing is added or kept."""

    @property
    def place(self) -> str:
        """Where the index lies, in words; "" where that is the data folder."""

    def vector_space(
        self,
        embedder_id: str,
        dimensions: int,
        is_running: Callable[[], bool],
        dropped: Callable[[], object],
    ) -> VectorSpace:
        """The vectors of one embedder.

        is_running: whether a run is on, here or in another process: then a search is content with
        a state that is some seconds old. dropped: told when damaged vectors were dropped, which
        have to be made again.
        """

    def run_lock(self) -> RunLock: ...

    def close(self) -> None: ...

    # -- small facts

    def meta(self, key: str, default: str = "") -> str:
        """A small fact that was kept with `set_meta`."""

    def set_meta(self, key: str, value: str) -> None: ...

    def generation(self, embedder_id: str) -> int:
        """Grows whenever the set of pictures that this embedder can find changes."""

    # -- files and pictures

    def files(self) -> Mapping[str, FileRow]:
        """Every file by its path: for a scan, which compares it with the disk."""

    def files_below(self, prefix: str) -> list[str]:
        """The paths that begin with a prefix ending in "/", sorted."""

    def unreadable(self) -> Mapping[str, Unreadable]:
        """Every file that a scan saw and did not take, by its path."""

    def is_vetted(self, picture_id: str) -> bool:
        """True for a picture whose description was made from its bytes, here."""

    def add_files(
        self, files: Sequence[FileRow], pictures: Sequence[tuple[Picture, bytes]] = ()
    ) -> None:
        """Record files, and the pictures (with their thumbnails) that were made from them."""

    def add_unreadable(self, entries: Sequence[Unreadable]) -> None: ...

    def read_again(self, *, only_refused: bool) -> None:
        """Let the next scan read every file again, or only those that were not taken.

        What is known of them stays until then, and what was read again is not marked any more: a
        scan that is stopped in between goes on where it was.
        """

    def forget_files(self, paths: Iterable[str]) -> None:
        """Drop files that are gone. Their pictures stay until `forget_pictures`."""

    def orphans(self) -> list[str]:
        """The pictures that no file holds any more."""

    def forget_pictures(self, ids: Iterable[str]) -> None:
        """Drop what is known of pictures that no file holds; their vectors stay."""

    def pictures(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Picture]:
        """What is known of these pictures; their files inside `scope` are named first."""

    def thumbnail(self, picture_id: str) -> bytes | None: ...

    def copies(self) -> list[str]:
        """The pictures that several files hold, in ascending order."""

    def signatures(self, ids: Sequence[str]) -> dict[str, bytes]:
        """What was kept with `add_signatures` of these pictures."""

    def add_signatures(self, signatures: Mapping[str, bytes]) -> None:
        """Keep what tells whether two pictures show the same: bytes by picture id."""

    def count(self, scope: Scope) -> int:
        """How many distinct pictures have a file in `scope`."""

    def page(self, scope: Scope, first: int, count: int, order: Order | None = None) -> list[str]:
        """The ids of `count` pictures in `scope` from number `first` on.

        Without an order, and of equal pictures, in ascending order. By a column: its numbers, then
        the texts that are none, large and small letters being the same.
        """

    def named(self, embedder_id: str, limit: int) -> list[tuple[str, str]]:
        """(id, first path) of at most `limit` pictures that have a vector, by path."""

    def folders(self) -> list[tuple[str, int]]:
        """Every folder that holds pictures, at any depth, with how many files lie below it."""

    def counts(self, embedder_id: str, scope: Scope) -> tuple[int, int]:
        """(pictures with a vector of this embedder, pictures that have or can get one)."""

    # -- vectors and what came of asking for them

    def plan(self, embedder_id: str, scope: Scope) -> Plan:
        """What is left to do for the files in `scope`, by the last scan."""

    def missing(self, embedder_id: str, scope: Scope) -> list[Missing]:
        """The pictures to embed, by path: no vector, and no refusal that would be repeated."""

    def add_vectors(self, embedder_id: str, rows: Sequence[tuple[str, RawVector, bool]]) -> None:
        """Record (picture id, the embedder's answer, whether the bytes sent were altered).

        Kept are the vector at unit length and the length that it had. Raises ValueError for a
        vector that is not finite or has no direction.
        """

    def vector(self, embedder_id: str, picture_id: str) -> Vector | None: ...

    def lengths(self, embedder_id: str, ids: Sequence[str]) -> dict[str, float]:
        """The length at which each picture's vector came, where it was kept."""

    def was_altered(self, embedder_id: str, picture_id: str) -> bool: ...

    def embedders(self) -> list[str]:
        """The embedders that there are vectors of, in order."""

    def held(self, embedder_id: str, ids: Sequence[str]) -> set[str]:
        """Those of the pictures that have a vector, whether a file holds them or not."""

    def dimensions(self, embedder_id: str) -> int | None:
        """How many numbers this embedder's vectors have; None while there is none."""

    def add_failures(self, embedder_id: str, failures: Sequence[Failure]) -> None: ...

    def failures(self, embedder_id: str) -> list[Failure]: ...

    def clear_failures(self, embedder_id: str) -> None: ...

    def not_indexed_counts(self, embedder_id: str) -> Mapping[tuple[Cause, str], int]:
        """How many files were seen and are not in the index, by cause and kind.

        Answered from memory while nothing has changed, so that a page can ask at each turn.
        """

    def not_indexed(
        self,
        embedder_id: str,
        causes: Collection[Cause],
        text: str = "",
        first: int = 0,
        count: int | None = None,
    ) -> tuple[int, list[NotIndexed]]:
        """How many files are not indexed for one of these causes, and some of them, by path.

        text: what their path or their reason contains; a to z and A to Z are the same. Of all
        these, `count` are listed from number `first` on; with None, all that follow.
        """

    # -- near-duplicates

    def near_duplicates(self, embedder_id: str) -> NearDuplicates:
        """The groups that were kept last.

        Answered from memory while nothing has changed, so that each search can ask.
        """

    def set_near_duplicates(self, embedder_id: str, found: NearDuplicates) -> None:
        """Keep these groups instead of those before."""

    # -- queries and calls

    def query_vector(self, embedder_id: str, kind: str, key: str) -> Measured | None:
        """A query answered before: kind "text" or "image", key the text or the picture id."""

    def add_query_vector(self, embedder_id: str, kind: str, key: str, vector: RawVector) -> None:
        """Keep the embedder's answer to a query, as `add_vectors` does."""

    def query_keys(self, embedder_id: str) -> list[tuple[str, str]]:
        """The (kind, key) of every query whose vector was kept, in order."""

    def reserve_call(
        self,
        embedder_id: str,
        call: PaidCall,
        most: int | None = None,
        visitor_most: int | None = None,
    ) -> ReachedCap:
        """Count a call as answered before it is made, unless that exceeds a cap.

        most: the calls of one day, of all embedders together. visitor_most: those of one visitor
        on one day; it does not hold for calls for nobody. Returns "", or which cap is reached:
        then nothing is counted. All processes on one index keep to a cap together. A process that
        is killed leaves its calls counted; only a power cut may lose the last of them.
        """

    def count_calls(
        self, embedder_id: str, changes: Mapping[tuple[PaidCall, Outcome], int]
    ) -> None:
        """Add to the counts. With -1 for "answered", a reserved call is taken back."""

    def calls(self, embedder_id: str, first: str, last: str) -> list[CallCount]:
        """The calls from one day to another, both counted in, by day and kind in this order."""

    # -- which of two models is the better one

    def add_vote(self, vote: Vote) -> None:
        """Keep a vote instead of what was voted before for this query and these two models."""

    def votes(self) -> list[Vote]:
        """All of them, the last first."""

    # -- taking an index along

    def export(
        self, embedder_id: str, scope: Scope
    ) -> AbstractContextManager[tuple[Mapping[str, bool], Iterator[tuple[str, Measured]]]]:
        """One consistent read of the pictures in `scope` that have a vector.

        Gives (picture id -> whether a smaller copy was sent, in ascending order of the ids) and,
        in the same order, an iterator of (picture id, vector with its length). Damaged vectors are
        dropped first.
        """

    def import_pictures(
        self, embedder_id: str, pictures: Iterable[ArchivedPicture], *, trusted: bool
    ) -> None:
        """Take them all or, if the iterable raises, none of them.

        Never over a vector or a description that was made here. trusted: the descriptions need
        not be checked again against the files' bytes.
        """
