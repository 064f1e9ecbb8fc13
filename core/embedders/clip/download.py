"""The process that downloads two towers: `python -m core.embedders.clip.download`.

huggingface_hub downloads, checks sizes and lays out the folders. It runs in a process of its own
because its download cannot be cancelled from inside: a progress callback that raises is heard only
between two chunks of ten million bytes, and not at all while the connection hangs. A process can be
killed at any moment. This one also ends by itself when its parent does, because then its standard
input closes.

Arguments: the staging directory, the final directory, and a JSON object that gives for each folder
(vision, text) the repository and the names of the files wanted from it. On standard output, one
JSON object a line: {"total": bytes} when the hub has told the sizes, and after a failure
{"error": sentence, "keep": whether the next try can use the files that are complete}.
The exit status is 0 if the towers now lie in the final directory.
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
from typing import Any
from urllib.parse import urlsplit

from core.file_lock import FileLock

# Seconds for the first question to the hub; without an answer nothing else is tried.
PROBE_SECONDS = 10

# A full disk, a full quota, a file above what the file system or a limit allows.
FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

BUSY = (
    "Another process is downloading the CLIP weights into the same DATA_DIR. When it is done, "
    "reload this page."
)
ELSEWHERE = "or fetch the two models on another machine and name their directory in CLIP_MODEL_DIR."


# Folder (vision, text) -> the repository, and the names of the files wanted from it.
Wanted = dict[str, tuple[str, list[str]]]


def main(arguments: list[str]) -> int:
    staging, final = Path(arguments[0]), Path(arguments[1])
    wanted: Wanted = json.loads(arguments[2])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    lock = FileLock(final.parent / "download.lock")
    if not lock.acquire():
        tell(error=BUSY, keep=True)
        return 1
    # Nothing is read or written outside the staging directory: no token and no cache in the home
    # directory. Without Xet a file grows on disk while it arrives, which is the progress.
    os.environ["HF_HOME"] = str(staging / "home")
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    reached = False
    try:
        staging.mkdir(parents=True, exist_ok=True)
        total, revisions = ask_hub(wanted)
        tell(total=total)
        reached = True
        fetch(wanted, revisions, staging, final)
    except Exception as error:  # every library in between has its own
        sentence, keep = explain(error, staging, reached)
        tell(error=sentence, keep=keep)
        return 1
    return 0


def ask_hub(wanted: Wanted) -> tuple[int, dict[str, str]]:
    """(the bytes of all wanted files, the revision of each folder's repository)."""
    # By name: the type checker also runs where the extra is not installed.
    hub = importlib.import_module("huggingface_hub")
    total, revisions = 0, {}
    for folder, (repo, names) in wanted.items():
        info = hub.model_info(repo, files_metadata=True, timeout=PROBE_SECONDS)
        total += sum(file.size or 0 for file in info.siblings if file.rfilename in names)
        revisions[folder] = info.sha
    return total, revisions


def fetch(wanted: Wanted, revisions: dict[str, str], staging: Path, final: Path) -> None:
    """Download below `staging`, then move the towers to `final`, which must not exist.

    The revisions are named because the library takes an incomplete folder for the whole one if it
    does not know the revision and cannot reach the hub to ask.
    """
    hub = importlib.import_module("huggingface_hub")
    for leftover in staging.rglob("*.incomplete"):  # of a process that was killed
        leftover.unlink()
    pair = staging / "pair"
    for folder, (repo, names) in wanted.items():
        hub.snapshot_download(
            repo,
            revision=revisions[folder],
            local_dir=pair / folder,
            allow_patterns=names,
            max_workers=1,  # one file after the other, so that a stop leaves complete ones
        )
    for folder in wanted:
        shutil.rmtree(pair / folder / ".cache")  # the library's notes on what it has downloaded
    pair.replace(final)
    shutil.rmtree(staging, ignore_errors=True)


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def explain(error: Exception, staging: Path, reached: bool) -> tuple[str, bool]:
    """(a sentence with the next step, whether the files fetched so far are worth keeping).

    reached: the hub has answered before.
    """
    if isinstance(error, OSError) and error.errno in FULL:
        return (
            "The disk is full, so the CLIP weights were not saved and nothing of them was kept. "
            f"Free some space where {staging.parent} lies and start the download again.",
            False,
        )
    if isinstance(error, PermissionError):
        return (
            f"The CLIP weights cannot be saved: {staging.parent} may not be written. Change its "
            "permissions or name another DATA_DIR.",
            False,
        )
    host = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co").hostname
    if isinstance(error, importlib.import_module("huggingface_hub.errors").HfHubHTTPError):
        status = getattr(error.response, "status_code", "no status")
        what = (
            f"{host} answered {status} instead of the CLIP weights. Start the download again later,"
        )
    elif reached:
        what = (
            "The download of the CLIP weights broke off. Start it again: files that are complete "
            "are kept;"
        )
    else:
        what = (
            f"{host} cannot be reached, so the CLIP weights were not downloaded. Check the network "
            "(behind a proxy, HTTPS_PROXY) and start the download again,"
        )
    return f"{what} {ELSEWHERE}", True


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
