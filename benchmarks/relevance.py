"""Which hits stand out: the product's rule beside simpler ones, as tables.

    python -m benchmarks.relevance [--pictures 2000] [--seed 101]

On the gallery, on held-out renders (drawn once, kept in tools/.cache), and on other geometries made
from the same truth. Needs tools/requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import erfc, sqrt

import numpy as np

from benchmarks.builtin_quality import GALLERY, PAINTED_SHARE, RECORDINGS, renders
from core.deadline import Deadline
from core.embedders.builtin.embedder import BuiltinEmbedder
from core.embedders.builtin.words import GROUPS, JOINTS, read
from core.search.relevance import Background, learn_background, relevance
from tools.paintings.scene import Scene, Thing, subject
from tools.training import data, measure
from tools.training.captions import fact_table

BANK = tuple(word for words in GROUPS.values() for word in words)
# A rule finds at most this share of false ones among what it finds, where it can be told to.
FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True, eq=False)
class World:
    """Queries and what is right for them; cosines in one geometry.

    cosines: shape (queries, pictures). bank: cosines of BANK, shape (texts, pictures). words: of
    each query, its own words' rows of the bank. present: the pictures that are there for a query.
    """

    cosines: np.ndarray
    bank: np.ndarray
    words: list[list[int]]
    groups: np.ndarray
    right: np.ndarray
    unclear: np.ndarray
    present: np.ndarray

    def queries(self, chosen: np.ndarray) -> World:
        """The same with some of the queries only."""
        numbers = np.flatnonzero(chosen)
        words = [self.words[number] for number in numbers]
        rows = {
            name: getattr(self, name)[numbers]
            for name in ("cosines", "groups", "right", "unclear", "present")
        }
        return replace(self, words=words, **rows)


def world(scenes: Sequence[Scene], pictures: np.ndarray, model: BuiltinEmbedder) -> World:
    """All queries of one word, of colour + object, and of object + place, time or weather."""
    groups, asked = [], []
    for name in ("one word", "colour + object", "object + place or time"):
        found = measure.GROUPS[name]()
        asked += found
        groups += [name] * len(found)
    sure, possible = fact_table(scenes)
    judged = [ask.query.judge(sure, possible) for ask in asked]

    def cosines(texts: Sequence[str]) -> np.ndarray:
        rows = np.stack([model.embed_text(text, Deadline()) for text in texts])
        return (rows @ pictures.T).astype(float)

    words = [
        [BANK.index(token) for token in read(ask.text).tokens if token not in JOINTS]
        for ask in asked
    ]
    right = np.array([right for right, _ in judged])
    unclear = np.array([unclear for _, unclear in judged])
    scores = cosines([ask.text for ask in asked])
    present = np.ones(right.shape, bool)
    return World(scores, cosines(BANK), words, np.array(groups), right, unclear, present)


# -- other geometries, made from the same truth


def geometries(plain: World, rng: np.random.Generator) -> dict[str, World]:
    """Cosines as other embedders may have them. Every row and picture keeps its meaning."""
    pictures = plain.cosines.shape[1]
    low, high = plain.cosines.min(), plain.cosines.max()

    def squeezed(scores: np.ndarray) -> np.ndarray:
        shift = rng.normal(0, 0.02, (len(scores), 1))
        return 0.15 + 0.2 * (scores - low) / (high - low) + shift

    # How far right answers lie above the rest: what the offsets of pictures are measured by.
    apart = plain.cosines[plain.right].mean() - plain.cosines[~plain.right].mean()
    hub = rng.normal(0, 0.15 * apart, pictures) + 0.5 * apart * (rng.random(pictures) < 0.02)
    # Texts are pushed one way along a new direction and pictures the other way, some farther.
    push = rng.uniform(0.8, 1.2, pictures)

    def gap(scores: np.ndarray) -> np.ndarray:
        return (scores - push) / np.sqrt(2 * (1 + push**2))

    kept = ~plain.right | (rng.random(plain.right.shape) < 0.5)
    for row in np.flatnonzero(plain.right.any(1) & ~(plain.right & kept).any(1)):
        kept[row, plain.right[row].argmax()] = True
    return {
        "squeezed to .15-.35, shifted per text": _changed(plain, squeezed),
        "hubs": _changed(plain, lambda scores: scores + hub),
        "a wide gap between texts and pictures": _changed(plain, gap),
        "half of the answers removed": replace(plain, present=kept),
    }


def _changed(plain: World, change: Callable[[np.ndarray], np.ndarray]) -> World:
    return replace(plain, cosines=change(plain.cosines), bank=change(plain.bank))


# -- the rules: a world -> what is found, bool (queries, pictures)

Rule = Callable[[World], np.ndarray]


def one_by_one(find: Callable[[np.ndarray], np.ndarray]) -> Rule:
    """A rule that looks at one query's cosines with the pictures that are there."""

    def found(asked: World) -> np.ndarray:
        out = np.zeros(asked.right.shape, bool)
        for row, (scores, here) in enumerate(zip(asked.cosines, asked.present, strict=True)):
            out[row, here] = find(scores[here])
        return out

    return found


def best_threshold(asked: World) -> np.ndarray:
    """One threshold for all, the best in hindsight by mean F1."""
    places = np.quantile(asked.cosines, np.linspace(0.8, 0.9999, 300))
    return max(
        ((asked.cosines >= place) & asked.present for place in places),
        key=lambda found: figures(asked, found)[0],
    )


def largest_gap(scores: np.ndarray) -> np.ndarray:
    """Above the largest gap among the first 60."""
    highest = np.sort(scores)[::-1][:61]
    return scores >= highest[(highest[:-1] - highest[1:]).argmax()]


def first_ten(scores: np.ndarray) -> np.ndarray:
    return scores >= np.sort(scores)[-10]


def tail(heights: np.ndarray) -> np.ndarray:
    """Heights in units of spread: Benjamini and Hochberg's bound on false discoveries."""
    chance = np.array([erfc(height / sqrt(2)) / 2 for height in heights])
    order = np.argsort(chance)
    below = chance[order] <= FALSE_DISCOVERIES * np.arange(1, len(order) + 1) / len(order)
    found = np.zeros(len(heights), bool)
    if below.any():
        found[order[: np.flatnonzero(below)[-1] + 1]] = True
    return found


def robust(scores: np.ndarray) -> np.ndarray:
    """Distance from the median in units of the median deviation, as of a normal distribution."""
    away = scores - np.median(scores)
    return away / (1.4826 * np.median(np.abs(away)))


def against_bank(asked: World) -> np.ndarray:
    """Each picture's cosine against its own level and spread over 110 texts of several words."""
    several = np.flatnonzero(asked.groups != "one word")
    texts = asked.cosines[np.random.default_rng(110).permutation(several)[:110]]
    return (asked.cosines - texts.mean(0)) / texts.std(0)


def bank_tail(asked: World) -> np.ndarray:
    heights = replace(asked, cosines=against_bank(asked))
    return one_by_one(tail)(heights)


def both_tails(asked: World) -> np.ndarray:
    heights = replace(asked, cosines=against_bank(asked))
    return one_by_one(lambda row: tail(robust(row)))(heights)


def by_background(
    asked: World, bank: np.ndarray, background: Background, strictness: float = 0.0
) -> np.ndarray:
    """The product's rule, with a background learned beforehand from some rows of cosines."""
    offsets = background.offsets(bank)
    found = np.zeros(asked.right.shape, bool)
    for row, own in enumerate(asked.words):
        here = asked.present[row]
        query, words = (asked.cosines[row] - offsets)[here], (asked.bank[own] - offsets)[:, here]
        found[row, here] = relevance(query, words, background, here.sum(), strictness).stands_out
    return found


def chosen(asked: World, strictness: float = 0.0) -> np.ndarray:
    return by_background(asked, asked.bank, learn_background(asked.bank), strictness)


def without_own_words(asked: World) -> np.ndarray:
    """The product's rule with a bank that has none of the query's own words."""
    found = np.zeros(asked.right.shape, bool)
    for row, own in enumerate(asked.words):
        bank = np.delete(asked.bank, own, 0)
        one = asked.queries(np.arange(len(asked.words)) == row)
        found[row] = by_background(one, bank, learn_background(bank))[0]
    return found


def of_sixteen(asked: World) -> np.ndarray:
    """The product's rule with a bank of 16 words drawn at random."""
    bank = asked.bank[np.random.default_rng(16).permutation(len(asked.bank))[:16]]
    return by_background(asked, bank, learn_background(bank))


def of_a_sample(asked: World) -> np.ndarray:
    """The product's rule when it knows a quarter of the pictures and each query's best 5 %."""
    pictures = asked.right.shape[1]
    hits = max(pictures // 20, 30)
    drawn = np.random.default_rng(4).permutation(pictures)[: pictures // 4]
    background = learn_background(asked.bank[:, drawn])
    offsets = background.offsets(asked.bank)
    found = np.zeros(asked.right.shape, bool)
    for row, own in enumerate(asked.words):
        best = np.argsort(-asked.cosines[row], kind="stable")[:hits]
        known = np.concatenate([best, np.setdiff1d(drawn, best)])
        query, words = asked.cosines[row] - offsets, asked.bank[own] - offsets
        told = relevance(query[known], words[:, known], background, hits)
        found[row, best] = told.stands_out
    return found


def without_bank(asked: World) -> np.ndarray:
    """The product's rule when only the query's own words were ever asked."""
    found = np.zeros(asked.right.shape, bool)
    for row, own in enumerate(asked.words):
        one = asked.queries(np.arange(len(asked.words)) == row)
        found[row] = by_background(one, asked.bank[own], learn_background(asked.bank[own]))[0]
    return found


RULES: dict[str, Rule] = {
    "**the product's rule**": chosen,
    "one threshold for all, best in hindsight": best_threshold,
    "largest gap among the first 60": one_by_one(largest_gap),
    "first 10": one_by_one(first_ten),
    "robust Gaussian, false discoveries 5 %": one_by_one(lambda row: tail(robust(row))),
    "each picture against 110 other texts, likewise": bank_tail,
    "both": both_tails,
}
VARIANTS: dict[str, Rule] = {
    "the bank lacks the query's own words": without_own_words,
    "a bank of 16 words": of_sixteen,
    "a quarter of the pictures and the best 5 %": of_a_sample,
    "no bank, the query's own words alone": without_bank,
    "strictness -0.5": lambda asked: chosen(asked, -0.5),
    "strictness 0.5": lambda asked: chosen(asked, 0.5),
}


# -- the figures


def figures(asked: World, found: np.ndarray) -> tuple[float, float]:
    """Mean F1 of the queries with an answer; of the others, the share that finds something.

    Pictures that are neither right nor wrong for a query count for nothing.
    """
    right = asked.right & asked.present
    counted = found & ~asked.unclear
    wanted, hits = right.sum(1), (counted & right).sum(1)
    f1 = 2 * hits / np.maximum(wanted + counted.sum(1), 1)
    nothing = counted.any(1)[wanted == 0]
    return float(f1[wanted > 0].mean()), float(nothing.mean()) if len(nothing) else float("nan")


def cell(pair: tuple[float, float]) -> str:
    """Three decimals without the zero, as in ".931; .022"; a dash where there is no such query."""
    return "; ".join("–" if np.isnan(v) else f"{v:.3f}".removeprefix("0") for v in pair)


def table(worlds: dict[str, World], rules: dict[str, Rule]) -> list[str]:
    lines = [f"| the line by | {' | '.join(worlds)} |", f"|{' --- |' * (len(worlds) + 1)}"]
    for name, rule in rules.items():
        cells = [cell(figures(asked, rule(asked))) for asked in worlds.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def by_group(asked: World) -> list[str]:
    found = chosen(asked)
    lines = []
    for name in dict.fromkeys(asked.groups.tolist()):
        some = asked.groups == name
        pair = figures(asked.queries(some), found[some])
        lines.append(f"- {name}: {some.sum()} queries, {cell(pair)}")
    return lines


def all_removed(asked: World) -> str:
    """One word each, and every picture that answers it is gone: what is found nevertheless."""
    some = (asked.groups == "one word") & asked.right.any(1)
    gone = replace(asked, present=~asked.right & ~asked.unclear).queries(some)
    counts = chosen(gone).sum(1)
    return (
        f"{len(counts)} single words whose every answer was removed: {(counts > 0).mean():.2f} "
        f"find something, the median {np.median(counts):.0f}, the mean {counts.mean():.1f} pictures"
    )


def of_pictures(vectors: np.ndarray, same: np.ndarray) -> str:
    """Pictures as queries: every second one is asked, the others are the collection.

    same: bool, shape (pictures, pictures): what is right. A bank of other pictures takes the
    place of texts.
    """
    cosines = (vectors[::2] @ vectors[1::2].T).astype(float)
    right = same[::2, 1::2]
    background = learn_background(cosines[:100])
    none = np.zeros((0, cosines.shape[1]))
    if not background.is_clear:
        return f"no line is drawn (thinness {background.thinness:.2f})"
    found = np.array(
        [
            relevance(
                row - background.offsets(cosines[:100]), none, background, len(row)
            ).stands_out
            for row in cosines
        ]
    )
    wanted, hits = right.sum(1), (found & right).sum(1)
    f1 = (2 * hits / np.maximum(wanted + found.sum(1), 1))[wanted > 0].mean()
    return f"mean F1 {f1:.2f}, thinness {background.thinness:.2f}"


def milliseconds(work: Callable[[], object]) -> float:
    """Of processor time, the median of nine runs after one."""
    work()
    spent = []
    for _ in range(9):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1e3)
    return statistics.median(spent)


def cost(columns: int, dimensions: int = 1024, hits: int = 1000) -> list[str]:
    """A search's share, at a number of sampled pictures besides the hits, and a background's."""
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(16, dimensions))
    texts, pictures = (
        (rng.normal(size=(n, 16)) @ shared + rng.normal(size=(n, dimensions))).astype(np.float32)
        for n in (110, hits + columns)
    )
    bank = (texts @ pictures.T).astype(float)
    background = replace(learn_background(bank), thinness=0.0, gap=float(bank.std()), best_texts=3)

    def search() -> None:
        rows = texts[:3] @ pictures.T - background.offsets(bank)
        relevance(rows[0], rows[1:], background, hits)

    def fresh_hits() -> None:
        background.offsets(texts @ pictures[:hits].T)

    return [
        f"| {columns:,} | {milliseconds(search):.1f} | {milliseconds(fresh_hits):.1f} | "
        f"{milliseconds(lambda: learn_background(bank)):.0f} |"
    ]


def gallery(model: BuiltinEmbedder) -> tuple[list[Scene], np.ndarray]:
    scenes, files = [], []
    for name, said in json.loads((GALLERY / "truth.json").read_text()).items():
        things = tuple(Thing(t["kind"], t["colour"], t["count"]) for t in said["objects"])
        settings = (said["place"], said["time"], said["weather"], said["style"], said["seed"])
        scenes.append(Scene(things, *settings))
        files.append((GALLERY / name).read_bytes())
    return scenes, model.embed_images(files, Deadline())


def same_subject(scenes: Sequence[Scene]) -> np.ndarray:
    names = np.array([subject(scene) for scene in scenes])
    found: np.ndarray = names[:, None] == names
    return found


def held_out(
    description: str, model: BuiltinEmbedder
) -> tuple[argparse.Namespace, list[Scene], np.ndarray]:
    """The command line, and the renders that it asks for: their scenes and their vectors."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=101, help="of the renders; 101 is held out")
    given = parser.parse_args()
    drawn = data.held_out(given.pictures, None, given.seed)
    name = "same" if given.seed == 101 else f"relevance-{given.seed}"
    pixels = renders(name, drawn, model.side, PAINTED_SHARE)
    return given, drawn, model.embed_squares(pixels)


def main() -> None:
    model = BuiltinEmbedder()
    given, drawn, vectors = held_out(__doc__, model)
    collections = {"gallery": gallery(model), f"{given.pictures:,} renders": (drawn, vectors)}
    lines = ["Mean F1; findings where there is nothing. Aims: gallery .92; .05, renders .88; .05."]
    plain = {title: world(*made, model) for title, made in collections.items()}
    for title, asked in plain.items():
        answered = int(asked.right.any(1).sum())
        lines.append(
            f"{title}: {answered} queries with an answer, {len(asked.right) - answered} without."
        )
    lines += ["", *table(plain, RULES | VARIANTS)]
    for title, asked in plain.items():
        others = geometries(asked, np.random.default_rng(5))
        lines += ["", f"Other geometries, {title}. Aim: .85; .08 on each.", ""]
        lines += table(others, RULES)
        lines += ["", f"The product's rule by kind of query, {title}:", "", *by_group(asked)]
        lines += ["", f"Alone, {title}: {all_removed(asked)}."]
        shifted = others["squeezed to .15-.35, shifted per text"]
        lines += [f"Squeezed and shifted: {all_removed(shifted)}."]
        scenes, vectors = collections[title]
        lines += [
            f"Pictures that show the same thing: {of_pictures(vectors, same_subject(scenes))}."
        ]
    if (RECORDINGS / "product_images.npz").exists():
        with np.load(RECORDINGS / "product_images.npz", allow_pickle=False) as recorded:
            vectors = recorded["vectors"].astype(np.float32)
            kinds = np.array([str(n).split("_")[0].rstrip("0123456789") for n in recorded["names"]])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        same = kinds[:, None] == kinds
        lines += [
            "",
            f"{len(kinds)} photographs, the service's vectors: {of_pictures(vectors, same)}.",
        ]
    lines += ["", "Milliseconds of processor time, 1024 dimensions, 1,000 hits, 110 texts:", ""]
    lines += ["| sampled pictures | a search | offsets of new hits | learning the background |"]
    lines += ["| ---: | ---: | ---: | ---: |"]
    for columns in (2000, 9000):
        lines += cost(columns)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
