"""A local CLIP: pictures a second and memory, with generated weights of the real ViT-B/32 shape.

    python -m benchmarks.clip_speed [--pictures 64] [--rounds 3]

Needs requirements-clip.txt and some 2 GB of memory. The weights (0.6 GB, random numbers, so the
vectors mean nothing) are made in a temporary directory, and cost what the real ones cost. Each
row is a process of its own.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tests import tiny_clip as onnx

# radford2021: ViT-B/32, 12 layers each; vision 768 wide, text 512 wide, one space of 512.
LAYERS, SPACE, VOCABULARY, CONTEXT = 12, 512, 49408, 77
PICTURE = (4000, 3000)  # what a phone takes

WAYS = {
    "one by one": {"batch": 1, "chunk": 1, "flight": 1},
    "batches of 16": {"batch": 16, "chunk": 16, "flight": 1},
    "batches of 16, by 4": {"batch": 16, "chunk": 4, "flight": 1},
    "the same, two in flight": {"batch": 16, "chunk": 4, "flight": 2},
}


class Weights:
    """Random initializers, made as the graph asks for them."""

    def __init__(self) -> None:
        self.arrays: dict[str, onnx.Array] = {}
        self._rng = np.random.default_rng(0)

    def normal(self, *shape: int) -> str:
        name = f"w{len(self.arrays)}"
        self.arrays[name] = self._rng.standard_normal(shape, np.float32) * np.float32(0.02)
        return name

    def ones(self, size: int) -> str:
        name = f"w{len(self.arrays)}"
        self.arrays[name] = np.ones(size, np.float32)
        return name

    def numbers(self, *values: int) -> str:
        name = f"i{len(self.arrays)}"
        self.arrays[name] = np.array(values, np.int64)
        return name

    def scalar(self, value: float) -> str:
        name = f"s{len(self.arrays)}"
        self.arrays[name] = np.array(value, np.float32)
        return name


class Graph:
    """Nodes in order; every method returns the name of its output."""

    def __init__(self) -> None:
        self.weights = Weights()
        self.nodes: list[bytes] = []

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        output = f"n{len(self.nodes)}"
        self.nodes.append(onnx.node(operator, inputs, [output], **attributes))
        return output

    def linear(self, x: str, rows: int, columns: int) -> str:
        product = self.add("MatMul", x, self.weights.normal(rows, columns))
        return self.add("Add", product, self.weights.normal(columns))

    def norm(self, x: str, width: int) -> str:
        w = self.weights
        return self.add("LayerNormalization", x, w.ones(width), w.normal(width), epsilon=1e-5)

    def block(self, x: str, width: int, heads: int) -> str:
        """One layer of a transformer, as CLIP has it (QuickGELU)."""
        w = self.weights
        split = w.numbers(0, 0, heads, width // heads)
        normed = self.norm(x, width)
        query, key, value = (
            self.add("Reshape", self.linear(normed, width, width), split) for _ in range(3)
        )
        query = self.add("Transpose", query, perm=[0, 2, 1, 3])
        key = self.add("Transpose", key, perm=[0, 2, 3, 1])
        value = self.add("Transpose", value, perm=[0, 2, 1, 3])
        scores = self.add("Mul", self.add("MatMul", query, key), w.scalar((width / heads) ** -0.5))
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), value)
        mixed = self.add("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.add("Reshape", mixed, w.numbers(0, 0, width))
        x = self.add("Add", x, self.linear(mixed, width, width))
        hidden = self.linear(self.norm(x, width), width, 4 * width)
        gate = self.add("Sigmoid", self.add("Mul", hidden, w.scalar(1.702)))
        hidden = self.add("Mul", hidden, gate)
        return self.add("Add", x, self.linear(hidden, 4 * width, width))

    def save(self, folder: Path, inputs: list[bytes], x: str, output: str) -> None:
        self.nodes.append(onnx.node("Identity", [x], [output]))
        declared = [onnx.value(output, onnx.FLOAT, ["N", SPACE])]
        onnx.save_model(
            folder / "model.onnx", self.nodes, dict(self.weights.arrays), inputs, declared
        )


def make_vision(folder: Path) -> None:
    g, width = Graph(), 768
    w = g.weights
    x = g.add(
        "Conv", "pixel_values", w.normal(width, 3, 32, 32), kernel_shape=[32, 32], strides=[32, 32]
    )
    x = g.add("Transpose", g.add("Reshape", x, w.numbers(0, width, 49)), perm=[0, 2, 1])
    # The class token, once a picture: an average times nothing, plus the token.
    nothing = g.add("Mul", g.add("ReduceMean", x, axes=[1]), w.scalar(0.0))
    x = g.add("Concat", g.add("Add", nothing, w.normal(1, 1, width)), x, axis=1)
    x = g.norm(g.add("Add", x, w.normal(1, 50, width)), width)
    for _ in range(LAYERS):
        x = g.block(x, width, 12)
    x = g.add("Gather", x, w.numbers(0), axis=1)
    x = g.add("Reshape", x, w.numbers(0, width))
    x = g.add("MatMul", g.norm(x, width), w.normal(width, SPACE))
    shape = onnx.value("pixel_values", onnx.FLOAT, ["N", 3, 224, 224])
    g.save(folder, [shape], x, "image_embeds")
    onnx.write_preprocessor(folder)


def make_text(folder: Path) -> None:
    g, width = Graph(), 512
    w = g.weights
    x = g.add("Gather", w.normal(VOCABULARY, width), "input_ids")
    length = g.add("Gather", g.add("Shape", "input_ids"), w.numbers(1))
    x = g.add("Add", x, g.add("Slice", w.normal(CONTEXT, width), w.numbers(0), length))
    # What the mask would hide is cost all the same.
    mask = g.add("Cast", "attention_mask", to=onnx.FLOAT)
    x = g.add("Mul", x, g.add("Unsqueeze", mask, w.numbers(-1)))
    for _ in range(LAYERS):
        x = g.block(x, width, 8)
    x = g.add("ReduceMean", g.norm(x, width), axes=[1], keepdims=0)
    x = g.add("MatMul", x, w.normal(width, SPACE))
    shapes = [onnx.value(n, onnx.INT64, ["N", "length"]) for n in ("input_ids", "attention_mask")]
    g.save(folder, shapes, x, "text_embeds")
    words = ["[PAD]", "[UNK]", *onnx.COLOURS]
    onnx.write_tokenizer(folder, [*words, *(f"word{n}" for n in range(VOCABULARY - len(words)))])


def photographs(count: int) -> list[bytes]:
    """JPEGs of a phone's size with smooth colours and some grain; eight different ones."""
    rng = np.random.default_rng(0)
    different = []
    for _ in range(min(count, 8)):
        small = Image.fromarray(rng.integers(0, 255, (9, 12, 3), np.uint8))
        pixels = np.asarray(small.resize(PICTURE, Image.Resampling.BICUBIC)).astype(np.int16)
        pixels += rng.integers(-12, 13, pixels.shape, np.int16)
        out = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=85)
        different.append(out.getvalue())
    return [different[n % len(different)] for n in range(count)]


def measure(order: dict[str, object]) -> dict[str, float]:
    """In a process of its own: one row."""
    started = time.perf_counter()
    before = resident()
    from core.deadline import Deadline
    from core.embedders.clip import embedder as clip
    from core.settings import Settings

    root = Path(str(order["root"]))
    settings = Settings(
        embedder="clip",
        clip_model_dir=root / "pair",
        data_dir=root / "data",
        clip_threads=int(str(order["threads"])),
    )
    clip.CHUNK = int(str(order.get("chunk", 4)))
    made = time.perf_counter()
    embedder = clip.ClipEmbedder(settings)
    answer = {
        "import": made - started,
        "constructor": time.perf_counter() - made,
        "bare": before,
    }
    text_started = time.perf_counter()
    for n in range(20):
        embedder.embed_text(f"a red house number {n}", Deadline())
    answer["text_ms"] = (time.perf_counter() - text_started) * 50
    answer["text_only"] = resident()
    answer["text_peak"] = resident("VmHWM")
    if "batch" not in order:
        return answer
    size, flight = int(str(order["batch"])), int(str(order["flight"]))
    pictures = sorted(root.glob("*.jpg"))

    def embed(batch: list[Path]) -> None:
        embedder.embed_images([path.read_bytes() for path in batch], Deadline())

    embed(pictures[:1])  # loads the vision tower
    batches = [pictures[n : n + size] for n in range(0, len(pictures), size)]
    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(flight) as pool:
        list(pool.map(embed, batches))
    wall = time.perf_counter() - wall
    answer["per_second"] = len(pictures) / wall
    answer["cpu_ms"] = (time.process_time() - cpu) / len(pictures) * 1000
    answer["rss"] = resident()
    answer["peak"] = resident("VmHWM")
    return answer


def resident(field: str = "VmRSS") -> float:
    """MB; Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1000
    return float("nan")


def run(order: dict[str, object]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.clip_speed", "--measure", json.dumps(order)],
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(json.loads(arguments.measure))))
        return
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_vision(root / "pair" / "vision")
        make_text(root / "pair" / "text")
        for number, data in enumerate(photographs(arguments.pictures)):
            (root / f"{number:04}.jpg").write_bytes(data)
        sizes = [
            (root / "pair" / kind / "model.onnx").stat().st_size / 1e6
            for kind in ("vision", "text")
        ]
        print(f"vision {sizes[0]:.0f} MB, text {sizes[1]:.0f} MB; JPEGs of 12 MP\n")
        first = run({"root": name, "threads": 2})
        text = run({"root": name, "threads": 2})
        print("| text tower alone | |\n| --- | --- |")
        print(f"| start of the process, before anything | {text['bare']:.0f} MB |")
        print(f"| after 20 texts | {text['text_only']:.0f} MB (peak {text['text_peak']:.0f}) |")
        print(f"| constructor, the first time (files are hashed) | {first['constructor']:.2f} s |")
        print(f"| constructor, later | {text['constructor']:.2f} s |")
        print(f"| a text of five words | {text['text_ms']:.0f} ms |\n")
        rows: dict[tuple[int, str], list[dict[str, float]]] = {}
        for _ in range(arguments.rounds):
            for threads in (1, 2):
                for way, options in WAYS.items():
                    row = run({"root": name, "threads": threads, **options})
                    rows.setdefault((threads, way), []).append(row)
        print("| threads | way | pictures/s | ratio | CPU ms a picture | RSS (peak) MB |")
        print("| --- | --- | --- | --- | --- | --- |")
        base = 0.0
        for (threads, way), found in rows.items():
            # What else runs only ever slows a round down, so the best one is the nearest.
            rate = max(row["per_second"] for row in found)
            cpu = min(row["cpu_ms"] for row in found)
            rss, peak = (max(row[key] for row in found) for key in ("rss", "peak"))
            base = base or rate
            print(
                f"| {threads} | {way} | {rate:.1f} | {rate / base:.2f} | {cpu:.0f} "
                f"| {rss:.0f} ({peak:.0f}) |"
            )


if __name__ == "__main__":
    main()
