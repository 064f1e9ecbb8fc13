"""The labelled set of paintings: its catalogue, and its pictures (where skia is installed)."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.paintings.labels import (
    COLUMNS,
    SCHOOLS,
    SITTERS,
    TECHNIQUES,
    UNKNOWN_AUTHOR,
    Work,
    works,
)
from tools.paintings.scene import COLOURS, plural
from tools.paintings.series import METADATA, file_names, main, write_labels


@pytest.fixture(scope="module")
def chosen() -> list[Work]:
    return works(1000)


def lines(folder: Path) -> list[dict[str, str]]:
    with (folder / METADATA).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


# -- the catalogue ----------------------------------------------------------------------------
def test_the_first_works_are_the_same_however_many_are_asked_for(chosen: list[Work]) -> None:
    assert works(40) == chosen[:40]
    assert works(40, seed=7) != chosen[:40]


def test_every_label_is_of_its_list_or_left_empty(chosen: list[Work], tmp_path: Path) -> None:
    write_labels(tmp_path, chosen)
    rows = lines(tmp_path)
    assert len(rows) == len(chosen)
    assert tuple(rows[0]) == COLUMNS
    assert {row["period"] for row in rows} == {*SCHOOLS, ""}
    assert {row["technique"] for row in rows} == {*TECHNIQUES, ""}
    assert all(row["title"] and row["author"] for row in rows)
    assert {row["year"] for row in rows if not row["year"].isdigit()} == {""}


def test_a_few_works_have_no_year_and_no_known_author_as_in_a_real_catalogue(
    chosen: list[Work],
) -> None:
    for gaps in (
        sum("year" in work.silent for work in chosen),
        sum(work.author == UNKNOWN_AUTHOR for work in chosen),
    ):
        assert 0 < gaps < len(chosen) / 10


def test_a_work_was_made_in_the_years_of_its_school_and_of_its_technique(
    chosen: list[Work],
) -> None:
    for work in chosen:
        first, last = SCHOOLS[work.school].years
        technique = TECHNIQUES[work.technique]
        assert max(first, technique.first) <= work.year <= min(last, technique.last), work


def test_an_author_belongs_to_one_school_and_worked_for_no_longer_than_a_life(
    chosen: list[Work],
) -> None:
    by_author: dict[str, list[Work]] = {}
    for work in chosen:
        if work.author != UNKNOWN_AUTHOR:
            by_author.setdefault(work.author, []).append(work)
    for author, theirs in by_author.items():
        years = [work.year for work in theirs]
        assert len({work.school for work in theirs}) == 1, author
        assert max(years) - min(years) <= 40, author


def test_a_title_names_every_thing_that_is_painted(chosen: list[Work]) -> None:
    for work in chosen:
        title = work.title.lower()
        if work.sitter is None:
            painted = list(work.scene.coloured)
        else:
            painted = [] if work.sitter.holds is None else [work.sitter.holds]
            for person in work.sitter.who.split(" and "):
                assert (f"old {person}" if work.sitter.old else person) in title
        for thing in painted:
            assert (thing.kind if thing.count == 1 else plural(thing.kind)) in title, title


def test_the_title_of_a_work_without_colours_names_none(chosen: list[Work]) -> None:
    drawings = [work for work in chosen if not TECHNIQUES[work.technique].coloured]
    for work in drawings:
        assert not {*COLOURS} & set(work.title.lower().split()), work.title


def test_there_are_women_before_1600_in_italy_and_portraits_of_every_sort(
    chosen: list[Work],
) -> None:
    sitters = Counter(work.sitter.who for work in chosen if work.sitter is not None)
    assert set(sitters) == set(SITTERS)
    of_women = [
        work
        for work in chosen
        if work.subject == "woman" and work.school == "Italian" and work.year < 1600
    ]
    assert len(of_women) >= 10


def test_nobody_paints_what_was_not_there_yet(chosen: list[Work]) -> None:
    for work in chosen:
        if work.scene.has("train"):
            assert work.year >= 1840
        if work.scene.has("car"):
            assert work.year >= 1900


def test_no_two_works_have_one_file_name(chosen: list[Work]) -> None:
    names = file_names(chosen)
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name == name.lower() for name in names)


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / METADATA).write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--count", "1"])
    assert "is not an empty folder" in capsys.readouterr().err
    assert (tmp_path / METADATA).read_text(encoding="utf-8") == "mine"


# -- the pictures -----------------------------------------------------------------------------
def painter() -> None:
    """Skips the test where the packages of the tools are missing."""
    for package in ("skia", "cv2", "scipy"):
        pytest.importorskip(package, reason=f"{package} is only in tools/requirements.txt")


def test_the_same_seed_gives_the_same_bytes_and_every_line_names_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    painter()
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        assert main([str(folder), "--count", "3", "--processes", "1"]) == 0
    capsys.readouterr()
    rows = lines(first)
    assert {row["file_name"] for row in rows} | {METADATA} == {p.name for p in first.iterdir()}
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    for row in rows:
        with Image.open(first / row["file_name"]) as image:
            assert (image.format, image.mode, max(image.size)) == ("JPEG", "RGB", 512)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_every_technique_can_be_painted(technique: str, chosen: list[Work]) -> None:
    painter()
    from tools.paintings.looks import paint_work

    assert paint_work(next(w for w in chosen if w.technique == technique)).std() > 1


@pytest.mark.parametrize("technique", [n for n, t in TECHNIQUES.items() if not t.coloured])
def test_a_drawing_has_a_fraction_of_the_colour_of_the_same_in_oil(
    technique: str, chosen: list[Work]
) -> None:
    painter()
    from tools.paintings.looks import paint_work

    # Yellowed paper has a tint of its own, the same all over: what counts is how much it varies.
    drawing = next(work for work in chosen if work.technique == technique and work.sitter)
    oil = replace(drawing, technique="oil on canvas")
    spread = [np.ptp(paint_work(work).astype(int), axis=2).std() for work in (drawing, oil)]
    assert spread[0] < spread[1] / 2


def test_every_sitter_can_be_painted_in_the_dress_of_every_century(chosen: list[Work]) -> None:
    painter()
    from tools.paintings.portraits import compose_portrait

    for who in SITTERS:
        sitter, scene = next(
            (work.sitter, work.scene)
            for work in chosen
            if work.sitter is not None and work.sitter.who == who
        )
        seen = {
            compose_portrait(sitter, scene, year, (60, 75)).pixels.tobytes()
            for year in (1450, 1600, 1680, 1760, 1880)
        }
        assert len(seen) >= (2 if "child" in who else 4), who
