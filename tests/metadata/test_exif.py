"""What is taken from the EXIF of a picture."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from core.metadata import MOST_CHARACTERS, PLACE, picture_facts
from tests import hostile_pictures as hostile

EIFFEL_TOWER = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (48.0, 51.0, 30.24),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (2.0, 17.0, 40.2),
}


def exif(
    tags: dict[int, Any] | None = None,
    inner: dict[int, Any] | None = None,
    place: dict[int, Any] | None = None,
) -> Image.Exif:
    made = Image.Exif()
    made.update(tags or {})
    made.get_ifd(IFD.Exif).update(inner or {})
    made.get_ifd(IFD.GPSInfo).update(place or {})
    return made


def picture(written: Image.Exif, form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, form, exif=written.tobytes())
    return out.getvalue()


def facts(written: Image.Exif, places: bool = True) -> dict[str, str]:
    return picture_facts(picture(written), places)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_date_and_camera_are_read_in_every_format_that_has_them(form: str) -> None:
    written = exif({Base.Model: "X100"}, {Base.DateTimeOriginal: "2026:11:27 10:00:00"})
    assert picture_facts(picture(written, form), places=False) == {
        "Date taken": "2026-11-27",
        "Camera": "X100",
    }


def test_the_exif_of_a_heic_is_found_without_its_reader() -> None:
    written = exif({Base.Make: "Apple", Base.Model: "iPhone 17"}).tobytes()
    stored = hostile.heic("orientation-1")
    at = re.search(rb"Exif\0\0[IM]{2}", stored).start()
    heic = stored[:at] + written + stored[at:]
    assert picture_facts(heic, places=True) == {"Camera": "Apple iPhone 17"}


def test_a_heic_without_exif_says_nothing() -> None:
    assert picture_facts(hostile.heic("two"), places=True) == {}


# --- date


def test_the_day_it_was_taken_goes_before_the_days_of_later_work() -> None:
    dates = {Base.DateTimeDigitized: "2020:01:01 00:00:00"}
    assert facts(exif({Base.DateTime: "2026:01:01 00:00:00"}, dates)) == {
        "Date taken": "2020-01-01"
    }
    dates[Base.DateTimeOriginal] = "1999:12:31 23:59:59"
    assert facts(exif({}, dates)) == {"Date taken": "1999-12-31"}


def test_the_day_of_the_file_is_taken_where_no_other_is_known() -> None:
    assert facts(exif({Base.DateTime: "2026:11:27 10:00:00"})) == {"Date taken": "2026-11-27"}


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "0001:01:01 00:00:00", "soon", "\0"]
)
def test_a_date_that_a_camera_did_not_know_is_none(text: str) -> None:
    assert facts(exif({}, {Base.DateTimeOriginal: text})) == {}


# --- camera


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("FUJIFILM", "X100", "FUJIFILM X100"),
        ("SONY  \0\0", " DSC-RX100\0\0", "SONY DSC-RX100"),
        ("", "X100", "X100"),
        ("Leica", "", "Leica"),
    ],
)
def test_a_camera_is_its_make_and_model_each_once(make: str, model: str, camera: str) -> None:
    assert facts(exif({Base.Make: make, Base.Model: model})) == {"Camera": camera}


def test_an_absurdly_long_text_is_cut() -> None:
    assert len(facts(exif({Base.Model: "x" * 30_000}))["Camera"]) == MOST_CHARACTERS


# --- place


def test_the_place_is_said_only_where_it_is_asked_for() -> None:
    written = exif(place=EIFFEL_TOWER)
    assert facts(written, places=True) == {PLACE: "48.8584, 2.2945"}
    assert facts(written, places=False) == {}


def test_south_and_west_are_negative() -> None:
    there = EIFFEL_TOWER | {GPS.GPSLatitudeRef: "S", GPS.GPSLongitudeRef: "W"}
    assert facts(exif(place=there)) == {PLACE: "-48.8584, -2.2945"}


@pytest.mark.parametrize(
    "wrong",
    [
        {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)},
        {GPS.GPSLatitude: (91.0, 0.0, 0.0)},
        {GPS.GPSLatitude: (IFDRational(0, 0), 0.0, 0.0)},
        {GPS.GPSLatitude: (48.0, 51.0)},
    ],
    ids=["zeros", "beyond the pole", "nought by nought", "two parts"],
)
def test_a_place_that_is_none_leaves_the_other_facts(wrong: dict[int, Any]) -> None:
    assert facts(exif({Base.Model: "X100"}, place=EIFFEL_TOWER | wrong)) == {"Camera": "X100"}


# --- damage


@pytest.mark.parametrize(
    "make",
    [hostile.damaged_exif, lambda: b"", lambda: b"no picture"],
    ids=["damaged", "empty", "no picture"],
)
def test_what_is_damaged_says_nothing(make: Callable[[], bytes]) -> None:
    assert picture_facts(make(), places=True) == {}


@given(st.data())
def test_any_changed_byte_leaves_facts_or_none(data: st.DataObject) -> None:
    written = exif({Base.Model: "X100"}, {Base.DateTimeOriginal: "2026:11:27"}, EIFFEL_TOWER)
    changed = bytearray(picture(written))
    end = changed.index(b"\xff\xdb")  # the EXIF lies before the tables
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, end))] = data.draw(st.integers(0, 255))
    assert picture_facts(bytes(changed), places=True).keys() <= {"Date taken", "Camera", PLACE}
