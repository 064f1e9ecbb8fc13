"""Words beside pictures: those that tell what stands out, and those that name pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.embedders import Embedder, KnowsItsWords
from core.explore import (
    Clusters,
    KnownWords,
    NearWord,
    known_words,
    name_clusters,
    nearest_words,
)
from core.index import VectorSpace
from core.search import (
    AskedText,
    Bank,
    Learning,
    LearningState,
    Part,
    QueryVectors,
    Ranking,
    Relevance,
    StandingOut,
    Term,
    combine,
    query_key,
)
from core.vectors import Vector, Vectors
from core.words import PHOTOGRAPHS, content_words, read_words, spread_out

# Texts that tell what is usual, where each may be a call or takes a local model a moment. On the
# gallery 16 find hardly less than all 110 (benchmarks/README.md, "What stands out").
BANK_WORDS = 64


class Words:
    """The words that one embedder is asked for besides those that people type.

    own: the words of the person's own list. fair_sample: gives vectors that stand for the
    collection, shape (n, dimensions). read_text: gives the parts of a query as it is written.
    is_running: whether a run changes the collection now.
    """

    def __init__(
        self,
        space: VectorSpace,
        embedder: Embedder,
        queries: QueryVectors,
        own: Sequence[str],
        fair_sample: Callable[[], Vectors],
        read_text: Callable[[str], Sequence[Term]],
        is_running: Callable[[], bool],
    ) -> None:
        self._space = space
        self._embedder = embedder
        self._queries = queries
        self._fair_sample = fair_sample
        self._read_text = read_text
        self._known_words: tuple[int, KnownWords] | None = None
        # Those of the person's own list that the embedder does not know: pictures are not named
        # with them.
        self.unknown_own_words: tuple[str, ...] = ()
        self._bank = self._make_bank(own)
        self._naming = self._make_naming(own)
        self._showcase_texts: list[str] = []
        self._showcase = Learning(queries, [])
        self._standing_out = StandingOut(space, self._bank.vectors, is_running)

    def _make_bank(self, own: Sequence[str]) -> Bank:
        """own: the words of the person's own list."""
        if isinstance(self._embedder, KnowsItsWords):
            groups = self._embedder.vocabulary().values()
            return Bank(self._queries, [word for group in groups for word in group], at_once=True)
        words = own or spread_out(read_words(PHOTOGRAPHS).words, BANK_WORDS)
        return Bank(self._queries, words, by_itself=not self._embedder.paid)

    def _make_naming(self, own: Sequence[str]) -> Bank:
        """The words that pictures and groups are named with: those of the bank or, for an embedder
        that knows its words, those of the person's own list that it knows."""
        embedder = self._embedder
        if not own or not isinstance(embedder, KnowsItsWords):
            return self._bank
        known = [
            word
            for word in own
            if embedder.content_words(word) and not embedder.unknown_words(word)
        ]
        self.unknown_own_words = tuple(word for word in own if word not in known)
        return Bank(self._queries, known, at_once=True) if known else self._bank

    def standing_out(
        self,
        terms: Sequence[Term],
        parts: Sequence[Part],
        ranking: Ranking,
        strictness: float,
    ) -> Relevance | None:
        """What stands out in the ranking of a query; None while its word bank is not known.

        parts: of the terms, in their order. strictness: from -1 (loose) to 1 (strict). No call is
        made for it: words that would cost one are left out.
        """
        texts = [
            AskedText(part.vector, self._words_asked_singly(term.text), term.weight)
            for term, part in zip(terms, parts, strict=True)
            if term.text
        ]
        return self._standing_out.judge(combine(parts), texts, ranking.hits, strictness)

    def _words_asked_singly(self, text: str) -> tuple[Vector, ...]:
        embedder = self._embedder
        read = embedder.content_words if isinstance(embedder, KnowsItsWords) else content_words
        words = list(dict.fromkeys(read(text)))
        free = (word for word in words if self._queries.is_free(word))
        return tuple(self._queries.text(word, heard=False) for word in free)

    def bank_state(self) -> LearningState:
        """How far the word bank is that tells what stands out."""
        return self._bank.state()

    def learn_words(self) -> None:
        """Begin to ask for the words of the bank that are not known yet, each one call."""
        self._bank.learn()

    def showcase_state(self, queries: Sequence[str]) -> LearningState:
        """How many of the texts of a showcase are known: those of its queries, and the bank's.

        queries: as they are written. What is known answers for good, also where a cap is reached.
        """
        asked = self._showcase_of(queries)
        asked.look_again()
        self._bank.look_again()
        return asked.state() + self._bank.state()

    def is_preparing(self) -> bool:
        """True while texts of the showcase are asked for."""
        return self._showcase.is_on() or self._bank.is_learning()

    def prepare_showcase(self, queries: Sequence[str]) -> None:
        """Begin to ask for the texts that are not known yet, each one call; returns at once."""
        self._showcase_of(queries).start()
        self._bank.learn()

    def stop_preparing(self) -> None:
        """Ask for no more texts of the showcase; what was answered is kept."""
        self._showcase.stop()
        self._bank.stop()

    def _showcase_of(self, queries: Sequence[str]) -> Learning:
        terms = [term for written in queries for term in self._read_text(written) if term.text]
        of_the_bank = set(self._bank.words())
        texts = list(dict.fromkeys(query_key(term.text) for term in terms))
        texts = [text for text in texts if text not in of_the_bank]
        if self._showcase_texts != texts:
            self._showcase.stop()
            self._showcase_texts, self._showcase = texts, Learning(self._queries, texts)
        return self._showcase

    def own_words(
        self, terms: Sequence[Term], picture_ids: Sequence[str]
    ) -> list[tuple[str, tuple[float, ...]]]:
        """The words of a query of one text, asked singly: each with its cosine to each picture.

        Empty where that would cost a call, where there is more than one part, or where the text is
        a single word.
        """
        embedder = self._embedder
        if len(terms) != 1 or not terms[0].text or not isinstance(embedder, KnowsItsWords):
            return []
        words = list(dict.fromkeys(embedder.content_words(terms[0].text)))
        _, vectors = self._space.vectors(picture_ids)
        if len(words) < 2 or len(vectors) < len(picture_ids):
            return []
        return [(word, tuple((vectors @ self._queries.text(word)).tolist())) for word in words]

    def nearest_words(self, picture_id: str, count: int) -> list[NearWord]:
        """The words that a picture lies nearest to; empty until `known_words` are known.

        The words' vectors are made once, what is usual for each once for each state of the
        collection.
        """
        vector, known = self._queries.picture(picture_id), self.known_words()
        if vector is None or known is None:
            return []
        return nearest_words(known, vector, count)

    def known_words(self) -> KnownWords | None:
        """The words that name pictures, with what is usual for each; None until all are known."""
        vectors = self._naming.vectors()
        if vectors is None:
            return None
        generation = self._space.generation()
        if self._known_words is None or self._known_words[0] != generation:
            words = known_words(self._naming.words(), vectors, self._fair_sample())
            self._known_words = generation, words
        return self._known_words[1]

    def cluster_names(self, clusters: Clusters) -> list[tuple[str, ...]] | None:
        """One to three words for each cluster; None until the words of the bank are known."""
        known = self.known_words()
        if known is None:
            return None
        ids, vectors = self._space.vectors(clusters.ids)
        return name_clusters(known, vectors, clusters.of(ids))
