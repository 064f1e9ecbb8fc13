"""The formats that are read, and how a file that is not one of them is named."""

from __future__ import annotations

from pathlib import PurePath

from PIL import Image

# The formats that are read; what an embedder takes of them is for its own limits to say.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO")

# Pillow's reader for JPEG opens MPO as well, and MPO has none of its own.
READERS = tuple(name for name in FORMATS if name != "MPO")

SUFFIXES_BY_FORMAT = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
    "ICO": (".ico",),
    "TIFF": (".tif", ".tiff"),
    "MPO": (".mpo",),
}
EXTENSIONS = frozenset(suffix for group in SUFFIXES_BY_FORMAT.values() for suffix in group)
# Formats that are decoded at a fraction of their size, if nothing has asked for the pixels before.
DRAFTED = ("JPEG", "MPO")
DAMAGED = "The picture is damaged or cut short."
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
# First bytes of the formats that are taken: what starts so and is not read is damaged.
SIGNATURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n",
    b"GIF87a",
    b"GIF89a",
    b"RIFF",
    b"II*\0",
    b"MM\0*",
    b"\0\0\1\0",
)


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
    elif frames > 1 and kind != "MPO":  # phones put helper pictures into most of their files
        notes.append("Animated: the first frame is shown.")
    suffix = PurePath(name).suffix.lower()
    family = "JPEG" if kind == "MPO" else kind
    named = next((f for f, group in SUFFIXES_BY_FORMAT.items() if suffix in group), "")
    named = "JPEG" if named == "MPO" else named
    if named and named != family:
        notes.append(f"The file is a {family} although its name says {named}.")
    return " ".join(notes)


def not_a_picture(data: bytes) -> str:
    """A sentence on bytes that no reader takes."""
    taken = "JPEG, PNG, GIF, BMP, WEBP, ICO or TIFF"
    for name, matches in (
        ("a HEIC", data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS),
        ("an AVIF", data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis")),
        ("an SVG", b"<svg" in data[:1024].lower()),
        ("a PDF", data.startswith(b"%PDF")),
        ("a Photoshop", data.startswith(b"8BPS")),
        ("a JPEG XL", data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL "))),
        ("a JPEG 2000", data.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "))),
    ):
        if matches:
            return f"It is {name} file, which is not supported; save it as {taken}."
    if data.startswith(SIGNATURES):
        return DAMAGED
    return f"It is not a picture that can be read ({taken})."
