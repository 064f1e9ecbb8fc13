"""What the explorer finds beside what pictures show, and beside simpler ways, as a table.

    python -m benchmarks.explore [--pictures 2000] [--seed 101]

On the gallery and on held-out renders (drawn once, kept in tools/.cache), with the built-in model.
Needs tools/requirements.txt. Columns of scikit-learn, umap-learn and openTSNE only where they are
installed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import exp, lgamma

import numpy as np

from benchmarks.layout import kept, peers
from benchmarks.relevance import gallery, held_out
from core.deadline import Deadline
from core.embedders.builtin.embedder import BuiltinEmbedder
from core.embedders.builtin.words import GROUPS
from core.explore import (
    KnownWords,
    along_axis,
    best_of,
    find_clusters,
    known_words,
    layout,
    name_clusters,
    nearest_words,
    picture_side,
    place,
    profiles,
    project,
    spread,
)
from core.vectors import Vector, Vectors
from tools.paintings.scene import Scene, subject
from tools.training.captions import ANY, COLOURS, FACT_IDS, fact_table

WORDS = tuple(word for group, words in GROUPS.items() if group != "numbers" for word in words)
# As many as ui/picture_words.py shows.
WORDS_SHOWN = 5
TIMES = {"day": 0, "dawn": 1, "sunset": 1, "night": 2}


@dataclass(frozen=True, eq=False)
class World:
    """Pictures, the words of the model, and which word is surely true of which picture."""

    scenes: Sequence[Scene]
    vectors: Vectors
    known: KnownWords
    true: np.ndarray

    @property
    def facts(self) -> dict[str, list[str]]:
        return {
            "time": [str(scene.time) for scene in self.scenes],
            "place": [scene.place for scene in self.scenes],
            "subject": [subject(scene) for scene in self.scenes],
            "weather": [str(scene.weather) for scene in self.scenes],
            "style": [scene.style for scene in self.scenes],
        }

    def is_true(self, word: str) -> np.ndarray:
        found: np.ndarray = self.true[:, WORDS.index(word)]
        return found


def world(scenes: Sequence[Scene], vectors: Vectors, model: BuiltinEmbedder) -> World:
    words = np.stack([model.embed_text(word, Deadline()) for word in WORDS])
    sure, _ = fact_table(scenes)
    true = sure[:, [_fact(word) for word in WORDS]]
    return World(scenes, vectors, known_words(WORDS, words, vectors), true)


def _fact(word: str) -> int:
    if (word, "", 0) in FACT_IDS:
        return FACT_IDS[word, "", 0]
    return FACT_IDS[(ANY, word, 0) if word in COLOURS else (word, ANY, 0)]


# -- clusters and names


def mutual_information(first: Sequence[object], second: Sequence[object]) -> float:
    """Adjusted for chance, over the mean of the two entropies (Vinh, Epps and Bailey 2010)."""
    rows, columns = (np.unique(labels, return_inverse=True)[1] for labels in (first, second))
    n = len(rows)
    table = np.zeros((rows.max() + 1, columns.max() + 1), int)
    np.add.at(table, (rows, columns), 1)
    a, b = table.sum(1), table.sum(0)
    entropies = [-(sizes / n) @ np.log(sizes / n) for sizes in (a, b)]
    i, j = np.nonzero(table)
    found = (table[i, j] / n * np.log(n * table[i, j] / (a[i] * b[j]))).sum()
    by_chance = sum(_expected(int(x), int(y), n) for x in a for y in b)
    mean = sum(entropies) / 2
    return float((found - by_chance) / max(mean - by_chance, 1e-12))


def _expected(x: int, y: int, n: int) -> float:
    """What two labels of x and y of n pictures share by chance."""
    always = lgamma(x + 1) + lgamma(y + 1) + lgamma(n - x + 1) + lgamma(n - y + 1) - lgamma(n + 1)
    return sum(
        both
        / n
        * np.log(n * both / (x * y))
        * exp(
            always
            - lgamma(both + 1)
            - lgamma(x - both + 1)
            - lgamma(y - both + 1)
            - lgamma(n - x - y + both + 1)
        )
        for both in range(max(1, x + y - n), min(x, y) + 1)
    )


def cluster_rows(here: World) -> list[str]:
    """AMI with each fact, how regions hold together on the map, and how true the names are."""
    points = layout(here.vectors)
    near = near_on_map(points)
    told = profiles(here.known, here.vectors)
    ways: dict[str, np.ndarray] = {
        "by likeness, number found": find_clusters(here.vectors),
        "by likeness, 8": find_clusters(here.vectors, 8),
        "by likeness, 12": find_clusters(here.vectors, 12),
        "by what words say, number found": find_clusters(told),
        "by what words say, 12": find_clusters(told, 12),
        "by what words say, 16": find_clusters(told, 16),
    }
    for group in ("places", "times", "styles"):
        chosen = [WORDS.index(word) for word in GROUPS[group]]
        best = best_of(here.known, here.vectors, chosen)
        ways[f"nearest of the {group}"] = np.unique(best, return_inverse=True)[1]
    lines = []
    for way, labels in ways.items():
        agreed = {fact: mutual_information(t, labels) for fact, t in here.facts.items()}
        best_fact = max(agreed, key=lambda fact: agreed[fact])
        together = (labels[near] == labels[:, None]).mean()
        names = name_clusters(here.known, here.vectors, labels)
        cells = [
            way,
            str(labels.max() + 1),
            f"{agreed[best_fact]:.2f} ({best_fact})",
            f"{together:.2f}",
            f"{first_true(here, labels, [name[:1] for name in names]):.2f}",
            f"{first_true(here, labels, without_contrast(here, labels)):.2f}",
            str(len(names) - len({frozenset(name) for name in names})),
            str(len(names) - len(set(without_contrast(here, labels)))),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def near_on_map(points: np.ndarray, count: int = 10) -> np.ndarray:
    squares = ((points[:, None] - points[None]) ** 2).sum(2)
    np.fill_diagonal(squares, np.inf)
    return np.argsort(squares, axis=1)[:, :count]


def first_true(here: World, labels: np.ndarray, names: Sequence[tuple[str, ...]]) -> float:
    """Share of clusters whose first word is true of most of their pictures."""
    return float(
        np.mean(
            [
                bool(name) and here.is_true(name[0])[labels == cluster].mean() > 0.5
                for cluster, name in enumerate(names)
            ]
        )
    )


def without_contrast(here: World, labels: np.ndarray) -> list[tuple[str, ...]]:
    """The three words with the highest cosines with each cluster's middle."""
    middles = [here.vectors[labels == cluster].mean(0) for cluster in range(labels.max() + 1)]
    orders = [np.argsort(-(here.known.vectors @ middle))[:3] for middle in middles]
    return [tuple(WORDS[word] for word in order) for order in orders]


# -- words and axes


def words_row(here: World) -> str:
    """Shares of pictures: first true; all three true; each of those that the page shows true."""
    told = np.array(
        [
            [
                here.is_true(near.word)[row]
                for near in nearest_words(here.known, vector, WORDS_SHOWN)
            ]
            for row, vector in enumerate(here.vectors)
        ]
    )
    each = ", ".join(f"{share:.3f}" for share in told.mean(axis=0))
    return f"{told[:, 0].mean():.3f}; {told[:, :3].all(axis=1).mean():.3f}; {each}"


def ranks(values: np.ndarray) -> np.ndarray:
    """Equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return found


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def axis_rows(here: World, model: BuiltinEmbedder) -> list[tuple[str, float, int]]:
    """(axis, rank correlation with the truth, pictures)."""

    def ends(start: str, end: str) -> tuple[Vector, Vector]:
        return model.embed_text(start, Deadline()), model.embed_text(end, Deadline())

    timed = np.array([scene.time in TIMES for scene in here.scenes])
    hour = np.array([TIMES.get(str(scene.time), 0) for scene in here.scenes])
    cold, warm = here.is_true("cold"), here.is_true("warm")
    count = np.array([sum(thing.count for thing in scene.coloured) for scene in here.scenes])
    axes = {
        "day – night; dawn and sunset between": ("day", "night", hour, timed),
        "warm – cold place, where one of them holds": ("warm", "cold", cold, cold | warm),
        "warm – cold place, neither between": (
            "warm",
            "cold",
            cold.astype(int) - warm,
            np.ones(len(cold), bool),
        ),
        "one – several things": ("one", "three", count, count > 0),
    }
    lines = []
    for axis, (start, end, truth, asked) in axes.items():
        found = along_axis(here.vectors, *ends(start, end))
        lines.append((axis, rank_correlation(found[asked], truth[asked]), int(asked.sum())))
    lines.append(
        ("number of things, read off the vectors by ridge regression", *_ridge(here, count))
    )
    return lines


def _ridge(here: World, count: np.ndarray) -> tuple[float, int]:
    """Learned on every second picture, asked of the others: what any axis could reach at best."""
    rows = here.vectors - here.vectors.mean(0)
    learn, ask = rows[::2], rows[1::2]
    inner = learn.T @ learn + 0.1 * np.eye(rows.shape[1])
    weights = np.linalg.solve(inner, learn.T @ (count[::2] - count[::2].mean()))
    some = count[1::2] > 0
    return rank_correlation((ask @ weights)[some], count[1::2][some]), int(some.sum())


# -- the table


def map_rows(vectors: Vectors) -> list[str]:
    points = layout(vectors)
    moved = spread(points, picture_side(points))
    drawn = np.random.default_rng(0).permutation(len(vectors))
    new, old = drawn[: len(drawn) // 10], drawn[len(drawn) // 10 :]
    placed = np.empty_like(points)
    placed[old] = layout(vectors[old])
    placed[new] = place(vectors[new], vectors[old], placed[old])
    ways: dict[str, np.ndarray] = {
        "PCA": project(vectors).points,
        "**this layout**": points,
        "the same, overlaps spread": moved,
    }
    lines = [f"| {way} | {kept(vectors, found):.3f} |" for way, found in ways.items()]
    share = kept(vectors, placed, rows=new)
    lines.append(f"| a tenth of the pictures placed on a map of the others | {share:.3f} |")
    more: dict[str, Callable[[Vectors], np.ndarray]] = dict(peers())
    if find_spec("sklearn"):
        from sklearn.manifold import TSNE

        more["t-SNE of scikit-learn"] = lambda rows: TSNE(random_state=0).fit_transform(rows)
    lines += [f"| {way} | {kept(vectors, make(vectors)):.3f} |" for way, make in more.items()]
    return lines


def main() -> None:
    model = BuiltinEmbedder()
    given, drawn, vectors = held_out(__doc__, model)
    collections = {
        "gallery": world(*gallery(model), model),
        f"{given.pictures:,} renders": world(drawn, vectors, model),
    }
    for title, here in collections.items():
        print(f"\nClusters, {title}: agreement is the adjusted mutual information with the fact it")
        print("is highest for; together is the share of a picture's 10 nearest on the map that lie")
        print("in its cluster; true is the share of clusters whose first word is true of most.\n")
        print(
            "| clusters | number | agreement | together | true | true, without contrast "
            "| same names | same names, without contrast |"
        )
        print(f"|{' --- |' * 8}")
        print("\n".join(cluster_rows(here)), flush=True)
        print(f"\nWords for a picture, {title}; first true; all three true; each true:")
        print(f"{words_row(here)}\n")
        print(f"| axis, {title} | rank correlation | pictures |\n| --- | --- | --- |")
        for axis, found, pictures in axis_rows(here, model):
            print(f"| {axis} | {found:.2f} | {pictures:,} |")
        print(f"\n| map, {title} | 10 nearest neighbours kept |\n| --- | --- |")
        print("\n".join(map_rows(here.vectors)), flush=True)


if __name__ == "__main__":
    main()
