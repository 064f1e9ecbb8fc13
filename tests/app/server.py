"""`streamlit run` on a free port, in a copy of the app with folders of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings import NAMES
from tests.process_output import Output

ROOT = Path(__file__).resolve().parents[2]

# What a clone brings that the app reads. No .env and no data: they are somebody's own.
PARTS = ("core", "ui", "pages", ".streamlit", "streamlit_app.py")

# Long enough for a busy machine of two cores; a start takes some 2 s.
START_SECONDS = 60


@dataclass
class Server:
    """A running app. `home` is its clone; `log` grows with what it prints."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    output: Output

    @property
    def log(self) -> str:
        return self.output.text

    @property
    def images(self) -> Path:
        return self.home / "images"


def clone(home: Path, *, gallery: bool = False) -> Path:
    """The app's files in `home`, so that a test leaves nothing in the checkout."""
    home.mkdir(parents=True, exist_ok=True)
    ignored = shutil.ignore_patterns("secrets.toml")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, home / part, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, home / part)
    (home / "static" / "thumbs").mkdir(parents=True, exist_ok=True)
    (home / "images").mkdir(exist_ok=True)
    if gallery:
        for part in ("images/gallery", "seed"):
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, home / part, dirs_exist_ok=True)
    return home


@contextlib.contextmanager
def serve(home: Path, **settings: str) -> Iterator[Server]:
    """Run the clone in `home` with these settings until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"]
    # Nobody edits the clone, and watching it costs a core for a moment.
    command += ["--server.fileWatcherType=none"]
    process = subprocess.Popen(
        command,
        cwd=home,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    output = Output(process.stdout, "URL:")  # printed once it listens
    try:
        assert output.wait(START_SECONDS), f"the app did not start:\n{output.text}"
        assert process.poll() is None, f"the app ended:\n{output.text}"
        yield Server(f"http://127.0.0.1:{port}", home, process, output)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output.close()


def environment(**settings: str) -> dict[str, str]:
    """The environment without any setting of the person who runs the tests, and with these."""
    prefixes = ("STREAMLIT_", *NAMES)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}
