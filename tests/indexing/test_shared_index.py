"""core.indexing.job: one run at a time on an index in PostgreSQL that several hosts share."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.index import Index, open_index
from core.indexing.job import LOCK_LOST, Indexer
from core.model import EVERYTHING, Scope
from core.settings import Settings
from tests.conftest import ColourEmbedder, fill, wait_for
from tests.postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parents[2]


class Host:
    """A data folder and a job of its own, on the shared index and the shared pictures."""

    def __init__(self, settings: Settings, folder: Path, images: Path) -> None:
        self.index: Index = open_index(replace(settings, data_dir=folder))
        self.indexer = Indexer(self.index, folder, {"images/": images}, folder / "thumbs")

    def close(self) -> None:
        self.indexer.stop()
        self.indexer.join(30)
        self.index.close()


@pytest.fixture
def hosts(postgres: Settings, tmp_path: Path, images: Path) -> Iterator[tuple[Host, Host]]:
    fill(images, 6)
    both = Host(postgres, tmp_path / "one", images), Host(postgres, tmp_path / "two", images)
    yield both
    for host in both:
        host.close()


class Gate:
    """An embedder that answers once the gate is open."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.embedder = ColourEmbedder(before_answer=self._wait, concurrency=1)

    def _wait(self, deadline: Deadline) -> None:
        self.reached.set()
        while not self.opened.wait(0.01):
            deadline.check()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


def test_a_second_host_starts_no_run_and_sees_the_first(
    hosts: tuple[Host, Host], gate: Gate
) -> None:
    one, two = hosts
    assert one.indexer.start(gate.embedder, Scope)
    assert gate.reached.wait(10)
    paid = ColourEmbedder()
    assert not two.indexer.start(paid, Scope)
    assert two.indexer.progress().running
    gate.opened.set()
    one.indexer.join(30)
    assert two.indexer.start(paid, Scope)
    two.indexer.join(30)
    assert two.index.counts(paid.id, EVERYTHING) == (6, 6)
    assert paid.calls == []


def test_a_run_that_loses_its_connection_stops_and_says_so(
    hosts: tuple[Host, Host],
    gate: Gate,
    postgres_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from core.index.postgres import run_lock

    monkeypatch.setattr(run_lock, "CHECK_SECONDS", 0.0)
    one, two = hosts
    assert one.indexer.start(gate.embedder, Scope)
    assert gate.reached.wait(10)
    postgres_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'vectorscope'"
    )
    one.indexer.join(30)
    progress = one.indexer.progress()
    assert (progress.state, progress.sentence) == ("failed", LOCK_LOST)
    gate.opened.set()
    wait_for(lambda: two.indexer.start(ColourEmbedder(), Scope))
    two.indexer.join(30)
    assert two.indexer.progress().state == "done"


def test_a_host_that_is_killed_holds_nobody_up(postgres: Settings, tmp_path: Path) -> None:
    index = open_index(postgres)
    code = (
        "import sys; from pathlib import Path; from core.index import open_index; "
        "from core.settings import load_settings; "
        "lock = open_index(load_settings()).run_lock(); print(lock.acquire(), flush=True); "
        "sys.stdin.read()"
    )
    names = ("host", "port", "db", "user", "password", "schema")
    given = {f"POSTGRES_{n.upper()}": str(getattr(postgres, f"postgres_{n}")) for n in names}
    given["DATA_DIR"] = str(tmp_path / "other")
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=given,
        stdin=subprocess.PIPE,  # open for as long as this test wants it
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    with other:
        assert other.stdout.readline() == "True\n"
        assert not index.run_lock().acquire()
        other.kill()
    lock = index.run_lock()
    wait_for(lock.acquire)
    assert lock.is_held()
    lock.release()
    index.close()


def test_a_run_that_cannot_reach_the_database_fails_with_a_sentence(
    hosts: tuple[Host, Host],
) -> None:
    one, _ = hosts
    one.index.settings = replace(one.index.settings, postgres_port=1)  # type: ignore[attr-defined]
    assert one.indexer.start(ColourEmbedder(), Scope)
    assert "Nothing answers" in one.indexer.progress().sentence
