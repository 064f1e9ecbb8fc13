"""The built-in model's two towers in numpy.

The shapes are read from the weights; how they were learned is in tools/training/model.py, which
computes the same in PyTorch. Batch norm is folded into the layers before it by the exporter.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
# Pictures that go through the convolutions together: more no longer gains speed, only memory.
CHUNK = 4


class Towers:
    """Both towers of one set of weights. Safe to call from several threads."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self._w: dict[str, Floats] = {
            name: np.ascontiguousarray(array, dtype=np.float32)
            for name, array in weights.items()
            if array.dtype.kind == "f"
        }
        self.side, self._early, self._heads = (int(n) for n in weights["shape"])
        self._strides = [int(n) for n in weights["strides"]]
        self._layers = sum(name.endswith(".qkv.weight") for name in self._w)
        self.dimensions: int = self._w["image.out.weight"].shape[1]
        self._places: dict[tuple[int, int], Floats] = {}
        self._lock = threading.Lock()

    # -- pictures

    def pictures(self, pixels: npt.NDArray[np.uint8]) -> Floats:
        """uint8 (n, side, side, 3) RGB -> float32 (n, dimensions), unit rows."""
        parts = [self._chunk(pixels[at : at + CHUNK]) for at in range(0, len(pixels), CHUNK)]
        if not parts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.concatenate(parts)

    def _chunk(self, pixels: npt.NDArray[np.uint8]) -> Floats:
        w = self._w
        x: Floats = pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)
        early = x
        for number, stride in enumerate(self._strides):
            x = _convolve(x, w[f"image.{number}.weight"], w[f"image.{number}.bias"], stride)
            if number == self._early:
                early = x
        n, height, width, _ = x.shape
        step = early.shape[1] // height
        early = early[:, : height * step, : width * step]
        early = early.reshape(n, height, step, width, step, -1).mean((2, 4))
        whole = np.concatenate([x, early, self._where(n, height, width)], axis=3)
        mixed = _dense(whole.reshape(n, height * width, -1), w, "image.mix")
        np.maximum(mixed, 0, out=mixed)
        look = _dense(mixed, w, "image.look").transpose(0, 2, 1)
        value = _dense(mixed, w, "image.value")
        sure = 1 / (1 + np.exp(-look.max(2)))
        seen = (_softmax(look) @ value) * sure[:, :, None]
        found = np.concatenate([mixed.mean(1), mixed.max(1), sure, seen.reshape(n, -1)], axis=1)
        return _unit(_dense(found, w, "image.out"))

    def _where(self, n: int, height: int, width: int) -> Floats:
        """(n, height, width, 2): how high a place is, and how far from the middle."""
        with self._lock:
            if (height, width) not in self._places:
                place = np.empty((height, width, 2), np.float32)
                place[:, :, 0] = np.linspace(-1, 1, height)[:, None]
                place[:, :, 1] = np.abs(np.linspace(-1, 1, width))[None, :]
                self._places[height, width] = place
            where = self._places[height, width]
        out: Floats = np.broadcast_to(where, (n, height, width, 2))
        return out

    # -- texts

    def text(self, ids: Sequence[int]) -> Floats:
        """Token ids of one text, at least one -> float32 (dimensions,), unit length."""
        w = self._w
        tokens = np.asarray(ids, dtype=np.intp)
        x = w["text.word"][tokens] + w["text.place"][: len(tokens)]
        for number in range(self._layers):
            x = self._read(x, f"text.{number}")
        here = _dense(_norm(x, w, "text.norm"), w, "text.here")
        plain, left, right = np.split(here, 3, axis=1)
        parts = w["text.alone"][tokens] + plain + left * right
        vector: Floats = _unit(parts.sum(0)[None])[0]
        return vector

    def _read(self, x: Floats, name: str) -> Floats:
        w = self._w
        length, width = x.shape
        qkv = _dense(_norm(x, w, f"{name}.first"), w, f"{name}.qkv")
        q, k, v = qkv.reshape(length, 3, self._heads, -1).transpose(1, 2, 0, 3)
        scale = np.float32((width // self._heads) ** -0.5)
        mixed = _softmax((q @ k.transpose(0, 2, 1)) * scale) @ v
        x = x + _dense(mixed.transpose(1, 0, 2).reshape(length, width), w, f"{name}.join")
        up = np.maximum(_dense(_norm(x, w, f"{name}.second"), w, f"{name}.up"), 0)
        return x + _dense(up, w, f"{name}.down")


def _convolve(x: Floats, weight: Floats, bias: Floats, stride: int) -> Floats:
    """3x3 convolution with a border of zeros, then ReLU.

    x: (n, height, width, inputs); weight: (9 * inputs, outputs), rows by line, column, input.
    """
    n, height, width, inputs = x.shape
    padded = np.zeros((n, height + 2, width + 2, inputs), np.float32)
    padded[:, 1:-1, 1:-1] = x
    rows, columns = -(-height // stride), -(-width // stride)
    patches = np.empty((n, rows, columns, 3, 3, inputs), np.float32)
    for line in range(3):
        for column in range(3):
            patches[:, :, :, line, column] = padded[
                :,
                line : line + stride * (rows - 1) + 1 : stride,
                column : column + stride * (columns - 1) + 1 : stride,
            ]
    out: Floats = patches.reshape(-1, 9 * inputs) @ weight
    out += bias
    np.maximum(out, 0, out=out)
    return out.reshape(n, rows, columns, -1)


def _dense(x: Floats, w: Mapping[str, Floats], name: str) -> Floats:
    out: Floats = x @ w[f"{name}.weight"]
    out += w[f"{name}.bias"]
    return out


def _norm(x: Floats, w: Mapping[str, Floats], name: str) -> Floats:
    centred = x - x.mean(-1, keepdims=True)
    # 1e-5 is PyTorch's default, which the training used.
    spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-5))
    out: Floats = centred / spread * w[f"{name}.weight"] + w[f"{name}.bias"]
    return out


def _softmax(x: Floats) -> Floats:
    """Along the last axis."""
    raised = np.exp(x - x.max(-1, keepdims=True))
    out: Floats = raised / raised.sum(-1, keepdims=True)
    return out


def _unit(x: Floats) -> Floats:
    # The towers end in a sum of many parts: a length of exactly zero does not happen, but a
    # division by zero must not either.
    out: Floats = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.float32(1e-12))
    return out
