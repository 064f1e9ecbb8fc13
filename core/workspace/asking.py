"""What somebody asks: the pictures that they bring, and the vectors of a query's parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.embedders import Embedder, KnowsItsWords
from core.errors import QueryError
from core.index import Index, VectorSpace
from core.model import Picture
from core.pictures import check, cut_out, payload, picture_id
from core.search import (
    Brought,
    BroughtPicture,
    Part,
    QueryVectors,
    Readable,
    Term,
    balanced,
    of_the_collection,
    parse_text,
)
from core.sources import check_public, fetch
from core.vectors import Vector, Vectors

NOTHING_BROUGHT: Brought = {}


class Asking:
    """Reads queries and asks one embedder for their vectors. Safe to use from many threads.

    fair_sample: gives vectors that stand for the collection, shape (n, dimensions). original: gives
    the file's own bytes of a picture of the collection; None if no file holds them any more.
    """

    def __init__(
        self,
        index: Index,
        space: VectorSpace,
        embedder: Embedder,
        queries: QueryVectors,
        fair_sample: Callable[[], Vectors],
        original: Callable[[Picture], bytes | None],
    ) -> None:
        self._index = index
        self._space = space
        self._embedder = embedder
        self._queries = queries
        self._fair_sample = fair_sample
        self._original = original

    def bring(self, data: bytes, name: str) -> BroughtPicture:
        """A visitor's picture, ready to be searched with. Raises PictureError, EmbedderError."""
        checked = check(data, name)
        sent = payload(data, checked, self._embedder.limits)
        vector = self._queries.image(checked.id, sent.data)
        return BroughtPicture(
            checked.id, name, vector, self._embedder.id, data, checked.thumbnail, checked.note
        )

    def bring_link(self, url: str) -> BroughtPicture:
        """The picture at an address: fetched here, or by the service itself where it can.

        Raises LinkError, PictureError, EmbedderError.
        """
        if not self._embedder.takes_links:
            return self.bring(fetch(url), "")
        check_public(url)
        vector = self._queries.link(url)
        own_id = picture_id(url.encode())
        return BroughtPicture(own_id, url, vector, self._embedder.id, b"", b"", "")

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
        embedder = self._embedder
        return parse_text(written, embedder if isinstance(embedder, KnowsItsWords) else None)

    def region_calls(self, terms: Sequence[Term]) -> int:
        """How many paid calls the parts of pictures in this query would take now."""
        regions = {(t.picture_id, t.region) for t in terms if t.region is not None}
        return sum(not self._queries.is_region_free(i, r) for i, r in regions if r is not None)

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
            return self._queries.text(term.text)
        if term.region is not None:
            region = term.region

            def cut() -> bytes:
                part = cut_out(self._file_of(term, brought), region)
                return payload(part, check(part), self._embedder.limits).data

            return self._queries.region(term.picture_id, region, cut)
        if term.picture_id in brought:
            return self._vector_of_brought(brought[term.picture_id])
        vector = self._queries.picture(term.picture_id)
        if vector is None:  # it was there when `readable` looked
            raise QueryError("This picture has just left the index. Search again.")
        return vector

    def _vector_of_brought(self, picture: BroughtPicture) -> Vector:
        """Its vector; one that another embedder gave is asked for again, and cached as queries are.

        Raises EmbedderError, PictureError.
        """
        if picture.embedder_id == self._embedder.id:
            return picture.vector
        if not picture.data:
            raise QueryError(
                f"Another model fetched this picture itself, so that {self._embedder.label} cannot "
                "see it. Bring the file instead."
            )
        checked = check(picture.data, picture.name)
        sent = payload(picture.data, checked, self._embedder.limits)
        return self._queries.image(picture.id, sent.data)

    def _file_of(self, term: Term, brought: Brought) -> bytes:
        """The bytes that a region is cut from: the file, or the thumbnail if there is no more."""
        if term.picture_id in brought:
            return brought[term.picture_id].data
        picture = self._index.pictures([term.picture_id]).get(term.picture_id)
        original = self._original(picture) if picture is not None else None
        return original or self._index.thumbnail(term.picture_id) or b""
