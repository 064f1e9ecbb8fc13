"""What a file is, told by its first bytes: for names without a suffix, and for what is not read."""

from __future__ import annotations

import re

# How a file begins, and what it then is. The first that matches counts. Sources: the standards of
# the formats; for camera files the signatures of LibRaw and of file(1).
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff\xf7", "JPEG-LS"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\x8aMNG\r\n\x1a\n", "MNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\2\0", "cursor"),
    (b"II*\0\x10\0\0\0CR", "CR2"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"II\xbc", "JPEG XR"),
    (b"IIRO", "ORF"),
    (b"IIRS", "ORF"),
    (b"MMOR", "ORF"),
    (b"IIU\0", "RW2"),
    (b"FUJIFILMCCD-RAW", "RAF"),
    (b"FOVb", "X3F"),
    (b"\0MRM", "MRW"),
    (b"II\x1a\0\0\0HEAPCCDR", "CRW"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"gimp xcf", "GIMP"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"AT&TFORM", "DjVu"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"SDPX", "DPX"),
    (b"XPDS", "DPX"),
    (b"SIMPLE  =", "FITS"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"icns", "ICNS"),
    (b"BPG\xfb", "BPG"),
    (b"FLIF", "FLIF"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
    (b"\x1a\x45\xdf\xa3", "Matroska movie"),
    (b"\0\0\1\xba", "MPEG movie"),
    (b"\0\0\1\xb3", "MPEG movie"),
    (b"FLV\1", "Flash movie"),
    (b"0&\xb2u\x8ef\xcf\x11", "Windows Media"),
    (b"ID3", "sound"),
    (b"OggS", "Ogg"),
    (b"fLaC", "sound"),
    (b"\0\5\x16\7", "AppleDouble"),
    (b"\0\5\x16\0", "AppleSingle"),
    (b"PK\3\4", "ZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3\0", "SQLite"),
)

# Kinds of the RIFF container, by the four bytes after its length.
_RIFF = {b"WEBP": "WEBP", b"AVI ": "AVI movie", b"WAVE": "sound"}

# Kinds of ISO base media files, by their brands (ISO/IEC 14496-12 and 23008-12, MIAF, AV1 Image
# File Format). mif1 says only "a picture", of whatever coding.
_AVIF = {b"avif", b"avis"}
_HEIC_SEQUENCE = {b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
_FILE_BRANDS = {b"qt  ": "QuickTime movie", b"crx ": "CR3"}

# The sizes that the header of a BMP may have, as they stand in the file.
_BITMAP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def kind_of(data: bytes) -> str:
    """The kind of file that these bytes begin, or "" if it is none of those that are known here.

    data: the whole file, or its first kilobyte. Kinds that are read have the names of
    `core.pictures.FORMATS`; an MPO is a "JPEG", as it begins like one.

    >>> kind_of(b"%PDF-1.7")
    'PDF'
    """
    if data[4:8] == b"ftyp":
        return _kind_of_box_file(data)
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], "")
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    # Text may begin with BM too, so that the size of the header is looked at as well.
    if data.startswith(b"BM") and data[14:18] in _BITMAP_HEADERS:
        return "BMP"
    if data[40:44] == b" EMF" and data.startswith(b"\1\0\0\0"):
        return "EMF"
    if re.match(rb"P[1-7][ \t\r\n]", data):
        return "PNM"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start and start.startswith(b"<"):
        return "SVG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    return ""


def _kind_of_box_file(data: bytes) -> str:
    """By the major brand, and where that says little by the compatible ones."""
    major = data[8:12]
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {major, *(data[at : at + 4] for at in range(16, end - 3, 4))}
    if major in _AVIF or (brands & _AVIF and major in (b"mif1", b"msf1")):
        return "AVIF"
    if major in _HEIC_SEQUENCE:
        return "HEIC sequence"
    if major in _HEIC:
        return "HEIC"
    return _FILE_BRANDS.get(major, "MP4 movie")
