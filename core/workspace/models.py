"""Which embedders were chosen on the page: the one that answers, and one beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from core.embedders import NAMES, Choice, Embedder, choose, clip_setup, kinds_there
from core.errors import EmbedderError, EmbedderRefused
from core.index import Index
from core.model import Vote
from core.settings import Settings

if TYPE_CHECKING:
    from core.embedders import ClipSetup

# Small facts of the index: the kind of the second embedder, and from which to which the pages were
# switched.
SECOND, SWITCHED = "second", "switched"


class Opened(Protocol):
    """A workspace, as far as it matters here."""

    @property
    def embedder(self) -> Embedder: ...

    def close(self) -> None: ...


Beside = TypeVar("Beside", bound=Opened)


class Models(Generic[Beside]):
    """The embedders of a workspace. Safe to use from many threads.

    as_set: the settings themselves; the pages may have been switched to another embedder than they
    ask for. first: gives the embedder that answers, once it is made. open_beside: opens a workspace
    with the embedder of other settings; raises EmbedderError. keep_wanted: has the same pictures
    wanted once a paid embedder answers. may_choose: False for a workspace that stands beside
    another: it has none beside itself, and its settings say which embedder answers.

    settings: with the embedder that answers. problem: a sentence where what was chosen is not to be
    had any more, or "". second_kind: of the second embedder, "" for none. second_setup: the
    download of its weights, where these are missing.
    """

    def __init__(
        self,
        index: Index,
        as_set: Settings,
        first: Callable[[], Embedder],
        open_beside: Callable[[Settings], Beside],
        keep_wanted: Callable[[], object],
        *,
        may_choose: bool,
    ) -> None:
        self._index = index
        self._as_set = as_set
        self._first = first
        self._open_beside = open_beside
        self._keep_wanted = keep_wanted
        self._choice = choice = self._read_choice() if may_choose else Choice(as_set.embedder_kind)
        self.settings = as_set
        if choice.first != as_set.embedder_kind:
            self.settings = replace(as_set, embedder=choice.first)
        self.problem = choice.problem
        self.second_kind = choice.second
        self.second_setup: ClipSetup | None = None
        self._second: Beside | None = None
        self._second_problem = ""
        self._opening_second = threading.Lock()

    def _read_choice(self) -> Choice:
        return choose(self._as_set, self._index.meta(SECOND), self._index.meta(SWITCHED))

    def were_chosen_anew(self) -> bool:
        """True once another process has chosen others. Raises IndexUnavailable."""
        return self._read_choice() != self._choice

    def addable(self) -> dict[str, str]:
        """The kinds of embedders that could stand beside the first, and what each is called."""
        own = self._first().id.partition(":")[0]
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
        self.close_second()
        self.second_kind = kind
        self._choice = self._read_choice()

    def second(self) -> Beside | None:
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
                self._second = self._open_beside(settings)
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
        if second.embedder.paid:
            self._keep_wanted()
        first, target = self._first().id.partition(":")[0], self.second_kind
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
        ids = (self._first().id, second.embedder.id)
        better, other = reversed(ids) if for_second else ids
        self._index.add_vote(Vote(query, better, other, time.time()))

    def votes(self) -> list[Vote]:
        """What was found better of any two models, the last first. Raises IndexUnavailable."""
        return self._index.votes()

    def close_second(self) -> None:
        """Let go of the second embedder and of the download of its weights."""
        with self._opening_second:
            if self._second is not None:
                self._second.close()
            if self.second_setup is not None:
                self.second_setup.close()
            self._second, self.second_setup, self._second_problem = None, None, ""
