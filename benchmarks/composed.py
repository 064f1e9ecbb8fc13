"""Composed queries: "X + Y" and "X - Y" by the product, beside simpler ways, as a table.

    python -m benchmarks.composed [--pictures 2000] [--seed 101]

On held-out renders (drawn once, kept in tools/.cache): P@5, the share of right pictures among the
first five, for every pair with at least five right answers. A text part beside a picture part:
how many of the composed first 24 are among the first 24 of each part alone. Needs
tools/requirements.txt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from benchmarks.relevance import BANK, held_out
from core.deadline import Deadline
from core.embedders.builtin.embedder import BuiltinEmbedder
from core.index import Sample
from core.model import Hit, Scope
from core.search import AskedText, Part, StandingOut, Term, balanced, combine, parse_text
from core.vectors import Vectors
from tools.training import measure
from tools.training.captions import fact_table

FIRST = 5
FEWEST_RIGHT = 5
# What the product shows on its first page.
PAGE = 24
# Text and picture pairs, and how they are drawn.
PAIRS, SEED = 300, 7


class Pictures:
    """The pictures as the space that is searched: what `StandingOut` needs of one."""

    def __init__(self, vectors: Vectors) -> None:
        self.rows = vectors

    def __len__(self) -> int:
        return len(self.rows)

    def generation(self) -> int:
        return 0

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        return list(ids), self.rows[[int(name) for name in ids]]

    def sample(self, scope: Scope, limit: int) -> Sample:
        chosen = np.linspace(0, len(self.rows) - 1, min(limit, len(self.rows))).astype(int)
        return Sample(tuple(map(str, chosen)), self.rows[chosen], 0)


class Ways:
    """The ways to order pictures for two texts, the second with a sign."""

    def __init__(self, model: BuiltinEmbedder, pictures: Vectors) -> None:
        self.model, self.pictures = model, pictures
        bank = np.stack([self.vector(word) for word in BANK])
        self.judge = StandingOut(Pictures(pictures), lambda: bank, lambda: False).judge

    def vector(self, text: str) -> np.ndarray:
        return self.model.embed_text(text, Deadline())

    def parts(self, texts: Sequence[str], sign: int) -> list[Part]:
        signs = (1, sign)
        return [Part(self.vector(text), s) for text, s in zip(texts, signs, strict=True)]

    def plain(self, texts: Sequence[str], sign: int) -> np.ndarray:
        return np.argsort(-(self.pictures @ combine(self.parts(texts, sign))), kind="stable")

    def equal(self, texts: Sequence[str], sign: int) -> np.ndarray:
        parts = balanced(self.parts(texts, sign), self.pictures)
        return np.argsort(-(self.pictures @ combine(parts)), kind="stable")

    def product(self, texts: Sequence[str], sign: int) -> np.ndarray:
        return self.answered([Term(texts[0]), Term(texts[1], weight=sign)])

    def typed(self, texts: Sequence[str], sign: int) -> np.ndarray:
        return self.answered(parse_text(written(texts, sign), self.model))

    def answered(self, terms: Sequence[Term]) -> np.ndarray:
        """As the product answers it: balanced, what stands out first."""
        parts = [Part(self.vector(term.text), term.weight) for term in terms]
        parts = balanced(parts, self.pictures)
        order = np.argsort(-(self.pictures @ combine(parts)), kind="stable")
        hits = [Hit(str(row), 0.0, rank) for rank, row in enumerate(order[:1000], 1)]
        asked = [
            AskedText(part.vector, self.words(term.text), term.weight)
            for term, part in zip(terms, parts, strict=True)
        ]
        found = self.judge(combine(parts), asked, hits, 0.0)
        assert found is not None
        return order[:1000][found.order]

    def sentence(self, texts: Sequence[str], sign: int) -> np.ndarray:
        found = self.pictures @ self.vector(written(texts, sign))
        return np.argsort(-found, kind="stable")

    def words(self, text: str) -> tuple[np.ndarray, ...]:
        return tuple(map(self.vector, self.model.content_words(text)))


def written(texts: Sequence[str], sign: int) -> str:
    return f"{texts[0]} {'and' if sign > 0 else 'without'} {texts[1]}"


def precision(order: np.ndarray, right: np.ndarray, unclear: np.ndarray) -> float:
    return float(right[order[~unclear[order]]][:FIRST].mean())


def agreement(ways: Ways, combined: Callable[[list[Part]], list[Part]]) -> tuple[float, float]:
    """Of the first page of a text and a picture, the share that each alone shows first too."""
    rng = np.random.default_rng(SEED)
    texts = [ask.text for ask in measure.one_word()]
    shares = []
    for _ in range(PAIRS):
        text = ways.vector(texts[rng.integers(len(texts))])
        picture = ways.pictures[rng.integers(len(ways.pictures))]
        whole = combine(combined([Part(text), Part(picture)]))
        pages = [set(np.argsort(-(ways.pictures @ one))[:PAGE]) for one in (whole, text, picture)]
        shares.append([len(pages[0] & page) / PAGE for page in pages[1:]])
    alone_text, alone_picture = np.mean(shares, axis=0)
    return float(alone_text), float(alone_picture)


def main() -> None:
    model = BuiltinEmbedder()
    _, drawn, vectors = held_out(__doc__, model)
    ways = Ways(model, vectors)
    sure, possible = fact_table(drawn)
    asked = measure.one_word()
    truth = [ask.query.judge(sure, possible) for ask in asked]
    orders = {
        "**the product's: equal influence, what stands out first**": ways.product,
        "equal influence alone": ways.equal,
        "plain sum of unit vectors": ways.plain,
        "one sentence, “X and Y”, “X without Y”": ways.sentence,
        "the same sentence as the page reads it": ways.typed,
    }
    print("| P@5 | X + Y | X − Y |\n| --- | --- | --- |")
    scores: dict[str, list[list[float]]] = {title: [[], []] for title in orders}
    for (x, (right_x, unclear_x)), (y, (right_y, unclear_y)) in product(
        zip(asked, truth, strict=True), repeat=2
    ):
        if x.text == y.text:
            continue
        texts, unclear = (x.text, y.text), (unclear_x | unclear_y)
        for column, (sign, right) in enumerate(
            ((1, right_x & right_y), (-1, right_x & ~right_y & ~unclear_y))
        ):
            # "X + Y" and "Y + X" are one query, and taking away what is not there asks nothing.
            if (sign > 0 and x.text > y.text) or (sign < 0 and not (right_x & right_y).any()):
                continue
            if right.sum() >= FEWEST_RIGHT:
                for title, order in orders.items():
                    found = precision(order(texts, sign), right, unclear)
                    scores[title][column].append(found)
    for title, columns in scores.items():
        print(f"| {title} | {' | '.join(f'{np.mean(column):.3f}' for column in columns)} |")
    counts = [len(column) for column in next(iter(scores.values()))]
    print(f"\n{counts[0]:,} pairs of one word and one word for +, {counts[1]:,} for −.\n")
    print("| of the first 24 of a text + a picture, shown first too by | the text | the picture |")
    print("| --- | --- | --- |")
    for title, combined in (
        ("**equal influence**", lambda parts: balanced(parts, ways.pictures)),
        ("plain sum of unit vectors", lambda parts: parts),
    ):
        text, picture = agreement(ways, combined)
        print(f"| {title} | {text:.2f} | {picture:.2f} |")


if __name__ == "__main__":
    main()
