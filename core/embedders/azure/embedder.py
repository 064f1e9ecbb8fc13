"""Azure AI Vision multimodal embeddings over HTTP: one picture or text a call, 1024 numbers back.

Contract: POST {endpoint}/computervision/retrieval:vectorizeImage or :vectorizeText, with the query
parameters api-version and model-version, and the header Ocp-Apim-Subscription-Key. Source:
https://learn.microsoft.com/azure/ai-services/computer-vision/how-to/image-retrieval
"""

from __future__ import annotations

import http.cookiejar
import json
import math
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

import numpy as np
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from core.deadline import Deadline
from core.embedders.azure.refusals import (
    CURRENT_MODEL_VERSION,
    Kind,
    RequestFacts,
    read_error,
    refusal,
    retry_after,
)
from core.embedders.pacing import PAUSE_CAP, Limiter, seconds_in_words
from core.embedders.port import ReserveCall, Uncounted
from core.errors import (
    Cancelled,
    DeadlinePassed,
    EmbedderError,
    EmbedderRefused,
    EmbedderUnavailable,
    InputRefused,
)
from core.model import Limits
from core.settings import Settings, is_loopback
from core.vectors import RawVector, RawVectors, measured

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
CONNECT_SECONDS = 10.0
# The service answers within a second; one that fetches a link may take several.
READ_SECONDS = 30.0
# A good answer has some 25,000 bytes.
LARGEST_ANSWER = 1_000_000
# Spread over half a minute: an outage that lasts longer is somebody's to look at.
ATTEMPTS = 7
# A refusal for the rate is over in a minute at most, unless others use the same key.
RATE_PATIENCE_SECONDS = 300.0
# Whoever asks for more than this means a quota, not a rate.
LONGEST_WINDOW_SECONDS = 3600.0
# Each unusable answer may have been paid for.
UNUSABLE_ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
# How often a caller looks whether it was stopped.
LOOK_UP_SECONDS = 0.2
# When stopped, the answers under way are waited for this long, because they are paid for.
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    code: str
    retry_after: str | None


@dataclass(frozen=True)
class _Trouble:
    """Why there is no vector yet. `sentence` lacks its full stop; `wait`: seconds, if told."""

    kind: Literal["rate", "unusable", "other"]
    sentence: str
    wait: float | None = None
    advice: str = "Please try again later."


class _Failed(Exception):
    """No whole answer came; `str` is the beginning of a sentence, without address or key."""


class _Key(AuthBase):
    """Puts the key on one request. Not in session.headers, so that nothing prints it; and
    requests, which finds an auth here, does not look for another in a .netrc file."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Ocp-Apim-Subscription-Key"] = self._key
        return request


class AzureEmbedder:
    """Embeddings by Azure AI Vision; every call is paid. Safe to use from several threads.

    settings: endpoint, key, versions and, if told, calls per second.
    reserve_call: asked for every call, retries too, before it waits for its turn. The call is
        settled by an answer of status 200, usable or not: these are what the service charges for.
    connect_seconds, read_seconds, backoff_seconds, grace_seconds: for tests; a person's call is
        bounded by its own deadline as well.

    >>> embedder = AzureEmbedder(settings)                            # doctest: +SKIP
    >>> embedder.embed_text("a blue house", Deadline.for_person()).shape  # doctest: +SKIP
    (1024,)
    """

    def __init__(
        self,
        settings: Settings,
        reserve_call: ReserveCall = Uncounted,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        backoff_seconds: float = BACKOFF_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._endpoint = settings.vision_endpoint.rstrip("/")
        self._api_version = settings.vision_api_version
        self._model_version = settings.vision_model_version
        self._reserve_call = reserve_call
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._backoff_seconds = backoff_seconds
        self._grace_seconds = grace_seconds
        self._key = settings.vision_key
        self._limiter = Limiter(settings.vision_calls_per_second)
        self._problem = self._misconfigured()

        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=CONCURRENCY + 8)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.auth = _Key(self._key)
        self._session.headers["Accept"] = "application/json"
        # Answers are small; one that cannot be inflated cannot be a bomb either.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers["User-Agent"] = "vectorscope"
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        # A proxy of the environment is for the network, not for a server on this machine.
        self._session.trust_env = not is_loopback(urlsplit(self._endpoint).hostname or "")

    def __repr__(self) -> str:
        return f"AzureEmbedder({self._endpoint!r}, {self.id!r})"

    @property
    def id(self) -> str:
        return f"azure:{self._model_version}"

    @property
    def label(self) -> str:
        return LABEL

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    @property
    def paid(self) -> bool:
        return True

    @property
    def normalises(self) -> bool:
        # Texts have length 1; pictures 60 to 69 with the model of 2023, 92 with that of 2022.
        return False

    @property
    def batch_size(self) -> int:
        return 1

    @property
    def concurrency(self) -> int:
        return CONCURRENCY

    @property
    def limits(self) -> Limits:
        return LIMITS

    @property
    def takes_links(self) -> bool:
        return True

    @property
    def calls_per_second(self) -> float:
        """The pace at present: told, or found so far."""
        return self._limiter.rate

    @property
    def limit_per_second(self) -> float | None:
        """The calls a second that the tier takes, as told or found; None while unknown."""
        return self._limiter.limit

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
            row[:] = self._ask("image", bytes(image), deadline)
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
        return self._ask("link", _json({"url": address}), deadline)

    def embed_text(self, text: str, deadline: Deadline) -> RawVector:
        """Raises InputRefused for a text without words or with more than 70."""
        words = len(text.split())
        if not words:
            raise InputRefused("There is no text to search for. Describe what you look for.")
        if words > MOST_WORDS:
            raise InputRefused(
                f"This text has {words:,} words; Azure takes at most {MOST_WORDS}. Shorten it."
            )
        return self._ask("text", _json({"text": text.strip()}), deadline)

    def unknown_words(self, text: str) -> list[str]:
        """None: the service places every word, and does not say how well."""
        return []

    def known_neighbours(self, word: str) -> list[str]:
        return []

    def close(self) -> None:
        self._session.close()

    def _misconfigured(self) -> str:
        """Why no call can be made at all, as a sentence, or nothing."""
        if not self._endpoint or not self._key:
            missing = "VISION_KEY" if self._endpoint else "VISION_ENDPOINT"
            return f"{missing} is missing, so Azure AI Vision cannot be used yet."
        # http.client would print such a key in its error.
        if not self._key.isascii() or not self._key.isprintable() or " " in self._key:
            return "VISION_KEY holds a character that no key has. Copy it again."
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", self._model_version, re.ASCII):
            # "latest" would name one model today and another tomorrow, and vectors of the two
            # would meet in one collection without anybody noticing.
            return (
                "VISION_MODEL_VERSION must be the date of one model, so that vectors of two models "
                f"never mix. Set it to {CURRENT_MODEL_VERSION}."
            )
        return ""

    def _ask(self, kind: Kind, body: bytes, deadline: Deadline) -> RawVector:
        """One vector, with as many calls as it takes."""
        if self._problem:
            raise EmbedderRefused(self._problem)
        operation = "vectorizeText" if kind == "text" else "vectorizeImage"
        request = RequestFacts(
            kind,
            f"{self._endpoint}/computervision/retrieval:{operation}",
            self._api_version,
            self._model_version,
            self._key,
        )
        began = time.monotonic()
        tried: Counter[str] = Counter()
        while True:
            outcome = self._try(request, body, deadline)
            if not isinstance(outcome, _Trouble):
                return outcome
            tried[outcome.kind] += 1
            if outcome.kind == "rate":
                over = time.monotonic() - began > RATE_PATIENCE_SECONDS
            else:
                most = UNUSABLE_ATTEMPTS if outcome.kind == "unusable" else ATTEMPTS
                over = tried[outcome.kind] >= most
            if over:
                raise EmbedderUnavailable(
                    f"{outcome.sentence}, {tried[outcome.kind]} times in a row. {outcome.advice}"
                )
            pause = outcome.wait
            if pause is None:
                # Half of it fixed, half random: never at once, and never all workers together.
                doubled = self._backoff_seconds * 2.0 ** (tried[outcome.kind] - 1)
                pause = doubled * random.uniform(0.5, 1.0)
            if pause > deadline.remaining():
                raise DeadlinePassed(
                    f"{outcome.sentence}. Please try again in {seconds_in_words(pause)}."
                )
            deadline.wait(pause)

    def _try(self, request: RequestFacts, body: bytes, deadline: Deadline) -> RawVector | _Trouble:
        """One call, in its turn. Raises what is final."""
        left, answer = self._exchange(request, body, deadline)
        if isinstance(answer, _Failed):
            self._limiter.accepted(left)
            return _Trouble("other", str(answer))
        if answer.status == 200:
            self._limiter.accepted(left)
            vector = self._vector(answer.body)
            if vector is None:
                sentence = "Azure's answer holds no embedding"
                return _Trouble("unusable", sentence, advice="Check VISION_ENDPOINT.")
            return vector
        service_words = read_error(answer.body, answer.code, self._key)
        wait = retry_after(answer.retry_after, service_words.message)
        if answer.status == 429 and (wait or 0) <= LONGEST_WINDOW_SECONDS:
            wait = self._limiter.refused(left, wait)
            return _Trouble("rate", "Azure takes no more calls for now: its limit is reached", wait)
        self._limiter.accepted(left)
        if answer.status == 408 or answer.status >= 500:
            if wait is not None:
                wait = min(wait, PAUSE_CAP)
                self._limiter.hold(wait)
            return _Trouble(
                "other", f"Azure has a problem of its own (status {answer.status})", wait
            )
        raise refusal(answer.status, service_words, wait, request)

    def _exchange(
        self, request: RequestFacts, body: bytes, deadline: Deadline
    ) -> tuple[float, _Answer | _Failed]:
        """Wait for the turn and make one HTTP call -> when it left, and what came of it.

        In a thread of its own, so that no hang outlasts a stop or a deadline; and the turn is
        waited for in that thread, so that nothing comes between it and the call.
        """
        deadline.check()
        call = self._reserve_call(request.kind)
        outcome: list[tuple[float, _Answer | _Failed] | EmbedderError] = []
        done = threading.Event()

        def work() -> None:
            try:
                left = self._limiter.take(deadline)
                try:
                    answer = self._post(request, body, deadline)
                    if answer.status == 200:
                        call.settle()  # here: it may come too late to be used
                    else:
                        call.release(refused=True)
                    outcome.append((left, answer))
                except _Failed as failed:
                    outcome.append((left, failed))
            except EmbedderError as error:
                outcome.append(error)
            finally:
                call.release()  # nothing, if there was an answer
                done.set()

        threading.Thread(target=work, name="azure-call", daemon=True).start()
        leave_at = math.inf
        while not done.wait(min(LOOK_UP_SECONDS, deadline.remaining())):
            now = time.monotonic()
            if deadline.cancel.is_set():
                leave_at = min(leave_at, now + self._grace_seconds)
            if now >= leave_at:
                raise Cancelled("Stopped.")
            if deadline.remaining() <= 0:
                raise DeadlinePassed("Azure did not answer in time. Please try again.")
        if not outcome:
            raise EmbedderUnavailable("The call failed in a way that was not foreseen.")
        if isinstance(outcome[0], EmbedderError):
            raise outcome[0]
        return outcome[0]

    def _post(self, request: RequestFacts, body: bytes, deadline: Deadline) -> _Answer:
        """One HTTP call -> status and whole body. Raises _Failed or EmbedderRefused."""
        remaining = deadline.remaining()
        give_up = time.monotonic() + min(self._connect_seconds + self._read_seconds, remaining)
        kind = "application/octet-stream" if request.kind == "image" else "application/json"
        failed: Exception
        try:
            with self._session.post(
                request.address,
                params={
                    "api-version": request.api_version,
                    "model-version": request.model_version,
                },
                data=body,
                headers={"Content-Type": kind},
                timeout=(
                    max(0.001, min(self._connect_seconds, remaining)),
                    max(0.001, min(self._read_seconds, remaining)),
                ),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _Answer(
                    response.status_code,
                    _read_all(cast(HTTPResponse, response.raw), give_up),
                    response.headers.get("x-ms-error-code", ""),
                    response.headers.get("Retry-After"),
                )
        except _Failed as error:
            failed = error
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                failed = EmbedderRefused(
                    "The certificate of VISION_ENDPOINT cannot be trusted, so the key was not "
                    "sent. Check the address. If a proxy with a certificate of its own reads this "
                    "connection, save its certificate as a PEM file, name that file in the "
                    "environment variable REQUESTS_CA_BUNDLE and start again."
                )
            else:
                failed = _Failed("The secure connection to Azure failed")
        except requests.exceptions.Timeout:
            failed = _Failed("Azure did not answer in time")
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            if "NameResolutionError" in str(error):
                failed = _Failed(
                    "The host of VISION_ENDPOINT cannot be found (is the address right, and this "
                    "computer online?)"
                )
            else:
                failed = _Failed("The connection to Azure broke")
        # Raised here, not above: an error that hangs on to the request hangs on to the key.
        raise failed

    def _vector(self, body: bytes) -> RawVector | None:
        """A usable answer -> its vector, else None. Raises EmbedderRefused for another model's."""
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
        try:
            with np.errstate(over="ignore"):  # what float32 cannot hold is not finite then
                raw = np.array(numbers, dtype=np.float64).astype(np.float32)
            measured(raw)
        except (ValueError, OverflowError):
            return None
        return raw


def _json(value: dict[str, str]) -> bytes:
    # ASCII with escapes: half of a surrogate pair, which a browser can send, cannot be UTF-8.
    return json.dumps(value).encode("ascii")


def _read_all(raw: HTTPResponse, give_up: float) -> bytes:
    """The body as it came over the wire. Raises _Failed if it is too large or dribbles."""
    body = bytearray()
    while chunk := raw.read1(65536, decode_content=False):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise _Failed("Azure's answer is far too large")
        if time.monotonic() > give_up:
            raise _Failed("Azure did not answer in time")
    if raw.length_remaining:
        raise _Failed("Azure's answer was cut short")
    return bytes(body)
