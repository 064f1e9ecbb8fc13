"""core.index.file_rows: what a dictionary of files would say, in less memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.index.file_rows import FileRows
from core.model import FileRow
from tests.index.samples import an_id

numbers = st.none() | st.integers(-(2**62), 2**62)
ids = st.integers(0, 2**256 - 1).map(an_id) | st.sampled_from(["", "x", "0" * 63, "A" * 64, "é"])
rows = st.dictionaries(st.text(), st.tuples(ids, numbers, numbers))


@given(rows, st.text())
def test_files_are_what_a_dictionary_of_them_says(
    known: dict[str, tuple[str, int | None, int | None]], other: str
) -> None:
    wanted = {path: FileRow(path, *row) for path, row in sorted(known.items())}
    files = FileRows((path, *row) for path, row in sorted(known.items()))
    assert files == wanted
    assert list(files) == list(wanted)
    assert list(files.items()) == list(wanted.items())
    assert len(files) == len(wanted)
    assert files.get(other) == wanted.get(other)
    assert all(path in files for path in wanted)
