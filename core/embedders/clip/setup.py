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
from typing import Any, Literal

from core.embedders.clip import download
from core.embedders.clip import files as clip_files
from core.embedders.clip.files import ClipWeightsMissing, Pair, size_in_words
from core.errors import EmbedderRefused
from core.settings import Settings

Phase = Literal["missing", "downloading", "ready", "failed", "cancelled"]

# Python finds `-m core.embedders.clip.download` from here.
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class SetupState:
    """One moment of the setup.

    phase: "missing" (start() will download), "downloading", "ready" (make a ClipEmbedder),
        "failed" (the sentence says why, and what to do), "cancelled".
    done_bytes, total_bytes: of the download; the total is rough until the hub has told it.
    sentence: what to show to the person.
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
    threads. A lock in DATA_DIR keeps a second process from downloading the same weights. The state
    is read from the disk: a directory under its final name is complete.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._child: subprocess.Popen[str] | None = None
        self._total = 0
        self._done = 0
        self._ended: SetupState | None = None

    def state(self) -> SetupState:
        """A snapshot. While downloading, it adds up the sizes of some twenty files."""
        with self._lock:
            if self._child is not None:
                # The bar never goes back, though a file that was cut off is fetched again.
                self._done = max(self._done, _bytes_below(self._staging()))
                done = min(self._done, self._total)
                label = self._pair().label
                return SetupState(
                    "downloading",
                    done,
                    self._total,
                    f"Downloading {label}: {size_in_words(done)} of {size_in_words(self._total)}.",
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
                [sys.executable, "-m", download.__name__, *self._arguments(pair)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # What the libraries log is not for the page; the last line says what happened.
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            self._child = child
            threading.Thread(
                target=self._listen, args=(child,), name="clip-setup", daemon=True
            ).start()
            return self.state()

    def cancel(self) -> SetupState:
        """Stop the download and remove every byte of it."""
        with self._lock:
            if not self._kill():
                return self.state()
            shutil.rmtree(self._staging(), ignore_errors=True)
            return self._end("cancelled", "The download was cancelled; nothing of it was kept.")

    def close(self) -> None:
        """End a running download, keeping complete files for the next time."""
        with self._lock:
            self._kill()

    def _kill(self) -> bool:
        """End the child; False if there is none."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
        return child is not None

    def _pair(self) -> Pair:
        return clip_files.find_pair(self._settings.clip_model)

    def _staging(self) -> Path:
        return clip_files.clip_dir(self._settings) / f"{self._pair().slug}.part"

    def _arguments(self, pair: Pair) -> list[str]:
        """What `download` is to be told: where to, and which files of which repository."""
        final = clip_files.weights_dir(self._settings, pair)
        wanted = {tower.kind: (tower.repo, tower.wanted) for tower in (pair.vision, pair.text)}
        return [str(self._staging().resolve()), str(final.resolve()), json.dumps(wanted)]

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
        needed = pair.size - _bytes_below(self._staging())
        if free < needed:
            return (
                f"The disk is too full for the CLIP weights: {size_in_words(needed)} needed, "
                f"{size_in_words(free)} free where {folder} lies. Free some space "
                "and start the download again."
            )
        return ""

    def _listen(self, child: subprocess.Popen[str]) -> None:
        """Take what the child says until it ends. Runs on a thread of its own."""
        told: dict[str, Any] = {}
        with child:  # which at the end closes its pipes and waits for it
            assert child.stdout is not None
            for line in child.stdout:
                with contextlib.suppress(ValueError):  # killed in the middle of a line
                    told = json.loads(line)
                with self._lock:
                    self._total = told.get("total") or self._total
        with self._lock:
            if self._child is not child:
                return  # cancelled, or started anew
            self._child = None
            if not told.get("keep", True):
                shutil.rmtree(self._staging(), ignore_errors=True)
            if child.returncode:
                self._end(
                    "failed",
                    told.get("error")
                    or f"The download ended without a word (exit status {child.returncode}). "
                    f"Start it again, {download.ELSEWHERE}",
                )


def _bytes_below(folder: Path) -> int:
    """The size of all files below `folder`, for the progress bar and the question of free space.

    The library's own progress hook counts only what arrives now, not the files that an earlier try
    left complete.
    """
    size = 0
    for inner, _, names in os.walk(folder):  # skips folders that vanish meanwhile
        for name in names:
            with contextlib.suppress(OSError):  # renamed while we looked
                size += Path(inner, name).stat().st_size
    return size
