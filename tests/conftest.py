"""What several tests share: an embedder of colours, plain pictures, folders to hold them."""

from __future__ import annotations

import importlib.util
import io
import os
import secrets
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

from core.deadline import Deadline
from core.errors import InputRefused
from core.index.sqlite.engine import SqliteIndex
from core.model import Limits
from core.settings import Settings
from core.vectors import RawVector, RawVectors
from tests.azure_emulator import Emulator
from tests.postgres_server import PostgresServer, is_available, serve

COLOURS = {
    "red": (230, 20, 20),
    "green": (20, 200, 40),
    "blue": (20, 40, 230),
    "yellow": (240, 220, 20),
    "white": (250, 250, 250),
    "black": (8, 8, 8),
}


class ColourEmbedder:
    """Mean colours: "red" is near red pictures. A whole embedder, small enough to be wrong nowhere.

    `calls` counts what was asked; `before_answer` runs before each answer, to wait or to raise.
    """

    id = "colour:1"
    label = "Colours"
    normalises = False
    dimensions = 4
    takes_links = False
    # As a service has them.
    limits = Limits("The colour service", ("JPEG", "PNG", "GIF"), 20_000_000, 4, 16_000)

    def __init__(
        self,
        *,
        paid: bool = True,
        batch_size: int = 1,
        concurrency: int = 2,
        before_answer: Callable[[Deadline], None] = lambda deadline: None,
    ) -> None:
        self.paid = paid
        self.batch_size = batch_size
        self.concurrency = concurrency
        self.before_answer = before_answer
        self.calls: list[str] = []
        self.most_bytes = 0
        self._bytes = 0
        self._guard = threading.Lock()

    def embed_images(self, images: Sequence[bytes], deadline: Deadline) -> RawVectors:
        size = sum(map(len, images))
        with self._guard:
            self.calls.append("image")
            self._bytes += size
            self.most_bytes = max(self.most_bytes, self._bytes)
        try:
            deadline.check()
            self.before_answer(deadline)
            rows = [self._place(mean_colour(data)) for data in images]
            return np.array(rows, np.float32).reshape(len(rows), self.dimensions)
        except (OSError, SyntaxError) as error:
            raise InputRefused("This is not a picture.") from error
        finally:
            with self._guard:
                self._bytes -= size

    def embed_text(self, text: str, deadline: Deadline) -> RawVector:
        with self._guard:
            self.calls.append("text")
        deadline.check()
        self.before_answer(deadline)
        known = [COLOURS[word] for word in text.split() if word in COLOURS]
        if not known:
            raise InputRefused("No word of this text is a colour.")
        return self._place(np.mean(known, axis=0))

    def embed_link(self, url: str, deadline: Deadline) -> RawVector:
        raise InputRefused("Links are not taken.")

    def unknown_words(self, text: str) -> list[str]:
        return [word for word in text.split() if word not in COLOURS]

    def known_neighbours(self, word: str) -> list[str]:
        return []

    def close(self) -> None:
        pass

    @staticmethod
    def _place(colour: Sequence[float]) -> RawVector:
        # Grey on an axis of its own, so that black has a direction too.
        return np.array([*(np.asarray(colour, dtype=float) - 128), 32.0], np.float32)


# How long an example takes is the machine's, which does much else meanwhile.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

# Percent of the lines of core/ that the whole suite runs at least. Measured were 93.8 without
# fastembed, where most of core/embedders/clip is not run; .ci/run asks for more once that is
# installed. The difference is for lines that run only when threads meet. Raise this number when
# coverage has grown, and never lower it.
COVERED = 93.3


def pytest_configure(config: pytest.Config) -> None:
    keep_temporary_folders_in_memory()
    coverage = config.pluginmanager.getplugin("_cov")
    if coverage is not None and runs_the_whole_suite(config):
        coverage.options.cov_fail_under = COVERED


def runs_the_whole_suite(config: pytest.Config) -> bool:
    """False where the command line names tests or leaves some out."""
    names = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf")
    from_ini = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return from_ini and not any(config.getoption(name, None) for name in names)


def keep_temporary_folders_in_memory() -> None:
    """Use the memory's own file system where there is room.

    Every commit waits for the disk, as it must; tests that make thousands need not. Set the
    variable to a folder on a disk to try that.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2 * 2**30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def mean_colour(data: bytes) -> Sequence[float]:
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)
    means: list[float] = pixels.reshape(-1, 3).mean(axis=0).tolist()
    return means


def plain(colour: str | tuple[int, int, int] = "red", width: int = 32, height: int = 24) -> bytes:
    """A picture of one colour; another width is another picture of the same colour."""
    out = io.BytesIO()
    pixel = COLOURS[colour] if isinstance(colour, str) else colour
    Image.new("RGB", (width, height), pixel).save(out, "PNG")
    return out.getvalue()


def fill(folder: Path, count: int) -> list[Path]:
    """That many different red pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:04}.png" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(plain((200, number % 100, number // 100), width=16, height=16))
    return files


def shown_by(error: BaseException) -> list[str]:
    """Everything that printing an error could show, with what it hangs on to."""
    shown = traceback.format_exception(error)
    hidden: BaseException | None = error
    while hidden is not None:
        shown += [str(hidden), repr(hidden), repr(vars(hidden))]
        hidden = hidden.__cause__ or hidden.__context__
    return shown


def wait_for(fact: Callable[[], object], seconds: float = 10.0) -> None:
    """Until the fact holds; fails after a while."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """The service's double, of the test's own."""
    with Emulator() as running:
        yield running


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may look into; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server with pgvector, started when the first test asks for it."""
    if importlib.util.find_spec("psycopg") is None or not is_available():
        assert not os.environ.get("REQUIRE_POSTGRES"), "PostgreSQL or its client is not installed"
        pytest.skip("needs requirements-postgres.txt and a server")
    with serve() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    """Settings that name a schema of the test's own, which is dropped afterwards."""
    settings = postgres_server.settings(tmp_path / "data", f"test_{secrets.token_hex(6)}")
    yield settings
    postgres_server.execute(f"DROP SCHEMA IF EXISTS {settings.postgres_schema} CASCADE")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteIndex]:
    opened = SqliteIndex(tmp_path / "data")
    yield opened
    opened.close()
