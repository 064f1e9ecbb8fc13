"""`python -m core`: the product in scripts, in processes of their own where that matters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core import __main__ as commands
from core.file_lock import FileLock
from tests.app.server import clone, environment
from tests.azure_emulator import Emulator, Fault
from tests.conftest import plain, wait_for

Run = Callable[..., subprocess.CompletedProcess[str]]


def in_a_process(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *words],
        cwd=home,
        env=environment(**settings),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The same in this process."""

    def run_(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(commands, "ROOT", home)
        for name in os.environ.keys() - environment().keys():
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        try:
            code = commands.main(words)
        except SystemExit as end:  # argparse
            code = end.code
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    return run_


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with four pictures, indexed with the built-in model."""
    made = clone(tmp_path_factory.mktemp("commands"))
    for colour in ("red", "green", "blue"):
        (made / "images" / f"{colour}.png").write_bytes(plain(colour, width=64, height=64))
    (made / "images" / "line\nbreak.png").write_bytes(plain("white", width=64, height=64))
    assert in_a_process(made, "index").stdout == "Indexed 4 of 4.\n"
    return made


def test_a_search_prints_rank_cosine_and_path(home: Path) -> None:
    done = in_a_process(home, "search", "red", "--count", "2")
    assert done.returncode == 0
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["1", "2"]
    assert lines[0][2] == "images/red.png"
    assert float(lines[0][1]) >= float(lines[1][1])


def test_a_search_for_scripts_is_one_json_object(home: Path, run: Run) -> None:
    done = run(home, "search", "red", "--json")
    found = json.loads(done.stdout)
    assert found["results"][0]["paths"] == ["images/red.png"]
    assert len(found["results"]) == 4
    assert done.stderr == ""


def test_a_name_cannot_write_to_the_terminal(home: Path, run: Run) -> None:
    assert "images/line\\nbreak.png" in run(home, "search", "white").stdout


def test_a_folder_that_is_not_there_is_a_sentence(home: Path, run: Run) -> None:
    done = run(home, "search", "red", "--in", "images/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no such folder")


def test_a_command_that_is_not_understood_ends_with_2(home: Path, run: Run) -> None:
    assert run(home, "sing").returncode == 2
    assert run(home, "search", "red", "--count", "0").returncode == 2


def test_an_index_is_exported_whole_or_not_at_all(home: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "index.zip"
    done = run(home, "export", str(file), "--json")
    assert json.loads(done.stdout) == {"pictures": 4, "file": str(file)}
    assert zipfile.is_zipfile(file)
    failed = run(home, "export", str(tmp_path / "nowhere" / "index.zip"))
    assert failed.returncode == 1
    assert "cannot be written" in failed.stderr and "Traceback" not in failed.stderr


def test_a_search_before_anything_is_indexed_says_what_to_do(tmp_path: Path, run: Run) -> None:
    done = run(clone(tmp_path / "home"), "search", "red")
    assert done.returncode == 1
    assert done.stderr == "Nothing is indexed yet. Run: python -m core index\n"


def test_a_plan_says_what_it_would_cost_and_asks_for_nothing(tmp_path: Path, run: Run) -> None:
    home = clone(tmp_path / "home")
    (home / "images" / "red.png").write_bytes(plain("red"))
    with Emulator() as azure:
        done = run(home, "index", "--plan", **azure.settings)
        assert done.stdout == "Indexed 0 of 1. Waiting for a vector: 1. Paid calls due: 1.\n"
        assert azure.calls == []


def test_a_key_that_is_refused_is_a_sentence_and_no_traceback(tmp_path: Path, run: Run) -> None:
    home = clone(tmp_path / "home")
    (home / "images" / "red.png").write_bytes(plain("red"))
    with Emulator() as azure:
        azure.when(lambda seen: True, "unauthorised")
        done = run(home, "index", **azure.settings)
    assert done.returncode == 1
    assert done.stderr.startswith("Azure did not accept the key")
    assert "Traceback" not in done.stderr and azure.key not in done.stdout + done.stderr


def test_a_source_that_is_away_ends_with_3(home: Path, run: Run) -> None:
    done = run(home, "index", "--json", SOURCES=f"web={home}/nowhere.csv")
    assert done.returncode == 3
    (place,) = json.loads(done.stdout)["away"]
    assert place["path"] == "remote/web/" and "not there" in place["reason"]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_stop_keeps_what_was_answered_and_ends_with_130(tmp_path: Path, run: Run) -> None:
    home = clone(tmp_path / "home")
    for number in range(30):
        (home / "images" / f"{number}.png").write_bytes(plain((200, number, 9), width=64))
    with Emulator() as azure:
        azure.when(lambda seen: len(azure.calls) > 5, Fault("hang", seconds=120))
        command = [sys.executable, "-m", "core", "index"]
        process = subprocess.Popen(
            command, cwd=home, env=environment(**azure.settings), stderr=subprocess.PIPE, text=True
        )
        wait_for(lambda: len(azure.calls) > 5, 30)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert said == "Stopped.\n"
        azure.clear()
        calls = len(azure.calls)
        assert run(home, "index", **azure.settings).stdout == "Indexed 30 of 30.\n"
        assert len(azure.calls) - calls == 25


def test_a_second_run_on_one_folder_ends_with_4(home: Path, run: Run) -> None:
    lock = FileLock(home / "data" / "run.lock")
    assert lock.acquire()
    try:
        done = run(home, "index")
    finally:
        lock.release()
    assert (done.returncode, done.stderr) == (4, "Another process is indexing this collection.\n")


def test_serve_hands_over_to_streamlit_and_gives_its_exit_code(home: Path) -> None:
    done = in_a_process(home, "serve", "--", "--no-such-option")
    assert done.returncode == 2
    assert "no-such-option" in done.stderr


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with two pictures and what is known of them, in use."""
    made = clone(tmp_path_factory.mktemp("labelled"))
    for colour in ("red", "green"):
        (made / "images" / f"{colour}.png").write_bytes(plain(colour, width=64, height=64))
    (made / "images" / "metadata.csv").write_text("file_name,Year\nred.png,1503\ngreen.png,1700\n")
    done = in_a_process(made, "index", "--use-columns", "--json")
    assert json.loads(done.stdout)["columns"] == ["Year"]
    return made


def test_a_search_in_a_script_is_narrowed_and_says_what_is_known(labelled: Path, run: Run) -> None:
    done = run(labelled, "search", "green", "--where", "year:..1600", "--json")
    (found,) = json.loads(done.stdout)["results"]
    assert found["paths"] == ["images/red.png"]
    assert found["known"] == {"Year": "1503"}


def test_a_filter_that_cannot_be_read_is_said_and_nothing_is_found(
    labelled: Path, run: Run
) -> None:
    done = run(labelled, "search", "green", "--where", "colour:red")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "There is nothing called “colour” to filter by here.\nColumns in use: Year.\n"
    )
