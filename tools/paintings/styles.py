"""The hand: eight manners of painting one and the same composed picture.

Each manner has a quick version (a few milliseconds at 96 pixels, to learn from) and a patient
one (seconds at 960 pixels, to look at). Both leave colours and shapes where they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import cv2
import numpy as np
import skia
from scipy.spatial import cKDTree

from tools.paintings.canvas import noise
from tools.paintings.compose import Picture
from tools.paintings.palette import RGB, mix
from tools.paintings.pixels import Floats, as_bytes, as_floats, evened, luma, tile, vivid
from tools.paintings.scene import Scene

# One thread: pictures are drawn side by side, and sums are always added in the same order.
cv2.setNumThreads(1)
_N = 512


def _flow(values: Floats, sigma: float, default: Floats | float = 0.0) -> Floats:
    """Direction (radians) along the edges of the picture; where it is flat, the default."""
    grey = cv2.GaussianBlur(luma(values), (0, 0), max(sigma * 0.35, 0.7))
    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)
    xx = cv2.GaussianBlur(gx * gx, (0, 0), sigma)
    yy = cv2.GaussianBlur(gy * gy, (0, 0), sigma)
    xy = cv2.GaussianBlur(gx * gy, (0, 0), sigma)
    # Doubled angles can be averaged; a weak default fills the calm parts.
    c, s = yy - xx, -2 * xy
    weight = 2e-4
    c = c + weight * np.cos(2 * np.asarray(default, np.float32))
    s = s + weight * np.sin(2 * np.asarray(default, np.float32))
    return 0.5 * np.arctan2(s, c)


def _emboss(height: Floats, strength: float) -> Floats:
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    return 1 + np.clip((gx + gy) * -strength, -0.22, 0.3)


# -- quick: each pixel takes the colour at the heart of the stroke that covers it ------------------
@lru_cache(maxsize=1024)  # every size, direction and variant of a training set: some 40 MB
def _stroke_map(
    h: int, w: int, length: float, width: float, angle: int, variant: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel the flat index of its stroke's centre, and the stroke's number."""
    rng = np.random.default_rng(variant * 97 + angle)
    count = int(2.6 * h * w / (length * width))
    numbers = np.zeros((h, w), np.int32)
    centres = np.zeros(count + 1, np.int32)
    turn = math.pi * angle / 4
    for i in range(1, count + 1):
        x, y = rng.uniform(-2, w + 2), rng.uniform(-2, h + 2)
        a = turn + rng.normal(0, 0.2)
        dx, dy = math.cos(a) * length / 2, math.sin(a) * length / 2
        cv2.line(
            numbers,
            (round(x - dx), round(y - dy)),
            (round(x + dx), round(y + dy)),
            i,
            max(int(width), 1),
        )
        centres[i] = int(min(max(y, 0), h - 1)) * w + int(min(max(x, 0), w - 1))
    index = centres[numbers]
    bare = numbers == 0
    index[bare] = np.arange(h * w, dtype=np.int32).reshape(h, w)[bare]
    return index, numbers


def _quick_strokes(
    pixels: np.ndarray, length: float, width: float, variant: int, jitter: float
) -> Floats:
    h, w = pixels.shape[:2]
    k = max(min(h, w) / 96, 0.5)
    maps = [_stroke_map(h, w, length * k, width * k, a, variant) for a in range(4)]
    values = as_floats(pixels)
    soft = cv2.blur(values, (3, 3))
    angle = _flow(cv2.blur(values, (2, 2)), 2.0 * k)
    which = np.mod(np.round(angle / (math.pi / 4)).astype(np.int32), 4)
    index = np.choose(which, [m[0] for m in maps])
    numbers = np.choose(which, [m[1] for m in maps])
    out = soft.reshape(-1, 3)[index]
    tone = noise(0.2, variant % 3).ravel()[numbers * 37 % (_N * _N)] - 0.5
    return out * (1 + jitter * tone[..., None])


def _quick_oil(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    variant = int(rng.integers(4))
    broad = _quick_strokes(picture.pixels, 9, 3, variant, 0.2)
    values = as_floats(picture.pixels)
    soft = cv2.GaussianBlur(values, (0, 0), 1.2)
    fine = np.clip(np.abs(values - soft).sum(2) * 5, 0, 0.85)[..., None]
    out = broad + (values - broad) * fine
    return vivid(out, 1.08)


def _quick_watercolour(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    values = as_floats(picture.pixels)
    wobble = tile(1.3, h, w, rng, 1.6) - 0.5
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    k = min(h, w) / 96
    soft = cv2.remap(
        values, xs + wobble * 4 * k, ys - wobble * 4 * k, cv2.INTER_LINEAR, borderMode=1
    )
    soft = cv2.bilateralFilter(soft, 5, 0.15, 3)
    edge = np.abs(soft - cv2.GaussianBlur(soft, (0, 0), 1.6 * k)).sum(2)
    density = 0.8 + 0.3 * (tile(1.5, h, w, rng, 2.0) - 0.5) + np.clip(edge * 0.9, 0, 0.35)
    density += 0.12 * (tile(0.3, h, w, rng) - 0.5)
    paper = np.array([0.985, 0.97, 0.94], np.float32)
    out = paper * (1 - (1 - soft) * density[..., None])
    return _paper_edge(out, paper, rng, 0.035) if rng.random() < 0.5 else out


def _paper_edge(out: Floats, paper: Floats, rng: np.random.Generator, margin: float) -> Floats:
    """The bare border of the sheet, where the washes end in an uneven line."""
    h, w = out.shape[:2]
    k = min(h, w)
    ys, xs = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)[None, :]
    distance = np.minimum(np.minimum(xs, w - 1 - xs), np.minimum(ys, h - 1 - ys)) / k
    distance = distance + (tile(1.45, h, w, rng, 300 / k) - 0.5) * margin * 0.8
    inside = np.clip((distance - margin * 0.75) * k / 1.5, 0, 1)
    rim = np.exp(-(((distance - margin * 0.85) / (margin * 0.14)) ** 2)) * 0.16
    out = out * (1 - rim[..., None] * inside[..., None])
    return paper + (out - paper) * inside[..., None]


def _blocks(values: Floats, levels: int) -> Floats:
    """Flat tones: lightness in a few steps, the hue left alone."""
    light = luma(values)
    step = (np.floor(light * levels) + 0.5) / levels
    return np.clip(values * (step / np.maximum(light, 0.03))[..., None], 0, 1)


def _screen(
    light: Floats, rng: np.random.Generator, period: float, form: float, sway: float
) -> Floats:
    """A screen of carved lines that bend with the forms: 0..1, to be compared with lightness."""
    h, w = light.shape
    k = min(h, w)
    ys, xs = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)[None, :]
    drift = tile(1.8, h, w, rng, 200 / k) * sway
    slope = math.tan(float(rng.uniform(-0.35, 0.35)))
    phase = (ys + slope * xs) / period + drift * k / period * 0.12
    phase += cv2.GaussianBlur(light, (0, 0), k * 0.012) * form
    return 0.5 + 0.5 * np.sin(phase * (2 * math.pi))


_KEY_INKS = ((0.10, 0.09, 0.12), (0.11, 0.13, 0.22), (0.17, 0.10, 0.08))
_CREAM = np.array([0.95, 0.91, 0.82], np.float32)


def _quick_woodcut(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    values = as_floats(picture.pixels)
    soft = cv2.blur(values, (3, 3))
    light = evened(luma(soft))
    inks = _blocks(vivid(values * 0.5 + soft * 0.5, 1.2), 6)
    inks = inks * 0.92 + 0.08 * _CREAM
    key = np.array(_KEY_INKS[int(rng.integers(3))], np.float32)
    screen = _screen(light, rng, max(3.0 * min(h, w) / 96, 2.6), 2, 0.7)
    cut = np.clip((screen * 0.5 - light - 0.02) * 6 + 0.5, 0, 1)
    edge = np.clip((cv2.GaussianBlur(light, (0, 0), 1.5) - light) * 9 - 0.25, 0, 0.9)
    # Small, the painted lines melt into a tone; some of them must still be seen as lines.
    cut = np.maximum(cut * float(rng.uniform(0.3, 0.7)), edge * 0.8)[..., None]
    out = inks * 1.04 + (key - inks) * cut
    out = out + 0.05 * (tile(0.3, h, w, rng)[..., None] - 0.5)
    return _framed(out, rng)


def _framed(out: Floats, rng: np.random.Generator) -> Floats:
    """The bare margin of a print, on two of three."""
    if rng.random() < 0.67:
        m = max(int(min(out.shape[:2]) * 0.03), 1)
        out[:m], out[-m:], out[:, :m], out[:, -m:] = _CREAM, _CREAM, _CREAM, _CREAM
    return out


_SHEETS = ((0.72, 0.66, 0.56), (0.60, 0.62, 0.66), (0.84, 0.80, 0.72), (0.50, 0.47, 0.50))


def _quick_pastel(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    sheet = np.array(_SHEETS[int(rng.integers(4))], np.float32)
    chalk = _quick_strokes(picture.pixels, 8, 2, int(rng.integers(4)), 0.22)
    values = as_floats(picture.pixels)
    chalk = chalk * 0.45 + values * 0.55
    chalk = vivid(chalk, 1.12) * 0.95 + 0.04
    tooth = tile(0.25, h, w, rng)
    cover = np.clip(0.84 + (tooth - 0.2) * 0.8, 0.62, 1)[..., None]
    return sheet + (chalk - sheet) * cover


def _quick_poster(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    values = as_floats(cv2.medianBlur(picture.pixels, 3))
    grain = (tile(0.15, h, w, rng)[..., None] - 0.5) * 0.055
    out = _blocks(np.clip(vivid(values, 1.22) + grain, 0, 1), 6)
    out = out * 0.7 + np.clip(vivid(values, 1.22), 0, 1) * 0.3
    out = (out - 0.5) * 1.06 + 0.5
    return _framed(out, rng)


@lru_cache(maxsize=16)
def _dot_map(h: int, w: int, radius: float, variant: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(variant + 11)
    count = int(h * w / (radius * radius * 1.7))
    x, y = rng.uniform(0, w, count), rng.uniform(0, h, count)
    ys, xs = np.mgrid[0:h, 0:w]
    distance, nearest = cKDTree(np.stack([x, y], 1)).query(np.stack([xs.ravel(), ys.ravel()], 1))
    index = y.astype(np.int32)[nearest] * w + x.astype(np.int32)[nearest]
    index = np.where(distance <= radius * 1.05, index, -1)
    return index.reshape(h, w).astype(np.int32), nearest.reshape(h, w).astype(np.int32)


def _quick_points(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    k = max(min(h, w) / 96, 0.6)
    values = as_floats(picture.pixels)
    canvas = np.array([0.93, 0.89, 0.80], np.float32)
    index, number = _dot_map(h, w, 1.5 * k, int(rng.integers(4)))
    tint = noise(0.2, 1).reshape(-1)
    jitter = np.stack([tint[(number * p) % tint.size] - 0.5 for p in (31, 57, 83)], -1)
    dots = vivid(values, 1.2).reshape(-1, 3)[np.maximum(index, 0)] + jitter * 0.16
    ground = values * 0.6 + canvas * 0.4
    return np.where((index >= 0)[..., None], dots, ground)


def _quick_ink(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    values = as_floats(picture.pixels)
    k = min(h, w) / 96
    soft = cv2.bilateralFilter(values, 5, 0.12, 3)
    light = luma(soft)
    opened = light ** (0.95 if scene.time == "night" else 0.78)
    soft = soft * (opened / np.maximum(light, 0.02))[..., None]
    edge = np.abs(soft - cv2.GaussianBlur(soft, (0, 0), 1.5 * k)).sum(2)
    density = 0.94 + 0.3 * (tile(1.6, h, w, rng, 2.0) - 0.5) + np.clip(edge * 0.8, 0, 0.3)
    paper = np.array([0.97, 0.955, 0.92], np.float32)
    out = paper * (1 - np.clip(1 - soft, 0, 1) * density[..., None])
    return _paper_edge(out, paper, rng, 0.03) if rng.random() < 0.6 else out


@lru_cache(maxsize=16)
def _tessera_map(h: int, w: int, size: float, variant: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(variant + 3)
    rows, columns = round(h / size), round(w / size)
    gy, gx = np.mgrid[0:rows, 0:columns]
    x = (gx + 0.5 + rng.uniform(-0.28, 0.28, gx.shape)) * w / columns
    y = (gy + 0.5 + rng.uniform(-0.28, 0.28, gy.shape)) * h / rows
    points = np.stack([x.ravel(), y.ravel()], 1)
    ys, xs = np.mgrid[0:h, 0:w]
    distance, nearest = cKDTree(points).query(
        np.stack([xs.ravel(), ys.ravel()], 1) + 0.5, k=2, p=np.inf
    )
    gap = (distance[:, 1] - distance[:, 0]).reshape(h, w).astype(np.float32)
    cell = points[nearest[:, 0]]
    index = cell[:, 1].astype(np.int32).clip(0, h - 1) * w + cell[:, 0].astype(np.int32).clip(
        0, w - 1
    )
    return index.reshape(h, w), nearest[:, 0].reshape(h, w).astype(np.int32), gap


def _quick_mosaic(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    size = max(min(h, w) / 96 * 2.3, 2.3)
    values = vivid(cv2.blur(as_floats(picture.pixels), (3, 3)), 1.12)
    index, number, gap = _tessera_map(h, w, size, int(rng.integers(4)))
    tone = noise(0.2, 2).ravel()[number * 41 % (_N * _N)] - 0.5
    out = values.reshape(-1, 3)[index] * (1 + 0.26 * tone[..., None])
    grout = np.array([0.42, 0.39, 0.36], np.float32)
    joint = np.clip(1 - gap / (size * 0.2), 0, 1)[..., None] * 0.5
    return out + (grout - out) * joint


# -- patient --------------------------------------------------------------------------------------
@lru_cache(maxsize=4)
def _brushes(kind: str) -> tuple[skia.Image, np.ndarray, int, int]:
    """Twelve stroke stamps under each other: white, with the marks of the bristles as alpha."""
    rng = np.random.default_rng({"oil": 5, "chalk": 6, "dab": 7}[kind])
    count, h, w = 12, 40, 128
    if kind == "dab":
        w = 48
        h = 48
    sheet = np.zeros((count * h, w, 4), np.uint8)
    relief = np.zeros((count * h, w, 4), np.uint8)
    ys = (np.arange(h, dtype=np.float32)[:, None] + 0.5) / h * 2 - 1
    xs = (np.arange(w, dtype=np.float32)[None, :] + 0.5) / w * 2 - 1
    for i in range(count):
        if kind == "dab":
            angle = np.arctan2(ys, xs)
            rim = (
                0.86
                + 0.06 * np.sin(angle * 2 + rng.uniform(0, 6))
                + 0.04 * np.sin(angle * 5 + rng.uniform(0, 6))
            )
            r = np.sqrt(xs * xs + ys * ys) / rim
            alpha = np.clip((1 - r) * 9, 0, 1)
            bump = np.clip(0.35 + 0.5 * (1 - r) + 0.25 * (-xs - ys) * 0.5, 0, 1)
        else:
            bend = rng.uniform(-0.25, 0.25)
            y = ys - bend * (xs * xs - 0.35)
            lanes = rng.uniform(0.35, 1.0, 26).astype(np.float32)
            lanes = cv2.GaussianBlur(lanes[None, :], (0, 0), 0.8)[0]
            lane = np.clip((y + 1) / 2 * 25, 0, 25)
            low = np.floor(lane).astype(int).clip(0, 24)
            bristle = lanes[low] + (lanes[low + 1] - lanes[low]) * (lane - low)
            starts = cv2.GaussianBlur(
                rng.uniform(-0.98, -0.7, 26).astype(np.float32)[None], (0, 0), 1.1
            )[0]
            ends = cv2.GaussianBlur(
                rng.uniform(0.55, 0.99, 26).astype(np.float32)[None], (0, 0), 1.1
            )[0]
            along = np.clip((xs - starts[low]) * 7, 0, 1) * np.clip((ends[low] - xs) * 5, 0, 1)
            across = np.clip((1 - np.abs(y)) * 4.5, 0, 1)
            grain = noise(0.6 if kind == "oil" else 0.35, i % 3)[40 * i : 40 * i + h, :w]
            if kind == "oil":
                dry = np.clip(0.95 - 0.5 * np.clip((xs - 0.2), 0, 1) * (1.2 - bristle), 0, 1)
                alpha = along * across * np.clip(0.5 + bristle * 0.75, 0, 1) * dry
            else:
                alpha = along * across * np.clip((grain - 0.32) * 3.2, 0, 1) * 0.92
            bump = np.clip(0.12 + bristle * 0.7 + 0.2 * (grain - 0.5), 0, 1)
            bump = bump * np.clip(1.15 - 0.3 * np.abs(y), 0, 1)
        a = (alpha * 255).astype(np.uint8)
        rows = slice(i * h, (i + 1) * h)
        # Not premultiplied: white under the alpha, or every stroke would get a dark rim.
        sheet[rows, :, :3], sheet[rows, :, 3] = 255, a
        relief[rows, :, :3] = (bump * 255).astype(np.uint8)[..., None]
        relief[rows, :, 3] = a
    image = _stamps(sheet)
    return image, relief, h, w


def _stamps(sheet: np.ndarray) -> skia.Image:
    return skia.Image.fromarray(sheet, colorType=skia.kRGBA_8888_ColorType)


@lru_cache(maxsize=4)
def _relief_image(kind: str) -> skia.Image:
    return _stamps(_brushes(kind)[1])


_LINEAR = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)


class _Easel:
    """A canvas that takes strokes by the thousand, and remembers how thick the paint lies."""

    def __init__(self, ground: np.ndarray, kind: str) -> None:
        h, w = ground.shape[:2]
        self.h, self.w, self.kind = h, w, kind
        self.px = np.dstack([ground, np.full((h, w), 255, np.uint8)])
        self.px = np.ascontiguousarray(self.px)
        self.surface = skia.Surface(self.px, colorType=skia.kRGBA_8888_ColorType)
        self.height = np.zeros((h, w, 4), np.uint8)
        self.height[..., 3] = 255
        self.height_surface = skia.Surface(self.height, colorType=skia.kRGBA_8888_ColorType)

    @property
    def values(self) -> Floats:
        return as_floats(self.px[..., :3])

    def strokes(
        self,
        xs: Floats,
        ys: Floats,
        angles: Floats,
        lengths: Floats,
        colours: Floats,
        rng: np.random.Generator,
        alpha: float = 1.0,
        raised: bool = True,
    ) -> None:
        image, _, bh, bw = _brushes(self.kind)
        n = len(xs)
        if n == 0:
            return
        scale = lengths / bw
        c, s = np.cos(angles) * scale, np.sin(angles) * scale
        tx, ty = xs - (c * bw - s * bh) / 2, ys - (s * bw + c * bh) / 2
        which = rng.integers(0, 12, n)
        rects = [skia.Rect(0, i * bh, bw, (i + 1) * bh) for i in range(12)]
        forms = [skia.RSXform(*q) for q in np.stack([c, s, tx, ty], 1).astype(np.float64).tolist()]
        places = [rects[i] for i in which.tolist()]
        rgb_ = (np.clip(colours, 0, 1) * 255 + 0.5).astype(np.int64)
        a = int(alpha * 255)
        codes = ((a << 24) | (rgb_[:, 0] << 16) | (rgb_[:, 1] << 8) | rgb_[:, 2]).tolist()
        self.surface.getCanvas().drawAtlas(
            image, forms, places, codes, skia.BlendMode.kModulate, _LINEAR
        )
        if raised:
            tone = rng.integers(150, 256, n)
            greys = ((255 << 24) | (tone << 16) | (tone << 8) | tone).tolist()
            self.height_surface.getCanvas().drawAtlas(
                _relief_image(self.kind), forms, places, greys, skia.BlendMode.kModulate, _LINEAR
            )


def _spots(h: int, w: int, step: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A jittered grid in random order: even cover without a pattern."""
    ys, xs = np.mgrid[0 : int(h / step) + 2, 0 : int(w / step) + 2].astype(np.float32)
    xs = (xs + rng.uniform(-0.5, 0.5, xs.shape)) * step
    ys = (ys + rng.uniform(-0.5, 0.5, ys.shape)) * step
    order = rng.permutation(xs.size)
    return xs.ravel()[order], ys.ravel()[order]


def _at(field: Floats, xs: Floats, ys: Floats) -> Floats:
    h, w = field.shape[:2]
    return field[np.clip(ys, 0, h - 1).astype(np.int32), np.clip(xs, 0, w - 1).astype(np.int32)]


def _jitter(colours: Floats, rng: np.random.Generator, amount: float) -> Floats:
    n = len(colours)
    value = rng.normal(0, amount, (n, 1))
    hue = rng.normal(0, amount * 0.45, (n, 3))
    return colours * (1 + value) + hue * 0.5


def _detail(values: Floats, sigma: float) -> Floats:
    """How much happens within `sigma` pixels: 0 where it is calm, 1 at edges and small forms."""
    difference = np.abs(values - cv2.GaussianBlur(values, (0, 0), sigma)).max(2)
    return np.clip(cv2.GaussianBlur(difference, (0, 0), sigma * 0.6) * 12, 0, 1)


def _weave(h: int, w: int, k: float) -> Floats:
    ys, xs = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)[None, :]
    period = 5.0 * k
    weave = np.sin(xs * (2 * math.pi / period)) * np.sin(ys * (2 * math.pi / period))
    return weave.astype(np.float32)


# Layers of an oil painting: the stroke's radius at 720 pixels, how much must happen below a stroke
# for it to be laid, and how far its colour strays.
Layers = Sequence[tuple[float, float, float]]
_OIL: Layers = (
    (26, 0.0, 0.085),
    (13, 0.0, 0.07),
    (7, 0.12, 0.055),
    (3.8, 0.32, 0.035),
    (2.3, 0.62, 0.02),
)


def _paint_oil(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    return oil(picture, rng, _OIL)


def oil(picture: Picture, rng: np.random.Generator, layers: Layers, step: float = 0.95) -> Floats:
    """Strokes along the forms, layer over layer; `step` is their distance in radii."""
    values = vivid(as_floats(picture.pixels), 1.1)
    h, w = values.shape[:2]
    k = min(h, w) / 720
    sway = (tile(1.8, h, w, rng, 0.5) - 0.5) * 2.2
    ground = np.array([0.50, 0.38, 0.28], np.float32)
    easel = _Easel(as_bytes(cv2.GaussianBlur(values, (0, 0), 14 * k) * 0.6 + ground * 0.4), "oil")
    for radius, need, spread in layers:
        r = radius * k
        reference = cv2.GaussianBlur(values, (0, 0), max(r * 0.34, 0.6))
        angle = _flow(values, max(r * 0.9, 3.0), sway)
        xs, ys = _spots(h, w, r * step, rng)
        if need:
            keep = _at(_detail(values, max(r * 0.8, 1.5)), xs, ys) > need * rng.uniform(
                0.6, 1.3, len(xs)
            )
            xs, ys = xs[keep], ys[keep]
        colours = _jitter(_at(reference, xs, ys), rng, spread)
        turn = _at(angle, xs, ys) + rng.normal(0, 0.16, len(xs))
        lengths = r * rng.uniform(3.6, 5.6, len(xs)) * (1.0 if radius > 4 else 0.85)
        easel.strokes(xs, ys, turn, lengths, colours, rng, alpha=0.97)
    out = easel.values
    height = as_floats(easel.height)[..., 0]
    light = _emboss(cv2.GaussianBlur(height, (0, 0), 0.7 * k), 0.16)
    light *= 1 + 0.018 * _weave(h, w, k)
    return out * light[..., None]


def _wobble(values: Floats, rng: np.random.Generator, amount: float, scale: float) -> Floats:
    h, w = values.shape[:2]
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    dx = (tile(1.2, h, w, rng, scale) - 0.5) * amount
    dy = (tile(1.2, h, w, rng, scale) - 0.5) * amount
    return cv2.remap(values, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _sparks(values: Floats, k: float) -> Floats:
    """Small bright grey things, as snow and rain are: a painter masks them and leaves the paper."""
    light = luma(values)
    spark = np.clip((light - cv2.GaussianBlur(light, (0, 0), 8 * k)) * 7 - 0.9, 0, 1)
    pale = np.clip(1.6 - (values.max(2) - values.min(2)) * 6, 0, 1)
    return spark * pale * np.clip((light - 0.4) * 4, 0, 1)


def _paint_watercolour(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    k = min(h, w) / 720
    # Washes: broad areas of one tone, whose borders wander a little.
    flat = picture.pixels
    for _ in range(3):
        flat = cv2.bilateralFilter(flat, int(9 * k) | 1, 34, 9 * k)
    flat = cv2.medianBlur(flat, 5)
    values = as_floats(flat)
    washes = _wobble(values, rng, 7 * k, 0.9 / k)
    washes = _wobble(washes, rng, 3.0 * k, 3.2 / k)
    wet = cv2.GaussianBlur(_wobble(values, rng, 46 * k, 0.5 / k), (0, 0), 9 * k)
    # Wet in wet where it is calm: colours run; near edges the brush was dry.
    calm = 1 - _detail(values, 8 * k)
    run = np.clip((tile(1.7, h, w, rng, 0.7 / k) - 0.35) * 2, 0, 1) * calm
    washes = washes + (wet - washes) * (run * 0.75)[..., None]
    # Pigment gathers at the edge of a wash and is thin in its middle.
    light = luma(washes)
    edge = np.zeros_like(light)
    for sigma, weight in ((2.2, 1.7), (7.0, 1.1)):
        edge += np.clip(cv2.GaussianBlur(light, (0, 0), sigma * k) - light, 0, 1) * weight
    spark = _sparks(as_floats(picture.pixels), k)
    edge *= 1 - np.clip(cv2.GaussianBlur(spark, (0, 0), 3 * k) * 6, 0, 0.9)
    lines = np.abs(cv2.Laplacian(cv2.GaussianBlur(light, (0, 0), 1.3 * k), cv2.CV_32F)) * 2.2
    bloom = tile(1.9, h, w, rng, 0.55 / k) - 0.5
    steps = tile(1.6, h, w, rng, 0.9 / k)
    back = np.exp(-(((np.mod(steps * 5, 1) - 0.5) / 0.06) ** 2)) * 0.06 * calm
    paper_grain = tile(0.75, h, w, rng, 1.3 / k) - 0.5
    fine = tile(0.25, h, w, rng) - 0.5
    dark = 1 - light
    density = 0.84 + 0.34 * bloom + edge * 1.2 + lines + back
    density += (0.2 * paper_grain + 0.09 * fine) * (0.35 + 0.65 * dark)
    paper = np.array([0.988, 0.975, 0.945], np.float32)
    absorb = 1 - vivid(washes, 1.16)
    out = paper * (1 - np.clip(absorb, 0, 1) * np.clip(density, 0.25, 1.35)[..., None])
    out = out + (paper - out) * (0.85 * spark)[..., None]
    # A few sparkles of bare paper where the dry brush skipped, and some spatter.
    skip = np.clip((tile(0.9, h, w, rng, 1.6 / k) - 0.93) * 16, 0, 1) * (1 - calm) * 0.5
    out = out + (paper - out) * skip[..., None]
    spatter = np.zeros((h, w), np.float32)
    for _ in range(46):
        x, y = int(rng.integers(w)), int(rng.integers(h))
        cv2.circle(
            spatter, (x, y), min(max(int(rng.gamma(1.2, 1.1) * k), 1), 3), 1.0, -1, cv2.LINE_AA
        )
    out *= 1 - 0.16 * cv2.GaussianBlur(spatter, (0, 0), 0.7)[..., None]
    out = _paper_edge(out, paper, rng, 0.034)
    return out * (1 + 0.035 * _emboss(tile(0.9, h, w, rng, 1.2 / k), 0.9)[..., None] - 0.035)


def _palette_blocks(
    values: Floats, count: int, rng: np.random.Generator, kept: Sequence[RGB]
) -> tuple[Floats, np.ndarray]:
    """The picture in `count` flat inks found in it (k-means in Lab), and each pixel's ink."""
    lab = cv2.cvtColor(np.clip(values, 0, 1), cv2.COLOR_RGB2Lab)
    flat = lab.reshape(-1, 3)
    chroma = np.hypot(flat[:, 1], flat[:, 2])
    weights = (0.2 + chroma) / (0.2 + chroma).sum()
    sample = flat[rng.choice(len(flat), 6000, p=weights)]
    cv2.setRNGSeed(7)
    _, _, centres = cv2.kmeans(
        np.float32(sample), count, None, (3, 20, 0.5), 2, cv2.KMEANS_PP_CENTERS
    )
    if kept:  # the things' own colours are inks of their own, whatever else is found
        own = cv2.cvtColor(np.float32([kept]), cv2.COLOR_RGB2Lab)[0]
        centres = np.concatenate([centres, own])
    distance = ((flat[:, None, :] - centres[None]) ** 2 * np.array([0.7, 1.3, 1.3])).sum(2)
    labels = distance.argmin(1).astype(np.uint8).reshape(lab.shape[:2])
    inks = cv2.cvtColor(centres.reshape(1, -1, 3).astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    return inks, labels


def _paint_woodcut(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    k = min(h, w) / 720
    values = as_floats(picture.pixels)
    soft = cv2.bilateralFilter(picture.pixels, int(11 * k) | 1, 40, 8 * k)
    own = [picture.light.thing(t.colour) for t in scene.coloured if t.colour]
    kept = [tone for tones in own for tone in (tones.mid, mix(tones.mid, tones.light, 0.5))]
    inks, labels = _palette_blocks(vivid(as_floats(soft), 1.25), 7, rng, kept)
    labels = cv2.medianBlur(labels, 7)
    grain = tile(0.9, h, w, rng, 0.5)
    # Wood grain: noise drawn out along the plank, bent around a knot or two.
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    bend = (tile(2.0, h, w, rng, 0.3 / k) - 0.5) * 60 * k
    rings = noise(0.8, 1)[
        np.mod((ys + bend) * 0.9 / k, _N).astype(int) % _N,
        np.mod(xs * 0.025 / k + 30, _N).astype(int) % _N,
    ]
    paper = _CREAM + (tile(0.5, h, w, rng)[..., None] - 0.5) * 0.03
    out = paper.copy()
    shift = rng.integers(-2, 3, 2) * max(k, 1)
    block = inks[labels]
    block = cv2.warpAffine(
        block.astype(np.float32),
        np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]),
        (w, h),
        borderMode=1,
    )
    cover = np.clip(0.95 - 0.2 * (rings < 0.26) - 0.14 * (grain > 0.88), 0, 1)[..., None]
    block = block * 0.94 + 0.05
    out = out + (block - out) * cover
    # The key block: contours, and lines that swell in the shadows.
    light = evened(luma(values))
    smooth = cv2.GaussianBlur(light, (0, 0), 1.6 * k)
    screen = _screen(smooth, rng, 7.4 * k, 2.6, 0.7)
    rough = (tile(0.8, h, w, rng, 1.4 / k) - 0.5) * 0.16
    cut = np.clip((screen * 0.52 - smooth * 1.06 - 0.02 + rough * 0.4) * 14 + 0.5, 0, 1)
    contour = np.clip(
        (cv2.GaussianBlur(light, (0, 0), 3.4 * k) - smooth) * 26 - 1.1 + rough * 3, 0, 1
    )
    solid = np.clip((0.17 - smooth) * 16 + rough * 3, 0, 1) * np.clip(1.25 - screen * 0.45, 0, 1)
    key_mask = np.maximum(np.maximum(cut, contour), solid)
    key_mask = np.clip((cv2.GaussianBlur(key_mask, (0, 0), 0.9 * k) - 0.5) * 3.2 + 0.5, 0, 1)
    wear = np.clip(0.98 - 0.2 * (grain > 0.92) - 0.12 * (rings < 0.16), 0, 1)
    key = np.array(_KEY_INKS[int(rng.integers(3))], np.float32)
    out = out + (key - out) * (key_mask * wear)[..., None]
    # What is small and bright (snow, rain, sparks) is cut away: bare paper.
    spark = np.clip((light - cv2.GaussianBlur(light, (0, 0), 7 * k)) * 9 - 1.0, 0, 1)
    spark *= np.clip((luma(values) - 0.45) * 4, 0, 1)
    out = out + (paper - out) * spark[..., None]
    # White lines carved into light areas of the sky give it air.
    air = np.clip((screen - 0.93) * 14, 0, 1) * np.clip((smooth - 0.5) * 5, 0, 1) * 0.35
    out = out + (paper - out) * air[..., None]
    m = int(0.03 * min(h, w))
    edge = np.minimum(np.minimum(xs, w - 1 - xs), np.minimum(ys, h - 1 - ys))
    edge = edge + (tile(1.0, h, w, rng, 0.8 / k) - 0.5) * 7 * k
    inside = np.clip((edge - m) / 1.2, 0, 1)[..., None]
    return paper + (out - paper) * inside


def _paint_pastel(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    values = vivid(as_floats(picture.pixels), 1.16)
    h, w = values.shape[:2]
    k = min(h, w) / 720
    sheet = np.array(_SHEETS[int(rng.integers(4))], np.float32)
    fibre = tile(0.55, h, w, rng, 1.0)[..., None] - 0.5
    ground = np.clip(sheet + fibre * 0.07, 0, 1)
    rubbed = cv2.GaussianBlur(values, (0, 0), 7 * k)
    tooth = tile(0.42, h, w, rng, 0.9 / max(k, 0.5))
    ridged = np.abs(np.sin((np.arange(h)[:, None] * 0.9 + np.arange(w)[None, :] * 0.25) / k)) * 0.12
    tooth = np.clip(tooth * 0.92 + ridged, 0, 1)
    smear = np.clip(0.84 + (tooth - 0.5) * 0.35, 0, 1)[..., None]
    easel = _Easel(as_bytes(ground + (rubbed - ground) * smear), "chalk")
    slant = float(rng.uniform(-0.9, -0.4)) + (tile(1.9, h, w, rng, 0.5) - 0.5) * 1.3
    for radius, need, spread in (
        (15, 0.0, 0.10),
        (8, 0.06, 0.09),
        (4.4, 0.28, 0.06),
        (2.8, 0.5, 0.04),
    ):
        r = radius * k
        reference = cv2.GaussianBlur(values, (0, 0), max(r * 0.3, 0.6))
        angle = _flow(values, max(r * 1.1, 4.0), slant)
        xs, ys = _spots(h, w, r * 1.0, rng)
        if need:
            keep = _at(_detail(values, max(r * 0.8, 1.5)), xs, ys) > need * rng.uniform(
                0.5, 1.4, len(xs)
            )
            xs, ys = xs[keep], ys[keep]
        colours = _jitter(_at(reference, xs, ys), rng, spread) * 1.06 + 0.03
        turn = _at(angle, xs, ys) + rng.normal(0, 0.2, len(xs))
        lengths = r * rng.uniform(3.6, 6.5, len(xs))
        easel.strokes(xs, ys, turn, lengths, colours, rng, alpha=0.95, raised=False)
    out = easel.values
    hollow = np.clip((0.2 - tooth) * 5, 0, 1)[..., None] * 0.32
    out = out + (ground - out) * hollow
    dust = (tile(0.15, h, w, rng)[..., None] - 0.5) * 0.05
    return out + dust


def _paint_poster(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    k = min(h, w) / 720
    soft = picture.pixels
    for _ in range(2):
        soft = cv2.bilateralFilter(soft, int(9 * k) | 1, 46, 7 * k)
    soft = cv2.medianBlur(soft, 7)
    values = np.clip(vivid(as_floats(soft), 1.26), 0, 1)
    # Sprayed grain breaks the steps between the flat tones, as on lithographed posters.
    spray = tile(0.1, h, w, rng) - 0.5
    coarse = tile(0.5, h, w, rng, 0.9) - 0.5
    light = luma(values)
    levels = 6
    shaken = light + (spray * 0.07 + coarse * 0.025)
    step = (np.floor(np.clip(shaken, 0, 0.999) * levels) + 0.5) / levels
    out = np.clip(values * (step / np.maximum(light, 0.04))[..., None], 0, 1)
    flat = _blocks(values, levels)
    out = out * 0.78 + flat * 0.22
    out = (out - 0.5) * 1.08 + 0.5
    exact = as_floats(picture.pixels)
    detail = np.clip(np.abs(exact - values).max(2) * 5 - 0.35, 0, 0.55)[..., None]
    out = out + (exact - out) * detail
    out = out * 0.965 + 0.02
    out += (tile(0.3, h, w, rng)[..., None] - 0.5) * 0.03
    m = int(0.032 * min(h, w))
    framed = np.empty_like(out)
    framed[:] = _CREAM + (tile(0.4, h, w, rng)[..., None] - 0.5) * 0.025
    framed[m:-m, m:-m] = out[m:-m, m:-m]
    return framed


def _paint_points(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    values = as_floats(picture.pixels)
    h, w = values.shape[:2]
    k = min(h, w) / 720
    canvas = np.array([0.90, 0.85, 0.74], np.float32)
    soft = cv2.GaussianBlur(values, (0, 0), 5 * k)
    easel = _Easel(as_bytes(soft * 0.72 + canvas * 0.28), "dab")
    for radius, need, spread in (
        (8.5, 0.0, 0.2),
        (6.2, 0.0, 0.2),
        (4.6, 0.14, 0.13),
        (3.3, 0.4, 0.07),
    ):
        r = radius * k
        xs, ys = _spots(h, w, r * (1.42 if not need else 1.15), rng)
        if need:
            keep = _at(_detail(values, r * 1.2), xs, ys) > need * rng.uniform(0.5, 1.4, len(xs))
            xs, ys = xs[keep], ys[keep]
        base = vivid(_at(cv2.GaussianBlur(values, (0, 0), r * 0.4), xs, ys), 1.28)
        n = len(xs)
        # Divided colour: each dot leans to one primary, and the eye mixes them again.
        lean = np.zeros((n, 3), np.float32)
        lean[np.arange(n), rng.integers(0, 3, n)] = rng.uniform(0.3, 1.0, n)
        lean -= lean.mean(1, keepdims=True)
        warm = rng.normal(0, 1, (n, 1)) * np.array([[0.5, 0.1, -0.6]])
        colours = base + spread * (0.8 * lean + 0.5 * warm) + rng.normal(0, spread * 0.3, (n, 1))
        sizes = r * rng.uniform(1.7, 2.5, n)
        easel.strokes(xs, ys, rng.uniform(0, 6.28, n), sizes, colours, rng)
    out = easel.values
    light = _emboss(cv2.GaussianBlur(as_floats(easel.height)[..., 0], (0, 0), 0.7 * k), 0.09)
    return out * light[..., None]


def _paint_ink(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    h, w = picture.pixels.shape[:2]
    k = min(h, w) / 720
    flat = picture.pixels
    for _ in range(2):
        flat = cv2.bilateralFilter(flat, int(9 * k) | 1, 30, 8 * k)
    values = as_floats(flat)
    sharp = _wobble(values, rng, 4.5 * k, 1.4 / k)
    wet = cv2.GaussianBlur(_wobble(values, rng, 60 * k, 0.45 / k), (0, 0), 12 * k)
    detail = _detail(values, 7 * k)
    run = np.clip((tile(1.8, h, w, rng, 0.6 / k) - 0.25) * 1.7, 0, 1) * (1 - detail)
    washes = sharp + (wet - sharp) * (0.85 * run)[..., None]
    light = luma(washes)
    chroma = washes.max(2) - washes.min(2)
    colour = np.clip((chroma - 0.1) * 5, 0, 1)
    # Ink has a long way from water to black: open the lights, keep the darks.
    night = scene.time == "night"
    opened = light ** (0.84 if night else 0.78)
    scaled = washes * (opened / np.maximum(light, 0.02))[..., None]
    grey = opened[..., None] * np.array([0.985, 1.0, 1.02], np.float32)
    muted = scaled * 0.35 + grey * 0.65
    washes = muted + (scaled - muted) * colour[..., None]
    edge = np.zeros_like(light)
    for sigma, weight in ((2.0, 1.9), (8.0, 1.2)):
        edge += np.clip(cv2.GaussianBlur(light, (0, 0), sigma * k) - light, 0, 1) * weight
    spark = _sparks(as_floats(picture.pixels), k)
    edge *= 1 - np.clip(cv2.GaussianBlur(spark, (0, 0), 3 * k) * 6, 0, 0.9)
    bloom = tile(1.9, h, w, rng, 0.5 / k) - 0.5
    grain = tile(0.8, h, w, rng, 1.2 / k) - 0.5
    fibre = noise(0.7, 2)[
        np.mod(np.arange(h)[:, None] * 0.35 / k, _N).astype(int) % _N,
        np.mod(np.arange(w)[None, :] * 1.8 / k, _N).astype(int) % _N,
    ]
    density = (
        1.0 + 0.36 * bloom + edge * 1.25 + (0.22 * grain + 0.05 * (fibre - 0.5)) * (1.2 - light)
    )
    dry = np.clip((tile(0.6, h, w, rng, 1.5 / k) - 0.72) * 6, 0, 1)
    dry *= np.clip(np.abs(cv2.GaussianBlur(light, (0, 0), 5 * k) - light) * 9, 0, 1) * 0.55
    paper = np.array([0.972, 0.957, 0.918], np.float32) + (fibre[..., None] - 0.5) * 0.03
    absorb = np.clip(1 - washes, 0, 1) * np.clip(density, 0.3, 1.5)[..., None]
    out = paper * (1 - np.clip(absorb, 0, 0.97) * (1 - dry[..., None]))
    out = out + (paper - out) * (0.8 * spark)[..., None]
    # A red seal in the corner would be a lie about colours, so there is none; only bare paper.
    return _paper_edge(out, np.array([0.972, 0.957, 0.918], np.float32), rng, 0.03)


def _paint_mosaic(picture: Picture, scene: Scene, rng: np.random.Generator) -> Floats:
    values = vivid(as_floats(picture.pixels), 1.18)
    h, w = values.shape[:2]
    k = min(h, w) / 720
    size = 12.0 * k
    # Half the size is enough to find where the stones lie.
    small = cv2.resize(values, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    sh, sw = small.shape[:2]
    sway = (tile(1.9, sh, sw, rng, 0.6) - 0.5) * 1.6
    angle = _flow(small, 6 * k, sway)
    step = size / 2
    xs, ys = _spots(sh, sw, step, rng)
    inside = (xs > 0) & (xs < sw) & (ys > 0) & (ys < sh)
    points = np.stack([xs[inside], ys[inside]], 1).astype(np.float64)
    gy, gx = np.mgrid[0:sh, 0:sw]
    pixels = np.stack([gx.ravel() + 0.5, gy.ravel() + 0.5], 1)
    # Stones keep off the strong edges, so that outlines are laid along, not across.
    weight = (1.0 - 0.9 * np.clip(_edge(small) * 7 - 0.35, 0, 1)).ravel() + 0.02
    for _ in range(7):
        label, _, _ = _nearest_stone(points, pixels, angle)
        total = np.bincount(label, weight, len(points))
        sx = np.bincount(label, pixels[:, 0] * weight, len(points))
        sy = np.bincount(label, pixels[:, 1] * weight, len(points))
        some = total > 0
        points[some, 0], points[some, 1] = sx[some] / total[some], sy[some] / total[some]
    gy, gx = np.mgrid[0:h, 0:w]
    full = np.stack([(gx.ravel() + 0.5) / 2, (gy.ravel() + 0.5) / 2], 1)
    label, first, second = _nearest_stone(points, full, angle)
    gap = ((second - first) * 2 / k).reshape(h, w)
    counts = np.maximum(np.bincount(label, minlength=len(points)), 1)
    flat = values.reshape(-1, 3)
    colours = np.stack([np.bincount(label, flat[:, c], len(points)) / counts for c in range(3)], 1)
    n = len(points)
    colours = _jitter(colours, rng, 0.075)
    tilt = rng.normal(0, 0.05, (n, 2))
    dx, dy = full[:, 0] - points[label, 0], full[:, 1] - points[label, 1]
    facet = 1 + (dx * tilt[label, 0] + dy * tilt[label, 1]) / step * 1.4
    out = (colours[label] * facet[:, None]).reshape(h, w, 3).astype(np.float32)
    stone = np.clip((gap - 1.7) / 1.6, 0, 1)
    bump = cv2.GaussianBlur(np.clip((gap - 1.2) / 4.0, 0, 1).astype(np.float32), (0, 0), 0.9)
    light = _emboss(bump, 0.1)
    out = out * light[..., None] * 1.06
    out *= 1 + 0.1 * (tile(0.7, h, w, rng, 1.3 / k)[..., None] - 0.5)
    glint = (rng.random(n) > 0.985)[label].reshape(h, w) * stone
    out += 0.1 * glint[..., None]
    mortar = np.array([0.50, 0.47, 0.43], np.float32) * (
        0.8 + 0.3 * tile(0.6, h, w, rng)[..., None]
    )
    # Mortar takes something of the stones around, or a night would be a net of grey.
    around = cv2.GaussianBlur(values, (0, 0), 9 * k)
    mortar = mortar * 0.45 + around * 0.3 * luma(mortar)[..., None] / 0.47 + around * 0.12
    return mortar + (out - mortar) * stone[..., None].astype(np.float32)


def _edge(values: Floats) -> Floats:
    grey = cv2.GaussianBlur(luma(values), (0, 0), 1.0)
    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)
    return np.sqrt(gx * gx + gy * gy)


def _nearest_stone(
    points: np.ndarray, pixels: np.ndarray, angle: Floats
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each pixel's stone when stones are squares turned along `angle`, and the two distances."""
    k = 5
    _, near = cKDTree(points).query(pixels, k=k)
    turn = _at(angle, points[:, 0], points[:, 1])
    c, s = np.cos(turn), np.sin(turn)
    best = np.full(len(pixels), np.inf)
    second = np.full(len(pixels), np.inf)
    label = np.zeros(len(pixels), np.int64)
    for j in range(k):
        i = near[:, j]
        dx, dy = pixels[:, 0] - points[i, 0], pixels[:, 1] - points[i, 1]
        d = np.maximum(np.abs(dx * c[i] + dy * s[i]), np.abs(dy * c[i] - dx * s[i]))
        closer = d < best
        second = np.where(closer, best, np.minimum(second, d))
        label = np.where(closer, i, label)
        best = np.where(closer, d, best)
    return label, best, second


Hand = Callable[[Picture, Scene, np.random.Generator], Floats]
QUICK: dict[str, Hand] = {
    "oil": _quick_oil,
    "watercolour": _quick_watercolour,
    "woodcut": _quick_woodcut,
    "pastel": _quick_pastel,
    "poster": _quick_poster,
    "pointillism": _quick_points,
    "ink wash": _quick_ink,
    "mosaic": _quick_mosaic,
}
PATIENT: dict[str, Hand] = {
    "oil": _paint_oil,
    "watercolour": _paint_watercolour,
    "woodcut": _paint_woodcut,
    "pastel": _paint_pastel,
    "poster": _paint_poster,
    "pointillism": _paint_points,
    "ink wash": _paint_ink,
    "mosaic": _paint_mosaic,
}


def paint(picture: Picture, scene: Scene, *, painted: bool) -> np.ndarray:
    """The composed picture in the manner of the scene's style, as uint8 (height, width, 3)."""
    rng = np.random.default_rng((scene.seed, 77))
    hand = (PATIENT if painted else QUICK)[scene.style]
    return as_bytes(hand(picture, scene, rng))
