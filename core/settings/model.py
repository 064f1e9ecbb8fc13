"""The settings themselves, in sections."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What the person configured. `problems` holds one sentence for each thing that is wrong.

    Each field but `problems` is a setting of the same name in capitals.
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

    # The local CLIP.
    clip_model: str = ""
    clip_model_dir: Path | None = None
    clip_threads: int | None = None

    # Folders.
    images_dir: Path = Path("images")
    data_dir: Path = Path("data")

    # Hosting.
    read_only: bool = False
    calls_per_day: int | None = None
    visitor_calls_per_day: int | None = None
    visitor_calls_per_minute: int | None = None

    problems: tuple[str, ...] = ()

    @property
    def has_azure(self) -> bool:
        return bool(self.vision_endpoint and self.vision_key)

    @property
    def embedder_kind(self) -> str:
        """azure, builtin or clip: what `auto` comes to."""
        if self.embedder != "auto":
            return self.embedder
        return "azure" if self.has_azure else "builtin"


NAMES = tuple(each.name.upper() for each in fields(Settings) if each.name != "problems")
