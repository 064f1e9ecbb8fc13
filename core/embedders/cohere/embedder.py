"""Cohere Embed over HTTP: one picture or text a call, a vector of the asked length back.

Contract: POST https://<resource>.services.ai.azure.com/providers/cohere/v2/embed with the header
api-key (Azure AI Foundry), or POST https://api.cohere.com/v2/embed with a bearer token (Cohere
itself); the bodies are the same. Sources: the notebooks of cohere-ai/cohere-azure-workshops, and
cohere-openapi.yaml in cohere-ai/cohere-developer-experience.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np

from core.deadline import Deadline
from core.embedders.cohere.refusals import (
    SERVICE,
    Facts,
    is_quota,
    other_dimensions,
    other_numbers,
    refusal,
)
from core.embedders.credentials import FreshKey, Header, Key, bearer, is_sendable
from core.embedders.entra import EntraSignIn
from core.embedders.http import Kind, Request, ServiceEmbedder, json_body, usable
from core.embedders.port import ReserveCall, Uncounted
from core.embedders.service_words import ServiceWords
from core.errors import EmbedderError, InputRefused
from core.model import Limits
from core.pictures import kind_of
from core.settings import ON_FOUNDRY, Settings
from core.vectors import RawVector, RawVectors

LABEL = "Cohere Embed"
LABEL_ON_FOUNDRY = "Cohere Embed on Azure AI Foundry"
# Formats: cohere-openapi.yaml. Pixels: "2MM" in the table of models sold by Azure. The service
# takes 20 MB in one call; in base64 a picture of this size has a third more, with room to spare.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 5_000_000
MAX_PIXELS = 2_000_000
# Foundry grants 1,000 calls a minute, Cohere 400 pictures; eight at a second each are 480.
CONCURRENCY = 8


class CohereEmbedder(ServiceEmbedder):
    """Embeddings by Cohere Embed 4 or newer; every call is paid. Safe to use from several threads.

    settings: endpoint, key, model and dimensions.
    reserve_call: asked for every call, as `ServiceEmbedder` says; patience: its times.
    fresh_key: asked when the key is refused. Without a key, Entra ID is signed in to; not at Cohere
        itself, which knows only keys.

    >>> embedder = CohereEmbedder(settings)                           # doctest: +SKIP
    >>> embedder.embed_text("a blue house", Deadline.for_person()).shape  # doctest: +SKIP
    (1024,)
    """

    takes_links = False
    # Whether every vector comes at length 1 is not said anywhere.
    normalises = False

    def __init__(
        self,
        settings: Settings,
        reserve_call: ReserveCall = Uncounted,
        fresh_key: FreshKey | None = None,
        **patience: float,
    ) -> None:
        self._address = settings.cohere_endpoint
        self._on_foundry = urlsplit(self._address).path == ON_FOUNDRY
        self._facts = Facts(settings.cohere_model, settings.cohere_dimensions, self._on_foundry)
        self._model_name = settings.cohere_model_name or settings.cohere_model
        self.dimensions = settings.cohere_dimensions
        self.label = LABEL_ON_FOUNDRY if self._on_foundry else LABEL
        self.limits = Limits(self.label, FORMATS, MAX_BYTES, max_pixels=MAX_PIXELS)
        header = _foundry_header if self._on_foundry else bearer
        key = settings.cohere_key
        super().__init__(
            SERVICE,
            self._address,
            Key(key, header, fresh_key) if key else EntraSignIn(SERVICE),
            CONCURRENCY,
            problem=_misconfigured(settings),
            reserve_call=reserve_call,
            **patience,
        )

    def __repr__(self) -> str:
        return f"CohereEmbedder({self._address!r}, {self.id!r})"

    @property
    def id(self) -> str:
        # Vectors of one model with other dimensions are no cut of these once they are unit rows.
        return f"cohere:{self._model_name}:{self.dimensions}"

    def embed_images(self, images: Sequence[bytes], deadline: Deadline) -> RawVectors:
        """One call for each picture, one after the other -> (n, dimensions).

        Several in one call have been seen to come back as one vector (stdapi-ai/stdapi.ai#198).
        Raises InputRefused for a picture that the service does not take.
        """
        rows = np.empty((len(images), self.dimensions), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            row[:] = self._ask(self._request("image", "images", _data_uri(image)), deadline)
        return rows

    def embed_link(self, url: str, deadline: Deadline) -> RawVector:
        raise InputRefused("Cohere does not fetch pictures. Download the picture and upload it.")

    def embed_text(self, text: str, deadline: Deadline) -> RawVector:
        """Raises InputRefused for a text without words, or longer than the model reads."""
        if not text.strip():
            raise InputRefused("There is no text to search for. Describe what you look for.")
        return self._ask(self._request("text", "texts", text.strip()), deadline)

    def _request(self, kind: Kind, field: str, value: str) -> Request:
        body: dict[str, object] = {
            "model": self._facts.model,
            field: [value],
            # A picture is a document, also one that somebody searches with, so that it has the same
            # vector wherever it comes from.
            "input_type": "search_query" if kind == "text" else "search_document",
            "embedding_types": ["float"],
            "output_dimension": self.dimensions,
        }
        if kind == "text":
            body["truncate"] = "NONE"  # a text that is cut without a word finds something else
        return Request(kind, self._address, json_body(body))

    def _is_quota(self, words: ServiceWords, wait: float | None) -> bool:
        return is_quota(words, wait)

    def _refusal(
        self, status: int, words: ServiceWords, wait: float | None, request: Request
    ) -> EmbedderError:
        return refusal(status, words, wait, request, self._facts)

    def _vector(self, body: bytes) -> RawVector | None:
        """Raises EmbedderRefused for numbers of another kind, or another number of them."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return None
        embeddings = answer.get("embeddings") if isinstance(answer, dict) else None
        if not isinstance(embeddings, dict) or not embeddings:
            return None
        rows = embeddings.get("float")
        if rows is None or (isinstance(rows, list) and any(isinstance(row, str) for row in rows)):
            raise other_numbers()
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], list):
            return None
        numbers = rows[0]
        if not numbers or not all(type(n) in (int, float) for n in numbers):
            return None
        if len(numbers) != self.dimensions:
            raise other_dimensions(len(numbers), self._facts)
        return usable(numbers)


def _foundry_header(key: str) -> Header:
    return "api-key", key


def _data_uri(image: bytes) -> str:
    if not image:
        raise InputRefused("This picture is an empty file.")
    kind = kind_of(image)
    if kind not in FORMATS:
        raise InputRefused("This is no JPEG, PNG, WEBP or GIF, which are what Cohere takes.")
    if len(image) > MAX_BYTES:
        raise InputRefused(
            f"This picture has {len(image):,} bytes; at most {MAX_BYTES:,} are sent to Cohere. "
            "Save it smaller."
        )
    return f"data:image/{kind.lower()};base64,{base64.b64encode(image).decode('ascii')}"


def _misconfigured(settings: Settings) -> str:
    """Why no call can be made at all, as a sentence, or nothing."""
    if not settings.has_cohere:
        for name in ("COHERE_ENDPOINT", "COHERE_MODEL", "COHERE_KEY"):
            if not getattr(settings, name.lower()):
                return f"{name} is missing, so Cohere Embed cannot be used yet."
    if not is_sendable(settings.cohere_key):
        return "COHERE_KEY holds a character that no key has. Copy it again."
    return ""
