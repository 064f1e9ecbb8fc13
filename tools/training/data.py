"""The pictures to learn from: scenes drawn once, kept small on disk, and read as they are needed.

python -m tools.training.data --pictures 100000 --seed 1 --folder tools/.cache/training
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from tools.paintings.render import draw
from tools.paintings.scene import TRAINING_STYLES, Scene, random_scene

# Pixels a side of the kept squares: a tenth more than the model sees, for random crops.
KEPT = 70
# (width, height) for the drawing, the shapes of the gallery; squeezed to a square afterwards.
SHAPES = ((132, 88), (132, 99), (112, 112), (99, 132), (88, 132), (132, 75))
PAINTED_SHAPES = tuple((w * 3 // 2, h * 3 // 2) for w, h in SHAPES)
TWO_THINGS = 0.55
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


def scenes_for(shard: int, seed: int, count: int = PER_SHARD) -> list[Scene]:
    """Training scenes; a picture of two things is followed by its twin."""
    rng = np.random.default_rng((seed, shard))
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = random_scene(rng, TRAINING_STYLES, two=TWO_THINGS)
        scenes.append(scene)
        other = twin(scene)
        if other is not None and len(scenes) < count:
            scenes.append(other)
    return scenes


def picture(scene: Scene, side: int, *, painted: bool, shape: int) -> np.ndarray:
    """A scene as the model gets it: uint8 (side, side, 3)."""
    size = (PAINTED_SHAPES if painted else SHAPES)[shape % len(SHAPES)]
    drawn = draw(scene, size, painted=painted)
    return cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA)


def make_shard(folder: Path, shard: int, seed: int, painted_share: float, count: int) -> int:
    """Draw one shard unless it is there; returns the number of its pictures."""
    done = folder / f"{shard:04d}.npy"
    if done.exists():
        return 0
    cv2.setNumThreads(1)
    scenes = scenes_for(shard, seed, count)
    rng = np.random.default_rng((seed, shard, 1))
    pixels = np.empty((count, KEPT, KEPT, 3), np.uint8)
    painted = False
    for number, scene in enumerate(scenes):
        # Twins are painted alike, so that nothing but the colours tells them apart.
        if number == 0 or twin(scene) != scenes[number - 1]:
            painted = bool(rng.random() < painted_share)
            shape = int(rng.integers(len(SHAPES)))
        pixels[number] = picture(scene, KEPT, painted=painted, shape=shape)
    (folder / f"{shard:04d}.json").write_text(json.dumps([s.to_dict() for s in scenes]))
    partial = folder / f"{shard:04d}.part.npy"
    np.save(partial, pixels, allow_pickle=False)
    partial.rename(done)
    return count


def _work(job: tuple[Path, int, int, float, int]) -> int:
    return make_shard(*job)


def make(folder: Path, pictures: int, seed: int, painted_share: float, processes: int) -> None:
    """Draw whatever shards are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = -(-pictures // PER_SHARD)
    jobs = [(folder, shard, seed, painted_share, PER_SHARD) for shard in range(shards)]
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for number, _ in enumerate(pool.imap_unordered(_work, jobs), 1):
            print(f"shard {number} of {shards}, {time.monotonic() - began:.0f} s", flush=True)


def load(folder: Path, pictures: int) -> tuple[np.ndarray, list[Scene]]:
    """Pixels uint8 (n, KEPT, KEPT, 3) and their scenes, of the finished shards."""
    blocks, scenes = [], []
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9].npy")):
        blocks.append(np.load(path, allow_pickle=False))
        scenes += [Scene.from_dict(s) for s in json.loads(path.with_suffix(".json").read_text())]
        if len(scenes) >= pictures:
            break
    return np.concatenate(blocks)[:pictures], scenes[:pictures]


def held_out(count: int, style: str | None, seed: int) -> list[Scene]:
    """Scenes for measuring: of the training styles, or of one style. Never of a training seed."""
    rng = np.random.default_rng((seed, 10**6))
    styles = TRAINING_STYLES if style is None else (style,)
    return [random_scene(rng, styles) for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--painted", type=float, default=0.25, help="share of painted pictures")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, default=Path("tools/.cache/training"))
    given = parser.parse_args()
    make(given.folder, given.pictures, given.seed, given.painted, given.processes)


if __name__ == "__main__":
    main()
