"""core.pictures: what is taken, what is refused and why, and what is made of it."""

from __future__ import annotations

import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import PictureError
from core.model import Limits
from core.pictures import (
    EXTENSIONS,
    FORMATS,
    MAX_FILE_BYTES,
    SUFFIXES_BY_FORMAT,
    Payload,
    checking,
    sending,
    tones,
)
from core.pictures.checking import check, display, remake_thumbnail
from core.pictures.formats import DAMAGED
from core.pictures.memory import TOO_MANY_PIXELS
from core.pictures.sending import payload, readable_by
from tests import hostile_pictures as hostile

# A service's limits, by what they are in practice.
LIMITS = Limits("The service", FORMATS, 20_971_520, above_side=10, below_side=16_000)

# pytest puts its own filters in the place of those that core.pictures sets.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


def shown(thumbnail: bytes) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail)).convert("RGB")


def colour(thumbnail: bytes, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given as shares of width and height."""
    image = shown(thumbnail)
    found = image.getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


def is_red(found: tuple[int, ...]) -> bool:
    return found[0] > 200 and found[1] < 60 and found[2] < 60


def refusal(data: bytes, name: str = "") -> str:
    with pytest.raises(PictureError) as error:
        check(data, name)
    return str(error.value)


# --- what is taken


@pytest.mark.parametrize("form", hostile.FORMATS)
def test_every_format_is_read(form: str) -> None:
    data = hostile.picture(form)
    checked = check(data)
    assert checked.format == form
    assert (checked.width, checked.height) == (96, 64)
    assert checked.id == hashlib.sha256(data).hexdigest()
    assert is_red(colour(checked.thumbnail, 0.2, 0.2))
    assert not is_red(colour(checked.thumbnail, 0.8, 0.8))


def test_a_thumbnail_is_a_jpeg_of_at_most_320_pixels_a_side() -> None:
    thumbnail = check(hostile.picture("PNG", 1000, 500)).thumbnail
    image = Image.open(io.BytesIO(thumbnail))
    assert (image.format, image.size) == ("JPEG", (320, 160))


def test_a_picture_smaller_than_a_thumbnail_is_not_enlarged() -> None:
    assert shown(check(hostile.picture("PNG", 40, 30)).thumbnail).size == (40, 30)


def test_a_thumbnail_made_again_is_the_same() -> None:
    data = hostile.picture("JPEG", 800, 600)
    assert remake_thumbnail(data) == check(data).thumbnail


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_rotated_picture_is_shown_upright(form: str, orientation: int) -> None:
    checked = check(hostile.turned(orientation, form))
    assert (checked.width, checked.height) == (96, 64)
    assert shown(checked.thumbnail).size == (96, 64)
    assert is_red(colour(checked.thumbnail, 0.2, 0.2))


def test_a_rotated_palette_picture_is_shown_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = hostile.scene().transpose(Image.Transpose.ROTATE_90).quantize(64)
    checked = check(hostile.encode(stored, "PNG", exif=exif))
    assert (checked.width, checked.height) == (96, 64)
    assert is_red(colour(checked.thumbnail, 0.2, 0.2))


def test_a_picture_turned_upside_down_keeps_its_width_and_height() -> None:
    checked = check(hostile.turned(3, "JPEG", 401, 400))
    assert (checked.width, checked.height) == (401, 400)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    checked = check(hostile.encode(hostile.scene(), "JPEG", exif=exif))
    assert is_red(colour(checked.thumbnail, 0.2, 0.2))


def test_damaged_exif_does_not_concern_the_picture() -> None:
    assert is_red(colour(check(hostile.damaged_exif()).thumbnail, 0.2, 0.2))


def test_cmyk_is_shown_in_its_colours() -> None:
    assert is_red(colour(check(hostile.cmyk()).thumbnail, 0.2, 0.2))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(form: str) -> None:
    thumbnail = check(hostile.sixteen_bit(form)).thumbnail
    found = [colour(thumbnail, x, 0.5)[0] for x in (0.02, 0.25, 0.5, 0.75, 0.98)]
    assert np.allclose(found, [3, 64, 128, 192, 252], atol=8)


def test_big_endian_sixteen_bits_are_read_as_such() -> None:
    ramp = np.tile(np.linspace(0, 65535, 96).astype(">u2"), (64, 1))
    image = Image.frombytes("I;16B", (96, 64), ramp.tobytes())
    thumbnail = check(hostile.encode(image, "TIFF")).thumbnail
    assert abs(colour(thumbnail, 0.5, 0.5)[0] - 128) < 8


def test_floating_point_is_stretched_from_black_to_white() -> None:
    thumbnail = check(hostile.floating_point()).thumbnail
    found = [colour(thumbnail, x, 0.5)[0] for x in (0.01, 0.5, 0.99)]
    assert np.allclose(found, [2, 128, 253], atol=8)


def test_a_float_picture_without_a_number_in_it_is_still_a_picture() -> None:
    assert shown(check(hostile.not_numbers()).thumbnail).size == (96, 64)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_one_bit_pictures_are_taken(form: str) -> None:
    assert check(hostile.one_bit(form)).width == 96


def test_a_one_bit_picture_is_scaled_to_greys() -> None:
    stripes = np.zeros((900, 900), dtype=bool)
    stripes[::2] = True
    thumbnail = check(hostile.encode(Image.fromarray(stripes), "PNG")).thumbnail
    assert 90 < colour(thumbnail, 0.5, 0.5)[0] < 165


def test_a_palette_picture_is_shown_in_its_colours() -> None:
    assert is_red(colour(check(hostile.palette()).thumbnail, 0.2, 0.2))


@pytest.mark.parametrize(
    "data",
    [
        hostile.transparent("PNG"),
        hostile.transparent("WEBP"),
        hostile.transparent("TIFF"),
        hostile.transparent("ICO"),
        hostile.transparent_palette(),
    ],
    ids=["png", "webp", "tiff", "ico", "palette"],
)
def test_transparency_lies_on_white(data: bytes) -> None:
    thumbnail = check(data).thumbnail
    assert is_red(colour(thumbnail, 0.25, 0.5))
    assert min(colour(thumbnail, 0.75, 0.5)) > 240


def test_transparent_grey_lies_on_white() -> None:
    thumbnail = check(hostile.transparent("PNG", "LA")).thumbnail
    assert min(colour(thumbnail, 0.75, 0.5)) > 240


def test_scaling_a_transparent_picture_leaves_no_dark_edge() -> None:
    image = Image.new("RGBA", (1000, 1000), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 503, 1000))
    seen = np.asarray(checking.pixels(hostile.encode(image, "PNG"), 320))
    assert seen[..., 0].min() > 250


def test_a_transparent_picture_is_reduced_in_bands_without_a_seam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tones, "BAND_PIXELS", 50_000)
    across, down = np.meshgrid(np.arange(1301) // 6, np.arange(851) // 4)
    pixels = np.stack([across, down, across, np.full_like(across, 255)], -1).astype(np.uint8)
    image = Image.fromarray(pixels, "RGBA")
    reference = image.convert("RGB")
    reference.thumbnail((320, 320), reducing_gap=None)
    found = shown(check(hostile.encode(image, "PNG", compress_level=1)).thumbnail)
    assert found.size == reference.size
    assert np.abs(np.asarray(found, int) - np.asarray(reference, int)).mean() < 2


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_an_animated_picture_the_first_frame_is_shown_and_said(form: str) -> None:
    checked = check(hostile.animated(form))
    assert is_red(colour(checked.thumbnail, 0.5, 0.5))
    assert checked.frames > 1
    assert checked.note == "Animated: the first frame is shown."


def test_of_a_tiff_with_pages_the_first_is_shown_and_said() -> None:
    checked = check(hostile.pages())
    assert is_red(colour(checked.thumbnail, 0.5, 0.5))
    assert checked.note == "Several pages: the first is shown."


def test_the_helper_pictures_of_a_phone_are_not_worth_a_note() -> None:
    checked = check(hostile.picture("MPO"), "IMG_0001.jpg")
    assert (checked.frames, checked.note) == (2, "")


def test_a_mislabelled_picture_is_taken_for_what_it_is_and_said() -> None:
    checked = check(hostile.picture("PNG"), "holiday.JPG")
    assert checked.format == "PNG"
    assert checked.note == "The file is a PNG although its name says JPEG."


@pytest.mark.parametrize("name", ["", "a.jpg", "a.jfif", "a.JPEG", "noext", "a.jpg\0", "a.weird"])
def test_a_name_that_does_not_contradict_is_not_mentioned(name: str) -> None:
    assert check(hostile.picture("JPEG"), name).note == ""


@pytest.mark.parametrize("size", [(1, 1), (8, 200), (500, 3), (11, 10_000), (10_000, 1)])
def test_a_picture_of_any_shape_is_read(size: tuple[int, int]) -> None:
    checked = check(hostile.encode(Image.new("RGB", size, "red"), "PNG"))
    assert (checked.width, checked.height) == size
    assert is_red(colour(checked.thumbnail, 0.5, 0.5))
    assert max(shown(checked.thumbnail).size) == min(max(size), 320)


def test_a_thumbnail_carries_no_colour_profile() -> None:
    thumbnail = check(hostile.picture("JPEG", icc_profile=b"p" * 600)).thumbnail
    assert "icc_profile" not in Image.open(io.BytesIO(thumbnail)).info


def test_a_thumbnail_carries_no_exif() -> None:
    assert not Image.open(io.BytesIO(check(hostile.turned(6)).thumbnail)).getexif()


def test_a_108_megapixel_photograph_is_taken() -> None:
    # A baseline JPEG is decoded at a fraction of its size, so that it costs little memory.
    data = hostile.encode(Image.new("L", (12_000, 9_000), 128), "JPEG")
    assert check(data).width == 12_000


def test_suffixes_that_a_scan_looks_at_belong_to_the_formats() -> None:
    assert {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".ico"} <= EXTENSIONS
    assert set(SUFFIXES_BY_FORMAT) == set(FORMATS)


# --- what is refused, and in which words


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"") == "The file is empty."


def test_a_text_file_named_jpg_is_refused() -> None:
    assert refusal(hostile.text(), "letter.jpg").startswith("It is not a picture that can be read")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (hostile.svg(), "It is an SVG file"),
        (hostile.pdf(), "It is a PDF file"),
        (b"8BPS\0\1" + b"\0" * 64, "It is a Photoshop file"),
        (b"\xff\x0a" + b"\0" * 64, "It is a JPEG XL file"),
        (b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc" + b"\0" * 64, "It is a HEIC sequence file"),
    ],
    ids=["svg", "pdf", "psd", "jxl", "heics"],
)
def test_a_format_that_is_not_supported_is_named(data: bytes, words: str) -> None:
    assert refusal(data).startswith(words)


@pytest.mark.parametrize("share", [0.005, 0.3, 0.6, 0.8])
@pytest.mark.parametrize("form", [form for form in hostile.FORMATS if form != "MPO"])
def test_a_truncated_picture_is_refused(form: str, share: float) -> None:
    said = refusal(hostile.truncated(form, share))
    assert said == DAMAGED or re.fullmatch(
        r"It is cut short: the last \d\d % are missing\. Copy the file again\.", said
    )


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4])
def test_an_mpo_whose_first_picture_is_truncated_is_refused(share: float) -> None:
    data = hostile.picture("MPO", 200, 100)
    said = refusal(data[: int(len(data) * share)])
    assert said == DAMAGED or said.startswith("It is cut short")


def test_a_truncated_progressive_jpeg_is_refused() -> None:
    data = hostile.picture("JPEG", 640, 480, progressive=True)
    assert refusal(data[: len(data) // 2]) == DAMAGED


def test_a_png_bomb_is_refused_before_it_is_decoded() -> None:
    data = hostile.png_bomb()
    assert len(data) < 1_000_000
    assert refusal(data) == TOO_MANY_PIXELS


@pytest.mark.parametrize("size", [(10_001, 10_000), (16_000, 11_000)])
def test_pixels_are_capped_by_the_memory_they_take(size: tuple[int, int]) -> None:
    assert refusal(hostile.png_header(*size)) == TOO_MANY_PIXELS


def test_a_progressive_jpeg_is_capped_by_what_its_decoder_holds() -> None:
    data = bytearray(hostile.picture("JPEG", progressive=True, subsampling=0))
    at = data.index(b"\xff\xc2")
    data[at + 5 : at + 9] = (12_000).to_bytes(2, "big") + (12_000).to_bytes(2, "big")
    assert refusal(bytes(data)) == TOO_MANY_PIXELS


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    assert refusal(hostile.many_scans()) == "It is a JPEG made to take very long to open."


@pytest.mark.parametrize("data", [hostile.icon_bomb(), hostile.icon_bitmap_bomb()])
def test_an_icon_with_an_absurd_picture_in_it_is_refused(data: bytes) -> None:
    assert refusal(data) == TOO_MANY_PIXELS


def test_an_icon_without_a_picture_in_it_is_refused() -> None:
    assert refusal(b"\0\0\1\0\0\0" + b"\0" * 40) == DAMAGED


@pytest.mark.parametrize("form", ["BMP", "GIF", "JPEG", "PNG"])
def test_a_header_that_lies_about_a_huge_size_is_refused(form: str) -> None:
    assert refusal(hostile.lying_size(form, 60_000, 60_000)) == TOO_MANY_PIXELS


@pytest.mark.parametrize("form", ["BMP", "GIF", "PNG"])
def test_a_header_that_promises_more_pixels_than_follow_is_refused(form: str) -> None:
    assert refusal(hostile.lying_size(form, 4_000, 4_000)) == DAMAGED


def test_a_tiff_with_broken_tags_is_refused() -> None:
    assert refusal(hostile.broken_tiff()) == DAMAGED


def test_a_tiff_whose_pages_go_round_in_circles_is_taken() -> None:
    assert check(hostile.endless_tiff()).width == 96


def test_a_file_too_large_to_be_held_is_refused_unread() -> None:
    assert "at most 134 MB" in refusal(bytes(MAX_FILE_BYTES + 1))


@given(st.binary(max_size=400), st.sampled_from(hostile.FORMATS))
def test_any_bytes_behind_a_signature_are_a_picture_or_a_sentence(tail: bytes, form: str) -> None:
    try:
        check(hostile.picture(form, 16, 16)[:32] + tail)
    except PictureError as error:
        assert str(error).endswith(".")


@given(st.data(), st.sampled_from(hostile.FORMATS))
def test_any_changed_byte_leaves_a_picture_or_a_sentence(data: st.DataObject, form: str) -> None:
    changed = bytearray(hostile.picture(form, 16, 16))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    try:
        check(bytes(changed))
    except PictureError as error:
        assert str(error).endswith(".")


def test_pictures_are_checked_from_several_threads_at_once() -> None:
    files = [hostile.picture(form, 200, 100) for form in hostile.FORMATS] * 4
    alone = [check(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(check, files)) == alone


# --- what is sent


def sent(data: bytes, limits: Limits = LIMITS) -> Payload:
    return payload(data, check(data), limits)


@pytest.mark.parametrize(
    "data",
    [hostile.picture(form) for form in hostile.FORMATS]
    + [hostile.cmyk(), hostile.animated(), hostile.turned(6), hostile.transparent()],
)
def test_bytes_within_the_limits_are_sent_unchanged(data: bytes) -> None:
    result = sent(data)
    assert result.data is data
    assert not result.altered


def test_a_side_of_15999_is_sent_unchanged_and_one_of_16000_is_not() -> None:
    assert not sent(hostile.encode(Image.new("L", (15_999, 20)), "PNG")).altered
    assert sent(hostile.encode(Image.new("L", (16_000, 20)), "PNG")).altered


def test_a_file_of_exactly_20971520_bytes_is_sent_unchanged_and_one_more_is_not() -> None:
    data = hostile.picture("JPEG")
    exact = data + b"\0" * (LIMITS.max_bytes - len(data))
    assert not sent(exact).altered
    more = sent(exact + b"\0")
    assert more.altered
    assert check(more.data).width == 96


def test_an_oversized_picture_is_scaled_and_keeps_its_shape_and_colours() -> None:
    result = sent(hostile.encode(hostile.scene(164, 10).resize((16_400, 1_000)), "JPEG"))
    again = check(result.data)
    assert (again.format, again.width, again.height) == ("JPEG", 4096, 250)
    assert is_red(colour(again.thumbnail, 0.2, 0.2))


def test_a_scaled_transparent_picture_stays_transparent() -> None:
    image = Image.new("RGBA", (16_400, 60), (255, 0, 0, 0))
    result = sent(hostile.encode(image, "PNG"))
    assert Image.open(io.BytesIO(result.data)).getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_a_scaled_ribbon_stays_within_the_limits() -> None:
    result = sent(hostile.encode(Image.new("L", (12, 20_000)), "PNG"))
    again = check(result.data)
    assert (again.width, again.height) == (11, 4096)


def test_an_oversized_rotated_picture_is_sent_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = hostile.scene(10, 164).resize((1_000, 16_400))
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    again = check(sent(hostile.encode(stored, "JPEG", exif=exif)).data)
    assert again.width < again.height
    assert is_red(colour(again.thumbnail, 0.2, 0.2))


@pytest.mark.parametrize("size", [(10, 10), (10, 500), (500, 10), (1, 1)])
def test_a_side_that_the_embedder_takes_none_of_is_refused_in_its_name(
    size: tuple[int, int],
) -> None:
    data = hostile.picture("PNG", *size)
    with pytest.raises(PictureError) as error:
        sent(data)
    assert str(error.value) == (
        f"It is {size[0]} × {size[1]} pixels; The service takes only pictures with both sides "
        "above 10."
    )


def test_eleven_pixels_a_side_are_enough_where_ten_are_too_few() -> None:
    assert not sent(hostile.picture("PNG", 11, 11)).altered


def test_a_format_that_the_embedder_does_not_take_is_sent_as_a_jpeg() -> None:
    result = sent(hostile.picture("TIFF"), replace(LIMITS, formats=("JPEG", "PNG")))
    again = check(result.data)
    assert result.altered
    assert (again.format, again.width, again.height) == ("JPEG", 96, 64)
    assert is_red(colour(again.thumbnail, 0.2, 0.2))


def test_a_transparent_format_that_the_embedder_does_not_take_is_sent_as_a_png() -> None:
    result = sent(hostile.transparent("WEBP"), replace(LIMITS, formats=("JPEG", "PNG")))
    assert check(result.data).format == "PNG"
    assert Image.open(io.BytesIO(result.data)).getpixel((90, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "data",
    [
        hostile.encode(Image.new("L", (20_000, 3)), "PNG"),
        hostile.picture("BMP", 3_000, 2_400),
        hostile.picture("PNG", 1, 1),
    ],
    ids=["ribbon", "many bytes", "one pixel"],
)
def test_an_embedder_that_reads_pictures_itself_is_given_every_file_as_it_is(data: bytes) -> None:
    assert sent(data, readable_by("The model")).data is data


def test_noise_above_the_limit_is_scaled_until_it_is_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAYLOAD_SIDES", (256, 128))
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 4), dtype=np.uint8)
    limits = replace(LIMITS, max_bytes=200_000)
    result = sent(hostile.encode(Image.fromarray(noise), "PNG"), limits)
    assert result.altered
    assert len(result.data) <= 200_000
    assert check(result.data).width == 128


# --- the large view, and what an embedder of this machine sees


@pytest.mark.parametrize("form", hostile.FORMATS)
def test_every_format_has_a_large_view_that_a_browser_shows(form: str) -> None:
    image = Image.open(io.BytesIO(display(hostile.picture(form))))
    assert (image.format, image.size) == ("JPEG", (96, 64))


def test_the_large_view_is_upright_and_no_larger_than_asked() -> None:
    view = display(hostile.turned(6, "JPEG", 900, 600), side=300)
    assert shown(view).size == (300, 200)
    assert is_red(colour(view, 0.2, 0.2))


def test_a_damaged_picture_has_no_large_view() -> None:
    with pytest.raises(PictureError):
        display(hostile.truncated("PNG"))


def test_an_embedder_of_this_machine_sees_the_pixels_without_loss() -> None:
    image = hostile.scene(300, 200)
    seen = checking.pixels(hostile.encode(image, "PNG"), 1000)
    assert np.array_equal(np.asarray(seen), np.asarray(image))


@pytest.mark.parametrize(
    "data", [hostile.one_bit(), hostile.sixteen_bit(), hostile.cmyk(), hostile.transparent()]
)
def test_pixels_are_always_three_colours(data: bytes) -> None:
    assert checking.pixels(data, 50).mode == "RGB"
    assert checking.pixels(data, 50).size == (50, 33)
