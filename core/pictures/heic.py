"""HEIC, by the libheif that the package pi-heif brings."""

from __future__ import annotations

from typing import Any

from _pi_heif import load_file
from PIL import ImageFile

# As many as pi-heif itself uses.
THREADS = 4


class HeicImageFile(ImageFile.ImageFile):
    """The main picture of a HEIC, turned and mirrored as its own properties say.

    Instead of the class that pi-heif has for it: that also reads EXIF, thumbnails and depth maps,
    which are not needed, and ends the whole program on some damaged ones (pi-heif 1.4.0, found by
    changing bytes at random). Whoever allows a newer pi-heif in requirements.txt should try that
    again, and whether `load_file` still takes what it is given here.
    """

    format = "HEIC"
    format_description = "HEIC"

    def _open(self) -> None:
        assert self.fp is not None
        coded = load_file(
            self.fp.read(),
            THREADS,
            True,  # more than eight bits a colour are made eight
            False,  # red first
            False,  # rows may be padded
            True,  # for grey, which stays deep, sixteen bits
            "",  # any decoder
            False,  # libheif's limits on sizes stay
        )
        if not coded:
            raise SyntaxError("no picture in it")
        self._coded: Any = next((image for image in coded if image.primary), coded[0])
        self.n_frames = len(coded)
        self.is_animated = self.n_frames > 1
        self._size, self._mode = self._coded.size_mode
        self.info["bit_depth"] = self._coded.bit_depth
        profile = self._coded.color_profile
        if profile and profile["type"] in ("prof", "rICC"):
            self.info["icc_profile"] = profile["data"]
        self.tile = []

    def load(self) -> Any:
        if self._coded is not None:
            pixels = self._coded.data
            self._size, self._mode = self._coded.size_mode
            self.load_prepare()
            self.frombytes(pixels, "raw", (self.mode, self._coded.stride))
            self._coded = None
        return super().load()
