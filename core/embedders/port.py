"""What every embedder promises: bytes or text in, vectors of one space out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from core.deadline import Deadline
from core.model import Limits
from core.vectors import RawVector, RawVectors


@runtime_checkable
class KnowsItsWords(Protocol):
    """What an embedder offers besides that can say which words it knows."""

    def vocabulary(self) -> dict[str, list[str]]:
        """The words that it knows, in groups: {"things": ["house", ...], ...}."""

    def content_words(self, text: str) -> list[str]:
        """The words of a text that name something, each a text of its own."""


class ReservedCall(Protocol):
    """A paid call that was counted before it is made. What is said first holds. Never raises."""

    def settle(self) -> None:
        """The service answered, and charges for it."""

    def release(self, *, refused: bool = False) -> None:
        """It is not charged for: it was not made, not answered, or refused by the service."""


ReserveCall: TypeAlias = Callable[[str], ReservedCall]
"""Asked for every call before it is made, with its kind ("image", "text", "link"), on the thread of
whoever wants it. Raises EmbedderError where the call must not be made."""


class Uncounted:
    """A call that nobody counts."""

    def __init__(self, kind: str) -> None: ...

    def settle(self) -> None: ...

    def release(self, *, refused: bool = False) -> None: ...


@runtime_checkable
class HasLimit(Protocol):
    """What an embedder offers besides whose service limits the rate of its calls."""

    @property
    def limit_per_second(self) -> float | None:
        """The calls a second that the service takes, as told or found; None while unknown."""


class Embedder(Protocol):
    """Pictures and texts -> vectors of one space, at the length that the model gives them.

    Whoever asks scales them to unit length (`core.vectors.measured`). Every method raises an
    `EmbedderError` for what can be expected to go wrong. Implementations are safe to call from
    several threads.
    """

    @property
    def id(self) -> str:
        """Names model and weights, e.g. "azure:2023-04-15". Vectors of two ids never meet."""

    @property
    def label(self) -> str:
        """What the page calls it, e.g. "Azure AI Vision"."""

    @property
    def dimensions(self) -> int: ...

    @property
    def paid(self) -> bool:
        """True if every call costs money or quota."""

    @property
    def normalises(self) -> bool:
        """True if the model scales every vector to length 1, so that lengths tell nothing."""

    @property
    def batch_size(self) -> int:
        """How many pictures the indexing job hands to one `embed_images`."""

    @property
    def concurrency(self) -> int:
        """How many `embed_images` the indexing job may have in flight at once."""

    @property
    def limits(self) -> Limits:
        """Which pictures `embed_images` takes: `core.pictures.payload` makes them fit."""

    @property
    def takes_links(self) -> bool:
        """True if `embed_link` works: the service itself fetches the picture."""

    def embed_images(self, images: Sequence[bytes], deadline: Deadline) -> RawVectors:
        """Encoded pictures (file bytes, within `limits`) -> (n, dimensions), in order.

        Raises InputRefused for one that it cannot read.
        """

    def embed_link(self, url: str, deadline: Deadline) -> RawVector: ...

    def embed_text(self, text: str, deadline: Deadline) -> RawVector:
        """Raises InputRefused for a text that it cannot place (empty, too long, no known word)."""

    def unknown_words(self, text: str) -> list[str]:
        """The words of the text that carry no meaning for this embedder, in order."""

    def known_neighbours(self, word: str) -> list[str]:
        """Up to three known words nearest to an unknown one; often empty."""

    def close(self) -> None: ...
