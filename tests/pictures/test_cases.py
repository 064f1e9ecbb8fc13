"""Files as people have them: cases from the trackers of programs that do the same work.

Each stands for a kind, so that more members of the kind are tried than were reported.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from core.errors import PictureError
from core.model import Limits
from core.pictures import EXTENSIONS, check, display, kind_of, payload, pixels, readable_by
from core.pictures.memory import TOO_MANY_PIXELS
from tests import hostile_pictures as hostile

# pytest puts its own filters in the place of those that core.pictures sets.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

ROOT = Path(__file__).parents[2]
SERVICE = Limits("The service", ("JPEG", "PNG"), 20_971_520, above_side=10, below_side=16_000)


def shown(data: bytes) -> np.ndarray:
    """The thumbnail's pixels, shape (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(check(data).thumbnail)).convert("RGB"), dtype=int)


def seen(data: bytes) -> np.ndarray:
    """The pixels that an embedder of this machine gets, shape (height, width, 3)."""
    return np.asarray(pixels(data, 4000), dtype=int)


def refusal(data: bytes) -> str:
    with pytest.raises(PictureError) as error:
        check(data)
    return str(error.value)


def photograph(width: int = 800, height: int = 600, seed: int = 7) -> Image.Image:
    colours = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC)


def is_red(colour: np.ndarray) -> bool:
    return bool(colour[0] > 200 and colour[1] < 60 and colour[2] < 60)


# --- HEIC and AVIF


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_a_telephone_picture_is_read(form: str) -> None:
    checked = check(hostile.picture(form))
    assert (checked.format, checked.width, checked.height) == (form, 96, 64)
    assert is_red(shown(hostile.picture(form))[15, 15])


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_a_telephone_picture_goes_to_a_service_as_a_jpeg(form: str) -> None:
    data = hostile.picture(form)
    sent = payload(data, check(data), SERVICE)
    assert sent.altered
    assert check(sent.data).format == "JPEG"
    assert np.abs(seen(sent.data) - seen(data)).mean() < 3


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_an_embedder_of_this_machine_gets_a_telephone_picture_itself(form: str) -> None:
    data = hostile.picture(form)
    assert payload(data, check(data), readable_by("The model")).data is data


def test_the_suffixes_of_telephone_pictures_are_looked_at() -> None:
    assert {".heic", ".heif", ".avif"} <= EXTENSIONS


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_turned_by_its_own_properties_and_no_second_time(orientation: int) -> None:
    data = hostile.heic(f"orientation-{orientation}")
    checked = check(data)
    assert (checked.width, checked.height) == (96, 64)
    assert is_red(seen(data)[15, 15])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_is_turned_by_its_own_properties(orientation: int) -> None:
    data = hostile.turned(orientation, "AVIF")
    checked = check(data)
    assert (checked.width, checked.height) == (96, 64)
    assert is_red(seen(data)[15, 15])


def test_the_exif_of_a_heic_turns_nothing() -> None:
    stored = hostile.heic("orientation-1")
    unturned, turned = (struct.pack(">HHIH", 0x0112, 3, 1, value) for value in (1, 6))
    if unturned not in stored:
        unturned, turned = (struct.pack("<HHIH", 0x0112, 3, 1, value) for value in (1, 6))
    assert stored.count(unturned) == 1
    assert check(stored.replace(unturned, turned)).width == 96


def test_a_transparent_heic_keeps_its_alpha_on_the_way_to_a_service() -> None:
    data = hostile.heic("transparent")
    sent = payload(data, check(data), SERVICE)
    assert check(sent.data).format == "PNG"
    assert Image.open(io.BytesIO(sent.data)).getpixel((90, 5))[3] == 0  # type: ignore[index]


def test_of_several_pictures_in_a_heic_the_main_one_is_shown_and_said() -> None:
    checked = check(hostile.heic("two"))
    assert checked.note == "Several pictures: the main one is shown."
    assert is_red(shown(hostile.heic("two"))[30, 30])


def test_of_an_animated_avif_the_first_frame_is_shown_and_said() -> None:
    checked = check(hostile.animated("AVIF"))
    assert checked.note == "Animated: the first frame is shown."
    assert is_red(shown(hostile.animated("AVIF"))[30, 30])


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_a_header_of_more_pixels_than_fit_in_memory_is_refused(form: str) -> None:
    data = hostile.picture(form)
    large = data.replace(struct.pack(">II", 96, 64), struct.pack(">II", 14_000, 14_000))
    assert large != data
    assert refusal(large) == TOO_MANY_PIXELS


@pytest.mark.parametrize("options", [{}, {"save_all": True}], ids=["still", "animated"])
def test_an_avif_that_calls_many_pixels_few_is_refused(options: dict[str, object]) -> None:
    many = Image.new("L", (6_000, 6_000), 128)
    if options:
        options = {**options, "append_images": [Image.new("L", many.size, 90)]}
    data = hostile.encode(many, "AVIF", speed=10, **options)
    small = data.replace(struct.pack(">II", 6_000, 6_000), struct.pack(">II", 60, 60))
    assert small != data
    assert refusal(small) == TOO_MANY_PIXELS


def test_a_heic_of_a_header_alone_is_refused_in_a_sentence() -> None:
    assert refusal(hostile.heic_header()).endswith(".")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_a_telephone_picture_cut_short_is_refused(form: str, share: float) -> None:
    data = hostile.picture(form)
    assert "cut short" in refusal(data[: int(len(data) * share)])


def test_the_reader_of_heic_is_loaded_with_the_first_heic() -> None:
    code = (
        "import sys, core.pictures as p\n"
        "from tests import hostile_pictures as h\n"
        "p.check(h.picture('JPEG')); p.check(h.picture('AVIF'))\n"
        "assert '_pi_heif' not in sys.modules\n"
        "p.check(h.picture('HEIC'))\n"
        "assert '_pi_heif' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_a_changed_byte_leaves_a_picture_or_a_sentence(form: str) -> None:
    data = hostile.picture(form)
    random = np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(data)
        for at in random.integers(0, len(data), 3):
            changed[at] = random.integers(0, 256)
        try:
            check(bytes(changed))
        except PictureError as error:
            assert str(error).endswith(".")


# --- what a file is, by its first bytes


@pytest.mark.parametrize(
    "form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF", "HEIC", "AVIF"]
)
def test_a_picture_is_recognised_by_its_first_kilobyte(form: str) -> None:
    assert kind_of(hostile.picture(form)[:1024]) == form


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\x0a" + bytes(500), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (hostile.encode(photograph(), "JPEG2000"), "JPEG 2000"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(300), "CR2"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "CR3"),
        (b"FUJIFILMCCD-RAW 0201", "RAF"),
        (b"\0\0\0\x14ftypqt  " + bytes(500), "QuickTime movie"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "MP4 movie"),
        (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc", "HEIC sequence"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", "HEIC"),
        (hostile.pdf(), "PDF"),
        (hostile.svg(), "SVG"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "AppleDouble"),
        (hostile.text(), ""),
        (b"BM is how this letter begins.", ""),
        (b"", ""),
    ],
)
def test_what_is_not_read_is_named(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


def test_a_camera_file_is_refused_by_its_name_and_not_taken_for_a_tiff() -> None:
    preview = hostile.picture("TIFF")[8:]
    assert refusal(b"II*\0\x10\0\0\0CR\2\0" + preview).startswith("It is a CR2 file")


# --- parts of a PNG that its pixels do not need


def with_text(add: str, **options: object) -> bytes:
    text = PngImagePlugin.PngInfo()
    getattr(text, add)("workflow", "node " * 400_000, **options)
    return hostile.encode(hostile.scene(), "PNG", pnginfo=text)


def png_with(name: bytes, body: bytes, *, wrong: bool = False, last: bool = False) -> bytes:
    """The scene with one part more, before its pixels or behind them."""
    data = hostile.picture("PNG")
    checksum = zlib.crc32(name + body) ^ wrong
    part = struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)
    at = data.index(b"IEND" if last else b"IDAT") - 4
    return data[:at] + part + data[at:]


PNG_PARTS = {
    "compressed text": with_text("add_text", zip=True),
    "plain text": with_text("add_text"),
    "compressed international text": with_text("add_itxt", zip=True),
    "seventy megabytes of text": png_with(b"tEXt", b"a\0" + b"b" * 70_000_000),
    "text that is not compressed as it says": png_with(b"zTXt", b"a\0\7bc"),
    "oversized profile": hostile.encode(hostile.scene(), "PNG", icc_profile=bytes(3_000_000)),
    "damaged profile": png_with(b"iCCP", b"name\0\0not compressed at all"),
    "profile without a name": png_with(b"iCCP", b""),
    "wrong checksum of text": png_with(b"tEXt", b"a\0b", wrong=True),
    "wrong checksum of a time": png_with(b"tIME", bytes(7), wrong=True),
    "wrong checksum of a resolution": png_with(b"pHYs", bytes(9), wrong=True),
    "wrong checksum of EXIF": png_with(b"eXIf", b"MM\0*", wrong=True),
    "wrong checksum behind the pixels": png_with(b"tEXt", b"a\0b", wrong=True, last=True),
    "short gamma": png_with(b"gAMA", b"\0"),
    "part of nobody": png_with(b"vpAg", bytes(9)),
}


@pytest.mark.parametrize("name", PNG_PARTS)
def test_what_the_pixels_of_a_png_do_not_need_does_not_matter(name: str) -> None:
    assert np.array_equal(seen(PNG_PARTS[name]), np.asarray(hostile.scene()))
    assert check(PNG_PARTS[name]).note == ""


def test_a_png_with_long_text_is_sent_as_it_is() -> None:
    data = PNG_PARTS["compressed text"]
    assert payload(data, check(data), SERVICE).data is data


def test_a_wrong_checksum_of_what_is_needed_is_still_damage() -> None:
    data = bytearray(hostile.picture("PNG"))
    data[29] ^= 1  # of the header
    assert refusal(bytes(data)) == "The picture is damaged or cut short."


def test_a_png_of_a_million_empty_parts_is_refused() -> None:
    part = struct.pack(">I4sI", 0, b"teXt", zlib.crc32(b"teXt"))
    data = hostile.picture("PNG")
    at = data.index(b"IDAT") - 4
    assert refusal(data[:at] + part * 300_000 + data[at:]) == (
        "It is a PNG made to take very long to open."
    )


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "GIF"])
def test_long_text_in_another_format_does_not_matter_either(form: str) -> None:
    options: dict[str, object] = {"comment": b"node " * 10_000}
    if form == "WEBP":
        options = {"xmp": b"node " * 400_000}
    elif form == "TIFF":
        options = {"description": "node " * 400_000}
    assert check(hostile.picture(form, **options)).width == 96


# --- files that are cut short

WHOLE = {
    "JPEG": hostile.encode(photograph(), "JPEG", quality=90),
    "JPEG of a camera": hostile.encode(
        photograph(), "JPEG", quality=90, restart_marker_rows=1, subsampling=2
    ),
    "grey JPEG": hostile.encode(photograph().convert("L"), "JPEG", quality=95),
    "CMYK JPEG": hostile.encode(photograph().convert("CMYK"), "JPEG", quality=95),
    "PNG": hostile.encode(photograph(), "PNG"),
    "PNG with alpha": hostile.encode(photograph().convert("RGBA"), "PNG"),
    "grey PNG": hostile.encode(photograph().convert("L"), "PNG"),
    "GIF": hostile.encode(photograph().quantize(64, dither=Image.Dither.FLOYDSTEINBERG), "GIF"),
    "BMP": hostile.encode(photograph(), "BMP"),
    "TIFF": hostile.encode(photograph(), "TIFF"),
    "WEBP": hostile.encode(photograph(), "WEBP", quality=90),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_that_lacks_little_is_read_and_said(name: str) -> None:
    data = WHOLE[name]
    cut = data[: int(len(data) * 0.97)]
    assert re.fullmatch(r"Cut short: the last \d % are missing\.", check(cut).note)
    whole, found = shown(data), shown(cut)
    lines = slice(int(len(whole) * 0.12), int(len(whole) * 0.88))
    assert np.abs(found[lines] - whole[lines]).mean() < 2


@pytest.mark.parametrize("name", WHOLE)
def test_half_a_picture_is_refused_with_what_is_missing(name: str) -> None:
    data = WHOLE[name]
    found = re.fullmatch(
        r"It is cut short: the last (\d+) % are missing\. Copy the file again\.",
        refusal(data[: len(data) // 2]),
    )
    assert found
    assert 30 < int(found[1]) < 70


@pytest.mark.parametrize("missing", [1, 2, 20])
def test_a_jpeg_without_its_last_bytes_is_read_and_said(missing: int) -> None:
    checked = check(WHOLE["JPEG"][:-missing])
    assert checked.note.startswith("Cut short: ")
    assert np.abs(shown(WHOLE["JPEG"][:-missing]) - shown(WHOLE["JPEG"])).mean() < 2


def test_a_progressive_jpeg_cut_in_its_last_pass_is_read_and_said() -> None:
    data = hostile.encode(photograph(), "JPEG", quality=90, progressive=True)
    assert check(data[: int(len(data) * 0.95)]).note == "Cut short: nothing that shows is missing."


def test_a_webp_that_counts_a_byte_too_many_is_whole() -> None:
    assert check(WHOLE["WEBP"][:-1]).note == ""


def test_a_progressive_jpeg_without_its_last_pass_is_refused() -> None:
    data = hostile.encode(photograph(), "JPEG", quality=90, progressive=True)
    assert "cut short" in refusal(data[: data.rindex(b"\xff\xda")])


def test_an_embedder_of_this_machine_gets_what_there_is_of_a_picture() -> None:
    data = WHOLE["PNG"][: int(len(WHOLE["PNG"]) * 0.97)]
    assert np.array_equal(seen(data)[:500], seen(WHOLE["PNG"])[:500])
    assert len(display(data)) > 1000


def test_a_service_gets_a_whole_copy_of_a_picture_that_is_cut_short() -> None:
    data = WHOLE["JPEG"][:-20]
    sent = payload(data, check(data), SERVICE)
    assert sent.altered
    assert check(sent.data).note == ""


def test_a_whole_picture_has_no_note() -> None:
    assert [check(data).note for data in WHOLE.values()] == [""] * len(WHOLE)


# --- transparent pictures


def drawing(ink: tuple[int, ...], mode: str = "RGBA") -> Image.Image:
    """A ring of this ink on nothing."""
    canvas = Image.new("RGBA", (400, 160), (*ink[:3], 0))
    ImageDraw.Draw(canvas).ellipse((60, 20, 340, 140), outline=ink, width=14)
    return canvas.convert(mode)


INKS = {
    "white": (255, 255, 255, 255),
    "black": (0, 0, 0, 255),
    "light yellow": (255, 255, 200, 255),
    "light grey": (230, 230, 230, 255),
    "middle grey": (128, 128, 128, 255),
    "red": (220, 20, 20, 255),
    "half transparent white": (255, 255, 255, 140),
}


@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_drawing_on_nothing_can_be_seen(form: str, ink: str) -> None:
    for view in (shown, seen):
        found = view(hostile.encode(drawing(INKS[ink]), form))
        height, width, _ = found.shape
        ring, inside = found[height // 2, int(width * 67 / 400)], found[height // 2, width // 2]
        assert np.abs(ring - inside).max() > 30


@pytest.mark.parametrize("ink", ["black", "red"])
def test_what_can_be_seen_on_white_stands_on_white(ink: str) -> None:
    assert shown(hostile.encode(drawing(INKS[ink]), "PNG"))[2, 2].min() > 240


def test_white_and_black_on_nothing_can_both_be_seen() -> None:
    canvas = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    canvas.paste((255, 255, 255, 255), (20, 20, 80, 80))
    canvas.paste((0, 0, 0, 255), (120, 20, 180, 80))
    found = seen(hostile.encode(canvas, "PNG"))
    ground = found[5, 5]
    assert np.abs(found[50, 50] - ground).min() > 60
    assert np.abs(found[50, 150] - ground).min() > 60


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "TIFF"])
def test_white_on_nothing_can_be_seen_in_every_way_of_storing_it(form: str) -> None:
    image = drawing(INKS["white"], "LA" if form == "TIFF" else "RGBA")
    found = seen(hostile.encode(image, form))
    assert np.abs(found[80, 67] - found[80, 200]).max() > 60


def test_a_transparent_picture_is_sent_as_it_is() -> None:
    data = hostile.encode(drawing(INKS["white"]), "PNG")
    assert payload(data, check(data), SERVICE).data is data


# --- alpha that is empty


def bitmap_with_empty_alpha() -> bytes:
    """A BMP of 32 bits whose header names an alpha channel that holds nothing but zeros."""
    blue_first = np.asarray(hostile.scene())[::-1, :, ::-1]
    stored = np.concatenate([blue_first, np.zeros_like(blue_first[..., :1])], -1).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 124, 96, 64, 1, 32, 3, len(stored), 2835, 2835, 0, 0)
    header += masks + b"BGRs" + bytes(64)
    return b"BM" + struct.pack("<IHHI", 138 + len(stored), 0, 0, 138) + header + stored


def with_empty_alpha(form: str, mode: str = "RGBA") -> bytes:
    image = hostile.scene().convert(mode)
    image.putalpha(0)
    options = {"exact": True} if form == "WEBP" else {}
    return hostile.encode(image, form, **options)


@pytest.mark.parametrize(
    "data",
    [bitmap_with_empty_alpha(), with_empty_alpha("PNG"), with_empty_alpha("TIFF")],
    ids=["bmp", "png", "tiff"],
)
def test_alpha_that_is_zero_everywhere_is_no_alpha(data: bytes) -> None:
    assert np.array_equal(seen(data), np.asarray(hostile.scene()))


def test_grey_with_alpha_that_is_zero_everywhere_is_grey() -> None:
    data = with_empty_alpha("PNG", "LA")
    assert np.array_equal(seen(data)[..., 0], np.asarray(hostile.scene().convert("L")))


def test_one_colour_that_is_transparent_everywhere_is_nothing_on_white() -> None:
    assert seen(hostile.encode(Image.new("RGBA", (60, 40), (255, 0, 0, 0)), "PNG")).min() == 255


def test_one_pixel_that_is_not_transparent_makes_it_alpha() -> None:
    image = hostile.scene().convert("RGBA")
    image.putalpha(0)
    image.putpixel((90, 60), (0, 0, 0, 255))
    assert seen(hostile.encode(image, "PNG"))[15, 15].min() == 255


# --- sixteen bits that are not all used


def ramp(low: int, high: int) -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(low, high, 400).astype(np.uint16), (300, 1)))


@pytest.mark.parametrize("form", ["TIFF", "PNG"])
@pytest.mark.parametrize(("low", "high"), [(0, 1023), (0, 4095), (64, 940), (20_000, 20_500)])
def test_sixteen_bits_are_shown_over_the_range_that_is_used(form: str, low: int, high: int) -> None:
    found = shown(hostile.encode(ramp(low, high), form))[100, :, 0]
    assert found[0] < 8
    assert found[-1] > 247
    assert abs(found[len(found) // 2] - 128) < 8


@pytest.mark.parametrize("low", [0, 10_000])
def test_sixteen_bits_that_are_used_are_shown_as_they_are(low: int) -> None:
    found = seen(hostile.encode(ramp(low, 65_535), "PNG"))[100, :, 0]
    assert np.allclose(found, np.linspace(low, 65_535, 400) / 257, atol=1.5)


def deep_png(values: np.ndarray) -> bytes:
    """A PNG of sixteen bits, which Pillow does not write. values: (height, width, 3 or 4)."""
    height, width, colours = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    kind = 2 if colours == 3 else 6
    return hostile.png(width, height, 16, kind, zlib.compress(rows))


def deep_tiff(values: np.ndarray, order: str) -> bytes:
    height, width, colours = values.shape
    stored = values.astype(f"{order}u2").tobytes()
    return hostile.tiff(width, height, (16,) * colours, pixels=stored, order=order)


def colour_ramp(low: int, high: int) -> np.ndarray:
    across = np.linspace(low, high, 200).astype(np.uint16)
    return np.stack(
        [np.tile(across, (60, 1)), np.full((60, 200), low), np.full((60, 200), high)], -1
    )


@pytest.mark.parametrize(("low", "high"), [(0, 1023), (0, 4095), (300, 900)])
@pytest.mark.parametrize("stored", ["PNG", "PNG with alpha", "TIFF", "TIFF, big end first"])
def test_sixteen_bits_a_colour_are_shown_over_the_range_that_is_used(
    stored: str, low: int, high: int
) -> None:
    values = colour_ramp(low, high)
    if stored == "PNG with alpha":
        opaque = np.full((60, 200, 1), 65_535, np.uint16)
        data = deep_png(np.concatenate([values, opaque], axis=-1))
    elif stored == "PNG":
        data = deep_png(values)
    else:
        data = deep_tiff(values, "<" if stored == "TIFF" else ">")
    found = seen(data)
    assert np.allclose(found[30, :, 0], np.linspace(0, 255, 200), atol=2)
    assert np.allclose(found[30, :, 1:], [0, 255], atol=2)


def test_sixteen_bits_a_colour_that_are_used_are_shown_as_they_are() -> None:
    found = seen(deep_png(colour_ramp(1_000, 65_535)))
    assert np.allclose(found[30, :, 0], np.linspace(1_000, 65_535, 200) / 257, atol=1.5)


def test_sixteen_bits_of_one_value_keep_it() -> None:
    data = hostile.encode(Image.fromarray(np.full((60, 80), 32_768, np.uint16)), "PNG")
    assert shown(data).mean() == pytest.approx(128, abs=2)


def test_ten_bits_in_sixteen_are_sent_as_they_are() -> None:
    data = hostile.encode(ramp(0, 1023), "PNG")
    assert payload(data, check(data), SERVICE).data is data


# --- layouts that are not decoded


@pytest.mark.parametrize(
    ("data", "layout"),
    [
        (hostile.tiff(40, 30, (32,) * 3, 3), "TIFF of 32-bit float colours"),
        (hostile.tiff(40, 30, (64,) * 3, 3), "TIFF of 64-bit float colours"),
        (hostile.tiff(40, 30, (16,) * 3, 3), "TIFF of 16-bit float colours"),
        (hostile.tiff(40, 30, (16,) * 5, photometric=1), "TIFF of 16-bit values in 5 bands"),
        (hostile.tiff(40, 30, (16, 16), photometric=1, extra=2), "TIFF of 16-bit grey with alpha"),
        (hostile.tiff(40, 30, (32,) * 3), "TIFF of 32-bit colours"),
        (hostile.tiff(40, 30, (64,), 3, photometric=1), "TIFF of 64-bit float grey"),
        (hostile.tiff(40, 30, (64,), 6, photometric=1), "TIFF of 64-bit complex grey"),
    ],
)
def test_a_layout_that_is_not_decoded_is_named(data: bytes, layout: str) -> None:
    assert refusal(data) == f"A {layout} is not read; save it as 8 bits."


def test_a_compression_that_is_not_decoded_is_named() -> None:
    plain, lerc = (struct.pack("<HHII", 259, 4, 1, number) for number in (1, 34_887))
    data = hostile.tiff(40, 30, (8,) * 3).replace(plain, lerc)
    assert refusal(data) == "A TIFF compressed by LERC is not read; save it without compression."


def test_a_jpeg_of_twelve_bits_is_named() -> None:
    data = bytearray(hostile.picture("JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 1], data[frame + 4] = 0xC1, 12
    assert refusal(bytes(data)) == "A JPEG of 12 bits a colour is not read; save it as 8 bits."


# --- colour profiles


def adobe(colour: tuple[int, int, int]) -> np.ndarray:
    """What a colour of Adobe RGB is in sRGB, computed by its primaries and curves."""
    linear = (np.array(colour) / 255) ** 2.2
    to_xyz = np.array(
        [[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]]
    )
    from_xyz = np.array(
        [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]]
    )
    srgb = np.clip(from_xyz @ to_xyz @ linear, 0, 1)
    return np.where(srgb <= 0.0031308, 12.92 * srgb, 1.055 * srgb ** (1 / 2.4) - 0.055) * 255


COLOUR = (120, 160, 90)


@pytest.mark.parametrize("ballast", [0, 6_000, 600_000])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_wide_gamut_is_converted_to_srgb(form: str, ballast: int) -> None:
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    options = {"lossless": True} if form == "WEBP" else options
    options = {"quality": 100} if form == "AVIF" else options
    profile = hostile.wide_gamut_profile(ballast)
    data = hostile.encode(Image.new("RGB", (96, 64), COLOUR), form, icc_profile=profile, **options)
    for view in (shown, seen):
        assert np.allclose(view(data)[30, 30], adobe(COLOUR), atol=4)
    large = np.asarray(Image.open(io.BytesIO(display(data))), dtype=int)
    assert np.allclose(large[30, 30], adobe(COLOUR), atol=4)


def test_a_wide_gamut_heic_is_converted_to_srgb() -> None:
    plain, wide = seen(hostile.heic("orientation-1")), seen(hostile.heic("wide-gamut"))
    assert np.allclose(wide[55, 60], adobe(tuple(plain[55, 60])), atol=8)


def test_the_alpha_of_a_picture_with_a_profile_stays() -> None:
    profile = hostile.wide_gamut_profile()
    image = Image.new("RGBA", (96, 64), (*COLOUR, 255))
    image.paste((0, 0, 0, 0), (48, 0, 96, 64))
    found = seen(hostile.encode(image, "PNG", icc_profile=profile))
    assert np.allclose(found[30, 20], adobe(COLOUR), atol=3)
    assert found[30, 80].min() == 255


def test_grey_with_a_linear_profile_is_shown_as_light_as_it_is() -> None:
    image = Image.new("L", (96, 64), 55)
    data = hostile.encode(image, "PNG", icc_profile=hostile.linear_grey_profile())
    assert shown(data)[30, 30] == pytest.approx([128] * 3, abs=4)


def test_grey_with_a_profile_of_colours_is_shown_by_its_curve() -> None:
    image = Image.new("L", (96, 64), 128)
    data = hostile.encode(image, "JPEG", icc_profile=hostile.wide_gamut_profile())
    assert np.allclose(shown(data)[30, 30], adobe((128, 128, 128)), atol=3)


def test_srgb_under_any_name_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = hostile.scene()
    assert np.array_equal(
        seen(hostile.encode(image, "PNG", icc_profile=profile)), np.asarray(image)
    )


@pytest.mark.parametrize(
    "profile",
    [
        b"p" * 600,
        hostile.wide_gamut_profile()[:200],
        hostile.linear_grey_profile(),
        bytes(5_000_000),
    ],
    ids=["noise", "cut", "grey", "oversized"],
)
def test_a_profile_that_does_not_fit_the_picture_is_ignored(profile: bytes) -> None:
    data = hostile.picture("TIFF", icc_profile=profile)
    assert np.array_equal(seen(data), np.asarray(hostile.scene()))


def test_a_picture_with_a_profile_is_sent_as_it_is() -> None:
    data = hostile.picture("JPEG", icc_profile=hostile.wide_gamut_profile())
    assert payload(data, check(data), SERVICE).data is data


def test_a_copy_for_a_service_is_in_srgb() -> None:
    image = Image.new("RGB", (96, 64), COLOUR)
    data = hostile.encode(image, "TIFF", icc_profile=hostile.wide_gamut_profile())
    sent = payload(data, check(data), SERVICE)
    assert np.allclose(seen(sent.data)[30, 30], adobe(COLOUR), atol=4)
    assert "icc_profile" not in Image.open(io.BytesIO(sent.data)).info


# --- what turns a picture

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF"])
def test_the_orientation_in_xmp_turns_nothing(form: str) -> None:
    data = hostile.picture(form, xmp=XMP)
    assert (check(data).width, seen(data).shape) == (96, (64, 96, 3))


def test_the_orientation_in_the_xmp_of_a_png_turns_nothing() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = hostile.encode(hostile.scene(), "PNG", pnginfo=text)
    assert (check(data).width, seen(data).shape) == (96, (64, 96, 3))


def test_the_orientation_in_the_xmp_of_a_tiff_turns_nothing() -> None:
    data = hostile.picture("TIFF", tiffinfo={700: XMP})
    assert Image.open(io.BytesIO(data)).getexif()[0x0112] == 6  # Pillow would turn it
    assert (check(data).width, seen(data).shape) == (96, (64, 96, 3))


def test_the_orientation_in_the_text_of_a_png_turns_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = exif.tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(raw)}\n{raw.hex()}\n", zip=True)
    data = hostile.encode(hostile.scene(), "PNG", pnginfo=text)
    assert (check(data).width, seen(data).shape) == (96, (64, 96, 3))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_turns_what_is_shown_embedded_and_sent_alike(form: str) -> None:
    data = hostile.turned(6, form)
    checked = check(data)
    sent = payload(data, checked, SERVICE)
    for view in (shown(data), seen(data), seen(sent.data)):
        assert view.shape == (64, 96, 3)
        assert is_red(view[15, 15])


def test_exif_goes_before_xmp() -> None:
    exif = Image.Exif()
    exif[0x0112] = 1
    data = hostile.picture("JPEG", exif=exif, xmp=XMP)
    assert check(data).width == 96
