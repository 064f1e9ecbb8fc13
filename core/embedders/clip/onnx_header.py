"""What an ONNX file declares to take and to give, read without loading its weights.

Field numbers are those of onnx/onnx.proto. The file is walked by seeking over the weights, so
350 MB cost some hundred small reads. The package onnx would read all of it, and weighs 18 MB.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Tensor:
    """A declared input or output; a dimension is None where the model leaves it open."""

    name: str
    shape: tuple[int | None, ...]


def read_header(path: Path) -> tuple[list[Tensor], list[Tensor]]:
    """The inputs and outputs that an ONNX file declares.

    Raises ValueError for anything that is not a whole ONNX file, OSError if it cannot be read.
    """
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []
    initializers: set[str] = set()
    with path.open("rb") as file:
        size = path.stat().st_size
        for field, start, end in _fields(file, 0, size):
            if field != 7:  # ModelProto.graph
                continue
            for part, begin, finish in _fields(file, start, end):
                if part in (11, 12):  # GraphProto.input, GraphProto.output
                    tensor = _value_info(_bytes(file, begin, finish))
                    (inputs if part == 11 else outputs).append(tensor)
                elif part == 5:  # GraphProto.initializer: old exporters list these as inputs too
                    for inner, low, high in _fields(file, begin, finish):
                        if inner == 8:  # TensorProto.name
                            initializers.add(_bytes(file, low, high).decode(errors="replace"))
    if not outputs:
        raise ValueError("no graph")
    return [tensor for tensor in inputs if tensor.name not in initializers], outputs


def _fields(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field number, start, end) of each length-delimited field; numbers are passed over."""
    position = start
    while position < end:
        file.seek(position)
        tag = _varint(file)
        kind = tag & 7
        if kind == 2:
            length = _varint(file)
            begin = file.tell()
            position = begin + length
            if position > end:
                raise ValueError("cut short")
            yield tag >> 3, begin, position
        elif kind == 0:
            _varint(file)
            position = file.tell()
        elif kind in (1, 5):
            position = file.tell() + (8 if kind == 1 else 4)
        else:
            raise ValueError("no protobuf")


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("cut short")
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise ValueError("no protobuf")


def _bytes(file: BinaryIO, start: int, end: int) -> bytes:
    # A name or a shape; a file that claims more here is no model.
    if end - start > 1 << 16:
        raise ValueError("no protobuf")
    file.seek(start)
    return file.read(end - start)


def _value_info(data: bytes) -> Tensor:
    """ValueInfoProto: name 1, type 2 > tensor_type 1 > shape 2 > dim 1, each with dim_value 1."""
    name = ""
    shape: list[int | None] = []
    for field, value in _parts(data):
        if field == 1:
            name = value.decode(errors="replace")
        elif field == 2:
            for dimension in _within(value, 1, 2, 1):
                is_number = dimension[:1] == b"\x08"
                shape.append(_varint(io.BytesIO(dimension[1:])) if is_number else None)
    return Tensor(name, tuple(shape))


def _within(data: bytes, *path: int) -> Iterator[bytes]:
    """Every message at the end of a path of field numbers."""
    if not path:
        yield data
        return
    for field, value in _parts(data):
        if field == path[0]:
            yield from _within(value, *path[1:])


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    for field, start, end in _fields(io.BytesIO(data), 0, len(data)):
        yield field, data[start:end]
