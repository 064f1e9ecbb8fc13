"""What lies in the folders now, against what the index knows of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from core.embedders.base import Call
from core.pictures import EXTENSIONS, MAX_FILE_BYTES, PictureError, check, picture_id
from core.store import FileRow, Picture, Store, Unreadable

# Decoding releases the interpreter lock; two threads fill a small machine and leave room for pages.
WORKERS = 2

# A batch is committed at least this often, so that a stop loses little and pages see it grow.
COMMIT_SECONDS = 0.5


@dataclass(frozen=True)
class Found:
    """A file seen on the disk. `path` starts with its root, as the store knows it."""

    path: str
    absolute: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class ScanResult:
    new: int = 0
    moved: int = 0
    unchanged: int = 0
    gone: int = 0
    unreadable: int = 0
    orphans: tuple[str, ...] = ()  # pictures that no file holds any more


def scan(
    store: Store,
    roots: Mapping[str, Path],
    call: Call,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ScanResult:
    """Bring the index in line with the folders; reads only files whose path, size or time changed.

    roots: "images/" -> folder. progress gets (files read, files to read).
    """
    known, refused = store.files(), store.unreadable()
    seen: set[str] = set()
    todo: list[Found] = []
    unreadable: list[Unreadable] = []
    for entry in _walk(roots):
        if isinstance(entry, Unreadable):
            unreadable.append(entry)
            seen.add(entry.path)
            continue
        seen.add(entry.path)
        before = known.get(entry.path) or refused.get(entry.path)
        if before is None or (before.size, before.mtime_ns) != (entry.size, entry.mtime_ns):
            todo.append(entry)
    gone = [p for p, row in known.items() if row.size is not None and p not in seen]
    gone += [p for p in refused if p not in seen]

    counts = {"new": 0, "moved": 0}
    files: list[FileRow] = []
    pictures: list[tuple[Picture, bytes]] = []
    committed = time.monotonic()

    def commit() -> None:
        nonlocal committed
        if files:
            store.add_files(files, pictures)
        if unreadable:
            store.add_unreadable(unreadable)
        files.clear()
        pictures.clear()
        unreadable.clear()
        committed = time.monotonic()

    with ThreadPoolExecutor(WORKERS, "scan") as workers:
        reads = (workers.submit(_read, store, entry) for entry in todo)
        for done, outcome in enumerate(_bounded(reads, WORKERS * 2), 1):
            call.check()
            if isinstance(outcome, Unreadable):
                unreadable.append(outcome)
            elif outcome is not None:
                file, made = outcome
                files.append(file)
                pictures.extend([made] if made else [])
                counts["new" if made else "moved"] += 1
            if time.monotonic() - committed > COMMIT_SECONDS:
                commit()
            progress(done, len(todo))
    commit()
    # Last, so that a renamed file keeps its picture: its new path is known by now.
    orphans = store.forget_files(gone) if gone else []
    return ScanResult(
        new=counts["new"],
        moved=counts["moved"],
        unchanged=len(seen) - len(todo),
        gone=len(gone),
        unreadable=len(store.unreadable()),
        orphans=tuple(orphans),
    )


def _bounded(
    futures: Iterator[Future[tuple[FileRow, tuple[Picture, bytes] | None] | Unreadable | None]],
    ahead: int,
) -> Iterator[tuple[FileRow, tuple[Picture, bytes] | None] | Unreadable | None]:
    """Results as they come, with at most `ahead` files in memory."""
    running = set()
    for future in futures:
        running.add(future)
        if len(running) >= ahead:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (f.result() for f in done)
    yield from (f.result() for f in running)


def _walk(roots: Mapping[str, Path]) -> Iterator[Found | Unreadable]:
    """Every file with a picture's suffix, hidden ones left out, links to folders not followed."""
    others = {root.resolve() for root in roots.values()}
    for prefix, root in roots.items():
        for folder, folders, names in os.walk(root):
            here = Path(folder)
            # One root may lie inside another (images/gallery in images): each is walked once.
            folders[:] = sorted(
                f for f in folders if not f.startswith(".") and (here / f).resolve() not in others
            )
            for name in sorted(names):
                if name.startswith(".") or Path(name).suffix.lower() not in EXTENSIONS:
                    continue
                absolute = here / name
                path = prefix + absolute.relative_to(root).as_posix()
                try:
                    path.encode()
                except UnicodeEncodeError:
                    shown = path.encode("utf-8", "backslashreplace").decode()
                    yield Unreadable(shown, "The file's name is not valid UTF-8; rename the file.")
                    continue
                try:
                    status = absolute.stat()
                except OSError as error:
                    yield Unreadable(path, _why(error))
                    continue
                if absolute.is_file():
                    yield Found(path, absolute, status.st_size, status.st_mtime_ns)


def _read(
    store: Store, found: Found
) -> tuple[FileRow, tuple[Picture, bytes] | None] | Unreadable | None:
    """The file's row and, for bytes not seen before, its picture. None: it went away meanwhile."""
    if found.size > MAX_FILE_BYTES:
        reason = f"The file is larger than {MAX_FILE_BYTES // 2**20} MB."
        return Unreadable(found.path, reason, found.size, found.mtime_ns)
    try:
        data = found.absolute.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        # No size: what it takes to read it (a permission) changes neither size nor time.
        return Unreadable(found.path, _why(error))
    row = FileRow(found.path, picture_id(data), found.size, found.mtime_ns)
    if store.has_picture(row.picture_id):
        return row, None
    try:
        checked = check(data, found.absolute.name)
    except PictureError as error:
        return Unreadable(found.path, str(error), found.size, found.mtime_ns)
    return row, (
        Picture(
            id=checked.id,
            format=checked.format,
            width=checked.width,
            height=checked.height,
            bytes=len(data),
            note=checked.note,
        ),
        checked.thumbnail,
    )


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "The file may not be read; change its permissions."
    return f"The file cannot be read ({error.strerror or type(error).__name__})."
