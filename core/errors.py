"""Every failure that can be said to a person, in one tree.

`str(error)` of each is a whole sentence for the person: what happened and what to do. It never
holds a key, and never a path beyond the person's own folders. Whatever is not in this tree is a
fault of the program: it is logged, and the page says so calmly.
"""

from __future__ import annotations


class VectorscopeError(Exception):
    """The root: an expected failure. A page that catches it can show it as it is."""


class PictureError(VectorscopeError):
    """This picture cannot be used. The sentence does not name the file."""


class LinkError(VectorscopeError):
    """This address is not fetched."""


class LinkUnavailable(LinkError):
    """Nothing came from this address now; the same request may go well later.

    after: seconds that the host asks to wait, 0 where it names none.
    """

    def __init__(self, sentence: str, after: float = 0.0) -> None:
        super().__init__(sentence)
        self.after = after


class SourceError(VectorscopeError):
    """A source of pictures cannot be added or listed. Holds no address with its query."""


class MetadataError(VectorscopeError):
    """A file with what is known of pictures is not taken. Its name stands before the sentence."""


class UploadFailed(VectorscopeError):
    """The uploads folder does not take a picture, or does not let go of one."""


class QueryError(VectorscopeError):
    """This query cannot be asked as it is: it has no part, or its parts cancel out."""


class NotAllowed(VectorscopeError):
    """This visitor may not do that."""


class IndexUnavailable(VectorscopeError):
    """The index cannot be used as it is: a full disk, a damaged file, a newer version."""


class ArchiveError(VectorscopeError):
    """An exported index is not taken. Nothing of it was kept."""


class EmbedderError(VectorscopeError):
    """No vector came of a call."""


class InputRefused(EmbedderError):
    """This one picture or text gets no vector, now or later; the others are not concerned."""


class EmbedderUnavailable(EmbedderError):
    """No answer now, after every retry; the same call may go through later."""


class DeadlinePassed(EmbedderUnavailable):
    """The time was up before an answer came."""


class EmbedderRefused(EmbedderError):
    """No call will go through until something is changed (key, address, version, weights)."""


class CapReached(EmbedderRefused):
    """A cap on paid calls is reached. The sentence says when there will be calls again."""


class Cancelled(EmbedderError):
    """The work was stopped on request."""
