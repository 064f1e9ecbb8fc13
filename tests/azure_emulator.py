"""A server on this machine that answers like Azure AI Vision's multimodal embeddings.

For tests (`with Emulator(rate=20) as emulator: ...`) and for trying the app by hand:

    python -m tests.azure_emulator --port 8099 --rate 20 --latency 0.15

It speaks HTTP/1.1 over a real socket, checks what the service checks, limits the rate, and breaks
on order (`emulator.plan(...)`, `emulator.when(...)`, or POST /emulator/fault).

Vectors. Recorded bytes (folder ../shared/recordings, or VECTORSCOPE_RECORDINGS) get exactly what
the service answered for them. Everything else gets this emulator's own invention: deterministic,
shaped like the real ones (1024 numbers on the float16 grid, norm 60 to 69, index 26 near -47,
picture-picture cosines high, texts of norm 1, text-picture cosines below 0.41), and derived from
colours, so that the text "red" is nearest to the reddest picture. They mean nothing beyond that.

Assumptions, where neither documentation nor a recording says what the service does:
- the wording of a 400 for an unsupported region, an unknown model version, or over 70 words;
  a truncated picture is "Image format is not valid"; 10 pixels a side is an invalid size;
- an omitted model-version means 2022-04-11, as it did in the previews;
- the rate is counted before body and content type are looked at; 401 and 404 are not counted;
- 429 and 403 carry Retry-After in whole seconds, rounded up;
- the kind of window that the rate is counted in: choose one (sliding, fixed, bucket);
- a refusal takes as long as an answer (`refusal_latency` sets it apart);
- links are not fetched: `links` holds the pictures behind them, any other public address is given
  a vector of its own, and a private one counts as not accessible.
"""

from __future__ import annotations

import hashlib
import io
import ipaddress
import json
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.emulated_service import (
    COLOURS,
    Fault,
    Handler,
    Refused,
    Seen,
    colour_shares,
    colours_named,
    serve_from_the_command_line,
)
from tests.emulated_service import FAULTS as SHARED_FAULTS
from tests.emulated_service import Emulator as Service

DIMENSIONS = 1024
LARGEST_IMAGE = 20_971_520
RETIRED = ("2022-10-12-preview", "2023-02-01-preview", "2023-04-01-preview", "2023-07-01-preview")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO")
CONTENT_TYPES = ("application/octet-stream", "application/json")
GATEWAY_401 = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)

# What can be ordered beside what every service has.
FAULTS = {
    **SHARED_FAULTS,
    "too many": "429, with Retry-After of `seconds`",
    "too many, in words": "429 that says how long to wait only in its message",
    "too many, silent": "429 that does not say how long",
    "quota": "403, the month's calls are used up, Retry-After: 186688",
    "unauthorised": "401, wrong key",
    "wrong kind of resource": "401, the key of an OpenAI resource",
    "no role": "401, PermissionDenied",
    "other tenant": "401, the sign-in is of another tenant",
    "clock": "401, the sign-in is not valid at this time",
    "firewall": "403, network rules",
    "no keys": "403, local authentication is disabled",
    "not found": "404",
    "gone": "410, retired API version",
    "region": "400, not supported in this region",
    "subdomain": "400, custom subdomain wanted",
    "bad request": "400 with a message that nobody foresaw",
    "image format": "400, inner InvalidImageFormat",
    "teapot": "418",
    "error": "500",
    "unavailable": "503",
    "unavailable, wait": "503 with Retry-After of `seconds`",
    "timeout": "408",
    "512 numbers": "200 with half of the numbers",
    "nan": "200 with NaN among the numbers",
    "zeros": "200 with nothing but zeros",
    "strings": "200 with numbers as strings",
    "no vector": "200 without a vector",
    "another model": "200 from model version 2022-04-11",
    "echo": "401 with the caller's key in its message",
}


class Emulator(Service):
    """The double. links: the picture behind an address."""

    faults = FAULTS

    def __init__(self, *, links: Mapping[str, bytes] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.links = dict(links or {})

    @property
    def settings(self) -> dict[str, str]:
        return {"VISION_ENDPOINT": self.url, "VISION_KEY": self.key}


class _Handler(Handler):
    def understand(self, seen: Seen) -> None:
        if seen.path.endswith("vectorizeImage") and not seen.headers.get(
            "content-type", ""
        ).startswith("application/json"):
            seen.kind = "image"
            return
        try:
            value = json.loads(seen.body)
        except ValueError:
            return
        for name, kind in (("url", "link"), ("text", "text")):  # with both, the text is ignored
            if isinstance(value, dict) and isinstance(value.get(name), str):
                seen.kind, seen.text = kind, value[name]
                return

    def answer(self, seen: Seen) -> bytes:
        emulator = self.emulator
        operation = seen.path.removeprefix("/computervision/")
        version = seen.query.get("api-version", "")
        if version in RETIRED:
            raise _gone(version)
        if version != "2024-02-01" or operation not in (
            "retrieval:vectorizeImage",
            "retrieval:vectorizeText",
        ):
            raise Refused(404, "404", "Resource not found")
        if not self.carries_key(seen, "ocp-apim-subscription-key"):
            realm = f"{emulator.url}/computervision"
            challenge = (
                f'AzureApiManagementKey realm="{realm}",name="Ocp-Apim-Subscription-Key",'
                'type="header"'
            )
            raise Refused(401, "401", GATEWAY_401, headers={"WWW-Authenticate": challenge})
        if emulator.limit is not None and (wait := emulator.limit.take(time.monotonic())) > 0:
            raise _too_many(wait, header=True, words=True)
        if emulator.is_used_up():
            raise _quota_used_up()
        model = seen.query.get("model-version", "2022-04-11")
        model = "2023-04-15" if model == "latest" else model
        if model not in ("2023-04-15", "2022-04-11"):
            raise Refused(400, "InvalidRequest", f"The model version '{model}' is not supported.")
        content_type = seen.headers.get("content-type", "").split(";")[0].strip().lower()
        if operation.endswith("Text"):
            if content_type != "application/json":
                raise _bad_content_type(content_type)
            if seen.kind != "text" or not seen.text:
                raise Refused(400, "InvalidRequest", "The request body is invalid.")
            if len(seen.text.split()) > 70:
                raise Refused(
                    400, "InvalidRequest", "The input text must have between 1 and 70 words."
                )
            return text_answer(seen.text, model)
        if content_type == "application/json":
            if seen.kind != "link":
                raise Refused(400, "InvalidRequest", "The request body is invalid.")
            return self._link_answer(seen.text, model)
        if content_type not in CONTENT_TYPES and not content_type.startswith("image/"):
            raise _bad_content_type(content_type)
        return image_answer(seen.body, model)

    def _link_answer(self, url: str, model: str) -> bytes:
        if url in self.emulator.links:
            return image_answer(self.emulator.links[url], model)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not _is_public(parts.hostname or ""):
            raise Refused(400, "InvalidRequest", "Image URL is badly formatted or not accessible.")
        digest = hashlib.sha256(url.encode()).digest()
        return _json_answer(_pseudo_image(np.zeros(len(COLOURS)), digest, model), model)

    @property
    def emulator(self) -> Emulator:
        assert isinstance(self.server.service, Emulator)
        return self.server.service

    def good(self, seen: Seen) -> bytes:
        if seen.kind == "image":
            return image_answer(seen.body, "2023-04-15")
        return text_answer(seen.text or "a", "2023-04-15")

    def spoilt(self, fault: Fault, seen: Seen) -> object | None:
        good = json.loads(self.good(seen))
        vector = good["vector"]
        made: dict[str, dict[str, Any]] = {
            "512 numbers": {"vector": vector[:512]},
            "nan": {"vector": [math.nan, *vector[1:]]},
            "zeros": {"vector": [0.0] * DIMENSIONS},
            "strings": {"vector": [str(number) for number in vector]},
            "another model": {"modelVersion": "2022-04-11"},
        }
        if fault.name == "no vector":
            return {"modelVersion": good["modelVersion"]}
        return {**good, **made[fault.name]} if fault.name in made else None

    def refusal_for(self, fault: Fault, seen: Seen) -> Refused | None:
        return _refusal_for(fault, seen)

    def error_body(self, refused: Refused) -> dict[str, Any]:
        error: dict[str, Any] = {"code": refused.code, "message": refused.message}
        if refused.inner:
            error["innererror"] = {"code": refused.inner, "message": refused.message}
        return {"error": error}


Emulator.handler = _Handler


def _refusal_for(fault: Fault, seen: Seen) -> Refused | None:
    version = seen.query.get("api-version", "")
    principal = "The principal `0000` lacks the required data action to perform this operation."
    pricing = (
        f"The Vectorize Operation under Computer Vision APIs ({version}) is not supported with the "
        "current subscription key and pricing tier OpenAI.S0."
    )
    wait = {"Retry-After": str(math.ceil(fault.seconds))}
    made: dict[str, Callable[[], Refused]] = {
        "too many": lambda: _too_many(fault.seconds, header=True, words=False),
        "too many, in words": lambda: _too_many(fault.seconds, header=False, words=True),
        "too many, silent": lambda: _too_many(fault.seconds, header=False, words=False),
        "quota": _quota_used_up,
        "unauthorised": lambda: Refused(401, "401", GATEWAY_401),
        "wrong kind of resource": lambda: Refused(401, "401", pricing),
        "no role": lambda: Refused(401, "PermissionDenied", principal),
        "other tenant": lambda: Refused(
            401, "401", "Token tenant 0000 does not match resource tenant."
        ),
        "clock": lambda: Refused(401, "401", "The token is not yet valid or has expired."),
        "firewall": lambda: Refused(
            403, "403", "Access denied due to Virtual Network/Firewall rules."
        ),
        "no keys": lambda: Refused(
            403, "AuthenticationTypeDisabled", "Key based authentication is disabled."
        ),
        "not found": lambda: Refused(404, "404", "Resource not found"),
        "gone": lambda: _gone(version),
        "region": lambda: Refused(
            400, "InvalidRequest", "The feature 'Vectorize' is not supported in this region."
        ),
        "subdomain": lambda: Refused(
            400,
            "BadRequest",
            "Please provide a custom subdomain for token authentication, otherwise API key is "
            "required.",
        ),
        "bad request": lambda: Refused(
            400, "InvalidRequest", "Something <b>else</b>\nis\x07 wrong."
        ),
        "image format": lambda: Refused(
            400, "InvalidRequest", "Image format is not valid", "InvalidImageFormat"
        ),
        "teapot": lambda: Refused(418, "418", "I am a teapot."),
        "error": lambda: Refused(500, "InternalServerError", "Internal server error."),
        "unavailable": lambda: Refused(503, "503", "Service is unavailable."),
        "unavailable, wait": lambda: Refused(503, "503", "Service is unavailable.", headers=wait),
        "timeout": lambda: Refused(408, "Timeout", "The operation was timeout."),
        "echo": lambda: Refused(
            401, "401", f"Key {seen.headers.get('ocp-apim-subscription-key')} is not known."
        ),
    }
    return made[fault.name]() if fault.name in made else None


def _too_many(wait: float, *, header: bool, words: bool) -> Refused:
    seconds = max(1, math.ceil(wait))
    message = (
        "Requests to the Vectorize Operation under Computer Vision API (2024-02-01) have exceeded "
        "call rate limit of your current ComputerVision F0 pricing tier."
    )
    if words:
        message += f" Please retry after {seconds} seconds."
    message += " To increase your rate limit switch to a paid tier."
    return Refused(429, "429", message, headers={"Retry-After": str(seconds)} if header else {})


def _quota_used_up() -> Refused:
    return Refused(
        403,
        "403",
        "Out of call volume quota for ComputerVision F0 pricing tier. Please retry after 1 day. To "
        "increase your call volume switch to a paid tier.",
        headers={"Retry-After": "186688"},
    )


def _gone(version: str) -> Refused:
    return Refused(
        410,
        "Gone",
        f"Computer Vision {version} has been deprecated. Please upgrade to the latest Computer "
        "Vision GA service - https://azure.microsoft.com/en-us/updates?id=475779 ",
    )


def _bad_content_type(content_type: str) -> Refused:
    return Refused(
        400,
        "InvalidRequest",
        f"The provided image content type '{content_type}' is not supported.",
    )


def _is_public(host: str) -> bool:
    if "." not in host or host == "localhost":
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


# --- Vectors -------------------------------------------------------------------------------------


def recordings_folder() -> Path | None:
    """Where the recorded answers are, or None: VECTORSCOPE_RECORDINGS, else ../shared."""
    named = os.environ.get("VECTORSCOPE_RECORDINGS")
    root = Path(__file__).resolve().parent.parent
    folder = Path(named) if named else root.parent / "shared" / "recordings"
    return folder if (folder / "product_images.npz").is_file() else None


def recorded_vectors() -> dict[str, np.ndarray]:
    """SHA-256 of the bytes -> what the service answered, float16 (1024,); empty if not here."""
    folder = recordings_folder()
    if folder is None:
        return {}
    with np.load(folder / "product_images.npz", allow_pickle=False) as recorded:
        return dict(zip(map(str, recorded["sha256"]), recorded["vectors"], strict=True))


def image_answer(data: bytes, model: str) -> bytes:
    """The JSON for these bytes; raises what the service would refuse."""
    if not 0 < len(data) <= LARGEST_IMAGE:
        raise Refused(
            400,
            "InvalidRequest",
            "The image size is not allowed to be zero or larger than 20971520 bytes.",
            "InvalidImageSize",
        )
    digest = hashlib.sha256(data)
    with _cache_lock:
        if "recorded" not in _cache:
            _cache["recorded"] = recorded_vectors()
        recorded = _cache["recorded"]
        known: bytes | None = _cache.get((digest.hexdigest(), model))
    if known is not None:
        return known
    if model == "2023-04-15" and digest.hexdigest() in recorded:
        answer = _json_answer(recorded[digest.hexdigest()], model)
    else:
        answer = _json_answer(_pseudo_image(_colours_of(data), digest.digest(), model), model)
    with _cache_lock:
        _cache[(digest.hexdigest(), model)] = answer
    return answer


def text_answer(text: str, model: str) -> bytes:
    wanted = colours_named(text)
    # 0.9 of a text lies where pictures have their colours, so that the best hits have the cosines
    # that real ones have, about 0.36; a text without a colour is near to nothing.
    direction = _noise(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    if wanted.any():
        colours = (wanted / np.linalg.norm(wanted)) @ _axes()[2:]
        direction = 0.9 * colours + math.sqrt(1 - 0.9**2) * direction
    return _json_answer((direction / np.linalg.norm(direction)).astype(np.float32), model)


_cache: dict[Any, Any] = {}
_cache_lock = threading.Lock()


def _colours_of(data: bytes) -> np.ndarray:
    """Share of each colour of COLOURS, shape (12,). Raises what the service would refuse."""
    invalid = Refused(400, "InvalidRequest", "Image format is not valid", "InvalidImageFormat")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.format not in FORMATS:
                raise invalid
            if not all(10 < side < 16_000 for side in picture.size):
                raise Refused(
                    400,
                    "InvalidRequest",
                    "The image dimension must be at least 11 and at most 15999 pixels.",
                    "InvalidImageDimension",
                )
            return colour_shares(picture)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise invalid from None


def _axes() -> np.ndarray:
    """Orthonormal rows, shape (14, 1024): what all pictures share (two), then one per colour."""
    with _cache_lock:
        if "axes" not in _cache:
            random = np.random.default_rng(20230415).normal(size=(DIMENSIONS, 2 + len(COLOURS)))
            random[:, 0] = 0
            random[26, 0] = 1  # the dominant component of every recorded picture
            axes, _ = np.linalg.qr(random)
            axes = axes.T * np.where(axes[26, :1] < 0, -1, 1)
            _cache["axes"] = axes
        axes = _cache["axes"]
    assert isinstance(axes, np.ndarray)
    return axes


def _noise(digest: bytes) -> np.ndarray:
    """A unit vector of these bytes' own, orthogonal to everything that means something."""
    direction = np.random.default_rng(list(digest)).normal(size=DIMENSIONS)
    axes = _axes()
    direction -= (direction @ axes.T) @ axes
    return direction / np.linalg.norm(direction)


def _pseudo_image(shares: np.ndarray, digest: bytes, model: str) -> np.ndarray:
    """float16 (1024,) of norm 60 to 69, or 92.1 for the older model, which has other axes."""
    norm = np.linalg.norm(shares)
    content = shares / norm if norm else shares
    # Squares add up to some 64 squared, as in the recordings: 47 on index 26, 33 shared by all,
    # 25 for what is in the picture, 14 for what is only in this one; some pictures are longer.
    length = 0.97 + 0.06 * digest[0] / 255
    vector: np.ndarray = np.concatenate([[-47.0, 33.0], 25.0 * content]) @ _axes()
    vector += 14.0 * _noise(digest)
    vector *= length
    if model == "2022-04-11":
        vector = np.roll(vector[::-1], 7)
        vector *= 92.12 / np.linalg.norm(vector)
    return vector.astype(np.float16)


def _json_answer(vector: np.ndarray, model: str) -> bytes:
    numbers = ",".join(vector.astype(np.float32).astype("U32"))  # shortest float32, as served
    return f'{{"modelVersion":"{model}","vector":[{numbers}]}}'.encode()


def main() -> None:
    serve_from_the_command_line(Emulator, __doc__, 8099)


if __name__ == "__main__":
    main()
