"""Paid services over HTTP: one call, every way in which it can fail, and when to try again.

What the embedders of services share. Each of them says how its requests look, reads its answers,
and knows what its refusals mean.
"""

from __future__ import annotations

import http.cookiejar
import json
import math
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

import numpy as np
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from core.deadline import Deadline
from core.embedders.credentials import Credential, Header
from core.embedders.pacing import PAUSE_CAP, Limiter, seconds_in_words
from core.embedders.port import ReserveCall, Uncounted
from core.embedders.service_words import ServiceWords, read_error, retry_after
from core.errors import (
    Cancelled,
    DeadlinePassed,
    EmbedderError,
    EmbedderRefused,
    EmbedderUnavailable,
)
from core.settings import is_loopback
from core.vectors import RawVector, measured

Kind = Literal["image", "text", "link"]

CONNECT_SECONDS = 10.0
# A service answers within a second; one that fetches a link may take several.
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
# Each with another key than the one before.
KEY_ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
# How often a caller looks whether it was stopped.
LOOK_UP_SECONDS = 0.2
# When stopped, the answers under way are waited for this long, because they are paid for.
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Service:
    """What sentences call a service, and the settings that lead to it.

    name: short, e.g. "Azure". endpoint, key: names of settings.
    """

    name: str
    endpoint: str
    key: str


@dataclass(frozen=True)
class Request:
    """One call. `kind` is what it is counted as."""

    kind: Kind
    address: str
    body: bytes = field(repr=False)
    content_type: str = "application/json"
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """headers: their names may be asked for in any case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Trouble:
    """Why there is no vector yet. `sentence` lacks its full stop; `wait`: seconds, if told."""

    kind: Literal["rate", "unusable", "key", "other"]
    sentence: str
    wait: float | None = None
    advice: str = "Please try again later."


class _Failed(Exception):
    """No whole answer came; `str` is the beginning of a sentence, without address or key."""


class _Auth(AuthBase):
    """Puts the secret on one request. Not in session.headers, so that nothing prints it; and
    requests, which finds an auth here, does not look for another in a .netrc file."""

    def __init__(self, header: Header) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        name, value = self._header
        request.headers[name] = value
        return request


class ServiceEmbedder(ABC):
    """An embedder whose vectors come from a paid service. Safe to use from several threads.

    endpoint: the address that calls go to. problem: why no call can be made at all, a sentence, or
    "". calls_per_second: a ceiling, if one was told.
    reserve_call: asked for every call, retries too, before it waits for its turn. The call is
        settled by an answer of status 200, usable or not: these are what a service charges for.
    connect_seconds, read_seconds, backoff_seconds, grace_seconds: for tests; a person's call is
        bounded by its own deadline as well.
    """

    paid = True
    batch_size = 1

    def __init__(
        self,
        service: Service,
        endpoint: str,
        credential: Credential,
        concurrency: int,
        *,
        problem: str = "",
        calls_per_second: float | None = None,
        reserve_call: ReserveCall = Uncounted,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        backoff_seconds: float = BACKOFF_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self.concurrency = concurrency
        self._service = service
        self._credential = credential
        self._problem = problem
        self._reserve_call = reserve_call
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._backoff_seconds = backoff_seconds
        self._grace_seconds = grace_seconds
        self._limiter = Limiter(calls_per_second)
        self._session = _session(endpoint, connections=concurrency + 8)

    @property
    def calls_per_second(self) -> float:
        """The pace at present: told, or found so far."""
        return self._limiter.rate

    @property
    def limit_per_second(self) -> float | None:
        """The calls a second that the service takes, as told or found; None while unknown."""
        return self._limiter.limit

    def unknown_words(self, text: str) -> list[str]:
        """None: the service places every word, and does not say how well."""
        return []

    def known_neighbours(self, word: str) -> list[str]:
        return []

    def close(self) -> None:
        self._session.close()

    @abstractmethod
    def _vector(self, body: bytes) -> RawVector | None:
        """An answer of status 200 -> its vector, None if it holds none.

        Raises EmbedderRefused for what no other call would do better.
        """

    @abstractmethod
    def _refusal(
        self, status: int, words: ServiceWords, wait: float | None, request: Request
    ) -> EmbedderError:
        """A final answer, 3xx or 4xx -> the error to raise. wait: seconds, as the service said."""

    def _is_quota(self, words: ServiceWords, wait: float | None) -> bool:
        """Whether a refusal of status 429 lasts longer than anybody waits."""
        return (wait or 0) > LONGEST_WINDOW_SECONDS

    def _ask(self, request: Request, deadline: Deadline) -> RawVector:
        """One vector, with as many calls as it takes."""
        if self._problem:
            raise EmbedderRefused(self._problem)
        began = time.monotonic()
        tried: Counter[str] = Counter()
        while True:
            outcome = self._try(request, deadline)
            if not isinstance(outcome, _Trouble):
                return outcome
            tried[outcome.kind] += 1
            if outcome.kind == "rate":
                over = time.monotonic() - began > RATE_PATIENCE_SECONDS
            else:
                most = {"unusable": UNUSABLE_ATTEMPTS, "key": KEY_ATTEMPTS}
                over = tried[outcome.kind] >= most.get(outcome.kind, ATTEMPTS)
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

    def _try(self, request: Request, deadline: Deadline) -> RawVector | _Trouble:
        """One call, in its turn. Raises what is final."""
        name = self._service.name
        call = self._exchange(request, deadline)
        answer = call.answer
        if isinstance(answer, _Failed):
            self._limiter.accepted(call.left)
            return _Trouble("other", str(answer))
        if answer.status == 200:
            self._limiter.accepted(call.left)
            vector = self._vector(answer.body)
            if vector is None:
                advice = f"Check {self._service.endpoint}."
                return _Trouble("unusable", f"{name}'s answer holds no embedding", advice=advice)
            return vector
        words = read_error(answer.body, answer.headers, [call.secret])
        wait = retry_after(answer.headers, words.message)
        if answer.status == 429 and not self._is_quota(words, wait):
            wait = self._limiter.refused(call.left, wait)
            sentence = f"{name} takes no more calls for now: its limit is reached"
            return _Trouble("rate", sentence, wait)
        self._limiter.accepted(call.left)
        if answer.status == 408 or answer.status >= 500:
            if wait is not None:
                wait = min(wait, PAUSE_CAP)
                self._limiter.hold(wait)
            sentence = f"{name} has a problem of its own (status {answer.status})"
            return _Trouble("other", sentence, wait)
        if answer.status in (401, 498) and self._credential.renewed(call.secret):
            return _Trouble("key", f"{name} did not accept the key", wait=0.0)
        own = self._credential.refusal(answer.status, words)
        raise own or self._refusal(answer.status, words, wait, request)

    def _exchange(self, request: Request, deadline: Deadline) -> _Call:
        """Wait for the turn and make one HTTP call.

        In a thread of its own, so that no hang outlasts a stop or a deadline; and the turn is
        waited for in that thread, so that nothing comes between it and the call.
        """
        deadline.check()
        call = self._reserve_call(request.kind)
        outcome: list[_Call | EmbedderError] = []
        done = threading.Event()

        def work() -> None:
            try:
                secret = self._credential.secret()
                left = self._limiter.take(deadline)
                try:
                    answer = self._post(request, self._credential.header(secret), deadline)
                    if answer.status == 200:
                        call.settle()  # here: it may come too late to be used
                    else:
                        call.release(refused=True)
                    outcome.append(_Call(left, secret, answer))
                except _Failed as failed:
                    outcome.append(_Call(left, secret, failed))
            except EmbedderError as error:
                outcome.append(error)
            finally:
                call.release()  # nothing, if there was an answer
                done.set()

        threading.Thread(target=work, name="service-call", daemon=True).start()
        leave_at = math.inf
        while not done.wait(min(LOOK_UP_SECONDS, deadline.remaining())):
            now = time.monotonic()
            if deadline.cancel.is_set():
                leave_at = min(leave_at, now + self._grace_seconds)
            if now >= leave_at:
                raise Cancelled("Stopped.")
            if deadline.remaining() <= 0:
                raise DeadlinePassed(
                    f"{self._service.name} did not answer in time. Please try again."
                )
        if not outcome:
            raise EmbedderUnavailable("The call failed in a way that was not foreseen.")
        if isinstance(outcome[0], EmbedderError):
            raise outcome[0]
        return outcome[0]

    def _post(self, request: Request, header: Header, deadline: Deadline) -> Answer:
        """One HTTP call -> status and whole body. Raises _Failed or EmbedderRefused."""
        name, endpoint = self._service.name, self._service.endpoint
        remaining = deadline.remaining()
        give_up = time.monotonic() + min(self._connect_seconds + self._read_seconds, remaining)
        failed: Exception
        try:
            with self._session.post(
                request.address,
                params=request.parameters,
                data=request.body,
                headers={"Content-Type": request.content_type},
                auth=_Auth(header),
                timeout=(
                    max(0.001, min(self._connect_seconds, remaining)),
                    max(0.001, min(self._read_seconds, remaining)),
                ),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read_all(cast(HTTPResponse, response.raw), name, give_up)
                return Answer(response.status_code, body, response.headers)
        except _Failed as error:
            failed = error
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                failed = EmbedderRefused(
                    f"The certificate of {endpoint} cannot be trusted, so the key was not "
                    "sent. Check the address. If a proxy with a certificate of its own reads this "
                    "connection, save its certificate as a PEM file, name that file in the "
                    "environment variable REQUESTS_CA_BUNDLE and start again."
                )
            else:
                failed = _Failed(f"The secure connection to {name} failed")
        except requests.exceptions.Timeout:
            failed = _Failed(f"{name} did not answer in time")
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            if "NameResolutionError" in str(error):
                failed = _Failed(
                    f"The host of {endpoint} cannot be found (is the address right, and this "
                    "computer online?)"
                )
            else:
                failed = _Failed(f"The connection to {name} broke")
        # Raised here, not above: an error that hangs on to the request hangs on to the key.
        raise failed


@dataclass(frozen=True)
class _Call:
    """When a call left, the secret that it carried, and what came of it."""

    left: float
    secret: str = field(repr=False)
    answer: Answer | _Failed


def json_body(value: Mapping[str, object]) -> bytes:
    # ASCII with escapes: half of a surrogate pair, which a browser can send, cannot be UTF-8.
    return json.dumps(value).encode("ascii")


def usable(numbers: Sequence[float]) -> RawVector | None:
    """The numbers of an answer as they came; None where float32 cannot hold them, or all are 0."""
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold is not finite then
            raw = np.array(numbers, dtype=np.float64).astype(np.float32)
        measured(raw)
    except (ValueError, OverflowError):
        return None
    return raw


def _session(endpoint: str, connections: int) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["Accept"] = "application/json"
    # Answers are small; one that cannot be inflated cannot be a bomb either.
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = "vectorscope"
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    # A proxy of the environment is for the network, not for a server on this machine.
    session.trust_env = not is_loopback(urlsplit(endpoint).hostname or "")
    return session


def _read_all(raw: HTTPResponse, name: str, give_up: float) -> bytes:
    """The body as it came over the wire. Raises _Failed if it is too large or dribbles."""
    body = bytearray()
    while chunk := raw.read1(65536, decode_content=False):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise _Failed(f"{name}'s answer is far too large")
        if time.monotonic() > give_up:
            raise _Failed(f"{name} did not answer in time")
    if raw.length_remaining:
        raise _Failed(f"{name}'s answer was cut short")
    return bytes(body)
