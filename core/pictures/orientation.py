"""How a stored picture has to be turned to be upright: by its EXIF, and by nothing else.

HEIC and AVIF have properties of their own for it. Their readers follow those and, as the formats
ask, not the EXIF: pi-heif turns the pixels, Pillow writes what an AVIF says into its EXIF.
"""

from __future__ import annotations

from PIL import ExifTags, Image, TiffImagePlugin

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def exif_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing or the EXIF is damaged.

    A TIFF has none any more when it is decoded: Pillow has turned it by then. A PNG may have it
    only then, as it may stand behind the pixels.

    Not `image.getexif()`: that also listens to XMP, which no browser does.
    """
    try:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            value = image.tag_v2.get(ExifTags.Base.Orientation, 1)
        else:
            exif = Image.Exif()
            exif.load(image.info.get("exif", b""))
            value = exif.get(ExifTags.Base.Orientation, 1)
    except Exception:  # metadata never decides whether a picture can be used
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def ignore_xmp(image: Image.Image) -> None:
    """Keep Pillow from turning a TIFF by its XMP while it decodes it; by its own tag it may."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        exif = image.getexif()
        if ExifTags.Base.Orientation not in image.tag_v2:
            exif.pop(ExifTags.Base.Orientation, None)
