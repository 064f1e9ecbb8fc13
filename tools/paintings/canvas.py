"""A canvas for skia and numpy alike: paths, gradients and noise, at any scale.

Coordinates are in units of the shorter side, so that a composition is the same small and large.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import skia

from tools.paintings.palette import RGB

_NOISE = 512


# All that the places, things and hands ask for: a tenth of a second and a megabyte each.
@lru_cache(maxsize=192)
def noise(beta: float, seed: int = 0, stretch: float = 1.0) -> np.ndarray:
    """Seamless cloud-like noise (512 x 512, float32, uniform in 0..1), smoother as beta grows."""
    rng = np.random.default_rng(1000 + seed)
    fy = np.fft.fftfreq(_NOISE)[:, None] * _NOISE
    fx = np.fft.rfftfreq(_NOISE)[None, :] * _NOISE
    radius = np.sqrt((fx * stretch) ** 2 + fy**2)
    radius[0, 0] = 1
    spectrum = (rng.normal(size=radius.shape) + 1j * rng.normal(size=radius.shape)) / radius**beta
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(_NOISE, _NOISE))
    order = np.argsort(field.ravel(), kind="stable")
    ranks = np.empty(order.size, np.float32)
    ranks[order] = np.linspace(0, 1, order.size, dtype=np.float32)
    return ranks.reshape(_NOISE, _NOISE)


@lru_cache(maxsize=128)
def _mask_image(beta: float, seed: int, stretch: float, low: float, high: float) -> skia.Image:
    ramp = np.clip((noise(beta, seed, stretch) - low) / max(high - low, 1e-6), 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return skia.Image.fromarray(
        np.ascontiguousarray((ramp * 255).astype(np.uint8)), colorType=skia.kAlpha_8_ColorType
    )


_TOKEN = re.compile(r"([MLCQSZ])|(-?\d*\.?\d+)")


@lru_cache(maxsize=1024)
def svg(text: str) -> skia.Path:
    """A path from the absolute commands M L C S Q Z of SVG; kept, for it is drawn many times."""
    path = skia.Path()
    command, numbers = "", []
    last = (0.0, 0.0)
    here = (0.0, 0.0)
    need = {"M": 2, "L": 2, "C": 6, "Q": 4, "S": 4}
    for letter, number in _TOKEN.findall(text):
        if letter:
            command, numbers = letter, []
            if letter == "Z":
                path.close()
            continue
        numbers.append(float(number))
        if len(numbers) < need[command]:
            continue
        if command == "M":
            path.moveTo(*numbers)
            command_next = "L"
        else:
            command_next = command
        if command == "L":
            path.lineTo(*numbers)
        elif command == "C":
            path.cubicTo(*numbers)
            last = (numbers[2], numbers[3])
        elif command == "S":
            mirror = (2 * here[0] - last[0], 2 * here[1] - last[1])
            path.cubicTo(*mirror, *numbers)
            last = (numbers[0], numbers[1])
        elif command == "Q":
            path.quadTo(*numbers)
        here = (numbers[-2], numbers[-1])
        if command not in "CS":
            last = here
        command, numbers = command_next, []
    return path


def colour4(c: RGB, alpha: float = 1.0) -> skia.Color4f:
    return skia.Color4f(c[0], c[1], c[2], alpha)


def argb(c: RGB, alpha: float = 1.0) -> int:
    r, g, b = (min(max(int(v * 255 + 0.5), 0), 255) for v in c)
    return (int(alpha * 255 + 0.5) << 24) | (r << 16) | (g << 8) | b


class Canvas:
    """Pixels that skia draws on and numpy reads and writes, in units of the shorter side."""

    def __init__(self, width: int, height: int) -> None:
        self.px = np.zeros((height, width, 4), np.uint8)
        self.px[..., 3] = 255
        self.surface = skia.Surface(self.px, colorType=skia.kRGBA_8888_ColorType)
        self.c = self.surface.getCanvas()
        self.scale = float(min(width, height))
        self.w = width / self.scale
        self.h = height / self.scale
        # How much small matter is worth drawing: 0.1 at 96 pixels, 1 at 960.
        self.detail = min(self.scale / 800, 1.0)
        self.c.scale(self.scale, self.scale)

    @property
    def rgb(self) -> np.ndarray:
        return self.px[..., :3]

    def some(self, small: int, large: int) -> int:
        """A number between what is worth it on a small canvas and on a large one."""
        return int(small + (large - small) * max(self.detail - 0.1, 0) / 0.9)

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """x of the columns and y of the rows, in units (two flat arrays)."""
        height, width = self.px.shape[:2]
        xs = (np.arange(width, dtype=np.float32) + 0.5) / self.scale
        ys = (np.arange(height, dtype=np.float32) + 0.5) / self.scale
        return xs, ys

    # -- paint ----------------------------------------------------------------------------
    def paint(
        self,
        c: RGB,
        alpha: float = 1.0,
        *,
        line: float = 0.0,
        blur: float = 0.0,
        mode: skia.BlendMode | None = None,
    ) -> skia.Paint:
        paint = skia.Paint(Color4f=colour4(c, alpha), AntiAlias=True)
        if line:
            paint.setStyle(skia.Paint.kStroke_Style)
            paint.setStrokeWidth(line)
            paint.setStrokeCap(skia.Paint.kRound_Cap)
            paint.setStrokeJoin(skia.Paint.kRound_Join)
        if blur:
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        if mode is not None:
            paint.setBlendMode(mode)
        return paint

    def linear(
        self,
        a: tuple[float, float],
        b: tuple[float, float],
        colours: Sequence[RGB],
        stops: Sequence[float] | None = None,
        alphas: Sequence[float] | None = None,
    ) -> skia.Paint:
        codes = [argb(c, 1.0 if alphas is None else alphas[i]) for i, c in enumerate(colours)]
        shader = skia.GradientShader.MakeLinear(
            [skia.Point(*a), skia.Point(*b)], codes, list(stops) if stops else None
        )
        return skia.Paint(Shader=shader, AntiAlias=True)

    def radial(
        self,
        centre: tuple[float, float],
        radius: float,
        colours: Sequence[RGB],
        alphas: Sequence[float],
        stops: Sequence[float] | None = None,
        mode: skia.BlendMode | None = None,
    ) -> skia.Paint:
        shader = skia.GradientShader.MakeRadial(
            skia.Point(*centre),
            radius,
            [argb(c, a) for c, a in zip(colours, alphas, strict=True)],
            list(stops) if stops else None,
        )
        paint = skia.Paint(Shader=shader, AntiAlias=True)
        if mode is not None:
            paint.setBlendMode(mode)
        return paint

    def noise_paint(
        self,
        c: RGB,
        alpha: float,
        rng: random.Random,
        *,
        size: float = 1.0,
        stretch: float = 1.0,
        low: float = 0.3,
        high: float = 0.8,
        beta: float = 1.5,
        turn: float = 0.0,
    ) -> skia.Paint:
        """A colour laid on through noise; `size` is the tile's height in units."""
        image = _mask_image(beta, rng.randrange(3), 1.0, low, high)
        matrix = skia.Matrix()
        matrix.setScale(size * stretch / _NOISE, size / _NOISE)
        if turn:
            matrix.postRotate(turn)
        matrix.postTranslate(rng.random() * size * stretch, rng.random() * size)
        shader = image.makeShader(
            skia.TileMode.kRepeat,
            skia.TileMode.kRepeat,
            skia.SamplingOptions(skia.FilterMode.kLinear),
            matrix,
        )
        return skia.Paint(Color4f=colour4(c, alpha), Shader=shader, AntiAlias=True)

    # -- shapes ---------------------------------------------------------------------------
    def fill(self, paint: skia.Paint) -> None:
        self.c.drawPaint(paint)

    def path(self, path: skia.Path | str, paint: skia.Paint) -> None:
        self.c.drawPath(svg(path) if isinstance(path, str) else path, paint)

    def poly(self, points: Sequence[tuple[float, float]], paint: skia.Paint) -> skia.Path:
        path = skia.Path()
        path.addPoly([skia.Point(*p) for p in points], True)
        self.c.drawPath(path, paint)
        return path

    def lines(self, points: Sequence[tuple[float, float]], paint: skia.Paint) -> None:
        path = skia.Path()
        path.addPoly([skia.Point(*p) for p in points], False)
        self.c.drawPath(path, paint)

    def line(self, x0: float, y0: float, x1: float, y1: float, paint: skia.Paint) -> None:
        self.c.drawLine(x0, y0, x1, y1, paint)

    def circle(self, x: float, y: float, r: float, paint: skia.Paint) -> None:
        self.c.drawCircle(x, y, r, paint)

    def oval(self, x: float, y: float, rx: float, ry: float, paint: skia.Paint) -> None:
        self.c.drawOval(skia.Rect(x - rx, y - ry, x + rx, y + ry), paint)

    def rect(self, x0: float, y0: float, x1: float, y1: float, paint: skia.Paint) -> None:
        self.c.drawRect(skia.Rect(x0, y0, x1, y1), paint)

    # -- numpy ----------------------------------------------------------------------------
    def blend(self, colour: np.ndarray | RGB, alpha: np.ndarray, top: int = 0) -> None:
        """Lay a colour (or rows of colours) over the rows from `top` on, alpha in 0..1."""
        part = self.px[top : top + alpha.shape[0], :, :3]
        over = np.asarray(colour, np.float32) * 255
        base = part.astype(np.float32)
        base += (over - base) * alpha[..., None]
        np.clip(base, 0, 255, out=base)
        part[...] = (base + 0.5).astype(np.uint8)

    def ground_noise(
        self,
        horizon: float,
        rng: random.Random,
        *,
        beta: float = 1.2,
        scale: float = 1.0,
        stretch: float = 3.0,
        near: float = 0.04,
    ) -> tuple[int, np.ndarray]:
        """Noise on the ground seen in perspective: its first row, and 0..1 for the rows below."""
        height = self.px.shape[0]
        top = min(max(int(horizon * self.scale), 0), height - 1)
        xs, ys = self.grid()
        depth = ys[top:] - horizon + near
        u = ((xs[None, :] - self.w / 2) / depth[:, None]) * (40 / stretch * scale)
        v = np.broadcast_to((-22 * scale / depth)[:, None], u.shape)
        du, dv = rng.random() * _NOISE, rng.random() * _NOISE
        # Far rows would alias: they fade to the mean instead.
        sampled = cv2.remap(
            noise(beta, rng.randrange(3)),
            np.mod(u + du, _NOISE - 1).astype(np.float32),
            np.mod(v + dv, _NOISE - 1).astype(np.float32),
            cv2.INTER_LINEAR,
        )
        step = 22 * scale / (depth**2) / self.scale
        fade = np.clip(24 / np.maximum(step, 1e-6), 0, 1)[:, None]
        return top, 0.5 + (sampled - 0.5) * fade


def ridge(
    rng: random.Random, x0: float, x1: float, steps: int, rough: float, power: float = 1.0
) -> list[tuple[float, float]]:
    """A ridge line by midpoint displacement: x from x0 to x1, heights about 0 within -1..1."""
    size = 1
    while size < steps:
        size *= 2
    values = [0.0] * (size + 1)
    values[0], values[size] = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5)
    span, amplitude = size, 1.0
    # Every level draws its numbers, so that a coarse ridge is the fine one with less detail.
    while span > 1:
        half = span // 2
        local = random.Random(rng.random())
        for i in range(half, size, span):
            middle = (values[i - half] + values[i + half]) / 2
            values[i] = middle + local.uniform(-1, 1) * amplitude * 0.5
        span = half
        amplitude *= rough
    peak = max(abs(v) for v in values) or 1.0
    out = []
    for i, v in enumerate(values):
        v /= peak
        out.append((x0 + (x1 - x0) * i / size, math.copysign(abs(v) ** power, v)))
    return out
