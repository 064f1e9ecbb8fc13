"""Where each setting is looked for, and what kind of value it has."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from core.settings.endpoint import ON_FOUNDRY, clean_cohere_endpoint, clean_endpoint
from core.settings.files import is_nested, misplaced, read_dotenv, secrets_problem
from core.settings.model import NAMES, Settings
from core.settings.reading import NOBODY, Reader
from core.settings.sign_in import read_providers

EMBEDDERS = ("auto", "azure", "builtin", "clip", "cohere")

# No model gives longer vectors; a slip must not ask for memory that is not there.
MOST_DIMENSIONS = 4096

# libpq's own words behind `auto`, which is verify-full, and prefer on this machine.
SSLMODES = ("auto", "verify-full", "verify-ca", "require", "prefer", "allow", "disable")

# Where a search in PostgreSQL is answered: by size, in this process, or by the database.
SEARCHES = ("auto", "memory", "database")

# On a public host a slip must open neither the collection nor the purse to everybody.
SAFE_SIDE = {
    "READ_ONLY": "1",
    "CALLS_PER_DAY": "0",
    "VISITOR_CALLS_PER_DAY": "0",
    "VISITOR_CALLS_PER_MINUTE": "0",
    "OWNERS": NOBODY,
    "VISITORS": NOBODY,
}


def load_settings(
    environ: Mapping[str, str] | None = None,
    dotenv_path: Path | None = None,
    secrets: Mapping[str, object] | None = None,
    root: Path | None = None,
    secrets_files: Sequence[Path] = (),
    signs_in: bool | None = None,
) -> Settings:
    """Read the settings; the environment wins over .env, .env over secrets, a blank is unset.

    Relative directories are taken from `root`. `secrets` is what Streamlit could read;
    `secrets_files` are looked at only to say why it could not. `signs_in` is whether Entra ID can
    be signed in to; without it, whether azure-identity is installed. Never raises for what a person
    wrote: the default takes its place and `Settings.problems` says so.
    """
    if signs_in is None:
        signs_in = _can_sign_in()
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
    endpoint = read.endpoint("VISION_ENDPOINT", clean_endpoint)
    key = read.key("VISION_KEY", "copy KEY 1 again from the resource's page “Keys and Endpoint”")
    cohere_endpoint = read.endpoint("COHERE_ENDPOINT", clean_cohere_endpoint)
    cohere_key = read.key("COHERE_KEY", "copy it again")
    cohere_model = read.name("COHERE_MODEL")
    if not problems:
        problems += _missing_account(embedder, endpoint, key, signs_in)
        cohere = {"COHERE_ENDPOINT": cohere_endpoint, "COHERE_MODEL": cohere_model}
        if not (signs_in and cohere_endpoint.endswith(ON_FOUNDRY)):
            cohere["COHERE_KEY"] = cohere_key
        problems += _missing_for_cohere(embedder, cohere)
        if embedder == "auto" and not endpoint and cohere_endpoint:
            problems.append(
                "COHERE_ENDPOINT is set: Cohere answers with EMBEDDER=cohere, or as a second "
                "model on the page Indexing."
            )
    owners, visitors = read.people("OWNERS"), read.people("VISITORS", domains=True)
    asked_by = [name for name in ("OWNERS", "VISITORS") if values[name]]
    auth = (secrets or {}).get("auth")
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
        # Cohere Embed
        cohere_endpoint=cohere_endpoint,
        cohere_key=cohere_key,
        cohere_model=cohere_model,
        cohere_model_name=read.name("COHERE_MODEL_NAME"),
        cohere_dimensions=read.whole_number(
            "COHERE_DIMENSIONS", f"using {Settings.cohere_dimensions}", MOST_DIMENSIONS
        )
        or Settings.cohere_dimensions,
        # The local CLIP
        clip_model=read.text("CLIP_MODEL"),
        clip_model_dir=own_clip,
        clip_threads=read.whole_number("CLIP_THREADS", "it is not used"),
        # Folders
        images_dir=read.directory("IMAGES_DIR", Settings.images_dir),
        data_dir=read.directory("DATA_DIR", Settings.data_dir),
        # Pictures elsewhere
        sources=read.text("SOURCES"),
        sources_loopback=read.flag("SOURCES_LOOPBACK", if_unclear=False),
        # The index in PostgreSQL
        **_postgres(read),
        # Hosting
        read_only=read.flag("READ_ONLY", if_unclear=True),
        calls_per_day=read.cap("CALLS_PER_DAY"),
        visitor_calls_per_day=read.cap("VISITOR_CALLS_PER_DAY"),
        visitor_calls_per_minute=read.cap("VISITOR_CALLS_PER_MINUTE"),
        owners=owners,
        visitors=visitors,
        providers=read_providers(auth, asked_by, problems) if asked_by else (),
        problems=tuple(problems),
        signs_in=signs_in,
    )


def _can_sign_in() -> bool:
    """Whether azure-identity is installed. The package itself is not imported for that."""
    try:
        return importlib.util.find_spec("azure.identity") is not None
    except ImportError:  # there is no package of Azure at all
        return False


def _missing_account(embedder: str, endpoint: str, key: str, signs_in: bool) -> Iterator[str]:
    """What Azure still needs, if anything says that Azure is wanted."""
    if embedder in ("auto", "azure") and key and not endpoint:
        yield "VISION_ENDPOINT is missing, so Azure AI Vision cannot be used yet."
    elif embedder in ("auto", "azure") and endpoint and not (key or signs_in):
        yield (
            "VISION_KEY is missing, so Azure AI Vision cannot be used yet. To sign in with Entra "
            "ID instead, install requirements-azure.txt."
        )
    elif embedder == "azure" and not endpoint:
        yield "EMBEDDER is azure, but VISION_ENDPOINT and VISION_KEY are missing."


class _Postgres(TypedDict):
    postgres_host: str
    postgres_port: int
    postgres_db: str
    postgres_user: str
    postgres_password: str
    postgres_sslmode: str
    postgres_schema: str
    postgres_search: str


def _postgres(read: Reader) -> _Postgres:
    """The settings of PostgreSQL; what is wrong or missing leaves the index in the data folder."""
    wanted = bool(read.text("POSTGRES_HOST"))
    before = len(read.problems)
    found = _Postgres(
        postgres_host=read.host("POSTGRES_HOST"),
        postgres_port=read.port("POSTGRES_PORT", Settings.postgres_port),
        postgres_db=read.text("POSTGRES_DB"),
        postgres_user=read.text("POSTGRES_USER"),
        postgres_password=read.text("POSTGRES_PASSWORD"),
        postgres_sslmode=read.choice("POSTGRES_SSLMODE", SSLMODES),
        postgres_schema=read.schema("POSTGRES_SCHEMA", Settings.postgres_schema),
        postgres_search=read.choice("POSTGRES_SEARCH", SEARCHES),
    )
    missing = [name for name in ("POSTGRES_DB", "POSTGRES_USER") if not read.text(name)]
    if wanted and missing and len(read.problems) == before:
        read.problems.append(
            f"{' and '.join(missing)} must be set too for an index in PostgreSQL; until then it "
            "is kept in DATA_DIR."
        )
    return found


def _missing_for_cohere(embedder: str, values: Mapping[str, str]) -> Iterator[str]:
    """What Cohere still needs, if it is asked for."""
    missing = [name for name, value in values.items() if not value]
    if embedder == "cohere" and missing:
        *others, last = missing
        names = f"{', '.join(others)} and {last}" if others else last
        yield f"EMBEDDER is cohere, but {names} {'are' if others else 'is'} missing."


def _as_text(value: object) -> str:
    """A setting as text: without the quotes that a container's --env-file leaves around it."""
    text = "" if value is None or is_nested(value) else str(value).strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text
