"""Pictures that people and attackers bring, made on the spot. Shared by several tests.

Every function returns the bytes of a file. `scene` is the ordinary picture that the others are
made of: a gradient with a red upper left corner, so that turning it the wrong way shows.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# What Pillow writes. HEIC comes from files: see tests/data/heic/make.py.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "MPO", "AVIF")
HEIC_FILES = Path(__file__).parent / "data" / "heic"


def scene(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    pixels = np.stack([across, down, 255 - across], axis=-1).astype(np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    return Image.fromarray(pixels).convert(mode)


def encode(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    if form == "ICO":
        options.setdefault("sizes", [image.size])
    if form == "MPO":
        options.setdefault("save_all", True)
        options.setdefault("append_images", [image])
    image.save(out, form, **options)
    return out.getvalue()


def picture(form: str = "JPEG", width: int = 96, height: int = 64, **options: Any) -> bytes:
    if form == "HEIC":
        assert (width, height) == (96, 64)
        return heic("orientation-1")
    return encode(scene(width, height), form, **options)


def truncated(form: str, share: float = 0.6) -> bytes:
    """A file of noise, so that its bytes are pixels nearly to the end, cut short."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    options: dict[str, Any] = {"bitmap_format": "bmp"} if form == "ICO" else {}
    if form == "MPO":
        options["append_images"] = []
    data = encode(Image.fromarray(noise), form, **options)
    return data[: int(len(data) * share)]


def turned(
    orientation: int, form: str = "JPEG", width: int = 96, height: int = 64, **options: Any
) -> bytes:
    """The scene, stored so that only its EXIF orientation puts it upright."""
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = scene(width, height)
    if orientation in stored:
        image = image.transpose(stored[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, form, exif=exif.tobytes(), **options)


def damaged_exif() -> bytes:
    """A JPEG whose EXIF is cut off in the middle of a tag."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description" * 20
    return encode(scene(), "JPEG", exif=exif.tobytes()[:22])


def cmyk() -> bytes:
    return encode(scene().convert("CMYK"), "JPEG")


def sixteen_bit(form: str = "PNG") -> bytes:
    """A grey ramp from black to white in 65,536 steps' worth of depth."""
    ramp = np.linspace(0, 65535, 96).astype(np.uint16)
    return encode(Image.fromarray(np.tile(ramp, (64, 1))), form)


def floating_point() -> bytes:
    ramp = np.linspace(0.0, 1.0, 96, dtype=np.float32)
    return encode(Image.fromarray(np.tile(ramp, (64, 1))), "TIFF")


def not_numbers() -> bytes:
    """A float TIFF of NaN and infinity."""
    values = np.full((64, 96), np.nan, dtype=np.float32)
    values[:32] = np.inf
    return encode(Image.fromarray(values), "TIFF")


def one_bit(form: str = "PNG") -> bytes:
    return encode(scene().convert("1"), form)


def palette() -> bytes:
    return encode(scene().convert("P", palette=Image.Palette.ADAPTIVE), "PNG")


def transparent(form: str = "PNG", mode: str = "RGBA") -> bytes:
    return encode(transparent_scene().convert(mode), form)


def transparent_scene() -> Image.Image:
    """Opaque red on the left, wholly transparent black on the right."""
    image = Image.new("RGBA", (96, 64), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 48, 64))
    return image


def transparent_palette() -> bytes:
    image = Image.new("P", (96, 64), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (0, 0, 48, 64))
    return encode(image, "PNG", transparency=0)


def animated(form: str = "GIF") -> bytes:
    """Red, then green, then blue."""
    frames = [Image.new("RGB", (96, 64), colour) for colour in ("red", "lime", "blue")]
    return encode(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def pages() -> bytes:
    """A TIFF of two pages, the first red."""
    first, second = (Image.new("RGB", (96, 64), colour) for colour in ("red", "blue"))
    return encode(first, "TIFF", save_all=True, append_images=[second])


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A whole PNG that says it has this size and holds almost nothing."""
    return png(width, height, depth, colour, zlib.compress(b"\0" * 64))


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A valid one-bit PNG: 900 million white pixels in some 500 kB."""
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png(width, height, 1, 0, packed)


def png(width: int, height: int, depth: int, colour: int, packed: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def tiff(
    width: int,
    height: int,
    bits: tuple[int, ...],
    sample_format: int = 1,
    *,
    photometric: int = 2,
    extra: int | None = None,
    pixels: bytes = b"",
    order: str = "<",
) -> bytes:
    """A whole TIFF in one strip of so many bits for each sample, zeros unless `pixels` are given.

    order: "<" or ">". Source for the tags: TIFF 6.0, section 8.
    """
    pixels = pixels or bytes(width * height * sum(bits) // 8)
    tags = {
        256: [width],
        257: [height],
        258: list(bits),
        259: [1],
        262: [photometric],
        273: [0],  # where the pixels begin, filled in below
        277: [len(bits)],
        278: [height],
        279: [len(pixels)],
        338: [extra] if extra is not None else [],
        339: [sample_format] * len(bits),
    }
    tags = {tag: values for tag, values in tags.items() if values}
    end_of_table = 8 + 2 + 12 * len(tags) + 4
    tails = {tag: struct.pack(f"{order}{len(v)}I", *v) for tag, v in tags.items() if len(v) > 1}
    tags[273] = [end_of_table + sum(map(len, tails.values()))]
    table, at = struct.pack(f"{order}H", len(tags)), end_of_table
    for tag, values in tags.items():
        if tag in tails:
            table += struct.pack(f"{order}HHII", tag, 4, len(values), at)
            at += len(tails[tag])
        else:
            table += struct.pack(f"{order}HHII", tag, 4, 1, values[0])
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + table + bytes(4) + b"".join(tails.values()) + pixels


def lying_size(form: str, width: int, height: int) -> bytes:
    """A picture of 96 × 64 whose header says otherwise. BMP, GIF, JPEG, PNG."""
    data = bytearray(picture(form))
    if form == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    elif form == "GIF":
        data[6:10] = struct.pack("<HH", width, height)
        at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
        data[at + 5 : at + 9] = struct.pack("<HH", width, height)
    elif form == "JPEG":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    elif form == "PNG":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    else:
        raise ValueError(form)
    return bytes(data)


def icon_bomb(width: int = 12_000, height: int = 12_000) -> bytes:
    """An icon that its directory calls 16 × 16, with a PNG of many more pixels in it."""
    inner = png_header(width, height)
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + inner


def icon_bitmap_bomb(width: int = 30_000, height: int = 60_000) -> bytes:
    """The same with a bitmap in it."""
    inner = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 32, 0, 0, 0, 0, 0, 0) + b"\0" * 64
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + inner


def broken_tiff() -> bytes:
    """A TIFF whose offsets lead out of the file."""
    entries = b"".join(
        struct.pack("<HHII", tag, 4, count, value)
        for tag, count, value in (
            (256, 1, 96),
            (257, 1, 64),
            (258, 3, 0xFFFF_FFF0),
            (259, 1, 1),
            (262, 1, 2),
            (273, 0x7FFF_FFFF, 0x7FFF_FFFF),
            (279, 1, 0x7FFF_FFFF),
        )
    )
    return b"II*\0" + struct.pack("<IH", 8, 7) + entries + struct.pack("<I", 8)


def endless_tiff() -> bytes:
    """A TIFF whose next page is always the same one."""
    data = bytearray(picture("TIFF"))
    at = int.from_bytes(data[4:8], "little")
    after = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    data[after : after + 4] = struct.pack("<I", at)
    return bytes(data)


def many_scans(scans: int = 5_000) -> bytes:
    """A progressive JPEG with its last scan repeated: small to send, long to open."""
    data = picture("JPEG", 640, 480, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def text() -> bytes:
    return b"To whom it may concern: this is not a picture.\n" * 20


def svg() -> bytes:
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def heic(name: str) -> bytes:
    """A whole HEIC of 96 × 64 pixels, by the name of its file."""
    return (HEIC_FILES / f"{name}.heic").read_bytes()


def heic_header() -> bytes:
    """The first bytes of a HEIC file, as phones make them."""
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 256


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2 with these tags, for a screen of that colour space.

    Source: ICC.1:2001-04, sections 6.1 and 6.3.
    """
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(79), **tags}
    tags[b"wtpt"] = xyz(0.9642, 1.0, 0.8249)
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + xyz(0.9642, 1.0, 0.8249)[8:]
    return head.ljust(128, b"\0") + table + body


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(power * 256), 0)


def wide_gamut_profile(ballast: int = 0) -> bytes:
    """The colours of Adobe RGB (1998), with that many bytes that say nothing."""
    colours = {
        b"rXYZ": xyz(0.6097, 0.3111, 0.0195),
        b"gXYZ": xyz(0.2053, 0.6257, 0.0609),
        b"bXYZ": xyz(0.1492, 0.0632, 0.7446),
    }
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(2.2))
    more = {b"cprt": b"text\0\0\0\0" + b"." * ballast + b"\0"}
    return profile(b"RGB ", {**colours, **curves, **more})


def linear_grey_profile() -> bytes:
    return profile(b"GRAY", {b"kTRC": gamma(1.0)})


def pdf() -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
