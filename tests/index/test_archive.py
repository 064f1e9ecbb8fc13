"""Export and import: a whole index travels, and nothing else gets in."""

from __future__ import annotations

import io
import json
import pickle
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.deadline import Deadline
from core.errors import ArchiveError
from core.index.archive import export_index, import_index
from core.index.sqlite.engine import SqliteIndex
from core.indexing.job import Indexer
from core.indexing.scan import scan
from core.model import Column, ColumnType, Scope, Value
from tests.conftest import ColourEmbedder, fill, plain
from tests.small_disk import fill_up, needs_mount, small_disk

E = "colour:1"
ROOT = Path(__file__).parents[2]


def indexed(folder: Path, images: Path) -> SqliteIndex:
    store = SqliteIndex(folder)
    indexer = Indexer(store, store.data_dir, {"images/": images}, folder / "thumbs")
    assert indexer.start(ColourEmbedder(), Scope)
    indexer.join(30)
    return store


def exported(store: SqliteIndex, scope: Scope | None = None, *columns: Column) -> bytes:
    target = io.BytesIO()
    export_index(store, E, scope or Scope(), target, columns)
    return target.getvalue()


@pytest.fixture
def whole(tmp_path: Path, images: Path) -> bytes:
    """An exported index of three pictures, one of them under two names."""
    fill(images, 3)
    (images / 'a copy, "so" to say: ü 👍\n.png').write_bytes((images / "0001.png").read_bytes())
    store = indexed(tmp_path / "first", images)
    data = exported(store)
    store.close()
    return data


# -- what travels ----------------------------------------------------------------------------


def test_columns_that_say_nothing_of_what_is_exported_stay(tmp_path: Path, whole: bytes) -> None:
    store = SqliteIndex(tmp_path / "first")
    year, style = Column("Year", ColumnType.NUMBER), Column("Style", ColumnType.CATEGORY)
    store.set_facts({"Year": {store.ids(Scope())[0]: Value("1503", 1503.0)}, "Style": {}})
    with zipfile.ZipFile(io.BytesIO(exported(store, None, style, year))) as archive:
        assert json.loads(archive.read("manifest.json"))["columns"] == [["Year", "number"]]
    store.close()


def test_an_index_comes_back_whole(tmp_path: Path, images: Path, whole: bytes) -> None:
    first, second = SqliteIndex(tmp_path / "first"), SqliteIndex(tmp_path / "second")
    assert import_index(second, io.BytesIO(whole), E) == 3
    ids = first.ids(Scope())
    assert second.ids(Scope()) == ids
    for i in ids:
        assert second.vector(E, i).tobytes() == first.vector(E, i).tobytes()
        assert second.thumbnail(i) == first.thumbnail(i)
        assert second.pictures([i])[i] == first.pictures([i])[i]
    assert second.lengths(E, ids) == first.lengths(E, ids)
    assert len(first.lengths(E, ids)) == 3
    assert second.counts(E, Scope()) == (3, 3)


def test_an_index_from_before_lengths_were_kept_is_taken(store: SqliteIndex, whole: bytes) -> None:
    older = edit(whole, lambda line: {name: line[name] for name in line if name != "length"})
    assert older != whole
    assert import_index(store, io.BytesIO(older), E) == 3
    assert store.lengths(E, store.ids(Scope())) == {}
    assert b'"length"' not in parts(exported(store))["pictures.jsonl"]


def test_the_same_index_gives_the_same_bytes(tmp_path: Path, whole: bytes) -> None:
    assert exported(SqliteIndex(tmp_path / "first")) == whole
    second = SqliteIndex(tmp_path / "second")
    import_index(second, io.BytesIO(whole))
    assert exported(second) == whole


def test_importing_twice_changes_nothing(store: SqliteIndex, whole: bytes) -> None:
    import_index(store, io.BytesIO(whole))
    import_index(store, io.BytesIO(whole))
    assert store.counts(E, Scope()) == (3, 3)


def test_only_what_is_in_the_scope_is_exported(tmp_path: Path, images: Path) -> None:
    fill(images / "kept", 2)
    fill(images / "left", 1)
    (images / "left" / "other.png").write_bytes(plain("blue"))
    store = indexed(tmp_path / "data", images)
    second = SqliteIndex(tmp_path / "second")
    import_index(second, io.BytesIO(exported(store, Scope(folder="images/kept/"))))
    assert len(second.ids(Scope())) == 2


def test_pictures_with_their_files_here_cost_no_call_after_an_import(
    tmp_path: Path, images: Path, whole: bytes
) -> None:
    store = SqliteIndex(tmp_path / "second")
    import_index(store, io.BytesIO(whole))
    embedder = ColourEmbedder()
    indexer = Indexer(store, store.data_dir, {"images/": images}, tmp_path / "thumbs")
    indexer.start(embedder, Scope)
    indexer.join(30)
    assert embedder.calls == []
    assert all(row.size is not None for row in store.files().values())


def test_imported_pictures_stay_although_their_files_are_elsewhere(
    store: SqliteIndex, images: Path, tmp_path: Path, whole: bytes
) -> None:
    import_index(store, io.BytesIO(whole))
    scan(store, {"images/": tmp_path / "empty"}, Deadline())
    assert store.counts(E, Scope()) == (3, 3)


def test_a_vector_that_was_made_here_is_never_replaced(
    tmp_path: Path, images: Path, whole: bytes
) -> None:
    store = SqliteIndex(tmp_path / "first")
    i = store.ids(Scope())[0]
    mine = store.vector(E, i)
    import_index(store, io.BytesIO(forge(whole, vectors=np.eye(3, 4, dtype=np.float32))))
    assert store.vector(E, i).tobytes() == mine.tobytes()


def test_what_a_stranger_says_of_a_picture_gives_way_to_its_bytes(
    tmp_path: Path, images: Path, whole: bytes
) -> None:
    store = SqliteIndex(tmp_path / "second")
    lie = edit(whole, lambda line: {**line, "width": 9999, "note": "Click [here](evil)"})
    import_index(store, io.BytesIO(lie))
    scan(store, {"images/": images}, Deadline())
    for picture in store.pictures(store.ids(Scope())).values():
        assert (picture.width, picture.note) == (16, "")


def test_an_empty_index_is_exported_and_refused_with_a_sentence(
    store: SqliteIndex, tmp_path: Path
) -> None:
    data = exported(store)
    with pytest.raises(ArchiveError, match="no pictures"):
        import_index(SqliteIndex(tmp_path / "second"), io.BytesIO(data))


def test_export_holds_little_more_than_the_names_in_memory(tmp_path: Path) -> None:
    from tests.index.samples import fill as fill_store

    store = SqliteIndex(tmp_path / "data")
    fill_store(store, 1000)
    with (tmp_path / "index.zip").open("wb") as target:
        tracemalloc.start()
        export_index(store, "e:1", Scope(), target)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (tmp_path / "index.zip").stat().st_size > 16_000_000
    assert highest < 6_000_000


# -- what is refused -------------------------------------------------------------------------


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def npy(array: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    np.save(target, array, **options)
    return target.getvalue()


def forge(data: bytes, vectors: Any = None, drop: str = "", **manifest: Any) -> bytes:
    members = parts(data)
    said = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps({**said, **manifest}).encode()
    if vectors is not None:
        members["vectors.npy"] = npy(vectors)
    members.pop(drop, None)
    return packed(members)


def edit(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    members = parts(data)
    lines = [json.loads(line) for line in members["pictures.jsonl"].splitlines()]
    members["pictures.jsonl"] = b"".join(json.dumps(change(x)).encode() + b"\n" for x in lines)
    return packed(members)


def refused(store: SqliteIndex, data: bytes, said: str, embedder_id: str | None = None) -> None:
    with pytest.raises(ArchiveError) as caught:
        import_index(store, io.BytesIO(data), embedder_id)
    assert said in str(caught.value)
    assert store.files() == {}
    assert store.dimensions(E) is None


def test_an_index_of_another_embedder_is_refused_by_name(store: SqliteIndex, whole: bytes) -> None:
    refused(store, whole, "made by colour:1, and azure:2023-04-15 answers", "azure:2023-04-15")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_index_cut_short_is_refused(store: SqliteIndex, whole: bytes, share: float) -> None:
    refused(store, whole[: int(len(whole) * share)], "cut short or damaged")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "something"}, "not an index of this product"),
        ({"version": 2}, "another version"),
        ({"embedder_id": 7}, "which embedder"),
        ({"embedder_id": "<b>azure</b>"}, "which embedder"),
        ({"embedder_id": ""}, "which embedder"),
        ({"count": 4}, "that it says"),
        ({"count": 2}, "that it says"),
        ({"count": True}, "how many"),
        ({"count": -1}, "how many"),
        ({"count": 10**9}, "how many"),
        ({"count": 3.0}, "how many"),
        ({"dimensions": 5}, "that it says"),
        ({"dimensions": 10**9}, "how long"),
        ({"dimensions": None}, "how long"),
        ({"columns": 1}, "what is known"),
        ({"columns": [["Year"]]}, "what is known"),
        ({"columns": [["Year", "colour"]]}, "what is known"),
        ({"columns": [["Year", []]]}, "what is known"),
        ({"columns": [["Year", "number"]] * 65}, "what is known"),
        ({"columns": [["", "number"]]}, "empty or too long"),
        ({"columns": [[7, "number"]]}, "no text"),
    ],
)
def test_a_forged_manifest_is_refused(
    store: SqliteIndex, whole: bytes, changes: dict[str, Any], said: str
) -> None:
    refused(store, forge(whole, **changes), said)


UNIT = np.eye(3, 4, dtype=np.float32)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (UNIT * np.float32("nan"), "unit vectors"),
        (np.where(UNIT, np.float32("inf"), UNIT), "unit vectors"),
        (UNIT * 2, "unit vectors"),
        (UNIT * 0, "unit vectors"),
        (UNIT.astype(">f4"), "that it says"),
        (UNIT.astype(np.float64), "that it says"),
        (UNIT.astype(np.int32), "that it says"),
        (np.asfortranarray(UNIT), "that it says"),
        (UNIT.reshape(4, 3), "that it says"),
        (UNIT.reshape(3, 4, 1), "that it says"),
        (UNIT[:2], "that it says"),
    ],
)
def test_forged_vectors_are_refused(
    store: SqliteIndex, whole: bytes, vectors: Any, said: str
) -> None:
    refused(store, forge(whole, vectors=vectors), said)


def test_a_header_that_promises_terabytes_is_refused_before_anything_is_reserved(
    store: SqliteIndex, whole: bytes
) -> None:
    members = parts(whole)
    header = io.BytesIO()
    shape = (3, 10**12)
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    members["vectors.npy"] = header.getvalue() + members["vectors.npy"][128:]
    refused(store, packed(members), "shape")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('unpickled')",))


def test_nothing_is_ever_unpickled(store: SqliteIndex, whole: bytes) -> None:
    members = parts(whole)
    pickled = npy(np.array([[Evil()]], dtype=object), allow_pickle=True)
    room = len(members["vectors.npy"]) - len(pickled)
    members["vectors.npy"] = pickled + bytes(max(0, room))
    refused(store, packed(members), "not taken")
    members["vectors.npy"] = pickle.dumps(Evil()) + bytes(100)
    refused(store, packed(members), "not taken")


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "images/../../etc/passwd",
        "images/./x.png",
        "images//x.png",
        "images/",
        "seed/x.png",
        "C:\\windows\\x.png",
        "images/x\0.png",
        "images/half \ud800.png",
        "images/" + "x" * 5000,
        "",
        7,
        None,
    ],
)
def test_a_name_that_no_scan_could_have_made_is_refused(
    store: SqliteIndex, whole: bytes, path: object
) -> None:
    refused(store, edit(whole, lambda line: {**line, "paths": [path]}), "not taken")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "0" * 63},
        {"id": "../" + "0" * 61},
        {"id": "G" * 64},
        {"id": "0" * 64 + "\n"},
        {"id": None},
        {"paths": []},
        {"paths": "images/x.png"},
        {"width": "16"},
        {"width": -1},
        {"width": 2**70},
        {"width": float("inf")},
        {"height": True},
        {"bytes": None},
        {"format": "<b>"},
        {"note": 7},
        {"note": "\ud800"},
        {"altered": "yes"},
        {"length": "60"},
        {"length": True},
        {"length": 0.0},
        {"length": -60.5},
        {"length": float("nan")},
        {"length": float("inf")},
        {"length": 1e300},
        {"facts": []},
        {"facts": {"Year": 1503}},
        {"facts": {"Year": "\0"}},
        {"facts": {"Year": "\ud800"}},
        {"facts": {"Year": "1" * 501}},
        {"facts": {str(number): "x" for number in range(65)}},
    ],
)
def test_a_forged_description_is_refused(
    store: SqliteIndex, whole: bytes, changes: dict[str, Any]
) -> None:
    refused(store, edit(whole, lambda line: {**line, **changes}), "not taken")


@pytest.mark.parametrize("line", [b"[]", b"null", b"{", b"[" * 100_000, b"\xff\xfe", b"{}" * 9])
def test_lines_that_describe_nothing_are_refused(
    store: SqliteIndex, whole: bytes, line: bytes
) -> None:
    members = parts(whole)
    members["pictures.jsonl"] = line + b"\n" + members["pictures.jsonl"]
    refused(store, packed(members), "not taken")


def test_a_list_shorter_or_longer_than_the_vectors_is_refused(
    store: SqliteIndex, whole: bytes
) -> None:
    members = parts(whole)
    lines = members["pictures.jsonl"].splitlines(keepends=True)
    refused(store, packed({**members, "pictures.jsonl": b"".join(lines[:2])}), "fewer")
    refused(store, packed({**members, "pictures.jsonl": b"".join(lines + lines[:1])}), "more")
    twice = lines[:2] + lines[:1]
    refused(store, packed({**members, "pictures.jsonl": b"".join(twice)}), "twice")


@pytest.mark.parametrize("name", ["manifest.json", "vectors.npy", "pictures.jsonl", "thumb"])
def test_an_index_without_one_of_its_parts_is_refused(
    store: SqliteIndex, whole: bytes, name: str
) -> None:
    name = next(n for n in parts(whole) if n.startswith("thumbs/")) if name == "thumb" else name
    refused(store, forge(whole, drop=name), "is missing")


@pytest.mark.parametrize(
    "thumbnail",
    [
        b"",
        b"<html><script>alert(1)</script>",
        plain("red"),  # a PNG
        b"\xff\xd8\xff\xe0" + bytes(100),
        bytes(300_000),
    ],
)
def test_a_thumbnail_that_is_none_is_refused(
    store: SqliteIndex, whole: bytes, thumbnail: bytes
) -> None:
    members = parts(whole)
    name = next(n for n in members if n.startswith("thumbs/"))
    refused(store, packed({**members, name: thumbnail}), "not taken")


def test_a_huge_or_slow_thumbnail_is_refused(store: SqliteIndex, whole: bytes) -> None:
    from tests.hostile_pictures import picture

    members = parts(whole)
    name = next(n for n in members if n.startswith("thumbs/"))
    for bad in (picture("JPEG", 700, 500), picture("JPEG", 96, 64, progressive=True)):
        refused(store, packed({**members, name: bad}), "thumbnail")


def test_a_zip_bomb_is_refused_before_it_is_opened(store: SqliteIndex, whole: bytes) -> None:
    members = parts(whole)
    members["pictures.jsonl"] = b" " * 5_000_000
    refused(store, packed(members, zipfile.ZIP_DEFLATED), "not taken")


def test_members_that_share_their_bytes_are_refused(store: SqliteIndex, whole: bytes) -> None:
    target = io.BytesIO(whole)
    with zipfile.ZipFile(target, "a") as archive:
        large = zipfile.ZipInfo("large")
        archive.writestr(large, bytes(1000))
        for number in range(200):
            again = zipfile.ZipInfo(f"again{number}")
            again.header_offset, again.CRC = large.header_offset, large.CRC
            again.file_size = again.compress_size = 1000
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    refused(store, target.getvalue(), "larger than it is")


def test_an_encrypted_archive_is_refused(store: SqliteIndex, whole: bytes) -> None:
    data = bytearray(whole)
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) != -1:
        data[at + 8] |= 1
        at += 4
    refused(store, bytes(data), "not taken")


def test_a_file_that_is_no_zip_is_refused(store: SqliteIndex) -> None:
    refused(store, b"To whom it may concern" * 100, "cut short or damaged")


def test_vectors_of_another_length_than_those_here_are_refused(
    tmp_path: Path, whole: bytes
) -> None:
    store = SqliteIndex(tmp_path / "first")
    other = forge(whole, vectors=np.eye(3, 8, dtype=np.float32), dimensions=8)
    with pytest.raises(ArchiveError, match="8 numbers and not 4"):
        import_index(store, io.BytesIO(other), E)
    with pytest.raises(ArchiveError, match="8 numbers and not 4"):
        import_index(SqliteIndex(tmp_path / "second"), io.BytesIO(other), E, dimensions=4)


def test_an_index_that_fails_at_its_last_picture_leaves_nothing(
    store: SqliteIndex, whole: bytes
) -> None:
    members = parts(whole)
    lines = members["pictures.jsonl"].splitlines(keepends=True)
    members["pictures.jsonl"] = b"".join([*lines[:2], b"{}\n"])
    generation = store.generation(E)
    refused(store, packed(members), "not taken")
    assert store.generation(E) == generation


@needs_mount
def test_an_index_that_does_not_fit_on_the_disk_leaves_nothing(
    tmp_path: Path, whole: bytes
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        store = SqliteIndex(disk)
        fill_up(disk)
        refused(store, whole, "disk is full")
        (disk / "films").unlink()
        assert import_index(store, io.BytesIO(whole)) == 3
        store.close()


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 20), cut=st.integers(0, 400))
def test_a_mutated_index_is_taken_whole_or_refused_with_a_sentence(
    store: SqliteIndex, whole: bytes, seed: int, flips: int, cut: int
) -> None:
    chance = random.Random(seed)
    data = bytearray(whole)
    for _ in range(flips):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if cut < 100:
        at = chance.randrange(len(data))
        del data[at : at + cut]
    try:
        import_index(store, io.BytesIO(bytes(data)))
    except ArchiveError as error:
        assert str(error).endswith((".", "again."))
        return
    # Only what no checksum covers (dates, attributes) may have changed.
    assert parts(bytes(data)) == parts(whole)


FRESH = """
import resource, sys
from pathlib import Path
from core.index.sqlite.engine import SqliteIndex
from core.errors import ArchiveError
from core.index.archive import import_index
resource.setrlimit(resource.RLIMIT_AS, (900 * 2**20, 900 * 2**20))
try:
    import_index(SqliteIndex(Path(sys.argv[1])), Path(sys.argv[2]))
except ArchiveError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_a_line_without_an_end_is_refused_in_little_memory(tmp_path: Path, whole: bytes) -> None:
    members = parts(whole)
    with zipfile.ZipFile(tmp_path / "long.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data if name != "pictures.jsonl" else bytes(600_000_000))
    command = [sys.executable, "-c", FRESH, str(tmp_path / "data"), str(tmp_path / "long.zip")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "not taken" in result.stdout, result.stderr
