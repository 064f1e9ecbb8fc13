"""Teach the two towers, from nothing, on pictures that the renderer makes.

    python -m tools.training.train                 # the run that made the shipped weights
    python -m tools.training.train --minutes 5     # a pilot

Draws the training pictures first (once: they are kept in tools/.cache/training), then learns, and
leaves checkpoints, a log and the exported weights in --out.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from core.embedders.builtin.words import MAX_TOKENS, read
from tools.paintings.scene import HELD_OUT_STYLE, TRAINING_STYLES, Scene, random_scene, subject
from tools.training import data, measure
from tools.training.captions import (
    ANY,
    FACT_IDS,
    FACTS,
    fact_table,
    query_bank,
    text_bank,
)
from tools.training.model import FEATURES, SIDE, TwoTowers

QUERIES_PER_SCENE = 6
WARM_UP = 80
SMALL_SIDE = 64


def augment(pixels: np.ndarray, side: int, rng: np.random.Generator) -> Tensor:
    """uint8 (n, KEPT, KEPT, 3) -> float (n, 3, side, side) in about -1..1, cropped and lit anew."""
    n = len(pixels)
    room = pixels.shape[1] - SIDE
    cut = np.empty((n, SIDE, SIDE, 3), np.uint8)
    tops, lefts = rng.integers(0, room + 1, n), rng.integers(0, room + 1, n)
    for number, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        piece = pixels[number, top : top + SIDE, left : left + SIDE]
        cut[number] = piece[:, ::-1] if rng.random() < 0.5 else piece
    x = torch.from_numpy(cut).permute(0, 3, 1, 2).float()  # channels last in memory
    if side < SIDE:
        x = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
    # Small enough that a red stays a red: light, contrast, and a breath of tint.
    gain = (1 + 0.12 * torch.randn(n, 1, 1, 1) + 0.03 * torch.randn(n, 3, 1, 1)) / 127.5
    x = x.mul_(gain).add_(0.06 * torch.randn(n, 1, 1, 1) - 1)
    # A quarter blurred, a quarter with grain: the manner of a drawing is not its meaning.
    quarter = n // 4
    x[:quarter] = F.avg_pool2d(x[:quarter], 3, 1, 1, count_include_pad=False)
    grain = x[quarter : 2 * quarter]
    grain += grain_of(len(grain), side, rng) * (0.15 * torch.rand(len(grain), 1, 1, 1))
    return x.clamp_(-1.3, 1.3)


@lru_cache(maxsize=1)
def _much_grain() -> Tensor:
    return torch.randn(256, 3, SIDE, SIDE)


def grain_of(count: int, side: int, rng: np.random.Generator) -> Tensor:
    """(count, 3, side, side) of normal noise, from a supply: new noise costs a tenth of a step."""
    rows = torch.from_numpy(rng.integers(0, len(_much_grain()), count))
    return _much_grain()[rows, :, :side, :side]


def contrast(scores: Tensor, right: Tensor, ignored: Tensor) -> Tensor:
    """Multi-positive InfoNCE over the rows: cross entropy against all right answers evenly."""
    count = right.sum(1, keepdim=True)
    logs = scores.masked_fill(ignored, -1e4).log_softmax(1)
    loss = -(logs * right).sum(1) / count.clamp(min=1).squeeze(1)
    return loss[count.squeeze(1) > 0].mean()


class Roll(nn.Module):
    """A roll-call of facts beside the towers, only while they learn: is it there, yes or no?

    A query tells a picture little about what was not asked; this tells it everything at once, and
    the features come to see small things sooner.
    """

    def __init__(self, sure: Tensor) -> None:
        super().__init__()
        plain = torch.tensor([fact[2] == 0 for fact in FACTS])
        share = sure.float().mean(0)
        # What next to no picture shows, or every one, teaches nothing.
        self.facts = (plain & (share > 0.001) & (share < 0.9)).nonzero().squeeze(1)
        self.weight = ((1 - share) / share)[self.facts].sqrt()
        self.call = nn.Linear(FEATURES, len(self.facts))

    def forward(self, features: Tensor, sure: Tensor, possible: Tensor) -> Tensor:
        """Features (n, FEATURES) and bool (n, facts) -> the loss; what may be is passed over."""
        there = sure[:, self.facts]
        unclear = possible[:, self.facts] & ~there
        losses = F.binary_cross_entropy_with_logits(
            self.call(features), there.float(), pos_weight=self.weight, reduction="none"
        )
        return losses.masked_fill(unclear, 0).sum(1).mean() / 50


class Lessons:
    """Pictures, the facts that are true of them and queries about them, judged batch by batch."""

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        self.folder, self.rng = folder, rng
        self.taken: set[Path] = set()
        self.pixels = np.zeros((0, data.KEPT, data.KEPT, 3), np.uint8)
        self.arrays: dict[str, Tensor] = {}
        self.take_new()

    def take_new(self) -> bool:
        """Take up the finished shards that were not there before."""
        new = [s for s in data.shards_in(self.folder) if s not in self.taken]
        if not new:
            return False
        self.taken |= set(new)
        blocks, told = zip(*map(data.load, new), strict=True)
        scenes = [scene for some in told for scene in some]
        self.pixels = np.concatenate([self.pixels, *blocks])
        sure, possible = fact_table(scenes)
        bank = query_bank(scenes, QUERIES_PER_SCENE, self.rng)
        subjects = [FACT_IDS[(subject(s), ANY if s.coloured else "", 0)] for s in scenes]
        by_scene = (len(scenes), QUERIES_PER_SCENE)
        arrays = {
            "sure": sure,
            "possible": possible,
            "required": bank.required.reshape(*by_scene, -1),
            "forbidden": bank.forbidden.reshape(*by_scene),
            "swapped": bank.swapped.reshape(*by_scene, -1),
            "binding": bank.swapped[:, 0].reshape(*by_scene) > 0,
            "subjects": np.array(subjects),
        }
        for name, array in arrays.items():
            rows = torch.from_numpy(array)
            known = self.arrays.get(name)
            self.arrays[name] = rows if known is None else torch.cat([known, rows])
        return True

    def judge(self, pictures: Tensor, required: Tensor, forbidden: Tensor) -> tuple[Tensor, Tensor]:
        """(queries, pictures) bool: right; neither right nor wrong."""
        sure = self.arrays["sure"][pictures].T.contiguous()
        possible = self.arrays["possible"][pictures].T.contiguous()
        right, may_be = sure[required[:, 0]], possible[required[:, 0]]
        for column in range(1, required.shape[1]):
            rows = required[:, column].nonzero().squeeze(1)
            if len(rows):
                right[rows] &= sure[required[rows, column]]
                may_be[rows] &= possible[required[rows, column]]
        rows = forbidden.nonzero().squeeze(1)
        right[rows] &= ~possible[forbidden[rows]]
        may_be[rows] &= ~sure[forbidden[rows]]
        return right, may_be & ~right

    def alike(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(pictures, pictures) bool: shows the row's subject; neither right nor wrong."""
        none = torch.zeros(len(pictures), dtype=torch.long)
        right, ignored = self.judge(pictures, self.arrays["subjects"][pictures, None], none)
        itself = torch.eye(len(pictures), dtype=torch.bool)
        return right & ~itself, ignored | itself


def read_texts(model: TwoTowers, tokens: Tensor) -> Tensor:
    """(n, MAX_TOKENS) ids -> unit rows; short texts apart, to spare the padding."""
    lengths = (tokens > 0).sum(1)
    order = lengths.argsort()
    cuts = (len(order) // 2, len(order) * 7 // 8)
    parts = []
    for rows in torch.tensor_split(order, cuts):
        if len(rows):
            longest = max(1, int(lengths[rows].max()))
            parts.append(model.text(tokens[rows, :longest].long()))
    return torch.cat(parts)[order.argsort()]


def embed_texts(model: TwoTowers, texts: list[str]) -> np.ndarray:
    rows = np.zeros((len(texts), MAX_TOKENS), np.int64)
    for number, text in enumerate(texts):
        ids = read(text).ids[:MAX_TOKENS]
        rows[number, : len(ids)] = ids
    out = []
    with torch.inference_mode():
        for at in range(0, len(rows), 1024):
            out.append(read_texts(model, torch.from_numpy(rows[at : at + 1024])).numpy())
    return np.concatenate(out)


def embed_pictures(model: TwoTowers, pixels: np.ndarray) -> np.ndarray:
    """uint8 (n, SIDE, SIDE, 3) -> unit rows."""
    out = []
    with torch.inference_mode():
        for at in range(0, len(pixels), 256):
            block = torch.from_numpy(pixels[at : at + 256]).permute(0, 3, 1, 2)
            out.append(model.image(block.float().div(127.5).sub(1)).numpy())
    return np.concatenate(out)


def test_pictures(folder: Path, name: str, scenes: list[Scene], painted_share: float) -> np.ndarray:
    """Held-out renders at SIDE pixels, drawn once."""
    path = folder / f"{name}-{len(scenes)}-{SIDE}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(5)
        pixels = np.stack(
            [
                data.picture(scene, SIDE, painted=bool(rng.random() < painted_share), shape=number)
                for number, scene in enumerate(scenes)
            ]
        )
        np.save(path, pixels, allow_pickle=False)
    return np.load(path, allow_pickle=False)


def evaluate(
    model: TwoTowers,
    tests: dict[str, tuple[np.ndarray, list[Scene]]],
    *,
    words: bool = False,
    parsed: bool = False,
) -> dict[str, dict[str, float]]:
    """The table of measure.py; with `parsed` the queries skip the text tower."""
    model.eval()

    def embed(asked: Sequence[measure.Asked]) -> np.ndarray:
        if not parsed:
            return embed_texts(model, [ask.text for ask in asked])
        rows = np.zeros((len(asked), 2), np.int64)
        for number, ask in enumerate(asked):
            rows[number, : len(ask.query.required)] = ask.query.required
        with torch.inference_mode():
            none = torch.zeros(len(rows), dtype=torch.long)
            return model.facts(torch.from_numpy(rows), none).numpy()

    figures = {}
    for name, (pixels, scenes) in tests.items():
        ranking = measure.Ranking(scenes, embed_pictures(model, pixels))
        found = measure.table(ranking, embed, words=words)
        figures[name] = {key: round(value, 3) for key, value in found.items()}
    return figures


def batch_rows(count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Random picture numbers in neighbouring pairs, so that twins meet (see data.draw_scenes)."""
    first = rng.choice(count - 1, size // 2)
    return np.unique(np.concatenate([first, first + 1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=120_000, help="in the training styles")
    parser.add_argument("--painted", type=float, default=0.06, help="share of painted pictures")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--steps", type=int, default=14_000)
    parser.add_argument("--minutes", type=float, default=1e9, help="end earlier, after this long")
    parser.add_argument(
        "--growing", action="store_true", help="learn while tools.training.data still draws"
    )
    parser.add_argument("--resume", action="store_true", help="go on from --out/state.pt")
    parser.add_argument("--batch", type=int, default=112, help="pictures a process and step")
    parser.add_argument("--texts", type=int, default=5, help="queries per picture and batch")
    parser.add_argument("--rate", type=float, default=3.5e-3)
    parser.add_argument("--small", type=float, default=0.45, help="share of the run at 64 px")
    parser.add_argument("--margin", type=float, default=0.5, help="weight of the swap loss")
    parser.add_argument("--check", type=int, default=500, help="steps between two tables")
    parser.add_argument("--wordings", type=int, default=150_000, help="texts for the text tower")
    parser.add_argument("--text-steps", type=int, default=3300)
    parser.add_argument("--alike", type=float, default=0.4, help="weight of picture to picture")
    parser.add_argument("--roll", type=float, default=1.0, help="weight of the roll-call of facts")
    parser.add_argument(
        "--ranks", type=int, default=os.cpu_count(), help="processes that learn together"
    )
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=29_512)
    parser.add_argument("--tests", type=int, default=800)
    parser.add_argument("--folder", type=Path, default=Path("tools/.cache/training"))
    parser.add_argument("--out", type=Path, default=Path("tools/.cache/run"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.rank is not None:
        learn(given)
        return
    if not given.growing:
        data.make(given.folder, given.pictures, given.seed, given.painted, os.cpu_count() or 1)
    # One process and one thread a core: the small convolutions gain little from several threads.
    command = [sys.executable, "-m", "tools.training.train", *sys.argv[1:]]
    ranks = [
        subprocess.Popen([*command, "--ranks", str(given.ranks), "--rank", str(rank)])
        for rank in range(given.ranks)
    ]
    sys.exit(max(process.wait() for process in ranks))


def learn(given: argparse.Namespace) -> None:
    """One of the processes that learn together; the first checks, writes and teaches the texts."""
    # Without this, glibc gives every large tensor back to the system and faults it in again.
    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
    libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(given.seed)
    rng = np.random.default_rng(given.seed)
    tests = {
        name: (
            test_pictures(given.folder / "tests", name, held, 0.1),
            held,
        )
        for name, held in (
            ("same styles", data.held_out(given.tests, None, 7)),
            ("other style", data.held_out(given.tests, HELD_OUT_STYLE, 8)),
        )
        if given.rank == 0
    }
    lessons = Lessons(given.folder, rng)
    print(f"{len(lessons.pixels)} pictures, {len(FACTS)} facts", flush=True)

    if given.ranks > 1:
        torch.distributed.init_process_group(
            "gloo",
            init_method=f"tcp://127.0.0.1:{given.port}",
            rank=given.rank,
            world_size=given.ranks,
        )
    model = TwoTowers()
    model.image.to(memory_format=torch.channels_last)
    log = Log(given.out / "log.jsonl")
    average = learn_pictures(model, lessons, tests, given, rng, log)
    if given.rank > 0:
        return
    torch.set_num_threads(given.ranks)  # the others are done
    torch.save(average.state_dict(), given.out / "average.pt")
    learn_texts(average, given, rng, log)
    torch.save(average.state_dict(), given.out / "average.pt")
    figures = evaluate(average, tests, words=True)
    print(json.dumps(figures, indent=1))
    log.write({"figures": figures})


class Log:
    def __init__(self, path: Path) -> None:
        self.file = path.open("a")
        self.began = time.monotonic()

    def write(self, line: dict[str, object]) -> None:
        text = json.dumps({"seconds": round(time.monotonic() - self.began), **line})
        print(text, flush=True)
        self.file.write(text + "\n")
        self.file.flush()


def learn_pictures(
    model: TwoTowers,
    lessons: Lessons,
    tests: dict[str, tuple[np.ndarray, list[Scene]]],
    given: argparse.Namespace,
    rng: np.random.Generator,
    log: Log,
) -> TwoTowers:
    """Image tower and facts together; returns the running average of the weights."""
    average = deepcopy(model).eval()
    roll = Roll(lessons.arrays["sure"])
    towers = (*model.image.parameters(), *model.facts.parameters(), model.log_scale)
    learned = [*towers, *roll.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in learned if p.ndim > 1], "weight_decay": 1e-3},
            {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=given.rate,
        betas=(0.9, 0.98),
    )
    steps, step, spent = given.steps, 0, 0.0
    saved = given.out / "state.pt"
    if given.resume and saved.exists():
        state = torch.load(saved, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        roll.load_state_dict(state["roll"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
        rng = np.random.default_rng((given.seed, step))
    if given.rank > 0:  # the same weights, other lessons
        rng = np.random.default_rng((given.seed, step, given.rank))
        torch.manual_seed(given.seed + given.rank)
    began = time.monotonic()
    sums = np.zeros(6)
    while True:
        # A busy machine makes fewer steps of the minutes; the rate follows whichever is ahead.
        done = max(step / steps, (spent + time.monotonic() - began) / 60 / given.minutes)
        done = from_first(done, given)
        if done >= 1:
            break
        rate = given.rate * min(1, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, given.rate * 0.005)
        # Small pictures first: most of what there is to learn shows at two thirds of the price.
        side = SMALL_SIDE if done < given.small else SIDE
        # Shuffled, because augment treats the parts of a batch differently.
        rows = torch.from_numpy(batch_rows(len(lessons.pixels), given.batch, rng))
        rows = rows[torch.randperm(len(rows))]
        n = len(rows)
        model.train()
        features = model.image.features(augment(lessons.pixels[rows.numpy()], side, rng))
        vectors = F.normalize(model.image.out(features), dim=1)

        # Queries that bind two things are preferred a little, where a picture has them.
        known = lessons.arrays
        picks = torch.rand(n, given.texts, QUERIES_PER_SCENE)
        picks += known["binding"][rows][:, None, :] * 0.12
        chosen = picks.argmax(2).flatten()
        mine = torch.arange(n)[:, None].expand(n, given.texts).flatten()
        at = (rows[mine], chosen)
        has_swap = known["binding"][at]
        swap = (at[0][has_swap], at[1][has_swap])
        required = torch.cat([known["required"][at], known["swapped"][swap]]).long()
        forbidden = torch.cat([known["forbidden"][at], known["forbidden"][swap]]).long()
        right, ignored = lessons.judge(rows, required, forbidden)
        cosines = model.facts(required, forbidden) @ vectors.T
        scores = cosines * model.scale
        to_pictures = contrast(scores, right, ignored)
        to_queries = contrast(scores.T, right.T, ignored.T)
        # Pictures of one subject lie together too, for the search by picture.
        alike = contrast(vectors @ vectors.T * model.scale, *lessons.alike(rows))
        owner = mine[has_swap][:, None]
        gain = cosines[: len(chosen)][has_swap].gather(1, owner)
        gain = gain - cosines[len(chosen) :].gather(1, owner)
        # Twenty times the cosine: a margin of .1 is already a clear order.
        swap_loss = F.softplus(20 * (0.1 - gain)).mean() / 2
        present = roll(features, known["sure"][rows], known["possible"][rows])
        # More of it late: first the things have to be seen at all.
        loss = (
            to_pictures
            + to_queries
            + given.alike * alike
            + given.roll * present
            + given.margin * (1 + 2 * done) * swap_loss
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        share_gradients(learned, given)
        torch.nn.utils.clip_grad_norm_(learned, 5)
        optimiser.step()

        with torch.no_grad():
            follow(average, model, min(0.998, (step + 1) / (step + 20)))
            bound = (gain > 0).float().mean()
            parts = (to_pictures, to_queries, alike, present, swap_loss, bound)
            sums += [part.item() for part in parts]
        step += 1
        if step % 100 == 0 and given.growing:
            lessons.take_new()
        if step % 100 == 0 and given.rank == 0:
            names = ("to pictures", "to queries", "alike", "present", "swap", "bound")
            means = {k: round(float(v), 4) for k, v in zip(names, sums / 100, strict=True)}
            log.write(
                {
                    "step": step,
                    "pictures": len(lessons.pixels),
                    **means,
                    "scale": round(model.scale.item(), 2),
                }
            )
            sums[:] = 0
            state = {
                "model": model.state_dict(),
                "average": average.state_dict(),
                "roll": roll.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step,
                "spent": spent + time.monotonic() - began,
            }
            torch.save(state, given.out / "state.part")
            (given.out / "state.part").rename(saved)
        if step % given.check == 0 and given.rank == 0:
            log.write({"step": step, "parsed": evaluate(average, tests, parsed=True)})
    if given.rank == 0:
        log.write({"step": step, "parsed": evaluate(average, tests, parsed=True)})
    return average


def from_first(done: float, given: argparse.Namespace) -> float:
    """How much of the run is done, as the first process sees it."""
    if given.ranks == 1:
        return done
    value = torch.tensor([done], dtype=torch.float64)
    torch.distributed.broadcast(value, 0)
    return value.item()


def share_gradients(learned: Sequence[Tensor], given: argparse.Namespace) -> None:
    """The mean of the gradients of all processes, in place."""
    if given.ranks == 1:
        return
    joined = torch.cat([p.grad.flatten() for p in learned])
    torch.distributed.all_reduce(joined)
    joined /= given.ranks
    for p, part in zip(learned, joined.split([p.numel() for p in learned]), strict=True):
        p.grad.copy_(part.view_as(p))


def follow(average: TwoTowers, model: TwoTowers, decay: float) -> None:
    """Move the running average (batch norm's statistics too) a step towards the model."""
    new = model.state_dict()
    for name, kept in average.state_dict().items():
        if kept.dtype.is_floating_point:
            kept.lerp_(new[name], 1 - decay)


def learn_texts(
    model: TwoTowers, given: argparse.Namespace, rng: np.random.Generator, log: Log
) -> None:
    """Teach the text tower, in place, to write the facts' point for any wording of a query."""
    began = time.monotonic()
    scenes = [random_scene(rng, TRAINING_STYLES, two=0.6) for _ in range(given.wordings // 5)]
    bank = text_bank(scenes, 4, rng)
    tokens = torch.from_numpy(bank.tokens)
    required = torch.from_numpy(bank.required).long()
    other = torch.from_numpy(bank.other).long()
    forbidden = torch.from_numpy(bank.forbidden).long()
    log.write({"texts": len(tokens), "took": round(time.monotonic() - began)})
    model.text.train()
    optimiser = torch.optim.AdamW(model.text.parameters(), lr=3e-3, weight_decay=1e-4)
    total = 0.0
    for step in range(given.text_steps):
        done = step / given.text_steps
        rate = 3e-3 * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-5)
        rows = torch.from_numpy(rng.integers(0, len(tokens), 384))
        with torch.no_grad():
            wanted = model.facts(required[rows], forbidden[rows])
            swapped = model.facts(other[rows], forbidden[rows])
            towards = F.normalize(wanted - swapped, dim=1)  # zero where there is no swap
        missed = read_texts(model, tokens[rows]) - wanted
        # Half the squared distance is one minus the cosine. What tells a text from its swap is a
        # small part of it, and the part that word order is for: it counts more.
        plain = missed.square().sum(1).mean() / 2
        loss = plain + 8 * (missed * towards).sum(1).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += plain.item()
        if (step + 1) % 500 == 0:
            log.write({"text step": step + 1, "distance": round(total / 500, 5)})
            total = 0.0


if __name__ == "__main__":
    main()
