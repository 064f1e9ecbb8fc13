"""The use cases: what a page can ask for, on one data folder."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.deadline import Deadline
from core.embedders import (
    NAMES,
    Choice,
    Embedder,
    HasLimit,
    KnowsItsWords,
    builtin_embedder,
    choose,
    clip_setup,
    kinds_there,
    make_embedder,
)
from core.errors import (
    ArchiveError,
    EmbedderError,
    EmbedderRefused,
    IndexUnavailable,
    QueryError,
)
from core.explore import (
    Arranger,
    Clusters,
    KnownWords,
    MapFolder,
    Maps,
    NearWord,
    extremes_finder,
    known_words,
    name_clusters,
    nearest_words,
)
from core.files import write_whole
from core.hosting import CallMeter, Caps, Usage, cost_in_words
from core.index import (
    Copying,
    CopyState,
    Index,
    Sample,
    columns_of,
    export_index,
    import_index,
    open_index,
    set_columns,
)
from core.indexing import (
    PLACES,
    FoundFacts,
    Indexer,
    Progress,
    away,
    forget_away,
    forget_below,
    found_facts,
)
from core.model import (
    BUNDLED,
    EVERYTHING,
    GALLERY,
    IMAGES,
    OWN,
    REMOTE,
    UPLOADS,
    Away,
    Cause,
    Column,
    NotIndexed,
    Order,
    Picture,
    Plan,
    Scope,
    Vote,
)
from core.pictures import check, cut_out, payload, picture_id
from core.search import (
    AskedText,
    Bank,
    Brought,
    BroughtPicture,
    DuplicateFinder,
    Duplicates,
    KeptSearches,
    Known,
    Learning,
    LearningState,
    Listing,
    Part,
    QueryVectors,
    Ranking,
    Readable,
    Relevance,
    Result,
    StandingOut,
    Term,
    balanced,
    combine,
    duplicates_within,
    found,
    of_the_collection,
    parse_text,
    query_key,
    search,
    write_zip,
)
from core.settings import Settings
from core.sources import (
    Sources,
    Spec,
    add_upload,
    check_public,
    fetch,
    read_picture,
    remove_upload,
)
from core.tuning import Tuning
from core.vectors import Vector, Vectors
from core.words import PHOTOGRAPHS, content_words, own_words, read_words, spread_out

if TYPE_CHECKING:
    from core.embedders import ClipSetup

log = logging.getLogger(__name__)

# Pictures that stand for the collection where the spread of a query's cosines is wanted: the
# standard deviation of so many is within some two per cent of that of all.
SAMPLED = 1000

# Texts that tell what is usual, where each may be a call or takes a local model a moment. On the
# gallery 16 find hardly less than all 110 (benchmarks/README.md, "What stands out").
BANK_WORDS = 64

# How far one can page through a ranking, and what its CSV holds at most.
LONGEST = 1000

NOTHING_BROUGHT: Brought = {}

# Small facts of the index: the kind of the second embedder, and from which to which the pages were
# switched.
SECOND, SWITCHED = "second", "switched"

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
        # The kind of the second embedder, "" for none; it is opened when somebody asks for it.
        self.second_kind = ""
        self.second_setup: ClipSetup | None = None
        self._second: Workspace | None = None
        self._second_problem = ""
        self._opening_second = threading.Lock()
        # What the settings themselves ask for; the pages may have been switched to another.
        self._as_set = settings
        self._choice_read = -SWITCH_SECONDS
        if beside is None:
            settings = self._as_chosen(settings)
        self.settings = settings
        if not settings.images_dir.is_dir():
            self.problems.append(
                f"The folder {settings.images_dir.name!r} (IMAGES_DIR) is missing."
            )
        self._copying = Copying()
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
            is_running=lambda: self.indexer.progress().running,
            dropped=self.rescan,
        )
        self.known = Known(self._index, self._space)
        self._arranger = Arranger(
            self._space,
            settings.data_dir / "layouts",
            self.embedder.id,
            is_running=lambda: self.indexer.progress().running,
        )
        self.maps = Maps(
            self._index,
            self._space,
            self._arranger,
            MapFolder(root / "static" / "maps"),
            self.thumbnail,
            self._write_thumbnail_files,
        )
        self.extremes = extremes_finder(
            self._space, is_running=lambda: self.indexer.progress().running
        )
        self._duplicates = DuplicateFinder(self._index, self._space, self.embedder.id)
        self._counts: dict[Scope, _Count] = {}
        self._sampled: Sample | None = None
        self._known_words: tuple[int, KnownWords] | None = None
        own = own_words(settings.data_dir / "words.txt")
        self.problems += own.problems
        # Those of the person's own list that the embedder does not know: pictures are not named
        # with them.
        self.unknown_own_words: tuple[str, ...] = ()
        self._bank = self._make_bank(own.words)
        self._naming = self._make_naming(own.words)
        self._showcase_texts: list[str] = []
        self._showcase = Learning(self.queries, [])
        self._standing_out = StandingOut(
            self._space, self._bank.vectors, is_running=lambda: self.indexer.progress().running
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

    # -- what is there -----------------------------------------------------------------------

    @property
    def tuning(self) -> Tuning | None:
        """The approximate indexes; None where the engine has none."""
        return self._space.tuning

    def copy_state(self) -> CopyState:
        """How far a copy of the index is, between the data folder and the database."""
        return self._copying.state()

    def can_copy_from_folder(self) -> bool:
        """True if the index lies in a database, and another one in the data folder."""
        return self.settings.has_postgres and (self.settings.data_dir / "index.sqlite").exists()

    def copy_from_folder(self) -> bool:
        """Begin to add the index in the data folder to the database; False while a copy is on."""
        here, there = self._in_the_folder(), self.settings
        return self._copying.start(lambda: (open_index(here), open_index(there)))

    def copy_to_folder(self) -> bool:
        """Begin to add the index in the database to the data folder; False while a copy is on."""
        here, there = self._in_the_folder(), self.settings
        return self._copying.start(lambda: (open_index(there), open_index(here)))

    def _in_the_folder(self) -> Settings:
        return replace(self.settings, postgres_host="")

    def cancel_copy(self) -> None:
        """Stop the copy; what was copied stays, and the next one goes on from there."""
        self._copying.cancel()

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
        if setup := self.clip_setup or self.second_setup:
            setup.start()

    def cancel_clip_download(self) -> None:
        """Stop the download of the CLIP weights; nothing of it is kept."""
        if setup := self.clip_setup or self.second_setup:
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

    # -- a second embedder -------------------------------------------------------------------

    def _as_chosen(self, settings: Settings) -> Settings:
        """The settings with what was chosen on the page: which embedder answers, and the second."""
        self._choice = choice = self._read_choice()
        self.second_kind = choice.second
        if choice.problem:
            self.problems.append(choice.problem)
        if choice.first == settings.embedder_kind:
            return settings
        return replace(settings, embedder=choice.first)

    def _read_choice(self) -> Choice:
        return choose(self._as_set, self._index.meta(SECOND), self._index.meta(SWITCHED))

    def is_outdated(self) -> bool:
        """True once another process has chosen other embedders for the index that both share.

        A new Workspace has them then. False while this one does work that closing it would end,
        and for SWITCH_SECONDS after each look.
        """
        now = time.monotonic()
        if now - self._choice_read < SWITCH_SECONDS:
            return False
        self._choice_read = now
        if self.indexer.is_own() or self.copy_state().running or self.is_preparing():
            return False
        try:
            return self._read_choice() != self._choice
        except IndexUnavailable:
            return False  # whoever asks it for more than this says so

    def addable(self) -> dict[str, str]:
        """The kinds of embedders that could stand beside the first, and what each is called."""
        own = self.embedder.id.partition(":")[0]
        return {kind: NAMES[kind] for kind in kinds_there(self.settings) if kind != own}

    def add_second(self, kind: str) -> None:
        """Put an embedder beside the first; nothing is embedded yet.

        Raises EmbedderRefused for one that is not to be had, IndexUnavailable.
        """
        if kind not in self.addable():
            raise EmbedderRefused("This model is not set up here, or it answers already.")
        self._choose_second(kind)

    def remove_second(self) -> None:
        """Go on with the first embedder alone; the vectors of the second stay in the index.

        Raises IndexUnavailable.
        """
        self._choose_second("")

    def _choose_second(self, kind: str) -> None:
        self._index.set_meta(SECOND, kind)
        self._close_second()
        self.second_kind = kind
        self._choice = self._read_choice()

    def second(self) -> Workspace | None:
        """The workspace of the second embedder, opened at the first question; None without one.

        Raises EmbedderError for one that cannot be had now. Weights of CLIP that are missing can
        then be downloaded by `second_setup`.
        """
        with self._opening_second:
            if self._second is not None or not self.second_kind:
                return self._second
            if self._second_problem:
                raise EmbedderRefused(self._second_problem)
            settings = replace(self.settings, embedder=self.second_kind, problems=())
            try:
                self._second = Workspace(
                    settings, self.root, self._read_settings, self._visitor, beside=self
                )
            except EmbedderError as error:
                setup = self.second_setup or clip_setup(settings)
                # What a download can mend is tried again, and all else at the next start.
                state = setup.state() if setup is not None else None
                if state is None or not state.total_bytes or state.phase == "ready":
                    self._second_problem, setup = str(error), None
                self.second_setup = setup
                raise
            self.second_setup = None
            return self._second

    def switch_over(self) -> None:
        """The second embedder becomes the first, and the first the second, for whoever opens next.

        Raises EmbedderError, IndexUnavailable.
        """
        second = self.second()
        if second is None:
            raise EmbedderRefused("There is no second model to switch to.")
        if second.embedder.paid and self.wanted() == EVERYTHING:
            self.tick_gallery(True)  # or "Indexed N of M" would speak of other pictures
        first, target = self.embedder.id.partition(":")[0], self.second_kind
        of_settings = self._as_set.embedder_kind
        back = target == of_settings
        self._index.set_meta(SWITCHED, "" if back else f"{of_settings} {target}")
        self._index.set_meta(SECOND, first)

    def vote(self, query: str, *, for_second: bool) -> None:
        """Keep which of the two embedders answered a query better.

        query: in words. Raises EmbedderError, IndexUnavailable.
        """
        second = self.second()
        if second is None:
            raise EmbedderRefused("There is no second model any more.")
        ids = (self.embedder.id, second.embedder.id)
        better, other = reversed(ids) if for_second else ids
        self._index.add_vote(Vote(query, better, other, time.time()))

    def votes(self) -> list[Vote]:
        """What was found better of any two models, the last first. Raises IndexUnavailable."""
        return self._index.votes()

    def _close_second(self) -> None:
        with self._opening_second:
            if self._second is not None:
                self._second.close()
            if self.second_setup is not None:
                self.second_setup.close()
            self._second, self.second_setup, self._second_problem = None, None, ""

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

    def bring(self, data: bytes, name: str) -> BroughtPicture:
        """A visitor's picture, ready to be searched with. Raises PictureError, EmbedderError."""
        checked = check(data, name)
        sent = payload(data, checked, self.embedder.limits)
        vector = self.queries.image(checked.id, sent.data)
        return BroughtPicture(
            checked.id, name, vector, self.embedder.id, data, checked.thumbnail, checked.note
        )

    def bring_link(self, url: str) -> BroughtPicture:
        """The picture at an address: fetched here, or by the service itself where it can.

        Raises LinkError, PictureError, EmbedderError.
        """
        if not self.embedder.takes_links:
            return self.bring(fetch(url), "")
        check_public(url)
        vector = self.queries.link(url)
        own_id = picture_id(url.encode())
        return BroughtPicture(own_id, url, vector, self.embedder.id, b"", b"", "")

    def readable(self, terms: Sequence[Term], brought: Brought = NOTHING_BROUGHT) -> Readable:
        """Which parts of a query can be asked for, and a sentence for each that cannot."""
        known = self._index.pictures(of_the_collection(terms, brought))
        indexed = self._space.having(known)
        there, problems = [], []
        for term in terms:
            problem = ""
            if term.picture_id and term.picture_id not in brought:
                if term.picture_id not in known:
                    problem = (
                        "There is no such picture in the collection (any more). One that somebody "
                        "brought along is known to their own session only: bring it here as well."
                    )
                elif term.picture_id not in indexed:
                    problem = "This picture has not been indexed yet."
            elif term.region and not brought[term.picture_id].data:
                problem = "Of a picture that the service fetched itself, no part can be cut out."
            if problem:
                problems.append(problem)
            else:
                there.append(term)
        return Readable(tuple(there), tuple(dict.fromkeys(problems)))

    def read_text(self, written: str) -> list[Term]:
        """The text parts of a query as the embedder can take them.

        One that knows its words does not understand negations: they become parts that count
        against. Raises QueryError for too many parts.
        """
        embedder = self.embedder
        return parse_text(written, embedder if isinstance(embedder, KnowsItsWords) else None)

    def region_calls(self, terms: Sequence[Term]) -> int:
        """How many paid calls the parts of pictures in this query would take now."""
        regions = {(t.picture_id, t.region) for t in terms if t.region is not None}
        return sum(not self.queries.is_region_free(i, r) for i, r in regions if r is not None)

    def parts_of(self, terms: Sequence[Term], brought: Brought = NOTHING_BROUGHT) -> list[Part]:
        """The vectors of a query's parts, with weights that make equal ones equally influential.

        In the order of the terms, which are `readable`. Each text and each region is asked for
        once, and kept. Raises EmbedderError for one that has no vector, PictureError for a region
        that is too small.
        """
        parts = [Part(self._vector_of(term, brought), term.weight) for term in terms]
        return balanced(parts, self._fair_sample()) if len(parts) > 1 else parts

    def _vector_of(self, term: Term, brought: Brought) -> Vector:
        if term.text:
            return self.queries.text(term.text)
        if term.region is not None:
            region = term.region

            def cut() -> bytes:
                part = cut_out(self._file_of(term, brought), region)
                return payload(part, check(part), self.embedder.limits).data

            return self.queries.region(term.picture_id, region, cut)
        if term.picture_id in brought:
            return self._vector_of_brought(brought[term.picture_id])
        vector = self.queries.picture(term.picture_id)
        if vector is None:  # it was there when `readable` looked
            raise QueryError("This picture has just left the index. Search again.")
        return vector

    def _vector_of_brought(self, picture: BroughtPicture) -> Vector:
        """Its vector; one that another embedder gave is asked for again, and cached as queries are.

        Raises EmbedderError, PictureError.
        """
        if picture.embedder_id == self.embedder.id:
            return picture.vector
        if not picture.data:
            raise QueryError(
                f"Another model fetched this picture itself, so that {self.embedder.label} cannot "
                "see it. Bring the file instead."
            )
        checked = check(picture.data, picture.name)
        sent = payload(picture.data, checked, self.embedder.limits)
        return self.queries.image(picture.id, sent.data)

    def _file_of(self, term: Term, brought: Brought) -> bytes:
        """The bytes that a region is cut from: the file, or the thumbnail if there is no more."""
        if term.picture_id in brought:
            return brought[term.picture_id].data
        picture = self.picture(term.picture_id)
        original = self.original(picture) if picture is not None else None
        return original or self.thumbnail(term.picture_id)

    def standing_out(
        self,
        terms: Sequence[Term],
        parts: Sequence[Part],
        ranking: Ranking,
        strictness: float,
    ) -> Relevance | None:
        """What stands out in the ranking of a query; None while its word bank is not known.

        parts: of the terms, in their order. strictness: from -1 (loose) to 1 (strict). No call is
        made for it: words that would cost one are left out.
        """
        texts = [
            AskedText(part.vector, self._words_asked_singly(term.text), term.weight)
            for term, part in zip(terms, parts, strict=True)
            if term.text
        ]
        return self._standing_out.judge(combine(parts), texts, ranking.hits, strictness)

    def _words_asked_singly(self, text: str) -> tuple[Vector, ...]:
        embedder = self.embedder
        read = embedder.content_words if isinstance(embedder, KnowsItsWords) else content_words
        words = list(dict.fromkeys(read(text)))
        free = (word for word in words if self.queries.is_free(word))
        return tuple(self.queries.text(word, heard=False) for word in free)

    def bank_state(self) -> LearningState:
        """How far the word bank is that tells what stands out."""
        return self._bank.state()

    def learn_words(self) -> None:
        """Begin to ask for the words of the bank that are not known yet, each one call."""
        self._bank.learn()

    def showcase_state(self, queries: Sequence[str]) -> LearningState:
        """How many of the texts of a showcase are known: those of its queries, and the bank's.

        queries: as they are written. What is known answers for good, also where a cap is reached.
        """
        asked = self._showcase_of(queries)
        asked.look_again()
        self._bank.look_again()
        return asked.state() + self._bank.state()

    def is_preparing(self) -> bool:
        """True while texts of the showcase are asked for."""
        return self._showcase.is_on() or self._bank.is_learning()

    def prepare_showcase(self, queries: Sequence[str]) -> None:
        """Begin to ask for the texts that are not known yet, each one call; returns at once."""
        self._showcase_of(queries).start()
        self._bank.learn()

    def stop_preparing(self) -> None:
        """Ask for no more texts of the showcase; what was answered is kept."""
        self._showcase.stop()
        self._bank.stop()

    def _showcase_of(self, queries: Sequence[str]) -> Learning:
        terms = [term for written in queries for term in self.read_text(written) if term.text]
        of_the_bank = set(self._bank.words())
        texts = list(dict.fromkeys(query_key(term.text) for term in terms))
        texts = [text for text in texts if text not in of_the_bank]
        if self._showcase_texts != texts:
            self._showcase.stop()
            self._showcase_texts, self._showcase = texts, Learning(self.queries, texts)
        return self._showcase

    def _make_bank(self, own: Sequence[str]) -> Bank:
        """own: the words of the person's own list."""
        if isinstance(self.embedder, KnowsItsWords):
            groups = self.embedder.vocabulary().values()
            return Bank(self.queries, [word for group in groups for word in group], at_once=True)
        words = own or spread_out(read_words(PHOTOGRAPHS).words, BANK_WORDS)
        return Bank(self.queries, words, by_itself=not self.embedder.paid)

    def _make_naming(self, own: Sequence[str]) -> Bank:
        """The words that pictures and groups are named with: those of the bank or, for an embedder
        that knows its words, those of the person's own list that it knows."""
        embedder = self.embedder
        if not own or not isinstance(embedder, KnowsItsWords):
            return self._bank
        known = [
            word
            for word in own
            if embedder.content_words(word) and not embedder.unknown_words(word)
        ]
        self.unknown_own_words = tuple(word for word in own if word not in known)
        return Bank(self.queries, known, at_once=True) if known else self._bank

    def _fair_sample(self) -> Vectors:
        """Vectors that stand for the collection, shape (n, dimensions), n up to SAMPLED."""
        generation = self._space.generation()
        if self._sampled is None or self._sampled.generation != generation:
            self._sampled = self._space.sample(EVERYTHING, SAMPLED)
        return self._sampled.vectors

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

    def own_words(
        self, terms: Sequence[Term], picture_ids: Sequence[str]
    ) -> list[tuple[str, tuple[float, ...]]]:
        """The words of a query of one text, asked singly: each with its cosine to each picture.

        Empty where that would cost a call, where there is more than one part, or where the text is
        a single word.
        """
        embedder = self.embedder
        if len(terms) != 1 or not terms[0].text or not isinstance(embedder, KnowsItsWords):
            return []
        words = list(dict.fromkeys(embedder.content_words(terms[0].text)))
        _, vectors = self._space.vectors(picture_ids)
        if len(words) < 2 or len(vectors) < len(picture_ids):
            return []
        return [(word, tuple((vectors @ self.queries.text(word)).tolist())) for word in words]

    def nearest_words(self, picture_id: str, count: int) -> list[NearWord]:
        """The words that a picture lies nearest to; empty until `known_words` are known.

        The words' vectors are made once, what is usual for each once for each state of the
        collection.
        """
        vector, known = self.queries.picture(picture_id), self.known_words()
        if vector is None or known is None:
            return []
        return nearest_words(known, vector, count)

    def known_words(self) -> KnownWords | None:
        """The words that name pictures, with what is usual for each; None until all are known."""
        vectors = self._naming.vectors()
        if vectors is None:
            return None
        generation = self._space.generation()
        if self._known_words is None or self._known_words[0] != generation:
            words = known_words(self._naming.words(), vectors, self._fair_sample())
            self._known_words = generation, words
        return self._known_words[1]

    def cluster_names(self, clusters: Clusters) -> list[tuple[str, ...]] | None:
        """One to three words for each cluster; None until the words of the bank are known."""
        known = self.known_words()
        if known is None:
            return None
        ids, vectors = self._space.vectors(clusters.ids)
        return name_clusters(known, vectors, clusters.of(ids))

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

    def thumbnail_file(self, picture_id: str) -> Path | None:
        """The thumbnail as a static file, written again if it is missing.

        None if there is no such picture, or no way to write there.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", picture_id):
            return None  # it may come from a visitor, and is about to be part of a path
        file = self.thumbs_dir / f"{picture_id}.jpg"
        if file.exists():
            return file
        thumbnail = self.thumbnail(picture_id)
        if not thumbnail:
            return None
        try:
            write_whole(file, thumbnail)
        except OSError:
            log.warning("A thumbnail cannot be written to %s", self.thumbs_dir.name, exc_info=True)
            # On Windows a file that is being read cannot be replaced: then it is there.
            return file if file.exists() else None
        return file

    def _write_thumbnail_files(self, picture_ids: Sequence[str]) -> None:
        """Write the static file of each thumbnail that has none."""
        try:
            for picture_id in picture_ids:
                if self.thumbnail_file(picture_id) is None and self.thumbnail(picture_id):
                    return  # nothing can be written there
        except IndexUnavailable:
            log.warning("The thumbnails cannot be read", exc_info=True)

    # -- adding, removing, taking along ------------------------------------------------------

    def uploads(self) -> list[str]:
        """The paths of the uploads that a scan has seen."""
        return self._index.files_below(UPLOADS)

    def add_upload(self, name: str, data: bytes) -> None:
        """Keep a picture in the uploads folder. Raises PictureError, UploadFailed."""
        add_upload(self.roots[UPLOADS], name, data)

    def remove_uploads(self, paths: Sequence[str]) -> None:
        """Delete uploads by their paths, and look at the folders again. Raises UploadFailed."""
        try:
            for path in paths:
                remove_upload(self.roots[UPLOADS], path)
                # At once: a folder whose files are all gone is taken for a drive that is away.
                self._index.forget_files([path])
        finally:
            self.rescan()

    def sources(self) -> list[Spec]:
        """The sources of pictures elsewhere. Raises SourceError."""
        return self._sources.all()

    def add_source(self, name: str, address: str) -> Spec:
        """Keep a source, or the new address of one, and look at it. Raises SourceError."""
        spec = self._sources.add(name, address)
        self.rescan()
        return spec

    def remove_source(self, name: str) -> None:
        """Forget a source that was added here, and its files. Raises SourceError."""
        if not self._sources.remove(name):
            return
        below = f"{REMOTE}{name}/"
        # At once, because what no source holds any more is kept until it is forgotten on purpose.
        forget_below(self._index, (below,))
        self.rescan()

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
        self.stop_preparing()
        self._close_second()
        self._copying.cancel()
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
