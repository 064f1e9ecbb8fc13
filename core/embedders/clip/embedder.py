"""A real open CLIP on this machine, by fastembed and onnxruntime: no key, no call, no cost.

fastembed is imported when a `ClipEmbedder` is made, never before: without EMBEDDER=clip this
project starts as if the package did not exist.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core import pictures
from core.deadline import Deadline
from core.embedders.clip import files as clip_files
from core.embedders.clip.files import ClipWeightsMissing, size_in_words
from core.embedders.clip.machine import free_memory, usable_cores
from core.embedders.clip.setup import ClipSetup, SetupState
from core.errors import Cancelled, EmbedderRefused, InputRefused, PictureError
from core.settings import Settings
from core.vectors import Vector, Vectors, unit

__all__ = ["ClipEmbedder", "ClipSetup", "ClipWeightsMissing", "SetupState"]

# Pictures that go through the model at once. By 4 a picture costs about what it costs by 16, in
# 100 MB less (benchmarks/clip_speed.py), and "Stop" is obeyed within a second.
CHUNK = 4

# Pictures handed over at once by the indexing job: some two seconds of work between two commits.
BATCH = 16

# A decoded picture waits with its short side at this length at least: three times what the model
# sees. Scaling down in two steps from there is, in Pillow's words, indistinguishable from doing
# it in one (Image.resize, reducing_gap), and sixteen waiting pictures stay below 60 MB.
SHORT_SIDE = 3 * 224

# The model sees the square in the middle, and makes the short side 224 pixels long before it cuts
# that out: of a line of one by a million pixels it would make 200 million. So the ends of
# such a picture are cut off here. What the model sees stays the same, as no pixel of the square
# takes its value from that far away.
LONGEST_SHAPE = 4

# Loading takes the file's size, and most of it once more while onnxruntime copies the weights: 1.4
# (text) to 1.7 times (vision) at the peak, with weights of the real shape.
MEMORY_FACTOR = 1.7


class ClipEmbedder:
    """Pictures and texts -> unit vectors, by a pair of ONNX towers.

    The text tower is loaded here (a second, some 360 MB in all); the vision tower with the first
    picture, so that a small host can search a shipped index without it.

    Raises ClipWeightsMissing if the weights are still to be downloaded (see `ClipSetup`), and
    EmbedderRefused, with a sentence and the next step, for everything else that stands in the way.

    >>> embedder = ClipEmbedder(load_settings())  # doctest: +SKIP
    >>> embedder.embed_text("a red door", Deadline.for_person()).shape  # doctest: +SKIP
    (512,)
    """

    paid = False
    # CLIP compares directions only: in training and in use every vector is scaled before it meets
    # another one, and some exported towers end with that step, some before it.
    normalises = True
    takes_links = False
    limits = pictures.readable_by("CLIP")
    batch_size = BATCH
    # One batch decodes while the other is in the model: without it the model waits at the start
    # of every batch (benchmarks/clip_speed.py).
    concurrency = 2

    def __init__(self, settings: Settings) -> None:
        pair = clip_files.find_pair(settings.clip_model)
        self._weights = clip_files.find_weights(settings, pair)
        clip_files.check_headers(self._weights)
        cores = usable_cores()
        # One core is left to decode on, and for the pages.
        self._threads = settings.clip_threads or max(1, cores - 1)
        self._text = self._load("text")
        self._vision: Any = None
        self._loading = threading.Lock()
        self._job = threading.Lock()
        self.dimensions = len(self._raw_text("a"))
        digest = clip_files.fingerprint(
            self._weights, clip_files.clip_dir(settings) / "fingerprints.json"
        )
        self.id = f"clip:{pair.slug}@{digest}"
        what = f"CLIP from “{settings.clip_model_dir.name}”" if settings.clip_model_dir else None
        self.label = f"{what or pair.label} on this machine"
        self._pool = ThreadPoolExecutor(min(4, cores), thread_name_prefix="clip-decode")

    def embed_text(self, text: str, deadline: Deadline) -> Vector:
        """One text -> (dimensions,). Raises InputRefused for none, or more than the model reads."""
        deadline.check()
        text = text.strip()
        if not text:
            raise InputRefused("There is nothing to search for: the text is empty.")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InputRefused("The text holds half a character; please type it again.") from None
        limit = self._too_long(text)
        if limit:
            raise InputRefused(
                f"The text is too long: this model reads {limit} tokens, some {limit * 3 // 4} "
                "English words. Please shorten it."
            )
        return self._unit(self._raw_text(text))

    def embed_images(self, images: Sequence[bytes], deadline: Deadline) -> Vectors:
        """Encoded pictures -> (n, dimensions), in order.

        Pictures are decoded on other threads while the model works. A person's picture does not
        wait for the indexing job's.

        Raises InputRefused if one of them cannot be decoded; EmbedderRefused if the vision tower
        cannot be used.
        """
        deadline.check()
        vision = self._vision_tower()
        chunks = self._decode_ahead(images)
        turn = contextlib.nullcontext() if deadline.interactive else self._turn(deadline)
        rows: list[Any] = []
        with turn, contextlib.closing(chunks):
            for chunk in chunks:
                deadline.check()
                try:
                    rows.extend(vision.embed(chunk, batch_size=CHUNK))
                except Exception as error:
                    raise self._refusal(error, "vision") from error
        if not rows:
            return np.empty((0, self.dimensions), dtype=np.float32)
        if len(rows[0]) != self.dimensions:
            raise clip_files.different_dimensions(len(rows[0]), self.dimensions, self._weights.own)
        return self._unit(np.stack(rows))

    def embed_link(self, url: str, deadline: Deadline) -> Vector:
        raise InputRefused("This embedder takes no links.")

    def unknown_words(self, text: str) -> list[str]:
        """None: the tokenizer spells out what it has never seen."""
        return []

    def known_neighbours(self, word: str) -> list[str]:
        return []

    def close(self) -> None:
        """End the decoding threads; a call that is on ends with `Cancelled`."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _unit(self, rows: npt.NDArray[np.floating]) -> Vectors:
        try:
            return unit(rows)
        except ValueError:
            raise EmbedderRefused(
                "The CLIP model answers with numbers that are no vectors (zeros or NaN). "
                + clip_files.get_again(self._weights.own)
            ) from None

    def _raw_text(self, text: str) -> npt.NDArray[np.floating]:
        try:
            row: npt.NDArray[np.floating] = np.asarray(next(iter(self._text.embed([text]))))
        except Exception as error:
            raise self._refusal(error, "text") from error
        if row.ndim != 1:
            raise EmbedderRefused(
                f"The text tower answers with {row.ndim} axes instead of one vector a text, so it "
                "is no CLIP text tower. " + clip_files.get_again(self._weights.own)
            )
        return row

    def _too_long(self, text: str) -> int:
        """The number of tokens that the model reads if the text has more, else 0."""
        encoding = self._text.model.tokenizer.encode(text)
        return len(encoding.ids) if encoding.overflowing else 0

    def _vision_tower(self) -> Any:
        with self._loading:
            if self._vision is None:
                self._vision = self._load("vision")
            return self._vision

    def _load(self, kind: str) -> Any:
        """fastembed's model for one tower, from its folder alone: no network."""
        weights = self._weights
        path = weights.model_path(kind)
        free = free_memory()
        needed = round(
            MEMORY_FACTOR * sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))
        )
        if free is not None and free < needed:
            raise EmbedderRefused(
                _too_little_memory(
                    kind, f"{size_in_words(needed)} needed, {size_in_words(free)} free"
                )
            )
        from fastembed import ImageEmbedding, TextEmbedding

        folder = weights.vision if kind == "vision" else weights.text
        try:
            if kind == "vision":
                return ImageEmbedding(weights.pair.vision.name, **self._options(folder))
            return TextEmbedding(weights.pair.text.name, **self._options(folder))
        except Exception as error:
            raise self._refusal(error, kind) from error
        finally:
            _give_back_memory()

    def _options(self, folder: Path) -> dict[str, Any]:
        return {
            "specific_model_path": str(folder),
            # fastembed makes its cache directory even when it needs none: let it be one that is
            # there, not one in the temporary directory.
            "cache_dir": str(folder),
            "threads": self._threads,
            # The same vectors on every machine, whatever onnxruntime finds there.
            "providers": ["CPUExecutionProvider"],
        }

    def _refusal(self, error: Exception, kind: str) -> EmbedderRefused:
        said_so = f"{type(error).__name__}: {error}".lower()
        if isinstance(error, MemoryError) or "alloc" in said_so:
            return EmbedderRefused(_too_little_memory(kind, "the machine gave no more"))
        detail = " ".join(str(error).split())[:200]
        return EmbedderRefused(
            f"The {kind} tower in {self._weights.model_path(kind).parent} cannot be used "
            f"({detail}). " + clip_files.get_again(self._weights.own)
        )

    @contextlib.contextmanager
    def _turn(self, deadline: Deadline) -> Iterator[None]:
        """Wait for the job's other batch to leave the model."""
        while not self._job.acquire(timeout=0.1):
            deadline.check()
        try:
            yield
        finally:
            self._job.release()

    def _decode_ahead(self, images: Sequence[bytes]) -> Generator[list[Image.Image]]:
        """Decoded pictures in order, CHUNK by CHUNK; the next chunk is in the making meanwhile.

        The first two are begun by the call itself, before anything is drawn.
        """
        todo = iter(images)
        ahead: deque[list[Future[Image.Image]]] = deque()

        def begin() -> None:
            try:
                chunk = [self._pool.submit(decode, data) for data in islice(todo, CHUNK)]
            except RuntimeError:  # the pool is shut down: close() was called
                raise Cancelled("Stopped.") from None
            if chunk:
                ahead.append(chunk)

        begin()
        begin()

        def chunks() -> Generator[list[Image.Image]]:
            try:
                while ahead:
                    ready = [future.result() for future in ahead[0]]
                    ahead.popleft()
                    begin()
                    yield ready
            except CancelledError:
                raise Cancelled("Stopped.") from None
            finally:
                for future in chain.from_iterable(ahead):
                    future.cancel()

        return chunks()


def decode(data: bytes) -> Image.Image:
    """File bytes -> an upright RGB picture, short side SHORT_SIDE or the picture's own if less."""
    try:
        size = pictures.stored_size(data)
        image = pictures.pixels(data, round(SHORT_SIDE * max(size) / min(size)))
    except PictureError as error:
        raise InputRefused(str(error)) from error
    longest = LONGEST_SHAPE * min(image.size)
    if max(image.size) <= longest:
        return image
    left = max(0, image.width - longest) // 2
    top = max(0, image.height - longest) // 2
    return image.crop((left, top, image.width - left, image.height - top))


def _give_back_memory() -> None:
    """Return what loading has freed to the system: with both towers 230 of 930 MB (glibc)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another libc keeps its own counsel
            ctypes.CDLL(None).malloc_trim(0)


def _too_little_memory(kind: str, detail: str) -> str:
    return (
        f"There is not enough memory for the {kind} tower of CLIP ({detail}). Close other "
        "programs or use a larger machine; without EMBEDDER=clip the built-in embedder needs none "
        "of it."
    )
