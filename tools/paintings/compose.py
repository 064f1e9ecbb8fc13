"""From a scene to a picture: who stands where, in front of what, casting which shadow."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

import numpy as np
import skia

from tools.paintings import things as drawn
from tools.paintings.canvas import Canvas, noise
from tools.paintings.palette import PIGMENTS, RGB, Light, Tones, light_for, mix, rgb, saturate
from tools.paintings.places import (
    LANDSCAPES,
    Stage,
    foreground,
    grade,
    hill,
    hill_line,
    peaks,
    sky,
    water,
    weather_over,
    woods,
)
from tools.paintings.scene import Scene, Thing

# The height of a thing as the main one and alone, in units of the picture's shorter side.
_SIZE: dict[str, tuple[float, float]] = {
    "house": (0.3, 0.48),
    "castle": (0.4, 0.56),
    "lighthouse": (0.52, 0.7),
    "windmill": (0.5, 0.66),
    "bridge": (0.26, 0.36),
    "boat": (0.36, 0.54),
    "car": (0.17, 0.25),
    "bicycle": (0.27, 0.38),
    "train": (0.19, 0.27),
    "balloon": (0.36, 0.54),
    "cat": (0.32, 0.5),
    "dog": (0.32, 0.48),
    "horse": (0.38, 0.54),
    "bird": (0.28, 0.42),
    "fish": (0.3, 0.44),
    "tree": (0.5, 0.72),
    "flower": (0.42, 0.64),
    "apple": (0.28, 0.38),
    "pear": (0.34, 0.46),
    "lemon": (0.22, 0.3),
    "vase": (0.46, 0.6),
    "book": (0.27, 0.36),
    "cup": (0.3, 0.4),
}
_BUILDINGS = frozenset({"house", "castle", "lighthouse", "windmill", "tree"})
_UPRIGHT = frozenset({"house", "castle", "lighthouse", "windmill", "bridge", "train"})


@dataclass(frozen=True)
class Placed:
    kind: str
    colour: str
    x: float
    y: float
    size: float
    flip: bool
    zone: str  # back, ground, water, sky, table
    seed: float
    depth: float
    shape: int  # seeds the variant: all of one group look alike


def _pen(cv: Canvas, item: Placed, light: Light) -> drawn.Pen:
    side = -light.side if item.flip else light.side
    return drawn.Pen(
        cv, light.thing(item.colour, item.depth), light, random.Random(item.shape), side
    )


def _enter(cv: Canvas, item: Placed) -> None:
    cv.c.save()
    cv.c.translate(item.x, item.y)
    k = item.size / 100
    # A bridge reaches from edge to edge, however wide the picture is.
    wide = max(k, cv.w * 1.04 / 320) if item.kind == "bridge" else k
    cv.c.scale(-wide if item.flip else wide, k)


def _draw(cv: Canvas, item: Placed, light: Light) -> None:
    _enter(cv, item)
    pen = _pen(cv, item, light)
    if item.kind == "train":
        drawn.train_smoke(pen)
    if item.kind == "bird":
        drawn.bird(pen, flying=item.zone == "sky")
    else:
        drawn.DRAW[item.kind](pen)
    if item.kind == "lighthouse" and light.dark > 0.5:
        drawn.lighthouse_beams(pen)
    cv.c.restore()


def _silhouette(
    cv: Canvas, item: Placed, light: Light, colour: RGB, alpha: float, skew: float, flat: float
) -> None:
    """The thing's outline in one colour, laid on the ground away from the light."""
    shade = skia.Paint(
        ColorFilter=skia.ColorFilters.Blend(
            skia.Color4f(*colour, 1.0).toColor(), skia.BlendMode.kSrcIn
        ),
        Alphaf=alpha,
    )
    cv.c.save()
    cv.c.translate(item.x, item.y - 0.004)
    matrix = skia.Matrix()
    matrix.setAll(1, skew, 0, 0, flat, 0, 0, 0, 1)
    cv.c.concat(matrix)
    cv.c.translate(-item.x, -item.y)
    cv.c.saveLayer(None, shade)
    _draw(cv, item, light)
    cv.c.restore()
    cv.c.restore()


def _shadow(cv: Canvas, scene: Scene, item: Placed, light: Light, ground: RGB) -> None:
    half = drawn.HALF_WIDTH[item.kind] * item.size
    if item.kind in ("bicycle", "flower"):
        half *= 0.6
    colour = mix(light.shadow(ground, 0, 0.8), light.shade, 0.35)
    cv.oval(
        item.x, item.y, half * 0.95, item.size * 0.045, cv.paint(colour, 0.6, blur=item.size * 0.02)
    )
    sharp = scene.weather == "clear" and scene.time != "night"
    if item.zone == "table":
        cv.oval(
            item.x - light.side * half * 0.55,
            item.y + item.size * 0.005,
            half * 1.15,
            item.size * 0.07,
            cv.paint(colour, 0.55, blur=item.size * 0.03),
        )
    elif sharp and item.kind not in ("train", "bridge"):
        # Low sun, long shadows; they fall towards us when the light stands behind.
        long = 1.25 if scene.time in ("dawn", "sunset") else 0.7
        if scene.has("sun"):
            _silhouette(cv, item, light, colour, 0.45, light.side * long * 0.8, -0.3)
        else:
            _silhouette(cv, item, light, colour, 0.42, light.side * long, 0.16)
    elif scene.weather == "clear" and scene.has("moon"):
        _silhouette(cv, item, light, colour, 0.35, light.side * 0.8, -0.22)


def _halo(cv: Canvas, item: Placed, light: Light) -> None:
    """At night a breath of pale mist behind a dark thing, or nobody would see it."""
    if light.dark < 0.5 or item.colour not in ("black", "brown", "purple", "blue", "gray"):
        return
    r = max(item.size * 0.9, drawn.HALF_WIDTH[item.kind] * item.size * 1.15)
    y = item.y - item.size * 0.45
    strength = 0.62 if item.colour == "black" else 0.36
    mist = mix(light.horizon, light.glow, 0.25)
    cv.circle(
        item.x,
        y,
        r,
        cv.radial((item.x, y), r, (mist, mist, mist), (strength, strength * 0.6, 0), (0, 0.5, 1)),
    )


def _reflect(cv: Canvas, item: Placed, light: Light, alpha: float, end: float = 9.0) -> None:
    cv.c.save()
    cv.c.clipRect(skia.Rect(-1, 0, 4, end), True)
    cv.c.translate(0, 2 * item.y + 0.012)
    cv.c.scale(1, -1)
    cv.c.clipRect(skia.Rect(-1, 0, 4, item.y + 0.01))
    cv.c.saveLayer(None, skia.Paint(Alphaf=alpha))
    _draw(cv, item, light)
    cv.c.restore()
    cv.c.restore()


def _ripples(cv: Canvas, item: Placed, light: Light) -> None:
    half = drawn.HALF_WIDTH[item.kind] * item.size
    rng = random.Random(item.seed)
    bright = mix(light.horizon, light.glow, 0.4)
    for _ in range(9):
        y = item.y + rng.uniform(0.004, 0.3) * item.size
        x = item.x + rng.uniform(-0.8, 0.8) * half
        w = half * rng.uniform(0.15, 0.5)
        cv.line(
            x - w, y, x + w, y, cv.paint(bright, rng.uniform(0.3, 0.65), line=item.size * 0.008)
        )
    cv.line(
        item.x - half * 0.8,
        item.y + 0.012,
        item.x + half * 0.8,
        item.y + 0.012,
        cv.paint(mix(bright, (1, 1, 1), 0.3), 0.7, line=item.size * 0.012),
    )


# -- who stands where ---------------------------------------------------------------------------
def _zone(kind: str, place: str, rng: random.Random) -> str:
    if place == "table":
        return "table"
    if kind == "boat":
        return "water"
    if kind == "balloon":
        return "sky"
    if kind == "bird":
        return "sky" if rng.random() < 0.45 or place in ("sea", "lake") else "ground"
    if kind == "bridge":
        return "back"
    if place == "lake" and kind in _BUILDINGS:
        return "back"
    if place == "river" and kind in _BUILDINGS and rng.random() < 0.5:
        return "back"
    if kind == "lighthouse" and place == "sea":
        return "rock"
    return "ground"


def layout(
    scene: Scene, stage: Stage, cv: Canvas, light: Light, rng: random.Random
) -> list[Placed]:
    """Places for all coloured things: the main one near a third, the other across from it."""
    coloured = scene.coloured
    if not coloured:
        return []
    zones = [_zone(t.kind, scene.place, rng) for t in coloured]
    flip = rng.random() < 0.5
    centres = [0.5]
    if len(coloured) == 2:
        gap = rng.uniform(0.2, 0.26)
        centres = [0.5 - gap, 0.5 + gap]
        if "bridge" in (coloured[0].kind, coloured[1].kind):
            centres = [
                0.5 if t.kind == "bridge" else 0.5 + rng.uniform(0.1, 0.24) for t in coloured
            ]
        if flip:
            centres = [1 - c for c in centres]
    elif scene.has("sun") or scene.has("moon"):
        # Away from the light in the sky, so that nothing hides it.
        centres = [0.5 - light.side * rng.uniform(0.06, 0.16)]
    else:
        centres = [0.5 + rng.uniform(-0.13, 0.13)]
    out: list[Placed] = []
    for index, (thing, zone, centre) in enumerate(zip(coloured, zones, centres, strict=True)):
        low, high = _SIZE[thing.kind]
        size = rng.uniform(low, high)
        if len(coloured) == 2:
            size *= 0.74 if index == 0 else rng.uniform(0.6, 0.72)
        size *= {1: 1.0, 2: 0.78, 3: 0.66}[thing.count]
        half = drawn.HALF_WIDTH[thing.kind] * size
        room = cv.w * (0.96 if len(coloured) == 1 else 0.47)
        needed = 2 * half * thing.count * 0.92
        if thing.kind not in ("bridge", "train") and needed > room:
            size *= room / needed
            half = drawn.HALF_WIDTH[thing.kind] * size
        shape = rng.randrange(2**30)
        faces = rng.random() < 0.5
        for i in range(thing.count):
            spread = (i - (thing.count - 1) / 2) * 2 * half * 0.96
            s = size * (1 if i == 0 else rng.uniform(0.84, 1.0))
            x = cv.w * centre + spread
            if thing.kind == "bridge":
                x = cv.w / 2
            else:
                margin = min(half * (0.98 if thing.kind != "train" else 0.8), cv.w * 0.5) + 0.01
                x = min(max(x, margin), cv.w - margin)
            y, s = _feet(scene, stage, cv, rng, thing, zone, s, i, index)
            if stage.channel is not None and zone in ("water", "ground"):
                x, y, s = _by_the_river(stage, cv, rng, thing, zone, x, y, s, i)
            if i and thing.kind in ("car", "bicycle") and zone == "ground":
                y = out[-1].y  # one road for all of them
            depth = 0.0 if zone != "back" else 0.25
            out.append(
                Placed(
                    thing.kind,
                    thing.colour or "white",
                    x,
                    y,
                    s,
                    faces if thing.kind == "train" or rng.random() < 0.75 else not faces,
                    zone,
                    rng.random(),
                    depth,
                    shape,
                )
            )
    return out


def _by_the_river(
    stage: Stage,
    cv: Canvas,
    rng: random.Random,
    thing: Thing,
    zone: str,
    x: float,
    y: float,
    size: float,
    i: int,
) -> tuple[float, float, float]:
    """Boats into the stream, everything else onto a bank, as far forward as there is room."""
    assert stage.channel is not None
    wide = drawn.HALF_WIDTH[thing.kind]
    if zone == "water":
        top, bottom = stage.far + 0.1, cv.h - 0.1
        share = rng.uniform(0.5, 0.85) if thing.count == 1 else (i + 0.8) / thing.count
        y = top + (bottom - top) * min(share, 1.0)
        middle, half = stage.channel(y)
        size = max(min(size, half * 0.9 / wide), 0.12)
        return middle + rng.uniform(-0.15, 0.15) * half, y, size
    side = -1 if (x < cv.w / 2) != (thing.count > 1 and i == 1) else 1
    for _ in range(14):
        middle, half = stage.channel(y)
        room = (middle - half) if side < 0 else (cv.w - middle - half)
        if room > 1.75 * wide * size:
            break
        y = max(y - 0.02, stage.far + 0.05)
        size *= 0.975
    clear = half + 0.9 * wide * size
    x = middle + side * max(clear, min(abs(x - middle), room + half - 0.9 * wide * size))
    return x, y, size


def _feet(
    scene: Scene,
    stage: Stage,
    cv: Canvas,
    rng: random.Random,
    thing: Thing,
    zone: str,
    size: float,
    i: int,
    index: int,
) -> tuple[float, float]:
    if zone == "sky":
        top = 0.05 + size
        bottom = max(stage.horizon + 0.04, top + 0.02)
        if thing.kind == "balloon":
            bottom = max(stage.horizon - 0.02, top + 0.03)
        return rng.uniform(top, bottom) + 0.06 * (i % 2) * (1 if i else 0), size
    if zone == "water":
        assert stage.water is not None
        top, bottom = stage.water
        want = max(top, size * 0.62)
        y = rng.uniform(min(want, bottom), bottom)
        # Farther boats are smaller, as the eye expects.
        k = 0.62 + 0.38 * (y - top) / max(bottom - top, 0.01)
        return y, size * max(k, 0.72)
    if zone == "back":
        return stage.far + rng.uniform(-0.006, 0.006), size * (
            1.0 if thing.kind == "bridge" else 0.86
        )
    if zone == "rock":
        return stage.far + 0.06, size
    if zone == "table":
        return stage.far + rng.uniform(0.02, 0.1) + 0.035 * (i % 2) + 0.03 * index, size
    big = thing.kind in _UPRIGHT or thing.kind == "tree"
    if stage.quay is not None:
        return rng.uniform(stage.quay + 0.09, cv.h - 0.05), size
    close = thing.kind in ("flower", "bird", "cat")
    low = stage.far + (stage.near - stage.far) * (0.05 if big else 0.75 if close else 0.4)
    high = stage.far + (stage.near - stage.far) * (0.7 if big else 1.0)
    low = min(max(low, size + 0.04), high)
    y = rng.uniform(low, high) + 0.025 * (i % 2)
    return min(y, cv.h - 0.04), size


def _rails(cv: Canvas, item: Placed, light: Light, ground: RGB) -> None:
    y, k = item.y, item.size
    ballast = light.lit(mix(ground, rgb("8a8078"), 0.6))
    cv.rect(0, y - k * 0.02, cv.w, y + k * 0.16, cv.paint(ballast))
    for i in range(int(cv.w / (k * 0.16)) + 1):
        x = i * k * 0.16
        cv.rect(x, y + k * 0.0, x + k * 0.08, y + k * 0.09, cv.paint(light.shadow(rgb("5a4638"))))
    cv.rect(0, y - k * 0.01, cv.w, y + k * 0.022, cv.paint(light.shadow(rgb("4a4a52"))))
    cv.rect(0, y + k * 0.09, cv.w, y + k * 0.12, cv.paint(light.shadow(rgb("4a4a52"))))
    cv.rect(0, y - k * 0.012, cv.w, y - k * 0.002, cv.paint(light.lit(rgb("d0d0d8"))))


def _road(cv: Canvas, item: Placed, light: Light, ground: RGB) -> None:
    y, k = item.y, item.size
    c = light.lit(mix(ground, rgb("8c8480"), 0.62))
    pts = [(0.0, y - k * 0.16), (cv.w, y - k * 0.16), (cv.w, y + k * 0.34), (0.0, y + k * 0.34)]
    cv.poly(pts, cv.paint(c, 0.92, blur=0.004))
    cv.line(0, y + k * 0.36, cv.w, y + k * 0.36, cv.paint(light.shadow(ground), 0.6, line=0.006))
    cv.line(
        0,
        y - k * 0.17,
        cv.w,
        y - k * 0.17,
        cv.paint(light.lit(mix(ground, (1, 1, 0.8), 0.3)), 0.6, line=0.005),
    )


def _perch(cv: Canvas, item: Placed, light: Light, rng: random.Random, snowy: bool) -> None:
    """A branch under a perching bird."""
    bark = rgb("5a4638")
    y = item.y + 0.008
    k = item.size
    s = -1 if item.x > cv.w / 2 else 1
    start = 0.0 if s > 0 else cv.w
    path = skia.Path()
    path.moveTo(start - s * 0.05, y + k * 0.28)
    path.quadTo(item.x - s * k * 0.6, y + 0.01, item.x + s * k * 1.0, y + k * 0.06)
    cv.path(path, cv.paint(light.shadow(bark, 0, 0.6), line=k * 0.11))
    cv.c.save()
    cv.c.translate(0, -k * 0.02)
    cv.path(path, cv.paint(light.lit(bark), line=k * 0.06))
    if snowy:
        cv.c.translate(0, -k * 0.03)
        cv.path(path, cv.paint(light.lit(rgb("f4f6fc")), line=k * 0.035))
    cv.c.restore()
    leaf = rgb("6a8a4c")
    for i in range(8):
        t = rng.uniform(0.3, 1.0)
        x = start + (item.x + s * k * 0.9 - start) * t
        dy = rng.choice((-1, 1)) * k * 0.12
        c = light.lit(leaf) if i % 2 else light.shadow(leaf)
        cv.oval(x, y + k * 0.1 * (1 - t) + dy, k * 0.1, k * 0.045, cv.paint(c, 0.9))


def _sea_rock(cv: Canvas, item: Placed, light: Light, rng: random.Random) -> None:
    rock = rgb("6a625c")
    x, y, k = item.x, item.y, item.size
    line = []
    for i in range(17):
        u = i / 16 * 2 - 1
        line.append(
            (x + u * k * 0.62, y + 0.02 - k * 0.14 * (1 - u * u) ** 0.7 * rng.uniform(0.75, 1.1))
        )
    cv.poly(
        [*line, (x + k * 0.66, y + k * 0.14), (x - k * 0.66, y + k * 0.14)],
        cv.linear(
            (x - light.side * k * 0.5, 0),
            (x + light.side * k * 0.5, 0),
            (light.shadow(rock, 0, 0.7), light.lit(rock)),
        ),
    )
    for _ in range(10):
        a = rng.choice(line)
        cv.line(
            a[0],
            a[1],
            a[0] + rng.uniform(-0.03, 0.03),
            y + k * 0.1,
            cv.paint(light.shadow(rock, 0, 0.8), 0.5, line=0.006),
        )
    foam = light.lit((1, 1, 1))
    for _ in range(12):
        fx = x + rng.uniform(-0.66, 0.66) * k
        cv.oval(
            fx,
            y + k * 0.13 + rng.uniform(-0.008, 0.012),
            k * rng.uniform(0.04, 0.12),
            0.008,
            cv.paint(foam, 0.75, blur=0.003),
        )


def _landscape(cv: Canvas, scene: Scene, light: Light, rng: random.Random) -> Stage:
    items: list[Placed] = []
    place_rng = random.Random(rng.random())
    layout_rng = random.Random(rng.random())
    detail_rng = random.Random(rng.random())
    if scene.weather == "snowfall":
        light.extra["snow"] = 1.0

    def back(stage: Stage) -> None:
        nonlocal items
        items = layout(scene, stage, cv, light, layout_rng)
        for item in items:
            if item.zone == "back":
                if item.kind != "bridge":
                    base = light.shadow(mix(stage.ground, rgb("486048"), 0.3), 0.2)
                    half = drawn.HALF_WIDTH[item.kind] * item.size * 1.5
                    cv.oval(item.x, item.y + 0.012, half, 0.022, cv.paint(base))
                _draw(cv, item, light)

    stage = LANDSCAPES[scene.place](cv, scene, light, place_rng, back)
    fog = scene.weather == "fog"
    if fog:
        # Most of the fog hangs behind what stands near.
        weather_over(cv, scene, light, detail_rng, stage.horizon)
        for item in items:
            if item.zone == "back":  # it keeps its colour in the mist
                cv.c.saveLayer(None, skia.Paint(Alphaf=0.5))
                _draw(cv, item, light)
                cv.c.restore()
    left = min((i.x - drawn.HALF_WIDTH[i.kind] * i.size for i in items), default=cv.w * 0.45)
    right = max((i.x + drawn.HALF_WIDTH[i.kind] * i.size for i in items), default=cv.w * 0.55)
    if not scene.has("bridge") and not scene.has("train") and not scene.has("car"):
        foreground(cv, scene, light, detail_rng, stage, (left, cv.w - right))
    ground = sorted((i for i in items if i.zone == "ground"), key=lambda i: i.y)
    for item in items:
        if item.zone == "sky":
            _halo(cv, item, light)
            _draw(cv, item, light)
    for item in sorted((i for i in items if i.zone in ("water", "rock")), key=lambda i: i.y):
        if item.zone == "rock":
            _sea_rock(cv, item, light, detail_rng)
            _draw(cv, item, light)
        else:
            _halo(cv, item, light)
            _reflect(cv, item, light, 0.45, stage.water_end)
            _draw(cv, item, light)
            _ripples(cv, item, light)
    for item in ground:
        _halo(cv, item, light)
        if item.kind == "train":
            _rails(cv, item, light, stage.ground)
        if item.kind == "car" and scene.place != "city":
            _road(cv, item, light, stage.ground)
        if item.kind == "bird" and scene.place in ("forest", "garden", "river"):
            _perch(cv, item, light, detail_rng, light.extra.get("snow", 0) > 0)
        else:
            _shadow(cv, scene, item, light, stage.ground)
        _draw(cv, item, light)
        if item.kind in _BUILDINGS or item.kind in ("cat", "dog", "horse", "flower"):
            _tufts(cv, item, light, stage.ground, detail_rng, scene)
    weather_over(cv, scene, light, detail_rng, stage.horizon, strength=0.3 if fog else 1.0)
    return stage


def _tufts(
    cv: Canvas, item: Placed, light: Light, ground: RGB, rng: random.Random, scene: Scene
) -> None:
    """A little grass or snow over the feet, so that things stand in the picture, not on it."""
    half = drawn.HALF_WIDTH[item.kind] * item.size
    if scene.place in ("city",):
        return
    path = skia.Path()
    for _ in range(cv.some(8, 46)):
        x = item.x + rng.uniform(-1, 1) * half
        k = item.size * rng.uniform(0.015, 0.05)
        path.moveTo(x, item.y + 0.008)
        path.lineTo(x + rng.uniform(-0.4, 0.4) * k, item.y + 0.006 - k)
    c = light.lit(mix(ground, (1, 1, 0.8), 0.15)) if rng.random() < 0.5 else light.lit(ground)
    cv.path(path, cv.paint(c, 0.8, line=max(0.003, 0.7 / cv.scale)))


# -- under water --------------------------------------------------------------------------------
def _underwater(cv: Canvas, scene: Scene, light: Light, rng: random.Random) -> Stage:
    """A view half above and half below the surface: the hour above, the fish below."""
    boat = scene.has("boat")
    line = cv.h * (rng.uniform(0.4, 0.46) if boat else rng.uniform(0.2, 0.3))
    hz = line - 0.035
    sun_x = sky(cv, scene, light, rng, hz)
    if scene.place != "sea":
        green = rgb("5d8250")
        peaks(cv, light, rng, hz + 0.01, 0.1, 0.7, rgb("6c7690"), 0)
        flat = [(0.0, hz), (cv.w, hz)]
        woods(cv, light, random.Random(rng.random()), flat, 0.07, 0.45, 0, rng.random() < 0.5)
        hill(cv, light, rng, hill_line(rng, cv, hz + 0.01, 0.02), line, green, 0.4)
    base = rgb("2a8aa4") if scene.place == "sea" else rgb("4a9488")
    water(cv, light, rng, hz, line + 0.01, base, mirror=0.6, rough=0.4, sun_x=sun_x, glitter=0.3)
    water_stage = Stage(hz, line, cv.h - 0.1, water=(line - 0.005, line + 0.012))
    items = layout(scene, water_stage, cv, light, rng)
    for item in items:
        if item.kind == "boat":
            _draw(cv, item, light)
    # Below: pale where the light comes in, deep at the bottom.
    pale = light.lit(mix(base, rgb("c8f0e8"), 0.5))
    deep = light.lit(mix(base, rgb("06283c"), 0.72))
    pts = []
    phase = rng.uniform(0, 6)
    for i in range(61):
        x = cv.w * i / 60
        pts.append(
            (x, line + 0.014 * math.sin(phase + x * 9) + 0.007 * math.sin(2 * phase + x * 23))
        )
    body = skia.Path()
    body.addPoly([skia.Point(*p) for p in [*pts, (cv.w, cv.h), (0, cv.h)]], True)
    mid = light.lit(base)
    cv.path(
        body, cv.linear((0, line), (0, cv.h), (pale, mid, deep), (0, 0.35, 1), (0.9, 0.97, 1.0))
    )
    cv.c.save()
    cv.c.clipPath(body, True)
    for _ in range(7):  # shafts of light
        x = sun_x + rng.uniform(-0.5, 0.5)
        w = rng.uniform(0.02, 0.07)
        lean = (x - sun_x) * 0.7 - light.side * 0.1
        cv.poly(
            [(x, line), (x + w, line), (x + w * 2.4 + lean, cv.h), (x - w + lean, cv.h)],
            cv.linear((0, line), (0, cv.h * 0.92), (light.glow, light.glow), alphas=(0.3, 0.0)),
        )
    floor = hill_line(rng, cv, cv.h - 0.03, 0.08, 2)
    hill(cv, light, rng, floor, cv.h, mix(rgb("b8a888"), base, 0.55), 0.1, texture=0.5)
    local = random.Random(rng.random())
    for _ in range(7):  # weeds
        x = local.choice((local.uniform(0, 0.25), local.uniform(0.75, 1))) * cv.w
        tall = local.uniform(0.1, 0.3)
        c = light.lit(mix(rgb("3a6a50"), base, local.uniform(0.2, 0.5)))
        path = skia.Path()
        path.moveTo(x, cv.h)
        sway = local.uniform(-0.05, 0.05)
        path.cubicTo(
            x + sway, cv.h - tall * 0.3, x - sway, cv.h - tall * 0.6, x + sway * 1.5, cv.h - tall
        )
        cv.path(path, cv.paint(c, 0.85, line=0.016))
    fish = [i for i in items if i.kind == "fish"]
    depth = cv.h - line
    n = len(fish)
    for k, item in enumerate(fish):
        size = item.size
        room = depth * (0.78 if n == 1 else 0.46)
        size = min(size, room / 0.64, cv.w / 1.45)
        top, bottom = line + size * 0.66 + 0.02, cv.h - 0.05
        t = local.uniform(0.4, 0.7) if n == 1 else (k + local.uniform(0.35, 0.65)) / n
        y = top + (bottom - top) * t
        half = 0.7 * size
        x = (
            item.x
            if n == 1
            else cv.w * (0.3 + 0.4 * ((k * 2) % 3) / 2) + local.uniform(-0.05, 0.05)
        )
        x = min(max(x, half + 0.02), cv.w - half - 0.02)
        placed = Placed(
            "fish", item.colour, x, y, size, item.flip, "water", item.seed, 0.0, item.shape
        )
        _draw(cv, placed, light)
        for _ in range(4):
            s = -1 if placed.flip else 1
            bx, by = (
                x + s * size * 0.7 + local.uniform(-0.02, 0.02),
                y - size * local.uniform(0.4, 0.9),
            )
            if by > line + 0.02:
                cv.circle(bx, by, local.uniform(0.006, 0.014), cv.paint(pale, 0.8, line=0.004))
    top_, caustic = cv.ground_noise(line - 0.02, rng, beta=1.3, scale=0.6, stretch=2.5)
    fall = np.linspace(0.5, 0.0, caustic.shape[0], dtype=np.float32)[:, None]
    ys = cv.grid()[1][top_:, None]
    below = (ys > line + 0.02).astype(np.float32)
    cv.blend(light.glow, np.clip((caustic - 0.74) * 5, 0, 1) * fall * below * 0.6, top_)
    cv.c.restore()
    cv.lines(pts, cv.paint(mix(light.horizon, (1, 1, 1), 0.5), 0.85, line=0.007))
    cv.lines([(x, y + 0.01) for x, y in pts], cv.paint(mid, 0.5, line=0.01, blur=0.004))
    clip = skia.Rect(0, 0, cv.w, line)
    weather_over(cv, scene, light, rng, hz, clip)
    return Stage(hz, line, cv.h)


# -- still life ---------------------------------------------------------------------------------
def _table(cv: Canvas, scene: Scene, light: Light, rng: random.Random) -> Stage:
    edge = cv.h * rng.uniform(0.52, 0.62)
    wall = rng.choice(
        [rgb(c) for c in ("a8987c", "7a8c98", "8c9a84", "b49c84", "8a8694", "c4b898", "a48c8c")]
    )
    stage = Stage(edge, edge + 0.12, cv.h - 0.12, ground=wall)
    dark = light.dark > 0.5
    lamp = rgb("ffd08a")
    room = replace(light)
    # Indoors the window lights by day and a lamp by night: colours stay warm and plain.
    room.lamp = {
        "day": (1.0, 0.98, 0.95),
        "dawn": (1.0, 0.92, 0.9),
        "sunset": (1.0, 0.84, 0.7),
        "night": (0.95, 0.78, 0.6),
    }[scene.time or "day"]
    room.shade = rgb("3a2c38") if dark else mix(light.shade, rgb("4a3c48"), 0.5)
    room.dark = min(light.dark, 0.45)
    room.haze_strength = 0.0
    side = light.side
    wall_lit, wall_dark = room.lit(wall), room.shadow(wall, 0, 0.55)
    cv.fill(
        cv.linear(
            (cv.w if side > 0 else 0, 0),
            (0 if side > 0 else cv.w, edge),
            (wall_lit, mix(wall_lit, wall_dark, 0.45), wall_dark),
        )
    )
    cv.fill(cv.noise_paint(wall_dark, 0.4, rng, size=0.9, low=0.45, high=0.95, beta=1.3))
    if rng.random() < 0.5:  # panels below, plaster above
        rail = edge - 0.1
        wood_c = room.lit(mix(wall, rgb("efe6d4"), 0.35))
        dim = room.shadow(mix(wall, rgb("efe6d4"), 0.3), 0, 0.6)
        span = cv.linear(
            (cv.w if side > 0 else 0, 0),
            (0 if side > 0 else cv.w, 0),
            (wood_c, mix(wood_c, dim, 0.7)),
        )
        cv.rect(0, rail, cv.w, edge, span)
        cv.rect(0, rail - 0.014, cv.w, rail, cv.paint(dim))
        for k in range(int(cv.w / 0.09) + 1):
            cv.rect(k * 0.09, rail, k * 0.09 + 0.005, edge, cv.paint(dim, 0.6))
    # The window, with the hour and the weather in it.
    ww, wh = rng.uniform(0.36, 0.5), edge * rng.uniform(0.66, 0.78)
    margin = rng.uniform(0.05, 0.12)
    x0 = cv.w - ww - margin if side > 0 else margin
    y0 = edge * 0.07
    rect = skia.Rect(x0, y0, x0 + ww, y0 + wh)
    cv.c.save()
    cv.c.clipRect(rect, True)
    view_rng = random.Random(rng.random())
    cv.c.translate(x0, y0)
    small = _Window(cv, ww, wh)
    sky(small, scene, light, view_rng, wh * 0.75)  # type: ignore[arg-type]
    line = [(i * ww / 12, wh * 0.72 + 0.02 * math.sin(i + x0 * 9)) for i in range(13)]
    line2 = [(i * ww / 12, wh * 0.82 + 0.02 * math.sin(i * 0.7 + 2)) for i in range(13)]
    white = scene.weather == "snowfall"
    for pts, c, d in ((line, rgb("6a7c84"), 0.6), (line2, rgb("6f8550"), 0.2)):
        tint = mix(c, rgb("f0f4fa"), 0.75) if white else c
        cv.poly([*pts, (ww, wh), (0, wh)], cv.paint(light.lit(tint, d)))
    weather_over(small, scene, light, view_rng, wh * 0.7)  # type: ignore[arg-type]
    cv.c.restore()
    frame = room.lit(rgb("d8ccb4"))
    frame_dark = room.shadow(rgb("b8a88c"), 0, 0.5)
    cv.c.drawRect(rect, cv.paint(frame_dark, line=0.034))
    cv.c.drawRect(rect, cv.paint(frame, line=0.024))
    cv.line(x0 + ww / 2, y0, x0 + ww / 2, y0 + wh, cv.paint(frame, line=0.014))
    cv.line(x0, y0 + wh * 0.45, x0 + ww, y0 + wh * 0.45, cv.paint(frame, line=0.012))
    cv.rect(x0 - 0.035, y0 + wh, x0 + ww + 0.035, y0 + wh + 0.028, cv.paint(frame))
    cv.rect(x0 - 0.035, y0 + wh + 0.024, x0 + ww + 0.035, y0 + wh + 0.034, cv.paint(frame_dark))
    if rng.random() < 0.6:  # a curtain
        cloth = room.lit(mix(wall, rgb("e8dcc4"), 0.55))
        fold = room.shadow(mix(wall, rgb("e8dcc4"), 0.45), 0, 0.6)
        cx = x0 - 0.05 if side > 0 else x0 + ww - 0.07
        for i in range(6):
            x = cx + i * 0.02
            cv.rect(
                x,
                -0.01,
                x + 0.021,
                edge - 0.01,
                cv.linear((x, 0), (x + 0.021, 0), (cloth, cloth, fold)),
            )
    glow_x = x0 + ww / 2
    if not dark:
        cv.circle(
            glow_x,
            y0 + wh / 2,
            0.7,
            cv.radial((glow_x, y0 + wh / 2), 0.7, (light.horizon,) * 2, (0.32, 0.0)),
        )
    else:
        lx = cv.w * (0.2 if side < 0 else 0.8)
        cv.circle(lx, edge * 0.5, 0.95, cv.radial((lx, edge * 0.5), 0.95, (lamp, lamp), (0.5, 0.0)))
    if not dark and scene.weather in ("clear", "snowfall"):
        # The window's light falls slanting on the wall and the table.
        away = -side
        px = x0 + ww / 2 + away * (ww * 0.9 + 0.1)
        for i in (0, 1):
            x = px + (i - 0.5) * ww * 0.5
            patch = [
                (x - ww * 0.2, y0 + wh * 0.25),
                (x + ww * 0.2, y0 + wh * 0.25),
                (x + ww * 0.2 + away * 0.1, y0 + wh * 0.98),
                (x - ww * 0.2 + away * 0.1, y0 + wh * 0.98),
            ]
            cv.poly(patch, cv.paint(mix(light.glow, (1, 1, 1), 0.2), 0.3, blur=0.008))
    # The table: bare wood or a cloth.
    wood = rng.choice([rgb(c) for c in ("8a6444", "6e4c36", "a07a54", "5c4438")])
    linen = rng.choice([rgb(c) for c in ("e4dccc", "cfc8bc", "b8c0c0", "d8c8b0")])
    cloth_on = rng.random() < 0.5
    top = linen if cloth_on else wood
    near = cv.h - (0.1 if cv.h - edge > 0.34 else 0.0)
    lit, shade = room.lit(top), room.shadow(top, 0, 0.6)
    cv.rect(
        0,
        edge,
        cv.w,
        cv.h,
        cv.linear(
            (cv.w if side > 0 else 0, edge),
            (0 if side > 0 else cv.w, cv.h),
            (mix(lit, light.horizon, 0.12), lit, shade),
            (0, 0.4, 1),
        ),
    )
    cv.line(0, edge, cv.w, edge, cv.paint(shade, 0.7, line=0.008))
    if cloth_on:
        for _ in range(6):
            x = rng.uniform(-0.1, cv.w)
            bend = (x - cv.w / 2) * 0.35 + rng.uniform(-0.04, 0.04)
            fold_path = skia.Path()
            fold_path.moveTo(x, edge)
            fold_path.quadTo(x + bend, (edge + cv.h) / 2, x + bend * 1.7, cv.h)
            cv.path(fold_path, cv.paint(shade, 0.22, line=0.03, blur=0.016))
            cv.c.save()
            cv.c.translate(0.024 * side, 0)
            cv.path(fold_path, cv.paint(mix(lit, (1, 1, 1), 0.3), 0.25, line=0.024, blur=0.012))
            cv.c.restore()
        if rng.random() < 0.6:
            stripe = room.lit(mix(linen, rgb("7a8088"), 0.4))
            for y in (0.1, 0.13):
                cv.rect(0, cv.h - y, cv.w, cv.h - y + 0.012, cv.paint(stripe, 0.6))
    else:
        grain = random.Random(rng.random())
        for _ in range(cv.some(10, 60)):
            y = grain.uniform(edge, cv.h)
            x = grain.uniform(-0.2, cv.w)
            w = grain.uniform(0.1, 0.6)
            cv.line(
                x,
                y,
                x + w,
                y + grain.uniform(-0.004, 0.004),
                cv.paint(shade, 0.4, line=max(0.003, 0.5 / cv.scale)),
            )
        if near < cv.h:
            cv.rect(0, near, cv.w, cv.h, cv.paint(room.shadow(wood, 0, 0.8)))
            cv.line(0, near, cv.w, near, cv.paint(mix(lit, (1, 1, 1), 0.3), 0.8, line=0.006))
    worn = cv.noise_paint(shade, 0.18, rng, size=0.5, stretch=3, low=0.5, high=0.9, beta=1.1)
    cv.rect(0, edge, cv.w, cv.h, worn)
    items = sorted(layout(scene, stage, cv, light, rng), key=lambda i: i.y)
    _props(cv, scene, room, random.Random(rng.random()), edge, top, items)
    for item in items:
        # A soft reflection on polished wood.
        if not cloth_on:
            _reflect(cv, item, room, 0.12)
        _shadow(cv, scene, item, room, top)
        if item.kind == "fish":
            plate = room.lit(rgb("dfe0e0"))
            half = 0.82 * item.size
            cv.oval(
                item.x,
                item.y - item.size * 0.03,
                half,
                item.size * 0.15,
                cv.paint(room.shadow(rgb("b8bcc4"))),
            )
            cv.oval(item.x, item.y - item.size * 0.05, half, item.size * 0.14, cv.paint(plate))
            cv.oval(
                item.x,
                item.y - item.size * 0.05,
                half * 0.8,
                item.size * 0.1,
                cv.paint(room.shadow(rgb("d0d4d8"), 0, 0.25)),
            )
        if item.kind == "flower":
            _glass(cv, item, room)
        _draw(cv, item, room)
    return stage


def _props(
    cv: Canvas,
    scene: Scene,
    room: Light,
    rng: random.Random,
    edge: float,
    top: RGB,
    items: list[Placed],
) -> None:
    """Quiet company for a still life, in no colour of its own: candle, plate, board."""
    side = room.side
    left = min((i.x - drawn.HALF_WIDTH[i.kind] * i.size for i in items), default=0.3)
    right = max((i.x + drawn.HALF_WIDTH[i.kind] * i.size for i in items), default=0.7)
    shade = room.shadow(top, 0, 0.75)
    # The candle stands where there is room, lit when it is dark outside.
    x = left - 0.09 if left > cv.w - right else right + 0.09
    night = scene.time == "night"
    if 0.07 < x < cv.w - 0.07 and (night or rng.random() < 0.4):
        y, h = edge + 0.07, 0.2
        brass, wax = room.lit(rgb("a08458")), room.lit(rgb("efe4cc"))
        cv.oval(x - side * 0.03, y + 0.004, 0.08, 0.016, cv.paint(shade, 0.5, blur=0.008))
        cv.oval(x, y, 0.055, 0.014, cv.paint(brass))
        cv.oval(x, y - 0.006, 0.05, 0.011, cv.paint(mix(brass, (1, 1, 0.9), 0.35)))
        cv.rect(x - 0.009, y - 0.06, x + 0.009, y - 0.004, cv.paint(brass))
        cv.oval(x, y - 0.06, 0.026, 0.008, cv.paint(mix(brass, (1, 1, 0.9), 0.25)))
        wax_paint = cv.linear(
            (x - side * 0.015, 0), (x + side * 0.015, 0), (room.shadow(rgb("d8c8a8")), wax)
        )
        cv.rect(x - 0.015, y - 0.06 - h * 0.7, x + 0.015, y - 0.06, wax_paint)
        tip = y - 0.06 - h * 0.7
        cv.line(x, tip, x, tip - 0.014, cv.paint(rgb("2a2220"), line=0.004))
        if night:
            flame = rgb("ffe9a0")
            glow = cv.radial((x, tip - 0.03), 0.5, (rgb("ffcf80"),) * 2, (0.55, 0.0))
            cv.circle(x, tip - 0.03, 0.5, glow)
            cv.oval(x, tip - 0.028, 0.011, 0.027, cv.paint(rgb("ffb84a")))
            cv.oval(x, tip - 0.024, 0.007, 0.019, cv.paint(flame))
    if not items:
        return
    fruit = [i for i in items if i.kind in ("apple", "pear", "lemon")]
    choice = rng.randrange(3)
    if fruit and choice < 2:
        x0 = min(i.x - drawn.HALF_WIDTH[i.kind] * i.size for i in fruit) - 0.05
        x1 = max(i.x + drawn.HALF_WIDTH[i.kind] * i.size for i in fruit) + 0.05
        y0, y1 = min(i.y for i in fruit) - 0.035, max(i.y for i in fruit) + 0.035
        if choice == 0:  # a plate
            china = room.lit(rgb("dcdcd6"))
            cx, cy, rx, ry = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2 + 0.012
            cv.oval(cx, cy + 0.02, rx, ry, cv.paint(shade, 0.55, blur=0.012))
            cv.oval(cx, cy + 0.008, rx, ry, cv.paint(room.shadow(rgb("b0b0b0"))))
            cv.oval(cx, cy, rx, ry, cv.paint(china))
            cv.oval(cx, cy, rx * 0.8, ry * 0.74, cv.paint(room.shadow(rgb("d4d4cc"), 0, 0.25)))
        else:  # a board
            wood = rgb("b89468")
            board = [(x0 + 0.03, y0), (x1 + 0.01, y0), (x1 + 0.05, y1), (x0 - 0.02, y1)]
            cv.poly([(px, py + 0.02) for px, py in board], cv.paint(shade, 0.6, blur=0.01))
            cv.poly([(px, py + 0.011) for px, py in board], cv.paint(room.shadow(wood, 0, 0.6)))
            cv.poly(board, cv.paint(room.lit(wood)))
            for k in range(1, 5):
                t = k / 5
                y = y0 + (y1 - y0) * t
                cv.line(x0 + 0.02, y, x1 + 0.02, y, cv.paint(room.shadow(wood), 0.4, line=0.003))


def _glass(cv: Canvas, item: Placed, light: Light) -> None:
    """A plain glass for a flower on a table."""
    x, y, k = item.x, item.y, item.size
    c = light.lit(rgb("c8d8dc"))
    pts = [
        (x - k * 0.13, y - k * 0.34),
        (x + k * 0.13, y - k * 0.34),
        (x + k * 0.1, y),
        (x - k * 0.1, y),
    ]
    cv.poly(pts, cv.paint(c, 0.5))
    cv.lines([*pts, pts[0]], cv.paint(mix(c, (1, 1, 1), 0.6), 0.8, line=k * 0.012))


class _Window(Canvas):
    """The canvas seen through a window: the same pixels, smaller bounds."""

    def __init__(self, cv: Canvas, w: float, h: float) -> None:
        self.px, self.surface, self.c = cv.px, cv.surface, cv.c
        self.scale, self.detail = cv.scale, cv.detail * 0.4
        self.w, self.h = w, h


# -- abstract -----------------------------------------------------------------------------------
_GROUNDS = ("f0e6d2", "e6dcc8", "d8d4cc", "e8e4da", "cfc8bc", "2e2c34", "3a3632", "ddd0bc")


def _abstract(cv: Canvas, scene: Scene, light: Light, rng: random.Random) -> Stage:
    names = {t.colour for t in scene.coloured}
    grounds = [rgb(g) for g in _GROUNDS]
    if names & {"black", "brown", "blue", "purple"}:
        grounds = [g for g in grounds if sum(g) > 1.2]
    if names & {"white"}:
        grounds = [rgb("8c8074"), rgb("4c5058"), rgb("6e6a70"), rgb("a89880")]
        if "gray" in names or "black" in names or "brown" in names:
            grounds = [rgb("b8a488"), rgb("c4a890")]
    if names & {"gray"} and "white" not in names:
        grounds = [rgb("f0e6d2"), rgb("eadcc0"), rgb("f4ecdc")]
    ground = rng.choice(grounds)
    cv.fill(
        cv.linear(
            (0, 0),
            (cv.w, cv.h),
            (mix(ground, (1, 1, 1), 0.12), ground, mix(ground, rgb("40342c"), 0.12)),
        )
    )
    cv.fill(
        cv.noise_paint(
            mix(ground, rgb("40342c"), 0.35), 0.3, rng, size=1.3, low=0.4, high=0.95, beta=1.5
        )
    )
    # Quiet fields and thin lines in the ground's own tints hold the composition together.
    for _ in range(rng.randrange(1, 4)):
        c = mix(
            ground, rng.choice((rgb("6a5c50"), (1, 1, 1), rgb("7a7468"))), rng.uniform(0.1, 0.24)
        )
        if rng.random() < 0.5:
            x, w = rng.uniform(-0.1, cv.w), rng.uniform(0.1, 0.5)
            cv.rect(x, 0, x + w, cv.h, cv.paint(c, 0.7))
        else:
            y, h = rng.uniform(-0.1, cv.h), rng.uniform(0.1, 0.4)
            cv.rect(0, y, cv.w, y + h, cv.paint(c, 0.7))
    groups = scene.coloured
    if any(t.kind in ("stripe", "wave") for t in groups):
        _bands(cv, groups, ground, rng)
    shapes = [t for t in groups if t.kind not in ("stripe", "wave")]
    turn = rng.random() < 0.5
    for index, thing in enumerate(shapes):
        tones = PIGMENTS[thing.colour or "white"]
        cx = 0.5 if len(shapes) == 1 else (0.32 if (index == 0) != turn else 0.7)
        cy = 0.5 if len(shapes) == 1 else (0.36 if index == 0 else 0.64)
        r0 = rng.uniform(0.24, 0.36) * (1.0 if len(shapes) == 1 else 0.66)
        r0 *= {1: 1, 2: 0.74, 3: 0.62}[thing.count]
        angle0 = rng.uniform(0, 6.28)
        for i in range(thing.count):
            x, y, r = cx * cv.w, cy * cv.h, r0 * (1 if i == 0 else rng.uniform(0.6, 0.95))
            if thing.count > 1:
                a = angle0 + 2 * math.pi * i / thing.count
                # Far enough apart to be counted.
                d = r0 * (1.12 if thing.count == 2 else 1.3)
                x, y = x + d * math.cos(a), y + d * math.sin(a)
            x = min(max(x, r + 0.02), cv.w - r - 0.02)
            y = min(max(y, r + 0.02), cv.h - r - 0.02)
            _shape(cv, thing.kind, tones, ground, x, y, r, rng)
    # Fine drawing in ink: long arcs and straight lines, as a compass and a rule leave them.
    thin = mix(ground, rgb("3a3230") if sum(ground) > 1.5 else rgb("e8dcc8"), 0.5)
    for _ in range(rng.randrange(1, 4)):
        line = max(0.0028, 0.6 / cv.scale)
        if rng.random() < 0.5:
            x, y = rng.uniform(-0.4, cv.w + 0.4), rng.choice((-0.5, cv.h + 0.5))
            r = rng.uniform(0.7, 1.2)
            cv.circle(x, y, r, cv.paint(thin, 0.6, line=line))
        else:
            y = rng.uniform(0.1, cv.h - 0.1)
            cv.line(0, y, cv.w, y + rng.uniform(-0.5, 0.5), cv.paint(thin, 0.6, line=line))
    return Stage(0.5, 0.5, 0.5)


def _shape(
    cv: Canvas, kind: str, t: Tones, ground: RGB, x: float, y: float, r: float, rng: random.Random
) -> None:
    path = skia.Path()
    if kind == "circle":
        path.addCircle(x, y, r)
    else:
        n = 4 if kind == "square" else 3
        tilt = rng.choice((0.0, 0.0, rng.uniform(-0.35, 0.35)))
        start = math.pi / 4 if n == 4 else -math.pi / 2
        k = 1.12 if n == 4 else 1.1
        path.addPoly(
            [
                skia.Point(
                    x + k * r * math.cos(start + tilt + 2 * math.pi * i / n),
                    y + k * r * math.sin(start + tilt + 2 * math.pi * i / n),
                )
                for i in range(n)
            ],
            True,
        )
    shade = mix(ground, rgb("201820"), 0.5)
    cv.c.save()
    cv.c.translate(0.012, 0.016)
    cv.path(path, cv.paint(shade, 0.5, blur=0.012))
    cv.c.restore()
    cv.path(
        path,
        cv.linear(
            (x - r, y - r),
            (x + r, y + r),
            (mix(t.mid, t.light, 0.5), t.mid, mix(t.mid, t.dark, 0.55)),
        ),
    )
    cv.c.save()
    cv.c.clipPath(path, True)
    cv.rect(
        x - r * 1.2,
        y - r * 1.2,
        x + r * 1.2,
        y + r * 1.2,
        cv.noise_paint(t.dark, 0.4, rng, size=0.5, low=0.5, high=0.95, beta=1.2),
    )
    cv.rect(
        x - r * 1.2,
        y - r * 1.2,
        x + r * 1.2,
        y + r * 1.2,
        cv.noise_paint(t.light, 0.35, rng, size=0.6, low=0.55, high=0.95, beta=1.2),
    )
    cv.c.restore()
    _inner(cv, kind, t, path, x, y, r, rng)


def _inner(
    cv: Canvas,
    kind: str,
    t: Tones,
    path: skia.Path,
    x: float,
    y: float,
    r: float,
    rng: random.Random,
) -> None:
    """Tones of the same colour within a shape: rings, a nested form, or a folded half."""
    choice = rng.randrange(4)
    if choice == 0:
        return
    if choice == 1:
        for k in range(3):
            tone = (mix(t.mid, t.dark, 0.55), mix(t.mid, t.light, 0.45), t.mid)[k]
            scale = 0.76 - 0.22 * k
            cv.c.save()
            cv.c.translate(x, y)
            cv.c.scale(scale, scale)
            cv.c.translate(-x, -y)
            cv.path(path, cv.paint(tone))
            cv.c.restore()
        return
    cv.c.save()
    cv.c.clipPath(path, True)
    a = rng.uniform(0, math.pi)
    far = 2 * r
    dx, dy = math.cos(a) * far, math.sin(a) * far
    half = [
        (x - dx, y - dy),
        (x + dx, y + dy),
        (x + dx - dy, y + dy + dx),
        (x - dx - dy, y - dy + dx),
    ]
    cv.poly(half, cv.paint(mix(t.mid, t.dark, 0.6), 0.85))
    if choice == 3:
        quarter = [(x, y), (x + dx, y + dy), (x + dy, y - dx)]
        cv.poly(quarter, cv.paint(mix(t.mid, t.light, 0.6), 0.85))
    cv.c.restore()


def _bands(cv: Canvas, groups: tuple[Thing, ...], ground: RGB, rng: random.Random) -> None:
    bands = [t for t in groups if t.kind in ("stripe", "wave")]
    order: list[tuple[Thing, int]] = []
    for thing in bands:
        order += [(thing, i) for i in range(thing.count)]
    if len(bands) == 2 and rng.random() < 0.5:  # in turns
        first, second = ([o for o in order if o[0] is b] for b in bands)
        order = [o for pair in zip(first, second, strict=False) for o in pair]
        order += first[len(second) :] + second[len(first) :]
    n = len(order)
    upright = rng.random() < 0.45 and all(t.kind == "stripe" for t in bands)
    slant = (
        rng.choice((0.0, 0.0, rng.uniform(-22, 22)))
        if all(t.kind == "stripe" for t in bands)
        else 0.0
    )
    length, across = (cv.h, cv.w) if upright else (cv.w, cv.h)
    cv.c.save()
    if slant:
        cv.c.translate(cv.w / 2, cv.h / 2)
        cv.c.rotate(slant)
        cv.c.translate(-cv.w / 2, -cv.h / 2)
    room = across * 0.86
    start = across * 0.07
    widths = [rng.uniform(0.7, 1.3) for _ in order]
    unit = room / (sum(widths) + 0.75 * n)
    at = start
    phase, amp = rng.uniform(0, 6.28), unit * rng.uniform(0.3, 0.5)
    freq = rng.uniform(5, 9) / length
    for (thing, _), width in zip(order, widths, strict=True):
        t = PIGMENTS[thing.colour or "white"]
        a, b = at, at + width * unit
        at = b + 0.75 * unit
        path = skia.Path()
        if thing.kind == "stripe":
            if upright:
                path.addRect(skia.Rect(a, -0.6, b, length + 0.6))
            else:
                path.addRect(skia.Rect(-0.6, a, length + 0.6, b))
        else:
            top = [
                (length * i / 60, a + amp * math.sin(phase + freq * length * i / 60))
                for i in range(61)
            ]
            low = [
                (length * i / 60, b + amp * math.sin(phase + 0.35 + freq * length * i / 60))
                for i in range(60, -1, -1)
            ]
            path.addPoly([skia.Point(*q) for q in top + low], True)
            phase += rng.uniform(0.1, 0.5)
        box = path.getBounds()
        cv.c.save()
        cv.c.translate(0.006, 0.01)
        cv.path(path, cv.paint(mix(ground, rgb("201820"), 0.5), 0.4, blur=0.01))
        cv.c.restore()
        cv.path(
            path,
            cv.linear(
                (box.left(), box.top()),
                (box.left(), box.bottom()) if not upright else (box.right(), box.top()),
                (mix(t.mid, t.light, 0.55), t.mid, mix(t.mid, t.dark, 0.5)),
            ),
        )
        cv.c.save()
        cv.c.clipPath(path, True)
        for tone in (t.dark, t.light):
            cv.c.drawRect(
                box,
                cv.noise_paint(
                    tone,
                    0.38,
                    rng,
                    size=0.4,
                    stretch=0.4 if upright else 4.0,
                    low=0.5,
                    high=0.95,
                    beta=1.1,
                ),
            )
        cv.c.restore()
    cv.c.restore()


@dataclass
class Picture:
    """The composed picture, still without the hand of a style."""

    pixels: np.ndarray  # (h, w, 3) uint8
    horizon: float
    light: Light


def compose(scene: Scene, width: int, height: int) -> Picture:
    """All that the scene says, in clean shapes and light; the styles turn it into paint."""
    rng = random.Random(scene.seed)
    cv = Canvas(width, height)
    light = light_for(scene, rng)
    if scene.place == "abstract":
        stage = _abstract(cv, scene, light, rng)
    elif scene.place == "table":
        stage = _table(cv, scene, light, rng)
    elif scene.has("fish"):
        stage = _underwater(cv, scene, light, rng)
    else:
        stage = _landscape(cv, scene, light, rng)
    if scene.place != "abstract":
        grade(cv, light, rng)
    return Picture(np.ascontiguousarray(cv.px[..., :3]), stage.horizon, light)


__all__ = ["Picture", "Placed", "compose", "noise", "saturate"]
