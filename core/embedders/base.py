"""What every embedder promises: bytes or text in, unit vectors of one space out."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]
"""One embedding, shape (dimensions,), float32, unit length."""

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Embeddings, shape (n, dimensions), float32, unit rows."""

# Longer than this and a person believes that the page hangs.
INTERACTIVE_SECONDS = 10.0


class EmbedderError(Exception):
    """A failure that can be said to the person: `str(error)` is a whole sentence, never a key."""


class InputRefused(EmbedderError):
    """This one picture or text gets no vector, now or later; the others are not concerned."""


class ServiceUnavailable(EmbedderError):
    """No answer now, after every retry; the same call may go through later."""


class DeadlinePassed(ServiceUnavailable):
    """The call's time was up before an answer came."""


class ServiceRefused(EmbedderError):
    """No call will go through until something is changed (key, address, version, quota)."""


class Cancelled(EmbedderError):
    """The call was stopped on request."""


@dataclass(frozen=True)
class Call:
    """When a call has to give up, what cancels it, and whether a person is waiting for it.

    deadline: seconds on the clock of `time.monotonic()`.
    interactive: goes ahead of the indexing job's calls.
    """

    deadline: float = math.inf
    cancel: threading.Event = field(default_factory=threading.Event)
    interactive: bool = False

    @classmethod
    def for_person(cls, seconds: float = INTERACTIVE_SECONDS) -> Call:
        return cls(deadline=time.monotonic() + seconds, interactive=True)

    def remaining(self) -> float:
        """Seconds left, possibly infinite, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Raise `Cancelled` or `DeadlinePassed` if the call has to end here."""
        if self.cancel.is_set():
            raise Cancelled("Stopped.")
        if self.remaining() <= 0:
            raise DeadlinePassed("No answer in time. Please try again.")

    def wait(self, seconds: float) -> None:
        """Pause up to `seconds`; raise at once when cancelled or out of time."""
        self.check()
        if self.cancel.wait(min(seconds, self.remaining())):
            raise Cancelled("Stopped.")
        self.check()


class Embedder(Protocol):
    """Pictures and texts -> unit vectors of one space.

    Every method raises an `EmbedderError` for what can be expected to go wrong. Implementations
    are safe to call from several threads.
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
    def batch_size(self) -> int:
        """How many pictures the indexing job hands to one `embed_images`."""

    @property
    def concurrency(self) -> int:
        """How many `embed_images` the indexing job may have in flight at once."""

    @property
    def takes_links(self) -> bool:
        """True if `embed_link` works: the service itself fetches the picture."""

    def embed_images(self, images: Sequence[bytes], call: Call) -> Vectors:
        """Encoded pictures (file bytes, already checked by core.pictures) -> (n, dimensions)."""

    def embed_link(self, url: str, call: Call) -> Vector: ...

    def embed_text(self, text: str, call: Call) -> Vector:
        """Raises InputRefused for a text that it cannot place (empty, too long, no known word)."""

    def unknown_words(self, text: str) -> list[str]:
        """The words of the text that carry no meaning for this embedder, in order."""

    def known_neighbours(self, word: str) -> list[str]:
        """Up to three known words nearest to an unknown one; often empty."""

    def close(self) -> None: ...


def unit(vector: npt.NDArray[np.floating]) -> Vector:
    """Scale to unit length along the last axis.

    Raises ValueError for anything that is not finite or has no direction.
    """
    wide = np.asarray(vector, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not np.isfinite(norms).all() or (norms <= 0).any():
        raise ValueError("a vector without a direction")
    rows: Vector = (wide / norms).astype(np.float32)
    return rows
