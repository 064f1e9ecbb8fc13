"""The process that downloads a pair of towers: `python -m core.embedders.clip.download`.

A process of its own, because the library's download cannot be stopped from inside; this one can
be killed. It ends by itself when its parent does (its standard input closes).

Arguments: the pair's name, the staging directory, the final directory. On standard output, one
JSON object a line: {"total": bytes} once the hub has told, and at the end {"done": true} or
{"error": sentence, "keep": whether what is staged can be used by the next try}.

The download itself is fastembed's own (`download_files_from_huggingface`, over huggingface_hub):
whole files are checked against the sizes that the hub gave. What it leaves in its cache layout is
then laid out as `clip_files` describes, and appears under its final name in one step.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
import sys
import threading
from pathlib import Path
from stat import S_ISREG
from typing import Any
from urllib.parse import urlsplit

from core.embedders.clip.files import Pair, Tower, find_pair
from core.errors import EmbedderRefused
from core.file_lock import FileLock

# Seconds for the first question to the hub; without an answer nothing else is tried.
PROBE_SECONDS = 10

BUSY = (
    "Another process is downloading the CLIP weights into the same DATA_DIR. When it is done, "
    "reload this page."
)


def main(arguments: list[str]) -> int:
    name, staging, final = arguments
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Nothing outside the staging directory: no token read, no chunk cache in the home directory,
    # and plain files whose growing size is the progress.
    os.environ["HF_HOME"] = str(Path(staging) / "home")
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    os.environ["HF_HUB_DISABLE_SHARED_BLOBS"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    lock = FileLock(Path(final).parent / "download.lock")
    if not lock.acquire():
        tell(error=BUSY, keep=True)
        return 1
    reached = False
    try:
        Path(staging).mkdir(parents=True, exist_ok=True)
        pair = find_pair(name)
        tell(total=size_on_hub(pair))
        reached = True
        fetch(pair, Path(staging), Path(final))
    except EmbedderRefused as error:
        tell(error=str(error), keep=False)
        return 1
    except Exception as error:  # every library in between has its own
        sentence, keep = explain(error, Path(staging), reached)
        tell(error=sentence, keep=keep)
        return 1
    tell(done=True)
    return 0


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def size_on_hub(pair: Pair) -> int:
    """Bytes to fetch. Also the first question to the network, so it has a limit of its own."""
    # By name: the type checker runs without the extra too.
    hub = importlib.import_module("huggingface_hub")
    wanted: dict[str, set[str]] = {}  # by repository: some pairs lie in one
    for tower in (pair.vision, pair.text):
        wanted.setdefault(tower.repo, set()).update(tower.wanted)
    total = 0
    for repo, names in wanted.items():
        info = hub.model_info(repo, files_metadata=True, timeout=PROBE_SECONDS)
        total += sum(file.size or 0 for file in info.siblings or [] if file.rfilename in names)
    return total


def fetch(pair: Pair, staging: Path, final: Path) -> None:
    """Download both towers into `staging`, then move them to `final`, which must not exist."""
    from fastembed import ImageEmbedding, TextEmbedding

    for leftover in staging.rglob("*.incomplete"):
        leftover.unlink()
    ready = staging / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    for tower, library in ((pair.vision, ImageEmbedding), (pair.text, TextEmbedding)):
        # Within a file, huggingface_hub resumes by itself; it gives up after five times of nothing.
        snapshot = library.download_files_from_huggingface(
            tower.repo,
            cache_dir=str(staging / "cache"),
            extra_patterns=[tower.model_file, *tower.additional_files],
            max_workers=1,  # one file after the other, so that a stop leaves whole ones
        )
        _lay_out(tower, Path(snapshot), ready / tower.kind)
    ready.replace(final)
    shutil.rmtree(staging, ignore_errors=True)


def _lay_out(tower: Tower, snapshot: Path, folder: Path) -> None:
    """The files themselves (a snapshot holds links) under the tower's folder."""
    for name in tower.wanted:
        source = snapshot / name
        if not source.is_file():
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        real = source.resolve()
        try:
            os.link(real, target)
        except OSError:  # a file system without hard links
            shutil.copyfile(real, target)


# A full disk, a full quota, a file above what the file system or a limit allows.
FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def explain(error: Exception, staging: Path, reached: bool) -> tuple[str, bool]:
    """(a sentence with the next step, whether the files fetched so far are worth keeping).

    reached: the hub has answered before.
    """
    refused = importlib.import_module("huggingface_hub.errors").HfHubHTTPError
    host = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co").hostname
    elsewhere = (
        "or fetch the two models on another machine and name their directory in CLIP_MODEL_DIR."
    )
    if isinstance(error, OSError) and error.errno in FULL:
        return (
            f"The disk is full, so the CLIP weights were not saved and nothing of them was kept. "
            f"Free some space where {staging.parent} lies and start the download again.",
            False,
        )
    if isinstance(error, PermissionError):
        return (
            f"The CLIP weights cannot be saved: {staging.parent} may not be written. Change its "
            "permissions or name another DATA_DIR.",
            False,
        )
    if isinstance(error, refused):
        status = getattr(error.response, "status_code", "no status")
        return (
            f"{host} answered {status} instead of the CLIP weights. Start the download again "
            f"later, {elsewhere}",
            True,
        )
    if reached:
        return (
            "The download of the CLIP weights broke off. Start it again: files that are whole are "
            f"kept; {elsewhere}",
            True,
        )
    return (
        f"{host} cannot be reached, so the CLIP weights were not downloaded. Check the network "
        f"(behind a proxy, HTTPS_PROXY) and start the download again, {elsewhere}",
        True,
    )


def fetched(staging: Path) -> int:
    """Bytes on disk below `staging`; a file with two names counts once."""
    sizes: dict[tuple[int, int] | str, int] = {}
    for folder, _, names in os.walk(staging):  # which passes over what vanishes meanwhile
        for name in names:
            try:
                stat = Path(folder, name).lstat()
            except OSError:
                continue  # renamed while we looked
            if S_ISREG(stat.st_mode):
                key = (stat.st_dev, stat.st_ino) if stat.st_ino else str(Path(folder, name))
                sizes[key] = stat.st_size
    return sum(sizes.values())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
