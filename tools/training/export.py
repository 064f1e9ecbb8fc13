"""From a PyTorch checkpoint to the weights that the product loads, and the sample that checks them.

python -m tools.training.export tools/.cache/run/average.pt
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.embedders.builtin.words import MAX_TOKENS, TOKENS, read
from tools.paintings.scene import Scene
from tools.training.model import CONVOLUTIONS, EARLY, HEADS, SIDE, TwoTowers

WEIGHTS = Path("core/embedders/weights/builtin.npz")
SAMPLE = Path("tests/data/builtin_sample.npz")
SAMPLE_TEXTS = (
    "boat",
    "a red boat and a blue house",
    "a blue boat and a red house",
    "two crimson cottages by a lake at dusk, without snow",
    "watercolour",
)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def _fold(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    """The factor and the addend per channel that a batch norm comes to after training."""
    factor = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    return factor, _array(norm.bias) - _array(norm.running_mean) * factor


def arrays(model: TwoTowers) -> dict[str, np.ndarray]:
    """Every weight by the name that core/embedders/builtin_net.py knows it by, float16."""
    image, text = model.image, model.text
    out: dict[str, np.ndarray] = {}

    def dense(name: str, layer: nn.Linear) -> None:
        out[f"{name}.weight"] = _array(layer.weight).T
        out[f"{name}.bias"] = _array(layer.bias)

    for number, layer in enumerate(image.layers):
        factor, addend = _fold(layer.norm)
        kernel = _array(layer.conv.weight) * factor[:, None, None, None]
        out[f"image.{number}.weight"] = kernel.transpose(2, 3, 1, 0).reshape(-1, len(kernel))
        out[f"image.{number}.bias"] = addend
    factor, addend = _fold(image.mix_norm)
    out["image.mix.weight"] = (_array(image.mix.weight) * factor[:, None]).T
    out["image.mix.bias"] = addend
    dense("image.look", image.look)
    dense("image.value", image.value)
    factor, addend = _fold(image.scale)
    last = _array(image.out.weight)
    out["image.out.weight"] = (last * factor).T
    out["image.out.bias"] = _array(image.out.bias) + last @ addend
    out["text.word"] = _array(text.word.weight)
    out["text.place"] = _array(text.place)
    out["text.alone"] = _array(text.alone.weight)
    for number, layer in enumerate(text.layers):
        for part in ("qkv", "join", "up", "down"):
            dense(f"text.{number}.{part}", getattr(layer, part))
        for part in ("first", "second"):
            norm = getattr(layer, part)
            out[f"text.{number}.{part}.weight"] = _array(norm.weight)
            out[f"text.{number}.{part}.bias"] = _array(norm.bias)
    out["text.norm.weight"], out["text.norm.bias"] = (
        _array(text.norm.weight),
        _array(text.norm.bias),
    )
    dense("text.here", text.here)
    small = {name: array.astype(np.float16) for name, array in out.items()}
    small["shape"] = np.array([SIDE, EARLY, HEADS], np.int32)
    small["strides"] = np.array([stride for _, stride in CONVOLUTIONS], np.int32)
    # The tokens in their order: weights of another vocabulary must not be read with this one.
    small["tokens"] = np.array(TOKENS)
    return small


def export(checkpoint: Path, weights: Path = WEIGHTS) -> None:
    model = TwoTowers()
    model.load_state_dict(torch.load(checkpoint, weights_only=True))
    weights.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(weights, **arrays(model.eval()))
    print(f"{weights}: {weights.stat().st_size / 1e6:.2f} MB")


def sample(checkpoint: Path, pixels: np.ndarray, path: Path = SAMPLE) -> None:
    """What PyTorch makes of a few pictures and texts, for the test of the numpy towers."""
    model = TwoTowers()
    model.load_state_dict(torch.load(checkpoint, weights_only=True))
    model.eval()
    rows = np.zeros((len(SAMPLE_TEXTS), MAX_TOKENS), np.int64)
    for number, text in enumerate(SAMPLE_TEXTS):
        ids = read(text).ids
        rows[number, : len(ids)] = ids
    with torch.inference_mode():
        block = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        pictures = model.image(block).numpy()
        texts = model.text(torch.from_numpy(rows)).numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, pixels=pixels, pictures=pictures, texts=texts, said=np.array(SAMPLE_TEXTS)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--folder", type=Path, default=Path("tools/.cache/training"))
    given = parser.parse_args()
    export(given.checkpoint)
    shard = given.folder / "0000.npy"
    pixels = np.load(shard, mmap_mode="r", allow_pickle=False)[:6, :SIDE, :SIDE]
    sample(given.checkpoint, np.ascontiguousarray(pixels))
    scenes = json.loads(shard.with_suffix(".json").read_text())[:6]
    print("sample of", [Scene.from_dict(scene).things for scene in scenes])


if __name__ == "__main__":
    main()
