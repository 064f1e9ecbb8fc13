"""Which hits stand out, on cosines whose truth is known and on the gallery."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.deadline import Deadline
from core.embedders import builtin_embedder
from core.search.relevance import Background, Relevance, learn_background, relevance

PICTURES = 400
MATCHES = 12
NO_WORDS = np.zeros((0, PICTURES))


@cache
def bank() -> np.ndarray:
    """Twenty-four texts, each matched by other pictures; every picture matches a few of them."""
    rng = np.random.default_rng(1)
    rows = rng.normal(0.10, 0.02, (24, PICTURES))
    for text in range(24):
        matching = (text * 17 + np.arange(5 * MATCHES)) % PICTURES
        rows[text, matching] = rng.normal(0.22, 0.008, len(matching))
    return rows


def row(*, wholly: int, halfway: int = 0, seed: int = 2) -> np.ndarray:
    """One query's cosines, best first: pictures that match, that half match, and others."""
    rng = np.random.default_rng(seed)
    kinds = (
        (0.22, 0.008, wholly),
        (0.15, 0.01, halfway),
        (0.10, 0.015, PICTURES - wholly - halfway),
    )
    return np.concatenate([rng.normal(*kind) for kind in kinds])


def asked(query: np.ndarray, words: np.ndarray = NO_WORDS, **how: float) -> Relevance:
    return relevance(query, words, learn_background(bank()), PICTURES, **how)


def test_what_matches_stands_out_and_nothing_else() -> None:
    found = asked(row(wholly=MATCHES))
    assert found.stands_out.nonzero()[0].tolist() == list(range(MATCHES))
    assert found.count == MATCHES


def test_a_scale_and_a_shift_of_all_cosines_change_nothing() -> None:
    query = row(wholly=MATCHES, halfway=40)
    moved = relevance(0.7 * query + 0.1, NO_WORDS, learn_background(0.7 * bank() + 0.1), PICTURES)
    assert (moved.stands_out == asked(query).stands_out).all()
    assert np.allclose(moved.prominence, asked(query).prominence)


def test_shifts_of_single_texts_hide_no_match() -> None:
    rng = np.random.default_rng(3)
    background = learn_background(bank() + rng.normal(0, 0.03, (24, 1)))
    found = relevance(row(wholly=MATCHES) + 0.04, NO_WORDS, background, PICTURES)
    assert found.count == MATCHES


def test_a_picture_that_scores_high_whatever_is_asked_does_not_stand_out() -> None:
    hubs = np.zeros(PICTURES)
    hubs[::20] = 0.1
    background = learn_background(bank() + hubs)
    query = row(wholly=MATCHES) + hubs - background.offsets(bank() + hubs)
    found = relevance(query, NO_WORDS, background, PICTURES)
    assert found.stands_out[:MATCHES].all()
    assert found.stands_out[MATCHES:].sum() <= 1


def test_without_hubs_no_picture_is_corrected() -> None:
    assert learn_background(bank()).best_texts == 0
    assert not learn_background(bank()).offsets(bank()).any()


def test_pictures_that_match_one_word_of_two_do_not_stand_out() -> None:
    # The levels of these texts differ so much that the query's own level tells nothing.
    background = learn_background(bank() + np.random.default_rng(3).normal(0, 0.1, (24, 1)))
    query = row(wholly=0, halfway=40)
    first, second = row(wholly=20), np.roll(row(wholly=20, seed=5), 20)
    whole = relevance(query, NO_WORDS, background, PICTURES)
    by_words = relevance(query, np.stack([first, second]), background, PICTURES)
    assert whole.count > 0
    assert by_words.count == 0


def test_half_a_bank_of_texts_that_nothing_matches_does_not_spoil_it() -> None:
    absent = np.random.default_rng(6).normal(0.1, 0.02, (24, PICTURES))
    background = learn_background(np.concatenate([absent, bank()]))
    found = relevance(row(wholly=MATCHES), NO_WORDS, background, PICTURES)
    assert found.count == MATCHES


def test_a_level_far_below_that_of_all_other_texts_finds_nothing() -> None:
    assert asked(row(wholly=0)).count == 0


def test_strictness_moves_the_line() -> None:
    query = row(wholly=MATCHES, halfway=40)
    loose, usual, strict = (asked(query, strictness=s) for s in (-1.0, 0.0, 1.0))
    assert loose.line is not None and usual.line is not None and strict.line is not None
    assert loose.line < usual.line < strict.line
    assert loose.count > usual.count > strict.count


def test_the_line_divides_the_bars() -> None:
    found = asked(row(wholly=MATCHES, halfway=40))
    assert found.line == 0.5
    assert (found.prominence[found.stands_out] > 0.5).all()
    assert (found.prominence[~found.stands_out] <= 0.5).all()
    assert found.prominence.min() >= 0 and found.prominence.max() <= 1


def test_only_hits_are_told_of() -> None:
    found = relevance(row(wholly=MATCHES), NO_WORDS, learn_background(bank()), 5)
    assert len(found.prominence) == len(found.stands_out) == found.count == 5


def test_those_that_stand_out_come_first_and_keep_their_order() -> None:
    found = Relevance(np.zeros(4), np.array([False, True, False, True]), 0.5)
    assert found.order.tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("pictures", [0, 1, 2, 20])
def test_a_small_collection_gets_no_line(pictures: int) -> None:
    query = np.sort(np.random.default_rng(4).random(pictures))[::-1]
    background = learn_background(bank()[:, :pictures])
    found = relevance(query, NO_WORDS[:, :pictures], background, pictures)
    assert (found.line, found.count, len(found.prominence)) == (None, 0, pictures)
    assert np.isfinite(found.prominence).all()


def test_identical_pictures_get_no_line() -> None:
    rows = np.repeat(bank()[:, :1], PICTURES, axis=1)
    found = relevance(rows[0], NO_WORDS, learn_background(rows), PICTURES)
    assert (found.line, found.count) == (None, 0)
    assert not found.prominence.any()


def test_texts_that_nothing_matches_give_no_line() -> None:
    rows = np.random.default_rng(6).normal(0.1, 0.02, (24, PICTURES))
    assert not learn_background(rows).is_clear


def test_a_bank_without_texts_gives_no_line() -> None:
    background = learn_background(np.zeros((0, PICTURES)))
    assert relevance(row(wholly=MATCHES), NO_WORDS, background, PICTURES).line is None


def test_a_few_texts_are_enough_for_a_line() -> None:
    found = relevance(row(wholly=MATCHES), NO_WORDS, learn_background(bank()[:3]), PICTURES)
    assert found.stands_out[:MATCHES].sum() >= MATCHES - 1
    assert not found.stands_out[MATCHES:].any()


def test_the_same_cosines_give_the_same_background() -> None:
    first, second = learn_background(bank()), learn_background(bank())
    assert first.gap == second.gap and first.thinness == second.thinness


GALLERY = Path(__file__).parents[2] / "images" / "gallery"


@pytest.fixture(scope="module")
def gallery() -> tuple[list[dict[str, object]], np.ndarray]:
    """What each picture of the gallery shows, and the pictures' vectors."""
    truth = json.loads((GALLERY / "truth.json").read_text("utf-8"))
    files = [(GALLERY / name).read_bytes() for name in truth]
    return list(truth.values()), builtin_embedder().embed_images(files, Deadline())


def ask_gallery(vectors: np.ndarray, text: str, *words: str) -> Relevance:
    model = builtin_embedder()

    def rows(texts: list[str]) -> np.ndarray:
        return np.stack([model.embed_text(one, Deadline()) for one in texts]) @ vectors.T

    known = "house boat cat dog tree lemon red blue green night sunset snow forest sea oil fog"
    background: Background = learn_background(rows(known.split()))
    return relevance(rows([text])[0], rows([text, *words])[1:], background, len(vectors))


def test_blue_houses_of_the_gallery_stand_out(
    gallery: tuple[list[dict[str, object]], np.ndarray],
) -> None:
    truth, vectors = gallery
    found = ask_gallery(vectors, "a blue house", "blue", "house").stands_out
    right = np.array(["blue house" in str(one["caption"]) for one in truth])
    assert (found & right).sum() >= 0.8 * max(found.sum(), right.sum())


def test_the_gallery_has_no_lemon_in_the_forest(
    gallery: tuple[list[dict[str, object]], np.ndarray],
) -> None:
    _, vectors = gallery
    assert ask_gallery(vectors, "a lemon in a forest", "lemon", "forest").count == 0
