"""The workspace of a data folder: its parts put together, and what is too short for one."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.deadline import Deadline
from core.embedders import Embedder, HasLimit, builtin_embedder, clip_setup, make_embedder
from core.errors import ArchiveError, EmbedderError, EmbedderRefused, IndexUnavailable
from core.explore import Arranger, MapFolder, Maps, extremes_finder
from core.hosting import CallMeter, Caps, Usage, cost_in_words
from core.index import Index, columns_of, export_index, import_index, open_index, set_columns
from core.indexing import PLACES, FoundFacts, Indexer, Progress, away, forget_away, found_facts
from core.model import (
    BUNDLED,
    EVERYTHING,
    GALLERY,
    IMAGES,
    OWN,
    UPLOADS,
    Away,
    Cause,
    Column,
    NotIndexed,
    Order,
    Picture,
    Plan,
    Scope,
)
from core.search import (
    DuplicateFinder,
    Duplicates,
    KeptSearches,
    Known,
    Listing,
    Part,
    QueryVectors,
    Ranking,
    Result,
    duplicates_within,
    found,
    search,
    write_zip,
)
from core.settings import Settings
from core.sources import Sources, read_picture
from core.tuning import Tuning
from core.vectors import Vector
from core.words import own_words
from core.workspace.asking import Asking
from core.workspace.copying import FolderCopying
from core.workspace.fair_sample import FairSample
from core.workspace.models import Models
from core.workspace.origins import Origins
from core.workspace.thumbnail_files import ThumbnailFiles
from core.workspace.words import Words

if TYPE_CHECKING:
    from core.embedders import ClipSetup

log = logging.getLogger(__name__)

# How far one can page through a ranking, and what its CSV holds at most.
LONGEST = 1000

# A small fact of the index: the columns that were shown when it was last said which are used.
DECIDED = "columns_decided"

# Whether another process switched the pages is read by every page, and changes hardly ever.
SWITCH_SECONDS = 3.0

# Counting takes 25 ms at 10,000 pictures; while a run is on, every visitor's page asks each second.
COUNT_SECONDS = 0.5


@dataclass(frozen=True)
class Status:
    """What is there. "Indexed N of M": `indexed` of `total`, for the pictures that are wanted."""

    indexed: int
    total: int
    own: int  # the person's own pictures
    gallery: int  # bundled pictures
    progress: Progress


@dataclass(frozen=True)
class _Count:
    indexed: int
    total: int
    generation: int
    made: float


class Workspace:
    """One per process. Holds no secrets of its own; safe to use from many threads.

    A job of its own is done by a part: `asking` makes vectors of queries, `words` tells what stands
    out and names pictures, `models` knows the second embedder, `origins` uploads and sources,
    `copying` the way to the database and back, `thumbnail_files` the static files.

    visitor: names who is asking on this thread, "" for nobody: a run, or a thread of the program's.
    problems: sentences for every page. clip_setup: the download of the CLIP weights, if CLIP is
    asked for; a new Workspace uses them. read_settings: gives the settings as they are now, because
    a key can be replaced without a restart. scan_at_start: look at the folders at once. beside: the
    workspace that this one stands beside with another embedder; index and job are one for both.
    Raises IndexUnavailable if the data folder cannot be used at all, and EmbedderError for a second
    embedder that cannot be had.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        read_settings: Callable[[], Settings] | None = None,
        visitor: Callable[[], str] = lambda: "",
        beside: Workspace | None = None,
        *,
        scan_at_start: bool = True,
    ) -> None:
        self.root = root
        self._beside = beside
        self._read_settings = read_settings
        self.roots = {
            GALLERY: root / "images" / "gallery",
            IMAGES: settings.images_dir,
            UPLOADS: settings.data_dir / "uploads",
        }
        self.thumbs_dir = root / "static" / "thumbs"
        self._index: Index = open_index(settings) if beside is None else beside._index
        self._sources: Sources = Sources(settings) if beside is None else beside._sources
        self.problems = [*settings.problems, *self._sources.problems, *self._index.notices]
        self.models: Models[Workspace] = Models(
            self._index,
            settings,
            lambda: self.embedder,
            self._open_beside,
            self._keep_wanted,
            may_choose=beside is None,
        )
        if self.models.problem:
            self.problems.append(self.models.problem)
        self._models_looked_at = -SWITCH_SECONDS
        self.settings = settings = self.models.settings
        if not settings.images_dir.is_dir():
            self.problems.append(
                f"The folder {settings.images_dir.name!r} (IMAGES_DIR) is missing."
            )
        self.origins = Origins(self._index, self.roots[UPLOADS], self._sources, self.rescan)
        self.copying = FolderCopying(settings)
        self.caps = Caps.of(settings)
        self._visitor = visitor
        self._meter: CallMeter = CallMeter(
            self._index,
            lambda: self.embedder.id,
            self.caps,
            visitor,
            beside=beside._meter if beside is not None else None,
        )
        self.embedder: Embedder = self._make_embedder()
        self.clip_setup: ClipSetup | None = clip_setup(settings) if beside is None else None
        self.queries = QueryVectors(self._index, self.embedder, self._meter.heard)
        self.indexer: Indexer = self._make_indexer() if beside is None else beside.indexer
        self._space = self._index.vector_space(
            self.embedder.id,
            self.embedder.dimensions,
            is_running=self._is_running,
            dropped=self.rescan,
        )
        fair_sample = FairSample(self._space)
        self.asking = Asking(
            self._index,
            self._space,
            self.embedder,
            self.queries,
            fair_sample.vectors,
            self.original,
        )
        self.known = Known(self._index, self._space)
        self.thumbnail_files = ThumbnailFiles(self.thumbs_dir, self.thumbnail)
        self._arranger = Arranger(
            self._space,
            settings.data_dir / "layouts",
            self.embedder.id,
            is_running=self._is_running,
        )
        self.maps = Maps(
            self._index,
            self._space,
            self._arranger,
            MapFolder(root / "static" / "maps"),
            self.thumbnail,
            self.thumbnail_files.write,
        )
        self.extremes = extremes_finder(self._space, is_running=self._is_running)
        self._duplicates = DuplicateFinder(self._index, self._space, self.embedder.id)
        self._counts: dict[Scope, _Count] = {}
        own = own_words(settings.data_dir / "words.txt")
        self.problems += own.problems
        self.words = Words(
            self._space,
            self.embedder,
            self.queries,
            own.words,
            fair_sample.vectors,
            self.asking.read_text,
            is_running=self._is_running,
        )
        if beside is not None:
            return
        if self._index.may_write:
            self._load_seeds(root / "seed")
        if scan_at_start:
            self.rescan()

    def _make_indexer(self) -> Indexer:
        return Indexer(
            self._index,
            self.settings.data_dir,
            self.roots,
            self.thumbs_dir,
            ended=lambda: self._duplicates.refresh(),
            sources=self._sources,
        )

    def _make_embedder(self) -> Embedder:
        try:
            embedder = make_embedder(self.settings, self._meter.reserve, self._read_settings)
            if self._beside is not None and embedder.id == self._beside.embedder.id:
                embedder.close()
                raise EmbedderRefused(f"{embedder.label} answers already: there is no second one.")
            return embedder
        except EmbedderError as error:
            if self._beside is not None:
                raise
            self.problems.append(f"{error} The built-in model answers instead.")
            return builtin_embedder()

    def _is_running(self) -> bool:
        return self.indexer.progress().running

    def _open_beside(self, settings: Settings) -> Workspace:
        return Workspace(settings, self.root, self._read_settings, self._visitor, beside=self)

    def is_outdated(self) -> bool:
        """True once another process has chosen other embedders for the index that both share.

        A new Workspace has them then. False while this one does work that closing it would end,
        and for SWITCH_SECONDS after each look.
        """
        now = time.monotonic()
        if now - self._models_looked_at < SWITCH_SECONDS:
            return False
        self._models_looked_at = now
        if self.indexer.is_own() or self.copying.copy_state().running or self.words.is_preparing():
            return False
        try:
            return self.models.were_chosen_anew()
        except IndexUnavailable:
            return False  # whoever asks it for more than this says so

    # -- what is there -----------------------------------------------------------------------

    @property
    def tuning(self) -> Tuning | None:
        """The approximate indexes; None where the engine has none."""
        return self._space.tuning

    def searches_approximately(self) -> bool:
        """True if a search uses an approximate index, unless it is asked to be exact."""
        return self._space.tuning is not None and self._space.tuning.is_approximate()

    @property
    def index_place(self) -> str:
        """Where the index lies, in words; "" where that is the data folder."""
        return self._index.place

    @property
    def gallery_ticked(self) -> bool:
        """Whether the person asked for the gallery to be indexed beside their own pictures."""
        return self._index.meta("gallery") == "1"

    def tick_gallery(self, wanted: bool) -> None:
        """Raises IndexUnavailable."""
        self._index.set_meta("gallery", "1" if wanted else "0")

    def wanted(self) -> Scope:
        """The files that "Indexed N of M" counts and a run embeds.

        The gallery is in if it was ticked or, where that costs nothing, if there is nothing else.
        A second embedder embeds the same pictures as the first.
        """
        if self._beside is not None:
            return self._beside.wanted()
        if self.gallery_ticked:
            return EVERYTHING
        if not self.embedder.paid and not self._count(OWN).total:
            return EVERYTHING
        return OWN

    def _keep_wanted(self) -> None:
        """Have the same pictures wanted once a paid embedder answers."""
        if self.wanted() == EVERYTHING:
            self.tick_gallery(True)  # or "Indexed N of M" would speak of other pictures

    def status(self) -> Status:
        count = self._count(self.wanted())
        return Status(
            indexed=count.indexed,
            total=count.total,
            own=self._count(OWN).total,
            gallery=self._count(BUNDLED).total,
            progress=self.indexer.progress(),
        )

    def plan(self) -> Plan:
        return self._index.plan(self.embedder.id, self.wanted())

    def _count(self, scope: Scope) -> _Count:
        generation, now = self._index.generation(self.embedder.id), time.monotonic()
        known = self._counts.get(scope)
        if known is not None:
            if known.generation == generation:
                return known
            if now - known.made < COUNT_SECONDS and self.indexer.progress().running:
                return known
        indexed, total = self._index.counts(self.embedder.id, scope)
        self._counts[scope] = count = _Count(indexed, total, generation, now)
        return count

    # -- indexing ----------------------------------------------------------------------------

    def progress(self) -> Progress:
        """How far the run on this data folder is, whoever started it."""
        return self.indexer.progress()

    def stop_indexing(self) -> None:
        """Ask the run on this data folder to stop, whoever started it."""
        self.indexer.stop()

    def rescan(self) -> bool:
        """Look at the folders again; what costs nothing is embedded at once.

        False if a run is on in another process, or if nothing may be written.
        """
        if not self._index.may_write:
            return False
        return self.indexer.start(None if self.embedder.paid else self.embedder, self.wanted)

    def start_indexing(self) -> bool:
        """Scan, then embed what lacks a vector, paid or not. False if a run is on already."""
        return self.indexer.start(self.embedder, self.wanted)

    def retry_failed(self) -> bool:
        """Like `start_indexing`, with the pictures that were refused before."""
        # Where that cannot be written, the run meets the same trouble, and says so.
        with contextlib.suppress(IndexUnavailable):
            self._index.clear_failures(self.embedder.id)
        return self.start_indexing()

    def read_refused_again(self) -> None:
        """Scan, and read every file again that was not taken, whatever its size and time."""
        self._read_again(only_refused=True)

    def read_all_again(self) -> None:
        """Scan, and read every file again, for one that was replaced at the same size and time.

        A paid embedder is asked for nothing. A stop, or the end of the program, does not take the
        wish back: later scans read what is left.
        """
        self._read_again(only_refused=False)

    def _read_again(self, *, only_refused: bool) -> None:
        # Where that cannot be written, the scan meets the same trouble, and says so.
        with contextlib.suppress(IndexUnavailable):
            self._index.read_again(only_refused=only_refused)
        self.rescan()

    def away(self) -> list[Away]:
        """The folders that were not there at the last scan, and whose files are kept."""
        return away(self._index)

    def forget_away(self) -> None:
        """Forget the files of the folders that are away."""
        with contextlib.suppress(IndexUnavailable):  # as above
            forget_away(self._index)
        self.rescan()

    def not_indexed_counts(self) -> Mapping[tuple[Cause, str], int]:
        """How many files were seen and are not in the index, by cause and kind.

        Pictures that only wait for "Start indexing" are not among them.
        """
        return self._index.not_indexed_counts(self.embedder.id)

    def not_indexed(
        self, causes: Collection[Cause], text: str = "", first: int = 0, count: int | None = None
    ) -> tuple[int, list[NotIndexed]]:
        """How many files are not indexed for one of these causes, and some of them, by path.

        text: what their path or their reason contains. Of all these, `count` are listed from number
        `first` on; with None, all that follow.
        """
        return self._index.not_indexed(self.embedder.id, causes, text, first, count)

    def cost(self, calls: int) -> str:
        """What so many calls cost, such as "about 0.03 $"; "" where no price is known."""
        return cost_in_words(calls, self.settings.vision_price_per_1000)

    @property
    def limit_per_second(self) -> float | None:
        """The calls a second that the service takes; None while unknown and where none limits."""
        embedder = self.embedder
        return embedder.limit_per_second if isinstance(embedder, HasLimit) else None

    def usage(self) -> Usage:
        """The paid calls of this embedder. Raises IndexUnavailable."""
        return self._meter.usage()

    def start_clip_download(self) -> None:
        """Begin the download of the CLIP weights, also after a failure."""
        if setup := self.clip_setup or self.models.second_setup:
            setup.start()

    def cancel_clip_download(self) -> None:
        """Stop the download of the CLIP weights; nothing of it is kept."""
        if setup := self.clip_setup or self.models.second_setup:
            setup.cancel()

    def _load_seeds(self, folder: Path) -> None:
        """Take every committed index once; each start looks only at their names and times."""
        for file in sorted(folder.glob("*.zip")):
            key = f"seed:{file.name}"
            try:
                status = file.stat()
                mark = f"{status.st_size}:{status.st_mtime_ns}"
                if self._index.meta(key) != mark:
                    import_index(self._index, file, trusted=True)
                    self._index.set_meta(key, mark)
            except (ArchiveError, IndexUnavailable, OSError) as error:
                self.problems.append(f"seed/{file.name}: {error}")

    # -- what is known of the pictures -------------------------------------------------------

    def found_facts(self) -> FoundFacts:
        """What the last scan found to be known of the pictures that are counted: see `wanted`.

        Raises IndexUnavailable.
        """
        found, here = found_facts(self._index), self.wanted()
        hidden = {one.name for one in columns_of(self._index) if not one.speaks_of(here)}
        return replace(found, columns=tuple(c for c in found.columns if c.name not in hidden))

    def undecided_columns(self) -> set[str]:
        """Names of columns that `take_columns` was never told of. Raises IndexUnavailable."""
        found = {column.name for column in self.found_facts().columns}
        used = {column.name for column in self.known.columns()}
        return found.difference(self._decided_columns(), used)

    def _decided_columns(self) -> list[str]:
        try:
            return [str(name) for name in json.loads(self._index.meta(DECIDED, "[]"))]
        except (ValueError, TypeError):  # a damaged index
            return []

    def take_columns(self, columns: Sequence[Column]) -> None:
        """Let searches be narrowed by those of these that are `taken`, and by no others.

        Columns of pictures that are not counted (see `wanted`) stay as they are. Their values are
        read anew, as the types say. Raises IndexUnavailable.
        """
        told, here = {column.name: column for column in columns}, self.wanted()

        def decided(known: Column) -> Column:
            if not known.speaks_of(here):
                return known
            said = told.get(known.name, replace(known, taken=False))
            return replace(known, type=said.type, taken=said.taken)

        set_columns(self._index, [decided(column) for column in columns_of(self._index)])
        names = dict.fromkeys([*self._decided_columns(), *told])
        self._index.set_meta(DECIDED, json.dumps(list(names), ensure_ascii=False))
        self.rescan()

    @property
    def keeps_places(self) -> bool:
        """Whether the place is read that a photograph was taken at. Raises IndexUnavailable."""
        return self._index.meta(PLACES) == "1"

    def keep_places(self, wanted: bool) -> None:
        """Read every file again, with or without the place. Raises IndexUnavailable."""
        self._index.set_meta(PLACES, "1" if wanted else "0")
        self.read_all_again()

    # -- searching and browsing --------------------------------------------------------------

    def searchable(self) -> int:
        """How many pictures can be found now."""
        return len(self._space)

    def can_search(self) -> bool:
        """True as soon as one picture has a vector."""
        return self.searchable() > 0

    def search(
        self,
        parts: Sequence[Part],
        scope: Scope,
        *,
        leave_out: Collection[str] = (),
        exact: bool = False,
    ) -> Ranking:
        """Rank the pictures in `scope`; never waits for a run that is on.

        leave_out: ids of pictures that are not to be found: those of the query. exact: without an
        approximate index. Raises QueryError.
        """
        return search(
            self._index,
            self._space,
            parts,
            scope,
            longest=LONGEST,
            leave_out=leave_out,
            exact=exact,
        )

    def collapse(self, ranking: Ranking) -> Ranking:
        """The ranking with near-identical pictures shown as one, where the first of them is.

        They are looked for after each run, in the background; until then, and while a run is on,
        those that were found before are used.
        """
        try:
            return ranking.collapsed(self._duplicates.group_numbers())
        except IndexUnavailable:
            log.warning("The near-duplicates cannot be read", exc_info=True)
            return ranking

    def browse(self, scope: Scope, order: Order | None = None) -> Listing:
        """All pictures in `scope`, whether they can be found yet or not."""
        return Listing(scope, self._index, self._space, order)

    def folders(self) -> list[tuple[str, int]]:
        """Every folder that holds pictures, at any depth, with how many files lie below it."""
        return self._index.folders()

    # -- explaining --------------------------------------------------------------------------

    def compared(self, ranking: Ranking) -> int:
        """How many pictures the search behind a ranking compared with its query."""
        count = found(ranking)
        return self._space.count(ranking.scope) if count is None else count

    # -- keeping searches --------------------------------------------------------------------

    @property
    def kept_searches(self) -> KeptSearches:
        """Saved searches and the history: of those who may manage, for whom the index keeps them.

        Its methods raise IndexUnavailable.
        """
        return self._index

    def duplicate_groups(self, scope: Scope = EVERYTHING) -> Duplicates:
        """The pictures of a scope that are there more than once in it.

        Those that look alike are told as they were found last, see `alike_are_current`.
        """
        copies = self._index.copies()
        groups = self._duplicates.groups()
        ids = [*copies, *(picture_id for group in groups for picture_id in group)]
        if scope.filters:
            meant = replace(scope, only=frozenset(ids))
            ids = self._index.page(meant, 0, len(meant.only or ()))
        known = self._index.pictures(ids)
        return duplicates_within(
            scope,
            ([known[i] for i in group if i in known] for group in groups),
            (known[i] for i in copies if i in known),
        )

    def alike_are_current(self) -> bool:
        """False while pictures have come or gone since those that look alike were looked for."""
        return self._duplicates.is_current()

    # -- exploring ---------------------------------------------------------------------------

    def named_pictures(self, limit: int) -> list[tuple[str, str]]:
        """(id, path) of at most `limit` pictures that can be compared, by path."""
        return self._index.named(self.embedder.id, limit)

    def some_pictures(self, count: int) -> list[str]:
        """At most `count` pictures that can be compared, apart from each other."""
        return list(self._space.sample(EVERYTHING, count).ids)

    def with_vectors(self, ids: Sequence[str]) -> list[tuple[Picture, Vector]]:
        """Those of the pictures that have a vector, in the order asked for, with it."""
        found, vectors = self._space.vectors(ids)
        known = self._index.pictures(found)
        return [(known[i], vector) for i, vector in zip(found, vectors, strict=True) if i in known]

    def lengths(self, picture_ids: Sequence[str]) -> dict[str, float]:
        """The length at which each picture's vector came from the embedder, where it is known."""
        if self.embedder.normalises:
            return dict.fromkeys(picture_ids, 1.0)
        return self._index.lengths(self.embedder.id, picture_ids)

    def map_state(self) -> str:
        """Names the vectors that a map is drawn from: another name, another map."""
        return f"{self.embedder.id}-{self._space.generation()}"

    # -- pictures ----------------------------------------------------------------------------

    def picture(self, picture_id: str, scope: Scope = EVERYTHING) -> Picture | None:
        """What is known of a picture, its files in `scope` first; None for an id that is none."""
        return self._index.pictures([picture_id], scope).get(picture_id)

    def was_altered(self, picture_id: str) -> bool:
        """True if the embedder was sent a smaller copy of the picture."""
        return self._index.was_altered(self.embedder.id, picture_id)

    def thumbnail(self, picture_id: str) -> bytes:
        """The thumbnail as JPEG; empty if there is no such picture."""
        return self._index.thumbnail(picture_id) or b""

    def original(self, picture: Picture) -> bytes | None:
        """The file's own bytes; None if no file holds them any more (an imported picture).

        Those of a source are fetched, for at most ten seconds.
        """
        return read_picture(
            picture, self.roots, lambda path: self._sources.read(path, Deadline.for_person())
        )

    # -- taking along ------------------------------------------------------------------------

    def export_index(self, target: IO[bytes]) -> int:
        """Write the index of this embedder to one file; returns the number of its pictures."""
        columns = self.known.may_leave()
        return export_index(self._index, self.embedder.id, EVERYTHING, target, columns)

    def zip_pictures(
        self, target: IO[bytes], results: Sequence[Result], parts: Sequence[str]
    ) -> None:
        """Write the files of pictures and a table of them to one ZIP. Raises OSError.

        parts: the parts of the query that found them, in their text form.
        """
        told = self.known.to_export(results)
        write_zip(target, results, parts, self.original, self.thumbnail, told)

    def import_index(self, source: IO[bytes]) -> int:
        """Take an exported index in; returns the number of its pictures. Raises ArchiveError."""
        return import_index(
            self._index, source, self.embedder.id, dimensions=self.embedder.dimensions
        )

    def close(self) -> None:
        """Let go of everything, once nothing is running: a run goes on to its end."""
        self.words.stop_preparing()
        self.models.close_second()
        self.copying.cancel_copy()
        self._duplicates.close()
        self._arranger.close()
        self.extremes.close()
        self._meter.flush()
        if self.clip_setup is not None:
            self.clip_setup.close()
        if not self.indexer.is_own():
            self.embedder.close()
            if self._beside is None:
                self._index.close()
