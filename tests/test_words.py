"""core.words: lists of words, and the words of a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.words import (
    MOST_WORDS,
    PHOTOGRAPHS,
    WordList,
    content_words,
    own_words,
    read_words,
    spread_out,
)


def test_the_shipped_list_has_words_enough_and_none_twice() -> None:
    found = read_words(PHOTOGRAPHS)
    words = found.words
    assert not found.problems
    assert len(words) == len(set(words)) > 150
    assert not any(word.startswith("#") for word in words)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("\ufeffa dog\r\na  cat\r\n".encode(), ("a dog", "a cat")),
        ("собака\n犬\n".encode(), ("собака", "犬")),
        (b"<b>bold</b>\n**x**\n", ("<b>bold</b>", "**x**")),
        (b"dog\ndog\nDog\n", ("dog", "Dog")),
        ("caf\u0065\u0301\ncaf\u00e9".encode(), ("caf\u00e9",)),
    ],
)
def test_a_list_is_read_as_it_is_written(
    tmp_path: Path, written: bytes, words: tuple[str, ...]
) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(written)
    assert read_words(file) == WordList(words)


@pytest.mark.parametrize(
    ("written", "words", "problem"),
    [
        (b"x" * 61 + b"\nshort", ("short",), "more than 60 characters"),
        ("M\u00fcnchen\ndog".encode("latin-1"), ("dog",), "not text in UTF-8"),
        ("dog\ncat".encode("utf-16"), (), "not text in UTF-8"),
        (b"", (), "holds no words"),
        (b"# only a comment\n", (), "holds no words"),
        (b"\0" * 5_000_000, (), "not text in UTF-8"),
    ],
)
def test_what_of_a_list_cannot_be_used_is_said(
    tmp_path: Path, written: bytes, words: tuple[str, ...], problem: str
) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(written)
    found = own_words(file)
    assert found.words == words
    assert problem in found.problems[0]
    assert all(sentence.endswith(".") for sentence in found.problems)


def test_of_a_long_list_the_first_words_count_and_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\n".join(f"word {number}" for number in range(5000)), "utf-8")
    found = own_words(file)
    assert found.words == tuple(f"word {number}" for number in range(MOST_WORDS))
    assert found.problems == ("words.txt holds 5,000 words; the first 500 of them are used.",)


def test_without_a_list_of_ones_own_nothing_is_said(tmp_path: Path) -> None:
    assert own_words(tmp_path / "words.txt") == WordList(())


def test_a_list_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "words.txt").mkdir()
    found = own_words(tmp_path / "words.txt")
    assert not found.words
    assert found.problems[0].startswith("words.txt cannot be read (")


def test_words_that_name_nothing_are_left_out_of_a_text() -> None:
    assert content_words("A photo of the red boat, and a red “house”!") == ["red", "boat", "house"]


def test_words_are_taken_from_all_over_the_list() -> None:
    assert spread_out("abcdefgh", 4) == ("a", "c", "e", "g")
    assert spread_out("ab", 4) == ("a", "b")
