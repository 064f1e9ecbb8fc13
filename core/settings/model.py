"""The settings themselves, in sections."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from core.settings.endpoint import ON_FOUNDRY
from core.settings.sign_in import Provider


@dataclass(frozen=True)
class Settings:
    """What the person configured. `problems` holds one sentence for each thing that is wrong.

    Each field but those of NO_SETTINGS is a setting of the same name in capitals.
    """

    # Which embedder answers.
    embedder: str = "auto"

    # Azure AI Vision.
    vision_endpoint: str = ""
    vision_key: str = field(default="", repr=False)
    vision_api_version: str = "2024-02-01"
    vision_model_version: str = "2023-04-15"
    vision_calls_per_second: float | None = None
    vision_price_per_1000: float | None = None

    # Cohere Embed. The endpoint is the whole address of the operation.
    cohere_endpoint: str = ""
    cohere_key: str = field(default="", repr=False)
    cohere_model: str = ""
    cohere_model_name: str = ""
    cohere_dimensions: int = 1024

    # The local CLIP.
    clip_model: str = ""
    clip_model_dir: Path | None = None
    clip_threads: int | None = None

    # Folders.
    images_dir: Path = Path("images")
    data_dir: Path = Path("data")

    # Pictures elsewhere. An address may hold a signature.
    sources: str = field(default="", repr=False)
    sources_loopback: bool = False

    # The index in PostgreSQL.
    postgres_host: str = ""
    postgres_port: int = 5432
    postgres_db: str = ""
    postgres_user: str = ""
    postgres_password: str = field(default="", repr=False)
    postgres_sslmode: str = "auto"
    postgres_schema: str = "vectorscope"
    postgres_search: str = "auto"

    # Hosting.
    read_only: bool = False
    calls_per_day: int | None = None
    visitor_calls_per_day: int | None = None
    visitor_calls_per_minute: int | None = None

    # Signing in: addresses, of visitors domains too, in small letters. None: not asked for.
    owners: tuple[str, ...] | None = None
    visitors: tuple[str, ...] | None = None

    problems: tuple[str, ...] = ()

    # Whether azure-identity is installed: then an address of Azure needs no key.
    signs_in: bool = False

    # Who signs people in, where that is asked for and can be.
    providers: tuple[Provider, ...] = ()

    @property
    def has_azure(self) -> bool:
        return bool(self.vision_endpoint and (self.vision_key or self.signs_in))

    @property
    def has_cohere(self) -> bool:
        key = self.cohere_key or (self.signs_in and self.cohere_endpoint.endswith(ON_FOUNDRY))
        return bool(self.cohere_endpoint and key and self.cohere_model)

    @property
    def embedder_kind(self) -> str:
        """azure, builtin, clip or cohere: what `auto` comes to."""
        if self.embedder != "auto":
            return self.embedder
        return "azure" if self.has_azure else "builtin"

    @property
    def has_postgres(self) -> bool:
        """True if the index lies in PostgreSQL, else in the data folder."""
        return bool(self.postgres_host and self.postgres_db and self.postgres_user)


NO_SETTINGS = ("problems", "signs_in", "providers")
NAMES = tuple(each.name.upper() for each in fields(Settings) if each.name not in NO_SETTINGS)
