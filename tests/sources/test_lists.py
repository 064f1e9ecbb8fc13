"""A list of addresses as a source: CSV, JSON lines and Parquet, here or at an address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.errors import SourceError
from core.indexing.away import away
from core.pictures import picture_id
from core.settings import Settings
from core.sources import Sources
from core.sources.remote import fetching
from core.sources.remote.listed import path_of_address
from core.sources.remote.lists import read_list
from tests.blob_emulator import BlobEmulator, Handler
from tests.conftest import plain, wait_for
from tests.sources.conftest import Elsewhere


@pytest.fixture
def host(service: BlobEmulator) -> str:
    """The address of a host with two pictures."""
    service.files |= {"red.png": plain("red"), "blue.png": plain("blue")}
    return f"{service.url}/files"


def here(host: str) -> str:
    """The host as it stands in paths."""
    return host.removeprefix("http://").replace(":", "-")


def said_of_the_list(elsewhere: Elsewhere) -> str:
    elsewhere.scan()
    (place,) = away(elsewhere.store)
    return place.reason


# --- what is read


def test_the_pictures_of_a_list_lie_below_their_hosts(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    (tmp_path / "list.csv").write_text(f"url\n{host}/red.png\n{host}/blue.png\n")
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert elsewhere.scan().new == 2
    start = f"remote/web/{here(host)}"
    assert elsewhere.paths() == [f"{start}/blue.png", f"{start}/red.png"]
    assert elsewhere.sources.read(f"{start}/red.png", Deadline()) == plain("red")


def write(file: Path, rows: list[dict[str, str]]) -> None:
    if file.suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    elif file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    else:
        between = {".csv": ",", ".tsv": "\t"}[file.suffix]
        lines = [between.join(rows[0]), *(between.join(row.values()) for row in rows)]
        file.write_text("\n".join(lines), "utf-8-sig")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_form_of_a_list_gives_the_same(
    elsewhere: Elsewhere, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "boats").mkdir()
    (tmp_path / "boats" / "red.png").write_bytes(plain("red"))
    write(tmp_path / f"list{ending}", [{"file_name": "boats/red.png", "Caption": "Größe"}])
    elsewhere.set(f"set={tmp_path}/list{ending}")
    assert elsewhere.scan().new == 1
    assert elsewhere.paths() == ["remote/set/boats/red.png"]
    (row,) = elsewhere.sources.columns()
    assert row == ("remote/set/boats/red.png", {"caption": "Größe"})


def test_a_list_with_semicolons_is_read(elsewhere: Elsewhere, tmp_path: Path, host: str) -> None:
    (tmp_path / "list.csv").write_text(f'title;URL\n"a;b";{host}/red.png\n')
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert elsewhere.scan().new == 1


def test_a_list_at_an_address_names_the_pictures_beside_it(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("set/metadata.jsonl", b'{"file_name": "train/a b.png"}\n')
    service.put("set/train/a b.png", plain("red"))
    elsewhere.set(f"set={service.bare}/set/metadata.jsonl?{service.sas}")
    assert elsewhere.scan().new == 1
    assert elsewhere.paths() == ["remote/set/train/a b.png"]


def test_a_list_that_did_not_change_costs_one_request(
    elsewhere: Elsewhere, service: BlobEmulator, host: str
) -> None:
    service.files["list.csv"] = f"url\n{host}/red.png\n".encode()
    elsewhere.set(f"web={host}/list.csv")
    elsewhere.scan()
    service.requests.clear()
    assert elsewhere.scan().unchanged == 1
    assert service.requests == ["/files/list.csv"]


def test_a_list_that_grew_has_only_its_new_pictures_fetched(
    elsewhere: Elsewhere, service: BlobEmulator, host: str
) -> None:
    service.files["list.csv"] = f"url\n{host}/red.png\n".encode()
    elsewhere.set(f"web={host}/list.csv")
    elsewhere.scan()
    service.files["list.csv"] += f"{host}/blue.png\n".encode()
    service.requests.clear()
    assert elsewhere.scan().new == 1
    assert service.fetched() == ["/files/list.csv", "/files/blue.png"]


def test_a_picture_whose_hash_in_the_list_changed_is_fetched_again(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path, host: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"url,md5\n{host}/red.png,1\n{host}/blue.png,1\n")
    elsewhere.set(f"web={file}")
    elsewhere.scan()
    file.write_text(f"url,md5\n{host}/red.png,one\n{host}/blue.png,1\n")
    service.requests.clear()
    elsewhere.scan()
    assert service.fetched() == ["/files/red.png"]


def test_an_address_that_is_signed_anew_is_the_same_picture(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path, host: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"url\n{host}/red.png?sv=1&se=2026&sig=one\n")
    elsewhere.set(f"web={file}")
    elsewhere.scan()
    file.write_text(f"url\n{host}/red.png?sv=1&se=2027&sig=another\n")
    service.requests.clear()
    assert elsewhere.scan().unchanged == 1
    assert service.requests == []
    assert elsewhere.sources.read(elsewhere.paths()[0], Deadline()) == plain("red")
    assert service.requests == ["/files/red.png?sv=1&se=2027&sig=another"]


def test_addresses_that_differ_in_their_query_are_different_pictures() -> None:
    one, other = (path_of_address(f"https://x.example/image.jpg?id={n}") for n in (1, 2))
    assert one != other
    assert one is not None and one.endswith(".jpg") and "?" not in one


def test_the_user_and_the_password_of_an_address_are_in_no_path() -> None:
    assert path_of_address("https://me:secret@x.example/a.jpg") == "x.example/a.jpg"


def test_a_line_that_comes_twice_is_one_picture_and_fetched_once(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path, host: str
) -> None:
    (tmp_path / "list.csv").write_text("url\n" + f"{host}/red.png\n" * 5)
    elsewhere.set(f"web={tmp_path}/list.csv")
    elsewhere.scan()
    assert service.fetched() == ["/files/red.png"]


# --- what is wrong with a list


BAD_LISTS = {
    "no column": (b"name,size\nred.png,3\n", ".csv", "no column url or file_name"),
    "empty": (b"", ".csv", "no column url or file_name"),
    "not UTF-8": ("url\nhttps://x.example/\xe4.jpg\n".encode("latin-1"), ".csv", "not UTF-8"),
    "UTF-16": ("url\nhttps://x.example/a.jpg\n".encode("utf-16"), ".csv", "not UTF-8"),
    "one endless line": (b"url\n" + b"x" * 2_000_000, ".csv", "longer than any line"),
    "no address in JSON": (b'{"name": "red.png"}\n', ".jsonl", "url or a file_name"),
    "not JSON": (b"<html>\n", ".jsonl", "url or a file_name"),
    "not Parquet": (b"PAR1 no", ".parquet", "no Parquet file"),
}


@pytest.mark.parametrize(("data", "ending", "said"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_list_that_cannot_be_used_is_a_sentence(
    elsewhere: Elsewhere, tmp_path: Path, data: bytes, ending: str, said: str
) -> None:
    (tmp_path / f"list{ending}").write_bytes(data)
    elsewhere.set(f"web={tmp_path}/list{ending}")
    assert said in said_of_the_list(elsewhere)


def test_a_list_that_went_wrong_leaves_what_the_one_before_it_brought(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"url\n{host}/red.png\n")
    elsewhere.set(f"web={file}")
    elsewhere.scan()
    file.write_text("nothing\n")
    assert elsewhere.scan().gone == 0
    assert elsewhere.sources.read(elsewhere.paths()[0], Deadline()) == plain("red")


def test_a_list_that_is_not_there_is_a_sentence(elsewhere: Elsewhere, tmp_path: Path) -> None:
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert "not there" in said_of_the_list(elsewhere)


def test_a_web_page_instead_of_a_list_is_a_sentence(
    elsewhere: Elsewhere, service: BlobEmulator, host: str
) -> None:
    service.instead["list.csv"] = lambda handler: handler.send(
        200, b"<html>", {"Content-Type": "text/html"}
    )
    elsewhere.set(f"web={host}/list.csv")
    assert "web page" in said_of_the_list(elsewhere)


def test_lines_that_name_no_picture_are_said_and_the_others_are_read(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    lines = ["url,file_name", ",", f"{host}/red.png,", "ftp://x/a.png,", ",../../secret.png"]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert elsewhere.scan().new == 1
    assert elsewhere.reasons() == {
        "remote/web/line 2 of the list": "This line says neither url nor file_name.",
        "remote/web/line 4 of the list": "What this line names is not an address of the web.",
        "remote/web/line 5 of the list": (
            "The file that this line names does not lie in the folder of the list."
        ),
    }


def test_a_list_at_an_address_names_no_file_of_this_machine(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path, host: str
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(plain("red"))
    other_host = "//other.example/a.png"  # which would be sent the signature of the list
    service.files["list.csv"] = f"file_name\n{secret}\n{other_host}\n".encode()
    elsewhere.set(f"web={host}/list.csv")
    elsewhere.scan()
    assert elsewhere.paths() == []
    assert list(elsewhere.reasons()) == [
        "remote/web/line 2 of the list",
        "remote/web/line 3 of the list",
    ]


def test_very_many_useless_lines_are_counted_and_not_all_named(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    (tmp_path / "list.csv").write_text(f"url\n{host}/red.png\n" + "nonsense://\n" * 5000)
    elsewhere.set(f"web={tmp_path}/list.csv")
    elsewhere.scan()
    reasons = elsewhere.reasons()
    assert len(reasons) == 1001
    assert reasons["remote/web/further lines of the list"].startswith("4,000 more")


PRIVATE = ["http://10.0.0.1/a.jpg", "http://169.254.169.254/latest", "https://192.168.1.1/a.jpg"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_a_private_network_is_never_fetched(
    elsewhere: Elsewhere, tmp_path: Path, address: str
) -> None:
    (tmp_path / "list.csv").write_text(f"url\n{address}\n")
    elsewhere.set(f"web={tmp_path}/list.csv")
    elsewhere.scan()
    (reason,) = elsewhere.reasons().values()
    assert "private" in reason or "https://" in reason


def test_a_redirect_into_a_private_network_is_not_followed(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path, host: str
) -> None:
    def redirect(handler: Handler) -> None:
        handler.send(302, b"", {"Location": "https://10.0.0.1/a.png"})

    service.instead["red.png"] = redirect
    (tmp_path / "list.csv").write_text(f"url\n{host}/red.png\n")
    elsewhere.set(f"web={tmp_path}/list.csv")
    elsewhere.scan()
    (reason,) = elsewhere.reasons().values()
    assert "private" in reason


def test_a_host_that_is_gone_is_said_of_its_pictures_alone(
    elsewhere: Elsewhere, tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.001)
    (tmp_path / "list.csv").write_text(f"url\n{host}/red.png\nhttp://127.0.0.1:9/a.png\n")
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert elsewhere.scan().new == 1
    (reason,) = elsewhere.reasons().values()
    assert "cannot be reached" in reason
    assert away(elsewhere.store) == []


def test_a_size_that_no_file_has_does_no_harm(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    lines = [f"{host}/red.png,{'9' * 5000}", f"{host}/blue.png,²"]
    (tmp_path / "list.csv").write_text("\n".join(["url,size", *lines]), "utf-8")
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert elsewhere.scan().new == 2


def test_a_long_list_is_read_in_little_memory(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        file = tmp_path / f"{lines}.csv"
        with file.open("w") as out:
            out.write("url,caption\n")
            out.writelines(f"https://x.example/{n}.jpg,picture {n}\n" for n in range(lines))
        tracemalloc.start()
        assert sum(1 for _ in read_list(file, ".csv")) == lines
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20_000) < 1.5 * peak(2_000)


# --- what is kept


def test_what_a_list_says_is_kept_where_only_this_user_reads_it(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    (tmp_path / "list.csv").write_text(f"url\n{host}/red.png?sig=secret\n")
    elsewhere.set(f"web={tmp_path}/list.csv")
    elsewhere.scan()
    elsewhere.sources.add("added", f"{host}/other.csv?sig=secret")
    holding = [
        file
        for file in elsewhere.folder.rglob("*")
        if file.is_file() and b"sig=secret" in file.read_bytes()
    ]
    assert len(holding) == 2
    if os.name == "posix":
        assert {file.stat().st_mode & 0o777 for file in holding} == {0o600}


def test_a_source_that_was_added_is_there_after_a_restart(elsewhere: Elsewhere, host: str) -> None:
    elsewhere.sources.add("web", f"{host}/list.csv?sig=1")
    elsewhere.sources.add("web", f"{host}/list.csv?sig=2")
    elsewhere.set("")
    (spec,) = elsewhere.sources.all()
    assert spec.address == f"{host}/list.csv?sig=2"
    assert spec.shown == f"{host}/list.csv"
    assert elsewhere.sources.remove("web")
    assert elsewhere.sources.all() == []


NOT_ADDED = {
    "/etc/list.csv": "https://",
    "file:///etc": "https://",
    "s3://bucket/folder": "https://",
    "": "needs an address",
    "https://x.example/a\nb.csv": "character",
    "https://[x/list.csv": "not an address",
}


@pytest.mark.parametrize(("address", "said"), NOT_ADDED.items())
def test_what_a_visitor_adds_leads_to_the_web_alone(
    elsewhere: Elsewhere, address: str, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        elsewhere.sources.add("name", address)
    assert elsewhere.sources.all() == []


@pytest.mark.parametrize("name", ["../x", "a b", "a/b", "*bold*", "x" * 41, ".hidden"])
def test_a_name_that_would_be_no_folder_is_refused(elsewhere: Elsewhere, name: str) -> None:
    with pytest.raises(SourceError, match="letters, digits"):
        elsewhere.sources.add(name, "https://x.example/list.csv")


def test_a_damaged_file_of_sources_is_said_and_loses_nothing(
    elsewhere: Elsewhere, tmp_path: Path, host: str
) -> None:
    (tmp_path / "list.csv").write_text(f"url\n{host}/red.png\n")
    elsewhere.set(f"web={tmp_path}/list.csv")
    elsewhere.scan()
    (elsewhere.folder / "sources.json").write_text("{")
    elsewhere.set(f"web={tmp_path}/list.csv")
    assert "sources.json" in elsewhere.sources.problems[0]
    assert elsewhere.scan().gone == 0


def test_the_setting_names_several_sources_and_what_is_wrong_with_one(tmp_path: Path) -> None:
    text = (
        f'a=https://x.blob.core.windows.net/c?sv=1&sig=s%3D "{tmp_path}/my list.csv" '
        "a=https://y.example/list.csv folder s3://bucket/pictures?secret"
    )
    sources = Sources(Settings(data_dir=tmp_path, sources=text))
    found = {spec.name: spec.kind.value for spec in sources.all()}
    assert found == {
        "a": "Azure Blob container",
        "my-list": "list of addresses",
        "pictures": "fsspec",
    }
    assert len(sources.problems) == 2
    assert "sig" not in str(sources.problems) and "secret" not in str(sources.problems)


def test_a_scan_that_is_killed_loses_nothing_and_fetches_nothing_twice(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path, host: str
) -> None:
    """A scan in a process of its own is killed while half of the pictures are still to come."""
    names = [f"{number:03}.png" for number in range(40)]
    for number, name in enumerate(names):
        service.files[name] = plain((9, number, 9))
    lines = "".join(f"{host}/{name}\n" for name in names)
    (tmp_path / "list.csv").write_text("url\n" + lines)

    def hang(handler: Handler) -> None:
        service.closing.wait(60)

    service.instead = {f"/{name}": hang for name in names[20:]}
    code = (
        "import sys; from pathlib import Path; from core.deadline import Deadline;"
        "from core.index.sqlite.engine import SqliteIndex; from core.indexing.scan import scan;"
        "from core.settings import Settings; from core.sources import Sources;"
        "folder = Path(sys.argv[1]); s = Settings(data_dir=folder, sources=sys.argv[2],"
        " sources_loopback=True);"
        "scan(SqliteIndex(folder), {}, Deadline(), sources=Sources(s))"
    )
    setting = f"web={tmp_path}/list.csv"
    with subprocess.Popen([sys.executable, "-c", code, str(elsewhere.folder), setting]) as killed:
        # Those that came are kept while the others hang, and no request is still on its way.
        try:
            wait_for(
                lambda: len(elsewhere.store.files()) == 20 and len(service.fetched()) == 40, 60
            )
        finally:
            killed.kill()
    service.instead.clear()
    service.requests.clear()
    elsewhere.set(setting)
    assert elsewhere.scan().unchanged == 20
    assert len(elsewhere.paths()) == 40
    assert sorted(service.fetched()) == [f"/files/{name}" for name in names[20:]]


# --- fsspec


def test_an_address_of_fsspec_is_a_source_where_its_package_is_installed(
    elsewhere: Elsewhere,
) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/boats/red.png", plain("red"))
    elsewhere.set("bucket=memory://bucket")
    try:
        assert elsewhere.scan().new == 1
        assert elsewhere.paths() == ["remote/bucket/boats/red.png"]
        assert elsewhere.scan().unchanged == 1
        memory.pipe("/bucket/boats/red.png", plain("blue"))
        elsewhere.scan()
        (row,) = elsewhere.store.files().values()
        assert row.picture_id == picture_id(plain("blue"))
    finally:
        memory.rm("/bucket", recursive=True)


def test_an_address_whose_package_is_missing_is_a_sentence(elsewhere: Elsewhere) -> None:
    elsewhere.set("bucket=gs://bucket/folder far=nobodyknows://x/y")
    elsewhere.scan()
    reasons = [place.reason for place in away(elsewhere.store)]
    assert len(reasons) == 2
    assert all("bucket" in reason or "far" in reason for reason in reasons)
