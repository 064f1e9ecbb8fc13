"""Where each setting is looked for, and what kind of value it has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.settings.files import is_nested, misplaced, read_dotenv, secrets_problem
from core.settings.model import NAMES, Settings
from core.settings.reading import Reader

EMBEDDERS = ("auto", "azure", "builtin", "clip")

# On a public host a slip must open neither the collection nor the purse to everybody.
SAFE_SIDE = {
    "READ_ONLY": "1",
    "CALLS_PER_DAY": "0",
    "VISITOR_CALLS_PER_DAY": "0",
    "VISITOR_CALLS_PER_MINUTE": "0",
}


def load_settings(
    environ: Mapping[str, str] | None = None,
    dotenv_path: Path | None = None,
    secrets: Mapping[str, object] | None = None,
    root: Path | None = None,
    secrets_files: Sequence[Path] = (),
) -> Settings:
    """Read the settings; the environment wins over .env, .env over secrets, a blank is unset.

    Relative directories are taken from `root`. `secrets` is what Streamlit could read;
    `secrets_files` are looked at only to say why it could not. Never raises for what a person
    wrote: the default takes its place and `Settings.problems` says so.
    """
    problems = [said for path in secrets_files if (said := secrets_problem(path))]
    in_files = {".env": read_dotenv(dotenv_path, problems), "secrets.toml": secrets or {}}
    values = dict.fromkeys(NAMES, "")
    for source in (os.environ if environ is None else environ, *in_files.values()):
        for name in NAMES:
            values[name] = values[name] or _as_text(source.get(name))
    unset = {name for name in NAMES if not values[name]}
    for file, content in in_files.items():
        problems += misplaced(file, content, unset)
    for name, value in SAFE_SIDE.items():
        if name in unset and any(re.search(rf"\b{name}\b", said) for said in problems):
            problems.append(f"{name} could not be read, so it is taken as {value}.")
            values[name] = value

    read = Reader(values, root or Path.cwd(), problems)
    embedder = read.choice("EMBEDDER", EMBEDDERS)
    endpoint = read.endpoint("VISION_ENDPOINT")
    key = read.key("VISION_KEY")
    if not problems:
        problems += _missing_account(embedder, endpoint, key)
    own_clip = None
    if read.text("CLIP_MODEL_DIR"):
        own_clip = read.directory("CLIP_MODEL_DIR", Path("models"))
    return Settings(
        embedder=embedder,
        # Azure AI Vision
        vision_endpoint=endpoint,
        vision_key=key,
        vision_api_version=read.date("VISION_API_VERSION", Settings.vision_api_version),
        vision_model_version=read.date("VISION_MODEL_VERSION", Settings.vision_model_version),
        vision_calls_per_second=read.positive_number(
            "VISION_CALLS_PER_SECOND", "the limit is found by itself"
        ),
        vision_price_per_1000=read.positive_number("VISION_PRICE_PER_1000", "no cost is named"),
        # The local CLIP
        clip_model=read.text("CLIP_MODEL"),
        clip_model_dir=own_clip,
        clip_threads=read.whole_number("CLIP_THREADS", "it is not used"),
        # Folders
        images_dir=read.directory("IMAGES_DIR", Settings.images_dir),
        data_dir=read.directory("DATA_DIR", Settings.data_dir),
        # Hosting
        read_only=read.flag("READ_ONLY", if_unclear=True),
        calls_per_day=read.cap("CALLS_PER_DAY"),
        visitor_calls_per_day=read.cap("VISITOR_CALLS_PER_DAY"),
        visitor_calls_per_minute=read.cap("VISITOR_CALLS_PER_MINUTE"),
        problems=tuple(problems),
    )


def _missing_account(embedder: str, endpoint: str, key: str) -> Iterator[str]:
    """What Azure still needs, if anything says that Azure is wanted."""
    if embedder in ("auto", "azure") and bool(key) != bool(endpoint):
        missing = "VISION_KEY" if endpoint else "VISION_ENDPOINT"
        yield f"{missing} is missing, so Azure AI Vision cannot be used yet."
    elif embedder == "azure" and not key:
        yield "EMBEDDER is azure, but VISION_ENDPOINT and VISION_KEY are missing."


def _as_text(value: object) -> str:
    """A setting as text: without the quotes that a container's --env-file leaves around it."""
    text = "" if value is None or is_nested(value) else str(value).strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text
