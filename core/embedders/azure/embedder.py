"""Azure AI Vision multimodal embeddings over HTTP: one picture or text a call, 1024 numbers back.

Contract: POST {endpoint}/computervision/retrieval:vectorizeImage or :vectorizeText, with the query
parameters api-version and model-version, and the header Ocp-Apim-Subscription-Key. Source:
https://learn.microsoft.com/azure/ai-services/computer-vision/how-to/image-retrieval
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np

from core.deadline import Deadline
from core.embedders.azure.refusals import CURRENT_MODEL_VERSION, SERVICE, Versions, refusal
from core.embedders.credentials import FreshKey, Header, Key, is_sendable
from core.embedders.entra import EntraSignIn
from core.embedders.http import Kind, Request, ServiceEmbedder, json_body, usable
from core.embedders.port import ReserveCall, Uncounted
from core.embedders.service_words import ServiceWords
from core.errors import EmbedderError, EmbedderRefused, InputRefused
from core.model import Limits
from core.settings import Settings
from core.vectors import RawVector, RawVectors

DIMENSIONS = 1024
LABEL = "Azure AI Vision"
# The number of bytes is what the service names when it refuses a larger file. Sources:
# MicrosoftDocs/azure-ai-docs, concept-image-retrieval.md (bytes and sides) and
# overview-image-analysis.md (formats).
LIMITS = Limits(
    embedder=LABEL,
    formats=("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO"),
    max_bytes=20_971_520,
    above_side=10,
    below_side=16_000,
)
MOST_WORDS = 70
# Sixteen at a third of a second each are 48 calls a second, about the most that is granted, and
# sixteen pictures of the largest size are 320 MB, about the most that a small host can hold.
CONCURRENCY = 16


class AzureEmbedder(ServiceEmbedder):
    """Embeddings by Azure AI Vision; every call is paid. Safe to use from several threads.

    settings: endpoint, key, versions and, if told, calls per second.
    reserve_call: asked for every call, as `ServiceEmbedder` says; patience: its times.
    fresh_key: asked when the key is refused. Without a key, Entra ID is signed in to.

    >>> embedder = AzureEmbedder(settings)                            # doctest: +SKIP
    >>> embedder.embed_text("a blue house", Deadline.for_person()).shape  # doctest: +SKIP
    (1024,)
    """

    label = LABEL
    dimensions = DIMENSIONS
    limits = LIMITS
    takes_links = True
    # Texts have length 1; pictures 60 to 69 with the model of 2023, 92 with that of 2022.
    normalises = False

    def __init__(
        self,
        settings: Settings,
        reserve_call: ReserveCall = Uncounted,
        fresh_key: FreshKey | None = None,
        **patience: float,
    ) -> None:
        self._endpoint = settings.vision_endpoint.rstrip("/")
        self._model_version = settings.vision_model_version
        self._versions = Versions(settings.vision_api_version, settings.vision_model_version)
        self._key = settings.vision_key
        super().__init__(
            SERVICE,
            self._endpoint,
            Key(self._key, _header, fresh_key) if self._key else EntraSignIn(SERVICE),
            CONCURRENCY,
            problem=self._misconfigured(settings.signs_in),
            calls_per_second=settings.vision_calls_per_second,
            reserve_call=reserve_call,
            **patience,
        )

    def __repr__(self) -> str:
        return f"AzureEmbedder({self._endpoint!r}, {self.id!r})"

    @property
    def id(self) -> str:
        return f"azure:{self._model_version}"

    def embed_images(self, images: Sequence[bytes], deadline: Deadline) -> RawVectors:
        """One call for each picture, one after the other -> (n, 1024).

        Raises InputRefused for a picture that the service does not take.
        """
        rows = np.empty((len(images), DIMENSIONS), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            if not image:
                raise InputRefused("This picture is an empty file.")
            if len(image) > LIMITS.max_bytes:
                raise InputRefused(
                    f"This picture has {len(image):,} bytes; Azure takes at most "
                    f"{LIMITS.max_bytes:,}. Save it smaller."
                )
            row[:] = self._ask(self._request("image", bytes(image)), deadline)
        return rows

    def embed_link(self, url: str, deadline: Deadline) -> RawVector:
        """The service fetches the picture itself. Raises InputRefused for what it cannot fetch."""
        address = url.strip()
        try:
            parts = urlsplit(address)
            good = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        except ValueError:
            good = False
        if not good or any(c.isspace() or not c.isprintable() for c in address):
            raise InputRefused("This is not a link to a picture; it must start with https://.")
        return self._ask(self._request("link", json_body({"url": address})), deadline)

    def embed_text(self, text: str, deadline: Deadline) -> RawVector:
        """Raises InputRefused for a text without words or with more than 70."""
        words = len(text.split())
        if not words:
            raise InputRefused("There is no text to search for. Describe what you look for.")
        if words > MOST_WORDS:
            raise InputRefused(
                f"This text has {words:,} words; Azure takes at most {MOST_WORDS}. Shorten it."
            )
        return self._ask(self._request("text", json_body({"text": text.strip()})), deadline)

    def _misconfigured(self, signs_in: bool) -> str:
        """Why no call can be made at all, as a sentence, or nothing."""
        if not self._endpoint:
            return "VISION_ENDPOINT is missing, so Azure AI Vision cannot be used yet."
        if not self._key and not signs_in:
            return "VISION_KEY is missing, so Azure AI Vision cannot be used yet."
        # http.client would print such a key in its error.
        if not is_sendable(self._key):
            return "VISION_KEY holds a character that no key has. Copy it again."
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", self._model_version, re.ASCII):
            # "latest" would name one model today and another tomorrow, and vectors of the two
            # would meet in one collection without anybody noticing.
            return (
                "VISION_MODEL_VERSION must be the date of one model, so that vectors of two models "
                f"never mix. Set it to {CURRENT_MODEL_VERSION}."
            )
        return ""

    def _request(self, kind: Kind, body: bytes) -> Request:
        operation = "vectorizeText" if kind == "text" else "vectorizeImage"
        return Request(
            kind,
            f"{self._endpoint}/computervision/retrieval:{operation}",
            body,
            "application/octet-stream" if kind == "image" else "application/json",
            {"api-version": self._versions.api, "model-version": self._versions.model},
        )

    def _refusal(
        self, status: int, words: ServiceWords, wait: float | None, request: Request
    ) -> EmbedderError:
        return refusal(status, words, wait, request, self._versions)

    def _vector(self, body: bytes) -> RawVector | None:
        """Raises EmbedderRefused for the vector of another model."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(answer, dict) or not isinstance(answer.get("vector"), list):
            return None
        numbers = answer["vector"]
        version = answer.get("modelVersion")
        if not isinstance(version, str):
            return None
        if version != self._model_version:
            shown = version if re.fullmatch(r"[\w.-]{1,40}", version, re.ASCII) else "another"
            if self._key.lower() in shown.lower():
                shown = "another"
            raise EmbedderRefused(
                f"Azure answered with the model version {shown}, but {self._model_version} was "
                "asked for; the two cannot be compared, so nothing was kept. Set "
                "VISION_MODEL_VERSION to the one you want, and check VISION_ENDPOINT."
            )
        if len(numbers) != DIMENSIONS or not all(type(n) in (int, float) for n in numbers):
            return None
        return usable(numbers)


def _header(key: str) -> Header:
    return "Ocp-Apim-Subscription-Key", key
