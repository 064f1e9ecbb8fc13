"""How the files beside this one were made; nothing runs it.

Tests read HEIC with pi-heif, which cannot write it. Its sister pillow-heif can (pip install
pillow-heif, some 10 MB with an encoder). From the root: python -m tests.data.heic.make
"""

from __future__ import annotations

from pathlib import Path

import pillow_heif
from PIL import Image

from tests.hostile_pictures import encode, scene, transparent_scene, turned, wide_gamut_profile

HERE = Path(__file__).parent


def main() -> None:
    pillow_heif.register_heif_opener()
    for orientation in range(1, 9):
        # pillow-heif writes what the EXIF says as the properties irot and imir.
        data = turned(orientation, "HEIF", quality=90)
        (HERE / f"orientation-{orientation}.heic").write_bytes(data)
    files = {
        "transparent": encode(transparent_scene(), "HEIF", quality=90),
        "wide-gamut": encode(scene(), "HEIF", quality=90, icc_profile=wide_gamut_profile()),
        "two": encode(
            Image.new("RGB", (96, 64), "red"),
            "HEIF",
            save_all=True,
            append_images=[Image.new("RGB", (96, 64), "blue")],
        ),
    }
    for name, data in files.items():
        (HERE / f"{name}.heic").write_bytes(data)


if __name__ == "__main__":
    main()
