"""How well the built-in model finds pictures, beside three simpler ways, as a table.

    python -m benchmarks.builtin_quality [--pictures 2000] [--write]

Draws held-out renders in the styles that were trained on, and in one that never was (figures in
brackets), keeps them in tools/.cache, and needs tools/requirements.txt. The gallery's own pictures
and, where ../shared/recordings is there, photographs are measured too.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from core.deadline import Deadline
from core.embedders.builtin.embedder import BuiltinEmbedder
from core.embedders.builtin.words import TOKENS, read
from tools.paintings.scene import HELD_OUT_STYLE, Scene, Thing
from tools.training import data, measure
from tools.training.captions import FACTS, fact_table

CACHE = Path("tools/.cache/benchmark")
GALLERY = Path("images/gallery")
RECORDINGS = Path(os.environ.get("RECORDINGS", "../shared/recordings"))
REPORT = Path("benchmarks/builtin_quality.md")
# What was aimed at: in the styles trained on, and in the other one.
GOALS: dict[str, tuple[float, float]] = {
    "one word": (0.98, 0.97),
    "colour + object": (0.90, 0.85),
    "object + place or time": (0.95, 0.90),
    "colour object + scene": (0.85, 0.75),
    "two objects, colours bound": (0.90, 0.85),
    "picture to picture, any of five": (0.90, 0.85),
}
# The rest is drawn in the quick manner of the training.
PAINTED_SHARE = 0.1

Embed = Callable[[Sequence[measure.Asked]], np.ndarray]


def _draw(job: tuple[Scene, int, bool, int]) -> np.ndarray:
    scene, side, painted, shape = job
    return data.picture(scene, side, painted=painted, shape=shape)


def renders(name: str, scenes: Sequence[Scene], side: int, painted_share: float) -> np.ndarray:
    """uint8 (n, side, side, 3), drawn once and kept."""
    path = CACHE / f"{name}-{len(scenes)}-{side}.npy"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(11)
        jobs = [
            (scene, side, bool(rng.random() < painted_share), number)
            for number, scene in enumerate(scenes)
        ]
        with multiprocessing.get_context("spawn").Pool() as pool:
            pixels = np.stack(pool.map(_draw, jobs, chunksize=50))
        np.save(path, pixels, allow_pickle=False)
    found: np.ndarray = np.load(path, allow_pickle=False)
    return found


# -- the ways to search


def free_text(model: BuiltinEmbedder) -> Embed:
    """The built-in model as it is shipped."""

    def embed(asked: Sequence[measure.Asked]) -> np.ndarray:
        return np.stack([model.towers.text(read(ask.text).ids) for ask in asked])

    return embed


def bag_of_words(model: BuiltinEmbedder) -> Embed:
    """The same towers, but every word is read alone: what a bag of words loses."""
    alone = {token: model.towers.text([number]) for number, token in enumerate(TOKENS) if number}

    def embed(asked: Sequence[measure.Asked]) -> np.ndarray:
        rows = np.stack([sum(alone[token] for token in read(ask.text).tokens) for ask in asked])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return embed


def hand_made(pixels: np.ndarray) -> np.ndarray:
    """Colours in an 8 x 8 grid, a colour histogram and edge directions: (n, features)."""
    n, side = pixels.shape[:2]
    x = pixels.astype(np.float32) / 255
    grid = x.reshape(n, 8, side // 8, 8, side // 8, 3).mean((2, 4)).reshape(n, -1)
    codes = (x * 3.999).astype(int) @ np.array([16, 4, 1])
    histogram = np.stack([np.bincount(row.ravel(), minlength=64) for row in codes])
    histogram = np.sqrt(histogram / side**2)
    gray = x.mean(3)
    across = np.diff(gray, axis=2)[:, :-1]
    down = np.diff(gray, axis=1)[:, :, :-1]
    strength = np.hypot(across, down)
    angle = np.floor((np.arctan2(down, across) % np.pi) / np.pi * 6).astype(int) % 6
    cell = (side - 1) // 6
    edges = [
        (strength * (angle == k))[:, : cell * 6, : cell * 6]
        .reshape(n, 6, cell, 6, cell)
        .mean((2, 4))
        .reshape(n, -1)
        for k in range(6)
    ]
    features = np.concatenate([grid, histogram, np.sqrt(np.concatenate(edges, 1))], axis=1)
    return np.concatenate([features, np.ones((n, 1))], axis=1)


def facts_wanted(asked: Sequence[measure.Asked]) -> np.ndarray:
    rows = np.zeros((len(asked), len(FACTS)), np.float32)
    for number, ask in enumerate(asked):
        rows[number, ask.query.required] = 1
    return rows


class Ridge:
    """Every fact (a red boat, a forest, ...) predicted by ridge regression on hand-made features.

    A query is the sum of the facts that it demands, each in units of its spread.
    """

    def __init__(self, pixels: np.ndarray, scenes: Sequence[Scene]) -> None:
        features = hand_made(pixels)
        sure, _ = fact_table(scenes)
        wanted = sure.astype(np.float32)
        inner = features.T @ features + 1.0 * np.eye(features.shape[1])
        self.weights = np.linalg.solve(inner, features.T @ wanted)
        spread = (features @ self.weights).std(0)
        self.weights /= np.maximum(spread, 1e-6)
        self.weights[:, spread < 1e-6] = 0

    def pictures(self, pixels: np.ndarray) -> np.ndarray:
        found = hand_made(pixels) @ self.weights
        return found / np.linalg.norm(found, axis=1, keepdims=True)


# What a colour word means in RGB, for the lexicon.
LEXICON = {
    "red": (200, 40, 40),
    "orange": (235, 135, 35),
    "yellow": (240, 215, 60),
    "green": (70, 140, 60),
    "blue": (50, 90, 190),
    "purple": (120, 60, 160),
    "pink": (240, 150, 185),
    "brown": (120, 80, 45),
    "black": (25, 25, 28),
    "white": (245, 245, 245),
    "gray": (130, 130, 130),
}


def lexicon_pictures(pixels: np.ndarray) -> np.ndarray:
    """Share of pixels nearest to each named colour, and how dark the picture is: (n, 12)."""
    colours = np.array(list(LEXICON.values()), np.float32)
    rows = []
    for picture in pixels:
        x = picture.reshape(-1, 1, 3).astype(np.float32)
        nearest = ((x - colours) ** 2).sum(2).argmin(1)
        shares = np.bincount(nearest, minlength=len(colours)) / len(nearest)
        rows.append([*shares, 1 - picture.mean() / 255])
    return np.array(rows)


def lexicon_texts(asked: Sequence[measure.Asked]) -> np.ndarray:
    """The colours that a text names; night is dark; snow, forest, sea and the like by colour."""
    looks = {
        "night": "dark",
        "snow": "white",
        "snowfall": "white",
        "fog": "gray",
        "forest": "green",
        "field": "green",
        "garden": "green",
        "sea": "blue",
        "lake": "blue",
        "river": "blue",
        "desert": "yellow",
        "sunset": "orange",
        "dawn": "pink",
        "tree": "green",
        "lemon": "yellow",
        "moon": "dark",
        "storm": "gray",
        "rain": "gray",
        "city": "gray",
    }
    names = [*LEXICON, "dark"]
    rows = np.zeros((len(asked), len(names)))
    for number, ask in enumerate(asked):
        for token in read(ask.text).tokens:
            look = token if token in LEXICON else looks.get(token)
            if look is not None:
                rows[number, names.index(look)] += 1
    return rows


# -- photographs and speed


def photograph_overlap(model: BuiltinEmbedder) -> dict[str, float] | None:
    """Of the service's own five nearest photographs, how many are among the model's, of five."""
    if not (RECORDINGS / "product_images.npz").exists():
        return None
    with np.load(RECORDINGS / "product_images.npz", allow_pickle=False) as recorded:
        names = [str(name) for name in recorded["names"]]
        service = recorded["vectors"].astype(np.float32)
    service /= np.linalg.norm(service, axis=1, keepdims=True)
    files = [(RECORDINGS / "product_images" / name).read_bytes() for name in names]
    blended = model.embed_images(files, Deadline())
    wanted = _five_nearest(service)

    def overlap(vectors: np.ndarray) -> float:
        found = _five_nearest(vectors)
        return float(np.mean([len(set(a) & set(b)) for a, b in zip(wanted, found, strict=True)]))

    cut = model.towers.dimensions
    return {
        "photographs": len(names),
        "by chance": 25 / (len(names) - 1),
        "learned part alone": overlap(_unit(blended[:, :cut])),
        "colours and layout alone": overlap(_unit(blended[:, cut:-1])),
        "the blend": overlap(blended),
    }


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _five_nearest(vectors: np.ndarray) -> np.ndarray:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, axis=1)[:, :5]


def speeds() -> dict[str, float]:
    """Milliseconds of processor time on one core: numpy's own threads only add what they wait."""
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "benchmarks.builtin_quality", "--speeds"]
    said = subprocess.run(command, env=os.environ | one, check=True, stdout=subprocess.PIPE).stdout
    found: dict[str, float] = json.loads(said)
    return found


def speeds_here() -> dict[str, float]:
    files = [path.read_bytes() for path in sorted(GALLERY.glob("*.jpg"))[:64]]
    files += [_baseline(data) for data in files]
    model = BuiltinEmbedder()
    squares = np.zeros((64, model.side, model.side, 3), np.uint8)
    text = "a red boat and a blue house by a lake at sunset"
    return {
        "a picture of the gallery, its progressive JPEG decoded": _ms(
            lambda: model.embed_images(files[:64], Deadline()), 64
        ),
        "the same as a baseline JPEG": _ms(lambda: model.embed_images(files[64:], Deadline()), 64),
        "a decoded picture": _ms(lambda: model.embed_squares(squares), 64),
        "a text": _ms(lambda: [model.embed_text(text, Deadline()) for _ in range(100)], 100),
        "loading": _ms(BuiltinEmbedder, 1),
    }


def _baseline(data: bytes) -> bytes:
    target = io.BytesIO()
    Image.open(io.BytesIO(data)).save(target, "JPEG", quality=85, optimize=True)
    return target.getvalue()


def _ms(work: Callable[[], object], count: int) -> float:
    """Of processor time for each of `count`, the median of nine runs after one."""
    work()
    spent = []
    for _ in range(9):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) / count * 1e3)
    return round(statistics.median(spent), 2)


def gallery_figures(model: BuiltinEmbedder) -> dict[str, float] | None:
    """The table on the bundled pictures themselves, through the same door as a visitor's."""
    truth = GALLERY / "truth.json"
    if not truth.exists():
        return None
    scenes, files = [], []
    for name, said in json.loads(truth.read_text()).items():
        things = tuple(Thing(t["kind"], t["colour"], t["count"]) for t in said["objects"])
        settings = (said["place"], said["time"], said["weather"], said["style"], said["seed"])
        scenes.append(Scene(things, *settings))
        files.append((GALLERY / name).read_bytes())
    ranking = measure.Ranking(scenes, model.embed_images(files, Deadline()))
    ranking.pictures = _unit(ranking.pictures[:, : model.towers.dimensions])
    return measure.table(ranking, free_text(model))


# -- the table


def figures_of(
    model: BuiltinEmbedder, count: int
) -> tuple[dict[str, dict[str, tuple[float, float]]], dict[str, str]]:
    """{way: {group: (same styles, other style)}}, and queries and chance of every group."""
    teach = data.held_out(2000, None, 103)
    ridge = Ridge(renders("ridge", teach, model.side, 0.0), teach)
    ways: dict[str, list[dict[str, float]]] = {}
    sizes: dict[str, str] = {}
    for name, style, seed in (("same", None, 101), ("other", HELD_OUT_STYLE, 102)):
        scenes = data.held_out(count, style, seed)
        pixels = renders(name, scenes, model.side, PAINTED_SHARE)
        learned = measure.Ranking(scenes, model.look(pixels))
        blend = measure.same_subject(scenes, model.embed_squares(pixels))
        by_ridge = measure.Ranking(scenes, ridge.pictures(pixels))
        by_lexicon = measure.Ranking(scenes, lexicon_pictures(pixels))
        own = measure.table(learned, free_text(model))
        own["picture to picture, mean"], own["picture to picture, any of five"] = blend
        ways.setdefault("built-in model", []).append(own)
        ways.setdefault("bag of words", []).append(
            measure.table(learned, bag_of_words(model), words=False)
        )
        ways.setdefault("ridge", []).append(measure.table(by_ridge, facts_wanted, words=False))
        ways.setdefault("colour lexicon", []).append(
            measure.table(by_lexicon, lexicon_texts, words=False)
        )
        for group, make in measure.GROUPS.items():
            _, queries, chance = learned.p_at_5(make(), free_text(model))
            sizes.setdefault(group, "")
            sizes[group] += f"{queries} queries, chance {chance:.3f}; "
    joined = {
        way: {group: (pair[0][group], pair[1][group]) for group in pair[0]}
        for way, pair in ways.items()
    }
    return joined, sizes


def as_table(ways: dict[str, dict[str, tuple[float, float]]]) -> list[str]:
    names = list(ways)
    lines = [f"| group | at least | {' | '.join(names)} |", f"|{' --- |' * (len(names) + 2)}"]
    for group in ways["built-in model"]:
        goal = GOALS.get(group)
        cells = [f"{goal[0]:.2f} ({goal[1]:.2f})" if goal else ""]
        for way in names:
            pair = ways[way].get(group)
            cells.append(f"{pair[0]:.3f} ({pair[1]:.3f})" if pair else "")
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help=f"put the table into {REPORT}")
    parser.add_argument("--speeds", action="store_true", help="only these, as JSON")
    given = parser.parse_args()
    if given.speeds:
        print(json.dumps(speeds_here()))
        return
    model = BuiltinEmbedder()
    ways, sizes = figures_of(model, given.pictures)
    lines = [
        f"Model `{model.id}`, {given.pictures} held-out renders in each column of figures.",
        "",
    ]
    lines += [*as_table(ways), ""]
    lines += [f"- {group}: {text.rstrip('; ')}" for group, text in sizes.items()]
    gallery = gallery_figures(model)
    if gallery is not None:
        lines += ["", "The bundled pictures themselves:", ""]
        # Too few pictures for some groups: no query of theirs has five right answers.
        lines += [f"- {group}: {v:.3f}" for group, v in gallery.items() if not np.isnan(v)]
    photographs = photograph_overlap(model)
    if photographs is not None:
        lines += ["", "Photographs, the service's five nearest among the model's five:", ""]
        lines += [f"- {name}: {value:.2f}" for name, value in photographs.items()]
    lines += ["", "Milliseconds of processor time, one core:", ""]
    lines += [f"- {name}: {value:.2f}" for name, value in speeds().items()]
    text = "\n".join(lines)
    print(text)
    if given.write:
        # Everything above the mark is written by hand.
        mark = "<!-- printed by the command below this line -->"
        kept = REPORT.read_text().split(mark)[0] if REPORT.exists() else ""
        REPORT.write_text(f"{kept}{mark}\n\n{text}\n")


if __name__ == "__main__":
    main()
