"""core.search.export and its neighbours: a table, a web page and a ZIP of results."""

from __future__ import annotations

import csv
import io
import zipfile
from html.parser import HTMLParser

import pytest

from core.model import Hit, Picture
from core.search import Result, Sheet, Term, to_csv, to_page, write_zip, written_parts
from tests.index.samples import an_id

HOSTILE = "<img src=x onerror=alert(1)>&\"'.jpg"


def a_result(number: int, name: str = "", hit: bool = True, bytes_: int = 10) -> Result:
    path = f"images/{name or f'{number}.jpg'}"
    picture = Picture(an_id(number), "JPEG", 640, 480, bytes_, "", (path,))
    found = Hit(an_id(number), 0.5 - number / 100, number, (0.7, -0.2 - number / 100))
    return Result(picture, found if hit else None, searchable=True)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# --- The query in words --------------------------------------------------------------------------


def test_a_query_of_texts_and_pictures_is_written_as_it_would_be_typed() -> None:
    terms = [Term(text="boat"), Term(picture_id=an_id(1), weight=-2), Term(text="a + b", weight=3)]
    title, parts = written_parts(terms, ["boat", "sea.jpg", "a + b"])
    assert title == 'boat - 2: sea.jpg + 3: "a + b"'
    assert parts == ("boat", "- 2: sea.jpg", '3: "a + b"')


# --- The table -----------------------------------------------------------------------------------


def test_a_table_of_a_plain_query_has_four_columns() -> None:
    assert to_csv([a_result(1)], ("boat",)) == (
        f"rank,name,id,similarity\n1,1.jpg,{an_id(1)},0.490000000\n"
    )


def test_each_part_of_a_composed_query_has_a_column_with_its_share() -> None:
    (row,) = table(to_csv([a_result(1)], ("boat", "- people")))
    assert list(row) == ["rank", "name", "id", "similarity", "share of boat", "share of - people"]
    shares = [row["share of boat"], row["share of - people"]]
    assert shares == ["0.700000000", "-0.210000000"]
    assert sum(map(float, shares)) == pytest.approx(float(row["similarity"]))


def test_a_picture_that_the_query_did_not_find_has_no_numbers() -> None:
    (row,) = table(to_csv([a_result(1, hit=False)], ("boat", "sea"), {an_id(1): "a.jpg"}))
    assert row == {
        **dict.fromkeys(("rank", "similarity", "share of boat", "share of sea"), ""),
        "name": "1.jpg",
        "id": an_id(1),
        "file": "a.jpg",
    }


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1+cmd|'calc'!A0", "@SUM(A1)", "\t=1", "\r=1", " =1"]
)
def test_a_name_that_is_a_formula_gets_an_apostrophe(name: str) -> None:
    assert table(to_csv([a_result(1, name)]))[0]["name"].startswith("'")


def test_a_carriage_return_in_a_name_begins_no_row() -> None:
    assert table(to_csv([a_result(1, "a\r=1")]))[0]["name"] == "a =1"


def test_a_name_with_commas_and_quotes_comes_back_whole() -> None:
    assert table(to_csv([a_result(1, HOSTILE)]))[0]["name"] == HOSTILE


# --- The ZIP -------------------------------------------------------------------------------------


def zipped(
    results: list[Result], originals: dict[str, bytes], **most: int
) -> tuple[zipfile.ZipFile, list[dict[str, str]]]:
    target = io.BytesIO()
    write_zip(
        target,
        results,
        ("boat",),
        lambda picture: originals.get(picture.id),
        lambda picture_id: b"thumbnail",
        **most,
    )
    archive = zipfile.ZipFile(target)
    assert archive.testzip() is None
    return archive, table(archive.read("ranking.csv").decode())


def test_a_zip_holds_the_table_and_the_files_as_they_are() -> None:
    archive, rows = zipped([a_result(1), a_result(2)], {an_id(1): b"one", an_id(2): b"two"})
    assert archive.namelist() == ["pictures/1.jpg", "pictures/2.jpg", "ranking.csv"]
    assert [archive.read(row["file"]) for row in rows] == [b"one", b"two"]


def test_a_picture_without_its_file_is_there_as_its_thumbnail() -> None:
    archive, rows = zipped([a_result(1, "sea.heic")], {})
    assert rows[0]["file"] == "pictures/sea (thumbnail).jpg"
    assert archive.read(rows[0]["file"]) == b"thumbnail"


def test_files_of_one_name_are_numbered_whatever_their_capitals() -> None:
    names = ["a.jpg", "A.JPG", "a.jpg", "a (2).jpg"]
    results = [a_result(n, name) for n, name in enumerate(names)]
    _, rows = zipped(results, {an_id(n): str(n).encode() for n in range(4)})
    files = [row["file"].removeprefix("pictures/") for row in rows]
    assert files == ["a.jpg", "A (2).JPG", "a (3).jpg", "a (2) (2).jpg"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("con.jpg", "_con.jpg"), ("a:b?.png", "a_b_.png"), (" dots. .jpg", "dots.jpg")],
)
def test_a_name_in_a_zip_is_one_that_windows_takes(name: str, kept: str) -> None:
    _, rows = zipped([a_result(1, name)], {an_id(1): b"one"})
    assert rows[0]["file"] == f"pictures/{kept}"


def test_a_zip_ends_where_it_would_grow_too_large_and_says_so() -> None:
    results = [a_result(n) for n in range(1, 6)]
    originals = {an_id(n): bytes(4) for n in range(1, 6)}
    archive, rows = zipped(results, originals, most_bytes=10)
    assert [bool(row["file"]) for row in rows] == [True, True, False, False, False]
    assert "first 2 of 5 pictures" in archive.read("not all pictures.txt").decode()
    archive, rows = zipped(results, originals, most_files=3)
    assert [bool(row["file"]) for row in rows] == [True, True, True, False, False]


# --- The web page --------------------------------------------------------------------------------


class Reader(HTMLParser):
    """What a browser would see: every tag with its attributes, and the words between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += [data.strip()] if data.strip() else []


def read_page(results: list[Result], sheet: Sheet, **most: int) -> Reader:
    return Reader(to_page(results, sheet, lambda picture_id: b"thumbnail", **most))


def test_a_web_page_names_the_query_and_every_picture_with_its_cosine_and_shares() -> None:
    page = read_page([a_result(1)], Sheet("boat - sea", ("boat", "- sea"), None, "A model"))
    for words in ("boat - sea", "1.jpg", "1 · cosine 0.4900", "boat: +0.7000", "- sea: -0.2100"):
        assert words in page.words
    assert "1 picture · A model" in page.words


def test_names_and_the_query_are_text_in_a_web_page() -> None:
    sheet = Sheet(HOSTILE, (HOSTILE, "</style><script>"), None, HOSTILE)
    page = read_page([a_result(1, HOSTILE.replace("/", ""))], sheet)
    assert [tag for tag, _ in page.tags].count("img") == 1
    assert "script" not in [tag for tag, _ in page.tags]
    assert HOSTILE in page.words


def test_a_web_page_carries_its_pictures_and_asks_no_host() -> None:
    page = read_page([a_result(1), a_result(2)], Sheet("boat", ("boat",), None, "A model"))
    sources = [attrs["src"] for tag, attrs in page.tags if tag == "img"]
    assert all(source and source.startswith("data:image/jpeg;base64,") for source in sources)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "a", "form"})


@pytest.mark.parametrize(
    ("above", "said", "lines"),
    [
        (2, "4 pictures · 2 stand out · A model", 1),
        (1, "4 pictures · 1 stands out · A model", 1),
        (0, "4 pictures · none stand out · A model", 0),
        (4, "4 pictures · 4 stand out · A model", 0),
        (None, "4 pictures · A model", 0),
    ],
)
def test_a_web_page_draws_the_line_below_what_stands_out(
    above: int | None, said: str, lines: int
) -> None:
    page = read_page([a_result(n) for n in range(4)], Sheet("boat", ("boat",), above, "A model"))
    assert said in page.words
    assert page.words.count("Less alike from here on") == lines
    if lines:
        place = page.words.index("Less alike from here on")
        assert sum(word.endswith(".jpg") for word in page.words[:place]) == above


def test_a_web_page_says_how_many_pictures_it_leaves_out() -> None:
    page = read_page([a_result(n) for n in range(5)], Sheet("a", ("a",), None, "A model"), most=3)
    assert "The first 3 of 5 pictures · A model" in page.words
    assert [tag for tag, _ in page.tags].count("img") == 3
