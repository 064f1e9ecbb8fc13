"""How a work looks by its labels: the hand of its technique, the palette of its school and year,
and its frame.

What a school or a time looks like here is a likeness, chosen so that filters show: no art history.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tools.paintings.compose import Picture, compose
from tools.paintings.labels import TECHNIQUES, Work
from tools.paintings.pixels import Floats, as_bytes, as_floats, evened, luma, tile, vivid
from tools.paintings.portraits import compose_portrait
from tools.paintings.styles import PATIENT, Layers, oil

# The longer side of the whole picture, frame included.
LONG_SIDE = 512
_LYING, _STANDING = ((512, 384), (512, 384), (512, 342)), ((384, 512), (512, 512))
_UPRIGHT = (410, 512)
# Works on paper lie on a mount; of the others about so many are shown in their frame.
FRAMED = 0.6
# Fewer and broader layers than the gallery's: a third of its time, at half its size.
_LAYERS: Layers = ((18, 0.0, 0.06), (8, 0.05, 0.05), (4, 0.3, 0.03), (2.4, 0.6, 0.02))
_STEP = 1.2

_PAPER = np.array([0.93, 0.90, 0.83], np.float32)


# -- the hand of a technique ----------------------------------------------------------------------
def _oil_on_canvas(picture: Picture, rng: np.random.Generator) -> Floats:
    return oil(picture, rng, _LAYERS, _STEP)


def _glaze(picture: Picture, rng: np.random.Generator) -> Floats:
    """Oil on a panel: smooth, deep, with the fine cracks of old varnish."""
    values = as_floats(cv2.bilateralFilter(picture.pixels, 7, 22, 5))
    values = np.clip(vivid(values, 1.12), 0, 1) ** np.float32(1.12)
    return values * _cracks(values, rng, 2.6, 0.14)


def _tempera(picture: Picture, rng: np.random.Generator) -> Floats:
    """Flat, light colours in fine parallel strokes of the brush."""
    h, w = picture.pixels.shape[:2]
    values = as_floats(cv2.bilateralFilter(picture.pixels, 9, 40, 7))
    hatch = cv2.GaussianBlur(tile(0.3, h, w, rng), (0, 0), sigmaX=0.6, sigmaY=4.0) - 0.5
    out = vivid(values, 1.05) * 0.9 + 0.07 + hatch[..., None] * 0.32
    return out * _cracks(values, rng, 2.0, 0.12)


def _fresco(picture: Picture, rng: np.random.Generator) -> Floats:
    """Muted pigment in the grain of the plaster, with a few cracks and pale places."""
    h, w = picture.pixels.shape[:2]
    values = as_floats(cv2.bilateralFilter(picture.pixels, 7, 40, 5))
    plaster = np.array([0.86, 0.79, 0.67], np.float32)
    worn = 0.24 + 0.42 * np.clip(tile(1.5, h, w, rng, 1.3) - 0.5, 0, 1)
    out = vivid(values, 0.78)
    out = out + (plaster - out) * worn[..., None]
    grain = (tile(0.2, h, w, rng) - 0.5) * 0.1 + (tile(0.9, h, w, rng) - 0.5) * 0.09
    return (out + grain[..., None]) * _cracks(values, rng, 0.5, 0.4)


def _cracks(values: Floats, rng: np.random.Generator, scale: float, depth: float) -> Floats:
    """What a net of cracks leaves of the light; they run where noise crosses its middle."""
    h, w = values.shape[:2]
    net = np.minimum(
        np.abs(tile(1.25, h, w, rng, scale) - 0.5), np.abs(tile(1.25, h, w, rng, scale) - 0.3)
    )
    return (1 - depth * np.clip(1 - net / (0.008 * scale), 0, 1))[..., None].astype(np.float32)


def _charcoal(picture: Picture, rng: np.random.Generator) -> Floats:
    """Grey strokes that leave the tooth of the paper open, and dark lines around the forms."""
    h, w = picture.pixels.shape[:2]
    light = evened(luma(as_floats(cv2.bilateralFilter(picture.pixels, 7, 30, 5))))
    line = np.clip((cv2.GaussianBlur(light, (0, 0), 2.2) - light) * 7, 0, 0.7)
    # Hatching leans to one side, as a right hand draws it.
    lean = np.array([[1, 0.8, 0], [-0.55, 1, h * 0.3]], np.float32)
    hatch = cv2.GaussianBlur(tile(0.25, h, w, rng), (0, 0), sigmaX=0.7, sigmaY=7)
    hatch = cv2.warpAffine(hatch, lean, (w, h), borderMode=cv2.BORDER_REFLECT) - 0.5
    tooth = tile(0.15, h, w, rng) - 0.5
    dark = np.clip(1 - light**0.8 + hatch * 0.9 * (1 - light) + line, 0, 0.94)
    dark = np.clip(dark + tooth * 0.42 * np.sqrt(dark), 0, 0.95)[..., None]
    soot = np.array([0.13, 0.125, 0.13], np.float32)
    return _PAPER + (soot - _PAPER) * dark


_HANDS: dict[str, Callable[[Picture, np.random.Generator], Floats]] = {
    "oil on canvas": _oil_on_canvas,
    "oil on panel": _glaze,
    "tempera on panel": _tempera,
    "fresco": _fresco,
    "charcoal on paper": _charcoal,
}


def _by_hand(work: Work, picture: Picture, rng: np.random.Generator) -> Floats:
    """The composed picture as the technique leaves it; what has no hand here has the gallery's."""
    if work.technique in _HANDS:
        return _HANDS[work.technique](picture, rng)
    values = PATIENT[TECHNIQUES[work.technique].style](picture, work.scene, rng)
    if work.technique == "ink on paper":  # what is left of the colours is a breath
        return vivid(values, 0.3)
    if work.technique == "watercolour on paper":
        return values * 0.86 + np.array([0.98, 0.965, 0.93], np.float32) * 0.14
    return values


# -- the palette of a school and a year -----------------------------------------------------------
# Tint, colourfulness, contrast, and how far the corners sink into the dark.
_PALETTES: dict[str, tuple[tuple[float, float, float], float, float, float]] = {
    "Italian": ((1.05, 1.0, 0.92), 1.05, 1.02, 0.15),
    "Flemish": ((1.0, 0.99, 0.95), 1.14, 1.06, 0.2),
    "Dutch": ((1.02, 0.96, 0.84), 0.86, 1.0, 0.35),
    "German": ((0.98, 1.0, 0.97), 1.0, 1.08, 0.15),
    "Spanish": ((1.04, 0.94, 0.86), 0.9, 1.12, 0.4),
    "French": ((1.02, 1.0, 1.01), 0.96, 0.95, 0.05),
    "English": ((0.98, 1.01, 0.94), 0.86, 0.97, 0.15),
}
_VARNISH = np.array([1.0, 0.93, 0.75], np.float32)


def _toned(values: Floats, work: Work) -> Floats:
    tint, colour, contrast, sink = _PALETTES[work.school]
    age = float(np.clip((1900 - work.year) / 450, 0, 1))
    if work.technique.endswith("paper") or work.technique == "woodcut":
        # Paper yellows and keeps its colours.
        return values * (1 - 0.6 * age + 0.6 * age * _VARNISH)
    if 1590 <= work.year < 1700:  # out of the dark
        sink, contrast = sink + 0.25, contrast + 0.06
    elif 1710 <= work.year < 1795:  # powder
        sink, contrast, colour = 0.0, contrast * 0.9, colour * 0.9
        values = values + 0.04
    elif work.year >= 1860:  # out of doors
        sink, colour, contrast = 0.0, colour * 1.14, contrast * 1.02
    if work.technique == "fresco":
        sink = 0.0
    out = vivid(values, colour) * np.array(tint, np.float32)
    out = (out - 0.5) * contrast + 0.5
    out = out * (1 - 0.45 * age + 0.45 * age * _VARNISH)
    h, w = out.shape[:2]
    ys, xs = np.linspace(-1, 1, h)[:, None], np.linspace(-1, 1, w)[None, :]
    edge = np.clip(np.sqrt(xs * xs * 0.8 + ys * ys) - 0.55, 0, 1)
    return out * (1 - sink * edge)[..., None].astype(np.float32)


# -- frames ---------------------------------------------------------------------------------------
# From the outer edge inwards: lightness of the profile at even steps; then the colour of the wood
# and that of the inner rim.
_GILT, _EBONY, _WALNUT = (0.80, 0.62, 0.28), (0.13, 0.115, 0.11), (0.36, 0.24, 0.15)
_FRAMES: dict[str, tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]] = {
    "gilt panel": ((0.6, 1.0, 1.05, 1.0, 0.55, 0.9), _GILT, _GILT),
    "ebony": ((0.7, 1.5, 0.9, 1.4, 0.9, 1.3, 1.0), _EBONY, _GILT),
    "cassetta": ((0.8, 1.2, 1.0, 1.0, 1.0, 1.2, 1.0), _WALNUT, _GILT),
    "carved": ((0.5, 0.9, 1.25, 1.05, 0.6, 1.1, 0.75, 1.2), _GILT, _GILT),
    "plain": ((0.9, 1.05, 1.0, 0.9), (0.78, 0.70, 0.58), (0.93, 0.91, 0.86)),
    "mount": ((1.0, 1.0, 1.0, 0.98), (0.93, 0.91, 0.86), (0.70, 0.67, 0.61)),
}


def frame_of(work: Work, rng: np.random.Generator) -> str | None:
    """The name of the frame that its school and year would give it; None for a picture without."""
    if work.technique == "fresco" or rng.random() >= FRAMED:
        return None
    if work.technique.endswith("paper") or work.technique == "woodcut":
        return "mount"
    if work.year < 1520:
        return "gilt panel"
    if work.year < 1700:
        return "ebony" if work.school in ("Dutch", "Flemish", "German") else "cassetta"
    return "carved" if work.year < 1870 else "plain"


def _framed(pixels: np.ndarray, name: str, border: int) -> np.ndarray:
    """The picture inside its frame, whose mitred sides catch the light from above on the left."""
    profile, wood, rim = _FRAMES[name]
    h, w = pixels.shape[0] + 2 * border, pixels.shape[1] + 2 * border
    ys, xs = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)[None, :]
    sides = np.stack(np.broadcast_arrays(xs, ys, w - 1 - xs, h - 1 - ys))
    depth = sides.min(0) / border
    lit = np.array([1.08, 1.14, 0.9, 0.8], np.float32)[sides.argmin(0)]
    if name == "mount":
        lit = np.ones_like(lit)
    steps = np.linspace(0, 1, len(profile))
    tone = np.interp(depth, steps, profile).astype(np.float32) * lit
    if name == "carved":
        along = np.where(sides.argmin(0) % 2 == 0, ys, xs)
        tone *= 1 + 0.16 * np.sin(along * (2 * np.pi / (border * 0.8))) * (depth < 0.6)
    colours = np.where((depth > 0.86)[..., None], np.array(rim), np.array(wood))
    out = as_bytes((colours * tone[..., None]).astype(np.float32))
    out[border:-border, border:-border] = pixels
    return out


def _shape(work: Work, rng: np.random.Generator) -> tuple[int, int]:
    """Width and height: portraits stand, most other pictures lie."""
    if work.sitter is not None:
        return _UPRIGHT
    wide = any(thing.kind in ("train", "bridge", "car") for thing in work.scene.coloured)
    shapes = _LYING if wide or len(work.scene.coloured) == 2 else _LYING + _STANDING
    return shapes[int(rng.integers(len(shapes)))]


def paint_work(work: Work) -> np.ndarray:
    """The finished work as uint8 (height, width, 3), its frame included where it has one.

    The same work gives the same pixels every time on one machine.
    """
    rng = np.random.default_rng((work.scene.seed, 78))
    width, height = _shape(work, rng)
    frame = frame_of(work, rng)
    border = round(min(width, height) * (0.035 if frame == "mount" else 0.055)) if frame else 0
    size = (width - 2 * border, height - 2 * border)
    if work.sitter is None:
        picture = compose(work.scene, *size)
    else:
        picture = compose_portrait(work.sitter, work.scene, work.year, size)
    pixels = as_bytes(_toned(_by_hand(work, picture, rng), work))
    return _framed(pixels, frame, border) if frame else pixels
