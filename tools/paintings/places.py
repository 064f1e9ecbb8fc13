"""Skies, waters and grounds: everything that is there before the things come."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
import skia

from tools.paintings.canvas import Canvas, noise, ridge
from tools.paintings.palette import RGB, Light, mix, rgb, saturate, times
from tools.paintings.scene import Scene

SNOW = rgb("f4f6fc")
Points = list[tuple[float, float]]


@dataclass
class Stage:
    """Where things can be, in units: y of the feet, from far to near, and the water's rows."""

    horizon: float
    far: float  # base line of things that stand back (and are reflected where there is water)
    near: float  # base line of things in front
    water: tuple[float, float] | None = None
    sky: tuple[float, float] = (0.12, 0.5)
    water_end: float = 9.0  # no reflection lies below this row
    quay: float | None = None  # the edge of the paving in front of a town's water
    # Of a river: its middle and half its width at a row.
    channel: Callable[[float], tuple[float, float]] | None = None
    ground: RGB = (0.4, 0.5, 0.3)
    sun_x: float = 0.5
    keep_clear: list[tuple[float, float]] = field(default_factory=list)


Back = Callable[[Stage], None]


# -- sky --------------------------------------------------------------------------------------
def sky(cv: Canvas, scene: Scene, light: Light, rng: random.Random, horizon: float) -> float:
    """The sky down to the horizon; returns the x of the light in it."""
    h = max(horizon, 0.2) + 0.04
    cv.fill(
        cv.linear(
            (0, 0),
            (0, h),
            (light.top, light.middle, light.low, light.horizon),
            (0, 0.45, 0.8, 1.0),
        )
    )
    weather = scene.weather or "clear"
    aside = rng.uniform(0.24, 0.38)
    if len(scene.coloured) == 2:
        aside *= 0.16  # between the two
    sun_x = cv.w * (0.5 + light.side * aside)
    low = scene.time in ("dawn", "sunset")
    # Where land or houses rise behind, the light stands above them and is never hidden.
    if scene.place in ("sea", "field", "desert") and low:
        sun_y = horizon - rng.uniform(0.1, 0.2)
    elif scene.place in ("mountains", "city", "forest"):
        sun_y = horizon * rng.uniform(0.2, 0.26)
    else:
        sun_y = horizon * rng.uniform(0.28, 0.42)
    sun_y = max(sun_y, 0.1)
    if low and weather not in ("rain", "storm"):
        cv.fill(
            cv.radial(
                (sun_x, horizon - 0.03),
                cv.w * 0.75,
                (light.glow, light.horizon, light.horizon),
                (0.3, 0.2, 0.0) if scene.style in ("woodcut", "poster") else (0.85, 0.4, 0.0),
                (0, 0.3, 1),
            )
        )
    if scene.time == "night" and weather == "clear":
        stars = cv.some(26, 240)
        star_rng = random.Random(rng.random())
        for _ in range(stars):
            x, y = (
                star_rng.uniform(0, cv.w),
                star_rng.uniform(0, horizon) * star_rng.uniform(0.3, 1),
            )
            r = max(0.0012 + 0.0016 * star_rng.random() ** 3, 0.5 / cv.scale)
            cv.circle(x, y, r, cv.paint(rgb("fdf4dc"), star_rng.uniform(0.35, 1)))
    _clouds(cv, scene, light, rng, horizon, sun_x)
    if scene.has("sun"):
        _sun(cv, scene, light, sun_x, sun_y)
    if scene.has("moon"):
        _moon(cv, light, rng, sun_x, sun_y)
    if weather == "fog" and (scene.has("sun") or scene.has("moon")):
        cv.circle(sun_x, sun_y, 0.062, cv.paint(mix(light.glow, (1, 1, 1), 0.6), 0.8, blur=0.006))
    return sun_x


def _sun(cv: Canvas, scene: Scene, light: Light, x: float, y: float) -> None:
    low = scene.time in ("dawn", "sunset")
    r = 0.075 if low else 0.058
    core = rgb("fff2a8") if scene.time == "sunset" else rgb("fffbe0")
    # Flat inks would turn a wide glow into a second, larger sun.
    flat = scene.style in ("woodcut", "poster")
    k = 0.4 if flat else 1.0
    cv.circle(x, y, r * 6, cv.radial((x, y), r * 6, (light.glow, light.glow), (0.75 * k, 0.0)))
    if not flat:
        cv.circle(x, y, r * 2.4, cv.radial((x, y), r * 2.4, (core, core), (0.9, 0.0)))
    cv.circle(x, y, r, cv.paint(core))
    if scene.time == "sunset":
        cv.circle(
            x,
            y,
            r,
            cv.linear((x, y - r), (x, y + r), (rgb("fff0a0"), rgb("ff9a48")), alphas=(0.9, 0.9)),
        )


def _moon(cv: Canvas, light: Light, rng: random.Random, x: float, y: float) -> None:
    r = rng.uniform(0.058, 0.085)
    cv.circle(x, y, r * 5, cv.radial((x, y), r * 5, (light.glow, light.glow), (0.5, 0.0)))
    if rng.random() < 0.62:
        cv.circle(x, y, r, cv.paint(light.glow))
        crater = mix(light.glow, light.low, 0.3)
        for dx, dy, k in (
            (-0.3, -0.2, 0.28),
            (0.25, 0.1, 0.22),
            (-0.1, 0.45, 0.18),
            (0.35, -0.45, 0.14),
        ):
            cv.circle(x + dx * r, y + dy * r, k * r, cv.paint(crater, 0.55, blur=r * 0.06))
    else:
        disc, bite = skia.Path(), skia.Path()
        disc.addCircle(x, y, r)
        bite.addCircle(x + light.side * -0.5 * r, y - 0.18 * r, r * 0.88)
        cv.path(skia.Op(disc, bite, skia.kDifference_PathOp), cv.paint(light.glow))


def _clouds(
    cv: Canvas, scene: Scene, light: Light, rng: random.Random, horizon: float, sun_x: float
) -> None:
    weather = scene.weather or "clear"
    lit = mix(light.horizon, (1, 1, 1), 0.55 * (1 - light.dark))
    under = mix(light.middle, light.shade, 0.35)
    if scene.time in ("dawn", "sunset"):
        lit = mix(light.glow, light.low, 0.25)
        under = mix(light.low, light.shade, 0.42)
    elif scene.time == "night":
        lit, under = mix(light.low, light.glow, 0.3), mix(light.middle, light.shade, 0.2)
    if weather in ("storm", "rain"):
        dark = mix(light.top, light.shade, 0.42 if weather == "storm" else 0.12)
        pale = mix(light.low, (1, 1, 1), 0.12 * (1 - light.dark))
        for low, c, a, size in (
            (0.35, pale, 0.55, 0.9),
            (0.4, dark, 0.75, 1.1),
            (0.55, mix(dark, light.shade, 0.3), 0.7, 0.7),
        ):
            paint = cv.noise_paint(
                c, a, rng, size=size, stretch=2.1, low=low, high=low + 0.35, beta=1.55
            )
            cv.rect(0, 0, cv.w, horizon * 0.97, paint)
        cv.rect(
            0,
            0,
            cv.w,
            horizon,
            cv.linear((0, 0), (0, horizon), (dark, dark), alphas=(0.7, 0.0)),
        )
        return
    kind = rng.randrange(3)
    if weather in ("fog", "snowfall"):
        kind = 1
    size = rng.uniform(0.7, 1.3)
    if kind == 0 and light.clouds > 0.2:  # heaped clouds along the horizon and above
        for _ in range(rng.randrange(2, 5)):
            _cumulus(
                cv,
                random.Random(rng.random()),
                rng.uniform(-0.05, cv.w),
                rng.uniform(0.16, max(horizon * 0.92, 0.2)),
                rng.uniform(0.16, 0.42),
                lit,
                under,
                light,
            )
        return
    stretch = rng.uniform(2.0, 3.4) if kind == 1 else rng.uniform(3.5, 6.0)
    cover = 0.88 - 0.45 * light.clouds
    state = random.Random(rng.random())
    keep = state.getstate()
    for dy, c, alpha, edge in ((0.016, under, 0.62, 0.0), (0.0, lit, 0.85, 0.07)):
        state.setstate(keep)
        paint = cv.noise_paint(
            c,
            alpha,
            state,
            size=size,
            stretch=stretch,
            low=round(cover + edge, 2),
            high=round(cover + edge, 2) + 0.24,
            beta=1.6,
        )
        cv.c.save()
        cv.c.translate(0, dy)
        cv.rect(0, -0.1, cv.w, horizon, paint)
        cv.c.restore()


def _cumulus(
    cv: Canvas,
    rng: random.Random,
    x: float,
    y: float,
    width: float,
    lit: RGB,
    under: RGB,
    light: Light,
) -> None:
    puffs = []
    n = 9
    for i in range(n):
        t = (i + rng.uniform(-0.3, 0.3)) / (n - 1) * 2 - 1
        r = width * (0.11 + 0.13 * (1 - t * t)) * rng.uniform(0.75, 1.2)
        puffs.append((x + t * width * 0.5, y - r * rng.uniform(0.7, 1.0), r))
    base = skia.Path()
    for px, py, r in puffs:
        base.addCircle(px, py, r)
    base.addOval(skia.Rect(x - width * 0.62, y - width * 0.09, x + width * 0.62, y + width * 0.035))
    soft = 0.006
    cv.path(base, cv.paint(mix(lit, under, 0.5), 0.95, blur=soft))
    for px, py, r in puffs:
        cv.circle(
            px + r * 0.22 * light.side, py - r * 0.22, r * 0.78, cv.paint(lit, 0.75, blur=r * 0.16)
        )
    shade = cv.linear(
        (0, y - width * 0.14), (0, y + width * 0.03), (under, under), alphas=(0, 0.65)
    )
    cv.path(base, shade)


# -- land -------------------------------------------------------------------------------------
def peaks(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    base: float,
    height: float,
    depth: float,
    rock: RGB,
    snow: float,
    rough: float = 0.52,
) -> None:
    """A mountain range with lit and shaded faces that run down from its ridge, and snow."""
    line = ridge(rng, -0.05, cv.w + 0.05, 256, rough)
    xs, ys = cv.grid()
    tops = np.interp(xs, [p[0] for p in line], [p[1] for p in line]).astype(np.float32)
    # A few summits, each with two flanks, and a rough line laid over them.
    form = np.full_like(xs, 0.16)
    count = rng.randrange(2, 5)
    for i in range(count):
        at_x = cv.w * (i + rng.uniform(0.1, 0.9)) / count
        tall, left, right = rng.uniform(0.55, 1.0), rng.uniform(1.0, 2.0), rng.uniform(1.0, 2.0)
        flank = (
            np.where(xs < at_x, (at_x - xs) * left, (xs - at_x) * right) / max(height, 0.1) * 0.42
        )
        form = np.maximum(form, tall - flank)
    crest = base - height * np.clip(form + 0.24 * tops * np.clip(form * 2, 0.3, 1), 0.04, 1.1)
    first = max(int(crest.min() * cv.scale) - 1, 0)
    last = min(int(base * cv.scale) + 1, cv.px.shape[0])
    if last <= first:
        return
    y = ys[first:last, None]
    below = y - crest[None, :]
    n = 512
    # Smooth noise bends the faces, a little fine noise breaks them into rock.
    bend_at, rock_at = noise(1.7, rng.randrange(3)), noise(1.0, rng.randrange(3))
    row = (y * 260 / max(height, 0.08) * 0.3 + rng.random() * n).astype(np.int32) % n
    column = (xs[None, :] * 260 / max(height, 0.08) * 0.3 + rng.random() * n).astype(np.int32) % n
    bend = bend_at[row, column] - 0.5
    row = (y * 420 + rng.random() * n).astype(np.int32) % n
    column = (xs[None, :] * 420 + rng.random() * n).astype(np.int32) % n
    grain = rock_at[row, column] - 0.5
    # Each point is lit like the ridge that it hangs from, a little to the side.
    hang = below * (0.5 + 0.5 * bend) * light.side
    at = np.clip(xs[None, :] + hang + bend * height * 0.16, -0.05, cv.w + 0.05)
    ridge_x = np.linspace(-0.05, cv.w + 0.05, 400, dtype=np.float32)
    smooth = np.interp(ridge_x, xs, crest)
    slope = np.gradient(
        cv2.GaussianBlur(smooth[None, :].astype(np.float32), (0, 0), 3.2)[0], ridge_x
    )
    index = ((at + 0.05) / (cv.w + 0.1) * 399).astype(np.int32).clip(0, 399)
    face = -slope[index] * light.side * 1.5 + bend * 0.7 + grain * 0.5
    lit = 1 / (1 + np.exp(-face * 6.0))
    dark_c, light_c = (
        light.shadow(rock, depth, 0.62),
        light.lit(mix(rock, (1, 0.95, 0.85), 0.16), depth),
    )
    colour = np.array(dark_c, np.float32) + lit[..., None] * (
        np.array(light_c, np.float32) - np.array(dark_c, np.float32)
    )
    if snow > 0:
        cap = snow * height * (0.6 + 0.75 * lit) + (grain * 0.14 + bend * 0.5) * height
        cap *= np.clip((base - crest[None, :]) / height, 0, 1) ** 1.5
        amount = np.clip((cap - below) / (height * 0.05) + 0.2, 0, 1)
        snow_dark = light.shadow(rgb("b8c8e8"), depth, 0.42)
        snow_light = light.lit(SNOW, depth)
        white = np.array(snow_dark, np.float32) + np.clip(lit * 1.25, 0, 1)[..., None] * (
            np.array(snow_light, np.float32) - np.array(snow_dark, np.float32)
        )
        colour += (white - colour) * amount[..., None]
    fade = np.clip((y - base) / max(height, 0.01) + 0.55, 0, 1) * 0.55 * light.haze_strength
    colour += (np.array(light.haze, np.float32) - colour) * np.clip(fade, 0, 1)[..., None]
    alpha = np.clip(below * cv.scale + 0.5, 0, 1)
    cv.blend(colour, alpha, first)


def hill_line(rng: random.Random, cv: Canvas, base: float, height: float, bumps: int = 3) -> Points:
    phase = [rng.uniform(0, 6.28) for _ in range(3)]
    freq = rng.uniform(0.6, 1.0) * bumps
    out = []
    for i in range(41):
        x = cv.w * i / 40
        u = x / cv.w
        v = (
            math.sin(u * freq * 3.1 + phase[0])
            + 0.5 * math.sin(u * freq * 5.3 + phase[1])
            + 0.25 * math.sin(u * freq * 9.7 + phase[2])
        ) / 1.75
        out.append((x, base - height * (0.5 + 0.5 * v)))
    return out


def at_line(points: Points, x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            t = (x - x0) / max(x1 - x0, 1e-6)
            return y0 + (y1 - y0) * min(max(t, 0), 1)
    return points[-1][1]


def hill(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    line: Points,
    bottom: float,
    colour: RGB,
    depth: float,
    *,
    texture: float = 0.5,
) -> skia.Path:
    """One fold of land: lit along its back, shaded at its foot, mottled."""
    top = min(y for _, y in line)
    path = skia.Path()
    path.addPoly(
        [skia.Point(*p) for p in [*line, (cv.w, bottom), (0, bottom)]],
        True,
    )
    sunny, shady = light.lit(mix(colour, (1, 0.97, 0.75), 0.16), depth), light.shadow(colour, depth)
    plain = light.lit(colour, depth)
    cv.path(
        path, cv.linear((0, top), (0, bottom), (sunny, plain, mix(plain, shady, 0.7)), (0, 0.4, 1))
    )
    cv.c.save()
    cv.c.clipPath(path, cv.scale > 200)
    side = cv.linear(
        (0 if light.side > 0 else cv.w, 0),
        (cv.w if light.side > 0 else 0, 0),
        (shady, shady, sunny),
        (0, 0.5, 1),
        (0.5, 0.0, 0.35),
    )
    cv.rect(0, top, cv.w, bottom, side)
    if texture:
        near = 1 - depth
        size = 0.35 + 0.5 * near
        for c, a in ((shady, 0.55), (sunny, 0.5)) if cv.scale > 200 else ((shady, 0.6),):
            cv.rect(
                0,
                top,
                cv.w,
                bottom,
                cv.noise_paint(
                    c, a * texture, rng, size=size, stretch=2.6, low=0.5, high=0.85, beta=1.1
                ),
            )
    cv.c.restore()
    return path


def grass(
    cv: Canvas, light: Light, rng: random.Random, top: float, colour: RGB, tall: float = 0.05
) -> None:
    """Tufts from `top` to the lower edge, longer as they come near."""
    local = random.Random(rng.random())
    blades = cv.some(40, 1500)
    tones = [light.lit(mix(colour, (1, 0.95, 0.6), 0.25)), light.shadow(colour), light.lit(colour)]
    for tone in tones:
        path = skia.Path()
        for _ in range(blades // 3):
            t = local.random()
            y = top + (cv.h - top) * t**0.8
            x = local.uniform(0, cv.w)
            k = tall * (0.15 + 0.85 * t) * local.uniform(0.5, 1.2)
            lean = local.uniform(-0.35, 0.35) * k
            path.moveTo(x, y)
            path.quadTo(x + lean * 0.2, y - k * 0.6, x + lean, y - k)
        width = max(0.0022, 0.7 / cv.scale)
        cv.path(path, cv.paint(tone, 0.7, line=width))


def conifer(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    x: float,
    y: float,
    h: float,
    depth: float,
    snowy: float,
) -> None:
    green = mix(rgb("27503e"), rgb("3f6a3c"), rng.random())
    dark, lit = light.shadow(green, depth, 0.5), light.lit(mix(green, (1, 1, 0.7), 0.12), depth)
    tiers = 6 if h * cv.scale > 40 else 3
    w = h * rng.uniform(0.24, 0.32)
    cv.line(x, y, x, y - h * 0.3, cv.paint(light.shadow(rgb("4a382e"), depth), line=h * 0.035))
    body, bright, white = skia.Path(), skia.Path(), skia.Path()
    for i in range(tiers):
        t0, t1 = i / tiers, (i + 1.7) / tiers
        y0, y1 = y - h * (1 - t0 * 0.88), y - h * max(1 - t1 * 0.86, 0.06)
        half = w * (0.14 + 0.86 * min(t1, 1.0)) * 0.9
        j = rng.uniform(-0.1, 0.1) * half
        body.moveTo(x, y0)
        body.quadTo(x - half * 0.3, (y0 + y1) / 2, x - half + j, y1)
        body.quadTo(x, y1 - h * 0.035, x + half + j, y1)
        body.quadTo(x + half * 0.3, (y0 + y1) / 2, x, y0)
        s = light.side
        bright.moveTo(x, y0)
        bright.quadTo(x + s * half * 0.3, (y0 + y1) / 2, x + s * half * 0.95 + j, y1)
        bright.lineTo(x + s * half * 0.3, y1 - h * 0.03)
        bright.close()
        if snowy:
            white.moveTo(x, y0)
            white.quadTo(x - half * 0.25, (y0 + y1) / 2, x - half * 0.9 + j, y1 - h * 0.01)
            white.quadTo(x - half * 0.2, (y0 + y1 * 2) / 3, x + half * 0.1, (y0 + y1) / 2)
            white.quadTo(x + half * 0.4, (y0 + y1 * 2) / 3, x + half * 0.9 + j, y1 - h * 0.01)
            white.quadTo(x + half * 0.25, (y0 + y1) / 2, x, y0)
    cv.path(body, cv.paint(dark))
    cv.path(bright, cv.paint(lit, 0.8))
    if snowy:
        cv.path(white, cv.paint(light.lit(SNOW, depth), 0.85 * snowy))


def leafy(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    x: float,
    y: float,
    h: float,
    depth: float,
    colour: RGB,
) -> None:
    """A plain round tree of the surroundings: clumps of leaves, dark below, lit above."""
    trunk = light.shadow(rgb("4f3c30"), depth, 0.4)
    cv.line(x, y, x, y - h * 0.5, cv.paint(trunk, line=h * 0.07))
    dark, plain = light.shadow(colour, depth, 0.55), light.lit(colour, depth)
    lit = light.lit(mix(colour, (1, 0.96, 0.55), 0.32), depth)
    clumps = []
    count = 8 + int(h * 26)
    for _ in range(count):
        a, k = rng.uniform(0, 6.28), rng.random() ** 0.5
        clumps.append((x + math.cos(a) * k * h * 0.27, y - h * 0.66 + math.sin(a) * k * h * 0.21))
    path, mid, top = skia.Path(), skia.Path(), skia.Path()
    r = h * 0.17 * (9 / count) ** 0.35
    for cx, cy in clumps:
        path.addCircle(cx, cy + r * 0.25, r)
        mid.addCircle(cx + r * 0.15 * light.side, cy - r * 0.05, r * 0.82)
        top.addCircle(cx + r * 0.4 * light.side, cy - r * 0.4, r * 0.42)
    cv.path(path, cv.paint(dark))
    cv.path(mid, cv.paint(plain, 0.92))
    cv.path(top, cv.paint(lit, 0.8))
    if cv.scale > 300:
        dots_l, dots_d = skia.Path(), skia.Path()
        for _ in range(int(60 + 500 * h)):
            a, k = rng.uniform(0, 6.28), math.sqrt(rng.random())
            dx, dy = math.cos(a) * k, math.sin(a) * k
            px, py = x + dx * h * 0.31, y - h * 0.66 + dy * h * 0.25
            s = min(h, 0.3) * rng.uniform(0.01, 0.022)
            bright = dx * light.side - dy + rng.uniform(-0.9, 0.9)
            (dots_l if bright > 0 else dots_d).addOval(
                skia.Rect(px - s, py - s * 0.7, px + s, py + s * 0.7)
            )
        cv.path(dots_l, cv.paint(lit, 0.75))
        cv.path(dots_d, cv.paint(dark, 0.7))


def woods(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    line: Points,
    height: float,
    depth: float,
    snowy: float,
    conifers: bool,
    x0: float = 0.0,
    x1: float | None = None,
) -> None:
    """A far edge of a wood, as one serrated silhouette with a lighter crown line."""
    end = cv.w if x1 is None else x1
    colour = mix(rgb("2c5242"), rgb("56743c"), rng.random())
    if snowy:
        colour = mix(colour, rgb("c8d4e0"), 0.35 * snowy)
    dark, lit = light.shadow(colour, depth, 0.4), light.lit(mix(colour, (1, 1, 0.7), 0.15), depth)
    body, crown = skia.Path(), skia.Path()
    x = x0 - 0.02
    while x < end + 0.02:
        h = height * rng.uniform(0.55, 1.1)
        y = at_line(line, min(max(x, 0), cv.w)) + 0.012
        if conifers:
            w = h * 0.26
            body.addPoly([skia.Point(x - w, y), skia.Point(x, y - h), skia.Point(x + w, y)], True)
            s = light.side
            crown.addPoly(
                [
                    skia.Point(x, y - h),
                    skia.Point(x + s * w * 0.8, y - h * 0.15),
                    skia.Point(x, y - h * 0.3),
                ],
                True,
            )
            x += w * rng.uniform(0.7, 1.5)
        else:
            r = h * 0.42
            body.addCircle(x, y - h * 0.5, r)
            body.addRect(skia.Rect(x - r, y - h * 0.5, x + r, y))
            for dx, dy, k in ((0.35, 0.66, 0.34), (-0.15, 0.78, 0.26), (0.6, 0.45, 0.22)):
                crown.addCircle(x + r * dx * light.side, y - h * dy, r * k)
            x += r * rng.uniform(0.8, 1.5)
    cv.path(body, cv.paint(dark))
    cv.path(crown, cv.paint(lit, 0.6))


def rocks(
    cv: Canvas, light: Light, rng: random.Random, x: float, y: float, size: float, colour: RGB
) -> None:
    n = 7
    pts = []
    for i in range(n):
        a = math.pi * i / (n - 1)
        k = rng.uniform(0.75, 1.1)
        pts.append((x - math.cos(a) * size * k, y - math.sin(a) * size * 0.72 * k))
    cv.poly(pts, cv.paint(light.shadow(colour, 0, 0.6)))
    s = light.side
    face = [p for p in pts if (p[0] - x) * s > -size * 0.15]
    if len(face) > 1:
        cv.poly([*face, (x + s * size * 0.15, y - size * 0.1)], cv.paint(light.lit(colour)))
    cv.line(
        x - size, y, x + size, y, cv.paint(light.shade, 0.35, line=size * 0.09, blur=size * 0.05)
    )


# -- water ------------------------------------------------------------------------------------
def water(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    y0: float,
    y1: float,
    deep: RGB,
    *,
    mirror: float,
    rough: float,
    sun_x: float,
    glitter: float = 0.6,
) -> None:
    """Water between two rows: what stands above, upside down and shaken, over its own depth."""
    height = cv.px.shape[0]
    top, ripple = cv.ground_noise(
        y0, rng, beta=1.25, scale=0.55 + 0.5 * rough, stretch=4.5, near=0.035
    )
    last = min(int(y1 * cv.scale) + 1, height)
    ripple = ripple[: last - top]
    if last <= top:
        return
    xs, ys = cv.grid()
    down = ys[top:last, None] - y0
    wave = (ripple - 0.5) * (0.04 + 1.4 * down) * (0.2 + 0.8 * rough)
    source_y = (y0 - down * 0.92 - np.abs(wave) * 0.5 + wave * 0.6) * cv.scale
    source_x = (xs[None, :] + wave * 0.22) * cv.scale
    above = (
        cv2.remap(
            cv.px,
            source_x.astype(np.float32),
            np.clip(source_y, 0, top - 1).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[..., :3].astype(np.float32)
        / 255
    )
    reach = np.clip(down / max(y1 - y0, 0.05), 0, 1)
    own = light.lit(deep)
    colour = above * 0.93
    amount = (1 - mirror) * (0.35 + 0.65 * reach) + 0.10 + (ripple - 0.5) * 0.5 * rough
    colour += (np.array(own, np.float32) - colour) * np.clip(amount, 0, 0.92)[..., None]
    light_c = np.array(mix(light.horizon, light.glow, 0.35), np.float32)
    dark_c = np.array(mix(own, light.shade, 0.55), np.float32)
    crest = np.clip((ripple - 0.74) * 5, 0, 1) * (0.16 + 0.34 * rough)
    trough = np.clip((0.3 - ripple) * 4, 0, 1) * (0.18 + 0.3 * rough)
    colour += (dark_c - colour) * trough[..., None]
    colour += (light_c - colour) * crest[..., None]
    if glitter:
        width = 0.03 + down * 0.35
        path = np.exp(-(((xs[None, :] - sun_x) / width) ** 2))
        sparkle = np.clip((ripple - 0.5) * 5, 0, 1) * path * glitter
        colour += (np.array(light.glow, np.float32) - colour) * np.clip(sparkle, 0, 0.95)[..., None]
    np.clip(colour, 0, 1, out=colour)
    cv.px[top:last, :, :3] = (colour * 255 + 0.5).astype(np.uint8)
    cv.line(0, y0, cv.w, y0, cv.paint(light.horizon, 0.3, line=max(0.003, 0.6 / cv.scale)))


def _glitter(scene: Scene) -> float:
    if scene.has("sun") or scene.has("moon"):
        return 0.9
    return 0.35 if scene.weather == "clear" and scene.time in ("dawn", "sunset") else 0.0


def mottle(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    horizon: float,
    colour: RGB,
    strength: float,
    **kw: float,
) -> None:
    """Texture of the ground in perspective: lit and shaded patches that grow as they come near."""
    top, field_ = cv.ground_noise(horizon, rng, **kw)
    dark, bright = light.shadow(colour), light.lit(mix(colour, (1, 0.97, 0.8), 0.3))
    cv.blend(dark, np.clip((0.45 - field_) * 2.2, 0, 1) * strength, top)
    cv.blend(bright, np.clip((field_ - 0.6) * 2.2, 0, 1) * strength, top)


def _ground_tint(scene: Scene, c: RGB) -> RGB:
    return mix(c, SNOW, 0.55) if scene.weather == "snowfall" else c


def _snowy(scene: Scene) -> float:
    return 1.0 if scene.place == "snow" else 0.55 if scene.weather == "snowfall" else 0.0


GREENS = tuple(rgb(c) for c in ("6f8f45", "8a9a4a", "5d8250", "a3a552", "7c9c5c", "98a86a"))
GOLDS = tuple(rgb(c) for c in ("c8a850", "d4b868", "b8984a", "cdb878"))


def mountains(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.5, 0.66)
    sun_x = sky(cv, scene, light, rng, hz)
    rock = rng.choice((rgb("6a6e80"), rgb("7a6e6a"), rgb("5e6a7c"), rgb("84766e")))
    snow = rng.choice((0.25, 0.4, 0.55)) + 0.3 * _snowy(scene)
    peaks(cv, light, rng, hz + 0.02, hz * rng.uniform(0.45, 0.62), 0.8, rock, snow * 0.7)
    peaks(cv, light, rng, hz + 0.04, hz * rng.uniform(0.62, 0.84), 0.46, rock, snow)
    line = hill_line(rng, cv, hz + 0.05, 0.09, 2)
    green = _ground_tint(scene, rng.choice(GREENS))
    hill(cv, light, rng, line, hz + 0.25, mix(green, rgb("46604a"), 0.5), 0.36)
    woods(cv, light, rng, line, 0.06, 0.34, _snowy(scene), True)
    front = hill_line(rng, cv, hz + 0.13, 0.07, 1)
    hill(cv, light, rng, front, cv.h, green, 0.06, texture=0.7)
    mottle(cv, light, rng, hz + 0.12, green, 0.25)
    _trail(cv, scene, light, rng, hz + 0.1)
    for _ in range(rng.randrange(2, 7)):
        x, t = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1))) * cv.w, rng.random()
        stone = mix(rock, rgb("a8a098"), 0.4)
        rocks(
            cv,
            light,
            rng,
            x,
            hz + 0.16 + (cv.h - hz - 0.16) * t,
            0.012 + 0.045 * t * rng.random(),
            stone,
        )
    n = rng.randrange(2, 6)
    for _ in range(n):
        x = rng.choice((rng.uniform(-0.02, 0.18), rng.uniform(0.82, 1.02))) * cv.w
        y = at_line(front, min(max(x, 0), cv.w)) + rng.uniform(0.0, 0.06)
        conifer(
            cv, light, random.Random(rng.random()), x, y, rng.uniform(0.14, 0.3), 0.1, _snowy(scene)
        )
    stage = Stage(hz, hz + 0.15, cv.h - 0.1, ground=green, sky=(0.1, hz - 0.1), sun_x=sun_x)
    back(stage)
    grass(cv, light, rng, hz + 0.18, green, 0.035)
    return stage


def _trail(cv: Canvas, scene: Scene, light: Light, rng: random.Random, top: float) -> None:
    """A footpath that winds away and leads the eye in."""
    x, s = cv.w * rng.uniform(0.3, 0.7), rng.choice((-1, 1))
    points_l, points_r = [], []
    for i in range(25):
        t = i / 24
        y = cv.h - (cv.h + 0.01 - top) * t
        mid = x + s * (0.22 * math.sin(3.6 * t) * (1 - 0.5 * t) - 0.1)
        half = 0.075 * (1 - t) ** 1.5 + 0.003
        points_l.append((mid - half, y))
        points_r.append((mid + half, y))
    c = light.lit(_ground_tint(scene, rgb("c2ae88")), 0.08)
    outline = [*points_l, *reversed(points_r)]
    cv.poly(outline, cv.paint(c, 0.8, blur=0.003))
    cv.lines(points_l if light.side < 0 else points_r, cv.paint(light.shade, 0.22, line=0.006))


def forest(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.5, 0.6)
    sun_x = sky(cv, scene, light, rng, hz)
    birch = rng.random() < 0.35
    conifers = not birch and rng.random() < 0.6
    leaf = rng.choice((rgb("4c7a44"), rgb("6a8a42"), rgb("3e6a4c"), rgb("8a8a3e"), rgb("a8803c")))
    if _snowy(scene):
        leaf = mix(leaf, rgb("c4d0d8"), 0.45)
    flat = [(0.0, hz), (cv.w, hz)]
    for depth, tall in ((0.92, 0.42), (0.7, 0.36)):
        woods(cv, light, random.Random(rng.random()), flat, tall, depth, _snowy(scene), conifers)
    if scene.time != "night" or scene.has("moon"):
        cv.circle(
            sun_x,
            hz - 0.1,
            0.55,
            cv.radial((sun_x, hz - 0.1), 0.55, (light.glow, light.glow), (0.55, 0.0)),
        )
    floor = _ground_tint(scene, mix(leaf, rgb("6e6040"), 0.45))
    line = hill_line(rng, cv, hz + 0.03, 0.03, 2)
    hill(cv, light, rng, line, cv.h, floor, 0.1, texture=0.8)
    # Trunks in three depths leave a clearing in the middle.
    for depth, count, width, spread in (
        (0.6, 9, 0.022, 0.0),
        (0.35, 6, 0.04, 0.12),
        (0.08, 4, 0.075, 0.3),
    ):
        for _ in range(count):
            u = rng.random()
            x = (
                u * 0.5 * (1 - spread) if rng.random() < 0.5 else 1 - u * 0.5 * (1 - spread)
            ) * cv.w
            y = hz + 0.03 + (1 - depth) * (0.12 if depth > 0.1 else 0.2)
            trunk = rgb("d8d4c8") if birch else mix(rgb("5a4638"), rgb("6c5848"), rng.random())
            w = width * rng.uniform(0.7, 1.2)
            lean = rng.uniform(-0.02, 0.02)
            pts = [
                (x - w * 0.65, y),
                (x - w * 0.4 + lean, -0.05),
                (x + w * 0.4 + lean, -0.05),
                (x + w * 0.65, y),
            ]
            dark, lit = light.shadow(trunk, depth, 0.6), light.lit(trunk, depth)
            s = light.side
            cv.poly(
                pts,
                cv.linear(
                    (x - s * w * 0.6, 0), (x + s * w * 0.6, 0), (dark, mix(dark, lit, 0.4), lit)
                ),
            )
            if birch or cv.scale > 300:
                bark = random.Random(rng.random())
                for _ in range(int(3 + 9 * cv.detail)):
                    by = bark.uniform(0, y)
                    bx = x + bark.uniform(-0.4, 0.2) * w
                    cv.line(bx, by, bx + w * 0.35, by + 0.002, cv.paint(dark, 0.75, line=0.004))
            else:
                rng.random()
        if depth > 0.2:
            for _ in range(5):
                x = rng.uniform(0, cv.w)
                if abs(x - cv.w / 2) < 0.14:
                    continue
                y = hz + 0.03 + (1 - depth) * 0.12
                if conifers:
                    conifer(
                        cv,
                        light,
                        random.Random(rng.random()),
                        x,
                        y,
                        rng.uniform(0.22, 0.4),
                        depth,
                        _snowy(scene),
                    )
                else:
                    leafy(
                        cv,
                        light,
                        random.Random(rng.random()),
                        x,
                        y,
                        rng.uniform(0.16, 0.3),
                        depth,
                        leaf,
                    )
    canopy_rng = random.Random(rng.random())
    for depth, y, r in ((0.5, 0.06, 0.1), (0.2, -0.01, 0.11)):
        dark, lit = light.shadow(leaf, depth, 0.5), light.lit(mix(leaf, (1, 1, 0.5), 0.2), depth)
        body, bright = skia.Path(), skia.Path()
        for i in range(18):
            x = cv.w * i / 17
            sag = 0.12 * abs(x / cv.w - 0.5) * 2
            cy, cr = y + sag * canopy_rng.uniform(0.3, 1), r * canopy_rng.uniform(0.6, 1.1)
            body.addCircle(x, cy, cr)
            for _ in range(3):
                a = canopy_rng.uniform(0, 6.28)
                bright.addCircle(x + cr * 0.7 * math.cos(a), cy + cr * 0.7 * math.sin(a), cr * 0.2)
        cv.path(body, cv.paint(dark))
        cv.path(bright, cv.paint(lit, 0.55))
    path_c = light.lit(_ground_tint(scene, rgb("b8a078")), 0.1)
    bend = rng.uniform(-0.12, 0.12)
    if rng.random() < 0.6:
        trail = skia.Path()
        trail.moveTo(cv.w * 0.5 - 0.012, hz + 0.03)
        trail.cubicTo(
            cv.w * 0.5 + bend, hz + 0.12, cv.w * 0.5 - bend * 1.5, cv.h - 0.2, cv.w * 0.34, cv.h
        )
        trail.lineTo(cv.w * 0.72, cv.h)
        trail.cubicTo(
            cv.w * 0.56 - bend,
            cv.h - 0.2,
            cv.w * 0.5 + bend * 1.3,
            hz + 0.1,
            cv.w * 0.5 + 0.012,
            hz + 0.03,
        )
        cv.path(trail, cv.paint(path_c, 0.75, blur=0.006))
    if scene.weather == "clear" and scene.time in ("dawn", "day", "sunset"):
        for _ in range(4):
            x = sun_x + rng.uniform(-0.25, 0.25)
            drift = -light.side * rng.uniform(0.2, 0.5)
            beam = skia.Path()
            beam.addPoly(
                [
                    skia.Point(x - 0.02, -0.02),
                    skia.Point(x + 0.02, -0.02),
                    skia.Point(x + drift + 0.09, hz + 0.3),
                    skia.Point(x + drift - 0.05, hz + 0.3),
                ],
                True,
            )
            cv.path(
                beam,
                cv.linear((0, 0), (0, hz + 0.28), (light.glow, light.glow), alphas=(0.34, 0.0)),
            )
    mottle(cv, light, rng, hz + 0.03, floor, 0.4)
    stage = Stage(hz, hz + 0.14, cv.h - 0.1, ground=floor, sky=(0.1, 0.3), sun_x=sun_x)
    back(stage)
    grass(cv, light, rng, hz + 0.2, floor, 0.04)
    return stage


def field_(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.4, 0.6)
    sun_x = sky(cv, scene, light, rng, hz)
    if rng.random() < 0.5:
        peaks(cv, light, rng, hz + 0.02, 0.12, 0.92, rgb("7484a0"), 0, 0.45)
    for depth in (0.72, 0.5, 0.3):
        base = hz + (0.72 - depth) * 0.22
        line = hill_line(rng, cv, base, 0.05, 2)
        colour = _ground_tint(scene, rng.choice(GREENS + GOLDS))
        hill(cv, light, rng, line, base + 0.2, colour, depth)
        if rng.random() < 0.7:
            woods(
                cv,
                light,
                random.Random(rng.random()),
                line,
                0.035,
                depth,
                _snowy(scene),
                rng.random() < 0.3,
            )
        else:
            rng.random()
    main = _ground_tint(scene, rng.choice(GREENS + GOLDS))
    top = hz + 0.11
    line = hill_line(rng, cv, top, 0.03, 1)
    hill(cv, light, rng, line, cv.h, main, 0.05, texture=0.6)
    if rng.random() < 0.55:  # furrows run to one point
        vx = cv.w * rng.uniform(0.2, 0.8)
        dark, bright = light.shadow(main, 0, 0.5), light.lit(mix(main, (1, 0.97, 0.7), 0.3))
        cv.c.save()
        cv.c.clipRect(skia.Rect(0, top + 0.005, cv.w, cv.h))
        for i in range(-16, 17):
            x = vx + i * 0.16
            cv.poly(
                [(vx + i * 0.012, top - 0.03), (x, cv.h), (x + 0.05, cv.h)], cv.paint(dark, 0.42)
            )
            cv.poly(
                [(vx + i * 0.012, top - 0.03), (x + 0.05, cv.h), (x + 0.085, cv.h)],
                cv.paint(bright, 0.4),
            )
        cv.c.restore()
    mottle(cv, light, rng, top, main, 0.4)
    for _ in range(rng.randrange(0, 3)):
        x = rng.choice((rng.uniform(0.0, 0.14), rng.uniform(0.86, 1.0))) * cv.w
        leafy(
            cv,
            light,
            random.Random(rng.random()),
            x,
            top + rng.uniform(0.02, 0.08),
            rng.uniform(0.14, 0.24),
            0.15,
            _ground_tint(scene, rgb("5c7c40")),
        )
    stage = Stage(hz, top + 0.05, cv.h - 0.09, ground=main, sky=(0.1, hz - 0.08), sun_x=sun_x)
    back(stage)
    grass(cv, light, rng, top + 0.05, main, 0.055)
    return stage


def desert(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.42, 0.6)
    sun_x = sky(cv, scene, light, rng, hz)
    sand = rng.choice((rgb("d8a868"), rgb("e0b878"), rgb("cc9058"), rgb("e4c490")))
    if rng.random() < 0.55:  # table mountains
        rock = mix(sand, rgb("a05a3c"), 0.6)
        for _ in range(rng.randrange(1, 4)):
            x, w, h = rng.uniform(0, cv.w), rng.uniform(0.1, 0.3), rng.uniform(0.06, 0.17)
            pts = [
                (x - w * 0.62, hz + 0.03),
                (x - w * 0.45, hz - h * 0.45),
                (x - w * 0.4, hz - h),
                (x + w * 0.38, hz - h * 0.97),
                (x + w * 0.44, hz - h * 0.4),
                (x + w * 0.6, hz + 0.03),
            ]
            cv.poly(pts, cv.paint(light.lit(rock, 0.6)))
            s = -light.side
            cv.poly(
                [
                    (x + s * w * 0.1, hz - h * 0.97),
                    (x + s * w * 0.38, hz - h),
                    (x + s * w * 0.62, hz + 0.03),
                    (x + s * w * 0.16, hz + 0.03),
                ],
                cv.paint(light.shadow(rock, 0.6, 0.6), 0.85),
            )
            for k in (0.3, 0.55):
                cv.line(
                    x - w * 0.42,
                    hz - h * k,
                    x + w * 0.42,
                    hz - h * k,
                    cv.paint(light.shadow(rock, 0.6), 0.5, line=0.004),
                )
    for k, depth in enumerate((0.6, 0.36, 0.14, 0.0)):
        base = hz + 0.02 + k * (cv.h - hz) * 0.2
        height = 0.06 + 0.04 * k
        line = hill_line(rng, cv, base, height, 2)
        hill(cv, light, rng, line, cv.h, sand, depth, texture=0.2)
        # The lee side lies in the shade: from the top, a sharp crest winds down towards us.
        inner = [q for q in line if 0.12 * cv.w < q[0] < 0.88 * cv.w]
        cx, cy = min(inner, key=lambda q: q[1])
        s = -light.side
        reach, fall = rng.uniform(0.3, 0.6), 0.12 + 0.07 * k
        wind = rng.uniform(0.03, 0.09) * (1 + k)
        lee = skia.Path()
        lee.moveTo(cx, cy)
        lee.cubicTo(
            cx - s * wind,
            cy + fall * 0.3,
            cx + s * wind * 1.6,
            cy + fall * 0.6,
            cx + s * wind * 0.4,
            cy + fall,
        )
        lee.quadTo(cx + s * reach * 0.7, cy + fall * 1.1, cx + s * reach * 1.3, cy + fall * 0.8)
        for i in range(12, -1, -1):
            x = cx + s * reach * 1.3 * i / 12
            lee.lineTo(x, at_line(line, min(max(x, 0), cv.w)))
        lee.close()
        shade = light.shadow(sand, depth, 0.6)
        cv.c.save()
        cv.c.clipPath(lee, True)
        cv.path(
            lee,
            cv.linear(
                (cx, cy),
                (cx + s * reach * 1.1, cy + fall * 0.7),
                (shade, shade, shade),
                (0, 0.4, 1),
                (0.9, 0.65, 0.0),
            ),
        )
        cv.c.restore()
        top_c = light.lit(mix(sand, (1, 1, 0.9), 0.4), depth)
        cv.lines(line, cv.paint(top_c, 0.6, line=0.005))
    mottle(cv, light, rng, hz + 0.1, sand, 0.22, stretch=7.0)
    if rng.random() < 0.5:
        for _ in range(rng.randrange(1, 4)):
            x = rng.choice((rng.uniform(0.03, 0.2), rng.uniform(0.8, 0.97))) * cv.w
            y, h = cv.h - rng.uniform(0.12, 0.3), rng.uniform(0.1, 0.2)
            green = rgb("5a7a50")
            dark, lit = light.shadow(green, 0.1), light.lit(green, 0.1)
            for c, off in ((dark, 0.0), (lit, 0.008 * light.side)):
                cv.line(x + off, y, x + off, y - h, cv.paint(c, line=h * 0.2 - abs(off) * 2))
                cv.lines(
                    [
                        (x + off, y - h * 0.4),
                        (x + h * 0.28 + off, y - h * 0.42),
                        (x + h * 0.28 + off, y - h * 0.75),
                    ],
                    cv.paint(c, line=h * 0.13 - abs(off)),
                )
                cv.lines(
                    [
                        (x + off, y - h * 0.5),
                        (x - h * 0.26 + off, y - h * 0.5),
                        (x - h * 0.26 + off, y - h * 0.9),
                    ],
                    cv.paint(c, line=h * 0.12 - abs(off)),
                )
    stage = Stage(
        hz, hz + (cv.h - hz) * 0.4, cv.h - 0.1, ground=sand, sky=(0.1, hz - 0.06), sun_x=sun_x
    )
    back(stage)
    return stage


def snow(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    light.extra["snow"] = 1.0
    hz = cv.h * rng.uniform(0.42, 0.6)
    # Snow throws light about: it stays pale at every hour.
    peak = max(light.lamp)
    light.lamp = mix(light.lamp, (peak, peak, min(peak * 1.04, 1.0)), 0.45)
    light.shade = mix(light.shade, light.middle, 0.3)
    sun_x = sky(cv, scene, light, rng, hz)
    if rng.random() < 0.5:
        peaks(cv, light, rng, hz + 0.03, hz * rng.uniform(0.3, 0.55), 0.7, rgb("7a86a0"), 0.8)
    white = rgb("f4f6fc")
    for k, depth in enumerate((0.6, 0.34, 0.06)):
        base = hz + 0.03 + k * 0.085
        line = hill_line(rng, cv, base, 0.06 + 0.015 * k, 2)
        hill(cv, light, rng, line, cv.h, white, depth, texture=0.3)
        if k < 2:
            woods(
                cv,
                light,
                random.Random(rng.random()),
                line,
                0.06 + 0.03 * k,
                depth,
                1.0,
                True,
                *(sorted((rng.uniform(0, cv.w), rng.uniform(0, cv.w)))),
            )
    blue = light.shadow(rgb("a8bce4"), 0, 0.3)
    top, field_n = cv.ground_noise(hz + 0.16, rng, beta=1.6, scale=0.4, stretch=4)
    cv.blend(blue, np.clip((0.48 - field_n) * 2.4, 0, 1) * 0.55, top)
    cv.blend(light.lit(rgb("fffdf8")), np.clip((field_n - 0.66) * 3, 0, 1) * 0.7, top)
    for _ in range(rng.randrange(1, 5)):
        x = rng.choice((rng.uniform(-0.02, 0.2), rng.uniform(0.8, 1.02))) * cv.w
        y = hz + 0.17 + rng.uniform(0, 0.1)
        h = rng.uniform(0.16, 0.36)
        cv.oval(
            x - light.side * h * 0.25, y + 0.004, h * 0.35, h * 0.05, cv.paint(blue, 0.7, blur=0.01)
        )
        conifer(cv, light, random.Random(rng.random()), x, y, h, 0.06, 1.0)
    stage = Stage(hz, hz + 0.2, cv.h - 0.1, ground=white, sky=(0.1, hz - 0.08), sun_x=sun_x)
    back(stage)
    return stage


def _sea_colour(light: Light, rng: random.Random) -> RGB:
    return rng.choice((rgb("1f5a78"), rgb("28686e"), rgb("1c4c74"), rgb("2c6f86")))


def coast(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.36, 0.5)
    sun_x = sky(cv, scene, light, rng, hz)
    deep = _sea_colour(light, rng)
    rough = 0.9 if scene.weather == "storm" else rng.uniform(0.35, 0.6)
    shore = hz + (cv.h - hz) * rng.uniform(0.36, 0.48)
    water(
        cv,
        light,
        rng,
        hz,
        min(shore + 0.26, cv.h),
        deep,
        mirror=0.55,
        rough=rough,
        sun_x=sun_x,
        glitter=_glitter(scene),
    )
    s = rng.choice((-1, 1))
    rock = rng.choice((rgb("7a7068"), rgb("8a7a66"), rgb("6a6a70")))
    for depth, reach, tall in ((0.7, 0.62, 0.1), (0.42, 0.4, 0.2)):
        _cliff(
            cv,
            light,
            random.Random(rng.random()),
            s,
            hz + (0.015 if depth > 0.5 else 0.06),
            reach * cv.w,
            tall,
            depth,
            rock,
            _ground_tint(scene, rng.choice(GREENS)),
        )
    if not scene.coloured:
        stacks = random.Random(rng.random())
        for _ in range(stacks.randrange(1, 4)):
            x = (0.5 - s * stacks.uniform(0.05, 0.42)) * cv.w
            y = hz + (shore - hz) * stacks.uniform(0.35, 0.7)
            k = stacks.uniform(0.03, 0.075)
            for dx, k2 in ((0.0, 1.0), (0.8, 0.6), (-0.7, 0.45)):
                rocks(cv, light, stacks, x + dx * k, y, k * k2, rock)
            foam_c = light.lit(rgb("ffffff"))
            cv.line(x - k * 1.3, y, x + k * 1.4, y, cv.paint(foam_c, 0.7, line=0.008, blur=0.003))
    # Beach with foam along a winding edge.
    sand = _ground_tint(scene, rng.choice((rgb("dcc498"), rgb("cfb88c"), rgb("d8c8a8"))))
    edge = []
    a, b = rng.uniform(0, 6.28), rng.uniform(0.02, 0.05)
    tilt = -s * rng.uniform(0.05, 0.16)
    for i in range(41):
        x = cv.w * i / 40
        edge.append((x, shore + tilt * (x / cv.w - 0.5) + b * math.sin(a + 5 * x)))
    foam = light.lit(rgb("ffffff"))
    wet = light.shadow(mix(sand, deep, 0.3), 0, 0.3)
    for dy, alpha in ((-0.1, 0.35), (-0.055, 0.6), (-0.012, 0.95)):
        wob = rng.uniform(0, 6)
        cv.lines(
            [(x, y + dy + 0.012 * math.sin(9 * x + wob)) for x, y in edge],
            cv.paint(foam, alpha, line=0.016 + dy * 0.06, blur=0.003),
        )
    cv.poly([*edge, (cv.w, cv.h), (0, cv.h)], cv.paint(wet))
    dry = [(x, y + 0.035 + 0.01 * math.sin(7 * x + a)) for x, y in edge]
    hill(cv, light, rng, dry, cv.h, sand, 0.0, texture=0.4)
    cv.lines(edge, cv.paint(foam, 0.9, line=0.012, blur=0.002))
    mottle(cv, light, rng, shore, sand, 0.25)
    for _ in range(rng.randrange(1, 5)):
        x = (0.5 + s * rng.uniform(0.3, 0.5)) * cv.w
        rocks(
            cv,
            light,
            rng,
            x,
            at_line(edge, min(max(x, 0), cv.w)) + rng.uniform(-0.03, 0.1),
            rng.uniform(0.03, 0.08),
            rock,
        )
    stage = Stage(
        hz,
        shore + 0.07 + abs(tilt) * 0.4,
        cv.h - 0.09,
        water=(hz + 0.05, shore - 0.09),
        water_end=shore - 0.02,
        ground=sand,
        sky=(0.1, hz - 0.05),
        sun_x=sun_x,
    )
    back(stage)
    return stage


def _cliff(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    s: int,
    base: float,
    reach: float,
    tall: float,
    depth: float,
    rock: RGB,
    grass_c: RGB,
) -> None:
    edge = cv.w if s > 0 else 0.0
    tip = edge - s * reach
    line = ridge(rng, 0, 1, 32, 0.5)
    top = []
    for u, v in line:
        x = tip + (edge - tip) * u
        rise = tall * min(1.0, 0.25 + u * 1.6) * (1 + 0.22 * v)
        top.append((x, base - rise * (0.15 + 0.85 * min(u * 6, 1.0))))
    pts = [*top, (edge, base), (tip - s * 0.01, base)]
    dark, lit = light.shadow(rock, depth, 0.55), light.lit(rock, depth)
    facing = light.side == -s
    cv.poly(
        pts, cv.linear((0, base - tall), (0, base), (lit if facing else mix(lit, dark, 0.6), dark))
    )
    for i in range(2, len(top) - 1, 2):
        x, y = top[i]
        cv.poly(
            [
                (x, y),
                (x + s * rng.uniform(0.005, 0.02), base),
                (x + s * rng.uniform(0.025, 0.05), base),
            ],
            cv.paint(lit if rng.random() < 0.5 else dark, 0.4),
        )
    turf = [(x, y + tall * 0.12 * rng.uniform(0.5, 1.2)) for x, y in reversed(top)]
    cv.poly([*top, *turf], cv.paint(light.lit(grass_c, depth)))
    cv.line(tip, base, edge, base, cv.paint(light.lit(rgb("ffffff")), 0.6, line=0.008, blur=0.003))


def lake(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.4, 0.52)
    sun_x = sky(cv, scene, light, rng, hz)
    peaks(
        cv,
        light,
        rng,
        hz + 0.01,
        hz * rng.uniform(0.35, 0.7),
        0.66,
        rgb("6c7690"),
        rng.choice((0.0, 0.35, 0.5)) + 0.3 * _snowy(scene),
    )
    green = _ground_tint(scene, rng.choice(GREENS))
    bank = hill_line(rng, cv, hz + 0.012, 0.04, 2)
    hill(cv, light, rng, bank, hz + 0.025, mix(green, rgb("486048"), 0.4), 0.42)
    conifers = rng.random() < 0.6
    a, b = sorted((rng.uniform(-0.1, cv.w * 0.6), rng.uniform(cv.w * 0.4, cv.w * 1.1)))
    woods(
        cv,
        light,
        random.Random(rng.random()),
        bank,
        rng.uniform(0.07, 0.13),
        0.4,
        _snowy(scene),
        conifers,
        a,
        b,
    )
    stage = Stage(
        hz,
        hz + 0.018,
        cv.h - 0.06,
        water=(hz + 0.12, cv.h - 0.16),
        ground=green,
        sky=(0.1, hz - 0.08),
        sun_x=sun_x,
    )
    back(stage)
    rough = 0.6 if scene.weather in ("storm", "rain") else rng.uniform(0.08, 0.28)
    water(
        cv,
        light,
        rng,
        hz + 0.02,
        cv.h,
        _sea_colour(light, rng),
        mirror=0.84,
        rough=rough,
        sun_x=sun_x,
        glitter=_glitter(scene),
    )
    _near_bank(cv, scene, light, rng, green)
    return stage


def _near_bank(cv: Canvas, scene: Scene, light: Light, rng: random.Random, green: RGB) -> None:
    """Our own shore, a dark corner with reeds that leads the eye in."""
    s = rng.choice((-1, 1))
    pts = []
    for i in range(21):
        u = i / 20
        x = u * cv.w if s < 0 else (1 - u) * cv.w
        pts.append((x, cv.h - 0.14 * (1 - u) ** 1.4 - 0.035 - 0.008 * math.sin(u * 17)))
    cv.poly([*pts, (pts[-1][0], cv.h), (pts[0][0], cv.h)], cv.paint(light.shadow(green, 0, 0.5)))
    local = random.Random(rng.random())
    tones = (
        light.shadow(mix(green, rgb("5a5030"), 0.4), 0, 0.6),
        light.lit(mix(green, rgb("c0b070"), 0.3)),
    )
    for tone in tones:
        path = skia.Path()
        for _ in range(cv.some(24, 260)):
            u = local.random() ** 1.6
            x = u * cv.w if s < 0 else (1 - u) * cv.w
            y = cv.h - 0.14 * (1 - u) ** 1.4 - 0.02
            k = local.uniform(0.04, 0.13) * (1.1 - u)
            path.moveTo(x, y)
            path.quadTo(
                x + local.uniform(-0.01, 0.01), y - k * 0.6, x + local.uniform(-0.03, 0.03), y - k
            )
        cv.path(path, cv.paint(tone, 0.9, line=max(0.003, 0.7 / cv.scale)))


def river(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.38, 0.5)
    sun_x = sky(cv, scene, light, rng, hz)
    if rng.random() < 0.6:
        peaks(
            cv,
            light,
            rng,
            hz + 0.02,
            hz * rng.uniform(0.25, 0.5),
            0.8,
            rgb("74809a"),
            rng.choice((0.0, 0.4)),
        )
    green = _ground_tint(scene, rng.choice(GREENS))
    line = hill_line(rng, cv, hz + 0.02, 0.07, 2)
    hill(cv, light, rng, line, hz + 0.06, mix(green, rgb("486048"), 0.35), 0.5)
    conifers = rng.random() < 0.35
    woods(
        cv,
        light,
        random.Random(rng.random()),
        [(0.0, hz + 0.04), (cv.w, hz + 0.04)],
        rng.uniform(0.06, 0.12),
        0.42,
        _snowy(scene),
        conifers,
    )
    bridge = scene.has("bridge")
    far = hz + 0.055
    cx = cv.w * rng.uniform(0.4, 0.6)
    bend = rng.uniform(-0.14, 0.14) * cv.w
    wide = 0.46 if bridge else 0.3

    def channel(y: float) -> tuple[float, float]:
        t = min(max((y - far + 0.012) / (cv.h + 0.02 - far), 0.0), 1.0)
        half = (0.12 if bridge else 0.045) * cv.w + wide * cv.w * t**1.35
        return cx + bend * math.sin(t * 5.2) * (1 - t * 0.4), half

    stage = Stage(
        hz,
        far + (0.0 if bridge else 0.03),
        cv.h - 0.07,
        water=(hz + 0.14, cv.h - 0.08),
        ground=green,
        sky=(0.1, hz - 0.08),
        channel=channel,
        sun_x=sun_x,
    )
    back(stage)
    rough = rng.uniform(0.15, 0.4)
    deep = mix(_sea_colour(light, rng), rgb("4a6a5a"), 0.35)
    water(
        cv,
        light,
        rng,
        far,
        cv.h,
        deep,
        mirror=0.74,
        rough=rough,
        sun_x=sun_x,
        glitter=_glitter(scene),
    )
    # Two banks leave a winding river between them.
    shade, lit = light.shadow(green, 0.1), light.lit(green, 0.1)
    for s in (-1, 1):
        edge = cv.w * 1.2 if s > 0 else -0.2 * cv.w
        pts: Points = []
        for i in range(25):
            t = i / 24
            y = far - 0.012 + (cv.h + 0.02 - far) * t
            middle, half = channel(y)
            x = middle + s * half
            pts.append((x + 0.008 * math.sin(t * 40 + s), y))
        path = skia.Path()
        path.addPoly([skia.Point(*q) for q in [*pts, (edge, cv.h), (edge, far - 0.02)]], True)
        cv.path(path, cv.linear((0, far), (0, cv.h), (light.lit(green, 0.4), lit, shade)))
        cv.c.save()
        cv.c.clipPath(path, True)
        cv.rect(
            -0.2,
            far - 0.03,
            cv.w + 0.2,
            cv.h,
            cv.noise_paint(shade, 0.5, rng, size=0.5, stretch=2.5, beta=1.1),
        )
        cv.rect(
            -0.2,
            far - 0.03,
            cv.w + 0.2,
            cv.h,
            cv.noise_paint(
                light.lit(mix(green, (1, 1, 0.6), 0.25)),
                0.5,
                rng,
                size=0.6,
                stretch=2.5,
                low=0.5,
                beta=1.1,
            ),
        )
        cv.c.restore()
        cv.lines(pts, cv.paint(light.shadow(rgb("6a5a40"), 0.1, 0.6), 0.75, line=0.011, blur=0.002))
        local = random.Random(rng.random())
        tuft = skia.Path()
        for _ in range(cv.some(30, 240)):
            x, y = pts[int(local.random() ** 0.7 * 24.9)]
            k = 0.012 + 0.05 * (y - far)
            x += s * local.random() * 0.12
            tuft.moveTo(x, y)
            tuft.lineTo(x + local.uniform(-0.4, 0.4) * k, y - k * local.uniform(0.6, 1.5))
        cv.path(
            tuft,
            cv.paint(
                light.lit(mix(green, rgb("d0c060"), 0.3)), 0.75, line=max(0.0028, 0.7 / cv.scale)
            ),
        )
        if local.random() < 0.7 and not bridge:
            x = (0.04 + local.random() * 0.08) * cv.w
            leafy(
                cv,
                light,
                random.Random(local.random()),
                x if s < 0 else cv.w - x,
                far + 0.09,
                local.uniform(0.18, 0.3),
                0.2,
                _ground_tint(scene, rgb("5c7c40")),
            )
    return stage


def _swell(cv: Canvas, light: Light, rng: random.Random, hz: float, storm: bool) -> None:
    """Rows of waves, sharp at the top, higher as they come near; foam where they break."""
    own = light.lit(rgb("2a6a80"))
    deep = mix(own, light.shade, 0.45)
    crest_c = mix(mix(own, light.horizon, 0.4), light.lit(rgb("6ab0a4")), 0.35)
    foam = light.lit(rgb("ffffff"))
    rows = 7 if storm else 4
    for k in range(rows):
        t = ((k + 0.6) / rows) ** 1.5
        y0 = hz + 0.03 + (cv.h - hz - 0.02) * t
        tall = (0.012 + 0.1 * t) if storm else (0.004 + 0.022 * t)
        freq, phase = (9.0 - 5.5 * t) * rng.uniform(0.8, 1.2), rng.uniform(0, 6.28)
        drift, swing = rng.uniform(0, 6.28), rng.uniform(1.2, 2.4)
        line, peaks_ = [], []
        n = 72
        for i in range(n + 1):
            x = cv.w * i / n
            big = 0.35 + 0.65 * (0.5 + 0.5 * math.sin(swing * x + drift))
            u = freq * x + phase + 0.7 * math.sin(2.3 * x + drift)
            lift = (1 - abs(math.sin(u))) ** 1.6 * big
            line.append((x, y0 - tall * lift))
            if lift > 0.42:
                peaks_.append((x, y0 - tall * lift, lift))
        low = y0 + tall * 1.4 + 0.015
        strength = (0.85, 0.6, 0.0) if storm else (0.45, 0.3, 0.0)
        band = cv.linear((0, y0 - tall), (0, low), (crest_c, own, deep), (0, 0.4, 1), strength)
        cv.poly([*line, (cv.w, low), (0.0, low)], band)
        spray = skia.Path()
        for x, y, lift in peaks_:
            for _ in range(4 if storm else 2):
                r = (0.002 + 0.009 * t) * rng.uniform(0.4, 1.2) * (1.3 if storm else 0.6)
                px, py = x + rng.gauss(0, 0.008), y + rng.uniform(-0.3, 0.6) * tall * lift * 0.5
                spray.addOval(skia.Rect(px - r * 1.7, py - r * 0.7, px + r * 1.7, py + r * 0.7))
        cv.path(spray, cv.paint(foam, 0.85 if storm else 0.55))


def sea(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.3, 0.55)
    sun_x = sky(cv, scene, light, rng, hz)
    storm = scene.weather == "storm"
    rough = 1.0 if storm else rng.uniform(0.4, 0.7)
    water(
        cv,
        light,
        rng,
        hz,
        cv.h,
        _sea_colour(light, rng),
        mirror=0.5,
        rough=rough,
        sun_x=sun_x,
        glitter=_glitter(scene),
    )
    _swell(cv, light, random.Random(rng.random()), hz, storm)
    stage = Stage(
        hz,
        hz + (cv.h - hz) * 0.42,
        cv.h - 0.12,
        water=(hz + 0.1, cv.h - 0.12),
        ground=rgb("2a5a70"),
        sky=(0.1, hz - 0.05),
        sun_x=sun_x,
    )
    back(stage)
    return stage


def _cottage(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    x: float,
    y: float,
    w: float,
    depth: float,
    snowy: float,
) -> None:
    """A neutral house of the background, cream or grey-brown: no colour that one would name."""
    wall = rng.choice((rgb("d8ccb4"), rgb("cfc0a4"), rgb("c4b8a8"), rgb("b8aa98")))
    roof = rng.choice((rgb("6c5a54"), rgb("5e5a60"), rgb("7a6456")))
    h = w * rng.uniform(0.6, 1.0)
    s = light.side
    lit, dark = light.lit(wall, depth), light.shadow(wall, depth, 0.5)
    cv.rect(
        x - w / 2,
        y - h,
        x + w / 2,
        y,
        cv.linear((x - s * w / 2, 0), (x + s * w / 2, 0), (dark, lit)),
    )
    top = light.lit(mix(roof, SNOW, 0.75 * snowy), depth)
    cv.poly(
        [
            (x - w * 0.58, y - h + 0.004),
            (x - w * 0.3, y - h - w * 0.42),
            (x + w * 0.3, y - h - w * 0.42),
            (x + w * 0.58, y - h + 0.004),
        ],
        cv.paint(top),
    )
    cv.rect(
        x + w * 0.14,
        y - h - w * 0.52,
        x + w * 0.24,
        y - h - w * 0.3,
        cv.paint(light.shadow(roof, depth)),
    )
    glass = rgb("ffce70") if light.dark > 0.15 else light.lit(rgb("4a5468"), depth)
    for dx in (-0.26, 0.02, 0.26):
        on = rng.random() < 0.75
        cv.rect(
            x + dx * w - w * 0.06,
            y - h * 0.7,
            x + dx * w + w * 0.06,
            y - h * 0.42,
            cv.paint(glass if on or light.dark < 0.15 else light.shadow(rgb("3a4254"), depth)),
        )


def village(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.4, 0.52)
    sun_x = sky(cv, scene, light, rng, hz)
    if rng.random() < 0.6:
        peaks(cv, light, rng, hz + 0.02, rng.uniform(0.1, 0.24), 0.88, rgb("74809a"), 0.3)
    else:
        rng.random()
    green = _ground_tint(scene, rng.choice(GREENS))
    line = hill_line(rng, cv, hz + 0.04, 0.1, 2)
    hill(cv, light, rng, line, hz + 0.2, green, 0.5)
    snowy = _snowy(scene)
    # Up the slope, row by row; the church stands highest.
    church = cv.w * rng.uniform(0.25, 0.75)
    cy = at_line(line, church) + 0.03
    for row, (depth, w) in enumerate(((0.5, 0.06), (0.34, 0.085), (0.2, 0.12))):
        if row == 1:
            _church(cv, light, church, cy, 0.26, 0.42, snowy)
        n = int(cv.w / w * 0.8)
        for i in range(n):
            x = (i + rng.uniform(0.1, 0.9)) / n * cv.w
            y = at_line(line, x) + 0.03 + row * 0.055 + rng.uniform(-0.008, 0.008)
            local = random.Random(rng.random())
            if rng.random() < 0.2:
                leafy(
                    cv,
                    light,
                    local,
                    x,
                    y + 0.01,
                    w * 1.4,
                    depth,
                    _ground_tint(scene, rgb("5c7c40")),
                )
            elif rng.random() < 0.85:
                _cottage(cv, light, local, x, y, w * rng.uniform(0.8, 1.15), depth, snowy)
    front = [(x, max(y + 0.15, hz + 0.12)) for x, y in line]
    street = rng.random() < 0.5
    ground = _ground_tint(scene, rgb("b4a48c")) if street else green
    hill(cv, light, rng, front, cv.h, ground, 0.04, texture=0.5)
    mottle(cv, light, rng, hz + 0.14, ground, 0.35, stretch=2.0 if street else 3.0)
    if not street:
        fence = light.lit(rgb("b0a088"), 0.1)
        y0 = hz + 0.22
        posts = skia.Path()
        for i in range(int(cv.w / 0.05) + 1):
            posts.moveTo(i * 0.05, y0)
            posts.lineTo(i * 0.05, y0 - 0.045)
        posts.moveTo(0, y0 - 0.034)
        posts.lineTo(cv.w, y0 - 0.034)
        posts.moveTo(0, y0 - 0.016)
        posts.lineTo(cv.w, y0 - 0.016)
        cv.path(posts, cv.paint(fence, 0.8, line=0.006))
    stage = Stage(hz, hz + 0.26, cv.h - 0.08, ground=ground, sky=(0.1, hz - 0.08), sun_x=sun_x)
    back(stage)
    if not street:
        grass(cv, light, rng, hz + 0.24, ground, 0.045)
    return stage


def _church(
    cv: Canvas, light: Light, x: float, y: float, h: float, depth: float, snowy: float
) -> None:
    wall, roof = rgb("dcd2bc"), rgb("5e5a60")
    lit, dark = light.lit(wall, depth), light.shadow(wall, depth, 0.5)
    s = light.side
    w = h * 0.16
    cv.rect(x, y - h * 0.36, x + h * 0.42, y, cv.paint(mix(lit, dark, 0.3)))
    cv.poly(
        [
            (x, y - h * 0.34),
            (x + h * 0.06, y - h * 0.5),
            (x + h * 0.4, y - h * 0.5),
            (x + h * 0.46, y - h * 0.34),
        ],
        cv.paint(light.lit(mix(roof, SNOW, 0.7 * snowy), depth)),
    )
    cv.rect(x - w, y - h * 0.58, x + w, y, cv.linear((x - s * w, 0), (x + s * w, 0), (dark, lit)))
    cv.poly(
        [(x - w * 1.1, y - h * 0.57), (x, y - h), (x + w * 1.1, y - h * 0.57)],
        cv.paint(light.shadow(roof, depth, 0.3)),
    )
    glass = rgb("ffce70") if light.dark > 0.15 else light.lit(rgb("4a5468"), depth)
    cv.rect(x - w * 0.3, y - h * 0.5, x + w * 0.3, y - h * 0.4, cv.paint(glass))


def city(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    bridge = scene.has("bridge")
    hz = cv.h * rng.uniform(0.52, 0.6) if not bridge else cv.h * 0.5
    sun_x = sky(cv, scene, light, rng, hz)
    body = rng.choice((rgb("7c8496"), rgb("8c8a8c"), rgb("74809a"), rgb("98908c")))
    for depth, tall, w in ((0.9, 0.34, 0.08), (0.62, 0.3, 0.1), (0.3, 0.24, 0.13)):
        local = random.Random(rng.random())
        x = -0.05
        while x < cv.w:
            width = w * local.uniform(0.6, 1.3)
            # Towers gather in the middle of the city, as they do.
            h = (
                tall
                * local.uniform(0.45, 1.15)
                * (1.35 - abs(x / cv.w - 0.5) * 0.9)
                * min(hz * 1.7, 1.1)
            )
            _block(
                cv,
                light,
                local,
                x,
                hz + 0.03,
                width,
                h,
                depth,
                mix(body, rgb("c8b8a0"), local.random() * 0.4),
            )
            x += width * local.uniform(0.8, 1.1)
        haze = cv.linear(
            (0, hz - 0.22),
            (0, hz + 0.03),
            (light.haze, light.haze),
            alphas=(0.0, 0.35 * depth + 0.1),
        )
        cv.rect(0, hz - 0.22, cv.w, hz + 0.03, haze)
    if bridge:
        far = hz + 0.03
        stage = Stage(
            hz,
            far,
            cv.h - 0.1,
            water=(hz + 0.16, cv.h - 0.1),
            ground=rgb("7a7a80"),
            sky=(0.1, hz - 0.2),
            sun_x=sun_x,
        )
        walkers = any(t.kind not in ("bridge", "balloon", "bird") for t in scene.coloured)
        stage.quay = cv.h - 0.2 if walkers else None
        back(stage)
        water(
            cv,
            light,
            rng,
            far,
            cv.h,
            mix(_sea_colour(light, rng), rgb("3a4658"), 0.4),
            mirror=0.78,
            rough=0.35,
            sun_x=sun_x,
            glitter=_glitter(scene),
        )
        if stage.quay is not None:
            stone = _ground_tint(scene, rgb("8e8a8c"))
            paving_paint = cv.linear(
                (0, stage.quay), (0, cv.h), (light.lit(stone), light.shadow(stone))
            )
            cv.rect(0, stage.quay, cv.w, cv.h, paving_paint)
            cv.rect(
                0, stage.quay, cv.w, stage.quay + 0.014, cv.paint(light.lit(rgb("c8c4bc")), 0.8)
            )
            mottle(cv, light, rng, stage.quay - 0.1, stone, 0.2)
        return stage
    # A quay: kerb, wet or dry paving, lamps.
    paving = _ground_tint(scene, rgb("8e8a8c"))
    top = hz + 0.025
    cv.rect(
        0,
        top,
        cv.w,
        cv.h,
        cv.linear(
            (0, top), (0, cv.h), (light.lit(paving, 0.4), light.lit(paving), light.shadow(paving))
        ),
    )
    if scene.weather in ("rain", "storm") or scene.time == "night":
        keep = cv.px.copy()
        water(
            cv,
            light,
            rng,
            top,
            cv.h,
            rgb("5a5c68"),
            mirror=0.6,
            rough=0.25,
            sun_x=sun_x,
            glitter=0.2,
        )
        cv.px[...] = cv2.addWeighted(cv.px, 0.6, keep, 0.4, 0)
    mottle(cv, light, rng, hz, paving, 0.25, stretch=3.0)
    line_c = light.lit(rgb("d8d4c8"))
    y = hz + (cv.h - hz) * 0.34
    cv.rect(0, y, cv.w, y + 0.012, cv.paint(line_c, 0.55))
    cv.rect(0, y + 0.012, cv.w, y + 0.03, cv.paint(light.shadow(paving, 0, 0.7), 0.55))
    iron = light.shadow(rgb("3c3c48"), 0, 0.4)
    x0 = rng.uniform(0.05, 0.2)
    for i in range(4):
        x = x0 + i * 0.42
        if x > cv.w:
            break
        cv.line(x, y + 0.01, x, y - 0.26, cv.paint(iron, line=0.011))
        cv.line(x - 0.03, y - 0.26, x + 0.03, y - 0.26, cv.paint(iron, line=0.008))
        lamp = rgb("ffe0a0") if light.dark > 0.15 else light.lit(rgb("f0ead8"))
        cv.circle(x, y - 0.285, 0.02, cv.paint(lamp))
        if light.dark > 0.15:
            cv.circle(x, y - 0.285, 0.16, cv.radial((x, y - 0.285), 0.16, (lamp, lamp), (0.5, 0.0)))
    stage = Stage(
        hz, hz + (cv.h - hz) * 0.45, cv.h - 0.08, ground=paving, sky=(0.08, hz - 0.28), sun_x=sun_x
    )
    back(stage)
    return stage


def _block(
    cv: Canvas,
    light: Light,
    rng: random.Random,
    x: float,
    y: float,
    w: float,
    h: float,
    depth: float,
    c: RGB,
) -> None:
    lit, dark = light.lit(c, depth), light.shadow(c, depth, 0.6)
    s = light.side
    left, right = (lit, dark) if s < 0 else (dark, lit)
    cv.rect(
        x, y - h, x + w, y, cv.linear((x, 0), (x + w, 0), (left, mix(left, right, 0.45), right))
    )
    style = rng.randrange(4)
    if style == 0:
        cv.poly(
            [(x + w * 0.15, y - h), (x + w * 0.5, y - h - w * 0.7), (x + w * 0.85, y - h)],
            cv.paint(mix(lit, dark, 0.5)),
        )
    elif style == 1:
        cv.rect(x + w * 0.2, y - h - w * 0.3, x + w * 0.8, y - h, cv.paint(mix(lit, dark, 0.3)))
        cv.line(x + w / 2, y - h - w * 0.3, x + w / 2, y - h - w * 0.9, cv.paint(dark, line=0.005))
    step_x, step_y = (0.022, 0.03) if cv.scale > 300 else (0.034, 0.045)
    on, off = skia.Path(), skia.Path()
    yy = y - h + 0.02
    share = 0.5 if light.dark > 0.5 else 0.25 if light.dark > 0.15 else 0.0
    while yy < y - 0.02:
        xx = x + 0.012
        while xx < x + w - 0.014:
            r = skia.Rect(xx, yy, xx + step_x * 0.5, yy + step_y * 0.55)
            (on if rng.random() < share else off).addRect(r)
            xx += step_x
        yy += step_y
    cv.path(off, cv.paint(mix(dark, light.shade, 0.4), 0.45 * (1 - depth * 0.6)))
    if share:
        cv.path(on, cv.paint(mix(rgb("ffd480"), light.haze, depth * 0.35), 0.95))


def garden(cv: Canvas, scene: Scene, light: Light, rng: random.Random, back: Back) -> Stage:
    hz = cv.h * rng.uniform(0.34, 0.46)
    sun_x = sky(cv, scene, light, rng, hz)
    leaf = rng.choice((rgb("4c7a44"), rgb("5c8448"), rgb("3e6c4c")))
    if _snowy(scene):
        leaf = mix(leaf, rgb("d0dae0"), 0.4)
    flat = [(0.0, hz + 0.03), (cv.w, hz + 0.03)]
    woods(cv, light, random.Random(rng.random()), flat, 0.2, 0.7, _snowy(scene), False)
    for _ in range(rng.randrange(2, 5)):
        leafy(
            cv,
            light,
            random.Random(rng.random()),
            rng.uniform(0, cv.w),
            hz + 0.06,
            rng.uniform(0.2, 0.36),
            0.45,
            leaf,
        )
    # Hedge, then lawn, then beds.
    hedge = hill_line(rng, cv, hz + 0.045, 0.02, 4)
    hill(cv, light, rng, hedge, hz + 0.14, mix(leaf, rgb("2c4c34"), 0.35), 0.22, texture=1.0)
    lawn = _ground_tint(scene, rng.choice(GREENS))
    line = [(x, hz + 0.11 + 0.01 * math.sin(6 * x)) for x, _ in hedge]
    hill(cv, light, rng, line, cv.h, lawn, 0.08, texture=0.6)
    trail = skia.Path()
    px, bend = cv.w * rng.uniform(0.35, 0.65), rng.uniform(-0.3, 0.3)
    trail.moveTo(px - 0.015, hz + 0.11)
    trail.cubicTo(px + bend * 0.6, hz + 0.22, px - bend, cv.h - 0.3, px - 0.18, cv.h)
    trail.lineTo(px + 0.22, cv.h)
    trail.cubicTo(px - bend * 0.7, cv.h - 0.3, px + bend * 0.8, hz + 0.22, px + 0.015, hz + 0.11)
    cv.path(trail, cv.paint(light.lit(_ground_tint(scene, rgb("cfbf9c")), 0.05), 0.85, blur=0.004))
    mottle(cv, light, rng, hz + 0.1, lawn, 0.35)
    local = random.Random(rng.random())
    # Small flowers in pale mixed tints, so that no colour of the beds speaks louder than a thing.
    tints = [
        mix(rgb(c), rgb("f0e8d8"), 0.36) for c in ("e8a0b8", "f0d890", "c8b0e0", "f4f0e8", "f0b898")
    ]
    paths = [skia.Path() for _ in tints]
    greens = skia.Path()
    beds = []
    for _ in range(8):
        t = local.random()
        edge = local.uniform(0.0, 0.2 if t < 0.5 else 0.16)
        beds.append(((edge if local.random() < 0.5 else 1 - edge) * cv.w, t))
    for _ in range(cv.some(56, 1300)):
        # Beds in drifts: around a few hearts on either side, thinning out to the lawn.
        heart = beds[local.randrange(len(beds))]
        a, k = local.uniform(0, 6.28), local.random() ** 0.6
        t = min(max(heart[1] + 0.13 * k * math.sin(a), 0.0), 1.0)
        x = heart[0] + (0.07 + 0.17 * t) * k * math.cos(a)
        y = hz + 0.12 + (cv.h - hz - 0.1) * t
        r = 0.006 + 0.015 * t * local.uniform(0.5, 1)
        paths[local.randrange(len(tints))].addOval(
            skia.Rect(x - r, y - r * 0.8, x + r, y + r * 0.8)
        )
        greens.addOval(skia.Rect(x - r * 1.5, y - r * 0.4, x + r * 1.5, y + r * 1.8))
    cv.path(greens, cv.paint(light.shadow(leaf, 0.05, 0.4), 0.75))
    for path, tint in zip(paths, tints, strict=True):
        cv.path(path, cv.paint(light.lit(_ground_tint(scene, tint)), 0.92))
    stage = Stage(hz, hz + 0.22, cv.h - 0.08, ground=lawn, sky=(0.1, hz - 0.05), sun_x=sun_x)
    back(stage)
    grass(cv, light, rng, hz + 0.2, lawn, 0.04)
    return stage


def foreground(
    cv: Canvas,
    scene: Scene,
    light: Light,
    rng: random.Random,
    stage: Stage,
    free: tuple[float, float],
) -> None:
    """Something near at the edge, dark and large, that sets the rest back and frames it.

    `free` is how much room the things leave at the left and at the right.
    """
    local = random.Random(rng.random())
    s = -1 if free[0] > free[1] else 1
    room = max(free)
    if room < 0.14 or local.random() < 0.25:
        return
    snowy = _snowy(scene)
    edge = 0.0 if s < 0 else cv.w
    green = _ground_tint(scene, local.choice((rgb("4a6a3c"), rgb("56743c"), rgb("3c5c40"))))
    wide = min(room, 0.34)
    if scene.place in ("mountains", "snow") or (scene.place == "lake" and local.random() < 0.5):
        h = min(wide * local.uniform(2.2, 3.0), 0.85 * cv.h)
        x = edge - s * wide * local.uniform(0.1, 0.4)
        y = cv.h - local.uniform(0.0, 0.05)
        conifer(cv, light, local, x - s * wide * 0.45, y - 0.03, h * 0.55, 0.0, snowy)
        conifer(cv, light, local, x, y, h, 0.0, snowy)
    elif scene.place in ("field", "village", "garden", "lake", "river"):
        if local.random() < 0.6:
            h = min(wide * local.uniform(2.0, 2.6), 0.9 * cv.h)
            leafy(cv, light, local, edge - s * wide * 0.25, cv.h - 0.02, h, 0.0, green)
        _bush(cv, light, local, edge, s, wide, green)
    elif scene.place == "forest":
        _bush(cv, light, local, edge, s, wide, green)
    elif scene.place in ("coast", "desert"):
        stone = rgb("6e665e") if scene.place == "coast" else mix(stage.ground, rgb("7a5a48"), 0.6)
        for _ in range(4):
            x = edge - s * wide * local.uniform(0.0, 0.8)
            rocks(
                cv,
                light,
                local,
                x,
                cv.h - local.uniform(-0.02, 0.06),
                wide * local.uniform(0.2, 0.42),
                stone,
            )
        tuft = skia.Path()
        for _ in range(cv.some(16, 70)):
            x = edge - s * wide * local.random()
            k = local.uniform(0.05, 0.15)
            tuft.moveTo(x, cv.h + 0.01)
            tuft.quadTo(x, cv.h - k * 0.6, x + local.uniform(-0.5, 0.5) * k, cv.h - k)
        c = light.lit(mix(stage.ground, rgb("7a7a40"), 0.6))
        cv.path(tuft, cv.paint(c, 0.9, line=max(0.003, 0.7 / cv.scale)))


def _bush(
    cv: Canvas, light: Light, rng: random.Random, edge: float, s: int, wide: float, green: RGB
) -> None:
    dark, mid = light.shadow(green, 0, 0.6), light.lit(green)
    lit = light.lit(mix(green, (1, 0.96, 0.55), 0.3))
    for tone, alpha, k, up in (
        (dark, 1.0, 1.0, 0.0),
        (mid, 0.8, 0.62, 0.02),
        (lit, 0.7, 0.3, 0.045),
    ):
        local = random.Random(rng.random())
        path = skia.Path()
        for _ in range(16):
            u = local.random()
            r = wide * 0.17 * k * local.uniform(0.7, 1.2)
            x = edge - s * wide * u * 0.95 + r * 0.4 * light.side * (1 - k)
            path.addCircle(x, cv.h - wide * 0.4 * (1 - u) ** 1.3 * local.random() - up, r)
        cv.path(path, cv.paint(tone, alpha))


LANDSCAPES: dict[str, Callable[[Canvas, Scene, Light, random.Random, Back], Stage]] = {
    "mountains": mountains,
    "forest": forest,
    "field": field_,
    "desert": desert,
    "snow": snow,
    "coast": coast,
    "river": river,
    "lake": lake,
    "sea": sea,
    "village": village,
    "city": city,
    "garden": garden,
}


# -- weather ----------------------------------------------------------------------------------
def weather_over(
    cv: Canvas,
    scene: Scene,
    light: Light,
    rng: random.Random,
    horizon: float,
    clip: skia.Rect | None = None,
    strength: float = 1.0,
) -> None:
    """What falls or hangs between the eye and the picture."""
    kind = scene.weather or "clear"
    if kind == "clear":
        return
    local = random.Random(rng.random())
    cv.c.save()
    if clip is not None:
        cv.c.clipRect(clip)
    if kind in ("rain", "storm"):
        if kind == "storm":
            _lightning(cv, light, local, horizon)
        lean = local.uniform(0.12, 0.3) * local.choice((-1, 1)) * (1.6 if kind == "storm" else 1)
        c = mix(light.horizon, (1, 1, 1), 0.45)
        for width, alpha, n, length in (
            (0.0022, 0.4, cv.some(70, 620), 0.07),
            (0.004, 0.5, cv.some(36, 170), 0.13),
        ):
            path = skia.Path()
            for _ in range(n):
                x, y = local.uniform(-0.2, cv.w + 0.2), local.uniform(-0.1, cv.h)
                k = length * local.uniform(0.6, 1.3)
                path.moveTo(x, y)
                path.lineTo(x + lean * k, y + k)
            cv.path(path, cv.paint(c, alpha, line=max(width, 0.55 / cv.scale)))
    elif kind == "snowfall":
        c = mix((1, 1, 1), light.lamp, 0.12 if light.dark < 0.5 else 0.05)
        for r, alpha, n, blur in (
            (0.004, 0.8, cv.some(90, 420), 0.0),
            (0.008, 0.9, cv.some(46, 170), 0.0),
            (0.016, 0.65, cv.some(9, 26), 0.004),
        ):
            path = skia.Path()
            for _ in range(n):
                x, y = local.uniform(0, cv.w), local.uniform(0, cv.h)
                k = max(r * local.uniform(0.6, 1.3), 0.55 / cv.scale)
                path.addCircle(x, y, k)
            cv.path(path, cv.paint(c, alpha, blur=blur))
    elif kind == "fog":
        c = mix(light.haze, (1, 1, 1), 0.18 * (1 - light.dark))
        cv.rect(
            0,
            0,
            cv.w,
            cv.h,
            cv.linear(
                (0, 0),
                (0, cv.h),
                (c, c, c),
                (0, min(horizon / cv.h + 0.08, 0.9), 1),
                (0.06 * strength, 0.42 * strength, 0.1 * strength),
            ),
        )
        for size in (0.9, 0.45):
            paint = cv.noise_paint(
                c, 0.3 * strength, local, size=size, stretch=4.5, low=0.4, high=0.85, beta=1.7
            )
            cv.fill(paint)
    cv.c.restore()


def _lightning(cv: Canvas, light: Light, rng: random.Random, horizon: float) -> None:
    x = cv.w * rng.choice((rng.uniform(0.12, 0.34), rng.uniform(0.66, 0.88)))
    c = rgb("fffbe6")
    cv.circle(x, horizon * 0.4, 0.5, cv.radial((x, horizon * 0.4), 0.5, (c, c), (0.32, 0.0)))
    points = [(x, -0.02)]
    y = -0.02
    while y < horizon * 0.92:
        y += rng.uniform(0.03, 0.08)
        x += rng.uniform(-0.05, 0.05)
        points.append((x, y))
    cv.lines(points, cv.paint(c, 0.5, line=0.016, blur=0.01))
    cv.lines(points, cv.paint(c, 1.0, line=0.0065))
    i = len(points) // 2
    bx, by = points[i]
    branch = [(bx, by)]
    for _ in range(3):
        bx, by = bx + rng.uniform(0.01, 0.06), by + rng.uniform(0.02, 0.05)
        branch.append((bx, by))
    cv.lines(branch, cv.paint(c, 0.9, line=0.004))


def grade(cv: Canvas, light: Light, rng: random.Random) -> None:
    """A slight vignette holds the eye in."""
    c = light.shade
    cv.fill(
        cv.radial(
            (cv.w / 2, cv.h * 0.48),
            math.hypot(cv.w, cv.h) * 0.62,
            (c, c, c),
            (0.0, 0.0, 0.3),
            (0, 0.6, 1),
        )
    )


__all__ = ["LANDSCAPES", "Stage", "grade", "saturate", "sky", "times", "water", "weather_over"]
