"""The product without a browser: `python -m core index | search TEXT | export FILE | serve`.

The settings and the data folder are those of the app. What was found goes to the standard output,
with `--json` as one JSON object; progress and errors go to the standard error, in whole sentences.
The exit codes are those of `Exit`, and part of what scripts rely on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from pathlib import Path

from core.errors import VectorscopeError
from core.files import replacing
from core.indexing import Progress
from core.model import BUNDLED, EVERYTHING, OWN, Cause, Column, Scope
from core.search import parse_filters
from core.settings import Settings, load_settings
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent

# How often the progress is looked at, and said where nobody watches a terminal.
LOOK_SECONDS = 0.2
SAY_SECONDS = 10.0

COLLECTIONS = {"own": OWN, "gallery": BUNDLED, "all": EVERYTHING}


class Exit(IntEnum):
    """What the end of a command means. 2 is argparse's own: a command that is not understood."""

    DONE = 0
    FAILED = 1
    INCOMPLETE = 3  # done, but pictures got no vector, or a folder or a source is away
    BUSY = 4  # another process is indexing this collection
    INTERRUPTED = 130  # as shells have it for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    # Each expected failure is said below. What is unexpected stays loud.
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a letter of some file's name
            stream.reconfigure(errors="backslashreplace")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(options.run(options))
    except VectorscopeError as error:
        _say(str(error))
        return Exit.FAILED
    except KeyboardInterrupt:
        _say("Stopped.")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # such as `| head`, which has seen enough
        with contextlib.suppress(OSError):
            sys.stderr.close()
        return Exit.DONE
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Index and search pictures without a browser.",
        epilog="Exit codes: 0 done, 1 failed, 2 not understood, 3 done but not everything, "
        "4 another process is indexing, 130 stopped.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    index = commands.add_parser("index", help="scan, and embed what is new; paid calls are made")
    index.add_argument("--plan", action="store_true", help="only scan, and say what it would cost")
    index.add_argument(
        "--use-columns",
        action="store_true",
        help="let searches be filtered by everything that is found to be known of the pictures",
    )
    index.set_defaults(run=_index)

    search = commands.add_parser("search", help="the pictures nearest to a text")
    search.add_argument("text", help='as on the page: "red boat + sunset - snow"')
    search.add_argument("--count", type=_count, default=24, help="at most so many (24)")
    search.add_argument(
        "--in", dest="where", default="", help='"own", "gallery", "all", or a folder: images/boats/'
    )
    search.add_argument(
        "--where",
        dest="filters",
        default="",
        metavar="FILTERS",
        help='as in the page\'s address: "period:Italian;year:..1600"',
    )
    search.set_defaults(run=_search)

    export = commands.add_parser("export", help="write the index to one file (“Download index”)")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export)

    for command in (index, search, export):
        command.add_argument("--json", action="store_true", help="one JSON object, for scripts")

    serve = commands.add_parser("serve", help="start the app; what follows goes to Streamlit")
    serve.add_argument("streamlit", nargs=argparse.REMAINDER, metavar="-- OPTION …")
    serve.set_defaults(run=_serve)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError("it must be from 1 to 1000")
    return number


# -- the commands --------------------------------------------------------------------------------


def _index(options: argparse.Namespace) -> Exit:
    with _workspace() as workspace:
        embedder = None if options.plan else workspace.embedder
        if not workspace.indexer.start(embedder, workspace.wanted):
            _say("Another process is indexing this collection.")
            return Exit.BUSY
        _follow(workspace, quiet=options.json)
        if options.use_columns:
            found = workspace.found_facts().columns
            workspace.take_columns([Column(one.name, one.type, taken=True) for one in found])
            workspace.indexer.join()
        status, plan = workspace.status(), workspace.plan()
        progress = status.progress
        if progress.state == "failed":
            _say(progress.sentence)
            return Exit.FAILED
        away = workspace.away()
        counts = workspace.not_indexed_counts()
        failed = sum(number for (cause, _), number in counts.items() if cause is Cause.EMBEDDER)
        unread = sum(number for (cause, _), number in counts.items() if cause is Cause.REFUSED)
        due = f" Waiting for a vector: {plan.calls:,}." if plan.calls else ""
        if workspace.embedder.paid and plan.calls:
            due += f" Paid calls due: {plan.calls:,}."
        _print(
            options,
            f"Indexed {status.indexed:,} of {status.total:,}.{due}",
            {
                "indexed": status.indexed,
                "total": status.total,
                "waiting": plan.calls,
                "paid": workspace.embedder.paid,
                "failed": failed,
                "unreadable": unread,
                "columns": [one.name for one in workspace.known.columns(workspace.wanted())],
                "away": [
                    {"path": place.path, "files": place.files, "reason": place.reason}
                    for place in away
                ],
            },
        )
        for place in away:
            _say(f"{place.path}: {place.reason or 'Not there or empty.'}")
        if failed:
            _say(f"Pictures that got no vector: {failed:,}. Indexing in the app says why.")
        if unread:
            _say(f"Files that cannot be read: {unread:,}. Indexing in the app says why.")
        return Exit.INCOMPLETE if away or failed else Exit.DONE


def _search(options: argparse.Namespace) -> Exit:
    with _workspace() as workspace:
        if not workspace.can_search():
            _say("Nothing is indexed yet. Run: python -m core index")
            return Exit.FAILED
        scope = _scope(workspace, options.where)
        if scope is None:
            _say("There is no such folder to search in. Folders:")
            for folder, _ in workspace.folders():
                _say(f"  {_shown(folder)}")
            return Exit.FAILED
        read = parse_filters(options.filters, workspace.known.columns())
        if read.problems:
            # Less than was asked for would be another answer.
            for problem in read.problems:
                _say(_shown(problem))
            names = ", ".join(column.name for column in workspace.known.columns(scope))
            _say(f"Columns in use: {_shown(names) or 'none'}.")
            return Exit.FAILED
        scope = replace(scope, filters=read.filters)
        terms = workspace.asking.read_text(options.text)
        if not terms:
            _say("The text is empty.")
            return Exit.FAILED
        ranking = workspace.search(workspace.asking.parts_of(terms), scope)
        results = [
            (result.hit, result.picture)
            for result in ranking.page(0, options.count)
            if result.hit is not None
        ]
        columns = workspace.known.may_leave()
        told = workspace.known.told([picture.id for _, picture in results], columns)
        _print(
            options,
            "\n".join(
                f"{hit.rank}\t{hit.cosine:.4f}\t{_shown(picture.paths[0])}"
                for hit, picture in results
            ),
            {
                "query": options.text,
                "embedder": workspace.embedder.id,
                "exact": ranking.exact,
                "results": [
                    {
                        "rank": hit.rank,
                        "similarity": hit.cosine,
                        "id": picture.id,
                        "paths": picture.paths,
                        "known": told.get(picture.id, {}),
                    }
                    for hit, picture in results
                ],
            },
        )
        unknown = workspace.embedder.unknown_words(" ".join(term.text for term in terms))
        if unknown:
            _say(f"{workspace.embedder.label} does not know: {_shown(', '.join(unknown))}.")
        return Exit.DONE


def _export(options: argparse.Namespace) -> Exit:
    with _workspace() as workspace:
        try:
            with replacing(options.file) as draft, draft.open("wb") as target:
                count = workspace.export_index(target)
        except OSError as error:
            _say(f"The file cannot be written ({error.strerror}).")
            return Exit.FAILED
        _print(
            options,
            f"Pictures in {_shown(str(options.file))}: {count:,}",
            {"pictures": count, "file": str(options.file)},
        )
        return Exit.DONE


def _serve(options: argparse.Namespace) -> int:
    """Streamlit in a process of its own, so that nothing here has to import it."""
    given = options.streamlit[1:] if options.streamlit[:1] == ["--"] else options.streamlit
    app = str(ROOT / "streamlit_app.py")
    process = subprocess.Popen([sys.executable, "-m", "streamlit", "run", app, *given])
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # A terminal has told the other process as well; a service manager has not.
        process.terminate()
        process.wait()
        raise
    return code if code >= 0 else 128 - code


# -- what they share -----------------------------------------------------------------------------


@contextlib.contextmanager
def _workspace() -> Iterator[Workspace]:
    """The workspace of the app's settings; it looks at the folders only when it is told to."""
    workspace = Workspace(_settings(), ROOT, _settings, scan_at_start=False)
    try:
        for problem in workspace.problems:
            _say(problem)
        yield workspace
    finally:
        workspace.close()


def _settings() -> Settings:
    file = ROOT / ".streamlit" / "secrets.toml"
    return load_settings(
        dotenv_path=ROOT / ".env", secrets=_secrets(file), root=ROOT, secrets_files=[file]
    )


def _secrets(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # none, or `load_settings` says why they cannot be read


def _scope(workspace: Workspace, where: str) -> Scope | None:
    """What is searched in; the person's own pictures, or the gallery where there are none."""
    if not where:
        return OWN if workspace.status().own else BUNDLED
    if where in COLLECTIONS:
        return COLLECTIONS[where]
    folder = where.rstrip("/") + "/"
    return Scope(folder=folder) if folder in dict(workspace.folders()) else None


def _follow(workspace: Workspace, *, quiet: bool) -> None:
    """Say how far the run is, until it ends. Ctrl-C stops it, with what was answered kept."""
    on_terminal = sys.stderr.isatty()
    said = time.monotonic()
    try:
        while (progress := workspace.progress()).running:
            workspace.indexer.join(LOOK_SECONDS)
            if quiet:
                continue
            if on_terminal:
                sys.stderr.write(f"\r\033[K{_how_far(progress)}")
                sys.stderr.flush()
            elif time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                _say(_how_far(progress))
    except KeyboardInterrupt:
        workspace.stop_indexing()
        workspace.indexer.join()
        raise
    finally:
        if on_terminal and not quiet:
            sys.stderr.write("\r\033[K")


def _how_far(progress: Progress) -> str:
    if progress.state == "scanning" and not progress.total:
        return "Looking for pictures …"
    verb = {"scanning": "Reading", "stopping": "Stopping"}.get(progress.state, "Embedding")
    words = f"{verb}: {progress.done:,} of {progress.total:,}"
    if progress.failed:
        words += f", {progress.failed:,} failed"
    if progress.rate:
        words += f", {progress.rate:.1f} a second"
    return words


def _print(options: argparse.Namespace, words: str, facts: Mapping[str, object]) -> None:
    text = json.dumps(facts, ensure_ascii=False) if options.json else words
    print(text, flush=True)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _shown(text: str) -> str:
    """Without what a terminal would obey: a file may have any name."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


if __name__ == "__main__":
    sys.exit(main())
