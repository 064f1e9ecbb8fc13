"""Files beside the pictures: what is taken from them, and what is said of those that are faulty."""

from __future__ import annotations

import codecs
import csv
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metadata import Beside, facts_beside, folder_facts

PATHS = ["images/a.jpg", "images/b.jpg", "images/boats/red.jpg", "images/boats/old/x.jpg"]


def beside(images: Path, paths: list[str] = PATHS) -> Beside:
    found = facts_beside({"images/": images}, paths)
    assert found is not None
    return found


def said(images: Path) -> str:
    """The one sentence that is said."""
    (problem,) = beside(images).problems
    return problem


def write(images: Path, content: str | bytes, name: str = "metadata.csv") -> None:
    file = images / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture(autouse=True)
def folders(images: Path) -> None:
    (images / "boats" / "old").mkdir(parents=True)


# --- where files are found


def test_a_file_says_something_of_pictures_beside_it_and_below_it(images: Path) -> None:
    write(images, "file_name,title\na.jpg,Harbour\nboats/red.jpg,Red boat\n")
    assert beside(images).raw == {
        "images/a.jpg": {"title": "Harbour"},
        "images/boats/red.jpg": {"title": "Red boat"},
    }


def test_a_folder_between_a_file_and_its_pictures_may_hold_none(images: Path) -> None:
    write(images, "file_name,title\nold/x.jpg,X\n", "boats/metadata.csv")
    assert beside(images, ["images/boats/old/x.jpg"]).raw == {
        "images/boats/old/x.jpg": {"title": "X"}
    }


def test_the_nearer_file_counts_and_the_other_adds_what_it_does_not_say(images: Path) -> None:
    write(images, "file_name,title,year\nboats/red.jpg,far,1999\n")
    write(images, "file_name,Title\nred.jpg,near\n", "boats/metadata.csv")
    assert beside(images).raw == {"images/boats/red.jpg": {"title": "near", "year": "1999"}}


@pytest.mark.parametrize("name", ["METADATA.CSV", "Metadata.csv"])
def test_the_name_of_the_file_may_be_in_large_letters(images: Path, name: str) -> None:
    write(images, "file_name,title\na.jpg,A\n", name)
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}


def test_files_above_the_root_are_not_read(images: Path) -> None:
    write(images.parent, "file_name,title\nimages/a.jpg,A\n")
    assert beside(images).raw == {}


@pytest.mark.parametrize("path", ["images/../outside/a.jpg", "images//outside/a.jpg"])
def test_a_path_that_leads_out_of_its_root_has_nothing_read(images: Path, path: str) -> None:
    write(images.parent, "file_name,title\na.jpg,A\n", "outside/metadata.csv")
    assert beside(images, [path]).raw == {}


def test_pictures_that_lie_elsewhere_have_no_file_beside_them(images: Path) -> None:
    assert beside(images, ["remote/web/a.jpg"]).raw == {}


def test_a_folder_that_is_away_says_nothing(images: Path) -> None:
    assert beside(images, ["images/gone/a.jpg"]).raw == {}


# --- how it is written


@pytest.mark.parametrize("column", ["file_name", "File Name", "filename", " PATH "])
def test_the_column_with_the_file_may_be_called_differently(images: Path, column: str) -> None:
    write(images, f"title,{column}\nA,a.jpg\n")
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_line_with_the_names_tells_what_stands_between_cells(
    images: Path, delimiter: str
) -> None:
    write(images, f'file_name{delimiter}title\na.jpg{delimiter}"A, B; C\tD|E"\n')
    assert beside(images).raw["images/a.jpg"] == {"title": "A, B; C D|E"}


def test_a_delimiter_that_is_told_in_the_first_line_counts(images: Path) -> None:
    write(images, "sep=;\r\nfile_name;title\r\na.jpg;A, B\r\n")
    assert beside(images).raw["images/a.jpg"] == {"title": "A, B"}


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + "file_name,title\na.jpg,Grün\n".encode(),
        "file_name,title\na.jpg,Grün\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "file_name,title\na.jpg,Grün\n".encode("utf-16-be"),
        "file_name,title\ra.jpg,Grün\r".encode(),
        '\n\n"file_name" , "title"\na.jpg, "Grün"\n\n'.encode(),
    ],
    ids=["UTF-8 with its mark", "UTF-16", "UTF-16 big end first", "old Mac", "blanks"],
)
def test_the_same_table_is_read_however_it_was_saved(images: Path, content: bytes) -> None:
    write(images, content)
    assert beside(images) == Beside({"images/a.jpg": {"title": "Grün"}}, (), beside(images).state)


def test_quoted_cells_may_hold_quotes_and_new_lines(images: Path) -> None:
    write(images, 'file_name,title\na.jpg,"the ""old""\nharbour"\nb.jpg,B\n')
    assert beside(images).raw == {
        "images/a.jpg": {"title": 'the "old" harbour'},
        "images/b.jpg": {"title": "B"},
    }


def test_a_line_may_lack_cells_at_its_end(images: Path) -> None:
    write(images, "file_name,title,year\na.jpg,A\nb.jpg\n")
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}
    assert beside(images).problems == ()


def test_delimiters_behind_the_last_column_do_not_matter(images: Path) -> None:
    write(images, "file_name,title\na.jpg,A,,,\n")
    assert beside(images).problems == ()


def test_columns_of_one_name_and_of_none_are_all_kept(images: Path) -> None:
    write(images, "file_name,note,Note,\na.jpg,1,2,3\n")
    assert beside(images).raw["images/a.jpg"] == {"note": "1", "Note (2)": "2", "Column 4": "3"}


def test_two_hundred_columns_are_read(images: Path) -> None:
    names = [f"c{number}" for number in range(200)]
    write(images, f"file_name,{','.join(names)}\na.jpg,{','.join(names)}\n")
    assert beside(images).raw["images/a.jpg"] == {name: name for name in names}


def test_a_formula_is_a_text(images: Path) -> None:
    write(images, "file_name,title\na.jpg,=cmd()\n")
    assert beside(images).raw["images/a.jpg"] == {"title": "=cmd()"}


def test_what_nobody_sees_is_taken_out_of_texts(images: Path) -> None:
    write(images, "file_name,title\na.jpg,\0boat\u202egpj\u200b\x07\nb.jpg,\u2066\0\n")
    assert beside(images).raw == {"images/a.jpg": {"title": "boatgpj"}}


def test_lines_of_json_are_read_and_nested_values_stay_json(images: Path) -> None:
    lines = [
        {"file_name": "a.jpg", "title": "A", "year": 1503, "sold": True, "owner": None},
        {"file_name": "b.jpg", "tags": ["sea", "grün"], "size": {"width": 3}, "price": 1.5},
    ]
    write(images, "\n\n".join(map(json.dumps, lines)), "metadata.jsonl")
    assert beside(images).raw == {
        "images/a.jpg": {"title": "A", "year": "1503", "sold": "true"},
        "images/b.jpg": {"tags": '["sea", "grün"]', "size": '{"width": 3}', "price": "1.5"},
    }


def test_half_a_surrogate_pair_does_not_reach_the_index(images: Path) -> None:
    write(images, r'{"file_name": "a.jpg", "title": "A\ud800"}', "metadata.jsonl")
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}


# --- which picture is named


@pytest.mark.parametrize(
    "name",
    [r"boats\old\x.jpg", "./boats/old/x.jpg", "boats/../boats/old//x.jpg", "Boats/Old/X.JPG"],
)
def test_a_name_is_understood_as_other_systems_write_it(images: Path, name: str) -> None:
    write(images, f"file_name,title\n{name},X\n")
    assert beside(images).raw == {"images/boats/old/x.jpg": {"title": "X"}}


def test_accents_may_be_coded_differently(images: Path) -> None:
    write(images, "file_name,title\nu\u0308.jpg,U\n")
    assert beside(images, ["images/\u00fc.jpg"]).raw == {"images/\u00fc.jpg": {"title": "U"}}


def test_a_name_that_could_be_either_of_two_pictures_is_neither(images: Path) -> None:
    write(images, "file_name,title\nA.JPG,A\n")
    found = beside(images, ["images/a.jpg", "images/A.jpg"])
    assert found.raw == {} and "names no picture" in found.problems[0]


@pytest.mark.parametrize(
    "name",
    ["../a.jpg", r"..\a.jpg", "boats/../../a.jpg", "/etc/a.jpg", r"C:\a.jpg", r"\\host\a.jpg"],
)
def test_a_name_that_leads_out_of_the_folder_names_nothing(images: Path, name: str) -> None:
    write(images, f"file_name,title\n{name},A\n", "boats/metadata.csv")
    assert beside(images).raw == {}
    assert said(images) == (
        f"images/boats/metadata.csv: 1 line names a file outside this folder: “{name}”. "
        "Only pictures in it and below it are looked for."
    )


def test_lines_for_pictures_that_are_not_here_are_counted(images: Path) -> None:
    write(images, "file_name,title\n" + "".join(f"x{n}.jpg,X\n" for n in range(12)))
    assert said(images) == (
        "images/metadata.csv: 12 lines name no picture that is here, the first is “x0.jpg”."
    )


def test_of_two_lines_for_one_picture_the_last_counts_and_that_is_said(images: Path) -> None:
    write(images, "file_name,title,year\na.jpg,A,1\na.jpg,B,\n")
    assert beside(images).raw == {"images/a.jpg": {"title": "B"}}
    assert "that an earlier line names: “a.jpg”. The last line" in said(images)


# --- what is said of a faulty file


def test_cells_beyond_the_last_column_are_said(images: Path) -> None:
    write(images, "file_name,title\na.jpg,A\n\nb.jpg,B,C\n")
    assert beside(images).raw["images/b.jpg"] == {"title": "B"}
    assert "1 line has more cells than there are columns: line 4." in said(images)


def test_a_line_without_a_name_is_said(images: Path) -> None:
    write(images, "file_name,title\n,A\nb.jpg,B\n,C\n")
    assert said(images) == "images/metadata.csv: 2 lines name no file, the first is line 2."


def test_a_file_that_does_not_say_which_picture_shows_its_columns(images: Path) -> None:
    write(images, "picture;title\na.jpg;A\n")
    assert said(images) == (
        "images/metadata.csv has no column file_name, which says which picture a line is about. "
        "Its columns: “picture”, “title”."
    )


def test_lines_of_json_that_do_not_say_which_picture_are_said(images: Path) -> None:
    write(images, '{"title": "A"}\n', "metadata.jsonl")
    assert "images/metadata.jsonl has no column file_name" in beside(images).problems[0]


@pytest.mark.parametrize("line", ["[1, 2]", "{", "[" * 100_000, "1" * 5000, '"a.jpg"'])
def test_a_line_of_json_that_is_no_object_is_left_out_and_said(images: Path, line: str) -> None:
    write(images, f'{line}\n{{"file_name": "a.jpg", "title": "A"}}\n', "metadata.jsonl")
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}
    assert "1 line is no JSON object: line 1." in said(images)


@pytest.mark.parametrize("content", ["file_name,title\na.jpg,A\nb.jpg,Gr\xfcn\n".encode("cp1252")])
def test_of_a_file_that_is_not_utf_8_nothing_is_taken(images: Path, content: bytes) -> None:
    write(images, content)
    assert beside(images).raw == {}
    assert said(images).startswith("images/metadata.csv is not UTF-8 text, so nothing of it")


def test_an_empty_file_is_said(images: Path) -> None:
    write(images, b"")
    assert said(images) == "images/metadata.csv is empty."


def test_a_file_of_more_bytes_than_are_read_is_said(images: Path) -> None:
    write(images, "file_name,title\na.jpg,A\n")
    os.truncate(images / "metadata.csv", 100_000_000)
    assert beside(images).raw == {}
    assert said(images).startswith("images/metadata.csv is 100 MB, and at most 50 MB are read.")


def test_a_folder_of_that_name_is_said(images: Path) -> None:
    (images / "metadata.csv").mkdir()
    assert said(images).startswith("images/metadata.csv is a folder.")


def test_a_link_is_followed_to_its_file(images: Path) -> None:
    write(images.parent, "file_name,title\na.jpg,A\n", "elsewhere.csv")
    (images / "metadata.csv").symlink_to(images.parent / "elsewhere.csv")
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}


def test_a_link_to_nothing_is_said(images: Path) -> None:
    (images / "metadata.csv").symlink_to(images / "gone.csv")
    assert said(images) == "images/metadata.csv is a link to nothing that is there now."


def test_a_file_that_cannot_be_opened_is_said(images: Path) -> None:
    (images / "metadata.csv").symlink_to(images / "metadata.csv")
    assert said(images).startswith("images/metadata.csv is not taken. The file cannot be read (")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_not_waited_for(images: Path) -> None:
    os.mkfifo(images / "metadata.csv")
    assert said(images) == "images/metadata.csv is no ordinary file."


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_beyond_what_csv_takes_costs_its_line_only(images: Path, quote: str) -> None:
    long = quote + "x" * (csv.field_size_limit() + 1) + quote
    write(images, f"file_name,title\na.jpg,{long}\nb.jpg,B\n")
    assert beside(images).raw == {"images/b.jpg": {"title": "B"}}
    assert "1 line has a cell of more than 131,072 characters: line 2." in said(images)


def test_a_first_line_beyond_what_csv_takes_has_no_columns(images: Path) -> None:
    write(images, "x" * (csv.field_size_limit() + 1))
    assert said(images).endswith("Its columns: none.")


def test_a_text_of_json_that_long_costs_its_line_only(images: Path) -> None:
    long = json.dumps({"file_name": "a.jpg", "title": "x" * (csv.field_size_limit() + 1)})
    write(images, f'{long}\n{{"file_name": "b.jpg", "title": "B"}}\n', "metadata.jsonl")
    assert beside(images).raw == {"images/b.jpg": {"title": "B"}}
    assert "1 line has a cell of more than 131,072 characters: line 1." in said(images)


@pytest.mark.parametrize("content", ['a.jpg,A\nb.jpg,"B\nx.jpg,X\n', 'a.jpg,A\nb.jpg,"'])
def test_a_quotation_mark_that_is_not_closed_is_said(images: Path, content: str) -> None:
    write(images, f"file_name,title\n{content}")
    assert beside(images).raw == {"images/a.jpg": {"title": "A"}}
    assert "1 cell begins with a quotation mark and does not end: line 3." in said(images)


def test_a_faulty_file_does_not_concern_the_others(images: Path) -> None:
    write(images, b"\xff\xff\xff")
    write(images, "file_name,title\nred.jpg,R\n", "boats/metadata.csv")
    assert beside(images).raw == {"images/boats/red.jpg": {"title": "R"}}


@given(
    st.sampled_from([b"file_name,title\n", b"sep=", b'"', b"\xff\xfe", b'{"file_name": "a.jpg"']),
    st.binary(max_size=300),
    st.sampled_from(["metadata.csv", "metadata.tsv", "metadata.jsonl"]),
)
def test_any_bytes_are_facts_or_sentences(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, tail: bytes, name: str
) -> None:
    images = tmp_path_factory.mktemp("images")
    write(images, start + tail, name)
    found = beside(images, ["images/a.jpg"])
    assert all(problem.startswith(f"images/{name}") for problem in found.problems)
    assert all(problem.endswith(".") for problem in found.problems)


# --- when it is read again


def test_nothing_is_read_while_nothing_has_changed(images: Path) -> None:
    write(images, "file_name,title\na.jpg,A\n")
    state = beside(images).state
    assert facts_beside({"images/": images}, PATHS[::-1], state) is None


def test_a_changed_file_is_read_again(images: Path) -> None:
    write(images, "file_name,title\na.jpg,A\n")
    state = beside(images).state
    write(images, "file_name,title\na.jpg,Other\n")
    found = facts_beside({"images/": images}, PATHS, state)
    assert found is not None and found.raw == {"images/a.jpg": {"title": "Other"}}


def test_a_deleted_file_says_nothing_any_more(images: Path) -> None:
    write(images, "file_name,title\na.jpg,A\n")
    state = beside(images).state
    (images / "metadata.csv").unlink()
    found = facts_beside({"images/": images}, PATHS, state)
    assert found is not None and found.raw == {}


def test_a_new_picture_has_the_files_read_again(images: Path) -> None:
    write(images, "file_name,title\nnew.jpg,New\n")
    state = beside(images).state
    found = facts_beside({"images/": images}, [*PATHS, "images/new.jpg"], state)
    assert found is not None and found.raw == {"images/new.jpg": {"title": "New"}}


# --- folders


def test_the_folder_is_what_lies_between_root_and_file() -> None:
    assert folder_facts(PATHS) == {
        "images/boats/red.jpg": {"Folder": "boats"},
        "images/boats/old/x.jpg": {"Folder": "boats/old"},
    }


@pytest.mark.parametrize(
    "paths", [[], ["images/a.jpg", "gallery/b.jpg"], ["images/x/a", "images/x/b"]]
)
def test_a_folder_that_tells_nothing_apart_is_not_said(paths: list[str]) -> None:
    assert folder_facts(paths) == {}
