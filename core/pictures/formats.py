"""The formats that are read, and what is said of a file besides its pixels."""

from __future__ import annotations

from pathlib import PurePath

from PIL import Image

from core.pictures.kinds import kind_of

# The formats that are read; what an embedder takes of them is for its own limits to say.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO", "HEIC", "AVIF")

# What Pillow's own readers open. Its reader for JPEG opens MPO as well; HEIC has another.
READERS = tuple(name for name in FORMATS if name not in ("MPO", "HEIC"))

SUFFIXES_BY_FORMAT = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
    "ICO": (".ico",),
    "TIFF": (".tif", ".tiff"),
    "MPO": (".mpo",),
    "HEIC": (".heic", ".heif"),
    "AVIF": (".avif",),
}
EXTENSIONS = frozenset(suffix for group in SUFFIXES_BY_FORMAT.values() for suffix in group)
# Formats that are decoded at a fraction of their size, if nothing has asked for the pixels before.
DRAFTED = ("JPEG", "MPO")
DAMAGED = "The picture is damaged or cut short."

# Kinds whose names, as they are spoken, begin with a vowel.
_SPOKEN_WITH_AN = ("A", "E", "HT", "I", "MN", "MP", "MR", "O", "RW", "SV", "X")


def frame_count(image: Image.Image) -> int:
    try:
        several = bool(getattr(image, "is_animated", False))
    except Exception:  # a damaged second frame does not concern the first
        return 1
    if not several:
        return 1
    # Counting means walking the file, and a hostile GIF or TIFF holds millions of frames.
    return 2 if image.format in ("GIF", "TIFF") else int(getattr(image, "n_frames", 2))


def note_on(kind: str, frames: int, name: str) -> str:
    notes = []
    if frames > 1 and kind == "TIFF":
        notes.append("Several pages: the first is shown.")
    elif frames > 1 and kind == "HEIC":
        notes.append("Several pictures: the main one is shown.")
    elif frames > 1 and kind != "MPO":  # phones put helper pictures into most of their files
        notes.append("Animated: the first frame is shown.")
    suffix = PurePath(name).suffix.lower()
    family = "JPEG" if kind == "MPO" else kind
    named = next((f for f, group in SUFFIXES_BY_FORMAT.items() if suffix in group), "")
    named = "JPEG" if named == "MPO" else named
    if named and named != family:
        notes.append(f"The file is {with_article(family)} although its name says {named}.")
    return " ".join(notes)


def not_read(data: bytes) -> str:
    """A sentence on bytes that are no picture of a format that is read."""
    kind = kind_of(data)
    if kind:
        return f"It is {with_article(kind)} file, which is not supported; save it as JPEG or PNG."
    taken = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    return f"It is not a picture that can be read ({taken})."


def with_article(kind: str) -> str:
    """The kind with its article: "a JPEG", "an AVIF"."""
    return f"{'an' if kind.startswith(_SPOKEN_WITH_AN) else 'a'} {kind}"
