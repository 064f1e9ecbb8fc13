"""Which CLIP towers are asked for, where their files lie, and what the files say of themselves.

A CLIP is two models ("towers") that write into one space: `vision` for pictures, `text` for words.
On disk a pair is a directory with two folders:

    DIR/vision/   model.onnx, preprocessor_config.json
    DIR/text/     model.onnx, tokenizer.json, tokenizer_config.json

A folder may also carry a longer name that ends in vision or text, as a clone of
`Qdrant/clip-ViT-B-32-vision` has.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.embedders.clip.onnx_header import Tensor, read_header
from core.errors import EmbedderRefused
from core.files import write_whole
from core.settings import Settings

DEFAULT_PAIR = "Qdrant/clip-ViT-B-32"

NOT_INSTALLED = (
    "EMBEDDER is clip, but the package fastembed is not installed: run "
    "“pip install -r requirements-clip.txt” and start again."
)

# The names people know the pairs by; another pair is called by its name in the registry.
LABELS = {
    "Qdrant/clip-ViT-B-32": "CLIP ViT-B/32",
    "jinaai/jina-clip-v1": "Jina CLIP v1",
    "google/siglip2-base-patch16-224": "SigLIP 2 B/16",
}

# What fastembed reads beside the model file (its `download_files_from_huggingface` and
# `preprocessor_utils`, version 0.9.1). Anything else in a folder changes no vector.
SMALL_FILES = (
    "config.json",
    "preprocessor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
NEEDED = {
    "vision": ("preprocessor_config.json",),
    "text": ("tokenizer.json", "tokenizer_config.json"),
}


class ClipWeightsMissing(EmbedderRefused):
    """Nothing is broken: the weights have not been downloaded yet (see `ClipSetup`)."""


@dataclass(frozen=True)
class Tower:
    """One model of the registry.

    kind: "vision" or "text". name: as fastembed calls it. repo: where the hub keeps it.
    model_file: the ONNX file, relative to the tower's folder. size: bytes, roughly.
    """

    kind: str
    name: str
    repo: str
    model_file: str
    additional_files: tuple[str, ...]
    dimensions: int
    size: int

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every file that fastembed may read, relative to the repository."""
        return (self.model_file, *self.additional_files, *SMALL_FILES)


@dataclass(frozen=True)
class Pair:
    """Two towers of one space."""

    name: str
    vision: Tower
    text: Tower

    @property
    def slug(self) -> str:
        return self.name.rsplit("/", 1)[-1]

    @property
    def label(self) -> str:
        return LABELS.get(self.name, self.name)

    @property
    def size(self) -> int:
        """Bytes of both towers, as the registry gives them: two digits, no more."""
        return self.vision.size + self.text.size


@dataclass(frozen=True)
class Weights:
    """A pair whose files were found. `own` is true for a CLIP_MODEL_DIR."""

    pair: Pair
    vision: Path
    text: Path
    own: bool

    def model_path(self, kind: str) -> Path:
        return (
            self.vision / self.pair.vision.model_file
            if kind == "vision"
            else self.text / self.pair.text.model_file
        )


def is_installed() -> bool:
    """True if fastembed is there; it is not imported to find out."""
    return importlib.util.find_spec("fastembed") is not None


def known_pairs() -> dict[str, Pair]:
    """The pairs of fastembed's registry, by name.

    Two towers belong together if they share their name, or share it but for -vision and -text.
    Raises EmbedderRefused if fastembed is missing or broken.
    """
    if not is_installed():
        raise EmbedderRefused(NOT_INSTALLED)
    try:
        from fastembed import ImageEmbedding, TextEmbedding
    except ImportError as error:
        raise EmbedderRefused(
            f"The package fastembed is installed but does not start ({_first_line(error)}): run "
            "“pip install --force-reinstall -r requirements-clip.txt” and start again."
        ) from error
    texts = {item["model"]: item for item in TextEmbedding.list_supported_models()}
    pairs: dict[str, Pair] = {}
    for item in ImageEmbedding.list_supported_models():
        vision_name: str = item["model"]
        text_name = vision_name.removesuffix("-vision")
        text_name += "-text" if text_name != vision_name else ""
        text = texts.get(text_name)
        if text is None or text["dim"] != item["dim"]:
            continue
        if not (item["sources"]["hf"] and text["sources"]["hf"]):
            continue  # from a plain address: nothing of this kind is left in the registry
        name = vision_name.removesuffix("-vision")
        pairs[name] = Pair(name, _tower("vision", item), _tower("text", text))
    return pairs


def find_pair(asked: str) -> Pair:
    """The pair that CLIP_MODEL names; blank is the default. Either tower's name is accepted."""
    pairs = known_pairs()
    wanted = (asked or DEFAULT_PAIR).lower()
    for pair in pairs.values():
        if wanted in (pair.name.lower(), pair.vision.name.lower(), pair.text.name.lower()):
            return pair
    raise EmbedderRefused(
        f"CLIP_MODEL is “{asked}”, which is no pair that fastembed knows. Known: "
        + ", ".join(sorted(pairs))
        + "."
    )


def clip_dir(settings: Settings) -> Path:
    """Where this project keeps what belongs to CLIP, all of it."""
    return settings.data_dir / "clip"


def weights_dir(settings: Settings, pair: Pair) -> Path:
    """Where a downloaded pair lies; a directory that exists is complete."""
    return clip_dir(settings) / pair.slug


def find_weights(settings: Settings, pair: Pair) -> Weights:
    """Look, read nothing, load nothing.

    Raises ClipWeightsMissing if they are to be downloaded, EmbedderRefused with a sentence for a
    directory that is not a pair.
    """
    own = settings.clip_model_dir is not None
    root = settings.clip_model_dir or weights_dir(settings, pair)
    setting = "CLIP_MODEL_DIR" if own else "The CLIP folder"
    if not root.is_dir():
        if own:
            raise EmbedderRefused(
                f"CLIP_MODEL_DIR is {root}, but there is no such directory. It must hold the "
                "folders vision and text; without CLIP_MODEL_DIR the weights are downloaded."
            )
        raise ClipWeightsMissing(
            f"The weights of {pair.label} are not on this machine yet "
            f"(about {size_in_words(pair.size)} to download, once)."
        )
    found = {kind: _tower_folder(root, kind, setting) for kind in ("vision", "text")}
    weights = Weights(pair, found["vision"], found["text"], own)
    for kind, folder in found.items():
        needed = (weights.model_path(kind).relative_to(folder).as_posix(), *NEEDED[kind])
        absent = [name for name in needed if not (folder / name).is_file()]
        if absent:
            raise EmbedderRefused(
                f"{folder} is not a complete {kind} tower: {' and '.join(absent)} missing. "
                + get_again(own)
            )
    return weights


def get_again(own: bool) -> str:
    """The next step for files that cannot be used."""
    if own:
        return "Copy the tower again, or remove CLIP_MODEL_DIR to have the weights downloaded."
    return "Delete that folder; the next start downloads the weights again."


def check_headers(weights: Weights) -> None:
    """Compare what the two files declare, without loading 0.6 GB to find out.

    Raises EmbedderRefused if a file is no ONNX model, takes other tensors than a tower does, or
    if the towers write vectors of different dimensions.
    """
    declared: dict[str, int | None] = {}
    for kind in ("vision", "text"):
        path = weights.model_path(kind)
        try:
            inputs, outputs = read_header(path)
        except (ValueError, OSError) as error:
            raise EmbedderRefused(
                f"{path} cannot be read as an ONNX model: damaged, or cut short. "
                + get_again(weights.own)
            ) from error
        if kind == "vision" and not (inputs and len(inputs[0].shape) == 4):
            raise EmbedderRefused(
                f"{path} is not the vision tower of a CLIP: its input is "
                f"{_tensors(inputs)}, and pictures need pixel_values [N, 3, height, width]. "
                + get_again(weights.own)
            )
        if kind == "text" and "input_ids" not in [tensor.name for tensor in inputs]:
            raise EmbedderRefused(
                f"{path} is not the text tower of a CLIP: its input is {_tensors(inputs)}, and "
                "texts need input_ids. " + get_again(weights.own)
            )
        # A tower with several outputs (SigLIP) is read by name, so its first says nothing.
        last = outputs[0].shape[-1] if len(outputs) == 1 and outputs[0].shape else None
        declared[kind] = last if isinstance(last, int) and last > 0 else None
    vision, text = declared["vision"], declared["text"]
    if vision and text and vision != text:
        raise different_dimensions(vision, text, weights.own)


def different_dimensions(vision: int, text: int, own: bool) -> EmbedderRefused:
    return EmbedderRefused(
        f"The two towers do not belong together: the vision tower writes {vision} numbers, the "
        f"text tower {text}. " + get_again(own)
    )


def fingerprint(weights: Weights, cache: Path) -> str:
    """Twelve hex digits of SHA-256 over both towers' files: other weights, another space.

    Reading 0.6 GB takes half a second and more, so the answer is remembered in `cache` (a JSON
    file) until a size or a time of modification differs. A cache that cannot be read or written
    costs that time, nothing else.
    """
    files = list(_model_files(weights))
    stats = [(name, path.stat()) for name, path in files]
    key = hashlib.sha256(
        repr([(name, s.st_size, s.st_mtime_ns, s.st_ino) for name, s in stats]).encode()
        + str(weights.vision.resolve()).encode(errors="surrogateescape")
    ).hexdigest()
    known: dict[str, Any] = {}
    try:
        read = json.loads(cache.read_text("utf-8"))
        known = read if isinstance(read, dict) else {}
    except (OSError, ValueError):
        pass  # absent or damaged: worked out anew below
    if isinstance(known.get(key), str):
        return str(known[key])
    digest = hashlib.sha256()
    for name, path in files:
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    answer = digest.hexdigest()[:12]
    _write_cache(cache, {**known, key: answer})
    return answer


def _write_cache(cache: Path, content: dict[str, Any]) -> None:
    """Keep it where that is possible; without it the next start only takes longer."""
    with contextlib.suppress(OSError):
        write_whole(cache, json.dumps(content).encode())


def _model_files(weights: Weights) -> Iterator[tuple[str, Path]]:
    """Every file that decides the vectors, by a name that is the same on every machine."""
    for tower, folder in ((weights.pair.vision, weights.vision), (weights.pair.text, weights.text)):
        model = folder / tower.model_file
        # Weights beyond 2 GB lie beside the model as model.onnx_data or model.onnx.data.
        paths = {path for path in model.parent.iterdir() if path.name.startswith(model.name)}
        paths |= {folder / name for name in (*tower.additional_files, *SMALL_FILES)}
        for path in sorted(path for path in paths if path.is_file()):
            yield f"{tower.kind}/{path.relative_to(folder).as_posix()}", path


def _tower_folder(root: Path, kind: str, setting: str) -> Path:
    if (root / kind).is_dir():
        return root / kind
    found = [path for path in sorted(root.iterdir()) if path.is_dir() and path.name.endswith(kind)]
    if len(found) == 1:
        return found[0]
    other = "text" if kind == "vision" else "vision"
    raise EmbedderRefused(
        f"{setting} is {root}, which holds "
        + (f"several folders that end in {kind}" if found else f"no folder {kind}")
        + f": a CLIP needs both towers, in {root.name}/{kind} and {root.name}/{other}."
    )


def _tower(kind: str, item: dict[str, Any]) -> Tower:
    return Tower(
        kind=kind,
        name=item["model"],
        repo=item["sources"]["hf"],
        model_file=item["model_file"],
        additional_files=tuple(item["additional_files"]),
        dimensions=item["dim"],
        size=round(item["size_in_GB"] * 1e9),
    )


def size_in_words(size: int) -> str:
    """Bytes as people say them: "605 MB", "1.5 GB"."""
    return f"{size / 1e9:.1f} GB" if size >= 999_500_000 else f"{math.ceil(size / 1e6)} MB"


def _tensors(tensors: list[Tensor]) -> str:
    return ", ".join(tensor.name for tensor in tensors[:4]) or "nothing"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
