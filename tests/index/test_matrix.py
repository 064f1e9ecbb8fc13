"""core.index.in_memory.matrix: exact top-k, and a cache on disk that is right or absent."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.index.in_memory import matrix as matrix_module
from core.index.in_memory.matrix import Digests, Matrix, digests, hex_ids, is_id, scores, top_k
from core.index.in_memory.matrix_file import MatrixFile, NumberedRows
from core.index.in_memory.matrix_space import SHORT, shortened
from core.vectors import unit

Rows = npt.NDArray[np.float32]
EMBEDDER = "azure:2023-04-15"


def unit_rows(n: int, dimensions: int = 16, seed: int = 0) -> Rows:
    rows = np.random.default_rng(seed).standard_normal((n, dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def ids(n: int) -> Digests:
    return digests([f"{row:064x}" for row in range(n)])


def numbered(rows: Iterable[Rows]) -> NumberedRows:
    return lambda: enumerate(rows)


@pytest.fixture
def saved(tmp_path: Path) -> tuple[MatrixFile, Rows]:
    rows = unit_rows(50)
    file = MatrixFile(tmp_path)
    file.save(EMBEDDER, 3, ids(50), numbered(rows), 16)
    return file, rows


# --- top-k


def test_top_k_are_the_highest_scores_best_first() -> None:
    assert top_k(np.array([0.1, 0.9, 0.5, 0.7], np.float32), 3).tolist() == [1, 3, 2]


def test_equal_scores_come_in_row_order() -> None:
    assert top_k(np.array([0.5, 0.9, 0.5, 0.5], np.float32), 3).tolist() == [1, 0, 2]


def test_only_allowed_rows_come_back() -> None:
    found = top_k(np.array([0.9, 0.8, 0.7], np.float32), 2, np.array([False, True, True]))
    assert found.tolist() == [1, 2]


def test_no_allowed_row_is_no_result() -> None:
    assert top_k(np.array([0.9], np.float32), 5, np.array([False])).tolist() == []


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_wanted_is_nothing_found(k: int) -> None:
    assert top_k(np.array([0.9], np.float32), k).tolist() == []


def test_more_wanted_than_there_are_is_all_there_are() -> None:
    assert top_k(np.array([0.1, 0.2], np.float32), 10).tolist() == [1, 0]


def test_top_k_of_an_empty_collection_is_empty() -> None:
    assert top_k(np.empty(0, np.float32), 10).tolist() == []


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]), max_size=60),
    st.integers(0, 70),
    st.data(),
)
def test_top_k_agrees_with_a_full_sort(values: list[float], k: int, data: st.DataObject) -> None:
    found = np.array(values, np.float32)
    length = len(values)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=length, max_size=length)), bool)
    wanted = sorted(np.flatnonzero(mask), key=lambda row: (-found[row], row))[:k]
    assert top_k(found, k, mask).tolist() == wanted


@pytest.mark.parametrize("limit", [0, 10**9], ids=["product", "vecdot"])
def test_scores_are_cosines(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_module, "ONE_THREAD_NUMBERS", limit)
    rows = unit_rows(40)
    query = unit_rows(1, seed=1)[0]
    found = scores(Matrix(ids(40), rows, 0), query)
    assert found.dtype == np.float32
    assert np.allclose(found, rows.astype(np.float64) @ query, atol=1e-6)


def test_a_query_of_another_embedder_is_not_multiplied() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        scores(Matrix(ids(1), unit_rows(1), 0), unit_rows(1, 17)[0])


def test_a_row_is_found_by_its_id_and_a_stranger_is_not() -> None:
    matrix = Matrix(ids(5), unit_rows(5), 0)
    wanted = digests(["f" * 64, f"{3:064x}", f"{0:064x}"])
    assert matrix.rows_of(wanted).tolist() == [-1, 3, 0]
    assert Matrix(ids(0), unit_rows(0), 0).rows_of(wanted).tolist() == [-1, -1, -1]


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=20))
def test_ids_come_back_from_their_digests_whatever_their_bytes(some: set[bytes]) -> None:
    texts = sorted(digest.hex() for digest in some)
    found = digests(texts)
    assert hex_ids(found) == tuple(texts)
    matrix = Matrix(found, np.zeros((len(texts), 1), np.float32), 0)
    assert matrix.rows_of(found).tolist() == list(range(len(texts)))


@pytest.mark.parametrize("wrong", ["", "ab", "g" * 64, " " * 62 + "ab", "a" * 65])
def test_what_is_no_id_has_no_digest(wrong: str) -> None:
    assert not is_id(wrong)
    with pytest.raises(ValueError, match=r"hex|64"):
        digests([wrong])


# --- on disk


def test_what_was_saved_is_loaded(saved: tuple[MatrixFile, Rows]) -> None:
    file, rows = saved
    loaded = file.load(EMBEDDER, 3)
    assert loaded is not None
    assert np.array_equal(loaded.ids, ids(50))
    assert loaded.generation == 3
    assert np.array_equal(loaded.vectors, rows)


def test_a_loaded_matrix_is_mapped_and_cannot_be_written(saved: tuple[MatrixFile, Rows]) -> None:
    loaded = saved[0].load(EMBEDDER, 3)
    assert loaded is not None
    assert isinstance(loaded.vectors.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded.vectors[0, 0] = 1


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    rows = unit_rows(10)
    backwards = list(enumerate(rows))[::-1]
    made = MatrixFile(tmp_path).save(EMBEDDER, 1, ids(10), lambda: backwards, 16)
    assert np.array_equal(made.vectors, rows)


def test_a_plain_numpy_load_reads_the_file(saved: tuple[MatrixFile, Rows]) -> None:
    assert np.array_equal(np.load(saved[0].path(EMBEDDER, 3)), saved[1])


def test_an_empty_collection_is_an_empty_matrix(tmp_path: Path) -> None:
    empty = MatrixFile(tmp_path).save(EMBEDDER, 1, ids(0), numbered([]), 1024)
    assert (len(empty), empty.dimensions) == (0, 1024)


def test_a_single_picture_is_a_matrix(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path)
    file.save(EMBEDDER, 1, ids(1), numbered(unit_rows(1)), 16)
    assert file.load(EMBEDDER, 1) is not None


def test_a_new_generation_removes_the_old_one(saved: tuple[MatrixFile, Rows]) -> None:
    file, rows = saved
    file.save(EMBEDDER, 4, ids(50), numbered(rows), 16)
    assert file.load(EMBEDDER, 3) is None
    assert [path.name for path in file.folder.iterdir()] == [file.path(EMBEDDER, 4).name]


def test_an_older_generation_does_not_remove_a_newer_one(saved: tuple[MatrixFile, Rows]) -> None:
    file, rows = saved
    file.save(EMBEDDER, 2, ids(50), numbered(rows), 16)
    assert file.load(EMBEDDER, 3) is not None


def test_another_embedder_keeps_its_file(saved: tuple[MatrixFile, Rows]) -> None:
    file, rows = saved
    file.save("azure:2023.04.15", 9, ids(50), numbered(rows), 16)
    assert file.load(EMBEDDER, 3) is not None
    assert file.load("azure:2023.04.15", 9) is not None


def test_a_matrix_in_use_survives_the_removal_of_its_file(saved: tuple[MatrixFile, Rows]) -> None:
    file, rows = saved
    old = file.load(EMBEDDER, 3)
    file.save(EMBEDDER, 4, ids(50), numbered(rows[::-1]), 16)
    assert old is not None
    assert np.array_equal(old.vectors, rows)


def test_a_hostile_embedder_id_stays_in_the_folder(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path / "in")
    file.save("clip:../../x\0" + "y" * 500, 1, ids(2), numbered(unit_rows(2)), 16)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert file.load("clip:../../x\0" + "y" * 500, 1) is not None


def test_an_abandoned_temporary_file_is_removed_and_a_fresh_one_is_not(tmp_path: Path) -> None:
    file = MatrixFile(tmp_path)
    name = file.path(EMBEDDER, 1).name
    old, fresh = tmp_path / f"{name}.0.tmp", tmp_path / f"{name}.1.tmp"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    file.save(EMBEDDER, 2, ids(2), numbered(unit_rows(2)), 16)
    assert (old.exists(), fresh.exists()) == (False, True)


@pytest.mark.parametrize("count", [9, 11])
def test_vectors_and_ids_that_do_not_match_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(ValueError, match="10 ids"):
        MatrixFile(tmp_path).save(EMBEDDER, 1, ids(10), numbered(unit_rows(count)), 16)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, 2.0])
def test_a_vector_that_is_not_of_unit_length_is_refused(tmp_path: Path, bad: float) -> None:
    rows = unit_rows(10)
    rows[7, 3] = bad
    with pytest.raises(ValueError, match="unit"):
        MatrixFile(tmp_path).save(EMBEDDER, 1, ids(10), numbered(rows), 16)


def test_vectors_are_streamed_and_never_held_together(tmp_path: Path) -> None:
    n, dimensions = 40_000, 256
    code = f"""
        import resource, sys
        import numpy as np
        from pathlib import Path
        from core.index.in_memory.matrix import digests
        from core.index.in_memory.matrix_file import MatrixFile

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def rows():
            row = np.zeros({dimensions}, np.float32)
            row[0] = 1
            for number in range({n}):
                yield number, row

        ids = digests([f"{{row:064x}}" for row in range({n})])
        file = MatrixFile(Path({str(tmp_path)!r}))
        file.save("x", 1, ids[:10], lambda: list(rows())[:10], {dimensions})
        before = peak()
        file.save("x", 2, ids, rows, {dimensions})
        print(peak() - before)
    """
    pytest.importorskip("resource")
    grown = _python(code)
    unit = 1 if sys.platform == "darwin" else 1024
    # The numbers are 41 MB; the ids are little more than 1.
    assert int(grown) * unit < 20_000_000


# --- damage


def _rewrite(path: Path, change: str) -> None:
    data = bytearray(path.read_bytes())
    if change == "cut in the header":
        data = data[:20]
    elif change == "cut in the numbers":
        data = data[: len(data) // 4]
    elif change == "cut in the ids":
        data = data[:-10]
    elif change == "another id":
        data[-1] ^= 1
    elif change == "zeros for numbers":
        data[1000:3000] = bytes(2000)
    elif change == "empty":
        data = bytearray()
    elif change == "not numpy":
        data = bytearray(b"hello" * 1000)
    elif change == "text after the numbers":
        data += b"\nmore"
    elif change == "objects":
        data = data.replace(b"'<f4'", b"'|O' ")
    elif change == "doubles":
        data = data.replace(b"'<f4'", b"'<f8'")
    elif change == "another shape":
        data = data.replace(b"(50, 16)", b"(25, 32)")
    elif change == "absurd shape":
        data = data.replace(b"(50, 16)", b"(9**9, )")
    path.write_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        "cut in the header",
        "cut in the numbers",
        "cut in the ids",
        "another id",
        "zeros for numbers",
        "empty",
        "not numpy",
        "text after the numbers",
        "objects",
        "doubles",
        "another shape",
        "absurd shape",
    ],
)
def test_a_damaged_file_counts_as_missing(saved: tuple[MatrixFile, Rows], change: str) -> None:
    file, rows = saved
    _rewrite(file.path(EMBEDDER, 3), change)
    assert file.load(EMBEDDER, 3) is None
    made = file.save(EMBEDDER, 3, ids(50), numbered(rows), 16)
    assert np.array_equal(made.ids, ids(50))


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic_count_as_missing(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    file = MatrixFile(tmp_path_factory.mktemp("matrix"))
    file.path(EMBEDDER, 1).write_bytes(b"\x93NUMPY\x01\x00v\x00" + tail)
    assert file.load(EMBEDDER, 1) is None


def test_a_file_under_another_name_counts_as_missing(saved: tuple[MatrixFile, Rows]) -> None:
    file, _ = saved
    file.path(EMBEDDER, 3).rename(file.path(EMBEDDER, 4))
    assert file.load(EMBEDDER, 4) is None


def test_a_missing_file_and_a_missing_folder_are_no_matrix(tmp_path: Path) -> None:
    assert MatrixFile(tmp_path).load(EMBEDDER, 1) is None
    assert MatrixFile(tmp_path / "nowhere").load(EMBEDDER, 1) is None


# --- when the disk or another process is in the way


def _python(code: str) -> str:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("limit", [0, 9_000_000, 20_480_100])
def test_a_full_disk_leaves_the_matrix_in_memory(tmp_path: Path, limit: int) -> None:
    # A limit on the size of a file meets the same place in the code as a full disk does. The file
    # has 20,480,128 bytes of header and numbers, in blocks of some 4 MB, and then the ids.
    pytest.importorskip("resource")
    code = f"""
        import resource
        import numpy as np
        from pathlib import Path
        from core.index.in_memory.matrix import digests
        from core.index.in_memory.matrix_file import MatrixFile

        rows = np.random.default_rng(0).standard_normal((5000, 1024)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        ids = digests([f"{{row:064x}}" for row in range(5000)])
        file = MatrixFile(Path({str(tmp_path)!r}))
        made = file.save("x", 1, ids, lambda: enumerate(rows), 1024)
        assert np.array_equal(made.vectors, rows) and np.array_equal(made.ids, ids)
        assert not made.vectors.flags.writeable
        print("made")
    """
    assert _python(code) == "made"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_leaves_the_matrix_in_memory(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    rows = unit_rows(10)
    made = MatrixFile(blocker / "folder").save(EMBEDDER, 1, ids(10), numbered(rows), 16)
    assert np.array_equal(made.vectors, rows)


def test_many_writers_of_one_generation_do_no_harm(tmp_path: Path) -> None:
    rows = unit_rows(500)

    def write_and_read(_: int) -> bool:
        file = MatrixFile(tmp_path)
        made = file.save(EMBEDDER, 7, ids(500), numbered(rows), 16)
        again = file.load(EMBEDDER, 7)
        return again is not None and np.array_equal(made.vectors, again.vectors)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(40)))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failing_source_of_vectors_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[tuple[int, Rows]]:
        yield 0, unit_rows(1)[0]
        raise RuntimeError("the store is closed")

    with pytest.raises(RuntimeError):
        MatrixFile(tmp_path).save(EMBEDDER, 1, ids(5), failing, 16)
    assert list(tmp_path.iterdir()) == []


# -- shorter vectors -------------------------------------------------------------------------


def test_shorter_vectors_have_the_same_nearest_copies() -> None:
    random = np.random.default_rng(1)
    rows = random.standard_normal((300, 512), dtype=np.float32)
    rows[1::2] = rows[::2] + 0.2 * random.standard_normal((150, 512), dtype=np.float32)
    short = shortened(unit(rows))
    assert short.shape == (300, SHORT)
    products = short @ short.T
    np.fill_diagonal(products, -np.inf)
    assert (products.argmax(axis=1) == np.arange(300) ^ 1).all()


def test_short_vectors_stay_as_they_are() -> None:
    rows = unit(np.random.default_rng(1).standard_normal((10, SHORT)))
    assert shortened(rows) is rows
