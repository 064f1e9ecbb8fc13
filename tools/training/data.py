"""The pictures to learn from: scenes drawn once, kept small on disk, and read as they are needed.

python -m tools.training.data --pictures 120000 --seed 2 --folder tools/.cache/training
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from tools.paintings.compose import Picture, compose
from tools.paintings.scene import TRAINING_STYLES, Scene, random_scene
from tools.paintings.styles import paint

# Pixels a side of the kept squares: a tenth more than the model sees, for random crops.
KEPT = 88
# (width, height) for the drawing, the shapes of the gallery; squeezed to a square afterwards.
SHAPES = ((120, 80), (120, 90), (104, 104), (90, 120), (80, 120), (120, 68))
# Painted ones are drawn larger, because strokes have a least width in pixels.
PAINTED_SCALE = 1.5
TWO_THINGS = 0.55
# Composing a scene takes longer than painting it: each is painted in several styles.
STYLES_EACH = 3
# Styles whose palette or shapes begin with the composition; the others share one.
COMPOSED_APART = {"ink wash": "ink", "woodcut": "cut", "poster": "cut"}
PER_SHARD = 2000


def twin(scene: Scene) -> Scene | None:
    """The same picture with the colours of its two things exchanged."""
    if len(scene.coloured) != 2 or scene.coloured[0].kind == scene.coloured[1].kind:
        return None
    first, second = scene.coloured
    sky = tuple(thing for thing in scene.things if thing.colour is None)
    things = (
        replace(first, colour=second.colour),
        replace(second, colour=first.colour),
        *sky,
    )
    return replace(scene, things=things)


def picture(scene: Scene, side: int, *, painted: bool, shape: int) -> np.ndarray:
    """A scene as the model gets it: uint8 (side, side, 3)."""
    return in_styles(scene, (scene.style,), side, painted=painted, shape=shape)[0]


def in_styles(
    scene: Scene, styles: Sequence[str], side: int, *, painted: bool, shape: int
) -> list[np.ndarray]:
    """One composition in several styles, each uint8 (side, side, 3); see render.draw."""
    width, height = SHAPES[shape % len(SHAPES)]
    scale = PAINTED_SCALE if painted else 1
    size = round(width * scale), round(height * scale)
    composed: dict[str, Picture] = {}
    squares = []
    for style in styles:
        one = replace(scene, style=style)
        look = COMPOSED_APART.get(style, "")
        if look not in composed:
            composed[look] = compose(one, *size)
        drawn = paint(composed[look], one, painted=painted)
        squares.append(cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA))
    return squares


def draw_scenes(
    rng: np.random.Generator, count: int, painted_share: float
) -> tuple[np.ndarray, list[Scene]]:
    """`count` training pictures at KEPT pixels, and their scenes.

    A picture of two things is followed by its twin in the same style, so that neighbours differ
    in nothing but which thing has which colour.
    """
    pixels, scenes = [], []
    while len(scenes) < count:
        scene = random_scene(rng, TRAINING_STYLES, two=TWO_THINGS)
        styles = [str(style) for style in rng.permutation(TRAINING_STYLES)[:STYLES_EACH]]
        how = {"painted": bool(rng.random() < painted_share), "shape": int(rng.integers(6))}
        kin = [one for one in (scene, twin(scene)) if one is not None]
        drawn = [in_styles(one, styles, KEPT, **how) for one in kin]
        for number, style in enumerate(styles):
            for one, pictures in zip(kin, drawn, strict=True):
                pixels.append(pictures[number])
                scenes.append(replace(one, style=style))
    return np.stack(pixels[:count]), scenes[:count]


def make_shard(done: Path, seed: tuple[int, ...], painted_share: float) -> None:
    """Draw one shard unless it is there."""
    if done.exists():
        return
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    pixels, scenes = draw_scenes(rng, PER_SHARD, painted_share)
    done.with_suffix(".json").write_text(json.dumps([scene.to_dict() for scene in scenes]))
    partial = done.with_suffix(".part.npy")
    np.save(partial, pixels, allow_pickle=False)
    partial.rename(done)


def _work(job: tuple[Path, tuple[int, ...], float]) -> None:
    make_shard(*job)


def make(folder: Path, pictures: int, seed: int, painted_share: float, processes: int) -> None:
    """Draw whatever shards are missing of so many pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[Path, tuple[int, ...], float]] = []
    for shard in range(-(-pictures // PER_SHARD)):
        jobs.append((folder / f"{shard:04d}.npy", (seed, shard), painted_share))
    jobs = [job for job in jobs if not job[0].exists()]
    began = time.monotonic()
    if jobs:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for number, _ in enumerate(pool.imap_unordered(_work, jobs), 1):
                took = time.monotonic() - began
                print(f"shard {number} of {len(jobs)}, {took:.0f} s", flush=True)


def shards_in(folder: Path) -> list[Path]:
    """The finished shards, in order."""
    return sorted(path for path in folder.glob("*.npy") if ".part" not in path.name)


def load(shard: Path) -> tuple[np.ndarray, list[Scene]]:
    """Pixels uint8 (n, KEPT, KEPT, 3) and their scenes."""
    told = json.loads(shard.with_suffix(".json").read_text())
    scenes = [Scene.from_dict(scene) for scene in told]
    pixels = np.load(shard, allow_pickle=False)
    return pixels, scenes


def held_out(count: int, style: str | None, seed: int) -> list[Scene]:
    """Scenes for measuring: of the training styles, or of one style. Never of a training seed."""
    rng = np.random.default_rng((seed, 10**6))
    styles = TRAINING_STYLES if style is None else (style,)
    return [random_scene(rng, styles) for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=120_000, help="in the training styles")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--painted", type=float, default=0.06, help="share of painted pictures")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, default=Path("tools/.cache/training"))
    given = parser.parse_args()
    make(given.folder, given.pictures, given.seed, given.painted, given.processes)


if __name__ == "__main__":
    main()
