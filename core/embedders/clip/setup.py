"""Getting the CLIP weights onto this machine: what a progress bar and a Cancel button need."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from core.embedders.clip import download as clip_download
from core.embedders.clip import files as clip_files
from core.embedders.clip.files import ClipWeightsMissing, Pair, said
from core.errors import EmbedderRefused
from core.settings import Settings

Phase = Literal["missing", "downloading", "ready", "failed", "cancelled"]

# `-m core.embedders.clip.download` is found from here.
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class SetupState:
    """One moment of the setup.

    phase: "missing" (start() will download), "downloading", "ready" (make a ClipEmbedder),
        "failed" (the sentence says why, and what to do), "cancelled".
    done_bytes, total_bytes: of the download; the total is rough until the hub has told it.
    sentence: to be shown as it is.
    """

    phase: Phase
    done_bytes: int
    total_bytes: int
    sentence: str

    @property
    def can_start(self) -> bool:
        """True where a button that calls `start()` makes sense."""
        return self.phase in ("missing", "failed", "cancelled") and self.total_bytes > 0

    @property
    def fraction(self) -> float:
        """0 to 1, for a progress bar."""
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0


class ClipSetup:
    """Downloads the pair that the settings ask for, in a process of its own.

    Nothing happens before `start()`. All methods return at once and are safe to call from several
    threads; one object a process is enough, and a second process on the same DATA_DIR is told
    apart by a lock. What is on disk decides: a directory under its final name is complete.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._child: subprocess.Popen[str] | None = None
        self._total = 0
        self._done = 0
        self._ended: SetupState | None = None

    def state(self) -> SetupState:
        """A snapshot. While downloading, the sizes on disk are looked at: some twenty files."""
        with self._lock:
            if self._child is not None:
                # Never backwards: a file that was cut off is fetched anew.
                self._done = max(self._done, clip_download.fetched(self._staging()))
                done = min(self._done, self._total)
                label = self._pair().label
                return SetupState(
                    "downloading",
                    done,
                    self._total,
                    f"Downloading {label}: {said(done)} of {said(self._total)}.",
                )
            try:
                pair = self._pair()
                clip_files.find_weights(self._settings, pair)
            except ClipWeightsMissing as missing:
                return self._ended or SetupState("missing", 0, pair.size, str(missing))
            except EmbedderRefused as refused:
                return SetupState("failed", 0, 0, str(refused))
            self._ended = None
            return SetupState("ready", pair.size, pair.size, f"{pair.label} is on this machine.")

    def start(self) -> SetupState:
        """Begin the download, unless it runs or the weights are there. Also after a failure."""
        with self._lock:
            now = self.state()
            if not now.can_start:
                return now
            pair = self._pair()
            self._total, self._done = pair.size, 0
            obstacle = self._obstacle(pair)
            if obstacle:
                return self._end("failed", obstacle)
            self._ended = None
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    clip_download.__name__,
                    pair.name,
                    str(self._staging().resolve()),
                    str(clip_files.weights_dir(self._settings, pair).resolve()),
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": _before(ROOT, os.environ.get("PYTHONPATH"))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # What the libraries log is not for the page; the last line says what happened.
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            self._child = child
            assert child.stdout is not None
            threading.Thread(
                target=self._listen, args=(child, child.stdout), name="clip-setup", daemon=True
            ).start()
            return self.state()

    def cancel(self) -> SetupState:
        """Stop the download and remove every byte of it."""
        with self._lock:
            child, self._child = self._child, None
            if child is None:
                return self.state()
            _kill(child)
            shutil.rmtree(self._staging(), ignore_errors=True)
            return self._end("cancelled", "The download was cancelled; nothing of it was kept.")

    def close(self) -> None:
        """End a running download, keeping whole files for the next time."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            _kill(child)

    def _pair(self) -> Pair:
        return clip_files.find_pair(self._settings.clip_model)

    def _staging(self) -> Path:
        return clip_files.clip_dir(self._settings) / f"{self._pair().slug}.part"

    def _end(self, phase: Phase, sentence: str) -> SetupState:
        self._ended = SetupState(phase, 0, self._pair().size, sentence)
        return self.state()

    def _obstacle(self, pair: Pair) -> str:
        """What makes a try pointless, known without the network."""
        if os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in ("1", "TRUE", "YES", "ON"):
            return (
                f"The weights of {pair.label} are not on this machine, and HF_HUB_OFFLINE forbids "
                "to download them. Remove that setting, or name a directory with both towers in "
                "CLIP_MODEL_DIR."
            )
        folder = clip_files.clip_dir(self._settings)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            return (
                f"The CLIP weights cannot be saved in {folder} ({error.strerror or error}). Name "
                "another DATA_DIR, or a directory with both towers in CLIP_MODEL_DIR."
            )
        needed = pair.size - clip_download.fetched(self._staging())
        if free < needed:
            return (
                f"The disk is too full for the CLIP weights: {said(needed)} needed, {said(free)} "
                f"free where {folder} lies. Free some space and start the download again."
            )
        return ""

    def _listen(self, child: subprocess.Popen[str], lines: IO[str]) -> None:
        """Until the child ends: take what it says. Runs on a thread of its own."""
        told: dict[str, object] = {}
        for line in lines:
            with contextlib.suppress(ValueError):
                told = json.loads(line)
            total = told.get("total")
            if isinstance(total, int) and total > 0:
                with self._lock:
                    self._total = total
            if told.get("done"):
                with self._lock:
                    if self._child is child:
                        self._child = None
        child.wait()
        with self._lock:
            if self._child is not child:
                return  # done, cancelled, or started anew
            self._child = None
            if not told.get("keep", True):
                shutil.rmtree(self._staging(), ignore_errors=True)
            sentence = str(told.get("error") or "")
            self._end(
                "failed",
                sentence
                or f"The download ended without a word (exit status {child.returncode}). Start it "
                "again; if that repeats, fetch the two models on another machine and name their "
                "directory in CLIP_MODEL_DIR.",
            )


def _before(folder: Path, search_path: str | None) -> str:
    return os.pathsep.join([str(folder), *([search_path] if search_path else [])])


def _kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait()
    if child.stdin is not None:
        child.stdin.close()
