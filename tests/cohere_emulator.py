"""A server on this machine that answers like Cohere Embed, on Azure AI Foundry or at Cohere itself.

For tests (`with CohereEmulator() as emulator: ...`) and for trying the app by hand:

    python -m tests.cohere_emulator --port 8098 --rate 20 --latency 0.15

It serves both addresses, /providers/cohere/v2/embed (header api-key or a bearer token) and
/v2/embed (a bearer token), checks what the service checks, limits the rate, and breaks on order.

Vectors are this emulator's own invention: deterministic, of any length, and derived from colours,
so that the text "red" is nearest to the reddest picture. They mean nothing beyond that.

Assumptions, where no documentation says what the service does:
- the wording of a 400 for a picture, for another length of vectors and for a text on a model of
  pictures; a deployment that is not there is a 404 with the code DeploymentNotFound;
- on Foundry, 429 carries retry-after-ms and Retry-After; at Cohere itself, it says nothing;
- lengths of vectors are near 1, and not 1.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import io
import json
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.emulated_service import (
    COLOURS,
    Emulator,
    Fault,
    Handler,
    Refused,
    Seen,
    colour_shares,
    colours_named,
    serve_from_the_command_line,
)
from tests.emulated_service import FAULTS as SHARED_FAULTS

ON_FOUNDRY = "/providers/cohere/v2/embed"
AT_COHERE = "/v2/embed"
LENGTHS = (256, 512, 1024, 1536)
FORMATS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}
LARGEST_BODY = 20 * 1024 * 1024
MOST_PIXELS = 2_000_000
MOST_WORDS = 400  # about 512 tokens
GATEWAY_401 = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)

FAULTS = {
    **SHARED_FAULTS,
    "too many": "429, with retry-after-ms of `seconds`",
    "too many, silent": "429 that does not say how long",
    "trial minute": "429, a trial key's calls of this minute are used up",
    "trial month": "429, a trial key's calls of this month are used up",
    "unauthorised": "401, wrong key, as Azure's gateway says it",
    "invalid token": "401, wrong key, as Cohere says it",
    "expired": "401, the key has expired",
    "withdrawn": "498, the key is on a list of those no longer taken",
    "no role": "401, PermissionDenied",
    "firewall": "403, network rules",
    "no keys": "403, local authentication is disabled",
    "forbidden": "403 with a message that nobody foresaw",
    "billing": "402, the account's limit is reached",
    "no deployment": "404, DeploymentNotFound",
    "no model": "404, as Cohere says it",
    "not found": "404, nothing at this address",
    "subdomain": "400, custom subdomain wanted",
    "dimension": "400, the model has no vectors of this length",
    "input type": "400, as an older model says it",
    "chat model": "400, the model is none for embeddings",
    "image format": "400, a picture that cannot be decoded",
    "image size": "400, a picture that is too large",
    "bad request": "400 with a message that nobody foresaw",
    "unprocessable": "422 with a message that nobody foresaw",
    "teapot": "418",
    "cancelled": "499",
    "error": "500",
    "unavailable": "503",
    "unavailable, wait": "503 with Retry-After of `seconds`",
    "timeout": "408",
    "other length": "200 with half of the numbers",
    "no vectors": "200 with an empty list of vectors",
    "two vectors": "200 with one vector too many",
    "no embeddings": "200 without embeddings",
    "older answer": "200 with a bare list, as the first version answers",
    "int8": "200 with whole numbers of one byte",
    "base64": "200 with the numbers as a text",
    "base64 as float": "200 with a text where the floats belong",
    "nan": "200 with NaN among the numbers",
    "zeros": "200 with nothing but zeros",
    "strings": "200 with numbers as strings",
    "echo": "401 with the caller's key in its message",
}

TRIAL = "You are using a Trial key, which is limited to {} API calls / {}. Upgrade it."


class CohereEmulator(Emulator):
    """The double. model: the deployment that it has."""

    faults = FAULTS

    def __init__(self, *, model: str = "embed-v-4-0", **options: Any) -> None:
        super().__init__(**options)
        self.model = model

    @property
    def settings(self) -> dict[str, str]:
        """As to an Azure AI Foundry resource."""
        return {
            "EMBEDDER": "cohere",
            "COHERE_ENDPOINT": self.url,
            "COHERE_KEY": self.key,
            "COHERE_MODEL": self.model,
            "COHERE_DIMENSIONS": "256",
        }


class _Handler(Handler):
    @property
    def emulator(self) -> CohereEmulator:
        assert isinstance(self.server.service, CohereEmulator)
        return self.server.service

    def understand(self, seen: Seen) -> None:
        asked = _asked(seen)
        for name, kind in (("texts", "text"), ("images", "image")):
            values = asked.get(name)
            if isinstance(values, list) and values and isinstance(values[0], str):
                seen.kind, seen.text = kind, values[0] if kind == "text" else ""

    def answer(self, seen: Seen) -> bytes:
        emulator = self.emulator
        if seen.path not in (ON_FOUNDRY, AT_COHERE):
            raise Refused(404, "404", "Resource not found")
        self._check_key(seen)
        if emulator.limit is not None and (wait := emulator.limit.take(time.monotonic())) > 0:
            raise _too_many(wait) if seen.path == ON_FOUNDRY else _trial(40, "minute")
        if emulator.is_used_up():
            raise _trial(1000, "month")
        asked = _asked(seen)
        if asked.get("model") != emulator.model:
            raise _no_deployment() if seen.path == ON_FOUNDRY else _no_model(asked.get("model"))
        _check_options(asked, seen.kind)
        return self.good(seen)

    def _check_key(self, seen: Seen) -> None:
        if seen.path == ON_FOUNDRY and not self.carries_key(seen, "api-key"):
            raise Refused(401, "401", GATEWAY_401)
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if seen.path == AT_COHERE and token != self.emulator.key:
            raise Refused(401, "", "invalid api token" if token else "no api key supplied")

    def good(self, seen: Seen) -> bytes:
        asked = _asked(seen)
        length = int(asked.get("output_dimension", 1536))
        if seen.kind == "image":
            picture, data = _picture(asked["images"][0])
            vector = _image_vector(colour_shares(picture), hashlib.sha256(data).digest(), length)
        else:
            vector = _text_vector(seen.text, length)
        billed = {"images": 1} if seen.kind == "image" else {"input_tokens": len(seen.text.split())}
        return json.dumps(
            {
                "id": "00000000-0000-0000-0000-000000000000",
                "embeddings": {"float": [vector.astype(np.float32).tolist()]},
                "texts": asked.get("texts", []),
                "meta": {"api_version": {"version": "2"}, "billed_units": billed},
            }
        ).encode()

    def spoilt(self, fault: Fault, seen: Seen) -> object | None:
        good = json.loads(self.good(seen))
        [vector] = good["embeddings"]["float"]
        packed = base64.b64encode(np.array(vector, "<f4").tobytes()).decode()
        made: dict[str, object] = {
            "other length": {"float": [vector[: len(vector) // 2]]},
            "no vectors": {"float": []},
            "two vectors": {"float": [vector, vector]},
            "older answer": [vector],
            "int8": {"int8": [[round(127 * number) for number in vector]]},
            "base64": {"base64": [packed]},
            "base64 as float": {"float": [packed]},
            "nan": {"float": [[math.nan, *vector[1:]]]},
            "zeros": {"float": [[0.0] * len(vector)]},
            "strings": {"float": [[str(number) for number in vector]]},
        }
        if fault.name == "no embeddings":
            return {"id": good["id"]}
        return {**good, "embeddings": made[fault.name]} if fault.name in made else None

    def refusal_for(self, fault: Fault, seen: Seen) -> Refused | None:
        return _refusal_for(fault, seen)

    def error_body(self, refused: Refused) -> dict[str, Any]:
        """Azure's gateway has codes, Cohere has none."""
        if refused.code:
            return {"error": {"code": refused.code, "message": refused.message}}
        return {"id": "00000000-0000-0000-0000-000000000000", "message": refused.message}


CohereEmulator.handler = _Handler


def _asked(seen: Seen) -> dict[str, Any]:
    try:
        asked = json.loads(seen.body)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _check_options(asked: dict[str, Any], kind: str) -> None:
    """What the service asks of the other fields of a call."""
    known = {
        *("model", "texts", "images", "inputs", "input_type", "embedding_types"),
        *("output_dimension", "truncate", "max_tokens", "priority"),
    }
    wanted_type = {"text": "search_query", "image": "search_document"}
    if set(asked) - known or not kind or ("texts" in asked) == ("images" in asked):
        raise Refused(400, "", "invalid request: exactly one of texts, images, inputs is required")
    if len(asked.get("texts") or asked.get("images") or ()) != 1:
        raise Refused(400, "", "invalid request: this double takes one input a call")
    if asked.get("input_type") != wanted_type[kind]:
        raise Refused(400, "", "invalid request: valid input_type must be provided")
    if asked.get("embedding_types") != ["float"]:
        raise Refused(400, "", "embedding_types parameter is required")
    if asked.get("output_dimension", 1536) not in LENGTHS:
        raise _wrong_length()
    if kind == "text" and not asked["texts"][0]:
        raise Refused(400, "", "invalid request: inputs contains an empty string")
    if kind == "text" and len(asked["texts"][0].split()) > MOST_WORDS:
        raise Refused(
            400,
            "",
            "too many tokens: total number of tokens in the input cannot exceed 512 - received "
            f"{len(asked['texts'][0].split())}",
        )


def _picture(uri: str) -> tuple[Image.Image, bytes]:
    """The picture of a data URI. Raises Refused for what the service would not take."""
    head, _, packed = uri.partition(",")
    if len(packed) > LARGEST_BODY:
        raise _image_size()
    try:
        data = base64.b64decode(packed, validate=True)
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (binascii.Error, OSError, ValueError, SyntaxError, EOFError):
        raise _image_format() from None
    if head != f"data:image/{FORMATS.get(str(picture.format), '')};base64":
        raise _image_format()
    if picture.width * picture.height > MOST_PIXELS:
        raise _image_size()
    return picture, data


def _refusal_for(fault: Fault, seen: Seen) -> Refused | None:
    key = seen.headers.get("api-key") or seen.headers.get("authorization", "").partition(" ")[2]
    principal = "The principal `0000` lacks the required data action to perform this operation."
    wait = {"Retry-After": str(math.ceil(fault.seconds))}
    made: dict[str, Callable[[], Refused]] = {
        "too many": lambda: _too_many(fault.seconds),
        "too many, silent": lambda: Refused(429, "", "Please wait and try again later"),
        "trial minute": lambda: _trial(40, "minute"),
        "trial month": lambda: _trial(1000, "month"),
        "unauthorised": lambda: Refused(401, "401", GATEWAY_401),
        "invalid token": lambda: Refused(401, "", "invalid api token"),
        "expired": lambda: Refused(401, "", "Your API key has expired. Please create another."),
        "withdrawn": lambda: Refused(498, "", "invalid api token"),
        "no role": lambda: Refused(401, "PermissionDenied", principal),
        "firewall": lambda: Refused(
            403, "403", "Access denied due to Virtual Network/Firewall rules."
        ),
        "no keys": lambda: Refused(
            403,
            "AuthenticationTypeDisabled",
            "Key based authentication is disabled for this resource.",
        ),
        "forbidden": lambda: Refused(403, "", "This organisation is suspended."),
        "billing": lambda: Refused(402, "", "Maximum billing reached for this API key"),
        "no deployment": _no_deployment,
        "no model": lambda: _no_model("xyz"),
        "not found": lambda: Refused(404, "404", "Resource not found"),
        "subdomain": lambda: Refused(
            400, "BadRequest", "Please provide a custom subdomain for token authentication."
        ),
        "dimension": _wrong_length,
        "input type": lambda: Refused(
            400, "", "invalid request: images must be used with input_type=image"
        ),
        "chat model": lambda: Refused(
            400, "", "invalid request: model 'command-r' is not supported by the embed API"
        ),
        "image format": _image_format,
        "image size": _image_size,
        "bad request": lambda: Refused(400, "", "Something <b>else</b>\nis\x07 wrong."),
        "unprocessable": lambda: Refused(422, "", "Something else is wrong."),
        "teapot": lambda: Refused(418, "", "I am a teapot."),
        "cancelled": lambda: Refused(499, "", "request cancelled"),
        "error": lambda: Refused(500, "", "internal server error"),
        "unavailable": lambda: Refused(503, "", "service unavailable"),
        "unavailable, wait": lambda: Refused(503, "", "service unavailable", headers=wait),
        "timeout": lambda: Refused(408, "Timeout", "The operation was timeout."),
        "echo": lambda: Refused(401, "", f"Key {key} is not known."),
    }
    return made[fault.name]() if fault.name in made else None


def _too_many(wait: float) -> Refused:
    headers = {"retry-after-ms": f"{1000 * wait:.0f}", "Retry-After": str(math.ceil(wait))}
    return Refused(429, "429", "Rate limit is exceeded. Try again later.", headers=headers)


def _trial(calls: int, period: str) -> Refused:
    return Refused(429, "", TRIAL.format(calls, period))


def _no_deployment() -> Refused:
    return Refused(
        404, "DeploymentNotFound", "The API deployment for this resource does not exist."
    )


def _no_model(model: object) -> Refused:
    return Refused(404, "", f"model '{model}' not found, make sure the correct model ID was used")


def _wrong_length() -> Refused:
    return Refused(400, "", "invalid request: output_dimension is not supported for this model")


def _image_format() -> Refused:
    return Refused(400, "", "invalid request: image could not be decoded")


def _image_size() -> Refused:
    return Refused(400, "", "invalid request: image is too large")


# --- Vectors -------------------------------------------------------------------------------------


@functools.cache
def _axes(length: int) -> np.ndarray:
    """Orthonormal rows, shape (13, length): what all pictures share, then one per colour."""
    random = np.random.default_rng(20250415).normal(size=(length, 1 + len(COLOURS)))
    return np.linalg.qr(random)[0].T


def _noise(digest: bytes, length: int) -> np.ndarray:
    """A unit vector of these bytes' own, orthogonal to everything that means something."""
    direction = np.random.default_rng(list(digest)).normal(size=length)
    axes = _axes(length)
    direction -= (direction @ axes.T) @ axes
    return direction / np.linalg.norm(direction)


def _image_vector(shares: np.ndarray, digest: bytes, length: int) -> np.ndarray:
    content = shares / np.linalg.norm(shares)
    vector: np.ndarray = np.concatenate([[0.6], 0.7 * content]) @ _axes(length)
    return (vector + 0.3 * _noise(digest, length)) * (0.97 + 0.06 * digest[0] / 255)


def _text_vector(text: str, length: int) -> np.ndarray:
    wanted = colours_named(text)
    direction = _noise(hashlib.sha256(text.encode("utf-8", "replace")).digest(), length)
    if wanted.any():
        colours = (wanted / np.linalg.norm(wanted)) @ _axes(length)[1:]
        direction = 0.7 * colours + math.sqrt(1 - 0.7**2) * direction
    return direction


def main() -> None:
    serve_from_the_command_line(CohereEmulator, __doc__, 8098)


if __name__ == "__main__":
    main()
