"""core.words: lists of words, and the words of a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.words import MOST_WORDS, PHOTOGRAPHS, content_words, read_words, spread_out


def test_the_shipped_list_has_words_enough_and_none_twice() -> None:
    words = read_words(PHOTOGRAPHS)
    assert len(words) == len(set(words)) > 150
    assert not any(word.startswith("#") for word in words)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"", ()),
        (b"# only a comment\n\n  \n", ()),
        ("\ufeffa dog\r\na  cat\r\n".encode(), ("a dog", "a cat")),
        ("собака\n犬\n".encode(), ("собака", "犬")),
        (b"<b>bold</b>\n**x**\n", ("<b>bold</b>", "**x**")),
        (b"dog\ndog\nDog\n", ("dog", "Dog")),
        (b"\xff\xfe\n", ("\ufffd\ufffd",)),
        (b"x" * 61 + b"\nshort", ("short",)),
    ],
)
def test_a_list_is_read_as_it_is_written(
    tmp_path: Path, written: bytes, words: tuple[str, ...]
) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(written)
    assert read_words(file) == words


def test_the_first_five_thousand_words_count(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\n".join(f"word {number}" for number in range(6000)), "utf-8")
    assert len(read_words(file)) == MOST_WORDS


def test_words_that_name_nothing_are_left_out_of_a_text() -> None:
    assert content_words("A photo of the red boat, and a red “house”!") == ["red", "boat", "house"]


def test_words_are_taken_from_all_over_the_list() -> None:
    assert spread_out("abcdefgh", 4) == ("a", "c", "e", "g")
    assert spread_out("ab", 4) == ("a", "b")
