"""What an ONNX file declares to take and to give, read without loading its weights.

An ONNX file is one protobuf message (onnx/onnx.proto in the ONNX repository). A message is a row of
fields: a tag (the field's number and kind), and for a text or a nested message its length in bytes
and then its content. So whatever is not wanted is skipped by seeking.

Why not a library: the package onnx weighs 31 MB and reads the whole file (0.5 s for 350 MB, here
8 ms), and onnxruntime tells inputs and outputs only after it has loaded the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Field numbers from the model down, as in onnx/onnx.proto.
INPUTS = (7, 11)  # ModelProto.graph, GraphProto.input
OUTPUTS = (7, 12)  # ModelProto.graph, GraphProto.output
WEIGHT_NAMES = (7, 5, 8)  # ModelProto.graph, GraphProto.initializer, TensorProto.name

# Field numbers below an input or an output, a ValueInfoProto.
NAME = (1,)
DIMENSIONS = (2, 1, 2, 1)  # type, TypeProto.tensor_type, Tensor.shape, TensorShapeProto.dim

# Tag of a dimension's number (field 1, kind 0); a dimension that is left open has a name instead.
NUMBER_TAG = 1 << 3 | 0

# Bytes. No tensor has a longer name; a file that claims one is no model.
LONGEST_NAME = 1 << 16


@dataclass(frozen=True)
class Tensor:
    """A declared input or output; a dimension is None where the model leaves it open."""

    name: str
    shape: tuple[int | None, ...]


def read_header(path: Path) -> tuple[list[Tensor], list[Tensor]]:
    """The inputs and outputs that an ONNX file declares.

    Raises ValueError for anything that is not a whole ONNX file, OSError if it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        # Old exporters list the weights among the inputs too.
        weights = {_text(file, *span) for span in _find(file, 0, size, *WEIGHT_NAMES)}
        inputs = [_tensor(file, *span) for span in _find(file, 0, size, *INPUTS)]
        outputs = [_tensor(file, *span) for span in _find(file, 0, size, *OUTPUTS)]
    if not outputs:
        raise ValueError("no graph")
    return [tensor for tensor in inputs if tensor.name not in weights], outputs


def _tensor(file: BinaryIO, start: int, end: int) -> Tensor:
    names = [_text(file, *span) for span in _find(file, start, end, *NAME)]
    shape = [_dimension(file, *span) for span in _find(file, start, end, *DIMENSIONS)]
    return Tensor(names[0] if names else "", tuple(shape))


def _text(file: BinaryIO, start: int, end: int) -> str:
    if end - start > LONGEST_NAME:
        raise ValueError("no protobuf")
    file.seek(start)
    return file.read(end - start).decode(errors="replace")


def _dimension(file: BinaryIO, start: int, end: int) -> int | None:
    file.seek(start)
    is_number = start < end and _varint(file) == NUMBER_TAG
    return _varint(file) if is_number else None


def _find(file: BinaryIO, start: int, end: int, *path: int) -> Iterator[tuple[int, int]]:
    """(start, end) of every field at the end of a path of field numbers, in a message."""
    if not path:
        yield start, end
        return
    while start < end:
        file.seek(start)
        tag = _varint(file)
        number, kind = tag >> 3, tag & 7
        if kind == 2:  # a text, bytes or a message, after its length
            length = _varint(file)
        elif kind == 0:  # a number
            _varint(file)
            length = 0
        elif kind in (1, 5):  # eight or four bytes
            length = 8 if kind == 1 else 4
        else:
            raise ValueError("no protobuf")
        content = file.tell()
        start = content + length
        if start > end:
            raise ValueError("cut short")
        if kind == 2 and number == path[0]:
            yield from _find(file, content, start, *path[1:])


def _varint(file: BinaryIO) -> int:
    """A number in seven bits a byte, the lowest first; the eighth bit says that more follow."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("cut short")
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise ValueError("no protobuf")
