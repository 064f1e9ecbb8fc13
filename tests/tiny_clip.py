"""Towers made on the spot: tiny ones that know colours, and ones of a real model's shape.

The ONNX files are written field by field (onnx/onnx.proto): forty lines, where the package onnx
would add 18 MB to every test run for two graphs of five nodes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

# What the tiny text tower knows; the vision tower sees the mean colour of a picture.
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (30, 70, 220),
    "yellow": (235, 215, 40),
    "orange": (240, 140, 30),
    "purple": (130, 50, 160),
    "pink": (240, 140, 180),
    "brown": (120, 75, 40),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
}

Array = npt.NDArray[np.float32]


def make_pair(root: Path, dimensions: int = 8, seed: int = 0) -> Path:
    """Write DIR/vision and DIR/text; “red” lies near red pictures. Returns `root`."""
    make_vision(root / "vision", dimensions, seed)
    make_text(root / "text", dimensions, seed)
    return root


def make_vision(folder: Path, dimensions: int = 8, seed: int = 0, ballast: int = 0) -> Path:
    """A tower that averages the picture and turns its colour into `dimensions` numbers.

    ballast: bytes of weights that do nothing, so that a file has a size worth a download.
    """
    turn, offset = _space(dimensions, seed)
    save_model(
        folder / "model.onnx",
        nodes=[
            node("GlobalAveragePool", ["pixel_values"], ["mean"]),
            node("Flatten", ["mean"], ["colour"]),
            node("Gemm", ["colour", "turn", "offset"], ["image_embeds"]),
        ],
        weights={"turn": turn, "offset": offset, **_ballast(ballast)},
        inputs=[value("pixel_values", FLOAT, ["N", 3, 224, 224])],
        outputs=[value("image_embeds", FLOAT, ["N", dimensions])],
    )
    write_preprocessor(folder)
    return folder


def make_text(
    folder: Path,
    dimensions: int = 8,
    seed: int = 0,
    ballast: int = 0,
    declared: bool = True,
    wants: str = "",
    fill: float | None = None,
) -> Path:
    """A tower that averages the colours of the words; a word it does not know is grey.

    Faults: `declared` false leaves the dimensions open in the file, `wants` names one input more,
    `fill` is put in place of every weight.
    """
    turn, offset = _space(dimensions, seed)
    colours = np.array([(127.5, 127.5, 127.5)] * 2 + list(COLOURS.values()), np.float32)
    table = (colours / 127.5 - 1) @ turn + offset
    if fill is not None:
        table = np.full_like(table, fill)
    save_model(
        folder / "model.onnx",
        nodes=[
            node("Gather", ["table", "input_ids"], ["words"]),
            node("Cast", ["attention_mask"], ["mask"], to=FLOAT),
            node("Unsqueeze", ["mask", "last"], ["weights"]),
            node("Mul", ["words", "weights"], ["kept"]),
            node("ReduceSum", ["kept", "middle"], ["text_embeds"], keepdims=0),
        ],
        weights={
            "table": table.astype(np.float32),
            "last": np.array([-1], np.int64),
            "middle": np.array([1], np.int64),
            **_ballast(ballast),
        },
        inputs=[
            value("input_ids", INT64, ["N", "length"]),
            value("attention_mask", INT64, ["N", "length"]),
            *([value(wants, FLOAT, ["N"])] if wants else []),
        ],
        outputs=[value("text_embeds", FLOAT, ["N", dimensions if declared else "D"])],
    )
    write_tokenizer(folder, ["[PAD]", "[UNK]", *COLOURS])
    return folder


def _space(dimensions: int, seed: int) -> tuple[Array, Array]:
    """Three orthogonal directions for the colour channels, and a fourth that all share."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(dimensions, 4)))[0].T.astype(np.float32)
    return basis[:3], basis[3] * np.float32(0.3)


def _ballast(size: int) -> dict[str, Array]:
    return {"ballast": np.ones(size // 4, np.float32)} if size else {}


def write_preprocessor(folder: Path) -> None:
    config = {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": 224},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": 224, "width": 224},
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(config))


def write_tokenizer(folder: Path, words: Sequence[str]) -> None:
    tokenizer: dict[str, object] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: number for number, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    config = {"model_max_length": 77, "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


# --- ONNX, as far as these towers need it -------------------------------------------------------

FLOAT, INT64 = 1, 7  # TensorProto.DataType


def save_model(
    path: Path,
    nodes: Sequence[bytes],
    weights: dict[str, npt.NDArray[np.generic]],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> None:
    """Write a ModelProto: IR version 8, operator set 17."""
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = b"".join(
        [
            *(message(1, item) for item in nodes),
            message(2, b"tower"),
            *(message(5, tensor(name, array)) for name, array in weights.items()),
            *(message(11, item) for item in inputs),
            *(message(12, item) for item in outputs),
        ]
    )
    path.write_bytes(number(1, 8) + message(7, graph) + message(8, number(2, 17)))


def node(
    operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: object
) -> bytes:
    """A NodeProto. Attributes: int, float or a list of ints."""
    parts = [message(1, name.encode()) for name in inputs]
    parts += [message(2, name.encode()) for name in outputs]
    parts += [message(3, f"{operator}_{outputs[0]}".encode()), message(4, operator.encode())]
    for name, item in attributes.items():
        if isinstance(item, float):
            body = varint(2 << 3 | 5) + struct.pack("<f", item) + number(20, 1)
        elif isinstance(item, int):
            body = number(3, item) + number(20, 2)
        else:
            assert isinstance(item, list)
            body = b"".join(number(8, each) for each in item) + number(20, 7)
        parts.append(message(5, message(1, name.encode()) + body))
    return b"".join(parts)


def value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto; a text in the shape is a dimension left open."""
    dims = b"".join(
        message(1, number(1, size) if isinstance(size, int) else message(2, size.encode()))
        for size in shape
    )
    return message(1, name.encode()) + message(2, message(1, number(1, kind) + message(2, dims)))


def tensor(name: str, array: npt.NDArray[np.generic]) -> bytes:
    kind = INT64 if array.dtype == np.int64 else FLOAT
    dims = b"".join(number(1, size) for size in array.shape)
    return dims + number(2, kind) + message(8, name.encode()) + message(9, array.tobytes())


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field: int, content: int) -> bytes:
    return varint(field << 3) + varint(content)


def varint(content: int) -> bytes:
    content &= (1 << 64) - 1  # negative numbers are ten bytes of two's complement
    out = bytearray()
    while content > 127:
        out.append(content & 127 | 128)
        content >>= 7
    return bytes([*out, content])
