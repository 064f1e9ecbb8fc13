"""The embedder that is always there: a small image-text model of this project's own, in numpy.

It was trained on nothing but pictures that tools/paintings draws, and knows the words of
`vocabulary()`. Photographs it compares by colour, light and composition.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from core import pictures
from core.deadline import Deadline
from core.embedders.builtin.colours import colour_features
from core.embedders.builtin.net import Towers
from core.embedders.builtin.words import (
    GROUPS,
    JOINTS,
    MAX_TOKENS,
    TOKENS,
    negations,
    neighbours,
    read,
)
from core.errors import InputRefused, PictureError
from core.vectors import Vector, Vectors, unit

WEIGHTS = Path(__file__).with_name("weights") / "builtin.npz"
# Picture to picture, this share of the squared length is plain colour and layout; texts have
# nothing there, so that a text ranks pictures by the learned part alone. Measured in
# benchmarks/builtin_quality.md: it helps on photographs.
COLOUR_SHARE = 0.4
# One component that every picture and every text shares, before all is scaled to unit length. It
# shifts all cosines between texts and pictures alike: without it a good match lies near 0 and a
# poor one below, which reads as if nothing had been found. No ranking changes.
SHARED = 0.5
# The picture is brought to this many times the model's side before the last, exact step: about the
# size at which the training pictures were drawn.
DECODED = 1.5
# "for example" of the sentence that refuses a text.
SOME_WORDS = ("boat", "red house", "forest", "snow", "sunset", "watercolour")


class BuiltinEmbedder:
    """`core.embedders.Embedder` without key, network or state.

    >>> model = BuiltinEmbedder()
    >>> model.embed_text("a red boat and a blue house", Deadline()).shape == (model.dimensions,)
    True
    """

    label = "Built-in model"
    paid = False
    normalises = True
    batch_size = 16
    # numpy holds all cores in a matrix product already.
    concurrency = 1
    limits = pictures.readable_by("The built-in model")
    takes_links = False

    def __init__(self, weights: Path = WEIGHTS) -> None:
        data = weights.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            loaded = {name: arrays[name] for name in arrays.files}
        if tuple(loaded.pop("tokens")) != TOKENS:
            raise ValueError("these weights were trained with another vocabulary")
        self.towers = Towers(loaded)
        made_of = data + repr((COLOUR_SHARE, SHARED, DECODED)).encode()
        self._version = hashlib.sha256(made_of).hexdigest()[:8]
        blank = np.zeros((1, self.towers.side, self.towers.side, 3), np.uint8)
        self._colour_dimensions: int = colour_features(blank).shape[1]

    @property
    def id(self) -> str:
        return f"builtin:{self._version}"

    @property
    def dimensions(self) -> int:
        return self.towers.dimensions + self._colour_dimensions + 1

    @property
    def side(self) -> int:
        """Pixels of the square that the model sees of every picture."""
        return self.towers.side

    def embed_images(self, images: Sequence[bytes], deadline: Deadline) -> Vectors:
        """Encoded pictures -> (n, dimensions). Raises InputRefused for one that is no picture."""
        squares = np.empty((len(images), self.side, self.side, 3), np.uint8)
        for number, data in enumerate(images):
            deadline.check()
            squares[number] = self._square(data)
        deadline.check()
        return self.embed_squares(squares)

    def embed_squares(self, squares: np.ndarray) -> Vectors:
        """Decoded pictures, uint8 (n, side, side, 3) RGB -> (n, dimensions)."""
        if not len(squares):
            return np.zeros((0, self.dimensions), np.float32)
        learned = self.look(squares) * np.float32((1 - COLOUR_SHARE) ** 0.5)
        colours = colour_features(squares) * np.float32(COLOUR_SHARE**0.5)
        shared = np.full((len(squares), 1), SHARED, np.float32)
        return unit(np.concatenate([learned, colours, shared], axis=1))

    def look(self, squares: np.ndarray) -> Vectors:
        """The learned part alone: uint8 (n, side, side, 3) -> (n, towers.dimensions), unit rows.

        Each picture is seen as it is and mirrored: no word of the vocabulary tells left from right,
        and two looks see a small thing more surely than one.
        """
        return unit(self.towers.pictures(squares) + self.towers.pictures(squares[:, :, ::-1]))

    def _square(self, data: bytes) -> np.ndarray:
        try:
            small = pictures.pixels(data, round(DECODED * self.side))
        except PictureError as error:
            raise InputRefused(str(error)) from error
        return np.asarray(small.resize((self.side, self.side), Image.Resampling.BOX))

    def embed_link(self, url: str, deadline: Deadline) -> Vector:
        raise InputRefused("The built-in model does not fetch links.")

    def embed_text(self, text: str, deadline: Deadline) -> Vector:
        """Raises InputRefused for a text without a known word, or with very many."""
        deadline.check()
        reading = read(text)
        such_as = f"knows words such as {_quoted(SOME_WORDS)}."
        if not reading.says_something:
            if reading.unknown:
                asked = reading.unknown[:8]
                near = dict.fromkeys(n for word in asked for n in neighbours(word))
                known = f"The nearest that it knows: {_quoted(near)}." if near else f"It {such_as}"
                raise InputRefused(f"The built-in model does not know {_quoted(asked)}. {known}")
            raise InputRefused(f"There is nothing to look for yet. The built-in model {such_as}")
        if len(reading.tokens) > MAX_TOKENS:
            raise InputRefused(
                f"That is too long for the built-in model: it reads up to {MAX_TOKENS} words "
                f"that it knows, and these are {len(reading.tokens)}."
            )
        learned = self.towers.text(reading.ids)
        plain = np.zeros(self._colour_dimensions, np.float32)
        return unit(np.concatenate([learned, plain, np.array([SHARED], np.float32)]))

    def unknown_words(self, text: str) -> list[str]:
        return list(read(text).unknown)

    def known_neighbours(self, word: str) -> list[str]:
        return neighbours(word)

    def misread(self, text: str) -> str:
        """A sentence on what of the text is searched for against its meaning, or ""."""
        found = negations(text)
        if not found:
            return ""
        words = dict.fromkeys(negation for negation, _ in found)
        named = dict.fromkeys(name for _, name in found)
        verb = "is" if len(named) == 1 else "are"
        return (
            f"The built-in model does not understand {_quoted(words)}: "
            f"{_quoted(named)} {verb} searched for too."
        )

    def vocabulary(self) -> dict[str, list[str]]:
        """What the model knows, in groups that a page can show: {"things": ["house", ...], ...}.

        Synonyms and plurals are understood too, and not listed.
        """
        return {group: list(words) for group, words in GROUPS.items()}

    def content_words(self, text: str) -> list[str]:
        """The words of a text that name something, each a text of its own that can be embedded."""
        return [token for token in read(text).tokens if token not in JOINTS]

    def close(self) -> None:
        """Nothing is held."""


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)
